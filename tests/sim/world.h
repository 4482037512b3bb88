/* SPDX-License-Identifier: MIT OR Unlicense */
/* world.h: one seed's world: chance, virtual time, what will happen (a heap), what did (trace, hash, counts), and what must hold (invariants). Knows no HTTP and no dialect.
 * Nothing in here depends on the real clock, on addresses or on the order of memory: the same seed gives the same hash. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H
#include "oracle.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SIM_MS UINT64_C(1000000)
#define SIM_S  UINT64_C(1000000000)
enum { SIM_CLIENTS = 256, SIM_PROBER = SIM_CLIENTS /* the slot behind the clients': see probe.h */, SIM_CONNS = 1024, SIM_PROVIDERS = 6, SIM_REGISTRIES = 3, SIM_PIPELINE = 4, SIM_HEAP = 8192, SIM_SERIALS = 65536, SIM_DISK = 1 << 16 };

/* What goes wrong, and in which state of the request it hits. */
#define SIM_FAULTS(X) \
    X(REFUSE, "refuse") X(UNREACHED, "hang in connect") X(EARLY, "answer before request") X(RESET, "reset") X(CUT, "truncate") X(HANG, "hang") X(DRIP, "slow drip") \
    X(TWICE, "duplicate event") X(SPLIT, "split") X(LENGTH, "wrong length") X(GARBAGE, "garbage") X(EXTRA, "bytes after the end") X(INSTREAM, "error in a 200") \
    X(E4XX, "4xx") X(E429, "429") X(E5XX, "5xx") X(E529, "529") X(STALE, "kept connection dead") \
    X(GONE, "client gone") X(SLOW, "client slow") X(STALL, "client stalls") X(MONO_BACK, "mono back") X(MONO_JUMP, "mono jump") X(WALL, "wall step") X(SWAP, "registry swap") \
    X(SCARCE, "no slab free")
enum {
#define X(name, text) F_##name,
    SIM_FAULTS(X)
#undef X
    F_COUNT, F_NONE = F_COUNT, F_UPSTREAM = F_STALE          /* kinds below F_UPSTREAM are a provider's */
};
enum { S_READ, S_CONNECT, S_HEAD, S_BODY, S_COMMIT, S_DRAIN, S_COUNT };

#ifdef AIGW_BREAKER_AFTER_MAX_MS   /* the header has the policies, so its exchange does */
#  define SIM_POLICY
#endif
#ifdef SIM_POLICY
#  define SIM_WAITS(what) NULL
#else
#  define SIM_WAITS(what) what
#endif
/* What must hold. A line without a reason is checked; one with a reason waits for what it names, and is never counted as passed. */
#define SIM_INVARIANTS(X) \
    X(OUTCOME,  "exactly one outcome per request", NULL) \
    X(END,      "no byte after the end", NULL) \
    X(TERMINAL, "exactly one terminal event", NULL) \
    X(TEXT,     "text is what the provider sent", NULL) \
    X(MIX,      "nothing of another request", NULL) \
    X(HEAD,     "answers are well formed", NULL) \
    X(UPSTREAM, "requests to providers are well formed", NULL) \
    X(CANCEL,   "upstream closed when the client left", NULL) \
    X(LEAK,     "all is given back", NULL) \
    X(ATTEMPTS, "attempts within the limit", NULL) \
    X(COMMIT,   "no attempt after the first byte", NULL) \
    X(RECORD,   "the record is what happened", NULL) \
    X(REGISTRY, "no registry in use was replaced", NULL) \
    X(PROGRESS, "nothing spins, nothing stands still", NULL) \
    X(CLEAN,    "without faults all succeed", NULL) \
    X(RECOVER,  "after the faults all succeed", NULL) \
    X(REPEAT,   "same seed, same hash", NULL) \
    X(FAILOVER, "200 in flight at a dead primary: 200 answered", NULL) \
    X(OUTAGE,   "full outage: <= 1.10 attempts per request", SIM_WAITS("the retry budget")) \
    X(MONEY,    "spent + reserved <= cap, accounted >= billed", SIM_WAITS("budgets in the exchange")) \
    X(CRASH,    "after a crash: >= billed, over-count <= one lease", SIM_WAITS("the ledger in the hub")) \
    X(BREAKER,  "breaker transitions legal, probes <= 1", SIM_WAITS("breakers in the hub")) \
    X(CACHE,    "no cache hit across tenants or differing requests", SIM_WAITS("the cache in the exchange")) \
    X(FAIR,     "a tenant at 100x moves another's p99 <= 10 %", SIM_WAITS("queues in the hub")) \
    X(BATCH,    "a batch backlog moves p99 <= 10 %, and finishes", SIM_WAITS("queues in the hub")) \
    X(PROBES,   "probes find what is so, are spaced, close circuits", NULL)
enum {
#define X(name, text, waits) I_##name,
    SIM_INVARIANTS(X)
#undef X
    I_COUNT
};
static const char *const sim_fault_names[] = {
#define X(name, text) text,
    SIM_FAULTS(X)
#undef X
};
static const char *const sim_state_names[] = { "reading", "connecting", "head", "body", "committed", "draining" };
static const struct { const char *text, *waits; } sim_invariants[] = {
#define X(name, text, waits) { text, waits },
    SIM_INVARIANTS(X)
#undef X
};

/* Sums over seeds. */
typedef struct {
    uint64_t requests, fine, errors, left, attempts, events, faults[F_COUNT][S_COUNT], checked[I_COUNT], violated[I_COUNT];
    uint64_t virtual_ns, printed, hits, relayed;                   /* relayed: see cl_twice */
    uint64_t probes, probes_fine, probe_faults;
    uint64_t outage_requests, outage_attempts;               /* of the worst 10 s */
} sim_sums;

/* ---- what happens: a heap by time, then by order of entry ---- */

enum { EV_OPEN, EV_SEND, EV_TAKE, EV_LEAVE, EV_RUN, EV_CONNECTED, EV_BYTES, EV_IDLE_END, EV_CLOCK, EV_SWAP, EV_DISK, EV_STORE, EV_OPERATOR, EV_PROBES, EV_SCENE };
typedef struct { uint64_t at, order; uint32_t who, gen; int kind; } sim_event;

typedef struct {
    uint32_t id;                   /* in this seed */
    uint32_t tag;                  /* what its answers say: the id; or, where answers may come from the cache, all that they depend on */
    uint8_t  dialect, stream, judged, outcome, hurt, bad, probe, cached;
    uint8_t  reused;               /* attempts on connections that were used before */
    uint16_t tried, most;          /* attempts seen; most that may be */
    int      status;
    uint64_t t_sent;
    size_t   end;                  /* where its bytes end in the client's */
} sim_req;
/* What a provider said on one connection: pieces "R<tag>.<serial>.<i>;" for i = 0 to n - 1. */
typedef struct {
    uint32_t tag;
    uint8_t  n, twice, never;      /* twice: 1 + the piece that was sent twice, 255 another frame was; never: it cannot be a success */
    uint8_t  dialect;
} sim_said;

typedef struct sim sim;
typedef struct {
    aigw_exchange x;
    sim     *s;
    uint32_t gen;
    uint8_t  live, leaving, slow, reset, stuck, stalled, split, said_close;
    unsigned wait, tardy, starved, tenant, batch;
    int32_t  up[AIGW_EXCHANGE_CONNS];
    unsigned reqs, asked, answered, recorded;      /* to be asked in this connection; written; answered; recorded */
    size_t   in_n, in_at, in_came;                 /* [in_at, in_came) has come to the gateway */
    size_t   room, total, got, leave_at;           /* got: of this answer */
    sim_req  req[SIM_PIPELINE];
    o_reader o;
    char     in[16384];
} sim_client;

enum { C_FREE, C_WAIT, C_OPEN, C_IDLE };
enum { END_NONE, END_FIN, END_RESET };
enum { SIM_MARKS = 24 };
typedef struct {
    uint32_t gen, serial;
    int32_t  next, client;
    uint8_t  provider, state, end, fault, reused, refused, answered, framing, drip, hit, early, probe, whole;
    size_t   piece;                                /* most bytes per recv; 0: all */
    size_t   req_n, req_head, req_len;
    size_t   n, real_n, avail, at, head_n, cut, marks, mark;   /* real_n: without what stands behind the end */
    uint64_t gap;
    uint32_t mark_at[SIM_MARKS];
    char     req[8192], ans[12288];
} sim_conn;

/* What a seed is like. */
typedef struct {
    uint32_t clients, requests;    /* slots; requests in the first part */
    uint32_t slabs, large;         /* of 16 KiB, of 64 KiB */
    uint32_t per_mille[SIM_PROVIDERS];     /* faults of each provider */
    uint32_t gone, slow, stall, split;     /* per mille of requests */
    uint32_t clock, swap, calls;   /* how many */
    uint64_t arrive, think, gap;   /* ns: over which clients arrive; longest think time and gap between frames */
    uint8_t  route;                /* 0: any; else 1 + index of the name that all ask for */
    uint8_t  scene, clean;         /* clean: nothing goes wrong */
    uint32_t kinds;                /* of upstream faults; 0: all */
    uint8_t  ledger, store, no_hints, probes;
    uint32_t slots;                /* requests at once, of the hub's queue; 0: not limited */
} sim_plan;

enum { SIM_OPERATORS = 4 };
typedef struct { struct sim *s; aigw_hub_call call; aigw_store_counter c; uint8_t under_way; uint64_t since; } sim_operator;

struct sim {
    uint64_t seed, random, hash, t, order, spin_t;
    unsigned spin;
    int64_t  mono_off, wall_off;
    uint8_t  trace, wall_unknown, stopped, failed;
    unsigned as_tenant, as_batch;  /* scenes: who asks next */
    uint32_t without;              /* 1 and more: index of a name that nobody asks for */
    uint32_t ids, serials, left, live;     /* left: requests still to be begun */
    sim_plan plan;
    sim_sums *sums;
    sim_event *heap;
    size_t   heap_n;
    aigw_hub hub;
    char    *hub_mem;
    aigw_registry registry[SIM_REGISTRIES];
    char    *registry_mem[SIM_REGISTRIES];
    uint8_t  registry_live[SIM_REGISTRIES];
    unsigned registry_now;
    sim_client *client;
    sim_conn   *conn;
    sim_said   *said;              /* by serial */
    int32_t  conn_free, idle[SIM_PROVIDERS];
    unsigned idle_n[SIM_PROVIDERS];
    uint8_t  dead[SIM_PROVIDERS];                  /* refuses all */
    void   (*scene)(sim *s, const sim_event *ev);
    void   (*answered)(sim *s, sim_client *c, sim_req *q);
    uint64_t (*pace)(sim *s, unsigned provider);   /* think time, where a scene says it */
    /* policy.h's, NULL where there is no policy: a request is written, a connection is opened, closed */
    void   (*asked)(sim *s, const sim_client *c, size_t n);
    void   (*opened)(sim *s, sim_conn *u);
    void   (*closed)(sim *s, sim_conn *u);
    void   (*swapped)(sim *s);
    unsigned probing[SIM_PROVIDERS];
    const void *target[SIM_PROVIDERS], *slot[2];   /* where their names and counters were found */
    uint8_t  circuit[SIM_PROVIDERS], disk_full, asked_t3;
    int64_t  bill, most_held, worst;
    /* an operator's calls: what they changed of what is spent, in all; what may be held in memory and elsewhere since the last; what was spent in memory before the next */
    sim_operator operators[SIM_OPERATORS];
    int64_t  put, put_cap[2], before;
    char    *disk;
    struct sim_store *store;                       /* counters kept elsewhere */
    size_t   disk_n, disk_synced;
    /* probe.h's: the last connection of a probe and what was said on it; until when a provider is not probed */
    aigw_probes probes;
    sim_conn probed;
    sim_said probed_said;
    uint64_t spared[SIM_PROVIDERS];
    uint8_t  refused[SIM_PROVIDERS];               /* 401 or 403 was said to anybody */
    uint64_t hint_s;                               /* the longest Retry-After that was said */
    uint64_t *sent_at, *tried_at;                  /* scenes: when requests were sent and attempts made */
    size_t   sent_n, tried_n;
};

/* What checks of a policy would want to look at while a seed runs, and at its end: one line for each, in the order of SIM_INVARIANTS. `turn` is called after every event. */
typedef struct { int which; void (*turn)(sim *s); void (*end)(sim *s); } sim_plug;

/* ---- chance (splitmix64) ---- */

static uint64_t sim_rand(sim *s) {
    uint64_t z = (s->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static uint32_t sim_below(sim *s, uint32_t n) { return n ? (uint32_t)((sim_rand(s) >> 32) * n >> 32) : 0; }
static uint64_t sim_upto(sim *s, uint64_t ns) { return ns ? sim_rand(s) % ns : 0; }
static int sim_often(sim *s, uint32_t per_mille) { return per_mille && sim_below(s, 1000) < per_mille; }

/* ---- the trace ---- */

static void sim_mix(sim *s, uint64_t x) {
    s->hash = (s->hash ^ x) * UINT64_C(0x9FB21C651E98DF25);
    s->hash ^= s->hash >> 32;
}
static void sim_mix_bytes(sim *s, const char *p, size_t n) {
    uint64_t w = n;
    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&w, p, 8);
        sim_mix(s, w);
    }
    if (n) memcpy(&w, p, n);
    sim_mix(s, w);
}
static void sim_say_(sim *s, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%12.6f ", (double)s->t / 1e9);
    vprintf(format, args);
    printf("\n");
    va_end(args);
}
#define sim_say(s, ...) do { if ((s)->trace) sim_say_((s), __VA_ARGS__); } while (0)

/* ---- what must hold ---- */

static void sim_violated(sim *s, int which, const char *format, ...) {
    va_list args;
    s->failed = 1;
    if (s->sums->violated[which]++ > 2 && s->sums->printed > 12) return;
    s->sums->printed++;
    va_start(args, format);
    printf("VIOLATION %s: ", sim_invariants[which].text);
    vprintf(format, args);
    printf("\n  at %.6f s of seed %llu; again: build/sim --seed %llu --trace\n", (double)s->t / 1e9, (unsigned long long)s->seed, (unsigned long long)s->seed);
    va_end(args);
}
/* One check of invariant I_which. */
#define sim_must(s, which, cond, ...) do { \
        if (sim_invariants[which].waits) break; \
        (s)->sums->checked[which]++; \
        if (!(cond)) sim_violated((s), which, __VA_ARGS__); \
    } while (0)

/* ---- time ---- */

static aigw_now sim_now(const sim *s) {
    aigw_now now;
    now.mono_ns = (uint64_t)((int64_t)s->t + s->mono_off);
    now.wall_s = s->wall_unknown ? 0 : 1763700000 + (int64_t)(s->t / SIM_S) + s->wall_off;
    return now;
}
static int sim_before(const sim_event *a, const sim_event *b) { return a->at != b->at ? a->at < b->at : a->order < b->order; }
static void sim_at(sim *s, uint64_t at, int kind, uint32_t who, uint32_t gen) {
    sim_event ev;
    size_t i = s->heap_n++;
    if (i >= SIM_HEAP) { printf("the heap is full\n"); abort(); }
    ev.at = at < s->t ? s->t : at;
    ev.order = s->order++;
    ev.who = who, ev.gen = gen, ev.kind = kind;
    for (; i && sim_before(&ev, &s->heap[(i - 1) / 2]); i = (i - 1) / 2) s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = ev;
}
static sim_event sim_pop(sim *s) {
    const sim_event top = s->heap[0], last = s->heap[--s->heap_n];
    size_t i = 0, k;
    while ((k = 2 * i + 1) < s->heap_n) {
        if (k + 1 < s->heap_n && sim_before(&s->heap[k + 1], &s->heap[k])) k++;
        if (!sim_before(&s->heap[k], &last)) break;
        s->heap[i] = s->heap[k];
        i = k;
    }
    s->heap[i] = last;
    return top;
}

/* ---- where a request is, seen from outside ---- */

static sim_req *sim_req_of(sim_client *c) { return &c->req[c->answered % SIM_PIPELINE]; }
/* u: the try that it is about; NULL: any. */
static int sim_state(const sim *s, const sim_client *c, const sim_conn *u) {
    const int32_t up = c->up[0] >= 0 ? c->up[0] : c->up[AIGW_EXCHANGE_CONNS - 1];
    if (!u && up >= 0) u = &s->conn[up];
    if (!u) return c->got ? S_DRAIN : S_READ;
    if (u->state == C_WAIT) return S_CONNECT;
    if (c->got) return S_COMMIT;
    return u->at < u->head_n || !u->head_n ? S_HEAD : S_BODY;
}
static void sim_fault(sim *s, int kind, sim_client *c, const sim_conn *u) {
    const int state = sim_state(s, c, u);
    sim_req_of(c)->hurt = 1;
    if (c == &s->client[SIM_PROBER]) s->sums->probe_faults++;
    else s->sums->faults[kind][state]++;
    sim_say(s, "  client %d request %u: %s while %s", (int)(c - s->client), (unsigned)sim_req_of(c)->id, sim_fault_names[kind], sim_state_names[state]);
}
/* What hits all that are under way. */
static void sim_fault_all(sim *s, int kind) {
    for (uint32_t i = 0; i < s->plan.clients; i++) {
        sim_client *c = &s->client[i];
        if (!c->live || c->asked == c->answered) continue;
        sim_fault(s, kind, c, NULL);
        if (kind == F_MONO_JUMP && c->slow) c->stuck = 1;      /* by the clock it took nothing for that long */
    }
}

/* ---- text ---- */

typedef struct { char *p; size_t n, cap; } sim_text;
static void sim_put_n(sim_text *b, const char *p, size_t n) {
    if (n > b->cap - b->n) { printf("a text of the simulator is too long\n"); abort(); }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}
static void sim_put(sim_text *b, const char *p) { sim_put_n(b, p, strlen(p)); }
static void sim_put_u(sim_text *b, uint64_t v) {
    char d[20];
    size_t i = sizeof d;
    do d[--i] = (char)('0' + v % 10); while (v /= 10);
    sim_put_n(b, d + i, sizeof d - i);
}
#endif
