/* SPDX-License-Identifier: MIT OR Unlicense */
/* Chat Completions: requests both ways, answers whole and streamed of every make, errors, limits; and all recordings of OpenAI and its clones. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include <dirent.h>

static const aigw_dialect *const d = &aigw_dialect_openai;

static aigw_str str(const char *s) { return aigw_base_str(s); }
static aigw_arena arena(size_t n) { return aigw_base_arena(t_alloc(n), n); }
static aigw_str dup(aigw_str s) {
    aigw_str c;
    c.p = t_dup(s.p, s.n);
    c.n = s.n;
    return c;
}
static void out_init(aigw_out *o, size_t n) { aigw_base_out_init(o, t_alloc(n), n, NULL, 0); }
static aigw_str all(const aigw_out *o) {
    aigw_str s;
    s.p = o->buf.p;
    s.n = o->buf.n;
    return s;
}

/* ---- a sink that checks, logs, folds and encodes */

typedef struct {
    aigw_check check;
    aigw_fold  fold;
    aigw_resp  resp;
    aigw_out   log, wire, brief;
    aigw_enc   enc;
    aigw_req   req;
    aigw_loss  loss;
    aigw_loss_item items[32];
    aigw_arena mem;
    int        ends, bad, kind, wire_too;
    const char *why;
    char       message[400], code[64], type[64], param[64];
    int64_t    after;
} sink;

static void brief(aigw_out *o, const aigw_event *ev);
static int sink_put(void *user, const aigw_event *ev) {
    sink *s = (sink *)user;
    if (aigw_model_check_put(&s->check, ev) < 0) {
        s->bad++;
        s->why = s->check.why;
    }
    if (aigw_model_fold_put(&s->fold, ev) < 0) s->bad++;
    brief(&s->brief, ev);
    aigw_model_event_encode(ev, &s->log);
    aigw_base_put_byte(&s->log, '\n');
    if (s->wire_too && d->event_encode(&s->enc, ev, &s->wire) < 0) s->bad++;
    if (ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR) s->ends++;
    if (ev->type == AIGW_EVENT_ERROR) {
        s->kind = ev->error->kind;
        s->after = ev->error->retry_after_ms;
        snprintf(s->message, sizeof s->message, "%.*s", (int)ev->error->message.n, ev->error->message.p);
    }
    return 0;
}
static sink *sink_new(size_t room) {
    sink *s = (sink *)t_alloc(sizeof *s);
    memset(s, 0, sizeof *s);
    s->mem = arena(4 * room + 65536);
    aigw_model_fold_init(&s->fold, &s->resp, &s->mem, 1);
    out_init(&s->log, 8 * room + 65536);
    out_init(&s->wire, 8 * room + 65536);
    out_init(&s->brief, 8 * room + 65536);
    aigw_model_loss_init(&s->loss, s->items, T_COUNT(s->items));
    s->enc.dialect = d;
    s->enc.now.wall_s = 1760000000;
    s->enc.loss = &s->loss;
    aigw_dialect_enc_init(&s->enc);
    s->wire_too = 1;
    return s;
}
static aigw_sink sink_of(sink *s) {
    aigw_sink out;
    out.put = sink_put;
    out.user = s;
    return out;
}
static void dec_init(aigw_dec *st, sink *s, size_t n) {
    memset(st, 0, sizeof *st);
    st->dialect = d;
    st->seed = 7;
    st->model = str("asked");
    st->mem = arena(n + 2048);
    st->loss = &s->loss;
    aigw_dialect_dec_init(st);
}
/* Decode a whole stream (clean or not at its end). */
static sink *decode_stream(aigw_str wire, int clean) {
    sink *s = sink_new(wire.n);
    aigw_sink out = sink_of(s);
    aigw_dec st;
    aigw_sse sse;
    aigw_frame f;
    size_t at = 0;
    int r;
    dec_init(&st, s, 4096);
    aigw_sse_init(&sse, t_alloc(wire.n + 1024), wire.n + 1024);
    while (at < wire.n) {
        int took = aigw_sse_feed(&sse, wire.p + at, wire.n - at);
        if (took < 0) { s->bad++; return s; }
        at += (size_t)took;
        while ((r = aigw_sse_next(&sse, &f)) == 1) {
            char *copy = (char *)malloc(f.payload.n);          /* exact size; too many for t_dup */
            aigw_str payload = f.payload;
            if (payload.n) payload.p = (char *)memcpy(copy, payload.p, payload.n);
            s->loss.doc = payload;
            if (d->frame_decode(&st, f.name, payload, &out) < 0) s->bad++;
            free(copy);
        }
        if (r < 0) s->bad++;
    }
    if (d->stream_end(&st, clean, &out) < 0) s->bad++;
    return s;
}
static sink *decode_whole(aigw_str body, int status) {
    sink *s = sink_new(body.n);
    aigw_sink out = sink_of(s);
    aigw_head head;
    aigw_dec st;
    memset(&head, 0, sizeof head);
    head.status = status;
    dec_init(&st, s, body.n);
    s->loss.doc = body;
    if (d->resp_decode(&st, &head, body, &out) < 0) s->bad++;
    return s;
}

/* ---- requests */

typedef struct {
    aigw_req   req;
    aigw_fault fault;
    aigw_head  head;
    aigw_header headers[8];
    aigw_out   out;
    aigw_loss  loss;
    aigw_loss_item items[64];
    aigw_target to;
    int        decoded, encoded;
} request;

static request *request_new(aigw_str body) {
    request *q = (request *)t_alloc(sizeof *q);
    aigw_arena mem = arena(body.n * 8 + 65536);
    memset(q, 0, sizeof *q);
    q->head.headers = q->headers;
    q->head.cap = T_COUNT(q->headers);
    out_init(&q->out, body.n * 4 + 4096);
    aigw_model_loss_init(&q->loss, q->items, T_COUNT(q->items));
    q->loss.doc = body;
    q->to.dialect = d;
    q->decoded = d->req_decode(NULL, body, &mem, &q->req, &q->fault);
    return q;
}
static request *request_run(aigw_str body) {
    request *q = request_new(body);
    aigw_arena mem = arena(body.n * 8 + 65536);
    if (!q->decoded) q->encoded = d->req_encode(&q->req, &q->to, &mem, &q->head, &q->out, &q->loss);
    return q;
}
static const struct { const char *label, *body, *encoded, *losses; } requests[] = {
    { "smallest", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", "" },
    { "roles and names", "{\"messages\":[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"developer\",\"content\":\"b\"},{\"content\":\"c\",\"name\":\"n\",\"role\":\"user\"},"
      "{\"role\":\"assistant\",\"content\":\"d\"}],\"model\":\"m\"}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"developer\",\"content\":\"b\"},{\"role\":\"user\",\"name\":\"n\",\"content\":\"c\"},"
      "{\"role\":\"assistant\",\"content\":\"d\"}]}", "" },
    { "parts", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\\u0041\",\"prompt_cache_breakpoint\":{\"mode\":\"explicit\",\"ttl\":\"12h\"}},"
      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/jpeg;base64,AAAA\",\"detail\":\"low\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}},"
      "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BBBB\",\"format\":\"mp3\"}},{\"type\":\"file\",\"file\":{\"filename\":\"f.pdf\",\"file_data\":\"data:application/pdf;base64,CCCC\"}},"
      "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}},{\"type\":\"video_url\",\"video_url\":{\"url\":\"u\"}}]}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\\u0041\",\"prompt_cache_breakpoint\":{\"mode\":\"explicit\",\"ttl\":\"12h\"}},"
      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/jpeg;base64,AAAA\",\"detail\":\"low\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}},"
      "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BBBB\",\"format\":\"mp3\"}},{\"type\":\"file\",\"file\":{\"filename\":\"f.pdf\",\"file_data\":\"data:application/pdf;base64,CCCC\"}},"
      "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}},{\"type\":\"video_url\",\"video_url\":{\"url\":\"u\"}}]}]}", "" },
    { "tool turn", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"},"
      "\"extra_content\":{\"google\":{\"thought_signature\":\"AAAA\"}}},{\"id\":\"c2\",\"type\":\"custom\",\"custom\":{\"name\":\"g\",\"input\":\"free\"}}]},"
      "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"{}\"},{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"text\",\"text\":\"y\"}]}],"
      "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"object\"},\"strict\":true}},{\"type\":\"custom\",\"custom\":{\"name\":\"g\",\"format\":{\"type\":\"text\"}}},"
      "{\"type\":\"web_search\",\"x\":1}],\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}},\"parallel_tool_calls\":false}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"},"
      "\"extra_content\":{\"google\":{\"thought_signature\":\"AAAA\"}}},{\"id\":\"c2\",\"type\":\"custom\",\"custom\":{\"name\":\"g\",\"input\":\"free\"}}]},"
      "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"{}\"},{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"text\",\"text\":\"y\"}]}],"
      "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"object\"},\"strict\":true}},{\"type\":\"custom\",\"custom\":{\"name\":\"g\",\"format\":{\"type\":\"text\"}}},"
      "{\"type\":\"web_search\",\"x\":1}],\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}},\"parallel_tool_calls\":false}", "" },
    { "allowed tools", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
      "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}}}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
      "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}}}", "" },
    { "legacy functions", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"role\":\"function\",\"name\":\"f\",\"content\":\"r\"}],"
      "\"functions\":[{\"name\":\"f\",\"parameters\":{}}],\"function_call\":{\"name\":\"f\"}}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_0\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
      "{\"role\":\"tool\",\"tool_call_id\":\"call_0\",\"content\":\"r\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],"
      "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}}", "" },
    { "clone's call", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"\",\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}},\"index\":0}]},"
      "{\"role\":\"tool\",\"tool_call_id\":\"\",\"content\":\"\"}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_0\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]},"
      "{\"role\":\"tool\",\"tool_call_id\":\"call_0\",\"content\":\"\"}]}", "" },
    { "reasoning back", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"hm\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"s\",\"index\":0},"
      "{\"type\":\"reasoning.encrypted\",\"data\":\"e\",\"index\":1}]}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"reasoning_content\":\"hm\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"s\",\"index\":0},"
      "{\"type\":\"reasoning.encrypted\",\"data\":\"e\",\"index\":1}],\"content\":\"a\"}]}", "" },
    { "state of another", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"aigw:anthropic:claude:Sabc\"}]}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"reasoning_content\":\"hm\",\"content\":\"a\"}]}", "messages[0].reasoning_details[0].signature dropped\n" },
    { "refusal back", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"refusal\",\"refusal\":\"b\"}]}]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"refusal\",\"refusal\":\"b\"}]}]}", "" },
    { "parameters", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":2.5,\"top_p\":0.9,\"top_k\":5,\"presence_penalty\":-1,\"frequency_penalty\":0.5,\"seed\":9007199254740993,\"n\":2,"
      "\"logprobs\":true,\"top_logprobs\":3,\"max_tokens\":7,\"stop\":\"S\",\"reasoning_effort\":\"high\",\"user\":\"u\",\"safety_identifier\":\"h\",\"metadata\":{\"a\":\"b\"},\"logit_bias\":{\"1\":2},\"store\":false,"
      "\"service_tier\":\"flex\",\"wild\":1,\"wilder\":null}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":2,\"top_p\":0.9,\"presence_penalty\":-1,\"frequency_penalty\":0.5,\"seed\":9007199254740993,\"n\":2,"
      "\"logprobs\":true,\"top_logprobs\":3,\"max_completion_tokens\":7,\"user\":\"u\",\"safety_identifier\":\"h\",\"reasoning_effort\":\"high\",\"stop\":[\"S\"],\"metadata\":{\"a\":\"b\"}}",
      "temperature approximated\ntop_k dropped\nlogit_bias dropped\nservice_tier dropped\nwild dropped\n" },
    { "both limits", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":7,\"max_completion_tokens\":8}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_completion_tokens\":8}", "max_tokens dropped\n" },
    { "schema", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"description\":\"d\",\"schema\":{\"type\":\"object\"},\"strict\":true}}}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"description\":\"d\",\"schema\":{\"type\":\"object\"},\"strict\":true}}}", "" },
    { "stream", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":true,\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stop\":[\"1\",\"2\",\"3\",\"4\"],\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
      "stop[4] dropped\nstream_options.include_usage synthesized\n" },
};
static const char *losses(const aigw_loss *l) {
    static char text[8192];
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < l->n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s %s\n", l->items[i].path, aigw_model_loss_name(l->items[i].action));
    return text;
}
T(requests_in_and_out) {
    for (size_t i = 0; i < T_COUNT(requests); i++) {
        t_row(requests[i].label);
        request *q = request_run(dup(str(requests[i].body)));
        t_int("decoded", q->decoded, 0);
        if (q->decoded) printf("  %s at %lu (%s)\n", q->fault.text, (unsigned long)q->fault.at, q->fault.path);
        t_int("encoded", q->encoded, 0);
        t_str("body", all(&q->out).p, all(&q->out).n, requests[i].encoded);
        t_str("losses", losses(&q->loss), strlen(losses(&q->loss)), requests[i].losses);
    }
}

/* What was written says what it was written from: read and written again it is the same. Each row once was not. */
T(written_twice) {
    static const struct { const char *label, *message, *want; } rows[] = {
        { "an empty refusal", "{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"\"}]}", "{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"\"}]}" },
        { "reasoning of a user", "{\"role\":\"user\",\"content\":\"x\",\"reasoning_content\":\"y\"}", "{\"role\":\"user\",\"content\":\"x\"}" },
        { "nothing but what has no place", "{\"role\":\"system\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"y\"}]}", "{\"role\":\"system\",\"content\":\"\"}" },
        { "words beside what is redacted", "{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"text\":\"w\",\"data\":\"e\"}]}",
          "{\"role\":\"assistant\",\"reasoning_content\":\"w\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"w\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":\"e\",\"index\":1}],"
          "\"content\":\"a\"}" },
        { "numbers keep signatures apart", "{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"text\":\"w\",\"signature\":\"aigw:x:m:Sq\",\"index\":4},{\"signature\":\"s\",\"index\":5}]}",
          "{\"role\":\"assistant\",\"reasoning_content\":\"w\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"w\",\"index\":0},{\"type\":\"reasoning.text\",\"text\":\"\",\"signature\":\"s\",\"index\":1}],"
          "\"content\":\"a\"}" },
        { "one number keeps them together", "{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"text\":\"w\",\"index\":4},{\"signature\":\"s\",\"index\":4}]}",
          "{\"role\":\"assistant\",\"reasoning_content\":\"w\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"w\",\"signature\":\"s\",\"index\":0}],\"content\":\"a\"}" },
        { "a tag with nothing in it", "{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"signature\":\"aigw:openai-chat::S\"}]}",
          "{\"role\":\"assistant\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"\",\"signature\":\"aigw:openai-chat::S\",\"index\":0}],\"content\":\"a\"}" },
        { "state of empty words", "{\"role\":\"assistant\",\"content\":\"\",\"reasoning_content\":\"r\",\"extra_content\":{\"google\":{\"thought_signature\":\"s\"}}}",
          "{\"role\":\"assistant\",\"reasoning_content\":\"r\",\"content\":\"\",\"extra_content\":{\"google\":{\"thought_signature\":\"s\"}}}" },
        { "a null is no member", "{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":null,\"file_data\":\"d\"}}]}", "{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_data\":\"d\"}}]}" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char body[512], want[512];
        snprintf(body, sizeof body, "{\"model\":\"m\",\"messages\":[%s]}", rows[i].message);
        snprintf(want, sizeof want, "{\"model\":\"m\",\"messages\":[%s]}", rows[i].want);
        t_row(rows[i].label);
        request *q = request_run(dup(str(body)));
        t_int("read", q->decoded, 0);
        t_str("once", all(&q->out).p, all(&q->out).n, want);
        request *again = request_run(dup(all(&q->out)));
        t_int("read again", again->decoded, 0);
        t_str("twice", all(&again->out).p, all(&again->out).n, want);
    }
}

/* ---- recordings */

static const char *const makes[] = { "openai-chat", "groq", "cerebras", "openrouter", "deepseek", "together", "huggingface", "gpustack", "gemini-openai-compat",
    "mistral", "zai", "xai", "perplexity", "ollama-openai-compat", "azure-openai" };

static int ends_with(const char *s, const char *tail) {
    size_t n = strlen(s), k = strlen(tail);
    return n >= k && !strcmp(s + n - k, tail);
}
static int ends_with_str(aigw_str s, const char *tail) {
    size_t k = strlen(tail);
    return s.n >= k && !memcmp(s.p + s.n - k, tail, k);
}
static void recorded_request(aigw_str body) {
    request *q = request_run(body);
    if (!t_int("decoded", q->decoded, 0)) {
        printf("  %s at %lu (%s)\n", q->fault.text, (unsigned long)q->fault.at, q->fault.path);
        return;
    }
    if (!t_int("encoded", q->encoded, 0)) {
        printf("%s", losses(&q->loss));
        return;
    }
    request *again = request_run(dup(all(&q->out)));
    t_int("decoded again", again->decoded, 0);
    again->req.raw = q->req.raw = NULL;
    request *third = request_run(dup(all(&again->out)));
    t_mem("re-encodes to itself", all(&third->out).p, all(&third->out).n, all(&again->out).p, all(&again->out).n);
}
static void recorded_answer(sink *s) {
    t_int("grammar", s->bad, 0);
    if (s->why) printf("  %s\n", s->why);
    t_int("one end", s->ends, 1);
}
T(recordings) {
    unsigned requests_n = 0, answers = 0, errors = 0;
    for (size_t i = 0; i < T_COUNT(makes); i++) {
        char dir[64];
        snprintf(dir, sizeof dir, "wire/%s", makes[i]);
        DIR *list = opendir(t_shared(dir));
        struct dirent *e;
        if (!list) {
            t_skip("../shared/wire");
            return;
        }
        while ((e = readdir(list)) != NULL) {
            char path[400], label[400];
            int is_request = ends_with(e->d_name, ".request.json"), is_stream = ends_with(e->d_name, ".response.sse"), is_whole = ends_with(e->d_name, ".response.json");
            if (!is_request && !is_stream && !is_whole) continue;
            snprintf(path, sizeof path, "%s/%.300s", dir, e->d_name);
            snprintf(label, sizeof label, "%s", path);
            t_row(label);
            t_bytes file = t_file(t_shared(path));
            aigw_str body = { file.p, file.n };
            if (is_request) {
                recorded_request(body);
                t_free_all();
                requests_n++;
                continue;
            }
            sink *s = is_stream ? decode_stream(body, 1) : decode_whole(body, 200);
            recorded_answer(s);
            answers++;
            errors += s->kind != 0;
            if (getenv("T_LOG")) printf("%s\n%.*s%s\n", label, (int)all(&s->log).n, all(&s->log).p, losses(&s->loss));
            sink *again = is_stream ? decode_stream(dup(all(&s->wire)), 1) : NULL;
            if (again) {
                recorded_answer(again);
                t_int("same end", again->kind, s->kind);
            }
            t_free_all();
        }
        closedir(list);
    }
    t_row(NULL);
    t_ok("requests", requests_n > 150);
    t_ok("answers", answers > 140);
    t_ok("errors among them", errors > 30);
}


/* ---- answers, streamed: what comes, the events, and what an OpenAI client gets */

#define C(delta)          "data: {\"id\":\"i\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}]}\n\n"
#define F(delta, reason)  "data: {\"id\":\"i\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":\"" reason "\"}]}\n\n"
#define DONE              "data: [DONE]\n\n"
#define START             "{\"type\":\"start\",\"id\":\"i\",\"model\":\"m\",\"created_s\":1}\n"
static const struct { const char *label, *wire; int clean; const char *log; } streams[] = {
    { "words", C("\"role\":\"assistant\",\"content\":\"\"") C("\"content\":\"Hi\"") C("\"content\":\" there\"") F("", "stop") DONE, 1,
      START "block_start 0 text\ndelta 0 Hi\ndelta 0  there\nblock_stop 0\nstop stop\n" },
    { "delta null, content null, null choices", "data: {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":null}]}\n\n" C("\"content\":null") C("\"content\":\"a\"")
      "data: {\"id\":\"i\",\"choices\":null}\n\n" F("", "stop") DONE, 1, START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "members in any order, no index", "data: {\"choices\":[{\"finish_reason\":null,\"delta\":{\"content\":\"a\"}}],\"created\":1,\"id\":\"i\",\"model\":\"m\"}\n\n" F("", "stop") DONE, 1,
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "azure's first chunk", "data: {\"id\":\"\",\"created\":0,\"model\":\"\",\"choices\":[],\"prompt_filter_results\":[]}\n\n" C("\"content\":\"a\"") F("", "stop") DONE, 1,
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "reasoning_content, then words", C("\"reasoning_content\":\"hm\",\"content\":null") C("\"content\":\"a\",\"reasoning_content\":null") F("", "stop") DONE, 1,
      START "block_start 0 reasoning\ndelta 0 hm\nblock_stop 0\nblock_start 1 text\ndelta 1 a\nblock_stop 1\nstop stop\n" },
    { "reasoning beside its copy", C("\"reasoning_content\":\"hm\",\"reasoning\":\"hm\"") C("\"content\":\"a\"") F("", "stop") DONE, 1,
      START "block_start 0 reasoning\ndelta 0 hm\nblock_stop 0\nblock_start 1 text\ndelta 1 a\nblock_stop 1\nstop stop\n" },
    { "reasoning_details with a signature", C("\"content\":\"\",\"reasoning\":\"hm\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"index\":0}]")
      C("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"s\",\"index\":0}]") C("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"e\"}]") C("\"content\":\"a\"") F("", "stop") DONE, 1,
      START "block_start 0 reasoning\ndelta 0 hm\nstate 0 signature s\nblock_stop 0\nblock_start 1 reasoning\nstate 1 redacted e\nblock_stop 1\nblock_start 2 text\ndelta 2 a\nblock_stop 2\nstop stop\n" },
    { "content in parts", C("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]},{\"type\":\"text\",\"text\":\"a\"}]") F("", "stop") DONE, 1,
      START "block_start 0 reasoning\ndelta 0 hm\nblock_stop 0\nblock_start 1 text\ndelta 1 a\nblock_stop 1\nstop stop\n" },
    { "refusal", C("\"refusal\":\"no\"") F("", "stop") DONE, 1, START "block_start 0 refusal\ndelta 0 no\nblock_stop 0\nstop refusal\n" },
    { "tool call", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]") C("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]")
      F("", "tool_calls") DONE, 1, START "block_start 0 tool_call c f\ndelta 0 {}\nblock_stop 0\nstop tool_calls\n" },
    { "interleaved calls, empty ids", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}},{\"index\":1,\"id\":\"e\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]")
      C("\"tool_calls\":[{\"index\":1,\"id\":\"\",\"function\":{\"arguments\":\"1\"}},{\"index\":0,\"id\":\"\",\"function\":{\"arguments\":\"2\"}}]") F("", "tool_calls") DONE, 1,
      START "block_start 0 tool_call c f\nblock_start 1 tool_call e g\ndelta 1 1\ndelta 0 2\nblock_stop 0\nblock_stop 1\nstop tool_calls\n" },
    { "same index, new id", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]") C("\"tool_calls\":[{\"index\":0,\"id\":\"e\",\"function\":{\"name\":\"f\",\"arguments\":\"2\"}}]")
      F("", "tool_calls") DONE, 1, START "block_start 0 tool_call c f\ndelta 0 1\nblock_stop 0\nblock_start 1 tool_call e f\ndelta 1 2\nblock_stop 1\nstop tool_calls\n" },
    { "same index, no id, another name", C("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]") C("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"g\",\"arguments\":\"2\"}}]")
      F("", "tool_calls") DONE, 1, START "block_start 0 tool_call (made) f\ndelta 0 1\nblock_stop 0\nblock_start 1 tool_call (made) g\ndelta 1 2\nblock_stop 1\nstop tool_calls\n" },
    { "no index, the id null in words", C("\"tool_calls\":[{\"id\":\"null\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]") C("\"tool_calls\":[{\"id\":\"null\",\"function\":{\"name\":\"f\",\"arguments\":\"2\"}}]")
      F("", "tool_calls") DONE, 1, START "block_start 0 tool_call (made) f\ndelta 0 1\nblock_start 1 tool_call (made) f\ndelta 1 2\nblock_stop 0\nblock_stop 1\nstop tool_calls\n" },
    { "same index, no id, the name repeated", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]") C("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"2\"}}]")
      F("", "tool_calls") DONE, 1, START "block_start 0 tool_call c f\ndelta 0 1\ndelta 0 2\nblock_stop 0\nstop tool_calls\n" },
    { "same index, same id repeated", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]") C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"2\"}}]")
      F("", "tool_calls") DONE, 1, START "block_start 0 tool_call c f\ndelta 0 1\ndelta 0 2\nblock_stop 0\nstop tool_calls\n" },
    { "whole calls without index", C("\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]") C("\"tool_calls\":[{\"id\":\"e\",\"function\":{\"name\":\"g\",\"arguments\":\"2\"}}]")
      F("", "stop") DONE, 1, START "block_start 0 tool_call c f\ndelta 0 1\nblock_start 1 tool_call e g\ndelta 1 2\nblock_stop 0\nblock_stop 1\nstop tool_calls\n" },
    { "arguments as an object", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}]") F("", "tool_calls") DONE, 1,
      START "block_start 0 tool_call c f\ndelta 0 {\"a\":1}\nblock_stop 0\nstop tool_calls\n" },
    { "custom call", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"custom\",\"custom\":{\"name\":\"f\",\"input\":\"x\"}}]") C("\"tool_calls\":[{\"index\":0,\"custom\":{\"input\":\"y\"}}]") F("", "tool_calls") DONE, 1,
      START "block_start 0 custom c f\ndelta 0 x\ndelta 0 y\nblock_stop 0\nstop tool_calls\n" },
    { "words, a call, words", C("\"content\":\"a\"") C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]") C("\"content\":\"b\"") F("", "tool_calls") DONE, 1,
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nblock_start 1 tool_call c f\ndelta 1 1\nblock_start 2 text\ndelta 2 b\nblock_stop 1\nblock_stop 2\nstop tool_calls\n" },
    { "deprecated function_call", C("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}") C("\"function_call\":{\"arguments\":\"1\"}") F("", "function_call") DONE, 1,
      START "block_start 0 tool_call (made) f\ndelta 0 1\nblock_stop 0\nstop tool_calls\n" },
    { "google's signature on a call", C("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"},\"extra_content\":{\"google\":{\"thought_signature\":\"AA==\"}}}]") F("", "tool_calls") DONE, 1,
      START "block_start 0 tool_call c f\nstate 0 signature AA==\ndelta 0 1\nblock_stop 0\nstop tool_calls\n" },
    { "finish with the last words, and again", F("\"content\":\"a\"", "stop") F("", "stop") DONE, 1, START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "a stop string that is named", "data: {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\",\"stop_reason\":\"END\"}]}\n\n" DONE, 1,
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop_sequence END\n" },
    { "usage at the end", C("\"content\":\"a\"") F("", "length") "data: {\"id\":\"i\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":7,\"total_tokens\":17,\"prompt_tokens_details\":{\"cached_tokens\":4,\"cache_write_tokens\":2},"
      "\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n" DONE, 1, START "block_start 0 text\ndelta 0 a\nusage in 10 cached 4 write 2 out 7 reasoning 3\nblock_stop 0\nstop length\n" },
    { "usage in x_groq", C("\"content\":\"a\"") "data: {\"id\":\"i\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"x_groq\":{\"id\":\"r\",\"usage\":{\"prompt_tokens\":1.0,\"completion_tokens\":2}}}\n\n" DONE, 1,
      START "block_start 0 text\ndelta 0 a\nusage in 1 cached 0 write 0 out 2 reasoning 0\nblock_stop 0\nstop stop\n" },
    { "xAI counts reasoning apart", F("\"content\":\"a\"", "stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":5,\"completion_tokens_details\":{\"reasoning_tokens\":40}}}\n\n" DONE, 1,
      START "block_start 0 text\ndelta 0 a\nusage in 30 cached 0 write 0 out 45 reasoning 40\nblock_stop 0\nstop stop\n" },
    { "padding and unknown members", "data: {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"obfuscation\":\"xx\",\"p\":\"y\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\",\"wild\":1},\"finish_reason\":\"stop\"}]}\n\n" DONE, 1,
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "logprobs and citations", "data: {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\",\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\"}}]},"
      "\"logprobs\":{\"content\":[]},\"finish_reason\":\"stop\"}]}\n\n" DONE, 1,
      START "block_start 0 text\ndelta 0 a\nnote citation 0 {\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\"}}\nnote logprobs - {\"content\":[]}\nblock_stop 0\nstop stop\n" },
    { "two answers", "data: {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"length\"}]}\n\n" F("\"content\":\"a\"", "stop") DONE, 1,
      START "block_start 0 text\ndelta 0 b\nblock_start 1 text\ndelta 1 a\nblock_stop 0\nblock_stop 1\nstop stop length\n" },
    { "surrogates in two deltas", C("\"content\":\"\\ud83d\"") C("\"content\":\"\\ude00\"") F("", "stop") DONE, 1, START "block_start 0 text\ndelta 0 \\ud83d\\ude00\nblock_stop 0\nstop stop\n" },
    { "[DONE] and no reason", C("\"content\":\"a\"") DONE, 1, START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop (made)\n" },
    { "a reason and no [DONE]", F("\"content\":\"a\"", "stop"), 1, START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "neither", C("\"content\":\"a\""), 1, START "block_start 0 text\ndelta 0 a\nerror truncated\n" },
    { "broken after the reason", F("\"content\":\"a\"", "stop") DONE, 0, START "block_start 0 text\ndelta 0 a\nerror truncated\n" },
    { "text after [DONE]", F("\"content\":\"a\"", "stop") DONE "data: junk\n\n", 1, START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "error in a chunk", C("\"content\":\"a\"") "data: {\"error\":{\"message\":\"slow\",\"type\":\"server_error\",\"code\":null}}\n\n" DONE, 1, START "block_start 0 text\ndelta 0 a\nerror server\n" },
    { "error beside choices, numeric", "data: {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"error\":{\"code\":429,\"message\":\"x\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n", 1, START "error rate_limit\n" },
    { "event: error", C("\"content\":\"a\"") "event: error\ndata: {\"error\":{\"message\":\"bad call\",\"type\":\"invalid_request_error\",\"code\":\"tool_use_failed\",\"status_code\":400}}\n\n", 1, START "block_start 0 text\ndelta 0 a\nerror invalid_request\n" },
    { "error as a field", C("\"content\":\"a\"") "error: {\"error\":{\"message\":\"decode\"}}\n\n", 1, START "block_start 0 text\ndelta 0 a\nerror server\n" },
    { "error in x_groq", C("\"content\":\"a\"") "data: {\"id\":\"i\",\"choices\":[],\"x_groq\":{\"id\":\"r\",\"error\":\"overloaded\"}}\n\n", 1, START "block_start 0 text\ndelta 0 a\nerror server\n" },
    { "bare error", "data: {\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":400}\n\n", 1, "error invalid_request\n" },
    { "xAI's error in a 200", "data: {\"code\":\"The service is currently unavailable\",\"error\":\"text\"}\n\n", 1, "error overloaded\n" },
    { "no JSON", "data: oops\n\n", 1, "error bad_response\n" },
    { "not an object", C("\"content\":\"a\"") "data: 17\n\n", 1, START "block_start 0 text\ndelta 0 a\nerror bad_response\n" },
    { "too many answers", "data: {\"choices\":[{\"index\":99,\"delta\":{\"content\":\"a\"}}]}\n\n", 1, "{\"type\":\"start\"}\nerror bad_response\n" },
    { "finish words of others", "data: {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"eos\"}]}\n\n" DONE, 1, START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "content filter", F("", "content_filter") DONE, 1, START "stop content_filter\n" },
};
static const char *part_name(int kind) {
    static const char *const names[] = { "text", "image", "audio", "file", "tool_call", "tool_result", "reasoning", "refusal", "other" };
    return names[kind];
}
/* Short lines for the tables; START stays as canonical JSON. */
static void brief(aigw_out *o, const aigw_event *ev) {
    char line[600];
    int n = 0;
    switch (ev->type) {
    case AIGW_EVENT_START:
        aigw_model_event_encode(ev, o);
        break;
    case AIGW_EVENT_BLOCK_START:
        n = snprintf(line, sizeof line, "block_start %u %s", (unsigned)ev->block, ev->custom ? "custom" : part_name(ev->kind));
        if (ev->kind == AIGW_PART_TOOL_CALL)
            n += snprintf(line + n, 300, " %.*s %.*s", ev->no_id ? 6 : (int)ev->id.n, ev->no_id ? "(made)" : ev->id.p, (int)ev->name.n, ev->name.p);
        break;
    case AIGW_EVENT_DELTA: n = snprintf(line, sizeof line, "delta %u %.*s", (unsigned)ev->block, (int)ev->text.n, ev->text.p); break;
    case AIGW_EVENT_BLOCK_STOP: n = snprintf(line, sizeof line, "block_stop %u", (unsigned)ev->block); break;
    case AIGW_EVENT_NOTE:
        if (ev->kind == AIGW_NOTE_SIGNATURE)
            n = snprintf(line, sizeof line, "state %u %s %.*s", (unsigned)ev->block, ev->state->kind == AIGW_OPAQUE_REDACTED ? "redacted" : "signature", (int)ev->state->data.n, ev->state->data.p);
        else n = snprintf(line, sizeof line, "note %s %s %.*s", ev->kind == AIGW_NOTE_CITATION ? "citation" : ev->kind == AIGW_NOTE_LOGPROBS ? "logprobs" : "other",
                          ev->block == AIGW_NO_BLOCK ? "-" : "0", (int)ev->text.n, ev->text.p);
        break;
    case AIGW_EVENT_USAGE:
        n = snprintf(line, sizeof line, "usage in %d cached %d write %d out %d reasoning %d", (int)ev->usage.input, (int)ev->usage.cached, (int)ev->usage.cache_write, (int)ev->usage.output, (int)ev->usage.reasoning);
        break;
    case AIGW_EVENT_STOP:
        n = snprintf(line, sizeof line, "stop");
        for (int c = 0; c < ev->choices; c++) n += snprintf(line + n, 40, " %s", aigw_model_finish_name(ev->finish[c]));
        if (ev->name.n) n += snprintf(line + n, 80, " %.*s", (int)ev->name.n, ev->name.p);
        if (ev->reason_made) n += snprintf(line + n, 20, " (made)");
        break;
    case AIGW_EVENT_ERROR: n = snprintf(line, sizeof line, "error %s", aigw_model_kind_name(ev->error->kind)); break;
    default: n = snprintf(line, sizeof line, "ping");
    }
    if (n) {
        aigw_str s = { line, n < (int)sizeof line ? (size_t)n : sizeof line - 1 };
        aigw_base_put(o, s);
    }
    aigw_base_put_byte(o, '\n');
}
T(streamed_answers) {
    for (size_t i = 0; i < T_COUNT(streams); i++) {
        t_row(streams[i].label);
        sink *s = decode_stream(dup(str(streams[i].wire)), streams[i].clean);
        recorded_answer(s);
        t_str("events", all(&s->brief).p, all(&s->brief).n, streams[i].log);
        if (s->kind) {                                        /* what the client gets: an error, nothing behind it, no end that looks like one */
            t_ok("an error at the end", aigw_base_find(all(&s->wire), str("data: {\"error\":{"), 0) < all(&s->wire).n);
            t_ok("no [DONE]", aigw_base_find(all(&s->wire), str("[DONE]"), 0) == all(&s->wire).n);
            t_ok("no reason", aigw_base_find(all(&s->wire), str("finish_reason\":\""), 0) == all(&s->wire).n);
            continue;
        }
        t_ok("one [DONE], last", ends_with_str(all(&s->wire), "\n\ndata: [DONE]\n\n"));
        sink *again = decode_stream(dup(all(&s->wire)), 1);   /* our own stream, read again, folds to the same answer */
        aigw_out a, b;
        out_init(&a, 1 << 16);
        out_init(&b, 1 << 16);
        s->resp.reason_made = 0;
        aigw_model_resp_encode(&s->resp, &a);
        aigw_model_resp_encode(&again->resp, &b);
        int changes = strstr(streams[i].log, "END\n") || strstr(streams[i].log, "(made)") || strstr(streams[i].log, "citation")
                      || !strcmp(streams[i].label, "words, a call, words") || !strcmp(streams[i].label, "arguments as an object");   /* known to come back otherwise */
        if (!changes)
            t_mem("read again", all(&b).p, all(&b).n, all(&a).p, all(&a).n);
    }
}
/* A stream is never finished by a break, wherever it is. */
T(cut_anywhere) {
    for (size_t i = 0; i < T_COUNT(streams); i += 5) {
        t_row(streams[i].label);
        aigw_str all_of_it = str(streams[i].wire);
        for (size_t n = 0; n <= all_of_it.n; n++) {
            aigw_str cut = { all_of_it.p, n };
            sink *s = decode_stream(cut, 0);
            if (!t_ok("one error, no stop", s->ends == 1 && s->kind && !s->bad)) break;
            t_free_all();
        }
    }
}

/* ---- what an OpenAI client gets, to the byte */

T(stream_out) {
    sink *s = sink_new(4096);
    aigw_event ev;
    aigw_usage u;
    aigw_opaque state;
    size_t from;
    memset(&ev, 0, sizeof ev);
    ev.type = AIGW_EVENT_START;
    ev.at = AIGW_NOWHERE;
    ev.id = str("x\"1");
    ev.model = str("m");
    ev.created_s = 5;
    d->event_encode(&s->enc, &ev, &s->wire);
#define P "data: {\"id\":\"x\\\"1\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{"
#define Q "},\"finish_reason\":null}]}\n\n"
    t_str("start", all(&s->wire).p, all(&s->wire).n, P "\"role\":\"assistant\",\"content\":\"\"" Q);
#define STEP(label, text) (t_str(label, all(&s->wire).p + from, all(&s->wire).n - from, text), from = all(&s->wire).n)
    from = all(&s->wire).n;
    ev.type = AIGW_EVENT_BLOCK_START;
    ev.kind = AIGW_PART_REASONING;
    d->event_encode(&s->enc, &ev, &s->wire);
    ev.type = AIGW_EVENT_DELTA;
    ev.text.p = "a\nb";
    ev.text.n = 3;
    ev.text.form = AIGW_TEXT_PLAIN;
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("plain words are escaped, and stand beside the place of their signature", P "\"reasoning_content\":\"a\\nb\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"a\\nb\",\"index\":0}]" Q);
    memset(&state, 0, sizeof state);
    state.owner = str("anthropic");
    state.model = str("claude:1");
    state.data.p = "sig";
    state.data.n = 3;
    ev.type = AIGW_EVENT_NOTE;
    ev.kind = AIGW_NOTE_SIGNATURE;
    ev.state = &state;
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("another's signature is tagged", P "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"aigw:anthropic:claude%3A1:Ssig\",\"index\":0}]" Q);
    ev.type = AIGW_EVENT_BLOCK_START;
    ev.kind = AIGW_PART_TOOL_CALL;
    ev.block = 1;
    ev.id = str("c");
    ev.name = str("f");
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("call", P "\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]" Q);
    ev.type = AIGW_EVENT_BLOCK_STOP;
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("no arguments are {}", P "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]" Q);
    ev.type = AIGW_EVENT_BLOCK_START;
    ev.block = 2;
    ev.id = str("an id of more than forty bytes is refused by OpenAI");
    d->event_encode(&s->enc, &ev, &s->wire);
    t_ok("second call counts on", aigw_base_find(all(&s->wire), str("\"tool_calls\":[{\"index\":1,\"id\":\"call_"), from) < all(&s->wire).n);
    from = all(&s->wire).n;
    ev.type = AIGW_EVENT_DELTA;
    ev.text.p = "{\"a\":1}";
    ev.text.n = 7;
    ev.text.form = AIGW_TEXT_JSON;
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("an object as a string", P "\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{\\\"a\\\":1}\"}}]" Q);
    state.owner = str("gemini");
    ev.type = AIGW_EVENT_NOTE;
    ev.kind = AIGW_NOTE_SIGNATURE;
    d->event_encode(&s->enc, &ev, &s->wire);
    t_ok("a signature on a call is base64", aigw_base_find(all(&s->wire), str("\"extra_content\":{\"google\":{\"thought_signature\":\"YWlndz"), from) < all(&s->wire).n);
    t_ok("beside a function, which ai 6 (Node) reads in every chunk",
         aigw_base_find(all(&s->wire), str("\"index\":1,\"function\":{\"arguments\":\"\"},\"extra_content\""),
                        from) < all(&s->wire).n);
    from = all(&s->wire).n;
    ev.type = AIGW_EVENT_NOTE;
    ev.kind = AIGW_NOTE_CITATION;
    ev.name = str("anthropic");
    ev.text.p = "{\"type\":\"web\",\"url\":\"https://u\",\"title\":\"t\"}";
    ev.text.n = strlen(ev.text.p);
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("a citation with its URL", P "\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://u\",\"title\":\"t\",\"start_index\":0,\"end_index\":0}}]" Q);
    ev.type = AIGW_EVENT_PING;
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("ping is a comment", ": keep-alive\n\n");
    memset(&u, 0, sizeof u);
    u.has = AIGW_USAGE_INPUT | AIGW_USAGE_OUTPUT | AIGW_USAGE_CACHED;
    u.input = 3;
    u.output = 2;
    u.cached = 1;
    ev.type = AIGW_EVENT_USAGE;
    ev.usage = u;
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("usage waits", "");
    ev.type = AIGW_EVENT_STOP;
    ev.choices = 1;
    ev.finish[0] = AIGW_FINISH_TOOL_CALLS;
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("end", P "},\"finish_reason\":\"tool_calls\"}]}\n\n"
         "data: {\"id\":\"x\\\"1\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5,"
         "\"prompt_tokens_details\":{\"cached_tokens\":1}}}\n\ndata: [DONE]\n\n");
    d->event_encode(&s->enc, &ev, &s->wire);
    STEP("nothing after it", "");
    t_str("losses", losses(&s->loss), strlen(losses(&s->loss)), "citations approximated\n");
}

/* ---- whole answers */

static const struct { const char *label, *body, *log; } wholes[] = {
    { "leading blank lines", "\n\n {\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"finish_reason\":\"stop\"}]}",
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "reasoning stands first, wherever it is", "{\"model\":\"m\",\"choices\":[{\"message\":{\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}],\"content\":\"a\",\"refusal\":null,"
      "\"reasoning_content\":\"hm\"},\"index\":0,\"finish_reason\":\"tool_calls\"}],\"id\":\"i\",\"created\":1}",
      START "block_start 0 reasoning\ndelta 0 hm\nblock_stop 0\nblock_start 1 text\ndelta 1 a\nblock_stop 1\nblock_start 2 tool_call c f\ndelta 2 {}\nblock_stop 2\nstop tool_calls\n" },
    { "gemini's endpoint: no id, a signature on the message, thoughts not counted", "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"finish_reason\":\"stop\",\"index\":0,\"message\":{\"extra_content\":{\"google\":{\"thought\":true,\"thought_signature\":\"AA==\"}},"
      "\"thought_signature\":\"AA==\",\"tool_calls\":[{\"function\":{\"arguments\":\"{}\",\"name\":\"f\"},\"id\":\"\",\"type\":\"function\"}]}}],\"usage\":{\"completion_tokens\":12,\"prompt_tokens\":35,\"total_tokens\":109}}",
      START "block_start 0 tool_call (made) f\nstate 0 signature AA==\ndelta 0 {}\nblock_stop 0\nusage in 35 cached 0 write 0 out 74 reasoning 62\nstop tool_calls\n" },
    { "no finish reason", "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":null}]}",
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop (made)\n" },
    { "perplexity: delta beside message", "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"citations\":[\"u\"],\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"a\"},\"delta\":{\"content\":\"x\"}}]}",
      START "block_start 0 text\ndelta 0 a\nblock_stop 0\nstop stop\n" },
    { "audio", "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":null,\"audio\":{\"id\":\"a\",\"data\":\"QUFB\",\"transcript\":\"t\",\"expires_at\":1}}}]}",
      START "block_start 0 audio\ndelta 0 QUFB\nblock_stop 0\nstop stop\n" },
    { "error in a 200", "{\"error\":{\"message\":\"m\",\"code\":502}}", "error server\n" },
    { "error in a choice", "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"error\":{\"code\":503,\"message\":\"busy\"},\"message\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}", START "error overloaded\n" },
    { "no choices", "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[]}", "error bad_response\n" },
    { "a page", "<html>oops</html>", "error bad_response\n" },
    { "nothing", "", "error bad_response\n" },
    { "a call that is no object", "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"tool_calls\":[7]},\"finish_reason\":\"stop\"}]}", START "error bad_response\n" },
};
/* Mistral's clients: a call goes out whole, also from memory that is at first too small; thoughts and refusals are content; usage comes
   unasked; random_seed is the seed. */
static void mistral_put(sink *s, aigw_event_type type, int kind, const char *text) {
    static char more[2][512];
    static int which;
    aigw_event ev;
    int r;
    memset(&ev, 0, sizeof ev);
    ev.type = (uint8_t)type;
    ev.kind = (uint8_t)kind;
    ev.block = (uint32_t)kind;
    ev.at = AIGW_NOWHERE;
    ev.id = str(type == AIGW_EVENT_START ? "x" : "c1");
    ev.model = str("m");
    ev.name = str("f");
    ev.created_s = 5;
    ev.text.p = text;
    ev.text.n = strlen(text);
    ev.text.form = AIGW_TEXT_PLAIN;
    ev.choices = 1;
    ev.finish[0] = AIGW_FINISH_STOP;
    ev.usage.has = AIGW_USAGE_INPUT | AIGW_USAGE_OUTPUT;
    ev.usage.input = ev.usage.output = 3;
    r = aigw_dialect_mistral.event_encode(&s->enc, &ev, &s->wire);
    if (r == AIGW_E_NOMEM) {
        t_int("more memory", aigw_dialect_enc_move(&s->enc, more[which ^= 1], sizeof more[0]), 0);
        r = aigw_dialect_mistral.event_encode(&s->enc, &ev, &s->wire);
    }
    t_int("written", r, 0);
}
T(mistral_streams) {
    static char hold[16];
    sink *s = sink_new(4096);
    size_t from;
    s->req.dialect = str("mistral");
    s->enc.req = &s->req;
    s->enc.hold = hold;
    s->enc.hold_cap = sizeof hold;
    mistral_put(s, AIGW_EVENT_START, 0, "");
    from = all(&s->wire).n;
#define M_STEP(label, text) (t_str(label, all(&s->wire).p + from, all(&s->wire).n - from, text), from = all(&s->wire).n)
#define M_OPEN "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{"
#define M_SHUT "},\"finish_reason\":null}]}\n\n"
    mistral_put(s, AIGW_EVENT_BLOCK_START, AIGW_PART_REASONING, "");
    mistral_put(s, AIGW_EVENT_DELTA, AIGW_PART_REASONING, "h\"m");
    M_STEP("a thought", M_OPEN "\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
                               "\"text\":\"h\\\"m\"}]}]" M_SHUT);
    mistral_put(s, AIGW_EVENT_BLOCK_STOP, AIGW_PART_REASONING, "");
    mistral_put(s, AIGW_EVENT_BLOCK_START, AIGW_PART_REFUSAL, "");
    mistral_put(s, AIGW_EVENT_DELTA, AIGW_PART_REFUSAL, "no");
    M_STEP("a refusal", M_OPEN "\"content\":\"no\"" M_SHUT);
    mistral_put(s, AIGW_EVENT_BLOCK_STOP, AIGW_PART_REFUSAL, "");
    mistral_put(s, AIGW_EVENT_BLOCK_START, AIGW_PART_TOOL_CALL, "");
    mistral_put(s, AIGW_EVENT_DELTA, AIGW_PART_TOOL_CALL, "{\"a\":");
    mistral_put(s, AIGW_EVENT_DELTA, AIGW_PART_TOOL_CALL, "1}");
    M_STEP("nothing of a call before its end", "");
    mistral_put(s, AIGW_EVENT_BLOCK_STOP, AIGW_PART_TOOL_CALL, "");
    M_STEP("a call", M_OPEN "\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":{"
                            "\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]" M_SHUT);
    mistral_put(s, AIGW_EVENT_BLOCK_START, AIGW_PART_TOOL_CALL, "");
    mistral_put(s, AIGW_EVENT_BLOCK_STOP, AIGW_PART_TOOL_CALL, "");
    M_STEP("no arguments are {}", M_OPEN "\"tool_calls\":[{\"index\":1,\"id\":\"c1\",\"type\":\"function\","
                                         "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]" M_SHUT);
    mistral_put(s, AIGW_EVENT_USAGE, 0, "");
    mistral_put(s, AIGW_EVENT_STOP, 0, "");
    t_ok("usage, unasked",
         aigw_base_find(all(&s->wire), str("\"usage\":{\"prompt_tokens\":3"), from) < all(&s->wire).n);
#undef M_OPEN
#undef M_SHUT
#undef M_STEP
}
T(mistral_asks) {
    const char *body = "{\"model\":\"m\",\"random_seed\":7,\"messages\":[{\"role\":\"user\",\"content\":[{"
                       "\"type\":\"image_url\",\"image_url\":"
                       "\"https://h/"
                       "x.png\"}]},{\"role\":\"assistant\",\"prefix\":false,\"content\":[{\"type\":"
                       "\"thinking\",\"thinking\":[{\"type\":\"text\","
                       "\"text\":\"hm\"}]},{\"type\":\"text\",\"text\":\"a\"}]},{\"role\":\"user\","
                       "\"content\":\"b\"}]}";
    aigw_arena mem = arena(1 << 16);
    aigw_header fields[8];
    aigw_head head;
    aigw_loss_item items[16];
    aigw_loss loss;
    aigw_fault fault;
    aigw_target to;
    aigw_req req;
    aigw_out out;
    memset(&head, 0, sizeof head);
    memset(&to, 0, sizeof to);
    head.headers = fields;
    head.cap = 8;
    aigw_model_loss_init(&loss, items, 16);
    out_init(&out, 1 << 14);
    if (!t_int("read", aigw_dialect_mistral.req_decode(NULL, str(body), &mem, &req, &fault), 0)) return;
    t_int("seed", (int)(req.param[AIGW_P_SEED].micro / 1000000), 7);
    t_ok("nothing left over", !req.raw || !aigw_base_eq(req.raw->name, str("random_seed")));
    t_int("written", d->req_encode(&req, &to, &mem, &head, &out, &loss), 0);
    t_ok("a picture as an object",
         aigw_base_find(all(&out), str("\"image_url\":{\"url\":\"https://h/x.png\"}"), 0) < all(&out).n);
    t_ok("its seed", aigw_base_find(all(&out), str("\"seed\":7"), 0) < all(&out).n);
    t_ok("no prefix", aigw_base_find(all(&out), str("prefix"), 0) == all(&out).n);
    t_ok("of clients only", !aigw_dialect_mistral.req_edit);
}
T(whole_answers) {
    for (size_t i = 0; i < T_COUNT(wholes); i++) {
        t_row(wholes[i].label);
        sink *s = decode_whole(dup(str(wholes[i].body)), 200);
        recorded_answer(s);
        t_str("events", all(&s->brief).p, all(&s->brief).n, wholes[i].log);
    }
}
/* Each is reported by its name, once, however many chunks repeat it; past the sixteenth one line stands for the others. */
T(unknown_members) {
    static const char perplexity[] = "{\"id\":\"i\",\"created\":1,\"model\":\"m\",\"citations\":[\"u\"],\"search_results\":[{\"url\":\"u\"}],\"images\":[1],"
        "\"choices\":[{\"index\":0,\"%s\":{\"content\":\"a\",\"images\":1},\"finish_reason\":%s}]}";
    char body[1024], want[32];
    snprintf(body, sizeof body, perplexity, "message", "\"stop\"");
    sink *s = decode_whole(dup(str(body)), 200);
    t_str("whole", losses(&s->loss), strlen(losses(&s->loss)),
          "citations dropped\nsearch_results dropped\nimages dropped\nchoices[0].message.images dropped\n");
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        n += (size_t)snprintf(body + n, sizeof body - n, "data: ");
        n += (size_t)snprintf(body + n, sizeof body - n, perplexity, "delta", i < 2 ? "null" : "\"stop\"");
        n += (size_t)snprintf(body + n, sizeof body - n, "\n\n");
    }
    s = decode_stream(dup(str(body)), 1);
    t_int("streamed", (long)s->loss.n, 4);
    n = (size_t)snprintf(body, sizeof body, "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]");
    for (int i = 0; i < 20; i++) n += (size_t)snprintf(body + n, sizeof body - n, ",\"x%d\":1", i);
    snprintf(body + n, sizeof body - n, "}");
    s = decode_whole(dup(str(body)), 200);
    t_int("many", (long)s->loss.n, 17);
    for (size_t i = 0; i < s->loss.n; i++) {
        snprintf(want, sizeof want, "x%d", (int)i);
        t_str("its name", s->loss.items[i].path, strlen(s->loss.items[i].path), want);
    }
}
static aigw_str encode_whole(sink *s, const aigw_resp *resp, int want) {
    aigw_out o;
    out_init(&o, 65536);
    t_int("encoded", d->resp_encode(&s->enc, resp, &o), want);
    return all(&o);
}
T(whole_out) {
    sink *s = decode_whole(dup(str("{\"id\":\"i\",\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"s\"}],"
        "\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\"}}],\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]},\"logprobs\":{\"content\":[]},"
        "\"finish_reason\":\"tool_calls\"},{\"index\":1,\"message\":{\"refusal\":\"no\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}")), 200);
    aigw_str got = encode_whole(s, &s->resp, 0);
    t_str("body", got.p, got.n,
        "{\"id\":\"i\",\"object\":\"chat.completion\",\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":null,\"reasoning_content\":\"hm\","
        "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"s\",\"index\":0}],\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}],"
        "\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\"}}]},\"logprobs\":{\"content\":[]},\"finish_reason\":\"tool_calls\"},"
        "{\"index\":1,\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}");
    s->resp.choice[0].finish = AIGW_FINISH_OTHER;
    encode_whole(s, &s->resp, AIGW_E_REFUSED);
    t_str("an end without a word is refused", losses(&s->loss), strlen(losses(&s->loss)), "finish_reason refused\n");
}
/* The client has a custom tool; the provider's dialect wrapped it as a function with one string. */
T(custom_tool_unwrapped) {
    aigw_str body = dup(str("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}}]}"));
    for (size_t cap = 0; cap < 128; cap++) {
        request *q = request_new(body);
        sink *s = sink_new(4096);
        aigw_event ev;
        s->enc.req = &q->req;
        s->enc.hold = (char *)t_alloc(cap);
        s->enc.hold_cap = cap;
        int r = 0;
        memset(&ev, 0, sizeof ev);
        ev.at = AIGW_NOWHERE;
        static const struct { uint8_t type; uint32_t block; const char *text; } steps[] = {
            { AIGW_EVENT_START, 0, "" }, { AIGW_EVENT_BLOCK_START, 0, "" }, { AIGW_EVENT_BLOCK_START, 1, "" }, { AIGW_EVENT_DELTA, 0, "{\\\"inp" }, { AIGW_EVENT_DELTA, 1, "not" },
            { AIGW_EVENT_DELTA, 0, "ut\\\":\\\"a\\\\\\\"b\\\"}" }, { AIGW_EVENT_DELTA, 1, " json" }, { AIGW_EVENT_BLOCK_STOP, 0, "" }, { AIGW_EVENT_BLOCK_STOP, 1, "" }, { AIGW_EVENT_STOP, 0, "" },
        };
        for (size_t i = 0; i < T_COUNT(steps) && !r; i++) {
            size_t before = s->wire.buf.n;
            ev.type = steps[i].type;
            ev.kind = AIGW_PART_TOOL_CALL;
            ev.block = steps[i].block;
            ev.id = str("c");
            ev.name = str("g");
            ev.text.p = steps[i].text;
            ev.text.n = strlen(steps[i].text);
            ev.text.form = AIGW_TEXT_ESCAPED;
            ev.choices = 1;
            ev.finish[0] = AIGW_FINISH_TOOL_CALLS;
            r = d->event_encode(&s->enc, &ev, &s->wire);
            if (r) t_ok("nothing was written", r == AIGW_E_NOMEM && s->wire.buf.n == before);
        }
        if (!r) {
            t_ok("unwrapped", aigw_base_find(all(&s->wire), str("{\"index\":0,\"custom\":{\"input\":\"a\\\"b\"}}"), 0) < all(&s->wire).n);
            t_ok("what is not wrapped stays", aigw_base_find(all(&s->wire), str("{\"index\":1,\"custom\":{\"input\":\"not json\"}}"), 0) < all(&s->wire).n);
        } else t_ok("small memory only", cap < 100);
        t_free_all();
        body = dup(str("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}}]}"));
    }
}

/* ---- bad requests: code, path, and that the offset is inside */

static const struct { const char *body; int code; const char *path; } bads[] = {
    { "", AIGW_E_SYNTAX, "" }, { "[]", AIGW_E_TYPE, "" }, { "{", AIGW_E_SYNTAX, "" }, { "{}", AIGW_E_MISSING, "" }, { "{\"model\":\"m\"}", AIGW_E_MISSING, "" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", AIGW_E_MISSING, "" }, { "{\"model\":7}", AIGW_E_TYPE, "model" }, { "{\"model\":\"m\",\"messages\":{}}", AIGW_E_TYPE, "messages" },
    { "{\"model\":\"m\",\"messages\":[]}", AIGW_E_VALUE, "messages" }, { "{\"model\":\"m\",\"model\":\"n\"}", AIGW_E_DUPLICATE, "model" },
    { "{\"model\":\"m\",\"mod\\u0065l\":\"n\"}", AIGW_E_DUPLICATE, "[\"mod\\u0065l\"]" },
    { "{\"model\":\"m\",\"messages\":[7]}", AIGW_E_TYPE, "messages[0]" }, { "{\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]}", AIGW_E_MISSING, "messages[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}", AIGW_E_VALUE, "messages[0]" }, { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}", AIGW_E_MISSING, "messages[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":7}]}", AIGW_E_TYPE, "messages[0].content" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{}]}]}", AIGW_E_MISSING, "messages[0].content[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}", AIGW_E_MISSING, "messages[0].content[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[7]}]}", AIGW_E_TYPE, "messages[0].content[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]}", AIGW_E_MISSING, "messages[0].content[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"filename\":\"f\"}}]}]}", AIGW_E_MISSING, "messages[0].content[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", AIGW_E_MISSING, "messages[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\"}]}]}", AIGW_E_MISSING, "messages[0].tool_calls[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{}}]}]}", AIGW_E_MISSING, "messages[0].tool_calls[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"role\":\"user\"}]}", AIGW_E_DUPLICATE, "messages[0].role" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\"}]}", AIGW_E_MISSING, "tools[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":null}]}", AIGW_E_MISSING, "tools[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":null}]}]}", AIGW_E_MISSING, "messages[0].tool_calls[0]" },
    { "{\"model\":null,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", AIGW_E_MISSING, "" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"parameters\":{}}}]}", AIGW_E_MISSING, "tools[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":7}}]}", AIGW_E_TYPE, "tools[0].function.parameters" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tool_choice\":\"maybe\"}", AIGW_E_VALUE, "tool_choice" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tool_choice\":{\"type\":\"function\"}}", AIGW_E_MISSING, "tool_choice" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":\"hot\"}", AIGW_E_TYPE, "temperature" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":\"yes\"}", AIGW_E_TYPE, "stream" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":\"7\"}", AIGW_E_TYPE, "max_tokens" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stop\":[7]}", AIGW_E_TYPE, "stop[0]" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"response_format\":{\"type\":\"json_schema\"}}", AIGW_E_MISSING, "response_format" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"metadata\":[]}", AIGW_E_TYPE, "metadata" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}", AIGW_E_SYNTAX, "messages[0].content" },
    { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} x", AIGW_E_SYNTAX, "" },
};
T(bad_requests) {
    for (size_t i = 0; i < T_COUNT(bads); i++) {
        t_row(bads[i].body);
        request *q = request_new(dup(str(bads[i].body)));
        t_int("code", q->decoded, bads[i].code);
        t_int("fault", q->fault.code, bads[i].code);
        t_str("path", q->fault.path, strlen(q->fault.path), bads[i].path);
        t_ok("offset", q->fault.at <= strlen(bads[i].body) && q->fault.text);
    }
}
/* With too little memory to decode it, a URL that may hold bytes, or state that may be another's, is not taken for what it looks like. */
T(memory_for_escapes) {
    static const char *const bodies[] = {
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image\\/png;base64,QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\"}}]}]}",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"x\",\"reasoning_details\":[{\"signature\":\"aigw:anthropic:a-model-with-a-name-that-is-longer-than-what-comes-after-it-needs:Sq\"}]}]}",
    };
    for (size_t i = 0; i < T_COUNT(bodies); i++) {
        aigw_str body = dup(str(bodies[i]));
        request *q = request_run(body);
        for (size_t n = 0; n < 2048; n++) {
            aigw_arena mem = arena(n), room = arena(4096);
            aigw_head head;
            aigw_header headers[4];
            aigw_fault fault;
            aigw_req req;
            aigw_out o;
            memset(&head, 0, sizeof head);
            head.headers = headers;
            head.cap = 4;
            out_init(&o, 4096);
            if (!d->req_decode(NULL, body, &mem, &req, &fault) && !d->req_encode(&req, &q->to, &room, &head, &o, NULL))
                t_mem("the same", all(&o).p, all(&o).n, all(&q->out).p, all(&q->out).n);
            if (n % 256 == 255) {
                t_free_all();
                body = dup(str(bodies[i]));
                q = request_run(body);
            }
        }
        t_free_all();
    }
}
/* Every size of memory from 0: an error or the same result, and never a byte beyond. */
T(memory) {
    for (size_t i = 0; i < T_COUNT(requests); i++) {
        t_row(requests[i].label);
        aigw_str body = str(requests[i].body);
        int r = AIGW_E_NOMEM;
        for (size_t n = 0; r && n < 1 << 16; n += n < 256 ? 1 : 61) {
            aigw_req req;
            aigw_fault fault;
            char *p = (char *)malloc(n);
            aigw_arena mem = aigw_base_arena(p, n);
            memset(&fault, 0, sizeof fault);
            r = d->req_decode(NULL, body, &mem, &req, &fault);
            if (r && !t_int("only memory is missing", r, AIGW_E_NOMEM)) break;
            free(p);
        }
        t_int("fits at last", r, 0);
        request *q = request_run(dup(body));
        size_t want = q->out.buf.n;
        for (size_t n = 0; n <= want; n += 1 + n / 16) {
            aigw_out o;
            aigw_arena mem = arena(65536);
            q->head.n = 0;
            aigw_base_out_init(&o, t_alloc(n), n, NULL, 0);
            t_int("a smaller buffer says so", d->req_encode(&q->req, &q->to, &mem, &q->head, &o, NULL), n < want ? AIGW_E_NOMEM : 0);
            t_int("and how much it wants", (long long)o.buf.n, (long long)want);
        }
        t_free_all();
    }
}

/* ---- targets that refuse */

T(limited_targets) {
    static const struct { const char *label, *members; uint32_t no; int code; const char *losses; } rows[] = {
        { "no tools", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"required\"", AIGW_CAN(TOOLS), AIGW_E_REFUSED, "tools[0] refused\n" },
        { "no forced tools", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"required\"", AIGW_CAN(FORCED_TOOLS), AIGW_E_REFUSED, "tool_choice refused\n" },
        { "no schema", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{}}}", AIGW_CAN(JSON_SCHEMA), AIGW_E_REFUSED, "response_format refused\n" },
        { "no JSON mode", "\"response_format\":{\"type\":\"json_object\"}", AIGW_CAN(JSON_OBJECT), AIGW_E_REFUSED, "response_format refused\n" },
        { "no sampling", "\"temperature\":1,\"top_p\":1,\"seed\":3", AIGW_CAN(SAMPLING), 0, "temperature dropped\ntop_p dropped\n" },
        { "no stop strings", "\"stop\":[\"a\"]", AIGW_CAN(STOP), 0, "stop dropped\n" },
        { "no reasoning", "\"reasoning_effort\":\"low\"", AIGW_CAN(REASONING), 0, "reasoning_effort dropped\n" },
        { "no parallel switch", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"parallel_tool_calls\":false", AIGW_CAN(PARALLEL_TOOLS), 0, "parallel_tool_calls dropped\n" },
        { "too many answers", "\"n\":99", 0, AIGW_E_REFUSED, "n refused\n" },
        { "choice without tools", "\"tool_choice\":\"auto\"", 0, 0, "tool_choice dropped\n" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char body[600];
        aigw_arena mem = arena(65536);
        t_row(rows[i].label);
        snprintf(body, sizeof body, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],%s}", rows[i].members);
        request *q = request_new(dup(str(body)));
        q->to.no = rows[i].no;
        t_int("code", d->req_encode(&q->req, &q->to, &mem, &q->head, &q->out, &q->loss), rows[i].code);
        t_str("losses", losses(&q->loss), strlen(losses(&q->loss)), rows[i].losses);
    }
    t_row("efforts and names");
    request *q = request_new(dup(str("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"reasoning_effort\":\"minimal\",\"max_completion_tokens\":9}")));
    aigw_arena mem = arena(65536);
    q->to.efforts = str("low high");
    q->to.id = str("upstream");
    q->to.base = str("/openai/v1");
    q->to.can = AIGW_CAN(MAX_TOKENS);
    t_int("code", d->req_encode(&q->req, &q->to, &mem, &q->head, &q->out, &q->loss), 0);
    t_str("body", all(&q->out).p, all(&q->out).n, "{\"model\":\"upstream\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":9,\"reasoning_effort\":\"low\"}");
    t_str("losses", losses(&q->loss), strlen(losses(&q->loss)), "reasoning_effort approximated\n");
    t_str("target", q->head.target.p, q->head.target.n, "/openai/v1/chat/completions");
}

/* ---- edits in place */

T(edits) {
    static const struct { const char *label, *body, *id, *edited, *losses; } rows[] = {
        { "nothing to do", "{ \"model\" : \"m\", \"x\":[1], \"messages\":[{\"role\":\"user\",\"content\":\"a\"}] }", "", "{ \"model\" : \"m\", \"x\":[1], \"messages\":[{\"role\":\"user\",\"content\":\"a\"}] }", "" },
        { "model", "{\"model\":\"m\",\"wild\":{\"model\":1},\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "n\"", "{\"model\":\"n\\\"\",\"wild\":{\"model\":1},\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "model synthesized\n" },
        { "usage", "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "", "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"stream_options\":{\"include_usage\":true}}", "stream_options.include_usage synthesized\n" },
        { "usage beside another option", "{\"stream_options\":{\"include_obfuscation\":false},\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "",
          "{\"stream_options\":{\"include_obfuscation\":false,\"include_usage\":true},\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "stream_options.include_usage synthesized\n" },
        { "usage switched off", "{\"stream_options\":{\"include_usage\":false},\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "",
          "{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "stream_options.include_usage synthesized\n" },
        { "state of others", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"aigw:x:y:Rz\"}, {\"type\":\"reasoning.encrypted\",\"data\":\"aigw:x:y:Rz\"},"
          "{\"type\":\"reasoning.text\",\"text\":\"t\",\"signature\" : \"aigw:x:y:Sz\"},{\"type\":\"reasoning.text\",\"text\":\"u\",\"signature\":\"own\"},{\"type\":\"reasoning.encrypted\",\"data\":\"aigw:x:y:Rz\"}]}]}", "",
          "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"t\"},{\"type\":\"reasoning.text\",\"text\":\"u\",\"signature\":\"own\"}]}]}",
          "messages[0].reasoning_details[0].data dropped\nmessages[0].reasoning_details[1].data dropped\nmessages[0].reasoning_details[2].signature dropped\nmessages[0].reasoning_details[4].data dropped\n" },
        { "state of others, all of it", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[ {\"data\":\"aigw:x:y:Rz\",\"type\":\"reasoning.encrypted\"} , {\"type\":\"reasoning.encrypted\",\"data\":\"aigw:x:y:Rz\"} ]}]}", "",
          "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[]}]}", "messages[0].reasoning_details[0].data dropped\nmessages[0].reasoning_details[1].data dropped\n" },
        { "state of gemini on a call", "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"\"},\"extra_content\":{\"google\":{\"thought_signature\":\"YWlndzpnZW1pbmk6bTpTeA==\"}}}]}]}", "",
          "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"\"},\"extra_content\":{\"google\":{}}}]}]}",
          "messages[0].tool_calls[0].extra_content.google.thought_signature dropped\n" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_arena mem = arena(65536);
        t_row(rows[i].label);
        request *q = request_new(dup(str(rows[i].body)));
        q->to.id = str(rows[i].id);
        t_int("decoded", q->decoded, 0);
        t_int("edited", d->req_edit(&q->req, &q->to, &mem, &q->head, &q->out, &q->loss), 0);
        t_str("body", all(&q->out).p, all(&q->out).n, rows[i].edited);
        t_str("losses", losses(&q->loss), strlen(losses(&q->loss)), rows[i].losses);
        t_int("is JSON", aigw_json_check(all(&q->out), AIGW_JSON_OBJECT), 0);
    }
}

/* ---- errors */

static const struct { int status; const char *body, *headers; int kind; const char *code, *message; long after; } errors[] = {
    { 400, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":\"stop\",\"code\":\"unsupported_parameter\"}}", "", AIGW_KIND_INVALID_REQUEST, "unsupported_parameter", "m", -1 },
    { 400, "{\"error\":{\"message\":\"This model's maximum context length is 8 tokens. However, you requested 9\",\"type\":\"invalid_request_error\",\"code\":null}}", "", AIGW_KIND_CONTEXT_LENGTH, "", "This model's maximum context length is 8 tokens. However, you requested 9", -1 },
    { 400, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}", "", AIGW_KIND_CONTEXT_LENGTH, "context_length_exceeded", "m", -1 },
    { 400, "{\"error\":{\"message\":\"m\",\"code\":\"content_policy_violation\",\"type\":\"invalid_request_error\"}}", "", AIGW_KIND_CONTENT_FILTER, "content_policy_violation", "m", -1 },
    { 400, "{\"error\":{\"message\":\"m\",\"code\":\"billing_hard_limit_reached\",\"type\":\"invalid_request_error\"}}", "", AIGW_KIND_QUOTA, "billing_hard_limit_reached", "m", -1 },
    { 401, "{\"error\":{\"message\":\"Incorrect API key provided: sk-abcdefgh12345678.\",\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}", "", AIGW_KIND_AUTH, "invalid_api_key", "Incorrect API key provided: ***.", -1 },
    { 401, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":null}}", "", AIGW_KIND_AUTH, "", "m", -1 },
    { 403, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":\"unsupported_country_region_territory\"}}", "", AIGW_KIND_PERMISSION, "unsupported_country_region_territory", "m", -1 },
    { 404, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":\"model_not_found\"}}", "", AIGW_KIND_NOT_FOUND, "model_not_found", "m", -1 },
    { 404, "{\"detail\":\"Not Found\"}", "", AIGW_KIND_NOT_FOUND, "", "Not Found", -1 },
    { 409, "{\"error\":{\"message\":\"m\",\"type\":\"conflict\"}}", "", AIGW_KIND_CONFLICT, "", "m", -1 },
    { 413, "", "", AIGW_KIND_TOO_LARGE, "", "the provider gave no reason", -1 },
    { 422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\",\"type\":\"value_error\"}]}", "", AIGW_KIND_INVALID_REQUEST, "", "field required", -1 },
    { 429, "{\"error\":{\"message\":\"Rate limit reached. Please try again in 6m0s.\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}", "", AIGW_KIND_RATE_LIMIT, "rate_limit_exceeded", "Rate limit reached. Please try again in 6m0s.", 360000 },
    { 429, "{\"error\":{\"message\":\"m\",\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"}}", "retry-after-ms=1500;retry-after=9", AIGW_KIND_RATE_LIMIT, "rate_limit_exceeded", "m", 1500 },
    { 429, "{\"error\":{\"message\":\"m\",\"type\":\"rate_limit_error\",\"code\":\"slow_down\"}}", "retry-after=20", AIGW_KIND_RATE_LIMIT, "slow_down", "m", 20000 },
    { 429, "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}", "", AIGW_KIND_QUOTA, "insufficient_quota", "m", -1 },
    { 429, "{\"error\":{\"message\":\"m\",\"code\":\"credit_balance_exhausted\"}}", "", AIGW_KIND_QUOTA, "credit_balance_exhausted", "m", -1 },
    { 429, "{\"error\":{\"code\":429,\"message\":\"Provider returned error\",\"metadata\":{\"provider_name\":\"G\",\"raw\":\"slow, please\"}},\"user_id\":\"u\"}", "", AIGW_KIND_RATE_LIMIT, "429", "slow, please", -1 },
    { 402, "{\"error\":{\"message\":\"Insufficient Balance\",\"type\":\"unknown_error\",\"param\":null,\"code\":\"invalid_request_error\"}}", "", AIGW_KIND_QUOTA, "invalid_request_error", "Insufficient Balance", -1 },
    { 498, "{\"error\":{\"message\":\"m\",\"type\":\"x\"}}", "", AIGW_KIND_OVERLOADED, "", "m", -1 },
    { 500, "{\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":null}}", "", AIGW_KIND_SERVER, "", "m", -1 },
    { 502, "<html><body>Bad gateway</body></html>", "", AIGW_KIND_SERVER, "", "the provider gave no reason", -1 },
    { 503, "{\"error\":{\"message\":\"m\",\"type\":\"service_unavailable_error\",\"code\":\"server_is_overloaded\"}}", "", AIGW_KIND_OVERLOADED, "server_is_overloaded", "m", -1 },
    { 503, "{\"error\":{\"message\":\"m\",\"type\":\"x\",\"code\":\"slow_down\"}}", "", AIGW_KIND_OVERLOADED, "slow_down", "m", -1 },
    { 503, "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}", "", AIGW_KIND_OVERLOADED, "503", "Loading model", -1 },
    { 504, "", "", AIGW_KIND_TIMEOUT, "", "the provider gave no reason", -1 },
    { 524, "<html>", "", AIGW_KIND_TIMEOUT, "", "the provider gave no reason", -1 },
    { 529, "", "", AIGW_KIND_OVERLOADED, "", "the provider gave no reason", -1 },
    { 400, "{\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}", "", AIGW_KIND_INVALID_REQUEST, "400", "m", -1 },
    { 404, "{\"error\":\"model 'x' not found\"}", "", AIGW_KIND_NOT_FOUND, "", "model 'x' not found", -1 },
    { 400, "[{\"error\":{\"code\":400,\"message\":\"m\",\"status\":\"INVALID_ARGUMENT\"}}]", "", AIGW_KIND_INVALID_REQUEST, "400", "m", -1 },
    { 401, "{\"error\":{\"code\":\"401\",\"message\":\"m\"}}", "", AIGW_KIND_AUTH, "401", "m", -1 },
    { 429, "{\"error\":{\"code\":\"RateLimitReached\",\"message\":\"m\"}}", "", AIGW_KIND_RATE_LIMIT, "RateLimitReached", "m", -1 },
    { 200, "{\"code\":\"The service is currently unavailable\",\"error\":\"text\"}", "", AIGW_KIND_OVERLOADED, "The service is currently unavailable", "text", -1 },
    { 400, "{\"error\":{\"message\":\"m\",\"type\":\"too_many_prompt_tokens\",\"code\":400}}", "", AIGW_KIND_CONTEXT_LENGTH, "400", "m", -1 },
    { 400, "{\"error\":{\"mess", "", AIGW_KIND_INVALID_REQUEST, "", "the provider gave no reason", -1 },
    { 429, "{\"message\":\"m\"}", "x-should-retry=false;x-ratelimit-remaining-requests=0;x-ratelimit-reset-requests=7.66s", AIGW_KIND_RATE_LIMIT, "", "m", 7660 },
};
/* "name=value;name=value" */
static void head_init(aigw_head *head, aigw_header *headers, size_t cap, int status, const char *list) {
    memset(head, 0, sizeof *head);
    head->headers = headers;
    head->cap = cap;
    head->status = status;
    while (*list) {
        size_t eq = strcspn(list, "="), end = strcspn(list, ";");
        aigw_str name = { list, eq }, value = { list + eq + 1, end - eq - 1 };
        aigw_base_header_put(head, name, value);
        list += end + (list[end] == ';');
    }
}
T(errors_in) {
    for (size_t i = 0; i < T_COUNT(errors); i++) {
        char label[24];
        aigw_header headers[8];
        aigw_head head;
        aigw_error err;
        aigw_arena mem = arena(4096);
        aigw_now now = { 1, 1760000000 };
        snprintf(label, sizeof label, "row %u", (unsigned)i);
        t_row(label);
        head_init(&head, headers, 8, errors[i].status, errors[i].headers);
        d->error_decode(now, &head, dup(str(errors[i].body)), &mem, &err);
        t_int("kind", err.kind, errors[i].kind);
        t_str("code", err.code.p, err.code.n, errors[i].code);
        t_str("message", err.message.p, err.message.n, errors[i].message);
        t_int("wait", err.retry_after_ms, errors[i].after);
        for (size_t n = 0; n < 64; n++) {                     /* never fails, whatever memory there is */
            aigw_arena less = arena(n);
            d->error_decode(now, &head, dup(str(errors[i].body)), &less, &err);
            t_ok("a message", err.message.n > 0);
        }
        t_free_all();
    }
}
T(errors_out) {
    static const struct { int kind; const char *type, *code, *body; } rows[] = {
        { AIGW_KIND_RATE_LIMIT, "", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"rate_limit_error\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}" },
        { AIGW_KIND_RATE_LIMIT, "tokens", "rate_limit_exceeded", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"tokens\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}" },
        { AIGW_KIND_OVERLOADED, "overloaded_error", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"service_unavailable_error\",\"param\":null,\"code\":\"server_is_overloaded\"}}" },
        { AIGW_KIND_PERMISSION, "permission_error", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"insufficient_permissions\",\"param\":null,\"code\":null}}" },
        { AIGW_KIND_NOT_FOUND, "NOT_FOUND", "404", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}" },
        { AIGW_KIND_INVALID_REQUEST, "invalid_request_error", "unsupported_parameter", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"unsupported_parameter\"}}" },
        { AIGW_KIND_TRUNCATED, "", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_truncated\"}}" },
        { AIGW_KIND_CONNECT, "", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_unreachable\"}}" },
        { AIGW_KIND_BUDGET, "", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"budget_exceeded\"}}" },
        { AIGW_KIND_BUSY, "", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"server_error\",\"param\":null,\"code\":\"gateway_busy\"}}" },
        { AIGW_KIND_NO_ROUTE, "", "", "{\"error\":{\"message\":\"What. Do.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_header headers[8];
        aigw_head head;
        aigw_error err;
        aigw_out o;
        aigw_arena mem = arena(4096);
        t_row(rows[i].body);
        head_init(&head, headers, 8, 0, "");
        out_init(&o, 4096);
        aigw_dialect_error(&err, rows[i].kind, "What.", "Do.");
        err.type = str(rows[i].type);
        err.code = str(rows[i].code);
        err.retry_after_ms = 1500;
        t_int("encoded", d->error_encode(&err, &mem, &head, &o), 0);
        t_str("body", all(&o).p, all(&o).n, rows[i].body);
        t_int("status", head.status, aigw_model_kind_status(rows[i].kind));
        aigw_str after = aigw_base_header(&head, str("retry-after")), ms = aigw_base_header(&head, str("retry-after-ms"));
        t_str("retry-after, rounded up", after.p, after.n, "2");
        t_str("retry-after-ms", ms.p, ms.n, "1500");
    }
}
T(limits) {
    aigw_header headers[16];
    aigw_head head;
    aigw_limits l;
    aigw_now now = { 1, 1760000000 };
    aigw_arena mem = arena(4096);
    head_init(&head, headers, 16, 200, "x-ratelimit-limit-requests=500;x-ratelimit-remaining-requests=499;x-ratelimit-reset-requests=120ms;"
              "x-ratelimit-limit-tokens=30000;x-ratelimit-remaining-tokens=29000;x-ratelimit-reset-tokens=6m0s;retry-after=3");
    memset(&l, 0, sizeof l);
    d->limits_decode(now, &head, &l);
    t_int("requests", l.requests.limit, 500);
    t_int("left", l.requests.remaining, 499);
    t_int("reset", l.requests.reset_ms, 120);
    t_int("tokens", l.tokens.limit, 30000);
    t_int("reset", l.tokens.reset_ms, 360000);
    t_int("not said", l.input_tokens.limit, -1);
    t_int("wait", l.retry_after_ms, 3000);
    head_init(&head, headers, 16, 0, "");
    t_int("encoded", d->limits_encode(now, &l, &mem, &head), 0);
    t_str("reset", aigw_base_header(&head, str("x-ratelimit-reset-tokens")).p, aigw_base_header(&head, str("x-ratelimit-reset-tokens")).n, "6m0s");
    t_str("left", aigw_base_header(&head, str("x-ratelimit-remaining-requests")).p, aigw_base_header(&head, str("x-ratelimit-remaining-requests")).n, "499");
    head_init(&head, headers, 16, 200, "x-ratelimit-limit-requests-day=14400;x-ratelimit-reset-requests-day=33011.38;x-ratelimit-limit-tokens-minute=6000;x-ratelimit-remaining-tokens-minute=0");
    d->limits_decode(now, &head, &l);
    t_int("Cerebras: a day", l.requests.limit, 14400);
    t_int("in seconds", l.requests.reset_ms, 33011380);
    t_int("a minute", l.tokens.remaining, 0);
}
T(matches) {
    static const struct { const char *method, *target; int op; const char *model; } rows[] = {
        { "POST", "/v1/chat/completions", AIGW_OP_CHAT, "" }, { "POST", "/openai/v1/chat/completions?x=1", AIGW_OP_CHAT, "" }, { "POST", "/chat/completions", AIGW_OP_CHAT, "" },
        { "GET", "/v1/chat/completions", AIGW_OP_NONE, "" }, { "POST", "/v1/completions", AIGW_OP_NONE, "" }, { "GET", "/v1/models", AIGW_OP_MODELS, "" }, { "GET", "/models?limit=3", AIGW_OP_MODELS, "" },
        { "GET", "/v1/models/openai/gpt-4o", AIGW_OP_MODELS, "openai/gpt-4o" }, { "GET", "/v1/models/", AIGW_OP_MODELS, "" }, { "GET", "/v1beta/models", AIGW_OP_NONE, "" }, { "GET", "/v1/modelsx", AIGW_OP_NONE, "" },
        { "POST", "/v1/models/m:generateContent", AIGW_OP_NONE, "" }, { "GET", "", AIGW_OP_NONE, "" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_head head;
        aigw_req req;
        aigw_fault fault;
        aigw_arena mem = arena(1024);
        t_row(rows[i].target);
        memset(&head, 0, sizeof head);
        head.method = str(rows[i].method);
        head.target = str(rows[i].target);
        t_int("op", d->match(&head), rows[i].op);
        if (rows[i].op != AIGW_OP_MODELS) continue;
        t_int("read", d->req_decode(&head, str(""), &mem, &req, &fault), 0);
        t_str("model", req.model.p, req.model.n, rows[i].model);
    }
    t_row(NULL);
    aigw_model_info info[2] = { { { "a", 1 }, { "o", 1 }, 5, 0, 0, 0 }, { { "b", 1 }, { "p", 1 }, 6, 0, 0, 0 } };
    aigw_out o;
    out_init(&o, 1024);
    t_int("list", d->models_encode(info, 2, 0, &o), 0);
    t_str("list", all(&o).p, all(&o).n, "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"object\":\"model\",\"created\":5,\"owned_by\":\"o\"},{\"id\":\"b\",\"object\":\"model\",\"created\":6,\"owned_by\":\"p\"}]}");
    out_init(&o, 1024);
    t_int("one", d->models_encode(info, 1, 1, &o), 0);
    t_str("one", all(&o).p, all(&o).n, "{\"id\":\"a\",\"object\":\"model\",\"created\":5,\"owned_by\":\"o\"}");
}

int main(void) {
    T_RUN(requests_in_and_out);
    T_RUN(written_twice);
    T_RUN(streamed_answers);
    T_RUN(cut_anywhere);
    T_RUN(stream_out);
    T_RUN(mistral_streams);
    T_RUN(mistral_asks);
    T_RUN(whole_answers);
    T_RUN(unknown_members);
    T_RUN(whole_out);
    T_RUN(custom_tool_unwrapped);
    T_RUN(bad_requests);
    T_RUN(memory);
    T_RUN(memory_for_escapes);
    T_RUN(limited_targets);
    T_RUN(edits);
    T_RUN(errors_in);
    T_RUN(errors_out);
    T_RUN(limits);
    T_RUN(matches);
    T_RUN(recordings);
    return t_end();
}
