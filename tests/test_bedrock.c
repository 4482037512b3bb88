/* SPDX-License-Identifier: MIT OR Unlicense */
/* The Bedrock dialect: requests both ways, whole answers, event streams, errors; and all recordings of Converse. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"
#include <dirent.h>

static const aigw_dialect *const B = &aigw_dialect_bedrock;
static aigw_str str(const char *s) { return aigw_base_str(s); }

enum { ROOM = 1 << 20 };
static aigw_arena arena(void) { return aigw_base_arena(t_alloc(ROOM), ROOM); }
static aigw_out writer(void) {                             /* zeros behind the text, so that it can be searched as a string */
    aigw_out o;
    aigw_base_out_init(&o, memset(t_alloc(ROOM), 0, ROOM), ROOM - 1, NULL, 0);
    return o;
}
static aigw_str written(const aigw_out *o) { aigw_str s; s.p = o->buf.p; s.n = o->buf.n; return s; }

static aigw_head head_of(const char *method, const char *target) {
    aigw_head h;
    memset(&h, 0, sizeof h);
    h.method = str(method);
    h.target = str(target);
    return h;
}

/* A model that takes everything. */
static aigw_target target(void) {
    aigw_target to;
    memset(&to, 0, sizeof to);
    to.id = str("bedrock-x");
    to.dialect = B;
    return to;
}

typedef struct { aigw_req req; aigw_fault fault; aigw_head head; int code; } decoded;
static decoded *decode(const char *path, aigw_str body) {
    decoded *d = (decoded *)t_alloc(sizeof *d);
    aigw_arena mem = arena();
    memset(d, 0, sizeof *d);
    d->head = head_of("POST", path);
    d->code = B->req_decode(&d->head, body, &mem, &d->req, &d->fault);
    return d;
}
static const char *const CHAT = "/model/bedrock-x/converse";

typedef struct { aigw_str body, target, report; int code; aigw_loss loss; } encoded;
static encoded encode_with(const aigw_req *req, const aigw_target *to, int (*how)(const aigw_req *, const aigw_target *, aigw_arena *, aigw_head *, aigw_out *, aigw_loss *)) {
    static aigw_loss_item items[64];
    encoded e;
    aigw_header headers[8];
    aigw_head head;
    aigw_arena mem = arena();
    aigw_out out = writer(), report = writer();
    size_t i;
    memset(&e, 0, sizeof e);
    memset(&head, 0, sizeof head);
    head.headers = headers;
    head.cap = 8;
    aigw_model_loss_init(&e.loss, items, 64);
    e.loss.doc = req->body;
    e.code = how(req, to, &mem, &head, &out, &e.loss);
    e.body = written(&out);
    e.target = head.target;
    for (i = 0; i < e.loss.n; i++) {
        aigw_base_put_lit(&report, i ? "; " : "");
        aigw_base_put_lit(&report, aigw_model_loss_name(items[i].action));
        aigw_base_put_lit(&report, " ");
        aigw_base_put_lit(&report, items[i].path);
    }
    e.report = written(&report);
    return e;
}
static encoded encode(const aigw_req *req, const aigw_target *to) { return encode_with(req, to, B->req_encode); }

/* Neighbors of one role become one message on the way, as the provider demands it. */
static aigw_str canonical(aigw_req *req) {
    aigw_out out = writer();
    aigw_message *m;
    aigw_part **slot;
    for (m = req->messages; m; ) {
        if (!m->next || m->next->role != m->role) { m = m->next; continue; }
        for (slot = &m->parts; *slot; slot = &(*slot)->next) {}
        *slot = m->next->parts;
        m->next = m->next->next;
    }
    req->raw = NULL;
    aigw_model_req_encode(req, &out);
    return written(&out);
}

/* ---- answers */

typedef struct { aigw_out out; aigw_check check; int ends; } log_sink;
static int log_put(void *user, const aigw_event *ev) {
    log_sink *l = (log_sink *)user;
    if (l->out.buf.n) aigw_base_put_byte(&l->out, '\n');
    aigw_model_event_encode(ev, &l->out);
    l->ends += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    return aigw_model_check_put(&l->check, ev);
}
static aigw_dec decoder(void) {
    aigw_dec st;
    memset(&st, 0, sizeof st);
    st.dialect = B;
    st.model = str("bedrock-x");
    st.mem = aigw_base_arena(t_alloc(65536), 65536);
    aigw_dialect_dec_init(&st);
    return st;
}
static aigw_sink sink_of(log_sink *l) {
    aigw_sink s;
    memset(l, 0, sizeof *l);
    l->out = writer();
    s.put = log_put;
    s.user = l;
    return s;
}

/* The frames of an event stream to the decoder, each name and payload in an allocation of its own. */
static int frames(aigw_dec *st, aigw_str text, const aigw_sink *out) {
    f_evs s = f_evs_open(text.p, text.n);
    int r = 0;
    while (r >= 0 && f_evs_next(&s)) {
        aigw_str name, payload;
        name.p = t_dup(s.name.s, s.name.n);
        name.n = s.name.n;
        payload.p = t_dup(s.data.s, s.data.n);
        payload.n = s.data.n;
        r = B->frame_decode(st, name, payload, out);
    }
    t_ok("framing", !s.bad);
    f_free();
    return r;
}

T(recordings_requests) {
    static const char *const dirs[] = { "wire/bedrock-converse" };
    size_t d;
    int n = 0;
    for (d = 0; d < 1; d++) {
        DIR *dir = opendir(t_shared(dirs[d]));
        struct dirent *e;
        if (!dir) { t_skip("../shared/wire"); return; }
        while ((e = readdir(dir)) != NULL) {
            char path[600];
            t_bytes b;
            aigw_str body;
            decoded *one, *two;
            encoded out;
            aigw_target to = target();
            aigw_str a, c;
            if (!strstr(e->d_name, ".request.json")) continue;
            snprintf(path, sizeof path, "%s/%s", t_shared(dirs[d]), e->d_name);
            b = t_file(path);
            body.p = b.p;
            body.n = b.n;
            t_row(e->d_name);
            one = decode(CHAT, body);
            if (!t_int("decodes", one->code, AIGW_OK)) { printf("  %s at %lu: %s\n", one->fault.path, (unsigned long)one->fault.at, one->fault.text); continue; }
            out = encode(&one->req, &to);
            t_int("encodes", out.code, AIGW_OK);
            t_int("is JSON", aigw_json_check(out.body, AIGW_JSON_OBJECT), AIGW_OK);
            two = decode(CHAT, out.body);
            t_int("decodes again", two->code, AIGW_OK);
            a = canonical(&one->req);
            c = canonical(&two->req);
            t_mem("the same meaning", c.p, c.n, a.p, a.n);
            if (getenv("T_SHOW")) printf("%s\n  %.*s\n  %.*s\n", e->d_name, (int)(out.body.n < 900 ? out.body.n : 900), out.body.p, (int)out.report.n, out.report.p);
            n++;
            t_free_all();
        }
        closedir(dir);
    }
    t_ok("there were some", n >= 28);
}


/* A canonical answer; arguments that came as text as the JSON that they are. */
static f_json *parsed(aigw_str s) {
    f_json *j = f_parse(s.p, s.n, NULL), *parts = f_get(j, "choices[0].parts"), *p;
    for (p = parts ? parts->kid : NULL; p; p = p->next)
        if (f_is(f_member(p, "kind"), "tool_call") && f_member(p, "text")) {
            f_set(p, "json", f_parse(f_member(p, "text")->s, f_member(p, "text")->n, NULL));
            f_remove(p, "text");
        }
    return j;
}

/* Every recorded answer: events that the checker takes, one end, the same again through our own writer. */
static void recorded_answer(const char *path, const char *name, int stream) {
    t_bytes b = t_file(path);
    aigw_str body, first, again;
    aigw_dec st = decoder(), st2 = decoder();
    log_sink l, l2;
    aigw_sink sink = sink_of(&l), sink2 = sink_of(&l2);
    aigw_fold fold;
    aigw_resp resp;
    aigw_arena mem = arena();
    aigw_enc enc;
    aigw_out out = writer(), text = writer();
    aigw_sink fsink;
    int r;
    body.p = b.p;
    body.n = b.n;
    t_row(name);
    if (!stream && b.n > 12 && !memcmp(b.p, "{\"message\": ", 12)) return;      /* an error, with its own status */
    r = stream ? frames(&st, body, &sink) : B->resp_decode(&st, NULL, body, &sink);
    if (stream && r >= 0) r = B->stream_end(&st, 1, &sink);
    if (getenv("T_SHOW")) printf("== %s\n%.*s\n", name, (int)l.out.buf.n, l.out.buf.p);
    t_int("decodes", r, AIGW_OK);
    t_int("one end", l.ends, 1);
    t_ok("grammar", !l.check.why);
    if (strstr(l.out.buf.p, "\"bad_response\"") || strstr(l.out.buf.p, "\"truncated\"")) t_fail("the answer is whole");
    /* the fold, written and read again, folds to the same */
    memset(&resp, 0, sizeof resp);
    aigw_model_fold_init(&fold, &resp, &mem, 1);
    fsink.put = aigw_model_fold_put;
    fsink.user = &fold;
    st2 = decoder();
    if (stream) { frames(&st2, body, &fsink); B->stream_end(&st2, 1, &fsink); }
    else B->resp_decode(&st2, NULL, body, &fsink);
    aigw_model_resp_encode(&resp, &text);
    first = written(&text);
    if (resp.error) return;
    memset(&enc, 0, sizeof enc);
    enc.dialect = B;
    enc.hold = (char *)t_alloc(65536);
    enc.hold_cap = 65536;
    aigw_dialect_enc_init(&enc);
    t_int("writes", B->resp_encode(&enc, &resp, &out), AIGW_OK);
    t_int("writes JSON", aigw_json_check(written(&out), AIGW_JSON_OBJECT), AIGW_OK);
    memset(&resp, 0, sizeof resp);
    aigw_model_fold_init(&fold, &resp, &mem, 1);
    st2 = decoder();
    B->resp_decode(&st2, NULL, written(&out), &fsink);
    text = writer();
    aigw_model_resp_encode(&resp, &text);
    again = written(&text);
    (void)sink2;
    if (!strstr(l.out.buf.p, "\"note\"") && !t_ok("the same answer", f_equal(parsed(first), parsed(again)))) printf("  %.*s\n  %.*s\n", (int)first.n, first.p, (int)again.n, again.p);
    f_free();
}

T(recordings_answers) {
    static const char *const dirs[] = { "wire/bedrock-converse" };
    size_t d;
    int n = 0;
    for (d = 0; d < 1; d++) {
        DIR *dir = opendir(t_shared(dirs[d]));
        struct dirent *e;
        if (!dir) { t_skip("../shared/wire"); return; }
        while ((e = readdir(dir)) != NULL) {
            char path[600];
            if (!strstr(e->d_name, ".response.")) continue;
            snprintf(path, sizeof path, "%s/%s", t_shared(dirs[d]), e->d_name);
            recorded_answer(path, e->d_name, strstr(e->d_name, ".eventstream") != NULL);
            n++;
            t_free_all();
        }
        closedir(dir);
    }
    t_ok("there were some", n >= 28);
}


/* ---- transcripts: tests/cases/bedrock.txt, blocks of
 *
 *     ## label
 *     ! what and how
 *     input
 *     ---
 *     output
 *
 * request PATH      a client's body to the canonical request, or the fault
 * edit ID PATH      a client's body for the same dialect: target, body, loss report
 * encode FLAGS      a canonical request: target, body, loss report. FLAGS: can=.. no=.. (words of aigw_can), id=.. base=.. version=.. max=.. efforts=a,b
 * answer, count     a provider's whole body to events
 * stream [cut]      frames, one a line as `name payload`, to events
 * events [hold=N]   canonical events, one a line, to a client's frames; NOMEM lines where hold was too small (then it is doubled)
 * whole             canonical events, folded, to a client's whole body
 * error STATUS [name:value ..]   a provider's error body to the canonical error
 * fail              a canonical error to a client's head and body
 * With T_UPDATE=1 the outputs are rewritten; read the diff. */

static char *word_after(const char *args, const char *name) {
    static char buf[4][200];
    static int turn;
    const char *p = strstr(args, name);
    char *b = buf[turn++ & 3];
    size_t n = 0;
    if (!p) return NULL;
    for (p += strlen(name); *p && *p != ' ' && n < 199; p++) b[n++] = *p == ',' ? ' ' : *p;
    b[n] = 0;
    return b;
}

static uint32_t can_bits(const char *words) {
#define X(name, label) label,
    static const char *const labels[] = { AIGW_CAN_LIST(X) };
#undef X
    uint32_t bits = 0;
    size_t i;
    for (i = 0; words && i < T_COUNT(labels); i++) {
        const char *p = strstr(words, labels[i]);
        size_t n = strlen(labels[i]);
        if (p && (p == words || p[-1] == ' ') && (!p[n] || p[n] == ' ')) bits |= (uint32_t)1 << i;
    }
    return bits;
}

static void put_fault(aigw_out *to, const aigw_fault *f) {
    char line[400];
    snprintf(line, sizeof line, "fault %d %s at %lu: %s\n", f->code, f->path, (unsigned long)f->at, f->text ? f->text : "");
    aigw_base_put_lit(to, line);
}
static void put_line(aigw_out *to, aigw_str s) {
    aigw_base_put(to, s);
    aigw_base_put_lit(to, "\n");
}
static void put_encoded(aigw_out *to, const encoded *e) {
    char line[64];
    put_line(to, e->target);
    put_line(to, e->body);
    if (e->code) {
        snprintf(line, sizeof line, "code %d\n", e->code);
        aigw_base_put_lit(to, line);
    }
    if (e->report.n) put_line(to, e->report);
}

static void do_encode(const char *args, aigw_str in, aigw_out *to) {
    aigw_target t = target();
    aigw_arena mem = arena();
    aigw_fault fault;
    aigw_req req;
    encoded e;
    memset(&fault, 0, sizeof fault);
    t.can = can_bits(word_after(args, "can="));
    t.no = can_bits(word_after(args, "no="));
    if (word_after(args, "id=")) t.id = str(word_after(args, "id="));
    if (word_after(args, "base=")) t.base = str(word_after(args, "base="));
    if (word_after(args, "version=")) t.version = str(word_after(args, "version="));
    if (word_after(args, "max=")) t.max_output = atoi(word_after(args, "max="));
    if (word_after(args, "efforts=")) t.efforts = str(word_after(args, "efforts="));
    if (aigw_model_req_decode(in, &mem, &req, &fault)) { put_fault(to, &fault); return; }
    e = encode(&req, &t);
    put_encoded(to, &e);
    if (!e.code) t_int("is JSON", aigw_json_check(e.body, AIGW_JSON_OBJECT), AIGW_OK);
}

static void do_edit(const char *args, aigw_str in, aigw_out *to) {
    char id[100] = "";
    int at = 0;
    aigw_target t = target();
    decoded *d;
    encoded e;
    sscanf(args, "edit %99s %n", id, &at);
    t.id = str(id);
    d = decode(args + at, in);
    if (d->code) { put_fault(to, &d->fault); return; }
    e = encode_with(&d->req, &t, B->req_edit);
    put_encoded(to, &e);
}

/* The lines of `in`, each in an allocation of its own. */
static int next_line(aigw_str in, size_t *at, aigw_str *line) {
    size_t k;
    if (*at >= in.n) return 0;
    for (k = *at; k < in.n && in.p[k] != '\n'; k++) {}
    line->n = k - *at;
    line->p = t_dup(in.p + *at, line->n);
    *at = k + 1;
    return 1;
}

static void do_answer(const char *args, aigw_str in, aigw_out *to) {
    aigw_dec st = decoder();
    aigw_loss_item items[8];
    aigw_loss loss;
    log_sink l;
    aigw_sink sink = sink_of(&l);
    aigw_str line;
    size_t at = 0, i;
    int r = 0;
    aigw_model_loss_init(&loss, items, 8);
    st.loss = &loss;
    st.n_max = strstr(args, "n=2") ? 2 : 1;
    if (!strncmp(args, "count", 5)) st.op = AIGW_OP_COUNT_TOKENS;
    if (strncmp(args, "stream", 6)) {
        loss.doc = in;
        r = B->resp_decode(&st, NULL, in, &sink);
    } else {
        while (r >= 0 && next_line(in, &at, &line)) {
            aigw_str name = line;
            for (name.n = 0; name.n < line.n && line.p[name.n] != ' '; name.n++) {}
            line.p += name.n + (name.n < line.n);
            line.n -= name.n + (name.n < line.n);
            loss.doc = line;
            r = B->frame_decode(&st, name, line, &sink);
        }
        if (r >= 0) r = B->stream_end(&st, !strstr(args, "cut"), &sink);
    }
    t_int("decodes", r, AIGW_OK);
    t_ok("grammar", !l.check.why);
    t_int("one end", l.ends, 1);
    put_line(to, written(&l.out));
    for (i = 0; i < loss.n; i++) {
        aigw_base_put_lit(to, aigw_model_loss_name(items[i].action));
        aigw_base_put_lit(to, " ");
        put_line(to, str(items[i].path));
    }
}

static void do_events(const char *args, aigw_str in, aigw_out *to) {
    const char *hold = word_after(args, "hold=");
    aigw_arena mem = arena();
    aigw_req req;
    aigw_fault fault;
    aigw_event ev;
    aigw_enc st;
    aigw_str line;
    aigw_out wire = writer();
    f_evs frame;
    size_t at = 0, cap = hold ? (size_t)atoi(hold) : 4096;
    int r;
    memset(&req, 0, sizeof req);
    memset(&st, 0, sizeof st);
    memset(&fault, 0, sizeof fault);
    req.op = AIGW_OP_CHAT;
    st.dialect = B;
    st.req = &req;
    st.hold = (char *)t_alloc(cap);
    st.hold_cap = cap;
    aigw_dialect_enc_init(&st);
    while (next_line(in, &at, &line)) {
        if (aigw_model_event_decode(line, &mem, &ev, &fault)) { put_fault(to, &fault); return; }
        while ((r = B->event_encode(&st, &ev, &wire)) == AIGW_E_NOMEM && cap < 65536) {
            char *more = (char *)t_alloc(cap * 2 + 1);
            aigw_base_put_lit(to, "(NOMEM)\n");
            t_int("moves", aigw_dialect_enc_move(&st, more, cap * 2 + 1), AIGW_OK);
            cap = cap * 2 + 1;
        }
        t_int("writes", r, AIGW_OK);
    }
    t_int("nothing is left in hold", st.hold_n, 0);
    for (frame = f_evs_open(wire.buf.p, wire.buf.n); f_evs_next(&frame); ) {
        aigw_base_put_lit(to, strcmp(frame.kind.s, "event") ? frame.kind.s : "");
        aigw_base_put_lit(to, strcmp(frame.kind.s, "event") ? " " : "");
        aigw_base_put_lit(to, frame.name.s);
        aigw_base_put_lit(to, " ");
        put_line(to, str(frame.data.s));
    }
    t_ok("framing", !frame.bad);
    f_free();
}

static void do_whole(aigw_str in, aigw_out *to) {
    aigw_arena mem = arena();
    aigw_fault fault;
    aigw_event ev;
    aigw_fold fold;
    aigw_resp resp;
    aigw_enc st;
    aigw_str line;
    aigw_out out = writer();
    size_t at = 0;
    memset(&fault, 0, sizeof fault);
    memset(&st, 0, sizeof st);
    memset(&resp, 0, sizeof resp);
    aigw_model_fold_init(&fold, &resp, &mem, 1);
    while (next_line(in, &at, &line)) {
        if (aigw_model_event_decode(line, &mem, &ev, &fault)) { put_fault(to, &fault); return; }
        t_int("folds", aigw_model_fold_put(&fold, &ev), AIGW_OK);
    }
    st.dialect = B;
    st.hold = (char *)t_alloc(4096);
    st.hold_cap = 4096;
    aigw_dialect_enc_init(&st);
    t_int("writes", B->resp_encode(&st, &resp, &out), AIGW_OK);
    t_int("is JSON", aigw_json_check(written(&out), AIGW_JSON_OBJECT), AIGW_OK);
    put_line(to, written(&out));
}

static void do_error(const char *args, aigw_str in, aigw_out *to) {
    aigw_header headers[4];
    aigw_head head;
    aigw_error err;
    aigw_arena mem = arena();
    aigw_now now = { 1, 1790000000 };
    char *copy = (char *)t_alloc(strlen(args) + 1), *p, *colon;
    memset(&head, 0, sizeof head);
    head.headers = headers;
    head.cap = 4;
    strcpy(copy, args);
    strtok(copy, " ");
    p = strtok(NULL, " ");
    head.status = p ? atoi(p) : 0;
    while ((p = strtok(NULL, " ")) != NULL) {
        colon = strchr(p, ':');
        *colon = 0;
        aigw_base_header_put(&head, str(p), str(colon + 1));
    }
    B->error_decode(now, &head, in, &mem, &err);
    aigw_model_error_encode(&err, to);
    aigw_base_put_lit(to, "\n");
}

static void do_fail(aigw_str in, aigw_out *to) {
    aigw_header headers[8];
    aigw_head head;
    aigw_error err;
    aigw_arena mem = arena();
    aigw_fault fault;
    aigw_out out = writer();
    size_t i;
    char line[32];
    memset(&fault, 0, sizeof fault);
    memset(&head, 0, sizeof head);
    head.headers = headers;
    head.cap = 8;
    if (aigw_model_error_decode(in, &mem, &err, &fault)) { put_fault(to, &fault); return; }
    t_int("writes", B->error_encode(&err, &mem, &head, &out), AIGW_OK);
    snprintf(line, sizeof line, "%d", head.status);
    aigw_base_put_lit(to, line);
    for (i = 0; i < head.n; i++) {
        aigw_base_put_lit(to, " ");
        aigw_base_put(to, headers[i].name);
        aigw_base_put_lit(to, ": ");
        aigw_base_put(to, headers[i].value);
        aigw_base_put_lit(to, i + 1 < head.n ? "," : "");
    }
    aigw_base_put_lit(to, "\n");
    put_line(to, written(&out));
}

static void do_case(const char *what, aigw_str in, aigw_out *to) {
    if (!strncmp(what, "request ", 8)) {
        decoded *d = decode(what + 8, in);
        if (d->code) put_fault(to, &d->fault);
        else {
            const aigw_raw *raw = d->req.raw;
            put_line(to, canonical(&d->req));
            for (; raw; raw = raw->next) { aigw_base_put_lit(to, "raw "); aigw_base_put(to, raw->name); aigw_base_put_lit(to, " "); put_line(to, raw->json); }
        }
    }
    else if (!strncmp(what, "encode", 6)) do_encode(what, in, to);
    else if (!strncmp(what, "edit ", 5)) do_edit(what, in, to);
    else if (!strncmp(what, "answer", 6) || !strncmp(what, "stream", 6) || !strncmp(what, "count", 5)) do_answer(what, in, to);
    else if (!strncmp(what, "events", 6)) do_events(what, in, to);
    else if (!strncmp(what, "whole", 5)) do_whole(in, to);
    else if (!strncmp(what, "error", 5)) do_error(what, in, to);
    else if (!strncmp(what, "fail", 4)) do_fail(in, to);
    else t_fail(what);
}

T(transcripts) {
    static const char *const file = "tests/cases/bedrock.txt";
    t_bytes b = t_file(file);
    aigw_out all = writer();
    char *text, *p, *next;
    int n = 0;
    if (!t_ok("the cases are there", b.p != NULL)) return;
    text = (char *)t_alloc(b.n + 1);
    memcpy(text, b.p, b.n);
    text[b.n] = 0;
    p = strstr(text, "## ");
    aigw_base_put(&all, aigwi_dialect_slice(text, p ? (size_t)(p - text) : b.n));
    for (; p; p = next, n++) {
        char *label = p + 3, *what = strstr(p, "\n! "), *input = what ? strchr(what + 3, '\n') : NULL, *bar = input ? strstr(input, "\n---\n") : NULL;
        aigw_out got = writer();
        aigw_str in;
        char *want = bar ? bar + 5 : NULL;
        if (!t_ok("a block has its four parts", bar != NULL)) break;
        next = strstr(bar, "\n## ");
        if (next) *next++ = 0;
        *what = *input = *bar = 0;
        in.n = bar > input ? (size_t)(bar - input - 1) : 0;
        in.p = t_dup(input + 1, in.n);
        t_row(label);
        do_case(what + 3, in, &got);
        aigw_base_put_lit(&all, "## "); aigw_base_put_lit(&all, label);
        aigw_base_put_lit(&all, "\n! "); aigw_base_put_lit(&all, what + 3);
        aigw_base_put_lit(&all, "\n"); aigw_base_put(&all, in);
        aigw_base_put_lit(&all, "\n---\n"); aigw_base_put(&all, written(&got));
        if (next) aigw_base_put_lit(&all, "\n");
        if (!getenv("T_UPDATE")) t_mem("output", got.buf.p, got.buf.n, want, strlen(want));
    }
    t_ok("there are some", n > 20);
    if (getenv("T_UPDATE")) {
        FILE *f = fopen(file, "wb");
        fwrite(all.buf.p, 1, all.buf.n, f);
        fclose(f);
    }
}

T(paths) {
    static const struct { const char *method, *target; int op; const char *model; int stream; } rows[] = {
        { "POST", "/model/bedrock-x/converse", AIGW_OP_CHAT, "bedrock-x", 0 },
        { "POST", "/model/bedrock-x/converse-stream", AIGW_OP_CHAT, "bedrock-x", 1 },
        { "POST", "/model/anthropic.claude-3%3A0/converse-stream?x=1", AIGW_OP_CHAT, "anthropic.claude-3:0", 1 },
        { "POST", "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x-v1%3a0/converse", AIGW_OP_CHAT, "arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0", 0 },
        { "POST", "/model/mock/echo/converse", AIGW_OP_CHAT, "mock/echo", 0 },
        { "POST", "/bedrock/model/a%2/converse", AIGW_OP_CHAT, "a%2", 0 },
        { "POST", "/model/a%00b/converse", AIGW_OP_CHAT, "a%00b", 0 },
        { "POST", "/model/bedrock-x/count-tokens", AIGW_OP_COUNT_TOKENS, "bedrock-x", 0 },
        { "POST", "/model/converse/converse", AIGW_OP_CHAT, "converse", 0 },
        { "POST", "/model//converse", AIGW_OP_NONE, NULL, 0 },
        { "POST", "/model/converse", AIGW_OP_NONE, NULL, 0 },
        { "POST", "/model/bedrock-x/invoke", AIGW_OP_EMBED, NULL, 0 },
        { "POST", "/v1/models/bedrock-x/converse", AIGW_OP_NONE, NULL, 0 },
        { "GET", "/model/bedrock-x/converse", AIGW_OP_NONE, NULL, 0 },
        { "POST", "", AIGW_OP_NONE, NULL, 0 }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        static const char chat[] = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"c\"}]}]}";
        static const char count[] = "{\"input\":{\"converse\":{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"c\"}]}]}}}";
        aigw_arena mem = arena();
        aigw_fault fault;
        aigw_req req;
        aigw_head head = head_of(rows[i].method, rows[i].target);
        memset(&fault, 0, sizeof fault);
        t_row(rows[i].target);
        t_int("op", B->match(&head), rows[i].op);
        if (!rows[i].model) continue;
        t_int("reads", B->req_decode(&head, str(rows[i].op == AIGW_OP_CHAT ? chat : count), &mem, &req, &fault), AIGW_OK);
        t_str("model", req.model.p, req.model.n, rows[i].model);
        t_int("stream", req.param[AIGW_P_STREAM].has && req.param[AIGW_P_STREAM].micro, rows[i].stream);
    }
}

T(limits) {
    aigw_header headers[1] = { { AIGW_STR("Retry-After"), AIGW_STR("7") } };
    aigw_now now = { 1, 1790000000 };
    aigw_head head = head_of("", "");
    aigw_limits l;
    head.headers = headers;
    head.n = head.cap = 1;
    B->limits_decode(now, &head, &l);
    t_int("wait", l.retry_after_ms, 7000);
    t_int("nothing else", l.requests.limit + l.tokens.remaining + l.input_tokens.reset_ms + l.output_tokens.limit, -4);
}

/* Every kind of error comes back as itself from our own words: one gateway behind another. */
T(kinds_return) {
    int kind;
    for (kind = AIGW_KIND_NONE + 1; kind < AIGW_KIND_COUNT; kind++) {
        aigw_header headers[8];
        aigw_head head;
        aigw_error err, back;
        aigw_arena mem = arena();
        aigw_out out = writer();
        aigw_now now = { 1, 0 };
        memset(&head, 0, sizeof head);
        head.headers = headers;
        head.cap = 8;
        t_row(aigw_model_kind_name(kind));
        aigw_dialect_error(&err, kind, "words", "");
        t_int("writes", B->error_encode(&err, &mem, &head, &out), AIGW_OK);
        B->error_decode(now, &head, written(&out), &mem, &back);
        t_int("kind", back.kind, kind == AIGW_KIND_TLS || kind == AIGW_KIND_DNS ? (int)AIGW_KIND_CONNECT : kind);      /* one word for the three */
    }
}

/* The same for errors in a stream, whose exceptions are only five. */
T(kinds_return_in_streams) {
    int kind;
    for (kind = AIGW_KIND_NONE + 1; kind < AIGW_KIND_COUNT; kind++) {
        aigw_error err;
        aigw_event ev;
        aigw_enc st;
        aigw_dec dec = decoder();
        aigw_out out = writer();
        log_sink l;
        aigw_sink sink = sink_of(&l);
        char want[40];
        memset(&ev, 0, sizeof ev);
        memset(&st, 0, sizeof st);
        st.dialect = B;
        aigw_dialect_enc_init(&st);
        t_row(aigw_model_kind_name(kind));
        aigw_dialect_error(&err, kind, "words", "");
        ev.type = AIGW_EVENT_ERROR;
        ev.error = &err;
        t_int("writes", B->event_encode(&st, &ev, &out), AIGW_OK);
        t_int("reads", frames(&dec, written(&out), &sink), AIGW_OK);
        snprintf(want, sizeof want, "\"kind\":\"%s\"", aigw_model_kind_name(kind == AIGW_KIND_TLS || kind == AIGW_KIND_DNS ? (int)AIGW_KIND_CONNECT : kind));
        if (!t_ok("kind", strstr(l.out.buf.p, want) != NULL)) printf("  %.*s\n", (int)l.out.buf.n, l.out.buf.p);
        t_int("one end", l.ends, 1);
    }
}

/* Memory of every size: enough, or AIGW_E_NOMEM and nothing worse. */
T(memory_from_nothing) {
    static const char body[] = "{\"system\":[{\"text\":\"s\\n\"},{\"cachePoint\":{\"type\":\"default\"}}],\"messages\":[{\"role\":\"assistant\",\"content\":[{\"reasoningContent\":{\"reasoningText\":"
        "{\"text\":\"\",\"signature\":\"aigw:gemini:m:C\\u0041\"}}},{\"toolUse\":{\"toolUseId\":\"t\\u0041\",\"name\":\"f\",\"input\":{}}},{\"citationsContent\":{\"content\":[{\"text\":\"a\"},{\"text\":\"b\"}],\"citations\":[{\"title\":\"x\"}]}}]},"
        "{\"role\":\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":\"tA\",\"content\":[{\"text\":\"{\\\"a\\\":1}\"},{\"image\":{\"format\":\"heic\",\"source\":{\"bytes\":\"AAAA\"}}}]}},"
        "{\"document\":{\"format\":\"pdf\",\"name\":\"n\",\"source\":{\"bytes\":\"AAAA\"}}},{\"guardContent\":{\"text\":{\"text\":\"q\"}}}]}],\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"f\",\"inputSchema\":{\"json\":{\"x\":1}}}},"
        "{\"systemTool\":{\"name\":\"n\"}}],\"toolChoice\":{\"tool\":{\"name\":\"f\"}}},\"inferenceConfig\":{\"stopSequences\":[\"a\"],\"maxTokens\":5},\"outputConfig\":{\"textFormat\":{\"type\":\"json_schema\",\"structure\":{\"jsonSchema\":"
        "{\"schema\":\"{\\\"type\\\":\\\"object\\\"}\",\"name\":\"n\"}}}},\"additionalModelRequestFields\":{\"top_k\":5,\"thinking\":{\"type\":\"adaptive\"}},\"promptVariables\":{}}";
    aigw_str in;
    size_t n;
    int fits = 0;
    in.n = sizeof body - 1;
    in.p = t_dup(body, in.n);
    for (n = 0; n < 6000; n += n < 600 ? 7 : 101) {
        void *space = malloc(n), *scratch = malloc(n), *text = malloc(n);
        aigw_arena mem = aigw_base_arena(space, n), mem2 = aigw_base_arena(scratch, n);
        aigw_head head = head_of("POST", CHAT), to_head;
        aigw_header headers[4];
        aigw_target to = target();
        aigw_fault fault;
        aigw_req req;
        aigw_out out;
        int r;
        memset(&fault, 0, sizeof fault);
        memset(&to_head, 0, sizeof to_head);
        to_head.headers = headers;
        to_head.cap = 4;
        r = B->req_decode(&head, in, &mem, &req, &fault);
        t_ok("reads or says why not", r == AIGW_OK || (r == AIGW_E_NOMEM && fault.code == r));
        if (r == AIGW_OK) {
            aigw_base_out_init(&out, text, n, NULL, 0);
            r = B->req_encode(&req, &to, &mem2, &to_head, &out, NULL);
            t_ok("writes or says why not", r == AIGW_E_REFUSED || r == AIGW_E_NOMEM);      /* heic is refused in the end */
            fits += r == AIGW_E_REFUSED;
        }
        free(space);
        free(scratch);
        free(text);
    }
    t_ok("at last it fits", fits > 0);
}

int main(void) {
    T_RUN(recordings_requests);
    T_RUN(recordings_answers);
    T_RUN(transcripts);
    T_RUN(paths);
    T_RUN(limits);
    T_RUN(kinds_return);
    T_RUN(kinds_return_in_streams);
    T_RUN(memory_from_nothing);
    return t_end();
}
