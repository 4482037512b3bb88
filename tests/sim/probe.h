/* SPDX-License-Identifier: MIT OR Unlicense */
/* probe.h: the hub's job that probes providers, in some of the seeds: it asks them for their lists of models over connections of the same network, under the same faults. To the network and the
 * providers it is one more client, of slot SIM_PROBER, that no exchange belongs to. */
#ifndef SIM_PROBE_H
#define SIM_PROBE_H
#include "policy.h"

enum { PROBE_TIMEOUT_MS = 1500, PROBE_SPARED_MS = 2000 };      /* SPARED: after a failure; the lesser of every_s and the first open time, 5 s */
enum { PROBE_END, PROBE_BEGIN, PROBE_LOOK };       /* who, of EV_PROBES */
#define PROBE_ENTRY ",\"probe\":{\"path\":\"/models\",\"every_s\":2,\"timeout_ms\":1500}"

static unsigned probe_provider(const aigw_registry_provider *p) {
    unsigned i = 0;
    while (i < SIM_PROVIDERS && !o_is(p->name.p, p->name.n, sim_providers[i].name)) i++;
    return i;
}
/* The first connection of a probe, or, where a kept one was found dead, the next. */
static int probe_connect(void *user, int conn, const aigw_registry_provider *p) {
    sim_client *c = (sim_client *)user;
    sim *s = c->s;
    const unsigned i = probe_provider(p);
    if (c->up[conn] < 0 && !c->asked++) {
        s->sums->probes++;
        sim_must(s, I_PROBES, i < SIM_PROVIDERS && (s->plan.clock || s->plan.swap || s->t >= s->spared[i]), "provider %u is probed within %u ms of a probe that failed", i, PROBE_SPARED_MS);
    }
    return net_connect(user, conn, p);
}
static void probe_close(void *user, int conn, int keep) {
    sim_client *c = (sim_client *)user;
    const sim_conn *u = c->up[conn] >= 0 ? &c->s->conn[c->up[conn]] : NULL;
    if (u) c->s->probed = *u, c->s->probed_said = c->s->said[u->serial];
    net_close(user, conn, keep);
}
/* What it found, against what happened on its last connection. */
static void probe_result(void *user, const aigw_probe_result *r) {
    sim_client *c = (sim_client *)user;
    sim *s = c->s;
    const sim_conn *u = &s->probed;
    const unsigned i = probe_provider(r->provider);
    const int failed = aigw_breaker_outcome_of(r->kind) == AIGW_BREAKER_FAILED;
    sim_say(s, "probe of %s: %s%s", sim_providers[i].name, r->kind ? aigw_model_kind_name(r->kind) : "fine", r->changed ? ", which is news" : "");
    sim_mix(s, (uint64_t)r->kind << 8 | i);
    sim_must(s, I_PROBES, c->asked <= 5 && (c->asked ? i == u->provider : r->kind == AIGW_KIND_CANCELLED), "the result of another probe");
    if (!r->kind) sim_must(s, I_PROBES, r->status == 200 && u->answered && (!s->probed_said.never || u->fault == F_INSTREAM), "a probe is fine, and %s did not answer well", sim_providers[i].name);
    else if (r->kind != AIGW_KIND_CANCELLED)
        sim_must(s, I_PROBES, (u->fault != F_NONE && u->fault != F_STALE) || (s->plan.clock && !s->stopped), "a probe failed (%s: %s), and nothing was wrong with %s", aigw_model_kind_name(r->kind), r->text, sim_providers[i].name);
    if (!s->plan.clock) sim_must(s, I_PROBES, r->dur_ns <= PROBE_TIMEOUT_MS * SIM_MS, "a probe took %llu ms", (unsigned long long)(r->dur_ns / SIM_MS));
    s->sums->probes_fine += !r->kind;
    if (failed) s->spared[i] = s->t + PROBE_SPARED_MS * SIM_MS;
    memset(&c->req[0], 0, sizeof c->req[0]);
    c->asked = 0;
}

static void probe_begin(sim *s) {
    sim_client *c = &s->client[SIM_PROBER];
    aigw_fetch_io io;
    memset(&io, 0, sizeof io);
    io.user = c;
    io.connect = probe_connect, io.send = net_send, io.recv = net_recv, io.close = probe_close, io.why = net_why;
    memset(&c->req[0], 0, sizeof c->req[0]);
    c->asked = 0;
    aigw_probe_init(&s->probes, &s->hub, &io, probe_result);
}
static void probe_end(sim *s) {
    aigw_probe_release(&s->probes, sim_now(s));
    sim_must(s, I_PROBES, s->client[SIM_PROBER].up[0] < 0, "the probes have ended, and a connection is open");
}
/* Long after the last fault, when nobody but the probes has asked: they have closed every circuit. One whose key was refused is left to requests, which a list that it may see says nothing of. */
static void probe_look(sim *s) {
    for (unsigned i = 0; i < SIM_PROVIDERS; i++) {
        const uint8_t state = policy_circuit(s, i);
        if (!s->refused[i]) sim_must(s, I_PROBES, state == AIGW_BREAKER_CLOSED, "%s is well, and its circuit %s", sim_providers[i].name, aigw_breaker_name(state));
    }
}
static void probe_event(sim *s, const sim_event *ev) {
    aigw_hub_tick(&s->hub, sim_now(s));
    if (ev->who == PROBE_BEGIN) probe_begin(s);
    else if (ev->who == PROBE_END) probe_end(s);
    else probe_look(s);
}

/* Let whoever has this slot do what it can. */
static void probe_or_client(sim *s, sim_client *c) {
    if (c != &s->client[SIM_PROBER]) cl_pump(c);
    else if (s->probes.hub) aigw_probe_ready(&s->probes, sim_now(s));
}
#endif
