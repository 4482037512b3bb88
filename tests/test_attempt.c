/* SPDX-License-Identifier: MIT OR Unlicense */
/* One try at one provider, on arrays alone; and the client, which is an attempt over two callbacks. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"

static char stream[1200], whole[600];
static void build(void) {
    static const char frames[] =
        "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n"
        "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n";
    static const char body[] = "{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}";
    int n = sprintf(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: up-1\r\nx-ratelimit-remaining-requests: 7\r\ntransfer-encoding: chunked\r\n\r\n");
    n += sprintf(stream + n, "64\r\n%.100s\r\n", frames);
    n += sprintf(stream + n, "%x\r\n%s\r\n0\r\n\r\n", (unsigned)strlen(frames) - 100, frames + 100);
    sprintf(whole, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %u\r\n\r\n%s", (unsigned)strlen(body), body);
}

/* What the events say, as text: the words, then '.' for STOP or '!' and the kind for ERROR. */
typedef struct { char text[400]; size_t n; aigw_check check; int refuse, bad; } seen;
static int see(void *user, const aigw_event *ev) {
    seen *s = (seen *)user;
    if (s->refuse-- > 0) return AIGW_E_NOMEM;
    s->bad |= aigw_model_check_put(&s->check, ev) != AIGW_OK;
    if (ev->type == AIGW_EVENT_DELTA) s->n += (size_t)sprintf(s->text + s->n, "%.*s", (int)ev->text.n, ev->text.p);
    if (ev->type == AIGW_EVENT_STOP) s->n += (size_t)sprintf(s->text + s->n, ".");
    if (ev->type == AIGW_EVENT_ERROR) s->n += (size_t)sprintf(s->text + s->n, "!%s", aigw_model_kind_name(ev->error->kind));
    return 0;
}

static aigw_client c;
static aigw_attempt *const a = &c.attempt;
static char memory[65536];
static seen got;
static aigw_sink sink;
static aigw_now now;
static const aigw_dialect *dialect = &aigw_dialect_openai;

/* A request to "m", streamed or whole, in mem[0..n). */
static int begin(int streamed, size_t n) {
    aigw_client_init(&c, dialect, aigw_base_str("h.test"), aigw_base_str("/v1"), aigw_base_str("sk-secret-key"), aigw_base_str("m"));
    aigw_client_ask(&c, aigw_base_str("Be brief."), aigw_base_str("Hi \"you\""), streamed);
    memset(&got, 0, sizeof got);
    sink.put = see;
    sink.user = &got;
    now.mono_ns = UINT64_C(5000000000);
    now.wall_s = 1763700000;
    return aigw_attempt_init(a, &c.cfg, now, memory, n);
}
/* Send all of it, pieces together; then the answer in `piece` bytes, with the events as they come. Memory as wanted. */
static void send_all(char *to, size_t *n) {
    aigw_attempt_connected(a, now);
    while (aigw_attempt_want(a) & AIGW_WANT_OUT) {
        const aigw_str s = aigw_attempt_out(a);
        const size_t k = s.n < 7 ? s.n : 7;
        if (to) memcpy(to + *n, s.p, k);
        if (to) *n += k;
        aigw_attempt_sent(a, now, k);
    }
}
static void hear(const char *p, size_t n, size_t piece) {
    size_t at = 0;
    for (int steps = 0; steps < 100000; steps++) {
        const unsigned want = aigw_attempt_want(a);
        if (want & AIGW_WANT_CLOSED) return;
        if (want & AIGW_WANT_MEM) t_int("memory", aigw_attempt_move(a, t_alloc(a->mem_want), a->mem_want), AIGW_OK);
        else if (want & AIGW_WANT_EVENT) (void)aigw_attempt_next(a, now, &sink);
        else if (at < n) {
            const size_t k = n - at < piece ? n - at : piece;
            at += aigw_attempt_feed(a, now, p + at, k);
        } else return;
    }
    t_fail("it ends");
}

/* An answer of Bedrock's: an event stream of two texts, a stop, and the counts. */
static f_str evs_answer(int exception) {
    static const struct { const char *name, *payload; } frames[] = {
        { "messageStart", "{\"role\":\"assistant\"}" }, { "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hel\"}}" },
        { "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"lo\"}}" }, { "contentBlockStop", "{\"contentBlockIndex\":0}" },
        { "messageStop", "{\"stopReason\":\"end_turn\"}" }, { "metadata", "{\"usage\":{\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3}}" }
    };
    f_str b = { NULL, 0, 0 }, head = { NULL, 0, 0 };
    char text[200];
    size_t i;
    for (i = 0; i < 6 && !(exception && i == 3); i++) f_evs_put(&b, "event", frames[i].name, frames[i].payload, strlen(frames[i].payload));
    if (exception) f_evs_put(&b, "exception", "throttlingException", "{\"message\":\"slow\"}", 18);
    sprintf(text, "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\nx-amzn-requestid: up-2\r\ncontent-length: %u\r\n\r\n", (unsigned)b.n);
    f_puts(&head, text);
    f_put(&head, b.s, b.n);
    return head;
}
static int begin_bedrock(void) {
    int r;
    aigw_client_init(&c, &aigw_dialect_bedrock, aigw_base_str("h.test"), aigw_base_str(""), aigw_base_str("key"), aigw_base_str("us.m:0"));
    aigw_client_ask(&c, aigw_base_str(""), aigw_base_str("Hi"), 1);
    memset(&got, 0, sizeof got);
    sink.put = see;
    sink.user = &got;
    now.mono_ns = UINT64_C(5000000000);
    r = aigw_attempt_init(a, &c.cfg, now, memory, 4096);
    return r;
}

/* Whole, in pieces, cut at every byte, and with every byte changed: the words, or a part of them and one error. */
T(event_stream) {
    f_str s = evs_answer(0), x = evs_answer(1);
    char out[2000];
    size_t n = 0, k, head = (size_t)(strstr(s.s, "\r\n\r\n") + 4 - s.s);
    t_int("init", begin_bedrock(), AIGW_OK);
    send_all(out, &n);
    out[n] = 0;
    t_ok("path", strstr(out, "POST /model/us.m%3A0/converse-stream HTTP/1.1\r\n") == out);
    t_ok("accept", strstr(out, "accept: application/vnd.amazon.eventstream\r\n") && strstr(out, "authorization: Bearer key\r\n"));
    for (k = 1; k < 200; k = k * 3 + 1) {
        t_int("init", begin_bedrock(), AIGW_OK);
        send_all(NULL, NULL);
        hear(s.s, s.n, k);
        t_str("words", got.text, got.n, "Hello.");
        t_str("request id", a->request_id.p, a->request_id.n, "up-2");
        t_ok("may be used again", a->keep_alive);
        t_ok("grammar", !got.bad);
    }
    for (k = head; k < s.n; k++) {
        begin_bedrock();
        send_all(NULL, NULL);
        hear(s.s, k, 1000);
        aigw_attempt_eof(a, now, 1);
        hear("", 0, 1);
        t_ok("truncated", got.n >= 10 && !strcmp(got.text + got.n - 10, "!truncated"));
        t_ok("grammar", !got.bad && a->ended);
        s.s[k] ^= 4;
        begin_bedrock();
        send_all(NULL, NULL);
        hear(s.s, s.n, 1000);
        s.s[k] ^= 4;
        if (!t_ok("damaged", got.n >= 13 && !strcmp(got.text + got.n - 13, "!bad_response"))) printf("  byte %lu: %s\n", (unsigned long)k, got.text);
        t_ok("grammar", !got.bad);
    }
    begin_bedrock();
    send_all(NULL, NULL);
    hear(x.s, x.n, 1000);
    t_str("exception", got.text, got.n, "Hello!rate_limit");
    aigw_attempt_release(a);
    f_free();
}

T(request_out) {
    char out[2000];
    size_t n = 0;
    const char *body = "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Hi \\\"you\\\"\"}],\"stream\":true";
    t_int("init", begin(1, 8192), AIGW_OK);
    t_int("connect first", aigw_attempt_want(a), AIGW_WANT_CONNECT);
    send_all(out, &n);
    out[n] = 0;
    t_ok("line", !strncmp(out, "POST /v1/chat/completions HTTP/1.1\r\n", 36));
    t_ok("host", strstr(out, "\r\nhost: h.test\r\n"));
    t_ok("key", strstr(out, "\r\nauthorization: Bearer sk-secret-key\r\n"));
    t_ok("accept", strstr(out, "\r\naccept: text/event-stream\r\n"));
    t_ok("type", strstr(out, "\r\ncontent-type: application/json\r\n"));
    t_ok("body", strstr(out, body));
    t_ok("length", strstr(out, "content-length: ") && strlen(strstr(out, "\r\n\r\n") + 4) == (size_t)atoi(strstr(out, "content-length: ") + 16));
    t_ok("the key is wiped when it is sent", memmem(memory, sizeof memory, "sk-secret-key", 13) == NULL);
    t_int("then it reads", aigw_attempt_want(a), AIGW_WANT_IN);
    t_int("again", begin(1, 8192), AIGW_OK);
    t_ok("the key is there", memmem(memory, 8192, "sk-secret-key", 13) != NULL);
    aigw_attempt_release(a);
    aigw_attempt_release(a);
    t_ok("release wipes too", memmem(memory, sizeof memory, "sk-secret-key", 13) == NULL);
    t_int("over", aigw_attempt_want(a), AIGW_WANT_CLOSED);
}

T(answers_in) {
    static const struct { const char *what, *bytes; int streamed; const char *text; int keep; } rows[] = {
        { "a stream", stream, 1, "Hello.", 1 },
        { "a stream for a whole", stream, 0, "Hello.", 1 },
        { "a whole", whole, 0, "Hello.", 1 },
        { "a whole for a stream", whole, 1, "Hello.", 1 },
        { "100 Continue before", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\ncontent-length: 2\r\n\r\n{}", 1, "!rate_limit", 1 },
        { "an error without a body", "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", 1, "!overloaded", 1 },
        { "an error in HTML", "HTTP/1.1 502 Bad\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>", 1, "!server", 0 },
        { "a page", "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>", 1, "!bad_response", 0 },
        { "nothing", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 0, "!bad_response", 0 },
        { "no content", "HTTP/1.1 204 No\r\n\r\n", 0, "!bad_response", 0 },
        { "not HTTP", "hello there\r\n", 1, "!bad_response", 0 },
        { "two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}", 0, "!bad_response", 0 },
        { "a redirect", "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", 0, "!bad_response", 0 },
        { "a changed protocol", "HTTP/1.1 101 Switch\r\n\r\n", 0, "!bad_response", 0 },
        { "broken JSON", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n{\"a", 0, "!bad_response", 1 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) for (size_t piece = 1; piece < 400; piece = piece * 3 + 1) for (size_t room = 4096; room <= 16384; room += 4096) {
        const size_t n = strlen(rows[i].bytes);
        t_row(rows[i].what);
        if (!t_int("init", begin(rows[i].streamed, room), AIGW_OK)) continue;
        send_all(NULL, NULL);
        hear(t_dup(rows[i].bytes, n), n, piece);
        t_str("events", got.text, got.n, rows[i].text);
        t_int("grammar", got.bad, 0);
        t_int("over", aigw_attempt_want(a), AIGW_WANT_CLOSED);
        t_int("keep", a->keep_alive, rows[i].keep);
        if (i == 0) t_str("id", a->request_id.p, a->request_id.n, "up-1");
        if (i == 0) t_int("limits", a->limits.requests.remaining, 7);
        aigw_attempt_release(a);
        while (t_.mems) free(t_.mem[--t_.mems]);
    }
}

/* Cut at every byte, cleanly or not, with until-close bodies too. */
T(cuts) {
    const char *bytes[] = { stream, whole };
    for (int i = 0; i < 2; i++) for (size_t cut = 0; cut < strlen(bytes[i]); cut++) for (int clean = 0; clean < 2; clean++) {
        t_int("init", begin(!i, 8192), AIGW_OK);
        send_all(NULL, NULL);
        hear(bytes[i], cut, 1000);
        aigw_attempt_eof(a, now, clean);
        hear("", 0, 1);
        t_ok("an error", a->ended == 2 && memchr(got.text, '!', got.n) && !memchr(got.text, '.', got.n));
        t_int("untouched", a->untouched, !cut);
        t_int("not kept", a->keep_alive, 0);
        aigw_attempt_release(a);
    }
}

/* The kind of every way to fail, and that it is said once. */
T(failures) {
    for (size_t at = 0; at < strlen(stream); at += 11) {
        t_int("init", begin(1, 8192), AIGW_OK);
        send_all(NULL, NULL);
        hear(stream, at, 1000);
        aigw_attempt_fail(a, AIGW_KIND_DNS, "no such host");
        aigw_attempt_fail(a, AIGW_KIND_TLS, "not this");
        aigw_attempt_eof(a, now, 1);
        hear(stream + at, strlen(stream) - at, 1000);
        t_ok("once", got.n >= 4 && !memcmp(got.text + got.n - 4, "!dns", 4) && !memchr(got.text, '.', got.n));
        t_str("provider", a->error.provider.p, a->error.provider.n, "h.test");
        t_str("words", a->error.message.p, a->error.message.n, "no such host");
    }
}

/* A whole answer can be asked for again when the sink refused; a request that does not fit says so; every memory from nothing. */
T(memory_from_nothing) {
    size_t room, enough = 0;
    for (room = 0; room < 6000; room++) {
        const int r = begin(1, room);
        if (r) t_int("init", r, AIGW_E_NOMEM);
        if (!r && !enough) enough = room;
        t_ok("nothing of the key is left", !r || !memmem(memory, room, "sk-secret-key", 13));
        if (r) continue;
        send_all(NULL, NULL);
        hear(stream, strlen(stream), 50);
        aigw_attempt_release(a);
        t_ok("an end", a->ended && !got.bad);
        while (t_.mems) free(t_.mem[--t_.mems]);
    }
    t_ok("3 KiB are enough", enough && enough < 3072);
    for (int refuse = 1; refuse < 6; refuse++) {
        t_int("init", begin(0, 8192), AIGW_OK);
        send_all(NULL, NULL);
        got.refuse = 1;
        hear(whole, strlen(whole), 1000);
        t_str("again", got.text, got.n, "Hello.");
        aigw_attempt_release(a);
    }
}

T(bounds) {
    char big[9000];
    int n = sprintf(big, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"x\":\"");
    memset(big + n, 'x', sizeof big - (size_t)n);
    t_int("init", begin(1, 8192), AIGW_OK);
    a->cfg.max_answer_bytes = 4000;
    send_all(NULL, NULL);
    hear(big, sizeof big, 1000);
    t_str("too large", got.text, got.n, "!bad_response");
    aigw_attempt_release(a);
    {
        aigw_header more = { AIGW_STR("x-more"), AIGW_STR("a\nb") };
        aigw_client_init(&c, &aigw_dialect_openai, aigw_base_str("h"), aigw_base_str(""), aigw_base_str("k"), aigw_base_str("m"));
        aigw_client_ask(&c, aigw_base_str(""), aigw_base_str("Hi"), 1);
        c.cfg.headers = &more;
        c.cfg.n_headers = 1;
        t_int("a header with a line break", aigw_attempt_init(a, &c.cfg, now, memory, 8192), AIGW_E_VALUE);
        c.cfg.n_headers = 0;
        c.cfg.key = aigw_base_str("k\r\nx: y");
        t_int("a key with one", aigw_attempt_init(a, &c.cfg, now, memory, 8192), AIGW_E_VALUE);
    }
}

/* Newline-delimited JSON, whatever it is called; its last line may lack its end when the connection closed well; cut at every byte. */
T(lines) {
#define LINE(text) "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"" text "\"},\"done\":false}"
#define DONE "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}"
    static const struct { const char *what, *type, *body, *text, *cut; } rows[] = {        /* text: when the source ended well; cut: when it did not */
        { "as Ollama says it", "content-type: application/x-ndjson\r\n", LINE("Hel") "\n" LINE("lo") "\n" DONE "\n", "Hello.", "Hello!truncated" },
        { "its other name", "content-type: application/jsonl; charset=utf-8\r\n", LINE("Hel") "\r\n\r\n" LINE("lo") "\r\n" DONE "\r\n", "Hello.", "Hello!truncated" },
        { "as plain JSON", "content-type: application/json\r\n", LINE("Hel") "\n" LINE("lo") "\n" DONE "\n", "Hello.", "Hello!truncated" },
        { "no name", "", LINE("Hel") "\n" LINE("lo") "\n" DONE "\n", "Hello.", "Hello!truncated" },
        { "a byte order mark", "content-type: application/x-ndjson\r\n", "\xef\xbb\xbf" LINE("Hello") "\n" DONE "\n", "Hello.", "Hello!truncated" },
        { "the last line without its end", "content-type: application/x-ndjson\r\n", LINE("Hello") "\n" DONE, "Hello.", "Hello!truncated" },
        { "no last line", "content-type: application/x-ndjson\r\n", LINE("Hello") "\n", "Hello!truncated", "Hello!truncated" },
        { "half a line", "content-type: application/x-ndjson\r\n", LINE("Hello") "\n{\"model\":\"m", "Hello!bad_response", "Hello!truncated" },
        { "an error", "content-type: application/x-ndjson\r\n", LINE("Hello") "\n{\"error\":\"server busy, please try again\"}\n", "Hello!overloaded", "Hello!overloaded" },
        { "something else", "content-type: application/x-ndjson\r\n", LINE("Hello") "\nabc\n" DONE "\n", "Hello!bad_response", "Hello!bad_response" },
    };
    char bytes[1000], *big;
    int n;
    dialect = &aigw_dialect_ollama;
    for (size_t i = 0; i < T_COUNT(rows); i++) for (size_t piece = 1; piece < 400; piece = piece * 3 + 1) for (int clean = 0; clean < 2; clean++) {
        t_row(rows[i].what);
        n = sprintf(bytes, "HTTP/1.1 200 OK\r\n%s\r\n%s", rows[i].type, rows[i].body);
        t_int("init", begin(1, 4096), AIGW_OK);
        send_all(NULL, NULL);
        hear(t_dup(bytes, (size_t)n), (size_t)n, piece);
        aigw_attempt_eof(a, now, clean);
        hear("", 0, 1);
        t_str("events", got.text, got.n, clean ? rows[i].text : rows[i].cut);
        t_int("grammar", got.bad, 0);
        aigw_attempt_release(a);
        while (t_.mems) free(t_.mem[--t_.mems]);
    }
    n = sprintf(bytes, "HTTP/1.1 200 OK\r\n%s\r\n%s", rows[0].type, rows[0].body);
    for (size_t cut = 0; cut < (size_t)n - 1; cut++) for (int clean = 0; clean < 2; clean++) {
        t_row("a cut");
        t_int("init", begin(1, 8192), AIGW_OK);
        send_all(NULL, NULL);
        hear(bytes, cut, 1000);
        aigw_attempt_eof(a, now, clean);
        hear("", 0, 1);
        t_ok("an error", a->ended == 2 && memchr(got.text, '!', got.n) && !memchr(got.text, '.', got.n));
        aigw_attempt_release(a);
    }
    big = (char *)t_alloc(20000);
    memset(big, 'x', 20000);
    memcpy(big, bytes, (size_t)(strstr(bytes, "Hel") - bytes) + 3);
    t_row("a line without an end");
    t_int("init", begin(1, 4096), AIGW_OK);
    a->cfg.max_answer_bytes = 9000;
    send_all(NULL, NULL);
    hear(big, 20000, 1000);
    t_str("events", got.text, got.n, "!bad_response");
    aigw_attempt_release(a);
    dialect = &aigw_dialect_openai;
}

/* The key is in no word of an error, whatever the dialect and however it comes; no room for a copy is needed. */
T(the_key_in_errors) {
    static const aigw_dialect *const all[] = { AIGW_DIALECTS };
    static const char said[] = "{\"type\":\"error\",\"message\":\"a sk-secret!key\",\"request_id\":\"sk-secret!key\",\"error\":"
        "{\"type\":\"sk-secret!key\",\"code\":\"sk-secret!key\",\"param\":\"b sk-secret\\u0021key\",\"status\":\"sk-secret!key\",\"message\":\"c sk-secret\\u0021key\"}}";
    for (size_t i = 0; i < T_COUNT(all) * 3; i++) {
        const int way = (int)(i % 3);
        const char *const frame = all[i / 3]->stream_framing == AIGW_FRAMING_NDJSON ? "%s\n" : "event: error\ndata: %s\n\n";
        char name[64], body[600], text[1000];
        int n;
        if (!all[i / 3]->req_encode || (way == 2 && all[i / 3]->stream_framing == AIGW_FRAMING_EVS)) continue;
        sprintf(name, "%.*s %d", (int)all[i / 3]->name.n, all[i / 3]->name.p, way);
        t_row(name);
        dialect = all[i / 3];
        begin(way == 2, 16384);
        aigw_attempt_release(a);
        c.cfg.key = aigw_base_str("sk-secret!key");
        t_int("begins", aigw_attempt_init(a, &c.cfg, now, memory, 16384), AIGW_OK);
        send_all(NULL, NULL);
        sprintf(body, way == 2 ? frame : "%s", said);
        n = sprintf(text, "HTTP/1.1 %d X\r\ncontent-type: %s\r\nx-request-id: sk-secret!key\r\nrequest-id: sk-secret!key\r\ncontent-length: %d\r\n\r\n%s", way ? 200 : 400,
            way < 2 ? "application/json" : all[i / 3]->stream_framing == AIGW_FRAMING_NDJSON ? "application/x-ndjson" : "text/event-stream", (int)strlen(body), body);
        hear(text, (size_t)n, 100);
        t_int("an error", a->ended, 2);
        {
            const aigw_str words[] = { a->error.message, a->error.type, a->error.code, a->error.param, a->error.request_id, a->request_id };
            for (size_t k = 0; k < T_COUNT(words); k++)
                if (aigw_base_find(words[k], aigw_base_str("secret"), 0) < words[k].n) t_fail(name);
        }
        aigw_attempt_release(a);
        t_free_all();
    }
    dialect = &aigw_dialect_openai;
}

T(deadlines) {
    static const struct { const char *what; int streamed; const char *bytes; size_t heard; uint32_t at_ms, idle_ms, ms; const char *text, *why; } rows[] = {
        { "whole", 0, whole, 40, 0, 0, 600000, "!timeout", "total_ms" },
        { "within a whole", 0, whole, 150, 0, 0, 120000, "!timeout", "idle_ms" },
        { "within a whole, near the end of its time", 0, whole, 150, 550000, 0, 50000, "!timeout", "total_ms" },
        { "within a whole, silence not bounded", 0, whole, 150, 1000, UINT32_MAX, 599000, "!timeout", "total_ms" },
        { "first byte", 1, stream, 40, 0, 0, 120000, "!timeout", "first_byte_ms" },
        { "between bytes", 1, stream, 300, 5000, 7000, 7000, "Hel!timeout", "idle_ms" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].what);
        t_int("init", begin(rows[i].streamed, 8192), AIGW_OK);
        t_int("to connect", (long long)((aigw_attempt_deadline(a) - now.mono_ns) / 1000000), 5000);
        a->cfg.times.idle_ms = rows[i].idle_ms;
        send_all(NULL, NULL);
        now.mono_ns += rows[i].at_ms * UINT64_C(1000000);
        hear(rows[i].bytes, rows[i].heard, 1000);
        t_int("ms", (long long)((aigw_attempt_deadline(a) - now.mono_ns) / 1000000), rows[i].ms);
        now.mono_ns = aigw_attempt_deadline(a) - 1;
        aigw_attempt_tick(a, now);
        t_int("not yet", a->ended || aigw_attempt_want(a) != AIGW_WANT_IN, 0);
        now.mono_ns++;
        aigw_attempt_tick(a, now);
        hear("", 0, 1);
        t_str("then", got.text, got.n, rows[i].text);
        t_ok("by its name", a->error.message.n && strstr(a->error.message.p, rows[i].why) != NULL);
        t_int("never again", aigw_attempt_deadline(a) == AIGW_NEVER, 1);
        if (!rows[i].streamed) t_int("may have been billed", a->error.retry, AIGW_RETRY_NEVER);
        aigw_attempt_release(a);
    }
    t_int("init", begin(1, 8192), AIGW_OK);                    /* time that goes back is no time */
    send_all(NULL, NULL);
    now.mono_ns = 0;
    aigw_attempt_tick(a, now);
    t_int("waits", aigw_attempt_want(a), AIGW_WANT_IN);
    aigw_attempt_release(a);
}

/* The client over a socket that stutters, breaks, or answers early. */
typedef struct { const char *p; size_t n, at, up, piece; int calls, stutter, end; } wire;
static int wire_send(void *user, const void *p, size_t n) {
    wire *x = (wire *)user;
    (void)p;
    if (x->stutter && x->calls++ % 3 == 0) return AIGW_AGAIN;
    n = x->piece && n > x->piece ? x->piece : n;
    x->up += n;
    return (int)n;
}
static int wire_recv(void *user, void *p, size_t n) {
    wire *x = (wire *)user;
    if (x->stutter && x->calls++ % 3 == 0) return AIGW_AGAIN;
    n = x->piece && n > x->piece ? x->piece : n;
    if (n > x->n - x->at) n = x->n - x->at;
    if (!n) return x->end;
    memcpy(p, x->p + x->at, n);
    x->at += n;
    return (int)n;
}
T(client) {
    for (int kind = 0; kind < 2; kind++) for (size_t piece = 0; piece < 20; piece++) for (int stutter = 0; stutter < 2; stutter++) {
        wire x;
        int r;
        memset(&x, 0, sizeof x);
        x.p = kind ? whole : stream;
        x.n = strlen(x.p);
        x.piece = piece;
        x.stutter = stutter;
        (void)begin(!kind, 8192);
        c.io.user = &x;
        c.io.send = wire_send;
        c.io.recv = wire_recv;
        t_int("start", aigw_client_start(&c, now, memory, 8192), AIGW_OK);
        do r = aigw_client_run(&c, now, &sink); while (r == 0 || r == AIGW_AGAIN);
        t_int("over", r, 1);
        t_str("answer", got.text, got.n, "Hello.");
        t_int("kept", c.attempt.keep_alive, 1);
        aigw_client_release(&c);
    }
    for (size_t room = 0; room < 4000; room += 7) {
        wire x;
        int r;
        memset(&x, 0, sizeof x);
        x.p = stream;
        x.n = strlen(x.p);
        (void)begin(1, 8192);
        c.io.user = &x;
        c.io.send = wire_send;
        c.io.recv = wire_recv;
        r = aigw_client_start(&c, now, memory, room);
        if (r) t_int("start", r, AIGW_E_NOMEM);
        while (r == 0) r = aigw_client_run(&c, now, &sink);
        t_ok("an end", r == AIGW_E_NOMEM || (r == 1 && c.attempt.ended));
        aigw_client_release(&c);
    }
}

/* The same with policies around it: what was asked too often, costs too much or fails is not asked. */
static const char failing[] = "HTTP/1.1 503 X\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
static int policed(aigw_client_policy *p, const char *answer, uint32_t *wait, const char **why) {
    aigw_sink watch;
    wire x;
    int r;
    *wait = 0;
    *why = "";
    r = aigw_client_allow(&c, p, now, wait, why);
    if (r) return r;
    memset(&x, 0, sizeof x);
    x.p = answer;
    x.n = strlen(answer);
    c.io.user = &x, c.io.send = wire_send, c.io.recv = wire_recv;
    watch = aigw_client_watch(p, &sink);
    t_int("start", aigw_client_start(&c, now, memory, 8192), AIGW_OK);
    do r = aigw_client_run(&c, now, &watch); while (r == 0 || r == AIGW_AGAIN);
    r = aigw_client_done(&c, p, now, wait, why);
    if (r == AIGW_RETRY_STOP) {
        uint32_t again;
        const char *what;
        t_int("settled once", aigw_client_done(&c, p, now, &again, &what), AIGW_RETRY_STOP);
    }
    aigw_client_release(&c);
    return r;
}
/* The embedded client is charged by the tier that the answer names; for a dear one without a price, by what was reserved. */
T(client_pays_for_the_tier_that_served) {
    static const struct { const char *label, *said; int64_t cost; } rows[] = {
        { "as usual", "default", 1500000 }, { "dearer", "priority", 3000000 }, { "no price", "ultrafast", 0 } };
    static aigw_registry_price price;
    memset(&price, -1, sizeof price);
    price.known = 1;
    price.tiers = 0, price.terms = 1;
    price.rate.input = INT64_C(10000000000), price.rate.output = INT64_C(50000000000);
    price.term[0].name = aigw_base_str("priority");
    price.term[0].rate.input = INT64_C(20000000000), price.term[0].rate.output = INT64_C(100000000000);
    price.request_nusd = price.tools_nusd = 0;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char body[400], answer[600];
        aigw_client_policy p;
        aigw_budget budget;
        const char *why;
        uint32_t wait;
        t_row(rows[i].label);
        memset(&p, 0, sizeof p), memset(&budget, 0, sizeof budget);
        (void)begin(0, 8192);
        c.target.context = 1000;
        p.budget = &budget, p.price = &price, p.budget_cfg.cap_nusd = INT64_C(3000000000), p.budget_cfg.soft = 100;
        sprintf(body, "{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"m\",\"service_tier\":\"%s\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}],"
            "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10,\"total_tokens\":110}}", rows[i].said);
        sprintf(answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", (int)strlen(body), body);
        t_int("answered", policed(&p, answer, &wait, &why), AIGW_RETRY_STOP);
        t_int("nothing reserved", budget.reserved_nusd, 0);
        if (rows[i].cost) t_int("cost", budget.spent_nusd, rows[i].cost);
        else t_ok("all that was reserved", budget.spent_nusd > 3000000);
    }
}
T(client_policies) {
    static aigw_bucket requests;
    static aigw_breaker breaker;
    static aigw_retry_budget retries;
    static aigw_budget budget;
    static aigw_health health;
    static aigw_registry_price price;
    static const char with_usage[] = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 199\r\n\r\n"
        "{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10,\"total_tokens\":110}}";
    aigw_client_policy p;
    const char *why;
    uint32_t wait;
    int r;
    memset(&requests, 0, sizeof requests), memset(&breaker, 0, sizeof breaker), memset(&retries, 0, sizeof retries), memset(&budget, 0, sizeof budget), memset(&health, 0, sizeof health);
    memset(&p, 0, sizeof p);
    memset(&price, -1, sizeof price);
    price.known = 1;
    price.tiers = price.terms = 0;
    price.rate.input = INT64_C(10000000000), price.rate.output = INT64_C(50000000000);     /* 10 and 50 USD */
    price.request_nusd = price.tools_nusd = 0;
    (void)begin(0, 8192);
    c.target.context = 1000;
    p.breaker = &breaker, p.retry = &retries, p.health = &health;
    p.budget = &budget, p.price = &price, p.budget_cfg.cap_nusd = 300000000, p.budget_cfg.soft = 100;
    p.random = 7;
    r = policed(&p, with_usage, &wait, &why);
    t_int("answered", r, AIGW_RETRY_STOP);
    t_int("cost", p.cost_nusd, 1500000);
    t_int("spent", budget.spent_nusd, 1500000);
    t_int("nothing reserved", budget.reserved_nusd, 0);
    r = policed(&p, failing, &wait, &why);
    t_int("once more", r, AIGW_RETRY_SAME);
    r = policed(&p, failing, &wait, &why);
    t_int("not a third time", r, AIGW_RETRY_STOP);
    t_int("an error costs nothing", budget.spent_nusd, 1500000);
    for (int i = 0; i < 3; i++) (void)policed(&p, failing, &wait, &why);
    r = policed(&p, failing, &wait, &why);
    t_int("the circuit is open", r, AIGW_E_LIMIT);
    t_str("says so", why, strlen(why), "circuit");
    t_ok("and for how long", wait > 1000 && wait <= 5000);
    t_int("nothing is held", budget.reserved_nusd, 0);
    p.attempts = 0;
    p.breaker = NULL;
    p.health = NULL;
    p.requests = &requests;
    p.requests_cfg.limit = 1;
    t_int("one", policed(&p, with_usage, &wait, &why), AIGW_RETRY_STOP);
    t_int("a minute", policed(&p, with_usage, &wait, &why), AIGW_E_LIMIT);
    t_str("limit", why, strlen(why), "requests");
    t_int("to wait", wait, 60000);
    p.requests = NULL;
    p.budget_cfg.cap_nusd = 10000000;
    t_int("no room", policed(&p, with_usage, &wait, &why), AIGW_E_LIMIT);
    t_str("budget", why, strlen(why), "budget");
    p.price = NULL;
    t_int("unpriced is not free", policed(&p, with_usage, &wait, &why), AIGW_E_MISSING);
}

int main(void) {
    build();
    T_RUN(event_stream);
    T_RUN(request_out);
    T_RUN(answers_in);
    T_RUN(cuts);
    T_RUN(failures);
    T_RUN(memory_from_nothing);
    T_RUN(bounds);
    T_RUN(lines);
    T_RUN(the_key_in_errors);
    T_RUN(deadlines);
    T_RUN(client);
    T_RUN(client_pays_for_the_tier_that_served);
    T_RUN(client_policies);
    return t_end();
}
