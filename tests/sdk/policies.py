# SPDX-License-Identifier: MIT OR Unlicense
"""Limits, budgets and the cache as the SDKs see them: which exception, whether and when they retry by themselves, which headers they show."""
import time

import anthropic
import openai

from common import CLIENT_KEY, HELLO, eq, has


def configuration(port):
    def price(usd):
        return {"input": usd, "output": usd}
    return {"version": 1, "cache": {},
            "providers": {"up": {"dialect": "openai-chat", "base_url": "http://127.0.0.1:%d/v1" % port, "key": "env:AIGW_SDK_TEST_KEY"}},
            "models": {"paid": {"provider": "up", "id": "text", "price": price("10")}},
            "limits": [{"when": {"feature": "rare"}, "rpm": 1}, {"when": {"feature": "rare-too"}, "rpm": 1}, {"when": {"feature": "brisk"}, "rpm": 20}],
            "budgets": [{"when": {"feature": "tight"}, "usd": "0.000001"}]}


def clients(url, feature, retries):
    """Both SDKs, and a list that gets a member for every request that they send."""
    sent, headers = [], {"x-aigw-feature": feature}
    a = openai.OpenAI(base_url=url + "/v1", api_key=CLIENT_KEY, max_retries=retries, default_headers=headers, timeout=20)
    b = anthropic.Anthropic(base_url=url, api_key=CLIENT_KEY, max_retries=retries, default_headers=headers, timeout=20)
    for sdk in (a, b):
        def send(*args, _send=sdk._client.send, **kw):
            sent.append(1)
            return _send(*args, **kw)
        sdk._client.send = send
    return a, b, sent


def ask(client, **more):
    create = client.messages.create if isinstance(client, anthropic.Anthropic) else client.chat.completions.create
    return create(model="paid", max_tokens=50, messages=[{"role": "user", "content": "Hi"}], **more)


def refused(kind, client, part):
    try:
        ask(client)
    except kind as e:
        has(str(e), part, "message")
        return e
    raise AssertionError("nothing was raised")


def openai_limit(url):
    a, _, _ = clients(url, "rare", 0)
    first = a.chat.completions.with_raw_response.create(model="paid", max_tokens=50, messages=[{"role": "user", "content": "Hi"}])
    eq(first.headers["x-ratelimit-limit-requests"], "1", "limit")
    e = refused(openai.RateLimitError, a, "a limit is reached: rpm|feature=rare")
    eq(e.status_code, 429, "status")
    assert 30 < int(e.response.headers["retry-after"]) <= 60, e.response.headers
    eq((e.response.headers["x-ratelimit-limit-requests"], e.response.headers["x-ratelimit-remaining-requests"]), ("1", "0"), "limit")


def anthropic_limit(url):
    _, b, _ = clients(url, "rare-too", 0)
    ask(b)
    e = refused(anthropic.RateLimitError, b, "a limit is reached: rpm|feature=rare-too")
    eq(e.body["error"]["type"], "rate_limit_error", "type")
    assert 30 < int(e.response.headers["retry-after"]) <= 60, e.response.headers


def retry_after_is_obeyed(url):
    """20 a minute, at most 20 at once: the SDK's own retry comes when there is room again, and is answered."""
    a, _, sent = clients(url, "brisk", 2)
    began = time.monotonic()
    for _ in range(22):
        eq(ask(a).choices[0].message.content, HELLO, "text")
    took = time.monotonic() - began
    assert 2.5 < took < 15, took
    assert len(sent) <= 26, len(sent)


def budget_is_not_retried(url):
    a, b, sent = clients(url, "tight", 2)
    e = refused(openai.APIStatusError, a, "usd.total|feature=tight: 0.00 of 0.000001 USD spent")
    eq((e.status_code, e.response.headers["x-should-retry"], len(sent)), (402, "false", 1), "openai")
    e = refused(anthropic.APIStatusError, b, "usd.total|feature=tight")
    eq((e.status_code, len(sent)), (402, 2), "anthropic")


def cache_shows(url):
    a, b, _ = clients(url, "any", 0)
    first = a.chat.completions.with_raw_response.create(model="paid", temperature=0, max_tokens=50, messages=[{"role": "user", "content": "Hi"}])
    again = a.chat.completions.with_raw_response.create(model="paid", temperature=0, max_tokens=50, messages=[{"role": "user", "content": "Hi"}])
    eq((first.headers["x-aigw-cache"], again.headers["x-aigw-cache"], again.headers["x-aigw-cost-usd"]), ("MISS", "HIT", "0.00"), "headers")
    eq(again.parse().choices[0].message.content, HELLO, "text")
    other = b.messages.with_raw_response.create(model="paid", extra_body={"temperature": 0}, max_tokens=50, messages=[{"role": "user", "content": "Hi"}])
    eq(other.headers["x-aigw-cache"], "HIT", "of another dialect")
    eq(other.parse().content[0].text, HELLO, "text")


CASES = [openai_limit, anthropic_limit, retry_after_is_obeyed, budget_is_not_retried, cache_shows]
