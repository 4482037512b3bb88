/* SPDX-License-Identifier: MIT OR Unlicense */
/* Ollama's streams (first byte: how it ends; for which path it is written). One end, in the grammar; written in little memory as lines that every client reads. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "ollama_laws.h"

typedef struct { ollama_answer a; aigw_enc enc; int ends; char hold[1 << 17]; } relay;

/* Encodes each event, with only as much memory as it asks for. */
static int relay_put(void *user, const aigw_event *ev) {
    static char scratch[1 << 19];
    relay *r = (relay *)user;
    aigw_out out;
    int code;
    aigw_base_out_init(&out, scratch, sizeof scratch, NULL, 0);
    while ((code = aigw_dialect_ollama.event_encode(&r->enc, ev, &out)) == AIGW_E_NOMEM && r->enc.hold_cap < sizeof r->hold) {
        fuzz_ok(!out.buf.n);
        r->enc.hold_cap += 7;
    }
    fuzz_ok(code == AIGW_OK || r->enc.hold_cap >= sizeof r->hold);
    if (out.buf.n) ollama_line(aigw_base_out_str(&out));
    r->ends += r->enc.ended;
    return ollama_put(&r->a, ev);
}

FUZZ(data, size) {
    static unsigned char mem[3][1 << 16];
    static aigw_req req;
    static relay r;
    const uint8_t how = size ? data[0] : 0;
    aigw_ndjson lines;
    aigw_frame f;
    int code = 0;
    if (size > sizeof mem[2]) return;
    memset(&r, 0, sizeof r);
    ollama_begin(&r.a, mem[0], sizeof mem[0], mem[1], sizeof mem[1]);
    r.a.sink = (aigw_sink){ relay_put, &r };
    req.prompt = how >> 2 & 1;
    r.enc = (aigw_enc){ .dialect = &aigw_dialect_ollama, .req = &req, .hold = r.hold };
    aigw_dialect_enc_init(&r.enc);
    aigw_ndjson_init(&lines, mem[2], sizeof mem[2]);
    if (size) fuzz_ok(aigw_ndjson_feed(&lines, data + 1, size - 1) == (int)size - 1);
    if (how & 2) aigw_ndjson_end(&lines);
    while (code >= 0 && aigw_ndjson_next(&lines, &f) == 1) code = aigw_dialect_ollama.frame_decode(&r.a.st, f.name, f.payload, &r.a.sink);
    if (code >= 0) code = aigw_dialect_ollama.stream_end(&r.a.st, how & 2, &r.a.sink);
    fuzz_ok(code >= 0 || r.a.full);
    fuzz_ok(r.a.full || (r.a.ends == 1 && !r.a.check.why && r.enc.ended && r.ends == 1));
    fuzz_ok(r.a.full || r.enc.hold_n == 0 || r.a.resp.error);
}
