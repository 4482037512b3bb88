/* SPDX-License-Identifier: MIT OR Unlicense */
/* Framings: rows of { label, input, frames }, foreign cases and recorded streams, each read whole, byte by byte, cut everywhere and at random, in
   every size of memory. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"
#include <dirent.h>

enum { SSE, COMMENTS, RAW, ARRAY, LINES, LINES_CUT };   /* RAW: COMMENTS, and the log is of raw bytes. LINES_CUT: the end is not said to be good */

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

static int next(reader *r, aigw_frame *f) {
    return r->kind == ARRAY ? aigw_array_next(&r->s, f) : r->kind >= LINES ? aigw_ndjson_next(&r->s, f) : aigw_sse_next(&r->s, f);
}

static void begin(reader *r, int kind, size_t mem) {
    memset(r, 0, sizeof *r);
    r->kind = kind;
    (kind == ARRAY ? aigw_array_init : kind >= LINES ? aigw_ndjson_init : aigw_sse_init)(&r->s, mem ? malloc(mem) : NULL, mem);
    r->s.comments = kind == COMMENTS || kind == RAW;
}

static void move(reader *r, size_t cap) {
    char *old = r->s.mem;
    size_t size = r->s.cap;
    t_int("move", (r->kind == ARRAY ? aigw_array_move : r->kind >= LINES ? aigw_ndjson_move : aigw_sse_move)(&r->s, malloc(cap ? cap : 1), cap), AIGW_OK);
    if (old) memset(old, '?', size);
    free(old);
    r->moves++;
}

static void drain(reader *r) {
    aigw_frame f;
    int got;
    while ((got = next(r, &f)) == 1) {
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
        int k = (r->kind == ARRAY ? aigw_array_feed : r->kind >= LINES ? aigw_ndjson_feed : aigw_sse_feed)(&r->s, copy + at, n - at);
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
    return t_end();
}
