# SPDX-License-Identifier: MIT OR Unlicense
"""openai: chat completions, responses, embeddings."""
import json

import openai
from pydantic import BaseModel

from common import Answer, Client, QUESTION, SCHEMA, data_url, eq


class Weather(BaseModel):
    city: str
    t: int


class Chat(Client):
    name, own, asks_to_see = "openai", "openai-chat", False

    def __init__(self, url, key):
        from openai.lib.streaming._deltas import accumulate_delta
        self.accumulate = accumulate_delta
        self.sdk = openai.OpenAI(base_url=url + "/v1", api_key=key, timeout=20)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None, retries=True, system=None, **more):
        sdk = self.sdk if retries else self.sdk.with_options(max_retries=0)
        content = text if image is None else [{"type": "text", "text": text}, {"type": "image_url", "image_url": {
            "url": data_url(image)}}]
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

    def embed(self, model, texts, dims):
        r = self.sdk.embeddings.create(model=model, input=texts, **({"dimensions": dims} if dims else {}))
        f = self.sdk.embeddings.create(model=model, input=texts, encoding_format="float", **({"dimensions": dims} if dims else {}))
        eq([d.embedding for d in f.data], [d.embedding for d in r.data], "float and base64")
        return [d.embedding for d in r.data], r.usage.prompt_tokens

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


class Responses(Client):
    name, own = "responses", "openai-responses"
    base_error, classes = openai.APIError, Chat.classes
    finishes = {"stop": "completed", "tools": "completed", "length": "incomplete: max_output_tokens", "filter": "incomplete: content_filter"}

    def __init__(self, url, key):
        self.sdk = openai.OpenAI(base_url=url + "/v1", api_key=key, timeout=20)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None,
            retries=True, system=None, **more):
        sdk = self.sdk if retries else self.sdk.with_options(max_retries=0)
        content = text if image is None else [{"type": "input_text", "text": text},
                                              {"type": "input_image", "detail": "auto", "image_url": data_url(image)}]
        items = [{"role": "user", "content": content}]
        if history:
            turn, results = history
            items += turn.again
            items += [{"type": "function_call_output", "call_id": c[0], "output": r} for c, r in zip(turn.calls, results)]
        if system:
            more["instructions"] = system
        if tools:
            more["tools"] = [{"type": "function", "name": n, "description": "d", "parameters": SCHEMA, "strict": False} for n in tools]
        if parallel is not None:
            more["parallel_tool_calls"] = parallel
        if think:
            more["reasoning"] = {"effort": "high", "summary": "auto"}
            more["include"] = ["reasoning.encrypted_content"]
        if schema:
            more["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}}
        more.setdefault("max_output_tokens", 2000)
        if not stream:
            return self.fold(sdk.responses.create(model=model, input=items, store=False, **more), 1)
        n, last, words = 0, None, {}
        with sdk.responses.create(model=model, input=items, store=False, stream=True, **more) as s:
            for e in s:
                if e.type != "error":            # an error at the transport may come without number
                    eq(e.sequence_number, n, "sequence")
                n += 1
                eq(last, None, "an event after the end")
                if e.type == "error" or e.type == "response.failed":
                    err = e if e.type == "error" else e.response.error
                    raise openai.APIError(err.message, request=None, body={"message": err.message, "code": err.code, "type": None})
                if e.type.endswith(".delta"):
                    words[e.output_index] = words.get(e.output_index, "") + e.delta
                if e.type in ("response.completed", "response.incomplete"):
                    last = e.response
        if last is None:
            raise openai.APIError("the stream ended without a response", request=None, body=None)
        for i, item in enumerate(last.output):   # the pieces are the whole
            whole = {"message": lambda: "".join(getattr(c, "text", None) or getattr(c, "refusal", "") for c in item.content),
                     "function_call": lambda: item.arguments, "reasoning": lambda: "".join(s.text for s in item.summary)}
            eq(words.get(i, ""), whole[item.type](), "deltas of item %d" % i)
        return self.fold(last, n)

    def fold(self, r, n):
        if r.error:
            raise openai.APIError(r.error.message, request=None, body={"message": r.error.message, "code": r.error.code, "type": None})
        parts = [c for i in r.output if i.type == "message" for c in i.content]
        u = r.usage
        return Answer(text=r.output_text, reasoning="".join(s.text for i in r.output if i.type == "reasoning" for s in i.summary),
                      refusal="".join(c.refusal for c in parts if c.type == "refusal") or None,
                      calls=[(i.call_id, i.name, json.loads(i.arguments or "{}")) for i in r.output if i.type == "function_call"],
                      finish=r.status + (": " + r.incomplete_details.reason if r.incomplete_details else ""),
                      again=[i.model_dump(exclude_none=True) for i in r.output], id=r.id, model=r.model, pieces=n,
                      usage=u and {"in": u.input_tokens, "out": u.output_tokens, "total": u.total_tokens,
                                   "cached": u.input_tokens_details.cached_tokens, "reasoning": u.output_tokens_details.reasoning_tokens})

    def parsed(self, model):
        return self.sdk.responses.parse(model=model, input=QUESTION, text_format=Weather).output_parsed

    def helper(self, model):
        """The SDK's own accumulator; it checks more than the plain stream."""
        with self.sdk.responses.stream(model=model, input=QUESTION) as s:
            for _ in s:
                pass
            return s.get_final_response().output_text

    def models(self):
        return [m.id for m in self.sdk.models.list()]

    failure = Chat.failure


CLIENTS = (Chat, Responses)
