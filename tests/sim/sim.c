/* SPDX-License-Identifier: MIT OR Unlicense */
/* sim.c: the simulator: the gateway's hub and exchanges as they are, between clients and providers that exist only here, in virtual time.
 *
 *     sim [--seeds N] [--first N] [--seconds N]     run so many seeds, print what was hit, what held, and how fast; status 1 when something did not hold
 *     sim --seed N [--trace]                        one seed, twice, with all that happens
 *     sim --tail                                    the slow-tail provider, with and without hedging
 *     ... --without NAME                            nobody asks for this model or route (client.h) */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "scene.h"
#include <time.h>

static double sim_clock(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_faults(const sim_sums *sums) {
    printf("%-24s", "fault x state");
    for (int k = 0; k < S_COUNT; k++) printf("%12s", sim_state_names[k]);
    printf("\n");
    for (int i = 0; i < F_COUNT; i++) {
        printf("%-24s", sim_fault_names[i]);
        for (int k = 0; k < S_COUNT; k++)
            if (sums->faults[i][k]) printf("%12llu", (unsigned long long)sums->faults[i][k]);
            else printf("%12s", "-");
        printf("\n");
    }
}
/* How many violations. */
static uint64_t print_invariants(const sim_sums *sums) {
    uint64_t bad = 0;
    for (int i = 0; i < I_COUNT; i++) {
        if (sim_invariants[i].waits) printf("  not active   %-58s (waits for %s)\n", sim_invariants[i].text, sim_invariants[i].waits);
        else if (sums->violated[i]) printf("  VIOLATED     %-58s %llu of %llu checks\n", sim_invariants[i].text, (unsigned long long)sums->violated[i], (unsigned long long)sums->checked[i]);
        else if (!sums->checked[i]) printf("  not checked  %s\n", sim_invariants[i].text);
        else printf("  holds        %-58s %llu checks\n", sim_invariants[i].text, (unsigned long long)sums->checked[i]);
        bad += sums->violated[i];
    }
    return bad;
}

static scene_tail_sums print_tail(sim *s, const char *what, unsigned name) {
    const scene_tail_sums r = scene_tail(s, name, SCENE_TAIL_N);
    printf("%-24s %llu requests: p50 %.3f s, p99 %.3f s, %.2f %% extra attempts\n", what, (unsigned long long)r.requests, (double)r.p50 / 1e9, (double)r.p99 / 1e9,
           ((double)r.attempts - (double)r.requests) * 100 / (double)r.requests);
    return r;
}
static int print_tails(sim *s) {
    const scene_tail_sums plain = print_tail(s, "two models", CL_PAIR), hedged = print_tail(s, "with \"hedge\": \"p97\"", CL_HEDGED);
    printf("p99 cut %.2f times at %.2f %% extra attempts (aim: 3 times, 5 %%)\n", (double)plain.p99 / (double)hedged.p99,
           ((double)hedged.attempts - (double)hedged.requests) * 100 / (double)hedged.requests);
    return 0;
}

int main(int argc, char **argv) {
    unsigned long long seeds = 100, first = 1, one = 0;
    double seconds = 0, begun, took, cpu;
    int has_one = 0, trace = 0, tail = 0;
    uint64_t bad, failed = 0, ran = 0, hash = 0, asked, p99[3] = { 0, 0, 0 };
    static sim_sums sums;
    sim *s = run_new();
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--trace")) trace = 1;
        else if (!strcmp(argv[i], "--tail")) tail = 1;
        else if (i + 1 < argc && !strcmp(argv[i], "--seed")) one = strtoull(argv[++i], NULL, 0), has_one = 1;
        else if (i + 1 < argc && !strcmp(argv[i], "--seeds")) seeds = strtoull(argv[++i], NULL, 0);
        else if (i + 1 < argc && !strcmp(argv[i], "--first")) first = strtoull(argv[++i], NULL, 0);
        else if (i + 1 < argc && !strcmp(argv[i], "--without")) {
            for (i++, s->without = 1; s->without < CL_NAMES && strcmp(cl_names[s->without].name, argv[i]); s->without++) {}
        } else if (i + 1 < argc && !strcmp(argv[i], "--seconds")) seconds = strtod(argv[++i], NULL);
        else { fprintf(stderr, "usage: sim [--seeds N] [--first N] [--seconds N] | --seed N [--trace] | --tail; [--without NAME]\n"); return 2; }
    }
    if (tail) return print_tails(s);
    if (has_one) {
        s->trace = (uint8_t)trace;
        hash = run_seed(s, one, &sums);
        s->trace = 0;
        sim_must(s, I_REPEAT, run_seed(s, one, &sums) == hash, "another hash the second time");
        printf("seed %llu: hash %016llx, %llu requests, %.3f s\n", one, (unsigned long long)hash, (unsigned long long)sums.requests / 2, (double)sums.virtual_ns / 2e9);
        return print_invariants(&sums) != 0;
    }
    begun = sim_clock(CLOCK_MONOTONIC);
    cpu = sim_clock(CLOCK_PROCESS_CPUTIME_ID);
    for (ran = 0; ran < seeds && (seconds <= 0 || sim_clock(CLOCK_MONOTONIC) - begun < seconds); ran++) {
        const uint64_t h = run_seed(s, first + ran, &sums);
        failed += s->failed;
        hash = hash * 31 + h;
        if (ran % 50 == 0) sim_must(s, I_REPEAT, run_seed(s, first + ran, &sums) == h, "another hash the second time");
    }
    took = sim_clock(CLOCK_MONOTONIC) - begun;
    cpu = sim_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    asked = sums.requests;
    scene_failover(s, &sums);
    scene_outage(s, &sums);
#ifdef SIM_POLICY
    scene_loads(s, &sums, p99);
#endif
    print_faults(&sums);
    bad = print_invariants(&sums);
    printf("full outage: %llu requests, %llu attempts in the worst 10 s: %.2f per request (to be <= 1.10)\n", (unsigned long long)sums.outage_requests, (unsigned long long)sums.outage_attempts,
           sums.outage_requests ? (double)sums.outage_attempts / (double)sums.outage_requests : 0);
    if (p99[0]) printf("p99 alone %.3f s, beside a tenant at 100 times its rate %.3f s, beside a batch backlog %.3f s\n", (double)p99[0] / 1e9, (double)p99[1] / 1e9, (double)p99[2] / 1e9);
    printf("answers from the cache: %llu\n", (unsigned long long)sums.hits);
    printf("probes: %llu, of them %llu fine; faults that hit them: %llu\n", (unsigned long long)sums.probes, (unsigned long long)sums.probes_fine, (unsigned long long)sums.probe_faults);
    printf("finish that a provider said twice, relayed so within its own dialect: %llu\n", (unsigned long long)sums.relayed);
    printf("%llu seeds, %llu requests (%llu fine, %llu errors, %llu clients left), %llu attempts, %llu events, %.0f s of virtual time, hash %016llx\n", (unsigned long long)ran,
           (unsigned long long)sums.requests, (unsigned long long)sums.fine, (unsigned long long)sums.errors, (unsigned long long)sums.left, (unsigned long long)sums.attempts,
           (unsigned long long)sums.events, (double)sums.virtual_ns / 1e9, (unsigned long long)hash);
    printf("%.1f s (%.1f s of a processor), %.0f requests/s (%.0f per second of a processor), %llu violations in %llu seeds\n", took, cpu, (double)asked / took, (double)asked / cpu, (unsigned long long)bad, (unsigned long long)failed);
    run_delete(s);
    return bad != 0;
}
