/* SPDX-License-Identifier: MIT OR Unlicense */
/* Any frames give events of the grammar with one end, and none of finish kind after a cut; the stream written of them reads back without an error,
   to as many parts. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "anthropic_laws.h"

static int parts(const aigw_resp *r) {
    const aigw_part *p;
    int n = 0;
    for (p = r->choice[0].parts; p; p = p->next) n += p->kind != AIGW_PART_OTHER;
    return n;
}

FUZZ(data, size) {
    static laws l, again;
    aigw_dec st;
    aigw_sink sink = { laws_put, NULL };
    int cut = size && (data[0] & 1);
    if (!size) return;
    laws_init(&l, &st, 0);
    sink.user = &l;
    laws_stream(&st, fuzz_str(data + 1, size - 1), &sink);
    if (l.full) return;
    fuzz_ok(!D->stream_end(&st, !cut, &sink) && l.terminal == 1);
    fuzz_ok(!cut || l.resp.error);
    laws_init(&again, &st, 1);
    sink.user = &again;
    laws_stream(&st, fuzz_str(laws_text[0], l.out.buf.n), &sink);
    fuzz_ok(!D->stream_end(&st, 1, &sink) && again.terminal == 1);
    fuzz_ok(again.resp.error || l.resp.choice[0].finish != AIGW_FINISH_NONE);
    if (!l.resp.error && l.resp.choice[0].finish != AIGW_FINISH_OTHER) fuzz_ok(!again.resp.error && parts(&again.resp) == parts(&l.resp));
}
