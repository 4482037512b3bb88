/* SPDX-License-Identifier: MIT OR Unlicense */
/* Requests of Responses: what can be read is written as JSON or refused, and what is written reads back as itself, whatever the memory for reading (first byte);
   edits in place keep it JSON that can be read; a fault has a place inside of the input. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define LAWS_DIALECT aigw_dialect_responses
#include "dialect_laws.h"

static aigw_fault fault;
static int tagged;                                            /* state of the request read last is in a tag within a tag */

/* Body to body into text[n]: through the model, or by edits in place. AIGW_OK, or why not. */
static int pass(aigw_str body, size_t room, int n, int edit, aigw_str *to) {
    aigw_arena mem = aigw_base_arena(laws_mem[n], room), more = aigw_base_arena(laws_mem[2], ROOM);
    aigw_header h[4];
    aigw_head head;
    aigw_target target;
    aigw_req req;
    aigw_out out;
    int r;
    memset(&head, 0, sizeof head);
    memset(&target, 0, sizeof target);
    memset(&fault, 0, sizeof fault);
    head.headers = h;
    head.cap = 4;
    r = D->req_decode(NULL, body, &mem, &req, &fault);
    fuzz_ok(r == AIGW_OK || (r < 0 && fault.code == r && fault.at <= body.n && fault.text));
    if (r) return r;
    tagged = fuzz_tagged(&req);
    target.id = fuzz_str("m", 1);
    aigw_base_out_init(&out, laws_text[n], ROOM, NULL, 0);
    r = (edit ? D->req_edit : D->req_encode)(&req, &target, &more, &head, &out, NULL);
    *to = fuzz_str(laws_text[n], out.buf.n);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_REFUSED);              /* there is room for all that it can be */
    fuzz_ok(r || !aigw_json_check(*to, AIGW_JSON_OBJECT) || fuzz_deep(body.p, body.n));
    return r;
}
FUZZ(data, size) {
    aigw_str body = fuzz_str(data + (size > 0), size ? size - 1 : 0), input = fuzz_str("\"input\":[{", 10), first, second;
    size_t room = (size_t)(ROOM / 4) >> (size ? data[0] & 15 : 0);
    if (!pass(body, room, 0, 0, &first) && !tagged && !fuzz_deep(body.p, body.n) && aigw_base_find(first, input, 0) < first.n) {
        fuzz_ok(!pass(first, ROOM, 1, 0, &second));
        fuzz_ok(aigw_base_eq(first, second));
    }
    if (!pass(body, room, 0, 1, &first)) {
        int r = pass(first, ROOM, 1, 0, &second);              /* items of others' state may have been all that there was */
        fuzz_ok(!r || r == AIGW_E_REFUSED || (r == AIGW_E_VALUE && !strcmp(fault.text, "input is empty")) || fuzz_deep(body.p, body.n));
    }
}
