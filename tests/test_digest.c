/* SPDX-License-Identifier: MIT OR Unlicense */
/* Official vectors of SHA-256 (FIPS 180-4 examples, NIST CAVS) and SipHash-2-4 (Aumasson and Bernstein's reference code). */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static const char *hex(const uint8_t *p, size_t n) {
    char *d = (char *)t_alloc(2 * n + 1);
    for (size_t i = 0; i < n; i++) sprintf(d + 2 * i, "%02x", p[i]);
    return d;
}

T(sha256) {
    static const struct { const char *in; size_t repeat; const char *out; } rows[] = {
        { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1,
          "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
        { "\xbd", 1, "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b" },
        { "\xc9\x8c\x8e\x55", 1, "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504" },
        { "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        size_t n = strlen(rows[i].in), all = n * rows[i].repeat;
        char *p = t_dup(rows[i].in, n);
        uint8_t out[32];
        aigw_str s;
        if (rows[i].repeat > 1) memset(p = (char *)t_alloc(all), rows[i].in[0], all);
        s.p = p;
        s.n = all;
        aigw_digest_sha256(s, out);
        t_row(rows[i].in);
        t_str("digest", hex(out, 32), 64, rows[i].out);
    }
}

/* The reference key 00..0f, inputs 00, 00 01, ...: outputs as printed in the reference code's vectors.h (little-endian bytes). */
T(siphash) {
    static const struct { size_t n; uint64_t out; } rows[] = {
        { 0, UINT64_C(0x726fdb47dd0e0e31) }, { 1, UINT64_C(0x74f839c593dc67fd) }, { 2, UINT64_C(0x0d6c8009d9a94f5a) },
        { 3, UINT64_C(0x85676696d7fb7e2d) }, { 7, UINT64_C(0xab0200f58b01d137) }, { 8, UINT64_C(0x93f5f5799a932462) },
        { 15, UINT64_C(0xa129ca6149be45e5) }
    };
    uint8_t key[16];
    for (size_t i = 0; i < 16; i++) key[i] = (uint8_t)i;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_str s;
        s.p = t_dup(key, rows[i].n);
        s.n = rows[i].n;
        t_int("hash", (long long)aigw_digest_siphash(s, key), (long long)rows[i].out);
    }
}

T(equal_and_wipe) {
    char a[] = "0123456789", b[] = "0123456789";
    for (size_t i = 0; i < 10; i++) {
        t_ok("equal", aigw_digest_equal(a, b, 10));
        b[i] ^= 0x40;
        t_ok("differs", !aigw_digest_equal(a, b, 10));
        t_ok("equal before it", aigw_digest_equal(a, b, i));
        b[i] ^= 0x40;
    }
    aigw_digest_wipe(a + 1, 8);
    t_mem("wiped", a, 10, "0\0\0\0\0\0\0\0\0" "9", 10);
}

int main(void) {
    T_RUN(sha256);
    T_RUN(siphash);
    T_RUN(equal_and_wipe);
    return t_end();
}
