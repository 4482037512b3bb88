/* SPDX-License-Identifier: MIT OR Unlicense */
/* Laws of the HTTP reader in one ROLE: cuts change nothing; a body is as long as stated; what put_head writes of a head reads as
   that head; errors stick. Input: head memory, fields (high bit: response to HEAD), seed of the cuts, then the bytes. */
static uint64_t mix(uint64_t h, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++) h = (h ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3);
    return h;
}
static void again(const aigw_http *h) {
    static char text[8192], mem[8192];
    static aigw_header fields[64];
    aigw_out o;
    aigw_http g;
    aigw_http_item item;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    fuzz_ok(!aigw_http_put_head(&o, &h->head, h->length) && !aigw_base_out_end(&o));
    aigw_http_init(&g, ROLE, mem, sizeof mem, fields, 64);
    if (aigw_http_feed(&g, text, o.buf.n, &item) < 0)                /* only HTTP/1.0 may do without a host */
        fuzz_ok(ROLE == AIGW_HTTP_REQUEST && !aigw_base_header(&h->head, aigw_base_str("host")).p);
    else fuzz_ok(g.head.status == h->head.status && aigw_base_eq(g.head.target, h->head.target));
}
/* A digest of all that is said of p[0..n), cut by `seed` (0: not at all). */
static uint64_t digest(const uint8_t *p, size_t n, size_t memory, size_t fields, int no_body, uint64_t seed) {
    char *mem = (char *)malloc(memory + 1);
    aigw_header list[16];
    aigw_http h;
    uint64_t d = 1, body = 0;
    aigw_http_init(&h, ROLE, mem, memory, list, fields);
    h.no_body = no_body;
    while (!h.err) {
        aigw_http_item item;
        size_t piece = !seed ? n : (size_t)(aigw_base_random(&seed) % (aigw_base_random(&seed) % 4 ? 3 : 300));
        int k = aigw_http_feed(&h, p, piece < n ? piece : n, &item);
        if (k < 0) break;
        fuzz_ok((size_t)k <= n && (!item.body.n || item.body.p + item.body.n <= (const char *)p + k));
        if (item.event == AIGW_HTTP_HEAD) again(&h), body = 0, d = mix(mix(d, &h.length, 8), &h.keep_alive, sizeof(int)) + h.head.n;
        d = mix(d, item.body.p, item.body.n);
        body += item.body.n;
        if (item.event == AIGW_HTTP_END) fuzz_ok(h.length < 0 || body == (uint64_t)h.length), d = mix(d, "E", 1);
        p += k;
        n -= (size_t)k;
        if (!n && item.event == AIGW_HTTP_NONE) break;
    }
    fuzz_ok(!h.err || (aigw_http_eof(&h) == h.err && *h.why));
    d = mix(mix(d, &h.at, sizeof h.at), &h.err, sizeof h.err) + (uint64_t)(unsigned)aigw_http_eof(&h);
    free(mem);
    return d;
}
FUZZ(data, size) {
    if (size < 3) return;
    size_t memory = data[0] < 128 ? data[0] : 1024, fields = data[1] & 15, n = size - 3;
    fuzz_ok(digest(data + 3, n, memory, fields, data[1] >> 7, 0) == digest(data + 3, n, memory, fields, data[1] >> 7, data[2] + 1u));
}
