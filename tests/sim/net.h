/* SPDX-License-Identifier: MIT OR Unlicense */
/* net.h: the network: connections to providers, kept or new, and the callbacks through which the exchange sees them. Knows no dialect.
 * A callback only looks at what came so far, or notes what is to happen; bytes move and things break when their event's time has come. */
#ifndef SIM_NET_H
#define SIM_NET_H
#include "provider.h"

enum { NET_KEPT = 12 };            /* idle connections of a provider */

static uint32_t net_id(const sim *s, const sim_conn *u) { return (uint32_t)(u - s->conn); }
static void net_free(sim *s, sim_conn *u) {
    u->state = C_FREE;
    u->gen++;
    u->next = s->conn_free;
    s->conn_free = (int32_t)net_id(s, u);
}
static sim_conn *net_new(sim *s) {
    sim_conn *u;
    if (s->conn_free < 0) { printf("no connection left\n"); abort(); }
    u = &s->conn[s->conn_free];
    s->conn_free = u->next;
    return u;
}
/* What goes wrong with the next request on this connection. */
static void net_draw(sim *s, sim_conn *u) {
    u->fault = F_NONE;
    u->end = END_NONE;
    u->hit = u->early = u->answered = u->drip = u->refused = 0;
    u->piece = 0;
    u->req_n = u->req_head = u->req_len = u->n = u->real_n = u->at = u->avail = u->head_n = u->marks = u->mark = 0;
    u->cut = SIZE_MAX;
    if (s->stopped) return;
    if (s->dead[u->provider]) u->fault = F_REFUSE;
    else if (sim_often(s, s->plan.per_mille[u->provider])) {
        do u->fault = (uint8_t)sim_below(s, F_UPSTREAM); while (s->plan.kinds && !(s->plan.kinds >> u->fault & 1));
    }
    if (u->fault == F_SPLIT) u->piece = 1 + sim_below(s, 60);
}
/* A kept connection to provider p, or NULL. *dead: it was closed meanwhile and nobody noticed; a
   request that has met three of them meets no more. */
static sim_conn *net_kept(sim *s, unsigned p, unsigned used, int *dead) {
    while (s->idle[p] >= 0) {
        sim_conn *u = &s->conn[s->idle[p]];
        s->idle[p] = u->next;
        s->idle_n[p]--;
        u->gen++;
        *dead = u->end != END_NONE;
        if (!*dead || (used < 3 && sim_often(s, 500))) return u;
        net_free(s, u);                                        /* it was seen to be closed */
    }
    return NULL;
}
static sim_conn *net_open(sim *s, sim_client *c, int conn, unsigned p) {
    sim_req *q = sim_req_of(c);
    int dead = 0;
    sim_conn *u = net_kept(s, p, q->reused, &dead);
    const uint8_t end = u ? u->end : END_NONE;
    if (u) q->reused++;
    else u = net_new(s);
    u->reused = u->state == C_IDLE;
    u->provider = (uint8_t)p;
    u->client = (int32_t)(c - s->client);
    u->serial = ++s->serials;
    c->up[conn] = (int32_t)net_id(s, u);
    net_draw(s, u);
    u->probe = 0;
    if (s->opened) s->opened(s, u);
    q->tried++;
    if (s->tried_at) s->tried_at[s->tried_n++] = s->t;
    if (c != &s->client[SIM_PROBER]) s->sums->attempts++;
    if (u->reused) {
        u->state = C_OPEN;
        if (!dead) return u;
        u->fault = F_STALE, u->end = end;
        u->answered = 1;                                       /* nobody is there who would */
        sim_fault(s, F_STALE, c, u);
        return u;
    }
    u->state = C_WAIT;
    if (u->fault == F_UNREACHED) sim_fault(s, F_UNREACHED, c, u);
    else sim_at(s, s->t + SIM_MS / 2 + sim_upto(s, 20 * SIM_MS), EV_CONNECTED, net_id(s, u), u->gen);
    return u;
}

/* ---- the callbacks ---- */

static int net_connect(void *user, int conn, const aigw_registry_provider *p) {
    sim_client *c = (sim_client *)user;
    sim *s = c->s;
    sim_conn *u;
    unsigned i = 0;
    if (c->up[conn] < 0) {
        while (i < SIM_PROVIDERS && !o_is(p->name.p, p->name.n, sim_providers[i].name)) i++;
        if (i == SIM_PROVIDERS) { sim_violated(s, I_REGISTRY, "an unknown provider"); return AIGW_E_IO; }
        sim_must(s, I_COMMIT, !c->got, "request %u is tried again after its first byte", (unsigned)sim_req_of(c)->id);
        u = net_open(s, c, conn, i);
        sim_say(s, "  client %d connection %d to %s: %s", (int)(c - s->client), c->up[conn], sim_providers[i].name, u->reused ? "kept" : "new");
        return u->reused ? 1 : (int)AIGW_AGAIN;
    }
    u = &s->conn[c->up[conn]];
    if (u->state == C_WAIT) return AIGW_AGAIN;
    return u->refused ? AIGW_IO_KIND(u->refused) : 0;
}
static sim_conn *net_of(sim_client *c, int conn) {
    sim_conn *u = c->up[conn] >= 0 ? &c->s->conn[c->up[conn]] : NULL;
    if (!u || u->state != C_OPEN || u->refused) { sim_violated(c->s, I_CANCEL, "a connection that is not open is used"); return NULL; }
    return u;
}
static int net_send(void *user, int conn, const void *p, size_t n) {
    sim_client *c = (sim_client *)user;
    sim_conn *u = net_of(c, conn);
    if (!u || u->end == END_RESET) return AIGW_E_CLOSED;
    if (u->piece && sim_often(c->s, 200)) {
        sim_at(c->s, c->s->t + SIM_MS, EV_RUN, (uint32_t)(c - c->s->client), c->gen);
        return AIGW_AGAIN;
    }
    if (u->piece && n > u->piece * 8) n = u->piece * 8;
    p_got(c->s, u, (const char *)p, n);
    return (int)n;
}
static int net_recv(void *user, int conn, void *p, size_t n) {
    sim_client *c = (sim_client *)user;
    sim_conn *u = net_of(c, conn);
    if (!u) return AIGW_E_IO;
    if (n > u->avail - u->at) n = u->avail - u->at;
    if (u->piece && n > u->piece) n = u->piece;
    if (!n) return u->end == END_FIN ? 0 : u->end == END_RESET ? (int)AIGW_E_CLOSED : (int)AIGW_AGAIN;
    memcpy(p, u->ans + u->at, n);
    u->at += n;
    return (int)n;
}
static void net_close(void *user, int conn, int keep) {
    sim_client *c = (sim_client *)user;
    sim *s = c->s;
    sim_conn *u = &s->conn[c->up[conn]];
    if (c->up[conn] < 0) { sim_violated(s, I_CANCEL, "a connection is closed twice"); return; }
    c->up[conn] = -1;
    u->gen++;
    if (s->closed) s->closed(s, u);
    sim_say(s, "  client %d connection %d to %s: %s", (int)(c - s->client), (int)net_id(s, u), sim_providers[u->provider].name, keep ? "kept for another" : "closed");
    if (!keep) { net_free(s, u); return; }
    sim_must(s, I_UPSTREAM, u->state == C_OPEN && u->answered && u->early != 1 && u->framing != 'e' && u->fault != F_STALE &&
             (u->at >= u->real_n || u->fault == F_LENGTH || u->fault == F_GARBAGE || u->fault == F_TWICE), "a connection is kept inside an answer");
    if (u->avail != u->at || u->end || u->fault == F_EXTRA || u->fault == F_LENGTH || s->idle_n[u->provider] >= NET_KEPT) { net_free(s, u); return; }
    u->state = C_IDLE;
    u->client = -1;
    u->next = s->idle[u->provider];
    s->idle[u->provider] = (int32_t)net_id(s, u);
    s->idle_n[u->provider]++;
    if (!s->stopped && sim_often(s, s->plan.per_mille[u->provider])) sim_at(s, s->t + sim_upto(s, SIM_S), EV_IDLE_END, net_id(s, u), u->gen);
}
static const char *net_why(void *user, int conn) {
    (void)user, (void)conn;
    return NULL;
}

/* ---- events: 1 when whose connection it is is to be run ---- */

static int net_event(sim *s, const sim_event *ev) {
    sim_conn *u = &s->conn[ev->who];
    static const uint8_t kinds[] = { AIGW_KIND_CONNECT, AIGW_KIND_DNS, AIGW_KIND_TLS };
    if (u->gen != ev->gen) return 0;
    if (ev->kind == EV_IDLE_END) {
        u->end = sim_often(s, 500) ? END_FIN : END_RESET;
        return 0;
    }
    if (ev->kind == EV_BYTES) return p_bytes(s, u);
    if (u->fault == F_REFUSE) {
        sim_fault(s, F_REFUSE, p_client(s, u), u);
        u->refused = kinds[sim_below(s, 3)];
    }
    u->state = C_OPEN;
    return 1;
}
#endif
