/* SPDX-License-Identifier: MIT OR Unlicense */
/* The policies as a user meets them: limits, budgets, circuits, retries, hedges, degrading, queue and cache, through the exchange, in virtual time. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

/* ---- a world of several clients and of providers that answer by a rule */

#define CLIENTS 40
#define SECOND UINT64_C(1000000000)
typedef struct {
    const char *name;
    int status;                    /* 0: the connection is refused; -1: it never answers; -2: reset after the request; -3: cut in mid answer; -4: silent from there on */
    const char *headers;           /* more header lines of its answers */
    const char *error;             /* what an error of it says; NULL: "no" */
    uint64_t delay_ns;             /* until the first byte */
    int in, out;                   /* tokens that it counts */
    int dead;                      /* so many connections were used before, and end when the request is there */
    int half;                      /* of the usage it says: 1 input only, 2 output only; 3: as large as can be written */
    int silent;                    /* a stream whose beginning says nothing */
    int early_error;               /* a stream: an error after the first piece of text */
    const char *complaint;         /* the error object that it answers with: of a status, in a 200, or early_error's; NULL: its own words */
    const char *finish;            /* why it ended; NULL: "stop" */
    const char *tier;              /* the service tier that its answers name; NULL: none */
    int drawn;                     /* tokens of `out` that are pictures */
    unsigned asked;                /* requests that it got */
    char body[4096];               /* the last one */
} provider;
typedef struct { provider *p; char request[8192]; size_t n; char answer[4096]; size_t at, len; uint64_t ready; int open, reset, dying; } link_;
typedef struct client {
    aigw_exchange x;
    link_ up[AIGW_EXCHANGE_CONNS];
    char out[32768];
    size_t out_n, in_at, in_n;
    char in[4096];
    int used, done, records, left, deaf;
    aigw_exchange_record record;
    char why[256], loss[200], degraded[80], provider[32], model[32], alert[AIGW_ACCOUNT_ALERTS * (AIGW_STORE_KEY + 8)], tenant_said[32], said[200];
    uint64_t began, ended;
    const char *tenant;
} client;
static struct {
    aigw_hub hub;
    aigw_registry registry;
    aigw_arena mem;
    aigw_now now;
    client c[CLIENTS];
    provider p[4];
    aigw_hub_cfg cfg;
    char decision[16384];
    size_t decision_n;
} g;
static char memory[48 << 20];
static unsigned tries_n;           /* of the last decision */
static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };

static provider *provider_of(aigw_str name) {
    for (size_t i = 0; i < T_COUNT(g.p); i++)
        if (g.p[i].name && aigw_base_eq(name, aigw_base_str(g.p[i].name))) return &g.p[i];
    return NULL;
}
static int up_connect(void *user, int conn, const aigw_registry_provider *p) {
    link_ *l = &((client *)user)->up[conn];
    memset(l, 0, sizeof *l);
    l->p = provider_of(p->name);
    if (!l->p || !l->p->status) return AIGW_IO_KIND(AIGW_KIND_CONNECT);
    l->open = 1;
    if (!l->p->dead) return 0;
    l->p->dead--;
    l->dying = 1;
    return 1;
}
static int wants_stream(const link_ *l) { return memmem(l->request, l->n, "\"stream\":true", 13) != NULL; }
static void answer(link_ *l) {
    provider *p = l->p;
    const char *finish = p->finish ? p->finish : "\"stop\"";
    char body[2048], tier[64] = "", drawn[80] = "", usage[160];
    int n;
    if (p->drawn) sprintf(drawn, ",\"completion_tokens_details\":{\"image_tokens\":%d}", p->drawn);
    if (p->tier) sprintf(tier, "\"service_tier\":\"%s\",", p->tier);
    p->asked++;
    memcpy(p->body, l->request, l->n < sizeof p->body - 1 ? l->n + 1 : sizeof p->body - 1);
    l->ready = g.now.mono_ns + p->delay_ns;
    if (p->half == 1) snprintf(usage, sizeof usage, "\"prompt_tokens\":%d", p->in);
    else if (p->half == 3) strcpy(usage, "\"prompt_tokens\":9223372036854775807,\"completion_tokens\":9223372036854775807,\"prompt_tokens_details\":{\"cached_tokens\":99999999999999999999}");
    else if (p->half) snprintf(usage, sizeof usage, "\"completion_tokens\":%d", p->out);
    else snprintf(usage, sizeof usage, "\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d", p->in, p->out, p->in + p->out);
    if (p->status == -1) l->ready = UINT64_MAX;
    if (p->status == -2) l->reset = 1;
    if (p->status < 0 && p->status > -3) return;
    if (p->status >= 300)
        n = p->complaint ? sprintf(body, "{\"error\":%s}", p->complaint) : p->error ? sprintf(body, "{\"error\":{\"message\":\"%s\",\"type\":\"invalid_request_error\",\"code\":null}}", p->error) : sprintf(body, "{\"error\":{\"message\":\"no\",\"type\":\"t\",\"code\":%s}}", p->status == 429 ? "\"rate_limit_exceeded\"" : "null");
    else if (memmem(l->request, l->n, "/embeddings ", 12))
        n = sprintf(body, "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.5,0.25]}],\"model\":\"m\",\"usage\":{\"prompt_tokens\":%d,\"total_tokens\":%d}}", p->in, p->in);
    else if (wants_stream(l)) {
        n = sprintf(body, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,%s\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"%s%s\"},\"finish_reason\":null}]}\n\n", tier, p->silent ? "" : "from ", p->silent ? "" : p->name);
        if (p->early_error) n += sprintf(body + n, "data: {\"error\":%s}\n\n", p->complaint ? p->complaint : "{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":503}");
        else
            n += sprintf(body + n, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,%s\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":%s}]}\n\n"
                "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,%s\"model\":\"m\",\"choices\":[],\"usage\":{%s}}\n\ndata: [DONE]\n\n", tier, finish, tier, usage);
    } else if (p->complaint) n = sprintf(body, "{\"error\":%s}", p->complaint);
    else
        n = sprintf(body, "{\"id\":\"x\",\"object\":\"chat.completion\",\"created\":1,%s\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"from %s\"},\"finish_reason\":%s}],"
            "\"usage\":{%s%s}}", tier, p->name, finish, usage, drawn);
    l->len = (size_t)sprintf(l->answer, "HTTP/1.1 %d X\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n%s", p->status > 0 ? p->status : 200, wants_stream(l) ? "text/event-stream" : "application/json", n, p->headers ? p->headers : "", body);
    if (p->status <= -3) l->len -= (size_t)n / 3;
}
static int up_send(void *user, int conn, const void *p, size_t n) {
    link_ *l = &((client *)user)->up[conn];
    if (l->n + n > sizeof l->request) n = sizeof l->request - l->n;
    memcpy(l->request + l->n, p, n);
    l->n += n;
    if (l->n && l->request[l->n - 1] == '}' && !l->len && !l->reset && !l->ready) {
        if (l->dying) l->reset = 1, l->ready = 1;
        else answer(l);
    }
    return (int)n;
}
static int up_recv(void *user, int conn, void *p, size_t n) {
    link_ *l = &((client *)user)->up[conn];
    if (!l->ready || l->ready > g.now.mono_ns) return AIGW_AGAIN;
    if (l->reset) return AIGW_E_CLOSED;
    if (n > l->len - l->at) n = l->len - l->at;
    if (!n) return l->p->status == -3 ? 0 : (int)AIGW_AGAIN;
    memcpy(p, l->answer + l->at, n);
    l->at += n;
    return (int)n;
}
static void up_close(void *user, int conn, int keep) {
    (void)keep;
    ((client *)user)->up[conn].open = 0;
}
static int down(void *user, const void *p, size_t n) {
    client *c = (client *)user;
    if (c->deaf) return AIGW_AGAIN;
    if (n > sizeof c->out - c->out_n) n = sizeof c->out - c->out_n;
    if (!n) return AIGW_E_CLOSED;
    memcpy(c->out + c->out_n, p, n);
    c->out_n += n;
    return (int)n;
}
static void keep(char *to, size_t cap, aigw_str s) {
    const size_t n = s.n < cap - 1 ? s.n : cap - 1;
    if (n) memcpy(to, s.p, n);
    to[n] = 0;
}
/* The record of any request, whatever became of it, reads again, decides the same and is written the same. */
static void replays(void) {
    static char mem[16384], again[sizeof g.decision];
    static aigw_router_decision d;
    aigw_arena a = aigw_base_arena(mem, sizeof mem);
    const aigw_str text = aigw_base_str(g.decision);
    uint8_t was[AIGW_ROUTER_CANDIDATES];
    unsigned n;
    aigw_fault fault;
    aigw_out o;
    memset(&fault, 0, sizeof fault);
    if (aigw_router_decode(text, &g.registry, &a, &d, was, &n, &fault)) return;      /* the registry is another one by now */
    if (d.ordered) t_int("as many satisfy", aigw_router_order(&d, &g.registry), n);
    t_mem("the same choice", d.order, d.n, was, d.n);
    aigw_base_out_init(&o, again, sizeof again, NULL, 0);
    t_int("written", aigw_router_encode(&d, &o), 0);
    t_mem("the same record", again, o.buf.n, text.p, text.n);
}
static void record(void *user, const aigw_exchange_record *r) {
    client *c = (client *)user;
    c->record = *r;
    c->records++;
    c->ended = g.now.mono_ns;
    keep(c->why, sizeof c->why, r->why);
    if (r->loss && r->loss->n) keep(c->loss, sizeof c->loss, aigw_base_str(r->loss->items[0].reason));
    keep(c->degraded, sizeof c->degraded, r->degraded);
    keep(c->provider, sizeof c->provider, r->provider);
    keep(c->model, sizeof c->model, r->model);
    keep(c->tenant_said, sizeof c->tenant_said, r->who.dim[AIGW_DIM_TENANT]);
    {
        const aigw_str *const said[] = { &r->who.dim[AIGW_DIM_TENANT], &r->who.dim[AIGW_DIM_USER], &r->who.dim[AIGW_DIM_FEATURE], &r->who.dim[AIGW_DIM_ENV], &r->prompt, &r->user };
        aigw_out o;                                            /* pointers, since tcc (mutate-gen) cannot do it with copies */
        aigw_base_out_init(&o, c->said, sizeof c->said - 1, NULL, 0);
        for (size_t i = 0; i < T_COUNT(said); i++) {
            if (i) aigw_base_put_byte(&o, ' ');
            aigw_base_put(&o, *said[i]);
        }
    }
    for (size_t i = 0, n = 0; i < r->alerts && n < sizeof c->alert; i++)
        n += (size_t)snprintf(c->alert + n, sizeof c->alert - n, "%s%.*s %d", i ? ", " : "", (int)r->alert[i].counter_n, r->alert[i].counter, r->alert[i].percent);
    if (r->decision) {
        aigw_out o;
        aigw_base_out_init(&o, g.decision, sizeof g.decision, NULL, 0);
        tries_n = r->decision->tries_n;
        t_int("a record of the decision", aigw_router_encode(r->decision, &o), 0);
        g.decision_n = o.buf.n;
        g.decision[o.buf.n < sizeof g.decision ? o.buf.n : 0] = 0;
        replays();
    }
}
static int admit(void *user, const aigw_head *head, aigw_str body, aigw_exchange_who *who, aigw_exchange_reply *r) {
    (void)head, (void)body, (void)r;
    who->subject.dim[AIGW_DIM_TENANT] = aigw_base_str(((client *)user)->tenant);
    return 0;
}

/* Begin with this configuration; the providers a, b, c answer 200 with 100 + 10 tokens. */
static void world(const char *json) {
    static const char *const names[] = { "a", "b", "c" };
    static aigw_fault faults[8];
    aigw_registry_faults list;
    int r;
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = 8;
    memset(g.p, 0, sizeof g.p);
    for (int i = 0; i < 3; i++) g.p[i].name = names[i], g.p[i].status = 200, g.p[i].in = 100, g.p[i].out = 10;
    memset(g.c, 0, sizeof g.c);
    g.mem = aigw_base_arena(memory, sizeof memory);
    g.now.mono_ns = SECOND;
    g.now.wall_s = 1763700000;                                 /* 2025-11-21T04:40:00Z, a Friday */
    aigw_registry_init(&g.registry, dialects, T_COUNT(dialects), &g.mem);
    r = aigw_registry_read(&g.registry, aigw_base_str(json), &list);
    for (size_t i = 0; i < list.n && i < 8; i++) printf("  %s: %s\n", faults[i].path, faults[i].text);
    t_int("configuration", r, 0);
    g.cfg.slab[0].bytes = 16384, g.cfg.slab[0].count = 400;
    g.cfg.slab[1].bytes = 262144, g.cfg.slab[1].count = 16;
    g.cfg.seed = 7;
    t_int("hub", aigw_hub_init(&g.hub, &g.cfg, g.mem.at, (size_t)(g.mem.end - g.mem.at)), 0);
    t_int("registry", aigw_hub_swap(&g.hub, &g.registry), 0);
}
static const char providers[] =
    "\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a-secret\"},"
    "\"b\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://b.test/v1\",\"key\":\"sk-b-secret\"},"
    "\"c\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://c.test/v1\",\"key\":\"sk-c-secret\"}},"
    "\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"10.00\",\"output\":\"50.00\"}},"      /* a request of 100 + 10: 0.0015 USD */
    "\"mb\":{\"provider\":\"b\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"1.00\",\"output\":\"5.00\"}},"
    "\"mc\":{\"provider\":\"c\",\"id\":\"m\",\"price\":\"free\"},\"dear\":{\"provider\":\"c\",\"id\":\"d\"}}";
static void with(const char *rest) {
    static char json[8192];
    snprintf(json, sizeof json, "{%s%s%s}", providers, *rest ? "," : "", rest);
    world(json);
}

/* A client begins to ask; headers and more members of the body may be added. */
static client *ask_as(const char *tenant, const char *model, const char *headers, const char *members) {
    aigw_exchange_io io;
    client *c = g.c;
    char body[2048];
    while (c->used) c++;
    memset(c, 0, sizeof *c);
    memset(&io, 0, sizeof io);
    io.user = c;
    io.connect = up_connect, io.send = up_send, io.recv = up_recv, io.close = up_close, io.reply = down, io.record = record, io.admit = admit;
    c->used = 1;
    c->tenant = tenant;
    c->began = g.now.mono_ns;
    aigw_exchange_init(&c->x, &g.hub, &io, NULL);
    sprintf(body, "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello there\"}]%s}", model, members);
    c->in_n = (size_t)sprintf(c->in, "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\n%scontent-length: %lu\r\n\r\n%s", headers, (unsigned long)strlen(body), body);
    return c;
}
static client *ask(const char *model, const char *headers, const char *members) { return ask_as("t", model, headers, members); }

/* Everything that can happen without time. 1: something did. */
static int settle_down(void) {
    int any = 0;
    for (client *c = g.c; c < g.c + CLIENTS; c++) {
        unsigned wait;
        if (!c->used && !c->in_n) break;                       /* nobody was here yet */
        if (!c->used || c->done) continue;
        if (c->in_at < c->in_n) {
            const size_t took = aigw_exchange_feed(&c->x, g.now, c->in + c->in_at, c->in_n - c->in_at);
            c->in_at += took;
            any |= took != 0;
        }
        wait = aigw_exchange_run(&c->x, g.now);
        if (c->records && wait & (AIGW_WAIT_IDLE | AIGW_WAIT_CLOSE)) {
            c->done = 1;
            aigw_exchange_release(&c->x, g.now);
            any = 1;
        }
    }
    return any;
}
/* Go on until all asked are answered, or until this time; time moves when nothing else does. */
static void run_until(uint64_t until) {
    for (int steps = 0; steps < 20000; steps++) {
        uint64_t next;
        int open = 0;
        while (settle_down()) {}
        for (client *c = g.c; c < g.c + CLIENTS; c++) open += c->used && !c->done;
        if (!open) break;
        next = aigw_hub_deadline(&g.hub);
        for (client *c = g.c; c < g.c + CLIENTS; c++)
            for (int k = 0; c->used && !c->done && k < AIGW_EXCHANGE_CONNS; k++)
                if (c->up[k].open && c->up[k].ready > g.now.mono_ns && c->up[k].ready < next) next = c->up[k].ready;
        if (next == AIGW_NEVER || next > until) break;
        if (next > g.now.mono_ns) {
            g.now.wall_s += (int64_t)(next / SECOND - g.now.mono_ns / SECOND);
            g.now.mono_ns = next;
        }
        aigw_hub_tick(&g.hub, g.now);
        while (aigw_hub_ready(&g.hub)) {}
    }
    if (until != AIGW_NEVER && until > g.now.mono_ns) {
        g.now.wall_s += (int64_t)(until / SECOND - g.now.mono_ns / SECOND);
        g.now.mono_ns = until;
        aigw_hub_tick(&g.hub, g.now);
        while (aigw_hub_ready(&g.hub)) {}
    }
}
static void run(void) { run_until(AIGW_NEVER); }
static void later(uint64_t ns) { run_until(g.now.mono_ns + ns); }
/* One request from first to last. */
static client *once_as(const char *tenant, const char *model, const char *headers, const char *members) {
    client *c = ask_as(tenant, model, headers, members);
    run();
    t_int("answered", c->done, 1);
    c->out[c->out_n < sizeof c->out ? c->out_n : sizeof c->out - 1] = 0;
    c->used = 0;
    return c;
}
static client *once(const char *model, const char *headers, const char *members) { return once_as("t", model, headers, members); }
static const char *fmt(const char *format, const char *a, const char *b) {
    static char text[4][200];
    static int turn;
    char *to = text[turn++ % 4];
    snprintf(to, sizeof text[0], format, a, b);
    return to;
}
static const char *fmt_of(char *line, const char *name, const char *value) {
    sprintf(line, "%s: %s\r\n", name, value);
    return line;
}
static int has(const client *c, const char *what) { return strstr(c->out, what) != NULL; }
static const char *header(const client *c, const char *name) {
    static char value[4][300];
    static int turn;
    char *to = value[turn++ % 4];
    char line[64];
    const char *at;
    sprintf(line, "\r\n%s: ", name);
    at = strstr(c->out, line);
    if (!at) return "";
    at += strlen(line);
    snprintf(to, 300, "%.*s", (int)strcspn(at, "\r"), at);
    return to;
}
/* Nothing is held by anybody. */
static void clean(void) {
    int used = 0;
    for (int i = 0; i < AIGW_HUB_SLABS; i++) used += (int)g.hub.slab[i].in_use;
    t_int("slabs", used, 0);
    t_int("running", (long long)g.hub.running, 0);
    for (uint32_t i = 0; i < g.hub.cfg.names; i++) {
        if (g.hub.names[i].users) t_fail("a name is still in use");
        if (g.hub.names[i].health.in_flight) t_fail("in flight");
    }
    for (uint32_t i = 0; i < g.hub.cfg.counters; i++)
        if (g.hub.counters.slots[i].used && g.hub.counters.slots[i].kind == AIGW_COUNTER_MONEY) t_int("reserved", g.hub.counters.slots[i].of.money.budget.reserved_nusd, 0);
}
static int64_t spent(const char *key) {
    const aigw_store_slot *s = aigw_store_slot_of(&g.hub.counters, aigw_base_str(key));
    return s ? s->of.money.budget.spent_nusd : -1;
}

/* Of the last decision's record: what the try of this number was charged, and whether that is a bound. */
static aigw_router_try tried(unsigned i) {
    static char mem[16384];
    aigw_arena a = aigw_base_arena(mem, sizeof mem);
    aigw_router_decision d;
    uint8_t was[AIGW_ROUTER_CANDIDATES];
    unsigned n;
    aigw_fault fault;
    memset(&fault, 0, sizeof fault);
    t_int("the record is read", aigw_router_decode(aigw_base_str(g.decision), &g.registry, &a, &d, was, &n, &fault), 0);
    t_ok("that try", i < d.tries_n);
    return d.tries[i];
}
static int64_t tried_nusd(unsigned i) { return tried(i).nusd; }
static int tried_bound(unsigned i) { return tried(i).bound; }

/* ---- cost and limits */

T(cost_is_by_usage) {
    client *c;
    with("");
    c = once("ma", "", "");
    t_int("status", c->record.status, 200);
    t_int("nano-dollars", c->record.cost.nusd, 1500000);
    t_ok("measured", !c->record.cost_bound && !tried_bound(0) && tried_nusd(0) == 1500000 && !*header(c, "x-aigw-cost-bound"));
    t_str("header", header(c, "x-aigw-cost-usd"), strlen(header(c, "x-aigw-cost-usd")), "0.0015");
    c = once("dear", "", "");
    t_int("has no price", c->record.unpriced, 1);
    t_str("no header", header(c, "x-aigw-cost-usd"), strlen(header(c, "x-aigw-cost-usd")), "");
    clean();
}

/* A misspelt wish is not passed over: the client would wait as if it were batch, or get a kept answer that it did not want. */
T(a_wrong_word_in_a_header_is_refused) {
    static const struct { const char *header, *word, *allowed; } rows[] = {
        { "x-aigw-class", "bath", "interactive or batch" }, { "x-aigw-class", "1", "interactive or batch" }, { "x-aigw-cache", "none", "off or refresh" },
        { "x-aigw-cache", "on", "off or refresh" }, { "x-aigw-strict", "maybe", "1, true, 0 or false" }, { "x-aigw-timeout-ms", "2s", "milliseconds" },
        { "x-aigw-timeout-ms", "0", "milliseconds" }, { "x-aigw-timeout-ms", "-5", "milliseconds" }, { "x-aigw-timeout-ms", "4294967295", "milliseconds" },
    };
    static const char *const right[] = { "x-aigw-class: Batch", "x-aigw-class: interactive", "x-aigw-class: ", "x-aigw-cache: OFF", "x-aigw-cache: refresh",
                                         "x-aigw-strict: 0", "x-aigw-strict: True", "x-aigw-timeout-ms: 4294967294" };
    char line[100];
    with("");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        client *c;
        t_row(fmt_of(line, rows[i].header, rows[i].word));
        c = once("ma", line, "");
        t_int("status", c->record.status, 400);
        t_int("kind", c->record.kind, AIGW_KIND_INVALID_REQUEST);
        t_ok("names the header", has(c, rows[i].header) && strstr(c->out, "\"param\":\"x-aigw-"));
        t_ok("the word", has(c, rows[i].word));
        t_ok("and what it may be", has(c, rows[i].allowed));
    }
    t_row(NULL);
    t_int("nobody was asked", g.p[0].asked, 0);
    for (size_t i = 0; i < T_COUNT(right); i++) {
        sprintf(line, "%s\r\n", right[i]);
        t_row(right[i]);
        t_int("fine", once("ma", line, "")->record.status, 200);
    }
    clean();
}

T(requests_per_minute) {
    client *c;
    with("\"limits\":[{\"by\":[\"tenant\"],\"rpm\":2}]");
    t_int("first", once("ma", "", "")->record.status, 200);
    t_int("second", once("ma", "", "")->record.status, 200);
    c = once("ma", "", "");
    t_int("third", c->record.status, 429);
    t_int("kind", c->record.kind, AIGW_KIND_RATE_LIMIT);
    t_ok("names the counter", has(c, "rpm|tenant=t"));
    t_str("and tells what is left", header(c, "x-ratelimit-remaining-requests"), 1, "0");
    t_ok("says when", atoi(header(c, "retry-after")) >= 29 && atoi(header(c, "retry-after")) <= 31);
    t_int("the provider was not asked", g.p[0].asked, 2);
    t_int("another tenant's is its own", once_as("u", "ma", "", "")->record.status, 200);
    later(31 * SECOND);
    t_int("later", once("ma", "", "")->record.status, 200);
    clean();
}

T(short_waits_are_waited_for) {
    client *c;
    with("\"limits\":[{\"by\":[\"tenant\"],\"rpm\":60}]");
    for (int i = 0; i < 60; i++) t_int("burst", once("ma", "", "")->record.status, 200);
    c = once("ma", "", "");
    t_int("a second later", c->record.status, 200);
    t_ok("it waited", c->ended - c->began >= SECOND / 2 && c->ended - c->began <= 2 * SECOND);
    clean();
}

T(a_limit_of_one_model_sends_on_to_the_next) {
    client *c;
    with("\"limits\":[{\"by\":[\"model\"],\"rpm\":60}],\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]}}");
    for (int i = 0; i < 60; i++) t_str("the first", once("r", "", "")->provider, 1, "a");
    c = once("r", "", "");
    t_str("the other, whose limit has room", c->provider, 1, "b");
    t_ok("at once", c->ended == c->began);
    t_ok("said why", memmem(g.decision, g.decision_n, "refused by a counter", 20) != NULL);
    for (int i = 0; i < 59; i++) (void)once("r", "", "");
    c = once("r", "", "");
    t_int("the last that is left is waited for", c->record.status, 200);
    t_ok("shortly", c->ended > c->began && c->ended - c->began <= 2 * SECOND);
    clean();
}

T(tokens_per_minute_carry_a_debt) {
    with("\"limits\":[{\"by\":[\"tenant\"],\"tpm\":1000}]");
    g.p[0].in = 1500;                                          /* far more than was estimated */
    t_int("first", once("ma", "", "")->record.status, 200);
    t_int("the debt is waited for", once("ma", "", "")->record.status, 429);
    later(100 * SECOND);
    t_int("it is paid", once("ma", "", "")->record.status, 200);
    clean();
}

T(estimates_are_calibrated) {
    static char tool[1600];
    int first, second;
    snprintf(tool, sizeof tool, ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"%01400d\"}}]", 0);
    with("\"limits\":[{\"by\":[\"tenant\"],\"tpm\":100000}]");
    g.p[2].in = 2000;
    first = atoi(header(once("mc", "", tool), "x-ratelimit-remaining-tokens"));
    later(100 * SECOND);
    second = atoi(header(once("mc", "", tool), "x-ratelimit-remaining-tokens"));
    t_ok("more is reserved where tokens are short", first - second > 500 && first - second < 2000);
    clean();
}

T(concurrent_requests) {
    client *c[4];
    int ok = 0, at_once = 0;
    with("\"limits\":[{\"by\":[\"model\"],\"concurrent\":2}]");
    g.p[0].delay_ns = SECOND / 2;
    for (int i = 0; i < 4; i++) c[i] = ask("ma", "", "");
    later(SECOND / 4);
    at_once = (int)g.p[0].asked;
    run();
    for (int i = 0; i < 4; i++) ok += c[i]->record.status == 200;
    t_int("two at once", at_once, 2);
    t_int("all in the end", ok, 4);
    clean();
}

/* ---- money */

T(a_budget_is_never_passed) {
    client *c = NULL;
    int ok = 0;
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.10\",\"per\":\"day\",\"soft\":1,\"max_output\":100}]");
    for (int i = 0; i < 100; i++) {
        c = once("ma", "", "");
        if (c->record.status == 200) ok++;
        t_ok("never passed", spent("usd.day|tenant=t") <= 100000000);
    }
    t_ok("some were answered", ok > 40 && ok < 67);            /* 0.0015 each, and the bound of the last does not fit */
    t_int("refused", c->record.status, 402);
    t_ok("names the cap", has(c, "usd.day|tenant=t") && has(c, "of 0.10 USD"));
    t_ok("and when it begins anew", has(c, "2025-11-22T00:00:00Z") && has(c, "or wait until it begins anew"));
    t_str("no use to try again", header(c, "x-should-retry"), 5, "false");
    t_int("spent is what was used", spent("usd.day|tenant=t"), ok * 1500000);
    t_int("another tenant", once_as("u", "ma", "", "")->record.status, 200);
    g.now.wall_s += 86400;
    t_int("the next day", once("ma", "", "")->record.status, 200);
    clean();
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.001\",\"per\":\"total\"}]");
    c = once("ma", "", "");
    t_int("one without end", c->record.status, 402);
    t_ok("does not begin anew", has(c, "Raise the cap") && !has(c, "anew"));
    clean();
}

T(many_at_once_do_not_pass_a_budget) {
    client *c[30];
    int ok = 0;
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.10\",\"per\":\"day\",\"soft\":1,\"max_output\":100}]");
    g.p[0].delay_ns = 3 * SECOND;
    for (int i = 0; i < 30; i++) c[i] = ask("ma", "", "");
    run();
    for (int i = 0; i < 30; i++) ok += c[i]->record.status == 200;
    t_ok("as many as fit", ok > 0 && ok < 30);                  /* the others wait for what these have reserved, at most 2 s */
    t_int("spent", spent("usd.day|tenant=t"), ok * 1500000);
    for (int i = 0; i < 30; i++) if (c[i]->record.status == 402) t_str("may come again", header(c[i], "retry-after"), 1, "1");
    clean();
}
T(rules_for_a_model_hold_for_its_other_name) {
    with("\"limits\":[{\"by\":[\"model\"],\"rpm\":2}]");
    t_int("by its name", once("ma", "", "")->record.status, 200);
    t_int("by provider and id", once("a/m", "", "")->record.status, 200);
    t_int("they count together", once("a/m", "", "")->record.status, 429);
    clean();
}
T(failed_tries_go_down_the_chain) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"route:small\",\"stale\",\"busy\"]},\"small\":{\"models\":[\"mb\"]},\"b\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}}");
    g.p[0].status = 503;
    for (int i = 0; i < 10; i++) {
        c = once("r", "", "");
        t_int("answered", c->record.status, 200);
        t_str("by the smaller", c->provider, 1, "b");
        t_str("says so", c->degraded, strlen(c->degraded), "route:small");
    }
    c = once("b", "", "");
    t_int("busy", c->record.status, 503);
    t_ok("with a time", atoi(header(c, "retry-after")) >= 1);
    t_str("the step", c->degraded, strlen(c->degraded), "busy");
    g.p[1].status = 503;
    c = once("r", "", "");
    t_int("nobody is left", c->record.status, 503);
    t_str("the last step", c->degraded, strlen(c->degraded), "busy");
    clean();
}

T(unpriced_is_not_free) {
    client *c;
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\"}]");
    c = once("dear", "", "");
    t_int("refused", c->record.status, 402);
    t_ok("says what to add", has(c, "price"));
    t_int("not asked", g.p[2].asked, 0);
    t_int("free is", once("mc", "", "")->record.status, 200);
    clean();
}

T(a_dearer_tier_without_a_price_is_not_free) {
    static const struct { const char *label, *more, *says; } rows[] = {
        { "priority", ",\"service_tier\":\"priority\"", "terms" },
        { "fast", ",\"speed\":\"fast\"", "terms" },
        { "sound", ",\"modalities\":[\"text\",\"audio\"],\"audio\":{\"voice\":\"v\",\"format\":\"wav\"}", "audio_output" },
        { "pictures", ",\"modalities\":[\"text\",\"image\"]", "image_output" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        client *c;
        t_row(rows[i].label);
        with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":77}]");
        c = once("ma", "", rows[i].more);
        t_int("refused", c->record.status, 402);
        t_ok("says what to add", has(c, rows[i].says));
        t_ok("and where", has(c, "price"));
        t_int("not asked", g.p[0].asked, 0);
        t_int("the usual is", once("ma", "", ",\"service_tier\":\"default\"")->record.status, 200);
        t_int("and what is never dearer", once("ma", "", ",\"service_tier\":\"flex\"")->record.status, 200);
        with("\"limits\":[{\"by\":[\"tenant\"],\"rpm\":100}]");
        t_int("without a budget: as ever", once("ma", "", rows[i].more)->record.status, 200);
    }
    t_row(NULL);
    clean();
}

/* The provider decides under which tier it serves, and its answer says it: that is what is billed. A request of 100 + 10 tokens costs 0.0015 USD as usual. */
T(the_answers_tier_prices_it) {
    enum { WHOLE, STREAM, LEAVES };
    static const struct { const char *label, *asked, *said; int how; int64_t least, most; int bound; } rows[] = {
        { "nothing asked for, nothing said", "", NULL, WHOLE, 1500000, 1500000, 0 },
        { "auto that was priority", ",\"service_tier\":\"auto\"", "priority", WHOLE, 3000000, 3000000, 0 },
        { "auto that was not", ",\"service_tier\":\"auto\"", "default", WHOLE, 1500000, 1500000, 0 },
        { "nothing asked for, the account has priority", "", "priority", WHOLE, 3000000, 3000000, 0 },
        { "priority", ",\"service_tier\":\"priority\"", "priority", WHOLE, 3000000, 3000000, 0 },
        { "priority that was not", ",\"service_tier\":\"priority\"", "default", WHOLE, 1500000, 1500000, 0 },
        { "priority of a provider that says nothing", ",\"service_tier\":\"priority\"", NULL, WHOLE, 3000000, 3000000, 0 },
        { "flex that was not", ",\"service_tier\":\"flex\"", "default", WHOLE, 1500000, 1500000, 0 },
        { "auto that was flex", ",\"service_tier\":\"auto\"", "flex", WHOLE, 750000, 750000, 0 },
        { "what has no price and may be dearer costs all that was reserved", "", "ultrafast", WHOLE, 10000000, 40000000, 1 },
        { "a stream: auto that was priority", ",\"service_tier\":\"auto\"", "priority", STREAM, 3000000, 3000000, 0 },
        { "a stream: priority that was not", ",\"service_tier\":\"priority\"", "default", STREAM, 1500000, 1500000, 0 },
        { "a stream: what has no price", "", "ultrafast", STREAM, 10000000, 40000000, 1 },
        /* 6 bytes of answer, and the bound of the input: under 300 tokens */
        { "a stream that is left", "", NULL, LEAVES, 300000, 4000000, 1 },
        { "a stream that is left, of priority", "", "priority", LEAVES, 600000, 8000000, 1 },
    };
    int64_t left = 0;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char members[100];
        const char *told;
        client *c;
        t_row(rows[i].label);
        world("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a\"},\"b\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://b.test/v1\",\"key\":\"sk-b\"}},"
              "\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"10.00\",\"output\":\"50.00\","
              "\"terms\":{\"priority\":{\"input\":\"20.00\",\"output\":\"100.00\"},\"flex\":{\"input\":\"5.00\",\"output\":\"25.00\"}}}},"
              "\"mb\":{\"provider\":\"b\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"1.00\",\"output\":\"5.00\","
              "\"terms\":{\"priority\":{\"input\":\"4.00\",\"output\":\"20.00\"},\"flex\":{\"input\":\"1.00\",\"output\":\"5.00\"}}}}},"
              "\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]}},"
              "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]}");
        g.p[0].tier = rows[i].said;
        sprintf(members, "%s%s", rows[i].asked, rows[i].how == WHOLE ? "" : ",\"stream\":true");
        if (rows[i].how != LEAVES) c = once("r", "", members);
        else {
            g.p[0].status = -4;
            c = ask("r", "", members);
            later(SECOND / 2);
            t_ok("in the middle of it", has(c, "from a"));
            aigw_exchange_eof(&c->x, g.now);
            aigw_exchange_release(&c->x, g.now);
            c->used = 0, c->done = 1;
            if (!rows[i].said) left = c->record.cost.nusd;
            else t_int("twice what the usual costs", c->record.cost.nusd, 2 * left);
        }
        t_int("answered", c->record.status, 200);
        t_ok("the ledger", spent("usd.day|tenant=t") >= rows[i].least && spent("usd.day|tenant=t") <= rows[i].most);
        t_int("the record", c->record.cost.nusd, spent("usd.day|tenant=t"));
        t_int("the try", tried_nusd(0), c->record.cost.nusd);
        t_int("a bound", c->record.cost_bound, rows[i].bound);
        if (rows[i].how == WHOLE) {
            told = header(c, "x-aigw-cost-usd");
            t_int("the header", (int64_t)(strtod(told, NULL) * 1e9 + 0.5), c->record.cost.nusd);
            t_ok("the client is told of it", !rows[i].said || (has(c, "\"service_tier\"") && has(c, rows[i].said)));
        }
        if (!rows[i].bound) {
            int64_t there = 150000;
            if (c->record.cost.nusd == 3000000) there = 600000;
            t_int("the avoidable part", c->record.avoidable_nusd, c->record.cost.nusd - there);
        }
        clean();
    }
    t_row(NULL);
}

/* Some models make pictures without being asked. 100 + 10 tokens, 8 of them pictures at 600 USD a million: 1000 + 100 + 4800 millionths. */
T(pictures_are_paid_for) {
    client *c;
    world("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a\"}},"
          "\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"10.00\",\"output\":\"50.00\",\"image_output\":\"600.00\"}},"
          "\"mb\":{\"provider\":\"a\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"10.00\",\"output\":\"50.00\"}}},"
          "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]}");
    g.p[0].drawn = 8;
    c = once("ma", "", ",\"modalities\":[\"text\",\"image\"]");
    t_int("answered", c->record.status, 200);
    t_int("at their price", c->record.cost.nusd, 5900000);
    t_int("the ledger", spent("usd.day|tenant=t"), 5900000);
    t_int("measured", c->record.cost_bound, 0);
    c = once("mb", "", "");
    t_int("answered", c->record.status, 200);
    t_ok("without one: all that was reserved", c->record.cost_bound && c->record.cost.nusd >= 5000000);
    t_int("the ledger", spent("usd.day|tenant=t"), 5900000 + c->record.cost.nusd);
    clean();
}

T(an_output_limit_is_set_under_a_cap) {
    client *c;
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":77}]");
    c = once("ma", "", "");
    t_int("answered", c->record.status, 200);
    t_ok("the provider is told", strstr(g.p[0].body, "77") != NULL);
    t_ok("the client is told", strstr(header(c, "x-aigw-loss"), "synthesized") != NULL);
    t_ok("how many, and by what", strstr(header(c, "x-aigw-why"), "; max_output set to 77 by budget usd.day|tenant=t") != NULL);
    t_ok("in the record", strstr(c->why, "max_output set to 77 by budget usd.day|tenant=t") != NULL);
    t_str("and among the losses", c->loss, strlen(c->loss), "max_output set to 77 by budget usd.day|tenant=t");
    c = once("ma", "", ",\"max_completion_tokens\":5");
    t_ok("its own stays", strstr(g.p[0].body, "\"max_completion_tokens\":5") != NULL && !strstr(g.p[0].body, "77"));
    t_ok("and nothing is said", !strstr(c->why, "max_output"));
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.03\",\"per\":\"day\"},{\"by\":[\"user\"],\"usd\":\"5\",\"per\":\"total\",\"max_output\":900}]");
    c = once("ma", "", "");                                    /* 900 tokens would cost 0.045 USD */
    t_int("less is asked for", c->record.status, 200);
    t_ok("the provider is told", strstr(g.p[0].body, ":256") != NULL);
    t_ok("so is the client", strstr(header(c, "x-aigw-why"), "max_output lowered to 256 by budget usd.day|tenant=t") != NULL);
    t_ok("and the record", strstr(c->loss, "max_output lowered to 256 by budget usd.day|tenant=t") != NULL);
    clean();
}

/* A limit that is not the client's takes no more than the window leaves, and keeps nobody out. */
T(a_cap_leaves_room_for_the_prompt) {
    static const struct { const char *window, *members; int status, most; } rows[] = {
        /* the prompt is estimated at 71 tokens, with what they say of it themselves */
        { "5000", "", 200, 4096 }, { "1000", "", 200, 1000 - 71 * 5 / 4 }, { "300", "", 200, 300 - 71 }, { "100", "", 200, 100 - 71 },
        { "1", "", 400, 0 },                                   /* the prompt alone does not fit */
        { "300", ",\"max_completion_tokens\":299", 400, 0 }    /* the client's own limit is its word */
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char json[2048];
        client *c;
        const char *said;
        t_row(rows[i].window);
        snprintf(json, sizeof json, "{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"k\"}},"
                 "\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\",\"context\":%s,\"price\":{\"input\":\"1.00\",\"output\":\"5.00\"}}},"
                 "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"9\",\"per\":\"day\"}]}", rows[i].window);
        world(json);
        c = once("ma", "", rows[i].members);
        t_int("status", c->record.status, rows[i].status);
        if (rows[i].status == 200) {
            said = strstr(g.p[0].body, "\"max_completion_tokens\":");
            t_ok("no more than fits", said && atoi(said + 24) <= rows[i].most && atoi(said + 24) >= rows[i].most - 8);
            t_int("and so it is said", atoi(strstr(c->loss, "set to ") + 7), said ? atoi(said + 24) : 0);
        }
        clean();
    }
    t_row(NULL);
}

T(lost_contact_is_charged_in_full) {
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    g.p[0].status = -2;
    t_ok("fails", once("ma", "", "")->record.status >= 500);
    t_ok("each try may have been billed", spent("usd.day|tenant=t") >= 2 * 5000000);
    t_int("the record says that it may be less", g.c[0].record.cost_bound, 1);
    t_ok("and each try", tried_bound(0) && tried_nusd(0) >= 5000000);
    g.p[0].status = 500;
    {
        const int64_t before = spent("usd.day|tenant=t");
        t_int("an error is not billed", once("ma", "", "")->record.status >= 500, 1);
        t_int("so it costs nothing", spent("usd.day|tenant=t"), before);
    }
    clean();
}

T(a_kept_connection_that_dies_may_have_been_billed) {
    client *c;
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    g.p[0].dead = 1;
    c = once("ma", "", "");
    t_int("answered by the next", c->record.status, 200);
    t_int("which is no further attempt", c->record.attempts, 1);
    t_ok("the request was gone whole", spent("usd.day|tenant=t") >= 1500000 + 5000000);
    clean();
}

T(a_client_that_leaves_pays_for_what_was_said) {
    client *c;
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    g.p[0].delay_ns = SECOND;
    c = ask("ma", "", "");
    later(SECOND / 2);
    aigw_exchange_eof(&c->x, g.now);
    aigw_exchange_release(&c->x, g.now);
    c->done = 1;
    t_int("recorded", c->records, 1);
    t_int("its connection is closed", c->up[0].open, 0);
    t_ok("charged, since it may be billed", spent("usd.day|tenant=t") > 0);
    t_ok("which is a bound", c->record.cost_bound && tried_bound(0) && tried_nusd(0) == c->record.cost.nusd);
    clean();
}

/* Of a model that thinks unseen: nothing said yet, and all of it may have been made; else as long as it took to the first word, 100 tokens a second. */
T(a_client_that_leaves_pays_for_what_was_thought) {
    static const struct { const char *name; uint64_t until_word; int silent; int64_t least, most; } rows[] = {
        { "at once", 0, 0, 300000, 5000000 }, { "after 20 seconds", 20 * SECOND, 0, 2000 * 50000, 2000 * 50000 + 5000000 },
        { "nothing was said", 0, 1, 4000 * 50000, 4000 * 50000 + 5000000 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        client *c;
        t_row(rows[i].name);
        world("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"k\"}},"
              "\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\",\"price\":{\"input\":\"1.00\",\"output\":\"50.00\"}}},"
              "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"9\",\"per\":\"day\",\"max_output\":4000}]}");
        g.p[0].status = -4;
        g.p[0].delay_ns = rows[i].until_word;
        g.p[0].silent = rows[i].silent;
        c = ask("ma", "", ",\"stream\":true");
        later(rows[i].until_word + SECOND / 2);
        t_int("it streams", rows[i].silent ? (int)g.p[0].asked : has(c, "data:"), 1);
        aigw_exchange_eof(&c->x, g.now);
        aigw_exchange_release(&c->x, g.now);
        c->used = 0, c->done = 1;
        t_ok("charged", c->record.cost.nusd >= rows[i].least && c->record.cost.nusd <= rows[i].most);
        t_int("the ledger", spent("usd.day|tenant=t"), c->record.cost.nusd);
        t_int("a bound", c->record.cost_bound, 1);
        clean();
    }
    t_row(NULL);
}

/* A provider that says half of a usage is not half as dear. */
T(half_a_usage_is_none) {
    for (int i = 0; i < 6; i++) {
        const int half = i % 3;
        client *c;
        t_row(half == 0 ? "both" : half == 1 ? "input only" : "output only");
        with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
        g.p[0].half = half;
        c = once("ma", "", i / 3 ? ",\"stream\":true" : "");
        t_int("answered", c->record.status, 200);
        t_ok("what it may have cost", half ? c->record.cost.nusd >= 5000000 : c->record.cost.nusd == 1500000);
        t_int("a bound", c->record.cost_bound, half != 0);
        t_int("the ledger", spent("usd.day|tenant=t"), c->record.cost.nusd);
        clean();
    }
    t_row(NULL);
}

/* Counts near the end of numbers add up to very much, not to less than nothing. */
T(absurd_counts_are_many) {
    for (int i = 0; i < 2; i++) {
        client *c;
        with("\"limits\":[{\"by\":[\"tenant\"],\"tpm\":1000000}],\"budgets\":[{\"by\":[\"user\"],\"usd\":\"1\",\"per\":\"day\"}]");
        g.p[0].half = 3;
        c = once("ma", "", i ? ",\"stream\":true" : "");
        t_int("answered", c->record.status, 200);
        t_ok("dear", c->record.cost.nusd > INT64_C(1000000000000000));
        c = once("mb", "", "");
        t_ok("no tokens are left", c->record.status == 429 || c->record.status == 402);
        t_int("of another user, whose money is left", (c = once("mb", "x-aigw-user: other\r\n", ""))->record.status, 429);
        clean();
    }
}

/* The dear model does not fit what is left, and the soft limit is passed: the step of that comes before "no". */
T(a_soft_limit_is_seen_before_a_cap_refuses) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\"]},\"s\":{\"models\":[\"mb\"]}},"
         "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.008\",\"per\":\"day\",\"soft\":0.15,\"then\":\"route:s\",\"max_output\":100}]");
    c = once("r", "", "");                                     /* 0.0015 of 0.008 USD; its bound is above 0.005 */
    t_int("the dear one", c->record.status, 200);
    t_str("the dear one", c->provider, 1, "a");
    c = once("r", "", "");                                     /* 0.0065 are left */
    t_str("then the cheap one", c->provider, 1, "b");
    for (int i = 0; i < 3 && c->record.status == 200; i++) {
        g.p[1].in = 2000;                                      /* 0.002 USD each */
        c = once("r", "", "");
        if (c->record.status == 200) t_str("also where the dear one's bound does not fit", c->provider, 1, "b");
        if (!i) t_int("the first fits", c->record.status, 200);
    }
    clean();
}

/* A step to a route that the tenant may not use is no step: what was chosen, and what is reserved for it, stays. */
T(no_step_leads_to_what_a_tenant_may_not_use) {
    static const char *const steps[] = {
        "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.05\",\"per\":\"day\",\"soft\":0.02,\"then\":\"route:s\",\"max_output\":100}],\"routes\":{\"r\":{\"models\":[\"ma\"]},",
        "\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"route:s\"]},"
    };
    for (int i = 0; i < 2; i++) {
        char rest[512];
        client *c;
        t_row(i ? "degrade" : "then");
        snprintf(rest, sizeof rest, "%s\"s\":{\"models\":[\"mb\"]}},\"tenants\":{\"t\":{\"routes\":[\"r\"]}}", steps[i]);
        with(rest);
        t_int("of its own", once("r", "", "")->record.status, 200);
        t_int("not the other", once("s", "", "")->record.status, 403);
        if (i) g.p[0].status = 500;
        c = once("r", "", "");
        t_int("status", c->record.status, i ? 500 : 200);
        t_str("the same model", c->provider, strlen(c->provider), "a");
        t_int("nobody else is asked", g.p[1].asked, 0);
        t_ok("nor said to be", !strstr(c->why, "mb") && !*c->degraded);
        if (!i) t_int("at its price", c->record.cost.nusd, 1500000);
        clean();
    }
    t_row(NULL);
}

/* A batch request with an hour outlives an outage: its own failures open the circuit, and it waits for that, within the retry budget. */
T(a_patient_request_waits_for_a_circuit) {
    for (int i = 0; i < 3; i++) {
        client *c[8];
        uint64_t began;
        t_row(i == 2 ? "interactive" : i ? "eight at once" : "one");
        with("\"routes\":{\"r\":{\"models\":[\"ma\"]}}");
        g.p[0].status = 500;
        began = g.now.mono_ns;
        for (int k = 0; k < (i == 1 ? 8 : 1); k++) c[k] = ask("r", i == 2 ? "x-aigw-timeout-ms: 3600000\r\n" : "x-aigw-class: batch\r\nx-aigw-timeout-ms: 3600000\r\n", "");
        later(600 * SECOND);
        t_ok("within the budget: 10 and 3 in 10 s", g.p[0].asked < 200);
        if (i < 2) t_ok("spared, but not given up", g.p[0].asked > 5 && g.p[0].asked < 100);
        g.p[0].status = 200;
        run();
        t_ok("soon after the end", g.now.mono_ns - began < 1300 * SECOND);
        for (int k = 0; k < (i == 1 ? 8 : 1); k++) t_int("answered", c[k]->record.status, i == 2 ? 500 : 200);
        clean();
    }
    t_row(NULL);
}

T(of_like_rules_the_first_that_fits_counts) {
    with("\"limits\":[{\"by\":[\"tenant\"],\"when\":{\"tenant\":\"t\"},\"rpm\":3},{\"by\":[\"tenant\"],\"rpm\":1}]");
    for (int i = 0; i < 4; i++) t_int("three for t", once("ma", "", "")->record.status, i < 3 ? 200 : 429);
    for (int i = 0; i < 2; i++) t_int("one for another", once_as("u", "ma", "", "")->record.status, i < 1 ? 200 : 429);
    clean();
}

/* What the first rule does not say is said by the next: each of rpm, tpm and concurrent by itself. */
T(limits_of_one_by_add_up_by_kind) {
    client *c;
    with("\"limits\":[{\"by\":[\"user\"],\"rpm\":100},{\"by\":[\"user\"],\"rpm\":1,\"tpm\":5000},{\"by\":[\"user\"],\"concurrent\":1,\"tpm\":1}]");
    g.p[0].in = 20000;
    g.p[0].delay_ns = 3 * SECOND;
    t_int("one", ask("ma", "", "")->record.status, 0);
    c = ask("ma", "", "");
    run();
    t_int("not two at once", c->record.status, 429);
    t_ok("says so", has(c, "concurrent|user="));
    c = once("ma", "", "");
    t_int("nor more tokens", c->record.status, 429);
    t_ok("says so", has(c, "tpm|user="));
    t_str("of the first that says them", header(c, "x-ratelimit-limit-tokens"), 4, "5000");
    clean();
    with("\"limits\":[{\"by\":[\"tenant\"],\"tpm\":1000,\"concurrent\":1}],\"tenants\":{\"t\":{\"limits\":{\"rpm\":50}}}");
    g.p[0].in = 3000;
    t_int("a tenant's own rate", once("ma", "", "")->record.status, 200);
    c = once("ma", "", "");
    t_int("does not lift the general tokens", c->record.status, 429);
    t_ok("says so", has(c, "tpm|tenant=t"));
    clean();
}

/* Two rules may come to one counter: it counts once, up to the lower number. */
T(rules_of_one_counter_count_once) {
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"soft\":1,\"max_output\":100},{\"by\":[\"tenant\"],\"usd\":\"0.10\",\"per\":\"day\",\"soft\":1,\"max_output\":100}],"
         "\"limits\":[{\"by\":[\"tenant\"],\"when\":{\"model\":\"mb\"},\"rpm\":9},{\"by\":[\"tenant\",\"model\"],\"rpm\":2}]");
    t_int("asked", once("ma", "", "")->record.status, 200);
    t_int("charged once", spent("usd.day|tenant=t"), 1500000);
    for (int i = 0; i < 100; i++) (void)once("ma", "", "");
    t_ok("the lower cap holds", spent("usd.day|tenant=t") <= 100000000);
    clean();
    with("\"limits\":[{\"by\":[\"tenant\"],\"when\":{\"model\":\"mb\"},\"rpm\":9},{\"by\":[\"tenant\",\"model\"],\"rpm\":2}]");
    for (int i = 0; i < 3; i++) t_int("two", once("mb", "", "")->record.status, i < 2 ? 200 : 429);
    clean();
}

T(without_a_place_of_its_own_it_counts_with_its_tenants) {
    char feature[64];
    g.cfg.counters = 16;
    with("\"budgets\":[{\"by\":[\"tenant\",\"feature\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    for (int i = 0; i < 30; i++) {
        sprintf(feature, "x-aigw-feature: f%d\r\n", i);
        t_int("answered", once("ma", feature, "")->record.status, 200);
    }
    t_ok("the rest is counted for t", spent("usd.day|_other|t") >= 16 * 1500000);
    g.cfg.counters = 0;
    clean();
}

/* Who sends under a thousand names crowds out himself: he is told that he shares a counter, and others keep theirs. */
T(one_tenants_names_do_not_fill_the_table) {
    char user[64];
    client *c;
    int refused = 0;
    g.cfg.counters = 256;
    with("\"limits\":[{\"by\":[\"tenant\",\"user\"],\"rpm\":2}]");
    for (int i = 0; i < 300 && !refused; i++) {
        sprintf(user, "x-aigw-user: flood-%d\r\n", i);
        c = once("ma", user, "");
        if (c->record.status == 200) continue;
        refused = i;
        t_int("refused", c->record.status, 429);
        t_ok("by the counter that is shared", has(c, "rpm|_other|t"));
        t_ok("which says so", has(c, "shared by those for whom the gateway has no counter left"));
        t_ok("and what to do", has(c, "`counters`"));
        t_ok("not by one of his own", !has(c, "flood-"));
    }
    t_ok("at his share, a quarter, and two", refused >= 56 && refused < 60);
    for (int i = 0; i < 20; i++) {
        sprintf(user, "x-aigw-user: u%d\r\n", i);
        t_int("another tenant's users", once_as("u", "ma", user, "")->record.status, 200);
        t_int("have counters of their own", once_as("u", "ma", user, "")->record.status, 200);
    }
    c = once_as("u", "ma", "x-aigw-user: u7\r\n", "");
    t_int("each", c->record.status, 429);
    t_ok("by name", has(c, "rpm|tenant=u|user=u7") && !has(c, "shared"));
    clean();
    g.cfg.tenant_counters = 5;
    with("\"budgets\":[{\"by\":[\"tenant\",\"user\"],\"usd\":\"0.004\",\"per\":\"day\",\"max_output\":100}]");
    for (int i = 0; i < 7; i++) {
        sprintf(user, "x-aigw-user: v%d\r\n", i);
        c = once("mb", user, "");
    }
    for (int i = 0; i < 30 && c->record.status == 200; i++) c = once("mb", user, "");
    t_int("a budget, too", c->record.status, 402);
    t_ok("names the one that is shared", has(c, "usd.day|_other|t") && has(c, "shared by"));
    g.cfg.counters = g.cfg.tenant_counters = 0;
    clean();
}

T(more_rules_than_one_request_may_have) {
    for (int more = 0; more < 2; more++) {
        static const char *const by[] = { "tenant", "user", "feature", "env" }, *const per[] = { "hour", "day", "week", "month", "total" };
        char rules[4096];
        size_t n = (size_t)sprintf(rules, "\"budgets\":[");
        for (int i = 0; i < AIGW_STORE_COUNTERS + more; i++)
            n += (size_t)sprintf(rules + n, "%s{\"by\":[\"%s\"],\"usd\":\"1%02d\",\"per\":\"%s\",\"max_output\":100}", i ? "," : "", by[i % 4], i, per[i / 4]);
        sprintf(rules + n, "]");
        with(rules);
        t_int("as many, or one more", once("ma", "", "")->record.status, more ? 500 : 200);
        t_int("asked", g.p[0].asked, !more);
        clean();
    }
}

/* The budget has room for the cheap model, not for the dear one that it fails over to. */
T(the_difference_is_reserved_before_a_dearer_target) {
    const aigw_store_slot *s;
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.004\",\"per\":\"day\",\"max_output\":100}]");
    g.p[1].status = 503;
    c = once("r", "", "");
    t_int("the cheap one was asked", g.p[1].asked, 1);
    t_int("the dear one was not", g.p[0].asked, 0);
    t_ok("so it failed", c->record.status >= 400);
    t_int("an error costs nothing", spent("usd.day|tenant=t"), 0);
    with("\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    g.p[1].status = 503;
    g.p[0].delay_ns = SECOND;
    c = ask("r", "", "");
    later(SECOND / 2);
    s = aigw_store_slot_of(&g.hub.counters, aigw_base_str("usd.day|tenant=t"));
    t_ok("held for the dear one: 100 tokens of output alone are 0.005 USD", s && s->of.money.budget.reserved_nusd > 5000000);
    t_int("one request", s ? s->of.money.budget.running : 0, 1);
    run();
    t_int("answered", c->record.status, 200);
    t_int("spent is what was used", spent("usd.day|tenant=t"), 1500000);
    clean();
}

/* The first target's budget is far from its soft limit, the second's is not. */
T(soft_limits_count_on_failover) {
    client *c = NULL;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]},\"small\":{\"models\":[\"mc\"]}},"
         "\"budgets\":[{\"by\":[\"model\"],\"usd\":\"0.10\",\"per\":\"day\",\"soft\":0.2,\"then\":\"route:small\",\"max_output\":100}]");
    g.p[1].out = 5000;                                         /* 0.0251 USD */
    t_int("spends a quarter", once("mb", "", "")->record.status, 200);
    t_str("the first target's is not touched", once("r", "", "")->provider, 1, "a");
    g.p[0].status = 503;
    c = once("r", "", "");
    t_int("answered", c->record.status, 200);
    t_str("degraded", c->degraded, strlen(c->degraded), "route:small");
    t_str("by the small one", c->provider, 1, "c");
    t_int("the second was not asked again", g.p[1].asked, 1);
    clean();
}

T(soft_limits_degrade_and_alert) {
    client *c = NULL;
    int i, alerts = 0;
    with("\"routes\":{\"small\":{\"models\":[\"mb\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.10\",\"per\":\"day\",\"soft\":0.2,\"then\":\"route:small\",\"max_output\":100}]");
    for (i = 0; i < 200; i++) {
        c = once("ma", "", "");
        t_int("answered", c->record.status, 200);
        if (c->record.alerts) {
            alerts++;
            t_str("of which counter", c->alert, strlen(c->alert), "usd.day|tenant=t 20");
        }
    }
    t_int("told once", alerts, 1);
    t_str("degraded", c->degraded, strlen(c->degraded), "route:small");
    t_str("header", header(c, "x-aigw-degraded"), strlen(header(c, "x-aigw-degraded")), "route:small");
    t_str("by the cheaper", c->provider, 1, "b");
    clean();
}

/* Neither the prompt nor the output that is asked for is too long alone. */
T(what_does_not_fit_together_is_said_so) {
    const client *c;
    with("");
    c = once("ma", "", ",\"max_tokens\":999");
    t_int("refused", c->record.status, 400);
    t_ok("of both", has(c, "the prompt, with the output that is asked for, does not fit the context window of this model: ma") && has(c, "ask for less output"));
    clean();
}

#define CACHE "\"cache\":{\"when\":\"always\",\"ttl_s\":60,\"stale_s\":600}"
/* What was done instead of asking somebody stands in the record and the line, beside its header. */
T(steps_down_and_hits_stand_in_the_record) {
    client *c[2];
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE ",\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"stale\",\"route:small\",\"busy\"]},\"small\":{\"models\":[\"mb\"]}}");
    g.p[0].delay_ns = SECOND;
    for (int i = 0; i < 2; i++) c[i] = ask("r", "", "");
    run();
    for (int i = 0; i < 2; i++) t_int("answered", c[i]->record.status, 200), c[i]->used = 0;
    t_str("the second waited for the first", c[1]->why, strlen(c[1]->why), "in order; cache: shared");
    t_ok("and in the record", strstr(g.decision, "\"cache\":\"shared\""));
    c[0] = once("r", "", "");
    t_str("a hit", header(c[0], "x-aigw-why"), strlen(header(c[0], "x-aigw-why")), "in order; cache: hit");
    t_ok("in the record", strstr(g.decision, "\"cache\":\"hit\"") && !strstr(g.decision, "\"order\"") && !strstr(g.decision, "\"degraded\""));
    later(100 * SECOND);
    g.p[0].status = g.p[1].status = 503;
    c[0] = once("r", "", "");
    t_str("the header", c[0]->degraded, strlen(c[0]->degraded), "stale");
    t_ok("the line", strstr(c[0]->why, "in order; degraded: stale; cache: stale; ma: ") == c[0]->why);
    t_ok("the record", strstr(g.decision, "\"degraded\":[\"stale\"],\"cache\":\"stale\""));
    c[0] = once("r", "", ",\"user\":\"u\",\"max_tokens\":7");
    t_int("busy", c[0]->record.status, 503);
    t_ok("and its line", strstr(c[0]->why, "degraded -> small; in order; degraded: busy; ") == c[0]->why);
    t_ok("and its record", strstr(g.decision, "\"degraded\":[\"route:small\",\"busy\"]") && !strstr(g.decision, "\"cache\""));
    clean();
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.001\",\"per\":\"day\",\"soft\":1}]");
    t_int("over a cap", once("ma", "", ",\"max_tokens\":900")->record.status, 402);
    t_ok("is not taken in the record", strstr(g.decision, "\"not\":\"over budget\"") && !strstr(g.decision, "\"satisfy\""));
    clean();
}

/* Equal requests are asked once; but an interactive one does not wait for one of batch that itself only waits, nor anybody for a client that does not read. */
T(single_flight_waits_for_answers_only) {
    client *c[4];
    uint64_t began;
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE ",\"routes\":{\"r\":{\"models\":[\"ma\"]}},\"limits\":[{\"by\":[\"user\"],\"when\":{\"user\":\"slow\"},\"rpm\":1}]");
    t_int("all that it has", once("r", "x-aigw-user: slow\r\n", ",\"max_tokens\":5")->record.status, 200);
    c[0] = ask("r", "x-aigw-user: slow\r\nx-aigw-class: batch\r\n", ",\"max_tokens\":6");
    later(SECOND);
    began = g.now.mono_ns;
    c[1] = ask("r", "x-aigw-class: batch\r\n", ",\"max_tokens\":6");
    later(SECOND);
    t_int("batch waits for batch", c[1]->records, 0);
    c[2] = ask("r", "", ",\"max_tokens\":6");
    later(SECOND / 10);
    t_int("interactive does not", c[2]->record.status, 200);
    t_int("and brings it home for the other", c[1]->record.status, 200);
    t_int("asked once", g.p[0].asked, 2);
    run();
    t_ok("the first takes it when its turn comes", c[0]->record.status == 200 && strstr(c[0]->why, "cache: hit"));
    t_int("and asks nobody", g.p[0].asked, 2);
    t_ok("a minute later", g.now.mono_ns - began > 50 * SECOND);
    clean();
    with(CACHE ",\"routes\":{\"r\":{\"models\":[\"ma\"]}}");
    for (int deaf = 0; deaf < 2; deaf++) {
        g.p[0].status = -4;                                    /* it goes on and on */
        c[0] = ask("r", "", deaf ? ",\"stream\":true" : ",\"stream\":true,\"max_tokens\":9");
        c[0]->deaf = deaf;
        later(SECOND);
        g.p[0].status = 200;
        c[1] = ask("r", "", deaf ? "" : ",\"max_tokens\":9");
        later(SECOND);
        t_int("nor for a client that reads nothing", c[1]->record.status, deaf ? 200 : 0);
        for (int i = 0; i < 2; i++) {
            if (!c[i]->done) aigw_exchange_release(&c[i]->x, g.now);
            c[i]->used = 0, c[i]->done = 1;
        }
    }
    clean();
}

/* The last step stands for what passes by itself: what is refused for good keeps its own words, and no client comes again for it. */
T(busy_is_not_said_of_what_never_passes) {
    static const char *const routes[] = { "n", "r", "s" };
    client *c;
    with("\"routes\":{\"n\":{\"models\":[\"ma\"]},\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]},\"s\":{\"models\":[\"ma\"],\"degrade\":[\"route:t\",\"stale\",\"busy\"]},\"t\":{\"models\":[\"mb\"]}},"
         "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.004\",\"per\":\"day\",\"soft\":1}]");
    for (size_t i = 0; i < T_COUNT(routes); i++) {
        c = once(routes[i], "", ",\"max_tokens\":900");
        t_int("over its cap", c->record.status, 402);
        t_ok("in its words", has(c, " of 0.004 USD spent, 0.00 reserved by 0 running requests; this one may cost ") && has(c, "it begins anew at 2025-11-22"));
        t_str("not to be tried again", header(c, "x-should-retry"), 5, "false");
        t_str("nor at a time", header(c, "retry-after"), 0, "");
        t_str("the step that was taken", c->degraded, strlen(c->degraded), i == 2 ? "route:t" : "");
        c = once(routes[i], "x-aigw-require: grade.code>=5\r\n", ",\"max_tokens\":10");
        t_int("nobody satisfies", c->record.status, 404);
        t_ok("and that is said", has(c, "no model satisfies x-aigw-require"));
    }
    clean();
    with("\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}}");
    g.p[0].status = 401;
    t_int("a key that the provider refuses", once("r", "", "")->record.kind, AIGW_KIND_AUTH);
    t_int("nor while it is benched", once("r", "", "")->record.kind, AIGW_KIND_AUTH);
    clean();
    /* one that is down comes back, though the other has no money */
    with("\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"],\"degrade\":[\"busy\"]}},\"budgets\":[{\"by\":[\"model\"],\"when\":{\"model\":\"ma\"},\"usd\":\"0.000001\",\"per\":\"day\",\"soft\":1}]");
    g.p[1].status = 503;
    for (int i = 0; i < 9; i++) t_int("busy", once("r", "", ",\"max_tokens\":10")->record.kind, AIGW_KIND_BUSY);
    clean();
}
/* And says when: of those that come back the first, as its own refusal would have said. */
T(busy_says_when_the_first_comes_back) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}},\"limits\":[{\"by\":[\"tenant\"],\"rpm\":1}]");
    t_int("the first", once("r", "", "")->record.status, 200);
    later(10 * SECOND);
    c = once("r", "", "");
    t_int("a limit of ours", c->record.kind, AIGW_KIND_BUSY);
    t_ok("as the limit would have said", atoi(header(c, "retry-after")) >= 49 && atoi(header(c, "retry-after")) <= 51);
    clean();
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"],\"degrade\":[\"busy\"]}}");
    g.p[0].status = g.p[1].status = 429;
    g.p[0].headers = "retry-after: 70\r\n";
    g.p[1].headers = "retry-after: 90\r\n";
    c = once("r", "", "");
    t_int("their limits", c->record.kind, AIGW_KIND_BUSY);
    t_str("the hint of the first", header(c, "retry-after"), strlen(header(c, "retry-after")), "70");
    t_str("and when nobody is asked", header(once("r", "", ""), "retry-after"), 2, "70");
    clean();
    with("\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.01\",\"per\":\"total\",\"soft\":0.01,\"then\":\"busy\",\"max_output\":10}]");
    t_int("what it may cost is not spent", once("r", "", "")->record.status, 200);
    c = once("r", "", "");
    t_int("a soft limit", c->record.status, 503);
    t_str("that does not begin anew", header(c, "retry-after"), 0, "");
    clean();
}

/* Several budgets that one request passes are all told of, each once; of more than there is room for, the highest. */
T(every_budget_that_is_passed_is_told_of) {
    with("\"budgets\":[{\"usd\":\"0.02\",\"per\":\"total\",\"soft\":0.46},{\"by\":[\"tenant\"],\"usd\":\"0.02\",\"per\":\"day\",\"soft\":0.5},{\"by\":[\"user\"],\"usd\":\"0.02\",\"per\":\"hour\",\"soft\":0.48},"
         "{\"usd\":\"0.02\",\"per\":\"month\",\"soft\":0.49},{\"usd\":\"100\",\"per\":\"week\"}]");
    for (int i = 1; i <= 9; i++) {                             /* 0.0015 each: the seventh makes 52 % of it */
        client *c = once("ma", "x-aigw-user: u\r\n", ",\"max_tokens\":50");
        t_int("answered", c->record.status, 200);
        t_str("told", c->alert, strlen(c->alert), i == 7 ? "usd.month 49, usd.day|tenant=t 50, usd.hour|user=u 48" : "");
    }
    clean();
}

/* 0.04 of 0.10 may be spent by each: the first is not degraded by what it reserves itself, nor is anybody told of it. */
T(the_soft_limit_is_passed_by_others) {
    client *c[2];
    with("\"routes\":{\"small\":{\"models\":[\"mc\"]},\"r\":{\"models\":[\"mb\",\"ma\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.10\",\"per\":\"day\",\"soft\":0.2,\"then\":\"route:small\"}]");
    for (int i = 0; i < 2; i++) {
        c[0] = once("ma", "", ",\"max_tokens\":800");
        t_int("fresh", c[0]->record.status, 200);
        t_str("as asked", c[0]->provider, 1, "a");
        t_int("nothing was passed", (int)c[0]->record.alerts, 0);
    }
    g.p[1].status = 503;                                       /* by a dearer one in the end: the difference is its own, too */
    t_str("nor by its own at a second target", once("r", "", ",\"max_tokens\":800")->provider, 1, "a");
    g.p[0].delay_ns = SECOND;
    for (int i = 0; i < 2; i++) c[i] = ask("ma", "", ",\"max_tokens\":800");
    run();
    t_str("the first of two", c[0]->provider, 1, "a");
    t_str("what that one reserves counts for the second", c[1]->degraded, strlen(c[1]->degraded), "route:small");
    t_int("none is told of", (int)(c[0]->record.alerts + c[1]->record.alerts), 0);
    clean();
}

T(the_last_step_says_when_to_come_again) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.01\",\"per\":\"day\",\"soft\":0.01,\"then\":\"busy\",\"max_output\":10}]");
    t_int("what it may cost is not spent", once("r", "", "")->record.status, 200);
    c = once("r", "", "");
    t_int("refused", c->record.status, 503);
    t_str("the step", c->degraded, strlen(c->degraded), "busy");
    t_int("when the day is over", atoi(header(c, "retry-after")), 19 * 3600 + 20 * 60);
    t_int("nobody was asked", g.p[0].asked, 1);
    clean();
    with("\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}}");
    g.p[0].status = 429;
    g.p[0].headers = "retry-after: 70\r\n";
    (void)once("r", "", "");
    c = once("r", "", "");
    t_int("refused", c->record.status, 503);
    t_int("when its limit lets it through", atoi(header(c, "retry-after")), 70);
    clean();
}

/* What is forwarded as it is counts too. */
static client *send_as(const char *tenant, const char *method, const char *path, const char *headers, const char *body) {
    client *c = ask_as(tenant, "x", "", "");
    c->in_n = (size_t)sprintf(c->in, "%s %s HTTP/1.1\r\nhost: g\r\n%scontent-length: %lu\r\n\r\n%s", method, path, headers, (unsigned long)strlen(body), body);
    run();
    t_int("answered", c->done, 1);
    c->out[c->out_n < sizeof c->out ? c->out_n : sizeof c->out - 1] = 0;
    c->used = 0;
    return c;
}
static client *post_as(const char *tenant, const char *path, const char *headers, const char *body) { return send_as(tenant, "POST", path, headers, body); }
static client *raw_as(const char *tenant, const char *path) { return post_as(tenant, path, "", "{\"a\":1}"); }
T(forwarded_requests_count) {
    client *c = NULL;
    unsigned asked;
    world("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a\",\"raw\":{\"usd\":\"0.04\"}},"
          "\"b\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://b.test/v1\",\"key\":\"sk-b\",\"raw\":true},"
          "\"c\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://c.test/v1\",\"key\":\"sk-c\",\"raw\":{\"usd\":0}}},"
          "\"limits\":[{\"by\":[\"tenant\",\"provider\"],\"rpm\":3}],\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.10\",\"per\":\"day\"}]}");
    for (int i = 0; i < 3; i++) c = raw_as("t", "/raw/a/images");
    t_int("the third has no room", c->record.status, 402);
    t_int("two were forwarded", g.p[0].asked, 2);
    t_int("and paid", spent("usd.day|tenant=t"), 80000000);
    t_int("another tenant's are its own", raw_as("u", "/raw/a/images")->record.status, 200);
    c = raw_as("t", "/raw/b/images");
    t_int("without a price: refused", c->record.status, 402);
    t_ok("and what to write is said", has(c, "raw"));
    for (int i = 0; i < 3; i++) t_int("for nothing", raw_as("t", "/raw/c/images")->record.status, 200);
    c = raw_as("t", "/raw/c/images");
    t_int("a limit", c->record.status, 429);
    t_ok("is named", has(c, "rpm|tenant=t|provider=c"));
    g.p[0].status = 500;
    (void)raw_as("u", "/raw/a/images");
    t_int("an error is not paid", spent("usd.day|tenant=u"), 40000000);
    g.p[0].status = 200;
    g.p[0].dead = 1;
    t_int("a kept connection dies: another", send_as("v", "PUT", "/raw/a/images", "", "{}")->record.status, 200);
    t_int("both may be billed", spent("usd.day|tenant=v"), 80000000);
    g.p[0].dead = 2;
    t_int("but not what there is no room for", send_as("w", "PUT", "/raw/a/images", "", "{}")->record.status, 402);
    t_int("never beyond the cap", spent("usd.day|tenant=w") <= 100000000, 1);
    g.p[0].dead = 1;
    asked = g.p[0].asked;
    t_int("what may have been done is not done twice", raw_as("y", "/raw/a/images")->record.status, 502);
    t_int("no other connection was asked for it", g.p[0].asked, asked);
    t_int("and may be billed", spent("usd.day|tenant=y"), 40000000);
    clean();
}

/* A list of what a tenant may use is one of what it may forward to, too. */
static const char raw_providers[] =
    "\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a\",\"raw\":true},"
    "\"b\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://b.test/v1\",\"key\":\"sk-b\",\"raw\":true},"
    "\"c\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://c.test/v1\",\"key\":\"sk-c\"}},"
    "\"models\":{\"pub\":{\"provider\":\"a\",\"id\":\"m\"}}";
static void with_raw(const char *rest) {
    static char json[2048];
    snprintf(json, sizeof json, "{%s,%s}", raw_providers, rest);
    world(json);
}
T(forwarding_is_of_the_tenants_list_too) {
    static const struct { const char *tenant, *path; int status; } rows[] = {
        { "none", "/raw/a/x", 403 }, { "none", "/raw/b/x", 403 }, { "one", "/raw/a/x", 200 }, { "one", "/raw/b/x", 403 },
        { "all", "/raw/a/x", 200 },  { "all", "/raw/b/x", 200 },  { "any", "/raw/b/x", 200 }, { "unknown", "/raw/b/x", 200 }
    };
    client *c;
    with_raw("\"tenants\":{\"none\":{\"routes\":[\"pub\"]},\"one\":{\"routes\":[\"pub\",\"raw/a\"]},\"all\":{\"routes\":[\"pub\",\"*\"]},\"any\":{}}");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const unsigned asked = g.p[0].asked + g.p[1].asked;
        t_row(fmt("%s %s", rows[i].tenant, rows[i].path));
        c = raw_as(rows[i].tenant, rows[i].path);
        t_int("status", c->record.status, rows[i].status);
        t_int("forwarded", g.p[0].asked + g.p[1].asked - asked, rows[i].status == 200);
        if (rows[i].status == 200) continue;
        t_ok("says what to write", has(c, "raw/NAME") && has(c, "routes"));
        t_int("kind", c->record.kind, AIGW_KIND_PERMISSION);
        t_str("who it was", c->tenant_said, strlen(c->tenant_said), rows[i].tenant);
    }
    t_row(NULL);
    t_int("models by the list as before", once_as("none", "pub", "", "")->record.status, 200);
    clean();
}

/* Who asked stands in the record, also of what is forwarded or refused. */
T(forwarded_requests_say_who_asked) {
    client *c;
    with_raw("\"tenants\":{\"t\":{\"routes\":[\"raw/a\"]}}");
    c = post_as("t", "/raw/a/x", "x-aigw-user: u\r\nx-aigw-feature: f\r\nx-aigw-env: e\r\nx-aigw-prompt: p@1\r\n", "{}");
    t_int("status", c->record.status, 200);
    t_str("all of it", c->said, strlen(c->said), "t u f e p@1 u");
    c = post_as("t", "/raw/b/x", "x-aigw-user: u\r\nx-aigw-feature: f\r\n", "{}");
    t_str("refused", c->said, strlen(c->said), "t u f   u");
    c = once_as("t", "pub", "x-aigw-user: u\r\n", "");
    t_int("a model that it may not use", c->record.status, 403);
    t_str("who", c->said, strlen(c->said), "t u    u");
    c = once_as("t", "pub", "", ",\"messages\":1");
    t_int("not readable", c->record.status, 400);
    t_str("as far as the key says", c->said, strlen(c->said), "t     ");
    clean();
}

/* A header that stands twice would be one thing for the limit and another for whoever reads the other one. */
T(headers_that_stand_twice_are_refused) {
    static const char *const names[] = { "x-aigw-user", "x-aigw-feature", "x-aigw-env", "x-aigw-class", "x-aigw-prompt", "x-aigw-tag",
                                         "x-aigw-route", "x-aigw-require", "x-aigw-cache", "x-aigw-strict", "x-aigw-timeout-ms" };
    client *c;
    char twice[200];
    with_raw("\"limits\":[{\"by\":[\"user\"],\"rpm\":1}]");
    for (size_t i = 0; i < T_COUNT(names); i++)
        for (int raw = 0; raw < 2; raw++) {
            t_row(fmt("%s %s", names[i], raw ? "raw" : ""));
            sprintf(twice, "%s: a\r\nX-AIGW-%s: b\r\n", names[i], names[i] + 7);
            c = raw ? post_as("t", "/raw/a/x", twice, "{}") : once("pub", twice, "");
            t_int("refused", c->record.status, 400);
            t_ok("names it", has(c, fmt("%s%s", "this header stands twice: ", names[i])));
        }
    t_row(NULL);
    t_int("nobody was asked", g.p[0].asked, 0);
    t_int("once is fine", once("pub", "x-aigw-user: a\r\n", "")->record.status, 200);
    t_int("and counts", once("pub", "x-aigw-user: a\r\n", "")->record.status, 429);
    clean();
}

/* ---- what was spent, in four places */

static int64_t tries_nusd(void) {
    int64_t sum = 0;
    for (unsigned i = 0; i < tries_n; i++) sum += tried_nusd(i);
    return sum;
}
/* Header, record, decision and budget say the same. */
T(what_was_spent_is_said_alike) {
    enum { CHAT, STREAM, LEAVES, HEDGE, AGAIN, EMBED, RAW, PUT };
    enum { NO, YES, BOUND };                                   /* the headers x-aigw-cost-usd and x-aigw-cost-bound */
    static const struct { const char *name; int how; const char *model; int a, b, dead, status, told, bound; int64_t least, most; } rows[] = {
        { "a whole answer",                 CHAT,   "ma", 200, 200, 0, 200, YES,   0, 1500000, 1500000 },
        { "a stream",                       STREAM, "ma", 200, 200, 0, 200, NO,    0, 1500000, 1500000 },
        { "a cut stream",                   STREAM, "ma",  -3, 200, 0, 200, NO,    1, 1500001, INT64_MAX },
        { "failover from a cut answer",     CHAT,   "r",   -3, 200, 0, 200, BOUND, 1, 150001, INT64_MAX },
        { "a stream after one",             STREAM, "r",   -2, 200, 0, 200, NO,    1, 150001, INT64_MAX },
        { "cut answers only",               CHAT,   "r",   -3,  -3, 0, 502, BOUND, 1, 1, INT64_MAX },
        { "a stream that never began",      STREAM, "r",   -2,  -2, 0, 502, BOUND, 1, 1, INT64_MAX },
        { "providers' errors",              CHAT,   "r",  500, 500, 0, 500, YES,   0, 0, 0 },
        { "nobody could be reached",        CHAT,   "r",    0,   0, 0, 502, YES,   0, 0, 0 },
        { "a hedge",                        HEDGE,  "h",  200, 200, 0, 200, BOUND, 1, 150001, INT64_MAX },
        { "the client leaves a stream",     LEAVES, "ma",  -4, 200, 0, 200, NO,    1, 1, INT64_MAX },
        { "the cache",                      AGAIN,  "k",  200, 200, 0, 200, YES,   0, 0, 0 },
        { "vectors",                        EMBED,  "em", 200, 200, 0, 200, NO,    0, 100000, 100000 },
        { "a kept connection died",         CHAT,   "ma", 200, 200, 1, 200, BOUND, 1, 1500001, INT64_MAX },
        { "forwarded",                      RAW,    "a",  200, 200, 0, 200, YES,   0, 40000000, 40000000 },
        { "forwarded, for nothing",         RAW,    "b",  200, 200, 0, 200, YES,   0, 0, 0 },
        { "forwarded, an error",            RAW,    "a",  500, 200, 0, 500, YES,   0, 0, 0 },
        { "forwarded, contact lost",        RAW,    "a",   -2, 200, 0, 502, BOUND, 1, 40000000, 40000000 },
        { "forwarded, cut",                 RAW,    "a",   -3, 200, 0, 200, YES,   0, 40000000, 40000000 },
        { "forwarded, nobody reached",      RAW,    "a",    0, 200, 0, 502, YES,   0, 0, 0 },
        { "forwarded, a kept one died",     PUT,    "a",  200, 200, 1, 200, BOUND, 1, 80000000, 80000000 },
        { "forwarded, not to be repeated",  RAW,    "a",  200, 200, 1, 502, BOUND, 1, 40000000, 40000000 },
        { "forwarded, the client leaves",   LEAVES, NULL,  -1, 200, 0, 0,   NO,    1, 40000000, 40000000 },
    };
    g.cfg.cache_bytes = 1 << 20;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const char *const model = rows[i].model, *const stream = ",\"stream\":true";
        client *c;
        int64_t cost;
        t_row(rows[i].name);
        world("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a\",\"raw\":{\"usd\":\"0.04\"}},"
              "\"b\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://b.test/v1\",\"key\":\"sk-b\",\"raw\":{\"usd\":0}}},"
              "\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"10.00\",\"output\":\"50.00\"}},"
              "\"mb\":{\"provider\":\"b\",\"id\":\"m\",\"context\":1000,\"max_output\":1000,\"price\":{\"input\":\"1.00\",\"output\":\"5.00\"}},"
              "\"em\":{\"provider\":\"a\",\"id\":\"e\",\"context\":1000,\"embeds\":true,\"price\":{\"input\":\"1.00\"}}},"
              "\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"],\"attempts\":2,\"per_target\":1},\"h\":{\"models\":[\"ma\",\"mb\"],\"hedge\":\"p90\"},\"k\":{\"models\":[\"ma\"],\"cache\":\"always\"}},"
              "\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"100\",\"per\":\"day\",\"max_output\":100}]}");
        if (rows[i].how == AGAIN) (void)once_as("t", model, "", "");
        if (rows[i].how == HEDGE) {
            g.p[0].delay_ns = SECOND / 10;
            for (int k = 0; k < 30; k++) (void)once_as("other", model, "", "");
            g.p[0].delay_ns = 20 * SECOND;
        }
        cost = spent("usd.day|tenant=t") > 0 ? spent("usd.day|tenant=t") : 0;
        g.p[0].status = rows[i].a, g.p[1].status = rows[i].b, g.p[0].dead = rows[i].dead;
        tries_n = 0;
        if (rows[i].how == PUT) c = send_as("t", "PUT", fmt("/raw/%s%s", model, "/x"), "", "{}");
        else if (rows[i].how == RAW) c = raw_as("t", fmt("/raw/%s%s", model, "/x"));
        else if (rows[i].how == EMBED) c = post_as("t", "/v1/embeddings", "", "{\"model\":\"em\",\"input\":\"Hello\"}");
        else if (rows[i].how != LEAVES) c = once(model, "", rows[i].how == STREAM ? stream : "");
        else {
            c = ask(model ? model : "x", "", stream);
            if (!model) c->in_n = (size_t)sprintf(c->in, "POST /raw/a/x HTTP/1.1\r\nhost: g\r\ncontent-length: 2\r\n\r\n{}");
            later(SECOND / 2);
            t_int("in the middle of it", model ? has(c, "from a") : (int)g.p[0].asked, 1);
            aigw_exchange_eof(&c->x, g.now);
            aigw_exchange_release(&c->x, g.now);
            c->used = 0, c->done = 1;
        }
        t_int("recorded", c->records, 1);
        t_int("status", c->record.status, rows[i].status);
        cost = spent("usd.day|tenant=t") - cost;
        t_int("record and budget", c->record.cost.nusd, cost > 0 ? cost : 0);
        t_ok("as much as expected", c->record.cost.nusd >= rows[i].least && c->record.cost.nusd <= rows[i].most);
        t_int("a bound", c->record.cost_bound, rows[i].bound);
        t_int("priced", c->record.unpriced, 0);
        if (tries_n) t_int("tries", tries_nusd(), c->record.cost.nusd);
        t_int("header", *header(c, "x-aigw-cost-usd") != 0, rows[i].told != NO);
        t_int("header of a bound", !strcmp(header(c, "x-aigw-cost-bound"), "true"), rows[i].told == BOUND);
        if (rows[i].told) t_int("header and record", (int64_t)(strtod(header(c, "x-aigw-cost-usd"), NULL) * 1e9 + 0.5), c->record.cost.nusd);
        clean();
    }
    t_row(NULL);
}

/* ---- circuits, retries */

T(a_429_without_a_hint_is_waited_out) {
    client *c;
    with("");
    g.p[0].status = 429;
    c = once("ma", "", "");
    t_int("asked twice", g.p[0].asked, 2);
    t_ok("not before a second", c->ended - c->began >= SECOND);
    t_int("said", c->record.status, 429);
    t_ok("when it may be asked again", atoi(header(c, "retry-after")) >= 1 && atoi(header(c, "retry-after")) <= 2);
    t_ok("which is worth while", !has(c, "x-should-retry: false"));
    later(3 * SECOND);
    c = once("ma", "", "");
    t_int("the next hint is beyond patience", g.p[0].asked, 3);
    t_ok("so nothing is waited for", c->ended - c->began < SECOND / 10);
    t_ok("but said", atoi(header(c, "retry-after")) >= 4);
    clean();
}

/* Who may be paid is behind an open circuit: it is tried, as when all are, rather than refused for the money of another. */
T(who_may_be_paid_is_tried_though_its_circuit_is_open) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"],\"attempts\":1}},\"breaker\":{\"consecutive\":2},\"budgets\":[{\"by\":[\"model\"],\"when\":{\"model\":\"ma\"},\"usd\":\"0.0001\",\"per\":\"day\"}]");
    g.p[1].status = 500;
    for (int i = 0; i < 4; i++) (void)once("mb", "", "");
    g.p[1].status = 200, g.p[1].asked = 0;
    t_int("nor does its own name have more", once("ma", "", "")->record.status, 402);
    c = once("r", "", "");
    t_int("answered", c->record.status, 200);
    t_str("by the second", c->provider, 1, "b");
    t_int("asked once", g.p[1].asked, 1);
    g.p[1].status = 500;
    for (int i = 0; i < 40; i++) c = once("r", "", "");
    t_int("what it said stands, or that no more tries are paid for", c->record.status == 402 || c->record.status == 500 || c->record.status == 502, 1);
    t_ok("not beyond the retry budget", g.p[1].asked < 20);
    clean();
}

T(a_circuit_opens_and_closes) {
    client *c;
    with("");
    g.p[0].status = 500;
    for (int i = 0; i < 5; i++) (void)once("ma", "", "");
    {
        const unsigned asked = g.p[0].asked;
        int refused = 0;
        for (int i = 0; i < 40; i++) {
            c = once("ma", "", "");
            refused += c->record.kind == AIGW_KIND_CIRCUIT_OPEN;
        }
        t_ok("mostly not asked any more", refused >= 25 && g.p[0].asked - asked <= 15);
        t_int("503", c->record.status, 503);
        t_ok("says when", atoi(header(c, "retry-after")) >= 1);
    }
    g.p[0].status = 200;
    later(300 * SECOND);
    t_int("tried again", once("ma", "", "")->record.status, 200);
    t_int("and again", once("ma", "", "")->record.status, 200);
    {
        client *all[5];
        int ok = 0;
        for (int i = 0; i < 5; i++) all[i] = ask("ma", "", "");
        run();
        for (int i = 0; i < 5; i++) ok += all[i]->record.status == 200;
        t_int("closed", ok, 5);
    }
    clean();
}

/* A provider that says "not before 2100" is asked again in a day, which is what its client is told. */
T(a_hint_of_decades_is_a_day) {
    static const char *const hints[] = { "retry-after: Fri, 01 Jan 2100 00:00:00 GMT\r\n", "retry-after: 99999999999999999999\r\n", "retry-after-ms: 9000000000000000\r\n" };
    for (size_t i = 0; i < T_COUNT(hints); i++) for (int batch = 0; batch < 2; batch++) {
        client *c;
        t_row(hints[i]);
        with("");
        g.p[0].status = 429;
        g.p[0].headers = hints[i];
        c = once("ma", batch ? "x-aigw-class: batch\r\n" : "", "");
        t_int("status", c->record.status, 429);
        t_int("at most a day", atoll(header(c, "retry-after")), 86400);
        t_int("in ms too", atoll(header(c, "retry-after-ms")), 86400000);
        t_int("nobody waits for it", (long long)(c->ended - c->began), 0);
        c = once("ma", "", "");
        t_int("it is left alone", g.p[0].asked, 1);
        t_ok("the next is told the same", atoll(header(c, "retry-after")) > 86000 && atoll(header(c, "retry-after")) <= 86400);
        g.p[0].status = 200;
        later(86401 * SECOND);
        t_int("and asked in a day", once("ma", "", "")->record.status, 200);
        clean();
    }
    t_row(NULL);
}

T(failover_loses_nobody) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]}}");
    g.p[0].status = 503;
    for (int i = 0; i < 30; i++) {
        c = once("r", "", "");
        t_int("answered", c->record.status, 200);
        t_str("by the backup", c->provider, 1, "b");
    }
    t_ok("the dead one is left alone", g.p[0].asked < 15);
    clean();
}

T(too_many_requests_bench_the_target) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]}}");
    g.p[0].status = 429;
    g.p[0].headers = "retry-after: 20\r\n";
    c = once("r", "", "");
    t_int("answered", c->record.status, 200);
    t_int("asked once", g.p[0].asked, 1);
    c = once("r", "", "");
    t_int("what would be refused is not sent", g.p[0].asked, 1);
    g.p[0].status = 200;
    g.p[0].headers = NULL;
    later(21 * SECOND);
    c = once("r", "", "");
    t_str("and is asked again after", c->provider, 1, "a");
    clean();
}

/* A 503 that says when to come again is no limit: who comes before is told 503, and the provider is not asked. */
T(a_failure_with_a_hint_spares_the_target) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\"]}}");
    g.p[0].status = 503;
    g.p[0].headers = "retry-after: 70\r\n";
    t_int("what the provider says", once("r", "", "")->record.status, 503);
    c = once("r", "", "");
    t_int("not asked again", g.p[0].asked, 1);
    t_int("a failure, not a limit", c->record.status, 503);
    t_int("of this kind", c->record.kind, AIGW_KIND_OVERLOADED);
    t_ok("and until when", atoi(header(c, "retry-after")) >= 69 && atoi(header(c, "retry-after")) <= 70);
    g.p[0].headers = "retry-after: 90\r\n";
    g.p[0].status = 429;
    later(71 * SECOND);
    t_int("then a limit is reached", once("r", "", "")->record.status, 429);
    c = once("r", "", "");
    t_int("which is one", c->record.kind, AIGW_KIND_RATE_LIMIT);
    t_int("not asked again", g.p[0].asked, 2);
    clean();
}

/* While one request tries a target that failed, others are told to come again in seconds, not when that one is given up as lost; a stream has shown what it can by
 * its beginning. */
T(a_probe_is_not_waited_for_longer_than_needed) {
    client *c;
    for (int stream = 0; stream < 2; stream++) {
        t_row(stream ? "a stream" : "a whole answer");
        with("\"routes\":{\"r\":{\"models\":[\"ma\"]}}");
        g.p[0].status = 500;
        for (int i = 0; i < 20; i++) c = once("r", "", "");
        t_int("open", c->record.kind, AIGW_KIND_CIRCUIT_OPEN);
        later(300 * SECOND);
        g.p[0].status = stream ? -4 : 200;                     /* -4: it goes on and on */
        g.p[0].delay_ns = stream ? 0 : 60 * SECOND;
        (void)ask("r", "", stream ? ",\"stream\":true" : "");
        later(SECOND);
        g.p[0].status = 200;
        g.p[0].delay_ns = 0;
        c = once("r", "", "");
        t_int("the next", c->record.status, stream ? 200 : 503);
        if (!stream) t_ok("comes again soon", atoi(header(c, "retry-after")) >= 1 && atoi(header(c, "retry-after")) <= 4);
        clean();
    }
    t_row(NULL);
}

T(a_refused_key_is_benched) {
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]}}");
    g.p[0].status = 401;
    t_int("answered", once("r", "", "")->record.status, 200);
    t_int("asked once", g.p[0].asked, 1);
    for (int i = 0; i < 5; i++) t_int("answered", once("r", "", "")->record.status, 200);
    t_int("not asked again", g.p[0].asked, 1);
    later(61 * SECOND);
    (void)once("r", "", "");
    t_int("but after a minute", g.p[0].asked, 2);
    clean();
}

/* A provider's 400 repeats what one client wrote; the next client is answered. A sentence of the provider itself benches. */
T(the_clients_words_bench_nobody) {
    static const struct { const char *says; int benched; } rows[] = {
        { "Invalid schema for function 'get_billing_status': schema must be a JSON Schema of 'type: object'.", 0 },
        { "'incorrect api key provided' is not one of ['auto', 'none']", 0 },
        { "Invalid value: 'your credit balance is too low to access the API'.", 0 },
        { "Invalid value: 'insufficient_quota tokens per day spend limit'.", 0 },
        { "Invalid value: 'x', try again in 9h.", 0 },
        { "Incorrect API key provided. You can obtain an API key from the console.", 1 },
        { "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.", 1 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].says);
        with("");
        g.p[0].status = 400;
        g.p[0].error = rows[i].says;
        t_int("of one", once_as("t", "ma", "", "")->record.status == 200, 0);
        g.p[0].status = 200;
        t_int("of another", once_as("u", "ma", "", "")->record.status == 200, !rows[i].benched);
        t_int("asked", g.p[0].asked, rows[i].benched ? 1 : 2);
        clean();
    }
}

/* Headers, record and error speak of who was asked, not of a target that a budget kept it from: the next one, or that of the route which it would degrade to. */
T(who_answered_is_who_was_asked) {
    static const struct { const char *label, *rest; } rows[] = {
        { "the next", "\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"]}}" },
        { "at the end of a chain", "\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"],\"degrade\":[\"busy\"]}}" },
        { "a step down", "\"routes\":{\"r\":{\"models\":[\"mb\"],\"degrade\":[\"route:s\"]},\"s\":{\"models\":[\"ma\"]}}" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char rest[400];
        client *c;
        t_row(rows[i].label);
        snprintf(rest, sizeof rest, "%s,\"budgets\":[{\"by\":[\"model\"],\"when\":{\"model\":\"ma\"},\"usd\":\"0.0001\",\"per\":\"day\"}]", rows[i].rest);
        with(rest);
        g.p[1].status = 500;
        c = once("r", "", ",\"max_tokens\":100");
        t_int("asked", g.p[0].asked, 0);
        t_ok("it was asked", g.p[1].asked > 0 && c->record.attempts == g.p[1].asked);
        t_ok("record", !strcmp(c->provider, "b") && !strcmp(c->model, "m"));
        t_ok("header", !strcmp(header(c, "x-aigw-provider"), "b"));
        clean();
    }
}

T(a_key_is_not_shown_in_its_refusal) {
    client *c;
    world("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"no-such-mark!key\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\"}}}");
    g.p[0].status = 401;
    g.p[0].error = "Bad credential: no-such-mark!key, no-such-mark";
    c = once("ma", "", "");
    t_ok("said", strstr(c->out, "Bad credential: ****************, no-such-mark") != NULL);
    clean();
}

/* Whatever field of an error it stands in, and however the error came: as a status, in a 200, within a stream; nor in the provider's id of the request. */
T(a_key_is_in_no_word_of_an_error) {
    static const struct { const char *path, *body; } asks[] = {
        { "/v1/chat/completions", "{\"model\":\"ma\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]%s}" },
        { "/v1/messages", "{\"model\":\"ma\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]%s}" },
        { "/v1/responses", "{\"model\":\"ma\",\"input\":\"Hi\"%s}" },
        { "/v2/chat", "{\"model\":\"ma\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]%s}" },
        { "/v1beta/models/ma:generateContent", "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}" },
        { "/api/chat", "{\"model\":\"ma\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]%s}" }
    };
    static const char *const complaints[] = {
        "{\"message\":\"said no-such-mark!key\",\"type\":\"no-such-mark!key\",\"code\":\"no-such-mark!key\",\"param\":\"no-such-mark!key\"}",
        "{\"message\":\"said no-such\\u002dmark!key\",\"type\":\"no-such\\u002dmark!key\",\"code\":\"no-such\\u002dmark!key\",\"param\":\"no-such-mark\\u0021key\"}",
        "{\"message\":\"said\",\"type\":\"sk-no-such-mark!key\",\"code\":\"sk-of-somebody-else-1\",\"param\":\"a sk-of-somebody-else-1\"}"
    };
    enum { STATUS, WHOLE, STREAM, WAYS };
    static const char *const ways[] = { "status", "in a 200", "in a stream" };
    for (size_t i = 0; i < T_COUNT(asks) * WAYS * T_COUNT(complaints); i++) {
        const size_t a = i % T_COUNT(asks), way = i / T_COUNT(asks) % WAYS, k = i / T_COUNT(asks) / WAYS;
        const char *path = asks[a].path;
        char body[512];
        client *c;
        if (way == STREAM && strstr(path, ":generate")) path = "/v1beta/models/ma:streamGenerateContent?alt=sse";
        t_row(ways[way]);
        world("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"no-such-mark!key\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\"}}}");
        g.p[0].status = way == STATUS ? 400 : 200;
        g.p[0].early_error = way == STREAM;
        g.p[0].complaint = complaints[k];
        g.p[0].headers = "x-request-id: id no-such-mark!key 8\r\n";
        c = ask("ma", "", "");
        snprintf(body, sizeof body, asks[a].body, way == STREAM ? ",\"stream\":true" : ",\"stream\":false");
        c->in_n = (size_t)sprintf(c->in, "POST %s HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\ncontent-length: %lu\r\n\r\n%s", path, (unsigned long)strlen(body), body);
        run();
        c->out[c->out_n] = 0;
        t_ok("it failed, and says so", c->record.kind && strstr(c->out, "said") != NULL);
        t_ok("id", !strcmp(header(c, "x-aigw-upstream-request-id"), "id **************** 8"));
        if (strstr(c->out, "such") || strstr(c->out, "sk-of")) t_fail(c->out);
        c->used = 0;
        clean();
    }
}

T(a_benched_key_is_told_by_its_refusal) {
    client *c;
    with("");
    g.p[0].status = 403;
    t_int("refused", once("ma", "", "")->record.kind, AIGW_KIND_PERMISSION);
    c = once("ma", "", "");
    t_int("not asked again", g.p[0].asked, 1);
    t_int("the same kind", c->record.kind, AIGW_KIND_PERMISSION);
    t_ok("when it is asked again", atoi(header(c, "retry-after")) >= 25 && atoi(header(c, "retry-after")) <= 60);
    clean();
}

T(limits_are_told_after_a_failover) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]}},\"limits\":[{\"by\":[\"tenant\"],\"rpm\":5}]");
    g.p[0].status = 503;
    c = once("r", "", "");
    t_int("answered", c->record.status, 200);
    t_int("by the second", c->record.attempts, 2);
    t_str("limit", header(c, "x-ratelimit-limit-requests"), 1, "5");
    t_str("left", header(c, "x-ratelimit-remaining-requests"), 1, "4");
    clean();
}

T(attempts_are_bounded) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\",\"mc\"],\"attempts\":2}}");
    g.p[0].status = g.p[1].status = g.p[2].status = 503;
    c = once("r", "", "");
    t_int("attempts", c->record.attempts, 2);
    t_int("asked", g.p[0].asked + g.p[1].asked + g.p[2].asked, 2);
    clean();
}

T(nobody_is_asked_for_a_client_that_has_left) {
    client *c;
    with("");
    g.p[0].status = 503;
    g.p[0].headers = "retry-after: 1\r\n";
    c = ask("ma", "", "");
    later(SECOND / 2);
    t_int("asked once, and waits", g.p[0].asked, 1);
    t_int("not answered yet", c->records, 0);
    aigw_exchange_eof(&c->x, g.now);
    run();
    later(30 * SECOND);
    t_int("not asked again", g.p[0].asked, 1);
    t_int("recorded once", c->records, 1);
    t_int("as cancelled", c->record.kind, AIGW_KIND_CANCELLED);
    clean();
}

T(held_back_streams_fail_over) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"],\"hold\":{\"tokens\":50}},\"n\":{\"models\":[\"ma\",\"mb\"]}}");
    g.p[0].early_error = 1;
    c = once("r", "", ",\"stream\":true");
    t_int("status", c->record.status, 200);
    t_ok("answered by the other, whole", has(c, "from b") && !has(c, "from a") && has(c, "[DONE]"));
    c = once("n", "", ",\"stream\":true");
    t_ok("else the error stands in the stream", has(c, "from a") && has(c, "error") && !has(c, "[DONE]"));
    clean();
}

T(a_slow_try_is_hedged) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"],\"hedge\":\"p90\"}}");
    g.p[0].delay_ns = SECOND / 10;
    for (int i = 0; i < 30; i++) (void)once("r", "", "");
    t_int("nobody needed the other", g.p[1].asked, 0);
    g.p[0].delay_ns = 20 * SECOND;
    c = once("r", "", "");
    t_int("answered", c->record.status, 200);
    t_str("by the second", c->provider, 1, "b");
    t_int("attempts", c->record.attempts, 2);
    t_ok("soon", c->ended - c->began < SECOND);
    t_int("the loser is closed", c->up[0].open, 0);
    t_ok("and counted in full", c->record.cost.nusd > 10000000 / 10);
    t_int("which is a bound", c->record.cost_bound, 1);
    t_str("as the header says", header(c, "x-aigw-cost-bound"), strlen(header(c, "x-aigw-cost-bound")), "true");
    t_ok("the wait for the first is not our own time", c->record.overhead_us < 1000 && atoi(header(c, "x-aigw-overhead-us")) < 1000);
    t_int("each try has what it was charged", tried_nusd(0) + tried_nusd(1), c->record.cost.nusd);
    t_ok("the loser too", tried_nusd(0) > 0 && tried_bound(0) && !tried_bound(1));
    g.p[1].status = 500;
    g.p[0].delay_ns = 2 * SECOND;
    c = once("r", "", "");
    t_str("a hedge that fails does no harm", c->provider, 1, "a");
    t_ok("nor counts as our time", c->record.overhead_us < 1000);
    g.p[1].status = 200, g.p[1].delay_ns = 5 * SECOND, g.p[0].status = -2, g.p[0].delay_ns = 2 * SECOND;
    c = once("r", "", "");
    t_str("the first fails while the second runs on", c->provider, 1, "b");
    t_ok("no time of ours, whichever ends first", c->record.overhead_us < 1000);
    t_int("answered", c->record.status, 200);
    clean();
}

/* What the records say is what the budget counts, also when two were asked. */
T(hedges_are_settled_once) {
    client *c;
    int64_t total = 0;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"],\"hedge\":\"p90\"}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"10\",\"per\":\"day\",\"max_output\":100},"
         "{\"by\":[\"model\"],\"usd\":\"0.06\",\"per\":\"week\",\"soft\":0.76}]");
    g.p[0].delay_ns = SECOND / 10;
    for (int i = 0; i < 30; i++) total += once("r", "", "")->record.cost.nusd;
    t_int("one was asked", spent("usd.day|tenant=t"), total);
    g.p[0].delay_ns = 20 * SECOND;
    c = once("r", "", "");
    t_int("two were asked", c->record.attempts, 2);
    t_str("what the loser's was told of", c->alert, strlen(c->alert), "usd.week|model=ma 76");
    total += c->record.cost.nusd;
    t_int("both are counted, once", spent("usd.day|tenant=t"), total);
    clean();
}

/* ---- routing */

T(requirements_and_tasks) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"]},\"small\":{\"models\":[\"mb\"]},\"cheap\":{\"models\":[\"ma\",\"mb\"],\"order\":\"cheapest\"}},"
         "\"tasks\":[{\"when\":{\"feature\":\"faq\"},\"route\":\"small\"}]");
    c = once("r", "", "");
    t_str("in order", c->provider, 1, "a");
    c = once("cheap", "", "");
    t_str("the cheapest", c->provider, 1, "b");
    c = once("r", "x-aigw-feature: faq\r\n", "");
    t_str("by task", c->provider, 1, "b");
    t_str("route", header(c, "x-aigw-route"), 5, "small");
    c = once("r", "x-aigw-require: usd<=0.0005\r\n", ",\"max_completion_tokens\":10");
    t_str("what satisfies", c->provider, 1, "b");
    t_ok("the avoidable part", once("r", "", "")->record.avoidable_nusd == 1500000 - 150000);
    c = once("r", "x-aigw-require: usd<<1\r\n", "");
    t_int("not readable", c->record.status, 400);
    c = once("r", "x-aigw-require: usd<=0.0000001\r\n", "");
    t_int("nobody does", c->record.status, 404);
    clean();
}

T(tenants_have_their_models) {
    client *c;
    with("\"tenants\":{\"t\":{\"routes\":[\"mb\"]},\"u\":{\"routes\":[\"*\"]}}");
    c = once("ma", "", "");
    t_int("not this one", c->record.status, 403);
    t_int("not asked", g.p[0].asked, 0);
    t_int("its own", once("mb", "", "")->record.status, 200);
    t_int("another tenant", once_as("u", "ma", "", "")->record.status, 200);
    clean();
}

/* ---- the cache */

/* Who waits for an equal request has a time of its own; and who waited long, in vain, does not wait for another one. */
T(who_waits_for_an_equal_request_has_its_own_time) {
    static const char *const headers[] = { "x-aigw-timeout-ms: 400\r\n", "x-stainless-read-timeout: 0.4\r\n" };
    client *c[4];
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE ",\"routes\":{\"r\":{\"models\":[\"ma\"],\"attempts\":1}}");
    for (size_t i = 0; i < T_COUNT(headers); i++) {
        t_row(headers[i]);
        g.p[0].delay_ns = 4 * SECOND;
        c[0] = ask("r", "", i ? ",\"max_tokens\":7" : ",\"max_tokens\":8");
        later(SECOND);
        c[1] = ask("r", headers[i], i ? ",\"max_tokens\":7" : ",\"max_tokens\":8");
        run();
        t_int("the first is answered", c[0]->record.status, 200);
        t_int("the other is told", c[1]->record.status, 504);
        t_ok("when its time is over", c[1]->ended - c[1]->began < SECOND / 2);
        for (int k = 0; k < 2; k++) c[k]->used = 0;
    }
    t_row(NULL);
    g.p[0].delay_ns = 20 * SECOND, g.p[0].status = 500;
    for (int i = 0; i < 4; i++) c[i] = ask("r", "", ",\"max_tokens\":9");
    run();
    for (int i = 0; i < 4; i++) t_ok("not one after the other", c[i]->ended - c[i]->began < 41 * SECOND);
    clean();
}

T(equal_requests_are_answered_once) {
    client *c;
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE);
    c = once("ma", "", "");
    t_str("a miss", header(c, "x-aigw-cache"), 4, "MISS");
    later(5 * SECOND);
    c = once("ma", "", "");
    t_str("a hit", header(c, "x-aigw-cache"), 3, "HIT");
    t_str("its age", header(c, "age"), 1, "5");
    t_str("who gave it", header(c, "x-aigw-provider"), strlen(header(c, "x-aigw-provider")), "a");
    t_str("the provider's model, as in a miss", header(c, "x-aigw-model"), strlen(header(c, "x-aigw-model")), "m");
    t_str("in the record too", c->model, strlen(c->model), "m");
    t_ok("the same answer", has(c, "from a"));
    t_int("for nothing", c->record.cost.nusd, 0);
    t_str("for nothing, it says", header(c, "x-aigw-cost-usd"), 4, "0.00");
    c = once("ma", "", ",\"stream\":true");
    t_ok("as a stream", has(c, "from a") && has(c, "[DONE]") && has(c, "HIT"));
    t_int("asked once", g.p[0].asked, 1);
    t_str("not across tenants", header(once_as("u", "ma", "", ""), "x-aigw-cache"), 4, "MISS");
    t_str("nor for another model", header(once("mb", "", ""), "x-aigw-cache"), 4, "MISS");
    t_str("nor for another temperature", header(once("ma", "", ",\"temperature\":0.5"), "x-aigw-cache"), 4, "MISS");
    t_str("off", header(once("ma", "x-aigw-cache: off\r\n", ""), "x-aigw-cache"), 6, "BYPASS");
    t_str("refresh", header(once("ma", "x-aigw-cache: refresh\r\n", ""), "x-aigw-cache"), 4, "MISS");
    later(61 * SECOND);
    t_str("not for ever", header(once("ma", "", ""), "x-aigw-cache"), 4, "MISS");
    clean();
}

T(kept_answers_are_of_who_and_what_was_asked) {
    g.cfg.cache_bytes = 1 << 20;
    with("\"routes\":{\"faq\":{\"models\":[\"ma\",\"mb\"],\"cache\":\"always\"}},\"cache\":{\"when\":\"off\",\"ttl_s\":2,\"per_user\":true}");
    (void)once("faq", "x-aigw-user: alice\r\n", "");
    t_str("her own", header(once("faq", "x-aigw-user: alice\r\n", ""), "x-aigw-cache"), 3, "HIT");
    t_str("not another user's", header(once("faq", "x-aigw-user: bob\r\n", ""), "x-aigw-cache"), 4, "MISS");
    t_str("not for what another target must satisfy", header(once("faq", "x-aigw-user: alice\r\nx-aigw-require: usd<=0.000001\r\n", ""), "x-aigw-cache"), 4, "MISS");
    t_str("nor for one that allows no loss", header(once("faq", "x-aigw-user: alice\r\nx-aigw-strict: 1\r\n", ""), "x-aigw-cache"), 4, "MISS");
    later(3 * SECOND);
    t_str("the time is the registry's", header(once("faq", "x-aigw-user: alice\r\n", ""), "x-aigw-cache"), 4, "MISS");
    clean();
}

T(streams_are_kept_too) {
    client *c;
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE);
    c = once("ma", "", ",\"stream\":true");
    t_ok("streamed", has(c, "[DONE]"));
    c = once("ma", "", "");
    t_ok("whole", has(c, "HIT") && has(c, "\"content\":\"from a\""));
    clean();
}

T(only_whole_answers_are_kept) {
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE);
    g.p[0].status = -3;
    (void)once("ma", "", ",\"stream\":true");
    g.p[0].status = 500;
    (void)once("ma", "", "");
    g.p[0].status = 200;
    later(400 * SECOND);
    g.p[0].finish = "\"length\"";
    t_int("cut at its length", once("ma", "", "")->record.status, 200);
    t_str("is not kept", header(once("ma", "", ",\"stream\":true"), "x-aigw-cache"), 4, "MISS");
    g.p[0].finish = "\"content_filter\"";
    t_str("nor as a stream", header(once("ma", "", ""), "x-aigw-cache"), 4, "MISS");
    g.p[0].finish = "null";                                    /* it does not say that it was done */
    t_str("nor what was withheld", header(once("ma", "", ",\"stream\":true"), "x-aigw-cache"), 4, "MISS");
    g.p[0].finish = NULL;
    t_str("nothing was kept", header(once("ma", "", ""), "x-aigw-cache"), 4, "MISS");
    clean();
}

T(rather_stale_than_nothing) {
    client *c;
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE);
    (void)once("ma", "", "");
    later(100 * SECOND);
    g.p[0].status = 503;
    c = once("ma", "", "");
    t_int("answered", c->record.status, 200);
    t_str("stale", header(c, "x-aigw-degraded"), 5, "stale");
    t_ok("the old answer", has(c, "from a"));
    t_str("of the provider's model", header(c, "x-aigw-model"), strlen(header(c, "x-aigw-model")), "m");
    t_ok("said once", !strstr(strstr(c->out, "\r\nx-aigw-model: ") + 1, "\r\nx-aigw-model: "));
    t_str("in the record too", c->model, strlen(c->model), "m");
    later(700 * SECOND);
    t_ok("not for ever", once("ma", "", "")->record.status >= 500);
    clean();
    /* behind a cheaper route, too, whose models are others */
    with(CACHE ",\"routes\":{\"small\":{\"models\":[\"mc\"]},\"r\":{\"models\":[\"ma\",\"mb\"],\"degrade\":[\"route:small\",\"stale\",\"busy\"]}}");
    (void)once("r", "", "");
    later(100 * SECOND);
    g.p[0].status = g.p[1].status = g.p[2].status = 503;
    c = once("r", "", "");
    t_int("answered by what is kept", c->record.status, 200);
    t_str("the last step", header(c, "x-aigw-degraded"), 5, "stale");
    t_ok("the old answer", has(c, "from a"));
    t_str("of whom", c->provider, 1, "a");
    clean();
    /* a route whose steps are listed takes these, and no others */
    with(CACHE ",\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}}");
    (void)once("r", "", "");
    later(100 * SECOND);
    g.p[0].status = 503;
    c = once("r", "", "");
    t_int("nothing behind busy", c->record.status, 503);
    t_str("which is the last step", header(c, "x-aigw-degraded"), 4, "busy");
    clean();
}
/* A name that means another model since a reload: what is kept, and what was learnt of the one before, is not its. */
T(a_name_of_another_model_begins_anew) {
    static const struct { const char *name, *to; int same; } rows[] = {
        { "nothing", "{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"k\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\"}}", 3 },
        { "prices", "{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"k\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\",\"price\":\"free\"}}", 3 },
        { "another key", "{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"other\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\"}}", 1 },
        { "another id", "{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"k\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"n\"}}", 0 },
        { "another place", "{\"dialect\":\"openai-chat\",\"base_url\":\"http://a2.test/v1\",\"key\":\"k\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\"}}", 0 },
        { "another path", "{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v2\",\"key\":\"k\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\"}}", 0 },
        { "another dialect", "{\"dialect\":\"openai-responses\",\"base_url\":\"http://a.test/v1\",\"key\":\"k\"}},\"models\":{\"ma\":{\"provider\":\"a\",\"id\":\"m\"}}", 0 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        static aigw_registry two;
        aigw_registry_faults none;
        char json[2][1024];                                    /* a registry's names stay in its text */
        client *c;
        t_row(rows[i].name);
        memset(&none, 0, sizeof none);
        g.cfg.cache_bytes = 1 << 20;
        snprintf(json[0], sizeof json[0], "{\"providers\":{\"a\":%s," CACHE "}", rows[0].to);
        world(json[0]);
        t_int("kept", once("ma", "", ",\"max_tokens\":1")->record.status, 200);
        g.p[0].status = 429;
        g.p[0].headers = "retry-after: 5000\r\n";
        t_int("limited", once("ma", "", ",\"max_tokens\":2")->record.status, 429);
        g.p[0].status = 200;
        g.p[0].headers = NULL;
        snprintf(json[1], sizeof json[1], "{\"providers\":{\"a\":%s," CACHE "}", rows[i].to);
        g.mem = aigw_base_arena(memory + (40 << 20), 8 << 20);
        aigw_registry_init(&two, dialects, T_COUNT(dialects), &g.mem);
        t_int("read", aigw_registry_read(&two, aigw_base_str(json[1]), &none), 0);
        t_int("in force", aigw_hub_swap(&g.hub, &two), 0);
        g.registry = two;                                      /* what the decision is replayed with */
        c = once("ma", "", ",\"max_tokens\":1");
        t_str("what is kept", header(c, "x-aigw-cache"), strlen(header(c, "x-aigw-cache")), rows[i].same & 1 ? "HIT" : "MISS");
        c = once("ma", "", ",\"max_tokens\":3");
        t_int("what is not asked", c->record.status == 429, (rows[i].same & 2) != 0);
        clean();
    }
    t_row(NULL);
}

T(a_stale_answer_that_goes_away_is_no_further_attempt) {
    client *c;
    void *slab[500];
    size_t got;
    int class_, n = 0;
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE ",\"routes\":{\"r\":{\"models\":[\"ma\"],\"attempts\":1}}");
    (void)once("r", "", "");
    later(100 * SECOND);
    g.p[0].status = 503;
    g.p[0].delay_ns = SECOND;
    c = ask("r", "", "");
    later(SECOND / 2);
    while (n < 500 && (slab[n] = aigw_hub_take(&g.hub, 1, &got, &class_)) != NULL) n++;
    later(SECOND);                                             /* the try has failed; the old answer finds no memory */
    t_int("waits", c->done, 0);
    t_int("purged", aigw_cache_purge(&g.hub.cache, aigw_base_str(""), aigw_base_str(""), aigw_base_str("t")), 1);
    while (n) aigw_hub_give(&g.hub, slab[--n]);
    run();
    t_int("what the try said", c->record.status, 503);
    t_int("attempts", c->record.attempts, 1);
    c->used = 0;
    clean();
}

T(equal_misses_ask_once) {
    client *c[6];
    int hits = 0;
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE);
    g.p[0].delay_ns = SECOND;
    for (int i = 0; i < 6; i++) c[i] = ask("ma", "", i % 2 ? ",\"stream\":true" : "");
    run();
    for (int i = 0; i < 6; i++) {
        t_int("answered", c[i]->record.status, 200);
        hits += c[i]->record.cache == AIGW_CACHED_HIT;
    }
    t_int("hits", hits, 5);
    t_int("asked once", g.p[0].asked, 1);
    clean();
}

/* Whoever asks behind a purge gets no answer that was asked for before it, not even of a flight that was joined. */
T(a_purge_reaches_answers_under_way) {
    static const char doc[] = "x-aigw-tag: doc\r\n", other[] = "x-aigw-tag: other\r\n";
    const aigw_str any = AIGW_STR("");
    client *c[3];
    for (int refresh = 0; refresh < 2; refresh++) {
        g.cfg.cache_bytes = 1 << 20;
        with(CACHE);
        g.p[0].delay_ns = SECOND;
        c[0] = ask("ma", refresh ? "x-aigw-tag: doc\r\nx-aigw-cache: refresh\r\n" : doc, "");
        c[1] = ask("ma", other, "");
        later(SECOND / 2);
        t_int("nothing is there yet", (int)aigw_cache_purge(&g.hub.cache, aigw_base_str("doc"), any, aigw_base_str("t")), 0);
        c[2] = refresh ? NULL : ask("ma", doc, "");
        run();
        t_int("answered", c[0]->record.status, 200);
        t_int("asked", g.p[0].asked, refresh ? 2 : 3);
        if (c[2]) t_int("behind the purge", c[2]->record.cache, AIGW_CACHED_MISS);
        t_str("what was asked for behind it is kept", header(once("ma", doc, ""), "x-aigw-cache"), refresh ? 4 : 3, refresh ? "MISS" : "HIT");
        t_str("what it does not name is kept", header(once("ma", other, ""), "x-aigw-cache"), 3, "HIT");
        clean();
    }
}

/* An entry has one tag, so an answer is of one tag. */
T(kept_answers_are_of_their_tag) {
    const aigw_str any = AIGW_STR("");
    char line[400];
    client *c;
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE);
    (void)once("ma", "x-aigw-tag: doc\r\n", "");
    t_str("not another tag's", header(once("ma", "x-aigw-tag: other\r\n", ""), "x-aigw-cache"), 4, "MISS");
    t_str("nor without", header(once("ma", "", ""), "x-aigw-cache"), 4, "MISS");
    t_str("its own", header(once("ma", "x-aigw-tag: other\r\n", ""), "x-aigw-cache"), 3, "HIT");
    t_int("purged", (int)aigw_cache_purge(&g.hub.cache, aigw_base_str("other"), any, any), 1);
    t_str("gone", header(once("ma", "x-aigw-tag: other\r\n", ""), "x-aigw-cache"), 4, "MISS");
    t_str("the other one is not", header(once("ma", "x-aigw-tag: doc\r\n", ""), "x-aigw-cache"), 3, "HIT");
    for (int i = 0; i < 4; i++) {
        const char *name = i & 1 ? "x-aigw-prompt" : "x-aigw-tag";
        t_row(fmt("%s %s", name, i & 2 ? "256" : "255"));
        sprintf(line, "%s: %0*d\r\n", name, i & 2 ? 256 : 255, 1);
        c = once("ma", line, "");
        t_int("what can be purged", c->record.status, i & 2 ? 400 : 200);
        if (i & 2) t_ok("says so", has(c, fmt("%s%s", "this header is longer than 255 bytes: ", name)));
    }
    clean();
}

T(a_leader_that_leaves_holds_nobody_up) {
    client *c[3];
    g.cfg.cache_bytes = 1 << 20;
    with(CACHE);
    g.p[0].delay_ns = SECOND;
    for (int i = 0; i < 3; i++) c[i] = ask("ma", "", "");
    later(SECOND / 2);
    aigw_exchange_eof(&c[0]->x, g.now);
    aigw_exchange_release(&c[0]->x, g.now);
    c[0]->done = 1;
    run();
    t_int("second", c[1]->record.status, 200);
    t_int("third", c[2]->record.status, 200);
    clean();
}

/* ---- the queue */

T(slots_and_the_queue) {
    client *c[12];
    int ok = 0, busy = 0;
    g.cfg.queue.slots = 2;
    with("");
    g.p[0].delay_ns = SECOND / 2;
    for (int i = 0; i < 12; i++) c[i] = ask("ma", "", "");
    later(SECOND / 4);
    t_int("two at once", g.p[0].asked, 2);
    run();
    for (int i = 0; i < 12; i++) ok += c[i]->record.status == 200, busy += c[i]->record.kind == AIGW_KIND_BUSY;
    t_int("answered or told", ok + busy, 12);
    t_ok("some were", ok >= 8);                                /* 2 s of waiting: four turns of two, and those that run */
    for (int i = 0; i < 12; i++) if (c[i]->record.kind == AIGW_KIND_BUSY) t_ok("told in time", c[i]->ended - c[i]->began <= 21 * SECOND / 10);
    clean();
    memset(&g.cfg.queue, 0, sizeof g.cfg.queue);
}

/* The step down to the queue says what came of it; and to wait for one's turn is not the gateway's own time. */
T(a_step_to_the_queue) {
    for (int slots = 0; slots < 2; slots++) {
        client *c[3];
        g.cfg.queue.slots = (uint32_t)slots;
        g.cfg.queue.wait_ms[AIGW_CLASS_INTERACTIVE] = 1000;
        with("\"limits\":[{\"by\":[\"tenant\"],\"rpm\":1}],\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"queue\"]}}");
        g.p[0].delay_ns = 3 * SECOND;
        for (int i = 0; i < 3; i++) c[i] = ask("r", "", "");
        run();
        for (int i = 0; i < 3; i++) {
            t_int("all are answered", c[i]->record.status, 200);
            t_ok("waiting is not work", c[i]->record.overhead_us < 1000);
            if (i) t_str("what happened", c[i]->degraded, strlen(c[i]->degraded), slots ? "queued" : "batch");
            if (i) t_int("it is of that class now", c[i]->record.batch, 1);
        }
        clean();
        memset(&g.cfg.queue, 0, sizeof g.cfg.queue);
    }
}

/* A provider that says its finish twice: relayed in its own dialect the frames are its own; kept, and said again, it is one. */
T(a_finish_said_twice_is_kept_once) {
    static const char twice[] = "\"stop\"}]}\n\ndata: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"";
    with("\"cache\":{\"when\":\"always\"}");
    g.p[0].finish = twice;
    for (int i = 0; i < 2; i++) {
        const client *c = once("ma", "", ",\"stream\":true");
        int n = 0;
        for (const char *p = c->out; (p = strstr(p, "\"finish_reason\":\"stop\"")) != NULL; p++) n++;
        t_str("cache", header(c, "x-aigw-cache"), strlen(header(c, "x-aigw-cache")), i ? "HIT" : "MISS");
        t_int("finishes", n, i ? 1 : 2);
        t_ok("whole", has(c, "from a") && has(c, "[DONE]"));
    }
    clean();
}

/* ---- a store that is elsewhere */

static struct { uint64_t ticket[64]; aigw_store_op *op[64]; int n, mode; } far;
enum { FAR_LATE, FAR_NEVER, FAR_DIES, FAR_INSIDE };
static int far_submit(void *user, uint64_t ticket, aigw_now now, aigw_store_op *op) {
    static aigw_store_slot slots[64];
    static aigw_store_memory m;
    static const uint8_t key[16];
    (void)user;
    if (!far.n && !far.ticket[0]) aigw_store_init(&m, slots, 64, key, NULL, 0);
    far.ticket[far.n % 64] = ticket;
    far.n++;
    if (far.mode == FAR_DIES) return AIGW_E_IO;
    if (far.mode == FAR_NEVER) return AIGW_AGAIN;
    {
        const int r = aigw_store_submit(&m, ticket, now, op);
        if (far.mode != FAR_INSIDE) return r;
        aigw_hub_store_done(&g.hub, ticket, r, NULL, 0);
        aigw_hub_store_done(&g.hub, ticket, r, NULL, 0);        /* twice */
        return AIGW_AGAIN;
    }
}
T(a_far_store_may_fail) {
    for (int mode = FAR_LATE; mode <= FAR_INSIDE; mode++) {
        client *c;
        memset(&far, 0, sizeof far);
        far.mode = mode;
        g.cfg.store.submit = far_submit;
        with("\"limits\":[{\"by\":[\"tenant\"],\"rpm\":2}]");
        t_int("first", once("ma", "", "")->record.status, 200);
        t_int("second", once("ma", "", "")->record.status, 200);
        c = once("ma", "", "");
        t_int("third", c->record.status, 429);
        t_int("told when it did not work", g.hub.store_late > 0, mode == FAR_NEVER || mode == FAR_DIES);
        aigw_hub_store_done(&g.hub, 12345, AIGW_OK, NULL, 0);   /* nobody's */
        clean();
    }
    g.cfg.store.submit = NULL;
}

/* A store that grants when nobody waits any more. */
static struct { aigw_store_memory m; aigw_store_slot slots[64]; uint64_t ticket[8]; aigw_store_op *op[8]; int n, settles; } slow;
static int slow_submit(void *user, uint64_t ticket, aigw_now now, aigw_store_op *op) {
    (void)user;
    if (op->verb == AIGW_STORE_SETTLE) {
        slow.settles++;
        return aigw_store_submit(&slow.m, ticket, now, op);
    }
    if (slow.n == 8) return AIGW_E_IO;
    slow.ticket[slow.n] = ticket;
    slow.op[slow.n++] = op;
    return AIGW_AGAIN;
}
T(a_late_grant_is_given_back) {
    static const uint8_t key[16];
    const aigw_store_slot *s;
    memset(&slow, 0, sizeof slow);
    aigw_store_init(&slow.m, slow.slots, 64, key, NULL, 0);
    g.cfg.store.submit = slow_submit;
    with("\"limits\":[{\"by\":[\"tenant\"],\"concurrent\":2}],\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    t_int("answered without it", once("ma", "", "")->record.status, 200);
    t_int("asked it once", slow.n, 1);
    for (int i = 0; i < slow.n; i++) {                         /* now it answers */
        const int r = aigw_store_submit(&slow.m, slow.ticket[i], g.now, slow.op[i]);
        t_int("granted", r, AIGW_OK);
        aigw_hub_store_done(&g.hub, slow.ticket[i], r, NULL, 0);
        aigw_hub_store_done(&g.hub, slow.ticket[i], r, NULL, 0);
    }
    t_int("settled once", slow.settles, 1);
    s = aigw_store_slot_of(&slow.m, aigw_base_str("concurrent|tenant=t"));
    t_int("nobody is in its way", s ? s->of.gauge.held : -1, 0);
    s = aigw_store_slot_of(&slow.m, aigw_base_str("usd.day|tenant=t"));
    t_int("no money is held", s ? s->of.money.budget.reserved_nusd : -1, 0);
    t_int("none is spent there", s ? s->of.money.budget.spent_nusd : -1, 0);
    clean();
    g.cfg.store.submit = NULL;
}

/* A store that is there for a request's first try, and gone for what the second needs more. */
static int fickle_submit(void *user, uint64_t ticket, aigw_now now, aigw_store_op *op) {
    (void)user;
    if (op->verb == AIGW_STORE_RESERVE && slow.n++) return AIGW_E_IO;
    return aigw_store_submit(&slow.m, ticket, now, op);
}
T(each_store_gets_back_what_it_gave) {
    static const uint8_t key[16];
    const aigw_store_slot *s;
    client *c;
    memset(&slow, 0, sizeof slow);
    aigw_store_init(&slow.m, slow.slots, 64, key, NULL, 0);
    g.cfg.store.submit = fickle_submit;
    with("\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    g.p[1].status = -2;                                        /* it may have been billed */
    c = once("r", "", "");
    t_ok("no more money is spent than could be reserved", c->record.status >= 500 && c->record.attempts == 1);
    t_int("the store was gone once", slow.n, 2);
    s = aigw_store_slot_of(&slow.m, aigw_base_str("usd.day|tenant=t"));
    t_int("nothing is held there", s ? s->of.money.budget.reserved_nusd : -1, 0);
    t_int("nobody runs there", s ? s->of.money.budget.running : 9, 0);
    t_int("all that was spent is counted there", s ? s->of.money.budget.spent_nusd : -1, c->record.cost.nusd);
    clean();
    g.cfg.store.submit = NULL;
}

/* The same, with limits of the second target's own: they are kept here while the store is gone, and given back here. */
T(a_store_that_goes_in_mid_request_leaves_limits) {
    static const uint8_t key[16];
    const aigw_store_slot *s;
    memset(&slow, 0, sizeof slow);
    aigw_store_init(&slow.m, slow.slots, 64, key, NULL, 0);
    g.cfg.store.submit = fickle_submit;
    with("\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"]}},\"limits\":[{\"by\":[\"tenant\"],\"rpm\":100,\"concurrent\":50},{\"by\":[\"model\"],\"when\":{\"model\":\"ma\"},\"rpm\":2,\"concurrent\":9}]");
    g.p[1].status = 503;
    for (int i = 0; i < 4; i++) {
        slow.n = 0;                                            /* it is back for each request, and gone for what that needs more */
        t_int("two a minute at the second", once("r", "", "")->record.status == 200, i < 2);
        t_int("the store was asked for more", slow.n, 2);
    }
    t_int("asked", g.p[0].asked, 2);
    s = aigw_store_slot_of(&g.hub.counters, aigw_base_str("rpm|model=ma"));
    t_ok("its limit was kept here", s != NULL);
    s = aigw_store_slot_of(&g.hub.counters, aigw_base_str("concurrent|model=ma"));
    t_int("and given back here", s ? s->of.gauge.held : -1, 0);
    t_ok("not there", !aigw_store_slot_of(&slow.m, aigw_base_str("concurrent|model=ma")) && !aigw_store_slot_of(&slow.m, aigw_base_str("rpm|model=ma")));
    s = aigw_store_slot_of(&slow.m, aigw_base_str("concurrent|tenant=t"));
    t_int("what was reserved there was given back there", s ? s->of.gauge.held : -1, 0);
    t_ok("and is nowhere else", !aigw_store_slot_of(&g.hub.counters, aigw_base_str("concurrent|tenant=t")));
    clean();
    g.cfg.store.submit = NULL;
}

/* ---- every order of three requests */

/* The providers answer when the walk says so: 200, 503, or a reset. */
static int at_provider(const client *c) { return c->used && !c->done && (c->up[0].open || c->up[1].open); }
static void provider_says(client *c, int status) {
    for (int k = 0; k < AIGW_EXCHANGE_CONNS; k++) {
        link_ *l = &c->up[k];
        if (!l->open || l->ready != UINT64_MAX) continue;
        l->p->status = status;
        l->p->asked--;                                         /* it was counted when the request came */
        answer(l);
        l->p->status = -1;
        return;
    }
    t_fail("nobody was asked");
}
static void all_go_on(void) {
    for (int turn = 0; turn < 4; turn++) {
        settle_down();
        aigw_hub_tick(&g.hub, g.now);
        while (aigw_hub_ready(&g.hub)) {}
    }
}
/* What may happen now: the next comes; for each at a provider: 200, the client leaves, 503, reset. The second answer is one of two: else there are too many
   orders. */
static int may_happen(int came, const int tries[3]) {
    int n = came < 3;
    for (int i = 0; i < came; i++) n += !at_provider(&g.c[i]) ? 0 : tries[i] ? 2 : 4;
    return n;
}
static void happens(int n, int *came, int tries[3]) {
    static const int says[] = { 200, 0, 503, -2 };
    if (*came < 3 && n-- == 0) {
        (void)ask("r", "", "");
        ++*came;
        all_go_on();
        return;
    }
    for (int i = 0; i < *came; i++) {
        client *c = &g.c[i];
        if (!at_provider(c)) continue;
        for (int k = 0; k < (tries[i] ? 2 : 4); k++) {
            if (n--) continue;
            tries[i]++;
            if (says[k]) provider_says(c, says[k]);
            else aigw_exchange_eof(&c->x, g.now);
            all_go_on();
            return;
        }
    }
}
static void laws(const int64_t cap, int came, int over) {
    const aigw_store_slot *s = aigw_store_slot_of(&g.hub.counters, aigw_base_str("usd.day|tenant=t"));
    const aigw_budget *b = s ? &s->of.money.budget : NULL;
    int64_t cost = 0;
    uint32_t running = 0;
    for (int i = 0; i < came; i++) {
        cost += g.c[i].records ? g.c[i].record.cost.nusd : 0;
        running += at_provider(&g.c[i]) != 0;
        t_ok("at most one outcome", g.c[i].records <= 1 && g.c[i].records == g.c[i].done);
    }
    if (!b) return;
    t_ok("spent + reserved <= cap", b->spent_nusd + b->reserved_nusd <= cap);
    t_ok("accounted is what was charged, and more for those that run", b->spent_nusd == cost && b->reserved_nusd >= (int64_t)running * 500000);
    t_int("those that run", b->running, running);
    if (over) t_int("all are answered", came, 3);
}
T(every_order_of_three_requests) {
    const int64_t cap = 12000000;                              /* two of the dear one fit */
    unsigned long orders = 0;
    int choice[16] = { 0 }, options[16], refused = 0, both = 0, depth;
    g.cfg.names = 8, g.cfg.counters = 16;
    g.cfg.queue.wait_ms[AIGW_CLASS_INTERACTIVE] = 1;           /* nobody waits for what others have reserved */
    do {
        int came = 0, tries[3] = { 0 };
        if (!(orders % 64)) with("\"routes\":{\"r\":{\"models\":[\"mb\",\"ma\"],\"attempts\":2}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.012\",\"per\":\"day\",\"soft\":1,\"max_output\":100}]");
        else {
            g.mem = aigw_base_arena(memory + (24 << 20), 24 << 20);
            t_int("hub", aigw_hub_init(&g.hub, &g.cfg, g.mem.at, (size_t)(g.mem.end - g.mem.at)), 0);
            t_int("registry", aigw_hub_swap(&g.hub, &g.registry), 0);
        }
        memset(g.c, 0, 3 * sizeof g.c[0]);
        for (int i = 0; i < 3; i++) g.p[i].status = -1, g.p[i].asked = 0;
        for (depth = 0; (options[depth] = may_happen(came, tries)) != 0; depth++) {
            happens(choice[depth], &came, tries);
            laws(cap, came, 0);
        }
        laws(cap, came, 1);
        clean();
        for (int i = 0; i < 3; i++) refused += g.c[i].record.status == 503 && g.c[i].record.attempts == 1, both += g.c[i].record.attempts == 2;
        orders++;
        if (t_.bad) { printf("  order"); for (int i = 0; i < depth; i++) printf(" %d", choice[i]); printf("\n"); return; }
        for (choice[depth] = 0; depth && choice[depth - 1] + 1 == options[depth - 1]; depth--) choice[depth - 1] = 0;
        if (depth) choice[depth - 1]++;
    } while (depth);
    g.cfg.names = g.cfg.counters = g.cfg.queue.wait_ms[AIGW_CLASS_INTERACTIVE] = 0;
    printf("governed: %lu orders\n", orders);
    t_ok("many", orders > 1000);
    t_ok("for some the budget had no room for the dear one, some failed over", refused > 100 && both > 100);
}

int main(void) {
    T_RUN(cost_is_by_usage);
    T_RUN(a_wrong_word_in_a_header_is_refused);
    T_RUN(requests_per_minute);
    T_RUN(short_waits_are_waited_for);
    T_RUN(a_limit_of_one_model_sends_on_to_the_next);
    T_RUN(tokens_per_minute_carry_a_debt);
    T_RUN(estimates_are_calibrated);
    T_RUN(concurrent_requests);
    T_RUN(a_budget_is_never_passed);
    T_RUN(many_at_once_do_not_pass_a_budget);
    T_RUN(rules_for_a_model_hold_for_its_other_name);
    T_RUN(failed_tries_go_down_the_chain);
    T_RUN(unpriced_is_not_free);
    T_RUN(a_dearer_tier_without_a_price_is_not_free);
    T_RUN(the_answers_tier_prices_it);
    T_RUN(pictures_are_paid_for);
    T_RUN(an_output_limit_is_set_under_a_cap);
    T_RUN(a_cap_leaves_room_for_the_prompt);
    T_RUN(lost_contact_is_charged_in_full);
    T_RUN(a_kept_connection_that_dies_may_have_been_billed);
    T_RUN(a_client_that_leaves_pays_for_what_was_said);
    T_RUN(a_client_that_leaves_pays_for_what_was_thought);
    T_RUN(no_step_leads_to_what_a_tenant_may_not_use);
    T_RUN(a_patient_request_waits_for_a_circuit);
    T_RUN(half_a_usage_is_none);
    T_RUN(absurd_counts_are_many);
    T_RUN(a_soft_limit_is_seen_before_a_cap_refuses);
    T_RUN(of_like_rules_the_first_that_fits_counts);
    T_RUN(limits_of_one_by_add_up_by_kind);
    T_RUN(rules_of_one_counter_count_once);
    T_RUN(without_a_place_of_its_own_it_counts_with_its_tenants);
    T_RUN(one_tenants_names_do_not_fill_the_table);
    T_RUN(more_rules_than_one_request_may_have);
    T_RUN(the_difference_is_reserved_before_a_dearer_target);
    T_RUN(soft_limits_count_on_failover);
    T_RUN(the_soft_limit_is_passed_by_others);
    T_RUN(soft_limits_degrade_and_alert);
    T_RUN(every_budget_that_is_passed_is_told_of);
    T_RUN(what_does_not_fit_together_is_said_so);
    T_RUN(steps_down_and_hits_stand_in_the_record);
    T_RUN(single_flight_waits_for_answers_only);
    T_RUN(busy_is_not_said_of_what_never_passes);
    T_RUN(busy_says_when_the_first_comes_back);
    T_RUN(the_last_step_says_when_to_come_again);
    T_RUN(forwarded_requests_count);
    T_RUN(a_429_without_a_hint_is_waited_out);
    T_RUN(forwarding_is_of_the_tenants_list_too);
    T_RUN(forwarded_requests_say_who_asked);
    T_RUN(headers_that_stand_twice_are_refused);
    T_RUN(what_was_spent_is_said_alike);
    T_RUN(a_circuit_opens_and_closes);
    T_RUN(who_may_be_paid_is_tried_though_its_circuit_is_open);
    T_RUN(a_hint_of_decades_is_a_day);
    T_RUN(failover_loses_nobody);
    T_RUN(too_many_requests_bench_the_target);
    T_RUN(a_failure_with_a_hint_spares_the_target);
    T_RUN(a_probe_is_not_waited_for_longer_than_needed);
    T_RUN(a_refused_key_is_benched);
    T_RUN(the_clients_words_bench_nobody);
    T_RUN(who_answered_is_who_was_asked);
    T_RUN(a_key_is_not_shown_in_its_refusal);
    T_RUN(a_key_is_in_no_word_of_an_error);
    T_RUN(a_benched_key_is_told_by_its_refusal);
    T_RUN(limits_are_told_after_a_failover);
    T_RUN(attempts_are_bounded);
    T_RUN(nobody_is_asked_for_a_client_that_has_left);
    T_RUN(held_back_streams_fail_over);
    T_RUN(a_slow_try_is_hedged);
    T_RUN(hedges_are_settled_once);
    T_RUN(requirements_and_tasks);
    T_RUN(tenants_have_their_models);
    T_RUN(equal_requests_are_answered_once);
    T_RUN(who_waits_for_an_equal_request_has_its_own_time);
    T_RUN(kept_answers_are_of_who_and_what_was_asked);
    T_RUN(streams_are_kept_too);
    T_RUN(only_whole_answers_are_kept);
    T_RUN(rather_stale_than_nothing);
    T_RUN(a_name_of_another_model_begins_anew);
    T_RUN(a_stale_answer_that_goes_away_is_no_further_attempt);
    T_RUN(equal_misses_ask_once);
    T_RUN(a_purge_reaches_answers_under_way);
    T_RUN(kept_answers_are_of_their_tag);
    T_RUN(a_leader_that_leaves_holds_nobody_up);
    T_RUN(slots_and_the_queue);
    T_RUN(a_step_to_the_queue);
    T_RUN(a_finish_said_twice_is_kept_once);
    T_RUN(a_far_store_may_fail);
    T_RUN(a_late_grant_is_given_back);
    T_RUN(each_store_gets_back_what_it_gave);
    T_RUN(a_store_that_goes_in_mid_request_leaves_limits);
    T_RUN(every_order_of_three_requests);
    return t_end();
}
