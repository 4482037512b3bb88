/* SPDX-License-Identifier: MIT OR Unlicense */
/* policy.h: what must hold of the policies, seen from outside: circuits, money, and the ledger's disk. Each check is a line of policy_plugs; run.h calls them.
 * Who pays is told to the exchange by cl_admit: tenant t3 has a budget, all others have none. What a provider bills is counted here, at the moment when it begins to answer. */
#ifndef SIM_POLICY_H
#define SIM_POLICY_H
#include "store.h"

#define POLICY_COUNTER "usd.total|tenant=t3"
#define POLICY_CAP     INT64_C(4000000000)     /* nano-dollars: "4.00" in the registry */
#define POLICY_TOKEN   INT64_C(1000000)        /* 1,000 USD per million */

/* ---- circuits */

/* The state of a target's circuit, whose name is "m-" and the provider's. */
static uint8_t policy_circuit(sim *s, unsigned provider) {
    const aigw_hub_name *n = (const aigw_hub_name *)s->target[provider];
    char text[] = "m-oa";
    aigw_str name;
    memcpy(text + 2, sim_providers[provider].name, 2);
    name.p = text, name.n = 4;
    if (!n || n->kind != AIGW_NAME_TARGET || n->name_n != 4 || memcmp(n->name, text, 4))          /* its place is kept, and looked at again: this is asked at every event */
        s->target[provider] = n = aigw_hub_name_of(&s->hub, sim_now(s), AIGW_NAME_TARGET, name, 0);
    return n ? (uint8_t)aigw_breaker_look(&n->breaker, &s->hub.cfg.breaker, sim_now(s), NULL) : (uint8_t)AIGW_BREAKER_CLOSED;
}
/* A stream that the client has the beginning of is a probe no more. */
static void policy_begun(sim *s, unsigned provider) {
    for (unsigned i = 0; i < s->plan.clients; i++) {
        sim_client *c = &s->client[i];
        for (int k = 0; k < AIGW_EXCHANGE_CONNS; k++) {
            sim_conn *u = c->up[k] >= 0 ? &s->conn[c->up[k]] : NULL;
            if (!u || !u->probe || u->provider != provider || !c->x.committed || !c->x.stream) continue;
            u->probe = 0;
            s->probing[provider]--;
        }
    }
}
/* A connection is opened: not while the circuit is open, and only one while it is half open (where a clock jumps, a probe may be forgotten before it ends). */
static void policy_opened(sim *s, sim_conn *u) {
    const uint8_t state = policy_circuit(s, u->provider);
    sim_must(s, I_BREAKER, state != AIGW_BREAKER_OPEN, "%s is asked while its circuit is open", sim_providers[u->provider].name);
    u->probe = state != AIGW_BREAKER_CLOSED;
    if (!u->probe) return;
    if (s->probing[u->provider]) policy_begun(s, u->provider);
    sim_must(s, I_BREAKER, !s->probing[u->provider] || s->plan.clock, "%s is probed twice at once", sim_providers[u->provider].name);
    s->probing[u->provider]++;
}
/* Each version of the registry has keys of its own, and what was learnt with others is forgotten: a circuit is closed, and what is under way probes nothing. */
static void policy_swapped(sim *s) {
    for (unsigned i = 0; i < SIM_CONNS; i++) s->conn[i].probe = 0;
    for (unsigned i = 0; i < SIM_PROVIDERS; i++) {
        s->probing[i] = 0;
        s->circuit[i] = policy_circuit(s, i);
        sim_must(s, I_BREAKER, s->circuit[i] == AIGW_BREAKER_CLOSED, "the circuit of %s, whose key is another now, is %s", sim_providers[i].name, aigw_breaker_name(s->circuit[i]));
    }
}
static void policy_turn_breaker(sim *s) {
    /* from: to, within one event. Closed to half open goes through open, when all of a route are; two probes that close it are two events */
    static const uint8_t legal[3] = { 7, 1 << AIGW_BREAKER_OPEN | 1 << AIGW_BREAKER_HALF_OPEN, 7 };
    for (unsigned i = 0; i < SIM_PROVIDERS; i++) {
        const uint8_t state = policy_circuit(s, i);
        if (state == s->circuit[i]) continue;
        sim_say(s, "circuit of %s: %s, then %s", sim_providers[i].name, aigw_breaker_name(s->circuit[i]), aigw_breaker_name(state));
        sim_must(s, I_BREAKER, state < 3 && legal[s->circuit[i]] >> state & 1, "the circuit of %s went from %s to %s", sim_providers[i].name, aigw_breaker_name(s->circuit[i]), aigw_breaker_name(state));
        s->circuit[i] = state;
    }
}

/* ---- money */

/* A request is written, of so many bytes: it cannot come to more than these and 400 tokens. */
static void policy_asked(sim *s, const sim_client *c, size_t n) {
    const int64_t most = ((int64_t)n + 400) * POLICY_TOKEN;
    if (c->tenant != 3) return;
    s->asked_t3 = 1;
    if (most > s->worst) s->worst = most;
}
/* A connection's answer is over: 9 tokens of input, and of output 5, or of a stream that was cut 1 and one for each piece that had left the provider, up to 5. A whole answer is thought of before it
   begins. Errors cost nothing. */
static void policy_billed(sim *s, const sim_conn *u) {
    int64_t out = 1;
    if (p_client(s, u)->tenant != 3 || !u->answered || !u->n || s->said[u->serial].never) return;
    for (size_t i = u->head_n; i < u->avail && out < 5; i++) out += u->ans[i] == ';';
    s->bill += (9 + (u->whole || u->avail == u->n ? 5 : out)) * POLICY_TOKEN;
}
static void policy_closed(sim *s, sim_conn *u) {
    policy_billed(s, u);
    if (u->probe) s->probing[u->provider]--;
    u->probe = 0;
}
/* The counter of t3, in the hub's memory (0) or in the store (1). */
static const aigw_budget *policy_budget(sim *s, int elsewhere) {
    const aigw_store_slot *slot = (const aigw_store_slot *)s->slot[elsewhere];
    if (elsewhere && !s->plan.store) return NULL;
    if (!slot || slot->key_n != sizeof POLICY_COUNTER - 1 || memcmp(slot->key, POLICY_COUNTER, sizeof POLICY_COUNTER - 1)) {
        if (!s->asked_t3) return NULL;                         /* nobody has asked yet who would make it */
        s->slot[elsewhere] = slot = aigw_store_slot_of(elsewhere ? &s->store->memory : &s->hub.counters, aigw_base_str(POLICY_COUNTER));
    }
    return slot ? &slot->of.money.budget : NULL;
}
/* What an operator's raise has a mark written for, though it may not be done in the end. */
static void policy_asked_by_hand(sim *s) {
    const aigw_budget *b = policy_budget(s, 0);
    for (int i = 0; i < SIM_OPERATORS && s->plan.ledger; i++) {
        const sim_operator *o = &s->operators[i];
        const int64_t asked = o->c.used + (b ? b->reserved_nusd : 0);
        if (o->under_way && o->call.op.verb == AIGW_STORE_PUT && asked > s->most_held) s->most_held = asked;
    }
}
/* Before the hub may do what an operator has asked for. */
static void policy_before(sim *s) {
    const aigw_budget *b = policy_budget(s, 0);
    s->before = b ? b->spent_nusd : 0;
}
static void policy_operator_done(void *user, int result) {
    sim_operator *o = (sim_operator *)user;
    sim *s = o->s;
    sim_must(s, I_MONEY, o->under_way, "an operator is answered twice");
    sim_must(s, I_MONEY, s->plan.clock || s->t <= o->since + 251 * SIM_MS, "an operator waits for %llu ms", (unsigned long long)((s->t - o->since) / SIM_MS));
    sim_must(s, I_MONEY, result == AIGW_OK || result == AIGW_E_IO, "an operator is answered %d", result);
    if (result == AIGW_OK && o->call.op.verb == AIGW_STORE_PUT && !s->plan.store) {
        sim_corrected(s, 0, s->before, &o->c);
        s->before = o->c.spent_nusd;
    }
    if (result == AIGW_OK && o->call.op.verb == AIGW_STORE_PUT) sim_must(s, I_MONEY, o->c.spent_nusd == o->c.used, "%lld was put, %lld is spent", (long long)o->c.used, (long long)o->c.spent_nusd);
    o->under_way = 0;
}
/* Somebody looks at t3's budget, or corrects it: to anything up to a quarter above its cap. */
static void policy_operator(sim *s, uint32_t i) {
    sim_operator *o = &s->operators[i];
    int r;
    aigw_hub_tick(&s->hub, sim_now(s));
    if (o->under_way) {
        if (!sim_often(s, 300)) return;
        aigw_hub_call_end(&o->call);
        o->under_way = 0;
        return;
    }
    memset(o, 0, sizeof *o);
    o->s = s;
    o->since = s->t;
    o->c.key = aigw_base_str(POLICY_COUNTER);
    o->c.tenant = aigw_base_str("t3");
    o->c.kind = AIGW_COUNTER_MONEY;
    o->c.money.cap_nusd = POLICY_CAP;
    o->c.money.period = AIGW_PERIOD_TOTAL;
    o->c.used = sim_often(s, 300) ? 0 : (int64_t)(sim_rand(s) % (uint64_t)(POLICY_CAP / 4 * 5));
    o->call.op.verb = sim_often(s, 500) ? AIGW_STORE_PUT : AIGW_STORE_GET;
    o->call.op.n = 1;
    o->call.op.counters = &o->c;
    o->call.done = policy_operator_done;
    o->call.user = o;
    o->under_way = 1;
    policy_asked_by_hand(s);
    policy_before(s);
    r = aigw_hub_call_begin(&s->hub, &o->call);
    sim_say(s, "an operator's %s of %lld: %d", store_verbs[o->call.op.verb], (long long)o->c.used, r);
    if (r != AIGW_AGAIN) policy_operator_done(o, r);
}
static void policy_turn_money(sim *s) {
    int64_t held = 0;
    policy_asked_by_hand(s);
    for (int i = 0; i < 2; i++) {
        const aigw_budget *b = policy_budget(s, i);
        if (!b) continue;
        sim_must(s, I_MONEY, b->spent_nusd + b->reserved_nusd <= (s->put_cap[i] > POLICY_CAP ? s->put_cap[i] : POLICY_CAP), "spent %lld + reserved %lld pass the cap", (long long)b->spent_nusd, (long long)b->reserved_nusd);
        held += b->spent_nusd + b->reserved_nusd;
    }
    if (held > s->most_held) s->most_held = held;
    sim_must(s, I_MONEY, held >= s->bill + s->put, "%lld are spent or reserved, %lld were billed, an operator made it %lld more", (long long)held, (long long)s->bill, (long long)s->put);
}
static void policy_end_money(sim *s) {
    for (int i = 0; i < SIM_OPERATORS; i++) sim_must(s, I_MONEY, !s->operators[i].under_way, "an operator waits for ever");
    for (int i = 0; i < 2; i++) {
        const aigw_budget *b = policy_budget(s, i);
        /* a clock that jumps a minute makes the hub forget what it asked the store for: the store's own lease must end that */
        if (i && s->plan.clock) continue;
        if (b) sim_must(s, I_MONEY, !b->reserved_nusd && !b->running, "at the end %lld are spent, %lld reserved by %u%s", (long long)b->spent_nusd, (long long)b->reserved_nusd, (unsigned)b->running,
                        i ? " in the store" : "");
    }
}

/* ---- the ledger's disk: [0, disk_synced) is safe, [disk_synced, disk_n) may be there in any part after a crash */

static void policy_turn_disk(sim *s) {
    const aigw_str log = aigw_store_log(&s->hub.counters);
    if (!log.n || s->disk_n > s->disk_synced) return;
    if (log.n > SIM_DISK - s->disk_n) { s->disk_full = 1; return; }
    memcpy(s->disk + s->disk_n, log.p, log.n);
    s->disk_n += log.n;
    sim_at(s, s->t + SIM_MS + sim_upto(s, 30 * SIM_MS), EV_DISK, 0, 0);
}
static void policy_synced(sim *s) {
    const size_t n = s->disk_n - s->disk_synced;
    s->disk_synced = s->disk_n;
    aigw_hub_logged(&s->hub, n);
}
/* The machine dies now: what is read after it has all that was billed, and not more than one lease too much. */
static void policy_crash(sim *s) {
    static char file[SIM_DISK];
    static aigw_store_slot slots[16];
    const uint8_t key[16] = { 7 };
    aigw_store_memory m;
    aigw_str all;
    const aigw_store_slot *slot;
    int64_t spent, lease = s->worst + POLICY_CAP / 100;
    if (!s->plan.ledger || s->disk_full) return;
    memcpy(file, s->disk, s->disk_n);
    all.p = file;
    all.n = s->disk_synced + sim_below(s, (uint32_t)(s->disk_n - s->disk_synced) + 1);
    if (all.n > s->disk_synced && sim_often(s, 500)) file[s->disk_synced + sim_below(s, (uint32_t)(all.n - s->disk_synced))] ^= (char)(1 + sim_below(s, 255));
    memset(slots, 0, sizeof slots);
    aigw_store_init(&m, slots, 16, key, NULL, 0);
    (void)aigw_store_replay(&m, sim_now(s), all);
    slot = aigw_store_slot_of(&m, aigw_base_str(POLICY_COUNTER));
    spent = slot ? slot->of.money.budget.spent_nusd : 0;
    sim_must(s, I_CRASH, spent >= s->bill + s->put, "after a crash %lld count as spent, %lld were billed", (long long)spent, (long long)s->bill);
    sim_must(s, I_CRASH, spent <= s->most_held + lease, "after a crash %lld count as spent, at most %lld were held at once", (long long)spent, (long long)s->most_held);
}
static void policy_turn_crash(sim *s) {
    if (sim_often(s, 20)) policy_crash(s);
}

/* ---- all of it */

static const sim_plug policy_plugs[] = {
    { I_BREAKER, policy_turn_breaker, NULL },
    { I_MONEY, policy_turn_money, policy_end_money },
    { I_CRASH, policy_turn_crash, policy_crash }
};
#endif
