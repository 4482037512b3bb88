/* SPDX-License-Identifier: MIT OR Unlicense */
/* Buckets, breakers, retries and what is learnt of a target: by hand from issue and documentation, and against oracles that are exact or see everything. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

__extension__ typedef __int128 wide;
#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)
static aigw_now at(uint64_t ns) {
    aigw_now now = { 0, 0 };
    now.mono_ns = ns;
    return now;
}

/* ---- bucket */

/* A fluid bucket in exact units: one thing is `per` ns long, each nanosecond brings `limit`. */
typedef struct { wide level, per, limit, full; uint64_t seen; } fluid;
static void fluid_to(fluid *f, uint64_t ns) {
    if (ns > f->seen) {
        f->level += (wide)(ns - f->seen) * f->limit;
        f->seen = ns;
    }
    if (f->level > f->full) f->level = f->full;
}
static uint64_t fluid_wait(const fluid *f, uint64_t n) {
    const wide need = (wide)n * f->per < f->full ? (wide)n * f->per : f->full;
    return !n || f->level >= need ? 0 : (uint64_t)((need - f->level + f->limit - 1) / f->limit);
}
static uint32_t any32(void) { return (uint32_t)(t_rand() >> (32 + t_below(32))); }

T(bucket_is_a_fluid_bucket) {
    for (int round = 0; round < 400; round++) {
        aigw_bucket b = { 0, 0, 0 };
        aigw_bucket_cfg cfg = { 0, 0, 0 };
        uint64_t now = t_below(2) ? 0 : t_rand() >> 8, most, other;
        fluid f;
        cfg.limit = any32() | 1;
        cfg.per_ms = t_below(3) ? 0 : any32() >> 8;
        cfg.burst = t_below(2) ? 0 : any32() >> t_below(20);
        f.per = (wide)(cfg.per_ms ? cfg.per_ms : 60000) * 1000000;
        f.limit = cfg.limit;
        f.full = f.level = (wide)(cfg.burst ? cfg.burst : cfg.limit) * f.per;
        if (f.full / f.limit > (wide)1 << 56) continue;        /* fuller than time can tell: below */
        f.seen = 0;
        most = (uint64_t)(f.full / f.per);
        for (int i = 0; i < 300; i++) {
            uint64_t n = t_below(3) ? t_below((size_t)most / (1 + t_below(50)) + 1) : t_below(4) ? t_below(3) : most + t_below((size_t)most + 1), wait, reset;
            if (t_below(3)) now += (uint64_t)(f.per / f.limit) / (1 + t_below(4)) * t_below(9) + t_below(3);
            else if (!t_below(3)) now += t_below((size_t)(f.full / f.limit) + 2);
            other = !t_below(8) && now > 5 ? now - t_below((size_t)now) : now;          /* a clock that goes back */
            fluid_to(&f, other);
            if (!t_below(4)) {
                const int64_t more = (t_below(2) && f.level > -4 * f.full ? 1 : -1) * (int64_t)n;
                aigw_bucket_settle(&b, &cfg, at(other), more);
                f.level -= more * f.per;
                fluid_to(&f, other);
            } else {
                const uint64_t want = fluid_wait(&f, n);
                t_int("look", aigw_bucket_look(&b, &cfg, at(other), n, &wait), !want);
                t_int("look's wait", wait, want);
                t_int("take", aigw_bucket_take(&b, &cfg, at(other), n, t_below(2) ? &wait : NULL), !want);
                t_int("wait", wait, want);
                if (!want) f.level -= (wide)n * f.per;
            }
            t_int("left", aigw_bucket_left(&b, &cfg, at(other), t_below(2) ? NULL : &reset), f.level > 0 ? (uint64_t)(f.level / f.per) : 0);
            aigw_bucket_left(&b, &cfg, at(other), &reset);
            if (!t_int("reset", reset, (uint64_t)((f.full - f.level + f.limit - 1) / f.limit))) return;
        }
    }
}

T(bucket_by_hand) {
    aigw_bucket b = { 0, 0, 0 };
    aigw_bucket_cfg cfg = { 60, 0, 0 }, none = { 0, 0, 0 }, huge = { 1, UINT32_MAX, UINT32_MAX };
    uint64_t wait = 7;
    int i;
    t_int("what has no limit is let through", aigw_bucket_look(&b, &none, at(0), UINT64_MAX, &wait), 1);
    t_int("without a wait", wait, 0);
    for (i = 0; i < 60; i++) t_int("60 a minute, all at once", aigw_bucket_take(&b, &cfg, at(0), 1, &wait), 1);
    t_int("the 61st", aigw_bucket_take(&b, &cfg, at(0), 1, &wait), 0);
    t_int("waits a second", wait, S);
    t_int("none left", aigw_bucket_left(&b, &cfg, at(0), &wait), 0);
    t_int("full in a minute", wait, 60 * S);
    t_int("a nanosecond early", aigw_bucket_take(&b, &cfg, at(S - 1), 1, &wait), 0);
    t_int("waits for it", wait, 1);
    t_int("in time", aigw_bucket_take(&b, &cfg, at(S), 1, NULL), 1);
    t_int("nothing is always let through", aigw_bucket_take(&b, &cfg, at(S), 0, NULL), 1);
    t_int("more than the burst waits until it is full", aigw_bucket_look(&b, &cfg, at(S), 100, &wait), 0);
    t_int("a minute", wait, 60 * S);
    t_int("then it is a debt", aigw_bucket_take(&b, &cfg, at(61 * S), 100, NULL), 1);
    t_int("of 40", aigw_bucket_look(&b, &cfg, at(61 * S), 1, &wait), 0);
    t_int("and one", wait, 41 * S);
    aigw_bucket_settle(&b, &cfg, at(61 * S), -90);
    t_int("90 of them were not used", aigw_bucket_left(&b, &cfg, at(61 * S), NULL), 50);
    aigw_bucket_settle(&b, &cfg, at(61 * S), INT64_MIN);
    t_int("never fuller than full", aigw_bucket_left(&b, &cfg, at(61 * S), &wait), 60);
    t_int("full now", wait, 0);
    t_int("no limit", aigw_bucket_take(&b, &none, at(0), UINT64_MAX, &wait), 1);
    t_int("no limit leaves all", aigw_bucket_left(&b, &none, at(0), &wait) == UINT64_MAX && !wait, 1);
    aigw_bucket_settle(&b, &cfg, at(61 * S), INT64_MAX);
    t_int("a debt without end", aigw_bucket_take(&b, &cfg, at(62 * S), 1, &wait), 0);
    t_ok("lasts", wait > UINT64_MAX / 2);
    aigw_bucket_settle(&b, &cfg, at(62 * S), INT64_MAX);
    aigw_bucket_settle(&b, &cfg, at(62 * S), INT64_MIN);
    t_int("and can be given back", aigw_bucket_left(&b, &cfg, at(62 * S), NULL), 60);
    memset(&b, 0, sizeof b);
    for (i = 0; i < 100; i++) aigw_bucket_take(&b, &huge, at(AIGW_NEVER - 5), UINT64_MAX, &wait);
    t_ok("times that do not fit stay bounded", aigw_bucket_left(&b, &huge, at(AIGW_NEVER - 5), &wait) <= UINT32_MAX);
}

/* ---- breaker: every sequence of events against a machine that is written as the issue says it */

enum { OK, FAIL, NEITHER, HOLD, FORCE, HELD_OK, HELD_FAIL, TICK, EVENTS };
static const char *const event_names[] = { "ok ", "fail ", "neither ", "hold ", "force ", "held-ok ", "held-fail ", "tick " };
typedef struct { aigw_breaker_pass pass; int probe, id; } held;
typedef struct {
    aigw_breaker b;
    uint64_t now, random;
    int state, row, good, opened, probe, forced, era;          /* probe: id of the one that counts; 0 none. forced: before its time, nothing good yet */
    uint64_t until, probe_until;
    int results_n, ids;
    struct { uint64_t slot; int failed; } results[8];
    held queue[8];
    int held_n;
} walk;
static const aigw_breaker_cfg small = { 100, 2, 50, 4, 4, 10, 2, 5 };
static uint64_t walk_tick;
static char walk_text[128];

static void walk_open(walk *w, int64_t retry_after, int early) {       /* early: a probe failed before its time */
    uint64_t ms = 4, until;
    int i;
    for (i = 0; i < w->opened - early && ms < 10; i++) ms *= 2;
    if (ms > 10) ms = 10;
    w->opened += !early;
    w->state = AIGW_BREAKER_OPEN;
    w->row = w->good = w->results_n = w->probe = w->forced = 0;
    w->era++;
    aigw_breaker_look(&w->b, &small, at(w->now), &until);
    w->until = until;
    if (retry_after > (int64_t)ms) t_int(walk_text, until, w->now + (uint64_t)retry_after * MS);
    else t_ok(walk_text, until >= w->now + ms / 2 * MS && until <= w->now + ms * MS && (retry_after < 0 || until >= w->now + (uint64_t)retry_after * MS));
}
static void walk_time(walk *w) {                               /* what time alone does */
    if (w->probe && w->now >= w->probe_until) w->probe = 0;
    if (w->state == AIGW_BREAKER_OPEN && w->now >= w->until) w->state = AIGW_BREAKER_HALF_OPEN;
    if (w->state == AIGW_BREAKER_HALF_OPEN && !w->probe && !w->good && w->now < w->until) w->state = AIGW_BREAKER_OPEN;
}
static int walk_allow(walk *w, int force, held *h) {
    int want = 1, got;
    h->probe = 0;
    h->id = w->era;
    if (w->state != AIGW_BREAKER_CLOSED) {
        want = !w->probe && (w->state == AIGW_BREAKER_HALF_OPEN || force);
        if (want) {
            w->state = AIGW_BREAKER_HALF_OPEN;
            w->probe = h->probe = ++w->ids;
            w->probe_until = w->now + 5 * MS;
        }
    }
    got = aigw_breaker_allow(&w->b, &small, at(w->now), force, &h->pass);
    t_int(walk_text, got, want);
    if (got) t_int(walk_text, h->pass.probe, h->probe != 0);
    return got;
}
static void walk_report(walk *w, const held *h, int outcome, int64_t retry_after) {
    const int counts = w->state == AIGW_BREAKER_CLOSED ? !h->probe && h->id == w->era : h->probe && h->probe == w->probe;
    int opens = 0, early = 0, i, n = 0, failed = 0;
    if (counts && w->state == AIGW_BREAKER_HALF_OPEN) {
        w->probe = 0;
        early = w->now < w->until;
        opens = outcome == AIGW_BREAKER_FAILED;
        if (outcome == AIGW_BREAKER_OK && ++w->good == 2) {
            w->state = AIGW_BREAKER_CLOSED;
            w->good = w->opened = w->row = w->results_n = 0;
            w->era++;
        }
    } else if (counts && outcome != AIGW_BREAKER_NEITHER) {
        w->results[w->results_n].slot = w->now / (10 * MS);
        w->results[w->results_n++].failed = outcome == AIGW_BREAKER_FAILED;
        w->row = outcome == AIGW_BREAKER_FAILED ? w->row + 1 : 0;
        for (i = 0; i < w->results_n; i++)
            if (w->results[i].slot + 10 > w->now / (10 * MS)) { n++; failed += w->results[i].failed; }
        opens = outcome == AIGW_BREAKER_FAILED && (w->row >= 2 || (n >= 4 && 2 * failed >= n));
    }
    aigw_breaker_report(&w->b, &small, at(w->now), h->pass, outcome, retry_after, &w->random);
    if (opens) walk_open(w, retry_after, early);
}
static void walk_all(const walk *from, int depth, size_t n) {
    for (int e = 0; e < EVENTS && depth; e++) {
        walk w = *from;
        held h;
        uint64_t until;
        if ((e == HELD_OK || e == HELD_FAIL) && !w.held_n) continue;
        if (n) { walk_text[n] = 0; strcpy(walk_text + n, event_names[e]); }
        else strcpy(walk_text, event_names[e]);
        if (e == TICK) w.now += walk_tick;
        walk_time(&w);
        if (e <= NEITHER) { if (walk_allow(&w, 0, &h)) walk_report(&w, &h, e, e == FAIL && depth == 3 ? 30 : depth == 4 ? 3 : -1); }
        else if (e == HOLD || e == FORCE) { if (walk_allow(&w, e == FORCE, &h)) w.queue[w.held_n++] = h; }
        else if (e != TICK) {
            h = w.queue[0];
            memmove(w.queue, w.queue + 1, (size_t)--w.held_n * sizeof *w.queue);
            walk_report(&w, &h, e == HELD_OK ? AIGW_BREAKER_OK : AIGW_BREAKER_FAILED, -1);
        }
        walk_time(&w);
        if (!t_int(walk_text, aigw_breaker_look(&w.b, &small, at(w.now), &until), w.state)) return;
        t_int(walk_text, until, w.probe ? w.probe_until : w.state == AIGW_BREAKER_OPEN ? w.until : 0);
        walk_all(&w, depth - 1, strlen(walk_text));
    }
}
T(breaker_every_sequence) {
    static const uint64_t ticks[] = { 1, 3, 12, 101 };
    for (size_t i = 0; i < T_COUNT(ticks); i++) {
        walk w;
        memset(&w, 0, sizeof w);
        w.now = i & 1 ? 0 : 123456789;
        w.random = i;
        walk_tick = ticks[i] * MS;
        walk_all(&w, i == 1 ? 7 : 6, 0);
        if (t_.bad) return;
    }
}

/* A row of outcomes at times, then the state. */
T(breaker_by_hand) {
    static const struct { const char *label, *what; int state; } rows[] = {
        /* . ok, x failed, n neither, s a second passes, w ten seconds */
        { "four in a row", "xxxx", AIGW_BREAKER_CLOSED },
        { "five in a row", "xxxxx", AIGW_BREAKER_OPEN },
        { "a good one between", "xxxx.xxxx", AIGW_BREAKER_CLOSED },
        { "a bucket that is half full", "xxxx.xxxx.", AIGW_BREAKER_CLOSED },
        { "half of ten, at the failure", "..x.x.x.xx", AIGW_BREAKER_OPEN },
        { "half of nine", ".x.x.x.xx", AIGW_BREAKER_CLOSED },
        { "four of ten", "...x.x.x.x", AIGW_BREAKER_CLOSED },
        { "neither does not count", "xxxxnnnnnnnnnn", AIGW_BREAKER_CLOSED },
        { "nor end the row", "xxxxnnnnnnnnnnx", AIGW_BREAKER_OPEN },
        { "what was 30 s ago is forgotten", "x.x.x.x.xwww.x", AIGW_BREAKER_CLOSED },
        { "what was 27 s ago is not", "x.x.x.x.wwsssssss.x", AIGW_BREAKER_OPEN },
        { "nor what its bucket of 3 s began 30 s ago", "sssssx.x.x.x.wwsssssssss.x", AIGW_BREAKER_CLOSED },
        { "a row has no window", "xwwwwxwwwwxwwwwxwwwwx", AIGW_BREAKER_OPEN },
        { "open for 5 s at most", "xxxxxsssss", AIGW_BREAKER_HALF_OPEN },
        { "one good probe", "xxxxxw.", AIGW_BREAKER_HALF_OPEN },
        { "two good probes", "xxxxxw..", AIGW_BREAKER_CLOSED },
        { "a bad one", "xxxxxw.x", AIGW_BREAKER_OPEN },
        { "a probe that learns nothing", "xxxxxw.n", AIGW_BREAKER_HALF_OPEN },
        { "closed is fresh", "xxxxxw..xxxx", AIGW_BREAKER_CLOSED }
    };
    static const aigw_breaker_cfg usual = { 0, 0, 0, 0, 0, 0, 0, 0 }, many = { 0, 100000, 0, 0, 0, 0, 0, 0 };
    aigw_breaker_pass pass, late;
    aigw_breaker b;
    uint64_t now = 0, random = 9, until;
    int i;
    for (size_t r = 0; r < T_COUNT(rows); r++) {
        t_row(rows[r].label);
        memset(&b, 0, sizeof b);
        now = 17 * S;
        for (const char *p = rows[r].what; *p; p++)
            if (*p == 's' || *p == 'w') now += *p == 's' ? S : 10 * S;
            else if (t_ok("is asked", aigw_breaker_allow(&b, &usual, at(now), 0, &pass)))
                aigw_breaker_report(&b, &usual, at(now), pass, *p == '.' ? AIGW_BREAKER_OK : *p == 'x' ? AIGW_BREAKER_FAILED : AIGW_BREAKER_NEITHER, -1, &random);
        t_int("state", aigw_breaker_look(&b, &usual, at(now), NULL), rows[r].state);
        t_int("time that goes back", aigw_breaker_look(&b, &usual, at(0), NULL), aigw_breaker_look(&b, &usual, at(b.seen_ns), NULL));
    }
    t_row("more than a bucket can count: the shares stay");
    memset(&b, 0, sizeof b);
    for (i = 0; i < 65536; i++) {
        aigw_breaker_allow(&b, &many, at(now), 0, &pass);
        aigw_breaker_report(&b, &many, at(now), pass, AIGW_BREAKER_OK, -1, &random);
    }
    for (i = 0; aigw_breaker_look(&b, &many, at(now), NULL) == AIGW_BREAKER_CLOSED && i < 70000; i++) {
        aigw_breaker_allow(&b, &many, at(now), 0, &pass);
        aigw_breaker_report(&b, &many, at(now), pass, AIGW_BREAKER_FAILED, -1, &random);
    }
    t_int("half of what is remembered", i, 32768);
    t_row("doubling");
    memset(&b, 0, sizeof b);
    for (i = 0; i < 5; i++) {
        aigw_breaker_allow(&b, &usual, at(now), 0, &pass);
        late = pass;
        aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_FAILED, -1, &random);
    }
    for (i = 0; i < 40; i++) {
        const uint64_t ms = i < 6 ? (uint64_t)5000 << i : 300000;
        t_int("is open", aigw_breaker_look(&b, &usual, at(now), &until), AIGW_BREAKER_OPEN);
        t_ok("for 50 to 100 %", until - now >= ms / 2 * MS && until - now <= ms * MS);
        t_int("not before", aigw_breaker_allow(&b, &usual, at(until - 1), 0, &pass), 0);
        now = until;
        t_int("then", aigw_breaker_allow(&b, &usual, at(now), 0, &pass), 1);
        t_int("once", aigw_breaker_allow(&b, &usual, at(now), 1, &late), 0);
        aigw_breaker_report(&b, &usual, at(now), late, AIGW_BREAKER_OK, -1, &random);
        aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_FAILED, -1, &random);
        aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_OK, -1, &random);      /* twice: the second counts for nothing */
    }
    t_row("Retry-After");
    aigw_breaker_allow(&b, &usual, at(now), 1, &pass);
    aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_FAILED, 1000000, &random);
    aigw_breaker_look(&b, &usual, at(now), &until);
    t_int("is a floor", until - now, 1000000 * MS);
    aigw_breaker_allow(&b, &usual, at(now), 1, &pass);
    aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_FAILED, INT64_MAX, &random);
    aigw_breaker_look(&b, &usual, at(now), &until);
    t_int("of a day at most", until - now, 86400 * S);
    t_row("a forced probe that learns nothing");
    t_int("is let through", aigw_breaker_allow(&b, &usual, at(now), 1, &pass), 1);
    t_int("is a probe", aigw_breaker_look(&b, &usual, at(now), NULL), AIGW_BREAKER_HALF_OPEN);
    t_int("leaves it", aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_NEITHER, -1, &random), AIGW_BREAKER_OPEN);
    t_row("a probe that never reports");
    aigw_breaker_allow(&b, &usual, at(until), 0, &late);
    t_int("is not waited for so long", aigw_breaker_again(&b, &usual, at(until)), until + 5 * S);
    t_int("but from its beginning on", aigw_breaker_again(&b, &usual, at(until + 2 * S)), until + 5 * S);
    t_int("then it may end at any time", aigw_breaker_again(&b, &usual, at(until + 50 * S)), until + 51 * S);
    t_int("until it is forgotten", aigw_breaker_again(&b, &usual, at(until + 120 * S - 1)), until + 120 * S);
    t_int("and nobody waits", aigw_breaker_again(&b, &usual, at(until + 120 * S)), 0);
    t_int("holds for two minutes", aigw_breaker_allow(&b, &usual, at(until + 120 * S - 1), 0, &pass), 0);
    t_int("is forgotten", aigw_breaker_allow(&b, &usual, at(until + 120 * S), 0, &pass), 1);
    aigw_breaker_report(&b, &usual, at(until + 121 * S), late, AIGW_BREAKER_FAILED, -1, &random);
    t_int("and says nothing any more", aigw_breaker_look(&b, &usual, at(until + 121 * S), NULL), AIGW_BREAKER_HALF_OPEN);
    t_row("a stream");
    memset(&b, 0, sizeof b);
    for (i = 0; i < 5; i++) {
        aigw_breaker_allow(&b, &usual, at(S), 0, &pass);
        t_int("open after five", aigw_breaker_report(&b, &usual, at(S), pass, AIGW_BREAKER_FAILED, -1, &random), i < 4 ? AIGW_BREAKER_CLOSED : AIGW_BREAKER_OPEN);
    }
    t_int("is let through", aigw_breaker_allow(&b, &usual, at(10 * S), 0, &late), 1);
    aigw_breaker_begun(&b, &usual, at(11 * S), &late, &random);
    t_int("its beginning is a good probe: the next may go", aigw_breaker_allow(&b, &usual, at(11 * S), 0, &pass), 1);
    aigw_breaker_begun(&b, &usual, at(12 * S), &pass, &random);
    t_int("two close it", aigw_breaker_look(&b, &usual, at(12 * S), NULL), AIGW_BREAKER_CLOSED);
    aigw_breaker_begun(&b, &usual, at(12 * S), &pass, &random);
    t_int("that it broke later counts as any failure", aigw_breaker_report(&b, &usual, at(13 * S), pass, AIGW_BREAKER_FAILED, -1, &random), AIGW_BREAKER_CLOSED);
    aigw_breaker_report(&b, &usual, at(13 * S), late, AIGW_BREAKER_FAILED, -1, &random);      /* of a state before */
    for (i = 0; i < 4; i++) {
        t_int("one of five", aigw_breaker_look(&b, &usual, at(13 * S), NULL), AIGW_BREAKER_CLOSED);
        aigw_breaker_allow(&b, &usual, at(13 * S), 0, &pass);
        aigw_breaker_report(&b, &usual, at(13 * S), pass, AIGW_BREAKER_FAILED, -1, &random);
    }
    t_int("the fifth opens it", aigw_breaker_look(&b, &usual, at(13 * S), &until), AIGW_BREAKER_OPEN);
    t_ok("for longer: no stream came to its end", until - 13 * S >= 5000 * MS);
    t_row("very many");
    memset(&b, 0, sizeof b);
    for (i = 0; i < 300000; i++) {
        aigw_breaker_allow(&b, &usual, at(S), 0, &pass);
        if (i % 3) aigw_breaker_report(&b, &usual, at(S), pass, AIGW_BREAKER_OK, -1, &random);
        else aigw_breaker_report(&b, &usual, at(S), pass, AIGW_BREAKER_FAILED, -1, &random);
    }
    t_int("a third of them bad", aigw_breaker_look(&b, &usual, at(S), NULL), AIGW_BREAKER_CLOSED);
    t_row(NULL);
    t_str("names", aigw_breaker_name(AIGW_BREAKER_HALF_OPEN), 9, "half_open");
    t_str("names", aigw_breaker_name(AIGW_BREAKER_CLOSED), 6, "closed");
    t_str("names", aigw_breaker_name(AIGW_BREAKER_OPEN), 4, "open");
}

/* A list that answers while the model fails closes the circuit, and does not begin the doubling anew. */
static void light_fails(aigw_breaker *b, uint64_t now, uint64_t least_ms, uint64_t most_ms) {
    static const aigw_breaker_cfg usual = { 0, 0, 0, 0, 0, 0, 0, 0 };
    uint64_t random = now, until;
    for (int i = 0; i < 5; i++) {
        aigw_breaker_pass pass;
        t_int("is asked", aigw_breaker_allow(b, &usual, at(now), 0, &pass), 1);
        aigw_breaker_report(b, &usual, at(now), pass, AIGW_BREAKER_FAILED, -1, &random);
    }
    t_int("open", aigw_breaker_look(b, &usual, at(now), &until), AIGW_BREAKER_OPEN);
    t_ok("for at least", until - now >= least_ms * MS);
    t_ok("for at most", until - now <= most_ms * MS);
}
static void light_closes(aigw_breaker *b, uint64_t now, int forced, int lights) {          /* two successes, the last so many of them light */
    static const aigw_breaker_cfg usual = { 0, 0, 0, 0, 0, 0, 0, 0 };
    uint64_t random = 1;
    for (int i = 2; i--; ) {
        aigw_breaker_pass pass;
        t_int("is probed", aigw_breaker_allow(b, &usual, at(now), forced, &pass), 1);
        pass.light = i < lights;
        aigw_breaker_report(b, &usual, at(now), pass, AIGW_BREAKER_OK, -1, &random);
    }
    t_int("closed", aigw_breaker_look(b, &usual, at(now), NULL), AIGW_BREAKER_CLOSED);
}
T(breaker_light_success_keeps_the_doubling) {
    static const aigw_breaker_cfg usual = { 0, 0, 0, 0, 0, 0, 0, 0 };
    uint64_t now = 17 * S, most = 5000, random = 3;
    aigw_breaker_pass pass;
    aigw_breaker b;
    memset(&b, 0, sizeof b);
    for (int i = 0; i < 8; i++, now += 400 * S, most = most < 150000 ? most * 2 : 300000) {
        t_row("closed by light ones");
        light_fails(&b, now, most / 2, most);
        light_closes(&b, now + 300 * S, 0, 2);
    }
    t_row("light successes while it is closed");
    for (int i = 0; i < 5; i++) {
        aigw_breaker_allow(&b, &usual, at(now), 0, &pass);
        pass.light = 1;
        aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_OK, -1, &random);
    }
    light_fails(&b, now, 150000, 300000);
    t_row("a real success");
    light_closes(&b, now += 300 * S, 0, 2);
    aigw_breaker_allow(&b, &usual, at(now), 0, &pass);
    aigw_breaker_report(&b, &usual, at(now), pass, AIGW_BREAKER_OK, -1, &random);
    light_fails(&b, now, 2500, 5000);
    t_row("closed by real ones");
    light_closes(&b, now += 5 * S, 0, 0);
    light_fails(&b, now, 2500, 5000);
    t_row("a light one, then a real one");
    light_closes(&b, now += 5 * S, 0, 0);
    light_fails(&b, now, 2500, 5000);
    t_row("a real one, then a light one");
    light_closes(&b, now += 5 * S, 0, 1);
    light_fails(&b, now, 5000, 10000);
    t_row("forced, before its time");
    light_closes(&b, now, 1, 2);
    light_fails(&b, now, 10000, 20000);
    t_row("closed for less than ten times as long as it may be open at most");
    light_closes(&b, now += 20 * S, 0, 2);
    light_fails(&b, now += 3000 * S - 1, 20000, 40000);
    t_row("closed for that long");
    light_closes(&b, now += 40 * S, 0, 2);
    light_fails(&b, now += 3000 * S, 2500, 5000);
    t_row(NULL);
}

T(breaker_kinds) {
    /* by hand: what says something about the target */
    static const char failed[] = " overloaded server timeout connect tls dns bad_response truncated ";
    for (int k = 0; k < AIGW_KIND_COUNT; k++) {
        char word[40];
        sprintf(word, " %s ", aigw_model_kind_name(k));
        t_int(word, aigw_breaker_outcome_of(k), k == AIGW_KIND_NONE ? AIGW_BREAKER_OK : strstr(failed, word) ? AIGW_BREAKER_FAILED : AIGW_BREAKER_NEITHER);
    }
    t_int("no kind", aigw_breaker_outcome_of(999), AIGW_BREAKER_NEITHER);
}

/* ---- retry */

T(retry_budget_by_oracle) {
    for (int round = 0; round < 60; round++) {
        static uint64_t made[4000];
        aigw_retry_cfg cfg;
        aigw_retry_budget b;
        uint64_t now = t_below(3) ? 0 : 77 * S, seen = 0, earned;
        long balance, cap, floor;
        int made_n = 0;
        memset(&cfg, 0, sizeof cfg);
        memset(&b, 0, sizeof b);
        if (round % 3 == 1) { cfg.budget_ratio = (uint32_t)t_below(400) + 1; cfg.budget_cap = (uint32_t)t_below(20) + 1; cfg.budget_floor = (uint32_t)t_below(9); }
        if (round % 10 == 2) cfg.budget_floor = UINT32_MAX;
        cap = 1000 * (long)(cfg.budget_cap ? cfg.budget_cap : 10);
        floor = cfg.budget_floor == UINT32_MAX ? 0 : cfg.budget_floor ? (long)cfg.budget_floor : 3;
        earned = cfg.budget_ratio ? cfg.budget_ratio : 100;
        balance = cap;
        for (int i = 0; i < 3000; i++) {
            const uint64_t shown = !t_below(20) && now > S ? now - t_below((size_t)(20 * S)) % now : now;
            now += t_below(3) ? t_below((size_t)(400 * MS)) : 0;
            if (!t_below(300)) now += 15 * S;
            if (t_below(3) || (i / 200 % 2 && t_below(8))) {
                aigw_retry_earn(&b, &cfg);
                balance = balance + (long)earned < cap ? balance + (long)earned : cap;
            } else {
                long lately = 0;
                int want;
                if (shown > seen) seen = shown;
                for (int k = 0; k < made_n; k++) lately += seen - made[k] < 10 * S;
                want = balance >= 1000 || lately < floor;
                if (!t_int("spend", aigw_retry_spend(&b, &cfg, at(shown)), want)) return;
                if (want) {
                    made[made_n++] = seen;
                    balance = balance - 1000 < -1000 * floor ? -1000 * floor : balance - 1000;
                }
            }
        }
    }
}
/* In a full outage each request fails at once and would be tried again. */
T(retry_budget_in_an_outage) {
    static const aigw_retry_cfg cfg = { 0, 0, 0, 0, 0, 0, 0, 0 };
    aigw_retry_budget b;
    int i, again = 0, first = 0;
    memset(&b, 0, sizeof b);
    for (i = 0; i < 10000; i++) {
        aigw_retry_earn(&b, &cfg);
        if (!aigw_retry_spend(&b, &cfg, at((uint64_t)i * 20 * MS))) continue;
        if (i < 500) first++;
        else again++;
    }
    t_int("500 requests in the first 10 s: 10 saved, 50 earned", first, 59);
    t_ok("then one in ten", again <= 951 && again >= 949);
    memset(&b, 0, sizeof b);
    for (again = i = 0; i < 1000; i++) again += aigw_retry_spend(&b, &cfg, at((uint64_t)i * 100 * MS));
    t_int("100 s without requests: 10 saved, then 3 in 10 s", again, 10 + 9 * 3);
}

T(retry_backoff_is_full_jitter) {
    static const aigw_retry_cfg usual = { 0, 0, 0, 0, 0, 0, 0, 0 }, odd = { 0, 0, 5000, 3000, 0, 0, 0, 0 };
    static const struct { uint32_t n, most; } rows[] = { { 0, 250 }, { 1, 250 }, { 2, 500 }, { 3, 1000 }, { 6, 8000 }, { 7, 8000 }, { 40, 8000 }, { UINT32_MAX, 8000 } };
    static const aigw_retry_cfg slow = { 0, 0, 1000, 0, 0, 0, 0, 0 };
    uint64_t random = 1;
    uint32_t longest = 0;
    for (size_t r = 0; r < T_COUNT(rows); r++) {
        uint64_t sum = 0, low = UINT32_MAX, high = 0, quarter[4] = { 0, 0, 0, 0 };
        for (int i = 0; i < 8000; i++) {
            const uint32_t ms = aigw_retry_backoff(&usual, rows[r].n, &random);
            sum += ms;
            if (ms < low) low = ms;
            if (ms > high) high = ms;
            quarter[ms * 4 / (rows[r].most + 1)]++;
        }
        t_ok("never longer", high <= rows[r].most);
        t_ok("from nothing to all", low * 100 <= rows[r].most && high * 100 >= rows[r].most * 99);
        t_ok("half in the middle", sum / 8000 > rows[r].most * 48 / 100 && sum / 8000 < rows[r].most * 52 / 100);
        for (int q = 0; q < 4; q++) t_ok("even", quarter[q] > 1800 && quarter[q] < 2200);
    }
    t_ok("the cap holds for the base too", aigw_retry_backoff(&odd, 1, &random) <= 3000);
    for (int i = 0; i < 100; i++) {
        const uint32_t ms = aigw_retry_backoff(&slow, 1, &random);
        if (ms > longest) longest = ms;
    }
    t_ok("another base", longest > 900 && longest <= 1000);
}

T(retry_next_step) {
    enum { NO = AIGW_RETRY_STOP, SAME = AIGW_RETRY_SAME, NEXT = AIGW_RETRY_NEXT };
    static const struct {
        const char *label;
        int kind, retry;
        int64_t after;
        uint16_t attempts, at_target;
        uint8_t others, committed, gone, whole;
        int64_t left_ms;                                       /* to the deadline; 0 none */
        int step;
        const char *why;
    } rows[] = {
        { "another at once",              AIGW_KIND_SERVER,     -1,               -1, 1, 1, 1, 0, 0, 0,       0, NEXT, "another target" },
        { "though it asks for a minute",  AIGW_KIND_RATE_LIMIT, -1,            60000, 1, 1, 1, 0, 0, 0,       0, NEXT, "another target" },
        { "or for a day",                 AIGW_KIND_RATE_LIMIT, -1,         86400000, 1, 1, 1, 0, 0, 0,       0, NEXT, "another target" },
        { "or was asked enough",          AIGW_KIND_SERVER,     -1,               -1, 2, 2, 1, 0, 0, 0,       0, NEXT, "another target" },
        { "only another",                 AIGW_KIND_AUTH,       -1,               -1, 1, 1, 1, 0, 0, 0,       0, NEXT, "another target" },
        { "none other",                   AIGW_KIND_AUTH,       -1,               -1, 1, 1, 0, 0, 0, 0,       0, NO,   "no other target" },
        { "x-should-retry: false",        AIGW_KIND_SERVER,     AIGW_RETRY_OTHER, -1, 1, 1, 0, 0, 0, 0,       0, NO,   "no other target" },
        { "the same",                     AIGW_KIND_SERVER,     -1,               -1, 1, 1, 0, 0, 0, 0,       0, SAME, "same target" },
        { "after a minute",               AIGW_KIND_RATE_LIMIT, -1,            60000, 1, 1, 0, 0, 0, 0,       0, SAME, "same target" },
        { "not after more",               AIGW_KIND_RATE_LIMIT, -1,            60001, 1, 1, 0, 0, 0, 0,       0, NO,   "retry-after" },
        { "nor for ever",                 AIGW_KIND_RATE_LIMIT, -1,        INT64_MAX, 1, 1, 0, 0, 0, 0,       0, NO,   "retry-after" },
        { "twice at one",                 AIGW_KIND_SERVER,     -1,               -1, 2, 2, 0, 0, 0, 0,       0, NO,   "attempts at target" },
        { "three in all",                 AIGW_KIND_SERVER,     -1,               -1, 3, 1, 1, 0, 0, 0,       0, NO,   "attempts" },
        { "the request's fault",          AIGW_KIND_INVALID_REQUEST, -1,          -1, 1, 1, 1, 0, 0, 0,       0, NO,   "not retryable" },
        { "a whole answer's timeout",     AIGW_KIND_TIMEOUT,    AIGW_RETRY_NEVER, -1, 1, 1, 1, 0, 0, 0,       0, NO,   "not retryable" },
        { "that may be retried",          AIGW_KIND_TIMEOUT,    AIGW_RETRY_NEVER, -1, 1, 1, 1, 0, 0, 1,       0, NEXT, "another target" },
        { "which frees nothing else",     AIGW_KIND_BUDGET,     -1,               -1, 1, 1, 1, 0, 0, 1,       0, NO,   "not retryable" },
        { "after commit",                 AIGW_KIND_TRUNCATED,  -1,               -1, 1, 1, 1, 1, 0, 0,       0, NO,   "committed" },
        { "for nobody",                   AIGW_KIND_SERVER,     -1,               -1, 1, 1, 1, 0, 1, 0,       0, NO,   "client gone" },
        { "beyond the deadline",          AIGW_KIND_SERVER,     -1,               -1, 1, 1, 1, 0, 0, 0,      -1, NO,   "deadline" },
        { "within it",                    AIGW_KIND_SERVER,     -1,               -1, 1, 1, 1, 0, 0, 0,       1, NEXT, "another target" },
        { "a wait that ends behind it",   AIGW_KIND_RATE_LIMIT, -1,            10000, 1, 1, 0, 0, 0, 0,   10000, NO,   "deadline" },
        { "a wait that ends before it",   AIGW_KIND_RATE_LIMIT, -1,            10000, 1, 1, 0, 0, 0, 0,   10300, SAME, "same target" }
    };
    static const aigw_retry_cfg usual = { 0, 0, 0, 0, 0, 0, 0, 0 };
    uint64_t random = 5;
    for (size_t r = 0; r < T_COUNT(rows); r++) for (int i = 0; i < 20; i++) {
        aigw_error error;
        aigw_retry_case c;
        uint32_t wait = 1;
        uint64_t chance = random;
        const char *why = NULL;
        memset(&error, 0, sizeof error);
        memset(&c, 0, sizeof c);
        t_row(rows[r].label);
        error.kind = (uint8_t)rows[r].kind;
        error.retry = (uint8_t)(rows[r].retry < 0 ? aigw_model_kind_retry(rows[r].kind) : rows[r].retry);
        error.retry_after_ms = rows[r].after;
        c.error = &error;
        c.attempts = rows[r].attempts;
        c.at_target = rows[r].at_target;
        c.others = rows[r].others;
        c.committed = rows[r].committed;
        c.gone = rows[r].gone;
        c.whole_timeout = rows[r].whole;
        if (rows[r].left_ms) c.until_ns = 1000 * S + (uint64_t)rows[r].left_ms * MS;
        t_int("step", aigw_retry_next(&usual, &c, at(1000 * S), &random, &wait, &why), rows[r].step);
        t_str("why", why, strlen(why), rows[r].why);
        if (rows[r].step != SAME) t_int("no wait", wait, 0);
        else if (rows[r].after <= 0) t_int("jitter alone", wait, aigw_retry_backoff(&usual, rows[r].at_target, &chance));
        else t_ok("as it asked, and jitter", (int64_t)wait >= rows[r].after && (int64_t)wait <= (rows[r].after > 0 ? rows[r].after : 0) + 250);
    }
}

/* ---- health */

static int by_value(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}
T(health_quantiles_against_sorted_values) {
    static const uint32_t asked[] = { 0, 1, 100, 500, 900, 950, 990, 999, 1000, 5000 };
    static uint64_t us[1023];
    for (int round = 0; round < 300; round++) {
        aigw_health_hist h;
        const size_t n = 1 + t_below(1023);
        memset(&h, 0, sizeof h);
        for (size_t i = 0; i < n; i++) {
            us[i] = round % 3 ? (t_rand() >> 34) % 900000000 >> t_below(20) : 1000000 + t_below(2000000);
            if (round % 7 == 1) us[i] = t_below(3000);
            aigw_health_add(&h, us[i]);
        }
        qsort(us, n, sizeof *us, by_value);
        for (size_t q = 0; q < T_COUNT(asked); q++) {
            size_t rank = (n * (asked[q] > 1000 ? 1000 : asked[q]) + 999) / 1000;
            const uint64_t want = us[rank ? rank - 1 : 0];
            const int64_t got = aigw_health_quantile(&h, asked[q], 1);
            t_ok("not below", got >= (int64_t)want);
            t_ok("at most 19 % above", got <= (int64_t)(want + want * 19 / 100) || got == 1024);
        }
        t_int("enough", aigw_health_quantile(&h, 500, (uint32_t)n) < 0, 0);
        t_int("too few", aigw_health_quantile(&h, 500, (uint32_t)n + 1), -1);
    }
}
T(health_histogram_forgets) {
    aigw_health_hist h;
    int i;
    memset(&h, 0, sizeof h);
    t_int("nothing", aigw_health_quantile(&h, 500, 0), -1);
    aigw_health_add(&h, UINT64_MAX);
    t_int("beyond the last", aigw_health_quantile(&h, 500, 0), 902905856);
    for (i = 0; i < 1023; i++) aigw_health_add(&h, 1000000);
    t_int("at 1,024", h.total, 512);
    for (i = 0; i < 1024; i++) aigw_health_add(&h, 1000000);
    t_ok("a lone value is gone", aigw_health_quantile(&h, 1000, 1) <= 1190000);
    for (i = 0; i < 1100; i++) aigw_health_add(&h, 10000000);
    t_ok("what is new counts", aigw_health_quantile(&h, 500, 1) >= 10000000);
    for (i = 0; i < 20000; i++) aigw_health_add(&h, i % 100 < 97 ? 1000000 : 12000000);
    t_ok("a tail of 3 % stays", aigw_health_quantile(&h, 960, 1) < 1200000 && aigw_health_quantile(&h, 980, 1) >= 12000000);
}

static aigw_limits no_limits(void) {
    aigw_limits l;
    l.requests.limit = l.requests.remaining = l.requests.reset_ms = l.retry_after_ms = -1;
    l.tokens = l.input_tokens = l.output_tokens = l.requests;
    return l;
}
static aigw_health_report report(int kind, int64_t first_us, int64_t all_us) {
    aigw_health_report r;
    memset(&r, 0, sizeof r);
    r.kind = kind;
    r.first_us = first_us;
    r.all_us = all_us;
    r.input_bytes = -1;
    return r;
}
T(health_learns) {
    aigw_health h;
    aigw_health_report r = report(AIGW_KIND_NONE, 400000, 1400000);
    aigw_usage u;
    int i;
    memset(&h, 0, sizeof h);
    memset(&u, 0, sizeof u);
    aigw_health_start(&h);
    aigw_health_start(&h);
    t_int("two under way", h.in_flight, 2);
    u.has = AIGW_USAGE_INPUT | AIGW_USAGE_OUTPUT;
    u.input = 1000;
    u.output = 50;
    r.usage = &u;
    r.input_bytes = 4200;
    aigw_health_end(&h, at(0), &r);
    t_int("one", h.in_flight, 1);
    t_int("50 tokens in a second", h.tokens_s, 50000);
    t_int("4.2 bytes a token", h.milli_bytes_per_token, 4200);
    t_int("first", h.first_ewma_us, 400000);
    t_int("no failure", h.failed_ns, 0);
    t_int("no share of failures", h.error_ppm, 0);
    u.output = 130;                                            /* moves by 1/8 of the difference */
    u.input = 4000;                                            /* a prompt counts by its length */
    r.input_bytes = 8000;
    aigw_health_end(&h, at(1), &r);
    t_int("60", h.tokens_s, 60000);
    t_int("12,200 bytes in 5,000", h.milli_bytes_per_token, 2440);
    u.output = 0;
    u.input = 900;
    r.input_bytes = 1000;
    h.in_flight++;
    aigw_health_end(&h, at(1), &r);
    t_int("a short one teaches nothing", h.milli_bytes_per_token, 2440);
    u.input = 1000000;
    r.input_bytes = 3000000;
    for (i = 0; i < 8; i++) h.in_flight++, aigw_health_end(&h, at(1), &r);
    t_ok("what was long ago is forgotten", h.milli_bytes_per_token >= 2990 && h.milli_bytes_per_token <= 3000);
    t_ok("sums stay small", h.text_bytes <= 4194304 && h.text_tokens <= 4194304);
    r.input_bytes = -1;
    aigw_health_end(&h, at(1), &r);
    t_int("never below none", h.in_flight, 0);
    r = report(AIGW_KIND_NONE, 2000000, 2000000);
    aigw_health_end(&h, at(1), &r);
    t_int("rises at once", h.first_ewma_us, 2000000);
    r = report(AIGW_KIND_NONE, 400000, 400000);
    aigw_health_end(&h, at(1), &r);
    t_int("falls by an eighth", h.first_ewma_us, 1800000);
    r = report(AIGW_KIND_SERVER, -1, 1000);
    aigw_health_end(&h, at(5), &r);
    t_int("a failure takes no time", h.first_ewma_us, 1800000);
    t_int("a sixteenth", h.error_ppm, 62500);
    t_int("when", h.failed_ns, 5);
    r = report(AIGW_KIND_INVALID_REQUEST, -1, 1000);
    aigw_health_end(&h, at(6), &r);
    t_int("not its fault", h.error_ppm, 62500);
    t_int("not then", h.failed_ns, 5);
    for (i = 0; i < 400; i++) { r = report(AIGW_KIND_NONE, 400000, 400000); aigw_health_end(&h, at(7), &r); }
    t_int("arrives at none", h.error_ppm, 0);
    t_int("and at the time", h.first_ewma_us, 400000);
    for (i = 0; i < 400; i++) { r = report(AIGW_KIND_TIMEOUT, -1, 5000000); aigw_health_end(&h, at(7), &r); }
    t_int("arrives at all", h.error_ppm, 1000000);
    t_int("a timeout took at least so long", h.first_ewma_us, 5000000);
    r = report(AIGW_KIND_CANCELLED, -1, 9000000);
    aigw_health_end(&h, at(7), &r);
    t_int("given up when it was slow already", h.first_ewma_us, 9000000);
    i = h.first.total;
    r = report(AIGW_KIND_CANCELLED, -1, 1000);
    aigw_health_end(&h, at(7), &r);
    t_int("given up early says nothing", h.first.total, i);
    u.output = INT64_MAX;
    u.input = INT64_MIN;
    r = report(AIGW_KIND_NONE, INT64_MAX, INT64_MAX);
    r.usage = &u;
    r.input_bytes = INT64_MAX;
    aigw_health_end(&h, at(AIGW_NEVER), &r);
    t_ok("absurd counts are not taken", h.tokens_s < 100000 && h.milli_bytes_per_token < 5000);
    memset(&h, 0, sizeof h);
    u.output = 1;
    r = report(AIGW_KIND_NONE, -1, INT64_C(3000000000));
    r.usage = &u;
    aigw_health_end(&h, at(7), &r);
    t_int("as slow as can be told: 0 would say unknown", h.tokens_s, 1);
    u.input = 100;
    r.input_bytes = 4000;
    aigw_health_end(&h, at(7), &r);
    t_int("more than 16 bytes a token are 16", h.milli_bytes_per_token, 16000);
}
/* A probe teaches whether the target fails and when it may be asked again, and nothing of how it answers clients. */
T(health_probed) {
    aigw_health h, was;
    aigw_health_report r = report(AIGW_KIND_NONE, 400000, 400000);
    memset(&h, 0, sizeof h);
    memset(&was, 0, sizeof was);
    aigw_health_probed(&h, at(S), &r);
    r.kind = AIGW_KIND_INVALID_REQUEST;
    aigw_health_probed(&h, at(S), &r);
    t_mem("well, or the probe's own fault", &h, sizeof h, &was, sizeof was);
    r.kind = AIGW_KIND_SERVER;
    aigw_health_probed(&h, at(2 * S), &r);
    t_int("it failed", h.failed_ns, 2 * S);
    t_int("and may be asked at once", aigw_health_ready(&h, at(2 * S), 1), 0);
    r.kind = AIGW_KIND_RATE_LIMIT;
    aigw_health_probed(&h, at(3 * S), &r);
    t_int("refused", h.failed_ns, 3 * S);
    t_int("for a second", aigw_health_ready(&h, at(3 * S), 1), 4 * S);
    t_int("no share of failures", h.error_ppm, 0);
    t_int("no time", h.first.total, 0);
}

T(health_ready) {
    static const struct {
        const char *label;
        int64_t limit, remaining, reset_ms;                    /* of requests, else of tokens */
        int of_tokens;
        int64_t tokens, want_ms;
    } rows[] = {
        { "one is left",                       60,  1, 60000, 0, 0, 0 },
        { "none of 60 a minute: one in 1 s",   60,  0, 60000, 0, 0, 1000 },
        { "none of 10,000 a day",           10000,  0, 86400000, 0, 0, 8640 },
        { "none, all at once",                 -1,  0, 7000, 0, 0, 7000 },
        { "no reset said",                     60,  0, -1, 0, 0, 0 },
        { "no remainder said",                 60, -1, 7000, 0, 0, 0 },
        { "enough tokens",                 100000, 500, 59700, 1, 500, 0 },
        { "too few: 1,000 more",           100000, 500, 59700, 1, 1500, 600 },
        { "more than there ever are",      100000, 500, 59700, 1, 1000000, 59700 },
        { "no estimate",                   100000, 500, 59700, 1, 0, 0 },
        { "absurd figures",              INT64_MAX, 0, INT64_MAX, 1, INT64_MAX, 86400000 }
    };
    const aigw_limit none = { 100, 0, 60000 };
    aigw_limits l = no_limits();
    aigw_health h;
    aigw_health_report r;
    aigw_error error;
    uint64_t then;
    int i;
    for (size_t row = 0; row < T_COUNT(rows); row++) {
        aigw_limit *one;
        t_row(rows[row].label);
        memset(&h, 0, sizeof h);
        l = no_limits();
        one = rows[row].of_tokens ? &l.tokens : &l.requests;
        one->limit = rows[row].limit;
        one->remaining = rows[row].remaining;
        one->reset_ms = rows[row].reset_ms;
        r = report(AIGW_KIND_NONE, 1, 1);
        r.limits = &l;
        aigw_health_end(&h, at(S), &r);
        then = rows[row].want_ms ? S + (uint64_t)rows[row].want_ms * MS : 0;
        t_int("ready", aigw_health_ready(&h, at(S), rows[row].tokens), then);
        t_int("before", aigw_health_ready(&h, at(0), rows[row].tokens), then);
        if (then) t_int("a nanosecond before", aigw_health_ready(&h, at(then - 1), rows[row].tokens), then);
        if (then) t_int("then", aigw_health_ready(&h, at(then), rows[row].tokens), 0);
    }
    for (int out = 0; out < 2; out++) {
        t_row(out ? "no output tokens are left" : "no input tokens are left");
        memset(&h, 0, sizeof h);
        l = no_limits();
        *(out ? &l.output_tokens : &l.input_tokens) = none;
        r = report(AIGW_KIND_NONE, 1, 1);
        r.limits = &l;
        aigw_health_end(&h, at(S), &r);
        t_int("until one is", aigw_health_ready(&h, at(S), 0), S + 600 * MS);
    }
    t_row("what was sent since counts");
    memset(&h, 0, sizeof h);
    l = no_limits();
    l.requests.limit = 60;
    l.requests.remaining = 2;
    l.requests.reset_ms = 58000;
    r = report(AIGW_KIND_NONE, 1, 1);
    r.limits = &l;
    aigw_health_end(&h, at(S), &r);
    aigw_health_start(&h);
    t_int("two of two", aigw_health_ready(&h, at(S), 1), 0);
    aigw_health_start(&h);
    t_int("a third", aigw_health_ready(&h, at(S), 1), 2 * S);
    l = no_limits();
    aigw_health_end(&h, at(S), &r);
    t_int("an answer without limits changes nothing", aigw_health_ready(&h, at(S), 1), 2 * S);
    h.since_limits = UINT32_MAX;
    aigw_health_start(&h);
    t_int("however many", aigw_health_ready(&h, at(S), 1), 59 * S);

    t_row("refused");
    memset(&h, 0, sizeof h);
    memset(&error, 0, sizeof error);
    t_int("nothing known", aigw_health_ready(&h, at(0), 1), 0);
    error.retry_after_ms = 20000;
    r = report(AIGW_KIND_RATE_LIMIT, -1, 1);
    r.error = &error;
    aigw_health_end(&h, at(S), &r);
    t_int("as it asked", aigw_health_ready(&h, at(S), 1), 21 * S);
    t_int("counts as a failure for the retry budget", h.failed_ns, S);
    t_int("not for the share", h.error_ppm, 0);
    error.retry_after_ms = 3000;
    aigw_health_end(&h, at(S), &r);
    t_int("a shorter one does not shorten it", aigw_health_ready(&h, at(S), 1), 21 * S);
    error.retry_after_ms = INT64_MAX;
    aigw_health_end(&h, at(S), &r);
    t_int("a day at most", aigw_health_ready(&h, at(S), 1), 86401 * S);
    memset(&h, 0, sizeof h);
    error.retry_after_ms = -1;
    for (i = 0, then = S; i < 9; i++) {
        const uint64_t ms = i < 6 ? (uint64_t)1000 << i : 64000;
        aigw_health_end(&h, at(then), &r);
        aigw_health_end(&h, at(then), &r);                     /* those that were under way are no news */
        t_int("without a hint", aigw_health_ready(&h, at(then), 1), then + ms * MS);
        then += ms * MS;
    }
    r = report(AIGW_KIND_NONE, 1, 1);
    aigw_health_end(&h, at(then), &r);
    r = report(AIGW_KIND_RATE_LIMIT, -1, 1);
    aigw_health_end(&h, at(then), &r);
    t_int("after a good one from the beginning", aigw_health_ready(&h, at(then), 1), then + S);
    r = report(AIGW_KIND_OVERLOADED, -1, 1);
    l = no_limits();
    l.retry_after_ms = 9000;
    r.limits = &l;
    aigw_health_end(&h, at(then), &r);
    t_int("503 with Retry-After", aigw_health_ready(&h, at(then), 1), then + 9 * S);
    r.kind = AIGW_KIND_NONE;
    l.retry_after_ms = 90000;
    aigw_health_end(&h, at(then), &r);
    t_int("Azure says it with good answers too", aigw_health_ready(&h, at(then), 1), then + 9 * S);
    memset(&h, 0, sizeof h);
    r.kind = AIGW_KIND_RATE_LIMIT;
    r.error = &error;
    error.retry_after_ms = 0;
    aigw_health_end(&h, at(then), &r);
    t_int("what the error says is before the head's, and may be at once", aigw_health_ready(&h, at(then), 1), 0);
}

int main(void) {
    T_RUN(health_quantiles_against_sorted_values);
    T_RUN(health_histogram_forgets);
    T_RUN(health_learns);
    T_RUN(health_probed);
    T_RUN(health_ready);
    T_RUN(bucket_by_hand);
    T_RUN(bucket_is_a_fluid_bucket);
    T_RUN(breaker_by_hand);
    T_RUN(breaker_light_success_keeps_the_doubling);
    T_RUN(breaker_kinds);
    T_RUN(breaker_every_sequence);
    T_RUN(retry_budget_by_oracle);
    T_RUN(retry_budget_in_an_outage);
    T_RUN(retry_backoff_is_full_jitter);
    T_RUN(retry_next_step);
    return t_end();
}
