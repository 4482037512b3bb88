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
    int status;                    /* 0: the connection is refused; -1: it never answers; -2: reset after the request; -3: cut in mid answer */
    const char *headers;           /* more header lines of its answers */
    uint64_t delay_ns;             /* until the first byte */
    int in, out;                   /* tokens that it counts */
    int early_error;               /* a stream: an error after the first piece of text */
    const char *finish;            /* why it ended; NULL: "stop" */
    unsigned asked;                /* requests that it got */
    char body[4096];               /* the last one */
} provider;
typedef struct { provider *p; char request[8192]; size_t n; char answer[4096]; size_t at, len; uint64_t ready; int open, reset; } link_;
typedef struct client {
    aigw_exchange x;
    link_ up[AIGW_EXCHANGE_CONNS];
    char out[32768];
    size_t out_n, in_at, in_n;
    char in[4096];
    int used, done, records, left;
    aigw_exchange_record record;
    char why[256], degraded[80], provider[32], alert[AIGW_STORE_KEY];
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
    return 0;
}
static int wants_stream(const link_ *l) { return memmem(l->request, l->n, "\"stream\":true", 13) != NULL; }
static void answer(link_ *l) {
    provider *p = l->p;
    const char *finish = p->finish ? p->finish : "\"stop\"";
    char body[2048];
    int n;
    p->asked++;
    memcpy(p->body, l->request, l->n < sizeof p->body - 1 ? l->n + 1 : sizeof p->body - 1);
    l->ready = g.now.mono_ns + p->delay_ns;
    if (p->status == -1) l->ready = UINT64_MAX;
    if (p->status == -2) l->reset = 1;
    if (p->status < 0 && p->status != -3) return;
    if (p->status >= 300)
        n = sprintf(body, "{\"error\":{\"message\":\"no\",\"type\":\"t\",\"code\":%s}}", p->status == 429 ? "\"rate_limit_exceeded\"" : "null");
    else if (wants_stream(l)) {
        n = sprintf(body, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"from %s\"},\"finish_reason\":null}]}\n\n", p->name);
        if (p->early_error) n += sprintf(body + n, "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":503}}\n\n");
        else
            n += sprintf(body + n, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":%s}]}\n\n"
                "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\ndata: [DONE]\n\n", finish, p->in, p->out, p->in + p->out);
    } else
        n = sprintf(body, "{\"id\":\"x\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"from %s\"},\"finish_reason\":%s}],"
            "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}}", p->name, finish, p->in, p->out, p->in + p->out);
    l->len = (size_t)sprintf(l->answer, "HTTP/1.1 %d X\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n%s", p->status > 0 ? p->status : 200, wants_stream(l) ? "text/event-stream" : "application/json", n, p->headers ? p->headers : "", body);
    if (p->status == -3) l->len -= (size_t)n / 3;
}
static int up_send(void *user, int conn, const void *p, size_t n) {
    link_ *l = &((client *)user)->up[conn];
    if (l->n + n > sizeof l->request) n = sizeof l->request - l->n;
    memcpy(l->request + l->n, p, n);
    l->n += n;
    if (l->n && l->request[l->n - 1] == '}' && !l->len && !l->reset && !l->ready) answer(l);
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
static void record(void *user, const aigw_exchange_record *r) {
    client *c = (client *)user;
    c->record = *r;
    c->records++;
    c->ended = g.now.mono_ns;
    keep(c->why, sizeof c->why, r->why);
    keep(c->degraded, sizeof c->degraded, r->degraded);
    keep(c->provider, sizeof c->provider, r->provider);
    keep(c->alert, sizeof c->alert, r->alert_counter);
    if (r->decision) {
        aigw_out o;
        aigw_base_out_init(&o, g.decision, sizeof g.decision, NULL, 0);
        t_int("a record of the decision", aigw_router_encode(r->decision, &o), 0);
        g.decision_n = o.buf.n;
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

/* ---- cost and limits */

T(cost_is_by_usage) {
    client *c;
    with("");
    c = once("ma", "", "");
    t_int("status", c->record.status, 200);
    t_int("nano-dollars", c->record.cost.nusd, 1500000);
    t_str("header", header(c, "x-aigw-cost-usd"), strlen(header(c, "x-aigw-cost-usd")), "0.0015");
    c = once("dear", "", "");
    t_int("has no price", c->record.unpriced, 1);
    t_str("no header", header(c, "x-aigw-cost-usd"), strlen(header(c, "x-aigw-cost-usd")), "");
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

T(tokens_per_minute_carry_a_debt) {
    with("\"limits\":[{\"by\":[\"tenant\"],\"tpm\":1000}]");
    g.p[0].in = 1500;                                          /* far more than was estimated */
    t_int("first", once("ma", "", "")->record.status, 200);
    t_int("the debt is waited for", once("ma", "", "")->record.status, 429);
    later(100 * SECOND);                                       /* the estimate has learnt that its tokens are many */
    t_int("it is paid", once("ma", "", "")->record.status, 200);
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
    t_ok("and when it begins anew", has(c, "2025-11-22T00:00:00Z"));
    t_str("no use to try again", header(c, "x-should-retry"), 5, "false");
    t_int("spent is what was used", spent("usd.day|tenant=t"), ok * 1500000);
    t_int("another tenant", once_as("u", "ma", "", "")->record.status, 200);
    g.now.wall_s += 86400;
    t_int("the next day", once("ma", "", "")->record.status, 200);
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

T(an_output_limit_is_set_under_a_cap) {
    client *c;
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":77}]");
    c = once("ma", "", "");
    t_int("answered", c->record.status, 200);
    t_ok("the provider is told", strstr(g.p[0].body, "77") != NULL);
    t_ok("the client is told", strstr(header(c, "x-aigw-loss"), "synthesized") != NULL);
    c = once("ma", "", ",\"max_completion_tokens\":5");
    t_ok("its own stays", strstr(g.p[0].body, "\"max_completion_tokens\":5") != NULL && !strstr(g.p[0].body, "77"));
    clean();
}

T(lost_contact_is_charged_in_full) {
    with("\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"1\",\"per\":\"day\",\"max_output\":100}]");
    g.p[0].status = -2;
    t_ok("fails", once("ma", "", "")->record.status >= 500);
    t_ok("each try may have been billed", spent("usd.day|tenant=t") >= 2 * 5000000);
    g.p[0].status = 500;
    {
        const int64_t before = spent("usd.day|tenant=t");
        t_int("an error is not billed", once("ma", "", "")->record.status >= 500, 1);
        t_int("so it costs nothing", spent("usd.day|tenant=t"), before);
    }
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
    clean();
}

T(of_like_rules_the_first_that_fits_counts) {
    with("\"limits\":[{\"by\":[\"tenant\"],\"when\":{\"tenant\":\"t\"},\"rpm\":3},{\"by\":[\"tenant\"],\"rpm\":1}]");
    for (int i = 0; i < 4; i++) t_int("three for t", once("ma", "", "")->record.status, i < 3 ? 200 : 429);
    for (int i = 0; i < 2; i++) t_int("one for another", once_as("u", "ma", "", "")->record.status, i < 1 ? 200 : 429);
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

T(more_rules_than_one_request_may_have) {
    for (int more = 0; more < 2; more++) {
        char rules[4096];
        size_t n = (size_t)sprintf(rules, "\"budgets\":[");
        for (int i = 0; i < AIGW_STORE_COUNTERS + more; i++)
            n += (size_t)sprintf(rules + n, "%s{\"by\":[\"tenant\"],\"usd\":\"1%02d\",\"per\":\"day\",\"max_output\":100}", i ? "," : "", i);
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
        if (c->record.alert) {
            alerts++;
            t_int("an alert", c->record.alert, 20);
            t_str("of which counter", c->alert, strlen(c->alert), "usd.day|tenant=t");
        }
    }
    t_int("told once", alerts, 1);
    t_str("degraded", c->degraded, strlen(c->degraded), "route:small");
    t_str("header", header(c, "x-aigw-degraded"), strlen(header(c, "x-aigw-degraded")), "route:small");
    t_str("by the cheaper", c->provider, 1, "b");
    clean();
}

T(the_last_step_says_when_to_come_again) {
    client *c;
    with("\"routes\":{\"r\":{\"models\":[\"ma\"],\"degrade\":[\"busy\"]}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"0.01\",\"per\":\"day\",\"soft\":0.01,\"then\":\"busy\",\"max_output\":10}]");
    c = once("r", "", "");
    t_int("refused", c->record.status, 503);
    t_str("the step", c->degraded, strlen(c->degraded), "busy");
    t_int("when the day is over", atoi(header(c, "retry-after")), 19 * 3600 + 20 * 60);
    t_int("nobody was asked", g.p[0].asked, 0);
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
static client *raw_as(const char *tenant, const char *path) {
    client *c = ask_as(tenant, "x", "", "");
    c->in_n = (size_t)sprintf(c->in, "POST %s HTTP/1.1\r\nhost: g\r\ncontent-length: 7\r\n\r\n{\"a\":1}", path);
    run();
    t_int("answered", c->done, 1);
    c->out[c->out_n < sizeof c->out ? c->out_n : sizeof c->out - 1] = 0;
    c->used = 0;
    return c;
}
T(forwarded_requests_count) {
    client *c = NULL;
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
    clean();
}

/* ---- circuits, retries */

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

T(a_benched_key_is_told_by_its_refusal) {
    client *c;
    with("");
    g.p[0].status = 403;
    t_int("refused", once("ma", "", "")->record.kind, AIGW_KIND_PERMISSION);
    c = once("ma", "", "");
    t_int("not asked again", g.p[0].asked, 1);
    t_int("the same kind", c->record.kind, AIGW_KIND_PERMISSION);
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
    g.p[1].status = 500;
    g.p[0].delay_ns = 2 * SECOND;
    c = once("r", "", "");
    t_str("a hedge that fails does no harm", c->provider, 1, "a");
    t_int("answered", c->record.status, 200);
    clean();
}

/* What the records say is what the budget counts, also when two were asked. */
T(hedges_are_settled_once) {
    client *c;
    int64_t total = 0;
    with("\"routes\":{\"r\":{\"models\":[\"ma\",\"mb\"],\"hedge\":\"p90\"}},\"budgets\":[{\"by\":[\"tenant\"],\"usd\":\"10\",\"per\":\"day\",\"max_output\":100}]");
    g.p[0].delay_ns = SECOND / 10;
    for (int i = 0; i < 30; i++) total += once("r", "", "")->record.cost.nusd;
    t_int("one was asked", spent("usd.day|tenant=t"), total);
    g.p[0].delay_ns = 20 * SECOND;
    c = once("r", "", "");
    t_int("two were asked", c->record.attempts, 2);
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

#define CACHE "\"cache\":{\"when\":\"always\",\"ttl_s\":60,\"stale_s\":600}"
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
    later(700 * SECOND);
    t_ok("not for ever", once("ma", "", "")->record.status >= 500);
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
    T_RUN(requests_per_minute);
    T_RUN(short_waits_are_waited_for);
    T_RUN(tokens_per_minute_carry_a_debt);
    T_RUN(concurrent_requests);
    T_RUN(a_budget_is_never_passed);
    T_RUN(many_at_once_do_not_pass_a_budget);
    T_RUN(rules_for_a_model_hold_for_its_other_name);
    T_RUN(failed_tries_go_down_the_chain);
    T_RUN(unpriced_is_not_free);
    T_RUN(an_output_limit_is_set_under_a_cap);
    T_RUN(lost_contact_is_charged_in_full);
    T_RUN(a_client_that_leaves_pays_for_what_was_said);
    T_RUN(of_like_rules_the_first_that_fits_counts);
    T_RUN(without_a_place_of_its_own_it_counts_with_its_tenants);
    T_RUN(more_rules_than_one_request_may_have);
    T_RUN(the_difference_is_reserved_before_a_dearer_target);
    T_RUN(soft_limits_count_on_failover);
    T_RUN(soft_limits_degrade_and_alert);
    T_RUN(the_last_step_says_when_to_come_again);
    T_RUN(forwarded_requests_count);
    T_RUN(a_circuit_opens_and_closes);
    T_RUN(failover_loses_nobody);
    T_RUN(too_many_requests_bench_the_target);
    T_RUN(a_refused_key_is_benched);
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
    T_RUN(kept_answers_are_of_who_and_what_was_asked);
    T_RUN(streams_are_kept_too);
    T_RUN(only_whole_answers_are_kept);
    T_RUN(rather_stale_than_nothing);
    T_RUN(equal_misses_ask_once);
    T_RUN(a_leader_that_leaves_holds_nobody_up);
    T_RUN(slots_and_the_queue);
    T_RUN(a_far_store_may_fail);
    T_RUN(a_late_grant_is_given_back);
    T_RUN(each_store_gets_back_what_it_gave);
    T_RUN(every_order_of_three_requests);
    return t_end();
}
