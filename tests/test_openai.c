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
    STEP("plain words are escaped", P "\"reasoning_content\":\"a\\nb\"" Q);
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

int main(void) {
    T_RUN(requests_in_and_out);
    T_RUN(streamed_answers);
    T_RUN(cut_anywhere);
    T_RUN(stream_out);
    T_RUN(recordings);
    return t_end();
}
