# SPDX-License-Identifier: MIT OR Unlicense
"""boto3, bedrock-runtime: converse, converse_stream, invoke_model for embeddings. Requests are signed: it refuses bearer tokens over http."""
import json

import boto3
import botocore.exceptions
from botocore.config import Config

from common import Answer, Client, QUESTION, SCHEMA


class Bedrock(Client):
    name, own = "boto3", "bedrock"
    names, parallel_switch, counts = ("id",), False, ("cached",)
    statuses = {"err-401": 403}
    finishes = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "filter": "content_filtered"}
    base_error = botocore.exceptions.ClientError
    codes = {400: ("ValidationException",), 401: ("UnrecognizedClientException",), 403: ("AccessDeniedException", "UnrecognizedClientException"),
             404: ("ResourceNotFoundException",), 429: ("ThrottlingException",), 500: ("InternalServerException",),
             503: ("ServiceUnavailableException",)}
    classes = {status: botocore.exceptions.ClientError for status in codes}

    def __init__(self, url, key):
        def client(attempts):
            return boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key="s",
                                config=Config(retries={"total_max_attempts": attempts}, read_timeout=20))
        self.sdk, self.once = client(3), client(1)

    def ask(self, model, text=QUESTION, *, stream=False, tools=None, parallel=None, image=None, think=False, schema=None, history=None,
            retries=True, system=None, **more):
        sdk = self.sdk if retries else self.once
        content = [{"text": text}] + ([{"image": {"format": "png", "source": {"bytes": image}}}] if image is not None else [])
        messages = [{"role": "user", "content": content}]
        if history:
            turn, results = history
            messages.append(turn.again)
            messages.append({"role": "user", "content": [{"toolResult": {"toolUseId": c[0], "content": [{"text": r}]}}
                                                         for c, r in zip(turn.calls, results)]})
        if system:
            more["system"] = [{"text": system}]
        if tools:
            more["toolConfig"] = {"tools": [{"toolSpec": {"name": n, "description": "d", "inputSchema": {"json": SCHEMA}}} for n in tools]}
        if think:
            more["additionalModelRequestFields"] = {"thinking": {"type": "adaptive"}}
        if schema:
            more["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {
                "name": "answer", "schema": json.dumps(schema)}}}}
        more.setdefault("inferenceConfig", {"maxTokens": 2000})
        if not stream:
            r = sdk.converse(modelId=model, messages=messages, **more)
            return self.fold(r["output"]["message"], r["stopReason"], r["usage"], r["ResponseMetadata"]["RequestId"], 1)
        r = sdk.converse_stream(modelId=model, messages=messages, **more)
        role, blocks, stop, usage, n = None, {}, None, None, 0
        for e in r["stream"]:
            n += 1
            kind, v = next(iter(e.items()))
            if stop and kind != "metadata":
                raise AssertionError("%s after messageStop" % kind)
            i = v.get("contentBlockIndex")
            if kind == "messageStart":
                role = v["role"]
            elif kind == "contentBlockStart":
                blocks[i] = {"toolUse": dict(v["start"]["toolUse"], input="")}
            elif kind == "contentBlockDelta":
                self.add(blocks.setdefault(i, {}), v["delta"])
            elif kind == "contentBlockStop":
                if "toolUse" in blocks.get(i, {}):
                    blocks[i]["toolUse"]["input"] = json.loads(blocks[i]["toolUse"]["input"] or "{}")
            elif kind == "messageStop":
                stop = v["stopReason"]
            elif kind == "metadata":
                usage = v["usage"]
        return self.fold({"role": role, "content": [blocks[i] for i in sorted(blocks)]}, stop, usage, r["ResponseMetadata"]["RequestId"], n)

    @staticmethod
    def add(block, delta):
        if "text" in delta:
            block["text"] = block.get("text", "") + delta["text"]
        if "toolUse" in delta:
            block["toolUse"]["input"] += delta["toolUse"]["input"]
        if "reasoningContent" in delta:
            if "redactedContent" in delta["reasoningContent"]:
                block["reasoningContent"] = dict(delta["reasoningContent"])
                return
            t = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})["reasoningText"]
            for k, v in delta["reasoningContent"].items():
                t[k] = t.get(k, "") + v

    def fold(self, m, stop, u, ident, n):
        c = m["content"]
        cached, written = (u or {}).get("cacheReadInputTokens", 0), (u or {}).get("cacheWriteInputTokens", 0)
        return Answer(text="".join(b.get("text", "") for b in c), finish=stop, again=m, id=ident, pieces=n,
                      reasoning="".join(b["reasoningContent"]["reasoningText"]["text"] for b in c if "reasoningText" in b.get("reasoningContent", {})),
                      calls=[(b["toolUse"]["toolUseId"], b["toolUse"]["name"], b["toolUse"]["input"]) for b in c if "toolUse" in b],
                      usage=u and {"in": u["inputTokens"] + cached + written, "out": u["outputTokens"], "total": u["totalTokens"], "cached": cached})

    def embed(self, model, texts, dims):
        out, tokens = [], 0
        for t in texts:
            r = self.sdk.invoke_model(modelId=model, body=json.dumps(dict({"inputText": t}, **({"dimensions": dims} if dims else {}))))
            r = json.loads(r["body"].read())
            out.append(r["embedding"])
            tokens = None if tokens is None or "inputTextTokenCount" not in r else tokens + r["inputTextTokenCount"]
        return out, tokens

    def failure(self, e):
        meta = e.response.get("ResponseMetadata", {})
        return dict(cls=type(e), status=meta.get("HTTPStatusCode"), message=e.response["Error"]["Message"], request_id=meta.get("RequestId"),
                    code=e.response["Error"]["Code"], type=None, headers=meta.get("HTTPHeaders", {}))


CLIENTS = (Bedrock,)
