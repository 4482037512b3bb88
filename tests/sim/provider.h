/* SPDX-License-Identifier: MIT OR Unlicense */
/* provider.h: the providers: each reads a request, thinks, and writes a right answer of its dialect, whole or streamed, in any framing, or goes wrong in the way that was drawn for it.
 * Knows the providers' formats by its own hand and uses nothing of aigw. The text of an answer is "R<request>.<serial>.<n>;" for n = 0, 1, ..., so that every mix-up shows. */
#ifndef SIM_PROVIDER_H
#define SIM_PROVIDER_H
#include "world.h"

static const struct { const char *name; int dialect; } sim_providers[SIM_PROVIDERS] = {
    { "oa", O_OPENAI }, { "an", O_ANTHROPIC }, { "ge", O_GEMINI }, { "ob", O_OPENAI }, { "ol", O_OLLAMA }, { "co", O_COHERE }
};

/* ---- answers, by dialect ---- */

enum { P_START, P_DELTA, P_FINISH, P_LAST, P_KINDS };
static const char *const p_stream[O_DIALECTS][P_KINDS][2] = {  /* before and behind the text; NULL: there is none such */
    /* openai */    { { "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n", "" },
                      { "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"", "\"},\"finish_reason\":null}]}\n\n" },
                      { "data: {\"id\":\"cc-1\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", "" },
                      { "data: [DONE]\n\n", "" } },
    /* anthropic */ { { "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n"
                        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n", "" },
                      { "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"", "\"}}\n\n" },
                      { "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":5}}\n\n", "" },
                      { "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "" } },
    /* gemini */    { { NULL, NULL },
                      { "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"", "\"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"x\"}\r\n\r\n" },
                      { "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":5,\"totalTokenCount\":14},\"modelVersion\":\"x\"}\r\n\r\n", "" },
                      { NULL, NULL } },
    /* array */     { { NULL, NULL }, { NULL, NULL }, { NULL, NULL }, { NULL, NULL } },
    /* ollama */    { { NULL, NULL },
                      { "{\"model\":\"x\",\"created_at\":\"2026-11-21T12:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"", "\"},\"done\":false}\n" },
                      { "{\"model\":\"x\",\"created_at\":\"2026-11-21T12:00:01Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":9,\"eval_count\":5}\n", "" },
                      { NULL, NULL } },
    /* cohere */    { { "event: message-start\ndata: {\"type\":\"message-start\",\"id\":\"c-1\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n"
                        "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n", "" },
                      { "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"", "\"}}}}\n\n" },
                      { "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n"
                        "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"tokens\":{\"input_tokens\":9,\"output_tokens\":5}}}}\n\n", "" },
                      { NULL, NULL } },
    /* responses */ { { NULL, NULL }, { NULL, NULL }, { NULL, NULL }, { NULL, NULL } }
};
static const char *const p_whole[O_DIALECTS][2] = {
    { "{\"id\":\"cc-1\",\"object\":\"chat.completion\",\"created\":1763700000,\"model\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"",
      "\",\"refusal\":null},\"finish_reason\":\"stop\",\"logprobs\":null}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":14}}" },
    { "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"x\",\"content\":[{\"type\":\"text\",\"text\":\"",
      "\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":5}}" },
    { "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"",
      "\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":5,\"totalTokenCount\":14},\"modelVersion\":\"x\"}" },
    { NULL, NULL },
    { "{\"model\":\"x\",\"created_at\":\"2026-11-21T12:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"", "\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":9,\"eval_count\":5}" },
    { "{\"id\":\"c-1\",\"message\":{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"", "\"}]},\"finish_reason\":\"COMPLETE\",\"usage\":{\"tokens\":{\"input_tokens\":9,\"output_tokens\":5}}}" },
    { NULL, NULL }
};
static const char *const p_error[O_DIALECTS] = {
    "{\"error\":{\"message\":\"it went wrong\",\"type\":\"server_error\",\"param\":null,\"code\":null}}", "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
    "{\"error\":{\"code\":503,\"message\":\"it went wrong\",\"status\":\"UNAVAILABLE\"}}", NULL, "{\"error\":\"it went wrong\"}", "{\"id\":\"e-1\",\"message\":\"it went wrong\"}", NULL
};

static const char p_list[] = "{\"object\":\"list\",\"data\":[{\"id\":\"x\",\"object\":\"model\"}]}";           /* whoever is probed has one of this kind */

/* ---- one answer ---- */

typedef struct { sim *s; sim_conn *u; sim_said *said; sim_text b; int dialect; unsigned bend; } p_answer;    /* bend: the frame that the fault is put at, from 1 */

/* Bytes of the body, in the framing of the answer; a mark behind them. */
static void p_emit(p_answer *a, const char *p, size_t n) {
    static const char hex[] = "0123456789abcdef";
    size_t said = n;
    char size[6];
    if (a->u->framing == 'c') {
        if (a->u->fault == F_LENGTH && !--a->bend) {
            said += sim_below(a->s, 2) ? 3 : (size_t)0 - n / 2;
            a->u->cut = a->b.n;
        }
        size[0] = hex[said >> 8 & 15], size[1] = hex[said >> 4 & 15], size[2] = hex[said & 15], size[3] = '\r', size[4] = '\n';
        sim_put_n(&a->b, size, 5);
    }
    sim_put_n(&a->b, p, n);
    if (a->u->framing == 'c') sim_put(&a->b, "\r\n");
    if (a->u->marks < SIM_MARKS - 2) a->u->mark_at[a->u->marks++] = (uint32_t)a->b.n;
}
static void p_frame(p_answer *a, int kind, const char *text, size_t n) {
    const char *const *f = p_stream[a->dialect][kind];
    sim_text b;
    char mem[1024];
    int times = 1;
    if (!f[0]) return;
    b.p = mem, b.n = 0, b.cap = sizeof mem;
    if ((a->u->fault == F_TWICE || a->u->fault == F_GARBAGE || a->u->fault == F_INSTREAM) && !--a->bend) {
        a->u->cut = a->b.n;
        if (a->u->fault == F_TWICE) times = 2, a->said->twice = kind == P_DELTA ? (uint8_t)(a->said->n + 1) : 255;
        else if (a->u->fault == F_GARBAGE) sim_put(&b, a->dialect == O_OLLAMA ? "{\"model\":\"\n" : "data: {\"x\":}\n\n");
        else {
            if (a->dialect != O_OLLAMA) sim_put(&b, a->dialect == O_ANTHROPIC ? "event: error\ndata: " : "data: ");
            sim_put(&b, p_error[a->dialect]);
            sim_put(&b, a->dialect == O_OLLAMA ? "\n" : "\n\n");
            a->said->never = 1;
        }
    }
    sim_put(&b, f[0]);
    sim_put_n(&b, text, n);
    sim_put(&b, f[1]);
    while (times--) p_emit(a, b.p, b.n);
}
static size_t p_text(const p_answer *a, unsigned i, char *to, size_t cap) {
    sim_text b;
    b.p = to, b.n = 0, b.cap = cap;
    sim_put(&b, "R");
    sim_put_u(&b, a->said->tag);
    sim_put(&b, ".");
    sim_put_u(&b, a->u->serial);
    sim_put(&b, ".");
    sim_put_u(&b, i);
    sim_put(&b, ";");
    return b.n;
}

/* The status line and fields; content-length is filled in later, at the place that is returned. */
static size_t p_head(p_answer *a, const char *status, const char *type, const char *more) {
    size_t at = 0;
    sim_put(&a->b, "HTTP/1.1 ");
    sim_put(&a->b, status);
    sim_put(&a->b, "\r\ncontent-type: ");
    sim_put(&a->b, type);
    sim_put(&a->b, more);
    sim_put(&a->b, "\r\nrequest-id: up-1\r\n");
    if (a->u->framing == 'c') sim_put(&a->b, "transfer-encoding: chunked\r\n\r\n");
    else if (a->u->framing == 'e') sim_put(&a->b, "connection: close\r\n\r\n");
    else {
        sim_put(&a->b, "content-length: 00000\r\n\r\n");
        at = a->b.n - 9;
    }
    a->u->head_n = a->b.n;
    return at;
}
static void p_end(p_answer *a, size_t length_at) {
    size_t n = a->b.n - a->u->head_n;
    if (a->u->framing == 'c') sim_put(&a->b, "0\r\n\r\n");
    if (a->u->fault == F_LENGTH && a->u->framing == 'l') n = sim_below(a->s, 2) ? n + 7 : sim_below(a->s, (uint32_t)n);
    for (size_t i = 5; length_at && i--; n /= 10) a->b.p[length_at + i] = (char)('0' + n % 10);
    a->u->n = a->u->real_n = a->b.n;
    if (a->u->fault == F_EXTRA && a->u->framing != 'e') {
        sim_put(&a->b, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        a->u->n = a->b.n;
        a->u->cut = a->u->marks ? a->u->mark_at[a->u->marks > 1 ? a->u->marks - 2 : 0] : 0;        /* with the last of the answer, in one piece */
    }
    if (a->u->marks) a->u->marks--;
    a->u->mark_at[a->u->marks++] = (uint32_t)a->u->n;
}

static void p_fail(p_answer *a, int kind) {
    static const char *const texts[] = { "400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "413 Content Too Large", "422 Unprocessable Content",
                                         "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout", "429 Too Many Requests", "529 Overloaded" };
    static const struct { const char *text; uint32_t s; } hints[] = {
        { "", 0 }, { "\r\nretry-after: 1", 1 }, { "\r\nretry-after: 20", 20 }, { "\r\nretry-after-ms: 250", 1 }, { "\r\nretry-after: soon", 0 }, { "\r\nretry-after: -5", 0 },
        { "\r\nx-ratelimit-reset-requests: 30s\r\nx-ratelimit-remaining-requests: 0", 30 },
        /* rare, since all stands still until then */
        { "\r\nretry-after: 3600", 3600 }, { "\r\nretry-after: Fri, 21 Nov 2025 05:00:00 GMT", 86400 }, { "\r\nretry-after: 99999999999999999999", 86400 },
        { "\r\nanthropic-ratelimit-requests-reset: 2025-11-21T05:00:00Z\r\nanthropic-ratelimit-requests-remaining: 0", 86400 }
    };
    const char *body = sim_often(a->s, 700) ? p_error[a->dialect] : sim_often(a->s, 500) ? "<html>no</html>" : "";
    const int i = kind == F_E4XX ? (int)sim_below(a->s, 6) : kind == F_E5XX ? 6 + (int)sim_below(a->s, 4) : kind == F_E429 ? 10 : 11;
    const uint32_t hint = a->s->plan.no_hints ? 0 : sim_often(a->s, 10) ? 7 + sim_below(a->s, 4) : sim_below(a->s, 7);
    size_t at;
    a->said->never = 1;
    a->s->refused[a->u->provider] |= i == 1 || i == 2;
    if (hints[hint].s > a->s->hint_s) a->s->hint_s = hints[hint].s;
    at = p_head(a, texts[i], *body == '<' ? "text/html" : "application/json", hints[hint].text);
    if (*body) p_emit(a, body, strlen(body));
    p_end(a, at);
}
static void p_right(p_answer *a, int stream) {
    const unsigned k = 1 + sim_below(a->s, sim_often(a->s, 50) ? 12 : 3);
    const char *type = !stream ? "application/json" : a->dialect == O_OLLAMA ? "application/x-ndjson" : "text/event-stream";
    char text[64], body[2048];
    size_t at, n;
    if (a->u->fault == F_GARBAGE && sim_often(a->s, 300)) {
        sim_put(&a->b, sim_often(a->s, 500) ? "\x16\x03\x01 what is this\r\n\r\n" : "HTTP/1.1 2OO OK\r\nx y: 1\r\n\r\n");
        a->u->head_n = a->b.n;
        a->said->never = 1;
    }
    at = p_head(a, "200 OK", type, sim_often(a->s, 50) ? "; charset=utf-8\r\nx-ratelimit-remaining-requests: 7" : "");
    a->bend = 1 + sim_below(a->s, k + 2);
    if (stream) {
        p_frame(a, P_START, "", 0);
        for (unsigned i = 0; i < k; i++) {
            n = p_text(a, i, text, sizeof text);
            p_frame(a, P_DELTA, text, n);
            a->said->n++;
        }
        p_frame(a, P_FINISH, "", 0);
        p_frame(a, P_LAST, "", 0);
    } else {
        sim_text b;
        b.p = body, b.n = 0, b.cap = sizeof body;
        sim_put(&b, p_whole[a->dialect][0]);
        for (unsigned i = 0; i < k; i++) {
            n = p_text(a, i, text, sizeof text);
            sim_put_n(&b, text, n);
            a->said->n++;
        }
        if (a->u->fault == F_GARBAGE) sim_put(&b, "\"oops");
        sim_put(&b, p_whole[a->dialect][1]);
        if (a->u->client == SIM_PROBER) {
            b.n = 0;
            sim_put(&b, p_list);
        }
        if (a->u->fault == F_INSTREAM) {
            b.n = 0;
            sim_put(&b, p_error[a->dialect]);
            a->said->never = 1;
        }
        n = a->u->framing == 'c' && sim_often(a->s, 500) ? 1 + sim_below(a->s, (uint32_t)b.n - 1) : b.n;
        p_emit(a, b.p, n);
        if (n < b.n) p_emit(a, b.p + n, b.n - n);
    }
    p_end(a, at);
}

/* Write the answer of connection u to request q; kind: the error that it is, or F_NONE. */
static void p_write(sim *s, sim_conn *u, sim_req *q, int stream, int kind) {
    const uint32_t way = sim_below(s, 100);
    p_answer a;
    memset(&a, 0, sizeof a);
    a.s = s, a.u = u, a.said = &s->said[u->serial];
    a.b.p = u->ans, a.b.cap = sizeof u->ans;
    a.dialect = sim_providers[u->provider].dialect;
    u->framing = way < 8 ? 'e' : way < (stream ? 16 : 65) ? 'l' : 'c';
    u->answered = 1;
    u->whole = !stream;
    u->at = u->avail = u->marks = u->mark = 0;
    u->cut = SIZE_MAX;
    memset(a.said, 0, sizeof *a.said);
    a.said->tag = q->tag;
    a.said->dialect = (uint8_t)a.dialect;
    if (kind != F_NONE) p_fail(&a, kind);
    else p_right(&a, stream);
    if (!sim_often(s, 400)) u->mark_at[0] = u->mark_at[u->marks - 1], u->marks = 1;          /* all at once */
    if (u->fault == F_RESET || u->fault == F_CUT || u->fault == F_HANG || u->fault == F_DRIP || u->fault == F_SPLIT) {
        const uint32_t where = sim_below(s, 4);
        u->cut = where == 0 ? sim_below(s, (uint32_t)u->head_n) : where < 3 ? u->head_n + sim_below(s, (uint32_t)(u->n - u->head_n) + 1)
               : u->n - 1 - sim_below(s, 40);
    }
}

/* ---- a request ---- */

static sim_client *p_client(sim *s, const sim_conn *u) { return &s->client[u->client]; }

/* Its key, of a registry that is in use: the digit of that version, or 0. */
static char p_key(sim *s, const sim_conn *u) {
    const char *const name = sim_providers[u->provider].name, *key;
    char key_is[] = "sk-oa.v";
    int version;
    memcpy(key_is + 3, name, 2);
    key = (const char *)memmem(u->req, u->req_head, key_is, 7);
    version = key ? key[7] - '0' : -1;
    sim_must(s, I_UPSTREAM, version >= 0 && version < SIM_REGISTRIES && !memmem(u->req, u->req_head, "virtual-key", 11), "the key of %s is not in its request", name);
    if (version < 0 || version >= SIM_REGISTRIES) return 0;
    sim_must(s, I_REGISTRY, s->registry_live[version], "%s was asked by version %d, which is not in use", name, version);
    return key[7];
}
static sim_req *p_check_probe(sim *s, sim_conn *u) {
    const int v1 = sim_providers[u->provider].dialect == O_OPENAI;
    sim_must(s, I_UPSTREAM, u->req_n == u->req_head && !memcmp(u->req, v1 ? "GET /v1/models HTTP/1.1\r\n" : "GET /models HTTP/1.1\r\n", v1 ? 25 : 22), "a probe of %s asks %.60s",
             sim_providers[u->provider].name, u->req);
    (void)p_key(s, u);
    return sim_req_of(p_client(s, u));
}
/* The request in u->req is complete: is it one, whose, and is it that of the client that has this connection? */
static sim_req *p_check(sim *s, sim_conn *u, int *stream) {
    const char *head = u->req, *body = u->req + u->req_head, *mark = (const char *)memmem(body, u->req_len, "@R", 2);
    sim_client *c = p_client(s, u);
    sim_req *q = sim_req_of(c);
    const int dialect = sim_providers[u->provider].dialect;
    const char *const name = sim_providers[u->provider].name;
    char id_is[] = "x-oa.v0";
    sim_must(s, I_UPSTREAM, !memcmp(head, "POST /", 6), "a request to %s is no POST: %.60s", name, head);
    sim_must(s, I_MIX, mark && strtoul(mark + 2, NULL, 10) == q->tag, "provider %s got %.12s for request %u", name, mark ? mark : "nothing", (unsigned)q->id);
    memcpy(id_is + 2, name, 2);
    id_is[6] = p_key(s, u);
    if (id_is[6]) sim_must(s, I_REGISTRY, memmem(head, u->req_head + u->req_len, id_is, 7) != NULL, "%s was asked by version %c for another's model", name, id_is[6]);
    *stream = dialect == O_GEMINI ? memmem(head, u->req_head, "streamGenerateContent", 21) != NULL
            : dialect == O_OLLAMA ? memmem(body, u->req_len, "\"stream\":false", 14) == NULL : memmem(body, u->req_len, "\"stream\":true", 13) != NULL;
    return q;
}
/* Bytes of a request came. 1: it is complete now. */
static int p_take(sim *s, sim_conn *u, const char *p, size_t n) {
    if (n > sizeof u->req - u->req_n) { sim_violated(s, I_UPSTREAM, "a request longer than any"); return 0; }
    memcpy(u->req + u->req_n, p, n);
    u->req_n += n;
    if (!u->req_head) {
        const char *end = (const char *)memmem(u->req, u->req_n, "\r\n\r\n", 4), *length;
        if (!end) return 0;
        u->req_head = (size_t)(end - u->req) + 4;
        length = (const char *)memmem(u->req, u->req_head, "content-length: ", 16);
        sim_must(s, I_UPSTREAM, (length != NULL) == (u->client != SIM_PROBER), "content-length in a request without a body, or not in one with a body");
        u->req_len = length ? strtoul(length + 16, NULL, 10) : 0;
    }
    sim_must(s, I_UPSTREAM, u->req_n <= u->req_head + u->req_len, "bytes behind a request");
    return u->req_n >= u->req_head + u->req_len;
}

/* ---- its course ---- */

static uint64_t p_think(sim *s, const sim_conn *u) {
    if (s->pace) return s->pace(s, u->provider);
    return SIM_MS + sim_upto(s, s->plan.think);
}
static void p_begin(sim *s, sim_conn *u) {
    sim_at(s, s->t + p_think(s, u), EV_BYTES, (uint32_t)(u - s->conn), u->gen);
}
/* Bytes of the request: answer when it is complete, or before it is. */
static void p_got(sim *s, sim_conn *u, const char *p, size_t n) {
    sim_req *q;
    int stream, kind = u->fault;
    if (u->answered) {
        if (u->early) u->early = p_take(s, u, p, n) ? 2 : 1;
        return;
    }
    if (u->fault == F_EARLY) {
        sim_fault(s, F_EARLY, p_client(s, u), u);
        p_write(s, u, sim_req_of(p_client(s, u)), 0, sim_often(s, 500) ? F_E4XX : F_E5XX);
        u->early = p_take(s, u, p, n) ? 2 : 1;                /* 2: the request is complete, too */
        p_begin(s, u);
        return;
    }
    if (!p_take(s, u, p, n)) return;
    stream = 0;
    q = u->client == SIM_PROBER ? p_check_probe(s, u) : p_check(s, u, &stream);
    if (kind == F_TWICE && !stream) kind = u->fault = F_E5XX;
    p_write(s, u, q, stream, kind >= F_E4XX && kind <= F_E529 ? kind : F_NONE);
    u->gap = sim_upto(s, s->plan.gap);
    p_begin(s, u);
}
/* The fault of this answer hits. 1: its bytes go on. */
static int p_hit(sim *s, sim_conn *u) {
    u->hit = 1;
    sim_fault(s, u->fault, p_client(s, u), u);
    if (u->fault == F_RESET) u->end = END_RESET;
    else if (u->fault == F_CUT) u->end = END_FIN;
    return u->end == END_NONE && u->fault != F_HANG;
}
/* The next bytes leave, or what goes wrong goes wrong. 1: the exchange has something to see. */
static int p_bytes(sim *s, sim_conn *u) {
    const size_t to = u->mark < u->marks ? u->mark_at[u->mark] : u->n;
    const uint32_t id = (uint32_t)(u - s->conn);
    const int wrong = u->fault < F_UPSTREAM && u->fault > F_EARLY && !u->hit;
    if (wrong && u->cut != SIZE_MAX && to >= u->cut && u->avail < u->cut) {  /* up to there, which is read; then the fault hits */
        u->avail = u->cut;
        sim_at(s, s->t + (sim_often(s, 250) ? 0 : 1 + u->gap), EV_BYTES, id, u->gen);
        return 1;
    }
    if (wrong && (u->cut == SIZE_MAX || to >= u->cut) && !p_hit(s, u)) return 1;
    if (u->fault == F_DRIP && u->hit && u->drip < 24 && u->avail < u->n) {
        u->drip++;
        u->avail++;
        sim_at(s, s->t + 40 * SIM_MS, EV_BYTES, id, u->gen);
        return 1;
    }
    if (u->avail < to) u->avail = to;
    while (u->mark < u->marks && u->mark_at[u->mark] <= u->avail) u->mark++;
    if (u->mark < u->marks) sim_at(s, s->t + u->gap, EV_BYTES, id, u->gen);
    else if (u->framing == 'e') u->end = END_FIN;
    return 1;
}
#endif
