/* SPDX-License-Identifier: MIT OR Unlicense */
/* aigw.h - an LLM gateway in one C file: any dialect to any dialect, streams, errors, failover; no malloc, no I/O of its own.
 *
 * Quick start. In exactly one .c file AIGW_IMPLEMENTATION is defined before the include; everywhere else the include is enough. This program writes
 * a request of OpenAI Chat for Anthropic Messages; `make test` compiles and runs it. >>client is the short way to ask a provider, >>exchange carries one request of a server, >>hub what outlives it.
 *
 *     #define AIGW_IMPLEMENTATION
 *     #include "aigw.h"
 *     #include <stdio.h>
 *
 *     int main(void) {
 *         static char mem[16384], text[4096];
 *         const char *body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"seed\":7}";
 *         aigw_arena a = aigw_base_arena(mem, sizeof mem);
 *         aigw_header fields[16];
 *         aigw_head head = { { NULL, 0 }, { NULL, 0 }, 0, fields, 0, 16 };
 *         aigw_loss_item items[16];
 *         aigw_loss loss;
 *         aigw_fault fault;
 *         aigw_req req;
 *         aigw_target to;
 *         aigw_out out;
 *         memset(&to, 0, sizeof to);
 *         to.id = aigw_base_str("claude-x");
 *         aigw_model_loss_init(&loss, items, 16);
 *         loss.doc = aigw_base_str(body);
 *         aigw_base_out_init(&out, text, sizeof text, NULL, 0);
 *         if (aigw_dialect_openai.req_decode(NULL, loss.doc, &a, &req, &fault) ||
 *             aigw_dialect_anthropic.req_encode(&req, &to, &a, &head, &out, &loss)) return 1;
 *         printf("%.*s\n", (int)out.buf.n, text);
 *         for (size_t i = 0; i < loss.n; i++) printf("%s: %s\n", loss.items[i].path, loss.items[i].reason);
 *         return 0;
 *     }
 *
 * Contracts
 *   memory   Everything is in the caller's memory: no malloc, no globals, no mutable statics. Too little of it is an error or
 *            back-pressure, never undefined behavior. Structs are visible so that they can be allocated; members under a
 *            "private" comment are outside the promise. All-zero configuration means the defaults.
 *   time     `aigw_now` comes in by value wherever time matters; the library never asks for it, nor for randomness.
 *   input    Every incremental parser gives the same output however its input is cut, down to single bytes.
 *   libc     memcpy memmove memcmp memset strlen, nothing else.
 *   threads  Objects are independent: use one object from one thread at a time, as many objects as you like.
 *   errors   Functions return >= 0 or AIGW_E_*; a request that failed at a provider is an `aigw_error` with an `aigw_kind`.
 *
 * What it does not do: sockets, TLS, DNS, clocks, files, threads, HTTP/2, compression.
 *
 * Configuration macros, to be defined before the implementation is included; bytes of .text that each saves: x86-64 / Cortex-M4, gcc -Os, of all (`make size`)
 *   AIGW_API             storage class of public functions. Default: extern (C linkage)
 *   AIGW_STATIC          makes them all static
 *   AIGW_ASSERT(x)       check of the programmer's promises and of invariants. Default: nothing
 *   AIGW_NO_TEXT         leaves out the sentences of aigw_base_error_text and of HTTP faults, and reason phrases: 2,613 / 2,420
 *   AIGW_CLIENT_ONLY     leaves out the clients' side of every dialect, and with it >>exchange, for programs that only ask: 80,002 / 50,144
 *   AIGW_NO_OPENAI       leaves out >>dialect.openai: 61,131 / 38,251
 *   AIGW_NO_ANTHROPIC    leaves out >>dialect.anthropic: 52,381 / 33,361
 *   AIGW_NO_GEMINI       leaves out >>dialect.gemini: 49,686 / 32,284
 *   AIGW_PATH_MAX        bytes of a field path in errors and loss reports. Default 96
 *   AIGW_JSON_DEPTH      deepest JSON nesting accepted. Default 64; 32 saves 32 bytes of each reader (aigw_json)
 *   AIGW_CHOICES         most answers (`n`, candidates) of one request. Default 8
 *   AIGW_BLOCKS          most blocks of one answer that may be open at once. Default 32; 16 save 576 bytes of aigw_attempt, 1,408 of aigw_exchange
 *
 * Table of contents: search for the tag, once for the promise ("api"), once for the proof
 *   >>base                     slices, arena, writer, pieces, utf-8, numbers, dates   uses: -
 *   >>digest                   sha256, siphash, constant-time compare                 uses: base
 *   >>json                     pull reader, writer, raw values                        uses: base
 *   >>http                     HTTP/1.1 heads and bodies, both roles                  uses: base
 *   >>frame.sse .array         one framing each: bytes -> named payloads              uses: base
 *   >>model                    canonical request, response, event, kinds, loss        uses: base json
 *   >>dialect                  the table type and what dialects share                 uses: base digest json model
 *   >>dialect.family           providers' accents as rows, and their reader           uses: base digest json model dialect
 *   >>dialect.openai           OpenAI Chat Completions                                uses: base digest json model dialect family
 *   >>dialect.anthropic        Anthropic Messages                                     uses: base digest json model dialect family
 *   >>dialect.gemini           Gemini generateContent                                 uses: base digest json model dialect family
 *   >>registry                 providers and models as data, from JSON                uses: base json model dialect family
 *   >>attempt                  one try at one provider, look and commit               uses: base digest http frame model dialect family registry
 *   >>hub                      what lives between requests                            uses: everything above
 *   >>exchange                 one request over the I/O callbacks                     uses: everything above
 *   >>client                   the short way in                                       uses: base model dialect attempt
 */
#ifndef AIGW_H
#define AIGW_H

#include <stddef.h>
#include <stdint.h>

#define AIGW_VERSION "0.1.0"

#ifdef AIGW_STATIC
#  define AIGW_API static
#endif
#ifndef AIGW_API
#  define AIGW_API extern
#endif
#ifndef AIGW_PATH_MAX
#  define AIGW_PATH_MAX 96
#endif
#ifndef AIGW_JSON_DEPTH
#  define AIGW_JSON_DEPTH 64
#endif
#ifndef AIGW_CHOICES
#  define AIGW_CHOICES 8
#endif
#ifndef AIGW_BLOCKS
#  define AIGW_BLOCKS 32
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- >>base api --------------------------------------------------------------------------------------------------- */

/* What this library could not do. Negative, so that counts stay non-negative. AIGW_OK is 0. */
#define AIGW_E_LIST(X) \
    X(NOMEM,       -1,  "the memory given is too small") \
    X(SYNTAX,      -2,  "malformed input") \
    X(LIMIT,       -3,  "a configured limit was exceeded, such as depth or size") \
    X(TYPE,        -4,  "a value has the wrong type") \
    X(DUPLICATE,   -5,  "a member occurs twice") \
    X(MISSING,     -6,  "a required member is missing") \
    X(VALUE,       -7,  "a value is out of range or not one of those known") \
    X(REFUSED,     -8,  "the target cannot express this, and the answer would be wrong without it") \
    X(UNSUPPORTED, -9,  "this dialect does not have this operation") \
    X(CLOCK,       -10, "this needs the wall clock, which is unknown") \
    X(STATE,       -11, "called in the wrong state") \
    X(AGAIN,       -12, "nothing now; try again when the callback's source is ready") \
    X(IO,          -13, "an I/O callback failed") \
    X(CLOSED,      -14, "the peer closed the connection")
typedef enum {
    AIGW_OK = 0,
#define X(name, code, text) AIGW_E_##name = code,
    AIGW_E_LIST(X)
#undef X
    AIGW_E_ENUM_END = 1
} aigw_err;
#define AIGW_AGAIN AIGW_E_AGAIN

/* A borrowed slice, never NUL-terminated; n == 0 allows p == NULL. As identifier: decoded UTF-8. */
typedef struct { const char *p; size_t n; } aigw_str;
#define AIGW_STR(lit) { "" lit, sizeof(lit) - 1 }              /* initializer from a literal */

/* Content, borrowed, in the form in which it came. */
typedef enum {
    AIGW_TEXT_PLAIN = 0,      /* UTF-8; the writer escapes */
    AIGW_TEXT_ESCAPED,        /* content of a JSON string as on the wire, validated, without its quotes; writers copy it */
    AIGW_TEXT_LONE,           /* the same, and it holds lone surrogate escapes: writers turn each into U+FFFD */
    AIGW_TEXT_JSON            /* one whole JSON value */
} aigw_text_form;
typedef struct { const char *p; size_t n; uint8_t form; } aigw_text;

/* A piece of caller memory that things are taken from. Mark = copy the struct; rewind = copy it back. */
typedef struct { unsigned char *at, *end; } aigw_arena;

/* Bytes being written: n counts what was wanted; n > cap means that it did not fit (and says what would have). */
typedef struct { char *p; size_t n, cap; } aigw_buf;

/* A text being written as a list of pieces: short things are copied to `buf`, long borrowed slices (>= 64 bytes) are
   only referenced, and must live as long as the list is used. Without pieces (`cap` 0), or when they run out, all is
   copied. Sticky: write everything, then ask aigw_base_out_end once. Borrowed: both arrays. */
typedef struct {
    aigw_buf  buf;
    aigw_str *pieces;
    size_t    n, cap;          /* pieces used, and room */
    size_t    bytes;           /* length of the whole text so far */
    size_t    open;            /* private: start in buf of what is not listed as a piece yet */
    uint8_t   comma;           /* private to >>json: a value stands before */
} aigw_out;

/* Time: monotonic nanoseconds, and wall-clock seconds since 1970 or 0 when unknown. */
typedef struct { uint64_t mono_ns; int64_t wall_s; } aigw_now;
#define AIGW_NEVER UINT64_MAX                                  /* a deadline that does not come */

/* What is wrong with an input. Filled by every decoder that fails; the first fault wins. */
typedef struct {
    int         code;                  /* AIGW_E_*; 0: nothing is wrong */
    size_t      at;                    /* byte offset in the input */
    const char *text;                  /* static: one sentence */
    char        path[AIGW_PATH_MAX];   /* "messages[2].content[0].text", NUL-terminated; "": the whole input */
} aigw_fault;

/* One header field, and the head of a request (method, target) or of a response (status). Slices and array are
   borrowed. It stands here because >>http reads it and dialects write it, and neither knows the other. */
typedef struct { aigw_str name, value; } aigw_header;
typedef struct {
    aigw_str     method, target;       /* "POST", "/v1/messages?beta=true" */
    int          status;               /* 200; 0 in a request */
    aigw_header *headers;
    size_t       n, cap;               /* headers used, and room */
} aigw_head;

/* The sentence of an AIGW_E_* code ("ok" for 0; "" under AIGW_NO_TEXT). Static. */
AIGW_API const char *aigw_base_error_text(int code);
/* A slice of a NUL-terminated string; NULL gives an empty one. */
AIGW_API aigw_str aigw_base_str(const char *s);
/* 1 when both are equal byte by byte. */
AIGW_API int aigw_base_eq(aigw_str a, aigw_str b);
/* 1 when both are equal but for the case of ASCII letters. */
AIGW_API int aigw_base_eq_nocase(aigw_str a, aigw_str b);
/* Offset of `what` in `s` at or after `from`, or s.n when it is not there. An empty `what` is found at `from`. */
AIGW_API size_t aigw_base_find(aigw_str s, aigw_str what, size_t from);

/* An arena over mem[0..n). */
AIGW_API aigw_arena aigw_base_arena(void *mem, size_t n);
/* Take n zeroed objects of `size` bytes aligned to `align` (a power of two). NULL when it does not fit. Owned by the
   arena's memory. */
AIGW_API void *aigw_base_take(aigw_arena *a, size_t n, size_t size, size_t align);
/* A copy of s in the arena. p is NULL, with n != 0, when it does not fit. */
AIGW_API aigw_str aigw_base_copy(aigw_arena *a, aigw_str s);

/* Begin a text in mem[0..cap) with pieces[0..npieces) (0 pieces: everything is copied). */
AIGW_API void aigw_base_out_init(aigw_out *o, void *mem, size_t cap, aigw_str *pieces, size_t npieces);
/* Append a copy of s. */
AIGW_API void aigw_base_put(aigw_out *o, aigw_str s);
/* Append s by reference when that pays (>= 64 bytes and pieces left), else a copy. */
AIGW_API void aigw_base_ref(aigw_out *o, aigw_str s);
/* Append one byte; a NUL-terminated literal; a decimal number. */
AIGW_API void aigw_base_put_byte(aigw_out *o, char c);
AIGW_API void aigw_base_put_lit(aigw_out *o, const char *s);
AIGW_API void aigw_base_put_int(aigw_out *o, int64_t v);
/* Append base64 [RFC 4648 section 4, padded] of s; append the bytes that base64 or base64url text `s` stands for
   (padding optional). The second returns AIGW_OK, or AIGW_E_SYNTAX with nothing said about what was appended. */
AIGW_API void aigw_base_put_base64(aigw_out *o, aigw_str s);
AIGW_API int  aigw_base_put_unbase64(aigw_out *o, aigw_str s);
/* End the text: lists what is pending. Returns AIGW_OK, or AIGW_E_NOMEM when it did not fit (o->buf.n is the scratch
   it wanted). */
AIGW_API int aigw_base_out_end(aigw_out *o);
/* The text as one slice: in place when it is one piece. p is NULL, with n != 0, when it is not in one place. */
AIGW_API aigw_str aigw_base_out_str(const aigw_out *o);

/* Length of the longest valid UTF-8 prefix of s [RFC 3629]; s.n when all is valid. */
AIGW_API size_t aigw_base_utf8(aigw_str s);
/* A decimal integer that is all of s, with optional '-'. 1 and *v, or 0 (not a number, or outside int64). */
AIGW_API int aigw_base_int(aigw_str s, int64_t *v);
/* A JSON number that is all of s as millionths, rounded toward zero, saturating. 1 and *micro, or 0. */
AIGW_API int aigw_base_micro(aigw_str s, int64_t *micro);
/* Durations to milliseconds, rounded down: Go's "1h2m3.5s" "120ms" "6m0s", protobuf's "34.07s", and bare seconds "20"
   "1.5". -1 when it is none of these; INT64_MAX from 292 years on. */
AIGW_API int64_t aigw_base_duration_ms(aigw_str s);
/* A date to seconds since 1970: RFC 3339 "2025-08-21T12:40:59.123Z" (any offset; fractions cut) and IMF-fixdate
   "Wed, 21 Oct 2026 07:28:00 GMT". 1 and *wall_s, or 0. */
AIGW_API int aigw_base_date(aigw_str s, int64_t *wall_s);
/* Append wall_s as RFC 3339 in UTC, "2025-08-21T12:40:59Z". */
AIGW_API void aigw_base_put_date(aigw_out *o, int64_t wall_s);
/* Append ms as Go writes a duration: "6m0s", "120ms", "7.66s", "0s". */
AIGW_API void aigw_base_put_duration(aigw_out *o, int64_t ms);
/* The next of a sequence of well-mixed 64-bit numbers from *state, which the caller seeds (splitmix64; not for
   secrets). */
AIGW_API uint64_t aigw_base_random(uint64_t *state);

/* The value of the first header called `name` (any case), or an empty slice with p NULL. */
AIGW_API aigw_str aigw_base_header(const aigw_head *h, aigw_str name);
/* Append a header (slices are borrowed). AIGW_OK, or AIGW_E_NOMEM when the array is full. */
AIGW_API int aigw_base_header_put(aigw_head *h, aigw_str name, aigw_str value);

/* ---- >>digest api ------------------------------------------------------------------------------------------------- */

/* SHA-256 of s into out[0..32). [FIPS 180-4] */
AIGW_API void aigw_digest_sha256(aigw_str s, uint8_t out[32]);
/* SipHash-2-4, 64 bits, of s under key[0..16). [Aumasson, Bernstein 2012] */
AIGW_API uint64_t aigw_digest_siphash(aigw_str s, const uint8_t key[16]);
/* 1 when a[0..n) and b[0..n) are equal; the time depends on n only. */
AIGW_API int aigw_digest_equal(const void *a, const void *b, size_t n);
/* Overwrite p[0..n) with zeros in a way that the compiler keeps. For keys. */
AIGW_API void aigw_digest_wipe(void *p, size_t n);

/* ---- >>json api --------------------------------------------------------------------------------------------------- */

/* A validating pull reader over one complete text [RFC 8259]. It borrows the text and hands out slices of it. Errors are sticky:
   after the first every call answers 0, so a decoder reads straight on and asks once (aigw_json_end). Strings are checked for
   UTF-8 and escapes; numbers for grammar. Linear time; no recursion; depth at most AIGW_JSON_DEPTH.

       aigw_json_init(&j, body);
       for (aigw_json_object(&j); (f = aigw_json_field(&j, names, COUNT, &seen)) >= 0; ) switch (f) {
       case MODEL: aigw_json_str(&j, mem, &req->model); break;
       default:    aigw_json_raw(&j, &raw);
       }
       err = aigw_json_end(&j);                                                                                            */
typedef struct {
    const char *p, *at, *end;           /* text, cursor (the end after an error), end */
    int         err;                    /* AIGW_E_*; 0: fine so far */
    const char *why;                    /* static sentence of the error */
    aigw_str    key;                    /* last member's name, decoded (raw when it has escapes and is over 64 bytes decoded) */
    size_t      key_at;                 /* offset of the last member's name */
    uint8_t     loose;                  /* aigw_json_field also takes snake_case for a camelCase name (protobuf JSON) */
    /* private */
    const char *bad;                    /* where the error is; the cursor is at the end then */
    uint8_t     fresh;                  /* just entered a container: no comma wanted */
    uint16_t    depth;
    uint8_t     hint[AIGW_JSON_DEPTH + 1];   /* by depth: index after the last known name */
    char        scratch[64];            /* decoded name */
} aigw_json;

typedef enum {                          /* what value comes next */
    AIGW_JSON_NONE = 0,                 /* an error, or no value here */
    AIGW_JSON_OBJECT = '{', AIGW_JSON_ARRAY = '[', AIGW_JSON_STRING = '"', AIGW_JSON_NUMBER = '0',
    AIGW_JSON_TRUE = 't', AIGW_JSON_FALSE = 'f', AIGW_JSON_NULL = 'n'
} aigw_json_type;

/* Begin reading `text` (borrowed). White space before the value is skipped; a byte order mark is an error. */
AIGW_API void aigw_json_init(aigw_json *j, aigw_str text);
/* The type of the next value, without taking it. */
AIGW_API int aigw_json_kind(aigw_json *j);
/* Byte offset of the next value (or of the error). */
AIGW_API size_t aigw_json_at(aigw_json *j);
/* Enter an object / an array: 1, or 0 with AIGW_E_TYPE. */
AIGW_API int aigw_json_object(aigw_json *j);
AIGW_API int aigw_json_array(aigw_json *j);
/* Go to the next member / item: 1 and j stands at its value; 0 when the container ended (it is left then) or on
   error. */
AIGW_API int aigw_json_member(aigw_json *j);
AIGW_API int aigw_json_item(aigw_json *j);
/* Go to the next member and look its name up in names[0..n), n <= 64: its index, n when unknown (see j->key), -1 at
   the end of the object or on error. With `seen` a known name that occurs twice is AIGW_E_DUPLICATE (start with *seen
   = 0); NULL: the last wins. */
AIGW_API int aigw_json_field(aigw_json *j, const aigw_str *names, int n, uint64_t *seen);
/* Take a value. 1, or 0 with AIGW_E_TYPE (AIGW_E_NOMEM when decoding did not fit, AIGW_E_VALUE for a number that is
   no such integer). text: a string, as it stands (ESCAPED or LONE). str: a string decoded, into `mem` only where a
   backslash occurs; lone surrogates become U+FFFD. number: its text. int: an integer within int64 ("12.0" and "1e3"
   count). bool: 0 or 1. raw: any value's text. */
AIGW_API int aigw_json_text(aigw_json *j, aigw_text *v);
AIGW_API int aigw_json_str(aigw_json *j, aigw_arena *mem, aigw_str *v);
AIGW_API int aigw_json_number(aigw_json *j, aigw_str *v);
AIGW_API int aigw_json_int(aigw_json *j, int64_t *v);
AIGW_API int aigw_json_bool(aigw_json *j, int *v);
AIGW_API int aigw_json_raw(aigw_json *j, aigw_str *v);
AIGW_API int aigw_json_skip(aigw_json *j);
/* Take a null if one is next: 1 when it was. Never an error. */
AIGW_API int aigw_json_null(aigw_json *j);
/* Record an error of the caller's own at byte offset `at`, unless one is recorded already. Returns 0. */
AIGW_API int aigw_json_fail(aigw_json *j, int code, size_t at, const char *why);
/* All read: only white space may follow. AIGW_OK or the first error. */
AIGW_API int aigw_json_end(aigw_json *j);
/* The path ("tools[0].name") of the value or name at byte offset `at` of `text`, NUL-terminated and cut to cap (> 0)
   bytes. Scans from the start, so it is for errors and reports. Returns its length. Names that are not plain
   identifiers stand as ["na.me"]. */
AIGW_API size_t aigw_json_path(aigw_str text, size_t at, char *path, size_t cap);
/* Fill *f from a reader that failed (nothing when it did not, or when f holds a fault already). Returns j->err. */
AIGW_API int aigw_json_fault(const aigw_json *j, aigw_fault *f);
/* AIGW_OK when s is exactly one valid JSON value (white space around it allowed), of type `type` unless that is 0;
   else AIGW_E_*. */
AIGW_API int aigw_json_check(aigw_str s, int type);
/* t as UTF-8: ESCAPED and LONE are decoded into `mem` where a backslash occurs, else (and PLAIN, JSON) the slice
   itself. 1, or 0 without memory. */
AIGW_API int aigw_json_decode(aigw_text t, aigw_arena *mem, aigw_str *v);

/* The writer: commas are its own affair. What is put by hand (aigw_base_put...) begins a new text: no comma comes
   after it. */
AIGW_API void aigw_json_open(aigw_out *o, char bracket);           /* '{' or '[' */
AIGW_API void aigw_json_close(aigw_out *o, char bracket);          /* '}' or ']' */
AIGW_API void aigw_json_key(aigw_out *o, const char *name);        /* a literal that needs no escape */
AIGW_API void aigw_json_key_str(aigw_out *o, aigw_str name);       /* any name */
AIGW_API void aigw_json_put_str(aigw_out *o, aigw_str s);          /* plain UTF-8 as a string; invalid bytes become U+FFFD */
AIGW_API void aigw_json_put_text(aigw_out *o, aigw_text t);        /* as a string (JSON form: its text, as a string) */
AIGW_API void aigw_json_put_value(aigw_out *o, aigw_text t);       /* JSON form: the value itself; else as put_text */
AIGW_API void aigw_json_put_raw(aigw_out *o, aigw_str json);       /* one value, copied or referenced as it is */
AIGW_API void aigw_json_put_int(aigw_out *o, int64_t v);
AIGW_API void aigw_json_put_bool(aigw_out *o, int v);
AIGW_API void aigw_json_put_null(aigw_out *o);
/* The inside of a string, to write one string from several texts: quote, then any number of these, then quote. */
AIGW_API void aigw_json_open_str(aigw_out *o);
AIGW_API void aigw_json_part(aigw_out *o, aigw_text t);            /* escaped as put_text does; JSON form: its text escaped */
AIGW_API void aigw_json_close_str(aigw_out *o);

/* ---- >>http api --------------------------------------------------------------------------------------------------- */

/* An incremental reader of HTTP/1.1 messages, one direction of one connection [RFC 9110, 9112]. Strict where
   smuggling lives: two lengths (even equal ones), length with chunked, any coding but chunked, a line not ended by
   CRLF, folded lines, a space before a colon, no or two hosts, a URL as target whose host is not the host field's are
   errors. Sizes of chunks are at most 2^31-1; a chunk's extensions, and all trailers (which are discarded), at most 4
   KiB. At most 16 1xx responses are skipped before a response, at most 16 empty lines before a request. */
typedef enum { AIGW_HTTP_REQUEST = 0, AIGW_HTTP_RESPONSE } aigw_http_role;
typedef enum {
    AIGW_HTTP_NONE = 0,      /* all input was taken; more is needed */
    AIGW_HTTP_HEAD,          /* http->head is complete */
    AIGW_HTTP_BODY,          /* item->body is a piece of the body, a slice of the bytes fed */
    AIGW_HTTP_END            /* the message is complete; the next feed begins the next one */
} aigw_http_event;
typedef struct { int event; aigw_str body; } aigw_http_item;
typedef struct {
    aigw_head   head;            /* slices point into the head memory: valid until the first byte of the next message is fed. The target is a
                                    path ("http://h/a" is given as "/a"), or "*" of OPTIONS; names and values are as they came */
    int         keep_alive;      /* after HEAD: the connection may be used again when this message ended */
    int         expect_continue; /* after HEAD: the client waits for 100 Continue */
    int64_t     length;          /* after HEAD: body length (0 when there is no body, whatever is stated); -1: chunked, -2: until close */
    int         err;             /* sticky AIGW_E_* */
    const char *why;             /* static sentence of the error */
    size_t      at;              /* bytes of this message read so far: the offset of the error */
    int         no_body;         /* set by the caller before the head of a response to HEAD; END clears it */
    /* private */
    uint8_t     role, state, skip;
    unsigned    flags, controls;
    char       *mem;
    size_t      n, cap, line;    /* bytes of the head, room, start of the last line */
    uint64_t    left;            /* bytes of the body or chunk to come */
    uint32_t    extra;           /* bytes of a chunk's size line, or of trailers, so far */
} aigw_http;

/* mem[0..cap) holds one head at a time (16 KiB is usual), headers[0..n) its fields; both are borrowed until the
   object is not used any more. */
AIGW_API void aigw_http_init(aigw_http *h, int role, void *mem, size_t cap, aigw_header *headers, size_t n);
/* Forget everything and begin a new message in the same memory. */
AIGW_API void aigw_http_reset(aigw_http *h);
/* Take bytes up to the next event. Returns how many were taken (the event is in *item), or AIGW_E_SYNTAX,
   AIGW_E_LIMIT (head too large, too many fields), sticky. Call again with the rest until the event is NONE; an END
   may come without taking a byte. */
AIGW_API int aigw_http_feed(aigw_http *h, const void *p, size_t n, aigw_http_item *item);
/* The peer closed cleanly (TLS close_notify, or FIN): 1 the message is complete (no END comes any more), 0 nothing
   had begun, AIGW_E_CLOSED (sticky) cut short, or the error that came before. */
AIGW_API int aigw_http_eof(aigw_http *h);
/* 1 when a message has begun (a skipped 1xx counts) and not ended. */
AIGW_API int aigw_http_busy(const aigw_http *h);
/* Append a head: status line when head->status is not 0, else request line; head->headers; then `content-length:
   length` (length >= 0), `transfer-encoding: chunked` (-1), or neither (-2). Fields of these two names in
   head->headers are left out. AIGW_E_VALUE, with nothing appended, when a name or the method is no token, the target
   is empty or holds anything but visible ASCII, a value holds a control character other than HTAB, or the status is
   not in 100..999. */
AIGW_API int aigw_http_put_head(aigw_out *o, const aigw_head *head, int64_t length);
/* Append the line that begins a chunk of n bytes; the CRLF that ends it; the last chunk. */
AIGW_API void aigw_http_put_chunk(aigw_out *o, size_t n);
AIGW_API void aigw_http_put_chunk_end(aigw_out *o);
AIGW_API void aigw_http_put_last_chunk(aigw_out *o);
/* The reason phrase of a status ("Too Many Requests"); "" when unknown. Static. */
AIGW_API const char *aigw_http_reason(int status);

/* ---- >>frame.sse api ---------------------------------------------------------------------------------------------- */

/* A framing turns bytes into complete payloads. All framings hand out this. Slices point into the framing's memory
   and are valid until the next call. */
typedef struct {
    aigw_str name;               /* SSE `event:`; empty when there is none */
    aigw_str payload;            /* SSE data lines joined by LF; one array item. p is NULL when the frame is no event (see `comments`) */
    aigw_str raw;                /* SSE: the bytes of the frame as they came, to the end of the empty line, with the comment line just before;
                                    an array item: the payload */
} aigw_frame;

/* All framings keep this: the bytes of the frame that is not complete yet, in the caller's memory (borrowed until
   moved or not used any more). Any size will do to begin with: when a frame does not fit, feed takes nothing and
   `want` says which size goes on. */
typedef struct {
    char    *mem;
    size_t   cap, n, start;      /* memory, bytes used of it; mem[start..n) is held: after next gave 0, feed takes cap - (n - start) bytes */
    int      err;                /* sticky AIGW_E_* */
    size_t   want;               /* not 0: feed takes no more until memory of this size was given (aigw_sse_move) */
    int      comments;           /* SSE: 1 hands out what is no event too (comments, empty lines, blocks without data), with payload.p NULL, so that
                                    all `raw` together are the input (less a byte order mark and an unterminated end). Default 0 */
    int      ended;              /* array: 1 after the closing bracket */
    /* private */
    size_t   at, line;                            /* next byte to look at; start of the line */
    size_t   name_at, name_n, data_at, data_n;    /* relative to start */
    uint32_t count;                               /* data lines (2: several); open brackets */
    uint8_t  state, cr, crlf, bom, ready, alone;
} aigw_window;
typedef aigw_window aigw_sse;

/* Server-sent events [WHATWG HTML, section 9.2]. LF, CRLF, CR; BOM; comments; several data lines; an unterminated
   last event is dropped. Events without a data line are dropped. `data:` alone is an event with an empty payload.
   Bytes are not checked for UTF-8. A field called `error` (GPUStack, recorded 2026) counts as data and names the
   frame "error". */
AIGW_API void aigw_sse_init(aigw_sse *s, void *mem, size_t cap);
/* Move to other memory, larger or smaller (the old may be reused after, and may overlap). AIGW_E_NOMEM when cap is
   smaller than what is held. */
AIGW_API int aigw_sse_move(aigw_sse *s, void *mem, size_t cap);
/* Take bytes: how many were taken (fewer than n: call next until it gives 0, then see `want` and feed the rest), or <
   0. */
AIGW_API int aigw_sse_feed(aigw_sse *s, const void *p, size_t n);
/* 1: *f is the next frame; 0: none now (see `want`); < 0: error. */
AIGW_API int aigw_sse_next(aigw_sse *s, aigw_frame *f);

/* ---- >>frame.array api -------------------------------------------------------------------------------------------- */

/* One JSON array that arrives in pieces (Gemini without alt=sse): its items, each as one payload. Not validated
   beyond finding where an item ends. Same calls and same rules as aigw_sse. `ended` is 1 after the closing bracket;
   bytes other than white space after it are AIGW_E_SYNTAX. A text that is one object instead of an array (Gemini's
   errors) is handed out as one item. */
typedef aigw_window aigw_array;
AIGW_API void aigw_array_init(aigw_array *s, void *mem, size_t cap);
AIGW_API int  aigw_array_move(aigw_array *s, void *mem, size_t cap);
AIGW_API int  aigw_array_feed(aigw_array *s, const void *p, size_t n);
AIGW_API int  aigw_array_next(aigw_array *s, aigw_frame *f);

/* ---- >>model api -------------------------------------------------------------------------------------------------- */

/* What went wrong with a request: the only list of kinds. HTTP status towards a client, what a retry may do, and the
   `error_type` label of metrics. */
#define AIGW_KIND_LIST(X) \
    X(NONE,            200, NEVER, "ok") \
    X(INVALID_REQUEST, 400, NEVER, "invalid_request") \
    X(AUTH,            401, OTHER, "auth") \
    X(PERMISSION,      403, OTHER, "permission") \
    X(NOT_FOUND,       404, OTHER, "not_found") \
    X(CONFLICT,        409, WAIT,  "conflict") \
    X(TOO_LARGE,       413, NEVER, "too_large") \
    X(CONTEXT_LENGTH,  400, OTHER, "context_length") \
    X(CONTENT_FILTER,  400, NEVER, "content_filter") \
    X(RATE_LIMIT,      429, WAIT,  "rate_limit") \
    X(QUOTA,           429, OTHER, "quota") \
    X(OVERLOADED,      503, WAIT,  "overloaded") \
    X(SERVER,          500, WAIT,  "server") \
    X(TIMEOUT,         504, WAIT,  "timeout") \
    X(CONNECT,         502, WAIT,  "connect") \
    X(TLS,             502, OTHER, "tls") \
    X(DNS,             502, OTHER, "dns") \
    X(BAD_RESPONSE,    502, OTHER, "bad_response") \
    X(TRUNCATED,       502, WAIT,  "truncated") \
    X(CANCELLED,       499, NEVER, "cancelled") \
    X(BUDGET,          402, NEVER, "budget") \
    X(BUSY,            503, WAIT,  "busy") \
    X(NO_ROUTE,        404, NEVER, "no_route") \
    X(CIRCUIT_OPEN,    503, WAIT,  "circuit_open") \
    X(INTERNAL,        500, NEVER, "internal")
typedef enum {
#define X(name, http, retry, label) AIGW_KIND_##name,
    AIGW_KIND_LIST(X)
#undef X
    AIGW_KIND_COUNT
} aigw_kind;
typedef enum {
    AIGW_RETRY_NEVER = 0,    /* the same request fails again anywhere */
    AIGW_RETRY_WAIT,         /* the same target after a wait, or another at once */
    AIGW_RETRY_OTHER         /* only another target */
} aigw_retry;
AIGW_API int         aigw_model_kind_status(int kind);   /* HTTP status towards a client */
AIGW_API int         aigw_model_kind_retry(int kind);    /* AIGW_RETRY_* */
AIGW_API const char *aigw_model_kind_name(int kind);     /* "rate_limit"; static */

/* A request that failed. All slices are decoded UTF-8, borrowed from where the error was read (or static). */
typedef struct {
    uint8_t  kind;             /* AIGW_KIND_* */
    uint8_t  retry;            /* AIGW_RETRY_*; the kind's own, or what the provider said (x-should-retry) */
    int      status;           /* the provider's HTTP status; 0: none (transport, in-stream, our own) */
    int64_t  retry_after_ms;   /* -1: not said */
    aigw_str message;          /* the provider's words, keys in it replaced */
    aigw_str type, code, param;/* the provider's own words, "" where it has none */
    aigw_str request_id;       /* the provider's */
    aigw_str provider;         /* who said it: provider name of the target; "" = this gateway */
    aigw_str advice;           /* one sentence of what to do; "" = none */
} aigw_error;

/* Tokens. input includes cached and cache_write; output includes reasoning. A member counts only when its bit is in
   `has`. */
typedef enum {
    AIGW_USAGE_INPUT = 1, AIGW_USAGE_CACHED = 2, AIGW_USAGE_CACHE_WRITE = 4, AIGW_USAGE_OUTPUT = 8, AIGW_USAGE_REASONING = 16,
    AIGW_USAGE_INPUT_AUDIO = 32, AIGW_USAGE_OUTPUT_AUDIO = 64
} aigw_usage_bit;
typedef struct {
    uint32_t has;
    int64_t  input, cached, cache_write, output, reasoning, input_audio, output_audio;
} aigw_usage;

/* What a provider's rate-limit headers say; -1: not said. Times are milliseconds from now. */
typedef struct { int64_t limit, remaining, reset_ms; } aigw_limit;
typedef struct {
    aigw_limit requests, tokens, input_tokens, output_tokens;
    int64_t    retry_after_ms;
} aigw_limits;

/* ---- content */

typedef enum {
    AIGW_PART_TEXT = 0, AIGW_PART_IMAGE, AIGW_PART_AUDIO, AIGW_PART_FILE, AIGW_PART_TOOL_CALL, AIGW_PART_TOOL_RESULT,
    AIGW_PART_REASONING, AIGW_PART_REFUSAL, AIGW_PART_OTHER
} aigw_part_kind;
typedef enum {                 /* where the bytes of an image, audio or file are */
    AIGW_SOURCE_BYTES = 0,     /* text = base64 (standard alphabet, padded), mime says what */
    AIGW_SOURCE_URL,           /* text = URL */
    AIGW_SOURCE_FILE,          /* id = the provider's file id or URI */
    AIGW_SOURCE_TEXT           /* text = a plain-text document itself */
} aigw_source;
typedef enum { AIGW_OPAQUE_SIGNATURE = 0, AIGW_OPAQUE_REDACTED } aigw_opaque_kind;
typedef enum { AIGW_NOTE_CITATION = 0, AIGW_NOTE_LOGPROBS, AIGW_NOTE_SAFETY, AIGW_NOTE_SIGNATURE, AIGW_NOTE_OTHER } aigw_note_kind;

/* State that only its owner understands: a thinking signature, a thought signature, encrypted or redacted reasoning.
   It is given back to the dialect that made it unchanged, and to nobody else. */
typedef struct {
    uint8_t   kind;            /* AIGW_OPAQUE_* */
    aigw_str  owner, model;    /* dialect name ("gemini"); model id, "" when unknown */
    aigw_text data;            /* as a string, never JSON form */
    size_t    at;              /* of its member, in a request; 0: unknown, then the part's place stands for it */
} aigw_opaque;

/* A remark on a part or choice, in the words of the dialect that made it. */
typedef struct aigw_note {
    struct aigw_note *next;
    uint8_t  kind;             /* AIGW_NOTE_*, not SIGNATURE (that becomes the part's state) */
    aigw_str dialect;          /* whose raw JSON it is */
    aigw_str json;             /* one JSON value: one citation object; a logprobs object; ... */
    size_t   at;
} aigw_note;

/* One part of a message or of an answer. `at` is everywhere the byte offset of the thing in the body it was read from
   (AIGW_NOWHERE: made here), so that a loss can be reported by its path in the caller's own words. */
#define AIGW_NOWHERE SIZE_MAX
typedef struct aigw_part {
    struct aigw_part *next;
    uint8_t      kind;         /* AIGW_PART_* */
    uint8_t      source;       /* media: AIGW_SOURCE_* */
    uint8_t      is_error;     /* tool result: the tool failed */
    uint8_t      custom;       /* tool call or result of a free-text (custom) tool: arguments are text, not JSON */
    uint8_t      no_id;        /* tool call or result whose id was made here, since its dialect lets it out */
    uint32_t     cache_ttl_s;  /* cache hint on this part; 0: none, 1: provider's default time */
    size_t       at;
    aigw_text    text;         /* text, reasoning, refusal: the words. Tool call: arguments (a JSON value, or a string that holds one; empty = {}).
                                  Media: by source. Other: the raw value (JSON form) */
    aigw_str     id;           /* tool call; the call that a tool result answers; file id */
    aigw_str     name;         /* tool call, tool result (if said); file name or title; other: its dialect */
    aigw_str     mime, detail; /* media: "image/png"; "low" */
    size_t       cache_at, detail_at;   /* of those members; 0: unknown, then `at` stands for it */
    struct aigw_part *parts;   /* tool result: content */
    aigw_opaque *state;        /* NULL: none */
    aigw_note   *notes;
} aigw_part;

typedef enum { AIGW_ROLE_SYSTEM = 0, AIGW_ROLE_DEVELOPER, AIGW_ROLE_USER, AIGW_ROLE_ASSISTANT, AIGW_ROLE_TOOL } aigw_role;
typedef struct aigw_message {  /* tool results stand in messages of role TOOL, one or more parts each, and nothing else stands there */
    struct aigw_message *next;
    uint8_t    role;
    size_t     at;
    aigw_str   name;           /* participant name; "" none */
    aigw_part *parts;
} aigw_message;

typedef enum { AIGW_TOOL_FUNCTION = 0, AIGW_TOOL_CUSTOM, AIGW_TOOL_HOSTED } aigw_tool_kind;
typedef struct aigw_tool {
    struct aigw_tool *next;
    uint8_t   kind;
    int8_t    strict;          /* 1, 0, -1 not said */
    uint32_t  cache_ttl_s;
    size_t    at, cache_at, strict_at;   /* of the tool, and of those members (0: unknown) */
    aigw_str  name;            /* hosted: its type */
    aigw_text description;
    aigw_str  schema;          /* JSON Schema of the arguments, raw; empty: none. Custom: its `format`, raw. Hosted: the raw tool */
    uint8_t   openapi;         /* schema is Gemini's OpenAPI subset (upper-case types), not JSON Schema */
} aigw_tool;

typedef enum { AIGW_CHOICE_UNSET = 0, AIGW_CHOICE_AUTO, AIGW_CHOICE_NONE, AIGW_CHOICE_REQUIRED, AIGW_CHOICE_NAMED } aigw_choice;
typedef enum { AIGW_FORMAT_TEXT = 0, AIGW_FORMAT_JSON, AIGW_FORMAT_SCHEMA } aigw_format_kind;
typedef struct {
    uint8_t   kind, openapi;
    int8_t    strict;
    size_t    at, name_at, description_at, strict_at;
    aigw_str  name, schema;    /* schema: raw JSON */
    aigw_text description;
} aigw_format;

/* One string of a list (stop strings, names of allowed tools). */
typedef struct aigw_item { struct aigw_item *next; aigw_text text; size_t at; } aigw_item;

/* Single-valued parameters, so that dialects map them by table rows. NUM: raw is the number as written, micro its
   millionths. BOOL: micro 0 or 1. WORD: raw decoded. */
#define AIGW_PARAM_LIST(X) \
    X(TEMPERATURE,       NUM)  X(TOP_P,            NUM)  X(TOP_K,      NUM)  X(PRESENCE_PENALTY, NUM)  X(FREQUENCY_PENALTY, NUM) \
    X(SEED,              NUM)  X(N,                NUM)  X(LOGPROBS,   BOOL) X(TOP_LOGPROBS,     NUM)  X(MAX_OUTPUT,        NUM) \
    X(PARALLEL,          BOOL) X(STREAM,           BOOL) X(STREAM_USAGE, BOOL) \
    X(USER,              WORD) X(SAFETY_ID,        WORD)               /* end user: deprecated name or plain id; hashed id */ \
    X(EFFORT,            WORD)                                         /* none minimal low medium high xhigh max, or a newer word */ \
    X(REASONING_MODE,    WORD)                                         /* adaptive, enabled, disabled, between_tools */ \
    X(REASONING_BUDGET,  NUM)                                          /* tokens; 0 off, -1 dynamic */ \
    X(REASONING_SHOW,    BOOL)                                         /* the client wants the reasoning text */
typedef enum {
#define X(name, kind) AIGW_P_##name,
    AIGW_PARAM_LIST(X)
#undef X
    AIGW_P_COUNT
} aigw_param_id;
typedef enum { AIGW_PARAM_NUM = 0, AIGW_PARAM_BOOL, AIGW_PARAM_WORD } aigw_param_kind;
typedef struct {
    uint8_t  has;
    size_t   at;
    aigw_str raw;
    int64_t  micro;
} aigw_param;

/* A member that the dialect it came in knows (or not) and the model does not. */
typedef struct aigw_raw { struct aigw_raw *next; size_t at; aigw_str name, json; } aigw_raw;

typedef enum { AIGW_OP_NONE = 0, AIGW_OP_CHAT, AIGW_OP_COUNT_TOKENS, AIGW_OP_MODELS, AIGW_OP_EMBED, AIGW_OP_RAW } aigw_op;

/* A request, in an arena; slices borrow the body and the head it was read from. */
typedef struct {
    uint8_t       op;
    uint8_t       array;                /* Gemini stream without alt=sse: the client wants a JSON array */
    aigw_str      dialect;              /* name of the dialect it came in */
    aigw_str      body;                 /* what all `at` refer to */
    const aigw_head *head;              /* the client's; NULL: none */
    aigw_str      model;
    size_t        model_at;             /* AIGW_NOWHERE when it was in the path */
    aigw_message *messages;
    aigw_tool    *tools;
    uint8_t       choice;               /* AIGW_CHOICE_* */
    uint8_t       choice_checked;       /* AUTO of Gemini's kind VALIDATED: calls keep to their schemas (also a raw member, for the others' reports) */
    aigw_item    *choice_names;         /* NAMED: one. AUTO or REQUIRED with names: only these tools */
    size_t        choice_at;
    aigw_param    param[AIGW_P_COUNT];
    aigw_item    *stop;
    size_t        stop_at;
    aigw_format   format;
    aigw_str      metadata;             /* raw JSON object of string pairs; empty: none */
    size_t        metadata_at;
    uint32_t      cache_ttl_s;          /* cache hint on the whole prefix (Anthropic's top-level cache_control) */
    size_t        cache_at;
    aigw_raw     *raw;
    /* private */
    aigw_message *last_message;
    aigw_tool    *last_tool;
    aigw_raw     *last_raw;
} aigw_req;

/* ---- answers: events, and their fold */

typedef enum {
    AIGW_FINISH_NONE = 0, AIGW_FINISH_STOP, AIGW_FINISH_STOP_SEQUENCE, AIGW_FINISH_LENGTH, AIGW_FINISH_CONTEXT, AIGW_FINISH_TOOL_CALLS,
    AIGW_FINISH_CONTENT_FILTER, AIGW_FINISH_REFUSAL, AIGW_FINISH_PAUSE, AIGW_FINISH_MALFORMED_CALL, AIGW_FINISH_ERROR, AIGW_FINISH_OTHER
} aigw_finish;
AIGW_API const char *aigw_model_finish_name(int finish);   /* "tool_calls"; static */

typedef enum {
    AIGW_EVENT_START = 0, AIGW_EVENT_BLOCK_START, AIGW_EVENT_DELTA, AIGW_EVENT_NOTE, AIGW_EVENT_BLOCK_STOP, AIGW_EVENT_USAGE, AIGW_EVENT_PING,
    AIGW_EVENT_STOP, AIGW_EVENT_ERROR
} aigw_event_type;

/* One event of an answer. Grammar, checked by aigw_check:
       ( START ( BLOCK_START | DELTA | NOTE | BLOCK_STOP | USAGE | PING )* )? ( STOP | ERROR )
   Per block: BLOCK_START, any number of DELTA and NOTE, BLOCK_STOP; several may be open at once; block numbers count up from 0 over the whole
   answer. All blocks are stopped before STOP. USAGE is cumulative, the last one wins. Slices are valid during the call that hands them out. */
typedef struct {
    uint8_t   type;               /* AIGW_EVENT_* */
    uint8_t   kind;               /* BLOCK_*, DELTA: AIGW_PART_* of the block. NOTE: AIGW_NOTE_* */
    uint8_t   custom;             /* tool call block: of a custom tool */
    uint8_t   no_id;              /* tool call block: the id was made here */
    uint8_t   reason_made;        /* STOP: no finish reason came (only an end marker); it is synthesized */
    uint8_t   choices;            /* STOP: how many answers */
    uint8_t   finish[AIGW_CHOICES];   /* STOP: AIGW_FINISH_* by answer */
    uint16_t  choice;             /* which answer, from 0 */
    uint32_t  block;              /* NOTE: AIGW_NO_BLOCK when it belongs to the choice */
    size_t    at;                 /* offset in the frame or body it was read from, or AIGW_NOWHERE */
    aigw_str  id, model;          /* START: the answer's id, the model that answers. BLOCK_START of a tool call: id */
    aigw_str  name;               /* BLOCK_START of a tool call: tool name; of media: mime. NOTE, and DELTA of an OTHER block: dialect of the JSON. STOP: the stop
                                     sequence that matched (choice 0). PING: "" */
    int64_t   created_s;          /* START: 0 when unknown */
    aigw_text text;               /* DELTA: more of the block (JSON form: the whole value, at once). NOTE: raw JSON; SIGNATURE: see state. STOP: provider's own
                                     words for the reason, if any */
    const aigw_opaque *state;     /* NOTE SIGNATURE */
    aigw_usage usage;             /* USAGE: all so far */
    const aigw_error *error;      /* ERROR */
} aigw_event;
#define AIGW_NO_BLOCK UINT32_MAX

/* Where events go. put returns >= 0, or a code < 0 that stops the source and is passed on. */
typedef struct { int (*put)(void *user, const aigw_event *ev); void *user; } aigw_sink;

/* A whole answer: the fold of its events. */
typedef struct {
    aigw_part *parts;             /* blocks in order of their start */
    aigw_note *notes;             /* of the choice */
    uint8_t    finish;
    uint8_t    present;
} aigw_answer;
typedef struct {
    aigw_str    id, model, body;  /* body: what `at` refers to, when it was read whole */
    int64_t     created_s;
    aigw_answer choice[AIGW_CHOICES];
    uint8_t     choices, reason_made;
    aigw_str    stop_sequence;
    aigw_usage  usage;
    const aigw_error *error;      /* not NULL: it ended with this */
    int         ended;            /* STOP or ERROR came */
} aigw_resp;

/* Fold events into *resp, with copies of all slices in `mem` (copy 0: slices are borrowed and must outlive resp; for
   answers read whole). */
typedef struct {
    aigw_resp  *resp;
    aigw_arena *mem;
    int         copy;
    /* private */
    aigw_part  *open[AIGW_BLOCKS];
    uint32_t    block[AIGW_BLOCKS];
    size_t      room[AIGW_BLOCKS];
    aigw_part  *last[AIGW_CHOICES];
} aigw_fold;
AIGW_API void aigw_model_fold_init(aigw_fold *f, aigw_resp *resp, aigw_arena *mem, int copy);
/* One event more. AIGW_OK, AIGW_E_NOMEM, AIGW_E_LIMIT (more than AIGW_BLOCKS open, AIGW_CHOICES answers),
   AIGW_E_STATE (against the grammar). As a sink: {aigw_model_fold_put, &f}. */
AIGW_API int aigw_model_fold_put(void *fold, const aigw_event *ev);
/* The events of a whole answer, in order. Returns what the sink returned, or AIGW_OK. */
AIGW_API int aigw_model_unfold(const aigw_resp *resp, const aigw_sink *out);

/* Checks the grammar of an event sequence. put returns AIGW_OK or AIGW_E_STATE, with *why static. */
typedef struct {
    const char *why;
    /* private */
    uint8_t  state;
    uint32_t blocks, open_n;
    uint32_t open[AIGW_BLOCKS];
    uint8_t  kind[AIGW_BLOCKS];
} aigw_check;
AIGW_API int aigw_model_check_put(void *check, const aigw_event *ev);    /* start with a zeroed object */

/* What a translation changed. The caller gives `items`; when they are full only the counts go on. */
typedef enum { AIGW_LOSS_DROPPED = 0, AIGW_LOSS_APPROXIMATED, AIGW_LOSS_SYNTHESIZED, AIGW_LOSS_REFUSED, AIGW_LOSS_ACTIONS } aigw_loss_action;
typedef struct {
    char        path[AIGW_PATH_MAX];   /* in the source's own words ("generationConfig.topK"); synthesized: in the target's */
    uint8_t     action;
    const char *reason;                /* static sentence */
} aigw_loss_item;
typedef struct {
    aigw_loss_item *items;
    size_t   cap, n;
    uint32_t count[AIGW_LOSS_ACTIONS]; /* by action, also beyond cap; equal path and action count once while they are listed */
    uint8_t  strict;                   /* anything dropped or approximated is refused */
    aigw_str doc;                      /* the source text that offsets refer to; set by whoever reads it */
} aigw_loss;
AIGW_API void aigw_model_loss_init(aigw_loss *l, aigw_loss_item *items, size_t cap);
/* Report by offset in l->doc (`tail`, "" or e.g. ".name", is appended), or by path when at is AIGW_NOWHERE. l may be
   NULL. Returns AIGW_OK, or AIGW_E_REFUSED when the action is REFUSED or the strict flag makes it so. */
AIGW_API int aigw_model_loss_at(aigw_loss *l, size_t at, const char *tail, int action, const char *reason);
AIGW_API const char *aigw_model_loss_name(int action);     /* "dropped"; static */

/* What is known of a model at a provider: a routing target. Filled by >>registry; by hand in small programs. Slices
   are borrowed. */
#define AIGW_CAN_LIST(X) \
    X(TOOLS, "tools") X(PARALLEL_TOOLS, "parallel_tools") X(TOOL_CHOICE, "tool_choice") X(FORCED_TOOLS, "forced_tool_use") X(VISION, "vision") X(PDF, "pdf") \
    X(AUDIO_IN, "audio_in") X(VIDEO_IN, "video_in") X(AUDIO_OUT, "audio_out") X(JSON_SCHEMA, "json_schema") X(JSON_OBJECT, "json_object") X(REASONING, "reasoning") \
    X(ADAPTIVE_THINKING, "adaptive_thinking") X(BUDGET_THINKING, "budget_thinking") X(LEVEL_THINKING, "level_thinking") X(THINKING_OFF, "thinking_off") \
    X(PROMPT_CACHE, "prompt_cache") X(SYSTEM, "system") X(LATE_SYSTEM, "late_system") X(SAMPLING, "sampling_params") X(PREFILL, "prefill") \
    X(WEB_SEARCH, "web_search") X(STREAMING, "streaming") X(STOP, "stop") X(MAX_TOKENS, "max_tokens")
typedef enum {
#define X(name, label) AIGW_CAN_BIT_##name,
    AIGW_CAN_LIST(X)
#undef X
    AIGW_CAN_COUNT
} aigw_can_bit;
#define AIGW_CAN(name) ((uint32_t)1 << AIGW_CAN_BIT_##name)
struct aigw_dialect;
struct aigw_family;
typedef struct {
    aigw_str  name;            /* what clients call it: "sonnet" */
    aigw_str  provider;        /* "claude" */
    aigw_str  id;              /* what the provider calls it */
    const struct aigw_dialect *dialect;
    uint32_t  can, no;         /* AIGW_CAN(...) known to be true, known to be false; neither: unknown, and sent */
    aigw_str  efforts;         /* accepted effort words, space-separated; "": unknown */
    int64_t   context, max_output;   /* tokens; 0: unknown */
    aigw_str  version;         /* API version to send; "": the dialect's default */
    aigw_str  base;            /* path prefix of the provider's base URL, without the trailing slash: "/v1"; "" none */
    const struct aigw_family *family;   /* how its provider deviates from the dialect (>>dialect.family); NULL: not at all */
} aigw_target;

/* One entry of a models list. */
typedef struct {
    aigw_str name, owner;      /* what clients call it; who serves it */
    int64_t  created_s, context, max_output;
} aigw_model_info;

/* Canonical JSON: the model's own request, event lines and whole answer, for tools, tests, records. Written in one
   fixed order; reading takes any order and refuses unknown members. A request's slices borrow `text` and `mem`. Codes
   as every decoder. */
AIGW_API int aigw_model_req_encode(const aigw_req *req, aigw_out *out);
AIGW_API int aigw_model_req_decode(aigw_str text, aigw_arena *mem, aigw_req *req, aigw_fault *fault);
AIGW_API int aigw_model_event_encode(const aigw_event *ev, aigw_out *out);                               /* one line, without LF */
AIGW_API int aigw_model_event_decode(aigw_str line, aigw_arena *mem, aigw_event *ev, aigw_fault *fault);
AIGW_API int aigw_model_resp_encode(const aigw_resp *resp, aigw_out *out);
AIGW_API int aigw_model_resp_decode(aigw_str text, aigw_arena *mem, aigw_resp *resp, aigw_fault *fault);
AIGW_API int aigw_model_error_encode(const aigw_error *err, aigw_out *out);
AIGW_API int aigw_model_error_decode(aigw_str text, aigw_arena *mem, aigw_error *err, aigw_fault *fault);

/* ---- >>dialect api ------------------------------------------------------------------------------------------------ */

/* A block of an answer that is open: being decoded; being encoded for a client. Private. */
struct aigw_block {
    uint8_t  used, kind, held_n, custom;
    uint16_t choice;
    uint32_t key, block, idhash; /* key: the dialect's own number of it */
    uint32_t bytes;              /* of deltas so far */
    char     held[12];           /* trailing high-surrogate escape, kept back */
};
struct aigw_out_block {
    uint8_t  used, kind, closed, sent;
    uint16_t choice;
    uint32_t block, index;       /* canonical number; number in the client's dialect */
    size_t   at, n;              /* its part of hold */
};

/* State of one answer being decoded. Set the first group, then aigw_dialect_dec_init; dialects share the rest. About
   1.5 KiB. */
typedef struct {
    const struct aigw_dialect *dialect;
    aigw_now     now;
    uint64_t     seed;               /* for ids made here */
    uint8_t      op;                 /* AIGW_OP_*; 0: chat */
    uint8_t      n_max;              /* answers asked for; 0: 1 */
    aigw_str     model;              /* model asked for; named as owner of opaque state when the answer does not say */
    aigw_loss   *loss;               /* NULL: not reported */
    aigw_arena   mem;                /* scratch for what must be decoded, used afresh for every frame; 2 KiB is enough but for long error messages and whole bodies */
    const aigw_req *req;             /* what was asked, so that ids that were changed on the way out come back; NULL: they stay */
    const struct aigw_family *family;/* of the target; NULL: none */
    /* out, after each call */
    uint8_t      frame;              /* AIGW_FRAME_* bits of the last frame */
    /* private */
    uint8_t      started, ended, end_marker, any_finish, tool_seen, reason_made;
    uint8_t      finish[AIGW_CHOICES];
    uint16_t     choices;
    uint32_t     next_block, made_ids;
    uint32_t     reported;           /* bits: losses of this stream already reported */
    aigw_usage   usage;
    uint8_t      usage_dirty;
    char         stop_sequence[64];
    uint8_t      stop_sequence_n;
    char         model_name[64];     /* as the answer said */
    uint8_t      model_name_n;
    struct aigw_block block[AIGW_BLOCKS];
} aigw_dec;
typedef enum {
    AIGW_FRAME_CONTENT = 1,          /* a block began or went on: commit */
    AIGW_FRAME_USAGE_ONLY = 2,       /* nothing but usage (OpenAI's last chunk): a relay drops it when the client did not ask */
    AIGW_FRAME_FINISH = 4,           /* a finish reason is in it: a relay holds it until the source's end */
    AIGW_FRAME_END = 8,              /* the dialect's end marker */
    AIGW_FRAME_ERROR = 16,           /* an error: a relay replaces it */
    AIGW_FRAME_PING = 32
} aigw_frame_bit;

/* State of one answer being encoded for a client. Set the first group, then aigw_dialect_enc_init. */
typedef struct {
    const struct aigw_dialect *dialect;
    aigw_now     now;
    uint64_t     seed;
    const aigw_req *req;             /* the client's request (usage switch, n, echoes), or NULL: then usage is written wherever it can be */
    aigw_loss   *loss;
    char        *hold;               /* memory for what must be kept back (whole calls for Gemini, parallel blocks for Anthropic); may be 0 bytes */
    size_t       hold_cap;
    /* private */
    size_t       hold_n;
    uint8_t      started, ended, array, flags;
    uint16_t     choices;
    uint32_t     current, next_index, reported;
    aigw_usage   usage;
    char         id[72], model[72], prefix[288];
    uint8_t      id_n, model_n;
    uint16_t     prefix_n;
    int64_t      created_s;
    struct aigw_out_block block[AIGW_BLOCKS];
} aigw_enc;

/* How a provider wants to be asked, what it answers, and the same for clients: one const table per dialect, both
   directions. NULL entry = the dialect does not have it (callers answer AIGW_E_UNSUPPORTED). In tables of your own
   begin with a copy of one of ours. New members come at the end. */
typedef struct aigw_dialect {
    aigw_str name;                                       /* "openai-chat" */
    aigw_str auth_header, auth_prefix;                   /* "authorization", "Bearer " */
    aigw_str version_header;                             /* "anthropic-version"; "" none */
    const aigw_str *versions;                            /* known API versions, newest first, ended by an empty one; NULL none */
    aigw_str request_id_header;                          /* of answers */
    uint8_t  stream_framing;                             /* AIGW_FRAMING_* */

    /* client side: what does this head ask? AIGW_OP_* or AIGW_OP_NONE when it is not this dialect's. Looks at method
       and path only. */
    int (*match)(const aigw_head *head);
    /* Read a client's request. AIGW_OK; AIGW_E_SYNTAX, _TYPE, _DUPLICATE, _MISSING, _VALUE, _LIMIT with *fault naming
       the place; AIGW_E_NOMEM. */
    int (*req_decode)(const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_req *req, aigw_fault *fault);
    /* Write a request for a provider: *head gets method, target and headers but those of auth (strings in mem or
       static), *out the body. Losses by req's offsets. AIGW_OK; AIGW_E_REFUSED (named in loss), AIGW_E_UNSUPPORTED
       (operation), AIGW_E_NOMEM (mem or out). */
    int (*req_encode)(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss);
    /* The same where the client speaks this dialect too: the client's bytes with the allowed edits (model, usage
       switch, ...), each reported as synthesized. */
    int (*req_edit)(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss);

    /* provider side: a whole answer (2xx) to events, ending with STOP or ERROR (errors inside a 200). */
    int (*resp_decode)(aigw_dec *st, const aigw_head *head, aigw_str body, const aigw_sink *out);
    /* One frame of a stream to events. A frame that cannot be read gives ERROR bad_response. Returns AIGW_OK or what
       the sink returned. After ERROR everything is ignored. */
    int (*frame_decode)(aigw_dec *st, aigw_str name, aigw_str payload, const aigw_sink *out);
    /* The stream ended (clean: as HTTP says): STOP, or ERROR truncated. */
    int (*stream_end)(aigw_dec *st, int clean, const aigw_sink *out);
    /* Read an error answer (status >= 400, or what resp_decode met in a 200). Never fails: what cannot be read is
       classified by status. Strings in mem or borrowed from body. */
    void (*error_decode)(aigw_now now, const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_error *err);
    void (*limits_decode)(aigw_now now, const aigw_head *head, aigw_limits *limits);

    /* client side: events to the client's stream, complete wire bytes with framing (out without pieces: everything is
       copied). AIGW_OK, AIGW_E_NOMEM when hold is too small (nothing was written, nothing changed: give more by
       aigw_dialect_enc_move and call again; out too small is the caller's to see: out->buf.n > cap). */
    int (*event_encode)(aigw_enc *st, const aigw_event *ev, aigw_out *out);
    /* A whole answer as one body. */
    int (*resp_encode)(aigw_enc *st, const aigw_resp *resp, aigw_out *out);
    /* An error as status, headers (content-type, retry hints, request id; values in mem) and body. */
    int (*error_encode)(const aigw_error *err, aigw_arena *mem, aigw_head *head, aigw_out *out);
    /* The provider's limits in this dialect's own headers. NULL: none. */
    int (*limits_encode)(aigw_now now, const aigw_limits *limits, aigw_arena *mem, aigw_head *head);
    /* The models list, or (single) one entry. */
    int (*models_encode)(const aigw_model_info *models, size_t n, int single, aigw_out *out);
    /* Bytes that keep a silent stream open without being an event; empty: the dialect has none. */
    aigw_str keep_alive;
    aigw_str stream_type;                                /* content-type of streams */
    aigw_str end_marker;                                 /* what a relayed stream that ended well gets where its source left it out; empty: nothing */
} aigw_dialect;
typedef enum { AIGW_FRAMING_SSE = 0, AIGW_FRAMING_ARRAY } aigw_framing;

/* Begin decoding / encoding: clears the private part, checks nothing. */
AIGW_API void aigw_dialect_dec_init(aigw_dec *st);
AIGW_API void aigw_dialect_enc_init(aigw_enc *st);
/* Larger memory for what an encoder keeps back; the old may be reused after. AIGW_E_NOMEM when cap is less than what
   is held. */
AIGW_API int aigw_dialect_enc_move(aigw_enc *st, char *hold, size_t cap);
/* Add the credentials header for `key` to *head (value in mem, to be wiped by the caller when sent). AIGW_OK,
   AIGW_E_NOMEM, AIGW_E_VALUE (key with bytes that no header may have). */
AIGW_API int aigw_dialect_sign(const aigw_dialect *d, aigw_str key, aigw_arena *mem, aigw_head *head);
/* An error of this gateway's own: kind, message, advice, and the kind's retry rule. */
AIGW_API void aigw_dialect_error(aigw_error *err, int kind, const char *message, const char *advice);
/* The error that a failed request decoder means: "messages[2].role: ..., at byte 120". Message in mem. */
AIGW_API void aigw_dialect_fault(const aigw_fault *fault, aigw_arena *mem, aigw_error *err);
/* The error that a refused translation means: the first refused item of the report, who cannot take it and what to
   do. Message in mem. */
AIGW_API void aigw_dialect_refusal(const aigw_loss *loss, const aigw_target *to, aigw_arena *mem, aigw_error *err);

/* ---- >>dialect.family api ----------------------------------------------------------------------------------------- */

/* A provider that speaks a dialect with an accent of its own, as data. The table of those that are known is behind
   aigw_family_of; a server that is not in it needs a row of the caller's only, or the same members in a configuration.

   `rules` is a list of words, one per deviation, the first one that fits wins. A word is the path of a member of the
   request ("seed", "messages.name", "messages.tool_calls.id"), a sign, and what the sign needs:
       max_completion_tokens=max_tokens         goes under another name ("=name:JSON": as this value, which has no spaces)
       logit_bias-                              is left out, and reported
       model~                                   is left out: it is said elsewhere
       n!                                       is refused, unless it says nothing (1, false; a URL: "data:...")
       temperature<1.5   top_logprobs>1         is brought into the range, and reported
       top_k*                                   is taken, although the dialect or `more` says otherwise
       logprobs#                                true goes as 1, false not at all
       messages.role:developer=system           this word goes as another one ("=name:JSON": as another member)
       messages.tool_call_id@9                  goes as exactly 9 letters and digits: as it is, or a digest of it
       safe+true                                is added where it is not there (JSON without spaces), and reported        */
typedef struct aigw_family {
    aigw_str name;             /* "groq" */
    aigw_str dialect;          /* "openai-chat" */
    aigw_str url;              /* its base URL; "": each customer has one of his own */
    aigw_str env;              /* environment variables that hold its key, space-separated; "" none */
    aigw_str auth_header, auth_prefix;         /* "": the dialect's */
    aigw_str path, stream_path, count_path;    /* behind the base, with {model} and {version}; without a version the query is left out. "": the dialect's; stream_path "": path */
    aigw_str versions;         /* API versions, space-separated; the first is sent unless the target says another. "": the dialect's */
    aigw_str version_in;       /* member of the body that carries the version, instead of a header; "" none */
    aigw_str rules, more;      /* read in this order; `more`: what it has in common with others */
    aigw_str efforts;          /* effort words of its models, where the model's entry says none */
    uint32_t no;               /* AIGW_CAN(...) that none of its models has, unless the model's entry says so */
} aigw_family;

/* The row of the table with this name, or number i from 0 on; NULL when there is none. */
AIGW_API const aigw_family *aigw_family_of(aigw_str name);
AIGW_API const aigw_family *aigw_family_at(size_t i);

/* ---- >>dialect.openai api ----------------------------------------------------------------------------------------- */
#ifndef AIGW_NO_OPENAI
extern const aigw_dialect aigw_dialect_openai;           /* "openai-chat" */
#  define AIGWI_ROW_OPENAI &aigw_dialect_openai,
#else
#  define AIGWI_ROW_OPENAI
#endif
/* ---- >>dialect.anthropic api -------------------------------------------------------------------------------------- */
#ifndef AIGW_NO_ANTHROPIC
extern const aigw_dialect aigw_dialect_anthropic;        /* "anthropic" */
#  define AIGWI_ROW_ANTHROPIC &aigw_dialect_anthropic,
#else
#  define AIGWI_ROW_ANTHROPIC
#endif
/* ---- >>dialect.gemini api ----------------------------------------------------------------------------------------- */
#ifndef AIGW_NO_GEMINI
extern const aigw_dialect aigw_dialect_gemini;           /* "gemini" */
#  define AIGWI_ROW_GEMINI &aigw_dialect_gemini,
#else
#  define AIGWI_ROW_GEMINI
#endif

/* All dialects that are compiled in, in order of preference: the initializer of an array of `const aigw_dialect *`. The one table of them: what names it
   links them all. */
#define AIGW_DIALECTS AIGWI_ROW_OPENAI AIGWI_ROW_ANTHROPIC AIGWI_ROW_GEMINI

/* ---- >>registry api ----------------------------------------------------------------------------------------------- */

/* What is known of providers, models and routes: data, from JSON or added by calls, in the caller's memory, read-only
   once loaded. Slices are borrowed from the text it was read from, which must outlive it, or stand in `mem`. */

/* How long an attempt may take, in ms. 0: the default; -1 (all ones): no limit. Route before model before provider. */
typedef struct {
    uint32_t connect_ms;       /* until connected. 0: 5,000 */
    uint32_t first_ms;         /* streams: from there to the first byte of the body. 0: 120,000, or 300,000 when reasoning is asked for */
    uint32_t idle_ms;          /* streams: between bytes. 0: 120,000 */
    uint32_t total_ms;         /* whole answers: from connected to the end. 0: 600,000 */
} aigw_registry_times;

typedef enum { AIGW_SCHEME_HTTPS = 0, AIGW_SCHEME_HTTP, AIGW_SCHEME_UNIX, AIGW_SCHEME_BUILTIN } aigw_registry_scheme;
typedef struct aigw_registry_provider {
    aigw_str  name;            /* "claude" */
    const aigw_dialect *dialect;
    uint8_t   scheme;          /* AIGW_SCHEME_*; BUILTIN: answered inside the program ("builtin:") */
    uint8_t   other;           /* built-in providers: answers in the dialect that follows the client's in the registry's table, not in its own */
    uint16_t  port;            /* 443, 80 or as written */
    aigw_str  host;            /* name or address without brackets; unix: path of the socket */
    aigw_str  authority;       /* for the Host header: "api.openai.com", "box:8000", "[::1]:8000"; unix: "localhost" */
    aigw_str  base;            /* path prefix without the trailing slash: "/v1" */
    aigw_str  key;             /* as configured, "env:NAME" (or several names: the first that is set) or the key itself; the caller puts the key here
                                  before requests run. "": none is sent. Not said: the family's names */
    aigw_str  version;         /* API version to send; "": the dialect's default */
    aigw_str  off;             /* not "": not available, and why ("built without TLS"); set by the caller before requests run */
    aigw_registry_times times;
    size_t    at;              /* out: offset of its entry in the text, or AIGW_NOWHERE when it was added by a call */
    const aigw_family *family; /* how it deviates from its dialect: a row of the table, one of the configuration's, or NULL */
    /* private */
    struct aigw_registry_provider *next;
} aigw_registry_provider;

typedef struct aigw_registry_model {
    aigw_target target;        /* its name, provider, id, abilities, limits */
    aigw_registry_provider *provider;
    aigw_registry_times times;
    size_t    at;
    /* private */
    struct aigw_registry_model *next, *same;
    uint32_t  hash;
} aigw_registry_model;

typedef struct aigw_registry_route {
    aigw_str  name;
    aigw_str *models;          /* in order: models or "provider/id" */
    uint16_t  n;
    uint16_t  attempts;        /* most attempts of a request. 0: 3 */
    aigw_registry_times times;
    size_t    at;
    /* private */
    struct aigw_registry_route *next;
} aigw_registry_route;

typedef struct {
    const aigw_dialect *const *dialects;   /* those that are linked in, in order of preference */
    size_t      n_dialects;
    aigw_arena *mem;
    aigw_registry_provider *providers;     /* lists in order of entry */
    aigw_registry_model    *models;
    aigw_registry_route    *routes;
    /* private */
    aigw_registry_provider **provider_end;
    aigw_registry_model    **model_end, *bucket[64];
    aigw_registry_route    **route_end;
} aigw_registry;

/* A candidate of a request: a model at its provider. */
typedef struct {
    aigw_target target;
    const aigw_registry_provider *provider;
    aigw_registry_times times;
} aigw_registry_pick;

/* Complaints about a configuration, in the order of the text. */
typedef struct {
    aigw_fault *items;         /* the caller's; filled up to cap */
    size_t      cap, n;        /* n counts on */
} aigw_registry_faults;

/* An empty registry over a table of dialects (borrowed) and memory for everything in it (borrowed; about 300 bytes
   per model). */
AIGW_API void aigw_registry_init(aigw_registry *r, const aigw_dialect *const *dialects, size_t n, aigw_arena *mem);
/* Add the members `providers`, `models` and `routes` of a JSON object (design section 6); other top-level members are
   the server's and are skipped. A provider names its `dialect`, or its `family` (>>dialect.family), which implies the
   dialect and mostly the base URL and the key's name. How it deviates can be said beside both, so that a server that
   nobody knows here needs no code:
       "max_tokens": "max_tokens"                   the name of the output limit
       "stream_options": false                      usage comes without asking
       "rename": { "seed": "random_seed" }          "drop": ["logit_bias", "messages.name"]   "refuse": ["n"]   "accept": ["top_k"]
       "clamp": { "temperature": [0, 1.5] }         "add": { "safe_prompt": true }            "words": { "messages.role": { "developer": "system" } }
       "path", "stream_path", "auth_header", "auth_prefix", "versions": ["..."] An entry replaces one that was added by a call; a name that is read twice is an
   error. Returns AIGW_OK, or the code of the first error, and r holds what was good. Every complaint is in *faults
   with its field and offset; those with code AIGW_E_UNSUPPORTED are warnings (members that are not known, or not used
   by this version) and do not count as errors. AIGW_E_NOMEM: mem is full. */
AIGW_API int aigw_registry_read(aigw_registry *r, aigw_str json, aigw_registry_faults *faults);
/* Overwrite the comments of a configuration with spaces, in place, so that offsets stay: outside strings, from two
   slashes to the end of the line, and between slash-star and star-slash. */
AIGW_API void aigw_registry_blank(char *text, size_t n);
/* The line (from 1) of offset `at` of a text, and the column (from 1, in bytes). */
AIGW_API size_t aigw_registry_line(aigw_str text, size_t at, size_t *column);
/* Set scheme, host, port, authority and base of *p from "https://host[:port][/path]", "http://...",
   "unix:/path/of/socket[:/path]" or "builtin:". AIGW_OK, or AIGW_E_VALUE. */
AIGW_API int aigw_registry_url(aigw_str url, aigw_registry_provider *p);
/* Add a copy of an entry (its slices are borrowed), replacing one of that name. `model`: target.provider names its
   provider, which must be there; its dialect, version and base go into the targets. The entry, to be changed before
   requests run, or NULL when memory is full or (model) the provider unknown. */
AIGW_API aigw_registry_provider *aigw_registry_add_provider(aigw_registry *r, const aigw_registry_provider *p);
AIGW_API aigw_registry_model    *aigw_registry_add_model(aigw_registry *r, const aigw_registry_model *m);
AIGW_API aigw_registry_route    *aigw_registry_add_route(aigw_registry *r, const aigw_registry_route *route);
/* Look-up by name; NULL when there is none. */
AIGW_API const aigw_dialect     *aigw_registry_dialect(const aigw_registry *r, aigw_str name);
AIGW_API aigw_registry_provider *aigw_registry_provider_of(const aigw_registry *r, aigw_str name);
AIGW_API aigw_registry_model    *aigw_registry_model_of(const aigw_registry *r, aigw_str name);
AIGW_API aigw_registry_route    *aigw_registry_route_of(const aigw_registry *r, aigw_str name);
/* The candidates of the name that a client uses, in order: a route's models, a model, or "provider/id" (the longest
   provider name that fits). `client` is the dialect of the client. Returns how many (<= cap), or AIGW_E_MISSING when
   nothing has that name. *route: the route, or NULL. Slices are the registry's, or borrowed from name. */
AIGW_API int aigw_registry_find(const aigw_registry *r, aigw_str name, const aigw_dialect *client, aigw_registry_pick *picks, size_t cap,
                                const aigw_registry_route **route);
/* The models list: models, then routes. `single`: only that one, 0 when it is not there. Entries in mem. How many, or
   AIGW_E_NOMEM. */
AIGW_API int aigw_registry_list(const aigw_registry *r, aigw_str single, aigw_arena *mem, aigw_model_info **infos);

/* ---- >>attempt api ------------------------------------------------------------------------------------------------ */

/* One try at one provider: a request in, bytes out, bytes in, events out. Look and commit: nothing is called back but the sink, nothing is sent or read here.

       aigw_attempt_init(&a, &cfg, now, mem, n);
       ... connect ...
       aigw_attempt_connected(&a, now);
       while (!((want = aigw_attempt_want(&a)) & AIGW_WANT_CLOSED)) {
           if      (want & AIGW_WANT_EVENT) aigw_attempt_next(&a, now, &sink);
           else if (want & AIGW_WANT_MEM)   aigw_attempt_move(&a, larger, a.mem_want or more);     or aigw_attempt_fail
           else if (want & AIGW_WANT_OUT)   s = aigw_attempt_out(&a), aigw_attempt_sent(&a, now, send(s.p, s.n));
           else if (want & AIGW_WANT_IN)    n = recv(p, cap), n ? feed all of p[0..n) : aigw_attempt_eof(&a, now, 1);
       }
       aigw_attempt_release(&a);

   The sink sees exactly one STOP or ERROR; whatever happens to the provider or the connection becomes one. The object must not move. About 5 KiB. */
typedef enum {
    AIGW_WANT_OUT = 1,         /* aigw_attempt_out has bytes for the provider */
    AIGW_WANT_IN = 2,          /* feed it; also while OUT: answers may come early */
    AIGW_WANT_EVENT = 4,       /* aigw_attempt_next has something */
    AIGW_WANT_MEM = 8,         /* aigw_attempt_move with at least mem_want bytes */
    AIGW_WANT_CONNECT = 16,    /* aigw_attempt_connected has not been called */
    AIGW_WANT_CLOSED = 32      /* over: close the connection, or keep it when keep_alive is set */
} aigw_attempt_want_bit;

typedef struct {
    const aigw_req    *req;        /* all borrowed until release */
    const aigw_target *target;     /* its dialect is the provider's */
    aigw_str    host;              /* Host header */
    aigw_str    key;               /* "" none */
    aigw_registry_times times;
    uint64_t    until;             /* mono_ns: no attempt lasts longer. 0: no limit */
    uint64_t    seed;              /* for ids made here */
    aigw_loss  *loss;              /* of the request; NULL not reported */
    aigw_loss  *answer_loss;       /* of the answer; NULL not reported */
    uint32_t    max_answer_bytes;  /* longest whole answer or frame. 0: 16 MiB */
    const aigw_header *headers;    /* more headers to send */
    size_t      n_headers;
} aigw_attempt_cfg;

#define AIGW_ATTEMPT_HEADERS 48    /* most header fields of an answer that are read */
typedef struct {
    /* out: what came of it so far */
    int         status;            /* HTTP status of the answer; 0 none yet */
    uint8_t     same;              /* the client's body was edited in place: frames and body may be relayed as they are */
    uint8_t     stream;            /* the answer is a stream; else it is whole */
    uint8_t     keep_alive;        /* with CLOSED: the connection may be used again */
    uint8_t     untouched;         /* not one byte of an answer came: on a connection that was used before it may be tried on a new one */
    uint8_t     ended;             /* 1: STOP was put; 2: ERROR was put */
    size_t      mem_want;          /* with WANT_MEM */
    aigw_frame  frame;             /* the frame that the last next read (streams); valid until the next feed, next or move */
    aigw_str    body;              /* a whole answer as it came, when all of it is there; valid until move or release */
    aigw_error  error;             /* what ERROR said; slices in the attempt's memory */
    aigw_limits limits;
    aigw_str    request_id;        /* the provider's, valid until release */
    aigw_head   head;              /* of the answer; empty before it came */
    uint64_t    t_start, t_connected, t_sent, t_first, t_last;   /* mono_ns; 0 not yet. t_first: first byte of the answer's body */
    uint64_t    bytes_in, bytes_out;
    aigw_dec    dec;               /* dec.frame: what the last frame was */
    /* private */
    aigw_attempt_cfg cfg;
    uint8_t     state, framing, clean, complete, ready, early;
    aigw_arena  mem;               /* what init got, after the answer's head */
    char       *window;            /* partial frame, or whole body so far */
    size_t      window_n, window_cap;
    aigw_str   *pieces;            /* left to send */
    size_t      n_pieces, piece_at;
    aigw_str    secret[2];         /* to be wiped when sent */
    aigw_http   http;
    aigw_header headers[AIGW_ATTEMPT_HEADERS];
    char        id[72];
    aigw_window frames;
} aigw_attempt;

/* Begin: writes the request into mem[0..n) (borrowed until release; 16 KiB is usual, long texts of the request stay
   where they are). AIGW_OK; AIGW_E_REFUSED (named in cfg->loss), AIGW_E_UNSUPPORTED, AIGW_E_CLOCK, AIGW_E_VALUE (key
   or header with bytes that no header may have), AIGW_E_NOMEM (mem too small). After an error nothing is held. */
AIGW_API int aigw_attempt_init(aigw_attempt *a, const aigw_attempt_cfg *cfg, aigw_now now, void *mem, size_t n);
/* The connection is made. */
AIGW_API void aigw_attempt_connected(aigw_attempt *a, aigw_now now);
/* What it waits for: AIGW_WANT_* bits. */
AIGW_API unsigned aigw_attempt_want(const aigw_attempt *a);
/* The bytes to send now; looking changes nothing. Then: n of them left. */
AIGW_API aigw_str aigw_attempt_out(const aigw_attempt *a);
AIGW_API void aigw_attempt_sent(aigw_attempt *a, aigw_now now, size_t n);
/* Take the provider's bytes: how many were taken (fewer than n: see aigw_attempt_want, then feed the rest). Bytes
   after the end are taken and forgotten. Never an error: errors are events. */
AIGW_API size_t aigw_attempt_feed(aigw_attempt *a, aigw_now now, const void *p, size_t n);
/* The provider closed: cleanly (FIN, close_notify) or not (reset). */
AIGW_API void aigw_attempt_eof(aigw_attempt *a, aigw_now now, int clean);
/* One step: the events of one frame, of the whole answer, or of the end go to the sink. Returns 1, 0 (nothing there),
   or what the sink returned (< 0): a whole answer can be asked for again then, for a frame it is lost and the caller
   ends the attempt. */
AIGW_API int aigw_attempt_next(aigw_attempt *a, aigw_now now, const aigw_sink *out);
/* Larger memory for what is being collected (at least mem_want), borrowed until the next move or release; what was
   given before may be reused. AIGW_OK, AIGW_E_NOMEM. */
AIGW_API int aigw_attempt_move(aigw_attempt *a, void *mem, size_t n);
/* End it with an error of this kind, whatever the state: the transport failed, or the caller has no memory. `text` is
   static, or NULL for the kind's own. Nothing when it has ended. */
AIGW_API void aigw_attempt_fail(aigw_attempt *a, int kind, const char *text);
/* When aigw_attempt_tick is to be called at the latest, or AIGW_NEVER. */
AIGW_API uint64_t aigw_attempt_deadline(const aigw_attempt *a);
/* Look at the clock: a deadline that passed ends the attempt with an error. */
AIGW_API void aigw_attempt_tick(aigw_attempt *a, aigw_now now);
/* Give everything back; wipes what held the key. Legal at any time after init, also twice. */
AIGW_API void aigw_attempt_release(aigw_attempt *a);

/* ---- >>hub api ---------------------------------------------------------------------------------------------------- */

/* What lives between requests: the registry's two slots, slabs of memory, what failed lately, and the list of
   exchanges. One per gateway; single-threaded. */
#define AIGW_HUB_SLABS 4
typedef struct {
    struct { uint32_t bytes, count; } slab[AIGW_HUB_SLABS];   /* sizes rising. All 0: 4,096 of 16 KiB, 64 of 256 KiB, 8 of 4 MiB, 2 of 16 MiB. A small request takes five of the first that has 4 KiB */
    uint32_t targets;          /* how many failing targets are remembered. 0: 256 */
    uint64_t seed;             /* of all chance; the caller's entropy */
} aigw_hub_cfg;

/* One thing the hub can wake: an exchange. It is linked, so it must not move. Private. */
typedef struct aigw_hub_job {
    void    *owner;
    uint64_t deadline;
    uint8_t  linked, queued, wants;          /* wants: 1 + slab class that it waits for */
    struct aigw_hub_job *next, *prev, *ready;
} aigw_hub_job;
typedef struct aigw_hub_slab { struct aigw_hub_slab *next; } aigw_hub_slab;
typedef struct { uint64_t hash, until_ns; uint8_t n; char name[55]; } aigw_hub_failure;
typedef struct {
    const aigw_registry *registry;           /* the current one */
    uint8_t   draining;                      /* set by the caller: new requests are answered `busy` */
    uint32_t  running;                       /* exchanges that carry a request now */
    uint64_t  random;
    /* private */
    aigw_hub_cfg cfg;
    uint8_t   key[16];
    struct { const aigw_registry *registry; uint32_t users; } slot[2];
    aigw_hub_job  jobs, *ready, **ready_end;
    uint64_t  due;                           /* no job's deadline is earlier */
    uint32_t  waiting;                       /* jobs that wait for a slab */
    struct { unsigned char *mem; uint32_t touched, in_use; aigw_hub_slab *free; } slab[AIGW_HUB_SLABS];
    aigw_hub_failure *failures;
} aigw_hub;

/* Bytes of memory that init wants for this configuration (NULL: the default). */
AIGW_API size_t aigw_hub_size(const aigw_hub_cfg *cfg);
/* Begin in mem[0..n) (borrowed; slabs that were never needed are never touched). AIGW_OK, AIGW_E_NOMEM. */
AIGW_API int aigw_hub_init(aigw_hub *h, const aigw_hub_cfg *cfg, void *mem, size_t n);
/* Make r (borrowed, immutable) the registry of new requests; running ones keep theirs. AIGW_OK, or AIGW_E_AGAIN while
   two others are in use by requests: try again later with the newest. */
AIGW_API int aigw_hub_swap(aigw_hub *h, const aigw_registry *r);
/* 1 while r is current or a request uses it. */
AIGW_API int aigw_hub_holds(const aigw_hub *h, const aigw_registry *r);
/* Look at the clock: exchanges whose time has come become ready. */
AIGW_API void aigw_hub_tick(aigw_hub *h, aigw_now now);
/* When to call tick at the latest, in mono_ns; AIGW_NEVER when nothing waits for time. May be early, never late. */
AIGW_API uint64_t aigw_hub_deadline(const aigw_hub *h);
/* The next exchange that can go on because of time or memory (an `aigw_exchange *`, to be run), or NULL. */
AIGW_API void *aigw_hub_ready(aigw_hub *h);
/* Lend a slab of at least `bytes`, of the smallest class that has them. NULL: none is free (*class_ says which class
   to wait for, or is -1 when no class is that large). Then: give it back. */
AIGW_API void *aigw_hub_take(aigw_hub *h, size_t bytes, size_t *got, int *class_);
AIGW_API void aigw_hub_give(aigw_hub *h, void *slab);
/* Slabs of this class (0 to AIGW_HUB_SLABS - 1) that nobody has, one after another; after NULL: the first. NULL: no
   more. For a caller that gives their pages back to its system: the first 16 bytes of each must stay. */
AIGW_API void *aigw_hub_idle(const aigw_hub *h, int class_, const void *after, size_t *bytes);
/* Remember that a target failed and is not to be asked first until then / answered; ask whether it is to be put last. */
AIGW_API void aigw_hub_failed(aigw_hub *h, aigw_str target, uint64_t until_ns);
AIGW_API void aigw_hub_answered(aigw_hub *h, aigw_str target);
AIGW_API int  aigw_hub_failing(const aigw_hub *h, aigw_now now, aigw_str target);

/* ---- >>exchange api ----------------------------------------------------------------------------------------------- */

/* One client connection's requests, one after another, each from its head to its last byte. It reads and writes the client's HTTP itself; bytes are moved by the caller.

       aigw_exchange_init(&x, &hub, &io, NULL);
       client readable:                     n = aigw_exchange_feed(&x, now, p, got);      keep what was not taken for later
       client closed:                       aigw_exchange_eof(&x, now);
       any of its sockets ready, or after feed, or aigw_hub_ready gave it:   wait = aigw_exchange_run(&x, now);
       wait & AIGW_WAIT_CLOSE:              aigw_exchange_release(&x, now), close the client's socket               */

#ifndef AIGW_EXCHANGE_CONNS
#  define AIGW_EXCHANGE_CONNS 2    /* provider connections of one exchange (a hedge needs the second) */
#endif
#ifndef AIGW_EXCHANGE_TARGETS
#  define AIGW_EXCHANGE_TARGETS 8  /* most candidates of one request */
#endif
typedef enum {                     /* what aigw_exchange_run waits for */
    AIGW_WAIT_CLIENT_IN = 1,       /* bytes of the client: feed. Without it the client is read only to learn that it went away */
    AIGW_WAIT_CLIENT_OUT = 2,      /* the client's socket takes bytes again */
    AIGW_WAIT_UP_IN = 4,           /* provider connection 0 has bytes */
    AIGW_WAIT_UP_OUT = 8,          /* provider connection 0 takes bytes */
    AIGW_WAIT_CONNECT = 16,        /* io.connect got on */
    AIGW_WAIT_TURN = 32,           /* nothing: others should have a turn, then run again */
    AIGW_WAIT_MEMORY = 64,         /* aigw_hub_ready will name it */
    AIGW_WAIT_IDLE = 128,          /* no request under way (with CLIENT_IN) */
    AIGW_WAIT_CLOSE = 256,         /* all is said: close the client's connection */
    AIGW_WAIT_TIME = 512           /* only aigw_exchange_deadline */
} aigw_exchange_wait;

/* Codes of the I/O callbacks beside AIGW_AGAIN: AIGW_E_CLOSED the peer reset or cut, AIGW_E_IO any other failure; and
   to say more: */
#define AIGW_IO_KIND(kind) (-100 - (int)(kind))      /* AIGW_IO_KIND(AIGW_KIND_DNS), _TLS, _CONNECT, _TIMEOUT */

struct aigw_exchange;
/* What a caller answers by itself (pages, health, refused hosts). */
typedef struct {
    int         kind;              /* AIGW_KIND_* not 0: an error of this kind in the client's dialect, with message and advice */
    const char *message, *advice;  /* static or living until the record; "" or NULL none */
    int         status;            /* else: status, type and body, borrowed until the record */
    aigw_str    type, body;
} aigw_exchange_reply;

/* What is known of a request when it is over; slices are valid during the call. Times in microseconds; -1: did not
   happen. Names as in the log line. */
typedef struct {
    aigw_str    request_id, upstream_request_id;
    aigw_str    method, path;      /* without its query */
    aigw_str    asked;             /* model name as the client wrote it */
    aigw_str    route, provider, model, dialect, provider_dialect;    /* "" unknown */
    aigw_str    why;               /* the line of x-aigw-why */
    aigw_str    user;              /* end-user id of the request or x-aigw-user */
    aigw_str    client;            /* user-agent */
    int         status;            /* towards the client; 0: none was sent */
    uint8_t     op, kind;          /* AIGW_OP_*; AIGW_KIND_*, 0 fine */
    uint8_t     stream;            /* the client asked for a stream */
    uint8_t     same;              /* relayed in one dialect */
    uint8_t     finish;            /* AIGW_FINISH_* of the first answer */
    uint8_t     disconnect;        /* the client went away */
    uint16_t    attempts;
    aigw_usage  usage;
    const aigw_loss *loss, *answer_loss;
    const aigw_error *error;       /* NULL fine */
    int64_t     t_read_us, t_admit_us, t_queue_us, t_connect_us, t_first_us, t_stream_us, t_write_us, ttft_us, dur_us, overhead_us;
    uint64_t    bytes_in, bytes_out;   /* client's side */
} aigw_exchange_record;

/* I/O. Callbacks may block, or answer AIGW_AGAIN. They must not call back into the exchange. */
typedef struct {
    void *user;
    /* Connect number `conn` to p, or go on connecting: 0 connected, 1 connected by one that was used before,
       AIGW_AGAIN, AIGW_E_IO, AIGW_IO_KIND(...). */
    int  (*connect)(void *user, int conn, const aigw_registry_provider *p);
    /* Bytes sent (> 0, may be short) or a code. Bytes read, 0 at a clean end, or a code. */
    int  (*send)(void *user, int conn, const void *p, size_t n);
    int  (*recv)(void *user, int conn, void *p, size_t n);
    /* Done with it; also when connecting failed or is under way. keep: it is sound and may serve another request to
       that provider. */
    void (*close)(void *user, int conn, int keep);
    /* Bytes to the client: sent (> 0, may be short), or a code. */
    int  (*reply)(void *user, const void *p, size_t n);
    /* A request's head is there: 1 and *r is the answer, 0 not the caller's affair. NULL: none is. `body` is not
       there yet. */
    int  (*local)(void *user, const aigw_head *head, aigw_exchange_reply *r);
    /* A request is over. NULL: nobody asks. */
    void (*record)(void *user, const aigw_exchange_record *r);
    /* Why connect failed, in words: static text, or NULL when nothing is known. Asked before close. NULL: a sentence
       per kind. */
    const char *(*why)(void *user, int conn);
} aigw_exchange_io;

typedef struct {
    uint32_t max_body_bytes;       /* longest request body. 0: 32 MiB; the largest slab is a bound too */
    uint32_t max_answer_bytes;     /* longest whole answer or frame. 0: 16 MiB */
    uint32_t read_ms;              /* a request must be complete this long after its first byte, or after its last piece of 64 KiB. 0: 60,000 */
    uint32_t write_ms;             /* a client that takes nothing for this long has gone. 0: 120,000 */
    uint32_t ping_ms;              /* silence of a stream after which the dialect's keep-alive is sent. 0: 15,000 */
    uint32_t attempts;             /* most attempts of a request where the route does not say. 0: 3 */
    uint32_t wait_ms;              /* longest wait before the only target is asked again. 0: 2,000 */
    uint8_t  blocking;             /* callbacks block: run returns AIGW_WAIT_TURN after each, so that the clock can be read */
} aigw_exchange_cfg;

typedef struct { char *p; size_t n; } aigw_exchange_slab;
typedef struct aigw_exchange {
    aigw_hub_job job;              /* private, all of it; must be first */
    aigw_hub *hub;
    aigw_exchange_io  io;
    aigw_exchange_cfg cfg;
    aigw_now  now;
    unsigned  wait;
    uint8_t   state;
    aigw_header headers[64];
    char      small[2048];         /* for what must be said without a slab */
    /* from here on: of one request, cleared after it */
    uint8_t   clear_from, committed, continuing, gone, close_after, http10, head_request, strict, stream, usage_asked, slot, op;
    uint8_t   until_read, own_conn, reused, send_dead, stale, ended, trouble, chunked, chunk_open, folds, finish, id_n, upstream_id_n, marked;
    uint16_t  attempts, max_attempts, pick, picks;
    int       status, kind, turns;
    const char *allow;
    /* the request */
    aigw_http http;
    aigw_exchange_slab head_slab, body_slab, tree_slab;
    aigw_exchange_slab try_slab, window_slab, out_slab, big_slab, hold_slab, whole_slab, fold_slab[4];
    size_t    body_n, head_mem_n;
    char     *head_mem;            /* for the answer's head */
    aigw_arena tree;
    const aigw_registry *registry;
    const aigw_dialect  *dialect;  /* the client's */
    const aigw_registry_route *route;
    aigw_str  asked;               /* model or route */
    aigw_req  req;
    aigw_registry_pick picked[AIGW_EXCHANGE_TARGETS];
    /* the try */
    aigw_attempt attempt;
    aigw_enc  enc;
    aigw_fold fold;
    aigw_arena fold_mem;
    aigw_resp resp;
    char     *in;                  /* provider's bytes not yet fed: [in_at, in_n) */
    size_t    in_at, in_n, in_cap;
    /* towards the client */
    char     *out;                 /* [out_at, out_n) is to be sent, up to out_held */
    size_t    out_at, out_n, out_cap, out_held, chunk_at, array_n;
    aigw_str  tail;                /* what follows: a whole body */
    aigw_exchange_reply reply;
    uint64_t  until, retry_at, read_at, write_at, memory_until;
    uint64_t  t_begin, t_read, t_up, t_up_end, t_commit, t_block, up_ns;
    uint64_t  bytes_in, bytes_out, random;
    int64_t   overhead_us;
    aigw_usage usage;
    aigw_loss loss, answer_loss;
    aigw_loss_item loss_items[16], answer_items[8];
    aigw_error error;
    size_t    error_n, why_n;
    char      id[132], why[256], upstream_id[72], error_text[1024];
} aigw_exchange;

/* Begin for one client connection. hub is borrowed and must have a registry (aigw_hub_swap); io and cfg (NULL:
   defaults) are copied. x must not move until release. */
AIGW_API void aigw_exchange_init(aigw_exchange *x, aigw_hub *hub, const aigw_exchange_io *io, const aigw_exchange_cfg *cfg);
/* The client's bytes: how many were taken. Fewer than n: keep the rest and feed it when run says AIGW_WAIT_CLIENT_IN
   again. Call run after every feed, also when it took nothing: it says what is waited for now. */
AIGW_API size_t aigw_exchange_feed(aigw_exchange *x, aigw_now now, const void *p, size_t n);
/* The client closed or its connection broke: the provider's connection is closed before this returns. Call release
   next. */
AIGW_API void aigw_exchange_eof(aigw_exchange *x, aigw_now now);
/* Do all that can be done. Returns AIGW_WAIT_* bits; never 0. */
AIGW_API unsigned aigw_exchange_run(aigw_exchange *x, aigw_now now);
/* When to run it at the latest (mono_ns; AIGW_NEVER); the hub's deadline covers it. */
AIGW_API uint64_t aigw_exchange_deadline(const aigw_exchange *x);
/* End it in any state: closes the provider's connection, records a request under way, gives memory back, leaves the
   hub. Legal twice. */
AIGW_API void aigw_exchange_release(aigw_exchange *x, aigw_now now);

/* ---- >>client api ------------------------------------------------------------------------------------------------- */

/* The short way in: one request to one provider over a connection that the caller has made. Needs only >>attempt and what is below it: no registry, hub or exchange is linked.

       aigw_client_init(&c, &aigw_dialect_anthropic, host, base, key, model);
       aigw_client_ask(&c, system, user, 1);
       c.io = io;
       aigw_client_start(&c, now, mem, sizeof mem);
       while ((r = aigw_client_run(&c, now, &sink)) == 0 || r == AIGW_AGAIN) { read the clock; after AGAIN wait for the socket }
       r == 1: STOP or ERROR was put and the answer is over; r < 0: see the code                                                     */
typedef struct {
    void *user;
    int (*send)(void *user, const void *p, size_t n);     /* bytes sent (> 0), AIGW_AGAIN, AIGW_E_CLOSED, AIGW_E_IO */
    int (*recv)(void *user, void *p, size_t n);           /* bytes read, 0 at a clean end, or a code */
} aigw_client_io;
typedef struct {
    aigw_client_io   io;
    aigw_target      target;       /* may be changed before start: version, abilities, limits */
    aigw_attempt_cfg cfg;          /* may be changed before start: times, loss, headers */
    aigw_req         req;          /* may be changed before start */
    /* private */
    aigw_message     message[2];
    aigw_part        part[2];
    aigw_attempt     attempt;
    uint8_t          started;
    size_t           in_at, in_n, in_cap;
    char            *in;
} aigw_client;

/* A client of one provider and model. All slices are borrowed. base: path prefix of the base URL ("/v1", "" none). */
AIGW_API void aigw_client_init(aigw_client *c, const aigw_dialect *dialect, aigw_str host, aigw_str base, aigw_str key, aigw_str model);
/* Make c->req a question in plain UTF-8 (system may be empty), answered as a stream or whole. */
AIGW_API void aigw_client_ask(aigw_client *c, aigw_str system, aigw_str user, int stream);
/* Write the request and begin. mem[0..n) is borrowed until the end: it holds the request's scratch, then the partial
   frame or the whole answer; 8 KiB do for chats, more for long frames. Codes of aigw_attempt_init. */
AIGW_API int aigw_client_start(aigw_client *c, aigw_now now, void *mem, size_t n);
/* Send, receive and hand out events until something must be waited for. 1: over (c->attempt.ended says how,
   c->attempt.keep_alive whether the connection is still good); 0: call again with a new time; AIGW_AGAIN: wait for
   the socket (c->attempt: aigw_attempt_want) or aigw_client_deadline; else what the sink returned. */
AIGW_API int aigw_client_run(aigw_client *c, aigw_now now, const aigw_sink *out);
AIGW_API uint64_t aigw_client_deadline(const aigw_client *c);
/* Wipe the key and be done; legal at any time. */
AIGW_API void aigw_client_release(aigw_client *c);

#ifdef __cplusplus
}
#endif
#endif /* AIGW_H */

#ifdef AIGW_IMPLEMENTATION
#ifndef AIGW_IMPLEMENTED
#define AIGW_IMPLEMENTED
#include <string.h>
#ifndef AIGW_ASSERT
#  define AIGW_ASSERT(x) ((void)0)
#endif
#ifdef AIGW_CLIENT_ONLY                  /* what speaks to clients is named nowhere, so that the compiler drops it */
#  define AIGWI_SERVE(function) NULL
#  ifdef __GNUC__
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wunused-function"
#    pragma GCC diagnostic ignored "-Wunused-variable"
#    ifdef __clang__
#      pragma GCC diagnostic ignored "-Wunused-const-variable"
#    endif
#  endif
#else
#  define AIGWI_SERVE(function) function
#endif
#ifdef __GNUC__                          /* a helper of which a build with fewer dialects may use none */
#  define AIGWI_SHARED static __attribute__((unused))
#else
#  define AIGWI_SHARED static
#endif

/* ==== >>base =======================================================================================================
 * Knows bytes: slices, arenas, the writer with its pieces, UTF-8 [RFC 3629], decimal numbers, base64 [RFC 4648], durations
 * [Go's time.ParseDuration, protobuf JSON], dates [RFC 3339, RFC 9110 section 5.6.7]. Knows nothing of any format built from
 * them. Long texts are scanned a word at a time; a word is a size_t read by memcpy, and only where in the word a hit
 * stands depends on the byte order. */

/* What is rarely run is kept apart, so that its callers stay small and quick. */
#ifdef __GNUC__
#  define AIGWI_BASE_APART __attribute__((noinline))
#else
#  define AIGWI_BASE_APART
#endif
#define AIGWI_BASE_ONES ((size_t)-1 / 255)                    /* 0x01 in every byte */
#define AIGWI_BASE_TOPS (AIGWI_BASE_ONES * 0x80)

static size_t aigwi_base_word(const char *p) {
    size_t w;
    memcpy(&w, p, sizeof w);
    return w;
}
/* 1 when p[0..n) and q[0..n) are equal; for names, where a call costs more than the comparison. */
static inline int aigwi_base_same(const char *p, const char *q, size_t n) {
    uint32_t a, b, c, d;
    if (n >= sizeof(size_t)) {
        size_t i = 0, last = n - sizeof(size_t);
        for (; i < last; i += sizeof(size_t))
            if (aigwi_base_word(p + i) != aigwi_base_word(q + i)) return 0;
        return aigwi_base_word(p + last) == aigwi_base_word(q + last);
    }
    if (n >= 4) {
        memcpy(&a, p, 4);
        memcpy(&b, q, 4);
        memcpy(&c, p + n - 4, 4);
        memcpy(&d, q + n - 4, 4);
        return ((a ^ b) | (c ^ d)) == 0;
    }
    while (n && p[n - 1] == q[n - 1]) n--;
    return n == 0;
}
/* Compilers fold this. */
static int aigwi_base_little(void) {
    const size_t one = 1;
    unsigned char low;
    memcpy(&low, &one, 1);
    return low;
}
/* Where s ends; no arithmetic on NULL. */
static const char *aigwi_base_end(aigw_str s) {
    return s.n ? s.p + s.n : s.p;
}
/* Where the whole words of p..end stop. */
static const char *aigwi_base_words(const char *p, const char *end) {
    size_t n = (size_t)(end - p) & ~(sizeof(size_t) - 1);
    return n ? p + n : p;
}
/* Which byte holds the lowest of the top bits in m (not 0). */
static size_t aigwi_base_lowest(size_t m) {
#ifdef __GNUC__
    return (size_t)(sizeof m == sizeof(unsigned) ? __builtin_ctz((unsigned)m) : __builtin_ctzll(m)) / 8;
#else
    size_t below = (((m & (0 - m)) >> 7) - 1) & AIGWI_BASE_ONES;                   /* a one in each whole byte below it: added up by */
    return (below * AIGWI_BASE_ONES) >> (8 * sizeof m - 8);                        /* the multiplication */
#endif
}
/* The first c in p..end, or end. */
static const char *aigwi_base_until(const char *p, const char *end, char c) {
    for (const char *stop = aigwi_base_words(p, end); p != stop; p += sizeof(size_t)) {
        size_t x = aigwi_base_word(p) ^ AIGWI_BASE_ONES * (unsigned char)c, m = (x - AIGWI_BASE_ONES) & ~x & AIGWI_BASE_TOPS;
        if (m && aigwi_base_little()) return p + aigwi_base_lowest(m);
        if (m) break;
    }
    while (p < end && *p != c) p++;
    return p;
}
/* The first byte below `limit` (1 to 128) in p..end, or end. */
static const char *aigwi_base_below(const char *p, const char *end, unsigned limit) {
    const size_t limits = AIGWI_BASE_ONES * limit;
    for (const char *stop = aigwi_base_words(p, end); p != stop; p += sizeof(size_t)) {
        size_t w = aigwi_base_word(p), m = (w - limits) & ~w & AIGWI_BASE_TOPS;
        if (m && aigwi_base_little()) return p + aigwi_base_lowest(m);
        if (m) break;
    }
    while (p < end && (unsigned char)*p >= limit) p++;
    return p;
}
static aigw_str aigwi_base_slice(const char *p, const char *end) {
    aigw_str s;
    s.p = p;
    s.n = (size_t)(end - p);
    return s;
}
static char aigwi_base_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static int aigwi_base_digit(char c) {
    return c >= '0' && c <= '9';
}

AIGW_API const char *aigw_base_error_text(int code) {
#ifndef AIGW_NO_TEXT
    switch (code) {
    case AIGW_OK: return "ok";
#define X(name, number, text) case number: return text;
    AIGW_E_LIST(X)
#undef X
    default: return "an unknown error";
    }
#else
    (void)code;
    return "";
#endif
}

AIGW_API aigw_str aigw_base_str(const char *s) {
    aigw_str r;
    r.p = s;
    r.n = s ? strlen(s) : 0;
    return r;
}
AIGW_API int aigw_base_eq(aigw_str a, aigw_str b) {
    return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}
AIGW_API int aigw_base_eq_nocase(aigw_str a, aigw_str b) {
    if (a.n != b.n) return 0;
    for (size_t i = 0; i < a.n; i++)
        if (aigwi_base_lower(a.p[i]) != aigwi_base_lower(b.p[i])) return 0;
    return 1;
}
AIGW_API size_t aigw_base_find(aigw_str s, aigw_str what, size_t from) {
    if (from > s.n || what.n > s.n - from) return s.n;
    if (!what.n) return from;
    const char *p = s.p + from, *last = s.p + (s.n - what.n) + 1;
    while ((p = aigwi_base_until(p, last, what.p[0])) < last) {
        if (!memcmp(p, what.p, what.n)) return (size_t)(p - s.p);
        p++;
    }
    return s.n;
}

AIGW_API aigw_arena aigw_base_arena(void *mem, size_t n) {
    aigw_arena a;
    a.at = (unsigned char *)mem;
    a.end = mem ? a.at + n : a.at;
    return a;
}
AIGW_API void *aigw_base_take(aigw_arena *a, size_t n, size_t size, size_t align) {
    if (!n || !size) return a->at ? (void *)a->at : (void *)a;                /* nothing wanted: any non-null address */
    if (!a->at) return NULL;                                                  /* no arithmetic on NULL */
    size_t pad = (size_t)(0 - (uintptr_t)a->at) & (align - 1), room = (size_t)(a->end - a->at);
    if (pad > room || n > (room - pad) / size) return NULL;
    unsigned char *p = a->at + pad;
    a->at = p + n * size;
    return memset(p, 0, n * size);
}
AIGW_API aigw_str aigw_base_copy(aigw_arena *a, aigw_str s) {
    aigw_str r;
    r.p = NULL;
    r.n = s.n;
    if (!s.n) {
        r.p = "";
    } else if (a->at && (size_t)(a->end - a->at) >= s.n) {
        r.p = (const char *)memcpy(a->at, s.p, s.n);
        a->at += s.n;
    }
    return r;
}

/* Room for n bytes at the end of the scratch, or NULL when it is not there; counted either way. */
static char *aigwi_base_room(aigw_out *o, size_t n) {
    size_t at = o->buf.n;
    o->comma = 0;                                             /* what is put by hand begins afresh for the JSON writer */
    if (n > SIZE_MAX - o->bytes) {                            /* saturates: stays "did not fit" */
        o->bytes = o->buf.n = SIZE_MAX;
        return NULL;
    }
    o->bytes += n;                                            /* never less than buf.n */
    o->buf.n = at + n;
    return n && at + n <= o->buf.cap ? o->buf.p + at : NULL;
}
/* List the scratch that is not listed yet. When it did not fit the piece is empty, but counted, so that the wanted
   size is right. */
static void aigwi_base_flush(aigw_out *o) {
    if (o->open == o->buf.n) return;
    aigw_str *s = &o->pieces[o->n++];
    int fits = o->buf.n <= o->buf.cap;
    s->p = fits ? o->buf.p + o->open : NULL;
    s->n = fits ? o->buf.n - o->open : 0;
    o->open = o->buf.n;
}
AIGW_API void aigw_base_out_init(aigw_out *o, void *mem, size_t cap, aigw_str *pieces, size_t npieces) {
    memset(o, 0, sizeof *o);
    o->buf.p = (char *)mem;
    o->buf.cap = mem ? cap : 0;
    o->pieces = pieces;
    o->cap = pieces ? npieces : 0;
}
AIGW_API void aigw_base_put(aigw_out *o, aigw_str s) {
    char *d = aigwi_base_room(o, s.n);
    if (d) memcpy(d, s.p, s.n);
}
AIGW_API void aigw_base_ref(aigw_out *o, aigw_str s) {
    /* Room for what is pending, for s, and for what may come after it. */
    if (s.n < 64 || o->cap - o->n < 2 + (size_t)(o->open != o->buf.n)) {
        aigw_base_put(o, s);
        return;
    }
    aigwi_base_flush(o);
    o->pieces[o->n++] = s;
    o->bytes = s.n <= SIZE_MAX - o->bytes ? o->bytes + s.n : SIZE_MAX;
    o->comma = 0;
}
AIGW_API void aigw_base_put_byte(aigw_out *o, char c) {
    char *d = aigwi_base_room(o, 1);
    if (d) *d = c;
}
AIGW_API void aigw_base_put_lit(aigw_out *o, const char *s) {
    aigw_base_put(o, aigw_base_str(s));
}
/* v with at least `width` digits, zeros in front. */
static void aigwi_base_put_digits(aigw_out *o, uint64_t v, size_t width) {
    char text[20], *end = text + sizeof text, *p = end;
    while (v >> 32) {                                         /* 64-bit division only where the number needs it */
        *--p = (char)('0' + (int)(v % 10));
        v /= 10;
    }
    uint32_t u = (uint32_t)v;
    do *--p = (char)('0' + (int)(u % 10)); while (u /= 10);
    while ((size_t)(end - p) < width) *--p = '0';
    aigw_base_put(o, aigwi_base_slice(p, end));
}
AIGW_API void aigw_base_put_int(aigw_out *o, int64_t v) {
    if (v < 0) aigw_base_put_byte(o, '-');
    aigwi_base_put_digits(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 1);
}
AIGW_API void aigw_base_put_base64(aigw_out *o, aigw_str s) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t groups = s.n / 3 + (s.n % 3 != 0);
    char *d = aigwi_base_room(o, groups <= SIZE_MAX / 4 ? groups * 4 : SIZE_MAX);
    if (!d) return;
    for (size_t i = 0; i < s.n; i += 3, d += 4) {
        uint32_t w = (uint32_t)(unsigned char)s.p[i] << 16;
        if (i + 1 < s.n) w |= (uint32_t)(unsigned char)s.p[i + 1] << 8;
        if (i + 2 < s.n) w |= (unsigned char)s.p[i + 2];
        d[0] = digits[w >> 18];
        d[1] = digits[w >> 12 & 63];
        d[2] = i + 1 < s.n ? digits[w >> 6 & 63] : '=';
        d[3] = i + 2 < s.n ? digits[w & 63] : '=';
    }
}
/* The value of a digit of base64 or base64url, or -1. */
static int aigwi_base_sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (aigwi_base_digit(c)) return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}
AIGW_API int aigw_base_put_unbase64(aigw_out *o, aigw_str s) {
    if (s.n && s.n % 4 == 0 && s.p[s.n - 1] == '=') s.n -= s.p[s.n - 2] == '=' ? 2 : 1;
    if (s.n % 4 == 1) return AIGW_E_SYNTAX;
    char *d = aigwi_base_room(o, s.n / 4 * 3 + s.n % 4 * 3 / 4);
    uint32_t w = 0;
    for (size_t i = 0; i < s.n; i++) {
        int v = aigwi_base_sextet(s.p[i]);
        if (v < 0) return AIGW_E_SYNTAX;
        w = w << 6 | (uint32_t)v;
        if (d && i % 4) *d++ = (char)(w >> (6 - i % 4 * 2) & 0xFF);
    }
    return AIGW_OK;
}
AIGW_API int aigw_base_out_end(aigw_out *o) {
    if (o->cap) aigwi_base_flush(o);                          /* aigw_base_ref left room for it */
    return o->buf.n <= o->buf.cap ? AIGW_OK : AIGW_E_NOMEM;
}
AIGW_API aigw_str aigw_base_out_str(const aigw_out *o) {
    aigw_str s;
    s.n = o->bytes;
    s.p = o->buf.n == o->bytes && o->bytes <= o->buf.cap ? o->buf.p : NULL;   /* nothing is referenced */
    if (o->n == 1 && o->open == o->buf.n) s = o->pieces[0];
    return s;
}

/* The UTF-8 character at p (p < end): its length, or minus the length of the longest part of it that a replacement
   character stands for [Unicode 15, section 3.9, "maximal subpart"]. */
static int aigwi_base_utf8_char(const char *p, const char *end) {
    unsigned char c = (unsigned char)p[0], low = 0x80, high = 0xBF;
    int n = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4) return -1;
    if (c == 0xE0) low = 0xA0;                                /* no overlong forms, no surrogates, nothing above U+10FFFF */
    if (c == 0xED) high = 0x9F;
    if (c == 0xF0) low = 0x90;
    if (c == 0xF4) high = 0x8F;
    for (int i = 1; i <= n; i++) {
        if (p + i == end || (unsigned char)p[i] < low || (unsigned char)p[i] > high) return -i;
        low = 0x80;
        high = 0xBF;
    }
    return n + 1;
}
/* Write code point c (no surrogate) as UTF-8; how many bytes. */
static size_t aigwi_base_utf8_put(char *d, uint32_t c) {
    if (c < 0x80) {
        d[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i; i--, c >>= 6) d[i] = (char)(0x80 | (c & 0x3F));
    d[0] = (char)((0xF00u >> n & 0xFF) | c);
    return n;
}
AIGW_API size_t aigw_base_utf8(aigw_str s) {
    const char *p = s.p, *end = aigwi_base_end(s);
    while (p < end) {
        while ((size_t)(end - p) >= sizeof(size_t) && !(aigwi_base_word(p) & AIGWI_BASE_TOPS)) p += sizeof(size_t);
        if (p == end) break;
        int n = aigwi_base_utf8_char(p, end);
        if (n < 0) break;
        p += n;
    }
    return (size_t)(p - s.p);
}

/* u * 10 + digit; 0 when that is above `most`. */
static int aigwi_base_push(uint64_t *u, char digit, uint64_t most) {
    uint64_t d = (uint64_t)(digit - '0');
    if (*u > UINT64_MAX / 10 || *u * 10 > UINT64_MAX - d || *u * 10 + d > most) return 0;
    *u = *u * 10 + d;
    return 1;
}
static const char *aigwi_base_digits(const char *p, const char *end) {
    while (p < end && aigwi_base_digit(*p)) p++;
    return p;
}
/* The end of the JSON number at p, or NULL. */
static const char *aigwi_base_number(const char *p, const char *end) {
    if (p < end && *p == '-') p++;
    const char *q = aigwi_base_digits(p, end);
    if (q == p) return NULL;
    if (*p == '0') q = p + 1;                                 /* a digit after a leading zero is not part of it */
    if (q < end && *q == '.') {
        p = q + 1;
        q = aigwi_base_digits(p, end);
        if (q == p) return NULL;
    }
    if (q < end && (*q == 'e' || *q == 'E')) {
        p = q + 1;
        if (p < end && (*p == '+' || *p == '-')) p++;
        q = aigwi_base_digits(p, end);
        if (q == p) return NULL;
    }
    return q;
}
static int64_t aigwi_base_sign(uint64_t u, int negative) {
    return !negative ? (int64_t)u : u ? -(int64_t)(u - 1) - 1 : 0;
}
/* The JSON number that is all of s, times 10^shift, toward zero: 0 when it is none; else bit 0, with bit 1 when a
   fraction was cut and bit 2 when it saturated. */
static int aigwi_base_decimal(aigw_str s, int shift, int64_t *v) {
    const char *p = s.p, *end = aigwi_base_end(s), *e = p;
    if (!s.n || aigwi_base_number(p, end) != end) return 0;
    int negative = *p == '-', result = 1;
    uint64_t u = 0, most = (uint64_t)INT64_MAX + (uint64_t)negative, exponent = 0;
    p += negative;
    while (e < end && *e != 'e' && *e != 'E') e++;
    const char *digit = e < end ? e + 1 : e;
    int down = digit < end && *digit == '-';
    for (digit += digit < end && !aigwi_base_digit(*digit); digit < end; digit++)
        if (!aigwi_base_push(&exponent, *digit, INT64_MAX / 4)) exponent = INT64_MAX / 4;
    int64_t keep = (down ? -(int64_t)exponent : (int64_t)exponent) + shift + (aigwi_base_digits(p, e) - p);
    for (; p < e; p++) {                                      /* `keep` more digits count */
        if (*p == '.') continue;
        if (keep-- <= 0) result |= *p != '0' ? 2 : 0;
        else if (!(result & 4) && !aigwi_base_push(&u, *p, most)) result |= 4;
    }
    for (; keep > 0 && u && !(result & 4); keep--)
        if (!aigwi_base_push(&u, '0', most)) result |= 4;
    *v = aigwi_base_sign(result & 4 ? most : u, negative);
    return result;
}
AIGW_API int aigw_base_int(aigw_str s, int64_t *v) {
    const char *end = aigwi_base_end(s), *p = s.p, *safe;
    if (!s.n) return 0;
    int negative = *p == '-';
    uint64_t u = 0;
    p += negative;
    if (p == end) return 0;
    for (safe = end - p > 18 ? p + 18 : end; p < safe && aigwi_base_digit(*p); p++) u = u * 10 + (uint64_t)(*p - '0');   /* cannot overflow */
    for (; p < end; p++)
        if (!aigwi_base_digit(*p) || !aigwi_base_push(&u, *p, (uint64_t)INT64_MAX + (uint64_t)negative)) return 0;
    *v = aigwi_base_sign(u, negative);
    return 1;
}
AIGW_API int aigw_base_micro(aigw_str s, int64_t *micro) {
    return aigwi_base_decimal(s, 6, micro) != 0;
}

static const struct { aigw_str name; int16_t times, zeros; } aigwi_base_units[] = {   /* times * 10^zeros ns */
    { AIGW_STR("s"),         1,    9 },                       /* first: also the unit of a bare number */
    { AIGW_STR("ms"),        1,    6 },                       /* before "m" */
    { AIGW_STR("m"),         60,   9 },
    { AIGW_STR("h"),         3600, 9 },
    { AIGW_STR("us"),        1,    3 },
    { AIGW_STR("\xC2\xB5s"), 1,    3 },                       /* both micro signs, as Go reads them */
    { AIGW_STR("\xCE\xBCs"), 1,    3 },
    { AIGW_STR("ns"),        1,    0 }
};
AIGW_API int64_t aigw_base_duration_ms(aigw_str s) {
    const char *p = s.p, *end = aigwi_base_end(s);
    int64_t sum = 0, v;                                       /* ns */
    while (p < end) {
        const char *digit = p;
        size_t i = 0, count = sizeof aigwi_base_units / sizeof aigwi_base_units[0];
        while (end - digit > 1 && digit[0] == '0' && aigwi_base_digit(digit[1])) digit++;
        int alone = p == s.p;
        p = aigwi_base_digits(digit, end);
        if (p < end && *p == '.') p = aigwi_base_digits(p + 1, end);
        aigw_str number = aigwi_base_slice(digit, p), rest = aigwi_base_slice(p, end);
        if (rest.n || !alone) {
            while (i < count && (aigwi_base_units[i].name.n > rest.n
                                 || !aigwi_base_same(aigwi_base_units[i].name.p, p, aigwi_base_units[i].name.n))) i++;
            if (i == count) return -1;
            p += aigwi_base_units[i].name.n;
        }
        if (!aigwi_base_decimal(number, aigwi_base_units[i].zeros, &v)) return -1;
        sum = v > (INT64_MAX - sum) / aigwi_base_units[i].times ? INT64_MAX : sum + v * aigwi_base_units[i].times;
    }
    return !s.n ? -1 : sum == INT64_MAX ? sum : sum / 1000000;
}

/* Read fields by a pattern: 'd' is a digit of the next number, '|' ends a number, '?' any byte, else the byte itself
   (letters in any case). How many bytes, or 0. */
static size_t aigwi_base_pattern(aigw_str s, const char *pattern, int *number) {
    size_t i = 0;
    *number = 0;
    for (; *pattern; pattern++) {
        if (*pattern == '|') { *++number = 0; continue; }
        if (i == s.n) return 0;
        char c = s.p[i++];
        if (*pattern == 'd') {
            if (!aigwi_base_digit(c)) return 0;
            *number = *number * 10 + (c - '0');
        } else if (*pattern != '?' && aigwi_base_lower(c) != aigwi_base_lower(*pattern)) return 0;
    }
    return i;
}
static const char aigwi_base_months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Days since 1970-01-01 of a date of the Gregorian calendar; years are counted from March, so that the leap day comes
   last. */
static int64_t aigwi_base_days(int year, int month, int day) {
    int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}
/* t: year month day hour minute second. */
static int aigwi_base_seconds(const int *t, int64_t *wall_s) {
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int leap = (t[0] % 4 == 0 && t[0] % 100 != 0) || t[0] % 400 == 0;
    if (t[1] < 1 || t[1] > 12 || t[2] < 1 || t[2] > days[t[1] - 1] + (t[1] == 2 && leap)) return 0;
    if (t[3] > 23 || t[4] > 59 || t[5] > 60) return 0;        /* 60: a leap second */
    *wall_s = aigwi_base_days(t[0], t[1], t[2]) * 86400 + t[3] * 3600 + t[4] * 60 + t[5];
    return 1;
}
static int aigwi_base_rfc3339(aigw_str s, int64_t *wall_s) {
    int t[7], zone[3];
    size_t n = aigwi_base_pattern(s, "dddd|-dd|-dd|?dd|:dd|:dd", t);
    if (!n || (s.p[10] != 'T' && s.p[10] != 't' && s.p[10] != ' ') || !aigwi_base_seconds(t, wall_s)) return 0;
    if (n < s.n && s.p[n] == '.') {
        size_t start = ++n;
        while (n < s.n && aigwi_base_digit(s.p[n])) n++;
        if (n == start) return 0;
    }
    s = aigwi_base_slice(s.p + n, s.p + s.n);
    if (s.n == 1 && aigwi_base_lower(s.p[0]) == 'z') return 1;
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || aigwi_base_pattern(s, "?dd|:dd", zone) != 6) return 0;
    if (zone[0] > 23 || zone[1] > 59) return 0;
    *wall_s -= (s.p[0] == '-' ? -1 : 1) * (zone[0] * 3600 + zone[1] * 60);
    return 1;
}
static int aigwi_base_imf(aigw_str s, int64_t *wall_s) {
    int t[8], d[6];
    if (s.n != 29 || aigwi_base_pattern(s, "???, dd| ??? dddd| dd|:dd|:dd| GMT", t) != 29) return 0;
    d[0] = t[1];
    d[2] = t[0];
    for (int i = 0; i < 3; i++) d[3 + i] = t[2 + i];
    for (d[1] = 1; d[1] <= 12; d[1]++)
        if (aigw_base_eq_nocase(aigwi_base_slice(s.p + 8, s.p + 11), aigwi_base_slice(aigwi_base_months + 3 * d[1] - 3, aigwi_base_months + 3 * d[1])))
            break;
    return aigwi_base_seconds(d, wall_s);
}
AIGW_API int aigw_base_date(aigw_str s, int64_t *wall_s) {
    return aigwi_base_rfc3339(s, wall_s) || aigwi_base_imf(s, wall_s);
}
AIGW_API void aigw_base_put_date(aigw_out *o, int64_t wall_s) {
    const int64_t most = INT64_C(253402300799);               /* the end of 9999 */
    wall_s = wall_s < 0 ? 0 : wall_s > most ? most : wall_s;
    int32_t days = (int32_t)(wall_s / 86400), second = (int32_t)(wall_s % 86400), year = 1970 + days / 366, month = 12;
    while (aigwi_base_days(year + 1, 1, 1) <= days) year++;
    while (aigwi_base_days(year, month, 1) > days) month--;
    int32_t t[6];
    t[0] = year;
    t[1] = month;
    t[2] = days - (int32_t)aigwi_base_days(year, month, 1) + 1;
    t[3] = second / 3600;
    t[4] = second / 60 % 60;
    t[5] = second % 60;
    for (int i = 0; i < 6; i++) {
        aigwi_base_put_digits(o, (uint64_t)t[i], i ? 2 : 4);
        aigw_base_put_byte(o, "--T::Z"[i]);
    }
}
AIGW_API void aigw_base_put_duration(aigw_out *o, int64_t ms) {
    uint64_t u = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms, minutes = u / 60000;
    uint32_t rest = (uint32_t)(u % 60000), cut = rest % 1000;
    size_t width = 3;
    if (ms < 0) aigw_base_put_byte(o, '-');
    if (u && u < 1000) {
        aigwi_base_put_digits(o, u, 1);
        aigw_base_put_lit(o, "ms");
        return;
    }
    if (minutes >= 60) {
        aigwi_base_put_digits(o, minutes / 60, 1);
        aigw_base_put_byte(o, 'h');
    }
    if (minutes) {
        aigwi_base_put_digits(o, minutes % 60, 1);
        aigw_base_put_byte(o, 'm');
    }
    aigwi_base_put_digits(o, rest / 1000, 1);
    for (; cut && cut % 10 == 0; cut /= 10) width--;
    if (cut) {
        aigw_base_put_byte(o, '.');
        aigwi_base_put_digits(o, cut, width);
    }
    aigw_base_put_byte(o, 's');
}
AIGW_API uint64_t aigw_base_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

AIGW_API aigw_str aigw_base_header(const aigw_head *h, aigw_str name) {
    for (size_t i = 0; i < h->n; i++)
        if (aigw_base_eq_nocase(h->headers[i].name, name)) return h->headers[i].value;
    return aigw_base_str(NULL);
}
AIGW_API int aigw_base_header_put(aigw_head *h, aigw_str name, aigw_str value) {
    if (h->n == h->cap) return AIGW_E_NOMEM;
    h->headers[h->n].name = name;
    h->headers[h->n].value = value;
    h->n++;
    return AIGW_OK;
}

/* ==== >>digest =====================================================================================================
 * Knows SHA-256 [FIPS 180-4] and SipHash-2-4 [Aumasson, Bernstein 2012], written for size: what they hash is short. */

static uint32_t aigwi_digest_rotr(uint32_t v, unsigned n) {
    return v >> n | v << (32 - n);
}
static const uint32_t aigwi_digest_k[64] = {                  /* FIPS 180-4, section 4.2.2 */
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2
};
static void aigwi_digest_block(uint32_t h[8], const unsigned char *p) {
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++, p += 4)
        w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (aigwi_digest_rotr(a, 7) ^ aigwi_digest_rotr(a, 18) ^ a >> 3)
             + (aigwi_digest_rotr(b, 17) ^ aigwi_digest_rotr(b, 19) ^ b >> 10);
    }
    memcpy(v, h, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t a = v[0], e = v[4];
        uint32_t t = v[7] + (aigwi_digest_rotr(e, 6) ^ aigwi_digest_rotr(e, 11) ^ aigwi_digest_rotr(e, 25))
                   + ((e & v[5]) ^ (~e & v[6])) + aigwi_digest_k[i] + w[i];
        uint32_t u = (aigwi_digest_rotr(a, 2) ^ aigwi_digest_rotr(a, 13) ^ aigwi_digest_rotr(a, 22))
                   + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t;
        v[0] = t + u;
    }
    for (int i = 0; i < 8; i++) h[i] += v[i];
}
AIGW_API void aigw_digest_sha256(aigw_str s, uint8_t out[32]) {
    uint32_t h[8] = { 0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19 };
    unsigned char last[128];
    size_t whole = s.n & ~(size_t)63, rest = s.n - whole, n = rest < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)s.n * 8;
    for (size_t i = 0; i < whole; i += 64) aigwi_digest_block(h, (const unsigned char *)s.p + i);
    memset(last, 0, sizeof last);
    if (rest) memcpy(last, s.p + whole, rest);
    last[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) last[n - 1 - i] = (unsigned char)(bits >> 8 * i & 0xFF);
    for (size_t i = 0; i < n; i += 64) aigwi_digest_block(h, last + i);
    for (size_t i = 0; i < 32; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - i % 4 * 8) & 0xFF);
}

static uint64_t aigwi_digest_rotl64(uint64_t v, unsigned n) {
    return v << n | v >> (64 - n);
}
/* n bytes (at most 8), little-endian. */
static uint64_t aigwi_digest_le(const void *from, size_t n) {
    const unsigned char *p = (const unsigned char *)from;
    uint64_t v = 0;
    while (n--) v = v << 8 | p[n];
    return v;
}
static void aigwi_digest_sip(uint64_t v[4], int rounds) {
    while (rounds--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = aigwi_digest_rotl64(v[1], 13) ^ v[0];
        v[3] = aigwi_digest_rotl64(v[3], 16) ^ v[2];
        v[0] = aigwi_digest_rotl64(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = aigwi_digest_rotl64(v[1], 17) ^ v[2];
        v[3] = aigwi_digest_rotl64(v[3], 21) ^ v[0];
        v[2] = aigwi_digest_rotl64(v[2], 32);
    }
}
AIGW_API uint64_t aigw_digest_siphash(aigw_str s, const uint8_t key[16]) {
    uint64_t a = aigwi_digest_le(key, 8), b = aigwi_digest_le(key + 8, 8), v[4];
    v[0] = a ^ UINT64_C(0x736F6D6570736575);
    v[1] = b ^ UINT64_C(0x646F72616E646F6D);
    v[2] = a ^ UINT64_C(0x6C7967656E657261);
    v[3] = b ^ UINT64_C(0x7465646279746573);
    for (size_t i = 0; i <= s.n; i += 8) {                    /* the last block holds 0 to 7 bytes and the length */
        size_t n = s.n - i < 8 ? s.n - i : 8;
        uint64_t m = n ? aigwi_digest_le(s.p + i, n) : 0;
        if (n < 8) m |= (uint64_t)(s.n & 0xFF) << 56;
        v[3] ^= m;
        aigwi_digest_sip(v, 2);
        v[0] ^= m;
    }
    v[2] ^= 0xFF;
    aigwi_digest_sip(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
AIGW_API int aigw_digest_equal(const void *a, const void *b, size_t n) {
    const volatile unsigned char *x = (const volatile unsigned char *)a, *y = (const volatile unsigned char *)b;
    unsigned char differ = 0;
    for (size_t i = 0; i < n; i++) differ = (unsigned char)(differ | (x[i] ^ y[i]));
    return !differ;
}
AIGW_API void aigw_digest_wipe(void *p, size_t n) {
    volatile unsigned char *d = (volatile unsigned char *)p;
    while (n--) *d++ = 0;
}

/* ==== >>json =======================================================================================================
 * Knows JSON's grammar [RFC 8259] and one rule beyond it: strings must be valid UTF-8. Knows no schema. The reader goes
 * over the text once; it stands either at a value, or after one. The writer's only state is whether a comma is due. */

/* Record the first error. The cursor goes to the end, so that "nothing is left" is the only test that reading needs. */
AIGWI_BASE_APART static int aigwi_json_stop(aigw_json *j, int code, const char *at, const char *why) {
    if (!j->err) {
        j->err = code;
        j->why = why;
        j->bad = at;
        j->at = j->end;
    }
    return 0;
}
static const char *aigwi_json_space(const char *p, const char *end) {
    while (p < end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
    return p;
}
/* The first byte of p..end that cannot be copied blindly (quote, backslash, control, above ASCII), or end. With bit 1
   turned, controls and the quote are what is below 0x21, so that one subtraction finds both. */
static const char *aigwi_json_plain(const char *p, const char *end) {
    for (const char *stop = aigwi_base_words(p, end); p != stop; p += sizeof(size_t)) {
        size_t w = aigwi_base_word(p), low = (w ^ AIGWI_BASE_ONES * 0x02) - AIGWI_BASE_ONES * 0x21;
        size_t m = (low | ((w ^ AIGWI_BASE_ONES * '\\') - AIGWI_BASE_ONES) | w) & AIGWI_BASE_TOPS;
        if (m && aigwi_base_little()) return p + aigwi_base_lowest(m);
        if (m) break;
    }
    while (p < end && (unsigned char)((*p ^ 2) - 0x21) < 0x5F && *p != '\\') p++;
    return p;
}

/* Four hexadecimal digits, or -1. */
static int32_t aigwi_json_hex(const char *p, const char *end) {
    int32_t v = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        char c = aigwi_base_lower(p[i]);
        if (aigwi_base_digit(c)) v = v << 4 | (c - '0');
        else if (c >= 'a' && c <= 'f') v = v << 4 | (c - 'a' + 10);
        else return -1;
    }
    return v;
}
static int aigwi_json_surrogate(uint32_t c) {
    return (c & 0xFFFFF800) == 0xD800;
}
/* The escape at p (a backslash): what follows it, and its code point (a lone surrogate as it is), or NULL. */
static const char *aigwi_json_escape(const char *p, const char *end, uint32_t *c) {
    static const char from[] = "n\"\\t/rbf", to[] = "\n\"\\\t/\r\b\f";   /* often, first */
    if (end - p < 2) return NULL;
    if (p[1] != 'u') {
        for (int i = 0; i < 8; i++)
            if (p[1] == from[i]) {
                *c = (uint32_t)to[i];
                return p + 2;
            }
        return NULL;
    }
    int32_t high = aigwi_json_hex(p + 2, end), low;
    if (high < 0) return NULL;
    *c = (uint32_t)high;
    p += 6;
    if ((high & 0xFC00) != 0xD800 || end - p < 6 || p[0] != '\\' || p[1] != 'u') return p;
    low = aigwi_json_hex(p + 2, end);
    if (low < 0 || (low & 0xFC00) != 0xDC00) return p;
    *c = 0x10000 + ((uint32_t)(high & 0x3FF) << 10 | (uint32_t)(low & 0x3FF));
    return p + 6;
}
/* The closing quote of a string of which p..end is left, or NULL; *form becomes ESCAPED or LONE when there are such
   escapes. */
AIGWI_BASE_APART static const char *aigwi_json_rest(aigw_json *j, const char *p, uint8_t *form) {
    const char *end = j->end, *why;
    for (;;) {
        uint32_t c = 0;
        p = aigwi_json_plain(p, end);
        why = "a string is not closed";
        if (p == end) break;
        if (*p == '"') return p;
        if (*p == '\\') {
            const char *next = aigwi_json_escape(p, end, &c);
            why = "a malformed escape in a string";
            if (!next) break;
            p = next;
            if (*form == AIGW_TEXT_PLAIN) *form = AIGW_TEXT_ESCAPED;
            if (aigwi_json_surrogate(c)) *form = AIGW_TEXT_LONE;
        } else {
            int n = 0;
            do n = aigwi_base_utf8_char(p += n, end); while (n > 1 && p + n < end && (unsigned char)p[n] >= 0x80);
            why = n == 1 ? "a control character in a string" : "a string is not valid UTF-8";
            if (n < 2) break;
            p += n;
        }
    }
    aigwi_json_stop(j, AIGW_E_SYNTAX, p, why);
    return NULL;
}
/* The same for a whole string; most hold neither escapes nor other than ASCII. */
static inline const char *aigwi_json_quote(aigw_json *j, const char *p, uint8_t *form) {
    const char *q = aigwi_json_plain(p, j->end);
    *form = AIGW_TEXT_PLAIN;
    return q < j->end && *q == '"' ? q : aigwi_json_rest(j, q, form);
}
/* Take the string at the cursor (a quote stands there). */
static int aigwi_json_string(aigw_json *j, aigw_text *v) {
    const char *p = j->at + 1, *q = aigwi_json_quote(j, p, &v->form);
    if (!q) return 0;
    v->p = p;
    v->n = (size_t)(q - p);
    j->at = q + 1;
    return 1;
}
/* Decode the inside of a string into d[0..room): the length, or SIZE_MAX when it does not fit. */
static size_t aigwi_json_unescape(char *d, size_t room, const char *p, const char *end) {
    size_t at = 0;
    for (;;) {
        const char *q = aigwi_base_until(p, end, '\\');
        char e[4] = "\\";                                     /* in text not validated a backslash may stand for itself */
        size_t n = (size_t)(q - p);
        uint32_t c;
        if (n > room - at) return SIZE_MAX;
        memcpy(d + at, p, n);
        at += n;
        if (q == end) return at;
        p = aigwi_json_escape(q, end, &c);
        n = p ? aigwi_base_utf8_put(e, aigwi_json_surrogate(c) ? 0xFFFD : c) : 1;
        if (!p) p = q + 1;
        if (n > room - at) return SIZE_MAX;
        memcpy(d + at, e, n);
        at += n;
    }
}

AIGW_API void aigw_json_init(aigw_json *j, aigw_str text) {
    j->p = text.p ? text.p : "";
    j->end = j->p + text.n;
    j->at = aigwi_json_space(j->p, j->end);
    j->bad = NULL;
    j->err = 0;
    j->why = "";
    j->key = aigw_base_str(NULL);
    j->key_at = 0;
    j->loose = j->fresh = 0;
    j->depth = 0;
    j->hint[0] = 0;
}
AIGW_API int aigw_json_kind(aigw_json *j) {
    if (j->at == j->end) return AIGW_JSON_NONE;
    char c = *j->at;
    if (c == '"' || c == '{' || c == '[' || c == 't' || c == 'f' || c == 'n') return c;
    return c == '-' || aigwi_base_digit(c) ? AIGW_JSON_NUMBER : AIGW_JSON_NONE;
}
AIGW_API size_t aigw_json_at(aigw_json *j) {
    return (size_t)((j->err ? j->bad : j->at) - j->p);
}
/* The error that something else than a value of the wanted type is next. */
AIGWI_BASE_APART static int aigwi_json_wrong(aigw_json *j, const char *why) {
    if (aigw_json_kind(j) == AIGW_JSON_NONE) return aigwi_json_stop(j, AIGW_E_SYNTAX, j->at, "a value was expected");
    return aigwi_json_stop(j, AIGW_E_TYPE, j->at, why);
}
static int aigwi_json_is(const aigw_json *j, char c) {
    return j->at < j->end && *j->at == c;
}
static int aigwi_json_enter(aigw_json *j) {
    if (j->depth >= AIGW_JSON_DEPTH) return aigwi_json_stop(j, AIGW_E_LIMIT, j->at, "nested too deeply");
    j->hint[++j->depth] = 0;
    j->fresh = 1;
    j->at++;
    return 1;
}
AIGW_API int aigw_json_object(aigw_json *j) {
    return aigwi_json_is(j, '{') ? aigwi_json_enter(j) : aigwi_json_wrong(j, "an object was expected");
}
AIGW_API int aigw_json_array(aigw_json *j) {
    return aigwi_json_is(j, '[') ? aigwi_json_enter(j) : aigwi_json_wrong(j, "an array was expected");
}
/* After a value or an opening bracket: 1 and the cursor at the next element, 0 when the container ended, or on error. */
static int aigwi_json_next(aigw_json *j, char close) {
    const char *end = j->end, *p = aigwi_json_space(j->at, end);
    if (p < end && *p == close) {
        j->at = p + 1;
        j->depth--;
        j->fresh = 0;
        return 0;
    }
    if (!j->fresh) {
        if (p == end || *p != ',')
            return aigwi_json_stop(j, AIGW_E_SYNTAX, p, close == '}' ? "',' or '}' was expected" : "',' or ']' was expected");
        p = aigwi_json_space(p + 1, end);
    }
    j->fresh = 0;
    if (p == end || *p == ',' || *p == ']' || *p == '}') return aigwi_json_stop(j, AIGW_E_SYNTAX, p, "an element is missing");
    j->at = p;
    return 1;
}
/* To the next member: what follows the opening quote of its name; NULL when the object ended, or on error. */
static inline const char *aigwi_json_name(aigw_json *j) {
    const char *p = j->at;
    if (j->end - p > 2 && p[0] == ',' && p[1] == '"' && !j->fresh) {
        p++;                                                  /* the usual case: nothing between */
    } else {
        if (!aigwi_json_next(j, '}')) return NULL;
        p = j->at;
        if (*p != '"') {
            aigwi_json_stop(j, AIGW_E_SYNTAX, p, "a member's name was expected");
            return NULL;
        }
    }
    j->key_at = (size_t)(p - j->p);
    return p + 1;
}
/* From the closing quote of a name over the colon: 1 and the cursor at the value. */
static inline int aigwi_json_colon(aigw_json *j, const char *p) {
    const char *end = j->end;
    if (end - p > 2 && p[1] == ':' && (unsigned char)p[2] > ' ') {
        p += 2;
    } else {
        p = aigwi_json_space(p + 1, end);
        if (p == end || *p != ':') return aigwi_json_stop(j, AIGW_E_SYNTAX, p, "':' was expected");
        p = aigwi_json_space(p + 1, end);
    }
    if (p == end || *p == ',' || *p == '}') return aigwi_json_stop(j, AIGW_E_SYNTAX, p, "a value was expected");
    j->at = p;
    return 1;
}
/* Take the name that begins at p (after its quote), decoded, and the colon. */
static int aigwi_json_key(aigw_json *j, const char *p, int *plain) {
    uint8_t form;
    const char *q = aigwi_json_quote(j, p, &form);
    if (!q) return 0;
    j->key = aigwi_base_slice(p, q);
    *plain = form == AIGW_TEXT_PLAIN;
    if (!*plain) {
        size_t n = aigwi_json_unescape(j->scratch, sizeof j->scratch, p, q);
        if (n <= sizeof j->scratch) j->key = aigwi_base_slice(j->scratch, j->scratch + n);
    }
    return aigwi_json_colon(j, q);
}
AIGW_API int aigw_json_member(aigw_json *j) {
    const char *name = aigwi_json_name(j);
    int plain;
    return name && aigwi_json_key(j, name, &plain);
}
AIGW_API int aigw_json_item(aigw_json *j) {
    return aigwi_json_next(j, ']');
}
/* 1 when `key` is the snake_case of the camelCase `name`. */
static int aigwi_json_snake(aigw_str key, aigw_str name) {
    size_t k = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = aigwi_base_lower(name.p[i]);
        if (c != name.p[i] && (k == key.n || key.p[k++] != '_')) return 0;
        if (k == key.n || key.p[k++] != c) return 0;
    }
    return k == key.n;
}
/* Which of the names the last member's is, by its decoded text or as snake_case; n: none. */
AIGWI_BASE_APART static int aigwi_json_lookup(const aigw_json *j, const aigw_str *names, int n) {
    for (int i = 0; i < n; i++)
        if (aigw_base_eq(names[i], j->key) || (j->loose && aigwi_json_snake(j->key, names[i]))) return i;
    return n;
}
/* 1 when p[0..2) is ab. */
static inline int aigwi_json_two(const char *p, const char *ab) {
    uint16_t x, y;
    memcpy(&x, p, 2);
    memcpy(&y, ab, 2);
    return x == y;
}
/* The quick way to the member that is expected next, with no space between anything: 1 and the cursor at its value,
   or 0. (No name of a table needs an escape, so comparing it finds its end as well.) */
static inline int aigwi_json_expected(aigw_json *j, aigw_str name) {
    const char *p = j->at;
    if ((size_t)(j->end - p) < name.n + 5) return 0;
    p += !j->fresh;
    const char *v = p + name.n + 3;                           /* p: the quote before the name; v: the value */
    if (!aigwi_json_two(v - 2, "\":") || !aigwi_json_two(p - 1, j->fresh ? "{\"" : ",\"")) return 0;
    if (!aigwi_base_same(p + 1, name.p, name.n) || (unsigned char)*v <= ' ' || *v == ',' || *v == '}') return 0;
    j->key.p = p + 1;
    j->key.n = name.n;
    j->key_at = (size_t)(p - j->p);
    j->fresh = 0;
    j->at = v;
    return 1;
}
/* Member i of the table was found: its index, unless it was before. */
static inline int aigwi_json_found(aigw_json *j, int i, uint64_t *seen) {
    j->hint[j->depth] = (uint8_t)(i + 1);
    if (!seen) return i;
    uint64_t bit = (uint64_t)1 << i, before = *seen;
    *seen = before | bit;
    return before & bit ? aigwi_json_stop(j, AIGW_E_DUPLICATE, j->p + j->key_at, "this member occurs twice") - 1 : i;
}
/* The general way. */
AIGWI_BASE_APART static int aigwi_json_other(aigw_json *j, const aigw_str *names, int n, uint64_t *seen) {
    const char *name = aigwi_json_name(j);
    if (!name) return -1;
    int i = 0, plain;
    size_t left = (size_t)(j->end - name);
    while (i < n && (names[i].n >= left || name[names[i].n] != '"' || !aigwi_base_same(name, names[i].p, names[i].n))) i++;
    if (i < n) {
        j->key = names[i];
        return aigwi_json_colon(j, name + names[i].n) ? aigwi_json_found(j, i, seen) : -1;
    }
    if (!aigwi_json_key(j, name, &plain)) return -1;
    if (!plain || j->loose) i = aigwi_json_lookup(j, names, n);
    return i < n ? aigwi_json_found(j, i, seen) : n;
}
AIGW_API int aigw_json_field(aigw_json *j, const aigw_str *names, int n, uint64_t *seen) {
    AIGW_ASSERT(n <= 64);
    int i = j->hint[j->depth];                                /* members mostly come in the order of the table */
    if (i < n && aigwi_json_expected(j, names[i])) return aigwi_json_found(j, i, seen);
    if (!aigwi_json_is(j, '}')) return aigwi_json_other(j, names, n, seen);
    j->at++;
    j->depth--;
    j->fresh = 0;
    return -1;
}

AIGW_API int aigw_json_text(aigw_json *j, aigw_text *v) {
    if (!aigwi_json_is(j, '"')) return aigwi_json_wrong(j, "a string was expected");
    if (!aigwi_json_string(j, v)) return 0;
    if (v->form == AIGW_TEXT_PLAIN) v->form = AIGW_TEXT_ESCAPED;
    return 1;
}
/* The inside of a string, decoded into the arena. */
static int aigwi_json_take(aigw_arena *mem, aigw_text t, aigw_str *v) {
    size_t n = mem->at ? aigwi_json_unescape((char *)mem->at, (size_t)(mem->end - mem->at), t.p, t.p + t.n) : SIZE_MAX;
    if (n == SIZE_MAX) return 0;
    v->p = (const char *)mem->at;
    v->n = n;
    mem->at += n;
    return 1;
}
AIGW_API int aigw_json_str(aigw_json *j, aigw_arena *mem, aigw_str *v) {
    aigw_text t;
    const char *at = j->at;
    if (!aigwi_json_is(j, '"')) return aigwi_json_wrong(j, "a string was expected");
    if (!aigwi_json_string(j, &t)) return 0;
    *v = aigwi_base_slice(t.p, t.p + t.n);
    if (t.form == AIGW_TEXT_PLAIN || aigwi_json_take(mem, t, v)) return 1;
    return aigwi_json_stop(j, AIGW_E_NOMEM, at, "no memory to decode this string");
}
AIGW_API int aigw_json_number(aigw_json *j, aigw_str *v) {
    if (aigw_json_kind(j) != AIGW_JSON_NUMBER) return aigwi_json_wrong(j, "a number was expected");
    const char *end = aigwi_base_number(j->at, j->end);
    if (!end) return aigwi_json_stop(j, AIGW_E_SYNTAX, j->at, "a malformed number");
    *v = aigwi_base_slice(j->at, end);
    j->at = end;
    return 1;
}
AIGW_API int aigw_json_int(aigw_json *j, int64_t *v) {
    aigw_str s;
    const char *at = j->at, *p = at;
    int64_t u = 0;
    const char *most = j->end - at < 18 ? j->end : at + 18;
    while (p < most && aigwi_base_digit(*p)) u = u * 10 + (*p++ - '0');
    if (p > at && p < j->end && (*p == ',' || *p == '}') && (*at != '0' || p == at + 1)) {   /* short and plain */
        *v = u;
        j->at = p;
        return 1;
    }
    if (!aigw_json_number(j, &s)) return 0;
    if (aigwi_base_decimal(s, 0, v) == 1) return 1;
    return aigwi_json_stop(j, AIGW_E_VALUE, at, "an integer within 64 bits was expected");
}
/* Take this literal if it is next. */
static int aigwi_json_literal(aigw_json *j, const char *word, size_t n) {
    if ((size_t)(j->end - j->at) < n || memcmp(j->at, word, n)) return 0;
    j->at += n;
    return 1;
}
AIGW_API int aigw_json_bool(aigw_json *j, int *v) {
    *v = aigwi_json_literal(j, "true", 4);
    if (*v || aigwi_json_literal(j, "false", 5)) return 1;
    if (aigwi_json_is(j, 't') || aigwi_json_is(j, 'f')) return aigwi_json_stop(j, AIGW_E_SYNTAX, j->at, "a value was expected");
    return aigwi_json_wrong(j, "true or false was expected");
}
AIGW_API int aigw_json_null(aigw_json *j) {
    return aigwi_json_literal(j, "null", 4);
}
/* Take a value that is no container. */
static int aigwi_json_scalar(aigw_json *j) {
    aigw_text t;
    aigw_str s;
    if (aigwi_json_is(j, '"')) return aigwi_json_string(j, &t);
    if (aigwi_json_literal(j, "null", 4) || aigwi_json_literal(j, "true", 4) || aigwi_json_literal(j, "false", 5)) return 1;
    if (aigw_json_kind(j) == AIGW_JSON_NUMBER) return aigw_json_number(j, &s);
    return aigwi_json_stop(j, AIGW_E_SYNTAX, j->at, "a value was expected");
}
/* The same for a container: no recursion, a bit per level. */
static int aigwi_json_skip_all(aigw_json *j) {
    uint32_t object[(AIGW_JSON_DEPTH + 31) / 32];             /* bit d: the container at depth d is an object */
    const unsigned base = j->depth;
    const size_t key_at = j->key_at;
    unsigned in_object = 0;
    uint8_t form;
    for (;;) {
        const char *p = j->at, *q;
        unsigned d = j->depth;
        if (p < j->end && (*p == '{' || *p == '[')) {
            in_object = *p == '{';
            if (!aigwi_json_enter(j)) return 0;
            object[d / 32] = (object[d / 32] & ~((uint32_t)1 << d % 32)) | (uint32_t)in_object << d % 32;
        } else if (!aigwi_json_scalar(j)) return 0;
        for (;;) {                                            /* to the next value */
            if (j->depth == base) {
                j->key_at = key_at;
                return 1;
            }
            if (!in_object) {
                if (aigwi_json_next(j, ']')) break;
            } else if ((p = aigwi_json_name(j)) != NULL) {
                q = aigwi_json_quote(j, p, &form);
                if (!q || !aigwi_json_colon(j, q)) return 0;
                break;
            }
            if (j->err) return 0;
            d = j->depth - 1u;
            if (j->depth != base) in_object = object[d / 32] >> d % 32 & 1;
        }
    }
}
AIGW_API int aigw_json_skip(aigw_json *j) {
    return aigwi_json_is(j, '{') || aigwi_json_is(j, '[') ? aigwi_json_skip_all(j) : aigwi_json_scalar(j);
}
AIGW_API int aigw_json_raw(aigw_json *j, aigw_str *v) {
    const char *start = j->at;
    if (!aigw_json_skip(j)) return 0;
    *v = aigwi_base_slice(start, j->at);
    return 1;
}
AIGW_API int aigw_json_fail(aigw_json *j, int code, size_t at, const char *why) {
    return aigwi_json_stop(j, code, j->p + at, why);
}
AIGW_API int aigw_json_end(aigw_json *j) {
    j->at = aigwi_json_space(j->at, j->end);
    if (j->at < j->end) aigwi_json_stop(j, AIGW_E_SYNTAX, j->at, "something stands after the value");
    else if (j->depth) aigwi_json_stop(j, AIGW_E_SYNTAX, j->at, "the text ends inside a value");
    return j->err;
}

/* A path being built; cut at cap. */
typedef struct { char *p; size_t n, cap; } aigwi_json_trail;
static void aigwi_json_step(aigwi_json_trail *t, const char *p, size_t n) {
    size_t room = t->cap - 1 - t->n;
    if (n > room) n = room;
    memcpy(t->p + t->n, p, n);
    t->n += n;
}
static void aigwi_json_step_name(aigwi_json_trail *t, const char *p, size_t n) {
    int plain = n > 0 && !aigwi_base_digit(p[0]);
    for (size_t i = 0; i < n && plain; i++) {
        char c = aigwi_base_lower(p[i]);
        plain = (c >= 'a' && c <= 'z') || aigwi_base_digit(c) || c == '_' || c == '$' || c == '-';
    }
    if (plain && t->n) aigwi_json_step(t, ".", 1);
    if (!plain) aigwi_json_step(t, "[\"", 2);
    aigwi_json_step(t, p, n);
    if (!plain) aigwi_json_step(t, "\"]", 2);
}
static void aigwi_json_step_index(aigwi_json_trail *t, uint32_t index) {
    char text[12], *end = text + sizeof text, *p = end;
    *--p = ']';
    do *--p = (char)('0' + (int)(index % 10)); while (index /= 10);
    *--p = '[';
    aigwi_json_step(t, p, (size_t)(end - p));
}
AIGW_API size_t aigw_json_path(aigw_str text, size_t at, char *path, size_t cap) {
    struct { size_t n; uint32_t index; uint8_t object; } level[AIGW_JSON_DEPTH];   /* n: length of the container's own path */
    aigwi_json_trail t;
    aigw_json j;
    const char *stop;
    t.p = path;
    t.n = 0;
    t.cap = cap;
    aigw_json_init(&j, text);
    stop = j.p + (at < text.n ? at : text.n);
    while (j.at < stop) {
        int c = aigw_json_kind(&j), found = 0;
        if (c == '{' || c == '[') {
            if (!aigwi_json_enter(&j)) break;
            level[j.depth - 1].n = t.n;
            level[j.depth - 1].index = 0;
            level[j.depth - 1].object = c == '{';
        } else if (!aigwi_json_scalar(&j) || j.at > stop) break;
        while (!found && j.depth) {
            uint8_t form;
            unsigned d = j.depth - 1u;
            t.n = level[d].n;
            const char *p = NULL, *q;
            if (level[d].object ? !(p = aigwi_json_name(&j)) : !aigwi_json_next(&j, ']')) {
                if (j.err || j.at > stop) goto done;
                continue;
            }
            if ((p ? p - 1 : j.at) > stop) goto done;         /* the comma: it belongs to the container */
            found = 1;
            if (p) {
                q = aigwi_json_quote(&j, p, &form);
                if (q) aigwi_json_step_name(&t, p, (size_t)(q - p));
                if (!q || !aigwi_json_colon(&j, q)) goto done;
            } else aigwi_json_step_index(&t, level[d].index++);
        }
        if (!found) break;
    }
done:
    path[t.n] = 0;
    return t.n;
}
AIGW_API int aigw_json_fault(const aigw_json *j, aigw_fault *f) {
    if (j->err && !f->code) {
        f->code = j->err;
        f->at = (size_t)(j->bad - j->p);
        f->text = j->why;
        aigw_json_path(aigwi_base_slice(j->p, j->end), f->at, f->path, sizeof f->path);
    }
    return j->err;
}
AIGW_API int aigw_json_check(aigw_str s, int type) {
    aigw_json j;
    aigw_json_init(&j, s);
    if (type && aigw_json_kind(&j) != type) aigwi_json_wrong(&j, "a value of another type was expected");
    aigw_json_skip(&j);
    return aigw_json_end(&j);
}
AIGW_API int aigw_json_decode(aigw_text t, aigw_arena *mem, aigw_str *v) {
    v->p = t.p;
    v->n = t.n;
    const char *end = aigwi_base_end(*v);
    if (!t.n || t.form == AIGW_TEXT_PLAIN || t.form == AIGW_TEXT_JSON || aigwi_base_until(t.p, end, '\\') == end) return 1;
    return aigwi_json_take(mem, t, v);
}

/* The writer. */
static void aigwi_json_comma(aigw_out *o) {
    if (o->comma) aigw_base_put_byte(o, ',');
}
AIGW_API void aigw_json_open(aigw_out *o, char bracket) {
    aigwi_json_comma(o);
    aigw_base_put_byte(o, bracket);
}
AIGW_API void aigw_json_close(aigw_out *o, char bracket) {
    aigw_base_put_byte(o, bracket);
    o->comma = 1;
}
AIGW_API void aigw_json_key(aigw_out *o, const char *name) {
    size_t n = strlen(name), comma = o->comma;
    char *d = aigwi_base_room(o, n + 3 + comma);
    if (!d) return;
    if (comma) *d++ = ',';
    *d++ = '"';
    memcpy(d, name, n);
    d[n] = '"';
    d[n + 1] = ':';
}
AIGW_API void aigw_json_open_str(aigw_out *o) {
    aigwi_json_comma(o);
    aigw_base_put_byte(o, '"');
}
AIGW_API void aigw_json_close_str(aigw_out *o) {
    aigw_base_put_byte(o, '"');
    o->comma = 1;
}
static void aigwi_json_put_escape(aigw_out *o, unsigned char c) {
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    char e[6];
    aigw_str s;
    memcpy(e, "\\u00", 4);
    e[4] = hex[c >> 4];
    e[5] = hex[c & 15];
    s.p = e;
    s.n = 6;
    for (int i = 0; i < 7; i++)
        if (c == (unsigned char)from[i]) {
            e[1] = to[i];
            s.n = 2;
        }
    aigw_base_put(o, s);
}
static void aigwi_json_put_plain(aigw_out *o, aigw_str s) {
    const char *p = s.p, *end = aigwi_base_end(s), *run = p;
    for (;;) {
        int n = 1;
        p = aigwi_json_plain(p, end);
        if (p < end && (n = aigwi_base_utf8_char(p, end)) > 1) {
            p += n;
            continue;
        }
        if (p > run) aigw_base_ref(o, aigwi_base_slice(run, p));
        if (p == end) return;
        if (n < 0) aigw_base_put_lit(o, "\xEF\xBF\xBD");
        else aigwi_json_put_escape(o, (unsigned char)*p);
        run = p += n < 0 ? -n : 1;
    }
}
/* Escaped content; each lone surrogate becomes U+FFFD. */
static void aigwi_json_put_lone(aigw_out *o, aigw_str s) {
    const char *p = s.p, *end = aigwi_base_end(s), *run = p;
    while ((p = aigwi_base_until(p, end, '\\')) < end) {
        uint32_t c = 0;
        const char *next = aigwi_json_escape(p, end, &c);
        if (aigwi_json_surrogate(c)) {
            aigw_base_ref(o, aigwi_base_slice(run, p));
            aigw_base_put_lit(o, "\xEF\xBF\xBD");
            run = next;
        }
        p = next ? next : p + 1;
    }
    aigw_base_ref(o, aigwi_base_slice(run, end));
}
AIGW_API void aigw_json_part(aigw_out *o, aigw_text t) {
    aigw_str s;
    s.p = t.p;
    s.n = t.n;
    if (!t.n) return;
    if (t.form == AIGW_TEXT_ESCAPED) aigw_base_ref(o, s);
    else if (t.form == AIGW_TEXT_LONE) aigwi_json_put_lone(o, s);
    else aigwi_json_put_plain(o, s);
}
AIGW_API void aigw_json_put_text(aigw_out *o, aigw_text t) {
    const char *end = t.n ? t.p + t.n : t.p;
    if (t.n < 64 && (t.form == AIGW_TEXT_ESCAPED || aigwi_json_plain(t.p, end) == end)) {   /* nothing to escape: in one go */
        size_t comma = o->comma;
        char *d = aigwi_base_room(o, t.n + 2 + comma);
        o->comma = 1;
        if (!d) return;
        if (comma) *d++ = ',';
        *d = '"';
        if (t.n) memcpy(d + 1, t.p, t.n);
        d[t.n + 1] = '"';
        return;
    }
    aigw_json_open_str(o);
    aigw_json_part(o, t);
    aigw_json_close_str(o);
}
AIGW_API void aigw_json_put_str(aigw_out *o, aigw_str s) {
    aigw_text t;
    t.p = s.p;
    t.n = s.n;
    t.form = AIGW_TEXT_PLAIN;
    aigw_json_put_text(o, t);
}
AIGW_API void aigw_json_key_str(aigw_out *o, aigw_str name) {
    aigw_json_put_str(o, name);
    aigw_base_put_byte(o, ':');
}
AIGW_API void aigw_json_put_raw(aigw_out *o, aigw_str json) {
    aigwi_json_comma(o);
    aigw_base_ref(o, json);
    o->comma = 1;
}
AIGW_API void aigw_json_put_value(aigw_out *o, aigw_text t) {
    aigw_str s;
    s.p = t.p;
    s.n = t.n;
    if (t.form == AIGW_TEXT_JSON) aigw_json_put_raw(o, s);
    else aigw_json_put_text(o, t);
}
AIGW_API void aigw_json_put_int(aigw_out *o, int64_t v) {
    aigwi_json_comma(o);
    aigw_base_put_int(o, v);
    o->comma = 1;
}
AIGW_API void aigw_json_put_bool(aigw_out *o, int v) {
    static const aigw_str words[2] = { AIGW_STR("false"), AIGW_STR("true") };
    aigw_json_put_raw(o, words[v != 0]);
}
AIGW_API void aigw_json_put_null(aigw_out *o) {
    static const aigw_str null = AIGW_STR("null");
    aigw_json_put_raw(o, null);
}

/* ==== >>http ======================================================================================================= */
/* HTTP/1.1 messages from bytes and heads to bytes, both roles. Knows framing [RFC 9112] and the fields that decide it
   [RFC 9110]; does not know what a request means, URLs, or compression. A head is copied to the caller's memory line
   by line and each line is read once, when it is whole; a body passes through as slices of the bytes fed. Everything
   on which two readers might disagree is an error. */

enum {                                                                          /* h->state, in reading order */
    AIGWI_HTTP_FIRST, AIGWI_HTTP_FIELDS,                                        /* lines of the head */
    AIGWI_HTTP_LENGTH, AIGWI_HTTP_CLOSE, AIGWI_HTTP_DATA,                       /* pieces of the body */
    AIGWI_HTTP_SIZE, AIGWI_HTTP_DIGITS, AIGWI_HTTP_PAD, AIGWI_HTTP_EXT, AIGWI_HTTP_SIZE_LF,     /* around chunks, by bytes */
    AIGWI_HTTP_DATA_CR, AIGWI_HTTP_DATA_LF,
    AIGWI_HTTP_TRAILER, AIGWI_HTTP_TRAILER_TEXT, AIGWI_HTTP_TRAILER_LF, AIGWI_HTTP_LAST_LF,
    AIGWI_HTTP_DONE
};
enum {                                                                          /* h->flags; OLD: HTTP/1.0 */
    AIGWI_HTTP_HAS_HOST = 1, AIGWI_HTTP_HAS_LENGTH = 2, AIGWI_HTTP_HAS_CODING = 4,
    AIGWI_HTTP_SAYS_CLOSE = 8, AIGWI_HTTP_SAYS_KEEP = 16, AIGWI_HTTP_SAYS_CONTINUE = 32, AIGWI_HTTP_OLD = 64
};
#define AIGWI_HTTP_SKIP_MAX  16              /* 1xx responses, or empty lines, before a message */
#define AIGWI_HTTP_EXTRA_MAX 4096            /* bytes of a chunk's size line, of all trailers */
#define AIGWI_HTTP_CHUNK_MAX 0x7fffffff

/* What can be wrong with a message. */
#define AIGWI_HTTP_FAULTS(X) \
    X(VERSION,      SYNTAX, "the version is not HTTP/1.1 or HTTP/1.0") \
    X(REQUEST,      SYNTAX, "a request begins with METHOD target HTTP/1.1") \
    X(TARGET,       SYNTAX, "the target is empty or not ASCII") \
    X(RESPONSE,     SYNTAX, "a response begins with HTTP/1.1 and a status") \
    X(STATUS,       SYNTAX, "the status is not a number from 100 to 999") \
    X(BIG_LENGTH,   LIMIT,  "the content-length is too large") \
    X(LENGTH_VALUE, SYNTAX, "the content-length is not a number") \
    X(TWICE,        SYNTAX, "a field of which there may be one stands twice") \
    X(CODING,       SYNTAX, "the transfer-encoding is not chunked") \
    X(HOST_VALUE,   SYNTAX, "the host is not a name with a port") \
    X(FIELD,        SYNTAX, "a header line is not name, colon, value: no space before either") \
    X(MANY_FIELDS,  LIMIT,  "too many header fields") \
    X(TARGET_FORM,  SYNTAX, "the target is neither a path nor an http URL") \
    X(TWO_HOSTS,    SYNTAX, "the target's host is not the host field's") \
    X(UPGRADE,      SYNTAX, "the server changed to a protocol that nobody asked for") \
    X(MANY_1XX,     LIMIT,  "too many 1xx responses") \
    X(TWO_LENGTHS,  SYNTAX, "transfer-encoding beside content-length or in HTTP/1.0") \
    X(NO_HOST,      SYNTAX, "no host field") \
    X(BARE_LF,      SYNTAX, "a line ends with LF alone") \
    X(CONTROL,      SYNTAX, "a control character in the head") \
    X(BIG_HEAD,     LIMIT,  "the head is too large") \
    X(CHUNK,        SYNTAX, "malformed chunk") \
    X(BIG_CHUNK,    LIMIT,  "a chunk, its extensions, or the trailers are too large") \
    X(CUT,          CLOSED, "the connection was closed within a message")
enum {
#define X(name, code, text) AIGWI_HTTP_E_##name,
    AIGWI_HTTP_FAULTS(X)
#undef X
    AIGWI_HTTP_E_END
};
static const int8_t aigwi_http_codes[] = {
#define X(name, code, text) AIGW_E_##code,
    AIGWI_HTTP_FAULTS(X)
#undef X
};
#ifndef AIGW_NO_TEXT
static const char *const aigwi_http_texts[] = {
#define X(name, code, text) text,
    AIGWI_HTTP_FAULTS(X)
#undef X
};
#endif

/* tchar of RFC 9110 section 5.6.2, a bit per ASCII character */
static const uint32_t aigwi_http_tchar[4] = { 0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff };

/* The end of the token that begins at p. */
static const char *aigwi_http_token(const char *p, const char *end) {
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c > 127 || !(aigwi_http_tchar[c >> 5] >> (c & 31) & 1)) break;
    }
    return p;
}

static int aigwi_http_is_token(aigw_str s) {
    return s.n && aigwi_http_token(s.p, s.p + s.n) == s.p + s.n;
}

static int aigwi_http_is_visible(aigw_str s) {
    size_t i;
    for (i = 0; i < s.n; i++)
        if ((unsigned char)(s.p[i] - 0x21) > 0x7e - 0x21) return 0;
    return s.n != 0;
}

/* 1 when no control character but HTAB is in s. */
static int aigwi_http_is_text(aigw_str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    while ((p = aigwi_base_below(p, end, ' ')) < end)
        if (*p++ != '\t') return 0;
    return 1;
}

static aigw_str aigwi_http_trim(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    while (p < end && (end[-1] == ' ' || end[-1] == '\t')) end--;
    return aigwi_base_slice(p, end);
}

static int aigwi_http_is(aigw_str s, const char *word) {
    return s.n == strlen(word) && aigw_base_eq_nocase(s, aigw_base_str(word));
}

/* Record a fault at byte `at` of the message. Returns 0. */
static int aigwi_http_fail_at(aigw_http *h, int fault, size_t at) {
    h->err = aigwi_http_codes[fault];
#ifndef AIGW_NO_TEXT
    h->why = aigwi_http_texts[fault];
#else
    h->why = "";
#endif
    h->at = at;
    h->keep_alive = 0;
    return 0;
}

/* The same at a place in the head, whose last byte read is the last of the message so far. */
static int aigwi_http_fail(aigw_http *h, int fault, const char *where) {
    return aigwi_http_fail_at(h, fault, h->at - (size_t)(h->mem + h->n - where));
}

AIGW_API void aigw_http_init(aigw_http *h, int role, void *mem, size_t cap, aigw_header *headers, size_t n) {
    memset(h, 0, sizeof *h);
    h->role = (uint8_t)role;
    h->mem = (char *)mem;
    h->cap = cap;
    h->head.headers = headers;
    h->head.cap = n;
}

AIGW_API void aigw_http_reset(aigw_http *h) {
    aigw_http_init(h, h->role, h->mem, h->cap, h->head.headers, h->head.cap);
}

AIGW_API int aigw_http_busy(const aigw_http *h) {
    return h->state != AIGWI_HTTP_FIRST || h->n || (h->skip && h->role == AIGW_HTTP_RESPONSE);
}

/* Room for a new head: what the last one left is forgotten only now, so that its slices lived until here. */
static void aigwi_http_begin(aigw_http *h) {
    aigw_header *headers = h->head.headers;
    size_t cap = h->head.cap;
    memset(&h->head, 0, sizeof h->head);
    h->head.headers = headers;
    h->head.cap = cap;
    h->keep_alive = h->expect_continue = 0;
    h->length = 0;
    h->flags = h->controls = 0;
    h->line = 0;
    h->left = 0;
    h->extra = 0;
}

/* "HTTP/1.x" at p. HTTP/1.2 and later count as 1.1 [RFC 9110 section 2.5]. */
static int aigwi_http_version(aigw_http *h, const char *p, const char *end) {
    if (end - p != 8 || memcmp(p, "HTTP/1.", 7) || !aigwi_base_digit(p[7]))
        return aigwi_http_fail(h, AIGWI_HTTP_E_VERSION, p);
    if (p[7] == '0') h->flags |= AIGWI_HTTP_OLD;
    return 1;
}

static int aigwi_http_request_line(aigw_http *h, const char *p, const char *end) {
    const char *a = aigwi_http_token(p, end), *b;
    h->head.method = aigwi_base_slice(p, a);
    if (a == p || a == end || *a != ' ')
        return aigwi_http_fail(h, AIGWI_HTTP_E_REQUEST, p);
    b = aigwi_base_until(++a, end, ' ');
    h->head.target = aigwi_base_slice(a, b);
    if (!aigwi_http_is_visible(h->head.target))
        return aigwi_http_fail(h, AIGWI_HTTP_E_TARGET, a);
    return aigwi_http_version(h, b < end ? b + 1 : b, end);
}

static int aigwi_http_status_line(aigw_http *h, const char *p, const char *end) {
    int i, status = 0;
    if (end - p < 12 || p[8] != ' ' || (end - p > 12 && p[12] != ' '))
        return aigwi_http_fail(h, AIGWI_HTTP_E_RESPONSE, p);
    if (!aigwi_http_version(h, p, p + 8)) return 0;
    for (i = 9; i < 12 && aigwi_base_digit(p[i]); i++) status = status * 10 + (p[i] - '0');
    if (i < 12 || status < 100)
        return aigwi_http_fail(h, AIGWI_HTTP_E_STATUS, p + 9);
    h->head.status = status;
    return 1;
}

static int aigwi_http_content_length(aigw_http *h, aigw_str v) {
    size_t i;
    h->length = 0;
    for (i = 0; i < v.n && aigwi_base_digit(v.p[i]); i++) {
        if (i == 18) return aigwi_http_fail(h, AIGWI_HTTP_E_BIG_LENGTH, v.p);
        h->length = h->length * 10 + (v.p[i] - '0');
    }
    if (!v.n || i < v.n) return aigwi_http_fail(h, AIGWI_HTTP_E_LENGTH_VALUE, v.p);
    return 1;
}

/* A name or address with a port: without the bytes that make two readers see two hosts. */
static int aigwi_http_is_host(aigw_str s) {
    static const char not_in_host[] = ",/?#@\\";
    size_t i;
    for (i = 0; i < 6; i++)
        if (aigw_base_find(s, aigwi_base_slice(not_in_host + i, not_in_host + i + 1), 0) < s.n) return 0;
    return !s.n || aigwi_http_is_visible(s);
}

static void aigwi_http_connection(aigw_http *h, aigw_str list) {
    const char *p = list.p, *end = list.p + list.n, *comma;
    for (; p < end; p = comma + 1) {
        aigw_str word;
        for (comma = p; comma < end && *comma != ','; ) comma++;
        word = aigwi_http_trim(p, comma);
        if (aigwi_http_is(word, "close")) h->flags |= AIGWI_HTTP_SAYS_CLOSE;
        if (aigwi_http_is(word, "keep-alive")) h->flags |= AIGWI_HTTP_SAYS_KEEP;
    }
}

/* Note a field that may occur once. */
static int aigwi_http_once(aigw_http *h, unsigned flag, aigw_str name) {
    if (h->flags & flag) return aigwi_http_fail(h, AIGWI_HTTP_E_TWICE, name.p);
    h->flags |= flag;
    return 1;
}

/* What the fields that decide framing and reuse say. */
static int aigwi_http_known_field(aigw_http *h, aigw_str name, aigw_str v) {
    if (aigwi_http_is(name, "content-length"))
        return aigwi_http_once(h, AIGWI_HTTP_HAS_LENGTH, name) && aigwi_http_content_length(h, v);
    if (aigwi_http_is(name, "transfer-encoding")) {
        if (!aigwi_http_once(h, AIGWI_HTTP_HAS_CODING, name)) return 0;
        if (aigwi_http_is(v, "chunked")) return 1;
        return aigwi_http_fail(h, AIGWI_HTTP_E_CODING, v.p);
    }
    if (h->role == AIGW_HTTP_REQUEST && aigwi_http_is(name, "host")) {
        if (!aigwi_http_once(h, AIGWI_HTTP_HAS_HOST, name)) return 0;
        if (aigwi_http_is_host(v)) return 1;
        return aigwi_http_fail(h, AIGWI_HTTP_E_HOST_VALUE, v.p);
    }
    if (aigwi_http_is(name, "connection")) aigwi_http_connection(h, v);
    if (aigwi_http_is(name, "expect") && aigwi_http_is(v, "100-continue")) h->flags |= AIGWI_HTTP_SAYS_CONTINUE;
    return 1;
}

static int aigwi_http_field(aigw_http *h, const char *p, const char *end) {
    const char *colon = aigwi_http_token(p, end);
    aigw_str name = aigwi_base_slice(p, colon), value;
    if (colon == p || colon == end || *colon != ':')
        return aigwi_http_fail(h, AIGWI_HTTP_E_FIELD, p);
    value = aigwi_http_trim(colon + 1, end);
    if (aigw_base_header_put(&h->head, name, value))
        return aigwi_http_fail(h, AIGWI_HTTP_E_MANY_FIELDS, p);
    return aigwi_http_known_field(h, name, value);
}

/* A target as URL (what proxies are sent) becomes its path; its authority and the host field must agree [RFC 9112
   section 3.2]. */
static int aigwi_http_target(aigw_http *h) {
    aigw_str t = h->head.target, host = aigw_base_header(&h->head, aigw_base_str("host"));
    const char *end = t.p + t.n, *colon, *path;
    aigw_str scheme, authority;
    if (*t.p == '/' || (t.n == 1 && *t.p == '*' && aigw_base_eq(h->head.method, aigw_base_str("OPTIONS")))) return 1;
    colon = aigwi_base_until(t.p, end, ':');
    scheme = aigwi_base_slice(t.p, colon);
    if (end - colon < 3 || memcmp(colon, "://", 3) || (!aigwi_http_is(scheme, "http") && !aigwi_http_is(scheme, "https")))
        return aigwi_http_fail(h, AIGWI_HTTP_E_TARGET_FORM, t.p);
    t.p = colon + 3;
    path = aigwi_base_until(t.p, end, '/');
    authority = aigwi_base_slice(t.p, path);
    h->head.target = path < end ? aigwi_base_slice(path, end) : aigw_base_str("/");
    if (authority.n && aigwi_http_is_host(authority) && (!host.p || aigw_base_eq_nocase(authority, host))) return 1;
    return aigwi_http_fail(h, AIGWI_HTTP_E_TWO_HOSTS, t.p);
}

/* The empty line came: which body follows? [RFC 9112 section 6.3] */
static int aigwi_http_framing(aigw_http *h, aigw_http_item *item) {
    const unsigned f = h->flags;
    const int request = h->role == AIGW_HTTP_REQUEST, status = h->head.status;
    const char *end = h->mem + h->n;
    if (status == 101)
        return aigwi_http_fail(h, AIGWI_HTTP_E_UPGRADE, end);
    if (status >= 100 && status < 200) {
        if (++h->skip > AIGWI_HTTP_SKIP_MAX)
            return aigwi_http_fail(h, AIGWI_HTTP_E_MANY_1XX, end);
        h->n = 0;
        h->state = AIGWI_HTTP_FIRST;
        return 1;
    }
    if ((f & AIGWI_HTTP_HAS_CODING) && (f & (AIGWI_HTTP_HAS_LENGTH | AIGWI_HTTP_OLD)))
        return aigwi_http_fail(h, AIGWI_HTTP_E_TWO_LENGTHS, end);
    if (request && !(f & (AIGWI_HTTP_HAS_HOST | AIGWI_HTTP_OLD)))
        return aigwi_http_fail(h, AIGWI_HTTP_E_NO_HOST, end);
    if (request && !aigwi_http_target(h)) return 0;
    h->keep_alive = !(f & AIGWI_HTTP_SAYS_CLOSE) && (!(f & AIGWI_HTTP_OLD) || (f & AIGWI_HTTP_SAYS_KEEP));
    item->event = AIGW_HTTP_HEAD;
    if (!request && (h->no_body || status == 204 || status == 304)) {
        h->length = 0;
        h->state = AIGWI_HTTP_DONE;
    } else if (f & AIGWI_HTTP_HAS_CODING) {
        h->length = -1;
        h->state = AIGWI_HTTP_SIZE;
    } else if (request || (f & AIGWI_HTTP_HAS_LENGTH)) {
        h->left = (uint64_t)h->length;
        h->state = h->length ? AIGWI_HTTP_LENGTH : AIGWI_HTTP_DONE;
    } else {
        h->length = -2;
        h->keep_alive = 0;
        h->state = AIGWI_HTTP_CLOSE;
    }
    h->expect_continue = request && h->length && (f & AIGWI_HTTP_SAYS_CONTINUE) && !(f & AIGWI_HTTP_OLD);
    return 1;
}

/* A line of the head is whole, in p[0..n) with its LF. */
static int aigwi_http_line(aigw_http *h, const char *p, size_t n, aigw_http_item *item) {
    const char *end = p + n - 2;
    const unsigned controls = h->controls;
    h->controls = 0;
    if (n < 2 || *end != '\r') return aigwi_http_fail(h, AIGWI_HTTP_E_BARE_LF, p + n - 1);
    if (controls != 2) return aigwi_http_fail(h, AIGWI_HTTP_E_CONTROL, p);
    if (h->state == AIGWI_HTTP_FIELDS)
        return p == end ? aigwi_http_framing(h, item) : aigwi_http_field(h, p, end);
    if (p == end && h->role == AIGW_HTTP_REQUEST && h->skip < AIGWI_HTTP_SKIP_MAX) {   /* [RFC 9112 section 2.2] */
        h->skip++;
        h->n = 0;
        return 1;
    }
    h->state = AIGWI_HTTP_FIELDS;
    return (h->role == AIGW_HTTP_REQUEST ? aigwi_http_request_line : aigwi_http_status_line)(h, p, end);
}

/* Copy up to the end of a line to the head memory, counting control characters: a good line has two. Returns the
   bytes taken. */
static size_t aigwi_http_head(aigw_http *h, const char *p, size_t n, aigw_http_item *item) {
    const char *at = p, *end = p + n;
    size_t take, line;
    char last = 0;
    if (!h->n) aigwi_http_begin(h);
    while (last != '\n' && (at = aigwi_base_below(at, end, ' ')) < end) {
        last = *at++;
        h->controls += last != '\t';
    }
    take = (size_t)(at - p);
    if (take > h->cap - h->n) {
        aigwi_http_fail_at(h, AIGWI_HTTP_E_BIG_HEAD, h->at + (h->cap - h->n));
        return 0;
    }
    memcpy(h->mem + h->n, p, take);
    h->n += take;
    h->at += take;
    if (last != '\n') return take;
    line = h->line;
    h->line = h->n;
    aigwi_http_line(h, h->mem + line, h->n - line, item);
    if (!h->n) h->line = 0;
    return take;
}

static int aigwi_http_hex(char c) {
    if (aigwi_base_digit(c)) return c - '0';
    c = aigwi_base_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of what stands around chunks [RFC 9112 section 7.1]. The next state, or -1. */
static int aigwi_http_chunk(aigw_http *h, char c) {
    const int hex = aigwi_http_hex(c), text = (unsigned char)c >= 32 || c == '\t';
    switch (h->state) {
    case AIGWI_HTTP_SIZE: case AIGWI_HTTP_DIGITS:
        if (hex >= 0) { h->left = h->left << 4 | (unsigned)hex; return AIGWI_HTTP_DIGITS; }
        if (h->state == AIGWI_HTTP_SIZE) return -1;
        /* fall through */
    case AIGWI_HTTP_PAD:
        if (c == ' ' || c == '\t') return AIGWI_HTTP_PAD;
        if (c == ';') return AIGWI_HTTP_EXT;
        return c == '\r' && h->state == AIGWI_HTTP_DIGITS ? AIGWI_HTTP_SIZE_LF : -1;
    case AIGWI_HTTP_EXT:          return text ? AIGWI_HTTP_EXT : c == '\r' ? AIGWI_HTTP_SIZE_LF : -1;
    case AIGWI_HTTP_SIZE_LF:      return c != '\n' ? -1 : h->left ? AIGWI_HTTP_DATA : AIGWI_HTTP_TRAILER;
    case AIGWI_HTTP_DATA_CR:      return c == '\r' ? AIGWI_HTTP_DATA_LF : -1;
    case AIGWI_HTTP_DATA_LF:      return c == '\n' ? AIGWI_HTTP_SIZE : -1;
    case AIGWI_HTTP_TRAILER:      if (c == '\r') return AIGWI_HTTP_LAST_LF;
                                  return text && c != ' ' && c != '\t' ? AIGWI_HTTP_TRAILER_TEXT : -1;
    case AIGWI_HTTP_TRAILER_TEXT: if (text) return AIGWI_HTTP_TRAILER_TEXT;
                                  return c == '\r' ? AIGWI_HTTP_TRAILER_LF : -1;
    case AIGWI_HTTP_TRAILER_LF:   return c == '\n' ? AIGWI_HTTP_TRAILER : -1;
    default:                      return c == '\n' ? AIGWI_HTTP_DONE : -1;
    }
}

static void aigwi_http_mark(aigw_http *h, char c) {
    int next = aigwi_http_chunk(h, c);
    if (next < 0) { aigwi_http_fail_at(h, AIGWI_HTTP_E_CHUNK, h->at); return; }
    if (h->left > AIGWI_HTTP_CHUNK_MAX || ++h->extra > AIGWI_HTTP_EXTRA_MAX) {
        aigwi_http_fail_at(h, AIGWI_HTTP_E_BIG_CHUNK, h->at);
        return;
    }
    if (h->state == AIGWI_HTTP_SIZE_LF) h->extra = 0;
    h->state = (uint8_t)next;
    h->at++;
}

static size_t aigwi_http_body(aigw_http *h, const char *p, size_t n, aigw_http_item *item) {
    if (h->state != AIGWI_HTTP_CLOSE) {
        if (n > h->left) n = (size_t)h->left;
        h->left -= n;
        if (!h->left) h->state = h->state == AIGWI_HTTP_DATA ? AIGWI_HTTP_DATA_CR : AIGWI_HTTP_DONE;
    }
    item->event = AIGW_HTTP_BODY;
    item->body.p = p;
    item->body.n = n;
    h->at += n;
    return n;
}

/* Ready for the next message; the head stays until its first byte. */
static void aigwi_http_end(aigw_http *h) {
    h->state = AIGWI_HTTP_FIRST;
    h->n = h->line = h->at = 0;
    h->skip = 0;
    h->no_body = 0;
}

AIGW_API int aigw_http_feed(aigw_http *h, const void *data, size_t n, aigw_http_item *item) {
    const char *p = (const char *)data;
    size_t took = 0;
    item->event = AIGW_HTTP_NONE;
    item->body.p = NULL;
    item->body.n = 0;
    if (n > 0x7fffffff) n = 0x7fffffff;
    while (!h->err && item->event == AIGW_HTTP_NONE) {
        if (h->state == AIGWI_HTTP_DONE) {
            aigwi_http_end(h);
            item->event = AIGW_HTTP_END;
        } else if (took == n) break;
        else if (h->state <= AIGWI_HTTP_FIELDS) took += aigwi_http_head(h, p + took, n - took, item);
        else if (h->state <= AIGWI_HTTP_DATA) took += aigwi_http_body(h, p + took, n - took, item);
        else aigwi_http_mark(h, p[took++]);
    }
    return h->err ? h->err : (int)took;
}

AIGW_API int aigw_http_eof(aigw_http *h) {
    if (h->err) return h->err;
    if (!aigw_http_busy(h)) return 0;
    if (h->state == AIGWI_HTTP_CLOSE || h->state == AIGWI_HTTP_DONE) {
        aigwi_http_end(h);
        return 1;
    }
    aigwi_http_fail_at(h, AIGWI_HTTP_E_CUT, h->at);
    return h->err;
}

#ifndef AIGW_NO_TEXT
/* Status and phrase, each ended by NUL [RFC 9110 section 15, RFC 6585; 499 and 529 as nginx and Anthropic have them]. */
static const char aigwi_http_reasons[] =
    "200OK\0" "201Created\0" "202Accepted\0" "204No Content\0" "301Moved Permanently\0" "302Found\0"
    "304Not Modified\0" "307Temporary Redirect\0" "308Permanent Redirect\0" "400Bad Request\0" "401Unauthorized\0"
    "402Payment Required\0" "403Forbidden\0" "404Not Found\0" "405Method Not Allowed\0" "406Not Acceptable\0"
    "408Request Timeout\0" "409Conflict\0" "410Gone\0" "411Length Required\0" "412Precondition Failed\0"
    "413Content Too Large\0" "414URI Too Long\0" "415Unsupported Media Type\0" "417Expectation Failed\0"
    "421Misdirected Request\0" "422Unprocessable Content\0" "424Failed Dependency\0" "425Too Early\0"
    "429Too Many Requests\0" "431Request Header Fields Too Large\0" "499Client Closed Request\0"
    "500Internal Server Error\0" "501Not Implemented\0" "502Bad Gateway\0" "503Service Unavailable\0"
    "504Gateway Timeout\0" "505HTTP Version Not Supported\0" "529Overloaded\0";
#else
static const char aigwi_http_reasons[] = "";
#endif

AIGW_API const char *aigw_http_reason(int status) {
    const char *p = aigwi_http_reasons;
    for (; *p; p += strlen(p) + 1)
        if ((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0') == status) return p + 3;
    return "";
}

static int aigwi_http_head_ok(const aigw_head *head) {
    size_t i;
    if (head->status ? head->status < 100 || head->status > 999
                     : !aigwi_http_is_token(head->method) || !aigwi_http_is_visible(head->target)) return 0;
    for (i = 0; i < head->n; i++)
        if (!aigwi_http_is_token(head->headers[i].name) || !aigwi_http_is_text(head->headers[i].value))
            return 0;
    return 1;
}

/* Fields that say how a message is framed are put by aigw_http_put_head alone. */
static void aigwi_http_put_field(aigw_out *o, aigw_str name, aigw_str value) {
    if (aigwi_http_is(name, "content-length") || aigwi_http_is(name, "transfer-encoding")) return;
    aigw_base_put(o, name);
    aigw_base_put_lit(o, ": ");
    aigw_base_put(o, value);
    aigw_base_put_lit(o, "\r\n");
}

AIGW_API int aigw_http_put_head(aigw_out *o, const aigw_head *head, int64_t length) {
    size_t i;
    if (!aigwi_http_head_ok(head)) return AIGW_E_VALUE;
    if (head->status) {
        aigw_base_put_lit(o, "HTTP/1.1 ");
        aigw_base_put_int(o, head->status);
        aigw_base_put_byte(o, ' ');
        aigw_base_put_lit(o, aigw_http_reason(head->status));
    } else {
        aigw_base_put(o, head->method);
        aigw_base_put_byte(o, ' ');
        aigw_base_put(o, head->target);
        aigw_base_put_lit(o, " HTTP/1.1");
    }
    aigw_base_put_lit(o, "\r\n");
    for (i = 0; i < head->n; i++) aigwi_http_put_field(o, head->headers[i].name, head->headers[i].value);
    if (length >= 0) {
        aigw_base_put_lit(o, "content-length: ");
        aigw_base_put_int(o, length);
        aigw_base_put_lit(o, "\r\n");
    } else if (length == -1) aigw_base_put_lit(o, "transfer-encoding: chunked\r\n");
    aigw_base_put_lit(o, "\r\n");
    return AIGW_OK;
}

AIGW_API void aigw_http_put_chunk(aigw_out *o, size_t n) {
    unsigned shift = (unsigned)sizeof n * 8;
    while (shift > 4 && !(n >> (shift - 4))) shift -= 4;
    for (; shift; shift -= 4) aigw_base_put_byte(o, "0123456789abcdef"[n >> (shift - 4) & 15]);
    aigw_base_put_lit(o, "\r\n");
}

AIGW_API void aigw_http_put_chunk_end(aigw_out *o) { aigw_base_put_lit(o, "\r\n"); }

AIGW_API void aigw_http_put_last_chunk(aigw_out *o) { aigw_base_put_lit(o, "0\r\n\r\n"); }

/* ==== >>frame.sse ================================================================================================== */
/* Server-sent events, and the window of memory that all framings keep their unfinished frame in. Knows lines, fields
   and blocks; does not know what a payload means, nor `id` and `retry`, which end with the connection. Truth: WHATWG
   HTML, section 9.2 (read 2026-11). Bytes are taken as they are, valid UTF-8 or not. A byte is copied into the window
   once and looked at once, a word at a time. */

static void aigwi_sse_init(aigw_window *s, void *mem, size_t cap) {
    memset(s, 0, sizeof *s);
    s->mem = (char *)mem;
    s->cap = cap;
}

/* Bring what is held to the start of `mem`. */
static void aigwi_sse_shift(aigw_window *s, char *mem) {
    if (s->n > s->start && mem != s->mem + s->start) memmove(mem, s->mem + s->start, s->n - s->start);
    s->n -= s->start;
    s->at -= s->start;
    s->line -= s->start;
    s->start = 0;
}

static int aigwi_sse_move(aigw_window *s, void *mem, size_t cap) {
    if (s->n - s->start > cap) return AIGW_E_NOMEM;
    aigwi_sse_shift(s, (char *)mem);
    s->mem = (char *)mem;
    s->cap = cap;
    s->want = 0;
    return AIGW_OK;
}

/* All was looked at and no frame ended: is there room for more? */
static void aigwi_sse_full(aigw_window *s) {
    if (s->n - s->start < s->cap) return;
    s->want = s->cap < 128 ? 256 : s->cap < SIZE_MAX / 2 ? s->cap * 2 : SIZE_MAX;
}

/* Room is made when it has run out, and only where that moves less than it frees or nothing else helps: no byte moves
   often. */
static int aigwi_sse_feed(aigw_window *s, const void *p, size_t n) {
    if (s->err) return s->err;
    if (s->want) return 0;
    if (n > 0x7fffffff) n = 0x7fffffff;
    if (n > s->cap - s->n && (s->at == s->n || s->start >= s->n - s->start)) aigwi_sse_shift(s, s->mem);
    if (n > s->cap - s->n) n = s->cap - s->n;
    if (n) memcpy(s->mem + s->n, p, n);
    s->n += n;
    if (!n && s->at == s->n) aigwi_sse_full(s);
    return (int)n;
}

enum { AIGWI_SSE_EMPTY, AIGWI_SSE_COMMENT, AIGWI_SSE_FIELDS };      /* s->state: what the block holds so far */
enum { AIGWI_SSE_NO_CR, AIGWI_SSE_CR, AIGWI_SSE_CR_END };           /* s->cr: the last byte was a CR (that ended the block) */
enum { AIGWI_SSE_OTHER, AIGWI_SSE_DATA, AIGWI_SSE_EVENT, AIGWI_SSE_ERROR };

/* Offset of the first CR or LF in p[0..n), or n. */
static size_t aigwi_sse_eol(const char *p, size_t n) {
    const char *at = p, *end = p + n;
    while ((at = aigwi_base_below(at, end, '\r' + 1)) < end && *at != '\n' && *at != '\r') at++;
    return (size_t)(at - p);
}

/* The field that a line without its end is, and its value. */
static int aigwi_sse_field(const char *p, size_t n, aigw_str *v) {
    static const struct { char name[6]; uint8_t n, field; } fields[] = {
        { "data", 4, AIGWI_SSE_DATA }, { "event", 5, AIGWI_SSE_EVENT }, { "error", 5, AIGWI_SSE_ERROR }
    };
    size_t i, name;
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        name = fields[i].n;
        if (n < name || memcmp(p, fields[i].name, name) || (n > name && p[name] != ':')) continue;
        if (n > name) name++;
        if (n > name && p[name] == ' ') name++;
        v->p = p + name;
        v->n = n - name;
        return fields[i].field;
    }
    return AIGWI_SSE_OTHER;
}

/* Hand out s->mem[start..end), or drop it (0); what follows belongs to the next block. */
static int aigwi_sse_out(aigw_window *s, aigw_frame *f, size_t end) {
    f->raw.p = s->mem + s->start;
    f->raw.n = end - s->start;
    s->start = end;
    s->name_n = s->data_n = 0;
    s->count = 0;
    s->state = AIGWI_SSE_EMPTY;
    if (f->payload.p || s->comments) return 1;
    memset(f, 0, sizeof *f);
    return 0;
}

/* A line of the block ends at s->mem + end. 1 when that brought a frame: of comments before the block only the last
   stays with it, so that any number of them needs no memory. */
static int aigwi_sse_line(aigw_window *s, aigw_frame *f, size_t end) {
    const char *block = s->mem + s->start, *line = s->mem + s->line;
    aigw_str v = { NULL, 0 };
    int field, done = 0;
    if (*line == ':') {
        if (s->state == AIGWI_SSE_COMMENT) done = aigwi_sse_out(s, f, s->line);
        if (s->state == AIGWI_SSE_EMPTY) s->state = AIGWI_SSE_COMMENT;
        return done;
    }
    s->state = AIGWI_SSE_FIELDS;
    field = aigwi_sse_field(line, end - s->line, &v);
    if (field == AIGWI_SSE_EVENT) {
        s->name_at = (size_t)(v.p - block);
        s->name_n = v.n;
    } else if (field == AIGWI_SSE_ERROR) {
        s->name_at = (size_t)(line - block);
        s->name_n = 5;
    }
    if (field == AIGWI_SSE_DATA || field == AIGWI_SSE_ERROR) {
        s->data_at = (size_t)(v.p - block);
        s->data_n += v.n + (s->count != 0);
        s->count = 1 + (s->count != 0);
    }
    return 0;
}

/* Join the values of the block's data lines behind all that is held. 0 when that needs more memory. */
static int aigwi_sse_join(aigw_window *s, aigw_str *payload) {
    const char *p, *end;
    char *to;
    if (s->cap - s->n < s->data_n) aigwi_sse_shift(s, s->mem);
    if (s->cap - s->n < s->data_n) {
        s->want = s->n <= SIZE_MAX - s->data_n ? s->n + s->data_n : SIZE_MAX;
        return 0;
    }
    to = s->mem + s->n;
    payload->p = to;
    payload->n = s->data_n;
    for (p = s->mem + s->start, end = s->mem + s->at; p < end; p++) {   /* between CR and LF is a line of no field */
        aigw_str v = { NULL, 0 };
        size_t n = aigwi_sse_eol(p, (size_t)(end - p));
        int field = aigwi_sse_field(p, n, &v);
        p += n;
        if (field != AIGWI_SSE_DATA && field != AIGWI_SSE_ERROR) continue;
        memcpy(to, v.p, v.n);
        to += v.n;
        if (to < payload->p + payload->n) *to++ = '\n';
    }
    return 1;
}

/* The block ended at s->at. 1: that is a frame, 0: it is none, -1: memory is wanted first. */
static int aigwi_sse_block(aigw_window *s, aigw_frame *f) {
    s->ready = s->count > 1 && !aigwi_sse_join(s, &f->payload);
    if (s->ready) return -1;
    if (s->count == 1) {
        f->payload.p = s->mem + s->start + s->data_at;
        f->payload.n = s->data_n;
    }
    if (s->name_n) {
        f->name.p = s->mem + s->start + s->name_at;
        f->name.n = s->name_n;
    }
    return aigwi_sse_out(s, f, s->at);
}

/* The byte after a CR: an LF belongs to the same line end. */
static int aigwi_sse_after_cr(aigw_window *s, aigw_frame *f) {
    const int ends = s->cr == AIGWI_SSE_CR_END;
    s->crlf = s->mem[s->at] == '\n';
    s->at += s->crlf;
    s->line = s->at;
    s->cr = AIGWI_SSE_NO_CR;
    return ends ? aigwi_sse_block(s, f) : 0;
}

/* The line end at s->mem + end, its first byte. A CR on an empty line ends the block at once, unless lines here end
   in CRLF: then its LF is waited for, so that `raw` is whole. */
static int aigwi_sse_line_end(aigw_window *s, aigw_frame *f, size_t end) {
    const int empty = end == s->line;
    int got;
    s->at = end + 1;
    if (s->mem[end] == '\r') s->cr = empty && s->crlf ? AIGWI_SSE_CR_END : AIGWI_SSE_CR;
    else s->crlf = 0;
    if (s->cr == AIGWI_SSE_CR_END) return 0;
    got = empty ? aigwi_sse_block(s, f) : aigwi_sse_line(s, f, end);
    s->line = s->at;
    return got;
}

/* 1 when it is known whether the stream begins with a byte order mark, which belongs to no frame. */
static int aigwi_sse_bom(aigw_window *s) {
    const size_t n = s->n < 3 ? s->n : 3;
    if (s->bom || !n) return s->bom;
    s->bom = 1;
    if (memcmp(s->mem, "\xef\xbb\xbf", n)) return 1;
    if (n < 3) s->bom = 0;
    else s->start = s->line = s->at = 3;
    return s->bom;
}

AIGW_API void aigw_sse_init(aigw_sse *s, void *mem, size_t cap) { aigwi_sse_init(s, mem, cap); }

AIGW_API int aigw_sse_move(aigw_sse *s, void *mem, size_t cap) { return aigwi_sse_move(s, mem, cap); }

AIGW_API int aigw_sse_feed(aigw_sse *s, const void *p, size_t n) { return aigwi_sse_feed(s, p, n); }

AIGW_API int aigw_sse_next(aigw_sse *s, aigw_frame *f) {
    int got = 0;
    memset(f, 0, sizeof *f);
    if (s->ready) got = aigwi_sse_block(s, f);
    else if (aigwi_sse_bom(s))
        while (!got && s->at < s->n) {
            size_t end = s->at;
            if (s->cr) { got = aigwi_sse_after_cr(s, f); continue; }
            end += aigwi_sse_eol(s->mem + end, s->n - end);
            if (end < s->n) got = aigwi_sse_line_end(s, f, end);
            else s->at = end;
        }
    if (got > 0) return 1;
    if (!got) aigwi_sse_full(s);
    return 0;
}

/* ==== >>frame.array ================================================================================================ */
/* The items of one JSON array that arrives in pieces. Knows brackets, strings and escapes, as much as tells where an
   item ends; does not know whether an item is valid JSON, which its reader finds out. White space and commas between
   items are dropped at once. */

enum {                                       /* s->state: between items, then inside one */
    AIGWI_ARRAY_START, AIGWI_ARRAY_FIRST, AIGWI_ARRAY_NEXT, AIGWI_ARRAY_AFTER, AIGWI_ARRAY_END,
    AIGWI_ARRAY_NEST, AIGWI_ARRAY_BARE, AIGWI_ARRAY_STRING, AIGWI_ARRAY_ESCAPE
};

/* Offset of the first quote or backslash in p[0..n), or n. */
static size_t aigwi_array_quote(const char *p, size_t n) {
    size_t i = 0;
    for (; n - i >= sizeof(size_t); i += sizeof(size_t)) {
        size_t w = aigwi_base_word(p + i), q = w ^ AIGWI_BASE_ONES * '"', b = w ^ AIGWI_BASE_ONES * '\\';
        if ((((q - AIGWI_BASE_ONES) & ~q) | ((b - AIGWI_BASE_ONES) & ~b)) & AIGWI_BASE_TOPS) break;
    }
    while (i < n && p[i] != '"' && p[i] != '\\') i++;
    return i;
}

static int aigwi_array_is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The state in which an item begins, or -1. */
static int aigwi_array_begin(aigw_window *s, char c) {
    s->count = c == '{' || c == '[';
    if (s->count) return AIGWI_ARRAY_NEST;
    if (c == '"') return AIGWI_ARRAY_STRING;
    return c == ',' || c == ']' || c == '}' || c == ':' ? -1 : AIGWI_ARRAY_BARE;
}

/* A byte between items. The next state, or -1. */
static int aigwi_array_between(aigw_window *s, char c) {
    if (aigwi_array_is_space(c)) return s->state;
    switch (s->state) {
    case AIGWI_ARRAY_START:
        s->alone = c == '{';
        return s->alone ? aigwi_array_begin(s, c) : c == '[' ? AIGWI_ARRAY_FIRST : -1;
    case AIGWI_ARRAY_FIRST: return c == ']' ? AIGWI_ARRAY_END : aigwi_array_begin(s, c);
    case AIGWI_ARRAY_NEXT:  return aigwi_array_begin(s, c);
    case AIGWI_ARRAY_AFTER: return c == ',' ? AIGWI_ARRAY_NEXT : c == ']' ? AIGWI_ARRAY_END : -1;
    default:                return -1;
    }
}

/* A byte inside an item. 1 when the item ends before s->at. */
static int aigwi_array_inside(aigw_window *s) {
    char c;
    if (s->state == AIGWI_ARRAY_STRING) {
        s->at += aigwi_array_quote(s->mem + s->at, s->n - s->at);
        if (s->at == s->n) return 0;
    }
    c = s->mem[s->at];
    if (s->state == AIGWI_ARRAY_BARE && (c == ',' || c == ']' || aigwi_array_is_space(c))) return 1;
    s->at++;
    switch (s->state) {
    case AIGWI_ARRAY_ESCAPE: s->state = AIGWI_ARRAY_STRING; return 0;
    case AIGWI_ARRAY_STRING:
        s->state = c == '\\' ? AIGWI_ARRAY_ESCAPE : AIGWI_ARRAY_NEST;
        return c == '"' && !s->count;
    case AIGWI_ARRAY_NEST:
        if (c == '"') s->state = AIGWI_ARRAY_STRING;
        if (c == '{' || c == '[') s->count++;
        if (c == '}' || c == ']') s->count--;
        return !s->count;
    default: return 0;
    }
}

AIGW_API void aigw_array_init(aigw_array *s, void *mem, size_t cap) { aigwi_sse_init(s, mem, cap); }

AIGW_API int aigw_array_move(aigw_array *s, void *mem, size_t cap) { return aigwi_sse_move(s, mem, cap); }

AIGW_API int aigw_array_feed(aigw_array *s, const void *p, size_t n) { return aigwi_sse_feed(s, p, n); }

AIGW_API int aigw_array_next(aigw_array *s, aigw_frame *f) {
    memset(f, 0, sizeof *f);
    if (s->err) return s->err;
    while (s->at < s->n) {
        if (s->state <= AIGWI_ARRAY_END) {
            int state = aigwi_array_between(s, s->mem[s->at]);
            if (state < 0) return s->err = AIGW_E_SYNTAX;
            s->start = s->at++;
            if (state <= AIGWI_ARRAY_END) s->start = s->at;
            s->state = (uint8_t)state;
            s->ended = state == AIGWI_ARRAY_END;
        } else if (aigwi_array_inside(s)) {
            f->payload.p = s->mem + s->start;
            f->payload.n = s->at - s->start;
            f->raw = f->payload;
            s->start = s->at;
            s->state = s->alone ? AIGWI_ARRAY_END : AIGWI_ARRAY_AFTER;
            s->ended = s->alone;
            return 1;
        }
    }
    aigwi_sse_full(s);
    return 0;
}

/* ==== >>model ====================================================================================================== */
/* The canonical request, answer and error, and the report of what a translation lost. Knows no provider's spelling
   and no I/O. Truth: design section 4. */

static const struct { short http; uint8_t retry; const char *name; } aigwi_model_kinds[] = {
#define X(name, http, retry, label) { http, AIGW_RETRY_##retry, label },
    AIGW_KIND_LIST(X)
#undef X
};

AIGW_API int aigw_model_kind_status(int kind) {
    return kind >= 0 && kind < AIGW_KIND_COUNT ? aigwi_model_kinds[kind].http : 500;
}
AIGW_API int aigw_model_kind_retry(int kind) {
    return kind >= 0 && kind < AIGW_KIND_COUNT ? aigwi_model_kinds[kind].retry : (int)AIGW_RETRY_NEVER;
}
AIGW_API const char *aigw_model_kind_name(int kind) {
    return kind >= 0 && kind < AIGW_KIND_COUNT ? aigwi_model_kinds[kind].name : "_OTHER";
}

static const char *const aigwi_model_finishes[] = { "none", "stop", "stop_sequence", "length", "context", "tool_calls",
    "content_filter", "refusal", "pause", "malformed_call", "error", "other" };

AIGW_API const char *aigw_model_finish_name(int finish) {
    return finish >= 0 && finish <= AIGW_FINISH_OTHER ? aigwi_model_finishes[finish] : "other";
}

static const char *const aigwi_model_actions[] = { "dropped", "approximated", "synthesized", "refused" };

AIGW_API const char *aigw_model_loss_name(int action) {
    return action >= 0 && action < AIGW_LOSS_ACTIONS ? aigwi_model_actions[action] : "";
}

AIGW_API void aigw_model_loss_init(aigw_loss *l, aigw_loss_item *items, size_t cap) {
    memset(l, 0, sizeof *l);
    l->items = items;
    l->cap = cap;
}

AIGW_API int aigw_model_loss_at(aigw_loss *l, size_t at, const char *tail, int action, const char *reason) {
    int code = action == AIGW_LOSS_REFUSED ? AIGW_E_REFUSED : AIGW_OK;
    aigw_loss_item *item;
    size_t n = 0, i;
    if (!l) return code;
    if (l->strict && action <= AIGW_LOSS_APPROXIMATED) {
        action = AIGW_LOSS_REFUSED;
        code = AIGW_E_REFUSED;
    }
    if (l->n >= l->cap) {                       /* a path costs a scan of the document: none beyond what can be kept */
        l->count[action]++;
        return code;
    }
    item = &l->items[l->n];
    if (at != AIGW_NOWHERE) n = aigw_json_path(l->doc, at, item->path, sizeof item->path);
    for (i = 0; tail && tail[i] && n + 1 < sizeof item->path; i++) item->path[n++] = tail[i];
    item->path[n] = 0;
    for (i = 0; i < l->n; i++)
        if (l->items[i].action == action && !memcmp(l->items[i].path, item->path, n + 1)) return code;
    item->action = (uint8_t)action;
    item->reason = reason;
    l->n++;
    l->count[action]++;
    return code;
}

/* ---- the fold: events -> whole answer */

AIGW_API void aigw_model_fold_init(aigw_fold *f, aigw_resp *resp, aigw_arena *mem, int copy) {
    memset(f, 0, sizeof *f);
    memset(resp, 0, sizeof *resp);
    f->resp = resp;
    f->mem = mem;
    f->copy = copy;
}

/* s as it may be kept: itself, or a copy. 1, or 0 without memory. */
static int aigwi_model_keep(aigw_fold *f, aigw_str s, aigw_str *to) {
    *to = f->copy ? aigw_base_copy(f->mem, s) : s;
    return to->p || !to->n;
}

static int aigwi_model_slot(const aigw_fold *f, uint32_t block) {
    int i;
    for (i = 0; i < AIGW_BLOCKS; i++)
        if (f->open[i] && f->block[i] == block) return i;
    return -1;
}

static int aigwi_model_fold_open(aigw_fold *f, const aigw_event *ev) {
    aigw_resp *r = f->resp;
    aigw_part *p;
    int i;
    if (ev->choice >= AIGW_CHOICES) return AIGW_E_LIMIT;
    for (i = 0; i < AIGW_BLOCKS && f->open[i]; i++) {}
    if (i == AIGW_BLOCKS) return AIGW_E_LIMIT;
    p = (aigw_part *)aigw_base_take(f->mem, 1, sizeof *p, sizeof(void *));
    if (!p) return AIGW_E_NOMEM;
    p->kind = ev->kind;
    p->custom = ev->custom;
    p->no_id = ev->no_id;
    p->at = ev->at;
    if (!aigwi_model_keep(f, ev->id, &p->id)) return AIGW_E_NOMEM;
    if (!aigwi_model_keep(f, ev->name, ev->kind == AIGW_PART_IMAGE || ev->kind == AIGW_PART_AUDIO ? &p->mime : &p->name))
        return AIGW_E_NOMEM;
    if (f->last[ev->choice]) f->last[ev->choice]->next = p;
    else r->choice[ev->choice].parts = p;
    f->last[ev->choice] = p;
    r->choice[ev->choice].present = 1;
    if (r->choices <= ev->choice) r->choices = (uint8_t)(ev->choice + 1);
    f->open[i] = p;
    f->block[i] = ev->block;
    f->room[i] = 0;
    return AIGW_OK;
}

/* Append to a block's text. Room doubles, so that the copying stays linear; the block that was taken last grows in
   place. */
static int aigwi_model_fold_delta(aigw_fold *f, int i, aigw_text t) {
    aigw_part *p = f->open[i];
    size_t need, room;
    char *to;
    if (!t.n) return AIGW_OK;
    if (!p->text.n && !f->copy) {
        p->text = t;
        return AIGW_OK;
    }
    if (p->text.n && p->text.form != t.form) {
        int escaped = p->text.form == AIGW_TEXT_ESCAPED || p->text.form == AIGW_TEXT_LONE;
        if (!escaped || (t.form != AIGW_TEXT_ESCAPED && t.form != AIGW_TEXT_LONE)) return AIGW_E_STATE;
        t.form = AIGW_TEXT_LONE;
    }
    if (t.n > SIZE_MAX / 4 - p->text.n) return AIGW_E_NOMEM;
    need = p->text.n + t.n;
    if (need > f->room[i]) {
        room = need < 64 ? 64 : need * 2;
        if ((size_t)(f->mem->end - f->mem->at) < room) room = need;
        if (f->room[i] && (const unsigned char *)p->text.p + f->room[i] == f->mem->at) {
            if (!aigw_base_take(f->mem, room - f->room[i], 1, 1)) return AIGW_E_NOMEM;
        } else {
            to = (char *)aigw_base_take(f->mem, room, 1, 1);
            if (!to) return AIGW_E_NOMEM;
            if (p->text.n) memcpy(to, p->text.p, p->text.n);
            p->text.p = to;
        }
        f->room[i] = room;
    }
    memcpy((char *)(uintptr_t)p->text.p + p->text.n, t.p, t.n);
    p->text.n = need;
    p->text.form = t.form;
    return AIGW_OK;
}

static int aigwi_model_fold_state(aigw_fold *f, aigw_part *p, const aigw_opaque *from) {
    aigw_opaque *to = (aigw_opaque *)aigw_base_take(f->mem, 1, sizeof *to, sizeof(void *));
    aigw_str data;
    if (!to) return AIGW_E_NOMEM;
    *to = *from;
    data.p = from->data.p;
    data.n = from->data.n;
    if (!aigwi_model_keep(f, from->owner, &to->owner) || !aigwi_model_keep(f, from->model, &to->model) ||
        !aigwi_model_keep(f, data, &data)) return AIGW_E_NOMEM;
    to->data.p = data.p;
    p->state = to;
    return AIGW_OK;
}

static int aigwi_model_fold_note(aigw_fold *f, const aigw_event *ev) {
    int i = ev->block == AIGW_NO_BLOCK ? -1 : aigwi_model_slot(f, ev->block);
    aigw_note **slot, *note;
    aigw_str json;
    if (i < 0 && ev->block != AIGW_NO_BLOCK) return AIGW_E_STATE;
    if (ev->kind == AIGW_NOTE_SIGNATURE) return i < 0 || !ev->state ? AIGW_E_STATE : aigwi_model_fold_state(f, f->open[i], ev->state);
    if (ev->choice >= AIGW_CHOICES) return AIGW_E_LIMIT;
    slot = i < 0 ? &f->resp->choice[ev->choice].notes : &f->open[i]->notes;
    while (*slot) slot = &(*slot)->next;
    note = (aigw_note *)aigw_base_take(f->mem, 1, sizeof *note, sizeof(void *));
    if (!note) return AIGW_E_NOMEM;
    note->kind = ev->kind;
    note->at = ev->at;
    json.p = ev->text.p;
    json.n = ev->text.n;
    if (!aigwi_model_keep(f, ev->name, &note->dialect) || !aigwi_model_keep(f, json, &note->json)) return AIGW_E_NOMEM;
    *slot = note;
    return AIGW_OK;
}

static int aigwi_model_fold_error(aigw_fold *f, const aigw_error *from) {
    aigw_error *e = (aigw_error *)aigw_base_take(f->mem, 1, sizeof *e, sizeof(void *));
    if (!e) return AIGW_E_NOMEM;
    *e = *from;
    if (!aigwi_model_keep(f, from->message, &e->message) || !aigwi_model_keep(f, from->type, &e->type) ||
        !aigwi_model_keep(f, from->code, &e->code) || !aigwi_model_keep(f, from->param, &e->param) ||
        !aigwi_model_keep(f, from->request_id, &e->request_id) || !aigwi_model_keep(f, from->provider, &e->provider) ||
        !aigwi_model_keep(f, from->advice, &e->advice)) return AIGW_E_NOMEM;
    f->resp->error = e;
    f->resp->ended = 1;
    return AIGW_OK;
}

static int aigwi_model_fold_stop(aigw_fold *f, const aigw_event *ev) {
    aigw_resp *r = f->resp;
    int i;
    if (ev->choices > AIGW_CHOICES) return AIGW_E_LIMIT;
    if (r->choices < ev->choices) r->choices = ev->choices;
    for (i = 0; i < ev->choices; i++) {
        r->choice[i].finish = ev->finish[i];
        r->choice[i].present = 1;
    }
    r->reason_made = ev->reason_made;
    r->ended = 1;
    return aigwi_model_keep(f, ev->name, &r->stop_sequence) ? AIGW_OK : AIGW_E_NOMEM;
}

AIGW_API int aigw_model_fold_put(void *fold, const aigw_event *ev) {
    aigw_fold *f = (aigw_fold *)fold;
    int i;
    switch (ev->type) {
    case AIGW_EVENT_START:
        f->resp->created_s = ev->created_s;
        if (!aigwi_model_keep(f, ev->id, &f->resp->id) || !aigwi_model_keep(f, ev->model, &f->resp->model)) return AIGW_E_NOMEM;
        return AIGW_OK;
    case AIGW_EVENT_BLOCK_START: return aigwi_model_fold_open(f, ev);
    case AIGW_EVENT_DELTA:
        i = aigwi_model_slot(f, ev->block);
        return i < 0 ? AIGW_E_STATE : aigwi_model_fold_delta(f, i, ev->text);
    case AIGW_EVENT_NOTE: return aigwi_model_fold_note(f, ev);
    case AIGW_EVENT_BLOCK_STOP:
        i = aigwi_model_slot(f, ev->block);
        if (i < 0) return AIGW_E_STATE;
        f->open[i] = NULL;
        return AIGW_OK;
    case AIGW_EVENT_USAGE: f->resp->usage = ev->usage; return AIGW_OK;
    case AIGW_EVENT_PING: return AIGW_OK;
    case AIGW_EVENT_STOP: return aigwi_model_fold_stop(f, ev);
    case AIGW_EVENT_ERROR: return ev->error ? aigwi_model_fold_error(f, ev->error) : AIGW_E_STATE;
    }
    return AIGW_E_STATE;
}

/* ---- the unfold: whole answer -> events */

static int aigwi_model_unfold_notes(const aigw_sink *out, const aigw_note *note, aigw_event *ev) {
    int r = 0;
    ev->type = AIGW_EVENT_NOTE;
    for (; note && r >= 0; note = note->next) {
        ev->kind = note->kind;
        ev->at = note->at;
        ev->name = note->dialect;
        ev->text.p = note->json.p;
        ev->text.n = note->json.n;
        ev->text.form = AIGW_TEXT_JSON;
        r = out->put(out->user, ev);
    }
    return r;
}

static int aigwi_model_unfold_state(const aigw_sink *out, const aigw_part *p, aigw_event ev) {
    ev.type = AIGW_EVENT_NOTE;
    ev.kind = AIGW_NOTE_SIGNATURE;
    ev.id.n = ev.name.n = 0;
    ev.state = p->state;
    return p->state ? out->put(out->user, &ev) : AIGW_OK;
}

static int aigwi_model_unfold_part(const aigw_sink *out, const aigw_part *p, uint16_t choice, uint32_t block) {
    aigw_event ev;
    int r;
    memset(&ev, 0, sizeof ev);
    ev.type = AIGW_EVENT_BLOCK_START;
    ev.kind = p->kind;
    ev.custom = p->custom;
    ev.no_id = p->no_id;
    ev.choice = choice;
    ev.block = block;
    ev.at = p->at;
    ev.id = p->id;
    ev.name = p->mime.n ? p->mime : p->name;
    r = out->put(out->user, &ev);
    if (r >= 0 && p->kind == AIGW_PART_TOOL_CALL) r = aigwi_model_unfold_state(out, p, ev);
    if (r >= 0 && p->text.n) {
        ev.type = AIGW_EVENT_DELTA;
        ev.text = p->text;
        r = out->put(out->user, &ev);
    }
    if (r >= 0 && p->kind != AIGW_PART_TOOL_CALL) r = aigwi_model_unfold_state(out, p, ev);
    memset(&ev.id, 0, sizeof ev.id);
    if (r >= 0) r = aigwi_model_unfold_notes(out, p->notes, &ev);
    memset(&ev.text, 0, sizeof ev.text);
    memset(&ev.name, 0, sizeof ev.name);
    ev.type = AIGW_EVENT_BLOCK_STOP;
    ev.kind = p->kind;
    return r < 0 ? r : out->put(out->user, &ev);
}

AIGW_API int aigw_model_unfold(const aigw_resp *resp, const aigw_sink *out) {
    aigw_event ev;
    const aigw_part *p;
    uint32_t block = 0;
    int r, i;
    memset(&ev, 0, sizeof ev);
    ev.at = AIGW_NOWHERE;
    ev.id = resp->id;
    ev.model = resp->model;
    ev.created_s = resp->created_s;
    r = out->put(out->user, &ev);
    memset(&ev.id, 0, sizeof ev.id);
    memset(&ev.model, 0, sizeof ev.model);
    for (i = 0; i < resp->choices && r >= 0; i++) {
        for (p = resp->choice[i].parts; p && r >= 0; p = p->next) r = aigwi_model_unfold_part(out, p, (uint16_t)i, block++);
        ev.choice = (uint16_t)i;
        ev.block = AIGW_NO_BLOCK;
        if (r >= 0) r = aigwi_model_unfold_notes(out, resp->choice[i].notes, &ev);
        memset(&ev.text, 0, sizeof ev.text);
    }
    ev.choice = 0;
    ev.block = 0;
    ev.kind = 0;
    ev.at = AIGW_NOWHERE;
    memset(&ev.name, 0, sizeof ev.name);
    if (r >= 0 && resp->usage.has) {
        ev.type = AIGW_EVENT_USAGE;
        ev.usage = resp->usage;
        r = out->put(out->user, &ev);
    }
    if (r < 0 || !resp->ended) return r < 0 ? r : AIGW_OK;
    ev.type = resp->error ? AIGW_EVENT_ERROR : AIGW_EVENT_STOP;
    ev.error = resp->error;
    ev.choices = resp->choices;
    ev.reason_made = resp->reason_made;
    ev.name = resp->stop_sequence;
    for (i = 0; i < resp->choices; i++) ev.finish[i] = resp->choice[i].finish;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* ---- the checker of the event grammar */

static int aigwi_model_bad(aigw_check *c, const char *why) {
    if (!c->why) c->why = why;
    return AIGW_E_STATE;
}

AIGW_API int aigw_model_check_put(void *check, const aigw_event *ev) {
    aigw_check *c = (aigw_check *)check;
    uint32_t i;
    if (c->why) return AIGW_E_STATE;
    if (c->state == 2) return aigwi_model_bad(c, "an event after the end");
    if (ev->type == AIGW_EVENT_START) {
        if (c->state) return aigwi_model_bad(c, "a second START");
        c->state = 1;
        return AIGW_OK;
    }
    if (ev->type == AIGW_EVENT_ERROR) {
        c->state = 2;
        return ev->error && ev->error->kind ? AIGW_OK : aigwi_model_bad(c, "ERROR without an error");
    }
    if (ev->type == AIGW_EVENT_STOP) {
        c->state = 2;
        if (c->open_n) return aigwi_model_bad(c, "STOP while a block is open");
        if (!ev->choices || ev->choices > AIGW_CHOICES) return aigwi_model_bad(c, "STOP without choices");
        for (i = 0; i < ev->choices; i++)
            if (!ev->finish[i]) return aigwi_model_bad(c, "STOP without a finish reason");
        return AIGW_OK;
    }
    if (!c->state) return aigwi_model_bad(c, "no START before the first event");
    if (ev->type == AIGW_EVENT_USAGE || ev->type == AIGW_EVENT_PING) return AIGW_OK;
    if (ev->choice >= AIGW_CHOICES) return aigwi_model_bad(c, "a choice number out of range");
    if (ev->type == AIGW_EVENT_NOTE && ev->block == AIGW_NO_BLOCK) return AIGW_OK;
    if (ev->type == AIGW_EVENT_BLOCK_START) {
        if (ev->block != c->blocks++) return aigwi_model_bad(c, "block numbers do not count up");
        if (c->open_n == AIGW_BLOCKS) return aigwi_model_bad(c, "too many open blocks");
        c->kind[c->open_n] = ev->kind;
        c->open[c->open_n++] = ev->block;
        return AIGW_OK;
    }
    for (i = 0; i < c->open_n && c->open[i] != ev->block; i++) {}
    if (i == c->open_n) return aigwi_model_bad(c, "an event of a block that is not open");
    if (ev->type == AIGW_EVENT_DELTA && c->kind[i] != ev->kind) return aigwi_model_bad(c, "a DELTA of another kind than its block");
    if (ev->type == AIGW_EVENT_BLOCK_STOP) {
        c->open[i] = c->open[--c->open_n];
        c->kind[i] = c->kind[c->open_n];
    }
    return AIGW_OK;
}

/* ---- canonical JSON: one fixed order of writing, any order of reading, unknown members refused */

static const aigw_str aigwi_model_roles[] = { AIGW_STR("system"), AIGW_STR("developer"), AIGW_STR("user"), AIGW_STR("assistant"), AIGW_STR("tool"), AIGW_STR("") };
static const aigw_str aigwi_model_parts[] = { AIGW_STR("text"), AIGW_STR("image"), AIGW_STR("audio"), AIGW_STR("file"), AIGW_STR("tool_call"),
    AIGW_STR("tool_result"), AIGW_STR("reasoning"), AIGW_STR("refusal"), AIGW_STR("other"), AIGW_STR("") };
static const aigw_str aigwi_model_sources[] = { AIGW_STR("bytes"), AIGW_STR("url"), AIGW_STR("file"), AIGW_STR("text"), AIGW_STR("") };
static const aigw_str aigwi_model_opaques[] = { AIGW_STR("signature"), AIGW_STR("redacted"), AIGW_STR("") };
static const aigw_str aigwi_model_notes[] = { AIGW_STR("citation"), AIGW_STR("logprobs"), AIGW_STR("safety"), AIGW_STR("signature"), AIGW_STR("other"), AIGW_STR("") };
static const aigw_str aigwi_model_tools[] = { AIGW_STR("function"), AIGW_STR("custom"), AIGW_STR("hosted"), AIGW_STR("") };
static const aigw_str aigwi_model_choices[] = { AIGW_STR("unset"), AIGW_STR("auto"), AIGW_STR("none"), AIGW_STR("required"), AIGW_STR("named"), AIGW_STR("") };
static const aigw_str aigwi_model_formats[] = { AIGW_STR("text"), AIGW_STR("json"), AIGW_STR("schema"), AIGW_STR("") };
static const aigw_str aigwi_model_ops[] = { AIGW_STR("none"), AIGW_STR("chat"), AIGW_STR("count_tokens"), AIGW_STR("models"), AIGW_STR("embed"), AIGW_STR("raw"), AIGW_STR("") };
static const aigw_str aigwi_model_events[] = { AIGW_STR("start"), AIGW_STR("block_start"), AIGW_STR("delta"), AIGW_STR("note"), AIGW_STR("block_stop"),
    AIGW_STR("usage"), AIGW_STR("ping"), AIGW_STR("stop"), AIGW_STR("error"), AIGW_STR("") };
static const aigw_str aigwi_model_retries[] = { AIGW_STR("never"), AIGW_STR("wait"), AIGW_STR("other"), AIGW_STR("") };
static const aigw_str aigwi_model_params[] = { AIGW_STR("temperature"), AIGW_STR("top_p"), AIGW_STR("top_k"), AIGW_STR("presence_penalty"),
    AIGW_STR("frequency_penalty"), AIGW_STR("seed"), AIGW_STR("n"), AIGW_STR("logprobs"), AIGW_STR("top_logprobs"), AIGW_STR("max_output"), AIGW_STR("parallel"),
    AIGW_STR("stream"), AIGW_STR("stream_usage"), AIGW_STR("user"), AIGW_STR("safety_id"), AIGW_STR("effort"), AIGW_STR("reasoning_mode"),
    AIGW_STR("reasoning_budget"), AIGW_STR("reasoning_show") };
static const uint8_t aigwi_model_param_kinds[] = {
#define X(name, kind) AIGW_PARAM_##kind,
    AIGW_PARAM_LIST(X)
#undef X
};

/* members whose value is empty are left out */
static void aigwi_model_w_str(aigw_out *o, const char *key, aigw_str s) {
    if (!s.n) return;
    aigw_json_key(o, key);
    aigw_json_put_str(o, s);
}
static void aigwi_model_w_raw(aigw_out *o, const char *key, aigw_str json) {
    if (!json.n) return;
    aigw_json_key(o, key);
    aigw_json_put_raw(o, json);
}
static void aigwi_model_w_int(aigw_out *o, const char *key, int64_t v) {
    if (!v) return;
    aigw_json_key(o, key);
    aigw_json_put_int(o, v);
}
static void aigwi_model_w_true(aigw_out *o, const char *key, int v) {
    if (!v) return;
    aigw_json_key(o, key);
    aigw_json_put_bool(o, 1);
}
static void aigwi_model_w_text(aigw_out *o, aigw_text t) {
    aigw_str s;
    s.p = t.p;
    s.n = t.n;
    if (t.form == AIGW_TEXT_JSON) aigwi_model_w_raw(o, "json", s);
    else if (t.n) {
        aigw_json_key(o, "text");
        aigw_json_put_text(o, t);
    }
}
static void aigwi_model_w_state(aigw_out *o, const aigw_opaque *s) {
    if (!s) return;
    aigw_json_key(o, "state");
    aigw_json_open(o, '{');
    aigwi_model_w_str(o, "kind", aigwi_model_opaques[s->kind]);
    aigwi_model_w_str(o, "owner", s->owner);
    aigwi_model_w_str(o, "model", s->model);
    aigwi_model_w_text(o, s->data);
    aigw_json_close(o, '}');
}
static void aigwi_model_w_notes(aigw_out *o, const aigw_note *n) {
    if (!n) return;
    aigw_json_key(o, "notes");
    aigw_json_open(o, '[');
    for (; n; n = n->next) {
        aigw_json_open(o, '{');
        aigwi_model_w_str(o, "kind", aigwi_model_notes[n->kind]);
        aigwi_model_w_str(o, "dialect", n->dialect);
        aigwi_model_w_raw(o, "json", n->json);
        aigw_json_close(o, '}');
    }
    aigw_json_close(o, ']');
}

/* All of a part but its own parts and the closing brace. */
static void aigwi_model_w_part(aigw_out *o, const aigw_part *p) {
    aigw_json_open(o, '{');
    aigwi_model_w_str(o, "kind", aigwi_model_parts[p->kind]);
    if (p->kind >= AIGW_PART_IMAGE && p->kind <= AIGW_PART_FILE) aigwi_model_w_str(o, "source", aigwi_model_sources[p->source]);
    aigwi_model_w_str(o, "id", p->id);
    aigwi_model_w_str(o, "name", p->name);
    aigwi_model_w_str(o, "mime", p->mime);
    aigwi_model_w_str(o, "detail", p->detail);
    aigwi_model_w_true(o, "is_error", p->is_error);
    aigwi_model_w_true(o, "custom", p->custom);
    aigwi_model_w_true(o, "no_id", p->no_id);
    aigwi_model_w_int(o, "cache_ttl_s", p->cache_ttl_s);
    aigwi_model_w_text(o, p->text);
    aigwi_model_w_state(o, p->state);
    aigwi_model_w_notes(o, p->notes);
}
static void aigwi_model_w_parts(aigw_out *o, const aigw_part *p) {
    const aigw_part *q;
    aigw_json_key(o, "parts");
    aigw_json_open(o, '[');
    for (; p; p = p->next) {
        aigwi_model_w_part(o, p);
        if (p->parts) {
            aigw_json_key(o, "parts");
            aigw_json_open(o, '[');
            for (q = p->parts; q; q = q->next) {
                aigwi_model_w_part(o, q);
                aigw_json_close(o, '}');
            }
            aigw_json_close(o, ']');
        }
        aigw_json_close(o, '}');
    }
    aigw_json_close(o, ']');
}

static void aigwi_model_w_strict(aigw_out *o, int strict) {
    if (strict < 0) return;
    aigw_json_key(o, "strict");
    aigw_json_put_bool(o, strict);
}
static void aigwi_model_w_tools(aigw_out *o, const aigw_tool *t) {
    if (!t) return;
    aigw_json_key(o, "tools");
    aigw_json_open(o, '[');
    for (; t; t = t->next) {
        aigw_json_open(o, '{');
        aigwi_model_w_str(o, "kind", aigwi_model_tools[t->kind]);
        aigwi_model_w_str(o, "name", t->name);
        if (t->description.n) {
            aigw_json_key(o, "description");
            aigw_json_put_text(o, t->description);
        }
        aigwi_model_w_strict(o, t->strict);
        aigwi_model_w_true(o, "openapi", t->openapi);
        aigwi_model_w_int(o, "cache_ttl_s", t->cache_ttl_s);
        aigwi_model_w_raw(o, "schema", t->schema);
        aigw_json_close(o, '}');
    }
    aigw_json_close(o, ']');
}
static void aigwi_model_w_items(aigw_out *o, const char *key, const aigw_item *i) {
    if (!i) return;
    aigw_json_key(o, key);
    aigw_json_open(o, '[');
    for (; i; i = i->next) aigw_json_put_text(o, i->text);
    aigw_json_close(o, ']');
}
static void aigwi_model_w_params(aigw_out *o, const aigw_req *req) {
    int id, any = 0;
    for (id = 0; id < AIGW_P_COUNT; id++) any |= req->param[id].has;
    if (!any) return;
    aigw_json_key(o, "param");
    aigw_json_open(o, '{');
    for (id = 0; id < AIGW_P_COUNT; id++) {
        const aigw_param *p = &req->param[id];
        if (!p->has) continue;
        aigw_json_key_str(o, aigwi_model_params[id]);
        if (aigwi_model_param_kinds[id] == AIGW_PARAM_NUM) aigw_json_put_raw(o, p->raw);
        else if (aigwi_model_param_kinds[id] == AIGW_PARAM_BOOL) aigw_json_put_bool(o, p->micro != 0);
        else aigw_json_put_str(o, p->raw);
    }
    aigw_json_close(o, '}');
}
static void aigwi_model_w_format(aigw_out *o, const aigw_format *f) {
    if (f->kind == AIGW_FORMAT_TEXT) return;
    aigw_json_key(o, "format");
    aigw_json_open(o, '{');
    aigwi_model_w_str(o, "kind", aigwi_model_formats[f->kind]);
    aigwi_model_w_str(o, "name", f->name);
    if (f->description.n) {
        aigw_json_key(o, "description");
        aigw_json_put_text(o, f->description);
    }
    if (f->kind == AIGW_FORMAT_SCHEMA) aigwi_model_w_strict(o, f->strict);
    aigwi_model_w_true(o, "openapi", f->openapi);
    aigwi_model_w_raw(o, "schema", f->schema);
    aigw_json_close(o, '}');
}

AIGW_API int aigw_model_req_encode(const aigw_req *req, aigw_out *out) {
    const aigw_message *m;
    const aigw_raw *raw;
    aigw_json_open(out, '{');
    aigwi_model_w_str(out, "op", aigwi_model_ops[req->op]);
    aigwi_model_w_str(out, "dialect", req->dialect);
    aigwi_model_w_str(out, "model", req->model);
    aigwi_model_w_true(out, "array", req->array);
    aigw_json_key(out, "messages");
    aigw_json_open(out, '[');
    for (m = req->messages; m; m = m->next) {
        aigw_json_open(out, '{');
        aigwi_model_w_str(out, "role", aigwi_model_roles[m->role]);
        aigwi_model_w_str(out, "name", m->name);
        aigwi_model_w_parts(out, m->parts);
        aigw_json_close(out, '}');
    }
    aigw_json_close(out, ']');
    aigwi_model_w_tools(out, req->tools);
    if (req->choice) aigwi_model_w_str(out, "choice", aigwi_model_choices[req->choice]);
    aigwi_model_w_items(out, "choice_names", req->choice_names);
    aigwi_model_w_params(out, req);
    aigwi_model_w_items(out, "stop", req->stop);
    aigwi_model_w_format(out, &req->format);
    aigwi_model_w_raw(out, "metadata", req->metadata);
    aigwi_model_w_int(out, "cache_ttl_s", req->cache_ttl_s);
    if (req->raw) {
        aigw_json_key(out, "raw");
        aigw_json_open(out, '[');
        for (raw = req->raw; raw; raw = raw->next) {
            aigw_json_open(out, '{');
            aigwi_model_w_str(out, "name", raw->name);
            aigwi_model_w_raw(out, "json", raw->json);
            aigw_json_close(out, '}');
        }
        aigw_json_close(out, ']');
    }
    aigw_json_close(out, '}');
    return out->buf.n > out->buf.cap ? AIGW_E_NOMEM : AIGW_OK;
}

static void aigwi_model_w_usage(aigw_out *o, const aigw_usage *u) {
    static const char *const names[] = { "input", "cached", "cache_write", "output", "reasoning", "input_audio", "output_audio" };
    const int64_t v[] = { u->input, u->cached, u->cache_write, u->output, u->reasoning, u->input_audio, u->output_audio };
    int i;
    if (!u->has) return;
    aigw_json_key(o, "usage");
    aigw_json_open(o, '{');
    for (i = 0; i < 7; i++)
        if (u->has >> i & 1) {
            aigw_json_key(o, names[i]);
            aigw_json_put_int(o, v[i]);
        }
    aigw_json_close(o, '}');
}

AIGW_API int aigw_model_error_encode(const aigw_error *err, aigw_out *out) {
    aigw_json_open(out, '{');
    aigwi_model_w_str(out, "kind", aigw_base_str(aigw_model_kind_name(err->kind)));
    aigwi_model_w_str(out, "retry", aigwi_model_retries[err->retry]);
    aigwi_model_w_int(out, "status", err->status);
    if (err->retry_after_ms >= 0) {
        aigw_json_key(out, "retry_after_ms");
        aigw_json_put_int(out, err->retry_after_ms);
    }
    aigwi_model_w_str(out, "message", err->message);
    aigwi_model_w_str(out, "type", err->type);
    aigwi_model_w_str(out, "code", err->code);
    aigwi_model_w_str(out, "param", err->param);
    aigwi_model_w_str(out, "request_id", err->request_id);
    aigwi_model_w_str(out, "provider", err->provider);
    aigwi_model_w_str(out, "advice", err->advice);
    aigw_json_close(out, '}');
    return out->buf.n > out->buf.cap ? AIGW_E_NOMEM : AIGW_OK;
}

static void aigwi_model_w_finish(aigw_out *o, const uint8_t *finish, int n) {
    int i;
    aigw_json_key(o, "finish");
    aigw_json_open(o, '[');
    for (i = 0; i < n; i++) aigw_json_put_str(o, aigw_base_str(aigw_model_finish_name(finish[i])));
    aigw_json_close(o, ']');
}

AIGW_API int aigw_model_event_encode(const aigw_event *ev, aigw_out *out) {
    int in_block = ev->type >= AIGW_EVENT_BLOCK_START && ev->type <= AIGW_EVENT_BLOCK_STOP;
    aigw_json_open(out, '{');
    aigwi_model_w_str(out, "type", aigwi_model_events[ev->type]);
    if (in_block) aigwi_model_w_int(out, "choice", ev->choice);
    if (in_block && ev->block != AIGW_NO_BLOCK) {
        aigw_json_key(out, "block");
        aigw_json_put_int(out, ev->block);
    }
    if (in_block) aigwi_model_w_str(out, "kind", ev->type == AIGW_EVENT_NOTE ? aigwi_model_notes[ev->kind] : aigwi_model_parts[ev->kind]);
    aigwi_model_w_true(out, "custom", ev->custom);
    aigwi_model_w_true(out, "no_id", ev->no_id);
    aigwi_model_w_str(out, "id", ev->id);
    aigwi_model_w_str(out, "model", ev->model);
    aigwi_model_w_int(out, "created_s", ev->created_s);
    aigwi_model_w_str(out, "name", ev->name);
    aigwi_model_w_text(out, ev->text);
    aigwi_model_w_state(out, ev->state);
    if (ev->type == AIGW_EVENT_USAGE) aigwi_model_w_usage(out, &ev->usage);
    if (ev->type == AIGW_EVENT_STOP) aigwi_model_w_finish(out, ev->finish, ev->choices);
    aigwi_model_w_true(out, "reason_made", ev->reason_made);
    if (ev->error) {
        aigw_json_key(out, "error");
        (void)aigw_model_error_encode(ev->error, out);
    }
    aigw_json_close(out, '}');
    return out->buf.n > out->buf.cap ? AIGW_E_NOMEM : AIGW_OK;
}

AIGW_API int aigw_model_resp_encode(const aigw_resp *resp, aigw_out *out) {
    int i;
    aigw_json_open(out, '{');
    aigwi_model_w_str(out, "id", resp->id);
    aigwi_model_w_str(out, "model", resp->model);
    aigwi_model_w_int(out, "created_s", resp->created_s);
    aigw_json_key(out, "choices");
    aigw_json_open(out, '[');
    for (i = 0; i < resp->choices; i++) {
        aigw_json_open(out, '{');
        aigwi_model_w_str(out, "finish", aigw_base_str(aigw_model_finish_name(resp->choice[i].finish)));
        aigwi_model_w_parts(out, resp->choice[i].parts);
        aigwi_model_w_notes(out, resp->choice[i].notes);
        aigw_json_close(out, '}');
    }
    aigw_json_close(out, ']');
    aigwi_model_w_str(out, "stop_sequence", resp->stop_sequence);
    aigwi_model_w_true(out, "reason_made", resp->reason_made);
    aigwi_model_w_usage(out, &resp->usage);
    if (resp->error) {
        aigw_json_key(out, "error");
        (void)aigw_model_error_encode(resp->error, out);
    }
    aigwi_model_w_true(out, "ended", resp->ended);
    aigw_json_close(out, '}');
    return out->buf.n > out->buf.cap ? AIGW_E_NOMEM : AIGW_OK;
}

/* ---- reading it back */

static int aigwi_model_nomem(aigw_json *j) {
    return aigw_json_fail(j, AIGW_E_NOMEM, aigw_json_at(j), "the memory for reading is too small");
}
static int aigwi_model_unknown(aigw_json *j) {
    return aigw_json_fail(j, AIGW_E_VALUE, j->key_at, "the model has no such member");
}

/* A word of `words` (ended by an empty one) as its index. */
static int aigwi_model_r_word(aigw_json *j, aigw_arena *mem, const aigw_str *words, uint8_t *v) {
    size_t at = aigw_json_at(j);
    aigw_str s;
    uint8_t i;
    if (!aigw_json_str(j, mem, &s)) return 0;
    for (i = 0; words[i].n && !aigw_base_eq(words[i], s); i++) {}
    *v = i;
    return words[i].n ? 1 : aigw_json_fail(j, AIGW_E_VALUE, at, "not one of the words that stand here");
}
static int aigwi_model_r_bool(aigw_json *j, uint8_t *v) {
    int on = 0;
    if (!aigw_json_bool(j, &on)) return 0;
    *v = (uint8_t)on;
    return 1;
}
static int aigwi_model_r_ttl(aigw_json *j, uint32_t *v) {
    size_t at = aigw_json_at(j);
    int64_t n;
    if (!aigw_json_int(j, &n)) return 0;
    if (n < 0 || n > 0x7fffffff) return aigw_json_fail(j, AIGW_E_VALUE, at, "out of range");
    *v = (uint32_t)n;
    return 1;
}
static int aigwi_model_r_raw(aigw_json *j, aigw_text *t) {
    aigw_str s;
    if (!aigw_json_raw(j, &s)) return 0;
    t->p = s.p;
    t->n = s.n;
    t->form = AIGW_TEXT_JSON;
    return 1;
}

static int aigwi_model_r_state(aigw_json *j, aigw_arena *mem, aigw_opaque **to) {
    static const aigw_str names[] = { AIGW_STR("kind"), AIGW_STR("owner"), AIGW_STR("model"), AIGW_STR("text") };
    aigw_opaque *o = (aigw_opaque *)aigw_base_take(mem, 1, sizeof *o, sizeof(void *));
    uint64_t seen = 0;
    aigw_str s;
    int f;
    if (!o) return aigwi_model_nomem(j);
    *to = o;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 4, &seen)) >= 0; ) switch (f) {
    case 0: aigwi_model_r_word(j, mem, aigwi_model_opaques, &o->kind); break;
    case 1: aigw_json_str(j, mem, &o->owner); break;
    case 2: aigw_json_str(j, mem, &o->model); break;
    case 3:
        if (!aigw_json_str(j, mem, &s)) break;
        o->data.p = s.p;
        o->data.n = s.n;
        break;
    default: aigwi_model_unknown(j);
    }
    return !j->err;
}

static int aigwi_model_r_notes(aigw_json *j, aigw_arena *mem, aigw_note **to) {
    static const aigw_str names[] = { AIGW_STR("kind"), AIGW_STR("dialect"), AIGW_STR("json") };
    aigw_note *n;
    uint64_t seen;
    int f;
    for (aigw_json_array(j); aigw_json_item(j); to = &n->next) {
        n = (aigw_note *)aigw_base_take(mem, 1, sizeof *n, sizeof(void *));
        if (!n) return aigwi_model_nomem(j);
        *to = n;
        n->at = aigw_json_at(j);
        seen = 0;
        for (aigw_json_object(j); (f = aigw_json_field(j, names, 3, &seen)) >= 0; ) switch (f) {
        case 0: aigwi_model_r_word(j, mem, aigwi_model_notes, &n->kind); break;
        case 1: aigw_json_str(j, mem, &n->dialect); break;
        case 2: aigw_json_raw(j, &n->json); break;
        default: aigwi_model_unknown(j);
        }
    }
    return !j->err;
}

static const aigw_str aigwi_model_part_names[] = { AIGW_STR("kind"), AIGW_STR("source"), AIGW_STR("id"), AIGW_STR("name"), AIGW_STR("mime"),
    AIGW_STR("detail"), AIGW_STR("is_error"), AIGW_STR("custom"), AIGW_STR("no_id"), AIGW_STR("cache_ttl_s"), AIGW_STR("text"), AIGW_STR("json"),
    AIGW_STR("state"), AIGW_STR("notes"), AIGW_STR("parts") };
enum { AIGWI_MODEL_PARTS = 14 };

static void aigwi_model_r_part_field(aigw_json *j, aigw_arena *mem, aigw_part *p, int f) {
    switch (f) {
    case 0: aigwi_model_r_word(j, mem, aigwi_model_parts, &p->kind); break;
    case 1: aigwi_model_r_word(j, mem, aigwi_model_sources, &p->source); break;
    case 2: aigw_json_str(j, mem, &p->id); break;
    case 3: aigw_json_str(j, mem, &p->name); break;
    case 4: aigw_json_str(j, mem, &p->mime); break;
    case 5: aigw_json_str(j, mem, &p->detail); break;
    case 6: aigwi_model_r_bool(j, &p->is_error); break;
    case 7: aigwi_model_r_bool(j, &p->custom); break;
    case 8: aigwi_model_r_bool(j, &p->no_id); break;
    case 9: aigwi_model_r_ttl(j, &p->cache_ttl_s); break;
    case 10: aigw_json_text(j, &p->text); break;
    case 11: aigwi_model_r_raw(j, &p->text); break;
    case 12: aigwi_model_r_state(j, mem, &p->state); break;
    case 13: aigwi_model_r_notes(j, mem, &p->notes); break;
    default: aigwi_model_unknown(j);
    }
}

/* One part without parts of its own (`nested` 0), or with. */
static aigw_part *aigwi_model_r_leaf(aigw_json *j, aigw_arena *mem) {
    aigw_part *p = (aigw_part *)aigw_base_take(mem, 1, sizeof *p, sizeof(void *));
    uint64_t seen = 0;
    int f;
    if (!p) {
        aigwi_model_nomem(j);
        return NULL;
    }
    p->at = aigw_json_at(j);
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_model_part_names, AIGWI_MODEL_PARTS, &seen)) >= 0; )
        aigwi_model_r_part_field(j, mem, p, f);
    return p;
}
static int aigwi_model_r_parts(aigw_json *j, aigw_arena *mem, aigw_part **to) {
    aigw_part *p, **inner;
    uint64_t seen;
    int f;
    for (aigw_json_array(j); aigw_json_item(j); to = &p->next) {
        p = (aigw_part *)aigw_base_take(mem, 1, sizeof *p, sizeof(void *));
        if (!p) return aigwi_model_nomem(j);
        *to = p;
        p->at = aigw_json_at(j);
        seen = 0;
        for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_model_part_names, AIGWI_MODEL_PARTS + 1, &seen)) >= 0; ) {
            if (f != AIGWI_MODEL_PARTS) {
                aigwi_model_r_part_field(j, mem, p, f);
                continue;
            }
            inner = &p->parts;
            for (aigw_json_array(j); aigw_json_item(j); inner = &(*inner)->next)
                if (!(*inner = aigwi_model_r_leaf(j, mem))) return 0;
        }
    }
    return !j->err;
}

static int aigwi_model_r_messages(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("role"), AIGW_STR("name"), AIGW_STR("parts") };
    aigw_message *m, **to = &req->messages;
    uint64_t seen;
    int f;
    for (aigw_json_array(j); aigw_json_item(j); to = &m->next) {
        m = (aigw_message *)aigw_base_take(mem, 1, sizeof *m, sizeof(void *));
        if (!m) return aigwi_model_nomem(j);
        *to = req->last_message = m;
        m->at = aigw_json_at(j);
        seen = 0;
        for (aigw_json_object(j); (f = aigw_json_field(j, names, 3, &seen)) >= 0; ) switch (f) {
        case 0: aigwi_model_r_word(j, mem, aigwi_model_roles, &m->role); break;
        case 1: aigw_json_str(j, mem, &m->name); break;
        case 2: aigwi_model_r_parts(j, mem, &m->parts); break;
        default: aigwi_model_unknown(j);
        }
    }
    return !j->err;
}

static void aigwi_model_r_strict(aigw_json *j, int8_t *strict) {
    int on = 0;
    if (aigw_json_bool(j, &on)) *strict = (int8_t)on;
}

static int aigwi_model_r_tools(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("kind"), AIGW_STR("name"), AIGW_STR("description"), AIGW_STR("strict"), AIGW_STR("openapi"),
        AIGW_STR("cache_ttl_s"), AIGW_STR("schema") };
    aigw_tool *t, **to = &req->tools;
    uint64_t seen;
    int f;
    for (aigw_json_array(j); aigw_json_item(j); to = &t->next) {
        t = (aigw_tool *)aigw_base_take(mem, 1, sizeof *t, sizeof(void *));
        if (!t) return aigwi_model_nomem(j);
        *to = req->last_tool = t;
        t->at = aigw_json_at(j);
        t->strict = -1;
        seen = 0;
        for (aigw_json_object(j); (f = aigw_json_field(j, names, 7, &seen)) >= 0; ) switch (f) {
        case 0: aigwi_model_r_word(j, mem, aigwi_model_tools, &t->kind); break;
        case 1: aigw_json_str(j, mem, &t->name); break;
        case 2: aigw_json_text(j, &t->description); break;
        case 3: aigwi_model_r_strict(j, &t->strict); break;
        case 4: aigwi_model_r_bool(j, &t->openapi); break;
        case 5: aigwi_model_r_ttl(j, &t->cache_ttl_s); break;
        case 6: aigw_json_raw(j, &t->schema); break;
        default: aigwi_model_unknown(j);
        }
    }
    return !j->err;
}

static int aigwi_model_r_items(aigw_json *j, aigw_arena *mem, aigw_item **to) {
    aigw_item *i;
    for (aigw_json_array(j); aigw_json_item(j); to = &i->next) {
        i = (aigw_item *)aigw_base_take(mem, 1, sizeof *i, sizeof(void *));
        if (!i) return aigwi_model_nomem(j);
        *to = i;
        i->at = aigw_json_at(j);
        if (!aigw_json_text(j, &i->text)) return 0;
    }
    return !j->err;
}

static void aigwi_model_r_param(aigw_json *j, aigw_arena *mem, aigw_param *p, int kind) {
    int on = 0;
    p->at = aigw_json_at(j);
    p->has = 1;
    if (kind == AIGW_PARAM_BOOL) {
        if (aigw_json_bool(j, &on)) p->micro = on;
    } else if (kind == AIGW_PARAM_WORD) aigw_json_str(j, mem, &p->raw);
    else if (aigw_json_number(j, &p->raw)) (void)aigw_base_micro(p->raw, &p->micro);
}

static void aigwi_model_r_format(aigw_json *j, aigw_arena *mem, aigw_format *t) {
    static const aigw_str names[] = { AIGW_STR("kind"), AIGW_STR("name"), AIGW_STR("description"), AIGW_STR("strict"), AIGW_STR("openapi"), AIGW_STR("schema") };
    uint64_t seen = 0;
    int f;
    t->at = aigw_json_at(j);
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 6, &seen)) >= 0; ) switch (f) {
    case 0: aigwi_model_r_word(j, mem, aigwi_model_formats, &t->kind); break;
    case 1: t->name_at = aigw_json_at(j); aigw_json_str(j, mem, &t->name); break;
    case 2: t->description_at = aigw_json_at(j); aigw_json_text(j, &t->description); break;
    case 3: t->strict_at = aigw_json_at(j); aigwi_model_r_strict(j, &t->strict); break;
    case 4: aigwi_model_r_bool(j, &t->openapi); break;
    case 5: aigw_json_raw(j, &t->schema); break;
    default: aigwi_model_unknown(j);
    }
}

static int aigwi_model_r_raws(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("name"), AIGW_STR("json") };
    aigw_raw *r, **to = &req->raw;
    uint64_t seen;
    int f;
    for (aigw_json_array(j); aigw_json_item(j); to = &r->next) {
        r = (aigw_raw *)aigw_base_take(mem, 1, sizeof *r, sizeof(void *));
        if (!r) return aigwi_model_nomem(j);
        *to = req->last_raw = r;
        r->at = aigw_json_at(j);
        seen = 0;
        for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, &seen)) >= 0; ) switch (f) {
        case 0: aigw_json_str(j, mem, &r->name); break;
        case 1: aigw_json_raw(j, &r->json); break;
        default: aigwi_model_unknown(j);
        }
    }
    return !j->err;
}

AIGW_API int aigw_model_req_decode(aigw_str text, aigw_arena *mem, aigw_req *req, aigw_fault *fault) {
    static const aigw_str names[] = { AIGW_STR("op"), AIGW_STR("dialect"), AIGW_STR("model"), AIGW_STR("array"), AIGW_STR("messages"), AIGW_STR("tools"),
        AIGW_STR("choice"), AIGW_STR("choice_names"), AIGW_STR("param"), AIGW_STR("stop"), AIGW_STR("format"), AIGW_STR("metadata"),
        AIGW_STR("cache_ttl_s"), AIGW_STR("raw") };
    aigw_json j;
    uint64_t seen = 0, params = 0;
    int f, id;
    memset(req, 0, sizeof *req);
    req->op = AIGW_OP_CHAT;
    req->body = text;
    req->format.strict = -1;
    aigw_json_init(&j, text);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 14, &seen)) >= 0; ) switch (f) {
    case 0: aigwi_model_r_word(&j, mem, aigwi_model_ops, &req->op); break;
    case 1: aigw_json_str(&j, mem, &req->dialect); break;
    case 2: req->model_at = aigw_json_at(&j); aigw_json_str(&j, mem, &req->model); break;
    case 3: aigwi_model_r_bool(&j, &req->array); break;
    case 4: aigwi_model_r_messages(&j, mem, req); break;
    case 5: aigwi_model_r_tools(&j, mem, req); break;
    case 6: req->choice_at = aigw_json_at(&j); aigwi_model_r_word(&j, mem, aigwi_model_choices, &req->choice); break;
    case 7: aigwi_model_r_items(&j, mem, &req->choice_names); break;
    case 8:
        for (aigw_json_object(&j); (id = aigw_json_field(&j, aigwi_model_params, AIGW_P_COUNT, &params)) >= 0; )
            if (id == AIGW_P_COUNT) aigwi_model_unknown(&j);
            else aigwi_model_r_param(&j, mem, &req->param[id], aigwi_model_param_kinds[id]);
        break;
    case 9: req->stop_at = aigw_json_at(&j); aigwi_model_r_items(&j, mem, &req->stop); break;
    case 10: aigwi_model_r_format(&j, mem, &req->format); break;
    case 11: req->metadata_at = aigw_json_at(&j); aigw_json_raw(&j, &req->metadata); break;
    case 12: req->cache_at = aigw_json_at(&j); aigwi_model_r_ttl(&j, &req->cache_ttl_s); break;
    case 13: aigwi_model_r_raws(&j, mem, req); break;
    default: aigwi_model_unknown(&j);
    }
    (void)aigw_json_end(&j);
    return aigw_json_fault(&j, fault);
}

static void aigwi_model_r_usage(aigw_json *j, aigw_usage *u) {
    static const aigw_str names[] = { AIGW_STR("input"), AIGW_STR("cached"), AIGW_STR("cache_write"), AIGW_STR("output"), AIGW_STR("reasoning"),
        AIGW_STR("input_audio"), AIGW_STR("output_audio") };
    int64_t *const to[] = { &u->input, &u->cached, &u->cache_write, &u->output, &u->reasoning, &u->input_audio, &u->output_audio };
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 7, &seen)) >= 0; )
        if (f == 7) aigwi_model_unknown(j);
        else if (aigw_json_int(j, to[f])) u->has |= (uint32_t)1 << f;
}

static int aigwi_model_r_finish(aigw_json *j, aigw_arena *mem, uint8_t *finish) {
    size_t at = aigw_json_at(j);
    aigw_str s;
    if (!aigw_json_str(j, mem, &s)) return 0;
    for (*finish = 0; *finish <= AIGW_FINISH_OTHER; (*finish)++)
        if (aigw_base_eq(s, aigw_base_str(aigw_model_finish_name(*finish)))) return 1;
    return aigw_json_fail(j, AIGW_E_VALUE, at, "no such finish reason");
}

static int aigwi_model_r_kind(aigw_json *j, aigw_arena *mem, uint8_t *kind) {
    size_t at = aigw_json_at(j);
    aigw_str s;
    if (!aigw_json_str(j, mem, &s)) return 0;
    for (*kind = 0; *kind < AIGW_KIND_COUNT; (*kind)++)
        if (aigw_base_eq(s, aigw_base_str(aigw_model_kind_name(*kind)))) return 1;
    return aigw_json_fail(j, AIGW_E_VALUE, at, "no such error kind");
}

static int aigwi_model_r_error(aigw_json *j, aigw_arena *mem, aigw_error *e) {
    static const aigw_str names[] = { AIGW_STR("kind"), AIGW_STR("retry"), AIGW_STR("status"), AIGW_STR("retry_after_ms"), AIGW_STR("message"), AIGW_STR("type"),
        AIGW_STR("code"), AIGW_STR("param"), AIGW_STR("request_id"), AIGW_STR("provider"), AIGW_STR("advice") };
    aigw_str *const strs[] = { &e->message, &e->type, &e->code, &e->param, &e->request_id, &e->provider, &e->advice };
    uint64_t seen = 0;
    int64_t v;
    int f;
    memset(e, 0, sizeof *e);
    e->retry_after_ms = -1;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 11, &seen)) >= 0; ) switch (f) {
    case 0: aigwi_model_r_kind(j, mem, &e->kind); break;
    case 1: aigwi_model_r_word(j, mem, aigwi_model_retries, &e->retry); break;
    case 2: if (aigw_json_int(j, &v)) e->status = (int)v; break;
    case 3: aigw_json_int(j, &e->retry_after_ms); break;
    case 11: aigwi_model_unknown(j); break;
    default: aigw_json_str(j, mem, strs[f - 4]);
    }
    return !j->err;
}

AIGW_API int aigw_model_error_decode(aigw_str text, aigw_arena *mem, aigw_error *err, aigw_fault *fault) {
    aigw_json j;
    aigw_json_init(&j, text);
    aigwi_model_r_error(&j, mem, err);
    (void)aigw_json_end(&j);
    return aigw_json_fault(&j, fault);
}

/* The second pass of an event line: its members, once its type says what `kind` means. */
static void aigwi_model_r_event_field(aigw_json *j, aigw_arena *mem, aigw_event *ev, int f) {
    aigw_error *err;
    aigw_opaque *state;
    int64_t v = 0;
    switch (f) {
    case 0: aigwi_model_r_word(j, mem, aigwi_model_events, &ev->type); break;
    case 1: if (aigw_json_int(j, &v)) ev->choice = (uint16_t)v; break;
    case 2: if (aigw_json_int(j, &v)) ev->block = (uint32_t)v; break;
    case 3: aigwi_model_r_word(j, mem, ev->type == AIGW_EVENT_NOTE ? aigwi_model_notes : aigwi_model_parts, &ev->kind); break;
    case 4: aigwi_model_r_bool(j, &ev->custom); break;
    case 5: aigwi_model_r_bool(j, &ev->no_id); break;
    case 6: aigw_json_str(j, mem, &ev->id); break;
    case 7: aigw_json_str(j, mem, &ev->model); break;
    case 8: aigw_json_int(j, &ev->created_s); break;
    case 9: aigw_json_str(j, mem, &ev->name); break;
    case 10: aigw_json_text(j, &ev->text); break;
    case 11: aigwi_model_r_raw(j, &ev->text); break;
    case 12: if (aigwi_model_r_state(j, mem, &state)) ev->state = state; break;
    case 13: aigwi_model_r_usage(j, &ev->usage); break;
    case 14:
        for (aigw_json_array(j); aigw_json_item(j); ev->choices++)
            if (ev->choices == AIGW_CHOICES) aigw_json_fail(j, AIGW_E_LIMIT, aigw_json_at(j), "too many answers");
            else aigwi_model_r_finish(j, mem, &ev->finish[ev->choices]);
        break;
    case 15: aigwi_model_r_bool(j, &ev->reason_made); break;
    case 16:
        err = (aigw_error *)aigw_base_take(mem, 1, sizeof *err, sizeof(void *));
        if (!err) aigwi_model_nomem(j);
        else if (aigwi_model_r_error(j, mem, err)) ev->error = err;
        break;
    default: aigwi_model_unknown(j);
    }
}

AIGW_API int aigw_model_event_decode(aigw_str line, aigw_arena *mem, aigw_event *ev, aigw_fault *fault) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("choice"), AIGW_STR("block"), AIGW_STR("kind"), AIGW_STR("custom"), AIGW_STR("no_id"), AIGW_STR("id"),
        AIGW_STR("model"), AIGW_STR("created_s"), AIGW_STR("name"), AIGW_STR("text"), AIGW_STR("json"), AIGW_STR("state"), AIGW_STR("usage"), AIGW_STR("finish"),
        AIGW_STR("reason_made"), AIGW_STR("error") };
    aigw_json j;
    uint64_t seen = 0;
    int f;
    memset(ev, 0, sizeof *ev);
    ev->block = AIGW_NO_BLOCK;
    ev->at = AIGW_NOWHERE;
    aigw_json_init(&j, line);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 17, NULL)) >= 0; )       /* first pass: the type, wherever it stands */
        if (!f) aigwi_model_r_word(&j, mem, aigwi_model_events, &ev->type);
        else aigw_json_skip(&j);
    if (!j.err) {
        aigw_json_init(&j, line);
        for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 17, &seen)) >= 0; ) aigwi_model_r_event_field(&j, mem, ev, f);
        if (!j.err && !(seen & 1)) aigw_json_fail(&j, AIGW_E_MISSING, 0, "an event needs a type");
    }
    (void)aigw_json_end(&j);
    return aigw_json_fault(&j, fault);
}

static int aigwi_model_r_answers(aigw_json *j, aigw_arena *mem, aigw_resp *r) {
    static const aigw_str names[] = { AIGW_STR("finish"), AIGW_STR("parts"), AIGW_STR("notes") };
    aigw_answer *a;
    uint64_t seen;
    int f;
    for (aigw_json_array(j); aigw_json_item(j); r->choices++) {
        if (r->choices == AIGW_CHOICES) return aigw_json_fail(j, AIGW_E_LIMIT, aigw_json_at(j), "too many answers");
        a = &r->choice[r->choices];
        a->present = 1;
        seen = 0;
        for (aigw_json_object(j); (f = aigw_json_field(j, names, 3, &seen)) >= 0; ) switch (f) {
        case 0: aigwi_model_r_finish(j, mem, &a->finish); break;
        case 1: aigwi_model_r_parts(j, mem, &a->parts); break;
        case 2: aigwi_model_r_notes(j, mem, &a->notes); break;
        default: aigwi_model_unknown(j);
        }
    }
    return !j->err;
}

AIGW_API int aigw_model_resp_decode(aigw_str text, aigw_arena *mem, aigw_resp *resp, aigw_fault *fault) {
    static const aigw_str names[] = { AIGW_STR("id"), AIGW_STR("model"), AIGW_STR("created_s"), AIGW_STR("choices"), AIGW_STR("stop_sequence"),
        AIGW_STR("reason_made"), AIGW_STR("usage"), AIGW_STR("error"), AIGW_STR("ended") };
    aigw_error *err;
    aigw_json j;
    uint64_t seen = 0;
    int f;
    memset(resp, 0, sizeof *resp);
    resp->body = text;
    aigw_json_init(&j, text);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 9, &seen)) >= 0; ) switch (f) {
    case 0: aigw_json_str(&j, mem, &resp->id); break;
    case 1: aigw_json_str(&j, mem, &resp->model); break;
    case 2: aigw_json_int(&j, &resp->created_s); break;
    case 3: aigwi_model_r_answers(&j, mem, resp); break;
    case 4: aigw_json_str(&j, mem, &resp->stop_sequence); break;
    case 5: aigwi_model_r_bool(&j, &resp->reason_made); break;
    case 6: aigwi_model_r_usage(&j, &resp->usage); break;
    case 7:
        err = (aigw_error *)aigw_base_take(mem, 1, sizeof *err, sizeof(void *));
        if (!err) aigwi_model_nomem(&j);
        else if (aigwi_model_r_error(&j, mem, err)) resp->error = err;
        break;
    case 8: aigw_json_bool(&j, &resp->ended); break;
    default: aigwi_model_unknown(&j);
    }
    (void)aigw_json_end(&j);
    return aigw_json_fault(&j, fault);
}

/* ==== >>dialect ==================================================================================================== */
/* What dialects share: building requests, parameters by rows, tool arguments and ids, opaque state, the bookkeeping
   of an answer's blocks, classification of errors and retry hints, edits in place. Knows no dialect by name; their
   words come in as rows. Truth: design sections 3 and 4, wire-formats sections 1.5 and 26. */

AIGWI_SHARED aigw_str aigwi_dialect_slice(const char *p, size_t n) {
    aigw_str s;
    s.p = p;
    s.n = n;
    return s;
}
AIGWI_SHARED aigw_text aigwi_dialect_text(aigw_str s, int form) {
    aigw_text t;
    t.p = s.p;
    t.n = s.n;
    t.form = (uint8_t)form;
    return t;
}

/* ---- building a request; every list keeps its order */

/* Append a message. NULL without memory. */
AIGWI_SHARED aigw_message *aigwi_dialect_add_message(aigw_arena *mem, aigw_req *req, int role, size_t at) {
    aigw_message *m = (aigw_message *)aigw_base_take(mem, 1, sizeof *m, sizeof(void *));
    if (!m) return NULL;
    m->role = (uint8_t)role;
    m->at = at;
    if (req->last_message) req->last_message->next = m;
    else req->messages = m;
    req->last_message = m;
    return m;
}

/* Append a part to the list that begins at *head. In a loop, pass the slot behind the last part (&part->next): it is
   found at once. */
AIGWI_SHARED aigw_part *aigwi_dialect_add_part(aigw_arena *mem, aigw_part **head, int kind, size_t at) {
    aigw_part *p = (aigw_part *)aigw_base_take(mem, 1, sizeof *p, sizeof(void *));
    if (!p) return NULL;
    while (*head) head = &(*head)->next;
    *head = p;
    p->kind = (uint8_t)kind;
    p->at = at;
    return p;
}

AIGWI_SHARED aigw_tool *aigwi_dialect_add_tool(aigw_arena *mem, aigw_req *req, size_t at) {
    aigw_tool *t = (aigw_tool *)aigw_base_take(mem, 1, sizeof *t, sizeof(void *));
    if (!t) return NULL;
    t->strict = -1;
    t->at = at;
    if (req->last_tool) req->last_tool->next = t;
    else req->tools = t;
    req->last_tool = t;
    return t;
}

AIGWI_SHARED aigw_item *aigwi_dialect_add_item(aigw_arena *mem, aigw_item **head, aigw_text text, size_t at) {
    aigw_item *i = (aigw_item *)aigw_base_take(mem, 1, sizeof *i, sizeof(void *));
    if (!i) return NULL;
    while (*head) head = &(*head)->next;
    *head = i;
    i->text = text;
    i->at = at;
    return i;
}

/* Take the member j stands at as one that the model does not hold. 1, or 0 (then j has the error). A null says
   nothing and is not kept. */
AIGWI_SHARED int aigwi_dialect_add_raw(aigw_arena *mem, aigw_req *req, aigw_json *j) {
    size_t at = j->key_at;
    aigw_str name = j->key, json;
    aigw_raw *r;
    if (aigw_json_null(j)) return 1;
    if (name.p >= j->scratch && name.p < j->scratch + sizeof j->scratch) name = aigw_base_copy(mem, name);
    if (!aigw_json_raw(j, &json)) return 0;
    r = (aigw_raw *)aigw_base_take(mem, 1, sizeof *r, sizeof(void *));
    if (!r || (name.n && !name.p)) return aigw_json_fail(j, AIGW_E_NOMEM, at, "the memory for the request is too small");
    r->at = at;
    r->name = name;
    r->json = json;
    if (req->last_raw) req->last_raw->next = r;
    else req->raw = r;
    req->last_raw = r;
    return 1;
}

/* ---- single-valued parameters, by rows */

static const uint8_t aigwi_dialect_param_kinds[] = {
#define X(name, kind) AIGW_PARAM_##kind,
    AIGW_PARAM_LIST(X)
#undef X
};

/* Read the value j stands at into req->param[id]. A null is an absent member. 1, or 0 with j's error. */
AIGWI_SHARED int aigwi_dialect_param(aigw_json *j, aigw_arena *mem, aigw_req *req, int id) {
    aigw_param *p = &req->param[id];
    size_t at = aigw_json_at(j);
    int on = 0;
    if (aigw_json_null(j)) return 1;
    switch (aigwi_dialect_param_kinds[id]) {
    case AIGW_PARAM_NUM:
        if (!aigw_json_number(j, &p->raw)) return 0;
        (void)aigw_base_micro(p->raw, &p->micro);
        break;
    case AIGW_PARAM_BOOL:
        if (!aigw_json_bool(j, &on)) return 0;
        p->micro = on;
        break;
    default:
        if (!aigw_json_str(j, mem, &p->raw)) return 0;
    }
    p->has = 1;
    p->at = at;
    return 1;
}

enum { AIGWI_KEEP = 0, AIGWI_CLAMP, AIGWI_DROP, AIGWI_REFUSE };   /* what happens to a value outside lo..hi */
typedef struct {
    uint8_t     id, limit;      /* AIGW_P_*; AIGWI_* */
    const char *name;           /* the target's member */
    int64_t     lo, hi;         /* millionths */
    const char *reason;         /* of the report when it was outside */
} aigwi_dialect_row;

AIGWI_SHARED void aigwi_dialect_put_micro(aigw_out *out, int64_t micro) {
    char digits[8];
    uint64_t v = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    uint32_t rest = (uint32_t)(v % 1000000u);
    int n = 6, i;
    if (micro < 0) aigw_base_put_byte(out, '-');
    aigw_base_put_int(out, (int64_t)(v / 1000000u));
    if (!rest) return;
    for (i = 5; i >= 0; i--, rest /= 10) digits[i] = (char)('0' + rest % 10);
    while (n && digits[n - 1] == '0') n--;
    aigw_base_put_byte(out, '.');
    aigw_base_put(out, aigwi_dialect_slice(digits, (size_t)n));
}

/* Write one parameter, when it is there, as member `name` of the object being written, and mark it in *done. AIGW_OK
   or AIGW_E_REFUSED. */
AIGWI_SHARED int aigwi_dialect_put_row_as(aigw_out *out, const aigw_req *req, const aigwi_dialect_row *row, aigw_str name, aigw_loss *loss, uint32_t *done) {
    const aigw_param *p = &req->param[row->id];
    int kind = aigwi_dialect_param_kinds[row->id], outside;
    if (!p->has) return AIGW_OK;
    *done |= (uint32_t)1 << row->id;
    outside = row->limit != AIGWI_KEEP && kind == AIGW_PARAM_NUM && (p->micro < row->lo || p->micro > row->hi);
    if (outside && row->limit == AIGWI_REFUSE) return aigw_model_loss_at(loss, p->at, "", AIGW_LOSS_REFUSED, row->reason);
    if (outside && row->limit == AIGWI_DROP) return aigw_model_loss_at(loss, p->at, "", AIGW_LOSS_DROPPED, row->reason);
    aigw_json_key_str(out, name);
    if (kind == AIGW_PARAM_BOOL) aigw_json_put_bool(out, p->micro != 0);
    else if (kind == AIGW_PARAM_WORD) aigw_json_put_str(out, p->raw);
    else if (!outside) aigw_json_put_raw(out, p->raw);
    else {
        aigw_json_put_raw(out, aigwi_dialect_slice("", 0));
        aigwi_dialect_put_micro(out, p->micro < row->lo ? row->lo : row->hi);
        out->comma = 1;                                     /* the number was put by hand */
        return aigw_model_loss_at(loss, p->at, "", AIGW_LOSS_APPROXIMATED, row->reason);
    }
    return AIGW_OK;
}

AIGWI_SHARED int aigwi_dialect_put_row(aigw_out *out, const aigw_req *req, const aigwi_dialect_row *row, aigw_loss *loss, uint32_t *done) {
    return aigwi_dialect_put_row_as(out, req, row, aigw_base_str(row->name), loss, done);
}

/* Report every parameter that is there and not marked in `done`. */
AIGWI_SHARED int aigwi_dialect_drop_params(const aigw_req *req, uint32_t done, aigw_loss *loss) {
    int id, r = AIGW_OK, q;
    done |= (uint32_t)1 << AIGW_P_STREAM | (uint32_t)1 << AIGW_P_STREAM_USAGE;   /* said by method or path, or a matter between client and gateway */
    for (id = 0; id < AIGW_P_COUNT; id++) {
        if (!req->param[id].has || (done >> id & 1)) continue;
        q = aigw_model_loss_at(loss, req->param[id].at, "", AIGW_LOSS_DROPPED, "the target has no such parameter");
        if (q) r = q;
    }
    return r;
}

/* Report every member that the model does not hold. */
AIGWI_SHARED int aigwi_dialect_drop_raw(const aigw_req *req, aigw_loss *loss) {
    const aigw_raw *raw;
    int r = AIGW_OK, q;
    for (raw = req->raw; raw; raw = raw->next) {
        q = aigw_model_loss_at(loss, raw->at, "", AIGW_LOSS_DROPPED, "only its own dialect knows this member");
        if (q) r = q;
    }
    return r;
}

/* ---- tool calls */

/* Where the calls of a history are looked up: results mostly come in the order of their calls, so the one after the
   last found is tried first. */
typedef struct {
    const aigw_message *near;          /* the assistant message before the result; may be NULL */
    const aigw_part    *next;          /* call of `near` after the one found last; NULL: from its beginning */
    uint32_t            steps;         /* spent in the whole request: bounded, whatever the history is */
} aigwi_dialect_calls;
enum { AIGWI_DIALECT_STEPS = 1 << 20 };

static const aigw_part *aigwi_dialect_find_call(aigwi_dialect_calls *c, const aigw_part *p, aigw_str id) {
    for (; p && c->steps < AIGWI_DIALECT_STEPS; p = p->next, c->steps++)
        if (p->kind == AIGW_PART_TOOL_CALL && aigw_base_eq(p->id, id)) return p;
    return NULL;
}

/* The name of the tool whose call has this id: first in `near`, then in the whole history. "" when there is none. */
AIGWI_SHARED aigw_str aigwi_dialect_call_name(const aigw_req *req, const aigw_message *near, aigw_str id, aigwi_dialect_calls *c) {
    const aigw_message *m;
    const aigw_part *p;
    if (near != c->near) { c->near = near; c->next = NULL; }
    if (c->next && aigw_base_eq(c->next->id, id)) p = c->next;
    else p = near ? aigwi_dialect_find_call(c, near->parts, id) : NULL;
    if (p) {
        for (c->next = p->next; c->next && c->next->kind != AIGW_PART_TOOL_CALL; c->next = c->next->next)
            if (++c->steps > AIGWI_DIALECT_STEPS) break;
        if (c->next && c->next->kind != AIGW_PART_TOOL_CALL) c->next = NULL;
        return p->name;
    }
    for (m = req->messages; m; m = m->next)
        if (m->role == AIGW_ROLE_ASSISTANT && (p = aigwi_dialect_find_call(c, m->parts, id)) != NULL) return p->name;
    return aigwi_dialect_slice("", 0);
}

AIGWI_SHARED int aigwi_dialect_id_fits(aigw_str id, size_t max) {
    size_t i;
    for (i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) return 0;
    }
    return id.n > 0 && id.n <= max;
}

/* A tool call id as JSON string that matches ^[A-Za-z0-9_-]{1,max}$ (max >= 21). One that does not fit becomes a
   digest of itself, the same each time, so that call and result still name each other. */
AIGWI_SHARED void aigwi_dialect_put_id(aigw_out *out, aigw_str id, size_t max) {
    static const uint8_t key[16] = { 'a', 'i', 'g', 'w', '-', 't', 'o', 'o', 'l', '-', 'i', 'd', 0, 0, 0, 0 };
    char made[21] = { 'c', 'a', 'l', 'l', '_' };
    uint64_t h;
    int i;
    if (!aigwi_dialect_id_fits(id, max)) {
        h = aigw_digest_siphash(id, key);
        for (i = 0; i < 16; i++) made[5 + i] = "0123456789abcdef"[h >> (60 - 4 * i) & 15];
        id = aigwi_dialect_slice(made, sizeof made);
    }
    aigw_json_open_str(out);
    aigw_base_put(out, id);
    aigw_json_close_str(out);
}

/* Decoded UTF-8 of any text. 1, or 0 without memory. */
AIGWI_SHARED int aigwi_dialect_plain(aigw_text t, aigw_arena *mem, aigw_str *s) { return aigw_json_decode(t, mem, s); }

/* Arguments in any form as a JSON object: empty is {}; what is no object is wrapped as {"_raw": ...} and reported.
   AIGW_OK, AIGW_E_NOMEM, AIGW_E_REFUSED (strict). */
AIGWI_SHARED int aigwi_dialect_put_args(aigw_out *out, aigw_text args, aigw_arena *mem, aigw_loss *loss, size_t at) {
    aigw_str s;
    size_t i;
    if (!aigwi_dialect_plain(args, mem, &s)) return AIGW_E_NOMEM;
    for (i = 0; i < s.n && (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == '\r'); i++) {}
    if (i == s.n) {
        aigw_json_put_raw(out, aigwi_dialect_slice("{}", 2));
        return AIGW_OK;
    }
    if (s.p[i] == '{' && (args.form == AIGW_TEXT_JSON || !aigw_json_check(s, AIGW_JSON_OBJECT))) {
        aigw_json_put_raw(out, s);
        return AIGW_OK;
    }
    aigw_json_open(out, '{');
    aigw_json_key(out, "_raw");
    aigw_json_put_value(out, args);
    aigw_json_close(out, '}');
    return aigw_model_loss_at(loss, at, "", AIGW_LOSS_APPROXIMATED, "the arguments are not a JSON object: wrapped as {\"_raw\": ...}");
}

/* Arguments in any form as a JSON string. */
AIGWI_SHARED void aigwi_dialect_put_args_str(aigw_out *out, aigw_text args) {
    if (!args.n) aigw_json_put_str(out, aigwi_dialect_slice("{}", 2));
    else aigw_json_put_text(out, args);
}

/* ---- media */

/* Base64 of either alphabet, padded or not, as standard padded base64: the same slice where it is that already, else
   a copy. 1, or 0 without memory. */
AIGWI_SHARED int aigwi_dialect_base64(aigw_text t, aigw_arena *mem, aigw_text *to) {
    aigw_str s;
    size_t i, pad;
    char *p;
    if (!aigwi_dialect_plain(t, mem, &s)) return 0;
    for (i = 0; i < s.n && s.p[i] != '-' && s.p[i] != '_'; i++) {}
    pad = (4 - s.n % 4) % 4;
    *to = aigwi_dialect_text(s, AIGW_TEXT_PLAIN);
    if (i == s.n && !pad) return 1;
    p = (char *)aigw_base_take(mem, s.n + pad, 1, 1);
    if (!p) return 0;
    for (i = 0; i < s.n; i++) p[i] = s.p[i] == '-' ? '+' : s.p[i] == '_' ? '/' : s.p[i];
    for (; i < s.n + pad; i++) p[i] = '=';
    *to = aigwi_dialect_text(aigwi_dialect_slice(p, s.n + pad), AIGW_TEXT_PLAIN);
    return 1;
}

/* 1 when t is data:MIME[;parameters];base64,DATA, with both parts; 0 when it is not (or without memory). */
AIGWI_SHARED int aigwi_dialect_data_url(aigw_text t, aigw_arena *mem, aigw_str *mime, aigw_text *data) {
    static const aigw_str scheme = AIGW_STR("data:"), mark = AIGW_STR(";base64,");
    aigw_str s;
    size_t i, semi;
    if (!aigwi_dialect_plain(t, mem, &s) || s.n < scheme.n || !aigw_base_eq_nocase(aigwi_dialect_slice(s.p, scheme.n), scheme)) return 0;
    i = aigw_base_find(aigwi_dialect_slice(s.p, s.n < 256 ? s.n : 256), mark, scheme.n);
    if (i >= s.n || i >= 256) return 0;
    for (semi = scheme.n; semi < i && s.p[semi] != ';'; semi++) {}
    *mime = aigwi_dialect_slice(s.p + scheme.n, semi - scheme.n);
    *data = aigwi_dialect_text(aigwi_dialect_slice(s.p + i + mark.n, s.n - i - mark.n), AIGW_TEXT_PLAIN);
    return 1;
}

/* ---- opaque state that passes through another dialect's client: "aigw:<owner>:<model>:<S|R><payload>", ':' and '%' in the model as %3A and %25 */

typedef struct { aigw_out *out; char hold[3]; size_t n; int base64; } aigwi_dialect_tagger;

AIGWI_SHARED void aigwi_dialect_tag(aigwi_dialect_tagger *t, aigw_str s) {
    size_t i;
    if (!t->base64) {
        aigw_json_part(t->out, aigwi_dialect_text(s, AIGW_TEXT_PLAIN));
        return;
    }
    for (i = 0; i < s.n; i++) {
        t->hold[t->n++] = s.p[i];
        if (t->n == 3) {
            aigw_base_put_base64(t->out, aigwi_dialect_slice(t->hold, 3));
            t->n = 0;
        }
    }
}

/* State as a JSON string in a client's dialect: as it came when `native` is its owner, else tagged; `base64`: the
   place takes base64 only. */
AIGWI_SHARED void aigwi_dialect_put_opaque(aigw_out *out, const aigw_opaque *o, aigw_str native, int base64) {
    aigwi_dialect_tagger t;
    size_t i, from;
    memset(&t, 0, sizeof t);
    t.out = out;
    t.base64 = base64;
    if (aigw_base_eq(o->owner, native)) {
        aigw_json_put_text(out, o->data);
        return;
    }
    aigw_json_open_str(out);
    aigwi_dialect_tag(&t, aigwi_dialect_slice("aigw:", 5));
    aigwi_dialect_tag(&t, o->owner);
    aigwi_dialect_tag(&t, aigwi_dialect_slice(":", 1));
    for (i = from = 0; i < o->model.n; i++) {
        if (o->model.p[i] != ':' && o->model.p[i] != '%') continue;
        aigwi_dialect_tag(&t, aigwi_dialect_slice(o->model.p + from, i - from));
        aigwi_dialect_tag(&t, aigwi_dialect_slice(o->model.p[i] == ':' ? "%3A" : "%25", 3));
        from = i + 1;
    }
    aigwi_dialect_tag(&t, aigwi_dialect_slice(o->model.p + from, o->model.n - from));
    aigwi_dialect_tag(&t, aigwi_dialect_slice(o->kind == AIGW_OPAQUE_REDACTED ? ":R" : ":S", 2));
    aigwi_dialect_tag(&t, aigwi_dialect_slice(o->data.p, o->data.n));
    if (t.n) aigw_base_put_base64(out, aigwi_dialect_slice(t.hold, t.n));
    aigw_json_close_str(out);
}

/* The slice of s up to the next ':' from *at, which moves behind it. 0 when there is none. */
AIGWI_SHARED int aigwi_dialect_tag_field(aigw_str s, size_t *at, aigw_str *field) {
    size_t i = *at;
    while (i < s.n && s.p[i] != ':') i++;
    if (i == s.n) return 0;
    *field = aigwi_dialect_slice(s.p + *at, i - *at);
    *at = i + 1;
    return 1;
}

AIGWI_SHARED int aigwi_dialect_tag_read(aigw_str s, aigw_arena *mem, aigw_opaque *o) {
    aigw_str owner, model;
    size_t at = 5, i, n = 0;
    char *p;
    if (s.n < 8 || memcmp(s.p, "aigw:", 5) || !aigwi_dialect_tag_field(s, &at, &owner) || !aigwi_dialect_tag_field(s, &at, &model)) return 0;
    if (at >= s.n || (s.p[at] != 'R' && s.p[at] != 'S')) return 0;
    p = (char *)aigw_base_take(mem, model.n, 1, 1);
    if (!p) return 0;
    for (i = 0; i < model.n; i++) {
        int colon = i + 2 < model.n && !memcmp(model.p + i, "%3A", 3), percent = i + 2 < model.n && !memcmp(model.p + i, "%25", 3);
        p[n++] = colon ? ':' : percent ? '%' : model.p[i];
        if (colon || percent) i += 2;
    }
    o->owner = owner;
    o->model = aigwi_dialect_slice(p, n);
    o->kind = s.p[at] == 'R' ? AIGW_OPAQUE_REDACTED : AIGW_OPAQUE_SIGNATURE;
    o->data = aigwi_dialect_text(aigwi_dialect_slice(s.p + at + 1, s.n - at - 1), AIGW_TEXT_PLAIN);
    return 1;
}

/* State as a client sent it back, either form; `kind` for the native one. NULL without memory. */
AIGWI_SHARED aigw_opaque *aigwi_dialect_get_opaque(aigw_text text, aigw_arena *mem, aigw_str native, int kind, int base64) {
    aigw_opaque *o = (aigw_opaque *)aigw_base_take(mem, 1, sizeof *o, sizeof(void *));
    aigw_str s, tagged;
    aigw_out out;
    size_t room;
    if (!o || !aigwi_dialect_plain(text, mem, &s)) return NULL;
    o->kind = (uint8_t)kind;
    o->owner = native;
    o->data = aigwi_dialect_text(s, AIGW_TEXT_PLAIN);
    tagged = s;
    if (base64) {                                   /* "aigw:" is YWlnd and a letter of which four bits are set */
        if (s.n < 8 || memcmp(s.p, "YWlndz", 6)) return o;
        room = s.n / 4 * 3 + 3;
        tagged.p = (const char *)aigw_base_take(mem, room, 1, 1);
        if (!tagged.p) return NULL;
        aigw_base_out_init(&out, (char *)(uintptr_t)tagged.p, room, NULL, 0);
        if (aigw_base_put_unbase64(&out, s) || out.buf.n > room) return o;
        tagged.n = out.buf.n;
    }
    (void)aigwi_dialect_tag_read(tagged, mem, o);
    return o;
}

/* ---- the bookkeeping of an answer being decoded */

AIGW_API void aigw_dialect_dec_init(aigw_dec *st) {
    size_t from = offsetof(aigw_dec, frame);
    memset((char *)st + from, 0, sizeof *st - from);
}

AIGW_API void aigw_dialect_enc_init(aigw_enc *st) {
    size_t from = offsetof(aigw_enc, hold_n);
    memset((char *)st + from, 0, sizeof *st - from);
}

AIGW_API int aigw_dialect_enc_move(aigw_enc *st, char *hold, size_t cap) {
    if (cap < st->hold_n) return AIGW_E_NOMEM;
    if (st->hold_n) memmove(hold, st->hold, st->hold_n);
    st->hold = hold;
    st->hold_cap = cap;
    return AIGW_OK;
}

AIGWI_SHARED void aigwi_dialect_event(aigw_event *ev, int type, size_t at) {
    memset(ev, 0, sizeof *ev);
    ev->type = (uint8_t)type;
    ev->at = at;
}

AIGWI_SHARED size_t aigwi_dialect_keep(char *to, size_t cap, aigw_str s) {
    size_t n = s.n < cap ? s.n : cap;
    if (n) memcpy(to, s.p, n);
    return n;
}

/* START, once; later calls do nothing. */
AIGWI_SHARED int aigwi_dialect_start(aigw_dec *st, const aigw_sink *out, aigw_str id, aigw_str model, int64_t created_s, size_t at) {
    aigw_event ev;
    int r;
    if (st->started || st->ended) return AIGW_OK;
    st->started = 1;
    st->model_name_n = (uint8_t)aigwi_dialect_keep(st->model_name, sizeof st->model_name, model);
    aigwi_dialect_event(&ev, AIGW_EVENT_START, at);
    ev.id = id;
    ev.model = model;
    ev.created_s = created_s;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* End with an error. Everything after it is ignored. */
AIGWI_SHARED int aigwi_dialect_fail(aigw_dec *st, const aigw_sink *out, const aigw_error *err) {
    aigw_event ev;
    int r;
    if (st->ended) return AIGW_OK;
    st->ended = 1;
    st->frame |= AIGW_FRAME_ERROR;
    aigwi_dialect_event(&ev, AIGW_EVENT_ERROR, AIGW_NOWHERE);
    ev.error = err;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

AIGW_API void aigw_dialect_error(aigw_error *err, int kind, const char *message, const char *advice) {
    memset(err, 0, sizeof *err);
    err->kind = (uint8_t)kind;
    err->retry = (uint8_t)aigw_model_kind_retry(kind);
    err->retry_after_ms = -1;
    err->message = aigw_base_str(message);
    err->advice = aigw_base_str(advice);
}

/* End with ERROR bad_response: what the provider sent cannot be right. */
AIGWI_SHARED int aigwi_dialect_bad(aigw_dec *st, const aigw_sink *out, const char *why) {
    aigw_error err;
    aigw_dialect_error(&err, AIGW_KIND_BAD_RESPONSE, why, "");
    return aigwi_dialect_fail(st, out, &err);
}

AIGWI_SHARED uint32_t aigwi_dialect_idhash(aigw_str id) {
    uint32_t h = 2166136261u;
    size_t i;
    for (i = 0; i < id.n; i++) h = (h ^ (unsigned char)id.p[i]) * 16777619u;
    return h;
}

/* The open block with the dialect's own number `key`, or NULL. */
AIGWI_SHARED struct aigw_block *aigwi_dialect_find(aigw_dec *st, unsigned choice, int kind, uint32_t key) {
    struct aigw_block *b;
    for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
        if (b->used && b->key == key && b->kind == kind && b->choice == choice) return b;
    return NULL;
}

enum { AIGWI_CUSTOM = 1, AIGWI_NO_ID = 2 };                /* flags of aigwi_dialect_open */

/* Find the open block, or open it. *block is NULL when there was no room for it: then ERROR was sent. */
AIGWI_SHARED int aigwi_dialect_open(aigw_dec *st, const aigw_sink *out, unsigned choice, int kind, uint32_t key, aigw_str id, aigw_str name,
                              int flags, size_t at, struct aigw_block **block) {
    struct aigw_block *b = aigwi_dialect_find(st, choice, kind, key);
    aigw_event ev;
    int r;
    st->frame |= AIGW_FRAME_CONTENT;
    *block = b;
    if (b || st->ended) return AIGW_OK;
    if (choice >= AIGW_CHOICES) return aigwi_dialect_bad(st, out, "the provider sent more answers than the library was built for");
    for (b = st->block; b < st->block + AIGW_BLOCKS && b->used; b++) {}
    if (b == st->block + AIGW_BLOCKS) return aigwi_dialect_bad(st, out, "the provider opened more blocks at once than the library was built for");
    if (!st->started) {
        r = aigwi_dialect_start(st, out, aigwi_dialect_slice("", 0), aigwi_dialect_slice("", 0), 0, at);
        if (r < 0) return r;
    }
    memset(b, 0, sizeof *b);
    b->used = 1;
    b->kind = (uint8_t)kind;
    b->custom = (flags & AIGWI_CUSTOM) != 0;
    b->choice = (uint16_t)choice;
    b->key = key;
    b->block = st->next_block++;
    b->idhash = aigwi_dialect_idhash(id);
    if (st->choices <= choice) st->choices = (uint16_t)(choice + 1);
    if (kind == AIGW_PART_TOOL_CALL) st->tool_seen |= (uint8_t)(1u << choice);
    aigwi_dialect_event(&ev, AIGW_EVENT_BLOCK_START, at);
    ev.kind = b->kind;
    ev.custom = b->custom;
    ev.no_id = (flags & AIGWI_NO_ID) != 0;
    ev.choice = b->choice;
    ev.block = b->block;
    ev.id = id;
    ev.name = name;
    *block = b;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

AIGWI_SHARED int aigwi_dialect_put_delta(const aigw_dec *st, const aigw_sink *out, struct aigw_block *b, aigw_text text, size_t at) {
    aigw_event ev;
    int r;
    if (!text.n) return AIGW_OK;
    aigwi_dialect_event(&ev, AIGW_EVENT_DELTA, at);
    ev.kind = b->kind;
    ev.choice = b->choice;
    ev.block = b->block;
    if (b->kind == AIGW_PART_OTHER) ev.name = st->dialect->name;
    ev.text = text;
    b->bytes += (uint32_t)text.n;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* Is p[0..6) the escape of a surrogate, high (0) or low (1)? */
AIGWI_SHARED int aigwi_dialect_surrogate(const char *p, int low) {
    char c = p[3];
    if (p[0] != '\\' || p[1] != 'u' || (p[2] != 'd' && p[2] != 'D')) return 0;
    if (low) return (c >= 'c' && c <= 'f') || (c >= 'C' && c <= 'F');
    return c == '8' || c == '9' || c == 'a' || c == 'A' || c == 'b' || c == 'B';
}

/* Does t end with the escape of a high surrogate (whose backslash is not itself escaped)? */
AIGWI_SHARED int aigwi_dialect_ends_high(aigw_text t) {
    size_t i, slashes = 0;
    if (t.n < 6 || !aigwi_dialect_surrogate(t.p + t.n - 6, 0)) return 0;
    for (i = t.n - 6; i && t.p[i - 1] == '\\'; i--) slashes++;
    return slashes % 2 == 0;
}

/* What was kept back, before `next` (which loses its first six bytes when they complete the pair). */
AIGWI_SHARED int aigwi_dialect_release(const aigw_dec *st, const aigw_sink *out, struct aigw_block *b, aigw_text *next, size_t at) {
    char pair[12];
    if (next->n >= 6 && aigwi_dialect_surrogate(next->p, 1)) {
        memcpy(pair, b->held, 6);
        memcpy(pair + 6, next->p, 6);
        next->p += 6;
        next->n -= 6;
        b->held_n = 0;
        return aigwi_dialect_put_delta(st, out, b, aigwi_dialect_text(aigwi_dialect_slice(pair, 12), AIGW_TEXT_ESCAPED), at);
    }
    b->held_n = 0;
    return aigwi_dialect_put_delta(st, out, b, aigwi_dialect_text(aigwi_dialect_slice("\xEF\xBF\xBD", 3), AIGW_TEXT_ESCAPED), at);
}

/* More of a block. A trailing escape of a high surrogate waits for its other half in the next delta. */
AIGWI_SHARED int aigwi_dialect_delta(aigw_dec *st, const aigw_sink *out, struct aigw_block *b, aigw_text text, size_t at) {
    int r;
    if (!b || st->ended || !text.n) return AIGW_OK;
    if (b->held_n) {
        r = aigwi_dialect_release(st, out, b, &text, at);
        if (r < 0) return r;
    }
    if (text.form == AIGW_TEXT_LONE && aigwi_dialect_ends_high(text)) {
        memcpy(b->held, text.p + text.n - 6, 6);
        b->held_n = 6;
        text.n -= 6;
    }
    return aigwi_dialect_put_delta(st, out, b, text, at);
}

AIGWI_SHARED int aigwi_dialect_close(aigw_dec *st, const aigw_sink *out, struct aigw_block *b) {
    aigw_event ev;
    aigw_text none = { "", 0, AIGW_TEXT_ESCAPED };
    int r = AIGW_OK;
    if (!b || !b->used || st->ended) return AIGW_OK;
    if (b->held_n) r = aigwi_dialect_release(st, out, b, &none, AIGW_NOWHERE);
    b->used = 0;
    if (r < 0) return r;
    aigwi_dialect_event(&ev, AIGW_EVENT_BLOCK_STOP, AIGW_NOWHERE);
    ev.kind = b->kind;
    ev.choice = b->choice;
    ev.block = b->block;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* Close all open blocks of a choice (all choices: -1) whose kind is in `kinds` (bits 1 << AIGW_PART_*), oldest first. */
AIGWI_SHARED int aigwi_dialect_close_kind(aigw_dec *st, const aigw_sink *out, int choice, unsigned kinds) {
    struct aigw_block *b, *first;
    int r;
    for (;;) {
        first = NULL;
        for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
            if (b->used && (choice < 0 || b->choice == choice) && (kinds >> b->kind & 1) && (!first || b->block < first->block)) first = b;
        if (!first) return AIGW_OK;
        r = aigwi_dialect_close(st, out, first);
        if (r < 0) return r;
    }
}

/* A remark on a block, or (NULL) on a choice. */
AIGWI_SHARED int aigwi_dialect_note(aigw_dec *st, const aigw_sink *out, int kind, unsigned choice, const struct aigw_block *b, aigw_str json, size_t at) {
    aigw_event ev;
    int r;
    if (st->ended || choice >= AIGW_CHOICES) return AIGW_OK;
    if (!st->started) {
        r = aigwi_dialect_start(st, out, aigwi_dialect_slice("", 0), aigwi_dialect_slice("", 0), 0, at);
        if (r < 0) return r;
    }
    aigwi_dialect_event(&ev, AIGW_EVENT_NOTE, at);
    ev.kind = (uint8_t)kind;
    ev.choice = (uint16_t)choice;
    ev.block = b ? b->block : AIGW_NO_BLOCK;
    ev.name = st->dialect->name;
    ev.text = aigwi_dialect_text(json, AIGW_TEXT_JSON);
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* Opaque state of a block; data as a string in any form, decoded into st->mem. For tool calls directly after the
   open, else before the close. */
AIGWI_SHARED int aigwi_dialect_signature(aigw_dec *st, const aigw_sink *out, const struct aigw_block *b, int kind, aigw_text data, size_t at) {
    aigw_event ev;
    aigw_opaque o;
    aigw_str s;
    int r;
    if (!b || st->ended) return AIGW_OK;
    if (!aigwi_dialect_plain(data, &st->mem, &s)) return AIGW_E_NOMEM;
    memset(&o, 0, sizeof o);
    o.kind = (uint8_t)kind;
    o.owner = st->dialect->name;
    o.model = st->model_name_n ? aigwi_dialect_slice(st->model_name, st->model_name_n) : st->model;
    o.data = aigwi_dialect_text(s, AIGW_TEXT_PLAIN);
    aigwi_dialect_event(&ev, AIGW_EVENT_NOTE, at);
    ev.kind = AIGW_NOTE_SIGNATURE;
    ev.choice = b->choice;
    ev.block = b->block;
    ev.state = &o;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* Usage so far; an event only when it says something new. */
AIGWI_SHARED int aigwi_dialect_usage(aigw_dec *st, const aigw_sink *out, const aigw_usage *u) {
    aigw_event ev;
    int r;
    if (st->ended || !memcmp(&st->usage, u, sizeof *u)) return AIGW_OK;
    st->usage = *u;
    if (!st->started) {
        r = aigwi_dialect_start(st, out, aigwi_dialect_slice("", 0), aigwi_dialect_slice("", 0), 0, AIGW_NOWHERE);
        if (r < 0) return r;
    }
    aigwi_dialect_event(&ev, AIGW_EVENT_USAGE, AIGW_NOWHERE);
    ev.usage = *u;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

AIGWI_SHARED int aigwi_dialect_ping(aigw_dec *st, const aigw_sink *out) {
    aigw_event ev;
    int r;
    st->frame |= AIGW_FRAME_PING;
    if (!st->started || st->ended) return AIGW_OK;
    aigwi_dialect_event(&ev, AIGW_EVENT_PING, AIGW_NOWHERE);
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* A choice's finish reason, kept until the source's end. */
AIGWI_SHARED void aigwi_dialect_finish(aigw_dec *st, unsigned choice, int finish, aigw_str stop_sequence) {
    if (choice >= AIGW_CHOICES || finish == AIGW_FINISH_NONE) return;
    st->finish[choice] = (uint8_t)finish;
    st->any_finish = 1;
    st->frame |= AIGW_FRAME_FINISH;
    if (st->choices <= choice) st->choices = (uint16_t)(choice + 1);
    if (!choice) st->stop_sequence_n = (uint8_t)aigwi_dialect_keep(st->stop_sequence, sizeof st->stop_sequence, stop_sequence);
}

AIGWI_SHARED int aigwi_dialect_stop(aigw_dec *st, const aigw_sink *out) {
    aigw_event ev;
    int r = aigwi_dialect_close_kind(st, out, -1, ~0u), c;
    if (r < 0) return r;
    aigwi_dialect_event(&ev, AIGW_EVENT_STOP, AIGW_NOWHERE);
    ev.choices = (uint8_t)(st->choices ? st->choices : 1);
    ev.reason_made = st->reason_made;
    for (c = 0; c < ev.choices; c++) {
        int f = st->finish[c] ? st->finish[c] : (int)AIGW_FINISH_STOP;
        if (f == AIGW_FINISH_STOP && (st->tool_seen >> c & 1)) f = AIGW_FINISH_TOOL_CALLS;
        ev.finish[c] = (uint8_t)f;
    }
    ev.name = aigwi_dialect_slice(st->stop_sequence, st->stop_sequence_n);
    st->ended = 1;
    r = out->put(out->user, &ev);
    return r < 0 ? r : AIGW_OK;
}

/* The source ended: STOP when that was clean and a finish reason (or at least the end marker) came, else ERROR
   truncated. */
AIGWI_SHARED int aigwi_dialect_end(aigw_dec *st, int clean, const aigw_sink *out) {
    aigw_error err;
    if (st->ended) return AIGW_OK;
    if (clean && !st->any_finish && st->end_marker) st->reason_made = 1;
    if (clean && (st->any_finish || st->end_marker)) return aigwi_dialect_stop(st, out);
    aigw_dialect_error(&err, AIGW_KIND_TRUNCATED, clean ? "the provider's stream ended without a finish reason"
                                                        : "the provider's connection broke before the answer was complete", "");
    return aigwi_dialect_fail(st, out, &err);
}

/* Report a loss of the answer once per stream; `bit` 0..31 is the dialect's own numbering. */
AIGWI_SHARED void aigwi_dialect_lost(aigw_dec *st, unsigned bit, size_t at, int action, const char *reason) {
    if (st->reported >> bit & 1) return;
    st->reported |= (uint32_t)1 << bit;
    (void)aigw_model_loss_at(st->loss, at, "", action, reason);
}

/* ---- errors */

typedef struct { short status; aigw_str word; uint8_t kind; } aigwi_dialect_err_row;   /* word: the provider's code or type; 0 and "" match all */

static const aigw_str aigwi_dialect_context_words[] = {      /* wire-formats section 26.11, read 2026-11-21 */
    AIGW_STR("context_length_exceeded"), AIGW_STR("maximum context length"), AIGW_STR("context window"), AIGW_STR("prompt is too long"),
    AIGW_STR("input is too long"), AIGW_STR("too many tokens"), AIGW_STR("too many input tokens"),
    AIGW_STR("exceeds the maximum number of tokens"), AIGW_STR("exceed context limit"), AIGW_STR("expected maxlength"),
    AIGW_STR("exceed_context_size"), AIGW_STR("token count exceeds"), AIGW_STR("length limit exceeded"),
    AIGW_STR("max context length"), AIGW_STR("prompt too long"), AIGW_STR("")         /* Ollama */
};
static const aigw_str aigwi_dialect_quota_words[] = {
    AIGW_STR("insufficient_quota"), AIGW_STR("credit_balance"), AIGW_STR("credit balance is too low"), AIGW_STR("insufficient balance"),
    AIGW_STR("billing"), AIGW_STR("spend limit"), AIGW_STR("perday"), AIGW_STR("tokens per day"), AIGW_STR("")
};
static const struct { short status; uint8_t kind; } aigwi_dialect_statuses[] = {
    { 400, AIGW_KIND_INVALID_REQUEST }, { 401, AIGW_KIND_AUTH }, { 402, AIGW_KIND_QUOTA }, { 403, AIGW_KIND_PERMISSION },
    { 404, AIGW_KIND_NOT_FOUND }, { 408, AIGW_KIND_TIMEOUT }, { 409, AIGW_KIND_CONFLICT }, { 413, AIGW_KIND_TOO_LARGE },
    { 422, AIGW_KIND_INVALID_REQUEST }, { 424, AIGW_KIND_SERVER }, { 429, AIGW_KIND_RATE_LIMIT }, { 499, AIGW_KIND_CANCELLED },
    { 503, AIGW_KIND_OVERLOADED }, { 504, AIGW_KIND_TIMEOUT }, { 524, AIGW_KIND_TIMEOUT }, { 529, AIGW_KIND_OVERLOADED }
};

/* Offset of lower-case `word` in s, any case, within its first 2 KiB; s.n when it is not there. */
AIGWI_SHARED size_t aigwi_dialect_find_word(aigw_str s, aigw_str word) {
    size_t i, k, end = s.n < 2048 ? s.n : 2048;
    for (i = 0; i + word.n <= end; i++) {
        for (k = 0; k < word.n; k++) {
            char c = s.p[i + k];
            if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
            if (c != word.p[k]) break;
        }
        if (k == word.n) return i;
    }
    return s.n;
}

AIGWI_SHARED int aigwi_dialect_has_word(aigw_str s, const aigw_str *words) {
    for (; words->n; words++)
        if (aigwi_dialect_find_word(s, *words) < s.n) return 1;
    return 0;
}

AIGWI_SHARED int aigwi_dialect_by_status(int status) {
    size_t i;
    for (i = 0; i < sizeof aigwi_dialect_statuses / sizeof *aigwi_dialect_statuses; i++)
        if (aigwi_dialect_statuses[i].status == status) return aigwi_dialect_statuses[i].kind;
    return status >= 500 ? AIGW_KIND_SERVER : status >= 400 ? AIGW_KIND_INVALID_REQUEST : AIGW_KIND_BAD_RESPONSE;
}

/* Kind and retry rule of *err from its status, code, type and message: the provider's own words first, then what the
   message says of context length and quota, then the status. */
AIGWI_SHARED void aigwi_dialect_classify(aigw_error *err, const aigwi_dialect_err_row *rows, size_t n) {
    int kind = 0;
    size_t i;
    for (i = 0; i < n && !kind; i++)
        if (rows[i].word.n && (!rows[i].status || rows[i].status == err->status) &&
            (aigw_base_eq(rows[i].word, err->code) || aigw_base_eq(rows[i].word, err->type))) kind = rows[i].kind;
    if (!kind || kind == AIGW_KIND_INVALID_REQUEST || kind == AIGW_KIND_RATE_LIMIT || kind == AIGW_KIND_PERMISSION) {
        if (kind != AIGW_KIND_PERMISSION && aigwi_dialect_has_word(err->message, aigwi_dialect_context_words)) kind = AIGW_KIND_CONTEXT_LENGTH;
        else if (aigwi_dialect_has_word(err->message, aigwi_dialect_quota_words)) kind = AIGW_KIND_QUOTA;
    }
    for (i = 0; i < n && !kind; i++)
        if (!rows[i].word.n && (!rows[i].status || rows[i].status == err->status)) kind = rows[i].kind;
    if (!kind) kind = aigwi_dialect_by_status(err->status);
    err->kind = (uint8_t)kind;
    err->retry = (uint8_t)aigw_model_kind_retry(kind);
}

/* Every 429 of Google says "check your plan and billing details", also one that is over in a second: the quota's id
   decides, or words that no other one has (recorded 2026). */
AIGWI_SHARED void aigwi_dialect_google_quota(aigw_error *err, int per_day) {
    static const aigw_str paid[] = { AIGW_STR("credits are depleted"), AIGW_STR("spending cap"), AIGW_STR("spend cap"), AIGW_STR("perday"), AIGW_STR("per day"),
        AIGW_STR("") };
    err->kind = (uint8_t)(per_day || aigwi_dialect_has_word(err->message, paid) ? AIGW_KIND_QUOTA : AIGW_KIND_RATE_LIMIT);
    err->retry = (uint8_t)aigw_model_kind_retry(err->kind);
}

/* A reset value of any form (Go duration, seconds, RFC 3339, epoch seconds or ms) as milliseconds from now, or -1. */
static int64_t aigwi_dialect_reset_ms(aigw_now now, aigw_str v) {
    int64_t n, ms = aigw_base_duration_ms(v);
    if (aigw_base_int(v, &n) && n > 1000000000) {               /* more than 31 years: an epoch */
        if (n > INT64_C(100000000000)) n /= 1000;
        if (!now.wall_s) return -1;
        return n > now.wall_s ? (n - now.wall_s) * 1000 : 0;
    }
    if (ms >= 0) return ms;
    if (!now.wall_s || !aigw_base_date(v, &n)) return -1;
    return n > now.wall_s ? (n - now.wall_s) * 1000 : 0;
}

/* Rate limits in headers, of all providers: one row per window of time. The first row that says something of a member
   of aigw_limits fills it, so that the shortest window comes first. wire-formats 1.5, 5.2, 6.10, 14, 16, 19, 23, and
   the heads recorded in wire/, read 2026-11-28. */
enum { AIGWI_LIMIT_REQUESTS = 0, AIGWI_LIMIT_TOKENS, AIGWI_LIMIT_INPUT, AIGWI_LIMIT_OUTPUT };
enum { AIGWI_BARE_S = 0, AIGWI_BARE_MS };                       /* what a reset without a unit is; a large one is an epoch */
typedef struct { uint8_t what, bare; const char *limit, *remaining, *reset, *beside; } aigwi_dialect_window;
#define AIGWI_WINDOW(what, head, tail) { AIGWI_LIMIT_##what, AIGWI_BARE_S, head "-limit" tail, head "-remaining" tail, head "-reset" tail, "" }
#define AIGWI_WINDOW_OF(what, head) { AIGWI_LIMIT_##what, AIGWI_BARE_S, head "-limit", head "-remaining", head "-reset", "" }
static const aigwi_dialect_window aigwi_dialect_windows[] = {
    /* Azure's resets are ms: 7 after 14 of 120,000 tokens per minute (recorded); told by the header that only it has */
    { AIGWI_LIMIT_REQUESTS, AIGWI_BARE_MS, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
      "x-ratelimit-renewalperiod-requests" },
    { AIGWI_LIMIT_TOKENS, AIGWI_BARE_MS, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
      "x-ratelimit-renewalperiod-tokens" },
    AIGWI_WINDOW(REQUESTS, "x-ratelimit", "-requests"),         /* OpenAI, Groq (per day), xAI, Fireworks */
    AIGWI_WINDOW(TOKENS, "x-ratelimit", "-tokens"),
    AIGWI_WINDOW_OF(REQUESTS, "anthropic-ratelimit-requests"),
    AIGWI_WINDOW_OF(TOKENS, "anthropic-ratelimit-tokens"),
    AIGWI_WINDOW_OF(INPUT, "anthropic-ratelimit-input-tokens"),
    AIGWI_WINDOW_OF(OUTPUT, "anthropic-ratelimit-output-tokens"),
    AIGWI_WINDOW_OF(INPUT, "anthropic-priority-input-tokens"),
    AIGWI_WINDOW_OF(OUTPUT, "anthropic-priority-output-tokens"),
    AIGWI_WINDOW(TOKENS, "x-ratelimit", "-tokens_usage_based"), /* OpenAI, some accounts */
    AIGWI_WINDOW(TOKENS, "x-ratelimit", "-project-tokens"),
    AIGWI_WINDOW(REQUESTS, "x-ratelimit", "-req-10-second"),    /* Mistral */
    AIGWI_WINDOW(REQUESTS, "x-ratelimit", "-req-minute"),
    AIGWI_WINDOW_OF(TOKENS, "ratelimitbysize"),
    AIGWI_WINDOW(TOKENS, "x-ratelimitbysize", "-minute"),
    AIGWI_WINDOW(REQUESTS, "x-ratelimit", "-requests-minute"),  /* Cerebras: seconds with a fraction */
    AIGWI_WINDOW(TOKENS, "x-ratelimit", "-tokens-minute"),      /* and Mistral */
    AIGWI_WINDOW(REQUESTS, "x-ratelimit", "-requests-hour"),
    AIGWI_WINDOW(TOKENS, "x-ratelimit", "-tokens-hour"),
    AIGWI_WINDOW(REQUESTS, "x-ratelimit", "-requests-day"),
    AIGWI_WINDOW(TOKENS, "x-ratelimit", "-tokens-day"),
    AIGWI_WINDOW(TOKENS, "x-ratelimit", "-tokens-month"),
    AIGWI_WINDOW_OF(TOKENS, "x-tokenlimit"),                    /* Together */
    AIGWI_WINDOW_OF(REQUESTS, "x-ratelimit"),                   /* Together (s), OpenRouter (epoch in ms), DigitalOcean (epoch) */
    AIGWI_WINDOW_OF(REQUESTS, "ratelimit"),                     /* the IETF's draft */
    { AIGWI_LIMIT_REQUESTS, AIGWI_BARE_S, "x-trial-endpoint-call-limit", "x-trial-endpoint-call-remaining", "", "" },   /* Cohere */
    { AIGWI_LIMIT_REQUESTS, AIGWI_BARE_S, "x-endpoint-monthly-call-limit", "", "", "" },
};
#undef AIGWI_WINDOW
#undef AIGWI_WINDOW_OF
enum { AIGWI_WINDOWS = sizeof aigwi_dialect_windows / sizeof *aigwi_dialect_windows, AIGWI_WINDOWS_OPENAI = 2, AIGWI_WINDOWS_ANTHROPIC = 4 };

static aigw_limit *aigwi_dialect_limit(aigw_limits *l, int what) {
    return what == AIGWI_LIMIT_REQUESTS ? &l->requests : what == AIGWI_LIMIT_TOKENS ? &l->tokens : what == AIGWI_LIMIT_INPUT ? &l->input_tokens : &l->output_tokens;
}
static int64_t aigwi_dialect_counter(const aigw_head *head, const char *name) {
    int64_t v;
    return *name && aigw_base_int(aigw_base_header(head, aigw_base_str(name)), &v) && v >= 0 ? v : -1;
}
static int64_t aigwi_dialect_window_reset(aigw_now now, const aigw_head *head, const aigwi_dialect_window *w) {
    aigw_str v = *w->reset ? aigw_base_header(head, aigw_base_str(w->reset)) : aigwi_dialect_slice("", 0);
    int64_t ms;
    if (w->bare == AIGWI_BARE_MS && aigw_base_int(v, &ms) && ms >= 0) return ms;
    return v.n ? aigwi_dialect_reset_ms(now, v) : -1;
}
/* Which rows can apply: bit by row. One pass over the head, which mostly holds nothing of the kind. */
static uint32_t aigwi_dialect_windows_in(const aigw_head *head) {
    static const aigw_str word = AIGW_STR("limit");
    uint32_t rows = 0;
    size_t i, r;
    for (i = 0; head && i < head->n; i++) {
        const aigw_str name = head->headers[i].name;
        if (name.n < 9 || aigwi_dialect_find_word(name, word) == name.n) continue;
        for (r = 0; r < AIGWI_WINDOWS; r++) {
            const aigwi_dialect_window *w = &aigwi_dialect_windows[r];
            if (aigw_base_eq_nocase(name, aigw_base_str(w->limit)) || aigw_base_eq_nocase(name, aigw_base_str(w->remaining)) ||
                aigw_base_eq_nocase(name, aigw_base_str(w->reset))) rows |= (uint32_t)1 << r;
        }
    }
    for (r = 0; r < AIGWI_WINDOWS; r++)
        if ((rows >> r & 1) && *aigwi_dialect_windows[r].beside && !aigw_base_header(head, aigw_base_str(aigwi_dialect_windows[r].beside)).p) rows &= ~((uint32_t)1 << r);
    return rows & ~((rows & 3u) << AIGWI_WINDOWS_OPENAI);      /* Azure's: the same names, read once */
}

/* A unit in words: ms of one; 0 when it is none. */
static int64_t aigwi_dialect_unit_ms(aigw_str word) {
    static const struct { aigw_str word; int64_t ms; } units[] = {
        { AIGW_STR("millisecond"), 1 }, { AIGW_STR("second"), 1000 }, { AIGW_STR("sec"), 1000 }, { AIGW_STR("minute"), 60000 }, { AIGW_STR("min"), 60000 },
        { AIGW_STR("hour"), 3600000 }, { AIGW_STR("day"), 86400000 } };
    size_t i;
    if (word.n > 1 && word.p[word.n - 1] == 's') word.n--;
    for (i = 0; i < sizeof units / sizeof *units; i++)
        if (aigw_base_eq(units[i].word, word)) return units[i].ms;
    return 0;
}
/* "... try again in 6m0s." -> 360000, "retry after 26 seconds" -> 26000; -1 when the message does not say. */
static int64_t aigwi_dialect_hint_text(aigw_str message) {
    static const aigw_str words[] = { AIGW_STR("try again in "), AIGW_STR("retry in "), AIGW_STR("retry after "), AIGW_STR("try again after ") };
    size_t w, i, from, k;
    int64_t unit, micro;
    for (w = 0; w < 4; w++) {
        from = aigwi_dialect_find_word(message, words[w]);
        if (from >= message.n) continue;
        from += words[w].n;
        for (i = from; i < message.n && ((message.p[i] >= '0' && message.p[i] <= '9') || (message.p[i] >= 'a' && message.p[i] <= 'z') ||
                                         message.p[i] == '.'); i++) {}
        while (i > from && message.p[i - 1] == '.') i--;
        if (i == from || message.p[from] < '0' || message.p[from] > '9') continue;
        if (message.p[i - 1] >= 'a') return aigw_base_duration_ms(aigwi_dialect_slice(message.p + from, i - from));
        for (k = i + 1; k < message.n && message.p[k] >= 'a' && message.p[k] <= 'z'; k++) {}
        unit = i < message.n && message.p[i] == ' ' ? aigwi_dialect_unit_ms(aigwi_dialect_slice(message.p + i + 1, k - i - 1)) : 0;
        if (unit && aigw_base_micro(aigwi_dialect_slice(message.p + from, i - from), &micro) && micro < INT64_MAX / unit) return micro * unit / 1000000;
    }
    return -1;
}

/* How long until all that is used up comes back; -1: nothing is, or nobody says. */
static int64_t aigwi_dialect_exhausted(aigw_now now, const aigw_head *head) {
    uint32_t rows = aigwi_dialect_windows_in(head);
    int64_t most = -1, ms;
    size_t r;
    for (r = 0; r < AIGWI_WINDOWS; r++) {
        const aigwi_dialect_window *w = &aigwi_dialect_windows[r];
        if (!(rows >> r & 1) || aigwi_dialect_counter(head, w->remaining) != 0) continue;
        ms = aigwi_dialect_window_reset(now, head, w);
        if (ms > most) most = ms;
    }
    return most;
}

/* What the head of any answer says: `retry-after-ms`, then `retry-after` in any form; -1: nothing. */
static int64_t aigwi_dialect_retry_after(aigw_now now, const aigw_head *head) {
    static const aigw_str after_ms = AIGW_STR("retry-after-ms"), after = AIGW_STR("retry-after");
    int64_t micro;
    aigw_str v = aigw_base_header(head, after_ms);
    if (v.n && aigw_base_micro(v, &micro) && micro >= 0) return micro / 1000000;
    v = aigw_base_header(head, after);
    return v.n ? aigwi_dialect_reset_ms(now, v) : -1;
}

/* How long to wait, in the order of wire-formats 1.5 (retry_after_ms may already hold what the body said), and
   whether to retry at all (x-should-retry). */
AIGWI_SHARED void aigwi_dialect_hints(aigw_now now, const aigw_head *head, aigw_error *err) {
    static const aigw_str should = AIGW_STR("x-should-retry"), no = AIGW_STR("false");
    int64_t ms = head ? aigwi_dialect_retry_after(now, head) : -1;
    if (ms < 0) ms = err->retry_after_ms;
    if (ms < 0 && head && err->kind == AIGW_KIND_RATE_LIMIT) ms = aigwi_dialect_exhausted(now, head);
    if (head && aigw_base_eq(aigw_base_header(head, should), no) && err->retry == AIGW_RETRY_WAIT) err->retry = AIGW_RETRY_OTHER;
    if (ms < 0 && aigw_model_kind_retry(err->kind) == AIGW_RETRY_WAIT) ms = aigwi_dialect_hint_text(err->message);
    err->retry_after_ms = ms;
}

/* limits_decode of every dialect: the headers tell whose they are. */
AIGWI_SHARED void aigwi_dialect_limits_decode(aigw_now now, const aigw_head *head, aigw_limits *limits) {
    static const aigw_limit unknown = { -1, -1, -1 };
    uint32_t rows = aigwi_dialect_windows_in(head);
    size_t r;
    limits->requests = limits->tokens = limits->input_tokens = limits->output_tokens = unknown;
    limits->retry_after_ms = aigwi_dialect_retry_after(now, head);
    for (r = 0; r < AIGWI_WINDOWS; r++) {
        const aigwi_dialect_window *w = &aigwi_dialect_windows[r];
        aigw_limit *l = aigwi_dialect_limit(limits, w->what);
        if (!(rows >> r & 1) || l->limit >= 0 || l->remaining >= 0 || l->reset_ms >= 0) continue;
        l->limit = aigwi_dialect_counter(head, w->limit);
        l->remaining = aigwi_dialect_counter(head, w->remaining);
        l->reset_ms = aigwi_dialect_window_reset(now, head, w);
    }
}

static const aigw_str aigwi_dialect_key_marks[] = { AIGW_STR("sk-"), AIGW_STR("sk_"), AIGW_STR("AIza"), AIGW_STR("gsk_"), AIGW_STR("xai-"),
    AIGW_STR("pplx-"), AIGW_STR("csk-"), AIGW_STR("fw_"), AIGW_STR("tgp_"), AIGW_STR("hf_"), AIGW_STR("AKIA"), AIGW_STR("ASIA"), AIGW_STR("ya29."), AIGW_STR("eyJ") };

AIGWI_SHARED int aigwi_dialect_key_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*' || c == '.';
}

/* Keys without a mark of their own (Mistral, Azure): a long word with digits right behind the word "key". */
static size_t aigwi_dialect_key_after(aigw_str s, size_t at) {
    static const aigw_str word = AIGW_STR("key");
    size_t before = at < 20 ? at : 20, n = 0, digits = 0;
    aigw_str near = aigwi_dialect_slice(s.p + at - before, before);
    if (aigwi_dialect_find_word(near, word) == near.n) return 0;
    for (; at + n < s.n && aigwi_dialect_key_byte(s.p[at + n]); n++) digits += s.p[at + n] >= '0' && s.p[at + n] <= '9';
    while (n && s.p[at + n - 1] == '.') n--;
    return n >= 20 && digits >= 2 ? n : 0;
}

/* Length of the key-like word at s.p[at], 0 when there is none. */
AIGWI_SHARED size_t aigwi_dialect_key_at(aigw_str s, size_t at) {
    size_t i, n;
    if (at && aigwi_dialect_key_byte(s.p[at - 1]) && s.p[at - 1] != '.') return 0;
    for (i = 0; i < sizeof aigwi_dialect_key_marks / sizeof *aigwi_dialect_key_marks; i++) {
        aigw_str mark = aigwi_dialect_key_marks[i];
        if (s.n - at < mark.n || memcmp(s.p + at, mark.p, mark.n)) continue;
        for (n = mark.n; at + n < s.n && aigwi_dialect_key_byte(s.p[at + n]); n++) {}
        while (n > mark.n && s.p[at + n - 1] == '.') n--;
        if (n >= mark.n + 8) return n;
    }
    return aigwi_dialect_key_after(s, at);
}

/* A provider's message, decoded, with what looks like a key as "sk-...last4". Without memory: a sentence that says
   so. */
AIGWI_SHARED aigw_str aigwi_dialect_redact(aigw_text message, aigw_arena *mem) {
    static const aigw_str none = AIGW_STR("(the provider's message did not fit in memory)");
    aigw_str s;
    size_t i, n = 0, k;
    char *p;
    if (!aigwi_dialect_plain(message, mem, &s)) return none;
    for (i = 0; i < s.n && !aigwi_dialect_key_at(s, i); i++) {}
    if (i == s.n) return s;
    p = (char *)aigw_base_take(mem, s.n, 1, 1);             /* a replaced key is never longer */
    if (!p) return none;
    for (i = 0; i < s.n; ) {
        k = aigwi_dialect_key_at(s, i);
        if (!k) {
            p[n++] = s.p[i++];
            continue;
        }
        memcpy(p + n, s.p + i, 3);
        memcpy(p + n + 3, "...", 3);
        memcpy(p + n + 6, s.p + i + k - 4, 4);
        n += 10;
        i += k;
    }
    return aigwi_dialect_slice(p, n);
}

/* Our own word for an error of the gateway, in the place where a dialect has a code; "" for kinds that providers have
   words for. */
AIGWI_SHARED const char *aigwi_dialect_error_word(int kind) {
    switch (kind) {
    case AIGW_KIND_CONNECT: case AIGW_KIND_TLS: case AIGW_KIND_DNS: return "upstream_unreachable";
    case AIGW_KIND_BAD_RESPONSE: return "upstream_bad_response";
    case AIGW_KIND_TRUNCATED: return "upstream_truncated";
    case AIGW_KIND_BUDGET: return "budget_exceeded";
    case AIGW_KIND_BUSY: return "gateway_busy";
    case AIGW_KIND_CIRCUIT_OPEN: return "no_healthy_target";
    case AIGW_KIND_INTERNAL: return "internal_error";
    case AIGW_KIND_NO_ROUTE: return "model_not_found";
    }
    return "";
}

/* Message and advice as one string value: "message. advice". */
AIGWI_SHARED void aigwi_dialect_put_message(aigw_out *out, const aigw_error *err) {
    aigw_json_open_str(out);
    aigw_json_part(out, aigwi_dialect_text(err->message, AIGW_TEXT_PLAIN));
    if (err->message.n && err->advice.n) {
        unsigned char c = (unsigned char)err->message.p[err->message.n - 1];
        if (c != '.' && c != '!' && c != '?' && c != ':' && c < 0x80) aigw_base_put_byte(out, '.');   /* beyond ASCII: perhaps a stop of its own */
        aigw_base_put_byte(out, ' ');
    }
    aigw_json_part(out, aigwi_dialect_text(err->advice, AIGW_TEXT_PLAIN));
    aigw_json_close_str(out);
}

AIGWI_SHARED aigw_str aigwi_dialect_int_str(aigw_arena *mem, int64_t v) {
    char *p = (char *)aigw_base_take(mem, 24, 1, 1);
    aigw_out out;
    aigw_base_out_init(&out, p, p ? 24 : 0, NULL, 0);
    aigw_base_put_int(&out, v);
    return aigwi_dialect_slice(p, p ? out.buf.n : 0);
}

/* limits_encode of the dialects that have headers for them: the window rows [first, first + n). Resets as Go durations,
   or as dates; these need the wall clock, and are left out without it. AIGW_OK or AIGW_E_NOMEM. */
AIGWI_SHARED int aigwi_dialect_limits_put(aigw_now now, const aigw_limits *limits, int first, int n, int dates, aigw_arena *mem, aigw_head *head) {
    aigw_limits all = *limits;
    int i, r = AIGW_OK;
    if (n < 4 && all.tokens.limit < 0 && all.tokens.remaining < 0) all.tokens = all.input_tokens;   /* no place for both */
    for (i = first; i < first + n && !r; i++) {
        const aigwi_dialect_window *w = &aigwi_dialect_windows[i];
        const aigw_limit *l = aigwi_dialect_limit(&all, w->what);
        aigw_out out;
        char *p;
        if (l->limit >= 0) r = aigw_base_header_put(head, aigw_base_str(w->limit), aigwi_dialect_int_str(mem, l->limit));
        if (!r && l->remaining >= 0) r = aigw_base_header_put(head, aigw_base_str(w->remaining), aigwi_dialect_int_str(mem, l->remaining));
        if (r || l->reset_ms < 0 || (dates && !now.wall_s)) continue;
        p = (char *)aigw_base_take(mem, 40, 1, 1);
        aigw_base_out_init(&out, p, p ? 40 : 0, NULL, 0);
        if (dates) aigw_base_put_date(&out, now.wall_s + l->reset_ms / 1000 + (l->reset_ms % 1000 != 0));
        else aigw_base_put_duration(&out, l->reset_ms);
        r = p ? aigw_base_header_put(head, aigw_base_str(w->reset), aigwi_dialect_slice(p, out.buf.n)) : (int)AIGW_E_NOMEM;
    }
    return r;
}

/* What every dialect's error answer carries: status, content-type, retry hints (ms and whole seconds, rounded up),
   x-should-retry. AIGW_OK or AIGW_E_NOMEM. */
AIGWI_SHARED int aigwi_dialect_error_head(const aigw_error *err, aigw_arena *mem, aigw_head *head) {
    static const aigw_str type = AIGW_STR("content-type"), json = AIGW_STR("application/json"), after_ms = AIGW_STR("retry-after-ms"),
                          after = AIGW_STR("retry-after"), should = AIGW_STR("x-should-retry"), no = AIGW_STR("false");
    int r = aigw_base_header_put(head, type, json);
    head->status = aigw_model_kind_status(err->kind);
    if (!r && err->retry_after_ms >= 0) r = aigw_base_header_put(head, after_ms, aigwi_dialect_int_str(mem, err->retry_after_ms));
    if (!r && err->retry_after_ms >= 0) r = aigw_base_header_put(head, after, aigwi_dialect_int_str(mem, err->retry_after_ms / 1000 + (err->retry_after_ms % 1000 != 0)));
    if (!r && err->retry != AIGW_RETRY_WAIT) r = aigw_base_header_put(head, should, no);
    return r;
}

static aigw_str aigwi_dialect_join(aigw_arena *mem, size_t room, aigw_out *out) {
    char *p = (char *)aigw_base_take(mem, room, 1, 1);
    aigw_base_out_init(out, p, p ? room : 0, NULL, 0);
    return aigwi_dialect_slice(p, 0);
}

AIGW_API void aigw_dialect_fault(const aigw_fault *fault, aigw_arena *mem, aigw_error *err) {
    size_t path = strlen(fault->path), text = fault->text ? strlen(fault->text) : 0;
    aigw_out out;
    aigw_str s = aigwi_dialect_join(mem, path + text + 40, &out);
    aigw_dialect_error(err, fault->code == AIGW_E_NOMEM ? AIGW_KIND_TOO_LARGE : AIGW_KIND_INVALID_REQUEST, fault->text ? fault->text : "bad request", "");
    if (!s.p) return;
    if (path) {
        aigw_base_put_lit(&out, fault->path);
        aigw_base_put_lit(&out, ": ");
        err->param = aigwi_dialect_slice(s.p, path);
    }
    aigw_base_put_lit(&out, fault->text ? fault->text : "bad request");
    aigw_base_put_lit(&out, " (at byte ");
    aigw_base_put_int(&out, (int64_t)fault->at);
    aigw_base_put_lit(&out, ")");
    err->message = aigwi_dialect_slice(s.p, out.buf.n);
}

AIGW_API void aigw_dialect_refusal(const aigw_loss *loss, const aigw_target *to, aigw_arena *mem, aigw_error *err) {
    const aigw_loss_item *item = NULL;
    aigw_out out;
    aigw_str s;
    size_t i, path;
    for (i = 0; i < loss->n && !item; i++)
        if (loss->items[i].action == AIGW_LOSS_REFUSED) item = &loss->items[i];
    aigw_dialect_error(err, AIGW_KIND_INVALID_REQUEST, "this request cannot be expressed for the model that was chosen", "Use a model that has what is missing.");
    if (!item) return;
    path = strlen(item->path);
    s = aigwi_dialect_join(mem, path + strlen(item->reason) + to->name.n + to->provider.n + 40, &out);
    if (!s.p) return;
    aigw_base_put_lit(&out, item->path);
    aigw_base_put_lit(&out, path ? ": " : "");
    aigw_base_put_lit(&out, item->reason);
    aigw_base_put_lit(&out, " (model ");
    aigw_base_put(&out, to->name.n ? to->name : to->id);
    aigw_base_put_lit(&out, to->provider.n ? " at " : "");
    aigw_base_put(&out, to->provider);
    aigw_base_put_lit(&out, ").");
    err->message = aigwi_dialect_slice(s.p, out.buf.n);
    err->param = aigwi_dialect_slice(s.p, path);
    err->retry = AIGW_RETRY_OTHER;                          /* another target may be able to */
    if (loss->strict) err->advice = aigw_base_str("Leave the field out, use a model that has it, or drop the strict flag.");
}

AIGW_API int aigw_dialect_sign(const aigw_dialect *d, aigw_str key, aigw_arena *mem, aigw_head *head) {
    aigw_out out;
    aigw_str s;
    size_t i;
    for (i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] <= 32 || (unsigned char)key.p[i] >= 127) return AIGW_E_VALUE;
    s = aigwi_dialect_join(mem, d->auth_prefix.n + key.n, &out);
    if (!s.p) return AIGW_E_NOMEM;
    aigw_base_put(&out, d->auth_prefix);
    aigw_base_put(&out, key);
    return aigw_base_header_put(head, d->auth_header, aigwi_dialect_slice(s.p, out.buf.n));
}

/* ---- edits in place */

typedef struct { const char *member; aigw_str json; } aigwi_dialect_edit;

/* Copy the object `body` with the given top-level members replaced where they stand, or appended where they were not
   there. The body was read before, so that it is valid. AIGW_OK, or AIGW_E_SYNTAX when it is not an object. */
AIGWI_SHARED int aigwi_dialect_splice(aigw_str body, const aigwi_dialect_edit *edits, size_t n, aigw_out *out) {
    aigw_json j;
    aigw_str raw;
    size_t last = 0, members = 0, i, end;
    uint32_t done = 0;
    aigw_json_init(&j, body);
    for (aigw_json_object(&j); aigw_json_member(&j); members++) {
        for (i = 0; i < n && !aigw_base_eq(j.key, aigw_base_str(edits[i].member)); i++) {}
        if (!aigw_json_raw(&j, &raw) || i == n) continue;
        aigw_base_ref(out, aigwi_dialect_slice(body.p + last, (size_t)(raw.p - body.p) - last));
        aigw_base_ref(out, edits[i].json);
        last = (size_t)(raw.p - body.p) + raw.n;
        done |= (uint32_t)1 << i;
    }
    end = (size_t)(j.at - body.p);
    if (j.err || !end) return AIGW_E_SYNTAX;
    aigw_base_ref(out, aigwi_dialect_slice(body.p + last, end - 1 - last));
    for (i = 0; i < n; i++) {
        if (done >> i & 1) continue;
        if (members++) aigw_base_put_byte(out, ',');
        aigw_base_put_byte(out, '"');
        aigw_base_put_lit(out, edits[i].member);
        aigw_base_put_lit(out, "\":");
        aigw_base_ref(out, edits[i].json);
    }
    aigw_base_put_byte(out, '}');
    return AIGW_OK;
}

/* ---- schemas */

enum { AIGWI_SCHEMA_TYPE = 0, AIGWI_SCHEMA_NULLABLE, AIGWI_SCHEMA_ENUM, AIGWI_SCHEMA_ANY_OF, AIGWI_SCHEMA_PROPERTIES, AIGWI_SCHEMA_DEFS, AIGWI_SCHEMA_REF,
       AIGWI_SCHEMA_ITEMS, AIGWI_SCHEMA_ADDITIONAL, AIGWI_SCHEMA_ORDERING, AIGWI_SCHEMA_EXAMPLE, AIGWI_SCHEMA_DEFS2, AIGWI_SCHEMA_ONE_OF, AIGWI_SCHEMA_ALL_OF,
       AIGWI_SCHEMA_PREFIX, AIGWI_SCHEMA_NOT, AIGWI_SCHEMA_MIN_ITEMS, AIGWI_SCHEMA_MAX_ITEMS, AIGWI_SCHEMA_MIN_LENGTH, AIGWI_SCHEMA_MAX_LENGTH,
       AIGWI_SCHEMA_MIN_PROPERTIES, AIGWI_SCHEMA_MAX_PROPERTIES, AIGWI_SCHEMA_WORDS };
static const aigw_str aigwi_dialect_schema_words[] = {          /* ai.google.dev "Schema", wire-formats 7.2, read 2026-11-21 */
    AIGW_STR("type"), AIGW_STR("nullable"), AIGW_STR("enum"), AIGW_STR("anyOf"), AIGW_STR("properties"), AIGW_STR("defs"), AIGW_STR("ref"),
    AIGW_STR("items"), AIGW_STR("additionalProperties"), AIGW_STR("propertyOrdering"), AIGW_STR("example"), AIGW_STR("$defs"), AIGW_STR("oneOf"), AIGW_STR("allOf"),
    AIGW_STR("prefixItems"), AIGW_STR("not"), AIGW_STR("minItems"), AIGW_STR("maxItems"), AIGW_STR("minLength"), AIGW_STR("maxLength"),
    AIGW_STR("minProperties"), AIGW_STR("maxProperties")
};

static void aigwi_dialect_schema_type(aigw_json *j, aigw_out *out) {
    aigw_text t;
    size_t i;
    if (aigw_json_kind(j) != AIGW_JSON_STRING) {               /* not the subset's own form; it is JSON Schema's then */
        aigw_str raw;
        if (aigw_json_raw(j, &raw)) aigw_json_put_raw(out, raw);
        return;
    }
    if (!aigw_json_text(j, &t)) return;
    aigw_json_open_str(out);
    for (i = 0; i < t.n; i++) aigw_base_put_byte(out, t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] + 32) : t.p[i]);
    aigw_json_close_str(out);
}

/* Does the schema object that j (a copy) stands at say nullable:true? */
static int aigwi_dialect_schema_nullable(aigw_json j) {
    int f, on = 0;
    for (aigw_json_object(&j); (f = aigw_json_field(&j, aigwi_dialect_schema_words, AIGWI_SCHEMA_WORDS, NULL)) >= 0; ) {
        if (f == AIGWI_SCHEMA_NULLABLE && aigw_json_kind(&j) != AIGW_JSON_NULL) aigw_json_bool(&j, &on);
        else aigw_json_skip(&j);
    }
    return !j.err && on;
}

/* A member of a schema that holds no schema. */
static void aigwi_dialect_schema_member(aigw_json *j, aigw_out *out, int f, int nullable) {
    aigw_text t;
    aigw_str raw;
    if (f == AIGWI_SCHEMA_NULLABLE || f == AIGWI_SCHEMA_ORDERING || aigw_json_kind(j) == AIGW_JSON_NULL) {     /* said by type; by the order itself */
        aigw_json_skip(j);
    } else if (f == AIGWI_SCHEMA_TYPE) {
        aigw_json_key(out, "type");
        if (nullable) aigw_json_open(out, '[');
        aigwi_dialect_schema_type(j, out);
        if (nullable) aigw_json_put_str(out, aigwi_dialect_slice("null", 4));
        if (nullable) aigw_json_close(out, ']');
    } else if (f == AIGWI_SCHEMA_ENUM && aigw_json_kind(j) == AIGW_JSON_ARRAY) {
        aigw_json_key(out, "enum");
        aigw_json_open(out, '[');
        for (aigw_json_array(j); aigw_json_item(j) && aigw_json_raw(j, &raw); ) aigw_json_put_raw(out, raw);
        if (nullable) aigw_json_put_null(out);
        aigw_json_close(out, ']');
    } else if (f == AIGWI_SCHEMA_REF && aigw_json_text(j, &t)) {
        aigw_json_key(out, "$ref");
        aigw_json_open_str(out);
        if (t.n > 7 && !memcmp(t.p, "#/defs/", 7)) {
            aigw_base_put_lit(out, "#/$defs/");
            t.p += 7;
            t.n -= 7;
        }
        aigw_json_part(out, t);
        aigw_json_close_str(out);
    } else if (f == AIGWI_SCHEMA_EXAMPLE && aigw_json_raw(j, &raw)) {
        aigw_json_key(out, "examples");
        aigw_json_open(out, '[');
        aigw_json_put_raw(out, raw);
        aigw_json_close(out, ']');
    } else if (f >= AIGWI_SCHEMA_MIN_ITEMS && f < AIGWI_SCHEMA_WORDS && aigw_json_kind(j) == AIGW_JSON_STRING && aigw_json_text(j, &t)) {
        aigw_json_key_str(out, aigwi_dialect_schema_words[f]);
        aigw_json_put_raw(out, aigwi_dialect_slice(t.p, t.n));
    } else {
        aigw_str name = j->key;
        if (f < AIGWI_SCHEMA_WORDS) name = aigwi_dialect_schema_words[f];
        aigw_json_key_str(out, name);
        if (aigw_json_raw(j, &raw)) aigw_json_put_raw(out, raw);
    }
}

/* A schema as JSON Schema. Without `openapi` it is one and is copied; with it, Gemini's OpenAPI subset is rewritten:
   types in lower case, nullable as a type (and enum value, and anyOf branch) null, defs and ref with their $, numbers
   in strings as numbers; propertyOrdering goes (the order of members says it). `raw` is one valid JSON value.
   Iterative: one byte per level. */
AIGWI_SHARED void aigwi_dialect_put_schema(aigw_out *out, aigw_str raw, int openapi) {
    enum { SCHEMA = 1, MAP = 2, LIST = 4, ANY_OF = 8, NULLABLE = 16 };
    static const aigw_str word = AIGW_STR("nullable"), null_type = AIGW_STR("{\"type\":\"null\"}");
    uint8_t level[AIGW_JSON_DEPTH + 1];
    int d = 0, f, enter, look = openapi && aigw_base_find(raw, word, 0) < raw.n;
    aigw_json j;
    aigw_json_init(&j, raw);
    j.loose = 1;
    if (!openapi || aigw_json_kind(&j) != AIGW_JSON_OBJECT) {
        aigw_json_put_raw(out, raw);
        return;
    }
    for (enter = SCHEMA; ; ) {
        if (enter) {
            if (enter == SCHEMA && look && aigwi_dialect_schema_nullable(j)) enter |= NULLABLE;
            level[d++] = (uint8_t)enter;
            aigw_json_open(out, enter & LIST ? '[' : '{');
            if (enter & LIST) aigw_json_array(&j);
            else aigw_json_object(&j);
            enter = 0;
        }
        if (!(level[d - 1] & LIST ? aigw_json_item(&j) : aigw_json_member(&j))) {
            int l = level[--d];
            if ((l & ANY_OF) && d && (level[d - 1] & NULLABLE)) aigw_json_put_raw(out, null_type);
            aigw_json_close(out, l & LIST ? ']' : '}');
            if (!d) return;
            continue;
        }
        if (level[d - 1] & (LIST | MAP)) {
            aigw_str one;
            if (level[d - 1] & MAP) aigw_json_key_str(out, j.key);
            if (aigw_json_kind(&j) == AIGW_JSON_OBJECT) enter = SCHEMA;
            else if (aigw_json_raw(&j, &one)) aigw_json_put_raw(out, one);
            continue;
        }
        for (f = 0; f < AIGWI_SCHEMA_WORDS && !aigw_base_eq(j.key, aigwi_dialect_schema_words[f]) && !aigwi_json_snake(j.key, aigwi_dialect_schema_words[f]); f++) {}
        switch (f) {
        case AIGWI_SCHEMA_PROPERTIES: case AIGWI_SCHEMA_DEFS: case AIGWI_SCHEMA_DEFS2: enter = aigw_json_kind(&j) == AIGW_JSON_OBJECT ? MAP : 0; break;
        case AIGWI_SCHEMA_ITEMS: case AIGWI_SCHEMA_ADDITIONAL: case AIGWI_SCHEMA_NOT: enter = aigw_json_kind(&j) == AIGW_JSON_OBJECT ? SCHEMA : 0; break;
        case AIGWI_SCHEMA_ANY_OF: enter = aigw_json_kind(&j) == AIGW_JSON_ARRAY ? LIST | ANY_OF : 0; break;
        case AIGWI_SCHEMA_ONE_OF: case AIGWI_SCHEMA_ALL_OF: case AIGWI_SCHEMA_PREFIX: enter = aigw_json_kind(&j) == AIGW_JSON_ARRAY ? LIST : 0; break;
        }
        if (enter) aigw_json_key_str(out, f == AIGWI_SCHEMA_DEFS ? aigwi_dialect_schema_words[AIGWI_SCHEMA_DEFS2] : aigwi_dialect_schema_words[f]);
        else aigwi_dialect_schema_member(&j, out, f, level[d - 1] & NULLABLE);
    }
}

/* ---- reading a request */

AIGWI_SHARED int aigwi_dialect_is(aigw_str s, const char *word) {
    return aigw_base_eq(s, aigw_base_str(word));
}
AIGWI_SHARED aigw_str aigwi_dialect_span(const char *p, const char *end) {
    return aigwi_dialect_slice(p, (size_t)(end - p));
}
AIGWI_SHARED aigw_str aigwi_dialect_path(const aigw_head *head) {
    aigw_str path = head->target;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '?' || path.p[i] == '#') path.n = i;
    return path;
}
AIGWI_SHARED int aigwi_dialect_ends(aigw_str s, const char *tail) {
    size_t n = strlen(tail);
    return s.n >= n && !memcmp(s.p + s.n - n, tail, n);
}
AIGWI_SHARED int aigwi_dialect_begins(aigw_str s, const char *head) {
    size_t n = strlen(head);
    return s.n >= n && !memcmp(s.p, head, n);
}

/* What the readers of all dialects carry. */
typedef struct {
    aigw_json   j;
    aigw_arena *mem;
    aigw_req   *req;
    unsigned    calls, results;        /* calls and results without an id so far: the n-th result answers the n-th call */
    aigw_part   none;                  /* stands in for a part that found no memory */
} aigwi_dialect_reader;
/* Parts being listed; `tail` points into the struct or a part, so it must not be copied. */
typedef struct { aigw_part *head, **tail; } aigwi_dialect_list;

AIGWI_SHARED void aigwi_dialect_nomem(aigwi_dialect_reader *r) {
    aigw_json_fail(&r->j, AIGW_E_NOMEM, aigw_json_at(&r->j), "no memory for this request");
}
AIGWI_SHARED aigw_part *aigwi_dialect_add(aigwi_dialect_reader *r, aigwi_dialect_list *l, int kind, size_t at) {
    aigw_part *p = aigwi_dialect_add_part(r->mem, l->tail, kind, at);
    if (p) {
        l->tail = &p->next;
        return p;
    }
    aigwi_dialect_nomem(r);
    memset(&r->none, 0, sizeof r->none);
    return &r->none;
}
AIGWI_SHARED void aigwi_dialect_raw(aigwi_dialect_reader *r) {
    aigwi_dialect_add_raw(r->mem, r->req, &r->j);
}
/* The next member that is not null: its number, `count` when unknown, -1 at the end. Nulls say the same as nothing. */
AIGWI_SHARED int aigwi_dialect_field(aigwi_dialect_reader *r, const aigw_str *names, int count, uint64_t *seen) {
    int f;
    do f = aigw_json_field(&r->j, names, count, seen); while (f >= 0 && aigw_json_null(&r->j));
    return f;
}
/* The string member `name` of the object that is next, without taking anything; empty when it is not there. As it
   stands. */
AIGWI_SHARED aigw_str aigwi_dialect_peek(const aigw_json *at, const char *name) {
    aigw_json j = *at;
    aigw_text t;
    if (aigw_json_kind(&j) == AIGW_JSON_OBJECT && aigw_json_object(&j))
        for (; aigw_json_member(&j); aigw_json_skip(&j))
            if (aigwi_dialect_is(j.key, name) && aigw_json_kind(&j) == AIGW_JSON_STRING && aigw_json_text(&j, &t))
                return aigwi_dialect_span(t.p, t.p + t.n);
    return aigw_base_str(NULL);
}
/* Stop strings: one, or a list. */
AIGWI_SHARED void aigwi_dialect_stop_in(aigwi_dialect_reader *r) {
    aigw_json *j = &r->j;
    aigw_item **tail = &r->req->stop;
    int list = aigw_json_kind(j) == AIGW_JSON_ARRAY;
    r->req->stop_at = aigw_json_at(j);
    if (list) aigw_json_array(j);
    while (!list || aigw_json_item(j)) {
        size_t at = aigw_json_at(j);
        aigw_text t = aigwi_dialect_text(aigw_base_str(NULL), AIGW_TEXT_PLAIN);
        if (!aigw_json_text(j, &t)) return;
        aigw_item *i = aigwi_dialect_add_item(r->mem, tail, t, at);
        if (!i) {
            aigwi_dialect_nomem(r);
            return;
        }
        tail = &i->next;
        if (!list) return;
    }
}

/* ---- writing a request */

typedef struct {
    const aigw_req    *req;
    const aigw_target *to;
    aigw_arena        *mem;
    aigw_out          *out;
    aigw_loss         *loss;
    int                err;           /* AIGW_E_REFUSED once something was; the report goes on */
} aigwi_dialect_writer;

AIGWI_SHARED void aigwi_dialect_lose(aigwi_dialect_writer *w, size_t at, const char *tail, int action, const char *reason) {
    int r = aigw_model_loss_at(w->loss, at, tail, action, reason);
    if (r < 0 && !w->err) w->err = r;
}
AIGWI_SHARED void aigwi_dialect_refuse(aigwi_dialect_writer *w, size_t at, const char *reason) {
    aigwi_dialect_lose(w, at, "", AIGW_LOSS_REFUSED, reason);
}
AIGWI_SHARED void aigwi_dialect_drop(aigwi_dialect_writer *w, size_t at, const char *reason) {
    aigwi_dialect_lose(w, at, "", AIGW_LOSS_DROPPED, reason);
}
AIGWI_SHARED int aigwi_dialect_lacks(const aigwi_dialect_writer *w, uint32_t can) {
    return w->to && (w->to->no & can) != 0;
}
AIGWI_SHARED void aigwi_dialect_member(aigw_out *o, const char *name, const char *word) {
    aigw_json_key(o, name);
    aigw_json_put_str(o, aigw_base_str(word));
}
AIGWI_SHARED void aigwi_dialect_member_str(aigw_out *o, const char *name, aigw_str s) {
    aigw_json_key(o, name);
    aigw_json_put_str(o, s);
}
AIGWI_SHARED void aigwi_dialect_member_text(aigw_out *o, const char *name, aigw_text t) {
    aigw_json_key(o, name);
    aigw_json_put_text(o, t);
}

/* ==== >>dialect.family ============================================================================================= */
/* Providers' accents as rows, and the one reader of those rows: dialects ask it while they write a request, and give it
   a client's own body to edit. Knows no dialect's names but as words in rows. Truth: wire-formats sections 8, 9, 13, 14,
   16 to 25, recorded requests in wire/, and what is named beside a row; read 2026-11-28. */

/* What only OpenAI has; others refuse it, or worse, do not look at it. */
static const char aigwi_family_not_openai[] =
    "store- modalities- audio- moderation- prompt_cache_options- prompt_cache_retention- verbosity- safety_identifier- web_search_options- "
    "stream_options.include_obfuscation- messages.reasoning_details- messages.refusal- messages.annotations- messages.audio- "
    "messages.content.prompt_cache_breakpoint- messages.content.cache_control- messages.role:developer=system ";
#define AIGWI_FAMILY_OPENAI { aigwi_family_not_openai, sizeof aigwi_family_not_openai - 1 }
#define AIGWI_FAMILY_NINE   "messages.tool_call_id@9 messages.tool_calls.id@9 "
#define AIGWI_FAMILY_THINK  "reasoning_effort:none=thinking:{\"type\":\"disabled\"} "
#define AIGWI_FAMILY_NONE   AIGW_STR("")
/* A row of the OpenAI dialect that differs by rules only. */
#define AIGWI_FAMILY_CHAT(name, url, env, rules, more, efforts, no) \
    { AIGW_STR(name), AIGW_STR("openai-chat"), AIGW_STR(url), AIGW_STR(env), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, \
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR(rules), more, AIGW_STR(efforts), no }

static const aigw_family aigwi_family_table[] = {
    AIGWI_FAMILY_CHAT("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "", AIGWI_FAMILY_NONE, "", 0),
    { AIGW_STR("anthropic"), AIGW_STR("anthropic"), AIGW_STR("https://api.anthropic.com"), AIGW_STR("ANTHROPIC_API_KEY"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, 0 },
    { AIGW_STR("gemini"), AIGW_STR("gemini"), AIGW_STR("https://generativelanguage.googleapis.com"), AIGW_STR("GEMINI_API_KEY GOOGLE_API_KEY"), AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR("v1beta v1 v1alpha"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, 0 },
    /* 13: https://RESOURCE.openai.azure.com/openai/v1; the model is the deployment's name */
    { AIGW_STR("azure"), AIGW_STR("openai-chat"), AIGWI_FAMILY_NONE, AIGW_STR("AZURE_OPENAI_API_KEY"), AIGW_STR("api-key"), AIGWI_FAMILY_NONE,
      AIGW_STR("/chat/completions?api-version={version}"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR(" preview v1"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, 0 },
    /* 13: https://RESOURCE.openai.azure.com; learn.microsoft.com "API version lifecycle" */
    { AIGW_STR("azure-deployments"), AIGW_STR("openai-chat"), AIGWI_FAMILY_NONE, AIGW_STR("AZURE_OPENAI_API_KEY"), AIGW_STR("api-key"), AIGWI_FAMILY_NONE,
      AIGW_STR("/openai/deployments/{model}/chat/completions?api-version={version}"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE,
      AIGW_STR("2024-10-21 2025-04-01-preview 2025-03-01-preview 2025-02-01-preview 2025-01-01-preview 2024-12-01-preview 2024-10-01-preview 2024-09-01-preview "
               "2024-08-01-preview 2024-06-01 2024-02-01"),
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, 0 },
    /* recorded: https://RESOURCE.services.ai.azure.com/models */
    { AIGW_STR("azure-ai"), AIGW_STR("openai-chat"), AIGWI_FAMILY_NONE, AIGW_STR("AZURE_AI_API_KEY"), AIGW_STR("api-key"), AIGWI_FAMILY_NONE,
      AIGW_STR("/chat/completions?api-version={version}"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR("2024-05-01-preview"), AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_OPENAI, AIGWI_FAMILY_NONE, 0 },
    /* 14; refuses every member that it does not know (422 extra_forbidden: charmbracelet/crush 1590, editor-code-assistant/eca 231) */
    AIGWI_FAMILY_CHAT("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY",
        "max_completion_tokens=max_tokens seed=random_seed temperature<1.5 top_k* stream_options- logprobs- top_logprobs- logit_bias- user- functions- "
        "function_call- messages.name- messages.reasoning_content- messages.reasoning- messages.extra_content- messages.tool_calls.extra_content- "
        AIGWI_FAMILY_NINE, AIGWI_FAMILY_OPENAI, "", 0),
    /* 16 */
    AIGWI_FAMILY_CHAT("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY",
        "logprobs- top_logprobs- logit_bias- n! frequency_penalty- presence_penalty- metadata- messages.name- messages.reasoning_content=reasoning ", AIGWI_FAMILY_OPENAI, "", 0),
    /* 17; roles it does not know are a 400 */
    AIGWI_FAMILY_CHAT("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY",
        "max_completion_tokens=max_tokens n! seed- logit_bias- user- metadata- service_tier- " AIGWI_FAMILY_THINK, AIGWI_FAMILY_OPENAI,
        "low high max", AIGW_CAN(JSON_SCHEMA)),
    /* 18 */
    AIGWI_FAMILY_CHAT("xai", "https://api.x.ai/v1", "XAI_API_KEY", "top_logprobs<8 logit_bias- ", AIGWI_FAMILY_OPENAI, "", 0),
    /* 19; logprobs is a number there */
    AIGWI_FAMILY_CHAT("together", "https://api.together.ai/v1", "TOGETHER_API_KEY",
        "max_completion_tokens=max_tokens top_logprobs=logprobs logprobs# top_k* messages.reasoning_content=reasoning ", AIGWI_FAMILY_OPENAI, "low medium high", 0),
    /* 20; it would cut a prompt that is too long without a word */
    AIGWI_FAMILY_CHAT("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY",
        "max_completion_tokens=max_tokens top_logprobs<5 top_k* context_length_exceeded_behavior+\"error\" ", AIGWI_FAMILY_OPENAI, "none low medium high", 0),
    /* 21; marks for caches as Anthropic has them */
    AIGWI_FAMILY_CHAT("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY",
        "top_k* messages.content.prompt_cache_breakpoint=cache_control:{\"type\":\"ephemeral\"} store- moderation- prompt_cache_options- prompt_cache_retention- "
        "stream_options.include_obfuscation- ", AIGWI_FAMILY_NONE, "", 0),
    /* 22 */
    AIGWI_FAMILY_CHAT("perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY PPLX_API_KEY",
        "max_completion_tokens=max_tokens n! top_k* web_search_options* seed- logprobs- top_logprobs- logit_bias- user- metadata- service_tier- parallel_tool_calls- messages.name- "
        "messages.reasoning_content- messages.reasoning- ", AIGWI_FAMILY_OPENAI, "minimal low medium high", AIGW_CAN(JSON_OBJECT)),
    /* 23; penalties are a 400 (hexdocs.pm req_llm), there is no developer (inference-docs.cerebras.ai "OpenAI compatibility") */
    AIGWI_FAMILY_CHAT("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY",
        "n! frequency_penalty- presence_penalty- logit_bias- metadata- messages.name- messages.reasoning_content=reasoning ", AIGWI_FAMILY_OPENAI,
        "none low medium high", 0),
    /* recorded */
    AIGWI_FAMILY_CHAT("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY",
        "max_completion_tokens=max_tokens n! logprobs- top_logprobs- logit_bias- " AIGWI_FAMILY_THINK, AIGWI_FAMILY_OPENAI, "", 0),
    AIGWI_FAMILY_CHAT("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", "max_completion_tokens=max_tokens logit_bias- ", AIGWI_FAMILY_OPENAI, "", 0),
    AIGWI_FAMILY_CHAT("huggingface", "https://router.huggingface.co/v1", "HF_TOKEN", "max_completion_tokens=max_tokens ", AIGWI_FAMILY_OPENAI, "", 0),
    /* 7: unknown names are a 400 there (Vali-98/ChatterUI 227) */
    AIGWI_FAMILY_CHAT("gemini-openai", "https://generativelanguage.googleapis.com/v1beta/openai", "",
        "seed- logit_bias- frequency_penalty- presence_penalty- user- metadata- service_tier- messages.reasoning_content- messages.reasoning- ", AIGWI_FAMILY_OPENAI, "", 0),
    /* 8: https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION/endpoints/openapi, model google/gemini-... */
    AIGWI_FAMILY_CHAT("vertex-openai", "", "",
        "seed- logit_bias- frequency_penalty- presence_penalty- user- metadata- service_tier- messages.reasoning_content- messages.reasoning- ", AIGWI_FAMILY_OPENAI, "", 0),
    /* 24.2, 25: servers of one's own; what they do not know they do not look at */
    AIGWI_FAMILY_CHAT("ollama-openai", "http://127.0.0.1:11434/v1", "",
        "max_completion_tokens=max_tokens n! logit_bias- user- parallel_tool_calls- logprobs- top_logprobs- metadata- service_tier- "
        "messages.reasoning_content=reasoning messages.content.image_url.url! ", AIGWI_FAMILY_OPENAI, "none low medium high max", AIGW_CAN(TOOL_CHOICE)),
    AIGWI_FAMILY_CHAT("vllm", "http://127.0.0.1:8000/v1", "VLLM_API_KEY",
        "top_k* metadata- service_tier- messages.reasoning_content=reasoning ", AIGWI_FAMILY_OPENAI, "", 0),
    AIGWI_FAMILY_CHAT("sglang", "http://127.0.0.1:30000/v1", "", "top_k* metadata- service_tier- ", AIGWI_FAMILY_OPENAI, "", 0),
    AIGWI_FAMILY_CHAT("llama-cpp", "http://127.0.0.1:8080/v1", "",
        "max_completion_tokens=max_tokens n! top_k* metadata- service_tier- ", AIGWI_FAMILY_OPENAI, "", 0),
    /* 8: https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION; express: without the projects, with a key */
    { AIGW_STR("vertex"), AIGW_STR("gemini"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR("authorization"), AIGW_STR("Bearer "),
      AIGW_STR("/publishers/google/models/{model}:generateContent"), AIGW_STR("/publishers/google/models/{model}:streamGenerateContent?alt=sse"),
      AIGW_STR("/publishers/google/models/{model}:countTokens"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR("store- enableEnhancedCivicAnswers-"), AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, 0 },
    { AIGW_STR("vertex-express"), AIGW_STR("gemini"), AIGW_STR("https://aiplatform.googleapis.com/v1"), AIGW_STR("VERTEX_API_KEY"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE,
      AIGW_STR("/publishers/google/models/{model}:generateContent"), AIGW_STR("/publishers/google/models/{model}:streamGenerateContent?alt=sse"),
      AIGW_STR("/publishers/google/models/{model}:countTokens"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR("store- enableEnhancedCivicAnswers-"), AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, 0 },
    /* 9: the same base; what the versions take is as with Anthropic's own */
    { AIGW_STR("vertex-claude"), AIGW_STR("anthropic"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGW_STR("authorization"), AIGW_STR("Bearer "),
      AIGW_STR("/publishers/anthropic/models/{model}:rawPredict"), AIGW_STR("/publishers/anthropic/models/{model}:streamRawPredict"),
      AIGW_STR("/publishers/anthropic/models/count-tokens:rawPredict"), AIGW_STR("2026-10-21 vertex-2023-10-16"), AIGW_STR("anthropic_version"), AIGW_STR("model~"),
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, 0 },
    /* 9: https://RESOURCE.services.ai.azure.com/anthropic */
    { AIGW_STR("foundry-claude"), AIGW_STR("anthropic"), AIGWI_FAMILY_NONE, AIGW_STR("ANTHROPIC_FOUNDRY_API_KEY"), AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE,
      AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, AIGWI_FAMILY_NONE, 0 },
};
enum { AIGWI_FAMILIES = sizeof aigwi_family_table / sizeof *aigwi_family_table };

AIGW_API const aigw_family *aigw_family_at(size_t i) { return i < AIGWI_FAMILIES ? &aigwi_family_table[i] : NULL; }
AIGW_API const aigw_family *aigw_family_of(aigw_str name) {
    for (size_t i = 0; i < AIGWI_FAMILIES; i++)
        if (aigw_base_eq(aigwi_family_table[i].name, name)) return &aigwi_family_table[i];
    return NULL;
}

/* ---- reading rules */

static const aigw_str aigwi_family_lost = AIGW_STR("this provider does not take it");

/* Word number i of a space-separated list; empty behind the last. */
AIGWI_SHARED aigw_str aigwi_family_item(aigw_str list, size_t i) {
    size_t at = 0, end = 0;
    for (;; at = end + 1) {
        for (end = at; end < list.n && list.p[end] != ' '; end++) {}
        if (!i--) return aigwi_dialect_slice(list.p + at, end - at);
        if (end >= list.n) return aigwi_dialect_slice("", 0);
    }
}
/* Its number, or -1. An empty word is the first one of a list that begins with a space. */
AIGWI_SHARED int aigwi_family_index(aigw_str list, aigw_str word) {
    size_t at, end;
    int i = 0;
    for (at = 0; at <= list.n; at = end + 1, i++) {
        for (end = at; end < list.n && list.p[end] != ' '; end++) {}
        if (aigw_base_eq(aigwi_dialect_slice(list.p + at, end - at), word)) return i;
    }
    return -1;
}
/* The next rule of both lists from *at (0) on: 1, 0 behind the last. */
static int aigwi_family_next(const aigw_family *f, size_t *at, aigw_str *rule) {
    for (;;) {
        const aigw_str list = *at < f->rules.n ? f->rules : f->more;
        size_t i = *at < f->rules.n ? *at : *at - f->rules.n, end = i;
        if (i >= list.n) return 0;
        while (end < list.n && list.p[end] != ' ') end++;
        *at += end - i + (end < list.n);
        *rule = aigwi_dialect_slice(list.p + i, end - i);
        if (rule->n) return 1;
    }
}
/* The rule of `path` with this sign: 1, and what stands behind it. A member that is taken (*) is not left out. */
static int aigwi_family_rule(const aigw_family *f, aigw_str path, char sign, aigw_str *arg) {
    size_t at = 0;
    aigw_str rule;
    while (f && aigwi_family_next(f, &at, &rule)) {
        if (rule.n <= path.n || memcmp(rule.p, path.p, path.n)) continue;
        if (rule.p[path.n] == '*' && sign == '-') return 0;
        if (rule.p[path.n] != sign) continue;
        *arg = aigwi_dialect_slice(rule.p + path.n + 1, rule.n - path.n - 1);
        return 1;
    }
    return 0;
}
/* Does any rule speak of something inside `path`? */
static int aigwi_family_inside(const aigw_family *f, aigw_str path) {
    size_t at = 0;
    aigw_str rule;
    while (aigwi_family_next(f, &at, &rule))
        if (rule.n > path.n && !memcmp(rule.p, path.p, path.n) && rule.p[path.n] == '.') return 1;
    return 0;
}
/* The path of a member that goes under the name of another one, which is `name`; empty when there is none. */
static aigw_str aigwi_family_onto(const aigw_family *f, aigw_str name) {
    size_t at = 0, sign;
    aigw_str rule;
    while (aigwi_family_next(f, &at, &rule)) {
        for (sign = 0; sign < rule.n && rule.p[sign] != '=' && rule.p[sign] != ':'; sign++) {}
        if (sign < rule.n && rule.p[sign] == '=' && aigw_base_eq(aigwi_dialect_slice(rule.p + sign + 1, rule.n - sign - 1), name)) return aigwi_dialect_slice(rule.p, sign);
    }
    return aigwi_dialect_slice("", 0);
}
/* "name:JSON" -> both; JSON empty when there is only a name. */
static aigw_str aigwi_family_split(aigw_str arg, aigw_str *json) {
    size_t colon = aigw_base_find(arg, aigwi_dialect_slice(":", 1), 0);
    *json = colon < arg.n ? aigwi_dialect_slice(arg.p + colon + 1, arg.n - colon - 1) : aigwi_dialect_slice("", 0);
    return aigwi_dialect_slice(arg.p, colon);
}
/* The argument of the rule path:word=..., 1 when there is one. */
static int aigwi_family_value(const aigw_family *f, aigw_str path, aigw_str word, aigw_str *arg) {
    char full[64];
    if (path.n + word.n + 1 > sizeof full) return 0;
    memcpy(full, path.p, path.n);
    full[path.n] = ':';
    if (word.n) memcpy(full + path.n + 1, word.p, word.n);
    return aigwi_family_rule(f, aigwi_dialect_slice(full, path.n + word.n + 1), '=', arg);
}

/* ---- while a request is written */

/* Is there a member of this name in the object that j stands at? */
static int aigwi_family_has(aigw_json j, aigw_str name) {
    for (aigw_json_object(&j); aigw_json_member(&j); aigw_json_skip(&j))
        if (aigw_base_eq(j.key, name)) return 1;
    return 0;
}

static const aigw_family *aigwi_family_in(const aigwi_dialect_writer *w) { return w->to ? w->to->family : NULL; }

AIGWI_SHARED int aigwi_family_says(const aigwi_dialect_writer *w, const char *path, char sign) {
    aigw_str arg;
    return aigwi_family_rule(aigwi_family_in(w), aigw_base_str(path), sign, &arg);
}
/* 1 when this member is left out, which is reported at `at`. */
AIGWI_SHARED int aigwi_family_drops(aigwi_dialect_writer *w, const char *path, size_t at) {
    if (!aigwi_family_says(w, path, '-')) return 0;
    aigwi_dialect_drop(w, at, aigwi_family_lost.p);
    return 1;
}
/* The name under which a member goes: its own, `name`, unless a rule says another. */
AIGWI_SHARED aigw_str aigwi_family_name(const aigwi_dialect_writer *w, const char *path, const char *name) {
    aigw_str arg, json;
    return aigwi_family_rule(aigwi_family_in(w), aigw_base_str(path), '=', &arg) ? aigwi_family_split(arg, &json) : aigw_base_str(name);
}
/* The word that goes for `word` as the value of a member. */
AIGWI_SHARED aigw_str aigwi_family_word(const aigwi_dialect_writer *w, const char *path, aigw_str word) {
    aigw_str arg;
    return aigwi_family_value(aigwi_family_in(w), aigw_base_str(path), word, &arg) ? arg : word;
}
/* A member that goes as another one with a fixed value: written, 1; else 0. */
AIGWI_SHARED int aigwi_family_put_other(aigwi_dialect_writer *w, aigw_str arg) {
    aigw_str json, name = aigwi_family_split(arg, &json);
    if (!json.n) return 0;
    aigw_json_key_str(w->out, name);
    aigw_json_put_raw(w->out, json);
    return 1;
}
AIGWI_SHARED int aigwi_family_put_value(aigwi_dialect_writer *w, const char *path, aigw_str word) {
    aigw_str arg;
    return aigwi_family_value(aigwi_family_in(w), aigw_base_str(path), word, &arg) && aigwi_family_put_other(w, arg);
}
AIGWI_SHARED int aigwi_family_put_renamed(aigwi_dialect_writer *w, const char *path) {
    aigw_str arg;
    return aigwi_family_rule(aigwi_family_in(w), aigw_base_str(path), '=', &arg) && aigwi_family_put_other(w, arg);
}

/* Range rules of a member: 1 when there are any; the other end stays. */
static int aigwi_family_range(const aigw_family *f, aigw_str path, int64_t *lo, int64_t *hi) {
    aigw_str arg;
    int any = 0;
    if (aigwi_family_rule(f, path, '<', &arg)) any |= aigw_base_micro(arg, hi);
    if (aigwi_family_rule(f, path, '>', &arg)) any |= aigw_base_micro(arg, lo);
    return any;
}
/* One parameter by its row and the family's rules. `rows`: the dialect's, where the name of another may go onto this one. */
AIGWI_SHARED void aigwi_family_put_row(aigwi_dialect_writer *w, const aigwi_dialect_row *row, const aigwi_dialect_row *rows, size_t n, uint32_t *done) {
    const aigw_family *f = aigwi_family_in(w);
    const aigw_param *p = &w->req->param[row->id];
    const aigw_str path = aigw_base_str(row->name);
    aigwi_dialect_row own = *row;
    aigw_str onto;
    int r;
    if (!p->has) return;
    if (f) {
        onto = aigwi_family_onto(f, path);
        for (size_t i = 0; onto.n && i < n; i++)                   /* the other one says the same, and more */
            if (aigw_base_eq(onto, aigw_base_str(rows[i].name)) && w->req->param[rows[i].id].has) { *done |= 1u << row->id; return; }
        if (aigwi_family_drops(w, row->name, p->at)) { *done |= 1u << row->id; return; }
        if (aigwi_family_says(w, row->name, '!')) {
            *done |= 1u << row->id;
            if (p->micro != (p->raw.n ? 1000000 : 0)) aigwi_dialect_refuse(w, p->at, "this provider cannot do this");
            return;
        }
        if (aigwi_family_says(w, row->name, '#')) {
            *done |= 1u << row->id;
            if (!p->micro) return;
            aigw_json_key(w->out, row->name);
            aigw_json_put_int(w->out, 1);
            return;
        }
        if (own.limit == AIGWI_KEEP) { own.lo = INT64_MIN; own.hi = INT64_MAX; }
        if (aigwi_family_range(f, path, &own.lo, &own.hi)) {
            own.limit = AIGWI_CLAMP;
            own.reason = "this provider takes a smaller range";
        }
    }
    r = aigwi_dialect_put_row_as(w->out, w->req, &own, aigwi_family_name(w, row->name, row->name), w->loss, done);
    if (r && !w->err) w->err = r;
}
static int aigwi_family_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
/* Members that this provider wants and the dialect does not have; `object`: not those that it holds already. How many. */
AIGWI_SHARED int aigwi_family_put_added(aigwi_dialect_writer *w, const aigw_json *object) {
    const aigw_family *f = aigwi_family_in(w);
    size_t at = 0, sign;
    aigw_str rule;
    char name[64];
    int n = 0;
    while (f && aigwi_family_next(f, &at, &rule)) {
        for (sign = 0; sign < rule.n && aigwi_family_letter(rule.p[sign]); sign++) {}
        if (sign >= rule.n || rule.p[sign] != '+' || sign >= sizeof name) continue;
        memcpy(name, rule.p, sign);
        name[sign] = 0;
        if (object && aigwi_family_has(*object, aigw_base_str(name))) continue;
        aigw_json_key(w->out, name);
        aigw_json_put_raw(w->out, aigwi_dialect_slice(rule.p + sign + 1, rule.n - sign - 1));
        aigwi_dialect_lose(w, AIGW_NOWHERE, name, AIGW_LOSS_SYNTHESIZED, "this provider needs it said");
        n++;
    }
    return n;
}

/* ---- ids of exactly n letters and digits */

enum { AIGWI_FAMILY_ID_MAX = 32 };
/* The id that goes for `id`: itself where it fits, else a digest of it in base 62, the same each time. */
static aigw_str aigwi_family_id(aigw_str id, size_t n, char made[AIGWI_FAMILY_ID_MAX]) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint8_t key[16] = { 'a', 'i', 'g', 'w', '-', 'f', 'a', 'm', 'i', 'l', 'y', '-', 'i', 'd', 0, 0 };
    size_t i;
    uint64_t h = 0;
    for (i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) break;
    }
    if (id.n == n && i == n) return id;
    for (i = 0; i < n; i++, h /= 62) {
        if (i % 10 == 0) {
            key[15] = (uint8_t)i;
            h = aigw_digest_siphash(id, key);
        }
        made[i] = digits[h % 62];
    }
    return aigwi_dialect_slice(made, n);
}
static size_t aigwi_family_id_n(const aigw_family *f, aigw_str path) {
    aigw_str arg;
    int64_t n;
    return aigwi_family_rule(f, path, '@', &arg) && aigw_base_int(arg, &n) && n > 0 && n <= AIGWI_FAMILY_ID_MAX ? (size_t)n : 0;
}
/* The id as it goes to this provider; `made` holds it where it is not itself. */
AIGWI_SHARED aigw_str aigwi_family_id_out(const aigwi_dialect_writer *w, const char *path, aigw_str id, char made[AIGWI_FAMILY_ID_MAX]) {
    size_t n = aigwi_family_id_n(aigwi_family_in(w), aigw_base_str(path));
    return n ? aigwi_family_id(id, n, made) : id;
}
/* And back: the client's own id where the provider names a call of the request; else as it is. */
AIGWI_SHARED aigw_str aigwi_family_id_in(const aigw_dec *st, const char *path, aigw_str id) {
    size_t n = aigwi_family_id_n(st->family, aigw_base_str(path));
    const aigw_message *m;
    const aigw_part *p;
    char made[AIGWI_FAMILY_ID_MAX];
    if (!n || id.n != n || !st->req) return id;
    for (m = st->req->messages; m; m = m->next)
        for (p = m->parts; p; p = p->next)
            if ((p->kind == AIGW_PART_TOOL_CALL || p->kind == AIGW_PART_TOOL_RESULT) && aigw_base_eq(aigwi_family_id(p->id, n, made), id)) return p->id;
    return id;
}

/* ---- where a request goes */

/* Behind the base: 1 and *target, 0 when the family leaves it to the dialect, AIGW_E_UNSUPPORTED (no such operation
   there), AIGW_E_NOMEM. */
AIGWI_SHARED int aigwi_family_path(const aigw_target *to, int op, int stream, aigw_str version, aigw_arena *mem, aigw_str *target) {
    static const aigw_str unreserved = AIGW_STR("-._~@");
    const aigw_family *f = to ? to->family : NULL;
    aigw_str path;
    aigw_out out;
    size_t room, i, k;
    char *p;
    if (!f || !f->path.n || (op != AIGW_OP_CHAT && op != AIGW_OP_COUNT_TOKENS)) return 0;
    path = op == AIGW_OP_COUNT_TOKENS ? f->count_path : stream && f->stream_path.n ? f->stream_path : f->path;
    if (!path.n) return AIGW_E_UNSUPPORTED;
    if (!version.n) version = aigwi_family_item(f->versions, 0);
    if (!version.n && aigw_base_find(path, aigw_base_str("{version}"), 0) < path.n) path.n = aigw_base_find(path, aigw_base_str("?"), 0);
    room = to->base.n + path.n + to->id.n * 3 + version.n;
    p = (char *)aigw_base_take(mem, room, 1, 1);
    if (!p) return AIGW_E_NOMEM;
    aigw_base_out_init(&out, p, room, NULL, 0);
    aigw_base_put(&out, to->base);
    for (i = 0; i < path.n; i++) {
        aigw_str rest = aigwi_dialect_slice(path.p + i, path.n - i);
        if (aigwi_dialect_begins(rest, "{version}")) {
            aigw_base_put(&out, version);
            i += 8;
        } else if (aigwi_dialect_begins(rest, "{model}")) {
            for (k = 0; k < to->id.n; k++) {
                char c = to->id.p[k];
                int fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || aigw_base_find(unreserved, aigwi_dialect_slice(&c, 1), 0) < unreserved.n;
                if (!fine) aigw_base_put_byte(&out, '%');
                if (!fine) aigw_base_put_byte(&out, "0123456789ABCDEF"[(unsigned char)c >> 4]);
                aigw_base_put_byte(&out, fine ? c : "0123456789ABCDEF"[(unsigned char)c & 15]);
            }
            i += 6;
        } else aigw_base_put_byte(&out, path.p[i]);
    }
    *target = aigwi_dialect_slice(p, out.buf.n);
    return 1;
}

/* Credentials as this target wants them. */
AIGWI_SHARED int aigwi_family_sign(const aigw_target *to, aigw_str key, aigw_arena *mem, aigw_head *head) {
    aigw_dialect own = *to->dialect;
    if (to->family && to->family->auth_header.n) {
        own.auth_header = to->family->auth_header;
        own.auth_prefix = to->family->auth_prefix;
    }
    return aigw_dialect_sign(&own, key, mem, head);
}

/* ---- a client's own body, edited by the rules */

typedef struct {
    aigwi_dialect_writer w;
    aigw_str doc;                            /* what offsets of the report refer to */
    const aigwi_dialect_edit *edits;         /* new values of top-level members */
    size_t n, edited;                        /* edited: bits of edits that found their member */
    int hits;                                /* rules that applied */
} aigwi_family_editor;

static size_t aigwi_family_at_of(const aigwi_family_editor *e, const char *p) {
    return p >= e->doc.p && p < e->doc.p + e->doc.n ? (size_t)(p - e->doc.p) : AIGW_NOWHERE;
}
static void aigwi_family_tell(aigwi_family_editor *e, aigw_str path, const char *p, int action, const char *reason) {
    char text[AIGW_PATH_MAX];
    size_t at = action == AIGW_LOSS_SYNTHESIZED ? AIGW_NOWHERE : aigwi_family_at_of(e, p), n = path.n < sizeof text ? path.n : sizeof text - 1;
    memcpy(text, path.p, n);
    text[n] = 0;
    e->hits++;
    aigwi_dialect_lose(&e->w, at, at == AIGW_NOWHERE ? text : "", action, reason);
}
/* A value that is the same as none: null, 1, false, a data URL. */
static int aigwi_family_idle(aigw_str raw) {
    return aigwi_dialect_is(raw, "null") || aigwi_dialect_is(raw, "1") || aigwi_dialect_is(raw, "false") || aigwi_dialect_begins(raw, "\"data:");
}
static void aigwi_family_walk(aigwi_family_editor *e, aigw_str path, aigw_str raw, int depth);

/* The value of a member that stays, under the name it goes by. */
static void aigwi_family_keep(aigwi_family_editor *e, aigw_str path, aigw_str name, aigw_str raw, int depth) {
    const aigw_family *f = aigwi_family_in(&e->w);
    aigw_out *o = e->w.out;
    int64_t lo = INT64_MIN, hi = INT64_MAX, micro;
    char made[AIGWI_FAMILY_ID_MAX];
    aigw_str word, arg, json;
    size_t n = aigwi_family_id_n(f, path);
    int string = raw.n > 1 && raw.p[0] == '"' && aigw_base_find(raw, aigw_base_str("\\"), 0) == raw.n;
    word = string ? aigwi_dialect_slice(raw.p + 1, raw.n - 2) : raw;
    if (string && aigwi_family_value(f, path, word, &arg)) {
        word = aigwi_family_split(arg, &json);
        aigwi_family_tell(e, path, raw.p, AIGW_LOSS_SYNTHESIZED, "the word that this provider has for it");
        aigw_json_key_str(o, json.n ? word : name);
        if (json.n) aigw_json_put_raw(o, json);
        else aigw_json_put_str(o, word);
        return;
    }
    aigw_json_key_str(o, name);
    if (string && n) {
        arg = aigwi_family_id(word, n, made);
        if (arg.p == made) aigwi_family_tell(e, path, raw.p, AIGW_LOSS_SYNTHESIZED, "an id of the length that this provider takes");
        aigw_json_put_str(o, arg);
    } else if (aigwi_family_range(f, path, &lo, &hi) && aigw_base_micro(raw, &micro) && (micro < lo || micro > hi)) {
        aigwi_family_tell(e, path, raw.p, AIGW_LOSS_APPROXIMATED, "this provider takes a smaller range");
        aigw_json_put_raw(o, aigwi_dialect_slice("", 0));
        aigwi_dialect_put_micro(o, micro < lo ? lo : hi);
        o->comma = 1;
    } else if (depth < 5 && raw.n && (raw.p[0] == '[' || raw.p[0] == '{') && aigwi_family_inside(f, path)) aigwi_family_walk(e, path, raw, depth + 1);
    else aigw_json_put_raw(o, raw);
}
static void aigwi_family_member(aigwi_family_editor *e, aigw_str path, const aigw_json *object, aigw_str name, aigw_str raw, int depth) {
    const aigw_family *f = aigwi_family_in(&e->w);
    aigw_str arg, json, onto = depth ? aigwi_dialect_slice("", 0) : aigwi_family_onto(f, path);
    if (onto.n && aigwi_family_has(*object, onto)) { e->hits++; return; }           /* the other one says the same, and more */
    if (aigwi_family_rule(f, path, '~', &arg)) { e->hits++; return; }
    if (aigwi_family_rule(f, path, '-', &arg)) {
        if (aigwi_dialect_is(raw, "null")) e->hits++;
        else aigwi_family_tell(e, path, raw.p, AIGW_LOSS_DROPPED, aigwi_family_lost.p);
        return;
    }
    if (aigwi_family_rule(f, path, '!', &arg)) {
        if (!aigwi_family_idle(raw)) aigwi_family_tell(e, path, raw.p, AIGW_LOSS_REFUSED, "this provider cannot do this");
        else if (raw.p[0] == '"') aigwi_family_keep(e, path, name, raw, depth);
        else e->hits++;
        return;
    }
    if (aigwi_family_rule(f, path, '#', &arg)) {
        e->hits++;
        if (!aigwi_dialect_is(raw, "true")) return;
        raw = aigw_base_str("1");
    }
    if (aigwi_family_rule(f, path, '=', &arg)) {
        name = aigwi_family_split(arg, &json);
        aigwi_family_tell(e, name, raw.p, AIGW_LOSS_SYNTHESIZED, "the name that this provider has for it");
        if (json.n) raw = json;
    }
    aigwi_family_keep(e, path, name, raw, depth);
}
/* An object, or a list of objects, of which some rule speaks. Depth is bounded by the rules' paths. */
static void aigwi_family_walk(aigwi_family_editor *e, aigw_str path, aigw_str raw, int depth) {
    char full[AIGW_PATH_MAX];
    aigw_json j, object;
    aigw_str one, name;
    aigw_json_init(&j, raw);
    if (aigw_json_kind(&j) == AIGW_JSON_ARRAY) {
        aigw_json_open(e->w.out, '[');
        for (aigw_json_array(&j); aigw_json_item(&j) && aigw_json_raw(&j, &one); ) {
            if (one.p[0] == '{') aigwi_family_walk(e, path, one, depth);
            else aigw_json_put_raw(e->w.out, one);
        }
        aigw_json_close(e->w.out, ']');
        return;
    }
    object = j;
    aigw_json_open(e->w.out, '{');
    if (path.n && path.n < sizeof full - 1) memcpy(full, path.p, path.n);
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        size_t n = path.n ? path.n + 1 : 0;
        char key[64];
        name = j.key;
        if (name.n > sizeof key || n + name.n > sizeof full) {                      /* no rule speaks of it */
            aigw_json_key_str(e->w.out, name);
            if (aigw_json_raw(&j, &one)) aigw_json_put_raw(e->w.out, one);
            continue;
        }
        memcpy(key, name.p, name.n);
        name.p = key;
        if (n) full[path.n] = '.';
        memcpy(full + n, key, name.n);
        if (!aigw_json_raw(&j, &one)) break;
        for (size_t i = 0; !depth && i < e->n; i++)
            if (aigwi_dialect_is(name, e->edits[i].member)) {
                one = e->edits[i].json;
                e->edited |= (size_t)1 << i;
            }
        aigwi_family_member(e, aigwi_dialect_slice(full, n + name.n), &object, name, one, depth);
    }
    if (!depth) {
        for (size_t i = 0; i < e->n; i++)
            if (!(e->edited >> i & 1)) aigwi_family_member(e, aigw_base_str(e->edits[i].member), &object, aigw_base_str(e->edits[i].member), e->edits[i].json, 0);
        e->hits += aigwi_family_put_added(&e->w, &object);
    }
    aigw_json_close(e->w.out, '}');
}
static int aigwi_family_plain(aigw_str body, const aigwi_dialect_edit *edits, size_t n, aigw_out *out) {
    if (n) return aigwi_dialect_splice(body, edits, n, out);
    aigw_base_ref(out, body);
    return AIGW_OK;
}
/* `body` with the given top-level members replaced or added, and everything as the rules of to's family want it. Where
   no rule applies the bytes stay as they are. AIGW_OK, AIGW_E_SYNTAX, AIGW_E_REFUSED. */
AIGWI_SHARED int aigwi_family_splice(const aigw_req *req, const aigw_target *to, aigw_str body, const aigwi_dialect_edit *edits, size_t n, aigw_out *out, aigw_loss *loss) {
    aigwi_family_editor e;
    aigw_out dry;
    if (!to || !to->family || !(to->family->rules.n + to->family->more.n)) return aigwi_family_plain(body, edits, n, out);
    memset(&e, 0, sizeof e);
    aigw_base_out_init(&dry, NULL, 0, NULL, 0);
    e.w.req = req;
    e.w.to = to;
    e.w.out = &dry;
    e.doc = req->body;
    e.edits = edits;
    e.n = n;
    aigwi_family_walk(&e, aigwi_dialect_slice("", 0), body, 0);
    if (!e.hits) return aigwi_family_plain(body, edits, n, out);
    e.w.out = out;
    e.w.loss = loss;
    e.edited = 0;
    e.w.err = AIGW_OK;
    aigwi_family_walk(&e, aigwi_dialect_slice("", 0), body, 0);
    return e.w.err;
}

/* ==== >>dialect.openai =============================================================================================
 * Knows Chat Completions as OpenAI writes it, and the ways in which its many copies answer. Requests are read in one pass;
 * answers, whole or streamed, by one reader of choices, since a `message` is a `delta` that comes at once. */
#ifndef AIGW_NO_OPENAI

#define AIGWI_OPENAI_ID(id, word) AIGWI_OPENAI_##id,
#define AIGWI_OPENAI_WORD(id, word) AIGW_STR(word),
/* OBJECT(prefix, list): an enum of the list's members and the table of their names, in the order in which they mostly
   come. */
#define AIGWI_OPENAI_OBJECT(object, LIST) \
    enum { LIST(AIGWI_OPENAI_ID) AIGWI_OPENAI_##object }; \
    static const aigw_str aigwi_openai_##object##_names[] = { LIST(AIGWI_OPENAI_WORD) };

static const aigw_str aigwi_openai_own = AIGW_STR("openai-chat");

/* ---- what does a head ask? */

/* The name in /v1/models/{name} (names may hold slashes); empty for the list; p NULL when the path is another. */
static aigw_str aigwi_openai_model_in(aigw_str path) {
    size_t skip = aigwi_dialect_begins(path, "/v1/models") ? 10 : aigwi_dialect_begins(path, "/models") ? 7 : 0;
    if (!skip || (path.n > skip && path.p[skip] != '/')) return aigw_base_str(NULL);
    if (path.n > skip) skip++;
    return aigwi_dialect_span(path.p + skip, path.p + path.n);
}
static int aigwi_openai_match(const aigw_head *head) {
    aigw_str path = aigwi_dialect_path(head);
    if (aigwi_dialect_is(head->method, "POST")) return aigwi_dialect_ends(path, "/chat/completions") ? AIGW_OP_CHAT : AIGW_OP_NONE;
    return aigwi_dialect_is(head->method, "GET") && aigwi_openai_model_in(path).p ? AIGW_OP_MODELS : AIGW_OP_NONE;
}

/* ---- requests in */

#define AIGWI_OPENAI_REQ(X) \
    X(R_MODEL, "model") X(R_MESSAGES, "messages") X(R_TOOLS, "tools") X(R_TOOL_CHOICE, "tool_choice") X(R_PARALLEL, "parallel_tool_calls") \
    X(R_RESPONSE_FORMAT, "response_format") X(R_TEMPERATURE, "temperature") X(R_TOP_P, "top_p") X(R_TOP_K, "top_k") \
    X(R_PRESENCE, "presence_penalty") X(R_FREQUENCY, "frequency_penalty") X(R_SEED, "seed") X(R_N, "n") X(R_LOGPROBS, "logprobs") \
    X(R_TOP_LOGPROBS, "top_logprobs") X(R_MAX_COMPLETION, "max_completion_tokens") X(R_MAX_TOKENS, "max_tokens") X(R_STOP, "stop") \
    X(R_EFFORT, "reasoning_effort") X(R_METADATA, "metadata") X(R_USER, "user") X(R_SAFETY_ID, "safety_identifier") X(R_STREAM, "stream") \
    X(R_STREAM_OPTIONS, "stream_options") X(R_FUNCTIONS, "functions") X(R_FUNCTION_CALL, "function_call") \
    /* known, and not in the model */ \
    X(R_STORE, "store") X(R_MODALITIES, "modalities") X(R_SERVICE_TIER, "service_tier") X(R_VERBOSITY, "verbosity") X(R_AUDIO, "audio") \
    X(R_LOGIT_BIAS, "logit_bias") X(R_MODERATION, "moderation") X(R_PREDICTION, "prediction") X(R_CACHE_KEY, "prompt_cache_key") \
    X(R_CACHE_OPTIONS, "prompt_cache_options") X(R_CACHE_RETENTION, "prompt_cache_retention") X(R_WEB_SEARCH, "web_search_options") \
    X(R_REASONING, "reasoning") X(R_THINKING, "thinking")
AIGWI_OPENAI_OBJECT(req, AIGWI_OPENAI_REQ)
#define AIGWI_OPENAI_STREAM_OPTIONS(X) X(S_USAGE, "include_usage") X(S_PADDING, "include_obfuscation")
AIGWI_OPENAI_OBJECT(stream_options, AIGWI_OPENAI_STREAM_OPTIONS)
#define AIGWI_OPENAI_MESSAGE(X) \
    X(M_ROLE, "role") X(M_CONTENT, "content") X(M_NAME, "name") X(M_CALL_ID, "tool_call_id") X(M_CALLS, "tool_calls") X(M_REFUSAL, "refusal") \
    X(M_REASONING_CONTENT, "reasoning_content") X(M_REASONING, "reasoning") X(M_DETAILS, "reasoning_details") X(M_FUNCTION_CALL, "function_call") \
    X(M_EXTRA, "extra_content") X(M_ANNOTATIONS, "annotations")
AIGWI_OPENAI_OBJECT(message, AIGWI_OPENAI_MESSAGE)
#define AIGWI_OPENAI_PART(X) \
    X(P_TYPE, "type") X(P_TEXT, "text") X(P_IMAGE_URL, "image_url") X(P_INPUT_AUDIO, "input_audio") X(P_FILE, "file") X(P_REFUSAL, "refusal") \
    X(P_THINKING, "thinking") X(P_BREAKPOINT, "prompt_cache_breakpoint") X(P_CACHE_CONTROL, "cache_control")
AIGWI_OPENAI_OBJECT(part, AIGWI_OPENAI_PART)
#define AIGWI_OPENAI_IMAGE(X) X(I_URL, "url") X(I_DETAIL, "detail")
AIGWI_OPENAI_OBJECT(image, AIGWI_OPENAI_IMAGE)
#define AIGWI_OPENAI_AUDIO(X) X(A_DATA, "data") X(A_FORMAT, "format")
AIGWI_OPENAI_OBJECT(audio, AIGWI_OPENAI_AUDIO)
#define AIGWI_OPENAI_FILE(X) X(F_NAME, "filename") X(F_DATA, "file_data") X(F_ID, "file_id")
AIGWI_OPENAI_OBJECT(file, AIGWI_OPENAI_FILE)
#define AIGWI_OPENAI_CACHE(X) X(K_MODE, "mode") X(K_TYPE, "type") X(K_TTL, "ttl")
AIGWI_OPENAI_OBJECT(cache, AIGWI_OPENAI_CACHE)
#define AIGWI_OPENAI_CALL(X) \
    X(C_INDEX, "index") X(C_ID, "id") X(C_TYPE, "type") X(C_FUNCTION, "function") X(C_CUSTOM, "custom") X(C_EXTRA, "extra_content")
AIGWI_OPENAI_OBJECT(call, AIGWI_OPENAI_CALL)
#define AIGWI_OPENAI_FUNCTION(X) \
    X(N_NAME, "name") X(N_ARGUMENTS, "arguments") X(N_INPUT, "input") X(N_DESCRIPTION, "description") X(N_PARAMETERS, "parameters") \
    X(N_STRICT, "strict") X(N_FORMAT, "format") X(N_SCHEMA, "schema")
AIGWI_OPENAI_OBJECT(function, AIGWI_OPENAI_FUNCTION)
#define AIGWI_OPENAI_DETAIL(X) \
    X(D_TYPE, "type") X(D_TEXT, "text") X(D_SUMMARY, "summary") X(D_SIGNATURE, "signature") X(D_DATA, "data") X(D_FORMAT, "format") X(D_INDEX, "index")
AIGWI_OPENAI_OBJECT(detail, AIGWI_OPENAI_DETAIL)
#define AIGWI_OPENAI_TOOL(X) \
    X(T_TYPE, "type") X(T_FUNCTION, "function") X(T_CUSTOM, "custom") X(T_NAME, "name") X(T_ALLOWED, "allowed_tools") X(T_CACHE_CONTROL, "cache_control") \
    X(T_MODE, "mode") X(T_TOOLS, "tools") X(T_SCHEMA, "json_schema")
AIGWI_OPENAI_OBJECT(tool, AIGWI_OPENAI_TOOL)



/* `prompt_cache_breakpoint` {mode, ttl "30m" | "12h"}, and OpenRouter's `cache_control` {type, ttl "5m" | "1h"}:
   seconds, 1 when not said. */
static uint32_t aigwi_openai_cache_in(aigwi_dialect_reader *r) {
    uint64_t seen = 0;
    uint32_t ttl = 1;
    int f;
    for (aigw_json_object(&r->j); (f = aigwi_dialect_field(r, aigwi_openai_cache_names, AIGWI_OPENAI_cache, &seen)) >= 0; ) {
        aigw_str word;
        if (f != AIGWI_OPENAI_K_TTL) {
            if (f == AIGWI_OPENAI_cache) aigwi_dialect_raw(r);
            else aigw_json_skip(&r->j);
        } else if (aigw_json_str(&r->j, r->mem, &word)) {
            int64_t ms = aigw_base_duration_ms(word);
            if (ms >= 1000 && ms < 1000000000) ttl = (uint32_t)ms / 1000;
        }
    }
    return ttl;
}
/* A data URL becomes bytes with their type; all else stays a URL. */
static void aigwi_openai_url_in(aigwi_dialect_reader *r, aigw_part *p, aigw_text url) {
    p->source = AIGW_SOURCE_URL;
    p->text = url;
    if (aigwi_dialect_data_url(url, r->mem, &p->mime, &p->text)) p->source = AIGW_SOURCE_BYTES;
}
static void aigwi_openai_image_in(aigwi_dialect_reader *r, aigw_part *p) {
    aigw_text url;
    uint64_t seen = 0;
    int f;
    if (aigw_json_kind(&r->j) == AIGW_JSON_STRING) {             /* Mistral: the URL itself */
        if (aigw_json_text(&r->j, &url)) aigwi_openai_url_in(r, p, url);
        return;
    }
    for (aigw_json_object(&r->j); (f = aigwi_dialect_field(r, aigwi_openai_image_names, AIGWI_OPENAI_image, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_I_URL:    if (aigw_json_text(&r->j, &url)) aigwi_openai_url_in(r, p, url); break;
    case AIGWI_OPENAI_I_DETAIL:
        p->detail_at = aigw_json_at(&r->j);
        aigw_json_str(&r->j, r->mem, &p->detail);
        break;
    default:                    aigwi_dialect_raw(r);
    }
    if (!(seen & 1)) aigw_json_fail(&r->j, AIGW_E_MISSING, p->at, "an image needs image_url.url");
}
static void aigwi_openai_audio_in(aigwi_dialect_reader *r, aigw_part *p) {
    aigw_str format = AIGW_STR("wav");
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(&r->j); (f = aigwi_dialect_field(r, aigwi_openai_audio_names, AIGWI_OPENAI_audio, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_A_DATA:   aigw_json_text(&r->j, &p->text); break;
    case AIGWI_OPENAI_A_FORMAT: aigw_json_str(&r->j, r->mem, &format); break;
    default:                    aigwi_dialect_raw(r);
    }
    if (!(seen & 1)) aigw_json_fail(&r->j, AIGW_E_MISSING, p->at, "audio needs input_audio.data");
    char *mime = (char *)aigw_base_take(r->mem, format.n + 6, 1, 1);
    if (!mime) {
        aigwi_dialect_nomem(r);
        return;
    }
    memcpy(mime, "audio/", 6);
    if (format.n) memcpy(mime + 6, format.p, format.n);
    p->mime = aigwi_dialect_span(mime, mime + 6 + format.n);
}
static void aigwi_openai_file_in(aigwi_dialect_reader *r, aigw_part *p) {
    aigw_text data;
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(&r->j); (f = aigwi_dialect_field(r, aigwi_openai_file_names, AIGWI_OPENAI_file, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_F_NAME: aigw_json_str(&r->j, r->mem, &p->name); break;
    case AIGWI_OPENAI_F_ID:
        p->source = AIGW_SOURCE_FILE;
        aigw_json_str(&r->j, r->mem, &p->id);
        break;
    case AIGWI_OPENAI_F_DATA:
        if (!aigw_json_text(&r->j, &data)) break;
        aigwi_openai_url_in(r, p, data);
        break;
    default: aigwi_dialect_raw(r);
    }
    int id = (int)(seen >> AIGWI_OPENAI_F_ID & 1), bytes = (int)(seen >> AIGWI_OPENAI_F_DATA & 1);
    if (id == bytes) aigw_json_fail(&r->j, id ? AIGW_E_VALUE : AIGW_E_MISSING, p->at, "a file needs either file_id or file_data");
}
/* Mistral's thinking: a string, or a list of text parts. */
static void aigwi_openai_thinking_in(aigwi_dialect_reader *r, aigwi_dialect_list *l, size_t at) {
    aigw_part *p;
    if (aigw_json_kind(&r->j) == AIGW_JSON_STRING) {
        aigw_json_text(&r->j, &aigwi_dialect_add(r, l, AIGW_PART_REASONING, at)->text);
        return;
    }
    for (aigw_json_array(&r->j); aigw_json_item(&r->j); ) {
        uint64_t seen = 0;
        int f;
        p = aigwi_dialect_add(r, l, AIGW_PART_REASONING, aigw_json_at(&r->j));
        for (aigw_json_object(&r->j); (f = aigwi_dialect_field(r, aigwi_openai_part_names, AIGWI_OPENAI_part, &seen)) >= 0; ) switch (f) {
        case AIGWI_OPENAI_P_TYPE: aigw_json_skip(&r->j); break;
        case AIGWI_OPENAI_P_TEXT: aigw_json_text(&r->j, &p->text); break;
        default:                  aigwi_dialect_raw(r);
        }
    }
}
/* What the parts of a message are sorted into: the order of members in JSON says nothing. */
typedef struct { aigwi_dialect_list reasoning, content, refusal, calls; } aigwi_openai_bag;

static const struct { aigw_str type; uint8_t kind, member; } aigwi_openai_parts[] = {
    { AIGW_STR("text"),        AIGW_PART_TEXT,      AIGWI_OPENAI_P_TEXT        },
    { AIGW_STR("image_url"),   AIGW_PART_IMAGE,     AIGWI_OPENAI_P_IMAGE_URL   },
    { AIGW_STR("input_audio"), AIGW_PART_AUDIO,     AIGWI_OPENAI_P_INPUT_AUDIO },
    { AIGW_STR("file"),        AIGW_PART_FILE,      AIGWI_OPENAI_P_FILE        },
    { AIGW_STR("refusal"),     AIGW_PART_REFUSAL,   AIGWI_OPENAI_P_REFUSAL     },
    { AIGW_STR("thinking"),    AIGW_PART_REASONING, AIGWI_OPENAI_P_THINKING    },
};
#define AIGWI_OPENAI_PARTS (sizeof aigwi_openai_parts / sizeof aigwi_openai_parts[0])

static void aigwi_openai_part_in(aigwi_dialect_reader *r, aigwi_openai_bag *bag) {
    aigw_json *j = &r->j;
    size_t at = aigw_json_at(j), row = 0;
    uint64_t seen = 0;
    aigw_part *p;
    int f;
    aigw_str type = aigwi_dialect_peek(j, "type");
    while (row < AIGWI_OPENAI_PARTS && !aigw_base_eq(type, aigwi_openai_parts[row].type)) row++;
    if (row == AIGWI_OPENAI_PARTS) {
        aigw_str raw = aigw_base_str(NULL);
        if (aigw_json_kind(j) == AIGW_JSON_OBJECT && !type.n) aigw_json_fail(j, AIGW_E_MISSING, at, "a content part needs a type");
        if (aigw_json_kind(j) != AIGW_JSON_OBJECT) aigw_json_object(j);     /* says what is wrong */
        aigw_json_raw(j, &raw);
        p = aigwi_dialect_add(r, &bag->content, AIGW_PART_OTHER, at);
        p->name = aigwi_openai_own;
        p->text = aigwi_dialect_text(raw, AIGW_TEXT_JSON);
        return;
    }
    int kind = aigwi_openai_parts[row].kind, member = aigwi_openai_parts[row].member;
    p = &r->none;
    if (kind != AIGW_PART_REASONING) p = aigwi_dialect_add(r, kind == AIGW_PART_REFUSAL ? &bag->refusal : &bag->content, kind, at);
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_part_names, AIGWI_OPENAI_part, &seen)) >= 0; ) {
        if (f == AIGWI_OPENAI_P_TYPE) aigw_json_skip(j);
        else if (f == AIGWI_OPENAI_P_BREAKPOINT || f == AIGWI_OPENAI_P_CACHE_CONTROL) {
            p->cache_at = aigw_json_at(j);
            p->cache_ttl_s = aigwi_openai_cache_in(r);
        }
        else if (f != member) aigwi_dialect_raw(r);
        else if (kind == AIGW_PART_IMAGE) aigwi_openai_image_in(r, p);
        else if (kind == AIGW_PART_AUDIO) aigwi_openai_audio_in(r, p);
        else if (kind == AIGW_PART_FILE) aigwi_openai_file_in(r, p);
        else if (kind == AIGW_PART_REASONING) aigwi_openai_thinking_in(r, &bag->reasoning, at);
        else aigw_json_text(j, &p->text);
    }
    if (!(seen >> member & 1)) aigw_json_fail(j, AIGW_E_MISSING, at, "a content part needs the member that its type names");
}
static void aigwi_openai_content_in(aigwi_dialect_reader *r, aigwi_openai_bag *bag) {
    aigw_json *j = &r->j;
    if (aigw_json_kind(j) == AIGW_JSON_STRING) {
        aigw_part *p = aigwi_dialect_add(r, &bag->content, AIGW_PART_TEXT, aigw_json_at(j));
        aigw_json_text(j, &p->text);
        return;
    }
    if (aigw_json_kind(j) != AIGW_JSON_ARRAY && aigw_json_kind(j) != AIGW_JSON_NONE) {
        aigw_json_fail(j, AIGW_E_TYPE, aigw_json_at(j), "content is a string or a list of parts");
        return;
    }
    for (aigw_json_array(j); aigw_json_item(j); ) aigwi_openai_part_in(r, bag);
}

static void aigwi_openai_state_in(aigwi_dialect_reader *r, aigw_opaque **state, aigw_text t, int kind, int base64, size_t at) {
    *state = aigwi_dialect_get_opaque(t, r->mem, aigwi_openai_own, kind, base64);
    if (*state) (*state)->at = at;
    else aigwi_dialect_nomem(r);
}
/* {"google": {"thought_signature": "..."}}: Gemini's state, as its OpenAI endpoint writes it. */
static void aigwi_openai_extra_in(aigwi_dialect_reader *r, aigw_opaque **state) {
    aigw_json *j = &r->j;
    for (aigw_json_object(j); aigw_json_member(j); ) {
        if (aigw_json_null(j)) continue;
        if (!aigwi_dialect_is(j->key, "google")) {
            aigwi_dialect_raw(r);
            continue;
        }
        for (aigw_json_object(j); aigw_json_member(j); ) {
            aigw_text t;
            size_t at = aigw_json_at(j);
            if (aigwi_dialect_is(j->key, "thought")) aigw_json_skip(j);       /* says only that the other is there */
            else if (!aigwi_dialect_is(j->key, "thought_signature")) aigwi_dialect_raw(r);
            else if (aigw_json_text(j, &t) && t.n) {
                aigwi_openai_state_in(r, state, t, AIGW_OPAQUE_SIGNATURE, 1, at);
            }
        }
    }
}
/* An id of our own for the n-th call or result that has none. */
static aigw_str aigwi_openai_made(aigwi_dialect_reader *r, unsigned n) {
    aigw_out o;
    char *p = (char *)aigw_base_take(r->mem, 16, 1, 1);
    if (!p) {
        aigwi_dialect_nomem(r);
        return aigw_base_str(NULL);
    }
    aigw_base_out_init(&o, p, 16, NULL, 0);
    aigw_base_put_lit(&o, "call_");
    aigw_base_put_int(&o, n);
    return aigwi_dialect_span(p, p + o.buf.n);
}
/* {name, arguments} or {name, input}: into the call. */
static void aigwi_openai_function_in(aigwi_dialect_reader *r, aigw_part *p) {
    uint64_t seen = 0;
    aigw_json *j = &r->j;
    int f, words = p->custom ? AIGWI_OPENAI_N_INPUT : AIGWI_OPENAI_N_ARGUMENTS;
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_function_names, AIGWI_OPENAI_function, &seen)) >= 0; ) {
        if (f == AIGWI_OPENAI_N_NAME) aigw_json_str(j, r->mem, &p->name);
        else if (f != words) aigwi_dialect_raw(r);
        else if (aigw_json_kind(j) == AIGW_JSON_OBJECT) {        /* Mistral, Ollama: arguments as an object */
            aigw_str raw = aigw_base_str(NULL);
            aigw_json_raw(j, &raw);
            p->text = aigwi_dialect_text(raw, AIGW_TEXT_JSON);
        } else aigw_json_text(j, &p->text);
    }
    if (!p->name.n) aigw_json_fail(j, AIGW_E_MISSING, p->at, "a tool call needs a name");
}
static void aigwi_openai_call_in(aigwi_dialect_reader *r, aigwi_dialect_list *l) {
    aigw_part *p = aigwi_dialect_add(r, l, AIGW_PART_TOOL_CALL, aigw_json_at(&r->j));
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(&r->j); (f = aigwi_dialect_field(r, aigwi_openai_call_names, AIGWI_OPENAI_call, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_C_ID:     aigw_json_str(&r->j, r->mem, &p->id); break;
    case AIGWI_OPENAI_C_CUSTOM: p->custom = 1;                   /* fall through */
    case AIGWI_OPENAI_C_FUNCTION: aigwi_openai_function_in(r, p); break;
    case AIGWI_OPENAI_C_EXTRA:  aigwi_openai_extra_in(r, &p->state); break;
    case AIGWI_OPENAI_C_TYPE:
    case AIGWI_OPENAI_C_INDEX:  aigw_json_skip(&r->j); break;
    default:                    aigwi_dialect_raw(r);
    }
    if (!(seen >> AIGWI_OPENAI_C_FUNCTION & 3)) aigw_json_fail(&r->j, AIGW_E_MISSING, p->at, "a tool call needs `function` or `custom`");
    if (p->id.n) return;
    p->no_id = 1;
    p->id = aigwi_openai_made(r, r->calls++);
}

/* One entry of `reasoning_details`. A signature without words belongs to the words before it (streams send it apart). */
static void aigwi_openai_detail_in(aigwi_dialect_reader *r, aigwi_dialect_list *l) {
    aigw_json *j = &r->j;
    size_t at = aigw_json_at(j), state_at = at;
    aigw_text words = aigwi_dialect_text(aigw_base_str(NULL), AIGW_TEXT_PLAIN), state = words;
    int f, kind = AIGW_OPAQUE_SIGNATURE;
    uint64_t seen = 0;
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_detail_names, AIGWI_OPENAI_detail, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_D_TEXT:
    case AIGWI_OPENAI_D_SUMMARY:   aigw_json_text(j, &words); break;
    case AIGWI_OPENAI_D_DATA:      kind = AIGW_OPAQUE_REDACTED;  /* fall through */
    case AIGWI_OPENAI_D_SIGNATURE:
        state_at = aigw_json_at(j);
        aigw_json_text(j, &state);
        break;
    case AIGWI_OPENAI_D_TYPE:
    case AIGWI_OPENAI_D_INDEX:     aigw_json_skip(j); break;
    default:                       aigwi_dialect_raw(r);
    }
    aigw_part *last = l->head;
    while (last && last->next) last = last->next;
    if (words.n || !last || last->state || kind == AIGW_OPAQUE_REDACTED) {
        if (!words.n && !state.n) return;
        last = aigwi_dialect_add(r, l, AIGW_PART_REASONING, at);
    }
    if (words.n) last->text = words;
    if (state.n) aigwi_openai_state_in(r, &last->state, state, kind, 0, state_at);
}
/* `reasoning_content` and `reasoning` say what `reasoning_details` says too, when it has words. */
static void aigwi_openai_reasoning_in(aigwi_dialect_reader *r, aigwi_dialect_list *l, const aigw_json *details, aigw_text words, size_t at) {
    aigw_json save = r->j;
    int has_words = 0;
    if (details) {
        r->j = *details;
        for (aigw_json_array(&r->j); aigw_json_item(&r->j); aigw_json_skip(&r->j))
            has_words |= aigwi_dialect_peek(&r->j, "text").n || aigwi_dialect_peek(&r->j, "summary").n;
    }
    if (words.n && !has_words) aigwi_dialect_add(r, l, AIGW_PART_REASONING, at)->text = words;
    if (details) {
        r->j = *details;
        for (aigw_json_array(&r->j); aigw_json_item(&r->j); ) aigwi_openai_detail_in(r, l);
    }
    if (!r->j.err) r->j = save;
}

static const struct { aigw_str word; uint8_t role; } aigwi_openai_roles[] = {
    { AIGW_STR("user"),      AIGW_ROLE_USER      },
    { AIGW_STR("assistant"), AIGW_ROLE_ASSISTANT },
    { AIGW_STR("tool"),      AIGW_ROLE_TOOL      },
    { AIGW_STR("system"),    AIGW_ROLE_SYSTEM    },
    { AIGW_STR("developer"), AIGW_ROLE_DEVELOPER },
    { AIGW_STR("function"),  AIGW_ROLE_TOOL      },           /* deprecated form of a tool's result: a name, no id */
};
#define AIGWI_OPENAI_ROLES (sizeof aigwi_openai_roles / sizeof aigwi_openai_roles[0])

/* A tool's result: what the message says becomes the content of its one part. */
static aigw_part *aigwi_openai_result_in(aigwi_dialect_reader *r, aigwi_openai_bag *bag, aigw_str id, aigw_str name, int has_id, size_t at) {
    aigwi_dialect_list one;
    aigw_part *p, *words = bag->content.head;
    one.head = NULL;
    one.tail = &one.head;
    p = aigwi_dialect_add(r, &one, AIGW_PART_TOOL_RESULT, at);
    p->name = name;
    p->id = id;
    p->parts = words && !words->next && words->kind == AIGW_PART_TEXT && !words->text.n ? NULL : words;
    if (!has_id && !name.n) aigw_json_fail(&r->j, AIGW_E_MISSING, at, "a tool message needs tool_call_id");
    if (!id.n) {
        p->no_id = 1;
        p->id = aigwi_openai_made(r, r->results++);
    }
    return one.head;
}
/* Everything in the order in which it was said: reasoning, words, refusal, calls. */
static aigw_part *aigwi_openai_assistant_in(aigwi_openai_bag *bag) {
    aigw_part *words = bag->content.head;
    if (words && !words->next && words->kind == AIGW_PART_TEXT && !words->text.n && (bag->reasoning.head || bag->refusal.head || bag->calls.head)) {
        bag->content.head = NULL;                            /* "" beside calls says nothing */
        bag->content.tail = &bag->content.head;
    }
    *bag->refusal.tail = bag->calls.head;
    *bag->content.tail = bag->refusal.head;
    *bag->reasoning.tail = bag->content.head;
    return bag->reasoning.head;
}
static void aigwi_openai_message_in(aigwi_dialect_reader *r) {
    aigw_json *j = &r->j, details;
    size_t at = aigw_json_at(j), words_at = 0, row;
    aigw_str role = aigw_base_str(NULL), name = role, id = role;
    aigw_text words = aigwi_dialect_text(role, AIGW_TEXT_PLAIN), t;
    aigw_opaque *state = NULL;
    aigwi_openai_bag bag;
    uint64_t seen = 0;
    int f;
    memset(&bag, 0, sizeof bag);
    bag.reasoning.tail = &bag.reasoning.head;
    bag.content.tail = &bag.content.head;
    bag.refusal.tail = &bag.refusal.head;
    bag.calls.tail = &bag.calls.head;
    memset(&details, 0, sizeof details);
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_message_names, AIGWI_OPENAI_message, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_M_ROLE:    aigw_json_str(j, r->mem, &role); break;
    case AIGWI_OPENAI_M_NAME:    aigw_json_str(j, r->mem, &name); break;
    case AIGWI_OPENAI_M_CALL_ID: aigw_json_str(j, r->mem, &id); break;
    case AIGWI_OPENAI_M_CONTENT: aigwi_openai_content_in(r, &bag); break;
    case AIGWI_OPENAI_M_EXTRA:   aigwi_openai_extra_in(r, &state); break;
    case AIGWI_OPENAI_M_CALLS:
        for (aigw_json_array(j); aigw_json_item(j); ) aigwi_openai_call_in(r, &bag.calls);
        break;
    case AIGWI_OPENAI_M_FUNCTION_CALL: {
        aigw_part *p = aigwi_dialect_add(r, &bag.calls, AIGW_PART_TOOL_CALL, aigw_json_at(j));
        aigwi_openai_function_in(r, p);
        p->no_id = 1;
        p->id = aigwi_openai_made(r, r->calls++);
        break;
    }
    case AIGWI_OPENAI_M_REFUSAL: {
        size_t here = aigw_json_at(j);
        if (aigw_json_text(j, &t) && t.n) aigwi_dialect_add(r, &bag.refusal, AIGW_PART_REFUSAL, here)->text = t;
        break;
    }
    case AIGWI_OPENAI_M_REASONING_CONTENT:
    case AIGWI_OPENAI_M_REASONING:                            /* the same words, by another name */
        if (!words.n || f == AIGWI_OPENAI_M_REASONING_CONTENT) {
            words_at = aigw_json_at(j);
            aigw_json_text(j, &words);
        } else aigw_json_skip(j);
        break;
    case AIGWI_OPENAI_M_DETAILS:
        details = *j;
        aigw_json_skip(j);
        break;
    case AIGWI_OPENAI_M_ANNOTATIONS:                          /* of an answer that is sent back: a list, mostly empty */
        if (j->end - j->at > 1 && j->at[0] == '[' && j->at[1] == ']') aigw_json_skip(j);
        else aigwi_dialect_raw(r);
        break;
    default: aigwi_dialect_raw(r);
    }
    aigwi_openai_reasoning_in(r, &bag.reasoning, details.p ? &details : NULL, words, words_at);
    if (state && bag.calls.head && !bag.calls.head->state) bag.calls.head->state = state;
    else if (state && bag.content.head) bag.content.head->state = state;
    for (row = 0; row < AIGWI_OPENAI_ROLES && !aigw_base_eq(role, aigwi_openai_roles[row].word); row++) {}
    if (!role.n) aigw_json_fail(j, AIGW_E_MISSING, at, "a message needs a role");
    else if (row == AIGWI_OPENAI_ROLES)
        aigw_json_fail(j, AIGW_E_VALUE, at, "role is one of system, developer, user, assistant, tool, function");
    if (j->err) return;
    int kind = aigwi_openai_roles[row].role;
    aigw_message *m = aigwi_dialect_add_message(r->mem, r->req, kind, at);
    if (!m) {
        aigwi_dialect_nomem(r);
        return;
    }
    if (kind == AIGW_ROLE_TOOL) {
        m->parts = aigwi_openai_result_in(r, &bag, id, name, (int)(seen >> AIGWI_OPENAI_M_CALL_ID & 1), at);
        return;
    }
    m->name = name;
    m->parts = aigwi_openai_assistant_in(&bag);
    if (!m->parts && kind != AIGW_ROLE_ASSISTANT && !(seen >> AIGWI_OPENAI_M_CONTENT & 1))
        aigw_json_fail(j, AIGW_E_MISSING, at, "a message needs content");
}

/* The members of a function or custom tool. */
static void aigwi_openai_definition_in(aigwi_dialect_reader *r, aigw_tool *t) {
    aigw_json *j = &r->j;
    uint64_t seen = 0;
    int f, on = 0, schema = t->kind == AIGW_TOOL_CUSTOM ? AIGWI_OPENAI_N_FORMAT : AIGWI_OPENAI_N_PARAMETERS;
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_function_names, AIGWI_OPENAI_function, &seen)) >= 0; ) {
        if (f == AIGWI_OPENAI_N_NAME) aigw_json_str(j, r->mem, &t->name);
        else if (f == AIGWI_OPENAI_N_DESCRIPTION) aigw_json_text(j, &t->description);
        else if (f == AIGWI_OPENAI_N_STRICT) {
            t->strict_at = aigw_json_at(j);
            if (aigw_json_bool(j, &on)) t->strict = (int8_t)on;
        } else if (f != schema) aigwi_dialect_raw(r);
        else if (aigw_json_kind(j) == AIGW_JSON_OBJECT) aigw_json_raw(j, &t->schema);
        else aigw_json_object(j);                             /* says what is wrong */
    }
    if (!t->name.n) aigw_json_fail(j, AIGW_E_MISSING, t->at, "a tool needs a name");
}
static aigw_tool *aigwi_openai_tool_add(aigwi_dialect_reader *r) {
    aigw_tool *t = aigwi_dialect_add_tool(r->mem, r->req, aigw_json_at(&r->j));
    if (!t) aigwi_dialect_nomem(r);
    return t;
}
static void aigwi_openai_tool_in(aigwi_dialect_reader *r) {
    aigw_json *j = &r->j;
    uint64_t seen = 0;
    int f;
    aigw_str type = aigwi_dialect_peek(j, "type");
    aigw_tool *t = aigwi_openai_tool_add(r);
    if (!t) return;
    if (type.n && !aigwi_dialect_is(type, "function") && !aigwi_dialect_is(type, "custom")) {
        t->kind = AIGW_TOOL_HOSTED;
        t->name = type;
        aigw_json_raw(j, &t->schema);
        return;
    }
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_tool_names, AIGWI_OPENAI_tool, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_T_TYPE: aigw_json_skip(j); break;
    case AIGWI_OPENAI_T_CUSTOM: t->kind = AIGW_TOOL_CUSTOM;   /* fall through */
    case AIGWI_OPENAI_T_FUNCTION: aigwi_openai_definition_in(r, t); break;
    case AIGWI_OPENAI_T_CACHE_CONTROL:
        t->cache_at = aigw_json_at(j);
        t->cache_ttl_s = aigwi_openai_cache_in(r);
        break;
    default: aigwi_dialect_raw(r);
    }
    if (!(seen & (1u << AIGWI_OPENAI_T_FUNCTION | 1u << AIGWI_OPENAI_T_CUSTOM)))
        aigw_json_fail(j, AIGW_E_MISSING, t->at, "a tool needs `function` or `custom`");
}

static void aigwi_openai_choice_name(aigwi_dialect_reader *r, aigw_item ***tail, aigw_str name, size_t at) {
    aigw_item *i = aigwi_dialect_add_item(r->mem, *tail, aigwi_dialect_text(name, AIGW_TEXT_PLAIN), at);
    if (i) *tail = &i->next;
    else aigwi_dialect_nomem(r);
}
/* {type, function: {name}} or {type, custom: {name}} (Responses' flat {type, name} too): the name. */
static void aigwi_openai_named_in(aigwi_dialect_reader *r, aigw_item ***tail) {
    aigw_json *j = &r->j;
    size_t at = aigw_json_at(j);
    aigw_str name = aigw_base_str(NULL);
    uint64_t seen = 0, inner;
    int f;
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_tool_names, AIGWI_OPENAI_tool, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_T_TYPE: aigw_json_skip(j); break;
    case AIGWI_OPENAI_T_NAME: aigw_json_str(j, r->mem, &name); break;
    case AIGWI_OPENAI_T_FUNCTION:
    case AIGWI_OPENAI_T_CUSTOM:
        inner = 0;
        for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_function_names, AIGWI_OPENAI_function, &inner)) >= 0; ) {
            if (f == AIGWI_OPENAI_N_NAME) aigw_json_str(j, r->mem, &name);
            else aigwi_dialect_raw(r);
        }
        break;
    default: aigwi_dialect_raw(r);
    }
    if (name.n) aigwi_openai_choice_name(r, tail, name, at);
    else aigw_json_fail(j, AIGW_E_MISSING, at, "the tool that is chosen needs a name");
}
static int aigwi_openai_mode(aigw_str word) {
    return aigwi_dialect_is(word, "auto") ? AIGW_CHOICE_AUTO : aigwi_dialect_is(word, "none") ? AIGW_CHOICE_NONE
         : aigwi_dialect_is(word, "required") || aigwi_dialect_is(word, "any") ? AIGW_CHOICE_REQUIRED : AIGW_CHOICE_UNSET;
}
/* {mode, tools: [...]}. */
static void aigwi_openai_allowed_in(aigwi_dialect_reader *r, aigw_item ***tail) {
    aigw_json *j = &r->j;
    size_t at = aigw_json_at(j);
    aigw_str mode = AIGW_STR("auto");
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_tool_names, AIGWI_OPENAI_tool, &seen)) >= 0; ) {
        if (f == AIGWI_OPENAI_T_MODE) aigw_json_str(j, r->mem, &mode);
        else if (f != AIGWI_OPENAI_T_TOOLS) aigwi_dialect_raw(r);
        else for (aigw_json_array(j); aigw_json_item(j); ) aigwi_openai_named_in(r, tail);
    }
    r->req->choice = (uint8_t)aigwi_openai_mode(mode);
    if (r->req->choice != AIGW_CHOICE_AUTO && r->req->choice != AIGW_CHOICE_REQUIRED)
        aigw_json_fail(j, AIGW_E_VALUE, at, "allowed_tools.mode is auto or required");
}
/* `tool_choice`, and the deprecated `function_call` (the same words, or {name}). */
static void aigwi_openai_choice_in(aigwi_dialect_reader *r) {
    aigw_req *req = r->req;
    aigw_json *j = &r->j;
    aigw_item **tail = &req->choice_names;
    uint64_t seen = 0;
    int f;
    req->choice_at = aigw_json_at(j);
    if (aigw_json_kind(j) == AIGW_JSON_STRING) {
        aigw_str word = aigw_base_str(NULL);
        aigw_json_str(j, r->mem, &word);
        req->choice = (uint8_t)aigwi_openai_mode(word);
        if (!req->choice) aigw_json_fail(j, AIGW_E_VALUE, req->choice_at, "the choice is auto, none, required or an object that names a tool");
    } else if (!aigwi_dialect_is(aigwi_dialect_peek(j, "type"), "allowed_tools")) {
        req->choice = AIGW_CHOICE_NAMED;
        aigwi_openai_named_in(r, &tail);
    } else for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_tool_names, AIGWI_OPENAI_tool, &seen)) >= 0; ) {
        if (f == AIGWI_OPENAI_T_ALLOWED) aigwi_openai_allowed_in(r, &tail);
        else if (f == AIGWI_OPENAI_T_TYPE) aigw_json_skip(j);
        else aigwi_dialect_raw(r);
    }
}

static void aigwi_openai_schema_in(aigwi_dialect_reader *r) {
    aigw_format *to = &r->req->format;
    aigw_json *j = &r->j;
    uint64_t seen = 0;
    int f, on = 0;
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_function_names, AIGWI_OPENAI_function, &seen)) >= 0; ) {
        size_t at = aigw_json_at(j);
        switch (f) {
        case AIGWI_OPENAI_N_NAME:        to->name_at = at; aigw_json_str(j, r->mem, &to->name); break;
        case AIGWI_OPENAI_N_DESCRIPTION: to->description_at = at; aigw_json_text(j, &to->description); break;
        case AIGWI_OPENAI_N_STRICT:      to->strict_at = at; if (aigw_json_bool(j, &on)) to->strict = (int8_t)on; break;
        case AIGWI_OPENAI_N_SCHEMA:      if (aigw_json_kind(j) == AIGW_JSON_OBJECT) aigw_json_raw(j, &to->schema); else aigw_json_object(j); break;
        default:                         aigwi_dialect_raw(r);
        }
    }
}
/* {type: text | json_object | json_schema, json_schema}. Forms of one provider only (regex, grammar, structural_tag)
   stay raw. */
static void aigwi_openai_format_in(aigwi_dialect_reader *r) {
    aigw_format *to = &r->req->format;
    aigw_json *j = &r->j;
    uint64_t seen = 0;
    int f;
    aigw_str type = aigwi_dialect_peek(j, "type");
    to->at = aigw_json_at(j);
    to->kind = aigwi_dialect_is(type, "json_schema") ? AIGW_FORMAT_SCHEMA : aigwi_dialect_is(type, "json_object") ? AIGW_FORMAT_JSON : AIGW_FORMAT_TEXT;
    if (to->kind == AIGW_FORMAT_TEXT && type.n && !aigwi_dialect_is(type, "text")) {
        aigwi_dialect_raw(r);
        return;
    }
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_tool_names, AIGWI_OPENAI_tool, &seen)) >= 0; ) {
        if (f == AIGWI_OPENAI_T_TYPE) aigw_json_skip(j);
        else if (f == AIGWI_OPENAI_T_SCHEMA && to->kind == AIGW_FORMAT_SCHEMA) aigwi_openai_schema_in(r);
        else aigwi_dialect_raw(r);
    }
    if (!type.n) aigw_json_fail(j, AIGW_E_MISSING, to->at, "response_format needs a type");
    if (to->kind == AIGW_FORMAT_SCHEMA && !to->schema.n) aigw_json_fail(j, AIGW_E_MISSING, to->at, "response_format needs json_schema.schema");
}

static void aigwi_openai_stream_options_in(aigwi_dialect_reader *r) {
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(&r->j); (f = aigwi_dialect_field(r, aigwi_openai_stream_options_names, AIGWI_OPENAI_stream_options, &seen)) >= 0; ) {
        if (f == AIGWI_OPENAI_S_USAGE) aigwi_dialect_param(&r->j, r->mem, r->req, AIGW_P_STREAM_USAGE);
        else if (f == AIGWI_OPENAI_S_PADDING) aigw_json_skip(&r->j);        /* our streams have no padding, asked for or not */
        else aigwi_dialect_raw(r);
    }
}

/* Members that become one parameter each. */
static const struct { uint8_t member, param; } aigwi_openai_params[] = {
    { AIGWI_OPENAI_R_TEMPERATURE,    AIGW_P_TEMPERATURE       }, { AIGWI_OPENAI_R_TOP_P,          AIGW_P_TOP_P             },
    { AIGWI_OPENAI_R_TOP_K,          AIGW_P_TOP_K             }, { AIGWI_OPENAI_R_PRESENCE,       AIGW_P_PRESENCE_PENALTY  },
    { AIGWI_OPENAI_R_FREQUENCY,      AIGW_P_FREQUENCY_PENALTY }, { AIGWI_OPENAI_R_SEED,           AIGW_P_SEED              },
    { AIGWI_OPENAI_R_N,              AIGW_P_N                 }, { AIGWI_OPENAI_R_LOGPROBS,       AIGW_P_LOGPROBS          },
    { AIGWI_OPENAI_R_TOP_LOGPROBS,   AIGW_P_TOP_LOGPROBS      }, { AIGWI_OPENAI_R_MAX_COMPLETION, AIGW_P_MAX_OUTPUT        },
    { AIGWI_OPENAI_R_PARALLEL,       AIGW_P_PARALLEL          }, { AIGWI_OPENAI_R_STREAM,         AIGW_P_STREAM            },
    { AIGWI_OPENAI_R_EFFORT,         AIGW_P_EFFORT            }, { AIGWI_OPENAI_R_USER,           AIGW_P_USER              },
    { AIGWI_OPENAI_R_SAFETY_ID,      AIGW_P_SAFETY_ID         },
};
/* Members whose default value says nothing. */
static const struct { uint8_t member; const char *plain; } aigwi_openai_defaults[] = {
    { AIGWI_OPENAI_R_STORE, "false" }, { AIGWI_OPENAI_R_MODALITIES, "[\"text\"]" }, { AIGWI_OPENAI_R_SERVICE_TIER, "\"auto\"" },
    { AIGWI_OPENAI_R_SERVICE_TIER, "\"default\"" }, { AIGWI_OPENAI_R_VERBOSITY, "\"medium\"" },
};
static void aigwi_openai_other_in(aigwi_dialect_reader *r, int f) {
    aigw_json *j = &r->j;
    for (size_t i = 0; i < sizeof aigwi_openai_params / sizeof *aigwi_openai_params; i++)
        if (aigwi_openai_params[i].member == f) {
            aigwi_dialect_param(j, r->mem, r->req, aigwi_openai_params[i].param);
            return;
        }
    for (size_t i = 0; i < sizeof aigwi_openai_defaults / sizeof *aigwi_openai_defaults; i++) {
        size_t n = strlen(aigwi_openai_defaults[i].plain);
        if (aigwi_openai_defaults[i].member == f && (size_t)(j->end - j->at) > n && !memcmp(j->at, aigwi_openai_defaults[i].plain, n)) {
            aigw_json_skip(j);
            return;
        }
    }
    aigwi_dialect_raw(r);
}
static void aigwi_openai_body_in(aigwi_dialect_reader *r) {
    static const aigw_str old_name = AIGW_STR("max_tokens");
    aigw_req *req = r->req;
    aigw_json *j = &r->j, old;
    uint64_t seen = 0;
    size_t messages_at = 0;
    int f;
    memset(&old, 0, sizeof old);
    for (aigw_json_object(j); (f = aigwi_dialect_field(r, aigwi_openai_req_names, AIGWI_OPENAI_req, &seen)) >= 0; ) switch (f) {
    case AIGWI_OPENAI_R_MODEL:
        req->model_at = aigw_json_at(j);
        aigw_json_str(j, r->mem, &req->model);
        break;
    case AIGWI_OPENAI_R_MESSAGES:
        messages_at = aigw_json_at(j);
        for (aigw_json_array(j); aigw_json_item(j); ) aigwi_openai_message_in(r);
        break;
    case AIGWI_OPENAI_R_TOOLS:
        for (aigw_json_array(j); aigw_json_item(j); ) aigwi_openai_tool_in(r);
        break;
    case AIGWI_OPENAI_R_FUNCTIONS:
        for (aigw_json_array(j); aigw_json_item(j); ) {
            aigw_tool *t = aigwi_openai_tool_add(r);
            if (t) aigwi_openai_definition_in(r, t);
        }
        break;
    case AIGWI_OPENAI_R_TOOL_CHOICE:
    case AIGWI_OPENAI_R_FUNCTION_CALL:   aigwi_openai_choice_in(r); break;
    case AIGWI_OPENAI_R_RESPONSE_FORMAT: aigwi_openai_format_in(r); break;
    case AIGWI_OPENAI_R_STOP:            aigwi_dialect_stop_in(r); break;
    case AIGWI_OPENAI_R_STREAM_OPTIONS:  aigwi_openai_stream_options_in(r); break;
    case AIGWI_OPENAI_R_METADATA:
        req->metadata_at = aigw_json_at(j);
        if (aigw_json_kind(j) == AIGW_JSON_OBJECT) aigw_json_raw(j, &req->metadata);
        else aigw_json_object(j);
        break;
    case AIGWI_OPENAI_R_MAX_TOKENS:
        old = *j;
        old.key = old_name;
        aigw_json_skip(j);
        break;
    default: aigwi_openai_other_in(r, f);
    }
    if (!(seen >> AIGWI_OPENAI_R_MODEL & 1)) aigw_json_fail(j, AIGW_E_MISSING, 0, "model is required");
    if (!(seen >> AIGWI_OPENAI_R_MESSAGES & 1)) aigw_json_fail(j, AIGW_E_MISSING, 0, "messages is required");
    else if (!req->messages) aigw_json_fail(j, AIGW_E_VALUE, messages_at, "messages is empty");
    if (old.p && !j->err) {                                   /* the deprecated name counts where the new one does not stand */
        if (req->param[AIGW_P_MAX_OUTPUT].has) aigwi_dialect_add_raw(r->mem, req, &old);
        else aigwi_dialect_param(&old, r->mem, req, AIGW_P_MAX_OUTPUT);
        if (old.err) aigw_json_fail(j, old.err, aigw_json_at(&old), old.why);
    }
}
static int aigwi_openai_req_decode(const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_req *req, aigw_fault *fault) {
    aigwi_dialect_reader r;
    memset(req, 0, sizeof *req);
    memset(fault, 0, sizeof *fault);
    memset(&r, 0, sizeof r);
    req->op = (uint8_t)(head ? aigwi_openai_match(head) : AIGW_OP_CHAT);
    req->dialect = aigwi_openai_own;
    req->body = body;
    req->head = head;
    req->format.strict = -1;
    if (req->op == AIGW_OP_MODELS) {
        req->model = aigwi_openai_model_in(aigwi_dialect_path(head));
        req->model_at = AIGW_NOWHERE;
        return AIGW_OK;
    }
    r.mem = mem;
    r.req = req;
    aigw_json_init(&r.j, body);
    aigwi_openai_body_in(&r);
    aigw_json_end(&r.j);
    return aigw_json_fault(&r.j, fault);
}

/* ---- requests out */



/* A cache mark of one of the two times that there are. */
static void aigwi_openai_put_cache(aigwi_dialect_writer *w, const aigw_part *p) {
    size_t at = p->cache_at ? p->cache_at : p->at;
    int hours = p->cache_ttl_s > 6 * 3600;
    if (!p->cache_ttl_s) return;
    if (aigwi_dialect_lacks(w, AIGW_CAN(PROMPT_CACHE))) {
        aigwi_dialect_drop(w, at, "the model has no prompt cache");
        return;
    }
    if (aigwi_family_drops(w, "messages.content.prompt_cache_breakpoint", at)) return;
    if (aigwi_family_put_renamed(w, "messages.content.prompt_cache_breakpoint")) {
        if (p->cache_ttl_s > 1) aigwi_dialect_lose(w, at, "", AIGW_LOSS_APPROXIMATED, "this provider caches for a time of its own");
        return;
    }
    aigw_json_key(w->out, "prompt_cache_breakpoint");
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "mode", "explicit");
    if (p->cache_ttl_s > 1) aigwi_dialect_member(w->out, "ttl", hours ? "12h" : "30m");
    aigw_json_close(w->out, '}');
    if (p->cache_ttl_s > 1 && p->cache_ttl_s != (hours ? 43200u : 1800u))
        aigwi_dialect_lose(w, at, "", AIGW_LOSS_APPROXIMATED, "OpenAI caches for 30m or 12h: the nearer one");
}
/* State that goes to nobody but its owner. */
static int aigwi_openai_owns(aigwi_dialect_writer *w, const aigw_part *p) {
    if (!p->state) return 0;
    if (aigw_base_eq(p->state->owner, aigwi_openai_own)) return 1;
    aigwi_dialect_drop(w, p->state->at ? p->state->at : p->at, "opaque state of another provider");
    return 0;
}
static void aigwi_openai_put_text_part(aigwi_dialect_writer *w, const aigw_part *p, const char *before) {
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "type", "text");
    aigw_json_key(w->out, "text");
    aigw_json_open_str(w->out);
    aigw_base_put_lit(w->out, before);
    aigw_json_part(w->out, p->text);
    aigw_json_close_str(w->out);
    aigwi_openai_put_cache(w, p);
    aigw_json_close(w->out, '}');
}
static void aigwi_openai_put_data_url(aigwi_dialect_writer *w, const char *name, aigw_str mime, aigw_text data) {
    aigw_json_key(w->out, name);
    aigw_json_open_str(w->out);
    aigw_base_put_lit(w->out, "data:");
    aigw_json_part(w->out, aigwi_dialect_text(mime, AIGW_TEXT_PLAIN));
    aigw_base_put_lit(w->out, ";base64,");
    aigw_json_part(w->out, data);
    aigw_json_close_str(w->out);
}
/* A file at the provider is known to the provider that gave it only. */
static int aigwi_openai_own_file(aigwi_dialect_writer *w, const aigw_part *p) {
    if (aigw_base_eq(w->req->dialect, aigwi_openai_own)) return 1;
    aigwi_dialect_refuse(w, p->at, "this file is known to another provider only");
    return 0;
}
static void aigwi_openai_put_file_id(aigwi_dialect_writer *w, const aigw_part *p) {
    if (!aigwi_openai_own_file(w, p)) return;
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "type", "file");
    aigw_json_key(w->out, "file");
    aigw_json_open(w->out, '{');
    aigwi_dialect_member_str(w->out, "file_id", p->id);
    aigw_json_close(w->out, '}');
    aigwi_openai_put_cache(w, p);
    aigw_json_close(w->out, '}');
}
static void aigwi_openai_put_image(aigwi_dialect_writer *w, const aigw_part *p) {
    static const aigw_str png = AIGW_STR("image/png");
    if (aigwi_dialect_lacks(w, AIGW_CAN(VISION))) {
        aigwi_dialect_refuse(w, p->at, "the model takes no images");
        return;
    }
    if (p->source == AIGW_SOURCE_FILE) {
        aigwi_openai_put_file_id(w, p);
        return;
    }
    if (p->source == AIGW_SOURCE_URL && aigwi_family_says(w, "messages.content.image_url.url", '!')) {
        aigwi_dialect_refuse(w, p->at, "this provider takes images as bytes only");
        return;
    }
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "type", "image_url");
    aigw_json_key(w->out, "image_url");
    aigw_json_open(w->out, '{');
    if (p->source == AIGW_SOURCE_URL) aigwi_dialect_member_text(w->out, "url", p->text);
    else aigwi_openai_put_data_url(w, "url", p->mime.n ? p->mime : png, p->text);
    if (p->detail.n) aigwi_dialect_member_str(w->out, "detail", p->detail);
    aigw_json_close(w->out, '}');
    aigwi_openai_put_cache(w, p);
    aigw_json_close(w->out, '}');
}
static const struct { aigw_str mime; const char *format; } aigwi_openai_sounds[] = {
    { AIGW_STR("audio/wav"), "wav" }, { AIGW_STR("audio/x-wav"), "wav" }, { AIGW_STR("audio/wave"), "wav" },
    { AIGW_STR("audio/mp3"), "mp3" }, { AIGW_STR("audio/mpeg"), "mp3" },
};
static void aigwi_openai_put_audio(aigwi_dialect_writer *w, const aigw_part *p) {
    size_t row = 0, rows = sizeof aigwi_openai_sounds / sizeof *aigwi_openai_sounds;
    aigw_str own = p->mime;                                   /* a client of OpenAI's may name what it likes */
    while (row < rows && !aigw_base_eq_nocase(p->mime, aigwi_openai_sounds[row].mime)) row++;
    int foreign = row == rows && !(aigw_base_eq(w->req->dialect, aigwi_openai_own) && own.n > 6);
    if (foreign || p->source != AIGW_SOURCE_BYTES || aigwi_dialect_lacks(w, AIGW_CAN(AUDIO_IN))) {
        aigwi_dialect_refuse(w, p->at, aigwi_dialect_lacks(w, AIGW_CAN(AUDIO_IN)) ? "the model takes no audio" : "audio goes as wav or mp3 bytes only");
        return;
    }
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "type", "input_audio");
    aigw_json_key(w->out, "input_audio");
    aigw_json_open(w->out, '{');
    aigwi_dialect_member_text(w->out, "data", p->text);
    if (row < rows) aigwi_dialect_member(w->out, "format", aigwi_openai_sounds[row].format);
    else aigwi_dialect_member_str(w->out, "format", aigwi_dialect_slice(own.p + 6, own.n - 6));
    aigw_json_close(w->out, '}');
    aigwi_openai_put_cache(w, p);
    aigw_json_close(w->out, '}');
}
static void aigwi_openai_put_file(aigwi_dialect_writer *w, const aigw_part *p) {
    static const aigw_str pdf = AIGW_STR("application/pdf");
    aigw_str mime = p->mime.n ? p->mime : pdf;
    if (p->source == AIGW_SOURCE_TEXT) {                      /* Chat Completions has no document but files: the words themselves */
        if (p->name.n) aigwi_dialect_lose(w, p->at, "", AIGW_LOSS_APPROXIMATED, "a text document goes as plain text, without its title");
        aigwi_openai_put_text_part(w, p, "");
        return;
    }
    if (p->source == AIGW_SOURCE_FILE) {
        aigwi_openai_put_file_id(w, p);
        return;
    }
    if (p->source == AIGW_SOURCE_URL && !aigw_base_eq(w->req->dialect, aigwi_openai_own)) {
        aigwi_dialect_refuse(w, p->at, "a file goes as bytes or by file id, not by URL");
        return;
    }
    if (aigwi_dialect_begins(mime, "video/") || (aigwi_dialect_lacks(w, AIGW_CAN(PDF)) && aigw_base_eq(mime, pdf))) {
        aigwi_dialect_refuse(w, p->at, "the model takes no files of this type");
        return;
    }
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "type", "file");
    aigw_json_key(w->out, "file");
    aigw_json_open(w->out, '{');
    if (p->name.n) aigwi_dialect_member_str(w->out, "filename", p->name);
    else if (!aigw_base_eq(w->req->dialect, aigwi_openai_own)) {   /* OpenAI refuses bytes without a name */
        aigwi_dialect_member(w->out, "filename", "document.pdf");
        aigwi_dialect_lose(w, AIGW_NOWHERE, "messages[].content[].file.filename", AIGW_LOSS_SYNTHESIZED, "a file needs a name");
    }
    if (p->source == AIGW_SOURCE_URL) aigwi_dialect_member_text(w->out, "file_data", p->text);
    else aigwi_openai_put_data_url(w, "file_data", mime, p->text);
    aigw_json_close(w->out, '}');
    aigwi_openai_put_cache(w, p);
    aigw_json_close(w->out, '}');
}
/* One part of a list of content. */
static void aigwi_openai_put_part(aigwi_dialect_writer *w, const aigw_part *p) {
    switch (p->kind) {
    case AIGW_PART_TEXT:  aigwi_openai_put_text_part(w, p, ""); break;
    case AIGW_PART_IMAGE: aigwi_openai_put_image(w, p); break;
    case AIGW_PART_AUDIO: aigwi_openai_put_audio(w, p); break;
    case AIGW_PART_FILE:  aigwi_openai_put_file(w, p); break;
    case AIGW_PART_REFUSAL:
        if (aigwi_family_says(w, "messages.refusal", '-')) {
            aigwi_dialect_lose(w, p->at, "", AIGW_LOSS_APPROXIMATED, "this provider has no refusals: it goes as text");
            aigwi_openai_put_text_part(w, p, "");
            break;
        }
        aigw_json_open(w->out, '{');
        aigwi_dialect_member(w->out, "type", "refusal");
        aigwi_dialect_member_text(w->out, "refusal", p->text);
        aigw_json_close(w->out, '}');
        break;
    case AIGW_PART_OTHER:
        if (aigw_base_eq(p->name, aigwi_openai_own)) aigw_json_put_value(w->out, p->text);
        else aigwi_dialect_refuse(w, p->at, "only its own dialect knows this part");
        break;
    default: aigwi_dialect_drop(w, p->at, "this part has no place in such a message");
    }
}
static int aigwi_openai_counts(const aigw_part *p, unsigned kinds) {
    return (kinds >> p->kind & 1) != 0;
}
/* `content` of the parts of these kinds: a string where one plain text is all, else a list; `none` ("" or "null")
   when there is nothing. */
static void aigwi_openai_put_content(aigwi_dialect_writer *w, const aigw_part *parts, unsigned kinds, const char *none) {
    const aigw_part *p, *one = NULL;
    int n = 0;
    for (p = parts; p; p = p->next)
        if (aigwi_openai_counts(p, kinds)) {
            one = p;
            n++;
        }
    aigw_json_key(w->out, "content");
    if (!n) aigw_json_put_raw(w->out, aigw_base_str(none));
    else if (n == 1 && one->kind == AIGW_PART_TEXT && !one->cache_ttl_s) aigw_json_put_text(w->out, one->text);
    else {
        aigw_json_open(w->out, '[');
        for (p = parts; p; p = p->next)
            if (aigwi_openai_counts(p, kinds)) aigwi_openai_put_part(w, p);
        aigw_json_close(w->out, ']');
    }
}
/* Ids of over 40 bytes are refused by OpenAI; families have other lengths. */
static void aigwi_openai_put_id(aigw_out *o, const char *name, aigw_str id) {
    aigw_json_key(o, name);
    if (id.n && id.n <= 40) aigw_json_put_str(o, id);
    else aigwi_dialect_put_id(o, id, 40);
}
static void aigwi_openai_put_google(aigw_out *o, const aigw_opaque *state) {
    aigw_json_key(o, "extra_content");
    aigw_json_open(o, '{');
    aigw_json_key(o, "google");
    aigw_json_open(o, '{');
    aigw_json_key(o, "thought_signature");
    aigwi_dialect_put_opaque(o, state, aigwi_openai_own, 1);
    aigw_json_close(o, '}');
    aigw_json_close(o, '}');
}
/* The head of a call, up to where its arguments come. */
static void aigwi_openai_open_call(aigw_out *o, aigw_str id, aigw_str name, int custom) {
    aigwi_openai_put_id(o, "id", id);
    aigwi_dialect_member(o, "type", custom ? "custom" : "function");
    aigw_json_key(o, custom ? "custom" : "function");
    aigw_json_open(o, '{');
    aigwi_dialect_member_str(o, "name", name);
    aigw_json_key(o, custom ? "input" : "arguments");
}
static void aigwi_openai_put_call(aigw_out *o, const aigw_part *p, int state) {
    aigw_json_open(o, '{');
    aigwi_openai_open_call(o, p->id, p->name, p->custom);
    if (p->custom) aigw_json_put_text(o, p->text);
    else aigwi_dialect_put_args_str(o, p->text);
    aigw_json_close(o, '}');
    if (state) aigwi_openai_put_google(o, p->state);
    aigw_json_close(o, '}');
}
/* One entry of reasoning_details: words with their signature, or what only its owner reads. */
static void aigwi_openai_put_detail(aigw_out *o, const aigw_part *p, int state, int64_t index) {
    int redacted = state && p->state->kind == AIGW_OPAQUE_REDACTED;
    aigw_json_open(o, '{');
    aigwi_dialect_member(o, "type", redacted ? "reasoning.encrypted" : "reasoning.text");
    if (!redacted) aigwi_dialect_member_text(o, "text", p->text);
    if (state) {
        aigw_json_key(o, redacted ? "data" : "signature");
        aigwi_dialect_put_opaque(o, p->state, aigwi_openai_own, 0);
    }
    aigw_json_key(o, "index");
    aigw_json_put_int(o, index);
    aigw_json_close(o, '}');
}
static int aigwi_openai_own_state(const aigw_part *p) {
    return p->state && aigw_base_eq(p->state->owner, aigwi_openai_own);
}
static void aigwi_openai_put_reasoning(aigwi_dialect_writer *w, const aigw_part *parts) {
    const aigw_part *p;
    int words = 0, details = 0, n = 0, mute = aigwi_dialect_lacks(w, AIGW_CAN(REASONING));
    for (p = parts; p; p = p->next) {
        if (p->kind != AIGW_PART_REASONING) continue;
        if (mute) aigwi_dialect_drop(w, p->at, "the model takes no reasoning back");
        else {
            details += aigwi_openai_owns(w, p) && !aigwi_family_drops(w, "messages.reasoning_details", p->state->at);
            words |= p->text.n > 0 && !aigwi_family_drops(w, "messages.reasoning_content", p->at);
        }
    }
    if (words) {
        aigw_json_key_str(w->out, aigwi_family_name(w, "messages.reasoning_content", "reasoning_content"));
        aigw_json_open_str(w->out);
        for (p = parts; p; p = p->next)
            if (p->kind == AIGW_PART_REASONING) aigw_json_part(w->out, p->text);
        aigw_json_close_str(w->out);
    }
    if (!details) return;
    aigw_json_key(w->out, "reasoning_details");
    aigw_json_open(w->out, '[');
    for (p = parts; p; p = p->next)
        if (p->kind == AIGW_PART_REASONING && (p->text.n || aigwi_openai_own_state(p)))
            aigwi_openai_put_detail(w->out, p, aigwi_openai_own_state(p), n++);
    aigw_json_close(w->out, ']');
}

#define AIGWI_OPENAI_KIND(kind) (1u << AIGW_PART_##kind)
enum {
    AIGWI_OPENAI_SAID = AIGWI_OPENAI_KIND(TEXT) | AIGWI_OPENAI_KIND(REFUSAL) | AIGWI_OPENAI_KIND(OTHER),
    AIGWI_OPENAI_MEDIA = AIGWI_OPENAI_KIND(IMAGE) | AIGWI_OPENAI_KIND(AUDIO) | AIGWI_OPENAI_KIND(FILE)
};
static void aigwi_openai_put_assistant(aigwi_dialect_writer *w, const aigw_message *m) {
    const aigw_part *p, *text = NULL, *refusal = NULL, *google = NULL;
    char made[AIGWI_FAMILY_ID_MAX];
    int calls = 0, refusals = 0, others = 0;
    for (p = m->parts; p; p = p->next) {
        if (p->kind == AIGW_PART_TOOL_CALL) {
            calls++;
            if (aigwi_dialect_lacks(w, AIGW_CAN(TOOLS))) aigwi_dialect_refuse(w, p->at, "the model has no tools");
        } else if (p->kind == AIGW_PART_REFUSAL) {
            refusal = p;
            refusals++;
        } else if (p->kind == AIGW_PART_TEXT || p->kind == AIGW_PART_OTHER) {
            others++;
            text = p;
            if (aigwi_openai_owns(w, p)) google = p;
        } else if (p->kind != AIGW_PART_REASONING) aigwi_dialect_refuse(w, p->at, "an assistant message holds no such part");
    }
    aigwi_openai_put_reasoning(w, m->parts);
    int alone = refusals == 1 && !text && !aigwi_family_says(w, "messages.refusal", '-');   /* as answers have it: a member of its own */
    aigwi_openai_put_content(w, m->parts, alone ? 0 : AIGWI_OPENAI_SAID, calls || alone ? "null" : "\"\"");
    if (alone) aigwi_dialect_member_text(w->out, "refusal", refusal->text);
    if (google && !aigwi_family_drops(w, "messages.extra_content", google->state->at)) aigwi_openai_put_google(w->out, google->state);
    if (!calls) return;
    aigw_json_key(w->out, "tool_calls");
    aigw_json_open(w->out, '[');
    for (p = m->parts; p; p = p->next)
        if (p->kind == AIGW_PART_TOOL_CALL) {
            aigw_part call = *p;
            call.id = aigwi_family_id_out(w, "messages.tool_calls.id", p->id, made);
            aigwi_openai_put_call(w->out, &call, aigwi_openai_owns(w, p) && !aigwi_family_drops(w, "messages.tool_calls.extra_content", p->state->at));
        }
    aigw_json_close(w->out, ']');
}
/* The content of a tool message: text only. That the tool failed is said in the words. */
static void aigwi_openai_put_result(aigwi_dialect_writer *w, const aigw_part *result) {
    const aigw_part *p, *one = NULL;
    const char *before = result->is_error ? "Error: " : "";
    int n = 0, cached = result->cache_ttl_s != 0;
    aigw_part last;
    for (p = result->parts; p; p = p->next) {
        if (p->kind == AIGW_PART_TEXT || (p->kind == AIGW_PART_FILE && p->source == AIGW_SOURCE_TEXT)) {
            one = p;
            n++;
            cached |= p->cache_ttl_s != 0;
        } else if (!aigwi_openai_counts(p, AIGWI_OPENAI_MEDIA)) aigwi_dialect_refuse(w, p->at, "a tool message holds no such part");
    }
    if (result->is_error) aigwi_dialect_lose(w, result->at, "", AIGW_LOSS_APPROXIMATED, "a tool message has no error flag: its text says it");
    aigw_json_key(w->out, "content");
    if (n > 1 || (n && cached)) aigw_json_open(w->out, '[');
    else aigw_json_open_str(w->out);
    if (!n) aigw_base_put_lit(w->out, result->is_error ? "Error" : "");
    for (p = result->parts; p && n; p = p->next) {
        if (p->kind != AIGW_PART_TEXT && !(p->kind == AIGW_PART_FILE && p->source == AIGW_SOURCE_TEXT)) continue;
        if (n == 1 && !cached) {
            aigw_base_put_lit(w->out, before);
            aigw_json_part(w->out, p->text);
            break;
        }
        last = *p;
        if (p == one && result->cache_ttl_s) {                /* the mark behind a result is one behind its last part */
            last.cache_ttl_s = result->cache_ttl_s;
            last.cache_at = result->cache_at;
        }
        aigwi_openai_put_text_part(w, &last, before);
        before = "";
    }
    if (n > 1 || (n && cached)) aigw_json_close(w->out, ']');
    else aigw_json_close_str(w->out);
}
static void aigwi_openai_put_results(aigwi_dialect_writer *w, const aigw_message *m) {
    const aigw_part *p;
    char made[AIGWI_FAMILY_ID_MAX];
    for (p = m->parts; p; p = p->next) {
        if (p->kind != AIGW_PART_TOOL_RESULT) {
            aigwi_dialect_refuse(w, p->at, "a tool message holds results only");
            continue;
        }
        if (aigwi_dialect_lacks(w, AIGW_CAN(TOOLS))) aigwi_dialect_refuse(w, p->at, "the model has no tools");
        aigw_json_open(w->out, '{');
        aigwi_dialect_member(w->out, "role", "tool");
        aigwi_openai_put_id(w->out, "tool_call_id", aigwi_family_id_out(w, "messages.tool_call_id", p->id, made));
        aigwi_openai_put_result(w, p);
        aigw_json_close(w->out, '}');
    }
}
/* Images and files in the results of the tool messages from..to: a user message after the last of them, since a tool
   message holds text only. */
static void aigwi_openai_put_media(aigwi_dialect_writer *w, const aigw_message *from, const aigw_message *to) {
    const aigw_part *result, *p;
    aigw_part said;
    int open = 0;
    for (; from != to; from = from->next)
        for (result = from->parts; result; result = result->next)
            for (p = result->parts; p; p = p->next) {
                if (!aigwi_openai_counts(p, AIGWI_OPENAI_MEDIA) || p->source == AIGW_SOURCE_TEXT) continue;
                if (!open) {
                    open = 1;
                    aigw_json_open(w->out, '{');
                    aigwi_dialect_member(w->out, "role", "user");
                    aigw_json_key(w->out, "content");
                    aigw_json_open(w->out, '[');
                }
                memset(&said, 0, sizeof said);
                said.text = aigwi_dialect_text(result->id, AIGW_TEXT_PLAIN);
                aigwi_openai_put_text_part(w, &said, "From the result of tool call ");
                aigwi_openai_put_part(w, p);
                aigwi_dialect_lose(w, p->at, "", AIGW_LOSS_APPROXIMATED, "a tool message holds text only: this goes in a user message after it");
            }
    if (!open) return;
    aigw_json_close(w->out, ']');
    aigw_json_close(w->out, '}');
}
static void aigwi_openai_put_messages(aigwi_dialect_writer *w) {
    static const char *const roles[] = { "system", "developer", "user", "assistant" };
    const aigw_message *m, *tools = NULL;
    aigw_json_key(w->out, "messages");
    aigw_json_open(w->out, '[');
    for (m = w->req->messages; m; m = m->next) {
        if (m->role == AIGW_ROLE_TOOL) {
            if (!tools) tools = m;
            aigwi_openai_put_results(w, m);
            continue;
        }
        if (tools) aigwi_openai_put_media(w, tools, m);
        tools = NULL;
        int role = m->role;
        if (role <= AIGW_ROLE_DEVELOPER && aigwi_dialect_lacks(w, AIGW_CAN(SYSTEM))) {
            role = AIGW_ROLE_USER;
            aigwi_dialect_lose(w, m->at, "", AIGW_LOSS_APPROXIMATED, "the model has no system messages: it goes as the user's");
        }
        aigw_json_open(w->out, '{');
        aigwi_dialect_member_str(w->out, "role", aigwi_family_word(w, "messages.role", aigw_base_str(roles[role])));
        if (m->name.n && !aigwi_family_drops(w, "messages.name", m->at)) aigwi_dialect_member_str(w->out, "name", m->name);
        if (role == AIGW_ROLE_ASSISTANT) aigwi_openai_put_assistant(w, m);
        else aigwi_openai_put_content(w, m->parts, ~0u, "\"\"");
        aigw_json_close(w->out, '}');
    }
    if (tools) aigwi_openai_put_media(w, tools, NULL);
    aigw_json_close(w->out, ']');
}

static void aigwi_openai_put_tool(aigwi_dialect_writer *w, const aigw_tool *t) {
    int custom = t->kind == AIGW_TOOL_CUSTOM;
    if (aigwi_dialect_lacks(w, AIGW_CAN(TOOLS))) {
        aigwi_dialect_refuse(w, t->at, "the model has no tools");
        return;
    }
    if (t->kind == AIGW_TOOL_HOSTED) {
        if (aigw_base_eq(w->req->dialect, aigwi_openai_own)) aigw_json_put_raw(w->out, t->schema);
        else aigwi_dialect_refuse(w, t->at, "another provider runs this tool");
        return;
    }
    if (t->cache_ttl_s) aigwi_dialect_drop(w, t->cache_at ? t->cache_at : t->at, "a tool takes no cache mark");
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "type", custom ? "custom" : "function");
    aigw_json_key(w->out, custom ? "custom" : "function");
    aigw_json_open(w->out, '{');
    aigwi_dialect_member_str(w->out, "name", t->name);
    if (t->description.n) aigwi_dialect_member_text(w->out, "description", t->description);
    if (t->schema.n) {
        aigw_json_key(w->out, custom ? "format" : "parameters");
        aigwi_dialect_put_schema(w->out, t->schema, t->openapi);
    }
    if (t->strict >= 0 && !custom && !aigwi_family_drops(w, "tools.function.strict", t->strict_at ? t->strict_at : t->at)) {
        aigw_json_key(w->out, "strict");
        aigw_json_put_bool(w->out, t->strict);
    }
    aigw_json_close(w->out, '}');
    aigw_json_close(w->out, '}');
}
static void aigwi_openai_put_named(aigwi_dialect_writer *w, aigw_text name) {
    const aigw_tool *t;
    aigw_str s;
    int custom = 0;
    if (!aigwi_dialect_plain(name, w->mem, &s)) w->err = AIGW_E_NOMEM;
    for (t = w->req->tools; t; t = t->next)
        if (t->kind == AIGW_TOOL_CUSTOM && aigw_base_eq(t->name, s)) custom = 1;
    aigw_json_open(w->out, '{');
    aigwi_dialect_member(w->out, "type", custom ? "custom" : "function");
    aigw_json_key(w->out, custom ? "custom" : "function");
    aigw_json_open(w->out, '{');
    aigwi_dialect_member_text(w->out, "name", name);
    aigw_json_close(w->out, '}');
    aigw_json_close(w->out, '}');
}
static void aigwi_openai_put_choice(aigwi_dialect_writer *w) {
    static const char *const words[] = { "", "auto", "none", "required" };
    const aigw_req *req = w->req;
    const aigw_item *i;
    int forced = req->choice == AIGW_CHOICE_REQUIRED || req->choice == AIGW_CHOICE_NAMED;
    if (!req->choice) return;
    if (!req->tools && !forced) {
        aigwi_dialect_drop(w, req->choice_at, "there are no tools to choose from");
        return;
    }
    if (aigwi_dialect_lacks(w, AIGW_CAN(TOOL_CHOICE)) || (forced && aigwi_dialect_lacks(w, AIGW_CAN(FORCED_TOOLS)))) {
        if (req->choice == AIGW_CHOICE_AUTO && !req->choice_names) aigwi_dialect_drop(w, req->choice_at, "the model always chooses itself");
        else aigwi_dialect_refuse(w, req->choice_at, "the model cannot be made to call a tool, or not to");
        return;
    }
    aigw_json_key(w->out, "tool_choice");
    if (req->choice == AIGW_CHOICE_NAMED && req->choice_names) aigwi_openai_put_named(w, req->choice_names->text);
    else if (!req->choice_names || req->choice == AIGW_CHOICE_NONE)
        aigw_json_put_str(w->out, aigwi_family_word(w, "tool_choice", aigw_base_str(words[req->choice & 3])));
    else {
        aigw_json_open(w->out, '{');
        aigwi_dialect_member(w->out, "type", "allowed_tools");
        aigw_json_key(w->out, "allowed_tools");
        aigw_json_open(w->out, '{');
        aigwi_dialect_member(w->out, "mode", words[req->choice & 3]);
        aigw_json_key(w->out, "tools");
        aigw_json_open(w->out, '[');
        for (i = req->choice_names; i; i = i->next) aigwi_openai_put_named(w, i->text);
        aigw_json_close(w->out, ']');
        aigw_json_close(w->out, '}');
        aigw_json_close(w->out, '}');
    }
}
static void aigwi_openai_put_format(aigwi_dialect_writer *w) {
    const aigw_format *f = &w->req->format;
    aigw_out *o = w->out;
    int schema = f->kind == AIGW_FORMAT_SCHEMA;
    if (f->kind == AIGW_FORMAT_TEXT) return;
    if (aigwi_dialect_lacks(w, schema ? AIGW_CAN(JSON_SCHEMA) : AIGW_CAN(JSON_OBJECT))) {
        aigwi_dialect_refuse(w, f->at, schema ? "the model cannot be held to a schema" : "the model has no JSON mode");
        return;
    }
    aigw_json_key(o, "response_format");
    aigw_json_open(o, '{');
    aigwi_dialect_member(o, "type", schema ? "json_schema" : "json_object");
    if (schema) {
        aigw_json_key(o, "json_schema");
        aigw_json_open(o, '{');
        if (f->name.n) {
            aigw_json_key(o, "name");
            aigwi_dialect_put_id(o, f->name, 64);
        } else {
            aigwi_dialect_member(o, "name", "response");
            aigwi_dialect_lose(w, AIGW_NOWHERE, "response_format.json_schema.name", AIGW_LOSS_SYNTHESIZED, "a schema needs a name");
        }
        if (f->description.n) aigwi_dialect_member_text(o, "description", f->description);
        aigw_json_key(o, "schema");
        aigwi_dialect_put_schema(o, f->schema, f->openapi);
        if (f->strict >= 0) {
            aigw_json_key(o, "strict");
            aigw_json_put_bool(o, f->strict);
        }
        aigw_json_close(o, '}');
    }
    aigw_json_close(o, '}');
}

/* ---- effort */

static const struct { aigw_str word; int64_t budget; } aigwi_openai_efforts[] = {  /* budget: the most that is still this step; wire-formats 26.7 */
    { AIGW_STR("none"), 0 }, { AIGW_STR("minimal"), 768 }, { AIGW_STR("low"), 4608 }, { AIGW_STR("medium"), 12288 },
    { AIGW_STR("high"), 24192 }, { AIGW_STR("xhigh"), 65536 }, { AIGW_STR("max"), INT64_MAX },
};
#define AIGWI_OPENAI_EFFORTS ((int)(sizeof aigwi_openai_efforts / sizeof *aigwi_openai_efforts))

/* Is `word` one of the space-separated `list`? */
static int aigwi_openai_listed(aigw_str list, aigw_str word) {
    for (size_t i = 0, k; i < list.n; i = k + 1) {
        for (k = i; k < list.n && list.p[k] != ' '; k++) {}
        if (aigw_base_eq(aigwi_dialect_slice(list.p + i, k - i), word)) return 1;
    }
    return 0;
}
/* The word that the model takes and that is nearest to `word`; the higher one of two. Words that are not known here
   stay. */
static aigw_str aigwi_openai_nearest(aigw_str list, aigw_str word) {
    int at = 0;
    while (at < AIGWI_OPENAI_EFFORTS && !aigw_base_eq(word, aigwi_openai_efforts[at].word)) at++;
    if (!list.n || at == AIGWI_OPENAI_EFFORTS) return word;
    for (int step = 0; step < AIGWI_OPENAI_EFFORTS; step++) {
        if (at + step < AIGWI_OPENAI_EFFORTS && aigwi_openai_listed(list, aigwi_openai_efforts[at + step].word)) return aigwi_openai_efforts[at + step].word;
        if (at - step >= 0 && aigwi_openai_listed(list, aigwi_openai_efforts[at - step].word)) return aigwi_openai_efforts[at - step].word;
    }
    return word;
}
/* What the request says of reasoning, as one effort; its source (and which parameters it stands for, in *done), or
   NULL when there is none. */
static const aigw_param *aigwi_openai_effort(const aigw_req *req, aigw_str *word, int *rounded, uint32_t *done) {
    const aigw_param *effort = &req->param[AIGW_P_EFFORT], *budget = &req->param[AIGW_P_REASONING_BUDGET], *mode = &req->param[AIGW_P_REASONING_MODE];
    int off = mode->has && (aigwi_dialect_is(mode->raw, "disabled") || aigwi_dialect_is(mode->raw, "between_tools"));
    int step = 0;
    *rounded = 0;
    if (off) {
        *word = aigwi_openai_efforts[0].word;
        *rounded = !aigwi_dialect_is(mode->raw, "disabled");
        *done |= 1u << AIGW_P_REASONING_MODE;
        return mode;
    }
    if (effort->has) {
        *word = effort->raw;
        *done |= 1u << AIGW_P_EFFORT | 1u << AIGW_P_REASONING_MODE;
        return effort;
    }
    if (!budget->has || budget->micro < 0) return NULL;
    while (step < AIGWI_OPENAI_EFFORTS - 1 && budget->micro / 1000000 > aigwi_openai_efforts[step].budget) step++;
    *word = aigwi_openai_efforts[step].word;
    *rounded = step > 0;
    *done |= 1u << AIGW_P_REASONING_BUDGET | 1u << AIGW_P_REASONING_MODE;
    return budget;
}
static void aigwi_openai_put_effort(aigwi_dialect_writer *w, uint32_t *done) {
    aigw_str word = aigw_base_str(NULL), sent;
    int rounded;
    if (aigwi_dialect_lacks(w, AIGW_CAN(REASONING))) return;       /* what is said of it is reported with the rest */
    const aigw_param *from = aigwi_openai_effort(w->req, &word, &rounded, done);
    if (!from || aigwi_family_drops(w, "reasoning_effort", from->at) || aigwi_family_put_value(w, "reasoning_effort", word)) return;
    sent = w->to ? aigwi_openai_nearest(w->to->efforts, word) : word;
    aigwi_dialect_member_str(w->out, "reasoning_effort", aigwi_family_word(w, "reasoning_effort", sent));
    if (rounded || !aigw_base_eq(sent, word))
        aigwi_dialect_lose(w, from->at, "", AIGW_LOSS_APPROXIMATED, "said as the nearest reasoning effort that the model takes");
}

#define AIGWI_OPENAI_M INT64_C(1000000)
static const aigwi_dialect_row aigwi_openai_rows[] = {           /* wire-formats 2.1 */
    { AIGW_P_TEMPERATURE,       AIGWI_CLAMP,  "temperature",           0,                     2 * AIGWI_OPENAI_M,  "temperature is 0 to 2" },
    { AIGW_P_TOP_P,             AIGWI_CLAMP,  "top_p",                 0,                     AIGWI_OPENAI_M,      "top_p is 0 to 1" },
    { AIGW_P_PRESENCE_PENALTY,  AIGWI_CLAMP,  "presence_penalty",      -2 * AIGWI_OPENAI_M,   2 * AIGWI_OPENAI_M,  "a penalty is -2 to 2" },
    { AIGW_P_FREQUENCY_PENALTY, AIGWI_CLAMP,  "frequency_penalty",     -2 * AIGWI_OPENAI_M,   2 * AIGWI_OPENAI_M,  "a penalty is -2 to 2" },
    { AIGW_P_SEED,              AIGWI_KEEP,   "seed",                  0,                     0,                   "" },
    { AIGW_P_N,                 AIGWI_REFUSE, "n",                     AIGWI_OPENAI_M,        AIGW_CHOICES * AIGWI_OPENAI_M, "so many answers at once are not carried" },
    { AIGW_P_LOGPROBS,          AIGWI_KEEP,   "logprobs",              0,                     0,                   "" },
    { AIGW_P_TOP_LOGPROBS,      AIGWI_CLAMP,  "top_logprobs",          0,                     20 * AIGWI_OPENAI_M, "top_logprobs is 0 to 20" },
    { AIGW_P_MAX_OUTPUT,        AIGWI_KEEP,   "max_completion_tokens", 0,                     0,                   "" },
    { AIGW_P_USER,              AIGWI_KEEP,   "user",                  0,                     0,                   "" },
    { AIGW_P_SAFETY_ID,         AIGWI_KEEP,   "safety_identifier",     0,                     0,                   "" },
};
static void aigwi_openai_put_params(aigwi_dialect_writer *w) {
    static const aigwi_dialect_row old = { AIGW_P_MAX_OUTPUT, AIGWI_KEEP, "max_tokens", 0, 0, "" },
                                   parallel = { AIGW_P_PARALLEL, AIGWI_KEEP, "parallel_tool_calls", 0, 0, "" },
                                   top_k = { AIGW_P_TOP_K, AIGWI_KEEP, "top_k", 0, 0, "" };
    const uint32_t sampling = 1u << AIGW_P_TEMPERATURE | 1u << AIGW_P_TOP_P | 1u << AIGW_P_PRESENCE_PENALTY | 1u << AIGW_P_FREQUENCY_PENALTY;
    const size_t n = sizeof aigwi_openai_rows / sizeof *aigwi_openai_rows;
    uint32_t done = 0;
    int r;
    for (size_t i = 0; i < n; i++) {
        const aigwi_dialect_row *row = &aigwi_openai_rows[i];
        if ((sampling >> row->id & 1) && aigwi_dialect_lacks(w, AIGW_CAN(SAMPLING))) continue;
        if (row->id == AIGW_P_MAX_OUTPUT && w->to && (w->to->can & AIGW_CAN(MAX_TOKENS))) row = &old;
        aigwi_family_put_row(w, row, aigwi_openai_rows, n, &done);
    }
    if (aigwi_family_says(w, "top_k", '*') && !aigwi_dialect_lacks(w, AIGW_CAN(SAMPLING))) aigwi_family_put_row(w, &top_k, NULL, 0, &done);
    if (w->req->tools && !aigwi_dialect_lacks(w, AIGW_CAN(PARALLEL_TOOLS))) aigwi_family_put_row(w, &parallel, NULL, 0, &done);
    aigwi_openai_put_effort(w, &done);
    r = aigwi_dialect_drop_params(w->req, done, w->loss);
    if (r && !w->err) w->err = r;
}
static void aigwi_openai_put_stop(aigwi_dialect_writer *w) {
    const aigw_item *i = w->req->stop;
    int n = 0;
    if (!i) return;
    if (aigwi_dialect_lacks(w, AIGW_CAN(STOP))) {
        aigwi_dialect_drop(w, w->req->stop_at, "the model takes no stop strings");
        return;
    }
    aigw_json_key(w->out, "stop");
    aigw_json_open(w->out, '[');
    for (; i; i = i->next) {
        if (n++ < 4) aigw_json_put_text(w->out, i->text);
        else aigwi_dialect_drop(w, i->at, "OpenAI takes four stop strings");
    }
    aigw_json_close(w->out, ']');
}
static int aigwi_openai_streams(const aigw_req *req) {
    return req->param[AIGW_P_STREAM].has && req->param[AIGW_P_STREAM].micro;
}
static int aigwi_openai_wants_usage(const aigw_req *req) {
    return req->param[AIGW_P_STREAM_USAGE].has && req->param[AIGW_P_STREAM_USAGE].micro;
}
static void aigwi_openai_put_stream(aigwi_dialect_writer *w) {
    if (!aigwi_openai_streams(w->req)) return;
    aigw_json_key(w->out, "stream");
    aigw_json_put_bool(w->out, 1);
    if (aigwi_family_says(w, "stream_options", '-')) return;       /* usage comes without asking there */
    aigw_json_key(w->out, "stream_options");
    aigw_json_put_raw(w->out, aigw_base_str("{\"include_usage\":true}"));
    if (!aigwi_openai_wants_usage(w->req)) aigwi_dialect_lose(w, AIGW_NOWHERE, "stream_options.include_usage", AIGW_LOSS_SYNTHESIZED, "usage is always counted");
}

/* Method, target and headers of a call to the provider. */
static int aigwi_openai_head(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head) {
    static const aigw_str post = AIGW_STR("POST"), get = AIGW_STR("GET"), type = AIGW_STR("content-type"), json = AIGW_STR("application/json"),
                          accept = AIGW_STR("accept"), events = AIGW_STR("text/event-stream");
    aigw_str base = to ? to->base : aigw_base_str(NULL);
    int models = req->op == AIGW_OP_MODELS, r;
    const char *path = models ? "/models" : "/chat/completions";
    size_t room = base.n + strlen(path);
    aigw_out o;
    char *p;
    head->method = models ? get : post;
    r = aigwi_family_path(to, req->op, 0, to ? to->version : base, mem, &head->target);
    if (r < 0) return r;
    if (!r) {
        p = (char *)aigw_base_take(mem, room, 1, 1);
        if (!p) return AIGW_E_NOMEM;
        aigw_base_out_init(&o, p, room, NULL, 0);
        aigw_base_put(&o, base);
        aigw_base_put_lit(&o, path);
        head->target = aigwi_dialect_slice(p, room);
    }
    if (models) return AIGW_OK;
    r = aigw_base_header_put(head, type, json);
    if (!r) r = aigw_base_header_put(head, accept, aigwi_openai_streams(req) ? events : json);
    return r;
}
static int aigwi_openai_req_encode(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss) {
    aigwi_dialect_writer w;
    int r;
    if (req->op != AIGW_OP_CHAT && req->op != AIGW_OP_MODELS) return AIGW_E_UNSUPPORTED;
    r = aigwi_openai_head(req, to, mem, head);
    if (r || req->op == AIGW_OP_MODELS) return r;
    w.req = req;
    w.to = to;
    w.mem = mem;
    w.out = out;
    w.loss = loss;
    w.err = AIGW_OK;
    aigw_json_open(out, '{');
    aigwi_dialect_member_str(out, "model", to && to->id.n ? to->id : req->model);
    aigwi_openai_put_messages(&w);
    if (req->tools) {
        aigw_json_key(out, "tools");
        aigw_json_open(out, '[');
        for (const aigw_tool *t = req->tools; t; t = t->next) aigwi_openai_put_tool(&w, t);
        aigw_json_close(out, ']');
    }
    aigwi_openai_put_choice(&w);
    aigwi_openai_put_format(&w);
    aigwi_openai_put_params(&w);
    aigwi_openai_put_stop(&w);
    if (req->metadata.n && !aigwi_family_drops(&w, "metadata", req->metadata_at)) {
        aigw_json_key(out, "metadata");
        aigw_json_put_raw(out, req->metadata);
    }
    aigwi_openai_put_stream(&w);
    aigwi_family_put_added(&w, NULL);
    aigw_json_close(out, '}');
    if (req->cache_ttl_s) aigwi_dialect_drop(&w, req->cache_at, "OpenAI caches the prefix by itself");
    r = aigwi_dialect_drop_raw(req, loss);
    if (!w.err) w.err = r;
    r = aigw_base_out_end(out);
    return w.err ? w.err : r;
}

/* What is cut out of the client's bytes: opaque state of other providers, which must not reach this one. */
typedef struct { size_t from, to; } aigwi_openai_cut;

static size_t aigwi_openai_back(aigw_str s, size_t at) {
    while (at && (s.p[at - 1] == ' ' || s.p[at - 1] == '\n' || s.p[at - 1] == '\r' || s.p[at - 1] == '\t')) at--;
    return at;
}
/* The cut of a member (or, for what is nothing but state, of a list item) with one comma beside it. `last`: the cut
   before, or NULL. */
static aigwi_openai_cut aigwi_openai_cut_of(aigw_str body, const aigw_part *p, const aigwi_openai_cut *last) {
    int item = p->state->kind == AIGW_OPAQUE_REDACTED;
    aigwi_openai_cut c;
    aigw_json j;
    c.from = item ? p->at : p->state->at;
    aigw_json_init(&j, aigwi_dialect_slice(body.p + c.from, body.n - c.from));
    aigw_json_skip(&j);
    c.to = c.from + aigw_json_at(&j);
    if (!item) {                                               /* back over the colon and the name */
        c.from = aigwi_openai_back(body, c.from);
        c.from = aigwi_openai_back(body, c.from ? c.from - 1 : 0);
        for (c.from -= c.from > 0; c.from && body.p[c.from - 1] != '"'; ) c.from--;
        c.from -= c.from > 0;
    }
    size_t before = aigwi_openai_back(body, c.from);
    if (last && before == last->to) before = aigwi_openai_back(body, last->from);
    if (before && body.p[before - 1] == ',') {
        c.from = last && before <= last->from ? last->to : before - 1;
        if (last && before <= last->from) return c;            /* its comma went with the one before */
    } else {
        while (c.to < body.n && (body.p[c.to] == ' ' || body.p[c.to] == '\n' || body.p[c.to] == '\r' || body.p[c.to] == '\t')) c.to++;
        if (c.to < body.n && body.p[c.to] == ',') c.to++;
    }
    return c;
}
static int aigwi_openai_foreign(const aigw_part *p) {
    return p->state && p->state->at && !aigw_base_eq(p->state->owner, aigwi_openai_own);
}
/* The cuts of a request in the order of its bytes; *n of them. NULL without memory. */
static aigwi_openai_cut *aigwi_openai_cuts(const aigw_req *req, aigw_arena *mem, aigw_loss *loss, size_t *n, int *r) {
    const aigw_message *m;
    const aigw_part *p, **all;
    size_t k = 0, i;
    aigwi_openai_cut *cuts;
    *n = 0;
    for (m = req->messages; m; m = m->next)
        for (p = m->parts; p; p = p->next) *n += (size_t)aigwi_openai_foreign(p);
    all = (const aigw_part **)aigw_base_take(mem, *n, sizeof *all, sizeof(void *));
    cuts = (aigwi_openai_cut *)aigw_base_take(mem, *n, sizeof *cuts, sizeof(size_t));
    if (!all || !cuts) return NULL;
    for (m = req->messages; m; m = m->next)
        for (p = m->parts; p; p = p->next) {
            if (!aigwi_openai_foreign(p)) continue;
            for (i = k++; i && all[i - 1]->state->at > p->state->at; i--) all[i] = all[i - 1];
            all[i] = p;
        }
    for (i = 0; i < k; i++) {
        int q = aigw_model_loss_at(loss, all[i]->state->at, "", AIGW_LOSS_DROPPED, "opaque state of another provider");
        if (q < 0) *r = q;
        cuts[i] = aigwi_openai_cut_of(req->body, all[i], i ? &cuts[i - 1] : NULL);
    }
    return cuts;
}
/* The value of a top-level member of the body; empty when it is not there. */
static aigw_str aigwi_openai_value(aigw_str body, const char *name) {
    aigw_str v = aigw_base_str(NULL);
    aigw_json j;
    aigw_json_init(&j, body);
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        if (aigwi_dialect_is(j.key, name)) aigw_json_raw(&j, &v);
        else aigw_json_skip(&j);
    }
    return v;
}
static int aigwi_openai_edit_model(const aigw_target *to, aigw_arena *mem, aigw_loss *loss, aigwi_dialect_edit *edit) {
    size_t room = to->id.n * 6 + 2;
    aigw_out o;
    char *p = (char *)aigw_base_take(mem, room, 1, 1);
    aigw_base_out_init(&o, p, p ? room : 0, NULL, 0);
    aigw_json_put_str(&o, to->id);
    edit->member = "model";
    edit->json = aigwi_dialect_slice(p, o.buf.n);
    if (aigw_base_out_end(&o)) return AIGW_E_NOMEM;
    return aigw_model_loss_at(loss, AIGW_NOWHERE, "model", AIGW_LOSS_SYNTHESIZED, "the provider's name of the model");
}
static int aigwi_openai_edit_usage(const aigw_req *req, aigw_arena *mem, aigw_loss *loss, aigwi_dialect_edit *edit) {
    static const aigwi_dialect_edit on = { "include_usage", AIGW_STR("true") };
    aigw_str options = aigwi_openai_value(req->body, "stream_options");
    if (!options.n || options.p[0] != '{') options = aigw_base_str("{}");
    size_t room = options.n + 32;
    aigw_out o;
    char *p = (char *)aigw_base_take(mem, room, 1, 1);
    aigw_base_out_init(&o, p, p ? room : 0, NULL, 0);
    if (aigwi_dialect_splice(options, &on, 1, &o) || aigw_base_out_end(&o)) return AIGW_E_NOMEM;
    edit->member = "stream_options";
    edit->json = aigwi_dialect_slice(p, o.buf.n);
    return aigw_model_loss_at(loss, AIGW_NOWHERE, "stream_options.include_usage", AIGW_LOSS_SYNTHESIZED, "usage is always counted");
}
static int aigwi_openai_edit_messages(const aigw_req *req, const aigwi_openai_cut *cuts, size_t n, aigw_arena *mem, aigwi_dialect_edit *edit) {
    aigw_str all = aigwi_openai_value(req->body, "messages");
    size_t at = (size_t)(all.p - req->body.p), end = at + all.n;
    aigw_out o;
    char *p = (char *)aigw_base_take(mem, all.n, 1, 1);
    aigw_base_out_init(&o, p, p ? all.n : 0, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        if (cuts[i].from > at) aigw_base_put(&o, aigwi_dialect_slice(req->body.p + at, cuts[i].from - at));
        if (cuts[i].to > at) at = cuts[i].to;
    }
    if (at < end) aigw_base_put(&o, aigwi_dialect_slice(req->body.p + at, end - at));
    edit->member = "messages";
    edit->json = aigwi_dialect_slice(p, o.buf.n);
    return aigw_base_out_end(&o);
}
/* Same dialect: the client's bytes but for the model's name, the usage switch, and state that is not this provider's. */
static int aigwi_openai_req_edit(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss) {
    aigwi_dialect_edit edits[3];
    const aigwi_openai_cut *cuts;
    aigwi_dialect_writer w;
    size_t n = 0, k = 0;
    int r, refused = AIGW_OK;
    if (req->op != AIGW_OP_CHAT) return aigwi_openai_req_encode(req, to, mem, head, out, loss);
    r = aigwi_openai_head(req, to, mem, head);
    if (!r && to && to->id.n && !aigw_base_eq(to->id, req->model)) r = aigwi_openai_edit_model(to, mem, loss, &edits[n++]);
    w.to = to;
    if (!r && aigwi_openai_streams(req) && !aigwi_openai_wants_usage(req) && !aigwi_family_says(&w, "stream_options", '-'))
        r = aigwi_openai_edit_usage(req, mem, loss, &edits[n++]);
    if (r) return r;
    cuts = aigwi_openai_cuts(req, mem, loss, &k, &refused);
    if (!cuts) return AIGW_E_NOMEM;
    if (k) r = aigwi_openai_edit_messages(req, cuts, k, mem, &edits[n++]);
    if (!r) r = aigwi_family_splice(req, to, req->body, edits, n, out, loss);
    if (r == AIGW_E_REFUSED) {
        refused = r;
        r = AIGW_OK;
    }
    if (!r) r = aigw_base_out_end(out);
    return r ? r : refused;
}

/* ---- errors in */

static const aigwi_dialect_err_row aigwi_openai_errors[] = {      /* wire-formats 5.1, 13 to 25, read 2026-11-21 */
    { 0,   AIGW_STR("insufficient_quota"),         AIGW_KIND_QUOTA           },
    { 0,   AIGW_STR("credit_balance_exhausted"),   AIGW_KIND_QUOTA           },
    { 0,   AIGW_STR("billing_hard_limit_reached"), AIGW_KIND_QUOTA           },
    { 0,   AIGW_STR("payment_required"),           AIGW_KIND_QUOTA           },
    { 0,   AIGW_STR("context_length_exceeded"),    AIGW_KIND_CONTEXT_LENGTH  },
    { 0,   AIGW_STR("exceed_context_size_error"),  AIGW_KIND_CONTEXT_LENGTH  },
    { 0,   AIGW_STR("too_many_prompt_tokens"),     AIGW_KIND_CONTEXT_LENGTH  },   /* Perplexity */
    { 0,   AIGW_STR("content_filter"),             AIGW_KIND_CONTENT_FILTER  },
    { 0,   AIGW_STR("content_policy_violation"),   AIGW_KIND_CONTENT_FILTER  },
    { 0,   AIGW_STR("invalid_prompt"),             AIGW_KIND_CONTENT_FILTER  },
    { 0,   AIGW_STR("invalid_api_key"),            AIGW_KIND_AUTH            },
    { 0,   AIGW_STR("invalid_organization"),       AIGW_KIND_AUTH            },
    { 0,   AIGW_STR("authentication_error"),       AIGW_KIND_AUTH            },
    { 0,   AIGW_STR("authentication"),             AIGW_KIND_AUTH            },
    { 0,   AIGW_STR("unsupported_country_region_territory"), AIGW_KIND_PERMISSION },
    { 0,   AIGW_STR("insufficient_permissions"),   AIGW_KIND_PERMISSION      },
    { 0,   AIGW_STR("permission_error"),           AIGW_KIND_PERMISSION      },
    { 0,   AIGW_STR("permission_denied"),          AIGW_KIND_PERMISSION      },
    { 0,   AIGW_STR("server_is_overloaded"),       AIGW_KIND_OVERLOADED      },
    { 503, AIGW_STR("slow_down"),                  AIGW_KIND_OVERLOADED      },
    { 0,   AIGW_STR("slow_down"),                  AIGW_KIND_RATE_LIMIT      },
    { 0,   AIGW_STR("service_unavailable_error"),  AIGW_KIND_OVERLOADED      },
    { 0,   AIGW_STR("unavailable_error"),          AIGW_KIND_OVERLOADED      },   /* llama.cpp, while it loads */
    { 0,   AIGW_STR("provider_overloaded"),        AIGW_KIND_OVERLOADED      },
    { 0,   AIGW_STR("provider_unavailable"),       AIGW_KIND_OVERLOADED      },
    { 0,   AIGW_STR("capacity_exceeded"),          AIGW_KIND_OVERLOADED      },   /* Groq 498 */
    { 498, AIGW_STR(""),                           AIGW_KIND_OVERLOADED      },
    { 0,   AIGW_STR("The service is currently unavailable"), AIGW_KIND_OVERLOADED },   /* xAI, in a 200 */
    { 0,   AIGW_STR("rate_limit_exceeded"),        AIGW_KIND_RATE_LIMIT      },
    { 0,   AIGW_STR("rate_limit_error"),           AIGW_KIND_RATE_LIMIT      },
    { 0,   AIGW_STR("RateLimitReached"),           AIGW_KIND_RATE_LIMIT      },   /* Azure */
    { 0,   AIGW_STR("token_quota_exceeded"),       AIGW_KIND_RATE_LIMIT      },   /* Cerebras: per minute */
    { 0,   AIGW_STR("token_quota_reached"),        AIGW_KIND_RATE_LIMIT      },
    { 0,   AIGW_STR("request_quota_exceeded"),     AIGW_KIND_RATE_LIMIT      },
    { 0,   AIGW_STR("too_many_requests"),          AIGW_KIND_RATE_LIMIT      },
    { 0,   AIGW_STR("model_not_found"),            AIGW_KIND_NOT_FOUND       },
    { 0,   AIGW_STR("DeploymentNotFound"),         AIGW_KIND_NOT_FOUND       },
    { 0,   AIGW_STR("not_found_error"),            AIGW_KIND_NOT_FOUND       },
    { 0,   AIGW_STR("NotFoundError"),              AIGW_KIND_NOT_FOUND       },
    { 0,   AIGW_STR("not_found"),                  AIGW_KIND_NOT_FOUND       },
    { 0,   AIGW_STR("conflict"),                   AIGW_KIND_CONFLICT        },
    { 0,   AIGW_STR("payload_too_large"),          AIGW_KIND_TOO_LARGE       },
    { 0,   AIGW_STR("timeout"),                    AIGW_KIND_TIMEOUT         },
    { 0,   AIGW_STR("upstream_unreachable"),       AIGW_KIND_CONNECT         },   /* another gateway of this kind */
    { 0,   AIGW_STR("upstream_bad_response"),      AIGW_KIND_BAD_RESPONSE    },
    { 0,   AIGW_STR("upstream_truncated"),         AIGW_KIND_TRUNCATED       },
    { 0,   AIGW_STR("server_error"),               AIGW_KIND_SERVER          },
    { 0,   AIGW_STR("internal_error"),             AIGW_KIND_SERVER          },
    { 0,   AIGW_STR("tool_use_failed"),            AIGW_KIND_INVALID_REQUEST },   /* Groq: another sample may do */
    { 401, AIGW_STR("invalid_request_error"),      AIGW_KIND_AUTH            },   /* the type that says nothing: the status does */
    { 403, AIGW_STR("invalid_request_error"),      AIGW_KIND_PERMISSION      },
    { 404, AIGW_STR("invalid_request_error"),      AIGW_KIND_NOT_FOUND       },
    { 409, AIGW_STR("invalid_request_error"),      AIGW_KIND_CONFLICT        },
    { 413, AIGW_STR("invalid_request_error"),      AIGW_KIND_TOO_LARGE       },
    { 429, AIGW_STR("invalid_request_error"),      AIGW_KIND_RATE_LIMIT      },
    { 0,   AIGW_STR("invalid_request_error"),      AIGW_KIND_INVALID_REQUEST },
    { 0,   AIGW_STR("BadRequestError"),            AIGW_KIND_INVALID_REQUEST },
    { 0,   AIGW_STR("invalid_request"),            AIGW_KIND_INVALID_REQUEST },
};
#define AIGWI_OPENAI_ERRORS (sizeof aigwi_openai_errors / sizeof *aigwi_openai_errors)

#define AIGWI_OPENAI_ERROR(X) \
    X(E_MESSAGE, "message") X(E_TYPE, "type") X(E_PARAM, "param") X(E_CODE, "code") X(E_ERROR, "error") X(E_DETAIL, "detail") \
    X(E_STATUS_CODE, "status_code") X(E_METADATA, "metadata") X(E_RAW, "raw") X(E_ERROR_TYPE, "error_type") X(E_MSG, "msg") \
    X(E_CHOICES, "choices") X(E_STATUS, "status") X(E_DETAILS, "details") X(E_HEADERS, "headers") X(E_VIOLATIONS, "violations") \
    X(E_REASON, "reason") X(E_QUOTA, "quotaId") X(E_DELAY, "retryDelay") X(E_RESET, "X-RateLimit-Reset")
AIGWI_OPENAI_OBJECT(error, AIGWI_OPENAI_ERROR)

/* A string, a number or a bool as a word. */
static void aigwi_openai_word_in(aigw_json *j, aigw_arena *mem, aigw_str *word) {
    int kind = aigw_json_kind(j);
    if (kind == AIGW_JSON_STRING) aigw_json_str(j, mem, word);
    else if (kind == AIGW_JSON_NUMBER) aigw_json_number(j, word);
    else aigw_json_skip(j);
}
/* Objects and lists that are gone into: by bits of the members' numbers. */
#define AIGWI_OPENAI_E(name) (1u << AIGWI_OPENAI_E_##name)
static const uint32_t aigwi_openai_error_inner = AIGWI_OPENAI_E(ERROR) | AIGWI_OPENAI_E(DETAIL) | AIGWI_OPENAI_E(METADATA) | AIGWI_OPENAI_E(CHOICES) |
    AIGWI_OPENAI_E(MESSAGE) | AIGWI_OPENAI_E(DETAILS) | AIGWI_OPENAI_E(HEADERS) | AIGWI_OPENAI_E(VIOLATIONS);

typedef struct { aigw_text message, raw; int64_t code; int per_day; } aigwi_openai_complaint;

/* One string, number or bool of an error. What stands inside `error` is more to the point than what stands beside it. */
static void aigwi_openai_error_member(aigw_json *j, int f, aigw_now now, aigw_arena *mem, aigw_error *err, aigwi_openai_complaint *c) {
    static const aigw_str day[] = { AIGW_STR("perday"), AIGW_STR("") };
    const uint32_t words = AIGWI_OPENAI_E(RAW) | AIGWI_OPENAI_E(MESSAGE) | AIGWI_OPENAI_E(MSG) | AIGWI_OPENAI_E(ERROR) | AIGWI_OPENAI_E(DETAIL);
    aigw_str word = aigw_base_str(NULL);
    aigw_text t;
    int64_t n = 0;
    if (f < AIGWI_OPENAI_error && (words >> f & 1) && aigw_json_kind(j) == AIGW_JSON_STRING) {
        if (!aigw_json_text(j, &t)) return;
        if (f == AIGWI_OPENAI_E_RAW) c->raw = t;
        else if ((f == AIGWI_OPENAI_E_MESSAGE && t.n) || !c->message.n) c->message = t;
        return;
    }
    aigwi_openai_word_in(j, mem, &word);
    if (!word.n) return;
    switch (f) {
    case AIGWI_OPENAI_E_CODE: case AIGWI_OPENAI_E_STATUS_CODE: case AIGWI_OPENAI_E_STATUS:
        if (aigw_base_int(word, &n)) { if (n >= 400 && n < 600) c->code = n; }
        else if (f == AIGWI_OPENAI_E_STATUS && !err->type.n) err->type = word;                    /* Google's word */
        if (f == AIGWI_OPENAI_E_CODE) err->code = word;
        break;
    case AIGWI_OPENAI_E_TYPE:       err->type = word; break;
    case AIGWI_OPENAI_E_ERROR_TYPE: if (!err->type.n) err->type = word; break;
    case AIGWI_OPENAI_E_PARAM:      err->param = word; break;
    case AIGWI_OPENAI_E_REASON:     if (!err->code.n || aigw_base_int(err->code, &n)) err->code = word; break;
    case AIGWI_OPENAI_E_QUOTA:      c->per_day |= aigwi_dialect_has_word(word, day); break;
    case AIGWI_OPENAI_E_DELAY:      err->retry_after_ms = aigw_base_duration_ms(word); break;
    case AIGWI_OPENAI_E_RESET:      err->retry_after_ms = aigwi_dialect_reset_ms(now, word); break;
    }
}
/* Enters whatever holds an error and walks it without recursion. */
static void aigwi_openai_error_walk(aigw_now now, aigw_str body, aigw_arena *mem, aigw_error *err, aigwi_openai_complaint *c) {
    uint8_t list[8];
    aigw_json j;
    int d = 0;
    aigw_json_init(&j, body);
    if (aigw_json_kind(&j) != AIGW_JSON_OBJECT && aigw_json_kind(&j) != AIGW_JSON_ARRAY) return;
    list[d++] = aigw_json_kind(&j) == AIGW_JSON_ARRAY;
    if (list[0]) aigw_json_array(&j);
    else aigw_json_object(&j);
    while (d) {
        int f = AIGWI_OPENAI_E_DETAIL, kind;
        if (list[d - 1] ? !aigw_json_item(&j) : (f = aigw_json_field(&j, aigwi_openai_error_names, AIGWI_OPENAI_error, NULL)) < 0) {
            if (j.err) break;
            d--;
            continue;
        }
        kind = aigw_json_kind(&j);
        if (kind != AIGW_JSON_OBJECT && kind != AIGW_JSON_ARRAY) aigwi_openai_error_member(&j, f, now, mem, err, c);
        else if (f < AIGWI_OPENAI_error && (aigwi_openai_error_inner >> f & 1) && d < 8) {
            list[d++] = kind == AIGW_JSON_ARRAY;
            if (kind == AIGW_JSON_ARRAY) aigw_json_array(&j);
            else aigw_json_object(&j);
        } else aigw_json_skip(&j);
    }
    if (c->raw.n && (!c->message.n || (c->message.n == 23 && !memcmp(c->message.p, "Provider returned error", 23)))) c->message = c->raw;   /* OpenRouter */
}
/* Errors of every shape (wire-formats 28, 11 to 15): wrapped, bare, string, list, HTML, nothing. */
static void aigwi_openai_error_decode(aigw_now now, const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_error *err) {
    static const aigw_str ids[] = { AIGW_STR("x-request-id"), AIGW_STR("apim-request-id"), AIGW_STR("x-generation-id"), AIGW_STR("cf-ray") };
    aigwi_openai_complaint c;
    memset(&c, 0, sizeof c);
    aigw_dialect_error(err, AIGW_KIND_NONE, "", "");
    err->status = head ? head->status : 0;
    aigwi_openai_error_walk(now, body, mem, err, &c);
    if (err->status < 400 && c.code) err->status = (int)c.code;   /* in a 200, or in a stream: what the body says */
    err->message = aigwi_dialect_redact(c.message, mem);
    if (!err->message.n) err->message = aigw_base_str("the provider gave no reason");
    for (size_t i = 0; head && i < sizeof ids / sizeof *ids && !err->request_id.n; i++) err->request_id = aigw_base_header(head, ids[i]);
    aigwi_dialect_classify(err, aigwi_openai_errors, AIGWI_OPENAI_ERRORS);
    if (aigwi_dialect_is(err->type, "RESOURCE_EXHAUSTED")) aigwi_dialect_google_quota(err, c.per_day);
    if (err->kind == AIGW_KIND_BAD_RESPONSE && err->status < 400) {   /* it did say error */
        err->kind = AIGW_KIND_SERVER;
        err->retry = (uint8_t)aigw_model_kind_retry(err->kind);
    }
    aigwi_dialect_hints(now, head, err);
}

/* ---- answers in */

#define AIGWI_OPENAI_CHUNK(X) \
    X(H_ID, "id") X(H_OBJECT, "object") X(H_CREATED, "created") X(H_MODEL, "model") X(H_TIER, "service_tier") X(H_PRINT, "system_fingerprint") \
    X(H_CHOICES, "choices") X(H_USAGE, "usage") X(H_PADDING, "obfuscation") X(H_GROQ, "x_groq") X(H_ERROR, "error") X(H_DETAIL, "detail") \
    X(H_MESSAGE, "message") \
    /* reviewed: about the machine or the bill, not the answer */ \
    X(H_P, "p") X(H_PROVIDER, "provider") X(H_PROMPT, "prompt") X(H_SEED, "seed") X(H_TIME, "time_info") X(H_BREAKDOWN, "usage_breakdown") \
    X(H_REQUEST, "request_id") X(H_USER, "user_id") X(H_TYPE, "type") X(H_STATUS, "status") X(H_SLA, "sla_metrics") X(H_METADATA, "metadata") \
    X(H_KV, "kv_transfer_params") X(H_TIMINGS, "timings") X(H_CODE, "code")
AIGWI_OPENAI_OBJECT(chunk, AIGWI_OPENAI_CHUNK)
#define AIGWI_OPENAI_CHOICE(X) \
    X(O_INDEX, "index") X(O_DELTA, "delta") X(O_LOGPROBS, "logprobs") X(O_FINISH, "finish_reason") X(O_MESSAGE, "message") X(O_ERROR, "error") \
    X(O_STOP, "stop_reason") X(O_MATCHED, "matched_stop") X(O_USAGE, "usage") X(O_NATIVE, "native_finish_reason") X(O_TEXT, "text") X(O_SEED, "seed")
AIGWI_OPENAI_OBJECT(choice, AIGWI_OPENAI_CHOICE)
#define AIGWI_OPENAI_DELTA(X) \
    X(L_ROLE, "role") X(L_CONTENT, "content") X(L_REASONING_CONTENT, "reasoning_content") X(L_REASONING, "reasoning") X(L_DETAILS, "reasoning_details") \
    X(L_CALLS, "tool_calls") X(L_REFUSAL, "refusal") X(L_FUNCTION_CALL, "function_call") X(L_ANNOTATIONS, "annotations") X(L_AUDIO, "audio") \
    X(L_EXTRA, "extra_content") X(L_SIGNATURE, "thought_signature") X(L_TOKEN, "token_id") X(L_CHANNEL, "channel")
AIGWI_OPENAI_OBJECT(delta, AIGWI_OPENAI_DELTA)
#define AIGWI_OPENAI_USAGE(X) \
    X(U_INPUT, "prompt_tokens") X(U_OUTPUT, "completion_tokens") X(U_TOTAL, "total_tokens") X(U_IN, "prompt_tokens_details") X(U_OUT, "completion_tokens_details") \
    X(U_CACHED, "cached_tokens") X(U_WRITE, "cache_write_tokens") X(U_AUDIO, "audio_tokens") X(U_REASONING, "reasoning_tokens") \
    X(U_HIT, "prompt_cache_hit_tokens") X(U_NUM_CACHED, "num_cached_tokens")
AIGWI_OPENAI_OBJECT(usage, AIGWI_OPENAI_USAGE)

enum {  /* bits of the losses of one stream */
    AIGWI_OPENAI_LOST_TOP, AIGWI_OPENAI_LOST_CHOICE, AIGWI_OPENAI_LOST_DELTA, AIGWI_OPENAI_LOST_PART, AIGWI_OPENAI_LOST_TRANSCRIPT,
    AIGWI_OPENAI_LOST_SIGNATURE, AIGWI_OPENAI_LOST_FINISH
};
typedef struct {
    aigw_dec        *st;
    const aigw_sink *out;
    aigw_json        j;
    aigw_str         body;
    int              r;              /* < 0: what the sink said */
    int              whole, error, choices;
    aigw_str         id, model;
    int64_t          created;
    aigw_usage       usage;
} aigwi_openai_answer;

static size_t aigwi_openai_off(const aigwi_openai_answer *a, const char *p) {
    return (size_t)(p - a->body.p);
}
static int aigwi_openai_over(const aigwi_openai_answer *a) {
    return a->r < 0 || a->st->ended;
}
static void aigwi_openai_unknown(aigwi_openai_answer *a, aigw_json *j, unsigned bit) {
    size_t at = aigwi_openai_off(a, j->p) + j->key_at;
    if (aigw_json_null(j)) return;
    aigwi_dialect_lost(a->st, bit, at, AIGW_LOSS_DROPPED, "only its own dialect knows this member");
    aigw_json_skip(j);
}

/* A count, also as a float; negative and absurd ones are none. */
static int aigwi_openai_count(aigw_json *j, int64_t *v) {
    aigw_str s;
    int64_t micro;
    if (aigw_json_kind(j) != AIGW_JSON_NUMBER) {
        aigw_json_skip(j);
        return 0;
    }
    if (!aigw_json_number(j, &s)) return 0;
    if (s.n == 1) {                                            /* an index, mostly */
        *v = s.p[0] - '0';
        return 1;
    }
    if (!aigw_base_int(s, v)) {
        if (!aigw_base_micro(s, &micro)) return 0;
        *v = micro / 1000000;
    }
    return *v >= 0;
}
static void aigwi_openai_tell(aigw_usage *u, uint32_t bit, int64_t *to, int64_t v) {
    u->has |= bit;
    *to = v;
}
/* Usage of all makes. Output excludes reasoning at xAI, and thoughts at Gemini's OpenAI endpoint: the total tells. */
static void aigwi_openai_usage_in(aigwi_openai_answer *a, aigw_json *j) {
    aigw_usage u;
    int64_t v, total = -1;
    int f, depth = 0, output = 0;
    memset(&u, 0, sizeof u);
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) {
        aigw_json_skip(j);
        return;
    }
    for (aigw_json_object(j); depth >= 0; ) {
        f = aigw_json_field(j, aigwi_openai_usage_names, AIGWI_OPENAI_usage, NULL);
        if (f < 0) {
            depth--;
            if (j->err) return;
            continue;
        }
        if ((f == AIGWI_OPENAI_U_IN || f == AIGWI_OPENAI_U_OUT) && !depth && aigw_json_kind(j) == AIGW_JSON_OBJECT) {
            aigw_json_object(j);
            output = f == AIGWI_OPENAI_U_OUT;
            depth = 1;
            continue;
        }
        if (f == AIGWI_OPENAI_usage || f == AIGWI_OPENAI_U_IN || f == AIGWI_OPENAI_U_OUT) {
            aigw_json_skip(j);
            continue;
        }
        if (!aigwi_openai_count(j, &v)) continue;
        switch (f) {
        case AIGWI_OPENAI_U_INPUT:      aigwi_openai_tell(&u, AIGW_USAGE_INPUT, &u.input, v); break;
        case AIGWI_OPENAI_U_OUTPUT:     aigwi_openai_tell(&u, AIGW_USAGE_OUTPUT, &u.output, v); break;
        case AIGWI_OPENAI_U_TOTAL:      total = v; break;
        case AIGWI_OPENAI_U_CACHED:
        case AIGWI_OPENAI_U_HIT:
        case AIGWI_OPENAI_U_NUM_CACHED: aigwi_openai_tell(&u, AIGW_USAGE_CACHED, &u.cached, v); break;
        case AIGWI_OPENAI_U_WRITE:      aigwi_openai_tell(&u, AIGW_USAGE_CACHE_WRITE, &u.cache_write, v); break;
        case AIGWI_OPENAI_U_REASONING:  aigwi_openai_tell(&u, AIGW_USAGE_REASONING, &u.reasoning, v); break;
        case AIGWI_OPENAI_U_AUDIO:
            if (!depth) break;
            if (output) aigwi_openai_tell(&u, AIGW_USAGE_OUTPUT_AUDIO, &u.output_audio, v);
            else aigwi_openai_tell(&u, AIGW_USAGE_INPUT_AUDIO, &u.input_audio, v);
            break;
        }
    }
    if (u.cached > u.input && (u.has & AIGW_USAGE_INPUT)) u.input += u.cached;                   /* xAI, sometimes */
    if ((u.has & AIGW_USAGE_REASONING) && (total == u.input + u.output + u.reasoning || (total < 0 && u.reasoning > u.output))) u.output += u.reasoning;
    else if (!(u.has & AIGW_USAGE_REASONING) && (u.has & AIGW_USAGE_OUTPUT) && total > u.input + u.output) {
        aigwi_openai_tell(&u, AIGW_USAGE_REASONING, &u.reasoning, total - u.input - u.output);
        u.output = total - u.input;
    }
    if (u.has) a->usage = u;
}

/* The block of a kind of which a choice has one at a time; what of the others was open is over. */
static struct aigw_block *aigwi_openai_block(aigwi_openai_answer *a, unsigned choice, int kind, size_t at) {
    const unsigned one = AIGWI_OPENAI_KIND(TEXT) | AIGWI_OPENAI_KIND(REASONING) | AIGWI_OPENAI_KIND(REFUSAL) | AIGWI_OPENAI_KIND(AUDIO);
    struct aigw_block *b = aigwi_dialect_find(a->st, choice, kind, 0);
    a->st->frame |= AIGW_FRAME_CONTENT;
    if (b || aigwi_openai_over(a)) return b;
    a->r = aigwi_dialect_close_kind(a->st, a->out, (int)choice, one & ~(1u << kind));
    if (a->r >= 0) a->r = aigwi_dialect_open(a->st, a->out, choice, kind, 0, aigw_base_str(NULL), aigw_base_str(NULL), 0, at, &b);
    return a->r < 0 ? NULL : b;
}
static void aigwi_openai_said(aigwi_openai_answer *a, unsigned choice, int kind, aigw_text t) {
    size_t at = aigwi_openai_off(a, t.p);
    struct aigw_block *b;
    if (!t.n || aigwi_openai_over(a)) return;
    b = aigwi_openai_block(a, choice, kind, at);
    if (b) a->r = aigwi_dialect_delta(a->st, a->out, b, t, at);
}
static void aigwi_openai_close(aigwi_openai_answer *a, struct aigw_block *b) {
    if (b && !aigwi_openai_over(a)) a->r = aigwi_dialect_close(a->st, a->out, b);
}
static void aigwi_openai_signed(aigwi_openai_answer *a, const struct aigw_block *b, int kind, aigw_text t) {
    if (b && t.n && !aigwi_openai_over(a)) a->r = aigwi_dialect_signature(a->st, a->out, b, kind, t, aigwi_openai_off(a, t.p));
}

/* Mistral's thinking (a string or a list of text parts). */
static void aigwi_openai_thought(aigwi_openai_answer *a, aigw_json *j, unsigned choice) {
    aigw_text t;
    if (aigw_json_kind(j) == AIGW_JSON_STRING && aigw_json_text(j, &t)) aigwi_openai_said(a, choice, AIGW_PART_REASONING, t);
    else if (aigw_json_kind(j) != AIGW_JSON_ARRAY) aigw_json_skip(j);
    else for (aigw_json_array(j); aigw_json_item(j); ) {
        if (aigw_json_kind(j) != AIGW_JSON_OBJECT) aigw_json_skip(j);
        else for (aigw_json_object(j); aigw_json_member(j); ) {
            if (!aigwi_dialect_is(j->key, "text") || aigw_json_kind(j) != AIGW_JSON_STRING) aigw_json_skip(j);
            else if (aigw_json_text(j, &t)) aigwi_openai_said(a, choice, AIGW_PART_REASONING, t);
        }
    }
}
/* Content as a list of parts. */
static void aigwi_openai_parts_out(aigwi_openai_answer *a, aigw_str list, unsigned choice) {
    aigw_json j;
    aigw_text t;
    aigw_json_init(&j, list);
    for (aigw_json_array(&j); aigw_json_item(&j) && !aigwi_openai_over(a); ) {
        if (aigw_json_kind(&j) == AIGW_JSON_STRING) {
            if (aigw_json_text(&j, &t)) aigwi_openai_said(a, choice, AIGW_PART_TEXT, t);
            continue;
        }
        aigw_str type = aigwi_dialect_peek(&j, "type");
        int text = aigwi_dialect_is(type, "text"), thinking = aigwi_dialect_is(type, "thinking"), refusal = aigwi_dialect_is(type, "refusal");
        if (!text && !thinking && !refusal) {
            aigwi_dialect_lost(a->st, AIGWI_OPENAI_LOST_PART, aigwi_openai_off(a, j.at), AIGW_LOSS_DROPPED, "only its own dialect knows this part");
            aigw_json_skip(&j);
            continue;
        }
        for (aigw_json_object(&j); aigw_json_member(&j); ) {
            if (thinking && aigwi_dialect_is(j.key, "thinking")) aigwi_openai_thought(a, &j, choice);
            else if (aigw_json_kind(&j) != AIGW_JSON_STRING || !aigwi_dialect_is(j.key, text ? "text" : "refusal")) aigw_json_skip(&j);
            else if (aigw_json_text(&j, &t)) aigwi_openai_said(a, choice, text ? AIGW_PART_TEXT : AIGW_PART_REFUSAL, t);
        }
    }
}
/* reasoning_details: words, their signature, and what only its owner reads. A signature ends its block. */
static void aigwi_openai_details_out(aigwi_openai_answer *a, aigw_str list, unsigned choice) {
    aigw_json j;
    aigw_json_init(&j, list);
    for (aigw_json_array(&j); aigw_json_item(&j) && !aigwi_openai_over(a); ) {
        aigw_text words = aigwi_dialect_text(aigw_base_str(NULL), AIGW_TEXT_PLAIN), state = words, *to;
        int f, kind = AIGW_OPAQUE_SIGNATURE;
        struct aigw_block *b;
        for (aigw_json_object(&j); (f = aigw_json_field(&j, aigwi_openai_detail_names, AIGWI_OPENAI_detail, NULL)) >= 0; ) {
            to = f == AIGWI_OPENAI_D_TEXT || f == AIGWI_OPENAI_D_SUMMARY ? &words : f == AIGWI_OPENAI_D_SIGNATURE || f == AIGWI_OPENAI_D_DATA ? &state : NULL;
            if (!to || aigw_json_kind(&j) != AIGW_JSON_STRING) aigw_json_skip(&j);
            else {
                aigw_json_text(&j, to);
                if (f == AIGWI_OPENAI_D_DATA && state.n) kind = AIGW_OPAQUE_REDACTED;
            }
        }
        aigwi_openai_said(a, choice, AIGW_PART_REASONING, words);
        if (!state.n || aigwi_openai_over(a)) continue;
        if (kind == AIGW_OPAQUE_REDACTED) aigwi_openai_close(a, aigwi_dialect_find(a->st, choice, AIGW_PART_REASONING, 0));
        if (aigwi_openai_over(a)) continue;
        b = aigwi_openai_block(a, choice, AIGW_PART_REASONING, aigwi_openai_off(a, state.p));
        aigwi_openai_signed(a, b, kind, state);
        aigwi_openai_close(a, b);
    }
}
static int aigwi_openai_details_words(aigw_str list) {
    aigw_json j;
    aigw_json_init(&j, list);
    if (aigw_json_kind(&j) == AIGW_JSON_ARRAY)
        for (aigw_json_array(&j); aigw_json_item(&j); aigw_json_skip(&j))
            if (aigwi_dialect_peek(&j, "text").n || aigwi_dialect_peek(&j, "summary").n) return 1;
    return 0;
}
/* The signature in {"google": {"thought_signature": "..."}}. */
static aigw_text aigwi_openai_google(aigw_str extra) {
    aigw_text t = aigwi_dialect_text(aigw_base_str(NULL), AIGW_TEXT_PLAIN);
    aigw_json j;
    aigw_json_init(&j, extra);
    if (aigw_json_kind(&j) != AIGW_JSON_OBJECT) return t;
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        if (!aigwi_dialect_is(j.key, "google") || aigw_json_kind(&j) != AIGW_JSON_OBJECT) aigw_json_skip(&j);
        else for (aigw_json_object(&j); aigw_json_member(&j); ) {
            if (!aigwi_dialect_is(j.key, "thought_signature") || aigw_json_kind(&j) != AIGW_JSON_STRING) aigw_json_skip(&j);
            else aigw_json_text(&j, &t);
        }
    }
    return t;
}

/* A tool call, or a fragment of one. */
typedef struct {
    int64_t   index;             /* -1: not said */
    aigw_str  id, name;
    aigw_text arguments, state;
    int       custom;
    size_t    at;
} aigwi_openai_fragment;

static void aigwi_openai_fragment_function(aigwi_openai_answer *a, aigw_json *j, aigwi_openai_fragment *c) {
    int f;
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) {
        aigw_json_skip(j);
        return;
    }
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_openai_function_names, AIGWI_OPENAI_function, NULL)) >= 0; ) {
        int kind = aigw_json_kind(j), words = f == AIGWI_OPENAI_N_ARGUMENTS || f == AIGWI_OPENAI_N_INPUT;
        if (f == AIGWI_OPENAI_N_NAME && kind == AIGW_JSON_STRING) aigw_json_str(j, &a->st->mem, &c->name);
        else if (words && kind == AIGW_JSON_STRING) aigw_json_text(j, &c->arguments);
        else if (words && kind == AIGW_JSON_OBJECT) {          /* Mistral, Ollama */
            aigw_str raw = aigw_base_str(NULL);
            aigw_json_raw(j, &raw);
            c->arguments = aigwi_dialect_text(raw, AIGW_TEXT_JSON);
        } else aigw_json_skip(j);
    }
}
static void aigwi_openai_fragment_in(aigwi_openai_answer *a, aigw_json *j, aigwi_openai_fragment *c) {
    int f;
    memset(c, 0, sizeof *c);
    c->index = -1;
    c->at = aigwi_openai_off(a, j->at);
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_openai_call_names, AIGWI_OPENAI_call, NULL)) >= 0; ) {
        int kind = aigw_json_kind(j);
        if (f == AIGWI_OPENAI_C_INDEX && kind == AIGW_JSON_NUMBER) {
            if (!aigwi_openai_count(j, &c->index)) c->index = -1;
        } else if (f == AIGWI_OPENAI_C_ID && kind == AIGW_JSON_STRING) aigw_json_str(j, &a->st->mem, &c->id);
        else if (f == AIGWI_OPENAI_C_FUNCTION || f == AIGWI_OPENAI_C_CUSTOM) {
            c->custom |= f == AIGWI_OPENAI_C_CUSTOM && kind == AIGW_JSON_OBJECT;
            aigwi_openai_fragment_function(a, j, c);
        } else if (f == AIGWI_OPENAI_C_EXTRA && kind == AIGW_JSON_OBJECT) {
            aigw_str raw = aigw_base_str(NULL);
            aigw_json_raw(j, &raw);
            c->state = aigwi_openai_google(raw);
        } else aigw_json_skip(j);
    }
    c->id = aigwi_family_id_in(a->st, "messages.tool_calls.id", c->id);
}
/* The open call that this fragment goes on with, or NULL and the key of a new one. Keyed by index; clones leave it
   out, or give a second call the same. */
static struct aigw_block *aigwi_openai_call_of(aigwi_openai_answer *a, unsigned choice, const aigwi_openai_fragment *c, uint32_t *key) {
    struct aigw_block *b, *last = NULL;
    uint32_t hash = aigwi_dialect_idhash(c->id);
    if (c->index >= 0) {
        *key = (uint32_t)(c->index & 0xFFFFFF);
        b = aigwi_dialect_find(a->st, choice, AIGW_PART_TOOL_CALL, *key);
        if (!b || !c->id.n || !c->name.n || b->idhash == hash) return b;
        aigwi_openai_close(a, b);
        return NULL;
    }
    *key = 0x1000000u + a->st->next_block;
    for (b = a->st->block; b < a->st->block + AIGW_BLOCKS; b++) {
        if (!b->used || b->kind != AIGW_PART_TOOL_CALL || b->choice != choice) continue;
        if (c->id.n && b->idhash == hash) return b;
        if (!last || last->block < b->block) last = b;
    }
    return c->id.n || c->name.n ? NULL : last;
}
static void aigwi_openai_call_out(aigwi_openai_answer *a, const aigwi_openai_fragment *c, unsigned choice) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const unsigned said = AIGWI_OPENAI_KIND(TEXT) | AIGWI_OPENAI_KIND(REASONING) | AIGWI_OPENAI_KIND(REFUSAL) | AIGWI_OPENAI_KIND(AUDIO);
    char made[29] = { 'c', 'a', 'l', 'l', '_' };
    aigw_str id = c->id;
    uint32_t key = 0;
    struct aigw_block *b = aigwi_openai_call_of(a, choice, c, &key);
    if (aigwi_openai_over(a)) return;
    if (!b) {
        if (!id.n) {
            uint64_t state = a->st->seed + (uint64_t)++a->st->made_ids * UINT64_C(0x9E3779B97F4A7C15);
            for (int i = 5; i < 29; i += 8) {
                uint64_t v = aigw_base_random(&state);
                for (int k = i; k < i + 8; k++, v >>= 8) made[k] = digits[(unsigned)(v & 255) * 62 >> 8];
            }
            id = aigwi_dialect_slice(made, sizeof made);
        }
        a->r = aigwi_dialect_close_kind(a->st, a->out, (int)choice, said);
        if (a->r >= 0) a->r = aigwi_dialect_open(a->st, a->out, choice, AIGW_PART_TOOL_CALL, key, id, c->name,
                                                 (c->custom ? AIGWI_CUSTOM : 0) | (c->id.n ? 0 : AIGWI_NO_ID), c->at, &b);
    }
    aigwi_openai_signed(a, b, AIGW_OPAQUE_SIGNATURE, c->state);
    if (b && c->arguments.n && !aigwi_openai_over(a))
        a->r = aigwi_dialect_delta(a->st, a->out, b, c->arguments, aigwi_openai_off(a, c->arguments.p));
    if (a->whole) aigwi_openai_close(a, b);
}
static void aigwi_openai_calls_out(aigwi_openai_answer *a, aigw_str list, aigw_text *state, unsigned choice) {
    aigw_json j;
    aigw_json_init(&j, list);
    for (aigw_json_array(&j); aigw_json_item(&j) && !aigwi_openai_over(a); ) {
        aigwi_openai_fragment c;
        aigwi_openai_fragment_in(a, &j, &c);
        if (j.err) break;
        if (!c.state.n) c.state = *state;                      /* the message's signature stands on its first call */
        state->n = 0;
        aigwi_openai_call_out(a, &c, choice);
    }
    if (j.err && !aigwi_openai_over(a)) a->r = aigwi_dialect_bad(a->st, a->out, "the provider sent a tool call that cannot be read");
}
static void aigwi_openai_annotations_out(aigwi_openai_answer *a, aigw_str list, unsigned choice) {
    aigw_json j;
    aigw_json_init(&j, list);
    if (aigw_json_kind(&j) != AIGW_JSON_ARRAY) return;
    for (aigw_json_array(&j); aigw_json_item(&j) && !aigwi_openai_over(a); ) {
        int kind = aigwi_dialect_is(aigwi_dialect_peek(&j, "type"), "url_citation") ? AIGW_NOTE_CITATION : AIGW_NOTE_OTHER;
        aigw_str one;
        if (aigw_json_raw(&j, &one))
            a->r = aigwi_dialect_note(a->st, a->out, kind, choice, aigwi_dialect_find(a->st, choice, AIGW_PART_TEXT, 0), one, aigwi_openai_off(a, one.p));
    }
}
static void aigwi_openai_audio_out(aigwi_openai_answer *a, aigw_str audio, unsigned choice) {
    aigw_json j;
    aigw_text t;
    aigw_json_init(&j, audio);
    if (aigw_json_kind(&j) != AIGW_JSON_OBJECT) return;
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        if (aigwi_dialect_is(j.key, "data") && aigw_json_kind(&j) == AIGW_JSON_STRING) {
            if (aigw_json_text(&j, &t)) aigwi_openai_said(a, choice, AIGW_PART_AUDIO, t);
        } else if (aigwi_dialect_is(j.key, "transcript")) aigwi_openai_unknown(a, &j, AIGWI_OPENAI_LOST_TRANSCRIPT);
        else aigw_json_skip(&j);
    }
}

/* A delta, or a whole message: its members in the order in which they were said, whatever their order in JSON. */
static void aigwi_openai_delta_in(aigwi_openai_answer *a, aigw_json *j, unsigned choice) {
    aigw_str part[AIGWI_OPENAI_delta];
    aigw_text content, thought, other, refusal, state;
    int f;
    content.n = thought.n = other.n = refusal.n = state.n = 0;
    state.p = "";
    for (f = AIGWI_OPENAI_L_CONTENT; f <= AIGWI_OPENAI_L_EXTRA; f++) part[f].n = 0;
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_openai_delta_names, AIGWI_OPENAI_delta, NULL)) >= 0; ) {
        int string = aigw_json_kind(j) == AIGW_JSON_STRING;
        if (aigw_json_null(j)) continue;
        if (string && f == AIGWI_OPENAI_L_CONTENT) aigw_json_text(j, &content);
        else if (string && f == AIGWI_OPENAI_L_REASONING_CONTENT) aigw_json_text(j, &thought);
        else if (string && f == AIGWI_OPENAI_L_REASONING) aigw_json_text(j, &other);
        else if (string && f == AIGWI_OPENAI_L_REFUSAL) aigw_json_text(j, &refusal);
        else if (string && f == AIGWI_OPENAI_L_SIGNATURE) aigw_json_text(j, &state);
        else if (f == AIGWI_OPENAI_delta) aigwi_openai_unknown(a, j, AIGWI_OPENAI_LOST_DELTA);
        else if (f >= AIGWI_OPENAI_L_CONTENT && f <= AIGWI_OPENAI_L_EXTRA) aigw_json_raw(j, &part[f]);
        else aigw_json_skip(j);
    }
    if (j->err) return;
    if (!thought.n) thought = other;
    if (part[AIGWI_OPENAI_L_EXTRA].n && !state.n) state = aigwi_openai_google(part[AIGWI_OPENAI_L_EXTRA]);
    if (thought.n && !(part[AIGWI_OPENAI_L_DETAILS].n && aigwi_openai_details_words(part[AIGWI_OPENAI_L_DETAILS])))
        aigwi_openai_said(a, choice, AIGW_PART_REASONING, thought);
    if (part[AIGWI_OPENAI_L_DETAILS].n && part[AIGWI_OPENAI_L_DETAILS].p[0] == '[') aigwi_openai_details_out(a, part[AIGWI_OPENAI_L_DETAILS], choice);
    aigwi_openai_said(a, choice, AIGW_PART_TEXT, content);
    if (part[AIGWI_OPENAI_L_CONTENT].n && part[AIGWI_OPENAI_L_CONTENT].p[0] == '[') aigwi_openai_parts_out(a, part[AIGWI_OPENAI_L_CONTENT], choice);
    aigwi_openai_said(a, choice, AIGW_PART_REFUSAL, refusal);
    if (part[AIGWI_OPENAI_L_ANNOTATIONS].n) aigwi_openai_annotations_out(a, part[AIGWI_OPENAI_L_ANNOTATIONS], choice);
    if (part[AIGWI_OPENAI_L_AUDIO].n) aigwi_openai_audio_out(a, part[AIGWI_OPENAI_L_AUDIO], choice);
    if (part[AIGWI_OPENAI_L_CALLS].n && part[AIGWI_OPENAI_L_CALLS].p[0] == '[') aigwi_openai_calls_out(a, part[AIGWI_OPENAI_L_CALLS], &state, choice);
    if (part[AIGWI_OPENAI_L_FUNCTION_CALL].n && !aigwi_openai_over(a)) {
        aigw_json sub;
        aigwi_openai_fragment c;
        memset(&c, 0, sizeof c);
        c.index = 0xFFFFFF;
        aigw_json_init(&sub, part[AIGWI_OPENAI_L_FUNCTION_CALL]);
        c.at = aigwi_openai_off(a, sub.at);
        aigwi_openai_fragment_function(a, &sub, &c);
        aigwi_openai_call_out(a, &c, choice);
    }
    if (state.n && !aigwi_openai_over(a)) {
        struct aigw_block *b = aigwi_dialect_find(a->st, choice, AIGW_PART_TEXT, 0);
        if (b) aigwi_openai_signed(a, b, AIGW_OPAQUE_SIGNATURE, state);
        else aigwi_dialect_lost(a->st, AIGWI_OPENAI_LOST_SIGNATURE, aigwi_openai_off(a, state.p), AIGW_LOSS_DROPPED, "a signature of nothing");
    }
}

static const struct { aigw_str word; uint8_t finish; } aigwi_openai_finishes[] = {   /* 26.9 and the clones' sections */
    { AIGW_STR("stop"),           AIGW_FINISH_STOP           }, { AIGW_STR("length"),        AIGW_FINISH_LENGTH     },
    { AIGW_STR("tool_calls"),     AIGW_FINISH_TOOL_CALLS     }, { AIGW_STR("function_call"), AIGW_FINISH_TOOL_CALLS },
    { AIGW_STR("content_filter"), AIGW_FINISH_CONTENT_FILTER }, { AIGW_STR("eos"),           AIGW_FINISH_STOP       },
    { AIGW_STR("model_length"),   AIGW_FINISH_CONTEXT        }, { AIGW_STR("error"),         AIGW_FINISH_ERROR      },
    { AIGW_STR("abort"),          AIGW_FINISH_ERROR          }, { AIGW_STR("insufficient_system_resource"), AIGW_FINISH_ERROR },
};
static void aigwi_openai_finish_in(aigwi_openai_answer *a, unsigned choice, aigw_str word, aigw_str matched) {
    size_t i = 0, n = sizeof aigwi_openai_finishes / sizeof *aigwi_openai_finishes;
    if (!word.n || aigwi_openai_over(a)) return;
    while (i < n && !aigw_base_eq(word, aigwi_openai_finishes[i].word)) i++;
    int finish = i < n ? aigwi_openai_finishes[i].finish : (int)AIGW_FINISH_OTHER;
    if (finish == AIGW_FINISH_STOP && matched.n) finish = AIGW_FINISH_STOP_SEQUENCE;
    if (finish == AIGW_FINISH_STOP && aigwi_dialect_find(a->st, choice, AIGW_PART_REFUSAL, 0)) finish = AIGW_FINISH_REFUSAL;
    aigwi_dialect_finish(a->st, choice, finish, matched);
}
static void aigwi_openai_choice_out(aigwi_openai_answer *a, aigw_json *j, unsigned position) {
    aigw_str finish = aigw_base_str(NULL), matched = finish, logprobs = finish;
    aigw_json later;
    int64_t index = -1;
    int f, wanted = a->whole ? AIGWI_OPENAI_O_MESSAGE : AIGWI_OPENAI_O_DELTA;
    later.p = NULL;
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_openai_choice_names, AIGWI_OPENAI_choice, NULL)) >= 0; ) {
        int kind = aigw_json_kind(j);
        if (aigw_json_null(j)) continue;
        if (f == AIGWI_OPENAI_O_INDEX) {
            if (!aigwi_openai_count(j, &index)) index = -1;
        } else if (f == wanted && kind == AIGW_JSON_OBJECT) {
            if (index >= 0 && index < AIGW_CHOICES) aigwi_openai_delta_in(a, j, (unsigned)index);
            else {
                later = *j;
                aigw_json_skip(j);
            }
        } else if (f == AIGWI_OPENAI_O_FINISH && kind == AIGW_JSON_STRING) aigw_json_str(j, &a->st->mem, &finish);
        else if ((f == AIGWI_OPENAI_O_STOP || f == AIGWI_OPENAI_O_MATCHED) && kind == AIGW_JSON_STRING) aigw_json_str(j, &a->st->mem, &matched);
        else if (f == AIGWI_OPENAI_O_LOGPROBS && kind == AIGW_JSON_OBJECT) aigw_json_raw(j, &logprobs);
        else if (f == AIGWI_OPENAI_O_USAGE) aigwi_openai_usage_in(a, j);
        else if (f == AIGWI_OPENAI_O_ERROR) {
            a->error = 1;
            aigw_json_skip(j);
        } else if (f == AIGWI_OPENAI_choice) aigwi_openai_unknown(a, j, AIGWI_OPENAI_LOST_CHOICE);
        else aigw_json_skip(j);
    }
    if (j->err || aigwi_openai_over(a)) return;
    if (index < 0) index = position;
    if (index >= AIGW_CHOICES) {
        a->r = aigwi_dialect_bad(a->st, a->out, "the provider sent more answers than the library was built for");
        return;
    }
    if (a->st->choices <= (unsigned)index) a->st->choices = (uint16_t)(index + 1);
    if (later.p) {
        aigwi_openai_delta_in(a, &later, (unsigned)index);
        if (later.err) aigw_json_fail(j, later.err, aigw_json_at(&later), later.why);
    }
    if (logprobs.n && !aigwi_openai_over(a))
        a->r = aigwi_dialect_note(a->st, a->out, AIGW_NOTE_LOGPROBS, (unsigned)index, NULL, logprobs, aigwi_openai_off(a, logprobs.p));
    aigwi_openai_finish_in(a, (unsigned)index, finish, matched);
}
static void aigwi_openai_choices_out(aigwi_openai_answer *a, aigw_json *j) {
    unsigned n = 0;
    if (aigw_json_kind(j) != AIGW_JSON_ARRAY) {
        aigw_json_skip(j);
        return;
    }
    for (aigw_json_array(j); aigw_json_item(j); n++) {
        if (!a->st->started) a->r = aigwi_dialect_start(a->st, a->out, a->id, a->model, a->created, 0);
        if (aigwi_openai_over(a)) aigw_json_skip(j);
        else aigwi_openai_choice_out(a, j, n);
    }
    a->choices = (int)n;
}
/* {"id", "usage", "error"?}. */
static void aigwi_openai_groq(aigwi_openai_answer *a, aigw_json *j) {
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) {
        aigw_json_skip(j);
        return;
    }
    for (aigw_json_object(j); aigw_json_member(j); ) {
        if (aigw_json_null(j)) continue;
        if (aigwi_dialect_is(j->key, "usage") && !a->usage.has) aigwi_openai_usage_in(a, j);
        else {
            a->error |= aigwi_dialect_is(j->key, "error");
            aigw_json_skip(j);
        }
    }
}
static void aigwi_openai_fail(aigwi_openai_answer *a, const aigw_head *head) {
    aigw_error err;
    aigwi_openai_error_decode(a->st->now, head, a->body, &a->st->mem, &err);
    a->r = aigwi_dialect_fail(a->st, a->out, &err);
}
/* A chunk or a whole answer. */
static void aigwi_openai_read(aigwi_openai_answer *a, const aigw_head *head) {
    aigw_json *j = &a->j, later;
    int f, bare = 0, answer = 0, known = 0;
    later.p = NULL;
    aigw_json_init(j, a->body);
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_openai_chunk_names, AIGWI_OPENAI_chunk, NULL)) >= 0; ) {
        int string = aigw_json_kind(j) == AIGW_JSON_STRING;
        if (aigw_json_null(j)) continue;
        switch (f) {
        case AIGWI_OPENAI_H_CHOICES:
            answer = 1;
            if (a->st->started || known == 3) aigwi_openai_choices_out(a, j);
            else {
                later = *j;                                    /* START wants the id and the model that come behind */
                aigw_json_skip(j);
            }
            break;
        case AIGWI_OPENAI_H_USAGE: aigwi_openai_usage_in(a, j); break;
        case AIGWI_OPENAI_H_GROQ:  aigwi_openai_groq(a, j); break;
        case AIGWI_OPENAI_H_ID:
        case AIGWI_OPENAI_H_MODEL:
            known |= f == AIGWI_OPENAI_H_ID ? 1 : 2;
            if (a->st->started || !string) aigw_json_skip(j);
            else aigw_json_str(j, &a->st->mem, f == AIGWI_OPENAI_H_ID ? &a->id : &a->model);
            break;
        case AIGWI_OPENAI_H_CREATED:
            if (a->st->started) aigw_json_skip(j);
            else if (!aigwi_openai_count(j, &a->created)) a->created = 0;
            break;
        case AIGWI_OPENAI_H_ERROR:
            a->error |= j->at + 1 >= j->end || (memcmp(j->at, "{}", 2) && memcmp(j->at, "\"\"", 2) && j->at[0] != 'f');
            aigw_json_skip(j);
            break;
        case AIGWI_OPENAI_H_OBJECT: {
            aigw_text t;
            if (string && !a->st->started && aigw_json_text(j, &t)) a->error |= t.n == 5 && !memcmp(t.p, "error", 5);
            else aigw_json_skip(j);
            break;
        }
        case AIGWI_OPENAI_H_DETAIL:
        case AIGWI_OPENAI_H_MESSAGE:
            bare = 1;
            aigw_json_skip(j);
            break;
        case AIGWI_OPENAI_chunk: aigwi_openai_unknown(a, j, AIGWI_OPENAI_LOST_TOP); break;
        default: aigw_json_skip(j);
        }
        if (aigwi_openai_over(a)) return;
    }
    if (!j->err && later.p) {
        aigwi_openai_choices_out(a, &later);
        if (later.err) aigw_json_fail(j, later.err, aigw_json_at(&later), later.why);
    }
    if (aigwi_openai_over(a)) return;
    if (aigw_json_end(j)) {
        if (j->err == AIGW_E_NOMEM) a->r = AIGW_E_NOMEM;
        else a->r = aigwi_dialect_bad(a->st, a->out, a->whole ? "the provider's answer is not the JSON it should be" : "the provider sent a chunk that cannot be read");
        return;
    }
    if (a->usage.has) {
        if (!a->choices) a->st->frame |= AIGW_FRAME_USAGE_ONLY;
        a->r = aigwi_dialect_usage(a->st, a->out, &a->usage);
    }
    if ((a->error || (bare && !answer)) && !aigwi_openai_over(a)) aigwi_openai_fail(a, head);
}
static void aigwi_openai_answer_init(aigwi_openai_answer *a, aigw_dec *st, aigw_str body, const aigw_sink *out, int whole) {
    a->st = st;                                                /* a->j is begun where it is read */
    a->out = out;
    a->body = body;
    a->r = a->error = a->choices = 0;
    a->whole = whole;
    a->id = a->model = aigw_base_str(NULL);
    a->created = 0;
    memset(&a->usage, 0, sizeof a->usage);
}
static int aigwi_openai_resp_decode(aigw_dec *st, const aigw_head *head, aigw_str body, const aigw_sink *out) {
    aigw_arena mark = st->mem;
    aigwi_openai_answer a;
    st->frame = 0;
    if (st->ended) return AIGW_OK;
    aigwi_openai_answer_init(&a, st, body, out, 1);
    aigwi_openai_read(&a, head);
    if (!aigwi_openai_over(&a) && !a.choices) a.r = aigwi_dialect_bad(st, out, "the provider's answer has no choices");
    st->end_marker = 1;
    if (!aigwi_openai_over(&a)) a.r = aigwi_dialect_end(st, 1, out);
    st->mem = mark;
    return a.r < 0 ? a.r : AIGW_OK;
}
static int aigwi_openai_frame_decode(aigw_dec *st, aigw_str name, aigw_str payload, const aigw_sink *out) {
    aigw_arena mark = st->mem;
    aigwi_openai_answer a;
    st->frame = 0;
    if (st->ended || st->end_marker) return AIGW_OK;
    if (!payload.n) return aigwi_dialect_ping(st, out);
    if (aigwi_dialect_begins(payload, "[DONE]")) {
        st->end_marker = 1;
        st->frame = AIGW_FRAME_END;
        return AIGW_OK;
    }
    aigwi_openai_answer_init(&a, st, payload, out, 0);
    if (aigwi_dialect_is(name, "error")) aigwi_openai_fail(&a, NULL);
    else aigwi_openai_read(&a, NULL);
    st->mem = mark;
    return a.r < 0 ? a.r : AIGW_OK;
}

/* ---- answers out */

enum {  /* bits of the losses of one answer */
    AIGWI_OPENAI_OUT_CITATION, AIGWI_OPENAI_OUT_LOGPROBS, AIGWI_OPENAI_OUT_SAFETY, AIGWI_OPENAI_OUT_OTHER, AIGWI_OPENAI_OUT_MEDIA, AIGWI_OPENAI_OUT_STOP,
    AIGWI_OPENAI_OUT_CONTEXT, AIGWI_OPENAI_OUT_PAUSE, AIGWI_OPENAI_OUT_STATE, AIGWI_OPENAI_OUT_FINISH
};
#define AIGWI_OPENAI_REFUSED(choice) ((uint32_t)1 << (16 + (choice) % 16u))   /* in the same bits: this choice refused with words */

/* Report once per answer; `name` stands for the place where the source's own is not known. */
static void aigwi_openai_gone(aigw_enc *st, unsigned bit, size_t at, const char *name, int action, const char *reason) {
    if (st->reported >> bit & 1) return;
    st->reported |= (uint32_t)1 << bit;
    (void)aigw_model_loss_at(st->loss, at, at == AIGW_NOWHERE ? name : "", action, reason);
}
static const struct { uint8_t finish; const char *word; } aigwi_openai_reasons[] = {   /* 26.9; what is not here is an error, without a finish reason */
    { AIGW_FINISH_NONE, "stop" }, { AIGW_FINISH_STOP, "stop" }, { AIGW_FINISH_STOP_SEQUENCE, "stop" }, { AIGW_FINISH_PAUSE, "stop" },
    { AIGW_FINISH_LENGTH, "length" }, { AIGW_FINISH_CONTEXT, "length" }, { AIGW_FINISH_TOOL_CALLS, "tool_calls" },
    { AIGW_FINISH_CONTENT_FILTER, "content_filter" }, { AIGW_FINISH_REFUSAL, "stop" },
};
/* The word for a finish, or NULL. A refusal without words is a filtered answer. */
static const char *aigwi_openai_reason(int finish, int refusal) {
    if (finish == AIGW_FINISH_REFUSAL && !refusal) return "content_filter";
    for (size_t i = 0; i < sizeof aigwi_openai_reasons / sizeof *aigwi_openai_reasons; i++)
        if (aigwi_openai_reasons[i].finish == finish) return aigwi_openai_reasons[i].word;
    return NULL;
}
static void aigwi_openai_reason_lost(aigw_enc *st, int finish, size_t at) {
    if (finish == AIGW_FINISH_STOP_SEQUENCE)
        aigwi_openai_gone(st, AIGWI_OPENAI_OUT_STOP, at, "finish_reason", AIGW_LOSS_APPROXIMATED, "a matched stop string is said as stop, without the string");
    if (finish == AIGW_FINISH_CONTEXT)
        aigwi_openai_gone(st, AIGWI_OPENAI_OUT_CONTEXT, at, "finish_reason", AIGW_LOSS_APPROXIMATED, "a full context is said as length");
    if (finish == AIGW_FINISH_PAUSE)
        aigwi_openai_gone(st, AIGWI_OPENAI_OUT_PAUSE, at, "finish_reason", AIGW_LOSS_APPROXIMATED, "a pause is said as stop");
}
/* An end that has no word: refused, with a sentence for the error that takes its place. */
static const char *aigwi_openai_unfinished(aigw_enc *st, int finish, size_t at) {
    aigwi_openai_gone(st, AIGWI_OPENAI_OUT_FINISH, at, "finish_reason", AIGW_LOSS_REFUSED, "Chat Completions has no word for this end of an answer");
    return finish == AIGW_FINISH_MALFORMED_CALL ? "the model called a tool in a malformed way"
         : finish == AIGW_FINISH_ERROR ? "the provider ended the answer with an error" : "the provider ended the answer for a reason of its own";
}

static void aigwi_openai_put_count(aigw_out *o, const char *name, int64_t v) {
    aigw_json_key(o, name);
    aigw_json_put_int(o, v);
}
static int64_t aigwi_openai_sum(int64_t a, int64_t b) {
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}
static void aigwi_openai_put_usage(aigw_out *o, const aigw_usage *u) {
    aigw_json_key(o, "usage");
    aigw_json_open(o, '{');
    aigwi_openai_put_count(o, "prompt_tokens", u->input);
    aigwi_openai_put_count(o, "completion_tokens", u->output);
    aigwi_openai_put_count(o, "total_tokens", aigwi_openai_sum(u->input, u->output));
    if (u->has & (AIGW_USAGE_CACHED | AIGW_USAGE_CACHE_WRITE | AIGW_USAGE_INPUT_AUDIO)) {
        aigw_json_key(o, "prompt_tokens_details");
        aigw_json_open(o, '{');
        if (u->has & AIGW_USAGE_CACHED) aigwi_openai_put_count(o, "cached_tokens", u->cached);
        if (u->has & AIGW_USAGE_CACHE_WRITE) aigwi_openai_put_count(o, "cache_write_tokens", u->cache_write);
        if (u->has & AIGW_USAGE_INPUT_AUDIO) aigwi_openai_put_count(o, "audio_tokens", u->input_audio);
        aigw_json_close(o, '}');
    }
    if (u->has & (AIGW_USAGE_REASONING | AIGW_USAGE_OUTPUT_AUDIO)) {
        aigw_json_key(o, "completion_tokens_details");
        aigw_json_open(o, '{');
        if (u->has & AIGW_USAGE_REASONING) aigwi_openai_put_count(o, "reasoning_tokens", u->reasoning);
        if (u->has & AIGW_USAGE_OUTPUT_AUDIO) aigwi_openai_put_count(o, "audio_tokens", u->output_audio);
        aigw_json_close(o, '}');
    }
    aigw_json_close(o, '}');
}

/* id, object, created, model: what every chunk and every answer begins with. Ids and times that the source does not
   have are made. */
static void aigwi_openai_put_identity(const aigw_enc *st, aigw_out *o, const char *object, aigw_str id, aigw_str model, int64_t created) {
    aigw_json_open(o, '{');
    aigw_json_key(o, "id");
    if (id.n) aigw_json_put_str(o, id);
    else {
        uint64_t seed = st->seed, v = aigw_base_random(&seed);
        aigw_json_open_str(o);
        aigw_base_put_lit(o, "chatcmpl-");
        for (int i = 0; i < 16; i++, v >>= 4) aigw_base_put_byte(o, "0123456789abcdef"[v & 15]);
        aigw_json_close_str(o);
    }
    aigwi_dialect_member(o, "object", object);
    aigwi_openai_put_count(o, "created", created ? created : st->now.wall_s);
    aigwi_dialect_member_str(o, "model", model.n ? model : st->req ? st->req->model : model);
}
/* The constant beginning of every chunk, up to the number of the choice. */
static void aigwi_openai_make_prefix(aigw_enc *st, aigw_str id, aigw_str model, int64_t created) {
    for (int round = 0; round < 2; round++) {
        aigw_out o;
        aigw_base_out_init(&o, st->prefix, sizeof st->prefix, NULL, 0);
        aigw_base_put_lit(&o, "data: ");
        aigwi_openai_put_identity(st, &o, "chat.completion.chunk", id, model, created);
        aigw_json_key(&o, "choices");
        aigw_base_put_lit(&o, "[{\"index\":");
        st->prefix_n = (uint16_t)o.buf.n;
        if (o.buf.n <= sizeof st->prefix) return;
        id = aigw_base_str(NULL);                              /* absurdly long: a made id, and no more of the model than fits */
        model.n = model.n < 16 ? model.n : 16;
    }
}
static void aigwi_openai_prefix(const aigw_enc *st, aigw_out *o) {
    aigw_base_put(o, aigwi_dialect_slice(st->prefix, st->prefix_n));
}
/* A chunk of one choice: prefix, number, and `{` of its delta or what `middle` says instead. */
static void aigwi_openai_open_chunk(const aigw_enc *st, aigw_out *o, unsigned choice) {
    aigwi_openai_prefix(st, o);
    aigw_base_put_int(o, choice);
    aigw_base_put_lit(o, ",\"delta\":{");
}
static void aigwi_openai_close_chunk(aigw_out *o) {
    aigw_base_put_lit(o, "},\"finish_reason\":null}]}\n\n");
}
static void aigwi_openai_put_role(aigw_enc *st, aigw_out *o, unsigned choice) {
    if (st->choices >> choice & 1) return;
    st->choices = (uint16_t)(st->choices | 1u << choice);
    aigwi_openai_open_chunk(st, o, choice);
    aigw_base_put_lit(o, "\"role\":\"assistant\",\"content\":\"\"");
    aigwi_openai_close_chunk(o);
}
/* A stream always has a beginning, even when its source did not say it. */
static void aigwi_openai_begin(aigw_enc *st, aigw_str id, aigw_str model, int64_t created, aigw_out *o) {
    if (st->started) return;
    st->started = 1;
    st->created_s = created;
    aigwi_openai_make_prefix(st, id, model, created);
    aigwi_openai_put_role(st, o, 0);
}

static struct aigw_out_block *aigwi_openai_slot(aigw_enc *st, uint32_t block) {
    struct aigw_out_block *b;
    for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
        if (b->used && b->block == block && !b->closed) return b;
    return NULL;
}
/* A slot for a new block, with its number among the choice's tool calls. Closed ones stay until their slot is wanted;
   the last call of a choice holds the count. */
static struct aigw_out_block *aigwi_openai_new_slot(aigw_enc *st, const aigw_event *ev) {
    struct aigw_out_block *b, *free_one = NULL, *last = NULL;
    int call = ev->kind == AIGW_PART_TOOL_CALL;
    uint32_t next = 0;
    for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
        if (b->used && call && b->kind == AIGW_PART_TOOL_CALL && b->choice == ev->choice && b->index >= next) {
            last = b;
            next = b->index + 1;
        }
    if (last && last->closed) free_one = last;                 /* its count goes on in the new one */
    for (b = st->block; b < st->block + AIGW_BLOCKS && !free_one; b++)
        if (!b->used || (b->closed && b->kind != AIGW_PART_TOOL_CALL)) free_one = b;
    if (!free_one) return NULL;
    memset(free_one, 0, sizeof *free_one);
    free_one->used = 1;
    free_one->kind = ev->kind;
    free_one->choice = ev->choice;
    free_one->block = ev->block;
    free_one->index = next;
    return free_one;
}
static void aigwi_openai_open_call_chunk(const aigw_enc *st, aigw_out *o, const struct aigw_out_block *b) {
    aigwi_openai_open_chunk(st, o, b->choice);
    aigw_base_put_lit(o, "\"tool_calls\":[{\"index\":");
    aigw_base_put_int(o, b->index);
}
static void aigwi_openai_close_call_chunk(aigw_out *o) {
    aigw_base_put_lit(o, "}]");
    aigwi_openai_close_chunk(o);
}
/* ---- custom tools: elsewhere a function with one string `input`, so what comes back is unwrapped, when it is whole */

enum { AIGWI_OPENAI_CALL = 0, AIGWI_OPENAI_CUSTOM, AIGWI_OPENAI_WRAPPED, AIGWI_OPENAI_ARGUED };   /* aigw_out_block.sent; the last: arguments went out */

/* Is this function what became of a custom tool of the client? */
static int aigwi_openai_wrapped(const aigw_enc *st, aigw_str name, int custom) {
    const aigw_tool *t = st->req && !custom ? st->req->tools : NULL;
    while (t && !(t->kind == AIGW_TOOL_CUSTOM && aigw_base_eq(t->name, name))) t = t->next;
    return t != NULL;
}
/* The `input` in wrapped arguments; the arguments themselves when they are not of that form. 0 without memory. */
static int aigwi_openai_unwrap(aigw_text args, aigw_arena mem, aigw_text *input) {
    aigw_json j;
    aigw_str s;
    int found = 0;
    *input = args;
    if (!aigwi_dialect_plain(args, &mem, &s)) return 0;
    *input = aigwi_dialect_text(s, AIGW_TEXT_PLAIN);
    aigw_json_init(&j, s);
    if (aigw_json_kind(&j) != AIGW_JSON_OBJECT) return 1;
    aigw_text t = *input;
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        if (aigwi_dialect_is(j.key, "input") && aigw_json_kind(&j) == AIGW_JSON_STRING) found = aigw_json_text(&j, &t);
        else aigw_json_skip(&j);
    }
    if (found && !aigw_json_end(&j)) *input = t;
    return 1;
}
/* Keep a fragment of a wrapped call back, escaped, behind what is held of it. AIGW_E_NOMEM, and nothing changed, when
   the memory is too small: twice what is held is wanted, since it is decoded at the end. */
static int aigwi_openai_hold(aigw_enc *st, struct aigw_out_block *b, aigw_text t) {
    struct aigw_out_block *other;
    size_t end = b->at + b->n, room;
    aigw_out o;
    aigw_base_out_init(&o, NULL, 0, NULL, 0);
    aigw_json_part(&o, t);
    room = o.buf.n;
    if (room > st->hold_cap / 2 || st->hold_n > st->hold_cap / 2 - room) return AIGW_E_NOMEM;
    memmove(st->hold + end + room, st->hold + end, st->hold_n - end);
    aigw_base_out_init(&o, st->hold + end, room, NULL, 0);
    aigw_json_part(&o, t);
    st->hold_n += room;
    b->n += room;
    for (other = st->block; other < st->block + AIGW_BLOCKS; other++)
        if (other != b && other->used && other->n && other->at >= end) other->at += room;
    return AIGW_OK;
}
static aigw_arena aigwi_openai_behind(const aigw_enc *st) {
    return aigw_base_arena(st->hold_cap > st->hold_n ? st->hold + st->hold_n : NULL, st->hold_cap > st->hold_n ? st->hold_cap - st->hold_n : 0);
}
static void aigwi_openai_release(aigw_enc *st, struct aigw_out_block *b) {
    struct aigw_out_block *other;
    size_t end = b->at + b->n;
    if (!b->n) return;
    memmove(st->hold + b->at, st->hold + end, st->hold_n - end);
    st->hold_n -= b->n;
    for (other = st->block; other < st->block + AIGW_BLOCKS; other++)
        if (other != b && other->used && other->n && other->at >= end) other->at -= b->n;
    b->n = 0;
}

static int aigwi_openai_block_start(aigw_enc *st, const aigw_event *ev, aigw_out *o) {
    int wrapped = ev->kind == AIGW_PART_TOOL_CALL && aigwi_openai_wrapped(st, ev->name, ev->custom);
    struct aigw_out_block *b = aigwi_openai_new_slot(st, ev);
    if (!b) return AIGW_E_LIMIT;
    aigwi_openai_put_role(st, o, ev->choice);
    if (ev->kind == AIGW_PART_REASONING) b->index = st->next_index++;
    if (ev->kind != AIGW_PART_TOOL_CALL) return AIGW_OK;
    b->sent = (uint8_t)(wrapped ? AIGWI_OPENAI_WRAPPED : ev->custom ? AIGWI_OPENAI_CUSTOM : AIGWI_OPENAI_CALL);
    b->at = wrapped ? st->hold_n : 0;
    aigwi_openai_open_call_chunk(st, o, b);
    o->comma = 1;
    aigwi_openai_open_call(o, ev->id, ev->name, b->sent != AIGWI_OPENAI_CALL);
    aigw_base_put_lit(o, "\"\"}");
    aigwi_openai_close_call_chunk(o);
    return AIGW_OK;
}
static void aigwi_openai_call_words(aigw_enc *st, struct aigw_out_block *b, aigw_text t, aigw_out *o) {
    int custom = b->sent == AIGWI_OPENAI_CUSTOM || b->sent == AIGWI_OPENAI_WRAPPED;
    if (!custom) b->sent = AIGWI_OPENAI_ARGUED;
    aigwi_openai_open_call_chunk(st, o, b);
    aigw_base_put_lit(o, custom ? ",\"custom\":{\"input\":\"" : ",\"function\":{\"arguments\":\"");
    aigw_json_part(o, t);
    aigw_base_put_lit(o, "\"}");
    aigwi_openai_close_call_chunk(o);
}
static int aigwi_openai_block_stop(aigw_enc *st, const aigw_event *ev, aigw_out *o) {
    struct aigw_out_block *b = aigwi_openai_slot(st, ev->block);
    aigw_text none = { "{}", 2, AIGW_TEXT_ESCAPED }, input;
    if (!b) return AIGW_OK;
    if (b->kind == AIGW_PART_TOOL_CALL && b->sent == AIGWI_OPENAI_CALL) aigwi_openai_call_words(st, b, none, o);   /* no arguments are {} */
    if (b->sent == AIGWI_OPENAI_WRAPPED && b->n) {
        if (!aigwi_openai_unwrap(aigwi_dialect_text(aigwi_dialect_slice(st->hold + b->at, b->n), AIGW_TEXT_ESCAPED), aigwi_openai_behind(st), &input)) return AIGW_E_NOMEM;
        if (input.n) aigwi_openai_call_words(st, b, input, o);
        aigwi_openai_release(st, b);
    }
    b->closed = 1;
    return AIGW_OK;
}
/* Before and behind the words of a delta, by kind of block. */
static const struct { aigw_str before, behind; } aigwi_openai_wraps[] = {
    { AIGW_STR(",\"delta\":{\"content\":\""),           AIGW_STR("\"},\"finish_reason\":null}]}\n\n") },     /* AIGW_PART_TEXT */
    { AIGW_STR(""), AIGW_STR("") },
    { AIGW_STR(",\"delta\":{\"audio\":{\"data\":\""),   AIGW_STR("\"}},\"finish_reason\":null}]}\n\n") },    /* AIGW_PART_AUDIO */
    { AIGW_STR(""), AIGW_STR("") }, { AIGW_STR(""), AIGW_STR("") }, { AIGW_STR(""), AIGW_STR("") },
    { AIGW_STR(",\"delta\":{\"reasoning_content\":\""), AIGW_STR("}]},\"finish_reason\":null}]}\n\n") },     /* AIGW_PART_REASONING */
    { AIGW_STR(",\"delta\":{\"refusal\":\""),           AIGW_STR("\"},\"finish_reason\":null}]}\n\n") },     /* AIGW_PART_REFUSAL */
    { AIGW_STR(""), AIGW_STR("") },
};
static void aigwi_openai_put_words(aigw_out *o, aigw_text t) {
    if (t.form == AIGW_TEXT_ESCAPED) aigw_base_put(o, aigwi_dialect_slice(t.p, t.n));
    else aigw_json_part(o, t);
}
static int aigwi_openai_delta(aigw_enc *st, const aigw_event *ev, aigw_out *o) {
    if (ev->kind == AIGW_PART_TOOL_CALL) {
        struct aigw_out_block *b = aigwi_openai_slot(st, ev->block);
        if (b && b->sent == AIGWI_OPENAI_WRAPPED) return aigwi_openai_hold(st, b, ev->text);
        if (b && ev->text.n) aigwi_openai_call_words(st, b, ev->text, o);
        return AIGW_OK;
    }
    if (ev->kind >= sizeof aigwi_openai_wraps / sizeof *aigwi_openai_wraps || !aigwi_openai_wraps[ev->kind].before.n) {
        aigwi_openai_gone(st, AIGWI_OPENAI_OUT_MEDIA, ev->at, "content", AIGW_LOSS_DROPPED, "an answer of Chat Completions has no place for this");
        return AIGW_OK;
    }
    if (ev->kind == AIGW_PART_REFUSAL && ev->text.n) st->reported |= AIGWI_OPENAI_REFUSED(ev->choice);
    aigwi_openai_prefix(st, o);
    aigw_base_put_int(o, ev->choice);
    aigw_base_put(o, aigwi_openai_wraps[ev->kind].before);
    aigwi_openai_put_words(o, ev->text);
    if (ev->kind == AIGW_PART_REASONING) {                     /* again beside the signature's place: who replays several blocks must know which words each one signs */
        struct aigw_out_block *b = aigwi_openai_slot(st, ev->block);
        aigw_base_put_lit(o, "\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"");
        aigwi_openai_put_words(o, ev->text);
        aigw_base_put_lit(o, "\",\"index\":");
        aigw_base_put_int(o, b ? b->index : 0);
    }
    aigw_base_put(o, aigwi_openai_wraps[ev->kind].behind);
    return AIGW_OK;
}

/* A citation with a URL as url_citation. Reads `url` or `uri` and `title`, wherever a dialect has them within two
   levels. 1, or 0 when there is no URL. */
static int aigwi_openai_citation(aigw_str json, aigw_str *url, aigw_str *title) {
    aigw_json j;
    int depth = 0;
    url->n = title->n = 0;
    url->p = title->p = "";
    aigw_json_init(&j, json);
    if (aigw_json_kind(&j) != AIGW_JSON_OBJECT) return 0;
    for (aigw_json_object(&j); depth >= 0; ) {
        if (!aigw_json_member(&j)) {
            if (j.err) return 0;
            depth--;
            continue;
        }
        int kind = aigw_json_kind(&j);
        aigw_text t;
        if (kind == AIGW_JSON_OBJECT && !depth) {
            depth++;
            aigw_json_object(&j);
        } else if (kind != AIGW_JSON_STRING) aigw_json_skip(&j);
        else {
            int is_url = aigwi_dialect_is(j.key, "url") || aigwi_dialect_is(j.key, "uri"), is_title = aigwi_dialect_is(j.key, "title");
            if (aigw_json_text(&j, &t) && is_url && !url->n) *url = aigwi_dialect_slice(t.p, t.n);
            else if (is_title && !title->n) *title = aigwi_dialect_slice(t.p, t.n);
        }
    }
    return url->n > 0;
}
/* One item of `annotations` from a note; 0 when it has none. */
static int aigwi_openai_put_annotation(aigw_enc *st, aigw_out *o, aigw_str dialect, aigw_str json, size_t at, int probe) {
    aigw_str url, title;
    if (aigw_base_eq(dialect, aigwi_openai_own)) {
        if (!probe) aigw_json_put_raw(o, json);
        return 1;
    }
    int has = aigwi_openai_citation(json, &url, &title);
    if (probe) {
        aigwi_openai_gone(st, AIGWI_OPENAI_OUT_CITATION, at, "citations", has ? AIGW_LOSS_APPROXIMATED : AIGW_LOSS_DROPPED,
                          has ? "of a citation the URL and the title are said" : "a citation without a URL");
        return has;
    }
    if (!has) return 0;
    aigw_json_open(o, '{');
    aigwi_dialect_member(o, "type", "url_citation");
    aigw_json_key(o, "url_citation");
    aigw_json_open(o, '{');
    aigwi_dialect_member_text(o, "url", aigwi_dialect_text(url, AIGW_TEXT_LONE));
    aigwi_dialect_member_text(o, "title", aigwi_dialect_text(title, AIGW_TEXT_LONE));
    aigwi_openai_put_count(o, "start_index", 0);
    aigwi_openai_put_count(o, "end_index", 0);
    aigw_json_close(o, '}');
    aigw_json_close(o, '}');
    return 1;
}
/* What is done with a note that is no state: 1 annotation, 2 logprobs, 0 lost (and reported). */
static int aigwi_openai_note_use(aigw_enc *st, int kind, aigw_str dialect, aigw_str json, size_t at) {
    int own = aigw_base_eq(dialect, aigwi_openai_own);
    if (kind == AIGW_NOTE_CITATION || (kind == AIGW_NOTE_OTHER && own)) return aigwi_openai_put_annotation(st, NULL, dialect, json, at, 1);
    if (kind == AIGW_NOTE_LOGPROBS && own) return 2;
    if (kind == AIGW_NOTE_LOGPROBS) aigwi_openai_gone(st, AIGWI_OPENAI_OUT_LOGPROBS, at, "logprobs", AIGW_LOSS_DROPPED, "log probabilities of another form");
    else if (kind == AIGW_NOTE_SAFETY) aigwi_openai_gone(st, AIGWI_OPENAI_OUT_SAFETY, at, "safety_ratings", AIGW_LOSS_DROPPED, "Chat Completions has no safety ratings");
    else aigwi_openai_gone(st, AIGWI_OPENAI_OUT_OTHER, at, "note", AIGW_LOSS_DROPPED, "only its own dialect knows this");
    return 0;
}
static void aigwi_openai_state(aigw_enc *st, const aigw_event *ev, aigw_out *o) {
    struct aigw_out_block *b = aigwi_openai_slot(st, ev->block);
    aigw_part p;
    if (!b || !ev->state) return;
    memset(&p, 0, sizeof p);
    p.state = (aigw_opaque *)(uintptr_t)ev->state;             /* read only */
    if (b->kind == AIGW_PART_TOOL_CALL) {
        aigwi_openai_open_call_chunk(st, o, b);
        o->comma = 1;
        aigwi_openai_put_google(o, ev->state);
        aigwi_openai_close_call_chunk(o);
        return;
    }
    if (b->kind != AIGW_PART_REASONING && b->kind != AIGW_PART_TEXT) {
        aigwi_openai_gone(st, AIGWI_OPENAI_OUT_STATE, ev->at, "signature", AIGW_LOSS_DROPPED, "opaque state of a part that has no place for it");
        return;
    }
    aigwi_openai_open_chunk(st, o, b->choice);
    if (b->kind == AIGW_PART_TEXT) aigwi_openai_put_google(o, ev->state);
    else {                                                     /* the words went before it */
        aigw_base_put_lit(o, "\"reasoning_details\":[{\"type\":\"");
        aigw_base_put_lit(o, ev->state->kind == AIGW_OPAQUE_REDACTED ? "reasoning.encrypted\",\"data\":" : "reasoning.text\",\"signature\":");
        aigwi_dialect_put_opaque(o, ev->state, aigwi_openai_own, 0);
        aigw_base_put_lit(o, ",\"index\":");
        aigw_base_put_int(o, b->index);
        aigw_base_put_lit(o, "}]");
    }
    aigwi_openai_close_chunk(o);
}
static void aigwi_openai_note(aigw_enc *st, const aigw_event *ev, aigw_out *o) {
    aigw_str json = aigwi_dialect_slice(ev->text.p, ev->text.n);
    int use;
    if (ev->kind == AIGW_NOTE_SIGNATURE) {
        aigwi_openai_state(st, ev, o);
        return;
    }
    use = aigwi_openai_note_use(st, ev->kind, ev->name, json, ev->at);
    if (!use) return;
    aigwi_openai_put_role(st, o, ev->choice);
    aigwi_openai_open_chunk(st, o, ev->choice);
    if (use == 1) {
        aigw_base_put_lit(o, "\"annotations\":[");
        aigwi_openai_put_annotation(st, o, ev->name, json, ev->at, 0);
        aigw_base_put_lit(o, "]");
        aigwi_openai_close_chunk(o);
    } else {
        aigw_base_put_lit(o, "},\"logprobs\":");
        aigw_base_put(o, json);
        aigw_base_put_lit(o, ",\"finish_reason\":null}]}\n\n");
    }
}

/* ---- errors out */

static const struct { uint8_t kind; const char *type, *code; } aigwi_openai_words[] = {   /* 26.11 */
    { AIGW_KIND_INVALID_REQUEST, "invalid_request_error",     ""                        },
    { AIGW_KIND_CONTEXT_LENGTH,  "invalid_request_error",     "context_length_exceeded" },
    { AIGW_KIND_CONTENT_FILTER,  "invalid_request_error",     "content_filter"          },
    { AIGW_KIND_AUTH,            "invalid_request_error",     "invalid_api_key"         },
    { AIGW_KIND_PERMISSION,      "insufficient_permissions",  ""                        },
    { AIGW_KIND_NOT_FOUND,       "invalid_request_error",     "model_not_found"         },
    { AIGW_KIND_CONFLICT,        "conflict",                  ""                        },
    { AIGW_KIND_TOO_LARGE,       "invalid_request_error",     ""                        },
    { AIGW_KIND_QUOTA,           "insufficient_quota",        "insufficient_quota"      },
    { AIGW_KIND_RATE_LIMIT,      "rate_limit_error",          "rate_limit_exceeded"     },
    { AIGW_KIND_TIMEOUT,         "timeout",                   "timeout"                 },
    { AIGW_KIND_SERVER,          "server_error",              ""                        },
    { AIGW_KIND_OVERLOADED,      "service_unavailable_error", "server_is_overloaded"    },
    { AIGW_KIND_BUDGET,          "insufficient_quota",        "budget_exceeded"         },
    { AIGW_KIND_NO_ROUTE,        "invalid_request_error",     "model_not_found"         },
    { AIGW_KIND_CANCELLED,       "server_error",              "cancelled"               },
    { AIGW_KIND_NONE,            "server_error",              ""                        },   /* the rest: the gateway's own word as code */
};
/* The provider's words stay where its code is one of this dialect and means this kind. */
static int aigwi_openai_speaks(const aigw_error *err) {
    aigw_error probe = *err;
    size_t i = 0;
    while (i < AIGWI_OPENAI_ERRORS && !aigw_base_eq(aigwi_openai_errors[i].word, err->code)) i++;
    if (i == AIGWI_OPENAI_ERRORS || !err->code.n || !err->type.n) return 0;
    aigwi_dialect_classify(&probe, aigwi_openai_errors, AIGWI_OPENAI_ERRORS);
    return probe.kind == err->kind;
}
static void aigwi_openai_put_error(aigw_out *o, const aigw_error *err) {
    size_t row = 0;
    aigw_str type = err->type, code = err->code;
    while (aigwi_openai_words[row].kind && aigwi_openai_words[row].kind != err->kind) row++;
    int own = aigwi_openai_speaks(err);
    if (!own) {
        type = aigw_base_str(aigwi_openai_words[row].type);
        code = aigw_base_str(aigwi_openai_words[row].code);
        if (!code.n) code = aigw_base_str(aigwi_dialect_error_word(err->kind));
        if (!code.n && err->kind == AIGW_KIND_INVALID_REQUEST) code = err->code;
    }
    aigw_json_open(o, '{');
    aigw_json_key(o, "error");
    aigw_json_open(o, '{');
    aigw_json_key(o, "message");
    aigwi_dialect_put_message(o, err);
    aigwi_dialect_member_str(o, "type", type);
    aigw_json_key(o, "param");
    if (err->param.n) aigw_json_put_str(o, err->param);
    else aigw_json_put_null(o);
    aigw_json_key(o, "code");
    if (code.n) aigw_json_put_str(o, code);
    else aigw_json_put_null(o);
    aigw_json_close(o, '}');
    aigw_json_close(o, '}');
}
static int aigwi_openai_error_encode(const aigw_error *err, aigw_arena *mem, aigw_head *head, aigw_out *out) {
    int r = aigwi_dialect_error_head(err, mem, head);
    aigwi_openai_put_error(out, err);
    return r ? r : aigw_base_out_end(out);
}
static void aigwi_openai_error_event(aigw_enc *st, const aigw_error *err, aigw_out *o) {
    st->ended = 1;
    aigw_base_put_lit(o, "data: ");
    aigwi_openai_put_error(o, err);
    aigw_base_put_lit(o, "\n\n");
}

/* ---- the end of a stream */

static void aigwi_openai_stop(aigw_enc *st, const aigw_event *ev, aigw_out *o) {
    int n = ev->choices ? ev->choices : 1;
    st->ended = 1;
    for (int c = 0; c < n && c < AIGW_CHOICES; c++)
        if (!aigwi_openai_reason(ev->finish[c], 1)) {
            aigw_error err;
            aigw_dialect_error(&err, AIGW_KIND_SERVER, aigwi_openai_unfinished(st, ev->finish[c], ev->at), "Try again.");
            aigwi_openai_error_event(st, &err, o);
            return;
        }
    for (int c = 0; c < n && c < AIGW_CHOICES; c++) {
        aigwi_openai_put_role(st, o, (unsigned)c);
        aigwi_openai_prefix(st, o);
        aigw_base_put_int(o, c);
        aigw_base_put_lit(o, ",\"delta\":{},\"finish_reason\":\"");
        aigw_base_put_lit(o, aigwi_openai_reason(ev->finish[c], (st->reported & AIGWI_OPENAI_REFUSED((unsigned)c)) != 0));
        aigw_base_put_lit(o, "\"}]}\n\n");
        aigwi_openai_reason_lost(st, ev->finish[c], ev->at);
    }
    if (st->usage.has && (!st->req || aigwi_openai_wants_usage(st->req))) {
        aigw_base_put(o, aigwi_dialect_slice(st->prefix, st->prefix_n - sizeof "{\"index\":" + 1u));
        aigw_base_put_lit(o, "]");
        o->comma = 1;
        aigwi_openai_put_usage(o, &st->usage);
        aigw_base_put_lit(o, "}\n\n");
    }
    aigw_base_put_lit(o, "data: [DONE]\n\n");
}
static int aigwi_openai_event_encode(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    if (st->ended) return AIGW_OK;
    if (ev->type == AIGW_EVENT_DELTA && st->started) return aigwi_openai_delta(st, ev, out);
    if (ev->type == AIGW_EVENT_ERROR) {
        aigwi_openai_error_event(st, ev->error, out);
        return AIGW_OK;
    }
    if (ev->choice >= AIGW_CHOICES) return AIGW_E_LIMIT;
    aigwi_openai_begin(st, ev->id, ev->model, ev->created_s, out);
    switch (ev->type) {
    case AIGW_EVENT_BLOCK_START: return aigwi_openai_block_start(st, ev, out);
    case AIGW_EVENT_DELTA:       return aigwi_openai_delta(st, ev, out);
    case AIGW_EVENT_BLOCK_STOP:  return aigwi_openai_block_stop(st, ev, out);
    case AIGW_EVENT_NOTE:        aigwi_openai_note(st, ev, out); break;
    case AIGW_EVENT_USAGE:       st->usage = ev->usage; break;
    case AIGW_EVENT_PING:        aigw_base_put_lit(out, ": keep-alive\n\n"); break;
    case AIGW_EVENT_STOP:        aigwi_openai_stop(st, ev, out); break;
    }
    return AIGW_OK;
}

/* ---- whole answers out */

static void aigwi_openai_joined(aigw_out *o, const char *name, const aigw_part *parts, unsigned kind) {
    const aigw_part *p;
    int any = 0;
    for (p = parts; p; p = p->next) {
        if (p->kind != kind) continue;
        if (!any) {
            aigw_json_key(o, name);
            aigw_json_open_str(o);
        }
        any = 1;
        aigw_json_part(o, p->text);
    }
    if (any) aigw_json_close_str(o);
}
static void aigwi_openai_put_notes(aigw_enc *st, const aigw_answer *c, int use, aigw_out *o, int *open) {
    const aigw_part *p = c->parts;
    const aigw_note *n = c->notes;
    for (;;) {
        for (; n; n = n->next) {
            if (aigwi_openai_note_use(st, n->kind, n->dialect, n->json, n->at) != use || (use == 2 && *open)) continue;
            if (!*open) {
                aigw_json_key(o, use == 1 ? "annotations" : "logprobs");
                if (use == 1) aigw_json_open(o, '[');
                *open = 1;
            }
            if (use == 2) aigw_json_put_raw(o, n->json);
            else aigwi_openai_put_annotation(st, o, n->dialect, n->json, n->at, 0);
        }
        if (!p) break;
        n = p->notes;
        p = p->next;
    }
    if (*open && use == 1) aigw_json_close(o, ']');
}
static int aigwi_openai_put_message(aigw_enc *st, const aigw_answer *c, aigw_out *o) {
    const aigw_part *p, *google = NULL, *sound = NULL;
    unsigned kinds = 0;
    int details = 0, n = 0, open = 0;
    for (p = c->parts; p; p = p->next) {
        kinds |= 1u << p->kind;
        details |= p->kind == AIGW_PART_REASONING && (p->text.n || p->state);
        if (p->kind == AIGW_PART_TEXT && p->state) google = p;
        if (p->kind == AIGW_PART_AUDIO) sound = p;
        if (p->kind == AIGW_PART_IMAGE || p->kind == AIGW_PART_FILE || p->kind == AIGW_PART_OTHER || p->kind == AIGW_PART_TOOL_RESULT)
            aigwi_openai_gone(st, AIGWI_OPENAI_OUT_MEDIA, p->at, "content", AIGW_LOSS_DROPPED, "an answer of Chat Completions has no place for this");
    }
    aigw_json_key(o, "message");
    aigw_json_open(o, '{');
    aigwi_dialect_member(o, "role", "assistant");
    int refused = c->finish == AIGW_FINISH_REFUSAL && !(kinds & AIGWI_OPENAI_KIND(REFUSAL)) && (kinds & AIGWI_OPENAI_KIND(TEXT));   /* its words are text elsewhere */
    if (refused) kinds = (kinds & ~(unsigned)AIGWI_OPENAI_KIND(TEXT)) | AIGWI_OPENAI_KIND(REFUSAL);
    if (kinds & AIGWI_OPENAI_KIND(TEXT)) aigwi_openai_joined(o, "content", c->parts, AIGW_PART_TEXT);
    else {
        aigw_json_key(o, "content");
        if (kinds & (AIGWI_OPENAI_KIND(TOOL_CALL) | AIGWI_OPENAI_KIND(REFUSAL) | AIGWI_OPENAI_KIND(AUDIO))) aigw_json_put_null(o);
        else aigw_json_put_str(o, aigw_base_str(NULL));
    }
    if (kinds & AIGWI_OPENAI_KIND(REFUSAL)) aigwi_openai_joined(o, "refusal", c->parts, refused ? AIGW_PART_TEXT : AIGW_PART_REFUSAL);
    else {
        aigw_json_key(o, "refusal");
        aigw_json_put_null(o);
    }
    aigwi_openai_joined(o, "reasoning_content", c->parts, AIGW_PART_REASONING);
    if (details) {
        aigw_json_key(o, "reasoning_details");
        aigw_json_open(o, '[');
        for (p = c->parts; p; p = p->next)
            if (p->kind == AIGW_PART_REASONING && (p->text.n || p->state)) aigwi_openai_put_detail(o, p, p->state != NULL, n++);
        aigw_json_close(o, ']');
    }
    if (google) aigwi_openai_put_google(o, google->state);
    if (sound) {
        aigw_json_key(o, "audio");
        aigw_json_open(o, '{');
        aigwi_openai_joined(o, "data", c->parts, AIGW_PART_AUDIO);
        aigw_json_close(o, '}');
    }
    if (kinds & AIGWI_OPENAI_KIND(TOOL_CALL)) {
        aigw_json_key(o, "tool_calls");
        aigw_json_open(o, '[');
        for (p = c->parts; p; p = p->next)
            if (p->kind == AIGW_PART_TOOL_CALL) {
                aigw_part call = *p;
                call.custom = p->custom || aigwi_openai_wrapped(st, p->name, p->custom);
                if (call.custom && !p->custom && !aigwi_openai_unwrap(p->text, aigwi_openai_behind(st), &call.text)) return AIGW_E_NOMEM;
                aigwi_openai_put_call(o, &call, p->state != NULL);
            }
        aigw_json_close(o, ']');
    }
    aigwi_openai_put_notes(st, c, 1, o, &open);
    aigw_json_close(o, '}');
    return AIGW_OK;
}
static int aigwi_openai_resp_encode(aigw_enc *st, const aigw_resp *resp, aigw_out *out) {
    int n = resp->choices ? resp->choices : 1;
    if (resp->error) {
        aigwi_openai_put_error(out, resp->error);
        return aigw_base_out_end(out);
    }
    for (int c = 0; c < n; c++)
        if (!aigwi_openai_reason(resp->choice[c].finish, 1)) {
            (void)aigwi_openai_unfinished(st, resp->choice[c].finish, AIGW_NOWHERE);
            return AIGW_E_REFUSED;
        }
    aigwi_openai_put_identity(st, out, "chat.completion", resp->id, resp->model, resp->created_s);
    aigw_json_key(out, "choices");
    aigw_json_open(out, '[');
    for (int c = 0; c < n; c++) {
        const aigw_answer *a = &resp->choice[c];
        const aigw_part *p = a->parts;
        int open = 0;
        while (p && p->kind != AIGW_PART_REFUSAL && p->kind != AIGW_PART_TEXT) p = p->next;   /* words: a refusal's are text elsewhere */
        aigw_json_open(out, '{');
        aigwi_openai_put_count(out, "index", c);
        if (aigwi_openai_put_message(st, a, out)) return AIGW_E_NOMEM;
        aigwi_openai_put_notes(st, a, 2, out, &open);
        if (!open) {
            aigw_json_key(out, "logprobs");
            aigw_json_put_null(out);
        }
        aigwi_dialect_member(out, "finish_reason", aigwi_openai_reason(a->finish, p != NULL));
        aigwi_openai_reason_lost(st, a->finish, AIGW_NOWHERE);
        aigw_json_close(out, '}');
    }
    aigw_json_close(out, ']');
    if (resp->usage.has) aigwi_openai_put_usage(out, &resp->usage);
    aigw_json_close(out, '}');
    return aigw_base_out_end(out);
}

/* ---- limits and models out */

static int aigwi_openai_limits_encode(aigw_now now, const aigw_limits *limits, aigw_arena *mem, aigw_head *head) {
    return aigwi_dialect_limits_put(now, limits, AIGWI_WINDOWS_OPENAI, 2, 0, mem, head);
}
static int aigwi_openai_models_encode(const aigw_model_info *models, size_t n, int single, aigw_out *out) {
    if (!single) {
        aigw_json_open(out, '{');
        aigwi_dialect_member(out, "object", "list");
        aigw_json_key(out, "data");
        aigw_json_open(out, '[');
    }
    for (size_t i = 0; i < n && !(single && i); i++) {
        aigw_json_open(out, '{');
        aigwi_dialect_member_str(out, "id", models[i].name);
        aigwi_dialect_member(out, "object", "model");
        aigwi_openai_put_count(out, "created", models[i].created_s);
        aigwi_dialect_member_str(out, "owned_by", models[i].owner);
        aigw_json_close(out, '}');
    }
    if (!single) {
        aigw_json_close(out, ']');
        aigw_json_close(out, '}');
    }
    return aigw_base_out_end(out);
}

const aigw_dialect aigw_dialect_openai = {
    AIGW_STR("openai-chat"), AIGW_STR("authorization"), AIGW_STR("Bearer "), AIGW_STR(""), NULL, AIGW_STR("x-request-id"), AIGW_FRAMING_SSE,
    AIGWI_SERVE(aigwi_openai_match), AIGWI_SERVE(aigwi_openai_req_decode), aigwi_openai_req_encode, AIGWI_SERVE(aigwi_openai_req_edit),
    aigwi_openai_resp_decode, aigwi_openai_frame_decode, aigwi_dialect_end, aigwi_openai_error_decode, aigwi_dialect_limits_decode,
    AIGWI_SERVE(aigwi_openai_event_encode), AIGWI_SERVE(aigwi_openai_resp_encode), AIGWI_SERVE(aigwi_openai_error_encode), AIGWI_SERVE(aigwi_openai_limits_encode), AIGWI_SERVE(aigwi_openai_models_encode),
    AIGW_STR(": keep-alive\n\n"), AIGW_STR("text/event-stream"), AIGW_STR("data: [DONE]\n\n")
};
#endif /* AIGW_NO_OPENAI */

/* ==== >>dialect.anthropic ========================================================================================== */
/* Anthropic Messages, as spoken by clients and to the provider: messages, count_tokens, models. Knows the block kinds
   of API versions 2026-10-21 and 2023-06-01; blocks and tools that only Anthropic's own servers understand pass as
   raw values of this dialect. Does not know what a single model refuses: that comes with the target. Truth:
   wire-formats sections 0, 6, 26, 28, 30 (read 2026-11-21). */
#ifndef AIGW_NO_ANTHROPIC

static const aigw_str aigwi_anthropic_name = AIGW_STR("anthropic");
static const aigw_str aigwi_anthropic_versions[] = { AIGW_STR("2026-10-21"), AIGW_STR("2023-06-01"), AIGW_STR("") };
/* What a version accepts, in the order of aigwi_anthropic_versions ("Migrating to API version 2026-10-21"). */
static const struct { uint8_t sampling, documents, citations; } aigwi_anthropic_takes[] = {
    { 0, 0, 0 },             /* no temperature, top_p, top_k; no document in an assistant message; no citations on text of the user */
    { 1, 1, 1 }
};

static int aigwi_anthropic_is(aigw_str s, const char *word) { return aigw_base_eq(s, aigw_base_str(word)); }

/* The index of s in words[0..n), or n. */
static int aigwi_anthropic_word(aigw_str s, const aigw_str *words, int n) {
    int i = 0;
    while (i < n && !aigw_base_eq(s, words[i])) i++;
    return i;
}

/* ---- client side: reading a request */

/* The path of a request target, without its query. */
static aigw_str aigwi_anthropic_path(const aigw_head *head) {
    aigw_str path = head->target;
    size_t i;
    for (i = 0; i < path.n && path.p[i] != '?'; i++) {}
    path.n = i;
    return path;
}

/* The model's name behind "/v1/models/", "" for the list; p is NULL when the path is neither. */
static aigw_str aigwi_anthropic_models_path(aigw_str path) {
    static const aigw_str list = AIGW_STR("/v1/models");
    aigw_str none = { NULL, 0 };
    if (path.n < list.n || memcmp(path.p, list.p, list.n)) return none;
    if (path.n == list.n) return aigwi_dialect_slice(path.p + list.n, 0);
    return path.p[list.n] == '/' ? aigwi_dialect_slice(path.p + list.n + 1, path.n - list.n - 1) : none;
}

static int aigwi_anthropic_match(const aigw_head *head) {
    static const aigw_str version = AIGW_STR("anthropic-version");
    aigw_str path = aigwi_anthropic_path(head);
    if (aigwi_anthropic_is(head->method, "POST")) {
        if (aigwi_anthropic_is(path, "/v1/messages")) return AIGW_OP_CHAT;
        return aigwi_anthropic_is(path, "/v1/messages/count_tokens") ? AIGW_OP_COUNT_TOKENS : AIGW_OP_NONE;
    }
    /* OpenAI's clients ask at the same path, without this header */
    if (!aigwi_anthropic_is(head->method, "GET") || !aigw_base_header(head, version).n) return AIGW_OP_NONE;
    return aigwi_anthropic_models_path(path).p ? AIGW_OP_MODELS : AIGW_OP_NONE;
}

/* Bring a copy of a reader that stands at an object to the value of member `name`. 1 when it is there. */
static int aigwi_anthropic_seek(aigw_json *copy, const char *name) {
    if (aigw_json_kind(copy) != AIGW_JSON_OBJECT || !aigw_json_object(copy)) return 0;
    while (aigw_json_member(copy)) {
        if (aigwi_anthropic_is(copy->key, name)) return 1;
        aigw_json_skip(copy);
    }
    return 0;
}

/* The string member `name` of the object ahead, as it stands, "" when there is none. The reader does not move. */
static aigw_str aigwi_anthropic_peek(const aigw_json *j, const char *name) {
    aigw_json copy = *j;
    aigw_text t = { NULL, 0, 0 };
    if (aigwi_anthropic_seek(&copy, name) && aigw_json_kind(&copy) == AIGW_JSON_STRING) (void)aigw_json_text(&copy, &t);
    return aigwi_dialect_slice(t.p, t.n);
}

static int aigwi_anthropic_nomem(aigw_json *j) {
    return aigw_json_fail(j, AIGW_E_NOMEM, aigw_json_at(j), "the memory for the request is too small");
}

/* cache_control: its time in seconds, 1 for the provider's default, 0 for none. */
static uint32_t aigwi_anthropic_get_cache(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("ttl") };
    uint32_t ttl = 1;
    uint64_t seen = 0;
    aigw_str s = { NULL, 0 };
    size_t at;
    int f;
    if (aigw_json_null(j)) return 0;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, &seen)) >= 0; ) {
        if (f == 0) aigw_json_skip(j);
        else if (f > 1) aigwi_dialect_add_raw(mem, req, j);
        else if (!aigw_json_null(j)) {
            at = aigw_json_at(j);
            if (!aigw_json_str(j, mem, &s)) continue;
            ttl = aigwi_anthropic_is(s, "1h") ? 3600 : 300;
            if (ttl == 300 && !aigwi_anthropic_is(s, "5m")) aigw_json_fail(j, AIGW_E_VALUE, at, "must be 5m or 1h");
        }
    }
    return ttl;
}

static void aigwi_anthropic_get_citations(aigw_json *j, aigw_arena *mem, aigw_note **slot) {
    aigw_note *note;
    if (aigw_json_null(j)) return;
    for (aigw_json_array(j); aigw_json_item(j); slot = &note->next) {
        note = (aigw_note *)aigw_base_take(mem, 1, sizeof *note, sizeof(void *));
        if (!note) {
            aigwi_anthropic_nomem(j);
            return;
        }
        note->kind = AIGW_NOTE_CITATION;
        note->dialect = aigwi_anthropic_name;
        note->at = aigw_json_at(j);
        aigw_json_raw(j, &note->json);
        *slot = note;
    }
}

static const aigw_str aigwi_anthropic_sources[] = { AIGW_STR("base64"), AIGW_STR("url"), AIGW_STR("file"), AIGW_STR("text") };

/* The source of an image or document; its type was looked at before. */
static void aigwi_anthropic_get_source(aigw_json *j, aigw_arena *mem, aigw_req *req, aigw_part *p) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("media_type"), AIGW_STR("data"), AIGW_STR("url"), AIGW_STR("file_id") };
    static const uint8_t sources[] = { AIGW_SOURCE_BYTES, AIGW_SOURCE_URL, AIGW_SOURCE_FILE, AIGW_SOURCE_TEXT };
    static const uint8_t need[] = { 2, 3, 4, 2 }, must[] = { 1 << 1 | 1 << 2, 1 << 3, 1 << 4, 1 << 2 };
    int kind = aigwi_anthropic_word(aigwi_anthropic_peek(j, "type"), aigwi_anthropic_sources, 4), f;
    size_t at = aigw_json_at(j);
    uint64_t seen = 0;
    p->source = sources[kind & 3];
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 5, &seen)) >= 0; ) switch (f) {
    case 0: aigw_json_skip(j); break;
    case 1: aigw_json_str(j, mem, &p->mime); break;
    case 2: case 3:
        if (f == need[kind & 3]) aigw_json_text(j, &p->text);
        else aigwi_dialect_add_raw(mem, req, j);
        break;
    case 4: aigw_json_str(j, mem, &p->id); break;
    default: aigwi_dialect_add_raw(mem, req, j);
    }
    if (!j->err && (seen & must[kind & 3]) != must[kind & 3])
        aigw_json_fail(j, AIGW_E_MISSING, at, "a source needs media_type and data, url or file_id, as its type says");
}

enum { AIGWI_ANTHROPIC_TEXT, AIGWI_ANTHROPIC_IMAGE, AIGWI_ANTHROPIC_DOCUMENT, AIGWI_ANTHROPIC_CALL, AIGWI_ANTHROPIC_RESULT, AIGWI_ANTHROPIC_THINKING,
       AIGWI_ANTHROPIC_REDACTED, AIGWI_ANTHROPIC_OTHER };
static const aigw_str aigwi_anthropic_blocks[] = { AIGW_STR("text"), AIGW_STR("image"), AIGW_STR("document"), AIGW_STR("tool_use"),
    AIGW_STR("tool_result"), AIGW_STR("thinking"), AIGW_STR("redacted_thinking") };
static const uint8_t aigwi_anthropic_kinds[] = { AIGW_PART_TEXT, AIGW_PART_IMAGE, AIGW_PART_FILE, AIGW_PART_TOOL_CALL, AIGW_PART_TOOL_RESULT,
    AIGW_PART_REASONING, AIGW_PART_REASONING, AIGW_PART_OTHER };

/* Which block stands ahead. Unknown kinds, those not in the bits of `allowed`, and sources that the model has no form
   for are OTHER. */
static int aigwi_anthropic_kind(const aigw_json *j, unsigned allowed) {
    aigw_json copy = *j;
    int kind = aigwi_anthropic_word(aigwi_anthropic_peek(j, "type"), aigwi_anthropic_blocks, AIGWI_ANTHROPIC_OTHER);
    if (!(allowed >> kind & 1)) return AIGWI_ANTHROPIC_OTHER;
    if ((kind == AIGWI_ANTHROPIC_IMAGE || kind == AIGWI_ANTHROPIC_DOCUMENT) && aigwi_anthropic_seek(&copy, "source") &&
        aigw_json_kind(&copy) == AIGW_JSON_OBJECT && aigwi_anthropic_word(aigwi_anthropic_peek(&copy, "type"), aigwi_anthropic_sources, 4) == 4)
        return AIGWI_ANTHROPIC_OTHER;
    return kind;
}

static const aigw_str aigwi_anthropic_fields[] = { AIGW_STR("type"), AIGW_STR("text"), AIGW_STR("source"), AIGW_STR("title"), AIGW_STR("citations"),
    AIGW_STR("cache_control"), AIGW_STR("id"), AIGW_STR("name"), AIGW_STR("input"), AIGW_STR("tool_use_id"), AIGW_STR("content"),
    AIGW_STR("is_error"), AIGW_STR("thinking"), AIGW_STR("signature"), AIGW_STR("data"), AIGW_STR("caller") };
enum { AIGWI_ANTHROPIC_F_TYPE, AIGWI_ANTHROPIC_F_TEXT, AIGWI_ANTHROPIC_F_SOURCE, AIGWI_ANTHROPIC_F_TITLE, AIGWI_ANTHROPIC_F_CITATIONS,
       AIGWI_ANTHROPIC_F_CACHE, AIGWI_ANTHROPIC_F_ID, AIGWI_ANTHROPIC_F_NAME, AIGWI_ANTHROPIC_F_INPUT, AIGWI_ANTHROPIC_F_CALL,
       AIGWI_ANTHROPIC_F_CONTENT, AIGWI_ANTHROPIC_F_ERROR, AIGWI_ANTHROPIC_F_THINKING, AIGWI_ANTHROPIC_F_SIGNATURE, AIGWI_ANTHROPIC_F_DATA,
       AIGWI_ANTHROPIC_F_CALLER, AIGWI_ANTHROPIC_FIELDS };
/* Per block kind: the fields it has, those it must have, and the complaint. Bit numbers as in the enum above. */
static const struct { uint32_t has, need; const char *why; } aigwi_anthropic_shapes[] = {
    { 0x0033, 0x0002, "a text block needs text" },
    { 0x0025, 0x0004, "an image block needs source" },
    { 0x003D, 0x0004, "a document block needs source" },
    { 0x81E1, 0x00C0, "a tool_use block needs id and name" },
    { 0x0E21, 0x0200, "a tool_result block needs tool_use_id" },
    { 0x3001, 0x1000, "a thinking block needs thinking" },
    { 0x4001, 0x4000, "a redacted_thinking block needs data" }
};

static void aigwi_anthropic_get_state(aigw_json *j, aigw_arena *mem, aigw_part *p, int kind) {
    aigw_text t = { NULL, 0, 0 };
    size_t at = aigw_json_at(j);
    if (aigw_json_null(j) || !aigw_json_text(j, &t) || !t.n) return;
    p->state = aigwi_dialect_get_opaque(t, mem, aigwi_anthropic_name, kind, 0);
    if (p->state) p->state->at = at;
    else aigwi_anthropic_nomem(j);
}

static void aigwi_anthropic_get_input(aigw_json *j, aigw_part *p) {
    aigw_str raw = { NULL, 0 };
    if (aigw_json_null(j)) return;
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) aigw_json_fail(j, AIGW_E_TYPE, aigw_json_at(j), "an object was expected");
    else if (aigw_json_raw(j, &raw)) p->text = aigwi_dialect_text(raw, AIGW_TEXT_JSON);
}

/* One field of a block. */
static void aigwi_anthropic_get_field(aigw_json *j, aigw_arena *mem, aigw_req *req, aigw_part *p, int f, aigw_json *inner) {
    int on = 0;
    switch (f) {
    case AIGWI_ANTHROPIC_F_TYPE: aigw_json_skip(j); break;
    case AIGWI_ANTHROPIC_F_TEXT: case AIGWI_ANTHROPIC_F_THINKING: aigw_json_text(j, &p->text); break;
    case AIGWI_ANTHROPIC_F_SOURCE: aigwi_anthropic_get_source(j, mem, req, p); break;
    case AIGWI_ANTHROPIC_F_TITLE: case AIGWI_ANTHROPIC_F_NAME: if (!aigw_json_null(j)) aigw_json_str(j, mem, &p->name); break;
    case AIGWI_ANTHROPIC_F_CITATIONS:
        if (p->kind == AIGW_PART_TEXT) aigwi_anthropic_get_citations(j, mem, &p->notes);
        else aigwi_dialect_add_raw(mem, req, j);        /* of a document: that its use shall be cited */
        break;
    case AIGWI_ANTHROPIC_F_CACHE: p->cache_at = aigw_json_at(j); p->cache_ttl_s = aigwi_anthropic_get_cache(j, mem, req); break;
    case AIGWI_ANTHROPIC_F_ID: case AIGWI_ANTHROPIC_F_CALL: aigw_json_str(j, mem, &p->id); break;
    case AIGWI_ANTHROPIC_F_INPUT: aigwi_anthropic_get_input(j, p); break;
    case AIGWI_ANTHROPIC_F_CONTENT: *inner = *j; aigw_json_skip(j); break;
    case AIGWI_ANTHROPIC_F_ERROR: if (!aigw_json_null(j) && aigw_json_bool(j, &on)) p->is_error = (uint8_t)on; break;
    case AIGWI_ANTHROPIC_F_SIGNATURE: aigwi_anthropic_get_state(j, mem, p, AIGW_OPAQUE_SIGNATURE); break;
    case AIGWI_ANTHROPIC_F_DATA: aigwi_anthropic_get_state(j, mem, p, AIGW_OPAQUE_REDACTED); break;
    case AIGWI_ANTHROPIC_F_CALLER:
        if (aigw_base_eq(aigwi_anthropic_peek(j, "type"), aigw_base_str("direct"))) aigw_json_skip(j);      /* the default */
        else aigwi_dialect_add_raw(mem, req, j);
        break;
    default: aigwi_dialect_add_raw(mem, req, j);
    }
}

/* Read the block ahead and append it at *slot. The content of a tool result is left to the caller: *inner stands at
   it (inner->p NULL: none). NULL on error. */
static aigw_part *aigwi_anthropic_get_block(aigw_json *j, aigw_arena *mem, aigw_req *req, unsigned allowed, aigw_part **slot, aigw_json *inner) {
    int kind, f;
    size_t at = aigw_json_at(j);
    uint64_t seen = 0;
    aigw_str raw = { NULL, 0 };
    aigw_part *p;
    inner->p = NULL;
    if (aigw_json_kind(j) == AIGW_JSON_OBJECT && !aigwi_anthropic_peek(j, "type").n) aigw_json_fail(j, AIGW_E_MISSING, at, "a block needs a type");
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) aigw_json_fail(j, AIGW_E_TYPE, at, "a content block (an object) was expected");
    if (j->err) return NULL;
    kind = aigwi_anthropic_kind(j, allowed);
    p = aigwi_dialect_add_part(mem, slot, aigwi_anthropic_kinds[kind], at);
    if (!p) {
        aigwi_anthropic_nomem(j);
        return NULL;
    }
    if (kind == AIGWI_ANTHROPIC_OTHER) {
        p->name = aigwi_anthropic_name;
        aigw_json_raw(j, &raw);
        p->text = aigwi_dialect_text(raw, AIGW_TEXT_JSON);
        return p;
    }
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_anthropic_fields, AIGWI_ANTHROPIC_FIELDS, &seen)) >= 0; )
        aigwi_anthropic_get_field(j, mem, req, p, aigwi_anthropic_shapes[kind].has >> f & 1 ? f : AIGWI_ANTHROPIC_FIELDS, inner);
    if (!j->err && (seen & aigwi_anthropic_shapes[kind].need) != aigwi_anthropic_shapes[kind].need)
        aigw_json_fail(j, AIGW_E_MISSING, at, aigwi_anthropic_shapes[kind].why);
    return j->err ? NULL : p;
}

/* A string as the only text part. */
static void aigwi_anthropic_get_string(aigw_json *j, aigw_arena *mem, aigw_part **slot) {
    aigw_part *p = aigwi_dialect_add_part(mem, slot, AIGW_PART_TEXT, aigw_json_at(j));
    if (!p) aigwi_anthropic_nomem(j);
    else aigw_json_text(j, &p->text);
}

/* The content of a tool result, which the outer reader has passed already: an error found here becomes its error. */
static void aigwi_anthropic_get_result(aigw_json *outer, aigw_json *j, aigw_arena *mem, aigw_req *req, aigw_part *result) {
    const unsigned allowed = 1u << AIGWI_ANTHROPIC_TEXT | 1u << AIGWI_ANTHROPIC_IMAGE | 1u << AIGWI_ANTHROPIC_DOCUMENT;
    aigw_part **slot = &result->parts, *p;
    aigw_json inner;
    if (aigw_json_null(j)) return;
    if (aigw_json_kind(j) == AIGW_JSON_STRING) aigwi_anthropic_get_string(j, mem, slot);
    else for (aigw_json_array(j); aigw_json_item(j); slot = &p->next) {
        p = aigwi_anthropic_get_block(j, mem, req, allowed, slot, &inner);
        if (!p) break;
    }
    if (j->err) aigw_json_fail(outer, j->err, aigw_json_at(j), j->why);
}

/* Where the parts of one wire message go: tool results to a message of role TOOL before the rest of a user's turn. */
typedef struct {
    aigw_message *before, *main, *results;
    aigw_part   **main_end, **results_end, **last_slot, *last;
    size_t        at;
    int           role;
} aigwi_anthropic_turn_in;

static int aigwi_anthropic_main(aigw_json *j, aigw_arena *mem, aigw_req *req, aigwi_anthropic_turn_in *t) {
    if (t->main) return 1;
    t->main = aigwi_dialect_add_message(mem, req, t->role, t->at);
    if (!t->main) return aigwi_anthropic_nomem(j);
    t->main_end = &t->main->parts;
    return 1;
}

static int aigwi_anthropic_results(aigw_json *j, aigw_arena *mem, aigw_req *req, aigwi_anthropic_turn_in *t) {
    if (t->results) return 1;
    t->results = aigwi_dialect_add_message(mem, req, AIGW_ROLE_TOOL, t->at);
    if (!t->results) return aigwi_anthropic_nomem(j);
    t->results_end = &t->results->parts;
    if (!t->main) return 1;
    t->main->next = NULL;                               /* results stood behind text: they come first all the same */
    t->results->next = t->main;
    if (t->before) t->before->next = t->results;
    else req->messages = t->results;
    req->last_message = t->main;
    return 1;
}

/* A foreign signature that our encoder put into an empty thinking block directly before a tool call goes back to that
   call. */
static void aigwi_anthropic_adopt(aigwi_anthropic_turn_in *t, aigw_part **slot, aigw_part *p) {
    aigw_part *last = t->last;
    if (p->kind == AIGW_PART_TOOL_CALL && last && last->kind == AIGW_PART_REASONING && !last->text.n && last->state &&
        !aigw_base_eq(last->state->owner, aigwi_anthropic_name)) {
        p->state = last->state;
        p->state->at = last->at;
        *t->last_slot = p;
        slot = t->last_slot;
    }
    t->last_slot = slot;
    t->last = p;
    t->main_end = &p->next;
}

static void aigwi_anthropic_get_item(aigw_json *j, aigw_arena *mem, aigw_req *req, aigwi_anthropic_turn_in *t) {
    static const unsigned allowed[] = {
        1u << AIGWI_ANTHROPIC_TEXT, 0,
        1u << AIGWI_ANTHROPIC_TEXT | 1u << AIGWI_ANTHROPIC_IMAGE | 1u << AIGWI_ANTHROPIC_DOCUMENT | 1u << AIGWI_ANTHROPIC_RESULT,
        1u << AIGWI_ANTHROPIC_TEXT | 1u << AIGWI_ANTHROPIC_DOCUMENT | 1u << AIGWI_ANTHROPIC_CALL | 1u << AIGWI_ANTHROPIC_THINKING | 1u << AIGWI_ANTHROPIC_REDACTED
    };
    aigw_json inner;
    aigw_part **slot, *p;
    if (t->role == AIGW_ROLE_USER && aigwi_anthropic_is(aigwi_anthropic_peek(j, "type"), "tool_result")) {
        if (!aigwi_anthropic_results(j, mem, req, t)) return;
        p = aigwi_anthropic_get_block(j, mem, req, allowed[t->role], t->results_end, &inner);
        if (!p) return;
        t->results_end = &p->next;
        if (inner.p) aigwi_anthropic_get_result(j, &inner, mem, req, p);
        return;
    }
    if (!aigwi_anthropic_main(j, mem, req, t)) return;
    slot = t->main_end;
    p = aigwi_anthropic_get_block(j, mem, req, allowed[t->role], slot, &inner);
    if (p) aigwi_anthropic_adopt(t, slot, p);
}

static void aigwi_anthropic_get_message(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("role"), AIGW_STR("content") };
    static const aigw_str roles[] = { AIGW_STR("user"), AIGW_STR("assistant"), AIGW_STR("system") };
    static const uint8_t model_roles[] = { AIGW_ROLE_USER, AIGW_ROLE_ASSISTANT, AIGW_ROLE_SYSTEM };
    aigwi_anthropic_turn_in t;
    uint64_t seen = 0;
    aigw_str role = aigwi_anthropic_peek(j, "role");
    int f, r = aigwi_anthropic_word(role, roles, 3);
    memset(&t, 0, sizeof t);
    t.before = req->last_message;
    t.at = aigw_json_at(j);
    t.role = model_roles[r < 3 ? r : 0];
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, &seen)) >= 0; ) {
        if (f > 1) aigwi_dialect_add_raw(mem, req, j);
        else if (f == 0) {
            if (r == 3) aigw_json_fail(j, AIGW_E_VALUE, aigw_json_at(j), "must be user, assistant or system");
            aigw_json_skip(j);
        } else if (aigw_json_kind(j) == AIGW_JSON_STRING) {
            if (aigwi_anthropic_main(j, mem, req, &t)) aigwi_anthropic_get_string(j, mem, t.main_end);
        } else for (aigw_json_array(j); aigw_json_item(j); ) aigwi_anthropic_get_item(j, mem, req, &t);
    }
    if (j->err) return;
    if ((seen & 3) != 3) aigw_json_fail(j, AIGW_E_MISSING, t.at, "a message needs role and content");
    else if (!t.results) (void)aigwi_anthropic_main(j, mem, req, &t);
}

/* `system` may stand behind `messages`: its message is put in front. */
static void aigwi_anthropic_get_system(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    aigw_message *m;
    aigw_part **slot, *p;
    aigw_json inner;
    if (aigw_json_null(j)) return;
    m = (aigw_message *)aigw_base_take(mem, 1, sizeof *m, sizeof(void *));
    if (!m) {
        aigwi_anthropic_nomem(j);
        return;
    }
    m->role = AIGW_ROLE_SYSTEM;
    m->at = aigw_json_at(j);
    slot = &m->parts;
    if (aigw_json_kind(j) == AIGW_JSON_STRING) aigwi_anthropic_get_string(j, mem, slot);
    else for (aigw_json_array(j); aigw_json_item(j); slot = &p->next) {
        p = aigwi_anthropic_get_block(j, mem, req, 1u << AIGWI_ANTHROPIC_TEXT, slot, &inner);
        if (!p) return;
    }
    if (!m->parts) return;
    m->next = req->messages;
    req->messages = m;
    if (!req->last_message) req->last_message = m;
}

static void aigwi_anthropic_get_tool(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("name"), AIGW_STR("description"), AIGW_STR("input_schema"), AIGW_STR("strict"),
        AIGW_STR("cache_control") };
    aigw_str type = aigwi_anthropic_peek(j, "type");
    aigw_tool *t = aigwi_dialect_add_tool(mem, req, aigw_json_at(j));
    uint64_t seen = 0;
    int f, on = 0;
    if (!t) {
        aigwi_anthropic_nomem(j);
        return;
    }
    if (type.n && !aigwi_anthropic_is(type, "custom")) {            /* the provider's own: web search, code execution, bash, ... */
        t->kind = AIGW_TOOL_HOSTED;
        t->name = type;
        aigw_json_raw(j, &t->schema);
        return;
    }
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 6, &seen)) >= 0; ) switch (f) {
    case 0: aigw_json_skip(j); break;
    case 1: aigw_json_str(j, mem, &t->name); break;
    case 2: if (!aigw_json_null(j)) aigw_json_text(j, &t->description); break;
    case 3:
        if (aigw_json_kind(j) == AIGW_JSON_OBJECT) aigw_json_raw(j, &t->schema);
        else aigw_json_fail(j, AIGW_E_TYPE, aigw_json_at(j), "an object was expected");
        break;
    case 4:
        t->strict_at = aigw_json_at(j);
        if (!aigw_json_null(j) && aigw_json_bool(j, &on)) t->strict = (int8_t)on;
        break;
    case 5: t->cache_at = aigw_json_at(j); t->cache_ttl_s = aigwi_anthropic_get_cache(j, mem, req); break;
    default: aigwi_dialect_add_raw(mem, req, j);
    }
    if (!j->err && (seen & 10) != 10) aigw_json_fail(j, AIGW_E_MISSING, t->at, "a tool needs name and input_schema");
}

static void aigwi_anthropic_get_choice(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("name"), AIGW_STR("disable_parallel_tool_use") };
    static const aigw_str types[] = { AIGW_STR("auto"), AIGW_STR("any"), AIGW_STR("tool"), AIGW_STR("none") };
    static const uint8_t choices[] = { AIGW_CHOICE_AUTO, AIGW_CHOICE_REQUIRED, AIGW_CHOICE_NAMED, AIGW_CHOICE_NONE, AIGW_CHOICE_UNSET };
    aigw_param *parallel = &req->param[AIGW_P_PARALLEL];
    int type = aigwi_anthropic_word(aigwi_anthropic_peek(j, "type"), types, 4), f;
    aigw_str name = { NULL, 0 };
    uint64_t seen = 0;
    if (aigw_json_null(j)) return;
    req->choice = choices[type];
    req->choice_at = aigw_json_at(j);
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 3, &seen)) >= 0; ) switch (f) {
    case 0:
        if (type == 4) aigw_json_fail(j, AIGW_E_VALUE, aigw_json_at(j), "must be auto, any, tool or none");
        aigw_json_skip(j);
        break;
    case 1: {
        size_t at = aigw_json_at(j);
        if (type != 2) aigwi_dialect_add_raw(mem, req, j);
        else if (aigw_json_str(j, mem, &name) && !aigwi_dialect_add_item(mem, &req->choice_names, aigwi_dialect_text(name, AIGW_TEXT_PLAIN), at))
            aigwi_anthropic_nomem(j);
        break;
    }
    case 2:
        if (aigwi_dialect_param(j, mem, req, AIGW_P_PARALLEL) && parallel->has) parallel->micro = !parallel->micro;
        break;
    default: aigwi_dialect_add_raw(mem, req, j);
    }
    if (j->err) return;
    if (!(seen & 1)) aigw_json_fail(j, AIGW_E_MISSING, req->choice_at, "a tool choice needs a type");
    else if (type == 2 && !name.n) aigw_json_fail(j, AIGW_E_MISSING, req->choice_at, "a choice of one tool needs its name");
}

static void aigwi_anthropic_get_thinking(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("budget_tokens"), AIGW_STR("display") };
    aigw_param *show = &req->param[AIGW_P_REASONING_SHOW];
    aigw_str type = aigwi_anthropic_peek(j, "type");
    size_t at = aigw_json_at(j);
    uint64_t seen = 0;
    int f;
    if (aigw_json_null(j)) return;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 3, &seen)) >= 0; ) switch (f) {
    case 0: aigwi_dialect_param(j, mem, req, AIGW_P_REASONING_MODE); break;
    case 1:
        if (aigwi_anthropic_is(type, "enabled")) aigwi_dialect_param(j, mem, req, AIGW_P_REASONING_BUDGET);
        else aigwi_dialect_add_raw(mem, req, j);
        break;
    case 2:
        if (aigw_json_null(j)) break;
        show->at = aigw_json_at(j);
        if (!aigw_json_str(j, mem, &show->raw)) break;
        show->has = 1;
        show->micro = aigwi_anthropic_is(show->raw, "summarized");
        if (!show->micro && !aigwi_anthropic_is(show->raw, "omitted")) aigw_json_fail(j, AIGW_E_VALUE, show->at, "must be summarized or omitted");
        break;
    default: aigwi_dialect_add_raw(mem, req, j);
    }
    if (j->err) return;
    if (!(seen & 1)) aigw_json_fail(j, AIGW_E_MISSING, at, "thinking needs a type");
    else if (aigwi_anthropic_is(type, "enabled") && !(seen & 2)) aigw_json_fail(j, AIGW_E_MISSING, at, "enabled thinking needs budget_tokens");
}

static void aigwi_anthropic_get_format(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("schema") };
    aigw_str type = aigwi_anthropic_peek(j, "type");
    uint64_t seen = 0;
    int f;
    size_t at = aigw_json_at(j);
    if (aigw_json_null(j)) return;
    if (type.n && !aigwi_anthropic_is(type, "json_schema")) aigw_json_fail(j, AIGW_E_VALUE, at, "only the format json_schema is known");
    if (req->format.kind) aigw_json_fail(j, AIGW_E_DUPLICATE, at, "output_format is the old name of output_config.format: give one of them");
    req->format.kind = AIGW_FORMAT_SCHEMA;
    req->format.strict = -1;
    req->format.at = at;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, &seen)) >= 0; ) {
        if (f == 0) aigw_json_skip(j);
        else if (f == 1) aigw_json_raw(j, &req->format.schema);
        else aigwi_dialect_add_raw(mem, req, j);
    }
    if (!j->err && (seen & 2) == 0) aigw_json_fail(j, AIGW_E_MISSING, at, "an output format needs a schema");
}

static void aigwi_anthropic_get_output(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("effort"), AIGW_STR("format") };
    uint64_t seen = 0;
    int f;
    if (aigw_json_null(j)) return;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, &seen)) >= 0; ) {
        if (f == 0) aigwi_dialect_param(j, mem, req, AIGW_P_EFFORT);
        else if (f == 1) aigwi_anthropic_get_format(j, mem, req);
        else aigwi_dialect_add_raw(mem, req, j);
    }
}

static void aigwi_anthropic_get_metadata(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    static const aigw_str names[] = { AIGW_STR("user_id") };
    uint64_t seen = 0;
    int f;
    if (aigw_json_null(j)) return;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 1, &seen)) >= 0; ) {
        if (f == 0) aigwi_dialect_param(j, mem, req, AIGW_P_USER);
        else aigwi_dialect_add_raw(mem, req, j);
    }
}

static void aigwi_anthropic_get_stops(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    aigw_item **slot = &req->stop, *item;
    aigw_text t = { NULL, 0, 0 };
    size_t at;
    if (aigw_json_null(j)) return;
    req->stop_at = aigw_json_at(j);
    for (aigw_json_array(j); aigw_json_item(j); slot = &item->next) {
        at = aigw_json_at(j);
        if (!aigw_json_text(j, &t)) return;
        item = aigwi_dialect_add_item(mem, slot, t, at);
        if (!item) {
            aigwi_anthropic_nomem(j);
            return;
        }
    }
}

/* A member that only this dialect knows, unless it says no more than its default (`word`). */
static void aigwi_anthropic_get_default(aigw_json *j, aigw_arena *mem, aigw_req *req, const char *word) {
    aigw_json copy = *j;
    aigw_text t = { NULL, 0, 0 };
    if (aigw_json_kind(&copy) == AIGW_JSON_STRING && aigw_json_text(&copy, &t) && aigwi_anthropic_is(aigwi_dialect_slice(t.p, t.n), word)) aigw_json_skip(j);
    else aigwi_dialect_add_raw(mem, req, j);
}

static const aigw_str aigwi_anthropic_members[] = { AIGW_STR("model"), AIGW_STR("max_tokens"), AIGW_STR("messages"), AIGW_STR("system"), AIGW_STR("stream"),
    AIGW_STR("tools"), AIGW_STR("tool_choice"), AIGW_STR("thinking"), AIGW_STR("output_config"), AIGW_STR("output_format"), AIGW_STR("stop_sequences"),
    AIGW_STR("metadata"), AIGW_STR("cache_control"), AIGW_STR("temperature"), AIGW_STR("top_p"), AIGW_STR("top_k"), AIGW_STR("service_tier"), AIGW_STR("speed") };

static void aigwi_anthropic_get_member(aigw_json *j, aigw_arena *mem, aigw_req *req, int f) {
    switch (f) {
    case 0: req->model_at = aigw_json_at(j); aigw_json_str(j, mem, &req->model); break;
    case 1: aigwi_dialect_param(j, mem, req, AIGW_P_MAX_OUTPUT); break;
    case 2: for (aigw_json_array(j); aigw_json_item(j); ) aigwi_anthropic_get_message(j, mem, req); break;
    case 3: aigwi_anthropic_get_system(j, mem, req); break;
    case 4: aigwi_dialect_param(j, mem, req, AIGW_P_STREAM); break;
    case 5: if (!aigw_json_null(j)) for (aigw_json_array(j); aigw_json_item(j); ) aigwi_anthropic_get_tool(j, mem, req); break;
    case 6: aigwi_anthropic_get_choice(j, mem, req); break;
    case 7: aigwi_anthropic_get_thinking(j, mem, req); break;
    case 8: aigwi_anthropic_get_output(j, mem, req); break;
    case 9: aigwi_anthropic_get_format(j, mem, req); break;
    case 10: aigwi_anthropic_get_stops(j, mem, req); break;
    case 11: aigwi_anthropic_get_metadata(j, mem, req); break;
    case 12: req->cache_at = aigw_json_at(j); req->cache_ttl_s = aigwi_anthropic_get_cache(j, mem, req); break;
    case 13: aigwi_dialect_param(j, mem, req, AIGW_P_TEMPERATURE); break;
    case 14: aigwi_dialect_param(j, mem, req, AIGW_P_TOP_P); break;
    case 15: aigwi_dialect_param(j, mem, req, AIGW_P_TOP_K); break;
    case 16: aigwi_anthropic_get_default(j, mem, req, "auto"); break;
    case 17: aigwi_anthropic_get_default(j, mem, req, "standard"); break;
    default: aigwi_dialect_add_raw(mem, req, j);
    }
}

/* The version header: one of ours, or none, which counts as the newest: it decides nothing about how a body is read
   here (sampling parameters are read with either, since other targets take them), and small clients such as curl
   leave it out. */
static int aigwi_anthropic_version(const aigw_head *head, aigw_fault *fault) {
    static const aigw_str name = AIGW_STR("anthropic-version");
    aigw_str v = aigw_base_header(head, name);
    if (!v.n || aigwi_anthropic_word(v, aigwi_anthropic_versions, 2) < 2) return AIGW_OK;
    if (fault && !fault->code) {
        fault->code = AIGW_E_VALUE;
        fault->at = 0;
        fault->text = "this API version is not known; known are 2026-10-21 and 2023-06-01";
        memcpy(fault->path, "anthropic-version", sizeof "anthropic-version");
    }
    return AIGW_E_VALUE;
}

/* "%2F" and the like in a path; no more than that can be there. */
static aigw_str aigwi_anthropic_unescape(aigw_str s, aigw_arena *mem) {
    static const char hex[] = "0123456789abcdef";
    char *p = (char *)aigw_base_take(mem, s.n, 1, 1);
    size_t i, n = 0;
    int high, low;
    if (!p) return s;
    for (i = 0; i < s.n; i++, n++) {
        p[n] = s.p[i];
        if (s.p[i] != '%' || i + 2 >= s.n) continue;
        for (high = 0; high < 16 && hex[high] != (s.p[i + 1] | 32); high++) {}
        for (low = 0; low < 16 && hex[low] != (s.p[i + 2] | 32); low++) {}
        if (high == 16 || low == 16 || (!high && !low)) continue;
        p[n] = (char)(high << 4 | low);
        i += 2;
    }
    return aigwi_dialect_slice(p, n);
}

static int aigwi_anthropic_req_decode(const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_req *req, aigw_fault *fault) {
    aigw_json j;
    uint64_t seen = 0;
    size_t at;
    int f;
    memset(req, 0, sizeof *req);
    req->op = (uint8_t)(head ? aigwi_anthropic_match(head) : AIGW_OP_CHAT);
    if (req->op == AIGW_OP_NONE) req->op = AIGW_OP_CHAT;
    req->dialect = aigwi_anthropic_name;
    req->body = body;
    req->head = head;
    req->model_at = req->choice_at = req->stop_at = req->metadata_at = req->cache_at = AIGW_NOWHERE;
    req->format.at = req->format.name_at = req->format.description_at = req->format.strict_at = AIGW_NOWHERE;
    if (head && (f = aigwi_anthropic_version(head, fault)) != AIGW_OK) return f;
    if (req->op == AIGW_OP_MODELS) {
        req->model = aigwi_anthropic_unescape(aigwi_anthropic_models_path(aigwi_anthropic_path(head)), mem);
        return AIGW_OK;
    }
    aigw_json_init(&j, body);
    at = aigw_json_at(&j);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, aigwi_anthropic_members, 18, &seen)) >= 0; ) aigwi_anthropic_get_member(&j, mem, req, f);
    (void)aigw_json_end(&j);
    if (!j.err && !(seen & 1)) aigw_json_fail(&j, AIGW_E_MISSING, at, "model is required");
    if (!j.err && !(seen & 2) && req->op == AIGW_OP_CHAT) aigw_json_fail(&j, AIGW_E_MISSING, at, "max_tokens is required");
    if (!j.err && !(seen & 4)) aigw_json_fail(&j, AIGW_E_MISSING, at, "messages is required");
    return fault ? aigw_json_fault(&j, fault) : j.err;
}

/* ---- provider side: writing a request */

/* What a translation to this dialect carries along. */
typedef struct {
    const aigw_req    *req;
    const aigw_target *to;
    aigw_arena *mem;
    aigw_out   *out;
    aigw_loss  *loss;
    uint32_t    done;         /* bits 1 << AIGW_P_*: seen to */
    int         err;          /* AIGW_E_NOMEM, AIGW_E_REFUSED */
    int         role;         /* of the wire message that is open */
    int         last_kind;    /* AIGW_PART_* written last into it */
    int         marks;        /* cache hints so far */
    int         version;      /* index in aigwi_anthropic_versions, 2: one that we do not know */
    int         native;       /* the request came in this dialect */
    uint32_t    tools;        /* how many are sent */
    /* what thinking comes to */
    const char *thinking;     /* its type; NULL: not said */
    aigw_str    effort;
    int64_t     budget, max_tokens;
} aigwi_anthropic_up;
enum { AIGWI_ANTHROPIC_NOBODY, AIGWI_ANTHROPIC_USER, AIGWI_ANTHROPIC_ASSISTANT, AIGWI_ANTHROPIC_SYSTEM };

static void aigwi_anthropic_lose(aigwi_anthropic_up *c, size_t at, const char *tail, int action, const char *reason) {
    int r = aigw_model_loss_at(c->loss, at, tail, action, reason);
    if (r && c->err != AIGW_E_NOMEM) c->err = r;
}

static void aigwi_anthropic_drop(aigwi_anthropic_up *c, int id, const char *reason) {
    const aigw_param *p = &c->req->param[id];
    if (p->has) aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_DROPPED, reason);
}

static void aigwi_anthropic_put_cache(aigwi_anthropic_up *c, uint32_t ttl, size_t at) {
    static const aigw_str ephemeral = AIGW_STR("ephemeral"), short_ttl = AIGW_STR("5m"), long_ttl = AIGW_STR("1h");
    if (!ttl) return;
    if (c->marks == 4) {
        aigwi_anthropic_lose(c, at, "", AIGW_LOSS_DROPPED, "a request takes no more than four cache hints");
        return;
    }
    c->marks++;
    aigw_json_key(c->out, "cache_control");
    aigw_json_open(c->out, '{');
    aigw_json_key(c->out, "type");
    aigw_json_put_str(c->out, ephemeral);
    if (ttl != 1) {
        aigw_json_key(c->out, "ttl");
        aigw_json_put_str(c->out, ttl <= 300 ? short_ttl : long_ttl);
        if (ttl != 300 && ttl != 3600) aigwi_anthropic_lose(c, at, "", AIGW_LOSS_APPROXIMATED, "cache hints last 5 minutes or 1 hour: the nearest");
    }
    aigw_json_close(c->out, '}');
}

/* Begin a block: {"type":T. */
static void aigwi_anthropic_open(aigwi_anthropic_up *c, const char *type) {
    aigw_json_open(c->out, '{');
    aigw_json_key(c->out, "type");
    aigw_json_put_str(c->out, aigw_base_str(type));
}

/* A text block; citations (of the assistant's own text) only in the words of this dialect. */
static void aigwi_anthropic_put_text(aigwi_anthropic_up *c, const aigw_part *p, int citations) {
    const aigw_note *note;
    int any = 0;
    aigwi_anthropic_open(c, "text");
    aigw_json_key(c->out, "text");
    aigw_json_put_text(c->out, p->text);
    for (note = p->notes; note; note = note->next) {
        if (!citations || note->kind != AIGW_NOTE_CITATION || !aigw_base_eq(note->dialect, aigwi_anthropic_name)) {
            aigwi_anthropic_lose(c, note->at, "", AIGW_LOSS_DROPPED, "a remark that this place does not take");
            continue;
        }
        if (!any++) {
            aigw_json_key(c->out, "citations");
            aigw_json_open(c->out, '[');
        }
        aigw_json_put_raw(c->out, note->json);
    }
    if (any) aigw_json_close(c->out, ']');
    aigwi_anthropic_put_cache(c, p->cache_ttl_s, p->cache_at ? p->cache_at : p->at);
    aigw_json_close(c->out, '}');
}

static void aigwi_anthropic_role(aigwi_anthropic_up *c, int role);

/* A conversation begins with the user: without one, a turn of one dot. */
static void aigwi_anthropic_filler(aigwi_anthropic_up *c) {
    static const aigw_str dot = AIGW_STR(".");
    aigw_part p;
    memset(&p, 0, sizeof p);
    p.text = aigwi_dialect_text(dot, AIGW_TEXT_PLAIN);
    aigwi_anthropic_role(c, AIGWI_ANTHROPIC_USER);
    aigwi_anthropic_put_text(c, &p, 0);
    aigwi_anthropic_lose(c, AIGW_NOWHERE, "messages[0]", AIGW_LOSS_SYNTHESIZED, "a conversation must begin with the user");
}

static void aigwi_anthropic_end_role(aigwi_anthropic_up *c) {
    if (!c->role) return;
    aigw_json_close(c->out, ']');
    aigw_json_close(c->out, '}');
}

/* Be inside the content of a message of this role. Neighbors of one role become one message, as the provider would
   read them. */
static void aigwi_anthropic_role(aigwi_anthropic_up *c, int role) {
    static const char *const names[] = { "", "user", "assistant", "system" };
    if (c->role == role) return;
    if (!c->role && role == AIGWI_ANTHROPIC_ASSISTANT) aigwi_anthropic_filler(c);
    aigwi_anthropic_end_role(c);
    c->role = role;
    aigw_json_open(c->out, '{');
    aigw_json_key(c->out, "role");
    aigw_json_put_str(c->out, aigw_base_str(names[role]));
    aigw_json_key(c->out, "content");
    aigw_json_open(c->out, '[');
}

static const aigw_str aigwi_anthropic_images[] = { AIGW_STR("image/jpeg"), AIGW_STR("image/png"), AIGW_STR("image/gif"), AIGW_STR("image/webp") };

/* Why this image or file cannot be sent; NULL: it can. */
static const char *aigwi_anthropic_media_why(aigwi_anthropic_up *c, const aigw_part *p) {
    int image = p->kind == AIGW_PART_IMAGE;
    if (image && (c->to->no & AIGW_CAN(VISION))) return "this model takes no images";
    if (!image && (c->to->no & AIGW_CAN(PDF))) return "this model takes no documents";
    if (p->source == AIGW_SOURCE_FILE && !c->native) return "a file id is known to the provider that gave it only";
    if (p->source == AIGW_SOURCE_URL && !image && p->mime.n && !aigwi_anthropic_is(p->mime, "application/pdf")) return "a document by URL is a PDF";
    if (p->source == AIGW_SOURCE_URL || p->source == AIGW_SOURCE_FILE) return NULL;
    if (image && p->source == AIGW_SOURCE_TEXT) return "an image cannot be plain text";
    if (p->source == AIGW_SOURCE_TEXT) return NULL;
    if (image && aigwi_anthropic_word(p->mime, aigwi_anthropic_images, 4) == 4 && !aigwi_anthropic_is(p->mime, "image/jpg"))
        return "images are taken as jpeg, png, gif and webp only";
    if (!image && !aigwi_anthropic_is(p->mime, "application/pdf") && (p->mime.n < 5 || memcmp(p->mime.p, "text/", 5)))
        return "documents are taken as PDF and plain text only";
    return NULL;
}

/* The bytes of a text file as a plain-text source. */
static void aigwi_anthropic_put_decoded(aigwi_anthropic_up *c, const aigw_part *p) {
    aigw_out text;
    aigw_str data;
    char *room = NULL;
    if (aigwi_dialect_plain(p->text, c->mem, &data)) room = (char *)aigw_base_take(c->mem, data.n / 4 * 3 + 3, 1, 1);
    if (!room) {
        c->err = AIGW_E_NOMEM;
        return;
    }
    aigw_base_out_init(&text, room, data.n / 4 * 3 + 3, NULL, 0);
    if (aigw_base_put_unbase64(&text, data)) aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_REFUSED, "the file's bytes are not base64");
    aigw_json_put_str(c->out, aigwi_dialect_slice(room, text.buf.n <= text.buf.cap ? text.buf.n : 0));
}

static void aigwi_anthropic_put_source(aigwi_anthropic_up *c, const aigw_part *p) {
    static const char *const types[] = { "base64", "url", "file", "text" };
    int text = p->source == AIGW_SOURCE_TEXT || (p->source == AIGW_SOURCE_BYTES && p->mime.n >= 5 && !memcmp(p->mime.p, "text/", 5));
    aigw_json_key(c->out, "source");
    aigwi_anthropic_open(c, types[text ? AIGW_SOURCE_TEXT : p->source & 3]);
    if (text || p->source == AIGW_SOURCE_BYTES) {
        aigw_json_key(c->out, "media_type");
        aigw_json_put_str(c->out, text ? aigw_base_str("text/plain") : aigwi_anthropic_is(p->mime, "image/jpg") ? aigwi_anthropic_images[0] : p->mime);
    }
    aigw_json_key(c->out, p->source == AIGW_SOURCE_URL ? "url" : p->source == AIGW_SOURCE_FILE ? "file_id" : "data");
    if (p->source == AIGW_SOURCE_FILE) aigw_json_put_str(c->out, p->id);
    else if (text && p->source == AIGW_SOURCE_BYTES) aigwi_anthropic_put_decoded(c, p);
    else aigw_json_put_text(c->out, p->text);
    aigw_json_close(c->out, '}');
}

static void aigwi_anthropic_put_media(aigwi_anthropic_up *c, const aigw_part *p) {
    int image = p->kind == AIGW_PART_IMAGE;
    aigwi_anthropic_open(c, image ? "image" : "document");
    aigwi_anthropic_put_source(c, p);
    if (!image && p->name.n) {
        aigw_json_key(c->out, "title");
        aigw_json_put_str(c->out, p->name);
    }
    if (p->detail.n && !aigwi_anthropic_is(p->detail, "auto"))
        aigwi_anthropic_lose(c, p->detail_at ? p->detail_at : p->at, "", AIGW_LOSS_DROPPED, "the detail of an image cannot be chosen");
    aigwi_anthropic_put_cache(c, p->cache_ttl_s, p->cache_at ? p->cache_at : p->at);
    aigw_json_close(c->out, '}');
}

/* May this part stand in a user message or tool result? When not, that is reported. */
static int aigwi_anthropic_user_takes(aigwi_anthropic_up *c, const aigw_part *p) {
    const char *why;
    switch (p->kind) {
    case AIGW_PART_TEXT: return p->text.n > 0;                       /* the provider refuses empty text blocks */
    case AIGW_PART_IMAGE: case AIGW_PART_FILE:
        why = aigwi_anthropic_media_why(c, p);
        if (why) aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_REFUSED, why);
        return !why;
    case AIGW_PART_AUDIO: aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_REFUSED, "audio is not taken"); return 0;
    case AIGW_PART_OTHER: if (aigw_base_eq(p->name, aigwi_anthropic_name)) return 1;
    }
    aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_DROPPED, "the target has no such part here");
    return 0;
}

static void aigwi_anthropic_put_user(aigwi_anthropic_up *c, const aigw_part *p) {
    aigw_str raw = { p->text.p, p->text.n };
    if (p->kind == AIGW_PART_TEXT) aigwi_anthropic_put_text(c, p, aigwi_anthropic_takes[c->version & 1].citations && c->version < 2);
    else if (p->kind == AIGW_PART_OTHER) aigw_json_put_raw(c->out, raw);
    else aigwi_anthropic_put_media(c, p);
}

static void aigwi_anthropic_put_result(aigwi_anthropic_up *c, const aigw_part *r) {
    const aigw_part *p = r->parts;
    int open = 0;
    aigwi_anthropic_role(c, AIGWI_ANTHROPIC_USER);
    c->last_kind = r->kind;
    aigwi_anthropic_open(c, "tool_result");
    aigw_json_key(c->out, "tool_use_id");
    aigwi_dialect_put_id(c->out, r->id, 128);
    if (p && !p->next && p->kind == AIGW_PART_TEXT && !p->cache_ttl_s && !p->notes && p->text.n) {
        aigw_json_key(c->out, "content");
        aigw_json_put_text(c->out, p->text);
        p = NULL;
    }
    for (; p; p = p->next) {
        if (!aigwi_anthropic_user_takes(c, p)) continue;
        if (!open++) {
            aigw_json_key(c->out, "content");
            aigw_json_open(c->out, '[');
        }
        aigwi_anthropic_put_user(c, p);
    }
    if (open) aigw_json_close(c->out, ']');
    if (r->is_error) {
        aigw_json_key(c->out, "is_error");
        aigw_json_put_bool(c->out, 1);
    }
    aigwi_anthropic_put_cache(c, r->cache_ttl_s, r->cache_at ? r->cache_at : r->at);
    aigw_json_close(c->out, '}');
}

/* Reasoning goes back to the provider that signed it, and to nobody else: without its signature the provider refuses
   it. */
static void aigwi_anthropic_put_reasoning(aigwi_anthropic_up *c, const aigw_part *p) {
    if (!p->state || !aigw_base_eq(p->state->owner, aigwi_anthropic_name)) {
        aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_DROPPED, "reasoning goes back to the provider that signed it only");
        return;
    }
    aigwi_anthropic_role(c, AIGWI_ANTHROPIC_ASSISTANT);
    if (p->state->kind == AIGW_OPAQUE_REDACTED) {
        aigwi_anthropic_open(c, "redacted_thinking");
        aigw_json_key(c->out, "data");
    } else {
        aigwi_anthropic_open(c, "thinking");
        aigw_json_key(c->out, "thinking");
        aigw_json_put_text(c->out, p->text);
        aigw_json_key(c->out, "signature");
    }
    aigw_json_put_text(c->out, p->state->data);
    aigw_json_close(c->out, '}');
}

/* The arguments of a call: an object; the text of a free-text tool is the only member of one. */
static int aigwi_anthropic_put_input(aigw_out *out, const aigw_part *p, aigw_arena *mem, aigw_loss *loss) {
    if (!p->custom) return aigwi_dialect_put_args(out, p->text, mem, loss, p->at);
    aigw_json_open(out, '{');
    aigw_json_key(out, "input");
    aigw_json_put_text(out, p->text);
    aigw_json_close(out, '}');
    return AIGW_OK;
}

static void aigwi_anthropic_put_call(aigwi_anthropic_up *c, const aigw_part *p) {
    int r;
    aigwi_anthropic_role(c, AIGWI_ANTHROPIC_ASSISTANT);
    aigwi_anthropic_open(c, "tool_use");
    aigw_json_key(c->out, "id");
    aigwi_dialect_put_id(c->out, p->id, 128);
    aigw_json_key(c->out, "name");
    aigw_json_put_str(c->out, p->name);
    aigw_json_key(c->out, "input");
    r = aigwi_anthropic_put_input(c->out, p, c->mem, c->loss);
    if (r && c->err != AIGW_E_NOMEM) c->err = r;
    if (p->state) aigwi_anthropic_lose(c, p->state->at ? p->state->at : p->at, "", AIGW_LOSS_DROPPED, "the state of another provider goes back to that provider only");
    aigwi_anthropic_put_cache(c, p->cache_ttl_s, p->cache_at ? p->cache_at : p->at);
    aigw_json_close(c->out, '}');
}

static void aigwi_anthropic_put_assistant(aigwi_anthropic_up *c, const aigw_part *p) {
    aigw_str raw = { p->text.p, p->text.n };
    switch (p->kind) {
    case AIGW_PART_REASONING: aigwi_anthropic_put_reasoning(c, p); break;
    case AIGW_PART_TOOL_CALL: aigwi_anthropic_put_call(c, p); break;
    case AIGW_PART_REFUSAL: case AIGW_PART_TEXT:
        if (p->state) aigwi_anthropic_lose(c, p->state->at ? p->state->at : p->at, "", AIGW_LOSS_DROPPED, "the state of another provider goes back to that provider only");
        if (!p->text.n) return;
        if (p->kind == AIGW_PART_REFUSAL) aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_APPROXIMATED, "a refusal in the history is sent as text");
        aigwi_anthropic_role(c, AIGWI_ANTHROPIC_ASSISTANT);
        aigwi_anthropic_put_text(c, p, 1);
        break;
    case AIGW_PART_FILE:
        if (c->version == 1 && !aigwi_anthropic_media_why(c, p)) {
            aigwi_anthropic_role(c, AIGWI_ANTHROPIC_ASSISTANT);
            aigwi_anthropic_put_media(c, p);
            break;
        }
        aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_DROPPED, "this API version takes no documents in an assistant message");
        return;
    case AIGW_PART_OTHER:
        if (aigw_base_eq(p->name, aigwi_anthropic_name)) {
            aigwi_anthropic_role(c, AIGWI_ANTHROPIC_ASSISTANT);
            aigw_json_put_raw(c->out, raw);
            break;
        }
        /* fall through */
    default:
        aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_DROPPED, "the target has no such part in an assistant message");
        return;
    }
    c->last_kind = p->kind;
}

/* A message of the user, or a system message that came late. */
static void aigwi_anthropic_put_other(aigwi_anthropic_up *c, const aigw_message *m) {
    int system = m->role == AIGW_ROLE_SYSTEM || m->role == AIGW_ROLE_DEVELOPER;
    int keeps = (c->to->can & AIGW_CAN(LATE_SYSTEM)) || (c->native && !(c->to->no & AIGW_CAN(LATE_SYSTEM)));
    const aigw_part *p;
    if (system && !keeps) aigwi_anthropic_lose(c, m->at, "", AIGW_LOSS_APPROXIMATED, "this model takes no system message inside the conversation: sent as user text");
    for (p = m->parts; p; p = p->next) {
        if (!aigwi_anthropic_user_takes(c, p)) continue;
        aigwi_anthropic_role(c, system && keeps ? AIGWI_ANTHROPIC_SYSTEM : AIGWI_ANTHROPIC_USER);
        aigwi_anthropic_put_user(c, p);
        c->last_kind = p->kind;
    }
}

/* The first message that is not a leading system message. */
static const aigw_message *aigwi_anthropic_first(const aigw_req *req) {
    const aigw_message *m = req->messages;
    while (m && (m->role == AIGW_ROLE_SYSTEM || m->role == AIGW_ROLE_DEVELOPER)) m = m->next;
    return m;
}

static void aigwi_anthropic_put_name(aigwi_anthropic_up *c, const aigw_message *m) {
    if (m->name.n) aigwi_anthropic_lose(c, m->at, ".name", AIGW_LOSS_DROPPED, "participants have no names");
}

/* Everything between two assistant messages is one turn of the user; the results of all calls before it come first in
   it. */
static void aigwi_anthropic_put_messages(aigwi_anthropic_up *c) {
    const aigw_message *m = aigwi_anthropic_first(c->req), *end;
    const aigw_part *p;
    size_t last_at = AIGW_NOWHERE;
    aigw_json_key(c->out, "messages");
    aigw_json_open(c->out, '[');
    while (m) {
        for (end = m; end && end->role != AIGW_ROLE_ASSISTANT; end = end->next)
            for (p = end->role == AIGW_ROLE_TOOL ? end->parts : NULL; p; p = p->next) aigwi_anthropic_put_result(c, p);
        for (; m != end; m = m->next) {
            aigwi_anthropic_put_name(c, m);
            if (m->role != AIGW_ROLE_TOOL) aigwi_anthropic_put_other(c, m);
        }
        for (; m && m->role == AIGW_ROLE_ASSISTANT; m = m->next) {
            aigwi_anthropic_put_name(c, m);
            last_at = m->at;
            for (p = m->parts; p; p = p->next) aigwi_anthropic_put_assistant(c, p);
        }
    }
    if (!c->role) aigwi_anthropic_filler(c);
    /* what ends with a block of the provider's own tools is a paused turn, not a prefill */
    if (c->role == AIGWI_ANTHROPIC_ASSISTANT && c->last_kind != AIGW_PART_OTHER && (c->to->no & AIGW_CAN(PREFILL)))
        aigwi_anthropic_lose(c, last_at, "", AIGW_LOSS_REFUSED, "this model does not continue a begun answer (prefill)");
    aigwi_anthropic_end_role(c);
    aigw_json_close(c->out, ']');
}

/* The leading system messages: one text as a string, else as blocks. */
static void aigwi_anthropic_put_system(aigwi_anthropic_up *c) {
    const aigw_message *m, *first = aigwi_anthropic_first(c->req);
    const aigw_part *p, *only = NULL;
    int n = 0;
    for (m = c->req->messages; m != first; m = m->next) {
        aigwi_anthropic_put_name(c, m);
        for (p = m->parts; p; p = p->next) {
            if (p->kind != AIGW_PART_TEXT) aigwi_anthropic_lose(c, p->at, "", AIGW_LOSS_DROPPED, "a system message is text");
            else if (p->text.n && !n++) only = p;
        }
    }
    if (!n) return;
    aigw_json_key(c->out, "system");
    if (n == 1 && !only->cache_ttl_s && !only->notes) {
        aigw_json_put_text(c->out, only->text);
        return;
    }
    aigw_json_open(c->out, '[');
    for (m = c->req->messages; m != first; m = m->next)
        for (p = m->parts; p; p = p->next)
            if (p->kind == AIGW_PART_TEXT && p->text.n) aigwi_anthropic_put_text(c, p, 0);
    aigw_json_close(c->out, ']');
}

/* Is the tool sent? A list of allowed tools means that only these are. */
static int aigwi_anthropic_allowed(aigwi_anthropic_up *c, const aigw_tool *t) {
    const aigw_item *i;
    aigw_str name;
    if (!c->req->choice_names || c->req->choice == AIGW_CHOICE_NAMED || t->kind == AIGW_TOOL_HOSTED) return 1;
    for (i = c->req->choice_names; i; i = i->next)
        if (aigwi_dialect_plain(i->text, c->mem, &name) && aigw_base_eq(name, t->name)) return 1;
    return 0;
}

static const char aigwi_anthropic_free_text[] = "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}";

/* A schema for arguments: always one of type object. */
static void aigwi_anthropic_put_schema(aigwi_anthropic_up *c, const aigw_tool *t) {
    static const aigwi_dialect_edit object = { "type", AIGW_STR("\"object\"") };
    static const aigw_str none = AIGW_STR("{\"type\":\"object\"}");
    aigw_json j;
    aigw_json_key(c->out, "input_schema");
    if (t->kind == AIGW_TOOL_CUSTOM) {
        aigw_json_put_raw(c->out, aigw_base_str(aigwi_anthropic_free_text));
        return;
    }
    if (!t->schema.n) {
        aigw_json_put_raw(c->out, none);
        return;
    }
    aigw_json_init(&j, t->schema);
    if (t->openapi || aigwi_anthropic_seek(&j, "type")) {
        aigwi_dialect_put_schema(c->out, t->schema, t->openapi);
        return;
    }
    aigw_json_put_raw(c->out, aigwi_dialect_slice("", 0));
    if (aigwi_dialect_splice(t->schema, &object, 1, c->out)) aigw_json_put_raw(c->out, none);
    c->out->comma = 1;
}

static void aigwi_anthropic_put_tool(aigwi_anthropic_up *c, const aigw_tool *t) {
    if (t->kind == AIGW_TOOL_HOSTED) {
        if (c->native) aigw_json_put_raw(c->out, t->schema);
        else aigwi_anthropic_lose(c, t->at, "", AIGW_LOSS_REFUSED, "a tool that another provider runs itself");
        return;
    }
    aigw_json_open(c->out, '{');
    aigw_json_key(c->out, "name");
    aigw_json_put_str(c->out, t->name);
    if (t->description.n) {
        aigw_json_key(c->out, "description");
        aigw_json_put_text(c->out, t->description);
    }
    aigwi_anthropic_put_schema(c, t);
    if (t->kind == AIGW_TOOL_CUSTOM && t->schema.n) aigwi_anthropic_lose(c, t->at, "", AIGW_LOSS_DROPPED, "the grammar of a free-text tool cannot be said");
    if (t->strict >= 0) {
        aigw_json_key(c->out, "strict");
        aigw_json_put_bool(c->out, t->strict);
    }
    aigwi_anthropic_put_cache(c, t->cache_ttl_s, t->cache_at ? t->cache_at : t->at);
    aigw_json_close(c->out, '}');
}

static void aigwi_anthropic_put_tools(aigwi_anthropic_up *c) {
    const aigw_tool *t;
    for (t = c->req->tools; t; t = t->next)
        if (c->to->no & AIGW_CAN(TOOLS)) aigwi_anthropic_lose(c, t->at, "", AIGW_LOSS_REFUSED, "this model has no tools");
        else if (aigwi_anthropic_allowed(c, t) && !c->tools++) {
            aigw_json_key(c->out, "tools");
            aigw_json_open(c->out, '[');
            aigwi_anthropic_put_tool(c, t);
        } else if (aigwi_anthropic_allowed(c, t)) aigwi_anthropic_put_tool(c, t);
    if (c->tools) aigw_json_close(c->out, ']');
}

static int aigwi_anthropic_forced(const aigw_req *req) { return req->choice == AIGW_CHOICE_REQUIRED || req->choice == AIGW_CHOICE_NAMED; }

/* The choice of tools and the parallel switch, which is a member of it. A forced call that the model refuses is
   refused here too: who forces a call reads nothing else from the answer. */
static void aigwi_anthropic_put_choice(aigwi_anthropic_up *c) {
    static const char *const types[] = { "auto", "auto", "none", "any", "tool" };
    const aigw_req *req = c->req;
    const aigw_param *parallel = &req->param[AIGW_P_PARALLEL];
    aigw_str name = { NULL, 0 };
    c->done |= 1u << AIGW_P_PARALLEL;
    if (req->choice != AIGW_CHOICE_UNSET && !c->tools)
        aigwi_anthropic_lose(c, req->choice_at, "", AIGW_LOSS_DROPPED, "a choice of tools without tools");
    if (!c->tools || req->choice == AIGW_CHOICE_NONE) aigwi_anthropic_drop(c, AIGW_P_PARALLEL, "no tool can be called, in parallel or not");
    if (!c->tools || (req->choice == AIGW_CHOICE_UNSET && !parallel->has)) return;
    if (aigwi_anthropic_forced(req) && (c->to->no & AIGW_CAN(FORCED_TOOLS)))
        aigwi_anthropic_lose(c, req->choice_at, "", AIGW_LOSS_REFUSED, "this model cannot be forced to call a tool");
    aigw_json_key(c->out, "tool_choice");
    aigwi_anthropic_open(c, types[req->choice <= AIGW_CHOICE_NAMED ? req->choice : 0]);
    if (req->choice == AIGW_CHOICE_NAMED && req->choice_names) {
        if (!aigwi_dialect_plain(req->choice_names->text, c->mem, &name)) c->err = AIGW_E_NOMEM;
        aigw_json_key(c->out, "name");
        aigw_json_put_str(c->out, name);
    }
    if (parallel->has && req->choice != AIGW_CHOICE_NONE) {
        aigw_json_key(c->out, "disable_parallel_tool_use");
        aigw_json_put_bool(c->out, !parallel->micro);
    }
    aigw_json_close(c->out, '}');
}

/* ---- thinking: effort, budget or neither (wire-formats 26.7) */

static const struct { aigw_str word; int64_t budget, below; } aigwi_anthropic_efforts[] = {   /* below: budgets under it are nearest to this step */
    { AIGW_STR("minimal"), 1024, 0 }, { AIGW_STR("low"), 2048, 5120 }, { AIGW_STR("medium"), 8192, 12288 }, { AIGW_STR("high"), 16384, 24192 },
    { AIGW_STR("xhigh"), 32000, 48000 }, { AIGW_STR("max"), 64000, INT64_MAX }
};
enum { AIGWI_ANTHROPIC_EFFORTS = 6 };

static int aigwi_anthropic_effort(aigw_str word) {
    int i = 0;
    while (i < AIGWI_ANTHROPIC_EFFORTS && !aigw_base_eq(word, aigwi_anthropic_efforts[i].word)) i++;
    return i;
}

/* Is `word` in a list of words with spaces between them? An empty list says nothing, so everything is in it. */
static int aigwi_anthropic_listed(aigw_str list, aigw_str word) {
    size_t i, from;
    if (!list.n) return 1;
    for (i = from = 0; i <= list.n; i++) {
        if (i < list.n && list.p[i] != ' ') continue;
        if (aigw_base_eq(aigwi_dialect_slice(list.p + from, i - from), word)) return 1;
        from = i + 1;
    }
    return 0;
}

/* The effort word to send for `word`: the nearest that this dialect and this model have, lower first. */
static void aigwi_anthropic_set_effort(aigwi_anthropic_up *c, aigw_str word, size_t at) {
    int step = aigwi_anthropic_effort(word), i;
    c->effort = word;
    if (step == AIGWI_ANTHROPIC_EFFORTS) return;                     /* a newer word: the provider knows */
    for (i = step ? step : 1; i > 1 && !aigwi_anthropic_listed(c->to->efforts, aigwi_anthropic_efforts[i].word); i--) {}
    while (i < AIGWI_ANTHROPIC_EFFORTS - 1 && !aigwi_anthropic_listed(c->to->efforts, aigwi_anthropic_efforts[i].word)) i++;
    c->effort = aigwi_anthropic_efforts[i].word;
    if (i != step) aigwi_anthropic_lose(c, at, "", AIGW_LOSS_APPROXIMATED, "the nearest effort that this model has");
}

static void aigwi_anthropic_drop_thinking(aigwi_anthropic_up *c, const char *reason) {
    aigwi_anthropic_drop(c, AIGW_P_EFFORT, reason);
    aigwi_anthropic_drop(c, AIGW_P_REASONING_MODE, reason);
    aigwi_anthropic_drop(c, AIGW_P_REASONING_BUDGET, reason);
    c->thinking = NULL;
    c->effort.n = 0;
}

/* The older form: a budget of tokens, at least 1,024 and below max_tokens. */
static void aigwi_anthropic_plan_budget(aigwi_anthropic_up *c) {
    const aigw_param *effort = &c->req->param[AIGW_P_EFFORT], *budget = &c->req->param[AIGW_P_REASONING_BUDGET], *max = &c->req->param[AIGW_P_MAX_OUTPUT];
    const aigw_param *from = budget->has ? budget : effort->has ? effort : &c->req->param[AIGW_P_REASONING_MODE];
    int64_t b = budget->micro / 1000000;
    int step = aigwi_anthropic_effort(effort->raw);
    if (aigwi_anthropic_forced(c->req) && c->req->tools) {
        aigwi_anthropic_drop_thinking(c, "a forced tool call and a thinking budget exclude each other");
        return;
    }
    if (budget->has && effort->has) {                                /* both can be said at once */
        if (c->native || (c->to->can & AIGW_CAN(ADAPTIVE_THINKING))) aigwi_anthropic_set_effort(c, effort->raw, effort->at);
        else aigwi_anthropic_drop(c, AIGW_P_EFFORT, "the budget says it");
    }
    if (!budget->has || b < 0) b = step < AIGWI_ANTHROPIC_EFFORTS ? aigwi_anthropic_efforts[step].budget : 8192;
    if (b < 1024) b = 1024;
    if (!max->has && b >= c->max_tokens) {
        c->max_tokens += b;
        if (c->to->max_output && c->max_tokens > c->to->max_output) c->max_tokens = c->to->max_output;
    }
    if (b >= c->max_tokens) b = c->max_tokens - 1;
    if (b < 1024) {
        aigwi_anthropic_drop_thinking(c, "max_tokens leaves no room for thinking, which takes 1,024 tokens or more");
        return;
    }
    c->thinking = "enabled";
    c->budget = b;
    if (!budget->has || b != budget->micro / 1000000) aigwi_anthropic_lose(c, from->at, "", AIGW_LOSS_APPROXIMATED, "sent as a thinking budget of this model's size");
}

static void aigwi_anthropic_plan_adaptive(aigwi_anthropic_up *c) {
    const aigw_param *effort = &c->req->param[AIGW_P_EFFORT], *budget = &c->req->param[AIGW_P_REASONING_BUDGET];
    int64_t b = budget->micro / 1000000;
    int i = 1;
    if (!c->native || c->req->param[AIGW_P_REASONING_MODE].has) c->thinking = "adaptive";
    if (effort->has) {
        aigwi_anthropic_set_effort(c, effort->raw, effort->at);
        aigwi_anthropic_drop(c, AIGW_P_REASONING_BUDGET, "the effort says it");
    } else if (budget->has && b > 0) {
        while (i < AIGWI_ANTHROPIC_EFFORTS - 1 && b >= aigwi_anthropic_efforts[i].below) i++;
        aigwi_anthropic_set_effort(c, aigwi_anthropic_efforts[i].word, budget->at);
        aigwi_anthropic_lose(c, budget->at, "", AIGW_LOSS_APPROXIMATED, "this model takes an effort, not a budget: the nearest");
    }
}

/* Decide what is said of thinking, and the output limit, which a budget may raise. */
static void aigwi_anthropic_plan(aigwi_anthropic_up *c) {
    const aigw_param *effort = &c->req->param[AIGW_P_EFFORT], *mode = &c->req->param[AIGW_P_REASONING_MODE], *budget = &c->req->param[AIGW_P_REASONING_BUDGET];
    const aigw_param *max = &c->req->param[AIGW_P_MAX_OUTPUT], *show = &c->req->param[AIGW_P_REASONING_SHOW];
    uint32_t can = c->to->can, no = c->to->no;
    int none = effort->has && aigwi_anthropic_is(effort->raw, "none"), disabled = mode->has && aigwi_anthropic_is(mode->raw, "disabled");
    int off = none || disabled || (budget->has && !budget->micro);
    c->done |= 1u << AIGW_P_EFFORT | 1u << AIGW_P_REASONING_MODE | 1u << AIGW_P_REASONING_BUDGET;
    c->max_tokens = max->has ? max->micro / 1000000 : c->to->max_output > 0 ? c->to->max_output : 4096;
    if (!effort->has && !mode->has && !budget->has) {
        /* who asks to see thoughts, and nothing else of them, asks a model that thinks by itself (Gemini) */
        if (show->has && show->micro && !(no & AIGW_CAN(REASONING)) && !(no & AIGW_CAN(ADAPTIVE_THINKING)) &&
            ((can & AIGW_CAN(ADAPTIVE_THINKING)) || !(can & AIGW_CAN(BUDGET_THINKING)))) c->thinking = "adaptive";
        return;
    }
    if (off) {
        if (no & AIGW_CAN(REASONING)) return;                        /* it does not think anyway */
        if (no & AIGW_CAN(THINKING_OFF)) {
            aigwi_anthropic_drop_thinking(c, "this model always thinks");
            return;
        }
        c->thinking = "disabled";
        if (effort->has && !none) aigwi_anthropic_set_effort(c, effort->raw, effort->at);
        return;
    }
    if (no & AIGW_CAN(REASONING)) aigwi_anthropic_drop_thinking(c, "this model does not reason");
    else if (mode->has && aigwi_anthropic_is(mode->raw, "between_tools")) {
        c->thinking = "between_tools";
        if (effort->has) aigwi_anthropic_set_effort(c, effort->raw, effort->at);
        aigwi_anthropic_drop(c, AIGW_P_REASONING_BUDGET, "thinking between tools has no budget");
    } else if ((no & AIGW_CAN(ADAPTIVE_THINKING)) || ((can & AIGW_CAN(BUDGET_THINKING)) && !(can & AIGW_CAN(ADAPTIVE_THINKING))) ||
               (budget->has && budget->micro > 0 && !(no & AIGW_CAN(BUDGET_THINKING)) &&
                ((can & AIGW_CAN(BUDGET_THINKING)) || !(can & AIGW_CAN(ADAPTIVE_THINKING))))) aigwi_anthropic_plan_budget(c);
    else aigwi_anthropic_plan_adaptive(c);
}

static void aigwi_anthropic_put_thinking(aigwi_anthropic_up *c) {
    const aigw_param *show = &c->req->param[AIGW_P_REASONING_SHOW];
    int on = c->thinking && (aigwi_anthropic_is(aigw_base_str(c->thinking), "adaptive") || c->budget);
    c->done |= 1u << AIGW_P_REASONING_SHOW;
    if (!on) aigwi_anthropic_drop(c, AIGW_P_REASONING_SHOW, "there is no thinking to be shown");
    if (!c->thinking) return;
    aigw_json_key(c->out, "thinking");
    aigwi_anthropic_open(c, c->thinking);
    if (c->budget) {
        aigw_json_key(c->out, "budget_tokens");
        aigw_json_put_int(c->out, c->budget);
    }
    if (on && show->has) {
        aigw_json_key(c->out, "display");
        aigw_json_put_str(c->out, aigw_base_str(show->micro ? "summarized" : "omitted"));
    }
    aigw_json_close(c->out, '}');
}

/* Effort and output format. Free JSON is a schema that any object fits. */
static void aigwi_anthropic_put_output(aigwi_anthropic_up *c) {
    static const aigw_str any = AIGW_STR("{\"type\":\"object\"}");
    const aigw_format *f = &c->req->format;
    if (f->kind == AIGW_FORMAT_SCHEMA && (c->to->no & AIGW_CAN(JSON_SCHEMA)))
        aigwi_anthropic_lose(c, f->at, "", AIGW_LOSS_REFUSED, "this model cannot be bound to a schema");
    if (f->kind == AIGW_FORMAT_JSON && (c->to->no & AIGW_CAN(JSON_SCHEMA)))
        aigwi_anthropic_lose(c, f->at, "", AIGW_LOSS_REFUSED, "this model cannot be bound to JSON");
    if (f->kind && f->name.n) aigwi_anthropic_lose(c, f->name_at, "", AIGW_LOSS_DROPPED, "a schema has no name here");
    if (f->kind && f->description.n) aigwi_anthropic_lose(c, f->description_at, "", AIGW_LOSS_DROPPED, "a schema has no description here");
    if (f->kind && f->strict >= 0 && f->strict_at != AIGW_NOWHERE) aigwi_anthropic_lose(c, f->strict_at, "", AIGW_LOSS_DROPPED, "a schema is always binding here");
    if (!c->effort.n && !f->kind) return;
    aigw_json_key(c->out, "output_config");
    aigw_json_open(c->out, '{');
    if (c->effort.n) {
        aigw_json_key(c->out, "effort");
        aigw_json_put_str(c->out, c->effort);
    }
    if (f->kind) {
        aigw_json_key(c->out, "format");
        aigwi_anthropic_open(c, "json_schema");
        aigw_json_key(c->out, "schema");
        if (f->kind == AIGW_FORMAT_SCHEMA && f->schema.n) aigwi_dialect_put_schema(c->out, f->schema, f->openapi);
        else aigw_json_put_raw(c->out, any);
        aigw_json_close(c->out, '}');
    }
    aigw_json_close(c->out, '}');
}

/* ---- the rest of a request */

static const aigwi_dialect_row aigwi_anthropic_sampling[] = {       /* wire-formats 26.5 */
    { AIGW_P_TEMPERATURE, AIGWI_CLAMP, "temperature", 0, 1000000, "the temperature is 0 to 1 here: the nearest" },
    { AIGW_P_TOP_P,       AIGWI_CLAMP, "top_p",       0, 1000000, "top_p is 0 to 1: the nearest" },
    { AIGW_P_TOP_K,       AIGWI_CLAMP, "top_k",       0, INT64_C(2147483647000000), "top_k is not negative" }
};
enum { AIGWI_ANTHROPIC_SAMPLING = 3 };

/* Sampling parameters exist in API version 2023-06-01 only, and together with thinking not at all: that version is
   chosen when one must be kept. */
/* The clouds have their own names for the versions, in the same order: number of one, 2: not known; and its name. */
static int aigwi_anthropic_version_at(const aigw_target *to, aigw_str v) {
    int i = to->family && to->family->versions.n ? aigwi_family_index(to->family->versions, v) : -1;
    return i >= 0 ? i : aigwi_anthropic_word(v, aigwi_anthropic_versions, 2);
}
static aigw_str aigwi_anthropic_version_name(const aigw_target *to, int i, aigw_str own) {
    if (i > 1) return own;
    return to->family && to->family->versions.n ? aigwi_family_item(to->family->versions, (size_t)i) : aigwi_anthropic_versions[i];
}
static int aigwi_anthropic_says(const aigw_target *to, int op, const char *path) {
    aigw_str arg;
    return op == AIGW_OP_CHAT && aigwi_family_rule(to->family, aigw_base_str(path), '~', &arg);
}

static void aigwi_anthropic_choose_version(aigwi_anthropic_up *c) {
    int i, any = 0, kept, thinks = c->thinking && !aigwi_anthropic_is(aigw_base_str(c->thinking), "disabled");
    for (i = 0; i < AIGWI_ANTHROPIC_SAMPLING; i++) any |= c->req->param[aigwi_anthropic_sampling[i].id].has;
    any = any && c->req->op == AIGW_OP_CHAT && !thinks && !(c->to->no & AIGW_CAN(SAMPLING));
    c->version = c->to->version.n ? aigwi_anthropic_version_at(c->to, c->to->version) : any;
    kept = any && c->version < 2 && aigwi_anthropic_takes[c->version & 1].sampling;
    for (i = 0; i < AIGWI_ANTHROPIC_SAMPLING && !kept; i++) {
        c->done |= 1u << aigwi_anthropic_sampling[i].id;
        aigwi_anthropic_drop(c, aigwi_anthropic_sampling[i].id, c->req->op != AIGW_OP_CHAT ? "nothing is sampled when tokens are counted" :
            thinks ? "sampling parameters and thinking exclude each other" : "this model or API version takes no sampling parameters");
    }
}

static void aigwi_anthropic_put_limit(aigwi_anthropic_up *c) {
    const aigw_param *max = &c->req->param[AIGW_P_MAX_OUTPUT];
    c->done |= 1u << AIGW_P_MAX_OUTPUT;
    if (max->has && c->to->max_output > 0 && c->max_tokens > c->to->max_output) {
        c->max_tokens = c->to->max_output;
        aigwi_anthropic_lose(c, max->at, "", AIGW_LOSS_APPROXIMATED, "more than this model can write: its maximum");
    }
    if (!max->has) aigwi_anthropic_lose(c, AIGW_NOWHERE, "max_tokens", AIGW_LOSS_SYNTHESIZED, "an output limit is required");
    aigw_json_key(c->out, "max_tokens");
    aigw_json_put_int(c->out, c->max_tokens);
}

static void aigwi_anthropic_put_stops(aigwi_anthropic_up *c) {
    const aigw_item *i;
    if (!c->req->stop) return;
    if (c->req->op != AIGW_OP_CHAT) {
        aigwi_anthropic_lose(c, c->req->stop_at, "", AIGW_LOSS_DROPPED, "nothing is written when tokens are counted");
        return;
    }
    aigw_json_key(c->out, "stop_sequences");
    aigw_json_open(c->out, '[');
    for (i = c->req->stop; i; i = i->next) {
        if (i->text.n) aigw_json_put_text(c->out, i->text);
        else aigwi_anthropic_lose(c, i->at, "", AIGW_LOSS_DROPPED, "an empty stop sequence");
    }
    aigw_json_close(c->out, ']');
}

/* The end user: a hashed id rather than a plain one, and nothing longer than the provider takes. */
static void aigwi_anthropic_put_user_id(aigwi_anthropic_up *c) {
    int id = c->req->param[AIGW_P_SAFETY_ID].has ? AIGW_P_SAFETY_ID : AIGW_P_USER;
    const aigw_param *p = &c->req->param[id];
    if (c->req->metadata.n) aigwi_anthropic_lose(c, c->req->metadata_at, "", AIGW_LOSS_DROPPED, "metadata holds a user id and nothing else");
    if (!p->has || c->req->op != AIGW_OP_CHAT) return;
    c->done |= 1u << id;
    if (p->raw.n > 256) {
        aigwi_anthropic_drop(c, id, "a user id is no longer than 256 bytes");
        return;
    }
    aigw_json_key(c->out, "metadata");
    aigw_json_open(c->out, '{');
    aigw_json_key(c->out, "user_id");
    aigw_json_put_str(c->out, p->raw);
    aigw_json_close(c->out, '}');
}

/* Numbers of answers and probabilities: what asks for no more than the default is met, more than one answer cannot
   be. */
static void aigwi_anthropic_plan_rest(aigwi_anthropic_up *c) {
    const aigw_param *n = &c->req->param[AIGW_P_N], *logprobs = &c->req->param[AIGW_P_LOGPROBS];
    if (n->has && c->req->op == AIGW_OP_CHAT) {
        c->done |= 1u << AIGW_P_N;
        if (n->micro > 1000000) aigwi_anthropic_lose(c, n->at, "", AIGW_LOSS_REFUSED, "one answer can be had, not several");
    }
    if (logprobs->has && !logprobs->micro) c->done |= 1u << AIGW_P_LOGPROBS;
}

static void aigwi_anthropic_put_body(aigwi_anthropic_up *c) {
    const aigw_param *stream = &c->req->param[AIGW_P_STREAM];
    int chat = c->req->op == AIGW_OP_CHAT, i, r;
    aigw_json_open(c->out, '{');
    if (c->to->family && c->to->family->version_in.n)
        aigwi_dialect_member_str(c->out, c->to->family->version_in.p, aigwi_anthropic_version_name(c->to, c->version, c->to->version));
    if (!aigwi_anthropic_says(c->to, c->req->op, "model")) aigwi_dialect_member_str(c->out, "model", c->to->id);
    if (chat) aigwi_anthropic_put_limit(c);
    aigwi_anthropic_put_system(c);
    aigwi_anthropic_put_messages(c);
    aigwi_anthropic_put_tools(c);
    aigwi_anthropic_put_choice(c);
    aigwi_anthropic_put_thinking(c);
    aigwi_anthropic_put_output(c);
    aigwi_anthropic_put_stops(c);
    aigwi_anthropic_put_user_id(c);
    aigwi_anthropic_put_cache(c, c->req->cache_ttl_s, c->req->cache_at);
    for (i = 0; i < AIGWI_ANTHROPIC_SAMPLING; i++) {
        if (c->done >> aigwi_anthropic_sampling[i].id & 1) continue;
        r = aigwi_dialect_put_row(c->out, c->req, &aigwi_anthropic_sampling[i], c->loss, &c->done);
        if (r) c->err = r;
    }
    if (chat && stream->has && !aigwi_anthropic_says(c->to, c->req->op, "stream")) {
        aigw_json_key(c->out, "stream");
        aigw_json_put_bool(c->out, stream->micro != 0);
    }
    aigw_json_close(c->out, '}');
}

/* Method, target and headers. A base URL may end with /v1, as other providers' do. */
static int aigwi_anthropic_put_head(const aigw_req *req, const aigw_target *to, aigw_str query, aigw_str version, aigw_arena *mem, aigw_head *head) {
    static const aigw_str post = AIGW_STR("POST"), type = AIGW_STR("content-type"), json = AIGW_STR("application/json"), name = AIGW_STR("anthropic-version");
    const aigw_param *stream = &req->param[AIGW_P_STREAM];
    aigw_str base = to->base, path = aigw_base_str(req->op == AIGW_OP_CHAT ? "/v1/messages" : "/v1/messages/count_tokens");
    aigw_out out;
    char *p;
    int r = aigwi_family_path(to, req->op, stream->has && stream->micro, version, mem, &head->target);
    head->method = post;
    if (r) {
        if (r > 0) r = aigw_base_header_put(head, type, json);
        return r || to->family->version_in.n ? r : aigw_base_header_put(head, name, version);
    }
    if (base.n >= 3 && !memcmp(base.p + base.n - 3, "/v1", 3)) base.n -= 3;
    p = (char *)aigw_base_take(mem, base.n + path.n + query.n, 1, 1);
    if (!p) return AIGW_E_NOMEM;
    aigw_base_out_init(&out, p, base.n + path.n + query.n, NULL, 0);
    aigw_base_put(&out, base);
    aigw_base_put(&out, path);
    aigw_base_put(&out, query);
    head->target = aigwi_dialect_slice(p, out.buf.n);
    r = aigw_base_header_put(head, type, json);
    return r ? r : aigw_base_header_put(head, name, version);
}

static int aigwi_anthropic_req_encode(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss) {
    static const aigw_str no_query = { "", 0 };
    aigwi_anthropic_up c;
    int r;
    if (req->op != AIGW_OP_CHAT && req->op != AIGW_OP_COUNT_TOKENS) return AIGW_E_UNSUPPORTED;
    memset(&c, 0, sizeof c);
    c.req = req;
    c.to = to;
    c.mem = mem;
    c.out = out;
    c.loss = loss;
    c.native = aigw_base_eq(req->dialect, aigwi_anthropic_name);
    aigwi_anthropic_plan(&c);
    aigwi_anthropic_choose_version(&c);
    aigwi_anthropic_plan_rest(&c);
    r = aigwi_anthropic_put_head(req, to, no_query, aigwi_anthropic_version_name(to, c.version, to->version), mem, head);
    if (r) return r;
    aigwi_anthropic_put_body(&c);
    r = aigwi_dialect_drop_params(req, req->op == AIGW_OP_CHAT ? c.done : c.done & ~(1u << AIGW_P_MAX_OUTPUT), loss);
    if (r && c.err != AIGW_E_NOMEM) c.err = r;
    r = aigwi_dialect_drop_raw(req, loss);
    if (r && c.err != AIGW_E_NOMEM) c.err = r;
    r = aigw_base_out_end(out);
    return r ? r : c.err;
}

/* ---- editing a request in place */

typedef struct { const aigw_req *req; aigw_out *out; aigw_loss *loss; aigw_str model; size_t pos; int err; } aigwi_anthropic_cut;

/* The length of the value at `at` of the body, which was read before. */
static size_t aigwi_anthropic_value_n(aigw_str body, size_t at) {
    aigw_json j;
    aigw_str raw = { NULL, 0 };
    aigw_json_init(&j, aigwi_dialect_slice(body.p + at, body.n - at));
    return aigw_json_raw(&j, &raw) ? raw.n : 0;
}

static int aigwi_anthropic_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Copy the body up to `at`; the model's name on the way there is replaced. */
static void aigwi_anthropic_copy(aigwi_anthropic_cut *e, size_t at) {
    size_t m = e->req->model_at;
    if (e->model.n && m >= e->pos && m < at) {
        aigw_base_ref(e->out, aigwi_dialect_slice(e->req->body.p + e->pos, m - e->pos));
        aigw_base_put(e->out, e->model);
        e->pos = m + aigwi_anthropic_value_n(e->req->body, m);
    }
    if (at > e->pos) aigw_base_ref(e->out, aigwi_dialect_slice(e->req->body.p + e->pos, at - e->pos));
    e->pos = at;
}

/* Leave out the list item at `at`, with the comma behind it, or before it where it is the last. */
static void aigwi_anthropic_cut_item(aigwi_anthropic_cut *e, size_t at) {
    aigw_str b = e->req->body;
    size_t from = at, to = at + aigwi_anthropic_value_n(b, at);
    int r = aigw_model_loss_at(e->loss, at, "", AIGW_LOSS_DROPPED, "reasoning goes back to the provider that signed it only");
    if (r) e->err = r;
    while (to < b.n && aigwi_anthropic_space(b.p[to])) to++;
    if (to < b.n && b.p[to] == ',') to++;
    else {
        while (from > e->pos && aigwi_anthropic_space(b.p[from - 1])) from--;
        if (from > e->pos && b.p[from - 1] == ',') from--;
    }
    aigwi_anthropic_copy(e, from);
    e->pos = to;
}

static int aigwi_anthropic_foreign(const aigw_part *p) { return p->state && !aigw_base_eq(p->state->owner, aigwi_anthropic_name); }

/* Blocks with the state of another provider, which this gateway gave the client to carry, are left out: this provider
   would refuse them. */
static void aigwi_anthropic_cut_foreign(aigwi_anthropic_cut *e) {
    const aigw_message *m;
    const aigw_part *p;
    for (m = e->req->messages; m; m = m->next) {
        if (m->role != AIGW_ROLE_ASSISTANT) continue;
        for (p = m->parts; p && p->kind == AIGW_PART_REASONING && aigwi_anthropic_foreign(p); p = p->next) {}
        if (!p && m->parts) aigwi_anthropic_cut_item(e, m->at);              /* nothing else is in it: an empty message would be refused too */
        for (p = p ? m->parts : NULL; p; p = p->next)
            if (aigwi_anthropic_foreign(p)) aigwi_anthropic_cut_item(e, p->kind == AIGW_PART_REASONING ? p->at : p->state->at);
    }
}

/* For a cloud: the same, then the version as a member, and what its rules say. */
static int aigwi_anthropic_edit_more(aigwi_anthropic_cut *e, const aigw_target *to, aigw_str version, aigw_arena *mem) {
    const size_t room = e->req->body.n + e->model.n + 16;
    aigw_out *out = e->out, text, quoted;
    aigwi_dialect_edit edit;
    char *p = (char *)aigw_base_take(mem, room, 1, 1), *q = (char *)aigw_base_take(mem, version.n * 6 + 2, 1, 1);
    const int count = e->req->op == AIGW_OP_COUNT_TOKENS;
    int r;
    if (!p || !q) return AIGW_E_NOMEM;
    aigw_base_out_init(&text, p, room, NULL, 0);
    e->out = &text;
    aigwi_anthropic_cut_foreign(e);
    aigwi_anthropic_copy(e, e->req->body.n);
    r = aigw_base_out_end(&text);
    if (r) return r;
    aigw_base_out_init(&quoted, q, version.n * 6 + 2, NULL, 0);
    aigw_json_put_str(&quoted, version);
    edit.member = to->family->version_in.p;
    edit.json = aigwi_dialect_slice(q, quoted.buf.n);
    r = (count ? aigwi_dialect_splice(aigwi_dialect_slice(p, text.buf.n), &edit, to->family->version_in.n != 0, out)
               : aigwi_family_splice(e->req, to, aigwi_dialect_slice(p, text.buf.n), &edit, to->family->version_in.n != 0, out, e->loss));
    if (r && r != AIGW_E_REFUSED) return r;
    if (r) e->err = r;
    r = aigw_base_out_end(out);
    return r ? r : e->err;
}

/* The client's own bytes, but for the model's name and what must not reach this provider. Its API version and its
   betas are the client's business, and are passed on. */
static int aigwi_anthropic_req_edit(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss) {
    static const aigw_str version = AIGW_STR("anthropic-version"), beta = AIGW_STR("anthropic-beta"), query = AIGW_STR("?beta=true"), asked = AIGW_STR("beta=true"),
                          none = { "", 0 };
    aigw_str v = none, q = none;
    aigwi_anthropic_cut e;
    aigw_out name;
    size_t room = to->id.n * 6 + 2, i;
    char *p;
    int r;
    if (req->op != AIGW_OP_CHAT && req->op != AIGW_OP_COUNT_TOKENS) return AIGW_E_UNSUPPORTED;
    if (req->head) {
        v = aigw_base_header(req->head, version);
        i = aigwi_anthropic_path(req->head).n;
        if (aigw_base_find(req->head->target, asked, i) < req->head->target.n) q = query;
    }
    v = v.n ? aigwi_anthropic_version_name(to, aigwi_anthropic_word(v, aigwi_anthropic_versions, 2), v) :
        to->version.n ? to->version : aigwi_anthropic_version_name(to, 0, v);
    r = aigwi_anthropic_put_head(req, to, q, v, mem, head);
    for (i = 0; !r && req->head && i < req->head->n; i++)
        if (aigw_base_eq_nocase(req->head->headers[i].name, beta)) r = aigw_base_header_put(head, beta, req->head->headers[i].value);
    if (r) return r;
    memset(&e, 0, sizeof e);
    e.req = req;
    e.out = out;
    e.loss = loss;
    if (!aigw_base_eq(req->model, to->id)) {
        p = (char *)aigw_base_take(mem, room, 1, 1);
        if (!p) return AIGW_E_NOMEM;
        aigw_base_out_init(&name, p, room, NULL, 0);
        aigw_json_put_str(&name, to->id);
        e.model = aigwi_dialect_slice(p, name.buf.n);
        e.err = aigw_model_loss_at(loss, AIGW_NOWHERE, "model", AIGW_LOSS_SYNTHESIZED, "the provider's own name of the model");
    }
    if (to->family && (to->family->rules.n || to->family->more.n || to->family->version_in.n)) return aigwi_anthropic_edit_more(&e, to, v, mem);
    aigwi_anthropic_cut_foreign(&e);
    aigwi_anthropic_copy(&e, req->body.n);
    r = aigw_base_out_end(out);
    return r ? r : e.err;
}

/* ---- provider side: reading answers */

static const struct { aigw_str word; uint8_t finish; } aigwi_anthropic_stop_reasons[] = {   /* wire-formats 6.6, 26.9 */
    { AIGW_STR("end_turn"), AIGW_FINISH_STOP }, { AIGW_STR("max_tokens"), AIGW_FINISH_LENGTH }, { AIGW_STR("stop_sequence"), AIGW_FINISH_STOP_SEQUENCE },
    { AIGW_STR("tool_use"), AIGW_FINISH_TOOL_CALLS }, { AIGW_STR("pause_turn"), AIGW_FINISH_PAUSE }, { AIGW_STR("refusal"), AIGW_FINISH_REFUSAL },
    { AIGW_STR("model_context_window_exceeded"), AIGW_FINISH_CONTEXT }
};
enum { AIGWI_ANTHROPIC_STOP_REASONS = 7 };

static int aigwi_anthropic_finish(aigw_str word) {
    int i;
    for (i = 0; i < AIGWI_ANTHROPIC_STOP_REASONS; i++)
        if (aigw_base_eq(word, aigwi_anthropic_stop_reasons[i].word)) return aigwi_anthropic_stop_reasons[i].finish;
    return word.n ? AIGW_FINISH_OTHER : AIGW_FINISH_NONE;
}

/* What of an answer is not said once: read by the same code from whole answers and from frames. */
typedef struct {
    aigw_str   id, model, stop_reason, stop_sequence, stop_details;
    aigw_usage usage;
    aigw_json  content;          /* standing at the array; p NULL: none */
    int        failed;           /* it is an error object */
} aigwi_anthropic_answer;

/* A count of tokens. The counts are cumulative: a zero does not take back what was said before (gateways restate
   zeros). */
static void aigwi_anthropic_count(aigw_json *j, uint32_t bit, uint32_t *has, int64_t *to) {
    int64_t v = 0;
    if (aigw_json_kind(j) != AIGW_JSON_NUMBER) aigw_json_skip(j);
    else if (aigw_json_int(j, &v) && v >= 0 && (v || !(*has & bit))) {
        *has |= bit;
        *to = v;
    }
}

/* usage: its input leaves the cached tokens out, the model's includes them. *u holds what was known before. */
static void aigwi_anthropic_get_usage(aigw_json *j, aigw_usage *u) {
    static const aigw_str names[] = { AIGW_STR("input_tokens"), AIGW_STR("cache_creation_input_tokens"), AIGW_STR("cache_read_input_tokens"),
        AIGW_STR("output_tokens"), AIGW_STR("output_tokens_details") };
    static const aigw_str details[] = { AIGW_STR("thinking_tokens") };
    int f;
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) {
        aigw_json_skip(j);
        return;
    }
    u->input -= u->cached + u->cache_write;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 5, NULL)) >= 0; ) switch (f) {
    case 0: aigwi_anthropic_count(j, AIGW_USAGE_INPUT, &u->has, &u->input); break;
    case 1: aigwi_anthropic_count(j, AIGW_USAGE_CACHE_WRITE, &u->has, &u->cache_write); break;
    case 2: aigwi_anthropic_count(j, AIGW_USAGE_CACHED, &u->has, &u->cached); break;
    case 3: aigwi_anthropic_count(j, AIGW_USAGE_OUTPUT, &u->has, &u->output); break;
    case 4:
        if (aigw_json_kind(j) != AIGW_JSON_OBJECT) aigw_json_skip(j);
        else for (aigw_json_object(j); (f = aigw_json_field(j, details, 1, NULL)) >= 0; ) {
            if (f == 0) aigwi_anthropic_count(j, AIGW_USAGE_REASONING, &u->has, &u->reasoning);
            else aigw_json_skip(j);
        }
        break;
    default: aigw_json_skip(j);         /* structural: the parts of the above, server tool counts, tier, place */
    }
    if (u->input > INT64_MAX / 4 || u->cached > INT64_MAX / 4 || u->cache_write > INT64_MAX / 4) u->input = u->cached = u->cache_write = 0;
    u->input += u->cached + u->cache_write;
}

static void aigwi_anthropic_string(aigw_json *j, aigw_arena *mem, aigw_str *to) {
    if (aigw_json_kind(j) == AIGW_JSON_STRING) aigw_json_str(j, mem, to);
    else aigw_json_skip(j);
}

/* A message object, or the delta of one (which has no content): the members that matter. */
static void aigwi_anthropic_get_answer(aigw_json *j, aigw_arena *mem, aigwi_anthropic_answer *a) {
    static const aigw_str names[] = { AIGW_STR("id"), AIGW_STR("model"), AIGW_STR("content"), AIGW_STR("stop_reason"), AIGW_STR("stop_sequence"),
        AIGW_STR("stop_details"), AIGW_STR("usage"), AIGW_STR("error"), AIGW_STR("input_tokens") };
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 9, NULL)) >= 0; ) switch (f) {
    case 0: aigwi_anthropic_string(j, mem, &a->id); break;
    case 1: aigwi_anthropic_string(j, mem, &a->model); break;
    case 2:
        a->content = *j;
        if (aigw_json_kind(j) != AIGW_JSON_ARRAY) a->content.p = NULL;
        aigw_json_skip(j);
        break;
    case 3: aigwi_anthropic_string(j, mem, &a->stop_reason); break;
    case 4: aigwi_anthropic_string(j, mem, &a->stop_sequence); break;
    case 5:
        if (aigw_json_kind(j) == AIGW_JSON_OBJECT) aigw_json_raw(j, &a->stop_details);
        else aigw_json_skip(j);
        break;
    case 6: aigwi_anthropic_get_usage(j, &a->usage); break;
    case 7: a->failed = aigw_json_kind(j) != AIGW_JSON_NULL; aigw_json_skip(j); break;
    case 8: aigwi_anthropic_count(j, AIGW_USAGE_INPUT, &a->usage.has, &a->usage.input); break;      /* the answer of count_tokens */
    default: aigw_json_skip(j);         /* structural: type, role, container, diagnostics, context_management */
    }
}

/* A block of an answer. */
typedef struct {
    int       kind;
    aigw_text text, signature;     /* text or thinking; signature or data */
    aigw_str  id, name, input, raw;
    aigw_json citations;           /* p NULL: none */
} aigwi_anthropic_block_in;

static void aigwi_anthropic_text_of(aigw_json *j, aigw_text *to) {
    if (aigw_json_kind(j) == AIGW_JSON_STRING) aigw_json_text(j, to);
    else aigw_json_skip(j);
}

static void aigwi_anthropic_read_block(aigw_json *j, aigw_arena *mem, aigwi_anthropic_block_in *b) {
    const unsigned answers = 1u << AIGWI_ANTHROPIC_TEXT | 1u << AIGWI_ANTHROPIC_CALL | 1u << AIGWI_ANTHROPIC_THINKING | 1u << AIGWI_ANTHROPIC_REDACTED;
    int f;
    memset(b, 0, sizeof *b);
    b->kind = aigwi_anthropic_kind(j, answers);
    if (b->kind == AIGWI_ANTHROPIC_OTHER) {
        aigw_json_raw(j, &b->raw);
        return;
    }
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_anthropic_fields, AIGWI_ANTHROPIC_FIELDS, NULL)) >= 0; ) switch (f) {
    case AIGWI_ANTHROPIC_F_TEXT: case AIGWI_ANTHROPIC_F_THINKING: aigwi_anthropic_text_of(j, &b->text); break;
    case AIGWI_ANTHROPIC_F_SIGNATURE: case AIGWI_ANTHROPIC_F_DATA: aigwi_anthropic_text_of(j, &b->signature); break;
    case AIGWI_ANTHROPIC_F_ID: aigwi_anthropic_string(j, mem, &b->id); break;
    case AIGWI_ANTHROPIC_F_NAME: aigwi_anthropic_string(j, mem, &b->name); break;
    case AIGWI_ANTHROPIC_F_INPUT: aigw_json_raw(j, &b->input); break;
    case AIGWI_ANTHROPIC_F_CITATIONS:
        b->citations = *j;
        if (aigw_json_kind(j) != AIGW_JSON_ARRAY) b->citations.p = NULL;
        aigw_json_skip(j);
        break;
    default: aigw_json_skip(j);         /* structural: type, caller */
    }
}

/* An empty object says no more than no object: the arguments may still come as deltas. */
static int aigwi_anthropic_empty(aigw_str raw) {
    size_t i;
    for (i = 1; i + 1 < raw.n && (raw.p[i] == ' ' || raw.p[i] == '\n' || raw.p[i] == '\r' || raw.p[i] == '\t'); i++) {}
    return !raw.n || raw.p[0] != '{' || raw.p[i] == '}';
}

/* Open a block and tell what it begins with, which is all of it in a whole answer. `whole`: the reader is over the
   text that events refer to. */
static int aigwi_anthropic_begin(aigw_dec *st, const aigw_sink *out, const aigwi_anthropic_block_in *in, uint32_t index, size_t at, struct aigw_block **b) {
    aigw_json notes = in->citations;
    aigw_str raw, name = in->kind == AIGWI_ANTHROPIC_OTHER ? aigwi_anthropic_name : in->name;
    aigw_text text = in->text;
    int r = aigwi_dialect_open(st, out, 0, aigwi_anthropic_kinds[in->kind], index, in->id, name, 0, at, b);
    if (r < 0 || !*b) return r;
    if (in->kind == AIGWI_ANTHROPIC_OTHER) text = aigwi_dialect_text(in->raw, AIGW_TEXT_JSON);
    if (in->kind == AIGWI_ANTHROPIC_CALL && !aigwi_anthropic_empty(in->input)) text = aigwi_dialect_text(in->input, AIGW_TEXT_JSON);
    r = aigwi_dialect_delta(st, out, *b, text, at);
    if (r >= 0 && in->signature.n)
        r = aigwi_dialect_signature(st, out, *b, in->kind == AIGWI_ANTHROPIC_REDACTED ? AIGW_OPAQUE_REDACTED : AIGW_OPAQUE_SIGNATURE, in->signature, at);
    if (r < 0 || !notes.p) return r;
    for (aigw_json_array(&notes); r >= 0 && aigw_json_item(&notes); ) {
        at = aigw_json_at(&notes);
        if (aigw_json_raw(&notes, &raw)) r = aigwi_dialect_note(st, out, AIGW_NOTE_CITATION, 0, *b, raw, at);
    }
    return r;
}

/* The one that has this index, of whatever kind. */
static struct aigw_block *aigwi_anthropic_find(aigw_dec *st, uint32_t index) {
    struct aigw_block *b;
    for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
        if (b->used && b->key == index) return b;
    return NULL;
}

/* ---- errors */

static const aigwi_dialect_err_row aigwi_anthropic_errors[] = {     /* platform.claude.com "Errors", read 2026-11-21; wire-formats 6.9 */
    { 0, AIGW_STR("enforced_spend_limit_reached"), AIGW_KIND_QUOTA },
    { 0, AIGW_STR("contract_spend_limit_reached"), AIGW_KIND_QUOTA },
    { 0, AIGW_STR("organization_on_hold"),  AIGW_KIND_PERMISSION },
    { 0, AIGW_STR("ramp_limit_exceeded"),   AIGW_KIND_RATE_LIMIT },
    { 0, AIGW_STR("context_length_exceeded"), AIGW_KIND_CONTEXT_LENGTH },   /* the words that our own errors carry in their place */
    { 0, AIGW_STR("content_filter"),        AIGW_KIND_CONTENT_FILTER },
    { 0, AIGW_STR("upstream_unreachable"),  AIGW_KIND_CONNECT },
    { 0, AIGW_STR("upstream_bad_response"), AIGW_KIND_BAD_RESPONSE },
    { 0, AIGW_STR("upstream_truncated"),    AIGW_KIND_TRUNCATED },
    { 0, AIGW_STR("request_too_large"),     AIGW_KIND_TOO_LARGE },
    { 0, AIGW_STR("authentication_error"),  AIGW_KIND_AUTH },
    { 0, AIGW_STR("billing_error"),         AIGW_KIND_QUOTA },
    { 0, AIGW_STR("permission_error"),      AIGW_KIND_PERMISSION },
    { 0, AIGW_STR("not_found_error"),       AIGW_KIND_NOT_FOUND },
    { 0, AIGW_STR("conflict_error"),        AIGW_KIND_CONFLICT },
    { 0, AIGW_STR("rate_limit_error"),      AIGW_KIND_RATE_LIMIT },
    { 0, AIGW_STR("overloaded_error"),      AIGW_KIND_OVERLOADED },
    { 0, AIGW_STR("timeout_error"),         AIGW_KIND_TIMEOUT },
    { 413, AIGW_STR("invalid_request_error"), AIGW_KIND_TOO_LARGE },
    { 0, AIGW_STR("invalid_request_error"), AIGW_KIND_INVALID_REQUEST },
    { 504, AIGW_STR("api_error"),           AIGW_KIND_TIMEOUT },
    { 529, AIGW_STR("api_error"),           AIGW_KIND_OVERLOADED },
    { 0, AIGW_STR("api_error"),             AIGW_KIND_SERVER }
};

/* Inside "error": type, message, details.error_code; and what proxies put in their places. */
static void aigwi_anthropic_get_error(aigw_json *j, aigw_arena *mem, aigw_error *err, aigw_text *message) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("message"), AIGW_STR("details"), AIGW_STR("code"), AIGW_STR("param") };
    int f;
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) {
        aigwi_anthropic_text_of(j, message);
        return;
    }
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 5, NULL)) >= 0; ) switch (f) {
    case 0: aigwi_anthropic_string(j, mem, &err->type); break;
    case 1: aigwi_anthropic_text_of(j, message); break;
    case 2: {
        aigw_json copy = *j;
        if (aigwi_anthropic_seek(&copy, "error_code")) aigwi_anthropic_string(&copy, mem, &err->code);
        aigw_json_skip(j);
        break;
    }
    case 3: aigwi_anthropic_string(j, mem, &err->code); break;
    case 4: aigwi_anthropic_string(j, mem, &err->param); break;
    default: aigw_json_skip(j);
    }
}

static void aigwi_anthropic_error_decode(aigw_now now, const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_error *err) {
    static const aigw_str names[] = { AIGW_STR("error"), AIGW_STR("message"), AIGW_STR("detail"), AIGW_STR("request_id") };
    static const aigw_str id_header = AIGW_STR("request-id");
    aigw_text message = { NULL, 0, 0 };
    aigw_json j;
    int f;
    memset(err, 0, sizeof *err);
    err->retry_after_ms = -1;
    err->status = head ? head->status : 0;
    if (head) err->request_id = aigw_base_header(head, id_header);
    aigw_json_init(&j, body);
    if (aigw_json_kind(&j) == AIGW_JSON_OBJECT)
        for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 4, NULL)) >= 0; ) switch (f) {
        case 0: aigwi_anthropic_get_error(&j, mem, err, &message); break;
        case 1: case 2: aigwi_anthropic_text_of(&j, &message); break;
        case 3: if (err->request_id.n) aigw_json_skip(&j); else aigwi_anthropic_string(&j, mem, &err->request_id); break;
        default: aigw_json_skip(&j);
        }
    err->message = aigwi_dialect_redact(message, mem);
    aigwi_dialect_classify(err, aigwi_anthropic_errors, sizeof aigwi_anthropic_errors / sizeof *aigwi_anthropic_errors);
    aigwi_dialect_hints(now, head, err);
}

static int aigwi_anthropic_fail(aigw_dec *st, aigw_str body, const aigw_sink *out) {
    aigw_error err;
    aigwi_anthropic_error_decode(st->now, NULL, body, &st->mem, &err);
    return aigwi_dialect_fail(st, out, &err);
}

/* ---- whole answers and frames */

/* Why the answer ended, and what is told of a refusal. */
static int aigwi_anthropic_ended(aigw_dec *st, const aigw_sink *out, const aigwi_anthropic_answer *a) {
    int finish = aigwi_anthropic_finish(a->stop_reason);
    aigwi_dialect_finish(st, 0, finish, a->stop_sequence);
    if (finish == AIGW_FINISH_OTHER) aigwi_dialect_lost(st, 0, AIGW_NOWHERE, AIGW_LOSS_APPROXIMATED, "the provider's stop reason is not known here");
    return a->stop_details.n ? aigwi_dialect_note(st, out, AIGW_NOTE_SAFETY, 0, NULL, a->stop_details, AIGW_NOWHERE) : AIGW_OK;
}

static int aigwi_anthropic_resp_content(aigw_dec *st, const aigw_sink *out, aigw_json *j) {
    aigwi_anthropic_block_in in;
    struct aigw_block *b;
    uint32_t index = 0;
    size_t at;
    int r = AIGW_OK;
    for (aigw_json_array(j); r >= 0 && !st->ended && aigw_json_item(j); index++) {
        at = aigw_json_at(j);
        aigwi_anthropic_read_block(j, &st->mem, &in);
        if (j->err) break;
        r = aigwi_anthropic_begin(st, out, &in, index, at, &b);
        if (r >= 0) r = aigwi_dialect_close(st, out, b);
    }
    if (r >= 0 && j->err) return j->err == AIGW_E_NOMEM ? AIGW_E_NOMEM : aigwi_dialect_bad(st, out, "the provider's answer has a block that cannot be read");
    return r;
}

static int aigwi_anthropic_resp_read(aigw_dec *st, aigw_str body, const aigw_sink *out) {
    aigwi_anthropic_answer a;
    aigw_json j;
    int r;
    memset(&a, 0, sizeof a);
    aigw_json_init(&j, body);
    aigwi_anthropic_get_answer(&j, &st->mem, &a);
    r = aigw_json_end(&j);
    if (r == AIGW_E_NOMEM) return r;
    if (a.failed) return aigwi_anthropic_fail(st, body, out);
    if (r || (st->op == AIGW_OP_COUNT_TOKENS ? !(a.usage.has & AIGW_USAGE_INPUT) : !a.content.p))
        return aigwi_dialect_bad(st, out, "the provider's answer is not a message");
    r = aigwi_dialect_start(st, out, a.id, a.model, 0, 0);
    if (r >= 0 && a.content.p) r = aigwi_anthropic_resp_content(st, out, &a.content);
    if (r >= 0) r = aigwi_anthropic_ended(st, out, &a);
    if (r >= 0) r = aigwi_dialect_usage(st, out, &a.usage);
    st->end_marker = 1;                                  /* a whole body is complete, with or without a stop reason */
    return r < 0 ? r : aigwi_dialect_end(st, 1, out);
}

static int aigwi_anthropic_resp_decode(aigw_dec *st, const aigw_head *head, aigw_str body, const aigw_sink *out) {
    aigw_arena mark = st->mem;
    int r;
    (void)head;
    st->frame = 0;
    if (st->ended) return AIGW_OK;
    r = aigwi_anthropic_resp_read(st, body, out);
    st->mem = mark;
    return r;
}

/* The members of any frame. */
typedef struct {
    int64_t   index;
    aigw_str  type;
    aigw_json message, block, usage;   /* p NULL: not there */
    aigw_text text;                    /* of a delta */
    aigw_str  citation, delta;
    int       what;                    /* which delta: index in aigwi_anthropic_deltas */
    size_t    at;                      /* of the delta's text, or of the block */
    int       failed;
    aigwi_anthropic_answer end;
} aigwi_anthropic_frame;
static const aigw_str aigwi_anthropic_deltas[] = { AIGW_STR("type"), AIGW_STR("text"), AIGW_STR("partial_json"), AIGW_STR("thinking"), AIGW_STR("signature"),
    AIGW_STR("citation"), AIGW_STR("stop_reason"), AIGW_STR("stop_sequence"), AIGW_STR("stop_details") };
enum { AIGWI_ANTHROPIC_D_TEXT = 1, AIGWI_ANTHROPIC_D_JSON, AIGWI_ANTHROPIC_D_THINKING, AIGWI_ANTHROPIC_D_SIGNATURE, AIGWI_ANTHROPIC_D_CITATION };

/* The delta of a block or of the message: which one is told by the member that is there. */
static void aigwi_anthropic_get_delta(aigw_json *j, aigw_arena *mem, aigwi_anthropic_frame *fr) {
    const char *from;
    int f;
    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) {
        aigw_json_skip(j);
        return;
    }
    fr->at = aigw_json_at(j);
    from = j->p + fr->at;
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_anthropic_deltas, 9, NULL)) >= 0; ) switch (f) {
    case AIGWI_ANTHROPIC_D_TEXT: case AIGWI_ANTHROPIC_D_JSON: case AIGWI_ANTHROPIC_D_THINKING: case AIGWI_ANTHROPIC_D_SIGNATURE:
        fr->what = f;
        fr->at = aigw_json_at(j);
        aigwi_anthropic_text_of(j, &fr->text);
        break;
    case AIGWI_ANTHROPIC_D_CITATION: fr->what = f; fr->at = aigw_json_at(j); aigw_json_raw(j, &fr->citation); break;
    case 6: aigwi_anthropic_string(j, mem, &fr->end.stop_reason); break;
    case 7: aigwi_anthropic_string(j, mem, &fr->end.stop_sequence); break;
    case 8:
        if (aigw_json_kind(j) == AIGW_JSON_OBJECT) aigw_json_raw(j, &fr->end.stop_details);
        else aigw_json_skip(j);
        break;
    default: aigw_json_skip(j);         /* structural: type, container */
    }
    fr->delta = aigwi_dialect_slice(from, (size_t)(j->at - from));
}

static void aigwi_anthropic_get_frame(aigw_json *j, aigw_arena *mem, aigwi_anthropic_frame *fr) {
    static const aigw_str names[] = { AIGW_STR("type"), AIGW_STR("index"), AIGW_STR("delta"), AIGW_STR("content_block"), AIGW_STR("message"), AIGW_STR("usage"),
        AIGW_STR("error") };
    aigw_text t = { NULL, 0, 0 };
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 7, NULL)) >= 0; ) switch (f) {
    case 0:
        aigwi_anthropic_text_of(j, &t);
        fr->type = aigwi_dialect_slice(t.p, t.n);
        break;
    case 1: aigw_json_int(j, &fr->index); break;
    case 2: aigwi_anthropic_get_delta(j, mem, fr); break;
    case 3: fr->block = *j; fr->at = aigw_json_at(j); aigw_json_skip(j); break;
    case 4: fr->message = *j; aigw_json_skip(j); break;
    case 5: fr->usage = *j; aigw_json_skip(j); break;
    case 6: fr->failed = aigw_json_kind(j) != AIGW_JSON_NULL; aigw_json_skip(j); break;
    default: aigw_json_skip(j);
    }
}

static const aigw_str aigwi_anthropic_events[] = { AIGW_STR("content_block_delta"), AIGW_STR("content_block_start"), AIGW_STR("content_block_stop"), AIGW_STR("ping"),
    AIGW_STR("message_start"), AIGW_STR("message_delta"), AIGW_STR("message_stop"), AIGW_STR("error") };
enum { AIGWI_ANTHROPIC_E_DELTA, AIGWI_ANTHROPIC_E_BLOCK, AIGWI_ANTHROPIC_E_STOP, AIGWI_ANTHROPIC_E_PING, AIGWI_ANTHROPIC_E_START, AIGWI_ANTHROPIC_E_MESSAGE,
       AIGWI_ANTHROPIC_E_END, AIGWI_ANTHROPIC_E_ERROR, AIGWI_ANTHROPIC_EVENTS };

static int aigwi_anthropic_frame_delta(aigw_dec *st, const aigwi_anthropic_frame *fr, const aigw_sink *out) {
    static const uint8_t kinds[] = { 0, AIGW_PART_TEXT, AIGW_PART_TOOL_CALL, AIGW_PART_REASONING, AIGW_PART_REASONING, AIGW_PART_TEXT };
    static const aigw_str none = { "", 0 };
    struct aigw_block *b = aigwi_anthropic_find(st, (uint32_t)fr->index);
    int r;
    st->frame |= AIGW_FRAME_CONTENT;
    if (b && b->kind == AIGW_PART_OTHER && fr->delta.n) return aigwi_dialect_note(st, out, AIGW_NOTE_OTHER, 0, b, fr->delta, fr->at);     /* input of a server's tool */
    if (!fr->what || (b && b->kind == AIGW_PART_OTHER)) {
        aigwi_dialect_lost(st, 1, fr->at, AIGW_LOSS_DROPPED, "a kind of delta that is not known here");
        return AIGW_OK;
    }
    if (!b || b->kind != kinds[fr->what]) {
        if (b || fr->what == AIGWI_ANTHROPIC_D_JSON) return aigwi_dialect_bad(st, out, "the provider sent a delta that does not fit its block");
        r = aigwi_dialect_open(st, out, 0, kinds[fr->what], (uint32_t)fr->index, none, none, 0, fr->at, &b);     /* some gateways leave the start out */
        if (r < 0 || !b) return r;
    }
    if (fr->what == AIGWI_ANTHROPIC_D_CITATION) return aigwi_dialect_note(st, out, AIGW_NOTE_CITATION, 0, b, fr->citation, fr->at);
    if (fr->what == AIGWI_ANTHROPIC_D_SIGNATURE)
        return fr->text.n ? aigwi_dialect_signature(st, out, b, AIGW_OPAQUE_SIGNATURE, fr->text, fr->at) : AIGW_OK;
    return aigwi_dialect_delta(st, out, b, fr->text, fr->at);
}

static int aigwi_anthropic_frame_block(aigw_dec *st, aigwi_anthropic_frame *fr, const aigw_sink *out) {
    aigwi_anthropic_block_in in;
    struct aigw_block *b = aigwi_anthropic_find(st, (uint32_t)fr->index);
    int r = aigwi_dialect_close(st, out, b);                  /* an index that begins anew ends what had it before */
    if (r < 0) return r;
    if (!fr->block.p || aigw_json_kind(&fr->block) != AIGW_JSON_OBJECT) return aigwi_dialect_bad(st, out, "the provider began a block without saying which");
    aigwi_anthropic_read_block(&fr->block, &st->mem, &in);
    if (fr->block.err) return fr->block.err == AIGW_E_NOMEM ? AIGW_E_NOMEM : aigwi_dialect_bad(st, out, "the provider began a block that cannot be read");
    return aigwi_anthropic_begin(st, out, &in, (uint32_t)fr->index, fr->at, &b);
}

static int aigwi_anthropic_frame_start(aigw_dec *st, aigwi_anthropic_frame *fr, const aigw_sink *out) {
    aigwi_anthropic_answer a;
    int r;
    memset(&a, 0, sizeof a);
    a.usage = st->usage;
    if (fr->message.p && aigw_json_kind(&fr->message) == AIGW_JSON_OBJECT) aigwi_anthropic_get_answer(&fr->message, &st->mem, &a);
    if (fr->message.err == AIGW_E_NOMEM) return AIGW_E_NOMEM;
    r = aigwi_dialect_start(st, out, a.id, a.model, 0, AIGW_NOWHERE);
    return r < 0 ? r : aigwi_dialect_usage(st, out, &a.usage);
}

static int aigwi_anthropic_frame_message(aigw_dec *st, aigwi_anthropic_frame *fr, const aigw_sink *out) {
    int r = aigwi_anthropic_ended(st, out, &fr->end);
    fr->end.usage = st->usage;
    if (fr->usage.p) aigwi_anthropic_get_usage(&fr->usage, &fr->end.usage);
    return r < 0 ? r : aigwi_dialect_usage(st, out, &fr->end.usage);
}

static int aigwi_anthropic_frame_read(aigw_dec *st, aigw_str name, aigw_str payload, const aigw_sink *out) {
    aigwi_anthropic_frame fr;
    aigw_json j;
    int event = aigwi_anthropic_word(name, aigwi_anthropic_events, AIGWI_ANTHROPIC_EVENTS), r;
    memset(&fr, 0, sizeof fr);
    aigw_json_init(&j, payload);
    aigwi_anthropic_get_frame(&j, &st->mem, &fr);
    r = aigw_json_end(&j);
    if (r == AIGW_E_NOMEM) return r;
    if (event == AIGWI_ANTHROPIC_E_ERROR || fr.failed) return aigwi_anthropic_fail(st, payload, out);
    if (r) return aigwi_dialect_bad(st, out, "the provider sent a frame that is not JSON as it should be");
    if (event == AIGWI_ANTHROPIC_EVENTS) event = aigwi_anthropic_word(fr.type, aigwi_anthropic_events, AIGWI_ANTHROPIC_EVENTS);
    if (fr.index < 0 || fr.index > INT32_MAX) return aigwi_dialect_bad(st, out, "the provider sent a block number out of range");
    switch (event) {
    case AIGWI_ANTHROPIC_E_DELTA: return aigwi_anthropic_frame_delta(st, &fr, out);
    case AIGWI_ANTHROPIC_E_BLOCK: return aigwi_anthropic_frame_block(st, &fr, out);
    case AIGWI_ANTHROPIC_E_STOP:
        st->frame |= AIGW_FRAME_CONTENT;
        return aigwi_dialect_close(st, out, aigwi_anthropic_find(st, (uint32_t)fr.index));
    case AIGWI_ANTHROPIC_E_PING: return aigwi_dialect_ping(st, out);
    case AIGWI_ANTHROPIC_E_START: return aigwi_anthropic_frame_start(st, &fr, out);
    case AIGWI_ANTHROPIC_E_MESSAGE: return aigwi_anthropic_frame_message(st, &fr, out);
    case AIGWI_ANTHROPIC_E_END:
        st->end_marker = 1;
        st->frame |= AIGW_FRAME_END;
    }
    return AIGW_OK;                                           /* an event of a newer API: nothing that is known is in it */
}

static int aigwi_anthropic_frame_decode(aigw_dec *st, aigw_str name, aigw_str payload, const aigw_sink *out) {
    aigw_arena mark = st->mem;
    int r;
    st->frame = 0;
    if (st->ended) return AIGW_OK;
    r = aigwi_anthropic_frame_read(st, name, payload, out);
    st->mem = mark;
    return r;
}

static int aigwi_anthropic_stream_end(aigw_dec *st, int clean, const aigw_sink *out) { return aigwi_dialect_end(st, clean, out); }

/* ---- limits */

static int aigwi_anthropic_limits_encode(aigw_now now, const aigw_limits *limits, aigw_arena *mem, aigw_head *head) {
    return aigwi_dialect_limits_put(now, limits, AIGWI_WINDOWS_ANTHROPIC, 4, 1, mem, head);
}

/* ---- client side: writing answers */

enum { AIGWI_ANTHROPIC_HAVE_START = 1, AIGWI_ANTHROPIC_REFUSED = 2 };                        /* aigw_enc.flags */
enum { AIGWI_ANTHROPIC_NEW = 0, AIGWI_ANTHROPIC_BEGUN, AIGWI_ANTHROPIC_SEALED };             /* aigw_out_block.sent; SEALED: takes no more */
enum { AIGWI_ANTHROPIC_LIVE = 0, AIGWI_ANTHROPIC_CLOSED = 1, AIGWI_ANTHROPIC_MUTE = 2, AIGWI_ANTHROPIC_CUSTOM = 4 };   /* .closed, as bits */
#define AIGWI_ANTHROPIC_NONE UINT32_MAX                                                     /* aigw_enc.current: no block is open on the wire */

/* What is kept back for later: records of {header, bytes}, oldest first, in enc->hold. */
typedef struct { uint32_t n; uint16_t slot; uint8_t tag, extra; } aigwi_anthropic_record;
enum { AIGWI_ANTHROPIC_R_NAME, AIGWI_ANTHROPIC_R_DELTA, AIGWI_ANTHROPIC_R_STATE, AIGWI_ANTHROPIC_R_NOTE, AIGWI_ANTHROPIC_R_DETAILS };
enum { AIGWI_ANTHROPIC_L_MEDIA, AIGWI_ANTHROPIC_L_NOTE, AIGWI_ANTHROPIC_L_STATE, AIGWI_ANTHROPIC_L_CHOICE, AIGWI_ANTHROPIC_L_OTHER, AIGWI_ANTHROPIC_L_USAGE,
       AIGWI_ANTHROPIC_L_FINISH };

/* A loss of this answer, reported once. */
static void aigwi_anthropic_miss_at(aigw_enc *st, unsigned bit, size_t at, const char *path, int action, const char *reason) {
    if (st->reported >> bit & 1) return;
    st->reported |= (uint32_t)1 << bit;
    (void)aigw_model_loss_at(st->loss, at, at == AIGW_NOWHERE ? path : "", action, reason);
}
static void aigwi_anthropic_miss(aigw_enc *st, unsigned bit, size_t at, int action, const char *reason) {
    aigwi_anthropic_miss_at(st, bit, at, "", action, reason);
}

/* Append, skipping the check of a literal's length at run time. */
#define AIGWI_ANTHROPIC_LIT(out, lit) aigw_base_put(out, aigwi_dialect_slice("" lit, sizeof(lit) - 1))

/* Raw JSON on one line: a line end outside of strings is white space, and would end the data line of an event. */
static void aigwi_anthropic_put_line(aigw_out *out, aigw_str json) {
    size_t i, from = 0;
    for (i = 0; i < json.n; i++) {
        if (json.p[i] != '\n' && json.p[i] != '\r') continue;
        aigw_base_put(out, aigwi_dialect_slice(json.p + from, i - from));
        from = i + 1;
    }
    aigw_base_put(out, aigwi_dialect_slice(json.p + from, json.n - from));
}

static int64_t aigwi_anthropic_fresh_input(const aigw_usage *u) {
    int64_t v = u->input - ((u->has & AIGW_USAGE_CACHED) ? u->cached : 0) - ((u->has & AIGW_USAGE_CACHE_WRITE) ? u->cache_write : 0);
    return v > 0 ? v : 0;
}

/* usage as an object; `must`: the counts that a client cannot do without are there even when nobody knows them. */
static void aigwi_anthropic_put_usage(aigw_out *out, const aigw_usage *u, int must) {
    aigw_json_open(out, '{');
    if (must || (u->has & AIGW_USAGE_INPUT)) {
        aigw_json_key(out, "input_tokens");
        aigw_json_put_int(out, (u->has & AIGW_USAGE_INPUT) ? aigwi_anthropic_fresh_input(u) : 0);
    }
    if (u->has & AIGW_USAGE_CACHE_WRITE) {
        aigw_json_key(out, "cache_creation_input_tokens");
        aigw_json_put_int(out, u->cache_write);
    }
    if (u->has & AIGW_USAGE_CACHED) {
        aigw_json_key(out, "cache_read_input_tokens");
        aigw_json_put_int(out, u->cached);
    }
    aigw_json_key(out, "output_tokens");
    aigw_json_put_int(out, (u->has & AIGW_USAGE_OUTPUT) ? u->output : 0);
    if (u->has & AIGW_USAGE_REASONING) {
        aigw_json_key(out, "output_tokens_details");
        aigw_json_open(out, '{');
        aigw_json_key(out, "thinking_tokens");
        aigw_json_put_int(out, u->reasoning);
        aigw_json_close(out, '}');
    }
    aigw_json_close(out, '}');
}

static void aigwi_anthropic_miss_usage(aigw_enc *st, const aigw_usage *u) {
    if ((u->has & AIGW_USAGE_INPUT_AUDIO && u->input_audio) || (u->has & AIGW_USAGE_OUTPUT_AUDIO && u->output_audio))
        aigwi_anthropic_miss_at(st, AIGWI_ANTHROPIC_L_USAGE, AIGW_NOWHERE, "usage.input_audio", AIGW_LOSS_DROPPED, "audio tokens are not counted apart");
}

/* "id": the provider's, or one made here. */
static void aigwi_anthropic_put_answer_id(aigw_out *out, aigw_str id, uint64_t seed) {
    int i;
    if (id.n) {
        aigw_json_put_str(out, id);
        return;
    }
    aigw_json_open_str(out);
    aigw_base_put_lit(out, "msg_");
    for (i = 0; i < 16; i++) aigw_base_put_byte(out, "0123456789abcdef"[seed >> (60 - 4 * i) & 15]);
    aigw_json_close_str(out);
}

/* What message_start and a whole message begin with, up to the content. */
static void aigwi_anthropic_put_message_head(aigw_out *out, const aigw_enc *st, aigw_str id, aigw_str model) {
    aigw_json_key(out, "id");
    aigwi_anthropic_put_answer_id(out, id, st->seed);
    aigw_json_key(out, "type");
    aigw_json_put_str(out, aigw_base_str("message"));
    aigw_json_key(out, "role");
    aigw_json_put_str(out, aigw_base_str("assistant"));
    aigw_json_key(out, "model");
    aigw_json_put_str(out, model.n || !st->req ? model : st->req->model);
    aigw_json_key(out, "content");
    aigw_json_open(out, '[');
}

static void aigwi_anthropic_put_stop(aigw_out *out, const char *reason, aigw_str sequence) {
    aigw_json_key(out, "stop_reason");
    if (reason) aigw_json_put_str(out, aigw_base_str(reason));
    else aigw_json_put_null(out);
    aigw_json_key(out, "stop_sequence");
    if (sequence.n) aigw_json_put_str(out, sequence);
    else aigw_json_put_null(out);
}

static void aigwi_anthropic_write_start(aigw_enc *st, aigw_out *out, aigw_str id, aigw_str model) {
    static const aigw_str none = { "", 0 };
    st->started = 1;
    st->current = AIGWI_ANTHROPIC_NONE;
    AIGWI_ANTHROPIC_LIT(out, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{");
    aigwi_anthropic_put_message_head(out, st, id, model);
    aigw_json_close(out, ']');
    aigwi_anthropic_put_stop(out, NULL, none);
    aigw_json_key(out, "usage");
    aigwi_anthropic_put_usage(out, &st->usage, 1);
    AIGWI_ANTHROPIC_LIT(out, "}}\n\n");
}

/* message_start waits for the first thing behind it, so that the usage that some providers tell at once can be in it. */
static void aigwi_anthropic_flush_start(aigw_enc *st, aigw_out *out) {
    if (!st->started) aigwi_anthropic_write_start(st, out, aigwi_dialect_slice(st->id, st->id_n), aigwi_dialect_slice(st->model, st->model_n));
}

/* ---- blocks, strictly one after another: what belongs to a later one is kept back until the earlier one is closed */

static struct aigw_out_block *aigwi_anthropic_block(aigw_enc *st, uint32_t block) {
    struct aigw_out_block *b;
    for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
        if (b->used && b->block == block) return b;
    return NULL;
}

static void aigwi_anthropic_put_index(aigw_out *out, const char *event, size_t n, uint32_t index) {
    AIGWI_ANTHROPIC_LIT(out, "event: content_block_");
    aigw_base_put(out, aigwi_dialect_slice(event, n));
    AIGWI_ANTHROPIC_LIT(out, "\ndata: {\"type\":\"content_block_");
    aigw_base_put(out, aigwi_dialect_slice(event, n));
    AIGWI_ANTHROPIC_LIT(out, "\",\"index\":");
    aigw_base_put_int(out, (int64_t)index);
}

static void aigwi_anthropic_put_block_stop(aigw_out *out, uint32_t index) {
    aigwi_anthropic_put_index(out, "stop", 4, index);
    AIGWI_ANTHROPIC_LIT(out, "}\n\n");
}

/* Begin a delta, up to the quote that its text stands behind. */
static void aigwi_anthropic_open_delta(aigw_out *out, uint32_t index, int kind) {
    AIGWI_ANTHROPIC_LIT(out, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":");
    aigw_base_put_int(out, (int64_t)index);
    if (kind == AIGW_PART_TOOL_CALL) AIGWI_ANTHROPIC_LIT(out, ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"");
    else if (kind == AIGW_PART_REASONING) AIGWI_ANTHROPIC_LIT(out, ",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"");
    else AIGWI_ANTHROPIC_LIT(out, ",\"delta\":{\"type\":\"text_delta\",\"text\":\"");
}
static void aigwi_anthropic_close_delta(aigw_out *out) { AIGWI_ANTHROPIC_LIT(out, "\"}}\n\n"); }

/* Opaque state as a JSON string: from an event, or as it was kept back. */
typedef struct { const aigw_opaque *o; aigw_str kept; int redacted; } aigwi_anthropic_state;

static void aigwi_anthropic_put_state(aigw_out *out, const aigwi_anthropic_state *s) {
    if (s->o) aigwi_dialect_put_opaque(out, s->o, aigwi_anthropic_name, 0);
    else aigw_base_put(out, s->kept);
}

static void aigwi_anthropic_put_signature(aigw_out *out, uint32_t index, const aigwi_anthropic_state *s) {
    aigwi_anthropic_put_index(out, "delta", 5, index);
    AIGWI_ANTHROPIC_LIT(out, ",\"delta\":{\"type\":\"signature_delta\",\"signature\":");
    aigwi_anthropic_put_state(out, s);
    AIGWI_ANTHROPIC_LIT(out, "}}\n\n");
}

static void aigwi_anthropic_put_raw_delta(aigw_out *out, uint32_t index, aigw_str json, int citation) {
    aigwi_anthropic_put_index(out, "delta", 5, index);
    AIGWI_ANTHROPIC_LIT(out, ",\"delta\":");
    if (citation) AIGWI_ANTHROPIC_LIT(out, "{\"type\":\"citations_delta\",\"citation\":");
    aigwi_anthropic_put_line(out, json);
    if (citation) AIGWI_ANTHROPIC_LIT(out, "}");
    AIGWI_ANTHROPIC_LIT(out, "}\n\n");
}

/* The text of a delta between its quotes. The text of a free-text tool is a string inside of the JSON text: it is
   escaped twice. */
static void aigwi_anthropic_put_words(aigw_out *out, aigw_text t, int custom) {
    char once[16 * 6];
    aigw_out o;
    size_t n;
    if (!custom) aigw_json_part(out, t);
    else if (t.form == AIGW_TEXT_ESCAPED || t.form == AIGW_TEXT_LONE) aigw_json_part(out, aigwi_dialect_text(aigwi_dialect_slice(t.p, t.n), AIGW_TEXT_JSON));
    else for (; t.n; t.p += n, t.n -= n) {                          /* in pieces that end between characters */
        n = aigw_base_utf8(aigwi_dialect_slice(t.p, t.n < 16 ? t.n : 16));
        if (!n) n = 1;
        aigw_base_out_init(&o, once, sizeof once, NULL, 0);
        aigw_json_part(&o, aigwi_dialect_text(aigwi_dialect_slice(t.p, n), AIGW_TEXT_PLAIN));
        aigw_json_part(out, aigwi_dialect_text(aigwi_dialect_slice(once, o.buf.n), AIGW_TEXT_PLAIN));
    }
}

/* An empty thinking block that carries the state of a call to come: clients give it back with the call. */
static void aigwi_anthropic_put_carrier(aigw_enc *st, aigw_out *out, const aigwi_anthropic_state *s) {
    uint32_t index = st->next_index++;
    aigwi_anthropic_put_index(out, "start", 5, index);
    AIGWI_ANTHROPIC_LIT(out, ",\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n");
    aigwi_anthropic_put_signature(out, index, s);
    aigwi_anthropic_put_block_stop(out, index);
}

/* The offset in hold of the next record of a slot (any slot: < 0) at or after `at`; hold_n when there is none. */
static size_t aigwi_anthropic_record_at(const aigw_enc *st, size_t at, int slot, aigwi_anthropic_record *r) {
    for (; at < st->hold_n; at += sizeof *r + r->n) {
        memcpy(r, st->hold + at, sizeof *r);
        if (slot < 0 || r->slot == (unsigned)slot) return at;
    }
    return st->hold_n;
}
static aigw_str aigwi_anthropic_record_bytes(const aigw_enc *st, size_t at, const aigwi_anthropic_record *r) {
    return aigwi_dialect_slice(st->hold + at + sizeof *r, r->n);
}
static int aigwi_anthropic_slot(const aigw_enc *st, const struct aigw_out_block *b) { return (int)(b - st->block); }

/* Begin a record in the free part of hold; its bytes are written to *o. */
static void aigwi_anthropic_hold_open(aigw_enc *st, aigw_out *o) {
    size_t head = st->hold_n + sizeof(aigwi_anthropic_record), room = st->hold_cap > head ? st->hold_cap - head : 0;
    aigw_base_out_init(o, st->hold ? st->hold + (room ? head : 0) : NULL, room, NULL, 0);
}
/* End it. AIGW_E_NOMEM when it did not fit: then nothing was kept. */
static int aigwi_anthropic_hold_close(aigw_enc *st, aigw_out *o, int slot, int tag, int extra) {
    aigwi_anthropic_record r;
    if (o->buf.n > o->buf.cap || !o->buf.cap || o->buf.n > UINT32_MAX) return AIGW_E_NOMEM;
    r.n = (uint32_t)o->buf.n;
    r.slot = (uint16_t)slot;
    r.tag = (uint8_t)tag;
    r.extra = (uint8_t)extra;
    memcpy(st->hold + st->hold_n, &r, sizeof r);
    st->hold_n += sizeof r + r.n;
    return AIGW_OK;
}
/* Forget the records of a slot, but for its name where that is still to be said. */
static void aigwi_anthropic_forget(aigw_enc *st, int slot, int keep_name) {
    aigwi_anthropic_record r;
    size_t at = 0, to = 0, n;
    for (; at < st->hold_n; at += n) {
        memcpy(&r, st->hold + at, sizeof r);
        n = sizeof r + r.n;
        if (r.slot == (unsigned)slot && !(keep_name && r.tag == AIGWI_ANTHROPIC_R_NAME)) continue;
        if (to != at) memmove(st->hold + to, st->hold + at, n);
        to += n;
    }
    st->hold_n = to;
}

/* The id and name of a call, which were kept back: `"id":..,"name":..`. */
static void aigwi_anthropic_put_kept_name(const aigw_enc *st, aigw_out *out, const struct aigw_out_block *b) {
    aigwi_anthropic_record r;
    size_t at = 0;
    while ((at = aigwi_anthropic_record_at(st, at, aigwi_anthropic_slot(st, b), &r)) < st->hold_n) {
        if (r.tag == AIGWI_ANTHROPIC_R_NAME) {
            aigw_base_put(out, aigwi_anthropic_record_bytes(st, at, &r));
            return;
        }
        at += sizeof r + r.n;
    }
}

/* content_block_start, once. `json`: the block itself where it is one of the provider's own; `s`: the data of a
   redacted one, or NULL. */
static void aigwi_anthropic_begin_block(aigw_enc *st, aigw_out *out, struct aigw_out_block *b, aigw_str json, const aigwi_anthropic_state *s) {
    if (b->sent) return;
    b->sent = AIGWI_ANTHROPIC_BEGUN;
    b->index = st->next_index++;
    aigwi_anthropic_put_index(out, "start", 5, b->index);
    AIGWI_ANTHROPIC_LIT(out, ",\"content_block\":");
    if (b->kind == AIGW_PART_OTHER) aigwi_anthropic_put_line(out, json);
    else if (b->kind == AIGW_PART_TOOL_CALL) {
        AIGWI_ANTHROPIC_LIT(out, "{\"type\":\"tool_use\",");
        aigwi_anthropic_put_kept_name(st, out, b);
        AIGWI_ANTHROPIC_LIT(out, ",\"input\":{}}");
    } else if (b->kind == AIGW_PART_REASONING && s) {
        AIGWI_ANTHROPIC_LIT(out, "{\"type\":\"redacted_thinking\",\"data\":");
        aigwi_anthropic_put_state(out, s);
        AIGWI_ANTHROPIC_LIT(out, "}");
        b->sent = AIGWI_ANTHROPIC_SEALED;
    } else if (b->kind == AIGW_PART_REASONING) AIGWI_ANTHROPIC_LIT(out, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}");
    else AIGWI_ANTHROPIC_LIT(out, "{\"type\":\"text\",\"text\":\"\"}");
    AIGWI_ANTHROPIC_LIT(out, "}\n\n");
    if (!(b->closed & AIGWI_ANTHROPIC_CUSTOM)) return;
    aigwi_anthropic_open_delta(out, b->index, b->kind);         /* the text of a free-text tool is the one member of an object */
    AIGWI_ANTHROPIC_LIT(out, "{\\\"input\\\":\\\"");
    aigwi_anthropic_close_delta(out);
}

static void aigwi_anthropic_begin_plain(aigw_enc *st, aigw_out *out, struct aigw_out_block *b) {
    aigw_str none = { "", 0 };
    if (b->kind != AIGW_PART_OTHER) aigwi_anthropic_begin_block(st, out, b, none, NULL);
}

/* State of the current block: thinking is signed, redacted thinking is its state, a call gets a carrier in front. */
static void aigwi_anthropic_give_state(aigw_enc *st, aigw_out *out, struct aigw_out_block *b, const aigwi_anthropic_state *s) {
    aigw_str none = { "", 0 };
    if (b->kind == AIGW_PART_REASONING && !b->sent && s->redacted) aigwi_anthropic_begin_block(st, out, b, none, s);
    else if (b->kind == AIGW_PART_REASONING && b->sent != AIGWI_ANTHROPIC_SEALED) {
        aigwi_anthropic_begin_plain(st, out, b);
        aigwi_anthropic_put_signature(out, b->index, s);
    } else if (b->kind == AIGW_PART_TOOL_CALL && !b->sent) aigwi_anthropic_put_carrier(st, out, s);
    else aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_STATE, AIGW_NOWHERE, AIGW_LOSS_DROPPED, "state has its place in thinking and before tool calls only");
}

/* What was kept back for a block that is current now. Deltas that follow each other become one. */
static void aigwi_anthropic_replay(aigw_enc *st, aigw_out *out, struct aigw_out_block *b) {
    aigwi_anthropic_record r;
    aigwi_anthropic_state s;
    size_t at = 0;
    int open = 0, slot = aigwi_anthropic_slot(st, b);
    aigw_str bytes;
    while ((at = aigwi_anthropic_record_at(st, at, slot, &r)) < st->hold_n) {
        bytes = aigwi_anthropic_record_bytes(st, at, &r);
        at += sizeof r + r.n;
        if (open && r.tag != AIGWI_ANTHROPIC_R_DELTA) {
            aigwi_anthropic_close_delta(out);
            open = 0;
        }
        if (r.tag == AIGWI_ANTHROPIC_R_STATE) {
            s.o = NULL;
            s.kept = bytes;
            s.redacted = r.extra;
            aigwi_anthropic_give_state(st, out, b, &s);
        } else if (r.tag == AIGWI_ANTHROPIC_R_NOTE) {
            aigwi_anthropic_begin_plain(st, out, b);
            aigwi_anthropic_put_raw_delta(out, b->index, bytes, r.extra);
        } else if (r.tag == AIGWI_ANTHROPIC_R_DELTA && b->kind == AIGW_PART_OTHER) aigwi_anthropic_begin_block(st, out, b, bytes, NULL);
        else if (r.tag == AIGWI_ANTHROPIC_R_DELTA && b->sent != AIGWI_ANTHROPIC_SEALED) {
            aigwi_anthropic_begin_plain(st, out, b);
            if (!open++) aigwi_anthropic_open_delta(out, b->index, b->kind);
            aigw_base_put(out, bytes);
        }
    }
    if (open) aigwi_anthropic_close_delta(out);
    aigwi_anthropic_forget(st, slot, !b->sent);
}

static void aigwi_anthropic_end_block(aigw_enc *st, aigw_out *out, struct aigw_out_block *b) {
    aigwi_anthropic_begin_plain(st, out, b);
    if (b->sent && (b->closed & AIGWI_ANTHROPIC_CUSTOM)) {
        aigwi_anthropic_open_delta(out, b->index, b->kind);
        AIGWI_ANTHROPIC_LIT(out, "\\\"}");
        aigwi_anthropic_close_delta(out);
    }
    if (b->sent) aigwi_anthropic_put_block_stop(out, b->index);
    if (b->kind == AIGW_PART_TOOL_CALL) aigwi_anthropic_forget(st, aigwi_anthropic_slot(st, b), 0);
    b->used = 0;
}

/* The current block has ended: the waiting ones have their turn, in the order in which they began. */
static void aigwi_anthropic_advance(aigw_enc *st, aigw_out *out) {
    struct aigw_out_block *b, *next;
    do {
        next = NULL;
        for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
            if (b->used && !(b->closed & AIGWI_ANTHROPIC_MUTE) && (!next || b->block < next->block)) next = b;
        st->current = next ? next->block : AIGWI_ANTHROPIC_NONE;
        if (!next) return;
        aigwi_anthropic_replay(st, out, next);
        if (next->closed & AIGWI_ANTHROPIC_CLOSED) aigwi_anthropic_end_block(st, out, next);
    } while (next->closed & AIGWI_ANTHROPIC_CLOSED);
}

/* ---- events */

static int aigwi_anthropic_on_start(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    st->flags |= AIGWI_ANTHROPIC_HAVE_START;
    st->id_n = (uint8_t)aigwi_dialect_keep(st->id, sizeof st->id, ev->id);
    st->model_n = (uint8_t)aigwi_dialect_keep(st->model, sizeof st->model, ev->model);
    if (ev->id.n > sizeof st->id || ev->model.n > sizeof st->model) aigwi_anthropic_write_start(st, out, ev->id, ev->model);    /* too long to wait */
    return AIGW_OK;
}

/* Keep the id and name of a call until something of it must be said: its state, which comes right behind, goes before
   it. */
static int aigwi_anthropic_hold_name(aigw_enc *st, const struct aigw_out_block *b, const aigw_event *ev) {
    aigw_out o;
    aigwi_anthropic_hold_open(st, &o);
    aigw_json_key(&o, "id");
    aigw_json_put_str(&o, ev->id);
    aigw_json_key(&o, "name");
    aigw_json_put_str(&o, ev->name);
    return aigwi_anthropic_hold_close(st, &o, aigwi_anthropic_slot(st, b), AIGWI_ANTHROPIC_R_NAME, 0);
}

static int aigwi_anthropic_on_block(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    struct aigw_out_block *b = st->block;
    int mute = 0, r;
    while (b < st->block + AIGW_BLOCKS && b->used) b++;
    if (b == st->block + AIGW_BLOCKS) return AIGW_E_LIMIT;
    memset(b, 0, sizeof *b);
    b->kind = ev->kind == AIGW_PART_REFUSAL ? (uint8_t)AIGW_PART_TEXT : ev->kind;
    b->choice = ev->choice;
    b->block = ev->block;
    if (ev->kind == AIGW_PART_TOOL_CALL && ev->custom) b->closed = AIGWI_ANTHROPIC_CUSTOM;
    if (ev->choice) {
        mute = 1;
        aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_CHOICE, ev->at, AIGW_LOSS_DROPPED, "a message is one answer: the first");
    } else if (ev->kind == AIGW_PART_OTHER && !aigw_base_eq(ev->name, aigwi_anthropic_name)) {
        mute = 1;
        aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_OTHER, ev->at, AIGW_LOSS_DROPPED, "a block that only its own dialect knows");
    } else if (ev->kind == AIGW_PART_IMAGE || ev->kind == AIGW_PART_AUDIO || ev->kind == AIGW_PART_FILE || ev->kind == AIGW_PART_TOOL_RESULT) {
        mute = 1;
        aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_MEDIA, ev->at, AIGW_LOSS_DROPPED, "an answer holds text and tool calls, no media");
    }
    if (mute) b->closed |= AIGWI_ANTHROPIC_MUTE;
    else if (ev->kind == AIGW_PART_TOOL_CALL) {
        r = aigwi_anthropic_hold_name(st, b, ev);
        if (r) return r;
    }
    b->used = 1;
    if (ev->kind == AIGW_PART_REFUSAL && !mute) st->flags |= AIGWI_ANTHROPIC_REFUSED;
    if (mute) return AIGW_OK;
    aigwi_anthropic_flush_start(st, out);
    if (st->current == AIGWI_ANTHROPIC_NONE) st->current = b->block;
    return AIGW_OK;
}

static int aigwi_anthropic_on_delta(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    struct aigw_out_block *b = aigwi_anthropic_block(st, ev->block);
    int custom;
    aigw_out o;
    if (!b || (b->closed & AIGWI_ANTHROPIC_MUTE) || !ev->text.n) return AIGW_OK;
    custom = (b->closed & AIGWI_ANTHROPIC_CUSTOM) != 0;
    if (b->block != st->current) {
        aigwi_anthropic_hold_open(st, &o);
        if (b->kind == AIGW_PART_OTHER) aigw_base_put(&o, aigwi_dialect_slice(ev->text.p, ev->text.n));
        else aigwi_anthropic_put_words(&o, ev->text, custom);
        return aigwi_anthropic_hold_close(st, &o, aigwi_anthropic_slot(st, b), AIGWI_ANTHROPIC_R_DELTA, 0);
    }
    if (b->kind == AIGW_PART_OTHER) {
        aigwi_anthropic_begin_block(st, out, b, aigwi_dialect_slice(ev->text.p, ev->text.n), NULL);
        return AIGW_OK;
    }
    if (!b->sent) {
        aigwi_anthropic_begin_plain(st, out, b);
        if (b->kind == AIGW_PART_TOOL_CALL) aigwi_anthropic_forget(st, aigwi_anthropic_slot(st, b), 0);
    }
    if (b->sent == AIGWI_ANTHROPIC_SEALED) return AIGW_OK;
    aigwi_anthropic_open_delta(out, b->index, b->kind);
    aigwi_anthropic_put_words(out, ev->text, custom);
    aigwi_anthropic_close_delta(out);
    return AIGW_OK;
}

static int aigwi_anthropic_on_state(aigw_enc *st, const aigw_event *ev, aigw_out *out, struct aigw_out_block *b) {
    aigwi_anthropic_state s;
    aigw_out o;
    memset(&s, 0, sizeof s);
    s.o = ev->state;
    s.redacted = ev->state->kind == AIGW_OPAQUE_REDACTED;
    if (b->block == st->current) {
        aigwi_anthropic_give_state(st, out, b, &s);
        return AIGW_OK;
    }
    aigwi_anthropic_hold_open(st, &o);
    aigwi_anthropic_put_state(&o, &s);
    return aigwi_anthropic_hold_close(st, &o, aigwi_anthropic_slot(st, b), AIGWI_ANTHROPIC_R_STATE, s.redacted);
}

/* Why a refusal was one belongs to the end of the message: it is kept until then. */
static int aigwi_anthropic_on_details(aigw_enc *st, const aigw_event *ev) {
    aigw_out o;
    aigwi_anthropic_hold_open(st, &o);
    aigwi_anthropic_put_line(&o, aigwi_dialect_slice(ev->text.p, ev->text.n));
    return aigwi_anthropic_hold_close(st, &o, AIGW_BLOCKS, AIGWI_ANTHROPIC_R_DETAILS, 0);
}

static int aigwi_anthropic_on_note(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    struct aigw_out_block *b = ev->block == AIGW_NO_BLOCK ? NULL : aigwi_anthropic_block(st, ev->block);
    int native = aigw_base_eq(ev->name, aigwi_anthropic_name), citation = ev->kind == AIGW_NOTE_CITATION;
    aigw_str json = { ev->text.p, ev->text.n };
    aigw_out o;
    if (b && (b->closed & AIGWI_ANTHROPIC_MUTE)) return AIGW_OK;
    if (b && ev->kind == AIGW_NOTE_SIGNATURE) return ev->state ? aigwi_anthropic_on_state(st, ev, out, b) : (int)AIGW_OK;
    if (!b && native && ev->kind == AIGW_NOTE_SAFETY && !ev->choice) return aigwi_anthropic_on_details(st, ev);
    if (!b || !native || !((citation && b->kind == AIGW_PART_TEXT) || (ev->kind == AIGW_NOTE_OTHER && b->kind == AIGW_PART_OTHER))) {
        aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_NOTE, ev->at, AIGW_LOSS_DROPPED, "a remark in the words of another dialect");
        return AIGW_OK;
    }
    if (b->block == st->current) {
        aigwi_anthropic_begin_plain(st, out, b);
        if (b->sent) aigwi_anthropic_put_raw_delta(out, b->index, json, citation);
        return AIGW_OK;
    }
    aigwi_anthropic_hold_open(st, &o);
    aigwi_anthropic_put_line(&o, json);
    return aigwi_anthropic_hold_close(st, &o, aigwi_anthropic_slot(st, b), AIGWI_ANTHROPIC_R_NOTE, citation);
}

static int aigwi_anthropic_on_close(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    struct aigw_out_block *b = aigwi_anthropic_block(st, ev->block);
    if (!b) return AIGW_OK;
    if (b->closed & AIGWI_ANTHROPIC_MUTE) b->used = 0;
    else if (b->block != st->current) b->closed |= AIGWI_ANTHROPIC_CLOSED;
    else {
        aigwi_anthropic_end_block(st, out, b);
        aigwi_anthropic_advance(st, out);
    }
    return AIGW_OK;
}

/* The kinds towards a client: status and type (wire-formats 26.11; 529 and 402 are Anthropic's own). */
static const struct { short status; const char *type; } aigwi_anthropic_error_types[AIGW_KIND_COUNT] = {
    { 500, "api_error" },              /* none */
    { 400, "invalid_request_error" },  /* invalid_request */
    { 401, "authentication_error" },   /* auth */
    { 403, "permission_error" },       /* permission */
    { 404, "not_found_error" },        /* not_found */
    { 409, "conflict_error" },         /* conflict */
    { 413, "request_too_large" },      /* too_large */
    { 400, "invalid_request_error" },  /* context_length */
    { 400, "invalid_request_error" },  /* content_filter */
    { 429, "rate_limit_error" },       /* rate_limit */
    { 402, "billing_error" },          /* quota */
    { 529, "overloaded_error" },       /* overloaded */
    { 500, "api_error" },              /* server */
    { 504, "timeout_error" },          /* timeout */
    { 502, "api_error" },              /* connect */
    { 502, "api_error" },              /* tls */
    { 502, "api_error" },              /* dns */
    { 502, "api_error" },              /* bad_response */
    { 502, "api_error" },              /* truncated */
    { 499, "api_error" },              /* cancelled */
    { 402, "billing_error" },          /* budget */
    { 503, "overloaded_error" },       /* busy */
    { 404, "not_found_error" },        /* no_route */
    { 503, "overloaded_error" },       /* circuit_open */
    { 500, "api_error" }               /* internal */
};

/* The error object: the provider's own code, else our word for kinds that this dialect has none for. */
static void aigwi_anthropic_put_error(aigw_out *out, const aigw_error *err) {
    int kind = err->kind < AIGW_KIND_COUNT ? err->kind : (int)AIGW_KIND_INTERNAL;
    aigw_str code = err->code;
    if (!code.n) code = aigw_base_str(kind == AIGW_KIND_CONTEXT_LENGTH ? "context_length_exceeded" : kind == AIGW_KIND_CONTENT_FILTER ? "content_filter" :
                                      aigwi_dialect_error_word(kind));
    aigw_json_open(out, '{');
    aigw_json_key(out, "type");
    aigw_json_put_str(out, aigw_base_str("error"));
    aigw_json_key(out, "error");
    aigw_json_open(out, '{');
    aigw_json_key(out, "type");
    aigw_json_put_str(out, aigw_base_str(aigwi_anthropic_error_types[kind].type));
    aigw_json_key(out, "message");
    aigwi_dialect_put_message(out, err);
    if (code.n) {
        aigw_json_key(out, "details");
        aigw_json_open(out, '{');
        aigw_json_key(out, "error_code");
        aigw_json_put_str(out, code);
        aigw_json_close(out, '}');
    }
    aigw_json_close(out, '}');
    aigw_json_key(out, "request_id");
    if (err->request_id.n) aigw_json_put_str(out, err->request_id);
    else aigw_json_put_null(out);
    aigw_json_close(out, '}');
}

static int aigwi_anthropic_error_encode(const aigw_error *err, aigw_arena *mem, aigw_head *head, aigw_out *out) {
    static const aigw_str id = AIGW_STR("request-id");
    int r = aigwi_dialect_error_head(err, mem, head);
    head->status = aigwi_anthropic_error_types[err->kind < AIGW_KIND_COUNT ? err->kind : (int)AIGW_KIND_INTERNAL].status;
    if (!r && err->request_id.n) r = aigw_base_header_put(head, id, err->request_id);
    aigwi_anthropic_put_error(out, err);
    return r ? r : aigw_base_out_end(out);
}

static void aigwi_anthropic_on_error(aigw_enc *st, const aigw_error *err, aigw_out *out) {
    st->ended = 1;
    AIGWI_ANTHROPIC_LIT(out, "event: error\ndata: ");
    aigwi_anthropic_put_error(out, err);
    AIGWI_ANTHROPIC_LIT(out, "\n\n");
}

/* The stop reason for a finish; NULL: this dialect has no word, so that the answer must end with an error instead. */
static const char *aigwi_anthropic_reason(aigw_enc *st, int finish, int refused) {
    static const char *const reasons[] = { "end_turn", "end_turn", "stop_sequence", "max_tokens", "model_context_window_exceeded", "tool_use", "refusal", "refusal",
        "pause_turn", NULL, NULL, NULL };
    if (finish == AIGW_FINISH_STOP && refused) return "refusal";
    if (finish < AIGW_FINISH_MALFORMED_CALL) return reasons[finish];
    aigwi_anthropic_miss_at(st, AIGWI_ANTHROPIC_L_FINISH, AIGW_NOWHERE, "finish", AIGW_LOSS_REFUSED, "the model's reason to stop has no word here: an error instead");
    return NULL;
}

static int aigwi_anthropic_on_stop(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    const char *reason = aigwi_anthropic_reason(st, ev->finish[0], st->flags & AIGWI_ANTHROPIC_REFUSED);
    aigwi_anthropic_record r;
    aigw_error err;
    size_t at;
    aigwi_anthropic_flush_start(st, out);
    if (ev->choices > 1) aigwi_anthropic_miss_at(st, AIGWI_ANTHROPIC_L_CHOICE, AIGW_NOWHERE, "choices[1]", AIGW_LOSS_DROPPED, "a message is one answer: the first");
    if (!reason) {
        aigw_dialect_error(&err, AIGW_KIND_BAD_RESPONSE, ev->finish[0] == AIGW_FINISH_MALFORMED_CALL ? "The model's tool call was malformed."
                                                                        : "The model stopped for a reason that cannot be told.", "Ask again.");
        aigwi_anthropic_on_error(st, &err, out);
        return AIGW_OK;
    }
    st->ended = 1;
    AIGWI_ANTHROPIC_LIT(out, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{");
    aigwi_anthropic_put_stop(out, reason, ev->finish[0] == AIGW_FINISH_STOP_SEQUENCE ? ev->name : aigwi_dialect_slice("", 0));
    at = aigwi_anthropic_record_at(st, 0, AIGW_BLOCKS, &r);
    if (at < st->hold_n) {
        aigw_json_key(out, "stop_details");
        aigw_json_put_raw(out, aigwi_anthropic_record_bytes(st, at, &r));
    }
    AIGWI_ANTHROPIC_LIT(out, "},\"usage\":");
    aigwi_anthropic_miss_usage(st, &st->usage);
    aigwi_anthropic_put_usage(out, &st->usage, 0);
    AIGWI_ANTHROPIC_LIT(out, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    return AIGW_OK;
}

#define AIGWI_ANTHROPIC_PING "event: ping\ndata: {\"type\":\"ping\"}\n\n"

static int aigwi_anthropic_event_encode(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    if (st->ended) return AIGW_OK;
    switch (ev->type) {
    case AIGW_EVENT_DELTA: return aigwi_anthropic_on_delta(st, ev, out);
    case AIGW_EVENT_START: return aigwi_anthropic_on_start(st, ev, out);
    case AIGW_EVENT_BLOCK_START: return aigwi_anthropic_on_block(st, ev, out);
    case AIGW_EVENT_NOTE: return aigwi_anthropic_on_note(st, ev, out);
    case AIGW_EVENT_BLOCK_STOP: return aigwi_anthropic_on_close(st, ev, out);
    case AIGW_EVENT_USAGE: st->usage = ev->usage; return AIGW_OK;
    case AIGW_EVENT_PING:
        if (st->flags & AIGWI_ANTHROPIC_HAVE_START) aigwi_anthropic_flush_start(st, out);
        AIGWI_ANTHROPIC_LIT(out, AIGWI_ANTHROPIC_PING);
        return AIGW_OK;
    case AIGW_EVENT_STOP: return aigwi_anthropic_on_stop(st, ev, out);
    case AIGW_EVENT_ERROR: aigwi_anthropic_on_error(st, ev->error, out); return AIGW_OK;
    }
    return AIGW_E_STATE;
}

/* ---- whole answers */

/* The deltas of a server tool's input, which a folded stream holds as remarks, are put together again: "input" of the
   block. */
static int aigwi_anthropic_resp_other(aigw_out *out, const aigw_part *p, aigw_arena *mem) {
    aigwi_dialect_edit edit = { "input", { NULL, 0 } };
    const aigw_note *note;
    aigw_str raw = { p->text.p, p->text.n }, s;
    aigw_arena scratch;
    aigw_text t;
    aigw_json j;
    size_t n = 0;
    char *to;
    for (note = p->notes; note; note = note->next) n += note->json.n;
    to = (char *)aigw_base_take(mem, n, 1, 1);
    if (!to) return AIGW_E_NOMEM;
    for (n = 0, note = p->notes; note; note = note->next) {
        aigw_json_init(&j, note->json);
        if (note->kind != AIGW_NOTE_OTHER || !aigwi_anthropic_seek(&j, "partial_json") || aigw_json_kind(&j) != AIGW_JSON_STRING || !aigw_json_text(&j, &t)) continue;
        scratch = *mem;
        if (!aigw_json_decode(t, &scratch, &s)) return AIGW_E_NOMEM;
        if (s.n) memcpy(to + n, s.p, s.n);
        n += s.n;
    }
    edit.json = aigwi_dialect_slice(to, n);
    aigw_json_put_raw(out, aigwi_dialect_slice("", 0));
    if (!n || aigw_json_check(edit.json, AIGW_JSON_OBJECT)) aigw_base_ref(out, raw);
    else if (aigwi_dialect_splice(raw, &edit, 1, out)) return AIGW_E_SYNTAX;
    out->comma = 1;
    return AIGW_OK;
}

static void aigwi_anthropic_resp_open(aigw_out *out, const char *type) {
    aigw_json_open(out, '{');
    aigw_json_key(out, "type");
    aigw_json_put_str(out, aigw_base_str(type));
}

static void aigwi_anthropic_resp_text(aigw_enc *st, aigw_out *out, const aigw_part *p) {
    const aigw_note *note;
    int any = 0;
    aigwi_anthropic_resp_open(out, "text");
    aigw_json_key(out, "text");
    aigw_json_put_text(out, p->text);
    for (note = p->notes; note; note = note->next) {
        if (note->kind != AIGW_NOTE_CITATION || !aigw_base_eq(note->dialect, aigwi_anthropic_name)) {
            aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_NOTE, note->at, AIGW_LOSS_DROPPED, "a remark in the words of another dialect");
            continue;
        }
        if (!any++) {
            aigw_json_key(out, "citations");
            aigw_json_open(out, '[');
        }
        aigw_json_put_raw(out, note->json);
    }
    if (any) aigw_json_close(out, ']');
    aigw_json_close(out, '}');
    if (p->state) aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_STATE, p->at, AIGW_LOSS_DROPPED, "state has its place in thinking and before tool calls only");
}

/* thinking with its signature, or redacted_thinking; for a call: the empty block that carries its state. */
static void aigwi_anthropic_resp_thinking(aigw_out *out, const aigw_part *p, int carrier) {
    int redacted = p->state && p->state->kind == AIGW_OPAQUE_REDACTED && !p->text.n && !carrier;
    aigw_text none = { "", 0, AIGW_TEXT_ESCAPED };
    aigwi_anthropic_resp_open(out, redacted ? "redacted_thinking" : "thinking");
    if (!redacted) {
        aigw_json_key(out, "thinking");
        aigw_json_put_text(out, carrier ? none : p->text);
    }
    aigw_json_key(out, redacted ? "data" : "signature");
    if (p->state) aigwi_dialect_put_opaque(out, p->state, aigwi_anthropic_name, 0);
    else aigw_json_put_text(out, none);
    aigw_json_close(out, '}');
}

static int aigwi_anthropic_resp_part(aigw_enc *st, aigw_out *out, const aigw_part *p, aigw_arena *mem) {
    aigw_arena mark = *mem;
    int r = AIGW_OK;
    switch (p->kind) {
    case AIGW_PART_REFUSAL: st->flags |= AIGWI_ANTHROPIC_REFUSED;   /* fall through */
    case AIGW_PART_TEXT: aigwi_anthropic_resp_text(st, out, p); break;
    case AIGW_PART_REASONING: aigwi_anthropic_resp_thinking(out, p, 0); break;
    case AIGW_PART_TOOL_CALL:
        if (p->state) aigwi_anthropic_resp_thinking(out, p, 1);
        aigwi_anthropic_resp_open(out, "tool_use");
        aigw_json_key(out, "id");
        aigw_json_put_str(out, p->id);
        aigw_json_key(out, "name");
        aigw_json_put_str(out, p->name);
        aigw_json_key(out, "input");
        r = aigwi_anthropic_put_input(out, p, mem, st->loss);
        aigw_json_close(out, '}');
        if (!out->cap) *mem = mark;                              /* nothing is referenced */
        break;
    case AIGW_PART_OTHER:
        if (aigw_base_eq(p->name, aigwi_anthropic_name)) {
            r = aigwi_anthropic_resp_other(out, p, mem);
            if (!out->cap) *mem = mark;
        } else aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_OTHER, p->at, AIGW_LOSS_DROPPED, "a block that only its own dialect knows");
        break;
    default: aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_MEDIA, p->at, AIGW_LOSS_DROPPED, "an answer holds text and tool calls, no media");
    }
    return r;
}

/* What stands around the content. AIGW_E_REFUSED: this dialect has no word for the reason to stop. */
static int aigwi_anthropic_resp_tail(aigw_enc *st, aigw_out *out, const aigw_resp *resp) {
    const aigw_answer *a = &resp->choice[0];
    const aigw_note *note, *details = NULL;
    const char *reason = aigwi_anthropic_reason(st, a->finish, st->flags & AIGWI_ANTHROPIC_REFUSED);
    const aigw_part *second = resp->choices > 1 ? resp->choice[AIGW_CHOICES > 1].parts : NULL;      /* built for one answer there is none */
    if (resp->choices > 1)
        aigwi_anthropic_miss_at(st, AIGWI_ANTHROPIC_L_CHOICE, second ? second->at : AIGW_NOWHERE, "choices[1]", AIGW_LOSS_DROPPED,
                                "a message is one answer: the first");
    for (note = a->notes; note; note = note->next) {
        if (note->kind == AIGW_NOTE_SAFETY && aigw_base_eq(note->dialect, aigwi_anthropic_name)) details = note;
        else aigwi_anthropic_miss(st, AIGWI_ANTHROPIC_L_NOTE, note->at, AIGW_LOSS_DROPPED, "a remark in the words of another dialect");
    }
    if (!reason) return AIGW_E_REFUSED;
    aigwi_anthropic_put_stop(out, reason, a->finish == AIGW_FINISH_STOP_SEQUENCE ? resp->stop_sequence : aigwi_dialect_slice("", 0));
    if (details) {
        aigw_json_key(out, "stop_details");
        aigw_json_put_raw(out, details->json);
    }
    aigw_json_key(out, "usage");
    aigwi_anthropic_miss_usage(st, &resp->usage);
    aigwi_anthropic_put_usage(out, &resp->usage, 1);
    return AIGW_OK;
}

static int aigwi_anthropic_resp_encode(aigw_enc *st, const aigw_resp *resp, aigw_out *out) {
    aigw_arena mem = aigw_base_arena(st->hold ? st->hold + st->hold_n : NULL, st->hold ? st->hold_cap - st->hold_n : 0);
    uint32_t refused = st->loss ? st->loss->count[AIGW_LOSS_REFUSED] : 0;
    const aigw_part *p;
    int r = AIGW_OK;
    if (resp->error) return AIGW_E_STATE;
    aigw_json_open(out, '{');
    if (st->req && st->req->op == AIGW_OP_COUNT_TOKENS) {
        aigw_json_key(out, "input_tokens");
        aigw_json_put_int(out, resp->usage.input);
    } else {
        aigwi_anthropic_put_message_head(out, st, resp->id, resp->model);
        for (p = resp->choice[0].parts; p && (!r || r == AIGW_E_REFUSED); p = p->next) {
            int q = aigwi_anthropic_resp_part(st, out, p, &mem);
            if (q) r = q;
        }
        aigw_json_close(out, ']');
        if (!r || r == AIGW_E_REFUSED) {
            int q = aigwi_anthropic_resp_tail(st, out, resp);
            if (q) r = q;
        }
    }
    aigw_json_close(out, '}');
    if (!r && st->loss && st->loss->strict && st->loss->count[AIGW_LOSS_REFUSED] > refused) r = AIGW_E_REFUSED;
    return r ? r : aigw_base_out_end(out);
}

/* ---- the models list */

static void aigwi_anthropic_put_model(aigw_out *out, const aigw_model_info *m) {
    aigw_json_open(out, '{');
    aigw_json_key(out, "type");
    aigw_json_put_str(out, aigw_base_str("model"));
    aigw_json_key(out, "id");
    aigw_json_put_str(out, m->name);
    aigw_json_key(out, "display_name");
    aigw_json_put_str(out, m->name);
    aigw_json_key(out, "created_at");
    aigw_json_open_str(out);
    aigw_base_put_date(out, m->created_s);
    aigw_json_close_str(out);
    aigw_json_key(out, "lifecycle");
    aigw_json_put_str(out, aigw_base_str("active"));
    if (m->context > 0) {
        aigw_json_key(out, "max_input_tokens");
        aigw_json_put_int(out, m->context);
    }
    if (m->max_output > 0) {
        aigw_json_key(out, "max_tokens");
        aigw_json_put_int(out, m->max_output);
    }
    aigw_json_close(out, '}');
}

static int aigwi_anthropic_models_encode(const aigw_model_info *models, size_t n, int single, aigw_out *out) {
    size_t i;
    if (single && n) {
        aigwi_anthropic_put_model(out, models);
        return aigw_base_out_end(out);
    }
    aigw_json_open(out, '{');
    aigw_json_key(out, "data");
    aigw_json_open(out, '[');
    for (i = 0; i < n; i++) aigwi_anthropic_put_model(out, models + i);
    aigw_json_close(out, ']');
    aigw_json_key(out, "has_more");
    aigw_json_put_bool(out, 0);
    aigw_json_key(out, "first_id");
    if (n) aigw_json_put_str(out, models[0].name);
    else aigw_json_put_null(out);
    aigw_json_key(out, "last_id");
    if (n) aigw_json_put_str(out, models[n - 1].name);
    else aigw_json_put_null(out);
    aigw_json_close(out, '}');
    return aigw_base_out_end(out);
}

const aigw_dialect aigw_dialect_anthropic = {
    AIGW_STR("anthropic"),
    AIGW_STR("x-api-key"), AIGW_STR(""),        /* wins over Authorization, and works with every key */
    AIGW_STR("anthropic-version"),
    aigwi_anthropic_versions,
    AIGW_STR("request-id"),
    AIGW_FRAMING_SSE,
    AIGWI_SERVE(aigwi_anthropic_match), AIGWI_SERVE(aigwi_anthropic_req_decode), aigwi_anthropic_req_encode, AIGWI_SERVE(aigwi_anthropic_req_edit),
    aigwi_anthropic_resp_decode, aigwi_anthropic_frame_decode, aigwi_anthropic_stream_end, aigwi_anthropic_error_decode, aigwi_dialect_limits_decode,
    AIGWI_SERVE(aigwi_anthropic_event_encode), AIGWI_SERVE(aigwi_anthropic_resp_encode), AIGWI_SERVE(aigwi_anthropic_error_encode), AIGWI_SERVE(aigwi_anthropic_limits_encode), AIGWI_SERVE(aigwi_anthropic_models_encode),
    AIGW_STR(AIGWI_ANTHROPIC_PING),
    AIGW_STR("text/event-stream"),
    AIGW_STR("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
};
#endif /* AIGW_NO_ANTHROPIC */

/* ==== >>dialect.gemini ============================================================================================= */
#ifndef AIGW_NO_GEMINI
/* Gemini API and Vertex AI: generateContent, streamGenerateContent, countTokens, both sides. Model and operation
   stand in the path; there is no message for tool results, no id on most calls, and a stream is SSE or one JSON
   array. Requests are read in both spellings (protobuf JSON). Truth: wire-formats sections 7, 8, 26, 28, 30;
   ../shared/wire/gemini and vertex-gemini, read 2026-11-21. */

static const aigw_str aigwi_gemini_me = AIGW_STR("gemini");

/* ---- where a request goes: .../models/{model}:{method}[?alt=sse] */

typedef struct {
    uint8_t  op, stream, array;
    aigw_str model;                    /* as in the path, still percent-encoded */
} aigwi_gemini_route;

static const struct { aigw_str method; uint8_t op, stream; } aigwi_gemini_methods[] = {
    { AIGW_STR("generateContent"),       AIGW_OP_CHAT,         0 },
    { AIGW_STR("streamGenerateContent"), AIGW_OP_CHAT,         1 },
    { AIGW_STR("countTokens"),           AIGW_OP_COUNT_TOKENS, 0 },
    { AIGW_STR("embedContent"),          AIGW_OP_EMBED,        0 },
    { AIGW_STR("batchEmbedContents"),    AIGW_OP_EMBED,        0 }
};

static int aigwi_gemini_ends(aigw_str s, aigw_str end) {
    return s.n >= end.n && !memcmp(s.p + s.n - end.n, end.p, end.n);
}

static int aigwi_gemini_sse(aigw_str query) {
    static const aigw_str forms[] = { AIGW_STR("alt=sse"), AIGW_STR("$alt=sse"), AIGW_STR("%24alt=sse") };
    size_t i, k;
    for (i = 0; i < query.n; i = k + 1) {
        aigw_str one;
        for (k = i; k < query.n && query.p[k] != '&'; k++) {}
        one = aigwi_dialect_slice(query.p + i, k - i);
        if (aigw_base_eq(one, forms[0]) || aigw_base_eq(one, forms[1]) || aigw_base_eq(one, forms[2])) return 1;
    }
    return 0;
}

/* What a POST with this path asks for; op NONE when it is not Gemini's. The model is all between the first /models/
   and the method: "mock/echo" is one. */
static void aigwi_gemini_post(aigw_str path, aigw_str query, aigwi_gemini_route *r) {
    static const aigw_str models = AIGW_STR("/models/"), tuned = AIGW_STR("/tunedModels/");
    aigw_str rest;
    size_t from = aigw_base_find(path, models, 0), i, colon;
    if (from < path.n) from += models.n;
    else {
        from = aigw_base_find(path, tuned, 0) + 1;             /* the model keeps this prefix */
        if (from > path.n) return;
    }
    for (i = 0; i < sizeof aigwi_gemini_methods / sizeof *aigwi_gemini_methods; i++) {
        rest = aigwi_dialect_slice(path.p + from, path.n - from);
        if (!aigwi_gemini_ends(rest, aigwi_gemini_methods[i].method)) continue;
        rest.n -= aigwi_gemini_methods[i].method.n;
        colon = rest.n && rest.p[rest.n - 1] == ':' ? 1 : rest.n > 2 && !memcmp(rest.p + rest.n - 3, "%3", 2) && (rest.p[rest.n - 1] | 32) == 'a' ? 3 : 0;
        if (!colon || rest.n == colon) continue;
        rest.n -= colon;
        r->op = aigwi_gemini_methods[i].op;
        r->stream = aigwi_gemini_methods[i].stream;
        r->array = r->stream && !aigwi_gemini_sse(query);
        r->model = rest;
        return;
    }
}

/* Has the request its key where Google's clients put it? */
static int aigwi_gemini_keyed(const aigw_head *head, aigw_str query) {
    static const aigw_str header = AIGW_STR("x-goog-api-key"), first = AIGW_STR("key="), later = AIGW_STR("&key=");
    return aigw_base_header(head, header).p || (query.n && !aigw_base_find(query, first, 0)) || aigw_base_find(query, later, 0) < query.n;
}

static aigwi_gemini_route aigwi_gemini_path(const aigw_head *head) {
    static const aigw_str get = AIGW_STR("GET"), post = AIGW_STR("POST"), beta = AIGW_STR("/v1beta"), v1 = AIGW_STR("/v1/"), models = AIGW_STR("/models");
    aigwi_gemini_route r;
    aigw_str path, query = { "", 0 };
    size_t i, n;
    memset(&r, 0, sizeof r);
    if (!head) return r;
    path = head->target;
    for (n = 0; n < path.n && path.p[n] != '?'; n++) {}
    if (n < path.n) query = aigwi_dialect_slice(path.p + n + 1, path.n - n - 1);
    path.n = n;
    if (aigw_base_eq(head->method, post)) aigwi_gemini_post(path, query, &r);
    if (!aigw_base_eq(head->method, get)) return r;
    i = aigw_base_find(path, beta, 0);
    if (i == path.n && aigwi_gemini_keyed(head, query)) i = aigw_base_find(path, v1, 0);     /* OpenAI's list too: only with the key where Google's clients put it */
    if (i < path.n) i = aigw_base_find(path, models, i);
    if (i == path.n || (i + models.n < path.n && path.p[i + models.n] != '/')) return r;
    r.op = AIGW_OP_MODELS;
    if (i + models.n + 1 < path.n) r.model = aigwi_dialect_slice(path.p + i + models.n + 1, path.n - i - models.n - 1);
    return r;
}

static int aigwi_gemini_match(const aigw_head *head) { return aigwi_gemini_path(head).op; }

static int aigwi_gemini_hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Percent-decoded; p is NULL without memory. */
static aigw_str aigwi_gemini_unescape(aigw_str s, aigw_arena *mem) {
    size_t i, n = 0;
    char *p;
    for (i = 0; i < s.n && s.p[i] != '%'; i++) {}
    if (i == s.n) return s;
    p = (char *)aigw_base_take(mem, s.n, 1, 1);
    for (i = 0; p && i < s.n; i++) {
        int hi = i + 2 < s.n && s.p[i] == '%' ? aigwi_gemini_hex(s.p[i + 1]) : -1, lo = hi < 0 ? -1 : aigwi_gemini_hex(s.p[i + 2]);
        p[n++] = lo < 0 ? s.p[i] : (char)(hi * 16 + lo);
        if (lo >= 0) i += 2;
    }
    return aigwi_dialect_slice(p, n);
}

/* ---- parts: a union by presence of one data key, the same in requests and answers */

enum { AIGWI_GEMINI_TEXT = 0, AIGWI_GEMINI_THOUGHT, AIGWI_GEMINI_SIGNATURE, AIGWI_GEMINI_CALL, AIGWI_GEMINI_RESULT, AIGWI_GEMINI_INLINE,
       AIGWI_GEMINI_FILE, AIGWI_GEMINI_CODE, AIGWI_GEMINI_CODE_RESULT, AIGWI_GEMINI_TOOL_CALL, AIGWI_GEMINI_TOOL_RESPONSE, AIGWI_GEMINI_PARTS };
static const aigw_str aigwi_gemini_parts[] = {
    AIGW_STR("text"), AIGW_STR("thought"), AIGW_STR("thoughtSignature"), AIGW_STR("functionCall"), AIGW_STR("functionResponse"), AIGW_STR("inlineData"),
    AIGW_STR("fileData"), AIGW_STR("executableCode"), AIGW_STR("codeExecutionResult"), AIGW_STR("toolCall"), AIGW_STR("toolResponse")
};
enum { AIGWI_GEMINI_NAME = 0, AIGWI_GEMINI_ARGS, AIGWI_GEMINI_ID, AIGWI_GEMINI_RESPONSE, AIGWI_GEMINI_MORE, AIGWI_GEMINI_MIME, AIGWI_GEMINI_DATA,
       AIGWI_GEMINI_URI, AIGWI_GEMINI_DISPLAY, AIGWI_GEMINI_INNER };
static const aigw_str aigwi_gemini_inner[] = {
    AIGW_STR("name"), AIGW_STR("args"), AIGW_STR("id"), AIGW_STR("response"), AIGW_STR("parts"), AIGW_STR("mimeType"), AIGW_STR("data"),
    AIGW_STR("fileUri"), AIGW_STR("displayName")
};

typedef struct {
    int       data;                    /* the data key's number; -1: none */
    uint8_t   thought, has_args, has_more, has_signature;
    size_t    at, signature_at;
    aigw_text text, signature;         /* text: of text and inlineData */
    aigw_str  id, name, args, mime, uri, display, raw;     /* args: of a call, or a result's response; raw: of what the model does not know */
    aigw_json more;                    /* stands at functionResponse.parts */
} aigwi_gemini_piece;

static int aigwi_gemini_unknown(aigw_json *j, aigw_arena *mem, aigw_req *req) {
    return req ? aigwi_dialect_add_raw(mem, req, j) : aigw_json_skip(j);
}

static int aigwi_gemini_object(aigw_json *j, aigw_str *raw) {
    if (aigw_json_kind(j) == AIGW_JSON_OBJECT) return aigw_json_raw(j, raw);
    return aigw_json_fail(j, AIGW_E_TYPE, aigw_json_at(j), "an object was expected");
}

/* The object under functionCall, functionResponse, inlineData or fileData. Not all of its members are every one's;
   the others are raw. */
static void aigwi_gemini_read_inner(aigw_json *j, aigw_arena *mem, aigw_req *req, aigwi_gemini_piece *p) {
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_gemini_inner, AIGWI_GEMINI_INNER, req ? &seen : NULL)) >= 0; ) {
        if (aigw_json_null(j)) continue;
        switch (f) {
        case AIGWI_GEMINI_NAME:     aigw_json_str(j, mem, &p->name); break;
        case AIGWI_GEMINI_ID:       aigw_json_str(j, mem, &p->id); break;
        case AIGWI_GEMINI_MIME:     aigw_json_str(j, mem, &p->mime); break;
        case AIGWI_GEMINI_URI:      aigw_json_str(j, mem, &p->uri); break;
        case AIGWI_GEMINI_DATA:     aigw_json_text(j, &p->text); break;
        case AIGWI_GEMINI_DISPLAY:  aigw_json_str(j, mem, &p->display); break;
        case AIGWI_GEMINI_ARGS: case AIGWI_GEMINI_RESPONSE:
            p->has_args = 1;
            aigwi_gemini_object(j, &p->args);
            break;
        case AIGWI_GEMINI_MORE:
            p->has_more = 1;
            p->more = *j;
            aigw_json_skip(j);
            break;
        default: aigwi_gemini_unknown(j, mem, req);
        }
    }
}

/* Read one part; req NULL: of an answer, where the last of two equal members wins and unknown ones are skipped. 1, or
   0 with j's error. */
static int aigwi_gemini_read_part(aigw_json *j, aigw_arena *mem, aigw_req *req, aigwi_gemini_piece *p) {
    const char *start = j->at;
    uint64_t seen = 0;
    int f, on = 0;
    memset(p, 0, offsetof(aigwi_gemini_piece, more));
    p->data = -1;
    p->at = aigw_json_at(j);
    p->text = aigwi_dialect_text(p->id, AIGW_TEXT_ESCAPED);
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_gemini_parts, AIGWI_GEMINI_PARTS, req ? &seen : NULL)) >= 0; ) {
        if (f == AIGWI_GEMINI_PARTS) {
            aigwi_gemini_unknown(j, mem, req);
            continue;
        }
        if (aigw_json_null(j)) continue;
        if (f == AIGWI_GEMINI_THOUGHT) {
            aigw_json_bool(j, &on);
            p->thought = (uint8_t)on;
        } else if (f == AIGWI_GEMINI_SIGNATURE) {
            p->signature_at = aigw_json_at(j);
            p->has_signature = (uint8_t)aigw_json_text(j, &p->signature);
        } else {
            if (p->data >= 0 && p->data != f && req) return aigw_json_fail(j, AIGW_E_VALUE, j->key_at, "a part holds one kind of data, this is its second");
            p->data = f;
            if (f == AIGWI_GEMINI_TEXT) aigw_json_text(j, &p->text);
            else if (f <= AIGWI_GEMINI_FILE) aigwi_gemini_read_inner(j, mem, req, p);
            else aigw_json_skip(j);
        }
    }
    if (p->data < 0 && p->has_signature) p->data = AIGWI_GEMINI_TEXT;
    if (!j->err) p->raw = aigwi_dialect_slice(start, (size_t)(j->at - start));
    return !j->err;
}

/* Kind of media by its type; what is neither image nor audio is a file. */
static int aigwi_gemini_media_kind(aigw_str mime) {
    if (mime.n > 6 && !memcmp(mime.p, "image/", 6)) return AIGW_PART_IMAGE;
    if (mime.n > 6 && !memcmp(mime.p, "audio/", 6)) return AIGW_PART_AUDIO;
    return AIGW_PART_FILE;
}

/* 1 when a response object is {"output": "..."} or {"error": "..."} and nothing else: *text is the string. */
static int aigwi_gemini_unwrap(aigw_str object, aigw_text *text, int *is_error) {
    static const aigw_str names[] = { AIGW_STR("output"), AIGW_STR("error") };
    aigw_json j;
    int f, n = 0, which = 2;
    aigw_json_init(&j, object);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 2, NULL)) >= 0; n++) {
        if (n || f == 2 || aigw_json_kind(&j) != AIGW_JSON_STRING) return 0;
        which = f;
        aigw_json_text(&j, text);
    }
    *is_error = which == 1;
    return n == 1 && !j.err;
}

/* ---- requests, read */

typedef struct {
    aigw_json   j;
    aigw_arena *mem;
    aigw_req   *req;
    aigw_part  *calls;                 /* first call of the last model turn that may be unanswered */
    uint32_t    made, steps;           /* ids made; comparisons spent on matching results */
    aigw_str    schema;                /* of the answer */
    size_t      schema_at;
    uint8_t     json_mime, results, tagged;    /* seen: application/json; results; another provider's state */
} aigwi_gemini_reader;

static int aigwi_gemini_no_memory(aigw_json *j) { return aigw_json_fail(j, AIGW_E_NOMEM, aigw_json_at(j), "the memory for the request is too small"); }

/* An id for a call whose dialect lets it out: "call_g0", "call_g1", ... in order. */
static aigw_str aigwi_gemini_make_id(aigwi_gemini_reader *r) {
    char *p = (char *)aigw_base_take(r->mem, 20, 1, 1);
    aigw_out out;
    aigw_base_out_init(&out, p, p ? 20 : 0, NULL, 0);
    aigw_base_put_lit(&out, "call_g");
    aigw_base_put_int(&out, r->made++);
    if (!p) aigwi_gemini_no_memory(&r->j);
    return aigwi_dialect_slice(p, p ? out.buf.n : 0);
}

/* The call that a result answers: by id, else the first unanswered one of that name (7.3). NULL when there is none.
   Answered calls are marked in `source`, a member of media, until the request is read. In-order results cost one step
   each; a hostile history is cut off. */
static aigw_part *aigwi_gemini_answered(aigwi_gemini_reader *r, aigw_str id, aigw_str name) {
    aigw_part *p, *named = NULL;
    while (r->calls && (r->calls->kind != AIGW_PART_TOOL_CALL || r->calls->source)) r->calls = r->calls->next;
    for (p = r->calls; p && r->steps < 65536; p = p->next, r->steps++) {
        if (p->kind != AIGW_PART_TOOL_CALL || p->source) continue;
        if (id.n && !p->no_id && aigw_base_eq(p->id, id)) return p;
        if (!named && (!id.n || p->no_id) && aigw_base_eq(p->name, name)) {
            named = p;
            if (!id.n) return p;
        }
    }
    return named;
}

static aigw_part *aigwi_gemini_media(aigwi_gemini_reader *r, aigw_part **slot, const aigwi_gemini_piece *p) {
    static const aigw_str gs = AIGW_STR("gs://"), files = AIGW_STR("/files/"), https = AIGW_STR("https://");
    aigw_part *part = aigwi_dialect_add_part(r->mem, slot, aigwi_gemini_media_kind(p->mime), p->at);
    if (!part) return NULL;
    part->mime = p->mime;
    part->name = p->display;
    if (p->data == AIGWI_GEMINI_INLINE) {
        part->source = AIGW_SOURCE_BYTES;
        return aigwi_dialect_base64(p->text, r->mem, &part->text) ? part : NULL;
    }
    if (aigw_base_find(p->uri, gs, 0) == 0 || aigw_base_find(p->uri, files, 0) < p->uri.n || aigw_base_find(p->uri, https, 0) != 0) {
        part->source = AIGW_SOURCE_FILE;                       /* Google's own stores; everybody can fetch the others */
        part->id = p->uri;
    } else {
        part->source = AIGW_SOURCE_URL;
        part->text = aigwi_dialect_text(p->uri, AIGW_TEXT_PLAIN);
    }
    return part;
}

static void aigwi_gemini_result(aigwi_gemini_reader *r, aigw_part *part, aigwi_gemini_piece *p) {
    aigw_part *call = aigwi_gemini_answered(r, p->id, p->name), **slot = &part->parts, *inner;
    aigw_text text;
    int is_error = 0;
    aigwi_gemini_piece more;
    r->results = 1;
    part->name = p->name;
    part->id = p->id;
    if (call) call->source = 1;
    if (call && (!p->id.n || call->no_id)) {
        part->id = call->id;
        part->no_id = call->no_id;
    } else if (!p->id.n) {
        part->id = aigwi_gemini_make_id(r);
        part->no_id = 1;
    }
    if (!p->has_args) text = aigwi_dialect_text(aigwi_dialect_slice("", 0), AIGW_TEXT_PLAIN);
    else if (!aigwi_gemini_unwrap(p->args, &text, &is_error)) text = aigwi_dialect_text(p->args, AIGW_TEXT_JSON);
    part->is_error = (uint8_t)is_error;
    if (text.n) {
        inner = aigwi_dialect_add_part(r->mem, slot, AIGW_PART_TEXT, (size_t)(p->args.p - r->j.p));
        if (!inner) {
            aigwi_gemini_no_memory(&r->j);
            return;
        }
        inner->text = text;
        slot = &inner->next;
    }
    if (!p->has_more) return;
    for (aigw_json_array(&p->more); aigw_json_item(&p->more) && aigwi_gemini_read_part(&p->more, r->mem, r->req, &more); slot = &inner->next) {
        inner = NULL;
        if (more.data != AIGWI_GEMINI_INLINE && more.data != AIGWI_GEMINI_FILE) aigw_json_fail(&p->more, AIGW_E_VALUE, more.at, "a result holds inlineData or fileData only");
        else inner = aigwi_gemini_media(r, slot, &more);
        if (inner) continue;
        if (!p->more.err) aigwi_gemini_no_memory(&r->j);
        break;
    }
    if (p->more.err) aigw_json_fail(&r->j, p->more.err, (size_t)(p->more.at - p->more.p), p->more.why);
}

/* One part as the model has it, appended at *slot; NULL when j has an error. */
static aigw_part *aigwi_gemini_take_part(aigwi_gemini_reader *r, aigw_part **slot, aigwi_gemini_piece *p) {
    static const uint8_t kinds[] = { AIGW_PART_TEXT, 0, 0, AIGW_PART_TOOL_CALL, AIGW_PART_TOOL_RESULT, 0, 0, AIGW_PART_OTHER, AIGW_PART_OTHER,
                                     AIGW_PART_OTHER, AIGW_PART_OTHER };
    aigw_part *part;
    if (p->data < 0) {
        aigw_json_fail(&r->j, AIGW_E_MISSING, p->at, "a part needs one of text, inlineData, fileData, functionCall, functionResponse");
        return NULL;
    }
    if ((p->data == AIGWI_GEMINI_CALL || p->data == AIGWI_GEMINI_RESULT) && !p->name.n) {
        aigw_json_fail(&r->j, AIGW_E_MISSING, p->at, "a function call or response needs a name");
        return NULL;
    }
    if (p->data == AIGWI_GEMINI_INLINE || p->data == AIGWI_GEMINI_FILE) part = aigwi_gemini_media(r, slot, p);
    else part = aigwi_dialect_add_part(r->mem, slot, p->thought && !p->data ? (int)AIGW_PART_REASONING : kinds[p->data], p->at);
    if (part && p->has_signature) {
        part->state = aigwi_dialect_get_opaque(p->signature, r->mem, aigwi_gemini_me, AIGW_OPAQUE_SIGNATURE, 1);
        if (part->state) {
            part->state->at = p->signature_at;
            r->tagged |= !aigw_base_eq(part->state->owner, aigwi_gemini_me);
        } else part = NULL;
    }
    if (!part) {
        aigwi_gemini_no_memory(&r->j);
        return NULL;
    }
    if (p->data == AIGWI_GEMINI_TEXT) part->text = p->text;
    else if (p->data == AIGWI_GEMINI_RESULT) aigwi_gemini_result(r, part, p);
    else if (p->data == AIGWI_GEMINI_CALL) {
        part->name = p->name;
        part->no_id = !p->id.n;
        part->id = p->id.n ? p->id : aigwi_gemini_make_id(r);
        part->text = aigwi_dialect_text(p->args, AIGW_TEXT_JSON);
    } else if (p->data >= AIGWI_GEMINI_CODE) {
        part->name = aigwi_gemini_me;
        part->text = aigwi_dialect_text(p->raw, AIGW_TEXT_JSON);
        part->state = NULL;                                    /* it is in the raw part */
    }
    return r->j.err ? NULL : part;
}

/* Calls of the turn before wait for their answers. google-genai's streamed automatic function calling puts each chunk
   of that turn into a content of its own (3.4, 2026-11): what the model goes on with belongs to the same turn. */
static int aigwi_gemini_waits(const aigwi_gemini_reader *r) {
    const aigw_part *p = r->calls;
    while (p && (p->kind != AIGW_PART_TOOL_CALL || p->source)) p = p->next;
    return p != NULL;
}

/* The parts of one content as messages: functionResponse parts are a message of role TOOL, what is around them is the
   role's. */
static void aigwi_gemini_take_content(aigwi_gemini_reader *r, aigw_part *parts, int role, size_t at) {
    aigw_message *m = NULL, *before = r->req->last_message;
    aigw_part *p, *next;
    if (role == AIGW_ROLE_ASSISTANT && before && before->role == AIGW_ROLE_ASSISTANT && aigwi_gemini_waits(r)) {
        for (p = before->parts; p->next; p = p->next) {}
        p->next = parts;
        return;
    }
    for (p = parts; p && !r->j.err; p = next) {
        int want = p->kind == AIGW_PART_TOOL_RESULT ? (int)AIGW_ROLE_TOOL : role;
        next = p->next;
        if (role == AIGW_ROLE_USER && p->kind == AIGW_PART_REASONING) p->kind = AIGW_PART_TEXT;
        if (role == AIGW_ROLE_USER && p->kind == AIGW_PART_TOOL_CALL) aigw_json_fail(&r->j, AIGW_E_VALUE, p->at, "a function call belongs to role model");
        if (!m || m->role != want) {
            m = aigwi_dialect_add_message(r->mem, r->req, want, at);
            if (!m) {
                aigwi_gemini_no_memory(&r->j);
                return;
            }
            m->parts = p;
        }
        if (next && (next->kind == AIGW_PART_TOOL_RESULT ? (int)AIGW_ROLE_TOOL : role) != want) p->next = NULL;
    }
    if (role == AIGW_ROLE_ASSISTANT && m) r->calls = m->parts;
}

/* One Content. `system`: systemInstruction, whose role means nothing. */
static void aigwi_gemini_read_content(aigwi_gemini_reader *r, int system) {
    static const aigw_str names[] = { AIGW_STR("parts"), AIGW_STR("role") };
    static const struct { aigw_str word; uint8_t role; } roles[] = {
        { AIGW_STR("user"), AIGW_ROLE_USER }, { AIGW_STR("model"), AIGW_ROLE_ASSISTANT }, { AIGW_STR("function"), AIGW_ROLE_USER },
        { AIGW_STR(""), AIGW_ROLE_USER }, { AIGW_STR("tool"), AIGW_ROLE_USER }
    };
    aigw_json *j = &r->j;
    aigw_part *parts = NULL, **slot = &parts, *part;
    aigwi_gemini_piece piece;
    aigw_str word = { "", 0 };
    uint64_t seen = 0;
    size_t at = aigw_json_at(j), role_at = at, i;
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, &seen)) >= 0; ) {
        if (f == 2) {
            aigwi_dialect_add_raw(r->mem, r->req, j);
            continue;
        }
        if (aigw_json_null(j)) continue;
        role_at = f == 1 ? aigw_json_at(j) : role_at;
        if (f == 1) aigw_json_str(j, r->mem, &word);
        else for (aigw_json_array(j); aigw_json_item(j) && aigwi_gemini_read_part(j, r->mem, r->req, &piece); slot = &part->next) {
            part = aigwi_gemini_take_part(r, slot, &piece);
            if (!part) return;
        }
    }
    for (i = 0; i < sizeof roles / sizeof *roles && !aigw_base_eq(word, roles[i].word); i++) {}
    if (system) aigwi_gemini_take_content(r, parts, AIGW_ROLE_SYSTEM, at);
    else if (i == sizeof roles / sizeof *roles) aigw_json_fail(j, AIGW_E_VALUE, role_at, "a role is user or model");
    else aigwi_gemini_take_content(r, parts, roles[i].role, at);
}

static void aigwi_gemini_read_declaration(aigwi_gemini_reader *r) {
    static const aigw_str names[] = { AIGW_STR("name"), AIGW_STR("description"), AIGW_STR("parameters"), AIGW_STR("parametersJsonSchema") };
    aigw_json *j = &r->j;
    size_t at = aigw_json_at(j);
    aigw_tool *t = aigwi_dialect_add_tool(r->mem, r->req, at);
    uint64_t seen = 0;
    int f;
    if (!t) {
        aigwi_gemini_no_memory(j);
        return;
    }
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 4, &seen)) >= 0; ) {
        if (f < 4 && aigw_json_null(j)) continue;
        if (f == 0) aigw_json_str(j, r->mem, &t->name);
        else if (f == 1) aigw_json_text(j, &t->description);
        else if (f == 4) aigwi_dialect_add_raw(r->mem, r->req, j);
        else if (t->schema.n) aigw_json_fail(j, AIGW_E_VALUE, j->key_at, "parameters and parametersJsonSchema exclude each other");
        else {
            t->openapi = f == 2;
            aigwi_gemini_object(j, &t->schema);
        }
    }
    if (!t->name.n) aigw_json_fail(j, AIGW_E_MISSING, at, "a function declaration needs a name");
}

/* One entry of tools: declarations, and tools that Google runs, each under its own key. */
static void aigwi_gemini_read_tool(aigwi_gemini_reader *r) {
    static const aigw_str names[] = { AIGW_STR("functionDeclarations") };
    aigw_json *j = &r->j;
    aigw_tool *t;
    uint64_t seen = 0;
    size_t at = aigw_json_at(j);
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 1, &seen)) >= 0; ) {
        aigw_str key = j->key;
        if (aigw_json_null(j)) continue;
        if (f == 0) {
            for (aigw_json_array(j); aigw_json_item(j); ) aigwi_gemini_read_declaration(r);
            continue;
        }
        t = aigwi_dialect_add_tool(r->mem, r->req, at);
        if (t) t->name = aigw_base_copy(r->mem, key);
        if (!t || !t->name.p) aigwi_gemini_no_memory(j);
        else {
            t->kind = AIGW_TOOL_HOSTED;
            aigw_json_raw(j, &t->schema);
        }
    }
}

static const struct { aigw_str word; uint8_t choice; } aigwi_gemini_modes[] = {
    { AIGW_STR("AUTO"), AIGW_CHOICE_AUTO }, { AIGW_STR("ANY"), AIGW_CHOICE_REQUIRED }, { AIGW_STR("NONE"), AIGW_CHOICE_NONE },
    { AIGW_STR("VALIDATED"), AIGW_CHOICE_AUTO }, { AIGW_STR("MODE_UNSPECIFIED"), AIGW_CHOICE_UNSET }
};

/* Keep as raw the member that `before` (a copy of the reader, taken there) stands at. */
static void aigwi_gemini_keep_raw(aigwi_gemini_reader *r, aigw_json *before) {
    before->key = aigw_base_copy(r->mem, before->key);         /* it may be in the other reader's scratch */
    if (!before->key.p || !aigwi_dialect_add_raw(r->mem, r->req, before)) aigwi_gemini_no_memory(&r->j);
}

static void aigwi_gemini_read_calling(aigwi_gemini_reader *r) {
    static const aigw_str names[] = { AIGW_STR("mode"), AIGW_STR("allowedFunctionNames") }, validated = AIGW_STR("VALIDATED");
    aigw_req *req = r->req;
    aigw_json *j = &r->j, before;
    aigw_item **slot = &req->choice_names, *item;
    aigw_str word = { "", 0 };
    uint64_t seen = 0;
    size_t i;
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, &seen)) >= 0; ) {
        if (f < 2 && aigw_json_null(j)) continue;
        if (f == 2) aigwi_dialect_add_raw(r->mem, req, j);
        else if (f == 1) {
            for (aigw_json_array(j); aigw_json_item(j); slot = &item->next) {
                aigw_text text;
                size_t at = aigw_json_at(j);
                if (!aigw_json_text(j, &text)) return;
                item = aigwi_dialect_add_item(r->mem, slot, text, at);
                if (!item) {
                    aigwi_gemini_no_memory(j);
                    return;
                }
            }
        } else {
            before = *j;
            req->choice_at = aigw_json_at(j);
            if (!aigw_json_str(j, r->mem, &word)) return;
            for (i = 0; i < 5 && !aigw_base_eq_nocase(word, aigwi_gemini_modes[i].word); i++) {}
            if (i == 5) aigw_json_fail(j, AIGW_E_VALUE, req->choice_at, "a mode is AUTO, ANY, NONE or VALIDATED");
            else req->choice = aigwi_gemini_modes[i].choice;
            req->choice_checked = i < 5 && aigw_base_eq(aigwi_gemini_modes[i].word, validated);
            if (req->choice_checked) aigwi_gemini_keep_raw(r, &before);   /* no other dialect has this one */
        }
    }
    if (req->choice == AIGW_CHOICE_REQUIRED && req->choice_names && !req->choice_names->next) req->choice = AIGW_CHOICE_NAMED;
}

static void aigwi_gemini_read_thinking(aigwi_gemini_reader *r) {
    static const aigw_str names[] = { AIGW_STR("includeThoughts"), AIGW_STR("thinkingBudget"), AIGW_STR("thinkingLevel") }, unset = AIGW_STR("thinking_level_unspecified");
    aigw_param *level = &r->req->param[AIGW_P_EFFORT];
    aigw_json *j = &r->j;
    uint64_t seen = 0;
    size_t i, n;
    int f;
    char *p;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 3, &seen)) >= 0; ) {
        if (f == 0) aigwi_dialect_param(j, r->mem, r->req, AIGW_P_REASONING_SHOW);
        else if (f == 1) aigwi_dialect_param(j, r->mem, r->req, AIGW_P_REASONING_BUDGET);
        else if (f == 3) aigwi_dialect_add_raw(r->mem, r->req, j);
        else if (aigwi_dialect_param(j, r->mem, r->req, AIGW_P_EFFORT) && level->has) {
            n = level->raw.n;
            p = (char *)aigw_base_take(r->mem, n, 1, 1);
            if (!p) aigwi_gemini_no_memory(j);
            for (i = 0; p && i < n; i++) p[i] = level->raw.p[i] >= 'A' && level->raw.p[i] <= 'Z' ? (char)(level->raw.p[i] + 32) : level->raw.p[i];
            level->raw = aigwi_dialect_slice(p, p ? n : 0);
            if (aigw_base_eq(level->raw, unset)) level->has = 0;
        }
    }
    if (level->has && r->req->param[AIGW_P_REASONING_BUDGET].has)
        aigw_json_fail(j, AIGW_E_VALUE, level->at, "thinkingLevel and thinkingBudget exclude each other");
}

/* generationConfig: single values first, in the order of this table, then what is more than a value. */
static const aigw_str aigwi_gemini_config[] = {
    AIGW_STR("temperature"), AIGW_STR("topP"), AIGW_STR("topK"), AIGW_STR("candidateCount"), AIGW_STR("maxOutputTokens"), AIGW_STR("presencePenalty"),
    AIGW_STR("frequencyPenalty"), AIGW_STR("seed"), AIGW_STR("responseLogprobs"), AIGW_STR("logprobs"),
    AIGW_STR("stopSequences"), AIGW_STR("responseMimeType"), AIGW_STR("responseSchema"), AIGW_STR("responseJsonSchema"), AIGW_STR("thinkingConfig"),
    AIGW_STR("responseModalities")
};
static const uint8_t aigwi_gemini_params[] = {
    AIGW_P_TEMPERATURE, AIGW_P_TOP_P, AIGW_P_TOP_K, AIGW_P_N, AIGW_P_MAX_OUTPUT, AIGW_P_PRESENCE_PENALTY, AIGW_P_FREQUENCY_PENALTY, AIGW_P_SEED,
    AIGW_P_LOGPROBS, AIGW_P_TOP_LOGPROBS
};
enum { AIGWI_GEMINI_STOP = 10, AIGWI_GEMINI_MIME_TYPE, AIGWI_GEMINI_SCHEMA, AIGWI_GEMINI_JSON_SCHEMA, AIGWI_GEMINI_THINKING, AIGWI_GEMINI_MODALITIES, AIGWI_GEMINI_CONFIG };

static void aigwi_gemini_read_stop(aigwi_gemini_reader *r) {
    aigw_item **slot = &r->req->stop, *item;
    aigw_json *j = &r->j;
    aigw_text text;
    r->req->stop_at = aigw_json_at(j);
    for (aigw_json_array(j); aigw_json_item(j); slot = &item->next) {
        size_t at = aigw_json_at(j);
        if (!aigw_json_text(j, &text)) return;
        item = aigwi_dialect_add_item(r->mem, slot, text, at);
        if (!item) {
            aigwi_gemini_no_memory(j);
            return;
        }
    }
}

/* 1 when the array that j (a copy) stands at is ["TEXT"] or empty: what every model does. */
static int aigwi_gemini_text_only(aigw_json j) {
    static const aigw_str text = AIGW_STR("\"TEXT\"");
    aigw_str raw;
    int n = 0;
    for (aigw_json_array(&j); aigw_json_item(&j) && aigw_json_raw(&j, &raw); n++)
        if (!aigw_base_eq_nocase(raw, text)) return 0;
    return !j.err && n < 2;
}

static void aigwi_gemini_read_mime(aigwi_gemini_reader *r) {
    static const aigw_str json = AIGW_STR("application/json"), text = AIGW_STR("text/plain");
    aigw_json before = r->j;
    aigw_str mime;
    if (!aigw_json_str(&r->j, r->mem, &mime)) return;
    if (aigw_base_eq_nocase(mime, json)) {
        r->json_mime = 1;
        if (!r->req->format.at) r->req->format.at = aigw_json_at(&before);
    } else if (!aigw_base_eq_nocase(mime, text)) aigwi_gemini_keep_raw(r, &before);
}

static void aigwi_gemini_read_config(aigwi_gemini_reader *r) {
    aigw_format *format = &r->req->format;
    aigw_json *j = &r->j;
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(j); (f = aigw_json_field(j, aigwi_gemini_config, AIGWI_GEMINI_CONFIG, &seen)) >= 0; ) {
        if (f < AIGWI_GEMINI_STOP) {
            aigwi_dialect_param(j, r->mem, r->req, aigwi_gemini_params[f]);
            continue;
        }
        if (f < AIGWI_GEMINI_CONFIG && aigw_json_null(j)) continue;
        switch (f) {
        case AIGWI_GEMINI_STOP:      aigwi_gemini_read_stop(r); break;
        case AIGWI_GEMINI_MIME_TYPE: aigwi_gemini_read_mime(r); break;
        case AIGWI_GEMINI_THINKING:  aigwi_gemini_read_thinking(r); break;
        case AIGWI_GEMINI_SCHEMA: case AIGWI_GEMINI_JSON_SCHEMA:
            if (format->schema.n) aigw_json_fail(j, AIGW_E_VALUE, j->key_at, "responseSchema and responseJsonSchema exclude each other");
            format->openapi = f == AIGWI_GEMINI_SCHEMA;
            format->at = aigw_json_at(j);
            aigwi_gemini_object(j, &format->schema);
            break;
        case AIGWI_GEMINI_MODALITIES:
            if (aigwi_gemini_text_only(*j)) aigw_json_skip(j);
            else aigwi_dialect_add_raw(r->mem, r->req, j);
            break;
        default: aigwi_dialect_add_raw(r->mem, r->req, j);
        }
    }
}

static const aigw_str aigwi_gemini_request[] = {
    AIGW_STR("contents"), AIGW_STR("systemInstruction"), AIGW_STR("tools"), AIGW_STR("toolConfig"), AIGW_STR("generationConfig"), AIGW_STR("labels"),
    AIGW_STR("model"), AIGW_STR("generateContentRequest")
};
enum { AIGWI_GEMINI_CONTENTS = 0, AIGWI_GEMINI_SYSTEM, AIGWI_GEMINI_TOOLS, AIGWI_GEMINI_TOOL_CONFIG, AIGWI_GEMINI_GENERATION, AIGWI_GEMINI_LABELS,
       AIGWI_GEMINI_MODEL, AIGWI_GEMINI_NESTED, AIGWI_GEMINI_REQUEST };

/* The model in a body: the path's wins; without a path (a bare body) it is the only one. */
static void aigwi_gemini_read_model(aigwi_gemini_reader *r) {
    size_t at = aigw_json_at(&r->j);
    aigw_str model;
    if (!aigw_json_str(&r->j, r->mem, &model) || r->req->model.n) return;
    if (model.n > 7 && !memcmp(model.p, "models/", 7)) model = aigwi_dialect_slice(model.p + 7, model.n - 7);
    r->req->model = model;
    r->req->model_at = at;
}

static void aigwi_gemini_read_tool_config(aigwi_gemini_reader *r) {
    static const aigw_str names[] = { AIGW_STR("functionCallingConfig") };
    uint64_t seen = 0;
    int f;
    for (aigw_json_object(&r->j); (f = aigw_json_field(&r->j, names, 1, &seen)) >= 0; ) {
        if (f == 1) aigwi_dialect_add_raw(r->mem, r->req, &r->j);
        else if (!aigw_json_null(&r->j)) aigwi_gemini_read_calling(r);
    }
}

/* A known member of a request, j at its value. */
static void aigwi_gemini_read_member(aigwi_gemini_reader *r, int f) {
    aigw_json *j = &r->j;
    if (f < AIGWI_GEMINI_REQUEST && aigw_json_null(j)) return;
    switch (f) {
    case AIGWI_GEMINI_CONTENTS:    for (aigw_json_array(j); aigw_json_item(j); ) aigwi_gemini_read_content(r, 0); break;
    case AIGWI_GEMINI_TOOLS:       for (aigw_json_array(j); aigw_json_item(j); ) aigwi_gemini_read_tool(r); break;
    case AIGWI_GEMINI_TOOL_CONFIG: aigwi_gemini_read_tool_config(r); break;
    case AIGWI_GEMINI_GENERATION:  aigwi_gemini_read_config(r); break;
    case AIGWI_GEMINI_MODEL:       aigwi_gemini_read_model(r); break;
    case AIGWI_GEMINI_LABELS:
        r->req->metadata_at = aigw_json_at(j);
        aigwi_gemini_object(j, &r->req->metadata);
        break;
    default: aigwi_dialect_add_raw(r->mem, r->req, j);
    }
}

/* systemInstruction stands before the messages wherever it comes in the body. */
static void aigwi_gemini_read_system(aigwi_gemini_reader *r) {
    aigw_req *req = r->req;
    aigw_message *messages = req->messages, *last = req->last_message;
    req->messages = req->last_message = NULL;
    if (aigw_json_kind(&r->j) == AIGW_JSON_STRING) {           /* not in the reference; SDK wrappers send it, and the server's error would not help */
        aigwi_gemini_piece p;
        aigw_part *parts = NULL;
        memset(&p, 0, sizeof p);
        p.at = aigw_json_at(&r->j);
        if (!aigw_json_text(&r->j, &p.text) || !aigwi_gemini_take_part(r, &parts, &p)) return;
        aigwi_gemini_take_content(r, parts, AIGW_ROLE_SYSTEM, p.at);
    } else aigwi_gemini_read_content(r, 1);
    if (!messages) return;
    if (req->last_message) req->last_message->next = messages;
    else req->messages = messages;
    req->last_message = last;
}

static void aigwi_gemini_read_request(aigwi_gemini_reader *r) {
    uint64_t seen = 0, inner = 0;
    int f;
    for (aigw_json_object(&r->j); (f = aigw_json_field(&r->j, aigwi_gemini_request, AIGWI_GEMINI_REQUEST, &seen)) >= 0; ) {
        if (f == AIGWI_GEMINI_SYSTEM && !aigw_json_null(&r->j)) aigwi_gemini_read_system(r);
        else if (f != AIGWI_GEMINI_NESTED || r->req->op != AIGW_OP_COUNT_TOKENS || aigw_json_null(&r->j)) aigwi_gemini_read_member(r, f);
        else for (aigw_json_object(&r->j); (f = aigw_json_field(&r->j, aigwi_gemini_request, AIGWI_GEMINI_NESTED, &inner)) >= 0; ) {
            if (f == AIGWI_GEMINI_SYSTEM && !aigw_json_null(&r->j)) aigwi_gemini_read_system(r);
            else aigwi_gemini_read_member(r, f == AIGWI_GEMINI_NESTED ? (int)AIGWI_GEMINI_REQUEST : f);
        }
    }
}

/* The thoughts from `first` (in message `m`) up to the part `end`, decoded, as one text of at most `room` bytes. 1,
   or 0 without memory. */
static int aigwi_gemini_concat(aigw_arena *mem, const aigw_message *m, const aigw_part *first, const aigw_part *end, size_t room, aigw_text *text) {
    char *joined = (char *)aigw_base_take(mem, room, 1, 1);
    const aigw_part *p = first;
    size_t n = 0;
    aigw_str s;
    if (!joined) return 0;
    while (p != end) {
        if (!aigwi_dialect_plain(p->text, mem, &s)) return 0;
        if (s.n) memcpy(joined + n, s.p, s.n);
        n += s.n;
        for (p = p->next; !p && m->next; ) {
            m = m->next;
            p = m->parts;
        }
    }
    *text = aigwi_dialect_text(aigwi_dialect_slice(joined, n), AIGW_TEXT_PLAIN);
    return 1;
}

/* google-genai sends a streamed turn back as it came: one content per chunk, and another provider's signature as a
   last part without text (see late_state). That signature is of the whole thought, so the thoughts before it become
   one part again, in the place of the first. */
static void aigwi_gemini_join_thoughts(aigwi_gemini_reader *r) {
    aigw_message *m, *first_m = NULL, *q, *kept = NULL;
    aigw_part *first = NULL, **slot, *p;
    size_t room = 0;
    for (m = r->req->messages; m; m = m->next) {
        if (m->role != AIGW_ROLE_ASSISTANT) first = NULL;
        for (slot = &m->parts; (p = *slot) != NULL; slot = &p->next) {
            int thought = p->kind == AIGW_PART_REASONING;
            if (thought && !p->state) {
                if (!first) room = 0;
                if (!first) first_m = m;
                if (!first) first = p;
                room += p->text.n;
                continue;
            }
            if (first && thought && !p->text.n && !aigw_base_eq(p->state->owner, aigwi_gemini_me)) {
                if (!aigwi_gemini_concat(r->mem, first_m, first, p, room, &first->text)) {
                    aigwi_gemini_no_memory(&r->j);
                    return;
                }
                first->state = p->state;
                for (q = first_m->next; first_m != m && q != m; q = q->next) q->parts = NULL;
                first->next = first_m == m ? p->next : NULL;
                if (first_m != m) m->parts = p->next;
            }
            first = NULL;
        }
    }
    for (m = r->req->messages; m; m = m->next) {               /* contents of which nothing is left */
        if (m->parts || !kept) kept = m;
        else kept->next = m->next;
    }
    r->req->last_message = kept;
}

static int aigwi_gemini_req_decode(const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_req *req, aigw_fault *fault) {
    aigwi_gemini_route route = aigwi_gemini_path(head);
    aigwi_gemini_reader r;
    aigw_message *m;
    aigw_part *p;
    memset(req, 0, sizeof *req);
    memset(&r, 0, sizeof r);
    req->op = route.op ? route.op : (uint8_t)AIGW_OP_CHAT;     /* a bare body is a chat */
    req->array = route.array;
    req->dialect = aigwi_gemini_me;
    req->body = body;
    req->head = head;
    req->model_at = AIGW_NOWHERE;
    req->model = aigwi_gemini_unescape(route.model, mem);
    req->param[AIGW_P_STREAM].has = route.stream;
    req->param[AIGW_P_STREAM].micro = route.stream;
    req->param[AIGW_P_STREAM].at = AIGW_NOWHERE;
    if (req->op == AIGW_OP_MODELS) return AIGW_OK;
    aigw_json_init(&r.j, body);
    r.j.loose = 1;
    r.mem = mem;
    r.req = req;
    if (req->model.n && !req->model.p) aigwi_gemini_no_memory(&r.j);
    if (req->op == AIGW_OP_EMBED) aigw_json_fail(&r.j, AIGW_E_UNSUPPORTED, 0, "embeddings are not served here");
    aigwi_gemini_read_request(&r);
    aigw_json_end(&r.j);
    if (!r.j.err && !req->messages) aigw_json_fail(&r.j, AIGW_E_MISSING, 0, "contents is required");
    if (req->format.schema.n) req->format.kind = AIGW_FORMAT_SCHEMA;
    else if (r.json_mime) req->format.kind = AIGW_FORMAT_JSON;
    req->format.strict = -1;
    if (!r.j.err && r.tagged) aigwi_gemini_join_thoughts(&r);
    for (m = r.results ? req->messages : NULL; m; m = m->next)
        for (p = m->parts; p; p = p->next)
            if (p->kind == AIGW_PART_TOOL_CALL) p->source = 0;
    return aigw_json_fault(&r.j, fault);
}

/* ---- requests, written */

typedef struct {
    const aigw_req    *req;
    const aigw_target *to;
    aigw_arena        *mem;
    aigw_out          *out;
    aigw_loss         *loss;
    int                err;
    const aigw_message *model_turn;    /* the last message of the model before the one being written */
    aigwi_dialect_calls calls;
    const aigw_message *current;       /* first message of the current turn: after the last one of the user */
    uint8_t            open, signs;    /* a content is open; a call of this model turn has a signature, or the stand-in */
    const char        *role;           /* of the content to be opened by the next part */
} aigwi_gemini_writer;

static void aigwi_gemini_lose(aigwi_gemini_writer *w, size_t at, const char *tail, int action, const char *reason) {
    int r = aigw_model_loss_at(w->loss, at, tail, action, reason);
    if (r && w->err != AIGW_E_NOMEM) w->err = r;
}
/* The same at a member's own place where it is known. */
static void aigwi_gemini_lose_member(aigwi_gemini_writer *w, size_t at, size_t whole, int action, const char *reason) {
    aigwi_gemini_lose(w, at ? at : whole, "", action, reason);
}

static void aigwi_gemini_close_content(aigwi_gemini_writer *w) {
    if (!w->open) return;
    aigw_json_close(w->out, ']');
    aigw_json_close(w->out, '}');
    w->open = 0;
}

/* Begin a part, and the content around it when none is open. */
static void aigwi_gemini_begin(aigwi_gemini_writer *w) {
    if (!w->open) {
        aigw_json_open(w->out, '{');
        if (w->role) {
            aigw_json_key(w->out, "role");
            aigw_json_put_str(w->out, aigw_base_str(w->role));
        }
        aigw_json_key(w->out, "parts");
        aigw_json_open(w->out, '[');
        w->open = 1;
    }
    aigw_json_open(w->out, '{');
}

/* Is `made` (what an answer called itself) the model `id`? Providers add a date or a release to the name that was
   asked for. */
static int aigwi_gemini_same_model(aigw_str made, aigw_str id) {
    size_t i;
    if (!made.n) return 1;
    for (i = id.n; i && id.p[i - 1] != '/'; i--) {}
    id = i ? aigwi_dialect_slice(id.p + i, id.n - i) : id;
    for (i = made.n; i && made.p[i - 1] != '/'; i--) {}
    made = aigwi_dialect_slice(made.p + i, made.n - i);
    if (aigw_base_eq(made, id)) return 1;
    if (made.n < id.n + 2 || memcmp(made.p, id.p, id.n) || made.p[id.n] != '-') return 0;
    made = aigwi_dialect_slice(made.p + id.n + 1, made.n - id.n - 1);
    return (made.p[0] >= '0' && made.p[0] <= '9') || (made.n >= 7 && !memcmp(made.p, "preview", 7)) || (made.n >= 3 && !memcmp(made.p, "exp", 3));
}

static int aigwi_gemini_own_state(const aigwi_gemini_writer *w, const aigw_part *p) {
    return p->state && p->state->kind == AIGW_OPAQUE_SIGNATURE && aigw_base_eq(p->state->owner, aigwi_gemini_me) &&
           aigwi_gemini_same_model(p->state->model, w->to->id);
}

/* Signature of the part being written: its own; or, on the first call of a model turn that the server checks and that
   never had one, the value that makes it skip the check (7.3; only the current turn is checked, and only from Gemini
   3 on). */
static void aigwi_gemini_put_state(aigwi_gemini_writer *w, const aigw_part *p) {
    if (aigwi_gemini_own_state(w, p)) {
        aigw_json_key(w->out, "thoughtSignature");
        aigw_json_put_text(w->out, p->state->data);
        w->signs |= p->kind == AIGW_PART_TOOL_CALL;
        return;
    }
    if (p->state) aigwi_gemini_lose_member(w, p->state->at, p->at, AIGW_LOSS_DROPPED, "the state of another provider or model means nothing here");
    if (p->kind != AIGW_PART_TOOL_CALL || w->signs || !w->current || !(w->to->can & AIGW_CAN(LEVEL_THINKING))) return;
    aigw_json_key(w->out, "thoughtSignature");
    aigw_json_put_str(w->out, aigw_base_str("skip_thought_signature_validator"));
    w->signs = 1;
    aigwi_gemini_lose(w, AIGW_NOWHERE, "thoughtSignature", AIGW_LOSS_SYNTHESIZED, "the call had no signature that this model knows, and the model asks for one");
}

static aigw_str aigwi_gemini_guess_mime(const aigw_part *p) {
    static const struct { aigw_str end, mime; } rows[] = {
        { AIGW_STR(".png"), AIGW_STR("image/png") }, { AIGW_STR(".jpg"), AIGW_STR("image/jpeg") }, { AIGW_STR(".jpeg"), AIGW_STR("image/jpeg") },
        { AIGW_STR(".gif"), AIGW_STR("image/gif") }, { AIGW_STR(".webp"), AIGW_STR("image/webp") }, { AIGW_STR(".pdf"), AIGW_STR("application/pdf") },
        { AIGW_STR(".mp3"), AIGW_STR("audio/mp3") }, { AIGW_STR(".wav"), AIGW_STR("audio/wav") }, { AIGW_STR(".mp4"), AIGW_STR("video/mp4") }
    };
    static const aigw_str by_kind[] = { AIGW_STR("image/jpeg"), AIGW_STR("audio/wav"), AIGW_STR("application/pdf") };
    aigw_str url = p->source == AIGW_SOURCE_FILE ? p->id : aigwi_dialect_slice(p->text.p, p->text.n);
    size_t i, n;
    if (p->mime.n) return p->mime;
    for (n = 0; p->source != AIGW_SOURCE_BYTES && n < url.n && url.p[n] != '?' && url.p[n] != '#'; n++) {}
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (n > rows[i].end.n && aigw_base_eq_nocase(aigwi_dialect_slice(url.p + n - rows[i].end.n, rows[i].end.n), rows[i].end)) return rows[i].mime;
    return by_kind[p->kind == AIGW_PART_IMAGE ? 0 : p->kind == AIGW_PART_AUDIO ? 1 : 2];
}

/* What this model cannot take, or NULL. */
static const char *aigwi_gemini_media_fault(const aigwi_gemini_writer *w, const aigw_part *p, aigw_str mime) {
    uint32_t no = w->to->no;
    if (p->source == AIGW_SOURCE_FILE && !aigw_base_eq(w->req->dialect, aigwi_gemini_me)) return "the file is in another provider's store";
    if (p->kind == AIGW_PART_IMAGE && (no & AIGW_CAN(VISION))) return "the model takes no images";
    if (p->kind == AIGW_PART_AUDIO && (no & AIGW_CAN(AUDIO_IN))) return "the model takes no audio";
    if (mime.n > 6 && !memcmp(mime.p, "video/", 6) && (no & AIGW_CAN(VIDEO_IN))) return "the model takes no video";
    if (mime.n > 4 && aigwi_gemini_ends(mime, aigw_base_str("/pdf")) && (no & AIGW_CAN(PDF))) return "the model takes no PDF";
    return NULL;
}

/* Image, audio or file as the members of a part that `begin` opens: 1 when it was written. */
static int aigwi_gemini_put_media(aigwi_gemini_writer *w, const aigw_part *p, void (*begin)(aigwi_gemini_writer *)) {
    aigw_str mime = aigwi_gemini_guess_mime(p);
    const char *fault;
    if (p->detail.n) aigwi_gemini_lose_member(w, p->detail_at, p->at, AIGW_LOSS_DROPPED, "mediaResolution holds for the whole request, not for one image");
    if (p->source == AIGW_SOURCE_TEXT) {
        if (p->name.n) aigwi_gemini_lose(w, p->at, "", AIGW_LOSS_APPROXIMATED, "a text document is plain text, without its title");
        begin(w);
        aigw_json_key(w->out, "text");
        aigw_json_put_text(w->out, p->text);
        return 1;
    }
    fault = aigwi_gemini_media_fault(w, p, mime);
    if (fault) {
        aigwi_gemini_lose(w, p->at, "", AIGW_LOSS_REFUSED, fault);
        return 0;
    }
    begin(w);
    aigw_json_key(w->out, p->source == AIGW_SOURCE_BYTES ? "inlineData" : "fileData");
    aigw_json_open(w->out, '{');
    aigw_json_key(w->out, "mimeType");
    aigw_json_put_str(w->out, mime);
    aigw_json_key(w->out, p->source == AIGW_SOURCE_BYTES ? "data" : "fileUri");
    if (p->source == AIGW_SOURCE_FILE) aigw_json_put_str(w->out, p->id);
    else aigw_json_put_text(w->out, p->text);
    if (p->name.n) {
        aigw_json_key(w->out, "displayName");
        aigw_json_put_str(w->out, p->name);
    }
    aigw_json_close(w->out, '}');
    return 1;
}

static void aigwi_gemini_put_call(aigwi_gemini_writer *w, const aigw_part *p) {
    int r = AIGW_OK;
    aigwi_gemini_begin(w);
    aigw_json_key(w->out, "functionCall");
    aigw_json_open(w->out, '{');
    if (!p->no_id && p->id.n) {
        aigw_json_key(w->out, "id");
        aigw_json_put_str(w->out, p->id);
    }
    aigw_json_key(w->out, "name");
    aigw_json_put_str(w->out, p->name);
    aigw_json_key(w->out, "args");
    if (p->custom) {
        aigw_json_open(w->out, '{');
        aigw_json_key(w->out, "input");
        aigw_json_put_text(w->out, p->text);
        aigw_json_close(w->out, '}');
    } else r = aigwi_dialect_put_args(w->out, p->text, w->mem, w->loss, p->at);
    if (r && w->err != AIGW_E_NOMEM) w->err = r;
    aigw_json_close(w->out, '}');
    aigwi_gemini_put_state(w, p);
    aigw_json_close(w->out, '}');
}

/* The words of a result as an object: a JSON object as it is (unless it would be read back as one of our own two),
   else {"output": text} or {"error": text}. */
static void aigwi_gemini_put_response(aigwi_gemini_writer *w, const aigw_part *p) {
    const aigw_part *one = NULL, *q;
    aigw_text text;
    aigw_str s;
    int texts = 0, is_error;
    for (q = p->parts; q; q = q->next)
        if (q->kind == AIGW_PART_TEXT && !texts++) one = q;
    if (texts == 1 && !p->is_error) {
        if (!aigwi_dialect_plain(one->text, w->mem, &s)) w->err = AIGW_E_NOMEM;
        else if (s.n > 1 && !aigw_json_check(s, AIGW_JSON_OBJECT) && !aigwi_gemini_unwrap(s, &text, &is_error)) {
            aigw_json_put_raw(w->out, s);
            return;
        }
    }
    aigw_json_open(w->out, '{');
    aigw_json_key(w->out, p->is_error ? "error" : "output");
    aigw_json_open_str(w->out);
    for (q = p->parts; q; q = q->next) {
        if (q->kind != AIGW_PART_TEXT) continue;
        if (q != one) {
            aigw_base_put_lit(w->out, "\\n");
            aigwi_gemini_lose(w, q->at, "", AIGW_LOSS_APPROXIMATED, "the texts of a result become one");
        }
        aigw_json_part(w->out, q->text);
    }
    aigw_json_close_str(w->out);
    aigw_json_close(w->out, '}');
}

static void aigwi_gemini_begin_inner(aigwi_gemini_writer *w) { aigw_json_open(w->out, '{'); }

static void aigwi_gemini_put_result(aigwi_gemini_writer *w, const aigw_part *p) {
    aigw_str name = p->name.n ? p->name : aigwi_dialect_call_name(w->req, w->model_turn, p->id, &w->calls);
    const aigw_part *q;
    int media = 0;
    if (!name.n) {
        name = p->id;
        aigwi_gemini_lose(w, p->at, "", AIGW_LOSS_APPROXIMATED, "no call has this id, so that its function name is unknown: the id stands for it");
    }
    aigwi_gemini_begin(w);
    aigw_json_key(w->out, "functionResponse");
    aigw_json_open(w->out, '{');
    if (!p->no_id && p->id.n) {
        aigw_json_key(w->out, "id");
        aigw_json_put_str(w->out, p->id);
    }
    aigw_json_key(w->out, "name");
    aigw_json_put_str(w->out, name);
    aigw_json_key(w->out, "response");
    aigwi_gemini_put_response(w, p);
    for (q = p->parts; q; q = q->next) {
        if (q->cache_ttl_s) aigwi_gemini_lose_member(w, q->cache_at, q->at, AIGW_LOSS_DROPPED, "Gemini caches by resource, not by marks");
        if (q->kind == AIGW_PART_TEXT) continue;
        if (q->kind > AIGW_PART_FILE) {
            aigwi_gemini_lose(w, q->at, "", AIGW_LOSS_DROPPED, "a result holds text and media only");
            continue;
        }
        if (!media++) {
            aigw_json_key(w->out, "parts");
            aigw_json_open(w->out, '[');
        }
        if (aigwi_gemini_put_media(w, q, aigwi_gemini_begin_inner)) aigw_json_close(w->out, '}');
    }
    if (media) aigw_json_close(w->out, ']');
    aigw_json_close(w->out, '}');
    aigwi_gemini_put_state(w, p);
    aigw_json_close(w->out, '}');
}

static void aigwi_gemini_put_words(aigwi_gemini_writer *w, const aigw_part *p) {
    aigwi_gemini_begin(w);
    aigw_json_key(w->out, "text");
    aigw_json_put_text(w->out, p->text);
    if (p->kind == AIGW_PART_REASONING) {
        aigw_json_key(w->out, "thought");
        aigw_json_put_bool(w->out, 1);
    }
    aigwi_gemini_put_state(w, p);
    aigw_json_close(w->out, '}');
}

static void aigwi_gemini_put_part(aigwi_gemini_writer *w, const aigw_part *p) {
    const aigw_note *note;
    if (p->cache_ttl_s) aigwi_gemini_lose_member(w, p->cache_at, p->at, AIGW_LOSS_DROPPED, "Gemini caches by resource, not by marks");
    for (note = p->notes; note; note = note->next) aigwi_gemini_lose(w, note->at, "", AIGW_LOSS_DROPPED, "a request's parts carry no remarks");
    switch (p->kind) {
    case AIGW_PART_REFUSAL:
        aigwi_gemini_lose(w, p->at, "", AIGW_LOSS_APPROXIMATED, "a refusal in the history is text");
        aigwi_gemini_put_words(w, p);
        break;
    case AIGW_PART_TEXT:
        aigwi_gemini_put_words(w, p);
        break;
    case AIGW_PART_REASONING:
        if (p->text.n || aigwi_gemini_own_state(w, p)) aigwi_gemini_put_words(w, p);
        else if (p->state) aigwi_gemini_lose_member(w, p->state->at, p->at, AIGW_LOSS_DROPPED, "the state of another provider or model means nothing here");
        break;
    case AIGW_PART_IMAGE: case AIGW_PART_AUDIO: case AIGW_PART_FILE:
        if (!aigwi_gemini_put_media(w, p, aigwi_gemini_begin)) break;
        aigwi_gemini_put_state(w, p);
        aigw_json_close(w->out, '}');
        break;
    case AIGW_PART_TOOL_CALL:   aigwi_gemini_put_call(w, p); break;
    case AIGW_PART_TOOL_RESULT: aigwi_gemini_put_result(w, p); break;
    default:
        if (!aigw_base_eq(p->name, aigwi_gemini_me) || p->text.form != AIGW_TEXT_JSON || p->text.n < 2) {
            aigwi_gemini_lose(w, p->at, "", AIGW_LOSS_DROPPED, "only its own dialect knows this part");
            break;
        }
        aigwi_gemini_begin(w);                                 /* the raw part without its opening brace */
        aigw_json_put_raw(w->out, aigwi_dialect_slice(p->text.p + 1, p->text.n - 1));
    }
}

static int aigwi_gemini_is_system(const aigw_message *m) { return m->role == AIGW_ROLE_SYSTEM || m->role == AIGW_ROLE_DEVELOPER; }

/* The first message that is no leading system text. When there is nothing else the last system message is it: Gemini
   wants contents. */
static const aigw_message *aigwi_gemini_first(const aigw_req *req) {
    const aigw_message *m = req->messages, *last = NULL;
    for (; m && aigwi_gemini_is_system(m); m = m->next) last = m;
    return m ? m : last;
}

/* May m's parts go on in the content of `before`? Results of one turn belong together; what one message of the source
   was split into comes together again; a call must not follow a content of the model's own (400 "function call
   turn"). */
static int aigwi_gemini_joins(const aigw_message *before, const aigw_message *m) {
    int model = before->role == AIGW_ROLE_ASSISTANT;
    const aigw_part *p;
    if (model != (m->role == AIGW_ROLE_ASSISTANT)) return 0;
    if (before->at == m->at && m->at != AIGW_NOWHERE) return 1;
    if (before->role == AIGW_ROLE_TOOL && m->role == AIGW_ROLE_TOOL) return 1;
    for (p = model ? m->parts : NULL; p; p = p->next)
        if (p->kind == AIGW_PART_TOOL_CALL) return 1;
    return 0;
}

static void aigwi_gemini_put_contents(aigwi_gemini_writer *w) {
    const aigw_message *first = aigwi_gemini_first(w->req), *m, *before = NULL, *turn = NULL;
    const aigw_part *p;
    for (m = first; m; m = m->next)
        if (m->role == AIGW_ROLE_USER) turn = m;
    aigw_json_key(w->out, "contents");
    aigw_json_open(w->out, '[');
    for (m = first; m; before = m, m = m->next) {
        if (!before || !aigwi_gemini_joins(before, m)) {
            aigwi_gemini_close_content(w);
            w->signs = 0;
        }
        w->role = m->role == AIGW_ROLE_ASSISTANT ? "model" : "user";
        if (m->role == AIGW_ROLE_ASSISTANT) w->model_turn = m;
        if (m->name.n) aigwi_gemini_lose(w, m->at, ".name", AIGW_LOSS_DROPPED, "Gemini has no participant names");
        if (aigwi_gemini_is_system(m)) aigwi_gemini_lose(w, m->at, "", AIGW_LOSS_APPROXIMATED, "a system message among the others becomes the user's text");
        if (before == turn || !turn) w->current = m;
        for (p = m->parts; p; p = p->next) aigwi_gemini_put_part(w, p);
    }
    aigwi_gemini_close_content(w);
    aigw_json_close(w->out, ']');
}

static void aigwi_gemini_put_system(aigwi_gemini_writer *w) {
    const aigw_message *first = aigwi_gemini_first(w->req), *m;
    const aigw_part *p;
    if (w->req->messages == first) return;
    aigw_json_key(w->out, "systemInstruction");
    w->role = NULL;
    for (m = w->req->messages; m != first; m = m->next) {
        if (m->name.n) aigwi_gemini_lose(w, m->at, ".name", AIGW_LOSS_DROPPED, "Gemini has no participant names");
        for (p = m->parts; p; p = p->next) aigwi_gemini_put_part(w, p);
    }
    if (!w->open) aigw_json_put_raw(w->out, aigw_base_str("{\"parts\":[]}"));
    aigwi_gemini_close_content(w);
}

static void aigwi_gemini_put_declaration(aigwi_gemini_writer *w, const aigw_tool *t) {
    aigw_json_open(w->out, '{');
    aigw_json_key(w->out, "name");
    aigw_json_put_str(w->out, t->name);
    if (t->description.n) {
        aigw_json_key(w->out, "description");
        aigw_json_put_text(w->out, t->description);
    }
    if (t->kind == AIGW_TOOL_CUSTOM) {                         /* free text as a function with one string (26.3) */
        if (t->schema.n) aigwi_gemini_lose(w, t->at, "", AIGW_LOSS_APPROXIMATED, "the grammar of a free-text tool is left out");
        aigw_json_key(w->out, "parametersJsonSchema");
        aigw_json_put_raw(w->out, aigw_base_str("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}"));
    } else if (t->schema.n) {
        aigw_json_key(w->out, t->openapi ? "parameters" : "parametersJsonSchema");
        aigw_json_put_raw(w->out, t->schema);
    }
    aigw_json_close(w->out, '}');
}

/* 1 functions; 2 the tools that Google runs; 0 nothing to write. */
static int aigwi_gemini_tool_sort(const aigwi_gemini_writer *w, const aigw_tool *t) {
    if (t->kind != AIGW_TOOL_HOSTED) return 1;
    return aigw_base_eq(w->req->dialect, aigwi_gemini_me) ? 2 : 0;
}

static void aigwi_gemini_put_declarations(aigwi_gemini_writer *w, const aigw_tool *t) {
    aigw_json_open(w->out, '[');
    for (; t; t = t->next)
        if (aigwi_gemini_tool_sort(w, t) == 1) aigwi_gemini_put_declaration(w, t);
    aigw_json_close(w->out, ']');
}

static void aigwi_gemini_put_tools(aigwi_gemini_writer *w) {
    const aigw_tool *t;
    int functions = 0, any = 0;
    for (t = w->req->tools; t; t = t->next) {
        int sort = aigwi_gemini_tool_sort(w, t);
        functions |= sort == 1;
        any |= sort;
        if (t->cache_ttl_s) aigwi_gemini_lose_member(w, t->cache_at, t->at, AIGW_LOSS_DROPPED, "Gemini caches by resource, not by marks");
        if (!sort) aigwi_gemini_lose(w, t->at, "", AIGW_LOSS_REFUSED, "this tool is run by another provider");
        else if (w->to->no & AIGW_CAN(TOOLS)) aigwi_gemini_lose(w, t->at, "", AIGW_LOSS_REFUSED, "the model takes no tools");
    }
    if (!any) return;
    aigw_json_key(w->out, "tools");
    aigw_json_open(w->out, '[');
    for (t = w->req->tools; t; t = t->next) {
        int sort = aigwi_gemini_tool_sort(w, t);
        if (!sort || (sort == 1 && !functions)) continue;
        aigw_json_open(w->out, '{');
        aigw_json_key_str(w->out, sort == 1 ? aigw_base_str("functionDeclarations") : t->name);
        if (sort == 2) aigw_json_put_raw(w->out, t->schema);
        else aigwi_gemini_put_declarations(w, t);
        aigw_json_close(w->out, '}');
        if (sort == 1) functions = 0;                          /* all of them are in the place of the first */
    }
    aigw_json_close(w->out, ']');
}

/* Mode and allowed names. There is no strict flag on a tool: VALIDATED holds for all of them (26.3). */
static void aigwi_gemini_put_choice(aigwi_gemini_writer *w) {
    static const char *const modes[] = { NULL, "AUTO", "NONE", "ANY", "ANY" };
    const aigw_req *req = w->req;
    const char *mode = modes[req->choice];
    const aigw_tool *t;
    const aigw_item *item;
    int strict = 0, loose = 0, functions = 0;
    for (t = req->tools; t; t = t->next) {
        if (t->kind == AIGW_TOOL_HOSTED) continue;
        functions++;
        if (t->strict == 1) strict++;
        else loose++;
    }
    if (req->choice <= AIGW_CHOICE_AUTO && (strict || (req->choice_names && mode) || req->choice_checked)) mode = "VALIDATED";
    if (mode && strict && loose && req->choice <= AIGW_CHOICE_AUTO)
        for (t = req->tools; t; t = t->next)
            if (t->strict == 1) aigwi_gemini_lose_member(w, t->strict_at, t->at, AIGW_LOSS_APPROXIMATED, "strict holds for all functions or for none");
    if (!mode) return;
    if (!functions && req->choice != AIGW_CHOICE_UNSET) {
        aigwi_gemini_lose(w, req->choice_at, "", AIGW_LOSS_DROPPED, "there is no function to choose");
        return;
    }
    if (req->choice >= AIGW_CHOICE_REQUIRED && (w->to->no & (AIGW_CAN(FORCED_TOOLS) | AIGW_CAN(TOOL_CHOICE))))
        aigwi_gemini_lose(w, req->choice_at, "", AIGW_LOSS_REFUSED, "the model cannot be made to call a tool");
    aigw_json_key(w->out, "toolConfig");
    aigw_json_open(w->out, '{');
    aigw_json_key(w->out, "functionCallingConfig");
    aigw_json_open(w->out, '{');
    aigw_json_key(w->out, "mode");
    aigw_json_put_str(w->out, aigw_base_str(mode));
    if (req->choice_names && req->choice != AIGW_CHOICE_NONE) {
        aigw_json_key(w->out, "allowedFunctionNames");
        aigw_json_open(w->out, '[');
        for (item = req->choice_names; item; item = item->next) aigw_json_put_text(w->out, item->text);
        aigw_json_close(w->out, ']');
    }
    aigw_json_close(w->out, '}');
    aigw_json_close(w->out, '}');
}

static const aigwi_dialect_row aigwi_gemini_rows[] = {          /* 7.2, 26.5, 26.6 */
    { AIGW_P_TEMPERATURE,       AIGWI_CLAMP,  "temperature",      0,        2000000,  "Gemini's temperature is 0 to 2" },
    { AIGW_P_TOP_P,             AIGWI_CLAMP,  "topP",             0,        1000000,  "Gemini's topP is 0 to 1" },
    { AIGW_P_TOP_K,             AIGWI_KEEP,   "topK",             0,        0,        "" },
    { AIGW_P_N,                 AIGWI_REFUSE, "candidateCount",   1000000,  8000000,  "Gemini gives at most 8 candidates" },
    { AIGW_P_MAX_OUTPUT,        AIGWI_KEEP,   "maxOutputTokens",  0,        0,        "" },
    { AIGW_P_PRESENCE_PENALTY,  AIGWI_CLAMP,  "presencePenalty",  -2000000, 2000000,  "Gemini's presencePenalty is -2 to 2" },
    { AIGW_P_FREQUENCY_PENALTY, AIGWI_CLAMP,  "frequencyPenalty", -2000000, 2000000,  "Gemini's frequencyPenalty is -2 to 2" },
    { AIGW_P_SEED,              AIGWI_DROP,   "seed",             INT64_C(-2147483648) * 1000000, INT64_C(2147483647) * 1000000, "Gemini's seed has 32 bits" },
    { AIGW_P_LOGPROBS,          AIGWI_KEEP,   "responseLogprobs", 0,        0,        "" },
    { AIGW_P_TOP_LOGPROBS,      AIGWI_CLAMP,  "logprobs",         0,        20000000, "Gemini gives at most 20 alternatives" }
};

/* Effort words in order, with Gemini's level and budget (26.7). */
static const struct { aigw_str word; const char *level; int32_t budget; } aigwi_gemini_efforts[] = {
    { AIGW_STR("none"),   "MINIMAL", 0 },    { AIGW_STR("minimal"), "MINIMAL", 512 },  { AIGW_STR("low"),   "LOW",   1024 },
    { AIGW_STR("medium"), "MEDIUM", 8192 },  { AIGW_STR("high"),    "HIGH", 24576 },   { AIGW_STR("xhigh"), "XHIGH", 32768 },
    { AIGW_STR("max"),    "XHIGH", 32768 }
};
enum { AIGWI_GEMINI_EFFORTS = 7 };

/* 1 when the space-separated list holds the word. */
static int aigwi_gemini_listed(aigw_str list, aigw_str word) {
    size_t i = 0, k;
    for (; i < list.n; i = k + 1) {
        for (k = i; k < list.n && list.p[k] != ' '; k++) {}
        if (aigw_base_eq(aigwi_dialect_slice(list.p + i, k - i), word)) return 1;
    }
    return 0;
}

/* The effort nearest to `e` that the model takes, the lower one first. */
static int aigwi_gemini_nearest(const aigw_target *to, int e) {
    int d;
    if (!to->efforts.n) return e;
    for (d = 0; d < AIGWI_GEMINI_EFFORTS; d++) {
        if (e - d >= 0 && aigwi_gemini_listed(to->efforts, aigwi_gemini_efforts[e - d].word)) return e - d;
        if (e + d < AIGWI_GEMINI_EFFORTS && aigwi_gemini_listed(to->efforts, aigwi_gemini_efforts[e + d].word)) return e + d;
    }
    return e;
}

/* What of thinking goes out. */
typedef struct { int8_t show; const char *level; aigw_str budget; int32_t tokens; uint8_t has_budget; } aigwi_gemini_thinking;

static void aigwi_gemini_think_effort(aigwi_gemini_writer *w, int e, size_t at, aigwi_gemini_thinking *t) {
    int use, levels = !(w->to->can & AIGW_CAN(BUDGET_THINKING)) || (w->to->can & AIGW_CAN(LEVEL_THINKING));
    if (!levels || (!e && (w->to->can & AIGW_CAN(BUDGET_THINKING)) && !(w->to->no & AIGW_CAN(THINKING_OFF)))) {
        t->has_budget = 1;
        t->tokens = aigwi_gemini_efforts[e].budget;
        if (!t->tokens && (w->to->no & AIGW_CAN(THINKING_OFF))) t->tokens = 128;
        if (e) aigwi_gemini_lose(w, at, "", AIGW_LOSS_APPROXIMATED, "the model takes a number of tokens, not a word");
        else if (t->tokens) aigwi_gemini_lose(w, at, "", AIGW_LOSS_APPROXIMATED, "the model cannot stop thinking: the least that it takes");
        return;
    }
    use = aigwi_gemini_nearest(w->to, e);
    if (use == e && !e) use = aigwi_gemini_nearest(w->to, 1);
    t->level = aigwi_gemini_efforts[use].level;
    if (!e) aigwi_gemini_lose(w, at, "", AIGW_LOSS_APPROXIMATED, "levels of thinking cannot be off: the lowest");
    else if (use != e || e == AIGWI_GEMINI_EFFORTS - 1) aigwi_gemini_lose(w, at, "", AIGW_LOSS_APPROXIMATED, "the model has not this level of thinking: the nearest");
}

static void aigwi_gemini_think_budget(aigwi_gemini_writer *w, const aigw_param *budget, aigwi_gemini_thinking *t) {
    int e = 0;
    if (!(w->to->can & AIGW_CAN(LEVEL_THINKING)) || (w->to->can & AIGW_CAN(BUDGET_THINKING))) {
        t->has_budget = 1;
        t->budget = budget->raw;
        return;
    }
    if (budget->micro < 0) {
        aigwi_gemini_lose(w, budget->at, "", AIGW_LOSS_DROPPED, "this model always decides for itself how much to think");
        return;
    }
    while (e + 1 < AIGWI_GEMINI_EFFORTS - 1 &&                  /* the nearest step */
           budget->micro > ((int64_t)aigwi_gemini_efforts[e].budget + aigwi_gemini_efforts[e + 1].budget) * 500000) e++;
    t->level = aigwi_gemini_efforts[aigwi_gemini_nearest(w->to, e ? e : 1)].level;
    aigwi_gemini_lose(w, budget->at, "", AIGW_LOSS_APPROXIMATED, "the model takes a level of thinking, not a number of tokens: the nearest");
}

/* Decide; marks what it used or reported in *done. */
static aigwi_gemini_thinking aigwi_gemini_think(aigwi_gemini_writer *w, uint32_t *done) {
    static const aigw_str disabled = AIGW_STR("disabled"), between = AIGW_STR("between_tools");
    const aigw_param *effort = &w->req->param[AIGW_P_EFFORT], *mode = &w->req->param[AIGW_P_REASONING_MODE],
                     *budget = &w->req->param[AIGW_P_REASONING_BUDGET], *show = &w->req->param[AIGW_P_REASONING_SHOW];
    int off = mode->has && (aigw_base_eq(mode->raw, disabled) || aigw_base_eq(mode->raw, between)), e;
    aigwi_gemini_thinking t;
    memset(&t, 0, sizeof t);
    t.show = (int8_t)(show->has ? show->micro != 0 : -1);
    if (w->to->no & AIGW_CAN(REASONING)) {                      /* reported as dropped, all of it */
        t.show = -1;
        return t;
    }
    *done |= (uint32_t)1 << AIGW_P_REASONING_SHOW | (uint32_t)1 << AIGW_P_REASONING_MODE;
    if (off) aigwi_gemini_think_effort(w, 0, mode->at, &t);
    else if (mode->has && t.show < 0) t.show = 1;              /* who turns thinking on sees it */
    if (off) return t;
    if (budget->has) {
        *done |= (uint32_t)1 << AIGW_P_REASONING_BUDGET;
        aigwi_gemini_think_budget(w, budget, &t);
        return t;                                               /* an effort beside it is reported as dropped: both are an error there */
    }
    for (e = 0; effort->has && e < AIGWI_GEMINI_EFFORTS && !aigw_base_eq(effort->raw, aigwi_gemini_efforts[e].word); e++) {}
    if (!effort->has || e == AIGWI_GEMINI_EFFORTS) return t;
    *done |= (uint32_t)1 << AIGW_P_EFFORT;
    aigwi_gemini_think_effort(w, e, effort->at, &t);
    return t;
}

static void aigwi_gemini_put_thinking(aigwi_gemini_writer *w, const aigwi_gemini_thinking *t) {
    if (t->show < 0 && !t->level && !t->has_budget) return;
    aigw_json_key(w->out, "thinkingConfig");
    aigw_json_open(w->out, '{');
    if (t->show >= 0) {
        aigw_json_key(w->out, "includeThoughts");
        aigw_json_put_bool(w->out, t->show);
    }
    if (t->level) {
        aigw_json_key(w->out, "thinkingLevel");
        aigw_json_put_str(w->out, aigw_base_str(t->level));
    }
    if (t->has_budget) {
        aigw_json_key(w->out, "thinkingBudget");
        if (t->budget.n) aigw_json_put_raw(w->out, t->budget);
        else aigw_json_put_int(w->out, t->tokens);
    }
    aigw_json_close(w->out, '}');
}

static void aigwi_gemini_put_format(aigwi_gemini_writer *w) {
    const aigw_format *f = &w->req->format;
    if (f->kind == AIGW_FORMAT_TEXT) return;
    if (w->to->no & (f->kind == AIGW_FORMAT_SCHEMA ? AIGW_CAN(JSON_SCHEMA) : AIGW_CAN(JSON_OBJECT)))
        aigwi_gemini_lose(w, f->at, "", AIGW_LOSS_REFUSED, "the model cannot be held to this format");
    aigw_json_key(w->out, "responseMimeType");
    aigw_json_put_str(w->out, aigw_base_str("application/json"));
    if (f->kind != AIGW_FORMAT_SCHEMA) return;
    aigw_json_key(w->out, f->openapi ? "responseSchema" : "responseJsonSchema");
    aigw_json_put_raw(w->out, f->schema);
    if (f->name.n) aigwi_gemini_lose(w, f->name_at, "", AIGW_LOSS_DROPPED, "a schema has no name in Gemini");
    if (f->description.n) aigwi_gemini_lose(w, f->description_at, "", AIGW_LOSS_DROPPED, "a schema has no description of its own in Gemini");
    if (f->strict >= 0) aigwi_gemini_lose(w, f->strict_at, "", AIGW_LOSS_DROPPED, "Gemini always keeps to the schema");
}

static void aigwi_gemini_put_stop(aigwi_gemini_writer *w) {
    const aigw_item *item = w->req->stop;
    int n = 0;
    if (!item) return;
    if (w->to->no & AIGW_CAN(STOP)) {
        aigwi_gemini_lose(w, w->req->stop_at, "", AIGW_LOSS_DROPPED, "the model takes no stop strings");
        return;
    }
    aigw_json_key(w->out, "stopSequences");
    aigw_json_open(w->out, '[');
    for (; item; item = item->next)
        if (n++ < 5) aigw_json_put_text(w->out, item->text);
        else aigwi_gemini_lose(w, item->at, "", AIGW_LOSS_DROPPED, "Gemini takes 5 stop strings");
    aigw_json_close(w->out, ']');
}

static void aigwi_gemini_put_row(aigwi_gemini_writer *w, const aigwi_dialect_row *row, uint32_t *done) {
    const aigw_param *p = &w->req->param[row->id];
    uint32_t sampling = (uint32_t)1 << AIGW_P_TEMPERATURE | (uint32_t)1 << AIGW_P_TOP_P | (uint32_t)1 << AIGW_P_TOP_K;
    int r;
    if ((w->to->no & AIGW_CAN(SAMPLING)) && (sampling >> row->id & 1)) return;     /* reported as dropped */
    if (row->id == AIGW_P_MAX_OUTPUT) {
        if (w->to->no & AIGW_CAN(MAX_TOKENS)) return;
        if (p->has && w->to->max_output && p->micro / 1000000 > w->to->max_output) {
            *done |= (uint32_t)1 << row->id;
            aigw_json_key(w->out, row->name);
            aigw_json_put_int(w->out, w->to->max_output);
            aigwi_gemini_lose(w, p->at, "", AIGW_LOSS_APPROXIMATED, "more than the model can give: its own limit");
            return;
        }
    }
    r = aigwi_dialect_put_row(w->out, w->req, row, w->loss, done);
    if (r && w->err != AIGW_E_NOMEM) w->err = r;
}

static int aigwi_gemini_has_config(const aigwi_gemini_writer *w, const aigwi_gemini_thinking *t) {
    size_t i;
    for (i = 0; i < sizeof aigwi_gemini_rows / sizeof *aigwi_gemini_rows; i++)
        if (w->req->param[aigwi_gemini_rows[i].id].has) return 1;
    return w->req->stop || w->req->format.kind != AIGW_FORMAT_TEXT || t->show >= 0 || t->level || t->has_budget;
}

static void aigwi_gemini_put_config(aigwi_gemini_writer *w, uint32_t *done) {
    aigwi_gemini_thinking t = aigwi_gemini_think(w, done);
    size_t i;
    if (!aigwi_gemini_has_config(w, &t)) return;
    aigw_json_key(w->out, "generationConfig");
    aigw_json_open(w->out, '{');
    for (i = 0; i < sizeof aigwi_gemini_rows / sizeof *aigwi_gemini_rows; i++) aigwi_gemini_put_row(w, &aigwi_gemini_rows[i], done);
    aigwi_gemini_put_stop(w);
    aigwi_gemini_put_format(w);
    aigwi_gemini_put_thinking(w, &t);
    aigw_json_close(w->out, '}');
}

static void aigwi_gemini_put_body(aigwi_gemini_writer *w) {
    static const aigw_str mode = AIGW_STR("mode");
    const aigw_raw *raw;
    const aigw_param *parallel = &w->req->param[AIGW_P_PARALLEL];
    uint32_t done = 0;
    int r;
    aigwi_gemini_put_contents(w);
    aigwi_gemini_put_system(w);
    aigwi_gemini_put_tools(w);
    aigwi_gemini_put_choice(w);
    aigwi_gemini_put_config(w, &done);
    if (w->req->metadata.n) {
        aigw_json_key(w->out, "labels");
        aigw_json_put_raw(w->out, w->req->metadata);
    }
    if (parallel->has && parallel->micro) done |= (uint32_t)1 << AIGW_P_PARALLEL;      /* what Gemini does anyway */
    r = aigwi_dialect_drop_params(w->req, done, w->loss);
    if (r && w->err != AIGW_E_NOMEM) w->err = r;
    if (w->req->cache_ttl_s) aigwi_gemini_lose(w, w->req->cache_at, "", AIGW_LOSS_DROPPED, "Gemini caches by resource, not by marks");
    for (raw = w->req->raw; raw; raw = raw->next)
        if (!w->req->choice_checked || !aigw_base_eq(raw->name, mode)) aigwi_gemini_lose(w, raw->at, "", AIGW_LOSS_DROPPED, "only its own dialect knows this member");
}

/* Where a request goes: base, version unless the base names one, model, method. */
static aigw_str aigwi_gemini_write_target(const aigw_req *req, const aigw_target *to, aigw_arena *mem) {
    static const aigw_str models = AIGW_STR("models/"), tuned = AIGW_STR("tunedModels/"), projects = AIGW_STR("projects/"),
                          publishers = AIGW_STR("publishers/"), version = AIGW_STR("/v1"), plain = AIGW_STR("-._~/@:");
    size_t room = to->base.n + to->version.n + to->id.n * 3 + 64, i;
    char *p = (char *)aigw_base_take(mem, room, 1, 1);
    aigw_out out;
    aigw_base_out_init(&out, p, p ? room : 0, NULL, 0);
    aigw_base_put(&out, to->base);
    if (aigw_base_find(to->base, version, 0) == to->base.n) {
        aigw_base_put_byte(&out, '/');
        aigw_base_put(&out, to->version.n ? to->version : aigw_base_str("v1beta"));
    }
    aigw_base_put_byte(&out, '/');
    if (aigw_base_find(to->id, models, 0) && aigw_base_find(to->id, tuned, 0) && aigw_base_find(to->id, projects, 0) && aigw_base_find(to->id, publishers, 0))
        aigw_base_put(&out, models);
    for (i = 0; i < to->id.n; i++) {
        char c = to->id.p[i];
        int fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && aigw_base_find(plain, aigwi_dialect_slice(&c, 1), 0) < plain.n);
        if (fine) aigw_base_put_byte(&out, c);
        else {
            aigw_base_put_byte(&out, '%');
            aigw_base_put_byte(&out, "0123456789ABCDEF"[(unsigned char)c >> 4]);
            aigw_base_put_byte(&out, "0123456789ABCDEF"[(unsigned char)c & 15]);
        }
    }
    if (req->op == AIGW_OP_COUNT_TOKENS) aigw_base_put_lit(&out, ":countTokens");
    else aigw_base_put_lit(&out, req->param[AIGW_P_STREAM].has && req->param[AIGW_P_STREAM].micro ? ":streamGenerateContent?alt=sse" : ":generateContent");
    return aigwi_dialect_slice(p, p ? out.buf.n : 0);
}

static int aigwi_gemini_write_head(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head) {
    static const aigw_str post = AIGW_STR("POST"), type = AIGW_STR("content-type"), json = AIGW_STR("application/json");
    int r = aigwi_family_path(to, req->op, req->param[AIGW_P_STREAM].has && req->param[AIGW_P_STREAM].micro, to->version, mem, &head->target);
    head->method = post;
    if (r < 0) return r;
    if (!r) head->target = aigwi_gemini_write_target(req, to, mem);
    return head->target.n ? aigw_base_header_put(head, type, json) : AIGW_E_NOMEM;
}

static int aigwi_gemini_req_encode(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss) {
    aigwi_gemini_writer w;
    int r, nested;
    if (req->op != AIGW_OP_CHAT && req->op != AIGW_OP_COUNT_TOKENS) return AIGW_E_UNSUPPORTED;
    r = aigwi_gemini_write_head(req, to, mem, head);
    if (r) return r;
    memset(&w, 0, sizeof w);
    w.req = req;
    w.to = to;
    w.mem = mem;
    w.out = out;
    w.loss = loss;
    nested = req->op == AIGW_OP_COUNT_TOKENS && (req->messages != aigwi_gemini_first(req) || req->tools);   /* countTokens itself takes contents only */
    aigw_json_open(out, '{');
    if (nested) {
        aigw_json_key(out, "generateContentRequest");
        aigw_json_open(out, '{');
        aigw_json_key(out, "model");
        aigw_json_open_str(out);
        aigw_base_put_lit(out, "models/");
        aigw_json_part(out, aigwi_dialect_text(to->id, AIGW_TEXT_PLAIN));
        aigw_json_close_str(out);
    }
    if (req->op == AIGW_OP_COUNT_TOKENS && !nested) {
        aigwi_gemini_put_contents(&w);
        r = aigwi_dialect_drop_params(req, 0, loss);
        if (r && !w.err) w.err = r;
        r = aigwi_dialect_drop_raw(req, loss);
        if (r && !w.err) w.err = r;
    } else aigwi_gemini_put_body(&w);
    if (nested) aigw_json_close(out, '}');
    aigw_json_close(out, '}');
    r = aigw_base_out_end(out);
    return w.err == AIGW_E_NOMEM || !r ? w.err : r;
}

/* 1 when the history holds state that is not Gemini's: written by this gateway for another provider, refused by
   Google. */
static int aigwi_gemini_foreign_state(const aigw_req *req) {
    const aigw_message *m;
    const aigw_part *p;
    for (m = req->messages; m; m = m->next)
        for (p = m->parts; p; p = p->next)
            if (p->state && !aigw_base_eq(p->state->owner, aigwi_gemini_me)) return 1;
    return 0;
}

/* The client's bytes. The model stands in the path; only countTokens may repeat it in the body. With another
   provider's state in the history it is written afresh. */
static int aigwi_gemini_req_edit(const aigw_req *req, const aigw_target *to, aigw_arena *mem, aigw_head *head, aigw_out *out, aigw_loss *loss) {
    static const aigw_str request = AIGW_STR("generateContentRequest"), snake = AIGW_STR("generate_content_request"), model = AIGW_STR("model");
    aigw_str raw, body = req->body;
    aigw_json j;
    size_t last = 0;
    int r;
    if (req->op != AIGW_OP_CHAT && req->op != AIGW_OP_COUNT_TOKENS) return AIGW_E_UNSUPPORTED;
    if (aigwi_gemini_foreign_state(req)) return aigwi_gemini_req_encode(req, to, mem, head, out, loss);
    r = aigwi_gemini_write_head(req, to, mem, head);
    if (r) return r;
    if (!aigw_base_eq(req->model, to->id)) (void)aigw_model_loss_at(loss, AIGW_NOWHERE, "model", AIGW_LOSS_SYNTHESIZED, "the target's own name of the model");
    if (req->op == AIGW_OP_CHAT) {
        r = aigwi_family_splice(req, to, body, NULL, 0, out, loss);
        if (r && r != AIGW_E_REFUSED) return r;
        return aigw_base_out_end(out) ? (int)AIGW_E_NOMEM : r;
    }
    aigw_json_init(&j, body);
    for (aigw_json_object(&j); req->op == AIGW_OP_COUNT_TOKENS && j.depth && !j.err; ) {
        if (!aigw_json_member(&j)) continue;
        if ((aigw_base_eq(j.key, request) || aigw_base_eq(j.key, snake)) && j.depth == 1 && aigw_json_kind(&j) == AIGW_JSON_OBJECT) {
            aigw_json_object(&j);                              /* its members are read by this same loop, and then what comes after it */
            continue;
        }
        if (!aigw_base_eq(j.key, model)) {
            aigw_json_skip(&j);
            continue;
        }
        if (!aigw_json_raw(&j, &raw)) break;
        aigw_base_ref(out, aigwi_dialect_slice(body.p + last, (size_t)(raw.p - body.p) - last));
        aigw_base_put_lit(out, "\"models/");
        aigw_json_part(out, aigwi_dialect_text(to->id, AIGW_TEXT_PLAIN));
        aigw_base_put_byte(out, '"');
        last = (size_t)(raw.p - body.p) + raw.n;
    }
    aigw_base_ref(out, aigwi_dialect_slice(body.p + last, body.n - last));
    return aigw_base_out_end(out);
}

/* ---- errors */

/* Google's words for what went wrong: ErrorInfo reasons (as code) before status words (as type). 7.8;
   google.api.ErrorReason, read 2026-11-21. The reasons in the first block are written by this gateway, and so read
   back by one in front of it. */
static const aigwi_dialect_err_row aigwi_gemini_errors[] = {
    { 0, AIGW_STR("CONTEXT_LENGTH_EXCEEDED"), AIGW_KIND_CONTEXT_LENGTH }, { 0, AIGW_STR("CONTENT_FILTERED"), AIGW_KIND_CONTENT_FILTER },
    { 0, AIGW_STR("QUOTA_EXHAUSTED"), AIGW_KIND_QUOTA },                  { 0, AIGW_STR("REQUEST_TOO_LARGE"), AIGW_KIND_TOO_LARGE },
    { 0, AIGW_STR("upstream_unreachable"), AIGW_KIND_CONNECT },           { 0, AIGW_STR("upstream_bad_response"), AIGW_KIND_BAD_RESPONSE },
    { 0, AIGW_STR("upstream_truncated"), AIGW_KIND_TRUNCATED },           { 0, AIGW_STR("budget_exceeded"), AIGW_KIND_BUDGET },
    { 0, AIGW_STR("gateway_busy"), AIGW_KIND_BUSY },                      { 0, AIGW_STR("no_healthy_target"), AIGW_KIND_CIRCUIT_OPEN },
    { 0, AIGW_STR("model_not_found"), AIGW_KIND_NO_ROUTE },               { 0, AIGW_STR("internal_error"), AIGW_KIND_INTERNAL },
    { 0, AIGW_STR("API_KEY_INVALID"), AIGW_KIND_AUTH },                   { 0, AIGW_STR("API_KEY_EXPIRED"), AIGW_KIND_AUTH },
    { 0, AIGW_STR("ACCESS_TOKEN_EXPIRED"), AIGW_KIND_AUTH },              { 0, AIGW_STR("ACCESS_TOKEN_TYPE_UNSUPPORTED"), AIGW_KIND_AUTH },
    { 0, AIGW_STR("CREDENTIALS_MISSING"), AIGW_KIND_AUTH },               { 0, AIGW_STR("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), AIGW_KIND_PERMISSION },
    { 0, AIGW_STR("API_KEY_SERVICE_BLOCKED"), AIGW_KIND_PERMISSION },     { 0, AIGW_STR("SERVICE_DISABLED"), AIGW_KIND_PERMISSION },
    { 0, AIGW_STR("CONSUMER_SUSPENDED"), AIGW_KIND_PERMISSION },          { 0, AIGW_STR("BILLING_DISABLED"), AIGW_KIND_PERMISSION },
    { 0, AIGW_STR("RATE_LIMIT_EXCEEDED"), AIGW_KIND_RATE_LIMIT },
    { 413, AIGW_STR("INVALID_ARGUMENT"), AIGW_KIND_TOO_LARGE },           { 0, AIGW_STR("INVALID_ARGUMENT"), AIGW_KIND_INVALID_REQUEST },
    { 0, AIGW_STR("OUT_OF_RANGE"), AIGW_KIND_INVALID_REQUEST },           { 0, AIGW_STR("FAILED_PRECONDITION"), AIGW_KIND_PERMISSION },
    { 0, AIGW_STR("UNAUTHENTICATED"), AIGW_KIND_AUTH },                   { 0, AIGW_STR("PERMISSION_DENIED"), AIGW_KIND_PERMISSION },
    { 0, AIGW_STR("NOT_FOUND"), AIGW_KIND_NOT_FOUND },                    { 0, AIGW_STR("ABORTED"), AIGW_KIND_CONFLICT },
    { 0, AIGW_STR("ALREADY_EXISTS"), AIGW_KIND_CONFLICT },                { 0, AIGW_STR("RESOURCE_EXHAUSTED"), AIGW_KIND_RATE_LIMIT },
    { 0, AIGW_STR("CANCELLED"), AIGW_KIND_CANCELLED },                    { 0, AIGW_STR("INTERNAL"), AIGW_KIND_SERVER },
    { 0, AIGW_STR("UNKNOWN"), AIGW_KIND_SERVER },                         { 0, AIGW_STR("DATA_LOSS"), AIGW_KIND_SERVER },
    { 0, AIGW_STR("UNAVAILABLE"), AIGW_KIND_OVERLOADED },                 { 0, AIGW_STR("DEADLINE_EXCEEDED"), AIGW_KIND_TIMEOUT },
    { 0, AIGW_STR("UNIMPLEMENTED"), AIGW_KIND_NOT_FOUND }
};

/* details[]: ErrorInfo.reason to code, RetryInfo.retryDelay, and whether a QuotaFailure is per day. */
static void aigwi_gemini_read_details(aigw_json *j, aigw_arena *mem, aigw_error *err, int *per_day) {
    static const aigw_str names[] = { AIGW_STR("reason"), AIGW_STR("retryDelay"), AIGW_STR("violations"), AIGW_STR("fieldViolations") },
                          day[] = { AIGW_STR("perday"), AIGW_STR("") }, quota[] = { AIGW_STR("quotaId") }, field[] = { AIGW_STR("field") };
    aigw_str s, *to;
    int f, inner;
    for (aigw_json_array(j); aigw_json_item(j); ) {
        if (aigw_json_kind(j) != AIGW_JSON_OBJECT) {
            aigw_json_skip(j);
            continue;
        }
        for (aigw_json_object(j); (f = aigw_json_field(j, names, 4, NULL)) >= 0; ) {
            if (f < 2 && aigw_json_kind(j) == AIGW_JSON_STRING) {
                s = err->code;
                if (!aigw_json_str(j, mem, &s)) return;
                if (f == 0 && !err->code.n) err->code = s;
                if (f == 1) err->retry_after_ms = aigw_base_duration_ms(s);
            } else if ((f == 2 || f == 3) && aigw_json_kind(j) == AIGW_JSON_ARRAY) {
                for (aigw_json_array(j); aigw_json_item(j); ) {
                    to = f == 2 ? &s : &err->param;
                    if (aigw_json_kind(j) != AIGW_JSON_OBJECT) aigw_json_skip(j);
                    else for (aigw_json_object(j); (inner = aigw_json_field(j, f == 2 ? quota : field, 1, NULL)) >= 0; ) {
                        if (inner || aigw_json_kind(j) != AIGW_JSON_STRING || !aigw_json_str(j, mem, to)) aigw_json_skip(j);
                        else if (f == 2 && aigwi_dialect_has_word(s, day)) *per_day = 1;
                    }
                }
            } else aigw_json_skip(j);
        }
    }
}

/* The object under "error" (or a bare google.rpc.Status). */
static void aigwi_gemini_read_status(aigw_json *j, aigw_arena *mem, aigw_error *err, int *per_day) {
    static const aigw_str names[] = { AIGW_STR("code"), AIGW_STR("message"), AIGW_STR("status"), AIGW_STR("details") };
    aigw_text text;
    int64_t n;
    int f, kind;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 4, NULL)) >= 0; ) {
        kind = aigw_json_kind(j);
        if (f == 0 && kind == AIGW_JSON_NUMBER && aigw_json_int(j, &n)) {
            if (!err->status && n >= 100 && n < 600) err->status = (int)n;
        } else if (f == 1 && kind == AIGW_JSON_STRING && aigw_json_text(j, &text)) err->message = aigwi_dialect_redact(text, mem);
        else if (f == 2 && kind == AIGW_JSON_STRING) aigw_json_str(j, mem, &err->type);
        else if (f == 3 && kind == AIGW_JSON_ARRAY) aigwi_gemini_read_details(j, mem, err, per_day);
        else aigw_json_skip(j);
    }
}

static void aigwi_gemini_error_decode(aigw_now now, const aigw_head *head, aigw_str body, aigw_arena *mem, aigw_error *err) {
    static const aigw_str names[] = { AIGW_STR("error"), AIGW_STR("message") }, exhausted = AIGW_STR("RESOURCE_EXHAUSTED"), refused = AIGW_STR("FAILED_PRECONDITION"),
                          quota = AIGW_STR("QUOTA_EXHAUSTED"), filtered = AIGW_STR("CONTENT_FILTERED"), budget = AIGW_STR("budget_exceeded");
    aigw_json j;
    aigw_text text;
    int f, per_day = 0, kind;
    aigw_dialect_error(err, AIGW_KIND_SERVER, "", "");
    err->status = head ? head->status : 0;
    if (err->status < 400) err->status = 0;                    /* inside a 200: the body says it */
    aigw_json_init(&j, body);
    if (aigw_json_kind(&j) == AIGW_JSON_ARRAY && aigw_json_array(&j)) aigw_json_item(&j);
    if (aigw_json_kind(&j) == AIGW_JSON_OBJECT)
        for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 2, NULL)) >= 0; ) {
            kind = aigw_json_kind(&j);
            if (f == 0 && kind == AIGW_JSON_OBJECT) aigwi_gemini_read_status(&j, mem, err, &per_day);
            else if (f < 2 && kind == AIGW_JSON_STRING && aigw_json_text(&j, &text)) err->message = aigwi_dialect_redact(text, mem);
            else aigw_json_skip(&j);
        }
    aigwi_dialect_classify(err, aigwi_gemini_errors, sizeof aigwi_gemini_errors / sizeof *aigwi_gemini_errors);
    if ((aigw_base_eq(err->type, exhausted) || (err->status == 429 && !err->type.n)) && !aigw_base_eq(err->code, quota) && !aigw_base_eq(err->code, budget))
        aigwi_dialect_google_quota(err, per_day);
    if (aigw_base_eq(err->type, refused) && !aigw_base_eq(err->code, filtered)) err->kind = AIGW_KIND_PERMISSION;
    err->retry = (uint8_t)aigw_model_kind_retry(err->kind);
    aigwi_dialect_hints(now, head, err);
}

/* What the client reads: status word and, where that does not say enough, a reason (26.11). In the order of
   AIGW_KIND_LIST. */
static const struct { const char *status, *reason; } aigwi_gemini_kinds[] = {
    { "OK", "" },                                   { "INVALID_ARGUMENT", "" },
    { "UNAUTHENTICATED", "API_KEY_INVALID" },       { "PERMISSION_DENIED", "" },
    { "NOT_FOUND", "" },                            { "ABORTED", "" },
    { "INVALID_ARGUMENT", "REQUEST_TOO_LARGE" },    { "INVALID_ARGUMENT", "CONTEXT_LENGTH_EXCEEDED" },
    { "FAILED_PRECONDITION", "CONTENT_FILTERED" },  { "RESOURCE_EXHAUSTED", "" },
    { "RESOURCE_EXHAUSTED", "QUOTA_EXHAUSTED" },    { "UNAVAILABLE", "" },
    { "INTERNAL", "" },                             { "DEADLINE_EXCEEDED", "" },
    { "UNAVAILABLE", "" },                          { "UNAVAILABLE", "" },
    { "UNAVAILABLE", "" },                          { "INTERNAL", "" },
    { "INTERNAL", "" },                             { "CANCELLED", "" },
    { "RESOURCE_EXHAUSTED", "" },                   { "UNAVAILABLE", "" },
    { "NOT_FOUND", "" },                            { "UNAVAILABLE", "" },
    { "INTERNAL", "" }
};

/* {"error": google.rpc.Status}, with RetryInfo when there is a wait. */
static void aigwi_gemini_put_error(aigw_out *out, const aigw_error *err) {
    int kind = err->kind < AIGW_KIND_COUNT ? err->kind : (int)AIGW_KIND_INTERNAL;
    const char *word = aigwi_dialect_error_word(kind);
    int64_t ms = err->retry_after_ms;
    if (!*word) word = aigwi_gemini_kinds[kind].reason;
    aigw_json_open(out, '{');
    aigw_json_key(out, "error");
    aigw_json_open(out, '{');
    aigw_json_key(out, "code");
    aigw_json_put_int(out, aigw_model_kind_status(kind));
    aigw_json_key(out, "message");
    aigwi_dialect_put_message(out, err);
    aigw_json_key(out, "status");
    aigw_json_put_str(out, aigw_base_str(aigwi_gemini_kinds[kind].status));
    if (*word || ms >= 0) {
        aigw_json_key(out, "details");
        aigw_json_open(out, '[');
        if (*word) {
            aigw_json_open(out, '{');
            aigw_json_key(out, "@type");
            aigw_json_put_str(out, aigw_base_str("type.googleapis.com/google.rpc.ErrorInfo"));
            aigw_json_key(out, "reason");
            aigw_json_put_str(out, aigw_base_str(word));
            aigw_json_close(out, '}');
        }
        if (ms >= 0) {
            aigw_json_open(out, '{');
            aigw_json_key(out, "@type");
            aigw_json_put_str(out, aigw_base_str("type.googleapis.com/google.rpc.RetryInfo"));
            aigw_json_key(out, "retryDelay");
            aigw_json_open_str(out);                           /* protobuf's Duration has seconds only */
            aigwi_dialect_put_micro(out, ms < INT64_MAX / 1000 ? ms * 1000 : INT64_MAX);
            aigw_base_put_byte(out, 's');
            aigw_json_close_str(out);
            aigw_json_close(out, '}');
        }
        aigw_json_close(out, ']');
    }
    aigw_json_close(out, '}');
    aigw_json_close(out, '}');
}

static int aigwi_gemini_error_encode(const aigw_error *err, aigw_arena *mem, aigw_head *head, aigw_out *out) {
    int r = aigwi_dialect_error_head(err, mem, head);
    if (r) return r;
    aigwi_gemini_put_error(out, err);
    return aigw_base_out_end(out);
}

/* ---- answers, read */

/* All 24 finish reasons. own: the word that encoding this finish gives, so that nothing is lost; for the others which
   one it was is lost (26.9). */
static const struct { aigw_str word; uint8_t finish, own; } aigwi_gemini_finishes[] = {
    { AIGW_STR("STOP"),                      AIGW_FINISH_STOP,           1 }, { AIGW_STR("MAX_TOKENS"),               AIGW_FINISH_LENGTH,         1 },
    { AIGW_STR("SAFETY"),                    AIGW_FINISH_CONTENT_FILTER, 1 }, { AIGW_STR("RECITATION"),               AIGW_FINISH_CONTENT_FILTER, 0 },
    { AIGW_STR("LANGUAGE"),                  AIGW_FINISH_OTHER,          0 }, { AIGW_STR("OTHER"),                    AIGW_FINISH_ERROR,          1 },
    { AIGW_STR("BLOCKLIST"),                 AIGW_FINISH_CONTENT_FILTER, 0 }, { AIGW_STR("PROHIBITED_CONTENT"),       AIGW_FINISH_CONTENT_FILTER, 0 },
    { AIGW_STR("SPII"),                      AIGW_FINISH_CONTENT_FILTER, 0 }, { AIGW_STR("MALFORMED_FUNCTION_CALL"),  AIGW_FINISH_MALFORMED_CALL, 1 },
    { AIGW_STR("IMAGE_SAFETY"),              AIGW_FINISH_CONTENT_FILTER, 0 }, { AIGW_STR("IMAGE_PROHIBITED_CONTENT"), AIGW_FINISH_CONTENT_FILTER, 0 },
    { AIGW_STR("IMAGE_OTHER"),               AIGW_FINISH_CONTENT_FILTER, 0 }, { AIGW_STR("NO_IMAGE"),                 AIGW_FINISH_OTHER,          0 },
    { AIGW_STR("IMAGE_RECITATION"),          AIGW_FINISH_CONTENT_FILTER, 0 }, { AIGW_STR("UNEXPECTED_TOOL_CALL"),     AIGW_FINISH_MALFORMED_CALL, 0 },
    { AIGW_STR("TOO_MANY_TOOL_CALLS"),       AIGW_FINISH_MALFORMED_CALL, 0 }, { AIGW_STR("MISSING_THOUGHT_SIGNATURE"), AIGW_FINISH_MALFORMED_CALL, 0 },
    { AIGW_STR("MALFORMED_RESPONSE"),        AIGW_FINISH_MALFORMED_CALL, 0 }, { AIGW_STR("ESCALATION"),               AIGW_FINISH_CONTENT_FILTER, 0 },
    { AIGW_STR("PUP_LIMITED_DISABLED"),      AIGW_FINISH_OTHER,          0 }, { AIGW_STR("CONTINUATION"),             AIGW_FINISH_PAUSE,          0 },
    { AIGW_STR("MODEL_ARMOR"),               AIGW_FINISH_CONTENT_FILTER, 0 }, { AIGW_STR("FINISH_REASON_UNSPECIFIED"), AIGW_FINISH_OTHER,         0 }
};
enum { AIGWI_GEMINI_LOST_FINISH = 0, AIGWI_GEMINI_LOST_CALL, AIGWI_GEMINI_LOST_CALL_PARTS };

/* One answer being read: its frame's position in the document, and the state. */
typedef struct { aigw_dec *st; const aigw_sink *out; aigw_json j; } aigwi_gemini_answer;

static void aigwi_gemini_read_finish(aigwi_gemini_answer *a, unsigned choice, aigw_str word, size_t at) {
    const size_t n = sizeof aigwi_gemini_finishes / sizeof *aigwi_gemini_finishes;
    int finish = AIGW_FINISH_OTHER, own = 0;
    aigw_str none = { "", 0 };
    for (size_t i = 0; i < n; i++)
        if (aigw_base_eq(word, aigwi_gemini_finishes[i].word)) {
            finish = aigwi_gemini_finishes[i].finish;
            own = aigwi_gemini_finishes[i].own;
        }
    aigwi_dialect_finish(a->st, choice, finish, none);
    if (!own)
        aigwi_dialect_lost(a->st, AIGWI_GEMINI_LOST_FINISH, at, AIGW_LOSS_APPROXIMATED, "which of Gemini's finish reasons it was is not told, only its kind");
}

/* An id for a call that has none; from seed and count, so that two answers differ and a replay does not. */
static aigw_str aigwi_gemini_answer_id(aigw_dec *st, char id[24]) {
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    uint64_t state = st->seed + st->made_ids++, v = aigw_base_random(&state);
    int i;
    memcpy(id, "call_", 5);
    for (i = 0; i < 12; i++) id[5 + i] = digits[v >> 5 * i & 31];
    return aigwi_dialect_slice(id, 17);
}

/* Open (or go on with) the block of this kind; all other blocks of the choice end. */
static int aigwi_gemini_block(aigwi_gemini_answer *a, unsigned choice, int kind, aigw_str id, aigw_str name, int flags, size_t at, struct aigw_block **b) {
    unsigned words = 1u << AIGW_PART_TEXT | 1u << AIGW_PART_REASONING;
    uint32_t key = 0;
    int r = aigwi_dialect_close_kind(a->st, a->out, (int)choice, words >> kind & 1 ? ~(1u << kind) : ~0u);
    *b = NULL;
    return r < 0 ? r : aigwi_dialect_open(a->st, a->out, choice, kind, key, id, name, flags, at, b);
}

/* The part's signature, and the end of its block: what comes after it is another part. */
static int aigwi_gemini_sign(aigwi_gemini_answer *a, struct aigw_block *b, const aigwi_gemini_piece *p) {
    return p->has_signature ? aigwi_dialect_signature(a->st, a->out, b, AIGW_OPAQUE_SIGNATURE, p->signature, p->signature_at) : AIGW_OK;
}

static int aigwi_gemini_words(aigwi_gemini_answer *a, unsigned choice, const aigwi_gemini_piece *p) {
    aigw_str none = { "", 0 };
    struct aigw_block *b;
    int kind = p->thought ? AIGW_PART_REASONING : AIGW_PART_TEXT, r = AIGW_OK;
    if (!p->text.n && !p->has_signature) return AIGW_OK;
    b = aigwi_dialect_find(a->st, choice, kind, 0);             /* open: then it is the only one of this choice */
    if (!b) r = aigwi_gemini_block(a, choice, kind, none, none, 0, p->at, &b);
    a->st->frame |= AIGW_FRAME_CONTENT;
    if (r >= 0) r = aigwi_dialect_delta(a->st, a->out, b, p->text, p->at);
    if (r < 0 || !p->has_signature) return r;
    r = aigwi_gemini_sign(a, b, p);
    return r < 0 ? r : aigwi_dialect_close(a->st, a->out, b);
}

static int aigwi_gemini_whole(aigwi_gemini_answer *a, unsigned choice, aigwi_gemini_piece *p) {
    struct aigw_block *b;
    char made[24];
    aigw_text text = p->text;
    int kind = AIGW_PART_OTHER, flags = 0, r;
    aigw_str id = { "", 0 }, name = aigwi_gemini_me;
    if (p->data == AIGWI_GEMINI_CALL) {
        if (!p->name.n) {                                      /* Vertex streams pieces of arguments only when it was asked to, which we do not */
            aigwi_dialect_lost(a->st, AIGWI_GEMINI_LOST_CALL, p->at, AIGW_LOSS_DROPPED, "a piece of a call without its name");
            return AIGW_OK;
        }
        kind = AIGW_PART_TOOL_CALL;
        flags = p->id.n ? 0 : (int)AIGWI_NO_ID;
        id = p->id.n ? p->id : aigwi_gemini_answer_id(a->st, made);
        name = p->name;
        text = aigwi_dialect_text(p->args, AIGW_TEXT_JSON);
    } else if (p->data == AIGWI_GEMINI_INLINE && aigwi_gemini_media_kind(p->mime) != AIGW_PART_FILE) {
        kind = aigwi_gemini_media_kind(p->mime);
        name = p->mime;
    } else text = aigwi_dialect_text(p->raw, AIGW_TEXT_JSON);
    r = aigwi_gemini_block(a, choice, kind, id, name, flags, p->at, &b);
    if (r >= 0 && kind == AIGW_PART_TOOL_CALL) r = aigwi_gemini_sign(a, b, p);
    if (r >= 0) r = aigwi_dialect_delta(a->st, a->out, b, text, p->at);
    if (r >= 0 && kind != AIGW_PART_TOOL_CALL && kind != AIGW_PART_OTHER) r = aigwi_gemini_sign(a, b, p);
    return r < 0 ? r : aigwi_dialect_close(a->st, a->out, b);
}

/* content of a candidate: parts, in any place; role and the rest say nothing. */
static int aigwi_gemini_content(aigwi_gemini_answer *a, aigw_json *j, unsigned choice) {
    static const aigw_str names[] = { AIGW_STR("parts") };
    aigwi_gemini_piece piece;
    int f, r = AIGW_OK;
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 1, NULL)) >= 0; ) {
        if (f || aigw_json_null(j)) {
            if (f) aigw_json_skip(j);
            continue;
        }
        for (aigw_json_array(j); aigw_json_item(j) && aigwi_gemini_read_part(j, &a->st->mem, NULL, &piece); ) {
            if (piece.data == AIGWI_GEMINI_TEXT) r = aigwi_gemini_words(a, choice, &piece);
            else if (piece.data >= 0) r = aigwi_gemini_whole(a, choice, &piece);
            if (r < 0) return r;
        }
    }
    return r;
}

static const aigw_str aigwi_gemini_candidate[] = {
    AIGW_STR("content"), AIGW_STR("finishReason"), AIGW_STR("index"), AIGW_STR("groundingMetadata"), AIGW_STR("citationMetadata"), AIGW_STR("urlContextMetadata"),
    AIGW_STR("logprobsResult"), AIGW_STR("safetyRatings")
};
enum { AIGWI_GEMINI_CONTENT = 0, AIGWI_GEMINI_FINISH, AIGWI_GEMINI_INDEX, AIGWI_GEMINI_NOTES, AIGWI_GEMINI_CANDIDATE = 8 };
/* of the members from NOTES on */
static const uint8_t aigwi_gemini_note_kinds[] = { AIGW_NOTE_CITATION, AIGW_NOTE_CITATION, AIGW_NOTE_CITATION, AIGW_NOTE_LOGPROBS, AIGW_NOTE_SAFETY };

static int aigwi_gemini_note(aigwi_gemini_answer *a, aigw_json *j, int f, unsigned choice) {
    size_t at = aigw_json_at(j);
    aigw_str raw;
    if (aigw_json_null(j) || !aigw_json_raw(j, &raw) || raw.n < 4) return AIGW_OK;      /* {} in every chunk says nothing */
    return aigwi_dialect_note(a->st, a->out, aigwi_gemini_note_kinds[f - AIGWI_GEMINI_NOTES], choice, NULL, raw, at);
}

/* One candidate; j stands at it. `place`: its number in the list, which is its index when it does not say one. With
   several candidates the index is looked for first, since it may come after the content. */
static int aigwi_gemini_read_candidate(aigwi_gemini_answer *a, int64_t place) {
    aigw_json *j = &a->j, ahead = *j;
    aigw_str finish = { "", 0 };
    size_t finish_at = 0;
    int64_t index = place;
    int f, r = AIGW_OK;
    if (a->st->n_max > 1 || place > 0) {
        for (aigw_json_object(&ahead); (f = aigw_json_field(&ahead, aigwi_gemini_candidate, AIGWI_GEMINI_CANDIDATE, NULL)) >= 0; ) {
            if (f != AIGWI_GEMINI_INDEX || aigw_json_kind(&ahead) != AIGW_JSON_NUMBER) aigw_json_skip(&ahead);
            else aigw_json_int(&ahead, &index);
        }
    }
    if (index < 0 || index >= AIGW_CHOICES) return aigwi_dialect_bad(a->st, a->out, "the provider sent more answers than the library was built for");
    for (aigw_json_object(j); r >= 0 && (f = aigw_json_field(j, aigwi_gemini_candidate, AIGWI_GEMINI_CANDIDATE, NULL)) >= 0; ) {
        if (f == AIGWI_GEMINI_CONTENT && !aigw_json_null(j)) r = aigwi_gemini_content(a, j, (unsigned)index);
        else if (f == AIGWI_GEMINI_FINISH && !aigw_json_null(j)) {
            finish_at = aigw_json_at(j);
            aigw_json_str(j, &a->st->mem, &finish);
        } else if (f >= AIGWI_GEMINI_NOTES && f < AIGWI_GEMINI_CANDIDATE) r = aigwi_gemini_note(a, j, f, (unsigned)index);
        else if (f == AIGWI_GEMINI_INDEX || f == AIGWI_GEMINI_CANDIDATE) aigw_json_skip(j);
    }
    if (r >= 0 && finish.n) aigwi_gemini_read_finish(a, (unsigned)index, finish, finish_at);
    return r;
}

/* Tokens of one modality in a ...TokensDetails list. */
static int64_t aigwi_gemini_modality(aigw_json *j, aigw_str word) {
    static const aigw_str names[] = { AIGW_STR("modality"), AIGW_STR("tokenCount") };
    int64_t sum = 0, n;
    aigw_text text;
    int f, is;
    for (aigw_json_array(j); aigw_json_item(j); sum += is ? n : 0) {
        is = 0;
        n = 0;
        for (aigw_json_object(j); (f = aigw_json_field(j, names, 2, NULL)) >= 0; ) {
            if (f == 0 && aigw_json_kind(j) == AIGW_JSON_STRING && aigw_json_text(j, &text)) is = aigw_base_eq(aigwi_dialect_slice(text.p, text.n), word);
            else if (f == 1 && aigw_json_kind(j) == AIGW_JSON_NUMBER) aigw_json_int(j, &n);
            else aigw_json_skip(j);
        }
        if (n < 0 || n > INT32_MAX) n = 0;
    }
    return sum;
}

/* usageMetadata (7.6): thoughts are not among candidates, tool results not in prompt. */
static int aigwi_gemini_read_usage(aigwi_gemini_answer *a) {
    static const aigw_str names[] = { AIGW_STR("promptTokenCount"), AIGW_STR("candidatesTokenCount"), AIGW_STR("totalTokenCount"), AIGW_STR("promptTokensDetails"),
        AIGW_STR("thoughtsTokenCount"), AIGW_STR("cachedContentTokenCount"), AIGW_STR("toolUsePromptTokenCount"), AIGW_STR("candidatesTokensDetails") }, audio = AIGW_STR("AUDIO");
    aigw_json *j = &a->j;
    aigw_usage u;
    int64_t n[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
    int f;
    memset(&u, 0, sizeof u);
    for (aigw_json_object(j); (f = aigw_json_field(j, names, 8, NULL)) >= 0; ) {
        if (f == 8 || aigw_json_null(j)) {
            if (f == 8) aigw_json_skip(j);
        } else if (f == 3 || f == 7) n[f] = aigwi_gemini_modality(j, audio);
        else if (aigw_json_int(j, &n[f]) && (n[f] < 0 || n[f] > INT64_MAX / 4)) n[f] = -1;
    }
    if (n[0] >= 0) u.has |= AIGW_USAGE_INPUT;
    if (n[0] >= 0) u.input = n[0] + (n[6] > 0 ? n[6] : 0);
    if (n[5] >= 0) u.has |= AIGW_USAGE_CACHED;
    if (n[5] >= 0) u.cached = n[5];
    if (n[1] >= 0 || n[4] >= 0) u.has |= AIGW_USAGE_OUTPUT;
    u.output = (n[1] > 0 ? n[1] : 0) + (n[4] > 0 ? n[4] : 0);
    if (n[4] >= 0) u.has |= AIGW_USAGE_REASONING;
    if (n[4] >= 0) u.reasoning = n[4];
    if (n[3] > 0) u.has |= AIGW_USAGE_INPUT_AUDIO;
    if (n[3] > 0) u.input_audio = n[3];
    if (n[7] > 0) u.has |= AIGW_USAGE_OUTPUT_AUDIO;
    if (n[7] > 0) u.output_audio = n[7];
    return u.has && !j->err ? aigwi_dialect_usage(a->st, a->out, &u) : AIGW_OK;
}

static const aigw_str aigwi_gemini_frame[] = {
    AIGW_STR("candidates"), AIGW_STR("usageMetadata"), AIGW_STR("modelVersion"), AIGW_STR("responseId"), AIGW_STR("createTime"), AIGW_STR("promptFeedback"),
    AIGW_STR("error")
};
enum { AIGWI_GEMINI_CANDIDATES = 0, AIGWI_GEMINI_USAGE, AIGWI_GEMINI_VERSION, AIGWI_GEMINI_RESPONSE_ID, AIGWI_GEMINI_CREATED, AIGWI_GEMINI_FEEDBACK,
       AIGWI_GEMINI_ERROR, AIGWI_GEMINI_FRAME };

/* START. Id and model come at the end of the first frame, the content before them: they are looked for ahead, once
   per answer. *is_error: the frame is one. */
static int aigwi_gemini_begin_answer(aigwi_gemini_answer *a, int *is_error) {
    aigw_str id = { "", 0 }, model = { "", 0 }, date = { "", 0 }, *to[] = { NULL, NULL, &model, &id, &date, NULL, NULL };
    aigw_json j = a->j;
    int64_t created = 0;
    int f;
    for (aigw_json_object(&j); (f = aigw_json_field(&j, aigwi_gemini_frame, AIGWI_GEMINI_FRAME, NULL)) >= 0; ) {
        if (f < AIGWI_GEMINI_FRAME && to[f] && aigw_json_kind(&j) == AIGW_JSON_STRING) aigw_json_str(&j, &a->st->mem, to[f]);
        else {
            if (f == AIGWI_GEMINI_ERROR && aigw_json_kind(&j) != AIGW_JSON_NULL) *is_error = 1;
            aigw_json_skip(&j);
        }
    }
    if (*is_error || j.err) return AIGW_OK;
    if (!aigw_base_date(date, &created)) created = 0;
    return aigwi_dialect_start(a->st, a->out, id, model, created, 0);
}

/* A blocked prompt: no candidate comes, this is the reason (7.5). */
static int aigwi_gemini_read_feedback(aigwi_gemini_answer *a) {
    static const aigw_str names[] = { AIGW_STR("blockReason") }, none = AIGW_STR("");
    aigw_json j = a->j;
    aigw_str raw, reason = { "", 0 };
    size_t at = aigw_json_at(&j);
    int f;
    if (aigw_json_null(&a->j) || !aigw_json_raw(&a->j, &raw)) return AIGW_OK;
    if (aigw_json_kind(&j) == AIGW_JSON_OBJECT) {
        for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 1, NULL)) >= 0; ) {
            if (f || aigw_json_kind(&j) != AIGW_JSON_STRING) aigw_json_skip(&j);
            else aigw_json_str(&j, &a->st->mem, &reason);
        }
    }
    if (reason.n) aigwi_dialect_finish(a->st, 0, AIGW_FINISH_CONTENT_FILTER, none);
    return raw.n < 4 ? AIGW_OK : aigwi_dialect_note(a->st, a->out, AIGW_NOTE_SAFETY, 0, NULL, raw, at);
}

static int aigwi_gemini_fail(aigw_dec *st, aigw_str body, const aigw_sink *out) {
    aigw_error err;
    aigwi_gemini_error_decode(st->now, NULL, body, &st->mem, &err);
    return aigwi_dialect_fail(st, out, &err);
}

/* One GenerateContentResponse; a->j stands at it. */
static int aigwi_gemini_read_answer(aigwi_gemini_answer *a) {
    aigw_dec *st = a->st;
    aigw_json *j = &a->j;
    const char *start = j->at;
    int f, r = AIGW_OK, is_error = 0;
    int64_t place;
    if (!st->started) r = aigwi_gemini_begin_answer(a, &is_error);
    for (aigw_json_object(j); r >= 0 && (f = aigw_json_field(j, aigwi_gemini_frame, AIGWI_GEMINI_FRAME, NULL)) >= 0; ) {
        if (f == AIGWI_GEMINI_ERROR && !aigw_json_null(j)) is_error = 1;
        if (is_error) break;
        if (f == AIGWI_GEMINI_FEEDBACK) r = aigwi_gemini_read_feedback(a);
        else if (f == AIGWI_GEMINI_CANDIDATES && !aigw_json_null(j)) {
            place = 0;
            for (aigw_json_array(j); r >= 0 && aigw_json_item(j); place++) r = aigwi_gemini_read_candidate(a, place);
        } else if (f == AIGWI_GEMINI_USAGE && !aigw_json_null(j)) r = aigwi_gemini_read_usage(a);
        else if (f >= AIGWI_GEMINI_VERSION && f != AIGWI_GEMINI_ERROR) aigw_json_skip(j);
    }
    if (is_error) {
        r = aigwi_gemini_fail(st, aigwi_dialect_slice(start, (size_t)(j->end - start)), a->out);
        j->at = j->end;
    }
    return r;
}

static int aigwi_gemini_read_bad(aigwi_gemini_answer *a) {
    return aigwi_dialect_bad(a->st, a->out, a->j.err == AIGW_E_NOMEM ? "the provider's answer needs more memory than there is" : "the provider's answer cannot be read");
}

/* Also takes a one-element array around the object (errors come so, 7.7). */
static int aigwi_gemini_frame_decode(aigw_dec *st, aigw_str name, aigw_str payload, const aigw_sink *out) {
    aigw_arena mark = st->mem;
    aigwi_gemini_answer a;
    int r = AIGW_OK;
    (void)name;
    st->frame = 0;
    if (st->ended) return AIGW_OK;
    a.st = st;
    a.out = out;
    aigw_json_init(&a.j, payload);
    if (aigw_json_kind(&a.j) != AIGW_JSON_ARRAY) r = aigwi_gemini_read_answer(&a);
    else for (aigw_json_array(&a.j); r >= 0 && !st->ended && aigw_json_item(&a.j); ) r = aigwi_gemini_read_answer(&a);
    if (r >= 0 && !st->ended && aigw_json_end(&a.j)) r = aigwi_gemini_read_bad(&a);
    st->mem = mark;
    return r;
}

static int aigwi_gemini_read_count(aigwi_gemini_answer *a) {
    static const aigw_str names[] = { AIGW_STR("totalTokens"), AIGW_STR("cachedContentTokenCount"), AIGW_STR("error") }, none = AIGW_STR("");
    const char *start = a->j.at;
    aigw_usage u;
    int f, r;
    memset(&u, 0, sizeof u);
    for (aigw_json_object(&a->j); (f = aigw_json_field(&a->j, names, 3, NULL)) >= 0; ) {
        if (f == 2 && aigw_json_kind(&a->j) != AIGW_JSON_NULL) return aigwi_gemini_fail(a->st, aigwi_dialect_slice(start, (size_t)(a->j.end - start)), a->out);
        if (f >= 2 || aigw_json_null(&a->j)) {
            if (f >= 2) aigw_json_skip(&a->j);
        } else if (aigw_json_int(&a->j, f ? &u.cached : &u.input)) u.has |= f ? (uint32_t)AIGW_USAGE_CACHED : (uint32_t)AIGW_USAGE_INPUT;
    }
    if (aigw_json_end(&a->j) || !(u.has & AIGW_USAGE_INPUT)) return aigwi_gemini_read_bad(a);
    r = aigwi_dialect_start(a->st, a->out, none, a->st->model, 0, 0);
    if (r >= 0) r = aigwi_dialect_usage(a->st, a->out, &u);
    aigwi_dialect_finish(a->st, 0, AIGW_FINISH_STOP, none);
    return r < 0 ? r : aigwi_dialect_end(a->st, 1, a->out);
}

/* A whole body: one answer, or the array that streams come in without alt=sse. A missing finish reason is no cut
   here: the body is complete. */
static int aigwi_gemini_resp_decode(aigw_dec *st, const aigw_head *head, aigw_str body, const aigw_sink *out) {
    aigwi_gemini_answer a;
    int r = AIGW_OK, n = 0;
    (void)head;
    st->frame = 0;
    if (st->ended) return AIGW_OK;
    a.st = st;
    a.out = out;
    aigw_json_init(&a.j, body);
    if (st->op == AIGW_OP_COUNT_TOKENS) return aigwi_gemini_read_count(&a);
    if (aigw_json_kind(&a.j) != AIGW_JSON_ARRAY) r = aigwi_gemini_read_answer(&a);
    else for (aigw_json_array(&a.j); r >= 0 && !st->ended && aigw_json_item(&a.j); n++) r = aigwi_gemini_read_answer(&a);
    if (r < 0 || st->ended) return r;
    if (aigw_json_end(&a.j) || !st->started) return aigwi_gemini_read_bad(&a);
    st->end_marker = n == 0;
    return aigwi_dialect_end(st, 1, out);
}

static int aigwi_gemini_stream_end(aigw_dec *st, int clean, const aigw_sink *out) { return aigwi_dialect_end(st, clean, out); }

/* ---- answers, written */

static const struct { const char *word; const char *lost; } aigwi_gemini_reasons[] = {      /* by AIGW_FINISH_*; 26.9 */
    { "STOP", NULL }, { "STOP", NULL }, { "STOP", "Gemini does not tell a stop string from a natural end" }, { "MAX_TOKENS", NULL },
    { "MAX_TOKENS", "Gemini does not tell a full context from the output limit" }, { "STOP", NULL }, { "SAFETY", NULL }, { "SAFETY", NULL },
    { "CONTINUATION", "the turn can go on, but not by Gemini's token" }, { "MALFORMED_FUNCTION_CALL", NULL }, { "OTHER", NULL }, { "OTHER", NULL }
};
enum { AIGWI_GEMINI_LOST_REASON = 0, AIGWI_GEMINI_LOST_NOTE, AIGWI_GEMINI_LOST_OTHER, AIGWI_GEMINI_LOST_WRITE, AIGWI_GEMINI_LOST_ARGS, AIGWI_GEMINI_LOST_STATE };

static void aigwi_gemini_enc_lost(aigw_enc *st, unsigned bit, size_t at, const char *tail, int action, const char *reason) {
    if (st->reported >> bit & 1) return;
    st->reported |= (uint32_t)1 << bit;
    (void)aigw_model_loss_at(st->loss, at, at == AIGW_NOWHERE ? tail : "", action, reason);
}

/* What comes between two items, and before one. */
static void aigwi_gemini_open_frame(aigw_enc *st, aigw_out *out) {
    if (!st->array) aigw_base_put_lit(out, "data: ");
    else aigw_base_put_lit(out, st->flags ? ",\r\n" : "[");
    st->flags = 1;
}

/* After the candidates: model and id, the same in every frame, kept as written. */
static void aigwi_gemini_close_frame(aigw_enc *st, aigw_out *out) {
    aigw_base_put(out, aigwi_dialect_slice(st->prefix, st->prefix_n));
    aigw_base_put_lit(out, st->array ? "}" : "}\r\n\r\n");
}

static void aigwi_gemini_open_parts(aigw_enc *st, aigw_out *out) {
    aigwi_gemini_open_frame(st, out);
    aigw_base_put_lit(out, "{\"candidates\":[{\"content\":{\"parts\":[");
}

static void aigwi_gemini_close_parts(aigw_enc *st, aigw_out *out, unsigned choice) {
    aigw_base_put_lit(out, "],\"role\":\"model\"},\"index\":");
    if (choice < 10) aigw_base_put_byte(out, (char)('0' + choice));
    else aigw_base_put_int(out, (int64_t)choice);
    aigw_base_put_lit(out, "}]");
    aigwi_gemini_close_frame(st, out);
}

/* As Vertex does; the Gemini API leaves it out. */
static void aigwi_gemini_put_created(aigw_out *out, int64_t wall_s) {
    aigw_base_put_lit(out, ",\"createTime\":\"");
    aigw_base_put_date(out, wall_s);
    aigw_base_put_byte(out, '"');
}

static int aigwi_gemini_enc_start(aigw_enc *st, const aigw_event *ev) {
    aigw_out out;
    st->started = 1;
    aigw_base_out_init(&out, st->prefix, sizeof st->prefix, NULL, 0);
    if (ev->model.n) {
        aigw_base_put_lit(&out, ",\"modelVersion\":");
        aigw_json_put_str(&out, ev->model);
    }
    if (out.buf.n <= sizeof st->prefix) st->prefix_n = (uint16_t)out.buf.n;
    if (ev->id.n) {
        aigw_base_put_lit(&out, ",\"responseId\":");
        aigw_json_put_str(&out, ev->id);
    }
    if (out.buf.n <= sizeof st->prefix) st->prefix_n = (uint16_t)out.buf.n;     /* names longer than that are left out */
    if (ev->created_s > 0) aigwi_gemini_put_created(&out, ev->created_s);
    if (out.buf.n <= sizeof st->prefix) st->prefix_n = (uint16_t)out.buf.n;
    return AIGW_OK;
}

/* ---- what is kept back until its block is complete: a call, a picture. One segment of st->hold per block: sizes of its head and its signature (each 4 bytes), head,
   content, signature. */

static struct aigw_out_block *aigwi_gemini_held(aigw_enc *st, uint32_t block) {
    struct aigw_out_block *b;
    for (b = st->block; b < st->block + AIGW_BLOCKS; b++)
        if (b->used && b->block == block) return b;
    return NULL;
}

static void aigwi_gemini_reverse(char *p, size_t n) {
    size_t i;
    for (i = 0; i < n / 2; i++) {
        char c = p[i];
        p[i] = p[n - 1 - i];
        p[n - 1 - i] = c;
    }
}

/* n bytes stand behind hold_n: make them part of b's segment, at offset `to` of it. */
static void aigwi_gemini_insert(aigw_enc *st, struct aigw_out_block *b, size_t to, size_t n) {
    size_t from = b->at + to, tail = st->hold_n - from;
    struct aigw_out_block *o;
    if (tail) {
        aigwi_gemini_reverse(st->hold + from, tail);
        aigwi_gemini_reverse(st->hold + st->hold_n, n);
        aigwi_gemini_reverse(st->hold + from, tail + n);
    }
    for (o = st->block; tail && o < st->block + AIGW_BLOCKS; o++)
        if (o->used && !o->closed && o != b && o->at >= from) o->at += n;
    b->n += n;
    st->hold_n += n;
}

static uint32_t aigwi_gemini_size(const aigw_enc *st, const struct aigw_out_block *b, int which) {
    uint32_t v;
    memcpy(&v, st->hold + b->at + 4 * which, 4);
    return v;
}

/* Begin a segment with its head. AIGW_E_NOMEM: nothing changed. */
static int aigwi_gemini_hold_start(aigw_enc *st, const aigw_event *ev) {
    size_t room = st->hold_cap - st->hold_n;
    struct aigw_out_block *b;
    uint32_t sizes[2] = { 0, 0 };
    aigw_out out;
    for (b = st->block; b < st->block + AIGW_BLOCKS && b->used; b++) {}
    if (b == st->block + AIGW_BLOCKS || room < sizeof sizes) return AIGW_E_NOMEM;
    aigw_base_out_init(&out, st->hold + st->hold_n + sizeof sizes, room - sizeof sizes, NULL, 0);
    if (ev->kind == AIGW_PART_TOOL_CALL) {
        aigw_base_put_lit(&out, "{\"functionCall\":{");
        if (ev->id.n && !ev->no_id) {
            aigw_json_key(&out, "id");
            aigw_json_put_str(&out, ev->id);
        }
        aigw_json_key(&out, "name");
        aigw_json_put_str(&out, ev->name);
        aigw_json_key(&out, "args");
    } else {
        aigw_base_put_lit(&out, "{\"inlineData\":{\"mimeType\":");
        aigw_json_put_str(&out, ev->name);
        aigw_json_key(&out, "data");
    }
    if (out.buf.n > room - sizeof sizes) return AIGW_E_NOMEM;
    memset(b, 0, sizeof *b);
    b->used = 1;
    b->kind = ev->kind;
    b->sent = ev->custom;
    b->choice = ev->choice;
    b->block = ev->block;
    b->at = st->hold_n;
    b->n = sizeof sizes + out.buf.n;
    sizes[0] = (uint32_t)out.buf.n;
    memcpy(st->hold + b->at, sizes, sizeof sizes);
    st->hold_n += b->n;
    return AIGW_OK;
}

static int aigwi_gemini_hold_delta(aigw_enc *st, struct aigw_out_block *b, aigw_text t) {
    aigw_arena room = aigw_base_arena(st->hold + st->hold_n, st->hold_cap - st->hold_n);
    aigw_str s;
    if (!b || !t.n) return AIGW_OK;
    if (!aigwi_dialect_plain(t, &room, &s)) return AIGW_E_NOMEM;
    if (s.p != st->hold + st->hold_n) {
        if (s.n > st->hold_cap - st->hold_n) return AIGW_E_NOMEM;
        memcpy(st->hold + st->hold_n, s.p, s.n);
    }
    aigwi_gemini_insert(st, b, b->n - aigwi_gemini_size(st, b, 1), s.n);
    return AIGW_OK;
}

static int aigwi_gemini_hold_state(aigw_enc *st, struct aigw_out_block *b, const aigw_opaque *state) {
    aigw_out out;
    uint32_t n = aigwi_gemini_size(st, b, 1);
    if (n) return AIGW_OK;                                      /* one signature to a part */
    aigw_base_out_init(&out, st->hold + st->hold_n, st->hold_cap - st->hold_n, NULL, 0);
    aigwi_dialect_put_opaque(&out, state, aigwi_gemini_me, 1);
    if (out.buf.n > st->hold_cap - st->hold_n) return AIGW_E_NOMEM;
    n = (uint32_t)out.buf.n;
    aigwi_gemini_insert(st, b, b->n, n);
    memcpy(st->hold + b->at + 4, &n, 4);
    return AIGW_OK;
}

/* Arguments, decoded, as an object. 1 when they had to be wrapped. */
static int aigwi_gemini_put_args(aigw_out *out, aigw_str args, int custom) {
    size_t i;
    for (i = 0; i < args.n && (args.p[i] == ' ' || args.p[i] == '\n' || args.p[i] == '\r' || args.p[i] == '\t'); i++) {}
    if (!custom && i == args.n) {
        aigw_json_put_raw(out, aigw_base_str("{}"));
        return 0;
    }
    if (!custom && args.p[i] == '{' && !aigw_json_check(args, AIGW_JSON_OBJECT)) {
        aigw_json_put_raw(out, args);
        return 0;
    }
    aigw_json_open(out, '{');
    aigw_json_key(out, custom ? "input" : "_raw");
    aigw_json_put_str(out, args);
    aigw_json_close(out, '}');
    return !custom;
}

/* The block is complete: write it as one part, and give its memory back. */
static int aigwi_gemini_hold_stop(aigw_enc *st, struct aigw_out_block *b, size_t at, aigw_out *out) {
    uint32_t head = aigwi_gemini_size(st, b, 0), sign = aigwi_gemini_size(st, b, 1);
    const char *p = st->hold + b->at + 8;
    aigw_str content = aigwi_dialect_slice(p + head, b->n - 8 - head - sign);
    struct aigw_out_block *o;
    aigwi_gemini_open_parts(st, out);
    aigw_base_put(out, aigwi_dialect_slice(p, head));
    if (b->kind != AIGW_PART_TOOL_CALL) aigw_json_put_str(out, content);
    else if (aigwi_gemini_put_args(out, content, b->sent))
        aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_ARGS, at, "functionCall.args", AIGW_LOSS_APPROXIMATED, "the arguments are not a JSON object: wrapped as {\"_raw\": ...}");
    aigw_base_put_byte(out, '}');
    if (sign) aigw_base_put_lit(out, ",\"thoughtSignature\":");
    aigw_base_put(out, aigwi_dialect_slice(p + head + content.n, sign));
    aigw_base_put_byte(out, '}');
    aigwi_gemini_close_parts(st, out, b->choice);
    memmove(st->hold + b->at, st->hold + b->at + b->n, st->hold_n - b->at - b->n);
    for (o = st->block; o < st->block + AIGW_BLOCKS; o++)
        if (o->used && !o->closed && o->at > b->at) o->at -= b->n;
    st->hold_n -= b->n;
    b->used = 0;
    return AIGW_OK;
}

/* A signature after the words it belongs to: a last part without text (7.3). One of another provider goes as a
   thought, so that no SDK takes it for text. */
static void aigwi_gemini_late_state(aigw_enc *st, const aigw_event *ev, int kind, aigw_out *out) {
    int thought = kind == AIGW_PART_REASONING || !aigw_base_eq(ev->state->owner, aigwi_gemini_me);
    aigwi_gemini_open_parts(st, out);
    aigw_base_put_lit(out, thought ? "{\"text\":\"\",\"thought\":true,\"thoughtSignature\":" : "{\"text\":\"\",\"thoughtSignature\":");
    aigwi_dialect_put_opaque(out, ev->state, aigwi_gemini_me, 1);
    aigw_base_put_byte(out, '}');
    aigwi_gemini_close_parts(st, out, ev->choice);
}

/* The member of a candidate that a remark of our own was read from; NULL: it is promptFeedback, or no remark. */
static const char *aigwi_gemini_note_member(int kind, aigw_str json) {
    static const aigw_str citations = AIGW_STR("\"citation"), url = AIGW_STR("\"urlMetadata\"");
    if (kind == AIGW_NOTE_LOGPROBS) return "logprobsResult";
    if (kind == AIGW_NOTE_SAFETY) return json.p[0] == '[' ? "safetyRatings" : NULL;
    if (kind != AIGW_NOTE_CITATION) return NULL;
    if (aigw_base_find(aigwi_dialect_slice(json.p, json.n < 40 ? json.n : 40), url, 0) < (json.n < 40 ? json.n : 40)) return "urlContextMetadata";
    return aigw_base_find(aigwi_dialect_slice(json.p, json.n < 40 ? json.n : 40), citations, 0) < (json.n < 40 ? json.n : 40) ? "citationMetadata" : "groundingMetadata";
}

static void aigwi_gemini_put_note(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    aigw_str json = aigwi_dialect_slice(ev->text.p, ev->text.n);
    const char *member;
    if (!aigw_base_eq(ev->name, aigwi_gemini_me) || !json.n) {
        aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_NOTE + 8u * (ev->kind & 3u), ev->at, "note", AIGW_LOSS_DROPPED, "a remark in another provider's form");
        return;
    }
    member = aigwi_gemini_note_member(ev->kind, json);
    aigwi_gemini_open_frame(st, out);
    aigw_json_open(out, '{');
    if (member) {
        aigw_json_key(out, "candidates");
        aigw_json_open(out, '[');
        aigw_json_open(out, '{');
        aigw_json_key(out, "index");
        aigw_json_put_int(out, ev->choice);
    }
    aigw_json_key(out, member ? member : "promptFeedback");
    aigw_json_put_raw(out, json);
    if (member) aigw_base_put_lit(out, "}]");
    aigwi_gemini_close_frame(st, out);
}

/* usageMetadata as a member; a difference never goes below 0 (26.10). */
static void aigwi_gemini_put_usage(aigw_out *out, const aigw_usage *u) {
    int64_t seen = u->has & AIGW_USAGE_REASONING ? u->reasoning : 0, output = u->output > seen ? u->output - seen : 0;
    int i;
    if (!u->has) return;
    aigw_json_key(out, "usageMetadata");
    aigw_json_open(out, '{');
    if (u->has & AIGW_USAGE_INPUT) {
        aigw_json_key(out, "promptTokenCount");
        aigw_json_put_int(out, u->input);
    }
    if (u->has & AIGW_USAGE_CACHED) {
        aigw_json_key(out, "cachedContentTokenCount");
        aigw_json_put_int(out, u->cached);
    }
    if (u->has & AIGW_USAGE_OUTPUT) {
        aigw_json_key(out, "candidatesTokenCount");
        aigw_json_put_int(out, output);
    }
    if (u->has & AIGW_USAGE_REASONING) {
        aigw_json_key(out, "thoughtsTokenCount");
        aigw_json_put_int(out, u->reasoning);
    }
    if (u->has & (AIGW_USAGE_INPUT | AIGW_USAGE_OUTPUT)) {
        aigw_json_key(out, "totalTokenCount");
        aigw_json_put_int(out, (u->has & AIGW_USAGE_INPUT ? u->input : 0) + output + seen);
    }
    for (i = 0; i < 2; i++) {
        if (!(u->has & (i ? AIGW_USAGE_OUTPUT_AUDIO : AIGW_USAGE_INPUT_AUDIO))) continue;
        aigw_json_key(out, i ? "candidatesTokensDetails" : "promptTokensDetails");
        aigw_json_open(out, '[');
        aigw_json_open(out, '{');
        aigw_json_key(out, "modality");
        aigw_json_put_str(out, aigw_base_str("AUDIO"));
        aigw_json_key(out, "tokenCount");
        aigw_json_put_int(out, i ? u->output_audio : u->input_audio);
        aigw_json_close(out, '}');
        aigw_json_close(out, ']');
    }
    aigw_json_close(out, '}');
}

static const char *aigwi_gemini_reason(aigw_enc *st, int finish, size_t at) {
    if (finish >= (int)(sizeof aigwi_gemini_reasons / sizeof *aigwi_gemini_reasons)) finish = AIGW_FINISH_OTHER;
    if (aigwi_gemini_reasons[finish].lost)
        aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_REASON, at, "finishReason", AIGW_LOSS_APPROXIMATED, aigwi_gemini_reasons[finish].lost);
    return aigwi_gemini_reasons[finish].word;
}

static void aigwi_gemini_lose_usage(aigw_enc *st, const aigw_usage *u, size_t at) {
    if ((u->has & AIGW_USAGE_CACHE_WRITE) && u->cache_write)
        aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_WRITE, at, "usage.cache_write", AIGW_LOSS_DROPPED, "Gemini does not count what was written to the cache");
}

/* The last frame: every answer's finish reason, and the usage (clients read it there; it is cumulative, so once is
   enough). */
static void aigwi_gemini_put_stop_event(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    unsigned i;
    aigwi_gemini_open_frame(st, out);
    aigw_json_open(out, '{');
    aigw_json_key(out, "candidates");
    aigw_json_open(out, '[');
    for (i = 0; i < ev->choices && i < AIGW_CHOICES; i++) {
        aigw_json_open(out, '{');
        aigw_json_key(out, "content");
        aigw_json_put_raw(out, aigw_base_str("{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"}"));
        aigw_json_key(out, "finishReason");
        aigw_json_put_str(out, aigw_base_str(aigwi_gemini_reason(st, ev->finish[i], ev->at)));
        aigw_json_key(out, "index");
        aigw_json_put_int(out, (int64_t)i);
        aigw_json_close(out, '}');
    }
    aigw_json_close(out, ']');
    aigwi_gemini_put_usage(out, &st->usage);
    aigwi_gemini_close_frame(st, out);
    if (st->array) aigw_base_put_byte(out, ']');
    st->ended = 1;
}

static int aigwi_gemini_enc_delta(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    const struct aigw_out_block *b;
    switch (ev->kind) {
    case AIGW_PART_TEXT: case AIGW_PART_REFUSAL: case AIGW_PART_REASONING:
        aigwi_gemini_open_frame(st, out);
        aigw_base_put_lit(out, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"");
        aigw_json_part(out, ev->text);
        aigw_base_put_lit(out, ev->kind == AIGW_PART_REASONING ? "\",\"thought\":true}" : "\"}");
        aigwi_gemini_close_parts(st, out, ev->choice);
        return AIGW_OK;
    case AIGW_PART_OTHER:
        b = aigwi_gemini_held(st, ev->block);                   /* whose part it is says the delta, or the start of its block */
        if (ev->text.form != AIGW_TEXT_JSON || !(aigw_base_eq(ev->name, aigwi_gemini_me) || (!ev->name.n && b && b->sent))) {
            aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_OTHER, ev->at, "content", AIGW_LOSS_DROPPED, "only its own dialect knows this part");
            return AIGW_OK;
        }
        aigwi_gemini_open_parts(st, out);
        aigw_base_put(out, aigwi_dialect_slice(ev->text.p, ev->text.n));
        aigwi_gemini_close_parts(st, out, ev->choice);
        return AIGW_OK;
    }
    return aigwi_gemini_hold_delta(st, aigwi_gemini_held(st, ev->block), ev->text);
}

/* Words need no memory but their kind, which a late signature asks for. */
static int aigwi_gemini_enc_open(aigw_enc *st, const aigw_event *ev) {
    struct aigw_out_block *b;
    if (ev->kind == AIGW_PART_TOOL_CALL || ev->kind == AIGW_PART_IMAGE || ev->kind == AIGW_PART_AUDIO || ev->kind == AIGW_PART_FILE) return aigwi_gemini_hold_start(st, ev);
    for (b = st->block; b < st->block + AIGW_BLOCKS && b->used; b++) {}
    if (b == st->block + AIGW_BLOCKS) return AIGW_OK;
    memset(b, 0, sizeof *b);
    b->used = 1;
    b->closed = 1;                                              /* holds nothing */
    b->sent = (uint8_t)(ev->kind == AIGW_PART_OTHER && aigw_base_eq(ev->name, aigwi_gemini_me));
    b->kind = ev->kind;
    b->block = ev->block;
    return AIGW_OK;
}

static int aigwi_gemini_event_encode(aigw_enc *st, const aigw_event *ev, aigw_out *out) {
    struct aigw_out_block *b;
    if (st->ended) return AIGW_OK;
    switch (ev->type) {
    case AIGW_EVENT_START:
        st->array = st->req && st->req->array;
        return aigwi_gemini_enc_start(st, ev);
    case AIGW_EVENT_BLOCK_START: return aigwi_gemini_enc_open(st, ev);
    case AIGW_EVENT_DELTA:       return aigwi_gemini_enc_delta(st, ev, out);
    case AIGW_EVENT_NOTE:
        b = aigwi_gemini_held(st, ev->block);
        if (ev->kind != AIGW_NOTE_SIGNATURE) aigwi_gemini_put_note(st, ev, out);
        else if (b && !b->closed) return aigwi_gemini_hold_state(st, b, ev->state);
        else aigwi_gemini_late_state(st, ev, b ? b->kind : (int)AIGW_PART_REASONING, out);
        return AIGW_OK;
    case AIGW_EVENT_BLOCK_STOP:
        b = aigwi_gemini_held(st, ev->block);
        if (b && !b->closed) return aigwi_gemini_hold_stop(st, b, ev->at, out);
        if (b) b->used = 0;
        return AIGW_OK;
    case AIGW_EVENT_USAGE:
        st->usage = ev->usage;
        aigwi_gemini_lose_usage(st, &ev->usage, ev->at);
        return AIGW_OK;
    case AIGW_EVENT_STOP:
        aigwi_gemini_put_stop_event(st, ev, out);
        return AIGW_OK;
    case AIGW_EVENT_ERROR:
        st->array = st->req && st->req->array;
        aigwi_gemini_open_frame(st, out);
        aigwi_gemini_put_error(out, ev->error);
        aigw_base_put_lit(out, st->array ? "]" : "\r\n\r\n");
        st->ended = 1;
    }
    return AIGW_OK;
}

/* ---- whole answers */

/* `room` outlives the writing: decoded arguments may be referenced. */
static int aigwi_gemini_put_answer_call(aigw_enc *st, const aigw_part *p, aigw_arena *room, aigw_out *out) {
    aigw_str args;
    if (!aigwi_dialect_plain(p->text, room, &args)) return AIGW_E_NOMEM;
    aigw_json_key(out, "functionCall");
    aigw_json_open(out, '{');
    if (p->id.n && !p->no_id) {
        aigw_json_key(out, "id");
        aigw_json_put_str(out, p->id);
    }
    aigw_json_key(out, "name");
    aigw_json_put_str(out, p->name);
    aigw_json_key(out, "args");
    if (aigwi_gemini_put_args(out, args, p->custom))
        aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_ARGS, p->at, "functionCall.args", AIGW_LOSS_APPROXIMATED, "the arguments are not a JSON object: wrapped as {\"_raw\": ...}");
    aigw_json_close(out, '}');
    return AIGW_OK;
}

static int aigwi_gemini_put_answer_part(aigw_enc *st, const aigw_part *p, aigw_arena *room, aigw_out *out) {
    int r = AIGW_OK, thought = p->kind == AIGW_PART_REASONING;
    if (p->notes) aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_NOTE, p->notes->at, "note", AIGW_LOSS_DROPPED, "a remark in another provider's form");
    if (p->kind == AIGW_PART_OTHER) {
        if (p->text.form == AIGW_TEXT_JSON && aigw_base_eq(p->name, aigwi_gemini_me)) aigw_json_put_raw(out, aigwi_dialect_slice(p->text.p, p->text.n));
        else aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_OTHER, p->at, "content", AIGW_LOSS_DROPPED, "only its own dialect knows this part");
        return AIGW_OK;
    }
    if (!p->text.n && !p->state && p->kind != AIGW_PART_TOOL_CALL) return AIGW_OK;
    aigw_json_open(out, '{');
    if (p->kind == AIGW_PART_TOOL_CALL) r = aigwi_gemini_put_answer_call(st, p, room, out);
    else if (p->kind == AIGW_PART_IMAGE || p->kind == AIGW_PART_AUDIO || p->kind == AIGW_PART_FILE) {
        aigw_json_key(out, "inlineData");
        aigw_json_open(out, '{');
        aigw_json_key(out, "mimeType");
        aigw_json_put_str(out, p->mime.n ? p->mime : p->name);
        aigw_json_key(out, "data");
        aigw_json_put_text(out, p->text);
        aigw_json_close(out, '}');
    } else {
        aigw_json_key(out, "text");
        aigw_json_put_text(out, p->text);
        if (thought) {
            aigw_json_key(out, "thought");
            aigw_json_put_bool(out, 1);
        }
    }
    if (p->state) {
        aigw_json_key(out, "thoughtSignature");
        aigwi_dialect_put_opaque(out, p->state, aigwi_gemini_me, 1);
    }
    aigw_json_close(out, '}');
    return r;
}

/* The last remark of each sort: a stream repeats them, each time more complete. */
static void aigwi_gemini_put_notes(aigw_enc *st, const aigw_note *note, int candidate, aigw_out *out) {
    static const char *const members[] = { "groundingMetadata", "citationMetadata", "urlContextMetadata", "logprobsResult", "safetyRatings", "promptFeedback" };
    aigw_str last[6];
    const char *member;
    int i;
    memset(last, 0, sizeof last);
    for (; note; note = note->next) {
        if (!aigw_base_eq(note->dialect, aigwi_gemini_me) || !note->json.n) {
            if (candidate) aigwi_gemini_enc_lost(st, AIGWI_GEMINI_LOST_NOTE + 8u * (note->kind & 3u), note->at, "note", AIGW_LOSS_DROPPED, "a remark in another provider's form");
            continue;
        }
        member = aigwi_gemini_note_member(note->kind, note->json);
        for (i = 0; i < 5 && !(member && aigw_base_eq(aigw_base_str(member), aigw_base_str(members[i]))); i++) {}
        last[i] = note->json;
    }
    for (i = candidate ? 0 : 5; i < (candidate ? 5 : 6); i++) {
        if (!last[i].n) continue;
        aigw_json_key(out, members[i]);
        aigw_json_put_raw(out, last[i]);
    }
}

static int aigwi_gemini_put_candidate(aigw_enc *st, const aigw_answer *c, int index, aigw_arena *room, aigw_out *out) {
    const aigw_part *p;
    int r = AIGW_OK;
    aigw_json_open(out, '{');
    aigw_json_key(out, "content");
    aigw_json_open(out, '{');
    if (c->parts) {
        aigw_json_key(out, "parts");
        aigw_json_open(out, '[');
        for (p = c->parts; p && !r; p = p->next) r = aigwi_gemini_put_answer_part(st, p, room, out);
        aigw_json_close(out, ']');
    }
    aigw_json_key(out, "role");
    aigw_json_put_str(out, aigw_base_str("model"));
    aigw_json_close(out, '}');
    aigw_json_key(out, "finishReason");
    aigw_json_put_str(out, aigw_base_str(aigwi_gemini_reason(st, c->finish, AIGW_NOWHERE)));
    aigw_json_key(out, "index");
    aigw_json_put_int(out, index);
    aigwi_gemini_put_notes(st, c->notes, 1, out);
    aigw_json_close(out, '}');
    return r;
}

static int aigwi_gemini_resp_encode(aigw_enc *st, const aigw_resp *resp, aigw_out *out) {
    aigw_arena room = aigw_base_arena(st->hold, st->hold ? st->hold_cap : 0);
    int i, r = AIGW_OK;
    if (resp->error) {
        aigwi_gemini_put_error(out, resp->error);
        return aigw_base_out_end(out);
    }
    aigw_json_open(out, '{');
    if (st->req && st->req->op == AIGW_OP_COUNT_TOKENS) {
        aigw_json_key(out, "totalTokens");
        aigw_json_put_int(out, resp->usage.input);
        if (resp->usage.has & AIGW_USAGE_CACHED) {
            aigw_json_key(out, "cachedContentTokenCount");
            aigw_json_put_int(out, resp->usage.cached);
        }
    } else {
        aigw_json_key(out, "candidates");
        aigw_json_open(out, '[');
        for (i = 0; i < resp->choices && !r; i++) r = aigwi_gemini_put_candidate(st, &resp->choice[i], i, &room, out);
        aigw_json_close(out, ']');
        aigwi_gemini_put_notes(st, resp->choice[0].notes, 0, out);
        aigwi_gemini_put_usage(out, &resp->usage);
        aigwi_gemini_lose_usage(st, &resp->usage, AIGW_NOWHERE);
        if (resp->model.n) {
            aigw_json_key(out, "modelVersion");
            aigw_json_put_str(out, resp->model);
        }
        if (resp->id.n) {
            aigw_json_key(out, "responseId");
            aigw_json_put_str(out, resp->id);
        }
        if (resp->created_s > 0) aigwi_gemini_put_created(out, resp->created_s);
    }
    aigw_json_close(out, '}');
    return r ? r : aigw_base_out_end(out);
}

/* ---- the models list */

static void aigwi_gemini_put_model(const aigw_model_info *m, aigw_out *out) {
    static const char *const methods[] = { "generateContent", "streamGenerateContent", "countTokens" };
    int i;
    aigw_json_open(out, '{');
    aigw_json_key(out, "name");
    aigw_json_open_str(out);
    aigw_base_put_lit(out, "models/");
    aigw_json_part(out, aigwi_dialect_text(m->name, AIGW_TEXT_PLAIN));
    aigw_json_close_str(out);
    aigw_json_key(out, "displayName");
    aigw_json_put_str(out, m->name);
    if (m->owner.n) {
        aigw_json_key(out, "description");
        aigw_json_put_str(out, m->owner);
    }
    if (m->context) {
        aigw_json_key(out, "inputTokenLimit");
        aigw_json_put_int(out, m->context);
    }
    if (m->max_output) {
        aigw_json_key(out, "outputTokenLimit");
        aigw_json_put_int(out, m->max_output);
    }
    aigw_json_key(out, "supportedGenerationMethods");
    aigw_json_open(out, '[');
    for (i = 0; i < 3; i++) aigw_json_put_str(out, aigw_base_str(methods[i]));
    aigw_json_close(out, ']');
    aigw_json_close(out, '}');
}

static int aigwi_gemini_models_encode(const aigw_model_info *models, size_t n, int single, aigw_out *out) {
    size_t i;
    if (!single) {
        aigw_json_open(out, '{');
        aigw_json_key(out, "models");
        aigw_json_open(out, '[');
    }
    for (i = 0; i < (single && n ? 1 : n); i++) aigwi_gemini_put_model(&models[i], out);
    if (!single) {
        aigw_json_close(out, ']');
        aigw_json_close(out, '}');
    }
    return aigw_base_out_end(out);
}

/* Keep-alive: none, google-genai refuses comments (section 30). */
const aigw_dialect aigw_dialect_gemini = {
    AIGW_STR("gemini"), AIGW_STR("x-goog-api-key"), AIGW_STR(""), AIGW_STR(""), NULL, AIGW_STR(""), AIGW_FRAMING_SSE,
    AIGWI_SERVE(aigwi_gemini_match), AIGWI_SERVE(aigwi_gemini_req_decode), aigwi_gemini_req_encode, AIGWI_SERVE(aigwi_gemini_req_edit),
    aigwi_gemini_resp_decode, aigwi_gemini_frame_decode, aigwi_gemini_stream_end, aigwi_gemini_error_decode, aigwi_dialect_limits_decode,
    AIGWI_SERVE(aigwi_gemini_event_encode), AIGWI_SERVE(aigwi_gemini_resp_encode), AIGWI_SERVE(aigwi_gemini_error_encode), NULL, AIGWI_SERVE(aigwi_gemini_models_encode),
    AIGW_STR(""), AIGW_STR("text/event-stream"), AIGW_STR("")
};
#endif /* AIGW_NO_GEMINI */

/* ==== >>registry =================================================================================================== */
/* Providers, models and routes as data. Knows the shape of the configuration's three members (design section 6) and
   how names are looked up; knows no provider. */

static uint32_t aigwi_registry_hash(aigw_str s) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h;
}

AIGW_API void aigw_registry_init(aigw_registry *r, const aigw_dialect *const *dialects, size_t n, aigw_arena *mem) {
    memset(r, 0, sizeof *r);
    r->dialects = dialects;
    r->n_dialects = n;
    r->mem = mem;
    r->provider_end = &r->providers;
    r->model_end = &r->models;
    r->route_end = &r->routes;
}

AIGW_API const aigw_dialect *aigw_registry_dialect(const aigw_registry *r, aigw_str name) {
    for (size_t i = 0; i < r->n_dialects; i++)
        if (aigw_base_eq(r->dialects[i]->name, name)) return r->dialects[i];
    return NULL;
}
AIGW_API aigw_registry_provider *aigw_registry_provider_of(const aigw_registry *r, aigw_str name) {
    aigw_registry_provider *p = r->providers;
    while (p && !aigw_base_eq(p->name, name)) p = p->next;
    return p;
}
AIGW_API aigw_registry_model *aigw_registry_model_of(const aigw_registry *r, aigw_str name) {
    uint32_t hash = aigwi_registry_hash(name);
    aigw_registry_model *m = r->bucket[hash % 64];
    while (m && (m->hash != hash || !aigw_base_eq(m->target.name, name))) m = m->same;
    return m;
}
AIGW_API aigw_registry_route *aigw_registry_route_of(const aigw_registry *r, aigw_str name) {
    aigw_registry_route *route = r->routes;
    while (route && !aigw_base_eq(route->name, name)) route = route->next;
    return route;
}

AIGW_API aigw_registry_provider *aigw_registry_add_provider(aigw_registry *r, const aigw_registry_provider *p) {
    aigw_registry_provider *to = aigw_registry_provider_of(r, p->name), *next = to ? to->next : NULL;
    if (!to) {
        to = (aigw_registry_provider *)aigw_base_take(r->mem, 1, sizeof *to, sizeof(uint64_t));
        if (!to) return NULL;
        *r->provider_end = to;
        r->provider_end = &to->next;
    }
    *to = *p;
    to->next = next;
    to->at = AIGW_NOWHERE;
    return to;
}

AIGW_API aigw_registry_model *aigw_registry_add_model(aigw_registry *r, const aigw_registry_model *m) {
    aigw_registry_provider *p = aigw_registry_provider_of(r, m->target.provider);
    aigw_registry_model *to = aigw_registry_model_of(r, m->target.name), *next = to ? to->next : NULL, *same = to ? to->same : NULL;
    if (!p) return NULL;
    if (!to) {
        to = (aigw_registry_model *)aigw_base_take(r->mem, 1, sizeof *to, sizeof(uint64_t));
        if (!to) return NULL;
        *r->model_end = to;
        r->model_end = &to->next;
        same = r->bucket[aigwi_registry_hash(m->target.name) % 64];
        r->bucket[aigwi_registry_hash(m->target.name) % 64] = to;
    }
    *to = *m;
    to->next = next;
    to->same = same;
    to->at = AIGW_NOWHERE;
    to->hash = aigwi_registry_hash(m->target.name);
    to->provider = p;
    return to;
}

AIGW_API aigw_registry_route *aigw_registry_add_route(aigw_registry *r, const aigw_registry_route *route) {
    aigw_registry_route *to = aigw_registry_route_of(r, route->name), *next = to ? to->next : NULL;
    if (!to) {
        to = (aigw_registry_route *)aigw_base_take(r->mem, 1, sizeof *to, sizeof(uint64_t));
        if (!to) return NULL;
        *r->route_end = to;
        r->route_end = &to->next;
    }
    *to = *route;
    to->next = next;
    to->at = AIGW_NOWHERE;
    return to;
}

/* ---- base URLs */

static int aigwi_registry_starts(aigw_str s, const char *with, aigw_str *rest) {
    size_t n = strlen(with);
    if (s.n < n || !aigw_base_eq_nocase(aigwi_dialect_slice(s.p, n), aigwi_dialect_slice(with, n))) return 0;
    *rest = aigwi_dialect_slice(s.p + n, s.n - n);
    return 1;
}

/* The path prefix: without the slashes at its end. */
static int aigwi_registry_base(aigw_str s, aigw_registry_provider *p) {
    while (s.n && s.p[s.n - 1] == '/') s.n--;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 127 || s.p[i] == '?' || s.p[i] == '#') return AIGW_E_VALUE;
    p->base = s;
    return AIGW_OK;
}

static int aigwi_registry_unix(aigw_str s, aigw_registry_provider *p) {
    size_t colon = aigw_base_find(s, aigwi_dialect_slice(":", 1), 0);
    p->scheme = AIGW_SCHEME_UNIX;
    p->host = aigwi_dialect_slice(s.p, colon);
    p->authority = aigw_base_str("localhost");
    p->port = 0;
    if (!p->host.n) return AIGW_E_VALUE;
    return aigwi_registry_base(colon < s.n ? aigwi_dialect_slice(s.p + colon + 1, s.n - colon - 1) : aigwi_dialect_slice("", 0), p);
}

AIGW_API int aigw_registry_url(aigw_str url, aigw_registry_provider *p) {
    aigw_str rest;
    size_t end, host, from;
    int64_t port;
    if (aigwi_registry_starts(url, "unix:", &rest)) return aigwi_registry_unix(rest, p);
    if (aigwi_registry_starts(url, "builtin:", &rest)) {
        p->scheme = AIGW_SCHEME_BUILTIN;
        p->host = p->authority = aigw_base_str("localhost");
        p->port = 0;
        return aigwi_registry_base(rest, p);
    }
    p->scheme = aigwi_registry_starts(url, "https://", &rest) ? AIGW_SCHEME_HTTPS : AIGW_SCHEME_HTTP;
    if (p->scheme == AIGW_SCHEME_HTTP && !aigwi_registry_starts(url, "http://", &rest)) return AIGW_E_VALUE;
    port = p->scheme == AIGW_SCHEME_HTTPS ? 443 : 80;
    for (end = 0; end < rest.n && rest.p[end] != '/'; end++)
        if ((unsigned char)rest.p[end] <= ' ' || (unsigned char)rest.p[end] >= 127 || rest.p[end] == '@' || rest.p[end] == '?' || rest.p[end] == '#') return AIGW_E_VALUE;
    p->authority = aigwi_dialect_slice(rest.p, end);
    from = end && rest.p[0] == '[';                                                        /* an address in brackets holds colons */
    host = aigw_base_find(p->authority, aigwi_dialect_slice(from ? "]" : ":", 1), 0);
    p->host = aigwi_dialect_slice(rest.p + from, host - from);
    if (!p->host.n || (from && host == end)) return AIGW_E_VALUE;
    host += from;
    if (host < end && (rest.p[host] != ':' || !aigw_base_int(aigwi_dialect_slice(rest.p + host + 1, end - host - 1), &port) || port < 1 || port > 65535)) return AIGW_E_VALUE;
    p->port = (uint16_t)port;
    return aigwi_registry_base(aigwi_dialect_slice(rest.p + end, rest.n - end), p);
}

/* ---- reading the configuration: each entry by itself, so that one complaint does not hide the next */

typedef struct {
    aigw_registry *r;
    aigw_str json;
    aigw_registry_faults *faults;
    int code;
} aigwi_registry_reader;

static void aigwi_registry_complain(aigwi_registry_reader *c, int code, const char *at, const char *text) {
    aigw_fault *f;
    if (code != AIGW_E_UNSUPPORTED && !c->code) c->code = code;
    if (c->faults->n++ >= c->faults->cap) return;
    f = &c->faults->items[c->faults->n - 1];
    memset(f, 0, sizeof *f);
    f->code = code;
    f->at = (size_t)(at - c->json.p);
    f->text = text;
    (void)aigw_json_path(c->json, f->at, f->path, sizeof f->path);
}
static void aigwi_registry_unknown(aigwi_registry_reader *c, aigw_json *j) {
    aigwi_registry_complain(c, AIGW_E_UNSUPPORTED, j->p + j->key_at, "this member is not known to this version and is not used");
    aigw_json_skip(j);
}

/* The end of an entry: 1 when it was read without fault. */
static int aigwi_registry_done(aigwi_registry_reader *c, aigw_json *j) {
    if (!aigw_json_end(j)) return 1;
    aigwi_registry_complain(c, j->err, j->p + aigw_json_at(j), j->why);
    return 0;
}

static int aigwi_registry_ms(aigw_json *j, uint32_t *ms) {
    size_t at = aigw_json_at(j);
    int64_t v = 0;
    if (!aigw_json_int(j, &v)) return 0;
    if (v < -1 || v >= UINT32_MAX) return aigw_json_fail(j, AIGW_E_VALUE, at, "milliseconds, 0 for the default or -1 for no limit");
    *ms = (uint32_t)v;
    return 1;
}

/* One of the time limits, which providers, models and routes have alike: 1 when the member j stands at was one. */
static int aigwi_registry_time(aigw_json *j, aigw_registry_times *t) {
    static const char *const names[] = { "connect_ms", "first_byte_ms", "idle_ms", "total_ms" };
    uint32_t *to[4];
    to[0] = &t->connect_ms, to[1] = &t->first_ms, to[2] = &t->idle_ms, to[3] = &t->total_ms;
    for (int i = 0; i < 4; i++)
        if (aigw_base_eq(j->key, aigw_base_str(names[i]))) return aigwi_registry_ms(j, to[i]), 1;
    return 0;
}

/* What was added by a call may be replaced; what was read may not be said again. */
static int aigwi_registry_fresh(aigwi_registry_reader *c, size_t *at, const char *raw) {
    if (!at || *at == AIGW_NOWHERE) return 1;
    aigwi_registry_complain(c, AIGW_E_DUPLICATE, raw, "this name occurs twice");
    return 0;
}

/* ["low", "high"] or "low high" -> "low high". */
static void aigwi_registry_words(aigw_json *j, aigw_arena *mem, aigw_str *words) {
    aigw_str word;
    aigw_out out;
    size_t at = aigw_json_at(j);
    char *room;
    if (aigw_json_kind(j) == AIGW_JSON_STRING) {
        aigw_json_str(j, mem, words);
        return;
    }
    room = (char *)aigw_base_take(mem, 128, 1, 1);
    aigw_base_out_init(&out, room, room ? 128 : 0, NULL, 0);
    for (aigw_json_array(j); aigw_json_item(j); ) {
        if (!aigw_json_str(j, mem, &word)) return;
        if (out.buf.n) aigw_base_put_byte(&out, ' ');
        aigw_base_put(&out, word);
    }
    if (out.buf.n > out.buf.cap) aigw_json_fail(j, room ? AIGW_E_LIMIT : AIGW_E_NOMEM, at, room ? "too many words" : "the memory for the registry is full");
    *words = aigwi_dialect_slice(room, out.buf.n);
}

/* ---- a provider's deviations: what a configuration says becomes rules, in front of those of its family */

/* The path of a member in a rule: names and dots. */
static int aigwi_registry_path(aigw_json *j, aigw_str s, size_t at) {
    size_t i;
    for (i = 0; i < s.n && (aigwi_family_letter(s.p[i]) || s.p[i] == '.'); i++) {}
    return s.n && i == s.n ? 1 : aigw_json_fail(j, AIGW_E_VALUE, at, "the name of a member, or a path such as \"messages.name\"");
}
/* A value as a rule holds it: without white space. */
static void aigwi_registry_tight(aigw_out *o, aigw_str raw) {
    for (size_t i = 0, string = 0; i < raw.n; i++) {
        char ch = raw.p[i];
        int space = ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
        if (ch == '"') string = !string;
        if (space && string) aigw_base_put_lit(o, "\\u0020");
        if (!space) aigw_base_put_byte(o, ch);
        if (ch == '\\' && i + 1 < raw.n) aigw_base_put_byte(o, raw.p[++i]);
    }
}
/* ["a", "b"] -> "a- b- ". */
static void aigwi_registry_rule_list(aigw_json *j, aigw_arena *mem, char sign, aigw_out *o) {
    aigw_str path;
    for (aigw_json_array(j); aigw_json_item(j); ) {
        size_t at = aigw_json_at(j);
        if (!aigw_json_str(j, mem, &path) || !aigwi_registry_path(j, path, at)) return;
        aigw_base_put(o, path);
        aigw_base_put_byte(o, sign);
        aigw_base_put_byte(o, ' ');
    }
}
static void aigwi_registry_rule_range(aigw_json *j, aigw_str path, aigw_out *o) {
    aigw_str v;
    int i = 0;
    for (aigw_json_array(j); aigw_json_item(j); i++) {
        if (aigw_json_null(j)) continue;
        if (!aigw_json_number(j, &v)) return;
        aigw_base_put(o, path);
        aigw_base_put_byte(o, i ? '<' : '>');
        aigw_base_put(o, v);
        aigw_base_put_byte(o, ' ');
    }
}
/* {"a": ...} -> "a=b ", "a+JSON ", "a>1 a<2 ", "a:word=other ", by sign. */
static void aigwi_registry_rule_object(aigw_json *j, aigw_arena *mem, char sign, aigw_out *o) {
    aigw_str path, word = AIGW_STR(""), raw = AIGW_STR("");
    for (aigw_json_object(j); aigw_json_member(j); ) {
        size_t at = j->key_at;
        path = aigw_base_copy(mem, j->key);
        if (!path.p || !aigwi_registry_path(j, path, at)) return;
        at = aigw_json_at(j);
        if (sign == '<') {
            aigwi_registry_rule_range(j, path, o);
            continue;
        }
        if (sign == ':') {
            for (aigw_json_object(j); aigw_json_member(j); ) {
                aigw_str from = aigw_base_copy(mem, j->key);
                at = aigw_json_at(j);
                if (!from.p || !aigw_json_str(j, mem, &word) || !aigwi_registry_path(j, word, at) || !aigwi_registry_path(j, from, at)) return;
                aigw_base_put(o, path);
                aigw_base_put_byte(o, ':');
                aigw_base_put(o, from);
                aigw_base_put_byte(o, '=');
                aigw_base_put(o, word);
                aigw_base_put_byte(o, ' ');
            }
            continue;
        }
        if (sign == '=' ? !aigw_json_str(j, mem, &word) || !aigwi_registry_path(j, word, at) : !aigw_json_raw(j, &raw)) return;
        aigw_base_put(o, path);
        aigw_base_put_byte(o, sign);
        if (sign == '=') aigw_base_put(o, word);
        else aigwi_registry_tight(o, raw);
        aigw_base_put_byte(o, ' ');
    }
}
enum { AIGWI_REGISTRY_RENAME, AIGWI_REGISTRY_DROP, AIGWI_REGISTRY_REFUSE, AIGWI_REGISTRY_ACCEPT, AIGWI_REGISTRY_CLAMP, AIGWI_REGISTRY_ADD, AIGWI_REGISTRY_WORDS,
       AIGWI_REGISTRY_MAX_TOKENS, AIGWI_REGISTRY_STREAM_OPTIONS, AIGWI_REGISTRY_PATH, AIGWI_REGISTRY_STREAM_PATH, AIGWI_REGISTRY_AUTH_HEADER, AIGWI_REGISTRY_AUTH_PREFIX,
       AIGWI_REGISTRY_VERSIONS, AIGWI_REGISTRY_QUIRKS };
/* The deviation that j stands at: 1 when it was one; then *own is this provider's row. */
static int aigwi_registry_quirk(aigw_json *j, aigw_arena *mem, aigw_family *own, aigw_out *rules, int *any) {
    static const aigw_str names[] = { AIGW_STR("rename"), AIGW_STR("drop"), AIGW_STR("refuse"), AIGW_STR("accept"), AIGW_STR("clamp"), AIGW_STR("add"), AIGW_STR("words"),
        AIGW_STR("max_tokens"), AIGW_STR("stream_options"), AIGW_STR("path"), AIGW_STR("stream_path"), AIGW_STR("auth_header"), AIGW_STR("auth_prefix"), AIGW_STR("versions") };
    static const char signs[] = "=-!*<+:";
    aigw_str *to[AIGWI_REGISTRY_VERSIONS - AIGWI_REGISTRY_PATH], word;
    size_t at;
    int i = 0, on = 1;
    while (i < AIGWI_REGISTRY_QUIRKS && !aigw_base_eq(names[i], j->key)) i++;
    if (i == AIGWI_REGISTRY_QUIRKS) return 0;
    *any = 1;
    at = aigw_json_at(j);
    to[0] = &own->path, to[1] = &own->stream_path, to[2] = &own->auth_header, to[3] = &own->auth_prefix;
    if (i == AIGWI_REGISTRY_DROP || i == AIGWI_REGISTRY_REFUSE || i == AIGWI_REGISTRY_ACCEPT) aigwi_registry_rule_list(j, mem, signs[i], rules);
    else if (i <= AIGWI_REGISTRY_WORDS) aigwi_registry_rule_object(j, mem, signs[i], rules);
    else if (i == AIGWI_REGISTRY_MAX_TOKENS) {
        if (aigw_json_str(j, mem, &word) && aigwi_registry_path(j, word, at) && !aigwi_dialect_is(word, "max_completion_tokens")) {
            aigw_base_put_lit(rules, "max_completion_tokens=");
            aigw_base_put(rules, word);
            aigw_base_put_byte(rules, ' ');
        }
    } else if (i == AIGWI_REGISTRY_STREAM_OPTIONS) {
        if (aigw_json_bool(j, &on) && !on) aigw_base_put_lit(rules, "stream_options- ");
    } else if (i == AIGWI_REGISTRY_VERSIONS) aigwi_registry_words(j, mem, &own->versions);
    else if (aigw_json_str(j, mem, to[i - AIGWI_REGISTRY_PATH]) && i <= AIGWI_REGISTRY_STREAM_PATH && (!to[i - AIGWI_REGISTRY_PATH]->n || to[i - AIGWI_REGISTRY_PATH]->p[0] != '/'))
        aigw_json_fail(j, AIGW_E_VALUE, at, "a path begins with a slash and goes behind the base URL; {model} and {version} are filled in");
    return 1;
}

static aigw_str aigwi_registry_join(aigw_arena *mem, const char *a, aigw_str b) {
    size_t n = strlen(a), room = n + b.n;
    char *p = (char *)aigw_base_take(mem, room + 1, 1, 1);
    if (!p) return aigwi_dialect_slice(NULL, 0);
    memcpy(p, a, n);
    if (b.n) memcpy(p + n, b.p, b.n);
    return aigwi_dialect_slice(p, room);
}
/* All that a provider's API version may be, as one list; empty: anything. */
static aigw_str aigwi_registry_versions(aigwi_registry_reader *c, const aigw_registry_provider *p) {
    aigw_str all = p->family ? p->family->versions : aigwi_dialect_slice("", 0);
    const aigw_str *v = p->dialect->versions;
    if (all.n || !v) return all;
    for (; v->n; v++) {
        aigw_str more = aigwi_registry_join(c->r->mem, all.n ? " " : "", *v), both;
        both.n = all.n + more.n;
        both.p = (const char *)aigw_base_take(c->r->mem, both.n, 1, 1);
        if (!both.p || !more.p) return aigwi_dialect_slice("", 0);
        if (all.n) memcpy((char *)(uintptr_t)both.p, all.p, all.n);
        memcpy((char *)(uintptr_t)both.p + all.n, more.p, more.n);
        all = both;
    }
    return all;
}
/* The complaint about a version that is not known lists those that are. */
static void aigwi_registry_version(aigwi_registry_reader *c, const aigw_registry_provider *p, const char *at) {
    aigw_str all = aigwi_registry_versions(c, p), text;
    if (!p->version.n || !all.n || aigwi_family_index(all, p->version) >= 0) return;
    text = aigwi_registry_join(c->r->mem, "this API version is not known; known are: ", all);
    if (text.p) ((char *)(uintptr_t)text.p)[text.n] = 0;
    aigwi_registry_complain(c, AIGW_E_VALUE, at, text.p ? text.p : "this API version is not known");
}

static void aigwi_registry_provider_entry(aigwi_registry_reader *c, aigw_str name, aigw_str raw) {
    static const aigw_str names[] = { AIGW_STR("dialect"), AIGW_STR("base_url"), AIGW_STR("key"), AIGW_STR("version"), AIGW_STR("family") };
    aigw_registry_provider p;
    aigw_family own, *kept;
    aigw_str dialect = AIGW_STR(""), url = AIGW_STR(""), family = AIGW_STR("");
    aigw_registry_provider *old = aigw_registry_provider_of(c->r, name);
    aigw_out rules;
    aigw_json j;
    uint64_t seen = 0;
    size_t dialect_at = 0, url_at = 0, version_at = 0, family_at = 0, room = raw.n * 6;
    int f, any = 0, keyed = 0;
    if (!aigwi_registry_fresh(c, old ? &old->at : NULL, raw.p)) return;
    memset(&p, 0, sizeof p);
    p.name = name;
    aigw_json_init(&j, raw);                               /* the family first: what stands beside it is said over it */
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        if (!aigw_base_eq(j.key, names[4])) aigw_json_skip(&j);
        else {
            family_at = aigw_json_at(&j);
            aigw_json_str(&j, c->r->mem, &family);
        }
    }
    p.family = family.n ? aigw_family_of(family) : NULL;
    if (family.n && !p.family) {
        aigwi_registry_complain(c, AIGW_E_VALUE, raw.p + family_at, "this family is not known: leave it out, name the `dialect`, and say what is different");
        return;
    }
    memset(&own, 0, sizeof own);
    if (p.family) own = *p.family;
    room += own.rules.n;
    aigw_base_out_init(&rules, NULL, 0, NULL, 0);
    aigw_json_init(&j, raw);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 5, &seen)) >= 0; ) switch (f) {
    case 0: dialect_at = aigw_json_at(&j); aigw_json_str(&j, c->r->mem, &dialect); break;
    case 1: url_at = aigw_json_at(&j); aigw_json_str(&j, c->r->mem, &url); break;
    case 2: aigw_json_str(&j, c->r->mem, &p.key); keyed = 1; break;
    case 3: version_at = aigw_json_at(&j); aigw_json_str(&j, c->r->mem, &p.version); break;
    case 4: aigw_json_skip(&j); break;
    default:
        if (!any && !rules.buf.cap) {                      /* most entries have no deviations: memory only for those that do */
            aigw_arena mark = *c->r->mem;
            char *text = (char *)aigw_base_take(c->r->mem, room, 1, 1);
            aigw_base_out_init(&rules, text, text ? room : 0, NULL, 0);
            if (aigwi_registry_quirk(&j, c->r->mem, &own, &rules, &any)) break;
            *c->r->mem = mark;
            aigw_base_out_init(&rules, NULL, 0, NULL, 0);
        } else if (aigwi_registry_quirk(&j, c->r->mem, &own, &rules, &any)) break;
        if (!aigwi_registry_time(&j, &p.times)) aigwi_registry_unknown(c, &j);
    }
    if (!aigwi_registry_done(c, &j)) return;
    if (any) {
        aigw_base_put(&rules, own.rules);
        kept = (aigw_family *)aigw_base_take(c->r->mem, 1, sizeof *kept, sizeof(void *));
        if (!kept || rules.buf.n > rules.buf.cap) {
            aigwi_registry_complain(c, AIGW_E_NOMEM, raw.p, "the memory for the registry is full");
            return;
        }
        own.rules = aigwi_dialect_slice(rules.buf.p, rules.buf.n);
        *kept = own;
        p.family = kept;
    }
    if (!dialect.n && p.family) dialect = p.family->dialect;
    if (!url.n && p.family) url = p.family->url;
    if (!keyed && p.family && p.family->env.n) p.key = aigwi_registry_join(c->r->mem, "env:", p.family->env);
    p.dialect = aigw_registry_dialect(c->r, dialect);
    if (!p.dialect) aigwi_registry_complain(c, dialect.n ? AIGW_E_VALUE : AIGW_E_MISSING, raw.p + dialect_at,
                                            dialect.n ? "a provider's `dialect` must be one of those built in, such as \"openai-chat\"" : "a provider needs `dialect` or `family`");
    else if (p.family && p.family->dialect.n && !aigw_base_eq(p.family->dialect, dialect))
        aigwi_registry_complain(c, AIGW_E_VALUE, raw.p + dialect_at, "this family speaks another dialect");
    else if (aigw_registry_url(url, &p)) aigwi_registry_complain(c, url.n ? AIGW_E_VALUE : AIGW_E_MISSING, raw.p + url_at,
                                                                 "a provider needs `base_url`: https://host[:port][/path], http://... or unix:/path");
    else if (!(old = aigw_registry_add_provider(c->r, &p))) aigwi_registry_complain(c, AIGW_E_NOMEM, raw.p, "the memory for the registry is full");
    else {
        old->at = (size_t)(raw.p - c->json.p);
        aigwi_registry_version(c, old, raw.p + version_at);
    }
}

static void aigwi_registry_can(aigwi_registry_reader *c, aigw_json *j, uint32_t *bits) {
    static const aigw_str words[] = {
#define X(name, label) AIGW_STR(label),
        AIGW_CAN_LIST(X)
#undef X
    };
    aigw_str word;
    int i;
    for (aigw_json_array(j); aigw_json_item(j); ) {
        const char *at = j->p + aigw_json_at(j);
        if (!aigw_json_str(j, c->r->mem, &word)) return;
        for (i = 0; i < AIGW_CAN_COUNT && !aigw_base_eq(words[i], word); i++) {}
        if (i < AIGW_CAN_COUNT) *bits |= (uint32_t)1 << i;
        else aigwi_registry_complain(c, AIGW_E_UNSUPPORTED, at, "this ability is not known to this version and is not used");
    }
}

static void aigwi_registry_tokens(aigw_json *j, int64_t *n) {
    size_t at = aigw_json_at(j);
    if (aigw_json_int(j, n) && *n < 0) aigw_json_fail(j, AIGW_E_VALUE, at, "a number of tokens");
}

static void aigwi_registry_model_entry(aigwi_registry_reader *c, aigw_str name, aigw_str raw) {
    static const aigw_str names[] = { AIGW_STR("provider"), AIGW_STR("id"), AIGW_STR("context"), AIGW_STR("max_output"), AIGW_STR("can"), AIGW_STR("no"), AIGW_STR("effort") };
    aigw_registry_model m;
    aigw_registry_model *old = aigw_registry_model_of(c->r, name);
    aigw_json j;
    uint64_t seen = 0;
    size_t at = 0;
    int f;
    if (!aigwi_registry_fresh(c, old ? &old->at : NULL, raw.p)) return;
    memset(&m, 0, sizeof m);
    m.target.name = m.target.id = name;
    aigw_json_init(&j, raw);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 7, &seen)) >= 0; ) switch (f) {
    case 0: at = aigw_json_at(&j); aigw_json_str(&j, c->r->mem, &m.target.provider); break;
    case 1: aigw_json_str(&j, c->r->mem, &m.target.id); break;
    case 2: aigwi_registry_tokens(&j, &m.target.context); break;
    case 3: aigwi_registry_tokens(&j, &m.target.max_output); break;
    case 4: aigwi_registry_can(c, &j, &m.target.can); break;
    case 5: aigwi_registry_can(c, &j, &m.target.no); break;
    case 6: aigwi_registry_words(&j, c->r->mem, &m.target.efforts); break;
    default: if (!aigwi_registry_time(&j, &m.times)) aigwi_registry_unknown(c, &j);
    }
    if (!aigwi_registry_done(c, &j)) return;
    if (!m.target.provider.n) aigwi_registry_complain(c, AIGW_E_MISSING, raw.p, "a model needs `provider`");
    else if (!aigw_registry_provider_of(c->r, m.target.provider)) aigwi_registry_complain(c, AIGW_E_VALUE, raw.p + at, "there is no provider of this name");
    else if (!(old = aigw_registry_add_model(c->r, &m))) aigwi_registry_complain(c, AIGW_E_NOMEM, raw.p, "the memory for the registry is full");
    else old->at = (size_t)(raw.p - c->json.p);
}

/* "provider/id": the provider with the longest name that fits, and the id. */
static aigw_registry_provider *aigwi_registry_split(const aigw_registry *r, aigw_str name, aigw_str *id) {
    aigw_registry_provider *p, *best = NULL;
    for (p = r->providers; p; p = p->next) {
        if (name.n <= p->name.n + 1 || name.p[p->name.n] != '/' || memcmp(name.p, p->name.p, p->name.n)) continue;
        if (!best || p->name.n > best->name.n) best = p;
    }
    if (best) *id = aigwi_dialect_slice(name.p + best->name.n + 1, name.n - best->name.n - 1);
    return best;
}

/* The models of a route: read twice, to count them and to keep them. */
static void aigwi_registry_route_models(aigwi_registry_reader *c, aigw_json *j, aigw_registry_route *route) {
    aigw_json count = *j;
    aigw_str id;
    size_t n = 0, at = aigw_json_at(j);
    for (aigw_json_array(&count); aigw_json_item(&count); n++) aigw_json_skip(&count);
    if (!n || n > 1000) aigw_json_fail(j, AIGW_E_VALUE, at, "a route needs an array of 1 to 1,000 names of models");
    route->models = (aigw_str *)aigw_base_take(c->r->mem, n, sizeof(aigw_str), sizeof(uint64_t));
    if (!route->models) aigw_json_fail(j, AIGW_E_NOMEM, at, "the memory for the registry is full");
    for (aigw_json_array(j); aigw_json_item(j); ) {
        aigw_str *m = &route->models[route->n++];
        at = aigw_json_at(j);
        if (!aigw_json_str(j, c->r->mem, m)) return;
        if (!aigw_registry_model_of(c->r, *m) && !aigwi_registry_split(c->r, *m, &id)) {
            aigw_json_fail(j, AIGW_E_VALUE, at, "there is no model of this name, and no provider for \"provider/id\"");
            return;
        }
    }
}

static void aigwi_registry_route_entry(aigwi_registry_reader *c, aigw_str name, aigw_str raw) {
    static const aigw_str names[] = { AIGW_STR("models"), AIGW_STR("attempts") };
    aigw_registry_route route, *old = aigw_registry_route_of(c->r, name);
    aigw_json j;
    int64_t v;
    uint64_t seen = 0;
    size_t at;
    int f;
    if (!aigwi_registry_fresh(c, old ? &old->at : NULL, raw.p)) return;
    memset(&route, 0, sizeof route);
    route.name = name;
    aigw_json_init(&j, raw);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 2, &seen)) >= 0; ) switch (f) {
    case 0: aigwi_registry_route_models(c, &j, &route); break;
    case 1:
        at = aigw_json_at(&j);
        v = 0;
        if (aigw_json_int(&j, &v) && (v < 1 || v > 100)) aigw_json_fail(&j, AIGW_E_VALUE, at, "1 to 100 attempts");
        route.attempts = (uint16_t)v;
        break;
    default: if (!aigwi_registry_time(&j, &route.times)) aigwi_registry_unknown(c, &j);
    }
    if (!aigwi_registry_done(c, &j)) return;
    if (!route.n) aigwi_registry_complain(c, AIGW_E_MISSING, raw.p, "a route needs `models`");
    else if (aigw_registry_model_of(c->r, name)) aigwi_registry_complain(c, AIGW_E_DUPLICATE, raw.p, "a model has this name already");
    else if (!(old = aigw_registry_add_route(c->r, &route))) aigwi_registry_complain(c, AIGW_E_NOMEM, raw.p, "the memory for the registry is full");
    else old->at = (size_t)(raw.p - c->json.p);
}

typedef void aigwi_registry_entry_fn(aigwi_registry_reader *c, aigw_str name, aigw_str raw);

/* Every entry of the top-level member `section`. */
static void aigwi_registry_section(aigwi_registry_reader *c, aigw_str section, aigwi_registry_entry_fn *entry) {
    aigw_json j;
    aigw_str name, raw;
    aigw_json_init(&j, c->json);
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        if (!aigw_base_eq(j.key, section)) {
            aigw_json_skip(&j);
            continue;
        }
        aigw_json_object(&j);
        while (aigw_json_member(&j)) {
            const char *at = j.p + j.key_at;
            name = aigw_base_copy(c->r->mem, j.key);
            if (!aigw_json_raw(&j, &raw)) break;
            if (!name.n || !name.p) aigwi_registry_complain(c, name.n ? AIGW_E_NOMEM : AIGW_E_VALUE, at, name.n ? "the memory for the registry is full" : "an empty name");
            else entry(c, name, raw);
        }
    }
    if (j.err && !c->code) aigwi_registry_done(c, &j);
}

AIGW_API int aigw_registry_read(aigw_registry *r, aigw_str json, aigw_registry_faults *faults) {
    static const struct { aigw_str name; aigwi_registry_entry_fn *entry; } sections[] = {     /* in the order in which they refer to each other */
        { AIGW_STR("providers"), aigwi_registry_provider_entry },
        { AIGW_STR("models"),    aigwi_registry_model_entry },
        { AIGW_STR("routes"),    aigwi_registry_route_entry },
    };
    aigwi_registry_reader c;
    aigw_json j;
    c.r = r;
    c.json = json;
    c.faults = faults;
    c.code = aigw_json_check(json, 0);
    if (c.code) {                                      /* say where, and read nothing of a broken text */
        aigw_json_init(&j, json);
        aigw_json_skip(&j);
        c.code = AIGW_OK;
        if (!aigwi_registry_done(&c, &j)) return c.code;
    }
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) aigwi_registry_section(&c, sections[i].name, sections[i].entry);
    return c.code;
}

AIGW_API void aigw_registry_blank(char *text, size_t n) {
    for (size_t i = 0, string = 0; i < n; i++) {
        if (text[i] == '\\' && string) i++;
        else if (text[i] == '"') string = !string;
        else if (text[i] == '\n') string = 0;          /* no JSON string goes on: the reader will say so */
        else if (!string && text[i] == '/' && i + 1 < n && text[i + 1] == '/')
            while (i < n && text[i] != '\n') text[i++] = ' ';
        else if (!string && text[i] == '/' && i + 1 < n && text[i + 1] == '*') {
            size_t end = i + 2;
            while (end + 1 < n && (text[end] != '*' || text[end + 1] != '/')) end++;
            if (end + 1 >= n) return;                  /* has no end: the reader will say where it begins */
            for (; i < end + 2; i++)
                if (text[i] != '\n') text[i] = ' ';
            i--;
        }
    }
}

AIGW_API size_t aigw_registry_line(aigw_str text, size_t at, size_t *column) {
    size_t line = 1, start = 0;
    for (size_t i = 0; i < at && i < text.n; i++) {
        if (text.p[i] != '\n') continue;
        line++;
        start = i + 1;
    }
    if (column) *column = at - start + 1;
    return line;
}

/* ---- look-up */

static void aigwi_registry_prefer(aigw_registry_times *t, const aigw_registry_times *over) {
    if (over->connect_ms) t->connect_ms = over->connect_ms;
    if (over->first_ms) t->first_ms = over->first_ms;
    if (over->idle_ms) t->idle_ms = over->idle_ms;
    if (over->total_ms) t->total_ms = over->total_ms;
}

/* The dialect in which a built-in provider answers this client: the next of the table. */
static const aigw_dialect *aigwi_registry_other(const aigw_registry *r, const aigw_dialect *client) {
    size_t i = 0;
    while (i < r->n_dialects && r->dialects[i] != client) i++;
    return r->dialects[(i + 1) % r->n_dialects];
}

/* One candidate. 1, or 0 when nothing has this name. */
static int aigwi_registry_pick(const aigw_registry *r, aigw_str name, const aigw_dialect *client, aigw_registry_pick *pick) {
    const aigw_registry_model *m = aigw_registry_model_of(r, name);
    const aigw_registry_provider *p;
    aigw_str id;
    memset(pick, 0, sizeof *pick);
    p = m ? m->provider : aigwi_registry_split(r, name, &id);
    if (!p) return 0;
    if (m) pick->target = m->target;
    else {
        pick->target.name = name;
        pick->target.id = id;
        pick->target.provider = p->name;
    }
    pick->target.dialect = p->other && r->n_dialects ? aigwi_registry_other(r, client) : p->dialect;
    pick->target.version = p->version;
    pick->target.base = p->base;
    pick->target.family = p->family;
    if (p->family) {
        pick->target.no |= p->family->no & ~pick->target.can;
        if (!pick->target.efforts.n) pick->target.efforts = p->family->efforts;
    }
    pick->provider = p;
    pick->times = p->times;
    if (m) aigwi_registry_prefer(&pick->times, &m->times);
    return 1;
}

AIGW_API int aigw_registry_find(const aigw_registry *r, aigw_str name, const aigw_dialect *client, aigw_registry_pick *picks, size_t cap,
                                const aigw_registry_route **route) {
    const aigw_registry_route *w = aigw_registry_route_of(r, name);
    int n = 0;
    *route = w;
    if (!w) return cap && aigwi_registry_pick(r, name, client, picks) ? 1 : AIGW_E_MISSING;
    for (size_t i = 0; i < w->n && (size_t)n < cap; i++) {
        if (!aigwi_registry_pick(r, w->models[i], client, &picks[n])) continue;
        aigwi_registry_prefer(&picks[n++].times, &w->times);
    }
    return n ? n : (int)AIGW_E_MISSING;
}

static aigw_model_info *aigwi_registry_info(aigw_arena *mem, aigw_str name, aigw_str owner, const aigw_target *t) {
    aigw_model_info *info = (aigw_model_info *)aigw_base_take(mem, 1, sizeof *info, sizeof(uint64_t));
    if (!info) return NULL;
    info->name = name;
    info->owner = owner;
    info->context = t ? t->context : 0;
    info->max_output = t ? t->max_output : 0;
    return info;
}

AIGW_API int aigw_registry_list(const aigw_registry *r, aigw_str single, aigw_arena *mem, aigw_model_info **infos) {
    const aigw_registry_model *m;
    const aigw_registry_route *w;
    aigw_registry_pick pick;
    aigw_model_info *info;
    int n = 0;
    *infos = NULL;
    for (m = r->models; m; m = m->next) {
        if (m->provider->off.n || (single.n && !aigw_base_eq(m->target.name, single))) continue;
        info = aigwi_registry_info(mem, m->target.name, m->provider->name, &m->target);
        if (!info) return AIGW_E_NOMEM;
        if (!n++) *infos = info;
    }
    for (w = r->routes; w; w = w->next) {
        if (single.n && !aigw_base_eq(w->name, single)) continue;
        m = aigw_registry_model_of(r, w->models[0]);
        info = aigwi_registry_info(mem, w->name, aigw_base_str("aigw"), m ? &m->target : NULL);
        if (!info) return AIGW_E_NOMEM;
        if (!n++) *infos = info;
    }
    if (!n && single.n && aigwi_registry_pick(r, single, NULL, &pick)) {                /* "provider/id" without an entry */
        *infos = aigwi_registry_info(mem, single, pick.provider->name, NULL);
        n = *infos ? 1 : (int)AIGW_E_NOMEM;
    }
    return n;
}

/* ==== >>attempt ==================================================================================================== */
/* One try at one provider: builds the request, reads the answer's HTTP and framing, has the dialect turn it into
   events, keeps the deadlines. Everything that can go wrong on the way becomes one ERROR event. Knows no client, no
   sockets, no retry. Truth: design sections 4 and 5, style section 5. */

enum {                                       /* a->state, in reading order */
    AIGWI_ATTEMPT_HEAD,                      /* connecting, sending, and waiting for the answer's head */
    AIGWI_ATTEMPT_SNIFF,                     /* a body whose first byte decides how it is read */
    AIGWI_ATTEMPT_STREAM, AIGWI_ATTEMPT_WHOLE, AIGWI_ATTEMPT_REFUSED,          /* a body being read; REFUSED: of an error */
    AIGWI_ATTEMPT_DECODE, AIGWI_ATTEMPT_END, AIGWI_ATTEMPT_FAILED,             /* last events to come: of a whole answer, of a stream's end, an error */
    AIGWI_ATTEMPT_OVER
};
enum { AIGWI_ATTEMPT_STOPPED = 1, AIGWI_ATTEMPT_ERROR = 2 };                   /* a->ended */

/* ---- the request */

static uint32_t aigwi_attempt_ms(uint32_t ms, uint32_t usual) { return ms ? ms : usual; }

static uint64_t aigwi_attempt_after(uint64_t from, uint32_t ms) {
    return ms == UINT32_MAX || from > AIGW_NEVER - (uint64_t)ms * 1000000u ? AIGW_NEVER : from + (uint64_t)ms * 1000000u;
}

static int aigwi_attempt_on(const aigw_req *req, int param) { return req->param[param].has && req->param[param].micro; }

/* 1 when the request asks for reasoning, which may take minutes before the first byte. */
static int aigwi_attempt_thinks(const aigw_req *req) {
    static const aigw_str none = AIGW_STR("none"), disabled = AIGW_STR("disabled");
    const aigw_param *effort = &req->param[AIGW_P_EFFORT], *mode = &req->param[AIGW_P_REASONING_MODE];
    return (effort->has && !aigw_base_eq(effort->raw, none)) || (mode->has && !aigw_base_eq(mode->raw, disabled)) ||
           aigwi_attempt_on(req, AIGW_P_REASONING_BUDGET);
}

/* The fields that every request has, the caller's, and the key's. */
static int aigwi_attempt_headers(aigw_attempt *a, aigw_arena *mem, aigw_head *head) {
    static const aigw_str type = AIGW_STR("content-type"), json = AIGW_STR("application/json"), accept = AIGW_STR("accept"), sse = AIGW_STR("text/event-stream"),
                          coding = AIGW_STR("accept-encoding"), identity = AIGW_STR("identity"), agent = AIGW_STR("user-agent"), aigw = AIGW_STR("aigw/" AIGW_VERSION),
                          host = AIGW_STR("host");
    const int stream = aigwi_attempt_on(a->cfg.req, AIGW_P_STREAM);
    int r = aigw_base_header_put(head, host, a->cfg.host);
    if (!r && !aigw_base_header(head, type).p) r = aigw_base_header_put(head, type, json);
    if (!r && !aigw_base_header(head, accept).p) r = aigw_base_header_put(head, accept, stream ? sse : json);
    if (!r) r = aigw_base_header_put(head, coding, identity);
    if (!r) r = aigw_base_header_put(head, agent, aigw);
    for (size_t i = 0; !r && i < a->cfg.n_headers; i++) r = aigw_base_header_put(head, a->cfg.headers[i].name, a->cfg.headers[i].value);
    if (r || !a->cfg.key.n) return r;
    r = aigwi_family_sign(a->cfg.target, a->cfg.key, mem, head);
    if (!r) a->secret[0] = head->headers[head->n - 1].value;
    return r;
}

/* Write head and body into the rest of the memory: an eighth for the list of pieces, a quarter for strings, the rest
   for text. */
static int aigwi_attempt_request(aigw_attempt *a) {
    const aigw_dialect *d = a->cfg.target->dialect;
    size_t room = (size_t)(a->mem.end - a->mem.at), fields = 12 + a->cfg.n_headers;
    aigw_arena mem = a->mem, strings;
    aigw_out body, text;
    aigw_head head;
    size_t pieces = room / 8 / sizeof(aigw_str), left;
    char *p;
    int r;
    memset(&head, 0, sizeof head);
    if (pieces < 4) return AIGW_E_NOMEM;
    a->pieces = (aigw_str *)aigw_base_take(&mem, pieces, sizeof(aigw_str), sizeof(void *));
    strings = aigw_base_arena(mem.at, room / 4);
    head.headers = (aigw_header *)aigw_base_take(&strings, fields, sizeof(aigw_header), sizeof(void *));
    head.cap = fields;
    if (!a->pieces || !head.headers) return AIGW_E_NOMEM;
    p = (char *)mem.at + room / 4;
    aigw_base_out_init(&body, p, (size_t)((char *)mem.end - p), a->pieces + 1, pieces - 1);
    r = (a->same ? d->req_edit : d->req_encode)(a->cfg.req, a->cfg.target, &strings, &head, &body, a->cfg.loss);
    if (!r) r = aigw_base_out_end(&body);
    if (!r) r = aigwi_attempt_headers(a, &strings, &head);
    if (r) return r;
    p += body.buf.n;
    left = body.buf.cap - body.buf.n;
    aigw_base_out_init(&text, p, left, NULL, 0);
    r = aigw_http_put_head(&text, &head, (int64_t)body.bytes);
    if (r) return r;
    a->secret[1] = aigwi_dialect_slice(p, text.buf.n < left ? text.buf.n : left);
    if (text.buf.n > left) return AIGW_E_NOMEM;
    a->pieces[0] = a->secret[1];
    a->n_pieces = 1 + body.n;
    return AIGW_OK;
}

AIGW_API int aigw_attempt_init(aigw_attempt *a, const aigw_attempt_cfg *cfg, aigw_now now, void *mem, size_t n) {
    const aigw_dialect *d = cfg->target->dialect;
    const size_t head = n / 8 * 3 < 16384 ? n / 8 * 3 : 16384;                 /* 6 KiB of 16: providers' heads have been seen with 4 */
    int r;
    memset(a, 0, sizeof *a);
    a->cfg = *cfg;
    a->untouched = 1;
    a->t_start = now.mono_ns;
    a->mem = aigw_base_arena((char *)mem + head, n - head);
    a->same = aigw_base_eq(cfg->req->dialect, d->name) && cfg->req->body.n && d->req_edit;
    if (!a->same && !d->req_encode) return AIGW_E_UNSUPPORTED;
    a->dec.dialect = d;
    a->dec.seed = cfg->seed;
    a->dec.op = cfg->req->op;
    a->dec.n_max = aigwi_attempt_on(cfg->req, AIGW_P_N) && cfg->req->param[AIGW_P_N].micro < 100000000 ? (uint8_t)(cfg->req->param[AIGW_P_N].micro / 1000000) : 1;
    a->dec.model = cfg->target->id;
    a->dec.req = cfg->req;
    a->dec.family = cfg->target->family;
    a->dec.loss = cfg->answer_loss;
    aigw_http_init(&a->http, AIGW_HTTP_RESPONSE, mem, head, a->headers, AIGW_ATTEMPT_HEADERS);
    r = aigwi_attempt_request(a);
    if (r) aigw_attempt_release(a);
    return r;
}

AIGW_API void aigw_attempt_connected(aigw_attempt *a, aigw_now now) {
    if (!a->t_connected) a->t_connected = now.mono_ns ? now.mono_ns : 1;
}

static void aigwi_attempt_wipe(aigw_attempt *a) {
    for (int i = 0; i < 2; i++) {
        if (a->secret[i].n) aigw_digest_wipe((char *)(uintptr_t)a->secret[i].p, a->secret[i].n);
        a->secret[i].n = 0;
    }
}

static int aigwi_attempt_sending(const aigw_attempt *a) { return a->piece_at < a->n_pieces; }

AIGW_API aigw_str aigw_attempt_out(const aigw_attempt *a) {
    return aigwi_attempt_sending(a) ? a->pieces[a->piece_at] : aigwi_dialect_slice("", 0);
}

AIGW_API void aigw_attempt_sent(aigw_attempt *a, aigw_now now, size_t n) {
    a->bytes_out += n;
    a->t_last = now.mono_ns;
    while (aigwi_attempt_sending(a)) {
        aigw_str *s = &a->pieces[a->piece_at];
        const size_t take = n < s->n ? n : s->n;
        s->p += take;
        s->n -= take;
        n -= take;
        if (s->n) return;
        a->piece_at++;
    }
    a->t_sent = now.mono_ns;
    aigwi_attempt_wipe(a);
}

/* ---- the end, by whatever way */

/* What ERROR says: the dialect's or transport's error, completed. */
static void aigwi_attempt_name(aigw_attempt *a, const aigw_error *err) {
    if (err != &a->error) a->error = *err;
    if (!a->error.provider.n && a->error.kind != AIGW_KIND_CANCELLED) a->error.provider = a->cfg.target->provider;
    if (!a->error.request_id.n) a->error.request_id = a->request_id;
    if (!a->error.status && a->status >= 300) a->error.status = a->status;
}

AIGW_API void aigw_attempt_fail(aigw_attempt *a, int kind, const char *text) {
    aigw_error err;
    if (a->ended || a->state >= AIGWI_ATTEMPT_FAILED) return;
    aigw_dialect_error(&err, kind, text ? text : aigw_model_kind_name(kind), "");
    memset(&a->error, 0, sizeof a->error);
    aigwi_attempt_name(a, &err);
    a->state = AIGWI_ATTEMPT_FAILED;
    a->keep_alive = 0;
    a->mem_want = 0;
}

AIGW_API void aigw_attempt_release(aigw_attempt *a) {
    aigwi_attempt_wipe(a);
    a->state = AIGWI_ATTEMPT_OVER;
    a->n_pieces = a->piece_at = 0;
    a->mem_want = 0;
}

/* ---- memory */

/* Use mem[0..n) for what is being collected: a stream's frames have half of it, the other half is scratch for what
   must be decoded in them. */
static void aigwi_attempt_use(aigw_attempt *a, char *mem, size_t n) {
    if (a->state != AIGWI_ATTEMPT_STREAM) {
        if (a->window_n) memmove(mem, a->window, a->window_n);
        a->window = mem;
        a->window_cap = n;
        a->body.p = mem;
        return;
    }
    if (a->framing) (void)aigw_array_move(&a->frames, mem, n / 2);
    else (void)aigw_sse_move(&a->frames, mem, n / 2);
    a->window = mem;
    a->window_cap = n;
    a->dec.mem = aigw_base_arena(mem + n / 2, n - n / 2);
}

static void aigwi_attempt_grow(aigw_attempt *a, size_t want) {
    const size_t most = a->cfg.max_answer_bytes ? a->cfg.max_answer_bytes : (size_t)16 << 20;
    if (want / 2 > most) aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the provider's answer is larger than this gateway is set up for");
    else a->mem_want = want;
}

AIGW_API int aigw_attempt_move(aigw_attempt *a, void *mem, size_t n) {
    if (n < a->mem_want) return AIGW_E_NOMEM;
    if (a->mem_want) aigwi_attempt_use(a, (char *)mem, n);
    a->ready = a->state == AIGWI_ATTEMPT_STREAM;
    a->mem_want = 0;
    return AIGW_OK;
}

/* ---- the answer's head */

static int aigwi_attempt_has(aigw_str value, const char *word) {
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= value.n; i++)
        if (aigw_base_eq_nocase(aigwi_dialect_slice(value.p + i, n), aigwi_dialect_slice(word, n))) return 1;
    return 0;
}

static int aigwi_attempt_coded(const aigw_head *head) {
    const aigw_str coding = aigw_base_header(head, aigw_base_str("content-encoding"));
    return coding.n && !aigwi_attempt_has(coding, "identity");
}

static void aigwi_attempt_stream(aigw_attempt *a, int framing) {
    char *mem = a->window;
    a->state = AIGWI_ATTEMPT_STREAM;
    a->stream = 1;
    a->framing = (uint8_t)framing;
    aigw_sse_init(&a->frames, mem, 0);
    a->frames.comments = a->same;
    aigwi_attempt_use(a, mem, a->window_cap);
    aigw_dialect_dec_init(&a->dec);
}

/* Which way a 2xx body is read, by its type; where that does not say, by its first byte. */
static void aigwi_attempt_body_kind(aigw_attempt *a) {
    const aigw_str type = aigw_base_header(&a->head, aigw_base_str("content-type"));
    const int stream = aigwi_attempt_on(a->cfg.req, AIGW_P_STREAM), json = aigwi_attempt_has(type, "json");
    if (aigwi_attempt_has(type, "text/event-stream")) aigwi_attempt_stream(a, AIGW_FRAMING_SSE);
    else if (aigwi_attempt_has(type, "text/html")) aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the provider answered with an HTML page: is its base_url right?");
    else a->state = json && !stream ? AIGWI_ATTEMPT_WHOLE : AIGWI_ATTEMPT_SNIFF;
}

static void aigwi_attempt_head(aigw_attempt *a, aigw_now now) {
    const aigw_dialect *d = a->cfg.target->dialect;
    aigw_str id;
    a->head = a->http.head;
    a->status = a->head.status;
    id = d->request_id_header.n ? aigw_base_header(&a->head, d->request_id_header) : aigwi_dialect_slice(NULL, 0);
    if (!id.n) id = aigw_base_header(&a->head, aigw_base_str("x-request-id"));
    a->request_id = aigwi_dialect_slice(a->id, aigwi_dialect_keep(a->id, sizeof a->id, id));
    if (d->limits_decode) d->limits_decode(now, &a->head, &a->limits);
    a->early = (uint8_t)aigwi_attempt_sending(a);
    if (a->early && a->status >= 300) a->n_pieces = a->piece_at = 0;              /* refused before all was sent: the rest is not wanted */
    if (!aigwi_attempt_sending(a)) {                                                  /* what held the request is free */
        aigwi_attempt_wipe(a);
        a->window = (char *)a->mem.at;
        a->window_cap = (size_t)(a->mem.end - a->mem.at);
    }
    if (a->status >= 300 && a->status < 400) aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the provider answered with a redirect: its base_url is not right");
    else if (a->status >= 400) a->state = AIGWI_ATTEMPT_REFUSED;
    else if (aigwi_attempt_coded(&a->head)) aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the provider compressed its answer although identity was asked for");
    else aigwi_attempt_body_kind(a);
}

/* ---- the answer's body */

/* How many bytes of a body can be kept now. */
static size_t aigwi_attempt_room(const aigw_attempt *a) {
    switch (a->state) {
    case AIGWI_ATTEMPT_HEAD:   return SIZE_MAX;
    case AIGWI_ATTEMPT_STREAM: return a->frames.cap - (a->frames.n - a->frames.start);
    case AIGWI_ATTEMPT_SNIFF:  return a->window_cap / 2;
    case AIGWI_ATTEMPT_REFUSED: return SIZE_MAX;                                      /* what does not fit is not needed */
    default:                   return a->window_cap - a->window_n;
    }
}

static void aigwi_attempt_refusal(aigw_attempt *a, aigw_now now) {
    const size_t n = aigwi_attempt_coded(&a->head) ? 0 : a->window_n;
    aigw_arena mem = aigw_base_arena(a->window ? a->window + a->window_n : NULL, a->window_cap - a->window_n);
    aigw_error err;
    memset(&err, 0, sizeof err);
    a->cfg.target->dialect->error_decode(now, &a->head, aigwi_dialect_slice(a->window, n), &mem, &err);
    if (!err.message.n) err.message = aigw_base_str("the provider gave no reason");      /* HTML of a proxy, or nothing */
    memset(&a->error, 0, sizeof a->error);
    aigwi_attempt_name(a, &err);
    a->state = AIGWI_ATTEMPT_FAILED;
}

static void aigwi_attempt_collect(aigw_attempt *a, aigw_now now, aigw_str body) {
    const size_t cap = a->state == AIGWI_ATTEMPT_REFUSED ? a->window_cap / 2 : a->window_cap;
    const size_t take = body.n < cap - a->window_n ? body.n : cap - a->window_n;
    if (take) memcpy(a->window + a->window_n, body.p, take);
    a->window_n += take;
    if (take == body.n) return;
    a->keep_alive = 0;
    aigwi_attempt_refusal(a, now);                                                    /* only an error's body may be cut */
}

/* White space, then the byte that decides. */
static void aigwi_attempt_sniff(aigw_attempt *a, aigw_str *body) {
    const aigw_str type = aigw_base_header(&a->head, aigw_base_str("content-type"));
    const int stream = aigwi_attempt_on(a->cfg.req, AIGW_P_STREAM);
    while (body->n && (*body->p == ' ' || *body->p == '\t' || *body->p == '\r' || *body->p == '\n')) body->p++, body->n--;
    if (!body->n) return;
    if (*body->p == '[' && stream) aigwi_attempt_stream(a, AIGW_FRAMING_ARRAY);
    else if (*body->p == '{' || *body->p == '[') a->state = AIGWI_ATTEMPT_WHOLE;
    else if (stream && !type.n) aigwi_attempt_stream(a, AIGW_FRAMING_SSE);
    else aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the provider's answer is neither JSON nor an event stream: is its base_url right?");
}

static void aigwi_attempt_body(aigw_attempt *a, aigw_now now, aigw_str body) {
    if (!a->t_first) a->t_first = now.mono_ns;
    if (a->state == AIGWI_ATTEMPT_SNIFF) aigwi_attempt_sniff(a, &body);
    if (!body.n) return;
    if (a->state == AIGWI_ATTEMPT_WHOLE || a->state == AIGWI_ATTEMPT_REFUSED) aigwi_attempt_collect(a, now, body);
    if (a->state != AIGWI_ATTEMPT_STREAM) return;
    (void)(a->framing ? aigw_array_feed(&a->frames, body.p, body.n) : aigw_sse_feed(&a->frames, body.p, body.n));   /* room was asked before */
    a->ready = 1;
}

/* A whole answer is there: its decoder gets as much scratch again, for strings that must be decoded. */
static void aigwi_attempt_whole(aigw_attempt *a) {
    a->state = AIGWI_ATTEMPT_DECODE;
    a->body = aigwi_dialect_slice(a->window, a->window_n);
    if (a->window_cap / 2 < a->window_n + 1024) aigwi_attempt_grow(a, a->window_n * 2 + 2048);
}

/* The message is complete, or was cut (clean 0). */
static void aigwi_attempt_complete(aigw_attempt *a, aigw_now now, int clean) {
    static const char *const cut = "the provider's connection broke before the answer was complete";
    a->complete = 1;
    a->clean = (uint8_t)clean;
    switch (a->state) {
    case AIGWI_ATTEMPT_HEAD:    aigw_attempt_fail(a, a->untouched ? AIGW_KIND_CONNECT : AIGW_KIND_TRUNCATED, a->untouched ? "the provider closed the connection without an answer" : cut); break;
    case AIGWI_ATTEMPT_SNIFF:   aigw_attempt_fail(a, clean ? AIGW_KIND_BAD_RESPONSE : AIGW_KIND_TRUNCATED, clean ? "the provider's answer is empty" : cut); break;
    case AIGWI_ATTEMPT_STREAM:  a->ready = 1; break;                                  /* the frames that are there, then the end */
    case AIGWI_ATTEMPT_WHOLE:   if (clean) aigwi_attempt_whole(a); else aigw_attempt_fail(a, AIGW_KIND_TRUNCATED, cut); break;
    case AIGWI_ATTEMPT_REFUSED: aigwi_attempt_refusal(a, now); break;
    default: break;
    }
}

/* It reads while there is nothing to be handed out first, and room for what may come. */
static int aigwi_attempt_reads(const aigw_attempt *a) {
    return a->state <= AIGWI_ATTEMPT_REFUSED && !a->complete && !a->ready && !a->mem_want;
}

static void aigwi_attempt_want_room(aigw_attempt *a) {
    if (a->state == AIGWI_ATTEMPT_STREAM) aigwi_attempt_grow(a, a->frames.cap < 256 ? 1024 : a->frames.cap * 4);
    else if (a->http.length > 0 && (uint64_t)a->http.length < SIZE_MAX / 2 - 1024) aigwi_attempt_grow(a, (size_t)a->http.length * 2 + 2048);
    else aigwi_attempt_grow(a, a->window_cap < 1024 ? 4096 : a->window_cap * 2);
}

/* Read up to the next point where something must be handed out, or until all is taken. An END may come without a
   byte. */
static size_t aigwi_attempt_read(aigw_attempt *a, aigw_now now, const char *p, size_t n) {
    size_t took = 0, room;
    aigw_http_item item;
    int r;
    while (aigwi_attempt_reads(a)) {
        room = aigwi_attempt_room(a);
        r = aigw_http_feed(&a->http, p + took, n - took < room ? n - took : room, &item);
        if (r < 0) {
            aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, a->http.why);
            break;
        }
        took += (size_t)r;
        if (item.event == AIGW_HTTP_HEAD) aigwi_attempt_head(a, now);
        if (item.event == AIGW_HTTP_BODY) aigwi_attempt_body(a, now, item.body);
        if (item.event == AIGW_HTTP_END) {
            a->keep_alive = (uint8_t)(a->http.keep_alive && took == n && !a->early);
            aigwi_attempt_complete(a, now, 1);
        }
        if (item.event != AIGW_HTTP_NONE) continue;
        if (took == n) break;
        if (!aigwi_attempt_room(a)) aigwi_attempt_want_room(a);
    }
    return took;
}

AIGW_API size_t aigw_attempt_feed(aigw_attempt *a, aigw_now now, const void *p, size_t n) {
    size_t took;
    if (n) {
        a->t_last = now.mono_ns;
        a->untouched = 0;
    }
    took = aigwi_attempt_read(a, now, (const char *)p, n);
    a->bytes_in += took;
    return a->complete || a->state > AIGWI_ATTEMPT_REFUSED ? n : took;               /* nobody asked for what comes after the end */
}

AIGW_API void aigw_attempt_eof(aigw_attempt *a, aigw_now now, int clean) {
    const int r = clean ? aigw_http_eof(&a->http) : 0;
    if (a->complete || a->state > AIGWI_ATTEMPT_REFUSED) a->keep_alive = 0;
    else aigwi_attempt_complete(a, now, r == 1 && a->state != AIGWI_ATTEMPT_HEAD);
}

/* ---- events */

typedef struct { aigw_attempt *a; const aigw_sink *out; } aigwi_attempt_tap;

static int aigwi_attempt_put(void *user, const aigw_event *ev) {
    const aigwi_attempt_tap *t = (const aigwi_attempt_tap *)user;
    aigw_attempt *a = t->a;
    aigw_event last;
    if (ev->type < AIGW_EVENT_STOP) return t->out->put(t->out->user, ev);
    if (a->ended) return AIGW_OK;
    a->ended = ev->type == AIGW_EVENT_STOP ? AIGWI_ATTEMPT_STOPPED : AIGWI_ATTEMPT_ERROR;
    if (ev->type == AIGW_EVENT_STOP) return t->out->put(t->out->user, ev);
    aigwi_attempt_name(a, ev->error);
    last = *ev;
    last.error = &a->error;
    return t->out->put(t->out->user, &last);
}

static int aigwi_attempt_over(aigw_attempt *a, int r) {
    a->state = AIGWI_ATTEMPT_OVER;
    a->ready = 0;
    if (a->ended == AIGWI_ATTEMPT_ERROR) a->keep_alive = a->keep_alive && a->complete && a->clean;
    return r < 0 ? r : 1;
}

static int aigwi_attempt_put_error(aigw_attempt *a, const aigw_sink *tap) {
    aigw_event ev;
    memset(&ev, 0, sizeof ev);
    ev.type = AIGW_EVENT_ERROR;
    ev.at = AIGW_NOWHERE;
    ev.error = &a->error;
    return aigwi_attempt_over(a, tap->put(tap->user, &ev));
}

/* A source that ended without saying how. */
static int aigwi_attempt_unsaid(aigw_attempt *a, const aigw_sink *tap) {
    if (a->ended) return 0;
    a->state = AIGWI_ATTEMPT_WHOLE;
    aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the provider's answer could not be read");
    return aigwi_attempt_put_error(a, tap);
}

static int aigwi_attempt_frame(aigw_attempt *a, aigw_now now, const aigw_sink *tap) {
    int r = a->framing ? aigw_array_next(&a->frames, &a->frame) : aigw_sse_next(&a->frames, &a->frame);
    aigw_arena mem = a->dec.mem;
    a->dec.frame = 0;
    if (r < 0) {
        aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the provider's stream is not the JSON array that it began as");
        return 0;
    }
    if (!r) {
        a->ready = 0;
        if (a->frames.want && (!a->complete || a->frames.ready)) aigwi_attempt_grow(a, a->frames.want * 2);
        else if (a->complete) a->state = AIGWI_ATTEMPT_END;
        else (void)aigwi_attempt_read(a, now, "", 0);                                 /* the end may be known already */
        return 0;
    }
    if (!a->frame.payload.p) return 1;                                                /* a comment, which only a relay wants */
    r = a->cfg.target->dialect->frame_decode(&a->dec, a->frame.name, a->frame.payload, tap);
    a->dec.mem = mem;
    if (a->ended) return aigwi_attempt_over(a, r);
    return r < 0 ? r : 1;
}

/* Can be repeated: after the sink refused, or with more scratch. */
static int aigwi_attempt_decode(aigw_attempt *a, const aigw_sink *tap) {
    int r;
    aigw_dialect_dec_init(&a->dec);
    a->dec.mem = aigw_base_arena(a->window + a->window_n, a->window_cap - a->window_n);
    r = a->cfg.target->dialect->resp_decode(&a->dec, &a->head, a->body, tap);
    if (r < 0) {
        a->ended = 0;
        return r;
    }
    return a->ended ? aigwi_attempt_over(a, r) : aigwi_attempt_unsaid(a, tap);
}

AIGW_API int aigw_attempt_next(aigw_attempt *a, aigw_now now, const aigw_sink *out) {
    aigwi_attempt_tap user;
    aigw_sink tap;
    int r;
    user.a = a;
    user.out = out;
    tap.put = aigwi_attempt_put;
    tap.user = &user;
    a->dec.now = now;
    if (a->mem_want) return 0;
    switch (a->state) {
    case AIGWI_ATTEMPT_STREAM: return a->ready ? aigwi_attempt_frame(a, now, &tap) : 0;
    case AIGWI_ATTEMPT_DECODE: return aigwi_attempt_decode(a, &tap);
    case AIGWI_ATTEMPT_END:
        r = a->cfg.target->dialect->stream_end(&a->dec, a->clean, &tap);
        return a->ended ? aigwi_attempt_over(a, r) : aigwi_attempt_unsaid(a, &tap);
    case AIGWI_ATTEMPT_FAILED: return aigwi_attempt_put_error(a, &tap);
    default: return 0;
    }
}

AIGW_API unsigned aigw_attempt_want(const aigw_attempt *a) {
    unsigned want = 0;
    if (a->state == AIGWI_ATTEMPT_OVER) return AIGW_WANT_CLOSED;
    if (a->state <= AIGWI_ATTEMPT_REFUSED && !a->t_connected) want |= AIGW_WANT_CONNECT;
    else if (a->state <= AIGWI_ATTEMPT_REFUSED && aigwi_attempt_sending(a)) want |= AIGW_WANT_OUT;
    if (a->mem_want) want |= AIGW_WANT_MEM;
    else if (a->ready || a->state > AIGWI_ATTEMPT_REFUSED) want |= AIGW_WANT_EVENT;
    else if (a->t_connected && aigwi_attempt_reads(a)) want |= AIGW_WANT_IN;
    return want;
}

/* ---- time */

AIGW_API uint64_t aigw_attempt_deadline(const aigw_attempt *a) {
    const aigw_registry_times *t = &a->cfg.times;
    uint64_t due;
    if (a->state > AIGWI_ATTEMPT_REFUSED) return AIGW_NEVER;
    if (!a->t_connected) due = aigwi_attempt_after(a->t_start, aigwi_attempt_ms(t->connect_ms, 5000));
    else if (!aigwi_attempt_on(a->cfg.req, AIGW_P_STREAM)) due = aigwi_attempt_after(a->t_connected, aigwi_attempt_ms(t->total_ms, 600000));
    else if (!a->t_first) due = aigwi_attempt_after(a->t_connected, aigwi_attempt_ms(t->first_ms, aigwi_attempt_thinks(a->cfg.req) ? 300000 : 120000));
    else due = aigwi_attempt_after(a->t_last, aigwi_attempt_ms(t->idle_ms, 120000));
    return a->cfg.until && a->cfg.until < due ? a->cfg.until : due;
}

AIGW_API void aigw_attempt_tick(aigw_attempt *a, aigw_now now) {
    const int stream = aigwi_attempt_on(a->cfg.req, AIGW_P_STREAM);
    if (a->state > AIGWI_ATTEMPT_REFUSED || now.mono_ns < aigw_attempt_deadline(a)) return;
    if (a->cfg.until && now.mono_ns >= a->cfg.until) aigw_attempt_fail(a, AIGW_KIND_TIMEOUT, "the answer did not come within the time that the client gave");
    else if (!a->t_connected) aigw_attempt_fail(a, AIGW_KIND_CONNECT, "no connection to the provider within the time set (connect_ms)");
    else if (!stream) aigw_attempt_fail(a, AIGW_KIND_TIMEOUT, "no whole answer from the provider within the time set (total_ms)");
    else aigw_attempt_fail(a, AIGW_KIND_TIMEOUT, a->t_first ? "the provider was silent in mid-stream for longer than set (idle_ms)" : "no first byte from the provider within the time set (first_byte_ms)");
    if (!stream && a->error.kind == AIGW_KIND_TIMEOUT) a->error.retry = AIGW_RETRY_NEVER;   /* it may have been done, and billed */
}

/* ==== >>hub ======================================================================================================== */
/* What lives between requests. Knows jobs (what can be woken), slabs, registry slots and lately failed targets by
   name; knows no sockets and no request. Policies' tables will stand here. */

#define AIGWI_HUB_PROBES 8                   /* places where a failing target may stand */

static aigw_hub_cfg aigwi_hub_cfg_of(const aigw_hub_cfg *cfg) {
    static const uint32_t usual[AIGW_HUB_SLABS][2] = { { 16384, 4096 }, { 262144, 64 }, { 4194304, 8 }, { 16777216, 2 } };
    aigw_hub_cfg c;
    int i, all = 0;
    memset(&c, 0, sizeof c);
    if (cfg) c = *cfg;
    for (i = 0; i < AIGW_HUB_SLABS; i++) all |= c.slab[i].count != 0;
    for (i = 0; i < AIGW_HUB_SLABS && !all; i++) c.slab[i].bytes = usual[i][0], c.slab[i].count = usual[i][1];
    for (i = 0; i < AIGW_HUB_SLABS; i++) c.slab[i].bytes = (c.slab[i].bytes + 15) & ~(uint32_t)15;
    if (!c.targets) c.targets = 256;
    return c;
}

AIGW_API size_t aigw_hub_size(const aigw_hub_cfg *cfg) {
    const aigw_hub_cfg c = aigwi_hub_cfg_of(cfg);
    size_t n = 15 + (size_t)c.targets * sizeof(aigw_hub_failure) + 15;
    for (int i = 0; i < AIGW_HUB_SLABS; i++) n += (size_t)c.slab[i].bytes * c.slab[i].count;
    return n;
}

AIGW_API int aigw_hub_init(aigw_hub *h, const aigw_hub_cfg *cfg, void *mem, size_t n) {
    aigw_arena a = aigw_base_arena(mem, n);
    int i;
    memset(h, 0, sizeof *h);
    h->cfg = aigwi_hub_cfg_of(cfg);
    h->random = h->cfg.seed;
    for (i = 0; i < 16; i++) h->key[i] = (uint8_t)aigw_base_random(&h->random);
    h->jobs.next = h->jobs.prev = &h->jobs;
    h->ready_end = &h->ready;
    h->due = AIGW_NEVER;
    h->failures = (aigw_hub_failure *)aigw_base_take(&a, h->cfg.targets, sizeof *h->failures, sizeof(uint64_t));
    if (!h->failures || !aigw_base_take(&a, (size_t)(0 - (uintptr_t)a.at) & 15, 1, 1)) return AIGW_E_NOMEM;
    for (i = 0; i < AIGW_HUB_SLABS; i++) {                                     /* not by aigw_base_take, which would touch every page */
        const uint64_t bytes = (uint64_t)h->cfg.slab[i].bytes * h->cfg.slab[i].count;
        if (bytes > (size_t)(a.end - a.at)) return AIGW_E_NOMEM;
        h->slab[i].mem = a.at;
        a.at += (size_t)bytes;
    }
    return AIGW_OK;
}

/* ---- jobs */

static void aigwi_hub_wake(aigw_hub *h, aigw_hub_job *job) {
    if (job->queued) return;
    job->queued = 1;
    job->ready = NULL;
    *h->ready_end = job;
    h->ready_end = &job->ready;
}

AIGWI_SHARED void aigwi_hub_link(aigw_hub *h, aigw_hub_job *job, void *owner) {
    job->owner = owner;
    job->deadline = AIGW_NEVER;
    job->linked = 1;
    job->prev = h->jobs.prev;
    job->next = &h->jobs;
    job->prev->next = job->next->prev = job;
}

AIGWI_SHARED void aigwi_hub_unlink(aigw_hub *h, aigw_hub_job *job) {
    aigw_hub_job **at = &h->ready;
    if (!job->linked) return;
    job->prev->next = job->next;
    job->next->prev = job->prev;
    job->linked = 0;
    if (!job->queued) return;
    while (*at != job) at = &(*at)->ready;
    *at = job->ready;
    if (h->ready_end == &job->ready) h->ready_end = at;
    job->queued = 0;
}

AIGWI_SHARED void aigwi_hub_at(aigw_hub *h, aigw_hub_job *job, uint64_t deadline) {
    job->deadline = deadline;
    if (deadline < h->due) h->due = deadline;
}

AIGW_API void aigw_hub_tick(aigw_hub *h, aigw_now now) {
    aigw_hub_job *job;
    if (now.mono_ns < h->due) return;
    h->due = AIGW_NEVER;
    for (job = h->jobs.next; job != &h->jobs; job = job->next) {
        if (job->deadline <= now.mono_ns) aigwi_hub_wake(h, job);
        else if (job->deadline < h->due) h->due = job->deadline;
    }
}

AIGW_API uint64_t aigw_hub_deadline(const aigw_hub *h) { return h->due; }

AIGW_API void *aigw_hub_ready(aigw_hub *h) {
    aigw_hub_job *job = h->ready;
    if (!job) return NULL;
    h->ready = job->ready;
    if (!h->ready) h->ready_end = &h->ready;
    job->queued = 0;
    return job->owner;
}

/* ---- slabs */

/* The smallest class whose slabs have so many bytes, or -1. */
AIGWI_SHARED int aigwi_hub_class(const aigw_hub *h, size_t bytes) {
    int i = 0;
    while (i < AIGW_HUB_SLABS && (h->cfg.slab[i].bytes < bytes || !h->cfg.slab[i].count)) i++;
    return i < AIGW_HUB_SLABS ? i : -1;
}

AIGW_API void *aigw_hub_take(aigw_hub *h, size_t bytes, size_t *got, int *class_) {
    aigw_hub_slab *s;
    const int i = aigwi_hub_class(h, bytes);
    *class_ = i;
    if (i < 0) return NULL;
    s = h->slab[i].free;
    if (s) h->slab[i].free = s->next;
    else if (h->slab[i].touched < h->cfg.slab[i].count) s = (aigw_hub_slab *)(void *)(h->slab[i].mem + (size_t)h->cfg.slab[i].bytes * h->slab[i].touched++);
    if (!s) return NULL;
    h->slab[i].in_use++;
    *got = h->cfg.slab[i].bytes;
    return s;
}

AIGW_API void aigw_hub_give(aigw_hub *h, void *slab) {
    unsigned char *p = (unsigned char *)slab;
    aigw_hub_slab *s = (aigw_hub_slab *)slab;
    aigw_hub_job *job;
    int i = 0;
    while (i < AIGW_HUB_SLABS - 1 && (p < h->slab[i].mem || p >= h->slab[i].mem + (size_t)h->cfg.slab[i].bytes * h->cfg.slab[i].count)) i++;
    AIGW_ASSERT(h->slab[i].in_use);
    h->slab[i].in_use--;
    s->next = h->slab[i].free;
    h->slab[i].free = s;
    for (job = h->waiting ? h->jobs.next : &h->jobs; job != &h->jobs; job = job->next)
        if (job->wants == i + 1) aigwi_hub_wake(h, job);
}

AIGW_API void *aigw_hub_idle(const aigw_hub *h, int class_, const void *after, size_t *bytes) {
    *bytes = h->cfg.slab[class_].bytes;
    return after ? ((const aigw_hub_slab *)after)->next : h->slab[class_].free;
}

/* Say that a job waits for a slab of this class, or (-1) that it does not any more. */
AIGWI_SHARED void aigwi_hub_await(aigw_hub *h, aigw_hub_job *job, int class_) {
    const uint8_t wants = (uint8_t)(class_ + 1);
    if (!job->wants && wants) h->waiting++;
    if (job->wants && !wants) h->waiting--;
    job->wants = wants;
}

/* 1 while what the job waits for, n slabs of a class (or all of that class), is not there. */
AIGWI_SHARED int aigwi_hub_lacks(const aigw_hub *h, const aigw_hub_job *job, uint32_t n) {
    const int i = job->wants - 1;
    return i >= 0 && h->cfg.slab[i].count - h->slab[i].in_use < (n < h->cfg.slab[i].count ? n : h->cfg.slab[i].count);
}

/* ---- the registry's slots */

AIGW_API int aigw_hub_swap(aigw_hub *h, const aigw_registry *r) {
    for (int i = 0; i < 2; i++) {
        if (h->slot[i].users && h->slot[i].registry != r) continue;
        h->slot[i].registry = r;
        h->slot[1 - i].registry = h->slot[1 - i].users ? h->slot[1 - i].registry : NULL;
        h->registry = r;
        return AIGW_OK;
    }
    return AIGW_E_AGAIN;
}

AIGW_API int aigw_hub_holds(const aigw_hub *h, const aigw_registry *r) {
    return r == h->registry || (h->slot[0].users && h->slot[0].registry == r) || (h->slot[1].users && h->slot[1].registry == r);
}

/* Use the current registry until aigwi_hub_leave of what this returns. */
AIGWI_SHARED int aigwi_hub_enter(aigw_hub *h) {
    const int i = h->slot[0].registry == h->registry ? 0 : 1;
    h->slot[i].users++;
    return i;
}
AIGWI_SHARED void aigwi_hub_leave(aigw_hub *h, int slot) { h->slot[slot].users--; }

/* ---- what failed lately */

/* Where a target stands, or (for a new one) may stand: a place that has run out, else the one that will first. */
static aigw_hub_failure *aigwi_hub_failure_of(const aigw_hub *h, aigw_str name, uint64_t hash) {
    aigw_hub_failure *best = NULL, *f;
    const size_t n = name.n < sizeof f->name ? name.n : sizeof f->name;
    for (uint32_t i = 0; i < AIGWI_HUB_PROBES; i++) {
        f = &h->failures[((uint32_t)hash + i) % h->cfg.targets];
        if (f->until_ns && f->hash == hash && f->n == n && !memcmp(f->name, name.p, n)) return f;
        if (!best || f->until_ns < best->until_ns) best = f;
    }
    return best;
}

static uint64_t aigwi_hub_hash(const aigw_hub *h, aigw_str name) { return aigw_digest_siphash(name, h->key) | 1; }

AIGW_API void aigw_hub_failed(aigw_hub *h, aigw_str target, uint64_t until_ns) {
    const uint64_t hash = aigwi_hub_hash(h, target);
    aigw_hub_failure *f = aigwi_hub_failure_of(h, target, hash);
    f->hash = hash;
    f->until_ns = until_ns;
    f->n = (uint8_t)aigwi_dialect_keep(f->name, sizeof f->name, target);
}

AIGW_API void aigw_hub_answered(aigw_hub *h, aigw_str target) {
    const uint64_t hash = aigwi_hub_hash(h, target);
    aigw_hub_failure *f = aigwi_hub_failure_of(h, target, hash);
    if (f->hash == hash) f->until_ns = f->hash = 0;
}

AIGW_API int aigw_hub_failing(const aigw_hub *h, aigw_now now, aigw_str target) {
    const uint64_t hash = aigwi_hub_hash(h, target);
    const aigw_hub_failure *f = aigwi_hub_failure_of(h, target, hash);
    return f->hash == hash && f->until_ns > now.mono_ns;
}

/* ==== >>exchange =================================================================================================== */
/* One request from the client's first byte to the last of its answer: read -> admit -> route -> attempt -> relay ->
   settle, each a state. Knows HTTP towards the client, when an answer is committed, failover, translation and relay
   by frame, back-pressure. Does not know sockets or any provider. Truth: design sections 3 and 5, observability
   sections 6 and 8. */

enum {                                       /* x->state, in reading order */
    AIGWI_EXCHANGE_IDLE, AIGWI_EXCHANGE_READ,                                  /* between requests; the client's head and body */
    AIGWI_EXCHANGE_ADMIT, AIGWI_EXCHANGE_ROUTE,                                /* what is asked; who is asked next */
    AIGWI_EXCHANGE_TRY, AIGWI_EXCHANGE_CONNECT, AIGWI_EXCHANGE_RELAY,          /* an attempt: written; connecting; bytes and events */
    AIGWI_EXCHANGE_WAIT,                                                       /* before the only target is asked again */
    AIGWI_EXCHANGE_WHOLE, AIGWI_EXCHANGE_MODELS, AIGWI_EXCHANGE_LOCAL, AIGWI_EXCHANGE_REFUSE,   /* an answer in one piece to be written */
    AIGWI_EXCHANGE_DRAIN,                                                      /* all is written: the client takes the rest */
    AIGWI_EXCHANGE_CLOSED
};
enum { AIGWI_EXCHANGE_STOPPED = 1, AIGWI_EXCHANGE_FAILED = 2 };                /* x->ended */
#define AIGWI_EXCHANGE_TURNS 16              /* reads of the provider before others have a turn */
#define AIGWI_EXCHANGE_CHUNK 10              /* "0000012a\r\n" */
#define AIGWI_EXCHANGE_RESERVE 1024          /* of the buffer towards the client: that an end can always be written */
#define AIGWI_EXCHANGE_SLABS 5               /* that a small request takes at once */
#define AIGWI_EXCHANGE_SLACK 2048            /* what an event costs besides its text */
#define AIGWI_EXCHANGE_MEMORY_MS 5000        /* longest wait for a slab */
#define AIGWI_EXCHANGE_FAILING_MS 10000      /* a target that failed without a hint is asked last for this long */

static uint32_t aigwi_exchange_ms(uint32_t ms, uint32_t usual) { return ms ? ms : usual; }
static aigw_str aigwi_exchange_lit(const char *s) { return aigw_base_str(s); }

/* ---- memory */

static void aigwi_exchange_give(aigw_exchange *x, aigw_exchange_slab *s) {
    if (s->p) aigw_hub_give(x->hub, s->p);
    s->p = NULL;
    s->n = 0;
}

/* Make s a slab of at least `bytes` that begins with its first `keep` bytes of now. 1; 0: none is free, the hub will
   wake us; -1: no slab is that large. */
static int aigwi_exchange_grow(aigw_exchange *x, aigw_exchange_slab *s, size_t bytes, size_t keep) {
    aigw_exchange_slab to;
    int class_;
    if (s->p && s->n >= bytes) return 1;
    to.p = (char *)aigw_hub_take(x->hub, bytes, &to.n, &class_);
    if (!to.p && class_ < 0) return -1;
    if (!to.p) {
        aigwi_hub_await(x->hub, &x->job, class_);
        if (!x->memory_until) x->memory_until = aigwi_attempt_after(x->now.mono_ns, AIGWI_EXCHANGE_MEMORY_MS);
        x->wait |= AIGW_WAIT_MEMORY;
        return 0;
    }
    x->memory_until = 0;
    x->wait &= ~(unsigned)AIGW_WAIT_MEMORY;
    aigwi_hub_await(x->hub, &x->job, -1);
    if (keep) memcpy(to.p, s->p, keep);
    aigwi_exchange_give(x, s);
    *s = to;
    return 1;
}

/* ---- what is wrong, said to the client later */

static aigw_str aigwi_exchange_note(aigw_exchange *x, aigw_str s, size_t most) {
    char *to = x->error_text + x->error_n;
    const size_t room = sizeof x->error_text - x->error_n, n = s.n < most ? s.n : most;
    const size_t kept = aigwi_dialect_keep(to, room, aigwi_dialect_slice(s.p, n));
    x->error_n += kept;
    return aigwi_dialect_slice(to, aigw_base_utf8(aigwi_dialect_slice(to, kept)));
}

/* Keep an error with copies of its words. */
static void aigwi_exchange_error(aigw_exchange *x, const aigw_error *err) {
    static const aigw_str refused = AIGW_STR("The provider refused the gateway's key for it; the client's own key is not the cause.");
    x->error_n = 0;
    x->error = *err;
    x->error.type = aigwi_exchange_note(x, err->type, 64);
    x->error.code = aigwi_exchange_note(x, err->code, 64);
    x->error.param = aigwi_exchange_note(x, err->param, 96);
    x->error.request_id = aigwi_exchange_note(x, err->request_id, 96);
    x->error.provider = aigwi_exchange_note(x, err->provider, 48);
    x->error.advice = aigwi_exchange_note(x, err->kind == AIGW_KIND_AUTH && err->status && !err->advice.n ? refused : err->advice, 256);
    x->error.message = aigwi_exchange_note(x, err->message, sizeof x->error_text);
    x->kind = x->error.kind;
}

/* Refuse with an error of our own: text, name, rest. */
static void aigwi_exchange_refuse(aigw_exchange *x, int kind, const char *text, aigw_str name, const char *rest, const char *advice) {
    char message[320];
    aigw_error err;
    aigw_out out;
    aigw_base_out_init(&out, message, sizeof message, NULL, 0);
    aigw_base_put_lit(&out, text);
    if (name.n > 128)
        for (name.n = 128; name.n && ((unsigned char)name.p[name.n] & 0xC0) == 0x80;) name.n--;   /* not inside a character */
    aigw_base_put(&out, name);
    aigw_base_put_lit(&out, rest);
    aigw_dialect_error(&err, kind, "", advice);
    err.message = aigwi_dialect_slice(message, out.buf.n < out.buf.cap ? out.buf.n : out.buf.cap);
    aigwi_exchange_error(x, &err);
    x->state = AIGWI_EXCHANGE_REFUSE;
}
static void aigwi_exchange_say(aigw_exchange *x, int kind, const char *text, const char *advice) {
    aigwi_exchange_refuse(x, kind, text, aigwi_dialect_slice("", 0), "", advice);
}
static int aigwi_exchange_no_memory(aigw_exchange *x) {
    if (x->state == AIGWI_EXCHANGE_READ) x->close_after = 1;   /* its body will not be read */
    aigwi_exchange_say(x, AIGW_KIND_BUSY, "the gateway has no memory free for this request", "Try again shortly, or raise the gateway's memory.");
    x->error.retry_after_ms = 1000;
    return 1;
}

/* ---- bytes for the client: [out_at, out_n), of which what stands behind out_held is kept back, then the tail */

static void aigwi_exchange_chunk_close(aigw_exchange *x) {
    size_t n, at = x->chunk_at;
    if (!x->chunk_open) return;
    x->chunk_open = 0;
    n = x->out_n - at - AIGWI_EXCHANGE_CHUNK;
    if (!n) {
        x->out_n = at;
        return;
    }
    for (int i = 7; i >= 0; i--, n >>= 4) x->out[at + (size_t)i] = "0123456789abcdef"[n & 15];
    memcpy(x->out + at + 8, "\r\n", 2);
    memcpy(x->out + x->out_n, "\r\n", 2);
    x->out_n += 2;
}

/* Move what is left to be sent to the front. */
static void aigwi_exchange_compact(aigw_exchange *x) {
    const size_t by = x->committed ? x->out_at : 0;
    if (!by) return;
    memmove(x->out, x->out + by, x->out_n - by);
    x->out_at -= by;
    x->out_n -= by;
    x->chunk_at -= by;
    if (x->out_held != SIZE_MAX) x->out_held -= by;
}

static size_t aigwi_exchange_free(const aigw_exchange *x) {
    const size_t used = x->out_n + AIGWI_EXCHANGE_CHUNK + 4 + AIGWI_EXCHANGE_RESERVE;
    return used < x->out_cap ? x->out_cap - used : 0;
}

/* Room for `bytes` more of a body. 1, 0 (wait for memory) or -1 (there is no such slab). */
static int aigwi_exchange_room(aigw_exchange *x, size_t bytes) {
    aigw_exchange_slab to = { NULL, 0 };
    int r;
    if (aigwi_exchange_free(x) >= bytes) return 1;
    aigwi_exchange_compact(x);
    if (aigwi_exchange_free(x) >= bytes) return 1;
    r = aigwi_exchange_grow(x, &to, x->out_n + bytes + AIGWI_EXCHANGE_RESERVE + 64, 0);
    if (r < 1) return r;
    memcpy(to.p, x->out, x->out_n);
    aigwi_exchange_give(x, &x->big_slab);
    x->big_slab = to;
    x->out = to.p;
    x->out_cap = to.n;
    return 1;
}

/* Begin writing body bytes; then end it. Room must be there. 0 when it was not. */
static void aigwi_exchange_open(aigw_exchange *x, aigw_out *out) {
    if (x->chunked && !x->chunk_open) {
        x->chunk_at = x->out_n;
        x->out_n += AIGWI_EXCHANGE_CHUNK;
        x->chunk_open = 1;
    }
    aigw_base_out_init(out, x->out + x->out_n, x->out_cap - x->out_n - 4, NULL, 0);
}
static int aigwi_exchange_shut(aigw_exchange *x, const aigw_out *out) {
    if (out->buf.n > out->buf.cap) return 0;
    x->out_n += out->buf.n;
    return 1;
}

static void aigwi_exchange_hang_up(aigw_exchange *x, int keep) {
    if (x->own_conn) x->io.close(x->io.user, 0, keep);
    x->own_conn = 0;
    aigw_attempt_release(&x->attempt);
}

/* Send what may be sent. 1: nothing is left; 0: the client must take some first, or has gone. */
static int aigwi_exchange_flush(aigw_exchange *x) {
    if (!x->committed) return 1;
    if (x->out_held == SIZE_MAX) aigwi_exchange_chunk_close(x);
    for (;;) {
        const size_t end = x->out_held < x->out_n ? x->out_held : x->out_n;
        const int tail = x->out_at == end;
        aigw_str s = tail ? x->tail : aigwi_dialect_slice(x->out + x->out_at, end - x->out_at);
        int r;
        if (!s.n) break;
        r = x->io.reply(x->io.user, s.p, s.n);
        if (r == AIGW_AGAIN) {
            x->wait |= AIGW_WAIT_CLIENT_OUT;
            return 0;
        }
        if (r <= 0) {
            x->gone = 1;
            aigwi_exchange_hang_up(x, 0);
            return 0;
        }
        x->bytes_out += (size_t)r;
        x->write_at = x->now.mono_ns;
        if (tail) x->tail.p += r, x->tail.n -= (size_t)r;
        else x->out_at += (size_t)r;
    }
    if (x->out_at == x->out_n) {
        x->out_at = x->out_n = 0;
        if (x->out_held != SIZE_MAX) x->out_held = 0;
    }
    return 1;
}

/* ---- the head of the answer, which is the commit */

static void aigwi_exchange_field(aigw_head *head, const char *name, aigw_str value) {
    if (value.n) (void)aigw_base_header_put(head, aigw_base_str(name), value);       /* one field too many is left out */
}

/* Text of others as a header value: visible ASCII and spaces. */
static void aigwi_exchange_tidy(char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] < 32 || (unsigned char)p[i] > 126) p[i] = '?';
}
static aigw_str aigwi_exchange_clean(aigw_arena *mem, aigw_str s, size_t most) {
    char *p;
    if (s.n > most) s.n = most;
    p = (char *)(uintptr_t)aigw_base_copy(mem, s).p;
    aigwi_exchange_tidy(p, p ? s.n : 0);
    return aigwi_dialect_slice(p, p ? s.n : 0);
}

/* "2; top_k=dropped,seed=dropped,+3": at most 512 bytes of it. */
static aigw_str aigwi_exchange_loss(const aigw_exchange *x, aigw_arena *mem) {
    char *p = (char *)aigw_base_take(mem, 640, 1, 1);
    uint32_t all = 0;
    size_t i;
    aigw_out out;
    for (i = 0; i < AIGW_LOSS_ACTIONS; i++) all += x->loss.count[i];
    aigw_base_out_init(&out, p, p ? 640 : 0, NULL, 0);
    aigw_base_put_int(&out, all);
    for (i = 0; i < x->loss.n; i++) {
        const aigw_str path = aigw_base_str(x->loss.items[i].path);
        if (out.buf.n + path.n + 16 > 512) break;
        aigw_base_put_lit(&out, i ? "," : "; ");
        aigw_base_put(&out, path);
        aigw_base_put_byte(&out, '=');
        aigw_base_put_lit(&out, aigw_model_loss_name(x->loss.items[i].action));
    }
    if (i < all && i) {
        aigw_base_put_lit(&out, ",+");
        aigw_base_put_int(&out, (int64_t)(all - i));
    }
    aigwi_exchange_tidy(p, p ? out.buf.n : 0);
    return aigwi_dialect_slice(p, p ? out.buf.n : 0);
}

/* Which candidate the headers and the record speak of. */
static const aigw_registry_pick *aigwi_exchange_picked(const aigw_exchange *x) {
    return x->attempts && x->pick < x->picks ? &x->picked[x->pick] : NULL;
}

static int64_t aigwi_exchange_us(uint64_t from, uint64_t to) { return from && to >= from ? (int64_t)((to - from) / 1000u) : -1; }

/* Our own time until now: all but reading the request and waiting for providers. */
static int64_t aigwi_exchange_overhead(const aigw_exchange *x) {
    const uint64_t running = x->state == AIGWI_EXCHANGE_RELAY && x->attempt.t_last > x->attempt.t_start ? x->attempt.t_last - x->attempt.t_start : 0;
    const uint64_t all = x->now.mono_ns - x->t_begin, others = (x->t_read ? x->t_read - x->t_begin : all) + x->up_ns + running;
    return x->now.mono_ns > x->t_begin && all > others ? (int64_t)((all - others) / 1000u) : 0;
}

static void aigwi_exchange_own_fields(aigw_exchange *x, aigw_arena *mem, aigw_head *head) {
    const aigw_registry_pick *pick = aigwi_exchange_picked(x);
    const aigw_str id = aigwi_dialect_slice(x->id, x->id_n);
    if (x->close_after) aigwi_exchange_field(head, "connection", aigwi_exchange_lit("close"));
    else if (x->http10) aigwi_exchange_field(head, "connection", aigwi_exchange_lit("keep-alive"));
    aigwi_exchange_field(head, "x-request-id", id);
    if (x->dialect && aigw_base_eq(x->dialect->request_id_header, aigwi_exchange_lit("request-id"))) aigwi_exchange_field(head, "request-id", id);
    if (pick) {
        aigwi_exchange_field(head, "x-aigw-provider", aigwi_exchange_clean(mem, pick->target.provider, 128));
        aigwi_exchange_field(head, "x-aigw-model", aigwi_exchange_clean(mem, pick->target.id, 128));
        aigwi_exchange_field(head, "x-aigw-attempts", aigwi_dialect_int_str(mem, x->attempts));
    }
    if (x->picks) aigwi_exchange_field(head, "x-aigw-route", aigwi_exchange_clean(mem, x->route ? x->route->name : x->asked, 128));
    aigwi_exchange_field(head, "x-aigw-upstream-request-id", aigwi_exchange_clean(mem, aigwi_dialect_slice(x->upstream_id, x->upstream_id_n), 96));
    if (x->picks) aigwi_exchange_field(head, "x-aigw-overhead-us", aigwi_dialect_int_str(mem, aigwi_exchange_overhead(x)));
    aigwi_exchange_field(head, "x-aigw-why", aigwi_exchange_clean(mem, aigwi_dialect_slice(x->why, x->why_n), sizeof x->why));
    if (pick) aigwi_exchange_field(head, "x-aigw-loss", aigwi_exchange_loss(x, mem));
    if (pick && x->attempt.status && x->dialect->limits_encode) (void)x->dialect->limits_encode(x->now, &x->attempt.limits, mem, head);
}

/* Write the head in front of what the buffer holds: from here on nothing is tried again. length as in
   aigw_http_put_head. */
static int aigwi_exchange_commit(aigw_exchange *x, aigw_head *head, aigw_arena *mem, int64_t length) {
    const size_t base = x->out_at;
    aigw_out out;
    aigwi_exchange_own_fields(x, mem, head);
    for (;; head->n--) {                                       /* the least wanted fields stand last */
        aigw_base_out_init(&out, x->out, base, NULL, 0);
        if (aigw_http_put_head(&out, head, length)) return 0;
        if (out.buf.n <= base) break;
        if (head->n <= 3) return 0;
    }
    memmove(x->out + base - out.buf.n, x->out, out.buf.n);
    x->out_at = base - out.buf.n;
    x->committed = 1;
    x->status = head->status;
    x->overhead_us = aigwi_exchange_overhead(x);
    x->t_commit = x->write_at = x->now.mono_ns;
    return 1;
}

/* An empty response head in the memory kept for it. */
static aigw_head aigwi_exchange_head(aigw_exchange *x, aigw_arena *mem, int status) {
    aigw_head head;
    memset(&head, 0, sizeof head);
    *mem = aigw_base_arena(x->head_mem, x->head_mem_n);
    head.headers = (aigw_header *)aigw_base_take(mem, 40, sizeof(aigw_header), sizeof(void *));
    head.cap = head.headers ? 40 : 0;
    head.status = status;
    return head;
}

/* The buffer towards the client, with room for a head in front: from a slab, or the small one that is always there. */
static void aigwi_exchange_out_use(aigw_exchange *x, char *p, size_t n, size_t base) {
    x->out = p;
    x->out_cap = n;
    x->out_at = x->out_n = base;
    x->out_held = SIZE_MAX;
    x->chunk_open = 0;
}

/* An answer in one piece: head, then `tail` (sent only when the client did not ask for the head alone). */
static int aigwi_exchange_answer(aigw_exchange *x, aigw_head *head, aigw_arena *mem, aigw_str body) {
    x->chunked = 0;
    x->tail = x->head_request ? aigwi_dialect_slice("", 0) : body;
    x->state = AIGWI_EXCHANGE_DRAIN;
    if (aigwi_exchange_commit(x, head, mem, (int64_t)body.n)) return 1;
    x->close_after = 1;                                        /* nothing could be said */
    x->tail.n = 0;
    x->committed = 1;
    return 1;
}

/* ---- the request's head */

static aigw_str aigwi_exchange_get(const aigw_exchange *x, const char *name) { return aigw_base_header(&x->http.head, aigw_base_str(name)); }

static aigw_str aigwi_exchange_path(aigw_str target) {
    return aigwi_dialect_slice(target.p, aigw_base_find(target, aigwi_exchange_lit("?"), 0));
}

/* The caller's own id when it is well-formed, else one of ours. */
static void aigwi_exchange_name(aigw_exchange *x) {
    const aigw_str id = aigwi_exchange_get(x, "x-request-id");
    size_t i;
    for (i = 0; i < id.n && (unsigned char)id.p[i] > 32 && (unsigned char)id.p[i] < 127; i++) {}
    if (id.n && i == id.n && id.n <= 128) {
        x->id_n = (uint8_t)aigwi_dialect_keep(x->id, sizeof x->id, id);
        return;
    }
    memcpy(x->id, "req_", 4);
    for (i = 0; i < 24; i++) {
        if (i % 12 == 0) x->random = aigw_base_random(&x->hub->random);
        x->id[4 + i] = "0123456789abcdef"[x->random & 15];
        x->random >>= 4;
    }
    x->id_n = 28;
}

/* What this head asks of the dialect: the operation. */
static int aigwi_exchange_match(const aigw_dialect *d, const aigw_head *head, const char *method) {
    aigw_head h = *head;
    if (method) h.method = aigw_base_str(method);
    return d->match ? d->match(&h) : (int)AIGW_OP_NONE;
}

/* How much a head looks like this dialect's own clients: by its version or key header, or by its path. */
static int aigwi_exchange_likes(const aigw_dialect *d, const aigw_head *head) {
    static const struct { const char *path, *dialect; } paths[] = { { "/v1beta", "gemini" }, { "/v1/messages", "anthropic" } };
    static const aigw_str bearer = AIGW_STR("authorization"), google = AIGW_STR("x-goog-api-key"), key = AIGW_STR("key=");
    const aigw_str path = aigwi_exchange_path(head->target), query = aigwi_dialect_slice(head->target.p + path.n, head->target.n - path.n);
    if (d->version_header.n && aigw_base_header(head, d->version_header).p) return 2;
    if (!aigw_base_eq(d->auth_header, bearer) && aigw_base_header(head, d->auth_header).p) return 2;
    if (aigw_base_eq(d->auth_header, google) && aigw_base_find(query, key, 0) < query.n) return 2;     /* ?key= is its other spelling */
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (aigw_base_eq(d->name, aigw_base_str(paths[i].dialect)) && !aigw_base_find(path, aigw_base_str(paths[i].path), 0)) return 1;
    return 0;
}

/* The client's dialect and operation: of those that know this head, the one it looks like most. AIGW_OP_NONE:
   x->dialect is for the error. */
static int aigwi_exchange_dialect(aigw_exchange *x, const char *method) {
    const aigw_registry *r = x->registry;
    int best = -1, op = AIGW_OP_NONE;
    for (size_t i = 0; i < r->n_dialects; i++) {
        const aigw_dialect *d = r->dialects[i];
        const int m = aigwi_exchange_match(d, &x->http.head, method), score = (m ? 4 : 0) + aigwi_exchange_likes(d, &x->http.head);
        if (score <= best) continue;
        best = score;
        op = m;
        x->dialect = d;
    }
    for (size_t i = 0; op == AIGW_OP_MODELS && i < r->n_dialects; i++)                /* one path, three shapes of the list */
        if (r->dialects[i]->models_encode && aigwi_exchange_likes(r->dialects[i], &x->http.head) > aigwi_exchange_likes(x->dialect, &x->http.head)) x->dialect = r->dialects[i];
    return op;
}

static void aigwi_exchange_unknown(aigw_exchange *x) {
    const aigw_str path = aigwi_exchange_path(x->http.head.target);
    x->allow = aigwi_exchange_dialect(x, "POST") ? "POST" : aigwi_exchange_dialect(x, "GET") ? "GET, HEAD" : NULL;
    if (x->allow) aigwi_exchange_refuse(x, AIGW_KIND_INVALID_REQUEST, "this path does not take the method ", aigwi_dialect_slice(x->http.head.method.p, x->http.head.method.n), "", "");
    else aigwi_exchange_refuse(x, AIGW_KIND_NOT_FOUND, "there is nothing at ", path, "", "GET / lists the paths of this gateway.");
    x->error.status = x->allow ? 405 : 404;
}

/* x-aigw-timeout-ms; or, until a stream has begun, the time-out for reading that the SDK has set for itself, in
   seconds. */
static void aigwi_exchange_until(aigw_exchange *x) {
    const aigw_str ms = aigwi_exchange_get(x, "x-aigw-timeout-ms"), s = aigwi_exchange_get(x, "x-stainless-read-timeout");
    int64_t v = 0;
    x->until_read = (uint8_t)(!aigw_base_int(ms, &v) && aigw_base_micro(s, &v));
    if (x->until_read) v /= 1000;
    if (v > 0 && v < UINT32_MAX) x->until = aigwi_attempt_after(x->t_begin, (uint32_t)v);
}

static int aigwi_exchange_is(aigw_str s, const char *word) { return aigw_base_eq_nocase(s, aigw_base_str(word)); }

/* The head is there: name the request, let the caller answer, find dialect and operation. */
static void aigwi_exchange_headed(aigw_exchange *x) {
    const aigw_head *head = &x->http.head;
    const int64_t most = x->cfg.max_body_bytes ? x->cfg.max_body_bytes : 32 << 20;
    const aigw_str strict = aigwi_exchange_get(x, "x-aigw-strict");
    aigwi_exchange_name(x);
    aigwi_exchange_until(x);
    x->http10 = (x->http.flags & AIGWI_HTTP_OLD) != 0;
    x->close_after = !x->http.keep_alive;
    x->head_request = (uint8_t)aigw_base_eq(head->method, aigwi_exchange_lit("HEAD"));
    x->strict = strict.n && !aigwi_exchange_is(strict, "0") && !aigwi_exchange_is(strict, "false");
    x->op = (uint8_t)aigwi_exchange_dialect(x, x->head_request ? "GET" : NULL);
    if (x->io.local && x->io.local(x->io.user, head, &x->reply)) {
        if (x->reply.kind) aigwi_exchange_say(x, x->reply.kind, x->reply.message ? x->reply.message : aigw_model_kind_name(x->reply.kind), x->reply.advice ? x->reply.advice : "");
        else x->state = AIGWI_EXCHANGE_LOCAL;
    } else if (!x->op) aigwi_exchange_unknown(x);
    else if (x->http.length > most) aigwi_exchange_say(x, AIGW_KIND_TOO_LARGE, "the request body is larger than this gateway takes", "");
    else if (x->http.expect_continue) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        aigwi_exchange_out_use(x, x->small, sizeof x->small, 0);
        memcpy(x->out, go_on, sizeof go_on - 1);
        x->out_n = sizeof go_on - 1;
        x->committed = x->continuing = 1;                      /* for flush; taken back when it is sent */
    }
    if (x->state != AIGWI_EXCHANGE_READ && x->http.length) x->close_after = 1;       /* the body will not be read */
}

/* ---- the request's body */

/* All the memory that a small request needs, or none of it: so that requests do not wait for each other's. */
static int aigwi_exchange_reserve(aigw_exchange *x) {
    aigw_exchange_slab *const all[AIGWI_EXCHANGE_SLABS] = { &x->head_slab, &x->body_slab, &x->try_slab, &x->out_slab, &x->fold_slab[0] };
    const int class_ = aigwi_hub_class(x->hub, 4096);
    size_t i, n = AIGWI_EXCHANGE_SLABS;
    if (class_ < 0) x->state = AIGWI_EXCHANGE_CLOSED;          /* a hub without memory: nothing can be said */
    if (class_ < 0) return 0;
    if (n > x->hub->cfg.slab[class_].count) n = x->hub->cfg.slab[class_].count;
    for (i = 0; i < n && aigwi_exchange_grow(x, all[i], 4096, 0) == 1; i++) {}
    for (; i && i < n; i--) aigwi_exchange_give(x, all[i - 1]);
    return i == n;
}

/* A new request. The first slab holds an HTTP head, then a small tree, then the answer's head. */
static int aigwi_exchange_begin(aigw_exchange *x) {
    size_t n;
    if (!aigwi_exchange_reserve(x)) return 0;
    n = x->head_slab.n / 16;
    aigw_http_init(&x->http, AIGW_HTTP_REQUEST, x->head_slab.p, n * 7, x->headers, sizeof x->headers / sizeof x->headers[0]);
    x->head_mem = x->head_slab.p + n * 12;
    x->head_mem_n = n * 4;
    x->state = AIGWI_EXCHANGE_READ;
    x->registry = x->hub->registry;
    x->dialect = x->registry->dialects[0];
    x->slot = (uint8_t)aigwi_hub_enter(x->hub);
    x->hub->running++;
    x->t_begin = x->read_at = x->now.mono_ns;
    return 1;
}

/* Room for the body: as stated, or as much as there is and more when it is full. How many bytes may come now. */
static size_t aigwi_exchange_body_room(aigw_exchange *x) {
    const size_t most = x->cfg.max_body_bytes ? x->cfg.max_body_bytes : (size_t)32 << 20;
    size_t want = x->http.length > 0 ? (size_t)x->http.length : x->body_n + 1;
    int r;
    if (x->http.length > 0 && x->body_n >= want) return SIZE_MAX;                     /* only the end comes */
    if (x->body_slab.p && x->body_n < x->body_slab.n) return x->body_slab.n - x->body_n;
    r = want > most ? -1 : aigwi_exchange_grow(x, &x->body_slab, want < 4096 ? 4096 : want, x->body_n);
    if (r < 0) {
        aigwi_exchange_say(x, AIGW_KIND_TOO_LARGE, "the request body is larger than this gateway takes", "");
        x->close_after = 1;
    }
    return r == 1 ? x->body_slab.n - x->body_n : 0;
}

/* One step of reading: 1 when there may be more. */
static int aigwi_exchange_read(aigw_exchange *x, const char *p, size_t n, size_t *took) {
    const int body = x->http.length && n > *took;
    const size_t room = body ? aigwi_exchange_body_room(x) : SIZE_MAX, left = n - *took;
    aigw_http_item item;
    int r;
    if (!room || x->state != AIGWI_EXCHANGE_READ) return 0;
    r = aigw_http_feed(&x->http, p + *took, left < room ? left : room, &item);
    if (r < 0) {
        aigwi_exchange_refuse(x, r == AIGW_E_LIMIT ? AIGW_KIND_TOO_LARGE : AIGW_KIND_INVALID_REQUEST, "the HTTP request is malformed: ", aigw_base_str(x->http.why), "", "");
        x->error.status = r != AIGW_E_LIMIT ? 400 : body ? 413 : 431;
        x->close_after = 1;
        return 0;
    }
    *took += (size_t)r;
    if (item.event == AIGW_HTTP_HEAD) aigwi_exchange_headed(x);
    if (item.event == AIGW_HTTP_BODY) {
        memcpy(x->body_slab.p + x->body_n, item.body.p, item.body.n);
        if ((x->body_n >> 16) != (x->body_n + item.body.n) >> 16) x->read_at = x->now.mono_ns;
        x->body_n += item.body.n;
    }
    if (item.event == AIGW_HTTP_END) {
        x->state = AIGWI_EXCHANGE_ADMIT;
        x->t_read = x->now.mono_ns;
    }
    return x->state == AIGWI_EXCHANGE_READ && (item.event != AIGW_HTTP_NONE || *took < n);
}

AIGW_API size_t aigw_exchange_feed(aigw_exchange *x, aigw_now now, const void *p, size_t n) {
    size_t took = 0;
    x->now = now;
    if (x->state == AIGWI_EXCHANGE_CLOSED || (x->state > AIGWI_EXCHANGE_READ && x->close_after)) return n;   /* read and forgotten, so that the answer is not reset away */
    if (!n || x->state > AIGWI_EXCHANGE_READ || (x->state == AIGWI_EXCHANGE_IDLE && !aigwi_exchange_begin(x))) return 0;
    while (aigwi_exchange_read(x, (const char *)p, n, &took)) {}
    x->bytes_in += took;
    return x->state > AIGWI_EXCHANGE_READ && x->close_after ? n : took;
}

/* ---- admit: what is asked, by whom, may it go on */

static int aigwi_exchange_decode(aigw_exchange *x) {
    const aigw_str body = aigwi_dialect_slice(x->body_slab.p, x->body_n);
    aigw_error err;
    aigw_fault fault;
    int r;
    x->tree = x->tree_slab.p ? aigw_base_arena(x->tree_slab.p, x->tree_slab.n) : aigw_base_arena(x->head_slab.p + x->head_slab.n / 16 * 7, x->head_slab.n / 16 * 5);
    memset(&x->req, 0, sizeof x->req);
    memset(&fault, 0, sizeof fault);
    r = x->dialect->req_decode ? x->dialect->req_decode(&x->http.head, body, &x->tree, &x->req, &fault) : (int)AIGW_E_UNSUPPORTED;
    if (r == AIGW_OK) return 1;
    if (r == AIGW_E_NOMEM) {
        r = aigwi_exchange_grow(x, &x->tree_slab, x->tree_slab.p ? x->tree_slab.n + 1 : x->head_slab.n, 0);
        if (r >= 0) return r ? aigwi_exchange_decode(x) : 0;
        aigwi_exchange_say(x, AIGW_KIND_TOO_LARGE, "the request has more parts than this gateway has memory for", "");
        return 0;
    }
    if (!fault.code) fault.code = r;
    if (!fault.text) fault.text = aigw_base_error_text(r);
    x->tree = aigw_base_arena(x->head_mem, x->head_mem_n);
    aigw_dialect_fault(&fault, &x->tree, &err);
    aigwi_exchange_error(x, &err);
    x->state = AIGWI_EXCHANGE_REFUSE;
    return 0;
}

static int aigwi_exchange_admit(aigw_exchange *x) {
    const aigw_str route = aigwi_exchange_get(x, "x-aigw-route"), length = aigwi_exchange_get(x, "content-encoding");
    if (x->hub->draining) {
        aigwi_exchange_say(x, AIGW_KIND_BUSY, "the gateway is shutting down", "Try again.");
        x->error.retry_after_ms = 1000;
        x->close_after = 1;
        return 1;
    }
    if (x->op == AIGW_OP_MODELS) {
        x->state = AIGWI_EXCHANGE_MODELS;
        return 1;
    }
    if (length.n && !aigwi_exchange_is(length, "identity")) {
        aigwi_exchange_say(x, AIGW_KIND_INVALID_REQUEST, "this gateway does not read compressed request bodies", "Send the body without content-encoding.");
        x->error.status = 415;
        return 1;
    }
    if (!aigwi_exchange_decode(x)) return x->state == AIGWI_EXCHANGE_REFUSE;
    x->asked = route.n ? route : x->req.model;
    x->stream = (uint8_t)(aigwi_attempt_on(&x->req, AIGW_P_STREAM) && x->op == AIGW_OP_CHAT);
    x->usage_asked = (uint8_t)aigwi_attempt_on(&x->req, AIGW_P_STREAM_USAGE);
    if (x->stream) aigwi_exchange_give(x, &x->fold_slab[0]);
    x->state = AIGWI_EXCHANGE_ROUTE;
    return 1;
}

/* ---- route: who is asked next */

static void aigwi_exchange_why(aigw_exchange *x, const char *text, aigw_str s) {
    aigw_out out;
    aigw_base_out_init(&out, x->why + x->why_n, sizeof x->why - x->why_n, NULL, 0);
    aigw_base_put_lit(&out, text);
    aigw_base_put(&out, s);
    if (out.buf.n <= out.buf.cap) x->why_n += out.buf.n;       /* what does not fit is not begun */
}

/* Candidates in order; those that failed lately behind the others, in their order. */
static int aigwi_exchange_candidates(aigw_exchange *x) {
    aigw_registry_pick later[AIGW_EXCHANGE_TARGETS];
    int n = aigw_registry_find(x->registry, x->asked, x->dialect, x->picked, AIGW_EXCHANGE_TARGETS, &x->route), i, first = 0, last = 0;
    if (n < 0) {
        aigwi_exchange_refuse(x, AIGW_KIND_NO_ROUTE, "there is no model or route called \"", x->asked, "\"", "GET /v1/models lists the names; \"provider/model\" works too.");
        return 0;
    }
    for (i = 0; i < n; i++) {
        if (!aigw_hub_failing(x->hub, x->now, x->picked[i].target.name)) x->picked[first++] = x->picked[i];
        else later[last++] = x->picked[i];
    }
    if (last) memcpy(x->picked + first, later, (size_t)last * sizeof *later);
    x->picks = (uint16_t)n;
    x->max_attempts = (uint16_t)(x->route && x->route->attempts ? x->route->attempts : x->cfg.attempts ? x->cfg.attempts : 3);
    if (x->route) aigwi_exchange_why(x, "in order", aigwi_dialect_slice("", 0));
    else aigwi_exchange_why(x, "by name", aigwi_dialect_slice("", 0));
    for (i = 0; i < last && first; i++) aigwi_exchange_why(x, i ? ", " : "; failed lately: ", later[i].target.name);
    return 1;
}

/* A candidate that cannot be asked: on to the next, or to the error. */
static int aigwi_exchange_skip(aigw_exchange *x, const char *why) {
    aigwi_exchange_why(x, "; ", x->picked[x->pick].target.name);
    aigwi_exchange_why(x, ": ", aigw_base_str(why));
    x->state = AIGWI_EXCHANGE_REFUSE;
    if ((unsigned)x->pick + 1 >= x->picks) return 1;
    x->pick++;
    x->state = AIGWI_EXCHANGE_ROUTE;
    return 1;
}

static int aigwi_exchange_route(aigw_exchange *x) {
    const aigw_registry_pick *pick;
    if (!x->picks && !aigwi_exchange_candidates(x)) return 1;
    pick = &x->picked[x->pick];
    if (pick->provider->off.n) {
        aigwi_exchange_refuse(x, AIGW_KIND_NO_ROUTE, "this model's provider is not available: ", pick->provider->off, "", "");
        return aigwi_exchange_skip(x, "not available");
    }
    x->state = AIGWI_EXCHANGE_TRY;
    return 1;
}

/* ---- attempt: written, connected */

/* The provider's bytes, what the encoder holds back, room for a head, and the client's bytes share one slab. */
static void aigwi_exchange_buffers(aigw_exchange *x) {
    const size_t n = x->out_slab.n / 16;
    x->in = x->out_slab.p;
    x->in_cap = n * 4;
    x->in_at = x->in_n = 0;
    aigwi_exchange_give(x, &x->big_slab);
    aigwi_exchange_give(x, &x->hold_slab);
    aigwi_exchange_out_use(x, x->out_slab.p + n * 6, x->out_slab.n - n * 6, n * 3);
    memset(&x->enc, 0, sizeof x->enc);
    x->enc.dialect = x->dialect;
    x->enc.now = x->now;
    x->enc.seed = aigw_base_random(&x->hub->random);
    x->enc.req = &x->req;
    x->enc.loss = &x->answer_loss;
    x->enc.hold = x->out_slab.p + n * 4;
    x->enc.hold_cap = n * 2;
    aigw_dialect_enc_init(&x->enc);
    x->chunked = (uint8_t)(x->stream && !x->http10);
    x->array_n = 0;
    x->marked = 0;
    x->ended = 0;
    x->trouble = 0;
    memset(&x->usage, 0, sizeof x->usage);
}

/* Memory for the fold of an answer; more is added when it is full. */
static int aigwi_exchange_fold(aigw_exchange *x) {
    aigw_exchange_slab *s = &x->fold_slab[0];
    int r = aigwi_exchange_grow(x, s, 4096, 0);
    if (r < 1) return r;
    while (x->folds > 1) aigwi_exchange_give(x, &x->fold_slab[--x->folds]);
    x->folds = 1;
    x->fold_mem = aigw_base_arena(s->p, s->n);
    aigw_model_fold_init(&x->fold, &x->resp, &x->fold_mem, 1);
    return 1;
}

/* The next larger memory for the fold: what was folded stays where it is. */
static int aigwi_exchange_fold_more(aigw_exchange *x, size_t want) {
    aigw_exchange_slab *s = &x->fold_slab[x->folds];
    const size_t last = x->fold_slab[x->folds - 1].n;
    if (x->folds == sizeof x->fold_slab / sizeof x->fold_slab[0]) return -1;
    if (aigwi_exchange_grow(x, s, last + 1 > want ? last + 1 : want, 0) < 1 && aigwi_exchange_grow(x, s, want, 0) < 1) return 0;
    x->folds++;
    x->fold_mem = aigw_base_arena(s->p, s->n);
    return 1;
}

static void aigwi_exchange_try_cfg(aigw_exchange *x, aigw_attempt_cfg *cfg) {
    const aigw_registry_pick *pick = &x->picked[x->pick];
    memset(cfg, 0, sizeof *cfg);
    cfg->req = &x->req;
    cfg->target = &pick->target;
    cfg->host = pick->provider->authority;
    cfg->key = pick->provider->key;
    cfg->times = pick->times;
    cfg->until = x->until;
    cfg->seed = aigw_base_random(&x->hub->random);
    cfg->loss = &x->loss;
    cfg->answer_loss = &x->answer_loss;
    cfg->max_answer_bytes = x->cfg.max_answer_bytes;
    aigw_model_loss_init(&x->loss, x->loss_items, sizeof x->loss_items / sizeof x->loss_items[0]);
    aigw_model_loss_init(&x->answer_loss, x->answer_items, sizeof x->answer_items / sizeof x->answer_items[0]);
    x->loss.strict = x->strict;
    x->loss.doc = x->req.body;
}

/* The request cannot be put to this target. */
static int aigwi_exchange_unfit(aigw_exchange *x, int code) {
    const aigw_registry_pick *pick = &x->picked[x->pick];
    aigw_arena mem = aigw_base_arena(x->head_mem, x->head_mem_n);
    aigw_error err;
    if (code == AIGW_E_REFUSED) {
        aigw_dialect_refusal(&x->loss, &pick->target, &mem, &err);
        aigwi_exchange_error(x, &err);
        return aigwi_exchange_skip(x, "cannot express it");
    }
    if (code == AIGW_E_UNSUPPORTED) aigwi_exchange_refuse(x, AIGW_KIND_INVALID_REQUEST, x->op == AIGW_OP_COUNT_TOKENS ? "this provider has no token counting: " : "this provider has no such operation: ",
                                                          pick->target.provider, "", "Use a model of another provider.");
    else if (code == AIGW_E_CLOCK) aigwi_exchange_say(x, AIGW_KIND_INTERNAL, "the gateway's clock is not set", "");
    else aigwi_exchange_refuse(x, AIGW_KIND_AUTH, "the key or a header for this provider holds bytes that no header may have: ", pick->target.provider, "", "Correct the provider's key.");
    return aigwi_exchange_skip(x, "cannot be asked");
}

static int aigwi_exchange_try(aigw_exchange *x) {
    aigw_attempt_cfg cfg;
    int r = aigwi_exchange_grow(x, &x->out_slab, 4096, 0);
    if (r == 1) r = aigwi_exchange_grow(x, &x->try_slab, 4096, 0);
    if (r == 1 && !x->stream) r = aigwi_exchange_fold(x);
    if (r < 1) return r ? aigwi_exchange_no_memory(x) : 0;
    for (;;) {
        aigwi_exchange_try_cfg(x, &cfg);
        r = aigw_attempt_init(&x->attempt, &cfg, x->now, x->try_slab.p, x->try_slab.n);
        if (r != AIGW_E_NOMEM) break;
        r = aigwi_exchange_grow(x, &x->try_slab, x->try_slab.n + 1, 0);
        if (r < 1) return r ? aigwi_exchange_no_memory(x) : 0;
    }
    if (r) return aigwi_exchange_unfit(x, r);
    aigwi_exchange_give(x, &x->window_slab);
    aigwi_exchange_buffers(x);
    x->attempts++;
    x->upstream_id_n = 0;
    x->t_up = x->t_up ? x->t_up : x->now.mono_ns;
    x->state = AIGWI_EXCHANGE_CONNECT;
    return 1;
}

/* The kind of error that a callback's code means. */
static int aigwi_exchange_io_kind(int code) {
    const int kind = -100 - code;
    return kind > 0 && kind < AIGW_KIND_COUNT ? kind : (int)AIGW_KIND_CONNECT;
}

static int aigwi_exchange_connect(aigw_exchange *x) {
    static const char *const texts[] = { "the provider could not be reached", "the name of the provider's host was not found", "no TLS connection to the provider could be made" };
    int r, kind;
    aigw_attempt_tick(&x->attempt, x->now);
    x->state = AIGWI_EXCHANGE_RELAY;
    if (!(aigw_attempt_want(&x->attempt) & AIGW_WANT_CONNECT)) return 1;
    x->own_conn = 1;
    r = x->io.connect(x->io.user, 0, x->picked[x->pick].provider);
    if (r == AIGW_AGAIN) {
        x->state = AIGWI_EXCHANGE_CONNECT;
        x->wait |= AIGW_WAIT_CONNECT;
        return 0;
    }
    x->reused = r == 1;
    kind = aigwi_exchange_io_kind(r);
    if (r >= 0) aigw_attempt_connected(&x->attempt, x->now);
    else {
        const char *why = x->io.why ? x->io.why(x->io.user, 0) : NULL;
        aigw_attempt_fail(&x->attempt, kind, why ? why : texts[kind == AIGW_KIND_DNS ? 1 : kind == AIGW_KIND_TLS ? 2 : 0]);
    }
    return 1;
}

/* ---- relay: events to the client */

/* 1: frames of the provider go to the client as they came. */
static int aigwi_exchange_verbatim(const aigw_exchange *x) { return x->attempt.same && x->stream && x->attempt.stream; }

static size_t aigwi_exchange_cost(const aigw_text *t) {
    return t->form == AIGW_TEXT_ESCAPED ? t->n : t->form == AIGW_TEXT_JSON ? t->n * 2 : t->n * 6;
}

/* A bound on the bytes that an event becomes. */
static size_t aigwi_exchange_bound(const aigw_exchange *x, const aigw_event *ev) {
    size_t n = AIGWI_EXCHANGE_SLACK + aigwi_exchange_cost(&ev->text) + 6 * (ev->id.n + ev->name.n + ev->model.n) + 2 * x->enc.hold_n;
    if (ev->state) n += 2 * (aigwi_exchange_cost(&ev->state->data) + ev->state->model.n);
    if (ev->error) n += 6 * (ev->error->message.n + ev->error->advice.n + ev->error->param.n + ev->error->code.n);
    return n;
}

/* Encode one event for the client. AIGW_OK, or AIGW_E_NOMEM with nothing written. */
static int aigwi_exchange_encode(aigw_exchange *x, const aigw_event *ev) {
    aigw_exchange_slab to = { NULL, 0 };
    aigw_out out;
    int r;
    while (aigwi_exchange_room(x, aigwi_exchange_bound(x, ev)) == 1) {
        aigwi_exchange_open(x, &out);
        r = x->dialect->event_encode(&x->enc, ev, &out);
        if (r != AIGW_E_NOMEM) return !r && aigwi_exchange_shut(x, &out) ? AIGW_OK : r ? r : (int)AIGW_E_NOMEM;
        if (aigwi_exchange_grow(x, &to, x->enc.hold_cap + 1, 0) < 1) return AIGW_E_NOMEM;
        (void)aigw_dialect_enc_move(&x->enc, to.p, to.n);
        aigwi_exchange_give(x, &x->hold_slab);
        x->hold_slab = to;
        to.p = NULL;
    }
    return AIGW_E_NOMEM;
}

/* The sink of the attempt. */
static int aigwi_exchange_put(void *user, const aigw_event *ev) {
    aigw_exchange *x = (aigw_exchange *)user;
    int r;
    if (ev->type == AIGW_EVENT_USAGE) x->usage = ev->usage;
    if (ev->type == AIGW_EVENT_BLOCK_START && !x->t_block) x->t_block = x->now.mono_ns;
    if (ev->type == AIGW_EVENT_STOP) {
        x->ended = AIGWI_EXCHANGE_STOPPED;
        x->finish = ev->finish[0];
    }
    if (ev->type == AIGW_EVENT_ERROR) {
        x->ended = AIGWI_EXCHANGE_FAILED;
        return AIGW_OK;                                        /* it is in the attempt; what becomes of it is decided there */
    }
    if (aigwi_exchange_verbatim(x)) return AIGW_OK;
    if (x->stream) return aigwi_exchange_encode(x, ev);
    if (x->attempt.same && !x->attempt.stream) return AIGW_OK;     /* the body goes as it came */
    r = aigw_model_fold_put(&x->fold, ev);
    while (r == AIGW_E_NOMEM && aigwi_exchange_fold_more(x, ev->text.n * 2 + 4096) == 1) r = aigw_model_fold_put(&x->fold, ev);
    return r;
}

/* A frame as it came: relayed, dropped, or in the other framing. What holds a finish, and all after it, is kept back
   until the source's end. */
static void aigwi_exchange_frame(aigw_exchange *x) {
    const aigw_frame *f = &x->attempt.frame;
    const unsigned bits = x->attempt.dec.frame;
    const int event = f->payload.p != NULL;
    aigw_out out;
    if ((bits & AIGW_FRAME_ERROR) || x->ended || (!event && (!x->committed || x->req.array || x->attempt.framing))) return;
    if ((bits & AIGW_FRAME_USAGE_ONLY) && !x->usage_asked) return;
    if ((bits & AIGW_FRAME_FINISH) && x->out_held == SIZE_MAX) {
        aigwi_exchange_chunk_close(x);
        x->out_held = x->out_n;
    }
    aigwi_exchange_open(x, &out);
    if (x->req.array) {
        aigw_base_put_lit(&out, x->array_n++ ? ",\r\n" : "[");
        aigw_base_put(&out, f->payload);
    } else if (x->attempt.framing) {
        aigw_base_put_lit(&out, "data: ");
        aigw_base_put(&out, f->payload);
        aigw_base_put_lit(&out, "\r\n\r\n");
    } else aigw_base_put(&out, f->raw);
    if (bits & AIGW_FRAME_END) x->marked = 1;
    if (!aigwi_exchange_shut(x, &out)) x->trouble = 1;
}

static void aigwi_exchange_upstream_id(aigw_exchange *x) {
    x->upstream_id_n = (uint8_t)aigwi_dialect_keep(x->upstream_id, sizeof x->upstream_id, x->attempt.request_id);
}

/* This one's answer is given. */
static void aigwi_exchange_chosen(aigw_exchange *x) {
    aigwi_exchange_why(x, "; ", x->picked[x->pick].target.name);
    aigwi_exchange_upstream_id(x);
}

/* The status line of a stream. */
static void aigwi_exchange_stream_head(aigw_exchange *x) {
    static const aigw_str sse = AIGW_STR("text/event-stream");
    aigw_arena mem;
    aigw_head head = aigwi_exchange_head(x, &mem, 200);
    aigwi_exchange_chosen(x);
    aigwi_exchange_field(&head, "content-type", x->req.array ? aigwi_exchange_lit("application/json; charset=utf-8") :
                         aigw_base_eq(x->dialect->stream_type, sse) ? aigwi_exchange_lit("text/event-stream; charset=utf-8") : x->dialect->stream_type);
    aigwi_exchange_field(&head, "cache-control", aigwi_exchange_lit("no-cache"));
    aigwi_exchange_field(&head, "x-accel-buffering", aigwi_exchange_lit("no"));
    if (x->http10) x->close_after = 1;
    if (x->until_read) x->until = x->attempt.cfg.until = 0;
    if (!aigwi_exchange_commit(x, &head, &mem, x->chunked ? -1 : -2)) aigw_attempt_fail(&x->attempt, AIGW_KIND_INTERNAL, "the response head does not fit into the gateway's memory");
}


/* Events of one step, and what follows from them. 0: the client or memory must be waited for first. */
static int aigwi_exchange_events(aigw_exchange *x) {
    aigw_sink sink;
    const size_t held = x->attempt.stream ? x->attempt.frames.n - x->attempt.frames.start : 0, want = aigwi_exchange_verbatim(x) ? held + 64 : AIGWI_EXCHANGE_SLACK + 512;
    int r;
    if (x->stream && aigwi_exchange_free(x) < want) {
        if (x->committed && !aigwi_exchange_flush(x)) return 0;
        r = aigwi_exchange_room(x, want);
        if (r < 1) {
            if (!r) return 0;
            aigw_attempt_fail(&x->attempt, AIGW_KIND_BUSY, "the gateway has no memory large enough for this answer");
        }
    }
    sink.put = aigwi_exchange_put;
    sink.user = x;
    r = aigw_attempt_next(&x->attempt, x->now, &sink);
    if (r < 0) {
        if (!x->attempt.stream && x->wait & AIGW_WAIT_MEMORY && !x->committed) {      /* a whole answer can be read again when there is memory */
            aigwi_exchange_buffers(x);
            if (!x->stream) (void)aigwi_exchange_fold(x);
            return 0;
        }
        aigw_attempt_fail(&x->attempt, r == AIGW_E_NOMEM ? AIGW_KIND_BUSY : AIGW_KIND_BAD_RESPONSE,
                          r == AIGW_E_NOMEM ? "the gateway has no memory free for this answer" : "the provider's answer breaks the rules of its own format");
        return 1;
    }
    if (r && aigwi_exchange_verbatim(x)) aigwi_exchange_frame(x);
    if (x->trouble) aigw_attempt_fail(&x->attempt, AIGW_KIND_INTERNAL, "a frame did not fit into the gateway's memory");
    if (x->stream && !x->committed && x->attempt.state <= AIGWI_ATTEMPT_OVER && x->attempt.ended != AIGWI_ATTEMPT_ERROR &&
        ((x->attempt.stream && x->attempt.dec.frame & AIGW_FRAME_CONTENT) || x->ended == AIGWI_EXCHANGE_STOPPED)) aigwi_exchange_stream_head(x);
    return 1;
}

/* ---- relay: bytes to and from the provider */

static int aigwi_exchange_send(aigw_exchange *x) {
    const aigw_str s = aigw_attempt_out(&x->attempt);
    int r = x->send_dead ? (int)AIGW_AGAIN : x->io.send(x->io.user, 0, s.p, s.n);
    if (r > 0) aigw_attempt_sent(&x->attempt, x->now, (size_t)r);
    if (r == AIGW_AGAIN && !x->send_dead) x->wait |= AIGW_WAIT_UP_OUT;
    if (r < 0 && r != AIGW_AGAIN) x->send_dead = 1;            /* its reason may still be there to be read */
    return r > 0;
}

static int aigwi_exchange_recv(aigw_exchange *x) {
    const int r = x->io.recv(x->io.user, 0, x->in, x->in_cap);
    if (r == AIGW_AGAIN) {
        x->wait |= AIGW_WAIT_UP_IN;
        return 0;
    }
    x->turns--;
    if (r > 0) {
        x->in_at = 0;
        x->in_n = (size_t)r;
    } else if (r == 0 || r == AIGW_E_CLOSED || r == AIGW_E_IO) aigw_attempt_eof(&x->attempt, x->now, r == 0);
    else aigw_attempt_fail(&x->attempt, aigwi_exchange_io_kind(r), NULL);
    return 1;
}

/* More memory for the attempt's answer. */
static int aigwi_exchange_window(aigw_exchange *x) {
    aigw_exchange_slab to = { NULL, 0 };
    const int r = aigwi_exchange_grow(x, &to, x->attempt.mem_want, 0);
    if (r < 0) aigw_attempt_fail(&x->attempt, AIGW_KIND_BAD_RESPONSE, "the provider's answer is larger than the gateway's largest memory slab");
    if (r < 1) return r;
    (void)aigw_attempt_move(&x->attempt, to.p, to.n);
    aigwi_exchange_give(x, &x->window_slab);
    x->window_slab = to;
    return 1;
}

/* One thing that can be done with the provider now; 0 when nothing can. */
static int aigwi_exchange_upstream(aigw_exchange *x) {
    const unsigned want = aigw_attempt_want(&x->attempt);
    if (want & AIGW_WANT_MEM) return aigwi_exchange_window(x);
    if (want & AIGW_WANT_EVENT) return aigwi_exchange_events(x);
    if (x->in_at < x->in_n) {
        x->in_at += aigw_attempt_feed(&x->attempt, x->now, x->in + x->in_at, x->in_n - x->in_at);
        return 1;
    }
    if (want & AIGW_WANT_OUT && aigwi_exchange_send(x)) return 1;
    if (!(want & AIGW_WANT_IN)) return 0;
    if (x->turns <= 0) {
        x->wait |= AIGW_WAIT_TURN;
        return 0;
    }
    return aigwi_exchange_recv(x);
}

/* ---- the end of an attempt */

/* An error after the commit: what was kept back goes, one error in the dialect's own words, then close. */
static void aigwi_exchange_cut(aigw_exchange *x) {
    aigw_event ev;
    aigw_out out;
    if (x->out_held != SIZE_MAX) {
        x->out_n = x->out_held;
        x->out_held = SIZE_MAX;
        x->chunk_open = 0;
    }
    memset(&ev, 0, sizeof ev);
    ev.type = AIGW_EVENT_ERROR;
    ev.at = AIGW_NOWHERE;
    ev.error = &x->error;
    x->enc.started = 1;                                        /* frames were sent, if not by the encoder */
    if (x->array_n) x->enc.flags = 1;                          /* so that its item stands behind others */
    x->close_after = 1;
    aigwi_exchange_compact(x);
    for (int tries = 0; tries < 2; tries++) {
        const aigw_enc before = x->enc;
        aigwi_exchange_open(x, &out);
        if (!x->dialect->event_encode(&x->enc, &ev, &out) && aigwi_exchange_shut(x, &out)) return;
        x->enc = before;
        x->error.message.n = x->error.advice.n = 0;            /* that much fits into the reserve */
    }
}

static void aigwi_exchange_finish(aigw_exchange *x) {
    aigw_out out;
    if (x->chunked && x->out_cap - x->out_n > 16) {
        aigwi_exchange_chunk_close(x);
        aigw_base_out_init(&out, x->out + x->out_n, x->out_cap - x->out_n, NULL, 0);
        aigw_http_put_last_chunk(&out);
        x->out_n += out.buf.n;
    }
    x->state = AIGWI_EXCHANGE_DRAIN;
}

/* How long the target is asked last: as it said, within reason. */
static void aigwi_exchange_remember(aigw_exchange *x, const aigw_error *err) {
    const uint32_t ours = (uint32_t)1 << AIGW_KIND_INVALID_REQUEST | (uint32_t)1 << AIGW_KIND_NOT_FOUND | (uint32_t)1 << AIGW_KIND_CONFLICT | (uint32_t)1 << AIGW_KIND_TOO_LARGE |
                          (uint32_t)1 << AIGW_KIND_CONTEXT_LENGTH | (uint32_t)1 << AIGW_KIND_CONTENT_FILTER | (uint32_t)1 << AIGW_KIND_CANCELLED | (uint32_t)1 << AIGW_KIND_BUSY |
                          (uint32_t)1 << AIGW_KIND_INTERNAL;
    int64_t ms = err->retry_after_ms >= 0 ? err->retry_after_ms : AIGWI_EXCHANGE_FAILING_MS;
    if (ours >> err->kind & 1) return;                         /* the request's fault or ours, not the target's */
    if (ms > 60000) ms = 60000;
    aigw_hub_failed(x->hub, x->picked[x->pick].target.name, aigwi_attempt_after(x->now.mono_ns, (uint32_t)ms));
}

/* Before the commit: the next target, the same again after a short wait, or the error to the client. */
static int aigwi_exchange_again(aigw_exchange *x) {
    aigw_error *err = &x->attempt.error;
    const int kept = x->kind && x->error.retry == AIGW_RETRY_WAIT && err->retry != AIGW_RETRY_WAIT && x->attempts > 1;
    const int64_t hint = err->retry_after_ms >= 0 ? err->retry_after_ms : 300 * (int64_t)x->attempts, most = aigwi_exchange_ms(x->cfg.wait_ms, 2000);
    const int stale = x->reused && x->attempt.untouched && err->kind == AIGW_KIND_CONNECT && x->stale < 4;
    const int wait = err->retry == AIGW_RETRY_WAIT && err->kind != AIGW_KIND_TIMEOUT && x->picks == 1 && hint <= most;
    if (!kept) aigwi_exchange_error(x, err);                   /* of several errors the client is told one that passes */
    if (stale) {                                               /* a kept connection that the provider had closed is nobody's failure */
        x->stale++;
        x->attempts--;
        x->state = AIGWI_EXCHANGE_TRY;
        return 1;
    }
    aigwi_exchange_remember(x, err);
    aigwi_exchange_why(x, "; ", x->picked[x->pick].target.name);
    aigwi_exchange_why(x, ": ", aigw_base_str(aigw_model_kind_name(err->kind)));
    x->state = AIGWI_EXCHANGE_REFUSE;
    if (err->retry == AIGW_RETRY_NEVER || (x->until && x->now.mono_ns >= x->until)) return 1;
    if (x->attempts >= x->max_attempts) {
        x->error.retry = AIGW_RETRY_OTHER;                     /* says x-should-retry: false: we have done that */
        return 1;
    }
    if ((unsigned)x->pick + 1 < x->picks) {
        x->pick++;
        x->state = AIGWI_EXCHANGE_ROUTE;
    } else if (wait) {
        x->retry_at = aigwi_attempt_after(x->now.mono_ns, (uint32_t)hint);
        x->state = AIGWI_EXCHANGE_WAIT;
    }
    return 1;
}

/* The attempt is over. */
static int aigwi_exchange_over(aigw_exchange *x) {
    const int stopped = x->attempt.ended == AIGWI_ATTEMPT_STOPPED && x->ended == AIGWI_EXCHANGE_STOPPED;
    const int keep = x->attempt.keep_alive;
    aigw_out out;
    x->up_ns += x->attempt.t_last > x->attempt.t_start ? x->attempt.t_last - x->attempt.t_start : 0;
    x->t_up_end = x->now.mono_ns;
    aigwi_exchange_upstream_id(x);
    if (x->own_conn) x->io.close(x->io.user, 0, keep);
    x->own_conn = x->send_dead = 0;
    aigw_attempt_release(&x->attempt);
    x->in_at = x->in_n = 0;
    if (!stopped && !x->committed) return aigwi_exchange_again(x);
    if (!stopped) {
        aigwi_exchange_error(x, &x->attempt.error);
        aigwi_exchange_remember(x, &x->attempt.error);
        aigwi_exchange_cut(x);
        aigwi_exchange_finish(x);
        return 1;
    }
    x->kind = AIGW_KIND_NONE;
    aigw_hub_answered(x->hub, x->picked[x->pick].target.name);
    if (!x->stream) {
        aigwi_exchange_chosen(x);
        x->state = AIGWI_EXCHANGE_WHOLE;
        return 1;
    }
    x->out_held = SIZE_MAX;
    if (aigwi_exchange_verbatim(x) && (x->req.array || (!x->marked && x->dialect->end_marker.n))) {
        aigwi_exchange_open(x, &out);
        if (!x->req.array) aigw_base_put(&out, x->dialect->end_marker);      /* some servers close after the finish reason, without it */
        else aigw_base_put_lit(&out, x->array_n ? "]" : "[]");
        (void)aigwi_exchange_shut(x, &out);
    }
    aigwi_exchange_finish(x);
    return 1;
}

static int aigwi_exchange_relay(aigw_exchange *x) {
    int more = 1;
    while (x->state == AIGWI_EXCHANGE_RELAY && more) {
        aigw_attempt_tick(&x->attempt, x->now);
        if (aigw_attempt_want(&x->attempt) & AIGW_WANT_CLOSED) return aigwi_exchange_over(x);
        more = aigwi_exchange_upstream(x);
    }
    if (x->state == AIGWI_EXCHANGE_RELAY && x->committed) (void)aigwi_exchange_flush(x);
    return 0;
}

/* ---- answers in one piece */

/* Write a body into one slab by `write`, with as much memory as it wants. 1, 0 (wait) or -1. */
static int aigwi_exchange_body(aigw_exchange *x, int (*write)(aigw_exchange *x, aigw_out *out), aigw_str *body) {
    aigw_out out;
    size_t want = 4096;
    int r, tries;
    for (tries = 0; tries < 8; tries++) {
        r = aigwi_exchange_grow(x, &x->whole_slab, want, 0);
        if (r < 1) return r;
        aigw_base_out_init(&out, x->whole_slab.p, x->whole_slab.n, NULL, 0);
        r = write(x, &out);
        *body = aigwi_dialect_slice(x->whole_slab.p, out.buf.n);
        if (!r && out.buf.n <= out.buf.cap) return 1;
        if (r && r != AIGW_E_NOMEM) return -1;
        want = out.buf.n > out.buf.cap ? out.buf.n : x->whole_slab.n + 1;
    }
    return -1;
}

static int aigwi_exchange_write_whole(aigw_exchange *x, aigw_out *out) {
    aigw_dialect_enc_init(&x->enc);
    if (x->hold_slab.p) x->enc.hold = x->hold_slab.p, x->enc.hold_cap = x->hold_slab.n;
    return x->dialect->resp_encode(&x->enc, &x->resp, out);
}

static int aigwi_exchange_whole(aigw_exchange *x) {
    aigw_arena mem;
    aigw_head head;
    aigw_str body = x->attempt.body;
    int r = 1;
    if (!x->attempt.same || x->attempt.stream) {
        aigwi_exchange_give(x, &x->window_slab);               /* the fold has copies */
        r = aigwi_exchange_body(x, aigwi_exchange_write_whole, &body);
    }
    if (!r) return 0;
    if (r < 0) return aigwi_exchange_no_memory(x);
    aigwi_exchange_out_use(x, x->out_slab.p + x->out_slab.n / 16 * 6, x->out_slab.n / 16 * 10, x->out_slab.n / 16 * 3);
    head = aigwi_exchange_head(x, &mem, 200);
    aigwi_exchange_field(&head, "content-type", aigwi_exchange_lit("application/json"));
    return aigwi_exchange_answer(x, &head, &mem, body);
}

/* The name behind "/models/" in the path, percent-decoded to `to`; empty: the list is asked for. */
static aigw_str aigwi_exchange_single(const aigw_exchange *x, char *to) {
    const aigw_str path = aigwi_exchange_path(x->http.head.target), mark = AIGW_STR("/models/");
    size_t n = 0;
    for (size_t i = aigw_base_find(path, mark, 0) + mark.n; i < path.n; i++) {
        const int hex = path.p[i] == '%' && i + 2 < path.n ? aigwi_http_hex(path.p[i + 1]) * 16 + aigwi_http_hex(path.p[i + 2]) : 0;
        to[n++] = hex > 32 ? (char)hex : path.p[i];
        if (hex > 32) i += 2;
    }
    return aigwi_dialect_slice(to, n);
}

static int aigwi_exchange_write_models(aigw_exchange *x, aigw_out *out) {
    aigw_model_info *infos = NULL;
    aigw_arena mem = x->tree;
    const int n = aigw_registry_list(x->registry, x->asked, &mem, &infos);
    if (n < 0) return n;
    if (!n && x->asked.n) return AIGW_E_MISSING;
    return x->dialect->models_encode(infos, (size_t)n, x->asked.n != 0, out);
}

static int aigwi_exchange_models(aigw_exchange *x) {
    aigw_arena mem;
    aigw_head head;
    aigw_str body;
    size_t n = 0;
    const aigw_registry_model *m;
    const aigw_registry_route *route;
    int r;
    for (m = x->registry->models; m; m = m->next) n++;
    for (route = x->registry->routes; route; route = route->next) n++;
    r = aigwi_exchange_grow(x, &x->tree_slab, (n + 1) * sizeof(aigw_model_info) + 16 + x->http.head.target.n, 0);
    if (r == 1) r = aigwi_exchange_grow(x, &x->out_slab, 4096, 0);
    if (!r) return 0;
    if (r < 0) return aigwi_exchange_no_memory(x);
    x->tree = aigw_base_arena(x->tree_slab.p, x->tree_slab.n - x->http.head.target.n);
    x->asked = aigwi_exchange_single(x, (char *)x->tree.end);
    r = x->dialect->models_encode ? aigwi_exchange_body(x, aigwi_exchange_write_models, &body) : -1;
    if (!r) return 0;
    if (r < 0) {
        aigwi_exchange_refuse(x, AIGW_KIND_NOT_FOUND, "there is no model or route called \"", x->asked, "\"", "GET /v1/models lists the names.");
        return 1;
    }
    aigwi_exchange_out_use(x, x->out_slab.p, x->out_slab.n, x->out_slab.n);
    head = aigwi_exchange_head(x, &mem, 200);
    aigwi_exchange_field(&head, "content-type", aigwi_exchange_lit("application/json"));
    return aigwi_exchange_answer(x, &head, &mem, body);
}

static int aigwi_exchange_local(aigw_exchange *x) {
    aigw_arena mem;
    aigw_head head = aigwi_exchange_head(x, &mem, x->reply.status ? x->reply.status : 200);
    aigwi_exchange_out_use(x, x->small, sizeof x->small, sizeof x->small);
    aigwi_exchange_field(&head, "content-type", x->reply.type);
    return aigwi_exchange_answer(x, &head, &mem, x->reply.body);
}

/* The error, in the client's dialect. It needs no slab: when memory is short it must be said. */
static int aigwi_exchange_refused(aigw_exchange *x) {
    const size_t base = sizeof x->small / 2;
    const int status = x->error.status;
    aigw_arena mem;
    aigw_head head;
    aigw_out out;
    int r, tries = 0;
    if (x->own_conn) aigwi_exchange_hang_up(x, 0);
    do {
        head = aigwi_exchange_head(x, &mem, 0);
        aigw_base_out_init(&out, x->small + base, sizeof x->small - base, NULL, 0);
        r = x->dialect ? x->dialect->error_encode(&x->error, &mem, &head, &out) : (int)AIGW_E_UNSUPPORTED;
        if (!r && out.buf.n > out.buf.cap) r = AIGW_E_NOMEM;
        if (x->error.message.n > 200) x->error.message.n = aigw_base_utf8(aigwi_dialect_slice(x->error.message.p, 200));
    } while (r && ++tries < 2);
    if (r) out.buf.n = 0;
    if (!head.status) head.status = aigw_model_kind_status(x->error.kind);
    if (!x->error.provider.n && status >= 400) head.status = status;                  /* of our own: 404, 405, 415, 431 */
    if (x->allow) aigwi_exchange_field(&head, "allow", aigwi_exchange_lit(x->allow));
    aigwi_exchange_out_use(x, x->small, base, base);
    return aigwi_exchange_answer(x, &head, &mem, aigwi_dialect_slice(x->small + base, out.buf.n));
}

/* ---- settle: the record, and everything given back */

static void aigwi_exchange_record_of(const aigw_exchange *x, aigw_exchange_record *r) {
    const aigw_registry_pick *pick = aigwi_exchange_picked(x);
    const aigw_str tag = aigwi_exchange_get(x, "x-aigw-user");
    const uint64_t first = x->attempt.t_first, end = x->now.mono_ns;
    memset(r, 0, sizeof *r);
    r->request_id = aigwi_dialect_slice(x->id, x->id_n);
    r->upstream_request_id = aigwi_dialect_slice(x->upstream_id, x->upstream_id_n);
    r->method = x->http.head.method;
    r->path = aigwi_exchange_path(x->http.head.target);
    r->asked = x->asked;
    if (x->route) r->route = x->route->name;
    if (x->dialect) r->dialect = x->dialect->name;
    if (pick) {
        r->provider = pick->target.provider;
        r->model = pick->target.id;
        r->provider_dialect = pick->target.dialect->name;
    }
    r->why = aigwi_dialect_slice(x->why, x->why_n);
    r->user = tag.n ? tag : x->req.param[AIGW_P_USER].raw;
    r->client = aigwi_exchange_get(x, "user-agent");
    r->status = x->status;
    r->op = x->op;
    r->kind = (uint8_t)x->kind;
    r->stream = x->stream;
    r->same = pick && x->attempt.same;
    r->finish = x->finish;
    r->disconnect = x->gone;
    r->attempts = x->attempts;
    r->usage = x->usage;
    r->loss = &x->loss;
    r->answer_loss = &x->answer_loss;
    r->error = x->kind && x->kind != AIGW_KIND_CANCELLED ? &x->error : NULL;
    r->t_read_us = aigwi_exchange_us(x->t_begin, x->t_read);
    r->t_admit_us = aigwi_exchange_us(x->t_read, x->t_up);
    r->t_queue_us = -1;                                        /* there is no queue yet */
    r->t_connect_us = pick ? aigwi_exchange_us(x->attempt.t_start, x->attempt.t_connected) : -1;
    r->t_first_us = pick ? aigwi_exchange_us(x->attempt.t_connected, first) : -1;
    r->t_stream_us = pick ? aigwi_exchange_us(first, x->t_up_end ? x->t_up_end : end) : -1;
    r->t_write_us = aigwi_exchange_us(x->t_up_end ? x->t_up_end : x->t_read, end);
    r->ttft_us = aigwi_exchange_us(x->t_begin, x->t_block);
    r->dur_us = aigwi_exchange_us(x->t_begin, end);
    r->overhead_us = x->overhead_us;
    r->bytes_in = x->bytes_in;
    r->bytes_out = x->bytes_out;
}

/* Everything of the request goes; the connection stays. */
static void aigwi_exchange_settle(aigw_exchange *x) {
    aigw_exchange_record r;
    if (x->state == AIGWI_EXCHANGE_IDLE || x->state == AIGWI_EXCHANGE_CLOSED) return;
    aigwi_exchange_record_of(x, &r);
    if (x->io.record) x->io.record(x->io.user, &r);
    aigwi_exchange_give(x, &x->head_slab);
    aigwi_exchange_give(x, &x->body_slab);
    aigwi_exchange_give(x, &x->tree_slab);
    aigwi_exchange_give(x, &x->try_slab);
    aigwi_exchange_give(x, &x->window_slab);
    aigwi_exchange_give(x, &x->out_slab);
    aigwi_exchange_give(x, &x->big_slab);
    aigwi_exchange_give(x, &x->hold_slab);
    aigwi_exchange_give(x, &x->whole_slab);
    for (int i = 0; i < 4; i++) aigwi_exchange_give(x, &x->fold_slab[i]);
    aigwi_hub_leave(x->hub, x->slot);
    x->hub->running--;
    x->state = x->close_after || x->gone ? AIGWI_EXCHANGE_CLOSED : AIGWI_EXCHANGE_IDLE;
    memset(&x->clear_from, 0, sizeof *x - offsetof(aigw_exchange, clear_from));
    x->out_held = SIZE_MAX;
}

static int aigwi_exchange_drain(aigw_exchange *x) {
    if (!aigwi_exchange_flush(x)) return 0;
    aigwi_exchange_settle(x);
    return 0;
}

/* ---- time */

static uint64_t aigwi_exchange_due(const aigw_exchange *x) {
    const uint64_t write = aigwi_attempt_after(x->write_at, aigwi_exchange_ms(x->cfg.write_ms, 120000));
    uint64_t due = AIGW_NEVER;
    if (x->state == AIGWI_EXCHANGE_IDLE || x->state == AIGWI_EXCHANGE_CLOSED) return AIGW_NEVER;
    if (x->wait & AIGW_WAIT_MEMORY) due = x->memory_until;
    if (x->state == AIGWI_EXCHANGE_READ) {
        const uint64_t read = aigwi_attempt_after(x->read_at, aigwi_exchange_ms(x->cfg.read_ms, 60000));
        return read < due ? read : due;
    }
    if (x->wait & AIGW_WAIT_CLIENT_OUT) return write < due ? write : due;
    if (x->state == AIGWI_EXCHANGE_WAIT) return x->until && x->until < x->retry_at ? x->until : x->retry_at;
    if (x->state == AIGWI_EXCHANGE_CONNECT || x->state == AIGWI_EXCHANGE_RELAY) {
        const uint64_t up = aigw_attempt_deadline(&x->attempt);
        if (up < due) due = up;
        if (x->committed && x->out_held == SIZE_MAX && x->dialect->keep_alive.n && !x->req.array) {
            const uint64_t ping = aigwi_attempt_after(x->write_at, aigwi_exchange_ms(x->cfg.ping_ms, 15000));
            if (ping < due) due = ping;
        }
    }
    return due;
}

AIGW_API uint64_t aigw_exchange_deadline(const aigw_exchange *x) { return x->job.deadline; }

/* Keep a silent stream open. */
static void aigwi_exchange_ping(aigw_exchange *x) {
    aigw_out out;
    if (!x->committed || x->out_held != SIZE_MAX || x->req.array || !x->dialect->keep_alive.n || x->out_at != x->out_n) return;
    if (x->now.mono_ns < aigwi_attempt_after(x->write_at, aigwi_exchange_ms(x->cfg.ping_ms, 15000))) return;
    x->write_at = x->now.mono_ns;
    if (aigwi_exchange_free(x) < x->dialect->keep_alive.n) return;
    aigwi_exchange_open(x, &out);
    aigw_base_put(&out, x->dialect->keep_alive);
    (void)aigwi_exchange_shut(x, &out);
}

/* What a deadline that passed means. `last`: what it waited for before this run. */
static void aigwi_exchange_clock(aigw_exchange *x, unsigned last) {
    if (x->state == AIGWI_EXCHANGE_READ && x->now.mono_ns >= aigwi_attempt_after(x->read_at, aigwi_exchange_ms(x->cfg.read_ms, 60000))) {
        aigwi_exchange_say(x, AIGW_KIND_TIMEOUT, "the request did not arrive in time", "");
        x->error.status = 408;
        x->close_after = 1;
    }
    if (last & AIGW_WAIT_MEMORY && x->memory_until && x->now.mono_ns >= x->memory_until) {
        x->memory_until = 0;
        if (x->state == AIGWI_EXCHANGE_RELAY) aigw_attempt_fail(&x->attempt, AIGW_KIND_BUSY, "the gateway has no memory free for this answer");
        else if (!x->committed) (void)aigwi_exchange_no_memory(x);
    }
    if (last & AIGW_WAIT_CLIENT_OUT && x->committed && x->state != AIGWI_EXCHANGE_CLOSED) {
        const int unread = x->in_at < x->in_n || aigw_attempt_want(&x->attempt) & AIGW_WANT_EVENT;
        if (x->state == AIGWI_EXCHANGE_RELAY && unread) x->attempt.t_last = x->now.mono_ns;     /* it was not asked for bytes: its silence does not count */
        if (x->now.mono_ns >= aigwi_attempt_after(x->write_at, aigwi_exchange_ms(x->cfg.write_ms, 120000))) x->gone = 1;
    }
    if (x->state == AIGWI_EXCHANGE_RELAY) aigwi_exchange_ping(x);
}

static int aigwi_exchange_wait(aigw_exchange *x) {
    if (x->until && x->now.mono_ns >= x->until) x->state = AIGWI_EXCHANGE_REFUSE;
    else if (x->now.mono_ns >= x->retry_at) x->state = AIGWI_EXCHANGE_TRY;
    if (x->state == AIGWI_EXCHANGE_WAIT) return 0;
    x->up_ns += x->now.mono_ns - x->t_up_end;                  /* not our own time */
    return 1;
}

/* ---- the machine */

/* The client is gone, by whatever sign. */
static void aigwi_exchange_gone(aigw_exchange *x) {
    x->gone = 1;
    if (x->state < AIGWI_EXCHANGE_DRAIN) x->kind = AIGW_KIND_CANCELLED;
    aigwi_exchange_hang_up(x, 0);
    aigwi_exchange_settle(x);
}

/* "100 Continue" goes out before anything else. */
static int aigwi_exchange_continued(aigw_exchange *x) {
    if (!x->continuing) return 1;
    if (!aigwi_exchange_flush(x)) return 0;
    x->continuing = x->committed = 0;
    return 1;
}

static int aigwi_exchange_step(aigw_exchange *x) {
    switch (x->state) {
    case AIGWI_EXCHANGE_ADMIT:   return aigwi_exchange_admit(x);
    case AIGWI_EXCHANGE_ROUTE:   return aigwi_exchange_route(x);
    case AIGWI_EXCHANGE_TRY:     return aigwi_exchange_try(x);
    case AIGWI_EXCHANGE_CONNECT: return aigwi_exchange_connect(x);
    case AIGWI_EXCHANGE_RELAY:   return aigwi_exchange_relay(x);
    case AIGWI_EXCHANGE_WAIT:    return aigwi_exchange_wait(x);
    case AIGWI_EXCHANGE_WHOLE:   return aigwi_exchange_whole(x);
    case AIGWI_EXCHANGE_MODELS:  return aigwi_exchange_models(x);
    case AIGWI_EXCHANGE_LOCAL:   return aigwi_exchange_local(x);
    case AIGWI_EXCHANGE_REFUSE:  return aigwi_exchange_refused(x);
    case AIGWI_EXCHANGE_DRAIN:   return aigwi_exchange_drain(x);
    default:                     return 0;
    }
}

AIGW_API void aigw_exchange_init(aigw_exchange *x, aigw_hub *hub, const aigw_exchange_io *io, const aigw_exchange_cfg *cfg) {
    memset(x, 0, sizeof *x);
    x->hub = hub;
    x->io = *io;
    if (cfg) x->cfg = *cfg;
    x->out_held = SIZE_MAX;
    aigwi_hub_link(hub, &x->job, x);
}

AIGW_API unsigned aigw_exchange_run(aigw_exchange *x, aigw_now now) {
    const unsigned last = x->wait;
    int starved;
    x->now = now;
    x->wait = 0;
    x->turns = x->cfg.blocking ? 1 : AIGWI_EXCHANGE_TURNS;
    starved = x->state <= AIGWI_EXCHANGE_READ && aigwi_hub_lacks(x->hub, &x->job, x->state == AIGWI_EXCHANGE_IDLE ? AIGWI_EXCHANGE_SLABS : 1);
    if (starved) x->wait = AIGW_WAIT_MEMORY;                   /* feed could not take more */
    else aigwi_hub_await(x->hub, &x->job, -1);
    aigwi_exchange_clock(x, last);
    while (!x->gone && aigwi_exchange_continued(x) && aigwi_exchange_step(x)) {}
    if (x->gone && x->state != AIGWI_EXCHANGE_CLOSED) aigwi_exchange_gone(x);
    if (x->state <= AIGWI_EXCHANGE_READ && !starved) x->wait |= AIGW_WAIT_CLIENT_IN;
    if (x->state == AIGWI_EXCHANGE_IDLE) x->wait |= AIGW_WAIT_IDLE;
    if (x->state == AIGWI_EXCHANGE_CLOSED) x->wait = AIGW_WAIT_CLOSE;
    if (!x->wait) x->wait = AIGW_WAIT_TIME;
    aigwi_hub_at(x->hub, &x->job, aigwi_exchange_due(x));
    return x->wait;
}

AIGW_API void aigw_exchange_eof(aigw_exchange *x, aigw_now now) {
    x->now = now;
    if (x->state == AIGWI_EXCHANGE_IDLE) x->state = AIGWI_EXCHANGE_CLOSED;
    if (x->state != AIGWI_EXCHANGE_CLOSED) aigwi_exchange_gone(x);
}

AIGW_API void aigw_exchange_release(aigw_exchange *x, aigw_now now) {
    if (!x->hub) return;
    aigw_exchange_eof(x, now);
    aigwi_hub_await(x->hub, &x->job, -1);
    aigwi_hub_unlink(x->hub, &x->job);
    x->hub = NULL;
}

/* ==== >>client ===================================================================================================== */
/* The short way in: a question, a provider, a connection. Knows how to pump an attempt over two callbacks; everything
   else is below. */

AIGW_API void aigw_client_init(aigw_client *c, const aigw_dialect *dialect, aigw_str host, aigw_str base, aigw_str key, aigw_str model) {
    memset(c, 0, sizeof *c);
    c->target.name = c->target.id = model;
    c->target.provider = host;
    c->target.dialect = dialect;
    c->target.base = base;
    c->cfg.req = &c->req;
    c->cfg.target = &c->target;
    c->cfg.host = host;
    c->cfg.key = key;
    c->req.op = AIGW_OP_CHAT;
    c->req.model = model;
    c->req.model_at = AIGW_NOWHERE;
}

static void aigwi_client_say(aigw_message *m, aigw_part *p, int role, aigw_str text) {
    memset(m, 0, sizeof *m);
    memset(p, 0, sizeof *p);
    m->role = (uint8_t)role;
    m->parts = p;
    m->at = p->at = AIGW_NOWHERE;
    p->kind = AIGW_PART_TEXT;
    p->text = aigwi_dialect_text(text, AIGW_TEXT_PLAIN);
}

AIGW_API void aigw_client_ask(aigw_client *c, aigw_str system, aigw_str user, int stream) {
    aigwi_client_say(&c->message[0], &c->part[0], AIGW_ROLE_SYSTEM, system);
    aigwi_client_say(&c->message[1], &c->part[1], AIGW_ROLE_USER, user);
    c->message[0].next = &c->message[1];
    c->req.messages = &c->message[system.n ? 0 : 1];
    c->req.param[AIGW_P_STREAM].has = 1;
    c->req.param[AIGW_P_STREAM].at = AIGW_NOWHERE;
    c->req.param[AIGW_P_STREAM].micro = stream != 0;
}

AIGW_API int aigw_client_start(aigw_client *c, aigw_now now, void *mem, size_t n) {
    const size_t in = n / 8;                                   /* for the provider's bytes */
    int r;
    c->in = (char *)mem;
    c->in_cap = in;
    c->in_at = c->in_n = 0;
    if (!in) return AIGW_E_NOMEM;
    r = aigw_attempt_init(&c->attempt, &c->cfg, now, (char *)mem + (in + 15) / 16 * 16, n > 128 ? n - (in + 15) / 16 * 16 : 0);
    if (!r) aigw_attempt_connected(&c->attempt, now);
    return r;
}

static int aigwi_client_recv(aigw_client *c, aigw_now now) {
    const int r = c->io.recv(c->io.user, c->in, c->in_cap);
    if (r == AIGW_AGAIN) return AIGW_AGAIN;
    c->in_at = 0;
    c->in_n = r > 0 ? (size_t)r : 0;
    if (r <= 0) aigw_attempt_eof(&c->attempt, now, r == 0);
    return 1;
}

/* A broken connection to send on may still have an answer to be read. */
static int aigwi_client_send(aigw_client *c, aigw_now now) {
    const aigw_str s = aigw_attempt_out(&c->attempt);
    const int r = c->io.send(c->io.user, s.p, s.n);
    if (r > 0) aigw_attempt_sent(&c->attempt, now, (size_t)r);
    return r > 0 ? 1 : r == AIGW_AGAIN ? (int)AIGW_AGAIN : aigwi_client_recv(c, now);
}

AIGW_API int aigw_client_run(aigw_client *c, aigw_now now, const aigw_sink *out) {
    aigw_attempt *a = &c->attempt;
    unsigned want;
    int r;
    aigw_attempt_tick(a, now);
    while (!((want = aigw_attempt_want(a)) & AIGW_WANT_CLOSED)) {
        if (want & AIGW_WANT_MEM) aigw_attempt_fail(a, AIGW_KIND_BAD_RESPONSE, "the answer is larger than the memory given");
        else if (want & AIGW_WANT_EVENT) {
            r = aigw_attempt_next(a, now, out);
            if (r < 0) return r;
        } else if (c->in_at < c->in_n) c->in_at += aigw_attempt_feed(a, now, c->in + c->in_at, c->in_n - c->in_at);
        else if (want & AIGW_WANT_OUT) {
            r = aigwi_client_send(c, now);
            if (r < 0) return r;
        } else {
            r = aigwi_client_recv(c, now);
            return r < 0 ? r : 0;
        }
    }
    aigw_attempt_release(a);
    return 1;
}

AIGW_API uint64_t aigw_client_deadline(const aigw_client *c) { return aigw_attempt_deadline(&c->attempt); }

AIGW_API void aigw_client_release(aigw_client *c) { aigw_attempt_release(&c->attempt); }

#if defined(AIGW_CLIENT_ONLY) && defined(__GNUC__)
#  pragma GCC diagnostic pop
#endif
#endif /* AIGW_IMPLEMENTED */
#endif /* AIGW_IMPLEMENTATION */

/* History
 *   0.1.0   the first version
 */
