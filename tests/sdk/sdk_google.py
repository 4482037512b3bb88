# SPDX-License-Identifier: MIT OR Unlicense
"""google-genai: generateContent, chats, automatic function calling, embeddings."""
import logging

from google import genai
from google.genai import errors as gerrors, types as gtypes
from pydantic import BaseModel

from common import Answer, Client, HELLO, QUESTION, SCHEMA

logging.getLogger("google_genai").setLevel(logging.ERROR)


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


class Gemini(Client):
    name, own = "gemini", "gemini"
    parallel_switch = request_ids = False
    names = ("model",)
    statuses = {"err-401": 401}

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

    def embed(self, model, texts, dims):
        r = self.sdk.models.embed_content(model=model, contents=texts, config=gtypes.EmbedContentConfig(output_dimensionality=dims))
        return [e.values for e in r.embeddings], None

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


CLIENTS = (Gemini,)
