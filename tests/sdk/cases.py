# SPDX-License-Identifier: MIT OR Unlicense
"""The cases. Each is one function of a pair, a client and an upstream dialect; what a pair cannot do is a row of data here, in common.Client,
or at the provider (GET /cannot), and is not run."""
import json, re, threading

from common import ANSWER, HELLO, THOUGHT, eq, has, png, seen, vector

# Upstream dialects, and what the gateway's configuration calls them.
UPSTREAMS = {"openai-chat": "oai", "openai-responses": "rsp", "anthropic": "ant", "gemini": "gem", "bedrock": "bed", "cohere": "coh", "ollama": "oll"}
SCENARIOS = ("text echo tools parallel think image json cached empty length stop filter refusal blocked noid-tools crlf-text bytewise-text no-done-text "
             "err-400 err-400-context err-401 err-403 err-404 err-413 err-429 err-429-ms err-quota err-500 err-503 err-529 err-html err-in-200 "
             "err-in-stream garbage cut-300 cut-900 embed").split()
# What an upstream dialect says of usage, beside input and output.
COUNTED = {"openai-chat": ("cached", "reasoning"), "openai-responses": ("cached", "reasoning"), "anthropic": ("cached", "reasoning"),
           "gemini": ("cached", "reasoning"), "bedrock": ("cached",), "cohere": ("cached",), "ollama": ()}
# What comes back of reasoning in the next turn, at best: its signature where there is one, else its text.
KEPT = {"openai-chat": "text", "openai-responses": "signature", "anthropic": "signature", "gemini": "signature", "bedrock": "signature",
        "cohere": "text", "ollama": "text"}
NO_HINT = ("bedrock", "ollama")                        # upstreams that never say when to try again
NO_PARALLEL_SWITCH = ("gemini", "bedrock", "cohere", "ollama")
EMBEDS = ("openai-chat", "gemini", "bedrock", "cohere", "ollama")
ONE_TEXT = ("bedrock",)                                # Titan embeds one text a call
NO_STOP_WORD = {"boto3": "end_turn"}

CASES = []


def case(f):
    CASES.append((f.__name__.replace("_", " "), f))
    return f


class NoForm(Exception):
    """There is no such thing in this pair: why."""


class Pair:
    """One client, one upstream dialect, and how to name a scenario."""
    def __init__(self, client, upstream, prefix, direct, cannot):
        self.c, self.upstream, self.prefix, self.direct = client, upstream, prefix, direct
        self.cannot = {scenario: why for dialect, scenario, why in cannot if dialect == upstream}

    def why_not(self, scenario):
        """Why the upstream has no such scenario, None when it has: a name of its own, or a modifier before one."""
        words = [w for w in self.cannot if ("-" + scenario + "-").find("-" + w + "-") >= 0]
        return self.cannot[words[0]] if words else None

    def model(self, scenario):
        if self.why_not(scenario):
            raise NoForm("%s: %s: %s" % (self.upstream, scenario, self.why_not(scenario)))
        return self.prefix + scenario

    def same(self):
        return self.c.own == self.upstream

    def counted(self, what):
        return what in self.c.counts and what in COUNTED[self.upstream]


def check_plain(p, a):
    eq(a.text, HELLO, "text")
    eq(a.finish, p.c.finishes["stop"], "finish")
    eq(a.usage["in"], 20, "input tokens")
    eq(a.usage["out"], 9, "output tokens")
    if "total" in a.usage:
        eq(a.usage["total"], 29, "total")
    for name in p.c.names:
        if not getattr(a, name):
            raise AssertionError("no " + name)


@case
def plain(p):
    check_plain(p, p.c.ask(p.model("text")))


@case
def streamed(p):
    a = p.c.ask(p.model("text"), stream=True)
    check_plain(p, a)
    if a.pieces < 5:
        raise AssertionError("only %d pieces" % a.pieces)


@case
def streamed_bytewise(p):
    check_plain(p, p.c.ask(p.model("bytewise-text"), stream=True))


@case
def streamed_crlf(p):
    check_plain(p, p.c.ask(p.model("crlf-text"), stream=True))


@case
def streamed_without_end_marker(p):
    model = p.model("no-done-text")
    if p.direct:
        return "n/a"
    a = p.c.ask(model, stream=True)
    eq(a.text, HELLO, "text")
    eq(a.finish, p.c.finishes["stop"], "finish")


@case
def provider_slash_id(p):
    if p.direct:
        return "n/a"
    check_plain(p, p.c.ask(UPSTREAMS[p.upstream] + "/text"))


@case
def system_and_user(p):
    for stream in (False, True):
        a = p.c.ask(p.model("echo"), "Grüße \"quoted\" \\ 😀\nline", system="Be brief.", stream=stream)
        eq(a.text, "system=<Be brief.> user=<Grüße \"quoted\" \\ 😀\nline>", "echo")


def tool_turns(p, stream):
    model = p.model("tools")
    a = p.c.ask(model, tools=["get_weather"], stream=stream)
    eq(a.finish, p.c.finishes["tools"], "finish")
    eq([(c[1], c[2]) for c in a.calls], [("get_weather", {"city": "Oslo \"N\"", "days": 3})], "call")
    b = p.c.ask(model, tools=["get_weather"], stream=stream, history=(a, ["sunny-73"]))
    has(b.text, "The tool said: ", "second turn")
    has(b.text, "sunny-73", "second turn")
    eq(b.finish, p.c.finishes["stop"], "finish")


@case
def tool_call_round_trip(p):
    tool_turns(p, False)


@case
def tool_call_round_trip_streamed(p):
    tool_turns(p, True)


def parallel_turns(p, stream):
    model = p.model("parallel")
    tools = ["get_weather", "get_time"]
    a = p.c.ask(model, tools=tools, stream=stream)
    eq([(c[1], c[2]) for c in a.calls], [("get_weather", {"city": "Oslo"}), ("get_time", {"city": "Tromsø"})], "calls")
    if len({c[0] for c in a.calls}) != 2 and not (p.direct and p.c.own == "gemini"):
        raise AssertionError("ids are not distinct: %r" % a.calls)
    b = p.c.ask(model, tools=tools, stream=stream, history=(a, ["first-1", "second-2"]))
    if not re.search(r"first-1.* \| .*second-2", b.text):
        raise AssertionError("results out of order or lost: %r" % b.text)


@case
def parallel_tools(p):
    parallel_turns(p, False)


@case
def parallel_tools_streamed(p):
    parallel_turns(p, True)


@case
def parallel_switch_off(p):
    if not p.c.parallel_switch or p.upstream in NO_PARALLEL_SWITCH:
        return "n/a"
    eq(len(p.c.ask(p.model("parallel"), tools=["get_weather", "get_time"], parallel=False).calls), 1, "calls")


@case
def tools_without_ids(p):
    if p.upstream not in ("gemini", "ollama"):
        return "n/a"
    model = p.model("noid-tools")
    a = p.c.ask(model, tools=["get_weather"], stream=True)
    if a.calls[0][0] in (None, "") and not p.same() and p.c.own != "gemini":
        raise AssertionError("no id was made up")
    has(p.c.ask(model, tools=["get_weather"], history=(a, ["sunny-73"])).text, "sunny-73", "second turn")


@case
def image(p):
    data = png()
    has(p.c.ask(p.model("image"), image=data).text, seen(data), "whole")
    has(p.c.ask(p.model("image"), image=data, stream=True).text, seen(data), "streamed")


def kept(p):
    """What of its reasoning the upstream finds in the next turn."""
    if p.c.keeps == "signature" or p.c.keeps == KEPT[p.upstream]:
        return KEPT[p.upstream] + " kept"
    return "signature skipped" if p.upstream == "gemini" else "none kept"


def think_turns(p, stream):
    model = p.model("think")
    a = p.c.ask(model, tools=["get_weather"], think=True, stream=stream)
    shown = THOUGHT if p.c.shows_reasoning and (p.upstream != "openai-responses" or p.c.asks_to_see) else ""
    eq(a.reasoning, shown, "reasoning text")
    if p.counted("reasoning"):
        eq(a.usage["reasoning"], 8, "reasoning tokens")
    eq(a.usage["out"], 18, "output tokens")
    eq(len(a.calls), 1, "calls")
    b = p.c.ask(model, tools=["get_weather"], think=True, stream=stream, history=(a, ["sunny-73"]))
    has(b.text, "sunny-73", "second turn")
    has(b.text, kept(p), "second turn")
    eq(b.reasoning, shown, "reasoning text of the second turn")


@case
def reasoning_round_trip(p):
    think_turns(p, False)


@case
def reasoning_round_trip_streamed(p):
    think_turns(p, True)


@case
def structured_output(p):
    for stream in (False, True):
        eq(json.loads(p.c.ask(p.model("json"), schema=ANSWER, stream=stream).text), {"city": "Oslo", "t": 3}, "object")


@case
def structured_output_parsed_by_the_sdk(p):
    if not hasattr(p.c, "parsed"):
        return "n/a"
    w = p.c.parsed(p.model("json"))
    eq((w.city, w.t), ("Oslo", 3), "object")


@case
def helpers_of_the_sdk(p):
    if not hasattr(p.c, "helper"):
        return "n/a"
    eq(p.c.helper(p.model("text")), HELLO, "text")


@case
def tools_run_by_the_sdk(p):
    # Gemini's automatic function calling. anthropic 2.11's tool_runner keeps the conversation on the server (beta message threads): not here.
    if not hasattr(p.c, "runs_tools"):
        return "n/a"
    for stream in (False, True):
        text = p.c.runs_tools(p.model("tools"), stream)
        has(text, "sunny-Oslo", "streamed" if stream else "whole")
        has(text, "-3", "streamed" if stream else "whole")


@case
def embeddings(p):
    if not hasattr(p.c, "embed") or (p.direct and p.upstream not in EMBEDS):
        return "n/a"
    dims = 256 if p.upstream == "bedrock" else 12
    if p.upstream not in EMBEDS:                       # the upstream has none: a clear error
        try:
            p.c.embed(p.model("embed"), ["x"], dims)
        except p.c.base_error as e:
            f = p.c.failure(e)
            if not f["message"] or not 400 <= f["status"] < 502:
                raise AssertionError("%r" % f)
            return
        raise AssertionError("no exception")
    texts = ["Grüße \"quoted\" 😀", "two"][:1 if p.upstream in ONE_TEXT else 2]
    vectors, tokens = p.c.embed(p.model("embed"), texts, dims)
    eq(vectors, [vector(t, dims) for t in texts], "vectors")
    if tokens is not None and p.upstream != "gemini":  # Gemini does not count
        eq(tokens, 5 * len(texts), "tokens")


@case
def embeddings_of_several_texts(p):
    if not hasattr(p.c, "embed") or p.upstream not in ONE_TEXT or p.c.own == "bedrock":
        return "n/a"
    try:                                               # never less vectors than texts
        p.c.embed(p.model("embed"), ["one", "two"], 256)
    except p.c.base_error as e:
        f = p.c.failure(e)
        eq(f["status"], 400, "status")
        return
    raise AssertionError("no exception")


@case
def refusal(p):
    for stream in (False, True):
        a = p.c.ask(p.model("refusal"), stream=stream)
        has((a.refusal or "") + a.text, "I cannot help with that.", "text")
        if p.upstream == "openai-chat" and p.c.own == "anthropic":
            eq(a.finish, "refusal", "finish")


@case
def many_at_once(p):
    texts, threads = {}, []
    for i in range(12):
        def ask(i=i):
            try:
                texts[i] = p.c.ask(p.model("echo"), "question %d" % i, stream=i % 2 == 0).text
            except Exception as e:
                texts[i] = repr(e)
        threads.append(threading.Thread(target=ask))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(12):
        eq(texts[i], "system=<> user=<question %d>" % i, "thread %d" % i)


@case
def cached_and_reasoning_usage(p):
    for stream in (False, True):
        u = p.c.ask(p.model("cached"), stream=stream).usage
        eq((u["in"], u["out"]), (100, 50), "streamed" if stream else "whole")
        for what, n in (("cached", 60), ("reasoning", 30)):
            if p.counted(what):
                eq(u[what], n, what)


@case
def finish_reasons(p):
    for stream in (False, True):
        eq(p.c.ask(p.model("length"), stream=stream).finish, p.c.finishes["length"], "length")
        eq(p.c.ask(p.model("empty"), stream=stream).text, "", "empty")
        eq(p.c.ask(p.model("stop"), stream=stream).text, "Up to here ", "stop")


@case
def filtered(p):
    for stream in (False, True):
        a = p.c.ask(p.model("filter"), stream=stream)
        eq(a.text + (a.refusal or ""), "I would say", "text")
        if not (p.upstream == "anthropic" and p.c.own != "anthropic"):    # a refusal there, which others say in their own ways
            finish = "guardrail_intervened" if p.same() and p.c.own == "bedrock" else p.c.finishes["filter"]
            eq(a.finish, finish, "finish")


def fails(p, scenario, stream=False, retries=False):
    # google-genai, ollama and mistralai do not retry by themselves; the others are told not to
    model = p.model(scenario)
    try:
        p.c.ask(model, stream=stream, retries=retries)
    except p.c.base_error as e:
        return p.c.failure(e)
    raise AssertionError("%s: no exception" % scenario)


def check_status(p, f, status, label):
    if not issubclass(f["cls"], p.c.classes[status]):
        raise AssertionError("%s: %s (status %s, %s)" % (label, f["cls"].__name__, f["status"], f["message"]))
    codes = getattr(p.c, "codes", None)
    if codes and f["code"] not in codes[status]:
        raise AssertionError("%s: code %s, not one of %r" % (label, f["code"], codes[status]))


def scripted(p, scenario, status):
    for stream in (False, True):
        f = fails(p, scenario, stream)
        label = scenario + (" streamed" if stream else "")
        want = p.c.statuses.get(scenario, status)
        if not (p.same() and p.c.own == "gemini" and scenario == "err-401"):
            check_status(p, f, want, label)
            eq(f["status"], want, label + " status")
        if not f["message"]:
            raise AssertionError(label + ": no message")
        if p.c.request_ids and not f["request_id"]:
            raise AssertionError(label + ": no request id")
    return f


def of_provider(p, f, again):
    """Its own message; or, where the gateway does not ask again for a while, the gateway's, of the same kind."""
    if p.direct or again not in f["message"]:
        has(f["message"], "scripted", "message")


@case
def error_400(p):
    has(scripted(p, "err-400", 400)["message"], "scripted", "message")


@case
def error_context(p):
    f = scripted(p, "err-400-context", 400)
    if p.c.own == "openai-chat" and (p.upstream != "ollama" or not p.direct):
        eq(f["code"], "context_length_exceeded", "code")


@case
def error_401(p):
    f = scripted(p, "err-401", 401)
    of_provider(p, f, "refused the gateway's key")
    if p.c.own == "anthropic":
        eq(f["type"], "authentication_error", "type")


@case
def error_403(p):
    of_provider(p, scripted(p, "err-403", 403), "refused the gateway's key")


@case
def error_404(p):
    has(scripted(p, "err-404", 404)["message"], "scripted", "message")


def check_hint(p, f, seconds, label):
    if p.upstream in NO_HINT or not p.c.headers:
        return
    if p.c.own == "gemini":
        info = [d for d in f["details"] if d.get("@type", "").endswith("google.rpc.RetryInfo")]
        if info and float(info[0]["retryDelay"].rstrip("s")) >= (seconds if p.direct else 0):
            return
    h = f["headers"]
    got = float(h["retry-after-ms"]) / 1000 if "retry-after-ms" in h else float(h.get("retry-after", 0))
    if not (seconds if p.direct else 0.001) <= got <= seconds + 1:         # the gateway tells what is left of it
        raise AssertionError("%s: hint %r, wanted %r: %r" % (label, got, seconds, dict(h)))


@case
def error_429(p):
    f = scripted(p, "err-429", 429)
    of_provider(p, f, "the limits of this model are reached")
    check_hint(p, f, 7, "err-429")
    f = scripted(p, "err-429-ms", 429)
    check_hint(p, f, 1.5, "err-429-ms")


@case
def error_500_and_503(p):
    scripted(p, "err-500", 500)
    for scenario in ("err-503", "err-529"):
        f = fails(p, scenario)
        # Anthropic's 503 is an api_error, its overload is 529
        if f["status"] not in ((503, 529) if (p.upstream, scenario) != ("anthropic", "err-503") else (500, 503)):
            raise AssertionError("%s: status %s" % (scenario, f["status"]))
        check_status(p, f, 503 if f["status"] == 529 else f["status"], scenario)


@case
def error_quota_is_told_apart(p):
    f = fails(p, "err-quota")
    if p.direct:
        return "n/a"
    if f["status"] not in (400, 402, 429):
        raise AssertionError("status %s" % f["status"])
    if p.c.own == "openai-chat":
        eq(f["code"], "insufficient_quota", "code")


@case
def error_html_and_garbage(p):
    if p.direct:
        return "n/a"
    for scenario in ("err-html", "garbage"):
        for stream in (False, True):
            f = fails(p, scenario, stream)
            if scenario == "err-html" and not 500 <= f["status"] <= 599:
                raise AssertionError("%s: status %s" % (scenario, f["status"]))


@case
def error_in_200(p):
    if p.direct:
        return "n/a"
    for stream in (False, True):
        f = fails(p, "err-in-200", stream)
        has(f["message"], "Overloaded inside a 200", "message")


@case
def streamed_error(p):
    f = fails(p, "err-in-stream", stream=True)
    has(f["message"], "Overloaded in the stream", "message")


@case
def cut_stream_raises(p):
    if p.direct:
        return "n/a"
    for scenario in ("cut-300", "cut-900"):
        f = fails(p, scenario, stream=True)
        if not f["message"]:
            raise AssertionError("no message")


@case
def models_list(p):
    if not hasattr(p.c, "models"):
        return "n/a"
    ids = p.c.models()
    if p.model("text") not in ids and "models/" + p.model("text") not in ids:
        raise AssertionError("%r is not in %r" % (p.model("text"), ids[:10]))


@case
def count_tokens(p):
    if not hasattr(p.c, "count"):
        return "n/a"
    if p.upstream in ("openai-chat", "openai-responses", "cohere", "ollama"):      # no such call there: an estimate or a clear refusal, never a wrong shape
        try:
            if p.c.count(p.model("text")) <= 0:
                raise AssertionError("no count")
        except p.c.base_error as e:
            f = p.c.failure(e)
            if not f["message"] or not 400 <= f["status"] < 502:
                raise AssertionError("%r" % f)
        return
    eq(p.c.count(p.model("text")), 42, "count")
