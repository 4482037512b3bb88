/* SPDX-License-Identifier: MIT OR Unlicense */
/* Tokens through the exchange: fetched once for all that wait, kept, refreshed, refused, late; with a clock that only moves when told. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "world.h"

#define SECOND UINT64_C(1000000000)
#define TAIL "-0123456789-abcdefgh"                    /* longer than what a slab that is given back holds of itself */
static world w, w2;
static aigw_tokens tokens;
static char memory[4u << 20], memory2[4u << 20];

/* The token endpoint: answers one after another, each to one connection. */
static struct {
    const char *say[8];
    size_t n, at, sent_n, piece;
    int asked, connects, closes, kept, held, silent, refuse, reused, drop, stutter, turn;
    char sent[8192], host[64], name[64];
    int port, scheme;
} end_;

static int e_connect(void *user, int conn, const aigw_registry_provider *p) {
    (void)user, (void)conn;
    if (end_.held) return AIGW_AGAIN;
    end_.connects++;
    sprintf(end_.host, "%.*s", (int)p->host.n, p->host.p);
    sprintf(end_.name, "%.*s", (int)p->name.n, p->name.p);
    end_.port = p->port;
    end_.scheme = p->scheme;
    end_.at = end_.sent_n = 0;
    if (end_.refuse) return AIGW_IO_KIND(AIGW_KIND_TLS);
    if (end_.reused) return end_.reused--, end_.drop = 1, 1;
    end_.drop = 0;
    return 0;
}
static int e_send(void *user, int conn, const void *p, size_t n) {
    (void)user, (void)conn;
    if (end_.stutter && ++end_.turn % 2) return AIGW_AGAIN;
    if (end_.piece && n > end_.piece) n = end_.piece;
    memcpy(end_.sent + end_.sent_n, p, n);
    end_.sent_n += n;
    return (int)n;
}
static int e_recv(void *user, int conn, void *p, size_t n) {
    const char *s = end_.say[end_.asked];
    (void)user, (void)conn;
    if (end_.drop) return AIGW_E_CLOSED;
    if (end_.silent || !s || (end_.stutter && ++end_.turn % 2)) return AIGW_AGAIN;
    if (end_.piece && n > end_.piece) n = end_.piece;
    if (n > strlen(s) - end_.at) n = strlen(s) - end_.at;
    memcpy(p, s + end_.at, n);
    end_.at += n;
    return (int)n;
}
static void e_close(void *user, int conn, int keep) {
    (void)user, (void)conn;
    end_.closes++;
    end_.kept += keep;
    if (end_.at) end_.asked++;
    end_.at = 0;
}
static const char *e_why(void *user, int conn) {
    (void)user, (void)conn;
    return end_.refuse ? "TLS: not trusted" : NULL;
}

static const char *token_answer(const char *token, int expires) {
    char body[512], *p = (char *)t_alloc(1024);
    sprintf(body, "{\"access_token\":\"%s" TAIL "\",\"expires_in\":%d,\"token_type\":\"Bearer\"}", token, expires);
    sprintf(p, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", (int)strlen(body), body);
    return p;
}
static const char chat[] = "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";
static const char claude[] = "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}";
static void say(world *x, const char *provider, const char *line, const char *body) {
    char *p = (char *)t_alloc(1024);
    const int n = sprintf(p, "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", line, (int)strlen(body), body);
    w_say(x, provider, p, (size_t)n, W_OPEN);
}
static void say_good(world *x) { say(x, "a", "200 OK", chat); }
static void say_401(world *x) { say(x, "a", "401 Unauthorized", "{\"error\":{\"message\":\"token expired\"}}"); }
static t_bytes ask(const char *model) {
    char body[200], *p = (char *)t_alloc(600);
    t_bytes b;
    sprintf(body, "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", model);
    b.n = (size_t)sprintf(p, "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", (int)strlen(body), body);
    b.p = p;
    return b;
}

/* A world whose provider `a` needs a token, with a second client on the same hub. */
static void start(void) {
    aigw_fetch_io io;
    aigw_exchange_io xio;
    aigw_registry_provider *p;
    static aigw_hub_cfg cfg;
    cfg.slab[0].bytes = 16384, cfg.slab[0].count = 32;
    cfg.slab[1].bytes = 262144, cfg.slab[1].count = 6;
    cfg.names = cfg.counters = 16;
    cfg.seed = 7;
    memset(&end_, 0, sizeof end_);
    t_int("world", w_init(&w, &cfg, NULL, memory, sizeof memory), 1);
    p = aigw_registry_provider_of(&w.registry, aigw_base_str("a"));
    p->key = aigw_base_str("");
    p->auth.scheme = &aigw_auth_entra;
    p->auth.value[AIGW_AUTH_TENANT] = aigw_base_str("t");
    p->auth.value[AIGW_AUTH_CLIENT_ID] = aigw_base_str("id");
    p->auth.value[AIGW_AUTH_CLIENT_SECRET] = aigw_base_str("the-secret");
    p->auth.value[AIGW_AUTH_TOKEN_URL] = aigw_base_str("https://login.test:444/tenant/token");
    memset(&io, 0, sizeof io);
    io.connect = e_connect, io.send = e_send, io.recv = e_recv, io.close = e_close, io.why = e_why;
    aigw_token_init(&tokens, &w.hub, &io, NULL);
    t_int("world", w_init(&w2, NULL, NULL, memory2, sizeof memory2), 1);
    xio = w2.x.io;
    aigw_exchange_release(&w2.x, w2.now);
    aigw_exchange_init(&w2.x, &w.hub, &xio, NULL);
}
static void stop(void) {
    w_free(&w);
    w_free(&w2);
    aigw_token_release(&tokens);
    t_ok("no secret is left", !memmem(memory, sizeof memory, "-abcdefgh", 9) && !memmem(memory, sizeof memory, "client_secret=", 14));
    t_int("clean", w_clean(&w), 1);
    t_int("closed", end_.closes >= end_.connects, 1);
}
/* One request on a world, from its first byte on, without time passing: 1 answered, 0 it waits. */
static int step(world *x, t_bytes q) {
    size_t at = 0;
    x->wait = AIGW_WAIT_CLIENT_IN;
    x->out_n = 0;
    for (int i = 0; i < 200; i++) {
        if (at < q.n && x->wait & AIGW_WAIT_CLIENT_IN) at += aigw_exchange_feed(&x->x, w.now, q.p + at, q.n - at);
        x->wait = aigw_exchange_run(&x->x, w.now);
        if (at == q.n && x->wait & (AIGW_WAIT_IDLE | AIGW_WAIT_CLOSE)) return 1;
    }
    return 0;
}
static int again(world *x) {
    const t_bytes none = { "", 0 };
    return step(x, none);
}
static int status(const world *x) { return x->out_n > 12 ? atoi(x->out + 9) : 0; }
static int sent_token(const world *x, const char *token) {
    char line[100];
    sprintf(line, "\r\nauthorization: Bearer %s" TAIL "\r\n", token);
    return x->up_n && memmem(x->up, x->up_n, line, strlen(line)) != NULL;
}
static void later(uint64_t seconds) {
    w.now.mono_ns += seconds * SECOND;
    w.now.wall_s += (int64_t)seconds;
    aigw_hub_tick(&w.hub, w.now);
    while (aigw_hub_ready(&w.hub)) {}
}

/* The request is right, and its token is used for this and later requests. */
T(fetched_once_and_kept) {
    for (size_t piece = 0; piece < 3; piece++) {
        start();
        end_.piece = piece;
        end_.stutter = piece == 2;
        end_.say[0] = token_answer("tok-1", 3600);
        for (int i = 0; i < 5; i++) {
            int r;
            say_good(&w);
            w.up_n = 0;
            r = step(&w, ask("gpt"));
            for (int k = 0; k < 2000 && !r; k++) {
                aigw_token_ready(&tokens, w.now, 0);
                r = aigw_hub_ready(&w.hub) == &w.x ? again(&w) : 0;
            }
            t_int("answered", r, 1);
            t_int("status", status(&w), 200);
            t_ok("its token", sent_token(&w, "tok-1"));
            if (w.scripts > 10) w.scripts = 0;
        }
        t_int("one fetch", end_.connects, 1);
        t_str("where", end_.host, strlen(end_.host), "login.test");
        t_int("port", end_.port, 444);
        t_int("https", end_.scheme, AIGW_SCHEME_HTTPS);
        t_str("for whom", end_.name, strlen(end_.name), "a");
        t_ok("what", !strncmp(end_.sent, "POST /tenant/token HTTP/1.1\r\nhost: login.test:444\r\ncontent-type: application/x-www-form-urlencoded\r\n", 100));
        t_ok("form", strstr(end_.sent, "\r\n\r\ngrant_type=client_credentials&client_id=id&client_secret=the-secret&scope=") != NULL);
        t_int("the connection is kept", end_.kept, 1);
        stop();
        t_free_all();
    }
}

/* Two requests wait for one fetch. */
T(single_flight) {
    start();
    end_.silent = 1;
    end_.say[0] = token_answer("tok-1", 3600);
    say_good(&w);
    say_good(&w2);
    t_int("waits", step(&w, ask("gpt")), 0);
    t_int("waits too", step(&w2, ask("gpt")), 0);
    t_int("one fetch", end_.connects, 1);
    t_ok("nobody was asked yet", !w.opens && !w2.opens);
    end_.silent = 0;
    aigw_token_ready(&tokens, w.now, 0);
    t_ok("both are woken", aigw_hub_ready(&w.hub) == &w.x && aigw_hub_ready(&w.hub) == &w2.x && !aigw_hub_ready(&w.hub));
    t_ok("answered", again(&w) && again(&w2));
    t_ok("with it", sent_token(&w, "tok-1") && sent_token(&w2, "tok-1"));
    t_int("one fetch", end_.connects, 1);
    stop();
}

/* 5 minutes before its end, while it is used, in the background. */
T(refreshed_before_it_ends) {
    start();
    end_.say[0] = token_answer("tok-1", 3600);
    end_.say[1] = token_answer("tok-2", 3600);
    say_good(&w);
    t_int("first", step(&w, ask("gpt")), 1);
    later(1000);
    say_good(&w);
    t_int("used", step(&w, ask("gpt")), 1);
    t_int("one fetch", end_.connects, 1);
    later(2299);                                               /* 3,299 s of 3,600 */
    t_int("not yet", end_.connects, 1);
    later(2);
    t_int("refreshed without a request", end_.connects, 2);
    say_good(&w);
    w.up_n = 0;
    t_int("the new one", step(&w, ask("gpt")), 1);
    t_ok("is used", sent_token(&w, "tok-2"));
    t_int("and that was all", end_.connects, 2);
    stop();
}

/* A token that nobody used since is not refreshed; at its end it is wiped. */
T(unused_tokens_end) {
    start();
    end_.say[0] = token_answer("tok-1", 3600);
    end_.say[1] = token_answer("tok-2", 600);
    say_good(&w);
    t_int("first", step(&w, ask("gpt")), 1);
    tokens.slot[0].used = 0;
    later(3400);
    t_int("not refreshed", end_.connects, 1);
    later(201);
    t_ok("wiped", !tokens.slot[0].token_n && !memmem(memory, sizeof memory, "-abcdefgh", 9));
    say_good(&w);
    w.up_n = 0;
    t_int("asked for again", step(&w, ask("gpt")), 1);
    t_ok("and used", sent_token(&w, "tok-2"));
    later(299);
    t_int("short lives: at half", end_.connects, 2);
    stop();
}

/* A refresh that fails: the token that is still good is used, and it is tried again with growing waits. */
T(refresh_that_fails) {
    start();
    end_.say[0] = token_answer("tok-1", 600);
    say_good(&w);
    t_int("first", step(&w, ask("gpt")), 1);
    end_.refuse = 1;
    say_good(&w);
    t_int("used", step(&w, ask("gpt")), 1);
    later(301);
    t_int("tried", end_.connects, 2);
    say_good(&w);
    w.up_n = 0;
    t_int("still served", step(&w, ask("gpt")), 1);
    t_ok("by the old one", sent_token(&w, "tok-1"));
    t_int("not tried by each request", end_.connects, 2);
    later(1);
    later(1);
    later(1);
    t_int("after 1 s and 2 s more", end_.connects, 4);
    end_.refuse = 0;
    end_.say[0] = NULL;
    end_.say[1] = token_answer("tok-2", 600);
    later(4);
    say_good(&w);
    w.up_n = 0;
    t_int("served", step(&w, ask("gpt")), 1);
    t_ok("by the new one", sent_token(&w, "tok-2"));
    stop();
}

/* No token: an error of kind auth that names the provider and says why; the next requests fail at once until it is tried again; a route goes on to its next target. */
T(no_token) {
    static const struct { const char *say; int refuse; const char *why; } rows[] = {
        { "HTTP/1.1 401 Unauthorized\r\ncontent-length: 78\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid secret\"}", 0, "invalid_client: AADSTS7000215: Invalid secre" },
        { "HTTP/1.1 401 Unauthorized\r\ncontent-length: 76\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"Invalid: the-secret, really\"}", 0, "Invalid: **********, really" },
        { "HTTP/1.1 401 Unauthorized\r\ncontent-length: 81\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"Escaped: the\\u002dsecret, really\"}", 0, "Escaped: **********, really" },
        { "HTTP/1.1 401 Unauthorized\r\ncontent-length: 194\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxthe-secret\"}", 0, "xx*****" },          /* cut within it */
        { "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 0, "not a token" }, { "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>", 0, "not a token" }, { "SSH-2.0\r\n", 0, "no HTTP" },
        { "", 0, "closed the connection" }, { "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", 0, "closed the connection" }, { "", 1, "TLS: not trusted" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].why);
        start();
        end_.say[0] = rows[i].say;
        end_.refuse = rows[i].refuse;
        t_int("answered", step(&w, ask("gpt")), 1);
        t_int("status", status(&w), 401);
        t_ok("names the provider", memmem(w.out, w.out_n, "for the provider a: ", 20) != NULL);
        t_ok("why", memmem(w.out, w.out_n, rows[i].why, strlen(rows[i].why)) != NULL);
        t_int("kind", w.record.kind, AIGW_KIND_AUTH);
        t_ok("no secret in it", !memmem(w.out, w.out_n, "the-secret", 10));
        t_int("again", step(&w, ask("gpt")), 1);
        t_int("at once", end_.connects, 1);
        say(&w, "b", "200 OK", claude);
        t_int("a route", step(&w, ask("all")), 1);
        t_int("goes on", status(&w), 200);
        t_str("to the next", w.provider, strlen(w.provider), "b");
        later(1);
        end_.refuse = 0;
        end_.asked = 1;
        end_.say[1] = token_answer("tok-9", 600);
        say_good(&w);
        w.up_n = 0;
        t_int("a second later", step(&w, ask("gpt")), 1);
        t_ok("there is one", status(&w) == 200 && sent_token(&w, "tok-9"));
        stop();
        t_free_all();
    }
}

/* A wait has an end: of its own, the client's, or the fetch's. */
T(waits_are_bounded) {
    t_bytes q;
    start();
    end_.silent = 1;
    t_int("waits", step(&w, ask("gpt")), 0);
    t_ok("until", aigw_exchange_deadline(&w.x) == w.now.mono_ns + 10 * SECOND);
    w.now.mono_ns += 10 * SECOND - 1;
    t_int("still", again(&w), 0);
    w.now.mono_ns += 1;
    t_int("then not", again(&w), 1);
    t_int("status", status(&w), 401);
    t_ok("says so", memmem(w.out, w.out_n, "did not come in time", 20) != NULL);
    q = ask("gpt");
    {
        char *p = (char *)t_alloc(800);
        const size_t line = (size_t)((const char *)memmem(q.p, q.n, "\r\n", 2) - q.p) + 2;
        q.n = (size_t)sprintf(p, "%.*sx-aigw-timeout-ms: 500\r\n%.*s", (int)line, q.p, (int)(q.n - line), q.p + line);
        q.p = p;
    }
    t_int("a client with less time", step(&w, q), 0);
    w.now.mono_ns += SECOND / 2;
    t_int("gets its answer in time", again(&w), 1);
    t_int("one fetch", end_.connects, 1);
    later(20);
    t_int("the fetch was given up", end_.closes, 1);
    t_str("why", tokens.slot[0].error, strlen(tokens.slot[0].error), "no answer from the token endpoint in time");
    stop();
}

/* The client goes while it waits: nothing wakes it, the fetch goes on for others. */
T(client_gone_while_waiting) {
    start();
    end_.silent = 1;
    end_.say[0] = token_answer("tok-1", 3600);
    t_int("waits", step(&w, ask("gpt")), 0);
    aigw_exchange_eof(&w.x, w.now);
    t_int("recorded", w.record.disconnect, 1);
    t_int("records", w.records, 1);
    end_.silent = 0;
    aigw_token_ready(&tokens, w.now, 0);
    t_ok("nobody is woken", !aigw_hub_ready(&w.hub));
    say_good(&w2);
    t_int("another client has it at once", step(&w2, ask("gpt")), 1);
    t_int("one fetch", end_.connects, 1);
    stop();
}

/* 401 with a token that is older than a minute: once more with a new one. A young one is not the cause. */
T(revoked_tokens) {
    start();
    end_.say[0] = token_answer("tok-1", 3600);
    end_.say[1] = token_answer("tok-2", 3600);
    say_good(&w);
    t_int("first", step(&w, ask("gpt")), 1);
    later(30);
    say_401(&w);
    t_int("refused", step(&w, ask("gpt")), 1);
    t_int("status", status(&w), 401);
    t_int("not fetched again", end_.connects, 1);
    later(61);                                                 /* meanwhile its key is not asked with */
    say_401(&w);
    say_good(&w);
    w.up_n = 0;
    t_int("refused later", step(&w, ask("gpt")), 1);
    t_int("status", status(&w), 200);
    t_ok("by a new one", sent_token(&w, "tok-1") && sent_token(&w, "tok-2"));
    stop();
}

/* What is masked in an error is the token that was sent, though it was refreshed before the provider spoke of it. */
static void replaced_token(const char *line, const char *field) {
    char body[300];
    char *echo;
    t_row(line);
    start();
    end_.say[0] = token_answer("tok-1", 3600);
    end_.say[1] = token_answer("tok-2", 3600);
    say_good(&w);
    t_int("first", step(&w, ask("gpt")), 1);
    later(3290);
    w_say(&w, "a", "", 0, W_OPEN);
    w.up_n = 0;
    t_int("nothing is heard yet", step(&w, ask("gpt")), 0);
    t_ok("it was sent", sent_token(&w, "tok-1"));
    later(20);
    t_int("there is a new one", end_.connects, 2);
    w.scripts = 0;
    sprintf(body, "{\"error\":{\"status\":400,\"%s\":\"I do not like tok-1" TAIL ", nor such requests\"}}", field);
    say(&w, "a", line, body);
    w.next = 0;
    t_int("refused", again(&w), 1);
    t_int("status", status(&w), 400);
    t_ok("in its words", memmem(w.out, w.out_n, "I do not like *", 15) && memmem(w.out, w.out_n, "*, nor such requests", 20));
    t_ok("but that", !memmem(w.out, w.out_n, "tok-1", 5));
    echo = (char *)memmem(memory, sizeof memory, "like tok-1" TAIL, 10 + sizeof TAIL - 1);
    if (echo) memset(echo, 0, 10 + sizeof TAIL - 1);             /* as it was read: the provider's own words, and no copy of ours */
    stop();
}
T(a_token_that_was_replaced_is_masked) {
    replaced_token("400 Bad Request", "message");
    replaced_token("400 Bad Request", "param");
    replaced_token("200 OK", "message");
    replaced_token("200 OK", "code");
}

/* Raw requests wait for tokens too; the connections to the endpoint that were kept are stale. */
T(raw_with_a_token) {
    static const char q[] = "GET /raw/a/files HTTP/1.1\r\nhost: g\r\nauthorization: Bearer mine\r\n\r\n", a[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    t_bytes b;
    b.p = q;
    b.n = sizeof q - 1;
    start();
    end_.reused = 4;
    end_.silent = 0;
    end_.say[0] = token_answer("tok-1", 3600);
    w_say(&w, "a", a, sizeof a - 1, W_OPEN);
    t_int("answered", step(&w, b), 1);
    t_ok("with it", status(&w) == 200 && sent_token(&w, "tok-1") && !memmem(w.up, w.up_n, "mine", 4));
    t_int("the fifth connection", end_.connects, 5);
    end_.closes += 4;                                          /* the others were closed inside */
    stop();
}

/* Other credentials of the same provider are another token. */
T(changed_credentials) {
    aigw_registry_provider *p;
    start();
    end_.say[0] = token_answer("tok-1", 3600);
    end_.say[1] = token_answer("tok-2", 3600);
    say_good(&w);
    t_int("first", step(&w, ask("gpt")), 1);
    p = aigw_registry_provider_of(&w.registry, aigw_base_str("a"));
    p->auth.value[AIGW_AUTH_CLIENT_SECRET] = aigw_base_str("the-secret-2");
    say_good(&w);
    w.up_n = 0;
    t_int("changed", step(&w, ask("gpt")), 1);
    t_ok("another", sent_token(&w, "tok-2"));
    later(3400);
    t_int("the old one is not refreshed, the new one is not used", end_.connects, 2);
    stop();
}

T(without_tokens) {
    aigw_registry_provider *p;
    t_bytes q;
    t_int("world", w_init(&w, NULL, NULL, memory, sizeof memory), 1);
    p = aigw_registry_provider_of(&w.registry, aigw_base_str("a"));
    p->auth.scheme = &aigw_auth_entra;
    q = ask("gpt");
    t_int("answered", w_drive(&w, q.p, q.n), 1);
    t_ok("says so", status(&w) == 401 && memmem(w.out, w.out_n, "not set up", 10));
    w_free(&w);
}

int main(void) {
    T_RUN(fetched_once_and_kept);
    T_RUN(single_flight);
    T_RUN(refreshed_before_it_ends);
    T_RUN(unused_tokens_end);
    T_RUN(refresh_that_fails);
    T_RUN(no_token);
    T_RUN(waits_are_bounded);
    T_RUN(client_gone_while_waiting);
    T_RUN(revoked_tokens);
    T_RUN(a_token_that_was_replaced_is_masked);
    T_RUN(raw_with_a_token);
    T_RUN(changed_credentials);
    T_RUN(without_tokens);
    return t_end();
}
