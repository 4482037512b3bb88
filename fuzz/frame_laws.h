/* SPDX-License-Identifier: MIT OR Unlicense */
/* Laws of a framing (NEXT): neither cuts nor sizes of memory change the frames; with comments the raw bytes are the input.
   Input: memory, mode (1: comments), seed of the cuts, then the bytes. */
#ifndef REPAIR                                   /* (p, n): make the bytes such that more than their checksum is tested */
#  define REPAIR(p, n) ((void)0)
#  define MOST_WANTED 0
#endif
static uint64_t mix(uint64_t h, aigw_str s) {
    size_t i;
    for (i = 0; i < s.n; i++) h = (h ^ (uint8_t)s.p[i]) * UINT64_C(0x100000001b3);
    return (h ^ (s.p != NULL)) * UINT64_C(0x100000001b3);
}
/* A digest of all frames of p[0..n), cut by `seed` (0: not at all). */
static uint64_t digest(const uint8_t *p, size_t n, size_t memory, int comments, uint64_t seed) {
    const uint8_t *at = p, *end = p + n, *raw = n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3) ? p + 3 : p;
    uint64_t d = 1;
    aigw_sse s;
    aigw_frame f;
    int got, k;
    aigw_sse_init(&s, malloc(memory + 1), memory);
    s.comments = comments;
    for (;;) {
        size_t piece = !seed ? n : (size_t)(aigw_base_random(&seed) % (aigw_base_random(&seed) % 4 ? 3 : 300));
        k = aigw_sse_feed(&s, at, piece < (size_t)(end - at) ? piece : (size_t)(end - at));
        if (k < 0) break;
        at += k;
        while ((got = NEXT(&s, &f)) == 1) {
            fuzz_ok(f.raw.n && f.payload.n <= n && !s.want);
            fuzz_ok(!comments || (f.raw.n <= (size_t)(end - raw) && !memcmp(raw, f.raw.p, f.raw.n)));
            d = mix(mix(mix(d, f.name), f.payload), f.raw);
            raw += f.raw.n;
        }
        fuzz_ok(got == s.err);
        if (s.want) {
            char *old = s.mem;
            fuzz_ok(s.want > s.cap && (s.want < 4 * n + 300 || s.want <= MOST_WANTED) && !aigw_sse_move(&s, malloc(s.want), s.want));
            free(old);
        } else if (at == end) break;
    }
    free(s.mem);
    return d * 3 + (uint64_t)(unsigned)s.err * 5 + (uint64_t)s.ended;
}
FUZZ(data, size) {
    const size_t n = size > 3 ? size - 3 : 0;
    uint8_t *p;
    if (size < 3) return;
    p = (uint8_t *)malloc(n + 1);
    memcpy(p, data + 3, n);
    REPAIR(p, n);
    fuzz_ok(digest(p, n, size * 2, MODE(data[1]), 0) == digest(p, n, data[0], MODE(data[1]), data[2]));
    free(p);
}
