/* SPDX-License-Identifier: MIT OR Unlicense */
/* Signatures and tokens: SigV4 both ways against AWS's vectors (read in place) and cases of our own, the requests for tokens and what comes back. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include <dirent.h>

static aigw_str str(const char *s) { return aigw_base_str(s); }
static int same(aigw_str s, const char *want) { return aigw_base_eq(s, aigw_base_str(want)); }
static aigw_header fields[40];
static char room[65536];
static const aigw_now nov = { 1, 1795237200 };                 /* 2026-11-21T05:00:00Z */

static aigw_head head_of(const char *method, const char *target) {
    aigw_head h;
    memset(&h, 0, sizeof h);
    h.method = str(method);
    h.target = str(target);
    h.headers = fields;
    h.cap = T_COUNT(fields);
    return h;
}
static void add(aigw_head *h, const char *name, const char *value) { (void)aigw_base_header_put(h, str(name), str(value)); }
static aigw_auth pair_of(const char *id, const char *secret, const char *region, const char *service) {
    aigw_auth a;
    memset(&a, 0, sizeof a);
    a.scheme = &aigw_auth_sigv4;
    a.value[AIGW_AUTH_ACCESS_KEY] = str(id);
    a.value[AIGW_AUTH_SECRET_KEY] = str(secret);
    a.value[AIGW_AUTH_REGION] = str(region);
    a.value[AIGW_AUTH_SERVICE] = str(service);
    return a;
}
/* Sign with memory of its own; the signature as text. */
static const char *sign(const aigw_auth *a, aigw_now now, const aigw_str *body, size_t n, aigw_head *h, int *code) {
    aigw_arena mem = aigw_base_arena(room, sizeof room);
    aigw_str v;
    size_t at;
    *code = a->scheme->sign(a, str(""), now, body, n, &mem, h);
    v = aigw_base_header(h, str("authorization"));
    at = aigw_base_find(v, str("Signature="), 0);
    return *code || at == v.n ? "" : t_dup(v.p + at + 10, v.n - at - 10);
}

T(a_key_never_breaks_a_header) {
    aigw_header hs[2];
    aigw_head head;
    unsigned char small[64];
    aigw_arena mem = aigw_base_arena(small, sizeof small);
    memset(&head, 0, sizeof head);
    head.headers = hs;
    head.cap = 2;
    t_int("good", aigw_auth_put(str("authorization"), str("Bearer "), str("sk-1"), &mem, &head), AIGW_OK);
    t_str("value", hs[0].value.p, hs[0].value.n, "Bearer sk-1");
    t_int("line break", aigw_auth_put(str("x"), str(""), str("sk\r\nx: y"), &mem, &head), AIGW_E_VALUE);
    t_int("no memory", aigw_auth_put(str("x"), str(""), str("0123456789012345678901234567890123456789012345678901234567890123456789"), &mem, &head), AIGW_E_NOMEM);
}

static const char converse[] = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}";
static aigw_head converse_head(void) {
    aigw_head h = head_of("POST", "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse");
    add(&h, "Content-Type", "application/json");
    add(&h, "Host", "bedrock-runtime.us-east-1.amazonaws.com");
    add(&h, "User-Agent", "not signed");
    add(&h, "accept-encoding", "identity");
    return h;
}

/* wire-formats 29.4, with and without a session token, the body in pieces of every size. */
T(signs_as_botocore_does) {
    aigw_auth a = pair_of("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "bedrock");
    int code;
    for (size_t cut = 0; cut <= sizeof converse - 1; cut += 7) {
        const aigw_str body[2] = { { converse, cut }, { converse + cut, sizeof converse - 1 - cut } };
        aigw_head h = converse_head();
        a.value[AIGW_AUTH_SESSION_TOKEN] = str("");
        const char *sig = sign(&a, nov, body, 2, &h, &code);
        t_int("code", code, AIGW_OK);
        t_str("signature", sig, 64, "d5669c797920ff0f89b1ea5cc9ea02d21d9300ab8da7e43a32a926b9259ddc43");
        t_ok("scope", aigw_base_find(aigw_base_header(&h, str("authorization")), str("Credential=AKIDEXAMPLE/20261121/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, "), 0) == 17);
        t_ok("date", same(aigw_base_header(&h, str("x-amz-date")), "20261121T050000Z"));
        h = converse_head();
        a.value[AIGW_AUTH_SESSION_TOKEN] = str("TOKENEXAMPLE");
        sig = sign(&a, nov, body, 2, &h, &code);
        t_str("with a session token", sig, 64, "c61a2bdbf8d007b409659631d45c136135b8f63f5a0911308ea37f69906fb1aa");
        t_free_all();
    }
}

T(signing_needs_the_clock_and_memory) {
    aigw_auth a = pair_of("AKIDEXAMPLE", "secret", "us-east-1", "bedrock");
    const aigw_now unknown = { 5, 0 };
    const aigw_str body = str(converse);
    aigw_head h = converse_head();
    int code, enough = 0;
    (void)sign(&a, unknown, &body, 1, &h, &code);
    t_int("no clock", code, AIGW_E_CLOCK);
    for (size_t n = 0; n < 600; n++) {
        aigw_arena mem = aigw_base_arena(t_alloc(n), n);
        h = converse_head();
        code = a.scheme->sign(&a, str(""), nov, &body, 1, &mem, &h);
        t_ok("memory", code == (enough ? AIGW_OK : AIGW_E_NOMEM) || (enough = code == AIGW_OK));
        t_free_all();
    }
    t_ok("600 bytes are enough", enough);
    h = converse_head();
    h.cap = h.n + 1;
    (void)sign(&a, nov, &body, 1, &h, &code);
    t_int("no field left", code, AIGW_E_NOMEM);
    a.value[AIGW_AUTH_SESSION_TOKEN] = str("bad\r\ntoken");
    h = converse_head();
    (void)sign(&a, nov, &body, 1, &h, &code);
    t_int("a token that breaks the header", code, AIGW_E_VALUE);
}

/* Paths and queries, canonical by eye: the same signature as the plain spelling's. */
T(canonical_spellings) {
    static const struct { const char *a, *b; int equal; } rows[] = {
        { "/model/a%3Ab/converse", "/model//a%3Ab/./converse", 1 }, { "/x/../model", "/model", 1 }, { "/", "", 1 }, { "/a/..", "/", 1 },
        { "/../a", "/a", 1 }, { "/a/b/..", "/a", 1 }, { "/model/a%3Ab", "/model/a:b", 0 }, { "/a", "/a/", 0 }, { "/A", "/a", 0 },
        { "/?b=1&a=2", "/?a=2&b=1", 1 }, { "/?a=2&a=1", "/?a=1&a=2", 1 }, { "/?a", "/?a=", 1 }, { "/?a=%7e", "/?a=~", 1 }, { "/?a=%2f", "/?a=/", 1 },
        { "/?a=1&&b=2", "/?a=1&b=2", 1 }, { "/?a=b%20c", "/?a=b+c", 0 }, { "/?a=1", "/?a=2", 0 }, { "/?A=1", "/?a=1", 0 }, { "/?Param-3=1&Param=2", "/?Param=2&Param-3=1", 1 }
    };
    const aigw_auth a = pair_of("AK", "secret", "r", "s");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char one[65] = "", two[65] = "";
        int code;
        aigw_head h = head_of("GET", rows[i].a);
        add(&h, "host", "h");
        memcpy(one, sign(&a, nov, NULL, 0, &h, &code), 64);
        h = head_of("GET", rows[i].b);
        add(&h, "host", "h");
        memcpy(two, sign(&a, nov, NULL, 0, &h, &code), 64);
        t_row(rows[i].b);
        t_int("the same", !strcmp(one, two), rows[i].equal);
    }
}

T(limits_of_a_canonical_request) {
    const aigw_auth a = pair_of("AK", "secret", "r", "s");
    char long_one[512] = "/";
    int code;
    aigw_head h;
    for (int i = 0; i < 64; i++) strcat(long_one, "a/");
    h = head_of("GET", long_one);
    (void)sign(&a, nov, NULL, 0, &h, &code);
    t_int("64 segments", code, AIGW_OK);
    strcat(long_one, "b");
    h = head_of("GET", long_one);
    (void)sign(&a, nov, NULL, 0, &h, &code);
    t_int("65", code, AIGW_E_LIMIT);
    strcpy(long_one, "/?a");
    for (int i = 0; i < 64; i++) strcat(long_one, "&b");
    h = head_of("GET", long_one);
    (void)sign(&a, nov, NULL, 0, &h, &code);
    t_int("65 parameters", code, AIGW_E_LIMIT);
}

/* ---- AWS's own vectors */

static t_bytes vector(const char *dir, const char *name) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return t_file(path);
}
static aigw_str member(t_bytes json, const char *name, char *quoted) {
    const aigw_str all = { json.p, json.n };
    size_t at;
    aigw_str v = { "", 0 };
    sprintf(quoted, "\"%s\": ", name);
    at = aigw_base_find(all, str(quoted), 0);
    if (at == all.n) return v;
    at += strlen(quoted);
    v.p = all.p + at + (all.p[at] == '"');
    v.n = aigw_base_find(all, str(all.p[at] == '"' ? "\"" : "e"), at + 1) + (all.p[at] != '"') - (size_t)(v.p - all.p);
    return v;
}
/* An HTTP request as the suite writes it: LF, values that go on in folded lines. 1, or 0. */
static int suite_request(t_bytes file, aigw_head *h, aigw_str *body) {
    const char *p = file.p, *end = file.p + file.n, *line, *at;
    const aigw_str none = { "", 0 };
    int first = 1;
    *body = none;
    *h = head_of("", "");
    while (p < end) {
        line = p;
        while (p < end && *p != '\n') p++;
        if (!first && p > line && (*line == ' ' || *line == '\t')) fields[h->n - 1].value.n = (size_t)(p - fields[h->n - 1].value.p);
        else if (first) {
            for (at = line; *at != ' '; at++) {}
            h->method.p = line, h->method.n = (size_t)(at - line);
            h->target.p = at + 1;
            for (at = p; at[-1] != ' '; at--) {}
            h->target.n = (size_t)(at - 1 - h->target.p);
            first = 0;
        } else if (p > line) {
            aigw_str name, value;
            for (at = line; at < p && *at != ':'; at++) {}
            if (at == p) return 0;
            name.p = line, name.n = (size_t)(at - line);
            value.p = at + 1, value.n = (size_t)(p - at - 1);
            if (aigw_base_header_put(h, name, value)) return 0;
        } else {
            body->p = p + 1;
            body->n = p + 1 < end ? (size_t)(end - p - 1) : 0;
            return 1;
        }
        if (p < end) p++;
    }
    return 1;
}
static int64_t date_of(aigw_str s) {
    int64_t v = 0;
    (void)aigw_base_date(s, &v);
    return v;
}

T(vectors_of_aws) {
    const char *root = t_shared("wire/sigv4/aws-c-auth");
    DIR *d = opendir(root);
    struct dirent *e;
    int all = 0;
    if (!d) {
        t_skip("shared/wire/sigv4");
        return;
    }
    while ((e = readdir(d)) != NULL) {
        char dir[300], q[64], hex[64];
        t_bytes context, request, want;
        aigw_auth a;
        aigw_auth_signature s;
        aigw_head h;
        aigw_str body, token;
        aigw_now now = { 1, 0 };
        const char *sig, *why;
        int code;
        if (e->d_name[0] == '.') continue;
        snprintf(dir, sizeof dir, "%s/%s", root, e->d_name);
        t_row(t_dup(e->d_name, strlen(e->d_name) + 1));
        context = vector(dir, "context.json");
        request = vector(dir, "request.txt");
        want = vector(dir, "header-signature.txt");
        if (!t_ok("files", context.p && request.p && want.p && suite_request(request, &h, &body))) continue;
        a = pair_of("", "", "", "");
        a.value[AIGW_AUTH_ACCESS_KEY] = member(context, "access_key_id", q);
        a.value[AIGW_AUTH_SECRET_KEY] = member(context, "secret_access_key", q);
        a.value[AIGW_AUTH_REGION] = member(context, "region", q);
        a.value[AIGW_AUTH_SERVICE] = member(context, "service", q);
        token = member(context, "token", q);
        if (!same(member(context, "omit_session_token", q), "true")) a.value[AIGW_AUTH_SESSION_TOKEN] = token;
        a.as_sent = (uint8_t)same(member(context, "normalize", q), "false");
        now.wall_s = date_of(member(context, "timestamp", q));
        if (same(member(context, "sign_body", q), "true")) {
            aigwi_auth_body(&body, 1, hex);
            (void)aigw_base_header_put(&h, str("x-amz-content-sha256"), aigwi_dialect_slice(hex, 64));
        }
        sig = sign(&a, now, &body, 1, &h, &code);
        t_int("code", code, AIGW_OK);
        t_mem("signature", sig, code ? 0 : 64, want.p, want.n > 64 ? 64 : want.n);
        t_int("read back", aigw_auth_signed(&h, &s), 1);
        if (!a.as_sent) t_int("and checked", aigw_auth_check(&s, a.value[AIGW_AUTH_SECRET_KEY], now, 0, &h, &body, 1, &why), AIGW_OK);
        all++;
    }
    closedir(d);
    t_ok("all of the suite", all >= 38);
}

/* smithy-rs: two paths that are encoded already, by their canonical requests. */
T(vectors_of_smithy) {
    static const char *const dirs[] = { "wire/sigv4/smithy-rs/double-encode-path", "wire/sigv4/smithy-rs/double-url-encode" };
    for (size_t i = 0; i < 2; i++) {
        const char *dir = t_shared(dirs[i]);
        t_bytes request = vector(dir, "request.txt"), want = vector(dir, "header-canonical-request.txt");
        aigw_str body, canonical;
        uint8_t got[32], wanted[32];
        char hex[64];
        aigw_head h;
        t_row(dirs[i]);
        if (!request.p) {
            t_skip("shared/wire/sigv4");
            return;
        }
        if (!t_ok("request", suite_request(request, &h, &body))) continue;
        for (size_t k = 0; k < h.n; k++)
            if (aigw_base_eq_nocase(h.headers[k].name, str("x-amz-date"))) h.headers[k].value = str("20210511T154045Z");
        canonical.p = want.p, canonical.n = want.n;
        aigwi_auth_body(&body, 1, hex);
        t_int("code", aigwi_auth_canonical(&h, str("host;x-amz-date"), hex, 0, got), AIGW_OK);
        aigw_digest_sha256(canonical, wanted);
        t_mem("hash of the canonical request", got, 32, wanted, 32);
    }
}

/* ---- a client's signature */

/* A signed request as boto3 sends it; `body` is what arrives. */
static aigw_head signed_request(const char *path) {
    aigw_auth a = pair_of("AKIDCLIENT", "client-secret", "us-west-2", "bedrock");
    const aigw_str body = str(converse);
    aigw_head h = head_of("POST", path);
    int code;
    add(&h, "Content-Type", "application/json");
    add(&h, "Host", "127.0.0.1:8080");
    (void)sign(&a, nov, &body, 1, &h, &code);
    return h;
}
static int check(const aigw_head *h, const char *body, const char *secret, int64_t later, const char **why) {
    const aigw_str b = str(body);
    const aigw_now now = { 1, nov.wall_s + later };
    aigw_auth_signature s;
    *why = "";
    if (aigw_auth_signed(h, &s) != 1) return AIGW_E_SYNTAX;
    if (!same(s.access_key, "AKIDCLIENT")) return AIGW_E_MISSING;
    return aigw_auth_check(&s, str(secret), now, 0, h, &b, 1, why);
}
static void edit(aigw_head *h, const char *from, const char *to) {      /* in the authorization */
    for (size_t i = 0; i < h->n; i++) {
        aigw_str *v = &h->headers[i].value;
        const size_t at = aigw_base_find(*v, str(from), 0);
        char *p;
        if (!same(h->headers[i].name, "authorization") || at == v->n) continue;
        p = (char *)t_alloc(v->n + strlen(to) + 1);
        sprintf(p, "%.*s%s%.*s", (int)at, v->p, to, (int)(v->n - at - strlen(from)), v->p + at + strlen(from));
        *v = str(p);
    }
}

T(a_good_signature_is_taken) {
    const char *why;
    aigw_head h = signed_request("/bedrock/model/a%3Ab/converse");
    t_int("at once", check(&h, converse, "client-secret", 0, &why), AIGW_OK);
    t_int("within the window", check(&h, converse, "client-secret", 300, &why), AIGW_OK);
    t_int("before it", check(&h, converse, "client-secret", -300, &why), AIGW_OK);
    add(&h, "X-Forwarded-For", "1.2.3.4");
    t_int("a field that a proxy added", check(&h, converse, "client-secret", 0, &why), AIGW_OK);
}

T(a_bad_signature_is_refused) {
    static const struct { const char *label, *from, *to, *why; } edits[] = {
        { "last digit", "Signature=", "Signature=0", NULL },
        { "no signature", "Signature=", "Sig=", NULL },
        { "no host", "content-type;host;x-amz-date", "content-type;x-amz-date", "host" },
        { "no date", "content-type;host;x-amz-date", "content-type;host", "x-amz-date" },
        { "order", "content-type;host;x-amz-date", "host;content-type;x-amz-date", "order" },
        { "capitals", "content-type;host", "Content-Type;host", "lower case" },
        { "twice", "content-type;host", "content-type;host;host", "order" },
        { "not sent", "content-type;host", "content-type;cookie;host", "does not match" },
        { "fewer fields", "content-type;host", "host", "does not match" },
        { "region", "us-west-2", "us-east-1", "does not match" },
        { "day", "/20261121/", "/20261120/", "x-amz-date" },
        { "end", "aws4_request", "aws5_request", NULL },
        { "algorithm", "AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 ", NULL },
        { "another word", ", Signature", ", Foo=1, Signature", NULL },
        { "said twice", ", Signature", ", Credential=AKIDCLIENT/20261121/us-west-2/bedrock/aws4_request, Signature", NULL }
    };
    const char *why;
    aigw_head h;
    for (size_t i = 0; i < T_COUNT(edits); i++) {
        h = signed_request("/bedrock/model/a%3Ab/converse");
        edit(&h, edits[i].from, edits[i].to);
        t_row(edits[i].label);
        t_ok("refused", check(&h, converse, "client-secret", 0, &why) < 0);
        if (edits[i].why) t_ok("and why", strstr(why, edits[i].why) != NULL);
    }
    t_row(NULL);
    h = signed_request("/bedrock/model/a%3Ab/converse");
    t_int("another secret", check(&h, converse, "client-secres", 0, &why), AIGW_E_REFUSED);
    t_int("another body", check(&h, "{}", "client-secret", 0, &why), AIGW_E_REFUSED);
    t_int("301 s later", check(&h, converse, "client-secret", 301, &why), AIGW_E_REFUSED);
    t_ok("why", strstr(why, "clocks") != NULL);
    t_int("301 s earlier", check(&h, converse, "client-secret", -301, &why), AIGW_E_REFUSED);
    t_int("no clock", check(&h, converse, "client-secret", -nov.wall_s, &why), AIGW_E_CLOCK);
    h.target = str("/bedrock/model/other/converse");
    t_int("another path", check(&h, converse, "client-secret", 0, &why), AIGW_E_REFUSED);
    h = signed_request("/model/m/converse");
    h.method = str("GET");
    t_int("another method", check(&h, converse, "client-secret", 0, &why), AIGW_E_REFUSED);
    h = signed_request("/model/m/converse");
    add(&h, "x-amz-security-token", "T");
    t_int("an x-amz field that is not signed", check(&h, converse, "client-secret", 0, &why), AIGW_E_REFUSED);
    t_ok("why", strstr(why, "every x-amz-") != NULL);
}

/* Every single digit of the signature counts. */
T(every_digit_counts) {
    const char *why;
    for (size_t i = 0; i < 64; i++) {
        aigw_head h = signed_request("/model/m/converse");
        char *p = NULL;
        for (size_t k = 0; k < h.n; k++)
            if (same(h.headers[k].name, "authorization")) p = (char *)(uintptr_t)h.headers[k].value.p + h.headers[k].value.n - 64 + i;
        *p = *p == '0' ? '1' : '0';
        t_int("refused", check(&h, converse, "client-secret", 0, &why), AIGW_E_REFUSED);
    }
}

T(stated_payload_hashes) {
    aigw_auth a = pair_of("AKIDCLIENT", "client-secret", "us-west-2", "bedrock");
    static const char *const stated[] = { "UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" };
    const aigw_str body = str(converse);
    const char *why;
    int code;
    for (size_t i = 0; i < T_COUNT(stated); i++) {
        aigw_head h = head_of("POST", "/model/m/converse");
        add(&h, "host", "h");
        add(&h, "x-amz-content-sha256", stated[i]);
        (void)sign(&a, nov, &body, 1, &h, &code);
        t_row(stated[i]);
        t_int("refused", check(&h, converse, "client-secret", 0, &why), AIGW_E_REFUSED);
        t_ok("why", strstr(why, "x-amz-content-sha256") != NULL);
    }
}

T(other_credentials_are_no_signature) {
    static const char *const values[] = { "Bearer AWS4-HMAC-SHA256 x", "", "AWS4-HMAC-SHA2567 Credential=a", "Basic x" };
    aigw_auth_signature s;
    aigw_head h = head_of("GET", "/");
    t_int("none", aigw_auth_signed(&h, &s), 0);
    for (size_t i = 0; i < T_COUNT(values); i++) {
        h = head_of("GET", "/");
        add(&h, "Authorization", values[i]);
        t_row(values[i]);
        t_int("not signed", aigw_auth_signed(&h, &s), 0);
    }
    t_row(NULL);
    h = head_of("GET", "/");
    add(&h, "Authorization", "AWS4-HMAC-SHA256");
    t_int("cut", aigw_auth_signed(&h, &s), AIGW_E_SYNTAX);
}

/* ---- tokens */

static int fake_rs256(void *user, aigw_str key, const uint8_t digest[32], uint8_t *sig, size_t *n) {
    uint8_t *seen = (uint8_t *)user;
    if (!same(key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")) return AIGW_E_VALUE;
    if (*n < 256) return AIGW_E_NOMEM;
    memcpy(seen, digest, 32);
    memset(sig, 0xFB, 256);
    *n = 256;
    return AIGW_OK;
}
static const char account[] = "{\"type\":\"service_account\",\"project_id\":\"p\",\"private_key_id\":\"kid-1\",\"private_key\":\"-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n\","
                              "\"client_email\":\"robot@p.iam.gserviceaccount.com\",\"token_uri\":\"https://oauth2.googleapis.com/token\"}";

T(google_token_request) {
    aigw_auth a;
    aigw_arena mem = aigw_base_arena(room, sizeof room);
    aigw_auth_ask ask;
    aigw_out out;
    uint8_t digest[32], want[32];
    const char *why = NULL;
    char text[2048];
    size_t at, dot, end;
    memset(&a, 0, sizeof a);
    a.scheme = &aigw_auth_gcp;
    a.value[AIGW_AUTH_CREDENTIALS] = str(account);
    t_int("code", a.scheme->ask(&a, nov, fake_rs256, digest, &mem, &ask, &why), AIGW_OK);
    t_ok("url", same(ask.url, "https://oauth2.googleapis.com/token"));
    t_ok("type", same(ask.type, "application/x-www-form-urlencoded"));
    at = aigw_base_find(ask.body, str("&assertion="), 0) + 11;
    t_mem("grant", ask.body.p, at, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=", 75);
    dot = aigw_base_find(ask.body, str("."), at);
    end = aigw_base_find(ask.body, str("."), dot + 1);
    aigw_base_out_init(&out, text, sizeof text, NULL, 0);
    (void)aigw_base_put_unbase64(&out, aigwi_dialect_slice(ask.body.p + at, dot - at));
    (void)aigw_base_put_unbase64(&out, aigwi_dialect_slice(ask.body.p + dot + 1, end - dot - 1));
    t_str("header and claims", text, out.buf.n, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"kid-1\"}{\"iss\":\"robot@p.iam.gserviceaccount.com\","
          "\"scope\":\"https://www.googleapis.com/auth/cloud-platform\",\"aud\":\"https://oauth2.googleapis.com/token\",\"iat\":1795237200,\"exp\":1795240800}");
    aigw_digest_sha256(aigwi_dialect_slice(ask.body.p + at, end - at), want);
    t_mem("what is signed", digest, 32, want, 32);
    t_int("signature, base64url without padding", ask.body.n - end - 1, 342);
    t_ok("in its alphabet", aigw_base_find(ask.body, str("-_v7"), end) == end + 1);
    for (size_t n = 0; n < 8192; n += 97) {
        aigw_arena small = aigw_base_arena(t_alloc(n), n);
        const int code = a.scheme->ask(&a, nov, fake_rs256, digest, &small, &ask, &why);
        t_ok("any memory", code == AIGW_OK || code == AIGW_E_NOMEM);
        t_free_all();
    }
}

T(google_credentials_that_are_none) {
    static const struct { const char *json; int code; } rows[] = {
        { "", AIGW_E_SYNTAX }, { "[]", AIGW_E_TYPE }, { "{}", AIGW_E_MISSING }, { "{\"client_email\":\"a\"}", AIGW_E_MISSING }, { "{\"client_email\":1}", AIGW_E_TYPE },
        { "{\"client_email\":\"a\",\"private_key\":\"no PEM\"}", AIGW_E_VALUE }
    };
    aigw_auth a;
    aigw_auth_ask ask;
    uint8_t digest[32];
    const aigw_now unknown = { 1, 0 };
    const char *why;
    memset(&a, 0, sizeof a);
    a.scheme = &aigw_auth_gcp;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_arena mem = aigw_base_arena(room, sizeof room);
        a.value[AIGW_AUTH_CREDENTIALS] = str(rows[i].json);
        why = "";
        t_row(rows[i].json);
        t_int("code", a.scheme->ask(&a, nov, fake_rs256, digest, &mem, &ask, &why), rows[i].code);
        t_ok("why", *why);
    }
    t_row(NULL);
    {
        aigw_arena mem = aigw_base_arena(room, sizeof room);
        a.value[AIGW_AUTH_CREDENTIALS] = str(account);
        t_int("no clock", a.scheme->ask(&a, unknown, fake_rs256, digest, &mem, &ask, &why), AIGW_E_CLOCK);
        t_int("no RS256", a.scheme->ask(&a, nov, NULL, NULL, &mem, &ask, &why), AIGW_E_UNSUPPORTED);
    }
}

T(entra_token_request) {
    aigw_auth a;
    aigw_arena mem = aigw_base_arena(room, sizeof room);
    aigw_auth_ask ask;
    const char *why;
    memset(&a, 0, sizeof a);
    a.scheme = &aigw_auth_entra;
    a.value[AIGW_AUTH_TENANT] = str("contoso");
    a.value[AIGW_AUTH_CLIENT_ID] = str("id-1");
    a.value[AIGW_AUTH_CLIENT_SECRET] = str("s~e&c r=t/+");
    t_int("code", a.scheme->ask(&a, nov, NULL, NULL, &mem, &ask, &why), AIGW_OK);
    t_str("url", ask.url.p, ask.url.n, "https://login.microsoftonline.com/contoso/oauth2/v2.0/token");
    t_str("form", ask.body.p, ask.body.n, "grant_type=client_credentials&client_id=id-1&client_secret=s~e%26c%20r%3Dt%2F%2B&scope=https%3A%2F%2Fai.azure.com%2F.default");
    a.value[AIGW_AUTH_TOKEN_URL] = str("https://login.example/token");
    t_int("code", a.scheme->ask(&a, nov, NULL, NULL, &mem, &ask, &why), AIGW_OK);
    t_str("its own url", ask.url.p, ask.url.n, "https://login.example/token");
}

T(token_answers) {
    static const struct { int status; const char *body; int code; const char *token; long expires; const char *error; } rows[] = {
        { 200, "{\"access_token\":\"ya29.a\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", AIGW_OK, "ya29.a", 3599, "" },
        { 200, "{\"access_token\":\"t\\/x\",\"expires_in\":\"86399\"}", AIGW_OK, "t/x", 86399, "" },
        { 200, "{\"access_token\":\"t\"}", AIGW_OK, "t", 300, "" },
        { 200, "{\"access_token\":\"a\\r\\nb\",\"expires_in\":9}", AIGW_E_SYNTAX, "", 0, "" },
        { 200, "{\"access_token\":\"t\",\"expires_in\":0}", AIGW_E_SYNTAX, "", 0, "" },
        { 200, "{\"access_token\":\"t\",\"expires_in\":-5}", AIGW_E_SYNTAX, "", 0, "" },
        { 200, "{\"access_token\":\"t\",\"expires_in\":\"soon\"}", AIGW_E_SYNTAX, "", 0, "" },
        { 200, "{}", AIGW_E_SYNTAX, "", 0, "" }, { 200, "", AIGW_E_SYNTAX, "", 0, "" }, { 200, "<html>", AIGW_E_SYNTAX, "", 0, "" },
        { 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}", AIGW_E_REFUSED, "", 0, "invalid_grant: Invalid JWT Signature." },
        { 401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret provided.\\r\\nTrace ID: 1\"}", AIGW_E_REFUSED, "", 0,
          "invalid_client: AADSTS7000215: Invalid client secret provided.  Trace ID: 1" },
        { 400, "{\"access_token\":\"t\",\"error\":\"x\"}", AIGW_E_REFUSED, "", 0, "x" },
        { 500, "{\"access_token\":\"t\"}", AIGW_E_SYNTAX, "", 0, "" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        aigw_arena mem = aigw_base_arena(room, 512);
        aigw_auth_answer answer;
        aigw_str body;
        body.n = strlen(rows[i].body);
        body.p = t_dup(rows[i].body, body.n);
        t_row(rows[i].body);
        t_int("code", aigw_auth_read(rows[i].status, body, &mem, &answer), rows[i].code);
        t_str("token", answer.token.p, answer.token.n, rows[i].token);
        t_str("error", answer.error.p, answer.error.n, rows[i].error);
        if (!rows[i].code) t_int("expires", answer.expires_s, rows[i].expires);
    }
}

int main(void) {
    T_RUN(a_key_never_breaks_a_header);
    T_RUN(signs_as_botocore_does);
    T_RUN(signing_needs_the_clock_and_memory);
    T_RUN(canonical_spellings);
    T_RUN(limits_of_a_canonical_request);
    T_RUN(vectors_of_aws);
    T_RUN(vectors_of_smithy);
    T_RUN(a_good_signature_is_taken);
    T_RUN(a_bad_signature_is_refused);
    T_RUN(every_digit_counts);
    T_RUN(stated_payload_hashes);
    T_RUN(other_credentials_are_no_signature);
    T_RUN(google_token_request);
    T_RUN(google_credentials_that_are_none);
    T_RUN(entra_token_request);
    T_RUN(token_answers);
    return t_end();
}
