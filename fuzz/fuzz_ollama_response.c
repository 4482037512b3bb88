/* SPDX-License-Identifier: MIT OR Unlicense */
/* Ollama's whole answers and error bodies: events keep to the grammar and end once; their fold is written, for either path (first byte), and read as the same again. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "ollama_laws.h"

FUZZ(data, size) {
    static unsigned char mem[6][1 << 16];
    static char text[3][1 << 18], hold[1 << 17];
    static aigw_req req;
    aigw_str body = fuzz_str(data + (size > 0), size ? size - 1 : 0), one, two;
    aigw_arena a = aigw_base_arena(mem[0], sizeof mem[0]), b = aigw_base_arena(mem[1], sizeof mem[1]);
    aigw_now now = { 1, 1790000000 };
    const aigw_dialect *d = &aigw_dialect_ollama;
    ollama_answer first, second;
    aigw_error err;
    aigw_loss loss;
    aigw_enc enc;
    aigw_out out;
    d->error_decode(now, NULL, body, &a, &err);
    fuzz_ok(err.kind > 0 && err.kind < AIGW_KIND_COUNT && err.retry_after_ms >= -1 && err.message.n);
    ollama_begin(&first, mem[2], sizeof mem[2], mem[3], sizeof mem[3]);
    fuzz_ok(d->resp_decode(&first.st, NULL, body, &first.sink) == AIGW_OK || first.full);
    if (first.full) return;
    fuzz_ok(first.ends == 1 && !first.check.why);
    if (first.resp.error) return;
    memset(&enc, 0, sizeof enc);
    aigw_model_loss_init(&loss, NULL, 0);
    enc.dialect = d;
    enc.loss = &loss;
    enc.hold = hold;
    enc.hold_cap = sizeof hold;
    req.prompt = size && data[0] & 1;
    enc.req = &req;
    aigw_dialect_enc_init(&enc);
    aigw_base_out_init(&out, text[0], sizeof text[0], NULL, 0);
    if (d->resp_encode(&enc, &first.resp, &out)) {
        fuzz_ok(first.resp.choice[0].finish == AIGW_FINISH_OTHER && loss.count[AIGW_LOSS_REFUSED]);
        return;
    }
    one = aigw_base_out_str(&out);
    fuzz_ok(!aigw_json_check(one, AIGW_JSON_OBJECT));
    ollama_begin(&second, mem[4], sizeof mem[4], mem[5], sizeof mem[5]);
    fuzz_ok(!d->resp_decode(&second.st, NULL, one, &second.sink) && !second.resp.error && !second.check.why);
    if (loss.count[AIGW_LOSS_APPROXIMATED] || (req.prompt && first.st.tool_seen)) return;      /* /api/generate has no calls */
    one = ollama_parts(&first.resp, text[1], sizeof text[1], &b);
    two = ollama_parts(&second.resp, text[2], sizeof text[2], &b);
    fuzz_ok(one.n == two.n && !memcmp(one.p, two.p, one.n));
}
