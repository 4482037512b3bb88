/* SPDX-License-Identifier: MIT OR Unlicense */
/* mock.c: the built-in provider. It reads the request bytes that a real provider would get, with the library's own HTTP and dialect sections, and answers in that dialect: who asked in which
 * dialect, who answered, what was lost on the way; it calls tools, thinks, fails and truncates by model name. One object is one connection; no sockets. */
#include "gateway.h"
#include <string.h>

#define ROOM 131072
struct mock {
    const aigw_exchange *x;
    const aigw_dialect *const *dialects;
    int        n_dialects;
    aigw_now   now;
    aigw_http  http;
    aigw_header headers[64];
    size_t     body_n, out_n, out_at;
    size_t     step[512];                 /* ends of what is released at a time */
    int        n_steps, at_step;
    uint8_t    keep, cut, hang, answered;
    uint64_t   pace_ns, next_ns;
    char       head[8192], body[ROOM], out[ROOM * 8], text[65536];
    unsigned char memory[ROOM];
};

const struct mock_model mock_models[] = {
    { "echo", "tells which dialect asked, which answered, and what was lost" }, { "tools", "calls the first tool that is offered, then reports its result" },
    { "think", "reasons first, with a signature that must come back" }, { "long", "20 KB of text" }, { "slow", "a word every 100 ms" },
    { "cut", "breaks the connection in the middle" }, { "hang", "never answers" }, { "400", "invalid request" }, { "401", "wrong key" }, { "403", "not permitted" },
    { "404", "no such model" }, { "429", "rate limit, try again in 2 s" }, { "500", "server error" }, { "503", "overloaded" }, { NULL, NULL }
};

size_t mock_size(void) { return sizeof(mock); }

void mock_open(mock *m, const aigw_exchange *x, const aigw_dialect *const *dialects, int n) {
    size_t from = offsetof(mock, head);
    memset(m, 0, from);
    m->x = x;
    m->dialects = dialects;
    m->n_dialects = n;
    m->next_ns = AIGW_NEVER;
    aigw_http_init(&m->http, AIGW_HTTP_REQUEST, m->head, sizeof m->head, m->headers, 64);
}

/* ---- what it says */

typedef struct { char *p; size_t n, cap; } text;
static void say(text *t, aigw_str s) {
    size_t n = s.n < t->cap - t->n ? s.n : t->cap - t->n;
    if (n) memcpy(t->p + t->n, s.p, n);
    t->n += n;
}
static void say_lit(text *t, const char *s) { say(t, aigw_base_str(s)); }

/* The last text of a kind of message. */
static aigw_str last_text(const aigw_req *req, int role, aigw_arena *mem) {
    const aigw_message *msg;
    const aigw_part *p, *q;
    aigw_str s = { "", 0 }, got;
    for (msg = req->messages; msg; msg = msg->next)
        for (p = msg->role == role ? msg->parts : NULL; p; p = p->next)
            for (q = p->kind == AIGW_PART_TOOL_RESULT ? p->parts : p; q; q = q == p ? NULL : q->next)
                if ((q->kind == AIGW_PART_TEXT || (q->kind == AIGW_PART_FILE && q->source == AIGW_SOURCE_TEXT)) && aigw_json_decode(q->text, mem, &got)) s = got;
    return s;
}

static void say_echo(mock *m, const aigw_req *req, const aigw_dialect *d, aigw_arena *mem, text *t) {
    const aigw_loss *loss = &m->x->loss;
    size_t i;
    say_lit(t, "You asked in ");
    say(t, m->x->dialect ? m->x->dialect->name : d->name);
    say_lit(t, ", ");
    say(t, d->name);
    say_lit(t, " answered. Lost on the way: ");
    for (i = 0; i < loss->n; i++) {
        say_lit(t, i ? ", " : "");
        say_lit(t, loss->items[i].path);
        say_lit(t, " (");
        say_lit(t, aigw_model_loss_name(loss->items[i].action));
        say_lit(t, ")");
    }
    say_lit(t, loss->n ? ". You said: " : "nothing. You said: ");
    say(t, last_text(req, AIGW_ROLE_USER, mem));
}

/* Arguments that fit a schema's first level. */
static aigw_str sample_arguments(aigw_str schema, aigw_arena *mem) {
    static const aigw_str properties = AIGW_STR("properties"), type = AIGW_STR("type"), string = AIGW_STR("string"), boolean = AIGW_STR("boolean"),
                          array = AIGW_STR("array"), object = AIGW_STR("object");
    char *room = (char *)aigw_base_take(mem, 2048, 1, 1);
    aigw_str got;
    aigw_out o;
    aigw_json j;
    aigw_base_out_init(&o, room, room ? 2048 : 0, NULL, 0);
    aigw_json_open(&o, '{');
    aigw_json_init(&j, schema);
    for (schema.n ? aigw_json_object(&j) : 0; schema.n && aigw_json_member(&j); ) {
        if (!aigw_base_eq(j.key, properties)) {
            aigw_json_skip(&j);
            continue;
        }
        for (aigw_json_object(&j); aigw_json_member(&j); ) {
            aigw_json_key_str(&o, j.key);
            got = string;
            if (aigw_json_kind(&j) != AIGW_JSON_OBJECT) aigw_json_skip(&j);
            else for (aigw_json_object(&j); aigw_json_member(&j); )
                if (!aigw_base_eq(j.key, type) || aigw_json_kind(&j) != AIGW_JSON_STRING) aigw_json_skip(&j);
                else aigw_json_str(&j, mem, &got);
            if (aigw_base_eq_nocase(got, string)) aigw_json_put_str(&o, aigw_base_str("Oslo"));
            else if (aigw_base_eq_nocase(got, boolean)) aigw_json_put_bool(&o, 1);
            else if (aigw_base_eq_nocase(got, array)) aigw_json_put_raw(&o, aigw_base_str("[]"));
            else if (aigw_base_eq_nocase(got, object)) aigw_json_put_raw(&o, aigw_base_str("{}"));
            else aigw_json_put_int(&o, 1);
        }
    }
    aigw_json_close(&o, '}');
    return o.buf.n <= o.buf.cap ? aigw_base_out_str(&o) : aigw_base_str("{}");
}

/* ---- how it says it */

typedef struct { mock *m; aigw_enc enc; aigw_out o; } teller;

static void chunk(teller *t) {
    mock *m = t->m;
    aigw_str told = aigw_base_out_str(&t->o);
    aigw_out o;
    if (!told.n) return;
    aigw_base_out_init(&o, m->out + m->out_n, sizeof m->out - m->out_n, NULL, 0);
    aigw_http_put_chunk(&o, t->o.buf.n);
    aigw_base_put(&o, told);
    aigw_http_put_chunk_end(&o);
    if (o.buf.n <= o.buf.cap) m->out_n += o.buf.n;
    if (m->n_steps < (int)(sizeof m->step / sizeof *m->step)) m->n_steps++;
    m->step[m->n_steps - 1] = m->out_n;
    aigw_base_out_init(&t->o, t->o.buf.p, t->o.buf.cap, NULL, 0);
}

/* Long deltas go out word by word, as models write. */
static int tell(void *user, const aigw_event *ev) {
    teller *t = (teller *)user;
    aigw_event part = *ev;
    size_t at = 0, end;
    int r = 0;
    if (ev->type != AIGW_EVENT_DELTA || ev->text.form != AIGW_TEXT_PLAIN) {
        r = t->m->dialects[0] && t->enc.dialect->event_encode ? t->enc.dialect->event_encode(&t->enc, ev, &t->o) : AIGW_E_UNSUPPORTED;
        chunk(t);
        return r;
    }
    while (at < ev->text.n && r >= 0) {
        end = at + 1;
        while (end < ev->text.n && (ev->text.p[end] != ' ' || end - at < 4)) end++;
        part.text.p = ev->text.p + at;
        part.text.n = end - at;
        r = t->enc.dialect->event_encode(&t->enc, &part, &t->o);
        chunk(t);
        at = end;
    }
    return r;
}

static void put_head(mock *m, aigw_head *head, int64_t length) {
    aigw_out o;
    aigw_base_out_init(&o, m->out + m->out_n, sizeof m->out - m->out_n, NULL, 0);
    (void)aigw_base_header_put(head, aigw_base_str("x-request-id"), aigw_base_str("mock-1"));
    if (!aigw_http_put_head(&o, head, length) && o.buf.n <= o.buf.cap) m->out_n += o.buf.n;
}

static void put_whole(mock *m, aigw_head *head, const aigw_out *body) {
    put_head(m, head, (int64_t)body->buf.n);
    if (body->buf.n <= body->buf.cap && body->buf.n <= sizeof m->out - m->out_n) {
        memcpy(m->out + m->out_n, body->buf.p, body->buf.n);
        m->out_n += body->buf.n;
    }
    m->n_steps = 1;
    m->step[0] = m->out_n;
}

static void answer_error(mock *m, const aigw_dialect *d, int kind, const char *message, aigw_arena *mem) {
    aigw_header headers[16];
    aigw_head head;
    aigw_error err;
    aigw_out o;
    memset(&head, 0, sizeof head);
    head.headers = headers;
    head.cap = 16;
    aigw_dialect_error(&err, kind, message, "");
    if (kind == AIGW_KIND_RATE_LIMIT) err.retry_after_ms = 2000;
    aigw_base_out_init(&o, m->text, sizeof m->text, NULL, 0);
    (void)d->error_encode(&err, mem, &head, &o);
    put_whole(m, &head, &o);
}

static void answer_parts(mock *m, const aigw_dialect *d, const aigw_req *req, aigw_resp *resp) {
    aigw_header headers[4];
    aigw_sink sink;
    aigw_head head;
    teller t;
    memset(&t, 0, sizeof t);
    memset(&head, 0, sizeof head);
    head.status = 200;
    head.headers = headers;
    head.cap = 4;
    t.m = m;
    t.enc.dialect = d;
    t.enc.now = m->now;
    t.enc.seed = m->now.mono_ns;
    t.enc.req = req;
    t.enc.hold = m->text + sizeof m->text / 2;
    t.enc.hold_cap = sizeof m->text / 4;
    aigw_dialect_enc_init(&t.enc);
    if (!req->param[AIGW_P_STREAM].micro || req->op != AIGW_OP_CHAT) {
        aigw_base_out_init(&t.o, m->text + sizeof m->text / 2, sizeof m->text / 2, NULL, 0);
        (void)aigw_base_header_put(&head, aigw_base_str("content-type"), aigw_base_str("application/json"));
        (void)d->resp_encode(&t.enc, resp, &t.o);
        put_whole(m, &head, &t.o);
        return;
    }
    (void)aigw_base_header_put(&head, aigw_base_str("content-type"), d->stream_type);
    put_head(m, &head, -1);
    aigw_base_out_init(&t.o, m->text + sizeof m->text / 4 * 3, sizeof m->text / 4, NULL, 0);
    sink.put = tell;
    sink.user = &t;
    (void)aigw_model_unfold(resp, &sink);
    if (m->out_n + 5 <= sizeof m->out) {
        memcpy(m->out + m->out_n, "0\r\n\r\n", 5);
        m->out_n += 5;
    }
    m->step[m->n_steps ? m->n_steps - 1 : 0] = m->out_n;
    if (!m->n_steps) m->n_steps = 1;
}

static const struct { const char *id; int kind; const char *message; } failures[] = {
    { "400", AIGW_KIND_INVALID_REQUEST, "The mock provider was told to find this request invalid." }, { "401", AIGW_KIND_AUTH, "The mock provider was told not to know your key." },
    { "403", AIGW_KIND_PERMISSION, "The mock provider was told not to permit this." }, { "404", AIGW_KIND_NOT_FOUND, "The mock provider was told not to know this model." },
    { "429", AIGW_KIND_RATE_LIMIT, "The mock provider was told that you ask too often." }, { "500", AIGW_KIND_SERVER, "The mock provider was told to fail." },
    { "503", AIGW_KIND_OVERLOADED, "The mock provider was told to be overloaded." }
};

static int is(aigw_str s, const char *word) { return aigw_base_eq(s, aigw_base_str(word)); }

static void answer_chat(mock *m, const aigw_dialect *d, const aigw_req *req, aigw_arena *mem) {
    static char paragraph[] = "The sea is wide, and its tides come and go; ";
    aigw_part said, thought;
    aigw_opaque signature;
    aigw_resp resp;
    const aigw_message *last = req->messages;
    aigw_str id = req->model, words;
    text t;
    memset(&said, 0, sizeof said);
    memset(&thought, 0, sizeof thought);
    memset(&signature, 0, sizeof signature);
    memset(&resp, 0, sizeof resp);
    t.p = m->text;
    t.n = 0;
    t.cap = sizeof m->text / 2;
    while (last && last->next) last = last->next;
    said.at = thought.at = AIGW_NOWHERE;
    if (is(id, "tools") && req->tools && !(last && last->role == AIGW_ROLE_TOOL)) {
        said.kind = AIGW_PART_TOOL_CALL;
        said.id = aigw_base_str("call_mock_1");
        said.name = req->tools->name;
        words = sample_arguments(req->tools->schema, mem);
        said.text.p = words.p;
        said.text.n = words.n;
        said.text.form = AIGW_TEXT_JSON;
    } else {
        if (is(id, "tools") && req->tools) {
            say_lit(&t, "The tool said: ");
            say(&t, last_text(req, AIGW_ROLE_TOOL, mem));
        } else if (is(id, "tools")) say_lit(&t, "Offer me a tool, and I will call it.");
        else if (is(id, "long")) while (t.n < 20000) say_lit(&t, paragraph);
        else if (is(id, "slow") || is(id, "cut")) say_lit(&t, "One word after the other, so that you can see them come, and see what happens when they stop.");
        else if (is(id, "think")) say_lit(&t, "I thought about it first. The answer is 42.");
        else say_echo(m, req, d, mem, &t);
        said.text.p = t.p;
        said.text.n = t.n;
    }
    resp.id = aigw_base_str("mock-answer-1");
    resp.model = req->model;
    resp.created_s = m->now.wall_s;
    resp.choices = 1;
    resp.choice[0].present = 1;
    resp.choice[0].parts = &said;
    resp.choice[0].finish = (uint8_t)(said.kind == AIGW_PART_TOOL_CALL ? AIGW_FINISH_TOOL_CALLS : AIGW_FINISH_STOP);
    if (is(id, "think")) {
        thought.kind = AIGW_PART_REASONING;
        words = aigw_base_str("What is asked? What is known? So the answer must be the usual one.");
        thought.text.p = words.p;
        thought.text.n = words.n;
        thought.next = &said;
        signature.owner = d->name;
        signature.model = req->model;
        signature.data.p = "bW9jay1zaWduYXR1cmU=";
        signature.data.n = 20;
        thought.state = &signature;
        resp.choice[0].parts = &thought;
    }
    resp.usage.has = AIGW_USAGE_INPUT | AIGW_USAGE_OUTPUT;
    resp.usage.input = (int64_t)(m->body_n / 4 + 1);
    resp.usage.output = (int64_t)((said.text.n + thought.text.n) / 4 + 1);
    resp.ended = 1;
    answer_parts(m, d, req, &resp);
    m->pace_ns = is(id, "slow") ? UINT64_C(100000000) : 0;
    m->hang = (uint8_t)is(id, "hang");
    if (is(id, "cut")) {
        m->cut = 1;
        if (m->n_steps > 4) m->n_steps /= 2;
        else m->step[m->n_steps - 1] -= m->step[m->n_steps - 1] / 4;
    }
}

/* A vector per text, the same for the same text: numbers from -1 to 1, 8 of them or as many as are asked for. */
static void answer_embed(mock *m, const aigw_dialect *d, const aigw_req *req, aigw_arena *mem) {
    static const uint8_t key[16] = { 'm', 'o', 'c', 'k' };
    const aigw_param *size = &req->param[AIGW_P_DIMENSIONS];
    const int n = size->has && size->micro >= 1000000 && size->micro <= 256 * (int64_t)1000000 ? (int)(size->micro / 1000000) : 8;
    const aigw_item *input;
    aigw_part **tail;
    aigw_resp resp;
    memset(&resp, 0, sizeof resp);
    resp.model = req->model;
    resp.choices = 1;
    resp.choice[0].finish = AIGW_FINISH_STOP;
    tail = &resp.choice[0].parts;
    for (input = req->inputs; input; input = input->next, tail = &(*tail)->next) {
        aigw_str words = { "", 0 };
        char *p = (char *)aigw_base_take(mem, (size_t)n * 10, 1, 1);
        uint64_t state;
        aigw_out o;
        *tail = (aigw_part *)aigw_base_take(mem, 1, sizeof **tail, sizeof(void *));
        if (!p || !*tail) {
            answer_error(m, d, AIGW_KIND_TOO_LARGE, "The mock provider has no memory for so many numbers.", mem);
            return;
        }
        (void)aigw_json_decode(input->text, mem, &words);
        state = aigw_digest_siphash(words, key);
        aigw_base_out_init(&o, p, (size_t)n * 10, NULL, 0);
        for (int i = 0; i < n; i++) {
            const uint64_t v = aigw_base_random(&state) % 199999;
            if (i) aigw_base_put_byte(&o, ',');
            if (v < 99999) aigw_base_put_byte(&o, '-');
            aigw_base_put_lit(&o, "0.");
            for (uint64_t digit = 10000; digit; digit /= 10) aigw_base_put_byte(&o, (char)('0' + (v < 99999 ? 99999 - v : v - 99999) / digit % 10));
        }
        (*tail)->kind = AIGW_PART_VECTOR;
        (*tail)->text.p = p;
        (*tail)->text.n = o.buf.n;
        resp.usage.input += (int64_t)(words.n / 4 + 1);
    }
    resp.usage.has = AIGW_USAGE_INPUT;
    resp.ended = 1;
    answer_parts(m, d, req, &resp);
}

static void answer(mock *m) {
    aigw_arena mem = aigw_base_arena(m->memory, sizeof m->memory);
    const aigw_dialect *d = NULL;
    aigw_fault fault;
    aigw_req req;
    aigw_str body;
    size_t k;
    int i, op = AIGW_OP_NONE;
    for (i = 0; i < m->n_dialects && op == AIGW_OP_NONE; i++) {
        d = m->dialects[i];
        op = d->match(&m->http.head);
    }
    memset(&fault, 0, sizeof fault);
    body.p = m->body;
    body.n = m->body_n;
    if (op == AIGW_OP_NONE) {
        answer_error(m, m->dialects[0], AIGW_KIND_NOT_FOUND, "The mock provider does not know this path.", &mem);
        return;
    }
    if (m->body_n > sizeof m->body) {
        answer_error(m, d, AIGW_KIND_TOO_LARGE, "The mock provider reads 128 KiB at most.", &mem);
        return;
    }
    if (d->req_decode(&m->http.head, body, &mem, &req, &fault) < 0) {
        aigw_error err;
        aigw_dialect_fault(&fault, &mem, &err);
        fault.path[0] = 0;
        answer_error(m, d, err.kind, "The mock provider cannot read the request that was made for it.", &mem);
        return;
    }
    for (k = 0; k < sizeof failures / sizeof *failures; k++)
        if (is(req.model, failures[k].id)) {
            answer_error(m, d, failures[k].kind, failures[k].message, &mem);
            return;
        }
    if (req.op == AIGW_OP_EMBED) answer_embed(m, d, &req, &mem);
    else answer_chat(m, d, &req, &mem);
}

int mock_send(mock *m, const void *p, size_t n) {
    const char *s = (const char *)p;
    size_t at = 0;
    for (;;) {                              /* an end may come without a byte */
        aigw_http_item item;
        int r = aigw_http_feed(&m->http, s + at, n - at, &item);
        if (r < 0) return AIGW_E_IO;
        at += (size_t)r;
        if (item.event == AIGW_HTTP_BODY) {
            if (m->body_n + item.body.n <= sizeof m->body) memcpy(m->body + m->body_n, item.body.p, item.body.n);
            m->body_n += item.body.n;
        } else if (item.event == AIGW_HTTP_END) {
            m->answered = 2;
            break;
        } else if (item.event == AIGW_HTTP_NONE) break;
    }
    return (int)n;
}

int mock_recv(mock *m, aigw_now now, void *p, size_t n) {
    size_t end, take;
    m->now = now;
    if (m->answered == 2) {
        m->answered = 1;
        answer(m);
        m->next_ns = now.mono_ns + m->pace_ns;
    }
    if (!m->answered || m->hang) {
        m->next_ns = AIGW_NEVER;
        return AIGW_AGAIN;
    }
    while (m->at_step < m->n_steps && m->step[m->at_step] <= m->out_at) m->at_step++;
    if (m->at_step == m->n_steps) return m->cut ? AIGW_E_CLOSED : AIGW_AGAIN;
    if (m->pace_ns && now.mono_ns < m->next_ns) return AIGW_AGAIN;
    end = m->pace_ns || m->cut ? m->step[m->at_step] : m->step[m->n_steps - 1];
    take = end - m->out_at < n ? end - m->out_at : n;
    memcpy(p, m->out + m->out_at, take);
    m->out_at += take;
    if (m->out_at == end) m->next_ns = m->pace_ns ? now.mono_ns + m->pace_ns : AIGW_NEVER;
    return (int)take;
}

uint64_t mock_deadline(const mock *m) { return m->pace_ns && m->at_step < m->n_steps ? m->next_ns : AIGW_NEVER; }
