/* SPDX-License-Identifier: MIT OR Unlicense */
/* Gemini's whole answers and error bodies: events keep to the grammar and end once; the answer that they fold to is written as JSON and read as the same again. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "gemini_laws.h"

FUZZ(data, size) {
    static unsigned char mem[4][1 << 16], more[2][1 << 18];
    static char text[3][1 << 18], hold[1 << 16];
    aigw_str body = fuzz_str(data, size), one, two;
    aigw_arena a = aigw_base_arena(mem[0], sizeof mem[0]), b = aigw_base_arena(mem[1], sizeof mem[1]);
    aigw_now now = { 1, 1790000000 };
    gemini_answer first, second;
    aigw_error err;
    aigw_enc enc;
    aigw_out out;
    aigw_dialect_gemini.error_decode(now, NULL, body, &a, &err);
    fuzz_ok(err.kind > 0 && err.kind < AIGW_KIND_COUNT && err.retry_after_ms >= -1);
    gemini_begin(&first, mem[2], sizeof mem[2], mem[3], sizeof mem[3]);
    fuzz_ok(aigw_dialect_gemini.resp_decode(&first.st, NULL, body, &first.sink) == AIGW_OK || first.full);
    if (first.full) return;
    fuzz_ok(first.ends == 1 && !first.check.why);
    if (first.resp.error) return;
    memset(&enc, 0, sizeof enc);
    enc.dialect = &aigw_dialect_gemini;
    enc.hold = hold;
    enc.hold_cap = sizeof hold;
    aigw_dialect_enc_init(&enc);
    aigw_base_out_init(&out, text[0], sizeof text[0], NULL, 0);
    fuzz_ok(!aigw_dialect_gemini.resp_encode(&enc, &first.resp, &out));
    one = aigw_base_out_str(&out);
    fuzz_ok(!aigw_json_check(one, AIGW_JSON_OBJECT));
    gemini_begin(&second, more[0], sizeof more[0], more[1], sizeof more[1]);
    fuzz_ok(!aigw_dialect_gemini.resp_decode(&second.st, NULL, one, &second.sink) && !second.resp.error && !second.check.why);
    one = gemini_parts(&first.resp, text[1], sizeof text[1], &b);
    two = gemini_parts(&second.resp, text[2], sizeof text[2], &b);
    fuzz_ok(one.n == two.n && !memcmp(one.p, two.p, one.n));
}
