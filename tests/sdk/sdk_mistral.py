# SPDX-License-Identifier: MIT OR Unlicense
"""mistralai: chat, embeddings, at the gateway's /mistral: a call comes whole, reasoning as parts of the content, without signatures."""
import json

from mistralai.client import Mistral as Sdk, errors
from pydantic import BaseModel

from common import Answer, Client, QUESTION, SCHEMA, data_url


class Weather(BaseModel):
    city: str
    t: int


class Mistral(Client):
    name, own = "mistralai", "openai-chat"
    keeps, direct, asks_to_see = "text", False, False
    finishes = {"stop": "stop", "tools": "tool_calls", "length": "length", "filter": "content_filter"}
    base_error = (errors.MistralError, errors.NoResponseError)
    classes = {status: errors.SDKError for status in (400, 401, 403, 404, 429, 500, 503)}

    def __init__(self, url, key):
        self.sdk = Sdk(server_url=url + "/mistral", api_key=key, timeout_ms=20000)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None,
            retries=True, system=None, **more):
        content = text if image is None else [{"type": "text", "text": text}, {"type": "image_url", "image_url": data_url(image)}]
        messages = ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": content}]
        if history:
            turn, results = history
            messages.append(turn.again)
            messages += [{"role": "tool", "name": c[1], "tool_call_id": c[0], "content": r} for c, r in zip(turn.calls, results)]
        if tools:
            more["tools"] = [{"type": "function", "function": {"name": n, "description": "d", "parameters": SCHEMA}} for n in tools]
        if parallel is not None:
            more["parallel_tool_calls"] = parallel
        if think:
            more["reasoning_effort"] = "high"
        if schema:
            more["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        more.setdefault("max_tokens", 2000)
        if not stream:
            r = self.sdk.chat.complete(model=model, messages=messages, **more)
            m = r.choices[0].message
            calls = [(c.id, c.function.name, c.function.arguments) for c in m.tool_calls or []]
            return self.fold(m.content, calls, r.choices[0].finish_reason, r.usage, r.id, r.model, 1)
        content, calls, finish, usage, n, ident, name = [], [], None, None, 0, None, None
        with self.sdk.chat.stream(model=model, messages=messages, **more) as s:
            for e in s:
                n += 1
                ident, name, usage = e.data.id or ident, e.data.model or name, e.data.usage or usage
                for ch in e.data.choices:
                    content.append(ch.delta.content)
                    calls += [(c.id, c.function.name, c.function.arguments) for c in ch.delta.tool_calls or []]
                    finish = ch.finish_reason or finish
        return self.fold(content, calls, finish, usage, ident, name, n)

    def fold(self, content, calls, finish, u, ident, model, n):
        text = thought = ""
        for c in content if isinstance(content, list) else [content]:
            for part in c if isinstance(c, list) else [c]:
                if getattr(part, "type", "") == "thinking":
                    thought += "".join(t.text for t in part.thinking)
                else:
                    text += getattr(part, "text", part) or ""
        again = {"role": "assistant", "content": text}
        if thought:
            again["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}] + ([{"type": "text", "text": text}] if text else [])
        if calls:
            again["tool_calls"] = [{"id": c[0], "function": {"name": c[1], "arguments": c[2]}} for c in calls]
        more = u.additional_properties if u else {}
        return Answer(text=text, reasoning=thought, calls=[(c[0], c[1], json.loads(c[2] or "{}")) for c in calls], finish=finish, again=again, id=ident, model=model,
                      pieces=n, usage=u and {"in": u.prompt_tokens, "out": u.completion_tokens, "total": u.total_tokens,
                                             "cached": (more.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
                                             "reasoning": (more.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0})

    def parsed(self, model):
        return self.sdk.chat.parse(Weather, model=model, messages=[{"role": "user", "content": QUESTION}]).choices[0].message.parsed

    def embed(self, model, texts, dims):
        r = self.sdk.embeddings.create(model=model, inputs=texts, **({"output_dimension": dims} if dims else {}))
        return [d.embedding for d in r.data], r.usage.prompt_tokens

    def models(self):
        return [m.id for m in self.sdk.models.list().data]

    def failure(self, e):
        try:
            body = json.loads(e.body).get("error") or {}
        except (AttributeError, ValueError):
            body = {}
        if isinstance(e, errors.ResponseValidationError):      # an event that is an error: the SDK knows none, and shows it in its complaint
            body = (e.cause.errors()[0].get("input") or {}).get("error") or {}
        h = getattr(e, "headers", None) or {}
        return dict(cls=type(e), status=getattr(e, "status_code", None), message=body.get("message") or str(e), request_id=h.get("x-request-id"),
                    code=body.get("code"), type=body.get("type"), headers=h)


CLIENTS = (Mistral,)
