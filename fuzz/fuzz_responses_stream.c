/* SPDX-License-Identifier: MIT OR Unlicense */
/* Any frames of Responses, one a line, give events of the grammar with one end, an error after a cut (first byte); the stream written of them, whose frames are
   JSON and numbered, reads back as the same words. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "openai_laws.h"
#define LAWS_DIALECT aigw_dialect_responses
#include "dialect_laws.h"

/* Frames are JSON, and count from 0. */
static void numbered(aigw_str s, int deep) {
    aigw_str mark = fuzz_str("\ndata: ", 7), number = fuzz_str("\"sequence_number\":", 18), line;
    size_t at, n = 0, k;
    for (at = aigw_base_find(s, mark, 0); at < s.n; at = aigw_base_find(s, mark, at + line.n), n++) {
        line = fuzz_str(s.p + at + 7, s.n - at - 7);
        line.n = aigw_base_find(line, fuzz_str("\n", 1), 0);
        fuzz_ok(deep || !aigw_json_check(line, AIGW_JSON_OBJECT));
        k = aigw_base_find(line, number, 0);
        fuzz_ok(k < line.n && strtoul(line.p + k + number.n, NULL, 10) == n);
    }
}
FUZZ(data, size) {
    static laws l, again;
    static char said[2][1 << 19];
    aigw_dec st;
    aigw_sink sink = { laws_put, NULL };
    aigw_str wire, a, b;
    int cut = size && (data[0] & 1), deep = fuzz_deep(data, size);
    if (!size) return;
    laws_init(&l, &st, 0);
    sink.user = &l;
    laws_stream(&st, fuzz_str(data + 1, size - 1), &sink);
    if (l.full) return;
    fuzz_ok(!D->stream_end(&st, !cut, &sink) && l.terminal == 1);
    fuzz_ok(!cut || l.resp.error || l.resp.choice[0].finish);
    wire = fuzz_str(laws_text[0], l.out.buf.n);
    numbered(wire, deep);
    if (deep) return;
    laws_init(&again, &st, 1);
    sink.user = &again;
    laws_stream(&st, wire, &sink);
    fuzz_ok(again.full || (!D->stream_end(&st, 1, &sink) && again.terminal == 1));
    if (again.full || again.resp.error) return;
    a = openai_said(&l.resp, said[0], sizeof said[0], laws_mem[3], ROOM / 2);
    b = openai_said(&again.resp, said[1], sizeof said[1], laws_mem[3], ROOM / 2);
    fuzz_ok(!l.resp.error && aigw_base_eq(a, b));
}
