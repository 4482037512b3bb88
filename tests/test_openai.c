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
    aigw_out   log, wire;
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

static int sink_put(void *user, const aigw_event *ev) {
    sink *s = (sink *)user;
    if (aigw_model_check_put(&s->check, ev) < 0) {
        s->bad++;
        s->why = s->check.why;
    }
    if (aigw_model_fold_put(&s->fold, ev) < 0) s->bad++;
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

/* ---- recordings */

static const char *const makes[] = { "openai-chat", "groq", "cerebras", "openrouter", "deepseek", "together", "huggingface", "gpustack", "gemini-openai-compat",
    "mistral", "zai", "xai", "perplexity", "ollama-openai-compat", "azure-openai" };

static int ends_with(const char *s, const char *tail) {
    size_t n = strlen(s), k = strlen(tail);
    return n >= k && !strcmp(s + n - k, tail);
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

int main(void) {
    T_RUN(requests_in_and_out);
    T_RUN(recordings);
    return t_end();
}
