/* SPDX-License-Identifier: MIT OR Unlicense */
/* Laws of the framings: neither cuts nor sizes of memory change the frames; with comments the raw bytes are the input.
   Input: memory, mode (1: comments), seed of the cuts, bytes. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#ifndef NEXT
#  define NEXT aigw_sse_next
#  define IS_SSE 1
#endif

static uint64_t mix(uint64_t h, aigw_str s) {
    size_t i;
    for (i = 0; i < s.n; i++) h = (h ^ (uint8_t)s.p[i]) * UINT64_C(0x100000001b3);
    return (h ^ (s.p != NULL)) * UINT64_C(0x100000001b3);
}

/* A digest of all frames of p[0..n), cut by `seed` (0: not at all). */
static uint64_t read_all(const uint8_t *p, size_t n, size_t memory, int comments, uint64_t seed) {
    const uint8_t *at = p, *end = p + n, *raw = n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3) ? p + 3 : p;
    uint64_t digest = 1;
    aigw_sse s;
    aigw_frame f;
    int got, k;
    aigw_sse_init(&s, malloc(memory + 1), memory);
    s.comments = comments;
    for (;;) {
        size_t piece = seed ? (size_t)(aigw_base_random(&seed) % 4 ? aigw_base_random(&seed) % 3 : aigw_base_random(&seed) % 300) : n;
        if ((k = aigw_sse_feed(&s, at, piece < (size_t)(end - at) ? piece : (size_t)(end - at))) < 0) break;
        at += k;
        while ((got = NEXT(&s, &f)) == 1) {
            digest = mix(mix(mix(digest, f.name), f.payload), f.raw);
            if (IS_SSE && comments) { if (memcmp(raw, f.raw.p, f.raw.n)) abort(); raw += f.raw.n; }
            if (!f.raw.n || f.payload.n > n || s.want) abort();
        }
        if (got < 0 && !s.err) abort();
        if (s.want) {
            char *old = s.mem;
            if (s.want <= s.cap || s.want > 4 * n + 300) abort();
            if (aigw_sse_move(&s, malloc(s.want), s.want)) abort();
            free(old);
        } else if (at == end) break;
    }
    free(s.mem);
    return digest * 3 + (uint64_t)(unsigned)s.err * 5 + (uint64_t)s.ended;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n < 3) return 0;
    if (read_all(p + 3, n - 3, n * 2, p[1] & 1, 0) != read_all(p + 3, n - 3, p[0], p[1] & 1, p[2])) abort();
    return 0;
}
