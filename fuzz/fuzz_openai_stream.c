/* SPDX-License-Identifier: MIT OR Unlicense */
/* Streams of Chat Completions, one frame a line ("!" before it: named error); the first byte says whether the end is clean. One end, in the grammar; a client's
   stream that ends with [DONE] or an error, never both; and which, read again, says the same. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "openai_laws.h"

FUZZ(data, size) {
    static unsigned char mem[3][1 << 17];
    static char text[4][1 << 19];
    static openai_answer one, two;
    aigw_str wire, frame, done = fuzz_str("\n\ndata: [DONE]\n\n", 16), end = fuzz_str("\n\n", 2), a, b;
    size_t at = 1, k;
    int code = 0;
    openai_begin(&one, mem[0], sizeof mem[0], text[0], sizeof text[0]);
    for (; at < size && code >= 0; at = k + 1) {
        int named = data[at] == '!';
        for (k = at; k < size && data[k] != '\n'; k++) {}
        code = aigw_dialect_openai.frame_decode(&one.st, fuzz_str("error", named ? 5 : 0), fuzz_str(data + at + named, k > at + (size_t)named ? k - at - (size_t)named : 0), &one.sink);
    }
    if (code >= 0) code = aigw_dialect_openai.stream_end(&one.st, size && data[0] & 1, &one.sink);
    if (one.full || code == AIGW_E_NOMEM || one.out.buf.n > one.out.buf.cap) return;
    fuzz_ok(code >= 0 && one.ends == 1 && one.enc.ended);
    wire = aigw_base_out_str(&one.out);
    k = aigw_base_find(wire, done, 0);
    fuzz_ok(one.resp.error ? k == wire.n : k == wire.n || k + done.n == wire.n);
    if (k == wire.n) return;                                  /* it ended with an error */
    openai_begin(&two, mem[1], sizeof mem[1], text[1], sizeof text[1]);
    for (at = 0; at < wire.n && code >= 0; at = k + 2) {
        k = aigw_base_find(wire, end, at);
        if (wire.p[at] == ':') continue;                      /* a ping goes on as a comment */
        frame = fuzz_str(wire.p + at + 6, k - at - 6);
        fuzz_ok(!memcmp(wire.p + at, "data: ", 6) && (frame.p[0] == '[' || !aigw_json_check(frame, AIGW_JSON_OBJECT)));
        code = aigw_dialect_openai.frame_decode(&two.st, fuzz_str("", 0), frame, &two.sink);
    }
    fuzz_ok(aigw_dialect_openai.stream_end(&two.st, 1, &two.sink) >= 0 || two.full);
    fuzz_ok(code >= 0 || code == AIGW_E_NOMEM || two.full);
    if (two.full || code < 0) return;
    a = openai_said(&one.resp, text[2], sizeof text[2], mem[2], sizeof mem[2]);
    b = openai_said(&two.resp, text[3], sizeof text[3], mem[2], sizeof mem[2]);
    fuzz_ok(!two.resp.error && aigw_base_eq(a, b));
}
