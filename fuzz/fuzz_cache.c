/* SPDX-License-Identifier: MIT OR Unlicense */
/* The cache. First byte: bit 7, a store that is told what to do by the rest, beside a list; else two requests of the dialects that bits 0-2 and 3-5 say, the second behind a
   zero byte, or the first with one byte changed. Laws: their keys are equal exactly when the requests are, told by another writer; less memory never gives another key. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define LAWS_OK fuzz_ok
#include "../tests/cache_laws.h"

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
enum { ROOM = 1 << 20, DIALECTS = sizeof dialects / sizeof *dialects };
static unsigned char mem[2][ROOM];
static char key[3][ROOM], told[2][ROOM];

/* Read and write one; 0 when it has no key. *plain: what it asks, told by the other writer. */
static int run(int which, const aigw_dialect *d, aigw_str body, int user, aigw_str *k, aigw_str *plain) {
    aigw_arena a = aigw_base_arena(mem[which], ROOM);
    aigw_cache_scope scope;
    aigw_fault fault;
    aigw_req req;
    aigw_out o;
    int r;
    memset(&scope, 0, sizeof scope);
    scope.user = (uint8_t)user;
    if (d->req_decode(NULL, body, &a, &req, &fault)) return 0;
    aigw_base_out_init(&o, key[which], ROOM, NULL, 0);
    r = aigw_cache_key(&scope, &req, &o);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_UNSUPPORTED);
    if (r) return 0;
    *k = aigw_base_out_str(&o);
    *plain = laws_request(&req, user, told[which], ROOM);
    aigw_base_out_init(&o, key[2], k->n - 1, NULL, 0);
    fuzz_ok(aigw_cache_key(&scope, &req, &o) == AIGW_E_NOMEM);
    return 1;
}
static void keys(const uint8_t *data, size_t size) {
    static uint8_t changed[65536];
    const aigw_dialect *a = dialects[(data[0] & 7) % DIALECTS], *b = dialects[(data[0] >> 3 & 7) % DIALECTS];
    const uint8_t *mark = (const uint8_t *)memchr(data + 2, 0, size - 2);
    const int user = data[0] >> 6 & 1;
    aigw_str one = fuzz_str(data + 2, mark ? (size_t)(mark - data) - 2 : size - 2), two, k[2], plain[2];
    if (!one.n || one.n >= sizeof changed) return;
    if (mark) two = fuzz_str(mark + 1, size - (size_t)(mark + 1 - data));
    else {
        memcpy(changed, one.p, one.n);
        changed[one.n * data[1] / 256] ^= (uint8_t)(1u << (data[0] >> 3 & 7));
        two = fuzz_str(changed, one.n);
        b = a;
    }
    if (two.n >= sizeof changed) return;
    laws_rounded = 0;
    if (!run(0, a, one, user, &k[0], &plain[0]) || !run(1, b, two, user, &k[1], &plain[1])) return;
    fuzz_ok(laws_rounded || aigw_base_eq(k[0], k[1]) == aigw_base_eq(plain[0], plain[1]));
}
FUZZ(data, size) {
    static const uint8_t secret[16] = "0123456789abcde";
    aigw_cache_cfg cfg;
    laws_store store;
    aigw_cache c;
    size_t n;
    char *room;
    if (size < 3) return;
    if (!(data[0] & 128)) {
        keys(data, size);
        return;
    }
    memset(&cfg, 0, sizeof cfg);
    cfg.block_bytes = 64 + (data[0] & 31);
    cfg.entries = data[1] & 31;
    cfg.entry_max = data[0] & 64 ? 16u * data[2] : 0;
    n = (size_t)data[1] * 32;
    room = (char *)malloc(n);
    if (!aigw_cache_init(&c, &cfg, secret, room, n)) {
        laws_store_init(&store, &c);
        for (size_t i = 3; i + 6 <= size; i += 6) laws_step(&c, &store, data + i);
    }
    free(room);
}
