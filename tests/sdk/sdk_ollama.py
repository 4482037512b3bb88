# SPDX-License-Identifier: MIT OR Unlicense
"""ollama: chat, embed, list. Its calls have no ids; its exceptions no headers."""
import ollama

from common import Answer, Client, QUESTION, SCHEMA


class Ollama(Client):
    name, own = "ollama", "ollama"
    names, parallel_switch, keeps, counts, request_ids, headers = ("model",), False, "text", (), False, False
    finishes = {"stop": "stop", "tools": "stop", "length": "length", "filter": "stop"}
    base_error = ollama.ResponseError
    classes = {status: ollama.ResponseError for status in (400, 401, 403, 404, 429, 500, 503)}

    def __init__(self, url, key):
        self.sdk = ollama.Client(host=url, headers={"Authorization": "Bearer " + key}, timeout=20)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None,
            retries=True, system=None, **more):
        message = {"role": "user", "content": text}
        if image is not None:
            message["images"] = [image]
        messages = ([{"role": "system", "content": system}] if system else []) + [message]
        if history:
            turn, results = history
            messages.append(turn.again)
            messages += [{"role": "tool", "tool_name": c[1], "content": r} for c, r in zip(turn.calls, results)]
        if tools:
            more["tools"] = [{"type": "function", "function": {"name": n, "description": "d", "parameters": SCHEMA}} for n in tools]
        if think:
            more["think"] = True
        if schema:
            more["format"] = schema
        more.setdefault("options", {"num_predict": 2000})
        chunks = self.sdk.chat(model=model, messages=messages, stream=stream, **more)
        chunks = list(chunks) if stream else [chunks]
        if not chunks or not chunks[-1].done or any(c.done for c in chunks[:-1]):
            raise self.base_error("the stream did not end")
        last, m = chunks[-1], [c.message for c in chunks]
        text, thought = "".join(x.content or "" for x in m), "".join(x.thinking or "" for x in m)
        calls = [c for x in m for c in x.tool_calls or []]
        again = dict({"role": "assistant", "content": text}, **({"thinking": thought} if thought else {}), **({"tool_calls": calls} if calls else {}))
        return Answer(text=text, reasoning=thought, calls=[(i, c.function.name, dict(c.function.arguments)) for i, c in enumerate(calls)],
                      finish=last.done_reason, again=again, model=last.model, pieces=len(chunks),
                      usage={"in": last.prompt_eval_count or 0, "out": last.eval_count or 0})

    def embed(self, model, texts, dims):
        r = self.sdk.embed(model=model, input=texts, dimensions=dims)
        return [list(v) for v in r.embeddings], r.prompt_eval_count

    def models(self):
        return [m.model for m in self.sdk.list().models]

    def failure(self, e):
        return dict(cls=type(e), status=e.status_code, message=e.error, request_id=None, code=None, type=None, headers={})


CLIENTS = (Ollama,)
