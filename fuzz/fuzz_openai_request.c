/* SPDX-License-Identifier: MIT OR Unlicense */
/* Requests of Chat Completions: what is read is written as JSON or refused, what was written is read again and written the same; edits in place keep it JSON.
   The first byte chooses how much memory there is; for what was written there is more. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"

static unsigned char mem[4][1 << 19];
static char text[3][1 << 19];
static int tagged;                                            /* state of the request read last is in a tag within a tag */

/* Read `body` and write it to text[to]: by edits in place, or through the model. */
static int run(aigw_str body, size_t room, int edit, int to, aigw_str *written) {
    aigw_arena a = aigw_base_arena(mem[to], room), b = aigw_base_arena(mem[3], sizeof mem[3]);
    aigw_header headers[4];
    aigw_head head;
    aigw_fault fault;
    aigw_target target;
    aigw_req req;
    aigw_out out;
    int r = aigw_dialect_openai.req_decode(NULL, body, &a, &req, &fault);
    fuzz_ok(r == AIGW_OK || (r < 0 && fault.code == r && fault.at <= body.n && fault.text));
    if (r) return r;
    tagged = fuzz_tagged(&req);
    memset(&head, 0, sizeof head);
    memset(&target, 0, sizeof target);
    head.headers = headers;
    head.cap = 4;
    target.id = fuzz_str("m", 1);
    aigw_base_out_init(&out, text[to], sizeof text[to], NULL, 0);
    r = (edit ? aigw_dialect_openai.req_edit : aigw_dialect_openai.req_encode)(&req, &target, &b, &head, &out, NULL);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_REFUSED || r == AIGW_E_NOMEM);
    *written = aigw_base_out_str(&out);
    fuzz_ok(r || !aigw_json_check(*written, AIGW_JSON_OBJECT) || fuzz_deep(body.p, body.n));
    return r;
}
FUZZ(data, size) {
    aigw_str body = fuzz_str(data + (size > 0), size ? size - 1 : 0), one, two, edited;
    size_t room = (sizeof mem[0] / 4) >> (size ? data[0] & 15 : 0);
    if (!run(body, room, 0, 0, &one) && !tagged && !fuzz_deep(body.p, body.n)) {
        fuzz_ok(!run(one, sizeof mem[0], 0, 1, &two));
        fuzz_ok(aigw_base_eq(one, two));
    }
    if (!run(body, room, 1, 2, &edited)) fuzz_ok(run(edited, sizeof mem[0], 0, 1, &two) != AIGW_E_SYNTAX);
}
