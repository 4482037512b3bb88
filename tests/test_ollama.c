/* SPDX-License-Identifier: MIT OR Unlicense */
/* The Ollama dialect: transcripts (tests/cases/ollama.txt), which paths it takes, lists of models, lines that every client can read, memory of every
   size, and every recording of ../shared/wire. Knows the dialect's table and the model; does not know other dialects. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include <dirent.h>

static const aigw_dialect *const D = &aigw_dialect_ollama;
static const aigw_now NOW = { 1000000000u, 1792567680 };         /* 2026-10-21T07:28:00Z */
enum { MEM = 1 << 20, TEXT = 1 << 20 };
static char text_mem[TEXT], log_mem[TEXT], hold_mem[1 << 16];

static aigw_str str(const char *s) { return aigw_base_str(s); }

/* What a case says: everything is written into one text that is compared at the end. */
typedef struct { aigw_out out; aigw_loss loss; aigw_loss_item items[64]; } page;

static void page_init(page *p) {
    aigw_base_out_init(&p->out, log_mem, sizeof log_mem, NULL, 0);
    aigw_model_loss_init(&p->loss, p->items, 64);
}
static void put(page *p, aigw_str s) { aigw_base_put(&p->out, s); }
static void puts_(page *p, const char *s) { aigw_base_put_lit(&p->out, s); }

static void put_losses(page *p) {
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

static void put_head(page *p, const aigw_head *h) {
    size_t i;
    if (h->status) aigw_base_put_int(&p->out, h->status);
    else { put(p, h->method); puts_(p, " "); put(p, h->target); }
    puts_(p, "\n");
    for (i = 0; i < h->n; i++) { put(p, h->headers[i].name); puts_(p, ": "); put(p, h->headers[i].value); puts_(p, "\n"); }
}

/* ---- options of a case: "can=tools,vision max=100" */

static aigw_str option(aigw_str line, const char *name) {
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

static uint32_t abilities(aigw_str list) {
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
static aigw_target target(aigw_str options) {
    aigw_target to;
    aigw_str e = option(options, "efforts");
    size_t i;
    memset(&to, 0, sizeof to);
    to.name = to.id = str("M");
    to.provider = str("box");
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
static void headers(aigw_head *h, aigw_str list) {
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

static void put_fault(page *p, int r, const aigw_fault *f) {
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

static void case_request(page *p, aigw_str options, aigw_str body, int decode, int edit) {
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
    in.target = option(options, "target").n ? option(options, "target") : str("/api/chat");
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

static int hear(void *user, const aigw_event *ev) {
    listener *l = (listener *)user;
    if (aigw_model_check_put(&l->check, ev)) { t_ok("grammar", 0); printf("  %s\n", l->check.why); }
    l->count++;
    l->terminal += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (l->lines) { aigw_model_event_encode(ev, &l->p->out); puts_(l->p, "\n"); l->p->out.comma = 0; }
    return aigw_model_fold_put(&l->fold, ev);
}

static void listen(listener *l, page *p, aigw_resp *resp, aigw_arena *mem) {
    memset(l, 0, sizeof *l);
    l->p = p;
    aigw_model_fold_init(&l->fold, resp, mem, 1);
}

static void dec_init(aigw_dec *st, page *p) {
    memset(st, 0, sizeof *st);
    st->dialect = D;
    st->now = NOW;
    st->loss = p ? &p->loss : NULL;
    st->mem = aigw_base_arena(t_alloc(MEM), MEM);
    aigw_dialect_dec_init(st);
}

static aigw_str next_line(aigw_str *s) {
    aigw_str line = *s;
    size_t i;
    for (i = 0; i < s->n && s->p[i] != '\n'; i++) {}
    line.n = i;
    s->p += i < s->n ? i + 1 : i;
    s->n -= i < s->n ? i + 1 : i;
    return line;
}

/* A stream; "cut" ends it uncleanly. */
static void case_stream(page *p, aigw_str body) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    int cut = 0, r = 0;
    aigw_resp resp;
    listener l;
    aigw_dec st;
    aigw_sink sink = { hear, NULL };
    listen(&l, p, &resp, &mem);
    l.lines = 1;
    sink.user = &l;
    dec_init(&st, p);
    while (body.n && !r) {
        aigw_str line = next_line(&body), name = { "", 0 };
        if (aigw_base_eq(line, str("cut"))) { cut = 1; break; }
        p->loss.doc = line;
        r = D->frame_decode(&st, name, line, &sink);
    }
    if (!r) r = D->stream_end(&st, !cut, &sink);
    t_int("return", r, 0);
    t_int("terminal events", l.terminal, 1);
    put_losses(p);
}

static void case_answer(page *p, aigw_str body) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    aigw_resp resp;
    listener l;
    aigw_dec st;
    aigw_sink sink = { hear, NULL };
    listen(&l, p, &resp, &mem);
    l.lines = 1;
    sink.user = &l;
    dec_init(&st, p);
    p->loss.doc = body;
    t_int("return", D->resp_decode(&st, NULL, body, &sink), 0);
    t_int("terminal events", l.terminal, 1);
    put_losses(p);
}

static aigw_req prompted;        /* of a client of /api/generate */

static void enc_init(aigw_enc *st, page *p, size_t hold, int prompt) {
    memset(st, 0, sizeof *st);
    prompted.prompt = 1;
    prompted.model = str("asked");
    if (prompt) st->req = &prompted;
    st->dialect = D;
    st->now = NOW;
    st->seed = 0x1234;
    st->loss = p ? &p->loss : NULL;
    st->hold = hold_mem;
    st->hold_cap = hold;
    aigw_dialect_enc_init(st);
}

/* Events, one per line, to the client's stream; whole=1: folded, to one body. */
static void case_events(page *p, aigw_str options, aigw_str body) {
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
    enc_init(&st, p, hold, option(options, "prompt").n > 0);
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
static void case_error(page *p, aigw_str options, aigw_str body) {
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

static void run_case(page *p, aigw_str kind, aigw_str options, aigw_str in) {
    page_init(p);
    if (aigw_base_eq(kind, str("decode"))) case_request(p, options, in, 1, 0);
    else if (aigw_base_eq(kind, str("encode"))) case_request(p, options, in, 0, 0);
    else if (aigw_base_eq(kind, str("edit"))) case_request(p, options, in, 0, 1);
    else if (aigw_base_eq(kind, str("stream"))) case_stream(p, in);
    else if (aigw_base_eq(kind, str("answer"))) case_answer(p, in);
    else if (aigw_base_eq(kind, str("events"))) case_events(p, options, in);
    else if (aigw_base_eq(kind, str("error"))) case_error(p, options, in);
    else t_fail("known kind of case");
}

T(transcripts) {
    static page p;
    static char label[128];
    const char *path = "tests/cases/ollama.txt";
    t_bytes file = t_file(path);
    aigw_str rest = { file.p, file.n }, line, in, want;
    FILE *update = getenv("T_UPDATE") ? fopen(path, "wb") : NULL;
    unsigned long cases = 0;
    if (!file.p) { t_fail("tests/cases/ollama.txt"); return; }
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
    t_ok("cases were there", cases > 40);
    if (update) fclose(update);
}

T(paths) {
    static const struct { const char *method, *target; int op; } rows[] = {
        { "POST", "/api/chat", AIGW_OP_CHAT }, { "POST", "/ollama/api/chat?x", AIGW_OP_CHAT }, { "POST", "/api/generate", AIGW_OP_CHAT }, { "GET", "/api/tags", AIGW_OP_MODELS },
        { "POST", "/api/show", AIGW_OP_MODELS }, { "GET", "/api/chat", AIGW_OP_NONE }, { "POST", "/api/tags", AIGW_OP_NONE }, { "POST", "/api/pull", AIGW_OP_NONE },
        { "POST", "/api/chats", AIGW_OP_NONE }, { "POST", "/v1/chat/completions", AIGW_OP_NONE }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        aigw_head h;
        memset(&h, 0, sizeof h);
        h.method = str(rows[i].method);
        h.target = str(rows[i].target);
        t_row(rows[i].target);
        t_int(rows[i].method, D->match(&h), rows[i].op);
    }
    t_row(NULL);
}

T(lists_of_models) {
    static const aigw_model_info m[2] = { { AIGW_STR("a"), AIGW_STR("box"), 1763701200, 8192, 100, AIGW_CAN(TOOLS) | AIGW_CAN(REASONING) }, { AIGW_STR("b\"c"), AIGW_STR(""), 0, 0, 0, 0 } };
    aigw_out out;
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("list", D->models_encode(m, 2, 0, &out), 0);
    t_ok("digest of the name", aigw_base_find(aigw_base_out_str(&out), str("{\"models\":[{\"name\":\"a\",\"model\":\"a\",\"size\":0,\"digest\":\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\","
        "\"modified_at\":\"2025-11-21T05:00:00Z\",\"details\":{\"parent_model\":\"\",\"format\":\"\",\"parameter_size\":\"\",\"quantization_level\":\"\",\"family\":\"box\",\"families\":[\"box\"]},"
        "\"capabilities\":[\"completion\",\"tools\",\"thinking\"]},{\"name\":\"b\\\"c\",\"model\":\"b\\\"c\""), 0) == 0);
    t_int("list is JSON", aigw_json_check(aigw_base_out_str(&out), AIGW_JSON_OBJECT), 0);
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("empty", D->models_encode(m, 0, 0, &out), 0);
    t_str("empty", text_mem, out.buf.n, "{\"models\":[]}");
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("one", D->models_encode(m, 1, 1, &out), 0);
    t_str("one", text_mem, out.buf.n, "{\"modelfile\":\"\",\"parameters\":\"\",\"template\":\"\",\"modified_at\":\"2025-11-21T05:00:00Z\",\"details\":{\"parent_model\":\"\",\"format\":\"\","
        "\"parameter_size\":\"\",\"quantization_level\":\"\",\"family\":\"box\",\"families\":[\"box\"]},\"capabilities\":[\"completion\",\"tools\",\"thinking\"],"
        "\"model_info\":{\"general.architecture\":\"aigw\",\"general.basename\":\"a\",\"aigw.context_length\":8192}}");
    aigw_base_out_init(&out, text_mem, 10, NULL, 0);
    t_int("too small", D->models_encode(m, 2, 0, &out), AIGW_E_NOMEM);
}

/* ---- lines: one for each event, which no client cuts in two */

static size_t splits(const char *p, size_t n) {      /* where str.splitlines of Python ends a line */
    size_t i, k = 0;
    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        k += c == '\n' || c == '\r' || c == 0x0b || c == 0x0c || (c >= 0x1c && c <= 0x1e) || (i && c == 0x85 && p[i - 1] == '\xC2') ||
             (i > 1 && (c | 1) == 0xA9 && !memcmp(p + i - 2, "\xE2\x80", 2));
    }
    return k;
}

/* Texts of any bytes in any form: the line is one, valid, and says the same, in every size of memory. */
T(lines_of_any_text) {
    static const char *const bits[] = { "a", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAA", "\xC3\x85", "\xC2\xA9", "\n", "\r", "\x0b", "\"", "\\", "\xF0\x9F\x98\x80", "\x1c", "\xE0\xA4\xA9" };
    int round;
    for (round = 0; round < 400; round++) {
        char words[64 * 4];
        size_t n = 0, k = t_below(60), i, want, cap;
        aigw_event ev;
        aigw_enc st;
        aigw_out out;
        aigw_str got, line;
        aigw_arena mem = aigw_base_arena(t_alloc(4096), 4096);
        aigw_json j;
        int call = round % 3 == 2, prompt = round % 2;
        for (i = 0; i < k; i++) {
            const char *b = bits[t_below(T_COUNT(bits))];
            memcpy(words + n, b, strlen(b));
            n += strlen(b);
        }
        for (want = 0, cap = sizeof text_mem; ; cap = want) {
            enc_init(&st, NULL, sizeof hold_mem, prompt);
            aigw_base_out_init(&out, text_mem, cap, NULL, 0);
            memset(&ev, 0, sizeof ev);
            ev.type = AIGW_EVENT_BLOCK_START;
            ev.kind = call ? AIGW_PART_TOOL_CALL : AIGW_PART_TEXT;
            ev.custom = (uint8_t)call;
            ev.name = str("f");
            ev.model.p = words;
            ev.model.n = n < 40 ? n : 0;
            t_int("start", D->event_encode(&st, &ev, &out), 0);
            ev.type = AIGW_EVENT_DELTA;
            ev.text.p = words;
            ev.text.n = n;
            ev.text.form = AIGW_TEXT_PLAIN;
            t_int("delta", D->event_encode(&st, &ev, &out), 0);
            ev.type = AIGW_EVENT_BLOCK_STOP;
            t_int("stop", D->event_encode(&st, &ev, &out), 0);
            if (want) break;
            want = out.buf.n;
        }
        t_int("wants as much as it takes", out.buf.n, want);
        line = aigw_base_out_str(&out);
        t_int("one line", splits(line.p, line.n), 1);
        t_int("ended", line.p[line.n - 1], '\n');
        t_int("valid", aigw_json_check(line, AIGW_JSON_OBJECT), 0);
        aigw_json_init(&j, line);
        got.n = 0;
        for (aigw_json_object(&j); aigw_json_member(&j); ) {
            if (call || !aigw_base_eq(j.key, str(prompt ? "response" : "message"))) aigw_json_skip(&j);
            else if (prompt) aigw_json_str(&j, &mem, &got);
            else for (aigw_json_object(&j); aigw_json_member(&j); ) {
                if (aigw_base_eq(j.key, str("content"))) aigw_json_str(&j, &mem, &got);
                else aigw_json_skip(&j);
            }
        }
        if (!call) t_mem("the same words", got.p, got.n, words, n);
        enc_init(&st, NULL, sizeof hold_mem, prompt);
        aigw_base_out_init(&out, text_mem, want ? want - 1 : 0, NULL, 0);
        ev.type = AIGW_EVENT_BLOCK_START;
        (void)D->event_encode(&st, &ev, &out);
        ev.type = AIGW_EVENT_DELTA;
        (void)D->event_encode(&st, &ev, &out);
        ev.type = AIGW_EVENT_BLOCK_STOP;
        (void)D->event_encode(&st, &ev, &out);
        t_ok("one byte less does not fit", out.buf.n > out.buf.cap);
        t_free_all();
    }
}

/* Calls that are open at once, in memory that grows as asked: the same as with much. */
T(calls_at_once) {
    size_t hold, fits = 0, want_n = 0;
    char want[4096];
    for (hold = sizeof hold_mem; ; hold = hold == sizeof hold_mem ? 0 : hold + 1) {
        aigw_enc st;
        aigw_out out;
        aigw_event ev;
        size_t have = hold;
        int i, r = 0;
        enc_init(&st, NULL, hold, 0);
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        for (i = 0; i < 40 && !r; i++) {
            memset(&ev, 0, sizeof ev);
            ev.block = (uint32_t)(i % 4);
            ev.kind = AIGW_PART_TOOL_CALL;
            ev.type = i < 4 ? AIGW_EVENT_BLOCK_START : i < 36 ? AIGW_EVENT_DELTA : AIGW_EVENT_BLOCK_STOP;
            ev.name = str("get_weather");
            ev.id = str("call_1");
            if (i >= 36) ev.block = (uint32_t)(39 - i);
            ev.text.p = i / 4 == 1 ? "{\"k\\u0041\":[" : i / 4 == 8 ? "1]}" : "1, ";
            ev.text.n = strlen(ev.text.p);
            ev.text.form = AIGW_TEXT_PLAIN;
            while ((r = D->event_encode(&st, &ev, &out)) == AIGW_E_NOMEM) {
                t_ok("grows within reason", have < 4096);
                have += 61;
                if (aigw_dialect_enc_move(&st, hold_mem, have)) break;
            }
        }
        t_int("all", r, 0);
        if (hold == sizeof hold_mem) {
            want_n = out.buf.n;
            t_ok("short", want_n < sizeof want && want_n > 500);
            memcpy(want, text_mem, want_n);
            continue;
        }
        t_mem("the same", text_mem, out.buf.n, want, want_n);
        fits += have == hold;
        if (hold > 900) break;
    }
    t_ok("fits in the end", fits > 10);
}

/* Times: from the beginning to the end, and from the first block on. */
T(durations) {
    aigw_event ev;
    aigw_enc st;
    aigw_out out;
    enc_init(&st, NULL, sizeof hold_mem, 0);
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    memset(&ev, 0, sizeof ev);
    ev.type = AIGW_EVENT_START;
    ev.model = str("M");
    (void)D->event_encode(&st, &ev, &out);
    st.now.mono_ns += 1000;
    ev.type = AIGW_EVENT_BLOCK_START;
    (void)D->event_encode(&st, &ev, &out);
    st.now.mono_ns += 500;
    ev.type = AIGW_EVENT_STOP;
    ev.choices = 1;
    (void)D->event_encode(&st, &ev, &out);
    t_str("done", text_mem, out.buf.n, "{\"model\":\"M\",\"created_at\":\"2026-10-21T07:28:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\","
        "\"total_duration\":1500,\"eval_duration\":500}\n");
}

T(every_size_of_memory) {
    static const char body[] = "{\"model\":\"M\",\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0041\",\"images\":[\"iVBO_w==\"]},{\"role\":\"assistant\",\"thinking\":\"t\",\"tool_calls\":"
        "[{\"function\":{\"name\":\"f\\u0066\",\"arguments\":\"{\\\"a\\\":1}\"}}]},{\"role\":\"tool\",\"tool_name\":\"ff\",\"content\":\"r\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"ff\"}}],"
        "\"options\":{\"stop\":[\"x\",\"y\"],\"seed\":1,\"num_ctx\":1},\"think\":\"high\",\"format\":\"json\"}";
    static const char want[] = "{\"model\":\"M\",\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0041\",\"images\":[\"iVBO/w==\"]},{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"t\",\"tool_calls\":"
        "[{\"function\":{\"name\":\"ff\",\"arguments\":{\"a\":1}}}]},{\"role\":\"tool\",\"tool_name\":\"ff\",\"content\":\"r\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"ff\",\"parameters\":"
        "{\"type\":\"object\",\"properties\":{}}}}],\"format\":\"json\",\"think\":\"high\",\"options\":{\"seed\":1,\"stop\":[\"x\",\"y\"]},\"stream\":true}";
    char *in = t_dup(body, sizeof body - 1);
    size_t n, fits = 0;
    for (n = 0; n < 4096; n++) {
        aigw_header h[4];
        aigw_head head;
        aigw_str text;
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
        text.p = in;
        text.n = sizeof body - 1;
        r = D->req_decode(NULL, text, &mem, &req, &fault);
        if (r) t_int("decode", r, AIGW_E_NOMEM);
        if (!r) {
            aigw_base_out_init(&out, text_mem, n, NULL, 0);
            r = D->req_encode(&req, &to, &mem, &head, &out, NULL);
            if (r) t_int("encode", r, AIGW_E_NOMEM);
            else { t_str("body", text_mem, out.buf.n, want); fits++; }
        }
        free(block);
    }
    t_ok("fits in the end", fits > 100);
}

/* ---- recordings */

typedef struct { char **name; size_t n; } names;

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static names files(const char *dir, const char *ending) {
    names list = { NULL, 0 };
    struct dirent *e;
    DIR *d = opendir(dir);
    size_t k = strlen(ending);
    if (!d) return list;
    list.name = (char **)t_alloc(256 * sizeof *list.name);
    while ((e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        if (n < k || strcmp(e->d_name + n - k, ending) || list.n == 256) continue;
        list.name[list.n] = (char *)t_alloc(strlen(dir) + n + 2);
        sprintf(list.name[list.n++], "%s/%s", dir, e->d_name);
    }
    closedir(d);
    qsort(list.name, list.n, sizeof *list.name, by_name);
    return list;
}

/* Every recorded request is read, and written without any loss but of what only the other path knows. */
static size_t recorded_requests_of(const char *folder, const char *path) {
    names list = files(t_shared(folder), ".request.json");
    size_t i;
    for (i = 0; i < list.n; i++) {
        t_bytes f = t_file(list.name[i]);
        aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
        aigw_target to = target(str(""));
        aigw_str body = { f.p, f.n };
        aigw_loss_item items[8];
        aigw_header h[4];
        aigw_head head, asked;
        aigw_fault fault;
        aigw_loss loss;
        aigw_req req;
        aigw_out out;
        size_t k;
        t_row(list.name[i]);
        memset(&head, 0, sizeof head);
        memset(&asked, 0, sizeof asked);
        asked.method = str("POST");
        asked.target = str(path);
        head.headers = h;
        head.cap = 4;
        aigw_model_loss_init(&loss, items, 8);
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        if (!t_int("read", D->req_decode(&asked, body, &mem, &req, &fault), 0)) { printf("  %s %s\n", fault.path, fault.text); continue; }
        to.id = req.model;
        t_int("written", D->req_encode(&req, &to, &mem, &head, &out, &loss), 0);
        for (k = 0; k < AIGW_LOSS_ACTIONS; k++) t_int("nothing is lost", loss.count[k], 0);
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        t_int("edited", D->req_edit(&req, &to, &mem, &head, &out, &loss), 0);
        t_mem("the same bytes", text_mem, out.buf.n, f.p, f.n);
    }
    t_row(NULL);
    return list.n;
}

T(recorded_requests) {
    if (!recorded_requests_of("wire/ollama", "/api/chat") || !recorded_requests_of("wire/ollama-generate", "/api/generate")) t_skip("../shared/wire");
}

/* Every recorded answer ends well, and is the same after it was written and read again. */
static void check_answer(t_bytes f, int whole, int prompt) {
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM), mem2 = aigw_base_arena(t_alloc(MEM), MEM);
    aigw_str rest = { f.p, f.n };
    aigw_resp resp, again;
    static page p;
    aigw_sink sink = { hear, NULL };
    listener l;
    aigw_dec st;
    aigw_enc enc;
    aigw_out out;
    char *first;
    size_t first_n;
    page_init(&p);
    listen(&l, &p, &resp, &mem);
    sink.user = &l;
    dec_init(&st, NULL);
    if (whole) t_int("read", D->resp_decode(&st, NULL, rest, &sink), 0);
    else {
        while (rest.n) {
            aigw_str none = { "", 0 }, line = next_line(&rest);
            t_int("line", D->frame_decode(&st, none, line, &sink), 0);
        }
        t_int("end", D->stream_end(&st, 1, &sink), 0);
    }
    t_int("one end", l.terminal, 1);
    t_ok("no error", !resp.error);
    t_ok("usage", resp.usage.has & AIGW_USAGE_OUTPUT);
    resp.reason_made = 0;                                            /* older servers give none; what is written has one */
    aigw_base_out_init(&out, log_mem, sizeof log_mem, NULL, 0);
    aigw_model_resp_encode(&resp, &out);
    first = t_dup(log_mem, out.buf.n);
    first_n = out.buf.n;
    enc_init(&enc, NULL, sizeof hold_mem, prompt);
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("written", D->resp_encode(&enc, &resp, &out), 0);
    listen(&l, &p, &again, &mem2);
    dec_init(&st, NULL);
    t_int("read again", D->resp_decode(&st, NULL, aigw_base_out_str(&out), &sink), 0);
    aigw_base_out_init(&out, log_mem, sizeof log_mem, NULL, 0);
    aigw_model_resp_encode(&again, &out);
    t_mem("the same", log_mem, out.buf.n, first, first_n);
}

T(recorded_answers) {
    static const char *const folders[] = { "wire/ollama", "wire/ollama-generate" };
    size_t i, k, n = 0;
    for (k = 0; k < 2; k++) {
        names whole = files(t_shared(folders[k]), ".response.json"), streams = files(t_shared(folders[k]), ".response.ndjson");
        for (i = 0; i < whole.n + streams.n; i++, n++) {
            const char *name = i < whole.n ? whole.name[i] : streams.name[i - whole.n];
            t_row(name);
            check_answer(t_file(name), i < whole.n, (int)k);
        }
    }
    t_row(NULL);
    if (!n) t_skip("../shared/wire");
    else t_ok("all of them", n >= 12);
}

int main(void) {
    T_RUN(transcripts);
    T_RUN(paths);
    T_RUN(lists_of_models);
    T_RUN(lines_of_any_text);
    T_RUN(calls_at_once);
    T_RUN(durations);
    T_RUN(every_size_of_memory);
    T_RUN(recorded_requests);
    T_RUN(recorded_answers);
    return t_end();
}
