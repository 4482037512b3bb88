/* SPDX-License-Identifier: MIT OR Unlicense */
/* A small model, walked through completely: three requests, two targets (the second dearer), a cap with room for two. Every order of beginning, answers
   (fine, refused, lost, the client leaves), failover, syncing of the ledger, time that opens circuits again, and one crash with its replay. The code that
   is walked through is the hub's and the account's as they are; what a request does with them is what the exchange does.

   Orders that lead to the same state share what follows: each state is walked from once, and the orders are counted. */
#define AIGW_STORE_COUNTERS 4
#define AIGW_STORE_KEY      48
#define AIGW_QUEUE_LANES    1
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

enum { REQUESTS = 3, TARGETS = 2, CAP = 10000, LEASE = CAP / 100 };
static const int64_t bound[TARGETS] = { 4500, 4900 }, usual[TARGETS] = { 1700, 2300 };
enum { NEW, WAITS, ASKED, DONE };                              /* WAITS: for the ledger */
enum { FINE, REFUSED, LOST, LEAVES, OUTCOMES };                /* of a try */

typedef struct {
    int state, target, tries, outcomes;                        /* tries: made; outcomes: of the request, one in the end */
    unsigned passed;                                           /* targets that are not asked again */
    int64_t billed;                                            /* by the provider, as far as it may be known */
    aigw_hub_pass pass;
    aigw_account account;
} request;
typedef struct {
    aigw_hub hub;
    unsigned char mem[4 * sizeof(aigw_hub_name) + 8 * sizeof(aigw_store_slot) + 4096 + 256];
    request r[REQUESTS];
    char disk[1024];
    size_t disk_n;
    int64_t billed, most;                                      /* most: spent and held at one time */
    int times, crashes;                                        /* that may still be */
    uint64_t ns;
} small;

static small w;
static struct { aigw_registry registry; aigw_arena mem; aigw_router_facts facts; aigw_router_candidate candidate[TARGETS]; aigw_hub_cfg cfg; int ledger; } k;
static struct { uint64_t hash, paths; } seen[1 << 18];
static uint64_t states, probes, opened, closed, waited;

static aigw_now now_(void) {
    aigw_now now;
    memset(&now, 0, sizeof now);
    now.mono_ns = w.ns;
    now.wall_s = 1763700000 + (int64_t)(w.ns / 1000000000u);
    return now;
}
static const aigw_store_slot *slot(const char *key) { return aigw_store_slot_of(&w.hub.counters, aigw_base_str(key)); }
static aigw_budget budget(void) {
    static const aigw_budget none;
    const aigw_store_slot *s = slot("usd.total|tenant=t");
    return s ? s->of.money.budget : none;
}
static aigw_breaker breaker(int target) {
    static const aigw_breaker none;
    const aigw_hub_name *n = aigw_hub_name_of(&w.hub, now_(), AIGW_NAME_TARGET, k.candidate[target].pick.target.name, 0);
    return n ? n->breaker : none;
}
static void hub(void) {
    t_int("hub", aigw_hub_init(&w.hub, &k.cfg, w.mem, sizeof w.mem), 0);
    t_int("registry", aigw_hub_swap(&w.hub, &k.registry), 0);
}

/* ---- what a request does */

static void end(request *r, int asked) {
    aigw_account_settle(&r->account, &w.hub, -1, asked);
    aigw_account_settle(&r->account, &w.hub, -1, asked);       /* legal twice */
    r->state = DONE;
    r->outcomes++;
}
/* Ask the next target that may be asked, as far as that needs no waiting. */
static void go_on(request *r) {
    aigw_hub_job job;
    memset(&job, 0, sizeof job);
    for (int i = 0; i < TARGETS; i++) {
        int got;
        if (r->passed >> i & 1) continue;
        r->target = i;
        got = aigw_account_reserve(&r->account, &w.hub, &job, &k.registry, &k.facts, &k.candidate[i], 0);
        if (got == AIGW_AGAIN) {
            const aigw_budget b = budget();
            if (b.spent_nusd + b.reserved_nusd + bound[i] > w.most) w.most = b.spent_nusd + b.reserved_nusd + bound[i];
            r->state = WAITS;
            waited++;
            return;
        }
        r->passed |= 1u << i;
        if (got == AIGW_E_LIMIT) continue;
        if (!t_int("reserved", got, AIGW_OK)) return;
        if (!aigw_hub_ask(&w.hub, now_(), &k.candidate[i].pick, r->tries == 0 && i == TARGETS - 1, &r->pass)) continue;      /* the last is forced */
        probes += r->pass.pass.probe;
        r->tries++;
        r->state = ASKED;
        return;
    }
    end(r, r->tries > 0);
}
static void answer(request *r, int outcome) {
    static const int kinds[OUTCOMES] = { AIGW_KIND_NONE, AIGW_KIND_SERVER, AIGW_KIND_TRUNCATED, AIGW_KIND_CANCELLED };
    const int64_t cost = outcome == FINE ? usual[r->target] : outcome == REFUSED ? 0 : bound[r->target];
    aigw_health_report report;
    memset(&report, 0, sizeof report);
    report.kind = kinds[outcome];
    report.first_us = report.all_us = -1;
    w.hub.random = 1;                                          /* chance is no part of the state */
    aigw_hub_told(&w.hub, now_(), &r->pass, &report);
    w.billed += cost;
    r->billed += cost;
    aigw_account_charge(&r->account, cost);
    if (outcome == FINE || outcome == LEAVES) end(r, 1);
    else go_on(r);
}
/* All memory is gone, and of what was not synced all or nothing. Who was asked may be billed. */
static void crash(int synced) {
    const aigw_str s = aigw_store_log(&w.hub.counters);
    aigw_str file;
    if (synced) memcpy(w.disk + w.disk_n, s.p, s.n);
    file.p = w.disk;
    file.n = w.disk_n + (synced ? s.n : 0);
    for (int i = 0; i < REQUESTS; i++) {
        request *r = &w.r[i];
        if (r->state != ASKED && r->state != WAITS) continue;
        if (r->state == ASKED) w.billed += bound[r->target];
        memset(r, 0, sizeof *r);
        r->state = DONE;
        r->outcomes = 1;
    }
    hub();
    w.disk_n = aigw_store_replay(&w.hub.counters, now_(), file);
    t_int("all of it is whole", w.disk_n, file.n);
}
static void synced(void) {
    const aigw_str s = aigw_store_log(&w.hub.counters);
    if (!t_ok("disk", w.disk_n + s.n <= sizeof w.disk)) return;
    memcpy(w.disk + w.disk_n, s.p, s.n);
    w.disk_n += s.n;
    aigw_hub_logged(&w.hub, s.n);
}

/* ---- what must hold */

static void laws(const aigw_breaker before[TARGETS], int event, int crashed) {
    const aigw_budget b = budget();
    const aigw_store_slot *g[TARGETS];
    int held = 0, under_way[TARGETS] = { 0 }, left = 0;
    int64_t live = 0;
    if (b.spent_nusd + b.reserved_nusd > w.most && !crashed) w.most = b.spent_nusd + b.reserved_nusd;
    t_ok("spent + reserved <= cap", b.spent_nusd + b.reserved_nusd <= CAP);
    t_ok("accounted >= billed", b.spent_nusd + b.reserved_nusd >= w.billed);
    if (crashed) t_ok("at most a lease more than was held", b.spent_nusd <= w.most + LEASE);
    if (crashed) w.most = b.spent_nusd > w.most ? b.spent_nusd : w.most;
    for (int i = 0; i < REQUESTS; i++) {
        const request *r = &w.r[i];
        left += r->state != DONE;
        t_int("one outcome", r->outcomes, r->state == DONE);
        if (r->state != ASKED) continue;
        held++;
        live += r->billed + bound[r->target];
        under_way[r->target] += r->pass.pass.probe;
    }
    t_ok("those that run hold what they may cost", b.reserved_nusd >= live);
    t_ok("and are counted", (int)b.running >= held);
    g[0] = slot("concurrent|model=a"), g[1] = slot("concurrent|model=b");
    for (int i = 0; i < TARGETS; i++) {
        const aigw_breaker a = breaker(i);
        t_ok("never two probes", under_way[i] <= 1);
        if (!left) t_int("gauge returned", g[i] ? g[i]->of.gauge.held : 0, 0);
        if (crashed) continue;
        if (!before[i].open && a.open) t_ok("opened by a failure", event == REFUSED || event == LOST);
        if (before[i].open && !a.open) t_ok("closed by a probe that went well", event == FINE);
        opened += !before[i].open && a.open;
        closed += before[i].open && !a.open;
    }
    if (left) return;
    t_int("reservations returned", b.reserved_nusd, 0);
    t_int("nobody runs", b.running, 0);
    if (k.cfg.ledger_bytes == 0 || w.crashes) t_int("without a crash exactly what was billed", b.spent_nusd, w.billed);
}

/* ---- all orders */

static uint64_t mix(uint64_t h, const void *p, size_t n) {
    for (const unsigned char *c = (const unsigned char *)p; n--; c++) h = (h ^ *c) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}
static uint64_t number(uint64_t h, int64_t v) {
    h = (h ^ (uint64_t)v) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 32;
}
/* Of all that decides what can follow. */
static uint64_t hash_of(void) {
    const aigw_str log = aigw_store_log(&w.hub.counters);
    aigw_ledger_record record;
    int64_t mark = 0;
    int n;
    uint64_t h = number(number(number(number(1469598103934665603u, w.times), w.crashes), w.billed), w.most);
    for (aigw_str rest = { w.disk, w.disk_n }; (n = aigw_ledger_read(rest, &record)) > 0; rest.p += n, rest.n -= (size_t)n)
        if (record.mark_nusd > mark) mark = record.mark_nusd;
    h = number(mix(h, log.p, log.n), mark);                    /* the highest on disk is what counts */
    for (uint32_t i = 0; i < w.hub.counters.n; i++) {
        const aigw_store_slot *s = &w.hub.counters.slots[i];
        if (!s->used) continue;
        h = number(number(h, i), s->kind);
        if (s->kind == AIGW_COUNTER_GAUGE) h = number(h, s->of.gauge.held);
        else {
            h = number(number(number(h, s->of.money.budget.spent_nusd), s->of.money.budget.reserved_nusd), s->of.money.budget.running);
            h = number(number(h, s->of.money.lease.durable_nusd), s->of.money.lease.asked_nusd);
        }
    }
    for (int i = 0; i < TARGETS; i++) {
        const aigw_breaker b = breaker(i);
        h = number(number(number(number(h, b.open), b.opened), b.good), b.probing);
        h = number(number(number(h, (int64_t)b.until_ns), b.generation), b.row);
    }
    for (int i = 0; i < REQUESTS; i++) {
        const request *r = &w.r[i];
        h = number(number(number(number(h, r->state), r->target), r->tries), r->passed);
        h = number(number(number(h, r->pass.pass.generation), r->pass.pass.probe), r->billed);
        for (int c = 0; c < r->account.held.n; c++)
            h = number(number(number(h, r->account.held.what[c]), r->account.held.counter[c].amount), r->account.held.counter[c].used);
    }
    return h | 1;
}

/* event e: for request e / 8 - NEW begins, WAITS goes on, ASKED is answered so; or (24 on) sync, time, crash. 0: it cannot be now. */
enum { SYNC = REQUESTS * 8, TIME, CRASH, CRASH_SYNCED, EVENTS };
static int happens(int e) {
    aigw_breaker before[TARGETS];
    const int outcome = e % 8;
    request *r = &w.r[e / 8 % REQUESTS];
    int event = OUTCOMES;
    for (int i = 0; i < TARGETS; i++) before[i] = breaker(i);
    if (e < SYNC) {
        if (r->state == NEW && outcome == 0 && (r == w.r || r[-1].state != NEW)) go_on(r);      /* all are alike: they come in order */
        else if (r->state == WAITS && outcome == 0 && !aigw_store_log(&w.hub.counters).n) go_on(r);
        else if (r->state == ASKED && outcome < OUTCOMES) answer(r, event = outcome);
        else return 0;
    } else if (e == SYNC) {
        if (!aigw_store_log(&w.hub.counters).n) return 0;
        synced();
    } else if (e == TIME) {
        if (!w.times) return 0;
        w.times--;
        w.ns += UINT64_C(6000000000);
        aigw_hub_tick(&w.hub, now_());
    } else {
        if (!w.crashes) return 0;
        w.crashes--;
        crash(e == CRASH_SYNCED);
    }
    laws(before, event, e >= CRASH);
    return 1;
}
static uint64_t walk(int depth) {
    small *before = (small *)malloc(sizeof *before);
    const uint64_t hash = hash_of();
    uint64_t at = hash % T_COUNT(seen), paths = 0;
    for (; seen[at].hash; at = (at + 1) % T_COUNT(seen))
        if (seen[at].hash == hash) {
            free(before);
            return seen[at].paths;
        }
    if (!t_ok("states", ++states < T_COUNT(seen) / 2) || !t_ok("depth", depth < 64)) exit(1);
    memcpy(before, &w, sizeof w);
    for (int e = 0; e < EVENTS && t_.bad < 5; e++) {
        if (!happens(e)) continue;
        if (t_.bad) printf("  event %d at depth %d\n", e, depth);
        paths += walk(depth + 1);
        memcpy(&w, before, sizeof w);
    }
    free(before);
    if (!paths) paths = 1;                                     /* the end of one */
    for (at = hash % T_COUNT(seen); seen[at].hash; at = (at + 1) % T_COUNT(seen)) {}
    seen[at].hash = hash;
    seen[at].paths = paths;
    return paths;
}

static void begin(int ledger) {
    static const char json[] =
        "{\"providers\":{\"pa\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test\",\"key\":\"sk-a\"},"
        "\"pb\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://b.test\",\"key\":\"sk-b\"}},"
        "\"models\":{\"a\":{\"provider\":\"pa\",\"id\":\"a\"},\"b\":{\"provider\":\"pb\",\"id\":\"b\"}},"
        "\"limits\":[{\"by\":[\"model\"],\"concurrent\":3}],"
        "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.00001\",\"per\":\"total\"}]}";
    static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
    static const char *const names[TARGETS] = { "a", "b" };
    static char memory[32768];
    const aigw_registry_route *route;
    memset(&k, 0, sizeof k);
    memset(&w, 0, sizeof w);
    memset(seen, 0, sizeof seen);
    states = 0;
    k.mem = aigw_base_arena(memory, sizeof memory);
    aigw_registry_init(&k.registry, dialects, T_COUNT(dialects), &k.mem);
    t_int("configuration", aigw_registry_read(&k.registry, aigw_base_str(json), NULL), 0);
    t_int("cap", k.registry.budgets->cap_nusd, CAP);
    for (int i = 0; i < TARGETS; i++) {
        t_int("target", aigw_registry_find(&k.registry, aigw_base_str(names[i]), NULL, &k.candidate[i].pick, 1, &route), 1);
        k.candidate[i].bound_nusd = bound[i];
    }
    k.facts.who.dim[AIGW_DIM_TENANT] = aigw_base_str("t");
    k.cfg.slab[0].bytes = 16, k.cfg.slab[0].count = 1;
    k.cfg.names = 4;
    k.cfg.counters = 8;
    k.cfg.seed = 7;
    k.cfg.ledger_bytes = ledger ? 4096 : 0;
    k.cfg.breaker.consecutive = 1;
    k.cfg.breaker.successes = 1;
    k.cfg.breaker.open_max_ms = 5000;
    w.ns = UINT64_C(1000000000);
    w.times = ledger ? 0 : 2;                                  /* with both there are 392 million orders */
    w.crashes = ledger;
    hub();
}

static void walk_all(int ledger) {
    uint64_t paths;
    begin(ledger);
    paths = walk(0);
    printf("small: %s: %llu orders over %llu states\n", ledger ? "a ledger and a crash" : "circuits and time", (unsigned long long)paths, (unsigned long long)states);
    t_ok("many", paths > 10000 && states > 100);
}
T(every_order) {
    walk_all(0);
    t_ok("circuits opened, were probed and closed", opened > 100 && probes > 100 && closed > 100);
}
T(every_order_with_a_ledger_and_a_crash) {
    walk_all(1);
    t_ok("some waited for the disk", waited > 100);
}

int main(void) {
    T_RUN(every_order);
    T_RUN(every_order_with_a_ledger_and_a_crash);
    return t_end();
}
