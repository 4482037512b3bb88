/* SPDX-License-Identifier: MIT OR Unlicense */
/* ollama_laws.h: what the three fuzz targets of the Ollama dialect share. */
#ifndef OLLAMA_LAWS_H
#define OLLAMA_LAWS_H

typedef struct { aigw_dec st; aigw_sink sink; aigw_check check; aigw_resp resp; aigw_fold fold; aigw_arena mem; int ends, full; } ollama_answer;

static inline int ollama_put(void *user, const aigw_event *ev) {
    ollama_answer *a = (ollama_answer *)user;
    int r = aigw_model_fold_put(&a->fold, ev);
    aigw_model_check_put(&a->check, ev);
    a->ends += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (r) a->full = 1;                                       /* the fold's memory ended */
    return r;
}

static inline void ollama_begin(ollama_answer *a, void *scratch, size_t n, void *mem, size_t m) {
    memset(a, 0, sizeof *a);
    a->mem = aigw_base_arena(mem, m);
    aigw_model_fold_init(&a->fold, &a->resp, &a->mem, 1);
    a->sink.put = ollama_put;
    a->sink.user = a;
    a->st.dialect = &aigw_dialect_ollama;
    a->st.mem = aigw_base_arena(scratch, n);
    aigw_dialect_dec_init(&a->st);
}

/* One line, of which Python's str.splitlines makes one too. */
static inline void ollama_line(aigw_str s) {
    size_t i;
    fuzz_ok(s.n > 1 && s.p[s.n - 1] == '\n' && !aigw_json_check(s, AIGW_JSON_OBJECT));
    for (i = 0; i + 1 < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        fuzz_ok(c >= 0x1f || c == '\t');
        fuzz_ok(!(i && c == 0x85 && s.p[i - 1] == '\xC2') && !(i > 1 && (c | 1) == 0xA9 && !memcmp(s.p + i - 2, "\xE2\x80", 2)));
    }
}

/* A request as canonical JSON, less what is told from the bytes, or by the path; nothing where arguments are a string, which is JSON the next time. */
static inline aigw_str ollama_canonical(aigw_req *req, char *to, size_t n) {
    aigw_message *m;
    aigw_part *p, *q;
    aigw_tool *t;
    aigw_out out;
    req->raw = NULL;
    req->prompt = 0;
    for (t = req->tools; t; t = t->next) if (!t->schema.n) t->schema = aigw_base_str("{\"type\":\"object\",\"properties\":{}}");
    for (m = req->messages; m; m = m->next)
        for (p = m->parts; p; p = p->next) {
            if (p->kind == AIGW_PART_TOOL_RESULT) p->name.n = 0;       /* the call has it */
            if (p->kind == AIGW_PART_TOOL_CALL && p->text.form != AIGW_TEXT_JSON) return fuzz_str(NULL, 0);
            if (p->kind == AIGW_PART_IMAGE) p->mime.n = 0;
            for (q = p->parts; q; q = q->next) if (q->kind == AIGW_PART_IMAGE) q->mime.n = 0;
        }
    aigw_base_out_init(&out, to, n, NULL, 0);
    aigw_model_req_encode(req, &out);
    return fuzz_str(to, out.buf.n < n ? out.buf.n : n);
}

/* Words, calls, finish and counts of an answer, decoded. */
static inline aigw_str ollama_parts(const aigw_resp *resp, char *to, size_t n, aigw_arena *mem) {
    aigw_out out;
    const aigw_part *p;
    aigw_str s;
    aigw_base_out_init(&out, to, n, NULL, 0);
    aigw_base_put_int(&out, resp->choice[0].finish);
    for (p = resp->choice[0].parts; p; p = p->next) {
        aigw_arena mark = *mem;
        aigw_base_put_int(&out, p->kind);
        aigw_base_put(&out, p->name);
        if (p->kind == AIGW_PART_TOOL_CALL && !p->text.n) aigw_base_put_lit(&out, "{}");
        if (aigw_json_decode(p->text, mem, &s)) aigw_base_put(&out, s);
        *mem = mark;
    }
    aigw_base_put_int(&out, resp->usage.input);
    aigw_base_put_int(&out, resp->usage.output);
    return fuzz_str(to, out.buf.n < n ? out.buf.n : n);
}
#endif
