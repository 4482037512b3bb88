/* SPDX-License-Identifier: MIT OR Unlicense */
/* The Cohere dialect: transcripts (tests/cases/cohere.txt), which paths it takes, memory of every size, the way of a plan through the clients of other
 * dialects, and every recording of ../shared/wire. Knows the dialect's table and the model. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static const aigw_dialect *const D = &aigw_dialect_cohere;
#define CASES_TARGET "/v2/chat"
#include "cases.h"

T(transcripts) { cases_run("tests/cases/cohere.txt", 100); }

T(paths) {
    static const struct { const char *label, *method, *target; int op; } rows[] = {
        { "chat", "POST", "/v2/chat", AIGW_OP_CHAT }, { "behind a base", "POST", "/cohere/v2/chat?x=1", AIGW_OP_CHAT }, { "models", "GET", "/v1/models?page_size=3", AIGW_OP_MODELS },
        { "one model", "GET", "/v1/models/command-a", AIGW_OP_MODELS }, { "get chat", "GET", "/v2/chat", AIGW_OP_NONE }, { "version 1", "POST", "/v1/chat", AIGW_OP_NONE },
        { "more", "POST", "/v2/chat/x", AIGW_OP_NONE }, { "empty", "POST", "", AIGW_OP_NONE }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_head head;
        memset(&head, 0, sizeof head);
        head.method = str(rows[i].method);
        head.target = str(rows[i].target);
        t_row(rows[i].label);
        t_int("op", D->match(&head), rows[i].op);
    }
    t_row(NULL);
}

T(model_named_in_the_path) {
    aigw_head head;
    aigw_fault fault;
    aigw_req req;
    memset(&head, 0, sizeof head);
    head.method = str("GET");
    head.target = str("/v1/models/command-a?x=1");
    t_int("read", D->req_decode(&head, str(""), NULL, &req, &fault), 0);
    t_int("op", req.op, AIGW_OP_MODELS);
    t_str("model", req.model.p, req.model.n, "command-a");
}

T(lists_of_models) {
    aigw_model_info m[2];
    aigw_out out;
    memset(m, 0, sizeof m);
    m[0].name = str("command-a");
    m[0].context = 256000;
    m[1].name = str("a\"b");
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("list", D->models_encode(m, 2, 0, &out), 0);
    t_str("list", text_mem, out.buf.n, "{\"models\":[{\"name\":\"command-a\",\"endpoints\":[\"chat\"],\"finetuned\":false,\"context_length\":256000},"
          "{\"name\":\"a\\\"b\",\"endpoints\":[\"chat\"],\"finetuned\":false}]}");
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("none", D->models_encode(m, 0, 0, &out), 0);
    t_str("none", text_mem, out.buf.n, "{\"models\":[]}");
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("one", D->models_encode(m + 1, 1, 1, &out), 0);
    t_str("one", text_mem, out.buf.n, "{\"name\":\"a\\\"b\",\"endpoints\":[\"chat\"],\"finetuned\":false}");
}

T(limits_both_ways) {
    aigw_header h[4], g[4];
    aigw_head head, back;
    aigw_limits l, again;
    aigw_arena mem = aigw_base_arena(t_alloc(256), 256);
    memset(&head, 0, sizeof head);
    memset(&back, 0, sizeof back);
    head.headers = h;
    back.headers = g;
    head.cap = back.cap = 4;
    headers(&head, str("x-trial-endpoint-call-limit=20,x-trial-endpoint-call-remaining=19,x-endpoint-monthly-call-limit=1000"));
    D->limits_decode(NOW, &head, &l);
    t_int("limit", l.requests.limit, 20);
    t_int("remaining", l.requests.remaining, 19);
    l.requests.reset_ms = 5;
    t_int("written", D->limits_encode(NOW, &l, &mem, &back), 0);
    t_int("two of them", back.n, 2);
    D->limits_decode(NOW, &back, &again);
    t_int("limit", again.requests.limit, 20);
    t_int("remaining", again.requests.remaining, 19);
}

/* What a client that speaks another dialect gets of a plan, and sends back, is a plan again. */
T(a_plan_comes_back_through_any_client) {
    static const char answer[] = "{\"id\":\"i\",\"message\":{\"role\":\"assistant\",\"tool_plan\":\"I will look.\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":"
        "{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"TOOL_CALL\"}";
    static const struct { const aigw_dialect *client; const char *target, *before, *after, *message; } rows[] = {
        { &aigw_dialect_openai, "/v1/chat/completions", "{\"model\":\"M\",\"messages\":[", "]}", "message" },
        { &aigw_dialect_anthropic, "/v1/messages", "{\"model\":\"M\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":", "}]}", "content" },
        { &aigw_dialect_gemini, "/v1beta/models/M:generateContent", "{\"contents\":[", "]}", "content" },
        { &aigw_dialect_cohere, "/v2/chat", "{\"model\":\"M\",\"messages\":[", "]}", "message" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
        aigw_sink sink = { hear, NULL };
        aigw_header h[4];
        aigw_head head;
        aigw_target to = target(str(""));
        aigw_fault fault;
        aigw_resp resp;
        aigw_req req;
        aigw_json j;
        listener l;
        aigw_dec st;
        aigw_enc enc;
        aigw_out out;
        aigw_str said = { NULL, 0 }, whole;
        static page p;
        page_init(&p);
        t_row(rows[i].target);
        listen(&l, &p, &resp, &mem);
        sink.user = &l;
        dec_init(&st, &p, str(""));
        t_int("read", D->resp_decode(&st, NULL, str(answer), &sink), 0);
        enc_init(&enc, &p, sizeof hold_mem);
        enc.dialect = rows[i].client;
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        t_int("told", rows[i].client->resp_encode(&enc, &resp, &out), 0);
        aigw_json_init(&j, aigw_base_out_str(&out));
        for (aigw_json_object(&j); aigw_json_member(&j); )             /* the message: at the top, or in the first of a list */
            if (aigw_base_eq(j.key, str(rows[i].message))) aigw_json_raw(&j, &said);
            else if (aigw_base_eq(j.key, str("choices")) || aigw_base_eq(j.key, str("candidates"))) {
                aigw_json_array(&j);
                aigw_json_item(&j);
                aigw_json_object(&j);
                while (!aigw_json_member(&j) || !aigw_base_eq(j.key, str(rows[i].message))) aigw_json_skip(&j);
                aigw_json_raw(&j, &said);
                break;
            } else aigw_json_skip(&j);
        aigw_base_out_init(&out, log_mem, sizeof log_mem, NULL, 0);
        aigw_base_put_lit(&out, rows[i].before);
        aigw_base_put(&out, said);
        aigw_base_put_lit(&out, rows[i].after);
        whole = aigw_base_copy(&mem, aigw_base_out_str(&out));
        memset(&head, 0, sizeof head);
        head.method = str("POST");
        head.target = str(rows[i].target);
        head.headers = h;
        head.cap = 4;
        t_int("sent back", rows[i].client->req_decode(&head, whole, &mem, &req, &fault), 0);
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        head.n = 0;
        t_int("asked again", D->req_encode(&req, &to, &mem, &head, &out, NULL), 0);
        whole = aigw_base_out_str(&out);
        if (!t_ok("the plan", aigw_base_find(whole, str("{\"role\":\"assistant\",\"tool_plan\":\"I will look.\",\"tool_calls\":[{"), 0) < whole.n))
            printf("  %.*s\n", (int)whole.n, whole.p);
    }
    t_row(NULL);
}

T(every_size_of_memory) {
    static const char body[] = "{\"model\":\"M\",\"documents\":[\"d\\u0041\"],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\\u0066\",\"parameters\":{}}}],\"stop_sequences\":[\"x\",\"y\"],"
        "\"safety_mode\":\"OFF\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"c\",\"tool_plan\":\"p\",\"citations\":[{}],\"tool_calls\":[{\"id\":\"i\\u0031\","
        "\"type\":\"function\",\"function\":{\"name\":\"ff\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"i1\",\"content\":[{\"type\":\"document\",\"document\":{\"id\":\"e\",\"data\":{\"a\":1}}}]}]}";
    static const char want[] = "{\"model\":\"M\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"c\",\"tool_plan\":\"p\",\"tool_calls\":[{\"id\":\"i1\",\"type\":\"function\","
        "\"function\":{\"name\":\"ff\",\"arguments\":\"{}\"}}],\"citations\":[{}]},{\"role\":\"tool\",\"tool_call_id\":\"i1\",\"content\":[{\"type\":\"document\",\"document\":{\"id\":\"e\",\"data\":{\"a\":1}}}]}],"
        "\"documents\":[{\"data\":{\"text\":\"d\\u0041\"}}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"ff\",\"parameters\":{}}}],\"stop_sequences\":[\"x\",\"y\"]}";
    every_size(body, want);
}

/* More content than blocks may be open, with a citation on the first and on the last. */
T(long_content_and_its_citations) {
    static page p;
    aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
    aigw_sink sink = { hear, NULL };
    aigw_resp resp;
    listener l;
    aigw_dec st;
    aigw_out out;
    const aigw_part *part;
    int n = 0;
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    aigw_base_put_lit(&out, "{\"id\":\"i\",\"message\":{\"content\":[");
    for (int i = 0; i < 100; i++) aigw_base_put_lit(&out, i ? ",{\"type\":\"text\",\"text\":\"x\"}" : "{\"type\":\"text\",\"text\":\"x\"}");
    aigw_base_put_lit(&out, "],\"citations\":[{\"content_index\":0},{\"content_index\":99}]},\"finish_reason\":\"COMPLETE\"}");
    page_init(&p);
    listen(&l, &p, &resp, &mem);
    sink.user = &l;
    dec_init(&st, &p, str(""));
    t_int("read", D->resp_decode(&st, NULL, aigw_base_out_str(&out), &sink), 0);
    for (part = resp.choice[0].parts; part && part->next; part = part->next) n++;
    t_int("all of it", n, 99);
    t_ok("the last one", part && part->notes);
    t_ok("of the first, which was closed", resp.choice[0].notes != NULL);
}

/* ---- recordings */

T(recorded_requests) {
    names list = files(t_shared("wire/cohere"), ".request.json");
    if (!list.n) { t_skip("../shared/wire"); return; }
    for (size_t i = 0; i < list.n; i++) {
        t_bytes f = t_file(list.name[i]);
        aigw_arena mem = aigw_base_arena(t_alloc(4 * MEM), 4 * MEM);
        aigw_target to = target(str(""));
        aigw_header h[4];
        aigw_head head;
        aigw_str body = { f.p, f.n }, first, second;
        aigw_loss loss;
        aigw_loss_item items[8];
        aigw_req req;
        aigw_out out;
        t_row(list.name[i]);
        if (aigw_base_find(body, str("\"chat_history\""), 0) < body.n) continue;       /* version 1 of the API */
        first = canonical(body, CASES_TARGET, &req, &mem);
        if (!t_ok("read", first.n > 0)) continue;
        to.id = req.model;
        memset(&head, 0, sizeof head);
        head.headers = h;
        head.cap = 4;
        aigw_model_loss_init(&loss, items, 8);
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        t_int("written", D->req_encode(&req, &to, &mem, &head, &out, &loss), 0);
        for (size_t k = 0; k < AIGW_LOSS_ACTIONS; k++) t_int("nothing is lost", loss.count[k], 0);
        body.p = t_dup(text_mem, out.buf.n);
        body.n = out.buf.n;
        second = canonical(body, CASES_TARGET, &req, &mem);
        t_mem("again", second.p, second.n, first.p, first.n);
    }
    t_row(NULL);
}

T(recorded_answers) {
    names list = files(t_shared("wire/cohere"), ".response.json");
    static page p;
    if (!list.n) { t_skip("../shared/wire"); return; }
    for (size_t i = 0; i < list.n; i++) {
        t_bytes f = t_file(list.name[i]);
        aigw_arena mem = aigw_base_arena(t_alloc(MEM), MEM);
        aigw_sink sink = { hear, NULL };
        aigw_str body = { f.p, f.n }, first;
        aigw_resp a, b;
        listener l;
        aigw_dec st;
        aigw_enc enc;
        aigw_out out;
        page_init(&p);
        t_row(list.name[i]);
        listen(&l, &p, &a, &mem);
        sink.user = &l;
        dec_init(&st, &p, str(""));
        t_int("read", D->resp_decode(&st, NULL, body, &sink), 0);
        t_int("terminal events", l.terminal, 1);
        t_int("nothing is lost", p.loss.n, 0);
        if (a.error) { relay_error(&p, a.error); continue; }
        enc_init(&enc, &p, sizeof hold_mem);
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        t_int("written", D->resp_encode(&enc, &a, &out), 0);
        body.p = t_dup(text_mem, out.buf.n);
        body.n = out.buf.n;
        listen(&l, &p, &b, &mem);
        dec_init(&st, &p, str(""));
        t_int("read again", D->resp_decode(&st, NULL, body, &sink), 0);
        first = resp_text(&a);
        first.p = t_dup(first.p, first.n);
        body = resp_text(&b);
        t_mem("again", body.p, body.n, first.p, first.n);
    }
    t_row(NULL);
}

/* A recorded stream, told again: the same bytes but for the bill. */
T(recorded_streams) {
    names list = files(t_shared("wire/cohere"), ".response.sse");
    static page p;
    static relay r;
    aigw_dec st;
    aigw_resp a, b;
    if (!list.n) { t_skip("../shared/wire"); return; }
    for (size_t i = 0; i < list.n; i++) {
        t_bytes f = t_file(list.name[i]);
        aigw_str whole = { f.p, f.n }, end = str("\"billed_units\"");
        size_t same = aigw_base_find(whole, end, 0);
        page_init(&p);
        t_row(list.name[i]);
        play(f, &r, &st, &a, &p, 0);
        t_ok("no error", !a.error);
        t_int("nothing is lost", p.loss.n, 0);
        t_mem("the same bytes", text_mem, same < r.out.buf.n ? same : r.out.buf.n, f.p, same);
        for (size_t cut = 1; cut < 5; cut++) {
            play(f, &r, &st, &b, &p, cut);
            t_ok("a cut is an error", b.error && b.error->kind == AIGW_KIND_TRUNCATED);
        }
    }
    t_row(NULL);
}

int main(void) {
    T_RUN(transcripts);
    T_RUN(paths);
    T_RUN(model_named_in_the_path);
    T_RUN(lists_of_models);
    T_RUN(limits_both_ways);
    T_RUN(a_plan_comes_back_through_any_client);
    T_RUN(every_size_of_memory);
    T_RUN(long_content_and_its_citations);
    T_RUN(recorded_requests);
    T_RUN(recorded_answers);
    T_RUN(recorded_streams);
    return t_end();
}
