/* SPDX-License-Identifier: MIT OR Unlicense */
/* The cache. Keys: pairs of requests that must share one or must not, every field of the model altered in turn, random requests told apart by another
   writer (cache_laws.h). Store: each rule by itself, then thousands of operations beside a list that does the same by walking over everything. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#define LAWS_OK(law) t_ok(#law, law)
#include "cache_laws.h"

static const uint8_t secret[16] = "0123456789abcde";
static aigw_str str(const char *s) { return aigw_base_str(s); }
static aigw_now at_s(uint64_t s) {
    aigw_now now;
    now.mono_ns = s * 1000000000;
    now.wall_s = 0;
    return now;
}

/* ---- keys */

static char mem[1 << 16], room[2][1 << 15];
static const aigw_cache_scope plain;

static int key_req(const aigw_cache_scope *scope, const aigw_req *req, int which, aigw_str *key) {
    aigw_out o;
    int r;
    aigw_base_out_init(&o, room[which], sizeof room[which], NULL, 0);
    r = aigw_cache_key(scope, req, &o);
    *key = aigw_base_out_str(&o);
    return r;
}
/* "O", or another dialect's letter, and the body. Gemini and embeddings have their paths. */
static int key_of(const char *body, int which, aigw_str *key) {
    static const struct { char letter; const aigw_dialect *d; const char *path; } rows[] = {
        { 'O', &aigw_dialect_openai, "/v1/chat/completions" }, { 'E', &aigw_dialect_openai, "/v1/embeddings" }, { 'R', &aigw_dialect_responses, "/v1/responses" },
        { 'A', &aigw_dialect_anthropic, "/v1/messages" }, { 'T', &aigw_dialect_anthropic, "/v1/messages/count_tokens" },
        { 'G', &aigw_dialect_gemini, "/v1beta/models/m:generateContent" }, { 'S', &aigw_dialect_gemini, "/v1beta/models/m:streamGenerateContent" },
        { 'L', &aigw_dialect_ollama, "/api/chat" }, { 'P', &aigw_dialect_ollama, "/api/generate" }, { 'C', &aigw_dialect_cohere, "/v2/chat" }
    };
    aigw_arena a = aigw_base_arena(mem, sizeof mem);
    aigw_header fields[2];
    aigw_head head;
    aigw_fault fault;
    aigw_req req;
    size_t i = 0;
    aigw_str text = str(body + 1);
    while (rows[i].letter != body[0]) i++;
    memset(&head, 0, sizeof head);
    head.headers = fields;
    head.cap = 2;
    head.method = str("POST");
    head.target = str(rows[i].path);
    if (text.p[0] == '!') {                                   /* !beta! before the body */
        aigw_str beta = text;
        beta.p++;
        for (beta.n = 0; beta.p[beta.n] != '!'; beta.n++) {}
        aigw_base_header_put(&head, str("Anthropic-Beta"), beta);
        text = str(beta.p + beta.n + 1);
    }
    text.p = t_dup(text.p, text.n);
    if (!t_int("reads", rows[i].d->req_decode(&head, text, &a, &req, &fault), AIGW_OK)) return -99;
    return key_req(&plain, &req, which, key);
}

#define MSG "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"
#define CHAT "O{\"model\":\"m\"," MSG
#define CLAUDE "A{\"model\":\"m\",\"max_tokens\":9," MSG
#define CALL(id, args) "O{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"" args "\"}}]}]}"
#define RESULT(second) "A{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c\",\"content\":" \
    "[{\"type\":\"text\",\"text\":\"1\"},{\"type\":\"text\",\"text\":\"" second "\"}]}]}]}"
#define GEMINI(more) "G{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]" more "}"
#define TURN_G "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":" \
    "{\"name\":\"f\",\"response\":{\"output\":\"1\"}}}]}"
#define TURN_L "{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{}}}]},{\"role\":\"tool\",\"tool_name\":\"f\",\"content\":\"1\"}"
static const struct { const char *label; int same; const char *a, *b; } pairs[] = {
    /* the same request */
    { "white space", 1, CHAT "}", "O{ \"model\" : \"m\",\n" MSG " }" },
    { "order of members", 1, CHAT ",\"top_p\":1,\"seed\":2}", "O{\"seed\":2,\"top_p\":1," MSG ",\"model\":\"m\"}" },
    { "stream flag and usage switch", 1, CHAT "}", CHAT ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}" },
    { "metadata", 1, CHAT "}", CHAT ",\"metadata\":{\"a\":\"b\"}}" },
    { "end user", 1, CHAT "}", CHAT ",\"user\":\"u\",\"safety_identifier\":\"s\"}" },
    { "escapes", 1, "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9\\/\\u0041\\n\\ud83d\\ude00\"}]}",
      "O{\"model\":\"\\u006d\",\"messages\":[{\"role\":\"user\",\"content\":\"\xC3\xA9/A\\u000a\xF0\x9F\x98\x80\"}]}" },
    { "a lone surrogate is U+FFFD", 1, "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}",
      "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ufffd\"}]}" },
    { "numbers by value", 1, CHAT ",\"temperature\":0.50,\"seed\":120,\"top_p\":0.0,\"presence_penalty\":-0.25}",
      CHAT ",\"temperature\":5e-1,\"seed\":1.2E+2,\"top_p\":-0,\"presence_penalty\":-25e-2}" },
    { "a text, and a list of one text", 1, CHAT "}", "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}" },
    { "names of the output limit", 1, CHAT ",\"max_tokens\":9}", CHAT ",\"max_completion_tokens\":9}" },
    { "OpenAI and Anthropic", 1, CHAT ",\"max_tokens\":9,\"temperature\":1,\"stop\":[\"a\"]}", CLAUDE ",\"temperature\":1.0,\"stop_sequences\":[\"a\"]}" },
    { "OpenAI and Gemini", 1, CHAT "}", GEMINI("") },
    { "OpenAI and Responses", 1, CHAT "}", "R{\"model\":\"m\",\"input\":\"x\"}" },
    { "OpenAI and Ollama", 1, CHAT "}", "L{\"model\":\"m\"," MSG ",\"stream\":false}" },
    { "OpenAI and Cohere", 1, CHAT "}", "C{\"model\":\"m\"," MSG "}" },
    { "Gemini's stream", 1, GEMINI(""), "S{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]}" },
    { "arguments as string and as value", 1, "O{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"tool_calls\":"
      "[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": \\\"\\\\u00e9\\\"}\"}}]}]}",
      "A{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":\"f\","
      "\"input\":{\"a\": \"\\u00e9\"}}]}]}" },
    { "no arguments are {}", 1, CALL("c", ""), CALL("c", "{}") },
    { "cache hints", 1, CLAUDE "}", CLAUDE ",\"cache_control\":{\"type\":\"ephemeral\"}}" },
    { "embeddings: one, or a list of one", 1, "E{\"model\":\"m\",\"input\":\"x\"}", "E{\"model\":\"m\",\"input\":[\"x\"]}" },
    { "calls without ids", 1, "G{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":"
      "{\"name\":\"f\",\"response\":{\"output\":\"1\"}}}]}]}",
      "G{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"args\":{},\"name\":\"f\"}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":"
      "{\"response\":{\"output\":\"1\"},\"name\":\"f\"}}]}]}" },
    { "calls without ids, in two turns: Gemini and Ollama", 1, "G{\"contents\":[" TURN_G "," TURN_G "]}", "L{\"model\":\"m\",\"messages\":[" TURN_L "," TURN_L "]}" },
    { "the name of a raw member, escaped", 1, CHAT ",\"foo\":1}", CHAT ",\"f\\u006fo\":1}" },
    /* not the same */
    { "model", 0, CHAT "}", "O{\"model\":\"n\"," MSG "}" },
    { "operation", 0, CLAUDE "}", "T{\"model\":\"m\",\"max_tokens\":9," MSG "}" },
    { "generate, and chat", 0, "L{\"model\":\"m\"," MSG "}", "P{\"model\":\"m\",\"prompt\":\"x\"}" },
    { "text", 0, CHAT "}", "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"y\"}]}" },
    { "white space in a text", 0, CHAT "}", "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x \"}]}" },
    { "role", 0, CHAT "}", "O{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}" },
    { "two messages, or one", 0, "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\",\"content\":\"y\"}]}",
      "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"text\",\"text\":\"y\"}]}]}" },
    { "an escaped backslash", 0, "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\\\u00e9\"}]}",
      "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9\"}]}" },
    { "a number not there", 0, CHAT "}", CHAT ",\"temperature\":1}" },
    { "numbers beyond millionths", 0, CHAT ",\"temperature\":0.00000001}", CHAT ",\"temperature\":0.00000002}" },
    { "large seeds", 0, CHAT ",\"seed\":9007199254740993}", CHAT ",\"seed\":9007199254740992}" },
    { "exponents beyond all", 0, CHAT ",\"seed\":1e9999999999}", CHAT ",\"seed\":1e9999999998}" },
    { "a parameter's name", 0, CHAT ",\"top_p\":1}", CHAT ",\"temperature\":1}" },
    { "arguments byte for byte", 0, CALL("c", "{\\\"a\\\":1}"), CALL("c", "{\\\"a\\\": 1}") },
    { "a call's id", 0, CALL("c", "{}"), CALL("d", "{}") },
    { "a second text in a tool's result", 0, RESULT("x"), RESULT("y") },
    { "order in a schema", 0, CHAT ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"a\":1,\"b\":2}}}]}",
      CHAT ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"b\":2,\"a\":1}}}]}" },
    { "order of tools", 0, CHAT ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}",
      CHAT ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}},{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}" },
    { "a tool result's value, and a text like it", 0,
      "G{\"contents\":[{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"id\":\"c\",\"response\":{\"a\":1}}}]}]}",
      "G{\"contents\":[{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"id\":\"c\",\"response\":{\"output\":\"{\\\"a\\\":1}\"}}}]}]}" },
    { "a raw member", 0, CHAT "}", CHAT ",\"foo\":1}" },
    { "a raw member's value", 0, CHAT ",\"foo\":1}", CHAT ",\"foo\":2}" },
    { "a raw member's place: within a message", 0, "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"foo\":1}]}", CHAT ",\"foo\":1}" },
    { "a raw member's place: which message", 0, "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"foo\":1},{\"role\":\"user\",\"content\":\"x\"}]}",
      "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\",\"content\":\"x\",\"foo\":1}]}" },
    { "a raw member's dialect", 0, CHAT ",\"max_tokens\":9,\"foo\":1}", CLAUDE ",\"foo\":1}" },
    { "the old limit beside the new, out of order", 0, CHAT ",\"max_tokens\":8,\"max_completion_tokens\":9,\"foo\":1}", CHAT ",\"max_tokens\":7,\"max_completion_tokens\":9,\"foo\":1}" },
    { "a beta", 0, "A!context-1m!{\"model\":\"m\",\"max_tokens\":9," MSG "}", CLAUDE "}" },
    { "embeddings: a text, and tokens", 0, "E{\"model\":\"m\",\"input\":[[1,2]]}", "E{\"model\":\"m\",\"input\":[\"[1,2]\"]}" },
    { "embeddings: encoding", 0, "E{\"model\":\"m\",\"input\":\"x\"}", "E{\"model\":\"m\",\"input\":\"x\",\"encoding_format\":\"base64\"}" }
};
T(pairs_of_requests) {
    for (size_t i = 0; i < T_COUNT(pairs); i++) {
        aigw_str a, b;
        t_row(pairs[i].label);
        t_int("first", key_of(pairs[i].a, 0, &a), AIGW_OK);
        t_int("second", key_of(pairs[i].b, 1, &b), AIGW_OK);
        t_int("same key", aigw_base_eq(a, b), pairs[i].same);
    }
}
/* What stands elsewhere, or changes there. */
T(what_is_not_cached) {
    static const char *const rows[] = {
        CHAT ",\"web_search_options\":{}}", CHAT ",\"tools\":[{\"type\":\"web_search\"}]}", GEMINI(",\"tools\":[{\"googleSearch\":{}}]"), GEMINI(",\"cachedContent\":\"c/1\""),
        "R{\"model\":\"m\",\"input\":\"x\",\"previous_response_id\":\"r\"}", "R{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"i\"}]}", CLAUDE ",\"mcp_servers\":[]}",
        "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]}]}",
        "O{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"new_thing\",\"x\":1}]}]}",
        "A{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"s\"}]},{\"role\":\"user\",\"content\":\"x\"}]}"
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_str k;
        t_row(rows[i]);
        t_int("refused", key_of(rows[i], 0, &k), AIGW_E_UNSUPPORTED);
    }
    aigw_req req;
    aigw_str k;
    memset(&req, 0, sizeof req);
    for (int op = 0; op <= AIGW_OP_RAW; op++) {
        req.op = (uint8_t)op;
        t_int("operation", key_req(&plain, &req, 0, &k), op == AIGW_OP_CHAT || op == AIGW_OP_EMBED || op == AIGW_OP_COUNT_TOKENS ? AIGW_OK : AIGW_E_UNSUPPORTED);
    }
}

/* A request with something in every field, in plain memory, so that each can be altered. */
typedef struct {
    aigw_req req;
    aigw_message m[3];
    aigw_part p[6];
    aigw_note note[2];
    aigw_opaque state;
    aigw_tool tool[2];
    aigw_item stop[2], name[2], input[2];
    aigw_raw raw[2];
    aigw_header field[2];
    aigw_head head;
    aigw_cache_scope scope;
} sample;
static aigw_text words(const char *s) {
    aigw_text t;
    t.p = s;
    t.n = strlen(s);
    t.form = AIGW_TEXT_PLAIN;
    return t;
}
static void build(sample *s) {
    memset(s, 0, sizeof *s);
    s->scope.tenant = str("t");
    s->scope.route = str("r");
    s->scope.prompt = str("p");
    s->scope.tag = str("d");
    s->scope.target = str("g");
    s->scope.user = 1;
    s->req.op = AIGW_OP_CHAT;
    s->req.dialect = str("openai-chat");
    s->req.model = str("m");
    s->req.messages = s->m;
    s->m[0].next = &s->m[1];
    s->m[1].next = &s->m[2];
    s->m[0].role = AIGW_ROLE_USER;
    s->m[1].role = AIGW_ROLE_ASSISTANT;
    s->m[2].role = AIGW_ROLE_TOOL;
    s->m[0].parts = &s->p[0];
    s->p[0].next = &s->p[1];
    s->p[0].text = words("hello");
    s->p[1].kind = AIGW_PART_IMAGE;
    s->p[1].mime = str("image/png");
    s->p[1].text = words("QUJD");
    s->m[1].parts = &s->p[2];
    s->p[2].next = &s->p[5];
    s->p[2].kind = s->p[5].kind = AIGW_PART_TOOL_CALL;
    s->p[2].id = str("call_1");
    s->p[2].name = s->p[5].name = str("f");
    s->p[5].id = str("call_2");
    s->p[2].no_id = s->p[5].no_id = s->p[3].no_id = 1;
    s->m[2].parts = &s->p[3];
    s->p[3].kind = AIGW_PART_TOOL_RESULT;
    s->p[3].id = str("call_1");
    s->p[3].parts = &s->p[4];
    s->p[4].text = words("42");
    s->req.tools = &s->tool[0];
    s->tool[0].next = &s->tool[1];
    s->tool[0].name = s->tool[1].name = str("f");
    s->tool[0].strict = s->tool[1].strict = -1;
    s->tool[0].schema = str("{\"type\":\"object\"}");
    s->req.choice = AIGW_CHOICE_AUTO;
    s->req.choice_names = &s->name[0];
    s->name[0].text = words("f");
    s->req.stop = &s->stop[0];
    s->stop[0].text = words("END");
    s->req.inputs = &s->input[0];
    s->input[0].text = words("in");
    s->req.format.kind = AIGW_FORMAT_SCHEMA;
    s->req.format.strict = -1;
    s->req.raw = &s->raw[0];
    s->raw[0].name = str("foo");
    s->raw[0].json = str("1");
    for (int i = 0; i < AIGW_P_COUNT; i++) {
        s->req.param[i].has = 1;
        s->req.param[i].raw = str("5");
        s->req.param[i].micro = 1;
    }
    s->head.headers = s->field;
    s->head.cap = 2;
    s->req.head = &s->head;
    s->note[0].json = str("{}");
    s->state.data = words("s");
}
/* Alterations: `what` in the order below; 1 when it was one. Text grows by a byte, numbers by one. */
static int alter(sample *s, int what) {
    aigw_str *strings[] = { &s->scope.tenant, &s->scope.route, &s->scope.prompt, &s->scope.tag, &s->scope.target, &s->req.model, &s->req.dialect, &s->m[0].name, &s->p[0].name, &s->p[1].mime, &s->p[1].detail,
        &s->p[3].name, &s->p[2].name, &s->p[0].id, &s->tool[0].name, &s->tool[0].schema, &s->req.format.name, &s->req.format.schema, &s->raw[0].name, &s->raw[0].json };
    aigw_text *texts[] = { &s->p[0].text, &s->p[1].text, &s->p[2].text, &s->p[4].text, &s->tool[0].description, &s->req.format.description, &s->stop[0].text, &s->name[0].text, &s->input[0].text };
    uint8_t *bytes[] = { &s->m[0].role, &s->p[0].kind, &s->p[1].source, &s->p[3].is_error, &s->p[2].custom, &s->p[4].is_error, &s->tool[0].kind, &s->tool[0].openapi, &s->req.choice, &s->req.choice_checked,
        &s->req.prompt, &s->req.format.openapi, &s->p[0].text.form, &s->input[0].text.form };
    static const uint8_t forms[] = { AIGW_TEXT_JSON };
    if (what < (int)T_COUNT(strings)) {
        *strings[what] = str("other");
        return 1;
    }
    what -= (int)T_COUNT(strings);
    if (what < (int)T_COUNT(texts)) {
        *texts[what] = words("other");
        return 1;
    }
    what -= (int)T_COUNT(texts);
    if (what < (int)T_COUNT(bytes)) {
        *bytes[what] = what >= (int)T_COUNT(bytes) - 2 ? forms[0] : (uint8_t)(*bytes[what] + 1);
        return 1;
    }
    what -= (int)T_COUNT(bytes);
    if (what < 2 * AIGW_P_COUNT) {
        static const char *const more[] = { "7", "8", "9", "11" };
        aigw_param *p = &s->req.param[what / 2];
        if (what / 2 == AIGW_P_STREAM || what / 2 == AIGW_P_STREAM_USAGE)      /* these have a test of their own */
            s->req.param[AIGW_P_SEED].raw = str(more[what - 2 * AIGW_P_STREAM]);
        else if (what & 1) p->has = 0;
        else {
            p->raw = str("6");
            p->micro = 0;
        }
        return 1;
    }
    what -= 2 * AIGW_P_COUNT;
    switch (what) {
    case 0: s->req.op = AIGW_OP_EMBED; return 1;
    case 1: s->tool[0].strict = 0; return 1;
    case 2: s->tool[0].strict = 1; return 1;
    case 3: s->req.format.strict = 0; return 1;
    case 4: s->req.format.strict = 1; return 1;
    case 5: s->req.format.kind = AIGW_FORMAT_JSON; return 1;
    case 6: s->req.tools = s->tool[0].next; return 1;
    case 7: s->stop[0].next = &s->stop[1]; return 1;
    case 8: s->req.stop = NULL; return 1;
    case 9: s->req.raw = NULL; return 1;
    case 10: s->raw[0].next = &s->raw[1]; return 1;
    case 11: s->m[1].next = NULL; return 1;
    case 12: s->p[0].next = NULL; return 1;
    case 13: s->p[3].parts = NULL; return 1;
    case 14: s->p[0].notes = &s->note[0]; return 1;
    case 15: s->p[2].no_id = 0; return 1;
    case 16: s->p[3].id = str("call_2"); return 1;            /* the other call is answered */
    case 17: s->name[0].next = &s->name[1]; return 1;
    case 18: s->input[0].next = &s->input[1]; return 1;
    case 19: s->field[0].name = str("anthropic-beta"); s->field[0].value = str("b"); s->head.n = 1; return 1;
    case 20: s->req.param[AIGW_P_SAFETY_ID].has = s->req.param[AIGW_P_USER].has = 0; return 1;
    case 21: s->req.choice = AIGW_CHOICE_UNSET; return 1;
    case 22: s->p[0].notes = &s->note[0]; s->note[0].next = &s->note[1]; return 1;
    default: return 0;
    }
}
T(every_field_alters_the_key) {
    static sample s, base;
    static char keys[160][2048];
    size_t n[160];
    int i = 0, k, more;
    build(&base);
    do {
        aigw_str key;
        static char label[24];
        build(&s);
        more = i ? alter(&s, i - 1) : 1;
        if (!more) break;
        sprintf(label, "alteration %d", i - 1);
        t_row(label);
        t_int("key", key_req(&s.scope, &s.req, 0, &key), AIGW_OK);
        memcpy(keys[i], key.p, n[i] = key.n);
        for (k = 0; k < i; k++) t_ok("differs from all before", n[k] != n[i] || memcmp(keys[k], keys[i], n[i]));
        i++;
    } while (more && i < 160);
    t_int("alterations", i, 1 + 20 + 9 + 14 + 2 * AIGW_P_COUNT + 23);
}
T(what_leaves_the_key_alone) {
    static sample s, base;
    aigw_str one, two;
    build(&base);
    base.scope.user = 0;
    for (int i = 0; i < 17; i++) {
        build(&s);
        s.scope.user = 0;
        switch (i) {
        case 0: s.req.param[AIGW_P_STREAM].has = 0; break;
        case 1: s.req.param[AIGW_P_STREAM].micro = 0; break;
        case 2: s.req.param[AIGW_P_STREAM_USAGE].has = 0; break;
        case 3: s.req.param[AIGW_P_USER].raw = str("other"); break;
        case 4: s.req.param[AIGW_P_SAFETY_ID].has = 0; break;
        case 5: s.req.metadata = str("{\"a\":\"b\"}"); break;
        case 6: s.req.array = s.req.one = 1; break;
        case 7: s.req.model_at = s.m[0].at = s.p[0].at = s.tool[0].at = s.req.param[0].at = 77; break;
        case 8: s.req.cache_ttl_s = s.p[0].cache_ttl_s = s.tool[0].cache_ttl_s = 300; break;
        case 9: s.p[2].id = s.p[3].id = str("call_g0"); break;    /* made here: only the order counts */
        case 10: s.field[0].name = str("x-request-id"); s.field[0].value = str("b"); s.head.n = 1; break;
        case 11: s.req.head = NULL; break;
        case 12: s.p[0].text = words("h\\u0065l\\u006Co"); s.p[0].text.form = AIGW_TEXT_ESCAPED; break;
        case 13: s.p[0].text.form = AIGW_TEXT_LONE; break;
        case 14: s.req.param[AIGW_P_SEED].raw = str("50e-1"); break;
        case 15: s.req.param[AIGW_P_LOGPROBS].micro = 1000000; break;
        default: s.p[2].text = words("{}"); s.p[2].text.form = AIGW_TEXT_JSON;
        }
        static char label[24];
        sprintf(label, "change %d", i);
        t_row(label);
        t_int("base", key_req(&base.scope, &base.req, 0, &one), AIGW_OK);
        t_int("changed", key_req(&s.scope, &s.req, 1, &two), AIGW_OK);
        t_ok("the same key", aigw_base_eq(one, two));
    }
}
T(tenants_share_nothing) {
    static const char *const rows[][2] = { { "a", "b" }, { "c", "b" }, { "ab", "" }, { "", "ab" }, { "", "" }, { "a", "" }, { "b", "a" } };     /* tenant, route */
    static sample s;
    aigw_str one, two;
    build(&s);
    for (size_t i = 0; i < T_COUNT(rows); i++)
        for (size_t k = 0; k < T_COUNT(rows); k++) {
            s.scope.tenant = str(rows[i][0]);
            s.scope.route = str(rows[i][1]);
            t_int("one", key_req(&s.scope, &s.req, 0, &one), AIGW_OK);
            s.scope.tenant = str(rows[k][0]);
            s.scope.route = str(rows[k][1]);
            t_int("another", key_req(&s.scope, &s.req, 1, &two), AIGW_OK);
            t_int("the same key", aigw_base_eq(one, two), i == k);
        }
}
T(opaque_state_and_files_are_refused) {
    static sample s;
    aigw_str k;
    build(&s);
    s.p[2].state = &s.state;
    t_int("state", key_req(&s.scope, &s.req, 0, &k), AIGW_E_UNSUPPORTED);
    build(&s);
    s.p[1].source = AIGW_SOURCE_FILE;
    t_int("file", key_req(&s.scope, &s.req, 0, &k), AIGW_E_UNSUPPORTED);
    build(&s);
    s.raw[0].need = "because";
    t_int("what its provider keeps", key_req(&s.scope, &s.req, 0, &k), AIGW_E_UNSUPPORTED);
    build(&s);
    s.req.body = str("{\"foo\":1}");
    s.raw[0].at = 3;
    t_int("a member that is nowhere", key_req(&s.scope, &s.req, 0, &k), AIGW_E_UNSUPPORTED);
    s.raw[0].at = 1;
    t_int("where it is", key_req(&s.scope, &s.req, 0, &k), AIGW_OK);
}
/* Random requests from few words: keys are equal exactly when another writer says the same of both. */
T(keys_are_equal_when_requests_are) {
    enum { N = 300 };
    static const char *const some[] = { "", "a", "b", "ab", "M", "{}", "0" };
    static const char *const numbers[] = { "1", "1.0", "10e-1", "2", "-1", "0", "-0.0", "100", "1e2" };
    static char told[N][4096], key[N][2048];
    static size_t told_n[N], key_n[N];
    static sample s;
    int equal = 0;
    for (int i = 0; i < N; i++) {
        aigw_str k, d;
        aigw_text *texts[] = { &s.p[0].text, &s.p[2].text, &s.p[4].text, &s.stop[0].text, &s.tool[0].description };
        aigw_str *strings[] = { &s.req.model, &s.m[0].name, &s.p[0].name, &s.p[2].name, &s.tool[0].name, &s.raw[0].name, &s.raw[0].json };
        build(&s);
        for (int p = 0; p < AIGW_P_COUNT; p++) s.req.param[p].has = 0;
        s.req.format.kind = AIGW_FORMAT_TEXT;
        memset(&s.scope, 0, sizeof s.scope);
        s.req.dialect = str("d");
        /* one or two things differ from the first, so that many are equal */
        for (int j = (int)t_below(3); j >= 0; j--) switch (t_below(6)) {
            case 0: *texts[t_below(T_COUNT(texts))] = words(some[t_below(T_COUNT(some))]); break;
            case 1: *strings[t_below(T_COUNT(strings))] = str(some[t_below(T_COUNT(some))]); break;
            case 2: {
                aigw_param *p = &s.req.param[t_below(2) ? AIGW_P_SEED : AIGW_P_TOP_P];
                p->has = 1;
                p->raw = str(numbers[t_below(T_COUNT(numbers))]);
                break;
            }
            case 3: s.p[0].text.form = (uint8_t)t_below(4); break;
            case 4: s.p[0].next = t_below(2) ? NULL : &s.p[1]; break;
            default: s.m[0].next = t_below(2) ? &s.m[2] : &s.m[1];
            }
        if (!t_int("key", key_req(&s.scope, &s.req, 0, &k), AIGW_OK)) return;
        d = laws_request(&s.req, 0, told[i], sizeof told[i]);
        told_n[i] = d.n;
        memcpy(key[i], k.p, key_n[i] = k.n);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) {
            const int same = told_n[i] == told_n[j] && !memcmp(told[i], told[j], told_n[i]);
            const int hit = key_n[i] == key_n[j] && !memcmp(key[i], key[j], key_n[i]);
            equal += same;
            if (same != hit && !t_mem("keys and requests agree", told[i], told_n[i], told[j], told_n[j])) return;
        }
    t_ok("some were equal", equal > 100);
}
T(every_size_of_memory_for_a_key) {
    static sample s;
    aigw_str whole;
    build(&s);
    t_int("key", key_req(&s.scope, &s.req, 0, &whole), AIGW_OK);
    for (size_t n = 0; n <= whole.n; n++) {
        aigw_out o;
        aigw_base_out_init(&o, t_alloc(n), n, NULL, 0);
        if (!t_int("fits or says so", aigw_cache_key(&s.scope, &s.req, &o), n < whole.n ? AIGW_E_NOMEM : AIGW_OK)) return;
        t_int("says how much", o.buf.n, whole.n);
        t_free_all();
    }
}
/* Calls and results without ids, as many as one likes: bounded, in order cheap. */
T(made_ids_are_bounded) {
    enum { N = 2000 };
    static aigw_part calls[N], results[N];
    static aigw_message m[2];
    static char ids[N][8];
    static char big[1 << 18];
    aigw_req req;
    for (int n = 100; n <= N; n += N - 100) {
        aigw_out o;
        memset(&req, 0, sizeof req);
        memset(calls, 0, sizeof calls);
        memset(results, 0, sizeof results);
        req.op = AIGW_OP_CHAT;
        req.messages = &m[0];
        m[0].role = AIGW_ROLE_ASSISTANT;
        m[0].next = &m[1];
        m[0].parts = calls;
        m[1].role = AIGW_ROLE_TOOL;
        m[1].parts = results;
        for (int i = 0; i < n; i++) {
            sprintf(ids[i], "c%d", i);
            calls[i].kind = AIGW_PART_TOOL_CALL;
            results[i].kind = AIGW_PART_TOOL_RESULT;
            calls[i].no_id = results[i].no_id = 1;
            calls[i].id = results[i].id = str(ids[i]);
            if (i + 1 < n) calls[i].next = &calls[i + 1], results[i].next = &results[i + 1];
        }
        aigw_base_out_init(&o, big, sizeof big, NULL, 0);
        t_int("n", aigw_cache_key(&plain, &req, &o), n == 100 ? AIGW_OK : AIGW_E_UNSUPPORTED);
    }
}
T(deterministic) {
    static const struct { const char *temperature, *seed; int op, want; } rows[] = {
        { NULL, NULL, AIGW_OP_CHAT, 0 }, { "0", NULL, AIGW_OP_CHAT, 1 }, { "0.0", NULL, AIGW_OP_CHAT, 1 }, { "-0e5", NULL, AIGW_OP_CHAT, 1 }, { "1", NULL, AIGW_OP_CHAT, 0 },
        { "1e-9", NULL, AIGW_OP_CHAT, 0 }, { "1", "7", AIGW_OP_CHAT, 1 }, { NULL, "0", AIGW_OP_CHAT, 1 }, { NULL, NULL, AIGW_OP_EMBED, 1 }, { NULL, NULL, AIGW_OP_COUNT_TOKENS, 1 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_req req;
        memset(&req, 0, sizeof req);
        req.op = (uint8_t)rows[i].op;
        if (rows[i].temperature) {
            req.param[AIGW_P_TEMPERATURE].has = 1;
            req.param[AIGW_P_TEMPERATURE].raw = str(rows[i].temperature);
            aigw_base_micro(str(rows[i].temperature), &req.param[AIGW_P_TEMPERATURE].micro);
        }
        req.param[AIGW_P_SEED].has = rows[i].seed != NULL;
        t_int("deterministic", aigw_cache_deterministic(&req), rows[i].want);
    }
}

/* ---- the store */

static aigw_cache c;
static void store(size_t n, uint32_t block, uint32_t entries, uint32_t most) {
    aigw_cache_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.block_bytes = block;
    cfg.entries = entries;
    cfg.entry_max = most;
    t_int("init", aigw_cache_init(&c, &cfg, secret, t_alloc(n), n), AIGW_OK);
}
static int put(uint64_t s, const char *key, const char *value, uint32_t ttl, uint32_t stale) {
    aigw_cache_put_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.ttl_s = ttl;
    cfg.stale_s = stale;
    cfg.target = str("claude/m");
    cfg.tag = str(key[0] == 'x' ? "doc-1" : "doc-2");
    cfg.prompt = str(strchr(key, '1') ? "v1" : "");
    cfg.tenant = str(strchr(key, 'a') ? "acme" : "bcme");
    return aigw_cache_put(&c, at_s(s), str(key), str(value), &cfg);
}
/* The answer, "(none)", or "stale: " and it. */
static const char *get(uint64_t s, const char *key, int stale) {
    static char text[4096];
    aigw_cache_hit hit;
    size_t n = 0;
    if (!aigw_cache_get(&c, at_s(s), str(key), stale, &hit)) return "(none)";
    if (hit.stale) n = (size_t)sprintf(text, "stale: ");
    aigw_cache_copy(&c, &hit, text + n);
    text[n + hit.size] = 0;
    t_str("who answered", hit.target.p, hit.target.n, "claude/m");
    return text;
}
#define GETS(s, key, stale, want) do { const char *g_ = get(s, key, stale); t_str(key, g_, strlen(g_), want); } while (0)

T(keeps_replaces_drops) {
    store(8192, 64, 0, 0);
    GETS(0, "a", 0, "(none)");
    t_int("put", put(0, "a", "one", 0, 0), AIGW_OK);
    t_int("put", put(0, "b", "", 0, 0), AIGW_OK);
    GETS(1, "a", 0, "one");
    GETS(1, "b", 0, "");
    t_int("put again", put(1, "a", "two, and longer than it was, so that it takes more than one of the blocks, which are of 64 bytes", 0, 0), AIGW_OK);
    GETS(1, "a", 0, "two, and longer than it was, so that it takes more than one of the blocks, which are of 64 bytes");
    t_int("entries", c.entries_n, 2);
    aigw_cache_drop(&c, str("a"));
    aigw_cache_drop(&c, str("nothing"));
    GETS(1, "a", 0, "(none)");
    GETS(1, "b", 0, "");
    t_int("hits", (long long)c.hits, 4);
    t_int("misses", (long long)c.misses, 2);
    t_int("stored", (long long)c.stored, 3);
    t_int("evicted", (long long)c.evicted, 0);
    aigw_cache_drop(&c, str("b"));
    t_int("bytes", c.bytes, 0);
    t_int("all blocks are free", c.free_n, c.blocks_n);
}
T(freshness) {
    aigw_cache_hit hit;
    store(8192, 64, 0, 0);
    put(100, "a", "x", 10, 20);
    GETS(109, "a", 0, "x");
    GETS(110, "a", 0, "(none)");
    GETS(110, "a", 1, "stale: x");
    GETS(129, "a", 1, "stale: x");
    t_int("found", aigw_cache_get(&c, at_s(129), str("a"), 1, &hit), 1);
    t_int("age", hit.age_s, 29);
    t_int("stale ones are counted", (long long)c.stale, 3);
    GETS(130, "a", 1, "(none)");
    GETS(130, "a", 0, "(none)");
    put(200, "d", "x", 0, 0);                                  /* an hour, and a day */
    GETS(200 + 3599, "d", 0, "x");
    GETS(200 + 3600, "d", 0, "(none)");
    GETS(200 + 89999, "d", 1, "stale: x");
    GETS(200 + 90000, "d", 1, "(none)");
    put(100000, "n", "x", 10, UINT32_MAX);
    GETS(100009, "n", 1, "x");
    GETS(100010, "n", 1, "(none)");
    put(200000, "u", "x", UINT32_MAX, 1);
    GETS(UINT32_MAX, "u", 0, "x");
}
T(time_that_goes_back) {
    aigw_cache_hit hit;
    store(8192, 64, 0, 0);
    put(100, "a", "x", 10, 20);
    t_int("found", aigw_cache_get(&c, at_s(50), str("a"), 0, &hit), 1);
    t_int("no age", hit.age_s, 0);
    GETS(110, "a", 0, "(none)");
    GETS(105, "a", 0, "(none)");                               /* what was too old stays so */
    put(0, "b", "y", 10, 20);                                  /* kept from 110 on */
    GETS(119, "b", 0, "y");
    GETS(120, "b", 0, "(none)");
}
T(least_recently_used_goes) {
    store(64 * 1024, 64, 3, 0);
    put(0, "a", "1", 0, 0);
    put(0, "b", "2", 0, 0);
    put(0, "c", "3", 0, 0);
    GETS(0, "a", 0, "1");
    put(0, "d", "4", 0, 0);
    GETS(0, "b", 0, "(none)");
    GETS(0, "a", 0, "1");
    GETS(0, "c", 0, "3");
    GETS(0, "d", 0, "4");
    t_int("evicted", (long long)c.evicted, 1);
    put(0, "a", "5", 0, 0);                                    /* replacing needs no other's place */
    t_int("evicted", (long long)c.evicted, 1);
}
T(bound_of_an_entry) {
    char big[400];
    memset(big, 'v', sizeof big);
    big[sizeof big - 1] = 0;
    store(64 * 1024, 64, 0, 8 + 5 + 4 + 3 + 100);              /* target, tag, tenant, key, value */
    big[100] = 0;
    t_int("as large as may be", put(0, "key", big, 0, 0), AIGW_OK);
    big[100] = 'v';
    big[101] = 0;
    t_int("one byte more", put(0, "key", big, 0, 0), AIGW_E_LIMIT);
    big[101] = 'v';
    big[100] = 0;
    GETS(0, "key", 0, big);                                    /* and what was there stays */
    aigw_cache_put_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.target.p = big;
    cfg.target.n = 65;
    t_int("a target longer than a block", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), AIGW_E_LIMIT);
    cfg.target.n = 64;
    t_int("as long", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), AIGW_OK);
    store(1 << 20, 64, 0, UINT32_MAX);
    char *tag = (char *)t_alloc(65536);
    memset(tag, 'x', 65536);
    cfg.tag.p = tag;
    cfg.tag.n = 65536;
    t_int("a tag too long", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), AIGW_E_LIMIT);
    cfg.tag.n = 65535;
    t_int("a long tag", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), AIGW_OK);
    t_int("purged by it", aigw_cache_purge(&c, cfg.tag, str(""), str("")), 1);
    store(4096, 64, 1, UINT32_MAX);
    cfg.tag.n = 4096;
    t_int("larger than all blocks", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), AIGW_E_LIMIT);
}
T(purge) {
    static const char *const keys[] = { "x1a", "x1b", "x2a", "y1a", "y2b", "y2a" };
    static const struct { const char *tag, *prompt, *tenant, *left; } rows[] = {
        { "doc-1", "", "", "...yyy" }, { "", "v1", "", "..y.yy" }, { "", "", "acme", ".y..y." }, { "doc-1", "v1", "", "..yyyy" }, { "doc-2", "", "acme", "yyy.y." },
        { "doc-1", "v1", "acme", ".yyyyy" }, { "", "", "", "......" }, { "doc-3", "", "", "yyyyyy" }, { "doc-11", "", "", "yyyyyy" }, { "doc-", "", "", "yyyyyy" }, { "", "v1", "bcm", "yyyyyy" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        unsigned gone = 0;
        t_row(rows[i].left);
        store(8192, 64, 0, 0);
        for (int k = 0; k < 6; k++) put(0, keys[k], keys[k], 0, 0);
        for (int k = 0; k < 6; k++) gone += rows[i].left[k] == '.';
        t_int("how many", aigw_cache_purge(&c, str(rows[i].tag), str(rows[i].prompt), str(rows[i].tenant)), gone);
        for (int k = 0; k < 6; k++) GETS(0, keys[k], 0, rows[i].left[k] == '.' ? "(none)" : keys[k]);
        t_int("left", c.entries_n, 6 - gone);
    }
}
/* What was asked for before a purge that would have dropped it is not kept; all else is. */
T(a_purge_reaches_what_is_under_way) {
    static const struct { const char *label, *tag, *prompt, *tenant; int result; } rows[] = {
        { "by tag", "doc", "", "", AIGW_E_REFUSED }, { "by prompt", "", "v1", "", AIGW_E_REFUSED }, { "by tenant", "", "", "acme", AIGW_E_REFUSED }, { "all", "", "", "", AIGW_E_REFUSED },
        { "by all three", "doc", "v1", "acme", AIGW_E_REFUSED }, { "another tag", "doc-2", "", "", AIGW_OK }, { "another tenant", "", "", "bcme", AIGW_OK }, { "tag, but another prompt", "doc", "v2", "", AIGW_OK }
    };
    aigw_cache_put_cfg cfg;
    memset(&cfg, 0, sizeof cfg);
    cfg.target = str("claude/m");
    cfg.tag = str("doc");
    cfg.prompt = str("v1");
    cfg.tenant = str("acme");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].label);
        store(8192, 64, 0, 0);
        cfg.since = c.purges;
        t_int("others before and behind it", (int)aigw_cache_purge(&c, str("other"), str(""), str("")), 0);
        t_int("nothing is there yet", (int)aigw_cache_purge(&c, str(rows[i].tag), str(rows[i].prompt), str(rows[i].tenant)), 0);
        t_int("others before and behind it", (int)aigw_cache_purge(&c, str("other"), str(""), str("")), 0);
        t_int("put", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), rows[i].result);
        t_int("kept", (int)c.entries_n, rows[i].result == AIGW_OK);
        cfg.since = c.purges;
        t_int("asked for behind it", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), AIGW_OK);
        cfg.since = 0;
        t_int("without that", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), AIGW_OK);
    }
    t_row("many");
    for (int n = AIGW_CACHE_PURGES; n <= AIGW_CACHE_PURGES + 1; n++) {
        store(8192, 64, 0, 0);
        for (int k = 0; k < 5; k++) (void)aigw_cache_purge(&c, str("doc"), str(""), str(""));
        cfg.since = c.purges;
        for (int k = 0; k < n; k++) (void)aigw_cache_purge(&c, str("other"), str(""), str(""));
        t_int("more than are known", aigw_cache_put(&c, at_s(0), str("k"), str("v"), &cfg), n > AIGW_CACHE_PURGES ? AIGW_E_REFUSED : AIGW_OK);
    }
}
/* The hash only finds: an entry under the right hash with another key is not served. */
T(stored_key_decides) {
    store(8192, 64, 4, 0);
    put(0, "key number one", "secret", 0, 0);
    GETS(0, "key number one", 0, "secret");
    for (size_t i = 0; i < (size_t)c.blocks_n * 64; i++)       /* as if "key number one" had the hash of "kez number one" */
        if (!memcmp(c.blocks + i, "key number", 10)) {
            c.blocks[i + 2] = 'z';
            break;
        }
    GETS(0, "key number one", 0, "(none)");
    put(0, "key number one", "mine", 0, 0);                    /* beside it in one chain */
    GETS(0, "key number one", 0, "mine");
    t_int("both are there", c.entries_n, 2);
    c.entries[c.newest].key_n++;                               /* as if it were that of "key number onem" */
    c.entries[c.newest].value_n--;
    GETS(0, "key number one", 0, "(none)");
}
T(hits_stay_valid_until_the_next_put) {
    aigw_cache_hit a, b;
    char text[8];
    store(8192, 64, 0, 0);
    put(0, "a", "one", 5, 5);
    put(0, "b", "two", 0, 0);
    t_int("a", aigw_cache_get(&c, at_s(0), str("a"), 0, &a), 1);
    t_int("b", aigw_cache_get(&c, at_s(0), str("b"), 0, &b), 1);
    t_int("a has gone off for others", aigw_cache_get(&c, at_s(60), str("a"), 1, &b), 0);
    aigw_cache_copy(&c, &a, text);
    t_mem("a", text, a.size, "one", 3);
    t_str("target", a.target.p, a.target.n, "claude/m");
}
T(every_size_of_memory_for_a_store) {
    static const uint32_t blocks[] = { 0, 1, 64, 200 };
    for (size_t i = 0; i < T_COUNT(blocks); i++)
        for (uint32_t entries = 0; entries < 40; entries = entries * 2 + 1)
            for (size_t n = 0; n < 6000; n += 1 + n / 8) {
                aigw_cache_cfg cfg;
                int r;
                memset(&cfg, 0, sizeof cfg);
                cfg.block_bytes = blocks[i];
                cfg.entries = entries;
                r = aigw_cache_init(&c, &cfg, secret, (char *)t_alloc(n + 1) + 1, n);      /* not aligned either */
                t_ok("fits or says so", r == AIGW_OK || r == AIGW_E_NOMEM);
                if (!r) {
                    t_ok("something can be kept", c.blocks_n > 0 && c.cfg.entries > 0 && c.cfg.entry_max >= c.cfg.block_bytes);
                    for (uint32_t k = 0; k < 2 * c.cfg.entries; k++) {
                        char key[16];
                        sprintf(key, "key %u", (unsigned)k);
                        t_int("put", put(0, key, "v", 0, 0), AIGW_OK);
                        GETS(0, key, 0, "v");
                    }
                    t_ok("not more than memory", (size_t)c.blocks_n * (c.cfg.block_bytes + 4) + c.cfg.entries * sizeof(aigw_cache_entry) <= n);
                }
                t_free_all();
            }
}
T(churn_beside_a_list) {
    static const struct { size_t n; uint32_t block, entries, most; } rows[] = {
        { 16384, 64, 0, 0 }, { 16384, 64, 8, UINT32_MAX }, { 200000, 1024, 0, 0 }, { 4096, 100, 3, 3000 }, { 1 << 20, 64, 0, UINT32_MAX }, { 700, 64, 2, 0 }
    };
    uint64_t hits = 0, stale = 0;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        laws_store list;
        static char label[32];
        sprintf(label, "memory %u", (unsigned)rows[i].n);
        t_row(label);
        store(rows[i].n, rows[i].block, rows[i].entries, rows[i].most);
        laws_store_init(&list, &c);
        for (int k = 0; k < 6000 && !t_.bad; k++) {
            uint8_t b[6];
            for (int j = 0; j < 6; j++) b[j] = (uint8_t)t_rand();
            if (k % 3) b[0] = (uint8_t)(b[0] | 2);             /* purges are rare */
            laws_step(&c, &list, b);
        }
        hits += c.hits;
        stale += c.stale;
        t_ok("found some", c.hits > 0 && c.misses > 100);
        t_ok("evicted some", c.evicted > 0 || rows[i].n > 100000);
    }
    t_row("all");
    t_ok("found many", hits > 2000 && stale > 100);
}

/* ---- misses under way */

T(one_leads) {
    int a, b;
    char *key = t_dup("key", 3);
    aigw_str k = { NULL, 3 };
    k.p = key;
    store(4096, 64, 0, 0);
    t_ok("nobody", aigw_cache_leader(&c, str("key")) == NULL);
    t_int("first", aigw_cache_lead(&c, k, &a), 1);
    t_int("again", aigw_cache_lead(&c, k, &a), 1);
    t_int("another", aigw_cache_lead(&c, str("key"), &b), 0);
    t_ok("who", aigw_cache_leader(&c, str("key")) == &a);
    t_int("another key", aigw_cache_lead(&c, str("other"), &b), 1);
    aigw_cache_land(&c, str("key"));
    aigw_cache_land(&c, str("key"));
    aigw_cache_land(&c, str("never"));
    t_ok("nobody", aigw_cache_leader(&c, str("key")) == NULL);
    t_ok("the other is still led", aigw_cache_leader(&c, str("other")) == &b);
    t_int("now the other one leads", aigw_cache_lead(&c, str("key"), &b), 1);
}
T(flights_are_bounded) {
    static char keys[AIGW_CACHE_FLIGHTS + 1][8];
    store(4096, 64, 0, 0);
    for (int i = 0; i <= AIGW_CACHE_FLIGHTS; i++) {
        sprintf(keys[i], "k%d", i);
        t_int("lead", aigw_cache_lead(&c, str(keys[i]), keys[i]), i < AIGW_CACHE_FLIGHTS ? 1 : AIGW_E_LIMIT);
    }
    t_int("followers still find theirs", aigw_cache_lead(&c, str("k3"), keys), 0);
    for (int i = 0; i < AIGW_CACHE_FLIGHTS; i += 2) aigw_cache_land(&c, str(keys[i]));
    for (int i = 0; i < AIGW_CACHE_FLIGHTS; i++) t_ok("leader", aigw_cache_leader(&c, str(keys[i])) == (i & 1 ? keys[i] : NULL));
    t_int("room again", aigw_cache_lead(&c, str(keys[AIGW_CACHE_FLIGHTS]), keys), 1);
}

int main(void) {
    T_RUN(pairs_of_requests);
    T_RUN(what_is_not_cached);
    T_RUN(every_field_alters_the_key);
    T_RUN(what_leaves_the_key_alone);
    T_RUN(tenants_share_nothing);
    T_RUN(opaque_state_and_files_are_refused);
    T_RUN(keys_are_equal_when_requests_are);
    T_RUN(every_size_of_memory_for_a_key);
    T_RUN(made_ids_are_bounded);
    T_RUN(deterministic);
    T_RUN(keeps_replaces_drops);
    T_RUN(freshness);
    T_RUN(time_that_goes_back);
    T_RUN(least_recently_used_goes);
    T_RUN(bound_of_an_entry);
    T_RUN(purge);
    T_RUN(a_purge_reaches_what_is_under_way);
    T_RUN(stored_key_decides);
    T_RUN(hits_stay_valid_until_the_next_put);
    T_RUN(every_size_of_memory_for_a_store);
    T_RUN(churn_beside_a_list);
    T_RUN(one_leads);
    T_RUN(flights_are_bounded);
    return t_end();
}
