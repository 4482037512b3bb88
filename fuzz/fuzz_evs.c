/* SPDX-License-Identifier: MIT OR Unlicense */
/* AWS event streams: the laws of framings. With bit 2 of the mode the checksums are made right first, so that what lies behind them is reached. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
static uint32_t big(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }
static void put_crc(uint8_t *p, size_t n) {
    const uint32_t c = aigw_digest_crc32(0, fuzz_str(p, n));
    int i;
    for (i = 0; i < 4; i++) p[n + (size_t)i] = (uint8_t)(c >> (24 - 8 * i));
}
static void repair(uint8_t *p, size_t n) {
    while (n >= 16) {
        const uint32_t total = big(p);
        put_crc(p, 8);
        if (total < 16 || total > n) return;
        put_crc(p, total - 4);
        p += total;
        n -= total;
    }
}
#define NEXT aigw_evs_next
#define MODE(b) ((b) & 1)
#define REPAIR(p, n) (data[1] & 2 ? repair(p, n) : (void)0)
#define MOST_WANTED ((size_t)131072 + 25165824 + 16)
#include "frame_laws.h"
