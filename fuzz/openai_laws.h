/* SPDX-License-Identifier: MIT OR Unlicense */
/* openai_laws.h: what the fuzz targets of answers in Chat Completions share: a sink that checks, folds and writes for a client. */
#ifndef OPENAI_LAWS_H
#define OPENAI_LAWS_H

typedef struct { aigw_dec st; aigw_sink sink; aigw_check check; aigw_resp resp; aigw_fold fold; aigw_arena mem; aigw_enc enc; aigw_out out; int ends, full, blocks; char hold[4096]; } openai_answer;

static inline int openai_put(void *user, const aigw_event *ev) {
    openai_answer *a = (openai_answer *)user;
    int r = aigw_model_fold_put(&a->fold, ev);
    fuzz_ok(!r || r == AIGW_E_NOMEM);
    aigw_model_check_put(&a->check, ev);
    fuzz_ok(!a->check.why);
    if (!a->full) {                                           /* a closed call keeps its place while it is the last of its choice */
        int e = aigw_dialect_openai.event_encode(&a->enc, ev, &a->out);
        a->blocks += ev->type == AIGW_EVENT_BLOCK_START;
        fuzz_ok(!e || (e == AIGW_E_LIMIT && a->blocks > AIGW_BLOCKS));
        if (e) r = e;
    }
    a->ends += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (r) a->full = 1;
    return r;
}
static inline void openai_begin(openai_answer *a, unsigned char *mem, size_t n, char *text, size_t room) {
    memset(a, 0, sizeof *a);
    a->mem = aigw_base_arena(mem, n / 2);
    aigw_model_fold_init(&a->fold, &a->resp, &a->mem, 1);
    a->sink.put = openai_put;
    a->sink.user = a;
    a->st.dialect = a->enc.dialect = &aigw_dialect_openai;
    a->st.mem = aigw_base_arena(mem + n / 2, n / 2);
    a->enc.hold = a->hold;
    a->enc.hold_cap = sizeof a->hold;
    aigw_base_out_init(&a->out, text, room, NULL, 0);
    aigw_dialect_dec_init(&a->st);
    aigw_dialect_enc_init(&a->enc);
}
/* What an answer says: by choice its end, its words by kind joined, its calls. */
static inline aigw_str openai_said(const aigw_resp *resp, char *to, size_t n, unsigned char *mem, size_t m) {
    static const int kinds[] = { AIGW_PART_REASONING, AIGW_PART_TEXT, AIGW_PART_REFUSAL, AIGW_PART_TOOL_CALL };
    aigw_arena a = aigw_base_arena(mem, m);
    aigw_out out;
    aigw_str s;
    aigw_base_out_init(&out, to, n, NULL, 0);
    for (int i = 0; i < resp->choices; i++)
        for (int k = 0; k < 4; k++) {
            aigw_base_put_byte(&out, '\n');
            for (const aigw_part *p = resp->choice[i].parts; p; p = p->next) {
                if (p->kind != kinds[k]) continue;
                aigw_base_put(&out, p->name);
                if (k == 3 && !p->text.n && !p->custom) aigw_base_put_lit(&out, "{}");
                if (aigw_json_decode(p->text, &a, &s)) aigw_base_put(&out, s);
            }
        }
    return fuzz_str(to, out.buf.n < n ? out.buf.n : n);
}
#endif
