/* SPDX-License-Identifier: MIT OR Unlicense */
/* What dialects share: surrogate pairs across deltas, ids, arguments, media, opaque state, errors and hints, edits in place, the end of a stream. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static const aigw_dialect fake = { AIGW_STR("fake"), AIGW_STR("authorization"), AIGW_STR("Bearer "), AIGW_STR(""), NULL, AIGW_STR(""), 0, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, AIGW_STR(""), AIGW_STR(""), AIGW_STR(""), AIGW_STR(""), AIGW_STR(""), AIGW_STR(""), AIGW_STR(""), 1 };

static aigw_str str(const char *s) { return aigw_base_str(s); }
static aigw_text text(const char *s, int form) { return aigwi_dialect_text(str(s), form); }

typedef struct { aigw_out out; aigw_check check; } log_sink;

static int log_put(void *user, const aigw_event *ev) {
    log_sink *l = (log_sink *)user;
    l->out.comma = 0;
    aigw_model_event_encode(ev, &l->out);
    aigw_base_put_byte(&l->out, '\n');
    return aigw_model_check_put(&l->check, ev);
}

static void begin(aigw_dec *st, log_sink *l, aigw_sink *sink, char *buf, size_t cap) {
    memset(st, 0, sizeof *st);
    memset(l, 0, sizeof *l);
    st->dialect = &fake;
    st->mem = aigw_base_arena(t_alloc(1024), 1024);
    aigw_dialect_dec_init(st);
    aigw_base_out_init(&l->out, buf, cap, NULL, 0);
    sink->put = log_put;
    sink->user = l;
}

/* The delta texts of one block, fed piece by piece, joined. */
T(split_surrogates_join) {
    static const struct { const char *label, *pieces[3], *want; } rows[] = {
        { "whole", { "a\\ud83d\\ude00b" }, "a\xF0\x9F\x98\x80" "b" },
        { "split", { "a\\ud83d", "\\ude00b" }, "a\xF0\x9F\x98\x80" "b" },
        { "upper case", { "\\uD83D", "\\uDE00" }, "\xF0\x9F\x98\x80" },
        { "lone at the end", { "a\\ud83d" }, "a\xEF\xBF\xBD" },
        { "lone before text", { "\\ud83d", "b" }, "\xEF\xBF\xBD" "b" },
        { "two highs", { "\\ud83d", "\\ud83d", "\\ude00" }, "\xEF\xBF\xBD\xF0\x9F\x98\x80" },
        { "escaped backslash is no escape", { "\\\\ud83d", "b" }, "\\ud83db" }
    };
    size_t i, k;
    for (i = 0; i < T_COUNT(rows); i++) {
        char buf[2048];
        unsigned char room[1024], room2[1024];
        aigw_arena mem = aigw_base_arena(room, sizeof room), mem2 = aigw_base_arena(room2, sizeof room2);
        aigw_dec st;
        log_sink l;
        aigw_sink sink;
        aigw_fold fold;
        aigw_resp resp;
        struct aigw_block *b;
        aigw_str got;
        begin(&st, &l, &sink, buf, sizeof buf);
        aigw_model_fold_init(&fold, &resp, &mem, 1);
        sink.put = aigw_model_fold_put;
        sink.user = &fold;
        t_row(rows[i].label);
        aigwi_dialect_open(&st, &sink, 0, AIGW_PART_TEXT, 0, str(""), str(""), 0, 0, &b);
        for (k = 0; k < 3 && rows[i].pieces[k]; k++) {
            char quoted[64];
            aigw_json j;
            aigw_text t;
            snprintf(quoted, sizeof quoted, "\"%s\"", rows[i].pieces[k]);
            aigw_json_init(&j, str(quoted));
            t_ok("reads", aigw_json_text(&j, &t));
            t_int("delta", aigwi_dialect_delta(&st, &sink, b, t, 0), AIGW_OK);
        }
        aigwi_dialect_finish(&st, 0, AIGW_FINISH_STOP, str(""));
        t_int("end", aigwi_dialect_end(&st, 1, &sink), AIGW_OK);
        t_ok("decodes", aigw_json_decode(resp.choice[0].parts->text, &mem2, &got));
        t_str("text", got.p, got.n, rows[i].want);
    }
}

/* Also in the stream: no delta ends with half a character. */
T(no_delta_ends_with_half_a_pair) {
    char buf[2048];
    aigw_dec st;
    log_sink l;
    aigw_sink sink;
    struct aigw_block *b;
    begin(&st, &l, &sink, buf, sizeof buf);
    aigwi_dialect_open(&st, &sink, 0, AIGW_PART_TEXT, 0, str(""), str(""), 0, 0, &b);
    t_int("first half", aigwi_dialect_delta(&st, &sink, b, text("a\\ud83d", AIGW_TEXT_LONE), 0), AIGW_OK);
    t_int("second half", aigwi_dialect_delta(&st, &sink, b, text("\\ude00b", AIGW_TEXT_LONE), 0), AIGW_OK);
    t_ok("a whole pair", aigw_base_find(aigw_base_out_str(&l.out), str("\\ud83d\\ude00"), 0) < l.out.buf.n);
    t_ok("and nothing lone", aigw_base_find(aigw_base_out_str(&l.out), str("\xEF\xBF\xBD"), 0) == l.out.buf.n);
}
T(every_stream_ends_once) {
    static const struct { const char *label; int finish, marker, clean; const char *want; } rows[] = {
        { "finish, clean", 1, 0, 1, "\"finish\":[\"stop\"]" },
        { "finish and marker, clean", 1, 1, 1, "\"finish\":[\"stop\"]" },
        { "marker only, clean", 0, 1, 1, "\"finish\":[\"stop\"],\"reason_made\":true" },
        { "nothing, clean", 0, 0, 1, "truncated" },
        { "finish, unclean", 1, 1, 0, "truncated" }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        char buf[2048];
        aigw_dec st;
        log_sink l;
        aigw_sink sink;
        struct aigw_block *b;
        size_t once;
        begin(&st, &l, &sink, buf, sizeof buf);
        t_row(rows[i].label);
        aigwi_dialect_open(&st, &sink, 0, AIGW_PART_TEXT, 0, str(""), str(""), 0, 0, &b);
        aigwi_dialect_delta(&st, &sink, b, text("x", AIGW_TEXT_ESCAPED), 0);
        if (rows[i].finish) aigwi_dialect_finish(&st, 0, AIGW_FINISH_STOP, str(""));
        st.end_marker = (uint8_t)rows[i].marker;
        t_int("end", aigwi_dialect_end(&st, rows[i].clean, &sink), AIGW_OK);
        once = l.out.buf.n;
        t_ok("says", aigw_base_find(aigw_base_out_str(&l.out), str(rows[i].want), 0) < once);
        aigwi_dialect_end(&st, 1, &sink);
        aigwi_dialect_delta(&st, &sink, b, text("y", AIGW_TEXT_ESCAPED), 0);
        t_int("nothing after it", (long long)l.out.buf.n, (long long)once);
        t_ok("grammar", !l.check.why);
    }
}

/* Arguments come whole or in pieces; when a provider sends both, the fold has what came first, and the rest is reported. */
T(a_value_comes_whole_or_in_pieces) {
    int first;
    for (first = 0; first < 2; first++) {
        unsigned char room[1024];
        aigw_arena mem = aigw_base_arena(room, sizeof room);
        aigw_text whole = text("{\"a\":1}", AIGW_TEXT_JSON), piece = text("{}", AIGW_TEXT_ESCAPED);
        aigw_loss_item items[2];
        aigw_loss loss;
        char buf[64];
        aigw_dec st;
        log_sink l;
        aigw_sink sink;
        aigw_fold fold;
        aigw_resp resp;
        struct aigw_block *b;
        begin(&st, &l, &sink, buf, sizeof buf);
        aigw_model_loss_init(&loss, items, 2);
        aigw_model_fold_init(&fold, &resp, &mem, 1);
        st.loss = &loss;
        sink.put = aigw_model_fold_put;
        sink.user = &fold;
        t_row(first ? "whole first" : "pieces first");
        aigwi_dialect_open(&st, &sink, 0, AIGW_PART_TOOL_CALL, 0, str("c"), str("f"), 0, 0, &b);
        t_int("one", aigwi_dialect_delta(&st, &sink, b, first ? whole : piece, AIGW_NOWHERE), AIGW_OK);
        t_int("two", aigwi_dialect_delta(&st, &sink, b, first ? piece : whole, AIGW_NOWHERE), AIGW_OK);
        t_int("close", aigwi_dialect_close(&st, &sink, b), AIGW_OK);
        t_str("arguments", resp.choice[0].parts->text.p, resp.choice[0].parts->text.n, first ? "{\"a\":1}" : "{}");
        t_int("reported", loss.count[AIGW_LOSS_DROPPED], 1);
    }
}

T(finish_stop_with_a_call_is_tool_calls) {
    char buf[2048];
    aigw_dec st;
    log_sink l;
    aigw_sink sink;
    struct aigw_block *b;
    begin(&st, &l, &sink, buf, sizeof buf);
    aigwi_dialect_open(&st, &sink, 1, AIGW_PART_TOOL_CALL, 0, str("id"), str("f"), 0, 0, &b);
    aigwi_dialect_finish(&st, 0, AIGW_FINISH_STOP, str(""));
    aigwi_dialect_finish(&st, 1, AIGW_FINISH_STOP, str(""));
    aigwi_dialect_end(&st, 1, &sink);
    t_ok("by choice", aigw_base_find(aigw_base_out_str(&l.out), str("[\"stop\",\"tool_calls\"]"), 0) < l.out.buf.n);
}

T(too_many_blocks_is_a_bad_response) {
    char buf[16384];
    aigw_dec st;
    log_sink l;
    aigw_sink sink;
    struct aigw_block *b;
    uint32_t i;
    begin(&st, &l, &sink, buf, sizeof buf);
    for (i = 0; i <= AIGW_BLOCKS; i++) aigwi_dialect_open(&st, &sink, 0, AIGW_PART_TOOL_CALL, i, str("id"), str("f"), 0, 0, &b);
    t_ok("ended", st.ended && !b);
    t_ok("bad_response", aigw_base_find(aigw_base_out_str(&l.out), str("bad_response"), 0) < l.out.buf.n);
}

T(arguments_as_object_and_string) {
    static const struct { const char *in; int form; const char *object, *string; int lost; } rows[] = {
        { "", AIGW_TEXT_ESCAPED, "{}", "\"{}\"", 0 },
        { "{\\\"a\\\":1}", AIGW_TEXT_ESCAPED, "{\"a\":1}", "\"{\\\"a\\\":1}\"", 0 },
        { "{\"a\":1}", AIGW_TEXT_JSON, "{\"a\":1}", "\"{\\\"a\\\":1}\"", 0 },
        { "[1]", AIGW_TEXT_JSON, "{\"_raw\":[1]}", "\"[1]\"", 1 },
        { "{\\\"a\\\":", AIGW_TEXT_ESCAPED, "{\"_raw\":\"{\\\"a\\\":\"}", "\"{\\\"a\\\":\"", 1 }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        char buf[256];
        unsigned char room[256];
        aigw_arena mem = aigw_base_arena(room, sizeof room);
        aigw_loss_item items[2];
        aigw_loss loss;
        aigw_out out;
        aigw_model_loss_init(&loss, items, 2);
        t_row(rows[i].in);
        aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
        t_int("object", aigwi_dialect_put_args(&out, text(rows[i].in, rows[i].form), &mem, &loss, AIGW_NOWHERE), AIGW_OK);
        t_str("object", buf, out.buf.n, rows[i].object);
        t_int("reported", loss.count[AIGW_LOSS_APPROXIMATED], rows[i].lost);
        aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
        aigwi_dialect_put_args_str(&out, text(rows[i].in, rows[i].form));
        t_str("string", buf, out.buf.n, rows[i].string);
    }
}

T(ids_fit_and_stay_distinct) {
    char a[80], b[80];
    aigw_out out;
    aigw_base_out_init(&out, a, sizeof a, NULL, 0);
    aigwi_dialect_put_id(&out, str("call_1"), 64);
    t_str("unchanged", a, out.buf.n, "\"call_1\"");
    aigw_base_out_init(&out, a, sizeof a, NULL, 0);
    aigwi_dialect_put_id(&out, str("f#1"), 64);
    t_int("length", (long long)out.buf.n, 23);
    aigw_base_out_init(&out, b, sizeof b, NULL, 0);
    aigwi_dialect_put_id(&out, str("f#2"), 64);
    t_ok("distinct", memcmp(a, b, 23) != 0);
    aigw_base_out_init(&out, b, sizeof b, NULL, 0);
    aigwi_dialect_put_id(&out, str("f#1"), 64);
    t_mem("same each time", b, out.buf.n, a, 23);
}

T(media) {
    unsigned char room[256];
    aigw_arena mem = aigw_base_arena(room, sizeof room);
    aigw_str mime;
    aigw_text data;
    t_int("data url", aigwi_dialect_data_url(text("data:image\\/png;charset=x;base64,AA==", AIGW_TEXT_ESCAPED), &mem, &mime, &data), 1);
    t_str("mime", mime.p, mime.n, "image/png");
    t_str("data", data.p, data.n, "AA==");
    t_int("plain url", aigwi_dialect_data_url(text("https://x/y;base64,", AIGW_TEXT_ESCAPED), &mem, &mime, &data), 0);
    t_int("base64url", aigwi_dialect_base64(text("_-8", AIGW_TEXT_ESCAPED), &mem, &data), 1);
    t_str("as base64", data.p, data.n, "/+8=");
}

T(opaque_state_passes_foreign_clients) {
    static const char *const models[] = { "gemini-3", "a:b%c", "" };
    size_t i;
    int base64, kind;
    for (i = 0; i < T_COUNT(models); i++)
        for (base64 = 0; base64 < 2; base64++)
            for (kind = 0; kind < 3; kind++) {                 /* a signature, redacted, a call's */
                char buf[256];
                unsigned char room[512];
                aigw_arena mem = aigw_base_arena(room, sizeof room);
                aigw_opaque o, *got;
                aigw_json j;
                aigw_text t;
                aigw_out out;
                memset(&o, 0, sizeof o);
                o.kind = (uint8_t)(kind == 1 ? AIGW_OPAQUE_REDACTED : AIGW_OPAQUE_SIGNATURE);
                o.of_call = kind == 2;
                o.id = str(i == 1 ? "rs_1" : "");
                o.owner = str("gemini");
                o.model = str(models[i]);
                o.data = text("c2ln+/=", AIGW_TEXT_PLAIN);
                t_row(models[i]);
                aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
                aigwi_dialect_put_opaque(&out, &o, str("anthropic"), base64);
                aigw_json_init(&j, aigw_base_out_str(&out));
                t_ok("a string", aigw_json_text(&j, &t) && !aigw_json_end(&j));
                got = aigwi_dialect_get_opaque(t, &mem, str("anthropic"), AIGW_OPAQUE_SIGNATURE, base64);
                t_ok("memory", got != NULL);
                if (!got) continue;
                t_str("owner", got->owner.p, got->owner.n, "gemini");
                t_str("model", got->model.p, got->model.n, models[i]);
                t_str("data", got->data.p, got->data.n, "c2ln+/=");
                t_str("id of its item", got->id.p, got->id.n, i == 1 ? "rs_1" : "");
                t_int("kind", got->kind, o.kind);
                t_int("of a call", got->of_call, kind == 2);
                aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
                aigwi_dialect_put_opaque(&out, &o, str("gemini"), base64);
                t_str("to its owner as it was", buf, out.buf.n, "\"c2ln+/=\"");
            }
}

T(errors_by_words_then_message_then_status) {
    static const aigwi_dialect_err_row map[] = { { 0, AIGW_STR("insufficient_quota"), AIGW_KIND_QUOTA }, { 0, AIGW_STR("invalid_request_error"), AIGW_KIND_INVALID_REQUEST },
        { 529, AIGW_STR(""), AIGW_KIND_OVERLOADED } };
    static const struct { int status; const char *code, *type, *message; int kind; } rows[] = {
        { 429, "insufficient_quota", "x", "", AIGW_KIND_QUOTA },
        { 400, "", "invalid_request_error", "This model's maximum context length is 10 tokens", AIGW_KIND_CONTEXT_LENGTH },
        { 400, "", "invalid_request_error", "Your credit balance is too low to access", AIGW_KIND_QUOTA },
        { 400, "", "invalid_request_error", "no such field", AIGW_KIND_INVALID_REQUEST },
        { 529, "", "", "", AIGW_KIND_OVERLOADED },
        { 502, "", "", "<html>", AIGW_KIND_SERVER },
        { 418, "", "", "", AIGW_KIND_INVALID_REQUEST },
        { 429, "", "", "tokens per day", AIGW_KIND_QUOTA }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        aigw_error e;
        memset(&e, 0, sizeof e);
        e.status = rows[i].status;
        e.code = str(rows[i].code);
        e.type = str(rows[i].type);
        e.message = str(rows[i].message);
        aigwi_dialect_classify(&e, map, T_COUNT(map));
        t_row(rows[i].message);
        t_int("kind", e.kind, rows[i].kind);
    }
}

T(retry_hints) {
    static const struct { const char *label, *name, *value, *name2, *value2, *message; int64_t body, want; } rows[] = {
        { "ms first", "retry-after-ms", "1500.5", "retry-after", "20", "", -1, 1500 },
        { "seconds", "Retry-After", "20", NULL, NULL, "", -1, 20000 },
        { "float", "retry-after", "1.5", NULL, NULL, "", -1, 1500 },
        { "date", "retry-after", "Wed, 21 Oct 2026 07:28:00 GMT", NULL, NULL, "", -1, 10000 },
        { "past date", "retry-after", "Wed, 21 Oct 2020 07:28:00 GMT", NULL, NULL, "", -1, 0 },
        { "body", NULL, NULL, NULL, NULL, "try again in 3s", 34074, 34074 },
        { "exhausted dimension", "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "6m0s", "", -1, 360000 },
        { "not exhausted", "x-ratelimit-remaining-tokens", "5", "x-ratelimit-reset-tokens", "6m0s", "", -1, -1 },
        { "rfc 3339", "anthropic-ratelimit-requests-remaining", "0", "anthropic-ratelimit-requests-reset", "2026-10-21T07:28:05Z", "", -1, 15000 },
        { "epoch ms", "x-ratelimit-remaining", "0", "x-ratelimit-reset", "1792567690000", "", -1, 20000 },
        { "message", NULL, NULL, NULL, NULL, "Please try again in 1.242s.", -1, 1242 },
        { "gemini message", NULL, NULL, NULL, NULL, "Please retry in 34.07s", -1, 34070 },
        { "no hint", NULL, NULL, NULL, NULL, "please try again in a while", -1, -1 }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        aigw_header hs[2];
        aigw_head head;
        aigw_error e;
        aigw_now now = { 0, 1792567670 };
        memset(&head, 0, sizeof head);
        head.headers = hs;
        head.cap = 2;
        if (rows[i].name) aigw_base_header_put(&head, str(rows[i].name), str(rows[i].value));
        if (rows[i].name2) aigw_base_header_put(&head, str(rows[i].name2), str(rows[i].value2));
        aigw_dialect_error(&e, AIGW_KIND_RATE_LIMIT, rows[i].message, "");
        e.retry_after_ms = rows[i].body;
        t_row(rows[i].label);
        aigwi_dialect_hints(now, &head, &e);
        t_int("ms", e.retry_after_ms, rows[i].want);
    }
}

T(keys_in_messages_are_replaced) {
    static const struct { const char *in, *want; } rows[] = {
        { "Incorrect API key provided: sk-proj-abcdefgh1234wxyz. See", "Incorrect API key provided: ***. See" },
        { "key AIzaSyA1234567890abcd!", "key ***!" },
        { "refused: sk-abcdefgh1 is not yours", "refused: *** is not yours" },      /* known by its mark, not by what stands before */
        { "a task-force of asks", "a task-force of asks" },
        { "sk-abc", "sk-abc" }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        unsigned char room[256];
        aigw_arena mem = aigw_base_arena(room, sizeof room);
        aigw_str got = aigwi_dialect_redact(text(rows[i].in, AIGW_TEXT_PLAIN), &mem);
        t_row(rows[i].in);
        t_str("message", got.p, got.n, rows[i].want);
    }
}

T(edits_in_place) {
    static const struct { const char *in, *want; } rows[] = {
        { "{\"model\":\"a\",\"x\":[1, 2]}", "{\"model\":\"b\",\"x\":[1, 2],\"stream_options\":{}}" },
        { " {\"x\" : 1 , \"model\" : \"a\" } ", " {\"x\" : 1 , \"model\" : \"b\" ,\"stream_options\":{}}" },
        { "{}", "{\"model\":\"b\",\"stream_options\":{}}" },
        { "{\"stream_options\":null,\"mod\\u0065l\":\"a\"}", "{\"stream_options\":{},\"mod\\u0065l\":\"b\"}" }
    };
    static const aigwi_dialect_edit edits[] = { { "model", AIGW_STR("\"b\"") }, { "stream_options", AIGW_STR("{}") } };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        char buf[256];
        aigw_out out;
        aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
        t_row(rows[i].in);
        t_int("code", aigwi_dialect_splice(str(rows[i].in), edits, 2, &out), AIGW_OK);
        t_str("body", buf, out.buf.n, rows[i].want);
    }
}

T(rows_clamp_and_drop) {
    static const aigwi_dialect_row rows[] = { { AIGW_P_TEMPERATURE, AIGWI_CLAMP, "temperature", 0, 1000000, "at most 1" },
        { AIGW_P_SEED, AIGWI_DROP, "seed", INT64_C(-2147483648000000), INT64_C(2147483647000000), "32 bits" }, { AIGW_P_TOP_P, AIGWI_KEEP, "topP", 0, 0, "" } };
    const char *body = "{\"temperature\":1.75,\"seed\":99999999999,\"top_p\":0.90,\"user\":\"u\"}";
    char buf[256];
    unsigned char room[512];
    aigw_arena mem = aigw_base_arena(room, sizeof room);
    aigw_loss_item items[8];
    aigw_loss loss;
    aigw_out out;
    aigw_json j;
    aigw_req req;
    uint32_t done = 0;
    size_t i;
    memset(&req, 0, sizeof req);
    aigw_json_init(&j, str(body));
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        static const struct { const char *name; int id; } ids[] = { { "temperature", AIGW_P_TEMPERATURE }, { "seed", AIGW_P_SEED }, { "top_p", AIGW_P_TOP_P }, { "user", AIGW_P_USER } };
        for (i = 0; i < 4; i++)
            if (aigw_base_eq(j.key, str(ids[i].name))) break;
        t_ok("known", i < 4 && aigwi_dialect_param(&j, &mem, &req, ids[i].id));
    }
    aigw_model_loss_init(&loss, items, 8);
    loss.doc = str(body);
    aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
    aigw_json_open(&out, '{');
    for (i = 0; i < 3; i++) aigwi_dialect_put_row(&out, &req, &rows[i], &loss, &done);
    aigw_json_close(&out, '}');
    aigwi_dialect_drop_params(&req, done, &loss);
    t_str("written", buf, out.buf.n, "{\"temperature\":1,\"topP\":0.90}");
    t_int("reports", (long long)loss.n, 3);
    t_ok("clamped", items[0].action == AIGW_LOSS_APPROXIMATED && !strcmp(items[0].path, "temperature"));
    t_ok("outside", items[1].action == AIGW_LOSS_DROPPED && !strcmp(items[1].path, "seed"));
    t_ok("unknown there", items[2].action == AIGW_LOSS_DROPPED && !strcmp(items[2].path, "user"));
}

/* More results than a naive search may look for: each finds the name of its call, in time that grows with their number only. */
T(every_result_has_the_name_of_its_call) {
    size_t k, n = 6000, at = 0, cap = 8u << 20;
    char *p = (char *)t_alloc(n * 200 + 200), *text = (char *)t_alloc(cap);
    aigw_arena mem = aigw_base_arena(t_alloc(32u << 20), 32u << 20);
    aigw_header fields[16];
    aigw_head head = { { NULL, 0 }, { NULL, 0 }, 0, fields, 0, 16 };
    aigw_loss_item items[4];
    aigw_loss loss;
    aigw_fault fault;
    aigw_target to;
    aigw_req req;
    aigw_out out;
    aigw_str in;
    at += (size_t)sprintf(p + at, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[");
    for (k = 0; k < n; k++) at += (size_t)sprintf(p + at, "%s{\"id\":\"c%d\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}", k ? "," : "", (int)k);
    at += (size_t)sprintf(p + at, "]}");
    for (k = 0; k < n; k++) at += (size_t)sprintf(p + at, ",{\"role\":\"tool\",\"tool_call_id\":\"c%d\",\"content\":\"r\"}", (int)k);
    at += (size_t)sprintf(p + at, "]}");
    in.p = p;
    in.n = at;
    memset(&to, 0, sizeof to);
    to.id = str("g");
    aigw_model_loss_init(&loss, items, 4);
    loss.doc = in;
    aigw_base_out_init(&out, text, cap, NULL, 0);
    t_int("reads", aigw_dialect_openai.req_decode(NULL, in, &mem, &req, &fault), AIGW_OK);
    t_int("writes", aigw_dialect_gemini.req_encode(&req, &to, &mem, &head, &out, &loss), AIGW_OK);
    for (k = 0; k < loss.n; k++)
        if (loss.items[k].action == AIGW_LOSS_APPROXIMATED) break;
    t_int("no name is lost", (long long)(k == loss.n), 1);
}

/* The advice is a sentence of its own, whatever the message ends with. */
T(message_and_advice) {
    static const struct { const char *message, *want; } rows[] = {
        { "no model \"x\"", "\"no model \\\"x\\\". Do.\"" }, { "It failed.", "\"It failed. Do.\"" }, { "why?", "\"why? Do.\"" }, { "", "\"Do.\"" }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        char buf[64];
        aigw_out out;
        aigw_error e;
        aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
        aigw_dialect_error(&e, AIGW_KIND_INVALID_REQUEST, rows[i].message, "Do.");
        aigwi_dialect_put_message(&out, &e);
        t_str("joined", buf, out.buf.n, rows[i].want);
    }
}

/* Who turns thinking on sees it, also at Responses, which tells a summary only when asked; who says that it shall not be seen does not,
   nor who asks for an effort only. */
T(who_thinks_sees) {
    static const struct { const char *thinking; int seen;
    } rows[] = {
        { "\"thinking\":{\"type\":\"adaptive\"}", 1 },
        { "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}", 1 },
        { "\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"}", 0 },
        { "\"thinking\":{\"type\":\"disabled\"}", 0 },
        { "\"output_config\":{\"effort\":\"high\"}", 0 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char body[400], buf[2000];
        aigw_arena mem = aigw_base_arena(t_alloc(1 << 14), 1 << 14);
        aigw_header fields[8];
        aigw_head head;
        aigw_fault fault;
        aigw_target to;
        aigw_req req;
        aigw_out out;
        memset(&head, 0, sizeof head);
        memset(&to, 0, sizeof to);
        head.headers = fields;
        head.cap = 8;
        t_row(rows[i].thinking);
        snprintf(body, sizeof body,
                 "{\"model\":\"m\",\"max_tokens\":4000,%s,\"messages\":[{\"role\":\"user\",\"content\":"
                 "\"Hi\"}]}",
                 rows[i].thinking);
        aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
        t_int("read", aigw_dialect_anthropic.req_decode(NULL, str(body), &mem, &req, &fault), 0);
        t_int("written", aigw_dialect_responses.req_encode(&req, &to, &mem, &head, &out, NULL), 0);
        t_int("asked for",
              aigw_base_find(aigwi_dialect_slice(buf, out.buf.n), str("\"summary\":\"auto\""), 0) < out.buf.n,
              rows[i].seen);
    }
}
/* Bedrock and Cohere do not say which model answers: a Gemini client reads the one that it asked for, as the others do. */
T(gemini_names_the_model_asked_for) {
    char buf[1000], mem[1000];
    aigw_event ev;
    aigw_resp resp;
    aigw_enc st;
    aigw_req req;
    aigw_out out;
    memset(&ev, 0, sizeof ev);
    memset(&resp, 0, sizeof resp);
    memset(&st, 0, sizeof st);
    memset(&req, 0, sizeof req);
    req.model = str("asked");
    st.dialect = &aigw_dialect_gemini;
    st.req = &req;
    st.hold = mem;
    st.hold_cap = sizeof mem;
    resp.choices = 1;
    aigw_dialect_enc_init(&st);
    aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
    t_int("whole", aigw_dialect_gemini.resp_encode(&st, &resp, &out), 0);
    t_ok("named", aigw_base_find(aigwi_dialect_slice(buf, out.buf.n), str("\"modelVersion\":\"asked\""), 0) <
                      out.buf.n);
    aigw_dialect_enc_init(&st);
    aigw_base_out_init(&out, buf, sizeof buf, NULL, 0);
    ev.type = AIGW_EVENT_START;
    aigw_dialect_gemini.event_encode(&st, &ev, &out);
    ev.type = AIGW_EVENT_STOP;
    ev.choices = 1;
    ev.finish[0] = AIGW_FINISH_STOP;
    t_int("streamed", aigw_dialect_gemini.event_encode(&st, &ev, &out), 0);
    t_ok("named", aigw_base_find(aigwi_dialect_slice(buf, out.buf.n), str("\"modelVersion\":\"asked\""), 0) <
                      out.buf.n);
}

int main(void) {
    T_RUN(split_surrogates_join);
    T_RUN(no_delta_ends_with_half_a_pair);
    T_RUN(every_stream_ends_once);
    T_RUN(a_value_comes_whole_or_in_pieces);
    T_RUN(finish_stop_with_a_call_is_tool_calls);
    T_RUN(too_many_blocks_is_a_bad_response);
    T_RUN(arguments_as_object_and_string);
    T_RUN(ids_fit_and_stay_distinct);
    T_RUN(media);
    T_RUN(opaque_state_passes_foreign_clients);
    T_RUN(errors_by_words_then_message_then_status);
    T_RUN(retry_hints);
    T_RUN(keys_in_messages_are_replaced);
    T_RUN(edits_in_place);
    T_RUN(rows_clamp_and_drop);
    T_RUN(every_result_has_the_name_of_its_call);
    T_RUN(message_and_advice);
    T_RUN(who_thinks_sees);
    T_RUN(gemini_names_the_model_asked_for);
    return t_end();
}
