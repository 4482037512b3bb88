/* SPDX-License-Identifier: MIT OR Unlicense */
/* The exchange, over scripted providers and no sockets: what each client gets in its own dialect, and the laws that hold whatever goes wrong. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
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
    for (int client = 0; client < CLIENTS; client++) for (size_t p = 0; p < 3; p++) for (int stream = 0; stream < 2; stream++) for (int how = 0; how < 3; how++) {
        const t_bytes a = good(p, stream, how == 2 ? 'l' : 'c'), q = ask(client, providers[p].model, stream, "");
        const size_t mark = t_.mems;
        if (client == GEMINI_ARRAY && !stream) continue;
        t_row(label(client, p, stream, how == 1 ? "reset" : "closed"));
        for (size_t cut = 0; cut < a.n; cut++) {
            reply r;
            int e;
            start();
            for (int i = 0; i < 4; i++) w_say(&w, providers[p].name, a.p, cut, how == 1 ? W_RESET : W_CLOSE);
            r = drive(q);
            e = ending(client, stream, &r);
            if (!t_int("ending", e, 2)) printf("  cut %lu: %.*s\n", (unsigned long)cut, (int)w.out_n, w.out);
            t_ok("recorded as failed", w.record.kind != 0);
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

int main(void) {
    T_RUN(pairs);
    T_RUN(split_invariance);
    T_RUN(cut_everywhere);
    T_RUN(client_gone);
    T_RUN(every_fault);
    T_RUN(every_memory);
    return t_end();
}
