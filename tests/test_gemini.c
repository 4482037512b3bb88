/* SPDX-License-Identifier: MIT OR Unlicense */
/* The Gemini dialect: requests both ways, whole answers, streams as SSE and as JSON array, errors, limits; and all recordings of Gemini and Vertex. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include <dirent.h>

static const aigw_dialect *const G = &aigw_dialect_gemini;
static aigw_str str(const char *s) { return aigw_base_str(s); }

enum { ROOM = 1 << 20 };
static aigw_arena arena(void) { return aigw_base_arena(t_alloc(ROOM), ROOM); }
static aigw_out writer(void) { aigw_out o; aigw_base_out_init(&o, t_alloc(ROOM), ROOM, NULL, 0); return o; }
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
    to.id = str("gemini-x");
    to.dialect = G;
    return to;
}

typedef struct { aigw_req req; aigw_fault fault; aigw_head head; int code; } decoded;
static decoded *decode(const char *path, aigw_str body) {
    decoded *d = (decoded *)t_alloc(sizeof *d);
    aigw_arena mem = arena();
    memset(d, 0, sizeof *d);
    d->head = head_of("POST", path);
    d->code = G->req_decode(&d->head, body, &mem, &d->req, &d->fault);
    return d;
}
static const char *const CHAT = "/v1beta/models/gemini-x:generateContent";

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
static encoded encode(const aigw_req *req, const aigw_target *to) { return encode_with(req, to, G->req_encode); }

static aigw_str canonical(aigw_req *req) {
    aigw_out out = writer();
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
    st.dialect = G;
    st.model = str("gemini-x");
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

/* Calls f for the payload of each data line of an SSE text (recorded streams have one line per event), or each item of a JSON array. */
static int frames(aigw_dec *st, aigw_str text, const aigw_sink *out) {
    size_t i, k;
    int r = 0;
    aigw_json j;
    aigw_str item;
    aigw_json_init(&j, text);
    if (aigw_json_kind(&j) == AIGW_JSON_ARRAY) {
        for (aigw_json_array(&j); r >= 0 && aigw_json_item(&j) && aigw_json_raw(&j, &item); ) {
            item.p = t_dup(item.p, item.n);
            r = G->frame_decode(st, str(""), item, out);
        }
        return r;
    }
    for (i = 0; i < text.n && r >= 0; i = k + 1) {
        for (k = i; k < text.n && text.p[k] != '\n'; k++) {}
        item.n = k - i;
        if (item.n && text.p[k - 1] == '\r') item.n--;
        if (item.n < 6 || memcmp(text.p + i, "data: ", 6)) continue;
        item.n -= 6;
        item.p = t_dup(text.p + i + 6, item.n);
        r = G->frame_decode(st, str(""), item, out);
    }
    return r;
}

T(recordings_requests) {
    static const char *const dirs[] = { "wire/gemini", "wire/vertex-gemini", "wire/gemini-count-tokens" };
    size_t d;
    int n = 0;
    for (d = 0; d < 3; d++) {
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
    t_ok("there were some", n > 40);
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
    r = stream ? frames(&st, body, &sink) : G->resp_decode(&st, NULL, body, &sink);
    if (stream && r >= 0) r = G->stream_end(&st, 1, &sink);
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
    if (stream) { frames(&st2, body, &fsink); G->stream_end(&st2, 1, &fsink); }
    else G->resp_decode(&st2, NULL, body, &fsink);
    aigw_model_resp_encode(&resp, &text);
    first = written(&text);
    if (resp.error) return;
    memset(&enc, 0, sizeof enc);
    enc.dialect = G;
    enc.hold = (char *)t_alloc(65536);
    enc.hold_cap = 65536;
    aigw_dialect_enc_init(&enc);
    t_int("writes", G->resp_encode(&enc, &resp, &out), AIGW_OK);
    t_int("writes JSON", aigw_json_check(written(&out), AIGW_JSON_OBJECT), AIGW_OK);
    memset(&resp, 0, sizeof resp);
    aigw_model_fold_init(&fold, &resp, &mem, 1);
    st2 = decoder();
    G->resp_decode(&st2, NULL, written(&out), &fsink);
    text = writer();
    aigw_model_resp_encode(&resp, &text);
    again = written(&text);
    (void)sink2;
    if (!strstr(l.out.buf.p, "\"note\"")) t_mem("the same answer", again.p, again.n, first.p, first.n);
}

T(recordings_answers) {
    static const char *const dirs[] = { "wire/gemini", "wire/vertex-gemini" };
    size_t d;
    int n = 0;
    for (d = 0; d < 2; d++) {
        DIR *dir = opendir(t_shared(dirs[d]));
        struct dirent *e;
        if (!dir) { t_skip("../shared/wire"); return; }
        while ((e = readdir(dir)) != NULL) {
            char path[600];
            if (!strstr(e->d_name, ".response.")) continue;
            snprintf(path, sizeof path, "%s/%s", t_shared(dirs[d]), e->d_name);
            recorded_answer(path, e->d_name, strstr(e->d_name, ".sse") != NULL);
            n++;
            t_free_all();
        }
        closedir(dir);
    }
    t_ok("there were some", n > 40);
}

int main(void) {
    T_RUN(recordings_requests);
    T_RUN(recordings_answers);
    return t_end();
}
