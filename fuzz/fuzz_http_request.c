/* SPDX-License-Identifier: MIT OR Unlicense */
/* Laws of the HTTP reader: cuts change nothing; a body is as long as stated; what put_head writes of a head reads as that head; errors stick.
   Input: memory, fields (high bit: response to HEAD), seed of the cuts, bytes. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#ifndef ROLE
#  define ROLE AIGW_HTTP_REQUEST
#endif

static uint64_t mix(uint64_t h, const void *p, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) h = (h ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void check_head(const aigw_http *h) {
    static char text[8192], mem[8192];
    static aigw_header fields[256];
    aigw_out o;
    aigw_http again;
    aigw_http_item item;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    if (aigw_http_put_head(&o, &h->head, h->length)) abort();
    if (aigw_base_out_end(&o)) abort();
    aigw_http_init(&again, ROLE, mem, sizeof mem, fields, 256);
    if (aigw_http_feed(&again, text, o.buf.n, &item) != (int)o.buf.n) return;      /* a 1.0 request need not have a host, a 1.1 request must */
    if (again.head.status != h->head.status || !aigw_base_eq(again.head.target, h->head.target)) abort();
}

/* A digest of all that is said of p[0..n), cut by `seed` (0: not at all). */
static uint64_t read_all(const uint8_t *p, size_t n, size_t memory, size_t fields, int no_body, uint64_t seed) {
    static char mem[1024];
    static aigw_header list[16];
    aigw_http h;
    uint64_t digest = 1, body = 0;
    aigw_http_init(&h, ROLE, mem, memory, list, fields);
    h.no_body = no_body;
    while (!h.err) {
        aigw_http_item item;
        size_t piece = seed ? (size_t)(aigw_base_random(&seed) % 4 ? aigw_base_random(&seed) % 3 : aigw_base_random(&seed) % 300) : n;
        int k = aigw_http_feed(&h, p, piece < n ? piece : n, &item);
        if (k < 0) { if (aigw_http_feed(&h, p, 1, &item) != k || aigw_http_eof(&h) != k || !h.why) abort(); break; }
        digest = mix(digest, item.body.p, item.body.n);
        if (item.event == AIGW_HTTP_HEAD) { digest = mix(digest, &h.length, 8) + (h.keep_alive ? 7 : 0) + h.head.n; check_head(&h); body = 0; }
        body += item.body.n;
        if (item.event == AIGW_HTTP_END) { digest = mix(digest, "E", 1); if (h.length >= 0 && body != (uint64_t)h.length) abort(); }
        p += k;
        n -= (size_t)k;
        if (!n && item.event == AIGW_HTTP_NONE) break;
    }
    digest = mix(digest, &h.err, sizeof h.err);
    digest = mix(digest, &h.at, sizeof h.at);
    return digest + (uint64_t)(unsigned)aigw_http_eof(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    size_t memory, fields;
    if (n < 3) return 0;
    memory = p[0] < 128 ? p[0] : 1024;
    fields = p[1] & 15;
    if (read_all(p + 3, n - 3, memory, fields, p[1] >> 7, 0) != read_all(p + 3, n - 3, memory, fields, p[1] >> 7, p[2] + 1u)) abort();
    return 0;
}
