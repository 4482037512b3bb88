/* SPDX-License-Identifier: MIT OR Unlicense */
/* The JSON reader and writer: tables of our own, and the corpora of ../shared/corpora. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include <dirent.h>

static aigw_str str(const char *s) {                          /* an exact-size copy */
    aigw_str r;
    r.n = strlen(s);
    r.p = t_dup(s, r.n);
    return r;
}
static aigw_str slice(const void *p, size_t n) {
    aigw_str r;
    r.p = (const char *)p;
    r.n = n;
    return r;
}

/* The suite of others: y_ accepted, n_ rejected, i_ survived; every prefix of a valid object or array rejected. */
T(suite) {
    const char *path = t_shared("corpora/json/parsing");
    DIR *dir = opendir(path);
    struct dirent *e;
    int count = 0;
    if (!dir) {
        t_skip("../shared/corpora/json");
        return;
    }
    while ((e = readdir(dir)) != NULL) {
        char name[600];
        if (e->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        t_bytes b = t_file(name);
        int err = aigw_json_check(slice(b.p, b.n), 0);
        t_row(e->d_name);
        count++;
        if (e->d_name[0] == 'y') t_int("accepted", err, AIGW_OK);
        if (e->d_name[0] == 'n') t_ok("rejected", err < 0);
        char path_text[32];
        aigw_json_path(slice(b.p, b.n), b.n / 2, path_text, sizeof path_text);
    }
    closedir(dir);
    t_row(NULL);
    t_int("files", count, 318);
}

static const char request[] =
    "{\"model\": \"gpt\",\n \"messages\" : [ {\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\\nb\"}, {\"n\":-1.5e3}]} ],"
    " \"na.me\":{\"\":[]}, \"tools\":[[],[1,[2,{\"k\":null}]]], \"stream\":true}";

/* A table of path of the value at a marker. */
T(paths) {
    static const struct { const char *find; size_t plus; const char *path; } rows[] = {
        { "{\"model\"", 0, "" },
        { "\"model\"", 0, "model" },
        { "\"gpt\"", 0, "model" },
        { "gpt\"", 1, "model" },
        { "[ {\"role", 0, "messages" },
        { "{\"role\"", 0, "messages[0]" },
        { "\"user\"", 0, "messages[0].role" },
        { "a\\nb", 2, "messages[0].content[0].text" },
        { "-1.5", 0, "messages[0].content[1].n" },
        { "-1.5", 3, "messages[0].content[1].n" },
        { "{\"\":", 0, "[\"na.me\"]" },
        { "[]}", 0, "[\"na.me\"][\"\"]" },
        { "]}, \"tools", 1, "[\"na.me\"]" },
        { "null", 0, "tools[1][1][1].k" },
        { "[1,", 0, "tools[1]" },
        { ",[2", 0, "tools[1]" },
        { "true", 0, "stream" },
        { "true}", 4, "" }
    };
    char path[96];
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_str s = str(request);
        size_t at = (size_t)(strstr(request, rows[i].find) - request) + rows[i].plus;
        size_t n = aigw_json_path(s, at, path, sizeof path);
        t_row(rows[i].find);
        t_str("path", path, n, rows[i].path);
        for (size_t cap = 1; cap < sizeof path; cap++) {
            char *small = (char *)malloc(cap);
            n = aigw_json_path(s, at, small, cap);
            t_ok("cut", n < cap && small[n] == 0 && !memcmp(small, rows[i].path, n));
            free(small);
        }
    }
}

int main(void) {
    T_RUN(suite);
    T_RUN(paths);
    return t_end();
}
