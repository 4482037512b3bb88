/* SPDX-License-Identifier: MIT OR Unlicense */
/* Any body gives events of the grammar with one end; what is written of them is JSON, and reads back as itself. Errors too. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define LAWS_DIALECT aigw_dialect_cohere
#include "dialect_laws.h"

FUZZ(data, size) {
    static laws l, again;
    aigw_dec st;
    aigw_sink sink = { laws_put, NULL };
    aigw_out out;
    aigw_error err;
    aigw_arena mem = aigw_base_arena(laws_mem[2], ROOM);
    aigw_str first;
    laws_init(&l, &st, 0);
    sink.user = &l;
    fuzz_ok(!D->resp_decode(&st, NULL, fuzz_str(data, size), &sink) && l.terminal == 1);
    D->error_decode(st.now, NULL, fuzz_str(data, size), &mem, &err);
    fuzz_ok(err.kind != AIGW_KIND_NONE && err.kind < AIGW_KIND_COUNT);
    if (l.resp.error || l.resp.choice[0].finish == AIGW_FINISH_OTHER) return;      /* a reason that is not known is written as ERROR */
    aigw_dialect_enc_init(&l.enc);
    aigw_base_out_init(&out, laws_text[0], ROOM, NULL, 0);
    fuzz_ok(!D->resp_encode(&l.enc, &l.resp, &out));
    first = fuzz_str(laws_text[0], out.buf.n);
    fuzz_ok(!aigw_json_check(first, AIGW_JSON_OBJECT));
    laws_init(&again, &st, 1);
    sink.user = &again;
    fuzz_ok(!D->resp_decode(&st, NULL, first, &sink) && !again.resp.error);
    aigw_dialect_enc_init(&again.enc);
    aigw_base_out_init(&out, laws_text[1], ROOM, NULL, 0);
    fuzz_ok(!D->resp_encode(&again.enc, &again.resp, &out));
    fuzz_ok(aigw_base_eq(first, fuzz_str(laws_text[1], out.buf.n)));
}
