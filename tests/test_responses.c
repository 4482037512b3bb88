/* SPDX-License-Identifier: MIT OR Unlicense */
/* The Responses dialect: transcripts (tests/cases/responses.txt), which paths it takes, memory of every size, and every recording of
 * ../shared/wire. Knows the dialect's table and the model. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static const aigw_dialect *const D = &aigw_dialect_responses;
#define CASES_TARGET "/v1/responses"
#include "cases.h"

T(transcripts) { cases_run("tests/cases/responses.txt", 100); }

T(paths) {
    static const struct { const char *label, *method, *target; int op; } rows[] = {
        { "responses", "POST", "/v1/responses", AIGW_OP_CHAT }, { "behind a base", "POST", "/openai/v1/responses?x=1", AIGW_OP_CHAT }, { "get one", "GET", "/v1/responses/resp_1", AIGW_OP_NONE },
        { "cancel", "POST", "/v1/responses/resp_1/cancel", AIGW_OP_NONE }, { "chat", "POST", "/v1/chat/completions", AIGW_OP_NONE }, { "empty", "POST", "", AIGW_OP_NONE }
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

T(every_size_of_memory) {
    static const char body[] = "{\"model\":\"M\",\"instructions\":\"S\\u0041\",\"tools\":[{\"type\":\"function\",\"name\":\"f\\u0066\",\"parameters\":{}}],\"conversation\":\"c\",\"truncation\":\"auto\",\"input\":["
        "{\"role\":\"user\",\"content\":\"Hi\"},{\"type\":\"reasoning\",\"id\":\"rs_\\u0031\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"A\"},{\"type\":\"summary_text\",\"text\":\"B\"}],\"encrypted_content\":\"c2ln\"},"
        "{\"type\":\"function_call\",\"call_id\":\"i\\u0031\",\"name\":\"ff\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"i1\",\"output\":[{\"type\":\"input_text\",\"text\":\"x\"}]}]}";
    static const char want[] = "{\"model\":\"M\",\"instructions\":\"S\\u0041\",\"input\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"A\\n\\nB\"}],"
        "\"encrypted_content\":\"c2ln\"},{\"type\":\"function_call\",\"call_id\":\"i1\",\"name\":\"ff\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"i1\",\"output\":\"x\"}],"
        "\"tools\":[{\"type\":\"function\",\"name\":\"ff\",\"parameters\":{},\"strict\":null}],\"store\":false,\"include\":[\"reasoning.encrypted_content\"],\"conversation\":\"c\"}";
    every_size(body, want);
}

/* The repeated text needs memory: with too little an event asks for more and writes nothing, and comes again. */
static struct { aigw_enc enc; aigw_out out; int asked; size_t cap; } told;
static int tell(void *user, const aigw_event *ev) {
    size_t n = told.out.buf.n;
    int r;
    (void)user;
    while ((r = D->event_encode(&told.enc, ev, &told.out)) == AIGW_E_NOMEM && told.enc.hold_cap < sizeof hold_mem) {
        t_int("nothing was written", told.out.buf.n, n);
        told.asked++;
        told.enc.hold_cap++;
    }
    return r;
}
T(every_size_of_hold) {
    static const char body[] = "{\"id\":\"r\",\"object\":\"response\",\"model\":\"M\",\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm.\"}],"
        "\"encrypted_content\":\"c2ln\"},{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hello, \\\"you\\\"\",\"annotations\":[{\"type\":\"file_path\",\"file_id\":\"f\"}]}]},"
        "{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}],\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}";
    aigw_str in = { t_dup(body, sizeof body - 1), sizeof body - 1 }, first = { NULL, 0 };
    for (size_t n = 1024; n--; ) {
        aigw_sink sink = { tell, NULL };
        aigw_dec st;
        dec_init(&st, NULL, str(""));
        enc_init(&told.enc, NULL, n);
        told.asked = 0;
        aigw_base_out_init(&told.out, text_mem, sizeof text_mem, NULL, 0);
        t_int("read and told", D->resp_decode(&st, NULL, in, &sink), 0);
        if (!first.p) {
            first.p = t_dup(text_mem, told.out.buf.n);
            first.n = told.out.buf.n;
            t_int("enough", told.asked, 0);
        }
        t_mem("the same", text_mem, told.out.buf.n, first.p, first.n);
    }
    t_ok("with none it asks", told.asked > 0);
}

/* More items than blocks may be open. */
T(a_long_answer) {
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
    aigw_base_put_lit(&out, "{\"id\":\"i\",\"status\":\"completed\",\"output\":[");
    for (int i = 0; i < 100; i++) aigw_base_put_lit(&out, i ? ",{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"x\"}]}" : "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"x\"}]}");
    aigw_base_put_lit(&out, "]}");
    page_init(&p);
    listen(&l, &p, &resp, &mem);
    sink.user = &l;
    dec_init(&st, &p, str(""));
    t_int("read", D->resp_decode(&st, NULL, aigw_base_out_str(&out), &sink), 0);
    for (part = resp.choice[0].parts; part; part = part->next) n++;
    t_int("all of it", n, 100);
}

/* ---- recordings */

static const char *const families[] = { "openai-responses", "azure-openai-responses", "openrouter-responses", "xai-responses", "deepseek-responses", "bedrock-mantle-responses" };

/* Read, written, read again: the same. */
T(recorded_requests) {
    for (size_t k = 0; k < T_COUNT(families); k++) {
        char dir[128];
        snprintf(dir, sizeof dir, "wire/%s", families[k]);
        names list = files(t_shared(dir), ".request.json");
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
            int r;
            t_row(list.name[i]);
            if (aigw_base_find(body, str("\"input\""), 0) == body.n) continue;       /* another operation's */
            first = canonical(body, CASES_TARGET, &req, &mem);
            if (!t_ok("read", first.n > 0)) continue;
            to.id = req.model;
            memset(&head, 0, sizeof head);
            head.headers = h;
            head.cap = 4;
            aigw_model_loss_init(&loss, items, 8);
            aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
            r = D->req_encode(&req, &to, &mem, &head, &out, &loss);
            t_int("written", r, 0);
            if (!strstr(list.name[i], "http-error")) t_int("nothing is changed", loss.count[AIGW_LOSS_APPROXIMATED], 0);   /* that one asks for what is refused */
            if (r || loss.count[AIGW_LOSS_DROPPED] || loss.count[AIGW_LOSS_SYNTHESIZED]) continue;   /* members of its own */
            body.p = t_dup(text_mem, out.buf.n);
            body.n = out.buf.n;
            second = canonical(body, CASES_TARGET, &req, &mem);
            t_mem("again", second.p, second.n, first.p, first.n);
        }
    }
    t_row(NULL);
}

T(recorded_answers) {
    static page p;
    for (size_t k = 0; k < T_COUNT(families); k++) {
        char dir[128];
        snprintf(dir, sizeof dir, "wire/%s", families[k]);
        names list = files(t_shared(dir), ".response.json");
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
            if (aigw_base_find(body, str("\"output\""), 0) == body.n) continue;
            listen(&l, &p, &a, &mem);
            sink.user = &l;
            dec_init(&st, &p, str(""));
            t_int("read", D->resp_decode(&st, NULL, body, &sink), 0);
            t_int("terminal events", l.terminal, 1);
            if (a.error) { relay_error(&p, a.error); continue; }
            t_ok("usage", a.usage.has & AIGW_USAGE_OUTPUT);
            enc_init(&enc, &p, sizeof hold_mem);
            aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
            t_int("written", D->resp_encode(&enc, &a, &out), 0);
            body.p = t_dup(text_mem, out.buf.n);
            body.n = out.buf.n;
            listen(&l, &p, &b, &mem);
            dec_init(&st, &p, str(""));
            t_int("read again", D->resp_decode(&st, NULL, body, &sink), 0);
            if (aigw_base_find(body, str("aigw:"), 0) < body.n) continue;                /* what is bound to its item went tagged */
            first = resp_text(&a);
            if (aigw_base_find(first, str("\"safety\""), 0) < first.n) continue;       /* Azure's, which have no place */
            first.p = t_dup(first.p, first.n);
            body = resp_text(&b);
            t_mem("again", body.p, body.n, first.p, first.n);
        }
    }
    t_row(NULL);
}

/* A recorded stream, also cut at places. */
T(recorded_streams) {
    static page p;
    static relay r;
    aigw_dec st;
    aigw_resp a, b;
    for (size_t k = 0; k < T_COUNT(families); k++) {
        char dir[128];
        snprintf(dir, sizeof dir, "wire/%s", families[k]);
        names list = files(t_shared(dir), ".response.sse");
        for (size_t i = 0; i < list.n; i++) {
            t_bytes f = t_file(list.name[i]);
            page_init(&p);
            t_row(list.name[i]);
            play(f, &r, &st, &a, &p, 0);
            t_ok("no error", !a.error);
            t_ok("usage", a.usage.has & AIGW_USAGE_OUTPUT);
            for (size_t cut = 1; cut < 5; cut++) {
                play(f, &r, &st, &b, &p, cut);
                t_ok("a cut is an error", b.error && b.error->kind == AIGW_KIND_TRUNCATED);
            }
        }
    }
    t_row(NULL);
}

int main(void) {
    T_RUN(transcripts);
    T_RUN(paths);
    T_RUN(every_size_of_memory);
    T_RUN(every_size_of_hold);
    T_RUN(a_long_answer);
    T_RUN(recorded_requests);
    T_RUN(recorded_answers);
    T_RUN(recorded_streams);
    return t_end();
}
