/* SPDX-License-Identifier: MIT OR Unlicense */
/* The model: kinds, loss report, fold and unfold, the event checker, canonical JSON there and back. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static aigw_str str(const char *s) { return aigw_base_str(s); }

T(kinds) {
    t_int("rate limit", aigw_model_kind_status(AIGW_KIND_RATE_LIMIT), 429);
    t_int("its retry", aigw_model_kind_retry(AIGW_KIND_RATE_LIMIT), AIGW_RETRY_WAIT);
    t_ok("its label", !strcmp(aigw_model_kind_name(AIGW_KIND_RATE_LIMIT), "rate_limit"));
    t_ok("an unknown kind has the closed list's other", !strcmp(aigw_model_kind_name(999), "_OTHER"));
}

T(loss) {
    aigw_loss_item items[2];
    aigw_loss l;
    aigw_str doc = str("{\"a\":{\"b\":[1,2]},\"c\":3}");
    aigw_model_loss_init(&l, items, 2);
    l.doc = doc;
    t_int("dropped", aigw_model_loss_at(&l, aigw_base_find(doc, str("2"), 0), "", AIGW_LOSS_DROPPED, "x"), AIGW_OK);
    t_ok("path", !strcmp(items[0].path, "a.b[1]"));
    t_int("again", aigw_model_loss_at(&l, aigw_base_find(doc, str("2"), 0), "", AIGW_LOSS_DROPPED, "x"), AIGW_OK);
    t_int("counted once", l.n, 1);
    t_int("by path", aigw_model_loss_at(&l, AIGW_NOWHERE, "max_tokens", AIGW_LOSS_SYNTHESIZED, "y"), AIGW_OK);
    t_ok("path as given", !strcmp(items[1].path, "max_tokens"));
    t_int("beyond the array only counts", aigw_model_loss_at(&l, 0, "", AIGW_LOSS_DROPPED, "z"), AIGW_OK);
    t_int("n", l.n, 2);
    t_int("count", l.count[AIGW_LOSS_DROPPED], 2);
    l.strict = 1;
    t_int("strict refuses", aigw_model_loss_at(&l, 0, "", AIGW_LOSS_APPROXIMATED, "z"), AIGW_E_REFUSED);
    t_int("strict lets synthesized pass", aigw_model_loss_at(&l, 0, "", AIGW_LOSS_SYNTHESIZED, "z"), AIGW_OK);
    t_int("no report", aigw_model_loss_at(NULL, 0, "", AIGW_LOSS_REFUSED, "z"), AIGW_E_REFUSED);
}

static const char *const lines[] = {
    "{\"type\":\"start\",\"id\":\"r1\",\"model\":\"m\",\"created_s\":7}",
    "{\"type\":\"block_start\",\"block\":0,\"kind\":\"reasoning\"}",
    "{\"type\":\"delta\",\"block\":0,\"kind\":\"reasoning\",\"text\":\"Thi\"}",
    "{\"type\":\"block_start\",\"block\":1,\"kind\":\"tool_call\",\"id\":\"c1\",\"name\":\"f\"}",
    "{\"type\":\"delta\",\"block\":0,\"kind\":\"reasoning\",\"text\":\"nk\\u00e9\"}",
    "{\"type\":\"delta\",\"block\":1,\"kind\":\"tool_call\",\"text\":\"{\\\"a\\\"\"}",
    "{\"type\":\"note\",\"block\":0,\"kind\":\"signature\",\"state\":{\"kind\":\"signature\",\"owner\":\"gemini\",\"model\":\"g\",\"text\":\"s\"}}",
    "{\"type\":\"block_stop\",\"block\":0,\"kind\":\"reasoning\"}",
    "{\"type\":\"ping\"}",
    "{\"type\":\"delta\",\"block\":1,\"kind\":\"tool_call\",\"text\":\":1}\"}",
    "{\"type\":\"block_stop\",\"block\":1,\"kind\":\"tool_call\"}",
    "{\"type\":\"note\",\"kind\":\"logprobs\",\"name\":\"openai-chat\",\"json\":{\"content\":[]}}",
    "{\"type\":\"usage\",\"usage\":{\"input\":3,\"output\":4,\"reasoning\":2}}",
    "{\"type\":\"stop\",\"name\":\"END\",\"finish\":[\"tool_calls\"]}"
};
static const char whole[] = "{\"id\":\"r1\",\"model\":\"m\",\"created_s\":7,\"choices\":[{\"finish\":\"tool_calls\",\"parts\":[{\"kind\":\"reasoning\","
    "\"text\":\"Think\\u00e9\",\"state\":{\"kind\":\"signature\",\"owner\":\"gemini\",\"model\":\"g\",\"text\":\"s\"}},{\"kind\":\"tool_call\",\"id\":\"c1\",\"name\":"
    "\"f\",\"text\":\"{\\\"a\\\":1}\"}],\"notes\":[{\"kind\":\"logprobs\",\"dialect\":\"openai-chat\",\"json\":{\"content\":[]}}]}],\"stop_sequence\":\"END\","
    "\"usage\":{\"input\":3,\"output\":4,\"reasoning\":2},\"ended\":true}";

/* Fold the lines in `room` bytes; AIGW_OK or the first error. */
static int fold_lines(size_t room, aigw_resp *resp, aigw_arena *mem) {
    static unsigned char scratch[4096];
    aigw_fold fold;
    aigw_check check;
    size_t i;
    int r;
    memset(&check, 0, sizeof check);
    *mem = aigw_base_arena(t_alloc(room), room);
    aigw_model_fold_init(&fold, resp, mem, 1);
    for (i = 0; i < T_COUNT(lines); i++) {
        aigw_arena a = aigw_base_arena(scratch, sizeof scratch);
        aigw_event ev;
        aigw_fault fault;
        memset(&fault, 0, sizeof fault);
        t_int("event reads", aigw_model_event_decode(str(lines[i]), &a, &ev, &fault), AIGW_OK);
        t_int("grammar", aigw_model_check_put(&check, &ev), AIGW_OK);
        r = aigw_model_fold_put(&fold, &ev);
        if (r < 0) return r;
    }
    return AIGW_OK;
}

T(fold_gives_the_whole_answer) {
    char text[2048];
    aigw_resp resp;
    aigw_arena mem;
    aigw_out out;
    t_int("fold", fold_lines(4096, &resp, &mem), AIGW_OK);
    aigw_base_out_init(&out, text, sizeof text, NULL, 0);
    t_int("write", aigw_model_resp_encode(&resp, &out), AIGW_OK);
    t_str("whole", text, out.buf.n, whole);
}

T(fold_in_every_memory) {
    size_t room;
    int last = AIGW_E_NOMEM;
    for (room = 0; room < 1400; room++) {
        aigw_resp resp;
        aigw_arena mem;
        int r = fold_lines(room, &resp, &mem);
        t_ok("fits or says so", r == AIGW_OK || r == AIGW_E_NOMEM);
        last = r;
        t_free_all();
    }
    t_int("fits in the end", last, AIGW_OK);
}

static int log_put(void *user, const aigw_event *ev) {
    aigw_out *out = (aigw_out *)user;
    out->comma = 0;
    aigw_model_event_encode(ev, out);
    aigw_base_put_byte(out, '\n');
    return 0;
}

T(whole_answer_reads_back_and_unfolds) {
    char text[4096], again[2048];
    unsigned char room[4096], room2[4096];
    aigw_arena mem = aigw_base_arena(room, sizeof room), mem2 = aigw_base_arena(room2, sizeof room2);
    aigw_resp resp, resp2;
    aigw_fault fault;
    aigw_fold fold;
    aigw_sink sink;
    aigw_out out;
    memset(&fault, 0, sizeof fault);
    t_int("read", aigw_model_resp_decode(str(whole), &mem, &resp, &fault), AIGW_OK);
    aigw_base_out_init(&out, text, sizeof text, NULL, 0);
    sink.put = log_put;
    sink.user = &out;
    t_int("unfold", aigw_model_unfold(&resp, &sink), AIGW_OK);
    t_ok("ends with stop", out.buf.n > 60 && aigw_base_find(aigw_base_out_str(&out), str("\"type\":\"stop\""), 0) < out.buf.n);
    aigw_model_fold_init(&fold, &resp2, &mem2, 1);
    sink.put = aigw_model_fold_put;
    sink.user = &fold;
    t_int("refold", aigw_model_unfold(&resp, &sink), AIGW_OK);
    aigw_base_out_init(&out, again, sizeof again, NULL, 0);
    t_int("write", aigw_model_resp_encode(&resp2, &out), AIGW_OK);
    t_str("same", again, out.buf.n, whole);
}

T(checker) {
    const struct { const char *label, *events[4]; int bad; } rows[] = {
        { "stop alone", { lines[13] }, 0 },
        { "delta first", { lines[2] }, 1 },
        { "two starts", { lines[0], lines[0] }, 1 },
        { "stop while open", { lines[0], lines[1], lines[13] }, 1 },
        { "after the end", { lines[0], lines[13], lines[8] }, 1 },
        { "delta of a closed block", { lines[0], lines[1], lines[7], lines[2] }, 1 },
        { "block numbers skip", { lines[0], lines[3] }, 1 }
    };
    size_t i, k;
    for (i = 0; i < T_COUNT(rows); i++) {
        aigw_check c;
        int r = 0;
        memset(&c, 0, sizeof c);
        t_row(rows[i].label);
        for (k = 0; k < 4 && rows[i].events[k]; k++) {
            unsigned char room[1024];
            aigw_arena mem = aigw_base_arena(room, sizeof room);
            aigw_event ev;
            aigw_fault fault;
            memset(&fault, 0, sizeof fault);
            aigw_model_event_decode(str(rows[i].events[k]), &mem, &ev, &fault);
            r = aigw_model_check_put(&c, &ev);
        }
        t_int("verdict", r, rows[i].bad ? AIGW_E_STATE : AIGW_OK);
        t_ok("says why", !rows[i].bad == !c.why);
    }
}

static const char request[] = "{\"op\":\"chat\",\"dialect\":\"gemini\",\"model\":\"m\",\"array\":true,\"messages\":[{\"role\":\"system\",\"parts\":[{\"kind\":\"text\",\"text\":\"Be \\\"brief\\\".\"}]},"
    "{\"role\":\"user\",\"name\":\"bob\",\"parts\":[{\"kind\":\"image\",\"source\":\"bytes\",\"mime\":\"image/png\",\"detail\":\"low\",\"cache_ttl_s\":300,\"text\":\"AAAA\"}]},"
    "{\"role\":\"assistant\",\"parts\":[{\"kind\":\"tool_call\",\"id\":\"c\",\"name\":\"f\",\"no_id\":true,\"json\":{\"a\": 1}}]},"
    "{\"role\":\"tool\",\"parts\":[{\"kind\":\"tool_result\",\"id\":\"c\",\"is_error\":true,\"parts\":[{\"kind\":\"text\",\"text\":\"no\"},{\"kind\":\"other\",\"name\":\"gemini\",\"json\":[1]}]}]}],"
    "\"tools\":[{\"kind\":\"function\",\"name\":\"f\",\"description\":\"d\",\"strict\":false,\"openapi\":true,\"schema\":{\"type\":\"OBJECT\"}}],\"choice\":\"named\",\"choice_names\":[\"f\"],"
    "\"param\":{\"temperature\":0.50,\"seed\":9223372036854775807,\"stream\":true,\"effort\":\"low\"},\"stop\":[\"a\",\"b\"],\"format\":{\"kind\":\"schema\",\"name\":\"n\",\"strict\":true,\"schema\":{}},"
    "\"metadata\":{\"k\":\"v\"},\"cache_ttl_s\":1,\"raw\":[{\"name\":\"safetySettings\",\"json\":[]}]}";

T(request_reads_and_writes) {
    unsigned char room[8192];
    char text[4096];
    aigw_arena mem = aigw_base_arena(room, sizeof room);
    aigw_req req;
    aigw_fault fault;
    aigw_out out;
    memset(&fault, 0, sizeof fault);
    t_int("read", aigw_model_req_decode(str(request), &mem, &req, &fault), AIGW_OK);
    aigw_base_out_init(&out, text, sizeof text, NULL, 0);
    t_int("write", aigw_model_req_encode(&req, &out), AIGW_OK);
    t_str("same", text, out.buf.n, request);
}

T(request_faults) {
    static const struct { const char *text, *path; int code; } rows[] = {
        { "{\"messages\":[{\"role\":\"sytem\"}]}", "messages[0].role", AIGW_E_VALUE },
        { "{\"mesages\":[]}", "mesages", AIGW_E_VALUE },
        { "{\"model\":\"a\",\"model\":\"b\"}", "model", AIGW_E_DUPLICATE },
        { "{\"messages\":[{\"role\":\"user\",\"parts\":[{\"kind\":\"text\",\"text\":5}]}]}", "messages[0].parts[0].text", AIGW_E_TYPE },
        { "{\"model\":\"a\"} x", "", AIGW_E_SYNTAX }
    };
    size_t i, room;
    for (i = 0; i < T_COUNT(rows); i++) {
        unsigned char mem0[1024];
        aigw_arena mem = aigw_base_arena(mem0, sizeof mem0);
        aigw_req req;
        aigw_fault fault;
        memset(&fault, 0, sizeof fault);
        t_row(rows[i].text);
        t_int("code", aigw_model_req_decode(str(rows[i].text), &mem, &req, &fault), rows[i].code);
        t_str("path", fault.path, strlen(fault.path), rows[i].path);
    }
    t_row(NULL);
    for (room = 0; room < 2000; room += 8) {
        aigw_arena mem = aigw_base_arena(t_alloc(room), room);
        aigw_req req;
        aigw_fault fault;
        int r;
        memset(&fault, 0, sizeof fault);
        r = aigw_model_req_decode(str(request), &mem, &req, &fault);
        t_ok("fits or says so", r == AIGW_OK || r == AIGW_E_NOMEM);
        t_free_all();
    }
}

int main(void) {
    T_RUN(kinds);
    T_RUN(loss);
    T_RUN(fold_gives_the_whole_answer);
    T_RUN(fold_in_every_memory);
    T_RUN(whole_answer_reads_back_and_unfolds);
    T_RUN(checker);
    T_RUN(request_reads_and_writes);
    T_RUN(request_faults);
    return t_end();
}
