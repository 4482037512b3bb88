/* SPDX-License-Identifier: MIT OR Unlicense */
/* The whole exchange: the first bytes choose model, client's and provider's cuts, faults and memory; then the client's bytes, 0xff, the provider's. Laws: it ends, everything is given back, a
   request has one record, and what was sent begins with a status line. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#include "../tests/world.h"

static char memory[8 << 20];
static world w;

/* Sized by the input, so that the exchange's own copies are exact. */
static char *part(const uint8_t *p, size_t n) {
    return (char *)memcpy(malloc(n + 1), p, n);
}

FUZZ(data, size) {
    aigw_hub_cfg cfg;
    const uint8_t *mark;
    char *client, *provider;
    size_t nc, np;
    if (size < 6) return;
    memset(&cfg, 0, sizeof cfg);
    cfg.slab[0].bytes = data[0] & 64 ? 4096 + (uint32_t)(data[0] & 63) * 64 : 16384;
    cfg.slab[0].count = 1 + (data[1] & 7);
    cfg.slab[1].bytes = 65536;
    cfg.slab[1].count = data[1] >> 3 & 7;
    fuzz_ok(w_init(&w, &cfg, NULL, memory, sizeof memory));
    w.piece_in = data[2] & 15;
    w.piece_up = data[2] >> 4;
    w.piece_out = data[3] & 15;
    w.stutter = data[3] >> 4 & 1;
    w.fault = (data[3] >> 5) % W_FAULTS;
    w.fault_at = data[4];
    w.early = data[5] & 1;
    mark = (const uint8_t *)memchr(data + 6, 0xff, size - 6);
    nc = mark ? (size_t)(mark - data) - 6 : size - 6;
    np = mark ? size - 7 - nc : 0;
    client = part(data + 6, nc);
    provider = part(data + size - np, np);
    for (int i = 0; i < 12; i++) w_say(&w, i % 4 == 0 ? "a" : i % 4 == 1 ? "b" : i % 4 == 2 ? "c" : "a2", provider, np, data[5] >> 1 & 3);
    (void)w_drive(&w, client, nc);
    fuzz_ok(w.steps < W_STEPS);
    fuzz_ok(!w.out_n || w.out_n < 9 || !memcmp(w.out, "HTTP/1.1 ", 9));
    aigw_exchange_release(&w.x, w.now);
    fuzz_ok(w_clean(&w));
    w_free(&w);
    free(client);
    free(provider);
}
