/* SPDX-License-Identifier: MIT OR Unlicense */
/* Gemini's streams, one frame a line; the first byte says whether the end is clean. One end, in the grammar; and what is written for a client, in little memory,
   SSE or array, is frames of JSON with one end. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "gemini_laws.h"

typedef struct { gemini_answer a; aigw_enc enc; aigw_out out; int frames, ends; char hold[1 << 16]; } relay;

/* Encodes each event, with only as much memory as it asks for. */
static int relay_put(void *user, const aigw_event *ev) {
    static char scratch[1 << 18];
    relay *r = (relay *)user;
    int code;
    aigw_base_out_init(&r->out, scratch, sizeof scratch, NULL, 0);
    while ((code = aigw_dialect_gemini.event_encode(&r->enc, ev, &r->out)) == AIGW_E_NOMEM && r->enc.hold_cap < sizeof r->hold) {
        fuzz_ok(!r->out.buf.n);
        r->enc.hold_cap += 7;
    }
    fuzz_ok(code == AIGW_OK || r->enc.hold_cap >= sizeof r->hold);
    if (r->out.buf.n) gemini_frame(aigw_base_out_str(&r->out), r->enc.array, r->frames++ == 0, r->enc.ended);
    r->ends += r->enc.ended;
    return gemini_put(&r->a, ev);
}

FUZZ(data, size) {
    static unsigned char mem[2][1 << 16];
    static relay r;
    static aigw_req req;
    size_t at = 1, k;
    int code = 0;
    memset(&r, 0, sizeof r);
    gemini_begin(&r.a, mem[0], sizeof mem[0], mem[1], sizeof mem[1]);
    r.a.sink.put = relay_put;
    r.a.sink.user = &r;
    req.array = size && data[0] & 1;
    r.enc.dialect = &aigw_dialect_gemini;
    r.enc.req = &req;
    r.enc.hold = r.hold;
    aigw_dialect_enc_init(&r.enc);
    for (; at < size && code >= 0; at = k + 1) {
        for (k = at; k < size && data[k] != '\n'; k++) {}
        code = aigw_dialect_gemini.frame_decode(&r.a.st, fuzz_str("", 0), fuzz_str(data + at, k - at), &r.a.sink);
    }
    if (code >= 0) code = aigw_dialect_gemini.stream_end(&r.a.st, size && data[0] & 2, &r.a.sink);
    fuzz_ok(code >= 0 || r.a.full);
    fuzz_ok(r.a.full || (r.a.ends == 1 && !r.a.check.why && r.enc.ended && r.ends == 1));
    fuzz_ok(r.a.full || r.enc.hold_n == 0 || r.a.resp.error);
}
