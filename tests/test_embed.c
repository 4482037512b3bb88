/* SPDX-License-Identifier: MIT OR Unlicense */
/* Embeddings: requests between dialects, answers cut anywhere, numbers and base64 exact both ways (against the C library's own floats), recorded answers. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "foreign.h"

typedef struct { const char *path; const aigw_dialect *d; } form;
static const form openai = { "/v1/embeddings", &aigw_dialect_openai }, batch = { "/v1beta/models/m:batchEmbedContents", &aigw_dialect_gemini },
                  single = { "/v1beta/models/m:embedContent", &aigw_dialect_gemini }, cohere = { "/v2/embed", &aigw_dialect_cohere },
                  ollama = { "/api/embed", &aigw_dialect_ollama }, older = { "/api/embeddings", &aigw_dialect_ollama },
                  titan = { "/model/amazon.titan-embed-text-v2%3A0/invoke", &aigw_dialect_bedrock }, command = { "/model/cohere.embed-v4%3A0/invoke", &aigw_dialect_bedrock };

static unsigned char tree[1 << 16], strings[1 << 16];
static char text[1 << 20], losses[4096], fold_text[1 << 20];

static aigw_str of(const char *s) { return aigw_base_str(s); }

static int read_request(const form *from, const char *body, aigw_head *head, aigw_req *req, aigw_fault *fault) {
    aigw_arena mem = aigw_base_arena(tree, sizeof tree);
    aigw_str s;
    memset(head, 0, sizeof *head);
    head->method = of("POST");
    head->target = of(from->path);
    s.n = strlen(body);
    s.p = t_dup(body, s.n);
    return from->d->req_decode(head, s, &mem, req, fault);
}

/* ---- requests */

static const struct { const char *label; const form *from; const char *body; const form *to; const char *target, *want, *lost; } requests[] = {
    { "to Cohere", &openai, "{\"model\":\"x\",\"input\":\"a\",\"dimensions\":256}", &cohere, "/v2/embed",
      "{\"model\":\"T\",\"texts\":[\"a\"],\"output_dimension\":256,\"input_type\":\"search_document\",\"embedding_types\":[\"float\"]}", "input_type synthesized;" },
    { "Gemini's types are Cohere's", &single, "{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"taskType\":\"RETRIEVAL_QUERY\"}", &cohere, NULL,
      "{\"model\":\"T\",\"texts\":[\"a\"],\"input_type\":\"search_query\",\"embedding_types\":[\"float\"]}", "" },
    { "not all of them", &single, "{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"taskType\":\"SEMANTIC_SIMILARITY\"}", &cohere, NULL,
      "{\"model\":\"T\",\"texts\":[\"a\"],\"input_type\":\"search_document\",\"embedding_types\":[\"float\"]}", "taskType approximated;" },
    { "Cohere to Gemini", &cohere, "{\"model\":\"x\",\"texts\":[\"a\"],\"input_type\":\"classification\",\"embedding_types\":[\"float\"],\"truncate\":\"NONE\"}", &batch, NULL,
      "{\"requests\":[{\"model\":\"models/T\",\"content\":{\"parts\":[{\"text\":\"a\"}]},\"taskType\":\"CLASSIFICATION\"}]}", "truncate dropped;" },
    { "int8 is Cohere's", &cohere, "{\"model\":\"x\",\"texts\":[\"a\"],\"embedding_types\":[\"int8\"]}", &openai, NULL, "refused", "embedding_types refused;" },
    { "images too", &cohere, "{\"model\":\"x\",\"images\":[\"data:\"],\"input_type\":\"image\"}", &openai, NULL, "refused", "images refused;images dropped;" },
    { "the same Cohere", &cohere, "{\"model\":\"x\",\"images\":[\"data:\"]}", &cohere, "/v2/embed", "{\"model\":\"T\",\"images\":[\"data:\"]}", "model synthesized;" },
    { "Cohere to Ollama", &cohere, "{\"model\":\"x\",\"texts\":[\"a\",\"b\"],\"input_type\":\"search_query\",\"truncate\":\"END\"}", &ollama, "/api/embed",
      "{\"model\":\"T\",\"input\":[\"a\",\"b\"],\"truncate\":true}", "input_type dropped;" },
    { "Ollama to Cohere", &ollama, "{\"model\":\"x\",\"input\":\"a\",\"truncate\":false,\"keep_alive\":\"5m\",\"options\":{}}", &cohere, NULL,
      "{\"model\":\"T\",\"texts\":[\"a\"],\"input_type\":\"search_document\",\"embedding_types\":[\"float\"],\"truncate\":\"NONE\"}", "keep_alive dropped;options dropped;input_type synthesized;" },
    { "Ollama's older form", &older, "{\"model\":\"x\",\"prompt\":\"a\"}", &openai, "/v1/embeddings", "{\"model\":\"T\",\"input\":\"a\"}", "" },
    { "the same older form", &older, "{\"model\":\"x\",\"prompt\":\"a\"}", &ollama, "/api/embeddings", "{\"model\":\"T\",\"prompt\":\"a\"}", "model synthesized;" },
    { "to Titan", &openai, "{\"model\":\"x\",\"input\":\"a\",\"dimensions\":256}", &titan, "/model/T/invoke", "{\"inputText\":\"a\",\"dimensions\":256}", "" },
    { "two to Titan", &openai, "{\"model\":\"x\",\"input\":[\"a\",\"b\"]}", &titan, NULL, "refused", "input[1] refused;" },
    { "Titan to Cohere", &titan, "{\"inputText\":\"a\",\"normalize\":true}", &cohere, NULL,
      "{\"model\":\"T\",\"texts\":[\"a\"],\"input_type\":\"search_document\",\"embedding_types\":[\"float\"]}", "normalize dropped;input_type synthesized;" },
    { "Cohere on Bedrock to OpenAI", &command, "{\"texts\":[\"a\"],\"input_type\":\"search_query\"}", &openai, NULL, "{\"model\":\"T\",\"input\":\"a\"}", "input_type dropped;" },
    { "one text", &openai, "{\"model\":\"x\",\"input\":\"a\\u00e9\"}", &batch, "/v1beta/models/T:batchEmbedContents",
      "{\"requests\":[{\"model\":\"models/T\",\"content\":{\"parts\":[{\"text\":\"a\\u00e9\"}]}}]}", "" },
    { "two texts, size, base64", &openai, "{\"model\":\"x\",\"input\":[\"a\",\"b\"],\"dimensions\":256,\"encoding_format\":\"base64\",\"user\":\"u\"}", &batch, NULL,
      "{\"requests\":[{\"model\":\"models/T\",\"content\":{\"parts\":[{\"text\":\"a\"}]},\"outputDimensionality\":256},{\"model\":\"models/T\",\"content\":{\"parts\":[{\"text\":\"b\"}]},\"outputDimensionality\":256}]}",
      "user dropped;" },
    { "tokens", &openai, "{\"model\":\"x\",\"input\":[1,2]}", &batch, NULL, "refused", "input refused;" },
    { "lists of tokens", &openai, "{\"model\":\"x\",\"input\":[[1,2],[3]]}", &batch, NULL, "refused", "input[0] refused;input[1] refused;" },
    { "an encoding of its own", &openai, "{\"model\":\"x\",\"input\":\"a\",\"encoding_format\":\"ubinary\"}", &batch, NULL, "refused", "encoding_format refused;" },
    { "unknown member", &openai, "{\"model\":\"x\",\"input\":\"a\",\"foo\":1}", &batch, NULL, "{\"requests\":[{\"model\":\"models/T\",\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}", "foo dropped;" },
    { "same dialect", &openai, "{ \"input\" : [1,2], \"model\":\"x\",\"foo\":1}", &openai, "/v1/embeddings", "{ \"input\" : [1,2], \"model\":\"T\",\"foo\":1}", "model synthesized;" },
    { "single", &single, "{\"content\":{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\\n\"}]},\"taskType\":\"RETRIEVAL_QUERY\",\"outputDimensionality\":3}", &openai, "/v1/embeddings",
      "{\"model\":\"T\",\"input\":\"ab\\n\",\"dimensions\":3}", "taskType dropped;" },
    { "batch, snake case", &batch, "{\"requests\":[{\"model\":\"models/m\",\"content\":{\"parts\":[{\"text\":\"a\"}]},\"output_dimensionality\":3},{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"outputDimensionality\":3}]}",
      &openai, NULL, "{\"model\":\"T\",\"input\":[\"a\",\"b\"],\"dimensions\":3}", "" },
    { "titles and other sizes are Gemini's", &batch, "{\"requests\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"title\":\"t\"},{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"outputDimensionality\":3}]}",
      &openai, NULL, "{\"model\":\"T\",\"input\":[\"a\",\"b\"]}", "requests[0].title dropped;requests[1].outputDimensionality dropped;" },
    { "an image", &single, "{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AA==\"}}]}}", &openai, NULL, "refused", "content refused;" },
    { "same, single", &single, "{ \"model\": \"models/m\", \"content\":{\"parts\":[{\"text\":\"a\"}]}}", &single, "/v1beta/models/T:embedContent",
      "{ \"model\": \"models/T\", \"content\":{\"parts\":[{\"text\":\"a\"}]}}", "model synthesized;" },
    { "same, batch", &batch, "{\"requests\": [{\"model\":\"models/m\",\"content\":{}}, {\"content\":{\"parts\":[]},\"model\":\"models/m\"}],\"x\":1}", &batch, "/v1beta/models/T:batchEmbedContents",
      "{\"requests\": [{\"model\":\"models/T\",\"content\":{}}, {\"content\":{\"parts\":[]},\"model\":\"models/T\"}],\"x\":1}", "model synthesized;" },
};

static void lost(const aigw_loss *loss) {
    size_t n = 0;
    losses[0] = 0;
    for (size_t i = 0; i < loss->n; i++)
        n += (size_t)snprintf(losses + n, sizeof losses - n, "%s %s;", loss->items[i].path, aigw_model_loss_name(loss->items[i].action));
}

T(requests) {
    for (size_t i = 0; i < T_COUNT(requests); i++) {
        aigw_arena mem = aigw_base_arena(strings, sizeof strings);
        aigw_header fields[8];
        aigw_head in, head = { { NULL, 0 }, { NULL, 0 }, 0, fields, 0, 8 };
        aigw_loss_item items[16];
        aigw_target to;
        aigw_loss loss;
        aigw_fault fault;
        aigw_req req;
        aigw_out out;
        int r;
        t_row(requests[i].label);
        if (!t_int("read", read_request(requests[i].from, requests[i].body, &in, &req, &fault), AIGW_OK)) continue;
        t_int("operation", req.op, AIGW_OP_EMBED);
        memset(&to, 0, sizeof to);
        to.id = of("T");
        if (requests[i].to->d == &aigw_dialect_openai) to.base = of("/v1");
        aigw_model_loss_init(&loss, items, 16);
        loss.doc = req.body;
        aigw_base_out_init(&out, text, sizeof text, NULL, 0);
        r = (requests[i].from->d == requests[i].to->d ? requests[i].to->d->req_edit : requests[i].to->d->req_encode)(&req, &to, &mem, &head, &out, &loss);
        if (r) t_str("body", r == AIGW_E_REFUSED ? "refused" : "?", r == AIGW_E_REFUSED ? 7u : 1u, requests[i].want);
        else t_str("body", text, out.buf.n, requests[i].want);
        lost(&loss);
        t_str("report", losses, strlen(losses), requests[i].lost);
        if (requests[i].target) t_str("target", head.target.p, head.target.n, requests[i].target);
    }
    t_row(NULL);
    t_free_all();
}

T(bad_requests) {
    static const struct { const char *label; const form *from; const char *body; int code; const char *path; } rows[] = {
        { "no input", &openai, "{\"model\":\"x\"}", AIGW_E_MISSING, "" },
        { "no model", &openai, "{\"input\":\"x\"}", AIGW_E_MISSING, "" },
        { "empty list", &openai, "{\"model\":\"x\",\"input\":[]}", AIGW_E_VALUE, "input" },
        { "a number", &openai, "{\"model\":\"x\",\"input\":1}", AIGW_E_TYPE, "input" },
        { "mixed", &openai, "{\"model\":\"x\",\"input\":[\"a\",{}]}", AIGW_E_TYPE, "input[1]" },
        { "twice", &openai, "{\"model\":\"x\",\"input\":\"a\",\"input\":\"b\"}", AIGW_E_DUPLICATE, "input" },
        { "dimensions", &openai, "{\"model\":\"x\",\"input\":\"a\",\"dimensions\":\"3\"}", AIGW_E_TYPE, "dimensions" },
        { "cut", &openai, "{\"model\":\"x\",\"input\":\"a\"", AIGW_E_SYNTAX, "" },
        { "no content", &single, "{\"taskType\":\"x\"}", AIGW_E_MISSING, "" },
        { "no requests", &batch, "{}", AIGW_E_MISSING, "" },
        { "one without content", &batch, "{\"requests\":[{\"content\":{}},{}]}", AIGW_E_MISSING, "requests[1]" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_head head;
        aigw_fault fault;
        aigw_req req;
        t_row(rows[i].label);
        t_int("code", read_request(rows[i].from, rows[i].body, &head, &req, &fault), rows[i].code);
        t_str("path", fault.path, strlen(fault.path), rows[i].path);
    }
    t_row(NULL);
    t_free_all();
}

/* ---- answers */

typedef struct { aigw_dec dec; aigw_enc enc; aigw_out out; aigw_check check; int ends, kind; } relay;

static int relay_put(void *user, const aigw_event *ev) {
    relay *r = (relay *)user;
    if (aigw_model_check_put(&r->check, ev)) t_fail(r->check.why);
    r->ends += ev->type == AIGW_EVENT_STOP || ev->type == AIGW_EVENT_ERROR;
    if (ev->type == AIGW_EVENT_ERROR) r->kind = ev->error->kind;
    return r->enc.dialect->event_encode(&r->enc, ev, &r->out);
}
/* An answer of `from`, in pieces of `step` bytes (0: whole; else a cut at `cut`), for the client of `to` whose request is req. */
static void run(relay *r, const aigw_dialect *from, const aigw_dialect *to, const aigw_req *req, const char *p, size_t n, size_t step, size_t cut, int clean) {
    static unsigned char mem[4096];
    aigw_sink sink = { relay_put, NULL };
    aigw_str none = { "", 0 };
    char *copy;
    memset(r, 0, sizeof *r);
    sink.user = r;
    r->dec.dialect = from;
    r->dec.op = AIGW_OP_EMBED;
    r->dec.model = of("asked");
    r->dec.mem = aigw_base_arena(mem, sizeof mem);
    r->enc.dialect = to;
    r->enc.req = req;
    aigw_dialect_dec_init(&r->dec);
    aigw_dialect_enc_init(&r->enc);
    aigw_base_out_init(&r->out, text, sizeof text, NULL, 0);
    for (size_t at = 0, k; at < n; at += k) {
        aigw_str piece;
        k = step ? step : cut && at < cut ? cut : n;
        if (k > n - at) k = n - at;
        copy = (char *)malloc(k);                              /* of its exact size, gone after the call */
        memcpy(copy, p + at, k);
        piece.p = copy;
        piece.n = k;
        (void)from->frame_decode(&r->dec, none, piece, &sink);
        free(copy);
    }
    if (!r->ends) from->stream_end(&r->dec, clean, &sink);
}

static const char openai_answer[] = "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.5,-1.25e-3, 3]},\n{\"embedding\":[],\"index\":1},"
    "{\"x\":{\"embedding\":[9]},\"embedding\":\"AACAPwAAgL8=\",\"index\":2}],\"model\":\"m\",\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}";
static const char gemini_wanted[] = "{\"embeddings\":[{\"values\":[0.5,-1.25e-3,3]},{\"values\":[]},{\"values\":[1,-1]}],\"usageMetadata\":{\"promptTokenCount\":7,\"totalTokenCount\":7}}";
static const char gemini_answer[] = "{\"embeddings\":[{\"values\":[0.1, 0.2]},{\"values\":[-0.25]}]}";

static void request_of(aigw_req *req, const form *from, const char *body) {
    aigw_head head;
    aigw_fault fault;
    t_int("read", read_request(from, body, &head, req, &fault), AIGW_OK);
}

T(answers) {
    static const char wanted64[] = "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":\"zczMPc3MTD4=\"},{\"object\":\"embedding\",\"index\":1,\"embedding\":\"AACAvg==\"}],"
        "\"model\":\"x\",\"usage\":{\"prompt_tokens\":0,\"total_tokens\":0}}";
    static const char wanted1[] = "{\"embedding\":{\"values\":[0.5]},\"usageMetadata\":{\"promptTokenCount\":1,\"totalTokenCount\":1}}";
    relay r;
    aigw_req req;
    size_t n = strlen(openai_answer);
    request_of(&req, &batch, "{\"requests\":[{\"content\":{}}]}");
    for (size_t cut = 0; cut <= n; cut++) {
        run(&r, &aigw_dialect_openai, &aigw_dialect_gemini, &req, openai_answer, n, 0, cut, 1);
        if (!t_str("numbers stay as they are, however it is cut", text, r.out.buf.n, gemini_wanted)) break;
        t_int("one end", r.ends, 1);
    }
    for (size_t step = 1; step < 9; step++) {
        run(&r, &aigw_dialect_openai, &aigw_dialect_gemini, &req, openai_answer, n, step, 0, 1);
        t_str("in steps", text, r.out.buf.n, gemini_wanted);
    }
    request_of(&req, &openai, "{\"model\":\"x\",\"input\":\"a\",\"encoding_format\":\"base64\"}");
    for (size_t cut = 0; cut <= strlen(gemini_answer); cut++) {
        run(&r, &aigw_dialect_gemini, &aigw_dialect_openai, &req, gemini_answer, strlen(gemini_answer), 0, cut, 1);
        if (!t_str("as base64", text, r.out.buf.n, wanted64)) break;
    }
    request_of(&req, &single, "{\"content\":{\"parts\":[{\"text\":\"a\"}]}}");
    run(&r, &aigw_dialect_openai, &aigw_dialect_gemini, &req, "{\"usage\":{\"prompt_tokens\":1},\"data\":[{\"embedding\":[0.5]}]}", 58, 0, 0, 1);
    t_str("one", text, r.out.buf.n, wanted1);
}

/* The same answer of every provider, for every client. */
T(all_pairs) {
    static const struct { const form *f; const char *request, *answer; int tokens; } rows[] = {
        { &openai, "{\"model\":\"m\",\"input\":\"a\"}", "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.5,-2e-3]}],\"model\":\"m\",\"usage\":{\"prompt_tokens\":3,\"total_tokens\":3}}", 1 },
        { &batch, "{\"requests\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}", "{\"embeddings\":[{\"values\":[0.5,-2e-3]}],\"usageMetadata\":{\"promptTokenCount\":3,\"totalTokenCount\":3}}", 1 },
        { &single, "{\"content\":{\"parts\":[{\"text\":\"a\"}]}}", "{\"embedding\":{\"values\":[0.5,-2e-3]},\"usageMetadata\":{\"promptTokenCount\":3,\"totalTokenCount\":3}}", 1 },
        { &cohere, "{\"model\":\"m\",\"texts\":[\"a\"]}", "{\"id\":\"0000000000000000\",\"response_type\":\"embeddings_by_type\",\"embeddings\":{\"float\":[[0.5,-2e-3]]},"
          "\"meta\":{\"api_version\":{\"version\":\"2\"},\"billed_units\":{\"input_tokens\":3}}}", 1 },
        { &ollama, "{\"model\":\"m\",\"input\":\"a\"}", "{\"model\":\"m\",\"embeddings\":[[0.5,-2e-3]],\"prompt_eval_count\":3}", 1 },
        { &older, "{\"model\":\"m\",\"prompt\":\"a\"}", "{\"embedding\":[0.5,-2e-3]}", 0 },
        { &titan, "{\"inputText\":\"a\"}", "{\"embedding\":[0.5,-2e-3],\"inputTextTokenCount\":3}", 1 },
        { &command, "{\"texts\":[\"a\"]}", "{\"id\":\"0000000000000000\",\"response_type\":\"embeddings_by_type\",\"embeddings\":{\"float\":[[0.5,-2e-3]]}}", 0 },
    };
    for (size_t from = 0; from < T_COUNT(rows); from++)
        for (size_t to = 0; to < T_COUNT(rows); to++)
            for (size_t step = 0; step < 4; step++) {
                char *wanted = t_dup(rows[to].answer, strlen(rows[to].answer) + 1), *p;
                relay r;
                aigw_req req;
                request_of(&req, rows[to].f, rows[to].request);
                run(&r, rows[from].f->d, rows[to].f->d, &req, rows[from].answer, strlen(rows[from].answer), step, 0, 1);
                text[r.out.buf.n] = 0;
                t_row(rows[to].answer);
                t_int("no error", r.kind, 0);
                if ((p = strstr(wanted, "\"id\":\"")) != NULL && strstr(text, "\"id\":\"")) memcpy(p + 6, strstr(text, "\"id\":\"") + 6, 16);    /* made here */
                if (rows[from].tokens || !rows[to].tokens) t_str("answer", text, r.out.buf.n, wanted);
                else t_ok("the same vectors", strstr(text, "[0.5,-2e-3]") != NULL);
                t_free_all();
            }
    t_row(NULL);
}

T(broken_answers) {
    static const struct { const char *label, *body; int kind; } rows[] = {
        { "nothing in it", "{}", AIGW_KIND_BAD_RESPONSE }, { "an error", "{\"error\":{\"message\":\"x\"}}", AIGW_KIND_BAD_RESPONSE },
        { "not JSON", "{\"data\":[{\"embedding\":[0.1,,2]}]}", AIGW_KIND_BAD_RESPONSE }, { "words in a vector", "{\"data\":[{\"embedding\":[0.1,\"x\"]}]}", AIGW_KIND_BAD_RESPONSE },
        { "null in a vector", "{\"data\":[{\"embedding\":[null]}]}", AIGW_KIND_BAD_RESPONSE }, { "a vector in a vector", "{\"data\":[{\"embedding\":[[1]]}]}", AIGW_KIND_BAD_RESPONSE },
        { "half a number of base64", "{\"data\":[{\"embedding\":\"AACAPwAA\"}]}", AIGW_KIND_BAD_RESPONSE }, { "no base64", "{\"data\":[{\"embedding\":\"A!\"}]}", AIGW_KIND_BAD_RESPONSE },
        { "no number", "{\"data\":[{\"embedding\":[1.]}]}", AIGW_KIND_BAD_RESPONSE }, { "brackets", "{\"data\":[{\"embedding\":[1}]}", AIGW_KIND_BAD_RESPONSE },
        { "more behind it", "{\"data\":[{\"embedding\":[1]}]} x", AIGW_KIND_BAD_RESPONSE },
        { "NaN in base64", "{\"data\":[{\"embedding\":\"AADAfw==\"}]}", AIGW_KIND_BAD_RESPONSE }, { "bare word", "{\"data\":[{\"embedding\":[nil]}]}", AIGW_KIND_BAD_RESPONSE },
        { "an endless number", "{\"data\":[{\"embedding\":[0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000001]}]}", 0 },
    };
    relay r;
    aigw_req req;
    request_of(&req, &openai, "{\"model\":\"x\",\"input\":\"a\"}");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const size_t n = strlen(rows[i].body);
        t_row(rows[i].label);
        for (size_t step = 0; step < 2; step++) {
            run(&r, &aigw_dialect_openai, &aigw_dialect_openai, &req, rows[i].body, n, step, 0, 1);
            t_int("one end", r.ends, 1);
            if (rows[i].kind) t_int("kind", r.kind, rows[i].kind);
            else if (step) t_int("too long to be kept", r.kind, AIGW_KIND_BAD_RESPONSE);
        }
    }
    t_row(NULL);
    for (size_t n = 0; n < strlen(openai_answer); n++) {
        run(&r, &aigw_dialect_openai, &aigw_dialect_openai, &req, openai_answer, n, 7, 0, 0);
        t_int("cut: one end", r.ends, 1);
        t_int("cut: truncated", r.kind, AIGW_KIND_TRUNCATED);
        run(&r, &aigw_dialect_openai, &aigw_dialect_openai, &req, openai_answer, n, 0, 0, 1);
        t_int("ended too early: one end", r.ends, 1);
        t_int("ended too early", r.kind, AIGW_KIND_TRUNCATED);
    }
}

/* ---- against foreign numbers: base64 to text to base64 is the same, text is what strtof says */

static uint32_t float_bits(const char *s) {
    float f = strtof(s, NULL);
    uint32_t v;
    memcpy(&v, &f, 4);
    return v;
}

T(exact) {
    aigw_req as_text, as_base64;
    char *json = (char *)malloc(1 << 18), *back;
    unsigned char raw[4 * 500];
    size_t n, m;
    relay r;
    aigw_out o;
    for (int round = 0; round < 8; round++) {
        aigw_str bytes;
        for (size_t i = 0; i < 500; i++) {
            uint32_t v = (uint32_t)t_rand() ^ (uint32_t)t_rand() << 16;
            if (round < 4) v = (v & 0x80FFFFFFu) | 0x3A000000u;      /* of the size that embeddings have */
            if ((v & 0x7F800000u) == 0x7F800000u) v = 0;
            memcpy(raw + 4 * i, &v, 4);
        }
        n = (size_t)sprintf(json, "{\"data\":[{\"embedding\":\"");
        aigw_base_out_init(&o, json + n, 1 << 17, NULL, 0);
        bytes.p = (const char *)raw;
        bytes.n = sizeof raw;
        aigw_base_put_base64(&o, bytes);
        n += o.buf.n;
        n += (size_t)sprintf(json + n, "\"}]}");
        request_of(&as_text, &batch, "{\"requests\":[{\"content\":{}}]}");
        run(&r, &aigw_dialect_openai, &aigw_dialect_gemini, &as_text, json, n, 0, 0, 1);
        m = r.out.buf.n;
        back = t_dup(text, m + 1);
        back[m] = 0;
        size_t i = 0;
        for (char *p = strchr(strstr(back, "values"), '[') + 1; *p && *p != ']'; i++) {
            const uint32_t v = float_bits(p);
            if (!t_ok("text is the number", !memcmp(&v, raw + 4 * i, 4))) break;
            while (*p && *p != ',' && *p != ']') p++;
            p += *p == ',';
        }
        t_int("numbers", i, 500);
        memcpy(fold_text, back, m);
        request_of(&as_base64, &openai, "{\"model\":\"x\",\"input\":\"a\",\"encoding_format\":\"base64\"}");
        run(&r, &aigw_dialect_gemini, &aigw_dialect_openai, &as_base64, fold_text, m, 1 + (size_t)round * 37, 0, 1);
        text[r.out.buf.n] = 0;
        json[n - 4] = 0;
        t_ok("and back", strstr(text, strchr(json, ':') + 16) != NULL);
    }
    free(json);
    t_free_all();
}

T(corpus) {
    static const char *const files[] = { "corpora/numbers/lemire-fast-float.txt", "corpora/numbers/more-test-cases.txt", "corpora/numbers/tencent-rapidjson.txt" };
    unsigned long n = 0;
    for (size_t i = 0; i < T_COUNT(files); i++) {
        const t_bytes f = t_file(t_shared(files[i]));
        if (!f.p) {
            t_skip("../shared");
            return;
        }
        for (size_t at = 0; at < f.n; ) {                         /* half, single and double precision in hex, then the number */
            const char *line = f.p + at, *end = (const char *)memchr(line, '\n', f.n - at), *p = line;
            unsigned long want;
            uint32_t bits;
            aigw_str s;
            if (!end) end = f.p + f.n;
            at = (size_t)(end - f.p) + 1;
            if (end - line < 32) continue;
            want = strtoul(line + 5, NULL, 16);
            p = line + 31;
            s.p = p;
            s.n = (size_t)(end - p);
            if (s.n && s.p[s.n - 1] == '\r') s.n--;
            if (!aigw_base_float(s, &bits)) continue;               /* forms that JSON does not have */
            if ((want & 0x7FFFFFFFul) == 0x7F800000ul) want--;      /* an infinity: the largest */
            n++;
            if (!t_int("bits", bits, want)) printf("  of %.*s\n", (int)(s.n < 60 ? s.n : 60), s.p);
        }
    }
    t_ok("numbers", n > 4000);
    t_free_all();
}

/* ---- recordings: what comes out has as many vectors of as many numbers, of the same values */

static void compare(const f_json *from, const f_json *to) {
    t_ok("a list", from && from->type == 'a' && to && to->type == 'a');
    if (!from || !to) return;
    for (size_t i = 0; ; i++) {
        const f_json *a = f_at(from, i), *b = f_at(to, i);
        if (!a || !b) {
            t_ok("as many", !a && !b);
            break;
        }
        if (!t_ok("same number", a->type == '#' && b->type == '#' && !strcmp(a->s, b->s))) break;
    }
}

T(recorded) {
    static const struct { const char *file; const aigw_dialect *d; const char *path; } rows[] = {
        { "embeddings-gemini/llm-gemini-embedding-gemini-embedding-001-768-0-e074", &aigw_dialect_gemini, "embeddings[0].values" },
        { "embeddings-gemini/llm-gemini-embedding-gemini-embedding-2-768-0-8c16", &aigw_dialect_gemini, "embeddings[0].values" },
        { "embeddings-vertex/pai-google-task-prefix-vertex-0-2b98", &aigw_dialect_gemini, "embedding.values" },
        { "embeddings-mistral/ollmetry-mistral-embeddings-legacy-0-43c2", &aigw_dialect_openai, "data[0].embedding" },
        { "embeddings-cohere/pai-testcohere-test-query-0-54fe", &aigw_dialect_cohere, "embeddings.float[0]" },
        { "embeddings-bedrock/pai-testbedrock-test-titan-v2-with-dimensions-0-8a9c", &aigw_dialect_bedrock, "embedding" },
        { "embeddings-bedrock/pai-testbedrock-test-cohere-v4-with-dimensions-0-e497", &aigw_dialect_bedrock, "embeddings.float[0]" },
        { "embeddings-ollama/ollmetry-ollama-embeddings-legacy-0-8b8d", &aigw_dialect_ollama, "embedding" },
        { "embeddings-openrouter/rubyllm-embedding-basic-functionality-openrouter-openai-text-embeddi-0-dba6", &aigw_dialect_openai, "data[0].embedding" },
    };
    aigw_req req;
    relay r;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char path[512];
        t_bytes body;
        snprintf(path, sizeof path, "wire/%s.response.json", rows[i].file);
        body = t_file(t_shared(path));
        if (!body.p) {
            t_skip("../shared");
            return;
        }
        t_row(rows[i].file);
        memcpy(fold_text, body.p, body.n);
        request_of(&req, &batch, "{\"requests\":[{\"content\":{}}]}");
        run(&r, rows[i].d, &aigw_dialect_gemini, &req, fold_text, body.n, 997, 0, 1);
        t_int("kind", r.kind, 0);
        compare(f_get(f_parse(fold_text, body.n, NULL), rows[i].path), f_get(f_parse(text, r.out.buf.n, NULL), "embeddings[0].values"));
        f_free();
    }
    t_row(NULL);
}

int main(void) {
    T_RUN(requests);
    T_RUN(bad_requests);
    T_RUN(answers);
    T_RUN(all_pairs);
    T_RUN(broken_answers);
    T_RUN(exact);
    T_RUN(corpus);
    T_RUN(recorded);
    return t_end();
}
