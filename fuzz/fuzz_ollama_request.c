/* SPDX-License-Identifier: MIT OR Unlicense */
/* Ollama's requests: what is read can be written, is JSON, and means the same when it is read again and nothing was reported. The first byte chooses the path. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "ollama_laws.h"

FUZZ(data, size) {
    static unsigned char mem[3][1 << 16];
    static char text[3][1 << 17];
    static const char *const paths[] = { "/api/chat", "/api/generate", "/api/show", "/api/chat?x" };
    uint8_t how = size ? data[0] : 0;
    aigw_str body = fuzz_str(data + (size > 0), size ? size - 1 : 0), one, two;
    aigw_arena a = aigw_base_arena(mem[0], sizeof mem[0] >> (how >> 2 & 7)), b = aigw_base_arena(mem[1], sizeof mem[1]), c = aigw_base_arena(mem[2], sizeof mem[2]);
    const aigw_dialect *d = &aigw_dialect_ollama;
    aigw_header headers[4];
    aigw_head head, to_head;
    aigw_fault fault;
    aigw_target to;
    aigw_loss loss;
    aigw_req req, again;
    aigw_out out;
    int r;
    memset(&head, 0, sizeof head);
    memset(&to, 0, sizeof to);
    memset(&to_head, 0, sizeof to_head);
    head.method = aigw_base_str("POST");
    head.target = aigw_base_str(paths[how & 3]);
    r = d->req_decode(&head, body, &a, &req, &fault);
    fuzz_ok(r == AIGW_OK || (r < 0 && fault.code == r && fault.at <= body.n && fault.text));
    if (r || req.op != AIGW_OP_CHAT) return;
    fuzz_edit(d, &req);
    to.id = req.model;
    to_head.headers = headers;
    to_head.cap = 4;
    aigw_model_loss_init(&loss, NULL, 0);
    aigw_base_out_init(&out, text[0], sizeof text[0], NULL, 0);
    r = d->req_encode(&req, &to, &b, &to_head, &out, &loss);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_REFUSED || r == AIGW_E_NOMEM);
    if (r) return;
    one = aigw_base_out_str(&out);
    fuzz_ok(!aigw_json_check(one, AIGW_JSON_OBJECT));
    fuzz_ok(!d->req_decode(&to_head, one, &c, &again, &fault));
    if (loss.count[AIGW_LOSS_DROPPED] || loss.count[AIGW_LOSS_APPROXIMATED] || aigw_base_eq(req.param[AIGW_P_EFFORT].raw, aigw_base_str("none"))) return;
    if (aigw_base_find(body, aigw_base_str("data:"), 0) < body.n || !req.model.n) return;    /* a URL in a URL; no name, which is an empty one */
    one = ollama_canonical(&req, text[1], sizeof text[1]);
    two = ollama_canonical(&again, text[2], sizeof text[2]);
    fuzz_ok(!one.n || (one.n == two.n && !memcmp(one.p, two.p, one.n)));
}
