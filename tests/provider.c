/* SPDX-License-Identifier: MIT OR Unlicense */
/* provider.c: a scripted LLM provider for tests. It holds nothing of aigw: what it accepts and what it answers was written from the
 * providers' own documentation, so that a wrong translation fails here, loudly.
 *
 *     provider [--key KEY] [--life SECONDS] [--host ADDRESS]     first line on stdout: "listening PORT"
 *
 * The dialect is chosen by path: POST /v1/chat/completions (OpenAI chat), /v1/messages and /v1/messages/count_tokens (Anthropic),
 * /v1beta/models/{m}:generateContent | :streamGenerateContent | :countTokens (Gemini; /v1/ too); GET /v1/models, /v1beta/models; and by
 * provider_four.h /v1/responses, /model/{m}/converse | converse-stream | count-tokens (Bedrock), /v2/chat (Cohere), /api/chat (Ollama).
 * Embeddings: /v1/embeddings, :embedContent, :batchEmbedContents, /v2/embed, /api/embed, /model/{m}/invoke (Titan).
 * The scenario is the model name: any number of modifiers, then a base, joined by '-'; a vendor's prefix up to "claude-" is passed over.
 *
 *   bases      text echo tools parallel think after-tool image json cached empty length stop filter refusal blocked
 *              long-KB slow[-N] garbage err-400 err-400-context err-401 err-403 err-404 err-408 err-413 err-429 err-429-ms err-quota err-500
 *              err-503 err-504 err-529 err-html err-in-200 err-in-stream
 *              embed (any name does there)
 *   modifiers  cut-N (close after N bytes of the body) reset-N (RST there) eof-N (the body ends there, well-formed as HTTP) hang-N
 *              (silence there) hang (head only) hang-head (not even that) wrong-length no-done crlf bytewise (one chunk per byte) closing
 *              (no length, no chunks: the body ends with the connection) noid (Gemini, Ollama: calls without id) tired-N (hang-head from the
 *              N+1st such request on)
 *
 * What a dialect has no form for is a row of `cannot`: answered 501, and told by GET /cannot.
 *
 * Requests are checked as strictly as a provider could: authentication, versions, unknown and repeated members, types and ranges, order of
 * turns, tool ids, signatures that `think` handed out. GET /last?n=N gives the last requests, newest first; GET /state counts connections
 * and tells whom the peer hung up on, and when; POST /reset forgets both. These are not recorded themselves. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { OAI, ANT, GEM, RSP, BED, COH, OLL, NDIALECTS };
enum { FIN_STOP, FIN_LENGTH, FIN_TOOLS, FIN_FILTER, FIN_REFUSAL, FIN_STOPSEQ, FIN_BLOCKED };
enum { END_OK, END_CUT, END_RESET, END_EOF, END_HANG };
enum { MAX_CONNS = 256, MAX_PIECES = 160, KEEP = 64, MAX_BODY = 96 << 20 };

static const char THINK_TEXT[] = "Let me think: the user wants \"weather\"; call the tool \xe2\x80\x94 then answer.";
static const char THINK_SIG[] = "Eq+/CkYIDxAC/GAIqQL+test/of+thinkAA=";
static const char HELLO[] = "Hello from the provider: \"quoted\", na\xc3\xafve, tab\there, newline\nand \xf0\x9f\x98\x80 done.";
static const char STATE_KEY_DEFAULT[] = "provider-key";

/* ------------------------------------------------------------------------------------------------ memory and text */

static void *must(void *p) {
    if (!p) { fprintf(stderr, "provider: out of memory\n"); exit(1); }
    return p;
}

typedef struct { char *p; size_t n, cap; } sb;

static void sb_put(sb *b, const void *p, size_t n) {
    if (b->n + n + 1 > b->cap) {
        b->cap = (b->n + n + 1) * 2;
        b->p = (char *)must(realloc(b->p, b->cap));
    }
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
}
static void sb_s(sb *b, const char *s) { sb_put(b, s, strlen(s)); }

static void sb_f(sb *b, const char *fmt, ...) {
    char tmp[4096];
    va_list ap;
    int n;
    va_start(ap, fmt);
    n = vsnprintf(tmp, sizeof tmp, fmt, ap);
    va_end(ap);
    sb_put(b, tmp, n < 0 ? 0 : (size_t)n < sizeof tmp ? (size_t)n : sizeof tmp - 1);
}
/* A JSON string with its quotes. `ascii`: astral characters become surrogate escapes, as Python servers write them. */
static void sb_q(sb *b, const char *s, size_t n, int ascii) {
    size_t i;
    sb_s(b, "\"");
    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\') sb_f(b, "\\%c", c);
        else if (c == '\n') sb_s(b, "\\n");
        else if (c == '\t') sb_s(b, "\\t");
        else if (c < 32 || c == 127) sb_f(b, "\\u%04x", (unsigned)c);
        else if (ascii && c >= 0xF0 && i + 3 < n) {
            unsigned long u = ((unsigned long)(c & 7) << 18) | ((unsigned long)(s[i + 1] & 63) << 12) | ((unsigned long)(s[i + 2] & 63) << 6) |
                              (unsigned long)(s[i + 3] & 63);
            u -= 0x10000;
            sb_f(b, "\\ud%03lx\\ud%03lx", 0x800 + (u >> 10), 0xC00 + (u & 0x3FF));
            i += 3;
        } else sb_put(b, &s[i], 1);
    }
    sb_s(b, "\"");
}
static void sb_qs(sb *b, const char *s) { sb_q(b, s, strlen(s), 0); }

typedef struct slab { struct slab *next; size_t used; char data[65536]; } slab;
static slab *arena;

static void *take(size_t n) {
    void *p;
    n = (n + 15) & ~(size_t)15;
    if (n > sizeof arena->data) {                          /* a string of its own: a block that is full from the start */
        slab *b = (slab *)must(malloc(sizeof *b + n));
        b->used = sizeof b->data;
        if (arena) { b->next = arena->next; arena->next = b; } else { b->next = NULL; arena = b; }
        return b->data;
    }
    if (!arena || arena->used + n > sizeof arena->data) {
        slab *b = (slab *)must(malloc(sizeof *b));
        b->next = arena;
        b->used = 0;
        arena = b;
    }
    p = arena->data + arena->used;
    arena->used += n;
    return p;
}
static void take_reset(void) {
    while (arena) { slab *b = arena->next; free(arena); arena = b; }
}

/* ------------------------------------------------------------------------------------------------ JSON (a small strict tree) */

enum { J_NULL, J_FALSE, J_TRUE, J_NUM, J_STR, J_ARR, J_OBJ };
typedef struct node {
    int type;
    char *key, *s;                       /* member name; decoded string */
    size_t n;                            /* length of s; number of children */
    const char *raw;
    size_t raw_n;
    struct node *next, *child;
} node;

typedef struct { const char *p, *end, *begin; const char *err; } jp;

static void j_ws(jp *j) { while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r')) j->p++; }

static int hex4(const char *p, unsigned long *v) {
    int i;
    *v = 0;
    for (i = 0; i < 4; i++) {
        int c = (unsigned char)p[i];
        if (!isxdigit(c)) return 0;
        *v = *v * 16 + (unsigned long)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return 1;
}
static size_t utf8_put(char *o, unsigned long u) {
    if (u < 0x80) { o[0] = (char)u; return 1; }
    if (u < 0x800) { o[0] = (char)(0xC0 | (u >> 6)); o[1] = (char)(0x80 | (u & 63)); return 2; }
    if (u < 0x10000) {
        o[0] = (char)(0xE0 | (u >> 12));
        o[1] = (char)(0x80 | ((u >> 6) & 63));
        o[2] = (char)(0x80 | (u & 63));
        return 3;
    }
    o[0] = (char)(0xF0 | (u >> 18));
    o[1] = (char)(0x80 | ((u >> 12) & 63));
    o[2] = (char)(0x80 | ((u >> 6) & 63));
    o[3] = (char)(0x80 | (u & 63));
    return 4;
}
/* Length of the well-formed UTF-8 sequence at p, 0 if it is none. */
static size_t utf8_len(const char *p, const char *end) {
    unsigned char c = (unsigned char)*p, d;
    size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0, i;
    if (!n || (size_t)(end - p) < n) return 0;
    for (i = 1; i < n; i++) if (((unsigned char)p[i] & 0xC0) != 0x80) return 0;
    if (n > 2) {
        d = (unsigned char)p[1];
        if ((c == 0xE0 && d < 0xA0) || (c == 0xED && d > 0x9F) || (c == 0xF0 && d < 0x90) || (c == 0xF4 && d > 0x8F)) return 0;
    }
    return n;
}
static char *j_str(jp *j, size_t *n) {
    const char *from = ++j->p;
    char *out, *o;
    while (from < j->end && *from != '"') from += *from == '\\' ? 2 : 1;
    if (from >= j->end) { j->err = "unterminated string"; return NULL; }
    o = out = (char *)take((size_t)(from - j->p) + 1);
    while (*j->p != '"') {
        if (*j->p == '\\') {
            static const char in[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
            const char *at = j->p[1] ? strchr(in, j->p[1]) : NULL;
            unsigned long u, v;
            if (at) { *o++ = to[at - in]; j->p += 2; continue; }
            if (j->p[1] != 'u' || j->end - j->p < 6 || !hex4(j->p + 2, &u)) { j->err = "bad escape"; return NULL; }
            j->p += 6;
            if (u >= 0xD800 && u < 0xDC00 && j->end - j->p > 6 && j->p[0] == '\\' && j->p[1] == 'u' && hex4(j->p + 2, &v) && v >= 0xDC00 &&
                v < 0xE000) {
                u = 0x10000 + ((u - 0xD800) << 10) + (v - 0xDC00);
                j->p += 6;
            }
            if (u >= 0xD800 && u < 0xE000) { j->err = "lone surrogate"; return NULL; }
            o += utf8_put(o, u);
        } else {
            size_t k = utf8_len(j->p, j->end);
            if (!k || (unsigned char)*j->p < 32) { j->err = "bad byte in a string"; return NULL; }
            memcpy(o, j->p, k);
            o += k;
            j->p += k;
        }
    }
    j->p++;
    *o = 0;
    *n = (size_t)(o - out);
    return out;
}
static int j_digits(jp *j) {
    const char *from = j->p;
    while (j->p < j->end && isdigit((unsigned char)*j->p)) j->p++;
    return j->p > from;
}
static void j_num(jp *j) {
    if (*j->p == '-') j->p++;
    if (j->p < j->end && *j->p == '0') j->p++;
    else if (!j_digits(j)) { j->err = "bad number"; return; }
    if (j->p < j->end && *j->p == '.') { j->p++; if (!j_digits(j)) j->err = "bad number"; }
    if (j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
        j->p++;
        if (j->p < j->end && (*j->p == '+' || *j->p == '-')) j->p++;
        if (!j_digits(j)) j->err = "bad number";
    }
}
static node *j_value(jp *j, int depth);

static void j_list(jp *j, node *v, int depth, char close) {
    node **tail = &v->child;
    j->p++;
    j_ws(j);
    if (j->p < j->end && *j->p == close) { j->p++; return; }
    while (!j->err) {
        char *key = NULL;
        size_t key_n = 0;
        node *m;
        j_ws(j);
        if (close == '}') {
            if (j->p >= j->end || *j->p != '"') { j->err = "member name expected"; return; }
            if (!(key = j_str(j, &key_n))) return;
            j_ws(j);
            if (j->p >= j->end || *j->p++ != ':') { j->err = "':' expected"; return; }
        }
        if (!(m = j_value(j, depth + 1))) return;
        m->key = key;
        *tail = m;
        tail = &m->next;
        v->n++;
        j_ws(j);
        if (j->p >= j->end) break;
        if (*j->p == close) { j->p++; return; }
        if (*j->p++ != ',') break;
    }
    if (!j->err) j->err = "',' or the end of a list expected";
}
static node *j_value(jp *j, int depth) {
    static const struct { const char *word; int type; } words[] = { { "null", J_NULL }, { "true", J_TRUE }, { "false", J_FALSE } };
    node *v = (node *)take(sizeof *v);
    size_t i;
    memset(v, 0, sizeof *v);
    j_ws(j);
    if (j->p >= j->end || depth > 200) { j->err = "value expected"; return NULL; }
    v->raw = j->p;
    if (*j->p == '"') { v->type = J_STR; v->s = j_str(j, &v->n); }
    else if (*j->p == '{') { v->type = J_OBJ; j_list(j, v, depth, '}'); }
    else if (*j->p == '[') { v->type = J_ARR; j_list(j, v, depth, ']'); }
    else if (*j->p == '-' || isdigit((unsigned char)*j->p)) { v->type = J_NUM; j_num(j); }
    else {
        for (i = 0; i < 3; i++) {
            size_t n = strlen(words[i].word);
            if ((size_t)(j->end - j->p) >= n && !memcmp(j->p, words[i].word, n)) { v->type = words[i].type; j->p += n; break; }
        }
        if (i == 3) j->err = "value expected";
    }
    v->raw_n = (size_t)(j->p - v->raw);
    return j->err ? NULL : v;
}
static node *j_parse(const char *p, size_t n, const char **err, size_t *at) {
    jp j;
    node *v;
    j.p = j.begin = p;
    j.end = p + n;
    j.err = NULL;
    v = j_value(&j, 0);
    if (v) { j_ws(&j); if (j.p != j.end) { j.err = "more text after the value"; v = NULL; } }
    *err = j.err;
    *at = (size_t)(j.p - j.begin);
    return v;
}
/* Gemini reads both spellings: parameters_json_schema is parametersJsonSchema. */
static int key_eq(const char *key, const char *want) {
    for (; *key; key++) {
        char c = *key;
        if (c == '_' && key[1] && islower((unsigned char)key[1])) c = (char)toupper((unsigned char)*++key);
        if (c != *want++) return 0;
    }
    return !*want;
}
static node *get(const node *o, const char *key) {
    node *m;
    if (!o || o->type != J_OBJ) return NULL;
    for (m = o->child; m; m = m->next) if (!strcmp(m->key, key) || key_eq(m->key, key)) return m->type == J_NULL ? NULL : m;
    return NULL;
}
static int is_str(const node *v, const char *s) { return v && v->type == J_STR && !strcmp(v->s, s); }
static const char *text_of(const node *v) { return v && v->type == J_STR ? v->s : ""; }
static double num_of(const node *v) { return v && v->type == J_NUM ? strtod(v->raw, NULL) : 0; }
/* The signature that `think` hands out; Gemini also reads its bytes in base64url. */
static int sig_ok(const node *v, int url) {
    const char *s = text_of(v), *ours = THINK_SIG;
    for (; *s; s++, ours++) {
        char c = url && *s == '-' ? '+' : url && *s == '_' ? '/' : *s;
        if (c != *ours) return 0;
    }
    return !*ours;
}
static int is_int(const node *v) {
    size_t i;
    if (!v || v->type != J_NUM) return 0;
    for (i = 0; i < v->raw_n; i++) if (v->raw[i] == '.' || v->raw[i] == 'e' || v->raw[i] == 'E') return 0;
    return 1;
}

/* ------------------------------------------------------------------------------------------------ what a request asked */

typedef struct {
    int dialect, stream, sse, count, usage, parallel_off, ntools, no_tools, forced, schema, json, after_tool, v2026, beta, thinking;
    int budgeted, summary, encrypted, embed, batch, dims, b64, ninputs;
    const char *tool[8], *forced_name, *input[96];                  /* input: what is to be embedded */
    char model[256];
    sb system, user, media, results, kept;
} asked;

static char why[1024], why_param[256];                  /* the first complaint about the request at hand */

static int want(int ok, const char *param, const char *fmt, ...) {
    va_list ap;
    if (ok || why[0]) return ok;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    snprintf(why_param, sizeof why_param, "%s", param);
    return 0;
}
static int listed(const char *word, const char *list) {
    size_t n = strlen(word);
    const char *p = list;
    if (!n) return 0;
    while ((p = strstr(p, word)) != NULL) {
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return 1;
        p += n;
    }
    return 0;
}
/* Every member known, and none twice. */
static void keys(const asked *a, const node *o, const char *path, const char *allowed) {
    const node *m, *k;
    if (!want(o && o->type == J_OBJ, path, "%s: must be an object", path)) return;
    for (m = o->child; m; m = m->next) {
        int ok = listed(m->key, allowed);
        if (!ok && a->dialect == GEM) {
            char copy[2048], *w;
            snprintf(copy, sizeof copy, "%s", allowed);
            for (w = strtok(copy, " "); w; w = strtok(NULL, " ")) ok |= key_eq(m->key, w);
        }
        if (a->dialect == ANT) want(ok, m->key, "%s%s%s: Extra inputs are not permitted", path, *path ? "." : "", m->key);
        else if (a->dialect == GEM)
            want(ok, m->key, "Invalid JSON payload received. Unknown name \"%s\" at '%s': Cannot find field.", m->key, path);
        else want(ok, m->key, "Unknown parameter: '%s%s%s'.", path, *path ? "." : "", m->key);
        for (k = m->next; k; k = k->next) want(strcmp(k->key, m->key) != 0, m->key, "repeated member '%s' in '%s'", m->key, path);
    }
}
static void str_in(const node *v, const char *path, const char *list) {
    if (v) want(v->type == J_STR && listed(v->s, list), path, "Invalid value for '%s': must be one of: %s", path, list);
}
static void num_in(const node *v, const char *path, double lo, double hi, int integer) {
    if (v) want(v->type == J_NUM && (!integer || is_int(v)) && num_of(v) >= lo && num_of(v) <= hi, path, "Invalid value for '%s': %.*s", path,
                (int)(v->raw_n > 40 ? 40 : v->raw_n), v->raw);
}
static void typed(const node *v, const char *path, int type) {
    static const char *const names[] = { "null", "boolean", "boolean", "number", "string", "array", "object" };
    if (v) want(v->type == type || (type == J_TRUE && v->type == J_FALSE), path, "Invalid type for '%s': expected %s, got %s", path, names[type],
                names[v->type]);
}
static int name_ok(const char *s, size_t max, const char *more) {
    size_t n = strlen(s), i;
    if (!n || n > max) return 0;
    for (i = 0; i < n; i++) if (!isalnum((unsigned char)s[i]) && !strchr(more, s[i])) return 0;
    return 1;
}
/* Decoded length of strict base64 (or base64url where that is read), -1 if it is neither. */
static long b64(const char *s, int url, unsigned *sum) {
    size_t n = strlen(s), i, pad = 0;
    unsigned long acc = 0;
    int bits = 0;
    long out = 0;
    *sum = 0;
    while (n && s[n - 1] == '=' && pad < 2) { n--; pad++; }
    if (!url && (n + pad) % 4) return -1;
    for (i = 0; i < n; i++) {
        int c = (unsigned char)s[i], v;
        if (isupper(c)) v = c - 'A';
        else if (islower(c)) v = c - 'a' + 26;
        else if (isdigit(c)) v = c - '0' + 52;
        else if (c == '+' || (url && c == '-')) v = 62;
        else if (c == '/' || (url && c == '_')) v = 63;
        else return -1;
        acc = (acc << 6 | (unsigned long)v) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) { bits -= 8; *sum = (*sum * 31 + (unsigned)((acc >> bits) & 255)) & 0xFFFF; out++; }
    }
    return out;
}
static void media(asked *a, const char *path, const char *mime, const char *data) {
    unsigned sum;
    long n = b64(data, a->dialect == GEM, &sum);
    want(n >= 0, path, "%s: invalid base64 data", path);
    want(mime[0] && strchr(mime, '/') != NULL, path, "%s: invalid media type '%s'", path, mime);
    sb_f(&a->media, "%s%s %ld bytes sum %04x", a->media.n ? ", " : "", mime, n, sum);
}
static void media_url(asked *a, const char *url) { sb_f(&a->media, "%surl %s", a->media.n ? ", " : "", url); }

static void add_tool(asked *a, const char *name) {
    int i;
    for (i = 0; i < a->ntools; i++) want(strcmp(a->tool[i], name) != 0, "tools", "tools: Tool names must be unique: %s", name);
    if (a->ntools < 8) a->tool[a->ntools++] = name;
}
static int has_tool(const asked *a, const char *name) {
    int i;
    for (i = 0; i < a->ntools; i++) if (!strcmp(a->tool[i], name)) return 1;
    return 0;
}

typedef struct { const char *id, *name; int done; } pending;

/* ------------------------------------------------------------------------------------------------ OpenAI chat: reading */

static void oai_part(asked *a, const node *p, const char *role, const char *path, sb *text) {
    const node *type = get(p, "type"), *v;
    if (!want(type && type->type == J_STR, path, "Missing required parameter: '%s.type'.", path)) return;
    if (is_str(type, "text")) {
        keys(a, p, path, "type text prompt_cache_breakpoint");
        want(get(p, "text") && get(p, "text")->type == J_STR, path, "Missing required parameter: '%s.text'.", path);
        sb_s(text, text_of(get(p, "text")));
    } else if (is_str(type, "image_url") && !strcmp(role, "user")) {
        const char *url;
        keys(a, p, path, "type image_url prompt_cache_breakpoint");
        v = get(p, "image_url");
        keys(a, v, path, "url detail");
        str_in(get(v, "detail"), path, "auto low high original");
        url = text_of(get(v, "url"));
        if (!strncmp(url, "data:", 5)) {
            const char *semi = strstr(url, ";base64,");
            char mime[64];
            if (want(semi && semi - url < 60, path, "%s: invalid data URL", path)) {
                snprintf(mime, sizeof mime, "%.*s", (int)(semi - url - 5), url + 5);
                media(a, path, mime, semi + 8);
            }
        } else {
            want(!strncmp(url, "https://", 8) || !strncmp(url, "http://", 7), path, "Invalid value for '%s.image_url.url'", path);
            media_url(a, url);
        }
    } else if (is_str(type, "input_audio") && !strcmp(role, "user")) {
        keys(a, get(p, "input_audio"), path, "data format");
        str_in(get(get(p, "input_audio"), "format"), path, "wav mp3");
        media(a, path, is_str(get(get(p, "input_audio"), "format"), "wav") ? "audio/wav" : "audio/mp3", text_of(get(get(p, "input_audio"), "data")));
    } else if (is_str(type, "file") && !strcmp(role, "user")) {
        const char *url, *semi;
        keys(a, get(p, "file"), path, "file_id filename file_data");
        url = text_of(get(get(p, "file"), "file_data"));
        semi = strstr(url, ";base64,");
        if (*url && want(semi && !strncmp(url, "data:", 5) && semi - url < 60, path, "%s: file_data must be a data URL", path)) {
            char mime[64];
            snprintf(mime, sizeof mime, "%.*s", (int)(semi - url - 5), url + 5);
            media(a, path, mime, semi + 8);
        }
    } else if (is_str(type, "refusal") && !strcmp(role, "assistant")) keys(a, p, path, "type refusal");
    else want(0, path, "Invalid value: '%s'. Supported values for role %s differ.", text_of(type), role);
}
static void oai_content(asked *a, const node *c, const char *role, const char *path, sb *text) {
    const node *p;
    if (c->type == J_STR) { sb_s(text, c->s); return; }
    if (!want(c->type == J_ARR && c->child, path, "Invalid type for '%s': expected a string or a non-empty array", path)) return;
    for (p = c->child; p; p = p->next) oai_part(a, p, role, path, text);
}
static void oai_calls(asked *a, const node *calls, const char *path, pending *open, int *nopen) {
    const node *c;
    want(calls->type == J_ARR && calls->child, path, "Invalid '%s': empty array. Expected an array with minimum length 1", path);
    for (c = calls->child; c; c = c->next) {
        const node *f = get(c, "function");
        keys(a, c, path, "id type function");
        want(is_str(get(c, "type"), "function"), path, "Missing required parameter: '%s.type'.", path);
        want(get(c, "id") && get(c, "id")->type == J_STR && get(c, "id")->n, path, "Missing required parameter: '%s.id'.", path);
        keys(a, f, path, "name arguments");
        want(name_ok(text_of(get(f, "name")), 64, "_-"), path, "Invalid '%s.function.name': string does not match pattern", path);
        want(get(f, "arguments") && get(f, "arguments")->type == J_STR, path, "Invalid type for '%s.function.arguments': expected a string", path);
        if (*nopen < 16) { open[*nopen].id = text_of(get(c, "id")); open[*nopen].name = text_of(get(f, "name")); open[(*nopen)++].done = 0; }
    }
}
static void oai_messages(asked *a, const node *list) {
    pending open[16];
    int nopen = 0, i, k;
    const node *m;
    if (!want(list && list->type == J_ARR && list->child, "messages", "Missing required parameter: 'messages'.")) return;
    for (m = list->child, k = 0; m; m = m->next, k++) {
        const node *content = get(m, "content"), *calls = get(m, "tool_calls");
        const char *role = text_of(get(m, "role"));
        char path[64];
        sb text = { NULL, 0, 0 };
        snprintf(path, sizeof path, "messages[%d]", k);
        want(listed(role, "system developer user assistant tool"), path, "Invalid value: '%s'. Supported roles: system, developer, user, assistant, tool", role);
        keys(a, m, path, !strcmp(role, "assistant") ? "role content name refusal tool_calls audio function_call annotations reasoning reasoning_content reasoning_details"
                       : !strcmp(role, "tool") ? "role content tool_call_id" : "role content name");
        if (strcmp(role, "tool")) {
            for (i = 0; i < nopen; i++)
                want(open[i].done, path, "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The "
                     "following tool_call_ids did not have response messages: %s", open[i].id);
            if (!strcmp(role, "user")) a->after_tool = 0;
        }
        if (content) oai_content(a, content, role, path, &text);
        else want(!strcmp(role, "assistant") && (calls || get(m, "refusal")), path, "Invalid value for 'content': expected a string, got null.");
        if (!strcmp(role, "system") || !strcmp(role, "developer")) sb_f(&a->system, "%s%s", a->system.n ? "\n\n" : "", text.p ? text.p : "");
        if (!strcmp(role, "user")) { a->user.n = 0; sb_s(&a->user, text.p ? text.p : ""); }
        if (!strcmp(role, "assistant")) {
            const char *r = text_of(get(m, "reasoning_content"));
            nopen = 0;
            a->results.n = 0;
            if (*r) sb_s(&a->kept, !strcmp(r, THINK_TEXT) ? "text kept" : "text changed");
            if (get(m, "reasoning_details")) sb_s(&a->kept, " details");
            if (calls) oai_calls(a, calls, path, open, &nopen);
        }
        if (!strcmp(role, "tool")) {
            const char *id = text_of(get(m, "tool_call_id"));
            for (i = 0; i < nopen && (strcmp(open[i].id, id) || open[i].done); i++) { }
            if (want(i < nopen, path, "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls' (%s).", id)) open[i].done = 1;
            sb_f(&a->results, "%s%s", a->results.n ? " | " : "", text.p ? text.p : "");
            a->after_tool = 1;
        }
        free(text.p);
    }
    for (i = 0; i < nopen; i++) want(open[i].done, "messages", "An assistant message with 'tool_calls' must be followed by tool messages (%s).", open[i].id);
}
static void oai_tools(asked *a, const node *b) {
    const node *tools = get(b, "tools"), *t, *choice = get(b, "tool_choice");
    if (tools) {
        want(tools->type == J_ARR && tools->child, "tools", "Invalid 'tools': empty array. Expected an array with minimum length 1");
        for (t = tools->child; t; t = t->next) {
            const node *f = get(t, "function");
            keys(a, t, "tools", "type function");
            want(is_str(get(t, "type"), "function"), "tools", "Missing required parameter: 'tools[].type'.");
            keys(a, f, "tools[].function", "name description parameters strict");
            want(name_ok(text_of(get(f, "name")), 64, "_-"), "tools", "Invalid 'tools[].function.name': '%s'", text_of(get(f, "name")));
            typed(get(f, "description"), "tools[].function.description", J_STR);
            typed(get(f, "parameters"), "tools[].function.parameters", J_OBJ);
            typed(get(f, "strict"), "tools[].function.strict", J_TRUE);
            add_tool(a, text_of(get(f, "name")));
        }
    }
    if (choice) {
        want(tools != NULL, "tool_choice", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.");
        if (choice->type == J_STR) str_in(choice, "tool_choice", "none auto required");
        else if (is_str(get(choice, "type"), "function")) {
            a->forced_name = text_of(get(get(choice, "function"), "name"));
            want(has_tool(a, a->forced_name), "tool_choice", "Tool choice '%s' not found in 'tools' parameter.", a->forced_name);
        } else want(is_str(get(choice, "type"), "allowed_tools"), "tool_choice", "Invalid value for 'tool_choice'");
        a->no_tools = is_str(choice, "none");
        a->forced = is_str(choice, "required") || a->forced_name;
    }
    if (get(b, "parallel_tool_calls")) {
        want(tools != NULL, "parallel_tool_calls", "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.");
        typed(get(b, "parallel_tool_calls"), "parallel_tool_calls", J_TRUE);
        a->parallel_off = get(b, "parallel_tool_calls")->type == J_FALSE;
    }
}
static void oai_read(asked *a, const node *b) {
    const node *v, *e;
    keys(a, b, "", "messages model audio frequency_penalty presence_penalty logit_bias logprobs top_logprobs max_completion_tokens max_tokens metadata "
         "modalities moderation n parallel_tool_calls prediction prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort "
         "response_format safety_identifier seed service_tier stop store stream stream_options temperature top_p tool_choice tools user verbosity "
         "web_search_options functions function_call");
    want(get(b, "model") && get(b, "model")->type == J_STR, "model", "you must provide a model parameter");
    snprintf(a->model, sizeof a->model, "%s", text_of(get(b, "model")));
    typed(get(b, "stream"), "stream", J_TRUE);
    a->stream = get(b, "stream") && get(b, "stream")->type == J_TRUE;
    a->sse = a->stream;
    if ((v = get(b, "stream_options")) != NULL) {
        want(a->stream, "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
        keys(a, v, "stream_options", "include_usage include_obfuscation");
        a->usage = get(v, "include_usage") && get(v, "include_usage")->type == J_TRUE;
    }
    want(!get(b, "max_tokens") || !get(b, "max_completion_tokens"), "max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.");
    num_in(get(b, "max_tokens"), "max_tokens", 1, 1e9, 1);
    num_in(get(b, "max_completion_tokens"), "max_completion_tokens", 1, 1e9, 1);
    num_in(get(b, "temperature"), "temperature", 0, 2, 0);
    num_in(get(b, "top_p"), "top_p", 0, 1, 0);
    num_in(get(b, "frequency_penalty"), "frequency_penalty", -2, 2, 0);
    num_in(get(b, "presence_penalty"), "presence_penalty", -2, 2, 0);
    num_in(get(b, "n"), "n", 1, 128, 1);
    num_in(get(b, "seed"), "seed", -9.3e18, 9.3e18, 1);
    typed(get(b, "logprobs"), "logprobs", J_TRUE);
    num_in(get(b, "top_logprobs"), "top_logprobs", 0, 20, 1);
    want(!get(b, "top_logprobs") || (get(b, "logprobs") && get(b, "logprobs")->type == J_TRUE), "top_logprobs", "'top_logprobs' needs 'logprobs': true.");
    str_in(get(b, "reasoning_effort"), "reasoning_effort", "none minimal low medium high xhigh max");
    str_in(get(b, "verbosity"), "verbosity", "low medium high");
    str_in(get(b, "service_tier"), "service_tier", "auto default flex scale priority fast");
    typed(get(b, "metadata"), "metadata", J_OBJ);
    typed(get(b, "user"), "user", J_STR);
    if ((v = get(b, "stop")) != NULL) want(v->type == J_STR || (v->type == J_ARR && v->n <= 4), "stop", "Invalid 'stop': array too long. Expected at most 4.");
    if ((v = get(b, "metadata")) != NULL && v->type == J_OBJ)
        for (e = v->child; e; e = e->next) want(e->type == J_STR, "metadata", "Invalid type for 'metadata.%s': expected a string", e->key);
    if ((v = get(b, "response_format")) != NULL) {
        const node *s = get(v, "json_schema");
        keys(a, v, "response_format", "type json_schema");
        str_in(get(v, "type"), "response_format.type", "text json_object json_schema");
        a->json = is_str(get(v, "type"), "json_object");
        if (is_str(get(v, "type"), "json_schema")) {
            keys(a, s, "response_format.json_schema", "name description schema strict");
            want(name_ok(text_of(get(s, "name")), 64, "_-"), "response_format", "Missing required parameter: 'response_format.json_schema.name'.");
            want(get(s, "schema") && get(s, "schema")->type == J_OBJ, "response_format", "Missing required parameter: 'response_format.json_schema.schema'.");
            a->schema = 1;
        }
    }
    a->thinking = get(b, "reasoning_effort") && !is_str(get(b, "reasoning_effort"), "none");
    oai_tools(a, b);
    oai_messages(a, get(b, "messages"));
}

/* ------------------------------------------------------------------------------------------------ Anthropic: reading */

static int cache_marks;

static void ant_cache(asked *a, const node *block, const char *path) {
    const node *c = get(block, "cache_control");
    if (!c) return;
    keys(a, c, path, "type ttl");
    str_in(get(c, "type"), path, "ephemeral");
    str_in(get(c, "ttl"), path, "5m 1h");
    cache_marks++;
    want(cache_marks <= 4, path, "A maximum of 4 blocks with cache_control may be provided. Found %d.", cache_marks);
}
static void ant_source(asked *a, const node *s, const char *path) {
    if (is_str(get(s, "type"), "base64")) {
        keys(a, s, path, "type media_type data");
        want(listed(text_of(get(s, "media_type")), "image/jpeg image/png image/gif image/webp application/pdf"), path, "%s.source.media_type: unexpected value", path);
        media(a, path, text_of(get(s, "media_type")), text_of(get(s, "data")));
    } else if (is_str(get(s, "type"), "url")) { keys(a, s, path, "type url"); media_url(a, text_of(get(s, "url"))); }
    else if (is_str(get(s, "type"), "text")) { keys(a, s, path, "type media_type data"); sb_f(&a->media, "text %s", text_of(get(s, "data"))); }
    else want(is_str(get(s, "type"), "file") || is_str(get(s, "type"), "content"), path, "%s.source.type: unexpected value", path);
}
static void ant_result(asked *a, const node *b, const char *path) {
    const node *c = get(b, "content"), *p;
    keys(a, b, path, "type tool_use_id content is_error cache_control");
    typed(get(b, "is_error"), path, J_TRUE);
    if (a->results.n) sb_s(&a->results, " | ");
    if (get(b, "is_error") && get(b, "is_error")->type == J_TRUE) sb_s(&a->results, "[error] ");
    if (c && c->type == J_STR) sb_s(&a->results, c->s);
    else if (c && want(c->type == J_ARR, path, "%s.content: Input should be a valid list", path))
        for (p = c->child; p; p = p->next) {
            if (is_str(get(p, "type"), "text")) sb_s(&a->results, text_of(get(p, "text")));
            else if (is_str(get(p, "type"), "image") || is_str(get(p, "type"), "document")) ant_source(a, get(p, "source"), path);
            else want(listed(text_of(get(p, "type")), "search_result tool_reference browser_state"), path, "%s.content: unexpected block type '%s'", path, text_of(get(p, "type")));
        }
}
/* One block; returns 1 when it is thinking. */
static int ant_block(asked *a, const node *b, const char *role, const char *path, sb *text) {
    const char *type = text_of(get(b, "type"));
    ant_cache(a, b, path);
    if (!strcmp(type, "text")) {
        keys(a, b, path, "type text cache_control citations");
        want(get(b, "text") && get(b, "text")->type == J_STR && get(b, "text")->n, path, "messages: text content blocks must be non-empty");
        want(!a->v2026 || strcmp(role, "user") || !get(b, "citations") || !get(b, "citations")->child, path, "%s.citations: not permitted on user text", path);
        sb_s(text, text_of(get(b, "text")));
        return 0;
    }
    if (!strcmp(role, "system")) { want(0, path, "%s: only text blocks are permitted", path); return 0; }
    if (!strcmp(type, "tool_use") && !strcmp(role, "assistant")) {
        keys(a, b, path, "type id name input cache_control caller toolset_name");
        want(name_ok(text_of(get(b, "id")), 256, "_-"), path, "%s.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'", path);
        want(name_ok(text_of(get(b, "name")), 128, "_-"), path, "%s.tool_use.name: String should match pattern", path);
        want(get(b, "input") && get(b, "input")->type == J_OBJ, path, "%s.tool_use.input: Input should be a valid dictionary", path);
    } else if (!strcmp(type, "thinking") && !strcmp(role, "assistant")) {
        keys(a, b, path, "type thinking signature");
        want(get(b, "signature") && get(b, "signature")->type == J_STR && get(b, "signature")->n, path, "%s.thinking.signature: Field required", path);
        want(sig_ok(get(b, "signature"), 0) && is_str(get(b, "thinking"), THINK_TEXT), path, "%s: Invalid `signature` in `thinking` block", path);
        return 1;
    } else if (!strcmp(type, "redacted_thinking") && !strcmp(role, "assistant")) { keys(a, b, path, "type data"); return 1; }
    else if (!strcmp(type, "tool_result") && !strcmp(role, "user")) ant_result(a, b, path);
    else if (!strcmp(type, "image") && !strcmp(role, "user")) { keys(a, b, path, "type source cache_control transformations"); ant_source(a, get(b, "source"), path); }
    else if (!strcmp(type, "document") && (!strcmp(role, "user") || !a->v2026)) {
        keys(a, b, path, "type source title context citations cache_control");
        ant_source(a, get(b, "source"), path);
    } else want(!strcmp(type, "search_result"), path, "%s: unexpected block type '%s' for role %s", path, type, role);
    return 0;
}
static void ant_messages(asked *a, const node *list) {
    pending open[16];
    int nopen = 0, i, k;
    const node *m, *b, *last = NULL;
    if (!want(list && list->type == J_ARR && list->child, "messages", "messages: at least one message is required")) return;
    for (m = list->child, k = 0; m; m = m->next, k++) {
        const char *role = text_of(get(m, "role"));
        const node *c = get(m, "content");
        int results = 0, seen_other = 0, thought = 0, user = !strcmp(role, "user");
        char path[64];
        sb text = { NULL, 0, 0 };
        snprintf(path, sizeof path, "messages.%d", k);
        keys(a, m, path, "role content");
        want(listed(role, "user assistant system"), path, "%s.role: Input should be 'user' or 'assistant'", path);
        want(k || strcmp(role, "assistant"), path, "messages: first message must use the \"user\" role");
        if (!want(c && (c->type == J_STR || c->type == J_ARR), path, "%s.content: Field required", path)) break;
        want(c->n > 0, path, "%s: all messages must have non-empty content", path);
        if (user) { a->results.n = 0; a->after_tool = 0; }
        if (c->type == J_STR) sb_s(&text, c->s);
        else for (b = c->child; b; b = b->next) {
            const char *type = text_of(get(b, "type"));
            if (!strcmp(type, "tool_result")) {
                const char *id = text_of(get(b, "tool_use_id"));
                want(!seen_other, path, "%s: tool_result blocks must come before other content", path);
                for (i = 0; i < nopen && (strcmp(open[i].id, id) || open[i].done); i++) { }
                if (want(i < nopen, path, "%s: unexpected `tool_use_id` found in `tool_result` blocks: %s. Each `tool_result` block must have a "
                         "corresponding `tool_use` block in the previous message.", path, id)) open[i].done = 1;
                results = 1;
            } else seen_other = 1;
            thought |= ant_block(a, b, role, path, &text);
        }
        for (i = 0; i < nopen; i++)
            want(open[i].done, path, "%s: `tool_use` ids were found without `tool_result` blocks immediately after: %s.", path, open[i].id);
        nopen = 0;
        if (!strcmp(role, "assistant") && c->type == J_ARR) {
            for (b = c->child; b; b = b->next)
                if (is_str(get(b, "type"), "tool_use")) {
                    const char *id = text_of(get(b, "id"));
                    for (i = 0; i < nopen; i++) want(strcmp(open[i].id, id) != 0, path, "%s: `tool_use` ids must be unique", path);
                    if (nopen < 16) { open[nopen].id = id; open[nopen].name = ""; open[nopen++].done = 0; }
                }
            if (nopen && strstr(a->model, "think") && a->budgeted) /* not where thinking is adaptive */
                want(thought && is_str(get(c->child, "type"), "thinking"), path, "%s.content.0.type: Expected `thinking` or `redacted_thinking`, but found `%s`. "
                     "When `thinking` is enabled, a final `assistant` message must start with a thinking block", path, text_of(get(c->child, "type")));
            if (thought) { a->kept.n = 0; sb_s(&a->kept, "signature kept"); }
        }
        if (user) { a->user.n = 0; sb_s(&a->user, text.p ? text.p : ""); a->after_tool = results; }
        if (!strcmp(role, "system")) sb_f(&a->system, "%s%s", a->system.n ? "\n\n" : "", text.p ? text.p : "");
        free(text.p);
        last = m;
    }
    want(!nopen, "messages", "`tool_use` ids were found without `tool_result` blocks immediately after: %s.", nopen ? open[0].id : "");
    want(!is_str(get(last, "role"), "assistant"), "messages", "This model does not support assistant message prefill. The conversation must end with a user message.");
}
static void ant_tools(asked *a, const node *b) {
    const node *tools = get(b, "tools"), *t, *c = get(b, "tool_choice");
    if (tools) {
        want(tools->type == J_ARR, "tools", "tools: Input should be a valid list");
        for (t = tools->child; t; t = t->next) {
            const char *type = text_of(get(t, "type"));
            ant_cache(a, t, "tools");
            if (*type && strcmp(type, "custom")) continue;
            keys(a, t, "tools", "name description input_schema type strict cache_control input_examples eager_input_streaming defer_loading allowed_callers");
            want(name_ok(text_of(get(t, "name")), 128, "_-"), "tools", "tools.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
            want(is_str(get(get(t, "input_schema"), "type"), "object"), "tools", "tools.input_schema.type: Field required");
            add_tool(a, text_of(get(t, "name")));
        }
    }
    if (c) {
        const char *type = text_of(get(c, "type"));
        want(tools && tools->child, "tool_choice", "tool_choice: may only be specified while providing tools");
        keys(a, c, "tool_choice", !strcmp(type, "tool") ? "type name disable_parallel_tool_use" : !strcmp(type, "none") ? "type" : "type disable_parallel_tool_use");
        str_in(get(c, "type"), "tool_choice.type", "auto any tool none");
        if (!strcmp(type, "tool")) {
            a->forced_name = text_of(get(c, "name"));
            want(has_tool(a, a->forced_name), "tool_choice", "tool_choice: Tool '%s' not found in provided tools", a->forced_name);
        }
        a->forced = !strcmp(type, "any") || a->forced_name;
        a->no_tools = !strcmp(type, "none");
        typed(get(c, "disable_parallel_tool_use"), "tool_choice.disable_parallel_tool_use", J_TRUE);
        a->parallel_off = get(c, "disable_parallel_tool_use") && get(c, "disable_parallel_tool_use")->type == J_TRUE;
    }
}
static void ant_read(asked *a, const node *b) {
    const node *v, *t = get(b, "thinking");
    double max = num_of(get(b, "max_tokens"));
    char allowed[1024];
    cache_marks = 0;
    snprintf(allowed, sizeof allowed, "model messages system tools tool_choice thinking output_config cache_control speed%s%s%s",
             a->count ? "" : " max_tokens stop_sequences stream metadata service_tier container inference_geo diagnostics",
             a->count || a->v2026 ? "" : " temperature top_p top_k", a->beta ? " mcp_servers context_management fallbacks task_budget thread" : "");
    keys(a, b, "", allowed);
    want(get(b, "model") && get(b, "model")->type == J_STR, "model", "model: Field required");
    snprintf(a->model, sizeof a->model, "%s", text_of(get(b, "model")));
    if (!a->count) {
        want(get(b, "max_tokens") != NULL, "max_tokens", "max_tokens: Field required");
        num_in(get(b, "max_tokens"), "max_tokens", 0, 1e9, 1);
    }
    typed(get(b, "stream"), "stream", J_TRUE);
    a->stream = a->sse = get(b, "stream") && get(b, "stream")->type == J_TRUE;
    num_in(get(b, "temperature"), "temperature", 0, 1, 0);
    num_in(get(b, "top_p"), "top_p", 0, 1, 0);
    num_in(get(b, "top_k"), "top_k", 0, 1e6, 1);
    if ((v = get(b, "stop_sequences")) != NULL)
        for (typed(v, "stop_sequences", J_ARR), v = v->child; v; v = v->next)
            want(v->type == J_STR && strspn(v->s, " \t\n") < v->n, "stop_sequences", "stop_sequences: each stop sequence must contain non-whitespace");
    if ((v = get(b, "metadata")) != NULL) { keys(a, v, "metadata", "user_id"); typed(get(v, "user_id"), "metadata.user_id", J_STR); }
    str_in(get(b, "service_tier"), "service_tier", "auto standard_only");
    if ((v = get(b, "output_config")) != NULL) {
        keys(a, v, "output_config", "effort format");
        str_in(get(v, "effort"), "output_config.effort", "low medium high xhigh max");
        if (get(v, "format")) {
            keys(a, get(v, "format"), "output_config.format", "type schema");
            want(is_str(get(get(v, "format"), "type"), "json_schema") && get(get(v, "format"), "schema"), "output_config", "output_config.format.schema: Field required");
            a->schema = 1;
        }
    }
    if (t) {
        const char *type = text_of(get(t, "type"));
        str_in(get(t, "type"), "thinking.type", "adaptive enabled disabled between_tools");
        keys(a, t, "thinking", !strcmp(type, "enabled") ? "type budget_tokens display" : !strcmp(type, "adaptive") ? "type display" : "type");
        if (!strcmp(type, "enabled")) {
            num_in(get(t, "budget_tokens"), "thinking.budget_tokens", 1024, 1e9, 1);
            want(get(t, "budget_tokens") && (a->count || num_of(get(t, "budget_tokens")) < max), "thinking", "`max_tokens` must be greater than `thinking.budget_tokens`");
        }
        a->thinking = !strcmp(type, "enabled") || !strcmp(type, "adaptive");
        a->budgeted = !strcmp(type, "enabled");
        want(!a->thinking || !get(b, "temperature") || num_of(get(b, "temperature")) == 1, "temperature", "`temperature` may only be set to 1 when thinking is enabled.");
    }
    if ((v = get(b, "system")) != NULL) {
        if (v->type == J_STR) sb_s(&a->system, v->s);
        else for (typed(v, "system", J_ARR), v = v->child; v; v = v->next) {
            if (a->system.n) sb_s(&a->system, "\n\n");
            ant_block(a, v, "system", "system", &a->system);
        }
    }
    ant_tools(a, b);
    want(!(a->forced && is_str(get(t, "type"), "enabled")), "tool_choice", "Thinking may not be enabled when tool_choice forces tool use.");
    ant_messages(a, get(b, "messages"));
}

/* ------------------------------------------------------------------------------------------------ Gemini: reading */

/* The OpenAPI subset of `parameters` and `responseSchema`; JSON Schema words that it lacks are refused. */
static void gem_schema(asked *a, const node *s, const char *path, int depth) {
    const node *m;
    if (!s || depth > 20) return;
    keys(a, s, path, "type format title description nullable enum items minItems maxItems properties required propertyOrdering anyOf minimum maximum "
         "minLength maxLength pattern example default minProperties maxProperties additionalProperties defs ref");
    want(!get(s, "type") || get(s, "type")->type == J_STR, path, "Proto field is not repeating, cannot start list at '%s.type'", path);
    gem_schema(a, get(s, "items"), path, depth + 1);
    if (get(s, "properties")) for (m = get(s, "properties")->child; m; m = m->next) gem_schema(a, m, path, depth + 1);
    if (get(s, "anyOf")) for (m = get(s, "anyOf")->child; m; m = m->next) gem_schema(a, m, path, depth + 1);
}
static const char GEM_DATA[] = "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall toolResponse";

static void gem_part(asked *a, const node *p, const char *path, sb *text) {
    const node *m, *v;
    int data = 0;
    keys(a, p, path, "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall toolResponse thought "
         "thoughtSignature videoMetadata mediaResolution partMetadata");
    if (p->type != J_OBJ) return;
    for (m = p->child; m; m = m->next) {
        char copy[256], *w;
        snprintf(copy, sizeof copy, "%s", GEM_DATA);
        for (w = strtok(copy, " "); w; w = strtok(NULL, " ")) data += key_eq(m->key, w);
    }
    want(data == 1, path, "%s.data: required oneof field 'data' must have one initialized field", path);
    if ((v = get(p, "text")) != NULL && !(get(p, "thought") && get(p, "thought")->type == J_TRUE)) { typed(v, path, J_STR); sb_s(text, text_of(v)); }
    if ((v = get(p, "inlineData")) != NULL) { keys(a, v, path, "mimeType data displayName"); media(a, path, text_of(get(v, "mimeType")), text_of(get(v, "data"))); }
    if ((v = get(p, "fileData")) != NULL) { keys(a, v, path, "mimeType fileUri displayName"); media_url(a, text_of(get(v, "fileUri"))); }
    if ((v = get(p, "functionCall")) != NULL) {
        const char *name = text_of(get(v, "name"));
        keys(a, v, path, "id name args");
        want((isalpha((unsigned char)name[0]) || name[0] == '_') && name_ok(name, 128, "_.:-"), path, "%s.function_call.name: Invalid function name.", path);
        typed(get(v, "args"), path, J_OBJ);
    }
    if ((v = get(p, "functionResponse")) != NULL) {
        keys(a, v, path, "id name response parts willContinue scheduling");
        want(get(v, "name") && get(v, "name")->n, path, "%s.function_response.name: Name cannot be empty.", path);
        want(get(v, "response") && get(v, "response")->type == J_OBJ, path, "Invalid value at '%s.function_response.response' (type.googleapis.com/google.protobuf.Struct)", path);
        if (get(v, "response")) sb_f(&a->results, "%s%.*s", a->results.n ? " | " : "", (int)get(v, "response")->raw_n, get(v, "response")->raw);
        if (get(v, "parts"))
            for (m = get(v, "parts")->child; m; m = m->next)
                if (get(m, "inlineData")) media(a, path, text_of(get(get(m, "inlineData"), "mimeType")), text_of(get(get(m, "inlineData"), "data")));
    }
    if ((v = get(p, "thoughtSignature")) != NULL) {
        unsigned sum;
        typed(v, path, J_STR);
        want(is_str(v, "skip_thought_signature_validator") || b64(text_of(v), 1, &sum) >= 0, path, "Base64 decoding failed for \"%s\"", text_of(v));
    }
}
/* Signatures are asked for in the tool loop of the current turn: after the last user content that holds no function response. */
static void gem_signatures(asked *a, const node *list) {
    const node *c, *p, *from = NULL;
    int k = 0;
    for (c = list->child; c; c = c->next) {
        int response = 0;
        if (get(c, "parts")) for (p = get(c, "parts")->child; p; p = p->next) response |= get(p, "functionResponse") != NULL;
        if (!is_str(get(c, "role"), "model") && !response) from = c;
    }
    for (c = from ? from->next : list->child; c; c = c->next) {
        int first = 1;
        if (!is_str(get(c, "role"), "model") || !get(c, "parts")) continue;
        for (p = get(c, "parts")->child; p; p = p->next) {
            const node *sig = get(p, "thoughtSignature");
            if (!get(p, "functionCall")) continue;
            if (first) {
                want(sig != NULL, "contents", "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly (content %d).", k);
                want(sig_ok(sig, 1) || is_str(sig, "skip_thought_signature_validator"), "contents",
                     "Thought signature is not valid (content %d).", k);
                if (!a->kept.n) sb_s(&a->kept, sig_ok(sig, 1) ? "signature kept" : "signature skipped");
            } else want(!sig || is_str(sig, "skip_thought_signature_validator"), "contents", "Thought signature is not valid: only the first parallel call has one.");
            first = 0;
        }
        k++;
    }
}
static void gem_contents(asked *a, const node *list) {
    pending open[16];
    int nopen = 0, i, k;
    const node *c, *p;
    const char *before = "";
    if (!want(list && list->type == J_ARR && list->child, "contents", "* GenerateContentRequest.contents: contents is not specified")) return;
    for (c = list->child, k = 0; c; c = c->next, k++) {
        const char *role = get(c, "role") ? text_of(get(c, "role")) : "user";
        int responses = 0, calls = 0;
        char path[64];
        sb text = { NULL, 0, 0 };
        snprintf(path, sizeof path, "contents[%d]", k);
        keys(a, c, path, "role parts");
        want(listed(role, "user model function"), path, "Please use a valid role: user, model.");
        if (!want(get(c, "parts") && get(c, "parts")->type == J_ARR && get(c, "parts")->child, path, "* GenerateContentRequest.%s.parts: contents.parts must not be empty.", path)) break;
        if (strcmp(role, "model")) { a->results.n = 0; a->after_tool = 0; }
        for (p = get(c, "parts")->child; p; p = p->next) {
            gem_part(a, p, path, &text);
            if (get(p, "functionResponse")) {
                const node *r = get(p, "functionResponse");
                const char *name = text_of(get(r, "name")), *id = text_of(get(r, "id"));
                for (i = 0; i < nopen; i++)
                    if (!open[i].done && !strcmp(open[i].name, name) && (!*id || !strcmp(open[i].id, id))) break;
                if (want(i < nopen, path, "%s: function response '%s' (id '%s') matches no function call of the turn before", path, name, id)) open[i].done = 1;
                responses++;
            }
            calls += get(p, "functionCall") != NULL;
        }
        if ((nopen || responses) && (strcmp(role, "model") || strcmp(before, "model")))      /* model contents in a row are one turn */
            want(responses == nopen, path, "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.");
        if (strcmp(role, "model") || strcmp(before, "model")) nopen = 0;
        if (calls) {
            want(!strcmp(role, "model"), path, "function calls must be in a content of role model");
            want(!strcmp(before, "user") || !strcmp(before, "function"), path, "Please ensure that function call turn comes immediately after a user turn or after a function response turn.");
            for (p = get(c, "parts")->child; p; p = p->next)
                if (get(p, "functionCall") && nopen < 16) {
                    open[nopen].id = text_of(get(get(p, "functionCall"), "id"));
                    open[nopen].name = text_of(get(get(p, "functionCall"), "name"));
                    open[nopen++].done = 0;
                }
        }
        if (strcmp(role, "model")) { a->user.n = 0; sb_s(&a->user, text.p ? text.p : ""); a->after_tool = responses > 0; }
        free(text.p);
        before = role;
    }
    want(!nopen, "contents", "Please ensure that every function call has its function response.");
    if (strstr(a->model, "think")) gem_signatures(a, list);
}
static void gem_config(asked *a, const node *g) {
    const node *t, *m;
    if (!g) return;
    keys(a, g, "generation_config", "temperature topP topK candidateCount maxOutputTokens stopSequences presencePenalty frequencyPenalty seed "
         "responseLogprobs logprobs responseMimeType responseSchema responseJsonSchema responseModalities mediaResolution speechConfig imageConfig "
         "thinkingConfig enableEnhancedCivicAnswers audioTranscriptionConfig");
    for (m = g->child; m; m = m->next) want(m->type != J_NULL, "generation_config", "Invalid value at 'generation_config.%s' (null)", m->key);
    num_in(get(g, "temperature"), "generation_config.temperature", 0, 2, 0);
    num_in(get(g, "topP"), "generation_config.top_p", 0, 1, 0);
    num_in(get(g, "topK"), "generation_config.top_k", 0, 1e6, 0);
    num_in(get(g, "candidateCount"), "generation_config.candidate_count", 1, 8, 1);
    num_in(get(g, "maxOutputTokens"), "generation_config.max_output_tokens", 1, 1e9, 1);
    num_in(get(g, "presencePenalty"), "generation_config.presence_penalty", -2, 2, 0);
    num_in(get(g, "frequencyPenalty"), "generation_config.frequency_penalty", -2, 2, 0);
    num_in(get(g, "seed"), "generation_config.seed", -2147483648.0, 2147483647.0, 1);
    num_in(get(g, "logprobs"), "generation_config.logprobs", 0, 20, 1);
    typed(get(g, "responseLogprobs"), "generation_config.response_logprobs", J_TRUE);
    if (get(g, "stopSequences")) want(get(g, "stopSequences")->type == J_ARR && get(g, "stopSequences")->n <= 5, "generation_config", "stop_sequences: at most 5");
    str_in(get(g, "responseMimeType"), "generation_config.response_mime_type", "text/plain application/json text/x.enum");
    a->json = is_str(get(g, "responseMimeType"), "application/json");
    want(!get(g, "responseSchema") || !get(g, "responseJsonSchema"), "generation_config", "response_schema and response_json_schema are exclusive");
    if (get(g, "responseSchema") || get(g, "responseJsonSchema")) {
        want(a->json, "generation_config", "response_schema needs response_mime_type application/json");
        gem_schema(a, get(g, "responseSchema"), "generation_config.response_schema", 0);
        a->schema = 1;
    }
    if ((t = get(g, "thinkingConfig")) != NULL) {
        keys(a, t, "generation_config.thinking_config", "includeThoughts thinkingBudget thinkingLevel");
        want(!get(t, "thinkingBudget") || !get(t, "thinkingLevel"), "thinking_config", "You can only set only one of thinking budget and thinking level.");
        num_in(get(t, "thinkingBudget"), "thinking_config.thinking_budget", -1, 1e7, 1);
        if (get(t, "thinkingLevel")) {
            char up[32];
            size_t i;
            snprintf(up, sizeof up, "%s", text_of(get(t, "thinkingLevel")));
            for (i = 0; up[i]; i++) up[i] = (char)toupper((unsigned char)up[i]);
            want(listed(up, "MINIMAL LOW MEDIUM HIGH XHIGH"), "thinking_config", "Invalid value at 'thinking_level': \"%s\"", up);
        }
        typed(get(t, "includeThoughts"), "thinking_config.include_thoughts", J_TRUE);
        a->thinking = get(t, "includeThoughts") && get(t, "includeThoughts")->type == J_TRUE;
    }
}
static void gem_tools(asked *a, const node *b) {
    const node *tools = get(b, "tools"), *t, *d, *m, *f;
    if (tools)
        for (typed(tools, "tools", J_ARR), t = tools->child; t; t = t->next) {
            keys(a, t, "tools", "functionDeclarations googleSearch codeExecution urlContext googleMaps fileSearch computerUse mcpServers");
            if (!(d = get(t, "functionDeclarations"))) continue;
            for (d = d->child; d; d = d->next) {
                const char *name = text_of(get(d, "name"));
                keys(a, d, "tools.function_declarations", "name description parameters parametersJsonSchema response responseJsonSchema behavior");
                want((isalpha((unsigned char)name[0]) || name[0] == '_') && name_ok(name, 128, "_.:-"), "tools", "tools.function_declarations.name: Invalid function name '%s'.", name);
                want(!get(d, "parameters") || !get(d, "parametersJsonSchema"), "tools", "parameters and parameters_json_schema are exclusive");
                gem_schema(a, get(d, "parameters"), "tools.function_declarations.parameters", 0);
                add_tool(a, name);
            }
        }
    if ((t = get(b, "toolConfig")) != NULL) {
        keys(a, t, "tool_config", "functionCallingConfig retrievalConfig includeServerSideToolInvocations");
        if ((f = get(t, "functionCallingConfig")) != NULL) {
            const char *mode = text_of(get(f, "mode"));
            keys(a, f, "tool_config.function_calling_config", "mode allowedFunctionNames");
            str_in(get(f, "mode"), "tool_config.function_calling_config.mode", "MODE_UNSPECIFIED AUTO ANY NONE VALIDATED");
            a->forced = !strcmp(mode, "ANY");
            a->no_tools = !strcmp(mode, "NONE");
            if (get(f, "allowedFunctionNames")) {
                want(a->forced || !strcmp(mode, "VALIDATED"), "tool_config", "allowed_function_names is only permitted with mode ANY or VALIDATED");
                for (m = get(f, "allowedFunctionNames")->child; m; m = m->next) {
                    want(has_tool(a, text_of(m)), "tool_config", "allowed_function_names: '%s' is not declared", text_of(m));
                    if (!a->forced_name) a->forced_name = text_of(m);
                }
            }
            want(!a->forced || a->ntools, "tool_config", "Function calling config is set without function_declarations.");
        }
    }
}
static void gem_read(asked *a, const node *b) {
    const node *s, *p;
    if (a->count && get(b, "generateContentRequest")) {
        keys(a, b, "", "generateContentRequest");
        b = get(b, "generateContentRequest");
        want(!strncmp(text_of(get(b, "model")), "models/", 7), "model", "generateContentRequest.model: unexpected model name format");
        keys(a, b, "generate_content_request", "model contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent");
    } else if (a->count) keys(a, b, "", "contents");
    else keys(a, b, "", "contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent labels serviceTier store continuationToken");
    if ((s = get(b, "systemInstruction")) != NULL) {
        keys(a, s, "system_instruction", "role parts");
        want(get(s, "parts") && get(s, "parts")->child, "system_instruction", "system_instruction.parts: must not be empty");
        if (get(s, "parts"))
            for (p = get(s, "parts")->child; p; p = p->next) {
                want(get(p, "text") != NULL, "system_instruction", "system_instruction: only text is supported");
                sb_f(&a->system, "%s%s", a->system.n ? "\n\n" : "", text_of(get(p, "text")));
            }
    }
    gem_config(a, get(b, "generationConfig"));
    gem_tools(a, b);
    gem_contents(a, get(b, "contents"));
}

/* ------------------------------------------------------------------------------------------------ the scenario */

typedef struct { const char *name, *args; char id[40]; } call;
typedef struct {
    const char *think;                                    /* reasoning text, with THINK_SIG */
    call calls[2];
    int ncalls, fin;
    sb text;                                              /* the answer's text, then `unit` as often as `reps` says, `delay_ms` apart */
    char *unit;
    unsigned long reps;
    int delay_ms;
    const char *refusal;
    int in, cached, written, out, reasoning;
} answer;

typedef struct { char *p; size_t n; unsigned long reps; int delay_ms; } piece;
typedef struct {
    int status, chunked, npieces, end, no_done, seq, crlf, bytewise, closing, wrong_length, hang_head, noid;
    size_t end_at;
    const char *type;
    sb head;                                              /* more header lines */
    piece pieces[MAX_PIECES];
} plan;

static unsigned long serial;                              /* of answers: makes ids differ */

static void plan_add(plan *p, sb *b, unsigned long reps, int delay_ms) {
    piece *q;
    if (p->npieces == MAX_PIECES) { fprintf(stderr, "provider: too many pieces\n"); exit(1); }
    q = &p->pieces[p->npieces++];
    q->p = b->p;
    q->n = b->n;
    q->reps = reps;
    q->delay_ms = delay_ms;
    b->p = NULL;
    b->n = b->cap = 0;
}
static void frame(sb *out, const char *name, const sb *json);

/* One SSE event, one element of Gemini's array, one line of Ollama's, one message of Bedrock's event stream. */
static void plan_event(plan *p, const asked *a, const char *name, const sb *json, unsigned long reps, int delay_ms) {
    sb b = { NULL, 0, 0 };
    const char *eol = p->crlf || a->dialect == GEM ? "\r\n" : "\n";
    if (a->dialect == BED) frame(&b, name, json);
    else if (a->dialect == OLL) { sb_put(&b, json->p, json->n); sb_s(&b, eol); }
    else if (!a->sse) {
        sb_s(&b, p->npieces ? ",\r\n" : "[");
        sb_put(&b, json->p, json->n);
    } else {
        if (name) sb_f(&b, "event: %s%s", name, eol);
        sb_s(&b, "data: ");
        sb_put(&b, json->p, json->n);
        sb_f(&b, "%s%s", eol, eol);
    }
    plan_add(p, &b, reps, delay_ms);
}
static unsigned long number_after(const char **s, unsigned long dflt) {
    unsigned long v = dflt;
    if (**s == '-' && isdigit((unsigned char)(*s)[1])) v = strtoul(*s + 1, (char **)(uintptr_t)s, 10);
    return v;
}
/* Take the modifiers off the model name; what is left is the base. */
static const char *modifiers(const char *s, plan *p) {
    static const char *const words[] = { "cut", "reset", "eof", "hang-head", "hang", "wrong-length", "no-done", "crlf", "bytewise", "closing", "noid", "tired" };
    static unsigned long tired;
    size_t i = 0;
    while (i < sizeof words / sizeof *words) {
        size_t n = strlen(words[i]);
        if (strncmp(s, words[i], n) || (s[n] && s[n] != '-')) { i++; continue; }
        s += n;
        switch (i) {
        case 0: p->end = END_CUT; p->end_at = number_after(&s, 0); break;
        case 1: p->end = END_RESET; p->end_at = number_after(&s, 0); break;
        case 2: p->end = END_EOF; p->end_at = number_after(&s, 0); break;
        case 3: p->hang_head = 1; break;
        case 4: p->end = END_HANG; p->end_at = number_after(&s, 0); break;
        case 5: p->wrong_length = 1; break;
        case 6: p->no_done = 1; break;
        case 7: p->crlf = 1; break;
        case 8: p->bytewise = 1; break;
        case 9: p->closing = 1; break;
        case 10: p->noid = 1; break;
        default: p->hang_head = ++tired > number_after(&s, 0); break;
        }
        if (*s == '-') s++;
        i = 0;
    }
    return *s ? s : "text";
}
static void give_call(answer *w, const asked *a, const plan *p, const char *stem, const char *name, const char *args) {
    call *c = &w->calls[w->ncalls++];
    static const char *const form[] = { "call_%s_%lu%d",     "toolu_%s_%lu%d", "call%s%lu%d", "call_%s_%lu%d",
                                        "tooluse_%s-%lu.%d", "%s_%lux%d",      "call_%s%lu%d" };
    c->name = name;
    c->args = args;
    snprintf(c->id, sizeof c->id, form[a->dialect], stem, serial, w->ncalls);
    if (p->noid) c->id[0] = 0;
    w->fin = FIN_TOOLS;
}
/* What to say for base `s`; 0 when there is no such scenario. */
static int script(const char *s, const asked *a, const plan *p, answer *w) {
    const char *tool = a->forced_name ? a->forced_name : a->ntools ? a->tool[0] : NULL;
    int may = tool && !a->no_tools && !a->after_tool;
    w->in = 20;
    w->out = 9;
    if (!strncmp(s, "think", 5)) { w->think = THINK_TEXT; w->reasoning = 8; w->out = 18; }
    if (!strcmp(s, "after-tool") || ((!strcmp(s, "tools") || !strcmp(s, "parallel") || !strcmp(s, "think")) && a->after_tool)) {
        sb_f(&w->text, "The tool said: %s", a->results.p ? a->results.p : "");
        if (!strcmp(s, "think")) sb_f(&w->text, "; reasoning: %s", a->kept.n ? a->kept.p : "none kept");
        if (a->media.n) sb_f(&w->text, "; media: %s", a->media.p);
    } else if (!strcmp(s, "tools") || !strcmp(s, "think")) {
        if (may) give_call(w, a, p, s, tool, "{\"city\":\"Oslo \\\"N\\\"\",\"days\":3}");
        else sb_s(&w->text, *s == 't' && s[1] == 'o' ? "No tools were offered." : HELLO);
    } else if (!strcmp(s, "parallel")) {
        if (may) {
            give_call(w, a, p, s, tool, "{\"city\":\"Oslo\"}");
            if (!a->parallel_off) give_call(w, a, p, s, a->ntools > 1 ? a->tool[1] : tool, "{\"city\":\"Troms\xc3\xb8\"}");
        } else sb_s(&w->text, "No tools were offered.");
    } else if (!strcmp(s, "text")) sb_s(&w->text, HELLO);
    else if (!strcmp(s, "echo")) sb_f(&w->text, "system=<%s> user=<%s>", a->system.p ? a->system.p : "", a->user.p ? a->user.p : "");
    else if (!strcmp(s, "image")) sb_f(&w->text, "I see %s", a->media.n ? a->media.p : "no media");
    else if (!strcmp(s, "json")) {
        want(a->schema || a->json, "", "this scenario needs structured output, and the request asks for none");
        sb_s(&w->text, "{\"city\": \"Oslo\", \"t\": 3}");
    } else if (!strcmp(s, "cached")) {
        sb_s(&w->text, "Cached.");
        w->in = 100;
        w->cached = 60;
        w->written = a->dialect == GEM || a->dialect > BED ? 0 : 10;
        w->out = 50;
        w->reasoning = 30;
    } else if (!strcmp(s, "empty")) w->out = 0;
    else if (!strcmp(s, "length")) { sb_s(&w->text, "This answer is cut sh"); w->fin = FIN_LENGTH; }
    else if (!strcmp(s, "stop")) { sb_s(&w->text, "Up to here "); w->fin = FIN_STOPSEQ; }
    else if (!strcmp(s, "filter")) { sb_s(&w->text, "I would say"); w->fin = FIN_FILTER; }
    else if (!strcmp(s, "refusal")) { w->refusal = "I cannot help with that."; w->fin = FIN_REFUSAL; }
    else if (!strcmp(s, "blocked")) { w->fin = FIN_BLOCKED; w->out = 0; }
    else if (!strncmp(s, "long", 4) || !strncmp(s, "slow", 4)) {
        int slow = *s == 's';
        s += 4;
        w->reps = number_after(&s, slow ? 500 : 64);
        w->delay_ms = slow ? 20 : 0;
        w->unit = (char *)take(1025);
        memset(w->unit, 'x', 1024);
        memcpy(w->unit, slow ? "tick \0" : "start", slow ? 6 : 5);
        w->unit[slow ? 5 : 1024] = 0;
        return !*s;
    } else return 0;
    return 1;
}

/* ------------------------------------------------------------------------------------------------ writing the answers */

/* The size of deltas of a text, and the next one: about six bytes or a twentieth, never inside a UTF-8 sequence. */
static size_t mouth(const char *s) { return strlen(s) / 20 > 6 ? strlen(s) / 20 : 6; }
static size_t bite(const char *s, size_t step) {
    size_t n = strlen(s), k = n < step ? n : step;
    while (s[k] && ((unsigned char)s[k] & 0xC0) == 0x80) k++;
    return k;
}
static void whole_text(plan *p, sb *b, const answer *w) {       /* a JSON string, in up to three pieces */
    sb t = { NULL, 0, 0 };
    sb_q(&t, w->text.p ? w->text.p : "", w->text.n, 0);
    sb_put(b, t.p, t.n - 1);
    free(t.p);
    if (w->reps) {
        plan_add(p, b, 1, 0);
        sb_s(b, w->unit);
        plan_add(p, b, w->reps, w->delay_ms);
    }
    sb_s(b, "\"");
}
static void oai_usage(sb *b, const answer *w) {
    sb_f(b, "{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,\"prompt_tokens_details\":{\"cached_tokens\":%d,\"cache_write_tokens\":%d,"
         "\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":%d,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,"
         "\"rejected_prediction_tokens\":0}}", w->in, w->out, w->in + w->out, w->cached, w->written, w->reasoning);
}
static const char *oai_finish(int fin) {
    return fin == FIN_LENGTH ? "length" : fin == FIN_TOOLS ? "tool_calls" : fin == FIN_FILTER || fin == FIN_BLOCKED ? "content_filter" : "stop";
}
static void oai_call(sb *b, const call *c, const char *args, int index) {
    if (index >= 0) sb_f(b, "{\"index\":%d,", index); else sb_s(b, "{");
    sb_f(b, "\"id\":\"%s\",\"type\":\"function\",\"function\":{\"name\":\"%s\",\"arguments\":", c->id, c->name);
    sb_qs(b, args);
    sb_s(b, "}}");
}
static void oai_whole(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i;
    sb_f(&b, "{\n  \"id\": \"chatcmpl-T%lu\",\n  \"object\": \"chat.completion\",\n  \"created\": 1763700000,\n  \"model\": \"%s\",\n  \"choices\": [{\"index\": 0,"
         " \"message\": {\"role\": \"assistant\", \"content\": ", serial, a->model);
    if (w->ncalls || w->refusal || w->fin == FIN_BLOCKED) sb_s(&b, "null"); else whole_text(p, &b, w);
    sb_s(&b, ", \"refusal\": ");
    if (w->refusal) sb_qs(&b, w->refusal); else sb_s(&b, "null");
    if (w->think) { sb_s(&b, ", \"reasoning_content\": "); sb_qs(&b, w->think); }
    for (i = 0; i < w->ncalls; i++) { sb_s(&b, i ? ", " : ", \"tool_calls\": ["); oai_call(&b, &w->calls[i], w->calls[i].args, -1); }
    sb_f(&b, "%s, \"annotations\": []}, \"logprobs\": null, \"finish_reason\": \"%s\"}], \"usage\": ", w->ncalls ? "]" : "", oai_finish(w->fin));
    oai_usage(&b, w);
    sb_s(&b, ", \"service_tier\": \"default\", \"system_fingerprint\": \"fp_test\"}\n");
    plan_add(p, &b, 1, 0);
}
static void oai_chunk(plan *p, const asked *a, const char *delta, const char *finish, unsigned long reps, int delay_ms) {
    sb b = { NULL, 0, 0 };
    sb_f(&b, "{\"id\":\"chatcmpl-T%lu\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"%s\",\"service_tier\":\"default\","
         "\"system_fingerprint\":\"fp_test\",\"choices\":[{\"index\":0,\"delta\":", serial, a->model);
    sb_s(&b, delta);
    sb_f(&b, ",\"logprobs\":null,\"finish_reason\":%s%s%s}]%s,\"obfuscation\":\"h%luQ\"}", finish ? "\"" : "", finish ? finish : "null", finish ? "\"" : "",
         a->usage ? ",\"usage\":null" : "", serial);
    plan_event(p, a, NULL, &b, reps, delay_ms);
    free(b.p);
}
static void oai_texts(plan *p, const asked *a, const char *field, const char *s) {
    sb b = { NULL, 0, 0 };
    size_t k, step = mouth(s);
    for (; *s; s += k) {
        k = bite(s, step);
        b.n = 0;
        sb_f(&b, "{\"%s\":", field);
        sb_q(&b, s, k, 1);
        sb_s(&b, "}");
        oai_chunk(p, a, b.p, NULL, 1, 0);
    }
    free(b.p);
}
static void oai_stream(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i;
    oai_chunk(p, a, "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", NULL, 1, 0);
    if (w->think) oai_texts(p, a, "reasoning_content", w->think);
    if (w->text.n) oai_texts(p, a, "content", w->text.p);
    if (w->refusal) oai_texts(p, a, "refusal", w->refusal);
    if (w->reps) {
        sb_f(&b, "{\"content\":\"%s\"}", w->unit);
        oai_chunk(p, a, b.p, NULL, w->reps, w->delay_ms);
    }
    for (i = 0; i < w->ncalls; i++) {
        const char *s = w->calls[i].args;
        size_t k, step = mouth(s);
        b.n = 0;
        sb_s(&b, "{\"tool_calls\":[");
        oai_call(&b, &w->calls[i], "", i);
        sb_s(&b, "]}");
        oai_chunk(p, a, b.p, NULL, 1, 0);
        for (; *s; s += k) {
            k = bite(s, step);
            b.n = 0;
            sb_f(&b, "{\"tool_calls\":[{\"index\":%d,\"function\":{\"arguments\":", i);
            sb_q(&b, s, k, 0);
            sb_s(&b, "}}]}");
            oai_chunk(p, a, b.p, NULL, 1, 0);
        }
    }
    oai_chunk(p, a, "{}", oai_finish(w->fin), 1, 0);
    b.n = 0;
    if (a->usage) {
        sb_f(&b, "{\"id\":\"chatcmpl-T%lu\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"%s\",\"choices\":[],\"usage\":", serial, a->model);
        oai_usage(&b, w);
        sb_s(&b, "}");
        plan_event(p, a, NULL, &b, 1, 0);
    }
    b.n = 0;
    sb_s(&b, "[DONE]");
    if (!p->no_done) plan_event(p, a, NULL, &b, 1, 0);
    free(b.p);
}
static void ant_usage(sb *b, const answer *w, int out) {
    sb_f(b, "{\"input_tokens\":%d,\"cache_creation_input_tokens\":%d,\"cache_read_input_tokens\":%d,\"output_tokens\":%d", w->in - w->cached - w->written,
         w->written, w->cached, out);
    if (w->reasoning && out == w->out) sb_f(b, ",\"output_tokens_details\":{\"thinking_tokens\":%d}", w->reasoning);
    sb_s(b, ",\"service_tier\":\"standard\"}");
}
static const char *ant_stop(int fin) {
    return fin == FIN_LENGTH ? "max_tokens" : fin == FIN_TOOLS ? "tool_use" : fin == FIN_STOPSEQ ? "stop_sequence" :
           fin == FIN_FILTER || fin == FIN_REFUSAL || fin == FIN_BLOCKED ? "refusal" : "end_turn";
}
static const char *ant_stop_tail(int fin) {
    return fin == FIN_STOPSEQ ? "\"stop_sequence\":\"END\"" : fin == FIN_REFUSAL || fin == FIN_BLOCKED || fin == FIN_FILTER ?
           "\"stop_sequence\":null,\"stop_details\":{\"type\":\"refusal\",\"category\":\"cyber\",\"explanation\":null}" : "\"stop_sequence\":null";
}
static void ant_whole(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i, n = 0;
    sb_f(&b, "{\"id\":\"msg_T%lu\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%s\",\"content\":[", serial, a->model);
    if (w->think) {
        sb_s(&b, "{\"type\":\"thinking\",\"thinking\":");
        sb_qs(&b, w->think);
        sb_f(&b, ",\"signature\":\"%s\"}", THINK_SIG);
        n++;
    }
    if (w->text.n || w->reps || w->refusal) {
        sb_f(&b, "%s{\"type\":\"text\",\"text\":", n++ ? "," : "");
        if (w->refusal) sb_qs(&b, w->refusal); else whole_text(p, &b, w);
        sb_s(&b, "}");
    }
    for (i = 0; i < w->ncalls; i++)
        sb_f(&b, "%s{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":%s}", n++ ? "," : "", w->calls[i].id, w->calls[i].name, w->calls[i].args);
    sb_f(&b, "],\"stop_reason\":\"%s\",%s,\"usage\":", ant_stop(w->fin), ant_stop_tail(w->fin));
    ant_usage(&b, w, w->out);
    sb_s(&b, "}");
    plan_add(p, &b, 1, 0);
}
static void ant_ev(plan *p, const asked *a, const char *type, const sb *rest, unsigned long reps, int delay_ms) {
    sb b = { NULL, 0, 0 };
    sb_f(&b, "{\"type\":\"%s\"", type);
    sb_put(&b, rest->p, rest->n);
    sb_s(&b, "}");
    plan_event(p, a, type, &b, reps, delay_ms);
    free(b.p);
}
static void ant_deltas(plan *p, const asked *a, int index, const char *type, const char *field, const char *s) {
    sb b = { NULL, 0, 0 };
    size_t k, step = mouth(s);
    for (; *s; s += k) {
        k = bite(s, step);
        b.n = 0;
        sb_f(&b, ",\"index\":%d,\"delta\":{\"type\":\"%s\",\"%s\":", index, type, field);
        sb_q(&b, s, k, 0);
        sb_s(&b, "}");
        ant_ev(p, a, "content_block_delta", &b, 1, 0);
    }
    free(b.p);
}
static void ant_edge(plan *p, const asked *a, int index, const char *block) {          /* starts a block, or stops it when block is NULL */
    sb b = { NULL, 0, 0 };
    sb_f(&b, block ? ",\"index\":%d,\"content_block\":" : ",\"index\":%d", index);
    if (block) sb_s(&b, block);
    ant_ev(p, a, block ? "content_block_start" : "content_block_stop", &b, 1, 0);
    free(b.p);
}
static void ant_stream(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i, n = 0;
    sb_f(&b, ",\"message\":{\"id\":\"msg_T%lu\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%s\",\"content\":[],\"stop_reason\":null,"
         "\"stop_sequence\":null,\"usage\":", serial, a->model);
    ant_usage(&b, w, 1);
    sb_s(&b, "}");
    ant_ev(p, a, "message_start", &b, 1, 0);
    if (w->think) {
        ant_edge(p, a, n, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}");
        ant_deltas(p, a, n, "thinking_delta", "thinking", w->think);
        b.n = 0;
        sb_f(&b, ",\"index\":%d,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"%s\"}", n, THINK_SIG);
        ant_ev(p, a, "content_block_delta", &b, 1, 0);
        ant_edge(p, a, n++, NULL);
    }
    b.n = 0;
    ant_ev(p, a, "ping", &b, 1, 0);
    if (w->text.n || w->reps || w->refusal) {
        ant_edge(p, a, n, "{\"type\":\"text\",\"text\":\"\"}");
        ant_deltas(p, a, n, "text_delta", "text", w->refusal ? w->refusal : w->text.n ? w->text.p : "");
        if (w->reps) {
            sb_f(&b, ",\"index\":%d,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}", n, w->unit);
            ant_ev(p, a, "content_block_delta", &b, w->reps, w->delay_ms);
        }
        ant_edge(p, a, n++, NULL);
    }
    for (i = 0; i < w->ncalls; i++) {
        b.n = 0;
        sb_f(&b, "{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":{}}", w->calls[i].id, w->calls[i].name);
        ant_edge(p, a, n, b.p);
        b.n = 0;
        sb_f(&b, ",\"index\":%d,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}", n);
        ant_ev(p, a, "content_block_delta", &b, 1, 0);
        ant_deltas(p, a, n, "input_json_delta", "partial_json", w->calls[i].args);
        ant_edge(p, a, n++, NULL);
    }
    b.n = 0;
    sb_f(&b, ",\"delta\":{\"stop_reason\":\"%s\",%s},\"usage\":", ant_stop(w->fin), ant_stop_tail(w->fin));
    ant_usage(&b, w, w->out);
    ant_ev(p, a, "message_delta", &b, 1, 0);
    b.n = 0;
    if (!p->no_done) ant_ev(p, a, "message_stop", &b, 1, 0);
    free(b.p);
}
static const char *gem_finish(int fin) { return fin == FIN_LENGTH ? "MAX_TOKENS" : fin == FIN_FILTER || fin == FIN_REFUSAL ? "SAFETY" : "STOP"; }

/* One GenerateContentResponse: its parts (NULL: no content at all), then the rest. */
static void gem_body(sb *b, const asked *a, const answer *w, const char *parts, int last, int out) {
    if (w->fin == FIN_BLOCKED) sb_s(b, "{\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"}");
    else {
        sb_s(b, "{\"candidates\":[{");
        if (parts) { sb_s(b, "\"content\":{\"role\":\"model\",\"parts\":["); sb_s(b, parts); sb_s(b, "]},"); }
        if (last) sb_f(b, "\"finishReason\":\"%s\",", gem_finish(w->fin));
        sb_s(b, "\"index\":0}]");
    }
    sb_f(b, ",\"usageMetadata\":{\"promptTokenCount\":%d", w->in);
    if (w->cached) sb_f(b, ",\"cachedContentTokenCount\":%d", w->cached);
    if (out) sb_f(b, ",\"candidatesTokenCount\":%d", w->out - w->reasoning);
    if (w->reasoning) sb_f(b, ",\"thoughtsTokenCount\":%d", w->reasoning);
    sb_f(b, ",\"totalTokenCount\":%d,\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":%d}]},\"modelVersion\":\"%s\",\"responseId\":\"rT%lu\"}",
         w->in + (out ? w->out : w->reasoning), w->in, a->model, serial);
}
static void gem_call(sb *b, const answer *w, int i) {
    const call *c = &w->calls[i];
    sb_s(b, "{\"functionCall\":{");
    if (c->id[0]) sb_f(b, "\"id\":\"%s\",", c->id);
    sb_f(b, "\"name\":\"%s\",\"args\":%s}", c->name, c->args);
    if (w->think && !i) sb_f(b, ",\"thoughtSignature\":\"%s\"", THINK_SIG);
    sb_s(b, "}");
}
static void gem_whole(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 }, parts = { NULL, 0, 0 };
    int i, n = 0;
    if (w->think) { sb_s(&parts, "{\"text\":"); sb_qs(&parts, w->think); sb_s(&parts, ",\"thought\":true}"); n++; }
    if (w->reps) {                                           /* too long for one string: written around it */
        sb_s(&b, "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":");
        whole_text(p, &b, w);
        sb_s(&b, "}]},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":20,\"candidatesTokenCount\":9,\"totalTokenCount\":29}}");
        plan_add(p, &b, 1, 0);
        return;
    }
    if (w->text.n || w->refusal) {
        sb_f(&parts, "%s{\"text\":", n++ ? "," : "");
        if (w->refusal) sb_qs(&parts, w->refusal); else sb_q(&parts, w->text.p, w->text.n, 0);
        if (w->think) sb_f(&parts, ",\"thoughtSignature\":\"%s\"", THINK_SIG);
        sb_s(&parts, "}");
    }
    for (i = 0; i < w->ncalls; i++) { if (n++) sb_s(&parts, ","); gem_call(&parts, w, i); }
    gem_body(&b, a, w, parts.p, 1, 1);
    plan_add(p, &b, 1, 0);
    free(parts.p);
}
static void gem_piece(plan *p, const asked *a, const answer *w, const char *parts, int last, unsigned long reps, int delay_ms) {
    sb b = { NULL, 0, 0 };
    gem_body(&b, a, w, parts, last, last);
    plan_event(p, a, NULL, &b, reps, delay_ms);
    free(b.p);
}
static void gem_texts(plan *p, const asked *a, const answer *w, const char *s, const char *tail) {
    sb b = { NULL, 0, 0 };
    size_t k, step = mouth(s);
    for (; *s; s += k) {
        k = bite(s, step);
        b.n = 0;
        sb_s(&b, "{\"text\":");
        sb_q(&b, s, k, 0);
        sb_f(&b, "%s}", tail);
        gem_piece(p, a, w, b.p, 0, 1, 0);
    }
    free(b.p);
}
static void gem_stream(plan *p, const asked *a, const answer *w) {
    sb b = { NULL, 0, 0 };
    int i;
    if (w->think) gem_texts(p, a, w, w->think, ",\"thought\":true");
    if (w->text.n || w->refusal) gem_texts(p, a, w, w->refusal ? w->refusal : w->text.p, "");
    if (w->reps) {
        sb_f(&b, "{\"text\":\"%s\"}", w->unit);
        gem_piece(p, a, w, b.p, 0, w->reps, w->delay_ms);
        b.n = 0;
    }
    for (i = 0; i < w->ncalls; i++) {
        b.n = 0;
        gem_call(&b, w, i);
        if (i < w->ncalls - 1) gem_piece(p, a, w, b.p, 0, 1, 0);
    }
    if (!w->ncalls) sb_s(&b, "{\"text\":\"\"");
    if (!w->ncalls && w->think) sb_f(&b, ",\"thoughtSignature\":\"%s\"", THINK_SIG);
    if (!w->ncalls) sb_s(&b, "}");
    gem_piece(p, a, w, w->fin == FIN_BLOCKED ? NULL : b.p, 1, 1, 0);
    if (!a->sse) { b.n = 0; sb_s(&b, "]\n"); plan_add(p, &b, 1, 0); }
    free(b.p);
}

#include "provider_four.h"

/* ------------------------------------------------------------------------------------------------ dialects */

static const struct {
    const char *name;
    void (*read)(asked *, const node *);
    void (*whole)(plan *, const asked *, const answer *);
    void (*stream)(plan *, const asked *, const answer *);
    const char *stream_type;
    int opening; /* pieces of a stream that precede the first two of a text, and these two */
    const char *count;                /* the answer to a question for the number of tokens */
    const char *head;                 /* header lines of answers */
    const char *request_id;           /* header line with the number of the answer in it */
} dialects[NDIALECTS] = {
    { "openai-chat", oai_read, oai_whole, oai_stream, "text/event-stream", 3, NULL,
      "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 99\r\nx-ratelimit-reset-requests: "
      "6m0s\r\n"
      "openai-organization: secret-org\r\nset-cookie: __cf_bm=secret; path=/never\r\n",
      "x-request-id: req_oai_%lu\r\nopenai-processing-ms: 5\r\n" },
    { "anthropic", ant_read, ant_whole, ant_stream, "text/event-stream", 5, "{\"input_tokens\":42}",
      "anthropic-ratelimit-requests-limit: 100\r\nanthropic-ratelimit-requests-remaining: 99\r\n"
      "anthropic-ratelimit-requests-reset: 2030-01-01T00:00:00Z\r\nanthropic-organization-id: secret-org\r\n",
      "request-id: req_ant_%lu\r\n" },
    { "gemini", gem_read, gem_whole, gem_stream, "text/event-stream", 2,
      "{\"totalTokens\":42,\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":42}]}", "",
      "server: scaffolding %lu\r\n" },
    { "openai-responses", rsp_read, rsp_whole, rsp_stream, "text/event-stream", 6,
      "{\"object\":\"response.input_tokens\",\"input_tokens\":42}",
      "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 99\r\nx-ratelimit-reset-requests: "
      "6m0s\r\n"
      "openai-organization: secret-org\r\nset-cookie: __cf_bm=secret; path=/never\r\n",
      "x-request-id: req_rsp_%lu\r\nopenai-processing-ms: 5\r\n" },
    { "bedrock", bed_read, bed_whole, bed_stream, "application/vnd.amazon.eventstream", 3,
      "{\"inputTokens\":42}", "", "x-amzn-RequestId: 2cc171c3-b38a-4a63-bb2f-%012lu\r\n" },
    { "cohere", coh_read, coh_whole, coh_stream, "text/event-stream", 4, NULL, "num_tokens: 29\r\n",
      "x-debug-trace-id: %032lu\r\n" },
    { "ollama", oll_read, oll_whole, oll_stream, "application/x-ndjson", 2, NULL, "",
      "x-build-time: %lu\r\n" }
};

/* What a dialect has no form for, and so no scenario of that name. */
static const struct { int dialect; const char *scenario, *why_not; } cannot[] = {
    { RSP, "no-done",    "there is no end marker but the last event" },
    { RSP, "long",       "its events repeat all text at the end" },
    { RSP, "slow",       "its events repeat all text at the end" },
    { BED, "crlf",       "its streams are binary" },
    { BED, "refusal",    "there is no word for a refusal" },
    { BED, "err-in-200", "an error has a status of its own" },
    { COH, "filter",     "no finish reason says so" },
    { COH, "refusal",    "no finish reason says so" },
    { COH, "blocked",    "no finish reason says so" },
    { COH, "err-in-200", "an error has a status of its own" },
    { OLL, "no-done",    "the last line is the end marker" },
    { OLL, "filter",     "no finish reason says so" },
    { OLL, "refusal",    "no finish reason says so" },
    { OLL, "blocked",    "no finish reason says so" },
    { OLL, "err-quota",  "nothing tells it from a rate limit" }
};
/* Why scenario `s` cannot be had, NULL when it can: `scenario` of a row stands between its dashes. */
static const char *cannot_say(int dialect, const char *s) {
    size_t i;
    for (i = 0; i < sizeof cannot / sizeof *cannot; i++) {
        const char *at = strstr(s, cannot[i].scenario), *end = at ? at + strlen(cannot[i].scenario) : NULL;
        if (cannot[i].dialect == dialect && at && (at == s || at[-1] == '-') && (!*end || *end == '-'))
            return cannot[i].why_not;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ errors */

typedef struct {
    const char *name, *message, *hint;              /* hint: seconds */
    int oai;                                        /* HTTP status; so at openai-responses */
    const char *oai_type, *oai_code;
    int ant;
    const char *ant_type;
    int gem;
    const char *gem_status;
    int bed;
    const char *bed_type;
    int coh, oll;
} failure;

static const failure failures[] = {
    { "err-400", "Invalid value for 'messages': scripted.", NULL,
      400, "invalid_request_error", "invalid_value", 400, "invalid_request_error",
      400, "INVALID_ARGUMENT", 400, "ValidationException", 400, 400 },
    { "err-400-context", NULL, NULL,
      400, "invalid_request_error", "context_length_exceeded", 400, "invalid_request_error",
      400, "INVALID_ARGUMENT", 400, "ValidationException", 400, 400 },
    { "err-401", "Incorrect API key provided: scripted.", NULL,
      401, "invalid_request_error", "invalid_api_key", 401, "authentication_error",
      400, "INVALID_ARGUMENT", 403, "UnrecognizedClientException", 401, 401 },
    { "err-403", "Not allowed: scripted.", NULL,
      403, "invalid_request_error", "unsupported_country_region_territory", 403, "permission_error",
      403, "PERMISSION_DENIED", 403, "AccessDeniedException", 403, 403 },
    { "err-404", "The model `err-404` does not exist: scripted.", NULL,
      404, "invalid_request_error", "model_not_found", 404, "not_found_error",
      404, "NOT_FOUND", 404, "ResourceNotFoundException", 404, 404 },
    { "err-408", "Timed out: scripted.", NULL,
      408, "invalid_request_error", "timeout", 408, "timeout_error",
      504, "DEADLINE_EXCEEDED", 408, "ModelTimeoutException", 504, 504 },
    { "err-413", "Request body too large: scripted.", NULL,
      413, "invalid_request_error", NULL, 413, "request_too_large",
      413, "INVALID_ARGUMENT", 413, "RequestEntityTooLargeException", 413, 413 },
    { "err-429", "Rate limit reached: scripted. Please try again in 7s.", "7",
      429, "requests", "rate_limit_exceeded", 429, "rate_limit_error",
      429, "RESOURCE_EXHAUSTED", 429, "ThrottlingException", 429, 429 },
    { "err-429-ms", "Rate limit reached: scripted.", "1.5",
      429, "tokens", "rate_limit_exceeded", 429, "rate_limit_error",
      429, "RESOURCE_EXHAUSTED", 429, "ThrottlingException", 429, 429 },
    { "err-quota", NULL, NULL,
      429, "insufficient_quota", "insufficient_quota", 400, "invalid_request_error",
      429, "RESOURCE_EXHAUSTED", 400, "ServiceQuotaExceededException", 402, 429 },
    { "err-500", "The server had an error: scripted.", NULL,
      500, "server_error", NULL, 500, "api_error",
      500, "INTERNAL", 500, "InternalServerException", 500, 500 },
    { "err-503", "The model is overloaded: scripted.", NULL,
      503, "service_unavailable_error", "server_is_overloaded", 503, "api_error",
      503, "UNAVAILABLE", 503, "ServiceUnavailableException", 503, 503 },
    { "err-504", "Deadline exceeded: scripted.", NULL,
      504, "server_error", NULL, 504, "timeout_error",
      504, "DEADLINE_EXCEEDED", 408, "ModelTimeoutException", 504, 504 },
    { "err-529", "Overloaded: scripted.", NULL,
      503, "service_unavailable_error", "server_is_overloaded", 529, "overloaded_error",
      503, "UNAVAILABLE", 503, "ServiceUnavailableException", 503, 503 }
};
static int fail_status(const failure *f, int dialect) {
    const int status[NDIALECTS] = { f->oai, f->ant, f->gem, f->oai, f->bed, f->coh, f->oll };
    return status[dialect];
}
static const char *fail_message(const failure *f, int dialect) {
    static const char *const context[NDIALECTS] = {
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
        "prompt is too long: 9000 tokens > 8192 maximum",
        "The input token count (9000) exceeds the maximum number of tokens allowed (8192).",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "Input is too long for requested model.",
        "too many tokens: total number of tokens in the prompt cannot exceed 8192 - received 9000.",
        "the input length exceeds the context length" };
    static const char *const quota[NDIALECTS] = {
        "You exceeded your current quota, please check your plan and billing details.",
        "Your credit balance is too low to access the Anthropic API.",
        "You exceeded your current quota, please check your plan and billing details.",
        "You exceeded your current quota, please check your plan and billing details.",
        "Your request exceeds the service quota for your account.",
        "Please add or update your payment method at https://dashboard.cohere.com/billing", "" };
    return f->message ? f->message : !strcmp(f->name, "err-quota") ? quota[dialect] : context[dialect];
}
static void error_body(sb *b, int dialect, const failure *f, const char *message, const char *param) {
    switch (dialect) {
    case OAI: case RSP:
        sb_s(b, "{\n  \"error\": {\n    \"message\": ");
        sb_qs(b, message);
        sb_f(b, ",\n    \"type\": \"%s\",\n    \"param\": ", f->oai_type);
        if (param && *param) sb_qs(b, param); else sb_s(b, "null");
        sb_f(b, ",\n    \"code\": %s%s%s\n  }\n}\n", f->oai_code ? "\"" : "", f->oai_code ? f->oai_code : "null", f->oai_code ? "\"" : "");
        break;
    case ANT:
        sb_f(b, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", f->ant_type);
        sb_qs(b, message);
        sb_f(b, "},\"request_id\":\"req_ant_%lu\"}", serial);
        break;
    case GEM:
        sb_f(b, "{\"error\":{\"code\":%d,\"message\":", f->gem);
        sb_qs(b, message);
        sb_f(b, ",\"status\":\"%s\"", f->gem_status);
        if (!strcmp(f->name, "err-401")) sb_s(b, ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\",\"domain\":\"googleapis.com\"}]");
        if (f->hint) sb_f(b, ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.Help\",\"links\":[]},{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"%ss\"}]", f->hint);
        if (!strcmp(f->name, "err-quota")) sb_s(b, ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":\"GenerateRequestsPerDayPerProjectPerModel-FreeTier\"}]}]");
        sb_s(b, "}}\n");
        break;
    default:
        sb_s(b, dialect == OLL ? "{\"error\":" : "{\"message\":");
        sb_qs(b, message);
        if (dialect == COH) sb_f(b, ",\"id\":\"c0de0000-0000-4000-8000-%012lu\"", serial);
        sb_s(b, "}");
    }
}
static void fail_with(plan *p, int dialect, const failure *f, const char *message, const char *param) {
    sb b = { NULL, 0, 0 };
    p->status = fail_status(f, dialect);
    p->type = "application/json";
    p->chunked = 0;
    error_body(&b, dialect, f, message, param);
    plan_add(p, &b, 1, 0);
    if (f->hint && dialect != GEM && dialect != BED && dialect != OLL) {
        if (!strcmp(f->hint, "1.5") && (dialect == OAI || dialect == RSP))
            sb_s(&p->head, "retry-after-ms: 1500\r\n");
        else sb_f(&p->head, "retry-after: %s\r\n", strchr(f->hint, '.') ? "2" : f->hint);
    }
    if (dialect == BED)
        sb_f(&p->head, "x-amzn-ErrorType: %s:http://internal.amazon.com/coral/com.amazon.bedrock/\r\n",
             f->bed_type);
    if ((dialect == OAI || dialect == RSP) && p->status == 429)
        sb_s(&p->head, "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 7s\r\n");
    if (dialect == ANT && p->status == 429) sb_s(&p->head, "anthropic-ratelimit-requests-remaining: 0\r\nanthropic-ratelimit-requests-reset: 2030-01-01T00:00:00Z\r\n");
}
/* An error in the middle of a stream, as an event of its dialect. */
static void fail_event(plan *p, const asked *a, const failure *f, const char *message) {
    sb b = { NULL, 0, 0 };
    const char *name = a->dialect == ANT || a->dialect == RSP ? "error"
                       : a->dialect == COH                    ? "message-end"
                                                              : "serviceUnavailableException";
    size_t i;
    if (a->dialect == RSP) {
        sb_f(&b, "{\"type\":\"error\",\"code\":\"%s\",\"message\":", f->oai_code);
        sb_qs(&b, message);
        sb_f(&b, ",\"param\":null,\"sequence_number\":%d}", p->npieces);
    } else if (a->dialect == COH) {
        sb_s(&b, "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":");
        sb_qs(&b, message);
        sb_s(&b, "}}");
    } else error_body(&b, a->dialect, f, message, NULL);
    while (b.n && b.p[b.n - 1] == '\n') b.n--;
    for (i = 0; i < b.n; i++) if (b.p[i] == '\n') b.p[i] = ' ';
    plan_event(p, a, a->dialect == OAI || a->dialect == GEM ? NULL : name, &b, 1, 0);
    free(b.p);
}
static const failure *failure_named(const char *name) {
    size_t i;
    for (i = 0; i < sizeof failures / sizeof *failures; i++) if (!strcmp(failures[i].name, name)) return &failures[i];
    return NULL;
}
/* Scenarios err-*; 0 when `s` is none. */
static int script_error(const char *s, const asked *a, plan *p) {
    static const char html[] = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    const failure *f = failure_named(s);
    sb b = { NULL, 0, 0 };
    if (!strcmp(s, "err-html")) {
        p->status = 502;
        p->type = "text/html";
        sb_s(&b, html);
        plan_add(p, &b, 1, 0);
        return 1;
    }
    if (!strcmp(s, "err-in-200") || (!strcmp(s, "err-in-stream") && !a->stream)) {
        if (a->dialect == RSP && !a->stream) {
            p->status = 200;
            sb_f(&b,
                 "{\"id\":\"resp_T%lu\",\"object\":\"response\",\"created_at\":1763700000,\"status\":"
                 "\"failed\",\"error\":{\"code\":"
                 "\"server_error\",\"message\":\"Overloaded inside a "
                 "200.\"},\"incomplete_details\":null,\"model\":\"%s\",\"output\":[],"
                 "\"usage\":null}",
                 serial, a->model);
            plan_add(p, &b, 1, 0);
            return 1;
        }
        fail_with(p, a->dialect, failure_named("err-529"), "Overloaded inside a 200.", NULL);
        p->status = 200;
        return 1;
    }
    if (!strcmp(s, "err-in-stream")) {
        answer w;
        memset(&w, 0, sizeof w);
        sb_s(&w.text, "Hello from");
        w.in = 20;
        dialects[a->dialect].stream(p, a, &w);
        while (p->npieces > dialects[a->dialect].opening)
            free(p->pieces[--p->npieces].p); /* the start and the text, not the end */
        fail_event(p, a, failure_named("err-529"), "Overloaded in the stream.");
        if (a->dialect == GEM && !a->sse) { b.n = 0; sb_s(&b, "]"); plan_add(p, &b, 1, 0); }
        free(w.text.p);
        return 1;
    }
    if (!f) return 0;
    fail_with(p, a->dialect, f, fail_message(f, a->dialect), !strcmp(s, "err-400") ? "messages" : NULL);
    return 1;
}

/* ------------------------------------------------------------------------------------------------ connections */

enum { C_FREE, C_READ, C_WRITE };
typedef struct {
    int fd, state, piece, control, closing, ended;
    unsigned long id, rep, requests;
    sb in, out;
    size_t sent, body_sent, total, head_n;
    unsigned long long due;                               /* when the next piece may go, ms */
    plan plan;
    char model[256];
} conn;

typedef struct { char *json; } record;

static conn conns[MAX_CONNS];
static record records[KEEP];
static unsigned long nrecords, nconns, nclosed, nrequests;
static sb closed_log;
static const char *api_key = STATE_KEY_DEFAULT;

static unsigned long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long long)t.tv_sec * 1000 + (unsigned long long)t.tv_nsec / 1000000;
}
static void plan_free(plan *p) {
    int i;
    for (i = 0; i < p->npieces; i++) free(p->pieces[i].p);
    free(p->head.p);
    memset(p, 0, sizeof *p);
}
static void conn_close(conn *c, int reset) {
    if (reset) {
        struct linger l = { 1, 0 };
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    }
    close(c->fd);
    plan_free(&c->plan);
    free(c->in.p);
    free(c->out.p);
    memset(c, 0, sizeof *c);
}
/* The peer closed or reset: say in which phase, then forget the connection. */
static void conn_gone(conn *c, int reset) {
    const char *phase = c->state == C_READ ? c->in.n ? "request" : "idle" : c->plan.hang_head ? "waiting" : c->body_sent ? "body" : "head";
    if (!c->control && (c->requests || c->in.n)) {
        sb_f(&closed_log, "%s{\"conn\":%lu,\"phase\":\"%s\",\"reset\":%s,\"model\":", closed_log.n ? "," : "", c->id, phase, reset ? "true" : "false");
        sb_qs(&closed_log, c->model);
        sb_f(&closed_log, ",\"body_sent\":%lu}", (unsigned long)c->body_sent);
        nclosed++;
    }
    conn_close(c, 0);
}

typedef struct { char name[64]; char *value; } header;
typedef struct { char method[16], target[2048]; header h[64]; int n; char *body; size_t body_n; } request;

static const char *head_of(const request *r, const char *name) {
    int i;
    for (i = 0; i < r->n; i++) if (!strcmp(r->h[i].name, name)) return r->h[i].value;
    return NULL;
}
static void record_put(const request *r, unsigned long conn_id) {
    sb b = { NULL, 0, 0 };
    int i;
    sb_f(&b, "{\"conn\":%lu,\"method\":\"%s\",\"path\":", conn_id, r->method);
    sb_qs(&b, r->target);
    sb_s(&b, ",\"headers\":{");
    for (i = 0; i < r->n; i++) {
        sb_s(&b, i ? "," : "");
        sb_qs(&b, r->h[i].name);
        sb_s(&b, ":");
        sb_qs(&b, r->h[i].value);
    }
    sb_s(&b, "},\"body\":");
    sb_q(&b, r->body, r->body_n < 200000 ? r->body_n : 200000, 0);
    sb_s(&b, "}");
    free(records[nrecords % KEEP].json);
    records[nrecords++ % KEEP].json = b.p;
}
static void control(const request *r, plan *p) {
    sb b = { NULL, 0, 0 };
    int i, open = 0;
    p->type = "application/json";
    p->status = 200;
    if (!strcmp(r->target, "/state")) {
        for (i = 0; i < MAX_CONNS; i++) open += conns[i].state != C_FREE && !conns[i].control && (conns[i].requests || conns[i].in.n);
        sb_f(&b, "{\"open\":%d,\"connections\":%lu,\"requests\":%lu,\"closed_by_peer\":%lu,\"closed\":[", open, nconns, nrequests, nclosed);
        sb_put(&b, closed_log.p, closed_log.n);
        sb_s(&b, "],\"streams\":[");
        for (i = 0; i < MAX_CONNS; i++)
            if (conns[i].state == C_WRITE && !conns[i].control)
                sb_f(&b, "%s{\"conn\":%lu,\"body_sent\":%lu}", b.p[b.n - 1] == '[' ? "" : ",", conns[i].id, (unsigned long)conns[i].body_sent);
        sb_s(&b, "]}");
    } else if (!strcmp(r->target, "/cannot")) {
        size_t k;
        for (k = 0; k < sizeof cannot / sizeof *cannot; k++)
            sb_f(&b, "%s[\"%s\",\"%s\",\"%s\"]", k ? "," : "[", dialects[cannot[k].dialect].name,
                 cannot[k].scenario, cannot[k].why_not);
        sb_s(&b, "]");
    } else if (!strcmp(r->target, "/reset")) {
        for (i = 0; i < KEEP; i++) { free(records[i].json); records[i].json = NULL; }
        nrecords = nclosed = nconns = nrequests = 0;
        closed_log.n = 0;
        sb_s(&b, "{}");
    } else {
        const char *q = strstr(r->target, "?n=");
        unsigned long n = q ? strtoul(q + 3, NULL, 10) : 1, k;
        sb_s(&b, "[");
        for (k = 0; k < n && k < nrecords && k < KEEP; k++) { sb_s(&b, k ? "," : ""); sb_s(&b, records[(nrecords - 1 - k) % KEEP].json); }
        sb_s(&b, "]");
    }
    plan_add(p, &b, 1, 0);
}

static int hex2(const char *p) {
    char c[3];
    c[0] = p[0];
    c[1] = p[0] ? p[1] : 0;
    c[2] = 0;
    return isxdigit((unsigned char)c[0]) && isxdigit((unsigned char)c[1]) ? (int)strtoul(c, NULL, 16) : -1;
}
/* Fills dialect, what is asked for, and the model where it is in the path. 0 when no such route. */
static int route(const request *r, asked *a) {
    static const struct { const char *path; int dialect, count, embed;
    } fixed[] = { { "/v1/chat/completions", OAI, 0, 0 },
                  { "/v1/embeddings", OAI, 0, 1 },
                  { "/v1/messages", ANT, 0, 0 },
                  { "/v1/messages/count_tokens", ANT, 1, 0 },
                  { "/v1/responses", RSP, 0, 0 },
                  { "/v1/responses/input_tokens", RSP, 1, 0 },
                  { "/v2/chat", COH, 0, 0 },
                  { "/v2/embed", COH, 0, 1 },
                  { "/api/chat", OLL, 0, 0 },
                  { "/api/embed", OLL, 0, 1 } };
    static const struct { int dialect; const char *method; int stream, count, embed, batch;
    } methods[] = { { GEM, "generateContent", 0, 0, 0, 0 },
                    { GEM, "streamGenerateContent", 1, 0, 0, 0 },
                    { GEM, "countTokens", 0, 1, 0, 0 },
                    { GEM, "embedContent", 0, 0, 1, 0 },
                    { GEM, "batchEmbedContents", 0, 0, 1, 1 },
                    { BED, "converse", 0, 0, 0, 0 },
                    { BED, "converse-stream", 1, 0, 0, 0 },
                    { BED, "count-tokens", 0, 1, 0, 0 },
                    { BED, "invoke", 0, 0, 1, 0 } };
    const char *t = r->target, *m, *last;
    char path[2048], *q, *query = (char *)(uintptr_t)"";
    size_t i, n = 0;
    snprintf(path, sizeof path, "%s", t);
    if ((q = strchr(path, '?')) != NULL) { *q = 0; query = q + 1; }
    for (i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!strcmp(path, fixed[i].path)) {
            a->dialect = fixed[i].dialect;
            a->count = fixed[i].count;
            a->embed = fixed[i].embed;
            return 1;
        }
    a->dialect = !strncmp(path, "/model/", 7) ? BED : GEM;
    m = a->dialect == BED                       ? path + 7
        : !strncmp(path, "/v1beta/models/", 15) ? path + 15
        : !strncmp(path, "/v1/models/", 11)     ? path + 11
                                                : NULL;
    if (!m || !(last = strrchr(m, a->dialect == BED ? '/' : ':'))) { a->dialect = OAI; return 0; }
    for (; m < last && n + 1 < sizeof a->model; m++) {
        int c = *m == '%' ? hex2(m + 1) : -1;
        want(a->dialect != BED || *m == '%' || isalnum((unsigned char)*m) || strchr("-._~", *m), "modelId",
             "a byte of the model's id is not escaped: %s", t);
        a->model[n++] = (char)(c >= 0 ? c : *m);
        if (c >= 0) m += 2;
    }
    a->model[n] = 0;
    for (i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].dialect == a->dialect && !strcmp(last + 1, methods[i].method)) {
            a->stream = methods[i].stream;
            a->count = methods[i].count;
            a->embed = methods[i].embed;
            a->batch = methods[i].batch;
            a->sse = a->stream && strstr(query, "alt=sse") != NULL;
            return 1;
        }
    return 0;
}
/* An AWS signature by the key's name, whole in form; its value is not computed here (tests/test_auth.c does that). */
static int signed_by(const request *r, const char *key) {
    const char *v = head_of(r, "authorization"), *sig = v ? strstr(v, "Signature=") : NULL,
               *names = v ? strstr(v, "SignedHeaders=") : NULL;
    char start[160];
    snprintf(start, sizeof start, "AWS4-HMAC-SHA256 Credential=%s/", key);
    return v && !strncmp(v, start, strlen(start)) && strstr(v, "/bedrock/aws4_request, ") && names &&
           strstr(names, "host") && strstr(names, "x-amz-date") && head_of(r, "x-amz-date") && sig &&
           strspn(sig + 10, "0123456789abcdef") == 64;
}
/* The right credential in the right place, and no other; 0 with a complaint in why when the request must not leave like this. */
static int auth(const request *r, const asked *a) {
    const char *bearer = head_of(r, "authorization"), *x = head_of(r, "x-api-key"), *g = head_of(r, "x-goog-api-key"), *have;
    int i, j;
    for (i = 0; i < r->n; i++) {
        want(strncmp(r->h[i].name, "x-aigw-", 7) != 0, r->h[i].name, "header %s must not leave the gateway", r->h[i].name);
        for (j = i + 1; j < r->n; j++) want(strcmp(r->h[i].name, r->h[j].name) != 0, r->h[i].name, "header %s is there twice", r->h[i].name);
    }
    want(head_of(r, "host") != NULL, "host", "no Host header");
    want(!head_of(r, "cookie"), "cookie", "Cookie must not be sent to a provider");
    want(!(head_of(r, "content-length") && head_of(r, "transfer-encoding")), "content-length", "both Content-Length and Transfer-Encoding");
    want(!strstr(r->target, "key="), "key", "a key in the URL");
    if (a->dialect != ANT && a->dialect != GEM)
        want(!x && !g && !head_of(r, "anthropic-version"), "headers", "headers of another dialect");
    if (a->dialect == ANT) want(!g && !(x && bearer), "headers", "exactly one credential, in Anthropic's form");
    if (a->dialect == GEM) want(!x && !bearer && !head_of(r, "anthropic-version"), "headers", "headers of another dialect");
    have = a->dialect == GEM ? g : a->dialect == ANT && x ? x : bearer;
    if (a->dialect == BED && have && !strncmp(have, "AWS4-", 5)) return signed_by(r, api_key);
    if (have && have == bearer) have = !strncasecmp(bearer, "Bearer ", 7) ? bearer + 7 : "";
    return have && !strcmp(have, api_key);
}
static void models(const request *r, plan *p) {
    sb b = { NULL, 0, 0 };
    p->status = 200;
    p->type = "application/json";
    if (!strcmp(r->target, "/api/tags"))
        sb_s(&b, "{\"models\":[{\"name\":\"text\",\"model\":\"text\",\"modified_at\":\"2026-08-07T06:08:"
                 "23Z\",\"size\":1,\"digest\":\"00\","
                 "\"details\":{\"format\":\"gguf\",\"family\":\"test\",\"parameter_size\":\"1B\","
                 "\"quantization_level\":\"Q4_0\"}}]}");
    else if (!strncmp(r->target, "/v1beta/", 8) || head_of(r, "x-goog-api-key"))
        sb_s(&b, "{\"models\":[{\"name\":\"models/text\",\"version\":\"1\",\"displayName\":\"Text\",\"inputTokenLimit\":8192,\"outputTokenLimit\":4096,"
             "\"supportedGenerationMethods\":[\"generateContent\"]}]}");
    else if (head_of(r, "anthropic-version"))
        sb_s(&b, "{\"data\":[{\"type\":\"model\",\"id\":\"text\",\"display_name\":\"Text\",\"created_at\":\"2026-01-01T00:00:00Z\"}],\"has_more\":false,"
             "\"first_id\":\"text\",\"last_id\":\"text\"}");
    else sb_s(&b, "{\"object\":\"list\",\"data\":[{\"id\":\"text\",\"object\":\"model\",\"created\":1763700000,\"owned_by\":\"test\"}]}");
    plan_add(p, &b, 1, 0);
}
static void answer_to(const asked *a, plan *p) {
    const char *vendor = strstr(a->model, "claude-"), *base = modifiers(vendor ? vendor + 7 : a->model, p);
    const char *no = cannot_say(a->dialect, a->model);
    answer w;
    sb b = { NULL, 0, 0 };
    memset(&w, 0, sizeof w);
    p->status = 200;
    p->type =
        a->stream && (a->sse || a->dialect != GEM) ? dialects[a->dialect].stream_type : "application/json";
    p->chunked = a->stream;
    sb_s(&p->head, dialects[a->dialect].head);
    if (no) {
        snprintf(why, sizeof why, "%s cannot be had here: %s", a->model, no);
        fail_with(p, a->dialect, failure_named("err-500"), why, NULL);
        p->status = 501;
        why[0] = 0;
        return;
    }
    if (!strncmp(base, "err-", 4)) {
        if (script_error(base, a, p)) return;
    } else if (!strcmp(base, "garbage")) {
        sb_s(&b, "<<{not json");
        if (a->stream && (a->sse || a->dialect == BED)) {
            plan_event(p, a, a->dialect == BED ? "messageStart" : NULL, &b, 1, 0);
            free(b.p);
        } else plan_add(p, &b, 1, 0);
        return;
    } else if (a->embed) { embed_write(p, a); return; }
    else if (a->count && dialects[a->dialect].count) {
        sb_s(&b, dialects[a->dialect].count);
        plan_add(p, &b, 1, 0);
        return;
    } else if (script(base, a, p, &w)) {
        if (!why[0]) (a->stream ? dialects[a->dialect].stream : dialects[a->dialect].whole)(p, a, &w);
        free(w.text.p);
        return;
    }
    snprintf(why, sizeof why, "The model `%s` does not exist or you do not have access to it.", a->model);
    fail_with(p, a->dialect, failure_named("err-404"), why, NULL);
    why[0] = 0;
}
/* Video tasks as Ark has them: POST creates one and says its id; GET /ID tells queued, running, succeeded, one after another; DELETE forgets it. */
static void tasks(const request *r, plan *p) {
    static struct { char id[32]; int polled, there; } all[16];
    static const char *const states[] = { "queued", "running", "succeeded" };
    static unsigned long made;
    const char *key = head_of(r, "authorization"), *id = r->target + 30 + (r->target[30] == '/');
    sb b = { NULL, 0, 0 };
    int i = 0;
    p->type = "application/json";
    p->status = 200;
    if (!key || strncmp(key, "Bearer ", 7) || strcmp(key + 7, api_key)) { fail_with(p, OAI, failure_named("err-401"), "Incorrect API key provided.", NULL); return; }
    while (i < 16 && (!all[i].there || strcmp(all[i].id, id))) i++;
    if (!*id && !strcmp(r->method, "POST")) {
        i = (int)(made % 16);
        snprintf(all[i].id, sizeof all[i].id, "cgt-%lu", ++made);
        all[i].there = 1;
        all[i].polled = 0;
        sb_f(&b, "{\"id\":\"%s\"}", all[i].id);
    } else if (i == 16) { fail_with(p, OAI, failure_named("err-404"), "task not found", NULL); return; }
    else if (!strcmp(r->method, "DELETE")) { all[i].there = 0; sb_s(&b, "{}"); }
    else {
        const int at = all[i].polled < 2 ? all[i].polled++ : 2;
        sb_f(&b, "{\"id\":\"%s\",\"status\":\"%s\"%s}", all[i].id, states[at], at == 2 ? ",\"content\":{\"video_url\":\"https://cdn.example/v.mp4\"}" : "");
    }
    plan_add(p, &b, 1, 0);
}
static void serve(conn *c, request *r) {
    asked a;
    node *body;
    const char *err, *version = head_of(r, "anthropic-version"), *ctype = head_of(r, "content-type");
    size_t at;
    plan *p = &c->plan;
    memset(&a, 0, sizeof a);
    memset(p, 0, sizeof *p);
    why[0] = why_param[0] = 0;
    c->control = !strcmp(r->target, "/state") || !strcmp(r->target, "/reset") ||
                 !strncmp(r->target, "/last", 5) || !strcmp(r->target, "/cannot");
    if (c->control) { control(r, p); return; }
    serial++;
    nrequests++;
    c->requests++;
    record_put(r, c->id);
    c->model[0] = 0;
    if (!strcmp(r->method, "GET") &&
        (!strncmp(r->target, "/v1/models", 10) || !strncmp(r->target, "/v1beta/models", 14) ||
         !strcmp(r->target, "/api/tags"))) {
        models(r, p);
        return;
    }
    if (!strncmp(r->target, "/v1/contents/generations/tasks", 30)) { tasks(r, p); return; }
    if (!route(r, &a) || strcmp(r->method, "POST")) { fail_with(p, a.dialect, failure_named("err-404"), "Invalid URL", NULL); return; }
    sb_f(&p->head, dialects[a.dialect].request_id, serial);
    if (!auth(r, &a) && !why[0]) { fail_with(p, a.dialect, failure_named("err-401"), "Incorrect API key provided.", NULL); return; }
    want(ctype ? !strncasecmp(ctype, "application/json", 16) : a.dialect == BED && a.embed, "content-type",
         "Content-Type must be application/json");
    if (a.dialect == ANT) {
        want(version && listed(version, "2023-06-01 2026-10-21"), "anthropic-version", "anthropic-version: \"%s\" is not a valid version", version ? version : "");
        a.beta = head_of(r, "anthropic-beta") != NULL;
        a.v2026 = version && !strcmp(version, "2026-10-21");
    }
    body = j_parse(r->body, r->body_n, &err, &at);
    if (!body) want(0, "body", "Invalid JSON at byte %lu: %s", (unsigned long)at, err);
    else if (a.embed) embed_read(&a, body);
    else dialects[a.dialect].read(&a, body);
    snprintf(c->model, sizeof c->model, "%s", a.model);
    if (!why[0]) answer_to(&a, p);
    if (why[0]) {
        while (p->npieces) free(p->pieces[--p->npieces].p);
        fail_with(p, a.dialect, failure_named("err-400"), why, why_param);
        p->end = END_OK;
        p->closing = p->wrong_length = p->bytewise = p->hang_head = 0;
        fprintf(stderr, "provider: 400 %s: %s\n", r->target, why);
    }
    free(a.system.p); free(a.user.p); free(a.media.p); free(a.results.p); free(a.kept.p);
}
static const char *reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 429: return "Too Many Requests";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    default: return status < 500 ? "Refused" : "Server Error";
    }
}
static void begin(conn *c) {
    plan *p = &c->plan;
    size_t total = 0;
    int i;
    for (i = 0; i < p->npieces; i++) total += p->pieces[i].n * p->pieces[i].reps;
    c->total = p->end == END_EOF && p->end_at < total ? p->end_at : total;
    c->state = C_WRITE;
    c->piece = 0;
    c->rep = 0;
    c->ended = 0;
    c->body_sent = 0;
    c->sent = c->out.n = 0;
    c->due = 0;
    if (p->closing) { p->chunked = 0; c->closing = 1; }
    if (p->hang_head) return;
    sb_f(&c->out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\n", p->status, reason(p->status), p->type);
    sb_put(&c->out, p->head.p, p->head.n);
    if (p->chunked) sb_s(&c->out, "Transfer-Encoding: chunked\r\n");
    else if (!p->closing) sb_f(&c->out, "Content-Length: %lu\r\n", (unsigned long)(p->wrong_length ? c->total + 50 : c->total));
    if (p->wrong_length) c->closing = 1;
    sb_s(&c->out, c->closing ? "Connection: close\r\n\r\n" : "\r\n");
    c->head_n = c->out.n;
}
static void chunk_put(conn *c, const char *p, size_t n, size_t whole) {      /* `whole` > n: the chunk is announced, but breaks off */
    plan *pl = &c->plan;
    size_t i, step = pl->bytewise ? 1 : n;
    for (i = 0; i < n; i += step) {
        if (pl->chunked) sb_f(&c->out, "%lx%s\r\n", (unsigned long)(pl->bytewise ? 1 : whole), i % 3 ? "" : ";x=y");
        sb_put(&c->out, p + i, step);
        if (pl->chunked && (pl->bytewise || whole == n)) sb_s(&c->out, "\r\n");
    }
    c->body_sent += n;
}
/* Put the next piece into the output. */
static void produce(conn *c) {
    plan *p = &c->plan;
    while (!c->ended && c->out.n - c->sent < 65536 && now_ms() >= c->due) {
        piece *q = c->piece < p->npieces ? &p->pieces[c->piece] : NULL;
        size_t n;
        if (p->end == END_HANG && c->body_sent >= p->end_at) return;
        if ((p->end == END_CUT || p->end == END_RESET) && c->body_sent >= p->end_at) { c->ended = 1; c->closing = 1; return; }
        if (!q || (p->end == END_EOF && c->body_sent >= p->end_at)) {
            if (p->chunked && !p->wrong_length) sb_s(&c->out, "0\r\n\r\n");
            c->ended = 1;
            return;
        }
        n = q->n;
        if (p->end != END_OK && n > p->end_at - c->body_sent) n = p->end_at - c->body_sent;
        chunk_put(c, q->p, n, p->end == END_EOF ? n : q->n);
        if (q->delay_ms) c->due = now_ms() + (unsigned long long)q->delay_ms;
        if (++c->rep >= q->reps) { c->rep = 0; c->piece++; }
    }
}
static void try_request(conn *c);

static void pump(conn *c) {
    for (;;) {
        if (c->state != C_WRITE || c->plan.hang_head) return;
        produce(c);
        if (c->sent == c->out.n) {
            c->sent = c->out.n = 0;
            if (!c->ended) return;
            if (c->closing || c->plan.end == END_CUT || c->plan.end == END_RESET) { conn_close(c, c->plan.end == END_RESET); return; }
            plan_free(&c->plan);
            c->state = C_READ;
            c->control = 0;
            try_request(c);
            continue;
        }
        {
            ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
            if (n < 0) {
                if (errno != EAGAIN && errno != EINTR) conn_gone(c, errno == ECONNRESET);
                return;
            }
            c->sent += (size_t)n;
            if (c->sent > 65536) {
                c->out.n -= c->sent;
                memmove(c->out.p, c->out.p + c->sent, c->out.n);
                c->sent = 0;
            }
        }
    }
}
/* A request that cannot be read as HTTP: the tests must see it. */
static void bad_http(conn *c, const char *text) {
    sb b = { NULL, 0, 0 };
    fprintf(stderr, "provider: bad HTTP: %s\n", text);
    memset(&c->plan, 0, sizeof c->plan);
    c->plan.status = 400;
    c->plan.type = "text/plain";
    sb_s(&b, text);
    plan_add(&c->plan, &b, 1, 0);
    c->closing = 1;
    c->requests++;
    c->in.n = 0;
    begin(c);
}
/* Length of the chunked body at p, its decoded bytes put into `out`; 0 incomplete, -1 malformed. */
static long unchunk(const char *p, size_t n, sb *out) {
    size_t at = 0;
    out->n = 0;
    for (;;) {
        const char *eol = (const char *)memchr(p + at, '\n', n - at);
        char *end;
        unsigned long size;
        if (!eol) return 0;
        size = strtoul(p + at, &end, 16);
        if (end == p + at || (*end != '\r' && *end != ';') || size > MAX_BODY) return -1;
        at = (size_t)(eol - p) + 1;
        if (n - at < size + 2) return 0;
        sb_put(out, p + at, size);
        at += size;
        if (p[at] != '\r' || p[at + 1] != '\n') return -1;
        at += 2;
        if (!size) return (long)at;
    }
}
static void try_request(conn *c) {
    static request r;
    char *end, *line, *eol, *save;
    size_t head_n;
    long used;
    const char *len;
    sb body = { NULL, 0, 0 };
    if (c->state != C_READ || !c->in.n) return;
    if (!(end = (char *)memmem(c->in.p, c->in.n, "\r\n\r\n", 4))) {
        if (c->in.n > 65536) bad_http(c, "head too long");
        return;
    }
    head_n = (size_t)(end - c->in.p) + 4;
    line = save = strndup(c->in.p, head_n - 2);
    memset(&r, 0, sizeof r);
    if (!(eol = strstr(line, "\r\n")) || sscanf(line, "%15s %2047s", r.method, r.target) != 2 || !strstr(line, " HTTP/1.1\r\n")) { bad_http(c, "bad request line"); free(save); return; }
    for (line = eol + 2; *line && (eol = strstr(line, "\r\n")) != NULL && r.n < 64; line = eol + 2) {
        char *colon = (char *)memchr(line, ':', (size_t)(eol - line));
        size_t i;
        *eol = 0;
        if (!colon || colon == line || colon[-1] == ' ' || colon - line > 60) { bad_http(c, "bad header line"); free(save); return; }
        for (i = 0; line + i < colon; i++) r.h[r.n].name[i] = (char)tolower((unsigned char)line[i]);
        r.h[r.n].value = colon + 1 + strspn(colon + 1, " \t");
        r.n++;
    }
    len = head_of(&r, "content-length");
    if (head_of(&r, "transfer-encoding")) {
        used = unchunk(c->in.p + head_n, c->in.n - head_n, &body);
        if (used < 0) { bad_http(c, "bad chunked body"); free(save); free(body.p); return; }
    } else {
        char *tail = NULL;
        unsigned long n = len ? strtoul(len, &tail, 10) : 0;
        if (n > MAX_BODY || (len && (tail == len || *tail))) { bad_http(c, "bad content-length"); free(save); return; }
        used = c->in.n - head_n < n ? 0 : (long)n;
        if (n && used) sb_put(&body, c->in.p + head_n, n);
        if (!n) used = -2;                                    /* no body: complete */
    }
    if (!used) { free(save); free(body.p); return; }
    if (used == -2) used = 0;
    r.body = body.p ? body.p : (char *)(uintptr_t)"";
    r.body_n = body.n;
    c->closing = head_of(&r, "connection") && !strcasecmp(head_of(&r, "connection"), "close");
    serve(c, &r);
    take_reset();
    free(save);
    free(body.p);
    c->in.n -= head_n + (size_t)used;
    memmove(c->in.p, c->in.p + head_n + (size_t)used, c->in.n);
    begin(c);
}
static void readable(conn *c) {
    char buf[65536];
    ssize_t n = recv(c->fd, buf, sizeof buf, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) { conn_gone(c, n < 0); return; }
    sb_put(&c->in, buf, (size_t)n);
    try_request(c);
    pump(c);
}
static void accept_one(int listener) {
    int fd = accept(listener, NULL, NULL), i, one = 1;
    if (fd < 0) return;
    for (i = 0; i < MAX_CONNS && conns[i].state != C_FREE; i++) { }
    if (i == MAX_CONNS) { close(fd); return; }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    memset(&conns[i], 0, sizeof conns[i]);
    conns[i].fd = fd;
    conns[i].state = C_READ;
    conns[i].id = ++nconns;
}
static int wait_ms(unsigned long long until) {
    unsigned long long t = now_ms(), due = until;
    int i;
    for (i = 0; i < MAX_CONNS; i++)
        if (conns[i].state == C_WRITE && !conns[i].ended && !conns[i].plan.hang_head && conns[i].due > t && conns[i].due < due) due = conns[i].due;
    return (int)(due > t ? due - t : 0);
}
int main(int argc, char **argv) {
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    unsigned long long until;
    int listener = socket(AF_INET, SOCK_STREAM, 0), i, life = 600, port = 0, one = 1;
    memset(&addr, 0, sizeof addr);
    for (i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--key")) api_key = argv[i + 1];
        else if (!strcmp(argv[i], "--life")) life = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
        else break;
    }
    if (i < argc) { fprintf(stderr, "usage: provider [--key KEY] [--life SECONDS] [--port PORT]\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons((unsigned short)port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof addr) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&addr, &len)) { perror("provider"); return 1; }
    printf("listening %d\n", ntohs(addr.sin_port));
    fflush(stdout);
    until = now_ms() + (unsigned long long)life * 1000;         /* an orphan ends by itself */
    while (now_ms() < until) {
        struct pollfd p[MAX_CONNS + 1];
        int which[MAX_CONNS + 1], n = 1, k;
        p[0].fd = listener;
        p[0].events = POLLIN;
        for (i = 0; i < MAX_CONNS; i++) {
            conn *c = &conns[i];
            if (c->state == C_FREE) continue;
            p[n].fd = c->fd;
            p[n].events = POLLIN;
            if (c->state == C_WRITE && !c->plan.hang_head && c->out.n > c->sent) p[n].events |= POLLOUT;
            p[n].revents = 0;
            which[n++] = i;
        }
        if (poll(p, (nfds_t)n, wait_ms(until)) < 0 && errno != EINTR) break;
        for (k = 1; k < n; k++) {
            conn *c = &conns[which[k]];
            if (p[k].revents & (POLLIN | POLLHUP | POLLERR)) readable(c);
            if (c->state == C_WRITE) pump(c);
        }
        if (p[0].revents & POLLIN) accept_one(listener);
    }
    return 0;
}
