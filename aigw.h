/* SPDX-License-Identifier: MIT OR Unlicense */
/* aigw.h - an LLM gateway in one C file: any dialect to any dialect, streams, errors, failover; no malloc, no I/O of its own.
 *
 * Quick start: in exactly one .c file
 *
 *     #define AIGW_IMPLEMENTATION
 *     #include "aigw.h"
 *
 * and `#include "aigw.h"` everywhere else.
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
 * Configuration macros, to be defined before the implementation is included
 *   AIGW_API             storage class of public functions. Default: extern (C linkage)
 *   AIGW_STATIC          makes them all static
 *   AIGW_ASSERT(x)       check of the programmer's promises and of invariants. Default: nothing
 *   AIGW_NO_TEXT         leaves out the sentences of aigw_base_error_text
 *   AIGW_NO_OPENAI, AIGW_NO_ANTHROPIC, AIGW_NO_GEMINI      leave out a dialect
 *   AIGW_PATH_MAX        bytes of a field path in errors and loss reports. Default 96
 *   AIGW_JSON_DEPTH      deepest JSON nesting accepted. Default 64
 *   AIGW_CHOICES         most answers (`n`, candidates) of one request. Default 8
 *   AIGW_BLOCKS          most blocks of one answer that may be open at once. Default 32
 *
 * Table of contents: search for the tag, once for the promise ("api"), once for the proof
 *   >>base                     slices, arena, writer, pieces, utf-8, numbers, dates   uses: -
 *   >>digest                   sha256, siphash, constant-time compare                 uses: base
 *   >>json                     pull reader, writer, raw values                        uses: base
 *   >>http                     HTTP/1.1 heads and bodies, both roles                  uses: base
 *   >>frame.sse .array         one framing each: bytes -> named payloads              uses: base
 *   >>model                    canonical request, response, event, kinds, loss        uses: base json
 *   >>dialect                  the table type and what dialects share                 uses: base digest json model
 *   >>dialect.openai           OpenAI Chat Completions                                uses: base digest json model dialect
 *   >>dialect.anthropic        Anthropic Messages                                     uses: base digest json model dialect
 *   >>dialect.gemini           Gemini generateContent                                 uses: base digest json model dialect
 *   >>registry                 providers and models as data, from JSON                uses: base json model dialect
 *   >>attempt                  one try at one provider, look and commit               uses: base http frame model dialect registry
 *   >>hub                      what lives between requests                            uses: everything above
 *   >>exchange                 one request over the I/O callbacks                     uses: everything above
 *   >>client                   the short way in                                       uses: everything above
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

/* A text being written as a list of pieces: short things are copied to `buf`, long borrowed slices (>= 64 bytes) are only
   referenced, and must live as long as the list is used. Without pieces (`cap` 0), or when they run out, all is copied.
   Sticky: write everything, then ask aigw_base_out_end once. Borrowed: both arrays. */
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

/* One header field, and the head of a request (method, target) or of a response (status). Slices and array are borrowed.
   It stands here because >>http reads it and dialects write it, and neither knows the other. */
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
/* Take n zeroed objects of `size` bytes aligned to `align` (a power of two). NULL when it does not fit. Owned by the arena's memory. */
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
/* Append base64 [RFC 4648 section 4, padded] of s; append the bytes that base64 or base64url text `s` stands for (padding optional).
   The second returns AIGW_OK, or AIGW_E_SYNTAX with nothing said about what was appended. */
AIGW_API void aigw_base_put_base64(aigw_out *o, aigw_str s);
AIGW_API int  aigw_base_put_unbase64(aigw_out *o, aigw_str s);
/* End the text: lists what is pending. Returns AIGW_OK, or AIGW_E_NOMEM when it did not fit (o->buf.n is the scratch it wanted). */
AIGW_API int aigw_base_out_end(aigw_out *o);
/* The text as one slice: in place when it is one piece. p is NULL, with n != 0, when it is not in one place. */
AIGW_API aigw_str aigw_base_out_str(const aigw_out *o);

/* Length of the longest valid UTF-8 prefix of s [RFC 3629]; s.n when all is valid. */
AIGW_API size_t aigw_base_utf8(aigw_str s);
/* A decimal integer that is all of s, with optional '-'. 1 and *v, or 0 (not a number, or outside int64). */
AIGW_API int aigw_base_int(aigw_str s, int64_t *v);
/* A JSON number (or any prefix of it that is one) as millionths, rounded toward zero, saturating. 1 and *micro, or 0. */
AIGW_API int aigw_base_micro(aigw_str s, int64_t *micro);
/* Durations to milliseconds, rounded down: Go's "1h2m3.5s" "120ms" "6m0s", protobuf's "34.07s", and bare seconds "20" "1.5".
   -1 when it is none of these; saturates at INT64_MAX. */
AIGW_API int64_t aigw_base_duration_ms(aigw_str s);
/* A date to seconds since 1970: RFC 3339 "2025-08-21T12:40:59.123Z" (any offset; fractions cut) and IMF-fixdate
   "Wed, 21 Oct 2026 07:28:00 GMT". 1 and *wall_s, or 0. */
AIGW_API int aigw_base_date(aigw_str s, int64_t *wall_s);
/* Append wall_s as RFC 3339 in UTC, "2025-08-21T12:40:59Z". */
AIGW_API void aigw_base_put_date(aigw_out *o, int64_t wall_s);
/* Append ms as Go writes a duration: "6m0s", "120ms", "7.66s", "0s". */
AIGW_API void aigw_base_put_duration(aigw_out *o, int64_t ms);
/* The next of a sequence of well-mixed 64-bit numbers from *state, which the caller seeds (splitmix64; not for secrets). */
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
    const char *p, *at, *end;           /* text, cursor, end */
    int         err;                    /* AIGW_E_*; 0: fine so far */
    const char *why;                    /* static sentence of the error */
    aigw_str    key;                    /* last member's name, decoded (names with escapes of over 63 bytes: raw) */
    size_t      key_at;                 /* offset of the last member's name */
    uint8_t     loose;                  /* aigw_json_field also takes snake_case for a camelCase name (protobuf JSON) */
    /* private */
    uint8_t     fresh;                  /* just entered a container: no comma wanted */
    uint16_t    depth;
    uint32_t    bits[(AIGW_JSON_DEPTH + 31) / 32];   /* 1: object */
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
/* Go to the next member / item: 1 and j stands at its value; 0 when the container ended (it is left then) or on error. */
AIGW_API int aigw_json_member(aigw_json *j);
AIGW_API int aigw_json_item(aigw_json *j);
/* Go to the next member and look its name up in names[0..n), n <= 64: its index, n when unknown (see j->key), -1 at the end of the
   object or on error. With `seen` a known name that occurs twice is AIGW_E_DUPLICATE (start with *seen = 0); NULL: the last wins. */
AIGW_API int aigw_json_field(aigw_json *j, const aigw_str *names, int n, uint64_t *seen);
/* Take a value. 1, or 0 with AIGW_E_TYPE (or AIGW_E_NOMEM when decoding did not fit).
   text: a string, as it stands (ESCAPED or LONE). str: a string decoded, into `mem` only where a backslash occurs; lone surrogates
   become U+FFFD. number: its text. int: an integer within int64 ("12.0" and "1e3" count). bool: 0 or 1. raw: any value's text. */
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
/* The path ("tools[0].name") of the value or name at byte offset `at` of `text`, NUL-terminated and cut to cap (> 0) bytes. Scans from the
   start, so it is for errors and reports. Returns its length. Names that are not plain identifiers stand as ["na.me"]. */
AIGW_API size_t aigw_json_path(aigw_str text, size_t at, char *path, size_t cap);
/* Fill *f from a reader that failed (nothing when it did not, or when f holds a fault already). Returns j->err. */
AIGW_API int aigw_json_fault(const aigw_json *j, aigw_fault *f);
/* AIGW_OK when s is exactly one valid JSON value (white space around it allowed), of type `type` unless that is 0; else AIGW_E_*. */
AIGW_API int aigw_json_check(aigw_str s, int type);
/* t as UTF-8: ESCAPED and LONE are decoded into `mem` where a backslash occurs, else (and PLAIN, JSON) the slice itself. 1, or 0 without memory. */
AIGW_API int aigw_json_decode(aigw_text t, aigw_arena *mem, aigw_str *v);

/* The writer: commas are its own affair. */
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

/* An incremental reader of HTTP/1.1 messages, one direction of one connection [RFC 9110, 9112]. Strict where smuggling lives: two lengths, length with
   chunked, obs-fold, bare CR, space before a colon, unknown transfer codings are errors. 1xx responses are skipped. */
typedef enum { AIGW_HTTP_REQUEST = 0, AIGW_HTTP_RESPONSE } aigw_http_role;
typedef enum {
    AIGW_HTTP_NONE = 0,      /* all input was taken; more is needed */
    AIGW_HTTP_HEAD,          /* http->head is complete */
    AIGW_HTTP_BODY,          /* item->body is a piece of the body, a slice of the bytes fed */
    AIGW_HTTP_END            /* the message is complete; the next feed begins the next one */
} aigw_http_event;
typedef struct { int event; aigw_str body; } aigw_http_item;
typedef struct {
    aigw_head   head;            /* slices point into the head memory: valid until the next message begins */
    int         keep_alive;      /* after HEAD: the connection may be used again when this message ended */
    int         expect_continue; /* after HEAD: the client waits for 100 Continue */
    int64_t     length;          /* after HEAD: stated body length; -1: chunked, -2: until close */
    int         err;             /* sticky AIGW_E_* */
    const char *why;             /* static sentence of the error */
    size_t      at;              /* bytes of this message read so far: the offset of the error */
    int         no_body;         /* set by the caller before the head of a response to HEAD */
    /* private */
    uint8_t     role, state, skip, line;
    char       *mem;
    size_t      n, cap, headers_cap;
    uint64_t    left;
    uint32_t    extra;
} aigw_http;

/* mem[0..cap) holds one head at a time (16 KiB is usual), headers[0..n) its fields; both are borrowed until the object is not used any more. */
AIGW_API void aigw_http_init(aigw_http *h, int role, void *mem, size_t cap, aigw_header *headers, size_t n);
/* Forget everything and begin a new message in the same memory. */
AIGW_API void aigw_http_reset(aigw_http *h);
/* Take bytes up to the next event. Returns how many were taken (the event is in *item), or AIGW_E_SYNTAX, AIGW_E_LIMIT (head too large, too many
   fields), sticky. Call again with the rest until the event is NONE; an END may come without taking a byte. */
AIGW_API int aigw_http_feed(aigw_http *h, const void *p, size_t n, aigw_http_item *item);
/* The peer closed cleanly (TLS close_notify, or FIN): 1 the message is complete by that (until close), 0 nothing had begun, AIGW_E_CLOSED cut short. */
AIGW_API int aigw_http_eof(aigw_http *h);
/* 1 when a message has begun and not ended. */
AIGW_API int aigw_http_busy(const aigw_http *h);
/* Append a head: request or status line, head->headers, then `content-length: length` (length >= 0), or `transfer-encoding: chunked` (-1), or neither (-2).
   Header values with CR, LF or NUL are refused: AIGW_E_VALUE, and nothing is appended. */
AIGW_API int aigw_http_put_head(aigw_out *o, const aigw_head *head, int64_t length);
/* Append the line that begins a chunk of n bytes; the CRLF that ends it; the last chunk. */
AIGW_API void aigw_http_put_chunk(aigw_out *o, size_t n);
AIGW_API void aigw_http_put_chunk_end(aigw_out *o);
AIGW_API void aigw_http_put_last_chunk(aigw_out *o);
/* The reason phrase of a status ("Too Many Requests"); "" when unknown. Static. */
AIGW_API const char *aigw_http_reason(int status);

/* ---- >>frame.sse api ---------------------------------------------------------------------------------------------- */

/* A framing turns bytes into complete payloads. All framings hand out this. Slices point into the framing's memory and are valid until the next call. */
typedef struct {
    aigw_str name;               /* SSE `event:`; empty when there is none */
    aigw_str payload;            /* SSE data lines joined by LF; one array item */
    aigw_str raw;                /* the bytes of the frame as they came, with what ends it (and comments that came just before) */
} aigw_frame;

/* Server-sent events [WHATWG HTML, section 9.2.6]. LF, CRLF, CR; BOM; comments; several data lines; an unterminated last event is dropped.
   A field called `error` (GPUStack, recorded 2026) is handed out as a frame with name "error". */
typedef struct {
    char    *mem;
    size_t   cap, n;             /* memory, and bytes held */
    int      err;                /* sticky AIGW_E_* */
    size_t   want;               /* not 0: feed takes no more until memory of this size was given (aigw_sse_move) or a frame was taken out */
    int      comments;           /* comment-only frames are handed out too, with an empty payload (relays want them). Default 0 */
    /* private */
    size_t   at, line, start;
    uint8_t  bom, cr, pad[2];
    uint32_t fields;
} aigw_sse;
AIGW_API void aigw_sse_init(aigw_sse *s, void *mem, size_t cap);
/* Move to larger memory (the old may be reused after). AIGW_E_NOMEM when cap is smaller than what is held. */
AIGW_API int aigw_sse_move(aigw_sse *s, void *mem, size_t cap);
/* Take bytes: how many were taken (fewer than n: call next, or see `want`), or < 0. */
AIGW_API int aigw_sse_feed(aigw_sse *s, const void *p, size_t n);
/* 1: *f is the next frame; 0: none now; < 0: error. */
AIGW_API int aigw_sse_next(aigw_sse *s, aigw_frame *f);

/* ---- >>frame.array api -------------------------------------------------------------------------------------------- */

/* One JSON array that arrives in pieces (Gemini without alt=sse): its items, each as one payload. Not validated beyond finding where an item ends.
   Same calls and same rules as aigw_sse. `ended` is 1 after the closing bracket; bytes other than white space after it are AIGW_E_SYNTAX. A text that
   is one object instead of an array (Gemini's errors) is handed out as one item. */
typedef struct {
    char    *mem;
    size_t   cap, n;
    int      err;
    size_t   want;
    int      ended;
    /* private */
    size_t   at, start;
    uint32_t depth;
    uint8_t  state, string, escape, bare;
} aigw_array;
AIGW_API void aigw_array_init(aigw_array *s, void *mem, size_t cap);
AIGW_API int  aigw_array_move(aigw_array *s, void *mem, size_t cap);
AIGW_API int  aigw_array_feed(aigw_array *s, const void *p, size_t n);
AIGW_API int  aigw_array_next(aigw_array *s, aigw_frame *f);

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

/* ==== >>base ======================================================================================================= */

/* ==== >>digest ===================================================================================================== */

/* ==== >>json ======================================================================================================= */

/* ==== >>http ======================================================================================================= */

/* ==== >>frame.sse ================================================================================================== */

/* ==== >>frame.array ================================================================================================ */

#endif /* AIGW_IMPLEMENTED */
#endif /* AIGW_IMPLEMENTATION */

/* History
 *   0.1.0   the first version
 */
