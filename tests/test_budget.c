/* SPDX-License-Identifier: MIT OR Unlicense */
/* Budgets: periods of UTC by table, the cap under random traffic, alerts. The ledger: leases, records with any tail torn or bit turned, and a machine that
   crashes anywhere with unsynced writes lost. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static aigw_str str(const char *s) { return aigw_base_str(s); }
static int64_t at(const char *date) {
    int64_t s = 0;
    t_ok(date, aigw_base_date(str(date), &s));
    return s;
}
static aigw_now wall(int64_t s) {
    aigw_now n;
    n.mono_ns = 1;
    n.wall_s = s;
    return n;
}

/* ---- periods; days of the week and lengths of months from the calendar */

static const struct { int period; const char *now, *start, *next; } periods[] = {
    { AIGW_PERIOD_HOUR,  "2026-11-29T01:40:59Z", "2026-11-29T01:00:00Z", "2026-11-29T02:00:00Z" },
    { AIGW_PERIOD_HOUR,  "2026-12-31T23:00:00Z", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z" },
    { AIGW_PERIOD_DAY,   "2026-11-29T23:59:59Z", "2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z" },
    { AIGW_PERIOD_DAY,   "2028-02-28T12:00:00Z", "2028-02-28T00:00:00Z", "2028-02-29T00:00:00Z" },
    { AIGW_PERIOD_DAY,   "2027-02-28T12:00:00Z", "2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z" },
    { AIGW_PERIOD_WEEK,  "2026-11-29T23:59:59Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z" },      /* a Sunday */
    { AIGW_PERIOD_WEEK,  "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z" },      /* a Monday */
    { AIGW_PERIOD_WEEK,  "1970-01-01T00:00:01Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z" },      /* a Thursday */
    { AIGW_PERIOD_MONTH, "2026-11-30T23:59:59Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z" },
    { AIGW_PERIOD_MONTH, "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z" },
    { AIGW_PERIOD_MONTH, "2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z" },
    { AIGW_PERIOD_MONTH, "2027-02-28T23:59:59Z", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z" },
    { AIGW_PERIOD_MONTH, "2000-02-29T00:00:00Z", "2000-02-01T00:00:00Z", "2000-03-01T00:00:00Z" },
    { AIGW_PERIOD_MONTH, "2100-02-28T23:59:59Z", "2100-02-01T00:00:00Z", "2100-03-01T00:00:00Z" },      /* no leap year */
    { AIGW_PERIOD_MONTH, "1970-01-31T00:00:00Z", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z" },
    { AIGW_PERIOD_MONTH, "9999-12-31T23:59:59Z", "9999-12-01T00:00:00Z", "" }
};
T(period_table) {
    for (size_t i = 0; i < T_COUNT(periods); i++) {
        t_row(periods[i].now);
        t_int("start", aigw_budget_start(periods[i].period, at(periods[i].now)), at(periods[i].start));
        if (*periods[i].next) t_int("next", aigw_budget_reset(periods[i].period, at(periods[i].now)), at(periods[i].next));
    }
    t_row(NULL);
    t_int("total", aigw_budget_start(AIGW_PERIOD_TOTAL, 1800000000), 0);
    t_int("never", aigw_budget_reset(AIGW_PERIOD_TOTAL, 1800000000), INT64_MAX);
}
/* Every second is in one period: it begins where the one before ends. Months are those of the table of lengths. */
T(period_laws) {
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t s = 0;
    for (int round = 0; round < 20000; round++) {
        int period = 1 + (int)t_below(4);
        int64_t now = round < 16000 ? (int64_t)(t_rand() >> 30) - (INT64_C(1) << 32) : (int64_t)(t_rand() >> 12) - (INT64_C(1) << 51);
        int64_t start = aigw_budget_start(period, now), next = aigw_budget_reset(period, now);
        if (!t_ok("within", start <= now && now < next)) return;
        if (!t_ok("starts at its start", aigw_budget_start(period, start) == start && aigw_budget_reset(period, start) == next)) return;
        if (!t_ok("ends where the next begins", aigw_budget_start(period, next) == next && aigw_budget_start(period, next - 1) == start)) return;
    }
    for (int period = 0; period <= AIGW_PERIOD_MONTH; period++)             /* no such time, and no harm */
        t_ok("far away", aigw_budget_reset(period, INT64_MAX) > aigw_budget_start(period, INT64_MIN));
    for (int year = 1970; year < 2450; year++)
        for (int m = 0; m < 12; m++) {
            int leap = m == 1 && ((year % 4 == 0 && year % 100) || year % 400 == 0);
            if (!t_int("month", aigw_budget_start(AIGW_PERIOD_MONTH, s + 86399), s)) return;
            s += (lengths[m] + leap) * 86400;
            if (!t_int("its end", aigw_budget_reset(AIGW_PERIOD_MONTH, s - 1), s)) return;
        }
}

/* ---- one counter */

static aigw_budget_cfg cap(int64_t nusd, int period, int soft) {
    aigw_budget_cfg c;
    c.cap_nusd = nusd;
    c.period = (uint8_t)period;
    c.soft = (uint8_t)soft;
    return c;
}
T(reserves) {
    aigw_budget b;
    aigw_budget_cfg c = cap(1000, AIGW_PERIOD_DAY, 0);
    aigw_now now = wall(1800000000);
    memset(&b, 0, sizeof b);
    t_int("first", aigw_budget_reserve(&b, &c, now, 400), AIGW_BUDGET_OK);
    t_int("below soft", aigw_budget_reserve(&b, &c, now, 399), AIGW_BUDGET_OK);
    t_int("800 with its own", aigw_budget_reserve(&b, &c, now, 1), AIGW_BUDGET_OK);
    t_int("would pass", aigw_budget_reserve(&b, &c, now, 201), AIGW_E_LIMIT);
    t_int("nothing was reserved", b.reserved_nusd, 800);
    t_int("three run", b.running, 3);
    t_int("to the cap", aigw_budget_raise(&b, &c, now, 1, 200), AIGW_BUDGET_OK);
    t_int("still three", b.running, 3);
    t_int("not above", aigw_budget_raise(&b, &c, now, 0, 1), AIGW_E_LIMIT);
    t_int("what is free is let through", aigw_budget_reserve(&b, &c, now, 0), AIGW_BUDGET_SOFT);
    aigw_budget_settle(&b, &c, now, 0, 0);
    aigw_budget_settle(&b, &c, now, 400, 100);
    t_int("given back", b.reserved_nusd, 600);
    t_int("spent", b.spent_nusd, 100);
    aigw_budget_settle(&b, &c, now, 599, 700);
    t_int("more than was reserved counts", b.spent_nusd, 800);
    t_int("one runs", b.running, 1);
    aigw_budget_settle(&b, &c, now, 999, INT64_MAX);
    t_int("saturates", b.spent_nusd, INT64_MAX);
    t_int("never below nothing", b.reserved_nusd, 0);
    aigw_budget_settle(&b, &c, now, 1, 0);
    t_int("none runs", b.running, 0);
    t_int("nor above", aigw_budget_reserve(&b, &c, now, INT64_MAX), AIGW_E_LIMIT);
}
T(clocks) {
    aigw_budget b;
    aigw_budget_cfg c = cap(100, AIGW_PERIOD_DAY, 100), total = cap(100, AIGW_PERIOD_TOTAL, 100);
    int64_t day = at("2026-11-29T00:00:00Z");
    memset(&b, 0, sizeof b);
    t_int("no clock", aigw_budget_reserve(&b, &c, wall(0), 1), AIGW_E_CLOCK);
    t_int("total needs none", aigw_budget_reserve(&b, &total, wall(0), 1), AIGW_BUDGET_OK);
    memset(&b, 0, sizeof b);
    t_int("reserve", aigw_budget_reserve(&b, &c, wall(day + 86399), 60), AIGW_BUDGET_OK);
    aigw_budget_reserve(&b, &c, wall(day + 86399), 30);
    aigw_budget_settle(&b, &c, wall(day + 86399), 30, 30);
    t_int("full", aigw_budget_reserve(&b, &c, wall(day + 86399), 11), AIGW_E_LIMIT);
    t_int("a new day, with what is reserved", aigw_budget_reserve(&b, &c, wall(day + 86400), 41), AIGW_E_LIMIT);
    t_int("nothing is spent", b.spent_nusd, 0);
    t_int("fits", aigw_budget_reserve(&b, &c, wall(day + 86400), 40), AIGW_BUDGET_OK);
    aigw_budget_settle(&b, &c, wall(day + 86400), 60, 50);
    t_int("back: stays", aigw_budget_reserve(&b, &c, wall(day + 10), 11), AIGW_E_LIMIT);
    t_int("of the later day", b.start_s, day + 86400);
    t_int("still spent", b.spent_nusd, 50);
    aigw_budget_settle(&b, &c, wall(0), 40, 7);
    t_int("without a clock it counts where it is", b.spent_nusd, 57);
    c.period = AIGW_PERIOD_MONTH;
    t_int("a longer period at once", aigw_budget_reserve(&b, &c, wall(day + 86400), 44), AIGW_E_LIMIT);
    t_int("to the end of its month", b.end_s, at("2026-12-01T00:00:00Z"));
    c.cap_nusd = 1000;
    t_int("a higher cap at once", aigw_budget_reserve(&b, &c, wall(day + 86400), 500), AIGW_BUDGET_OK);
    c.cap_nusd = 20;
    t_int("a lower one too", aigw_budget_reserve(&b, &c, wall(day + 86400), 1), AIGW_E_LIMIT);
}
T(alerts) {
    aigw_budget b;
    aigw_budget_cfg c = cap(1000, AIGW_PERIOD_DAY, 0);
    aigw_now now = wall(1800000000);
    memset(&b, 0, sizeof b);
    t_int("none", aigw_budget_alert(&b, &c), 0);
    aigw_budget_reserve(&b, &c, now, 1000);
    t_int("what is reserved is not spent", aigw_budget_alert(&b, &c), 0);
    aigw_budget_settle(&b, &c, now, 1000, 799);
    t_int("below", aigw_budget_alert(&b, &c), 0);
    aigw_budget_settle(&b, &c, now, 0, 1);
    t_int("80", aigw_budget_alert(&b, &c), 80);
    t_int("once", aigw_budget_alert(&b, &c), 0);
    aigw_budget_settle(&b, &c, now, 0, 200);
    t_int("the highest of two", aigw_budget_alert(&b, &c), 100);
    t_int("both told", aigw_budget_alert(&b, &c), 0);
    now = wall(1800000000 + 86400);
    aigw_budget_reserve(&b, &c, now, 0);
    aigw_budget_settle(&b, &c, now, 0, 900);
    t_int("again in the next period", aigw_budget_alert(&b, &c), 90);
    c = cap(1000, AIGW_PERIOD_DAY, 95);
    memset(&b, 0, sizeof b);
    aigw_budget_settle(&b, &c, now, 0, 960);
    t_int("a soft limit above 90", aigw_budget_alert(&b, &c), 95);
    c = cap(1000, AIGW_PERIOD_DAY, 100);
    memset(&b, 0, sizeof b);
    t_int("never soft", aigw_budget_reserve(&b, &c, now, 1000), AIGW_BUDGET_OK);
    aigw_budget_settle(&b, &c, now, 1000, 1000);
    t_int("100", aigw_budget_alert(&b, &c), 100);
    c = cap(199, AIGW_PERIOD_DAY, 50);
    memset(&b, 0, sizeof b);
    t_int("below half of an odd cap", aigw_budget_reserve(&b, &c, now, 99), AIGW_BUDGET_OK);
    t_int("half, rounded up", (aigw_budget_raise(&b, &c, now, 0, 1), aigw_budget_raise(&b, &c, now, 0, 0)), AIGW_BUDGET_SOFT);
    c = cap(INT64_MAX, AIGW_PERIOD_DAY, 0);
    memset(&b, 0, sizeof b);
    t_int("a large cap: below 80 %", aigw_budget_reserve(&b, &c, now, INT64_C(7378697629483820645)), AIGW_BUDGET_OK);
    t_int("at 80 %", (aigw_budget_raise(&b, &c, now, 0, 1), aigw_budget_raise(&b, &c, now, 0, 0)), AIGW_BUDGET_SOFT);
}
/* spent + reserved <= cap at any time, when what is spent is within what was reserved. */
T(cap_holds) {
    for (int round = 0; round < 300; round++) {
        aigw_budget b;
        aigw_budget_cfg c = cap((int64_t)t_below(2000), (int)t_below(5), (int)t_below(120));
        const int percent = c.soft ? c.soft : 80, soft = percent < 100;
        const int64_t soft_at = (c.cap_nusd * percent + 99) / 100;
        int64_t held[40], sum = 0, spent = 0, time = 1800000000, start = 0;
        int n = 0;
        memset(&b, 0, sizeof b);
        for (int step = 0; step < 200; step++) {
            int64_t amount = (int64_t)t_below(300);
            time += (int64_t)t_below(4) ? (int64_t)t_below(100) : (int64_t)t_below(200000) - 50000;
            int what = n < 40 && t_below(2) ? 0 : !n ? 3 : t_below(3) ? 1 : 2;
            if (what == 3) continue;
            if (aigw_budget_start(c.period, time) > start) {
                start = aigw_budget_start(c.period, time);
                spent = 0;
            }
            if (what == 0) {
                int r = aigw_budget_reserve(&b, &c, wall(time), amount);
                if (!t_int("refused just when it must be", r == AIGW_E_LIMIT, amount > 0 && spent + sum + amount > c.cap_nusd)) return;
                if (r >= 0 && !t_int("soft by those before", r, soft && spent + sum >= soft_at)) return;
                if (r >= 0) sum += held[n++] = amount;
            } else if (what == 1) {
                int i = (int)t_below((size_t)n);
                int64_t use = (int64_t)t_below((size_t)held[i] + 1);
                aigw_budget_settle(&b, &c, wall(time), held[i], use);
                spent += use;
                sum -= held[i];
                held[i] = held[--n];
            } else {
                int i = (int)t_below((size_t)n), r = aigw_budget_raise(&b, &c, wall(time), held[i], amount);
                if (!t_int("the difference too", r == AIGW_E_LIMIT, amount > 0 && spent + sum + amount > c.cap_nusd)) return;
                if (r >= 0 && !t_int("soft by the others", r, soft && spent + sum - held[i] >= soft_at)) return;
                if (r >= 0) sum += amount, held[i] += amount;
            }
            if (!t_int("spent", b.spent_nusd, spent)) return;
            if (!t_ok("never above", b.spent_nusd + b.reserved_nusd <= c.cap_nusd && b.reserved_nusd == sum && b.running == (uint32_t)n)) return;
        }
    }
}

/* ---- records */

static char text[4096];
static aigw_str record(const char *key, size_t n, int64_t start, int64_t mark) {
    aigw_out o;
    aigw_ledger_record r;
    aigw_str s;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    r.key.p = key;
    r.key.n = n;
    r.start_s = start;
    r.mark_nusd = mark;
    aigw_ledger_put(&o, &r);
    t_int("fits", aigw_base_out_end(&o), AIGW_OK);
    s = aigw_base_out_str(&o);
    s.p = t_dup(s.p, s.n);
    return s;
}
T(record_bytes) {
    /* by hand, but for the CRC: "aigL", version 1, key of 3, start 0x6B49D200, mark 258, "usd", 5 zeros */
    static const unsigned char want[] = { 'a', 'i', 'g', 'L', 1, 0, 3, 0, 0, 0xD2, 0x49, 0x6B, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 'u', 's', 'd', 0, 0, 0, 0, 0 };
    aigw_str s = record("usd", 3, 1800000000, 258), body = s;
    aigw_ledger_record r;
    uint32_t crc;
    t_int("length", s.n, 40);
    t_mem("bytes", s.p, 32, want, 32);
    body.n = 32;
    crc = aigw_digest_crc32(0, body);
    for (int i = 0; i < 8; i++) t_int("crc and zeros", (unsigned char)s.p[32 + i], i < 4 ? crc >> 8 * i & 0xFF : 0);
    t_int("read", aigw_ledger_read(s, &r), 40);
    t_str("key", r.key.p, r.key.n, "usd");
    t_int("start", r.start_s, 1800000000);
    t_int("mark", r.mark_nusd, 258);
    s.n = 0;
    t_int("the end", aigw_ledger_read(s, &r), 0);
    s = record("12345678", 8, -5, INT64_MAX);
    t_int("no padding", aigw_ledger_read(s, &r), 40);
    t_int("before 1970", r.start_s, -5);
    t_int("largest", r.mark_nusd, INT64_MAX);
    s = record("", 0, 0, 0);
    t_int("no key", aigw_ledger_read(s, &r), 32);
}
T(records_torn) {
    for (size_t key = 0; key < 20; key++) {
        aigw_str s = record("abcdefghijklmnopqrst", key, 1800000000, 123456789), cut;
        aigw_ledger_record r;
        char *p;
        for (size_t n = 1; n < s.n; n++) {
            cut.p = t_dup(s.p, n);
            cut.n = n;
            t_int("torn", aigw_ledger_read(cut, &r), AIGW_E_SYNTAX);
        }
        p = t_dup(s.p, s.n);
        cut.p = p;
        cut.n = s.n;
        for (size_t bit = 0; bit < 8 * s.n; bit++) {
            p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
            if (!t_int("a bit turned", aigw_ledger_read(cut, &r), AIGW_E_SYNTAX)) return;
            p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
        }
        t_int("whole again", aigw_ledger_read(cut, &r), s.n);
    }
    for (int round = 0; round < 2000; round++) {
        char junk[64];
        aigw_ledger_record r;
        aigw_str s;
        for (size_t i = 0; i < sizeof junk; i++) junk[i] = (char)t_rand();
        if (round % 2) memcpy(junk, "aigL\1\0", 6);
        s.p = t_dup(junk, sizeof junk);
        s.n = sizeof junk;
        if (!t_int("foreign", aigw_ledger_read(s, &r), AIGW_E_SYNTAX)) return;
        if (round % 1000 == 999) t_free_all();
    }
}

/* ---- leases */

T(leases) {
    aigw_ledger_lease l;
    int64_t mark;
    memset(&l, 0, sizeof l);
    t_int("nothing is free", aigw_ledger_hold(&l, 10, 0, 10000, &mark), AIGW_OK);
    t_int("and asks for nothing", mark, 0);
    t_int("first", aigw_ledger_hold(&l, 10, 5, 10000, &mark), AIGW_E_AGAIN);
    t_int("1 % of the cap", mark, 100);
    t_int("still", aigw_ledger_hold(&l, 10, 7, 10000, &mark), AIGW_E_AGAIN);
    t_int("asked once", mark, 0);
    aigw_ledger_durable(&l, 9, 100);
    t_int("of another period", aigw_ledger_hold(&l, 10, 5, 10000, &mark), AIGW_E_AGAIN);
    aigw_ledger_durable(&l, 10, 100);
    t_int("durable", aigw_ledger_hold(&l, 10, 50, 10000, &mark), AIGW_OK);
    t_int("half is left", mark, 0);
    t_int("less than half", aigw_ledger_hold(&l, 10, 51, 10000, &mark), AIGW_OK);
    t_int("the next lease", mark, 151);
    t_int("on the way", aigw_ledger_hold(&l, 10, 100, 10000, &mark), AIGW_OK);
    t_int("not again", mark, 0);
    t_int("above", aigw_ledger_hold(&l, 10, 101, 10000, &mark), AIGW_E_AGAIN);
    t_int("is asked for", mark, 0);
    aigw_ledger_durable(&l, 10, 151);
    aigw_ledger_durable(&l, 10, 100);
    t_int("an older mark changes nothing", l.durable_nusd, 151);
    t_int("another is on the way", aigw_ledger_hold(&l, 10, 200, 10000, &mark), AIGW_E_AGAIN);
    t_int("up to", mark, 251);
    t_int("and another", aigw_ledger_hold(&l, 10, 300, 10000, &mark), AIGW_E_AGAIN);
    t_int("up to", mark, 351);
    aigw_ledger_durable(&l, 10, 251);
    t_int("the first is there", aigw_ledger_hold(&l, 10, 300, 10000, &mark), AIGW_E_AGAIN);
    t_int("the second is not asked for again", mark, 0);
    t_int("more than a lease at once", aigw_ledger_hold(&l, 10, 5000, 10000, &mark), AIGW_E_AGAIN);
    t_int("what is needed", mark, 5000);
    t_int("at the cap", aigw_ledger_hold(&l, 10, 9999, 10000, &mark), AIGW_E_AGAIN);
    t_int("needed", mark, 9999);
    t_int("near the cap", aigw_ledger_hold(&l, 10, 10000, 10000, &mark), AIGW_E_AGAIN);
    t_int("not above it", mark, 10000);
    t_int("spent above it", aigw_ledger_hold(&l, 10, 10003, 10000, &mark), AIGW_E_AGAIN);
    t_int("is kept too", mark, 10003);
    t_int("a new period", aigw_ledger_hold(&l, 11, 1, 10000, &mark), AIGW_E_AGAIN);
    t_int("from the start", mark, 100);
    aigw_ledger_durable(&l, 10, 10003);
    t_int("a late one of the old", l.durable_nusd, 0);
}

/* A disk that keeps what is synced, and of the rest a prefix that a crash chooses. */
static struct { char bytes[1 << 16]; size_t written, synced; } disk;

/* A counter over crashes: what is known to be spent afterwards is never less than what was, and the mark never more than a lease above
   the most that was held. */
T(crashes) {
    for (int round = 0; round < 400; round++) {
        aigw_budget b;
        aigw_budget_cfg c = cap((int64_t)t_below(100000) + 1, AIGW_PERIOD_DAY, 0);
        aigw_ledger_lease l;
        aigw_ledger_record r;
        aigw_now now = wall(1800000000);
        int64_t start = aigw_budget_start(AIGW_PERIOD_DAY, now.wall_s), billed = 0, peak = 0, held[8], mark;
        int n = 0;
        memset(&disk, 0, sizeof disk);
        memset(&b, 0, sizeof b);
        memset(&l, 0, sizeof l);
        for (int step = 0; step < 300; step++) {
            int64_t amount = (int64_t)t_below((size_t)c.cap_nusd / (1 + t_below(200)) + 1);
            switch (t_below(6)) {
            case 0: case 1: {                                               /* reserve, unless the ledger is not that far */
                aigw_budget before = b;
                if (n == 8 || aigw_budget_reserve(&b, &c, now, amount) < 0) break;
                int again = aigw_ledger_hold(&l, start, b.spent_nusd + b.reserved_nusd, c.cap_nusd, &mark);
                if (b.spent_nusd + b.reserved_nusd > peak) peak = b.spent_nusd + b.reserved_nusd;
                if (mark && disk.written + 64 < sizeof disk.bytes) {
                    aigw_str s = record("k", 1, start, mark);
                    memcpy(disk.bytes + disk.written, s.p, s.n);
                    disk.written += s.n;
                }
                if (again) b = before;
                else held[n++] = amount;
                break;
            }
            case 2:                                                         /* settle */
                if (!n) break;
                amount = (int64_t)t_below((size_t)held[--n] + 1);
                aigw_budget_settle(&b, &c, now, held[n], amount);
                billed += amount;
                break;
            case 3: case 4: {                                               /* some more is synced */
                aigw_str s;
                size_t upto = disk.synced + t_below(disk.written - disk.synced + 1);
                s.p = disk.bytes;
                s.n = disk.written;
                disk.synced = upto;
                for (int one; (one = aigw_ledger_read(s, &r)) > 0 && s.p + one <= disk.bytes + upto; s.p += one, s.n -= (size_t)one)
                    aigw_ledger_durable(&l, r.start_s, r.mark_nusd);
                break;
            }
            default: {                                                      /* a crash: what runs may have been billed in full */
                aigw_str s;
                size_t whole = 0;
                if (t_below(10)) break;
                disk.written = disk.synced + t_below(disk.written - disk.synced + 1);
                for (; n; n--) billed += (int64_t)t_below((size_t)held[n - 1] + 1);
                memset(&b, 0, sizeof b);
                memset(&l, 0, sizeof l);
                s.p = disk.bytes;
                s.n = disk.written;
                b.start_s = start;
                for (int one; (one = aigw_ledger_read(s, &r)) > 0; s.p += one, s.n -= (size_t)one, whole += (size_t)one)
                    if (r.mark_nusd > b.spent_nusd) b.spent_nusd = r.mark_nusd;
                disk.written = disk.synced = whole;
                l.start_s = start;
                l.durable_nusd = l.asked_nusd = b.spent_nusd;
                t_ok("accounted >= billed", b.spent_nusd >= billed);
                t_ok("at most a lease above what was held", b.spent_nusd <= peak + c.cap_nusd / 100);
                t_ok("within the cap", b.spent_nusd <= c.cap_nusd);
                if (b.spent_nusd > peak) peak = b.spent_nusd;
                break;
            }
            }
            if (!t_ok("billed within the cap", billed <= c.cap_nusd)) return;
        }
        if (t_.bad) return;
        t_free_all();
    }
}

int main(void) {
    T_RUN(period_table);
    T_RUN(period_laws);
    T_RUN(reserves);
    T_RUN(clocks);
    T_RUN(alerts);
    T_RUN(cap_holds);
    T_RUN(record_bytes);
    T_RUN(records_torn);
    T_RUN(leases);
    T_RUN(crashes);
    return t_end();
}
