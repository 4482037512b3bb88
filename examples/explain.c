/* SPDX-License-Identifier: MIT OR Unlicense */
/* explain.c: why a request went where it went. Reads a decision record (one JSON object, as the gateway writes it) and the configuration, decides again,
 * and shows every candidate: taken, or why not, its score and what it would have cost.
 *
 *     explain gateway.json < record.json
 *     explain --registry models.json gateway.json record.json
 *
 * Exit status: 0 the same choice, 1 another one (and what differs), 2 something cannot be read.
 * Knows: files and arguments. Does not know: the network, keys, a clock; a decision needs none of them. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include <stdio.h>
#include <stdlib.h>

#define MEMORY ((size_t)64 << 20)       /* address space; pages that are not touched cost nothing */

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };

static void die(const char *what, const char *why) {
    fprintf(stderr, "explain: %s: %s\n", what, why);
    exit(2);
}
/* A whole file in mem; "-" is stdin. */
static aigw_str file_of(const char *name, aigw_arena *mem) {
    FILE *f = strcmp(name, "-") ? fopen(name, "rb") : stdin;
    aigw_str s;
    size_t n;
    if (!f) die(name, "cannot be read");
    s.p = (char *)mem->at;
    s.n = 0;
    while ((n = fread(mem->at, 1, (size_t)(mem->end - mem->at), f)) > 0) {
        mem->at += n;
        s.n += n;
    }
    if (mem->at == mem->end) die(name, "is too large");
    if (f != stdin) fclose(f);
    return s;
}
/* Read a configuration, or (known) facts of models: complaints with line and column; warnings are the server's affair. */
static void registry_of(aigw_registry *r, const char *name, int known, aigw_arena *mem) {
    aigw_str text = file_of(name, mem);
    aigw_fault items[16];
    aigw_registry_faults faults = { items, 16, 0 };
    int code;
    aigw_registry_blank((char *)(size_t)text.p, text.n);
    code = known ? aigw_registry_read_known(r, text, &faults) : aigw_registry_read(r, text, &faults);
    for (size_t i = 0; i < faults.n && i < faults.cap && code; i++) {
        size_t column, line = aigw_registry_line(text, items[i].at, &column);
        if (items[i].code != AIGW_E_UNSUPPORTED) fprintf(stderr, "%s:%lu:%lu: %s: %s\n", name, (unsigned long)line, (unsigned long)column, items[i].path, items[i].text);
    }
    if (code) die(name, aigw_base_error_text(code));
}

/* Providers that the gateway has without a configuration: its built-in one, whose models are free, and those whose keys may be in its environment. */
static void built_in(aigw_registry *r) {
    static const aigw_str models[] = { AIGW_STR("mock/echo"), AIGW_STR("mock/tools"), AIGW_STR("mock/think") };
    aigw_registry_provider p;
    aigw_registry_model m;
    const aigw_family *f;
    memset(&p, 0, sizeof p);
    p.name = aigw_base_str("mock");
    p.dialect = aigw_registry_dialect(r, aigw_base_str("openai-chat"));
    p.at = AIGW_NOWHERE;
    if (aigw_registry_url(aigw_base_str("builtin:"), &p) || !aigw_registry_add_provider(r, &p)) die("built in", "does not fit");
    memset(&m, 0, sizeof m);
    m.target.provider = p.name;
    m.price.known = 1;
    m.at = AIGW_NOWHERE;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        m.target.name = models[i];
        m.target.id.p = models[i].p + 5;
        m.target.id.n = models[i].n - 5;
        aigw_registry_add_model(r, &m);
    }
    for (size_t i = 0; (f = aigw_family_at(i)) != NULL; i++) {
        memset(&p, 0, sizeof p);
        p.name = f->name;
        p.dialect = aigw_registry_dialect(r, f->dialect);
        p.family = f;
        p.at = AIGW_NOWHERE;
        if (p.dialect && f->url.n && !aigw_registry_url(f->url, &p)) aigw_registry_add_provider(r, &p);
    }
}

static void usd(int64_t nusd, int width) {
    char text[40];
    aigw_out o;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    if (nusd < 0) aigw_base_put_lit(&o, "-");
    else if (nusd == INT64_MAX) aigw_base_put_lit(&o, "no bound");
    else aigw_base_put_nano(&o, nusd);
    printf("  %*.*s", width, (int)o.buf.n, text);
}
static void candidate(const aigw_router_decision *d, unsigned place) {
    const unsigned i = d->order[place];
    const aigw_router_candidate *c = &d->candidate[i];
    const aigw_str *name = &c->pick.target.name;
    if (place < d->first) printf("%2u", place + 1);
    else printf("%2s", !place && d->forced ? "!" : "-");
    printf("  %-24.*s", (int)name->n, name->p);
    if (c->filter || c->score == INT64_MAX) printf("  %12s", "-");
    else printf("  %12lld", (long long)c->score);
    usd(c->likely_nusd, 14);
    usd(c->bound_nusd, 14);
    printf("  %s", c->filter ? aigw_router_filter_name(c->filter) : place || d->cached || !d->ordered ? "satisfies" : "taken");
    if (c->filter == AIGW_FILTER_NEEDS) {
        static const char *const cans[] = {
#define X(name, label) label,
            AIGW_CAN_LIST(X)
#undef X
        };
        for (unsigned k = 0; k < AIGW_CAN_COUNT; k++) if (c->lacks >> k & 1) printf(" %s", cans[k]);
    }
    if (c->filter == AIGW_FILTER_REQUIRE) printf(" (requirement %lu)", (unsigned long)c->lacks + 1);
    if (c->state.wait_ms) printf("; may be asked in %.1f s", c->state.wait_ms / 1000.0);
    if (d->cheapest == (int)i) printf("; cheapest");
    printf("\n");
}
static void names(const char *what, const aigw_router_decision *d, const uint8_t *order, unsigned first) {
    printf("%s:", what);
    for (unsigned i = 0; i < d->n; i++) {
        const aigw_str *name = &d->candidate[order[i]].pick.target.name;
        printf("%s %.*s", i == first ? " |" : "", (int)name->n, name->p);
    }
    printf("%s\n", first == d->n ? "" : "   (behind | : not taken)");
}
/* Does the route, or name, still have these candidates? */
static int same_candidates(const aigw_router_decision *d, const aigw_registry *r) {
    static aigw_router_decision now;
    aigw_str name = { NULL, 0 };
    unsigned i = 0;
    now = *d;
    if (d->route) name = d->route->name;
    else if (d->n) name = d->candidate[0].pick.target.name;
    if (!name.n || aigw_router_find_route(&now, r, name, NULL)) return !d->n;
    while (i < d->n && i < now.n && aigw_base_eq(d->candidate[i].pick.target.name, now.candidate[i].pick.target.name)) i++;
    return i == d->n && i == now.n && d->over == now.over;
}
static void show(const aigw_router_decision *d) {
    static const char *const steps[] = { "", "route:", "queue", "stale", "busy" }, *const caches[] = { "", "hit", "shared (another request was waiting for it)", "stale" };
    char line[AIGW_ROUTER_WHY + 1];
    aigw_out o;
    aigw_base_out_init(&o, line, sizeof line, NULL, 0);
    aigw_router_why(d, &o);
    printf("%.*s\n\n #  %-24s  %12s  %14s  %14s\n", (int)o.buf.n, line, "candidate", "score", "likely USD", "at most USD");
    for (unsigned i = 0; i < d->n; i++) candidate(d, i);
    if (d->over) printf("    and %u more of the route, which were not looked at\n", d->over);
    for (unsigned i = 0; i < d->tries_n; i++) {
        const aigw_router_try *t = &d->tries[i];
        printf("%s%5lu ms  %.*s%s: %s, %lu ms\n", i ? "" : "\n", (unsigned long)t->at_ms, (int)t->name.n, t->name.p, t->hedge ? " (hedge)" : "",
               t->why ? t->why : aigw_model_kind_name(t->kind), (unsigned long)t->took_ms);
    }
    for (unsigned i = 0; i < d->steps_n; i++) {
        const aigw_str *to = &d->steps[i].route;
        printf("%sstep down: %s%.*s\n", i ? "" : "\n", steps[d->steps[i].step], (int)to->n, to->n ? to->p : "");
    }
    if (d->cached) printf("\nanswered from the cache: %s\n", caches[d->cached]);
    printf("\n");
}

int main(int argc, char **argv) {
    static aigw_router_decision d;
    uint8_t was[AIGW_ROUTER_CANDIDATES];
    unsigned first_was, first;
    aigw_fault fault;
    aigw_registry r;
    aigw_arena texts, mem;
    static char *block;                 /* in sight to the end, whichever it is */
    const char *known = NULL;
    int at = 1, same, routes;
    aigw_str record;
    block = (char *)malloc(MEMORY);
    if (argc > 2 && !strcmp(argv[1], "--registry")) {
        known = argv[2];
        at = 3;
    }
    if (!block || argc - at < 1 || argc - at > 2) die("usage", "explain [--registry FILE] CONFIG [RECORD.json]");
    texts = aigw_base_arena(block, MEMORY / 2);
    mem = aigw_base_arena(block + MEMORY / 2, MEMORY / 2);
    aigw_registry_init(&r, dialects, sizeof dialects / sizeof *dialects, &mem);
    if (known) registry_of(&r, known, 1, &texts);
    built_in(&r);
    registry_of(&r, argv[at], 0, &texts);
    record = file_of(argc - at == 2 ? argv[at + 1] : "-", &texts);
    memset(&fault, 0, sizeof fault);
    if (aigw_router_decode(record, &r, &mem, &d, was, &first_was, &fault) < 0) {
        fprintf(stderr, "explain: the record: %s%s%s, at byte %lu\n", fault.path, *fault.path ? ": " : "", fault.text, (unsigned long)fault.at);
        return 2;
    }
    if (d.ordered) first = (unsigned)aigw_router_order(&d, &r);
    else first = 0;                     /* nobody was to be asked: the cache, or a full queue, came in between */
    show(&d);
    routes = same_candidates(&d, &r);
    same = first == first_was && !memcmp(was, d.order, d.n);
    if (!routes) printf("differs: the configuration has other candidates for this now\n");
    if (!same) {
        printf("differs:\n");
        names("  recorded", &d, was, first_was);
        names("  decided now", &d, d.order, first);
    }
    if (same && routes) printf("same choice\n");
    return same && routes ? 0 : 1;
}
