/* SPDX-License-Identifier: MIT OR Unlicense */
/* scene.h: what is not left to chance: a primary that dies with 200 in flight, a full outage, a provider with a slow tail. */
#ifndef SIM_SCENE_H
#define SIM_SCENE_H
#include "run.h"

enum { SCENE_NONE, SCENE_FAILOVER, SCENE_OUTAGE, SCENE_TAIL, SCENE_LOAD };
enum { SCENE_IN_FLIGHT = 200, SCENE_OUTAGE_N = 6000, SCENE_TAIL_N = 20000 };

static sim_plan scene_plan(int scene, unsigned name) {
    sim_plan p;
    memset(&p, 0, sizeof p);
    p.clients = SIM_CLIENTS;
    p.slabs = 6 * SIM_CLIENTS;
    p.large = 16;
    p.scene = (uint8_t)scene;
    p.route = (uint8_t)(name + 1);
    return p;
}
static void scene_begin(sim *s, uint64_t seed, sim_sums *sums, int scene, unsigned name) {
    run_reset(s, seed, sums);
    s->plan = scene_plan(scene, name);
    run_begin(s);
    s->heap_n = 0;                                             /* requests come as the scene says */
}
/* A free slot takes one request. */
static void scene_ask(sim *s) {
    for (uint32_t i = 0; i < SIM_CLIENTS; i++)
        if (!s->client[i].live) { s->left = 1; cl_open(s, i, 1); s->left = 0; return; }
    sim_violated(s, I_PROGRESS, "all %u clients of a scene wait", (unsigned)SIM_CLIENTS);
}

/* ---- the primary dies ---- */

static uint64_t scene_second(sim *s, unsigned provider) {
    (void)s, (void)provider;
    return SIM_S;
}
#ifdef SIM_POLICY
static uint64_t scene_second_about(sim *s, unsigned provider) {
    (void)provider;
    return SIM_S / 2 + sim_upto(s, SIM_S);                     /* far apart, so that slots do not become free together */
}
#endif
static void scene_die(sim *s, const sim_event *ev) {
    (void)ev;
    s->dead[0] = 1;
    for (uint32_t i = 0; i < SIM_CONNS; i++) {
        sim_conn *u = &s->conn[i];
        if (u->state != C_OPEN && u->state != C_IDLE) continue;
        if (u->provider || u->avail) continue;
        u->end = END_RESET;
        if (u->state == C_OPEN) cl_pump(p_client(s, u));
    }
}
static void scene_failover(sim *s, sim_sums *sums) {
    const uint64_t fine = sums->fine;
    uint64_t seed = 1;
    for (; seed <= 4; seed++) {
        scene_begin(s, seed, sums, SCENE_FAILOVER, CL_PAIR);
        s->pace = scene_second;
        s->scene = scene_die;
        for (int i = 0; i < SCENE_IN_FLIGHT; i++) scene_ask(s);
        sim_at(s, SIM_S / 2, EV_SCENE, 0, 0);
        run_loop(s);
        run_end(s);
    }
    sim_must(s, I_FAILOVER, sums->fine - fine == 4 * SCENE_IN_FLIGHT, "%llu of %u were answered", (unsigned long long)(sums->fine - fine), 4 * SCENE_IN_FLIGHT);
}

/* ---- nobody answers ---- */

static void scene_arrive(sim *s, const sim_event *ev) {
    if (ev->who) s->plan.per_mille[ev->gen] = 1000;
    else scene_ask(s);
}
static void scene_outage(sim *s, sim_sums *sums) {
    const uint64_t onset = 10 * SIM_S, step = SIM_S / 50;
    size_t a = 0, b = 0, ta = 0, tb = 0;
    scene_begin(s, 5, sums, SCENE_OUTAGE, CL_MIX);
    s->plan.think = 20 * SIM_MS;
    s->plan.no_hints = 1;
    s->plan.kinds = 1u << F_REFUSE | 1u << F_E5XX | 1u << F_E529 | 1u << F_RESET;
    s->scene = scene_arrive;
    s->sent_at = (uint64_t *)calloc(SCENE_OUTAGE_N * 8, sizeof *s->sent_at);
    s->tried_at = (uint64_t *)calloc(SCENE_OUTAGE_N * 8, sizeof *s->tried_at);
    s->sent_n = s->tried_n = 0;
    for (uint32_t i = 0; i < SCENE_OUTAGE_N; i++) sim_at(s, i * step, EV_SCENE, 0, 0);
    for (uint32_t i = 0; i < SIM_PROVIDERS; i++) sim_at(s, onset, EV_SCENE, 1, i);
    run_loop(s);
    run_end(s);
    for (; a < s->sent_n; a++) {                               /* every window that begins with a request, from 10 s after the onset */
        const uint64_t from = s->sent_at[a], to = from + 10 * SIM_S;
        if (from < onset + 10 * SIM_S) continue;
        while (b < s->sent_n && s->sent_at[b] < to) b++;
        while (ta < s->tried_n && s->tried_at[ta] < from) ta++;
        while (tb < s->tried_n && s->tried_at[tb] < to) tb++;
        if (b == s->sent_n || b - a < 100) continue;
        if ((tb - ta) * (sums->outage_requests ? sums->outage_requests : 1) < sums->outage_attempts * (b - a) && sums->outage_requests) continue;
        sums->outage_requests = b - a;
        sums->outage_attempts = tb - ta;
    }
    free(s->sent_at), free(s->tried_at);
    s->sent_at = s->tried_at = NULL;
    sim_must(s, I_OUTAGE, sums->outage_attempts * 100 <= sums->outage_requests * 110, "%llu attempts for %llu requests within 10 s", (unsigned long long)sums->outage_attempts,
             (unsigned long long)sums->outage_requests);
}

/* ---- a slow tail ---- */

typedef struct { uint64_t p50, p99, requests, attempts; } scene_tail_sums;
static uint64_t scene_tail_times[SCENE_TAIL_N];
static size_t scene_tail_n;
static uint64_t scene_tail_pace(sim *s, unsigned provider) {
    (void)provider;
    return sim_below(s, 100) < 3 ? 12 * SIM_S : SIM_S - 50 * SIM_MS + sim_upto(s, 100 * SIM_MS);
}
static void scene_tail_answered(sim *s, sim_client *c, sim_req *q) {
    if (c->tenant == 0 && scene_tail_n < SCENE_TAIL_N) scene_tail_times[scene_tail_n++] = s->t - q->t_sent;
}
static int scene_tail_order(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}
/* n requests (at most SCENE_TAIL_N), 40 a second, to a provider that takes 1 s usually and 12 s in 3 %. */
static scene_tail_sums scene_tail(sim *s, unsigned name, uint32_t n) {
    static sim_sums sums;
    scene_tail_sums r;
    memset(&sums, 0, sizeof sums);
    scene_begin(s, 9, &sums, SCENE_TAIL, name);
    scene_tail_n = 0;
    s->pace = scene_tail_pace;
    s->answered = scene_tail_answered;
    s->scene = scene_arrive;
    for (uint32_t i = 0; i < n; i += 500) {                    /* a part at a time: the heap is small */
        for (uint32_t k = 0; k < 500 && i + k < n; k++) sim_at(s, (i + k) * (SIM_S / 40), EV_SCENE, 0, 0);
        run_until(s, (i + 500) * (SIM_S / 40));
    }
    run_loop(s);
    run_end(s);
    qsort(scene_tail_times, scene_tail_n, sizeof *scene_tail_times, scene_tail_order);
    r.p50 = scene_tail_times[scene_tail_n / 2], r.p99 = scene_tail_times[scene_tail_n * 99 / 100];
    r.requests = sums.requests, r.attempts = sums.attempts;
    return r;
}

#ifdef SIM_POLICY
/* ---- one who asks for too much: tenant t1 has `crowd` requests under way at all times, until it has asked `all` */

enum { SCENE_CROWD = 200, SCENE_BACKLOG = 10000, SCENE_SLOTS = 64 };
static struct { uint32_t left, answered; } scene_crowd;
static void scene_load_event(sim *s, const sim_event *ev) {
    s->as_tenant = ev->who ? 1 : 0;
    s->as_batch = ev->who == 2;
    if (ev->who && !scene_crowd.left) return;
    if (ev->who) scene_crowd.left--;
    scene_ask(s);
}
static void scene_load_answered(sim *s, sim_client *c, sim_req *q) {
    if (c->tenant == 0) { scene_tail_answered(s, c, q); return; }
    scene_crowd.answered += q->outcome == O_FINE;
    sim_at(s, s->t + SIM_MS, EV_SCENE, c->batch ? 2 : 1, 0);   /* the next one comes */
}
/* p99 of tenant t0's answers, ten a second for 200 s; answers take 0.5 to 1.5 s. */
static uint64_t scene_load(sim *s, sim_sums *sums, uint32_t crowd, uint32_t all, int batch) {
    run_reset(s, 11, sums);
    s->plan = scene_plan(SCENE_LOAD, CL_PAIR);
    s->plan.slots = SCENE_SLOTS;
    run_begin(s);
    s->heap_n = 0;
    s->pace = scene_second_about;
    s->answered = scene_load_answered;
    s->scene = scene_load_event;
    scene_tail_n = 0;
    scene_crowd.left = all, scene_crowd.answered = 0;
    for (uint32_t i = 0; i < crowd; i++) sim_at(s, sim_upto(s, SIM_S), EV_SCENE, batch ? 2 : 1, 0);
    for (uint32_t i = 0; i < 2000; i++) sim_at(s, 2 * SIM_S + i * (SIM_S / 10), EV_SCENE, 0, 0);
    run_loop(s);
    run_end(s);
    qsort(scene_tail_times, scene_tail_n, sizeof *scene_tail_times, scene_tail_order);
    return scene_tail_n ? scene_tail_times[scene_tail_n * 99 / 100] : AIGW_NEVER;
}
static void scene_loads(sim *s, sim_sums *sums, uint64_t p99[3]) {
    p99[0] = scene_load(s, sums, 0, 0, 0);
    p99[1] = scene_load(s, sums, SCENE_CROWD, SCENE_BACKLOG, 0);
    sim_must(s, I_FAIR, p99[1] <= p99[0] + p99[0] / 10, "p99 %.3f s, and %.3f s beside a tenant at 100 times its rate", (double)p99[0] / 1e9, (double)p99[1] / 1e9);
    p99[2] = scene_load(s, sums, SCENE_CROWD, SCENE_BACKLOG, 1);
    sim_must(s, I_BATCH, p99[2] <= p99[0] + p99[0] / 10, "p99 %.3f s, and %.3f s beside a batch backlog", (double)p99[0] / 1e9, (double)p99[2] / 1e9);
    sim_must(s, I_BATCH, scene_crowd.answered == SCENE_BACKLOG, "%u of %u batch requests were answered", (unsigned)scene_crowd.answered, SCENE_BACKLOG);
}
#endif
#endif
