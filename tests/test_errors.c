/* SPDX-License-Identifier: MIT OR Unlicense */
/* The error table: each line of tests/cases/errors.txt through the error_decode of its dialect. What a body says in words is read by the tests' own JSON
   (foreign.h), so that a message lost on the way is seen; and every dialect tells a client the same kind again. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
/* The full build has all of these. */
static const char *const all[] = { "openai-chat", "openai-responses", "anthropic", "gemini", "bedrock", "cohere", "ollama" };
static const aigw_now when = { 1, 1800000000 };
static char memory[65536];

static const aigw_dialect *dialect_of(const char *name) {
    size_t i;
    for (i = 0; i < T_COUNT(dialects); i++)
        if (aigw_base_eq(dialects[i]->name, aigw_base_str(name))) return dialects[i];
    return NULL;
}
static int kind_of(const char *word) {
    int k;
    for (k = 0; k < AIGW_KIND_COUNT && strcmp(aigw_model_kind_name(k), word); k++) {}
    return k;
}

typedef struct { const aigw_dialect *d; char dialect[32], label[120]; int status, kind, retry; long long wait; aigw_head head; aigw_header fields[8]; aigw_str body; } row;

/* ["name: value", ...] behind the wait; what follows. A body that is an array has no string first. */
static char *headers_of(row *r, char *p) {
    f_json *list, *one;
    char *end = p;
    r->head.headers = r->fields;
    r->head.cap = T_COUNT(r->fields);
    r->head.status = r->status;
    if (p[0] != '[' || p[1] != '"') return p;
    while (*end && *end != ']') end++;
    list = f_parse(p, (size_t)(end + 1 - p), NULL);
    for (one = list ? list->kid : NULL; one; one = one->next) {
        char *colon = strstr(one->s, ": ");
        if (!t_ok("a header", colon != NULL)) break;
        *colon = 0;
        aigw_base_header_put(&r->head, aigw_base_str(one->s), aigw_base_str(colon + 2));
    }
    t_ok("headers are a list", list != NULL);
    end++;
    while (*end == ' ') end++;
    return end;
}
/* One line; 0 when it cannot be run here (its recording or its dialect is missing). */
static int row_of(row *r, char *line) {
    char kind[32], wait[32], *p = line, *bang, path[300];
    int n = 0;
    snprintf(r->label, sizeof r->label, "%.100s", line);
    t_row(r->label);
    if (!t_int("STATUS KIND WAIT", sscanf(p, "%d %31s %31s%n", &r->status, kind, wait, &n), 3)) return 0;
    p += n;
    while (*p == ' ') p++;
    r->kind = kind_of(kind);
    t_ok("a kind", r->kind < AIGW_KIND_COUNT);
    r->retry = aigw_model_kind_retry(r->kind);
    bang = strchr(wait, '!');
    if (bang) {
        r->retry = !strcmp(bang + 1, "other") ? AIGW_RETRY_OTHER : !strcmp(bang + 1, "never") ? AIGW_RETRY_NEVER : AIGW_RETRY_WAIT;
        *bang = 0;
    }
    r->wait = *wait == '-' ? -1 : atoll(wait);
    memset(&r->head, 0, sizeof r->head);
    p = headers_of(r, p);
    r->body.p = p;
    r->body.n = strlen(p);
    if (*p == '@') {
        static const char *const kinds[] = { "json", "txt" };
        size_t i;
        t_bytes b = { NULL, 0 };
        for (i = 0; i < T_COUNT(kinds) && !b.p; i++) {
            snprintf(path, sizeof path, "wire/%s.response.%s", p + 1, kinds[i]);
            b = t_file(t_shared(path));
        }
        if (!b.p) return 0;
        r->body.p = b.p;
        r->body.n = b.n;
    }
    return r->d != NULL;
}
/* What the body says in words, by the tests' own reader; NULL: nothing. */
static const char *words_of(const row *r) {
    static const char *const paths[] = { "error.metadata.raw", "error.message", "[0].error.message", "choices[0].error.message", "message", "error", "detail", "message.detail[0].msg", "detail[0].msg" };
    f_json *j = f_parse(r->body.p, r->body.n, NULL), *one;
    size_t i;
    if (!j) return NULL;
    for (i = 0; i < T_COUNT(paths); i++) {
        one = paths[i][0] == '[' ? (j->type == 'a' && j->kid ? f_get(j->kid, paths[i] + 4) : NULL) : f_get(j, paths[i]);
        if (!one || one->type != 's' || !one->n) continue;
        if (!i && strcmp(f_get(j, "error.message") ? f_get(j, "error.message")->s : "", "Provider returned error")) continue;
        return one->s;
    }
    return NULL;
}
static void run(const row *r) {
    aigw_arena mem = aigw_base_arena(memory, sizeof memory);
    aigw_error e;
    aigw_str body;
    const char *words = words_of(r);
    body.p = t_dup(r->body.p, r->body.n);
    body.n = r->body.n;
    r->d->error_decode(when, &r->head, body, &mem, &e);
    t_str("kind", aigw_model_kind_name(e.kind), strlen(aigw_model_kind_name(e.kind)), aigw_model_kind_name(r->kind));
    t_int("retry", e.retry, r->retry);
    t_int("wait", e.retry_after_ms, r->wait);
    t_int("status", e.status, r->status == 200 && e.status ? e.status : r->status == 200 ? 0 : r->status);
    t_ok("no key", aigw_base_find(e.message, aigw_base_str("SECRET"), 0) == e.message.n);
    if (words && !strstr(words, "SECRET")) t_str("message", e.message.p, e.message.n, words);
    else if (words) t_ok("message", e.message.n > 10);
}
/* A client of any dialect reads the same kind, retry and wait out of what we write for it. */
static void told(const row *r, int *kinds) {
    static char text[65536];
    size_t d;
    if (kinds[r->kind]++ || r->kind == AIGW_KIND_CONTENT_FILTER || r->kind == AIGW_KIND_CANCELLED) return;   /* one of each; not every dialect has a word for these two */
    for (d = 0; d < T_COUNT(dialects); d++) {
        aigw_arena mem = aigw_base_arena(memory, sizeof memory);
        aigw_header fields[16];
        aigw_head head = { { NULL, 0 }, { NULL, 0 }, 0, fields, 0, 16 };
        aigw_error e, back;
        aigw_out out;
        r->d->error_decode(when, &r->head, r->body, &mem, &e);
        e.retry_after_ms = aigw_model_kind_retry(e.kind) == AIGW_RETRY_WAIT ? 4000 : -1;
        e.retry = (uint8_t)aigw_model_kind_retry(e.kind);
        aigw_base_out_init(&out, text, sizeof text, NULL, 0);
        if (!t_int("encode", dialects[d]->error_encode(&e, &mem, &head, &out), AIGW_OK)) continue;
        t_int("end", aigw_base_out_end(&out), AIGW_OK);
        dialects[d]->error_decode(when, &head, aigw_base_out_str(&out), &mem, &back);
        t_str(dialects[d]->name.p, aigw_model_kind_name(back.kind), strlen(aigw_model_kind_name(back.kind)), aigw_model_kind_name(e.kind));
        if (e.retry_after_ms >= 0) t_int("wait", back.retry_after_ms, 4000);
        t_ok("the words", aigw_base_find(back.message, e.message, 0) < back.message.n || !e.message.n);
    }
}

T(every_line) {
    t_bytes file = t_file("tests/cases/errors.txt");
    static int kinds[AIGW_KIND_COUNT];
    char dialect[32] = "", *p, *line, *end;
    const char *groups[64];
    int n = 0, waiting = 0, recorded = 0, missing = 0, distinct = 0, n_groups = 0, i;
    if (!t_ok("tests/cases/errors.txt", file.p != NULL)) return;
    p = (char *)t_alloc(file.n + 1);
    memcpy(p, file.p, file.n);
    p[file.n] = 0;
    for (line = p; *line; line = end) {
        row r;
        char *next = line + strcspn(line, "\n");
        end = next + (*next == '\n');
        *next = 0;
        if (!*line || *line == '#') continue;
        if (*line == '=') {
            t_row(line);
            if (t_ok("whose; from where; when", sscanf(line, "= %31[^:]:", dialect) == 1 && strchr(line, ';') && strstr(line, "; 2026-"))) groups[n_groups++] = line;
            for (i = 0; i < (int)T_COUNT(all) && strcmp(all[i], dialect); i++) {}
            t_ok("a dialect", i < (int)T_COUNT(all));
            continue;
        }
        memset(&r, 0, sizeof r);
        r.d = dialect_of(dialect);
        distinct++;
        if (!row_of(&r, line)) {
            if (!r.d) waiting++;
            else missing++;
            continue;
        }
        recorded += r.body.p < p || r.body.p > p + file.n;
        n++;
        run(&r);
        told(&r, kinds);
        f_free();
    }
    t_row(NULL);
    t_ok("at least 150", distinct >= 150);
    t_ok("groups", n_groups >= 18 && groups[0] != NULL);
    if (missing) printf("%d recorded bodies are not here\n", missing);
    t_int("lines that wait for their dialect", waiting, 0);
    printf("%d error bodies, %d run, %d of them recorded\n", distinct, n, recorded);
    for (i = AIGW_KIND_INVALID_REQUEST; i <= AIGW_KIND_TIMEOUT; i++) {
        t_row(aigw_model_kind_name(i));
        t_ok("a kind that is met", kinds[i] > 0);
    }
}
int main(void) {
    T_RUN(every_line);
    return t_end();
}
