/* SPDX-License-Identifier: MIT OR Unlicense */
/* Slices, arena, writer and pieces, UTF-8, numbers, base64, durations, dates, headers. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static aigw_str bytes(const void *p, size_t n) {              /* an exact-size copy */
    aigw_str r;
    r.p = t_dup(p, n);
    r.n = n;
    return r;
}
static aigw_str str(const char *s) { return bytes(s, strlen(s)); }
static char memory[4096];
static aigw_out start(void) {
    aigw_out o;
    aigw_base_out_init(&o, memory, sizeof memory, NULL, 0);
    return o;
}

T(slices) {
    static const struct { const char *s, *what; size_t from, at; } rows[] = {
        { "abcabc", "abc", 0, 0 }, { "abcabc", "abc", 1, 3 }, { "abcabc", "abc", 4, 6 }, { "abcabc", "", 2, 2 }, { "abcabc", "", 6, 6 },
        { "abcabc", "", 7, 6 }, { "", "a", 0, 0 }, { "aaaaaaaaaaaaaaaaaaab", "ab", 0, 18 }, { "0123456789abcdef0123\n", "\n", 0, 20 },
        { "xx\r\n\r\nyy", "\r\n\r\n", 0, 2 }, { "short", "longer than it", 0, 5 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].s);
        t_int("found at", aigw_base_find(str(rows[i].s), str(rows[i].what), rows[i].from), rows[i].at);
    }
    t_row(NULL);
    t_ok("empty slices are equal", aigw_base_eq(aigw_base_str(NULL), str("")));
    t_ok("case counts", !aigw_base_eq(str("Accept"), str("accept")) && aigw_base_eq(str("Accept"), str("Accept")));
    t_ok("case does not", aigw_base_eq_nocase(str("X-Api-KEY"), str("x-aPI-key")) && !aigw_base_eq_nocase(str("a"), str("ab")));
    t_ok("letters only", !aigw_base_eq_nocase(str("@["), str("`{")));
    t_ok("every code has its sentence", !strcmp(aigw_base_error_text(0), "ok") && strlen(aigw_base_error_text(AIGW_E_CLOSED)) > 5
         && strlen(aigw_base_error_text(-99)));
}

/* A byte that the word scan looks for, at every place and every alignment. */
T(word_scan) {
    for (size_t n = 0; n < 40; n++)
        for (size_t at = 0; at <= n; at++) {
            char *p = (char *)malloc(n + 1);
            memset(p, 'a', n + 1);
            for (size_t i = at; i < n; i += 3) p[i] = 'x';
            aigw_str s = { p, n }, x = AIGW_STR("x");
            t_int("first", aigw_base_find(s, x, 0), at < n ? at : n);
            free(p);
        }
}

T(arena) {
    unsigned char *mem = (unsigned char *)t_alloc(64);
    aigw_arena a = aigw_base_arena(mem, 64), mark, none = aigw_base_arena(NULL, 0);
    memset(mem, 0xFF, 64);
    unsigned char *one = (unsigned char *)aigw_base_take(&a, 1, 1, 1);
    t_ok("first at the start, zeroed", one == mem && *one == 0);
    mark = a;
    uint64_t *v = (uint64_t *)aigw_base_take(&a, 2, 8, 8);
    t_ok("aligned, zeroed", v && (uintptr_t)v % 8 == 0 && v[0] == 0 && v[1] == 0);
    a = mark;
    t_ok("rewound", aigw_base_take(&a, 2, 8, 8) == (void *)v);
    t_ok("too much", !aigw_base_take(&a, 100, 1, 1) && !aigw_base_take(&a, SIZE_MAX / 2, 4, 1) && !aigw_base_take(&a, SIZE_MAX, SIZE_MAX, 8));
    aigw_str s = aigw_base_copy(&a, str("hello"));
    t_str("copy", s.p, s.n, "hello");
    size_t left = (size_t)(a.end - a.at);
    t_ok("the rest fits exactly", !aigw_base_take(&a, left + 1, 1, 1) && aigw_base_take(&a, left, 1, 1));
    s = aigw_base_copy(&a, str("x"));
    t_ok("a copy that does not fit", !s.p && s.n == 1);
    t_ok("nothing wanted", aigw_base_take(&a, 0, 8, 8) && aigw_base_take(&none, 0, 8, 8) && aigw_base_copy(&none, str("")).p);
    t_ok("an empty arena", !aigw_base_take(&none, 1, 1, 1) && !aigw_base_copy(&none, str("x")).p);
}

/* The text of a list of pieces. */
static aigw_str joined(const aigw_out *o) {
    char *d = (char *)t_alloc(o->bytes);
    size_t n = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (o->pieces[i].n) memcpy(d + n, o->pieces[i].p, o->pieces[i].n);
        n += o->pieces[i].n;
    }
    aigw_str s = { d, n };
    return s;
}
static void write_sample(aigw_out *o, aigw_str longer) {
    aigw_base_put_lit(o, "head ");
    aigw_base_ref(o, longer);
    aigw_base_put_int(o, -42);
    aigw_base_ref(o, longer);
    aigw_base_ref(o, longer);
    aigw_base_put_byte(o, '.');
    aigw_base_put_base64(o, longer);
}

/* Any number of pieces and any size of scratch: the same text, or "did not fit" with the size that would have sufficed. */
T(pieces) {
    aigw_str longer = str("0123456789012345678901234567890123456789012345678901234567890123456789"), whole;
    aigw_out o = start();
    write_sample(&o, longer);
    t_int("ends", aigw_base_out_end(&o), AIGW_OK);
    whole = aigw_base_out_str(&o);
    whole = bytes(whole.p, whole.n);
    t_int("length", whole.n, 5 + 3 * 70 + 3 + 1 + 96);
    for (size_t npieces = 0; npieces < 9; npieces++) {
        size_t want = 1;
        for (size_t cap = 0; cap <= want; cap++) {
            aigw_str list[9];
            char *mem = (char *)malloc(cap);
            aigw_base_out_init(&o, mem, cap, list, npieces);
            write_sample(&o, longer);
            int err = aigw_base_out_end(&o);
            if (!cap) want = o.buf.n;
            t_int("fits when it should", err, cap < want ? AIGW_E_NOMEM : AIGW_OK);
            t_int("wants the same", o.buf.n, want);
            t_int("counts the same", o.bytes, whole.n);
            if (!err && npieces) t_mem("text", joined(&o).p, joined(&o).n, whole.p, whole.n);
            free(mem);
        }
        t_ok("pieces save scratch", npieces >= 6 ? want == 105 : want > 105);
    }
}

T(one_piece) {
    aigw_str longer = str("0123456789012345678901234567890123456789012345678901234567890123456789"), list[4], s;
    aigw_out o;
    aigw_base_out_init(&o, memory, sizeof memory, list, 4);
    t_ok("empty", aigw_base_out_end(&o) == 0 && o.n == 0 && aigw_base_out_str(&o).n == 0);
    aigw_base_ref(&o, longer);
    t_ok("in place", aigw_base_out_end(&o) == 0 && aigw_base_out_str(&o).p == longer.p);
    aigw_base_put_byte(&o, '!');
    s = aigw_base_out_str(&o);
    t_ok("in two places", !s.p && s.n == 71);
    aigw_base_out_init(&o, memory, sizeof memory, list, 4);
    aigw_base_put_lit(&o, "short");
    aigw_base_out_end(&o);
    s = aigw_base_out_str(&o);
    t_str("scratch", s.p, s.n, "short");
    t_int("listed", o.n, 1);
}

/* A length that no memory has: counted as too much, once and for all, and not read. */
T(saturation) {
    aigw_out o = start();
    aigw_str huge;
    huge.p = memory;
    huge.n = SIZE_MAX;
    aigw_base_put_byte(&o, 'x');
    aigw_base_put(&o, huge);
    aigw_base_put_byte(&o, 'y');
    t_ok("saturates", o.bytes == SIZE_MAX && o.buf.n == SIZE_MAX && aigw_base_out_end(&o) == AIGW_E_NOMEM && !aigw_base_out_str(&o).p);
    t_str("what fitted", memory, 1, "x");
}

T(utf8) {
    t_bytes b = t_file(t_shared("corpora/utf8/utf8tests.txt"));
    int count = 0;
    char hex[3] = { 0, 0, 0 };
    if (!b.p) { t_skip("../shared/corpora/utf8"); return; }
    for (const char *p = b.p, *end = b.p + b.n, *eol; p < end; p = eol + 1) {
        char raw[256], want[256];
        size_t n = 0, w = 0;
        eol = (const char *)memchr(p, '\n', (size_t)(end - p));
        if (!eol) eol = end;
        const char *colon = (const char *)memchr(p, ':', (size_t)(eol - p)), *line = p, *kind;
        if (*p == '#' || !colon) continue;
        kind = colon + 1 + (colon[1] == ' ');
        p = (const char *)memchr(kind, ':', (size_t)(eol - kind)) + 1;
        if (!memcmp(kind, "valid:", 6)) {
            memcpy(raw, p, n = (size_t)(eol - p));
        } else {
            for (; p < eol && *p != ':'; p++) {
                if (*p == ' ') continue;
                memcpy(hex, p++, 2);
                raw[n++] = (char)strtol(hex, NULL, 16);
            }
        }
        aigw_str s = bytes(raw, n);
        char *label = (char *)memcpy(t_alloc((size_t)(eol - line) + 1), line, (size_t)(eol - line));
        label[eol - line] = 0;
        t_row(label);
        count++;
        if (*kind == 'v') {
            t_int("valid", aigw_base_utf8(s), n);
            continue;
        }
        t_ok("invalid", aigw_base_utf8(s) < n);
        p = (const char *)memchr(p + 1, ':', (size_t)(eol - p - 1)) + 1;
        for (; p < eol; p++) {                                /* the form with replacement characters: what the JSON writer gives */
            if (*p == ' ') continue;
            memcpy(hex, p++, 2);
            want[w++] = (char)strtol(hex, NULL, 16);
        }
        aigw_out o = start();
        aigw_json_put_str(&o, s);
        aigw_arena mem = aigw_base_arena(t_alloc(w), w);
        aigw_json j;
        aigw_json_init(&j, bytes(memory, o.bytes));
        t_ok("reads back", aigw_json_str(&j, &mem, &s) && aigw_json_end(&j) == 0);
        t_mem("replaced", s.p, s.n, want, w);
    }
    t_row(NULL);
    t_int("cases", count, 222);
    char *ascii = (char *)t_alloc(100);
    memset(ascii, 'a', 100);
    for (size_t i = 0; i < 100; i++) {
        aigw_str s = bytes(ascii, 100);
        ((char *)(uintptr_t)s.p)[i] = (char)0xFF;
        t_int("offset", aigw_base_utf8(s), i);
    }
}

T(integers) {
    static const struct { const char *s; int ok; int64_t v; } rows[] = {
        { "0", 1, 0 }, { "-0", 1, 0 }, { "007", 1, 7 }, { "9223372036854775807", 1, INT64_MAX }, { "-9223372036854775808", 1, INT64_MIN },
        { "9223372036854775808", 0, 0 }, { "-9223372036854775809", 0, 0 }, { "18446744073709551616", 0, 0 }, { "99999999999999999999999", 0, 0 },
        { "", 0, 0 }, { "-", 0, 0 }, { "+1", 0, 0 }, { "1 ", 0, 0 }, { " 1", 0, 0 }, { "1.0", 0, 0 }, { "--1", 0, 0 }, { "12a", 0, 0 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        int64_t v = 77;
        t_row(rows[i].s);
        t_int("is one", aigw_base_int(str(rows[i].s), &v), rows[i].ok);
        t_int("value", v, rows[i].ok ? rows[i].v : 77);
        if (!rows[i].ok || rows[i].s[0] == '0' || !strcmp(rows[i].s, "-0")) continue;
        aigw_out o = start();
        aigw_base_put_int(&o, v);
        t_str("written", memory, o.bytes, rows[i].s);
    }
}

T(micro) {
    static const struct { const char *s; int ok; int64_t v; } rows[] = {
        { "1", 1, 1000000 }, { "3.00", 1, 3000000 }, { "0.30", 1, 300000 }, { "-1.5", 1, -1500000 }, { "0.0000019", 1, 1 }, { "-0.0000019", 1, -1 },
        { "1e-6", 1, 1 }, { "1E-7", 1, 0 }, { "1.5e3", 1, 1500000000 }, { "1e12", 1, INT64_C(1000000000000000000) }, { "1e13", 1, INT64_MAX },
        { "-1e99999999999999999999999", 1, INT64_MIN }, { "1e-99999999999999999999999", 1, 0 }, { "0e999999999999999999", 1, 0 },
        { "9223372036854.775807", 1, INT64_MAX }, { "-9223372036854.775808", 1, INT64_MIN }, { "9223372036854.775806", 1, INT64_MAX - 1 },
        { "123456789012345678901234567890e-30", 1, 123456 }, { "0.00000000000000000000000000000012e32", 1, 12000000 },
        { "", 0, 0 }, { "-", 0, 0 }, { "01", 0, 0 }, { "1.", 0, 0 }, { ".5", 0, 0 }, { "1e", 0, 0 }, { "1e+", 0, 0 }, { "+1", 0, 0 }, { "3,00", 0, 0 },
        { "1x", 0, 0 }, { "0x10", 0, 0 }, { "NaN", 0, 0 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        int64_t v = 77;
        t_row(rows[i].s);
        t_int("is one", aigw_base_micro(str(rows[i].s), &v), rows[i].ok);
        t_int("value", v, rows[i].ok ? rows[i].v : 77);
    }
}

/* Digits of others: what strtod and the binary64 of the corpus say must be within one millionth's truncation. */
T(number_corpora) {
    static const char *const files[] = { "more-test-cases.txt", "tencent-rapidjson.txt", "lemire-fast-float.txt" };
    static const int json[] = { 60, 3549, 3293 };
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        int good = 0;
        snprintf(path, sizeof path, "corpora/numbers/%s", files[i]);
        t_bytes b = t_file(t_shared(path));
        if (!b.p) { t_skip("../shared/corpora/numbers"); return; }
        t_row(files[i]);
        for (const char *p = b.p, *end = b.p + b.n, *eol; p < end; p = eol + 1) {
            int64_t v = 0;
            char text[2048];
            eol = (const char *)memchr(p, '\n', (size_t)(end - p));
            if (!eol) eol = end;
            size_t n = (size_t)(eol - p) - 31;
            memcpy(text, p + 31, n);
            text[n] = 0;
            aigw_str s = { (const char *)memcpy(malloc(n), text, n), n };
            if (aigw_base_micro(s, &v)) {
                double d = strtod(text, NULL) * 1e6, got = (double)v;
                double gap = got > d ? got - d : d - got, room = 1 + (d < 0 ? -d : d) * 1e-15;
                good++;
                if (d > -9e18 && d < 9e18) t_ok("near", gap <= room);
                else t_ok("saturated", (d < 0) == (v < 0) && (v > INT64_C(8999999999999999999) || v < -INT64_C(8999999999999999999)));
                t_int("valid JSON", aigw_json_check(s, AIGW_JSON_NUMBER), AIGW_OK);
            } else t_ok("not JSON", aigw_json_check(s, 0) < 0);
            free((void *)(uintptr_t)s.p);
        }
        t_int("numbers of JSON", good, json[i]);
    }
}

T(base64) {
    static const struct { const char *plain, *text; } rows[] = {  /* RFC 4648, section 10 */
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
        { "\xFB\xFF\xBF", "+/+/" }
    };
    static const char *const bad[] = { "Z", "Zm9vZ", "Zg=", "Zg===", "=", "====", "Z===", "Zm=v", "Zm 9", "Zm9v\n", "Zm9\x80", "Zg=a" };
    static const uint8_t floats[16] = { 0, 0, 0x80, 0x3F, 0, 0, 0, 0xBF, 0, 0, 0x80, 0x3E, 0xCD, 0xCC, 0xCC, 0x3D };   /* wire-formats 29.5 */
    aigw_out o;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].text);
        o = start();
        aigw_base_put_base64(&o, str(rows[i].plain));
        t_str("encoded", memory, o.bytes, rows[i].text);
        for (int form = 0; form < 4; form++) {                /* padded or not, either alphabet */
            aigw_str s = str(rows[i].text);
            for (size_t k = 0; k < s.n && form & 1; k++) {
                char *c = (char *)(uintptr_t)s.p + k;
                *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
            }
            while (form & 2 && s.n && s.p[s.n - 1] == '=') s.n--;
            o = start();
            t_int("decodes", aigw_base_put_unbase64(&o, bytes(s.p, s.n)), AIGW_OK);
            t_str("decoded", memory, o.bytes, rows[i].plain);
        }
    }
    for (size_t i = 0; i < T_COUNT(bad); i++) {
        o = start();
        t_row(bad[i]);
        t_int("refused", aigw_base_put_unbase64(&o, str(bad[i])), AIGW_E_SYNTAX);
    }
    t_row(NULL);
    o = start();
    t_int("vector", aigw_base_put_unbase64(&o, str("AACAPwAAAL8AAIA+zczMPQ==")), AIGW_OK);
    t_mem("vector", memory, o.bytes, floats, 16);
    for (int i = 0; i < 200; i++) {
        char raw[64], text[96];
        size_t n = t_below(64);
        for (size_t k = 0; k < n; k++) raw[k] = (char)t_rand();
        o = start();
        aigw_base_put_base64(&o, bytes(raw, n));
        memcpy(text, memory, o.bytes);
        aigw_str s = bytes(text, o.bytes);
        o = start();
        t_int("back", aigw_base_put_unbase64(&o, s), AIGW_OK);
        t_mem("back", memory, o.bytes, raw, n);
    }
}

T(durations) {
    static const struct { const char *s; int64_t ms; const char *again; } rows[] = {   /* again: as Go writes it; NULL: not written so */
        { "6m0s", 360000, "6m0s" }, { "120ms", 120, "120ms" }, { "7.66s", 7660, "7.66s" }, { "1h2m3.5s", 3723500, "1h2m3.5s" }, { "0s", 0, "0s" },
        { "2m59.56s", 179560, "2m59.56s" }, { "34.074824224s", 34074, "34.074s" }, { "38s", 38000, "38s" }, { "20", 20000, "20s" }, { "1.5", 1500, "1.5s" },
        { "0", 0, "0s" }, { "1h", 3600000, "1h0m0s" }, { "100h0m0.001s", 360000001, "100h0m0.001s" }, { "999ms", 999, "999ms" }, { "1s", 1000, "1s" },
        { "1.5h", 5400000, "1h30m0s" }, { "1500us", 1, "1ms" }, { "1500\xC2\xB5s", 1, "1ms" }, { "1500\xCE\xBCs", 1, "1ms" }, { "1999999ns", 1, "1ms" },
        { "0.5ms500us", 1, "1ms" }, { "999.9999us100ns", 1, "1ms" }, { "0.0004s", 0, "0s" }, { "1.9999999999999999999s", 1999, "1.999s" },
        { "1m1m", 120000, "2m0s" }, { "9223372036854775807ms", INT64_MAX, NULL }, { "9223372036854775808ms", INT64_MAX, NULL },
        { "99999999999999999999999h1s", INT64_MAX, NULL }, { "", -1, NULL }, { "s", -1, NULL }, { "1x", -1, NULL }, { "-1s", -1, NULL }, { "+1s", -1, NULL },
        { "1.s", -1, NULL }, { ".5s", -1, NULL }, { "1s2", -1, NULL }, { "1 s", -1, NULL }, { "1m ", -1, NULL }, { "Wed, 21 Oct 2026 07:28:00 GMT", -1, NULL },
        { "1\xC2", -1, NULL }, { "1.5.5s", -1, NULL }, { "1e3", -1, NULL }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].s);
        t_int("ms", aigw_base_duration_ms(str(rows[i].s)), rows[i].ms);
        if (!rows[i].again) continue;
        aigw_out o = start();
        aigw_base_put_duration(&o, rows[i].ms);
        t_str("written", memory, o.bytes, rows[i].again);
    }
    t_row(NULL);
    for (int i = 0; i < 500; i++) {
        int64_t ms = (int64_t)(t_rand() >> (22 + t_below(42)));
        aigw_out o = start();
        aigw_base_put_duration(&o, ms);
        t_int("back", aigw_base_duration_ms(bytes(memory, o.bytes)), ms);
    }
}

T(dates) {
    static const struct { const char *s; int ok; int64_t v; } rows[] = {
        { "2025-08-21T12:40:59Z", 1, 1755780059 }, { "Wed, 21 Oct 2026 07:28:00 GMT", 1, 1792567680 },
        { "1970-01-01T00:00:00Z", 1, 0 }, { "2025-08-21T12:40:59.123Z", 1, 1755780059 }, { "2025-08-21t12:40:59.999999999z", 1, 1755780059 },
        { "2025-08-21 14:40:59+02:00", 1, 1755780059 }, { "2025-08-21T07:10:59-05:30", 1, 1755780059 }, { "1969-12-31T23:59:59Z", 1, -1 },
        { "2000-02-29T00:00:00Z", 1, 951782400 }, { "2024-02-29T12:00:00Z", 1, 1709208000 }, { "1900-03-01T00:00:00Z", 1, -2203891200 },
        { "0001-01-01T00:00:00Z", 1, -62135596800 }, { "9999-12-31T23:59:59Z", 1, 253402300799 }, { "2016-12-31T23:59:60Z", 1, 1483228800 },
        { "sun, 06 nov 1994 08:49:37 gmt", 1, 784111777 }, { "2023-02-29T00:00:00Z", 0, 0 }, { "1900-02-29T00:00:00Z", 0, 0 }, { "2024-13-01T00:00:00Z", 0, 0 },
        { "2024-00-01T00:00:00Z", 0, 0 }, { "2024-01-32T00:00:00Z", 0, 0 }, { "2024-01-00T00:00:00Z", 0, 0 }, { "2024-01-01T24:00:00Z", 0, 0 },
        { "2024-01-01T00:60:00Z", 0, 0 }, { "2024-01-01T00:00:61Z", 0, 0 }, { "2024-01-01T00:00:00", 0, 0 }, { "2024-01-01T00:00:00.Z", 0, 0 },
        { "2024-01-01T00:00:00+0100", 0, 0 }, { "2024-01-01T00:00:00+24:00", 0, 0 }, { "2024-01-01T00:00:00Zx", 0, 0 }, { "2024-01-01", 0, 0 },
        { "2024-01-01x00:00:00Z", 0, 0 }, { "", 0, 0 }, { "Wed, 21 Foo 2026 07:28:00 GMT", 0, 0 }, { "Wed, 21 Oct 2026 07:28:00 UTC", 0, 0 },
        { "Wed, 32 Oct 2026 07:28:00 GMT", 0, 0 }, { "Wed, 21 Oct 2026 07:28:00 GMT ", 0, 0 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        int64_t v = 0;
        t_row(rows[i].s);
        t_int("is one", aigw_base_date(str(rows[i].s), &v), rows[i].ok);
        if (rows[i].ok) t_int("value", v, rows[i].v);
    }
    t_row(NULL);
    for (int64_t day = 0; day < 150000; day += 1 + (int64_t)t_below(40)) {
        int64_t v = 0, s = day * 86400 + (int64_t)t_below(86400);
        aigw_out o = start();
        aigw_base_put_date(&o, s);
        t_int("length", o.bytes, 20);
        t_ok("back", aigw_base_date(bytes(memory, o.bytes), &v) && v == s);
        t_free_all();
    }
    aigw_out o = start();
    aigw_base_put_date(&o, 1755780059);
    aigw_base_put_date(&o, -5);
    aigw_base_put_date(&o, INT64_MAX);
    t_str("written, and held within 1970 to 9999", memory, o.bytes, "2025-08-21T12:40:59Z1970-01-01T00:00:00Z9999-12-31T23:59:59Z");
}

T(random) {
    uint64_t state = 1234567;                                 /* the reference sequence of splitmix64 (Vigna) */
    static const uint64_t want[] = { UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423) };
    for (size_t i = 0; i < 3; i++) t_int("number", (long long)aigw_base_random(&state), (long long)want[i]);
}

T(headers) {
    aigw_header list[2];
    aigw_head h;
    memset(&h, 0, sizeof h);
    h.headers = list;
    h.cap = 2;
    t_int("first", aigw_base_header_put(&h, str("Content-Type"), str("a")), AIGW_OK);
    t_int("second", aigw_base_header_put(&h, str("content-type"), str("b")), AIGW_OK);
    t_int("full", aigw_base_header_put(&h, str("x"), str("c")), AIGW_E_NOMEM);
    aigw_str v = aigw_base_header(&h, str("CONTENT-TYPE"));
    t_str("the first wins", v.p, v.n, "a");
    t_ok("not there", !aigw_base_header(&h, str("x")).p && aigw_base_header(&h, str("x")).n == 0);
}

int main(void) {
    T_RUN(slices);
    T_RUN(word_scan);
    T_RUN(arena);
    T_RUN(pieces);
    T_RUN(one_piece);
    T_RUN(saturation);
    T_RUN(utf8);
    T_RUN(integers);
    T_RUN(micro);
    T_RUN(number_corpora);
    T_RUN(base64);
    T_RUN(durations);
    T_RUN(dates);
    T_RUN(random);
    T_RUN(headers);
    return t_end();
}
