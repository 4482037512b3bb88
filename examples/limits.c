/* SPDX-License-Identifier: MIT OR Unlicense */
/* limits.c: a token bucket, a circuit breaker and retries around any call; nothing else of aigw is used or linked.
 *     cc -I. -o limits examples/limits.c && ./limits
 * Knows: the three primitives, and who keeps the time. Does not know: what the call is. Here it is pretended, and so is the time, so that the
 * program ends at once: replace call(), now and the waits by your own. All state is in `struct guard`, one for each thing that is called. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include <stdio.h>

static const aigw_bucket_cfg  rate    = { 120, 60000, 5 };     /* 120 a minute, 5 at once */
static const aigw_breaker_cfg circuit = { 0, 3, 0, 0, 0, 0, 0, 0 };      /* opens at 3 failures in a row; 0: see aigw.h */
static const aigw_retry_cfg   retry   = { 3, 3, 0, 0, 0, 0, 0, 0 };      /* 3 attempts */

struct guard {
    aigw_bucket       bucket;
    aigw_breaker      breaker;
    aigw_retry_budget budget;
    uint64_t          random;                                  /* seed it differently on each device */
};
static aigw_now now;                                           /* your clock: monotonic nanoseconds */

static void wait_ms(uint64_t ms) { now.mono_ns += ms * 1000000u; }
static void say(const char *what, unsigned long n) { printf("%7.2f s  %s %lu\n", (double)(now.mono_ns / 10000000u) / 100, what, n); }

/* The call: 0, or what failed (AIGW_KIND_*). This one is down between 6 s and 20 s. */
static int call(void) {
    wait_ms(80);
    return now.mono_ns > 6000000000u && now.mono_ns < 20000000000u ? (int)AIGW_KIND_CONNECT : (int)AIGW_KIND_NONE;
}

/* 0: it was done; else why not. */
static int guarded(struct guard *g) {
    aigw_retry_case c;
    aigw_error error;
    aigw_breaker_pass pass;
    uint64_t tokens_in, opens_at;                              /* nanoseconds from now; a time */
    uint32_t ms;
    const char *why;
    memset(&c, 0, sizeof c);
    memset(&error, 0, sizeof error);
    c.error = &error;
    c.until_ns = now.mono_ns + 10000000000u;                   /* the caller's patience: 10 s */
    error.retry_after_ms = -1;
    for (aigw_retry_earn(&g->budget, &retry);; ) {
        if (!aigw_breaker_allow(&g->breaker, &circuit, now, 0, &pass)) {       /* first: what is not asked takes no token */
            aigw_breaker_look(&g->breaker, &circuit, now, &opens_at);
            say("not asked: open for ms", (unsigned long)((opens_at - now.mono_ns) / 1000000u + 1));
            return AIGW_KIND_CIRCUIT_OPEN;
        }
        if (!c.attempts && !aigw_bucket_take(&g->bucket, &rate, now, 1, &tokens_in)) {
            aigw_breaker_report(&g->breaker, &circuit, now, pass, AIGW_BREAKER_NEITHER, -1, &g->random);
            say("too fast: come again in ms", (unsigned long)(tokens_in / 1000000u + 1));
            return AIGW_KIND_RATE_LIMIT;
        }
        error.kind = (uint8_t)call();
        error.retry = (uint8_t)aigw_model_kind_retry(error.kind);
        aigw_breaker_report(&g->breaker, &circuit, now, pass, aigw_breaker_outcome_of(error.kind), error.retry_after_ms, &g->random);
        if (!error.kind) return say("done, attempt", c.attempts + 1ul), 0;
        c.at_target = ++c.attempts;
        if (aigw_retry_next(&retry, &c, now, &g->random, &ms, &why) == AIGW_RETRY_STOP || !aigw_retry_spend(&g->budget, &retry, now))
            return say("failed, attempts", c.attempts), error.kind;
        say("failed: again in ms", ms);
        wait_ms(ms);
    }
}

int main(void) {
    static struct guard g;                                     /* all zero: full, closed */
    unsigned done = 0, i;
    g.random = 42;
    for (i = 0; i < 60; i++) {
        done += !guarded(&g);
        wait_ms(i < 10 ? 0 : 600);                             /* in haste at first */
    }
    printf("%u of %u done, the circuit is %s\n", done, i, aigw_breaker_name(aigw_breaker_look(&g.breaker, &circuit, now, NULL)));
    return 0;
}
