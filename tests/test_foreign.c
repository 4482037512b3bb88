/* SPDX-License-Identifier: MIT OR Unlicense */
/* The oracle itself: JSON tree, paths, SSE and folds of foreign.h, on the worked examples of wire-formats 29.2. */
#include "t.h"
#include "foreign.h"

static f_json *parse(const char *s) {
    char *d = t_dup(s, strlen(s));
    return f_parse(d, strlen(s), NULL);
}
static const char *at(const f_json *j, const char *path) { return f_print(f_get(j, path)); }
#define is(path, want) t_str(path, at(j, path), strlen(at(j, path)), want)

T(json) {
    static const char *const bad[] = { "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "1.", "1e", "-", "\"\x01\"", "\"\\x\"", "\"\\u12\"", "nul", "1 2",
                                       "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xFF\"", "\"abc" };
    f_json *j = parse(" {\"a\":[1,{\"b\":\"x\\u00e9\\n\\ud83d\\ude00\\ud83d\"}],\"c\":{\"type\":\"t\"},\"a2\":null,\"c\":true,\"n\":-1.50e1} ");
    size_t i;
    t_ok("parsed", j != NULL);
    is("a[1].b", "\"x\xC3\xA9\\u000a\xF0\x9F\x98\x80\xEF\xBF\xBD\"");
    is("c", "true");
    is("a[-1].b|zzz", "\"x\xC3\xA9\\u000a\xF0\x9F\x98\x80\xEF\xBF\xBD\"");
    is("zzz|a[0]", "1");
    is("size(a)", "2");
    is("zzz", "(nothing)");
    t_ok("numbers by value", f_equal(f_get(j, "n"), parse("-15")));
    t_ok("large integers by text", !f_equal(parse("9007199254740993"), parse("9007199254740992")));
    t_ok("order of members", f_equal(parse("{\"a\":1,\"b\":[2]}"), parse("{\"b\":[2],\"a\":1}")) && !f_equal(parse("{\"a\":1}"), parse("{\"a\":1,\"b\":2}")));
    for (i = 0; i < T_COUNT(bad); i++) { t_row(bad[i]); t_ok("refused", !parse(bad[i])); }
    t_row(NULL);
    t_ok("twice", f_twice(parse("{\"a\":[{\"b\":1,\"c\":2,\"b\":3}]}")) && !f_twice(parse("{\"a\":[{\"b\":1},{\"b\":2}],\"b\":1}")));
    j = parse("{\"m\":[{\"content\":\"a\"},{\"content\":[{\"type\":\"x\",\"text\":\"b\"},{\"type\":\"y\",\"text\":\"c\"}]}],\"arg\":\"{\\\"k\\\":1}\"}");
    is("text(m)", "\"abc\"");
    is("m[1].content[type=y].text", "\"c\"");
    is("count(m[1].content type=y)", "1");
    is("json(arg)", "{\"k\":1}");
    f_free();
}

T(sse) {
    static const struct { const char *label, *in, *want; } rows[] = {
        { "plain", "data:x\n\ndata: x\n\ndata:  x\n\n", "(|x)(|x)(| x)" },
        { "join", "data: a\ndata: b\n\n", "(|a\nb)" },
        { "names, comments, other fields", ": c\nevent: e\nid: 1\ndata: a\nretry: 3\n\n", "(e|a)" },
        { "line ends", "data: a\r\n\r\ndata: b\r\rdata: c\n\n", "(|a)(|b)(|c)" },
        { "no data, no event", "event: x\n\ndata: a\n\n", "(|a)" },
        { "empty data line", "data\n\n", "(|)" },
        { "unterminated", "data: a\n\ndata: b\n", "(|a)" },
        { "byte order mark", "\xEF\xBB\xBF" "data: a\n\n", "(|a)" },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        f_sse s = f_sse_open(t_dup(rows[i].in, strlen(rows[i].in)), strlen(rows[i].in));
        f_str b = { NULL, 0, 0 };
        t_row(rows[i].label);
        while (f_sse_next(&s)) { f_puts(&b, "("); f_puts(&b, s.name.s); f_puts(&b, "|"); f_puts(&b, s.data.s); f_puts(&b, ")"); }
        t_str("events", b.s ? b.s : "", b.n, rows[i].want);
    }
    f_free();
}

T(fold_openai) {
    static const char in[] =
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,"
        "\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]},\"finish_reason\":null}]}\n\n"
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
        "\"function\":{\"arguments\":\"{\\\"a\\\":\"}}]},\"finish_reason\":null}]}\n\n"
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
        "\"function\":{\"arguments\":\"1}\"}}]},\"finish_reason\":null}]}\n\n"
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"M\",\"choices\":[],\"usage\":{\"total_tokens\":29}}\n\n"
        "data: [DONE]\n\n";
    f_fold f = f_fold_openai(t_dup(in, sizeof in - 1), sizeof in - 1);
    f_json *j = f.whole;
    t_int("finish", f.finish, 1);
    t_int("done", f.done, 1);
    t_ok("sound", !f.bad);
    is("", "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"M\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
           "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"total_tokens\":29}}"
          );
    f_free();
}

T(fold_anthropic) {
    static const char in[] =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"M\",\"content\":[],"
        "\"stop_reason\":null,\"usage\":{\"input_tokens\":20,\"output_tokens\":1}}}\n\n"
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"
        "event: ping\ndata: {\"type\":\"ping\"}\n\n"
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Use.\"}}\n\n"
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\n\n"
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n"
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n"
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\": 1}\"}}\n\n"
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":18}}\n\n"
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    f_fold f = f_fold_anthropic(t_dup(in, sizeof in - 1), sizeof in - 1);
    f_json *j = f.whole;
    t_int("finish", f.finish, 1);
    t_int("done", f.done, 1);
    t_ok("sound", !f.bad);
    is("content", "[{\"type\":\"thinking\",\"thinking\":\"Use.\",\"signature\":\"c2ln\"},{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\"a\":1}}]");
    is("stop_reason", "\"tool_use\"");
    is("usage", "{\"input_tokens\":20,\"output_tokens\":18}");
    f = f_fold_anthropic(in, sizeof in - 1 - 60);
    t_int("cut: no end", f.done, 0);
    f_free();
}

T(fold_gemini) {
    static const char in[] =
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Use \",\"thought\":true}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":20}}\r\n\r\n"
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"it.\",\"thought\":true},{\"text\":\"A\"}]},\"index\":0}]}\r\n\r\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"AAAA\"}]},\"finishReason\":\"STOP\",\"index\":0}],"
        "\"usageMetadata\":{\"promptTokenCount\":20,\"totalTokenCount\":38},\"responseId\":\"r1\"}\r\n\r\n";
    static const char list[] = "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]},\n{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}]";
    f_fold f = f_fold_gemini(t_dup(in, sizeof in - 1), sizeof in - 1);
    f_json *j = f.whole;
    t_int("finish", f.finish, 1);
    t_ok("sound", !f.bad);
    is("candidates[0].content.parts", "[{\"text\":\"Use it.\",\"thought\":true},{\"text\":\"A\"},{\"functionCall\":{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"AAAA\"}]");
    is("candidates[0].finishReason", "\"STOP\"");
    is("usageMetadata", "{\"promptTokenCount\":20,\"totalTokenCount\":38}");
    f = f_fold_gemini(t_dup(list, sizeof list - 1), sizeof list - 1);
    j = f.whole;
    t_int("error in the array", f.errors, 1);
    is("error.status", "\"UNAVAILABLE\"");
    is("text(candidates[0].content)", "\"a\"");
    f_free();
}

/* One SSE event per typed line, named by its `type`. */
static f_str sse(const char *const *lines, size_t n) {
    f_str b = { NULL, 0, 0 };
    size_t i;
    for (i = 0; i < n; i++) {
        const f_json *type = f_get(parse(lines[i]), "type");
        if (type) { f_puts(&b, "event: "); f_puts(&b, type->s); f_puts(&b, "\n"); }
        f_puts(&b, "data: ");
        f_puts(&b, lines[i]);
        f_puts(&b, "\n\n");
    }
    return b;
}

/* wire-formats 29.3 */
T(evs) {
    static const char *const hex[] = {
        ("0000009400000057b4ab9aee0b3a6576656e742d747970650"
        "70011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b"
        "22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869227d7d1f944657"),
        ("0000008300000061a9d144e50f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d74797065070010617070"
        "6c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22736c6f77227d9350311c"),
        "000000100000000005c248eb7d98c8ff" };
    f_str all = { NULL, 0, 0 }, mine = { NULL, 0, 0 };
    f_evs s;
    size_t i, k;
    for (i = 0; i < T_COUNT(hex); i++)
        for (k = 0; hex[i][k]; k += 2) {
            char two[3] = { 0, 0, 0 }, c;
            memcpy(two, hex[i] + k, 2);
            c = (char)strtoul(two, NULL, 16);
            f_put(&all, &c, 1);
        }
    t_ok("check value", f_crc32("123456789", 9) == 0xCBF43926ul);
    s = f_evs_open(t_dup(all.s, all.n), all.n);
    t_ok("first", f_evs_next(&s));
    t_str("kind", s.kind.s, s.kind.n, "event");
    t_str("name", s.name.s, s.name.n, "contentBlockDelta");
    t_str("type", s.type.s, s.type.n, "application/json");
    t_str("payload", s.data.s, s.data.n, "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}");
    f_evs_put(&mine, "event", "contentBlockDelta", s.data.s, s.data.n);
    t_ok("second", f_evs_next(&s));
    t_str("kind", s.kind.s, s.kind.n, "exception");
    t_str("name", s.name.s, s.name.n, "throttlingException");
    f_evs_put(&mine, "exception", "throttlingException", s.data.s, s.data.n);
    t_ok("written alike", mine.n == all.n - 16 && !memcmp(mine.s, all.s, mine.n));
    t_ok("empty message", f_evs_next(&s) && !s.kind.n && !s.data.n);
    t_ok("end", !f_evs_next(&s) && !s.bad);
    for (i = 0; i < mine.n; i++) {
        char *broken = t_dup(mine.s, mine.n);
        broken[i] = (char)(broken[i] ^ 4);
        s = f_evs_open(broken, mine.n);
        while (f_evs_next(&s)) { }
        if (!s.bad) t_int("a changed byte is seen", (long)i, -1);
    }
    s = f_evs_open(t_dup(mine.s, mine.n), mine.n - 1);
    t_ok("cut", f_evs_next(&s) && !f_evs_next(&s) && s.bad);
    f_free();
}

T(fold_responses) {
    static const char *const in[] = {
        "{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"model\":\"M\",\"status\":\"in_progress\",\"output\":[]}}",
        "{\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\","
        "\"name\":\"f\",\"arguments\":\"\"}}",
        "{\"type\":\"response.function_call_arguments.delta\",\"sequence_number\":2,\"item_id\":\"fc_1\",\"output_index\":0,\"delta\":\"{}\"}",
        "{\"type\":\"response.function_call_arguments.done\",\"sequence_number\":3,\"item_id\":\"fc_1\",\"output_index\":0,\"arguments\":\"{}\"}",
        "{\"type\":\"response.output_item.done\",\"sequence_number\":4,\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\","
        "\"name\":\"f\",\"arguments\":\"{}\",\"status\":\"completed\"}}",
        "{\"type\":\"response.output_item.added\",\"sequence_number\":5,\"output_index\":1,\"item\":{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":[]}}",
        "{\"type\":\"response.content_part.added\",\"sequence_number\":6,\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"part\":{\"type\":\"output_text\","
        "\"text\":\"\",\"annotations\":[]}}",
        "{\"type\":\"response.output_text.delta\",\"sequence_number\":7,\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"delta\":\"He\"}",
        "{\"type\":\"response.output_text.delta\",\"sequence_number\":8,\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"delta\":\"y\"}",
        "{\"type\":\"response.output_text.done\",\"sequence_number\":9,\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"text\":\"Hey\"}",
        "{\"type\":\"response.output_item.done\",\"sequence_number\":10,\"output_index\":1,\"item\":{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":"
        "[{\"type\":\"output_text\",\"text\":\"Hey\",\"annotations\":[]}]}}",
        "{\"type\":\"response.completed\",\"sequence_number\":11,\"response\":{\"id\":\"resp_1\",\"model\":\"M\",\"status\":\"completed\",\"output\":[{\"type\":\"function_call\","
        "\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":\"{}\",\"status\":\"completed\"},{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\","
        "\"content\":[{\"type\":\"output_text\",\"text\":\"Hey\",\"annotations\":[]}]}],\"usage\":{\"total_tokens\":29}}}" };
    f_str b = sse(in, T_COUNT(in));
    f_fold f = f_fold_responses(t_dup(b.s, b.n), b.n);
    f_json *j = f.whole;
    char *at_hey;
    t_str("sound", f.bad ? f.bad : "", f.bad ? strlen(f.bad) : 0, "");
    t_int("finish", f.finish, 1);
    t_int("done", f.done, 1);
    is("output[0].arguments", "\"{}\"");
    is("text(output[1])", "\"Hey\"");
    is("usage.total_tokens", "29");
    at_hey = strstr(b.s, "\"He\"");
    at_hey[1] = 'h';
    f = f_fold_responses(t_dup(b.s, b.n), b.n);
    t_ok("deltas against done", f.bad != NULL);
    f_free();
}

T(fold_bedrock) {
    f_str b = { NULL, 0, 0 };
    f_fold f;
    f_json *j;
    size_t i, cut = 0;
    static const char *const in[][2] = {
        { "messageStart", "{\"role\":\"assistant\"}" },
        { "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"Use it.\"}}}" },
        { "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"signature\":\"c2ln\"}}}" },
        { "contentBlockStop", "{\"contentBlockIndex\":0}" },
        { "contentBlockStart", "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":\"tooluse_1\",\"name\":\"get_weather\"}}}" },
        { "contentBlockDelta", "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":\"{\\\"city\\\":\"}}}" },
        { "contentBlockDelta", "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":\"\\\"Oslo\\\"}\"}},\"p\":\"abc\"}" },
        { "contentBlockStop", "{\"contentBlockIndex\":1}" },
        { "messageStop", "{\"stopReason\":\"tool_use\"}" },
        { "metadata", "{\"usage\":{\"inputTokens\":20,\"outputTokens\":9,\"totalTokens\":29},\"metrics\":{\"latencyMs\":5}}" } };
    for (i = 0; i < T_COUNT(in); i++) {
        if (i == 8) cut = b.n;
        f_evs_put(&b, "event", in[i][0], in[i][1], strlen(in[i][1]));
    }
    f = f_fold_bedrock(t_dup(b.s, b.n), b.n);
    j = f.whole;
    t_str("sound", f.bad ? f.bad : "", f.bad ? strlen(f.bad) : 0, "");
    t_int("finish", f.finish, 1);
    t_int("done", f.done, 1);
    is("output.message.content", "[{\"reasoningContent\":{\"reasoningText\":{\"text\":\"Use it.\",\"signature\":\"c2ln\"}}},{\"toolUse\":{\"toolUseId\":\"tooluse_1\","
                                 "\"name\":\"get_weather\",\"input\":{\"city\":\"Oslo\"}}}]");
    is("stopReason", "\"tool_use\"");
    is("usage.totalTokens", "29");
    f_evs_put(&b, "exception", "throttlingException", "{\"message\":\"slow\"}", 18);
    t_int("after the end", f_fold_bedrock(b.s, b.n).after, 1);
    b.n = cut;
    f_evs_put(&b, "exception", "throttlingException", "{\"message\":\"slow\"}", 18);
    f = f_fold_bedrock(b.s, b.n);
    j = f.whole;
    t_int("exception", f.errors, 1);
    t_ok("no end", !f.done && !f.finish);
    is("error", "{\"message\":\"slow\",\"type\":\"throttlingException\"}");
    f_free();
}

T(fold_cohere) {
    static const char *const in[] = {
        "{\"type\":\"message-start\",\"id\":\"c1\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}",
        "{\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"Ask.\"}}}",
        "{\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}}}}",
        "{\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{}\"}}}}}",
        "{\"type\":\"tool-call-end\",\"index\":0}",
        "{\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}",
        "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"Hey\"}}}}",
        "{\"type\":\"content-end\",\"index\":0}",
        "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\",\"usage\":{\"tokens\":{\"input_tokens\":20.0,\"output_tokens\":9.0}}}}",
        "[DONE]" };
    f_str b = sse(in, T_COUNT(in));
    f_fold f = f_fold_cohere(t_dup(b.s, b.n), b.n);
    f_json *j = f.whole;
    t_str("sound", f.bad ? f.bad : "", f.bad ? strlen(f.bad) : 0, "");
    t_int("finish", f.finish, 1);
    t_int("done", f.done, 1);
    is("message", "{\"role\":\"assistant\",\"tool_plan\":\"Ask.\",\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}],"
                  "\"content\":[{\"type\":\"text\",\"text\":\"Hey\"}]}");
    is("usage.tokens.output_tokens", "9.0");
    f_free();
}

T(fold_ollama) {
    static const char in[] =
        "{\"model\":\"M\",\"created_at\":\"2026-11-21T05:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"He\",\"thinking\":\"Mm\"},\"done\":false}\n"
        "{\"model\":\"M\",\"created_at\":\"2026-11-21T05:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"y\",\"tool_calls\":[{\"function\":{\"index\":0,\"name\":\"f\","
        "\"arguments\":{\"a\":1}}}]},\"done\":false}\n"
        "{\"model\":\"M\",\"created_at\":\"2026-11-21T05:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":9}\n";
    f_fold f = f_fold_ollama(t_dup(in, sizeof in - 1), sizeof in - 1);
    f_json *j = f.whole;
    t_str("sound", f.bad ? f.bad : "", f.bad ? strlen(f.bad) : 0, "");
    t_int("finish", f.finish, 1);
    t_int("done", f.done, 1);
    is("message", "{\"role\":\"assistant\",\"content\":\"Hey\",\"thinking\":\"Mm\",\"tool_calls\":[{\"function\":{\"index\":0,\"name\":\"f\",\"arguments\":{\"a\":1}}}]}");
    is("eval_count", "9");
    t_int("a line cut short is no line", f_fold_ollama(in, sizeof in - 2).done, 0);
    f_free();
}

int main(void) {
    T_RUN(json);
    T_RUN(sse);
    T_RUN(fold_openai);
    T_RUN(fold_anthropic);
    T_RUN(fold_gemini);
    T_RUN(evs);
    T_RUN(fold_responses);
    T_RUN(fold_bedrock);
    T_RUN(fold_cohere);
    T_RUN(fold_ollama);
    return t_end();
}
