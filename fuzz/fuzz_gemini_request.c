/* SPDX-License-Identifier: MIT OR Unlicense */
/* Gemini requests: what is read can be written, is JSON, and means the same when it is read again. The first byte chooses the method and what is known of the model. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "gemini_laws.h"

FUZZ(data, size) {
    static unsigned char mem[3][1 << 16], more[1 << 18];
    static char text[4][1 << 17];
    static const char *const paths[] = { "/v1beta/models/m:generateContent", "/v1/models/a%2Fb:streamGenerateContent?alt=sse", "/v1/models/m:countTokens", "/v1/models/m:streamGenerateContent" };
    uint8_t how = size ? data[0] : 0;
    aigw_str body = fuzz_str(data + (size > 0), size ? size - 1 : 0), one, two;
    aigw_arena a = aigw_base_arena(mem[0], sizeof mem[0] >> (how >> 2 & 7)), b = aigw_base_arena(mem[1], sizeof mem[1]), c = aigw_base_arena(more, sizeof more);
    aigw_header headers[4];
    aigw_head head, to_head;
    aigw_fault fault;
    aigw_target to;
    aigw_req req, again;
    aigw_out out;
    int r;
    gemini_head(&head, "POST", paths[how & 3]);
    memset(&fault, 0, sizeof fault);
    memset(&to, 0, sizeof to);
    r = aigw_dialect_gemini.req_decode(&head, body, &a, &req, &fault);
    fuzz_ok(r == AIGW_OK || (r < 0 && fault.code == r && fault.at <= body.n && fault.text));
    if (r) return;
    fuzz_edit(&aigw_dialect_gemini, &req);
    to.id = req.model;
    to.can = how & 32 ? AIGW_CAN(LEVEL_THINKING) : how & 64 ? AIGW_CAN(BUDGET_THINKING) : 0;
    memset(&to_head, 0, sizeof to_head);
    to_head.headers = headers;
    to_head.cap = 4;
    aigw_base_out_init(&out, text[0], sizeof text[0], NULL, 0);
    r = aigw_dialect_gemini.req_encode(&req, &to, &b, &to_head, &out, NULL);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_REFUSED || r == AIGW_E_NOMEM);
    if (r || how & (32 | 64)) return;
    one = aigw_base_out_str(&out);
    if (fuzz_deep(body.p, body.n)) return;
    fuzz_ok(!aigw_json_check(one, AIGW_JSON_OBJECT));
    r = aigw_dialect_gemini.req_decode(&to_head, one, &c, &again, &fault);
    fuzz_ok(!r || (r == AIGW_E_MISSING && gemini_lossy(&req)));      /* empty thoughts are not written, and there was nothing else */
    if (r) return;
    two = gemini_canonical(&again, text[1], sizeof text[1]);
    one = gemini_canonical(&req, text[2], sizeof text[2]);
    if (req.op == AIGW_OP_CHAT && !gemini_lossy(&req)) fuzz_ok(one.n == two.n && !memcmp(one.p, two.p, one.n));
}
