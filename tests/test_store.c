/* SPDX-License-Identifier: MIT OR Unlicense */
/* The store in memory: all or nothing against a plain model, windows and eviction, `_other`, what a settle of the unknown does, the ledger over
   crashes; and the store that answers as a seed says (tests/store.h). */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "store.h"

enum { SLOTS = 512 };
static aigw_store_slot slots[SLOTS];
static aigw_store_memory M;
static char log_mem[4096];
static const uint8_t key16[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const aigw_now start = { UINT64_C(1000000000000), 1800000000 };          /* 2027-01-15T08:00:00Z: a Friday */

static aigw_str str(const char *s) { return aigw_base_str(s); }
static void fresh(uint32_t n, int ledger) { aigw_store_init(&M, slots, n, key16, ledger ? log_mem : NULL, ledger ? sizeof log_mem : 0); }
static aigw_now later(uint64_t ms) {
    aigw_now now = start;
    now.mono_ns += ms * 1000000u;
    now.wall_s += (int64_t)(ms / 1000);
    return now;
}
static aigw_store_counter counter(const char *key, int kind, int64_t limit, int64_t amount) {
    aigw_store_counter c;
    memset(&c, 0, sizeof c);
    c.key = str(key);
    c.tenant = str("a");
    c.kind = (uint8_t)kind;
    c.amount = amount;
    if (kind == AIGW_COUNTER_RATE) c.rate.limit = (uint32_t)limit;
    else if (kind == AIGW_COUNTER_GAUGE) c.most = (uint32_t)limit;
    else c.money.cap_nusd = limit, c.money.period = AIGW_PERIOD_DAY;
    return c;
}
static int run(int verb, aigw_store_counter *c, int n, aigw_now now) {
    aigw_store_op op;
    op.verb = (uint8_t)verb;
    op.n = (uint8_t)n;
    op.counters = c;
    return aigw_store_submit(&M, 1, now, &op);
}
static int reserve(aigw_store_counter *c, aigw_now now) { return run(AIGW_STORE_RESERVE, c, 1, now); }
static int settle(aigw_store_counter *c, int64_t used, aigw_now now) {
    c->used = used;
    return run(AIGW_STORE_SETTLE, c, 1, now);
}

/* The slot of a key, or an empty one that no check expects. */
static const aigw_store_slot *at_slot(const char *key) {
    static aigw_store_slot none;
    const aigw_store_slot *slot = aigw_store_slot_of(&M, str(key));
    memset(&none, 0x5A, sizeof none);
    t_ok(key, slot != NULL);
    return slot ? slot : &none;
}

/* ---- what each kind says */

T(kinds) {
    aigw_store_counter r = counter("rpm|tenant=a", AIGW_COUNTER_RATE, 60, 50), g = counter("at|tenant=a", AIGW_COUNTER_GAUGE, 3, 2),
                       m = counter("usd|tenant=a", AIGW_COUNTER_MONEY, 1000, 700);
    aigw_now blind = start;
    fresh(64, 0);
    t_int("50 of 60", reserve(&r, start), AIGW_OK);
    t_int("left", r.left, 10);
    r.amount = 11;
    t_int("11 more", reserve(&r, start), AIGW_E_LIMIT);
    t_int("refused", r.refused, 1);
    t_int("one a second", r.wait_ns, 1000000000);
    t_int("nothing was taken", r.left, 10);
    t_int("a second later", reserve(&r, later(1000)), AIGW_OK);
    t_int("not refused", r.refused, 0);
    r.amount = 11;
    t_int("settled", settle(&r, 31, later(1000)), AIGW_OK);
    t_int("a debt", r.left, 0);
    r.amount = 1;
    t_int("is carried", reserve(&r, later(21000)), AIGW_E_LIMIT);
    t_int("and paid", reserve(&r, later(22000)), AIGW_OK);

    t_int("2 of 3", reserve(&g, start), AIGW_OK);
    t_int("left", g.left, 1);
    t_int("2 more", reserve(&g, start), AIGW_E_LIMIT);
    t_int("when is not known", g.wait_ns, 0);
    t_int("settled", settle(&g, 0, start), AIGW_OK);
    t_int("left", g.left, 3);
    t_int("twice is once", settle(&g, 0, start), AIGW_OK);
    t_int("left", g.left, 3);
    g.most = 0;
    t_int("not limited", reserve(&g, start), AIGW_OK);

    t_int("700 of 1,000", reserve(&m, start), AIGW_OK);
    t_int("left", m.left, 300);
    t_int("reserved", m.reserved_nusd, 700);
    t_int("runs", m.running, 1);
    t_int("not soft", m.soft, 0);
    m.amount = 100;
    m.raise = 1;
    m.used = 700;
    t_int("the difference", reserve(&m, start), AIGW_OK);
    t_int("not by what is its own", m.soft, 0);
    m.used = m.amount = 0;
    t_int("of another", reserve(&m, start), AIGW_OK);
    t_int("soft", m.soft, 1);
    t_int("still one", m.running, 1);
    m.raise = 0;
    m.amount = 201;
    t_int("above the cap", reserve(&m, start), AIGW_E_LIMIT);
    t_int("until midnight: 16 hours", (int64_t)(m.wait_ns / 1000000000u), 16 * 3600);
    t_int("left", m.left, 200);
    m.amount = 800;
    t_int("settled", settle(&m, 750, start), AIGW_OK);
    t_int("spent", m.spent_nusd, 750);
    t_int("not yet", m.alert, 0);
    m.amount = 0;
    settle(&m, 160, start);
    t_int("90 % (and the soft 80 before it)", m.alert, 90);
    settle(&m, 0, start);
    t_int("once", m.alert, 0);
    m.money.cap_nusd = 5000;
    m.amount = 4000;
    t_int("a higher cap at once", reserve(&m, start), AIGW_OK);
    m.money.cap_nusd = 100;
    m.amount = 1;
    t_int("a lower one at once", reserve(&m, start), AIGW_E_LIMIT);
    t_int("nothing left, not less", m.left, 0);
    m.money.period = AIGW_PERIOD_TOTAL;
    t_int("total", reserve(&m, start), AIGW_E_LIMIT);
    t_ok("never", m.wait_ns == AIGW_NEVER);
    m.money.period = AIGW_PERIOD_DAY;
    blind.wall_s = 0;
    t_int("no clock", reserve(&m, blind), AIGW_E_CLOCK);
}
T(nonsense) {
    aigw_store_counter c[17];
    for (int i = 0; i < 17; i++) c[i] = counter("at|x", AIGW_COUNTER_GAUGE, 1, -5);
    fresh(64, 0);
    t_int("too many", run(AIGW_STORE_RESERVE, c, 17, start), AIGW_E_VALUE);
    t_int("less than nothing is nothing", run(AIGW_STORE_RESERVE, c, 16, start), AIGW_OK);
    t_int("left", c[0].left, 1);
    c[0].kind = 9;
    t_int("no kind", run(AIGW_STORE_RESERVE, c, 1, start), AIGW_E_VALUE);
    fresh(1, 0);
    t_int("one slot", run(AIGW_STORE_RESERVE, c + 1, 1, start), AIGW_OK);
    fresh(0, 0);
    t_int("none", run(AIGW_STORE_RESERVE, c + 1, 1, start), AIGW_E_NOMEM);
}

/* ---- an operator's question and correction */

static int get(aigw_store_counter *c, aigw_now now) { return run(AIGW_STORE_GET, c, 1, now); }
static int put(aigw_store_counter *c, int64_t used, aigw_now now) {
    c->used = used;
    return run(AIGW_STORE_PUT, c, 1, now);
}
T(get_tells_and_changes_nothing) {
    aigw_store_counter r = counter("rpm|tenant=a", AIGW_COUNTER_RATE, 60, 50), g = counter("at|tenant=a", AIGW_COUNTER_GAUGE, 3, 2), m = counter("usd|tenant=a", AIGW_COUNTER_MONEY, 1000, 700),
                       spent = counter("usd|tenant=b", AIGW_COUNTER_MONEY, 1000, 800);
    aigw_store_slot before[64];
    aigw_now blind = start;
    fresh(64, 1);
    memcpy(before, slots, sizeof before);
    t_int("a rate that is not there", get(&r, start), AIGW_OK);
    t_int("is full", r.left, 60);
    t_int("a gauge", get(&g, start), AIGW_OK);
    t_int("is free", g.left, 3);
    t_int("money", get(&m, start), AIGW_OK);
    t_int("is unspent", m.left, 1000);
    t_ok("no slot was made, nothing is written", !memcmp(before, slots, sizeof before) && !aigw_store_log(&M).n);
    fresh(64, 0);
    reserve(&r, start), reserve(&g, start), reserve(&m, start);
    spent.money.soft = 85;
    reserve(&spent, start), settle(&spent, 800, start);
    memcpy(before, slots, sizeof before);
    spent.money.soft = 70;                                     /* another configuration: a threshold that was not told of */
    t_int("money that is spent", get(&spent, start), AIGW_OK);
    t_int("is left to be told of", spent.alert, 0);
    r.amount = 20;
    t_int("a rate", get(&r, later(1000)), AIGW_OK);
    t_int("left", r.left, 11);
    t_int("20 would be refused", r.refused, 1);
    t_int("for 9 seconds", r.wait_ns, INT64_C(9000000000));
    g.amount = 1;
    t_int("a gauge", get(&g, start), AIGW_OK);
    t_int("left", g.left, 1);
    t_int("held", g.running, 2);
    t_int("one goes", g.refused, 0);
    m.amount = 301;
    m.money.soft = 70;
    t_int("money", get(&m, start), AIGW_OK);
    t_int("left", m.left, 300);
    t_int("reserved", m.reserved_nusd, 700);
    t_int("by one", m.running, 1);
    t_int("soft", m.soft, 1);
    t_int("told to nobody here", m.alert, 0);
    t_int("refused", m.refused, 1);
    t_int("until midnight", (int64_t)(m.wait_ns / 1000000000u), 16 * 3600);
    t_int("tomorrow", get(&m, later(86400000)), AIGW_OK);
    t_int("what runs is still reserved", m.left, 300);
    t_ok("all is as it was", !memcmp(before, slots, sizeof before));
    blind.wall_s = 0;
    t_int("no clock", get(&m, blind), AIGW_E_CLOCK);
    t_int("no verb", run(AIGW_STORE_PUT + 1, &m, 1, start), AIGW_E_VALUE);
    m.other = 3;
    t_int("nobody's", get(&m, start), AIGW_E_VALUE);
}
T(put_corrects) {
    aigw_store_counter r = counter("rpm|tenant=a", AIGW_COUNTER_RATE, 60, 60), g = counter("at|tenant=a", AIGW_COUNTER_GAUGE, 3, 3), m = counter("usd|tenant=a", AIGW_COUNTER_MONEY, 1000, 400), two[2];
    fresh(64, 0);
    reserve(&r, start), reserve(&g, start), reserve(&m, start);
    t_int("a rate", put(&r, 20, start), AIGW_OK);
    t_int("as if 20 had been taken", r.left, 40);
    t_int("it fills", get(&r, later(10000)), AIGW_OK);
    t_int("by one a second", r.left, 50);
    put(&r, 90, start);
    r.amount = 1;
    t_int("a debt", reserve(&r, later(30000)), AIGW_E_LIMIT);
    t_int("is carried", reserve(&r, later(31000)), AIGW_OK);
    t_int("a gauge whose holder has died", put(&g, 0, start), AIGW_OK);
    t_int("is free", g.left, 3);
    settle(&g, 0, start);
    t_int("and stays so when it gives back all the same", g.left, 3);

    m.amount = 400;
    t_int("spent", put(&m, 850, start), AIGW_OK);
    t_int("spent", m.spent_nusd, 850);
    t_int("what runs is reserved still", m.reserved_nusd, 400);
    t_int("by one", m.running, 1);
    t_int("nothing is left", m.left, 0);
    t_int("80 % is told of", m.alert, 80);
    m.amount = 1;
    t_int("above the cap nothing more", reserve(&m, start), AIGW_E_LIMIT);
    m.amount = 400;
    settle(&m, 100, start);
    t_int("both counted", m.spent_nusd, 950);
    t_int("90 % is new", m.alert, 90);
    t_int("lower", put(&m, 0, start), AIGW_OK);
    t_int("all is left", m.left, 1000);
    m.amount = 900;
    t_int("may be spent again", reserve(&m, start), AIGW_OK);
    settle(&m, 900, start);
    t_int("and is told of again", m.alert, 90);
    t_int("less than nothing", put(&m, -5, start), AIGW_OK);
    t_int("is nothing", m.spent_nusd, 0);
    m.money.cap_nusd = 2000;
    put(&m, 700, start);
    t_int("under the cap that it is told with", aigw_store_counter_of(at_slot("usd|tenant=a")).money.cap_nusd, 2000);
    get(&m, later(86400000));
    t_int("of this period only", m.spent_nusd, 0);

    fresh(1, 0);                                                                /* no place for a second one */
    two[0] = counter("usd|x", AIGW_COUNTER_MONEY, 1000, 0);
    two[1] = counter("usd|y", AIGW_COUNTER_MONEY, 1000, 0);
    two[0].used = two[1].used = 7;
    t_int("all or nothing", run(AIGW_STORE_PUT, two, 2, start), AIGW_E_NOMEM);
    get(&two[0], start);
    t_int("nothing", two[0].spent_nusd, 0);
    two[0].money.period = AIGW_PERIOD_DAY;
    {
        aigw_now blind = start;
        blind.wall_s = 0;
        t_int("no clock", put(&two[0], 1, blind), AIGW_E_CLOCK);
    }
    /* a full table: who has no counter of his own has none to be corrected, and his tenant's is not touched */
    fresh(16, 0);
    for (int i = 0; i < 15; i++) {
        static char name[16][16];
        sprintf(name[i], "usd|user=%d", i);
        two[0] = counter(name[i], AIGW_COUNTER_MONEY, 1000, 10);
        reserve(&two[0], start);
    }
    t_int("counted with others", two[0].other, 1);
    two[1] = counter("usd|user=14", AIGW_COUNTER_MONEY, 1000, 0);
    t_int("there is no such counter", put(&two[1], 500, start), AIGW_E_NOMEM);
    t_int("theirs is as it was", at_slot("usd|_other|a")->of.money.budget.reserved_nusd, 10);
    two[1] = counter("usd|_other|a", AIGW_COUNTER_MONEY, 1000, 0);
    t_int("it has a name, too", put(&two[1], 500, start), AIGW_OK);
    t_int("there", at_slot("usd|_other|a")->of.money.budget.spent_nusd, 500);
    two[1] = aigw_store_counter_of(at_slot("usd|_other|a"));
    t_int("as it is shown", get(&two[1], start), AIGW_OK);
    t_int("left", two[1].left, 490);
}

/* ---- all or nothing */

enum { KEYS = 24 };
typedef struct { aigw_bucket bucket; int64_t held; aigw_budget budget; } plain;
static char names[KEYS][16];
static aigw_store_counter random_counter(void) {
    int i = (int)t_below(KEYS), kind = i % 3;
    return counter(names[i], kind, kind == AIGW_COUNTER_MONEY ? 5000 : 40, (int64_t)t_below(kind == AIGW_COUNTER_MONEY ? 1500 : 12));
}
static int index_of(const aigw_store_counter *c) {
    int i = 0;
    while (strcmp(names[i], c->key.p)) i++;
    return i;
}
static int plain_take(plain *p, const aigw_store_counter *c, aigw_now now) {
    if (c->kind == AIGW_COUNTER_RATE) return aigw_bucket_take(&p->bucket, &c->rate, now, (uint64_t)c->amount, NULL);
    if (c->kind == AIGW_COUNTER_MONEY) return (c->raise ? aigw_budget_raise(&p->budget, &c->money, now, 0, c->amount) : aigw_budget_reserve(&p->budget, &c->money, now, c->amount)) >= 0;
    if (p->held + c->amount > c->most) return 0;
    p->held += c->amount;
    return 1;
}
static int same(const plain *p, int i) {
    const aigw_store_slot *s = aigw_store_slot_of(&M, str(names[i]));
    plain none;
    memset(&none, 0, sizeof none);
    if (i % 3 == AIGW_COUNTER_RATE) {
        const aigw_bucket *b = s ? &s->of.rate.bucket : &none.bucket;
        return b->at_ns == p->bucket.at_ns;
    }
    if (i % 3 == AIGW_COUNTER_GAUGE) return (s ? s->of.gauge.held : 0) == p->held;
    return s ? s->of.money.budget.spent_nusd == p->budget.spent_nusd && s->of.money.budget.reserved_nusd == p->budget.reserved_nusd && s->of.money.budget.running == p->budget.running
             : !p->budget.spent_nusd && !p->budget.reserved_nusd && !p->budget.running;
}
T(all_or_nothing) {
    int refused = 0, done = 0;
    for (int i = 0; i < KEYS; i++) sprintf(names[i], "k%d|x", i);
    for (int round = 0; round < 60; round++) {
        plain state[KEYS], before[KEYS];
        struct { aigw_store_counter c[16]; int n; } held[8];
        int n = 0;
        uint64_t ms = 0;
        memset(state, 0, sizeof state);
        memset(held, 0, sizeof held);
        fresh(256, 0);
        for (int step = 0; step < 100; step++) {
            aigw_store_counter c[16];
            int count = 1 + (int)t_below(16), bad = -1, result;
            aigw_now now = later(ms += t_below(3000));
            if (t_below(8) == 0) {                                              /* looked at: as `same` finds below, nothing changes; or corrected */
                const int verb = t_below(2) ? AIGW_STORE_GET : AIGW_STORE_PUT;
                for (int i = 0; i < count; i++) {
                    plain *p;
                    c[i] = random_counter();
                    p = &state[index_of(&c[i])];
                    c[i].used = (int64_t)t_below(c[i].kind == AIGW_COUNTER_MONEY ? 6000 : 50);
                    if (verb == AIGW_STORE_GET) continue;
                    if (c[i].kind == AIGW_COUNTER_RATE) p->bucket.at_ns = p->bucket.part = 0, aigw_bucket_settle(&p->bucket, &c[i].rate, now, c[i].used);
                    else if (c[i].kind == AIGW_COUNTER_GAUGE) p->held = c[i].used;
                    else (void)aigw_budget_raise(&p->budget, &c[i].money, now, 0, 0), p->budget.spent_nusd = c[i].used;
                }
                t_int("looked at, or put", run(verb, c, count, now), AIGW_OK);
            } else if (n == 8 || (n && t_below(3) == 0)) {                      /* settle one of them */
                int k = (int)t_below((size_t)n);
                for (int i = 0; i < held[k].n; i++) {
                    aigw_store_counter *h = &held[k].c[i];
                    plain *p = &state[index_of(h)];
                    h->used = (int64_t)t_below((size_t)h->amount + 3);
                    if (h->kind == AIGW_COUNTER_RATE) aigw_bucket_settle(&p->bucket, &h->rate, now, h->used - h->amount);
                    else if (h->kind == AIGW_COUNTER_GAUGE) p->held -= h->amount < p->held ? h->amount : p->held;
                    else aigw_budget_settle(&p->budget, &h->money, now, h->amount, h->used);
                }
                t_int("settled", run(AIGW_STORE_SETTLE, held[k].c, held[k].n, now), AIGW_OK);
                held[k] = held[--n];
            } else {
                memcpy(before, state, sizeof state);
                for (int i = 0; i < count; i++) {
                    c[i] = random_counter();
                    if (bad < 0 && !plain_take(&state[index_of(&c[i])], &c[i], now)) bad = i;
                }
                result = run(AIGW_STORE_RESERVE, c, count, now);
                if (!t_int("as the plain one", result, bad < 0 ? AIGW_OK : AIGW_E_LIMIT)) return;
                for (int i = 0; i < count; i++) if (!t_int("who refused", c[i].refused, i == bad)) return;
                for (int i = bad + 1; bad >= 0 && i < count; i++)
                    if (!t_ok("of those behind it nothing is said", !c[i].left && !c[i].spent_nusd && !c[i].reserved_nusd)) return;
                if (bad >= 0) { memcpy(state, before, sizeof state); refused++; }
                else {
                    memcpy(held[n].c, c, sizeof c);
                    held[n++].n = count;
                    done++;
                }
            }
            for (int i = 0; i < KEYS; i++) if (!t_ok(names[i], same(&state[i], i))) return;
        }
    }
    t_ok("both happen", refused > 500 && done > 500);
}

/* ---- keys and slots */

T(full_keys) {
    aigw_store_counter c = counter("at|one", AIGW_COUNTER_GAUGE, 5, 5), d = counter("at|two", AIGW_COUNTER_GAUGE, 5, 5);
    fresh(16, 0);
    reserve(&c, start);
    for (int i = 0; i < 16; i++) if (slots[i].used) slots[i].hash = aigw_digest_siphash(str("at|two"), key16);
    t_ok("same hash, another key", aigw_store_slot_of(&M, str("at|two")) == NULL);
    t_int("a slot of its own", reserve(&d, start), AIGW_OK);
    fresh(16, 0);
    reserve(&c, start);
    d = counter("at|one", AIGW_COUNTER_RATE, 5, 5);
    t_int("same key, another kind", reserve(&d, start), AIGW_OK);
}
/* How many of the slots hold this kind. */
static int holding(int kind) {
    int n = 0;
    for (uint32_t i = 0; i < M.n; i++) n += slots[i].used && slots[i].kind == kind;
    return n;
}
T(eviction) {
    char name[32];
    aigw_store_counter c;
    uint32_t others;
    fresh(16, 0);                                                               /* 14 for subjects, 2 for _other */
    for (int i = 0; i < 14; i++) {
        sprintf(name, "usd|user=%d", i);
        c = counter(name, AIGW_COUNTER_MONEY, 1000, 10);
        t_int("money", reserve(&c, start), AIGW_OK);
        t_int("own", c.other, 0);
        settle(&c, 5, start);
    }
    c = counter("usd|user=14", AIGW_COUNTER_MONEY, 1000, 10);
    t_int("full", reserve(&c, start), AIGW_OK);
    t_int("with others", c.other, 1);
    t_int("counted", M.others, 1);
    t_ok("by its tenant", aigw_store_slot_of(&M, str("usd|_other|a")) != NULL);
    t_int("settled", settle(&c, 7, start), AIGW_OK);
    t_int("there", at_slot("usd|_other|a")->of.money.budget.spent_nusd, 7);
    t_int("none was evicted", holding(AIGW_COUNTER_MONEY), 15);
    c = counter("usd|user=3", AIGW_COUNTER_MONEY, 1000, 996);
    t_int("what was spent is known", reserve(&c, later(3600000)), AIGW_E_LIMIT);
    c = counter("usd|user=99", AIGW_COUNTER_MONEY, 1000, 999);
    t_int("the next day", reserve(&c, later(86400000)), AIGW_OK);
    t_int("has room", c.other, 0);

    fresh(16, 0);
    for (int i = 0; i < 14; i++) {
        sprintf(name, "rpm|user=%d", i);
        c = counter(name, AIGW_COUNTER_RATE, 60, 60);
        reserve(&c, start);
    }
    c = counter("rpm|user=14", AIGW_COUNTER_RATE, 60, 1);
    reserve(&c, later(59000));
    t_int("none is full again", c.other, 1);
    c = counter("rpm|user=15", AIGW_COUNTER_RATE, 60, 1);
    reserve(&c, later(60000));
    t_int("all are", c.other, 0);

    fresh(16, 0);
    for (int i = 0; i < 16; i++) {
        sprintf(name, "at|user=%d", i);
        c = counter(name, AIGW_COUNTER_GAUGE, 1, 1);
        t_int("held and given back", reserve(&c, start), AIGW_OK);
        settle(&c, 0, start);
    }
    t_int("all have place", M.others, 0);
    others = M.others;
    c = counter("at|user=0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
                "0123456789012345678901234567890123456789012345678901234567890123456789", AIGW_COUNTER_GAUGE, 1, 1);
    t_int("a key that is too long", reserve(&c, start), AIGW_OK);
    t_int("is counted with others", M.others, others + 1);
    t_int("its tenant's", c.other, 1);
    settle(&c, 0, start);
    t_int("and given back there", at_slot("at|_other|a")->of.gauge.held, 0);
}
/* A tenant that asks for more users than there are slots fills a quarter of them, then its own _other: nobody else notices. */
T(one_tenant_does_not_fill_the_table) {
    static char name[2000][32];
    aigw_store_counter c;
    int own[2] = { 0, 0 }, subjects;
    fresh(SLOTS, 0);
    subjects = SLOTS - SLOTS / 8;
    t_int("its share", M.most, subjects / 4);
    for (int i = 0; i < 2000; i++) {
        sprintf(name[i], "usd|user=%d", i);
        c = counter(name[i], AIGW_COUNTER_MONEY, 10000, 1);
        reserve(&c, start);
        own[0] += !c.other;
        if (c.other) t_int("its own _other", c.other, 1);
    }
    t_int("a share", own[0], subjects / 4);
    t_int("the rest", at_slot("usd|_other|a")->of.money.budget.reserved_nusd, 2000 - own[0]);
    for (int i = 0; i < 100; i++) {
        c = counter(name[i], AIGW_COUNTER_RATE, 10, 1);
        c.tenant = str("b");
        reserve(&c, start);
        own[1] += !c.other;
    }
    t_ok("another tenant has all that it needs", own[1] >= 99);
    for (int i = 0; i < 2000; i++) {                                            /* the next day all of them may be given away: to whom, does not matter */
        c = counter(name[1999 - i], AIGW_COUNTER_MONEY, 1000, 1);
        settle(&c, 1, start);
    }
    own[0] = 0;
    for (int i = 1000; i < 2000; i++) {
        c = counter(name[i], AIGW_COUNTER_MONEY, 1000, 1);
        c.tenant = str("c");
        reserve(&c, later(86400000));
        own[0] += !c.other;
    }
    t_int("and are counted for who has them then", own[0], subjects / 4);
    {
        uint32_t owned = 0, counted = 0;
        for (int i = 0; i < SLOTS; i++) owned += slots[i].owner != 0, counted += slots[i].tenant.slots;
        t_int("the sums agree", counted, owned);
    }

    fresh(SLOTS, 0);                                                            /* of its own share it may give away what says nothing */
    for (int i = 0; i < 1000; i++) {
        c = counter(name[i], AIGW_COUNTER_RATE, 60, 1);
        reserve(&c, later(2000u * (uint64_t)i));
        t_int("always a place", c.other, 0);
    }
    fresh(SLOTS, 0);                                                            /* where nobody has a name nobody is bounded */
    M.most = 16;
    for (int i = 0; i < 200; i++) {
        c = counter(name[i], AIGW_COUNTER_MONEY, 1000, 1);
        c.tenant.n = 0;
        reserve(&c, start);
        t_int("a place", c.other, 0);
    }
}
T(names_of_others) {
    aigw_store_counter c = counter("rpm|tenant=a|user=b", AIGW_COUNTER_RATE, 1, 1);
    char text[AIGW_STORE_KEY];
    static const char *const said[] = { "rpm|tenant=a|user=b", "rpm|_other|a", "rpm|_other" };
    for (int i = 0; i < 3; i++) {
        aigw_str s;
        c.other = (uint8_t)i;
        s = aigw_store_name(&c, text);
        t_ok(said[i], aigw_base_eq(s, str(said[i])));
    }
}
/* What was reserved with others is settled with others, though there is room by then. */
T(settled_where_reserved) {
    aigw_store_counter c[14], late = counter("at|late", AIGW_COUNTER_GAUGE, 9, 2), again;
    char name[14][32];
    fresh(16, 0);
    for (int i = 0; i < 14; i++) {
        sprintf(name[i], "at|user=%d", i);
        c[i] = counter(name[i], AIGW_COUNTER_GAUGE, 1, 1);
        reserve(&c[i], start);
    }
    reserve(&late, start);
    t_int("with others", late.other, 1);
    for (int i = 0; i < 14; i++) settle(&c[i], 0, start);
    again = counter("at|late", AIGW_COUNTER_GAUGE, 9, 3);
    reserve(&again, start);
    t_int("now its own", again.other, 0);
    settle(&late, 0, start);
    t_int("given back with others", at_slot("at|_other|a")->of.gauge.held, 0);
    t_int("its own is as it was", at_slot("at|late")->of.gauge.held, 3);
}
/* More on a reservation that is held goes where it is held, though its own name would find room by then. */
T(raised_where_reserved) {
    aigw_store_counter c = counter("usd|x", AIGW_COUNTER_MONEY, 1000, 10), d = counter("usd|y", AIGW_COUNTER_MONEY, 1000, 20);
    fresh(2, 0);                                                                /* 1 and 1 */
    reserve(&c, start);
    reserve(&d, start);
    t_int("with others", d.other, 1);
    settle(&c, 0, start);
    d.raise = 1;
    d.amount = 5;
    t_int("raised", reserve(&d, start), AIGW_OK);
    t_int("there", at_slot("usd|_other|a")->of.money.budget.reserved_nusd, 25);
}
/* A slot that one operation uses is not given away by it, even if it says nothing. */
T(pinned) {
    aigw_store_counter c[2];
    fresh(2, 0);
    c[0] = counter("at|x", AIGW_COUNTER_GAUGE, 5, 0);
    c[1] = counter("at|y", AIGW_COUNTER_GAUGE, 5, 1);
    t_int("both", run(AIGW_STORE_RESERVE, c, 2, start), AIGW_OK);
    t_int("the second finds no room", c[1].other, 1);
    t_int("the first is as it was", c[0].left, 5);
}
/* Tenants whose _other has no place share one; then there is none. */
T(others_of_all) {
    char name[32], tenant[16];
    int own = 0, tenants = 0, all = 0, none = 0;
    fresh(24, 0);                                                               /* 21 and 3 */
    for (int i = 0; i < 60; i++) {
        aigw_store_counter c;
        int r;
        sprintf(name, "usd|user=%d", i);
        sprintf(tenant, "t%d", i);
        c = counter(name, AIGW_COUNTER_MONEY, 1000, 10);
        c.tenant = str(tenant);
        r = reserve(&c, start);
        if (r == AIGW_E_NOMEM) { none++; continue; }
        t_int("reserved", r, AIGW_OK);
        own += c.other == 0, tenants += c.other == 1, all += c.other == 2;
    }
    t_int("subjects", own + tenants + all + none, 60);
    t_int("no more than there are", tenants, 3);
    t_ok("most slots are used", own >= 16 && own <= 21);
    t_int("no place is said", none, 60 - own - tenants);
    {
        static char longest[AIGW_STORE_KEY];
        aigw_store_counter c = counter("usd|user=60", AIGW_COUNTER_MONEY, 1000, 10);
        fresh(24, 0);
        memset(longest, 'x', sizeof longest);
        for (int i = 0; i < 60 && c.other == 0; i++) {
            sprintf(name, "usd|user=%d", i);
            c = counter(name, AIGW_COUNTER_MONEY, 1000, 10);
            c.tenant.p = longest;
            c.tenant.n = sizeof longest;
            t_int("reserved", reserve(&c, start), AIGW_OK);
        }
        t_int("a tenant whose name is too long shares with all", c.other, 2);
        t_int("under their name", at_slot("usd|_other")->of.money.budget.reserved_nusd, 10);
    }
}
T(unknown_settled) {
    aigw_store_counter c = counter("at|x", AIGW_COUNTER_GAUGE, 2, 1), other;
    fresh(16, 0);
    t_int("gauge", settle(&c, 0, start), AIGW_OK);
    c = counter("rpm|x", AIGW_COUNTER_RATE, 60, 5);
    t_int("given back", settle(&c, 1, start), AIGW_OK);
    t_int("used as reserved", settle(&c, 5, start), AIGW_OK);
    t_int("makes nothing", holding(AIGW_COUNTER_GAUGE) + holding(AIGW_COUNTER_RATE), 0);
    t_int("owed", settle(&c, 15, start), AIGW_OK);
    t_int("makes a debt", c.left, 50);
    c = counter("usd|x", AIGW_COUNTER_MONEY, 1000, 500);
    t_int("spent", settle(&c, 300, start), AIGW_OK);
    t_int("is accounted", c.spent_nusd, 300);
    t_int("nothing is reserved", c.reserved_nusd, 0);
    other = counter("usd|y", AIGW_COUNTER_MONEY, 1000, 400);
    reserve(&other, start);
    c = counter("usd|y", AIGW_COUNTER_MONEY, 1000, 9999);
    settle(&c, 1, start);
    t_int("not below nothing", c.reserved_nusd, 0);
    t_int("spent", c.spent_nusd, 1);
    fresh(1, 0);
    reserve(&other, start);
    c = counter("usd|z", AIGW_COUNTER_MONEY, 1000, 5);
    t_int("there is no place for what is owed", settle(&c, 5, start), AIGW_E_NOMEM);
}

/* ---- the ledger */

static char disk[1 << 18];
static size_t disk_n;
/* The first n bytes of the log are written and synced. */
static void sync_bytes(size_t n) {
    aigw_str s = aigw_store_log(&M);
    if (n > s.n) n = s.n;
    if (n > sizeof disk - disk_n) { t_fail("the test's disk is full"); return; }
    memcpy(disk + disk_n, s.p, n);
    disk_n += n;
    aigw_store_logged(&M, n);
}
T(ledger) {
    aigw_store_counter c = counter("usd|a", AIGW_COUNTER_MONEY, 100000, 300), two[2];
    aigw_str file;
    fresh(64, 1);
    disk_n = 0;
    t_int("not durable", reserve(&c, start), AIGW_AGAIN);
    t_int("nothing is reserved", c.reserved_nusd, 0);
    t_int("a record of 40 bytes", aigw_store_log(&M).n, 40);
    t_int("again", reserve(&c, start), AIGW_AGAIN);
    t_int("asked once", aigw_store_log(&M).n, 40);
    sync_bytes(39);
    t_int("all but a byte", reserve(&c, start), AIGW_AGAIN);
    t_int("what is left of it", aigw_store_log(&M).n, 1);
    sync_bytes(1);
    t_int("durable", reserve(&c, start), AIGW_OK);
    t_int("reserved", c.reserved_nusd, 300);
    t_int("1,000 is the lease", at_slot("usd|a")->of.money.lease.durable_nusd, 1000);
    t_int("nothing asked", aigw_store_log(&M).n, 0);
    c.amount = 201;
    t_int("beyond half", reserve(&c, start), AIGW_OK);
    t_int("asks for the next", aigw_store_log(&M).n, 40);
    two[0] = counter("at|a", AIGW_COUNTER_GAUGE, 5, 1);
    two[1] = counter("usd|a", AIGW_COUNTER_MONEY, 100000, 700);
    t_int("all wait for one", run(AIGW_STORE_RESERVE, two, 2, start), AIGW_AGAIN);
    t_int("not held", at_slot("at|a")->of.gauge.held, 0);
    two[0].most = 0;
    two[1] = counter("at|full", AIGW_COUNTER_GAUGE, 1, 2);
    two[0] = counter("usd|a", AIGW_COUNTER_MONEY, 100000, 900);
    t_int("a refusal comes before waiting", run(AIGW_STORE_RESERVE, two, 2, start), AIGW_E_LIMIT);
    sync_bytes(4096);
    c.amount = 300;
    settle(&c, 250, start);
    t_int("spent", c.spent_nusd, 250);

    fresh(64, 1);                                                               /* a crash */
    disk[disk_n] = 'a';                                                         /* a torn tail */
    file.p = disk;
    file.n = disk_n + 1;
    t_int("whole", aigw_store_replay(&M, start, file), disk_n);
    c = counter("usd|a", AIGW_COUNTER_MONEY, 100000, 1);
    t_int("has to wait", reserve(&c, start), AIGW_AGAIN);
    t_ok("what was held counts as spent", c.spent_nusd >= 501 && c.spent_nusd <= 1401 + 1000);
    fresh(64, 1);
    aigw_store_replay(&M, later(32u * 86400000u), file);
    t_ok("not of a month ago", aigw_store_slot_of(&M, str("usd|a")) == NULL);
    fresh(64, 1);
    aigw_store_replay(&M, start, file);
    reserve(&c, later(86400000));
    t_int("the next day is new", c.spent_nusd, 0);
    fresh(1, 1);
    aigw_store_replay(&M, start, file);
    c = counter("usd|b", AIGW_COUNTER_MONEY, 100000, 1);
    t_int("no place beside it", reserve(&c, later(29u * 86400000u)), AIGW_E_NOMEM);
    t_int("until the longest period is over", reserve(&c, later(31u * 86400000u)), AIGW_AGAIN);
    aigw_store_logged(&M, 4096);
    t_int("more than there was is all", aigw_store_log(&M).n, 0);
    t_int("durable", reserve(&c, later(31u * 86400000u)), AIGW_OK);
    c.amount = 5000;
    t_int("and the next record is whole", reserve(&c, later(31u * 86400000u)) == AIGW_AGAIN && aigw_store_log(&M).n == 40, 1);
}
/* A raise of what is spent waits for the disk, a lower one does not: after a crash too much may count, never too little. */
T(put_is_durable) {
    aigw_store_counter c = counter("usd|a", AIGW_COUNTER_MONEY, 100000, 0);
    aigw_str file;
    fresh(64, 1);
    disk_n = 0;
    t_int("not durable", put(&c, 5000, start), AIGW_AGAIN);
    t_int("nothing was put", at_slot("usd|a")->of.money.budget.spent_nusd, 0);
    sync_bytes(4096);
    t_int("durable", put(&c, 5000, start), AIGW_OK);
    t_int("put", c.spent_nusd, 5000);
    sync_bytes(4096);                                                           /* the next lease */
    t_int("lower: at once", put(&c, 10, start), AIGW_OK);
    t_int("put", c.spent_nusd, 10);
    t_int("nothing to be written", aigw_store_log(&M).n, 0);
    file.p = disk;
    file.n = disk_n;
    fresh(64, 1);
    aigw_store_replay(&M, start, file);
    get(&c, start);
    t_ok("too much, not too little", c.spent_nusd >= 5000 && c.spent_nusd <= 6000 + 1000);
    t_int("above the cap", put(&c, 250000, start), AIGW_AGAIN);
    sync_bytes(4096);
    t_int("is durable as well", put(&c, 250000, start), AIGW_OK);
    c.amount = 1;
    t_int("and ends it", reserve(&c, start), AIGW_E_LIMIT);
}
T(log_bounded) {
    aigw_store_counter c;
    char name[32];
    int again = 0;
    fresh(SLOTS, 1);
    for (int i = 0; i < 300; i++) {
        sprintf(name, "usd|user=%d", i);
        c = counter(name, AIGW_COUNTER_MONEY, 1000, 10);
        again += reserve(&c, start) == AIGW_AGAIN;
    }
    t_int("all wait", again, 300);
    t_ok("within its memory", aigw_store_log(&M).n <= sizeof log_mem && aigw_store_log(&M).n > 4000);
    disk_n = 0;
    sync_bytes(4096);
    t_int("room again", reserve(&c, start), AIGW_AGAIN);
    t_ok("asked now", aigw_store_log(&M).n > 0);
    sync_bytes(4096);
    t_int("durable", reserve(&c, start), AIGW_OK);
}
/* Several budgets over crashes: accounted >= billed, and at most a lease above what was held. */
T(ledger_crashes) {
    enum { BUDGETS = 5 };
    static const char *const keys[BUDGETS] = { "usd|a", "usd|tenant=b", "usd|user=ccc", "usd|d|e", "usd|ffffffff" };
    for (int round = 0; round < 60; round++) {
        int64_t billed[BUDGETS] = { 0 }, peak[BUDGETS] = { 0 };
        aigw_store_counter held[16], c;
        int who[16], n = 0;
        const int64_t cap = 1 + (int64_t)t_below(100000);
        disk_n = 0;
        fresh(64, 1);
        for (int step = 0; step < 250; step++) {
            int i = (int)t_below(BUDGETS);
            switch (t_below(5)) {
            case 0: case 1:
                if (n == 16) break;
                c = counter(keys[i], AIGW_COUNTER_MONEY, cap, (int64_t)t_below((size_t)cap / (1 + t_below(100)) + 1));
                {
                    const aigw_store_slot *s;
                    int r = reserve(&c, start);
                    s = aigw_store_slot_of(&M, str(keys[i]));
                    if (s && s->of.money.budget.spent_nusd + s->of.money.budget.reserved_nusd + (r == AIGW_AGAIN ? c.amount : 0) > peak[i])
                        peak[i] = s->of.money.budget.spent_nusd + s->of.money.budget.reserved_nusd + (r == AIGW_AGAIN ? c.amount : 0);
                    if (r == AIGW_OK) who[n] = i, held[n++] = c;
                }
                break;
            case 2:
                if (!n) break;
                n--;
                held[n].used = (int64_t)t_below((size_t)held[n].amount + 1);
                billed[who[n]] += held[n].used;
                run(AIGW_STORE_SETTLE, &held[n], 1, start);
                break;
            case 3: sync_bytes(t_below(400)); break;
            default:
                if (t_below(8)) break;
                {
                    aigw_str s = aigw_store_log(&M), file;
                    size_t more = t_below(s.n + 1);                             /* written, not synced, and there all the same */
                    memcpy(disk + disk_n, s.p, more);
                    file.p = disk;
                    file.n = disk_n + more;
                    for (; n; n--) billed[who[n - 1]] += held[n - 1].amount;    /* contact lost: in full */
                    fresh(64, 1);
                    disk_n = aigw_store_replay(&M, start, file);
                    for (i = 0; i < BUDGETS; i++) {
                        const aigw_store_slot *slot = aigw_store_slot_of(&M, str(keys[i]));
                        int64_t spent = slot ? slot->of.money.budget.spent_nusd : 0;
                        t_ok("accounted >= billed", spent >= billed[i]);
                        t_ok("at most a lease more than was held", spent <= peak[i] + cap / 100);
                        t_ok("within the cap", spent <= cap);
                        if (spent > peak[i]) peak[i] = spent;
                    }
                }
                break;
            }
            if (t_.bad) return;
        }
    }
}

/* ---- the store that answers as a seed says */

static struct { int answers[4096], results[4096]; } heard;
static void done(void *user, uint64_t ticket, int result) {
    (void)user;
    heard.answers[ticket]++;
    heard.results[ticket] = result;
}
static s_store S;
static void remote(uint64_t seed) {
    aigw_store inner;
    fresh(SLOTS, 0);
    inner.submit = aigw_store_submit;
    inner.user = &M;
    s_init(&S, inner, seed);
    S.done = done;
    memset(&heard, 0, sizeof heard);
}
/* n operations through it, each answered or not as its fate is. The hash of all answers. */
static uint64_t remote_run(int n) {
    static aigw_store_counter c[4096];
    static aigw_store_op op[4096];
    uint64_t hash = 0;
    aigw_store store = s_as_store(&S);
    for (int i = 0; i < n; i++) {
        aigw_now now = later((uint64_t)i);
        c[i] = counter("at|x", AIGW_COUNTER_GAUGE, 100000, 1);
        op[i].verb = AIGW_STORE_RESERVE;
        op[i].n = 1;
        op[i].counters = &c[i];
        int r = store.submit(store.user, (uint64_t)i, now, &op[i]);
        if (r != AIGW_AGAIN) { heard.answers[i] += 100; heard.results[i] = r; }
        s_pump(&S, now);
    }
    while (s_deadline(&S) != AIGW_NEVER) {
        aigw_now now = later(0);
        now.mono_ns = s_deadline(&S);
        s_pump(&S, now);
    }
    for (int i = 0; i < n; i++) {
        if (heard.answers[i] && heard.results[i] == AIGW_OK) t_ok("counters are filled", c[i].left > 0);
        hash = hash * 31 + (uint64_t)heard.answers[i] * 7 + (uint64_t)c[i].left;
    }
    return hash;
}
T(answers) {
    uint64_t twice, first;
    int count[4] = { 0 };
    remote(1);
    remote_run(100);
    for (int i = 0; i < 100; i++) t_int("at once", heard.answers[i], 100);
    remote(7);
    S.share[S_INSIDE] = S.share[S_LATE] = S.share[S_TWICE] = S.share[S_NEVER] = 20;
    first = remote_run(2000);
    for (int i = 0; i < 2000; i++) {
        int k = heard.answers[i] == 100 ? 3 : heard.answers[i];
        if (!t_ok("none, one, two, or at once", k >= 0 && k < 4)) return;
        count[k]++;
    }
    t_int("none", count[0], S.seen[S_NEVER]);
    t_int("one", count[1], S.seen[S_INSIDE] + S.seen[S_LATE]);
    t_int("two", count[2], S.seen[S_TWICE]);
    t_int("at once", count[3], S.seen[S_NOW]);
    for (int i = 0; i < S_FATES; i++) t_ok("each often", S.seen[i] > 300);
    t_int("lost", S.lost, S.seen[S_NEVER]);
    t_ok("some that were never answered were done", at_slot("at|x")->of.gauge.held > 2000 - (int64_t)S.seen[S_NEVER] &&
                                                    at_slot("at|x")->of.gauge.held < 2000);
    remote(7);
    S.share[S_INSIDE] = S.share[S_LATE] = S.share[S_TWICE] = S.share[S_NEVER] = 20;
    twice = remote_run(2000);
    t_ok("same seed, same answers", first == twice);
    remote(8);
    S.share[S_INSIDE] = S.share[S_LATE] = S.share[S_TWICE] = S.share[S_NEVER] = 20;
    t_ok("another seed, others", remote_run(2000) != first);
}
T(dies) {
    int failed = 0;
    remote(3);
    S.share[S_LATE] = 100;
    S.late_ns = UINT64_C(10000000000);
    S.dies_after = 50;
    remote_run(100);
    for (int i = 0; i < 100; i++) failed += heard.results[i] == AIGW_E_IO;
    t_int("the rest fails", failed, 50);
    t_ok("dead", S.dead);
    t_ok("what was under way is lost", S.lost > 0 && S.lost <= 50);
    t_ok("no answer any more", s_deadline(&S) == AIGW_NEVER && s_pump(&S, later(100000)) == 0);
}

/* ---- an operator's calls, through a hub */

static aigw_hub H;
static unsigned char hub_mem[1 << 20];
static void hub_begin(const aigw_store *store, size_t ledger_bytes) {
    aigw_hub_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.slab[0].bytes = 4096, cfg.slab[0].count = 1;
    cfg.names = 8, cfg.counters = 64, cfg.tickets = 128;
    cfg.ledger_bytes = ledger_bytes;
    if (store) cfg.store = *store;
    t_int("a hub", aigw_hub_init(&H, &cfg, hub_mem, sizeof hub_mem), AIGW_OK);
    aigw_hub_tick(&H, start);
}
static void hub_answers(void *user, uint64_t ticket, int result) { (void)user; aigw_hub_store_done(&H, ticket, result, NULL, 0); }
typedef struct { aigw_hub_call call; aigw_store_counter c[3]; int done, result, under_way, puts; int64_t used; uint64_t since; } operator_;
static void operator_done(void *user, int result) {
    operator_ *o = (operator_ *)user;
    o->done++;
    o->result = result;
}
static int operator_asks(operator_ *o, int verb, int64_t used) {
    o->c[0] = counter("rpm|tenant=a", AIGW_COUNTER_RATE, 1000, 0);
    o->c[1] = counter("at|tenant=a", AIGW_COUNTER_GAUGE, 0, 5);
    o->c[2] = counter("usd|tenant=a", AIGW_COUNTER_MONEY, 100000, 700);
    for (int i = 0; i < 3; i++) o->c[i].used = used;
    o->call.op.verb = (uint8_t)verb;
    o->call.op.n = 3;
    o->call.op.counters = o->c;
    o->call.done = operator_done;
    o->call.user = o;
    o->done = 0;
    o->used = used;
    return aigw_hub_call_begin(&H, &o->call);
}
/* Whatever becomes of the answers: each call ends once and in time, what it says is what somebody put, and a late answer gives back nothing that nobody reserved. */
T(calls_through_a_far_store) {
    enum { N = 6, VALUES = 40 };
    static operator_ o[N];
    int ends[3] = { 0 }, given_up = 0;
    for (int round = 0; round < 12; round++) {
        uint64_t ms = 0;
        aigw_store store;
        remote(100 + (uint64_t)round);
        S.share[S_INSIDE] = S.share[S_TWICE] = S.share[S_NEVER] = 15, S.share[S_LATE] = 40;
        S.late_ns = 400000000;
        S.dies_after = round % 4 ? 0 : 200;
        S.done = hub_answers;
        store = s_as_store(&S);
        hub_begin(&store, 0);
        memset(o, 0, sizeof o);
        for (int step = 0; step < 1500; step++) {
            const aigw_now now = later(ms += t_below(40));
            aigw_hub_tick(&H, now);
            s_pump(&S, now);
            while (aigw_hub_ready(&H)) t_fail("nobody else waits");
            for (int i = 0; i < N; i++) {
                operator_ *p = &o[i];
                if (p->under_way && !p->done) {
                    t_ok("in time", ms <= p->since + 250 + 40);
                    if (t_below(40)) continue;
                    aigw_hub_call_end(&p->call);
                    aigw_hub_call_end(&p->call);
                    p->under_way = 0;
                    given_up++;
                } else if (p->under_way) {
                    t_int("once", p->done, 1);
                    p->under_way = 0;
                    t_ok("an answer, or none", p->result == AIGW_OK || p->result == AIGW_E_IO);
                    ends[p->result == AIGW_OK]++;
                    if (p->result != AIGW_OK) continue;
                    t_int("nothing is reserved", p->c[2].reserved_nusd + p->c[2].running, 0);
                    t_ok("what somebody put", p->c[2].spent_nusd % 1000 == 0 && p->c[1].running == p->c[2].spent_nusd);
                    if (p->puts) t_int("what was put", p->c[2].spent_nusd, p->used);
                } else if (!p->done && t_below(4) == 0) {
                    int r;
                    p->puts = t_below(3) == 0;
                    r = operator_asks(p, p->puts ? AIGW_STORE_PUT : AIGW_STORE_GET, 1000 * (int64_t)t_below(VALUES));
                    p->since = ms;
                    p->under_way = r == AIGW_AGAIN;
                    ends[2] += r != AIGW_AGAIN;
                    t_ok("at once, later or not", r == AIGW_OK || r == AIGW_AGAIN || r == AIGW_E_IO);
                    if (r == AIGW_OK) t_ok("what somebody put", p->c[1].running == p->c[2].spent_nusd);
                } else p->done = 0;
            }
            if (t_.bad) return;
        }
        t_int("nothing is counted with others", M.others, 0);
        for (int i = 0; i < N; i++) aigw_hub_call_end(&o[i].call);
        t_ok("nobody is left", H.jobs.next == &H.outbox && H.outbox.next == &H.jobs);
    }
    t_ok("all of it happens", ends[0] > 100 && ends[1] > 100 && ends[2] > 100 && given_up > 100);
}
/* A store that did grant a RESERVE late is given it back; a GET or PUT that comes late is not. */
static struct { aigw_store_op *op; uint64_t ticket; int settles; } quiet;
static int quiet_submit(void *user, uint64_t ticket, aigw_now now, aigw_store_op *op) {
    (void)user, (void)now;
    if (op->verb == AIGW_STORE_SETTLE) return quiet.settles++, AIGW_OK;
    quiet.op = op;
    quiet.ticket = ticket;
    return AIGW_AGAIN;
}
T(a_late_answer_settles_nothing) {
    static operator_ o;
    for (int verb = AIGW_STORE_GET; verb <= AIGW_STORE_PUT; verb++) for (int in_time = 0; in_time < 2; in_time++) {
        aigw_store store = { quiet_submit, NULL };
        memset(&quiet, 0, sizeof quiet);
        hub_begin(&store, 0);
        t_int("asked", operator_asks(&o, verb, 5), AIGW_AGAIN);
        t_ok("its tenant is told", aigw_base_eq(quiet.op->counters[0].tenant, str("a")));
        if (!in_time) {
            aigw_hub_tick(&H, later(250));
            while (aigw_hub_ready(&H)) {}
            t_int("not known", o.result, AIGW_E_IO);
            t_int("said once", o.done, 1);
            t_int("counted", H.store_late, 1);
        }
        aigw_hub_store_done(&H, quiet.ticket, AIGW_OK, NULL, 0);
        if (in_time) aigw_hub_call_end(&o.call);               /* between the answer and its call */
        aigw_hub_tick(&H, later(500));
        while (aigw_hub_ready(&H)) {}
        t_int("said once, or not any more", o.done, !in_time);
        t_int("nothing was reserved", quiet.settles, 0);
        for (uint32_t i = 0; i < H.cfg.tickets; i++) t_int("no ticket is kept", H.tickets[i].state, 0);
    }
    o.call.op.verb = AIGW_STORE_SETTLE;
    t_int("not an operator's", aigw_hub_call_begin(&H, &o.call), AIGW_E_VALUE);
    o.call.op.verb = AIGW_STORE_GET, o.call.op.n = AIGW_STORE_COUNTERS + 1;
    t_int("too many", aigw_hub_call_begin(&H, &o.call), AIGW_E_VALUE);
}
/* In memory a GET is answered at once; with a ledger a PUT that raises waits for it, or is not done. */
T(calls_in_memory) {
    static operator_ o;
    hub_begin(NULL, 4096);
    t_int("told", operator_asks(&o, AIGW_STORE_GET, 0), AIGW_OK);
    t_int("all is left", o.c[2].left, 100000);
    for (int durable = 0; durable < 2; durable++) {
        t_int("waits", operator_asks(&o, AIGW_STORE_PUT, 3000 * (durable + 1)), AIGW_AGAIN);
        if (durable) aigw_hub_logged(&H, 4096);
        aigw_hub_tick(&H, later(durable ? 260 : 250));
        while (aigw_hub_ready(&H)) {}
        t_int("ends", o.done, 1);
        t_int("done, or not", o.result, durable ? AIGW_OK : AIGW_E_IO);
        t_int("told", operator_asks(&o, AIGW_STORE_GET, 0), AIGW_OK);
        t_int("all or nothing: money", o.c[2].spent_nusd, durable ? 6000 : 0);
        t_int("and the gauge", o.c[1].running, durable ? 6000 : 0);
    }
}

int main(void) {
    T_RUN(kinds);
    T_RUN(nonsense);
    T_RUN(get_tells_and_changes_nothing);
    T_RUN(put_corrects);
    T_RUN(all_or_nothing);
    T_RUN(full_keys);
    T_RUN(eviction);
    T_RUN(one_tenant_does_not_fill_the_table);
    T_RUN(names_of_others);
    T_RUN(settled_where_reserved);
    T_RUN(raised_where_reserved);
    T_RUN(pinned);
    T_RUN(others_of_all);
    T_RUN(unknown_settled);
    T_RUN(ledger);
    T_RUN(put_is_durable);
    T_RUN(log_bounded);
    T_RUN(ledger_crashes);
    T_RUN(answers);
    T_RUN(dies);
    T_RUN(calls_through_a_far_store);
    T_RUN(a_late_answer_settles_nothing);
    T_RUN(calls_in_memory);
    return t_end();
}
