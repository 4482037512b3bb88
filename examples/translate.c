/* SPDX-License-Identifier: MIT OR Unlicense */
/* translate.c: a filter between dialects, for debugging and for scripts. stdin -> stdout, the loss report as JSON lines on stderr.
 *
 *     translate --from anthropic --to openai-chat --stream < recorded.sse
 *     translate --from openai-chat --to gemini --request --head < request.json
 *
 * Knows: files and arguments. Does not know: sockets, routes, keys. Everything goes through the model, also when both dialects are the same. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include <stdio.h>
#include <stdlib.h>

#define MEMORY ((size_t)256 << 20)      /* address space for one translation; pages that are not touched cost nothing */

static const char usage[] =
    "usage: translate --from D --to D (--request | --response | --stream | --error STATUS) [options] < input > output\n"
    "D: openai-chat, openai-responses, anthropic, gemini, bedrock, cohere, ollama, or canonical (the library's own model: a request, an answer, events as JSON lines)\n"
    "  --strict       refuse what would be dropped or approximated\n"
    "  --fold         --stream: write the whole answer that the stream adds up to\n"
    "  --cut N        --stream: feed N bytes at a time\n"
    "  --unclean      --stream: the connection broke at the end of the input\n"
    "  --target PATH  --request: the path it was sent to (Gemini and Bedrock have model and stream there; Ollama's other is /api/generate)\n"
    "  --head         also write the request line or status, and headers, and an empty line before the body\n"
    "  --now SECONDS  wall clock for dates and `created`; default 0, unknown\n"
    "Loss report on stderr: {\"path\",\"action\",\"reason\"} per line. Exit status 0 done, 1 bad input or refused, 2 usage.\n";

typedef struct {
    const aigw_dialect *from, *to;      /* NULL: canonical */
    int         mode, strict, fold, head, unclean, status;
    size_t      cut;
    const char *target;
    aigw_now    now;
    aigw_str    input;
    aigw_arena  mem;
    aigw_loss   loss;
    aigw_out    out;
    int         bad;                    /* what came cannot be read, or was cut */
} job;

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };

static void complain(const char *path, const char *action, const char *reason, size_t at) {
    char line[512];
    aigw_out o;
    aigw_base_out_init(&o, line, sizeof line, NULL, 0);
    aigw_json_open(&o, '{');
    aigw_json_key(&o, "path");
    aigw_json_put_str(&o, aigw_base_str(path));
    aigw_json_key(&o, "action");
    aigw_json_put_str(&o, aigw_base_str(action));
    aigw_json_key(&o, "reason");
    aigw_json_put_str(&o, aigw_base_str(reason));
    if (at != AIGW_NOWHERE) {
        aigw_json_key(&o, "at");
        aigw_json_put_int(&o, (int64_t)at);
    }
    aigw_json_close(&o, '}');
    fprintf(stderr, "%.*s\n", (int)(o.buf.n < sizeof line ? o.buf.n : sizeof line), line);
}

static void report(const aigw_loss *l) {
    size_t i;
    for (i = 0; i < l->n; i++) complain(l->items[i].path, aigw_model_loss_name(l->items[i].action), l->items[i].reason, AIGW_NOWHERE);
}

static void flush_out(aigw_out *o) {
    size_t i;
    (void)aigw_base_out_end(o);
    if (!o->cap) fwrite(o->buf.p, 1, o->buf.n, stdout);
    for (i = 0; i < o->n; i++) fwrite(o->pieces[i].p, 1, o->pieces[i].n, stdout);
    o->buf.n = o->n = o->bytes = o->open = 0;
    o->comma = 0;
}

static void print_head(const aigw_head *h) {
    size_t i;
    if (h->status) printf("HTTP/1.1 %d %s\n", h->status, aigw_http_reason(h->status));
    else printf("%.*s %.*s HTTP/1.1\n", (int)h->method.n, h->method.p, (int)h->target.n, h->target.p);
    for (i = 0; i < h->n; i++) printf("%.*s: %.*s\n", (int)h->headers[i].name.n, h->headers[i].name.p, (int)h->headers[i].value.n, h->headers[i].value.p);
    printf("\n");
}

/* Where each dialect's requests are sent when --target does not say. */
static const struct { const char *dialect, *path; } targets[] = {
    { "openai-chat", "/v1/chat/completions" }, { "openai-responses", "/v1/responses" }, { "anthropic", "/v1/messages" },
    { "gemini", "/v1beta/models/model:generateContent" }, { "bedrock", "/model/model/converse" }, { "cohere", "/v2/chat" }, { "ollama", "/api/chat" },
};

static int request(job *j) {
    static const aigw_str post = AIGW_STR("POST");
    aigw_header in_headers[4], out_headers[16];
    aigw_head in, head;
    aigw_req req;
    aigw_fault fault;
    aigw_target to;
    size_t i;
    int r;
    memset(&in, 0, sizeof in);
    memset(&head, 0, sizeof head);
    memset(&fault, 0, sizeof fault);
    memset(&to, 0, sizeof to);
    in.method = post;
    in.headers = in_headers;
    in.cap = 4;
    for (i = 0; j->from && !j->target && i < sizeof targets / sizeof *targets; i++)
        if (aigw_base_eq(j->from->name, aigw_base_str(targets[i].dialect))) j->target = targets[i].path;
    in.target = aigw_base_str(j->target ? j->target : "/");
    head.headers = out_headers;
    head.cap = 16;
    r = j->from ? j->from->req_decode(&in, j->input, &j->mem, &req, &fault) : aigw_model_req_decode(j->input, &j->mem, &req, &fault);
    if (r < 0) {
        complain(fault.path, "error", fault.text ? fault.text : aigw_base_error_text(r), fault.at);
        return 1;
    }
    j->loss.doc = req.body;
    to.id = to.name = req.model;
    to.dialect = j->to;
    r = j->to ? j->to->req_encode(&req, &to, &j->mem, &head, &j->out, &j->loss) : aigw_model_req_encode(&req, &j->out);
    report(&j->loss);
    if (r < 0) {
        if (r != AIGW_E_REFUSED) complain("", "error", aigw_base_error_text(r), AIGW_NOWHERE);
        return 1;
    }
    if (j->head && j->to) print_head(&head);
    flush_out(&j->out);
    printf("\n");
    return 0;
}

static void begin_dec(job *j, aigw_dec *dec) {
    memset(dec, 0, sizeof *dec);
    dec->dialect = j->from;
    dec->now = j->now;
    dec->seed = 1;
    dec->n_max = AIGW_CHOICES;
    dec->loss = &j->loss;
    dec->mem = aigw_base_arena(malloc(MEMORY / 8), MEMORY / 8);
    aigw_dialect_dec_init(dec);
}

static void begin_enc(job *j, aigw_enc *enc) {
    memset(enc, 0, sizeof *enc);
    enc->dialect = j->to;
    enc->now = j->now;
    enc->seed = 1;
    enc->loss = &j->loss;
    enc->hold = (char *)malloc(MEMORY / 8);
    enc->hold_cap = enc->hold ? MEMORY / 8 : 0;
    aigw_dialect_enc_init(enc);
}

static int write_error(job *j, const aigw_error *err) {
    aigw_header headers[16];
    aigw_head head;
    int r;
    memset(&head, 0, sizeof head);
    head.headers = headers;
    head.cap = 16;
    r = j->to ? j->to->error_encode(err, &j->mem, &head, &j->out) : aigw_model_error_encode(err, &j->out);
    if (j->head && j->to && r >= 0) print_head(&head);
    flush_out(&j->out);
    printf("\n");
    return r < 0;
}

static int write_whole(job *j, const aigw_resp *resp) {
    aigw_enc enc;
    int r;
    if (resp->error && j->to) return write_error(j, resp->error);
    begin_enc(j, &enc);
    r = j->to ? j->to->resp_encode(&enc, resp, &j->out) : aigw_model_resp_encode(resp, &j->out);
    flush_out(&j->out);
    printf("\n");
    report(&j->loss);
    return r < 0;
}

static int is_bad(const aigw_error *e) { return e && (e->kind == AIGW_KIND_BAD_RESPONSE || e->kind == AIGW_KIND_TRUNCATED); }

static int response(job *j) {
    aigw_head head;
    aigw_resp resp;
    aigw_fault fault;
    aigw_fold fold;
    aigw_sink sink;
    aigw_dec dec;
    int r;
    memset(&fault, 0, sizeof fault);
    memset(&head, 0, sizeof head);
    head.status = 200;
    j->loss.doc = j->input;
    if (!j->from) {
        r = aigw_model_resp_decode(j->input, &j->mem, &resp, &fault);
        if (r < 0) complain(fault.path, "error", fault.text, fault.at);
    } else {
        aigw_model_fold_init(&fold, &resp, &j->mem, 1);
        sink.put = aigw_model_fold_put;
        sink.user = &fold;
        begin_dec(j, &dec);
        r = j->from->resp_decode(&dec, &head, j->input, &sink);
        resp.body = j->input;
    }
    if (r < 0) return 1;
    r = write_whole(j, &resp);
    return r || is_bad(resp.error);
}

/* ---- streams */

typedef struct { job *j; aigw_enc enc; aigw_fold fold; aigw_resp resp; } stream_sink;

static int stream_put(void *user, const aigw_event *ev) {
    stream_sink *s = (stream_sink *)user;
    job *j = s->j;
    int r;
    if (ev->type == AIGW_EVENT_ERROR) j->bad |= is_bad(ev->error);
    if (j->fold) return aigw_model_fold_put(&s->fold, ev);
    if (j->to) r = j->to->event_encode(&s->enc, ev, &j->out);
    else {
        r = aigw_model_event_encode(ev, &j->out);
        aigw_base_put_byte(&j->out, '\n');
    }
    flush_out(&j->out);
    return r;
}

static int canonical_lines(job *j, const aigw_sink *sink) {
    aigw_check check;
    size_t from = 0, end;
    static const aigw_str lf = AIGW_STR("\n");
    memset(&check, 0, sizeof check);
    for (; from < j->input.n; from = end + 1) {
        aigw_str line;
        aigw_event ev;
        aigw_fault fault;
        int r;
        memset(&fault, 0, sizeof fault);
        end = aigw_base_find(j->input, lf, from);
        line.p = j->input.p + from;
        line.n = end - from;
        if (!line.n) continue;
        r = aigw_model_event_decode(line, &j->mem, &ev, &fault);
        if (r < 0) complain(fault.path, "error", fault.text, from + fault.at);
        else if ((r = aigw_model_check_put(&check, &ev)) < 0) complain("", "error", check.why, from);
        if (r >= 0) r = sink->put(sink->user, &ev);
        if (r < 0) return r;
    }
    return AIGW_OK;
}

static int next_frame(aigw_window *w, int framing, aigw_frame *f) {
    return framing == AIGW_FRAMING_ARRAY ? aigw_array_next(w, f) : framing == AIGW_FRAMING_NDJSON ? aigw_ndjson_next(w, f) :
           framing == AIGW_FRAMING_EVS ? aigw_evs_next(w, f) : aigw_sse_next(w, f);
}

static int framed(job *j, const aigw_sink *sink) {
    char *window = (char *)malloc(MEMORY / 8);
    int framing = j->from->stream_framing, r = 0, n;
    size_t at = 0, piece;
    aigw_dec dec;
    aigw_window frames;
    aigw_frame f;
    if (!window) return AIGW_E_NOMEM;
    begin_dec(j, &dec);
    if (framing == AIGW_FRAMING_SSE && j->input.n && j->input.p[0] == '{') {     /* no stream but one answer, or an error */
        j->loss.doc = j->input;
        return j->from->resp_decode(&dec, NULL, j->input, sink);
    }
    if (framing == AIGW_FRAMING_SSE && j->input.n && j->input.p[0] == '[') framing = AIGW_FRAMING_ARRAY;
    aigw_sse_init(&frames, window, MEMORY / 8);                /* all framings keep their window in the same way */
    while (at < j->input.n && r >= 0) {
        piece = j->cut && j->cut < j->input.n - at ? j->cut : j->input.n - at;
        n = aigw_sse_feed(&frames, j->input.p + at, piece);
        if (n < 0) r = n;
        else at += (size_t)n;
        if (at == j->input.n && framing == AIGW_FRAMING_NDJSON && !j->unclean) aigw_ndjson_end(&frames);
        for (;;) {
            int got = r < 0 ? 0 : next_frame(&frames, framing, &f);
            if (got < 0) r = got;
            if (got <= 0) break;
            j->loss.doc = f.payload;
            r = j->from->frame_decode(&dec, f.name, f.payload, sink);
            if (r < 0) break;
        }
        if (!n && r >= 0) r = AIGW_E_LIMIT;
    }
    if (r < 0 && !dec.ended) complain("", "error", aigw_base_error_text(r), at);
    if (r >= 0) r = j->from->stream_end(&dec, !j->unclean && (framing != AIGW_FRAMING_EVS || frames.n == frames.start), sink);      /* not within a message */
    return r;
}

static int stream(job *j) {
    static stream_sink s;
    aigw_sink sink;
    int r;
    s.j = j;
    sink.put = stream_put;
    sink.user = &s;
    if (j->fold) aigw_model_fold_init(&s.fold, &s.resp, &j->mem, 1);
    else begin_enc(j, &s.enc);
    r = j->from ? framed(j, &sink) : canonical_lines(j, &sink);
    if (r >= 0 && j->fold) r = write_whole(j, &s.resp) ? -1 : 0;
    else report(&j->loss);
    return r < 0 || j->bad;
}

static int error(job *j) {
    aigw_header none[1];
    aigw_head head;
    aigw_error err;
    aigw_fault fault;
    memset(&head, 0, sizeof head);
    memset(&fault, 0, sizeof fault);
    head.headers = none;
    head.status = j->status;
    if (j->from) j->from->error_decode(j->now, &head, j->input, &j->mem, &err);
    else if (aigw_model_error_decode(j->input, &j->mem, &err, &fault) < 0) {
        complain(fault.path, "error", fault.text, fault.at);
        return 1;
    }
    return write_error(j, &err);
}

/* ---- arguments */

static int pick(const char *name, const aigw_dialect **d, int *given) {
    size_t i;
    *d = NULL;
    *given = 1;
    if (!strcmp(name, "canonical")) return 1;
    for (i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (aigw_base_eq(dialects[i]->name, aigw_base_str(name))) *d = dialects[i];
    return *d != NULL;
}

static int arguments(job *j, int argc, char **argv) {
    int i, from = 0, to = 0, ok = 1;
    for (i = 1; i < argc && ok; i++) {
        const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(a, "--request") || !strcmp(a, "--response") || !strcmp(a, "--stream")) {
            ok = !j->mode;
            j->mode = a[2] == 's' ? 's' : a[4] == 'q' ? 'q' : 'r';
        } else if (!strcmp(a, "--strict")) j->strict = 1;
        else if (!strcmp(a, "--fold")) j->fold = 1;
        else if (!strcmp(a, "--head")) j->head = 1;
        else if (!strcmp(a, "--unclean")) j->unclean = 1;
        else if (!value) ok = 0;
        else {
            i++;
            if (!strcmp(a, "--from")) ok = pick(value, &j->from, &from);
            else if (!strcmp(a, "--to")) ok = pick(value, &j->to, &to);
            else if (!strcmp(a, "--cut")) ok = (j->cut = (size_t)strtoul(value, NULL, 10)) > 0;
            else if (!strcmp(a, "--now")) j->now.wall_s = strtol(value, NULL, 10);
            else if (!strcmp(a, "--target")) j->target = value;
            else if (!strcmp(a, "--error")) {
                ok = !j->mode && (j->status = atoi(value)) >= 100 && j->status <= 999;
                j->mode = 'e';
            } else ok = 0;
        }
        if (!ok) fprintf(stderr, "translate: %s %s: not understood\n", a, value ? value : "");
    }
    return ok && from && to && j->mode;
}

static int read_all(job *j) {
    size_t cap = 1 << 16, n = 0, got;
    char *p = (char *)malloc(cap);
    while (p && (got = fread(p + n, 1, cap - n, stdin)) > 0) {
        n += got;
        if (n == cap) p = (char *)realloc(p, cap *= 2);
    }
    j->input.p = p;
    j->input.n = n;
    return p != NULL;
}

int main(int argc, char **argv) {
    static aigw_loss_item items[256];
    static aigw_str pieces[1024];
    static job j;
    unsigned char *mem = (unsigned char *)malloc(MEMORY);
    char *text = (char *)malloc(MEMORY / 2);
    if (!arguments(&j, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!mem || !text || !read_all(&j)) {
        fprintf(stderr, "translate: not enough memory\n");
        return 1;
    }
    j.mem = aigw_base_arena(mem, MEMORY);
    aigw_model_loss_init(&j.loss, items, sizeof items / sizeof *items);
    j.loss.strict = (uint8_t)j.strict;
    aigw_base_out_init(&j.out, text, MEMORY / 2, j.mode == 'q' ? pieces : NULL, j.mode == 'q' ? sizeof pieces / sizeof *pieces : 0);
    switch (j.mode) {
    case 'q': return request(&j);
    case 'r': return response(&j);
    case 's': return stream(&j);
    default:  return error(&j);
    }
}
