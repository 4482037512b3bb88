/* SPDX-License-Identifier: MIT OR Unlicense */
/* bench: one operation, N times. `bench` lists the operations; `bench NAME N` runs one and prints nanoseconds and bytes per operation; tests/bench.sh counts
 * instructions by running it under callgrind with two values of N. Inputs are those of ../shared/bench/inputs where they are, else made here. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef BENCH_YYJSON
#  include "yyjson.c"
#endif

#define ROOM ((size_t)8 << 20)
static unsigned char *memory;
static char *text;
static volatile size_t sink_bytes;

static aigw_str str(const char *s) { return aigw_base_str(s); }
static void die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ---- inputs */

static aigw_str copy(aigw_out *o) {
    aigw_str s;
    char *p = (char *)malloc(o->buf.n);
    if (!p || o->buf.n > o->buf.cap) die("memory");
    memcpy(p, o->buf.p, o->buf.n);
    s.p = p;
    s.n = o->buf.n;
    return s;
}

static aigw_str made(const char *name) {
    static const char delta[] = "{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1795230000,\"model\":\"gpt-x-2026-01-01\",\"service_tier\":\"default\","
        "\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" and then\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"abcdefghij\"}";
    aigw_out o;
    int i, n = strstr(name, "200k") ? 1200 : 12;
    aigw_base_out_init(&o, text, ROOM, NULL, 0);
    if (!strcmp(name, "delta_real.json")) aigw_base_put_lit(&o, delta);
    else if (!strcmp(name, "openai_stream.sse")) {
        for (i = 0; i < 254; i++) {
            aigw_base_put_lit(&o, "data: ");
            aigw_base_put_lit(&o, delta);
            aigw_base_put_lit(&o, "\n\n");
        }
        aigw_base_put_lit(&o, "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    } else if (!strcmp(name, "anthropic_stream.sse")) {
        aigw_base_put_lit(&o, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],"
            "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n");
        for (i = 0; i < 254; i++)
            aigw_base_put_lit(&o, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" and then\"}}\n\n");
        aigw_base_put_lit(&o, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
            "{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":254}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    } else if (!strncmp(name, "http_", 5)) {
        aigw_base_put_lit(&o, strstr(name, "request") ? "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" : "HTTP/1.1 200 OK\r\n");
        for (i = 0; i < 18; i++) aigw_base_put_lit(&o, "x-a-header-name: and its value 0123456789\r\n");
        aigw_base_put_lit(&o, "content-length: 0\r\n\r\n");
    } else {
        aigw_base_put_lit(&o, "{\"model\":\"m\",\"temperature\":0.5,\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}");
        for (i = 0; i < n; i++)
            aigw_base_put_lit(&o, ",{\"role\":\"user\",\"content\":\"Tell me about the sea, and \\\"quote\\\" it.\\n\"},{\"role\":\"assistant\",\"content\":\"It is wet, and wide; d\xC3\xA9j\xC3\xA0 vu.\"}");
        aigw_base_put_lit(&o, "],\"stream\":true}");
    }
    return copy(&o);
}

static aigw_str input(const char *name) {
    char path[256];
    const char *root = getenv("AIGW_SHARED");
    FILE *f;
    aigw_str s;
    snprintf(path, sizeof path, "%s/bench/inputs/%s", root && *root ? root : "../shared", name);
    f = fopen(path, "rb");
    if (!f) return made(name);
    s.n = fread(text, 1, ROOM, f);
    fclose(f);
    s.p = (char *)malloc(s.n);
    memcpy((char *)(uintptr_t)s.p, text, s.n);
    return s;
}

/* ---- operations: each runs n times over its input and returns the bytes of one */

static size_t json_skip(aigw_str in, long n) {
    for (; n; n--) {
        aigw_json j;
        aigw_str raw;
        aigw_json_init(&j, in);
        if (!aigw_json_raw(&j, &raw) || aigw_json_end(&j)) die("json");
        sink_bytes += raw.n;
    }
    return in.n;
}
static size_t json_2k(long n) { return json_skip(input("chat_req_2k.json"), n); }
static size_t json_200k(long n) { return json_skip(input("chat_req_200k.json"), n); }
static size_t json_delta(long n) { return json_skip(input("delta_real.json"), n); }

static size_t http_head(const char *name, int role, long n) {
    aigw_str in = input(name);
    aigw_header headers[64];
    for (; n; n--) {
        aigw_http h;
        aigw_http_item item;
        aigw_http_init(&h, role, memory, 16384, headers, 64);
        if (aigw_http_feed(&h, in.p, in.n, &item) < 0 || item.event != AIGW_HTTP_HEAD) die(name);
        sink_bytes += h.head.n;
    }
    return in.n;
}
static size_t http_request(long n) { return http_head("http_request_head.txt", AIGW_HTTP_REQUEST, n); }
static size_t http_response(long n) { return http_head("http_response_head.txt", AIGW_HTTP_RESPONSE, n); }

static size_t sse_frames(long n) {
    aigw_str in = input("openai_stream.sse");
    for (; n; n--) {
        aigw_sse s;
        aigw_frame f;
        size_t at = 0, piece;
        aigw_sse_init(&s, memory, 16384);
        while (at < in.n) {
            piece = in.n - at < 1460 ? in.n - at : 1460;
            at += (size_t)aigw_sse_feed(&s, in.p + at, piece);
            while (aigw_sse_next(&s, &f) > 0) sink_bytes += f.payload.n;
        }
    }
    return in.n;
}

typedef struct { aigw_enc enc; aigw_out out; const aigw_dialect *to; } relay;

static int relay_put(void *user, const aigw_event *ev) {
    relay *r = (relay *)user;
    if (r->out.buf.n > ROOM / 2) r->out.buf.n = 0;
    return r->to->event_encode(&r->enc, ev, &r->out);
}

static void relay_init(relay *r, aigw_dec *dec, const aigw_dialect *from, const aigw_dialect *to) {
    memset(r, 0, sizeof *r);
    memset(dec, 0, sizeof *dec);
    r->to = to;
    r->enc.dialect = to;
    r->enc.hold = (char *)memory + 65536;
    r->enc.hold_cap = 65536;
    aigw_dialect_enc_init(&r->enc);
    aigw_base_out_init(&r->out, text, ROOM, NULL, 0);
    dec->dialect = from;
    dec->mem = aigw_base_arena(memory + 131072, 65536);
    aigw_dialect_dec_init(dec);
}

/* All framings keep their window in the same way and differ in these. */
static const struct {
    void (*init)(aigw_window *s, void *mem, size_t cap);
    int (*feed)(aigw_window *s, const void *p, size_t n), (*next)(aigw_window *s, aigw_frame *f);
} framings[] = {
    [AIGW_FRAMING_SSE] = { aigw_sse_init, aigw_sse_feed, aigw_sse_next },
    [AIGW_FRAMING_NDJSON] = { aigw_ndjson_init, aigw_ndjson_feed, aigw_ndjson_next },
    [AIGW_FRAMING_EVS] = { aigw_evs_init, aigw_evs_feed, aigw_evs_next },
};

static void relay_feed(aigw_window *s, aigw_dec *dec, aigw_str in, size_t cut, const aigw_sink *out) {
    const int framing = dec->dialect->stream_framing;
    aigw_frame f;
    size_t at = 0, piece;
    while (at < in.n) {
        piece = in.n - at < cut ? in.n - at : cut;
        at += (size_t)framings[framing].feed(s, in.p + at, piece);
        while (framings[framing].next(s, &f) > 0)
            if (dec->dialect->frame_decode(dec, f.name, f.payload, out) < 0) die("frame");
    }
}

static size_t relay_stream(const char *name, const aigw_dialect *from, const aigw_dialect *to, long n) {
    aigw_str in = input(name);
    for (; n; n--) {
        relay r;
        aigw_dec dec;
        aigw_sse s;
        aigw_sink out;
        relay_init(&r, &dec, from, to);
        out.put = relay_put;
        out.user = &r;
        aigw_sse_init(&s, memory, 65536);
        relay_feed(&s, &dec, in, 1460, &out);
        if (from->stream_end(&dec, 1, &out) < 0 || !r.out.buf.n) die(name);
        sink_bytes += r.out.buf.n;
    }
    return in.n;
}
static size_t stream_oa(long n) { return relay_stream("openai_stream.sse", &aigw_dialect_openai, &aigw_dialect_anthropic, n); }
static size_t stream_og(long n) { return relay_stream("openai_stream.sse", &aigw_dialect_openai, &aigw_dialect_gemini, n); }
static size_t stream_ao(long n) { return relay_stream("anthropic_stream.sse", &aigw_dialect_anthropic, &aigw_dialect_openai, n); }
static size_t stream_ag(long n) { return relay_stream("anthropic_stream.sse", &aigw_dialect_anthropic, &aigw_dialect_gemini, n); }

/* One delta as each provider sends it, what its stream begins with, and the names that both go under. */
static const struct chunk { const aigw_dialect *from; const char *first_name, *first, *name, *delta; } chunks[] = {
    { &aigw_dialect_openai, NULL, NULL, "", NULL },                             /* delta_real.json */
    { &aigw_dialect_responses, "response.created", "{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\","
      "\"status\":\"in_progress\",\"model\":\"m\",\"output\":[]}}", "response.output_text.delta",
      "{\"type\":\"response.output_text.delta\",\"sequence_number\":5,\"item_id\":\"msg_0123456789\",\"output_index\":0,\"content_index\":0,"
      "\"delta\":\" and then\",\"logprobs\":[],\"obfuscation\":\"abcdefghij\"}" },
    { &aigw_dialect_anthropic, "message_start", "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
      "\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}", "content_block_delta",
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" and then\"}}" },
    { &aigw_dialect_gemini, NULL, NULL, "", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" and then a few words more, as Gemini sends them\"}],\"role\":\"model\"},"
      "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":12,\"candidatesTokenCount\":30,\"totalTokenCount\":42},\"modelVersion\":\"gemini-3-flash\","
      "\"responseId\":\"abcdefghijkl\"}" },
    { &aigw_dialect_bedrock, "messageStart", "{\"role\":\"assistant\"}", "contentBlockDelta",
      "{\"contentBlockIndex\":0,\"delta\":{\"text\":\" and then\"},\"p\":\"abcdefghij\"}" },
    { &aigw_dialect_cohere, "message-start", "{\"type\":\"message-start\",\"id\":\"1\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[]}}}", "content-delta",
      "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\" and then\"}}}}" },
    { &aigw_dialect_ollama, NULL, NULL, "", "{\"model\":\"m\",\"created_at\":\"2026-11-20T12:00:00.123456Z\",\"message\":{\"role\":\"assistant\",\"content\":\" and then\"},\"done\":false}" }
};

/* `json` as the dialect frames it. */
static aigw_str framed(const aigw_dialect *d, const char *name, aigw_str json) {
    aigw_out o;
    size_t open = 0;
    aigw_base_out_init(&o, text, ROOM, NULL, 0);
    while (json.n && json.p[json.n - 1] == '\n') json.n--;
    if (d->stream_framing == AIGW_FRAMING_EVS) open = aigw_evs_open(&o, str(name), 0);
    else if (d->stream_framing == AIGW_FRAMING_SSE) {
        if (*name) {
            aigw_base_put_lit(&o, "event: ");
            aigw_base_put(&o, str(name));
            aigw_base_put_lit(&o, "\n");
        }
        aigw_base_put_lit(&o, "data: ");
    }
    aigw_base_put(&o, json);
    if (d->stream_framing == AIGW_FRAMING_EVS) aigw_evs_close(&o, open);
    else aigw_base_put_lit(&o, d->stream_framing == AIGW_FRAMING_SSE ? "\n\n" : "\n");
    return copy(&o);
}

/* One delta that travels alone, in a stream that has begun: framing, decoding, encoding. */
static size_t relay_delta(const struct chunk *c, const aigw_dialect *to, long n) {
    aigw_str json = c->delta ? str(c->delta) : input("delta_real.json"), in = framed(c->from, c->name, json);
    const int framing = c->from->stream_framing;
    relay r;
    aigw_dec dec;
    aigw_window s;
    aigw_sink out;
    relay_init(&r, &dec, c->from, to);
    out.put = relay_put;
    out.user = &r;
    framings[framing].init(&s, memory, 65536);
    if (c->first) {
        aigw_str first = framed(c->from, c->first_name, str(c->first));
        relay_feed(&s, &dec, first, first.n, &out);
    }
    for (n++; n; n--) relay_feed(&s, &dec, in, in.n, &out);     /* the first one begins the stream */
    sink_bytes += r.out.buf.n;
    return json.n;
}

static size_t request(const char *name, const aigw_dialect *to, int edit, long n) {
    aigw_str in = input(name);
    static aigw_str pieces[4096];
    static aigw_loss_item items[16];
    for (; n; n--) {
        aigw_arena mem = aigw_base_arena(memory, ROOM);
        aigw_header in_headers[4], headers[16];
        aigw_head head, out_head;
        aigw_req req;
        aigw_fault fault;
        aigw_target target;
        aigw_loss loss;
        aigw_out out;
        memset(&head, 0, sizeof head);
        memset(&out_head, 0, sizeof out_head);
        memset(&fault, 0, sizeof fault);
        memset(&target, 0, sizeof target);
        head.method = str("POST");
        head.target = str("/v1/chat/completions");
        head.headers = in_headers;
        head.cap = 4;
        out_head.headers = headers;
        out_head.cap = 16;
        target.id = str("another-model");
        target.dialect = to;
        aigw_model_loss_init(&loss, items, 16);
        aigw_base_out_init(&out, text, ROOM, pieces, 4096);
        if (aigw_dialect_openai.req_decode(&head, in, &mem, &req, &fault) < 0) die("request: decode");
        loss.doc = req.body;
        if ((edit ? to->req_edit : to->req_encode)(&req, &target, &mem, &out_head, &out, &loss) < 0) die("request: encode");
        if (aigw_base_out_end(&out) < 0) die("request: memory");
        sink_bytes += out.bytes;
    }
    return in.n;
}
static size_t request_oa_200k(long n) { return request("chat_req_200k.json", &aigw_dialect_anthropic, 0, n); }
static size_t request_oo_2k(long n) { return request("chat_req_2k.json", &aigw_dialect_openai, 1, n); }
static size_t request_oo_200k(long n) { return request("chat_req_200k.json", &aigw_dialect_openai, 1, n); }

/* ---- decisions: a route of 4 candidates, priced and measured; each counts the candidates as its bytes */

static aigw_registry registry;
static aigw_router_decision decision;
static void route(int strategy) {
    static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
    static const char json[] = "{\"providers\":{\"p\":{\"dialect\":\"openai-chat\",\"base_url\":\"https://p.example/v1\"}},\"models\":{"
        "\"a\":{\"provider\":\"p\",\"context\":128000,\"max_output\":16000,\"price\":{\"input\":\"0.10\",\"output\":\"0.40\"}},"
        "\"b\":{\"provider\":\"p\",\"context\":400000,\"max_output\":64000,\"price\":{\"input\":\"1.25\",\"output\":\"10.00\"}},"
        "\"c\":{\"provider\":\"p\",\"context\":200000,\"max_output\":64000,\"price\":{\"input\":\"3.00\",\"output\":\"15.00\"}},"
        "\"d\":{\"provider\":\"p\",\"context\":200000,\"max_output\":64000,\"price\":{\"input\":\"1.00\",\"output\":\"5.00\"}}},"
        "\"routes\":{\"w\":{\"models\":[{\"model\":\"a\",\"weight\":5},{\"model\":\"b\",\"weight\":3},\"c\",\"d\"]}},"
        "\"tasks\":[{\"when\":{\"feature\":\"faq\"},\"route\":\"w\"},{\"when\":{\"tools\":true},\"route\":\"w\"}],\"tenants\":{\"t\":{\"routes\":[\"w\"]}}}";
    static aigw_arena mem;
    aigw_registry_faults faults = { NULL, 0, 0 };
    mem = aigw_base_arena(memory, ROOM);
    aigw_registry_init(&registry, dialects, sizeof dialects / sizeof *dialects, &mem);
    if (aigw_registry_read(&registry, str(json), &faults)) die("registry");
    aigw_registry_route_of(&registry, str("w"))->order = (uint8_t)strategy;
    memset(&decision, 0, sizeof decision);
    decision.facts.op = AIGW_OP_CHAT;
    decision.facts.who.dim[AIGW_DIM_MODEL] = str("w");
    decision.facts.who.dim[AIGW_DIM_TENANT] = str("t");
    decision.facts.size.text_bytes = 2000;
    decision.facts.size.choices = 1;
    decision.facts.size.max_output = 1000;
    if (aigw_router_find(&decision, &registry, NULL, NULL)) die("route");
    for (int i = 0; i < 4; i++) {
        aigw_router_state *s = &decision.candidate[i].state;
        s->in_flight = (uint32_t)(4 - i);
        s->ewma_us = s->ttft_us[0] = s->ttft_us[1] = s->ttft_us[2] = 300000 + 70000 * (i ^ 1);
    }
}
static size_t order(int strategy, long n) {
    route(strategy);
    while (n--) {
        decision.turn++;
        decision.seed = decision.turn;
        if (aigw_router_order(&decision, &registry) != 4) die("order");
    }
    return 4;
}
static size_t order_fixed(long n) { return order(AIGW_ORDER_FIXED, n); }
static size_t order_weight(long n) { return order(AIGW_ORDER_WEIGHT, n); }
static size_t order_cheapest(long n) { return order(AIGW_ORDER_CHEAPEST, n); }
static size_t order_fastest(long n) { return order(AIGW_ORDER_FASTEST, n); }
static size_t order_p2c(long n) { return order(AIGW_ORDER_P2C, n); }
static size_t order_busy(long n) { return order(AIGW_ORDER_LEAST_BUSY, n); }
static size_t order_score(long n) { return order(AIGW_ORDER_SCORE, n); }
static size_t route_find(long n) {
    route(AIGW_ORDER_FIXED);
    while (n--) if (aigw_router_find(&decision, &registry, NULL, NULL)) die("route");
    return 4;
}
static size_t route_record(long n) {
    aigw_out out;
    route(AIGW_ORDER_CHEAPEST);
    aigw_router_order(&decision, &registry);
    aigw_base_out_init(&out, text, ROOM, NULL, 0);
    while (n--) {
        aigw_base_out_init(&out, text, ROOM, NULL, 0);
        if (aigw_router_encode(&decision, &out)) die("record");
    }
    return out.buf.n;
}

/* Policy: each operation as the hub does it, in the state that is usual. */
static aigw_now later(long n) {
    aigw_now now = { 0, 0 };
    now.mono_ns = (uint64_t)n * 1000003;
    return now;
}
static size_t policy_bucket(long n) {
    static const aigw_bucket_cfg cfg = { 100000, 0, 0 };
    aigw_bucket b = { 0, 0, 0 };
    uint64_t wait;
    for (; n; n--) sink_bytes += (size_t)aigw_bucket_take(&b, &cfg, later(2000000 - n), 1000, &wait);
    return 1;
}
static size_t policy_breaker(long n) {
    static aigw_breaker_cfg cfg;
    static aigw_breaker b;
    aigw_breaker_pass pass;
    uint64_t random = 1;
    for (; n; n--) {
        if (!aigw_breaker_allow(&b, &cfg, later(2000000 - n), 0, &pass)) die("breaker");
        aigw_breaker_report(&b, &cfg, later(2000000 - n), pass, n % 8 ? AIGW_BREAKER_OK : AIGW_BREAKER_FAILED, -1, &random);
    }
    return 1;
}
static size_t policy_retry(long n) {
    static aigw_retry_cfg cfg;
    static aigw_retry_budget b;
    for (; n; n--) {
        aigw_retry_earn(&b, &cfg);
        sink_bytes += (size_t)aigw_retry_spend(&b, &cfg, later(2000000 - n));
    }
    return 1;
}
static size_t policy_health(long n) {
    static aigw_health_hist h;
    for (; n; n--) aigw_health_add(&h, (uint64_t)(n * 7919 % 3000000));
    return 1;
}
static size_t policy_quantile(long n) {
    static aigw_health_hist h;
    for (int i = 0; i < 500; i++) aigw_health_add(&h, (uint64_t)i * 4000);
    for (; n; n--) sink_bytes += (size_t)aigw_health_quantile(&h, 900, 20);
    return 1;
}
static size_t policy_queue(long n) {
    static aigw_queue q;
    static aigw_queue_item item;
    aigw_queue_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.slots = 8;
    aigw_queue_init(&q, &cfg);
    item.tenant = 0x123456789;
    for (; n; n--) {
        if (aigw_queue_enter(&q, later(2000000 - n), &item, NULL) != 1) die("queue");
        aigw_queue_leave(&q, &item);
    }
    return 1;
}
static size_t policy_queue_wait(long n) {
    static aigw_queue q;
    static aigw_queue_item items[512], *next;
    aigw_queue_cfg cfg;
    long i;
    memset(&cfg, 0, sizeof cfg);
    cfg.slots = 8;
    aigw_queue_init(&q, &cfg);
    for (i = 0; i < 512; i++) {
        items[i].tenant = (uint64_t)i % 20;
        aigw_queue_enter(&q, later(0), &items[i], NULL);
    }
    for (i = 0; n; n--, i = next - items) {
        aigw_queue_leave(&q, &items[i]);
        if (!(next = aigw_queue_next(&q, later(1)))) die("queue");
        aigw_queue_enter(&q, later(1), &items[i], NULL);
    }
    return 1;
}

/* ---- policy: single decisions */

static aigw_now bench_now(long i) {
    aigw_now now;
    now.mono_ns = 1000000000u + (uint64_t)i * 50000000u;
    now.wall_s = 1800000000 + i / 20;
    return now;
}
/* Reserve and settle of `n_counters`: requests a minute, tokens a minute, at once, money. */
static size_t store_of(int n_counters, long n) {
    static const uint8_t key[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    static aigw_store_slot slots[256];
    static const char *const names[4] = { "usd|tenant=a", "rpm|tenant=a|model=b", "tpm|tenant=a|user=c", "at|tenant=a" };
    aigw_store_memory m;
    aigw_store_counter c[4];
    aigw_store_op op;
    long i;
    aigw_store_init(&m, slots, 256, key, NULL, 0);
    memset(c, 0, sizeof c);
    for (i = 0; i < 4; i++) {
        c[i].key = str(names[i]);
        c[i].tenant = str("a");
        c[i].kind = (uint8_t)(i == 0 ? AIGW_COUNTER_MONEY : i < 3 ? AIGW_COUNTER_RATE : AIGW_COUNTER_GAUGE);
        c[i].rate.limit = 1000000;
        c[i].most = 100;
        c[i].money.cap_nusd = INT64_MAX;
        c[i].money.period = AIGW_PERIOD_MONTH;
        c[i].amount = 100;
        c[i].used = 90;
    }
    op.n = (uint8_t)n_counters;
    op.counters = c;
    for (i = 0; i < n; i++) {
        op.verb = AIGW_STORE_RESERVE;
        if (aigw_store_submit(&m, 1, bench_now(i), &op)) die("store: reserve");
        op.verb = AIGW_STORE_SETTLE;
        if (aigw_store_submit(&m, 1, bench_now(i), &op)) die("store: settle");
        sink_bytes += (size_t)c[0].left;
    }
    return (size_t)n_counters;
}
static size_t store_1(long n) { return store_of(1, n); }
static size_t store_4(long n) { return store_of(4, n); }
static size_t price_usage(long n) {
    aigw_registry_price p;
    aigw_price_cost cost;
    aigw_usage u;
    long i;
    memset(&p, 0, sizeof p);
    memset(&u, 0, sizeof u);
    p.known = 1;
    p.rate.input = INT64_C(3000000000);
    p.rate.cached = 300000000;
    p.rate.cache_write = INT64_C(3750000000);
    p.rate.cache_write_long = INT64_C(6000000000);
    p.rate.output = INT64_C(15000000000);
    p.rate.reasoning = p.rate.input_audio = p.rate.output_audio = -1;
    u.has = AIGW_USAGE_INPUT | AIGW_USAGE_CACHED | AIGW_USAGE_OUTPUT | AIGW_USAGE_REASONING;
    u.cached = 1920;
    u.output = 300;
    u.reasoning = 120;
    for (i = 0; i < n; i++) {
        u.input = 2006 + (i & 255);
        if (aigw_price_usage(&p, &u, NULL, &cost)) die("price");
        sink_bytes += (size_t)cost.nusd;
    }
    return 1;
}
static size_t budget(long n) {
    aigw_budget b;
    aigw_budget_cfg c;
    long i;
    memset(&b, 0, sizeof b);
    c.cap_nusd = INT64_MAX;
    c.period = AIGW_PERIOD_MONTH;
    c.soft = 0;
    for (i = 0; i < n; i++) {
        if (aigw_budget_reserve(&b, &c, bench_now(i), 100) < 0) die("budget");
        aigw_budget_settle(&b, &c, bench_now(i), 100, 90);
        sink_bytes += (size_t)b.spent_nusd;
    }
    return 1;
}

/* ---- what can be asked for: the rows below, and for each dialect a delta from it, a delta to it, a request for it */

/* ---- the cache: a 2 KB request that was read already; its key alone; its key and its answer found by it, among a thousand others */

static size_t cached(long n, int find) {
    static const uint8_t secret[16] = "0123456789abcde";
    static char key[16384];
    char version[8];
    aigw_str in = input("chat_req_2k.json");
    aigw_arena mem = aigw_base_arena(memory, ROOM / 2);
    aigw_cache_scope scope;
    aigw_cache_put_cfg put;
    aigw_cache_hit hit;
    aigw_now now = { 1, 0 };
    aigw_cache c;
    aigw_fault fault;
    aigw_req req;
    aigw_out out;
    memset(&scope, 0, sizeof scope);
    memset(&put, 0, sizeof put);
    scope.tenant = str("acme");
    scope.route = str("chat");
    if (aigw_dialect_openai.req_decode(NULL, in, &mem, &req, &fault)) die("request");
    if (aigw_cache_init(&c, NULL, secret, memory + ROOM / 2, ROOM / 2)) die("cache");
    for (int i = 0; i <= 1000; i++) {
        scope.prompt.p = version;
        scope.prompt.n = i < 1000 ? (size_t)snprintf(version, sizeof version, "%d", i) : 0;
        aigw_base_out_init(&out, key, sizeof key, NULL, 0);
        if (aigw_cache_key(&scope, &req, &out) || aigw_cache_put(&c, now, aigw_base_out_str(&out), str("answer"), &put)) die("put");
    }
    for (; n; n--) {
        aigw_base_out_init(&out, key, sizeof key, NULL, 0);
        if (aigw_cache_key(&scope, &req, &out)) die("key");
        if (find && !aigw_cache_get(&c, now, aigw_base_out_str(&out), 0, &hit)) die("get");
        sink_bytes += out.buf.n;
    }
    return in.n;
}
static size_t cache_key(long n) { return cached(n, 0); }
static size_t cache_lookup(long n) { return cached(n, 1); }
#ifdef BENCH_YYJSON
static size_t yyjson_2k(long n) {
    aigw_str in = input("chat_req_2k.json");
    for (; n; n--) {
        yyjson_doc *doc = yyjson_read(in.p, in.n, 0);
        if (!doc) die("yyjson");
        sink_bytes += yyjson_doc_get_val_count(doc);
        yyjson_doc_free(doc);
    }
    return in.n;
}
#endif

static const struct { const char *name, *what; size_t (*run)(long n); } ops[] = {
    { "json-delta", "read and validate one 330-byte delta", json_delta },
    { "json-2k", "read and validate a 2 KB request", json_2k },
    { "json-200k", "read and validate a 200 KB request", json_200k },
    { "http-request", "parse a request head", http_request },
    { "http-response", "parse a response head", http_response },
    { "sse", "frame a stream of 257 events", sse_frames },
    { "stream-openai-anthropic", "a stream of 257 events", stream_oa },
    { "stream-openai-gemini", "the same", stream_og },
    { "stream-anthropic-openai", "the same text from Anthropic", stream_ao },
    { "stream-anthropic-gemini", "the same", stream_ag },
    { "request-openai-anthropic-200k", "read a 200 KB request, write it for another provider", request_oa_200k },
    { "request-openai-edit-2k", "read a 2 KB request, edit it in place", request_oo_2k },
    { "request-openai-edit-200k", "the same, 200 KB", request_oo_200k },
#ifdef BENCH_YYJSON
    { "yyjson-2k", "another reader, of a 2 KB request", yyjson_2k },
#endif
    { "cache-key-2k", "the key of a 2 KB request", cache_key },
    { "cache-lookup-2k", "the same, and its answer found", cache_lookup },
    { "route-find", "a name and 2 task rules -> 4 candidates", route_find },
    { "route-fixed", "filters, costs and order of 4 candidates", order_fixed },
    { "route-weight", "the same, by weight", order_weight },
    { "route-cheapest", "the same, by cost", order_cheapest },
    { "route-fastest", "the same, by quantile", order_fastest },
    { "route-p2c", "the same, the better of two", order_p2c },
    { "route-least-busy", "the same, by load", order_busy },
    { "route-score", "the same, by a sum of four measures", order_score },
    { "route-record", "the decision record of it, written", route_record },
    { "policy-bucket", "take from a bucket", policy_bucket },
    { "policy-breaker", "allow and report", policy_breaker },
    { "policy-retry", "earn and spend", policy_retry },
    { "policy-health-add", "one time into the histogram", policy_health },
    { "policy-health-quantile", "p90 of 500", policy_quantile },
    { "policy-queue", "enter and leave, with room", policy_queue },
    { "policy-queue-wait", "leave, next, enter, with 504 waiting of 20 tenants", policy_queue_wait },
    { "price-usage", "the cost of a usage with 4 parts", price_usage },
    { "budget", "reserve and settle, 100 of a cap", budget },
    { "store-1", "reserve and settle on 1 counter: money", store_1 },
    { "store-4", "the same on 4: money, two rates, at once", store_4 }
};
enum { DELTA_FROM, DELTA_TO, REQUEST_TO, KINDS };
static const struct { const char *before, *after, *what; } kinds[KINDS] = {
    { "delta-", "-openai", "one delta alone: frame, decode, encode" },
    { "delta-openai-", "", "the same from OpenAI" },
    { "request-openai-", "-2k", "read a 2 KB request, write it for another provider" }
};
static const char *short_name(const aigw_dialect *d) {
    return d == &aigw_dialect_openai ? "openai" : d == &aigw_dialect_responses ? "responses" : d->name.p;
}
/* The row of this name is run; without a name all are listed. */
static size_t run(const char *name, long n) {
    char made_name[64];
    size_t i, k;
    for (i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!name) printf("%s\t%s\n", ops[i].name, ops[i].what);
        else if (!strcmp(name, ops[i].name)) return ops[i].run(n);
    for (k = 0; k < KINDS; k++)
        for (i = 0; i < sizeof chunks / sizeof *chunks; i++) {
            const aigw_dialect *d = chunks[i].from;
            if (k != DELTA_FROM && d == &aigw_dialect_openai) continue;      /* one pair with itself is enough */
            snprintf(made_name, sizeof made_name, "%s%s%s", kinds[k].before, short_name(d), kinds[k].after);
            if (!name) printf("%s\t%s\n", made_name, kinds[k].what);
            else if (!strcmp(name, made_name))
                return k == DELTA_FROM ? relay_delta(&chunks[i], &aigw_dialect_openai, n) : k == DELTA_TO ? relay_delta(chunks, d, n) : request("chat_req_2k.json", d, 0, n);
        }
    return 0;
}

int main(int argc, char **argv) {
    struct timespec a, b;
    size_t bytes;
    long n = argc > 2 ? atol(argv[2]) : 1;
    memory = (unsigned char *)malloc(ROOM);
    text = (char *)malloc(ROOM);
    if (!memory || !text) die("memory");
    clock_gettime(CLOCK_MONOTONIC, &a);
    bytes = run(argc > 1 ? argv[1] : NULL, n);
    clock_gettime(CLOCK_MONOTONIC, &b);
    if (argc < 2) return 0;
    if (!bytes) die("no such operation");
    printf("%.0f %lu\n", ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)n, (unsigned long)bytes);
    return 0;
}
