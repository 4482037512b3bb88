/* SPDX-License-Identifier: MIT OR Unlicense */
/* world.h: a gateway without sockets, for tests and fuzzing of the exchange: one client, scripted providers, a clock that only moves when nothing else can.
 *
 *     world w;
 *     w_init(&w, NULL, mem, sizeof mem);
 *     w_say(&w, "a", bytes, n, W_CLOSE);           the next connection to provider "a" answers this, then closes
 *     w_drive(&w, request, n);                     one client connection from its first byte to its last; w.out[0..w.out_n) is what it got
 *
 * The registry has the providers a (openai-chat), b (anthropic) and c (gemini), the models gpt, claude and gem on them, and the routes all (the three) and two (gpt, then gpt2 on a2).
 * The `calls` of callbacks are counted; number fault_at goes wrong in the way of `fault`. */
#ifndef WORLD_H
#define WORLD_H
#include <stdlib.h>

enum { W_OPEN = 0, W_CLOSE, W_RESET, W_REFUSE };               /* how a script ends; REFUSE: no connection at all */
#define W_STEPS 100000                                          /* more turns than any exchange may need */
enum { W_FINE = 0, W_AGAIN, W_ERROR, W_SHORT, W_CLOSED, W_GONE, W_SILENT, W_FAULTS };
typedef struct { const char *provider, *p; size_t n; int end; } w_script;

typedef struct {
    aigw_hub hub;
    aigw_registry registry;
    aigw_arena mem;
    aigw_exchange x;
    aigw_now now;
    w_script script[16];
    size_t scripts, next, at;
    int open, silent, fault, stutter;                          /* stutter: every other call answers AIGW_AGAIN */
    const char *words;                                         /* why a connection cannot be made */
    int reused;                                                /* so many connections were used before */
    int early;                                                 /* providers answer before they have the request */
    unsigned calls, fault_at, opens, closes, kept, records, steps, moved;
    size_t piece_in, piece_up, piece_out;                      /* most bytes per call; 0: all */
    char *out, *up;
    size_t out_n, out_cap, up_n, up_cap;
    size_t leave_at;                                           /* the client closes after this many bytes of the answer; 0: never */
    aigw_exchange_record record;
    char provider[32], model[32], route[32], why[256], id[132];
    unsigned wait, lost;                                       /* lost: what the report of the answer says is dropped or approximated */
} world;

static const aigw_dialect *const w_dialects[] = { AIGW_DIALECTS };
#ifndef W_CONFIG                                               /* another set of providers and models, where a test has its own */
#define W_CONFIG \
    "{\"providers\":{" \
    "\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a-secret\",\"raw\":true}," \
    "\"a2\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a2.test:81\",\"key\":\"sk-a2-secret\"}," \
    "\"b\":{\"dialect\":\"anthropic\",\"base_url\":\"https://b.test\",\"key\":\"sk-b-secret\"}," \
    "\"c\":{\"dialect\":\"gemini\",\"base_url\":\"https://c.test\",\"key\":\"sk-c-secret\"}}," \
    "\"models\":{\"gpt\":{\"provider\":\"a\",\"id\":\"gpt-x\"},\"gpt2\":{\"provider\":\"a2\",\"id\":\"gpt-y\"}," \
    "\"claude\":{\"provider\":\"b\",\"id\":\"claude-x\",\"max_output\":4096},\"gem\":{\"provider\":\"c\",\"id\":\"gemini-x\"}}," \
    "\"routes\":{\"all\":{\"models\":[\"gpt\",\"claude\",\"gem\"]},\"two\":{\"models\":[\"gpt\",\"gpt2\"]}}}"
#endif
static const char w_config[] = W_CONFIG;

static void w_append(char **p, size_t *n, size_t *cap, const void *s, size_t k) {
    if (*n + k > *cap) *p = (char *)realloc(*p, *cap = (*n + k) * 2);
    if (k) memcpy(*p + *n, s, k);
    *n += k;
}
static size_t w_min(size_t n, size_t piece) { return piece && piece < n ? piece : n; }

/* 1 when this call goes wrong by returning *r. */
static int w_fault(world *w, int *r) {
    if (w->calls++ != w->fault_at || !w->fault) {
        *r = AIGW_AGAIN;
        return w->stutter && (w->calls * 2654435761u >> 20 & 1);
    }
    *r = w->fault == W_AGAIN ? (int)AIGW_AGAIN : w->fault == W_ERROR ? (int)AIGW_E_IO : (int)AIGW_E_CLOSED;
    if (w->fault == W_SILENT) w->silent = 1, *r = AIGW_AGAIN;
    return w->fault != W_SHORT;
}
static int w_connect(void *user, int conn, const aigw_registry_provider *p) {
    world *w = (world *)user;
    int r;
    (void)conn;
    if (w_fault(w, &r)) return r;
    if (w->silent) return AIGW_AGAIN;
    for (w->next = 0; w->next < w->scripts; w->next++) {
        w_script *s = &w->script[w->next];
        if (s->provider && aigw_base_eq(p->name, aigw_base_str(s->provider))) {
            s->provider = NULL;
            w->open = 1;
            w->at = 0;
            w->opens++;
            return s->end == W_REFUSE ? (int)AIGW_IO_KIND(AIGW_KIND_CONNECT) : w->reused-- > 0;
        }
    }
    w->opens++;
    return AIGW_E_IO;
}
static const char *w_why(void *user, int conn) {
    (void)conn;
    return ((world *)user)->words;
}
static int w_send(void *user, int conn, const void *p, size_t n) {
    world *w = (world *)user;
    int r;
    (void)conn;
    if (w_fault(w, &r)) return r;
    if (w->silent) return AIGW_AGAIN;
    n = w->fault == W_SHORT && w->calls == w->fault_at + 1 ? 1 : w_min(n, w->piece_up);
    w_append(&w->up, &w->up_n, &w->up_cap, p, n);
    w->moved++;
    return (int)n;
}
static int w_recv(void *user, int conn, void *p, size_t n) {
    world *w = (world *)user;
    const w_script *s = &w->script[w->next];
    int r;
    (void)conn;
    if (w_fault(w, &r)) return w->fault == W_CLOSED && r != AIGW_AGAIN ? 0 : r;
    if (w->silent) return AIGW_AGAIN;
    if (aigw_attempt_want(w->x.up) & AIGW_WANT_OUT && !w->early) return AIGW_AGAIN;
    if (w->x.raw.to && !w->early && !(w->x.raw.ended && w->x.raw.at == w->x.raw.n + (w->x.raw.whole ? w->x.body_n : 0))) return AIGW_AGAIN;
    n = w->fault == W_SHORT && w->calls == w->fault_at + 1 ? 1 : w_min(n, w->piece_up);
    if (n > s->n - w->at) n = s->n - w->at;
    if (!n) return s->end == W_CLOSE ? 0 : s->end == W_RESET ? (int)AIGW_E_CLOSED : (int)AIGW_AGAIN;
    memcpy(p, s->p + w->at, n);
    w->at += n;
    w->moved++;
    return (int)n;
}
static void w_close(void *user, int conn, int keep) {
    world *w = (world *)user;
    (void)conn;
    w->open = w->silent = 0;
    w->closes++;
    w->kept += keep != 0;
    w->moved++;
}
static int w_reply(void *user, const void *p, size_t n) {
    world *w = (world *)user;
    int r;
    if (w_fault(w, &r)) return r;
    if (w->silent) return AIGW_AGAIN;
    n = w->fault == W_SHORT && w->calls == w->fault_at + 1 ? 1 : w_min(n, w->piece_out);
    if (w->leave_at && n > w->leave_at - w->out_n) n = w->leave_at - w->out_n;
    if (!n) return AIGW_AGAIN;
    w_append(&w->out, &w->out_n, &w->out_cap, p, n);
    w->moved++;
    return (int)n;
}
static void w_keep(char *to, size_t cap, aigw_str s) {
    const size_t n = s.n < cap - 1 ? s.n : cap - 1;
    if (n) memcpy(to, s.p, n);
    to[n] = 0;
}
static void w_record(void *user, const aigw_exchange_record *r) {
    world *w = (world *)user;
    w->records++;
    w->record = *r;
    w->lost = r->answer_loss ? r->answer_loss->count[AIGW_LOSS_DROPPED] + r->answer_loss->count[AIGW_LOSS_APPROXIMATED] : 0;
    w_keep(w->id, sizeof w->id, r->request_id);
    w_keep(w->provider, sizeof w->provider, r->provider);
    w_keep(w->model, sizeof w->model, r->model);
    w_keep(w->route, sizeof w->route, r->route);
    w_keep(w->why, sizeof w->why, r->why);
}

/* hub: NULL for small defaults; mem holds registry and hub. 1, or 0 when mem is too small. */
static int w_init(world *w, const aigw_hub_cfg *cfg, const aigw_exchange_cfg *xcfg, void *mem, size_t n) {
    static aigw_hub_cfg small;
    aigw_exchange_io io;
    aigw_fault faults[4];
    aigw_registry_faults list;
    memset(w, 0, sizeof *w);
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = 4;
    small.slab[0].bytes = 16384, small.slab[0].count = 8;
    small.slab[1].bytes = 262144, small.slab[1].count = 6;
    small.slab[2].bytes = 1048576, small.slab[2].count = 2;
    small.names = small.counters = 16;
    small.seed = 7;
    if (!cfg) cfg = &small;
    w->mem = aigw_base_arena(mem, n);
    aigw_registry_init(&w->registry, w_dialects, sizeof w_dialects / sizeof w_dialects[0], &w->mem);
    if (aigw_registry_read(&w->registry, aigw_base_str(w_config), &list)) return 0;
    if (aigw_hub_init(&w->hub, cfg, w->mem.at, (size_t)(w->mem.end - w->mem.at))) return 0;
    if (aigw_hub_swap(&w->hub, &w->registry)) return 0;
    w->now.mono_ns = UINT64_C(1000000000);
    w->now.wall_s = 1763700000;
    memset(&io, 0, sizeof io);
    io.user = w;
    io.connect = w_connect, io.send = w_send, io.recv = w_recv, io.close = w_close, io.reply = w_reply, io.record = w_record, io.why = w_why;
    aigw_exchange_init(&w->x, &w->hub, &io, xcfg);
    return 1;
}
static void w_free(world *w) {
    aigw_exchange_release(&w->x, w->now);
    free(w->out);
    free(w->up);
    w->out = w->up = NULL;
}
static void w_say(world *w, const char *provider, const char *p, size_t n, int end) {
    w_script *s = &w->script[w->scripts++];
    s->provider = provider;
    s->p = p;
    s->n = n;
    s->end = end;
}

/* Every slab is back, nothing runs, every connection is closed. */
static int w_clean(const world *w) {
    int used = 0;
    for (int i = 0; i < AIGW_HUB_SLABS; i++) used += (int)w->hub.slab[i].in_use;
    return !used && !w->hub.running && !w->open && !w->hub.slot[0].users && !w->hub.slot[1].users;
}

/* Bring the client's bytes, and run until all is answered and sent (1), or nothing can happen any more (0). Time moves only when nothing else does. */
static int w_drive(world *w, const char *p, size_t n) {
    size_t at = 0;
    unsigned idle = 0, before;
    w->wait = AIGW_WAIT_CLIENT_IN;
    for (w->steps = 0; w->steps < W_STEPS; w->steps++) {
        before = w->moved;
        if (at < n && (w->wait & AIGW_WAIT_CLIENT_IN)) {
            const size_t took = aigw_exchange_feed(&w->x, w->now, p + at, w_min(n - at, w->piece_in));
            at += took;
            w->moved += took != 0;
        }
        w->wait = aigw_exchange_run(&w->x, w->now);
        if (!w->wait) return 0;
        if (w->wait & AIGW_WAIT_CLOSE) return 1;
        if (w->wait & AIGW_WAIT_IDLE && at == n) return 1;
        if (w->leave_at && w->out_n >= w->leave_at) {
            aigw_exchange_eof(&w->x, w->now);
            return 1;
        }
        idle = w->moved == before ? idle + 1 : 0;
        if (idle > 2 && idle % 3 == 0) {
            const uint64_t due = aigw_exchange_deadline(&w->x);
            if (due == AIGW_NEVER || idle > 60) return 0;
            if (due > w->now.mono_ns) w->now.mono_ns = due;
            aigw_hub_tick(&w->hub, w->now);
            while (aigw_hub_ready(&w->hub)) {}
        }
    }
    return 0;
}
#endif
