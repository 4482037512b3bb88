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

/* A text in pieces has the digest of the whole, however it is cut. */
T(pieces) {
    char text[200];
    uint8_t whole[32], out[32];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7);
    for (size_t n = 0; n <= sizeof text; n += 1 + n / 9)
        for (size_t a = 0; a <= n; a += 1 + a / 4)
            for (size_t b = a; b <= n; b += 1 + b / 4) {
                const char *p = t_dup(text, n);
                const aigw_str all = { p, n }, cut[3] = { { p, a }, { p + a, b - a }, { p + b, n - b } };
                aigw_digest_hash d;
                aigw_digest_init(&d);
                for (int i = 0; i < 3; i++) aigw_digest_put(&d, cut[i]);
                aigw_digest_end(&d, out);
                aigw_digest_sha256(all, whole);
                if (!t_mem("digest", out, 32, whole, 32)) return;
                t_free_all();
            }
}

/* RFC 4231, test cases 1 to 4, 6 and 7. */
T(hmac) {
    static const struct { const char *key; size_t repeat; const char *a, *b, *out; } rows[] = {
        { "\x0b", 20, "Hi ", "There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { "Jefe", 1, "", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { "\xaa", 131, "Test Using Larger Than Block-Size Key", " - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { "\xaa", 131, "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by ",
          "the HMAC algorithm.", "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const size_t n = strlen(rows[i].key);
        char *key = (char *)t_alloc(n * rows[i].repeat);
        const aigw_str pieces[2] = { aigw_base_str(rows[i].a), aigw_base_str(rows[i].b) };
        uint8_t out[32];
        aigw_str k;
        for (size_t j = 0; j < rows[i].repeat; j++) memcpy(key + j * n, rows[i].key, n);
        k.p = key;
        k.n = n * rows[i].repeat;
        t_row(rows[i].b);
        aigw_digest_hmac(k, pieces, 2, out);
        t_str("mac", hex(out, 32), 64, rows[i].out);
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

/* The same key and inputs, 0 to 15 bytes, and 63: vectors_sip128 of the reference code's vectors.h. */
T(siphash128) {
    static const char *const rows[] = {
        "a3817f04ba25a8e66df67214c7550293", "da87c1d86b99af44347659119b22fc45",
        "8177228da4a45dc7fca38bdef60affe4", "9c70b60c5267a94e5f33b6b02985ed51",
        "f88164c12d9c8faf7d0f6e7c7bcd5579", "1368875980776f8854527a07690e9627",
        "14eeca338b208613485ea0308fd7a15e", "a1f1ebbed8dbc153c0b84aa61ff08239",
        "3b62a9ba6258f5610f83e264f31497b4", "264499060ad9baabc47f8b02bb6d71ed",
        "00110dc378146956c95447d3f3d0fbba", "0151c568386b6677a2b4dc6f81e5dc18",
        "d626b266905ef35882634df68532c125", "9869e247e9c08b10d029934fc4b952f7",
        "31fcefac66d7de9c7ec7485fe4494902", "5493e99933b0a8117e08ec0f97cfc3d9",
    };
    uint8_t key[16], out[16], in[63];
    uint64_t h[2];
    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)i;
    memcpy(key, in, 16);
    for (size_t n = 0; n <= T_COUNT(rows); n++) {
        const int last = n == T_COUNT(rows);
        aigw_str s;
        s.n = last ? 63 : n;
        s.p = t_dup(in, s.n);
        aigw_digest_siphash128(s, key, h);
        for (int i = 0; i < 16; i++) out[i] = (uint8_t)(h[i / 8] >> i % 8 * 8 & 0xFF);
        t_str("hash", hex(out, 16), 32, last ? "5150d1772f50834a503e069a973fbd7c" : rows[n]);
    }
}

T(crc32) {
    static const struct { const char *in; uint32_t out; } rows[] = {      /* RFC 3720 has none of it; these are zlib's */
        { "", 0 }, { "123456789", 0xCBF43926 }, { "a", 0xE8B7BE43 }, { "The quick brown fox jumps over the lazy dog", 0x414FA339 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const aigw_str s = aigw_base_str(rows[i].in);
        t_row(rows[i].in);
        t_int("whole", aigw_digest_crc32(0, s), rows[i].out);
        for (size_t cut = 0; cut <= s.n; cut++) {
            aigw_str a = s, b = s;
            a.n = cut;
            b.p += cut;
            b.n -= cut;
            t_int("in two pieces", aigw_digest_crc32(aigw_digest_crc32(0, a), b), rows[i].out);
        }
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
    T_RUN(pieces);
    T_RUN(hmac);
    T_RUN(siphash);
    T_RUN(siphash128);
    T_RUN(crc32);
    T_RUN(equal_and_wipe);
    return t_end();
}
