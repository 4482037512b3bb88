/* SPDX-License-Identifier: MIT OR Unlicense */
/* main.c: arguments, signals, the poll() loop, the log line, the page. Reads the clock once per turn. Does not know HTTP bodies or providers. */
#define AIGW_IMPLEMENTATION
#include "gateway.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signals;              /* bits: 1 stop, 2 reload, 4 stop at once */

static void on_signal(int sig) { signals = sig == SIGHUP ? signals | 2 : signals & 1 ? signals | 4 : signals | 1; }

static void read_clock(struct gateway *g) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    g->now.mono_ns = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
    g->now.wall_s = (int64_t)time(NULL);
}

/* ---- the poll array */

int watch_add(struct gateway *g, watch *w, int fd, short events) {
    if (g->n_polls == g->cap_polls) return -1;
    w->fd = fd;
    w->events = events;
    w->slot = g->n_polls++;
    g->watches[w->slot] = w;
    g->polls[w->slot].fd = fd;
    g->polls[w->slot].events = events;
    g->polls[w->slot].revents = 0;
    return 0;
}
void watch_set(struct gateway *g, watch *w, short events) {
    w->events = events;
    if (w->slot >= 0) g->polls[w->slot].events = events;
}
void watch_remove(struct gateway *g, watch *w) {
    int last;
    if (w->slot < 0) return;
    last = --g->n_polls;
    if (w->slot != last) {
        g->polls[w->slot] = g->polls[last];
        g->watches[w->slot] = g->watches[last];
        g->watches[w->slot]->slot = w->slot;
    }
    w->slot = -1;
}

static int poll_timeout(struct gateway *g) {
    uint64_t d = aigw_hub_deadline(&g->hub), c = conn_deadline(g), wait;
    if (c < d) d = c;
    if (d <= g->now.mono_ns) return 0;
    wait = d == AIGW_NEVER ? 1000 : (d - g->now.mono_ns + 999999) / 1000000;
    return wait > 1000 ? 1000 : (int)wait;              /* a signal that came before poll() waits for a second at most */
}

/* What large requests used and nobody has now goes back to the system; the first page of each slab stays, the hub's link is in it. */
static void trim(struct gateway *g) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    size_t bytes;
    void *slab;
    int i;
    g->trim_at = 0;
    for (i = 1; i < AIGW_HUB_SLABS; i++)
        for (slab = aigw_hub_idle(&g->hub, i, NULL, &bytes); slab; slab = aigw_hub_idle(&g->hub, i, slab, &bytes)) {
            const uintptr_t from = ((uintptr_t)slab + 16 + page - 1) & ~(page - 1), to = ((uintptr_t)slab + bytes) & ~(page - 1);
            if (from < to) (void)madvise((void *)from, to - from, MADV_DONTNEED);
        }
}

static void turn(struct gateway *g) {
    int i, n = poll(g->polls, (nfds_t)g->n_polls, poll_timeout(g));
    read_clock(g);
    for (i = g->n_polls - 1; n > 0 && i >= 0; i--) {      /* downward: what a callback removes is replaced by what was looked at already */
        short got;
        if (i >= g->n_polls) continue;
        got = g->polls[i].revents;
        if (!got) continue;
        g->polls[i].revents = 0;
        n--;
        g->watches[i]->fn(g, g->watches[i], got);
    }
    aigw_hub_tick(&g->hub, g->now);
    conn_turn(g);
    if (g->trim_at && g->now.mono_ns >= g->trim_at) trim(g);
}

/* ---- what this server answers by itself */

static int is_loopback(aigw_str host) {
    static const aigw_str names[] = { AIGW_STR("localhost"), AIGW_STR("127.0.0.1"), AIGW_STR("[::1]"), AIGW_STR("::1") };
    size_t i;
    for (i = 0; i < 4; i++)
        if (aigw_base_eq_nocase(host, names[i])) return 1;
    return 0;
}

static aigw_str without_port(aigw_str host) {
    size_t i = host.n;
    while (i && host.p[i - 1] >= '0' && host.p[i - 1] <= '9') i--;
    if (i && i < host.n && host.p[i - 1] == ':') host.n = i - 1;
    return host;
}

static int host_served(const config *c, aigw_str host) {
    int i;
    host = without_port(host);
    for (i = 0; i < c->n_hosts; i++)
        if (aigw_base_eq_nocase(host, c->hosts[i])) return 1;
    return is_loopback(host);
}

static int origin_served(const config *c, aigw_str origin) {
    static const aigw_str schemes[] = { AIGW_STR("http://"), AIGW_STR("https://") };
    size_t i;
    for (i = 0; i < 2; i++) {
        aigw_str head = origin;
        head.n = origin.n < schemes[i].n ? origin.n : schemes[i].n;
        if (!aigw_base_eq_nocase(head, schemes[i])) continue;
        origin.p += schemes[i].n;
        origin.n -= schemes[i].n;
        return host_served(c, origin);
    }
    return 0;
}

static int is_json(aigw_str type) {
    static const aigw_str json = AIGW_STR("application/json"), plus = AIGW_STR("+json");
    size_t end = aigw_base_find(type, aigw_base_str(";"), 0);
    type.n = end;
    while (type.n && type.p[type.n - 1] == ' ') type.n--;
    if (aigw_base_eq_nocase(type, json)) return 1;
    if (type.n < plus.n) return 0;
    type.p += type.n - plus.n;
    type.n = plus.n;
    return aigw_base_eq_nocase(type, plus);
}

/* The virtual key of a request, in any of the places where the dialects' SDKs put it. */
static aigw_str key_of(const aigw_head *head) {
    static const aigw_str names[] = { AIGW_STR("x-api-key"), AIGW_STR("authorization"), AIGW_STR("api-key"), AIGW_STR("x-goog-api-key") };
    static const aigw_str bearer = AIGW_STR("bearer "), query = AIGW_STR("key=");
    aigw_str v = { NULL, 0 }, t = head->target;
    size_t i, at;
    for (i = 0; i < 4; i++) {
        v = aigw_base_header(head, names[i]);
        if (i == 1 && v.n > bearer.n) {
            aigw_str scheme = v;
            scheme.n = bearer.n;
            if (!aigw_base_eq_nocase(scheme, bearer)) continue;
            v.p += bearer.n;
            v.n -= bearer.n;
        }
        if (v.n) return v;
    }
    at = aigw_base_find(t, aigw_base_str("?"), 0);
    while (at < t.n && (at = aigw_base_find(t, query, at)) < t.n) {
        if (t.p[at - 1] != '?' && t.p[at - 1] != '&') {
            at++;
            continue;
        }
        v.p = t.p + at + query.n;
        v.n = aigw_base_find(t, aigw_base_str("&"), at) - at - query.n;
        break;
    }
    return v;
}

/* Whose key it is; NULL: nobody's. Every key is compared, so that the time tells nothing. */
static const key_who *key_owner(const config *c, aigw_str key) {
    uint8_t digest[32];
    int i, at = -1;
    aigw_digest_sha256(key, digest);
    for (i = 0; i < c->n_keys; i++) at = aigw_digest_equal(digest, c->keys[i].key, 32) ? i : at;
    return key.n && at >= 0 ? &c->keys[at].who : NULL;
}

/* The pair of a request that is signed (SigV4): NULL none, or not known. *s: the signature. */
static const tenant_pair *pair_of(const config *c, const aigw_head *head, aigw_auth_signature *s) {
    int i;
    if (aigw_auth_signed(head, s) != 1) return NULL;
    for (i = 0; i < c->n_pairs && !aigw_base_eq(c->pairs[i].access_key, s->access_key); i++) {}
    return i < c->n_pairs ? &c->pairs[i] : NULL;
}

static int starts(aigw_str s, const char *with) {
    const size_t n = strlen(with);
    return s.n >= n && !memcmp(s.p, with, n);
}

/* A counter is corrected: answered by admit, when the body is there. */
static int corrects(const aigw_head *head) { return aigw_base_eq(head->method, aigw_base_str("PUT")) && starts(head->target, "/admin/counters/"); }

int refuse(aigw_exchange_reply *r, int kind, const char *message, const char *advice) {
    r->kind = kind;
    r->message = message;
    r->advice = advice;
    return 1;
}
static int answer(aigw_exchange_reply *r, int status, const char *type, const char *body) {
    r->status = status;
    r->type = aigw_base_str(type);
    r->body = aigw_base_str(body);
    return 1;
}

static void version_text(struct gateway *g) {
    static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
    size_t n = (size_t)snprintf(g->version, sizeof g->version, "{\"version\":\"" AIGW_VERSION "\",\"dialects\":");
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        n += (size_t)snprintf(g->version + n, sizeof g->version - n, "%s\"%.*s\"", i ? "," : "[", (int)dialects[i]->name.n, dialects[i]->name.p);
    snprintf(g->version + n, sizeof g->version - n, "]}");
}

int local_answer(void *user, const aigw_head *head, aigw_exchange_reply *r) {
    static const aigw_str host = AIGW_STR("host"), origin = AIGW_STR("origin"), type = AIGW_STR("content-type"), accept = AIGW_STR("accept");
    struct gateway *g = ((client *)user)->o.g;
    const config *c = g->config;
    const key_who *who;
    aigw_str path = head->target, v;
    aigw_auth_signature signature;
    int get = aigw_base_eq(head->method, aigw_base_str("GET")) || aigw_base_eq(head->method, aigw_base_str("HEAD"));
    path.n = aigw_base_find(path, aigw_base_str("?"), 0);
    v = aigw_base_header(head, host);
    if (v.p && !host_served(c, v)) return refuse(r, AIGW_KIND_PERMISSION, "this server is not called by that Host name.", "Use localhost, or add the name to \"hosts\" in the configuration.");
    v = aigw_base_header(head, origin);
    if (v.p && !origin_served(c, v)) return refuse(r, AIGW_KIND_PERMISSION, "a page of another origin may not use this server.", "Call it from a program, or add the page's host to \"hosts\" in the configuration.");
    if (get && (aigw_base_eq(path, aigw_base_str("/health")) || aigw_base_eq(path, aigw_base_str("/livez")) || aigw_base_eq(path, aigw_base_str("/healthz"))))
        return answer(r, 200, "application/json", "{\"status\":\"ok\"}");
    if (get && aigw_base_eq(path, aigw_base_str("/readyz")))
        return answer(r, g->hub.draining ? 503 : 200, "application/json", g->hub.draining ? "{\"status\":\"draining\"}" : "{\"status\":\"ok\"}");
    if (get && aigw_base_eq(path, aigw_base_str("/version"))) return answer(r, 200, "application/json", g->version);
    if (get && (aigw_base_eq(path, aigw_base_str("/api/version")) || aigw_base_eq(path, aigw_base_str("/ollama/api/version"))))
        return answer(r, 200, "application/json", "{\"version\":\"0.30.0\"}");           /* Ollama's clients ask what the server can: all that is documented */
    if (get && aigw_base_eq(path, aigw_base_str("/"))) {
        int html = aigw_base_find(aigw_base_header(head, accept), aigw_base_str("text/html"), 0) < aigw_base_header(head, accept).n;
        return answer(r, 200, html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8", html ? g->page : g->answer);
    }
    who = c->tenants ? key_owner(c, key_of(head)) : NULL;
    if (c->tenants && !who && (!pair_of(c, head, &signature) || starts(path, "/admin/")))      /* what is signed is checked with its body, by admit */
        return refuse(r, AIGW_KIND_AUTH, "this gateway does not know that key.", "Use a key that is listed under \"tenants\" in its configuration.");
    if (get && starts(path, "/admin/requests/")) return admin_request((client *)user, path, who, r);
    if (aigw_base_eq(head->method, aigw_base_str("POST")) && aigw_base_eq(path, aigw_base_str("/admin/cache/purge"))) return admin_purge((client *)user, head->target, who, r);
    if (get && aigw_base_eq(path, aigw_base_str("/admin/counters"))) return admin_counters((client *)user, head->target, who, r);
    if (corrects(head)) {
        if (who && !who->admin) return refuse(r, AIGW_KIND_PERMISSION, "this key may look at its tenant's counters, not correct them.", "Use a key with \"admin\": true in the gateway's configuration.");
        if (!is_json(aigw_base_header(head, type))) return refuse(r, AIGW_KIND_INVALID_REQUEST, "content-type: a request body must be JSON.", "Send the header content-type: application/json.");
        return 2;
    }
    if (!aigw_base_find(path, aigw_base_str("/raw/"), 0) && path.n) {      /* forwarded: any type, so a page is known by what its browser says */
        if (aigw_base_eq(aigw_base_header(head, aigw_base_str("sec-fetch-site")), aigw_base_str("cross-site")))
            return refuse(r, AIGW_KIND_PERMISSION, "a page of another origin may not use this server.", "Call it from a program.");
        return 0;
    }
    /* boto3 sends no type with InvokeModel; a page of another origin cannot send the header authorization unasked */
    v = aigw_base_header(head, type);
    if (aigw_base_eq(head->method, aigw_base_str("POST")) && !is_json(v) && (v.p || !aigw_base_header(head, aigw_base_str("authorization")).n))
        return refuse(r, AIGW_KIND_INVALID_REQUEST, "content-type: a request body must be JSON.", "Send the header content-type: application/json.");
    return 0;
}

int admit(void *user, const aigw_head *head, aigw_str body, aigw_exchange_who *who, aigw_exchange_reply *r) {
    client *c = (client *)user;
    struct gateway *g = c->o.g;
    aigw_auth_signature s;
    const tenant_pair *p;
    const char *why = "this gateway does not know that key.";
    c->key = g->config->tenants ? key_owner(g->config, key_of(head)) : NULL;
    if (corrects(head) && (!g->config->tenants || (c->key && c->key->admin))) return admin_correct(c, head->target, body, c->key, r);
    if (!g->config->tenants) return 0;
    if (!c->key) {
        p = pair_of(g->config, head, &s);                  /* none: the configuration has changed since its head came */
        if (p && !aigw_auth_check(&s, p->secret, g->now, 0, head, &body, 1, &why)) c->key = &p->who;
    }
    if (!c->key) return refuse(r, AIGW_KIND_AUTH, why, "Sign with the pair under \"tenants\" in the gateway's configuration, or use a key.");
    who->subject = c->key->defaults;
    who->prompt = c->key->prompt;
    who->pinned = c->key->pins & (PIN_CLASS - 1);
    who->class_ = c->key->class_;
    who->class_pinned = (c->key->pins & PIN_CLASS) != 0;
    who->prompt_pinned = (c->key->pins & PIN_PROMPT) != 0;
    return 0;
}

/* ---- one line per request */

typedef struct { char text[65536]; aigw_out o; int json; } log_line;       /* every string at its longest, and escaped */

static void log_key(log_line *l, const char *key) {
    if (l->json) aigw_json_key(&l->o, key);
    else {
        if (l->o.buf.n) aigw_base_put_byte(&l->o, ' ');
        aigw_base_put_lit(&l->o, key);
        aigw_base_put_byte(&l->o, '=');
    }
}
static void log_str(log_line *l, const char *key, aigw_str v) {
    size_t i;
    if (!v.n) return;
    if (v.n > 400) v.n = 400;
    log_key(l, key);
    for (i = 0; i < v.n && v.p[i] > 32 && v.p[i] != '"' && v.p[i] != '=' && v.p[i] < 127; i++) {}
    if (!l->json && i == v.n) aigw_base_put(&l->o, v);
    else {
        if (!l->json) l->o.comma = 0;
        aigw_json_put_str(&l->o, v);
    }
}
static void log_int(log_line *l, const char *key, int64_t v) {
    if (v < 0) return;
    log_key(l, key);
    if (l->json) aigw_json_put_int(&l->o, v);
    else aigw_base_put_int(&l->o, v);
}
static void log_bool(log_line *l, const char *key, int v) {
    log_key(l, key);
    if (l->json) aigw_json_put_bool(&l->o, v);
    else aigw_base_put_lit(&l->o, v ? "true" : "false");
}

static void log_begin(const struct gateway *g, log_line *l, const char *level, const char *msg) {
    aigw_out when;
    char date[32];
    l->json = g->log_format == 'j';
    aigw_base_out_init(&l->o, l->text, sizeof l->text - 1, NULL, 0);
    aigw_base_out_init(&when, date, sizeof date, NULL, 0);
    aigw_base_put_date(&when, g->now.wall_s);
    if (l->json) aigw_json_open(&l->o, '{');
    log_str(l, "ts", aigw_base_out_str(&when));
    log_str(l, "level", aigw_base_str(level));
    log_str(l, "msg", aigw_base_str(msg));
}
static void log_end(log_line *l) {
    ssize_t ignored;
    if (l->json) aigw_json_close(&l->o, '}');
    if (l->o.buf.n > sizeof l->text - 1) l->o.buf.n = sizeof l->text - 1;
    l->text[l->o.buf.n++] = '\n';
    ignored = write(2, l->text, l->o.buf.n);
    (void)ignored;
}
static void log_usd(log_line *l, const char *key, int64_t nusd) {
    char text[32];
    aigw_out o;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    aigw_base_put_nano(&o, nusd);
    log_key(l, key);
    if (l->json) aigw_json_put_raw(&l->o, aigw_base_out_str(&o));
    else aigw_base_put(&l->o, aigw_base_out_str(&o));
}

static void log_losses(log_line *l, const char *key, const aigw_loss *loss) {
    char text[512];
    aigw_out o;
    size_t i;
    if (!loss || !loss->n) return;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    for (i = 0; i < loss->n; i++) {
        if (i) aigw_base_put_byte(&o, ',');
        aigw_base_put_lit(&o, loss->items[i].path);
        aigw_base_put_byte(&o, '=');
        aigw_base_put_lit(&o, aigw_model_loss_name(loss->items[i].action));
    }
    log_str(l, key, aigw_base_str(o.buf.n < sizeof text ? (text[o.buf.n] = 0, text) : "more than fits"));
}

/* Who asked, of all requests; and what those cost that came so far, forwarded ones too. */
static void log_policy(log_line *l, const aigw_exchange_record *r) {
    static const char *const cached[] = { "DISABLED", "BYPASS", "MISS", "HIT", "STALE" };
    const int raw = r->op == AIGW_OP_RAW;
    if (r->decision) log_str(l, "cache", aigw_base_str(cached[r->cache]));
    if ((r->decision || raw) && !r->unpriced) log_usd(l, "cost_usd", r->cost.nusd);
    if (!r->unpriced && r->cost_bound) log_bool(l, "cost_bound", 1);
    log_str(l, "tenant", r->who.dim[AIGW_DIM_TENANT]);
    log_str(l, "feature", r->who.dim[AIGW_DIM_FEATURE]);
    log_str(l, "env", r->who.dim[AIGW_DIM_ENV]);
    log_str(l, "prompt", r->prompt);
    if (r->decision || raw) log_str(l, "class", aigw_base_str(r->batch ? "batch" : "interactive"));
    log_str(l, "degraded", r->degraded);
}

/* A model that answers but is not known, so that it has neither price nor limits; or an answer that names another model than was asked for, and no known one, so that its price may be wrong.
   Once for each name, as long as there are few. */
static void warn_model(struct gateway *g, const aigw_exchange_record *r) {
    static const uint8_t key[16] = { 'm', 'o', 'd', 'e', 'l' };
    const aigw_registry *all = &g->config->registry;
    const aigw_registry_provider *p = aigw_registry_provider_of(all, r->provider);
    const int unknown = r->unpriced && !aigw_registry_known(all, r->provider, r->model);
    const aigw_str name = unknown ? r->model : r->answered;
    uint64_t mark;
    log_line l;
    size_t i;
    if (r->kind || !name.n || !p || p->scheme == AIGW_SCHEME_BUILTIN || g->now.mono_ns < g->warn_at) return;
    if (!unknown && aigw_registry_answers(all, r->model, name)) return;
    mark = aigw_digest_siphash(r->provider, key) * 31 + aigw_digest_siphash(name, key);
    for (i = 0; i < 64 && g->warned[i] != mark; i++) {}
    if (i < 64) return;
    g->warned[g->n_warned++ % 64] = mark;
    g->warn_at = g->now.mono_ns + UINT64_C(1000000000);
    log_begin(g, &l, "warn", unknown ? "nothing is known of this model: no price, no window; add it under \"models\", or take a newer --registry"
                                     : "the answer names a model that is not known, and not the one that was asked for: the cost may be wrong; add it under \"models\", or take a newer --registry");
    log_str(&l, "provider", r->provider);
    log_str(&l, "model", r->model);
    if (!unknown) log_str(&l, "answered", name);
    log_end(&l);
}

/* What somebody should look at, beside the line of the request: a threshold of a budget, and models that are not known. */
static void log_warnings(struct gateway *g, const aigw_exchange_record *r) {
    log_line l;
    char text[320];
    size_t i;
    for (i = 0; i < r->alerts; i++) {
        snprintf(text, sizeof text, "budget %.*s has passed %d %%", (int)r->alert[i].counter_n, r->alert[i].counter, r->alert[i].percent);
        log_begin(g, &l, "warn", text);
        log_str(&l, "request_id", r->request_id);
        log_str(&l, "tenant", r->who.dim[AIGW_DIM_TENANT]);
        log_end(&l);
    }
    if (g->hub.counters.others && !g->crowded) {
        g->crowded = 1;
        log_begin(g, &l, "warn", "a limit or budget is counted in _other: no counter is left, or none of this tenant's share, or the name is too long; raise `counters`, or count by fewer names");
        log_str(&l, "request_id", r->request_id);
        log_str(&l, "tenant", r->who.dim[AIGW_DIM_TENANT]);
        log_end(&l);
    }
    warn_model(g, r);
}

void log_audit(client *c, const key_who *who, const char *what) {
    log_line l;
    aigw_str id;
    if (c->o.g->log_format == 'o') return;
    log_begin(c->o.g, &l, "warn", what);
    id.p = c->x.id;
    id.n = c->x.id_n;
    log_str(&l, "request_id", id);
    if (who) log_str(&l, "key", who->label);
    if (who) log_str(&l, "tenant", who->defaults.dim[AIGW_DIM_TENANT]);
    log_end(&l);
}

void log_record(void *user, const aigw_exchange_record *r) {
    client *c = (client *)user;
    struct gateway *g = c->o.g;
    const key_who *key = c->key;
    log_line l;
    if (r->bytes_in > 200000 || r->bytes_out > 200000) g->trim_at = g->now.mono_ns + UINT64_C(2000000000);
    admin_record(c, r);
    c->key = NULL;
    if (g->log_format == 'o') return;
    log_begin(g, &l, r->kind ? "warn" : "info", "request");
    log_str(&l, "request_id", r->request_id);
    if (key) log_str(&l, "key", key->label);
    if (r->op == AIGW_OP_RAW) log_str(&l, "op", aigw_base_str("raw"));
    log_str(&l, "route", r->route);
    log_str(&l, "dialect", r->dialect);
    log_str(&l, "provider", r->provider);
    log_str(&l, "model", r->model);
    log_int(&l, "status", r->status);
    if (r->kind) log_str(&l, "error_type", aigw_base_str(aigw_model_kind_name(r->kind)));
    log_bool(&l, "stream", r->stream);
    log_int(&l, "attempts", r->attempts);
    if (r->usage.has & AIGW_USAGE_INPUT) log_int(&l, "in_tokens", r->usage.input);
    if (r->usage.has & AIGW_USAGE_OUTPUT) log_int(&l, "out_tokens", r->usage.output);
    if (r->usage.has & AIGW_USAGE_CACHED) log_int(&l, "cached_tokens", r->usage.cached);
    log_policy(&l, r);
    log_str(&l, "user", r->user);
    log_str(&l, "why", r->why);
    log_losses(&l, "loss", r->loss);
    if (r->finish) log_str(&l, "finish", aigw_base_str(aigw_model_finish_name(r->finish)));
    log_int(&l, "t_read_us", r->t_read_us);
    log_int(&l, "t_admit_us", r->t_admit_us);
    log_int(&l, "t_queue_us", r->t_queue_us);
    log_int(&l, "t_connect_us", r->t_connect_us);
    log_int(&l, "t_first_us", r->t_first_us);
    log_int(&l, "t_stream_us", r->t_stream_us);
    log_int(&l, "t_write_us", r->t_write_us);
    log_int(&l, "ttft_ms", r->ttft_us < 0 ? -1 : r->ttft_us / 1000);
    log_int(&l, "dur_ms", r->dur_us < 0 ? -1 : r->dur_us / 1000);
    log_int(&l, "overhead_us", r->overhead_us);
    log_int(&l, "bytes_in", (int64_t)r->bytes_in);
    log_int(&l, "bytes_out", (int64_t)r->bytes_out);
    if (r->disconnect) log_bool(&l, "disconnect", 1);
    log_end(&l);
    log_warnings(g, r);
}

/* A probe that found something else than the one before: the others would say the same every few seconds. */
void log_probe(void *user, const aigw_probe_result *r) {
    const struct gateway *g = ((owner *)user)->g;
    log_line l;
    if (!r->changed || g->log_format == 'o') return;
    log_begin(g, &l, r->kind ? "warn" : "info", "probe");
    log_str(&l, "provider", r->provider->name);
    if (r->status) log_int(&l, "status", r->status);
    if (r->kind) {
        log_str(&l, "error_type", aigw_base_str(aigw_model_kind_name(r->kind)));
        log_str(&l, "why", aigw_base_str(r->text));
    }
    log_int(&l, "dur_ms", (int64_t)(r->dur_ns / 1000000));
    log_end(&l);
}

/* ---- what a user sees first */

#define CURL "curl -s%s http://127.0.0.1:%d/v1/chat/completions -H 'content-type: application/json' -d '{\"model\":\"%s\",%s\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'"

static size_t keys_line(const config *c, char *to, size_t cap) {
    size_t n = 0;
    int i;
    for (i = 0; i < c->n_found && n < cap; i++) n += (size_t)snprintf(to + n, cap - n, "%s%s", i ? ", " : "", c->found[i]);
    if (!c->n_found) n = (size_t)snprintf(to, cap, "none in the environment");
    return n < cap ? n : cap - 1;
}

static void banner_text(struct gateway *g, char *to, size_t cap) {
    const config *c = g->config;
    char keys[640];
    char model[64];
    aigw_str first = aigw_base_str(aigw_registry_route_of(&c->registry, aigw_base_str("auto")) ? "auto" : mock_models[0].id ? "mock/echo" : "MODEL");
    int p = g->port, n = 0;
    const aigw_registry_model *m;
    for (m = c->registry.models; m; m = m->next) n++;
    keys_line(c, keys, sizeof keys);
    if (!mock_models[0].id && c->registry.models) first = c->registry.models->target.name;
    snprintf(model, sizeof model, "%.*s", (int)first.n, first.p);
    snprintf(to, cap,
        "aigw " AIGW_VERSION " serves at http://127.0.0.1:%d  (the same as this in a browser; TLS to providers: %s)\n"
        "  OpenAI SDKs      base_url=\"http://127.0.0.1:%d/v1\"\n"
        "  Anthropic SDKs   base_url=\"http://127.0.0.1:%d\"\n"
        "  google-genai     http_options={\"base_url\": \"http://127.0.0.1:%d\"}\n"
        "  cohere, boto3    base_url=\"http://127.0.0.1:%d/cohere\", endpoint_url=\"http://127.0.0.1:%d/bedrock\"\n"
        "  mistralai        server_url=\"http://127.0.0.1:%d/mistral\"\n"
        "  ollama           OLLAMA_HOST=http://127.0.0.1:%d\n"
        "keys found: %s%s%s\n"
        "%d models, any of them from any SDK (GET /v1/models); also \"provider/model\". Try:\n"
        "  " CURL "\n"
        "streamed:\n"
        "  " CURL "\n"
        "next: %skeys OPENAI_API_KEY ANTHROPIC_API_KEY GEMINI_API_KEY, others: --help; --config FILE\n",
        p, tls_name[0] ? tls_name : "none, built without", p, p, p, p, p, p, p, keys, c->note[0] ? "; not available: " : "", c->note, n, "", p, model, "", "N", p, model, "\"stream\":true,",
        mock_models[0].id ? "models mock/tools mock/think mock/slow mock/429 mock/cut; " : "");
}

static void escape(aigw_out *o, aigw_str s) {
    size_t i;
    for (i = 0; i < s.n; i++) switch (s.p[i]) {
    case '<': aigw_base_put_lit(o, "&lt;"); break;
    case '>': aigw_base_put_lit(o, "&gt;"); break;
    case '&': aigw_base_put_lit(o, "&amp;"); break;
    case '"': aigw_base_put_lit(o, "&quot;"); break;
    default: aigw_base_put_byte(o, s.p[i]);
    }
}

static void page_row(aigw_out *o, aigw_str name, aigw_str provider, aigw_str what) {
    aigw_base_put_lit(o, "<tr><td><code>");
    escape(o, name);
    aigw_base_put_lit(o, "</code><td>");
    escape(o, provider);
    aigw_base_put_lit(o, "<td>");
    escape(o, what);
    aigw_base_put_lit(o, "\n");
}

static void page_write(struct gateway *g) {
    const aigw_registry_model *m;
    const aigw_registry_route *r;
    const struct mock_model *k;
    aigw_out o;
    banner_text(g, g->answer, sizeof g->answer);
    aigw_base_out_init(&o, g->page, sizeof g->page - 32, NULL, 0);
    aigw_base_put_lit(&o, "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>aigw</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}"
        "pre{background:#f4f4f4;padding:1rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}"
        "td,th{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #ddd;vertical-align:top}"
        "@media(prefers-color-scheme:dark){body{color:#ddd;background:#111}pre{background:#222}td,th{border-color:#333}}</style>"
        "<h1>aigw</h1><pre>");
    escape(&o, aigw_base_str(g->answer));
    aigw_base_put_lit(&o, "</pre><h2>Models</h2><table><tr><th>model<th>provider<th>\n");
    for (r = g->config->registry.routes; r && o.buf.n < sizeof g->page - 4000; r = r->next) page_row(&o, r->name, aigw_base_str("(route)"), aigw_base_str("the first of its models that answers"));
    for (k = mock_models; k->id; k++) {
        char name[64];
        snprintf(name, sizeof name, "mock/%s", k->id);
        page_row(&o, aigw_base_str(name), aigw_base_str("built in"), aigw_base_str(k->what));
    }
    for (m = g->config->registry.models; m && o.buf.n < sizeof g->page - 1000; m = m->next)
        if (!aigw_base_eq(m->target.provider, aigw_base_str("mock"))) page_row(&o, m->target.name, m->target.provider, m->provider && m->provider->off.n ? m->provider->off : aigw_base_str(""));
    aigw_base_put_lit(&o, m ? "</table><p>and more: GET /v1/models</html>\n" : "</table></html>\n");
    g->page[o.buf.n < sizeof g->page ? o.buf.n : 0] = 0;
}

/* ---- start, reload, end */

/* Which keys are looked for, by the library's table of families. */
static void keys_help(void) {
    const aigw_family *f;
    size_t i, column = 0;
    printf("keys looked for in the environment:");
    for (i = 0; (f = aigw_family_at(i)) != NULL; i++) {
        if (!f->url.n || !f->env.n) continue;
        if (column % 4 == 0) printf("\n ");
        column++;
        printf(" %.*s (%.*s)", (int)f->env.n, f->env.p, (int)f->name.n, f->name.p);
    }
    printf("\n");
}

static const char usage[] =
    "usage: gateway [--config FILE] [--registry FILE] [--listen HOST:PORT] [--check] [--log-format json|logfmt|off]\n"
    "  --config FILE        JSON with comments; without it providers come from keys in the environment, and `mock` is built in\n"
    "  --registry FILE      what is known of models, their abilities and prices, in place of what is built in (examples/gateway/models.json)\n"
    "  --listen HOST:PORT   default 127.0.0.1:8080; the next free port when it is taken; port 0: any\n"
    "  --check              read the configuration, complain with line and field, and exit (0 good, 1 not)\n"
    "SIGHUP reads the file again; running requests keep what they began with. SIGTERM stops when they are done, twice at once.\n";

/* What a hub is made of, as the configuration says; the rest of a configuration can change while it runs. */
static void hub_cfg(const config *c, aigw_hub_cfg *cfg) {
    /* a request takes five of the first as it begins, so that as many clients as there may be, each with half a request, leave room for others; a body of 32 MiB, and room; untouched pages cost nothing */
    static const uint32_t slabs[AIGW_HUB_SLABS][2] = { { 16384, 6 * MAX_CLIENTS }, { 262144, 64 }, { 4194304, 8 }, { 33 << 20, 4 } };
    const aigw_registry_route *route = c->registry.routes;
    int i;
    memset(cfg, 0, sizeof *cfg);
    for (i = 0; i < AIGW_HUB_SLABS; i++) cfg->slab[i].bytes = slabs[i][0], cfg->slab[i].count = slabs[i][1];
    cfg->names = 1024;
    cfg->counters = c->counters ? c->counters : HUB_COUNTERS;
    cfg->tenant_counters = c->tenants < 2 ? cfg->counters : cfg->counters / 4;
    cfg->queue = c->queue;
    cfg->breaker = c->breaker;
    cfg->retry = c->retry;
    while (route && route->cache.when <= AIGW_CACHE_OFF) route = route->next;
    cfg->cache_bytes = c->cache_bytes ? c->cache_bytes : !c->cache_said && route ? CACHE_BYTES : 0;
}

static int load(struct gateway *g) {
    aigw_hub_cfg cfg;
    config *c = g->config == &g->slot[0] ? &g->slot[1] : &g->slot[0];
    const char *why = NULL;
    if (g->config && aigw_hub_holds(&g->hub, &c->registry)) {      /* a request still uses the older one: later */
        const unsigned old = g->hub.slot[0].registry == &c->registry ? 0 : 1;
        if (g->reload == 1) fprintf(stderr, "gateway: SIGHUP: the file will be read when the last request of the configuration before has ended (%lu run)\n", (unsigned long)g->hub.slot[old].users);
        g->reload = 2;
        return 0;
    }
    g->reload = 0;
    if (config_load(c, g->file, g->known, stderr)) {
        fprintf(stderr, "gateway: the configuration was not taken%s\n", g->config ? "; the one in force stays" : "");
        return -1;
    }
    if (tls_name[0] && tls_start(c->ca_file[0] ? c->ca_file : NULL, &why) < 0) {
        fprintf(stderr, "gateway: TLS: %s\n", why ? why : "no trust store");
        if (c->ca_file[0]) return -1;
    }
    if (g->config && aigw_hub_swap(&g->hub, &c->registry)) return -1;
    g->config = c;
    hub_cfg(c, &cfg);
    if (g->port && (cfg.cache_bytes != g->cfg.cache_bytes || cfg.counters != g->cfg.counters || memcmp(&cfg.queue, &g->cfg.queue, sizeof cfg.queue) || memcmp(&cfg.breaker, &g->cfg.breaker, sizeof cfg.breaker) ||
                    memcmp(&cfg.retry, &g->cfg.retry, sizeof cfg.retry)))
        fprintf(stderr, "gateway: `queue`, `breaker`, `retry`, `counters` and the cache's `bytes` stay as they were until it is started anew\n");
    if (g->port) g->hub.counters.most = c->tenants < 2 ? g->cfg.counters : g->cfg.counters / 4;
    if (g->port) page_write(g);
    return 0;
}

static int listen_somewhere(struct gateway *g, const char *host, int port) {
    char why[128];
    int i;
    for (i = 0; i < 20; i++) {
        g->port = conn_listen(g, host, port ? port + i : 0, why, sizeof why);
        if (g->port > 0) return 0;
        fprintf(stderr, "gateway: %s:%d: %s%s\n", host, port ? port + i : 0, why, i < 19 && port ? "; trying the next port" : "");
        if (!port) break;
    }
    return -1;
}

static uint64_t entropy(void) {
    uint64_t v = 0;
    int fd = open("/dev/urandom", O_RDONLY);
    if (fd < 0 || read(fd, &v, sizeof v) != (ssize_t)sizeof v) v = (uint64_t)time(NULL) * 2654435761u ^ (uint64_t)getpid();
    if (fd >= 0) close(fd);
    return v;
}

static int arguments(struct gateway *g, int argc, char **argv, const char **listen_at, int *check, char *format) {
    int i;
    for (i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--check")) *check = 1;
        else if (!strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            keys_help();
            exit(0);
        } else if (!value) return -1;
        else if (!strcmp(argv[i], "--config")) g->file = argv[++i];
        else if (!strcmp(argv[i], "--registry")) g->known = argv[++i];
        else if (!strcmp(argv[i], "--listen")) *listen_at = argv[++i];
        else if (!strcmp(argv[i], "--log-format")) {
            *format = !strcmp(value, "json") ? 'j' : !strcmp(value, "logfmt") ? 'l' : !strcmp(value, "off") ? 'o' : 0;
            if (!*format) return -1;
            i++;
        } else return -1;
    }
    return 0;
}

static int start(struct gateway *g) {
    struct rlimit files;
    size_t hub_bytes;
    void *memory;
    hub_cfg(g->config, &g->cfg);
    g->cfg.seed = entropy();
    hub_bytes = aigw_hub_size(&g->cfg);
    memory = malloc(hub_bytes);
    g->cap_polls = MAX_CLIENTS + MAX_UPSTREAMS + MAX_NAMES + 1;
    if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < (rlim_t)g->cap_polls + 16) {      /* as many descriptors as there may be connections, where that is permitted */
        files.rlim_cur = files.rlim_max != RLIM_INFINITY && files.rlim_max < (rlim_t)g->cap_polls + 16 ? files.rlim_max : (rlim_t)g->cap_polls + 16;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    g->polls = (struct pollfd *)calloc((size_t)g->cap_polls, sizeof *g->polls);
    g->watches = (watch **)calloc((size_t)g->cap_polls, sizeof *g->watches);
    if (!memory || !g->polls || !g->watches || conn_init(g) || admin_init(g) || aigw_hub_init(&g->hub, &g->cfg, memory, hub_bytes)) {
        fprintf(stderr, "gateway: not enough memory\n");
        return -1;
    }
    conn_tokens(g);
    conn_probes(g);
    version_text(g);
    return aigw_hub_swap(&g->hub, &g->config->registry);
}

static void serve(struct gateway *g) {
    struct sigaction on;
    uint64_t until = AIGW_NEVER;
    memset(&on, 0, sizeof on);
    on.sa_handler = on_signal;
    sigaction(SIGTERM, &on, NULL);
    sigaction(SIGINT, &on, NULL);
    sigaction(SIGHUP, &on, NULL);
    signal(SIGPIPE, SIG_IGN);
    while (!(signals & 4)) {
        turn(g);
        if (signals & 2) {
            signals &= ~2;
            g->reload = 1;
        }
        if (g->reload && !load(g) && !g->reload) fprintf(stderr, "gateway: configuration read again\n");
        if (!(signals & 1)) continue;
        if (until == AIGW_NEVER) {
            conn_unlisten(g);
            g->hub.draining = 1;
            until = g->now.mono_ns + UINT64_C(30000000000);
        }
        conn_close_idle(g);
        if (!conn_busy(g) || g->now.mono_ns >= until) break;
    }
}

int main(int argc, char **argv) {
    static struct gateway g;
    const char *listen_at = NULL, *host;
    char text[160], *colon, format = 0;
    int check = 0, port;
    if (arguments(&g, argc, argv, &listen_at, &check, &format)) {
        fputs(usage, stderr);
        return 2;
    }
    read_clock(&g);
    g.slot[0].memory = (char *)malloc(CONFIG_BYTES);
    g.slot[1].memory = (char *)malloc(CONFIG_BYTES);
    g.slot[0].bytes = g.slot[1].bytes = CONFIG_BYTES;
    if (!g.slot[0].memory || !g.slot[1].memory || load(&g)) return 1;
    if (check) {
        printf("%s: good\n", g.file ? g.file : "configuration");
        return 0;
    }
    host = g.config->listen_host;
    port = g.config->listen_port;
    if (listen_at) {
        snprintf(text, sizeof text, "%s", listen_at);
        colon = strrchr(text, ':');
        if (!colon) {
            fputs(usage, stderr);
            return 2;
        }
        *colon = 0;
        port = atoi(colon + 1);
        host = text;
    }
    g.tty = isatty(2);
    g.log_format = format ? format : g.config->log_format ? g.config->log_format : g.tty ? 'l' : 'j';
    if (start(&g) || listen_somewhere(&g, host, port)) return 1;
    page_write(&g);
    fputs(g.answer, stdout);
    fflush(stdout);
    serve(&g);
    aigw_probe_release(&g.probes, g.now);
    aigw_token_release(&g.tokens);
    fprintf(stderr, "gateway: stopped\n");
    return 0;
}
