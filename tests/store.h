/* SPDX-License-Identifier: MIT OR Unlicense */
/* store.h: a store as it may be elsewhere. Wraps another one and answers at once, from inside submit, late, twice, never, or dies, as a seed says.
 * An operation that is answered late or never may have been done early, at its answer, or (never) not at all: who asked cannot know.
 *
 *     s_store s;
 *     s_init(&s, inner, seed);  s.share[S_LATE] = 50;  s.done = done;  s.user = hub;      shares of 100; what is left answers at once
 *     hub.store = s_as_store(&s);
 *     ... s_pump(&s, now) at or after s_deadline(&s) ...
 *
 * As the interface says, an operation's counters are borrowed until its answer (for ever, when there is none), and the first answer fills them. */
#ifndef STORE_H
#define STORE_H
#include "aigw.h"

typedef enum { S_NOW = 0, S_INSIDE, S_LATE, S_TWICE, S_NEVER, S_FATES } s_fate;
enum { S_PENDING = 1024 };
typedef struct {
    uint64_t ticket, due_ns;
    int result, applied, answers;           /* answers still to come; 0: free */
    uint8_t first;                          /* the next one is the first */
    aigw_store_op op, *theirs;
    aigw_store_counter counters[AIGW_STORE_COUNTERS];
} s_pending;
typedef struct {
    /* to be set */
    unsigned share[S_FATES];                /* percent; S_NOW is the rest */
    uint64_t late_ns;                       /* the longest time to an answer */
    uint64_t dies_after;                    /* operations; 0: lives. Then everything fails, and what was under way is lost */
    void   (*done)(void *user, uint64_t ticket, int result);
    void    *user;
    /* to be read */
    uint64_t seen[S_FATES], operations, lost;
    int      dead;
    /* private */
    aigw_store inner;
    uint64_t chance;
    aigw_now now;
    s_pending pending[S_PENDING];
} s_store;

static inline void s_init(s_store *s, aigw_store inner, uint64_t seed) {
    memset(s, 0, sizeof *s);
    s->inner = inner;
    s->chance = seed;
    s->late_ns = 50000000;
}
static inline void s_apply(s_store *s, s_pending *p, aigw_now now) {
    if (!p->applied) p->result = s->inner.submit(s->inner.user, p->ticket, now, &p->op);
    p->applied = 1;
}
static inline void s_answer(s_store *s, s_pending *p, aigw_now now) {
    s_apply(s, p, now);
    if (p->first) memcpy(p->theirs->counters, p->counters, p->op.n * sizeof *p->counters);
    p->first = 0;
    p->answers--;
    p->due_ns = now.mono_ns + aigw_base_random(&s->chance) % (s->late_ns + 1);
    if (s->done) s->done(s->user, p->ticket, p->result);
}
static inline s_fate s_choose(s_store *s) {
    unsigned at = (unsigned)(aigw_base_random(&s->chance) % 100), fate;
    for (fate = S_NOW + 1; fate < S_FATES; fate++) {
        if (at < s->share[fate]) return (s_fate)fate;
        at -= s->share[fate];
    }
    return S_NOW;
}
static inline int s_submit(void *user, uint64_t ticket, aigw_now now, aigw_store_op *op) {
    s_store *s = (s_store *)user;
    s_fate fate = s_choose(s);
    s_pending once, *p = s->pending;
    if (s->dies_after && s->operations >= s->dies_after && !s->dead) {
        for (s->dead = 1; p < s->pending + S_PENDING; p++) {
            s->lost += p->answers > 0;
            p->answers = 0;
        }
    }
    if (s->dead) return AIGW_E_IO;
    s->operations++;
    s->seen[fate]++;
    if (fate == S_NOW) return s->inner.submit(s->inner.user, ticket, now, op);
    for (p = s->pending; p < s->pending + S_PENDING && p->answers; p++) {}
    if (p == s->pending + S_PENDING || fate == S_INSIDE || fate == S_NEVER) p = &once;
    memset(p, 0, sizeof *p);
    p->ticket = ticket;
    p->op = *op;
    p->theirs = op;
    p->op.counters = p->counters;
    memcpy(p->counters, op->counters, op->n * sizeof *op->counters);
    p->first = 1;
    if (fate == S_NEVER) {
        s->lost++;
        if (aigw_base_random(&s->chance) % 2) s_apply(s, p, now);
        return AIGW_AGAIN;
    }
    p->answers = fate == S_TWICE ? 2 : 1;
    p->due_ns = now.mono_ns + aigw_base_random(&s->chance) % (s->late_ns + 1);
    if (aigw_base_random(&s->chance) % 2) s_apply(s, p, now);
    if (p == &once) s_answer(s, p, now);                        /* inside (or no room to wait) */
    return AIGW_AGAIN;
}
static inline aigw_store s_as_store(s_store *s) {
    aigw_store store;
    store.submit = s_submit;
    store.user = s;
    return store;
}
/* Gives the answers that are due, in any order. How many. */
static inline int s_pump(s_store *s, aigw_now now) {
    int n = 0;
    size_t from = (size_t)(aigw_base_random(&s->chance) % S_PENDING);
    if (s->dead) return 0;
    for (size_t i = 0; i < S_PENDING; i++) {
        s_pending *p = &s->pending[(from + i) % S_PENDING];
        if (!p->answers || p->due_ns > now.mono_ns) continue;
        s_answer(s, p, now);
        n++;
    }
    return n;
}
static inline uint64_t s_deadline(const s_store *s) {
    uint64_t at = AIGW_NEVER;
    for (size_t i = 0; i < S_PENDING && !s->dead; i++)
        if (s->pending[i].answers && s->pending[i].due_ns < at) at = s->pending[i].due_ns;
    return at;
}
#endif
