# SPDX-License-Identifier: MIT OR Unlicense
"""anthropic: messages."""
import base64

import anthropic
from pydantic import BaseModel

from common import Answer, Client, QUESTION, SCHEMA


class Weather(BaseModel):
    city: str
    t: int


class Anthropic(Client):
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


CLIENTS = (Anthropic,)
