/* SPDX-License-Identifier: MIT OR Unlicense */
/* JSON: reading piece by piece and skipping agree; what the writer wrote is valid, and writing it again changes nothing. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
static int longer;                                            /* a name was seen that is too long to be decoded */
/* Read s with every taker and write it to o; strings as they stand, or decoded. The error, and its offset. */
static int rewrite(aigw_str s, int decoded, aigw_arena a, aigw_out *o, size_t *at) {
    char open[AIGW_JSON_DEPTH];
    size_t depth = 0;
    aigw_json j;
    aigw_json_init(&j, s);
    do {
        aigw_text t;
        aigw_str v;
        int b, kind = aigw_json_kind(&j);
        if (kind == '{' ? aigw_json_object(&j) : kind == '[' && aigw_json_array(&j)) aigw_json_open(o, open[depth++] = (char)kind);
        else if (kind == '0' && aigw_json_number(&j, &v)) aigw_json_put_raw(o, v);
        else if ((kind == 't' || kind == 'f') && aigw_json_bool(&j, &b)) aigw_json_put_bool(o, b);
        else if (kind == 'n' && aigw_json_null(&j)) aigw_json_put_null(o);
        else if (kind == '"' && !decoded && aigw_json_text(&j, &t)) aigw_json_put_text(o, t);
        else if (kind == '"' && decoded && aigw_json_str(&j, &a, &v)) aigw_json_put_str(o, v);
        else aigw_json_skip(&j);
        while (depth && !(open[depth - 1] == '{' ? aigw_json_member(&j) : aigw_json_item(&j)) && !j.err)
            aigw_json_close(o, open[--depth] == '{' ? '}' : ']');
        if (depth && !j.err && open[depth - 1] == '{') aigw_json_key_str(o, j.key), longer |= j.key.n > 64;
    } while (depth && !j.err);
    *at = (aigw_json_end(&j), aigw_json_at(&j));
    return j.err;
}
FUZZ(data, size) {
    size_t at, cap = 6 * size + 64;
    char *mem = (char *)malloc(5 * cap), path[40];
    aigw_str s = fuzz_str(data, size), raw;
    aigw_arena a = aigw_base_arena(mem + 4 * cap, cap);
    aigw_out o[4];
    aigw_json j;
    for (size_t i = 0; i < 4; i++) aigw_base_out_init(&o[i], mem + i * cap, cap, NULL, 0);
    longer = 0;
    aigw_json_init(&j, s);
    int taken = aigw_json_raw(&j, &raw), err = aigw_json_end(&j);
    fuzz_ok(rewrite(s, 0, a, &o[0], &at) == err && at == aigw_json_at(&j) && at <= size);
    fuzz_ok(aigw_json_path(s, at, path, sizeof path) < sizeof path && (!taken || aigw_json_check(raw, 0) == 0));
    if (!err) {                                               /* kept then decoded = decoded = decoded twice */
        fuzz_ok(!rewrite(aigw_base_out_str(&o[0]), 1, a, &o[1], &at) && !rewrite(s, 1, a, &o[2], &at));
        fuzz_ok(!rewrite(aigw_base_out_str(&o[1]), 1, a, &o[3], &at) && aigw_base_utf8(s) == size);
        for (size_t i = 2; i < 4; i++) fuzz_ok(longer || aigw_base_eq(aigw_base_out_str(&o[1]), aigw_base_out_str(&o[i])));
    }
    free(mem);
}
