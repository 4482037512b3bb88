/* SPDX-License-Identifier: MIT OR Unlicense */
/* https.c: the TLS hand-off without the gateway. Streams one answer over HTTPS with BearSSL, whose engine, like aigw, does no I/O of its own.
 *     cc -I. -o https examples/https.c -lbearssl && ANTHROPIC_API_KEY=... ./https api.anthropic.com 443 MODEL "Hello"
 * Knows: sockets, BearSSL, the terminal. Does not know: HTTP, JSON, what a provider's stream looks like. The trust store is $SSL_CERT_FILE, or Debian's. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include <bearssl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* ---- the trust store: every certificate of a PEM file becomes an anchor */

typedef struct { unsigned char *p; size_t n; } bytes;
static struct { br_x509_trust_anchor v[512]; size_t n; } store;

static void put(void *to, const void *p, size_t n) {
    bytes *b = (bytes *)to;
    unsigned char *q = (unsigned char *)realloc(b->p, b->n + n);
    if (!q) exit(1);
    memcpy(q + b->n, p, n);
    b->p = q;
    b->n += n;
}
static void anchor(const bytes *der) {
    br_x509_decoder_context *d = (br_x509_decoder_context *)malloc(sizeof *d);     /* stays: it holds the key */
    br_x509_trust_anchor *a = &store.v[store.n];
    bytes name = { NULL, 0 };
    if (!d || store.n == sizeof store.v / sizeof store.v[0]) return;
    br_x509_decoder_init(d, put, &name);
    br_x509_decoder_push(d, der->p, der->n);
    if (!br_x509_decoder_get_pkey(d)) return;
    a->dn.data = name.p;
    a->dn.len = name.n;
    a->flags = br_x509_decoder_isCA(d) ? BR_X509_TA_CA : 0;
    a->pkey = *br_x509_decoder_get_pkey(d);
    store.n++;
}
static void trust(FILE *f) {
    br_pem_decoder_context d;
    bytes der = { NULL, 0 };
    int c, again;
    br_pem_decoder_init(&d);
    while (f && (c = fgetc(f)) != EOF) {
        const char byte = (char)c;
        do {                                                   /* an event may come before the byte is taken */
            again = !br_pem_decoder_push(&d, &byte, 1);
            switch (br_pem_decoder_event(&d)) {
            case BR_PEM_BEGIN_OBJ: der.n = 0; br_pem_decoder_setdest(&d, strcmp(br_pem_decoder_name(&d), "CERTIFICATE") ? NULL : put, &der); break;
            case BR_PEM_END_OBJ: if (der.n) anchor(&der); break;
            }
        } while (again);
    }
}

/* ---- the hand-off: aigw's two callbacks over BearSSL's engine */

typedef struct { br_ssl_client_context tls; br_x509_minimal_context x509; unsigned char io[BR_SSL_BUFSIZE_BIDI]; int fd; } tls_link;

/* Move records until the engine reaches `goal`. 1; 0: the provider closed with close_notify; AIGW_E_CLOSED: it did not, so what came may be cut. */
static int pump(tls_link *l, unsigned goal) {
    br_ssl_engine_context *e = &l->tls.eng;
    for (;;) {
        const unsigned state = br_ssl_engine_current_state(e);
        size_t n;
        unsigned char *p;
        ssize_t r;
        if (state & goal) return 1;
        if (state & BR_SSL_CLOSED) return br_ssl_engine_last_error(e) == BR_ERR_OK ? 0 : (int)AIGW_E_CLOSED;
        p = state & BR_SSL_SENDREC ? br_ssl_engine_sendrec_buf(e, &n) : br_ssl_engine_recvrec_buf(e, &n);
        r = state & BR_SSL_SENDREC ? send(l->fd, p, n, MSG_NOSIGNAL) : recv(l->fd, p, n, 0);
        if (r <= 0) return AIGW_E_CLOSED;
        if (state & BR_SSL_SENDREC) br_ssl_engine_sendrec_ack(e, (size_t)r);
        else br_ssl_engine_recvrec_ack(e, (size_t)r);
    }
}
static int tls_send(void *user, const void *p, size_t n) {
    tls_link *l = (tls_link *)user;
    size_t room;
    unsigned char *to;
    const int r = pump(l, BR_SSL_SENDAPP);
    if (r < 1) return AIGW_E_CLOSED;
    to = br_ssl_engine_sendapp_buf(&l->tls.eng, &room);
    if (n > room) n = room;
    memcpy(to, p, n);
    br_ssl_engine_sendapp_ack(&l->tls.eng, n);
    br_ssl_engine_flush(&l->tls.eng, 0);                       /* out with the next pump */
    return (int)n;
}
static int tls_recv(void *user, void *p, size_t n) {
    tls_link *l = (tls_link *)user;
    size_t got;
    unsigned char *from;
    const int r = pump(l, BR_SSL_RECVAPP);
    if (r < 1) return r;
    from = br_ssl_engine_recvapp_buf(&l->tls.eng, &got);
    if (n > got) n = got;
    memcpy(p, from, n);
    br_ssl_engine_recvapp_ack(&l->tls.eng, n);
    return (int)n;
}

/* ---- the rest is as in chat.c */

static int show(void *user, const aigw_event *ev) {
    char mem[4096];
    aigw_arena a = aigw_base_arena(mem, sizeof mem);
    aigw_str s = { NULL, 0 };
    (void)user;
    if (ev->type == AIGW_EVENT_DELTA && ev->kind == AIGW_PART_TEXT && aigw_json_decode(ev->text, &a, &s)) fwrite(s.p, 1, s.n, stdout);
    if (ev->type == AIGW_EVENT_ERROR) printf("\n%s: %.*s", aigw_model_kind_name(ev->error->kind), (int)ev->error->message.n, ev->error->message.p);
    return fflush(stdout);
}
static aigw_now read_clock(void) {
    struct timespec t;
    aigw_now now;
    clock_gettime(CLOCK_MONOTONIC, &t);
    now.mono_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
    now.wall_s = time(NULL);
    return now;
}

int main(int argc, char **argv) {
    static aigw_client c;
    static char mem[65536];
    static tls_link l;
    const aigw_sink sink = { show, NULL };
    const char *file = getenv("SSL_CERT_FILE");
    struct addrinfo *at;
    int r = 0;
    if (argc != 5 || getaddrinfo(argv[1], argv[2], NULL, &at)) return fprintf(stderr, "usage: https HOST PORT MODEL TEXT\n"), 2;
    trust(fopen(file ? file : "/etc/ssl/certs/ca-certificates.crt", "rb"));
    l.fd = socket(at->ai_family, SOCK_STREAM, 0);
    if (connect(l.fd, at->ai_addr, at->ai_addrlen)) return perror("connect"), 1;
    br_ssl_client_init_full(&l.tls, &l.x509, store.v, store.n);
    br_ssl_engine_set_buffer(&l.tls.eng, l.io, sizeof l.io, 1);
    br_ssl_client_reset(&l.tls, argv[1], 0);                   /* the name goes into SNI and must be in the certificate */
    if (pump(&l, BR_SSL_SENDAPP) < 1) return fprintf(stderr, "TLS: BearSSL error %d\n", br_ssl_engine_last_error(&l.tls.eng)), 1;
    aigw_client_init(&c, &aigw_dialect_anthropic, aigw_base_str(argv[1]), aigw_base_str(""), aigw_base_str(getenv("ANTHROPIC_API_KEY")), aigw_base_str(argv[3]));
    aigw_client_ask(&c, aigw_base_str("Be brief."), aigw_base_str(argv[4]), 1);
    c.io.user = &l;
    c.io.send = tls_send;
    c.io.recv = tls_recv;
    for (r = aigw_client_start(&c, read_clock(), mem, sizeof mem); !r; ) r = aigw_client_run(&c, read_clock(), &sink);
    printf("\n");
    return r == 1 && c.attempt.ended == 1 ? 0 : 1;
}
