/* SPDX-License-Identifier: MIT OR Unlicense */
/* Any events (one a line: its name, its JSON) give events of the grammar with one end, and none of finish kind after a cut; the binary stream written of
   them is whole, and reads back without an error, to as many parts. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define LAWS_DIALECT aigw_dialect_bedrock
#include "dialect_laws.h"

/* Those that hold something: an empty block of words has no frame that says it. */
static int parts(const aigw_resp *r) {
    const aigw_part *p;
    int n = 0;
    for (p = r->choice[0].parts; p; p = p->next)
        n += p->kind != AIGW_PART_OTHER && (p->text.n || p->state || (p->kind != AIGW_PART_TEXT && p->kind != AIGW_PART_REASONING));
    return n;
}
static void typed(aigw_dec *st, const uint8_t *p, const uint8_t *end, const aigw_sink *sink) {
    while (p < end && !((laws *)sink->user)->full) {
        const uint8_t *name = p, *body;
        while (p < end && *p != ' ' && *p != '\n') p++;
        for (body = p; p < end && *p != '\n'; p++) {}
        fuzz_ok(!D->frame_decode(st, fuzz_str(name, (size_t)(body - name)), fuzz_str(body, (size_t)(p - body)), sink) || ((laws *)sink->user)->full);
        p += p < end;
    }
}
static void framed(aigw_dec *st, aigw_str s, const aigw_sink *sink) {
    static char window[ROOM];
    aigw_evs evs;
    aigw_frame f;
    aigw_evs_init(&evs, window, sizeof window);
    fuzz_ok(aigw_evs_feed(&evs, s.p, s.n) == (int)s.n);
    while (aigw_evs_next(&evs, &f) > 0) fuzz_ok(!D->frame_decode(st, f.name, f.payload, sink));
    fuzz_ok(evs.start == evs.n);
}

FUZZ(data, size) {
    static laws l, again;
    aigw_dec st;
    aigw_sink sink = { laws_put, NULL };
    const int cut = size && (data[0] & 1);
    if (!size) return;
    laws_init(&l, &st, 0);
    sink.user = &l;
    typed(&st, data + 1, data + size, &sink);
    fuzz_ok(!D->stream_end(&st, !cut, &sink) && l.terminal == 1);
    fuzz_ok(!cut || l.resp.error);
    laws_init(&again, &st, 1);
    sink.user = &again;
    framed(&st, fuzz_str(laws_text[0], l.out.buf.n), &sink);
    fuzz_ok(!D->stream_end(&st, 1, &sink) && again.terminal == 1);
    if (!l.resp.error && l.resp.choice[0].finish < AIGW_FINISH_ERROR) fuzz_ok(!again.resp.error && parts(&again.resp) == parts(&l.resp));
}
