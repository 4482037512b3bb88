/* SPDX-License-Identifier: MIT OR Unlicense */
/* Probes without any client, in virtual time: circuits that they open and close, keys, Retry-After, what breaks on the way. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#define W_CONFIG \
    "{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://a.test/v1\",\"key\":\"sk-a-secret\",\"probe\":{\"path\":\"/models\",\"every_s\":30,\"timeout_ms\":5000}}," \
    "\"b\":{\"dialect\":\"anthropic\",\"base_url\":\"https://b.test\",\"key\":\"sk-b-secret\"}}," \
    "\"models\":{\"gpt\":{\"provider\":\"a\",\"id\":\"x\"},\"gpt2\":{\"provider\":\"a\",\"id\":\"y\"},\"claude\":{\"provider\":\"b\",\"id\":\"z\",\"max_output\":9}}}"
#include "world.h"

#define SECOND UINT64_C(1000000000)
static world w;
static aigw_probes probes;
static char memory[4u << 20];
static struct { const char *say; int refuse, silent, reset, dead, drop, connects, open, most, results, changes, kind; size_t at, sent_n; uint64_t since, least; char sent[4096]; } e;

static int e_connect(void *u, int c, const aigw_registry_provider *p) {
    (void)u, (void)c, (void)p;
    if (e.connects++ && w.now.mono_ns - e.since < e.least) e.least = w.now.mono_ns - e.since;
    e.since = w.now.mono_ns;
    if (++e.open > e.most) e.most = e.open;
    e.at = e.sent_n = 0;
    e.drop = e.dead && e.dead--;
    return e.drop ? 1 : e.refuse ? (int)AIGW_IO_KIND(AIGW_KIND_CONNECT) : 0;
}
static int e_send(void *u, int c, const void *p, size_t n) {
    (void)u, (void)c;
    memcpy(e.sent + e.sent_n, p, n);
    e.sent[e.sent_n += n] = 0;
    return (int)n;
}
static int e_recv(void *u, int c, void *p, size_t n) {
    (void)u, (void)c;
    if (e.silent) return AIGW_AGAIN;
    if (e.drop) return AIGW_E_CLOSED;
    if (e.at == strlen(e.say)) return e.reset ? (int)AIGW_E_CLOSED : 0;
    if (n > strlen(e.say) - e.at) n = strlen(e.say) - e.at;
    memcpy(p, e.say + e.at, n);
    e.at += n;
    return (int)n;
}
static void e_close(void *u, int c, int keep) { (void)u, (void)c, (void)keep; e.open--; }
static void e_result(void *u, const aigw_probe_result *r) { (void)u; e.results++; e.changes += r->changed; e.kind = r->kind; }

static void turn(void) {
    aigw_hub_tick(&w.hub, w.now);
    while (aigw_hub_ready(&w.hub)) {}
}
static void later(uint64_t ms) {                               /* by the hub's own deadlines */
    const uint64_t end = w.now.mono_ns + ms * 1000000;
    for (int i = 0; i < 5000; i++) {
        const uint64_t due = aigw_hub_deadline(&w.hub);
        turn();
        if (due > end) break;
        if (due > w.now.mono_ns) w.now.mono_ns = due;
    }
    w.now.mono_ns = end;
    turn();
}
static aigw_hub_name *target(const char *name) { return aigw_hub_name_of(&w.hub, w.now, AIGW_NAME_TARGET, aigw_base_str(name), 0); }
static int circuit(const char *name) { return aigw_breaker_look(&target(name)->breaker, &w.hub.cfg.breaker, w.now, NULL); }
static aigw_registry_pick pick_of(const char *name) {
    aigw_registry_pick p;
    const aigw_registry_route *r;
    t_int("there", aigw_registry_find(&w.registry, aigw_base_str(name), &aigw_dialect_openai, &p, 1, &r), 1);
    return p;
}
static aigw_health_report report(int kind) {
    aigw_health_report r;
    memset(&r, 0, sizeof r);
    r.kind = kind;
    r.first_us = r.all_us = r.input_bytes = -1;
    return r;
}
/* A request that the provider fails. */
static void fails(const aigw_registry_pick *p) {
    const aigw_health_report r = report(AIGW_KIND_SERVER);
    aigw_hub_pass pass;
    t_int("asked", aigw_hub_ask(&w.hub, w.now, p, 0, &pass), 1);
    aigw_hub_told(&w.hub, w.now, &pass, &r);
}
static aigw_router_state state_of(const char *name) {
    const aigw_registry_pick p = pick_of(name);
    aigw_router_state s;
    aigw_hub_state_of(&w.hub, w.now, &p, 0, 1, &s);
    return s;
}
static const char good[] = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":[]}";
static void start(void) {
    aigw_fetch_io io;
    (void)w_drive, (void)w_say;                                /* no client here */
    memset(&e, 0, sizeof e);
    e.say = good;
    e.kind = -1;
    e.least = AIGW_NEVER;
    t_int("world", w_init(&w, NULL, NULL, memory, sizeof memory), 1);
    memset(&io, 0, sizeof io);
    io.connect = e_connect, io.send = e_send, io.recv = e_recv, io.close = e_close;
    aigw_probe_init(&probes, &w.hub, &io, e_result);
    turn();
}
static void stop(void) {
    aigw_probe_release(&probes, w.now);
    aigw_probe_release(&probes, w.now);
    w_free(&w);
    t_int("clean", w_clean(&w), 1);
    t_int("closed", e.open, 0);
    t_ok("one at a time", e.most <= 1);
    t_ok("no key is left", !memmem(memory + 65536, sizeof memory - 65536, "Bearer sk-a-secret", 18));
}

/* One GET for all models of the provider, within every_s; who has no `probe` is not asked. */
T(idle_targets_are_probed) {
    start();
    t_int("not at once", e.connects, 0);
    later(30000);
    t_int("one for both models", e.connects, 1);
    t_ok("what", !strncmp(e.sent, "GET /v1/models HTTP/1.1\r\n", 25) && strstr(e.sent, "\r\nauthorization: Bearer sk-a-secret\r\n"));
    t_ok("and no body that a provider would wait for", !strstr(e.sent, "transfer-encoding") && !strstr(e.sent, "content-length"));
    t_int("fine", e.kind, AIGW_KIND_NONE);
    later(300000);
    t_ok("every 22.5 to 30 s", e.connects >= 11 && e.connects <= 15);
    t_ok("no times of answers", state_of("gpt").ttft_us[0] == -1 && state_of("gpt").ewma_us == -1 && !state_of("gpt").error_ppm && !target("gpt")->health.first.total);
    stop();
}

/* A provider that goes down and comes back while no client asks. */
T(opens_and_closes_without_a_client) {
    start();
    e.refuse = 1;
    later(60000);
    t_int("open", circuit("gpt") != AIGW_BREAKER_CLOSED, 1);
    t_int("both", circuit("gpt2") != AIGW_BREAKER_CLOSED, 1);
    t_int("nothing in flight", (long)state_of("gpt").in_flight, 0);
    e.refuse = 0;
    later(320000);
    t_int("closed", circuit("gpt"), AIGW_BREAKER_CLOSED);
    t_int("both", circuit("gpt2"), AIGW_BREAKER_CLOSED);
    stop();
}

/* An open circuit that clients opened is probed by the job, not by the next request; and a client whose request opens all may still be forced. */
T(requests_leave_open_circuits_to_the_job) {
    aigw_registry_pick p;
    aigw_hub_pass pass;
    aigw_health_report r;
    start();
    p = pick_of("gpt");
    for (int i = 0; i < 5; i++) fails(&p);
    turn();
    t_int("open", circuit("gpt"), AIGW_BREAKER_OPEN);
    w.now.mono_ns += 5 * SECOND;
    t_int("half open", circuit("gpt"), AIGW_BREAKER_HALF_OPEN);
    t_int("to a request it is open", state_of("gpt").circuit, AIGW_BREAKER_OPEN);
    t_int("and not asked", aigw_hub_ask(&w.hub, w.now, &p, 0, &pass), 0);
    t_int("forced it is", aigw_hub_ask(&w.hub, w.now, &p, 1, &pass), 1);
    t_int("then nobody else", (turn(), e.connects), 0);
    r = report(AIGW_KIND_CANCELLED);
    aigw_hub_told(&w.hub, w.now, &pass, &r);
    later(3000);
    t_int("two probes close it", circuit("gpt"), AIGW_BREAKER_CLOSED);
    stop();
}

/* What a probe may meet: what becomes of it, and of the circuit after six of them. */
T(what_goes_wrong) {
    static const struct { const char *what, *say; int silent, reset, kind, open; } rows[] = {
        { "reset", "", 0, 1, AIGW_KIND_CONNECT, 1 }, { "closed", "", 0, 0, AIGW_KIND_CONNECT, 1 }, { "truncated", "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{", 0, 0, AIGW_KIND_TRUNCATED, 1 },
        { "no HTTP", "SSH-2.0\r\n\r\n", 0, 0, AIGW_KIND_BAD_RESPONSE, 1 }, { "silence", "", 1, 0, AIGW_KIND_TIMEOUT, 1 },
        { "5xx", "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", 0, 0, AIGW_KIND_OVERLOADED, 1 }, { "404 teaches nothing", "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", 0, 0, AIGW_KIND_NOT_FOUND, 0 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].what);
        start();
        e.say = rows[i].say;
        e.silent = rows[i].silent;
        e.reset = rows[i].reset;
        later(90000);
        t_int("kind", e.kind, rows[i].kind);
        t_int("open", circuit("gpt") != AIGW_BREAKER_CLOSED, rows[i].open);
        stop();
    }
}

/* A provider that has restarted: of the connections that were kept each is found dead, and that is no failure. */
T(kept_connections_that_died) {
    start();
    e.dead = 4;
    later(30000);
    t_int("the fifth", e.connects, 5);
    t_int("fine", e.kind, AIGW_KIND_NONE);
    t_int("one result", e.results, 1);
    e.dead = 100;
    for (int i = 0; i < 300 && e.results < 2; i++) later(100);
    t_int("not without end", e.connects, 10);
    t_int("kind", e.kind, AIGW_KIND_CONNECT);
    e.dead = 0;
    stop();
}

/* A refused key is benched; a good probe takes that back, with no client. 429 is no failure, and nobody probes before it says. */
T(keys_and_limits) {
    start();
    e.say = "HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n";
    later(31000);
    t_int("benched", state_of("gpt").benched, 1);
    t_int("not the circuit", circuit("gpt"), AIGW_BREAKER_CLOSED);
    e.say = good;
    later(120000);
    t_int("taken back", state_of("gpt").benched, 0);
    e.say = "HTTP/1.1 429 No\r\nretry-after: 200\r\ncontent-length: 0\r\n\r\n";
    later(31000);
    t_int("closed", circuit("gpt"), AIGW_BREAKER_CLOSED);
    t_ok("spared", state_of("gpt").wait_ms > 160000);
    e.connects = 0;
    later(165000);
    t_int("not probed before", e.connects, 0);
    later(60000);
    t_ok("then it is", e.connects > 0);
    stop();
}

/* Another registry comes, or the end, while a probe is under way: it holds its own until then. */
T(swapped_and_released_in_mid_probe) {
    static aigw_registry other;
    start();
    e.silent = 1;
    for (int i = 0; i < 300 && !e.open; i++) later(100);
    t_int("under way", e.open, 1);
    later(2000);
    other = w.registry;
    t_int("swap", aigw_hub_swap(&w.hub, &other), AIGW_OK);
    t_int("held", aigw_hub_holds(&w.hub, &w.registry), 1);
    later(5000);
    t_int("not any more", aigw_hub_holds(&w.hub, &w.registry), 0);
    t_int("timeout", e.kind, AIGW_KIND_TIMEOUT);
    later(5000);
    t_int("the next is under way", e.open, 1);
    stop();
    t_int("teaches nothing", e.kind, AIGW_KIND_CANCELLED);
}

/* A model whose requests fail is not hidden by a list that answers between them. */
T(success_of_probes_hides_nothing) {
    aigw_registry_pick p;
    start();
    p = pick_of("gpt");
    for (int i = 0; i < 5; i++) {
        fails(&p);
        if (i < 4) later(61000);
    }
    t_ok("probed between", e.connects > 4);
    t_int("open", circuit("gpt"), AIGW_BREAKER_OPEN);
    stop();
}

/* A list that answers closes the circuit of a model that fails, but each time that one opens it, it is for longer; its own success ends that. */
T(success_of_probes_does_not_restart_the_doubling) {
    aigw_health_report fine = report(AIGW_KIND_NONE);
    aigw_registry_pick p;
    aigw_hub_pass pass;
    uint64_t until, most = 5000;
    start();
    p = pick_of("gpt");
    for (int round = 0; round < 5; round++, most *= 2) {
        if (round == 4) {
            most = 5000;
            t_int("asked", aigw_hub_ask(&w.hub, w.now, &p, 0, &pass), 1);
            aigw_hub_told(&w.hub, w.now, &pass, &fine);
        }
        for (int i = 0; i < 5; i++) fails(&p);
        t_int("open", aigw_breaker_look(&target("gpt")->breaker, &w.hub.cfg.breaker, w.now, &until), AIGW_BREAKER_OPEN);
        t_ok("for 50 to 100 %", until - w.now.mono_ns >= most / 2 * 1000000 && until - w.now.mono_ns <= most * 1000000);
        for (int i = 0; i < 50 && circuit("gpt") != AIGW_BREAKER_CLOSED; i++) later(1000);
        t_int("closed by probes", circuit("gpt"), AIGW_BREAKER_CLOSED);
    }
    stop();
}

/* One that fails is asked again after the time for which a circuit is open, not each second, and said to fail once; as often as any other where that is more often. */
T(failing_targets_are_not_hammered) {
    start();
    later(60000);
    t_int("well from the start is no news", e.changes, 0);
    e.refuse = 1;
    e.connects = 0, e.least = AIGW_NEVER;
    later(300000);
    t_ok("asked, at five times, then as two circuits double", e.connects >= 9 && e.connects <= 20);
    t_int("not sooner than 5 s", (long)(e.least / SECOND), 5);
    t_int("said once", e.changes, 1);
    e.refuse = 0;
    e.say = "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
    later(400000);
    t_int("fails otherwise", e.changes, 2);
    e.say = good;
    later(400000);
    t_int("well again", e.changes, 3);
    t_int("closed", circuit("gpt"), AIGW_BREAKER_CLOSED);
    stop();
    t_row("a circuit that hardly opens");
    start();
    w.hub.cfg.breaker.consecutive = 1000;
    e.refuse = 1;
    later(60000);
    e.least = AIGW_NEVER;
    later(60000);
    t_int("every 5 s", (long)(e.least / SECOND), 5);
    w.hub.cfg.breaker.open_ms = 100000;
    later(60000);
    e.least = AIGW_NEVER;
    later(60000);
    t_int("every_s is less", (long)(e.least / SECOND), 30);
    t_int("said once", e.changes, 1);
    stop();
    t_row("404: a path that is not there");
    start();
    e.say = "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n";
    later(300000);
    t_int("said once", e.changes, 1);
    stop();
    t_row(NULL);
}

/* How fast a list comes says nothing of how fast the model answers. */
T(probes_are_not_counted_into_latency) {
    aigw_health_report answer = report(AIGW_KIND_NONE);
    aigw_registry_pick p;
    aigw_hub_pass pass;
    int64_t learnt, average;
    start();
    p = pick_of("gpt");
    answer.first_us = 800000, answer.all_us = 2000000;
    for (int i = 0; i < 6; i++) {
        t_int("asked", aigw_hub_ask(&w.hub, w.now, &p, 0, &pass), 1);
        aigw_hub_told(&w.hub, w.now, &pass, &answer);
    }
    learnt = state_of("gpt").ttft_us[0], average = state_of("gpt").ewma_us;
    t_ok("learnt", learnt >= 800000 && learnt < 900000 && average == 800000);
    for (int i = 0; i < 40; i++) {
        e.silent = 1;                                          /* each takes 20 ms */
        while (!e.open && w.now.mono_ns < 10000 * SECOND) later(100);
        w.now.mono_ns += 20000000;
        e.silent = 0;
        aigw_probe_ready(&probes, w.now);
        t_int("fine", e.kind, AIGW_KIND_NONE);
        t_int("over", e.open, 0);
    }
    t_int("the median is of answers", state_of("gpt").ttft_us[0], learnt);
    t_int("so is the average", state_of("gpt").ewma_us, average);
    t_int("nor is one counted", (long)target("gpt")->health.first.total, 6);
    stop();
}

int main(void) {
    T_RUN(idle_targets_are_probed);
    T_RUN(opens_and_closes_without_a_client);
    T_RUN(requests_leave_open_circuits_to_the_job);
    T_RUN(what_goes_wrong);
    T_RUN(kept_connections_that_died);
    T_RUN(keys_and_limits);
    T_RUN(swapped_and_released_in_mid_probe);
    T_RUN(success_of_probes_hides_nothing);
    T_RUN(success_of_probes_does_not_restart_the_doubling);
    T_RUN(failing_targets_are_not_hammered);
    T_RUN(probes_are_not_counted_into_latency);
    return t_end();
}
