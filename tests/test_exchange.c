/* SPDX-License-Identifier: MIT OR Unlicense */
/* The exchange, over scripted providers and no sockets: what each client gets in its own dialect, and the laws that hold whatever goes wrong. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include <dirent.h>
#include "foreign.h"
#include "t.h"
#include "world.h"

static char memory[12 << 20];
static world w;

/* ---- providers' answers, by our own hand ---- */

static const char whole_a[] =
    "{\"id\":\"cc-1\",\"object\":\"chat.completion\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello w\xc3\xb6rld\","
    "\"refusal\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]},\"finish_reason\":\"tool_calls\",\"logprobs\":null}],"
    "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":14}}";
static const char stream_a[] =
    "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"x_extra\":7,\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello \"},\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"w\xc3\xb6rld\"},\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]},\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\":1}\"}}]},\"finish_reason\":null}]}\n\n"
    "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
    "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":14}}\n\n"
    "data: [DONE]\n\n";
static const char whole_b[] =
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[{\"type\":\"text\",\"text\":\"Hello w\xc3\xb6rld\"},"
    "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{\"a\":1}}],\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":5}}";
static const char stream_b[] =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
    "event: ping\ndata: {\"type\": \"ping\"}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello \"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"w\xc3\xb6rld\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1}\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":5}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
static const char whole_c[] =
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello w\xc3\xb6rld\"},{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}}}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],"
    "\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":5,\"totalTokenCount\":14},\"modelVersion\":\"gemini-x\",\"responseId\":\"r-1\"}";
static const char stream_c[] =
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello \"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9},\"modelVersion\":\"gemini-x\",\"responseId\":\"r-1\"}\r\n\r\n"
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"w\xc3\xb6rld\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9},\"modelVersion\":\"gemini-x\",\"responseId\":\"r-1\"}\r\n\r\n"
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}}}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":5,\"totalTokenCount\":14},\"modelVersion\":\"gemini-x\",\"responseId\":\"r-1\"}\r\n\r\n";

static const struct { const char *name, *model, *whole, *stream; } providers[] = {
    { "a", "gpt", whole_a, stream_a }, { "b", "claude", whole_b, stream_b }, { "c", "gem", whole_c, stream_c }
};

/* A provider's answer with its head. framing: 'l' content-length, 'c' chunked in pieces of 50, 'e' until close. */
static t_bytes answer(const char *head, const char *body, char framing) {
    const size_t n = strlen(body);
    char *p = (char *)t_alloc(strlen(head) + n * 2 + 200);
    size_t at = 0, i, k;
    t_bytes b;
    at += (size_t)sprintf(p + at, "HTTP/1.1 %s\r\nrequest-id: up-1\r\nx-request-id: up-1\r\n", head);
    if (framing == 'l') at += (size_t)sprintf(p + at, "content-length: %lu\r\n\r\n%s", (unsigned long)n, body);
    else if (framing == 'e') at += (size_t)sprintf(p + at, "connection: close\r\n\r\n%s", body);
    else {
        at += (size_t)sprintf(p + at, "transfer-encoding: chunked\r\n\r\n");
        for (i = 0; i < n; i += k) {
            k = n - i < 50 ? n - i : 50;
            at += (size_t)sprintf(p + at, "%lx\r\n%.*s\r\n", (unsigned long)k, (int)k, body + i);
        }
        at += (size_t)sprintf(p + at, "0\r\n\r\n");
    }
    b.p = t_dup(p, at);
    b.n = at;
    return b;
}
static t_bytes good(size_t provider, int stream, char framing) {
    return answer(stream ? "200 OK\r\ncontent-type: text/event-stream" : "200 OK\r\ncontent-type: application/json; charset=utf-8",
                  stream ? providers[provider].stream : providers[provider].whole, framing);
}

/* ---- clients ---- */

enum { OPENAI, ANTHROPIC, GEMINI, GEMINI_ARRAY, CLIENTS };
static t_bytes request(const char *line, const char *headers, const char *body) {
    char *p = (char *)t_alloc(strlen(line) + strlen(headers) + strlen(body) + 200);
    t_bytes b;
    int n = sprintf(p, "%s HTTP/1.1\r\nhost: g.test\r\nauthorization: Bearer virtual-key\r\nx-request-id: my-id\r\nx-aigw-user: me\r\n%s", line, headers);
    n += strlen(body) || line[0] == 'P' ? sprintf(p + n, "content-type: application/json\r\ncontent-length: %lu\r\n\r\n%s", (unsigned long)strlen(body), body) : sprintf(p + n, "\r\n");
    b.p = t_dup(p, (size_t)n);
    b.n = (size_t)n;
    return b;
}
static t_bytes ask(int client, const char *model, int stream, const char *headers) {
    char line[200], body[600];
    const char *tools_o = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}}}]";
    const char *tools_a = "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}}]";
    const char *tools_g = "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"INTEGER\"}}}}]}]";
    if (client == OPENAI) {
        sprintf(line, "POST /v1/chat/completions");
        sprintf(body, "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],%s%s}", model, tools_o, stream ? ",\"stream\":true" : "");
    } else if (client == ANTHROPIC) {
        sprintf(line, "POST /v1/messages");
        sprintf(body, "{\"model\":\"%s\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],%s%s}", model, tools_a, stream ? ",\"stream\":true" : "");
    } else {
        sprintf(line, "POST /v1beta/models/%s:%s", model, !stream ? "generateContent" : client == GEMINI ? "streamGenerateContent?alt=sse" : "streamGenerateContent");
        sprintf(body, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}],%s}", tools_g);
    }
    return request(line, headers, body);
}

/* ---- what the client got: read by a parser that knows nothing of aigw ---- */

typedef struct { int ok, status, complete; const char *head; size_t head_n; char *body; size_t n, used; } reply;
static reply read_reply(const char *p, size_t n, int closed) {
    reply r;
    const char *end = NULL, *at;
    long length = -1;
    int chunked = 0;
    memset(&r, 0, sizeof r);
    for (size_t i = 0; i + 4 <= n && !end; i++)
        if (!memcmp(p + i, "\r\n\r\n", 4)) end = p + i + 4;
    if (!end || n < 15 || memcmp(p, "HTTP/1.1 ", 9)) return r;
    r.status = atoi(p + 9);
    r.head = p;
    r.head_n = (size_t)(end - p);
    for (at = p; at < end; at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1) {
        if (!strncmp(at, "content-length: ", 16)) length = atol(at + 16);
        if (!strncmp(at, "transfer-encoding: chunked\r", 27)) chunked = 1;
    }
    r.body = (char *)t_alloc(n);
    r.ok = 1;
    at = end;
    if (chunked) {
        while (at < p + n) {
            char *e;
            const unsigned long k = strtoul(at, &e, 16);
            if (e[0] != '\r' || e[1] != '\n') { r.ok = 0; return r; }
            at = e + 2;
            if (!k) {
                r.complete = p + n - at >= 2 && !memcmp(at, "\r\n", 2);
                at += 2;
                break;
            }
            if ((unsigned long)(p + n - at) < k + 2) { r.ok = 0; return r; }
            memcpy(r.body + r.n, at, k);
            r.n += k;
            at += k;
            if (at[0] != '\r' || at[1] != '\n') { r.ok = 0; return r; }
            at += 2;
        }
    } else {
        r.n = length >= 0 && (size_t)length < (size_t)(p + n - end) ? (size_t)length : (size_t)(p + n - end);
        memcpy(r.body, end, r.n);
        r.complete = length >= 0 ? r.n == (size_t)length : closed;
        at = end + r.n;
    }
    r.used = (size_t)(at - p);
    return r;
}
static const char *header(const reply *r, const char *name) {
    static char value[600];
    const size_t n = strlen(name);
    for (const char *at = r->head; at && at < r->head + r->head_n; at = (const char *)memchr(at, '\n', (size_t)(r->head + r->head_n - at)) + 1) {
        if (strncmp(at, name, n) || at[n] != ':') continue;
        size_t k = strcspn(at + n + 2, "\r");
        if (k >= sizeof value) k = sizeof value - 1;
        memcpy(value, at + n + 2, k);
        value[k] = 0;
        return value;
    }
    return NULL;
}
static f_fold fold(int client, const reply *r) {
    return client == OPENAI ? f_fold_openai(r->body, r->n) : client == ANTHROPIC ? f_fold_anthropic(r->body, r->n) : f_fold_gemini(r->body, r->n);
}
static const char *text_of(int client, const f_json *j) {
    static const char *const paths[] = { "choices[0].message.content", "content[0].text", "candidates[0].content.parts[0].text", "candidates[0].content.parts[0].text" };
    const f_json *t = f_get(j, paths[client]);
    return t && t->type == 's' ? t->s : "";
}
static const char *finish_of(int client, const f_json *j) {
    static const char *const paths[] = { "choices[0].finish_reason", "stop_reason", "candidates[0].finishReason", "candidates[0].finishReason" };
    const f_json *t = f_get(j, paths[client]);
    return t && t->type == 's' ? t->s : "";
}

/* 1 when it ends well: the whole answer, finish, marker. 2: one clean error. 0: neither, which never may be. */
static int ending(int client, int stream, const reply *r) {
    if (!r->ok || !r->complete) return 0;
    if (r->status != 200) {
        const f_json *j = f_parse(r->body, r->n, NULL);
        return j && f_get(j, "error.message") && f_get(j, "error.message")->n ? 2 : 0;
    }
    if (!stream) {
        const f_json *j = f_parse(r->body, r->n, NULL);
        return j && !strcmp(text_of(client, j), "Hello w\xc3\xb6rld") && *finish_of(client, j) ? 1 : 0;
    }
    {
        const f_fold f = fold(client, r);
        if (f.bad || f.after) return 0;
        if (f.errors == 1 && !f.finish && !f.done) return 2;
        if (f.errors || f.finish != 1 || (client <= ANTHROPIC && f.done != 1)) return 0;
        return !strcmp(text_of(client, f.whole), "Hello w\xc3\xb6rld") ? 1 : 0;
    }
}

/* Give back what was allocated since. */
static void forget(size_t mark) {
    while (t_.mems > mark) free(t_.mem[--t_.mems]);
}

/* Begin a world; one provider's answer; drive; read. */
static int start(void) { return w_init(&w, NULL, NULL, memory, sizeof memory); }
static reply drive(t_bytes req) {
    const int done = w_drive(&w, req.p, req.n);
    reply r = read_reply(w.out, w.out_n, (w.wait & AIGW_WAIT_CLOSE) != 0);
    if (!done) r.ok = 0;
    return r;
}
static const char *label(int client, size_t provider, int stream, const char *what) {
    static char text[200];
    static const char *const names[] = { "openai", "anthropic", "gemini", "gemini array" };
    sprintf(text, "%s > %s %s %s", names[client], providers[provider].name, stream ? "streamed" : "whole", what);
    return text;
}

/* ---- cases ---- */

T(pairs) {
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) for (int stream = 0; stream < 2; stream++) for (const char *f = "lce"; *f; f++) {
        const t_bytes a = good(p, stream, *f);
        reply r;
        if (client == GEMINI_ARRAY && !stream) continue;
        t_row(label(client, p, stream, f));
        start();
        w_say(&w, providers[p].name, a.p, a.n, *f == 'e' ? W_CLOSE : W_OPEN);
        r = drive(ask(client, providers[p].model, stream, ""));
        t_int("ends well", ending(client, stream, &r), 1);
        t_int("status", r.status, 200);
        t_int("records", w.records, 1);
        t_int("input tokens", w.record.usage.input, 9);
        t_int("output tokens", w.record.usage.output, 5);
        t_int("finish", w.record.finish, AIGW_FINISH_TOOL_CALLS);
        t_int("kind", w.record.kind, 0);
        t_int("attempts", w.record.attempts, 1);
        t_int("kept", w.kept, *f != 'e');
        t_int("clean", w_clean(&w), 1);
        t_ok("the provider's key goes up", memmem(w.up, w.up_n, "-secret", 7) != NULL);
        t_ok("the client's key does not", memmem(w.up, w.up_n, "virtual-key", 11) == NULL);
        t_ok("nor do our own fields", memmem(w.up, w.up_n, "x-aigw", 6) == NULL);
        t_ok("id", header(&r, "x-request-id") && !strcmp(header(&r, "x-request-id"), "my-id"));
        t_int("Anthropic's id", header(&r, "request-id") != NULL, client == ANTHROPIC);
        t_ok("provider", header(&r, "x-aigw-provider") && !strcmp(header(&r, "x-aigw-provider"), providers[p].name));
        t_ok("route", header(&r, "x-aigw-route") && !strcmp(header(&r, "x-aigw-route"), providers[p].model));
        t_ok("attempts", header(&r, "x-aigw-attempts") && !strcmp(header(&r, "x-aigw-attempts"), "1"));
        t_ok("loss", header(&r, "x-aigw-loss") != NULL);
        t_ok("upstream id", header(&r, "x-aigw-upstream-request-id") && !strcmp(header(&r, "x-aigw-upstream-request-id"), "up-1"));
        t_ok("overhead", header(&r, "x-aigw-overhead-us") != NULL);
        t_ok("no buffering", !stream || header(&r, "x-accel-buffering"));
        w_free(&w);
        f_free();
    }
}

/* The same bytes for the client however everything is cut. */
T(split_invariance) {
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) for (int stream = 0; stream < 2; stream++) {
        const t_bytes a = good(p, stream, 'c'), q = ask(client, providers[p].model, stream, "");
        reply whole, r;
        char *first;
        size_t first_n;
        if (client == GEMINI_ARRAY && !stream) continue;
        t_row(label(client, p, stream, ""));
        start();
        w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
        whole = drive(q);
        first = t_dup(w.up, w.up_n);
        first_n = w.up_n;
        w_free(&w);
        for (int i = 0; i < 12; i++) {
            start();
            w.piece_in = i < 8 ? (size_t)(i & 1) : t_below(40);
            w.piece_up = i < 8 ? (size_t)(i >> 1 & 1) : t_below(200);
            w.piece_out = i < 8 ? (size_t)(i >> 2 & 1) : t_below(40);
            w.stutter = i > 5;
            w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
            r = drive(q);
            t_mem("body", r.body, r.n, whole.body, whole.n);
            t_mem("upstream", w.up, w.up_n, first, first_n);
            t_int("clean", w_clean(&w), 1);
            w_free(&w);
        }
    }
}

/* The provider breaks off at every byte, by FIN or reset: an error, well-formed, and never a finish. */
T(cut_everywhere) {
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) for (int stream = 0; stream < 2; stream++) for (int how = 0; how < 2; how++) {
        const t_bytes a = good(p, stream, how ? 'l' : 'c'), q = ask(client, providers[p].model, stream, "");
        const size_t mark = t_.mems;
        if (client == GEMINI_ARRAY && !stream) continue;
        t_row(label(client, p, stream, how ? "length" : "chunked"));
        for (size_t cut = 0; cut < a.n; cut++) {
            reply r;
            int e;
            start();
            for (int i = 0; i < 4; i++) w_say(&w, providers[p].name, a.p, cut, cut & 1 ? W_RESET : W_CLOSE);
            r = drive(q);
            e = ending(client, stream, &r);
            if (!t_int("ending", e, 2)) printf("  cut %lu: %.*s\n", (unsigned long)cut, (int)w.out_n, w.out);
            t_ok("recorded as failed", w.record.kind != 0);
            t_ok("ends in form: the connection stays", r.complete && !(w.wait & AIGW_WAIT_CLOSE));
            t_int("clean", w_clean(&w), 1);
            w_free(&w);
            f_free();
            forget(mark);
        }
    }
}

/* The client goes away after every byte it got: the provider's connection is closed in that call. */
T(client_gone) {
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) {
        const t_bytes a = good(p, 1, 'c'), q = ask(client, providers[p].model, 1, "");
        size_t all;
        start();
        w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
        (void)drive(q);
        all = w.out_n;
        w_free(&w);
        t_row(label(client, p, 1, ""));
        for (size_t at = 1; at < all; at += 7) {
            start();
            w.piece_up = 40;
            w.piece_out = 7;
            w.stutter = 1;
            w.leave_at = at;
            w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
            w_drive(&w, q.p, q.n);
            t_int("clean", w_clean(&w), 1);
            t_int("closed", (int)w.closes, (int)w.opens);
            t_int("disconnect", w.record.disconnect, 1);
            w_free(&w);
        }
        start();                                               /* before a byte of the answer: while connecting, while silent */
        w_say(&w, providers[p].name, a.p, 0, W_OPEN);
        (void)aigw_exchange_feed(&w.x, w.now, q.p, q.n);
        (void)aigw_exchange_run(&w.x, w.now);
        t_int("open", w.open, 1);
        aigw_exchange_eof(&w.x, w.now);
        t_int("clean", w_clean(&w), 1);
        t_int("kind", w.record.kind, AIGW_KIND_CANCELLED);
        w_free(&w);
    }
}

/* Every call of every callback goes wrong in turn, in six ways. */
T(every_fault) {
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) for (int stream = 0; stream < 2; stream++) for (int fault = 1; fault < W_FAULTS; fault++) {
        const t_bytes a = good(p, stream, 'c'), q = ask(client, providers[p].model, stream, "");
        unsigned calls = 1;
        const size_t mark = t_.mems;
        if (client == GEMINI_ARRAY && !stream) continue;
        t_row(label(client, p, stream, ""));
        for (unsigned at = 0; at < calls; at++) {
            reply r;
            int e;
            start();
            w.piece_up = 300;
            w.piece_out = 300;
            w.fault = fault;
            w.fault_at = at;
            for (int i = 0; i < 5; i++) w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
            r = drive(q);
            calls = w.calls;
            e = ending(client, stream, &r);
            if (!t_ok("ending", e || w.record.disconnect)) printf("  fault %d at %u: %.*s\n", fault, at, (int)w.out_n, w.out);
            if (fault == W_AGAIN || fault == W_SHORT) t_int("harmless", e, 1);
            t_int("records", w.records, 1);
            t_int("clean", w_clean(&w), 1);
            t_ok("closed", w.closes >= w.opens);
            w_free(&w);
            f_free();
            forget(mark);
        }
    }
}

/* Slabs of every size and number: an answer, an error, or waiting; never a leak, never half an answer as a whole one. */
T(every_memory) {
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) for (int stream = 0; stream < 2; stream++) {
        const t_bytes a = good(p, stream, 'c'), q = ask(client, providers[p].model, stream, "");
        int well = 0;
        const size_t mark = t_.mems;
        if (client == GEMINI_ARRAY && !stream) continue;
        t_row(label(client, p, stream, ""));
        for (uint32_t size = 0; size < 40000; size += size < 9000 ? 401 : 5003) for (uint32_t count = 0; count < 7; count++) {
            aigw_hub_cfg cfg;
            reply r;
            int e;
            memset(&cfg, 0, sizeof cfg);
            cfg.slab[0].bytes = size;
            cfg.slab[0].count = count;
            cfg.slab[1].bytes = size * 4;
            cfg.slab[1].count = count / 2;
            cfg.slab[3].bytes = 64;
            cfg.slab[3].count = 1;
            t_int("room", w_init(&w, &cfg, NULL, memory, sizeof memory), 1);
            for (int i = 0; i < 5; i++) w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
            r = drive(q);
            e = ending(client, stream, &r);
            well += e == 1;
            if (!t_ok("ending", e || !w.out_n || w.record.disconnect || r.status != 200)) printf("  size %u count %u: %.*s\n", size, count, (int)w.out_n, w.out);
            aigw_exchange_release(&w.x, w.now);
            t_int("clean", w_clean(&w), 1);
            w_free(&w);
            f_free();
            forget(mark);
        }
        t_ok("enough is enough", well > 10);
    }
}

/* ---- failover, before the commit ---- */

static const char err_429[] = "429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 90", err_429_soon[] = "429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after-ms: 500",
                  err_500[] = "500 Internal Server Error\r\ncontent-type: application/json", err_400[] = "400 Bad Request\r\ncontent-type: application/json", err_401[] = "401 Unauthorized\r\ncontent-type: application/json",
                  ok_html[] = "200 OK\r\ncontent-type: text/html", ok_json[] = "200 OK\r\ncontent-type: application/json", ok_text[] = "200 OK\r\ncontent-type: text/plain", ok_none[] = "200 OK",
                  ok_gzip[] = "200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip", moved[] = "301 Moved Permanently\r\nlocation: /elsewhere", ok_sse[] = "200 OK\r\ncontent-type: text/event-stream";
static const char rate[] = "{\"error\":{\"message\":\"slow down\",\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"}}", bad[] = "{\"error\":{\"message\":\"no such field\",\"type\":\"invalid_request_error\"}}";

T(failover) {
    static const struct { const char *what, *route, *head, *body; int end, attempts, ends, status; const char *provider, *why; } rows[] = {
        { "rate limit: the next",          "two", err_429, rate, W_OPEN, 2, 1, 200, "a2", "in order; gpt: rate_limit; gpt2" },
        { "server error: the next",        "two", err_500, "{}", W_OPEN, 2, 1, 200, "a2", "in order; gpt: server; gpt2" },
        { "bad key: the next",             "two", err_401, "{}", W_OPEN, 2, 1, 200, "a2", "in order; gpt: auth; gpt2" },
        { "bad request: nobody else",      "two", err_400, bad,  W_OPEN, 1, 2, 400, "a",  "in order; gpt: invalid_request" },
        { "no connection: the next",       "two", NULL,    NULL, W_REFUSE, 2, 1, 200, "a2", "in order; gpt: connect; gpt2" },
        { "closed without a word: next",   "two", NULL,    NULL, W_CLOSE, 2, 1, 200, "a2", "in order; gpt: connect; gpt2" },
        { "reset: next",                   "two", NULL,    NULL, W_RESET, 2, 1, 200, "a2", "in order; gpt: connect; gpt2" },
        { "a page of HTML: next",          "two", ok_html, "<html>", W_OPEN, 2, 1, 200, "a2", "in order; gpt: bad_response; gpt2" },
        { "neither JSON nor events: next", "two", ok_text, "hello", W_OPEN, 2, 1, 200, "a2", "in order; gpt: bad_response; gpt2" },
        { "compressed: next",              "two", ok_gzip, "\x1f\x8b", W_OPEN, 2, 1, 200, "a2", "in order; gpt: bad_response; gpt2" },
        { "empty: next",                   "two", ok_json, "", W_OPEN, 2, 1, 200, "a2", "in order; gpt: bad_response; gpt2" },
        { "redirect: next",                "two", moved,   "", W_OPEN, 2, 1, 200, "a2", "in order; gpt: bad_response; gpt2" },
        { "error in a 200: next",          "two", ok_json, "{\"error\":{\"message\":\"overloaded\",\"code\":503}}", W_OPEN, 2, 1, 200, "a2", NULL },
        { "one target: the same again",    "gpt", err_429_soon, rate, W_OPEN, 2, 1, 200, "a", "by name; gpt: rate_limit; gpt" },
        { "one target, a long wait: not",  "gpt", err_429, rate, W_OPEN, 1, 2, 429, "a", "by name; gpt: rate_limit" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) for (int client = 0; client < CLIENTS; client++) for (int stream = 0; stream < 2; stream++) {
        const t_bytes first = rows[i].head ? answer(rows[i].head, rows[i].body, 'l') : good(0, 0, 'l'), second = good(0, stream, 'l');
        reply r;
        if (client == GEMINI_ARRAY && !stream) continue;
        t_row(rows[i].what);
        start();
        w_say(&w, "a", first.p, rows[i].head ? first.n : 0, rows[i].end);
        w_say(&w, "a", second.p, second.n, W_OPEN);
        w_say(&w, "a2", second.p, second.n, W_OPEN);
        r = drive(ask(client, rows[i].route, stream, ""));
        if (!t_int("ending", ending(client, stream, &r), rows[i].ends)) printf("%.*s\n", (int)w.out_n, w.out);
        t_int("status", r.status, rows[i].status);
        t_int("attempts", w.record.attempts, rows[i].attempts);
        t_str("provider", w.provider, strlen(w.provider), rows[i].provider);
        if (rows[i].why) t_str("why", w.why, strlen(w.why), rows[i].why);
        t_ok("why, in the header", header(&r, "x-aigw-why") && !strcmp(header(&r, "x-aigw-why"), w.why));
        t_ok("attempts, in the header", header(&r, "x-aigw-attempts") && atoi(header(&r, "x-aigw-attempts")) == rows[i].attempts);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        f_free();
    }
}

/* A provider that breaks off after the first words were passed on: an error, and no other provider is asked. */
T(no_failover_after_commit) {
    const t_bytes whole = good(0, 1, 'c');
    for (int client = 0; client < CLIENTS; client++) {
        reply r;
        t_row(label(client, 0, 1, ""));
        start();
        w_say(&w, "a", whole.p, whole.n - 40, W_RESET);
        w_say(&w, "a2", whole.p, whole.n, W_OPEN);
        r = drive(ask(client, "two", 1, ""));
        t_int("status", r.status, 200);
        t_int("ending", ending(client, 1, &r), 2);
        t_int("attempts", w.record.attempts, 1);
        t_int("connections", (int)w.opens, 1);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        f_free();
    }
}

/* All targets fail, or fail as often as is allowed: one error with the hint that helps, and the word that our attempts are used up. */
T(failed) {
    const t_bytes limit = answer(err_429, rate, 'l'), unauthorized = answer(err_401, "{}", 'l'), soon = answer(err_429_soon, rate, 'l');
    reply r;
    start();
    w_say(&w, "a", limit.p, limit.n, W_OPEN);
    w_say(&w, "a2", unauthorized.p, unauthorized.n, W_OPEN);
    r = drive(ask(OPENAI, "two", 0, ""));
    t_int("the error that passes is told", r.status, 429);
    t_ok("with its hint", header(&r, "retry-after") && !strcmp(header(&r, "retry-after"), "90"));
    t_int("kind", w.record.kind, AIGW_KIND_RATE_LIMIT);
    w_free(&w);
    start();
    w_say(&w, "a", unauthorized.p, unauthorized.n, W_OPEN);
    r = drive(ask(OPENAI, "gpt", 0, ""));
    t_int("whose key", r.status, 401);
    t_ok("is said", strstr(f_get(f_parse(r.body, r.n, NULL), "error.message")->s, "gateway's key"));
    w_free(&w);
    start();
    for (int i = 0; i < 5; i++) w_say(&w, "a", soon.p, soon.n, W_OPEN);
    r = drive(ask(ANTHROPIC, "gpt", 1, ""));
    t_int("two attempts at one target", w.record.attempts, 2);
    t_int("status", r.status, 429);
    t_ok("and the client may come again, when it says", header(&r, "retry-after") && !header(&r, "x-should-retry"));
    w_free(&w);
    start();                                                   /* a kept connection that had been closed costs no attempt */
    w.reused = 2;
    w_say(&w, "a", "", 0, W_CLOSE);
    w_say(&w, "a", "", 0, W_RESET);
    w_say(&w, "a", good(0, 0, 'l').p, good(0, 0, 'l').n, W_OPEN);
    r = drive(ask(OPENAI, "gpt", 0, ""));
    t_int("answered", ending(OPENAI, 0, &r), 1);
    t_int("attempts", w.record.attempts, 1);
    w_free(&w);
    f_free();
}

/* What the caller knows of a connection that failed stands in the client's error. */
T(why_not_connected) {
    static const char *const words[] = { NULL, "TLS: the certificate is for another host name" };
    for (int i = 0; i < 2; i++) {
        reply r;
        start();
        w.words = words[i];
        w_say(&w, "c", "", 0, W_REFUSE);
        r = drive(ask(OPENAI, "gem", 0, ""));
        t_int("status", r.status, 502);
        t_ok("says why", strstr(w.out, i ? words[i] : "the provider could not be reached") != NULL);
        w_free(&w);
    }
    f_free();
}

/* After a request all that it used can be given back to the system. */
T(idle_memory) {
    size_t bytes, n = 0;
    void *slab;
    start();
    w_say(&w, "a", good(0, 0, 'l').p, good(0, 0, 'l').n, W_OPEN);
    t_ok("none at first", !aigw_hub_idle(&w.hub, 0, NULL, &bytes));
    drive(ask(OPENAI, "gpt", 0, ""));
    for (slab = aigw_hub_idle(&w.hub, 0, NULL, &bytes); slab; slab = aigw_hub_idle(&w.hub, 0, slab, &bytes)) n++;
    t_ok("some", n > 0 && n == w.hub.slab[0].touched);
    t_int("bytes", (long)bytes, (long)w.hub.cfg.slab[0].bytes);
    w_free(&w);
    f_free();
}

/* What a provider may do that was not asked for: streams for whole answers, whole answers for streams, other framings. */
T(other_forms) {
    static const struct { const char *head, *body; int stream, ends; } rows[] = {
        { ok_json, whole_a, 1, 1 }, { ok_none, whole_a, 1, 1 }, { ok_none, whole_a, 0, 1 }, { ok_sse, stream_a, 0, 1 }, { ok_none, stream_a, 1, 1 }, { ok_text, whole_a, 0, 1 },
        { ok_json, "\r\n\r\n{\"error\":{\"message\":\"no\",\"type\":\"server_error\"}}", 1, 2 }, { ok_none, stream_a, 0, 2 }, { ok_sse, "", 1, 2 }, { ok_sse, ": hello\n\n", 0, 2 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) for (int client = 0; client < CLIENTS; client++) for (const char *f = "lce"; *f; f++) {
        const t_bytes a = answer(rows[i].head, rows[i].body, *f);
        reply r;
        if (client == GEMINI_ARRAY && !rows[i].stream) continue;
        start();
        w.piece_up = i % 3 ? 11 : 0;
        for (int k = 0; k < 3; k++) w_say(&w, "a", a.p, a.n, *f == 'e' ? W_CLOSE : W_OPEN);
        r = drive(ask(client, "gpt", rows[i].stream, ""));
        t_row(label(client, 0, rows[i].stream, rows[i].head));
        if (!t_int("ending", ending(client, rows[i].stream, &r), rows[i].ends)) printf("row %lu %c: %.*s\n", (unsigned long)i, *f, (int)w.out_n, w.out);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        f_free();
    }
    {                                                          /* a JSON array where an event stream was asked for */
        char array[4096];
        sprintf(array, "[%.*s,%.*s,%.*s]", (int)(strstr(stream_c, "\r\n") - stream_c - 6), stream_c + 6, (int)(strstr(strstr(stream_c, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"w"), "\r\n") -
                strstr(stream_c, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"w") - 6), strstr(stream_c, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"w") + 6,
                (int)(strlen(strstr(stream_c, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"func")) - 10), strstr(stream_c, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"func") + 6);
        for (int client = 0; client < CLIENTS; client++) {
            const t_bytes a = answer(ok_json, array, 'c');
            reply r;
            start();
            w.piece_up = 13;
            w_say(&w, "c", a.p, a.n, W_OPEN);
            r = drive(ask(client, "gem", 1, ""));
            t_row(label(client, 2, 1, "array"));
            if (!t_int("ending", ending(client, 1, &r), 1)) printf("%.*s\n", (int)w.out_n, w.out);
            w_free(&w);
            f_free();
        }
    }
}

/* One dialect on both sides: the provider's bytes, less the usage that was not asked for, and nothing of the end before the end. */
T(verbatim) {
    const t_bytes a = good(0, 1, 'l');
    const char *usage = strstr(stream_a, "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"gpt-x\",\"choices\":[],"), *done = strstr(stream_a, "data: [DONE]");
    char want[sizeof stream_a];
    reply r;
    sprintf(want, "%.*s%s", (int)(usage - stream_a), stream_a, done);
    start();
    w_say(&w, "a", a.p, a.n, W_OPEN);
    r = drive(ask(OPENAI, "gpt", 1, ""));
    t_mem("without usage", r.body, r.n, want, strlen(want));
    t_int("counted all the same", w.record.usage.output, 5);
    t_int("same", w.record.same, 1);
    w_free(&w);
    start();
    w_say(&w, "a", a.p, a.n, W_OPEN);
    r = drive(request("POST /v1/chat/completions", "", "{\"model\":\"gpt\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
    t_mem("with usage", r.body, r.n, stream_a, strlen(stream_a));
    w_free(&w);
    start();
    w_say(&w, "a", good(0, 0, 'l').p, good(0, 0, 'l').n, W_OPEN);
    r = drive(ask(OPENAI, "gpt", 0, ""));
    t_mem("whole", r.body, r.n, whole_a, strlen(whole_a));
    w_free(&w);
    start();                                                   /* the finish came, the end does not: it is not shown before the error */
    w_say(&w, "a", a.p, a.n - 14, W_OPEN);
    r = drive(ask(OPENAI, "gpt", 1, ""));
    t_int("an error", ending(OPENAI, 1, &r), 2);
    t_int("kind", w.record.kind, AIGW_KIND_TIMEOUT);
    w_free(&w);
    f_free();
}

/* ---- the client's side of HTTP ---- */

T(bad_requests) {
    static const struct { const char *line, *headers, *body; int status; const char *has; } rows[] = {
        { "GET /nothing", "", "", 404, "/nothing" },
        { "POST /v1/nothing", "", "{}", 404, "/v1/nothing" },
        { "GET /v1/chat/completions", "", "", 405, "GET" },
        { "DELETE /v1/messages", "", "", 405, "DELETE" },
        { "POST /v1/models", "", "{}", 405, "POST" },
        { "POST /v1/chat/completions", "", "{\"model\":", 400, "byte 9" },
        { "POST /v1/chat/completions", "", "", 400, "byte 0" },
        { "POST /v1/chat/completions", "", "{\"model\":\"gpt\",\"messages\":[{\"role\":5}]}", 400, "messages[0].role" },
        { "POST /v1/chat/completions", "", "{\"model\":\"gpt\",\"model\":\"gpt\",\"messages\":[]}", 400, "model" },
        { "POST /v1/messages", "", "{\"model\":\"gpt\",\"max_tokens\":\"x\",\"messages\":[]}", 400, "max_tokens" },
        { "POST /v1beta/models/gpt:generateContent", "", "{\"contents\":7}", 400, "contents" },
        { "POST /v1/chat/completions", "", "{\"model\":\"nobody\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 404, "nobody" },
        { "POST /v1/messages", "", "{\"model\":\"nobody\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 404, "nobody" },
        { "POST /v1/chat/completions", "content-encoding: gzip\r\n", "{}", 415, "compressed" },
        { "GET /v1/models/nobody", "", "", 404, "nobody" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const t_bytes q = request(rows[i].line, rows[i].headers, rows[i].body);
        reply r;
        const f_json *j, *m;
        t_row(rows[i].line);
        start();
        r = drive(q);
        j = f_parse(r.body, r.n, NULL);
        m = j ? f_get(j, "error.message") : NULL;
        if (!t_int("status", r.status, rows[i].status)) printf("%.*s\n", (int)w.out_n, w.out);
        t_ok("complete", r.complete);
        t_ok("says what", m && strstr(m->s, rows[i].has));
        t_int("Anthropic's shape", j && f_is(f_get(j, "type"), "error"), strstr(rows[i].line, "/messages") != NULL);
        t_int("Gemini's shape", j && f_get(j, "error.status") != NULL, strstr(rows[i].line, "/v1beta") != NULL);
        t_int("allow", header(&r, "allow") != NULL, r.status == 405);
        t_ok("id", header(&r, "x-request-id"));
        t_int("recorded", w.record.status, rows[i].status);
        t_int("clean", w_clean(&w), 1);
        if (!header(&r, "connection")) {                       /* the connection is sound: it serves the next request */
            w.out_n = 0;
            w_say(&w, "a", good(0, 0, 'l').p, good(0, 0, 'l').n, W_OPEN);
            r = drive(ask(OPENAI, "gpt", 0, ""));
            t_int("goes on", ending(OPENAI, 0, &r), 1);
        }
        w_free(&w);
        f_free();
    }
}

/* An answer has an id that stands in the log, also to what is no HTTP, or too much of it. */
T(what_cannot_be_read_has_an_id) {
    static char longest[200000];
    static const struct { const char *label, *head; } rows[] = {
        { "no request line", "HELLO\r\n\r\n" }, { "no name", "GET / HTTP/1.1\r\nhost: g\r\n: x\r\n\r\n" }, { "a later version", "GET / HTTP/9.9\r\nhost: g\r\n\r\n" },
        { "two lengths", "POST /v1/messages HTTP/1.1\r\nhost: g\r\nx-request-id: its-own\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n" },
        { "no length", "POST /v1/messages HTTP/1.1\r\nhost: g\r\ntransfer-encoding: gzip\r\n\r\n" }, { "too long", longest },
        { "an id that is none", "GET /nowhere HTTP/1.1\r\nhost: g\r\nx-request-id: a b\r\n\r\n" },
    };
    int at = sprintf(longest, "GET / HTTP/1.1\r\nhost: g\r\nx-a: ");
    memset(longest + at, 'a', sizeof longest - (size_t)at - 1);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const char *id;
        reply r;
        t_bytes b;
        b.n = strlen(rows[i].head);
        b.p = t_dup(rows[i].head, b.n);
        t_row(rows[i].label);
        start();
        r = drive(b);
        id = header(&r, "x-request-id");
        t_ok("refused", r.status >= 400 && r.status < 506);
        if (t_ok("an id", id && *id)) t_str("that of the record", w.id, strlen(w.id), id);
        t_int("recorded", (long long)w.records, 1);
        w_free(&w);
    }
}

/* Cohere's embeddings at Amazon say their tokens in a header only; Titan's say them in the body, which counts. */
T(embeddings_whose_tokens_stand_in_the_head) {
    static const struct { const char *model, *head, *body; int64_t tokens; } rows[] = {
        { "aws/cohere.embed-v4:0", "x-amzn-bedrock-input-token-count: 7\r\n", "{\"embeddings\":{\"float\":[[0.5]]}}", 7 },
        { "aws/cohere.embed-v4:0", "x-amzn-bedrock-input-token-count: many\r\n", "{\"embeddings\":{\"float\":[[0.5]]}}", 0 },
        { "aws/amazon.titan-embed-text-v2:0", "x-amzn-bedrock-input-token-count: 7\r\n",
          "{\"embedding\":[0.5],\"inputTextTokenCount\":3}", 3 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char answer[512], ask_for[256];
        aigw_fault faults[4];
        aigw_registry_faults list = { faults, 4, 0 };
        reply r;
        t_row(rows[i].model);
        start();
        t_int("one provider more", aigw_registry_read(&w.registry, aigw_base_str("{\"providers\":{\"aws\":"
            "{\"dialect\":\"bedrock\",\"base_url\":\"http://bedrock.test\",\"key\":\"k\"}}}"), &list), AIGW_OK);
        sprintf(answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n%scontent-length: %u\r\n\r\n%s",
                rows[i].head, (unsigned)strlen(rows[i].body), rows[i].body);
        sprintf(ask_for, "{\"model\":\"%s\",\"input\":\"a\"}", rows[i].model);
        w_say(&w, "aws", answer, strlen(answer), W_OPEN);
        r = drive(request("POST /v1/embeddings", "", ask_for));
        if (!t_int("status", r.status, 200)) printf("%.*s\n", (int)w.out_n, w.out);
        t_int("tokens", w.record.usage.input, rows[i].tokens);
        w_free(&w);
        f_free();
    }
}

/* Long arguments of a call in a whole answer: dialects that keep them back get the memory for it. */
T(long_calls_in_whole_answers) {
    static const struct { const char *line, *body; } rows[] = {
        { "POST /v1/messages", "{\"model\":\"gpt\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}" },
        { "POST /v1beta/models/gpt:generateContent", "{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}" },
        { "POST /model/gpt/converse", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}" },
        { "POST /v2/chat", "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}" },
        { "POST /api/chat", "{\"model\":\"gpt\",\"stream\":false,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}" },
        { "POST /v1/responses", "{\"model\":\"gpt\",\"input\":\"x\"}" },
    };
    static const size_t sizes[] = { 900, 2100, 5000, 14000, 60000 };
    static char answer[200000], words[70000];
    for (size_t i = 0; i < T_COUNT(rows); i++) for (size_t k = 0; k < T_COUNT(sizes); k++) {
        size_t n;
        reply r;
        t_row(rows[i].line);
        memset(words, 'w', sizes[k]);
        words[sizes[k]] = 0;
        start();
        n = (size_t)sprintf(answer + 200, "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,"
            "\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\\\"\\\\\\\"%s\\\"}\"}}]},"
            "\"finish_reason\":\"tool_calls\"}]}", words);
        memmove(answer + sprintf(answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %u\r\n\r\n", (unsigned)n),
                answer + 200, n + 1);
        w_say(&w, "a", answer, strlen(answer), W_OPEN);
        r = drive(request(rows[i].line, "", rows[i].body));
        if (!t_int("status", r.status, 200)) printf("%.*s\n", (int)w.out_n, w.out);
        t_ok("all of it", memmem(r.body, r.n, words, sizes[k]) != NULL);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        f_free();
    }
}

/* An answer that ended as the client's dialect has no word for: an error that says so, not one about memory. */
T(an_end_without_a_word) {
    static const char *const lines[] = { "POST /v1/chat/completions", "POST /v1/messages", "POST /model/gem/converse", "POST /api/chat",
                                         "POST /v2/chat", "POST /v1/responses" };
    static const char body[] = "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"UNEXPECTED_TOOL_CALL\"}]}";
    for (size_t i = 0; i < T_COUNT(lines); i++) {
        char answer[512];
        reply r;
        t_row(lines[i]);
        start();
        sprintf(answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %u\r\n\r\n%s", (unsigned)sizeof body - 1, body);
        w_say(&w, "c", answer, strlen(answer), W_OPEN);
        r = drive(request(lines[i], "", i == 5 ? "{\"model\":\"gem\",\"input\":\"x\"}" : i == 2 ? "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}"
                          : "{\"model\":\"gem\",\"max_tokens\":9,\"stream\":false,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"));
        t_ok("answered, or refused with the reason", r.status == 200 || (r.status >= 500 && w.record.kind == AIGW_KIND_SERVER));
        t_ok("nothing about memory", !memmem(w.out, w.out_n, "memory", 6));
        t_int("Chat Completions refuses", r.status, i ? r.status : 500);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        f_free();
    }
}

/* Versions in paths and queries: known ones are served, others refused with a list. */
T(versions_in_paths) {
    static const struct { const char *line; int status; const char *has; } rows[] = {
        { "POST /v1/chat/completions", 200, "" },
        { "POST /openai/v1/chat/completions", 200, "" },
        { "POST /openai/chat/completions", 200, "" },
        { "POST /openai/v9/chat/completions", 400, "v9; known are: v1" },
        { "POST /v2beta/chat/completions", 400, "v2beta; known are: v1" },
        { "POST /openai/deployments/v7/chat/completions?api-version=2024-10-21", 200, "" },
        { "POST /openai/v1/chat/completions?api-version=preview", 200, "" },
        { "POST /openai/v1/chat/completions?a=b&api-version=1999-01-01", 400, "1999-01-01; known are: " },
        { "POST /v1/responses?api-version=1999-01-01", 400, "2024-10-21" },
        { "POST /v7/models/gpt:generateContent", 400, "v7; known are: v1beta v1 v1alpha v1beta1" },
        { "POST /gemini/v1alpha/models/gpt:generateContent", 200, "" },
        { "GET /v3/models/v9", 404, "nothing at /v3/models/v9" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        reply r;
        t_row(rows[i].line);
        start();
        w_say(&w, "a", good(0, 0, 'l').p, good(0, 0, 'l').n, W_OPEN);
        r = drive(request(rows[i].line, "", strstr(rows[i].line, "generate") ? "{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}"
                          : "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"));
        if (!t_int("status", r.status, rows[i].status) || !t_ok("says", !*rows[i].has || memmem(r.body, r.n, rows[i].has, strlen(rows[i].has))))
            printf("%.*s\n", (int)w.out_n, w.out);
        w_free(&w);
        f_free();
    }
}

/* One request id in the client's own header, whatever the provider called its. */
T(one_request_id) {
    static const char body[] = "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}";
    static const char *const lines[] = { "POST /v1/chat/completions", "POST /v1/messages", "POST /v2/chat", "POST /api/chat" };
    for (size_t i = 0; i < T_COUNT(lines); i++) {
        char answer[512];
        size_t n = 0;
        t_row(lines[i]);
        start();
        sprintf(answer, "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nx-request-id: theirs\r\ncontent-length: %u\r\n\r\n%s", (unsigned)sizeof body - 1, body);
        w_say(&w, "a", answer, strlen(answer), W_OPEN);
        drive(request(lines[i], "", "{\"model\":\"gpt\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"));
        for (const char *p = w.out; (p = (const char *)memmem(p, w.out_n - (size_t)(p - w.out), "\nrequest-id:", 12)) != NULL; p++) n++;
        if (!t_ok("at most one", n <= 1)) printf("%.*s\n", (int)w.out_n, w.out);
        t_ok("theirs beside it", memmem(w.out, w.out_n, "x-aigw-upstream-request-id: theirs", 34) != NULL);
        w_free(&w);
        f_free();
    }
}

/* Where nothing is found, the path tells whose client asks, and the error has that client's shape. */
T(unknown_paths_have_an_owner) {
    static const struct { const char *line, *message, *header; } rows[] = {
        { "POST /v1/nothing", "error.message", NULL },
        { "POST /v1/messages/nothing", "error.message", NULL },
        { "POST /v1beta/nothing", "error.message", NULL },
        { "POST /model/m/nothing", "message", "x-amzn-errortype" },
        { "POST /modelling", "error.message", NULL },
        { "POST /v2/nothing", "message", NULL },
        { "POST /api/nothing", "error", NULL },
        { "POST /bedrock/nothing", "message", "x-amzn-errortype" },
        { "POST /ollama/nothing", "error", NULL },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        reply r;
        const f_json *j, *m;
        t_row(rows[i].line);
        start();
        r = drive(request(rows[i].line, "", "{}"));
        j = f_parse(r.body, r.n, NULL);
        m = j ? f_get(j, rows[i].message) : NULL;
        if (!t_ok("words at their place", r.status == 404 && m && m->s && strstr(m->s, "nothing at")))
            printf("%.*s\n", (int)w.out_n, w.out);
        t_int("the kind in a header", rows[i].header && header(&r, rows[i].header), rows[i].header != NULL);
        w_free(&w);
        f_free();
    }
}

T(bad_http) {
    static const struct { const char *what, *bytes; int status; } rows[] = {
        { "no HTTP", "hello\r\n\r\n", 400 },
        { "two lengths", "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}", 400 },
        { "length and chunked", "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
        { "no host", "GET / HTTP/1.1\r\n\r\n", 400 },
        { "bad chunk", "POST /v1/messages HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400 },
        { "too large", "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n\r\n{", 413 },
        { "not all of it", "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{", 408 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) for (size_t piece = 0; piece < 2; piece++) {
        reply r;
        t_row(rows[i].what);
        start();
        w.piece_in = w.piece_out = piece;
        r = drive((t_bytes){ t_dup(rows[i].bytes, strlen(rows[i].bytes)), strlen(rows[i].bytes) });
        t_int("status", r.status, rows[i].status);
        t_ok("complete", r.complete);
        t_ok("closes", (w.wait & AIGW_WAIT_CLOSE) && header(&r, "connection"));
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
    }
    {
        char *huge = (char *)t_alloc(40000);
        t_bytes b;
        reply r;
        memset(huge, 'x', 40000);
        memcpy(huge, "GET / HTTP/1.1\r\nhost: a\r\nx-long: ", 34);
        b.p = huge;
        b.n = 40000;
        start();
        r = drive(b);
        t_int("a head too large", r.status, 431);
        w_free(&w);
    }
}

/* One request, and the next one behind it. */
static t_bytes both_of(t_bytes a, t_bytes b) {
    char *p = (char *)t_alloc(a.n + b.n);
    memcpy(p, a.p, a.n);
    memcpy(p + a.n, b.p, b.n);
    a.p = p;
    a.n += b.n;
    return a;
}

T(http_forms) {
    const t_bytes a = good(0, 0, 'l'), s = good(1, 1, 'c');
    char text[4000];
    reply r;
    t_bytes q = ask(OPENAI, "gpt", 0, "");
    for (size_t piece = 0; piece < 2; piece++) {               /* two requests in one go */
        start();
        w.piece_in = piece;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        w_say(&w, "a", a.p, a.n, W_OPEN);
        r = drive(both_of(q, q));
        t_int("first", ending(OPENAI, 0, &r), 1);
        r = read_reply(w.out + r.used, w.out_n - r.used, 0);
        t_int("second", ending(OPENAI, 0, &r), 1);
        t_int("records", w.records, 2);
        w_free(&w);
    }
    for (int client = 0; client < CLIENTS; client++) for (size_t piece = 0; piece < 2; piece++) {      /* the next one behind a stream that breaks off */
        const t_bytes broken = ask(client, "claude", 1, ""), next = ask(client, "gpt", client == GEMINI_ARRAY, "");
        t_row(label(client, 1, 1, piece ? "bytewise" : "at once"));
        start();
        w.piece_in = piece;
        w_say(&w, "b", s.p, s.n - 200, W_CLOSE);
        w_say(&w, "a", client == GEMINI_ARRAY ? good(0, 1, 'c').p : a.p, client == GEMINI_ARRAY ? good(0, 1, 'c').n : a.n, W_OPEN);
        r = drive(both_of(broken, next));
        t_int("begun", r.status, 200);
        t_int("broken", ending(client, 1, &r), 2);
        r = read_reply(w.out + r.used, w.out_n - r.used, 0);
        t_int("next", ending(client, client == GEMINI_ARRAY, &r), 1);
        t_int("records", w.records, 2);
        w_free(&w);
    }
    for (size_t piece = 0; piece < 2; piece++) {               /* a chunked body, after 100 Continue */
        sprintf(text, "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n"
                      "21\r\n{\"model\":\"gpt\",\"messages\":[{\"role\r\n26\r\n\":\"user\",\"content\":\"Hi, how are you\"}]\r\n1\r\n}\r\n0\r\n\r\n");
        q.p = t_dup(text, strlen(text));
        q.n = strlen(text);
        start();
        w.piece_in = w.piece_out = piece;
        w.stutter = (int)piece;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        r = drive(q);
        t_mem("continue", w.out, w.out_n < 25 ? w.out_n : 25, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        r = read_reply(w.out + 25, w.out_n - 25, 0);
        if (!t_int("ends", ending(OPENAI, 0, &r), 1)) printf("%.*s\n", (int)w.out_n, w.out);
        w_free(&w);
    }
    /* HTTP/1.0: until close */
    sprintf(text, "POST /v1/chat/completions HTTP/1.0\r\ncontent-length: 83\r\n\r\n{\"model\":\"claude\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello you\"}]}");
    q.p = t_dup(text, strlen(text));
    q.n = strlen(text);
    start();
    w_say(&w, "b", s.p, s.n, W_OPEN);
    r = drive(q);
    t_ok("no chunks", !header(&r, "transfer-encoding"));
    t_int("ends", ending(OPENAI, 1, &r), 1);
    t_ok("closes", (w.wait & AIGW_WAIT_CLOSE) != 0);
    w_free(&w);
    start();                                                   /* a head alone */
    r = drive(request("HEAD /v1/models", "", ""));
    t_int("status", r.status, 200);
    t_int("no body", w.out_n == r.head_n, 1);
    w_free(&w);
    f_free();
}

T(models) {
    static const struct { const char *line, *headers, *path, *want; } rows[] = {
        { "GET /v1/models", "", "data[0].id", "gpt" }, { "GET /v1/models", "", "data[4].id", "all" }, { "GET /v1/models/claude", "", "id", "claude" },
        { "GET /v1/models/b%2Fanything", "", "id", "b/anything" }, { "GET /v1/models", "anthropic-version: 2023-06-01\r\n", "data[0].type", "model" },
        { "GET /v1/models/gem", "x-api-key: k\r\nanthropic-version: 2026-10-21\r\n", "type", "model" }, { "GET /v1beta/models", "", "models[0].name", "models/gpt" },
        { "GET /v1beta/models/gem", "", "name", "models/gem" }, { "GET /v1/models?key=abc", "", "models[0].name", "models/gpt" }, { "GET /v1/models", "x-goog-api-key: k\r\n", "models[0].name", "models/gpt" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        reply r;
        t_row(rows[i].line);
        start();
        r = drive(request(rows[i].line, rows[i].headers, ""));
        t_int("status", r.status, 200);
        if (!t_ok(rows[i].path, f_is(f_get(f_parse(r.body, r.n, NULL), rows[i].path), rows[i].want))) printf("%.*s\n", (int)r.n, r.body);
        w_free(&w);
        f_free();
    }
}

T(count_tokens) {
    const t_bytes b = answer(ok_json, "{\"input_tokens\":42}", 'l'), c = answer(ok_json, "{\"totalTokens\":42}", 'l');
    const char *ask_b = "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
    char body[200], line[100];
    reply r;
    static const struct { const char *provider, *model; } to[] = { { "b", "claude" }, { "c", "gem" }, { "a", "gpt" } };
    for (size_t i = 0; i < 3; i++) {
        start();
        t_row(to[i].model);
        sprintf(body, ask_b, to[i].model);
        w_say(&w, to[i].provider, i ? c.p : b.p, i ? c.n : b.n, W_OPEN);
        r = drive(request("POST /v1/messages/count_tokens", "", body));
        if (!t_int("Anthropic asks", r.status, i < 2 ? 200 : 400)) printf("%.*s\n", (int)w.out_n, w.out);
        if (i < 2) t_ok("counts", f_get(f_parse(r.body, r.n, NULL), "input_tokens") && !strcmp(f_get(f_parse(r.body, r.n, NULL), "input_tokens")->s, "42"));
        else t_ok("refused clearly", strstr(f_get(f_parse(r.body, r.n, NULL), "error.message")->s, "no token counting"));
        w_free(&w);
        start();
        sprintf(line, "POST /v1beta/models/%s:countTokens", to[i].model);
        w_say(&w, to[i].provider, i ? c.p : b.p, i ? c.n : b.n, W_OPEN);
        r = drive(request(line, "", "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]}"));
        t_int("Gemini asks", r.status, i < 2 ? 200 : 400);
        w_free(&w);
    }
    f_free();
}

/* ---- embeddings: vectors go on as they come, in bounded memory ---- */

T(embeddings) {
    static const char two[] = "{\"embeddings\":[{\"values\":[0.1, -0.5]},{\"values\":[1]}],\"usageMetadata\":{\"promptTokenCount\":3}}";
    static const char want[] = "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.1,-0.5]},{\"object\":\"embedding\",\"index\":1,\"embedding\":[1]}],"
                               "\"model\":\"gem\",\"usage\":{\"prompt_tokens\":3,\"total_tokens\":3}}";
    const t_bytes q = request("POST /v1/embeddings", "", "{\"model\":\"gem\",\"input\":[\"a\",\"b\"]}");
    const t_bytes same = request("POST /v1/embeddings", "", "{\"model\":\"gpt\",\"input\":\"a\"}");
    const char *own = "{ \"data\" : [ {\"embedding\":[0.1 , 2],\"x\":1} ] }";
    char *big;
    size_t n;
    reply r;
    for (const char *f = "lce"; *f; f++) for (size_t piece = 0; piece < 3; piece++) {
        const t_bytes a = answer(ok_json, two, *f);
        start();
        w.piece_up = w.piece_out = piece;
        w_say(&w, "c", a.p, a.n, *f == 'e' ? W_CLOSE : W_OPEN);
        r = drive(q);
        t_int("status", r.status, 200);
        t_str("vectors", r.body, r.n, want);
        t_ok("complete", r.ok && r.complete);
        t_int("tokens", w.record.usage.input, 3);
        t_int("operation", w.record.op, AIGW_OP_EMBED);
        t_ok("type", header(&r, "content-type") && !strncmp(header(&r, "content-type"), "application/json", 16));
        t_ok("where", memmem(w.up, w.up_n, "/v1beta/models/gemini-x:batchEmbedContents", 42) != NULL);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
    }
    for (size_t cut = 1; cut < strlen(two); cut++) {            /* nothing was said: an error; else JSON that breaks off, and a connection that says so */
        char head[400];
        const int k = sprintf(head, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%.*s", (int)strlen(two), (int)cut, two);
        start();
        w_say(&w, "c", head, (size_t)k, W_CLOSE);
        r = drive(q);
        if (r.status == 200) t_ok("not complete", !r.complete && (w.wait & AIGW_WAIT_CLOSE));
        else t_int("an error", ending(OPENAI, 0, &r), 2);
        if (r.status == 200) t_int("kind", w.record.kind, AIGW_KIND_TRUNCATED);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        f_free();
    }
    {
        const t_bytes a = answer(ok_json, own, 'c');
        start();
        w_say(&w, "a", a.p, a.n, W_OPEN);
        r = drive(same);
        t_str("the same dialect: as it came", r.body, r.n, own);
        t_ok("complete", r.ok && r.complete);
        w_free(&w);
    }
    {                                                          /* 1 MB through the usual slabs of 16 KiB */
        const t_bytes none = answer("400 Bad\r\ncontent-type: application/json", "{\"error\":{\"message\":\"x\",\"status\":\"INVALID_ARGUMENT\",\"code\":400}}", 'l');
        t_bytes a;
        aigw_hub_cfg cfg;
        big = (char *)malloc(1200000);
        n = (size_t)sprintf(big, "{\"embeddings\":[{\"values\":[0");
        for (int i = 0; i < 100000; i++) n += (size_t)sprintf(big + n, ",%d.%05d", i % 7, i);
        n += (size_t)sprintf(big + n, "]}]}");
        a = answer(ok_json, big, 'l');
        memset(&cfg, 0, sizeof cfg);
        cfg.slab[0].bytes = 16384;
        cfg.slab[0].count = 8;
        for (int i = 1; i < AIGW_HUB_SLABS; i++) cfg.slab[i].bytes = 16384u << i, cfg.slab[i].count = 0;
        if (!t_int("small memory", w_init(&w, &cfg, NULL, memory, sizeof memory), 1)) return;
        w_say(&w, "c", a.p, a.n, W_OPEN);
        r = drive(q);
        t_int("status", r.status, 200);
        t_str("all of it", f_print(f_get(f_parse(r.body, r.n, NULL), "size(data[0].embedding)")), 6, "100001");
        w_free(&w);
        start();
        w_say(&w, "c", none.p, none.n, W_OPEN);
        r = drive(q);
        t_int("refused by the provider", r.status, 400);
        t_int("an error", ending(OPENAI, 0, &r), 2);
        w_free(&w);
        free(big);
    }
    f_free();
}

/* ---- time ---- */

T(deadlines) {
    static const struct { const char *what, *headers; size_t cut; int stream, end, kind; int64_t ms; } rows[] = {
        { "connecting",      "", 0, 1, -1, AIGW_KIND_CONNECT, 5000 },
        { "first byte",      "x-aigw-timeout-ms: 120000\r\n", 0, 1, W_OPEN, AIGW_KIND_TIMEOUT, 120000 },
        { "whole",           "", 60, 0, W_OPEN, AIGW_KIND_TIMEOUT, 600000 },
        { "between bytes",   "", 700, 1, W_OPEN, AIGW_KIND_TIMEOUT, 120000 },
        { "the client's",    "x-aigw-timeout-ms: 7000\r\n", 0, 1, W_OPEN, AIGW_KIND_TIMEOUT, 7000 },
        { "the SDK's",       "x-stainless-read-timeout: 9.5\r\n", 60, 0, W_OPEN, AIGW_KIND_TIMEOUT, 9500 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const t_bytes a = good(1, rows[i].stream, 'c'), q = ask(OPENAI, "claude", rows[i].stream, rows[i].headers);
        const uint64_t begin = UINT64_C(1000000000);
        reply r;
        t_row(rows[i].what);
        start();
        w.silent = rows[i].end < 0;
        w_say(&w, "b", a.p, rows[i].cut, W_OPEN);
        (void)aigw_exchange_feed(&w.x, w.now, q.p, q.n);
        for (int k = 0; k < 100 && w.records == 0; k++) {
            w.wait = aigw_exchange_run(&w.x, w.now);
            if (w.records) break;
            t_ok("a deadline", aigw_exchange_deadline(&w.x) != AIGW_NEVER);
            t_ok("the hub knows it", aigw_hub_deadline(&w.hub) <= aigw_exchange_deadline(&w.x));
            w.now.mono_ns = aigw_hub_deadline(&w.hub);
            aigw_hub_tick(&w.hub, w.now);
            if (w.now.mono_ns < aigw_exchange_deadline(&w.x)) continue;
            t_ok("it is named", aigw_hub_ready(&w.hub) == (void *)&w.x);
            w.silent = rows[i].end < 0;
        }
        r = read_reply(w.out, w.out_n, 1);
        t_int("ending", ending(OPENAI, rows[i].stream, &r), 2);
        t_int("kind", w.record.kind, rows[i].kind);
        if (rows[i].end >= 0) t_int("ms", (long long)((w.now.mono_ns - begin) / 1000000), rows[i].ms);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        f_free();
    }
}

/* A provider that falls silent is given up, however slowly the client takes what keeps it waiting. */
T(silent_and_slow) {
    for (int client = 0; client < CLIENTS; client++) {
        const t_bytes a = good(1, 1, 'c');
        reply r;
        start();
        w.stutter = 1;
        w.piece_out = 3;
        w_say(&w, "b", a.p, (size_t)(strstr(a.p, "Hello ") - a.p) + 200, W_OPEN);
        r = drive(ask(client, "claude", 1, ""));
        t_row(label(client, 1, 1, ""));
        t_int("ending", ending(client, 1, &r), 2);
        t_int("kind", w.record.kind, AIGW_KIND_TIMEOUT);
        t_ok("in time", w.now.mono_ns < UINT64_C(200000000000));
        w_free(&w);
        f_free();
    }
}

/* A silent stream is kept open in the client's way: a comment for OpenAI, a ping for Anthropic, nothing for Gemini. */
T(pings) {
    for (int client = 0; client < GEMINI_ARRAY; client++) {
        const t_bytes a = good(1, 1, 'c');
        const char *body = strstr(a.p, "Hello ");
        reply r;
        size_t before;
        start();
        w_say(&w, "b", a.p, (size_t)(body - a.p) + 200, W_OPEN);
        t_row(label(client, 1, 1, ""));
        {
            const t_bytes q = ask(client, "claude", 1, "");
            (void)aigw_exchange_feed(&w.x, w.now, q.p, q.n);
        }
        (void)aigw_exchange_run(&w.x, w.now);
        before = w.out_n;
        w.now.mono_ns += UINT64_C(15000000000);
        (void)aigw_exchange_run(&w.x, w.now);
        t_int("pinged", w.out_n > before, client < GEMINI);
        w.script[w.next].n = a.n;
        w.wait = aigw_exchange_run(&w.x, w.now);
        r = read_reply(w.out, w.out_n, 0);
        t_int("ends well", ending(client, 1, &r), 1);
        w_free(&w);
        f_free();
    }
}

/* ---- strictness, size, local answers ---- */

T(strict) {
    const char *body = "{\"model\":\"claude\",\"seed\":7,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
    reply r;
    start();
    w_say(&w, "b", good(1, 0, 'l').p, good(1, 0, 'l').n, W_OPEN);
    r = drive(request("POST /v1/chat/completions", "", body));
    t_int("dropped and said", r.status, 200);
    t_ok("in the header", header(&r, "x-aigw-loss") && strstr(header(&r, "x-aigw-loss"), "seed=dropped"));
    w_free(&w);
    start();
    w_say(&w, "b", good(1, 0, 'l').p, good(1, 0, 'l').n, W_OPEN);
    r = drive(request("POST /v1/chat/completions", "x-aigw-strict: 1\r\n", body));
    t_int("refused", r.status, 400);
    t_ok("named", strstr(f_get(f_parse(r.body, r.n, NULL), "error.message")->s, "seed"));
    t_int("nobody was asked", (int)w.opens, 0);
    w_free(&w);
    f_free();
}

/* Answers and frames larger than the first buffers; and larger than allowed. */
T(large) {
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) for (int stream = 0; stream < 2; stream++) for (size_t size = 3000; size <= 300000; size *= 10) {
        const char *mark = "w\xc3\xb6rld", *base = stream ? providers[p].stream : providers[p].whole, *at = strstr(base, mark);
        char *body = (char *)t_alloc(strlen(base) + size + 1);
        const size_t mems = t_.mems;
        t_bytes a;
        reply r;
        size_t n = 0;
        if (client == GEMINI_ARRAY && !stream) continue;
        n = (size_t)sprintf(body, "%.*s", (int)(at - base), base);
        memset(body + n, 'y', size);
        strcpy(body + n + size, at);
        a = answer(stream ? ok_sse : ok_json, body, 'c');
        t_row(label(client, p, stream, "large"));
        start();
        w.piece_out = 5000;
        w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
        r = drive(ask(client, providers[p].model, stream, ""));
        t_int("status", r.status, 200);
        t_ok("all of it", r.complete && (stream ? strlen(text_of(client, fold(client, &r).whole)) : strlen(text_of(client, f_parse(r.body, r.n, NULL)))) == size + 12);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        {
            aigw_exchange_cfg cfg;
            memset(&cfg, 0, sizeof cfg);
            cfg.max_answer_bytes = 2000;
            t_int("init", w_init(&w, NULL, &cfg, memory, sizeof memory), 1);
            for (int k = 0; k < 3; k++) w_say(&w, providers[p].name, a.p, a.n, W_OPEN);
            r = drive(ask(client, providers[p].model, stream, ""));
            if (size > 20000) t_int("refused", ending(client, stream, &r), 2);
            w_free(&w);
        }
        f_free();
        forget(mems);
    }
}

static int local(void *user, const aigw_head *head, aigw_exchange_reply *r) {
    (void)user;
    if (aigw_base_eq(head->target, aigw_base_str("/health"))) {
        r->status = 200;
        r->type = aigw_base_str("application/json");
        r->body = aigw_base_str("{\"status\":\"ok\"}");
        return 1;
    }
    if (!aigw_base_header(head, aigw_base_str("origin")).p) return 0;
    r->kind = AIGW_KIND_PERMISSION;
    r->message = "a web page of another origin may not use this gateway";
    return 1;
}
T(local_answers) {
    reply r;
    start();
    w.x.io.local = local;
    r = drive(request("GET /health", "", ""));
    t_int("status", r.status, 200);
    t_str("body", r.body, r.n, "{\"status\":\"ok\"}");
    w.out_n = 0;
    r = drive(request("POST /v1/messages", "origin: http://evil\r\n", "{}"));
    t_int("refused", r.status, 403);
    t_ok("in the client's shape", f_is(f_get(f_parse(r.body, r.n, NULL), "type"), "error"));
    w_free(&w);
    f_free();
}

/* What the caller answers with its body at hand: local leaves it to admit. */
static int local_later(void *user, const aigw_head *head, aigw_exchange_reply *r) {
    (void)user, (void)r;
    return aigw_base_eq(head->method, aigw_base_str("PUT")) ? 2 : 0;
}
static int admit_body(void *user, const aigw_head *head, aigw_str body, aigw_exchange_who *who, aigw_exchange_reply *r) {
    (void)user, (void)who;
    if (!aigw_base_eq(head->target, aigw_base_str("/mine"))) return 0;
    r->status = 201;
    r->type = aigw_base_str("text/plain");
    r->body = body;
    return 1;
}
T(local_answers_with_a_body) {
    static char large[40000];
    aigw_exchange_cfg cfg;
    reply r;
    start();
    w.x.io.local = local_later, w.x.io.admit = admit_body;
    r = drive(request("PUT /mine", "", "the body"));
    t_int("status", r.status, 201);
    t_str("with its body", r.body, r.n, "the body");
    w.out_n = 0;
    memset(large, 'x', sizeof large - 1);
    r = drive(request("PUT /mine", "", large));
    t_int("a large one", r.status, 201);
    t_int("all of it", r.n, sizeof large - 1);
    w.out_n = 0;
    r = drive(request("PUT /v1/messages", "", "{}"));
    t_int("what admit does not answer is not served", r.status, 405);
    w_free(&w);
    memset(&cfg, 0, sizeof cfg);
    cfg.max_body_bytes = 1000;
    t_int("init", w_init(&w, NULL, &cfg, memory, sizeof memory), 1);
    w.x.io.local = local_later, w.x.io.admit = admit_body;
    r = drive(request("PUT /mine", "", large));
    t_int("too large", r.status, 413);
    w_free(&w);
    f_free();
}

/* A registry that is swapped while a request runs stays until it is over. */
T(swap) {
    static aigw_registry next, third;
    const t_bytes a = good(1, 1, 'c'), q = ask(OPENAI, "claude", 1, "");
    start();
    next = third = w.registry;
    w_say(&w, "b", a.p, 700, W_OPEN);
    (void)aigw_exchange_feed(&w.x, w.now, q.p, q.n);
    (void)aigw_exchange_run(&w.x, w.now);
    t_int("swapped", aigw_hub_swap(&w.hub, &next), AIGW_OK);
    t_int("held", aigw_hub_holds(&w.hub, &w.registry), 1);
    t_int("the unused one is replaced", aigw_hub_swap(&w.hub, &third), AIGW_OK);
    t_int("and not held", aigw_hub_holds(&w.hub, &next), 0);
    w.script[w.next].n = a.n;
    (void)aigw_exchange_run(&w.x, w.now);
    t_int("over", w.records, 1);
    t_int("let go", aigw_hub_holds(&w.hub, &w.registry), 0);
    w_free(&w);
}

/* Callbacks that block: run comes back after each read, so that the clock can be read. */
T(blocking) {
    for (int client = 0; client < CLIENTS; client++) {
        const t_bytes a = good(1, 1, 'c'), q = ask(client, "claude", 1, "");
        aigw_exchange_cfg cfg;
        reply r;
        int turns = 0;
        memset(&cfg, 0, sizeof cfg);
        cfg.blocking = 1;
        w_init(&w, NULL, &cfg, memory, sizeof memory);
        w.piece_up = 500;
        w_say(&w, "b", a.p, a.n, W_OPEN);
        (void)aigw_exchange_feed(&w.x, w.now, q.p, q.n);
        while (aigw_exchange_run(&w.x, w.now) & AIGW_WAIT_TURN && turns < 1000) turns++;
        r = read_reply(w.out, w.out_n, 0);
        t_int("ends well", ending(client, 1, &r), 1);
        t_ok("in turns", turns >= 3);
        w_free(&w);
        f_free();
    }
}

/* A crowd with memory for two at a time: everybody is answered, or told that the gateway is busy; nobody waits for ever. */
T(crowd) {
    enum { CROWD = 24 };
    static world each[CROWD];
    aigw_hub_cfg cfg;
    aigw_exchange_io io;
    t_bytes q[CROWD];
    size_t at[CROWD];
    int served = 0, busy = 0, open = CROWD;
    memset(&cfg, 0, sizeof cfg);
    cfg.slab[0].bytes = 16384;
    cfg.slab[0].count = 7;
    w_init(&w, &cfg, NULL, memory, sizeof memory);
    for (int i = 0; i < CROWD; i++) {
        const t_bytes a = good((size_t)i % 3, i & 1, 'c');
        q[i] = ask(i % GEMINI_ARRAY, providers[i % 3].model, i & 1, "");
        memset(&each[i], 0, sizeof each[i]);
        at[i] = 0;
        each[i].piece_up = 50;
        each[i].stutter = 1;
        io = w.x.io;
        io.user = &each[i];
        aigw_exchange_init(&each[i].x, &w.hub, &io, NULL);
        for (int k = 0; k < 3; k++) w_say(&each[i], providers[i % 3].name, a.p, a.n, W_OPEN);
    }
    for (int turn = 0; turn < 20000 && open; turn++) {
        void *ready;
        for (int i = 0; i < CROWD; i++) {
            if (each[i].records) continue;
            if (at[i] < q[i].n) at[i] += aigw_exchange_feed(&each[i].x, w.now, q[i].p + at[i], q[i].n - at[i] < 100 ? q[i].n - at[i] : 100);
            (void)aigw_exchange_run(&each[i].x, w.now);
        }
        w.now.mono_ns += 10000000;
        aigw_hub_tick(&w.hub, w.now);
        while ((ready = aigw_hub_ready(&w.hub)) != NULL) (void)aigw_exchange_run((aigw_exchange *)ready, w.now);
        open = 0;
        for (int i = 0; i < CROWD; i++) open += !each[i].records;
    }
    t_int("all are over", open, 0);
    for (int i = 0; i < CROWD; i++) {
        served += each[i].record.status == 200 && !each[i].record.kind;
        busy += each[i].record.kind == AIGW_KIND_BUSY;
        w_free(&each[i]);
    }
    t_int("served or told", served + busy, CROWD);
    t_ok("most are served", served > CROWD / 2);
    t_int("clean", w_clean(&w), 1);
    w_free(&w);
}

/* ---- recorded streams, broken off at every byte ---- */

/* 1 when the answer is one clean error: in JSON before the commit, as the stream's only end after it. */
static int one_error(int client, const reply *r) {
    f_fold f;
    if (!r->ok || !r->complete || r->status != 200) return ending(client, 1, r) == 2;
    f = fold(client, r);
    return !f.bad && !f.after && f.errors == 1 && !f.finish && !f.done;
}

T(recorded_cuts) {
    static const struct { const char *folder; size_t provider; } folders[] = {
        { "anthropic", 1 }, { "azure-openai", 0 }, { "deepseek", 0 }, { "gemini", 2 }, { "mistral", 0 }, { "openai-chat", 0 }, { "openrouter", 0 }, { "vertex-gemini", 2 }, { "xai", 0 }
    };
    static const char *const hows[] = { "silent", "closed", "reset" };
    int files = 0;
    for (size_t i = 0; i < T_COUNT(folders); i++) {
        char path[500], row[400];
        struct dirent *e;
        DIR *dir;
        snprintf(path, sizeof path, "wire/%s", folders[i].folder);
        dir = opendir(t_shared(path));
        if (!dir) {
            t_skip("../shared/wire");
            return;
        }
        while ((e = readdir(dir)) != NULL) {
            const int client = files % CLIENTS;
            t_bytes body, a, q;
            size_t mark;
            char *text;
            if (!strstr(e->d_name, ".response.sse")) continue;
            snprintf(path, sizeof path, "wire/%s/%.300s", folders[i].folder, e->d_name);
            body = t_file(t_shared(path));
            if (!body.p || body.n > 2300) continue;
            files++;
            snprintf(row, sizeof row, "client %d, %.300s", client, e->d_name);
            t_row(row);
            text = (char *)t_alloc(body.n + 1);
            memcpy(text, body.p, body.n);
            text[body.n] = 0;
            a = answer(ok_sse, text, files % 2 ? 'c' : 'l');
            q = ask(client, providers[folders[i].provider].model, 1, "");
            mark = t_.mems;
            for (size_t cut = (size_t)(strstr(a.p, "\r\n\r\n") - a.p); cut < a.n; cut += getenv("T_QUICK") ? 31 : 1)
                for (int how = 0; how < 3; how++) {
                    reply r;
                    start();
                    for (int k = 0; k < 4; k++) w_say(&w, providers[folders[i].provider].name, a.p, cut, how);
                    r = drive(q);
                    if (!t_ok(hows[how], one_error(client, &r))) printf("  cut %lu: %.*s\n", (unsigned long)cut, (int)w.out_n, w.out);
                    t_ok("recorded, clean", w.record.kind && w_clean(&w));
                    w_free(&w);
                    f_free();
                    forget(mark);
                }
        }
        closedir(dir);
    }
    t_ok("at least 20 streams", files >= 20);
}

/* Under a base path its dialects answer, and no other; the record keeps the path as it was asked. */
T(base_paths) {
    static const struct { const char *line; int status; const char *dialect; } rows[] = {
        { "GET /openai/v1/models", 200, "openai-chat" }, { "GET /anthropic/v1/models", 200, "anthropic" }, { "GET /gemini/v1beta/models", 200, "gemini" }, { "GET /gemini/v1/models", 200, "gemini" },
        { "GET /anthropic/v1/models/gpt", 200, "anthropic" }, { "GET /v1/models", 200, "openai-chat" },
        { "POST /anthropic/v1/chat/completions", 404, "anthropic" }, { "POST /openai/v1/messages", 404, "openai-chat" }, { "POST /gemini/v1/messages", 404, "gemini" },
        { "GET /anthropic", 404, "anthropic" }, { "GET /anthropic?v1/models", 404, "anthropic" }, { "GET /anthropic/anthropic/v1/models", 404, "anthropic" }, { "GET /anthropicx/v1/models/", 404, "" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const t_bytes q = request(rows[i].line, "", "");
        const size_t mark = t_.mems;
        reply r;
        t_row(rows[i].line);
        start();
        r = drive(q);
        t_int("status", r.status, rows[i].status);
        if (*rows[i].dialect) t_str("dialect", w.record.dialect.p, w.record.dialect.n, rows[i].dialect);
        w_free(&w);
        f_free();
        forget(mark);
    }
}

int main(void) {
    T_RUN(recorded_cuts);
    T_RUN(crowd);
    T_RUN(blocking);
    T_RUN(silent_and_slow);
    T_RUN(pairs);
    T_RUN(split_invariance);
    T_RUN(cut_everywhere);
    T_RUN(client_gone);
    T_RUN(every_fault);
    T_RUN(every_memory);
    T_RUN(failover);
    T_RUN(no_failover_after_commit);
    T_RUN(failed);
    T_RUN(why_not_connected);
    T_RUN(idle_memory);
    T_RUN(other_forms);
    T_RUN(verbatim);
    T_RUN(bad_requests);
    T_RUN(long_calls_in_whole_answers);
    T_RUN(an_end_without_a_word);
    T_RUN(versions_in_paths);
    T_RUN(one_request_id);
    T_RUN(unknown_paths_have_an_owner);
    T_RUN(bad_http);
    T_RUN(http_forms);
    T_RUN(models);
    T_RUN(count_tokens);
    T_RUN(embeddings);
    T_RUN(what_cannot_be_read_has_an_id);
    T_RUN(embeddings_whose_tokens_stand_in_the_head);
    T_RUN(deadlines);
    T_RUN(pings);
    T_RUN(strict);
    T_RUN(large);
    T_RUN(local_answers);
    T_RUN(local_answers_with_a_body);
    T_RUN(swap);
    T_RUN(base_paths);
    return t_end();
}
