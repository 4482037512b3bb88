/* SPDX-License-Identifier: MIT OR Unlicense */
/* store.h: counters kept elsewhere: a store that answers at once, later, too late, twice, never, or is gone for a while. What it does it does once: a SETTLE that comes again under its ticket is
 * known, as a real one must know it. */
#ifndef SIM_STORE_H
#define SIM_STORE_H
#include "client.h"

enum { STORE_PENDING = 512, STORE_SLOTS = 64, STORE_TICKETS = 1 << 16 };
typedef struct { uint64_t ticket; uint8_t verb, n, used; aigw_store_counter counter[AIGW_STORE_COUNTERS]; char text[AIGW_STORE_COUNTERS][2][AIGW_STORE_KEY]; } store_pending;
struct sim_store {
    aigw_store_memory memory;
    aigw_store_slot   slot[STORE_SLOTS];
    store_pending     pending[STORE_PENDING];
    uint64_t          settled[STORE_TICKETS];      /* tickets of SETTLEs that were done; 0: free */
    uint64_t          gone_until;
};

static void store_reset(sim *s) {
    const uint8_t key[16] = { 9 };
    memset(s->store, 0, sizeof *s->store);
    aigw_store_init(&s->store->memory, s->store->slot, STORE_SLOTS, key, NULL, 0);
}
static const char *const store_verbs[] = { "reserve", "settle", "get", "put" };
/* An operator has changed what is spent. */
static void sim_corrected(sim *s, int elsewhere, int64_t before, const aigw_store_counter *c) {
    s->asked_t3 = 1;
    s->put += c->spent_nusd - before;
    s->put_cap[elsewhere] = c->spent_nusd + c->reserved_nusd;
}
/* Do it, if it is not a SETTLE that was done before. */
static int store_do(sim *s, uint64_t ticket, aigw_now now, aigw_store_op *op) {
    size_t i = (size_t)(ticket * UINT64_C(0x9E3779B97F4A7C15) >> 48) % STORE_TICKETS;
    if (op->verb == AIGW_STORE_SETTLE) {
        while (s->store->settled[i] && s->store->settled[i] != ticket + 1) i = (i + 1) % STORE_TICKETS;
        if (s->store->settled[i]) return AIGW_OK;
        s->store->settled[i] = ticket + 1;
    }
    {
        const aigw_store_slot *slot = op->verb == AIGW_STORE_PUT ? aigw_store_slot_of(&s->store->memory, op->counters[0].key) : NULL;
        const int64_t before = slot ? slot->of.money.budget.spent_nusd : 0;
        const int r = aigw_store_submit(&s->store->memory, ticket, now, op);
        if (op->verb == AIGW_STORE_PUT && !r) sim_corrected(s, 1, before, &op->counters[0]);
        for (unsigned k = 0; k < op->n; k++)
            sim_say(s, "  store: ticket %llx %s %lld, used %lld%s: %d, spent %lld, reserved %lld", (unsigned long long)ticket, store_verbs[op->verb],
                    (long long)op->counters[k].amount, (long long)op->counters[k].used, op->counters[k].raise ? " (raise)" : "", r, (long long)op->counters[k].spent_nusd, (long long)op->counters[k].reserved_nusd);
        return r;
    }
}
static int store_submit(void *user, uint64_t ticket, aigw_now now, aigw_store_op *op) {
    sim *s = (sim *)user;
    const uint32_t way = sim_below(s, 1000);
    const int well = s->stopped || way < 300;
    uint32_t i = 0;
    if (s->stopped || s->t >= s->store->gone_until) s->store->gone_until = 0;
    if (s->store->gone_until) return AIGW_E_IO;
    if (well) return store_do(s, ticket, now, op);
    if (way > 995) s->store->gone_until = s->t + sim_upto(s, 500 * SIM_MS);
    if (way > 970) return AIGW_AGAIN;                          /* lost on its way */
    while (i < STORE_PENDING && s->store->pending[i].used) i++;
    if (i == STORE_PENDING) return AIGW_AGAIN;
    {
        store_pending *p = &s->store->pending[i];
        p->ticket = ticket, p->verb = op->verb, p->n = op->n;
        p->used = (uint8_t)(1 + sim_often(s, 50));             /* answered once, or twice */
        for (unsigned k = 0; k < op->n; k++) {
            aigw_store_counter *c = &p->counter[k];
            *c = op->counters[k];
            if (c->key.n) memcpy(p->text[k][0], c->key.p, c->key.n);
            if (c->tenant.n) memcpy(p->text[k][1], c->tenant.p, c->tenant.n < AIGW_STORE_KEY ? c->tenant.n : AIGW_STORE_KEY);
            c->key.p = p->text[k][0], c->tenant.p = p->text[k][1];
        }
        sim_at(s, s->t + sim_upto(s, sim_often(s, 50) ? 600 * SIM_MS : 20 * SIM_MS), EV_STORE, i, 0);
    }
    return AIGW_AGAIN;
}
static void store_answer(sim *s, uint32_t i) {
    store_pending *p = &s->store->pending[i];
    aigw_store_op op;
    int r;
    op.verb = p->verb, op.n = p->n, op.counters = p->counter;
    r = store_do(s, p->ticket, sim_now(s), &op);
    for (; p->used; p->used--) aigw_hub_store_done(&s->hub, p->ticket, r, p->counter, p->n);
}
#endif
