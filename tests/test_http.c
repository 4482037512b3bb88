/* SPDX-License-Identifier: MIT OR Unlicense */
/* HTTP/1.1: every rule of the reader as a row of { label, input, expected log }, each read whole, byte by byte, cut everywhere and at random. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "t.h"

enum { Q = AIGW_HTTP_REQUEST, R = AIGW_HTTP_RESPONSE, RH = 2 };      /* RH: response to HEAD */
#define MEM 400
#define FIELDS 8
#define X100 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /v1 HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

/* A reader and the log of what it said:  GET / 5 keep expect {fields} [body] . !SYNTAX@17 eof=0  */
typedef struct {
    aigw_http http;
    aigw_header fields[FIELDS];
    char *mem, *log;
    size_t n, cap;
    int in_body;
} reader;

static void say(reader *r, const char *s, size_t n) {
    if (r->n + n > r->cap) { r->cap = (r->n + n) * 2; r->log = (char *)realloc(r->log, r->cap); }
    if (n) memcpy(r->log + r->n, s, n);
    r->n += n;
}
static void says(reader *r, const char *s) { say(r, s, strlen(s)); }
static void sayn(reader *r, long long v) { char s[24]; say(r, s, (size_t)sprintf(s, "%lld", v)); }

static void say_item(reader *r, const aigw_http_item *item, const char *p, size_t n) {
    const aigw_http *h = &r->http;
    if (r->in_body && (item->event == AIGW_HTTP_HEAD || item->event == AIGW_HTTP_END)) { says(r, "] "); r->in_body = 0; }
    if (item->event == AIGW_HTTP_HEAD) {
        if (h->head.status) sayn(r, h->head.status);
        else { say(r, h->head.method.p, h->head.method.n); says(r, " "); say(r, h->head.target.p, h->head.target.n); }
        says(r, " ");
        sayn(r, h->length);
        says(r, h->keep_alive ? " keep " : " close ");
        if (h->expect_continue) says(r, "expect ");
    } else if (item->event == AIGW_HTTP_BODY) {
        t_ok("body is a slice of what was fed", item->body.n && item->body.p >= p && item->body.p + item->body.n <= p + n);
        if (!r->in_body) says(r, "[");
        r->in_body = 1;
        say(r, item->body.p, item->body.n);
    } else if (item->event == AIGW_HTTP_END) says(r, ". ");
}

/* Feed one piece in an exact-size allocation, which is gone afterwards. */
static void feed(reader *r, const char *p, size_t n) {
    char *copy = (char *)malloc(n ? n : 1);
    size_t at = 0;
    aigw_http_item item;
    if (n) memcpy(copy, p, n);
    do {
        int k = aigw_http_feed(&r->http, copy + at, n - at, &item);
        if (k < 0) { t_int("the error is sticky", aigw_http_feed(&r->http, copy + at, n - at, &item), k); break; }
        say_item(r, &item, copy + at, (size_t)k);
        at += (size_t)k;
    } while (item.event);
    if (!r->http.err) t_int("all taken", at, n);
    free(copy);
}

static void begin(reader *r, int role) {
    memset(r, 0, sizeof *r);
    r->mem = (char *)malloc(MEM);
    aigw_http_init(&r->http, role == Q ? Q : R, r->mem, MEM, r->fields, FIELDS);
    r->http.no_body = role == RH;
}

static void finish(reader *r, int eof) {
    if (r->in_body) says(r, "] ");
    if (r->http.err) {
        says(r, r->http.err == AIGW_E_LIMIT ? "!LIMIT@" : r->http.err == AIGW_E_SYNTAX ? "!SYNTAX@" : "!OTHER@");
        sayn(r, (long long)r->http.at);
        t_ok("an error has a sentence", r->http.why && *r->http.why);
        t_int("eof after an error", aigw_http_eof(&r->http), r->http.err);
    } else if (eof) {
        int busy = aigw_http_busy(&r->http), end = aigw_http_eof(&r->http);
        t_int("busy agrees with eof", busy, end != 0);
        says(r, end == 1 ? "eof=1" : end == 0 ? "eof=0" : end == AIGW_E_CLOSED ? "eof=cut" : "eof=?");
    }
    free(r->mem);
    r->mem = NULL;
}

/* The log of s read in pieces ended by the ascending offsets cuts[0..n). */
static reader read_cut(int role, t_bytes s, const size_t *cuts, size_t n) {
    reader r;
    size_t i, at = 0;
    begin(&r, role);
    for (i = 0; i <= n && !r.http.err; i++) {
        size_t to = i < n ? cuts[i] : s.n;
        feed(&r, s.p + at, to - at);
        at = to;
    }
    finish(&r, 1);
    return r;
}

static void same(const char *label, reader r, const reader *whole) {
    t_mem(label, r.log, r.n, whole->log, whole->n);
    free(r.log);
}

static void check_cuts(int role, t_bytes s, const reader *whole) {
    size_t *cuts = (size_t *)t_alloc((s.n + 1) * sizeof *cuts), i, k, n;
    memset(cuts, 0, (s.n + 1) * sizeof *cuts);
    for (i = 0; i < s.n; i++) cuts[i] = i;
    same("byte by byte", read_cut(role, s, cuts, s.n), whole);
    for (i = 1; i < s.n; i += s.n < 600 ? 1 : s.n / 300) same("cut in two", read_cut(role, s, &i, 1), whole);
    for (k = 0; k < 20; k++) {
        for (n = 0, i = t_below(9); i < s.n && n < s.n; i += t_below(1 + t_below(60))) cuts[n++] = i;
        same("random cuts", read_cut(role, s, cuts, n), whole);
    }
}

typedef struct { const char *label; int role; const char *in, *want; } row;

static void check_rows(const row *rows, size_t n) {
    for (; n--; rows++) {
        t_bytes s;
        reader whole;
        s.p = rows->in;
        s.n = strlen(rows->in);
        t_row(rows->label);
        whole = read_cut(rows->role, s, NULL, 0);
        t_mem("whole", whole.log, whole.n, rows->want, strlen(rows->want));
        check_cuts(rows->role, s, &whole);
        free(whole.log);
    }
}

T(requests) {
    static const row rows[] = {
        { "nothing", Q, "", "eof=0" },
        { "no body", Q, GET "\r\n", "GET / 0 keep . eof=0" },
        { "body", Q, POST "Content-Length: 5\r\n\r\nhello", "POST /v1 5 keep [hello] . eof=0" },
        { "empty body", Q, POST "Content-Length: 0\r\n\r\n", "POST /v1 0 keep . eof=0" },
        { "pipelined", Q, POST "Content-Length: 2\r\n\r\nab" GET "\r\n" POST CHUNKED "1\r\nx\r\n0\r\n\r\n" GET "\r\n",
          "POST /v1 2 keep [ab] . GET / 0 keep . POST /v1 -1 keep [x] . GET / 0 keep . eof=0" },
        { "offsets count from the message", Q, POST "Content-Length: 2\r\n\r\nabGET\r\n", "POST /v1 2 keep [ab] . !SYNTAX@0" },
        { "and its second line", Q, GET "\r\n" GET "X\r\n\r\n", "GET / 0 keep . !SYNTAX@25" },
        { "empty lines before", Q, "\r\n\r\n" GET "\r\n\r\n" GET "\r\n", "GET / 0 keep . GET / 0 keep . eof=0" },
        { "and at the end", Q, GET "\r\n\r\n", "GET / 0 keep . eof=0" },
        { "endless empty lines", Q, "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" GET "\r\n", "!SYNTAX@32" },
        { "LF for an empty line", Q, "\n" GET "\r\n", "!SYNTAX@0" },
        { "target with query", Q, "GET /a?b=%20&c=d HTTP/1.1\r\nHost:a\r\n\r\n", "GET /a?b=%20&c=d 0 keep . eof=0" },
        { "any method", Q, "M-SEARCH /a HTTP/1.1\r\nHost: a\r\n\r\n", "M-SEARCH /a 0 keep . eof=0" },
        { "small letters of names and values", Q, "POST / HTTP/1.1\r\nhOST: a\r\ntRANSFER-eNCODING: \t CHUNKED\t \r\n\r\n0\r\n\r\n", "POST / -1 keep . eof=0" },
        { "asterisk", Q, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * 0 keep . eof=0" },
        { "asterisk elsewhere", Q, "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@4" },
        { "URL", Q, "GET http://A:80/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n", "GET /b?c 0 keep . eof=0" },
        { "URL without path", Q, "GET HTTPS://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 0 keep . eof=0" },
        { "URL of another host", Q, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@11" },
        { "URL with user", Q, "GET http://a@b/ HTTP/1.1\r\nHost: a@b\r\n\r\n", "!SYNTAX@32" },
        { "URL without host, 1.0", Q, "GET http:///x HTTP/1.0\r\n\r\n", "!SYNTAX@11" },
        { "URL, 1.0, no host field", Q, "GET http://h/x HTTP/1.0\r\n\r\n", "GET /x 0 close . eof=0" },
        { "URL of another scheme", Q, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@4" },
        { "authority form", Q, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@8" },
        { "no target", Q, "GET  HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@4" },
        { "two spaces", Q, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@4" },
        { "space in the target", Q, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@7" },
        { "byte over 127 in the target", Q, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@4" },
        { "tab for a space", Q, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@0" },
        { "no version", Q, "GET /\r\nHost: a\r\n\r\n", "!SYNTAX@5" },
        { "space after the version", Q, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "!SYNTAX@6" },
        { "HTTP/2", Q, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!SYNTAX@6" },
        { "HTTP/0.9", Q, "GET / HTTP/0.9\r\nHost: a\r\n\r\n", "!SYNTAX@6" },
        { "HTTP/1.7", Q, "GET / HTTP/1.7\r\nHost: a\r\n\r\n", "GET / 0 keep . eof=0" },
        { "HTTP/1.10", Q, "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "!SYNTAX@6" },
        { "small http", Q, "GET / http/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@6" },
        { "TLS hello", Q, "\x16\x03\x01\x02\r\n", "!SYNTAX@0" },
        { "no method", Q, " / HTTP/1.1\r\nHost: a\r\n\r\n", "!SYNTAX@0" },
        { "a response", Q, OK "\r\n", "!SYNTAX@0" },
        { "no host", Q, "GET / HTTP/1.1\r\n\r\n", "!SYNTAX@18" },
        { "empty host", Q, "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / 0 keep . eof=0" },
        { "two hosts", Q, GET "Host: a\r\n\r\n", "!SYNTAX@25" },
        { "host list", Q, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "!SYNTAX@22" },
        { "host with path", Q, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "!SYNTAX@22" },
        { "IPv6 host", Q, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET / 0 keep . eof=0" },
        { "100-continue", Q, POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", "POST /v1 1 keep expect [x] . eof=0" },
        { "100-continue, chunked", Q, POST "Expect: 100-continue\r\n" CHUNKED "0\r\n\r\n", "POST /v1 -1 keep expect . eof=0" },
        { "100-continue without a body", Q, GET "Expect: 100-continue\r\n\r\n", "GET / 0 keep . eof=0" },
        { "100-continue, 1.0", Q, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "POST / 1 close [x] . eof=0" },
        { "other expectation", Q, POST "Expect: tea\r\nContent-Length: 1\r\n\r\nx", "POST /v1 1 keep [x] . eof=0" }
    };
    check_rows(rows, T_COUNT(rows));
}

T(keep_alive) {
    static const row rows[] = {
        { "close", Q, GET "Connection: close\r\n\r\n", "GET / 0 close . eof=0" },
        { "close in a list", Q, GET "Connection: x , CLOSE,y\r\n\r\n", "GET / 0 close . eof=0" },
        { "close in the second field", Q, GET "Connection: keep-alive\r\nconnection: close\r\n\r\n", "GET / 0 close . eof=0" },
        { "not close", Q, GET "Connection: closed, , te\r\n\r\n", "GET / 0 keep . eof=0" },
        { "1.0", Q, "GET / HTTP/1.0\r\n\r\n", "GET / 0 close . eof=0" },
        { "1.0 keep-alive", Q, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / 0 keep . eof=0" },
        { "1.0 both", Q, "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "GET / 0 close . eof=0" },
        { "response 1.0 keep-alive", R, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", "200 1 keep [x] . eof=0" },
        { "response 1.0 keep-alive until close", R, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nx", "200 -2 close [x] eof=1" },
        { "response close", R, OK "Connection: close\r\nContent-Length: 1\r\n\r\nx", "200 1 close [x] . eof=0" }
    };
    check_rows(rows, T_COUNT(rows));
}

T(smuggling) {
    static const row rows[] = {
        { "two lengths", Q, POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "!SYNTAX@47" },
        { "two equal lengths", Q, POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "!SYNTAX@47" },
        { "list of lengths", Q, POST "Content-Length: 5, 5\r\n\r\nhello", "!SYNTAX@44" },
        { "length with sign", Q, POST "Content-Length: +5\r\n\r\nhello", "!SYNTAX@44" },
        { "negative length", Q, POST "Content-Length: -5\r\n\r\nhello", "!SYNTAX@44" },
        { "hex length", Q, POST "Content-Length: 0x5\r\n\r\nhello", "!SYNTAX@44" },
        { "empty length", Q, POST "Content-Length: \r\n\r\nhello", "!SYNTAX@44" },
        { "space in the length", Q, POST "Content-Length: 1 0\r\n\r\nhello", "!SYNTAX@44" },
        { "huge length", Q, POST "Content-Length: 18446744073709551617\r\n\r\nhello", "!LIMIT@44" },
        { "length of 19 digits", Q, POST "Content-Length: 1000000000000000000\r\n\r\nhello", "!LIMIT@44" },
        { "length of 18 digits", Q, POST "Content-Length: 999999999999999999\r\n\r\nhello", "POST /v1 999999999999999999 keep [hello] eof=cut" },
        { "length and coding", Q, POST "Content-Length: 5\r\n" CHUNKED "0\r\n\r\n", "!SYNTAX@77" },
        { "coding and length", Q, POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "!SYNTAX@77" },
        { "the same in a response", R, OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "!SYNTAX@66" },
        { "two codings", Q, POST "Transfer-Encoding: chunked\r\n" CHUNKED "0\r\n\r\n", "!SYNTAX@56" },
        { "chunked twice", Q, POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "!SYNTAX@47" },
        { "gzip", Q, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "!SYNTAX@47" },
        { "identity", Q, POST "Transfer-Encoding: identity\r\n\r\n", "!SYNTAX@47" },
        { "vertical tab before chunked", Q, POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", "!SYNTAX@28" },
        { "empty coding", Q, POST "Transfer-Encoding:\r\n\r\n", "!SYNTAX@46" },
        { "chunked in 1.0", Q, "POST / HTTP/1.0\r\n" CHUNKED "0\r\n\r\n", "!SYNTAX@47" },
        { "folded line", Q, GET "X: a\r\n b\r\n\r\n", "!SYNTAX@31" },
        { "folded first line", Q, "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "!SYNTAX@16" },
        { "tab-folded line", Q, GET "X: a\r\n\tb\r\n\r\n", "!SYNTAX@31" },
        { "line of spaces", Q, GET " \r\n\r\n", "!SYNTAX@25" },
        { "space before colon", Q, GET "Content-Length : 5\r\n\r\nhello", "!SYNTAX@25" },
        { "no colon", Q, GET "X\r\n\r\n", "!SYNTAX@25" },
        { "no name", Q, GET ": x\r\n\r\n", "!SYNTAX@25" },
        { "name with a bracket", Q, GET "X[]: x\r\n\r\n", "!SYNTAX@25" },
        { "name over 127", Q, GET "X\xc3\xa9: x\r\n\r\n", "!SYNTAX@25" },
        { "LF alone", Q, "GET / HTTP/1.1\nHost: a\r\n\r\n", "!SYNTAX@14" },
        { "LF alone at a field", Q, "GET / HTTP/1.1\r\nHost: a\n\r\n", "!SYNTAX@23" },
        { "LF alone at the end", Q, GET "\n", "!SYNTAX@25" },
        { "CR alone", Q, "GET / HTTP/1.1\rHost: a\r\n\r\n", "!SYNTAX@0" },
        { "CR alone in a value", Q, GET "X: a\rContent-Length: 5\r\n\r\n", "!SYNTAX@25" },
        { "CR CR LF", Q, GET "\r\r\n", "!SYNTAX@25" },
        { "control character", Q, GET "X: a\x01\r\n\r\n", "!SYNTAX@25" },
        { "tab and bytes over 127 in a value", Q, GET "X: a\tb\xc3\xa9\xff\r\n\r\n", "GET / 0 keep . eof=0" }
    };
    static const char nul[] = "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n";
    t_bytes s = { nul, sizeof nul - 1 };
    reader whole;
    check_rows(rows, T_COUNT(rows));
    t_row("NUL");
    whole = read_cut(Q, s, NULL, 0);
    t_mem("whole", whole.log, whole.n, "!SYNTAX@25", 10);
    check_cuts(Q, s, &whole);
    free(whole.log);
}

T(chunks) {
    static const row rows[] = {
        { "several", Q, POST CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "POST /v1 -1 keep [hello world] . eof=0" },
        { "hex in both cases, zeros before", Q, POST CHUNKED "00a\r\n0123456789\r\n0B\r\n0123456789a\r\n000\r\n\r\n", "POST /v1 -1 keep [01234567890123456789a] . eof=0" },
        { "extensions", Q, POST CHUNKED "1;a=b;c=\"d e\"\r\nx\r\n1 ;a\r\ny\r\n1\t; a\r\nz\r\n0;\r\n\r\n", "POST /v1 -1 keep [xyz] . eof=0" },
        { "trailers", Q, POST CHUNKED "0\r\nContent-Length: 5\r\nA: b\r\n\r\n" GET "\r\n", "POST /v1 -1 keep . GET / 0 keep . eof=0" },
        { "CRLF in the data", Q, POST CHUNKED "5\r\n\r\n0\r\n\r\n0\r\n\r\n", "POST /v1 -1 keep [\r\n0\r\n] . eof=0" },
        { "no size", Q, POST CHUNKED "\r\n\r\n", "POST /v1 -1 keep !SYNTAX@58" },
        { "size is no number", Q, POST CHUNKED "g\r\n\r\n", "POST /v1 -1 keep !SYNTAX@58" },
        { "0x size", Q, POST CHUNKED "0x5\r\nhello\r\n", "POST /v1 -1 keep !SYNTAX@59" },
        { "negative size", Q, POST CHUNKED "-1\r\n\r\n", "POST /v1 -1 keep !SYNTAX@58" },
        { "space before the size", Q, POST CHUNKED " 5\r\nhello\r\n", "POST /v1 -1 keep !SYNTAX@58" },
        { "space after the size", Q, POST CHUNKED "5 \r\nhello\r\n", "POST /v1 -1 keep !SYNTAX@60" },
        { "two sizes", Q, POST CHUNKED "5 5\r\nhello\r\n", "POST /v1 -1 keep !SYNTAX@60" },
        { "extension without size", Q, POST CHUNKED ";a\r\nhello\r\n", "POST /v1 -1 keep !SYNTAX@58" },
        { "size over 2^31-1", Q, POST CHUNKED "80000000\r\nhello\r\n", "POST /v1 -1 keep !LIMIT@65" },
        { "largest size", Q, POST CHUNKED "7fffffff\r\nhello\r\n", "POST /v1 -1 keep [hello\r\n] eof=cut" },
        { "size that wraps", Q, POST CHUNKED "100000000000000005\r\nhello\r\n", "POST /v1 -1 keep !LIMIT@66" },
        { "LF after the size", Q, POST CHUNKED "5\nhello\r\n", "POST /v1 -1 keep !SYNTAX@59" },
        { "CR after the size", Q, POST CHUNKED "5\rhello\r\n", "POST /v1 -1 keep !SYNTAX@60" },
        { "LF in an extension", Q, POST CHUNKED "5;a\nhello\r\n", "POST /v1 -1 keep !SYNTAX@61" },
        { "data too long", Q, POST CHUNKED "5\r\nhello!\r\n", "POST /v1 -1 keep [hello] !SYNTAX@66" },
        { "LF after the data", Q, POST CHUNKED "5\r\nhello\n0\r\n\r\n", "POST /v1 -1 keep [hello] !SYNTAX@66" },
        { "CR CR after the data", Q, POST CHUNKED "5\r\nhello\r\r\n0\r\n\r\n", "POST /v1 -1 keep [hello] !SYNTAX@67" },
        { "LF at the end", Q, POST CHUNKED "0\r\n\n", "POST /v1 -1 keep !SYNTAX@61" },
        { "LF in a trailer", Q, POST CHUNKED "0\r\nA: b\n\r\n", "POST /v1 -1 keep !SYNTAX@65" },
        { "folded trailer", Q, POST CHUNKED "0\r\nA: b\r\n c\r\n\r\n", "POST /v1 -1 keep !SYNTAX@67" },
        { "CR in the end", Q, POST CHUNKED "0\r\n\rx", "POST /v1 -1 keep !SYNTAX@62" }
    };
    check_rows(rows, T_COUNT(rows));
}

T(responses) {
    static const row rows[] = {
        { "length", R, OK "Content-Length: 5\r\n\r\nhello", "200 5 keep [hello] . eof=0" },
        { "no reason", R, "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200 0 keep . eof=0" },
        { "no space either", R, "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 0 keep . eof=0" },
        { "no host needed, several", R, OK CHUNKED "2\r\nab\r\n0\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "200 -1 keep [ab] . 200 1 keep [x] . eof=0" },
        { "until close", R, OK "\r\nhello\r\n\r\n", "200 -2 close [hello\r\n\r\n] eof=1" },
        { "until close, empty", R, OK "\r\n", "200 -2 close eof=1" },
        { "204", R, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "204 0 keep . 200 1 keep [x] . eof=0" },
        { "304", R, "HTTP/1.1 304 Not Modified\r\n" CHUNKED, "304 0 keep . eof=0" },
        { "HEAD", RH, OK "Content-Length: 5\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "200 0 keep . 200 1 keep [x] . eof=0" },
        { "HEAD without length", RH, OK "\r\n", "200 0 keep . eof=0" },
        { "100 first", R, "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "200 1 keep [x] . eof=0" },
        { "103 with fields", R, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\nConnection: close\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "200 1 keep [x] . eof=0" },
        { "100 before HEAD's", RH, "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 5\r\n\r\n", "200 0 keep . eof=0" },
        { "100 and no more", R, "HTTP/1.1 100 Continue\r\n\r\n", "eof=cut" },
        { "101", R, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "!SYNTAX@50" },
        { "status of two digits", R, "HTTP/1.1 20 OK\r\n\r\n", "!SYNTAX@0" },
        { "status of four digits", R, "HTTP/1.1 2000 OK\r\n\r\n", "!SYNTAX@0" },
        { "status under 100", R, "HTTP/1.1 099 OK\r\n\r\n", "!SYNTAX@9" },
        { "status is no number", R, "HTTP/1.1 2x0 OK\r\n\r\n", "!SYNTAX@9" },
        { "status 599", R, "HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", "599 0 keep . eof=0" },
        { "HTTP/2", R, "HTTP/2.0 200 OK\r\n\r\n", "!SYNTAX@0" },
        { "ICY", R, "ICY 200 OK\r\n\r\n", "!SYNTAX@0" },
        { "empty line first", R, "\r\n" OK "\r\n", "!SYNTAX@0" },
        { "a request", R, GET "\r\n", "!SYNTAX@0" },
        { "bytes over 127 in the reason", R, "HTTP/1.1 200 \xc3\xa9\r\nContent-Length: 0\r\n\r\n", "200 0 keep . eof=0" }
    };
    check_rows(rows, T_COUNT(rows));
}

T(eof_at_every_byte) {
    static const struct { const char *label, *in; size_t complete; } rows[] = {      /* complete: eof=1 from this offset, 0: never */
        { "length", OK "Content-Length: 5\r\n\r\nhello", 0 },
        { "chunked", OK CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\r\n", 0 },
        { "until close", OK "\r\nhello", 19 },
        { "1xx", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 x\r\n\r\n", 0 }
    };
    size_t i, cut;
    for (i = 0; i < T_COUNT(rows); i++) {
        size_t n = strlen(rows[i].in);
        t_row(rows[i].label);
        for (cut = 0; cut <= n; cut++) {
            const char *want = rows[i].complete && cut >= rows[i].complete ? "eof=1" : !cut || cut == n ? "eof=0" : "eof=cut";
            t_bytes s;
            reader r;
            s.p = rows[i].in;
            s.n = cut;
            r = read_cut(R, s, NULL, 0);
            if (t_ok("long enough", r.n >= strlen(want))) t_str("ends", r.log + r.n - strlen(want), strlen(want), want);
            free(r.log);
        }
    }
}

/* The log of before, `again` so many times, and after. */
static void check_limit(const char *label, int role, const char *before, const char *again, size_t times, const char *after, const char *want) {
    size_t nb = strlen(before), na = strlen(again), ne = strlen(after), i;
    t_bytes s;
    char *p = (char *)t_alloc(nb + na * times + ne);
    reader whole;
    memcpy(p, before, nb);
    for (i = 0; i < times; i++) memcpy(p + nb + na * i, again, na);
    memcpy(p + nb + na * times, after, ne);
    s.p = p;
    s.n = nb + na * times + ne;
    t_row(label);
    whole = read_cut(role, s, NULL, 0);
    t_mem("whole", whole.log, whole.n, want, strlen(want));
    check_cuts(role, s, &whole);
    free(whole.log);
}

T(limits) {
    check_limit("head that fills the memory", Q, GET "X: ", "x", MEM - 25 - 3 - 4, "\r\n\r\n", "GET / 0 keep . eof=0");
    check_limit("one byte more", Q, GET "X: ", "x", MEM - 25 - 3 - 4 + 1, "\r\n\r\n", "!LIMIT@400");
    check_limit("endless line", Q, "", "x", 1000, "", "!LIMIT@400");
    check_limit("as many fields as fit", Q, GET, "X: x\r\n", FIELDS - 1, "\r\n", "GET / 0 keep . eof=0");
    check_limit("one more", Q, GET, "X: x\r\n", FIELDS, "\r\n", "!LIMIT@67");
    check_limit("long extension", Q, POST CHUNKED "1;", "x", 4096 - 4, "\r\nx\r\n0\r\n\r\n", "POST /v1 -1 keep [x] . eof=0");
    check_limit("longer extension", Q, POST CHUNKED "1;", "x", 4096 - 3, "\r\nx\r\n0\r\n\r\n", "POST /v1 -1 keep !LIMIT@4154");
    check_limit("endless size", Q, POST CHUNKED, "0", 5000, "", "POST /v1 -1 keep !LIMIT@4154");
    check_limit("many chunks", Q, POST CHUNKED, "1;abcdef\r\nx\r\n", 40, "0\r\n\r\n", "POST /v1 -1 keep [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx] . eof=0");
    check_limit("many trailers", Q, POST CHUNKED "0\r\n", "A: b\r\n", 682, "\r\n", "POST /v1 -1 keep . eof=0");
    check_limit("more trailers", Q, POST CHUNKED "0\r\n", "A: b\r\n", 683, "\r\n", "POST /v1 -1 keep !LIMIT@4157");
    check_limit("many 1xx", R, "", "HTTP/1.1 100 Continue\r\n\r\n", 16, OK "Content-Length: 0\r\n\r\n", "200 0 keep . eof=0");
    check_limit("more 1xx", R, "", "HTTP/1.1 100 Continue\r\n\r\n", 17, "", "!LIMIT@425");
}

T(every_memory_size) {
    static const char in[] = POST "X: y\r\nContent-Length: 2\r\n\r\nab";
    size_t size, fields;
    for (size = 0; size < sizeof in + 4; size++)
        for (fields = 0; fields < 5; fields++) {
            aigw_http h;
            aigw_http_item item;
            aigw_header *list = (aigw_header *)malloc(fields * sizeof *list + 1);
            char *mem = size ? (char *)malloc(size) : NULL;
            int k, fits = size >= sizeof in - 3 && fields >= 3;
            aigw_http_init(&h, Q, mem, size, list, fields);
            k = aigw_http_feed(&h, in, sizeof in - 1, &item);
            t_int("head or limit", k, fits ? (int)sizeof in - 3 : AIGW_E_LIMIT);
            if (fits) t_int("fields", h.head.n, 3);
            free(mem);
            free(list);
        }
}

T(head_stays) {
    static const char in[] = "POST /a HTTP/1.1\r\nHost: b\r\nX-Y:  z z \r\nEmpty:\r\nContent-Length: 2\r\n\r\nab";
    char mem[200];
    aigw_header fields[8];
    aigw_http h;
    aigw_http_item item;
    aigw_str v;
    int at;
    aigw_http_init(&h, Q, mem, sizeof mem, fields, 8);
    at = aigw_http_feed(&h, in, sizeof in - 1, &item);
    t_int("head", item.event, AIGW_HTTP_HEAD);
    at += aigw_http_feed(&h, in + at, sizeof in - 1 - (size_t)at, &item);
    t_int("body", item.event, AIGW_HTTP_BODY);
    t_int("all", at, sizeof in - 1);
    t_int("the end takes nothing", aigw_http_feed(&h, NULL, 0, &item), 0);
    t_int("end", item.event, AIGW_HTTP_END);
    t_int("and then nothing", aigw_http_feed(&h, NULL, 0, &item), 0);
    t_int("none", item.event, AIGW_HTTP_NONE);
    t_int("idle", aigw_http_busy(&h), 0);
    t_mem("method", h.head.method.p, h.head.method.n, "POST", 4);
    t_mem("target", h.head.target.p, h.head.target.n, "/a", 2);
    v = aigw_base_header(&h.head, aigw_base_str("x-y"));
    t_mem("value", v.p, v.n, "z z", 3);
    v = aigw_base_header(&h.head, aigw_base_str("EMPTY"));
    t_ok("an empty value is there", v.p && !v.n);
    t_mem("name as it came", h.head.headers[3].name.p, h.head.headers[3].name.n, "Content-Length", 14);
    t_int("one byte begins the next", aigw_http_feed(&h, "G", 1, &item), 1);
    t_int("the old head is gone", h.head.n, 0);
    t_int("busy", aigw_http_busy(&h), 1);
    aigw_http_reset(&h);
    t_int("reset", aigw_http_busy(&h), 0);
    t_int("cut", (aigw_http_feed(&h, "G", 1, &item), aigw_http_eof(&h)), AIGW_E_CLOSED);
    t_int("cut is sticky", aigw_http_feed(&h, "G", 1, &item), AIGW_E_CLOSED);
}

static aigw_str str(const char *s) { return aigw_base_str(s); }

static int put(char *to, const char *method, const char *target, int status, const char *name, const char *value, size_t nvalue, int64_t length) {
    aigw_header fields[1];
    aigw_head head;
    aigw_out o;
    int err;
    memset(&head, 0, sizeof head);
    head.method = str(method);
    head.target = str(target);
    head.status = status;
    head.headers = fields;
    head.cap = 1;
    if (name) {
        fields[0].name = str(name);
        fields[0].value.p = value;
        fields[0].value.n = nvalue;
        head.n = 1;
    }
    aigw_base_out_init(&o, to, 200, NULL, 0);
    err = aigw_http_put_head(&o, &head, length);
    t_int("fits", aigw_base_out_end(&o), AIGW_OK);
    to[o.buf.n] = 0;
    return err;
}

T(put_head) {
    static const struct {
        const char *label, *method, *target; int status; const char *name, *value; int64_t length; int err; const char *want;
    } rows[] = {
        { "request", "POST", "/v1?a=b", 0, "Host", "h", 12, 0, "POST /v1?a=b HTTP/1.1\r\nHost: h\r\ncontent-length: 12\r\n\r\n" },
        { "chunked", "POST", "/", 0, NULL, NULL, -1, 0, "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" },
        { "neither", "GET", "/", 0, NULL, NULL, -2, 0, "GET / HTTP/1.1\r\n\r\n" },
        { "response", NULL, NULL, 429, "retry-after", "2", 0, 0, "HTTP/1.1 429 Too Many Requests\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n" },
        { "unknown status", NULL, NULL, 599, "A", "", 1, 0, "HTTP/1.1 599 \r\nA: \r\ncontent-length: 1\r\n\r\n" },
        { "framing fields are its own", "GET", "/", 0, "Content-Length", "5", 3, 0, "GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\n" },
        { "coding too", "GET", "/", 0, "transfer-encoding", "chunked", -2, 0, "GET / HTTP/1.1\r\n\r\n" },
        { "tab and UTF-8", "GET", "/", 0, "a", "b\tc\xc3\xa9", -2, 0, "GET / HTTP/1.1\r\na: b\tc\xc3\xa9\r\n\r\n" },
        { "CR in a value", "GET", "/", 0, "a", "b\rc", -2, AIGW_E_VALUE, "" },
        { "LF in a value", "GET", "/", 0, "a", "b\nc: d", -2, AIGW_E_VALUE, "" },
        { "space in a name", "GET", "/", 0, "a b", "c", -2, AIGW_E_VALUE, "" },
        { "colon in a name", "GET", "/", 0, "a:", "c", -2, AIGW_E_VALUE, "" },
        { "empty name", "GET", "/", 0, "", "c", -2, AIGW_E_VALUE, "" },
        { "space in the target", "GET", "/ HTTP/1.1", 0, "a", "c", -2, AIGW_E_VALUE, "" },
        { "LF in the target", "GET", "/\na", 0, "a", "c", -2, AIGW_E_VALUE, "" },
        { "no target", "GET", "", 0, "a", "c", -2, AIGW_E_VALUE, "" },
        { "LF in the method", "GET\n", "/", 0, "a", "c", -2, AIGW_E_VALUE, "" },
        { "status 42", NULL, NULL, 42, "a", "c", -2, AIGW_E_VALUE, "" },
        { "negative status", NULL, NULL, -200, "a", "c", -2, AIGW_E_VALUE, "" }
    };
    char got[201];
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].label);
        t_int("error", put(got, rows[i].method, rows[i].target, rows[i].status, rows[i].name, rows[i].value,
                           rows[i].value ? strlen(rows[i].value) : 0, rows[i].length), rows[i].err);
        t_str("text", got, strlen(got), rows[i].want);
    }
    t_row("NUL in a value");
    t_int("error", put(got, "GET", "/", 0, "a", "b\0c", 3, -2), AIGW_E_VALUE);
}

T(put_chunks) {
    static const struct { size_t n; const char *want; } rows[] = {
        { 0, "0\r\n" }, { 1, "1\r\n" }, { 15, "f\r\n" }, { 16, "10\r\n" }, { 4096, "1000\r\n" }, { 0x7fffffff, "7fffffff\r\n" }, { 0xabc, "abc\r\n" }
    };
    char mem[64];
    aigw_out o;
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        aigw_base_out_init(&o, mem, sizeof mem, NULL, 0);
        aigw_http_put_chunk(&o, rows[i].n);
        t_int("fits", aigw_base_out_end(&o), AIGW_OK);
        t_str("size line", mem, o.buf.n, rows[i].want);
    }
    aigw_base_out_init(&o, mem, sizeof mem, NULL, 0);
    aigw_http_put_chunk_end(&o);
    aigw_http_put_last_chunk(&o);
    t_int("fits", aigw_base_out_end(&o), AIGW_OK);
    t_str("ends", mem, o.buf.n, "\r\n0\r\n\r\n");
}

T(reasons) {
    t_ok("200", !strcmp(aigw_http_reason(200), "OK"));
    t_ok("431", !strcmp(aigw_http_reason(431), "Request Header Fields Too Large"));
    t_ok("529", !strcmp(aigw_http_reason(529), "Overloaded"));
    t_ok("none", !*aigw_http_reason(0) && !*aigw_http_reason(299) && !*aigw_http_reason(-200) && !*aigw_http_reason(1200));
}

/* What put_head writes, the reader reads. */
T(round_trip) {
    static const char *const targets[] = { "/", "/v1/messages?beta=true", "/v1beta/models/x:generateContent" };
    size_t i;
    for (i = 0; i < 200; i++) {
        char text[400], body[64], mem[MEM];
        aigw_header out[4], in[FIELDS];
        aigw_head head;
        aigw_out o;
        aigw_http h;
        aigw_http_item item;
        int role = (int)t_below(2), at;
        size_t n = t_below(sizeof body);
        memset(body, 'b', sizeof body);
        memset(&head, 0, sizeof head);
        head.headers = out;
        head.cap = 4;
        if (role == R) head.status = 201 + (int)t_below(3);
        else { head.method = str("POST"); head.target = str(targets[t_below(3)]); }
        aigw_base_header_put(&head, str("Host"), str("localhost:8080"));
        if (t_below(2)) aigw_base_header_put(&head, str("x-a"), str("b, c"));
        aigw_base_out_init(&o, text, sizeof text, NULL, 0);
        t_int("put", aigw_http_put_head(&o, &head, t_below(2) ? (int64_t)n : -1), AIGW_OK);
        t_int("fits", aigw_base_out_end(&o), AIGW_OK);
        aigw_http_init(&h, role, mem, sizeof mem, in, FIELDS);
        at = aigw_http_feed(&h, text, o.buf.n, &item);
        t_int("all", at, o.buf.n);
        t_int("head", item.event, AIGW_HTTP_HEAD);
        t_int("status", h.head.status, head.status);
        t_ok("target", aigw_base_eq(h.head.target, head.target) && aigw_base_eq(h.head.method, head.method));
        t_int("fields", h.head.n, head.n + 1);
        t_ok("length", h.length == -1 || h.length == (int64_t)n);
    }
}

int main(void) {
    T_RUN(requests);
    T_RUN(keep_alive);
    T_RUN(smuggling);
    T_RUN(chunks);
    T_RUN(responses);
    T_RUN(eof_at_every_byte);
    T_RUN(limits);
    T_RUN(every_memory_size);
    T_RUN(head_stays);
    T_RUN(put_head);
    T_RUN(put_chunks);
    T_RUN(reasons);
    T_RUN(round_trip);
    return t_end();
}
