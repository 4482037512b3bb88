/* SPDX-License-Identifier: MIT OR Unlicense */
/* cases.h: what the tests of the dialects share. Transcripts (tests/cases/NAME.txt, see the head of one), and the helpers that play recordings through
 * one dialect. Before it is included: `D`, the dialect under test, and CASES_TARGET, the path of its chat requests. Knows the dialect's table and
 * the model; knows no dialect. */
#ifndef CASES_H
#define CASES_H
#include <dirent.h>

static const aigw_now NOW = { 1000000000u, 1792567680 };         /* 2026-10-21T07:28:00Z */
enum { MEM = 1 << 20, TEXT = 1 << 20 };
static char text_mem[TEXT], log_mem[TEXT], hold_mem[1 << 16];

static inline aigw_str str(const char *s) { return aigw_base_str(s); }

/* What a case says: everything is written into one text that is compared at the end. */
typedef struct { aigw_out out; aigw_loss loss; aigw_loss_item items[64]; } page;

static inline void page_init(page *p) {
    aigw_base_out_init(&p->out, log_mem, sizeof log_mem, NULL, 0);
    aigw_model_loss_init(&p->loss, p->items, 64);
}
static inline void put(page *p, aigw_str s) { aigw_base_put(&p->out, s); }
static inline void puts_(page *p, const char *s) { aigw_base_put_lit(&p->out, s); }

static inline void put_losses(page *p) {
    size_t i;
    for (i = 0; i < p->loss.n; i++) {
        puts_(p, aigw_model_loss_name(p->loss.items[i].action));
        puts_(p, p->loss.items[i].path[0] ? " " : "");
        puts_(p, p->loss.items[i].path);
        puts_(p, ": ");
        puts_(p, p->loss.items[i].reason);
        puts_(p, "\n");
    }
}

static inline void put_head(page *p, const aigw_head *h) {
    size_t i;
    if (h->status) aigw_base_put_int(&p->out, h->status);
    else { put(p, h->method); puts_(p, " "); put(p, h->target); }
    puts_(p, "\n");
    for (i = 0; i < h->n; i++) { put(p, h->headers[i].name); puts_(p, ": "); put(p, h->headers[i].value); puts_(p, "\n"); }
}

/* ---- options of a case: "can=tools,vision max=100" */

static inline aigw_str option(aigw_str line, const char *name) {
    aigw_str none = { "", 0 }, s = line;
    size_t n = strlen(name), i, k;
    for (i = 0; i + n < s.n; i++) {
        if ((i && s.p[i - 1] != ' ') || memcmp(s.p + i, name, n) || s.p[i + n] != '=') continue;
        s.p += i + n + 1;
        s.n -= i + n + 1;
        for (k = 0; k < s.n && s.p[k] != ' '; k++) {}
        s.n = k;
        return s;
    }
    return none;
}

static inline uint32_t abilities(aigw_str list) {
    static const char *const names[] = {
#define X(name, label) label,
        AIGW_CAN_LIST(X)
#undef X
    };
    uint32_t bits = 0;
    size_t i, from, k;
    for (i = from = 0; i <= list.n; i++) {
        if (i < list.n && list.p[i] != ',') continue;
        for (k = 0; k < AIGW_CAN_COUNT; k++)
            if (strlen(names[k]) == i - from && !memcmp(names[k], list.p + from, i - from)) bits |= (uint32_t)1 << k;
        from = i + 1;
    }
    return bits;
}

static char efforts[64];
static inline aigw_target target(aigw_str options) {
    aigw_target to;
    aigw_str e = option(options, "efforts");
    size_t i;
    memset(&to, 0, sizeof to);
    to.name = to.id = str("M");
    to.provider = str("claude");
    to.dialect = D;
    to.can = abilities(option(options, "can"));
    to.no = abilities(option(options, "no"));
    to.version = option(options, "version");
    to.base = option(options, "base");
    (void)aigw_base_int(option(options, "max"), &to.max_output);
    for (i = 0; i < e.n && i < sizeof efforts; i++) efforts[i] = e.p[i] == ',' ? ' ' : e.p[i];
    to.efforts.p = efforts;
    to.efforts.n = i;
    return to;
}

/* "name:value,name:value" as headers. */
static inline void headers(aigw_head *h, aigw_str list) {
    size_t i, from, colon = 0;
    for (i = from = 0; i <= list.n; i++) {
        aigw_str name, value;
        if (i < list.n && list.p[i] == '=' && !colon) colon = i;
        if (i < list.n && list.p[i] != ',') continue;
        name.p = list.p + from;
        name.n = colon ? colon - from : 0;
        value.p = list.p + colon + 1;
        value.n = colon ? i - colon - 1 : 0;
        if (colon) aigw_base_header_put(h, name, value);
        from = i + 1;
        colon = 0;
    }
}

/* ---- the kinds of cases */

static inline void put_fault(page *p, int r, const aigw_fault *f) {
    puts_(p, "fault ");
    aigw_base_put_int(&p->out, r);
    puts_(p, " at ");
    aigw_base_put_int(&p->out, (int64_t)f->at);
    puts_(p, f->path[0] ? " " : "");
    puts_(p, f->path);
    puts_(p, ": ");
    puts_(p, f->text ? f->text : "?");
    puts_(p, "\n");
}

static inline void case_request(page *p, aigw_str options, aigw_str body, int decode, int edit) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    aigw_header in_headers[8], out_headers[8];
    aigw_head in, head;
    aigw_target to = target(options);
    aigw_fault fault;
    aigw_req req;
    aigw_out out;
    aigw_str piece[64];
    size_t i;
    int r;
    memset(&in, 0, sizeof in);
    memset(&head, 0, sizeof head);
    memset(&fault, 0, sizeof fault);
    in.method = str("POST");
    in.target = option(options, "target").n ? option(options, "target") : str(CASES_TARGET);
    in.headers = in_headers;
    in.cap = 8;
    headers(&in, option(options, "headers"));
    head.headers = out_headers;
    head.cap = 8;
    body.p = t_dup(body.p, body.n);
    p->loss.strict = option(options, "strict").n > 0;
    r = option(options, "from").n ? aigw_model_req_decode(body, &mem, &req, &fault) : D->req_decode(&in, body, &mem, &req, &fault);
    if (r) { put_fault(p, r, &fault); return; }
    if (decode) { aigw_model_req_encode(&req, &p->out); puts_(p, "\n"); return; }
    p->loss.doc = req.body;
    aigw_base_out_init(&out, text_mem, sizeof text_mem, piece, option(options, "pieces").n ? 64 : 0);
    r = edit ? D->req_edit(&req, &to, &mem, &head, &out, &p->loss) : D->req_encode(&req, &to, &mem, &head, &out, &p->loss);
    if (r == AIGW_E_REFUSED) puts_(p, "refused\n");
    else if (r) { puts_(p, aigw_base_error_text(r)); puts_(p, "\n"); }
    else {
        put_head(p, &head);
        if (!out.cap) put(p, aigw_base_out_str(&out));
        for (i = 0; i < out.n; i++) put(p, out.pieces[i]);
        puts_(p, "\n");
    }
    put_losses(p);
}

/* Events go through the checker, and are written as lines or folded. */
typedef struct { page *p; aigw_check check; aigw_fold fold; int lines, count, terminal; } listener;

static inline int hear(void *user, const aigw_event *ev) {
    listener *l = (listener *)user;
    if (aigw_model_check_put(&l->check, ev)) { t_ok("grammar", 0); printf("  %s\n", l->check.why); }
    l->count++;
    l->terminal += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (l->lines) { aigw_model_event_encode(ev, &l->p->out); puts_(l->p, "\n"); l->p->out.comma = 0; }
    return aigw_model_fold_put(&l->fold, ev);
}

static inline void listen(listener *l, page *p, aigw_resp *resp, aigw_arena *mem) {
    memset(l, 0, sizeof *l);
    l->p = p;
    aigw_model_fold_init(&l->fold, resp, mem, 1);
}

static inline void dec_init(aigw_dec *st, page *p, aigw_str options) {
    memset(st, 0, sizeof *st);
    st->dialect = D;
    st->now = NOW;
    st->loss = p ? &p->loss : NULL;
    st->mem = aigw_base_arena(t_alloc(MEM), MEM);
    if (aigw_base_eq(option(options, "op"), str("count"))) st->op = AIGW_OP_COUNT_TOKENS;
    aigw_dialect_dec_init(st);
}

static inline aigw_str next_line(aigw_str *s) {
    aigw_str line = *s;
    size_t i;
    for (i = 0; i < s->n && s->p[i] != '\n'; i++) {}
    line.n = i;
    s->p += i < s->n ? i + 1 : i;
    s->n -= i < s->n ? i + 1 : i;
    return line;
}

/* A stream, one payload per line, with or without event names; "cut" ends it uncleanly. */
static inline void case_stream(page *p, aigw_str options, aigw_str body) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    int cut = 0, named = !option(options, "unnamed").n, r = 0;
    aigw_resp resp;
    listener l;
    aigw_dec st;
    aigw_sink sink = { hear, NULL };
    listen(&l, p, &resp, &mem);
    l.lines = 1;
    sink.user = &l;
    dec_init(&st, p, options);
    while (body.n && !r) {
        aigw_str line = next_line(&body), name = { "", 0 };
        aigw_json j;
        if (aigw_base_eq(line, str("cut"))) { cut = 1; break; }
        aigw_json_init(&j, line);
        if (named && aigw_json_kind(&j) == AIGW_JSON_OBJECT) {
            for (aigw_json_object(&j); aigw_json_member(&j); ) {
                if (!aigw_base_eq(j.key, str("type")) || aigw_json_kind(&j) != AIGW_JSON_STRING || name.n) aigw_json_skip(&j);
                else aigw_json_str(&j, &mem, &name);
            }
        }
        p->loss.doc = line;
        r = D->frame_decode(&st, name, line, &sink);
    }
    if (!r) r = D->stream_end(&st, !cut, &sink);
    t_int("return", r, 0);
    t_int("terminal events", l.terminal, 1);
    put_losses(p);
}

static inline void case_answer(page *p, aigw_str options, aigw_str body) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    aigw_resp resp;
    listener l;
    aigw_dec st;
    aigw_sink sink = { hear, NULL };
    listen(&l, p, &resp, &mem);
    l.lines = 1;
    sink.user = &l;
    dec_init(&st, p, options);
    p->loss.doc = body;
    t_int("return", D->resp_decode(&st, NULL, body, &sink), 0);
    t_int("terminal events", l.terminal, 1);
    put_losses(p);
}

static inline void enc_init(aigw_enc *st, page *p, size_t hold) {
    memset(st, 0, sizeof *st);
    st->dialect = D;
    st->now = NOW;
    st->seed = 0x1234;
    st->loss = p ? &p->loss : NULL;
    st->hold = hold_mem;
    st->hold_cap = hold;
    aigw_dialect_enc_init(st);
}

/* Events, one per line, to the client's stream; whole=1: folded, to one body. */
static inline void case_events(page *p, aigw_str options, aigw_str body) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM), fold_mem = aigw_base_arena(t_alloc(MEM), MEM);
    int whole = option(options, "whole").n > 0, r = 0;
    size_t hold = sizeof hold_mem, n;
    int64_t v;
    aigw_resp resp;
    aigw_fault fault;
    aigw_event ev;
    listener l;
    aigw_enc st;
    if (aigw_base_int(option(options, "hold"), &v)) hold = (size_t)v;
    listen(&l, p, &resp, &fold_mem);
    enc_init(&st, p, hold);
    memset(&fault, 0, sizeof fault);
    while (body.n && !r) {
        aigw_str line = next_line(&body);
        if (aigw_model_event_decode(line, &mem, &ev, &fault)) { put_fault(p, fault.code, &fault); return; }
        hear(&l, &ev);
        n = p->out.buf.n;
        if (!whole) r = D->event_encode(&st, &ev, &p->out);
        if (r) t_int("nothing was written", p->out.buf.n, n);
    }
    if (whole) {
        r = D->resp_encode(&st, &resp, &p->out);
        if (!r) puts_(p, "\n");
    }
    if (r) { puts_(p, r == AIGW_E_REFUSED ? "refused" : aigw_base_error_text(r)); puts_(p, "\n"); }
    put_losses(p);
}

/* An error answer, read and written again. */
static inline void case_error(page *p, aigw_str options, aigw_str body) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    aigw_header in_headers[8], out_headers[8];
    aigw_head in, head;
    aigw_error err;
    int64_t status = 0;
    memset(&in, 0, sizeof in);
    memset(&head, 0, sizeof head);
    in.headers = in_headers;
    in.cap = 8;
    head.headers = out_headers;
    head.cap = 8;
    (void)aigw_base_int(option(options, "status"), &status);
    in.status = (int)status;
    headers(&in, option(options, "headers"));
    if (body.n && body.p[body.n - 1] == '\n') body.n--;
    body.p = t_dup(body.p, body.n);
    D->error_decode(NOW, status ? &in : NULL, body, &mem, &err);
    aigw_model_error_encode(&err, &p->out);
    puts_(p, "\n");
    if (!option(options, "write").n) return;
    t_int("written", D->error_encode(&err, &mem, &head, &p->out), 0);
    puts_(p, "\n");
    put_head(p, &head);
}

/* ---- the file of cases: "### label", "> kind options", input lines, "---", expected lines */

static inline void run_case(page *p, aigw_str kind, aigw_str options, aigw_str in) {
    page_init(p);
    if (aigw_base_eq(kind, str("decode"))) case_request(p, options, in, 1, 0);
    else if (aigw_base_eq(kind, str("encode"))) case_request(p, options, in, 0, 0);
    else if (aigw_base_eq(kind, str("edit"))) case_request(p, options, in, 0, 1);
    else if (aigw_base_eq(kind, str("stream"))) case_stream(p, options, in);
    else if (aigw_base_eq(kind, str("answer"))) case_answer(p, options, in);
    else if (aigw_base_eq(kind, str("events"))) case_events(p, options, in);
    else if (aigw_base_eq(kind, str("error"))) case_error(p, options, in);
    else t_fail("known kind of case");
}

/* Every case of a file; there must be `least` of them. */
static inline void cases_run(const char *path, unsigned long least) {
    static page p;
    static char label[128];
    t_bytes file = t_file(path);
    aigw_str rest = { file.p, file.n }, line, in, want;
    FILE *update = getenv("T_UPDATE") ? fopen(path, "wb") : NULL;
    unsigned long cases = 0;
    if (!file.p) { t_fail(path); return; }
    while (rest.n) {
        const char *start = rest.p;
        aigw_str kind, options;
        line = next_line(&rest);
        if (line.n < 4 || memcmp(line.p, "### ", 4)) {
            if (update) fwrite(start, 1, (size_t)(rest.p - start), update);
            continue;
        }
        snprintf(label, sizeof label, "%.*s", (int)line.n - 4, line.p + 4);
        t_row(label);
        line = next_line(&rest);
        kind.p = line.p + 2;
        for (kind.n = 0; kind.n + 2 < line.n && kind.p[kind.n] != ' '; kind.n++) {}
        options.p = kind.p + kind.n;
        options.n = line.n - 2 - kind.n;
        if (options.n) { options.p++; options.n--; }
        in.p = rest.p;
        while (rest.n && !(rest.n > 3 && !memcmp(rest.p, "---", 3))) next_line(&rest);
        in.n = (size_t)(rest.p - in.p);
        next_line(&rest);
        if (update) fwrite(start, 1, (size_t)(rest.p - start), update);
        want.p = rest.p;
        while (rest.n && !(rest.n > 3 && !memcmp(rest.p, "###", 3))) next_line(&rest);
        want.n = (size_t)(rest.p - want.p);
        while (want.n > 1 && want.p[want.n - 1] == '\n' && want.p[want.n - 2] == '\n') want.n--;
        run_case(&p, kind, options, in);
        while (p.out.buf.n > 1 && log_mem[p.out.buf.n - 1] == '\n' && log_mem[p.out.buf.n - 2] == '\n') p.out.buf.n--;
        if (update) { fwrite(log_mem, 1, p.out.buf.n, update); fputc('\n', update); }
        else t_mem("transcript", log_mem, p.out.buf.n, want.p, want.n);
        cases++;
        if (t_.mems > 3500) { t_fail("too many cases for one test"); break; }
    }
    t_row(NULL);
    t_ok("cases were there", cases >= least);
    if (update) fclose(update);
}

typedef struct { char **name; size_t n; } names;

static inline int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static inline names files(const char *dir, const char *ending) {
    names list = { NULL, 0 };
    struct dirent *e;
    DIR *d = opendir(dir);
    size_t k = strlen(ending);
    if (!d) return list;
    list.name = (char **)t_alloc(4096 * sizeof *list.name);
    while ((e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        if (n < k || strcmp(e->d_name + n - k, ending) || list.n == 4096) continue;
        list.name[list.n] = (char *)t_alloc(strlen(dir) + n + 2);
        sprintf(list.name[list.n++], "%s/%s", dir, e->d_name);
    }
    closedir(d);
    qsort(list.name, list.n, sizeof *list.name, by_name);
    return list;
}

/* A request as canonical JSON; "" when it cannot be read. */
static inline aigw_str canonical(aigw_str body, const char *path, aigw_req *req, aigw_arena *mem) {
    aigw_head head;
    aigw_fault fault;
    aigw_out out;
    aigw_str s = { "", 0 };
    memset(&head, 0, sizeof head);
    memset(&fault, 0, sizeof fault);
    head.method = str("POST");
    head.target = str(path);
    if (D->req_decode(&head, body, mem, req, &fault)) { printf("  %s %s\n", fault.path, fault.text); return s; }
    req->raw = NULL;
    aigw_base_out_init(&out, log_mem, sizeof log_mem, NULL, 0);
    aigw_model_req_encode(req, &out);
    s = aigw_base_out_str(&out);
    return aigw_base_copy(mem, s);
}

static inline void relay_error(page *p, const aigw_error *err) {
    aigw_arena mem = aigw_base_arena(t_alloc(4096), 4096);
    aigw_header h[8];
    aigw_head head;
    aigw_error again;
    aigw_out out;
    aigw_str body;
    memset(&head, 0, sizeof head);
    head.headers = h;
    head.cap = 8;
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("error written", D->error_encode(err, &mem, &head, &out), 0);
    body.p = t_dup(text_mem, out.buf.n);
    body.n = out.buf.n;
    D->error_decode(NOW, &head, body, &mem, &again);
    t_int("kind", again.kind, err->kind);
    t_mem("message", again.message.p, again.message.n, err->message.p, err->message.n);
    (void)p;
}

/* A folded answer as canonical JSON. */
static inline aigw_str resp_text(const aigw_resp *resp) {
    aigw_out out;
    aigw_base_out_init(&out, log_mem, sizeof log_mem, NULL, 0);
    aigw_model_resp_encode(resp, &out);
    return aigw_base_out_str(&out);
}

/* Decode a stream; cut at `cut` frames, uncleanly, unless that is 0. */
typedef struct { aigw_enc enc; listener l; aigw_out out; int err; } relay;
static inline int relay_put(void *user, const aigw_event *ev) {
    relay *r = (relay *)user;
    int e = D->event_encode(&r->enc, ev, &r->out);
    if (e) r->err = e;
    return hear(&r->l, ev);
}

static inline size_t play(t_bytes f, relay *r, aigw_dec *st, aigw_resp *resp, page *p, size_t cut) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    void *frames = t_alloc(1 << 18);
    aigw_sink sink = { relay_put, NULL };
    aigw_frame fr;
    aigw_sse sse;
    size_t at = 0, n = 0;
    memset(r, 0, sizeof *r);
    listen(&r->l, p, resp, &mem);
    enc_init(&r->enc, p, sizeof hold_mem);
    aigw_base_out_init(&r->out, text_mem, sizeof text_mem, NULL, 0);
    dec_init(st, p, str(""));
    sink.user = r;
    aigw_sse_init(&sse, frames, 1 << 18);
    while (at < f.n) {
        int took = aigw_sse_feed(&sse, f.p + at, f.n - at);
        if (took < 0) { t_fail("framing"); break; }
        at += (size_t)took;
        while (aigw_sse_next(&sse, &fr) == 1)
            if (!cut || n++ < cut) t_int("frame", D->frame_decode(st, fr.name, fr.payload, &sink), 0);
    }
    t_int("end", D->stream_end(st, !cut, &sink), 0);
    t_int("encode", r->err, 0);
    t_int("terminal events", r->l.terminal, 1);
    return n;
}

/* Every size of memory from none: an error or the right result, never something in between. */
static inline void every_size(const char *request, const char *want) {
    aigw_str text = { NULL, 0 };
    size_t n, fits = 0;
    text.n = strlen(request);
    text.p = t_dup(request, text.n);
    for (n = 0; n < 4096; n++) {
        aigw_header h[4];
        aigw_head head;
        aigw_arena mem = aigw_base_arena(n ? malloc(n) : NULL, n);
        unsigned char *block = mem.at;
        aigw_target to = target(str(""));
        aigw_fault fault;
        aigw_req req;
        aigw_out out;
        int r;
        memset(&head, 0, sizeof head);
        memset(&fault, 0, sizeof fault);
        head.headers = h;
        head.cap = 4;
        r = D->req_decode(NULL, text, &mem, &req, &fault);
        if (r) t_int("decode", r, AIGW_E_NOMEM);
        else {
            aigw_base_out_init(&out, text_mem, n, NULL, 0);
            r = D->req_encode(&req, &to, &mem, &head, &out, NULL);
            if (r) t_int("encode", r, AIGW_E_NOMEM);
            else {
                t_str("body", text_mem, out.buf.n, want);
                fits++;
            }
        }
        free(block);
    }
    t_ok("fits in the end", fits > 100);
}
#endif
