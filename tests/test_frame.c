/* SPDX-License-Identifier: MIT OR Unlicense */
/* Framings: rows of { label, input, frames }, foreign cases and recorded streams, each read whole, byte by byte, cut everywhere and at random, in
   every size of memory. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"
#include <dirent.h>

/* RAW: COMMENTS, and the log is of raw bytes. EVS_ALL: EVS with what is no event. LINES_CUT: the end is not said to be good */
enum { SSE, COMMENTS, RAW, ARRAY, EVS, EVS_ALL, LINES, LINES_CUT };

/* A framing over exact-size memory, the log of its frames as "name|payload;", and all raw bytes. A frame that is no event logs as "#;". */
typedef struct {
    aigw_sse s;
    int kind, shift;             /* shift: memory moves even when nothing asks for it */
    char *log, *raw;
    size_t n, cap, nraw, craw, frames, moves;
} reader;

static void add(char **to, size_t *n, size_t *cap, const char *p, size_t len) {
    if (*n + len > *cap) { *cap = (*n + len) * 2 + 64; *to = (char *)realloc(*to, *cap); }
    if (len) memcpy(*to + *n, p, len);
    *n += len;
}
static void say(reader *r, const char *p, size_t n) { add(&r->log, &r->n, &r->cap, p, n); }

static const struct { void (*init)(aigw_window *, void *, size_t); int (*move)(aigw_window *, void *, size_t); int (*feed)(aigw_window *, const void *, size_t);
    int (*next)(aigw_window *, aigw_frame *); } framings[] = {
    { aigw_sse_init, aigw_sse_move, aigw_sse_feed, aigw_sse_next }, { aigw_sse_init, aigw_sse_move, aigw_sse_feed, aigw_sse_next },
    { aigw_sse_init, aigw_sse_move, aigw_sse_feed, aigw_sse_next }, { aigw_array_init, aigw_array_move, aigw_array_feed, aigw_array_next },
    { aigw_evs_init, aigw_evs_move, aigw_evs_feed, aigw_evs_next }, { aigw_evs_init, aigw_evs_move, aigw_evs_feed, aigw_evs_next },
    { aigw_ndjson_init, aigw_ndjson_move, aigw_ndjson_feed, aigw_ndjson_next }, { aigw_ndjson_init, aigw_ndjson_move, aigw_ndjson_feed, aigw_ndjson_next }
};

static void begin(reader *r, int kind, size_t mem) {
    memset(r, 0, sizeof *r);
    r->kind = kind;
    framings[kind].init(&r->s, mem ? malloc(mem) : NULL, mem);
    r->s.comments = kind == COMMENTS || kind == RAW || kind == EVS_ALL;
}

static void move(reader *r, size_t cap) {
    char *old = r->s.mem;
    size_t size = r->s.cap;
    t_int("move", framings[r->kind].move(&r->s, malloc(cap ? cap : 1), cap), AIGW_OK);
    if (old) memset(old, '?', size);
    free(old);
    r->moves++;
}

static void drain(reader *r) {
    aigw_frame f;
    int got;
    while ((got = framings[r->kind].next(&r->s, &f)) == 1) {
        r->frames++;
        if (r->kind == RAW) say(r, f.raw.p, f.raw.n);
        else if (f.payload.p) {
            say(r, f.name.p, f.name.n);
            say(r, "|", 1);
            say(r, f.payload.p, f.payload.n);
        } else say(r, "#", 1);
        say(r, ";", 1);
        add(&r->raw, &r->nraw, &r->craw, f.raw.p, f.raw.n);
        t_ok("raw is never empty", f.raw.n != 0);
        if (r->shift && t_below(2)) move(r, r->s.n + t_below(20));
    }
    t_int("error", got, r->s.err);
    t_ok("no frame, nothing in it", !f.raw.p && !f.payload.p && !f.name.p);
}

static void feed(reader *r, const char *p, size_t n) {
    char *copy = (char *)malloc(n ? n : 1);
    size_t at = 0, idle = 0;
    if (n) memcpy(copy, p, n);
    while (!r->s.err) {
        size_t room = r->s.cap - (r->s.n - r->s.start);
        int k = framings[r->kind].feed(&r->s, copy + at, n - at);
        if (k < 0) break;
        t_int("takes what fits", k, n - at < room ? n - at : room);
        at += (size_t)k;
        drain(r);
        if (r->s.want) {
            t_ok("more is wanted than there is", r->s.want > r->s.cap);
            move(r, r->s.want);
            drain(r);
        } else if (at == n) break;
        idle = k ? 0 : idle + 1;
        if (!t_ok("goes on", idle < 4)) break;
    }
    free(copy);
}

static reader read_cut(int kind, size_t mem, int shift, t_bytes s, const size_t *cuts, size_t n) {
    reader r;
    size_t i, at = 0;
    begin(&r, kind, mem);
    r.shift = shift;
    for (i = 0; i <= n; i++) {
        size_t to = i < n ? cuts[i] : s.n;
        feed(&r, s.p + at, to - at);
        at = to;
    }
    if (kind == LINES) {
        aigw_ndjson_end(&r.s);
        drain(&r);
    }
    if (r.s.err) say(&r, r.s.err == AIGW_E_SYNTAX ? "!" : "?", 1);
    if (kind == ARRAY && r.s.ended) say(&r, "]", 1);
    free(r.s.mem);
    return r;
}

static void drop(reader *r) { free(r->log); free(r->raw); }

static void same(const char *label, reader r, const reader *whole) {
    t_mem(label, r.log, r.n, whole->log, whole->n);
    if (r.raw) t_mem("raw", r.raw, r.nraw, whole->raw, whole->nraw);
    drop(&r);
}

/* Cut everywhere (in at most `most` places) and at random, in the given memory and in memory that grows as wanted. */
static void check_cuts(int kind, t_bytes s, const reader *whole, size_t most) {
    size_t *cuts = (size_t *)t_alloc((s.n + 1) * sizeof *cuts), i, k, n;
    memset(cuts, 0, (s.n + 1) * sizeof *cuts);
    for (i = 0; i < s.n; i++) cuts[i] = i;
    same("byte by byte", read_cut(kind, s.n * 2 + 16, 0, s, cuts, s.n), whole);
    same("byte by byte, growing", read_cut(kind, 0, 0, s, cuts, s.n), whole);
    same("whole, growing", read_cut(kind, 0, 0, s, NULL, 0), whole);
    for (i = 1; i < s.n; i += 1 + s.n / most) same("cut in two", read_cut(kind, t_below(s.n), 0, s, &i, 1), whole);
    for (k = 0; k < 20; k++) {
        size_t step = 1 + t_below(s.n < 200 ? 40 : s.n / 4);
        for (n = 0, i = t_below(9); i < s.n && n < s.n; i += t_below(step)) cuts[n++] = i;
        same("random cuts", read_cut(kind, t_below(300), k & 1, s, cuts, n), whole);
    }
}

static void check_sizes(int kind, t_bytes s, const reader *whole, size_t most) {
    size_t size;
    for (size = 0; size < s.n * 2 + 4; size += 1 + s.n / most) same("memory size", read_cut(kind, size, 0, s, NULL, 0), whole);
}

/* All frames with comments give back the input, less a byte order mark and the unterminated end, which is still held. */
static void check_raw(t_bytes s) {
    reader r = read_cut(COMMENTS, s.n * 2, 0, s, NULL, 0);
    size_t bom = s.n >= 3 && !memcmp(s.p, "\xef\xbb\xbf", 3) ? 3 : 0;
    if (t_int("nothing is lost", r.nraw + bom + (r.s.n - r.s.start), s.n)) t_mem("raw", r.raw, r.nraw, s.p + bom, r.nraw);
    drop(&r);
}

typedef struct { const char *label; int kind; const char *in, *want; } row;

static void check_rows(const row *rows, size_t n) {
    for (; n--; rows++) {
        t_bytes s;
        reader whole;
        s.p = rows->in;
        s.n = strlen(rows->in);
        t_row(rows->label);
        whole = read_cut(rows->kind, s.n * 2 + 16, 0, s, NULL, 0);
        t_mem("whole", whole.log, whole.n, rows->want, strlen(rows->want));
        check_cuts(rows->kind, s, &whole, 1000);
        check_sizes(rows->kind, s, &whole, 1000);
        if (rows->kind < ARRAY) check_raw(s);
        drop(&whole);
    }
}

T(sse_rows) {
    static const row rows[] = {
        { "nothing", SSE, "", "" },
        { "one", SSE, "data: a\n\n", "|a;" },
        { "name before and after", SSE, "event: x\ndata: a\n\ndata: b\nevent: y\n\n", "x|a;y|b;" },
        { "names do not stay", SSE, "event: x\n\ndata: b\n\n", "|b;" },
        { "empty name", SSE, "event: x\nevent:\ndata: b\n\n", "|b;" },
        { "CRLF", SSE, "data: a\r\n\r\ndata: b\r\n\r\n", "|a;|b;" },
        { "CR", SSE, "data: a\r\rdata: b\r\r", "|a;|b;" },
        { "empty data", SSE, "data\n\ndata:\n\ndata: \n\n", "|;|;|;" },
        { "two empty data lines", SSE, "data\ndata\n\n", "|\n;" },
        { "joined", SSE, "data: a\n: c\nid: 1\ndata:\ndata:b\n\ndata: c\n\n", "|a\n\nb;|c;" },
        { "joined, CRLF", SSE, "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", "|a\nb;|c;" },
        { "unterminated", SSE, "data: a\n\ndata: b\n", "|a;" },
        { "comment before", SSE, ": hi\n\n: ho\ndata: a\n\n", "|a;" },
        { "handed-out comments", COMMENTS, ": hi\n\n: 1\n: 2\ndata: a\n: 3\n: 4\n\n\n:\nid: 1\n\n", "#;#;|a;#;#;" },
        { "event without data", COMMENTS, "event: ping\n\ndata: x\n\n", "#;|x;" },
        { "error field", SSE, "error: {}\n\n", "error|{};" },
        { "error and data", SSE, "data: a\nerror: b\n\n", "error|a\nb;" },
        { "error field without value", SSE, "error\n\n", "error|;" },
        { "like data", SSE, "dat: a\ndataa: b\nDATA: c\n data: d\n\n", "" },
        { "LF of a CR ends no block", SSE, "data: a\r\ndata: b\n\r\n", "|a\nb;" },
        { "CR LF CR", SSE, "data: a\r\n\rdata: b\r\n\r\n", "|a;|b;" },
        { "LF after the blank CR", COMMENTS, "data: a\r\r\ndata: b\r\r\n\r\n", "|a;|b;#;" },
        { "byte order mark", SSE, "\xef\xbb\xbf" "data: a\n\n\xef\xbb\xbf" "data: b\n\n", "|a;" },
        { "half of one", COMMENTS, "\xef\xbb\n\ndata: a\n\n", "#;|a;" },
        { "raw of LF", RAW, ": c\n: d\ndata: a\n\n\n: e\n\ndata: b\n\n", ": c\n;: d\ndata: a\n\n;\n;: e\n\n;data: b\n\n;" },
        { "raw of CRLF", RAW, "data: a\r\n\r\ndata: b\r\ndata: c\r\n\r\n", "data: a\r\n\r\n;data: b\r\ndata: c\r\n\r\n;" },
        { "raw of CR", RAW, "data: a\r\rdata: b\r\r", "data: a\r\r;data: b\r\r;" },
        { "raw where they are mixed", RAW, "data: a\r\n\rdata: b\r\r\ndata: c\r\n\ndata: d\n\r\ndata: e\n\r",
          "data: a\r\n\r;data: b\r\r;\ndata: c\r\n\n;data: d\n\r;\ndata: e\n\r;" },
        { "raw without a byte order mark", RAW, "\xef\xbb\xbf" "data: a\r\n\r\n", "data: a\r\n\r\n;" },
        { "invalid UTF-8", SSE, "data: a\xff\xfe\n\n", "|a\xff\xfe;" },
        { "control characters", SSE, "data: a\tb\x01\vc\n\n", "|a\tb\x01\vc;" }
    };
    check_rows(rows, T_COUNT(rows));
}

T(array_rows) {
    static const row rows[] = {
        { "nothing", ARRAY, "", "" },
        { "empty", ARRAY, " [ ] \n", "]" },
        { "objects", ARRAY, "[{\"a\": 1}\r\n,\r\n{\"b\":[2,{}]}\n]\n", "|{\"a\": 1};|{\"b\":[2,{}]};]" },
        { "one object", ARRAY, "\n{\"error\":{}}\n", "|{\"error\":{}};]" },
        { "brackets in strings", ARRAY, "[{\"]}\":\"[{\\\"}\\\\\"},[\"\\\\\\\"]\"]]", "|{\"]}\":\"[{\\\"}\\\\\"};|[\"\\\\\\\"]\"];]" },
        { "scalars", ARRAY, "[1, -2.5e3 ,true,null,\"a]\\\",\",\"\"]", "|1;|-2.5e3;|true;|null;|\"a]\\\",\";|\"\";]" },
        { "long strings", ARRAY, "[{\"a\":\"0123456789012345678901234567890123456789\\n0123456789\"}]", "|{\"a\":\"0123456789012345678901234567890123456789\\n0123456789\"};]" },
        { "unterminated", ARRAY, "[{\"a\":1},{\"b\":", "|{\"a\":1};" },
        { "no array", ARRAY, "data: {}", "!" },
        { "a string", ARRAY, "\"a\"", "!" },
        { "byte order mark", ARRAY, "\xef\xbb\xbf[]", "!" },
        { "no comma", ARRAY, "[{}{}]", "|{};!" },
        { "two commas", ARRAY, "[{},,{}]", "|{};!" },
        { "comma first", ARRAY, "[,{}]", "!" },
        { "comma last", ARRAY, "[{},]", "|{};!" },
        { "wrong bracket", ARRAY, "[{},}", "|{};!" },
        { "text after", ARRAY, "[{}]x", "|{};!]" },
        { "second array", ARRAY, "[{}][", "|{};!]" },
        { "second object", ARRAY, "{}{}", "|{};!]" }
    };
    check_rows(rows, T_COUNT(rows));
}

T(ndjson_rows) {
    static const row rows[] = {
        { "nothing", LINES, "", "" },
        { "one", LINES, "{\"a\":1}\n", "|{\"a\":1};" },
        { "two", LINES, "{\"a\":1}\n{\"b\":2}\n", "|{\"a\":1};|{\"b\":2};" },
        { "CRLF", LINES, "{\"a\":1}\r\n{\"b\":2}\r\n", "|{\"a\":1};|{\"b\":2};" },
        { "empty lines", LINES, "\n\r\n \t\n{\"a\":1}\n\n\n{\"b\":2}\n\n", "|{\"a\":1};|{\"b\":2};" },
        { "white space around", LINES, "  {\"a\": 1}\t \r\n", "|{\"a\": 1};" },
        { "a lone CR ends no line", LINES, "{\"a\":\r1}\r{\n", "|{\"a\":\r1}\r{;" },
        { "not JSON is the reader's affair", LINES, "data: x\n[1\n", "|data: x;|[1;" },
        { "scalars", LINES, "1\n\"a\"\nnull\n", "|1;|\"a\";|null;" },
        { "controls and high bytes", LINES, "{\"\x01\":\"\xe2\x80\xa8\xff\"}\n", "|{\"\x01\":\"\xe2\x80\xa8\xff\"};" },
        { "a last line without its end", LINES, "{\"a\":1}\n{\"b\":2}", "|{\"a\":1};|{\"b\":2};" },
        { "only such a line", LINES, "{\"b\":2} \r", "|{\"b\":2};" },
        { "blanks at the end", LINES, "{\"a\":1}\n  ", "|{\"a\":1};" },
        { "cut: a last line without its end", LINES_CUT, "{\"a\":1}\n{\"b\":2}", "|{\"a\":1};" },
        { "cut behind a line", LINES_CUT, "{\"a\":1}\n", "|{\"a\":1};" },
        { "byte order mark", LINES, "\xef\xbb\xbf{\"a\":1}\n\xef\xbb\xbf{}\n", "|{\"a\":1};|\xef\xbb\xbf{};" },
        { "half a byte order mark", LINES, "\xef\xbb{}\n", "|\xef\xbb{};" },
        { "a long line", LINES, "{\"a\":\"0123456789012345678901234567890123456789\\n0123456789\"}\n{}\n", "|{\"a\":\"0123456789012345678901234567890123456789\\n0123456789\"};|{};" }
    };
    check_rows(rows, T_COUNT(rows));
}

static int hex(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* The bytes of a hex word; "-" stands for none. */
static t_bytes unhex(const char *p, const char *end) {
    t_bytes b;
    char *d = (char *)t_alloc((size_t)(end - p) / 2 + 1);
    b.p = d;
    b.n = 0;
    if (*p != '-')
        for (; p + 1 < end; p += 2) d[b.n++] = (char)(hex(p[0]) << 4 | hex(p[1]));
    return b;
}

T(sse_corpus) {
    t_bytes file = t_file(t_shared("corpora/sse/cases.txt")), in = { NULL, 0 };
    const char *p, *end, *line_end;
    char *want = NULL, *name = NULL;
    size_t n = 0, cap = 0, cases = 0;
    if (!file.p) { t_skip("../shared/corpora/sse/cases.txt"); return; }
    for (p = file.p, end = file.p + file.n; p < end; p = line_end + 1) {
        const char *word;
        line_end = (const char *)memchr(p, '\n', (size_t)(end - p));
        if (!line_end) break;
        word = (const char *)memchr(p, ' ', (size_t)(line_end - p));
        word = word ? word + 1 : line_end;
        if (!strncmp(p, "case ", 5)) {
            name = (char *)t_alloc((size_t)(line_end - word) + 1);
            memcpy(name, word, (size_t)(line_end - word));
            name[line_end - word] = 0;
            n = 0;
        } else if (!strncmp(p, "in ", 3)) in = unhex(word, line_end);
        else if (!strncmp(p, "event ", 6)) {
            const char *data = (const char *)memchr(word, ' ', (size_t)(line_end - word)) + 1;
            t_bytes type = unhex(word, data - 1), payload = unhex(data, (const char *)memchr(data, ' ', (size_t)(line_end - data)));
            if (type.n != 7 || memcmp(type.p, "message", 7)) add(&want, &n, &cap, type.p, type.n);
            add(&want, &n, &cap, "|", 1);
            add(&want, &n, &cap, payload.p, payload.n);
            add(&want, &n, &cap, ";", 1);
        } else if (!strncmp(p, "end", 3)) {
            reader whole = read_cut(SSE, in.n * 2 + 16, 0, in, NULL, 0);
            t_row(name);
            cases++;
            if (!strcmp(name, "invalid-utf8-replaced")) { n = 0; add(&want, &n, &cap, "|a\xff" "b;", 5); }   /* bytes pass through */
            t_mem("whole", whole.log, whole.n, want, n);
            check_cuts(SSE, in, &whole, 300);
            check_sizes(SSE, in, &whole, 100);
            check_raw(in);
            drop(&whole);
        }
    }
    t_int("cases", cases, 52);
    free(want);
}

/* Calls f for every recording whose folder's name holds `word` and whose own ends in `tail`. Returns how many there were. */
static size_t each_recording(const char *word, const char *tail, void (*f)(t_bytes)) {
    const char *root = t_shared("wire");
    DIR *top = opendir(root), *dir;
    struct dirent *d, *e;
    size_t n = 0;
    while (top && (d = readdir(top)) != NULL) {
        char path[1024];
        if (d->d_name[0] == '.' || !strstr(d->d_name, word)) continue;
        if (snprintf(path, sizeof path, "%s/%s", root, d->d_name) >= (int)sizeof path) continue;
        dir = opendir(path);
        while (dir && (e = readdir(dir)) != NULL) {
            char file[1400];
            size_t len = strlen(e->d_name);
            t_bytes b;
            if (len < strlen(tail) || strcmp(e->d_name + len - strlen(tail), tail)) continue;
            snprintf(file, sizeof file, "%s/%s", path, e->d_name);
            b = t_file(file);
            t_row(e->d_name);
            f(b);
            n++;
        }
        if (dir) closedir(dir);
    }
    if (top) closedir(top);
    return n;
}

/* The same log by the oracle, which does not know the field `error`. */
static reader foreign_log(t_bytes s) {
    f_sse f = f_sse_open(s.p, s.n);
    reader r;
    memset(&r, 0, sizeof r);
    while (f_sse_next(&f)) {
        say(&r, f.name.s, f.name.n);
        say(&r, "|", 1);
        say(&r, f.data.s, f.data.n);
        say(&r, ";", 1);
        r.frames++;
    }
    f_free();
    return r;
}

static void check_stream(t_bytes s) {
    reader whole = read_cut(SSE, s.n * 2, 0, s, NULL, 0);
    if (!strstr(t_.row, "gpustack")) same("by the oracle", foreign_log(s), &whole);
    check_cuts(SSE, s, &whole, s.n < 3000 ? s.n : 20);
    check_sizes(SSE, s, &whole, 10);
    check_raw(s);
    drop(&whole);
}

T(sse_recorded) {
    size_t n = each_recording("", ".response.sse", check_stream);
    if (!n) t_skip("../shared/wire");
    else t_ok("all of them", n >= 109);
}

static void check_lines(t_bytes s) {
    reader whole = read_cut(LINES, s.n * 2, 0, s, NULL, 0), oracle;
    f_lines f = f_lines_open(s.p, s.n);
    memset(&oracle, 0, sizeof oracle);
    while (f_lines_next(&f)) {
        say(&oracle, "|", 1);
        say(&oracle, f.line.s, f.line.n);
        say(&oracle, ";", 1);
    }
    t_mem("by the oracle", whole.log, whole.n, oracle.log, oracle.n);
    t_mem("raw is the input", whole.raw, whole.nraw, s.p, s.n);
    check_cuts(LINES, s, &whole, 20);
    check_sizes(LINES, s, &whole, 10);
    drop(&oracle);
    drop(&whole);
    f_free();
}

T(ndjson_recorded) {
    size_t n = each_recording("", ".response.ndjson", check_lines);
    if (!n) t_skip("../shared/wire");
    else t_ok("all of them", n >= 7);
}

static void check_array(t_bytes s) {
    reader whole;
    size_t i = 0;
    while (i < s.n && strchr(" \r\n\t", s.p[i])) i++;
    if (i == s.n || (s.p[i] != '[' && s.p[i] != '{')) return;
    whole = read_cut(ARRAY, s.n, 0, s, NULL, 0);
    t_ok("ended without error", !whole.s.err && whole.s.ended);
    if (s.p[i] == '{') t_int("one object", whole.frames, 1);
    check_cuts(ARRAY, s, &whole, 10);
    drop(&whole);
}

T(array_recorded) {
    if (!each_recording("", ".response.json", check_array)) t_skip("../shared/wire");
}

/* The payloads of a recorded stream as an array, in Gemini's way of writing it, are its items. */
static void check_as_array(t_bytes s) {
    reader events = read_cut(SSE, s.n * 2, 0, s, NULL, 0), items;
    char *text = (char *)t_alloc(events.n * 5 + 2), *to = text;
    size_t i, depth = 0;
    t_bytes array;
    *to++ = '[';
    for (i = 0; i < events.n; i++) {
        if (events.log[i] == '|' && !depth) { depth = 1; continue; }                        /* as the log writes them: |payload; */
        if (events.log[i] == ';' && (i + 1 == events.n || events.log[i + 1] == '|')) {
            depth = 0;
            if (i + 1 < events.n) memcpy(to, "\n,\r\n", 4), to += 4;
        } else *to++ = events.log[i];
    }
    *to++ = ']';
    array.p = text;
    array.n = (size_t)(to - text);
    items = read_cut(ARRAY, array.n, 0, array, NULL, 0);
    t_ok("ended", items.s.ended && !items.s.err);
    t_int("items", items.frames, events.frames);
    t_mem("payloads", items.log, items.n - 1, events.log, events.n);
    check_cuts(ARRAY, array, &items, 20);
    drop(&items);
    drop(&events);
}

T(array_of_stream) {
    if (!each_recording("gemini", ".response.sse", check_as_array)) t_skip("../shared/wire");
}

/* What streams send without end needs no memory. */
T(endless) {
    static const struct { const char *label, *in; int kind; } rows[] = {
        { "comments", ": ping\n", SSE }, { "comments handed out", ": ping\n", COMMENTS }, { "CRLF comments", ": ping\r\n", COMMENTS },
        { "blank lines", "\n", SSE }, { "blank CRLF", "\r\n", SSE }, { "blank CR", "\r", COMMENTS }, { "comment blocks", ": ping\r\n\r\n", SSE },
        { "blocks without data", "event: a\nid: 1\n\n", SSE }, { "events", "event: a\ndata: b\n\n", SSE },
        { "empty lines of NDJSON", "\r\n", LINES }, { "lines", "{\"a\":1}\n", LINES_CUT }
    };
    size_t i, k;
    for (i = 0; i < T_COUNT(rows); i++) {
        reader r;
        t_row(rows[i].label);
        begin(&r, rows[i].kind, 20);
        for (k = 0; k < 1000; k++) feed(&r, rows[i].in, strlen(rows[i].in));
        t_int("never asked for more", r.moves, 0);
        free(r.s.mem);
        drop(&r);
    }
    {
        reader r;
        t_row("white space in an array");
        begin(&r, ARRAY, 4);
        feed(&r, "[", 1);
        for (k = 0; k < 1000; k++) feed(&r, " \n1 ,", 5);
        t_int("never asked for more", r.moves, 0);
        t_int("items", r.frames, 1000);
        free(r.s.mem);
        drop(&r);
    }
}

T(moves) {
    char a[32], b[16];
    aigw_sse s;
    aigw_frame f;
    aigw_sse_init(&s, a, sizeof a);
    t_int("takes all", aigw_sse_feed(&s, "data: 1\n\ndata: 2345", 19), 19);
    t_int("first", aigw_sse_next(&s, &f), 1);
    t_mem("payload is in raw", f.payload.p, 1, f.raw.p + 6, 1);
    t_ok("no copy", f.payload.p == f.raw.p + 6);
    t_int("too small", aigw_sse_move(&s, b, 9), AIGW_E_NOMEM);
    t_int("just right", aigw_sse_move(&s, b, 10), AIGW_OK);
    memset(a, 0, sizeof a);
    t_int("none yet", aigw_sse_next(&s, &f), 0);
    t_int("wants more", s.want != 0, 1);
    t_int("takes nothing", aigw_sse_feed(&s, "6", 1), 0);
    t_int("within itself", aigw_sse_move(&s, b, 16), AIGW_OK);
    t_int("takes", aigw_sse_feed(&s, "6\n\n", 3), 3);
    t_int("second", aigw_sse_next(&s, &f), 1);
    t_mem("payload", f.payload.p, f.payload.n, "23456", 5);
}

/* ---- AWS event streams */

static t_bytes unhex_all(const char *s) { return unhex(s, s + strlen(s)); }

/* wire-formats 29.3, computed with botocore. */
static const char evs_event[] = "0000009400000057b4ab9aee0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
    "0d3a6d6573736167652d74797065070005" "6576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869227d7d1f944657";
static const char evs_exception[] = "0000008300000061a9d144e50f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e"
    "2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22736c6f77227d9350311c";
static const char evs_empty[] = "000000100000000005c248eb7d98c8ff";

/* A message with these headers, as bytes, its checksums right. */
static void put_message(f_str *b, const char *headers, size_t hn, const char *payload) {
    const size_t at = b->n, n = strlen(payload);
    f_put_big(b, hn + n + 16, 4);
    f_put_big(b, hn, 4);
    f_put_big(b, f_crc32(b->s + at, 8), 4);
    f_put(b, headers, hn);
    f_put(b, payload, n);
    f_put_big(b, f_crc32(b->s + at, b->n - at), 4);
}
#define HEADERS(s) s, sizeof(s) - 1

static void check_evs(const char *label, t_bytes s, const char *want) {
    reader whole;
    t_row(label);
    whole = read_cut(EVS, s.n * 2 + 16, 0, s, NULL, 0);
    t_mem("whole", whole.log, whole.n, want, strlen(want));
    check_cuts(EVS, s, &whole, 1000);
    check_sizes(EVS, s, &whole, 1000);
    drop(&whole);
}

T(evs_vectors) {
    t_bytes a = unhex_all(evs_event), b = unhex_all(evs_exception), c = unhex_all(evs_empty), all;
    char *p = (char *)t_alloc(a.n + b.n + 2 * c.n);
    reader r;
    check_evs("event", a, "contentBlockDelta|{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}};");
    check_evs("exception", b, "throttlingException|{\"message\":\"slow\"};");
    check_evs("empty", c, "");
    memcpy(p, c.p, c.n);
    memcpy(p + c.n, a.p, a.n);
    memcpy(p + c.n + a.n, c.p, c.n);
    memcpy(p + 2 * c.n + a.n, b.p, b.n);
    all.p = p;
    all.n = 2 * c.n + a.n + b.n;
    check_evs("together", all, "contentBlockDelta|{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}};throttlingException|{\"message\":\"slow\"};");
    r = read_cut(EVS_ALL, all.n * 2, 0, all, NULL, 0);
    t_int("all four", r.frames, 4);
    t_mem("raw is the input", r.raw, r.nraw, all.p, all.n);
    drop(&r);
}

/* Every byte changed in every bit, and every cut: no frame of it comes out, or an error does. */
T(evs_damage) {
    static const char *const messages[] = { evs_event, evs_exception, evs_empty };
    size_t i, k, bit;
    for (i = 0; i < 3; i++) {
        t_bytes good = unhex_all(messages[i]);
        for (k = 0; k < good.n; k++) {
            for (bit = 0; bit < 8; bit++) {
                t_bytes bad = good;
                char *p = t_dup(good.p, good.n);
                reader r;
                p[k] = (char)(p[k] ^ 1 << bit);
                bad.p = p;
                r = read_cut(EVS_ALL, good.n + (bit & 1) * 300, 0, bad, NULL, 0);
                t_ok("no frame", !r.frames);
                t_int("an error", r.s.err, AIGW_E_SYNTAX);
                drop(&r);
                free(p);
                t_.mems--;
            }
            {
                t_bytes cut = good;
                reader r;
                cut.n = k;
                r = read_cut(EVS_ALL, good.n, 0, cut, NULL, 0);
                t_ok("nothing yet, and no error", !r.frames && !r.s.err);
                t_int("held", r.s.n - r.s.start, k);
                drop(&r);
            }
        }
    }
}

T(evs_rows) {
    static const struct { const char *label, *headers; size_t n; const char *payload, *want; } rows[] = {
        { "all types of values", HEADERS("\1a\0\1b\1\1c\2\x7f\1d\3\1\2\1e\4\1\2\3\4\1f\5\1\2\3\4\5\6\7\10\1g\6\0\2xy\1h\7\0\1z\1i\10\1\2\3\4\5\6\7\10"
          "\1j\11\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\13:event-type\7\0\1e"), "p", "e|p;" },
        { "an event without a type", HEADERS("\15:message-type\7\0\5event"), "{}", "" },
        { "an event type alone", HEADERS("\13:event-type\7\0\1e"), "{}", "e|{};" },
        { "an event without payload", HEADERS("\13:event-type\7\0\1e"), "", "e|;" },
        { "an exception without a type", HEADERS("\15:message-type\7\0\11exception"), "{}", "exception|{};" },
        { "an error", HEADERS("\15:message-type\7\0\5error\13:error-code\7\0\3" "503\16:error-message\7\0\2no"), "", "503|no;" },
        { "an error that says nothing", HEADERS("\15:message-type\7\0\5error"), "", "error|;" },
        { "a name of no byte", HEADERS("\0\0"), "", "!" },
        { "a name that is cut", HEADERS("\5ab"), "", "!" },
        { "no type of a value", HEADERS("\1a"), "", "!" },
        { "an unknown type", HEADERS("\1a\12"), "", "!" },
        { "a number that is cut", HEADERS("\1a\4\1\2\3"), "", "!" },
        { "a string that is cut", HEADERS("\1a\7\0\3xy"), "", "!" },
        { "a string's length that is cut", HEADERS("\1a\7\0"), "", "!" },
        { "a string of 64 KiB that is not there", HEADERS("\1a\7\377\377xy"), "", "!" },
        { "a type twice", HEADERS("\13:event-type\7\0\1e\13:event-type\7\0\1e"), "", "!" },
        { "a type that is no string", HEADERS("\13:event-type\4\0\0\0\1"), "", "!" },
        { "others twice", HEADERS("\1a\0\1a\0\13:event-type\7\0\1e"), "{}", "e|{};" }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        f_str b = { NULL, 0, 0 };
        t_bytes s;
        put_message(&b, rows[i].headers, rows[i].n, rows[i].payload);
        s.p = t_dup(b.s, b.n);
        s.n = b.n;
        check_evs(rows[i].label, s, rows[i].want);
        f_free();
    }
}

/* A prelude with a right checksum whose lengths cannot be believed. */
T(evs_lengths) {
    static const struct { const char *label; unsigned long total, headers; int err; } rows[] = {
        { "shorter than a message can be", 15, 0, AIGW_E_SYNTAX }, { "nothing", 0, 0, AIGW_E_SYNTAX }, { "headers longer than all", 100, 85, AIGW_E_SYNTAX },
        { "headers of 4 GiB", 100, 0xFFFFFFFF, AIGW_E_SYNTAX }, { "4 GiB", 0xFFFFFFFF, 0, AIGW_E_LIMIT }, { "more than the largest", 131072 + 25165824 + 17, 10, AIGW_E_LIMIT },
        { "too many headers", 200000, 131073, AIGW_E_LIMIT }, { "the largest", 131072 + 25165824 + 16, 131072, AIGW_OK }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        char mem[64];
        f_str b = { NULL, 0, 0 };
        aigw_evs s;
        aigw_frame f;
        t_row(rows[i].label);
        f_put_big(&b, rows[i].total, 4);
        f_put_big(&b, rows[i].headers, 4);
        f_put_big(&b, f_crc32(b.s, 8), 4);
        aigw_evs_init(&s, mem, sizeof mem);
        t_int("takes", aigw_evs_feed(&s, b.s, 12), 12);
        t_int("says", aigw_evs_next(&s, &f), rows[i].err);
        t_int("stays", aigw_evs_feed(&s, "x", 1), rows[i].err);
        if (!rows[i].err) t_int("asks for all of it at once", s.want, rows[i].total);
        f_free();
    }
}

/* The foreign vectors: what is in positive/ and valid_* is one message, the others are errors. */
static int wants_error;
static void check_vector(t_bytes s) {
    reader r = read_cut(EVS_ALL, s.n + 16, 0, s, NULL, 0), again;
    size_t k;
    if (wants_error) t_ok("an error, or never complete", !r.frames && (r.s.err || r.s.n > r.s.start));
    else t_int("one message", r.frames == 1 && !r.s.err && r.s.n == r.s.start, 1);
    for (k = 1; k < s.n; k++) {
        again = read_cut(EVS_ALL, t_below(s.n), 0, s, &k, 1);
        t_int("cut in two", again.frames, r.frames);
        t_int("error", again.s.err, r.s.err);
        drop(&again);
    }
    drop(&r);
}
static size_t vectors_in(const char *folder, const char *word, int bad) {
    const char *root = t_shared(folder);
    DIR *dir = opendir(root);
    struct dirent *e;
    size_t n = 0;
    wants_error = bad;
    while (dir && (e = readdir(dir)) != NULL) {
        char path[1024];
        t_bytes b;
        if (e->d_name[0] == '.' || strncmp(e->d_name, word, strlen(word)) || snprintf(path, sizeof path, "%s/%s", root, e->d_name) >= (int)sizeof path) continue;
        b = t_file(path);
        t_row(e->d_name);
        check_vector(b);
        n++;
    }
    if (dir) closedir(dir);
    return n;
}
T(evs_foreign_vectors) {
    size_t n = vectors_in("wire/eventstream/aws-sdk-go/encoded/positive", "", 0);
    if (!n) { t_skip("../shared/wire"); return; }
    n += vectors_in("wire/eventstream/aws-sdk-go/encoded/negative", "", 1) + vectors_in("wire/eventstream/smithy-rs", "valid_", 0) + vectors_in("wire/eventstream/smithy-rs", "invalid_", 1);
    t_int("all of them", n, 20);
}

/* The same log by the oracle; and our own writer makes the oracle read the same. */
static void check_evs_stream(t_bytes s) {
    reader whole = read_cut(EVS, s.n * 2, 0, s, NULL, 0), foreign;
    f_evs f = f_evs_open(s.p, s.n), g;
    char *room = (char *)t_alloc(s.n * 2);
    aigw_out out;
    memset(&foreign, 0, sizeof foreign);
    aigw_base_out_init(&out, room, s.n * 2, NULL, 0);
    while (f_evs_next(&f)) {
        aigw_str name, data;
        size_t open;
        say(&foreign, f.name.s, f.name.n);
        say(&foreign, "|", 1);
        say(&foreign, f.data.s, f.data.n);
        say(&foreign, ";", 1);
        name.p = f.name.s;
        name.n = f.name.n;
        data.p = f.data.s;
        data.n = f.data.n;
        open = aigw_evs_open(&out, name, !strcmp(f.kind.s, "exception"));
        aigw_base_put(&out, data);
        aigw_evs_close(&out, open);
    }
    t_ok("the oracle has no complaint", !f.bad);
    g = f_evs_open(out.buf.p, out.buf.n);
    while (f_evs_next(&g)) {}
    t_ok("nor about ours", !g.bad && out.buf.n <= s.n * 2);
    if (strstr(t_.row, "eventstream")) t_mem("header by header as AWS writes them", out.buf.p, out.buf.n, s.p, s.n);
    same("by the oracle", foreign, &whole);
    check_cuts(EVS, s, &whole, s.n < 3000 ? s.n : 20);
    check_sizes(EVS, s, &whole, 10);
    drop(&whole);
    f_free();
}
T(evs_recorded) {
    size_t n = each_recording("bedrock", ".response.eventstream", check_evs_stream);
    if (!n) t_skip("../shared/wire");
    else t_ok("all of them", n >= 17);
}

/* A buffer of every size: the writer says what it would take, and writes the same when it fits. */
T(evs_written) {
    t_bytes want = unhex_all(evs_event), error = unhex_all(evs_exception);
    size_t cap;
    for (cap = 0; cap < 200; cap++) {
        char *room = (char *)malloc(cap ? cap : 1);
        aigw_out out;
        size_t open;
        aigw_base_out_init(&out, room, cap, NULL, 0);
        open = aigw_evs_open(&out, aigw_base_str("contentBlockDelta"), 0);
        aigw_base_put_lit(&out, "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}");
        aigw_evs_close(&out, open);
        t_int("size", out.buf.n, want.n);
        if (cap >= want.n) t_mem("as botocore", room, out.buf.n, want.p, want.n);
        free(room);
    }
    {
        char room[300];
        aigw_out out;
        size_t open;
        aigw_base_out_init(&out, room, sizeof room, NULL, 0);
        open = aigw_evs_open(&out, aigw_base_str("throttlingException"), 1);
        aigw_base_put_lit(&out, "{\"message\":\"slow\"}");
        aigw_evs_close(&out, open);
        t_mem("exception", room, out.buf.n, error.p, error.n);
    }
}

int main(void) {
    T_RUN(sse_rows);
    T_RUN(array_rows);
    T_RUN(ndjson_rows);
    T_RUN(sse_corpus);
    T_RUN(sse_recorded);
    T_RUN(array_recorded);
    T_RUN(ndjson_recorded);
    T_RUN(array_of_stream);
    T_RUN(endless);
    T_RUN(moves);
    T_RUN(evs_vectors);
    T_RUN(evs_damage);
    T_RUN(evs_rows);
    T_RUN(evs_lengths);
    T_RUN(evs_foreign_vectors);
    T_RUN(evs_recorded);
    T_RUN(evs_written);
    return t_end();
}
