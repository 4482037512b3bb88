/* SPDX-License-Identifier: MIT OR Unlicense */
/* foreign.h: the tests' own JSON tree, SSE splitter and per-dialect folds. It includes nothing of aigw and shares no code with it, so it
 * can be an oracle: written from RFC 8259, the WHATWG event stream grammar and wire-formats sections 2.7, 3.5, 6.8, 7.7, 10.4, 11, 15.3, 24.1.
 *
 *     f_json *t = f_parse(p, n, &why);                      tree of one JSON text, NULL and a reason when it is not valid
 *     f_get(t, "choices[0].message.content")                member or element; NULL when it is not there
 *     f_fold f = f_fold_openai(p, n);                       a whole event stream -> the whole answer it means, in the same dialect's
 *     f_get(f.whole, "choices[0].message.tool_calls")       whole form; f.finish, f.done, f.errors count what ended it; f.bad says
 *                                                           what breaks the dialect's grammar
 *     f_free();                                             gives all memory back (trees, folds and strings die together)
 *
 * Strings are decoded to UTF-8; a lone surrogate becomes U+FFFD, and text that is not valid UTF-8 is refused. */
#ifndef FOREIGN_H
#define FOREIGN_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: blocks in one list, freed together ---- */
typedef struct f_block { struct f_block *next; } f_block;
static f_block *f_blocks;

static inline void *f_alloc(size_t n) {
    f_block *b = (f_block *)calloc(1, sizeof *b + n + 1);
    if (!b) { fprintf(stderr, "foreign.h: out of memory\n"); exit(2); }
    b->next = f_blocks;
    f_blocks = b;
    return b + 1;
}
static inline void f_free(void) {
    while (f_blocks) { f_block *b = f_blocks; f_blocks = b->next; free(b); }
}

/* A growing string; s is always NUL-terminated. */
typedef struct { char *s; size_t n, cap; } f_str;

static inline void f_put(f_str *b, const char *p, size_t n) {
    if (b->n + n + 1 > b->cap) {
        size_t cap = (b->n + n + 1) * 2;
        char *s = (char *)f_alloc(cap);
        if (b->n) memcpy(s, b->s, b->n);
        b->s = s;
        b->cap = cap;
    }
    if (n) memcpy(b->s + b->n, p, n);
    b->n += n;
    b->s[b->n] = 0;
}
static inline void f_puts(f_str *b, const char *s) { f_put(b, s, strlen(s)); }

/* ---- JSON tree ---- */
typedef struct f_json {
    char type;                  /* 'n' null, 't' true, 'f' false, '#' number, 's' string, 'a' array, 'o' object */
    char *s;                    /* string: decoded, NUL-terminated (n counts); number: its text */
    size_t n;                   /* bytes of s; array, object: number of members */
    char *key;                  /* of a member, decoded */
    struct f_json *kid, *last;  /* first and last element or member */
    struct f_json *next;
} f_json;

static inline f_json *f_new(char type) {
    f_json *j = (f_json *)f_alloc(sizeof *j);
    j->type = type;
    return j;
}
static inline f_json *f_string(const char *p, size_t n) {
    f_json *j = f_new('s');
    j->s = (char *)f_alloc(n + 1);
    if (n) memcpy(j->s, p, n);
    j->n = n;
    return j;
}
static inline f_json *f_number(long v) {
    f_json *j = f_new('#');
    char t[32];
    j->n = (size_t)sprintf(t, "%ld", v);
    j->s = (char *)f_alloc(j->n + 1);
    memcpy(j->s, t, j->n);
    return j;
}
static inline void f_add(f_json *to, f_json *j) {
    j->next = NULL;
    if (to->last) to->last->next = j; else to->kid = j;
    to->last = j;
    to->n++;
}
static inline f_json *f_copy(const f_json *j) {
    f_json *c = f_new(j->type), *k;
    c->s = j->s;
    for (k = j->kid; k; k = k->next) { f_json *d = f_copy(k); d->key = k->key; f_add(c, d); }
    c->n = j->n;
    return c;
}
/* The last member with this name wins, as in all SDK parsers. */
static inline f_json *f_member(const f_json *o, const char *key) {
    f_json *j, *found = NULL;
    if (!o || o->type != 'o') return NULL;
    for (j = o->kid; j; j = j->next)
        if (!strcmp(j->key, key)) found = j;
    return found;
}
/* Put or replace a member; j is linked in, not copied. */
static inline f_json *f_set(f_json *o, const char *key, f_json *j) {
    f_json *k, *prev = NULL;
    char *name = (char *)f_alloc(strlen(key) + 1);
    strcpy(name, key);
    j->key = name;
    for (k = o->kid; k; prev = k, k = k->next) {
        if (strcmp(k->key, key)) continue;
        j->next = k->next;
        if (prev) prev->next = j; else o->kid = j;
        if (o->last == k) o->last = j;
        return j;
    }
    f_add(o, j);
    return j;
}
static inline f_json *f_at(const f_json *a, size_t i) {
    f_json *j;
    if (!a || a->type != 'a') return NULL;
    for (j = a->kid; j && i; j = j->next) i--;
    return j;
}
static inline int f_is(const f_json *j, const char *s) { return j && j->type == 's' && j->n == strlen(s) && !memcmp(j->s, s, j->n); }
static inline int f_null(const f_json *j) { return !j || j->type == 'n'; }

typedef struct { const char *p, *end; const char *why; int depth; } f_in;

static inline int f_bad(f_in *in, const char *why) {
    if (!in->why) in->why = why;
    return 0;
}
static inline void f_space(f_in *in) {
    while (in->p < in->end && (*in->p == ' ' || *in->p == '\t' || *in->p == '\n' || *in->p == '\r')) in->p++;
}
static inline void f_utf8(f_str *b, unsigned long c) {
    char u[4];
    size_t n;
    if (c < 0x80) { u[0] = (char)c; n = 1; }
    else if (c < 0x800) { u[0] = (char)(0xC0 | c >> 6); u[1] = (char)(0x80 | (c & 63)); n = 2; }
    else if (c < 0x10000) { u[0] = (char)(0xE0 | c >> 12); u[1] = (char)(0x80 | (c >> 6 & 63)); u[2] = (char)(0x80 | (c & 63)); n = 3; }
    else { u[0] = (char)(0xF0 | c >> 18); u[1] = (char)(0x80 | (c >> 12 & 63)); u[2] = (char)(0x80 | (c >> 6 & 63)); u[3] = (char)(0x80 | (c & 63)); n = 4; }
    f_put(b, u, n);
}
static inline int f_hex4(const char *p, const char *end, unsigned long *v) {
    int i;
    *v = 0;
    if (end - p < 4) return 0;
    for (i = 0; i < 4; i++) {
        char c = p[i];
        unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 :
                     c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
        if (d > 15) return 0;
        *v = *v << 4 | d;
    }
    return 1;
}
/* One UTF-8 sequence of 2..4 bytes at p, or 0. */
static inline size_t f_utf8_len(const char *q, const char *end) {
    const unsigned char *p = (const unsigned char *)q;
    size_t n = *p >= 0xC2 && *p <= 0xDF ? 2 : *p >= 0xE0 && *p <= 0xEF ? 3 : *p >= 0xF0 && *p <= 0xF4 ? 4 : 0, i;
    if (!n || (size_t)(end - q) < n) return 0;
    for (i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F) || (*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] > 0x8F)) return 0;
    return n;
}
static inline int f_in_escape(f_in *in, f_str *b) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *hit;
    unsigned long c, lo;
    if (in->p >= in->end) return f_bad(in, "text ends in an escape");
    if (*in->p != 'u') {
        hit = *in->p ? strchr(from, *in->p) : NULL;
        if (!hit) return f_bad(in, "unknown escape");
        f_put(b, to + (hit - from), 1);
        in->p++;
        return 1;
    }
    in->p++;
    if (!f_hex4(in->p, in->end, &c)) return f_bad(in, "bad \\u escape");
    in->p += 4;
    if (c >= 0xD800 && c <= 0xDBFF && in->end - in->p >= 6 && in->p[0] == '\\' && in->p[1] == 'u' && f_hex4(in->p + 2, in->end, &lo) &&
        lo >= 0xDC00 && lo <= 0xDFFF) {
        c = 0x10000 + ((c - 0xD800) << 10) + (lo - 0xDC00);
        in->p += 6;
    }
    f_utf8(b, c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c);
    return 1;
}
static inline f_json *f_in_string(f_in *in) {
    f_str b = { NULL, 0, 0 };
    f_json *j;
    in->p++;
    f_put(&b, "", 0);
    while (in->p < in->end && *in->p != '"') {
        unsigned char c = (unsigned char)*in->p;
        if (c < 0x20) { f_bad(in, "control character in a string"); return NULL; }
        if (c == '\\') {
            in->p++;
            if (!f_in_escape(in, &b)) return NULL;
        } else if (c < 0x80) {
            f_put(&b, in->p++, 1);
        } else {
            size_t n = f_utf8_len(in->p, in->end);
            if (!n) { f_bad(in, "invalid UTF-8"); return NULL; }
            f_put(&b, in->p, n);
            in->p += n;
        }
    }
    if (in->p >= in->end) { f_bad(in, "unterminated string"); return NULL; }
    in->p++;
    j = f_new('s');
    j->s = b.s;
    j->n = b.n;
    return j;
}
static inline f_json *f_in_number(f_in *in) {
    const char *s = in->p;
    f_json *j;
    if (in->p < in->end && *in->p == '-') in->p++;
    if (in->p < in->end && *in->p == '0') in->p++;
    else if (in->p < in->end && *in->p >= '1' && *in->p <= '9') while (in->p < in->end && *in->p >= '0' && *in->p <= '9') in->p++;
    else { f_bad(in, "not a JSON value"); return NULL; }
    if (in->p < in->end && *in->p == '.') {
        const char *d = ++in->p;
        while (in->p < in->end && *in->p >= '0' && *in->p <= '9') in->p++;
        if (d == in->p) { f_bad(in, "no digit after the point"); return NULL; }
    }
    if (in->p < in->end && (*in->p == 'e' || *in->p == 'E')) {
        const char *d;
        in->p++;
        if (in->p < in->end && (*in->p == '+' || *in->p == '-')) in->p++;
        d = in->p;
        while (in->p < in->end && *in->p >= '0' && *in->p <= '9') in->p++;
        if (d == in->p) { f_bad(in, "no digit in the exponent"); return NULL; }
    }
    j = f_string(s, (size_t)(in->p - s));
    j->type = '#';
    return j;
}
static inline f_json *f_in_value(f_in *in) {
    static const char *const words[] = { "null", "true", "false" };
    f_json *j, *k;
    int i;
    f_space(in);
    if (in->p >= in->end) { f_bad(in, "text ends where a value is wanted"); return NULL; }
    if (*in->p == '"') return f_in_string(in);
    for (i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(in->end - in->p) >= n && !memcmp(in->p, words[i], n)) { in->p += n; return f_new(words[i][0]); }
    }
    if (*in->p != '{' && *in->p != '[') return f_in_number(in);
    if (++in->depth > 500) { f_bad(in, "too deep for this parser"); return NULL; }
    j = f_new(*in->p++ == '{' ? 'o' : 'a');
    f_space(in);
    if (in->p < in->end && *in->p == (j->type == 'o' ? '}' : ']')) { in->p++; in->depth--; return j; }
    for (;;) {
        f_json *name = NULL;
        f_space(in);
        if (j->type == 'o') {
            if (in->p >= in->end || *in->p != '"') { f_bad(in, "no member name"); return NULL; }
            name = f_in_string(in);
            if (!name) return NULL;
            f_space(in);
            if (in->p >= in->end || *in->p++ != ':') { f_bad(in, "no colon after a member name"); return NULL; }
        }
        k = f_in_value(in);
        if (!k) return NULL;
        if (name) k->key = name->s;
        f_add(j, k);
        f_space(in);
        if (in->p >= in->end) { f_bad(in, "unterminated array or object"); return NULL; }
        if (*in->p == ',') { in->p++; continue; }
        if (*in->p++ == (j->type == 'o' ? '}' : ']')) { in->depth--; return j; }
        f_bad(in, "no comma");
        return NULL;
    }
}
/* The tree of one JSON text (surrounding white space allowed), or NULL and *why. */
static inline f_json *f_parse(const char *p, size_t n, const char **why) {
    f_in in;
    f_json *j;
    in.p = p ? p : "";
    in.end = in.p + n;
    in.why = NULL;
    in.depth = 0;
    j = f_in_value(&in);
    if (j) {
        f_space(&in);
        if (in.p != in.end) { f_bad(&in, "something follows the value"); j = NULL; }
    }
    if (why) *why = j ? NULL : in.why;
    return j;
}

static inline void f_print_string(f_str *b, const char *s, size_t n) {
    size_t i;
    f_puts(b, "\"");
    for (i = 0; i < n; i++) {
        char t[8];
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\') { t[0] = '\\'; t[1] = (char)c; t[2] = 0; }
        else if (c < 0x20) sprintf(t, "\\u%04x", c);
        else { t[0] = (char)c; t[1] = 0; }
        f_puts(b, t);
    }
    f_puts(b, "\"");
}
static inline void f_print_to(f_str *b, const f_json *j) {
    f_json *k;
    if (!j) { f_puts(b, "(nothing)"); return; }
    if (j->type == 'n') f_puts(b, "null");
    else if (j->type == 't') f_puts(b, "true");
    else if (j->type == 'f') f_puts(b, "false");
    else if (j->type == '#') f_put(b, j->s, j->n);
    else if (j->type == 's') f_print_string(b, j->s, j->n);
    else {
        f_puts(b, j->type == 'o' ? "{" : "[");
        for (k = j->kid; k; k = k->next) {
            if (j->type == 'o') { f_print_string(b, k->key, strlen(k->key)); f_puts(b, ":"); }
            f_print_to(b, k);
            if (k->next) f_puts(b, ",");
        }
        f_puts(b, j->type == 'o' ? "}" : "]");
    }
}
/* Compact JSON text, members in their order; "(nothing)" for NULL. */
static inline char *f_print(const f_json *j) {
    f_str b = { NULL, 0, 0 };
    f_print_to(&b, j);
    return b.s;
}
/* Equal in meaning: members in any order, numbers by value. */
static inline int f_equal(const f_json *a, const f_json *b) {
    const f_json *x, *y;
    if (!a || !b) return a == b;
    if (a->type != b->type) return 0;
    if (a->type == '#') {
        double d = strtod(a->s, NULL) - strtod(b->s, NULL);
        return !strcmp(a->s, b->s) || (!(d < 0) && !(d > 0) && (strpbrk(a->s, ".eE") || strpbrk(b->s, ".eE")));
    }
    if (a->type == 's') return a->n == b->n && !memcmp(a->s, b->s, a->n);
    if (a->type == 'a') {
        for (x = a->kid, y = b->kid; x && y; x = x->next, y = y->next)
            if (!f_equal(x, y)) return 0;
        return !x && !y;
    }
    if (a->type == 'o') {
        for (x = a->kid; x; x = x->next)
            if (!f_equal(f_member(a, x->key), f_member(b, x->key))) return 0;
        for (y = b->kid; y; y = y->next)
            if (!f_member(a, y->key)) return 0;
    }
    return 1;
}

/* The name of a member that stands twice in one object, anywhere below j, or NULL. */
static inline const char *f_twice(const f_json *j) {
    const f_json *k, *l;
    const char *found;
    for (k = j ? j->kid : NULL; k; k = k->next) {
        if (j->type == 'o')
            for (l = k->next; l; l = l->next)
                if (!strcmp(k->key, l->key)) return k->key;
        found = f_twice(k);
        if (found) return found;
    }
    return NULL;
}

/* All text below a node, in document order: a string is itself; of an object what its members text, content and parts hold. */
static inline void f_text_to(f_str *b, const f_json *j) {
    const f_json *k;
    if (!j) return;
    if (j->type == 's') f_put(b, j->s, j->n);
    if (j->type == 'a') for (k = j->kid; k; k = k->next) f_text_to(b, k);
    if (j->type == 'o')
        for (k = j->kid; k; k = k->next)
            if (!strcmp(k->key, "text") || !strcmp(k->key, "content") || !strcmp(k->key, "parts")) f_text_to(b, k);
}

/* What a path names, or NULL. A path is names and indexes, `messages[0].content[1].image_url.url`; `[-1]` is the last element, `[k=v]` the
   first element whose member k is the string v, `[k]` the first that has a member k; `a|b` takes the first that is there. Around a path:
   text(P) all text below P, json(P) the string P parsed as JSON, size(P) the number of its elements, count(P k=v) how many elements of P
   have k = v (count(P k): have a k). The empty path is the root. */
static inline f_json *f_get(const f_json *root, const char *path);

static inline f_json *f_pick(const f_json *a, const char *p, size_t n) {
    char word[256], *eq;
    f_json *j;
    if (!a || a->type != 'a' || n >= sizeof word) return NULL;
    memcpy(word, p, n);
    word[n] = 0;
    if (!strcmp(word, "-1")) return a->last;
    if (n && word[0] >= '0' && word[0] <= '9') return f_at(a, strtoul(word, NULL, 10));
    eq = strchr(word, '=');
    if (eq) *eq++ = 0;
    for (j = a->kid; j; j = j->next)
        if (eq ? f_is(f_member(j, word), eq) : f_member(j, word) != NULL) return j;
    return NULL;
}
static inline f_json *f_walk(const f_json *root, const char *p, const char *end) {
    f_json *j = (f_json *)(uintptr_t)root;
    while (j && p < end) {
        if (*p == '[') {
            const char *q = (const char *)memchr(p, ']', (size_t)(end - p));
            if (!q) return NULL;
            j = f_pick(j, p + 1, (size_t)(q - p - 1));
            p = q + 1;
        } else {
            char name[128];
            size_t n = 0;
            if (*p == '.') p++;
            while (p < end && *p != '.' && *p != '[' && n + 1 < sizeof name) name[n++] = *p++;
            name[n] = 0;
            j = f_member(j, name);
        }
    }
    return j;
}
static inline f_json *f_count(const f_json *root, const char *p, const char *end) {
    const char *sp = (const char *)memchr(p, ' ', (size_t)(end - p));
    char word[256], *eq;
    f_json *a = f_walk(root, p, sp ? sp : end), *j;
    long n = 0;
    if (!sp || (size_t)(end - sp) >= sizeof word) return NULL;
    memcpy(word, sp + 1, (size_t)(end - sp - 1));
    word[end - sp - 1] = 0;
    eq = strchr(word, '=');
    if (eq) *eq++ = 0;
    for (j = a ? a->kid : NULL; j; j = j->next)
        if (eq ? f_is(f_member(j, word), eq) : f_member(j, word) != NULL) n++;
    return f_number(n);
}
static inline f_json *f_get(const f_json *root, const char *path) {
    const char *p = path, *bar;
    while (p) {
        const char *end = p + strlen(p), *in;
        f_json *j;
        bar = strchr(p, '|');
        if (bar) end = bar;
        in = (const char *)memchr(p, '(', (size_t)(end - p));
        if (in && end[-1] == ')') {
            f_str b = { NULL, 0, 0 };
            if (!strncmp(p, "count(", 6)) return f_count(root, in + 1, end - 1);
            j = f_walk(root, in + 1, end - 1);
            if (j && !strncmp(p, "text(", 5)) { f_put(&b, "", 0); f_text_to(&b, j); j = f_string(b.s, b.n); }
            else if (j && !strncmp(p, "json(", 5)) j = j->type == 's' ? f_parse(j->s, j->n, NULL) : NULL;
            else if (j && !strncmp(p, "size(", 5)) j = f_number((long)j->n);
        } else {
            j = f_walk(root, p, end);
        }
        if (j) return j;
        p = bar ? bar + 1 : NULL;
    }
    return NULL;
}

/* ---- SSE, by the WHATWG grammar ---- */
typedef struct { const char *p, *end; f_str name, data; int comments; } f_sse;

static inline f_sse f_sse_open(const char *p, size_t n) {
    f_sse s;
    memset(&s, 0, sizeof s);
    if (n >= 3 && !memcmp(p, "\xEF\xBB\xBF", 3)) { p += 3; n -= 3; }
    s.p = p;
    s.end = p + n;
    return s;
}
/* 1: the next event is in s->name ("" when it has none) and s->data; 0: no further complete event. */
static inline int f_sse_next(f_sse *s) {
    int has = 0;
    s->name.n = s->data.n = 0;
    f_put(&s->name, "", 0);
    f_put(&s->data, "", 0);
    while (s->p < s->end) {
        const char *line = s->p, *eol = line, *colon, *value;
        while (eol < s->end && *eol != '\n' && *eol != '\r') eol++;
        if (eol == s->end) return 0;                         /* an unterminated last line is not part of any event */
        s->p = eol + 1;
        if (*eol == '\r' && s->p < s->end && *s->p == '\n') s->p++;
        if (eol == line) {
            if (has) return 1;
            s->name.n = 0;
            f_put(&s->name, "", 0);
            continue;
        }
        if (*line == ':') { s->comments++; continue; }
        colon = (const char *)memchr(line, ':', (size_t)(eol - line));
        value = colon ? colon + 1 : eol;
        if (colon && value < eol && *value == ' ') value++;
        if (!colon) colon = eol;
        if (colon - line == 4 && !memcmp(line, "data", 4)) {
            if (has) f_puts(&s->data, "\n");
            f_put(&s->data, value, (size_t)(eol - value));
            has = 1;
        } else if (colon - line == 5 && !memcmp(line, "event", 5)) {
            s->name.n = 0;
            f_put(&s->name, value, (size_t)(eol - value));
        }
    }
    return 0;
}

/* ---- one JSON text per line (NDJSON) ---- */
typedef struct { const char *p, *end; f_str line; } f_lines;

static inline f_lines f_lines_open(const char *p, size_t n) {
    f_lines s;
    memset(&s, 0, sizeof s);
    s.p = p;
    s.end = p + n;
    return s;
}
/* 1: the next line that is not empty is in s->line; 0: no further complete line. */
static inline int f_lines_next(f_lines *s) {
    while (s->p < s->end) {
        const char *line = s->p, *eol = (const char *)memchr(line, '\n', (size_t)(s->end - line));
        size_t n;
        if (!eol) return 0;
        s->p = eol + 1;
        n = (size_t)(eol - line);
        if (n && line[n - 1] == '\r') n--;
        if (!n) continue;
        s->line.n = 0;
        f_put(&s->line, line, n);
        return 1;
    }
    return 0;
}

/* ---- AWS event stream (wire-formats 11) ---- */
typedef struct {
    const char *p, *end;
    f_str kind, name, type, data;       /* :message-type; :event-type, :exception-type or :error-code; :content-type; payload */
    const char *bad;                    /* what breaks the framing, or NULL */
} f_evs;

/* CRC-32 of zlib (reflected 0xEDB88320), bit by bit. */
static inline unsigned long f_crc32(const char *p, size_t n) {
    unsigned long c = 0xFFFFFFFFul;
    size_t i;
    int k;
    for (i = 0; i < n; i++) {
        c ^= (unsigned char)p[i];
        for (k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320ul : c >> 1;
    }
    return c ^ 0xFFFFFFFFul;
}
static inline unsigned long f_big(const char *p, int n) {
    unsigned long v = 0;
    while (n--) v = v << 8 | (unsigned char)*p++;
    return v;
}
static inline void f_put_big(f_str *b, unsigned long v, int n) {
    while (n--) { char c = (char)(v >> 8 * n & 255); f_put(b, &c, 1); }
}
static inline f_evs f_evs_open(const char *p, size_t n) {
    f_evs s;
    memset(&s, 0, sizeof s);
    s.p = p;
    s.end = p + n;
    return s;
}
static inline int f_evs_bad(f_evs *s, const char *why) { s->bad = why; return 0; }
static inline int f_evs_headers(f_evs *s, const char *p, const char *end) {
    static const struct { const char *name; int which; } known[] = {
        { ":message-type", 0 }, { ":event-type", 1 }, { ":exception-type", 1 }, { ":error-code", 1 }, { ":content-type", 2 }
    };
    static const unsigned char size[] = { 0, 0, 1, 2, 4, 8, 0, 0, 8, 16 };      /* by type; 6 bytes and 7 string have a length of their own */
    f_str *to[3];
    size_t i;
    to[0] = &s->kind;
    to[1] = &s->name;
    to[2] = &s->type;
    while (p < end) {
        size_t name_n = (unsigned char)*p, n;
        const char *name = p + 1;
        unsigned type;
        if (!name_n || (size_t)(end - p) < name_n + 2) return f_evs_bad(s, "a header name does not fit");
        p += 1 + name_n;
        type = (unsigned char)*p++;
        if (type > 9) return f_evs_bad(s, "unknown header type");
        n = size[type];
        if (type == 6 || type == 7) {
            if (end - p < 2) return f_evs_bad(s, "a header value does not fit");
            n = f_big(p, 2);
            p += 2;
        }
        if ((size_t)(end - p) < n) return f_evs_bad(s, "a header value does not fit");
        for (i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strlen(known[i].name) == name_n && !memcmp(known[i].name, name, name_n)) {
                if (type != 7) return f_evs_bad(s, "a known header is not a string");
                if (to[known[i].which]->n) return f_evs_bad(s, "a header twice");
                f_put(to[known[i].which], p, n);
            }
        p += n;
    }
    return 1;
}
/* 1: the next message is in s; 0: the end, or s->bad says why not. */
static inline int f_evs_next(f_evs *s) {
    size_t left = (size_t)(s->end - s->p), total, headers;
    s->kind.n = s->name.n = s->type.n = s->data.n = 0;
    f_put(&s->kind, "", 0);
    f_put(&s->name, "", 0);
    f_put(&s->type, "", 0);
    f_put(&s->data, "", 0);
    if (s->bad || !left) return 0;
    if (left < 16) return f_evs_bad(s, "the stream ends inside a prelude");
    total = f_big(s->p, 4);
    headers = f_big(s->p + 4, 4);
    if (f_crc32(s->p, 8) != f_big(s->p + 8, 4)) return f_evs_bad(s, "the CRC of a prelude is wrong");
    if (total < 16 || headers > total - 16) return f_evs_bad(s, "impossible lengths");
    if (total > left) return f_evs_bad(s, "the stream ends inside a message");
    if (f_crc32(s->p, total - 4) != f_big(s->p + total - 4, 4)) return f_evs_bad(s, "the CRC of a message is wrong");
    if (!f_evs_headers(s, s->p + 12, s->p + 12 + headers)) return 0;
    f_put(&s->data, s->p + 12 + headers, total - headers - 16);
    s->p += total;
    return 1;
}
static inline void f_evs_header(f_str *b, const char *name, const char *value) {
    f_put_big(b, strlen(name), 1);
    f_puts(b, name);
    f_put_big(b, 7, 1);
    f_put_big(b, strlen(value), 2);
    f_puts(b, value);
}
/* Append one message: kind event or exception, its name, a JSON payload. */
static inline void f_evs_put(f_str *b, const char *kind, const char *name, const char *payload, size_t n) {
    f_str h = { NULL, 0, 0 };
    size_t at = b->n;
    f_evs_header(&h, !strcmp(kind, "exception") ? ":exception-type" : ":event-type", name);
    f_evs_header(&h, ":content-type", "application/json");
    f_evs_header(&h, ":message-type", kind);
    f_put_big(b, h.n + n + 16, 4);
    f_put_big(b, h.n, 4);
    f_put_big(b, f_crc32(b->s + at, 8), 4);
    f_put(b, h.s, h.n);
    f_put(b, payload, n);
    f_put_big(b, f_crc32(b->s + at, b->n - at), 4);
}

/* ---- folds: a stream -> the whole answer it means ---- */
typedef struct {
    f_json *whole;          /* in the dialect's whole form; an in-band error is its member `error` */
    int finish;             /* finish reasons seen (one per choice in a sound stream) */
    int done;               /* end markers: [DONE], message_stop; Gemini has none */
    int errors;             /* in-band errors */
    int after;              /* content frames after the end marker or after an error */
    int frames, comments;
    const char *bad;        /* what breaks the dialect's grammar, or NULL */
} f_fold;

static inline void f_broken(f_fold *f, const char *why) { if (!f->bad) f->bad = why; }

/* Append a string to the string member of o (made when missing or null). */
static inline void f_append(f_json *o, const char *key, const f_json *s) {
    f_json *old = f_member(o, key);
    f_str b = { NULL, 0, 0 };
    if (!s || s->type != 's') return;
    f_put(&b, "", 0);
    if (old && old->type == 's') f_put(&b, old->s, old->n);
    f_put(&b, s->s, s->n);
    f_set(o, key, f_string(b.s, b.n));
}
static inline f_json *f_sub(f_json *o, const char *key, char type) {
    f_json *j = f_member(o, key);
    return j && j->type == type ? j : f_set(o, key, f_new(type));
}
/* The element of array a whose member `index` is i; made in its place when missing. */
static inline f_json *f_indexed(f_json *a, long i, int *made) {
    f_json *j, *before = NULL;
    for (j = a->kid; j; j = j->next) {
        const f_json *x = f_member(j, "index");
        long at = x && x->type == '#' ? strtol(x->s, NULL, 10) : -1;
        if (at == i) { if (made) *made = 0; return j; }
        if (at < i) before = j;
    }
    j = f_new('o');
    f_set(j, "index", f_number(i));
    if (made) *made = 1;
    if (before == a->last) { f_add(a, j); return j; }
    j->next = before ? before->next : a->kid;
    if (before) before->next = j; else a->kid = j;
    a->n++;
    return j;
}
static inline long f_long(const f_json *j, long none) { return j && j->type == '#' ? strtol(j->s, NULL, 10) : none; }
static inline void f_concat(f_json *o, const char *key, const f_json *list) {
    const f_json *k;
    f_json *to;
    if (!list || list->type != 'a') return;
    to = f_sub(o, key, 'a');
    for (k = list->kid; k; k = k->next) f_add(to, f_copy(k));
}

/* -- OpenAI Chat Completions (2.7) -- */
static inline void f_openai_call(f_fold *f, f_json *message, const f_json *d) {
    f_json *calls = f_sub(message, "tool_calls", 'a'), *c, *fn;
    const f_json *dfn = f_member(d, "function");
    int made;
    if (!f_member(d, "index")) f_broken(f, "a tool call delta has no index");
    c = f_indexed(calls, f_long(f_member(d, "index"), 0), &made);
    if (made && (f_null(f_member(d, "id")) || f_null(f_get(d, "function.name|custom.name")))) f_broken(f, "the first delta of a tool call has no id or name");
    if (!made && !f_null(f_member(d, "id")) && f_member(d, "id")->n && !f_equal(f_member(d, "id"), f_member(c, "id"))) f_broken(f, "a second id for one tool call index");
    if (made) {
        if (!f_null(f_member(d, "id"))) f_set(c, "id", f_copy(f_member(d, "id")));
        if (!f_null(f_member(d, "type"))) f_set(c, "type", f_copy(f_member(d, "type")));
    }
    if (!f_null(f_member(d, "extra_content"))) f_set(c, "extra_content", f_copy(f_member(d, "extra_content")));
    if (f_member(d, "custom")) {
        f_json *cu = f_sub(c, "custom", 'o');
        f_append(cu, "name", f_get(d, "custom.name"));
        f_append(cu, "input", f_get(d, "custom.input"));
    }
    if (!dfn) return;
    fn = f_sub(c, "function", 'o');
    f_append(fn, "name", f_member(dfn, "name"));
    f_append(fn, "arguments", f_member(dfn, "arguments"));
}
static inline void f_openai_choice(f_fold *f, const f_json *d) {
    static const char *const texts[] = { "content", "refusal", "reasoning_content", "reasoning" };
    f_json *choices = f_sub(f->whole, "choices", 'a'), *c, *m;
    const f_json *delta = f_member(d, "delta"), *k, *reason = f_member(d, "finish_reason"), *lp = f_member(d, "logprobs");
    size_t i;
    int made;
    c = f_indexed(choices, f_long(f_member(d, "index"), 0), &made);
    m = f_sub(c, "message", 'o');
    if (made) { f_set(m, "role", f_string("assistant", 9)); f_set(m, "content", f_new('n')); f_set(c, "finish_reason", f_new('n')); }
    if (made && f_null(f_member(delta, "role"))) f_broken(f, "the first delta of a choice has no role");
    if (!f_null(f_member(c, "finish_reason")) && delta && delta->n) f_broken(f, "a delta after the finish reason");
    for (i = 0; i < 4; i++) f_append(m, texts[i], f_member(delta, texts[i]));
    if (f_member(delta, "tool_calls") && f_member(delta, "tool_calls")->type == 'a')
        for (k = f_member(delta, "tool_calls")->kid; k; k = k->next) f_openai_call(f, m, k);
    f_concat(m, "annotations", f_member(delta, "annotations"));
    f_concat(m, "reasoning_details", f_member(delta, "reasoning_details"));
    if (!f_null(f_member(delta, "extra_content"))) f_set(m, "extra_content", f_copy(f_member(delta, "extra_content")));
    if (lp && lp->type == 'o') {
        f_json *to = f_sub(c, "logprobs", 'o');
        f_concat(to, "content", f_member(lp, "content"));
        f_concat(to, "refusal", f_member(lp, "refusal"));
    }
    if (!f_null(reason)) {
        if (!f_null(f_member(c, "finish_reason"))) f_broken(f, "two finish reasons for one choice");
        f_set(c, "finish_reason", f_copy(reason));
        f->finish++;
    }
}
/* Reasoning details arrive in pieces: neighbours of one type and index are one detail; its texts are concatenated. */
static inline void f_openai_details(f_json *m) {
    f_json *list = f_member(m, "reasoning_details"), *out, *k, *last = NULL;
    static const char *const texts[] = { "text", "summary", "data", "signature" };
    size_t i;
    if (!list || list->type != 'a') return;
    out = f_new('a');
    for (k = list->kid; k; k = k->next) {
        if (last && f_equal(f_member(last, "type"), f_member(k, "type")) && f_equal(f_member(last, "index"), f_member(k, "index")) &&
            !f_is(f_member(k, "type"), "reasoning.encrypted") && (f_null(f_member(k, "id")) || f_equal(f_member(last, "id"), f_member(k, "id")))) {
            for (i = 0; i < 4; i++) f_append(last, texts[i], f_member(k, texts[i]));
            if (f_member(k, "format")) f_set(last, "format", f_copy(f_member(k, "format")));
            continue;
        }
        last = f_copy(k);
        f_add(out, last);
    }
    f_set(m, "reasoning_details", out);
}
static inline f_fold f_fold_openai(const char *p, size_t n) {
    f_fold f;
    f_sse s = f_sse_open(p, n);
    f_json *k, *c;
    memset(&f, 0, sizeof f);
    f.whole = f_new('o');
    while (f_sse_next(&s)) {
        const f_json *d;
        f.frames++;
        if (s.data.n >= 6 && !memcmp(s.data.s, "[DONE]", 6)) { f.done++; continue; }
        if (f.done || f.errors) f.after++;
        d = f_parse(s.data.s, s.data.n, NULL);
        if (!d || d->type != 'o') { f_broken(&f, "a frame is not a JSON object"); continue; }
        if (f_twice(d)) f_broken(&f, "a member stands twice");
        if (!f_null(f_member(d, "error"))) { f.errors++; f_set(f.whole, "error", f_copy(f_member(d, "error"))); continue; }
        if (!f_is(f_member(d, "object"), "chat.completion.chunk")) f_broken(&f, "a chunk is not a chat.completion.chunk");
        if (f_null(f_member(d, "id")) || f_null(f_member(d, "model")) || f_null(f_member(d, "created"))) f_broken(&f, "a chunk lacks id, model or created");
        for (k = d->kid; k; k = k->next) {
            if (!strcmp(k->key, "choices") || !strcmp(k->key, "obfuscation") || f_null(k)) continue;
            if (!strcmp(k->key, "object")) { f_set(f.whole, "object", f_string("chat.completion", 15)); continue; }
            if (!strcmp(k->key, "id") && f_member(f.whole, "id") && !f_equal(k, f_member(f.whole, "id"))) f_broken(&f, "the id changes between chunks");
            f_set(f.whole, k->key, f_copy(k));
        }
        if (f_member(d, "choices") && f_member(d, "choices")->type == 'a')
            for (k = f_member(d, "choices")->kid; k; k = k->next) f_openai_choice(&f, k);
        else f_broken(&f, "a chunk has no choices");
    }
    if (f_member(f.whole, "choices"))
        for (c = f_member(f.whole, "choices")->kid; c; c = c->next) {
            f_openai_details(f_member(c, "message"));
            for (k = f_get(c, "message.tool_calls") ? f_get(c, "message.tool_calls")->kid : NULL; k; k = k->next)
                if (f_member(k, "index") && k->kid == f_member(k, "index")) { k->kid = k->kid->next; k->n--; }   /* the whole form has no index */
        }
    if (f.errors && f.done) f_broken(&f, "[DONE] after an error");
    f.comments = s.comments;
    return f;
}

/* -- Anthropic Messages (6.8) -- */
static inline void f_anthropic_delta(f_fold *f, f_json *b, const f_json *d) {
    static const struct { const char *delta, *block, *field, *to; } kinds[] = {
        { "text_delta", "text", "text", "text" }, { "thinking_delta", "thinking", "thinking", "thinking" },
        { "signature_delta", "thinking", "signature", "signature" }, { "input_json_delta", NULL, "partial_json", "$json" },
    };
    size_t i;
    if (f_is(f_member(d, "type"), "citations_delta")) {
        if (f_member(d, "citation")) f_add(f_sub(b, "citations", 'a'), f_copy(f_member(d, "citation")));
        return;
    }
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (f_is(f_member(d, "type"), kinds[i].delta)) {
            if (kinds[i].block && !f_is(f_member(b, "type"), kinds[i].block)) f_broken(f, "a delta that does not fit its block");
            if (!f_member(d, kinds[i].field)) f_broken(f, "a delta without its field");
            f_append(b, kinds[i].to, f_member(d, kinds[i].field));
        }
}
static inline void f_anthropic_close(f_json *b) {
    f_json *raw = f_member(b, "$json"), *k, *prev = NULL, *v;
    if (!raw) return;
    v = raw->n ? f_parse(raw->s, raw->n, NULL) : f_new('o');
    f_set(b, "input", v ? v : f_string(raw->s, raw->n));       /* not JSON: kept as the text it is */
    for (k = b->kid; k; prev = k, k = k->next)
        if (k == raw) { if (prev) prev->next = k->next; else b->kid = k->next; if (b->last == k) b->last = prev; b->n--; break; }
}
static inline void f_anthropic_usage(f_fold *f, const f_json *u) {
    f_json *to = f_sub(f->whole, "usage", 'o');
    const f_json *k;
    for (k = u ? u->kid : NULL; k; k = k->next)
        if (!f_null(k)) f_set(to, k->key, f_copy(k));
}
static inline f_fold f_fold_anthropic(const char *p, size_t n) {
    f_fold f;
    f_sse s = f_sse_open(p, n);
    f_json *open = NULL, *content = NULL, *k;
    long blocks = 0;
    int started = 0;
    memset(&f, 0, sizeof f);
    f.whole = f_new('o');
    while (f_sse_next(&s)) {
        const f_json *d = f_parse(s.data.s, s.data.n, NULL), *type = f_member(d, "type");
        f.frames++;
        if (!d || d->type != 'o' || !type || type->type != 's') { f_broken(&f, "a frame is not an object with a type"); continue; }
        if (f_twice(d)) f_broken(&f, "a member stands twice");
        if (strcmp(s.name.s, type->s)) f_broken(&f, "the event's name is not its type");
        if (f_is(type, "ping")) continue;
        if (f.done || f.errors) f.after++;
        if (f_is(type, "error")) { f.errors++; if (f_member(d, "error")) f_set(f.whole, "error", f_copy(f_member(d, "error"))); else f_broken(&f, "error without error"); continue; }
        if (f_is(type, "message_start")) {
            const f_json *m = f_member(d, "message");
            if (started++) f_broken(&f, "two message_start");
            if (!m || f_null(f_member(m, "usage")) || !f_member(m, "content")) { f_broken(&f, "message_start without message, usage or content"); continue; }
            for (k = m->kid; k; k = k->next)
                if (strcmp(k->key, "usage")) f_set(f.whole, k->key, f_copy(k));
            content = f_set(f.whole, "content", f_new('a'));
            f_anthropic_usage(&f, f_member(m, "usage"));
            continue;
        }
        if (!started) { f_broken(&f, "an event before message_start"); continue; }
        if (f_is(type, "content_block_start")) {
            if (open) f_broken(&f, "a block opens inside another");
            if (f_long(f_member(d, "index"), -1) != blocks) f_broken(&f, "block indexes are not 0, 1, 2...");
            if (f_null(f_member(d, "content_block"))) { f_broken(&f, "content_block_start without content_block"); continue; }
            if (f.finish) f_broken(&f, "a block after message_delta");
            open = f_copy(f_member(d, "content_block"));
            f_add(content, open);
            blocks++;
        } else if (f_is(type, "content_block_delta") || f_is(type, "content_block_stop")) {
            if (!open || f_long(f_member(d, "index"), -1) != blocks - 1) { f_broken(&f, "a delta or stop of a block that is not open"); continue; }
            if (f_is(type, "content_block_delta")) { f_anthropic_delta(&f, open, f_member(d, "delta")); continue; }
            f_anthropic_close(open);
            open = NULL;
        } else if (f_is(type, "message_delta")) {
            const f_json *delta = f_member(d, "delta");
            if (open) f_broken(&f, "message_delta inside a block");
            for (k = delta ? delta->kid : NULL; k; k = k->next) f_set(f.whole, k->key, f_copy(k));
            if (!f_null(f_member(delta, "stop_reason"))) f.finish++;
            if (f_null(f_member(d, "usage"))) f_broken(&f, "message_delta without usage");
            f_anthropic_usage(&f, f_member(d, "usage"));
        } else if (f_is(type, "message_stop")) {
            f.done++;
            if (!f.finish) f_broken(&f, "message_stop without a stop_reason");
        }
    }
    if (open) f_anthropic_close(open);
    if (f.done > 1) f_broken(&f, "two message_stop");
    f.comments = s.comments;
    return f;
}

/* -- Gemini (7.7): SSE or the JSON array -- */
static inline void f_gemini_part(f_json *parts, const f_json *p) {
    f_json *last = parts->last;
    if (f_member(p, "text") && !f_member(p, "text")->n && p->n == 1) return;        /* Gemini's last chunk often has an empty part: it says nothing */
    if (last && f_member(p, "text") && f_member(last, "text") && !f_member(last, "thoughtSignature") &&
        f_equal(f_member(p, "thought"), f_member(last, "thought"))) {
        f_append(last, "text", f_member(p, "text"));
        if (f_member(p, "thoughtSignature")) f_set(last, "thoughtSignature", f_copy(f_member(p, "thoughtSignature")));
        return;
    }
    f_add(parts, f_copy(p));
}
static inline void f_gemini_frame(f_fold *f, const f_json *d) {
    const f_json *k, *c, *x;
    if (d && d->type == 'a' && d->n == 1) d = d->kid;             /* an error may come in an array of one */
    if (!d || d->type != 'o') { f_broken(f, "a frame is not a JSON object"); return; }
    if (f_twice(d)) f_broken(f, "a member stands twice");
    if (f->errors) f->after++;
    if (!f_null(f_member(d, "error"))) { f->errors++; f_set(f->whole, "error", f_copy(f_member(d, "error"))); return; }
    for (k = d->kid; k; k = k->next)
        if (strcmp(k->key, "candidates")) f_set(f->whole, k->key, f_copy(k));
    x = f_member(d, "candidates");
    for (c = x && x->type == 'a' ? x->kid : NULL; c; c = c->next) {
        f_json *to = f_indexed(f_sub(f->whole, "candidates", 'a'), f_long(f_member(c, "index"), 0), NULL);
        if (!f_null(f_member(to, "finishReason"))) f_broken(f, "a candidate goes on after its finish reason");
        for (k = c->kid; k; k = k->next) {
            const f_json *q;
            if (!strcmp(k->key, "finishReason")) f->finish++;
            if (strcmp(k->key, "content")) { f_set(to, k->key, f_copy(k)); continue; }
            if (f_member(k, "role")) f_set(f_sub(to, "content", 'o'), "role", f_copy(f_member(k, "role")));
            q = f_member(k, "parts");
            for (q = q ? q->kid : NULL; q; q = q->next) f_gemini_part(f_sub(f_sub(to, "content", 'o'), "parts", 'a'), q);
        }
    }
}
static inline f_fold f_fold_gemini(const char *p, size_t n) {
    f_fold f;
    size_t i = 0;
    memset(&f, 0, sizeof f);
    f.whole = f_new('o');
    while (i < n && (p[i] == ' ' || p[i] == '\n' || p[i] == '\r' || p[i] == '\t')) i++;
    if (i < n && p[i] == '[') {
        const f_json *a = f_parse(p, n, NULL), *k;
        if (!a) f_broken(&f, "the array is not valid JSON");
        for (k = a ? a->kid : NULL; k; k = k->next) { f.frames++; f_gemini_frame(&f, k); }
    } else {
        f_sse s = f_sse_open(p, n);
        while (f_sse_next(&s)) {
            f.frames++;
            if (s.name.n) f_broken(&f, "a named event");
            f_gemini_frame(&f, f_parse(s.data.s, s.data.n, NULL));
        }
        f.comments = s.comments;
        if (s.comments) f_broken(&f, "a comment line (google-genai refuses them)");
    }
    return f;
}

/* -- OpenAI Responses (3.5): the deltas must build what output_item.done and the last event say -- */
static inline void f_remove(f_json *o, const char *key) {
    f_json *k, *prev = NULL;
    for (k = o->kid; k; prev = k, k = k->next) {
        if (strcmp(k->key, key)) continue;
        if (prev) prev->next = k->next; else o->kid = k->next;
        if (o->last == k) o->last = prev;
        o->n--;
        return;
    }
}
/* The element at an index of the list `key`; the next free index makes one. */
static inline f_json *f_slot(f_fold *f, f_json *o, const char *key, const f_json *index) {
    f_json *a = f_sub(o, key, 'a');
    long i = f_long(index, -1);
    if (i < 0 || (size_t)i > a->n) { f_broken(f, "an index that is not the next one"); return f_new('o'); }
    if ((size_t)i == a->n) f_add(a, f_new('o'));
    return f_at(a, (size_t)i);
}
static inline void f_same(f_fold *f, const f_json *built, const f_json *said, const char *why) {
    const char *b = built && built->type == 's' ? built->s : "", *s = said && said->type == 's' ? said->s : "";
    if (strcmp(b, s)) f_broken(f, why);
}
static inline void f_responses_item_done(f_fold *f, f_json *item, const f_json *full) {
    static const char *const lists[] = { "content", "summary" }, *const texts[] = { "text", "refusal" },
                      *const fields[] = { "type", "id", "call_id", "name", "arguments", "input" };
    size_t i, k, n;
    if (!full || full->type != 'o') { f_broken(f, "output_item.done without an item"); return; }
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) f_same(f, f_member(item, fields[i]), f_member(full, fields[i]), "output_item.done differs from its deltas");
    for (i = 0; i < 2; i++) {
        const f_json *a = f_member(item, lists[i]), *b = f_member(full, lists[i]);
        if ((a && a->type == 'a' ? a->n : 0) != (b && b->type == 'a' ? b->n : 0)) f_broken(f, "output_item.done has another number of parts");
        for (n = 0; a && n < a->n; n++)
            for (k = 0; k < 2; k++) f_same(f, f_member(f_at(a, n), texts[k]), f_member(f_at(b, n), texts[k]), "a part of output_item.done differs from its deltas");
    }
    while (item->kid) f_remove(item, item->kid->key);
    for (item->n = 0, full = full->kid; full; full = full->next) f_set(item, full->key, f_copy(full));
}
static inline void f_responses_event(f_fold *f, const char *type, const f_json *d) {
    static const struct { const char *delta, *done, *list, *index, *said, *to; } texts[] = {
        { "response.output_text.delta", "response.output_text.done", "content", "content_index", "text", "text" },
        { "response.refusal.delta", "response.refusal.done", "content", "content_index", "refusal", "refusal" },
        { "response.reasoning_text.delta", "response.reasoning_text.done", "content", "content_index", "text", "text" },
        { "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "summary", "summary_index", "text", "text" },
        { "response.function_call_arguments.delta", "response.function_call_arguments.done", NULL, NULL, "arguments", "arguments" },
        { "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done", NULL, NULL, "input", "input" },
    };
    f_json *output = f_sub(f->whole, "output", 'a'), *item = f_at(output, (size_t)f_long(f_member(d, "output_index"), 1 << 20)), *part;
    const f_json *k;
    size_t i;
    if (!strcmp(type, "response.output_item.added")) {
        if (f_long(f_member(d, "output_index"), -1) != (long)output->n) f_broken(f, "output indexes are not 0, 1, 2...");
        if (f_null(f_get(d, "item.type"))) { f_broken(f, "output_item.added without an item"); return; }
        f_add(output, f_copy(f_member(d, "item")));
        return;
    }
    if (!f_member(d, "output_index")) return;                     /* an event about nothing in the output */
    if (!item) { f_broken(f, "an event of an item that was not added"); return; }
    if (!f_null(f_member(d, "item_id")) && !f_equal(f_member(d, "item_id"), f_member(item, "id"))) f_broken(f, "item_id is not the id of the item at output_index");
    if (!strcmp(type, "response.output_item.done")) { f_responses_item_done(f, item, f_member(d, "item")); return; }
    if (!strcmp(type, "response.content_part.added") || !strcmp(type, "response.reasoning_summary_part.added")) {
        int summary = !strcmp(type, "response.reasoning_summary_part.added");
        part = f_slot(f, item, summary ? "summary" : "content", f_member(d, summary ? "summary_index" : "content_index"));
        if (part->n) f_broken(f, "a part is added twice");
        for (k = f_member(d, "part") ? f_member(d, "part")->kid : NULL; k; k = k->next) f_set(part, k->key, f_copy(k));
        return;
    }
    if (!strcmp(type, "response.output_text.annotation.added")) {
        part = f_slot(f, item, "content", f_member(d, "content_index"));
        if (f_member(d, "annotation")) f_add(f_sub(part, "annotations", 'a'), f_copy(f_member(d, "annotation")));
        return;
    }
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int done = !strcmp(type, texts[i].done);
        if (!done && strcmp(type, texts[i].delta)) continue;
        part = texts[i].list ? f_slot(f, item, texts[i].list, f_member(d, texts[i].index)) : item;
        if (!part->n) f_broken(f, "a delta before its part was added");
        if (done) f_same(f, f_member(part, texts[i].to), f_member(d, texts[i].said), "a done event differs from its deltas");
        else if (!f_member(d, "delta")) f_broken(f, "a delta event without delta");
        else f_append(part, texts[i].to, f_member(d, "delta"));
    }
}
static inline f_fold f_fold_responses(const char *p, size_t n) {
    f_fold f;
    f_sse s = f_sse_open(p, n);
    long next = 0;
    memset(&f, 0, sizeof f);
    f.whole = f_new('o');
    while (f_sse_next(&s)) {
        const f_json *d = f_parse(s.data.s, s.data.n, NULL), *type = f_member(d, "type"), *r = f_member(d, "response"), *k;
        int ends;
        f.frames++;
        if (!d || d->type != 'o' || !type || type->type != 's') { f_broken(&f, "a frame is not an object with a type"); continue; }
        if (f_twice(d)) f_broken(&f, "a member stands twice");
        if (strcmp(s.name.s, type->s)) f_broken(&f, "the event's name is not its type");
        if (f.done || f.errors) f.after++;
        if (f_long(f_member(d, "sequence_number"), -1) != next++) f_broken(&f, "sequence numbers are not 0, 1, 2...");
        if (f_is(type, "error")) {
            f_json *e = f_set(f.whole, "error", f_new('o'));
            f.errors++;
            for (k = f_member(d, "error") && f_member(d, "error")->type == 'o' ? f_member(d, "error")->kid : d->kid; k; k = k->next) f_set(e, k->key, f_copy(k));
            continue;
        }
        if (f.frames == 1 && !f_is(type, "response.created")) f_broken(&f, "the first event is not response.created");
        if (f_is(type, "response.created") || f_is(type, "response.in_progress") || f_is(type, "response.queued")) {
            if (f_null(f_member(r, "id")) || f_null(f_member(r, "model"))) { f_broken(&f, "response.created without id or model"); continue; }
            for (k = r->kid; k; k = k->next)
                if (strcmp(k->key, "output")) f_set(f.whole, k->key, f_copy(k));
            continue;
        }
        ends = f_is(type, "response.completed") || f_is(type, "response.incomplete");
        if (!ends && !f_is(type, "response.failed")) { f_responses_event(&f, type->s, d); continue; }
        if (!r || r->type != 'o') { f_broken(&f, "the last event has no response"); continue; }
        if (!f_equal(f_member(r, "id"), f_member(f.whole, "id"))) f_broken(&f, "the id changes");
        if (f_null(f_member(r, "status")) || strcmp(f_member(r, "status")->s, type->s + 9)) f_broken(&f, "the last event's status is not its name");
        if (ends && !f_equal(f_sub(f.whole, "output", 'a'), f_member(r, "output"))) f_broken(&f, "the last event's output is not what the items were");
        if (ends && !f_member(r, "usage")) f_broken(&f, "the last event has no usage");
        for (k = r->kid; k; k = k->next)
            if (strcmp(k->key, "output")) f_set(f.whole, k->key, f_copy(k));
        if (ends) { f.finish++; f.done++; } else f.errors++;
    }
    f.comments = s.comments;
    return f;
}

/* -- Bedrock ConverseStream (10.4) -- */
static inline void f_bedrock_delta(f_fold *f, f_json *b, const f_json *d) {
    const f_json *r = f_member(d, "reasoningContent"), *k;
    if (!d || d->type != 'o' || d->n != 1) { f_broken(f, "a delta has not exactly one member"); return; }
    if (f_member(d, "text")) f_append(b, "text", f_member(d, "text"));
    else if (f_member(d, "toolUse")) {
        if (!f_member(b, "toolUse")) f_broken(f, "input of a tool use that did not start");
        f_append(f_sub(b, "toolUse", 'o'), "$json", f_get(d, "toolUse.input"));
    } else if (r && f_member(r, "redactedContent")) f_append(f_sub(b, "reasoningContent", 'o'), "redactedContent", f_member(r, "redactedContent"));
    else if (r) {
        f_json *to = f_sub(f_sub(b, "reasoningContent", 'o'), "reasoningText", 'o');
        if (r->n != 1) f_broken(f, "a reasoning delta has not exactly one member");
        f_append(to, "text", f_member(r, "text"));
        f_append(to, "signature", f_member(r, "signature"));
    } else if (f_member(d, "citation")) f_add(f_sub(b, "$citations", 'a'), f_copy(f_member(d, "citation")));
    else if (f_member(d, "toolResult")) {                      /* of a tool that the provider runs: a list that grows */
        if (!f_member(b, "toolResult")) f_broken(f, "the content of a tool result that did not start");
        f_concat(f_sub(b, "toolResult", 'o'), "content", f_member(d, "toolResult"));
    } else for (r = d->kid; r; r = r->next)                    /* members into what the start began: an image's source beside its format */
        for (k = r->kid; k; k = k->next) f_set(f_sub(b, r->key, 'o'), k->key, f_copy(k));
}
/* A block is whole: arguments are parsed; a text with citations is a citationsContent. */
static inline void f_bedrock_close(f_json *b) {
    f_json *use = f_member(b, "toolUse"), *raw = f_member(use, "$json"), *text = f_member(b, "text"), *cited = f_member(b, "$citations"), *v, *part;
    if (use && raw) {
        v = raw->n ? f_parse(raw->s, raw->n, NULL) : f_new('o');
        f_set(use, "input", v ? v : f_string(raw->s, raw->n));
        f_remove(use, "$json");
    } else if (use && !f_member(use, "input")) f_set(use, "input", f_new('o'));
    if (!cited) return;
    v = f_new('o');
    f_set(v, "citations", f_copy(cited));
    if (text) {
        part = f_new('o');
        f_set(part, "text", f_copy(text));
        f_add(f_sub(v, "content", 'a'), part);
        f_remove(b, "text");
    }
    f_remove(b, "$citations");
    f_set(b, "citationsContent", v);
}
static inline f_fold f_fold_bedrock(const char *p, size_t n) {
    f_fold f;
    f_evs s = f_evs_open(p, n);
    f_json *message, *content;
    char open[256] = { 0 };                /* by contentBlockIndex: 1 open, 2 stopped */
    long i, blocks = 0;
    memset(&f, 0, sizeof f);
    f.whole = f_new('o');
    message = f_sub(f_sub(f.whole, "output", 'o'), "message", 'o');
    f_set(message, "role", f_string("assistant", 9));
    content = f_sub(message, "content", 'a');
    while (f_evs_next(&s)) {
        const f_json *d = f_parse(s.data.s, s.data.n, NULL), *k;
        const char *name = s.name.s;
        f_json *b;
        f.frames++;
        if (strcmp(s.type.s, "application/json")) f_broken(&f, "the content type of a frame is not JSON");
        if (!d || d->type != 'o') { f_broken(&f, "a payload is not a JSON object"); continue; }
        if (f_twice(d)) f_broken(&f, "a member stands twice");
        if (f.done || f.errors) f.after++;
        if (!strcmp(s.kind.s, "exception")) {
            f_json *e = f_set(f.whole, "error", f_copy(d));
            f_set(e, "type", f_string(name, strlen(name)));
            if (f_null(f_member(e, "message"))) f_broken(&f, "an exception without message");
            f.errors++;
            continue;
        }
        if (strcmp(s.kind.s, "event")) { f_broken(&f, "a message is neither event nor exception"); continue; }
        if (f.frames == 1 && strcmp(name, "messageStart")) f_broken(&f, "the first event is not messageStart");
        if (!strcmp(name, "messageStart")) {
            if (f.frames != 1 || !f_is(f_member(d, "role"), "assistant")) f_broken(&f, "messageStart twice, or without role");
            continue;
        }
        if (!strncmp(name, "contentBlock", 12)) {
            i = f_long(f_member(d, "contentBlockIndex"), -1);
            if (f.finish) f_broken(&f, "a block after messageStop");
            if (i < 0 || i > blocks || i > 255) { f_broken(&f, "block indexes are not 0, 1, 2..."); continue; }
            if (i == blocks) {
                if (!strcmp(name, "contentBlockStop")) f_broken(&f, "a block that holds nothing stops");
                f_add(content, f_new('o'));
                blocks++;
                open[i] = 1;
            } else if (!strcmp(name, "contentBlockStart")) f_broken(&f, "a block starts twice, or after its deltas");
            if (open[i] == 2) f_broken(&f, "an event of a block after its stop");
            b = f_at(content, (size_t)i);
            if (!strcmp(name, "contentBlockStart")) {
                if (f_null(f_get(d, "start.toolUse.toolUseId")) && f_null(f_get(d, "start.toolResult")) && f_null(f_get(d, "start.image"))) f_broken(&f, "a contentBlockStart that starts nothing");
                for (k = f_member(d, "start") ? f_member(d, "start")->kid : NULL; k; k = k->next) f_set(b, k->key, f_copy(k));
            } else if (!strcmp(name, "contentBlockDelta")) f_bedrock_delta(&f, b, f_member(d, "delta"));
            else { f_bedrock_close(b); open[i] = 2; }
        } else if (!strcmp(name, "messageStop")) {
            for (i = 0; i < blocks; i++) if (open[i] == 1) f_broken(&f, "messageStop inside a block");
            if (f_null(f_member(d, "stopReason"))) f_broken(&f, "messageStop without stopReason");
            for (k = d->kid; k; k = k->next) f_set(f.whole, k->key, f_copy(k));
            f.finish++;
        } else if (!strcmp(name, "metadata")) {
            if (!f.finish) f_broken(&f, "metadata before messageStop");
            if (f_null(f_member(d, "usage"))) f_broken(&f, "metadata without usage");
            for (k = d->kid; k; k = k->next) f_set(f.whole, k->key, f_copy(k));
            f.done++;
        }
    }
    for (i = 0; i < blocks; i++) if (open[i] == 1) f_bedrock_close(f_at(content, (size_t)i));
    if (s.bad) f_broken(&f, s.bad);
    if (f.finish > 1) f_broken(&f, "two messageStop");
    f_remove(f.whole, "p");
    return f;
}

/* -- Cohere v2 (15.3) -- */
static inline f_fold f_fold_cohere(const char *p, size_t n) {
    f_fold f;
    f_sse s = f_sse_open(p, n);
    f_json *message;
    int marked = 0;
    long content_open = -1, call_open = -1;
    memset(&f, 0, sizeof f);
    f.whole = f_new('o');
    message = f_sub(f.whole, "message", 'o');
    f_set(message, "role", f_string("assistant", 9));
    while (f_sse_next(&s)) {
        const f_json *d, *type, *m, *k;
        long index;
        f_json *b;
        f.frames++;
        if (s.data.n == 6 && !memcmp(s.data.s, "[DONE]", 6)) {
            if (marked++ || (!f.done && !f.errors)) f_broken(&f, "[DONE] before the end, or twice");
            continue;
        }
        d = f_parse(s.data.s, s.data.n, NULL);
        type = f_member(d, "type");
        if (!d || d->type != 'o' || !type || type->type != 's') { f_broken(&f, "a frame is not an object with a type"); continue; }
        if (f_twice(d)) f_broken(&f, "a member stands twice");
        if (strcmp(s.name.s, type->s)) f_broken(&f, "the event's name is not its type");
        if (f.done || f.errors) f.after++;
        if (f.frames == 1 && !f_is(type, "message-start")) f_broken(&f, "the first event is not message-start");
        m = f_get(d, "delta.message");
        index = f_long(f_member(d, "index"), -1);
        if (f_is(type, "message-start")) {
            if (f.frames != 1 || f_null(f_member(d, "id")) || !f_is(f_member(m, "role"), "assistant")) f_broken(&f, "message-start twice, or without id or role");
            if (f_member(d, "id")) f_set(f.whole, "id", f_copy(f_member(d, "id")));
        } else if (f_is(type, "content-start")) {
            b = f_sub(message, "content", 'a');
            if (index != (long)b->n || content_open >= 0) f_broken(&f, "content indexes are not 0, 1, 2..., or one opens inside another");
            if (f_null(f_get(m, "content.type"))) { f_broken(&f, "content-start without a type"); continue; }
            f_add(b, f_copy(f_member(m, "content")));
            content_open = index;
        } else if (f_is(type, "content-delta") || f_is(type, "content-end")) {
            b = f_at(f_sub(message, "content", 'a'), (size_t)(index < 0 ? 1 << 20 : index));
            if (!b || index != content_open) { f_broken(&f, "a content event of what is not open"); continue; }
            if (f_is(type, "content-end")) { content_open = -1; continue; }
            if (f_null(f_get(m, f_is(f_member(b, "type"), "thinking") ? "content.thinking" : "content.text"))) f_broken(&f, "a content-delta that does not fit its content");
            f_append(b, "text", f_get(m, "content.text"));
            f_append(b, "thinking", f_get(m, "content.thinking"));
            if (!f_null(f_member(d, "logprobs"))) f_add(f_sub(f.whole, "logprobs", 'a'), f_copy(f_member(d, "logprobs")));
        } else if (f_is(type, "tool-plan-delta")) f_append(message, "tool_plan", f_member(m, "tool_plan"));
        else if (f_is(type, "tool-call-start")) {
            b = f_sub(message, "tool_calls", 'a');
            if (index != (long)b->n || call_open >= 0) f_broken(&f, "tool call indexes are not 0, 1, 2..., or one opens inside another");
            if (f_null(f_get(m, "tool_calls.id")) || f_null(f_get(m, "tool_calls.function.name"))) { f_broken(&f, "tool-call-start without id or name"); continue; }
            f_add(b, f_copy(f_member(m, "tool_calls")));
            call_open = index;
        } else if (f_is(type, "tool-call-delta") || f_is(type, "tool-call-end")) {
            b = f_at(f_sub(message, "tool_calls", 'a'), (size_t)(index < 0 ? 1 << 20 : index));
            if (!b || index != call_open) { f_broken(&f, "a tool call event of what is not open"); continue; }
            if (f_is(type, "tool-call-end")) call_open = -1;
            else f_append(f_sub(b, "function", 'o'), "arguments", f_get(m, "tool_calls.function.arguments"));
        } else if (f_is(type, "citation-start")) {
            k = f_member(m, "citations");
            if (k && k->type == 'o') f_add(f_sub(message, "citations", 'a'), f_copy(k));
            else f_broken(&f, "citation-start without a citation");
        } else if (f_is(type, "message-end")) {
            const f_json *reason = f_get(d, "delta.finish_reason"), *error = f_get(d, "delta.error");
            if (!f_null(error)) {                    /* (ERROR without a text is a finish reason that says no more) */
                b = f_set(f.whole, "error", f_new('o'));
                f_set(b, "message", f_copy(error));
                if (!f_null(reason)) f_set(b, "finish_reason", f_copy(reason));
                f.errors++;
                continue;
            }
            if (content_open >= 0 || call_open >= 0) f_broken(&f, "message-end inside content or a tool call");
            if (f_null(reason)) f_broken(&f, "message-end without finish_reason"); else { f.finish++; f_set(f.whole, "finish_reason", f_copy(reason)); }
            if (f_get(d, "delta.usage")) f_set(f.whole, "usage", f_copy(f_get(d, "delta.usage")));
            f.done++;
        }
    }
    f.comments = s.comments;
    return f;
}

/* -- Ollama (24.1) -- */
static inline f_fold f_fold_ollama(const char *p, size_t n) {
    f_fold f;
    f_lines s = f_lines_open(p, n);
    f_json *message;
    memset(&f, 0, sizeof f);
    f.whole = f_new('o');
    message = f_sub(f.whole, "message", 'o');
    f_set(message, "role", f_string("assistant", 9));
    f_set(message, "content", f_string("", 0));
    while (f_lines_next(&s)) {
        const f_json *d = f_parse(s.line.s, s.line.n, NULL), *m = f_member(d, "message"), *k;
        int done;
        f.frames++;
        if (!d || d->type != 'o') { f_broken(&f, "a line is not a JSON object"); continue; }
        if (f_twice(d)) f_broken(&f, "a member stands twice");
        if (f.done || f.errors) f.after++;
        if (!f_null(f_member(d, "error"))) { f.errors++; f_set(f.whole, "error", f_copy(f_member(d, "error"))); continue; }
        if (f_null(f_member(d, "model")) || f_null(f_member(d, "created_at"))) f_broken(&f, "a line lacks model or created_at");
        if (!f_is(f_member(m, "role"), "assistant") || !f_member(m, "content") || f_member(m, "content")->type != 's') f_broken(&f, "a line's message lacks role or content");
        done = f_member(d, "done") && f_member(d, "done")->type == 't';
        if (!done && !f_member(d, "done")) f_broken(&f, "a line has no done");
        f_append(message, "content", f_member(m, "content"));
        f_append(message, "thinking", f_member(m, "thinking"));
        f_concat(message, "tool_calls", f_member(m, "tool_calls"));
        f_concat(f.whole, "logprobs", f_member(d, "logprobs"));
        for (k = f_member(m, "tool_calls") && f_member(m, "tool_calls")->type == 'a' ? f_member(m, "tool_calls")->kid : NULL; k; k = k->next)
            if (f_null(f_get(k, "function.name")) || f_null(f_get(k, "function.arguments")) || f_get(k, "function.arguments")->type != 'o') f_broken(&f, "a tool call lacks its name, or arguments that are an object");
        for (k = d->kid; k; k = k->next)
            if (strcmp(k->key, "message") && strcmp(k->key, "logprobs")) f_set(f.whole, k->key, f_copy(k));
        if (!done) continue;
        f.done++;
        if (f_null(f_member(d, "done_reason"))) f_broken(&f, "the last line has no done_reason"); else f.finish++;
    }
    return f;
}
#endif
