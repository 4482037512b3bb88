/* SPDX-License-Identifier: MIT OR Unlicense */
/* t.h: the test framework. One binary per section; a case is T(name) { ... }, listed in main by T_RUN(name).
 *
 *     T(adds) { t_int("one and one", 1 + 1, 2); }
 *     int main(void) { T_RUN(adds); return t_end(); }
 *
 * A check that fails prints file, line, label and both sides, and the case goes on. T_SEED=n replays a random property,
 * T_ONLY=word runs the cases whose name contains word, T_UPDATE=1 lets transcript tests rewrite what they compare with.
 * Inputs are copied to exact-size allocations (t_dup), so that ASan and valgrind see every over-read. */
#ifndef T_H
#define T_H
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const char *p; size_t n; } t_bytes;

static struct {
    const char *name, *row;
    unsigned long checks, passed, failed, skipped;
    int bad, skip;
    void *mem[4096];
    size_t mems;
    uint64_t rnd;
} t_;

#define T(name) static void t_case_##name(void)
#define T_RUN(name) t_run(#name, t_case_##name)
#define T_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define t_row(label) (t_.row = (label))                             /* names the table row in failure messages */
#define t_ok(label, cond) t_ok_((cond) != 0, __FILE__, __LINE__, label, #cond)
#define t_int(label, got, want) t_int_((long long)(got), (long long)(want), __FILE__, __LINE__, label)
#define t_str(label, p, n, want) t_mem_((p), (n), (want), strlen(want), __FILE__, __LINE__, label)
#define t_mem(label, p, n, wp, wn) t_mem_((p), (n), (wp), (wn), __FILE__, __LINE__, label)
#define t_fail(label) t_ok_(0, __FILE__, __LINE__, label, "reached")

/* End the case as skipped: `what` names the tool or data that is missing. Return from the case afterwards. */
static inline void t_skip(const char *what) {
    t_.skip = 1;
    printf("skip %s: needs %s\n", t_.name, what);
}

static inline void t_where(const char *file, int line, const char *label) {
    t_.bad++;
    printf("FAIL %s:%d %s%s%s: %s: ", file, line, t_.name, t_.row ? " / " : "", t_.row ? t_.row : "", label);
}

static inline int t_ok_(int ok, const char *file, int line, const char *label, const char *text) {
    t_.checks++;
    if (!ok) { t_where(file, line, label); printf("%s\n", text); }
    return ok;
}

static inline int t_int_(long long got, long long want, const char *file, int line, const char *label) {
    t_.checks++;
    if (got == want) return 1;
    t_where(file, line, label);
    printf("got %lld, wanted %lld\n", got, want);
    return 0;
}

static inline int t_mem_(const void *p, size_t n, const void *wp, size_t wn, const char *file, int line, const char *label) {
    t_.checks++;
    if (n == wn && (!n || !memcmp(p, wp, n))) return 1;
    t_where(file, line, label);
    printf("\n  got    (%lu) %.*s\n  wanted (%lu) %.*s\n", (unsigned long)n, (int)(n > 4000 ? 4000 : n), (const char *)p,
           (unsigned long)wn, (int)(wn > 4000 ? 4000 : wn), (const char *)wp);
    return 0;
}

/* Memory that lives until the case ends. */
static inline void *t_alloc(size_t n) {
    void *p = malloc(n ? n : 1);
    if (!p || t_.mems == T_COUNT(t_.mem)) { printf("t_alloc: too many or too large\n"); exit(1); }
    t_.mem[t_.mems++] = p;
    return p;
}
/* An exact-size copy, so that one byte of over-read is seen. */
static inline char *t_dup(const void *p, size_t n) {
    char *d = (char *)malloc(n);
    if (n) memcpy(d, p, n);
    if (t_.mems == T_COUNT(t_.mem)) { printf("t_dup: too many\n"); exit(1); }
    t_.mem[t_.mems++] = d;
    return d;
}
static inline void t_free_all(void) {
    while (t_.mems) free(t_.mem[--t_.mems]);
}

/* The path of a file in the shared data (environment AIGW_SHARED, else ../shared); valid until the case ends. */
static inline const char *t_shared(const char *rest) {
    const char *root = getenv("AIGW_SHARED");
    char *p;
    if (!root || !*root) root = "../shared";
    p = (char *)t_alloc(strlen(root) + strlen(rest) + 2);
    sprintf(p, "%s/%s", root, rest);
    return p;
}
/* A whole file in an exact-size allocation; .p is NULL when it cannot be read. */
static inline t_bytes t_file(const char *path) {
    t_bytes b = { NULL, 0 };
    FILE *f = fopen(path, "rb");
    long n;
    char *p;
    if (!f) return b;
    fseek(f, 0, SEEK_END);
    n = ftell(f);
    fseek(f, 0, SEEK_SET);
    p = (char *)t_alloc((size_t)n);
    b.n = fread(p, 1, (size_t)n, f);
    b.p = p;
    fclose(f);
    return b;
}

/* Random numbers (splitmix64); the seed is printed when a case fails. */
static inline uint64_t t_rand(void) {
    uint64_t z = (t_.rnd += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static inline size_t t_below(size_t n) { return n ? (size_t)(t_rand() % n) : 0; }

static inline void t_run(const char *name, void (*f)(void)) {
    const char *only = getenv("T_ONLY"), *seed = getenv("T_SEED");
    uint64_t start = seed ? strtoull(seed, NULL, 0) : 20261121;
    if (only && !strstr(name, only)) return;
    t_.name = name;
    t_.row = NULL;
    t_.bad = t_.skip = 0;
    t_.rnd = start;
    f();
    if (t_.bad) { t_.failed++; printf("FAIL %s (%d checks; T_SEED=%llu)\n", name, t_.bad, (unsigned long long)start); }
    else if (t_.skip) t_.skipped++;
    else t_.passed++;
    t_free_all();
    fflush(stdout);
}

/* Last line of every test binary; tests/run.sh adds them up. */
static inline int t_end(void) {
    printf("ok %lu checks, %lu passed, %lu failed, %lu skipped\n", t_.checks, t_.passed, t_.failed, t_.skipped);
    return t_.failed ? 1 : 0;
}
#endif
