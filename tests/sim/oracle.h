/* SPDX-License-Identifier: MIT OR Unlicense */
/* oracle.h: reads what a client got. Knows HTTP/1.1 and each dialect's rules for text, finish, error and end, written from their specifications;
 * includes nothing of aigw, so that it can contradict it.
 *
 *     n = o_feed(&o, p, n);            bytes of one answer; o.done: it is all there, o.why: what is wrong with it, or NULL
 *     o_judge(&o, dialect, stream);    O_FINE, O_ERROR or O_BROKEN; o.text[0..o.text_n) is what it said
 *     o_next(&o);                      for the next answer on the connection */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { O_OPENAI, O_ANTHROPIC, O_GEMINI, O_ARRAY, O_OLLAMA, O_COHERE, O_RESPONSES, O_DIALECTS };
enum { O_BROKEN, O_FINE, O_ERROR };
enum { O_HEAD, O_BODY, O_SIZE, O_DATA, O_DATA_END, O_LAST };           /* where in the answer */
enum { O_HEAD_MAX = 4096, O_BODY_MAX = 49152, O_TEXT_MAX = 2048 };

typedef struct {
    const char *why;
    int      status;
    uint8_t  at, done, closing, chunked, lengths;
    size_t   head_n, body_n, text_n, left;
    unsigned finish, ends, errors, after, frames;
    char     head[O_HEAD_MAX], body[O_BODY_MAX], text[O_TEXT_MAX + 1];
} o_reader;

static void o_next(o_reader *o) { memset(o, 0, offsetof(o_reader, head)); }
static void o_bad(o_reader *o, const char *why) {
    if (!o->why) o->why = why;
}

/* ---- HTTP ---- */

static int o_is(const char *p, size_t n, const char *word) { return n == strlen(word) && !memcmp(p, word, n); }

static void o_field(o_reader *o, const char *name, size_t nn, const char *value, size_t nv) {
    unsigned bad = 0;
    for (size_t i = 0; i < nn; i++)
        bad |= !((unsigned char)(name[i] - 'a') < 26 || (unsigned char)(name[i] - '0') < 10 || name[i] == '-');
    if (bad || !nn) o_bad(o, "a field's name has other bytes than a lower-case name");
    for (size_t i = 0; i < nv; i++) bad |= (unsigned char)value[i] < 32 || value[i] == 127;
    if (bad) o_bad(o, "a field's value has a control byte");
    if (nn < 10 || (*name != 'c' && *name != 't')) return;
    if (o_is(name, nn, "content-length")) {
        o->lengths++;
        for (size_t i = 0; i < nv; i++) {
            if (value[i] < '0' || value[i] > '9') o_bad(o, "content-length is not a number");
            o->left = o->left * 10 + (size_t)(value[i] - '0');
        }
    } else if (o_is(name, nn, "transfer-encoding")) {
        o->chunked++;
        if (!o_is(value, nv, "chunked")) o_bad(o, "an unknown transfer-encoding");
    } else if (o_is(name, nn, "connection")) o->closing |= (uint8_t)o_is(value, nv, "close");
}

/* head[0..head_n) ends with the empty line. */
static void o_headed(o_reader *o) {
    const char *p = o->head, *end = o->head + o->head_n - 2, *line = (const char *)memchr(p, '\r', o->head_n);
    if (o->head_n < 16 || memcmp(p, "HTTP/1.1 ", 9) || p[12] != ' ') { o_bad(o, "no status line"); return; }
    o->status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + p[11] - '0';
    if (o->status < 200 || o->status > 599) o_bad(o, "a status out of range");
    for (p = line + 2; p < end; p = line + 2) {
        const char *colon;
        line = (const char *)memchr(p, '\r', (size_t)(end - p));
        if (!line || line[1] != '\n' || !(colon = (const char *)memchr(p, ':', (size_t)(line - p))) || colon[1] != ' ') {
            o_bad(o, "a header line that is none");
            return;
        }
        o_field(o, p, (size_t)(colon - p), colon + 2, (size_t)(line - colon - 2));
    }
    if (o->lengths + o->chunked != 1) o_bad(o, "not exactly one of content-length and transfer-encoding");
    o->at = o->chunked ? O_SIZE : O_BODY;
    if (o->chunked) o->left = 0;
    else o->done = !o->left;
}

/* The end of the head: "\r\n\r\n" at or behind p[from], or NULL. */
static const char *o_head_end(const char *p, size_t n, size_t from) {
    const char *cr = p + from;
    while ((cr = (const char *)memchr(cr, '\r', (size_t)(p + n - cr))) != NULL) {
        if (p + n - cr < 4) return NULL;
        if (!memcmp(cr, "\r\n\r\n", 4)) return cr + 4;
        cr++;
    }
    return NULL;
}
static size_t o_feed_head(o_reader *o, const char *p, size_t n) {
    const size_t before = o->head_n;
    const char *end;
    if (n > O_HEAD_MAX - before) n = O_HEAD_MAX - before;
    if (!n) { o_bad(o, "a head longer than any"); return 0; }
    memcpy(o->head + before, p, n);
    o->head_n += n;
    end = o_head_end(o->head, o->head_n, before > 3 ? before - 3 : 0);
    if (!end) return n;
    o->head_n = (size_t)(end - o->head);
    o_headed(o);
    return o->head_n - before;
}
static size_t o_feed_bytes(o_reader *o, const char *p, size_t n) {
    if (n > o->left) n = o->left;
    if (n > O_BODY_MAX - o->body_n) { o_bad(o, "a body longer than any"); return 0; }
    memcpy(o->body + o->body_n, p, n);
    o->body_n += n;
    o->left -= n;
    return n;
}
/* A byte of a chunk's frame. "left" is what the size line says so far; head_n counts digits and marks CR. */
static void o_feed_frame(o_reader *o, char c) {
    static const char lf[] = "\r\n";
    if (o->at == O_SIZE && c != '\r' && c != '\n') {
        const int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (v < 0 || o->left > 1 << 20) o_bad(o, "a chunk's size is no size");
        o->left = o->left * 16 + (size_t)(v < 0 ? 0 : v);
        o->frames++;
        return;
    }
    if (c != lf[o->ends++]) o_bad(o, "a chunk's end is not where it should be");
    if (o->ends < 2) return;
    o->ends = 0;
    if (o->at == O_SIZE && !o->frames) o_bad(o, "a chunk without a size");
    o->frames = 0;
    if (o->at == O_SIZE) o->at = o->left ? O_DATA : O_LAST;
    else if (o->at == O_DATA_END) o->at = O_SIZE;
    else o->done = 1;
}
/* Bytes taken: all, unless the answer ended before, or is wrong. */
static size_t o_feed(o_reader *o, const char *p, size_t n) {
    size_t i = 0;
    while (i < n && !o->done && !o->why) {
        if (o->at == O_HEAD) i += o_feed_head(o, p + i, n - i);
        else if (o->at == O_BODY) {
            i += o_feed_bytes(o, p + i, n - i);
            o->done = !o->left;
        } else if (o->at == O_DATA) {
            i += o_feed_bytes(o, p + i, n - i);
            if (!o->left) o->at = O_DATA_END;
        } else o_feed_frame(o, p[i++]);
    }
    return i;
}

/* ---- JSON: is it well-formed, and what stands under the few names that matter ---- */

typedef struct { const char *type; size_t type_n; uint8_t error, finish, done, marked; } o_frame;
typedef struct { o_reader *o; o_frame *f; const char *end, *text, *finish; size_t text_n, finish_n; int dialect; } o_scan;

static const char *o_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
    return p;
}
/* p behind the quote; returns where the closing one stands, or NULL. */
static const char *o_quoted(const char *p, const char *end) {
    for (; p < end; p++) {
        if (*p == '"') return p;
        if ((unsigned char)*p < 32) return NULL;
        if (*p != '\\') continue;
        if (++p == end || !*p || !strchr("\"\\/bfnrtu", *p)) return NULL;
    }
    return NULL;
}
static void o_found(o_scan *s, const char *key, size_t nk, const char *p, size_t n, int depth) {
    o_reader *o = s->o;
    if (nk == s->text_n && !memcmp(key, s->text, nk)) {
        if (n > O_TEXT_MAX - o->text_n) { o_bad(o, "more text than any"); return; }
        memcpy(o->text + o->text_n, p, n);
        o->text_n += n;
    } else if (nk == s->finish_n && !memcmp(key, s->finish, nk)) s->f->finish = n > 0;
    else if (nk == 4 && depth == 1 && !memcmp(key, "type", 4)) s->f->type = p, s->f->type_n = n;
    else if (nk == 7 && depth == 1 && s->dialect == O_COHERE && !memcmp(key, "message", 7)) s->f->error = n > 0;
}
static const char *o_value(o_scan *s, const char *p, const char *key, size_t nk, int depth) {
    const char *from = p = o_space(p, s->end), *to;
    if (p == s->end || depth > 40) return NULL;
    if (depth <= 2 && nk == 5 && !memcmp(key, "error", 5) && *p != 'n') s->f->error = 1;
    if (*p == '"') {
        if (!(to = o_quoted(p + 1, s->end))) return NULL;
        o_found(s, key, nk, p + 1, (size_t)(to - p - 1), depth);
        return to + 1;
    }
    if (*p == '{' || *p == '[') {
        const char close = *p == '{' ? '}' : ']';
        p = o_space(p + 1, s->end);
        if (p < s->end && *p == close) return p + 1;
        for (;; p++) {
            if (close == '}') {
                from = o_space(p, s->end);
                if (from == s->end || *from != '"' || !(to = o_quoted(++from, s->end))) return NULL;
                p = o_space(to + 1, s->end);
                if (p == s->end || *p++ != ':') return NULL;
                p = o_value(s, p, from, (size_t)(to - from), depth + 1);
            } else p = o_value(s, p, "", 0, depth + 1);
            if (!p || (p = o_space(p, s->end)) == s->end) return NULL;
            if (*p == close) return p + 1;
            if (*p != ',') return NULL;
        }
    }
    while (p < s->end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == '-' || *p == '+' || *p == '.' || *p == 'E')) p++;
    if (o_is(from, (size_t)(p - from), "true")) s->f->done |= (uint8_t)(depth == 1 && o_is(key, nk, "done"));
    else if (!o_is(from, (size_t)(p - from), "false") && !o_is(from, (size_t)(p - from), "null") &&
             (p == from || !strchr("-0123456789", *from))) return NULL;
    return p;
}

/* One frame or whole body p[0..n). */
static o_frame o_read(o_reader *o, int dialect, int stream, const char *p, size_t n) {
    static const char *const text[O_DIALECTS] = { "content", "text", "text", "text", "content", "text", "text" },
                      *const finish[O_DIALECTS] = { "finish_reason", "stop_reason", "finishReason", "finishReason", "done_reason", "finish_reason", "status" };
    o_frame f;
    o_scan s;
    memset(&f, 0, sizeof f);
    s.o = o, s.f = &f, s.dialect = dialect, s.end = p + n;
    s.text = dialect == O_RESPONSES && stream ? "delta" : text[dialect];
    s.finish = finish[dialect];
    s.text_n = strlen(s.text), s.finish_n = strlen(s.finish);
    p = o_value(&s, p, "", 0, 0);
    if (!p || o_space(p, s.end) != s.end) o_bad(o, "a frame or body is not JSON");
    return f;
}

/* ---- streams: where they end ---- */

static void o_event(o_reader *o, int dialect, const char *name, size_t nn, const char *p, size_t n) {
    const size_t before = o->text_n;
    o_frame f;
    o->frames++;
    if ((dialect == O_OPENAI || dialect == O_COHERE) && o_is(p, n, "[DONE]")) {
        if (dialect == O_COHERE && !o->ends) o_bad(o, "[DONE] before message-end");
        if (dialect == O_OPENAI && (o->errors || !o->finish)) o_bad(o, "[DONE] without a finish");
        o->ends += dialect == O_OPENAI;
        return;
    }
    if (o->ends || o->errors) o->after++;
    f = o_read(o, dialect, 1, p, n);
    if (o->finish && o->text_n > before) o_bad(o, "text after the finish");
    if (dialect != O_OPENAI && dialect != O_GEMINI && dialect != O_ARRAY && dialect != O_OLLAMA && !o_is(name, nn, "") &&
        (nn != f.type_n || memcmp(name, f.type, nn))) o_bad(o, "an event's name is not its type");
    if (dialect == O_RESPONSES) {
        const int ends = o_is(f.type, f.type_n, "response.completed") || o_is(f.type, f.type_n, "response.incomplete");
        f.error |= (uint8_t)o_is(f.type, f.type_n, "error");
        o->errors += f.error;
        o->ends += (unsigned)(ends && !f.error);
        o->finish += (unsigned)(ends && !f.error);
        return;
    }
    o->errors += f.error;
    o->finish += (unsigned)(f.finish && !f.error);
    if (dialect == O_ANTHROPIC) {
        if (o->frames == 1 && !o_is(f.type, f.type_n, "message_start") && !f.error) o_bad(o, "message_start is not the first event");
        o->ends += (unsigned)o_is(f.type, f.type_n, "message_stop");
    } else if (dialect == O_COHERE) o->ends += (unsigned)(o_is(f.type, f.type_n, "message-end") && !f.error);
    else if (dialect == O_OLLAMA) o->ends += f.done;
    else if (dialect != O_OPENAI) o->ends += (unsigned)(f.finish && !f.error);
}

/* Events, or lines, of body[0..body_n). A line ends with LF, CR or both. */
static void o_lines(o_reader *o, int dialect) {
    const char *p = o->body, *end = p + o->body_n, *lf, *cr, *name = "", *data = NULL;
    size_t nn = 0, nd = 0;
    for (; p < end && !o->why; p = lf + 1) {
        size_t n;
        if (!(lf = (const char *)memchr(p, '\n', (size_t)(end - p)))) { o_bad(o, "a stream ends inside a line"); return; }
        cr = (const char *)memchr(p, '\r', (size_t)(lf - p));
        n = (size_t)((cr ? cr : lf) - p);
        if (cr && cr + 1 < lf) lf = cr;
        if (dialect == O_OLLAMA) {
            if (n) o_event(o, dialect, "", 0, p, n);
        } else if (!n) {
            if (data) o_event(o, dialect, name, nn, data, nd);
            data = NULL, nn = 0;
        } else if (n > 6 && !memcmp(p, "data: ", 6)) {
            if (data) o_bad(o, "two lines of data in an event");
            data = p + 6, nd = n - 6;
        } else if (n > 7 && !memcmp(p, "event: ", 7)) name = p + 7, nn = n - 7;
        else if (*p != ':') o_bad(o, "a line of a stream is no field");
        if (n > 13 && nn == 4 && !memcmp(name, "ping", 4) && data) data = NULL, nn = 0;      /* a ping is no event of the answer */
    }
    if (data || nn) o_bad(o, "a stream ends inside an event");
}
static void o_array(o_reader *o) {
    o_frame f;
    o_scan s;
    const char *p = o_space(o->body, o->body + o->body_n), *end = o->body + o->body_n, *next;
    memset(&f, 0, sizeof f);
    if (p == end || *p != '[') { o_bad(o, "an array of frames does not begin with a bracket"); return; }
    for (p = o_space(p + 1, end); p < end && *p != ']' && !o->why; p = o_space(p, end)) {
        o_reader *const none = o;
        const size_t text_n = o->text_n;
        memset(&s, 0, sizeof s);
        s.o = none, s.f = &f, s.end = end, s.text = s.finish = "", s.text_n = s.finish_n = 99, s.dialect = O_ARRAY;
        if (!(next = o_value(&s, p, "", 0, 0))) { o_bad(o, "an element of the array is not JSON"); return; }
        o->text_n = text_n;
        o_event(o, O_ARRAY, "", 0, p, (size_t)(next - p));
        p = o_space(next, end);
        if (p < end && *p == ',') p++;
        else if (p == end || *p != ']') { o_bad(o, "no comma between elements"); return; }
    }
    if (p >= end || o_space(p + 1, end) != end) o_bad(o, "the array does not end once");
}

static int o_judged(o_reader *o, int dialect, int stream) {
    o->finish = o->ends = o->errors = o->after = o->frames = 0;
    o->text_n = 0;
    if (o->why) return O_BROKEN;
    if (o->status != 200 || !stream) {
        const o_frame f = o_read(o, dialect, 0, o->body, o->body_n);
        if (o->status != 200) {
            if (!f.error) o_bad(o, "an error status without an error in the dialect's shape");
            if (o->status < 400) o_bad(o, "a status that is neither 200 nor an error");
        } else if (f.error || !f.finish) o_bad(o, "a whole answer with an error, or without a finish");
        return o->why ? O_BROKEN : o->status == 200 ? O_FINE : O_ERROR;
    }
    if (dialect == O_ARRAY) o_array(o);
    else o_lines(o, dialect);
    if (o->after) o_bad(o, "an event after the end");
    if (o->errors ? o->errors != 1 || o->ends || o->finish : o->ends != 1 || o->finish != 1) o_bad(o, "not exactly one terminal event");
    return o->why ? O_BROKEN : o->errors ? O_ERROR : O_FINE;
}
/* What a complete answer amounts to. */
static int o_judge(o_reader *o, int dialect, int stream) {
    const int r = o_judged(o, dialect, stream);
    o->text[o->text_n] = 0;
    return r;
}
#endif
