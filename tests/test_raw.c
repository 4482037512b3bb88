/* SPDX-License-Identifier: MIT OR Unlicense */
/* Forwarding: /raw/{provider}/... both ways through the exchange, in bounded memory, however the bytes are cut and whatever breaks. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"
#include "world.h"

static world w;
static char memory[4u << 20];

static int start(void) { return w_init(&w, NULL, NULL, memory, sizeof memory); }
static t_bytes text_of(const char *head, const char *body, size_t n, size_t chunk) {
    char *p = (char *)t_alloc(strlen(head) + n * (chunk && chunk < 8 ? 8 : 2) + 200);
    t_bytes b;
    size_t at = (size_t)sprintf(p, "%s\r\n", head), k;
    if (!chunk) at += (size_t)sprintf(p + at, "content-length: %lu\r\n\r\n", (unsigned long)n);
    else at += (size_t)sprintf(p + at, "transfer-encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < n; i += k) {
        k = chunk && n - i > chunk ? chunk : n - i;
        if (chunk) at += (size_t)sprintf(p + at, "%lx\r\n", (unsigned long)k);
        memcpy(p + at, body + i, k);
        at += k;
        if (chunk) at += (size_t)sprintf(p + at, "\r\n");
    }
    if (chunk) at += (size_t)sprintf(p + at, "0\r\n\r\n");
    b.p = t_dup(p, at);
    b.n = at;
    return b;
}
static t_bytes plain(const char *text) {
    t_bytes b;
    b.n = strlen(text);
    b.p = t_dup(text, b.n);
    return b;
}

/* A message as its receiver reads it: status (0: a request), headers as text, body, whole. By hand: nothing of aigw. */
typedef struct { int status, whole; char head[8192]; char *body; size_t n, used; } message;
static message read_message(const char *p, size_t n, int closed) {
    message m;
    const char *end = NULL, *at;
    memset(&m, 0, sizeof m);
    for (size_t i = 0; i + 4 <= n && !end; i++)
        if (!memcmp(p + i, "\r\n\r\n", 4)) end = p + i + 4;
    m.body = (char *)t_alloc(n + 1);
    if (!end || (size_t)(end - p) >= sizeof m.head) return m;
    memcpy(m.head, p, (size_t)(end - p));
    if (!memcmp(p, "HTTP/1.1 ", 9)) m.status = atoi(p + 9);
    at = end;
    if (strstr(m.head, "\r\ntransfer-encoding: chunked\r\n")) {
        while (at < p + n) {
            char *e;
            const unsigned long k = strtoul(at, &e, 16);
            if (e + 2 > p + n || memcmp(e, "\r\n", 2) || (size_t)(p + n - e) < k + 4) break;
            memcpy(m.body + m.n, e + 2, k);
            m.n += k;
            at = e + 4 + k;
            if (!k) {
                m.whole = 1;
                break;
            }
        }
    } else {
        const char *length = strstr(m.head, "\r\ncontent-length: ");
        m.n = length ? strtoul(length + 18, NULL, 10) : m.status && closed ? (size_t)(p + n - end) : 0;
        m.whole = m.n <= (size_t)(p + n - end);
        if (!m.whole) m.n = (size_t)(p + n - end);
        memcpy(m.body, end, m.n);
        at = end + m.n;
    }
    m.used = (size_t)(at - p);
    return m;
}
static message answer(void) { return read_message(w.out, w.out_n, (w.wait & AIGW_WAIT_CLOSE) != 0); }
static message asked(void) { return read_message(w.up, w.up_n, 0); }
static int has(const message *m, const char *line) {
    char text[300];
    sprintf(text, "\r\n%s\r\n", line);
    return strstr(m->head, text) != NULL;
}
static int no_field(const message *m, const char *name) {
    char text[100];
    sprintf(text, "\r\n%s:", name);
    return !strcasestr(m->head, text);
}

static const char ask_head[] =
    "POST /raw/a/images/edits?size=1&key=client-key&x=%20 HTTP/1.1\r\nHost: g.test\r\nAuthorization: Bearer client-key\r\nX-Api-Key: client-key\r\napi-key: client-key\r\n"
    "x-goog-api-key: client-key\r\nCookie: client-key\r\nContent-Type: multipart/form-data; boundary=x\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
    "Upgrade: h2c\r\nX-Amz-Date: 1\r\nX-Amz-Security-Token: client-key\r\nx-aigw-user: me\r\nProxy-Authorization: client-key\r\nAccept-Encoding: gzip\r\nX-Custom: Keep";
static const char answer_head[] =
    "HTTP/1.1 201 Created\r\nContent-Type: image/png\r\nConnection: X-Their-Hop\r\nX-Their-Hop: 1\r\nSet-Cookie: a=b\r\nAlt-Svc: h3\r\nStrict-Transport-Security: max-age=1\r\n"
    "X-Request-Id: up-1\r\nx-aigw-fake: 1\r\nContent-Encoding: gzip\r\nX-RateLimit: 5";

T(credentials_are_swapped) {
    const t_bytes q = text_of(ask_head, "body \0\xff", 7, 0), a = text_of(answer_head, "png \0\x80", 6, 0);
    message up, down;
    start();
    w_say(&w, "a", a.p, a.n, W_OPEN);
    t_int("done", w_drive(&w, q.p, q.n), 1);
    up = asked();
    t_ok("request line", !strncmp(up.head, "POST /v1/images/edits?size=1&x=%20 HTTP/1.1\r\n", 44));
    t_ok("whose host", has(&up, "host: a.test"));
    t_ok("whose key", has(&up, "authorization: Bearer sk-a-secret"));
    t_ok("nothing of the client's", !memmem(w.up, w.up_n, "client-key", 10));
    for (const char *const *f = (const char *const[]) { "connection", "keep-alive", "te", "upgrade", "x-hop", "x-amz-date", "x-aigw-user", "cookie", "transfer-encoding", NULL }; *f; f++) {
        t_row(*f);
        t_ok("left out", no_field(&up, *f));
    }
    t_row(NULL);
    t_ok("type", has(&up, "Content-Type: multipart/form-data; boundary=x"));
    t_ok("others", has(&up, "X-Custom: Keep"));
    t_ok("a key could not be seen in a compressed error", has(&up, "accept-encoding: identity") && !strstr(up.head, "gzip"));
    t_ok("length", has(&up, "content-length: 7"));
    t_mem("body", up.body, up.n, "body \0\xff", 7);
    down = answer();
    t_int("status", down.status, 201);
    t_ok("type", has(&down, "Content-Type: image/png") && has(&down, "Content-Encoding: gzip") && has(&down, "X-RateLimit: 5"));
    for (const char *const *f = (const char *const[]) { "x-their-hop", "set-cookie", "alt-svc", "strict-transport-security", "x-aigw-fake", NULL }; *f; f++) {
        t_row(*f);
        t_ok("left out", no_field(&down, *f));
    }
    t_row(NULL);
    t_ok("ours", has(&down, "x-aigw-provider: a") && has(&down, "x-aigw-upstream-request-id: up-1") && !no_field(&down, "x-request-id") && no_field(&down, "connection"));
    t_mem("body", down.body, down.n, "png \0\x80", 6);
    t_int("records", w.records, 1);
    t_int("operation", w.record.op, AIGW_OP_RAW);
    t_str("provider", w.provider, strlen(w.provider), "a");
    t_int("kept", w.kept, 1);
    t_ok("the key is not in memory any more", !memmem(memory, sizeof memory, "Bearer sk-a-secret", 18));
    t_int("clean", w_clean(&w), 1);
    w_free(&w);
}

/* Any method, with and without bodies, by length, chunked and until the end; HEAD, 204, 304. */
T(methods_and_framings) {
    static const struct { const char *ask, *say; int status; const char *up, *not_up, *down, *not_down, *body; int end, close; } rows[] = {
        { "GET /raw/a/files/1 HTTP/1.1\r\nhost: g\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, "GET /v1/files/1 HTTP/1.1", "content-length", "content-length: 2", "transfer-encoding", "hi", W_OPEN, 0 },
        { "DELETE /raw/a/files/1?a HTTP/1.1\r\nhost: g\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", 204, "DELETE /v1/files/1?a HTTP/1.1", "content-length", NULL, "content-length", "", W_OPEN, 0 },
        { "HEAD /raw/a/files/1 HTTP/1.1\r\nhost: g\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n", 200, "HEAD /v1/files/1 HTTP/1.1", "content-length", "content-length: 5000", "transfer-encoding", NULL, W_OPEN, 0 },
        { "GET /raw/a/x HTTP/1.1\r\nhost: g\r\n\r\n", "HTTP/1.1 304 Not Modified\r\netag: 1\r\n\r\n", 304, "GET /v1/x HTTP/1.1", "content-length", "etag: 1", "content-length", "", W_OPEN, 0 },
        { "PATCH /raw/a/x HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n", 200, "transfer-encoding: chunked",
          "content-length", "transfer-encoding: chunked", "content-length", "wxyz", W_OPEN, 0 },
        { "PUT /raw/a/x HTTP/1.1\r\nhost: g\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "content-length: 0", "transfer-encoding", "transfer-encoding: chunked", "content-length", "until the end", W_CLOSE, 0 },
        { "GET /raw/a/x HTTP/1.0\r\nhost: g\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200, "GET /v1/x HTTP/1.1", "content-length", "connection: close", "transfer-encoding", "hi", W_OPEN, 1 },
        { "POST /raw/a/x HTTP/1.1\r\nhost: g\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nab", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!", 200, "content-length: 2", "expect", "content-length: 1", NULL, "!", W_OPEN, 0 },
        { "POST /raw/a/x HTTP/1.0\r\ncontent-length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!", 200, "content-length: 5", NULL, "connection: close", NULL, "!", W_OPEN, 1 },
        { "POST /raw/a/x HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!", 200, "content-length: 5", NULL, "connection: close", NULL, "!", W_OPEN, 1 },
        { "POST /raw/a/x HTTP/1.1\r\nhost: g\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!", 200, "transfer-encoding: chunked", NULL, "connection: close", NULL, "!", W_OPEN, 1 },
        { "GET /raw/a/x HTTP/1.1\r\nhost: g\r\n\r\n", "HTTP/1.1 302 Found\r\nlocation: https://elsewhere/x\r\ncontent-length: 0\r\n\r\n", 302, "GET", NULL, "location: https://elsewhere/x", NULL, "", W_OPEN, 0 },
        { "POST /raw/a/x HTTP/1.1\r\nhost: g\r\ncontent-length: 1\r\n\r\n{", "HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\nbad", 400, "POST", NULL, "content-length: 3", NULL, "bad", W_OPEN, 0 }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) for (size_t cut = 0; cut < 4; cut++) {
        const t_bytes q = plain(rows[i].ask), a = plain(rows[i].say);
        message up, down;
        size_t skip;
        t_row(rows[i].ask);
        start();
        w.piece_in = w.piece_out = w.piece_up = cut;
        w.stutter = cut == 3;
        w_say(&w, "a", a.p, a.n, rows[i].end);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        up = asked();
        skip = w.out_n > 25 && !memcmp(w.out, "HTTP/1.1 100 Continue\r\n\r\n", 25) ? 25 : 0;
        t_int("continue", skip != 0, strstr(rows[i].ask, "100-continue") != NULL);
        down = read_message(w.out + skip, w.out_n - skip, (w.wait & AIGW_WAIT_CLOSE) != 0);
        t_int("status", down.status, rows[i].status);
        t_ok("up", strstr(up.head, rows[i].up) && (!rows[i].not_up || no_field(&up, rows[i].not_up)));
        t_ok("up whole", up.whole && up.used == w.up_n);
        t_ok("down", (!rows[i].down || strstr(down.head, rows[i].down)) && (!rows[i].not_down || no_field(&down, rows[i].not_down)));
        if (rows[i].body) t_ok("down whole", down.whole && down.used == w.out_n - skip);
        if (rows[i].body) t_mem("body", down.body, down.n, rows[i].body, strlen(rows[i].body));
        else t_ok("no body", down.n == 0 || down.used > w.out_n);
        t_int("closes", (w.wait & AIGW_WAIT_CLOSE) != 0, rows[i].close);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* 200 KB each way through two slabs of 16 KiB, in any pieces: the same bytes, and never more memory. */
T(large_bodies_in_little_memory) {
    static char body[200000];
    static const struct { size_t in, up, out; int stutter; } cuts[] = { { 0, 0, 0, 0 }, { 1000, 77, 5000, 0 }, { 5000, 5000, 33, 1 }, { 3, 9000, 9000, 1 }, { 0, 1, 0, 0 } };
    for (size_t i = 0; i < sizeof body; i++) body[i] = (char)(t_rand() & 0xFF);
    for (size_t i = 0; i < T_COUNT(cuts); i++) for (int chunked = 0; chunked < 2; chunked++) {
        const size_t n = cuts[i].up == 1 || cuts[i].in == 3 || cuts[i].out == 33 ? 30000 : sizeof body;
        const t_bytes q = text_of("POST /raw/a/audio HTTP/1.1\r\nhost: g", body, n, chunked ? 777 : 0), a = text_of("HTTP/1.1 200 OK", body, n, chunked ? 30000 : 0);
        message up, down;
        start();
        w.piece_in = cuts[i].in;
        w.piece_up = cuts[i].up;
        w.piece_out = cuts[i].out;
        w.stutter = cuts[i].stutter;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        up = asked();
        down = answer();
        t_ok("up", up.whole && up.n == n && !memcmp(up.body, body, n));
        t_ok("down", down.status == 200 && down.whole && down.n == n && !memcmp(down.body, body, n));
        t_int("no slab but the small ones", w.hub.slab[1].touched + w.hub.slab[2].touched, 0);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* What is refused before anything is sent: a plain JSON error. */
T(refusals) {
    static const struct { const char *line; int status; const char *kind, *words; } rows[] = {
        { "GET /raw/b/v1/files", 403, "permission", "\\\"raw\\\": true" }, { "GET /raw/nobody/x", 404, "not_found", "/raw/nobody/x" }, { "GET /raw/a", 404, "not_found", "/raw/a" },
        { "GET /raw/a/", 404, "not_found", "" }, { "GET /raw/", 404, "not_found", "" }, { "GET /raw/a/../x", 400, "invalid_request", "dot segments" }, { "GET /raw/a/x/%2E%2e/y", 400, "invalid_request", "" },
        { "GET /raw/a/x/..%2fy", 400, "invalid_request", "" }, { "GET /raw/a/./y", 400, "invalid_request", "" }, { "GET /raw/a/x/..;a/y", 400, "invalid_request", "" }, { "GET /raw/a/..", 400, "invalid_request", "" },
        { "TRACE /raw/a/x", 400, "invalid_request", "TRACE" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) for (int body = 0; body < 2; body++) {
        char text[300];
        message m;
        sprintf(text, "%s HTTP/1.1\r\nhost: g\r\n%s", rows[i].line, body ? "content-length: 5\r\n\r\nhello" : "\r\n");
        const t_bytes q = plain(text);
        t_row(rows[i].line);
        start();
        t_int("done", w_drive(&w, q.p, q.n), 1);
        m = answer();
        t_int("status", m.status, rows[i].status);
        m.body[m.n] = 0;
        sprintf(text, "{\"error\":{\"kind\":\"%s\",", rows[i].kind);
        t_ok("plain error", m.whole && !strncmp(m.body, text, strlen(text)) && m.body[m.n - 1] == '}');
        t_ok("words", strstr(m.body, rows[i].words) != NULL);
        t_int("nobody was asked", w.opens, 0);
        t_int("closes when a body is unread", (w.wait & AIGW_WAIT_CLOSE) != 0, body);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* The provider breaks: an error before its head, a cut answer behind it. */
T(broken_providers) {
    static const struct { const char *label, *say; int end, status; const char *kind; } rows[] = {
        { "no connection", "", W_REFUSE, 502, "connect" }, { "nothing", "", W_CLOSE, 502, "connect" }, { "reset", "", W_RESET, 502, "connect" }, { "half a head", "HTTP/1.1 200 OK\r\nconte", W_CLOSE, 502, "truncated" },
        { "no HTTP", "SSH-2.0-OpenSSH\r\n", W_OPEN, 502, "bad_response" }, { "two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", W_OPEN, 502, "bad_response" },
        { "silence", "", W_OPEN, 504, "timeout" },
        { "cut by length", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", W_CLOSE, 200, NULL }, { "cut in chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", W_CLOSE, 200, NULL },
        { "reset until the end", "HTTP/1.1 200 OK\r\n\r\nabc", W_RESET, 200, NULL }, { "silence in the body", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", W_OPEN, 200, NULL },
        { "a bad chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", W_OPEN, 200, NULL }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const t_bytes q = plain("POST /raw/a/x HTTP/1.1\r\nhost: g\r\ncontent-length: 2\r\n\r\nhi"), a = plain(rows[i].say);
        message m;
        t_row(rows[i].label);
        start();
        w_say(&w, "a", a.p, a.n, rows[i].end);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        m = answer();
        m.body[m.n] = 0;
        t_int("status", m.status, rows[i].status);
        if (rows[i].kind) {
            char text[100];
            sprintf(text, "{\"error\":{\"kind\":\"%s\",", rows[i].kind);
            t_ok("plain error", m.whole && !strncmp(m.body, text, strlen(text)));
            t_ok("names the provider", strstr(m.body, "\"provider\":\"a\"") != NULL);
        } else {
            t_ok("what came", m.n == 3 && !memcmp(m.body, "abc", 3));
            if (strstr(m.head, "transfer-encoding") || strstr(m.head, "content-length")) t_int("not as if it were whole", m.whole, 0);
            t_ok("closed", (w.wait & AIGW_WAIT_CLOSE) != 0);
            t_int("recorded", w.record.kind, AIGW_KIND_TRUNCATED);
        }
        t_int("records", w.records, 1);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* The time that the client gives: all of the request, or (SDKs') until the head. */
T(time_of_the_client) {
    static const struct { const char *label, *header, *say; int status, whole; uint64_t ms; } rows[] = {
        { "silence", "x-aigw-timeout-ms: 400", "", 504, 1, 400 }, { "silence, to an SDK", "x-stainless-read-timeout: 0.4", "", 504, 1, 400 },
        { "silence in the body", "x-aigw-timeout-ms: 400", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", 200, 0, 400 },
        { "which an SDK waits out", "x-stainless-read-timeout: 0.4", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", 200, 0, 120000 },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[200];
        uint64_t began;
        const t_bytes a = plain(rows[i].say);
        t_bytes q;
        message m;
        sprintf(text, "POST /raw/a/x HTTP/1.1\r\nhost: g\r\n%s\r\ncontent-length: 2\r\n\r\nhi", rows[i].header);
        q = plain(text);
        t_row(rows[i].label);
        start();
        began = w.now.mono_ns;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        m = answer();
        t_int("status", m.status, rows[i].status);
        t_int("whole", m.whole, rows[i].whole);
        t_ok("then", w.now.mono_ns - began >= rows[i].ms * 1000000 && w.now.mono_ns - began < (rows[i].ms + 200) * 1000000);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* A kept connection that the provider had closed: once more, with all of what was sent, unless that may have created something. */
T(stale_connections) {
    for (int early = 0; early < 4; early++) {
        const int once = early >= 2;
        const t_bytes q = text_of(once ? "POST /raw/a/x HTTP/1.1\r\nhost: g" : "PUT /raw/a/x HTTP/1.1\r\nhost: g", "0123456789", 10, 0), a = text_of("HTTP/1.1 200 OK", "good", 4, 0);
        message up, down;
        start();
        w.reused = 1;
        w_say(&w, "a", "", 0, early & 1 ? W_RESET : W_CLOSE);
        w_say(&w, "a", a.p, a.n, W_OPEN);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        down = answer();
        t_ok("answered", down.status == (once ? 502 : 200) && down.whole);
        t_int("connections", w.opens, once ? 1 : 2);
        up = asked();
        if (!once) up = read_message(w.up + up.used, w.up_n - up.used, 0);
        t_ok("sent", up.whole && up.n == 10 && has(&up, "authorization: Bearer sk-a-secret"));
        w_free(&w);
        t_free_all();
    }
}

/* An answer before the request was read: it goes on at once, the rest of the request is read and forgotten, and the connection ends. */
T(early_answers) {
    static char body[300000];
    const t_bytes q = text_of("POST /raw/a/x HTTP/1.1\r\nhost: g", body, sizeof body, 0), a = text_of("HTTP/1.1 413 Too Large", "no", 2, 0);
    message down;
    start();
    w.early = 1;
    w.piece_in = 5000;
    w_say(&w, "a", a.p, a.n, W_OPEN);
    t_int("done", w_drive(&w, q.p, q.n), 1);
    down = answer();
    t_ok("answered", down.status == 413 && down.whole && has(&down, "connection: close"));
    t_ok("closes", (w.wait & AIGW_WAIT_CLOSE) != 0);
    t_int("not kept", w.kept, 0);
    t_ok("the provider did not get all", w.up_n < sizeof body);
    t_int("clean", w_clean(&w), 1);
    w_free(&w);
}

/* The client goes, or stops sending, or sends what is no HTTP: the provider's connection is closed. */
T(clients_that_go) {
    static char body[100000];
    for (int how = 0; how < 4; how++) {
        const t_bytes q = text_of("POST /raw/a/x HTTP/1.1\r\nhost: g", body, sizeof body, how == 2 ? 1000 : 0), a = text_of("HTTP/1.1 200 OK", body, sizeof body, 0);
        size_t n = how == 0 || how == 1 ? 40000 : q.n;
        message m;
        t_row(how == 0 ? "gone in its body" : how == 1 ? "silent in its body" : how == 2 ? "a bad chunk" : "gone in the answer");
        start();
        if (how == 2) ((char *)(uintptr_t)q.p)[q.n / 2 / 1007 * 1007 + 61] = 'Z';
        if (how == 2) memset((char *)(uintptr_t)q.p + q.n / 2, 'Z', 1100);
        if (how == 3) w.leave_at = 5000;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        if (how) (void)w_drive(&w, q.p, n);
        if (how == 0) {
            for (size_t at = 0, turns = 0; turns < 100; turns++) {         /* no time passes */
                if (aigw_exchange_run(&w.x, w.now) & AIGW_WAIT_CLIENT_IN && at < n) at += aigw_exchange_feed(&w.x, w.now, q.p + at, n - at);
            }
            t_int("open", w.open, 1);
            aigw_exchange_eof(&w.x, w.now);
        }
        t_int("closed", w.open, 0);
        m = answer();
        if (how == 1) t_int("late", m.status, 408);
        if (how == 2) t_ok("malformed", m.status == 400 || m.status == 0);
        if (how == 0 || how == 3) t_ok("recorded", w.record.disconnect);
        t_int("records", w.records, 1);
        t_int("not kept", w.kept, 0);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* Each callback call failing in turn, in each way: one record, nothing held, and what looks whole is whole. */
T(every_fault) {
    static char body[9000];
    for (size_t i = 0; i < sizeof body; i++) body[i] = (char)('a' + i % 26);
    for (int fault = 1; fault < W_FAULTS; fault++) {
        unsigned calls = 1;
        for (unsigned at = 0; at < calls; at++) {
            const t_bytes q = text_of("POST /raw/a/x HTTP/1.1\r\nhost: g", body, sizeof body, 0), a = text_of("HTTP/1.1 200 OK", body, sizeof body, 2000);
            message m;
            start();
            w.piece_up = w.piece_out = 1500;
            w.fault = fault;
            w.fault_at = at;
            for (int k = 0; k < 5; k++) w_say(&w, "a", a.p, a.n, W_OPEN);
            (void)w_drive(&w, q.p, q.n);
            calls = w.calls;
            m = answer();
            if (m.status == 200 && m.whole) t_ok("whole", m.n == sizeof body && !memcmp(m.body, body, m.n));
            else if (!t_ok("an end", w.record.disconnect || (m.status >= 400 && m.whole) || (w.wait & AIGW_WAIT_CLOSE))) printf("  fault %d at %u\n", fault, at);
            if (fault == W_AGAIN || fault == W_SHORT) t_ok("harmless", m.status == 200 && m.whole);
            t_int("records", w.records, 1);
            t_int("clean", w_clean(&w), 1);
            w_free(&w);
            t_free_all();
        }
    }
}

/* Slabs of every size and number: an answer, an error or nothing, and nothing held. */
T(every_memory) {
    static const char ask[] = "POST /raw/a/x HTTP/1.1\r\nhost: g\r\ncontent-length: 5\r\n\r\nhello", say[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    int well = 0;
    for (uint32_t size = 0; size < 40000; size += size < 9000 ? 401 : 5003) for (uint32_t count = 0; count < 7; count++) {
        const t_bytes q = plain(ask), a = plain(say);
        aigw_hub_cfg cfg;
        message m;
        memset(&cfg, 0, sizeof cfg);
        cfg.slab[0].bytes = size;
        cfg.slab[0].count = count;
        cfg.slab[3].bytes = 64;
        cfg.slab[3].count = 1;
        t_int("room", w_init(&w, &cfg, NULL, memory, sizeof memory), 1);
        w_say(&w, "a", a.p, a.n, W_OPEN);
        (void)w_drive(&w, q.p, q.n);
        m = answer();
        well += m.status == 200 && m.whole;
        t_ok("ending", !w.out_n || (m.status && m.whole));
        aigw_exchange_release(&w.x, w.now);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
    t_ok("enough is enough", well > 10);
}

/* A provider that signs over the body, and a client that signed: the body is collected first. */
static int refusing(void *user, const aigw_head *head, aigw_str body, aigw_exchange_who *who, aigw_exchange_reply *r) {
    (void)user, (void)who;
    if (aigw_base_eq(body, aigw_base_str("hello")) && aigw_base_eq(head->target, aigw_base_str("/raw/a/x"))) return 0;
    r->kind = AIGW_KIND_AUTH;
    r->message = "wrong";
    return 1;
}
T(signed_bodies) {
    for (int how = 0; how < 3; how++) {
        const t_bytes q = plain(how ? "POST /raw/a/x HTTP/1.1\r\nhost: g\r\nauthorization: AWS4-HMAC-SHA256 Credential=x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" :
                                      "POST /raw/a/x HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        const t_bytes a = plain("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
        aigw_registry_provider *p;
        aigw_auth_signature s;
        aigw_http h;
        aigw_http_item item;
        aigw_header fields[32];
        static char room[8192];
        const char *why = "";
        const aigw_str body = aigw_base_str("hello");
        message up, down;
        start();
        p = aigw_registry_provider_of(&w.registry, aigw_base_str("a"));
        if (how < 2) {
            p->auth.scheme = &aigw_auth_sigv4;
            p->auth.value[AIGW_AUTH_ACCESS_KEY] = aigw_base_str("AK");
            p->auth.value[AIGW_AUTH_SECRET_KEY] = aigw_base_str("SK");
            p->auth.value[AIGW_AUTH_REGION] = aigw_base_str("r");
            p->auth.value[AIGW_AUTH_SERVICE] = aigw_base_str("s");
        }
        if (how) w.x.io.admit = refusing;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        up = asked();
        down = answer();
        t_ok("answered", down.status == 200 && down.whole);
        t_ok("with its length", how == 2 || has(&up, "content-length: 5"));
        t_ok("body", up.whole && up.n == 5 && !memcmp(up.body, "hello", 5));
        if (how < 2) {
            aigw_http_init(&h, AIGW_HTTP_REQUEST, room, sizeof room, fields, 32);
            (void)aigw_http_feed(&h, w.up, w.up_n, &item);
            t_int("signed", aigw_auth_signed(&h.head, &s), 1);
            t_int("as it should be", aigw_auth_check(&s, aigw_base_str("SK"), w.now, 0, &h.head, &body, 1, &why), AIGW_OK);
        }
        w_free(&w);
        t_free_all();
    }
    {
        const t_bytes q = plain("POST /raw/a/x HTTP/1.1\r\nhost: g\r\nauthorization: AWS4-HMAC-SHA256 Credential=x\r\ncontent-length: 5\r\n\r\nhellO");
        message m;
        start();
        w.x.io.admit = refusing;
        t_int("done", w_drive(&w, q.p, q.n), 1);
        m = answer();
        t_int("refused", m.status, 401);
        t_int("nobody was asked", w.opens, 0);
        w_free(&w);
    }
}

/* The provider repeats the key that it was sent: an error shows none of it, at any cut, and nothing else is changed. */
T(keys_in_errors_are_masked) {
    static const struct { const char *say, *want; } rows[] = {
        { "Incorrect API key provided: sk-a-secret. See", "Incorrect API key provided: ***********. See" },
        { "sk-a-secretsk-a-secret", "**********************" },
        { "sk-a-secre sk-a-sk-a-secret sk-a-secreT sk-sk-", "sk-a-secre sk-a-*********** sk-a-secreT sk-sk-" },
        { "sk-a-secret", "***********" },
        { "nothing of it", "nothing of it" },
        { "at its end sk-a-secre", "at its end sk-a-secre" }
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) for (int how = 0; how < 4; how++) for (size_t cut = 1; cut <= strlen(rows[i].say); cut++) {
        const t_bytes q = plain("GET /raw/a/x HTTP/1.1\r\nhost: g\r\n\r\n");
        const char *head = "HTTP/1.1 401 No\r\nx-note: key sk-a-secret!\r\nx-request-id: sk-a-secret";
        const size_t n = strlen(rows[i].say);
        t_bytes a = text_of(head, rows[i].say, n, how == 1 ? cut : 0);
        message m;
        if (how == 2) {                                        /* until the end */
            char *p = (char *)t_alloc(strlen(head) + n + 8);
            sprintf(p, "%s\r\n\r\n%s", head, rows[i].say);
            a = plain(p);
        }
        t_row(rows[i].say);
        start();
        w.piece_up = how == 1 ? 0 : how == 3 ? a.n - n + cut : cut;
        w.piece_out = how == 3 ? 7 : 0;
        w.stutter = how == 3;
        w_say(&w, "a", a.p, a.n, how == 2 ? W_CLOSE : W_OPEN);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        m = answer();
        t_ok("whole", m.status == 401 && m.whole && m.used == w.out_n);
        t_mem("body", m.body, m.n, rows[i].want, n);
        t_ok("heads", has(&m, "x-note: key ***********!") && has(&m, "x-aigw-upstream-request-id: ***********"));
        if (how != 1 && how != 2) t_int("length", m.n == n, 1);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* What is no error goes on byte for byte, whatever stands in it. */
T(answers_are_not_searched) {
    for (int chunked = 0; chunked < 2; chunked++) {
        const char *body = "sk-a-secret in a file, sk-a-sec";
        const t_bytes q = plain("GET /raw/a/x HTTP/1.1\r\nhost: g\r\n\r\n"), a = text_of("HTTP/1.1 200 OK\r\nx-note: sk-a-secret", body, strlen(body), chunked ? 5 : 0);
        message m;
        start();
        w.piece_up = 3;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        m = answer();
        t_mem("body", m.body, m.n, body, strlen(body));
        t_ok("head", has(&m, "x-note: sk-a-secret"));
        w_free(&w);
        t_free_all();
    }
}

/* 100 KB of error, full of beginnings of the key, through small slabs and a slow client: nothing lost, nothing shown. */
T(large_errors_are_masked) {
    static char body[100000], want[100000];
    for (size_t i = 0, k; i < sizeof body; i += k) {
        const size_t left = sizeof body - i;
        const int whole = left >= 11 && t_rand() % 3 == 0;
        k = whole ? 11 : 1 + t_rand() % 10;
        if (k > left) k = left;
        memcpy(body + i, "sk-a-secret", k);
        memcpy(want + i, whole ? "***********" : "sk-a-secret", k);
    }
    for (int how = 0; how < 6; how++) {
        const t_bytes q = plain("GET /raw/a/x HTTP/1.1\r\nhost: g\r\n\r\n"), a = text_of("HTTP/1.1 500 No", body, sizeof body, how & 1 ? 777 : 0);
        message m;
        start();
        w.piece_up = how < 2 ? 0 : how < 4 ? 9000 : 13;
        w.piece_out = how < 2 ? 5000 : how < 4 ? 33 : 0;
        w.stutter = how >= 2;
        w_say(&w, "a", a.p, a.n, W_OPEN);
        t_int("done", w_drive(&w, q.p, q.n), 1);
        m = answer();
        t_ok("masked", m.whole && m.n == sizeof body && !memcmp(m.body, want, sizeof body));
        t_int("no slab but the small ones", w.hub.slab[1].touched + w.hub.slab[2].touched, 0);
        t_int("clean", w_clean(&w), 1);
        w_free(&w);
        t_free_all();
    }
}

/* An error that came compressed all the same cannot be searched, and is not shown. */
T(compressed_errors_are_not_shown) {
    const t_bytes q = plain("GET /raw/a/x HTTP/1.1\r\nhost: g\r\naccept-encoding: gzip\r\n\r\n"), a = text_of("HTTP/1.1 401 No\r\ncontent-encoding: gzip", "packed", 6, 0);
    message m;
    start();
    w_say(&w, "a", a.p, a.n, W_OPEN);
    t_int("done", w_drive(&w, q.p, q.n), 1);
    m = answer();
    m.body[m.n] = 0;
    t_ok("said", m.status == 502 && strstr(m.body, "compressed its error") && !strstr(m.body, "packed"));
    t_int("clean", w_clean(&w), 1);
    w_free(&w);
}

int main(void) {
    T_RUN(keys_in_errors_are_masked);
    T_RUN(answers_are_not_searched);
    T_RUN(large_errors_are_masked);
    T_RUN(compressed_errors_are_not_shown);
    T_RUN(credentials_are_swapped);
    T_RUN(methods_and_framings);
    T_RUN(large_bodies_in_little_memory);
    T_RUN(refusals);
    T_RUN(broken_providers);
    T_RUN(time_of_the_client);
    T_RUN(stale_connections);
    T_RUN(early_answers);
    T_RUN(clients_that_go);
    T_RUN(every_fault);
    T_RUN(every_memory);
    T_RUN(signed_bodies);
    return t_end();
}
