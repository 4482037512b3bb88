/* SPDX-License-Identifier: MIT OR Unlicense */
/* Regression transcripts: what providers were seen to do, and what every client must make of it.
 *
 * tests/cases/regressions.txt holds the providers' bytes and the meaning typed beside them, and says its
 * format in its head. Each transcript goes through the whole gateway (world.h) to each of the seven client
 * dialects, and to a Gemini client that wants an array; what the client got is read by foreign.h, which knows
 * nothing of aigw. Between equal dialects frames must arrive as they came. Everything again in pieces of some
 * sizes: the client must get the same bytes. Requests go from the clients that can say a thing to all seven
 * providers. */
#define W_PROVIDER(letter, dialect, base) \
    "\"" letter "\":{\"dialect\":\"" dialect "\",\"base_url\":\"http://" base "\",\"key\":\"sk-secret\"}"
#define W_MODEL(letter) "\"m" letter "\":{\"provider\":\"" letter "\",\"id\":\"M\",\"max_output\":4096}"
#define W_CONFIG "{\"providers\":{" \
    W_PROVIDER("O", "openai-chat", "o.test/v1") "," W_PROVIDER("R", "openai-responses", "r.test/v1") "," \
    W_PROVIDER("A", "anthropic", "a.test") "," W_PROVIDER("G", "gemini", "g.test") "," \
    W_PROVIDER("B", "bedrock", "b.test") "," W_PROVIDER("C", "cohere", "c.test") "," \
    W_PROVIDER("L", "ollama", "l.test") "},\"models\":{" \
    W_MODEL("O") "," W_MODEL("R") "," W_MODEL("A") "," W_MODEL("G") "," W_MODEL("B") "," W_MODEL("C") "," \
    W_MODEL("L") "}}"
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "foreign.h"
#include "t.h"
#include "world.h"

static char memory[24 << 20];
static world w;

/* The issue's list: each case, and the providers whose dialect lets it occur. A letter without its
   transcript fails, and one too many. */
static const struct { const char *name, *from; } listed[] = {
    { "calls_all_at_index_0",            "ORABCL"  },    /* G has no numbers */
    { "calls_from_index_1",              "ORABCL"  },
    { "arguments_in_one_delta",          "ORAGBCL" },
    { "empty_list_of_calls",             "OCL"     },
    { "first_arguments_empty",           "ORABC"   },    /* G and L say calls whole */
    { "finish_without_delta",            "OGL"     },
    { "finish_repeated",                 "ORAGBCL" },
    { "usage_after_finish",              "OAB"     },
    { "usage_on_finish",                 "ORAGCL"  },
    { "usage_on_every_chunk",            "OAG"     },
    { "usage_in_x_groq",                 "O"       },
    { "usage_nowhere",                   "ORAGBCL" },
    { "usage_cumulative",                "OAG"     },
    { "usage_in_portions",               "OAG"     },
    { "comments_between_deltas",         "ORAGC"   },
    { "pings_between_deltas",            "ORAL"    },
    { "error_as_field_name",             "ORA"     },    /* llama.cpp, which serves these three */
    { "error_after_start",               "ORAGBCL" },
    { "error_after_text",                "ORAGBCL" },
    { "error_then_done",                 "OC"      },
    { "no_end_marker",                   "OABC"    },
    { "crlf",                            "ORAGCL"  },
    { "event_without_name",              "RAC"     },
    { "utf8_cut",                        "ORAGBCL" },
    { "separators_in_text",              "ORAGBCL" },
    { "array_instead_of_sse",            "G"       },
    { "filter_chunk_without_choices",    "OG"      },
    { "padding_fields",                  "ORB"     },
    { "call_with_finish_stop",           "OGL"     },
    { "thinking_in_blocks",              "ORAGBCL" },
    { "thinking_redacted",               "ORAB"    },
    { "thinking_signed",                 "ORAGB"   },
    { "call_without_id",                 "GL"      },
    { "line_of_100_kb",                  "ORAGBCL" },
    { "blank_lines_before_json",         "ORAGBCL" },
    { "request_parametersJsonSchema",    "G"       },
    { "request_call_without_id",         "GL"      },
    { "request_after_blank_lines",       "ORAGBCL" },
};

/* One row per dialect, in the order of tests/matrix.txt; the last one is a client only: Gemini without
   alt=sse. */
enum { SSE, LINES, EVENTS, ARRAY };
enum { O, R, A, G, B, C, L, DIALECTS, G_ARRAY = DIALECTS, CLIENTS };
static const struct {
    char letter;
    const aigw_dialect *dialect;
    f_fold (*fold)(const char *p, size_t n);
    /* named: the frame's `type` is its event's name; ends: streams have an end marker */
    int framing, named, ends;
    /* what a client asks: whole, streamed; @ is the model, # the stream switch */
    const char *path[2], *body, *stream[2];
    const char *type[2];                        /* content-type of an answer */
} rows[CLIENTS] = {
#define USER   "{\"role\":\"user\",\"content\":\"Hi\"}"
#define SAYS   "[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]"
#define TOOL   "\"name\":\"get_weather\",\"description\":\"d\""
#define PLAIN  "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}"
#define CHAT   "{\"model\":\"@\",\"messages\":[" USER "],\"tools\":[{\"type\":\"function\",\"function\":{" \
               TOOL ",\"parameters\":" PLAIN "}}]#}"
#define GOOGLE "{\"contents\":" SAYS ",\"tools\":[{\"functionDeclarations\":[{" TOOL \
               ",\"parametersJsonSchema\":" PLAIN "}]}]}"
#define STREAM ",\"stream\":true"
    { 'O', &aigw_dialect_openai, f_fold_openai, SSE, 0, 1,
      { "/v1/chat/completions", "/v1/chat/completions" }, CHAT,
      { "", STREAM ",\"stream_options\":{\"include_usage\":true}" },
      { "application/json", "text/event-stream" } },

    { 'R', &aigw_dialect_responses, f_fold_responses, SSE, 1, 1, { "/v1/responses", "/v1/responses" },
      "{\"model\":\"@\",\"input\":[" USER "],\"tools\":[{\"type\":\"function\"," TOOL
      ",\"parameters\":" PLAIN "}]#}",
      { "", STREAM }, { "application/json", "text/event-stream" } },

    { 'A', &aigw_dialect_anthropic, f_fold_anthropic, SSE, 1, 1, { "/v1/messages", "/v1/messages" },
      "{\"model\":\"@\",\"max_tokens\":100,\"messages\":[" USER "],\"tools\":[{" TOOL
      ",\"input_schema\":" PLAIN "}]#}",
      { "", STREAM }, { "application/json", "text/event-stream" } },

    { 'G', &aigw_dialect_gemini, f_fold_gemini, SSE, 0, 0,
      { "/v1beta/models/@:generateContent", "/v1beta/models/@:streamGenerateContent?alt=sse" }, GOOGLE,
      { "", "" }, { "application/json", "text/event-stream" } },

    { 'B', &aigw_dialect_bedrock, f_fold_bedrock, EVENTS, 0, 1,
      { "/model/@/converse", "/model/@/converse-stream" },
      "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}],\"toolConfig\":{\"tools\":["
      "{\"toolSpec\":{" TOOL ",\"inputSchema\":{\"json\":" PLAIN "}}}]}}",
      { "", "" }, { "application/json", "application/vnd.amazon.eventstream" } },

    { 'C', &aigw_dialect_cohere, f_fold_cohere, SSE, 1, 1, { "/v2/chat", "/v2/chat" }, CHAT,
      { "", STREAM }, { "application/json", "text/event-stream" } },

    { 'L', &aigw_dialect_ollama, f_fold_ollama, LINES, 0, 1, { "/api/chat", "/api/chat" }, CHAT,
      { ",\"stream\":false", STREAM }, { "application/json", "application/x-ndjson" } },

    { 'g', &aigw_dialect_gemini, f_fold_gemini, ARRAY, 0, 0,
      { "/v1beta/models/@:generateContent", "/v1beta/models/@:streamGenerateContent" }, GOOGLE,
      { "", "" }, { "application/json", "application/json" } },
};
static int letter(char c) {
    for (int i = 0; i < CLIENTS; i++) if (rows[i].letter == c) return i;
    return -1;
}

/* ---- the file ---- */

#define MOST 400
typedef struct { const char *line[64]; int n; } block;
typedef struct {
    const char *name;                            /* of the case */
    /* dialect of the provider, or of the client of a request; DIALECTS: of the case itself */
    int  from;
    const char *options;
    block wire, want;
} transcript;
/* of NULL: everywhere; name: one case only */
typedef struct {
    const transcript *of;
    const char *name;
    char client;
    int  lacks;
    const char *line, *as;
} rule;
static char text[1 << 20];
static transcript list[MOST];
static rule rules[200];
static struct { char *name, *body; } defs[100];
static int n_list, n_rules, n_defs, broken;
static const char *forms[CLIENTS];

static void complain(int at, const char *why, const char *what) {
    printf("FAIL tests/cases/regressions.txt:%d: %s: %s\n", at, why, what);
    broken++;
}
static char *word(char **p) {
    char *s = *p + strspn(*p, " "), *e = s + strcspn(s, " ");
    *p = *e ? e + 1 : e;
    *e = 0;
    return s;
}
/* A rule ends with its reason. */
static void reasoned(int at, char *line) {
    char *semi = strstr(line, " ; ");
    if (!semi) { complain(at, "no reason", line); return; }
    while (semi > line && semi[-1] == ' ') semi--;
    *semi = 0;
}
static void read_rule(int at, char *line, int lacks, const transcript *t) {
    rule *r = &rules[n_rules++];
    char *as;
    reasoned(at, line);
    r->of = t && t->from != DIALECTS ? t : NULL;
    r->name = t ? t->name : NULL;
    r->lacks = lacks;
    r->client = *word(&line);
    r->line = line + strspn(line, " ");
    if (lacks) return;
    as = strstr(line, " = ");
    if (!as) { complain(at, "says what?", line); return; }
    r->as = as + 3;
    *as = 0;
}
static void read_cases(void) {
    FILE *f = fopen("tests/cases/regressions.txt", "rb");
    char *p = text, *end;
    transcript *t = NULL;
    block *to = NULL;
    size_t n;
    if (n_list) return;
    n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = 0;
    for (int at = 1; *p; at++, p = end + 1) {
        char *rest = p, *w1;
        end = strchr(p, '\n');
        if (!end) { complain(at, "no line end", p); return; }
        *end = 0;
        if (*p == '#' || !*p) continue;
        if (*p == ' ') {
            if (!to || to->n == 64) complain(at, "an indented line that belongs to nothing, or too many", p);
            else to->line[to->n++] = p + 2;
            continue;
        }
        w1 = word(&rest);
        if (!strcmp(w1, "def")) {
            defs[n_defs].name = word(&rest);
            defs[n_defs++].body = rest;
        } else if (!strcmp(w1, "form")) {
            reasoned(at, rest);
            w1 = word(&rest);
            forms[letter(*w1)] = rest;
        } else if (!strcmp(w1, "lacks") || !strcmp(w1, "says")) read_rule(at, rest, *w1 == 'l', t);
        else if (!strcmp(w1, "case") || !strcmp(w1, "from")) {
            const char *name = *w1 == 'c' ? word(&rest) : t ? t->name : "";
            if (n_list == MOST) { complain(at, "too many", rest); return; }
            t = &list[n_list++];
            t->name = name;
            t->from = *w1 == 'c' ? (int)DIALECTS : letter(*word(&rest));
            t->options = rest;
            to = *w1 == 'c' ? NULL : &t->wire;
            if (t->from < 0) complain(at, "no such dialect", name);
        } else if (!strcmp(w1, "want") && t) to = &t->want;
        else complain(at, "what is this", p);
    }
    forms[G_ARRAY] = forms[G];
}
/* What must come of it: typed beside it, or for all of its case. */
static const block *wanted(const transcript *t) {
    const transcript *c = t;
    while (c->from != DIALECTS) c--;
    return t->want.n ? &t->want : &c->want;
}
static int has(const transcript *t, const char *option) { return strstr(t->options, option) != NULL; }
static int is_request(const transcript *t) { return !strncmp(t->name, "request_", 8); }

/* $NAME; $NAME(a;b) with a and b for @1 and @2; %x*N% is N times x. */
static void expand(f_str *b, const char *s, int depth) {
    for (; *s; s++) {
        size_t most = 0;
        int best = -1;
        if (s[0] == '%' && s[1] && s[2] == '*') {
            char *e;
            for (long k = strtol(s + 3, &e, 10); k > 0; k--) f_put(b, s + 1, 1);
            s = e;
            continue;
        }
        for (int i = 0; i < n_defs && *s == '$'; i++)
            if (strlen(defs[i].name) > most && !strncmp(s + 1, defs[i].name, strlen(defs[i].name)))
                most = strlen(defs[best = i].name);
        if (best < 0 || depth > 20) { f_put(b, s, 1); continue; }
        s += most;
        if (s[1] == '(' && strchr(defs[best].body, '@')) {
            f_str args = { NULL, 0, 0 }, body = { NULL, 0, 0 };
            size_t arg[9];
            int n = 1, open = 0;
            arg[0] = 0;
            for (s += 2; *s && (*s != ')' || open); s++) {       /* no parentheses in texts */
                open += *s == '(' ? 1 : *s == ')' ? -1 : 0;
                f_put(&args, *s == ';' && !open ? "" : s, 1);
                if (*s == ';' && !open && n < 9) arg[n++] = args.n;
            }
            f_put(&args, "", 1);
            for (const char *d = defs[best].body; *d; d++)
                if (*d != '@' || d[1] < '1' || d[1] > '9') f_put(&body, d, 1);
                else if (*++d - '1' < n) f_puts(&body, args.s + arg[*d - '1']);
            expand(b, body.s ? body.s : "", depth + 1);
            if (!*s) return;
            continue;
        }
        expand(b, defs[best].body, depth + 1);
    }
}
static const char *expanded(const char *s) {
    f_str b = { NULL, 0, 0 };
    f_put(&b, "", 0);
    expand(&b, s, 0);
    return b.s;
}

/* The provider's bytes: a line beginning with | is raw, with a LF; whatever else is a frame, which gets the
   dialect's framing. */
static f_str wire(const transcript *t) {
    const int d = t->from, whole = has(t, "whole") || is_request(t);
    const char *eol = has(t, "crlf") ? "\r\n" : has(t, "lone_cr") ? "\r" : "\n";
    f_str b = { NULL, 0, 0 };
    int number = 0;
    f_put(&b, "", 0);
    for (int i = 0; i < t->wire.n; i++)
    for (const char *s = expanded(t->wire.line[i]), *next; s; s = next) {
        char *more = (char *)(uintptr_t)strstr(s, " && ");
        next = more ? more + 4 : NULL;
        if (more) *more = 0;
        if (*s == '|') { f_puts(&b, s + 1); f_puts(&b, eol); continue; }
        if (whole || rows[d].framing == LINES || has(t, "array")) {
            f_puts(&b, s);
            f_puts(&b, eol);
            continue;
        }
        if (rows[d].framing == EVENTS) {
            char name[64];
            const size_t n = strcspn(s, " ");
            memcpy(name, s, n < 64 ? n : 63);
            name[n < 64 ? n : 63] = 0;
            s += n + strspn(s + n, " ");
            f_evs_put(&b, strstr(name, "Exception") ? "exception" : "event", name, s, strlen(s));
            continue;
        }
        if (rows[d].named && *s == '{') {
            const f_json *type = f_member(f_parse(s, strlen(s), NULL), "type");
            if (!type) { complain(0, "a frame without a type, or no JSON", s); continue; }
            if (!has(t, "unnamed")) { f_puts(&b, "event: "); f_puts(&b, type->s); f_puts(&b, eol); }
        }
        f_puts(&b, "data: ");
        if (d == R && *s == '{') {
            char head[48];
            sprintf(head, "{\"sequence_number\":%d,", number++);
            f_puts(&b, head);
            s++;
        }
        f_puts(&b, s);
        f_puts(&b, eol);
        f_puts(&b, eol);
    }
    return b;
}

/* ---- meaning: lines of text, in the client's order ---- */

typedef struct { char kind[12]; const char *value, *name, *id; } item;
typedef struct { item at[64]; int n; } meaning;

static void add(meaning *m, const char *kind, const char *value, const char *name, const char *id) {
    item *i = &m->at[m->n < 63 ? m->n++ : 63];
    strcpy(i->kind, kind);
    i->value = value;
    i->name = name;
    i->id = id;
}
static const char *string(const f_json *j) { return j && j->type == 's' ? j->s : ""; }
static int kind_is(const item *i, const char *kind) { return !strcmp(i->kind, kind); }
static int is_state(const item *i) { return kind_is(i, "state") || kind_is(i, "redacted"); }
static void add_words(meaning *m, const char *kind, const f_json *j) {
    if (*string(j)) add(m, kind, string(j), "", "");
}
static const char *number(const f_json *j) {
    char *s = (char *)f_alloc(24);
    sprintf(s, "%ld", f_long(j, 0));
    return s;
}
static const char *sum(const f_json *a, const f_json *b, const f_json *c) {
    char *s = (char *)f_alloc(24);
    sprintf(s, "%ld", f_long(a, 0) + f_long(b, 0) + f_long(c, 0));
    return s;
}
/* Arguments as compact JSON, whether the dialect has them as text or as an object. */
static const char *arguments(const f_json *j) {
    const f_json *p = j && j->type == 's' ? j->n ? f_parse(j->s, j->n, NULL) : f_new('o') : j;
    return p ? f_print(p) : j ? j->s : "(none)";
}
static void add_call(meaning *m, const f_json *name, const f_json *args, const f_json *id) {
    add(m, "call", arguments(args), string(name), *string(id) ? string(id) : "-");
}
static int unbase64(const char *s, char *to, size_t cap) {
    static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned long bits = 0;
    size_t n = 0;
    int have = 0;
    for (; *s && *s != '='; s++) {
        const char *at = strchr(abc, *s);
        if (!at || n + 1 >= cap) return 0;
        bits = bits << 6 | (unsigned long)(at - abc);
        have += 6;
        if (have >= 8) to[n++] = (char)(bits >> (have -= 8) & 255);
    }
    to[n] = 0;
    return 1;
}
/* Opaque state: a provider's own, or another's behind a tag "aigw:DIALECT:MODEL:S", perhaps in base64. R
   instead of S: it is redacted reasoning. */
static void add_state(meaning *m, const f_json *j, int redacted) {
    char *s = (char *)f_alloc(600);
    const char *v = string(j), *last;
    if (!*v) return;
    if (!strncmp(v, "YWlndz", 6) && unbase64(v, s, 600)) v = s;
    if (!strncmp(v, "aigw:", 5) && (last = strrchr(v, ':')) != NULL) {
        redacted = last[1] == 'R';
        v = last + 2;
    }
    add(m, redacted ? "redacted" : "state", v, "", "");
}
static const f_json *kids(const f_json *j, const char *path) {
    const f_json *a = f_get(j, path);
    return a && a->type == 'a' ? a->kid : NULL;
}

/* One reader per dialect, of the whole form. */
static void read_openai(meaning *m, const f_json *j) {
    const f_json *msg = f_get(j, "choices[0].message"), *k;
    add_words(m, "reasoning", f_get(msg, "reasoning_content|reasoning"));
    for (k = kids(msg, "reasoning_details"); k; k = k->next) {
        add_state(m, f_member(k, "signature"), 0);
        add_state(m, f_member(k, "data"), 1);
    }
    add_words(m, "text", f_member(msg, "content"));
    add_state(m, f_get(msg, "extra_content.google.thought_signature"), 0);
    for (k = kids(msg, "tool_calls"); k; k = k->next) {
        add_call(m, f_get(k, "function.name"), f_get(k, "function.arguments"), f_member(k, "id"));
        add_state(m, f_get(k, "extra_content.google.thought_signature"), 0);
    }
}
static void read_responses(meaning *m, const f_json *j) {
    const f_json *k, *p;
    for (k = kids(j, "output"); k; k = k->next) {
        const char *type = string(f_member(k, "type"));
        f_str said = { NULL, 0, 0 };
        f_put(&said, "", 0);
        for (p = kids(k, "summary|content"); p; p = p->next) f_puts(&said, string(f_member(p, "text")));
        if (!strcmp(type, "reasoning")) {
            if (said.n) add(m, "reasoning", said.s, "", "");
            add_state(m, f_member(k, "encrypted_content"), !said.n);
        } else if (!strcmp(type, "message")) {
            for (p = kids(k, "content"); p; p = p->next)
                add_words(m, f_member(p, "refusal") ? "refusal" : "text", f_get(p, "text|refusal"));
        } else add_call(m, f_member(k, "name"), f_get(k, "arguments|input"), f_member(k, "call_id"));
    }
}
static void read_anthropic(meaning *m, const f_json *j) {
    for (const f_json *k = kids(j, "content"); k; k = k->next) {
        add_words(m, "text", f_member(k, "text"));
        add_words(m, "reasoning", f_member(k, "thinking"));
        add_state(m, f_member(k, "signature"), 0);
        add_state(m, f_member(k, "data"), 1);
        if (f_member(k, "input")) add_call(m, f_member(k, "name"), f_member(k, "input"), f_member(k, "id"));
    }
}
static void read_gemini(meaning *m, const f_json *j) {
    for (const f_json *k = kids(j, "candidates[0].content.parts"); k; k = k->next) {
        const f_json *call = f_member(k, "functionCall"), *thought = f_member(k, "thought");
        add_words(m, thought && thought->type == 't' ? "reasoning" : "text", f_member(k, "text"));
        if (call) add_call(m, f_member(call, "name"), f_member(call, "args"), f_member(call, "id"));
        add_state(m, f_member(k, "thoughtSignature"), 0);
    }
}
static void read_bedrock(meaning *m, const f_json *j) {
    for (const f_json *k = kids(j, "output.message.content"); k; k = k->next) {
        const f_json *use = f_member(k, "toolUse");
        add_words(m, "text", f_member(k, "text"));
        add_words(m, "reasoning", f_get(k, "reasoningContent.reasoningText.text"));
        add_state(m, f_get(k, "reasoningContent.reasoningText.signature"), 0);
        add_state(m, f_get(k, "reasoningContent.redactedContent"), 1);
        if (use) add_call(m, f_member(use, "name"), f_member(use, "input"), f_member(use, "toolUseId"));
    }
}
static void read_cohere(meaning *m, const f_json *j) {
    const f_json *k;
    for (k = kids(j, "message.content"); k; k = k->next) {
        add_words(m, "reasoning", f_member(k, "thinking"));
        add_words(m, "text", f_member(k, "text"));
    }
    for (k = kids(j, "message.tool_calls"); k; k = k->next)
        add_call(m, f_get(k, "function.name"), f_get(k, "function.arguments"), f_member(k, "id"));
}
static void read_ollama(meaning *m, const f_json *j) {
    add_words(m, "reasoning", f_get(j, "message.thinking"));
    add_words(m, "text", f_get(j, "message.content"));
    for (const f_json *k = kids(j, "message.tool_calls"); k; k = k->next)
        add_call(m, f_get(k, "function.name"), f_get(k, "function.arguments"), f_member(k, "id"));
}
static void (*const readers[CLIENTS])(meaning *m, const f_json *j) = {
    read_openai, read_responses, read_anthropic, read_gemini,
    read_bedrock, read_cohere, read_ollama, read_gemini
};

/* Where each dialect says how it ended, and its words for it (wire-formats 26.9). A call makes `stop` to
   tool_calls where that is the rule. */
static const struct {
    const char *path;
    int by_call;
    struct { const char *said, *means; } words[5];
} finishes[CLIENTS] = {
    { "choices[0].finish_reason", 0,
        { { "stop", "stop" }, { "tool_calls", "tool_calls" }, { "length", "length" },
            { "content_filter", "content_filter" } } },
    { "incomplete_details.reason|status", 1,
        { { "completed", "stop" }, { "max_output_tokens", "length" },
            { "content_filter", "content_filter" } } },
    { "stop_reason", 0, { { "end_turn", "stop" }, { "tool_use", "tool_calls" }, { "max_tokens", "length" },
        { "refusal", "content_filter" } } },
    { "candidates[0].finishReason", 1,
        { { "STOP", "stop" }, { "MAX_TOKENS", "length" }, { "SAFETY", "content_filter" } } },
    { "stopReason", 0, { { "end_turn", "stop" }, { "tool_use", "tool_calls" }, { "max_tokens", "length" },
        { "content_filtered", "content_filter" } } },
    { "finish_reason", 0,
        { { "COMPLETE", "stop" }, { "TOOL_CALL", "tool_calls" }, { "MAX_TOKENS", "length" } } },
    { "done_reason", 1, { { "stop", "stop" }, { "length", "length" } } },
    { "candidates[0].finishReason", 1,
        { { "STOP", "stop" }, { "MAX_TOKENS", "length" }, { "SAFETY", "content_filter" } } },
};
static void read_finish(meaning *m, const f_json *j, int client) {
    const f_json *said = f_get(j, finishes[client].path);
    const char *means = string(said);
    int calls = 0;
    for (int i = 0; i < m->n; i++) calls |= kind_is(&m->at[i], "call");
    if (!*means) return;
    for (int i = 0; i < 5 && finishes[client].words[i].said; i++)
        if (!strcmp(finishes[client].words[i].said, string(said))) means = finishes[client].words[i].means;
    add(m, "finish", calls && finishes[client].by_call && !strcmp(means, "stop") ? "tool_calls" : means, "",
        "");
}
/* Where each dialect counts (26.10): up to three that are summed to the input, two to the output; cached,
   reasoning. */
static const struct { const char *where, *in[3], *out[2], *cached, *reasoning; } counts[CLIENTS] = {
    { "usage", { "prompt_tokens", "-", "-" }, { "completion_tokens", "-" },
        "prompt_tokens_details.cached_tokens", "completion_tokens_details.reasoning_tokens" },
    { "usage", { "input_tokens", "-", "-" }, { "output_tokens", "-" }, "input_tokens_details.cached_tokens",
        "output_tokens_details.reasoning_tokens" },
    { "usage", { "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens" },
        { "output_tokens", "-" }, "cache_read_input_tokens",
      "output_tokens_details.thinking_tokens" },
    { "usageMetadata", { "promptTokenCount", "toolUsePromptTokenCount", "-" },
        { "candidatesTokenCount", "thoughtsTokenCount" }, "cachedContentTokenCount",
      "thoughtsTokenCount" },
    { "usage", { "inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens" }, { "outputTokens", "-" },
        "cacheReadInputTokens", "-" },
    { "usage", { "tokens.input_tokens", "-", "-" }, { "tokens.output_tokens", "-" }, "cached_tokens",
        "tokens.reasoning_tokens" },
    { "prompt_eval_count|eval_count", { "prompt_eval_count", "-", "-" }, { "eval_count", "-" }, "-", "-" },
    { "usageMetadata", { "promptTokenCount", "toolUsePromptTokenCount", "-" },
        { "candidatesTokenCount", "thoughtsTokenCount" }, "cachedContentTokenCount",
      "thoughtsTokenCount" },
};
static void read_usage(meaning *m, const f_json *j, int client) {
    const f_json *u = f_get(j, counts[client].where);
    f_str s = { NULL, 0, 0 };
    if (f_null(u)) { add(m, "usage", "none", "", ""); return; }
    if (client == L) u = j;
    f_puts(&s, sum(f_get(u, counts[client].in[0]), f_get(u, counts[client].in[1]),
        f_get(u, counts[client].in[2])));
    f_puts(&s, " ");
    f_puts(&s, sum(f_get(u, counts[client].out[0]), f_get(u, counts[client].out[1]), NULL));
    if (f_long(f_get(u, counts[client].cached), 0)) {
        f_puts(&s, " cached ");
        f_puts(&s, number(f_get(u, counts[client].cached)));
    }
    if (f_long(f_get(u, counts[client].reasoning), 0)) {
        f_puts(&s, " reasoning ");
        f_puts(&s, number(f_get(u, counts[client].reasoning)));
    }
    add(m, "usage", s.s, "", "");
}

/* What is typed. */
static void read_wanted(meaning *m, const block *want) {
    for (int i = 0; i < want->n; i++) {
        char *s = (char *)f_alloc(strlen(expanded(want->line[i])) + 1), *rest, *kind;
        strcpy(s, expanded(want->line[i]));
        rest = s;
        kind = word(&rest);
        if (!strcmp(kind, "text") || !strcmp(kind, "reasoning") || !strcmp(kind, "refusal")) {
            const f_json *j = f_parse(rest, strlen(rest), NULL);
            if (!j || j->type != 's') complain(0, "not a string", rest);
            add(m, kind, string(j), "", "");
        } else if (!strcmp(kind, "call")) {
            const char *name = word(&rest);
            char *id = strrchr(rest, ' ');
            if (!id) { complain(0, "a call has name, arguments, id", rest); continue; }
            *id++ = 0;
            add(m, kind, f_print(f_parse(rest, strlen(rest), NULL)), name, id);
        } else if (strlen(kind) < 12) add(m, kind, rest, "", "");
    }
}
static int applies(const rule *r, const transcript *t, int client) {
    const char l = rows[client].letter == 'g' ? 'G' : rows[client].letter;
    return (r->client == l || r->client == '*') && (!r->of || r->of == t)
        && (!r->name || !strcmp(r->name, t->name));
}
static int lacks(const transcript *t, int client, const char *what) {
    for (int i = 0; i < n_rules; i++)
        if (rules[i].lacks && applies(&rules[i], t, client) && !strcmp(rules[i].line, what)) return 1;
    return 0;
}
/* Place of an item in clients that have one field per kind. A state stays with what it belongs to. */
static int rank(const meaning *m, int i, const char *form) {
    while (i && kind_is(&m->at[i], "state")) i--;
    if (kind_is(&m->at[i], "state")) return 2;
    if (kind_is(&m->at[i], "reasoning")) return 1;
    if (kind_is(&m->at[i], "redacted")) return 2;
    if (kind_is(&m->at[i], "text")) return !strcmp(form, "flat") ? 3 : 1;
    if (kind_is(&m->at[i], "call")) return 4;
    return 5;
}
static void glue(meaning *m) {
    meaning to;
    to.n = 0;
    for (int i = 0; i < m->n; i++) {
        const item *x = &m->at[i], *last = to.n ? &to.at[to.n - 1] : NULL;
        f_str s = { NULL, 0, 0 };
        if (!last || strcmp(last->kind, x->kind) || !(kind_is(x, "text") || kind_is(x, "reasoning"))) {
            to.at[to.n++] = *x;
            continue;
        }
        f_puts(&s, last->value);
        f_puts(&s, x->value);
        to.at[to.n - 1].value = s.s;
    }
    *m = to;
}
/* The typed meaning in the form of this client. */
static void shape(meaning *m, const transcript *t, int client) {
    const char *form = forms[client] ? forms[client] : "";
    meaning to;
    to.n = 0;
    for (int i = 0; i < m->n; i++) {
        if (lacks(t, client, m->at[i].kind)) {
            t_ok("field loss: reported", w.lost != 0);
            continue;
        }
        to.at[to.n] = m->at[i];
        if (!strcmp(m->at[i].id, "*") && lacks(t, client, "made_id")) to.at[to.n].id = "-";
        to.n++;
    }
    if (!strcmp(form, "flat") || !strcmp(form, "calls_last")) {
        meaning sorted;
        sorted.n = 0;
        for (int r = 1; r <= 5; r++)
            /* its reasoning is one text, states behind it */
            for (int pass = 0; pass < (r == 1 && !strcmp(form, "flat") ? 2 : 1); pass++)
                for (int i = 0; i < to.n; i++)
                    if (rank(&to, i, form) == r
                        && (r != 1 || strcmp(form, "flat") || (is_state(&to.at[i]) == pass)))
                        sorted.at[sorted.n++] = to.at[i];
        to = sorted;
    }
    for (int i = 1; strstr(form, "sealed_first") && i < to.n; i++)
        if (kind_is(&to.at[i], "state") && kind_is(&to.at[i - 1], "call")) {
            const item call = to.at[i - 1];
            to.at[i - 1] = to.at[i];
            to.at[i] = call;
        }
    if (!strcmp(form, "flat") || !strcmp(form, "merged")) glue(&to);
    *m = to;
}
static const char *shown(const item *i) {
    f_str s = { NULL, 0, 0 };
    f_puts(&s, i->kind);
    if (*i->value || *i->name) f_puts(&s, " ");
    if (kind_is(i, "text") || kind_is(i, "reasoning") || kind_is(i, "refusal"))
        f_print_string(&s, i->value, strlen(i->value));
    else {
        if (*i->name) { f_puts(&s, i->name); f_puts(&s, " "); }
        f_puts(&s, i->value);
        if (*i->id) { f_puts(&s, " "); f_puts(&s, i->id); }
    }
    return s.s;
}
static const char *said(const transcript *t, int client, const item *i) {
    const char *s = shown(i);
    for (int k = n_rules - 1; k >= 0; k--)                    /* the nearest one */
        if (!rules[k].lacks && applies(&rules[k], t, client) && !strcmp(rules[k].line, s)) return rules[k].as;
    return s;
}

/* ---- one run ---- */

typedef struct { int ok, status, complete; char *head, *body; size_t n; } reply;    /* head, body: 0 behind */
static reply read_reply(const char *p, size_t n) {
    reply r;
    const char *end = (const char *)memmem(p, n, "\r\n\r\n", 4), *at, *length;
    memset(&r, 0, sizeof r);
    if (!end || strncmp(p, "HTTP/1.1 ", 9)) return r;
    r.status = atoi(p + 9);
    r.head = (char *)f_alloc((size_t)(end - p) + 2);
    memcpy(r.head, p, (size_t)(end - p) + 2);
    at = end + 4;
    r.body = (char *)f_alloc(n);
    length = (const char *)memmem(p, (size_t)(end - p), "content-length: ", 16);
    r.ok = 1;
    if (length) {
        r.n = strtoul(length + 16, NULL, 10);
        r.complete = r.n == (size_t)(p + n - at);
        if (r.complete) memcpy(r.body, at, r.n);
        return r;
    }
    while (at < p + n) {
        char *e;
        const size_t k = strtoul(at, &e, 16);
        at = e + 2;
        if (!k) { r.complete = at + 2 == p + n; break; }
        if (at + k + 2 > p + n) return r;
        memcpy(r.body + r.n, at, k);
        r.n += k;
        at += k + 2;
    }
    return r;
}
static f_str http(const char *first, const char *type, const char *body, size_t n, int chunked) {
    f_str b = { NULL, 0, 0 };
    char *line = (char *)f_alloc(400);
    sprintf(line, "%.200s\r\nhost: g.test\r\ncontent-type: %.60s\r\n", first, type);
    f_puts(&b, line);
    sprintf(line, chunked ? "transfer-encoding: chunked\r\n\r\n%lx\r\n" : "content-length: %lu\r\n\r\n",
        (unsigned long)n);
    f_puts(&b, line);
    f_put(&b, body, n);
    if (chunked) f_puts(&b, "\r\n0\r\n\r\n");
    return b;
}
static const char *filled(const char *s, int provider, const char *stream) {
    f_str b = { NULL, 0, 0 };
    for (; *s; s++) {
        if (*s == '@') { f_puts(&b, "m"); f_put(&b, &rows[provider].letter, 1); }
        else if (*s == '#') f_puts(&b, stream);
        else f_put(&b, s, 1);
    }
    return b.s;
}
static f_str ask(int client, int provider, int stream) {
    const char *body = filled(rows[client].body, provider, rows[client].stream[stream]);
    char *line = (char *)f_alloc(200);
    sprintf(line, "POST %s HTTP/1.1", filled(rows[client].path[stream], provider, ""));
    return http(line, "application/json", body, strlen(body), 0);
}
static int start(void) {
    static aigw_hub_cfg cfg;
    cfg.slab[0].bytes = 16384, cfg.slab[0].count = 8;
    cfg.slab[1].bytes = 262144, cfg.slab[1].count = 8;
    cfg.slab[2].bytes = 2097152, cfg.slab[2].count = 8;
    cfg.names = cfg.counters = 16;
    cfg.seed = 7;
    cfg.retry.attempts = 1;
    return w_init(&w, &cfg, NULL, memory, sizeof memory);
}
/* The provider answers in pieces of so many bytes (0: at once). */
static reply run(const f_str *request, const f_str *answer, int provider, size_t piece) {
    static char names[DIALECTS][2];
    reply r;
    names[provider][0] = rows[provider].letter;
    if (!t_ok("memory", start())) exit(1);
    w.piece_up = piece;
    w_say(&w, names[provider], answer->s, answer->n, W_OPEN);
    (void)w_drive(&w, request->s, request->n);
    r = read_reply(w.out, w.out_n);
    return r;
}

typedef struct { char *at[1000]; int n, comments; } frames;
static void add_frame(frames *f, const char *name, const char *data, size_t n) {
    f_str s = { NULL, 0, 0 };
    f_puts(&s, name);
    f_puts(&s, *name ? " " : "");
    f_put(&s, data, n);
    if (f->n < 1000) f->at[f->n++] = s.s;
}
/* A stream's frames, as "name payload". */
static frames split(int framing, const char *p, size_t n) {
    frames f;
    f.n = f.comments = 0;
    if (framing == SSE) {
        f_sse s = f_sse_open(p, n);
        while (f_sse_next(&s)) add_frame(&f, s.name.s, s.data.s, s.data.n);
        f.comments = s.comments;
    } else if (framing == LINES) {
        f_lines s = f_lines_open(p, n);
        while (f_lines_next(&s)) add_frame(&f, "", s.line.s, s.line.n);
    } else if (framing == EVENTS) {
        f_evs s = f_evs_open(p, n);
        while (f_evs_next(&s)) add_frame(&f, s.name.s, s.data.s, s.data.n);
    } else {
        const f_json *a = f_parse(p, n, NULL);
        for (a = a && a->type == 'a' ? a->kid : NULL; a; a = a->next)
            add_frame(&f, "", f_print(a), strlen(f_print(a)));
    }
    return f;
}
static int same_frame(const char *a, const char *b) {
    return !strcmp(a, b) || (*a == '{' && *b == '{'
        && f_equal(f_parse(a, strlen(a), NULL), f_parse(b, strlen(b), NULL)));
}

/* The kind of the error that the client reads in what it got, by its own dialect. */
static int catch_error(void *user, const aigw_event *ev) {
    if (ev->type == AIGW_EVENT_ERROR) *(int *)user = ev->error->kind;
    return AIGW_OK;
}
static int error_kind(int client, const reply *r) {
    static aigw_dec dec;
    static unsigned char mem[1 << 16];
    aigw_header fields[4];
    aigw_head head;
    aigw_error err;
    aigw_str body;
    aigw_sink sink;
    frames f;
    int kind = 0;
    body.p = r->body;
    body.n = r->n;
    memset(&head, 0, sizeof head);
    memset(&dec, 0, sizeof dec);
    dec.mem = aigw_base_arena(mem, sizeof mem);
    if (r->status != 200) {
        const char *type = strstr(r->head, "x-amzn-errortype: ");
        head.status = r->status;
        head.headers = fields;
        head.cap = 4;
        if (type) {
            aigw_str value;
            value.p = type + 18;
            value.n = strcspn(value.p, "\r");
            aigw_base_header_put(&head, aigw_base_str("x-amzn-errortype"), value);
        }
        rows[client].dialect->error_decode(w.now, &head, body, &dec.mem, &err);
        return err.kind;
    }
    dec.dialect = rows[client].dialect;
    dec.now = w.now;
    aigw_dialect_dec_init(&dec);
    sink.put = catch_error;
    sink.user = &kind;
    f = split(rows[client].framing, r->body, r->n);
    for (int i = 0; i < f.n && !kind; i++) {
        aigw_str name = { NULL, 0 }, payload;
        payload.p = f.at[i];
        if (*payload.p != '{' && *payload.p != '[') {
            name.p = payload.p;
            name.n = strcspn(name.p, " ");
            payload.p += name.n + (payload.p[name.n] != 0);
        }
        payload.n = strlen(payload.p);
        (void)rows[client].dialect->frame_decode(&dec, name, payload, &sink);
    }
    return kind;
}

/* ---- judging ---- */

static unsigned long judged, pieces;
static void differ(const char *field, const char *got, const char *want) {
    char label[80];
    sprintf(label, "field %.60s", field);
    t_mem_(got, strlen(got), want, strlen(want), __FILE__, __LINE__, label);
}
/* Line by line; a wanted id `*` stands for any that is not there twice. */
static void compare(const meaning *got, const char *const *want, int n) {
    const char *ids[64];
    int made = 0;
    for (int i = 0; i < got->n || i < n; i++) {
        const char *g = i < got->n ? shown(&got->at[i]) : "(nothing)", *x = i < n ? want[i] : "(nothing)";
        const size_t k = strlen(x);
        char field[24];
        sprintf(field, "%.*s", (int)strcspn(i < n ? x : g, " ") % 20, i < n ? x : g);
        if (k < 2 || strcmp(x + k - 2, " *")) { differ(field, g, x); continue; }
        if (i >= got->n || strncmp(g, x, k - 1) || got->at[i].id[0] == '-') { differ(field, g, x); continue; }
        for (int m = 0; m < made; m++) t_ok("field id: not one twice", strcmp(ids[m], got->at[i].id) != 0);
        t_.checks++;
        ids[made++] = got->at[i].id;
    }
}
static const char *wants(const meaning *m, const char *kind) {
    for (int i = 0; i < m->n; i++) if (kind_is(&m->at[i], kind)) return m->at[i].value;
    return NULL;
}

/* Frames of one dialect go on as they came, up to an error, which is said anew. */
static void judge_same(const transcript *t, int client, const reply *r, const f_str *sent,
    const meaning *want) {
    const frames a = split(has(t, "array") ? ARRAY : rows[t->from].framing, sent->s, sent->n),
        b = split(rows[client].framing, r->body, r->n);
    const item end = { "end", "", "", "" };
    const char *mark = said(t, client, &end);
    const int failed = wants(want, "error") != NULL, last = failed ? b.n - 1 : a.n,
        added = strcmp(mark, shown(&end)) != 0;
    if (!failed) t_int("field frames: as many as came", b.n - added, a.n);
    for (int i = 0; i < last && i < a.n && i < b.n; i++)
        if (!t_ok("field frames: as they came", same_frame(a.at[i], b.at[i])))
            printf("  got    %.300s\n  wanted %.300s\n", b.at[i], a.at[i]);
    if (lacks(t, client, "comments")) t_int("field comments: none", b.comments, 0);
    if (lacks(t, client, "comments"))
        t_ok("field lines: no empty one before the first", !r->n || (*r->body != '\n' && *r->body != '\r'));
    if (added && b.n > a.n) t_str("field end marker", b.at[a.n], strlen(b.at[a.n]), mark);
}

static void judge(const transcript *t, int client, int stream, const reply *r, const f_str *sent) {
    const int same = rows[client].dialect == rows[t->from].dialect;
    const char *lines[64], *kind;
    meaning want, got;
    f_fold f;
    const f_json *whole;
    const char *why = NULL;
    want.n = got.n = 0;
    memset(&f, 0, sizeof f);
    read_wanted(&want, wanted(t));
    kind = wants(&want, "error");
    judged++;
    if (!t_ok("field http: a whole reply", r->ok && r->complete)) {
        printf("  %.400s\n", w.out ? w.out : "");
        return;
    }
    t_int("field memory: all given back", w_clean(&w), 1);
    if (r->status == 200 && same && stream) judge_same(t, client, r, sent, &want);
    if (!kind) t_int("field status", r->status, 200);
    if (r->status != 200) {
        if (!kind) { printf("  %.600s\n", r->body); return; }
        add(&got, "error", aigw_model_kind_name(error_kind(client, r)), "", "");
        for (int i = 0; i < want.n; i++)
            if (kind_is(&want.at[i], "error")) want.at[0] = want.at[i];
        want.n = 1;
    } else {
        /* with the quirks that this dialect's own clients know */
        if (same && stream && !kind) return;
        if (stream) f = rows[client].fold(r->body, r->n);
        whole = stream ? f.whole : f_parse(r->body, r->n, &why);
        if (!stream && !t_ok("field body: JSON", whole != NULL)) { printf("  %s\n", why); return; }
        if (f.bad && !same) { t_ok("field grammar", 0); printf("  %s\n  %.3000s\n", f.bad, r->body); }
        if (stream) t_int("field frames: none after the end", f.after, 0);
        if (stream) t_int("field end marker", f.done, !kind && rows[client].ends);
        if (stream) t_int("field error events", f.errors, kind != NULL);
        readers[client](&got, whole);
        if (kind) {
            add(&got, "error", aigw_model_kind_name(error_kind(client, r)), "", "");
            t_int("field finish: none beside an error", f.finish, 0);
        } else {
            read_finish(&got, whole, client);
            read_usage(&got, whole, client);
        }
    }
    shape(&want, t, client);
    for (int i = 0; i < want.n; i++) lines[i] = said(t, client, &want.at[i]);
    compare(&got, lines, want.n);
    if (client == L && !same) t_ok("field separators: escaped, since Ollama's client would split lines there",
        !memmem(r->body, r->n, "\xE2\x80\xA8", 3) && !memmem(r->body, r->n, "\xE2\x80\xA9", 3));
}
static const char *label(const transcript *t, int provider, int client, size_t piece) {
    static char s[200];
    int n = sprintf(s, "case %.60s, upstream %c, client %c", t->name, rows[provider].letter,
        rows[client].letter);
    if (piece) sprintf(s + n, ", in pieces of %lu", (unsigned long)piece);
    return s;
}
static f_str answer_of(const transcript *t, f_str *sent) {
    const int stream = !has(t, "whole");
    *sent = wire(t);
    return http("HTTP/1.1 200 OK", has(t, "array") ? "application/json" : rows[t->from].type[stream],
        sent->s, sent->n, 1);
}

/* ---- requests: what the provider was asked ---- */

/* Calls are numbered as they come. A result names its call by id; where ids may be left out, the nth result
   is the nth call's. */
typedef struct { f_str lines; const char *ids[16]; int calls, results; } asked;
static void put_line(asked *a, const char *kind, int n, const char *rest, const f_json *value) {
    char head[40];
    sprintf(head, n ? "%.20s %d " : "%.20s ", kind, n);
    f_puts(&a->lines, head);
    f_puts(&a->lines, rest);
    f_puts(&a->lines, *rest ? " " : "");
    f_puts(&a->lines, f_print(value));
    f_puts(&a->lines, "\n");
}
static void asked_tool(asked *a, const f_json *name, const f_json *schema) {
    put_line(a, "tool", 0, string(name), schema);
}
static void asked_call(asked *a, const f_json *name, const f_json *args, const f_json *id) {
    a->ids[a->calls++ & 15] = string(id);
    put_line(a, "call", a->calls, string(name), f_parse(arguments(args), strlen(arguments(args)), NULL));
}
static void asked_result(asked *a, const f_json *said, const f_json *id) {
    int n = ++a->results;
    f_str s = { NULL, 0, 0 };
    for (int i = 0; i < a->calls && *string(id); i++) if (!strcmp(a->ids[i], string(id))) n = i + 1;
    f_put(&s, "", 0);
    f_text_to(&s, said);
    put_line(a, "result", n, "", f_string(s.s, s.n));
}
/* of: the message, whose role says who speaks. */
static void asked_words(asked *a, const f_json *of, const f_json *said) {
    f_str s = { NULL, 0, 0 };
    const char *role = string(f_member(of, "role"));
    f_put(&s, "", 0);
    f_text_to(&s, said);
    if (s.n) put_line(a, !strcmp(role, "model") ? "assistant" : role, 0, "", f_string(s.s, s.n));
}
/* O, C and L differ in small things only. */
static void asked_chat(asked *a, const f_json *j) {
    for (const f_json *k = kids(j, "messages"); k; k = k->next) {
        for (const f_json *c = kids(k, "tool_calls"); c; c = c->next)
            asked_call(a, f_get(c, "function.name"), f_get(c, "function.arguments"), f_member(c, "id"));
        if (f_is(f_member(k, "role"), "tool"))
            asked_result(a, f_get(k, "content[0].document.data|content"), f_member(k, "tool_call_id"));
        else asked_words(a, k, f_member(k, "content"));
    }
}
static void asked_responses(asked *a, const f_json *j) {
    for (const f_json *k = kids(j, "input"); k; k = k->next) {
        if (f_member(k, "arguments"))
            asked_call(a, f_member(k, "name"), f_member(k, "arguments"), f_member(k, "call_id"));
        if (f_member(k, "output")) asked_result(a, f_member(k, "output"), f_member(k, "call_id"));
        if (f_member(k, "role")) asked_words(a, k, f_member(k, "content"));
    }
}
static void asked_anthropic(asked *a, const f_json *j) {
    for (const f_json *k = kids(j, "messages"); k; k = k->next) {
        const f_json *content = f_member(k, "content");
        if (content && content->type == 's') asked_words(a, k, content);
        for (const f_json *c = kids(k, "content"); c; c = c->next) {
            if (f_member(c, "input"))
                asked_call(a, f_member(c, "name"), f_member(c, "input"), f_member(c, "id"));
            else if (f_member(c, "tool_use_id"))
                asked_result(a, f_member(c, "content"), f_member(c, "tool_use_id"));
            else asked_words(a, k, f_member(c, "text"));
        }
    }
}
static void asked_gemini(asked *a, const f_json *j) {
    for (const f_json *k = kids(j, "contents"); k; k = k->next)
        for (const f_json *c = kids(k, "parts"); c; c = c->next) {
            const f_json *call = f_get(c, "functionCall|function_call"),
                *result = f_get(c, "functionResponse|function_response");
            if (call) asked_call(a, f_member(call, "name"), f_member(call, "args"), f_member(call, "id"));
            if (result) asked_result(a, f_get(result, "response.output|response"), f_member(result, "id"));
            asked_words(a, k, f_member(c, "text"));
        }
}
static void asked_bedrock(asked *a, const f_json *j) {
    for (const f_json *k = kids(j, "messages"); k; k = k->next)
        for (const f_json *c = kids(k, "content"); c; c = c->next) {
            const f_json *use = f_member(c, "toolUse"), *result = f_member(c, "toolResult");
            if (use) asked_call(a, f_member(use, "name"), f_member(use, "input"), f_member(use, "toolUseId"));
            if (result) asked_result(a, f_member(result, "content"), f_member(result, "toolUseId"));
            asked_words(a, k, f_member(c, "text"));
        }
}
/* Where the tools are, and how they are read; must: a call without an id would be refused. */
static const struct {
    const char *tools, *name, *schema;
    int must;
    void (*read)(asked *a, const f_json *j);
} askers[DIALECTS] = {
    { "tools", "function.name", "function.parameters", 1, asked_chat },
    { "tools", "name", "parameters", 1, asked_responses },
    { "tools", "name", "input_schema", 1, asked_anthropic },
    { "tools[0].functionDeclarations|tools[0].function_declarations", "name",
        "parametersJsonSchema|parameters_json_schema|parameters", 0, asked_gemini },
    { "toolConfig.tools", "toolSpec.name", "toolSpec.inputSchema.json", 1, asked_bedrock },
    { "tools", "function.name", "function.parameters", 1, asked_chat },
    { "tools", "function.name", "function.parameters", 0, asked_chat },
};
static void judge_request(const transcript *t, int provider) {
    const char *body = (const char *)memmem(w.up, w.up_n, "\r\n\r\n", 4), *why;
    const f_json *j = body ? f_parse(body + 4, w.up_n - (size_t)(body + 4 - w.up), &why) : NULL;
    const block *want = wanted(t);
    f_str typed = { NULL, 0, 0 };
    asked a;
    judged++;
    memset(&a, 0, sizeof a);
    if (!t_ok("field body: JSON was sent", j != NULL)) {
        printf("  %.600s\n  %.600s\n", w.up_n ? w.up : "nothing", w.out_n ? w.out : "");
        return;
    }
    f_put(&a.lines, "", 0);
    for (const f_json *k = kids(j, askers[provider].tools); k; k = k->next)
        asked_tool(&a, f_get(k, askers[provider].name), f_get(k, askers[provider].schema));
    askers[provider].read(&a, j);
    for (int i = 0; i < want->n; i++) { f_puts(&typed, expanded(want->line[i])); f_puts(&typed, "\n"); }
    differ("meaning", a.lines.s, typed.s);
    for (int i = 0; i < a.calls; i++) {
        if (askers[provider].must) t_ok("field id: every call has one", *a.ids[i]);
        for (int k = 0; k < i; k++)
            t_ok("field id: not one twice", !*a.ids[i] || strcmp(a.ids[i], a.ids[k]) != 0);
    }
}

/* ---- cases ---- */

T(coverage) {
    read_cases();
    t_int("the file is sound", broken, 0);
    for (size_t i = 0; i < T_COUNT(listed); i++) {
        char found[MOST + 1];
        int n = 0;
        t_row(listed[i].name);
        for (int k = 0; k < n_list; k++)
            if (!strcmp(list[k].name, listed[i].name) && list[k].from != DIALECTS) {
                t_ok("something to send, and a meaning", list[k].wire.n && wanted(&list[k])->n);
                if (!n || found[n - 1] != rows[list[k].from].letter) found[n++] = rows[list[k].from].letter;
            }
        t_str("dialects with a transcript, in the order of the table", found, (size_t)n, listed[i].from);
    }
    for (int k = 0; k < n_list; k++) {
        size_t i = 0;
        while (i < T_COUNT(listed) && strcmp(listed[i].name, list[k].name)) i++;
        t_row(list[k].name);
        t_ok("a case is in the table", i < T_COUNT(listed));
    }
}

/* Every transcript to every client: at once, a byte at a time, and in pieces of some sizes. */
T(answers) {
    static const size_t sizes[] = { 1, 3, 0, 1021 };              /* 0: any */
    unsigned long transcripts = 0;
    read_cases();
    for (int k = 0; k < n_list; k++) {
        const transcript *t = &list[k];
        const int stream = !has(t, "whole");
        if (t->from == DIALECTS || is_request(t)) continue;
        transcripts++;
        for (int client = 0; client < CLIENTS; client++) {
            f_str sent, answer, request;
            reply first, r;
            if (client == G_ARRAY && !stream) continue;
            answer = answer_of(t, &sent);
            request = ask(client, t->from, stream);
            t_row(label(t, t->from, client, 0));
            first = run(&request, &answer, t->from, 0);
            judge(t, client, stream, &first, &sent);
            w_free(&w);
            for (size_t i = answer.n > 20000 ? 3 : 0; i < T_COUNT(sizes); i++) {
                const size_t piece = sizes[i] ? sizes[i] : 1 + t_below(answer.n);
                if (piece >= answer.n) continue;
                t_row(label(t, t->from, client, piece));
                r = run(&request, &answer, t->from, piece);
                pieces++;
                t_int("field status", r.status, first.status);
                if (r.status == 200) t_mem("field bytes: the same", r.body, r.n, first.body, first.n);
                w_free(&w);
            }
            f_free();
        }
    }
    printf("answers: %lu transcripts, %lu case x pair, %lu more in pieces\n", transcripts, judged, pieces);
}

/* Every request of a client to every provider. */
T(requests) {
    static const char no[] = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
                             "content-length: 2\r\n\r\n{}";
    const unsigned long before = judged;
    read_cases();
    for (int k = 0; k < n_list; k++) {
        const transcript *t = &list[k];
        if (t->from == DIALECTS || !is_request(t)) continue;
        for (int provider = 0; provider < DIALECTS; provider++) {
            const f_str body = wire(t);
            const char *filled_in = filled(body.s, provider, "");
            char line[120];
            f_str request, answer = { NULL, 0, 0 };
            sprintf(line, "POST %s HTTP/1.1", filled(rows[t->from].path[0], provider, ""));
            request = http(line, "application/json", filled_in, strlen(filled_in), 0);
            f_puts(&answer, no);
            t_row(label(t, provider, t->from, 0));
            (void)run(&request, &answer, provider, 0);
            judge_request(t, provider);
            w_free(&w);
            f_free();
        }
    }
    printf("requests: %lu case x pair\n", judged - before);
}

int main(void) {
    T_RUN(coverage);
    T_RUN(answers);
    T_RUN(requests);
    return t_end();
}
