/* SPDX-License-Identifier: MIT OR Unlicense */
/* The queue: by hand, random operations against an oracle that has no lists, and loads in virtual time: who floods it, batch, overload. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

#define MS UINT64_C(1000000)
static aigw_now at(uint64_t ns) {
    aigw_now now = { 0, 0 };
    now.mono_ns = ns;
    return now;
}
static aigw_queue q;
static aigw_queue_item item[4200];
static void begin(uint32_t slots, uint32_t batch, uint32_t most) {
    aigw_queue_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    memset(item, 0, sizeof item);
    cfg.slots = slots;
    cfg.batch_slots = batch;
    cfg.most[0] = cfg.most[1] = most;
    aigw_queue_init(&q, &cfg);
}
static int enter(int i, int class_, uint64_t tenant, uint64_t ns) {
    item[i].class_ = (uint8_t)class_;
    item[i].tenant = tenant;
    return aigw_queue_enter(&q, at(ns), &item[i], NULL);
}
static int next(uint64_t ns) {
    aigw_queue_item *x = aigw_queue_next(&q, at(ns));
    return x ? (int)(x - item) : -1;
}

T(queue_by_hand) {
    uint32_t after = 9;
    int i;
    aigw_queue_init(&q, NULL);
    t_ok("as documented", q.cfg.most[AIGW_CLASS_INTERACTIVE] == 1024 && q.cfg.most[AIGW_CLASS_BATCH] == 65536 && q.cfg.lifo_ms == 500 &&
                          q.cfg.wait_ms[AIGW_CLASS_INTERACTIVE] == 2000 && q.cfg.wait_ms[AIGW_CLASS_BATCH] == 3600000 && q.cfg.age_ms == 10000);
    begin(2, 1, 4);
    t_int("a slot", enter(0, 0, 1, 0), 1);
    t_int("another", enter(1, 0, 1, 0), 1);
    t_int("none", enter(2, 0, 1, 1 * MS), 0);
    t_int("nor for the next", enter(3, 0, 1, 2 * MS), 0);
    t_int("another tenant", enter(4, 0, 2, 3 * MS), 0);
    t_int("nothing to do", next(4 * MS), -1);
    t_int("until the first has waited 2 s", aigw_queue_deadline(&q), 2001 * MS);
    aigw_queue_leave(&q, &item[0]);
    t_int("a slot is there", aigw_queue_deadline(&q), 0);
    t_int("for the tenant that has none", next(5 * MS), 4);
    t_int("it runs", item[4].state, AIGW_QUEUE_RUNS);
    aigw_queue_leave(&q, &item[4]);
    t_int("then the oldest", next(6 * MS), 2);
    aigw_queue_leave(&q, &item[2]);
    aigw_queue_leave(&q, &item[2]);
    t_int("twice is once", q.running[0], 1);
    t_int("then the other", next(7 * MS), 3);
    for (i = 5; i < 9; i++) t_int("waits", enter(i, 0, 1, 8 * MS), 0);
    item[9].tenant = 1;
    t_int("four wait", aigw_queue_enter(&q, at(8 * MS), &item[9], &after), AIGW_E_LIMIT);
    t_int("it is out", item[9].state, AIGW_QUEUE_OUT);
    t_ok("come again", after >= 1 && after <= 2000);
    t_int("one of another tenant has room made for it", enter(10, 0, 2, 9 * MS), 0);
    t_int("by the last of the first", next(9 * MS), 8);
    t_int("which is told", item[8].state, AIGW_QUEUE_EXPIRED);
    aigw_queue_leave(&q, &item[8]);
    aigw_queue_leave(&q, &item[1]);
    t_int("that has none running goes", next(10 * MS), 10);
    aigw_queue_leave(&q, &item[10]);
    t_int("overload after 500 ms: the newest", next(508 * MS), 7);
    aigw_queue_leave(&q, &item[7]);
    t_int("too long", next(2008 * MS), 5);
    t_int("told", item[5].state, AIGW_QUEUE_EXPIRED);
    t_int("both", next(2008 * MS), 6);
    t_int("all is over", next(2008 * MS), -1);
    t_int("nothing is waited for", aigw_queue_deadline(&q), AIGW_NEVER);
    t_int("counted", q.expired * 10 + q.rejected, 31);
    aigw_queue_init(&q, NULL);
    memset(item, 0, sizeof item);
    for (i = 0; i < 3000; i++) t_int("not limited", enter(i, i & 1, 1, 0), 1);
}

T(queue_batch_by_hand) {
    int i;
    begin(3, 0, 0);
    t_int("half", q.cfg.batch_slots, 2);
    for (i = 0; i < 4; i++) t_int("batch has two", enter(i, AIGW_CLASS_BATCH, 1, 0), i < 2);
    t_int("the third is for interactive", enter(4, 0, 1, 0), 1);
    t_int("waits", enter(5, 0, 1, 0), 0);
    aigw_queue_leave(&q, &item[0]);
    t_int("interactive first", next(MS), 5);
    t_int("it has two", q.running[0], 2);
    for (i = 6; i < 40; i++) enter(i, 0, 1, (uint64_t)i * MS);
    for (i = 6; i < 10; i++) {
        aigw_queue_leave(&q, i == 6 ? &item[4] : &item[i - 1]);
        t_int("and again", next(100 * MS), i);
    }
    for (i = 40; i < 45; i++) enter(i, 0, 1, 9990 * MS);
    while (next(9999 * MS) >= 0) {}
    aigw_queue_leave(&q, &item[9]);
    t_int("not yet", next(9999 * MS), 40);
    aigw_queue_leave(&q, &item[40]);
    t_int("none for 10 s: batch", next(10000 * MS), 2);
    aigw_queue_leave(&q, &item[2]);
    t_int("one", next(10001 * MS), 41);
    begin(1, 0, 0);
    t_int("one slot", enter(0, AIGW_CLASS_BATCH, 1, 0), 1);
    t_int("shared", enter(1, 0, 1, 0), 0);
    aigw_queue_leave(&q, &item[0]);
    t_int("by both", next(MS), 1);
}

T(queue_deadlines) {
    begin(1, 0, 0);
    enter(0, 0, 1, 0);
    item[1].until_ns = 300 * MS;
    enter(1, 0, 1, 0);
    enter(2, 0, 1, 0);
    t_int("its own deadline", aigw_queue_deadline(&q), 300 * MS);
    t_int("is kept", next(300 * MS), 1);
    t_int("told", item[1].state, AIGW_QUEUE_EXPIRED);
    t_int("not the other", next(400 * MS), -1);
    aigw_queue_leave(&q, &item[0]);
    t_int("which goes", next(400 * MS), 2);
    aigw_queue_leave(&q, &item[2]);                            /* it ran 0 s */
    enter(3, 0, 1, 400 * MS);
    next(1400 * MS);
    aigw_queue_leave(&q, &item[3]);
    begin(1, 0, 0);
    enter(0, 0, 1, 0);
    next(1000 * MS);
    aigw_queue_leave(&q, &item[0]);
    t_int("it took a second", enter(1, 0, 1, 1000 * MS), 1);
    item[2].until_ns = 2500 * MS;
    enter(2, 0, 1, 1000 * MS);
    t_int("all took a second: it will not finish", aigw_queue_deadline(&q), 1500 * MS);
    t_int("and is not begun", next(1500 * MS), 2);
    item[3].until_ns = 1;
    t_int("too late already", enter(3, 0, 1, 1500 * MS), 0);
    t_int("told at once", next(1500 * MS), 3);
    t_int("told", item[3].state, AIGW_QUEUE_EXPIRED);
}

/* ---- the oracle: an array; all is found by looking at everything */

enum { N = 60, TENANTS = 5 };
static struct { int state, class_, tenant, fresh; uint64_t since, until, due, order; } o[N];
static struct { uint64_t served; int seen; } o_lane[2][TENANTS];
static uint64_t o_least[2], o_left[2], o_turn, o_batch, o_order;
enum { SLOTS = 4, BATCH = 2, MOST = 12 };
/* Those that left are learnt of when the time is told: by the one that began last. */
static void o_told(uint64_t now) {
    for (int c = 0; c < 2; c++) {
        const uint64_t ran = now - (o_left[c] - 1), more = o_least[c] + o_least[c] / 16;
        if (o_left[c]) o_least[c] = !o_least[c] || ran < more ? ran : more;
        o_left[c] = 0;
    }
}
static int o_count(int state, int class_, int tenant) {
    int n = 0;
    for (int i = 0; i < N; i++) n += o[i].state == state && (class_ < 0 || o[i].class_ == class_) && (tenant < 0 || o[i].tenant == tenant);
    return n;
}
static uint64_t o_due(int i) {
    const uint64_t due = o[i].since + (o[i].class_ ? 3600000 : 2000) * MS, least = o_least[o[i].class_], last = !o[i].until ? AIGW_NEVER : o[i].until > least ? o[i].until - least : 0;
    return due < last ? due : last;
}
static int o_aged(uint64_t now) { return o_count(AIGW_QUEUE_WAITS, 1, -1) && o_count(AIGW_QUEUE_RUNS, 1, -1) < BATCH && now >= o_batch + 10000 * MS; }
static void o_run(int i, uint64_t now) {
    o[i].state = AIGW_QUEUE_RUNS;
    o[i].since = now;
    o_lane[o[i].class_][o[i].tenant].served = ++o_turn;
    if (o[i].class_) o_batch = now;
}
static int o_end(int class_, int tenant, int newest) {         /* the oldest or newest that waits */
    int best = -1;
    for (int i = 0; i < N; i++)
        if (o[i].state == AIGW_QUEUE_WAITS && o[i].class_ == class_ && o[i].tenant == tenant && (best < 0 || (newest ? o[i].order > o[best].order : o[i].order < o[best].order))) best = i;
    return best;
}
static int o_lifo(int class_, int tenant, uint64_t now) {
    const int oldest = o_end(class_, tenant, 0);
    return !class_ && oldest >= 0 && now >= o[oldest].since + 500 * MS;
}
static int o_enter(int i, uint64_t now) {
    const int c = o[i].class_, t = o[i].tenant, runs = o_count(AIGW_QUEUE_RUNS, -1, -1), waits = o_count(AIGW_QUEUE_WAITS, c, -1);
    o_told(now);
    o[i].since = now;
    o[i].order = ++o_order;
    if (!o_lane[c][t].seen) { o_lane[c][t].seen = 1; o_lane[c][t].served = o_turn + 1; }
    if (runs < SLOTS && !waits && (c ? o_count(AIGW_QUEUE_RUNS, 1, -1) < BATCH && !o_count(AIGW_QUEUE_WAITS, 0, -1) : !o_aged(now))) { o_run(i, now); return 1; }
    if (waits >= MOST) {
        int most = -1, k, victim;
        for (k = 0; k < TENANTS; k++) if (most < 0 || o_count(AIGW_QUEUE_WAITS, c, k) > o_count(AIGW_QUEUE_WAITS, c, most)) most = k;
        if (o_count(AIGW_QUEUE_WAITS, c, most) <= o_count(AIGW_QUEUE_WAITS, c, t) + 1) return AIGW_E_LIMIT;
        victim = o_end(c, most, !o_lifo(c, most, now));
        o[victim].state = AIGW_QUEUE_EXPIRED;
        o[victim].fresh = 1;
        o[victim].due = 0;
        waits == MOST ? (void)0 : (void)t_fail("bound");
    }
    if (c && !o_count(AIGW_QUEUE_WAITS, 1, -1) && waits == 0) o_batch = now;
    o[i].state = AIGW_QUEUE_WAITS;
    o[i].due = o_due(i);
    return 0;
}
/* Whether `got` is right: several may expire at the same time, then any of them. */
static void o_next(int got, uint64_t now) {
    int i, c = -1, best = -1, lane = -1;
    uint64_t first = AIGW_NEVER;
    o_told(now);
    for (i = 0; i < N; i++)
        if ((o[i].state == AIGW_QUEUE_WAITS || o[i].fresh) && o[i].due <= now && o[i].due < first) { first = o[i].due; best = i; }
    if (best >= 0) {
        if (!t_ok("one has expired", got >= 0 && (o[got].state == AIGW_QUEUE_WAITS || o[got].fresh) && o[got].due == first)) return;
        o[got].state = AIGW_QUEUE_EXPIRED;
        o[got].fresh = 0;
        return;
    }
    if (o_count(AIGW_QUEUE_RUNS, -1, -1) < SLOTS) {
        if (o_count(AIGW_QUEUE_WAITS, 0, -1) && !o_aged(now)) c = 0;
        else if (o_count(AIGW_QUEUE_WAITS, 1, -1) && o_count(AIGW_QUEUE_RUNS, 1, -1) < BATCH) c = 1;
    }
    if (c >= 0) for (i = 0; i < TENANTS; i++) {
        const int runs = o_count(AIGW_QUEUE_RUNS, c, i), least = lane < 0 ? 0 : o_count(AIGW_QUEUE_RUNS, c, lane);
        if (o_end(c, i, 0) >= 0 && (lane < 0 || runs < least || (runs == least && o_lane[c][i].served < o_lane[c][lane].served))) lane = i;
    }
    if (lane >= 0) best = o_end(c, lane, o_lifo(c, lane, now));
    if (!t_int("next", got, best) || best < 0) return;
    if (o_due(best) > now) o_run(best, now);
    else o[best].state = AIGW_QUEUE_EXPIRED;
}
T(queue_by_oracle) {
    for (int round = 0; round < 12; round++) {
        uint64_t now = round & 1 ? 0 : 1000 * MS;
        begin(SLOTS, BATCH, MOST);
        memset(o, 0, sizeof o);
        memset(o_lane, 0, sizeof o_lane);
        o_least[0] = o_least[1] = o_left[0] = o_left[1] = o_turn = o_batch = o_order = 0;
        for (int step = 0; step < 3000 && !t_.bad; step++) {
            const int i = (int)t_below(N), what = (int)t_below(10);
            if (!t_below(3)) now += t_below(5) ? t_below(60) * MS : t_below(900) * MS;
            if (what < 5 && o[i].state == AIGW_QUEUE_OUT) {
                o[i].class_ = !t_below(3);
                o[i].tenant = t_below(2) ? 0 : (int)t_below(TENANTS);
                o[i].until = t_below(4) ? 0 : now + t_below(3000) * MS;
                item[i].until_ns = o[i].until;
                t_int("enter", enter(i, o[i].class_, (uint64_t)o[i].tenant + 100, now), o_enter(i, now));
            } else if (what < 7) {
                if (o[i].state == AIGW_QUEUE_RUNS && o[i].since >= o_left[o[i].class_]) o_left[o[i].class_] = o[i].since + 1;
                o[i].state = o[i].fresh = 0;
                aigw_queue_leave(&q, &item[i]);
            } else o_next(next(now), now);
            t_int("runs", q.running[0], o_count(AIGW_QUEUE_RUNS, 0, -1));
            t_int("batch runs", q.running[1], o_count(AIGW_QUEUE_RUNS, 1, -1));
            t_int("waits", q.waiting[0], o_count(AIGW_QUEUE_WAITS, 0, -1));
            t_int("batch waits", q.waiting[1], o_count(AIGW_QUEUE_WAITS, 1, -1));
            t_int("state", item[i].state, o[i].state);
            if (aigw_queue_deadline(&q)) {
                uint64_t first = AIGW_NEVER;
                for (int k = 0; k < N; k++) if ((o[k].state == AIGW_QUEUE_WAITS || o[k].fresh) && o[k].due < first) first = o[k].due;
                t_int("deadline", aigw_queue_deadline(&q), first);
            }
        }
        for (int i = 0; i < N; i++) aigw_queue_leave(&q, &item[i]);
        t_ok("empty", !q.heap && !q.waiting[0] && !q.waiting[1] && !q.running[0] && !q.running[1] && next(now) < 0);
    }
}
T(queue_more_tenants_than_lanes) {
    int i, n = 0;
    begin(5, 0, 4000);
    for (i = 0; i < 1000; i++) enter(i, 0, t_rand(), 0);
    for (i = 0; i < 1000; i += 3) aigw_queue_leave(&q, &item[i]);
    for (i = 0; i < 1000; i++) {
        const int k = next(MS);
        if (k >= 0) { t_int("runs", item[k].state, AIGW_QUEUE_RUNS); n++; aigw_queue_leave(&q, &item[k]); }
    }
    for (i = 0; i < 5; i++) aigw_queue_leave(&q, &item[i]);
    while ((i = next(MS)) >= 0) { n++; aigw_queue_leave(&q, &item[i]); }
    t_int("each once", n, 1000 - 334 - 3);
    for (i = 0; i < AIGW_QUEUE_LANES; i++) t_int("lanes are empty", q.lane[0][i].waiting + q.lane[0][i].running, 0);
}

/* ---- loads: what comes, by millisecond; each runs 80 to 120 ms. The waits of one tenant's interactive requests. */

typedef struct { int noisy, quiet, batch; } load;              /* thousandths of a request each ms */
static uint32_t waits[20000];
static size_t waits_n, done_batch, lost;
static int by_value(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}
static uint32_t run_load(load l, int slots, int backlog, int seconds) {
    static uint64_t ends[4200], came[4200];
    uint64_t chance = 7, quiet_chance = 8;
    int i, used = 0, place = 0;
    begin((uint32_t)slots, 0, 0);
    waits_n = done_batch = lost = 0;
    memset(ends, 0, sizeof ends);
    for (uint64_t ms = 0; ms < (uint64_t)seconds * 1000; ms++) {
        for (i = 0; i < used; i++) if (item[i].state == AIGW_QUEUE_RUNS && ends[i] <= ms) {
            done_batch += item[i].class_ == AIGW_CLASS_BATCH;
            aigw_queue_leave(&q, &item[i]);
        }
        for (int who = 0; who < 3; who++) {
            const int rate = who == 0 ? l.noisy : who == 1 ? l.quiet : l.batch;
            int n = who == 2 && !ms ? backlog : rate / 1000;
            n += (int)(aigw_base_random(who == 1 ? &quiet_chance : &chance) % 1000) < rate % 1000;
            for (; n > 0; n--) {
                do i = place = (place + 1) % (backlog + 1100); while (item[i].state != AIGW_QUEUE_OUT);
                if (i >= used) used = i + 1;
                came[i] = ms;
                item[i].owner = NULL;
                if (enter(i, who == 2, who == 1 ? 22 : 11, ms * MS) == 1) {
                    ends[i] = ms + 80 + aigw_base_random(who == 1 ? &quiet_chance : &chance) % 41;
                    if (who == 1) waits[waits_n++] = 0;
                }
            }
        }
        while ((i = next(ms * MS)) >= 0) {
            if (item[i].state == AIGW_QUEUE_RUNS) {
                ends[i] = ms + 80 + aigw_base_random(item[i].tenant == 22 ? &quiet_chance : &chance) % 41;
                if (item[i].tenant == 22) waits[waits_n++] = (uint32_t)(ms - came[i]);
            } else {
                lost += item[i].tenant == 22;
                aigw_queue_leave(&q, &item[i]);
            }
        }
    }
    qsort(waits, waits_n, sizeof *waits, by_value);
    return waits_n ? waits[waits_n * 99 / 100] : 0;
}
T(queue_loads) {
    /* 20 slots of 100 ms: 200 a second. quiet: 20 a second. */
    const load alone = { 0, 20, 0 }, normal = { 60, 20, 0 }, flood = { 6000, 20, 0 }, with_batch = { 10, 20, 0 };
    const uint32_t a = run_load(alone, 20, 0, 100), n = run_load(normal, 20, 0, 100), f = run_load(flood, 20, 0, 10);
    uint32_t b;
    t_int("nobody waits", a, 0);
    t_int("nor at half load", n, 0);
    t_ok("another floods it: the next slot that is free", f <= 25);
    t_int("nobody of the quiet is refused", lost, 0);
    b = run_load(with_batch, 20, 3000, 100);
    t_int("batch behind: nobody waits", b, 0);
    t_int("batch has finished", done_batch, 3000);
    run_load(flood, 20, 50, 25);
    t_ok("under a flood batch goes on", done_batch >= 2);
    t_int("and the quiet too", lost, 0);
}
T(queue_honest_time) {
    uint32_t after = 0;
    uint64_t ms;
    int i, left = 0;
    begin(4, 0, 100);
    for (ms = 0, i = 0; i < 4; i++) enter(i, AIGW_CLASS_BATCH, 1, 0);
    for (i = 4; i < 102; i++) enter(i, AIGW_CLASS_BATCH, 1, 0);
    for (ms = 100; ms <= 2000; ms += 100) {                    /* two slots, 100 ms each */
        for (i = 0; i < 102; i++) if (item[i].state == AIGW_QUEUE_RUNS) aigw_queue_leave(&q, &item[i]);
        while (next(ms * MS) >= 0) {}
    }
    for (i = 0; i < 102; i++) left += item[i].state == AIGW_QUEUE_WAITS;
    after = aigw_queue_after_ms(&q, AIGW_CLASS_BATCH);
    t_ok("50 ms for each that waits", after >= (uint32_t)left * 40 && after <= (uint32_t)left * 60);
    t_ok("never more than the longest wait", aigw_queue_after_ms(&q, AIGW_CLASS_INTERACTIVE) <= 2000);
    begin(1, 0, 0);
    for (i = 0; i < 3; i++) {                                  /* the mean moves by an eighth of the difference */
        static const uint64_t ends[] = { 800, 800, 2300 };
        static const uint32_t mean[] = { 800, 700, 800 };
        enter(i, 0, 1, i ? 800 * MS : 0);
        next(ends[i] * MS);
        aigw_queue_leave(&q, &item[i]);
        next(ends[i] * MS);
        t_int("the next in a mean run", aigw_queue_after_ms(&q, AIGW_CLASS_INTERACTIVE), mean[i] + 1);
    }
}

int main(void) {
    T_RUN(queue_by_hand);
    T_RUN(queue_batch_by_hand);
    T_RUN(queue_deadlines);
    T_RUN(queue_by_oracle);
    T_RUN(queue_more_tenants_than_lanes);
    T_RUN(queue_loads);
    T_RUN(queue_honest_time);
    return t_end();
}
