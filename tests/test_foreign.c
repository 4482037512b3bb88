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

int main(void) {
    T_RUN(json);
    T_RUN(sse);
    T_RUN(fold_openai);
    T_RUN(fold_anthropic);
    T_RUN(fold_gemini);
    return t_end();
}
