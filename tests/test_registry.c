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
        { "{" P ",\"models\":{\"m\":{\"provider\":\"p\",\"price\":{\"input\":\"1\"}}}}", AIGW_E_MISSING, "models.m.price", 1 },
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
        { "raw of another type", "\"raw\":1", "providers.p.raw", AIGW_E_TYPE, NULL },
        { "probe", "\"probe\":{\"path\":\"/v1/models?limit=1\",\"every_s\":86400,\"timeout_ms\":60000}", "", 0, NULL },
        { "probe, path alone", "\"probe\":{\"path\":\"/v1/models\"}", "", 0, NULL },
        { "probe is no object", "\"probe\":true", "providers.p.probe", AIGW_E_TYPE, NULL },
        { "probe without path", "\"probe\":{\"every_s\":5}", "providers.p.probe", AIGW_E_MISSING, NULL },
        { "path of another type", "\"probe\":{\"path\":1}", "providers.p.probe.path", AIGW_E_TYPE, NULL },
        { "empty path", "\"probe\":{\"path\":\"\"}", "providers.p.probe.path", AIGW_E_MISSING, NULL },
        { "path without its slash", "\"probe\":{\"path\":\"models\"}", "providers.p.probe.path", AIGW_E_VALUE, NULL },
        { "path with another line", "\"probe\":{\"path\":\"/m HTTP/1.1\\r\\nx: y\"}", "providers.p.probe.path", AIGW_E_VALUE, NULL },
        { "seconds of another type", "\"probe\":{\"path\":\"/m\",\"every_s\":\"5\"}", "providers.p.probe.every_s", AIGW_E_TYPE, NULL },
        { "0 seconds", "\"probe\":{\"path\":\"/m\",\"every_s\":0}", "providers.p.probe.every_s", AIGW_E_VALUE, NULL },
        { "more than a day", "\"probe\":{\"path\":\"/m\",\"every_s\":86401}", "providers.p.probe.every_s", AIGW_E_VALUE, NULL },
        { "no timeout", "\"probe\":{\"path\":\"/m\",\"timeout_ms\":0}", "providers.p.probe.timeout_ms", AIGW_E_VALUE, NULL },
        { "a timeout of an hour", "\"probe\":{\"path\":\"/m\",\"timeout_ms\":3600000}", "providers.p.probe.timeout_ms", AIGW_E_VALUE, NULL },
        { "unknown member of probe", "\"probe\":{\"path\":\"/m\",\"body\":{}}", "providers.p.probe.body", AIGW_E_UNSUPPORTED, NULL }
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
        if (p && !strcmp(rows[i].label, "probe")) t_ok("as it says", p->probe.every_s == 86400 && p->probe.timeout_ms == 60000);
        if (p && !strcmp(rows[i].label, "probe, path alone")) t_ok("the rest", p->probe.every_s == 30 && p->probe.timeout_ms == 5000);
        if (p && !strcmp(rows[i].label, "bearer")) t_str("its key", p->key.p, p->key.n, "env:K");
    }
    t_row(NULL);
    t_int("usual", read_text(good, sizeof memory), AIGW_OK);
    t_ok("is off", !aigw_registry_provider_of(&r, str("claude"))->raw);
}

/* ---- policy as data */

#define PROVIDER "\"providers\":{\"p\":{\"dialect\":\"openai-chat\",\"base_url\":\"https://h\"}}"
#define BASE PROVIDER ",\"models\":{\"a\":{\"provider\":\"p\"},\"b\":{\"provider\":\"p\"}}"
#define ROUTES BASE ",\"routes\":{\"small\":{\"models\":[\"a\"]},\"r\":{\"models\":[\"b\"]}}"

static const char *text_of(aigw_str s) {
    char *p = (char *)t_alloc(s.n + 1);
    if (s.n) memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}
#define t_says(label, got, want) t_str(label, text_of(got), (got).n, want)

T(prices) {
    static const char text[] =
        "{" PROVIDER ",\"models\":{"
        "\"m\":{\"provider\":\"p\",\"price\":{\"input\":\"3.00\",\"cached\":0.30,\"cache_write\":\"3.75\",\"cache_write_1h\":\"6\",\"output\":\"15.00\",\"reasoning\":\"16\",\"audio_input\":\"32\","
        "\"audio_output\":\"64\",\"image_output\":\"30\",\"request\":\"0.01\",\"tools\":\"0.05\",\"tiers\":[{\"above\":200000,\"input\":\"6\"},{\"above\":272000,\"input\":\"7\",\"output\":\"22.5\"}],"
        "\"batch\":{\"input\":\"1.5\"},\"terms\":{\"flex\":{\"output\":\"7.5\"},\"priority\":{\"input\":\"4\"}}}},"
        "\"free\":{\"provider\":\"p\",\"price\":\"free\"},\"none\":{\"provider\":\"p\"},"
        "\"exact\":{\"provider\":\"p\",\"price\":{\"input\":\"0.000000001\",\"output\":1e-2}},"
        "\"each\":{\"provider\":\"p\",\"price\":{\"request\":\"0.05\"}},"
        "\"embed\":{\"provider\":\"p\",\"embeds\":true,\"dimensions\":1536,\"price\":{\"input\":\"0.02\"}},"
        "\"zero\":{\"provider\":\"p\",\"price\":{\"input\":0,\"output\":\"0.0\"}}}}";
    const aigw_registry_price *p;
    t_int("code", read_text(text, sizeof memory), AIGW_OK);
    t_int("complaints", list.n, 0);
    p = &aigw_registry_model_of(&r, str("m"))->price;
    t_int("known", p->known, 1);
    t_int("input", p->rate.input, INT64_C(3000000000));
    t_int("cached", p->rate.cached, INT64_C(300000000));
    t_int("cache write", p->rate.cache_write, INT64_C(3750000000));
    t_int("for an hour", p->rate.cache_write_long, INT64_C(6000000000));
    t_int("output", p->rate.output, INT64_C(15000000000));
    t_int("reasoning", p->rate.reasoning, INT64_C(16000000000));
    t_int("audio in", p->rate.input_audio, INT64_C(32000000000));
    t_int("audio out", p->rate.output_audio, INT64_C(64000000000));
    t_int("pictures out", p->rate.output_image, INT64_C(30000000000));
    t_int("of a tier: not said", p->tier[0].rate.output_image, -1);
    t_int("request", p->request_nusd, 10000000);
    t_int("tools", p->tools_nusd, 50000000);
    t_int("tiers", p->tiers, 2);
    t_int("first", p->tier[0].above, 200000);
    t_int("its input", p->tier[0].rate.input, INT64_C(6000000000));
    t_int("its output is not said", p->tier[0].rate.output, -1);
    t_int("second", p->tier[1].above, 272000);
    t_int("its output", p->tier[1].rate.output, INT64_C(22500000000));
    t_int("terms", p->terms, 3);
    t_says("batch", p->term[0].name, "batch");
    t_int("its input", p->term[0].rate.input, 1500000000);
    t_int("its output is not said", p->term[0].rate.output, -1);
    t_says("flex", p->term[1].name, "flex");
    t_int("its output", p->term[1].rate.output, INT64_C(7500000000));
    t_says("priority", p->term[2].name, "priority");
    p = &aigw_registry_model_of(&r, str("free"))->price;
    t_ok("free is known", p->known && !p->rate.input && !p->rate.output && !p->tools_nusd);
    t_ok("none is not", !aigw_registry_model_of(&r, str("none"))->price.known);
    p = &aigw_registry_model_of(&r, str("exact"))->price;
    t_int("9 decimals", p->rate.input, 1);
    t_int("an exponent", p->rate.output, 10000000);
    t_int("not said", p->rate.cached, -1);
    t_int("tools not said", p->tools_nusd, -1);
    p = &aigw_registry_model_of(&r, str("each"))->price;
    t_ok("per request only", p->known && !p->rate.input && !p->rate.output && p->request_nusd == 50000000);
    p = &aigw_registry_model_of(&r, str("embed"))->price;
    t_ok("no output of embeddings", p->rate.input == 20000000 && !p->rate.output);
    t_int("dimensions", aigw_registry_model_of(&r, str("embed"))->dimensions, 1536);
    p = &aigw_registry_model_of(&r, str("zero"))->price;
    t_ok("zero", p->known && !p->rate.input && !p->rate.output);
}

T(grades) {
    const aigw_registry_model *m;
    t_int("code", read_text("{" PROVIDER ",\"models\":{\"a\":{\"provider\":\"p\",\"grade\":4,\"deprecated\":\"2027-04-01\",\"cache_min\":1024},"
                            "\"b\":{\"provider\":\"p\",\"dialect\":\"openai-chat\",\"grade\":{\"code\":5,\"reasoning\":1}}}}", sizeof memory), 0);
    t_int("complaints", list.n, 0);
    m = aigw_registry_model_of(&r, str("a"));
    t_ok("all three", m->grade[AIGW_GRADE_GENERAL] == 4 && m->grade[AIGW_GRADE_CODE] == 4 && m->grade[AIGW_GRADE_REASONING] == 4);
    t_int("end", m->ends_s, 1806537600);
    t_int("least to be cached", m->cache_min, 1024);
    m = aigw_registry_model_of(&r, str("b"));
    t_ok("each", m->grade[AIGW_GRADE_GENERAL] == 0 && m->grade[AIGW_GRADE_CODE] == 5 && m->grade[AIGW_GRADE_REASONING] == 1);
}

T(routes) {
    static const char text[] =
        "{" BASE ",\"routes\":{\"small\":{\"models\":[\"a\"],\"order\":\"fastest\",\"quantile\":\"p99.9\",\"cache\":\"off\"},"
        "\"r\":{\"models\":[\"a\",{\"model\":\"p/x\",\"weight\":3}],\"order\":\"weight\",\"attempts\":5,\"per_target\":1,\"degrade\":[\"route:small\",\"queue\",\"stale\",\"busy\"],"
        "\"hold\":{\"tokens\":20,\"ms\":300},\"hedge\":\"p95\",\"retry_timeout\":true,"
        "\"cache\":{\"when\":\"always\",\"ttl_s\":60,\"stale_s\":600,\"per_user\":true},\"idle_ms\":7},"
        "\"s\":{\"models\":[\"a\"],\"order\":\"score\",\"quantile\":0.5,\"score\":{\"cost\":1,\"latency\":2,\"errors\":3,\"load\":4}}},"
        "\"cache\":{\"when\":\"deterministic\",\"ttl_s\":5,\"bytes\":67108864},\"dated\":\"2026-11-21\"}";
    static const char *const orders[] = { "fixed", "weight", "cheapest", "fastest", "p2c", "least_busy", "score" };
    const aigw_registry_route *w;
    t_int("code", read_text(text, sizeof memory), AIGW_OK);
    t_int("complaints", list.n, 0);
    w = aigw_registry_route_of(&r, str("r"));
    t_int("models", w->n, 2);
    t_says("first", w->models[0], "a");
    t_says("second", w->models[1], "p/x");
    t_ok("weights", w->weights[0] == 1 && w->weights[1] == 3);
    t_int("attempts", w->attempts, 5);
    t_int("at each", w->per_target, 1);
    t_int("order", w->order, AIGW_ORDER_WEIGHT);
    t_ok("steps", w->degrade[0].step == AIGW_DEGRADE_ROUTE && w->degrade[1].step == AIGW_DEGRADE_QUEUE && w->degrade[2].step == AIGW_DEGRADE_STALE && w->degrade[3].step == AIGW_DEGRADE_BUSY);
    t_says("to", w->degrade[0].route, "small");
    t_ok("hold", w->hold_tokens == 20 && w->hold_ms == 300);
    t_int("hedge", w->hedge, 950);
    t_int("retried", w->retry_timeout, 1);
    t_ok("cache", w->cache.when == AIGW_CACHE_ALWAYS && w->cache.ttl_s == 60 && w->cache.stale_s == 600 && w->cache.user == 1);
    t_int("times", w->times.idle_ms, 7);
    w = aigw_registry_route_of(&r, str("s"));
    t_int("quantile", w->quantile, 500);
    t_ok("scores", w->score[0] == 1 && w->score[1] == 2 && w->score[2] == 3 && w->score[3] == 4);
    w = aigw_registry_route_of(&r, str("small"));
    t_int("fastest", w->order, AIGW_ORDER_FASTEST);
    t_int("by", w->quantile, 999);
    t_ok("alone", w->cache.when == AIGW_CACHE_OFF && !w->degrade[0].step && !w->hedge && !w->attempts);
    t_ok("the registry's", r.cache.when == AIGW_CACHE_DETERMINISTIC && r.cache.ttl_s == 5 && !r.cache.stale_s && !r.cache.user);
    t_int("dated", r.dated_s, 1795219200);
    for (int i = 0; i < (int)T_COUNT(orders); i++) {
        char one[400];
        sprintf(one, "{" BASE ",\"routes\":{\"r\":{\"models\":[\"a\"],\"order\":\"%s\"}}}", orders[i]);
        t_row(orders[i]);
        t_int("read", read_text(one, sizeof memory), 0);
        t_int("is", aigw_registry_route_of(&r, str("r"))->order, i);
    }
}

/* What a decision does not look at is said when the configuration is read: one warning, at the first model that is beyond. */
T(models_that_are_never_asked) {
    static const char head[] = "{\"providers\":{\"p\":{\"dialect\":\"gemini\",\"base_url\":\"https://g\"}},\"routes\":{\"big\":{\"order\":\"p2c\",\"models\":[";
    for (int n = AIGW_ROUTER_CANDIDATES; n <= AIGW_ROUTER_CANDIDATES + 4; n += 4) {
        char text[1000], path[40], number[8];
        size_t at = (size_t)sprintf(text, "%s", head);
        for (int i = 0; i < n; i++) at += (size_t)sprintf(text + at, "%s\"p/m%d\"", i ? "," : "", i);
        sprintf(text + at, "]}}}");
        sprintf(path, "routes.big.models[%d]", AIGW_ROUTER_CANDIDATES);
        sprintf(number, " %d ", AIGW_ROUTER_CANDIDATES);
        t_int("good", read_text(text, sizeof memory), AIGW_OK);
        t_int("warnings", list.n, n > AIGW_ROUTER_CANDIDATES);
        if (!list.n) continue;
        t_int("a warning", faults[0].code, AIGW_E_UNSUPPORTED);
        t_str("where", faults[0].path, strlen(faults[0].path), path);
        t_ok("how many are", strstr(faults[0].text, number) != NULL);
        t_int("all are there", aigw_registry_route_of(&r, str("big"))->n, n);
    }
}

T(rules) {
    static const char text[] =
        "{" ROUTES ",\"tasks\":[{\"when\":{\"tenant\":\"t\",\"user\":\"u\",\"feature\":\"f\",\"env\":\"e\",\"model\":\"m\",\"header\":{\"x-a\":\"v\"},\"tools\":true,\"images\":false,\"batch\":true,"
        "\"min_tokens\":1,\"max_tokens\":2000,\"keywords\":[\"law\",\"contract\"],\"effort\":\"high\",\"tag\":\"doc\"},\"route\":\"small\"},"
        "{\"when\":{\"header\":{\"x-b\":true}},\"route\":\"r\"},{\"when\":{},\"route\":\"r\"}],"
        "\"limits\":[{\"by\":[\"tenant\",\"model\"],\"when\":{\"env\":\"e\"},\"rpm\":60,\"tpm\":100000,\"concurrent\":20,\"batch\":30},{\"concurrent\":5}],"
        "\"budgets\":[{\"by\":[\"feature\"],\"usd\":\"50.00\",\"per\":\"month\",\"soft\":0.9,\"then\":\"route:small\",\"max_output\":100},{\"usd\":0}],"
        "\"tenants\":{\"t\":{\"keys\":[1],\"sigv4\":2,\"routes\":[\"small\",\"a\",\"p/x\"],\"limits\":{\"rpm\":1},\"budget\":{\"usd\":7,\"per\":\"hour\",\"then\":\"queue\",\"soft\":0.99}},"
        "\"s\":{\"routes\":[\"*\"],\"limits\":[{\"by\":[\"user\"],\"tpm\":2},{\"rpm\":3}],\"budgets\":[{\"usd\":1,\"per\":\"week\"},{\"by\":[\"user\"],\"usd\":2,\"per\":\"day\"}]},\"q\":{}}}";
    const aigw_registry_task *t;
    const aigw_registry_limit *l;
    const aigw_registry_budget *b;
    const aigw_registry_tenant *n;
    t_int("code", read_text(text, sizeof memory), AIGW_OK);
    if (!t_int("complaints", list.n, 0)) return;
    t = r.tasks;
    t_says("tenant", t->when.dim[AIGW_DIM_TENANT], "t");
    t_says("user", t->when.dim[AIGW_DIM_USER], "u");
    t_says("feature", t->when.dim[AIGW_DIM_FEATURE], "f");
    t_says("environment", t->when.dim[AIGW_DIM_ENV], "e");
    t_says("model", t->when.dim[AIGW_DIM_MODEL], "m");
    t_says("header", t->header, "x-a");
    t_says("value", t->value, "v");
    t_int("holds", t->facts, AIGW_FACT(TOOLS) | AIGW_FACT(BATCH));
    t_int("does not hold", t->not_facts, AIGW_FACT(IMAGES));
    t_ok("tokens", t->min_tokens == 1 && t->max_tokens == 2000);
    t_ok("keywords", t->n == 2);
    t_says("second", t->keywords[1], "contract");
    t_says("effort", t->effort, "high");
    t_says("tag", t->tag, "doc");
    t_says("route", t->route, "small");
    t_ok("is there", t->next->header.n == 3 && !t->next->value.n);
    t_ok("always", t->next->next && !t->next->next->header.n && !t->next->next->next);
    /* a tenant's own in front, in order */
    l = r.limits;
    t_says("first tenant", l->when.dim[AIGW_DIM_TENANT], "t");
    t_ok("by tenant", l->by == 1u << AIGW_DIM_TENANT && l->rpm == 1 && !l->tpm && !l->concurrent && !l->batch);
    l = l->next;
    t_says("second tenant", l->when.dim[AIGW_DIM_TENANT], "s");
    t_ok("by user too", l->by == (1u << AIGW_DIM_TENANT | 1u << AIGW_DIM_USER) && l->tpm == 2);
    l = l->next;
    t_ok("its second", l->rpm == 3);
    l = l->next;
    t_ok("general", l->by == (1u << AIGW_DIM_TENANT | 1u << AIGW_DIM_MODEL) && !l->when.dim[AIGW_DIM_TENANT].n && l->rpm == 60 && l->tpm == 100000 && l->concurrent == 20 && l->batch == 30);
    t_says("for", l->when.dim[AIGW_DIM_ENV], "e");
    l = l->next;
    t_ok("of all", !l->by && l->concurrent == 5 && !l->next);
    b = r.budgets;
    t_ok("hourly", b->cap_nusd == INT64_C(7000000000) && b->period == AIGW_PERIOD_HOUR && b->then == AIGW_DEGRADE_QUEUE && b->soft == 99 && b->by == 1u << AIGW_DIM_TENANT && !b->max_output);
    b = b->next;
    t_ok("weekly", b->cap_nusd == 1000000000 && b->period == AIGW_PERIOD_WEEK && !b->soft && !b->then);
    b = b->next;
    t_ok("daily", b->period == AIGW_PERIOD_DAY && b->by == (1u << AIGW_DIM_TENANT | 1u << AIGW_DIM_USER));
    t_says("whose", b->when.dim[AIGW_DIM_TENANT], "s");
    b = b->next;
    t_ok("monthly", b->cap_nusd == INT64_C(50000000000) && b->period == AIGW_PERIOD_MONTH && b->soft == 90 && b->then == AIGW_DEGRADE_ROUTE && b->max_output == 100 && b->by == 1u << AIGW_DIM_FEATURE);
    t_says("to", b->then_route, "small");
    b = b->next;
    t_ok("nothing, ever", !b->cap_nusd && b->period == AIGW_PERIOD_TOTAL && !b->next);
    n = aigw_registry_tenant_of(&r, str("t"));
    t_ok("routes", n && n->n == 3);
    t_says("third", n->routes[2], "p/x");
    n = aigw_registry_tenant_of(&r, str("s"));
    t_ok("all", n && n->n == 1 && n->routes[0].p[0] == '*');
    n = aigw_registry_tenant_of(&r, str("q"));
    t_ok("not said", n && !n->n && !n->next);
    t_ok("nobody", !aigw_registry_tenant_of(&r, str("z")));
}

/* Every bad value at its place; entries of one text do not hide each other. */
T(complains_of_policy) {
    static const struct { const char *text, *path; int code; } rows[] = {
#define PRICE(x) PROVIDER ",\"models\":{\"m\":{\"provider\":\"p\",\"price\":" x "}}"
#define MODEL(x) PROVIDER ",\"models\":{\"m\":{\"provider\":\"p\"," x "}}"
#define ROUTE(x) BASE ",\"routes\":{\"r\":{\"models\":[\"a\"]," x "}}"
#define TASK(x) ROUTES ",\"tasks\":[{\"when\":{" x "},\"route\":\"r\"}]"
#define LIMIT(x) ROUTES ",\"limits\":[{" x "}]"
#define BUDGET(x) ROUTES ",\"budgets\":[{" x "}]"
#define TENANT(x) ROUTES ",\"tenants\":{\"t\":{" x "}}"
        { PRICE("\"cheap\""), "models.m.price", AIGW_E_VALUE },
        { PRICE("7"), "models.m.price", AIGW_E_TYPE },
        { PRICE("{}"), "models.m.price", AIGW_E_MISSING },
        { PRICE("{\"output\":1}"), "models.m.price", AIGW_E_MISSING },
        { PRICE("{\"input\":1,\"request\":1}"), "models.m.price", AIGW_E_MISSING },
        { PRICE("{\"input\":\"-1\",\"output\":1}"), "models.m.price.input", AIGW_E_VALUE },
        { PRICE("{\"input\":-1,\"output\":1}"), "models.m.price.input", AIGW_E_VALUE },
        { PRICE("{\"input\":\"$3\",\"output\":1}"), "models.m.price.input", AIGW_E_VALUE },
        { PRICE("{\"input\":\"\",\"output\":1}"), "models.m.price.input", AIGW_E_VALUE },
        { PRICE("{\"input\":\"0.0000000001\",\"output\":1}"), "models.m.price.input", AIGW_E_VALUE },
        { PRICE("{\"input\":0.0000000001,\"output\":1}"), "models.m.price.input", AIGW_E_VALUE },
        { PRICE("{\"input\":1e30,\"output\":1}"), "models.m.price.input", AIGW_E_VALUE },
        { PRICE("{\"input\":true,\"output\":1}"), "models.m.price.input", AIGW_E_TYPE },
        { PRICE("{\"input\":1,\"input\":1,\"output\":1}"), "models.m.price.input", AIGW_E_DUPLICATE },
        { PRICE("{\"input\":1,\"output\":1,\"cached\":\"x\"}"), "models.m.price.cached", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"cache_write\":\"x\"}"), "models.m.price.cache_write", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"cache_write_1h\":\"x\"}"), "models.m.price.cache_write_1h", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"reasoning\":\"x\"}"), "models.m.price.reasoning", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"audio_input\":\"x\"}"), "models.m.price.audio_input", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"audio_output\":\"x\"}"), "models.m.price.audio_output", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"image_output\":\"x\"}"), "models.m.price.image_output", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"request\":\"x\"}"), "models.m.price.request", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"tools\":-1}"), "models.m.price.tools", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"above\":1}"), "models.m.price.above", AIGW_E_UNSUPPORTED },
        { PRICE("{\"input\":1,\"output\":1,\"cashed\":1}"), "models.m.price.cashed", AIGW_E_UNSUPPORTED },
        { PRICE("{\"input\":1,\"output\":1,\"tiers\":{}}"), "models.m.price.tiers", AIGW_E_TYPE },
        { PRICE("{\"input\":1,\"output\":1,\"tiers\":[{\"input\":1}]}"), "models.m.price.tiers[0]", AIGW_E_MISSING },
        { PRICE("{\"input\":1,\"output\":1,\"tiers\":[{\"above\":0}]}"), "models.m.price.tiers[0].above", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"tiers\":[{\"above\":2},{\"above\":2}]}"), "models.m.price.tiers[1]", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"tiers\":[{\"above\":1},{\"above\":2},{\"above\":3},{\"above\":4}]}"), "models.m.price.tiers[3]", AIGW_E_LIMIT },
        { PRICE("{\"input\":1,\"output\":1,\"tiers\":[{\"above\":2,\"batch\":{}}]}"), "models.m.price.tiers[0].batch", AIGW_E_UNSUPPORTED },
        { PRICE("{\"input\":1,\"output\":1,\"batch\":{\"above\":2}}"), "models.m.price.batch.above", AIGW_E_UNSUPPORTED },
        { PRICE("{\"input\":1,\"output\":1,\"batch\":{\"input\":\"x\"}}"), "models.m.price.batch.input", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"batch\":{},\"terms\":{\"batch\":{}}}"), "models.m.price.terms.batch", AIGW_E_DUPLICATE },
        { PRICE("{\"input\":1,\"output\":1,\"terms\":{\"a\":{},\"b\":{},\"c\":{},\"d\":{}}}"), "models.m.price.terms.d", AIGW_E_LIMIT },
        { PRICE("{\"input\":1,\"output\":1,\"terms\":{\"\":{}}}"), "models.m.price.terms[\"\"]", AIGW_E_VALUE },
        { PRICE("{\"input\":1,\"output\":1,\"terms\":{\"a\":1}}"), "models.m.price.terms.a", AIGW_E_TYPE },
        { MODEL("\"grade\":0"), "models.m.grade", AIGW_E_VALUE },
        { MODEL("\"grade\":6"), "models.m.grade", AIGW_E_VALUE },
        { MODEL("\"grade\":\"A\""), "models.m.grade", AIGW_E_TYPE },
        { MODEL("\"grade\":{\"code\":6}"), "models.m.grade.code", AIGW_E_VALUE },
        { MODEL("\"grade\":{\"math\":5}"), "models.m.grade.math", AIGW_E_UNSUPPORTED },
        { MODEL("\"deprecated\":\"soon\""), "models.m.deprecated", AIGW_E_VALUE },
        { MODEL("\"deprecated\":\"2026-13-01\""), "models.m.deprecated", AIGW_E_VALUE },
        { MODEL("\"embeds\":1"), "models.m.embeds", AIGW_E_TYPE },
        { MODEL("\"dimensions\":0"), "models.m.dimensions", AIGW_E_VALUE },
        { MODEL("\"cache_min\":-1"), "models.m.cache_min", AIGW_E_VALUE },
        { MODEL("\"id\":\"\""), "models.m.id", AIGW_E_VALUE },
        { MODEL("\"dialect\":\"gemini\""), "models.m.provider", AIGW_E_VALUE },
        { BASE ",\"routes\":{\"r\":{\"models\":{}}}", "routes.r.models", AIGW_E_TYPE },
        { BASE ",\"routes\":{\"r\":{\"models\":[{}]}}", "routes.r.models[0]", AIGW_E_MISSING },
        { BASE ",\"routes\":{\"r\":{\"models\":[{\"model\":\"z\"}]}}", "routes.r.models[0].model", AIGW_E_VALUE },
        { BASE ",\"routes\":{\"r\":{\"models\":[{\"model\":\"a\",\"weight\":0}]}}", "routes.r.models[0].weight", AIGW_E_VALUE },
        { BASE ",\"routes\":{\"r\":{\"models\":[{\"model\":\"a\",\"weight\":1000001}]}}", "routes.r.models[0].weight", AIGW_E_VALUE },
        { BASE ",\"routes\":{\"r\":{\"models\":[{\"model\":\"a\",\"heavy\":1}]}}", "routes.r.models[0].heavy", AIGW_E_UNSUPPORTED },
        { ROUTE("\"order\":\"random\""), "routes.r.order", AIGW_E_VALUE },
        { ROUTE("\"attempts\":101"), "routes.r.attempts", AIGW_E_VALUE },
        { ROUTE("\"per_target\":0"), "routes.r.per_target", AIGW_E_VALUE },
        { ROUTE("\"quantile\":1"), "routes.r.quantile", AIGW_E_VALUE },
        { ROUTE("\"quantile\":0.9999"), "routes.r.quantile", AIGW_E_VALUE },
        { ROUTE("\"quantile\":\"90\""), "routes.r.quantile", AIGW_E_VALUE },
        { ROUTE("\"quantile\":\"p100\""), "routes.r.quantile", AIGW_E_VALUE },
        { ROUTE("\"quantile\":\"p99.99\""), "routes.r.quantile", AIGW_E_VALUE },
        { ROUTE("\"hedge\":0"), "routes.r.hedge", AIGW_E_VALUE },
        { ROUTE("\"hedge\":[]"), "routes.r.hedge", AIGW_E_TYPE },
        { ROUTE("\"degrade\":\"busy\""), "routes.r.degrade", AIGW_E_TYPE },
        { ROUTE("\"degrade\":[\"fail\"]"), "routes.r.degrade[0]", AIGW_E_VALUE },
        { ROUTE("\"degrade\":[\"busy\",\"stale\"]"), "routes.r.degrade[1]", AIGW_E_UNSUPPORTED },
        { ROUTE("\"degrade\":[\"route:\"]"), "routes.r.degrade[0]", AIGW_E_VALUE },
        { ROUTE("\"degrade\":[\"queue\",\"route:none\"]"), "routes.r.degrade[1]", AIGW_E_VALUE },
        { ROUTE("\"degrade\":[\"route:r\"]"), "routes.r.degrade[0]", AIGW_E_VALUE },
        { ROUTE("\"degrade\":[\"queue\",\"queue\",\"queue\",\"stale\",\"busy\"]"), "routes.r.degrade[4]", AIGW_E_LIMIT },
        { ROUTE("\"hold\":{\"tokens\":-1}"), "routes.r.hold.tokens", AIGW_E_VALUE },
        { ROUTE("\"hold\":{\"ms\":\"300\"}"), "routes.r.hold.ms", AIGW_E_TYPE },
        { ROUTE("\"hold\":{\"bytes\":1}"), "routes.r.hold.bytes", AIGW_E_UNSUPPORTED },
        { ROUTE("\"retry_timeout\":1"), "routes.r.retry_timeout", AIGW_E_TYPE },
        { ROUTE("\"score\":{\"cost\":1001}"), "routes.r.score.cost", AIGW_E_VALUE },
        { ROUTE("\"order\":\"score\",\"score\":{\"luck\":1}"), "routes.r.score.luck", AIGW_E_UNSUPPORTED },
        { ROUTE("\"cache\":\"never\""), "routes.r.cache", AIGW_E_VALUE },
        { ROUTE("\"cache\":{\"when\":\"never\"}"), "routes.r.cache.when", AIGW_E_VALUE },
        { ROUTE("\"cache\":{\"ttl_s\":0}"), "routes.r.cache.ttl_s", AIGW_E_VALUE },
        { ROUTE("\"cache\":{\"stale_s\":4294967296}"), "routes.r.cache.stale_s", AIGW_E_VALUE },
        { ROUTE("\"cache\":{\"per_user\":1}"), "routes.r.cache.per_user", AIGW_E_TYPE },
        { ROUTE("\"cache\":{\"bytes\":1}"), "routes.r.cache.bytes", AIGW_E_UNSUPPORTED },
        { BASE ",\"cache\":{\"when\":1}", "cache.when", AIGW_E_TYPE },
        { BASE ",\"cache\":{\"ttl\":1}", "cache.ttl", AIGW_E_UNSUPPORTED },
        { BASE ",\"cache\":[]", "cache", AIGW_E_TYPE },
        { BASE ",\"dated\":\"2026\"", "dated", AIGW_E_VALUE },
        { BASE ",\"dated\":2026", "dated", AIGW_E_TYPE },
        { ROUTES ",\"tasks\":[{\"route\":\"r\"}]", "tasks[0]", AIGW_E_MISSING },
        { ROUTES ",\"tasks\":[{\"when\":{}}]", "tasks[0]", AIGW_E_MISSING },
        { ROUTES ",\"tasks\":[{\"when\":{},\"route\":\"none\"}]", "tasks[0].route", AIGW_E_VALUE },
        { ROUTES ",\"tasks\":[{\"when\":{},\"route\":\"r\",\"then\":1}]", "tasks[0].then", AIGW_E_UNSUPPORTED },
        { ROUTES ",\"tasks\":[{\"when\":{},\"route\":\"r\"},7]", "tasks[1]", AIGW_E_TYPE },
        { ROUTES ",\"tasks\":7", "tasks", AIGW_E_TYPE },
        { TASK("\"featur\":\"x\""), "tasks[0].when.featur", AIGW_E_VALUE },
        { TASK("\"tenant\":\"\""), "tasks[0].when.tenant", AIGW_E_VALUE },
        { TASK("\"provider\":\"p\""), "tasks[0].when.provider", AIGW_E_VALUE },
        { TASK("\"tools\":\"yes\""), "tasks[0].when.tools", AIGW_E_TYPE },
        { TASK("\"tools\":true,\"tools\":false"), "tasks[0].when.tools", AIGW_E_DUPLICATE },
        { TASK("\"min_tokens\":0"), "tasks[0].when.min_tokens", AIGW_E_VALUE },
        { TASK("\"min_tokens\":5,\"max_tokens\":4"), "tasks[0].when.max_tokens", AIGW_E_VALUE },
        { TASK("\"keywords\":[]"), "tasks[0].when.keywords", AIGW_E_VALUE },
        { TASK("\"keywords\":[\"\"]"), "tasks[0].when.keywords[0]", AIGW_E_VALUE },
        { TASK("\"keywords\":\"law\""), "tasks[0].when.keywords", AIGW_E_TYPE },
        { TASK("\"header\":{}"), "tasks[0].when.header", AIGW_E_VALUE },
        { TASK("\"header\":{\"a\":\"\"}"), "tasks[0].when.header.a", AIGW_E_VALUE },
        { TASK("\"header\":{\"a\":false}"), "tasks[0].when.header", AIGW_E_VALUE },
        { TASK("\"header\":{\"a\":1}"), "tasks[0].when.header.a", AIGW_E_TYPE },
        { TASK("\"header\":{\"a\":\"1\",\"b\":\"2\"}"), "tasks[0].when.header.b", AIGW_E_LIMIT },
        { TASK("\"effort\":3"), "tasks[0].when.effort", AIGW_E_TYPE },
        { TASK("\"tag\":\"\""), "tasks[0].when.tag", AIGW_E_VALUE },
        { LIMIT("\"by\":[\"tenant\"]"), "limits[0]", AIGW_E_MISSING },
        { LIMIT("\"rpm\":0"), "limits[0].rpm", AIGW_E_VALUE },
        { LIMIT("\"tpm\":4294967296"), "limits[0].tpm", AIGW_E_VALUE },
        { LIMIT("\"concurrent\":-1"), "limits[0].concurrent", AIGW_E_VALUE },
        { LIMIT("\"rpm\":1,\"batch\":0"), "limits[0].batch", AIGW_E_VALUE },
        { LIMIT("\"rpm\":1,\"batch\":101"), "limits[0].batch", AIGW_E_VALUE },
        { LIMIT("\"rpm\":1,\"by\":[\"tenent\"]"), "limits[0].by[0]", AIGW_E_VALUE },
        { LIMIT("\"rpm\":1,\"by\":[\"user\",\"user\"]"), "limits[0].by[1]", AIGW_E_DUPLICATE },
        { LIMIT("\"rpm\":1,\"by\":\"user\""), "limits[0].by", AIGW_E_TYPE },
        { LIMIT("\"rpm\":1,\"when\":{\"tools\":true}"), "limits[0].when.tools", AIGW_E_VALUE },
        { LIMIT("\"rpm\":1,\"tps\":1"), "limits[0].tps", AIGW_E_UNSUPPORTED },
        { BUDGET("\"per\":\"day\""), "budgets[0]", AIGW_E_MISSING },
        { BUDGET("\"usd\":\"-5\""), "budgets[0].usd", AIGW_E_VALUE },
        { BUDGET("\"usd\":\"99999999999\""), "budgets[0].usd", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"per\":\"year\""), "budgets[0].per", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"soft\":0"), "budgets[0].soft", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"soft\":1.01"), "budgets[0].soft", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"soft\":0.805"), "budgets[0].soft", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"soft\":80"), "budgets[0].soft", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"then\":\"stop\""), "budgets[0].then", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"then\":\"route:none\""), "budgets[0].then", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"max_output\":0"), "budgets[0].max_output", AIGW_E_VALUE },
        { BUDGET("\"usd\":1,\"eur\":1"), "budgets[0].eur", AIGW_E_UNSUPPORTED },
        { TENANT("\"routes\":[\"none\"]"), "tenants.t.routes[0]", AIGW_E_VALUE },
        { TENANT("\"routes\":[\"small\",\"raw/none\"]"), "tenants.t.routes[1]", AIGW_E_VALUE },
        { TENANT("\"routes\":[\"raw/p\"]"), "tenants.t.routes[0]", AIGW_E_VALUE },
        { TENANT("\"routes\":[\"raw/\"]"), "tenants.t.routes[0]", AIGW_E_VALUE },
        { TENANT("\"routes\":[]"), "tenants.t.routes", AIGW_E_VALUE },
        { TENANT("\"routes\":\"*\""), "tenants.t.routes", AIGW_E_TYPE },
        { TENANT("\"limits\":{}"), "tenants.t.limits", AIGW_E_MISSING },
        { TENANT("\"limits\":[{\"rpm\":1},{\"rpm\":0}]"), "tenants.t.limits[1].rpm", AIGW_E_VALUE },
        { TENANT("\"budget\":{\"usd\":\"x\"}"), "tenants.t.budget.usd", AIGW_E_VALUE },
        { TENANT("\"limit\":{}"), "tenants.t.limit", AIGW_E_UNSUPPORTED },
        { ROUTES ",\"tenants\":{\"t\":{},\"t\":{}}", "tenants.t", AIGW_E_DUPLICATE },
        { ROUTES ",\"tenants\":{\"t\":7}", "tenants.t", AIGW_E_TYPE },
        { ROUTES ",\"tenants\":[]", "tenants", AIGW_E_TYPE },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[1024];
        sprintf(text, "{%s}", rows[i].text);
        t_row(rows[i].text);
        t_int("code", read_text(text, sizeof memory), rows[i].code == AIGW_E_UNSUPPORTED ? 0 : rows[i].code);
        t_int("complaints", list.n, 1);
        t_int("which", faults[0].code, rows[i].code);
        t_str("field", faults[0].path, strlen(faults[0].path), rows[i].path);
        t_ok("says what", faults[0].text && *faults[0].text);
    }
    t_row(NULL);
    {
        aigw_registry quiet;
        mem = aigw_base_arena(memory, sizeof memory);
        aigw_registry_init(&quiet, dialects, T_COUNT(dialects), &mem);
        t_int("nobody asks why", aigw_registry_read(&quiet, str("{" LIMIT("\"rpm\":0,\"tps\":1") "}"), NULL), AIGW_E_VALUE);
    }
    t_int("all of them", read_text("{" ROUTES ",\"tasks\":[{},{}],\"limits\":[{}],\"budgets\":[{\"usd\":1},{}],\"tenants\":{\"t\":{\"limits\":[{},{\"rpm\":1}]}}}", sizeof memory), AIGW_E_MISSING);
    t_int("complaints", list.n, 5);
    t_ok("what was good is there", r.limits && r.limits->own && !r.limits->next && r.budgets && !r.budgets->next && aigw_registry_tenant_of(&r, str("t")));
}

/* What contradicts itself is an error, what is said and does nothing is a warning; both say why and where, and beside each stands what is good. */
T(odd_values) {
    static const struct { const char *text; int code; const char *path, *says; } rows[] = {
        { LIMIT("\"rpm\":0"), AIGW_E_VALUE, "limits[0].rpm", "from 1 to 4,294,967,295; what is not limited is left out" },
        { LIMIT("\"tpm\":4294967296"), AIGW_E_VALUE, "limits[0].tpm", "from 1 to 4,294,967,295" },
        { LIMIT("\"concurrent\":-1"), AIGW_E_VALUE, "limits[0].concurrent", "from 1 to 4,294,967,295" },
        { LIMIT("\"tpm\":4294967295"), AIGW_OK, "", "" },
        { TENANT("\"limits\":{\"rpm\":4294967296}"), AIGW_E_VALUE, "tenants.t.limits.rpm", "from 1 to 4,294,967,295" },
        { ROUTE("\"cache\":{\"ttl_s\":4294967296}"), AIGW_E_VALUE, "routes.r.cache.ttl_s", "1 to 4,294,967,295" },
        { ROUTE("\"idle_ms\":4294967295"), AIGW_E_VALUE, "routes.r.idle_ms", "up to 4,294,967,294" },
        { LIMIT("\"rpm\":1,\"when\":{\"model\":\"z\"}"), AIGW_E_UNSUPPORTED, "limits[0].when.model", "no model of this name" },
        { LIMIT("\"rpm\":1,\"when\":{\"model\":\"small\"}"), AIGW_E_UNSUPPORTED, "limits[0].when.model", "this is a route" },
        { LIMIT("\"rpm\":1,\"when\":{\"model\":\"a\",\"provider\":\"p\"}"), AIGW_OK, "", "" },
        { LIMIT("\"rpm\":1,\"when\":{\"model\":\"p/any\"}"), AIGW_OK, "", "" },
        { LIMIT("\"rpm\":1,\"when\":{\"provider\":\"q\"}"), AIGW_E_UNSUPPORTED, "limits[0].when.provider", "no provider of this name" },
        { BUDGET("\"usd\":1,\"when\":{\"provider\":\"a\"}"), AIGW_E_UNSUPPORTED, "budgets[0].when.provider", "no request is counted" },
        { BUDGET("\"usd\":1,\"when\":{\"model\":\"q/x\"}"), AIGW_E_UNSUPPORTED, "budgets[0].when.model", "no request is counted" },
        { TENANT("\"budget\":{\"usd\":1,\"when\":{\"model\":\"z\"}}"), AIGW_E_UNSUPPORTED, "tenants.t.budget.when.model", "no request is counted" },
        { TENANT("\"budget\":{\"usd\":1,\"when\":{\"tenant\":\"u\"}}"), AIGW_E_VALUE, "tenants.t.budget.when.tenant", "is for that tenant" },
        { TENANT("\"limits\":[{\"rpm\":1},{\"rpm\":1,\"by\":[\"user\"],\"when\":{\"tenant\":\"u\"}}]"), AIGW_E_VALUE, "tenants.t.limits[1].when.tenant", "is for that tenant" },
        { TENANT("\"limits\":{\"rpm\":1,\"when\":{\"tenant\":\"t\"}}"), AIGW_OK, "", "" },
        { LIMIT("\"rpm\":1,\"when\":{\"tenant\":\"u\"}"), AIGW_OK, "", "" },
        { TASK("\"model\":\"gpt-of-the-client\""), AIGW_OK, "", "" },               /* what a client says need not be ours */
        { BUDGET("\"usd\":1,\"soft\":1,\"then\":\"busy\""), AIGW_E_VALUE, "budgets[0].then", "`soft` is 1" },
        { BUDGET("\"usd\":1,\"then\":\"busy\""), AIGW_OK, "", "" },                  /* soft is 0.8 */
        { BUDGET("\"usd\":1,\"soft\":1"), AIGW_OK, "", "" },                        /* no soft limit */
        { ROUTE("\"hold\":{}"), AIGW_E_UNSUPPORTED, "routes.r.hold", "neither `tokens` nor `ms`" },
        { ROUTE("\"hold\":{\"ms\":0}"), AIGW_OK, "", "" },                           /* said to be off */
        { ROUTE("\"hold\":{\"tokens\":9,\"ms\":60001}"), AIGW_E_UNSUPPORTED, "routes.r.hold.ms", "longer than a minute" },
        { ROUTE("\"hold\":{\"ms\":60000}"), AIGW_OK, "", "" },
        { ROUTE("\"hold\":{\"ms\":4294967296}"), AIGW_E_VALUE, "routes.r.hold.ms", "0 to 4,294,967,295" },
        { BASE ",\"routes\":{\"r\":{\"models\":[\"p/x\",{\"weight\":2,\"model\":\"a\"},{\"weight\":3,\"model\":\"p/y\"}]}}", AIGW_E_UNSUPPORTED, "routes.r.models[1].weight", "by the order \"weight\" only" },
        { BASE ",\"routes\":{\"r\":{\"models\":[{\"weight\":2,\"model\":\"a\"}],\"order\":\"weight\"}}", AIGW_OK, "", "" },
        { ROUTE("\"score\":{\"cost\":1},\"order\":\"cheapest\""), AIGW_E_UNSUPPORTED, "routes.r.score", "by the order \"score\" only" },
        { ROUTE("\"score\":{\"cost\":1},\"quantile\":\"p50\",\"order\":\"score\""), AIGW_OK, "", "" },
        { ROUTE("\"quantile\":\"p50\""), AIGW_E_UNSUPPORTED, "routes.r.quantile", "\"fastest\" and \"score\" only" },
        { ROUTE("\"quantile\":\"p50\",\"order\":\"fastest\""), AIGW_OK, "", "" },
        { ROUTE("\"per_target\":4,\"attempts\":3"), AIGW_E_UNSUPPORTED, "routes.r.per_target", "more than `attempts`" },
        { ROUTE("\"per_target\":3,\"attempts\":3"), AIGW_OK, "", "" },
        { ROUTE("\"per_target\":100"), AIGW_OK, "", "" },                            /* `attempts` is the server's to say */
        { BASE ",\"routes\":{\"r\":{\"models\":[\"a\",\"p/x\",{\"model\":\"a\"}]}}", AIGW_E_UNSUPPORTED, "routes.r.models[2]", "stands in the route already" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const int warning = rows[i].code == AIGW_E_UNSUPPORTED;
        char text[1024];
        sprintf(text, "{%s}", rows[i].text);
        t_row(rows[i].text);
        t_int("code", read_text(text, sizeof memory), warning ? 0 : rows[i].code);
        if (!t_int("complaints", list.n, rows[i].code != 0) || !rows[i].code) continue;
        t_int("which", faults[0].code, rows[i].code);
        t_str("field", faults[0].path, strlen(faults[0].path), rows[i].path);
        t_ok("says", strstr(faults[0].text, rows[i].says) != NULL);
        if (warning) t_ok("is there all the same", r.limits || r.budgets || aigw_registry_route_of(&r, str("r")));
    }
    t_row("an error behind more warnings than there is room for");
    t_int("code", read_text("{" ROUTES ",\"limits\":[{\"rpm\":1,\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1},{\"rpm\":0},{\"tpm\":0}]}", sizeof memory), AIGW_E_VALUE);
    t_int("complaints", list.n, 11);
    t_int("a warning", faults[6].code, AIGW_E_UNSUPPORTED);
    t_str("the first error", faults[7].path, strlen(faults[7].path), "limits[1].rpm");
}

/* Every member of the policies against every kind of bad value: an error with its place, or the value is one of those that are listed as good. */
T(bad_values_of_every_member) {
    static const struct { char key; const char *text; } values[] = {
        { 'e', "\"\"" }, { 'x', "\"x\"" }, { 'n', "\"NaN\"" }, { 'm', "\"-1\"" }, { 't', "true" }, { 'u', "null" }, { 'a', "[]" }, { 'o', "{}" }, { '-', "-1" }, { '0', "0" },
        { 'h', "0.5" }, { 'f', "1.5" }, { 'b', "1e30" }, { 'B', "1e400" }, { 'N', "NaN" }, { 'I', "-Infinity" }, { 'l', "99999999999999999999" }, { 'M', "9223372036854775807" },
    };
    static const struct { const char *text, *path, *good; } rows[] = {
        { LIMIT("\"by\":%s,\"rpm\":1"), "limits[0].by", "a" }, { LIMIT("\"when\":%s,\"rpm\":1"), "limits[0].when", "o" }, { LIMIT("\"when\":{\"user\":%s},\"rpm\":1"), "limits[0].when.user", "xnm" },
        { LIMIT("\"rpm\":%s"), "limits[0].rpm", "" }, { LIMIT("\"tpm\":%s"), "limits[0].tpm", "" }, { LIMIT("\"concurrent\":%s"), "limits[0].concurrent", "" },
        { LIMIT("\"rpm\":1,\"batch\":%s"), "limits[0].batch", "" },
        { BUDGET("\"usd\":1,\"by\":%s"), "budgets[0].by", "a" }, { BUDGET("\"usd\":1,\"when\":{\"env\":%s}"), "budgets[0].when.env", "xnm" },
        { BUDGET("\"usd\":%s"), "budgets[0].usd", "0hf" }, { BUDGET("\"usd\":1,\"per\":%s"), "budgets[0].per", "" }, { BUDGET("\"usd\":1,\"soft\":%s"), "budgets[0].soft", "h" },
        { BUDGET("\"usd\":1,\"then\":%s"), "budgets[0].then", "" }, { BUDGET("\"usd\":1,\"max_output\":%s"), "budgets[0].max_output", "" },
        { TENANT("\"routes\":%s"), "tenants.t.routes", "" }, { TENANT("\"limits\":%s"), "tenants.t.limits", "a" }, { TENANT("\"budget\":%s"), "tenants.t.budget", "a" },
        { TENANT("\"limits\":{\"rpm\":%s}"), "tenants.t.limits.rpm", "" }, { TENANT("\"budget\":{\"usd\":%s}"), "tenants.t.budget.usd", "0hf" },
        { ROUTE("\"attempts\":%s"), "routes.r.attempts", "" }, { ROUTE("\"per_target\":%s"), "routes.r.per_target", "" }, { ROUTE("\"order\":%s"), "routes.r.order", "" },
        { ROUTE("\"quantile\":%s"), "routes.r.quantile", "h" }, { ROUTE("\"hedge\":%s"), "routes.r.hedge", "h" }, { ROUTE("\"degrade\":%s"), "routes.r.degrade", "a" },
        { ROUTE("\"degrade\":[%s]"), "routes.r.degrade[0]", "" }, { ROUTE("\"hold\":%s"), "routes.r.hold", "o" }, { ROUTE("\"hold\":{\"tokens\":%s}"), "routes.r.hold.tokens", "0" },
        { ROUTE("\"hold\":{\"ms\":%s}"), "routes.r.hold.ms", "0" }, { ROUTE("\"retry_timeout\":%s"), "routes.r.retry_timeout", "t" }, { ROUTE("\"score\":%s"), "routes.r.score", "o" },
        { ROUTE("\"score\":{\"cost\":%s}"), "routes.r.score.cost", "0" }, { ROUTE("\"score\":{\"latency\":%s}"), "routes.r.score.latency", "0" }, { ROUTE("\"cache\":%s"), "routes.r.cache", "o" },
        { ROUTE("\"cache\":{\"when\":%s}"), "routes.r.cache.when", "" }, { ROUTE("\"cache\":{\"ttl_s\":%s}"), "routes.r.cache.ttl_s", "" },
        { ROUTE("\"cache\":{\"stale_s\":%s}"), "routes.r.cache.stale_s", "" }, { ROUTE("\"cache\":{\"per_user\":%s}"), "routes.r.cache.per_user", "t" },
        { ROUTE("\"idle_ms\":%s"), "routes.r.idle_ms", "-0" }, { BASE ",\"routes\":{\"r\":{\"models\":%s}}", "routes.r.models", "" },
        { BASE ",\"routes\":{\"r\":{\"models\":[{\"model\":\"a\",\"weight\":%s}]}}", "routes.r.models[0].weight", "" }, { BASE ",\"cache\":{\"ttl_s\":%s}", "cache.ttl_s", "" },
        { ROUTES ",\"tasks\":[{\"when\":%s,\"route\":\"r\"}]", "tasks[0].when", "o" }, { ROUTES ",\"tasks\":[{\"when\":{},\"route\":%s}]", "tasks[0].route", "" },
        { TASK("\"feature\":%s"), "tasks[0].when.feature", "xnm" }, { TASK("\"tools\":%s"), "tasks[0].when.tools", "t" }, { TASK("\"batch\":%s"), "tasks[0].when.batch", "t" },
        { TASK("\"min_tokens\":%s"), "tasks[0].when.min_tokens", "" }, { TASK("\"max_tokens\":%s"), "tasks[0].when.max_tokens", "" }, { TASK("\"keywords\":%s"), "tasks[0].when.keywords", "" },
        { TASK("\"effort\":%s"), "tasks[0].when.effort", "xnm" }, { TASK("\"header\":%s"), "tasks[0].when.header", "" }, { TASK("\"header\":{\"a\":%s}"), "tasks[0].when.header.a", "xnmt" },
    };
    int bad = 0;
    for (size_t i = 0; i < T_COUNT(rows); i++) for (size_t k = 0; k < T_COUNT(values); k++) {
        const char *at = strstr(rows[i].text, "%s");
        char text[1024];
        int code;
        sprintf(text, "{%.*s%s%s}", (int)(at - rows[i].text), rows[i].text, values[k].text, at + 2);
        t_row(text);
        code = read_text(text, sizeof memory);
        if (strchr(rows[i].good, values[k].key)) {
            t_int("is good", code, AIGW_OK);
            continue;
        }
        bad++;
        if (!t_ok("is refused", code != AIGW_OK && list.n)) continue;
        t_ok("by its name", !strncmp(faults[0].path, rows[i].path, strlen(rows[i].path)) || (values[k].key == 'N' || values[k].key == 'I'));
        t_ok("and its place", faults[0].at < strlen(text) && faults[0].at >= 10);
        t_ok("in words", faults[0].text && *faults[0].text);
    }
    t_row(NULL);
    t_ok("many", bad >= 80);
}

/* What a text says wrongly is complained of once, not again by each that refers to it. */
T(complains_once) {
    static const struct { const char *text, *path; } rows[] = {
        /* a model, and what names it */
        { PROVIDER ",\"models\":{\"m\":{\"provider\":\"p\",\"grade\":9}},\"routes\":{\"r\":{\"models\":[\"m\"],\"degrade\":[\"route:s\"]},\"s\":{\"models\":[{\"model\":\"m\"},\"p/x\"]}},"
          "\"tasks\":[{\"when\":{},\"route\":\"r\"}],\"limits\":[{\"rpm\":1,\"when\":{\"model\":\"m\"}}],\"tenants\":{\"t\":{\"routes\":[\"m\",\"r\"]}}", "models.m.grade" },
        /* a provider, its models, and what names them */
        { "\"providers\":{\"p\":{\"dialect\":\"gemeni\",\"base_url\":\"https://g\",\"raw\":true}},\"models\":{\"m\":{\"provider\":\"p\"}},\"routes\":{\"r\":{\"models\":[\"m\",\"p/x\"]}},"
          "\"budgets\":[{\"usd\":1,\"when\":{\"provider\":\"p\",\"model\":\"p/x\"}}],\"tenants\":{\"t\":{\"routes\":[\"raw/p\",\"p/x\"]}}", "providers.p.dialect" },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[1024];
        sprintf(text, "{%s}", rows[i].text);
        t_row(rows[i].path);
        t_int("code", read_text(text, sizeof memory), AIGW_E_VALUE);
        t_int("complaints", list.n, 1);
        t_str("its own", faults[0].path, strlen(faults[0].path), rows[i].path);
    }
    t_row("what was never there");
    t_int("code", read_text("{" PROVIDER ",\"models\":{\"m\":{\"provider\":\"p\",\"grade\":9}},\"routes\":{\"r\":{\"models\":[\"n\"]}},\"limits\":[{\"rpm\":1,\"when\":{\"model\":\"o\"}}]}", sizeof memory), AIGW_E_VALUE);
    t_int("complaints", list.n, 3);
    t_row("routes");
    t_int("code", read_text("{" BASE ",\"routes\":{\"bad\":{\"models\":[\"z\"]},\"r\":{\"models\":[\"a\"],\"degrade\":[\"route:bad\"]}},\"tasks\":[{\"when\":{},\"route\":\"bad\"}],"
                            "\"budgets\":[{\"usd\":1,\"then\":\"route:bad\"}],\"tenants\":{\"t\":{\"routes\":[\"bad\",\"none\"]}}}", sizeof memory), AIGW_E_VALUE);
    t_int("complaints", list.n, 2);
    t_str("its own", faults[0].path, strlen(faults[0].path), "routes.bad.models[0]");
    t_str("what is not there", faults[1].path, strlen(faults[1].path), "tenants.t.routes[1]");
}

static int read_more(const char *text, int known) {
    aigw_str s;
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = T_COUNT(faults);
    s.n = strlen(text);
    s.p = t_dup(text, s.n);
    return known ? aigw_registry_read_known(&r, s, &list) : aigw_registry_read(&r, s, &list);
}

/* A second text: its entries over those of the first, its rules in front. */
T(twice) {
    const aigw_registry_limit *l;
    t_int("first", read_text("{" ROUTES ",\"tasks\":[{\"when\":{},\"route\":\"r\"}],\"limits\":[{\"rpm\":1}],\"tenants\":{\"t\":{\"limits\":{\"rpm\":2}},\"u\":{}},\"dated\":\"2026-01-01\"}", sizeof memory), 0);
    t_ok("has a place", aigw_registry_model_of(&r, str("a"))->at != AIGW_NOWHERE);
    t_int("second", read_more("{\"models\":{\"b\":{\"provider\":\"p\",\"id\":\"new\"}},\"routes\":{\"r\":{\"models\":[\"b\",\"a\"]}},\"tasks\":[{\"when\":{},\"route\":\"small\"}],"
                              "\"limits\":[{\"rpm\":3},{\"rpm\":4}],\"tenants\":{\"t\":{\"routes\":[\"*\"],\"limits\":{\"rpm\":5}}},\"dated\":\"2026-01-02\"}", 0), 0);
    t_int("complaints", list.n, 0);
    t_says("replaced", aigw_registry_model_of(&r, str("b"))->target.id, "new");
    t_ok("the other stays, without a place", aigw_registry_model_of(&r, str("a")) && aigw_registry_model_of(&r, str("a"))->at == AIGW_NOWHERE);
    t_int("route", aigw_registry_route_of(&r, str("r"))->n, 2);
    t_ok("tenant", aigw_registry_tenant_of(&r, str("t"))->n == 1 && aigw_registry_tenant_of(&r, str("u")));
    t_says("its task first", r.tasks->route, "small");
    t_ok("then the older", r.tasks->next && !r.tasks->next->next);
    l = r.limits;
    for (int i = 0; l && i < 5; i++, l = l->next) t_int("order", l->rpm, (int)"\5\2\3\4\1"[i]);
    t_ok("no more", !l);
    t_int("dated", r.dated_s, 1767312000);
    t_int("twice in one", read_more("{\"models\":{\"b\":{\"provider\":\"p\"},\"b\":{\"provider\":\"p\"}}}", 0), AIGW_E_DUPLICATE);
    t_int("broken", read_more("{\"models\":", 0), AIGW_E_SYNTAX);
    t_says("changes nothing", aigw_registry_model_of(&r, str("b"))->target.id, "b");
}

/* Answers name the edition of a model; what is neither the model asked for nor one that anybody knows is another. */
T(names_of_answers) {
    static const struct { const char *id, *said; int known; } rows[] = {
        { "gpt-4o", "gpt-4o", 1 }, { "gpt-4o", "GPT-4o", 1 }, { "gpt-4o", "gpt-4o-2024-08-06", 1 }, { "gpt-4o-2024-05-13", "gpt-4o", 1 }, { "gpt-4o", "openai/gpt-4o-2024-08-06", 1 },
        { "gpt-4", "gpt-4-0613", 1 }, { "models/gemini-2.0-flash", "gemini-2.0-flash-001", 1 }, { "claude-opus-4-1", "claude-opus-4-1-20250805", 1 },
        { "claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", 1 }, { "claude-3-5-sonnet@20241022", "claude-3-5-sonnet-20241022", 1 }, { "llama3", "llama3:latest", 1 },
        { "deployment", "known-model-2025-01-01", 1 }, { "deployment", "entry-model", 1 },
        { "claude-opus-4", "claude-opus-4-1", 0 }, { "claude-opus-4", "claude-opus-4-1-20250805", 0 }, { "gpt-4o", "gpt-4o-mini", 0 }, { "gpt-4o", "gpt-4", 0 }, { "gpt-4o", "mystery", 0 }, { "gpt-4o", "-2024-08-06", 0 },
        { "gpt-4o", "latest", 0 }
    };
    mem = aigw_base_arena(memory, sizeof memory);
    aigw_registry_init(&r, dialects, T_COUNT(dialects), &mem);
    t_int("facts", read_more("{\"models\":{\"k\":{\"provider\":\"mistral\",\"id\":\"known-model\"}}}", 1), 0);
    t_int("configuration", read_more("{\"version\":1,\"providers\":{\"p\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://h/v1\"}},\"models\":{\"e\":{\"provider\":\"p\",\"id\":\"entry-model\"}}}", 0), 0);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].said);
        t_int(rows[i].id, aigw_registry_answers(&r, str(rows[i].id), str(rows[i].said)), rows[i].known);
    }
}

/* Facts: for whom they are, what they fill in, and what they never replace. */
T(facts) {
    static const char known[] =
        "{\"dated\":\"2026-11-21\",\"models\":{\"claude-x\":{\"provider\":\"anthropic\",\"context\":200000,\"max_output\":64000,\"can\":[\"tools\",\"vision\"],\"no\":[\"prefill\"],\"effort\":[\"low\"],"
        "\"price\":{\"input\":3,\"output\":15},\"cache_min\":1024,\"deprecated\":\"2027-01-01\",\"first_byte_ms\":9},"
        "\"groq/llama\":{\"provider\":\"groq\",\"id\":\"llama\",\"price\":\"free\"},\"only\":{\"provider\":\"openai\",\"dialect\":\"openai-responses\",\"price\":\"free\"},\"gpt\":{\"provider\":\"openai\"}},\"rest\":{}}";
    static const char text[] =
        "{\"providers\":{\"claude\":{\"dialect\":\"anthropic\",\"base_url\":\"https://API.anthropic.com\"},\"mine\":{\"family\":\"anthropic\",\"base_url\":\"https://elsewhere\"},"
        "\"other\":{\"dialect\":\"anthropic\",\"base_url\":\"https://elsewhere\"},\"openai\":{\"family\":\"openai\"}},"
        "\"models\":{\"sonnet\":{\"provider\":\"claude\",\"id\":\"claude-x\",\"no\":[\"vision\"],\"can\":[\"prefill\"],\"max_output\":5,\"price\":{\"input\":1,\"output\":2}},"
        "\"plain\":{\"provider\":\"mine\",\"id\":\"claude-x\"},\"not\":{\"provider\":\"other\",\"id\":\"claude-x\"}},"
        "\"routes\":{\"r\":{\"models\":[\"gpt\",\"claude/claude-x\",\"mine/claude-x\",\"other/claude-x\"]}}}";
    const aigw_registry_model *m;
    const aigw_registry_route *route;
    aigw_registry_pick picks[4];
    aigw_registry_provider p;
    mem = aigw_base_arena(memory, sizeof memory);
    aigw_registry_init(&r, dialects, T_COUNT(dialects), &mem);
    t_int("facts", read_more(known, 1), 0);
    t_int("complaints", list.n, 0);
    t_int("dated", r.dated_s, 1795219200);
    t_ok("are no models", !r.models && !aigw_registry_model_of(&r, str("claude-x")));
    m = aigw_registry_known(&r, str("anthropic"), str("claude-x"));
    t_ok("but known", m && m->price.rate.input == INT64_C(3000000000) && !m->provider);
    t_ok("not of others", !aigw_registry_known(&r, str("claude"), str("claude-x")) && !aigw_registry_known(&r, str("anthropic"), str("gpt")));
    t_int("configuration", read_more(text, 0), 0);
    t_int("complaints", list.n, 0);
    t_ok("offered by name", aigw_registry_model_of(&r, str("gpt")) != NULL);
    t_ok("in its dialect only", !aigw_registry_model_of(&r, str("only")));
    t_ok("of those that are there", !aigw_registry_model_of(&r, str("groq/llama")) && !aigw_registry_model_of(&r, str("claude-x")));
    m = aigw_registry_model_of(&r, str("sonnet"));
    t_int("said", m->target.max_output, 5);
    t_int("its price", m->price.rate.input, 1000000000);
    t_int("not said", m->target.context, 200000);
    t_int("can", m->target.can, AIGW_CAN(TOOLS) | AIGW_CAN(PREFILL));
    t_int("no", m->target.no, AIGW_CAN(VISION));
    t_says("efforts", m->target.efforts, "low");
    t_ok("the rest", m->cache_min == 1024 && m->ends_s == 1798761600);
    m = aigw_registry_model_of(&r, str("plain"));
    t_int("by family", m->price.rate.output, INT64_C(15000000000));
    t_ok("elsewhere", !aigw_registry_model_of(&r, str("not"))->price.known);
    t_int("found", aigw_registry_find(&r, str("r"), dialects[0], picks, 4, &route), 4);
    t_ok("a model", picks[0].model && picks[0].model == aigw_registry_model_of(&r, str("gpt")));
    t_ok("as its entry says", picks[1].model == aigw_registry_model_of(&r, str("sonnet")) && picks[1].target.max_output == 5);
    t_says("it goes by its name, so that rules for it hold", picks[1].target.name, "sonnet");
    t_says("its provider", picks[1].target.provider, "claude");
    t_ok("plain", picks[2].model == aigw_registry_model_of(&r, str("plain")));
    t_ok("nothing known", picks[3].model == aigw_registry_model_of(&r, str("not")) && !picks[3].target.context);
    t_int("a fact", aigw_registry_find(&r, str("openai/only"), dialects[0], picks, 4, &route), 1);
    t_ok("without an entry", picks[0].model && picks[0].model->price.known && !picks[0].model->provider && picks[0].provider);
    t_says("its provider's name", picks[0].target.provider, "openai");
    t_int("unknown", aigw_registry_find(&r, str("openai/zzz"), dialects[0], picks, 4, &route), 1);
    t_ok("nothing is known", !picks[0].model && !picks[0].target.context);
    memset(&p, 0, sizeof p);
    p.name = str("groq");
    p.dialect = dialects[0];
    t_ok("later", aigw_registry_add_provider(&r, &p) != NULL);
    t_int("settled", aigw_registry_settle(&r), 0);
    t_int("and again", aigw_registry_settle(&r), 0);
    t_ok("offered then", aigw_registry_model_of(&r, str("groq/llama")) != NULL);
    t_int("a route of that name", read_more("{\"routes\":{\"gpt\":{\"models\":[\"sonnet\"]}}}", 0), 0);
    t_int("is found first", aigw_registry_find(&r, str("gpt"), dialects[0], picks, 4, &route), 1);
    t_says("and leads on", picks[0].target.id, "claude-x");
    t_int("newer facts", read_more("{\"models\":{\"gpt\":{\"provider\":\"openai\",\"context\":7}}}", 1), 0);
    t_int("replace", aigw_registry_find(&r, str("openai/only"), dialects[0], picks, 4, &route), 1);
    for (m = r.known; m && !aigw_base_eq(m->target.name, str("gpt")); m = m->next) {}
    t_ok("one", m && m->target.context == 7);
    t_int("twice in one", read_more("{\"models\":{\"x\":{\"provider\":\"q\"},\"x\":{\"provider\":\"q\"}}}", 1), AIGW_E_DUPLICATE);
    t_int("needs a provider", read_more("{\"models\":{\"y\":{}}}", 1), AIGW_E_MISSING);
}

/* ---- examples/gateway/models.json: reads without complaint, and says what its source says */

static char big[1 << 20];
static int read_models(void) {
    t_bytes b = t_file("examples/gateway/models.json");
    aigw_str s;
    if (!b.p) return 0;
    mem = aigw_base_arena(big, sizeof big);
    aigw_registry_init(&r, dialects, T_COUNT(dialects), &mem);
    s.p = t_dup(b.p, b.n);
    s.n = b.n;
    aigw_registry_blank((char *)(uintptr_t)s.p, s.n);
    memset(&list, 0, sizeof list);
    list.items = faults;
    list.cap = T_COUNT(faults);
    t_int("code", aigw_registry_read_known(&r, s, &list), 0);
    if (!t_int("complaints", list.n, 0)) printf("  %s: %s\n", faults[0].path, faults[0].text);
    return 1;
}
T(models_file) {
    const aigw_registry_model *m, *other;
    int n = 0;
    if (!read_models()) { t_skip("examples/gateway/models.json (run from the project's folder)"); return; }
    t_int("dated", r.dated_s, 1795219200);
    for (m = r.known; m; m = m->next, n++) {
        t_row(text_of(m->target.name));
        t_ok("priced", m->price.known);
        t_ok("a window", m->target.context > 0);
        t_ok("cannot what it can", !(m->target.can & m->target.no));
        for (other = m->next; other; other = other->next)
            t_ok("once", !aigw_base_eq(m->target.provider, other->target.provider) || !aigw_base_eq(m->target.id, other->target.id));
    }
    t_row(NULL);
    t_int("models", n, 128);
}

enum { S_PROVIDER, S_DIALECT, S_ID, S_MODE, S_ENDPOINT, S_CTX, S_OUT, S_IN_USD, S_OUT_USD, S_CACHED, S_WRITE, S_WRITE_1H, S_WRITE_12H, S_AUDIO_IN, S_AUDIO_OUT, S_IN_BATCH, S_OUT_BATCH,
       S_TIERS, S_CAPS, S_NO, S_EFFORT, S_DEPRECATED, S_CACHE_MIN, S_DIM, S_ABOVE, S_COUNT };
static const aigw_str source_names[] = {
    AIGW_STR("provider"), AIGW_STR("dialect"), AIGW_STR("id"), AIGW_STR("mode"), AIGW_STR("endpoint"), AIGW_STR("ctx"), AIGW_STR("max_out"), AIGW_STR("in"), AIGW_STR("out"), AIGW_STR("cache_read"),
    AIGW_STR("cache_write"), AIGW_STR("cache_write_1h"), AIGW_STR("cache_write_12h"), AIGW_STR("audio_in"), AIGW_STR("audio_out"), AIGW_STR("in_batch"), AIGW_STR("out_batch"), AIGW_STR("tiers"),
    AIGW_STR("caps"), AIGW_STR("no"), AIGW_STR("effort"), AIGW_STR("deprecated"), AIGW_STR("cache_min"), AIGW_STR("dim"), AIGW_STR("above")
};
/* A price of the source against ours; -1 where neither says one. */
static void same_price(const char *label, aigw_str source, int64_t ours) {
    int64_t v = -1;
    if (source.n) (void)aigw_base_nano(source, &v);
    t_int(label, ours, v);
}
static void members(aigw_str raw, aigw_str *v) {
    aigw_json j;
    int f;
    memset(v, 0, S_COUNT * sizeof *v);
    aigw_json_init(&j, raw);
    for (aigw_json_object(&j); (f = aigw_json_field(&j, source_names, S_COUNT, NULL)) >= 0; ) {
        if (f == S_COUNT) { t_fail("a member of the source that is not carried over"); aigw_json_skip(&j); }
        else aigw_json_raw(&j, &v[f]);
        if (f < S_COUNT && v[f].n && v[f].p[0] == '"') v[f].p++, v[f].n -= 2;
    }
}
static void same_rates(const aigw_str *v, const aigw_registry_rate *rate, int hears) {
    same_price("input", v[S_IN_USD], rate->input);
    same_price("cached", v[S_CACHED], rate->cached);
    same_price("write", v[S_WRITE], rate->cache_write);
    same_price("write for long", v[S_WRITE_1H].n ? v[S_WRITE_1H] : v[S_WRITE_12H], rate->cache_write_long);
    if (hears && !v[S_AUDIO_IN].n) t_int("audio as text", rate->input_audio, rate->input);
    else same_price("audio", v[S_AUDIO_IN], rate->input_audio);
    same_price("audio out", v[S_AUDIO_OUT], rate->output_audio);
}
static void same_model(const aigw_str *v) {
    aigw_str provider = v[S_PROVIDER], all = AIGW_STR(""), inner[S_COUNT];
    const aigw_registry_model *m;
    char date[16] = "", efforts[128] = "";
    aigw_json j;
    int tiers = 0;
    if (aigw_base_eq(provider, str("vertex")) && aigw_base_eq(v[S_DIALECT], str("anthropic"))) provider = str("vertex-claude");
    m = aigw_registry_known(&r, provider, v[S_ID]);
    if (!t_ok("is there", m != NULL)) return;
    t_int("context", m->target.context, atoll(text_of(v[S_CTX])));
    t_int("output", m->target.max_output, v[S_OUT].n ? atoll(text_of(v[S_OUT])) : 0);
    t_int("embeds", m->embeds, aigw_base_eq(v[S_MODE], str("embedding")));
    t_int("dimensions", m->dimensions, v[S_DIM].n ? atoll(text_of(v[S_DIM])) : 0);
    t_int("least", m->cache_min, v[S_CACHE_MIN].n ? atoll(text_of(v[S_CACHE_MIN])) : 0);
    t_ok("endpoint", !v[S_ENDPOINT].n == !m->dialect.n);
    if (v[S_DEPRECATED].n) {
        aigw_out o;
        aigw_base_out_init(&o, date, 10, NULL, 0);
        aigw_base_put_date(&o, m->ends_s);
        t_str("ends", date, 10, text_of(v[S_DEPRECATED]));
    } else t_int("no end", m->ends_s, 0);
    if (v[S_EFFORT].n)
        for (aigw_json_init(&j, v[S_EFFORT]), aigw_json_array(&j); aigw_json_item(&j); ) {
            aigw_json_str(&j, &mem, &all);
            sprintf(efforts + strlen(efforts), "%s%s", *efforts ? " " : "", text_of(all));
        }
    t_str("efforts", text_of(m->target.efforts), m->target.efforts.n, efforts);
    if (aigw_base_eq(v[S_IN_USD], str("0"))) {
        t_ok("free", !m->price.rate.input && !m->price.rate.output);
        return;
    }
    same_rates(v, &m->price.rate, (m->target.can & AIGW_CAN(AUDIO_IN)) != 0);
    if (v[S_OUT_USD].n) same_price("output", v[S_OUT_USD], m->price.rate.output);
    t_int("batch", m->price.terms, v[S_IN_BATCH].n || v[S_OUT_BATCH].n);
    if (m->price.terms) same_price("batch input", v[S_IN_BATCH], m->price.term[0].rate.input), same_price("batch output", v[S_OUT_BATCH], m->price.term[0].rate.output);
    if (v[S_TIERS].n)
        for (aigw_json_init(&j, v[S_TIERS]), aigw_json_array(&j); aigw_json_item(&j) && tiers < AIGW_PRICE_TIERS; tiers++) {
            aigw_json_raw(&j, &all);
            members(all, inner);
            t_int("above", m->price.tier[tiers].above, atoll(text_of(inner[S_ABOVE])));
            same_rates(inner, &m->price.tier[tiers].rate, (m->target.can & AIGW_CAN(AUDIO_IN)) != 0);
            same_price("its output", inner[S_OUT_USD], m->price.tier[tiers].rate.output);
        }
    t_int("tiers", m->price.tiers, tiers);
}
T(models_as_the_source) {
    t_bytes b = t_file(t_shared("models.json"));
    aigw_str s, raw, v[S_COUNT];
    aigw_json j;
    int n = 0;
    if (!b.p || !b.n) { t_skip("../shared/models.json"); return; }
    if (!read_models()) { t_skip("examples/gateway/models.json (run from the project's folder)"); return; }
    s.p = (const char *)b.p;
    s.n = b.n;
    aigw_json_init(&j, s);
    for (aigw_json_object(&j); aigw_json_member(&j); ) {
        if (!aigw_base_eq(j.key, str("models"))) { aigw_json_skip(&j); continue; }
        for (aigw_json_array(&j); aigw_json_item(&j); n++) {
            aigw_json_raw(&j, &raw);
            members(raw, v);
            t_row(text_of(v[S_ID]));
            same_model(v);
        }
    }
    t_row(NULL);
    t_int("models", n, 128);
}

T(policy_from_nothing) {
    static const char text[] = "{" ROUTES ",\"tasks\":[{\"when\":{\"keywords\":[\"a\",\"b\\u0041\"],\"header\":{\"x\":true}},\"route\":\"r\"}],\"limits\":[{\"rpm\":1}],\"budgets\":[{\"usd\":1}],"
                               "\"tenants\":{\"t\":{\"routes\":[\"*\"],\"limits\":{\"rpm\":1},\"budget\":{\"usd\":1}}}}";
    size_t room;
    int code = AIGW_E_NOMEM;
    for (room = 0; code && room < sizeof memory; room += 7) {
        code = read_text(text, room);
        if (code) t_int("says so", code, AIGW_E_NOMEM);
        while (t_.mems) free(t_.mem[--t_.mems]);
    }
    t_ok("in the end", !code);
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
    T_RUN(prices);
    T_RUN(grades);
    T_RUN(routes);
    T_RUN(models_that_are_never_asked);
    T_RUN(rules);
    T_RUN(complains_of_policy);
    T_RUN(odd_values);
    T_RUN(bad_values_of_every_member);
    T_RUN(complains_once);
    T_RUN(twice);
    T_RUN(names_of_answers);
    T_RUN(facts);
    T_RUN(models_file);
    T_RUN(models_as_the_source);
    T_RUN(policy_from_nothing);
    return t_end();
}
