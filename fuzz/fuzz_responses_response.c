/* SPDX-License-Identifier: MIT OR Unlicense */
/* Whole answers of Responses: any body gives events of the grammar with one end; what they fold to is written as JSON that says the same when it is read. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "openai_laws.h"
#define LAWS_DIALECT aigw_dialect_responses
#include "dialect_laws.h"

FUZZ(data, size) {
    static laws l, again;
    static char said[2][1 << 19];
    aigw_dec st;
    aigw_sink sink = { laws_put, NULL };
    aigw_out out;
    aigw_error err;
    aigw_arena mem = aigw_base_arena(laws_mem[2], ROOM);
    aigw_str first, a, b;
    aigw_now now = { 1, 1790000000 };
    D->error_decode(now, NULL, fuzz_str(data, size), &mem, &err);
    fuzz_ok(err.kind != AIGW_KIND_NONE && err.kind < AIGW_KIND_COUNT && err.message.n && err.retry_after_ms >= -1);
    laws_init(&l, &st, 0);
    sink.user = &l;
    fuzz_ok(!D->resp_decode(&st, NULL, fuzz_str(data, size), &sink) || l.full);
    if (l.full) return;
    fuzz_ok(l.terminal == 1);
    aigw_dialect_enc_init(&l.enc);
    aigw_base_out_init(&out, laws_text[0], ROOM, NULL, 0);
    fuzz_ok(!D->resp_encode(&l.enc, &l.resp, &out));
    first = fuzz_str(laws_text[0], out.buf.n);
    fuzz_ok(!aigw_json_check(first, AIGW_JSON_OBJECT) || fuzz_deep(data, size));
    if (fuzz_deep(data, size)) return;
    laws_init(&again, &st, 1);
    sink.user = &again;
    fuzz_ok(!D->resp_decode(&st, NULL, first, &sink) || again.full);
    if (again.full) return;
    fuzz_ok(!l.resp.error == !again.resp.error || l.resp.choice[0].finish == AIGW_FINISH_OTHER);      /* a reason of its own is said as a failure */
    a = openai_said(&l.resp, said[0], sizeof said[0], laws_mem[3], ROOM / 2);
    b = openai_said(&again.resp, said[1], sizeof said[1], laws_mem[3], ROOM / 2);
    fuzz_ok(again.resp.error || (aigw_base_eq(a, b) && l.resp.choice[0].finish == again.resp.choice[0].finish));
}
