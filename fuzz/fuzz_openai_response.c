/* SPDX-License-Identifier: MIT OR Unlicense */
/* Whole answers and error bodies of Chat Completions: an error always has a kind and a message; events keep to the grammar and end once; what they fold to is
   written as JSON that says the same when it is read. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "openai_laws.h"

FUZZ(data, size) {
    static unsigned char mem[3][1 << 17];
    static char text[5][1 << 19];
    static openai_answer one, two;
    aigw_str body = fuzz_str(data, size), again, a, b;
    aigw_arena small = aigw_base_arena(mem[0], size & 1 ? sizeof mem[0] : size);
    aigw_now now = { 1, 1790000000 };
    aigw_error err;
    aigw_enc enc;
    aigw_out out;
    int r;
    aigw_dialect_openai.error_decode(now, NULL, body, &small, &err);
    fuzz_ok(err.kind > 0 && err.kind < AIGW_KIND_COUNT && err.retry_after_ms >= -1 && err.message.n);
    openai_begin(&one, mem[0], sizeof mem[0], text[0], sizeof text[0]);
    r = aigw_dialect_openai.resp_decode(&one.st, NULL, body, &one.sink);
    if (one.full || r == AIGW_E_NOMEM) return;
    fuzz_ok(!r && one.ends == 1);
    memset(&enc, 0, sizeof enc);
    enc.dialect = &aigw_dialect_openai;
    aigw_dialect_enc_init(&enc);
    aigw_base_out_init(&out, text[1], sizeof text[1], NULL, 0);
    r = aigw_dialect_openai.resp_encode(&enc, &one.resp, &out);
    fuzz_ok(!r || r == AIGW_E_REFUSED);
    if (r) return;
    again = aigw_base_out_str(&out);
    fuzz_ok(!aigw_json_check(again, AIGW_JSON_OBJECT));
    openai_begin(&two, mem[1], sizeof mem[1], text[2], sizeof text[2]);
    r = aigw_dialect_openai.resp_decode(&two.st, NULL, again, &two.sink);
    fuzz_ok(!r || r == AIGW_E_NOMEM || two.full);
    if (two.full || r) return;
    fuzz_ok(!one.resp.error == !two.resp.error);
    a = openai_said(&one.resp, text[3], sizeof text[3], mem[2], sizeof mem[2]);
    b = openai_said(&two.resp, text[4], sizeof text[4], mem[2], sizeof mem[2]);
    fuzz_ok(one.resp.error || aigw_base_eq(a, b));
}
