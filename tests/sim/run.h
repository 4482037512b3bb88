/* SPDX-License-Identifier: MIT OR Unlicense */
/* run.h: one seed from its plan to its end: the registry and its versions, clocks that step, the loop, and what must hold when all is over. */
#ifndef SIM_RUN_H
#define SIM_RUN_H
#include "probe.h"
#ifdef SIM_POLICY
#  define SIM_PRICE ",\"price\":{\"input\":\"1000\",\"output\":\"1000\"},\"max_output\":400,\"context\":100000"
#  define SIM_TENANTS ",\"budgets\":[{\"by\":[\"tenant\"],\"when\":{\"tenant\":\"t3\"},\"usd\":\"4.00\",\"soft\":1,\"max_output\":50}]"
#  define SIM_CACHED ",\"cached\":{\"models\":[\"m-oa\",\"m-an\",\"m-co\"],\"cache\":{\"when\":\"always\",\"ttl_s\":2,\"stale_s\":60}}"
#else
#  define SIM_CACHED ""
#  define SIM_PRICE ""
#  define SIM_TENANTS ""
#endif

enum { SIM_GRACE_S = 320, SIM_PROBES = 16, SIM_REGISTRY_BYTES = 65536, SIM_REGISTRY_TEXT = 8192, SIM_SLAB = 16384, SIM_LARGE = 65536, SIM_HUB_BYTES = 40 << 20 };      /* GRACE: as long as a circuit may be open */

static void run_end_leak(sim *s) {
    unsigned linked = 0;
    for (int i = 0; i < AIGW_HUB_SLABS; i++) sim_must(s, I_LEAK, !s->hub.slab[i].in_use, "%u slabs of class %d are out", (unsigned)s->hub.slab[i].in_use, i);
    sim_must(s, I_LEAK, !s->hub.running && !s->hub.slot[0].users && !s->hub.slot[1].users, "%u requests are running", (unsigned)s->hub.running);
    for (const aigw_hub_job *job = s->hub.jobs.next; job != &s->hub.jobs; job = job->next) linked += !job->run;          /* without the hub's own */
    sim_must(s, I_LEAK, !linked && !s->hub.ready && !s->hub.waiting, "%u exchanges are linked", linked);
}
static void run_end_progress(sim *s) { sim_must(s, I_PROGRESS, !s->live, "%u clients wait for ever", (unsigned)s->live); }
static const sim_plug sim_plugs[] = {
    { I_LEAK, NULL, run_end_leak },
    { I_PROGRESS, NULL, run_end_progress }
};
/* A plug's turn (or its end) for each of a list. */
static void run_plugs(sim *s, const sim_plug *p, size_t n, int end) {
    for (; n--; p++) {
        if (end && p->end) p->end(s);
        if (!end && p->turn) p->turn(s);
    }
}
static void run_all_plugs(sim *s, int end) {
    run_plugs(s, sim_plugs, sizeof sim_plugs / sizeof sim_plugs[0], end);
#ifdef SIM_POLICY
    run_plugs(s, policy_plugs, sizeof policy_plugs / sizeof policy_plugs[0], end);
    if (s->plan.ledger) policy_turn_disk(s);
#endif
}

/* ---- the registry, in versions ---- */

static void run_load(sim *s, unsigned v) {
    static const char format[] =
        "{\"providers\":{"
        "\"oa\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://oa.test/v1\",\"key\":\"sk-oa.v%u\",%s},"
        "\"an\":{\"dialect\":\"anthropic\",\"base_url\":\"http://an.test\",\"key\":\"sk-an.v%u\",%s},"
        "\"ge\":{\"dialect\":\"gemini\",\"base_url\":\"http://ge.test\",\"key\":\"sk-ge.v%u\",%s},"
        "\"ob\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://ob.test/v1\",\"key\":\"sk-ob.v%u\",%s},"
        "\"ol\":{\"dialect\":\"ollama\",\"base_url\":\"http://ol.test\",\"key\":\"sk-ol.v%u\",%s},"
        "\"co\":{\"dialect\":\"cohere\",\"base_url\":\"http://co.test\",\"key\":\"sk-co.v%u\",%s}},"
        "\"models\":{\"m-oa\":{\"provider\":\"oa\",\"id\":\"x-oa.v%u\"" SIM_PRICE "},\"m-an\":{\"provider\":\"an\",\"id\":\"x-an.v%u\"" SIM_PRICE "},"
        "\"m-ge\":{\"provider\":\"ge\",\"id\":\"x-ge.v%u\"" SIM_PRICE "},\"m-ob\":{\"provider\":\"ob\",\"id\":\"x-ob.v%u\"" SIM_PRICE "},"
        "\"m-ol\":{\"provider\":\"ol\",\"id\":\"x-ol.v%u\"" SIM_PRICE "},\"m-co\":{\"provider\":\"co\",\"id\":\"x-co.v%u\"" SIM_PRICE "}},"
        "\"routes\":{\"any\":{\"models\":[\"m-oa\",\"m-an\",\"m-ge\"]},\"pair\":{\"models\":[\"m-oa\",\"m-ob\"]},"
        "\"mix\":{\"models\":[\"m-co\",\"m-ol\",\"m-an\",\"m-ge\"],\"attempts\":4},\"back\":{\"models\":[\"m-ge\",\"m-ol\"]},"
        "\"hedged\":{\"models\":[\"m-oa\",\"m-ob\"],\"hedge\":\"p97\"}" SIM_CACHED "}" SIM_TENANTS "}";
#define SIM_TIMES "\"connect_ms\":1000,\"first_byte_ms\":3000,\"idle_ms\":2000,\"total_ms\":4000"
    static const char times[] = SIM_TIMES, probed_times[] = SIM_TIMES PROBE_ENTRY,
                      long_times[] = "\"connect_ms\":1000,\"first_byte_ms\":60000,\"idle_ms\":60000,\"total_ms\":60000";
    static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
    const char *t = s->plan.scene ? long_times : s->plan.probes ? probed_times : times;
    char *text = s->registry_mem[v];
    const int n = snprintf(text, SIM_REGISTRY_TEXT, format, v, t, v, t, v, t, v, t, v, t, v, t, v, v, v, v, v, v);
    aigw_arena mem = aigw_base_arena(text + SIM_REGISTRY_TEXT, SIM_REGISTRY_BYTES - SIM_REGISTRY_TEXT);
    aigw_arena *kept = (aigw_arena *)aigw_base_take(&mem, 1, sizeof mem, sizeof(void *));
    aigw_registry_faults faults;
    aigw_fault fault[4];
    aigw_str json;
    memset(&faults, 0, sizeof faults);
    faults.items = fault, faults.cap = 4;
    *kept = mem;
    if (n < 0 || n >= SIM_REGISTRY_TEXT) { printf("the simulator's registry is too long\n"); abort(); }
    json.p = text, json.n = (size_t)n;
    aigw_registry_init(&s->registry[v], dialects, sizeof dialects / sizeof dialects[0], kept);
    if (aigw_registry_read(&s->registry[v], json, &faults)) { printf("the simulator's registry is wrong at %lu: %s\n", (unsigned long)fault[0].at, fault[0].text); abort(); }
    s->registry_live[v] = 1;
}
/* What no request uses any more is overwritten, so that whoever still looks at it is found out. */
static void run_forget(sim *s) {
    for (unsigned v = 0; v < SIM_REGISTRIES; v++) {
        if (!s->registry_live[v] || aigw_hub_holds(&s->hub, &s->registry[v])) continue;
        s->registry_live[v] = 0;
        memset(s->registry_mem[v], 0xA5, 16384);
        memset(&s->registry[v], 0xA5, sizeof s->registry[v]);
    }
}
static void run_swap(sim *s) {
    unsigned v = 0, held = 0;
    int r;
    run_forget(s);
    while (v < SIM_REGISTRIES && s->registry_live[v]) v++;
    for (unsigned i = 0; i < SIM_REGISTRIES; i++) held += s->registry_live[i] != 0;
    sim_must(s, I_REGISTRY, v < SIM_REGISTRIES, "more registries are in use than there are slots");
    if (v == SIM_REGISTRIES) return;
    run_load(s, v);
    aigw_hub_tick(&s->hub, sim_now(s));                        /* as a server does in every turn: what it wakes begins now */
    r = aigw_hub_swap(&s->hub, &s->registry[v]);
    sim_must(s, I_REGISTRY, r == AIGW_OK || held == 2, "swap says %d with %u in use", r, held);
    sim_say(s, "registry: version %u%s", v, r ? " has to wait" : "");
    if (!r) sim_fault_all(s, F_SWAP);
    if (!r && s->swapped) s->swapped(s);
    run_forget(s);
}
static void run_clock(sim *s) {
    const uint32_t kind = sim_below(s, 3);
    if (s->stopped) return;
    if (kind == 0) s->mono_off -= (int64_t)sim_upto(s, 5 * SIM_S);
    else if (kind == 1) s->mono_off += (int64_t)sim_upto(s, sim_often(s, 500) ? 2 * SIM_S : 100 * SIM_S);
    else {
        s->wall_unknown = (uint8_t)sim_often(s, 200);
        s->wall_off = (int64_t)sim_below(s, 63072000) - 31536000;
    }
    sim_say(s, "clock: mono %+.3f s, wall %+lld s", (double)s->mono_off / 1e9 - 1000, (long long)s->wall_off);
    sim_fault_all(s, kind == 0 ? F_MONO_BACK : kind == 1 ? F_MONO_JUMP : F_WALL);
}

/* ---- the plan ---- */

static void run_plan(sim *s) {
    static const uint32_t levels[] = { 0, 20, 100, 300, 800 };
    sim_plan *p = &s->plan;
    const uint32_t manner = sim_below(s, 8), busy = sim_below(s, 4);
    memset(p, 0, sizeof *p);
    p->clean = manner == 0;
    p->ledger = (uint8_t)sim_below(s, 2);
    p->store = (uint8_t)(!p->ledger && !p->clean && sim_below(s, 2));
    p->clients = 1 + sim_below(s, busy == 0 ? 4 : busy == 1 ? SIM_CLIENTS : 48);
    p->requests = 200 + sim_below(s, 800);
    p->slabs = 6 * SIM_CLIENTS;
    p->large = 16;
    p->arrive = sim_upto(s, 5 * SIM_S);
    p->think = sim_upto(s, sim_often(s, 500) ? 10 * SIM_MS : 300 * SIM_MS);
    p->gap = sim_upto(s, 30 * SIM_MS);
    p->probes = s->seed % 5 == 1;                              /* not by chance: seeds that tests name stay what they are */
    if (p->clean) return;
    for (int i = 0; i < SIM_PROVIDERS; i++) p->per_mille[i] = manner < 4 ? 20 : levels[sim_below(s, 5)];
    p->gone = manner & 1 ? sim_below(s, 100) : 10;
    p->slow = manner & 2 ? sim_below(s, 200) : 20;
    p->stall = sim_below(s, 10);
    p->split = sim_below(s, 300);
    p->clock = sim_often(s, 400) ? sim_below(s, 8) : 0;
    p->swap = sim_often(s, 500) ? sim_below(s, 20) : 0;
    p->calls = sim_often(s, 500) ? sim_below(s, 40) : 0;
    if (sim_often(s, 150)) p->slabs = 8 + sim_below(s, 40), p->large = sim_below(s, 3);
}

/* ---- the loop ---- */

static void run_ready(sim *s) {
    sim_client *c;
    for (;;) {
#ifdef SIM_POLICY
        policy_before(s);
#endif
        if ((c = (sim_client *)aigw_hub_ready(&s->hub)) == NULL) break;
        cl_pump(c);                                            /* the exchange stands first in it */
    }
}
static void run_event(sim *s) {
    const sim_event ev = sim_pop(s);
    s->t = ev.at;
    s->sums->events++;
    sim_mix(s, ev.at * 31 + (unsigned)ev.kind * 7 + ev.who);
    switch (ev.kind) {
    case EV_CONNECTED: case EV_BYTES: case EV_IDLE_END:
        if (net_event(s, &ev)) probe_or_client(s, p_client(s, &s->conn[ev.who]));
        break;
    case EV_CLOCK: run_clock(s); break;
    case EV_SWAP:  run_swap(s); break;
#ifdef SIM_POLICY
    case EV_DISK:  policy_synced(s); break;
    case EV_STORE: store_answer(s, ev.who); break;
    case EV_OPERATOR: policy_operator(s, ev.who); break;
#endif
    case EV_PROBES: probe_event(s, &ev); break;
    case EV_SCENE: s->scene(s, &ev); break;
    default:
        if (ev.who == SIM_PROBER) probe_or_client(s, &s->client[SIM_PROBER]);
        else cl_event(s, &ev);
    }
}
/* When the hub wants to be asked, in the world's own time. */
static uint64_t run_due(const sim *s) {
    const uint64_t due = aigw_hub_deadline(&s->hub);
    if (due == AIGW_NEVER) return due;
    return (int64_t)due > s->mono_off + (int64_t)s->t ? (uint64_t)((int64_t)due - s->mono_off) : s->t;
}
/* Until nothing happens before that time any more. */
static void run_until(sim *s, uint64_t end) {
    for (uint64_t n = 1; !s->failed || n < 2000000; n++) {
        const uint64_t due = run_due(s);
        if ((!s->heap_n || s->heap[0].at >= end) && due >= end) return;
        if (s->heap_n && s->heap[0].at <= due) run_event(s);
        else {
            s->spin = s->spin_t == due ? s->spin + 1 : 0;
            s->spin_t = s->t = due;
            sim_must(s, I_PROGRESS, s->spin < 5000, "the hub's deadline stays where it is");
            if (s->spin >= 5000) return;
            aigw_hub_tick(&s->hub, sim_now(s));
        }
        run_ready(s);
        run_all_plugs(s, 0);
    }
}
static void run_loop(sim *s) { run_until(s, AIGW_NEVER); }

/* ---- a seed ---- */

/* The parts that every seed uses again. */
static sim *run_new(void) {
    sim *s = (sim *)calloc(1, sizeof *s);
    s->heap = (sim_event *)calloc(SIM_HEAP, sizeof *s->heap);
    s->client = (sim_client *)calloc(SIM_CLIENTS + 1, sizeof *s->client);
    s->conn = (sim_conn *)calloc(SIM_CONNS, sizeof *s->conn);
    s->said = (sim_said *)calloc(SIM_SERIALS, sizeof *s->said);
    s->disk = (char *)malloc(SIM_DISK);
#ifdef SIM_POLICY
    s->store = (struct sim_store *)malloc(sizeof *s->store);
#endif
    s->hub_mem = (char *)malloc(SIM_HUB_BYTES);
    for (int i = 0; i < SIM_REGISTRIES; i++) s->registry_mem[i] = (char *)malloc(SIM_REGISTRY_BYTES);
    return s;
}
static void run_delete(sim *s) {
    for (int i = 0; i < SIM_REGISTRIES; i++) free(s->registry_mem[i]);
    free(s->hub_mem), free(s->said), free(s->disk), free(s->store), free(s->conn), free(s->client), free(s->heap), free(s);
}
/* Everything as it was at the beginning of time; the plan is drawn next. */
static void run_reset(sim *s, uint64_t seed, sim_sums *sums) {
    s->seed = seed;
    s->random = seed * UINT64_C(0xD1342543DE82EF95) + 1;
    s->hash = s->t = s->order = 0;
    s->spin = 0, s->spin_t = 0;
    s->mono_off = (int64_t)(1000 * SIM_S);
    s->wall_off = 0;
    s->wall_unknown = s->stopped = s->failed = 0;
    s->ids = s->serials = s->live = 0;
    s->heap_n = 0;
    s->sums = sums;
    s->conn_free = -1;
    for (int i = SIM_CONNS; i--; ) {
        s->conn[i].gen = 0;
        s->conn[i].state = C_FREE;
        s->conn[i].next = s->conn_free;
        s->conn_free = i;
    }
    for (int i = 0; i < SIM_PROVIDERS; i++) s->idle[i] = -1, s->idle_n[i] = 0, s->dead[i] = 0;
    for (int i = 0; i <= SIM_PROBER; i++) s->client[i].s = s, s->client[i].gen = 0, s->client[i].live = 0;
    for (int k = 0; k < AIGW_EXCHANGE_CONNS; k++) s->client[SIM_PROBER].up[k] = -1;
    memset(&s->probes, 0, sizeof s->probes);
    memset(s->spared, 0, sizeof s->spared);
    memset(s->refused, 0, sizeof s->refused);
    for (int i = 0; i < SIM_REGISTRIES; i++) s->registry_live[i] = 0;
    memset(s->probing, 0, sizeof s->probing);
    memset(s->target, 0, sizeof s->target);
    memset(s->slot, 0, sizeof s->slot);
    s->asked_t3 = 0;
    s->put = s->put_cap[0] = s->put_cap[1] = s->before = 0;
    memset(s->operators, 0, sizeof s->operators);
    memset(s->circuit, 0, sizeof s->circuit);
    s->bill = s->most_held = s->worst = 0;
    s->disk_n = s->disk_synced = s->disk_full = 0;
    s->hint_s = 0;
    s->as_tenant = s->as_batch = 0;
#ifdef SIM_POLICY
    s->asked = policy_asked, s->opened = policy_opened, s->closed = policy_closed, s->swapped = policy_swapped;
#endif
    s->scene = NULL, s->answered = NULL, s->pace = NULL, s->sent_at = s->tried_at = NULL;
}
static void run_begin(sim *s) {
    aigw_hub_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.slab[0].bytes = SIM_SLAB, cfg.slab[0].count = s->plan.slabs;
    cfg.slab[1].bytes = SIM_LARGE, cfg.slab[1].count = s->plan.large;
    cfg.seed = s->seed;
#ifdef SIM_POLICY
    if (s->plan.ledger) cfg.ledger_bytes = 4096;
    cfg.cache_bytes = 1 << 17;
    cfg.queue.slots = s->plan.slots;
    if (s->plan.store) {
        store_reset(s);
        cfg.store.submit = store_submit, cfg.store.user = s;
    }
#endif
    if (aigw_hub_init(&s->hub, &cfg, s->hub_mem, SIM_HUB_BYTES)) { printf("no memory for the hub\n"); abort(); }
    run_load(s, 0);
    (void)aigw_hub_swap(&s->hub, &s->registry[0]);
    s->left = s->plan.requests;
    for (uint32_t i = 0; i < s->plan.clients; i++) sim_at(s, sim_upto(s, s->plan.arrive), EV_OPEN, i, 0);
    for (uint32_t i = 0; i < s->plan.clock; i++) sim_at(s, sim_upto(s, s->plan.arrive * 2), EV_CLOCK, 0, 0);
#ifdef SIM_POLICY
    for (uint32_t i = 0; i < s->plan.calls; i++) sim_at(s, sim_upto(s, s->plan.arrive * 2), EV_OPERATOR, sim_below(s, SIM_OPERATORS), 0);
#endif
    if (s->plan.probes) {
        sim_at(s, 0, EV_PROBES, PROBE_BEGIN, 0);
        sim_at(s, s->plan.arrive + sim_upto(s, 30 * SIM_S), EV_PROBES, PROBE_END, 0);          /* the part ends when nothing is to happen any more */
    }
    for (uint32_t i = 0; i < s->plan.swap; i++) sim_at(s, sim_upto(s, s->plan.arrive * 2), EV_SWAP, 0, 0);
}
static void run_end(sim *s) {
    run_all_plugs(s, 1);
    for (int i = 0; i < SIM_CLIENTS; i++)
        if (s->client[i].live) s->client[i].leaving = 1, cl_over(&s->client[i]);
    s->sums->virtual_ns += s->t;
    sim_mix(s, s->t);
    sim_mix(s, s->ids);
}
/* Run one seed; returns its hash. s->failed says whether something did not hold. */
static uint64_t run_seed(sim *s, uint64_t seed, sim_sums *sums) {
    uint64_t grace;
    run_reset(s, seed, sums);
    run_plan(s);
    run_begin(s);
    run_loop(s);
    run_end_progress(s);
    s->stopped = 1;                                            /* nothing goes wrong any more: everybody is served */
    s->left = 0;
    grace = (SIM_GRACE_S + s->hint_s) * SIM_S;                 /* what providers asked for is waited for, too */
    if (s->plan.probes) {
        sim_at(s, s->t + grace - 20 * SIM_S, EV_PROBES, PROBE_BEGIN, 0);
        sim_at(s, s->t + grace - 1, EV_PROBES, PROBE_LOOK, 0);
        sim_at(s, s->t + grace + 20 * SIM_S, EV_PROBES, PROBE_END, 0);
    }
    for (uint32_t i = 0; i < SIM_PROBES; i++) sim_at(s, s->t + grace + i * 300 * SIM_MS, EV_OPEN, i, 0);
    run_loop(s);
    run_end(s);
    return s->hash;
}
#endif
