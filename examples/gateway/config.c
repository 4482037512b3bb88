/* SPDX-License-Identifier: MIT OR Unlicense */
/* config.c: file and environment -> registry and plain structs; complaints with line and field. Knows nothing that runs. */
#include "gateway.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CAN(x) AIGW_CAN(x)
#define USUAL (CAN(TOOLS) | CAN(TOOL_CHOICE) | CAN(VISION) | CAN(PDF) | CAN(JSON_SCHEMA) | CAN(REASONING) | CAN(PROMPT_CACHE) | CAN(STREAMING))

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };

/* The model that `auto` takes of each family whose key is in the environment; which keys there are, the library's table of families knows. */
static const struct { const char *family, *model; } usual_models[] = {
    { "openai", "gpt-6.1-sol" }, { "anthropic", "claude-sonnet-5-5" }, { "gemini", "gemini-3.8-flash" }, { "mistral", "mistral-medium-latest" },
    { "groq", "openai/gpt-oss-120b" }, { "deepseek", "deepseek-flash" }, { "xai", "grok-4.7" }, { "together", "moonshotai/Kimi-K3" },
    { "fireworks", "accounts/fireworks/models/kimi-k3" }, { "cerebras", "gpt-oss-120b" }, { "perplexity", "sonar-pro" }, { "moonshot", "kimi-k3" }, { "zai", "glm-5.3" },
    { "cohere", "command-a-plus-05-2026" }
};

static aigw_str str(const char *s) { return aigw_base_str(s); }

/* ---- what is there without a file */

static int add_provider(config *c, const char *name, const char *url, const char *key, const aigw_dialect *d, int other) {
    aigw_registry_provider p;
    memset(&p, 0, sizeof p);
    p.name = str(name);
    p.dialect = d;
    p.other = (uint8_t)other;
    p.key = str(key);
    p.at = AIGW_NOWHERE;
    return aigw_registry_url(str(url), &p) < 0 || !aigw_registry_add_provider(&c->registry, &p) ? -1 : 0;
}

#ifndef GATEWAY_NO_MOCK
static int add_mock(config *c) {
    static const struct { const char *name; const aigw_dialect *d; int other; } rows[] = {
        { "mock", &aigw_dialect_openai, 1 }, { "mock/openai", &aigw_dialect_openai, 0 }, { "mock/responses", &aigw_dialect_responses, 0 }, { "mock/anthropic", &aigw_dialect_anthropic, 0 }, { "mock/gemini", &aigw_dialect_gemini, 0 },
        { "mock/bedrock", &aigw_dialect_bedrock, 0 }, { "mock/cohere", &aigw_dialect_cohere, 0 }, { "mock/ollama", &aigw_dialect_ollama, 0 }
    };
    static const struct { const char *name, *id; } names[] = { { "mock/echo", "echo" }, { "mock/tools", "tools" }, { "mock/think", "think" } };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (add_provider(c, rows[i].name, "builtin:", "", rows[i].d, rows[i].other)) return -1;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        aigw_registry_model m;
        memset(&m, 0, sizeof m);
        m.target.name = str(names[i].name);
        m.target.provider = str("mock");
        m.target.id = str(names[i].id);
        m.target.can = USUAL | CAN(LATE_SYSTEM) | CAN(ADAPTIVE_THINKING) | CAN(LEVEL_THINKING);
        m.price.known = 1;                                 /* free */
        m.at = AIGW_NOWHERE;
        if (!aigw_registry_add_model(&c->registry, &m)) return -1;
    }
    return 0;
}
#else
static int add_mock(config *c) { (void)c; return 0; }
#endif

/* An Ollama server: where OLLAMA_HOST says (as Ollama itself reads it: "host", "host:port", a URL), or ollama.com when there is a key only. Its models are not known
   here: "ollama/NAME". */
static int add_ollama(config *c) {
    const char *host = getenv("OLLAMA_HOST"), *key = getenv("OLLAMA_API_KEY"), *end;
    aigw_str kept;
    char url[300];
    if (host && !*host) host = NULL;
    if ((!host && !(key && *key)) || aigw_registry_provider_of(&c->registry, str("ollama"))) return 0;
    if (!host) snprintf(url, sizeof url, "https://ollama.com");
    else if (strstr(host, "://")) snprintf(url, sizeof url, "%s", host);
    else {
        if (!strncmp(host, "0.0.0.0", 7)) host += 7;           /* what a server listens on: here it is this machine */
        end = strrchr(host, ':');
        snprintf(url, sizeof url, "http://%s%s%s", *host && *host != ':' ? "" : "127.0.0.1", host, end && !strchr(end, ']') ? "" : ":11434");
    }
    kept.p = url;
    kept.n = strlen(url) + 1;
    kept = aigw_base_copy(c->registry.mem, kept);
    return add_provider(c, "ollama", kept.p ? kept.p : "", key && *key ? "env:OLLAMA_API_KEY" : "", &aigw_dialect_ollama, 0);
}

/* Bedrock, by the names that Amazon's own clients read: an API key, else an access key that signs. Its models are not known here: "bedrock/NAME". */
static int add_bedrock(config *c) {
    static const struct { int id; const char *env; } parts[] = {
        { AIGW_AUTH_ACCESS_KEY, "AWS_ACCESS_KEY_ID" }, { AIGW_AUTH_SECRET_KEY, "AWS_SECRET_ACCESS_KEY" }, { AIGW_AUTH_SESSION_TOKEN, "AWS_SESSION_TOKEN" }
    };
    const char *bearer = getenv("AWS_BEARER_TOKEN_BEDROCK"), *id = getenv(parts[0].env), *secret = getenv(parts[1].env), *region = getenv("AWS_REGION");
    const int key = bearer && *bearer, pair = id && *id && secret && *secret;
    aigw_registry_provider *p;
    char text[200];
    aigw_str kept;
    size_t i;
    if (!region || !*region) region = getenv("AWS_DEFAULT_REGION");
    if (!region || !*region) region = "us-east-1";
    if ((!key && !pair) || strlen(region) > 40 || aigw_registry_provider_of(&c->registry, str("bedrock"))) return 0;
    snprintf(text, sizeof text, "https://bedrock-runtime.%s.amazonaws.com", region);
    kept.p = text;
    kept.n = strlen(text) + 1;
    kept = aigw_base_copy(c->registry.mem, kept);
    if (add_provider(c, "bedrock", kept.p ? kept.p : "", key ? "env:AWS_BEARER_TOKEN_BEDROCK" : "", &aigw_dialect_bedrock, 0)) return -1;
    p = aigw_registry_provider_of(&c->registry, str("bedrock"));
    if (key) return 0;
    p->auth.scheme = &aigw_auth_sigv4;
    p->auth.value[AIGW_AUTH_REGION] = aigw_base_copy(c->registry.mem, str(region));
    p->auth.value[AIGW_AUTH_SERVICE] = str("bedrock");
    for (i = 0; i < 3; i++) {
        const char *value = getenv(parts[i].env);
        if (!value || !*value) continue;
        snprintf(text, sizeof text, "env:%s", parts[i].env);
        p->auth.value[parts[i].id] = aigw_base_copy(c->registry.mem, str(text));
    }
    return 0;
}

/* The first of these names (space-separated) that the environment has, in `name`; NULL when it has none. */
static const char *key_of(const char *names, size_t n, char *name, size_t cap) {
    const char *end = names + n;
    while (names < end) {
        size_t len = 0;
        const char *key;
        while (names + len < end && names[len] != ' ') len++;
        snprintf(name, cap, "%.*s", (int)len, names);
        key = getenv(name);
        if (key && *key) return key;
        names += len + 1;
    }
    return NULL;
}

/* The name of a model of this family: its own where the registry knows one, else "family/id". */
static aigw_str usual_name(config *c, const char *family, const char *id) {
    const aigw_registry_model *m = aigw_registry_known(&c->registry, str(family), str(id));
    char text[160];
    if (m && m->provider) return m->target.name;
    snprintf(text, sizeof text, "%s/%s", family, id);
    return aigw_base_copy(c->registry.mem, str(text));
}

/* Providers of the keys in the environment, with the models that are known of them, and a route over them. */
static int add_environment(config *c) {
    const size_t most = sizeof usual_models / sizeof *usual_models;
    aigw_registry_route route;
    aigw_str *usual = (aigw_str *)aigw_base_take(c->registry.mem, most, sizeof *usual, sizeof(void *));
    const aigw_family *f;
    size_t i, k;
    memset(&route, 0, sizeof route);
    if (!usual) return -1;
    for (i = 0; (f = aigw_family_at(i)) != NULL; i++) {
        char name[64], reference[80];
        aigw_registry_provider p, *added;
        if (!f->url.n || !aigw_registry_dialect(&c->registry, f->dialect) || aigw_registry_provider_of(&c->registry, f->name)) continue;
        if (!key_of(f->env.p, f->env.n, name, sizeof name)) continue;
        memset(&p, 0, sizeof p);
        p.name = f->name;
        p.dialect = aigw_registry_dialect(&c->registry, f->dialect);
        p.family = f;
        snprintf(reference, sizeof reference, "env:%s", name);
        p.key = aigw_base_copy(c->registry.mem, str(reference));
        if (aigw_registry_url(f->url, &p) < 0) return -1;
        added = aigw_registry_add_provider(&c->registry, &p);
        if (!added || !p.key.p || aigw_registry_settle(&c->registry)) return -1;
        for (k = 0; k < most; k++)
            if (!strcmp(usual_models[k].family, f->name.p)) usual[route.n++] = usual_name(c, f->name.p, usual_models[k].model);
    }
    if (add_bedrock(c)) fprintf(stderr, "aigw: AWS_REGION is no region, and Bedrock is left out\n");
    if (add_ollama(c)) fprintf(stderr, "aigw: OLLAMA_HOST is no address, and is left out\n");
    if (route.n < 2 || aigw_registry_route_of(&c->registry, str("auto"))) return 0;
    route.name = str("auto");
    route.models = usual;
    route.at = AIGW_NOWHERE;
    return aigw_registry_add_route(&c->registry, &route) ? 0 : -1;
}

/* For the start-up text: names, never values. */
static void key_found(config *c, const char *name) {
    int i;
    for (i = 0; i < c->n_found && strcmp(c->found[i], name); i++) {}
    if (i == c->n_found && i < (int)(sizeof c->found / sizeof *c->found)) snprintf(c->found[c->n_found++], sizeof c->found[0], "%.31s", name);
}

/* "env:NAME", or "env:NAME NAME", becomes what the (first) variable holds. 0, or -1: it is not set, and why is said. */
static int from_environment(config *c, const aigw_registry_provider *p, aigw_str *v, FILE *out) {
    const aigw_str said = *v;
    const char *value;
    char name[128];
    if (v->n <= 4 || memcmp(v->p, "env:", 4)) return 0;
    value = key_of(v->p + 4, v->n - 4, name, sizeof name);
    *v = str(value ? value : "");
    if (value) key_found(c, name);
    else fprintf(out, "provider %.*s: not available: environment variable %.*s is not set\n", (int)p->name.n, p->name.p, (int)(said.n - 4), said.p + 4);
    return value ? 0 : -1;
}

/* "file:NAME" becomes what the file holds (a service account's key file). 0, or -1. */
static int from_file(config *c, const aigw_registry_provider *p, aigw_str *v, FILE *out) {
    char name[512], *text;
    FILE *f;
    if (v->n <= 5 || memcmp(v->p, "file:", 5)) return 0;
    snprintf(name, sizeof name, "%.*s", (int)(v->n - 5), v->p + 5);
    text = (char *)aigw_base_take(c->registry.mem, 16384, 1, 1);
    f = text ? fopen(name, "rb") : NULL;
    if (f) {
        v->n = fread(text, 1, 16384, f);
        v->p = text;
        fclose(f);
        if (v->n && v->n < 16384) return 0;
    }
    *v = str("");
    fprintf(out, "provider %.*s: not available: %s cannot be read, is empty or larger than 16 KiB\n", (int)p->name.n, p->name.p, name);
    return -1;
}

/* Can a token be asked for with these credentials? Nothing is sent. NULL, or why not. */
static const char *token_asks(const aigw_registry_provider *p) {
    static char scratch[32768];
    aigw_arena mem = aigw_base_arena(scratch, sizeof scratch);
    aigw_auth_ask ask;
    const char *why = "";
    aigw_now now = { 1, 0 };
    int r;
    now.wall_s = (int64_t)time(NULL);
    memset(&ask, 0, sizeof ask);
    r = p->auth.scheme->ask(&p->auth, now, tls_rs256, NULL, &mem, &ask, &why);
    aigw_digest_wipe(scratch, sizeof scratch);
    return !r ? NULL : *why ? why : aigw_base_error_text(r);
}

/* What configuration names becomes what it stands for; what cannot be reached says why. */
static void resolve(config *c, FILE *out) {
    aigw_registry_provider *p;
    size_t n = 0;
    int i;
    for (p = c->registry.providers; p; p = p->next) {
        const char *why = NULL;
        if (from_environment(c, p, &p->key, out)) {
            why = "no key";
            p->off = str("its key's environment variable is not set");
        }
        for (i = 0; p->auth.scheme && i < AIGW_AUTH_COUNT; i++) {
            if (i == AIGW_AUTH_KEY || (!from_environment(c, p, &p->auth.value[i], out) && !(i == AIGW_AUTH_CREDENTIALS && from_file(c, p, &p->auth.value[i], out)))) continue;
            why = "no credentials";
            p->off = str("its credentials could not be read");
        }
        if ((p->scheme == AIGW_SCHEME_HTTPS || p->auth.scheme == &aigw_auth_gcp) && !tls_name[0]) {
            why = "built without TLS";
            p->off = str(why);
        }
        if (!why && p->auth.scheme && p->auth.scheme->ask && (why = token_asks(p)) != NULL) {
            p->off = str(why);
            fprintf(out, "provider %.*s: not available: %s\n", (int)p->name.n, p->name.p, why);
        }
        if (why && n < sizeof c->note) n += (size_t)snprintf(c->note + n, sizeof c->note - n, "%s%.*s (%s)", n ? ", " : "", (int)p->name.n, p->name.p, why);
    }
}

/* ---- the file */

typedef struct { config *c; const char *file; aigw_str text; FILE *out; int bad; aigw_json j; } reader;

static void complain(reader *r, size_t at, const char *path, const char *what, int warning) {
    size_t column = 1, line = aigw_registry_line(r->text, at, &column);
    fprintf(r->out, "%s:%lu:%lu: %s%s%s%s\n", r->file, (unsigned long)line, (unsigned long)column, warning ? "warning: " : "", path, *path ? ": " : "", what);
    r->bad |= !warning;
}
static void complain_here(reader *r, size_t at, const char *what, int warning) {
    char path[AIGW_PATH_MAX];
    aigw_json_path(r->text, at, path, sizeof path);
    complain(r, at, path, what, warning);
}

static int word(reader *r, char *to, size_t cap) {
    size_t at = aigw_json_at(&r->j);
    aigw_str s;
    if (!aigw_json_str(&r->j, r->c->registry.mem, &s)) return 0;
    if (s.n >= cap) {
        complain_here(r, at, "too long", 0);
        return 0;
    }
    memcpy(to, s.p, s.n);
    to[s.n] = 0;
    return 1;
}

/* ---- whose a key is */

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* "sha256:" and 64 digits -> key[0..32). 1, or 0 with a complaint. */
static int digest_read(reader *r, uint8_t *key) {
    size_t at = aigw_json_at(&r->j), i;
    aigw_str s;
    if (!aigw_json_str(&r->j, r->c->registry.mem, &s)) return 0;
    if (s.n != 7 + 64 || memcmp(s.p, "sha256:", 7)) {
        complain_here(r, at, "must be \"sha256:\" and 64 hexadecimal digits: printf %s KEY | sha256sum", 0);
        return 0;
    }
    for (i = 0; i < 32; i++) {
        int hi = hex(s.p[7 + 2 * i]), lo = hex(s.p[8 + 2 * i]);
        if (hi < 0 || lo < 0) {
            complain_here(r, at, "must be 64 hexadecimal digits in lower case", 0);
            return 0;
        }
        key[i] = (uint8_t)(hi << 4 | lo);
    }
    return 1;
}

/* What a key's requests are taken for: members that keys and pairs have alike. */
enum { WHO_NAME, WHO_USER, WHO_FEATURE, WHO_ENV, WHO_PROMPT, WHO_CLASS, WHO_PIN, WHO_COUNT };      /* in this order: what is text stands in front */
#define WHO_NAMES AIGW_STR("name"), AIGW_STR("user"), AIGW_STR("feature"), AIGW_STR("env"), AIGW_STR("prompt"), AIGW_STR("class"), AIGW_STR("pin")

static int class_of(aigw_str s) { return aigw_base_eq(s, str("batch")) ? AIGW_CLASS_BATCH : aigw_base_eq(s, str("interactive")) ? AIGW_CLASS_INTERACTIVE : -1; }

static void pins_read(reader *r, key_who *w) {
    static const struct { const char *name; uint32_t bit; } pins[] = {
        { "user", 1u << AIGW_DIM_USER }, { "feature", 1u << AIGW_DIM_FEATURE }, { "env", 1u << AIGW_DIM_ENV }, { "class", PIN_CLASS }, { "prompt", PIN_PROMPT }
    };
    size_t at, i;
    aigw_str s;
    for (aigw_json_array(&r->j); aigw_json_item(&r->j); ) {
        at = aigw_json_at(&r->j);
        if (!aigw_json_str(&r->j, r->c->registry.mem, &s)) return;
        for (i = 0; i < sizeof pins / sizeof *pins && !aigw_base_eq(s, str(pins[i].name)); i++) {}
        if (i < sizeof pins / sizeof *pins) w->pins |= pins[i].bit;
        else complain_here(r, at, "must be \"user\", \"feature\", \"env\", \"class\" or \"prompt\"", 0);
    }
}
static void who_read(reader *r, int f, key_who *w) {
    size_t at = aigw_json_at(&r->j);
    aigw_str s, *to[WHO_CLASS];
    if (f == WHO_PIN) {
        pins_read(r, w);
        return;
    }
    if (!aigw_json_str(&r->j, r->c->registry.mem, &s)) return;
    to[WHO_NAME] = &w->label, to[WHO_USER] = &w->defaults.dim[AIGW_DIM_USER], to[WHO_FEATURE] = &w->defaults.dim[AIGW_DIM_FEATURE];
    to[WHO_ENV] = &w->defaults.dim[AIGW_DIM_ENV], to[WHO_PROMPT] = &w->prompt;
    if (f < WHO_CLASS) *to[f] = s;
    else if (class_of(s) < 0) complain_here(r, at, "must be \"interactive\" or \"batch\"", 0);
    else w->class_ = (uint8_t)class_of(s);
}

/* Whose request it is must be one answer. */
static void taken(reader *r, size_t at, const char *what, aigw_str by, aigw_str tenant) {
    char text[400];
    if (aigw_base_eq(by, tenant)) snprintf(text, sizeof text, "the same %s stands twice at the tenant \"%.*s\"", what, (int)(by.n < 100 ? by.n : 100), by.p);
    else snprintf(text, sizeof text, "the same %s stands at the tenants \"%.*s\" and \"%.*s\": a request with it could be either's", what, (int)(by.n < 100 ? by.n : 100), by.p, (int)(tenant.n < 100 ? tenant.n : 100), tenant.p);
    complain_here(r, at, text, 0);
}

/* "sha256:...", or {"sha256": "sha256:...", "name", "user", "feature", "env", "prompt", "class", "pin", "admin"}. */
static void tenant_key_read(reader *r, aigw_str tenant) {
    static const aigw_str names[] = { WHO_NAMES, AIGW_STR("sha256"), AIGW_STR("admin") };
    tenant_key *k = &r->c->keys[r->c->n_keys];
    size_t at = aigw_json_at(&r->j);
    uint64_t seen = 0;
    int f, i, yes, good = 0;
    if (r->c->n_keys == (int)(sizeof r->c->keys / sizeof *r->c->keys)) {
        complain_here(r, at, "too many keys", 0);
        aigw_json_skip(&r->j);
        return;
    }
    memset(k, 0, sizeof *k);
    k->name = k->who.defaults.dim[AIGW_DIM_TENANT] = tenant;
    if (aigw_json_kind(&r->j) != AIGW_JSON_OBJECT) good = digest_read(r, k->key);
    else {
        for (aigw_json_object(&r->j); (f = aigw_json_field(&r->j, names, WHO_COUNT + 2, &seen)) >= 0; ) {
            if (f < WHO_COUNT) who_read(r, f, &k->who);
            else if (f == WHO_COUNT) good = digest_read(r, k->key);
            else if (f == WHO_COUNT + 1 && aigw_json_bool(&r->j, &yes)) k->who.admin = (uint8_t)yes;
            else if (f == WHO_COUNT + 1) break;
            else complain_here(r, r->j.key_at, "not used by this version", 1), aigw_json_skip(&r->j);
        }
        if (!(seen >> WHO_COUNT & 1) && !r->j.err) complain_here(r, at, "needs `sha256`", 0);
    }
    for (i = 0; good && i < r->c->n_keys; i++)
        if (!memcmp(r->c->keys[i].key, k->key, sizeof k->key)) taken(r, at, "key", r->c->keys[i].name, tenant);
    r->c->n_keys += good;
}

/* A pair of a client that signs: {"access_key": "...", "secret": "env:NAME"}, and what keys have. The secret itself must be there to check a signature: it cannot be
   stored hashed. */
static void tenant_pair_read(reader *r, aigw_str tenant) {
    static const aigw_str names[] = { WHO_NAMES, AIGW_STR("access_key"), AIGW_STR("secret") };
    tenant_pair *p = &r->c->pairs[r->c->n_pairs];
    size_t at = aigw_json_at(&r->j);
    uint64_t seen = 0;
    int f, i;
    if (r->c->n_pairs == (int)(sizeof r->c->pairs / sizeof *r->c->pairs)) {
        complain_here(r, at, "too many pairs", 0);
        aigw_json_skip(&r->j);
        return;
    }
    memset(p, 0, sizeof *p);
    p->name = p->who.defaults.dim[AIGW_DIM_TENANT] = tenant;
    for (aigw_json_object(&r->j); (f = aigw_json_field(&r->j, names, WHO_COUNT + 2, &seen)) >= 0; ) {
        if (f < WHO_COUNT) who_read(r, f, &p->who);
        else if (f < WHO_COUNT + 2) aigw_json_str(&r->j, r->c->registry.mem, f > WHO_COUNT ? &p->secret : &p->access_key);
        else complain_here(r, r->j.key_at, "not used by this version", 1), aigw_json_skip(&r->j);
    }
    if (p->secret.n > 4 && !memcmp(p->secret.p, "env:", 4)) {
        char name[128];
        snprintf(name, sizeof name, "%.*s", (int)(p->secret.n - 4), p->secret.p + 4);
        p->secret = str(getenv(name) ? getenv(name) : "");
        if (!p->secret.n && !r->j.err) complain_here(r, at, "the environment variable of its secret is not set", 0);
    } else if (!r->j.err && (!p->access_key.n || !p->secret.n)) complain_here(r, at, "needs `access_key` and `secret` (\"env:NAME\")", 0);
    for (i = 0; p->access_key.n && i < r->c->n_pairs; i++)
        if (aigw_base_eq(r->c->pairs[i].access_key, p->access_key)) taken(r, at, "access_key", r->c->pairs[i].name, tenant);
    r->c->n_pairs++;
}

/* `keys` and `sigv4`; the rest is the registry's, which also complains of what nobody knows. */
static void tenants_read(reader *r) {
    aigw_json *j = &r->j;
    for (aigw_json_object(j); aigw_json_member(j); ) {
        aigw_str name = aigw_base_copy(r->c->registry.mem, j->key), keys = str("keys"), sigv4 = str("sigv4");
        size_t at = j->key_at;
        int any = 0;
        r->c->tenants++;
        for (aigw_json_object(j); aigw_json_member(j); ) {
            if (aigw_base_eq(j->key, sigv4)) {
                any = 1;
                if (aigw_json_kind(j) != AIGW_JSON_ARRAY) tenant_pair_read(r, name);
                else for (aigw_json_array(j); aigw_json_item(j); ) tenant_pair_read(r, name);
            } else if (aigw_base_eq(j->key, keys)) {
                for (aigw_json_array(j); aigw_json_item(j); any = 1) tenant_key_read(r, name);
            } else aigw_json_skip(j);
        }
        if (!any && !j->err) complain_here(r, at, "the tenant has no keys and no sigv4 pair, so that nobody can use it", 1);
    }
}

/* ---- numbers of the hub */

/* usual: what 0 stands for; 0: nothing to tell of. at: where it was said; 0: nowhere. */
typedef struct { const char *name; uint32_t usual, most; uint32_t *to; size_t at; } number;

/* An object of numbers, each from 0 (the default) to `most`. */
static void numbers_read(reader *r, number *rows, size_t n) {
    aigw_json *j = &r->j;
    char text[160];
    for (aigw_json_object(j); aigw_json_member(j); ) {
        const size_t at = j->key_at;
        size_t i;
        int64_t v = 0;
        for (i = 0; i < n && !aigw_base_eq(j->key, str(rows[i].name)); i++) {}
        if (i == n) {
            complain_here(r, at, "not used by this version", 1);
            aigw_json_skip(j);
            continue;
        }
        if (rows[i].at) complain_here(r, at, "occurs twice", 0);
        rows[i].at = at;
        if (!aigw_json_int(j, &v)) return;
        if (v < 0 || v > rows[i].most) {
            snprintf(text, sizeof text, "a number from 0 to %lu", (unsigned long)rows[i].most);
            complain_here(r, at, text, 0);
            continue;
        }
        *rows[i].to = (uint32_t)v;
        if (v || !rows[i].usual) continue;
        snprintf(text, sizeof text, "0 stands for the default, %lu, and does not mean none", (unsigned long)rows[i].usual);
        complain_here(r, at, text, 1);
    }
}
#define READ(r, rows) numbers_read(r, rows, sizeof rows / sizeof *rows)

/* `low` is to be no more than `high`. Both said: an error if `hard`; beside a default it is odd. `so`: what comes of it. */
static void numbers_compare(reader *r, const number *low, const number *high, int hard, const char *so) {
    const uint32_t a = *low->to ? *low->to : low->usual, b = *high->to ? *high->to : high->usual;
    const int both = low->at && high->at;
    char text[200];
    if (!a || !b || a <= b || (!low->at && !high->at)) return;
    snprintf(text, sizeof text, "`%s`, %lu%s, is more than `%s`, %lu%s: %s", low->name, (unsigned long)a, low->at ? "" : " by default", high->name, (unsigned long)b,
             high->at ? "" : " by default", so);
    complain_here(r, low->at > high->at ? low->at : high->at, text, !(hard && both));
}

static void queue_read(reader *r) {
    aigw_queue_cfg *q = &r->c->queue;
    enum { SLOTS, BATCH_SLOTS, WAITING, BATCH_WAITING, LIFO, WAIT, BATCH_WAIT };
    number rows[] = { { "slots", 0, UINT32_MAX, &q->slots, 0 }, { "batch_slots", 0, UINT32_MAX, &q->batch_slots, 0 }, { "waiting", 1024, UINT32_MAX, &q->most[AIGW_CLASS_INTERACTIVE], 0 },
        { "batch_waiting", 65536, UINT32_MAX, &q->most[AIGW_CLASS_BATCH], 0 }, { "lifo_ms", 500, UINT32_MAX, &q->lifo_ms, 0 }, { "wait_ms", 2000, UINT32_MAX, &q->wait_ms[AIGW_CLASS_INTERACTIVE], 0 },
        { "batch_wait_ms", 3600000, UINT32_MAX, &q->wait_ms[AIGW_CLASS_BATCH], 0 } };
    int i;
    READ(r, rows);
    numbers_compare(r, &rows[BATCH_SLOTS], &rows[SLOTS], 0, "batch has no more than all");
    for (i = BATCH_SLOTS; !q->slots && i <= LIFO; i++)             /* limits are waited for without slots, too: wait_ms */
        if (rows[i].at) complain_here(r, rows[i].at, "without `slots` nothing waits in the queue, and this does nothing", 1);
}
static void counters_read(reader *r) {
    size_t at = aigw_json_at(&r->j);
    int64_t n = 0;
    if (!aigw_json_int(&r->j, &n)) return;
    if (n && (n < 64 || n > 1 << 24)) complain_here(r, at, "a number from 64 to 16777216; 0: 16384", 0);
    else r->c->counters = (uint32_t)n;
}
static void breaker_read(reader *r) {
    aigw_breaker_cfg *b = &r->c->breaker;
    enum { OPEN, OPEN_MAX };
    number rows[] = { { "open_ms", 5000, UINT32_MAX, &b->open_ms, 0 }, { "open_max_ms", 300000, UINT32_MAX, &b->open_max_ms, 0 }, { "window_ms", 30000, UINT32_MAX, &b->window_ms, 0 },
        { "consecutive", 5, UINT32_MAX, &b->consecutive, 0 }, { "percent", 50, 100, &b->percent, 0 }, { "least", 10, UINT32_MAX, &b->least, 0 }, { "successes", 2, UINT32_MAX, &b->successes, 0 },
        { "probe_ms", 120000, UINT32_MAX, &b->probe_ms, 0 } };
    READ(r, rows);
    numbers_compare(r, &rows[OPEN], &rows[OPEN_MAX], 1, "a circuit is open for the latter at most");
}
static void retry_read(reader *r) {
    aigw_retry_cfg *t = &r->c->retry;
    uint32_t per_target = 0, attempts = 0;
    enum { PER_TARGET, ATTEMPTS, BASE, CAP };
    number rows[] = { { "per_target", 2, 100, &per_target, 0 }, { "attempts", 3, 100, &attempts, 0 }, { "base_ms", 250, UINT32_MAX, &t->base_ms, 0 }, { "cap_ms", 8000, UINT32_MAX, &t->cap_ms, 0 },
        { "after_max_ms", 60000, UINT32_MAX, &t->after_max_ms, 0 }, { "budget_ratio", 100, UINT32_MAX, &t->budget_ratio, 0 }, { "budget_cap", 10, UINT32_MAX, &t->budget_cap, 0 },
        { "budget_floor", 3, AIGW_RETRY_FLOOR_MAX, &t->budget_floor, 0 } };
    READ(r, rows);
    t->per_target = (uint16_t)per_target;
    t->attempts = (uint16_t)attempts;
    if (rows[PER_TARGET].at) numbers_compare(r, &rows[PER_TARGET], &rows[ATTEMPTS], 0, "the latter bounds those at all targets together");
    numbers_compare(r, &rows[BASE], &rows[CAP], 1, "a retry waits for the latter at most");
}
/* `bytes` of the cache; the rest is the registry's. */
enum { CACHE_LEAST = 16384, CACHE_SMALL = 131072 };
static void cache_read(reader *r) {
    aigw_json *j = &r->j;
    int64_t bytes = 0;
    r->c->cache_said = 1;
    r->c->cache_bytes = CACHE_BYTES;
    for (aigw_json_object(j); aigw_json_member(j); ) {
        size_t at = j->key_at;
        if (!aigw_base_eq(j->key, str("bytes"))) aigw_json_skip(j);
        else if (aigw_json_int(j, &bytes)) {
            if (bytes && (bytes < CACHE_LEAST || bytes > INT64_C(1) << 40)) complain_here(r, at, "a number of bytes from 16384 to 1099511627776; 0: no cache", 0);
            else r->c->cache_bytes = (size_t)bytes;
            if (bytes >= CACHE_LEAST && bytes < CACHE_SMALL) complain_here(r, at, "a kept answer and its request are an eighth of it at most, and usual ones are larger", 1);
        }
    }
}

static void listen_read(reader *r) {
    size_t at = aigw_json_at(&r->j);
    char text[128], *colon;
    if (!word(r, text, sizeof text)) return;
    colon = strrchr(text, ':');
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) || atoi(colon + 1) > 65535) {
        complain_here(r, at, "must be \"host:port\", such as \"127.0.0.1:8080\"", 0);
        return;
    }
    *colon = 0;
    r->c->listen_port = atoi(colon + 1);
    if (text[0] == '[' && colon > text && colon[-1] == ']') {
        colon[-1] = 0;
        memmove(text, text + 1, strlen(text));
    }
    snprintf(r->c->listen_host, sizeof r->c->listen_host, "%s", text);
}

static void server_read(reader *r) {
    enum { VERSION, LISTEN, HOSTS, TENANTS, CA_FILE, LOG_FORMAT, CACHE, QUEUE, BREAKER, RETRY, COUNTERS, PROVIDERS, MODELS, ROUTES, TASKS, LIMITS, BUDGETS, DATED, COUNT };
    static const aigw_str names[] = { AIGW_STR("version"), AIGW_STR("listen"), AIGW_STR("hosts"), AIGW_STR("tenants"), AIGW_STR("ca_file"), AIGW_STR("log_format"),
        AIGW_STR("cache"), AIGW_STR("queue"), AIGW_STR("breaker"), AIGW_STR("retry"), AIGW_STR("counters"), AIGW_STR("providers"), AIGW_STR("models"), AIGW_STR("routes"), AIGW_STR("tasks"), AIGW_STR("limits"),
        AIGW_STR("budgets"), AIGW_STR("dated") };
    aigw_json *j = &r->j;
    config *c = r->c;
    char format[16];
    uint64_t seen = 0;
    int64_t version;
    size_t at;
    int f;
    aigw_json_init(j, r->text);
    for (aigw_json_object(j); (f = aigw_json_field(j, names, COUNT, &seen)) >= 0; ) {
        at = aigw_json_at(j);
        switch (f) {
        case VERSION:
            if (aigw_json_int(j, &version) && version != 1) complain_here(r, at, "must be 1", 0);
            break;
        case LISTEN: listen_read(r); break;
        case HOSTS:
            for (aigw_json_array(j); aigw_json_item(j); ) {
                if (c->n_hosts == (int)(sizeof c->hosts / sizeof *c->hosts)) complain_here(r, at, "too many", 0), aigw_json_skip(j);
                else if (aigw_json_str(j, c->registry.mem, &c->hosts[c->n_hosts])) c->n_hosts++;
            }
            break;
        case TENANTS: tenants_read(r); break;
        case CA_FILE: word(r, c->ca_file, sizeof c->ca_file); break;
        case LOG_FORMAT:
            if (!word(r, format, sizeof format)) break;
            c->log_format = !strcmp(format, "json") ? 'j' : !strcmp(format, "logfmt") ? 'l' : !strcmp(format, "off") ? 'o' : 0;
            if (!c->log_format) complain_here(r, at, "must be \"json\", \"logfmt\" or \"off\"", 0);
            break;
        case CACHE: cache_read(r); break;
        case QUEUE: queue_read(r); break;
        case BREAKER: breaker_read(r); break;
        case RETRY: retry_read(r); break;
        case COUNTERS: counters_read(r); break;
        case PROVIDERS: case MODELS: case ROUTES: case TASKS: case LIMITS: case BUDGETS: case DATED: aigw_json_skip(j); break;      /* the registry's own */
        default:
            complain_here(r, j->key_at, "not used by this version", 1);
            aigw_json_skip(j);
        }
    }
    if (aigw_json_end(j)) complain_here(r, aigw_json_at(j), j->why, 0);
}

/* The text of a file without its comments: bytes, or -1 with a complaint. */
static long text_read(const char *file, FILE *out, char *text, size_t cap) {
    FILE *f = fopen(file, "rb");
    size_t n;
    if (!f) {
        fprintf(out, "%s: cannot be read\n", file);
        return -1;
    }
    n = fread(text, 1, cap, f);
    fclose(f);
    if (n == cap) {
        fprintf(out, "%s: larger than %lu bytes\n", file, (unsigned long)cap);
        return -1;
    }
    aigw_registry_blank(text, n);
    return (long)n;
}

static int complain_all(reader *r, int (*read)(aigw_registry *, aigw_str, aigw_registry_faults *)) {
    static aigw_fault faults[64];
    aigw_registry_faults list;
    size_t i;
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = sizeof faults / sizeof *faults;
    if (read(&r->c->registry, r->text, &list)) r->bad = 1;
    for (i = 0; i < list.n && i < list.cap; i++)
        complain(r, faults[i].at, faults[i].path, faults[i].text ? faults[i].text : aigw_base_error_text(faults[i].code), faults[i].code == AIGW_E_UNSUPPORTED);
    if (i < list.n) fprintf(r->out, "%s: %lu more complaints\n", r->file, (unsigned long)(list.n - i));
    return r->bad ? -1 : 0;
}

/* Who is counted by user, feature or env alone is the same for every tenant. */
static void shared_warn(reader *r, uint32_t by, const aigw_registry_subject *when, size_t at) {
    const uint32_t named = 1u << AIGW_DIM_USER | 1u << AIGW_DIM_FEATURE | 1u << AIGW_DIM_ENV;
    if (r->c->tenants < 2 || !(by & named) || by & 1u << AIGW_DIM_TENANT || when->dim[AIGW_DIM_TENANT].n) return;
    complain_here(r, at, "`by` without \"tenant\": all tenants share these counters, and users, features or environments of one name count together", 1);
}
/* A request's tenant is that of its key: there is no other. */
static void tenant_warn(reader *r, const aigw_registry_subject *when, size_t at) {
    const aigw_str name = when->dim[AIGW_DIM_TENANT];
    if (name.n && !aigw_registry_tenant_of(&r->c->registry, name)) complain_here(r, at, "`when` names a tenant that is not there: this rule is for nobody", 1);
}
/* A step down to what a tenant may not use is not taken. */
static void then_warn(reader *r, const aigw_registry_budget *b) {
    const aigw_str only = b->when.dim[AIGW_DIM_TENANT];
    const aigw_registry_tenant *t;
    char text[200];
    if (!b->then_route.n) return;
    for (t = r->c->registry.tenants; t; t = t->next) {
        if ((only.n && !aigw_base_eq(only, t->name)) || aigw_router_may(&r->c->registry, t, b->then_route, NULL) != AIGW_E_REFUSED) continue;
        snprintf(text, sizeof text, "`then`: tenant \"%.*s\" may not use the route \"%.*s\", so past `soft` it stays where it is", (int)t->name.n, t->name.p, (int)b->then_route.n, b->then_route.p);
        complain_here(r, b->at, text, 1);
        return;
    }
}
static void rules_warn(reader *r) {
    const aigw_registry *all = &r->c->registry;
    const aigw_registry_task *t;
    const aigw_registry_limit *l;
    const aigw_registry_budget *b;
    for (t = all->tasks; t; t = t->next) tenant_warn(r, &t->when, t->at);
    for (l = all->limits; l; l = l->next) tenant_warn(r, &l->when, l->at), shared_warn(r, l->by, &l->when, l->at);
    for (b = all->budgets; b; b = b->next) tenant_warn(r, &b->when, b->at), shared_warn(r, b->by, &b->when, b->at), then_warn(r, b);
}

static int file_read(config *c, const char *file, FILE *out, char *text, size_t cap) {
    reader r;
    long n = text_read(file, out, text, cap);
    if (n < 0) return -1;
    memset(&r, 0, sizeof r);
    r.c = c;
    r.file = file;
    r.out = out;
    r.text.p = text;
    r.text.n = (size_t)n;
    server_read(&r);
    if (r.j.err || complain_all(&r, aigw_registry_read)) return -1;
    rules_warn(&r);
    return 0;
}

/* What was built in (models.json, by the Makefile), without its comments; p NULL without memory. */
static aigw_str known_built_in(aigw_arena *mem) {
    aigw_str text = { NULL, 0 };
    char *to;
    size_t i, n;
    for (i = 0; models_json[i]; i++) text.n += strlen(models_json[i]);
    text.p = to = (char *)aigw_base_take(mem, text.n, 1, 1);
    for (i = 0; to && models_json[i]; i++, to += n) memcpy(to, models_json[i], n = strlen(models_json[i]));
    if (to) aigw_registry_blank(to - text.n, text.n);
    return text;
}
static aigw_str known_of_file(aigw_arena *mem, const char *file, FILE *out) {
    const size_t most = (size_t)1 << 20;
    char *to = (char *)aigw_base_take(mem, most, 1, 1);
    const long n = to ? text_read(file, out, to, most) : -1;
    aigw_str text = { NULL, 0 };
    if (n < 0) return text;
    mem->at = (unsigned char *)to + n;                     /* what it did not need */
    text.p = to;
    text.n = (size_t)n;
    return text;
}
/* What is known of models. Its text stays in the registry's memory. */
static int known_read(config *c, const char *file, FILE *out) {
    reader r;
    memset(&r, 0, sizeof r);
    r.c = c;
    r.file = file ? file : "models.json";
    r.out = out;
    r.text = file ? known_of_file(c->registry.mem, file, out) : known_built_in(c->registry.mem);
    return r.text.p ? complain_all(&r, aigw_registry_read_known) : -1;
}

static void age_tell(const config *c, FILE *out) {
    const int64_t days = c->registry.dated_s ? ((int64_t)time(NULL) - c->registry.dated_s) / 86400 : 0;
    if (days > 90) fprintf(out, "gateway: warning: what is known of models and their prices is %ld days old; --registry FILE takes a newer file\n", (long)days);
}

int config_load(config *c, const char *file, const char *known, FILE *out) {
    static const size_t text_max = (size_t)1 << 20;
    char *memory = c->memory;
    size_t bytes = c->bytes;
    aigw_arena *mem;
    memset(c, 0, sizeof *c);
    c->memory = memory;
    c->bytes = bytes;
    snprintf(c->listen_host, sizeof c->listen_host, "127.0.0.1");
    c->listen_port = 8080;
    mem = (aigw_arena *)(void *)memory;                      /* the arena stands at the start of its own memory: it moves with the slot */
    *mem = aigw_base_arena(memory + 64 + text_max, bytes - 64 - text_max);
    aigw_registry_init(&c->registry, dialects, sizeof dialects / sizeof *dialects, mem);
    if (known_read(c, known, out)) return -1;
    if (add_mock(c) || add_environment(c)) {                 /* before the file, which may name their models and replaces what it names itself */
        fprintf(out, "the configuration does not fit in %lu bytes\n", (unsigned long)bytes);
        return -1;
    }
    if (file && file_read(c, file, out, memory + 64, text_max)) return -1;
    age_tell(c, out);
    resolve(c, out);
    return 0;
}
