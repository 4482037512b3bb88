/* SPDX-License-Identifier: MIT OR Unlicense */
/* Rate-limit headers and retry hints: every form of wire-formats 1.5 and of the providers' sections, by tables; the heads that were recorded, where
   ../shared is there; and what a client of each dialect reads of them. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"
#define main limits_main
#include "../examples/limits.c"
#undef main

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
static const aigw_now when = { 1, 1800000000 };                             /* 2027-01-15T08:00:00Z */
static aigw_header fields[64];
static aigw_str str(const char *s) { return aigw_base_str(s); }

/* "name: value\n..." as a head. */
static aigw_head head_of(const char *text, int status) {
    aigw_head h = { { NULL, 0 }, { NULL, 0 }, 0, fields, 0, 64 };
    h.status = status;
    for (const char *p = text; *p; ) {
        size_t n = strcspn(p, "\n"), colon = strcspn(p, ":");
        const char *v = p + colon + 2;
        aigw_str name, value;
        name.p = t_dup(p, colon);
        name.n = colon;
        value.n = n - colon - 2;
        value.p = t_dup(v, value.n);
        aigw_base_header_put(&h, name, value);
        p += n + (p[n] == '\n');
    }
    return h;
}
/* "requests 120/119/500 tokens ..." of what was said; "retry N". */
static const char *said(const aigw_limits *l) {
    static char text[400];
    static const char *const names[] = { "requests", "tokens", "input", "output" };
    const aigw_limit *all[4];
    size_t n = 0;
    int i;
    all[0] = &l->requests; all[1] = &l->tokens; all[2] = &l->input_tokens; all[3] = &l->output_tokens;
    text[0] = 0;
    for (i = 0; i < 4; i++)
        if (all[i]->limit >= 0 || all[i]->remaining >= 0 || all[i]->reset_ms >= 0)
            n += (size_t)sprintf(text + n, "%s%s %lld/%lld/%lld", n ? ", " : "", names[i], (long long)all[i]->limit, (long long)all[i]->remaining, (long long)all[i]->reset_ms);
    if (l->retry_after_ms >= 0) sprintf(text + n, "%sretry %lld", n ? ", " : "", (long long)l->retry_after_ms);
    return text;
}

/* limit/remaining/reset in ms; -1: not said. Date and source: wire-formats sections as named, read 2026-11-28; "recorded": as in wire/. */
static const struct { const char *label, *head, *want; } headers[] = {
    { "OpenAI 5.2", "x-ratelimit-limit-requests: 10000\nx-ratelimit-limit-tokens: 200000\nx-ratelimit-remaining-requests: 9999\nx-ratelimit-remaining-tokens: 199883\n"
      "x-ratelimit-reset-requests: 8.64s\nx-ratelimit-reset-tokens: 34ms", "requests 10000/9999/8640, tokens 200000/199883/34" },
    { "OpenAI, minutes and hours", "X-RateLimit-Limit-Requests: 3\nX-RateLimit-Remaining-Requests: 0\nX-RateLimit-Reset-Requests: 6m0s\nx-ratelimit-reset-tokens: 1h2m3.5s",
      "requests 3/0/360000, tokens -1/-1/3723500" },
    { "OpenAI, usage based", "x-ratelimit-limit-tokens_usage_based: 9\nx-ratelimit-remaining-tokens_usage_based: 8\nx-ratelimit-reset-tokens_usage_based: 0s", "tokens 9/8/0" },
    { "Azure: resets without a unit are ms", "x-ratelimit-limit-requests: 120\nx-ratelimit-limit-tokens: 120000\nx-ratelimit-remaining-requests: 119\n"
      "x-ratelimit-remaining-tokens: 119986\nx-ratelimit-renewalperiod-requests: 60\nx-ratelimit-renewalperiod-tokens: 60\nx-ratelimit-reset-requests: 500\nx-ratelimit-reset-tokens: 7",
      "requests 120/119/500, tokens 120000/119986/7" },
    { "Azure, remaining only", "x-ratelimit-remaining-requests: 119\nx-ratelimit-remaining-tokens: 119984\nretry-after: 1\nretry-after-ms: 250",
      "requests -1/119/-1, tokens -1/119984/-1, retry 250" },
    { "Anthropic 6.10", "anthropic-ratelimit-requests-limit: 4000\nanthropic-ratelimit-requests-remaining: 3999\nanthropic-ratelimit-requests-reset: 2027-01-15T08:00:01Z\n"
      "anthropic-ratelimit-tokens-limit: 480000\nanthropic-ratelimit-tokens-remaining: 478000\nanthropic-ratelimit-tokens-reset: 2027-01-15T08:00:02Z\n"
      "anthropic-ratelimit-input-tokens-limit: 400000\nanthropic-ratelimit-input-tokens-remaining: 399000\nanthropic-ratelimit-input-tokens-reset: 2027-01-15T09:00:03+01:00\n"
      "anthropic-ratelimit-output-tokens-limit: 80000\nanthropic-ratelimit-output-tokens-remaining: 79000\nanthropic-ratelimit-output-tokens-reset: 2027-01-15T07:59:59Z\nretry-after: 59",
      "requests 4000/3999/1000, tokens 480000/478000/2000, input 400000/399000/3000, output 80000/79000/0, retry 59000" },
    { "Anthropic, priority tier", "anthropic-priority-input-tokens-limit: 10000\nanthropic-priority-input-tokens-remaining: 9618\nanthropic-priority-input-tokens-reset: 2027-01-15T08:00:10Z",
      "input 10000/9618/10000" },
    { "Groq 16", "x-ratelimit-limit-requests: 14400\nx-ratelimit-limit-tokens: 30000\nx-ratelimit-remaining-requests: 14399\nx-ratelimit-remaining-tokens: 29987\n"
      "x-ratelimit-reset-requests: 2m59.56s\nx-ratelimit-reset-tokens: 7.66s", "requests 14400/14399/179560, tokens 30000/29987/7660" },
    { "Mistral 14", "x-ratelimit-limit-tokens-minute: 100000\nx-ratelimit-remaining-tokens-minute: 97903\nx-ratelimit-tokens-query-cost: 114\nx-ratelimit-limit-req-minute: 100\n"
      "x-ratelimit-remaining-req-minute: 95", "requests 100/95/-1, tokens 100000/97903/-1" },
    { "Mistral, minute before month", "x-ratelimit-limit-req-10-second: 60\nx-ratelimit-limit-tokens-minute: 20000000\nx-ratelimit-limit-tokens-month: 200000000000\n"
      "x-ratelimit-remaining-req-10-second: 50\nx-ratelimit-remaining-tokens-minute: 19999990\nx-ratelimit-remaining-tokens-month: 199999999990",
      "requests 60/50/-1, tokens 20000000/19999990/-1" },
    { "Mistral, by size", "ratelimitbysize-limit: 500000\nratelimitbysize-query-cost: 32018\nratelimitbysize-remaining: 401381\nratelimitbysize-reset: 33", "tokens 500000/401381/33000" },
    { "xAI, without resets", "x-ratelimit-limit-tokens: 10000000\nx-ratelimit-remaining-tokens: 10000000\nx-ratelimit-limit-requests: 1800\nx-ratelimit-remaining-requests: 1799",
      "requests 1800/1799/-1, tokens 10000000/10000000/-1" },
    { "Cerebras 23", "x-ratelimit-limit-requests-day: 14400\nx-ratelimit-limit-tokens-minute: 60000\nx-ratelimit-remaining-requests-day: 14399\nx-ratelimit-remaining-tokens-minute: 59000\n"
      "x-ratelimit-reset-requests-day: 33011.382867097855\nx-ratelimit-reset-tokens-minute: 11.38", "requests 14400/14399/33011382, tokens 60000/59000/11380" },
    { "Together 19", "x-ratelimit-limit: 60\nx-ratelimit-remaining: 59\nx-ratelimit-reset: 1\nx-tokenlimit-limit: 1000\nx-tokenlimit-remaining: 900", "requests 60/59/1000, tokens 1000/900/-1" },
    { "Together, off (recorded)", "x-ratelimit: false", "" },
    { "Fireworks 20", "x-ratelimit-limit-requests: 600\nx-ratelimit-remaining-requests: 599\nx-ratelimit-over-limit: no", "requests 600/599/-1" },
    { "OpenRouter, epoch in ms", "X-RateLimit-Limit: 20\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1800000060000", "requests 20/0/60000" },
    { "epoch in seconds", "x-ratelimit-limit: 5000\nx-ratelimit-remaining: 4816\nx-ratelimit-reset: 1800000100", "requests 5000/4816/100000" },
    { "the IETF's draft", "ratelimit-limit: 100\nratelimit-remaining: 50\nratelimit-reset: 50", "requests 100/50/50000" },
    { "Cohere, trial", "x-endpoint-monthly-call-limit: 1000\nx-trial-endpoint-call-limit: 20\nx-trial-endpoint-call-remaining: 19", "requests 20/19/-1" },
    { "Cohere, monthly", "x-endpoint-monthly-call-limit: 1000", "requests 1000/-1/-1" },
    { "retry-after as a date", "retry-after: Fri, 15 Jan 2027 08:00:20 GMT", "retry 20000" },
    { "a date that is past", "retry-after: Fri, 15 Jan 2027 07:00:00 GMT", "retry 0" },
    { "seconds with a fraction", "retry-after: 1.5", "retry 1500" },
    { "ms with a fraction, before seconds", "retry-after-ms: 1500.25\nretry-after: 20", "retry 1500" },
    { "neither number nor date", "retry-after: soon\nx-ratelimit-limit-requests: many\nx-ratelimit-reset-requests: later", "" },
    { "negative numbers", "x-ratelimit-remaining-requests: -1\nx-ratelimit-reset-requests: -5s", "" },
    { "nothing of the kind", "content-type: application/json\nx-limited: 1", "" },
};
T(headers_of_all_families) {
    aigw_limits l;
    size_t i, d;
    t_ok("a bit for each row", AIGWI_WINDOWS <= 32);
    for (i = 0; i < T_COUNT(headers); i++) {
        aigw_head h = head_of(headers[i].head, 200);
        t_row(headers[i].label);
        for (d = 0; d < T_COUNT(dialects); d++) {                          /* the headers tell whose they are: one table, whatever the dialect */
            if (!dialects[d]->limits_decode || aigw_base_eq(dialects[d]->name, aigw_base_str("bedrock"))) continue;   /* Bedrock says nothing of the kind */
            dialects[d]->limits_decode(when, &h, &l);
            t_str("limits", said(&l), strlen(said(&l)), headers[i].want);
        }
    }
}
T(without_a_clock_dates_are_unknown) {
    aigw_now none = { 1, 0 };
    aigw_limits l;
    aigw_head h = head_of("retry-after: Fri, 15 Jan 2027 08:00:20 GMT\nanthropic-ratelimit-requests-remaining: 3\nanthropic-ratelimit-requests-reset: 2027-01-15T08:00:01Z\n"
                          "x-ratelimit-reset: 1800000060000\nx-ratelimit-remaining: 1\nx-tokenlimit-remaining: 9", 200);
    dialects[0]->limits_decode(none, &h, &l);
    t_str("limits", said(&l), strlen(said(&l)), "requests -1/3/-1, tokens -1/9/-1");
}

/* How long to wait after an error: 1.5, in its order. kind: of the error that the dialect must see, for the label of the row. */
static const struct { const char *label, *dialect; int status; const char *head, *body; int64_t wait; } hints[] = {
    { "retry-after-ms first", "openai-chat", 429, "retry-after-ms: 1200\nretry-after: 20", "{\"error\":{\"message\":\"Please try again in 6m0s.\",\"code\":\"rate_limit_exceeded\"}}", 1200 },
    { "zero is a hint", "openai-chat", 429, "retry-after: 1\nretry-after-ms: 0", "{\"error\":{\"code\":\"RateLimitReached\",\"message\":\"x\"}}", 0 },
    { "retry-after", "openai-chat", 503, "retry-after: 20", "", 20000 },
    { "the exhausted dimension", "openai-chat", 429, "x-ratelimit-remaining-requests: 5\nx-ratelimit-reset-requests: 1s\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 7s",
      "{\"error\":{\"message\":\"Rate limit reached\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}", 7000 },
    { "both exhausted: the later", "openai-chat", 429, "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 9s\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 7s",
      "{\"error\":{\"message\":\"Rate limit reached\",\"code\":\"rate_limit_exceeded\"}}", 9000 },
    { "both exhausted: the later, wherever it stands", "openai-chat", 429, "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 3s\nx-ratelimit-remaining-tokens: 0\n"
      "x-ratelimit-reset-tokens: 8s", "{\"error\":{\"message\":\"Rate limit reached\",\"code\":\"rate_limit_exceeded\"}}", 8000 },
    { "Azure's reset is ms", "openai-chat", 429, "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 500\nx-ratelimit-renewalperiod-requests: 60",
      "{\"error\":{\"code\":\"429\",\"message\":\"Requests have exceeded call rate limit\"}}", 500 },
    { "Azure's text", "openai-chat", 429, "", "{\"error\":{\"code\":\"429\",\"message\":\"Requests to the API have exceeded token rate limit. Please retry after 26 seconds.\"}}", 26000 },
    { "one minute", "openai-chat", 429, "", "{\"error\":{\"code\":\"429\",\"message\":\"Rate limit is exceeded. Try again in 1 minute.\"}}", 60000 },
    { "milliseconds in words", "openai-chat", 429, "", "{\"error\":{\"code\":\"429\",\"message\":\"Retry after 300 milliseconds.\"}}", 300 },
    { "OpenAI's text in ms", "openai-chat", 429, "", "{\"error\":{\"message\":\"Rate limit reached for m on requests per min. Please try again in 340ms. Visit\",\"code\":\"rate_limit_exceeded\"}}", 340 },
    { "OpenAI's text in seconds", "openai-chat", 429, "", "{\"error\":{\"message\":\"Please try again in 1.242s.\",\"code\":\"rate_limit_exceeded\"}}", 1242 },
    { "OpenAI's text in minutes", "openai-chat", 429, "", "{\"error\":{\"message\":\"Please try again in 6m0s.\",\"code\":\"rate_limit_exceeded\"}}", 360000 },
    { "of a day's quota too", "openai-chat", 429, "", "{\"error\":{\"message\":\"Rate limit reached on tokens per day (TPD): Limit 100000. Please try again in 2m59.56s.\","
      "\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}", 179560 },
    { "a word behind the number", "openai-chat", 429, "", "{\"error\":{\"message\":\"try again in 5 apples\",\"code\":\"rate_limit_exceeded\"}}", -1 },
    { "OpenRouter's reset in the body", "openai-chat", 429, "", "{\"error\":{\"message\":\"Rate limit exceeded: free-models-per-min\",\"code\":429,\"metadata\":{\"headers\":"
      "{\"X-RateLimit-Limit\":\"20\",\"X-RateLimit-Remaining\":\"0\",\"X-RateLimit-Reset\":\"1800000042000\"}}}}", 42000 },
    { "RetryInfo at Gemini's OpenAI endpoint", "openai-chat", 429, "", "[{\"error\":{\"code\":429,\"message\":\"Resource exhausted\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":"
      "[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"34.5s\"}]}}]", 34500 },
    { "RetryInfo", "gemini", 429, "", "{\"error\":{\"code\":429,\"message\":\"Please retry in 9s.\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":"
      "[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"34.074824224s\"}]}}", 34074 },
    { "Gemini's text", "gemini", 429, "", "{\"error\":{\"code\":429,\"message\":\"You exceeded your current quota. Please retry in 34.07s.\",\"status\":\"RESOURCE_EXHAUSTED\"}}", 34070 },
    { "Anthropic's header", "anthropic", 429, "retry-after: 59", "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}", 59000 },
    { "Anthropic's exhausted dimension", "anthropic", 429, "anthropic-ratelimit-output-tokens-remaining: 0\nanthropic-ratelimit-output-tokens-reset: 2027-01-15T08:00:08Z",
      "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}", 8000 },
    { "Cerebras, per day", "openai-chat", 429, "x-ratelimit-remaining-requests-day: 0\nx-ratelimit-reset-requests-day: 33011.382",
      "{\"message\":\"Requests per day limit exceeded - too many requests sent.\",\"type\":\"too_many_requests_error\",\"param\":\"quota\",\"code\":\"request_quota_exceeded\"}", 33011382 },
    { "not for what no wait mends", "openai-chat", 400, "", "{\"error\":{\"message\":\"try again in 5s\",\"type\":\"invalid_request_error\"}}", -1 },
};
T(hints_of_all_families) {
    static char mem[4096];
    size_t i, d;
    for (i = 0; i < T_COUNT(hints); i++) {
        aigw_head h = head_of(hints[i].head, hints[i].status);
        aigw_arena a = aigw_base_arena(mem, sizeof mem);
        aigw_error e;
        aigw_str body;
        body.n = strlen(hints[i].body);
        body.p = t_dup(hints[i].body, body.n);
        t_row(hints[i].label);
        for (d = 0; d < T_COUNT(dialects) && !aigw_base_eq(dialects[d]->name, aigw_base_str(hints[i].dialect)); d++) {}
        if (!t_ok("dialect", d < T_COUNT(dialects))) continue;
        dialects[d]->error_decode(when, &h, body, &a, &e);
        t_int("wait", e.retry_after_ms, hints[i].wait);
    }
}

/* What one provider says is said to the client in its own dialect's headers, and means the same when read back. */
T(limits_in_the_clients_form) {
    static char mem[4096];
    size_t i, d, f;
    for (i = 0; i < T_COUNT(headers); i++)
        for (d = 0; d < T_COUNT(dialects); d++) {
            static aigw_header out[40];
            aigw_head h = head_of(headers[i].head, 200), to = { { NULL, 0 }, { NULL, 0 }, 200, out, 0, 40 };
            aigw_arena a = aigw_base_arena(mem, sizeof mem);
            aigw_limits l, back;
            if (!dialects[d]->limits_encode) continue;
            t_row(headers[i].label);
            dialects[0]->limits_decode(when, &h, &l);
            t_int("encode", dialects[d]->limits_encode(when, &l, &a, &to), AIGW_OK);
            dialects[d]->limits_decode(when, &to, &back);
            const int all = aigw_base_eq(dialects[d]->name, str("openai-chat")), four = aigw_base_eq(dialects[d]->name, str("anthropic"));
            if (all || four) {                                             /* others have fewer headers; what they say is true all the same */
                t_int("limit", back.requests.limit, l.requests.limit);
                t_int("remaining", back.requests.remaining, l.requests.remaining);
                t_int("tokens", back.tokens.remaining, l.tokens.remaining >= 0 ? l.tokens.remaining : four ? -1 : l.input_tokens.remaining);
            }
            t_ok("nothing else", (back.requests.limit < 0 || back.requests.limit == l.requests.limit) && (back.requests.remaining < 0 || back.requests.remaining == l.requests.remaining));
            if (l.requests.reset_ms >= 0 && (all || four || back.requests.reset_ms >= 0))
                t_ok("reset, dates to the next second", back.requests.reset_ms >= l.requests.reset_ms && back.requests.reset_ms <= l.requests.reset_ms + 999);
            for (f = 0; f < to.n; f++)
                t_ok("its own names", four == (aigw_base_find(to.headers[f].name, aigw_base_str("anthropic-"), 0) == 0));
        }
}

/* Every recorded head with limits is understood. */
static void recorded(const char *dir, const char *name, int *n) {
    char path[600];
    t_bytes b;
    f_json *meta, *list, *one;
    aigw_head h = { { NULL, 0 }, { NULL, 0 }, 200, fields, 0, 64 };
    aigw_limits l;
    int expected = 0, with = 0;
    snprintf(path, sizeof path, "wire/%s/%s.meta.json", dir, name);
    b = t_file(t_shared(path));
    meta = b.p ? f_parse(b.p, b.n, NULL) : NULL;
    list = f_get(meta, "response_headers");
    t_row(name);
    if (!list) return;
    for (one = list->kid; one; one = one->next) {
        aigw_str k = aigw_base_str(one->kid->s), v = aigw_base_str(one->kid->next->s);
        if (h.n < h.cap) aigw_base_header_put(&h, k, v);
        if (aigw_base_find(k, aigw_base_str("remaining"), 0) < k.n && aigw_base_find(k, aigw_base_str("images"), 0) == k.n) expected = 1;
        if (aigw_base_find(k, aigw_base_str("limit-requests"), 0) < k.n || aigw_base_find(k, aigw_base_str("anthropic-ratelimit-requests"), 0) < k.n) with = 1;
    }
    dialects[0]->limits_decode(when, &h, &l);
    *n += expected;
    if (expected) t_ok("something remains", l.requests.remaining >= 0 || l.tokens.remaining >= 0);
    if (with) t_ok("requests", l.requests.limit > 0 && l.requests.remaining >= 0 && l.requests.remaining <= l.requests.limit);
    if (with && strcmp(dir, "anthropic") && l.requests.reset_ms >= 0) t_ok("a reset within the hour", l.requests.reset_ms <= 3600000);
}
T(recorded_heads) {
    t_bytes b = t_file(t_shared("wire/index.json"));
    f_json *index = b.p ? f_parse(b.p, b.n, NULL) : NULL, *one;
    int n = 0;
    if (!index) {
        t_skip("../shared/wire");
        return;
    }
    for (one = index->kid; one; one = one->next) recorded(f_get(one, "dialect")->s, f_get(one, "name")->s, &n);
    t_row(NULL);
    t_ok("many heads tell what remains", n >= 60);
    f_free();
}

/* examples/limits.c: what an open circuit keeps back costs no token, and a probe that the bucket refuses leaves the next one free. */
T(the_example_spends_no_token_for_nothing) {
    static struct guard v;
    uint64_t wait = 0;
    memset(&v, 0, sizeof v);
    now.mono_ns = UINT64_C(10000000000);                       /* it is down from 6 s to 20 s */
    while (guarded(&v) != AIGW_KIND_CIRCUIT_OPEN) {}
    now.mono_ns += UINT64_C(4000000000);
    t_int("the bucket is full", aigw_bucket_look(&v.bucket, &rate, now, 5, &wait), 1);
    for (int i = 0; i < 50; i++) if (aigw_breaker_look(&v.breaker, &circuit, now, NULL) == AIGW_BREAKER_OPEN) t_int("not asked", guarded(&v), AIGW_KIND_CIRCUIT_OPEN);
    t_int("and is full still", aigw_bucket_look(&v.bucket, &rate, now, 5, &wait), 1);
    now.mono_ns = UINT64_C(300000000000);
    while (aigw_bucket_take(&v.bucket, &rate, now, 1, &wait)) {}
    t_int("half open, and too fast", guarded(&v), AIGW_KIND_RATE_LIMIT);
    now.mono_ns += wait;
    t_int("the next asks", guarded(&v), 0);
}

int main(void) {
    T_RUN(the_example_spends_no_token_for_nothing);
    T_RUN(headers_of_all_families);
    T_RUN(without_a_clock_dates_are_unknown);
    T_RUN(hints_of_all_families);
    T_RUN(limits_in_the_clients_form);
    T_RUN(recorded_heads);
    return t_end();
}
