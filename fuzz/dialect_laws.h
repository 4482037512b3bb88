/* SPDX-License-Identifier: MIT OR Unlicense */
/* What the fuzz targets of a dialect (LAWS_DIALECT, its table) share: memory, and a listener that checks the grammar, folds and writes. */
#ifndef DIALECT_LAWS_H
#define DIALECT_LAWS_H

enum { ROOM = 1 << 21 };                                      /* enough for what 64 KiB of the smallest blocks become */
static unsigned char laws_mem[4][ROOM];
static char laws_text[2][ROOM], laws_hold[ROOM];
static const aigw_dialect *const D = &LAWS_DIALECT;

typedef struct { aigw_check check; aigw_fold fold; aigw_resp resp; aigw_arena mem; aigw_enc enc; aigw_out out; int terminal, blocks, full; } laws;

static inline int laws_put(void *user, const aigw_event *ev) {
    laws *l = (laws *)user;
    int r;
    fuzz_ok(!aigw_model_check_put(&l->check, ev));
    l->blocks += ev->type == AIGW_EVENT_BLOCK_START;
    fuzz_ok(!aigw_model_fold_put(&l->fold, ev));
    r = D->event_encode(&l->enc, ev, &l->out);
    l->full |= r == AIGW_E_LIMIT && l->blocks > AIGW_BLOCKS;  /* more blocks wait for their turn than there is place for */
    if (l->full) return AIGW_E_LIMIT;
    fuzz_ok(!r);
    l->terminal += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    return 0;
}
static inline void laws_init(laws *l, aigw_dec *st, int n) {
    memset(l, 0, sizeof *l);
    memset(st, 0, sizeof *st);
    l->mem = aigw_base_arena(laws_mem[n], ROOM);
    aigw_model_fold_init(&l->fold, &l->resp, &l->mem, 1);
    l->enc.dialect = st->dialect = D;
    l->enc.hold = laws_hold;
    l->enc.hold_cap = ROOM;
    aigw_dialect_enc_init(&l->enc);
    aigw_base_out_init(&l->out, laws_text[n], ROOM, NULL, 0);
    st->mem = aigw_base_arena(laws_mem[n + 2], ROOM);
    aigw_dialect_dec_init(st);
}
/* Frames of a stream: one payload per line, and the name that stands in it; lines that begin with "event:" are skipped. */
static inline void laws_stream(aigw_dec *st, aigw_str s, const aigw_sink *sink) {
    while (s.n && !((laws *)sink->user)->full) {
        aigw_str line = s, none = { "", 0 };
        for (line.n = 0; line.n < s.n && s.p[line.n] != '\n'; line.n++) {}
        s.p += line.n + (line.n < s.n);
        s.n -= line.n + (line.n < s.n);
        if (line.n > 6 && !memcmp(line.p, "event:", 6)) continue;
        if (line.n > 6 && !memcmp(line.p, "data: ", 6)) { line.p += 6; line.n -= 6; }
        if (line.n) fuzz_ok(!D->frame_decode(st, none, line, sink) || ((laws *)sink->user)->full);
    }
}
#endif
