# SPDX-License-Identifier: MIT OR Unlicense
"""cohere: chat of version 2, embeddings."""
import json

import cohere
import cohere.core.api_error

from common import Answer, Client, QUESTION, SCHEMA, data_url


class Cohere(Client):
    name, own = "cohere", "cohere"
    names, parallel_switch, keeps, counts = ("id",), False, "text", ("cached",)
    finishes = {"stop": "COMPLETE", "tools": "TOOL_CALL", "length": "MAX_TOKENS", "filter": "ERROR_TOXIC"}
    base_error = cohere.core.api_error.ApiError
    classes = {400: cohere.BadRequestError, 401: cohere.UnauthorizedError, 403: cohere.ForbiddenError, 404: cohere.NotFoundError,
               429: cohere.TooManyRequestsError, 500: cohere.InternalServerError, 503: cohere.ServiceUnavailableError}

    def __init__(self, url, key):
        self.sdk = cohere.ClientV2(base_url=url, api_key=key, timeout=20)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None,
            retries=True, system=None, **more):
        content = text if image is None else [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": data_url(image)}}]
        messages = ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": content}]
        if history:
            turn, results = history
            messages.append(turn.again)
            messages += [{"role": "tool", "tool_call_id": c[0], "content": r} for c, r in zip(turn.calls, results)]
        if tools:
            more["tools"] = [{"type": "function", "function": {"name": n, "description": "d", "parameters": SCHEMA}} for n in tools]
        if think:
            more["thinking"] = {"type": "enabled"}
        if schema:
            more["response_format"] = {"type": "json_object", "json_schema": schema}
        more.setdefault("max_tokens", 2000)
        if not retries:
            more["request_options"] = {"max_retries": 0}
        if not stream:
            r = self.sdk.chat(model=model, messages=messages, **more)
            return self.fold(r.message.content or [], r.message.tool_calls or [], r.finish_reason, r.usage, r.id, 1)
        content, calls, finish, usage, ident, n = {}, {}, None, None, None, 0
        for e in self.sdk.chat_stream(model=model, messages=messages, **more):
            n += 1
            if finish:
                raise AssertionError("%s after message-end" % e.type)
            if e.type == "message-start":
                ident = e.id
            elif e.type == "content-start":
                content[e.index] = {"type": e.delta.message.content.type, "text": ""}
            elif e.type == "content-delta":
                c = e.delta.message.content
                content[e.index]["text"] += (c.thinking if content[e.index]["type"] == "thinking" else c.text) or ""
            elif e.type == "tool-call-start":
                c = e.delta.message.tool_calls
                calls[e.index] = {"id": c.id, "name": c.function.name, "arguments": c.function.arguments or ""}
            elif e.type == "tool-call-delta":
                calls[e.index]["arguments"] += e.delta.message.tool_calls.function.arguments
            elif e.type == "message-end":
                finish, usage = e.delta.finish_reason, e.delta.usage
                if finish == "ERROR" or getattr(e.delta, "error", None):
                    raise self.base_error(status_code=None, body={"message": e.delta.error})
        if finish is None:
            raise self.base_error(status_code=None, body={"message": "the stream ended without message-end"})
        return self.fold([_Part(**content[i]) for i in sorted(content)], [_Call(**calls[i]) for i in sorted(calls)], finish, usage, ident, n)

    def fold(self, content, calls, finish, u, ident, n):
        again = {"role": "assistant"}
        if calls:
            again["tool_calls"] = [{"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}}
                                   for c in calls]
        if content:
            again["content"] = [{"type": "thinking", "thinking": c.thinking} if c.type == "thinking" else {"type": "text", "text": c.text}
                                for c in content]
        return Answer(text="".join(c.text for c in content if c.type == "text"), id=ident, finish=finish, again=again, pieces=n,
                      reasoning="".join(c.thinking for c in content if c.type == "thinking"),
                      calls=[(c.id, c.function.name, json.loads(c.function.arguments or "{}")) for c in calls],
                      usage=u and {"in": int(u.tokens.input_tokens), "out": int(u.tokens.output_tokens), "cached": int(u.cached_tokens or 0)})

    def embed(self, model, texts, dims):
        r = self.sdk.embed(model=model, texts=texts, input_type="search_document", embedding_types=["float"],
                           **({"output_dimension": dims} if dims else {}))
        return r.embeddings.float_, int(r.meta.billed_units.input_tokens) if r.meta else None

    def failure(self, e):
        body = e.body if isinstance(e.body, dict) else {}
        h = e.headers or {}
        return dict(cls=type(e), status=e.status_code, message=body.get("message") or str(e.body or ""), request_id=h.get("x-debug-trace-id"),
                    code=None, type=None, headers=h)


class _Part:
    def __init__(self, type, text):
        self.type, self.text, self.thinking = type, text, text


class _Call:
    def __init__(self, id, name, arguments):
        self.id, self.function = id, type("Function", (), {"name": name, "arguments": arguments})


CLIENTS = (Cohere,)
