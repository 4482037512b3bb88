/* SPDX-License-Identifier: MIT OR Unlicense */
/* The registry: what a configuration means, every complaint with its place, and how names are found. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

static const aigw_dialect *const dialects[] = { AIGW_DIALECTS };
static char memory[65536];
static aigw_arena mem;
static aigw_registry r;
static aigw_fault faults[8];
static aigw_registry_faults list;

static int read_text(const char *text, size_t room) {
    mem = aigw_base_arena(memory, room);
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = T_COUNT(faults);
    aigw_registry_init(&r, dialects, T_COUNT(dialects), &mem);
    {
        aigw_str s;
        s.n = strlen(text);
        s.p = t_dup(text, s.n);
        return aigw_registry_read(&r, s, &list);
    }
}
static aigw_str str(const char *s) { return aigw_base_str(s); }

static const char good[] =
    "{ \"version\": 1, \"listen\": \"127.0.0.1:8080\",\n"
    "  \"routes\": { \"smart\": { \"models\": [\"sonnet\", \"box/llama\"], \"attempts\": 2, \"idle_ms\": -1 } },\n"
    "  \"models\": { \"sonnet\": { \"provider\": \"claude\", \"id\": \"claude-x\", \"context\": 200000, \"max_output\": 64000, \"can\": [\"tools\", \"vision\"], \"no\": [\"prefill\"],\n"
    "                 \"effort\": [\"low\", \"high\"], \"total_ms\": 1000, \"idle_ms\": 5 } },\n"
    "  \"providers\": { \"claude\": { \"dialect\": \"anthropic\", \"base_url\": \"https://api.anthropic.com\", \"key\": \"env:KEY\", \"version\": \"2023-06-01\", \"connect_ms\": 9 },\n"
    "                 \"box\": { \"dialect\": \"openai-chat\", \"base_url\": \"http:\\/\\/[::1]:8000/v1/\" } } }";

T(reads) {
    aigw_registry_pick picks[4];
    const aigw_registry_route *route;
    t_int("code", read_text(good, sizeof memory), AIGW_OK);
    t_int("complaints", list.n, 0);
    t_int("found", aigw_registry_find(&r, str("smart"), dialects[0], picks, 4, &route), 2);
    t_ok("route", route && route->attempts == 2);
    t_str("model", picks[0].target.name.p, picks[0].target.name.n, "sonnet");
    t_str("id", picks[0].target.id.p, picks[0].target.id.n, "claude-x");
    t_str("provider", picks[0].target.provider.p, picks[0].target.provider.n, "claude");
    t_str("version", picks[0].target.version.p, picks[0].target.version.n, "2023-06-01");
    t_str("efforts", picks[0].target.efforts.p, picks[0].target.efforts.n, "low high");
    t_ok("dialect", picks[0].target.dialect == &aigw_dialect_anthropic);
    t_int("can", picks[0].target.can, AIGW_CAN(TOOLS) | AIGW_CAN(VISION));
    t_int("no", picks[0].target.no, AIGW_CAN(PREFILL));
    t_int("context", picks[0].target.context, 200000);
    t_int("output", picks[0].target.max_output, 64000);
    t_int("time of the provider", picks[0].times.connect_ms, 9);
    t_int("of the model", picks[0].times.total_ms, 1000);
    t_int("of the route, over the model's", picks[0].times.idle_ms, UINT32_MAX);
    t_str("key", picks[0].provider->key.p, picks[0].provider->key.n, "env:KEY");
    t_str("without an entry", picks[1].target.name.p, picks[1].target.name.n, "box/llama");
    t_str("its id", picks[1].target.id.p, picks[1].target.id.n, "llama");
    t_str("its base", picks[1].target.base.p, picks[1].target.base.n, "/v1");
    t_str("host", picks[1].provider->host.p, picks[1].provider->host.n, "::1");
    t_str("authority", picks[1].provider->authority.p, picks[1].provider->authority.n, "[::1]:8000");
    t_int("port", picks[1].provider->port, 8000);
    t_int("by model", aigw_registry_find(&r, str("sonnet"), dialects[0], picks, 4, &route), 1);
    t_ok("no route", route == NULL);
    t_int("by provider/id", aigw_registry_find(&r, str("claude/other/name"), dialects[0], picks, 4, &route), 1);
    t_str("the rest is the id", picks[0].target.id.p, picks[0].target.id.n, "other/name");
    t_int("nobody", aigw_registry_find(&r, str("nobody"), dialects[0], picks, 4, &route), AIGW_E_MISSING);
    t_int("no id", aigw_registry_find(&r, str("claude/"), dialects[0], picks, 4, &route), AIGW_E_MISSING);
    t_int("empty", aigw_registry_find(&r, str(""), dialects[0], picks, 4, &route), AIGW_E_MISSING);
    t_int("no more than there is room", aigw_registry_find(&r, str("smart"), dialects[0], picks, 1, &route), 1);
}

T(complains) {
#define P "\"providers\":{\"p\":{\"dialect\":\"gemini\",\"base_url\":\"https://g\"}}"
    static const struct { const char *text; int code; const char *path; size_t complaints; } rows[] = {
        { "{\"providers\":", AIGW_E_SYNTAX, "providers", 1 },
        { "[]", AIGW_E_TYPE, "", 1 },
        { "{\"providers\":[]}", AIGW_E_TYPE, "providers", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":\"gemini\"}}}", AIGW_E_MISSING, "providers.p", 1 },
        { "{\"providers\":{\"p\":{\"base_url\":\"https://g\"}}}", AIGW_E_MISSING, "providers.p", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":\"gemeni\",\"base_url\":\"https://g\"}}}", AIGW_E_VALUE, "providers.p.dialect", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":\"mistral\",\"base_url\":\"https://g\"}}}", AIGW_E_VALUE, "providers.p.dialect", 1 },   /* of clients only */
        { "{\"providers\":{\"p\":{\"dialect\":\"gemini\",\"base_url\":\"ftp://g\"}}}", AIGW_E_VALUE, "providers.p.base_url", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":7,\"base_url\":\"https://g\"}}}", AIGW_E_TYPE, "providers.p.dialect", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":\"gemini\",\"dialect\":\"gemini\",\"base_url\":\"https://g\"}}}", AIGW_E_DUPLICATE, "providers.p.dialect", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":\"gemini\",\"base_url\":\"https://g\",\"colour\":1}}}", AIGW_OK, "providers.p.colour", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":\"gemini\",\"base_url\":\"https://g\",\"idle_ms\":-2}}}", AIGW_E_VALUE, "providers.p.idle_ms", 1 },
        { "{\"providers\":{\"p\":{\"dialect\":\"gemini\",\"base_url\":\"https://g\"},\"p\":{\"dialect\":\"gemini\",\"base_url\":\"https://g\"}}}", AIGW_E_DUPLICATE, "providers.p", 1 },
        { "{" P ",\"models\":{\"m\":{\"provider\":\"q\"}}}", AIGW_E_VALUE, "models.m.provider", 1 },
        { "{" P ",\"models\":{\"m\":{}}}", AIGW_E_MISSING, "models.m", 1 },
        { "{" P ",\"models\":{\"m\":{\"provider\":\"p\",\"can\":[\"tols\"]}}}", AIGW_OK, "models.m.can[0]", 1 },
        { "{" P ",\"models\":{\"m\":{\"provider\":\"p\",\"context\":-1}}}", AIGW_E_VALUE, "models.m.context", 1 },
        { "{" P ",\"models\":{\"m\":{\"provider\":\"p\",\"price\":{\"input\":\"1\"}}}}", AIGW_OK, "models.m.price", 1 },
        { "{" P ",\"models\":{\"\":{\"provider\":\"p\"}}}", AIGW_E_VALUE, "models[\"\"]", 1 },
        { "{" P ",\"routes\":{\"w\":{}}}", AIGW_E_MISSING, "routes.w", 1 },
        { "{" P ",\"routes\":{\"w\":{\"models\":[]}}}", AIGW_E_VALUE, "routes.w.models", 1 },
        { "{" P ",\"routes\":{\"w\":{\"models\":[\"p/x\",\"y\"]}}}", AIGW_E_VALUE, "routes.w.models[1]", 1 },
        { "{" P ",\"routes\":{\"w\":{\"models\":[\"p/x\"],\"attempts\":0}}}", AIGW_E_VALUE, "routes.w.attempts", 1 },
        { "{" P ",\"models\":{\"w\":{\"provider\":\"p\"}},\"routes\":{\"w\":{\"models\":[\"p/x\"]}}}", AIGW_E_DUPLICATE, "routes.w", 1 },
        { "{\"providers\":{\"p\":{},\"q\":{},\"r\":{\"x\":1}}}", AIGW_E_MISSING, "providers.p", 4 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].text);
        t_int("code", read_text(rows[i].text, sizeof memory), rows[i].code);
        t_int("complaints", list.n, rows[i].complaints);
        t_str("field", faults[0].path, strlen(faults[0].path), rows[i].path);
        t_ok("says what", faults[0].text && *faults[0].text);
        if (!rows[i].code) t_int("a warning", faults[0].code, AIGW_E_UNSUPPORTED);
    }
}

T(urls) {
    static const struct { const char *url; int code, scheme, port; const char *host, *authority, *base; } rows[] = {
        { "https://api.x.ai/v1", 0, AIGW_SCHEME_HTTPS, 443, "api.x.ai", "api.x.ai", "/v1" }, { "HTTP://box:8000", 0, AIGW_SCHEME_HTTP, 8000, "box", "box:8000", "" },
        { "http://h/a/b//", 0, AIGW_SCHEME_HTTP, 80, "h", "h", "/a/b" }, { "http://[::1]", 0, AIGW_SCHEME_HTTP, 80, "::1", "[::1]", "" },
        { "unix:/run/llm.sock", 0, AIGW_SCHEME_UNIX, 0, "/run/llm.sock", "localhost", "" }, { "unix:/run/llm.sock:/v1", 0, AIGW_SCHEME_UNIX, 0, "/run/llm.sock", "localhost", "/v1" },
        { "builtin:", 0, AIGW_SCHEME_BUILTIN, 0, "localhost", "localhost", "" },
        { "", AIGW_E_VALUE, 0, 0, "", "", "" }, { "h", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://h:0", AIGW_E_VALUE, 0, 0, "", "", "" },
        { "http://h:65536", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://h:8x", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://u:p@h", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://h/a?b", AIGW_E_VALUE, 0, 0, "", "", "" },
        { "http://h a", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://[::1", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://[::1]x", AIGW_E_VALUE, 0, 0, "", "", "" }, { "unix:", AIGW_E_VALUE, 0, 0, "", "", "" }, { "http://h\r\nx: y", AIGW_E_VALUE, 0, 0, "", "", "" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_registry_provider p;
        aigw_str url;
        url.n = strlen(rows[i].url);
        url.p = t_dup(rows[i].url, url.n);
        memset(&p, 0, sizeof p);
        t_row(rows[i].url);
        t_int("code", aigw_registry_url(url, &p), rows[i].code);
        if (rows[i].code) continue;
        t_int("scheme", p.scheme, rows[i].scheme);
        t_int("port", p.port, rows[i].port);
        t_str("host", p.host.p, p.host.n, rows[i].host);
        t_str("authority", p.authority.p, p.authority.n, rows[i].authority);
        t_str("base", p.base.p, p.base.n, rows[i].base);
    }
}

/* By calls: what a server finds in its environment, under what a file says. */
T(calls) {
    aigw_registry_provider p;
    aigw_registry_model m;
    aigw_registry_pick pick;
    const aigw_registry_route *route;
    aigw_model_info *infos;
    aigw_str one = AIGW_STR("mock/x");
    aigw_registry_route w;
    mem = aigw_base_arena(memory, sizeof memory);
    aigw_registry_init(&r, dialects, T_COUNT(dialects), &mem);
    memset(&p, 0, sizeof p);
    memset(&m, 0, sizeof m);
    memset(&w, 0, sizeof w);
    p.name = str("mock");
    p.dialect = dialects[0];
    p.other = 1;
    t_int("url", aigw_registry_url(str("builtin:"), &p), 0);
    t_ok("provider", aigw_registry_add_provider(&r, &p) != NULL);
    p.name = str("mock/anthropic");
    p.dialect = &aigw_dialect_anthropic;
    p.other = 0;
    t_ok("provider", aigw_registry_add_provider(&r, &p) != NULL);
    for (size_t i = 0; i < T_COUNT(dialects); i++) {
        t_int("mock", aigw_registry_find(&r, str("mock/echo"), dialects[i], &pick, 1, &route), 1);
        t_ok("answers in another dialect, of providers", pick.target.dialect != dialects[i] && pick.target.dialect->req_edit);
        t_int("named", aigw_registry_find(&r, str("mock/anthropic/echo"), dialects[i], &pick, 1, &route), 1);
        t_ok("in that", pick.target.dialect == &aigw_dialect_anthropic);
        t_str("id", pick.target.id.p, pick.target.id.n, "echo");
    }
    m.target.name = str("m");
    m.target.provider = str("nobody");
    t_ok("unknown provider", aigw_registry_add_model(&r, &m) == NULL);
    m.target.provider = str("mock");
    m.target.id = str("one");
    t_ok("model", aigw_registry_add_model(&r, &m) != NULL);
    m.target.id = str("two");
    t_ok("again, replaced", aigw_registry_add_model(&r, &m) == aigw_registry_model_of(&r, str("m")));
    w.name = str("w");
    w.models = &one;
    w.n = 1;
    t_ok("route", aigw_registry_add_route(&r, &w) != NULL);
    t_int("list", aigw_registry_list(&r, str(""), &mem, &infos), 2);
    t_str("route's owner", infos[1].owner.p, infos[1].owner.n, "aigw");
    t_int("single", aigw_registry_list(&r, str("w"), &mem, &infos), 1);
    t_int("by provider/id", aigw_registry_list(&r, str("mock/zzz"), &mem, &infos), 1);
    t_int("nobody", aigw_registry_list(&r, str("zzz"), &mem, &infos), 0);
    aigw_registry_provider_of(&r, str("mock"))->off = str("switched off");
    t_int("what is off is not listed", aigw_registry_list(&r, str(""), &mem, &infos), 1);
}

T(memory_from_nothing) {
    size_t room;
    int code = AIGW_E_NOMEM;
    for (room = 0; code && room < sizeof memory; room++) {
        code = read_text(good, room);
        if (code) t_int("says so", code, AIGW_E_NOMEM);
        while (t_.mems) free(t_.mem[--t_.mems]);
    }
    t_ok("in the end", !code);
}

T(comments) {
    char more[] = "{\"a\":/**/1, /* x\n // */\"/*b*/\": 2 } /* no end";
    char text[] = "{ // a comment \"x\n \"a\": \"http://b\", // another // \n \"c\\\"\": 1 }//";
    aigw_str s;
    size_t column;
    aigw_registry_blank(text, sizeof text - 1);
    t_str("blanked", text, sizeof text - 1, "{                \n \"a\": \"http://b\",               \n \"c\\\"\": 1 }  ");
    aigw_registry_blank(more, sizeof more - 1);
    t_str("over lines", more, sizeof more - 1, "{\"a\":    1,     \n      \"/*b*/\": 2 } /* no end");
    s = str("a\nbc\n\nd");
    t_int("line", aigw_registry_line(s, 3, &column), 2);
    t_int("column", column, 2);
    t_int("end", aigw_registry_line(s, 6, &column), 4);
}

/* The first place of a name that is hashed to a full bucket, among many. */
T(many) {
    char name[2000][12];
    aigw_registry_provider p;
    aigw_registry_model m;
    char *big = (char *)t_alloc(4 << 20);
    mem = aigw_base_arena(big, 4 << 20);
    aigw_registry_init(&r, dialects, T_COUNT(dialects), &mem);
    memset(&p, 0, sizeof p);
    memset(&m, 0, sizeof m);
    p.name = m.target.provider = str("p");
    p.dialect = dialects[0];
    (void)aigw_registry_add_provider(&r, &p);
    for (int i = 0; i < 2000; i++) {
        sprintf(name[i], "m%d", i);
        m.target.name = m.target.id = str(name[i]);
        t_ok("added", aigw_registry_add_model(&r, &m) != NULL);
    }
    for (int i = 0; i < 2000; i++) t_ok("found", aigw_registry_model_of(&r, str(name[i])) && aigw_base_eq(aigw_registry_model_of(&r, str(name[i]))->target.id, str(name[i])));
}

/* `auth`: what each type needs and takes, each complaint at its place. */
T(auth) {
    static const struct { const char *label, *more, *path; int code; const char *scheme; } rows[] = {
        { "sigv4", "\"auth\":{\"type\":\"sigv4\",\"region\":\"us-east-1\",\"service\":\"bedrock\",\"access_key\":\"env:A\",\"secret_key\":\"env:B\",\"session_token\":\"env:C\"}", "", 0, "sigv4" },
        { "gcp", "\"auth\":{\"type\":\"gcp\",\"credentials\":\"file:key.json\"}", "", 0, "gcp" },
        { "entra", "\"auth\":{\"type\":\"entra\",\"tenant\":\"t\",\"client_id\":\"i\",\"client_secret\":\"env:S\",\"scope\":\"s\"}", "", 0, "entra" },
        { "bearer", "\"auth\":{\"type\":\"bearer\",\"key\":\"env:K\"}", "", 0, "bearer" },
        { "bearer with the provider's key", "\"auth\":{\"type\":\"bearer\"},\"key\":\"env:K\"", "", 0, "bearer" },
        { "header", "\"key\":\"k\",\"auth\":{\"header\":\"api-key\",\"type\":\"header\"}", "", 0, "header" },
        { "no type", "\"auth\":{\"key\":\"k\"}", "providers.p.auth.type", AIGW_E_MISSING, NULL },
        { "unknown type", "\"auth\":{\"type\":\"kerberos\"}", "providers.p.auth.type", AIGW_E_VALUE, NULL },
        { "type of another kind", "\"auth\":{\"type\":1}", "providers.p.auth.type", AIGW_E_TYPE, NULL },
        { "no object", "\"auth\":\"bearer\"", "providers.p.auth", AIGW_E_TYPE, NULL },
        { "no region", "\"auth\":{\"type\":\"sigv4\",\"service\":\"s\",\"access_key\":\"a\",\"secret_key\":\"b\"}", "providers.p.auth.region", AIGW_E_MISSING, NULL },
        { "empty secret", "\"auth\":{\"type\":\"sigv4\",\"region\":\"r\",\"service\":\"s\",\"access_key\":\"a\",\"secret_key\":\"\"}", "providers.p.auth.secret_key", AIGW_E_MISSING, NULL },
        { "bearer without a key", "\"auth\":{\"type\":\"bearer\"}", "providers.p.auth.key", AIGW_E_MISSING, NULL },
        { "header without a name", "\"key\":\"k\",\"auth\":{\"type\":\"header\"}", "providers.p.auth.header", AIGW_E_MISSING, NULL },
        { "of another type", "\"auth\":{\"type\":\"bearer\",\"key\":\"k\",\"region\":\"r\"}", "providers.p.auth.region", AIGW_E_VALUE, NULL },
        { "two keys", "\"key\":\"k\",\"auth\":{\"type\":\"bearer\",\"key\":\"k\"}", "providers.p.auth", AIGW_E_DUPLICATE, NULL },
        { "a key that is not used", "\"key\":\"k\",\"auth\":{\"type\":\"gcp\",\"credentials\":\"c\"}", "providers.p.auth", AIGW_E_DUPLICATE, NULL },
        { "twice", "\"auth\":{\"type\":\"bearer\",\"key\":\"k\",\"key\":\"k\"}", "providers.p.auth.key", AIGW_E_DUPLICATE, NULL },
        { "unknown member", "\"auth\":{\"type\":\"bearer\",\"key\":\"k\",\"realm\":1}", "providers.p.auth.realm", AIGW_E_UNSUPPORTED, "bearer" },
        { "raw", "\"raw\":true", "", 0, NULL },
        { "raw of another type", "\"raw\":1", "providers.p.raw", AIGW_E_TYPE, NULL }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[1024];
        const aigw_registry_provider *p;
        int code;
        sprintf(text, "{\"providers\":{\"p\":{\"dialect\":\"anthropic\",\"base_url\":\"https://h\",%s}}}", rows[i].more);
        t_row(rows[i].label);
        code = read_text(text, sizeof memory);
        t_int("code", code, rows[i].code == AIGW_E_UNSUPPORTED ? 0 : rows[i].code);
        t_int("complaints", list.n, rows[i].code != 0);
        if (rows[i].code && list.n) {
            t_int("which", faults[0].code, rows[i].code);
            t_str("where", faults[0].path, strlen(faults[0].path), rows[i].path);
        }
        p = aigw_registry_provider_of(&r, str("p"));
        if (rows[i].scheme) t_ok("scheme", p && p->auth.scheme && aigw_base_eq(p->auth.scheme->name, str(rows[i].scheme)));
        if (p && !strcmp(rows[i].label, "raw")) t_int("allowed", p->raw, 1);
        if (p && !strcmp(rows[i].label, "bearer")) t_str("its key", p->key.p, p->key.n, "env:K");
    }
    t_row(NULL);
    t_int("usual", read_text(good, sizeof memory), AIGW_OK);
    t_ok("is off", !aigw_registry_provider_of(&r, str("claude"))->raw);
}

int main(void) {
    T_RUN(reads);
    T_RUN(complains);
    T_RUN(urls);
    T_RUN(calls);
    T_RUN(memory_from_nothing);
    T_RUN(comments);
    T_RUN(many);
    T_RUN(auth);
    return t_end();
}
