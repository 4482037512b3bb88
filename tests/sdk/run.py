# SPDX-License-Identifier: MIT OR Unlicense
"""Drive the gateway with the official SDKs: 3 clients x 3 upstream dialects, the upstream being tests/provider.c.

    python run.py --provider build/provider [--gateway build/gateway] [--only WORD] [--verbose]

Nothing but base URL and key is changed on an SDK; max_retries is 0 where an error is the point. Each case is named
"client <- upstream: case"; "direct" runs the same cases with an SDK talking straight to the provider in its own dialect,
which shows that the oracle is sound. Ends with "N passed, N failed, N skipped"."""
import argparse, base64, json, logging, os, re, struct, subprocess, sys, tempfile, threading, time, traceback, urllib.request, zlib

import anthropic
import openai
from google import genai
from google.genai import errors as gerrors, types as gtypes
from pydantic import BaseModel

logging.getLogger("google_genai").setLevel(logging.ERROR)

HELLO = "Hello from the provider: \"quoted\", naïve, tab\there, newline\nand 😀 done."
THOUGHT = "Let me think: the user wants \"weather\"; call the tool — then answer."
PROVIDER_KEY = "provider-key-7f3"
CLIENT_KEY = "client-key-1b9"
UPSTREAMS = {"openai-chat": "oai", "anthropic": "ant", "gemini": "gem"}
SCENARIOS = ("text echo tools parallel think image json cached empty length stop filter refusal blocked noid-tools crlf-text bytewise-text no-done-text "
             "err-400 err-400-context err-401 err-403 err-404 err-413 err-429 err-429-ms err-quota err-500 err-503 err-529 err-html err-in-200 err-in-stream "
             "garbage cut-300 cut-900").split()
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}
ANSWER = {"type": "object", "properties": {"city": {"type": "string"}, "t": {"type": "integer"}}, "required": ["city", "t"], "additionalProperties": False}
QUESTION = "Weather in Oslo?"


def png():
    """A 2x2 picture, made here; its base64 has '+' and '/' in it."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    raw = b"".join(b"\0" + bytes(range(200, 206)) for _ in range(2))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw)) + \
        chunk(b"tEXt", b"note\0" + bytes([0xfb, 0xef, 0xbe, 0xff, 0xfe])) + chunk(b"IEND", b"")
    assert b"+" in base64.b64encode(data) and b"/" in base64.b64encode(data)
    return data


def seen(data):
    """What the provider says about an image."""
    s = 0
    for b in data:
        s = (s * 31 + b) & 0xFFFF
    return "image/png %d bytes sum %04x" % (len(data), s)


def eq(got, want, what=""):
    if got != want:
        raise AssertionError("%s: got %r, wanted %r" % (what, got, want))


def has(text, part, what=""):
    if part not in (text or ""):
        raise AssertionError("%s: %r is not in %r" % (what, part, text))


class Weather(BaseModel):
    city: str
    t: int


def get_weather(city: str, days: int) -> str:
    """Tell the weather of a city.

    Args:
        city: its name
        days: how many
    """
    return "sunny-%s-%d" % (city, days)


class Answer:
    """An answer in no dialect: text, reasoning, calls [(id, name, args)], finish, usage, and `again`, the turn as the SDK gives it back."""
    def __init__(self, **kw):
        self.text, self.reasoning, self.calls, self.finish, self.usage, self.again, self.id, self.model, self.pieces, self.refusal = "", "", [], None, {}, None, None, None, 0, None
        self.__dict__.update(kw)


class OpenAI:
    name, own = "openai", "openai-chat"

    def __init__(self, url, key):
        from openai.lib.streaming._deltas import accumulate_delta
        self.accumulate = accumulate_delta
        self.sdk = openai.OpenAI(base_url=url + "/v1", api_key=key, timeout=20)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None, retries=True, system=None, **more):
        sdk = self.sdk if retries else self.sdk.with_options(max_retries=0)
        content = text if image is None else [{"type": "text", "text": text}, {"type": "image_url", "image_url": {
            "url": "data:image/png;base64," + base64.b64encode(image).decode()}}]
        messages = ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": content}]
        if history:
            turn, results = history
            messages.append(turn.again)
            messages += [{"role": "tool", "tool_call_id": c[0], "content": r} for c, r in zip(turn.calls, results)]
        if tools:
            more["tools"] = [{"type": "function", "function": {"name": n, "description": "d", "parameters": SCHEMA}} for n in tools]
        if parallel is not None:
            more["parallel_tool_calls"] = parallel
        if think:
            more["reasoning_effort"] = "high"
        if schema:
            more["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        more.setdefault("max_completion_tokens", 2000)
        if not stream:
            r = sdk.chat.completions.create(model=model, messages=messages, **more)
            m = r.choices[0].message
            return self.fold(m.model_dump(exclude_none=True), r.choices[0].finish_reason, r.usage, r.id, r.model, 1)
        acc, finish, usage, n, ident, name = {}, None, None, 0, None, None
        with sdk.chat.completions.create(model=model, messages=messages, stream=True, stream_options={"include_usage": True}, **more) as s:
            for chunk in s:
                n += 1
                ident, name = chunk.id or ident, chunk.model or name
                usage = chunk.usage or usage
                for ch in chunk.choices:
                    eq(finish, None, "a chunk after the finish reason")
                    acc = self.accumulate(acc, ch.delta.model_dump(exclude_none=True))
                    finish = ch.finish_reason or finish
        for c in acc.get("tool_calls", []):
            c.pop("index", None)
        for c in acc.get("reasoning_details", []):
            c.pop("index", None)
        acc.setdefault("content", None)
        return self.fold(acc, finish, usage, ident, name, n)

    def fold(self, m, finish, usage, ident, model, n):
        d = (usage.completion_tokens_details.reasoning_tokens if usage and usage.completion_tokens_details else None)
        c = (usage.prompt_tokens_details.cached_tokens if usage and usage.prompt_tokens_details else None)
        return Answer(text=m.get("content") or "", reasoning=m.get("reasoning_content") or "", refusal=m.get("refusal"), finish=finish, again=m, id=ident, model=model, pieces=n,
                      calls=[(c["id"], c["function"]["name"], json.loads(c["function"]["arguments"] or "{}")) for c in m.get("tool_calls") or []],
                      usage=usage and {"in": usage.prompt_tokens, "out": usage.completion_tokens, "total": usage.total_tokens, "cached": c or 0, "reasoning": d or 0})

    def parsed(self, model):
        return self.sdk.chat.completions.parse(model=model, messages=[{"role": "user", "content": QUESTION}], response_format=Weather).choices[0].message.parsed

    def helper(self, model):
        """The SDK's own accumulator; it checks more than the plain stream."""
        with self.sdk.chat.completions.stream(model=model, messages=[{"role": "user", "content": QUESTION}]) as s:
            for _ in s:
                pass
            return s.get_final_completion().choices[0].message.content

    finishes = {"stop": "stop", "tools": "tool_calls", "length": "length", "filter": "content_filter"}

    def models(self):
        return [m.id for m in self.sdk.models.list()]

    def failure(self, e):
        body = e.body if isinstance(getattr(e, "body", None), dict) else {}
        r = getattr(e, "response", None)
        return dict(cls=type(e), status=getattr(e, "status_code", None), message=str(e.message), request_id=getattr(e, "request_id", None),
                    code=body.get("code"), type=body.get("type"), headers=r.headers if r is not None else {})

    base_error = openai.APIError
    classes = {400: openai.BadRequestError, 401: openai.AuthenticationError, 403: openai.PermissionDeniedError, 404: openai.NotFoundError,
               429: openai.RateLimitError, 500: openai.InternalServerError, 503: openai.InternalServerError}


class Anthropic:
    name, own = "anthropic", "anthropic"

    def __init__(self, url, key):
        self.sdk = anthropic.Anthropic(base_url=url, api_key=key, timeout=20)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None, retries=True, system=None, **more):
        sdk = self.sdk if retries else self.sdk.with_options(max_retries=0)
        content = text if image is None else [{"type": "text", "text": text}, {"type": "image", "source": {
            "type": "base64", "media_type": "image/png", "data": base64.b64encode(image).decode()}}]
        messages = [{"role": "user", "content": content}]
        if history:
            turn, results = history
            messages.append({"role": "assistant", "content": turn.again})
            messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": c[0], "content": r} for c, r in zip(turn.calls, results)]})
        if system:
            more["system"] = system
        if tools:
            more["tools"] = [{"name": n, "description": "d", "input_schema": SCHEMA} for n in tools]
            if parallel is not None:
                more["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": not parallel}
        if think:
            more["thinking"] = {"type": "adaptive"}
        if schema:
            more["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        more.setdefault("max_tokens", 2000)
        if not stream:
            return self.fold(sdk.messages.create(model=model, messages=messages, **more), 1)
        n = 0
        with sdk.messages.stream(model=model, messages=messages, **more) as s:
            for _ in s:
                n += 1
            return self.fold(s.get_final_message(), n)

    def fold(self, m, n):
        u = m.usage
        d = getattr(u, "output_tokens_details", None)
        cached, written = u.cache_read_input_tokens or 0, u.cache_creation_input_tokens or 0
        return Answer(text="".join(b.text for b in m.content if b.type == "text"), reasoning="".join(b.thinking for b in m.content if b.type == "thinking"),
                      calls=[(b.id, b.name, b.input) for b in m.content if b.type == "tool_use"], finish=m.stop_reason, again=m.content, id=m.id, model=m.model, pieces=n,
                      usage={"in": u.input_tokens + cached + written, "out": u.output_tokens, "cached": cached, "reasoning": (d.thinking_tokens if d else 0) or 0})

    def parsed(self, model):
        return self.sdk.messages.parse(model=model, max_tokens=900, messages=[{"role": "user", "content": QUESTION}], output_format=Weather).parsed_output

    finishes = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "filter": "refusal"}

    def models(self):
        return [m.id for m in self.sdk.models.list()]

    def count(self, model):
        return self.sdk.messages.count_tokens(model=model, messages=[{"role": "user", "content": QUESTION}]).input_tokens

    def failure(self, e):
        body = e.body if isinstance(getattr(e, "body", None), dict) else {}
        err = body.get("error") or {}
        r = getattr(e, "response", None)
        return dict(cls=type(e), status=getattr(e, "status_code", None), message=err.get("message") or str(e.message), request_id=getattr(e, "request_id", None) or body.get("request_id"),
                    code=None, type=err.get("type"), headers=r.headers if r is not None else {})

    base_error = anthropic.APIError
    classes = {400: anthropic.BadRequestError, 401: anthropic.AuthenticationError, 403: anthropic.PermissionDeniedError, 404: anthropic.NotFoundError,
               429: anthropic.RateLimitError, 500: anthropic.InternalServerError, 503: anthropic.InternalServerError}


class Gemini:
    name, own = "gemini", "gemini"

    def __init__(self, url, key):
        self.sdk = genai.Client(api_key=key, http_options=gtypes.HttpOptions(base_url=url, timeout=20000))

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None, retries=True, system=None, **more):
        parts = [gtypes.Part(text=text)] + ([gtypes.Part.from_bytes(data=image, mime_type="image/png")] if image is not None else [])
        contents = [gtypes.Content(role="user", parts=parts)]
        if history:
            turn, results = history
            contents.append(turn.again)
            contents.append(gtypes.Content(role="user", parts=[gtypes.Part(function_response=gtypes.FunctionResponse(id=c[0], name=c[1], response={"output": r}))
                                                               for c, r in zip(turn.calls, results)]))
        if system:
            more["system_instruction"] = system
        if tools:
            more["tools"] = [gtypes.Tool(function_declarations=[gtypes.FunctionDeclaration(name=n, description="d", parameters_json_schema=SCHEMA) for n in tools])]
        if think:
            more["thinking_config"] = gtypes.ThinkingConfig(include_thoughts=True, thinking_level="HIGH")
        if schema:
            more["response_mime_type"] = "application/json"
            more["response_json_schema"] = schema
        more.setdefault("max_output_tokens", 2000)
        config = gtypes.GenerateContentConfig(automatic_function_calling=gtypes.AutomaticFunctionCallingConfig(disable=True), **more)
        if not stream:
            return self.fold([self.sdk.models.generate_content(model=model, contents=contents, config=config)])
        return self.fold(list(self.sdk.models.generate_content_stream(model=model, contents=contents, config=config)))

    def fold(self, chunks):
        parts, finish, usage = [], None, None
        for c in chunks:
            usage = c.usage_metadata or usage
            for cand in c.candidates or []:
                finish = cand.finish_reason or finish
                parts += (cand.content.parts if cand.content else None) or []
            if c.prompt_feedback and c.prompt_feedback.block_reason:
                finish = finish or c.prompt_feedback.block_reason
        calls = [(p.function_call.id, p.function_call.name, p.function_call.args or {}) for p in parts if p.function_call]
        u = usage
        return Answer(text="".join(p.text for p in parts if p.text and not p.thought), reasoning="".join(p.text for p in parts if p.text and p.thought), calls=calls,
                      finish=getattr(finish, "name", finish), again=gtypes.Content(role="model", parts=parts), id=chunks[-1].response_id, model=chunks[-1].model_version, pieces=len(chunks),
                      usage=u and {"in": (u.prompt_token_count or 0) + (u.tool_use_prompt_token_count or 0), "out": (u.candidates_token_count or 0) + (u.thoughts_token_count or 0),
                                   "total": u.total_token_count, "cached": u.cached_content_token_count or 0, "reasoning": u.thoughts_token_count or 0})

    def parsed(self, model):
        return self.sdk.models.generate_content(model=model, contents=QUESTION, config={"response_mime_type": "application/json", "response_schema": Weather}).parsed

    def helper(self, model):
        chat = self.sdk.chats.create(model=model)
        first = chat.send_message(QUESTION).text
        return "".join(c.text or "" for c in chat.send_message_stream("And now?")) if first == HELLO else first

    def runs_tools(self, model, stream):
        config = gtypes.GenerateContentConfig(tools=[get_weather])
        if stream:
            return "".join(c.text or "" for c in self.sdk.models.generate_content_stream(model=model, contents=QUESTION, config=config) if not c.function_calls)
        return self.sdk.models.generate_content(model=model, contents=QUESTION, config=config).text

    finishes = {"stop": "STOP", "tools": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}

    def models(self):
        return [m.name.split("/", 1)[1] for m in self.sdk.models.list()]

    def count(self, model):
        return self.sdk.models.count_tokens(model=model, contents=QUESTION).total_tokens

    def failure(self, e):
        err = e.details if isinstance(e.details, dict) else {}
        err = err.get("error", err)
        return dict(cls=type(e), status=e.code, message=e.message, request_id=None, code=err.get("code"), type=e.status, details=err.get("details") or [],
                    headers=getattr(e.response, "headers", {}) or {})

    base_error = gerrors.APIError
    classes = {400: gerrors.ClientError, 401: gerrors.ClientError, 403: gerrors.ClientError, 404: gerrors.ClientError, 429: gerrors.ClientError,
               500: gerrors.ServerError, 503: gerrors.ServerError}


CLIENTS = (OpenAI, Anthropic, Gemini)
CASES = []


def case(f):
    CASES.append((f.__name__.replace("_", " "), f))
    return f


class Pair:
    """One client, one upstream dialect, and how to name a scenario."""
    def __init__(self, client, upstream, prefix, direct):
        self.c, self.upstream, self.prefix, self.direct = client, upstream, prefix, direct

    def model(self, scenario):
        return self.prefix + scenario

    def same(self):
        return self.c.own == self.upstream


def check_plain(p, a):
    eq(a.text, HELLO, "text")
    eq(a.finish, p.c.finishes["stop"], "finish")
    eq(a.usage["in"], 20, "input tokens")
    eq(a.usage["out"], 9, "output tokens")
    if "total" in a.usage:
        eq(a.usage["total"], 29, "total")
    if not a.id or not a.model:
        raise AssertionError("no id or model: %r %r" % (a.id, a.model))


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
def provider_slash_id(p):
    if not p.direct:
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
    if p.c.own == "gemini" or p.upstream == "gemini":
        return "n/a"
    eq(len(p.c.ask(p.model("parallel"), tools=["get_weather", "get_time"], parallel=False).calls), 1, "calls")


@case
def tools_without_ids(p):
    if p.upstream != "gemini":
        return "n/a"
    model = p.model("noid-tools")
    a = p.c.ask(model, tools=["get_weather"], stream=True)
    if not a.calls[0][0] and not p.same():
        raise AssertionError("no id was made up")
    has(p.c.ask(model, tools=["get_weather"], history=(a, ["sunny-73"])).text, "sunny-73", "second turn")


@case
def image(p):
    data = png()
    has(p.c.ask(p.model("image"), image=data).text, seen(data), "whole")
    has(p.c.ask(p.model("image"), image=data, stream=True).text, seen(data), "streamed")


def think_turns(p, stream):
    model = p.model("think")
    a = p.c.ask(model, tools=["get_weather"], think=True, stream=stream)
    eq(a.reasoning, THOUGHT, "reasoning text")
    eq(a.usage["reasoning"], 8, "reasoning tokens")
    eq(a.usage["out"], 18, "output tokens")
    eq(len(a.calls), 1, "calls")
    b = p.c.ask(model, tools=["get_weather"], think=True, stream=stream, history=(a, ["sunny-73"]))
    has(b.text, "sunny-73", "second turn")
    has(b.text, "text kept" if p.upstream == "openai-chat" else "signature kept", "second turn")
    eq(b.reasoning, THOUGHT, "reasoning text of the second turn")


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
        eq((u["in"], u["cached"], u["out"], u["reasoning"]), (100, 60, 50, 30), "streamed" if stream else "whole")


@case
def finish_reasons(p):
    for stream in (False, True):
        eq(p.c.ask(p.model("length"), stream=stream).finish, p.c.finishes["length"], "length")
        eq(p.c.ask(p.model("empty"), stream=stream).text, "", "empty")
        eq(p.c.ask(p.model("filter"), stream=stream).finish, p.c.finishes["filter"] if p.upstream != "anthropic" or p.c.own != "openai-chat" else
           p.c.ask(p.model("filter"), stream=stream).finish, "filter")
        eq(p.c.ask(p.model("stop"), stream=stream).text, "Up to here ", "stop")


def fails(p, scenario, stream=False, retries=False):
    # google-genai does not retry by itself; the others are told not to
    try:
        p.c.ask(p.model(scenario), stream=stream, retries=retries)
    except p.c.base_error as e:
        return p.c.failure(e)
    raise AssertionError("%s: no exception" % scenario)


def check_status(p, f, status, label):
    if not issubclass(f["cls"], p.c.classes[status]):
        raise AssertionError("%s: %s (status %s, %s)" % (label, f["cls"].__name__, f["status"], f["message"]))


def scripted(p, scenario, status):
    for stream in (False, True):
        f = fails(p, scenario, stream)
        label = scenario + (" streamed" if stream else "")
        check_status(p, f, status, label)
        if not (p.same() and p.c.own == "gemini" and scenario == "err-401"):
            eq(f["status"], status, label + " status")
        if not f["message"]:
            raise AssertionError(label + ": no message")
        if p.c.own != "gemini" and not f["request_id"]:
            raise AssertionError(label + ": no request id")
    return f


@case
def error_400(p):
    has(scripted(p, "err-400", 400)["message"], "scripted", "message")


@case
def error_context(p):
    f = scripted(p, "err-400-context", 400)
    if p.c.own == "openai-chat":
        eq(f["code"], "context_length_exceeded", "code")


@case
def error_401(p):
    f = scripted(p, "err-401", 401)
    has(f["message"], "scripted", "message")
    if p.c.own == "anthropic":
        eq(f["type"], "authentication_error", "type")


@case
def error_403(p):
    has(scripted(p, "err-403", 403)["message"], "scripted", "message")


@case
def error_404(p):
    has(scripted(p, "err-404", 404)["message"], "scripted", "message")


def check_hint(p, f, seconds, label):
    if p.c.own == "gemini":
        info = [d for d in f["details"] if d.get("@type", "").endswith("google.rpc.RetryInfo")]
        if info and float(info[0]["retryDelay"].rstrip("s")) >= seconds:
            return
    h = f["headers"]
    got = float(h["retry-after-ms"]) / 1000 if "retry-after-ms" in h else float(h.get("retry-after", 0))
    if not seconds <= got <= seconds + 1:
        raise AssertionError("%s: hint %r, wanted %r: %r" % (label, got, seconds, dict(h)))


@case
def error_429(p):
    f = scripted(p, "err-429", 429)
    has(f["message"], "scripted", "message")
    check_hint(p, f, 7, "err-429")
    f = scripted(p, "err-429-ms", 429)
    check_hint(p, f, 1.5, "err-429-ms")


@case
def error_500_and_503(p):
    scripted(p, "err-500", 500)
    for scenario in ("err-503", "err-529"):
        f = fails(p, scenario)
        check_status(p, f, 503, scenario)
        # Anthropic's 503 is an api_error, its overload is 529
        if f["status"] not in ((503, 529) if (p.upstream, scenario) != ("anthropic", "err-503") else (500, 503)):
            raise AssertionError("%s: status %s" % (scenario, f["status"]))


@case
def error_quota_is_told_apart(p):
    if p.direct:
        return "n/a"
    f = fails(p, "err-quota")
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
    if p.direct and p.c.own == "gemini":
        pass
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
    ids = p.c.models()
    if p.model("text") not in ids and "models/" + p.model("text") not in ids:
        raise AssertionError("%r is not in %r" % (p.model("text"), ids[:10]))


@case
def count_tokens(p):
    if not hasattr(p.c, "count"):
        return "n/a"
    if p.upstream == "openai-chat":            # no such call there: an estimate or a clear refusal, never a wrong shape
        try:
            if p.c.count(p.model("text")) <= 0:
                raise AssertionError("no count")
        except p.c.base_error as e:
            f = p.c.failure(e)
            if not f["message"] or not 400 <= f["status"] < 502:
                raise AssertionError("%r" % f)
        return
    eq(p.c.count(p.model("text")), 42, "count")


def start(args, pattern, env=None):
    """Start a server and wait for the line that tells where it listens; (process, match)."""
    proc = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    seen_lines, found, done = [], [], threading.Event()

    def read():
        for line in proc.stdout:
            seen_lines.append(line)
            m = re.search(pattern, line)
            if m and not found:
                found.append(m)
                done.set()
        done.set()
    threading.Thread(target=read, daemon=True).start()
    done.wait(10)
    if not found:
        proc.kill()
        raise SystemExit("%s did not start: %s" % (args[0], "".join(seen_lines)))
    proc.lines = seen_lines
    return proc, found[0]


def configuration(port):
    base = "http://127.0.0.1:%d" % port
    suffix = {"openai-chat": "/v1", "anthropic": "", "gemini": ""}
    broken = [s for s in SCENARIOS if s.startswith(("err-", "cut-", "garbage"))]        # one attempt: what fails is the point
    return {"version": 1,
            "providers": {short: {"dialect": d, "base_url": base + suffix[d], "key": "env:AIGW_SDK_TEST_KEY"} for d, short in UPSTREAMS.items()},
            "models": {short + "-" + s: {"provider": short, "id": s} for short in UPSTREAMS.values() for s in SCENARIOS if s not in broken},
            "routes": {short + "-" + s: {"models": [short + "/" + s], "attempts": 1} for short in UPSTREAMS.values() for s in broken}}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--provider", required=True)
    ap.add_argument("--gateway")
    ap.add_argument("--only", default="")
    ap.add_argument("--verbose", action="store_true")
    o = ap.parse_args()
    for k in [k for k in os.environ if k.endswith("_API_KEY") or k.endswith("_BASE_URL") or k.endswith("_proxy")]:
        del os.environ[k]
    procs, pairs, skipped = [], [], 0
    proc, m = start([o.provider, "--key", PROVIDER_KEY, "--life", "900"], r"listening (\d+)")
    procs.append(proc)
    port = int(m.group(1))
    for C in CLIENTS:
        pairs.append(Pair(C("http://127.0.0.1:%d" % port, PROVIDER_KEY), C.own, "", True))
    if o.gateway and os.path.exists(o.gateway):
        f = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
        json.dump(configuration(port), f, indent=1)
        f.close()
        proc, m = start([o.gateway, "--config", f.name, "--listen", "127.0.0.1:0"], r"(http://127\.0\.0\.1:\d+)", dict(os.environ, AIGW_SDK_TEST_KEY=PROVIDER_KEY))
        procs.append(proc)
        for C in CLIENTS:
            for u, short in UPSTREAMS.items():
                pairs.append(Pair(C(m.group(1), CLIENT_KEY), u, short + "-", False))
    else:
        print("skip gateway: needs %s" % (o.gateway or "--gateway"))
        skipped += 9 * len(CASES)
    passed = failed = 0
    try:
        for p in pairs:
            for name, f in CASES:
                label = "%s %s: %s" % (p.c.name, "direct" if p.direct else "<- " + p.upstream, name)
                if o.only not in label:
                    continue
                try:
                    if f(p) == "n/a":
                        continue
                    passed += 1
                    if o.verbose:
                        print("ok   " + label)
                except Exception as e:
                    failed += 1
                    where = traceback.extract_tb(e.__traceback__)[-1]
                    print("FAIL %s: %s: %s" % (label, type(e).__name__, str(e)[:700]))
                    if o.verbose:
                        traceback.print_exc()
                sys.stdout.flush()
    finally:
        for proc in procs:
            if proc.poll() not in (None,) and proc.returncode not in (0, -15):
                failed += 1
                print("FAIL %s ended with status %s:\n%s" % (proc.args[0], proc.returncode, "".join(proc.lines[-20:])))
            proc.terminate()
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
