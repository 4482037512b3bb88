/* SPDX-License-Identifier: MIT OR Unlicense */
/* The Anthropic dialect: transcripts (tests/cases/anthropic.txt), which paths it takes, bad input with path and offset, memory of every size, and
   every recording of ../shared/wire. Knows the dialect's table and the model; does not know other dialects. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static const aigw_dialect *const D = &aigw_dialect_anthropic;
#define CASES_TARGET "/v1/messages"
#include "cases.h"

T(transcripts) { cases_run("tests/cases/anthropic.txt", 60); }

T(paths) {
    static const struct { const char *label, *method, *target, *version; int op; } rows[] = {
        { "messages", "POST", "/v1/messages", NULL, AIGW_OP_CHAT },
        { "with query", "POST", "/v1/messages?beta=true", "2023-06-01", AIGW_OP_CHAT },
        { "count", "POST", "/v1/messages/count_tokens", NULL, AIGW_OP_COUNT_TOKENS },
        { "models", "GET", "/v1/models?limit=3", "2026-10-21", AIGW_OP_MODELS },
        { "one model", "GET", "/v1/models/claude-x", "2026-10-21", AIGW_OP_MODELS },
        { "models without the header", "GET", "/v1/models", NULL, AIGW_OP_NONE },
        { "get messages", "GET", "/v1/messages", "2026-10-21", AIGW_OP_NONE },
        { "another path", "POST", "/v1/messages/batches", NULL, AIGW_OP_NONE },
        { "models with more", "GET", "/v1/modelsx", "2026-10-21", AIGW_OP_NONE },
        { "empty", "POST", "", NULL, AIGW_OP_NONE }
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        aigw_header h[1];
        aigw_head head;
        memset(&head, 0, sizeof head);
        head.method = str(rows[i].method);
        head.target = str(rows[i].target);
        head.headers = h;
        head.cap = 1;
        if (rows[i].version) aigw_base_header_put(&head, str("Anthropic-Version"), str(rows[i].version));
        t_row(rows[i].label);
        t_int("op", D->match(&head), rows[i].op);
    }
}

T(model_named_in_the_path) {
    aigw_header h[1];
    aigw_head head;
    aigw_fault fault;
    aigw_req req;
    aigw_arena mem = aigw_base_arena(t_alloc(256), 256);
    memset(&head, 0, sizeof head);
    memset(&fault, 0, sizeof fault);
    head.method = str("GET");
    head.target = str("/v1/models/mock%2Fecho?x=1");
    head.headers = h;
    head.cap = 1;
    aigw_base_header_put(&head, str("anthropic-version"), str("2023-06-01"));
    t_int("read", D->req_decode(&head, str(""), &mem, &req, &fault), 0);
    t_int("op", req.op, AIGW_OP_MODELS);
    t_str("model", req.model.p, req.model.n, "mock/echo");
}

T(lists_of_models) {
    aigw_model_info m[2];
    aigw_out out;
    memset(m, 0, sizeof m);
    m[0].name = str("sonnet");
    m[0].created_s = 1755780059;
    m[0].context = 200000;
    m[0].max_output = 64000;
    m[1].name = str("a\"b");
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("list", D->models_encode(m, 2, 0, &out), 0);
    t_str("list", text_mem, out.buf.n, "{\"data\":[{\"type\":\"model\",\"id\":\"sonnet\",\"display_name\":\"sonnet\",\"created_at\":\"2025-08-21T12:40:59Z\",\"lifecycle\":\"active\","
          "\"max_input_tokens\":200000,\"max_tokens\":64000},{\"type\":\"model\",\"id\":\"a\\\"b\",\"display_name\":\"a\\\"b\",\"created_at\":\"1970-01-01T00:00:00Z\","
          "\"lifecycle\":\"active\"}],\"has_more\":false,\"first_id\":\"sonnet\",\"last_id\":\"a\\\"b\"}");
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("none", D->models_encode(m, 0, 0, &out), 0);
    t_str("none", text_mem, out.buf.n, "{\"data\":[],\"has_more\":false,\"first_id\":null,\"last_id\":null}");
    aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
    t_int("one", D->models_encode(m + 1, 1, 1, &out), 0);
    t_ok("one", out.buf.n > 10 && !memcmp(text_mem, "{\"type\":\"model\"", 15));
}

T(limits_both_ways) {
    static const char list[] = "anthropic-ratelimit-requests-limit=50,anthropic-ratelimit-requests-remaining=49,anthropic-ratelimit-requests-reset=2026-10-21T07:28:10Z,"
        "anthropic-ratelimit-input-tokens-limit=30000,anthropic-ratelimit-input-tokens-remaining=0,anthropic-ratelimit-input-tokens-reset=2026-10-21T07:29:00Z,retry-after=12";
    aigw_header h[8], g[8];
    aigw_head head, back;
    aigw_limits l, again;
    aigw_now unknown = { 5, 0 };
    aigw_arena mem = aigw_base_arena(t_alloc(1024), 1024);
    memset(&head, 0, sizeof head);
    memset(&back, 0, sizeof back);
    head.headers = h;
    back.headers = g;
    head.cap = back.cap = 8;
    headers(&head, str(list));
    D->limits_decode(NOW, &head, &l);
    t_int("limit", l.requests.limit, 50);
    t_int("remaining", l.requests.remaining, 49);
    t_int("reset", l.requests.reset_ms, 10000);
    t_int("none left", l.input_tokens.remaining, 0);
    t_int("reset in a minute", l.input_tokens.reset_ms, 60000);
    t_int("not said", l.tokens.limit, -1);
    t_int("not said", l.output_tokens.reset_ms, -1);
    t_int("retry after", l.retry_after_ms, 12000);
    t_int("written", D->limits_encode(NOW, &l, &mem, &back), 0);
    t_int("headers", back.n, 6);
    D->limits_decode(NOW, &back, &again);
    again.retry_after_ms = l.retry_after_ms;
    t_mem("again", &again, sizeof again, &l, sizeof l);
    D->limits_decode(unknown, &head, &l);
    t_int("no wall clock", l.requests.reset_ms, -1);
    t_int("still", l.requests.remaining, 49);
}

T(every_size_of_memory) {
    static const char body[] = "{\"model\":\"M\",\"max_tokens\":10,\"system\":[{\"type\":\"text\",\"text\":\"a\\u0041\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}],"
        "\"tools\":[{\"name\":\"f\\u0066\",\"input_schema\":{}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"ff\"},\"stop_sequences\":[\"x\",\"y\"],\"container\":\"c\","
        "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"aigw:gemini:M:CAA\"},"
        "{\"type\":\"tool_use\",\"id\":\"i\\u0031\",\"name\":\"ff\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"i1\",\"content\":[{\"type\":\"text\",\"text\":\"r\"}]}]}]}";
    static const char want[] = "{\"model\":\"M\",\"max_tokens\":10,\"system\":[{\"type\":\"text\",\"text\":\"a\\u0041\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}],"
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"i1\",\"name\":\"ff\",\"input\":{}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"i1\",\"content\":\"r\"}]}],\"tools\":[{\"name\":\"ff\",\"input_schema\":{\"type\":\"object\"}}],"
        "\"tool_choice\":{\"type\":\"tool\",\"name\":\"ff\"},\"stop_sequences\":[\"x\",\"y\"]}";
    every_size(body, want);
}

/* ---- recordings */

/* Every recorded request: read, written, read again is the same. */
static size_t recorded_requests(const char *folder, const char *path) {
    names list = files(t_shared(folder), ".request.json");
    size_t i;
    for (i = 0; i < list.n; i++) {
        t_bytes f = t_file(list.name[i]);
        aigw_arena mem = aigw_base_arena(t_alloc(4 * MEM), 4 * MEM);
        aigw_target to = target(str("version=2023-06-01 can=late_system"));
        aigw_header h[4];
        aigw_head head;
        aigw_str body = { f.p, f.n }, first, second;
        aigw_loss loss;
        aigw_loss_item items[8];
        aigw_req req;
        aigw_out out;
        size_t mems = t_.mems, k;
        t_row(list.name[i]);
        first = canonical(body, path, &req, &mem);
        t_ok("read", first.n > 0);
        if (!first.n) continue;
        to.id = req.model;
        memset(&head, 0, sizeof head);
        head.headers = h;
        head.cap = 4;
        aigw_model_loss_init(&loss, items, 8);
        aigw_base_out_init(&out, text_mem, sizeof text_mem, NULL, 0);
        t_int("written", D->req_encode(&req, &to, &mem, &head, &out, &loss), 0);
        for (k = 0; k < AIGW_LOSS_ACTIONS; k++) t_int("nothing is lost", loss.count[k], 0);
        body.p = t_dup(text_mem, out.buf.n);
        body.n = out.buf.n;
        second = canonical(body, path, &req, &mem);
        t_mem("again", second.p, second.n, first.p, first.n);
        (void)mems;
        t_row(NULL);
    }
    return list.n;
}

T(recorded_requests) {
    if (!recorded_requests("wire/anthropic", "/v1/messages") || !recorded_requests("wire/anthropic-count-tokens", "/v1/messages/count_tokens")) t_skip("../shared/wire");
}

T(recorded_answers) {
    names list = files(t_shared("wire/anthropic"), ".response.json");
    size_t i;
    static page p;
    if (!list.n) { t_skip("../shared/wire"); return; }
    for (i = 0; i < list.n; i++) {
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

T(recorded_streams) {
    names list = files(t_shared("wire/anthropic"), ".response.sse");
    size_t i, cut;
    static page p;
    static relay r;
    aigw_dec st;
    aigw_resp a, b;
    if (!list.n) { t_skip("../shared/wire"); return; }
    for (i = 0; i < list.n; i++) {
        t_bytes f = t_file(list.name[i]);
        aigw_str first, second;
        page_init(&p);
        t_row(list.name[i]);
        play(f, &r, &st, &a, &p, 0);
        t_ok("no error", !a.error);
        t_int("nothing is lost", p.loss.n, 0);
        first = resp_text(&a);
        first.p = t_dup(first.p, first.n);
        f.p = t_dup(text_mem, r.out.buf.n);
        f.n = r.out.buf.n;
        play(f, &r, &st, &b, &p, 0);
        second = resp_text(&b);
        t_mem("relayed", second.p, second.n, first.p, first.n);
        for (cut = 1; cut < 5; cut++) {
            play(f, &r, &st, &b, &p, cut);
            t_ok("a cut is an error", b.error && b.error->kind == AIGW_KIND_TRUNCATED);
        }
    }
    t_row(NULL);
}

/* Random answers whose blocks interleave, with little memory at first: what is told one after another folds to the same answer. */
typedef struct { int kind; uint32_t n; int open, custom; } rnd_block;

static int rnd_event(relay *r, page *p, const aigw_event *ev, size_t *cap, char **hold) {
    int e;
    (void)p;
    for (;;) {
        size_t before = r->out.buf.n, kept = r->enc.hold_n;
        e = D->event_encode(&r->enc, ev, &r->out);
        if (e != AIGW_E_NOMEM) break;
        t_ok("nothing changed", r->out.buf.n == before && r->enc.hold_n == kept);
        *cap = *cap * 2 + 16;
        {
            char *more = (char *)malloc(*cap);
            t_int("moved", aigw_dialect_enc_move(&r->enc, more, *cap), 0);
            free(*hold);
            *hold = more;
        }
    }
    t_int("encoded", e, 0);
    return hear(&r->l, ev);
}

static void rnd_text(char *s, size_t *n, int kind) {
    static const char *const bits[] = { "a", "\\n", "\\u00e9", "\\\"", "b c", "\\\\", "x" };
    size_t k = 1 + t_below(4);
    *n = 0;
    if (kind == AIGW_PART_TOOL_CALL) { memcpy(s, "{}", 2); *n = 2; return; }
    while (k--) {
        const char *b = bits[t_below(T_COUNT(bits))];
        memcpy(s + *n, b, strlen(b));
        *n += strlen(b);
    }
}

T(blocks_that_interleave) {
    static page p;
    static relay r, again;
    int round;
    for (round = 0; round < 400; round++) {
        aigw_arena mem = aigw_base_arena(t_alloc(1 << 16), 1 << 16), mem2 = aigw_base_arena(t_alloc(1 << 16), 1 << 16);
        aigw_resp a, b;
        aigw_event ev;
        aigw_opaque o;
        aigw_dec st;
        aigw_sink sink = { hear, NULL };
        rnd_block blocks[8];
        size_t n_blocks = 0, cap = t_below(64), i, steps = 4 + t_below(40);
        char *hold = (char *)malloc(cap), *copy, id[32], text[64];
        aigw_str first, second, rest;
        page_init(&p);
        memset(&r, 0, sizeof r);
        memset(&o, 0, sizeof o);
        memset(&ev, 0, sizeof ev);
        o.owner = str("gemini");
        o.model = str("g");
        o.data.p = "SIG\"=";
        o.data.n = 5;
        listen(&r.l, &p, &a, &mem);
        enc_init(&r.enc, &p, 0);
        r.enc.hold = hold;
        r.enc.hold_cap = cap;
        aigw_base_out_init(&r.out, text_mem, sizeof text_mem, NULL, 0);
        ev.type = AIGW_EVENT_START;
        ev.id = str("m");
        ev.model = str("M");
        rnd_event(&r, &p, &ev, &cap, &hold);
        while (steps--) {
            memset(&ev, 0, sizeof ev);
            i = t_below(n_blocks + 1);
            if (i == n_blocks && n_blocks < 8) {
                static const int kinds[] = { AIGW_PART_TEXT, AIGW_PART_REASONING, AIGW_PART_TOOL_CALL, AIGW_PART_TOOL_CALL };
                blocks[i].kind = kinds[t_below(4)];
                blocks[i].n = 0;
                blocks[i].open = 1;
                ev.type = AIGW_EVENT_BLOCK_START;
                if (blocks[i].kind == AIGW_PART_TOOL_CALL) {
                    sprintf(id, "call_%lu", (unsigned long)i);
                    ev.id = str(id);
                    ev.name = str("f\"");
                }
                n_blocks++;
            } else if (i < n_blocks && blocks[i].open) {
                size_t what = t_below(4);
                ev.type = what == 3 ? AIGW_EVENT_BLOCK_STOP : what == 2 && blocks[i].kind == AIGW_PART_TOOL_CALL && !blocks[i].n ? AIGW_EVENT_NOTE : AIGW_EVENT_DELTA;
                if (ev.type == AIGW_EVENT_BLOCK_STOP) blocks[i].open = 0;
                if (ev.type == AIGW_EVENT_DELTA && blocks[i].kind == AIGW_PART_TOOL_CALL && blocks[i].n) continue;
                if (ev.type == AIGW_EVENT_NOTE) { ev.state = &o; blocks[i].n = 1; }
                if (ev.type == AIGW_EVENT_DELTA) {
                    rnd_text(text, &ev.text.n, blocks[i].kind);
                    ev.text.p = text;
                    ev.text.form = AIGW_TEXT_ESCAPED;
                    blocks[i].n++;
                }
            } else continue;
            ev.kind = (uint8_t)(ev.type == AIGW_EVENT_NOTE ? AIGW_NOTE_SIGNATURE : blocks[i].kind);
            ev.block = (uint32_t)i;
            rnd_event(&r, &p, &ev, &cap, &hold);
        }
        for (i = 0; i < n_blocks; i++) {
            memset(&ev, 0, sizeof ev);
            ev.type = AIGW_EVENT_BLOCK_STOP;
            ev.kind = (uint8_t)blocks[i].kind;
            ev.block = (uint32_t)i;
            if (blocks[i].open) rnd_event(&r, &p, &ev, &cap, &hold);
        }
        memset(&ev, 0, sizeof ev);
        ev.type = AIGW_EVENT_STOP;
        ev.choices = 1;
        ev.finish[0] = AIGW_FINISH_TOOL_CALLS;
        rnd_event(&r, &p, &ev, &cap, &hold);
        /* whole, and read back from the stream and written whole */
        enc_init(&r.enc, NULL, sizeof hold_mem);
        aigw_base_out_init(&again.out, log_mem, sizeof log_mem, NULL, 0);
        t_int("whole", D->resp_encode(&r.enc, &a, &again.out), 0);
        copy = t_dup(log_mem, again.out.buf.n);
        first.p = copy;
        first.n = again.out.buf.n;
        rest.p = text_mem;
        rest.n = r.out.buf.n;
        listen(&again.l, &p, &b, &mem2);
        sink.user = &again.l;
        dec_init(&st, NULL, str(""));
        while (rest.n) {
            aigw_str line = next_line(&rest), none = { "", 0 };
            if (line.n < 6 || memcmp(line.p, "data: ", 6)) continue;
            line.p += 6;
            line.n -= 6;
            t_int("frame", D->frame_decode(&st, none, line, &sink), 0);
        }
        t_int("end", D->stream_end(&st, 1, &sink), 0);
        aigw_base_out_init(&again.out, log_mem, sizeof log_mem, NULL, 0);
        t_int("whole again", D->resp_encode(&r.enc, &b, &again.out), 0);
        second.p = log_mem;
        second.n = again.out.buf.n;
        t_mem("one after another", second.p, second.n, first.p, first.n);
        free(hold);
        t_free_all();
        if (t_.bad) break;
    }
}

int main(void) {
    T_RUN(transcripts);
    T_RUN(paths);
    T_RUN(model_named_in_the_path);
    T_RUN(lists_of_models);
    T_RUN(limits_both_ways);
    T_RUN(every_size_of_memory);
    T_RUN(blocks_that_interleave);
    T_RUN(recorded_requests);
    T_RUN(recorded_answers);
    T_RUN(recorded_streams);
    return t_end();
}
