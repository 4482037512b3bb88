/* SPDX-License-Identifier: MIT OR Unlicense */
/* replay.h: what the fuzz targets share. A target fuzz/fuzz_NAME.c is
 *
 *     #define AIGW_IMPLEMENTATION
 *     #include "aigw.h"
 *     #include "replay.h"
 *     FUZZ(data, size) { ... fuzz_ok(a law); ... }
 *
 * Under libFuzzer (-DFUZZ_LIBFUZZER) that is all; half of its mutations are those of mutate_json.h. Else a main stands here, which replays
 * fuzz/corpus/NAME/ (or the files and folders given): each seed as it is, each of its beginnings, and a few hundred small mutations that
 * are the same every time. It ends with the line of t.h; a law that fails says which input it was, and aborts. */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char fuzz_what[600];                                   /* which input is running */

#define FUZZ(data, size) \
    static void fuzz_one(const uint8_t *data, size_t size); \
    extern int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n); \
    int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) { fuzz_one(p, n); return 0; } \
    static void fuzz_one(const uint8_t *data, size_t size)

#define fuzz_ok(law) ((law) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #law))
static inline void fuzz_fail(const char *file, int line, const char *law) {
    printf("FAIL %s:%d %s: %s\n", file, line, fuzz_what, law);
    fflush(stdout);
    abort();
}
static inline aigw_str fuzz_str(const void *p, size_t n) {
    aigw_str s;
    s.p = (const char *)p;
    s.n = n;
    return s;
}

/* Is the JSON in p[0..n) nested so deep that a few levels more (what is written may stand deeper than what was read) could be too deep? */
static inline int fuzz_deep(const void *p, size_t n) {
    const char *s = (const char *)p;
    int depth = 0, most = 0, text = 0;
    for (size_t i = 0; i < n; i++) {
        if (text && s[i] == '\\') i++;
        else if (s[i] == '"') text = !text;
        else if (!text && (s[i] == '{' || s[i] == '[')) depth++;
        else if (!text && (s[i] == '}' || s[i] == ']')) depth--;
        if (depth > most) most = depth;
    }
    return most > AIGW_JSON_DEPTH - 8;
}
/* Is the state of a part a tag again, inside of the one that was taken off? So it is behind a second gateway, which takes the next one off: then
   a request on its way out, read as if it came in, is another one. */
static inline int fuzz_tagged(const aigw_req *req) {
    const aigw_message *m;
    const aigw_part *p;
    for (m = req->messages; m; m = m->next)
        for (p = m->parts; p; p = p->next) {
            aigw_str s = fuzz_str(p->state ? p->state->data.p : "", p->state ? p->state->data.n : 0);
            if ((s.n > 5 && !memcmp(s.p, "aigw:", 5)) || (s.n > 6 && !memcmp(s.p, "YWlndz", 6))) return 1;
        }
    return 0;
}

/* The client's own bytes, edited for the provider, are JSON as they were. */
static inline void fuzz_edit(const aigw_dialect *d, const aigw_req *req) {
    static unsigned char mem[1 << 18];
    static char text[1 << 18];
    aigw_arena arena = aigw_base_arena(mem, sizeof mem);
    aigw_header headers[8];
    aigw_head head;
    aigw_target to;
    aigw_out out;
    int r;
    if (req->op == AIGW_OP_NONE || req->op == AIGW_OP_MODELS || fuzz_deep(req->body.p, req->body.n)) return;
    memset(&head, 0, sizeof head);
    memset(&to, 0, sizeof to);
    head.headers = headers;
    head.cap = 8;
    to.id = fuzz_str("m", 1);
    aigw_base_out_init(&out, text, sizeof text, NULL, 0);
    r = d->req_edit(req, &to, &arena, &head, &out, NULL);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_REFUSED || r == AIGW_E_NOMEM);
    if (!r) fuzz_ok(!aigw_json_check(aigw_base_out_str(&out), AIGW_JSON_OBJECT));
}

#ifndef FUZZ_LIBFUZZER
#include <dirent.h>
extern int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
static unsigned long fuzz_inputs, fuzz_seeds;

/* One input, in an allocation of its exact size. */
static void fuzz_run(const char *name, const char *how, size_t at, const uint8_t *p, size_t n) {
    uint8_t *copy = (uint8_t *)malloc(n);
    snprintf(fuzz_what, sizeof fuzz_what, "%s (%s %lu)", name, how, (unsigned long)at);
    if (n) memcpy(copy, p, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    fuzz_inputs++;
}
static void fuzz_seed(const char *name, const uint8_t *p, size_t n) {
    uint8_t *m = (uint8_t *)malloc(n + 1);
    uint64_t state = 1;
    size_t step = n / 512 + 1;
    fuzz_seeds++;
    fuzz_run(name, "whole", n, p, n);
    for (size_t i = 0; i < n; i += step) fuzz_run(name, "cut at", i, p, i);
    for (size_t i = 0; n && i < 300; i++) {                   /* flip, copy within, insert, delete */
        size_t at = (size_t)(aigw_base_random(&state) % n), from = (size_t)(aigw_base_random(&state) % n), length = n;
        memcpy(m, p, n);
        if (i % 4 == 0) m[at] = (uint8_t)(m[at] ^ 1u << i / 4 % 8);
        if (i % 4 == 1) memmove(m + at, p + from, n - (at > from ? at : from) > 8 ? 8 : n - (at > from ? at : from));
        if (i % 4 == 2) memmove(m + at + 1, p + at, n - at), m[at] = p[from], length++;
        if (i % 4 == 3) memmove(m + at, p + at + 1, n - at - 1), length--;
        fuzz_run(name, "mutation", i, m, length);
    }
    free(m);
}
static void fuzz_path(const char *path) {
    DIR *dir = opendir(path);
    struct dirent *e;
    if (dir) {
        while ((e = readdir(dir)) != NULL) {
            char inner[500];
            snprintf(inner, sizeof inner, "%.200s/%.250s", path, e->d_name);
            if (e->d_name[0] != '.') fuzz_path(inner);
        }
        closedir(dir);
        return;
    }
    FILE *f = fopen(path, "rb");
    if (!f) { printf("cannot read %s\n", path); exit(1); }
    size_t room = (size_t)1 << 20, n;
    uint8_t *p = (uint8_t *)malloc(room);
    n = fread(p, 1, room, f);
    fclose(f);
    fuzz_seed(path, p, n);
    free(p);
}
int main(int argc, char **argv) {
    char path[300];
    const char *name = strrchr(argv[0], '/');
    name = name ? name + 1 : argv[0];
    if (!strncmp(name, "fuzz_", 5)) name += 5;
    snprintf(path, sizeof path, "fuzz/corpus/%.200s", name);
    if (argc < 2) fuzz_path(path);
    for (int i = 1; i < argc; i++) fuzz_path(argv[i]);
    printf("ok %lu checks, %lu passed, %d failed, 0 skipped\n", fuzz_inputs, fuzz_seeds, fuzz_seeds == 0);
    return fuzz_seeds == 0;
}
#else
#include "mutate_json.h"
#endif
#endif
