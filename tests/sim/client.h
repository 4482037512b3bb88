/* SPDX-License-Identifier: MIT OR Unlicense */
/* client.h: the clients: each slot opens a connection, asks one to four requests in any dialect, reads well or badly or leaves, and compares what it got (oracle.h) with what the provider sent and
 * with the record that the library wrote. */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H
#include "net.h"

/* What a client may ask for, and how many attempts that may take. */
static const struct { const char *name; uint16_t most; } cl_names[] = {
    { "m-oa", 3 }, { "m-an", 3 }, { "m-ge", 3 }, { "m-ob", 3 }, { "m-ol", 3 }, { "m-co", 3 }, { "any", 3 }, { "pair", 3 }, { "mix", 4 }, { "back", 3 }, { "hedged", 3 }, { "cached", 3 }
};
enum { CL_PAIR = 7, CL_MIX = 8, CL_HEDGED = 10, CL_CACHED = 11 };
#ifdef SIM_POLICY                  /* of how many, the first, seeds choose */
enum { CL_NAMES = 12 };
#else
enum { CL_NAMES = 10 };
#endif

static uint32_t cl_id(const sim_client *c) { return (uint32_t)(c - c->s->client); }
static void cl_after(sim_client *c, uint64_t ns, int kind) { sim_at(c->s, c->s->t + ns, kind, cl_id(c), c->gen); }

/* ---- asking ---- */

static void cl_write(sim_client *c, const sim_req *q, const char *name) {
    static const char *const paths[O_DIALECTS] = { "/v1/chat/completions", "/v1/messages", NULL, NULL, "/api/chat", "/v2/chat", "/v1/responses" };
    char mem[4096];
    sim *s = c->s;
    sim_text b, t;
    t.p = mem, t.n = 0, t.cap = sizeof mem;
    b.p = c->in, b.n = c->in_n, b.cap = sizeof c->in;
    const int gemini = q->dialect == O_GEMINI || q->dialect == O_ARRAY;
    if (gemini) sim_put(&t, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"");
    else {
        sim_put(&t, "{\"model\":\"");
        sim_put(&t, q->bad == 1 ? "nobody" : name);
        sim_put(&t, q->dialect == O_ANTHROPIC ? "\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\""
                  : q->dialect == O_RESPONSES ? "\",\"input\":\"" : "\",\"messages\":[{\"role\":\"user\",\"content\":\"");
    }
    sim_put(&t, "@R");
    sim_put_u(&t, q->tag);
    sim_put(&t, "@ Say it.");
    for (uint32_t i = !q->cached && sim_often(s, 30) ? sim_below(s, 40) : 0; i; i--) sim_put(&t, " And once more, in other words, please.");
    sim_put(&t, gemini ? "\"}]}]" : q->dialect == O_RESPONSES ? "\"" : "\"}]");
    if (!gemini && (q->stream || q->dialect == O_OLLAMA)) sim_put(&t, q->stream ? ",\"stream\":true" : ",\"stream\":false");
    sim_put(&t, q->bad == 2 ? ",}" : "}");
    sim_put(&b, q->bad == 3 ? "PO ST " : "POST ");
    if (gemini) {
        sim_put(&b, "/v1beta/models/");
        sim_put(&b, q->bad == 1 ? "nobody" : name);
        sim_put(&b, !q->stream ? ":generateContent" : q->dialect == O_ARRAY ? ":streamGenerateContent" : ":streamGenerateContent?alt=sse");
    } else sim_put(&b, paths[q->dialect]);
    sim_put(&b, " HTTP/1.1\r\nhost: g.test\r\nauthorization: Bearer virtual-key\r\ncontent-type: application/json\r\ncontent-length: ");
    sim_put_u(&b, t.n);
    sim_put(&b, "\r\n\r\n");
    sim_put_n(&b, t.p, t.n);
    c->in_n = b.n;
    if (s->asked) s->asked(s, c, t.n);
}
/* The next request of this connection is written. */
static void cl_ask(sim_client *c) {
    sim *s = c->s;
    sim_req *q = &c->req[c->asked % SIM_PIPELINE];
    unsigned name = s->plan.route ? s->plan.route - 1u : sim_below(s, CL_NAMES);
    if (!s->plan.route && s->without && name == s->without) name--;
    memset(q, 0, sizeof *q);
    q->id = ++s->ids;
    q->dialect = (uint8_t)sim_below(s, O_DIALECTS);
    q->stream = (uint8_t)(q->dialect == O_ARRAY || sim_below(s, 2));
    q->probe = s->stopped;
    q->most = cl_names[name].most;
    if (!s->plan.scene && !q->probe && sim_often(s, 15)) q->bad = (uint8_t)(1 + sim_below(s, 3));
    q->tag = q->id;
    q->cached = name == CL_CACHED && !q->bad;
    if (q->cached) q->tag = 1000000 + (c->tenant * 8 + sim_below(s, 8)) * 2 + (q->dialect == O_ANTHROPIC);       /* which says max_tokens, the others do not */
    cl_write(c, q, cl_names[name].name);
    q->end = c->in_n;
    c->asked++;
    s->sums->requests++;
    if (s->sent_at) s->sent_at[s->sent_n++] = s->t;
    sim_say(s, "client %u request %u: dialect %d %s %s%s", (unsigned)cl_id(c), (unsigned)q->id, q->dialect, q->stream ? "stream" : "whole", cl_names[name].name, q->bad ? " (bad)" : "");
}

/* ---- what it got ---- */

/* What is wrong with a text: NULL, or which rule it breaks. All of it is from one answer to this request, in order from the first piece; all pieces when `whole`. */
static const char *cl_text(const sim *s, const sim_req *q, const o_reader *o, int whole, const sim_said **said) {
    const char *p = o->text, *end = p + o->text_n;
    unsigned long serial = 0, next = 0;
    *said = NULL;
    while (p < end) {
        char *to;
        unsigned long tag, from, i;
        if (*p != 'R') return "it is no text of ours";
        tag = strtoul(p + 1, &to, 10);
        from = strtoul(to + 1, &to, 10);
        i = strtoul(to + 1, &to, 10);
        if (*to != ';' || from >= SIM_SERIALS) return "it is cut";
        p = to + 1;
        if (tag != q->tag) return "it is another request's";
        if (*said && from != serial) return "it is of two answers";
        if (!*said) *said = &s->said[serial = from];
        if (i + 1 == next && (*said)->twice == i + 1) continue;          /* it was sent twice */
        if (i != next++) return "a piece is missing, or out of place";
    }
    if (!whole) return NULL;
    return !*said || (*said)->never ? "the provider sent an error" : next != (*said)->n ? "its end is missing" : NULL;
}
/* 1: a provider said its finish twice, and a client of its own dialect was told so: frames of one dialect are relayed as they are, and some servers
   do repeat the finish reason beside usage or text. Counted apart, so that it is not forgotten. */
static int cl_twice(const sim *s, const sim_req *q, const o_reader *o) {
    const int dialect = q->dialect == O_ARRAY ? O_GEMINI : q->dialect;
    const sim_said *said;
    return (o->ends == 2 || o->finish == 2) && !o->errors && !cl_text(s, q, o, 1, &said) && said->twice == 255 && said->dialect == dialect;
}
static void cl_answered(sim_client *c) {
    sim *s = c->s;
    sim_req *q = sim_req_of(c);
    const sim_said *said;
    const int judged = o_judge(&c->o, q->dialect, q->stream), twice = judged == O_BROKEN && cl_twice(s, q, &c->o), outcome = twice ? O_FINE : judged;
    const char *wrong;
    s->sums->relayed += twice != 0;
    q->outcome = (uint8_t)outcome;
    q->status = c->o.status;
    q->judged = 1;
    sim_must(s, I_TERMINAL, outcome != O_BROKEN, "request %u (dialect %d, %s): %s\n  %.*s", (unsigned)q->id, q->dialect, q->stream ? "stream" : "whole", c->o.why ? c->o.why : "",
             (int)(c->o.body_n > 3000 ? 3000 : c->o.body_n), c->o.body);
    if (c->o.status == 200 && outcome != O_BROKEN) {
        wrong = cl_text(s, q, &c->o, outcome == O_FINE, &said);
        if (q->cached) sim_must(s, I_CACHE, !wrong, "request %u got \"%.*s\": %s", (unsigned)q->id, (int)c->o.text_n, c->o.text, wrong);
        s->sums->hits += q->cached && outcome == O_FINE && !q->tried;
        sim_must(s, I_TEXT, !wrong, "request %u %s with the text \"%.*s\": %s", (unsigned)q->id, outcome == O_FINE ? "succeeded" : "failed", (int)c->o.text_n, c->o.text, wrong);
    }
    if (q->bad) sim_must(s, I_OUTCOME, outcome == O_ERROR, "request %u was bad and succeeded", (unsigned)q->id);
    else if (q->probe) sim_must(s, I_RECOVER, outcome == O_FINE && s->t - q->t_sent < 10 * SIM_S, "request %u, long after the last fault, has status %d: %.*s", (unsigned)q->id, q->status,
                                (int)(c->o.body_n > 300 ? 300 : c->o.body_n), c->o.body);
    else if (s->plan.clean) sim_must(s, I_CLEAN, outcome == O_FINE, "request %u has status %d: %.*s", (unsigned)q->id, q->status, (int)(c->o.body_n > 300 ? 300 : c->o.body_n), c->o.body);
    sim_must(s, I_ATTEMPTS, q->tried <= q->most + (q->reused < 4 ? q->reused : 4), "request %u was tried %u times", (unsigned)q->id, q->tried);
    *(outcome == O_FINE ? &s->sums->fine : &s->sums->errors) += 1;
    sim_say(s, "client %u request %u: status %d, %s", (unsigned)cl_id(c), (unsigned)q->id, q->status, outcome == O_FINE ? "fine" : outcome == O_ERROR ? "error" : "broken");
    sim_mix(s, (uint64_t)q->id << 8 | q->outcome);
    if (s->answered) s->answered(s, c, q);
    c->said_close |= c->o.closing;
    c->answered++;
    c->got = c->starved = 0;
    o_next(&c->o);
    if (c->said_close || c->answered == c->reqs) cl_after(c, 0, EV_LEAVE);
    else if (c->asked == c->answered) cl_after(c, 1 + sim_upto(s, s->plan.think), EV_SEND);
}
static int cl_reply(void *user, const void *p, size_t n) {
    sim_client *c = (sim_client *)user;
    sim *s = c->s;
    const char *at = (const char *)p;
    if (c->leaving) return c->reset ? (int)AIGW_E_CLOSED : (int)AIGW_AGAIN;
    if (c->slow && n > c->room) n = c->room;
    if (c->leave_at && n > c->leave_at - c->total) n = c->leave_at - c->total;
    if (!n) return AIGW_AGAIN;
    if (c->slow) c->room -= n;
    c->total += n;
    sim_mix_bytes(s, at, n);
    for (size_t i = 0, k; i < n && !c->o.why; i += k) {
        if (c->answered == c->asked) {
            sim_must(s, I_END, 0, "%lu bytes after the end: %.*s", (unsigned long)(n - i), (int)(n - i), at + i);
            break;
        }
        k = o_feed(&c->o, at + i, n - i);
        c->got += k;
        if (c->o.why) sim_must(s, I_HEAD, 0, "request %u: %s: %.*s", (unsigned)sim_req_of(c)->id, c->o.why, (int)c->o.head_n, c->o.head);
        else if (c->o.done) {
            s->sums->checked[I_HEAD]++;
            s->sums->checked[I_END]++;
            cl_answered(c);
        }
    }
    if (c->o.why && !c->leaving) c->leaving = 1, cl_after(c, 0, EV_LEAVE);
    if (c->leave_at && c->total == c->leave_at && !c->leaving) {
        c->leaving = 1;
        if (c->asked > c->answered) sim_fault(s, F_GONE, c, NULL);
        cl_after(c, sim_upto(s, SIM_MS), EV_LEAVE);
    }
    return (int)n;
}

static int cl_departed(const sim_client *c) { return c->leaving || c->stuck; }
static void cl_record(void *user, const aigw_exchange_record *r) {
    sim_client *c = (sim_client *)user;
    sim *s = c->s;
    const sim_req *q = &c->req[c->recorded % SIM_PIPELINE];
    const int64_t times[] = { r->t_read_us, r->t_admit_us, r->t_queue_us, r->t_connect_us, r->t_first_us, r->t_stream_us, r->t_write_us, r->ttft_us, r->dur_us, r->overhead_us };
    sim_must(s, I_OUTCOME, c->recorded < c->asked, "a record of no request");
    c->recorded++;
    sim_mix(s, (uint64_t)r->kind << 32 | (unsigned)r->status << 8 | r->attempts);
    if (r->disconnect) {
        sim_must(s, I_RECORD, cl_departed(c), "request %u: the record says that the client left", (unsigned)q->id);
        s->sums->left++;
    } else if (!q->judged || q->outcome != O_BROKEN)
        sim_must(s, I_RECORD, q->judged && (r->kind == 0) == (q->outcome == O_FINE) && r->status == q->status, "request %u: the record says kind %d and status %d, the client had %d and %d",
                 (unsigned)q->id, r->kind, r->status, q->outcome, q->status);
    sim_must(s, I_ATTEMPTS, r->attempts <= q->most, "request %u: %d attempts", (unsigned)q->id, r->attempts);
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++)
        sim_must(s, I_RECORD, times[i] >= -1 && times[i] < INT64_C(1000000000000), "request %u: time %u of its record is %lld", (unsigned)q->id, i, (long long)times[i]);
}

#ifdef SIM_POLICY
static int cl_admit(void *user, const aigw_head *head, aigw_str body, aigw_exchange_who *who, aigw_exchange_reply *r) {
    static const char *const names[] = { "t0", "t1", "t2", "t3" };
    (void)head, (void)body, (void)r;
    who->subject.dim[AIGW_DIM_TENANT] = aigw_base_str(names[((sim_client *)user)->tenant]);
    who->class_ = ((sim_client *)user)->batch ? AIGW_CLASS_BATCH : AIGW_CLASS_INTERACTIVE;
    return 0;
}
#endif

/* ---- a connection ---- */

static void cl_open(sim *s, uint32_t i, unsigned reqs) {
    sim_client *c = &s->client[i];
    const sim_plan *p = &s->plan;
    aigw_exchange_io io;
    aigw_exchange_cfg cfg;
    const uint32_t gen = c->gen + 1;
    memset(&io, 0, sizeof io);
    memset(&cfg, 0, sizeof cfg);
    memset((char *)c + offsetof(sim_client, s), 0, offsetof(sim_client, req) - offsetof(sim_client, s));
    o_next(&c->o);
    c->s = s;
    c->gen = gen;
    c->live = 1;
    for (int k = 0; k < AIGW_EXCHANGE_CONNS; k++) c->up[k] = -1;
    c->reqs = reqs;
    c->room = SIZE_MAX;
    io.user = c;
    io.connect = net_connect, io.send = net_send, io.recv = net_recv, io.close = net_close, io.reply = cl_reply, io.record = cl_record, io.why = net_why;
#ifdef SIM_POLICY
    c->tenant = p->scene ? s->as_tenant : p->clean || s->stopped ? 0 : sim_below(s, 4);
    c->batch = p->scene && s->as_batch;
    io.admit = cl_admit;
#endif
    cfg.write_ms = 10000;
    cfg.read_ms = 5000;
    aigw_exchange_init(&c->x, &s->hub, &io, &cfg);
    s->live++;
    if (!s->stopped) {
        if (sim_often(s, p->gone)) {
            if (sim_often(s, 500)) c->leave_at = 1 + sim_below(s, 1500);
            else cl_after(c, sim_upto(s, 100 * SIM_MS + p->think * 2), EV_LEAVE);
            c->reset = (uint8_t)sim_below(s, 2);
        }
        if (sim_often(s, p->slow)) {
            c->slow = 1;
            c->room = sim_below(s, 400);
            c->stuck = (uint8_t)sim_often(s, 100);
        }
        c->stalled = (uint8_t)sim_often(s, p->stall);
        c->split = (uint8_t)sim_often(s, p->split);
        if (sim_often(s, 100)) while (c->asked < c->reqs && c->asked < SIM_PIPELINE) cl_ask(c);        /* pipelined */
    }
    cl_after(c, 0, EV_SEND);
}

/* The connection is over, by whatever end. */
static void cl_over(sim_client *c) {
    sim *s = c->s;
    const size_t from = c->answered ? c->req[(c->answered - 1) % SIM_PIPELINE].end : 0;
    const unsigned begun = c->answered < c->asked && c->in_at > from && !c->said_close;
    aigw_exchange_release(&c->x, sim_now(s));
    for (int k = 0; k < AIGW_EXCHANGE_CONNS; k++) sim_must(s, I_CANCEL, c->up[k] < 0, "client %u has left, and connection %d is open", (unsigned)cl_id(c), c->up[k]);
    sim_must(s, I_OUTCOME, c->recorded == c->answered + begun, "client %u: %u answers, %u begun, %u records", (unsigned)cl_id(c), c->answered, begun, c->recorded);
    if (!cl_departed(c)) sim_must(s, I_OUTCOME, !begun, "client %u: request %u was not answered (%lu bytes)", (unsigned)cl_id(c), (unsigned)sim_req_of(c)->id, (unsigned long)c->got);
    c->live = 0;
    c->gen++;
    s->live--;
    if (!s->plan.scene && s->left) cl_after(c, sim_upto(s, s->plan.think + SIM_MS), EV_OPEN);
}

/* Let the exchange do what it can. */
static void cl_pump(sim_client *c) {
    sim *s = c->s;
    for (int turns = 0; c->live; turns++) {
        const int fed = c->wait & AIGW_WAIT_CLIENT_IN && c->in_at < c->in_came;
        size_t took = 0;
        if (fed) {
            took = aigw_exchange_feed(&c->x, sim_now(s), c->in + c->in_at, c->in_came - c->in_at);
            c->in_at += took;
        }
        c->wait = aigw_exchange_run(&c->x, sim_now(s));
        sim_must(s, I_PROGRESS, c->wait && turns < 20000, "client %u runs and runs", (unsigned)cl_id(c));
        if (c->wait & AIGW_WAIT_CLOSE || turns >= 20000) { cl_over(c); return; }
        if (c->wait & AIGW_WAIT_MEMORY && !c->starved++) sim_fault(s, F_SCARCE, c, NULL);
        if (!(c->wait & AIGW_WAIT_TURN) && !(c->wait & AIGW_WAIT_CLIENT_IN && c->in_at < c->in_came && (took || !fed))) return;
    }
}

static void cl_send(sim_client *c) {
    sim *s = c->s;
    if (c->asked == c->answered && c->asked < c->reqs) cl_ask(c);
    if (c->in_came == c->in_n) return;
    sim_req_of(c)->t_sent = s->t;
    if (c->stalled && c->asked == c->reqs) {                   /* the last one is never complete */
        c->in_came = c->in_n - 1 - sim_below(s, 100);
        sim_fault(s, F_STALL, c, NULL);
        cl_after(c, 30 * SIM_S, EV_LEAVE);
    } else if (c->split && c->in_n - c->in_came > 1) {
        c->in_came += 1 + sim_below(s, (uint32_t)(c->in_n - c->in_came < 200 ? c->in_n - c->in_came : 200));
        if (c->in_came < c->in_n) cl_after(c, 1 + sim_upto(s, SIM_MS), EV_SEND);
    } else c->in_came = c->in_n;
    if (c->slow && c->asked > c->answered) cl_after(c, 50 * SIM_MS, EV_TAKE);
}

static void cl_event(sim *s, const sim_event *ev) {
    sim_client *c = &s->client[ev->who];
    if (ev->kind == EV_OPEN) {
        const unsigned n = 1 + sim_below(s, 8), some = s->stopped ? 1 : n < s->left ? n : s->left;
        if (s->stopped && s->live) {                           /* one after the other: at a circuit that is half open only one is asked */
            sim_at(s, s->t + 100 * SIM_MS, EV_OPEN, ev->who, 0);
            return;
        }
        if (c->live || !some) return;
        if (!s->stopped) s->left -= some;
        cl_open(s, ev->who, some);
        return;
    }
    if (c->gen != ev->gen || !c->live) return;
    if (ev->kind == EV_SEND) cl_send(c);
    else if (ev->kind == EV_TAKE) {
        if (c->asked == c->answered) return;
        if (!c->tardy++) sim_fault(s, F_SLOW, c, NULL);
        if (c->stuck && c->tardy > 2) return;
        c->room = 1 + sim_below(s, 600);
        cl_after(c, 1 + sim_upto(s, 200 * SIM_MS), EV_TAKE);
    } else if (ev->kind == EV_LEAVE) {
        if (!c->leaving && c->asked > c->answered) sim_fault(s, F_GONE, c, NULL);
        c->leaving = 1;
        aigw_exchange_eof(&c->x, sim_now(s));
        for (int k = 0; k < AIGW_EXCHANGE_CONNS; k++) sim_must(s, I_CANCEL, c->up[k] < 0, "client %u has left, and connection %d is open", (unsigned)cl_id(c), c->up[k]);
        cl_over(c);
        return;
    }
    cl_pump(c);
}
#endif
