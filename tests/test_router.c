/* SPDX-License-Identifier: MIT OR Unlicense */
/* The router: facts of a request, rules, filters, strategies, the line and the record. Expected values by hand from the declarations' own words; the law
   of turns and the law of replay over random registries, facts and states. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
static aigw_str str(const char *s) { return aigw_base_str(s); }
static aigw_registry r;
static aigw_arena mem;
static aigw_router_decision d;

#define PROVIDERS "\"providers\":{\"p\":{\"dialect\":\"openai-chat\",\"base_url\":\"https://p.example/v1\"}," \
                  "\"q\":{\"dialect\":\"anthropic\",\"base_url\":\"https://q.example\"}}"
/* a: cheap and small; b: dear, large, good; c: no price, nothing known; e: makes embeddings */
#define MODELS "\"models\":{" \
    "\"a\":{\"provider\":\"p\",\"context\":8000,\"max_output\":1000,\"no\":[\"vision\",\"tools\"],\"grade\":2,\"price\":{\"input\":\"1.00\",\"output\":\"2.00\"}}," \
    "\"b\":{\"provider\":\"q\",\"context\":200000,\"max_output\":64000,\"grade\":{\"code\":5,\"reasoning\":4},\"price\":{\"input\":\"3.00\",\"output\":\"15.00\"}}," \
    "\"c\":{\"provider\":\"p\"},\"e\":{\"provider\":\"p\",\"embeds\":true}}"

static void load(const char *json) {
    aigw_fault items[8];
    aigw_registry_faults faults;
    int code;
    memset(&faults, 0, sizeof faults);
    faults.items = items;
    faults.cap = 8;
    mem = aigw_base_arena(t_alloc(1 << 18), 1 << 18);
    aigw_registry_init(&r, dialects, T_COUNT(dialects), &mem);
    code = aigw_registry_read(&r, str(json), &faults);
    if (code || faults.n) printf("%s: %s at %lu\n", faults.n ? items[0].path : "", faults.n ? items[0].text : "", faults.n ? (unsigned long)items[0].at : 0);
    t_int("the test's registry is read", code, 0);
    for (size_t i = 0; i < faults.n && i < 8; i++)             /* what chance makes is odd, and that is said; no word of it is misspelt */
        if (items[i].code != AIGW_E_UNSUPPORTED || strstr(items[i].text, "not known")) t_fail("a complaint");
}
/* A chat of 4,000 bytes: 1,000 tokens as estimated. */
static void ask(const char *model) {
    memset(&d, 0, sizeof d);
    d.facts.op = AIGW_OP_CHAT;
    d.facts.size.text_bytes = 4000;
    d.facts.size.choices = 1;
    d.facts.size.max_output = -1;
    d.facts.who.dim[AIGW_DIM_MODEL] = str(model);
}
/* "a, b | c: circuit open": order, and why the others are not taken. */
static const char *ordered(void) {
    static char text[600];
    size_t n = 0;
    text[0] = 0;
    for (int i = 0; i < d.n; i++) {
        const aigw_router_candidate *c = &d.candidate[d.order[i]];
        n += (size_t)sprintf(text + n, "%s%.*s", !i ? "" : i == d.first ? " | " : ", ", (int)c->pick.target.name.n, c->pick.target.name.p);
        if (i >= d.first) n += (size_t)sprintf(text + n, ": %s", aigw_router_filter_name(c->filter));
    }
    return text;
}
static void t_line(const char *label, const char *got, const char *want) { t_str(label, got, strlen(got), want); }

/* ---- facts */

static const struct { const char *label, *body; uint32_t facts, needs; const char *effort, *tier; } requests[] = {
    { "plain", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 0, 0, "", "" },
    { "what can be left out is not needed", "{\"model\":\"m\",\"temperature\":1,\"stop\":[\"x\"],\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"Hi\"}]}", 0, 0, "", "" },
    { "tools", "{\"model\":\"m\",\"stream\":true,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
      AIGW_FACT(TOOLS) | AIGW_FACT(STREAM), AIGW_CAN(TOOLS), "", "" },
    { "a forced tool", "{\"model\":\"m\",\"tool_choice\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
      AIGW_FACT(TOOLS), AIGW_CAN(TOOLS) | AIGW_CAN(TOOL_CHOICE) | AIGW_CAN(FORCED_TOOLS), "", "" },
    { "image", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}}]}]}",
      AIGW_FACT(IMAGES), AIGW_CAN(VISION), "", "" },
    { "PDF", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_data\":\"data:application/pdf;base64,AAAA\"}}]}]}",
      AIGW_FACT(FILES), AIGW_CAN(PDF), "", "" },
    { "another document", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_data\":\"data:text/plain;base64,AAAA\"}}]}]}",
      AIGW_FACT(FILES), 0, "", "" },
    { "schema", "{\"model\":\"m\",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{}}},\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
      AIGW_FACT(SCHEMA), AIGW_CAN(JSON_SCHEMA), "", "" },
    { "reasoning and tier", "{\"model\":\"m\",\"reasoning_effort\":\"high\",\"service_tier\":\"flex\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
      AIGW_FACT(REASONING), 0, "high", "flex" },
    { "none is not reasoning", "{\"model\":\"m\",\"reasoning_effort\":\"none\",\"service_tier\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 0, 0, "none", "" }
};
T(facts) {
    for (size_t i = 0; i < T_COUNT(requests); i++) {
        aigw_arena m = aigw_base_arena(t_alloc(20000), 20000);
        aigw_router_facts f;
        aigw_fault fault;
        aigw_req req;
        t_row(requests[i].label);
        memset(&f, 0, sizeof f);
        memset(&fault, 0, sizeof fault);
        t_int("read", aigw_dialect_openai.req_decode(NULL, str(t_dup(requests[i].body, strlen(requests[i].body) + 1)), &m, &req, &fault), 0);
        t_int("facts", aigw_router_facts_of(&req, str(""), &f, &fault), 0);
        t_int("what it has", f.facts, requests[i].facts);
        t_int("what it needs", f.needs, requests[i].needs);
        t_str("effort", f.effort.p, f.effort.n, requests[i].effort);
        t_str("tier", f.terms.tier.p, f.terms.tier.n, requests[i].tier);
        t_ok("measured", f.size.text_bytes > 0 || f.facts);
        t_int("operation", f.op, AIGW_OP_CHAT);
    }
}

/* As read and written again, or the fault's offset and beginning. */
static const struct { const char *label, *text, *want; int at; } requires_[] = {
    { "nothing", "", "", -1 },
    { "the issue's", "grade.reasoning>=4; ttft_p90<=800ms; usd<=0.01", "grade.reasoning>=4; ttft_p90<=800ms; usd<=0.01", -1 },
    { "spaces, and empty ones", " grade.code >= 3 ;; \tcontext>=100000 ;", "grade.code>=3; context>=100000", -1 },
    { "seconds", "ttft_p50<=1.5s", "ttft_p50<=1500ms", -1 },
    { "microseconds", "ttft_p95<=1500us", "ttft_p95<=1500us", -1 },
    { "whole ms in us", "ttft_p95<=2000us", "ttft_p95<=2ms", -1 },
    { "percent", "errors<=2.5%", "errors<=0.025", -1 },
    { "share", "errors<=0.05", "errors<=0.05", -1 },
    { "tokens per second", "tokens_s>=12.5; max_output>=8000", "tokens_s>=12.50; max_output>=8000", -1 },
    { "no operator", "usd", "a requirement is written", 0 },
    { "one character", "u", "a requirement is written", 0 },
    { "only equal", "usd=1", "a requirement is written", 0 },
    { "less alone", "context<5", "a requirement is written", 0 },
    { "no such measure", "usd<=1; speed>=4", "there is no such measure", 8 },
    { "no unit", "ttft_p90<=800", "a time needs its unit", 10 },
    { "unit alone", "ttft_p90<=ms", "a time needs its unit", 10 },
    { "no value", "usd<=", "a number in range", 5 },
    { "below zero", "usd<=-1", "a number in range", 5 },
    { "too much", "context>=9999999999999999", "a number in range", 9 },
    { "no such grade", "grade.code>=6", "a grade is 0 to 5", 12 },
    { "too many", "usd<=1;usd<=1;usd<=1;usd<=1;usd<=1;usd<=1;usd<=1;usd<=1;usd<=1", "too many", 56 }
};
T(requirements) {
    for (size_t i = 0; i < T_COUNT(requires_); i++) {
        char text[300];
        aigw_out o;
        aigw_router_facts f;
        aigw_fault fault;
        aigw_req req;
        aigw_str s;
        t_row(requires_[i].label);
        memset(&req, 0, sizeof req);
        memset(&f, 0, sizeof f);
        memset(&fault, 0, sizeof fault);
        s.n = strlen(requires_[i].text);
        s.p = t_dup(requires_[i].text, s.n);
        t_int("code", aigw_router_facts_of(&req, s, &f, &fault), requires_[i].at < 0 ? 0 : AIGW_E_VALUE);
        t_int("without a place for the fault", aigw_router_facts_of(&req, s, &f, NULL), requires_[i].at < 0 ? 0 : AIGW_E_VALUE);
        if (requires_[i].at >= 0) {
            t_int("where", fault.at, requires_[i].at);
            t_ok("what", !strncmp(fault.text, requires_[i].want, strlen(requires_[i].want)));
            t_line("of what", fault.path, "x-aigw-require");
            continue;
        }
        aigw_base_out_init(&o, text, sizeof text, NULL, 0);
        for (int k = 0; k < f.requires_; k++) {
            if (k) aigw_base_put_lit(&o, "; ");
            aigwi_router_put_require(&o, &f.require[k]);
        }
        t_str("as it is written", text, o.buf.n, requires_[i].want);
    }
}

/* ---- which route */

static const char tasks[] = "{" PROVIDERS "," MODELS ",\"routes\":{\"small\":{\"models\":[\"a\"]},\"large\":{\"models\":[\"b\",\"c\"]},\"coding\":{\"models\":[\"b\"]}},"
    "\"tasks\":["
    "{\"when\":{\"feature\":\"faq\",\"env\":\"live\"},\"route\":\"small\"},"
    "{\"when\":{\"header\":{\"x-kind\":\"law\"}},\"route\":\"large\"},"
    "{\"when\":{\"header\":{\"x-any\":true}},\"route\":\"small\"},"
    "{\"when\":{\"code\":true},\"route\":\"coding\"},"
    "{\"when\":{\"keywords\":[\"Stra\xC3\x9F" "e\",\"tab\\tbed\",\"zebra\"]},\"route\":\"large\"},"
    "{\"when\":{\"min_tokens\":5000,\"tools\":false},\"route\":\"large\"},"
    "{\"when\":{\"effort\":\"high\"},\"route\":\"large\"},"
    "{\"when\":{\"tag\":\"invoice\",\"max_tokens\":2000},\"route\":\"small\"},"
    "{\"when\":{\"user\":\"u\",\"model\":\"b\"},\"route\":\"small\"},"
    "{\"when\":{\"tenant\":\"narrow\"},\"route\":\"large\"}],"
    "\"tenants\":{\"narrow\":{\"routes\":[\"small\",\"b\"]},\"none\":{\"routes\":[\"coding\"]},\"all\":{\"routes\":[\"*\"]}}}";

typedef struct { const char *label, *tenant, *user, *feature, *env, *model, *pin, *header, *text, *effort, *tag; int64_t bytes; int code; const char *want; int rule; } way;
static const way ways[] = {
    { "by name", "", "", "", "", "a", "", "", "", "", "", 0, 0, "a", 0 },
    { "by route", "", "", "", "", "large", "", "", "", "", "", 0, 0, "large: b, c", 0 },
    { "provider/id", "", "", "", "", "q/new", "", "", "", "", "", 0, 0, "q/new", 0 },
    { "nobody", "", "", "", "", "zzz", "", "", "", "", "", 0, AIGW_E_MISSING, "", 0 },
    { "no name", "", "", "", "", "", "", "", "", "", "", 0, AIGW_E_MISSING, "", 0 },
    { "all conditions", "", "", "faq", "live", "b", "", "", "", "", "", 0, 0, "small: a", 1 },
    { "one condition of two", "", "", "faq", "test", "b", "", "", "", "", "", 0, 0, "b", 0 },
    { "a pin is before rules", "", "", "faq", "live", "b", "large", "", "", "", "", 0, 0, "large: b, c", 0 },
    { "a pin on a model", "", "", "", "", "b", "c", "", "", "", "", 0, 0, "c", 0 },
    { "a pin on nothing", "", "", "", "", "b", "zzz", "", "", "", "", 0, AIGW_E_MISSING, "", 0 },
    { "header's value", "", "", "", "", "a", "", "X-Kind: law", "", "", "", 0, 0, "large: b, c", 2 },
    { "another value", "", "", "", "", "a", "", "x-kind: Law", "", "", "", 0, 0, "a", 0 },
    { "any value", "", "", "", "", "b", "", "x-any: 0", "", "", "", 0, 0, "small: a", 3 },
    { "code: fence", "", "", "", "", "a", "", "", "See ```x```", "", "", 0, 0, "coding: b", 4 },
    { "code: two ticks", "", "", "", "", "a", "", "", "See ``x``", "", "", 0, 0, "a", 0 },
    { "code: lines", "", "", "", "", "a", "", "", "fix\\nint f(void) {  \\n  return 1;\\r\\n}\\n\\n", "", "", 0, 0, "coding: b", 4 },
    { "code: two lines", "", "", "", "", "a", "", "", "fix\\nint f(void) {\\n}", "", "", 0, 0, "a", 0 },
    { "code: Python", "", "", "", "", "a", "", "", "if (a):\\n x\\ndef f():\\n y\\nwhile (b):\\n z", "", "", 0, 0, "coding: b", 4 },
    { "code: a few lines of many", "", "", "", "", "a", "", "", "a;\\nb;\\nc;\\nd\\ne\\nf\\ng\\nh\\ni\\nj\\nk\\nl\\nm", "", "", 0, 0, "a", 0 },
    { "keyword in any case", "", "", "", "", "a", "", "", "die sTRA\xC3\x9F" "E lang", "", "", 0, 0, "large: b, c", 5 },
    { "keyword with the last of letters", "", "", "", "", "a", "", "", "a ZEBRA", "", "", 0, 0, "large: b, c", 5 },
    { "keyword with an escape", "", "", "", "", "a", "", "", "die Stra\\u00dfe", "", "", 0, 0, "large: b, c", 5 },
    { "keyword, all escapes", "", "", "", "", "a", "", "", "\\u0053\\u0074ra\\u00DF\\u0065", "", "", 0, 0, "large: b, c", 5 },
    { "no folding beyond ASCII", "", "", "", "", "a", "", "", "STRASSE stra\xC3\x9F", "", "", 0, 0, "a", 0 },
    { "keyword with a tab", "", "", "", "", "a", "", "", "a tab\\tbed", "", "", 0, 0, "large: b, c", 5 },
    { "a backslash is no tab", "", "", "", "", "a", "", "", "a tab\\\\tbed", "", "", 0, 0, "a", 0 },
    { "size", "", "", "", "", "a", "", "", "", "", "", 20000, 0, "large: b, c", 6 },
    { "just below", "", "", "", "", "a", "", "", "", "", "", 19996, 0, "a", 0 },
    { "effort", "", "", "", "", "a", "", "", "", "high", "", 0, 0, "large: b, c", 7 },
    { "tag", "", "", "", "", "b", "", "", "", "", "invoice", 8000, 0, "small: a", 8 },
    { "tag, too large", "", "", "", "", "b", "", "", "", "", "invoice", 8004, 0, "b", 0 },
    { "user and model", "", "u", "", "", "b", "", "", "", "", "", 0, 0, "small: a", 9 },
    { "allowed by the model's name", "narrow", "", "", "", "a", "", "", "", "", "", 0, 0, "large: b, c", 10 },
    { "a rule's route that is not allowed is passed over", "none", "", "faq", "live", "coding", "", "", "", "", "", 0, 0, "coding: b", 0 },
    { "not allowed", "none", "", "", "", "small", "", "", "", "", "", 0, AIGW_E_REFUSED, "", 0 },
    { "a pin that is not allowed", "none", "", "", "", "coding", "small", "", "", "", "", 0, AIGW_E_REFUSED, "", 0 },
    { "missing is said before not allowed", "none", "", "", "", "zzz", "", "", "", "", "", 0, AIGW_E_MISSING, "", 0 },
    { "all", "all", "", "", "", "p/x", "", "", "", "", "", 0, 0, "p/x", 0 },
    { "an unknown tenant", "who", "", "", "", "a", "", "", "", "", "", 0, 0, "a", 0 }
};
T(routes) {
    for (size_t i = 0; i < T_COUNT(ways); i++) {
        const way *w = &ways[i];
        char got[200];
        size_t n = 0;
        aigw_header field[1];
        aigw_head head;
        aigw_message m, before;
        aigw_part p;
        aigw_req req;
        t_row(w->label);
        load(tasks);
        ask(w->model);
        d.facts.who.dim[AIGW_DIM_TENANT] = str(w->tenant);
        d.facts.who.dim[AIGW_DIM_USER] = str(w->user);
        d.facts.who.dim[AIGW_DIM_FEATURE] = str(w->feature);
        d.facts.who.dim[AIGW_DIM_ENV] = str(w->env);
        d.facts.route = str(w->pin);
        d.facts.effort = str(w->effort);
        d.facts.tag = str(w->tag);
        if (w->bytes) d.facts.size.text_bytes = w->bytes;
        memset(&head, 0, sizeof head);
        head.headers = field;
        head.cap = 1;
        if (*w->header) {
            field[0].name = str(w->header);
            field[0].name.n = strcspn(w->header, ":");
            field[0].value = str(w->header + field[0].name.n + 2);
            head.n = 1;
        }
        memset(&m, 0, sizeof m);
        memset(&p, 0, sizeof p);
        memset(&req, 0, sizeof req);
        m.role = AIGW_ROLE_USER;
        m.parts = &p;
        p.text.n = strlen(w->text);
        p.text.p = t_dup(w->text, p.text.n);
        p.text.form = AIGW_TEXT_ESCAPED;
        before = m;                                    /* what others say is not looked at */
        before.role = AIGW_ROLE_ASSISTANT;
        before.next = *w->text ? &m : NULL;
        req.messages = &before;
        if (*w->text) before.parts = NULL;
        d.facts.req = &req;
        t_int("code", aigw_router_find(&d, &r, &head, &aigw_dialect_openai), w->code);
        if (d.route) n += (size_t)sprintf(got, "%.*s: ", (int)d.route->name.n, d.route->name.p);
        got[n] = 0;
        for (int k = 0; k < d.n; k++) n += (size_t)sprintf(got + n, "%s%.*s", k ? ", " : "", (int)d.candidate[k].pick.target.name.n, d.candidate[k].pick.target.name.p);
        t_line("route", got, w->want);
        t_int("rule", d.rule, w->rule);
        t_ok("and its entry", !d.rule == !d.task);
        t_free_all();
    }
}
T(plain_text) {     /* the same rules on text that has no escapes; and none without the request */
    static const struct { const char *label, *text; int form; const char *want; } rows[] = {
        { "lines", "x = 1;\ny = 2;\nz = 3;\n", AIGW_TEXT_PLAIN, "coding" },
        { "a backslash is itself", "tab\\tbed", AIGW_TEXT_PLAIN, "" },
        { "a tab", "tab\tbed", AIGW_TEXT_PLAIN, "large" },
        { "escapes of JSON", "tab\\tbed", AIGW_TEXT_ESCAPED, "large" },
        { "a lone surrogate", "\\ud800 tab\\tbed", AIGW_TEXT_LONE, "large" },
        { "the keyword is longer", "Stra", AIGW_TEXT_PLAIN, "" },
        { "at the very end", "x Stra\xC3\x9F" "e", AIGW_TEXT_PLAIN, "large" }
    };
    load(tasks);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_message m;
        aigw_part p;
        aigw_req req;
        t_row(rows[i].label);
        memset(&m, 0, sizeof m);
        memset(&p, 0, sizeof p);
        memset(&req, 0, sizeof req);
        m.role = AIGW_ROLE_USER;
        m.parts = &p;
        req.messages = &m;
        p.text.n = strlen(rows[i].text);
        p.text.p = t_dup(rows[i].text, p.text.n);
        p.text.form = (uint8_t)rows[i].form;
        ask("a");
        d.facts.req = &req;
        t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
        t_str("route", d.route ? d.route->name.p : "", d.route ? d.route->name.n : 0, rows[i].want);
        m.role = AIGW_ROLE_SYSTEM;
        ask("a");
        d.facts.req = &req;
        t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
        t_ok("only the user's words count", !d.route);
        ask("a");
        t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
        t_ok("without the request nothing is found", !d.route);
    }
}
T(ten_candidates) {
    char text[2000];
    aigw_out o;
    load("{" PROVIDERS ",\"models\":{},\"routes\":{\"w\":{\"models\":[\"p/0\",\"p/1\",\"p/2\",\"p/3\",\"p/4\",\"p/5\",\"p/6\",\"p/7\",\"p/8\",\"p/9\"]}}}");
    ask("w");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    t_int("candidates", d.n, AIGW_ROUTER_CANDIDATES);
    t_int("more", d.over, 2);
    t_int("all satisfy", aigw_router_order(&d, &r), AIGW_ROUTER_CANDIDATES);
    aigw_base_out_init(&o, text, sizeof text - 1, NULL, 0);
    t_int("written", aigw_router_encode(&d, &o), 0);
    text[o.buf.n] = 0;
    t_ok("named in the record", strstr(text, "\"over\":[\"p/8\",\"p/9\"]") != NULL);
}

/* ---- filters */

static const char plain[] = "{" PROVIDERS "," MODELS ",\"routes\":{\"w\":{\"models\":[\"a\",\"b\",\"c\"]}},"
                            "\"tenants\":{\"t\":{\"routes\":[\"a\",\"c\"]}}}";
static void nothing(void) {}
static void off(void) {
    aigw_registry_provider_of(&r, str("q"))->off = str("no TLS");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    aigw_registry_provider_of(&r, str("q"))->off = str("");      /* what was is in the decision, and so in the record */
}
static void tenant(void) { d.facts.who.dim[AIGW_DIM_TENANT] = str("t"); }
static void vision(void) { d.facts.needs = AIGW_CAN(VISION) | AIGW_CAN(JSON_SCHEMA); }
static void large(void) { d.facts.size.text_bytes = 32004; }
static void just(void) { d.facts.size.text_bytes = 32000; }
static void output(void) { d.facts.size.max_output = 7001; d.facts.size.text_bytes = 28004; }      /* a gives 1,000 */
static void many_tokens(void) { d.facts.size.text_bytes = 24000; d.candidate[0].state.milli_bytes_per_token = 2000; }
static void few_tokens(void) { d.facts.size.text_bytes = 32004; d.candidate[0].state.milli_bytes_per_token = 5000; }
static void counting(void) { d.facts.op = AIGW_OP_COUNT_TOKENS; d.facts.size.text_bytes = 32004; }
static void require_(const char *text) {
    aigw_router_facts f = d.facts;
    aigw_req req;
    memset(&req, 0, sizeof req);
    aigw_router_facts_of(&req, str(text), &f, NULL);
    memcpy(d.facts.require, f.require, sizeof f.require);
    d.facts.requires_ = f.requires_;
}
static void grade(void) { require_("grade.code>=3"); }
static void ungraded(void) { require_("grade.general<=5"); }
static void ttft(void) { require_("ttft_p90<=800ms"); d.candidate[0].state.ttft_us[1] = 800001; d.candidate[1].state.ttft_us[1] = 800000; }
static void usd(void) { require_("usd<=0.002024"); }
static void usd_less(void) { require_("usd<=0.002023"); }
static void window(void) { require_("context>=8000; max_output>=1000"); }
static void errors(void) { require_("errors<=1%"); d.candidate[2].state.error_ppm = 10001; }
static void priced(void) { d.priced = 1; }
static void budget(void) { d.candidate[0].state.over_budget = 1; d.candidate[0].state.circuit = AIGW_BREAKER_OPEN; }
static void open_(void) { d.candidate[0].state.circuit = AIGW_BREAKER_OPEN; d.candidate[0].state.benched = 1; }
static void probe(void) { d.candidate[0].state.circuit = AIGW_BREAKER_HALF_OPEN; d.candidate[1].state.circuit = AIGW_BREAKER_HALF_OPEN; d.candidate[0].state.wait_ms = 5; }
static void benched(void) { d.candidate[0].state.benched = 1; d.candidate[0].state.wait_ms = 1; }
static void limit(void) { d.candidate[0].state.wait_ms = 1; }
static void spared(void) { d.candidate[0].state.wait_ms = d.candidate[0].state.spared = 1; d.candidate[1].state.spared = 1; }
static void stale(void) { d.candidate[0].filter = AIGW_FILTER_LIMIT; d.candidate[0].lacks = 5; }
static const struct { const char *label; void (*set)(void); const char *want; } filters[] = {
    { "none", nothing, "a, b, c" },
    { "what was there before does not count", stale, "a, b, c" },
    { "off", off, "a, c | b: not available" },
    { "allow", tenant, "a, c | b: not allowed for this tenant" },
    { "needs; what is not known is sent", vision, "b, c | a: lacks what the request needs" },
    { "context; unknown passes", large, "b, c | a: context window too small" },
    { "context is just enough", just, "a, b, c" },
    { "context, with the output that it can give", output, "b, c | a: context window too small" },
    { "this text may have fewer tokens than those before: the provider counts", many_tokens, "a, b, c" },
    { "context, with bytes per token as learnt", few_tokens, "a, b, c" },
    { "counting needs no window", counting, "a, b, c" },
    { "a grade that is not said does not satisfy", grade, "b | a: does not satisfy x-aigw-require, c: does not satisfy x-aigw-require" },
    { "nor for at most", ungraded, "a | b: does not satisfy x-aigw-require, c: does not satisfy x-aigw-require" },
    { "a speed that is not known does", ttft, "b, c | a: does not satisfy x-aigw-require" },
    { "what it costs", usd, "a | b: does not satisfy x-aigw-require, c: does not satisfy x-aigw-require" },
    { "a thousandth of a cent less", usd_less, "a: does not satisfy x-aigw-require, b: does not satisfy x-aigw-require, c: does not satisfy x-aigw-require" },
    { "sizes", window, "a, b | c: does not satisfy x-aigw-require" },
    { "errors", errors, "a, b | c: does not satisfy x-aigw-require" },
    { "no price is taken as none", priced, "a, b | c: has no price" },
    { "budget before circuit", budget, "b, c | a: over budget" },
    { "key before circuit, which may be forced", open_, "b, c | a: its key is refused" },
    { "a probe is under way; one may be made", probe, "b, c | a: circuit open" },
    { "key before limit", benched, "b, c | a: its key is refused" },
    { "limit", limit, "b, c | a: limit reached" },
    { "it failed, and said when to come again", spared, "b, c | a: it failed and asked to be spared" }
};
T(filters) {
    load(plain);
    for (size_t i = 0; i < T_COUNT(filters); i++) {
        t_row(filters[i].label);
        ask("w");
        t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
        filters[i].set();
        aigw_router_order(&d, &r);
        t_line("order", ordered(), filters[i].want);
    }
    t_row("an embedding model does not answer");
    ask("e");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    t_int("none", aigw_router_order(&d, &r), 0);
    d.facts.op = AIGW_OP_EMBED;
    t_int("but makes embeddings", aigw_router_order(&d, &r), 1);
    t_row("lacks");
    ask("w");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    vision();
    aigw_router_order(&d, &r);
    t_int("only what is lacking", d.candidate[0].lacks, AIGW_CAN(VISION));
}
T(forced) {
    load(plain);
    ask("w");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    for (int i = 0; i < 3; i++) {
        d.candidate[i].state.circuit = AIGW_BREAKER_OPEN;
        d.candidate[i].state.wait_ms = 3000 - 1000 * (uint32_t)i;
    }
    d.candidate[2].state.benched = 1;                  /* its key would be refused anyway */
    d.candidate[1].state.circuit = AIGW_BREAKER_HALF_OPEN;
    t_int("none satisfies", aigw_router_order(&d, &r), 0);
    t_int("not one that is probed: it would be asked in vain", d.order[0], 0);
    d.candidate[1].state.circuit = AIGW_BREAKER_OPEN;
    t_int("none satisfies", aigw_router_order(&d, &r), 0);
    t_int("forced", d.forced, 1);
    t_int("reopens first", d.order[0], 1);
    t_int("the others behind, in order", d.order[1] * 10 + d.order[2], 2);
    t_int("none is the cheapest", d.cheapest, -1);
    d.facts.needs = AIGW_CAN(TOOLS);
    d.candidate[1].state.over_budget = 1;
    t_int("none", aigw_router_order(&d, &r), 0);
    t_int("nobody is kept back by the circuit alone", d.forced, 0);
    d.candidate[2].state.circuit = d.candidate[2].state.benched = 0;
    d.candidate[2].state.wait_ms = 0;
    t_int("one", aigw_router_order(&d, &r), 1);
    t_int("not forced", d.forced, 0);
}

/* ---- strategies */

static void route_of(const char *more) {
    char text[2000];
    sprintf(text, "{" PROVIDERS "," MODELS ",\"routes\":{\"w\":{\"models\":[\"a\",\"b\",\"c\",\"p/d\"]%s}}}", more);
    load(t_dup(text, strlen(text) + 1));
    ask("w");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
}
T(cheapest) {
    aigw_usage u;
    route_of(",\"order\":\"cheapest\"");
    t_int("all", aigw_router_order(&d, &r), 4);
    t_line("unpriced behind, in order", ordered(), "a, b, c, p/d");
    /* 1,000 tokens in at 1.00 or 3.00 per million, 512 out at 2.00 or 15.00 */
    t_int("a", d.candidate[0].likely_nusd, 1000000 + 512 * 2000);
    t_int("b", d.candidate[1].likely_nusd, 3000000 + 512 * 15000);
    t_int("c", d.candidate[2].likely_nusd, -1);
    t_ok("the bound is not less", d.candidate[0].bound_nusd >= 4000000 + 1000 * 2000);
    t_ok("and holds what the model can give", d.candidate[1].bound_nusd >= INT64_C(12000000) + INT64_C(64000) * 15000);
    t_int("cheapest", d.cheapest, 0);
    d.candidate[0].state.circuit = AIGW_BREAKER_OPEN;
    aigw_router_order(&d, &r);
    t_int("the cheapest that satisfies", d.cheapest, 1);
    t_line("order", ordered(), "b, c, p/d | a: circuit open");
    d.candidate[0].state.circuit = AIGW_BREAKER_CLOSED;
    d.facts.size.max_output = 100;
    d.facts.size.choices = 3;
    aigw_router_order(&d, &r);
    t_int("three answers of 100", d.candidate[0].likely_nusd, 1000000 + 300 * 2000);
    d.candidate[0].state.milli_bytes_per_token = 2000;
    aigw_router_order(&d, &r);
    t_int("learnt: two bytes are a token", d.candidate[0].likely_nusd, 2000000 + 300 * 2000);
    memset(&u, 0, sizeof u);
    u.has = AIGW_USAGE_INPUT | AIGW_USAGE_OUTPUT;
    u.input = 10;
    u.output = 10;
    t_int("avoidable", aigw_router_avoidable(&d, 1, &u), 10 * (3000 + 15000) - 10 * (1000 + 2000));
    t_int("nothing at the cheapest", aigw_router_avoidable(&d, 0, &u), 0);
    t_int("nothing is known without a price", aigw_router_avoidable(&d, 2, &u), 0);
    t_int("nor of nobody", aigw_router_avoidable(&d, 200, &u), 0);
    d.facts.op = AIGW_OP_COUNT_TOKENS;
    aigw_router_order(&d, &r);
    t_int("to count is free", d.candidate[2].likely_nusd, 0);
}
T(fastest) {
    int first[4] = { 0, 0, 0, 0 }, explored = 0;
    route_of(",\"order\":\"fastest\"");
    d.seed = 1;
    aigw_router_order(&d, &r);
    t_line("nothing is known: in order", ordered(), "a, b, c, p/d");
    d.candidate[0].state.ttft_us[1] = 900;
    d.candidate[2].state.ttft_us[1] = 300;
    d.candidate[3].state.ttft_us[1] = 500;
    d.candidate[1].state.ttft_us[0] = 1;               /* another quantile */
    for (d.seed = 0; d.seed < 4096; d.seed++) {
        aigw_router_order(&d, &r);
        first[d.order[0]]++;
        explored += d.explored;
        if (!d.explored) t_line("by p90, the unknown one last", ordered(), "c, p/d, a, b");
    }
    t_ok("the unknown one is first in about 1 of 16", first[1] > 190 && first[1] < 330);
    t_ok("slower ones in about 1 of 256", first[0] + first[3] > 4 && first[0] + first[3] < 40 && first[0] && first[3]);
    t_int("which is what explored says", explored, first[0] + first[1] + first[3]);
    route_of(",\"order\":\"fastest\",\"quantile\":\"p50\"");
    d.seed = 3;
    for (int i = 0; i < 4; i++) {
        d.candidate[i].state.ttft_us[0] = 100 - i;
        d.candidate[i].state.ttft_us[1] = 100 + i;
    }
    aigw_router_order(&d, &r);
    t_line("by p50", ordered(), "p/d, c, b, a");
}
T(p2c) {
    int first[4] = { 0, 0, 0, 0 };
    route_of(",\"order\":\"p2c\"");
    for (int i = 0; i < 4; i++) d.candidate[i].state.ewma_us = 1000 * (i + 1);
    d.candidate[0].state.in_flight = 9;                /* 10,000: the worst */
    for (d.seed = 0; d.seed < 6000; d.seed++) {
        aigw_router_order(&d, &r);
        first[d.order[0]]++;
    }
    t_int("the worst is never the better of two", first[0], 0);
    t_ok("the best is in half of all pairs", first[1] > 2800 && first[1] < 3200);
    t_ok("the next in a third", first[2] > 1850 && first[2] < 2150);
    t_ok("the third in a sixth", first[3] > 880 && first[3] < 1120);
    d.seed = 7;
    aigw_router_order(&d, &r);
    t_int("score", d.candidate[0].score, 10000);
    d.candidate[1].state.ewma_us = INT64_MAX;
    d.candidate[1].state.in_flight = UINT32_MAX;
    aigw_router_order(&d, &r);
    t_ok("saturates", d.candidate[1].score == INT64_MAX);
}
T(least_busy) {
    route_of(",\"order\":\"least_busy\"");
    d.candidate[0].state.in_flight = 2;
    d.candidate[1].state.in_flight = 1;
    d.candidate[2].state.in_flight = 1;
    aigw_router_order(&d, &r);
    t_line("order", ordered(), "p/d, b, c, a");
}
T(score) {
    route_of(",\"order\":\"score\",\"score\":{\"cost\":1,\"latency\":2,\"errors\":1,\"load\":3}");
    d.candidate[0].state.ttft_us[1] = 999;             /* + 1: 1,000 */
    d.candidate[1].state.ttft_us[1] = 499;             /* the best: 500 */
    d.candidate[1].state.error_ppm = 10000;            /* beside 1 %: twice */
    d.candidate[3].state.in_flight = 4;
    aigw_router_order(&d, &r);
    /* cost: 2,024,000 against 10,680,000: (10,680,001 * 1,000) / 2,024,001 = 5,276 */
    t_int("a", d.candidate[0].score, 1000 + 2 * 2000 + 1000 + 3 * 1000);
    t_int("b", d.candidate[1].score, 5276 + 2 * 1000 + 2000 + 3 * 1000);
    t_int("c: no price is the worst, no speed is as the best", d.candidate[2].score, 100000 + 2 * 1000 + 1000 + 3 * 1000);
    t_int("d: five times the load", d.candidate[3].score, 100000 + 2 * 1000 + 1000 + 3 * 5000);
    t_line("order", ordered(), "a, b, c, p/d");
    d.candidate[0].state.ttft_us[1] = INT64_MAX;
    aigw_router_order(&d, &r);
    t_int("at most a hundred times", d.candidate[0].score, 1000 + 2 * 100000 + 1000 + 3 * 1000);
    route_of(",\"order\":\"score\"");
    aigw_router_order(&d, &r);
    t_int("all alike", d.candidate[1].score, 5276 + 3000);
}

/* Of the first N turns each has its share of N to within 1 (5 or more: 1.5), in any window within twice that; twice the deviation times the sum, so
   that all is whole. And who comes second is shared out in the same way. */
static void turns(const uint32_t *w, size_t n) {
    uint64_t sum = 0, had[8] = { 0 };
    int64_t least[8] = { 0 }, most[8] = { 0 }, bound;
    for (size_t i = 0; i < n; i++) sum += w[i];
    bound = (int64_t)sum * (n <= 4 ? 2 : 3);
    for (uint64_t t = 0; t < 2 * sum + 7; t++) {
        uint64_t turn = t;
        size_t who = aigwi_router_turn(w, n, &turn);
        if (turn != had[who]) { t_fail("how many it had before"); return; }
        had[who]++;
        for (size_t i = 0; i < n; i++) {
            int64_t off_ = 2 * ((int64_t)(had[i] * sum) - (int64_t)((t + 1) * w[i]));
            if (off_ < least[i]) least[i] = off_;
            if (off_ > most[i]) most[i] = off_;
            if (off_ >= bound || off_ <= -bound) { t_fail("the share of the first turns"); return; }
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!t_ok("any window", most[i] - least[i] < 2 * bound)) return;
        if (!t_int("whole rounds are exact", had[i] >= 2 * w[i], 1)) return;
    }
}
T(weights) {
    static const uint32_t hand[][4] = { { 1, 1, 0, 0 }, { 9, 1, 0, 0 }, { 70, 20, 10, 0 }, { 1, 0, 0, 5 }, { 97, 1, 1, 1 }, { 1, 0, 0, 0 }, { 5, 5, 5, 5 } };
    uint32_t second[4] = { 0, 0, 0, 0 }, firsts[4] = { 0, 0, 0, 0 };
    for (size_t i = 0; i < T_COUNT(hand); i++) turns(hand[i], 4);
    for (int i = 0; i < 400; i++) {
        uint32_t w[8];
        size_t n = 1 + t_rand() % 8, sum = 0;
        for (size_t k = 0; k < n; k++) sum += w[k] = (uint32_t)(t_rand() % (t_rand() % 2 ? 4 : 120));
        if (sum) turns(w, n);
    }
    load("{" PROVIDERS "," MODELS ",\"routes\":{\"w\":{\"models\":[{\"model\":\"a\",\"weight\":5},{\"model\":\"b\",\"weight\":3},{\"model\":\"c\",\"weight\":2},"
         "{\"model\":\"p/d\",\"weight\":1}],\"order\":\"weight\"}}}");
    ask("w");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    d.candidate[3].weight = 0;
    for (d.turn = 0; d.turn < 1000; d.turn++) {
        aigw_router_order(&d, &r);
        firsts[d.order[0]]++;
        if (d.order[0] == 0) second[d.order[1]]++;
        if (d.order[3] != 3) { t_fail("no weight: last"); break; }
    }
    t_int("5 of 10", firsts[0], 500);
    t_int("3 of 10", firsts[1], 300);
    t_int("2 of 10", firsts[2], 200);
    t_int("behind a: 3 of 5", second[1], 300);
    t_int("behind a: 2 of 5", second[2], 200);
    d.candidate[0].state.circuit = AIGW_BREAKER_OPEN;
    memset(firsts, 0, sizeof firsts);
    for (d.turn = 0; d.turn < 1000; d.turn++) {
        aigw_router_order(&d, &r);
        firsts[d.order[0]]++;
    }
    t_int("the share of one that fails goes to the others: 3 of 5", firsts[1], 600);
    t_int("2 of 5", firsts[2], 400);
    d.candidate[1].weight = d.candidate[2].weight = 0;
    aigw_router_order(&d, &r);
    t_line("all without weight: in order", ordered(), "b, c, p/d | a: circuit open");
}

/* ---- in words */

static const char *why(void) {
    static char text[400];
    aigw_out o;
    aigw_base_out_init(&o, text, sizeof text - 1, NULL, 0);
    aigw_router_why(&d, &o);
    t_ok("bounded", o.buf.n <= AIGW_ROUTER_WHY);
    text[o.buf.n] = 0;
    return text;
}
T(why) {
    aigw_now now = { 5000000000u, 0 };
    char longest[200];
    load(tasks);
    ask("large");
    d.now = now;
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    aigw_router_order(&d, &r);
    t_line("a route", why(), "in order");
    now.mono_ns += 12345678;
    aigw_router_tried(&d, now, 0)->kind = AIGW_KIND_SERVER;
    t_int("when", d.tries[0].at_ms, 12);
    aigw_router_tried(&d, now, 1)->took_ms = 4;
    t_line("who answered", why(), "in order; b: server; c");
    ask("b");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    d.facts.needs = AIGW_CAN(TOOLS);
    aigw_router_order(&d, &r);
    aigw_router_tried(&d, now, 0)->why = "cannot express it";
    t_line("by name", why(), "by name; b: cannot express it");
    ask("a");
    d.facts.tag = str("invoice");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    d.facts.needs = AIGW_CAN(VISION) | AIGW_CAN(TOOLS);
    aigw_router_order(&d, &r);
    t_line("a rule, and what is lacking", why(), "tasks[7] -> small; in order; not a: lacks what the request needs (tools, vision)");
    d.facts.needs = 0;
    require_("usd<=1; ttft_p90<=800ms");
    d.candidate[0].state.ttft_us[1] = 900000;
    aigw_router_order(&d, &r);
    t_line("a requirement", why(), "tasks[7] -> small; in order; not a: does not satisfy x-aigw-require (ttft_p90<=800ms)");
    ask("a");
    d.facts.route = str("large");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    d.candidate[0].state.circuit = d.candidate[1].state.circuit = AIGW_BREAKER_OPEN;
    d.candidate[0].state.wait_ms = 11001;
    d.candidate[1].state.wait_ms = 3000;
    aigw_router_order(&d, &r);
    t_line("pinned and forced", why(), "x-aigw-route -> large; in order, all circuits open; not b: circuit open (12 s); not c: circuit open (3 s)");
    aigw_router_tried(&d, now, 1)->kind = AIGW_KIND_CONNECT;
    aigw_router_stepped(&d, AIGW_DEGRADE_ROUTE, str("small"));
    t_int("down the chain", aigw_router_find_route(&d, &r, str("small"), NULL), 0);
    aigw_router_order(&d, &r);
    aigw_router_tried(&d, now, 0);
    t_line("degraded; the tries before are kept", why(), "x-aigw-route -> degraded -> small; in order; c: connect; a");
    memset(longest, 'x', sizeof longest);
    for (int i = 0; i < 3; i++) {
        aigw_router_try *t = aigw_router_tried(&d, now, 0);
        t->name.p = longest;
        t->name.n = 100;
        t->kind = AIGW_KIND_TIMEOUT;
    }
    t_int("what does not fit is not begun", strlen(why()), 58 + 111);
    longest[0] = '\n';
    t_ok("nothing that a header cannot hold", !strchr(why(), '\n'));
    for (int i = 0; i < 10; i++) aigw_router_tried(&d, now, 0);
    t_int("tries", d.tries_n, AIGW_ROUTER_TRIES);
    t_int("lost", d.tries_lost, 2 + 3 + 10 - AIGW_ROUTER_TRIES);
    t_int("the last one is there", d.tries[AIGW_ROUTER_TRIES - 1].name.n, 1);
    now.mono_ns = 1;
    t_int("time that goes back", aigw_router_tried(&d, now, 0)->at_ms, 0);
}

/* ---- the record */

static const char record[] =
    "{\"version\":1,\"wall_s\":1800000000,\"mono_ns\":\"5000000000\",\"seed\":\"18446744073709551615\",\"turn\":3,\"priced\":true,"
    "\"request\":{\"tenant\":\"t\",\"model\":\"w\",\"op\":\"chat\",\"facts\":[\"tools\",\"stream\"],\"needs\":[\"tools\"],\"text_bytes\":4000,\"choices\":1,"
    "\"require\":\"ttft_p90<=800ms; usd<=0.01\"},\"route\":\"w\",\"candidates\":["
    "{\"name\":\"a\",\"not\":\"lacks what the request needs\",\"lacks\":[\"tools\"],\"likely_nusd\":2024000,\"bound_nusd\":@,\"state\":{}},"
    "{\"name\":\"b\",\"not\":\"not allowed for this tenant\",\"likely_nusd\":10680000,\"bound_nusd\":@,\"state\":{}},"
    "{\"name\":\"c\",\"not\":\"does not satisfy x-aigw-require\",\"lacks\":0,\"state\":{\"in_flight\":2,\"ttft_p90_us\":900000}}],"
    "\"order\":[0,1,2],\"tries\":[{\"name\":\"a\",\"kind\":\"server\",\"why\":\"x\",\"hedge\":true,\"at_ms\":1,\"took_ms\":7,\"nusd\":9}]}";
static aigw_str encoded(void) {
    aigw_out o;
    char *text = (char *)t_alloc(16384);
    aigw_base_out_init(&o, text, 16384, NULL, 0);
    t_int("written", aigw_router_encode(&d, &o), 0);
    return aigw_base_out_str(&o);
}
T(record_by_hand) {
    aigw_router_try *t;
    aigw_str got;
    char want[1500];
    size_t n = 0, k = 0;
    aigw_now now = { 5000000000u, 1800000000 };
    load(plain);
    ask("w");
    tenant();
    d.now = now;
    d.seed = UINT64_MAX;
    d.turn = 3;
    d.priced = 1;
    d.facts.facts = AIGW_FACT(TOOLS) | AIGW_FACT(STREAM);
    d.facts.needs = AIGW_CAN(TOOLS);
    require_("ttft_p90<=800ms; usd<=0.01");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    d.candidate[2].state.ttft_us[1] = 900000;
    d.candidate[2].state.in_flight = 2;
    aigw_router_order(&d, &r);
    now.mono_ns += 1999999;
    t = aigw_router_tried(&d, now, 0);
    t->kind = AIGW_KIND_SERVER;
    t->why = "x";
    t->took_ms = 7;
    t->nusd = 9;
    t->hedge = 1;
    for (const char *p = record; *p; p++) {            /* bounds are >>policy.price's to know */
        if (*p == '@') n += (size_t)sprintf(want + n, "%lld", (long long)d.candidate[k++].bound_nusd);
        else want[n++] = *p;
    }
    want[n] = 0;
    got = encoded();
    t_str("canonical", got.p, got.n, want);
}

static const struct { const char *label, *text; int code; const char *path; } faults[] = {
    { "not JSON", "{", AIGW_E_SYNTAX, "" },
    { "no version", "{}", AIGW_E_MISSING, "" },
    { "another version", "{\"version\":2}", AIGW_E_VALUE, "version" },
    { "unknown member", "{\"version\":1,\"x\":1}", AIGW_E_VALUE, "x" },
    { "twice", "{\"version\":1,\"turn\":1,\"turn\":1}", AIGW_E_DUPLICATE, "turn" },
    { "seed as a number", "{\"version\":1,\"seed\":1}", AIGW_E_TYPE, "seed" },
    { "seed too large", "{\"version\":1,\"seed\":\"18446744073709551616\"}", AIGW_E_VALUE, "seed" },
    { "seed empty", "{\"version\":1,\"seed\":\"\"}", AIGW_E_VALUE, "seed" },
    { "turn below zero", "{\"version\":1,\"turn\":-1}", AIGW_E_VALUE, "turn" },
    { "turn too large", "{\"version\":1,\"turn\":4294967296}", AIGW_E_VALUE, "turn" },
    { "no such route", "{\"version\":1,\"route\":\"z\"}", AIGW_E_VALUE, "route" },
    { "no such task", "{\"version\":1,\"task\":1}", AIGW_E_VALUE, "" },
    { "no such fact", "{\"version\":1,\"request\":{\"facts\":[\"tools\",\"z\"]}}", AIGW_E_VALUE, "request.facts[1]" },
    { "a requirement", "{\"version\":1,\"request\":{\"require\":\"z\"}}", AIGW_E_VALUE, "request.require" },
    { "unknown in a request", "{\"version\":1,\"request\":{\"z\":1}}", AIGW_E_VALUE, "request.z" },
    { "a candidate without a name", "{\"version\":1,\"candidates\":[{}],\"order\":[0]}", AIGW_E_MISSING, "candidates[0]" },
    { "unknown in a state", "{\"version\":1,\"candidates\":[{\"name\":\"a\",\"state\":{\"z\":1}}]}", AIGW_E_VALUE, "candidates[0].state.z" },
    { "no such circuit", "{\"version\":1,\"candidates\":[{\"name\":\"a\",\"state\":{\"circuit\":\"z\"}}]}", AIGW_E_VALUE, "candidates[0].state.circuit" },
    { "order too short", "{\"version\":1,\"candidates\":[{\"name\":\"a\"}],\"order\":[]}", AIGW_E_VALUE, "" },
    { "satisfied without an order", "{\"version\":1,\"candidates\":[{\"name\":\"a\"}],\"satisfy\":1}", AIGW_E_VALUE, "" },
    { "no such step", "{\"version\":1,\"degraded\":[\"down\"]}", AIGW_E_VALUE, "degraded[0]" },
    { "too many steps", "{\"version\":1,\"degraded\":[\"queue\",\"queue\",\"queue\",\"queue\",\"queue\",\"queue\",\"queue\"]}", AIGW_E_LIMIT, "degraded[6]" },
    { "no such word of the cache", "{\"version\":1,\"cache\":\"miss\"}", AIGW_E_VALUE, "cache" },
    { "order beyond", "{\"version\":1,\"candidates\":[{\"name\":\"a\"}],\"order\":[1]}", AIGW_E_VALUE, "" },
    { "order twice", "{\"version\":1,\"candidates\":[{\"name\":\"a\"}],\"order\":[0,0]}", AIGW_E_DUPLICATE, "order[1]" },
    { "satisfy beyond", "{\"version\":1,\"candidates\":[{\"name\":\"a\"}],\"order\":[0],\"satisfy\":2}", AIGW_E_VALUE, "" },
    { "cheapest beyond", "{\"version\":1,\"candidates\":[{\"name\":\"a\"}],\"order\":[0],\"cheapest\":1}", AIGW_E_VALUE, "" },
    { "too many", "{\"version\":1,\"candidates\":[{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},"
      "{\"name\":\"a\"}]}", AIGW_E_LIMIT, "candidates[8]" },
    { "no such kind", "{\"version\":1,\"tries\":[{\"kind\":\"z\"}]}", AIGW_E_VALUE, "tries[0].kind" },
    { "something behind", "{\"version\":1} x", AIGW_E_SYNTAX, "" },
    { "the least", "{\"version\":1}", AIGW_OK, "" }
};
T(record_faults) {
    uint8_t was[AIGW_ROUTER_CANDIDATES];
    unsigned n;
    aigw_fault fault;
    load(plain);
    for (size_t i = 0; i < T_COUNT(faults); i++) {
        aigw_str s;
        t_row(faults[i].label);
        memset(&fault, 0, sizeof fault);
        n = 7;
        s.n = strlen(faults[i].text);
        s.p = t_dup(faults[i].text, s.n);
        t_int("code", aigw_router_decode(s, &r, &mem, &d, was, &n, &fault), faults[i].code);
        t_line("where", fault.path, faults[i].path);
        t_int("none was taken", n, 0);
    }
    t_row("a model that is gone");
    t_int("is read", aigw_router_decode(str("{\"version\":1,\"candidates\":[{\"name\":\"gone\"}],\"order\":[0],\"satisfy\":1}"), &r, &mem, &d, was, &n, &fault), 0);
    t_int("and was taken", n, 1);
    t_int("but is not now", aigw_router_order(&d, &r), 0);
    t_line("why", ordered(), "gone: not available");
}
T(record_memory) {      /* any size too small is an error, in writing and in reading */
    uint8_t was[AIGW_ROUTER_CANDIDATES];
    unsigned n;
    aigw_str text;
    aigw_router_decision back;
    size_t most = 0;
    load(plain);
    ask("w");
    d.facts.who.dim[AIGW_DIM_USER] = str("a\"b");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    aigw_router_order(&d, &r);
    aigw_router_tried(&d, d.now, 0)->why = "two words";
    text = encoded();
    for (size_t cap = 0; cap < text.n; cap++) {
        aigw_out o;
        aigw_base_out_init(&o, t_dup("", 0), 0, NULL, 0);
        aigw_base_out_init(&o, (char *)t_alloc(cap), cap, NULL, 0);
        if (aigw_router_encode(&d, &o) != AIGW_E_NOMEM || o.buf.n != text.n) t_fail("writing");
        t_.mems--, free(t_.mem[t_.mems]), t_.mems--, free(t_.mem[t_.mems]);
    }
    for (size_t cap = 0; cap < 64; cap++) {
        char *p = (char *)t_alloc(cap);
        aigw_arena m = aigw_base_arena(p, cap);
        aigw_fault fault;
        memset(&fault, 0, sizeof fault);
        if (aigw_router_decode(text, &r, &m, &back, was, &n, &fault)) most = cap;
        else break;
        t_int("code", fault.code, AIGW_E_NOMEM);
    }
    t_int("3 bytes, and 10 with the zero", most, 12);
}

/* The law of replay: whatever the registry, request, states, seed and time, the record read back gives the same order and the same record. */
static aigw_str one_of(const char *const *words, size_t n) { return str(words[t_rand() % n]); }
static void random_registry(void) {
    static const char *const orders[] = { "fixed", "weight", "cheapest", "fastest", "p2c", "least_busy", "score" };
    char *text = (char *)t_alloc(8000);
    size_t n = 0, models = 2 + t_rand() % 7, routes = 1 + t_rand() % 3;
    n += (size_t)sprintf(text + n, "{" PROVIDERS ",\"models\":{");
    for (size_t i = 0; i < models; i++) {
        n += (size_t)sprintf(text + n, "%s\"m%d\":{\"provider\":\"%s\"", i ? "," : "", (int)i, t_rand() % 2 ? "p" : "q");
        if (t_rand() % 2) n += (size_t)sprintf(text + n, ",\"context\":%d,\"max_output\":%d", (int)(t_rand() % 20000), (int)(t_rand() % 9000));
        if (t_rand() % 3) n += (size_t)sprintf(text + n, ",\"price\":{\"input\":\"%d.%d\",\"output\":\"%d\"}", (int)(t_rand() % 9), (int)(t_rand() % 100), (int)(t_rand() % 90));
        if (t_rand() % 2) n += (size_t)sprintf(text + n, ",\"grade\":%d", (int)(1 + t_rand() % 5));
        if (t_rand() % 3 == 0) n += (size_t)sprintf(text + n, ",\"no\":[\"tools\"]");
        n += (size_t)sprintf(text + n, "}");
    }
    n += (size_t)sprintf(text + n, "},\"routes\":{");
    for (size_t i = 0; i < routes; i++) {
        n += (size_t)sprintf(text + n, "%s\"r%d\":{\"order\":\"%s\",\"models\":[", i ? "," : "", (int)i, orders[t_rand() % 7]);
        for (size_t k = 0, of = 1 + t_rand() % 11; k < of; k++)
            if (t_rand() % 2) n += (size_t)sprintf(text + n, "%s{\"model\":\"m%d\",\"weight\":%d}", k ? "," : "", (int)(t_rand() % models), (int)(1 + t_rand() % 50));
            else n += (size_t)sprintf(text + n, "%s\"p/x%d\"", k ? "," : "", (int)k);
        n += (size_t)sprintf(text + n, "]}");
    }
    sprintf(text + n, "},\"tasks\":[{\"when\":{\"feature\":\"f\"},\"route\":\"r0\"},{\"when\":{\"tools\":true,\"max_tokens\":900},\"route\":\"r0\"}],"
                      "\"tenants\":{\"t\":{\"routes\":[\"r0\",\"m0\",\"m1\"]}}}");
    load(text);
}
static void random_request(void) {
    static const char *const names[] = { "r0", "r1", "r2", "m0", "m1", "m7", "p/x1", "q/y" }, *const tenants[] = { "", "", "t", "u\"\\\xC3\xA9" }, *const features[] = { "", "f", "g" },
        *const requires2[] = { "", "", "usd<=0.01", "ttft_p90<=800ms; grade.code>=2", "errors<=5%;tokens_s>=20;context>=1000", "ttft_p50<=1501us;max_output>=100" };
    static const uint8_t ops[] = { AIGW_OP_CHAT, AIGW_OP_CHAT, AIGW_OP_COUNT_TOKENS, AIGW_OP_EMBED };
    memset(&d, 0, sizeof d);
    d.facts.who.dim[AIGW_DIM_MODEL] = one_of(names, T_COUNT(names));
    d.facts.who.dim[AIGW_DIM_TENANT] = one_of(tenants, T_COUNT(tenants));
    d.facts.who.dim[AIGW_DIM_FEATURE] = one_of(features, T_COUNT(features));
    if (t_rand() % 4 == 0) d.facts.route = one_of(names, T_COUNT(names));
    require_(requires2[t_rand() % T_COUNT(requires2)]);
    d.facts.op = ops[t_rand() % T_COUNT(ops)];
    d.facts.facts = (uint32_t)(t_rand() & ((1u << AIGW_FACT_COUNT) - 1));
    d.facts.needs = t_rand() % 2 ? AIGW_CAN(TOOLS) | AIGW_CAN(VISION) : 0;
    d.facts.size.text_bytes = (int64_t)(t_rand() % 60000);
    d.facts.size.part_tokens = (int64_t)(t_rand() % 2 * 300);
    d.facts.size.part_likely = d.facts.size.part_tokens / 2;
    d.facts.size.unknown = t_rand() % 5 == 0;
    d.facts.size.choices = 1 + (uint32_t)(t_rand() % 3);
    d.facts.size.max_output = (int64_t)(t_rand() % 5000) - 1;
    d.facts.size.tools_hosted = (uint32_t)(t_rand() % 2);
    d.facts.terms.batch = t_rand() % 4 == 0;
    d.facts.terms.tier = str(t_rand() % 3 ? "" : "flex");
    d.seed = t_rand();
    d.turn = (uint32_t)t_rand();
    d.now.mono_ns = t_rand();
    d.now.wall_s = (int64_t)(t_rand() % 4000000000u);
    d.priced = t_rand() % 4 == 0;
}
static void random_states(void) {
    int mostly = t_rand() % 4 != 0, outage = t_rand() % 6 == 0;
    for (int i = 0; i < d.n; i++) {
        aigw_router_state *s = &d.candidate[i].state;
        if (!outage && t_rand() % 4 == 0) continue;
        d.candidate[i].off = t_rand() % 20 == 0;
        s->circuit = outage ? (uint8_t)AIGW_BREAKER_OPEN : (uint8_t)(mostly && t_rand() % 3 ? 0 : t_rand() % 3);
        s->benched = t_rand() % 9 == 0;
        s->spared = t_rand() % 9 == 0;
        s->over_budget = t_rand() % 9 == 0;
        s->wait_ms = t_rand() % 3 ? 0 : (uint32_t)(t_rand() % 20000);
        s->in_flight = (uint32_t)(t_rand() % 5);
        for (int k = 0; k < 3; k++) s->ttft_us[k] = t_rand() % 3 ? (int64_t)(t_rand() % 2000000) : -1;
        s->ewma_us = t_rand() % 3 ? (int64_t)(t_rand() % 2000000) : -1;
        s->tokens_s = t_rand() % 3 ? (int64_t)(t_rand() % 90000) : -1;
        s->error_ppm = (int64_t)(t_rand() % 100000);
        s->milli_bytes_per_token = t_rand() % 2 ? 0 : (uint32_t)(1000 + t_rand() % 5000);
    }
}
T(replay) {
    unsigned long some = 0, none = 0, explored = 0, forced = 0, by_strategy[7] = { 0 };
    for (int i = 0; i < 300; i++) {
        random_registry();
        for (int k = 0; k < 20; k++) {
            aigw_router_decision first, back;
            aigw_str text, again;
            aigw_arena m = aigw_base_arena(t_alloc(500), 500);
            aigw_fault fault;
            uint8_t was[AIGW_ROUTER_CANDIDATES];
            unsigned n = 99, tries = (unsigned)(t_rand() % 11);
            aigw_now now;
            memset(&fault, 0, sizeof fault);
            random_request();
            if (aigw_router_find(&d, &r, NULL, NULL)) continue;
            random_states();
            aigw_router_order(&d, &r);
            for (int s = (int)(t_rand() % 4); s > 0; s--) {
                const int step = 1 + (int)(t_rand() % 4);
                aigw_router_stepped(&d, step, str(step == AIGW_DEGRADE_ROUTE ? "x\"y" : ""));
            }
            d.cached = (uint8_t)(t_rand() % 4);
            now = d.now;
            while (d.n && tries--) {
                aigw_router_try *t;
                now.mono_ns += t_rand() % 1000000000;
                t = aigw_router_tried(&d, now, (unsigned)(t_rand() % d.n));
                t->kind = (uint8_t)(t_rand() % AIGW_KIND_COUNT);
                t->why = t_rand() % 2 ? NULL : "late \"x\"";
                t->nusd = (int64_t)(t_rand() % 1000);
                t->hedge = t_rand() % 2;
            }
            text = encoded();
            first = d;
            t_int("read", aigw_router_decode(text, &r, &m, &back, was, &n, &fault), 0);
            if (fault.code) printf("%s: %s\n", fault.path, fault.text);
            t_int("how many satisfied", n, first.first);
            t_mem("order was", was, first.n, first.order, first.n);
            for (int c = 0; c < back.n; c++) back.candidate[c].filter = 0, back.candidate[c].lacks = 9, back.candidate[c].score = -7;
            memset(back.order, 0, sizeof back.order);
            aigw_router_order(&back, &r);
            t_mem("the same order", back.order, back.n, first.order, first.n);
            d = back;
            again = encoded();
            t_mem("the same record", again.p, again.n, text.p, text.n);
            some += first.first != 0;
            none += !first.first;
            explored += first.explored;
            forced += first.forced;
            by_strategy[first.strategy]++;
            if (t_.bad) return;
        }
        t_free_all();
    }
    t_ok("some satisfied", some > 1000);
    t_ok("none", none > 100);
    t_ok("one was asked to know its speed", explored > 0);
    t_ok("forced", forced > 10);
    for (int i = 0; i < 7; i++) t_ok("every strategy occurred", by_strategy[i] > 100);
}
T(every_cut) {          /* a record that is cut anywhere is an error, never more */
    uint8_t was[AIGW_ROUTER_CANDIDATES];
    unsigned n;
    aigw_str text;
    aigw_router_decision back;
    aigw_fault fault;
    load(plain);
    ask("w");
    t_int("found", aigw_router_find(&d, &r, NULL, NULL), 0);
    aigw_router_order(&d, &r);
    text = encoded();
    for (size_t i = 0; i < text.n; i++) {
        aigw_str cut;
        cut.n = i;
        cut.p = t_dup(text.p, i);
        memset(&fault, 0, sizeof fault);
        if (aigw_router_decode(cut, &r, &mem, &back, was, &n, &fault) >= 0) t_fail("taken");
    }
}

int main(void) {
    T_RUN(facts); T_RUN(requirements); T_RUN(routes); T_RUN(plain_text); T_RUN(ten_candidates); T_RUN(filters); T_RUN(forced);
    T_RUN(cheapest); T_RUN(fastest); T_RUN(p2c); T_RUN(least_busy); T_RUN(score); T_RUN(weights); T_RUN(why);
    T_RUN(record_by_hand); T_RUN(record_faults); T_RUN(record_memory); T_RUN(replay); T_RUN(every_cut);
    return t_end();
}
