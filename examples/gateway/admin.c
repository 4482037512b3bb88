/* SPDX-License-Identifier: MIT OR Unlicense */
/* admin.c: the decision records of the last requests, for GET /admin/requests/{id}, and POST /admin/cache/purge. Knows who may read and drop what; not how a decision is taken, nor how
   its record is written. */
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

/* The value of a member of the query, percent-decoded to `to`; empty: it is not there. */
static aigw_str query(aigw_str target, const char *name, char *to, size_t cap) {
    const size_t n = strlen(name);
    aigw_str v = { NULL, 0 };
    size_t at = aigw_base_find(target, aigw_base_str("?"), 0), end, k = 0;
    for (; at < target.n; at = end) {
        end = aigw_base_find(target, aigw_base_str("&"), at + 1);
        if (end - at <= n + 1 || memcmp(target.p + at + 1, name, n) || target.p[at + 1 + n] != '=') continue;
        for (at += n + 2; at < end && k < cap; at++) {
            unsigned c = (unsigned char)target.p[at];
            char hex[3] = { 0, 0, 0 };
            if (c == '%' && at + 2 < end) {
                memcpy(hex, target.p + at + 1, 2);
                c = (unsigned)strtoul(hex, NULL, 16);
                at += 2;
            } else if (c == '+') c = ' ';
            to[k++] = (char)c;
        }
        v.p = to;
        v.n = k;
        break;
    }
    return v;
}

int admin_purge(client *c, aigw_str target, const key_who *who, aigw_exchange_reply *r) {
    char tag[256], prompt[256], tenant[256];
    aigw_str of = query(target, "tenant", tenant, sizeof tenant);
    unsigned long dropped = 0;
    if (who && of.n && !aigw_base_eq(of, who->defaults.dim[AIGW_DIM_TENANT])) return refuse(r, AIGW_KIND_PERMISSION, "a tenant may drop its own answers only.", "Leave the tenant out.");
    if (who) of = who->defaults.dim[AIGW_DIM_TENANT];
    if (c->o.g->cfg.cache_bytes) dropped = aigw_cache_purge(&c->o.g->hub.cache, query(target, "tag", tag, sizeof tag), query(target, "prompt", prompt, sizeof prompt), of);
    if (!c->admin) c->admin = (char *)malloc(64);
    if (!c->admin) return refuse(r, AIGW_KIND_BUSY, "no memory is left.", "");
    r->status = 200;
    r->type = aigw_base_str("application/json");
    r->body.p = c->admin;
    r->body.n = (size_t)snprintf(c->admin, 64, "{\"dropped\":%lu}", dropped);
    return 1;
}
