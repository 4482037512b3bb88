/* SPDX-License-Identifier: MIT OR Unlicense */
/* An answer with embeddings, of any provider for any client (first byte), ends once and says the same however it is cut (second byte); what ends well is JSON. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
static const aigw_dialect *const all[] = { &aigw_dialect_openai, &aigw_dialect_gemini, &aigw_dialect_cohere, &aigw_dialect_ollama, &aigw_dialect_bedrock };
typedef struct { aigw_check check; aigw_enc enc; aigw_out out; int ends, kind; } answer;

static int put(void *user, const aigw_event *ev) {
    answer *a = (answer *)user;
    fuzz_ok(!aigw_model_check_put(&a->check, ev));
    a->ends += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (ev->type == AIGW_EVENT_ERROR) a->kind = ev->error->kind;
    return a->enc.dialect->event_encode(&a->enc, ev, &a->out);
}
static void run(answer *a, const aigw_dialect *from, const aigw_req *req, const aigw_dialect *to, aigw_str s, size_t step, char *text) {
    static unsigned char mem[4096];
    aigw_str piece, none = { "", 0 };
    aigw_sink sink = { put, NULL };
    aigw_dec dec;
    memset(a, 0, sizeof *a);
    memset(&dec, 0, sizeof dec);
    sink.user = a;
    dec.dialect = from;
    dec.op = AIGW_OP_EMBED;
    dec.mem = aigw_base_arena(mem, sizeof mem);
    aigw_dialect_dec_init(&dec);
    a->enc.dialect = to;
    a->enc.req = req;
    aigw_dialect_enc_init(&a->enc);
    aigw_base_out_init(&a->out, text, 1 << 21, NULL, 0);
    for (; s.n; s.p += piece.n, s.n -= piece.n) {
        piece = fuzz_str(s.p, s.n < step ? s.n : step);
        fuzz_ok(!from->frame_decode(&dec, none, piece, &sink));
    }
    fuzz_ok(!from->stream_end(&dec, 1, &sink) && a->ends == 1);
}
FUZZ(data, size) {
    static char text[2][1 << 21];
    static aigw_req req;
    answer one, two;
    if (size < 2) return;
    req.op = AIGW_OP_EMBED;
    req.one = data[1] & 1;
    run(&one, all[data[0] % 5], &req, all[data[0] / 5 % 5], fuzz_str(data + 2, size - 2), size, text[0]);
    run(&two, all[data[0] % 5], &req, all[data[0] / 5 % 5], fuzz_str(data + 2, size - 2), 1 + data[1] % 9, text[1]);
    if (one.kind || two.kind) return;                         /* (a number of more than 70 digits is read whole, and cannot be kept) */
    fuzz_ok(one.out.buf.n == two.out.buf.n && !memcmp(text[0], text[1], one.out.buf.n < sizeof text[0] ? one.out.buf.n : sizeof text[0]));
    fuzz_ok(one.out.buf.n > sizeof text[0] || !aigw_json_check(fuzz_str(text[0], one.out.buf.n), AIGW_JSON_OBJECT));
}
