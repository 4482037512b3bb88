/* SPDX-License-Identifier: MIT OR Unlicense */
/* Any body gives events of the grammar with one end; what is written of them is JSON, and reads back as itself. Errors too, named by the first line. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define LAWS_DIALECT aigw_dialect_bedrock
#include "dialect_laws.h"

static void errors(const uint8_t *data, size_t size) {
    aigw_header h;
    aigw_head head;
    aigw_error err;
    aigw_arena mem = aigw_base_arena(laws_mem[2], ROOM);
    aigw_now now = { 0, 0 };
    size_t k = 0;
    memset(&head, 0, sizeof head);
    head.headers = &h;
    head.n = head.cap = 1;
    while (k < size && data[k] != '\n') k++;
    h.name = aigw_base_str("x-amzn-ErrorType");
    h.value = fuzz_str(data, k);
    head.status = size ? 100 + data[size - 1] * 2 : 0;
    D->error_decode(now, &head, fuzz_str(data + k, size - k), &mem, &err);
    fuzz_ok(err.kind != AIGW_KIND_NONE && err.kind < AIGW_KIND_COUNT);
}

FUZZ(data, size) {
    static laws l, again;
    aigw_dec st;
    aigw_sink sink = { laws_put, NULL };
    aigw_out out;
    aigw_str first;
    errors(data, size);
    laws_init(&l, &st, 0);
    sink.user = &l;
    fuzz_ok(!D->resp_decode(&st, NULL, fuzz_str(data, size), &sink) && l.terminal == 1);
    if (l.resp.error || l.resp.choice[0].finish >= AIGW_FINISH_ERROR) return;      /* a reason without a word is an error instead */
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
