/* SPDX-License-Identifier: MIT OR Unlicense */
/* admin.c: the decision records of the last requests, for GET /admin/requests/{id}; POST /admin/cache/purge; counters of limits and budgets, shown and corrected. Knows who may read and drop
   what; not how a decision is taken, how its record is written, nor how is counted. */
#include "gateway.h"
#include <stdlib.h>
#include <string.h>

#define KEPT 64
typedef struct {
    char   id[132], tenant[128], text[16384];
    size_t id_n, tenant_n, text_n;         /* text_n 0: nothing */
} kept;
struct admin { unsigned next; kept of[KEPT]; };

int admin_init(struct gateway *g) {
    g->admin = (struct admin *)calloc(1, sizeof *g->admin);
    return g->admin ? 0 : -1;
}

void admin_record(client *c, const aigw_exchange_record *r) {
    struct admin *a = c->o.g->admin;
    kept *k = &a->of[a->next % KEPT];
    const aigw_str tenant = r->who.dim[AIGW_DIM_TENANT];
    aigw_out o;
    free(c->admin);
    c->admin = NULL;
    if (!r->decision || r->request_id.n > sizeof k->id || tenant.n > sizeof k->tenant) return;
    aigw_base_out_init(&o, k->text, sizeof k->text, NULL, 0);
    k->text_n = aigw_router_encode(r->decision, &o) ? 0 : o.buf.n;
    k->id_n = r->request_id.n;
    k->tenant_n = tenant.n;
    memcpy(k->id, r->request_id.p, k->id_n);
    if (tenant.n) memcpy(k->tenant, tenant.p, tenant.n);
    a->next++;
}

/* Clients may choose ids, and twice the same: the newest counts. */
static const kept *find(const struct admin *a, aigw_str id, aigw_str tenant) {
    unsigned i;
    for (i = 1; i <= KEPT && i <= a->next; i++) {
        const kept *k = &a->of[(a->next - i) % KEPT];
        if (k->text_n && k->id_n == id.n && k->tenant_n == tenant.n && !memcmp(k->id, id.p, id.n) && (!tenant.n || !memcmp(k->tenant, tenant.p, tenant.n))) return k;
    }
    return NULL;
}

int admin_request(client *c, aigw_str path, const key_who *who, aigw_exchange_reply *r) {
    static const aigw_str before = AIGW_STR("/admin/requests/"), none = AIGW_STR("");
    const kept *k;
    path.p += before.n;
    path.n -= before.n;
    k = find(c->o.g->admin, path, who ? who->defaults.dim[AIGW_DIM_TENANT] : none);
    if (k && !c->admin && (c->admin = (char *)malloc(k->text_n)) != NULL) {      /* a copy: the next requests may take its place before the client has read it */
        memcpy(c->admin, k->text, k->text_n);
        r->status = 200;
        r->type = aigw_base_str("application/json");
        r->body.p = c->admin;
        r->body.n = k->text_n;
        return 1;
    }
    return refuse(r, AIGW_KIND_NOT_FOUND, "no decision record has that id, or it is another tenant's, or too old.", "The id is in the header x-request-id; the last 64 are kept.");
}

/* Percent-decoded to `to`; in a query '+' is a space. */
static aigw_str decoded(aigw_str s, int plus, char *to, size_t cap) {
    aigw_str v;
    size_t at, k = 0;
    for (at = 0; at < s.n && k < cap; at++) {
        unsigned c = (unsigned char)s.p[at];
        char hex[3] = { 0, 0, 0 };
        if (c == '%' && at + 2 < s.n) {
            memcpy(hex, s.p + at + 1, 2);
            c = (unsigned)strtoul(hex, NULL, 16);
            at += 2;
        } else if (plus && c == '+') c = ' ';
        to[k++] = (char)c;
    }
    v.p = to;
    v.n = k;
    return v;
}
/* The value of a member of the query, percent-decoded to `to`; empty: it is not there. */
static aigw_str query(aigw_str target, const char *name, char *to, size_t cap) {
    const size_t n = strlen(name);
    aigw_str v = { NULL, 0 };
    size_t at = aigw_base_find(target, aigw_base_str("?"), 0), end;
    for (; at < target.n; at = end) {
        end = aigw_base_find(target, aigw_base_str("&"), at + 1);
        if (end - at <= n + 1 || memcmp(target.p + at + 1, name, n) || target.p[at + 1 + n] != '=') continue;
        v.p = target.p + at + n + 2;
        v.n = end - at - n - 2;
        return decoded(v, 1, to, cap);
    }
    return v;
}

/* Memory for an answer: 1, or 0 and a refusal in *r. */
static int admin_room(client *c, size_t n, aigw_exchange_reply *r) {
    free(c->admin);
    c->admin = (char *)malloc(n);
    if (!c->admin) refuse(r, AIGW_KIND_BUSY, "no memory is left.", "");
    return c->admin != NULL;
}
static int admin_json(client *c, aigw_out *o, aigw_exchange_reply *r) {
    if (aigw_base_out_end(o)) return refuse(r, AIGW_KIND_INTERNAL, "the answer does not fit.", "");
    r->status = 200;
    r->type = aigw_base_str("application/json");
    r->body.p = c->admin;
    r->body.n = o->buf.n;
    return 1;
}
/* A refusal in words of its own: what, then a name, then rest. */
static int admin_refuse(client *c, int kind, const char *what, aigw_str name, const char *rest, const char *advice, aigw_exchange_reply *r) {
    if (!admin_room(c, 512, r)) return 1;
    snprintf(c->admin, 512, "%s%.*s%s", what, (int)(name.n < 200 ? name.n : 200), name.n ? name.p : "", rest);
    return refuse(r, kind, c->admin, advice);
}

/* What is wrong with the parameter *name of a purge: a word that is misread would drop everything. NULL: nothing. */
static const char *purge_wrong(aigw_str target, aigw_str *name) {
    static const char *const names[] = { "tag", "prompt", "tenant" };
    char text[AIGW_EXCHANGE_NAME + 1];
    aigw_str value;
    size_t at = aigw_base_find(target, aigw_base_str("?"), 0), end;
    unsigned seen = 0, i;
    for (; at + 1 < target.n; at = end) {
        end = aigw_base_find(target, aigw_base_str("&"), at + 1);
        value.p = target.p + at + 1;
        value.n = end - at - 1;
        *name = value;
        name->n = aigw_base_find(value, aigw_base_str("="), 0);
        value.p += name->n;
        value.n -= name->n;
        for (i = 0; i < 3 && !aigw_base_eq(*name, aigw_base_str(names[i])); i++) {}
        if (i == 3) return ": there is no such parameter.";
        if (seen >> i & 1) return ": stands twice.";
        if (value.n < 2) return ": is empty.";
        value.p++;
        value.n--;
        if (decoded(value, 1, text, sizeof text).n > AIGW_EXCHANGE_NAME) return ": is longer than 255 bytes.";
        seen |= 1u << i;
    }
    return NULL;
}

int admin_purge(client *c, aigw_str target, const key_who *who, aigw_exchange_reply *r) {
    char tag[256], prompt[256], tenant[256];
    aigw_str name = { NULL, 0 }, of = query(target, "tenant", tenant, sizeof tenant);
    const char *wrong = purge_wrong(target, &name);
    unsigned long dropped = 0;
    if (wrong) return admin_refuse(c, AIGW_KIND_INVALID_REQUEST, "", name, wrong, "A purge takes tag, prompt and tenant; without any it drops all.", r);
    if (who && of.n && !aigw_base_eq(of, who->defaults.dim[AIGW_DIM_TENANT])) return refuse(r, AIGW_KIND_PERMISSION, "a tenant may drop its own answers only.", "Leave the tenant out.");
    if (who) of = who->defaults.dim[AIGW_DIM_TENANT];
    if (c->o.g->cfg.cache_bytes) dropped = aigw_cache_purge(&c->o.g->hub.cache, query(target, "tag", tag, sizeof tag), query(target, "prompt", prompt, sizeof prompt), of);
    if (!admin_room(c, 64, r)) return 1;
    r->status = 200;
    r->type = aigw_base_str("application/json");
    r->body.p = c->admin;
    r->body.n = (size_t)snprintf(c->admin, 64, "{\"dropped\":%lu}", dropped);
    return 1;
}

/* ---- counters of limits and budgets */

enum { PAGE = 100 };                       /* most of one answer */

static int begins(aigw_str s, aigw_str with) { return s.n >= with.n && (!with.n || !memcmp(s.p, with.p, with.n)); }
static int order(aigw_str a, aigw_str b) {
    const int d = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return d ? d : a.n < b.n ? -1 : a.n > b.n;
}
static aigw_str name_of(const aigw_store_slot *s) {
    aigw_str v;
    v.p = s->key;
    v.n = s->key_n;
    return v;
}

/* Is a counter this tenant's alone: "usd.day|tenant=NAME|...", "usd.day|_other|NAME"? In `_other` names are as they are. */
static int its_own(aigw_str key, aigw_str tenant) {
    char text[AIGW_STORE_KEY];
    aigw_out o;
    aigw_str rest, part;
    const size_t at = aigw_base_find(key, aigw_base_str("|"), 0);
    if (at == key.n) return 0;
    rest.p = key.p + at;
    rest.n = key.n - at;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    aigw_base_put_lit(&o, "|_other|");
    aigw_base_put(&o, tenant);
    if (aigw_base_out_end(&o) == AIGW_OK && aigw_base_eq(rest, aigw_base_out_str(&o))) return 1;
    aigw_base_out_init(&o, text, sizeof text, NULL, 0);
    aigw_account_put_subject(&o, AIGW_DIM_TENANT, tenant);
    if (aigw_base_out_end(&o)) return 0;
    part = aigw_base_out_str(&o);
    return begins(rest, part) && (rest.n == part.n || rest.p[part.n] == '|');
}

static void put_usd(aigw_out *o, const char *key, int64_t nusd) {
    char text[32];
    aigw_out v;
    aigw_base_out_init(&v, text, sizeof text, NULL, 0);
    aigw_base_put_nano(&v, nusd);
    aigw_json_key(o, key);
    aigw_json_put_str(o, aigw_base_out_str(&v));
}
static void put_int(aigw_out *o, const char *key, int64_t v) {
    aigw_json_key(o, key);
    aigw_json_put_int(o, v);
}
static void put_time(aigw_out *o, const char *key, int64_t wall_s) {
    char text[32];
    aigw_out v;
    aigw_base_out_init(&v, text, sizeof text, NULL, 0);
    aigw_base_put_date(&v, wall_s);
    aigw_json_key(o, key);
    aigw_json_put_str(o, aigw_base_out_str(&v));
}

/* A GET or PUT of one counter where it is kept. This gateway keeps them in memory: it is answered at once. */
static int call(struct gateway *g, int verb, aigw_store_counter *c) {
    aigw_hub_call ask;
    int r;
    memset(&ask, 0, sizeof ask);
    ask.op.verb = (uint8_t)verb;
    ask.op.n = 1;
    ask.op.counters = c;
    r = aigw_hub_call_begin(&g->hub, &ask);
    aigw_hub_call_end(&ask);
    return r;
}

/* Is a counter this budget's: its period, what `by` and `when` name and nothing else, and as `when` says? */
static int counted_by(const aigw_registry_budget *b, aigw_str key) {
    static const char *const periods[] = { "usd.total", "usd.hour", "usd.day", "usd.week", "usd.month" };      /* by AIGW_PERIOD_* */
    char text[AIGW_STORE_KEY];
    size_t n = aigw_base_find(key, aigw_base_str("|"), 0);
    aigw_str part = key;
    aigw_out o;
    int d;
    part.n = n;
    if (!aigw_base_eq(part, aigw_base_str(periods[b->period]))) return 0;
    for (d = 0; d < AIGW_DIM_COUNT; d++) {
        if (!(b->by >> d & 1) && !b->when.dim[d].n) continue;
        key.p += n;
        key.n -= n;
        n = key.n ? aigw_base_find(key, aigw_base_str("|"), 1) : 0;
        aigw_base_out_init(&o, text, sizeof text, NULL, 0);
        aigw_account_put_subject(&o, d, b->when.dim[d]);
        if (aigw_base_out_end(&o) || !begins(key, aigw_base_out_str(&o)) || (b->when.dim[d].n && n != o.buf.n)) return 0;
    }
    return n == key.n;
}
/* The cap that the configuration in force has for a counter, not the one of the last request that touched it; the lowest counts. -1: none has. `_other`, and names that were cut: as they stand. */
static int64_t cap_of(const struct gateway *g, const aigw_store_counter *c) {
    const aigw_registry_budget *b;
    int64_t cap = -1;
    if (c->key.n == AIGW_STORE_KEY || aigw_base_find(c->key, aigw_base_str("|_other"), 0) < c->key.n) return c->money.cap_nusd;
    for (b = g->config->registry.budgets; b; b = b->next)
        if ((cap < 0 || b->cap_nusd < cap) && counted_by(b, c->key)) cap = b->cap_nusd;
    return cap;
}

static void counter_write(struct gateway *g, const aigw_store_slot *s, aigw_out *o) {
    static const char *const kinds[] = { "rate", "concurrent", "money" };
    aigw_store_counter c = aigw_store_counter_of(s);
    uint64_t full = 0;
    const int known = call(g, AIGW_STORE_GET, &c) == AIGW_OK;
    const int64_t cap = c.kind == AIGW_COUNTER_MONEY ? cap_of(g, &c) : 0;
    aigw_json_open(o, '{');
    aigw_json_key(o, "name");
    aigw_json_put_str(o, c.key);
    aigw_json_key(o, "kind");
    aigw_json_put_str(o, aigw_base_str(kinds[c.kind]));
    if (c.kind == AIGW_COUNTER_MONEY && known) {
        put_usd(o, "spent_usd", c.spent_nusd);
        put_usd(o, "reserved_usd", c.reserved_nusd);
        put_int(o, "running", c.running);
        if (cap >= 0) put_usd(o, "left_usd", cap > c.spent_nusd && cap - c.spent_nusd > c.reserved_nusd ? cap - c.spent_nusd - c.reserved_nusd : 0);
        if (cap >= 0) put_usd(o, "cap_usd", cap);
        else aigw_json_key(o, "in_force"), aigw_json_put_bool(o, 0);
        if (c.money.period != AIGW_PERIOD_TOTAL) put_time(o, "resets_at", aigw_budget_reset(c.money.period, g->now.wall_s));
    } else if (c.kind == AIGW_COUNTER_RATE) {
        put_int(o, "left", c.left);
        put_int(o, "limit", c.rate.limit);
        (void)aigw_bucket_left(&s->of.rate.bucket, &c.rate, g->now, &full);
        if (g->now.wall_s > 0) put_time(o, "resets_at", g->now.wall_s + (int64_t)(full / 1000000000u) + (full % 1000000000u != 0));
    } else if (c.kind == AIGW_COUNTER_GAUGE) {
        put_int(o, "running", c.running);
        put_int(o, "left", c.left);
        put_int(o, "limit", c.most);
    }
    aigw_json_close(o, '}');
}

int admin_counters(client *c, aigw_str target, const key_who *who, aigw_exchange_reply *r) {
    struct gateway *g = c->o.g;
    const aigw_store_slot *page[PAGE + 1];
    char key_text[AIGW_STORE_KEY], after_text[AIGW_STORE_KEY], limit_text[16];
    const aigw_str key = query(target, "key", key_text, sizeof key_text), after = query(target, "after", after_text, sizeof after_text), limit = query(target, "limit", limit_text, sizeof limit_text - 1);
    const size_t cap = PAGE * (6 * AIGW_STORE_KEY + 320) + 2048;       /* every name at its longest, and escaped */
    size_t n = 0, most = PAGE, i, k;
    aigw_out o;
    if (limit.n) {
        char *end;
        limit_text[limit.n] = 0;
        most = (size_t)strtoul(limit_text, &end, 10);
        if (*end || limit_text[0] < '0' || limit_text[0] > '9' || !most || most > PAGE) return refuse(r, AIGW_KIND_INVALID_REQUEST, "limit: must be a number from 1 to 100.", "");
    }
    for (i = 0; i < g->hub.counters.n; i++) {                           /* the first of them by name, and one more */
        const aigw_store_slot *s = &g->hub.counters.slots[i];
        const aigw_str name = name_of(s);
        if (!s->used || !begins(name, key) || (after.n && order(name, after) <= 0)) continue;
        if (who && !who->admin && !its_own(name, who->defaults.dim[AIGW_DIM_TENANT])) continue;
        for (k = n; k && order(name, name_of(page[k - 1])) < 0; k--)
            if (k <= most) page[k] = page[k - 1];
        if (k > most) continue;
        page[k] = s;
        n += n <= most;
    }
    if (!admin_room(c, cap, r)) return 1;
    aigw_base_out_init(&o, c->admin, cap, NULL, 0);
    aigw_json_open(&o, '{');
    aigw_json_key(&o, "counters");
    aigw_json_open(&o, '[');
    for (i = 0; i < n && i < most; i++) counter_write(g, page[i], &o);
    aigw_json_close(&o, ']');
    if (n > most) {
        aigw_json_key(&o, "next");                                      /* for `after` */
        aigw_json_put_str(&o, name_of(page[most - 1]));
    }
    aigw_json_close(&o, '}');
    return admin_json(c, &o, r);
}

/* {"spent_usd": "0.25"}, {"used": 5} or {"running": 0}, as the kind of the counter is. 1, or 0 with a refusal. */
static int correction_read(client *c, aigw_str body, int kind, int64_t *to, aigw_exchange_reply *r) {
    static const aigw_str names[] = { AIGW_STR("used"), AIGW_STR("running"), AIGW_STR("spent_usd") };       /* by AIGW_COUNTER_* */
    static const char *const kinds[] = { "a rate, which takes `used`", "of what runs at once, which takes `running`", "of money, which takes `spent_usd`" };
    const aigw_str none = AIGW_STR("");
    char text[64], why[160];
    aigw_arena mem = aigw_base_arena(text, sizeof text);
    aigw_json j;
    aigw_str v = none, bad = none;
    uint64_t seen = 0;
    int f, good = 0;
    aigw_json_init(&j, body);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, names, 3, &seen)) >= 0; ) {
        if (f != kind) {
            bad = f < 3 ? names[f] : j.key;
            snprintf(why, sizeof why, ": this counter is %s.", kinds[kind]);
            admin_refuse(c, AIGW_KIND_INVALID_REQUEST, "", bad, why, "", r);
            return 0;
        }
        if (kind == AIGW_COUNTER_MONEY) good = aigw_json_kind(&j) == AIGW_JSON_STRING && aigw_json_str(&j, &mem, &v) && aigw_base_nano(v, to) == 1 && *to >= 0;
        else good = aigw_json_kind(&j) == AIGW_JSON_NUMBER && aigw_json_int(&j, to) && *to >= 0;
        if (good || (j.err && j.err != AIGW_E_VALUE && j.err != AIGW_E_NOMEM)) continue;
        admin_refuse(c, AIGW_KIND_INVALID_REQUEST, "", names[kind], kind == AIGW_COUNTER_MONEY ? ": must be US dollars as text, at least 0, such as \"1.50\"." : ": must be a whole number, at least 0.", "", r);
        return 0;
    }
    if (j.err == AIGW_E_DUPLICATE) {
        admin_refuse(c, AIGW_KIND_INVALID_REQUEST, "", names[kind], ": this member occurs twice.", "", r);
        return 0;
    }
    if (aigw_json_end(&j)) {
        snprintf(why, sizeof why, "the body, at byte %lu: %s", (unsigned long)aigw_json_at(&j), j.why);
        admin_refuse(c, AIGW_KIND_INVALID_REQUEST, why, none, "", "", r);
        return 0;
    }
    if (good) return 1;
    snprintf(why, sizeof why, ": is missing: this counter is %s.", kinds[kind]);
    admin_refuse(c, AIGW_KIND_INVALID_REQUEST, "", names[kind], why, "", r);
    return 0;
}

int admin_correct(client *c, aigw_str target, aigw_str body, const key_who *who, aigw_exchange_reply *r) {
    static const aigw_str before = AIGW_STR("/admin/counters/");
    struct gateway *g = c->o.g;
    char name_text[AIGW_STORE_KEY + 1], line[AIGW_STORE_KEY + 160], was[32], is[32];
    const aigw_store_slot *s;
    aigw_store_counter counter;
    aigw_str name;
    aigw_out o;
    int64_t stood[2];
    int i, result;
    name.p = target.p + before.n;
    name.n = aigw_base_find(target, aigw_base_str("?"), 0) - before.n;
    name = decoded(name, 0, name_text, sizeof name_text);
    s = name.n <= AIGW_STORE_KEY ? aigw_store_slot_of(&g->hub.counters, name) : NULL;
    if (!s) return admin_refuse(c, AIGW_KIND_NOT_FOUND, "there is no counter ", name, "", "GET /admin/counters lists them; one is there once something was counted.", r);
    counter = aigw_store_counter_of(s);
    if (!correction_read(c, body, counter.kind, &counter.used, r)) return 1;
    for (i = 0; i < 2; i++) {
        result = call(g, i ? AIGW_STORE_PUT : AIGW_STORE_GET, &counter);
        if (result) return admin_refuse(c, AIGW_KIND_BUSY, "the counter cannot be corrected now: ", aigw_base_str(result == AIGW_E_CLOCK ? "the gateway's clock is not set" : "it cannot be reached"), "", "Look at it, and try again.", r);
        stood[i] = counter.kind == AIGW_COUNTER_MONEY ? counter.spent_nusd : counter.kind == AIGW_COUNTER_GAUGE ? (int64_t)counter.running : counter.left;
    }
    for (i = 0; i < 2; i++) {
        aigw_base_out_init(&o, i ? is : was, sizeof was - 1, NULL, 0);
        if (counter.kind == AIGW_COUNTER_MONEY) aigw_base_put_nano(&o, stood[i]);
        else aigw_base_put_int(&o, stood[i]);
        (i ? is : was)[o.buf.n < sizeof was - 1 ? o.buf.n : sizeof was - 1] = 0;
    }
    snprintf(line, sizeof line, "counter %.*s is corrected: %s %s, it was %s", (int)name.n, name.p, counter.kind == AIGW_COUNTER_MONEY ? "spent_usd" : counter.kind == AIGW_COUNTER_GAUGE ? "running" : "left", is, was);
    log_audit(c, who, line);
    if (!admin_room(c, 6 * AIGW_STORE_KEY + 1024, r)) return 1;
    aigw_base_out_init(&o, c->admin, 6 * AIGW_STORE_KEY + 1024, NULL, 0);
    counter_write(g, s, &o);
    return admin_json(c, &o, r);
}
