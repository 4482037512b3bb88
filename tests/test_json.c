/* SPDX-License-Identifier: MIT OR Unlicense */
/* The JSON reader and writer: tables of our own, and the corpora of ../shared/corpora. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include <dirent.h>

static aigw_str str(const char *s) {                          /* an exact-size copy */
    aigw_str r;
    r.n = strlen(s);
    r.p = t_dup(s, r.n);
    return r;
}
static aigw_str slice(const void *p, size_t n) {
    aigw_str r;
    r.p = (const char *)p;
    r.n = n;
    return r;
}

/* The suite of others: y_ accepted, n_ rejected, i_ survived; every prefix of a valid object or array rejected. */
T(suite) {
    const char *path = t_shared("corpora/json/parsing");
    DIR *dir = opendir(path);
    struct dirent *e;
    int count = 0;
    if (!dir) {
        t_skip("../shared/corpora/json");
        return;
    }
    while ((e = readdir(dir)) != NULL) {
        char name[600];
        if (e->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        t_bytes b = t_file(name);
        int err = aigw_json_check(slice(b.p, b.n), 0);
        t_row(e->d_name);
        count++;
        if (e->d_name[0] == 'y') t_int("accepted", err, AIGW_OK);
        if (e->d_name[0] == 'n') t_ok("rejected", err < 0);
        char path_text[32];
        aigw_json_path(slice(b.p, b.n), b.n / 2, path_text, sizeof path_text);
    }
    closedir(dir);
    t_row(NULL);
    t_int("files", count, 318);
}

static const char request[] =
    "{\"model\": \"gpt\",\n \"messages\" : [ {\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\\nb\"}, {\"n\":-1.5e3}]} ],"
    " \"na.me\":{\"\":[]}, \"tools\":[[],[1,[2,{\"k\":null}]]], \"stream\":true}";

/* A table of path of the value at a marker. */
T(paths) {
    static const struct { const char *find; size_t plus; const char *path; } rows[] = {
        { "{\"model\"", 0, "" },
        { "\"model\"", 0, "model" },
        { "\"gpt\"", 0, "model" },
        { "gpt\"", 1, "model" },
        { "[ {\"role", 0, "messages" },
        { "{\"role\"", 0, "messages[0]" },
        { "\"user\"", 0, "messages[0].role" },
        { "a\\nb", 2, "messages[0].content[0].text" },
        { "-1.5", 0, "messages[0].content[1].n" },
        { "-1.5", 3, "messages[0].content[1].n" },
        { "{\"\":", 0, "[\"na.me\"]" },
        { "[]}", 0, "[\"na.me\"][\"\"]" },
        { "]}, \"tools", 1, "[\"na.me\"]" },
        { "null", 0, "tools[1][1][1].k" },
        { "[1,", 0, "tools[1]" },
        { ",[2", 0, "tools[1]" },
        { "true", 0, "stream" },
        { "true}", 4, "" }
    };
    char path[96];
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_str s = str(request);
        size_t at = (size_t)(strstr(request, rows[i].find) - request) + rows[i].plus;
        size_t n = aigw_json_path(s, at, path, sizeof path);
        t_row(rows[i].find);
        t_str("path", path, n, rows[i].path);
        for (size_t cap = 1; cap < sizeof path; cap++) {
            char *small = (char *)malloc(cap);
            n = aigw_json_path(s, at, small, cap);
            t_ok("cut", n < cap && small[n] == 0 && !memcmp(small, rows[i].path, n));
            free(small);
        }
    }
}

/* What is wrong, where, and the path of it. */
T(errors) {
    static const struct { const char *in; int code; size_t at; const char *path; } rows[] = {
        { "", AIGW_E_SYNTAX, 0, "" }, { "  ", AIGW_E_SYNTAX, 2, "" }, { "\xEF\xBB\xBF{}", AIGW_E_SYNTAX, 0, "" }, { "{", AIGW_E_SYNTAX, 1, "" },
        { "{\"a\":}", AIGW_E_SYNTAX, 5, "a" }, { "{\"a\":,}", AIGW_E_SYNTAX, 5, "a" }, { "{\"a\" 1}", AIGW_E_SYNTAX, 5, "a" },
        { "{\"a\":1,}", AIGW_E_SYNTAX, 7, "" }, { "{\"a\":1 \"b\":2}", AIGW_E_SYNTAX, 7, "" }, { "{,}", AIGW_E_SYNTAX, 1, "" }, { "[1,]", AIGW_E_SYNTAX, 3, "" },
        { "[,1]", AIGW_E_SYNTAX, 1, "" }, { "[1 2]", AIGW_E_SYNTAX, 3, "" }, { "[1}", AIGW_E_SYNTAX, 2, "" }, { "{\"a\":[1}", AIGW_E_SYNTAX, 7, "a" },
        { "[[1],[2,x]]", AIGW_E_SYNTAX, 8, "[1][1]" }, { "{\"a\":{\"b\":\"\x01\"}}", AIGW_E_SYNTAX, 11, "a.b" }, { "[\"\\x\"]", AIGW_E_SYNTAX, 2, "[0]" },
        { "[\"\\u12g4\"]", AIGW_E_SYNTAX, 2, "[0]" }, { "[\"\\u123", AIGW_E_SYNTAX, 2, "[0]" }, { "[\"abc", AIGW_E_SYNTAX, 5, "[0]" }, { "[\"a\xC0\x80\"]", AIGW_E_SYNTAX, 3, "[0]" },
        { "[\"12345678901234567\xFF\"]", AIGW_E_SYNTAX, 19, "[0]" }, { "[\"\xE2\x82\"]", AIGW_E_SYNTAX, 2, "[0]" }, { "{1:2}", AIGW_E_SYNTAX, 1, "" },
        { "[01]", AIGW_E_SYNTAX, 2, "" }, { "[-]", AIGW_E_SYNTAX, 1, "[0]" }, { "[1.]", AIGW_E_SYNTAX, 1, "[0]" }, { "[tru]", AIGW_E_SYNTAX, 1, "[0]" },
        { "[nul", AIGW_E_SYNTAX, 1, "[0]" }, { "1 2", AIGW_E_SYNTAX, 2, "" }, { "{}}", AIGW_E_SYNTAX, 2, "" }, { "[1]\xC2\xA0", AIGW_E_SYNTAX, 3, "" }, { "\"a\"x", AIGW_E_SYNTAX, 3, "" },
        { "[1", AIGW_E_SYNTAX, 2, "" }, { "{\"a\":{\"b\":[{\"c\":tru}]}}", AIGW_E_SYNTAX, 16, "a.b[0].c" }, { "\f1", AIGW_E_SYNTAX, 0, "" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_json j;
        aigw_fault f;
        memset(&f, 0, sizeof f);
        t_row(rows[i].in);
        aigw_json_init(&j, str(rows[i].in));
        aigw_json_skip(&j);
        t_int("code", aigw_json_end(&j), rows[i].code);
        t_int("sticky", aigw_json_object(&j) + aigw_json_item(&j) + aigw_json_member(&j) + aigw_json_null(&j) + aigw_json_skip(&j), 0);
        t_int("still", aigw_json_fault(&j, &f), rows[i].code);
        t_int("at", f.at, rows[i].at);
        t_int("at", aigw_json_at(&j), rows[i].at);
        t_str("path", f.path, strlen(f.path), rows[i].path);
        t_ok("said", strlen(f.text) > 5);
    }
}

/* Every taker on every kind of value: it takes it, or says AIGW_E_TYPE at its first byte. */
T(types) {
    static const char *const values[] = { "{\"a\":[1]}", "[{}]", "\"s\"", "-12", "true", "false", "null" };
    static const char *const kinds = "{[\"0tfn";
    for (size_t i = 0; i < T_COUNT(values); i++)
        for (int taker = 0; taker < 9; taker++) {
            static const char *const takes[] = { "{", "[", "\"", "\"", "0", "0", "tf", "{[\"0tfn", "n" };
            char in[64];
            aigw_json j;
            aigw_text t;
            aigw_str s;
            int64_t v;
            int b = -1, got = 0, want = strchr(takes[taker], kinds[i]) != NULL;
            aigw_arena none = aigw_base_arena(NULL, 0);
            snprintf(in, sizeof in, "[ %s ]", values[i]);
            t_row(in);
            aigw_json_init(&j, str(in));
            t_ok("enters", aigw_json_array(&j) && aigw_json_item(&j));
            t_int("kind", aigw_json_kind(&j), kinds[i]);
            t_int("at", aigw_json_at(&j), 2);
            switch (taker) {
            case 0: got = aigw_json_object(&j); break;
            case 1: got = aigw_json_array(&j); break;
            case 2: got = aigw_json_text(&j, &t); break;
            case 3: got = aigw_json_str(&j, &none, &s); break;
            case 4: got = aigw_json_number(&j, &s); break;
            case 5: got = aigw_json_int(&j, &v); break;
            case 6: got = aigw_json_bool(&j, &b); break;
            case 7: got = aigw_json_raw(&j, &s); break;
            case 8: got = aigw_json_null(&j); break;
            }
            t_int("takes", got, want);
            t_int("error", j.err, want || taker == 8 ? 0 : AIGW_E_TYPE);
            t_int("where", aigw_json_at(&j) == 2, !want);
            if (taker == 7) t_str("raw", s.p, s.n, values[i]);
            if (taker == 6 && want) t_int("bool", b, kinds[i] == 't');
        }
}

enum { MODEL, MAX_TOKENS, EMPTY, MIME_TYPE, LONG_ONE };
static const aigw_str names[] = { AIGW_STR("model"), AIGW_STR("max_tokens"), AIGW_STR(""), AIGW_STR("mimeType"),
                                  AIGW_STR("aVeryLongNameOfAMemberIndeed") };

/* One object read with the table of names: "indices, then error and path". */
static const char *fields(const char *in, int loose, int twice_is_error) {
    char *out = (char *)t_alloc(256);
    size_t n = 0;
    aigw_json j;
    aigw_fault fault;
    uint64_t seen = 0;
    int f;
    memset(&fault, 0, sizeof fault);
    aigw_json_init(&j, str(in));
    j.loose = (uint8_t)loose;
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, (int)T_COUNT(names), twice_is_error ? &seen : NULL)) >= 0;) {
        if (f == (int)T_COUNT(names)) n += (size_t)sprintf(out + n, "(%.*s)", (int)j.key.n, j.key.p);
        else n += (size_t)sprintf(out + n, "%d", f);
        aigw_json_skip(&j);
    }
    if (aigw_json_end(&j)) {
        aigw_json_fault(&j, &fault);
        n += (size_t)sprintf(out + n, " %d %s", j.err, fault.path);
    }
    out[n] = 0;
    return out;
}
T(field_names) {
    static const struct { const char *in; int loose, twice_is_error; const char *out; } rows[] = {
        { "{}", 0, 1, "" }, { " { } ", 0, 1, "" }, { "{\"model\":1}", 0, 1, "0" }, { "{\"model\":1,\"max_tokens\":2,\"\":3,\"mimeType\":4}", 0, 1, "0123" },
        { "{ \"model\" : 1 , \"max_tokens\" : 2 , \"\" : 3 , \"mimeType\" : 4 }", 0, 1, "0123" }, { "{\"mimeType\":{\"model\":1,\"model\":2},\"model\":[]}", 0, 1, "30" },
        { "{\"x\":1,\"model\":2,\"modell\":3,\"mode\":4,\"Model\":5}", 0, 1, "(x)0(modell)(mode)(Model)" },
        { "{\"model\":1,\"x\":{},\"model\":2}", 0, 1, "0(x) -5 model" }, { "{\"model\":1,\"x\":{},\"model\":2}", 0, 0, "0(x)0" }, { "{\"x\":1,\"x\":2}", 0, 1, "(x)(x)" },
        { "{\"model\":1,\"\\u006dode\\u006C\":2}", 0, 1, "0 -5 [\"\\u006dode\\u006C\"]" }, { "{\"\\u006d\\u006fdel\":2}", 0, 1, "0" },
        { "{\"mime_type\":1}", 0, 1, "(mime_type)" }, { "{\"mime_type\":1}", 1, 1, "3" }, { "{\"mimeType\":1,\"mime_type\":1}", 1, 1, "3 -5 mime_type" },
        { "{\"a_very_long_name_of_a_member_indeed\":1,\"maxTokens\":2,\"mime__type\":3,\"mime_Type\":4,\"mime_typ\":5,\"mime_types\":6,\"mime_\":7}", 1, 1,
          "4(maxTokens)(mime__type)(mime_Type)(mime_typ)(mime_types)(mime_)" },
        { "{\"aVeryLongNameOfAMemberIndeed\":1,\"aVeryLongNameOfAMemberIndeeD\":1,\"bVeryLongNameOfAMemberIndeed\":1,\"aVeryLongNAmeOfAMemberIndeed\":1}", 0, 1,
          "4(aVeryLongNameOfAMemberIndeeD)(bVeryLongNameOfAMemberIndeed)(aVeryLongNAmeOfAMemberIndeed)" },
        { "{\"max_tokens\":1,\"model\":2,\"mimeType\":3,\"\":4}", 0, 1, "1032" }, { "{\"model\":", 0, 1, " -2 model" }, { "{\"model\":}", 0, 1, " -2 model" },
        { "{\"model\":1,\"max_tokens\":}", 0, 1, "0 -2 max_tokens" }, { "{\"model\":1,\"max_tokens\":,", 0, 1, "0 -2 max_tokens" }, { "{\"model\":1,\"max_tokens\"", 0, 1, "0 -2 max_tokens" },
        { "{\"model\":1,\"max_tokens", 0, 1, "0 -2 " }, { "{\"model\"x1}", 0, 1, " -2 model" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const char *got = fields(rows[i].in, rows[i].loose, rows[i].twice_is_error);
        t_row(rows[i].in);
        t_str("fields", got, strlen(got), rows[i].out);
    }
}

/* Names with escapes: decoded up to 64 bytes, raw beyond; the name survives taking its value. */
T(keys) {
    char in[300], want[80];
    for (size_t n = 60; n < 70; n++) {
        aigw_json j;
        memset(want, 'k', sizeof want);
        want[0] = '\n';
        memcpy(in, "{\"\\n", 4);
        memset(in + 4, 'k', n - 1);
        strcpy(in + 3 + n, "\":{\"\\tother\":1}}");
        aigw_json_init(&j, str(in));
        t_ok("member", aigw_json_object(&j) && aigw_json_member(&j));
        size_t at = j.key_at;
        t_ok("skip", aigw_json_skip(&j));
        if (n <= 64) t_mem("decoded", j.key.p, j.key.n, want, n);
        else t_mem("raw", j.key.p, j.key.n, in + 2, n + 1);
        t_ok("offset", at == 1 && j.key_at == 1);
        t_ok("the end", !aigw_json_member(&j) && aigw_json_end(&j) == 0);
    }
}

T(strings) {
    static const struct { const char *in; int form; const char *plain; } rows[] = {
        { "", AIGW_TEXT_ESCAPED, "" }, { "plain", AIGW_TEXT_ESCAPED, "plain" }, { "na\xC3\xAFve \xF0\x9F\x98\x80", AIGW_TEXT_ESCAPED, "na\xC3\xAFve \xF0\x9F\x98\x80" },
        { "\\\"\\\\\\/\\b\\f\\n\\r\\t", AIGW_TEXT_ESCAPED, "\"\\/\b\f\n\r\t" }, { "\\u0041\\u00e9\\u20AC\\ud83d\\uDE00", AIGW_TEXT_ESCAPED, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80" },
        { "\\ud83d", AIGW_TEXT_LONE, "\xEF\xBF\xBD" }, { "x\\ud83d", AIGW_TEXT_LONE, "x\xEF\xBF\xBD" }, { "\\ude00\\ud83d", AIGW_TEXT_LONE, "\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "\\ud83d\\ud83d\\ude00", AIGW_TEXT_LONE, "\xEF\xBF\xBD\xF0\x9F\x98\x80" }, { "\\ud83dx\\ude00", AIGW_TEXT_LONE, "\xEF\xBF\xBDx\xEF\xBF\xBD" },
        { "\\ud83d\\n\\n", AIGW_TEXT_LONE, "\xEF\xBF\xBD\n\n" }, { "\\\\ud83d", AIGW_TEXT_ESCAPED, "\\ud83d" }, { "\\ud83d\\u0041", AIGW_TEXT_LONE, "\xEF\xBF\xBD" "A" },
        { "\\uFFFF\\uffFE\x7F", AIGW_TEXT_ESCAPED, "\xEF\xBF\xBF\xEF\xBF\xBE\x7F" }, { "\\udbff\\udfff", AIGW_TEXT_ESCAPED, "\xF4\x8F\xBF\xBF" },
        { "0123456789012345678901234567890123456789\\n0123456789", AIGW_TEXT_ESCAPED, "0123456789012345678901234567890123456789\n0123456789" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char in[200], back[400];
        aigw_json j;
        aigw_text t;
        aigw_str s;
        aigw_out o;
        size_t n = strlen(rows[i].plain), need = strchr(rows[i].in, '\\') ? n : 0;
        snprintf(in, sizeof in, "\"%s\"", rows[i].in);
        t_row(rows[i].in);
        aigw_json_init(&j, str(in));
        t_ok("text", aigw_json_text(&j, &t) && aigw_json_end(&j) == 0);
        t_int("form", t.form, rows[i].form);
        t_str("as it stands", t.p, t.n, rows[i].in);
        for (size_t room = 0; room <= need; room++) {         /* exactly the decoded length is wanted */
            aigw_arena mem = aigw_base_arena(malloc(room), room);
            void *owned = mem.at;
            int fits = room == need;
            t_int("decode", aigw_json_decode(t, &mem, &s), fits);
            if (fits) t_mem("decoded", s.p, s.n, rows[i].plain, n);
            t_ok("in place without a backslash", !fits || (need ? s.p == owned : s.p == t.p));
            mem = aigw_base_arena(owned, room);
            aigw_json_init(&j, str(in));
            t_int("str", aigw_json_str(&j, &mem, &s), fits);
            t_int("error", aigw_json_end(&j), fits ? 0 : AIGW_E_NOMEM);
            if (fits) t_mem("decoded", s.p, s.n, rows[i].plain, n);
            free(owned);
        }
        for (int form = 0; form < 2; form++) {                /* written, from either form, it reads back as the same */
            aigw_arena mem = aigw_base_arena(t_alloc(100), 100);
            aigw_base_out_init(&o, back, sizeof back, NULL, 0);
            if (form) aigw_json_put_text(&o, t);
            else aigw_json_put_str(&o, slice(t_dup(rows[i].plain, n), n));
            t_int("no loss of memory", aigw_base_out_end(&o), 0);
            aigw_json_init(&j, slice(t_dup(back, o.bytes), o.bytes));
            t_ok("reads", aigw_json_text(&j, &t) && aigw_json_end(&j) == 0 && t.form == AIGW_TEXT_ESCAPED);
            t_ok("decodes", aigw_json_decode(t, &mem, &s));
            t_mem("back", s.p, s.n, rows[i].plain, n);
            aigw_json_init(&j, str(in));
            aigw_json_text(&j, &t);
        }
    }
}

/* Text that claims to be escaped but is not: no harm. */
T(broken_escapes) {
    static const char *const rows[] = { "\\", "a\\", "\\u", "\\u12", "\\ud83d\\", "\\ud83d\\u", "\\ud83d\\ude0", "\\x", "\\u00g0", "\\uD83D\\u004" };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        for (uint8_t form = AIGW_TEXT_ESCAPED; form <= AIGW_TEXT_LONE; form++) {
            char mem[64];
            aigw_arena a = aigw_base_arena(mem, sizeof mem);
            aigw_str s = str(rows[i]);
            aigw_text t;
            aigw_out o;
            t.p = s.p;
            t.n = s.n;
            t.form = form;
            aigw_base_out_init(&o, mem + 32, 32, NULL, 0);
            aigw_json_put_text(&o, t);
            t_ok("written", o.bytes >= 3 && o.bytes <= s.n + 2);
            t_ok("decoded", aigw_json_decode(t, &a, &s) && s.n <= t.n && aigw_base_utf8(s) == s.n);
        }
}

T(integers) {
    static const struct { const char *in; int code; int64_t v; } rows[] = {
        { "0", 0, 0 }, { "-0", 0, 0 }, { "12", 0, 12 }, { "12.0", 0, 12 }, { "1e3", 0, 1000 }, { "1.5e1", 0, 15 }, { "120e-1", 0, 12 }, { "1E+2", 0, 100 }, { "-1.000", 0, -1 },
        { "9223372036854775807", 0, INT64_MAX }, { "-9223372036854775808", 0, INT64_MIN }, { "9223372036854775808", AIGW_E_VALUE, 0 }, { "1.5", AIGW_E_VALUE, 0 },
        { "1e19", AIGW_E_VALUE, 0 }, { "1e-1", AIGW_E_VALUE, 0 }, { "0e99999999999999999999", 0, 0 }, { "1e99999999999999999999", AIGW_E_VALUE, 0 }, { "0.0", 0, 0 },
        { "123456789012345678", 0, 123456789012345678 }, { "1234567890123456789", 0, 1234567890123456789 }, { "10000000000000000000000e-22", 0, 1 },
        { "01", AIGW_E_SYNTAX, 0 }, { "00", AIGW_E_SYNTAX, 0 }, { "-", AIGW_E_SYNTAX, 0 }, { "1.", AIGW_E_SYNTAX, 0 }, { "\"1\"", AIGW_E_TYPE, 0 }, { "1a", AIGW_E_SYNTAX, 0 }
    };
    static const char *const around[] = { "%s", "[%s]", "[%s,1]", "{\"a\":%s}", "{\"a\":%s,\"b\":2}", "[ %s ]" };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        for (size_t k = 0; k < T_COUNT(around); k++) {
            char in[100];
            aigw_json j;
            int64_t v = 0;
            snprintf(in, sizeof in, around[k], rows[i].in);
            t_row(in);
            aigw_json_init(&j, str(in));
            if (k && (k < 3 || k == 5)) aigw_json_array(&j), aigw_json_item(&j);
            if (k == 3 || k == 4) aigw_json_object(&j), aigw_json_member(&j);
            aigw_json_int(&j, &v);
            if (k && (k < 3 || k == 5)) while (aigw_json_item(&j)) aigw_json_skip(&j);
            if (k == 3 || k == 4) while (aigw_json_member(&j)) aigw_json_skip(&j);
            t_int("code", aigw_json_end(&j), rows[i].code);
            if (!rows[i].code) t_int("value", v, rows[i].v);
        }
}

/* Depth: exactly AIGW_JSON_DEPTH is accepted, whichever way it is read; a long flat text is not deep. */
T(depth) {
    char in[4 * AIGW_JSON_DEPTH * 8], path[AIGW_PATH_MAX];
    for (int kind = 0; kind < 3; kind++)
        for (size_t depth = AIGW_JSON_DEPTH - 1; depth <= AIGW_JSON_DEPTH + 1; depth++) {
            size_t n = 0, entered = 0;
            aigw_json j;
            for (size_t i = 0; i < depth; i++) n += (size_t)sprintf(in + n, kind == 0 || (kind == 2 && i % 2) ? "[" : i + 1 < depth ? "{\"a\":" : "{");
            for (size_t i = depth; i--;) n += (size_t)sprintf(in + n, kind == 0 || (kind == 2 && i % 2) ? "]" : "}");
            aigw_str s = slice(t_dup(in, n), n);
            int err = aigw_json_check(s, 0);
            t_int("checked", err, depth > AIGW_JSON_DEPTH ? AIGW_E_LIMIT : AIGW_OK);
            aigw_json_init(&j, s);
            while (kind == 0 ? aigw_json_array(&j) && aigw_json_item(&j) : kind == 1 ? aigw_json_object(&j) && aigw_json_member(&j)
                   : entered % 2 ? aigw_json_array(&j) && aigw_json_item(&j) : aigw_json_object(&j) && aigw_json_member(&j)) entered++;
            t_int("entered", j.err, depth > AIGW_JSON_DEPTH ? AIGW_E_LIMIT : AIGW_OK);
            t_ok("path", aigw_json_path(s, n / 2, path, sizeof path) < sizeof path);
        }
}

static void write_sample(aigw_out *o) {
    aigw_str longer = AIGW_STR("0123456789 0123456789 \"0123456789\" 0123456789\n0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789");
    aigw_text t;
    aigw_json_open(o, '{');
    aigw_json_key(o, "a");
    aigw_json_open(o, '[');
    aigw_json_put_int(o, INT64_MIN);
    aigw_json_put_int(o, 0);
    aigw_json_put_bool(o, 1);
    aigw_json_put_bool(o, 0);
    aigw_json_put_null(o);
    aigw_json_open(o, '[');
    aigw_json_close(o, ']');
    aigw_json_open(o, '{');
    aigw_json_close(o, '}');
    aigw_json_close(o, ']');
    aigw_json_key_str(o, aigw_base_str("quo\"te\x01\n"));
    aigw_json_put_str(o, longer);
    t.p = "{\"x\":1}";
    t.n = 7;
    t.form = AIGW_TEXT_JSON;
    aigw_json_key(o, "value");
    aigw_json_put_value(o, t);
    aigw_json_key(o, "string");
    aigw_json_put_text(o, t);
    aigw_json_key(o, "parts");
    aigw_json_open_str(o);
    aigw_json_part(o, t);
    t.form = AIGW_TEXT_PLAIN;
    t.n = 2;
    aigw_json_part(o, t);
    t.form = AIGW_TEXT_ESCAPED;
    t.p = longer.p;
    t.n = 22;
    aigw_json_part(o, t);
    t.form = AIGW_TEXT_LONE;
    t.p = "<\\ud800\\\\\\udC00>";
    t.n = strlen(t.p);
    aigw_json_part(o, t);
    t.n = 0;
    aigw_json_part(o, t);
    aigw_json_close_str(o);
    aigw_json_key(o, "raw");
    aigw_json_put_raw(o, aigw_base_str("[ 1 ]"));
    aigw_json_key(o, "last");
    t.p = "";
    t.form = AIGW_TEXT_PLAIN;
    aigw_json_put_value(o, t);
    aigw_json_close(o, '}');
}
static const char sample[] =
    "{\"a\":[-9223372036854775808,0,true,false,null,[],{}],\"quo\\\"te\\u0001\\n\":"
    "\"0123456789 0123456789 \\\"0123456789\\\" 0123456789\\n0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\","
    "\"value\":{\"x\":1},\"string\":\"{\\\"x\\\":1}\",\"parts\":\"{\\\"x\\\":1}{\\\"0123456789 0123456789 <\xEF\xBF\xBD\\\\\xEF\xBF\xBD>\","
    "\"raw\":[ 1 ],\"last\":\"\"}";

/* The writer's text, at every size of memory and number of pieces. */
T(writer) {
    for (size_t npieces = 0; npieces < 6; npieces++)
        for (size_t cap = 0; cap <= sizeof sample; cap++) {
            aigw_str list[6];
            char *mem = (char *)malloc(cap), whole[sizeof sample];
            aigw_out o;
            size_t n = 0;
            aigw_base_out_init(&o, mem, cap, list, npieces);
            write_sample(&o);
            int err = aigw_base_out_end(&o);
            t_int("length", o.bytes, sizeof sample - 1);
            t_int("reported", err, o.buf.n <= cap ? AIGW_OK : AIGW_E_NOMEM);
            if (!npieces) t_int("wanted", o.buf.n, sizeof sample - 1);
            for (size_t i = 0; !err && i < o.n; i++) {
                memcpy(whole + n, list[i].p, list[i].n);
                n += list[i].n;
            }
            if (!err && !npieces) memcpy(whole, mem, n = o.buf.n);
            if (!err) t_str("text", whole, n, sample);
            free(mem);
        }
    t_int("valid", aigw_json_check(str(sample), AIGW_JSON_OBJECT), AIGW_OK);
}

/* Several texts in one buffer, as in a stream: nothing is carried over. */
T(two_texts) {
    char mem[64];
    aigw_out o;
    aigw_base_out_init(&o, mem, sizeof mem, NULL, 0);
    for (int i = 0; i < 2; i++) {
        aigw_base_put_lit(&o, "data: ");
        aigw_json_open(&o, '[');
        aigw_json_put_int(&o, i);
        aigw_json_put_int(&o, i);
        aigw_json_close(&o, ']');
        aigw_base_put_lit(&o, "\n\n");
    }
    t_str("text", mem, o.bytes, "data: [0,0]\n\ndata: [1,1]\n\n");
}

T(checks) {
    t_int("the type", aigw_json_check(str(" {} "), AIGW_JSON_OBJECT), AIGW_OK);
    t_int("another", aigw_json_check(str("[]"), AIGW_JSON_OBJECT), AIGW_E_TYPE);
    t_int("any", aigw_json_check(str("[]"), 0), AIGW_OK);
    t_int("nothing", aigw_json_check(str(""), AIGW_JSON_OBJECT), AIGW_E_SYNTAX);
    t_int("garbage", aigw_json_check(str("x"), AIGW_JSON_OBJECT), AIGW_E_SYNTAX);
    t_int("not an object in the end", aigw_json_check(str("{"), AIGW_JSON_OBJECT), AIGW_E_SYNTAX);
    t_int("a number", aigw_json_check(str("1.5e3"), AIGW_JSON_NUMBER), AIGW_OK);
    t_int("NULL", aigw_json_check(slice(NULL, 0), 0), AIGW_E_SYNTAX);
}

T(own_errors) {
    aigw_json j;
    aigw_fault f;
    memset(&f, 0, sizeof f);
    aigw_json_init(&j, str("{\"a\":[1,2]}"));
    aigw_json_object(&j);
    aigw_json_member(&j);
    t_int("fails", aigw_json_fail(&j, AIGW_E_VALUE, 8, "two is not allowed"), 0);
    aigw_json_fail(&j, AIGW_E_TYPE, 1, "later");
    t_int("the first wins", aigw_json_fault(&j, &f), AIGW_E_VALUE);
    t_str("path", f.path, strlen(f.path), "a[1]");
    t_str("sentence", f.text, strlen(f.text), "two is not allowed");
    f.code = AIGW_E_MISSING;
    f.at = 3;
    t_ok("a fault that stands", aigw_json_fault(&j, &f) == AIGW_E_VALUE && f.code == AIGW_E_MISSING && f.at == 3);
}

/* Every prefix of a text is an error, and is the same one when it is read in another way. */
T(prefixes) {
    for (size_t n = 0; n < sizeof request - 1; n++) {
        aigw_str s = slice(t_dup(request, n), n);
        t_int("cut", aigw_json_check(s, 0), AIGW_E_SYNTAX);
        t_free_all();
    }
    t_int("whole", aigw_json_check(str(request), 0), AIGW_OK);
}

/* Hostile shapes of a megabyte: if any of them took more than linear time, this would not end. */
T(hostile) {
    static const struct { const char *before, *unit, *after; int code; } rows[] = {
        { "", "[", "", AIGW_E_LIMIT }, { "", "{\"a\":", "", AIGW_E_LIMIT }, { "[\"", "\\\\", "\"]", AIGW_OK }, { "[\"", "\\ud800", "\"]", AIGW_OK },
        { "[1", "1", "]", AIGW_OK }, { "[0.", "0", "1]", AIGW_OK }, { "[1e", "9", "]", AIGW_OK }, { "[", "[],", "0]", AIGW_OK }, { "{", "\"a\":0,", "\"a\":0}", AIGW_OK },
        { "{", "\"\\u0061\":0,", "\"a\":0}", AIGW_OK }, { "[", " ", "]", AIGW_OK }, { "[\"", "\xF0\x9F\x98\x80", "\"]", AIGW_OK }, { "[\"", "\x80", "\"]", AIGW_E_SYNTAX }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        size_t unit = strlen(rows[i].unit), n = strlen(rows[i].before), room = (size_t)1 << 20;
        char *p = (char *)t_alloc(room + 32), path[AIGW_PATH_MAX];
        int64_t v = 0;
        aigw_out o;
        aigw_text t;
        strcpy(p, rows[i].before);
        for (; n < room; n += unit) memcpy(p + n, rows[i].unit, unit);
        strcpy(p + n, rows[i].after);
        aigw_str s = slice(p, strlen(p));
        t_row(rows[i].unit);
        t_int("code", aigw_json_check(s, 0), rows[i].code);
        aigw_json_path(s, s.n - 1, path, sizeof path);
        aigw_base_micro(slice(p + 1, s.n - 2), &v);
        t.p = s.p;
        t.n = s.n;
        for (t.form = 0; t.form <= AIGW_TEXT_JSON; t.form++) {
            aigw_base_out_init(&o, NULL, 0, NULL, 0);
            aigw_json_put_text(&o, t);
            t_ok("at most six times as long", o.bytes >= 2 && o.bytes <= 6 * s.n + 2);
        }
    }
}

/* The empty slice that has no address, everywhere. */
T(nothing) {
    aigw_str none = slice(NULL, 0), v;
    aigw_arena mem = aigw_base_arena(NULL, 0);
    uint8_t key[32] = { 0 };
    int64_t i;
    char text[32];
    aigw_json j;
    aigw_out o;
    aigw_text t;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    aigw_base_put(&o, none);
    aigw_base_ref(&o, none);
    aigw_base_put_base64(&o, none);
    t_int("unbase64", aigw_base_put_unbase64(&o, none), AIGW_OK);
    t_ok("nothing put", o.bytes == 0 && aigw_base_out_end(&o) == AIGW_OK && aigw_base_out_str(&o).n == 0);
    t_ok("base", aigw_base_eq(none, none) && aigw_base_eq_nocase(none, none) && aigw_base_find(none, none, 0) == 0 && aigw_base_utf8(none) == 0);
    t_ok("find in nothing", aigw_base_find(none, str("x"), 0) == 0 && aigw_base_find(str("x"), none, 0) == 0);
    t_ok("numbers", !aigw_base_int(none, &i) && !aigw_base_micro(none, &i) && aigw_base_duration_ms(none) == -1 && !aigw_base_date(none, &i));
    t_ok("copy", aigw_base_copy(&mem, none).p && aigw_base_copy(&mem, none).n == 0);
    aigw_digest_sha256(none, key);
    t_ok("digests", key[0] == 0xE3 && aigw_digest_siphash(none, key) && aigw_digest_equal(NULL, NULL, 0));
    aigw_json_init(&j, none);
    t_ok("reader", aigw_json_kind(&j) == AIGW_JSON_NONE && aigw_json_at(&j) == 0 && !aigw_json_null(&j) && !aigw_json_skip(&j) && aigw_json_end(&j) < 0);
    t_int("path", aigw_json_path(none, 0, text, sizeof text), 0);
    t.p = NULL;
    t.n = 0;
    for (t.form = 0; t.form <= AIGW_TEXT_LONE; t.form++) {
        aigw_base_out_init(&o, text, sizeof text, NULL, 0);
        aigw_json_put_text(&o, t);
        aigw_json_open_str(&o);
        aigw_json_part(&o, t);
        aigw_json_close_str(&o);
        aigw_json_put_str(&o, none);
        t_str("empty strings", text, o.bytes, "\"\",\"\",\"\"");
        t_ok("decode", aigw_json_decode(t, &mem, &v) && v.n == 0);
    }
}

int main(void) {
    T_RUN(suite);
    T_RUN(paths);
    T_RUN(errors);
    T_RUN(types);
    T_RUN(field_names);
    T_RUN(keys);
    T_RUN(strings);
    T_RUN(broken_escapes);
    T_RUN(integers);
    T_RUN(depth);
    T_RUN(writer);
    T_RUN(two_texts);
    T_RUN(checks);
    T_RUN(own_errors);
    T_RUN(prefixes);
    T_RUN(hostile);
    T_RUN(nothing);
    return t_end();
}
