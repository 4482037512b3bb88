/* SPDX-License-Identifier: MIT OR Unlicense */
/* Decision records: what was read and written reads again as the same; any state can be ordered, the order is a permutation, and the record of it replays;
   the line is bounded and printable. The same bytes as x-aigw-require: a fault is within them. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
static char memory[1 << 16], text[3][1 << 18];
static aigw_registry r;
static aigw_router_decision d, again;
static aigw_str written(int i, const aigw_router_decision *of) {
    aigw_out o;
    aigw_base_out_init(&o, text[i], sizeof text[i], NULL, 0);
    fuzz_ok(aigw_router_encode(of, &o) == 0);
    return aigw_base_out_str(&o);
}
static int reads(aigw_str s, aigw_router_decision *to, char *mem, size_t n) {
    uint8_t was[AIGW_ROUTER_CANDIDATES];
    unsigned first;
    aigw_arena a = aigw_base_arena(mem, n);
    aigw_fault fault;
    memset(&fault, 0, sizeof fault);
    int code = aigw_router_decode(s, &r, &a, to, was, &first, &fault);
    fuzz_ok(code == fault.code && fault.at <= s.n && (code || (!memcmp(was, to->order, to->n) && first == to->first)));
    return code;
}
static void line(const aigw_router_decision *of) {
    aigw_out o;
    aigw_base_out_init(&o, text[2], AIGW_ROUTER_WHY, NULL, 0);
    aigw_router_why(of, &o);
    fuzz_ok(o.buf.n <= AIGW_ROUTER_WHY);
    for (size_t i = 0; i < o.buf.n; i++) fuzz_ok(text[2][i] >= ' ' && text[2][i] <= '~');
}
static void require(aigw_str s) {
    aigw_router_facts f;
    aigw_fault fault;
    aigw_req req;
    memset(&req, 0, sizeof req);
    memset(&f, 0, sizeof f);
    memset(&fault, 0, sizeof fault);
    fuzz_ok(aigw_router_facts_of(&req, s, &f, &fault) == fault.code && fault.at <= s.n && f.requires_ <= AIGW_ROUTER_REQUIRES);
}
FUZZ(data, size) {
    static const char config[] = "{\"providers\":{\"p\":{\"dialect\":\"openai-chat\",\"base_url\":\"https://p.example\"}},\"models\":{"
        "\"a\":{\"provider\":\"p\",\"context\":8000,\"no\":[\"tools\"],\"grade\":3,\"price\":{\"input\":\"1\",\"output\":\"2\",\"batch\":{\"input\":\"0.5\"}}},"
        "\"b\":{\"provider\":\"p\",\"max_output\":100,\"price\":{\"input\":\"3\",\"output\":\"9\",\"tiers\":[{\"above\":900,\"input\":\"6\"}]}}},"
        "\"routes\":{\"w\":{\"models\":[\"a\",\"b\",\"p/c\"],\"order\":\"weight\"},\"s\":{\"models\":[\"b\",\"a\"],\"order\":\"score\"},"
        "\"f\":{\"models\":[\"a\",\"b\"],\"order\":\"fastest\"},\"c\":{\"models\":[\"b\",\"a\"],\"order\":\"cheapest\"},\"2\":{\"models\":[\"b\",\"a\"],\"order\":\"p2c\"}},"
        "\"tasks\":[{\"when\":{},\"route\":\"w\"}],\"tenants\":{\"t\":{\"routes\":[\"a\"]}}}";
    static aigw_arena mem;
    aigw_registry_faults faults = { NULL, 0, 0 };
    aigw_str s = fuzz_str(data, size), first, second;
    size_t room = size + 64, seen = 0;
    char *own = (char *)malloc(3 * room);
    mem = aigw_base_arena(memory, sizeof memory);
    aigw_registry_init(&r, dialects, sizeof dialects / sizeof *dialects, &mem);
    fuzz_ok(aigw_registry_read(&r, aigw_base_str(config), &faults) == 0);
    require(s);
    if (!reads(s, &d, own, room)) {
        line(&d);
        first = written(0, &d);
        fuzz_ok(!reads(first, &again, own + room, room));
        fuzz_ok(aigw_base_eq(first, written(1, &again)));
        int n = aigw_router_order(&d, &r);
        fuzz_ok(n == d.first && n <= d.n && d.n <= AIGW_ROUTER_CANDIDATES);
        for (int i = 0; i < d.n; i++) seen |= (size_t)1 << d.order[i];
        fuzz_ok(seen == ((size_t)1 << d.n) - 1);
        line(&d);
        first = written(0, &d);
        fuzz_ok(!reads(first, &again, own + 2 * room, room) && aigw_router_order(&again, &r) == n);
        second = written(1, &again);
        fuzz_ok(aigw_base_eq(first, second));
    }
    free(own);
}
