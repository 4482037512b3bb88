/* SPDX-License-Identifier: MIT OR Unlicense */
/* A request that can be read can be written, and what is written reads back as itself; a fault has a place inside of the input. With a first byte of
   '/' the first line is the path. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define LAWS_DIALECT aigw_dialect_bedrock
#include "dialect_laws.h"

static aigw_fault fault;

/* Body to body, through the model, into text[n]; and its path. AIGW_OK, or why not. */
static int pass(aigw_str *path, aigw_str body, int n, aigw_str *to) {
    static aigw_header h[2][8];
    static aigw_req req;
    aigw_arena mem = aigw_base_arena(laws_mem[n], ROOM);
    aigw_head head;
    aigw_target target;
    aigw_out out;
    int r;
    memset(&head, 0, sizeof head);
    memset(&target, 0, sizeof target);
    memset(&fault, 0, sizeof fault);
    head.method = aigw_base_str("POST");
    head.target = *path;
    if (D->match(&head) != AIGW_OP_CHAT && D->match(&head) != AIGW_OP_COUNT_TOKENS) return AIGW_E_REFUSED;
    r = D->req_decode(&head, body, &mem, &req, &fault);
    if (r) return r;
    if (!n) fuzz_edit(D, &req);
    memset(&head, 0, sizeof head);
    head.headers = h[n];
    head.cap = 8;
    target.id = req.model;
    aigw_base_out_init(&out, laws_text[n], ROOM, NULL, 0);
    r = D->req_encode(&req, &target, &mem, &head, &out, NULL);
    *path = head.target;
    *to = fuzz_str(laws_text[n], out.buf.n);
    return r;
}

FUZZ(data, size) {
    aigw_str path = aigw_base_str("/model/M/converse"), body = fuzz_str(data, size), first, second, again;
    size_t k = 0;
    int r;
    while (size && data[0] == '/' && k < size && data[k] > 32 && data[k] < 127) k++;     /* HTTP lets no other bytes into a target */
    if (k) { path = fuzz_str(data, k); body = fuzz_str(data + k, size - k); }
    if ((r = pass(&path, body, 0, &first)) != 0) {
        fuzz_ok(fault.at <= body.n && (r == AIGW_E_REFUSED || r == AIGW_E_NOMEM || (fault.code == r && fault.text)));
        return;
    }
    fuzz_ok(!aigw_json_check(first, AIGW_JSON_OBJECT));
    again = path;
    fuzz_ok(!pass(&again, first, 1, &second));
    fuzz_ok(aigw_base_eq(first, second) && aigw_base_eq(path, again));
}
