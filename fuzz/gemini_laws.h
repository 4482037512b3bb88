/* SPDX-License-Identifier: MIT OR Unlicense */
/* gemini_laws.h: what the three fuzz targets of the Gemini dialect share. */
#ifndef GEMINI_LAWS_H
#define GEMINI_LAWS_H

typedef struct { aigw_dec st; aigw_sink sink; aigw_check check; aigw_resp resp; aigw_fold fold; aigw_arena mem; int ends, full; } gemini_answer;

static inline void gemini_head(aigw_head *h, const char *method, const char *target) {
    memset(h, 0, sizeof *h);
    h->method = aigw_base_str(method);
    h->target = aigw_base_str(target);
}

static inline int gemini_put(void *user, const aigw_event *ev) {
    gemini_answer *a = (gemini_answer *)user;
    int r = aigw_model_fold_put(&a->fold, ev);
    fuzz_ok(!r || r == AIGW_E_NOMEM);
    aigw_model_check_put(&a->check, ev);
    a->ends += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (r) a->full = 1;                                       /* the fold's memory ended */
    return r;
}

static inline void gemini_begin(gemini_answer *a, void *scratch, size_t n, void *mem, size_t m) {
    memset(a, 0, sizeof *a);
    a->mem = aigw_base_arena(mem, m);
    aigw_model_fold_init(&a->fold, &a->resp, &a->mem, 1);
    a->sink.put = gemini_put;
    a->sink.user = a;
    a->st.dialect = &aigw_dialect_gemini;
    a->st.mem = aigw_base_arena(scratch, n);
    aigw_dialect_dec_init(&a->st);
}

static inline aigw_str gemini_canonical(aigw_req *req, char *to, size_t n) {
    aigw_out out;
    req->raw = NULL;
    req->array = 0;                                           /* how the client wants its frames, not what it asks */
    aigw_base_out_init(&out, to, n, NULL, 0);
    aigw_model_req_encode(req, &out);
    return fuzz_str(to, out.buf.n < n ? out.buf.n : n);
}

/* Does the way through the model change this request? By rule: values outside their range, texts that look like our own wrapping, what is read more kindly than
   it is written. Those rules have tests of their own. */
static inline int gemini_lossy(const aigw_req *req) {
    const aigw_message *m;
    const aigw_part *p, *q;
    int id, n = 0;
    const aigw_item *item;
    for (id = 0; id < AIGW_P_COUNT; id++) if (req->param[id].has && id != AIGW_P_STREAM) return 1;
    for (item = req->stop; item; item = item->next) if (++n > 5) return 1;
    if (req->choice_names || req->choice || req->tools || req->format.kind) return 1;
    for (m = req->messages; m; m = m->next) {
        if (!m->parts || (m->role == AIGW_ROLE_SYSTEM && !m->next)) return 1;
        if (m->next && m->next->at == m->at) return 1;
        for (p = m->parts; p; p = p->next) {
            if (p->state || p->kind >= AIGW_PART_OTHER || (p->kind >= AIGW_PART_IMAGE && p->kind <= AIGW_PART_FILE) || (p->kind == AIGW_PART_REASONING && !p->text.n)) return 1;
            if (p->kind == AIGW_PART_TOOL_RESULT || p->kind == AIGW_PART_TOOL_CALL) return 1;
            for (q = p->parts; q; q = q->next) if (q->kind != AIGW_PART_TEXT) return 1;
        }
        if (m->role == AIGW_ROLE_SYSTEM) for (p = m->parts; p; p = p->next) if (p->kind != AIGW_PART_TEXT) return 1;
    }
    return 0;
}

/* One frame as written for a client: SSE, or the items of an array. */
static inline void gemini_frame(aigw_str s, int array, int first, int last) {
    size_t head = array ? (first ? 1 : 3) : 6, tail = array ? (size_t)(last != 0) : 4;
    fuzz_ok(s.n > head + tail);
    fuzz_ok(!memcmp(s.p, array ? (first ? "[" : ",\r\n") : "data: ", head));
    fuzz_ok(!memcmp(s.p + s.n - tail, array ? "]" : "\r\n\r\n", tail));
    fuzz_ok(!aigw_json_check(fuzz_str(s.p + head, s.n - head - tail), AIGW_JSON_OBJECT));
}

/* Words, calls and finish of an answer, decoded; neighbors of one kind joined. */
static inline aigw_str gemini_parts(const aigw_resp *resp, char *to, size_t n, aigw_arena *mem) {
    aigw_out out;
    const aigw_part *p;
    aigw_str s;
    int i, last;
    aigw_base_out_init(&out, to, n, NULL, 0);
    for (i = 0; i < resp->choices; i++) {
        aigw_base_put_int(&out, resp->choice[i].finish == AIGW_FINISH_OTHER ? AIGW_FINISH_ERROR : resp->choice[i].finish);
        for (p = resp->choice[i].parts, last = -1; p; p = p->next) {
            aigw_arena mark = *mem;
            if (!p->text.n && p->kind != AIGW_PART_TOOL_CALL) continue;      /* empty: it says nothing */
            if (p->kind != last || p->kind == AIGW_PART_TOOL_CALL) aigw_base_put_int(&out, p->kind);
            last = p->kind;
            aigw_base_put(&out, p->name);
            if (p->kind == AIGW_PART_TOOL_CALL && !p->text.n) aigw_base_put_lit(&out, "{}");
            if (!aigw_json_decode(p->text, mem, &s)) continue;
            aigw_base_put(&out, s);
            *mem = mark;
        }
    }
    return fuzz_str(to, out.buf.n < n ? out.buf.n : n);
}
#endif
