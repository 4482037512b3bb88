/* SPDX-License-Identifier: MIT OR Unlicense */
/* The simulator in small: seeds that once showed a bug, a few others, the scenes; the same seed gives the same trace; and its oracle can tell wrong from right. `make sim` runs many. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "sim/scene.h"
#include "t.h"

/* Each failed once: with what, and why. */
static const struct { uint64_t seed; const char *what; } once[] = {
    { 7, "a request that had not begun was answered, without a body, when its wait for memory ran out" },
    { 34, "the same" }, { 43, "the same" },
    { 88, "a connect that timed out was taken for a kept connection that had died, and cost no attempt" },
    { 97, "the same" }, { 440, "the same" }, { 638, "the same" },
    { 582, "the first of two tries failed, and the second's frames were dropped as if they came after an end" }, { 740, "the same" },
    { 368, "a store that was gone let a second try spend what could not be reserved" },
    { 41, "kept connections that had died made a probe find its provider down" }, { 96, "the same" },
    { 10676, "a registry came long after the hub had looked at the clock, and a probe began in the past" }, { 17476, "the same" }
};

T(seeds_that_failed) {
    static sim_sums sums;
    sim *s = run_new();
    for (size_t i = 0; i < (getenv("T_QUICK") ? 2 : T_COUNT(once)); i++) {
        t_row(once[i].what);
        (void)run_seed(s, once[i].seed, &sums);
        t_int("failed", s->failed, 0);
    }
    run_delete(s);
}

T(same_seed_same_trace) {
    static sim_sums sums;
    sim *s = run_new(), *other = run_new();
    uint64_t last = 0;
    for (uint64_t seed = 9001; seed < (getenv("T_QUICK") ? 9004 : 9011); seed++) {
        const uint64_t first = run_seed(s, seed, &sums);
        t_int("failed", s->failed, 0);
        t_ok("another trace than the seed before", first != last);
        if (seed % 3 == 0) t_ok("the same in another place of memory", run_seed(other, seed, &sums) == first);
        last = first;
    }
    {
        unsigned long resets = 0, gone = 0;
        for (int state = 0; state < S_COUNT; state++) resets += sums.faults[F_RESET][state], gone += sums.faults[F_GONE][state];
        if (!getenv("T_QUICK")) t_ok("something went wrong in them", resets && gone && sums.errors);
    }
    run_delete(s);
    run_delete(other);
}

T(scenes) {
    static sim_sums sums;
    sim *s = run_new();
    scene_failover(s, &sums);
    t_int("failed", s->failed, 0);
    t_int("checked", sums.checked[I_FAILOVER], 1);
    if (getenv("T_QUICK")) { run_delete(s); return; }
    scene_outage(s, &sums);
    t_int("failed", s->failed, 0);
    t_ok("an outage with requests", sums.outage_requests >= 100);
#ifdef SIM_POLICY
    {
        uint64_t p99[3];
        scene_loads(s, &sums, p99);
        t_int("failed", s->failed, 0);
    }
#endif
    t_ok("half of them take their second", scene_tail(s, CL_PAIR, 500).p50 < 2 * SIM_S);
    run_delete(s);
}

/* What the oracle says of an answer, however it is cut. */
enum { SHORT = 10, LONG };
static void judge(const char *label, const char *answer, size_t n, int dialect, int stream, int want, const char *text) {
    static o_reader o;
    t_row(label);
    for (size_t step = 1; step <= n; step += step < 4 ? 1 : n - 4) {
        size_t at = 0;
        memset(&o, 0, sizeof o);
        while (at < n && !o.done && !o.why) at += o_feed(&o, answer + at, n - at < step ? n - at : step);
        t_int("judgement", !o.done && !o.why ? SHORT : at < n && !o.why ? LONG : o_judge(&o, dialect, stream), want);
        if (text) t_str("text", o.text, o.text_n, text);
    }
}
static void framed(const char *label, const char *answer, int want) { judge(label, answer, strlen(answer), O_OPENAI, 0, want, NULL); }
static void whole(const char *label, const char *status, const char *body, int dialect, int want, const char *text) {
    char answer[600];
    const int n = sprintf(answer, "HTTP/1.1 %s\r\ncontent-length: %lu\r\n\r\n%s", status, (unsigned long)strlen(body), body);
    judge(label, answer, (size_t)n, dialect, 0, want, text);
}
/* body in two chunks */
static void streamed(const char *label, int dialect, const char *body, int want, const char *text) {
    char answer[900];
    const size_t n = strlen(body), half = n / 2;
    const int k = sprintf(answer, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%lx\r\n%.*s\r\n%lx\r\n%s\r\n0\r\n\r\n", (unsigned long)half, (int)half, body, (unsigned long)(n - half), body + half);
    judge(label, answer, (size_t)k, dialect, 1, want, text);
}
T(oracle) {
    framed("one byte too few", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}", SHORT);
    framed("one byte too many", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{} ", LONG);
    framed("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}", O_BROKEN);
    framed("no length", "HTTP/1.1 200 OK\r\nx: y\r\n\r\n{}", O_BROKEN);
    framed("a control byte in the head", "HTTP/1.1 200 OK\r\nx: \x01\r\ncontent-length: 2\r\n\r\n{}", O_BROKEN);
    framed("no status", "HTTP/1.1 OK\r\ncontent-length: 2\r\n\r\n{}", O_BROKEN);
    framed("no last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", SHORT);
    framed("a chunk's size that is none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", O_BROKEN);
    framed("a chunk without a size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n", O_BROKEN);
    framed("a chunk that is longer than it says", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{}\r\n", O_BROKEN);
    whole("fine", "200 OK", "{\"choices\":[{\"content\":\"ab\",\"finish_reason\":\"stop\"}]} ", O_OPENAI, O_FINE, "ab");
    whole("no finish", "200 OK", "{\"choices\":[{\"content\":\"ab\"}]}", O_OPENAI, O_BROKEN, NULL);
    whole("an error in a 200", "200 OK", "{\"error\":{\"message\":\"no\"},\"finish_reason\":\"stop\"}", O_OPENAI, O_BROKEN, NULL);
    whole("no JSON", "200 OK", "{\"finish_reason\":\"stop\",", O_OPENAI, O_BROKEN, NULL);
    whole("two values", "200 OK", "{\"finish_reason\":\"stop\"} {}", O_OPENAI, O_BROKEN, NULL);
    whole("an error", "503 No", "{\"error\":{\"message\":\"no\"}}", O_OPENAI, O_ERROR, NULL);
    whole("Cohere's error", "503 No", "{\"message\":\"no\"}", O_COHERE, O_ERROR, NULL);
    whole("an error without a shape", "503 No", "{}", O_OPENAI, O_BROKEN, NULL);
    whole("an error of nobody's", "301 Away", "{\"error\":\"no\"}", O_OPENAI, O_BROKEN, NULL);
    streamed("fine", O_OPENAI, "data: {\"content\":\"a\"}\n\ndata: {\"content\":\"b\"}\n\n: ping\n\ndata: {\"finish_reason\":\"stop\"}\n\ndata: [DONE]\n\n", O_FINE, "ab");
    streamed("without [DONE]", O_OPENAI, "data: {\"finish_reason\":\"stop\"}\n\n", O_BROKEN, NULL);
    streamed("[DONE] without a finish", O_OPENAI, "data: {\"content\":\"a\"}\n\ndata: [DONE]\n\n", O_BROKEN, NULL);
    streamed("one error", O_OPENAI, "data: {\"content\":\"a\"}\n\ndata: {\"error\":\"no\"}\n\n", O_ERROR, "a");
    streamed("two errors", O_OPENAI, "data: {\"error\":\"no\"}\n\ndata: {\"error\":\"no\"}\n\n", O_BROKEN, NULL);
    streamed("[DONE] after an error", O_OPENAI, "data: {\"error\":\"no\"}\n\ndata: [DONE]\n\n", O_BROKEN, NULL);
    streamed("an error after [DONE]", O_OPENAI, "data: {\"finish_reason\":\"stop\"}\n\ndata: [DONE]\n\ndata: {\"error\":\"no\"}\n\n", O_BROKEN, NULL);
    streamed("no end", O_OPENAI, "data: {\"content\":\"a\"}\n\n", O_BROKEN, NULL);
    streamed("half an event", O_OPENAI, "data: {\"finish_reason\":\"stop\"}\n\ndata: [DONE]\n", O_BROKEN, NULL);
    streamed("fine", O_ANTHROPIC, "event: message_start\ndata: {\"type\":\"message_start\"}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\ndata: {\"type\":\"x\",\"text\":\"a\"}\n\n"
             "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", O_FINE, "a");
    streamed("without its start", O_ANTHROPIC, "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n", O_BROKEN, NULL);
    streamed("a name that is not the type", O_ANTHROPIC, "event: error\ndata: {\"type\":\"message_start\"}\n\n", O_BROKEN, NULL);
    streamed("fine", O_GEMINI, "data: {\"text\":\"a\"}\r\n\r\ndata: {\"x\":{\"text\":\"b\",\"finishReason\":\"STOP\"}}\r\n\r\n", O_FINE, "ab");
    streamed("text after the finish", O_GEMINI, "data: {\"finishReason\":\"STOP\"}\n\ndata: {\"text\":\"a\"}\n\n", O_BROKEN, NULL);
    streamed("fine", O_ARRAY, "[{\"text\":\"a\"},\r\n{\"finishReason\":\"STOP\"}]", O_FINE, "a");
    streamed("without its end", O_ARRAY, "[{\"text\":\"a\"},\r\n{\"finishReason\":\"STOP\"}", O_BROKEN, NULL);
    streamed("fine", O_OLLAMA, "{\"content\":\"a\",\"done\":false}\n{\"content\":\"\",\"done\":true,\"done_reason\":\"stop\"}\n", O_FINE, "a");
    streamed("nothing done", O_OLLAMA, "{\"content\":\"a\",\"done\":false}\n", O_BROKEN, NULL);
    streamed("fine", O_COHERE, "data: {\"type\":\"content-delta\",\"text\":\"a\"}\n\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\ndata: [DONE]\n\n", O_FINE, "a");
    streamed("an error at the end", O_COHERE, "data: {\"type\":\"message-end\",\"delta\":{\"error\":\"no\",\"finish_reason\":\"ERROR\"}}\n\n", O_ERROR, NULL);
    streamed("fine", O_RESPONSES, "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"error\":null}}\n\n", O_FINE, "a");
    streamed("no end", O_RESPONSES, "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n", O_BROKEN, NULL);
}

int main(void) {
    T_RUN(oracle);
    T_RUN(same_seed_same_trace);
    T_RUN(seeds_that_failed);
    T_RUN(scenes);
    return t_end();
}
