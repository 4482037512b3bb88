/* SPDX-License-Identifier: MIT OR Unlicense */
/* What the tests and the fuzz target of the cache share (LAWS_OK(law) is theirs): requests told apart by another writer, as JSON, and a store
   told what to do by bytes, beside a list that does the same by walking over everything. */
#ifndef CACHE_LAWS_H
#define CACHE_LAWS_H

/* ---- requests */

static int laws_rounded;                                      /* a number was met that double does not tell from its neighbours */

static inline void laws_str(aigw_out *o, const char *name, aigw_str s) {
    aigw_json_key(o, name);
    aigw_json_put_str(o, s);
}
static inline void laws_int(aigw_out *o, const char *name, int64_t v) {
    aigw_json_key(o, name);
    aigw_json_put_int(o, v);
}
static inline void laws_text(aigw_out *o, const char *name, aigw_text t, int form) {
    static unsigned char room[1 << 20];
    aigw_arena a = aigw_base_arena(room, sizeof room);
    aigw_str s;
    LAWS_OK(aigw_json_decode(t, &a, &s));
    laws_str(o, name, s);
    if (form && t.n && t.form == AIGW_TEXT_JSON) laws_int(o, "is_json", 1);
}
static inline void laws_number(aigw_out *o, const char *name, aigw_str s) {
    char text[64];
    double v;
    size_t digits = 0, some = 0;
    for (size_t i = 0; i < s.n && (s.p[i] | 0x20) != 'e'; i++) {
        digits += s.p[i] >= '0' && s.p[i] <= '9';
        some += s.p[i] >= '1' && s.p[i] <= '9';
    }
    snprintf(text, sizeof text, "%.*s", (int)(s.n < 60 ? s.n : 60), s.p);
    v = some ? strtod(text, NULL) : 0;
    laws_rounded |= some && (digits > 15 || s.n > 60 || !((v > 1e-300 && v < 1e300) || (v < -1e-300 && v > -1e300)));
    snprintf(text, sizeof text, "%.17g", v);
    laws_str(o, name, aigw_base_str(text));
}
static inline void laws_part(aigw_out *o, const aigw_part *p, const aigw_part *turn, int before, int *made) {
    const aigw_note *n;
    const aigw_part *c;
    int number = 0, k = before;
    aigw_text t = p->text;
    laws_int(o, "kind", p->kind);
    laws_str(o, "name", p->name);
    laws_str(o, "mime", p->mime);
    laws_str(o, "detail", p->detail);
    laws_int(o, "is_error", p->is_error);
    laws_int(o, "custom", p->custom);
    laws_int(o, "no_id", p->no_id);
    if (p->kind == AIGW_PART_IMAGE || p->kind == AIGW_PART_AUDIO || p->kind == AIGW_PART_FILE) laws_int(o, "source", p->source);
    if (p->no_id && p->kind == AIGW_PART_TOOL_CALL) number = ++*made;
    else if (p->no_id)
        for (c = turn; c && !number; c = c->next)
            if (c->kind == AIGW_PART_TOOL_CALL && c->no_id) {
                k++;
                if (aigw_base_eq(c->id, p->id)) number = k;
            }
    if (number) laws_int(o, "number", number);
    else laws_str(o, "id", p->id);
    if (p->kind == AIGW_PART_TOOL_CALL && !p->custom && !t.n) {
        t.p = "{}";
        t.n = 2;
        t.form = AIGW_TEXT_PLAIN;
    }
    laws_text(o, "text", t, p->kind != AIGW_PART_TOOL_CALL || p->custom);
    for (n = p->notes; n; n = n->next) {
        laws_int(o, "note", n->kind);
        laws_str(o, "dialect", n->dialect);
        laws_str(o, "json", n->json);
    }
}
static inline void laws_messages(aigw_out *o, const aigw_message *m) {
    const aigw_part *turn = NULL, *p, *q;
    int made = 0, before = 0;
    for (; m; m = m->next) {
        if (m->role == AIGW_ROLE_ASSISTANT) turn = m->parts, before = made;
        aigw_json_open(o, '{');
        laws_int(o, "role", m->role);
        laws_str(o, "name", m->name);
        for (p = m->parts; p; p = p->next) {
            aigw_json_key(o, "part");
            aigw_json_open(o, '{');
            laws_part(o, p, turn, before, &made);
            for (q = p->parts; q; q = q->next) {
                aigw_json_key(o, "part");
                aigw_json_open(o, '{');
                laws_part(o, q, turn, before, &made);
                aigw_json_close(o, '}');
            }
            aigw_json_close(o, '}');
        }
        aigw_json_close(o, '}');
    }
}
static inline void laws_items(aigw_out *o, const char *name, const aigw_item *i) {
    aigw_json_key(o, name);
    aigw_json_open(o, '[');
    for (; i; i = i->next) {
        aigw_json_open(o, '{');
        laws_text(o, "text", i->text, 1);
        aigw_json_close(o, '}');
    }
    aigw_json_close(o, ']');
}
static inline void laws_params(aigw_out *o, const aigw_req *req, int user) {
    static const uint8_t kinds[] = {
#define X(name, kind) AIGW_PARAM_##kind,
        AIGW_PARAM_LIST(X)
#undef X
    };
    for (int id = 0; id < AIGW_P_COUNT; id++) {
        const aigw_param *p = &req->param[id];
        if (!p->has || id == AIGW_P_STREAM || id == AIGW_P_STREAM_USAGE || (!user && (id == AIGW_P_USER || id == AIGW_P_SAFETY_ID))) continue;
        laws_int(o, "param", id);
        if (kinds[id] == AIGW_PARAM_NUM) laws_number(o, "number", p->raw);
        else if (kinds[id] == AIGW_PARAM_BOOL) laws_int(o, "bool", p->micro != 0);
        else laws_str(o, "word", p->raw);
    }
}
/* Everything of a request that alters its answer, by the words of the issue. */
static inline aigw_str laws_request(const aigw_req *req, int user, char *to, size_t cap) {
    static char path[8192];
    static const aigw_str beta = AIGW_STR("anthropic-beta");
    aigw_out o;
    aigw_base_out_init(&o, to, cap, NULL, 0);
    aigw_json_open(&o, '{');
    laws_int(&o, "op", req->op);
    laws_str(&o, "model", req->model);
    laws_int(&o, "generate", req->prompt);
    laws_messages(&o, req->messages);
    laws_items(&o, "inputs", req->inputs);
    for (const aigw_tool *t = req->tools; t; t = t->next) {
        laws_int(&o, "tool", t->kind);
        laws_str(&o, "name", t->name);
        laws_text(&o, "description", t->description, 0);
        laws_int(&o, "strict", t->strict);
        laws_int(&o, "openapi", t->openapi);
        laws_str(&o, "schema", t->schema);
    }
    laws_int(&o, "choice", req->choice);
    laws_int(&o, "checked", req->choice_checked);
    laws_items(&o, "choice_names", req->choice_names);
    laws_params(&o, req, user);
    laws_items(&o, "stop", req->stop);
    laws_int(&o, "format", req->format.kind);
    if (req->format.kind) {
        laws_str(&o, "name", req->format.name);
        laws_text(&o, "description", req->format.description, 0);
        if (req->format.kind == AIGW_FORMAT_SCHEMA) laws_int(&o, "strict", req->format.strict);
        laws_int(&o, "openapi", req->format.openapi);
        laws_str(&o, "schema", req->format.schema);
    }
    for (size_t i = 0; req->head && i < req->head->n; i++)
        if (aigw_base_eq_nocase(req->head->headers[i].name, beta)) laws_str(&o, "beta", req->head->headers[i].value);
    for (const aigw_raw *r = req->raw; r; r = r->next) {
        laws_str(&o, "dialect", req->dialect);
        if (req->body.n && r->at != AIGW_NOWHERE) {
            LAWS_OK(aigw_json_path(req->body, r->at, path, sizeof path) < sizeof path - 1);
            laws_str(&o, "path", aigw_base_str(path));
        }
        laws_str(&o, "name", r->name);
        laws_str(&o, "json", r->json);
    }
    aigw_json_close(&o, '}');
    LAWS_OK(o.buf.n <= cap);
    return aigw_base_out_str(&o);
}

/* ---- the store */

enum { LAWS_KEYS = 40, LAWS_LONGEST = 4096 };
typedef struct {
    uint8_t  live;
    uint64_t stored, fresh, stale, used;
    size_t   key_n, value_n, blocks, size;
    uint8_t  value, tag, prompt, tenant, target;              /* which */
} laws_entry;
typedef struct {
    laws_entry e[LAWS_KEYS];
    uint64_t now, seen, turn, evicted;
    size_t   block, blocks, used, entries, live, most;
} laws_store;

/* Text number `which` of length n: all of one kind have a common beginning. */
static inline aigw_str laws_pattern(char *to, char kind, unsigned which, size_t n) {
    aigw_str s;
    for (size_t i = 0; i < n; i++) to[i] = (char)(kind + (int)(i & 15));
    if (n) to[n - 1] = (char)which;
    s.p = to;
    s.n = n;
    return s;
}
/* Keys of lengths 1, 4, 13, 28, ... so that they end within blocks and at their ends. */
static inline size_t laws_key_n(unsigned k) { return (size_t)1 + k * k % 700 * 3; }
static inline aigw_str laws_name(char *to, char kind, unsigned which) { return laws_pattern(to, kind, which, which); }
static inline void laws_store_init(laws_store *s, const aigw_cache *c) {
    memset(s, 0, sizeof *s);
    s->block = c->cfg.block_bytes;
    s->blocks = c->blocks_n;
    s->entries = c->cfg.entries;
    s->most = c->cfg.entry_max;
}
static inline void laws_free(laws_store *s, laws_entry *e) {
    e->live = 0;
    s->used -= e->blocks;
    s->live--;
}
static inline int laws_put(laws_store *s, unsigned k, laws_entry want) {
    laws_entry *e = &s->e[k];
    want.blocks = want.size ? (want.size + s->block - 1) / s->block : 1;
    if (want.size > s->most || want.blocks > s->blocks) return AIGW_E_LIMIT;
    if (e->live) laws_free(s, e);
    while (s->used + want.blocks > s->blocks || s->live == s->entries) {
        laws_entry *old = NULL;
        for (int i = 0; i < LAWS_KEYS; i++) if (s->e[i].live && (!old || s->e[i].used < old->used)) old = &s->e[i];
        laws_free(s, old);
        s->evicted++;
    }
    *e = want;
    e->live = 1;
    e->used = ++s->turn;
    s->used += e->blocks;
    s->live++;
    return AIGW_OK;
}
static inline void laws_do_put(aigw_cache *c, laws_store *s, aigw_now now, unsigned k, const uint8_t b[6]) {
    static char key[LAWS_LONGEST], value[LAWS_LONGEST * 16], name[4][8];
    aigw_cache_put_cfg cfg;
    laws_entry e;
    memset(&cfg, 0, sizeof cfg);
    memset(&e, 0, sizeof e);
    e.tag = b[3] & 3;
    e.prompt = b[3] >> 2 & 3;
    e.tenant = b[3] >> 4 & 3;
    e.target = b[3] >> 6;
    cfg.target = laws_name(name[0], 'a', e.target);
    cfg.tag = laws_name(name[1], 'g', e.tag);
    cfg.prompt = laws_name(name[2], 'p', e.prompt);
    cfg.tenant = laws_name(name[3], 't', e.tenant);
    cfg.ttl_s = b[4] & 15;
    cfg.stale_s = b[4] >> 4 == 15 ? UINT32_MAX : b[4] >> 4;
    e.key_n = laws_key_n(k);
    e.value_n = (size_t)b[2] * (b[5] & 31) / 8;
    e.value = b[5];
    e.size = e.key_n + e.value_n + cfg.target.n + cfg.tag.n + cfg.prompt.n + cfg.tenant.n;
    e.stored = s->seen;
    e.fresh = s->seen + (cfg.ttl_s ? cfg.ttl_s : 3600) * UINT64_C(1000000000);
    e.stale = e.fresh + (cfg.stale_s == UINT32_MAX ? 0 : cfg.stale_s ? cfg.stale_s : 86400) * UINT64_C(1000000000);
    LAWS_OK(aigw_cache_put(c, now, laws_pattern(key, 'k', k, e.key_n), laws_pattern(value, 'v', e.value, e.value_n), &cfg) == laws_put(s, k, e));
}
static inline void laws_do_get(aigw_cache *c, laws_store *s, aigw_now now, unsigned k, int stale) {
    static char key[LAWS_LONGEST], value[LAWS_LONGEST * 16], name[8];
    laws_entry *e = &s->e[k];
    aigw_cache_hit hit;
    const int want = e->live && s->seen < (stale ? e->stale : e->fresh);
    char *got;
    LAWS_OK(aigw_cache_get(c, now, laws_pattern(key, 'k', k, laws_key_n(k)), stale, &hit) == want);
    if (!want) return;
    e->used = ++s->turn;
    LAWS_OK(hit.size == e->value_n && hit.stale == (s->seen >= e->fresh) && hit.age_s == (s->seen - e->stored) / 1000000000);
    LAWS_OK(aigw_base_eq(hit.target, laws_name(name, 'a', e->target)));
    got = (char *)malloc(hit.size + (hit.size == 0));
    aigw_cache_copy(c, &hit, got);
    LAWS_OK(!hit.size || !memcmp(got, laws_pattern(value, 'v', e->value, e->value_n).p, hit.size));
    free(got);
}
static inline void laws_do_purge(aigw_cache *c, laws_store *s, unsigned what) {
    char name[3][8];
    unsigned tag = what & 3, prompt = what >> 2 & 3, tenant = what >> 4 & 3, n = 0;
    for (int i = 0; i < LAWS_KEYS; i++) {
        laws_entry *e = &s->e[i];
        if (!e->live || (tag && e->tag != tag) || (prompt && e->prompt != prompt) || (tenant && e->tenant != tenant)) continue;
        laws_free(s, e);
        n++;
    }
    LAWS_OK(aigw_cache_purge(c, laws_name(name[0], 'g', tag), laws_name(name[1], 'p', prompt), laws_name(name[2], 't', tenant)) == n);
}
/* One operation, told by six bytes, in both. */
static inline void laws_step(aigw_cache *c, laws_store *s, const uint8_t b[6]) {
    static char key[LAWS_LONGEST];
    const unsigned k = b[1] % LAWS_KEYS;
    size_t bytes = 0;
    aigw_now now;
    now.wall_s = 0;
    s->now += b[0] >> 4 == 15 ? 0 - (uint64_t)b[5] * 10000000 : (uint64_t)(b[0] >> 4) * 30000000;
    if (s->now > UINT64_MAX / 2) s->now = 0;
    if (s->now > s->seen) s->seen = s->now;
    now.mono_ns = s->now;
    switch (b[0] & 15) {
    case 0: laws_do_purge(c, s, b[2] & 1 ? b[3] & 0x3F : b[3] & 3); s->seen = c->seen_ns; break;
    case 1:
        aigw_cache_drop(c, laws_pattern(key, 'k', k, laws_key_n(k)));
        if (s->e[k].live) laws_free(s, &s->e[k]);
        s->seen = c->seen_ns;
        break;
    case 2: case 3: case 4: case 5: laws_do_put(c, s, now, k, b); break;
    case 6: case 7: case 8: laws_do_get(c, s, now, k, 1); break;
    default: laws_do_get(c, s, now, k, 0);
    }
    for (int i = 0; i < LAWS_KEYS; i++) if (s->e[i].live) bytes += s->e[i].size;
    LAWS_OK(c->entries_n == s->live && c->free_n == s->blocks - s->used && c->bytes == bytes && c->evicted == s->evicted);
}
#endif
