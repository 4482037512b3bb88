/* SPDX-License-Identifier: MIT OR Unlicense */
/* A request that can be read can be written, and what is written reads back as itself; a fault has a place inside of the input. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define LAWS_DIALECT aigw_dialect_cohere
#include "dialect_laws.h"

static aigw_fault fault;

/* Body to body, through the model, into text[n]. AIGW_OK, or why not. */
static int pass(aigw_str body, int n, aigw_str *to) {
    aigw_arena mem = aigw_base_arena(laws_mem[n], ROOM);
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
    if (r) return r;
    if (!n) fuzz_edit(D, &req);
    target.id = req.model;
    aigw_base_out_init(&out, laws_text[n], ROOM, NULL, 0);
    r = D->req_encode(&req, &target, &mem, &head, &out, NULL);
    *to = fuzz_str(laws_text[n], out.buf.n);
    return r;
}

FUZZ(data, size) {
    aigw_str first, second;
    int r = pass(fuzz_str(data, size), 0, &first);
    if (r) {
        fuzz_ok(fault.at <= size && (r == AIGW_E_REFUSED || r == AIGW_E_NOMEM || (fault.code == r && fault.text)));
        return;
    }
    fuzz_ok(!aigw_json_check(first, AIGW_JSON_OBJECT));
    fuzz_ok(!pass(first, 1, &second));
    fuzz_ok(aigw_base_eq(first, second));
}
