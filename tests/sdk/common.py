# SPDX-License-Identifier: MIT OR Unlicense
"""What the clients and the cases share: what the provider says, what is asked, and an answer in no dialect."""
import base64, struct, zlib

HELLO = "Hello from the provider: \"quoted\", naïve, tab\there, newline\nand 😀 done."
THOUGHT = "Let me think: the user wants \"weather\"; call the tool — then answer."
PROVIDER_KEY = "provider-key-7f3"
CLIENT_KEY = "client-key-1b9"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}
ANSWER = {"type": "object", "properties": {"city": {"type": "string"}, "t": {"type": "integer"}},
          "required": ["city", "t"], "additionalProperties": False}
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


def vector(text, dims):
    """What the provider makes of a text that is to be embedded."""
    s = 0
    for b in text.encode():
        s = (s * 31 + b) & 0xFFFF
    return [((s + i * 7) % 17 - 8) / 8 for i in range(dims)]


def eq(got, want, what=""):
    if got != want:
        raise AssertionError("%s: got %r, wanted %r" % (what, got, want))


def has(text, part, what=""):
    if part not in (text or ""):
        raise AssertionError("%s: %r is not in %r" % (what, part, text))


def data_url(image):
    return "data:image/png;base64," + base64.b64encode(image).decode()


class Answer:
    """An answer in no dialect: text, reasoning, calls [(id, name, args)], finish, usage, and `again`, the turn as the SDK gives it back."""
    def __init__(self, **kw):
        self.text, self.reasoning, self.calls, self.finish, self.usage, self.again = "", "", [], None, {}, None
        self.id, self.model, self.pieces, self.refusal = None, None, 0, None
        self.__dict__.update(kw)


class Client:
    """One SDK. What its dialect cannot say is said here, once, as data."""
    keeps = "signature"              # of reasoning, what comes back in the next turn: "signature", "text", "" nothing
    shows_reasoning = True           # the SDK hands its text out
    asks_to_see = True               # asking for reasoning is asking to see it (Responses gives a summary only then)
    counts = ("cached", "reasoning") # what usage tells beside input and output
    names = ("id", "model")          # what an answer says of itself
    parallel_switch = True           # one call at a time can be asked for
    request_ids = True               # the exception tells the id of the request
    headers = True                   # ... and the response's header lines
    direct = True                    # the oracle speaks its dialect as it is
    statuses = {}                    # of scenarios, where the dialect has its own
