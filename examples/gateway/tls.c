/* SPDX-License-Identifier: MIT OR Unlicense */
/* tls.c: TLS 1.2 to providers: trust store, host name, dates, SNI. The only file that includes BearSSL; without its header it says so. Does not know who is talking.
 * BearSSL's engine neither reads nor writes: pump() moves records between it and the socket until something must be waited for. */
#include "gateway.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__has_include)
#  if __has_include(<bearssl.h>) && !defined(GATEWAY_NO_TLS)
#    define HAVE_BEARSSL 1
#  endif
#endif

#ifdef HAVE_BEARSSL
#include <bearssl.h>

const char tls_name[] = "BearSSL, TLS 1.2";

typedef struct {
    br_ssl_client_context client;
    br_x509_minimal_context x509;
    unsigned char io[BR_SSL_BUFSIZE_BIDI];
} connection;

/* The trust store: read once, kept until the end of the process. */
static struct { br_x509_trust_anchor *v; size_t n, cap; } anchors;

typedef struct { unsigned char *p; size_t n, cap; int bad; } bytes;

static void bytes_put(void *to, const void *p, size_t n) {
    bytes *b = (bytes *)to;
    if (b->n + n > b->cap) {
        size_t cap = (b->n + n) * 2;
        unsigned char *q = (unsigned char *)realloc(b->p, cap);
        if (!q) {
            b->bad = 1;
            return;
        }
        b->p = q;
        b->cap = cap;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static unsigned char *copy(const unsigned char *p, size_t n) {
    unsigned char *q = (unsigned char *)malloc(n ? n : 1);
    if (q) memcpy(q, p, n);
    return q;
}

/* One certificate as trust anchor. Those that BearSSL cannot use are passed over. */
static int anchor_add(const bytes *der) {
    br_x509_decoder_context d;
    br_x509_pkey *key;
    br_x509_trust_anchor a;
    bytes dn;
    memset(&dn, 0, sizeof dn);
    br_x509_decoder_init(&d, bytes_put, &dn);
    br_x509_decoder_push(&d, der->p, der->n);
    key = br_x509_decoder_get_pkey(&d);
    if (!key || dn.bad) {
        free(dn.p);
        return 0;
    }
    memset(&a, 0, sizeof a);
    a.dn.data = dn.p;
    a.dn.len = dn.n;
    a.flags = br_x509_decoder_isCA(&d) ? BR_X509_TA_CA : 0;
    a.pkey.key_type = key->key_type;
    if (key->key_type == BR_KEYTYPE_RSA) {
        a.pkey.key.rsa.n = copy(key->key.rsa.n, a.pkey.key.rsa.nlen = key->key.rsa.nlen);
        a.pkey.key.rsa.e = copy(key->key.rsa.e, a.pkey.key.rsa.elen = key->key.rsa.elen);
    } else {
        a.pkey.key.ec.curve = key->key.ec.curve;
        a.pkey.key.ec.q = copy(key->key.ec.q, a.pkey.key.ec.qlen = key->key.ec.qlen);
    }
    if (anchors.n == anchors.cap) {
        size_t cap = anchors.cap ? anchors.cap * 2 : 256;
        br_x509_trust_anchor *v = (br_x509_trust_anchor *)realloc(anchors.v, cap * sizeof *v);
        if (!v) return -1;
        anchors.v = v;
        anchors.cap = cap;
    }
    anchors.v[anchors.n++] = a;
    return 0;
}

static int pem_read(const unsigned char *p, size_t n) {
    br_pem_decoder_context d;
    bytes der;
    int certificate = 0, r = 0;
    memset(&der, 0, sizeof der);
    br_pem_decoder_init(&d);
    while (n && r >= 0) {
        size_t took = br_pem_decoder_push(&d, p, n);
        p += took;
        n -= took;
        switch (br_pem_decoder_event(&d)) {
        case BR_PEM_BEGIN_OBJ:
            der.n = 0;
            certificate = !strcmp(br_pem_decoder_name(&d), "CERTIFICATE") || !strcmp(br_pem_decoder_name(&d), "X509 CERTIFICATE");
            br_pem_decoder_setdest(&d, certificate ? bytes_put : NULL, &der);
            break;
        case BR_PEM_END_OBJ:
            if (certificate) r = anchor_add(&der);
            break;
        case BR_PEM_ERROR: r = -1; break;
        }
    }
    free(der.p);
    return r;
}

int tls_start(const char *ca_file, const char **why) {
    const char *env = getenv("SSL_CERT_FILE"), *path = ca_file ? ca_file : env && *env ? env : "/etc/ssl/certs/ca-certificates.crt";
    unsigned char buf[4096];
    bytes all;
    size_t n;
    FILE *f;
    int r;
    if (anchors.n) return (int)anchors.n;              /* running connections hold pointers to them: one store per process */
    f = fopen(path, "rb");
    if (!f) {
        *why = "the trust store cannot be read (install ca-certificates, or name one by \"ca_file\" or SSL_CERT_FILE)";
        return -1;
    }
    memset(&all, 0, sizeof all);
    while ((n = fread(buf, 1, sizeof buf, f)) > 0) bytes_put(&all, buf, n);
    fclose(f);
    bytes_put(&all, "\n", 1);
    r = all.bad ? -1 : pem_read(all.p, all.n);
    free(all.p);
    if (r < 0 || !anchors.n) *why = "the trust store holds no certificate that can be read";
    return r < 0 || !anchors.n ? -1 : (int)anchors.n;
}

/* The first RSA key of a PEM text into *d (PKCS #8 "PRIVATE KEY", PKCS #1 "RSA PRIVATE KEY"). NULL: there is none. */
static const br_rsa_private_key *key_read(aigw_str pem, br_skey_decoder_context *d) {
    br_pem_decoder_context p;
    bytes der;
    const br_rsa_private_key *key = NULL;
    int is_key = 0, end = 0;
    memset(&der, 0, sizeof der);
    br_pem_decoder_init(&p);
    while (!key && (pem.n || !end++)) {
        const size_t took = pem.n ? br_pem_decoder_push(&p, pem.p, pem.n) : br_pem_decoder_push(&p, "\n", 1);      /* a last line without its end */
        if (pem.n) pem.p += took, pem.n -= took;
        switch (br_pem_decoder_event(&p)) {
        case BR_PEM_BEGIN_OBJ:
            der.n = 0;
            is_key = !strcmp(br_pem_decoder_name(&p), "PRIVATE KEY") || !strcmp(br_pem_decoder_name(&p), "RSA PRIVATE KEY");
            br_pem_decoder_setdest(&p, is_key ? bytes_put : NULL, &der);
            break;
        case BR_PEM_END_OBJ:
            if (!is_key || der.bad) break;
            br_skey_decoder_init(d);
            br_skey_decoder_push(d, der.p, der.n);
            key = br_skey_decoder_last_error(d) ? NULL : br_skey_decoder_get_rsa(d);
            break;
        case BR_PEM_ERROR: pem.n = 0, end = 1; break;
        }
    }
    if (der.p) aigw_digest_wipe(der.p, der.cap);
    free(der.p);
    return key;
}

int tls_rs256(void *user, aigw_str pem, const uint8_t digest[32], uint8_t *sig, size_t *n) {
    br_skey_decoder_context d;
    const br_rsa_private_key *key = key_read(pem, &d);
    const size_t bytes_n = key ? (key->n_bitlen + 7) / 8 : 0;
    int r = !key ? (int)AIGW_E_VALUE : bytes_n > *n ? (int)AIGW_E_NOMEM : 0;
    (void)user;
    if (!r && !br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, digest, 32, key, sig)) r = AIGW_E_VALUE;
    *n = bytes_n;
    aigw_digest_wipe(&d, sizeof d);
    return r;
}

size_t tls_size(void) { return sizeof(connection); }

int tls_open(void *tls, const char *host) {
    connection *c = (connection *)tls;
    br_ssl_client_init_full(&c->client, &c->x509, anchors.v, anchors.n);
    br_ssl_engine_set_versions(&c->client.eng, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_buffer(&c->client.eng, c->io, sizeof c->io, 1);
    br_ssl_engine_add_flags(&c->client.eng, BR_OPT_NO_RENEGOTIATION);
    return br_ssl_client_reset(&c->client, host, 0) ? 0 : -1;
}

/* What the last error of a connection means to who has to mend it. */
const char *tls_why(const void *tls) {
    static const struct { int from, to; const char *text; } rows[] = {
        { BR_ERR_X509_BAD_SERVER_NAME, BR_ERR_X509_BAD_SERVER_NAME, "TLS: the provider's certificate is for another host name" },
        { BR_ERR_X509_EXPIRED, BR_ERR_X509_EXPIRED, "TLS: the provider's certificate has expired or is not valid yet (if not, this machine's clock is wrong)" },
        { BR_ERR_X509_TIME_UNKNOWN, BR_ERR_X509_TIME_UNKNOWN, "TLS: the provider's certificate cannot be checked without a clock" },
        { BR_ERR_X509_NOT_TRUSTED, BR_ERR_X509_NOT_TRUSTED, "TLS: the provider's certificate is signed by an authority that is not in the trust store (\"ca_file\" or SSL_CERT_FILE names another)" },
        { BR_ERR_X509_NOT_CA, BR_ERR_X509_NOT_CA, "TLS: the provider's certificate is signed by a certificate that may not sign" },
        { BR_ERR_X509_BAD_SIGNATURE, BR_ERR_X509_BAD_SIGNATURE, "TLS: a signature in the provider's certificate chain is wrong" },
        { BR_ERR_X509_WEAK_PUBLIC_KEY, BR_ERR_X509_WEAK_PUBLIC_KEY, "TLS: the provider's certificate has a key that is too short" },
        { BR_ERR_X509_INVALID_VALUE, BR_ERR_X509_NOT_TRUSTED, "TLS: the provider's certificate cannot be read or uses what is not supported" },
        { BR_ERR_RECV_FATAL_ALERT + 70, BR_ERR_RECV_FATAL_ALERT + 70, "TLS: the provider does not speak TLS 1.2 (a local TLS proxy is the way out)" },
        { BR_ERR_UNSUPPORTED_VERSION, BR_ERR_UNSUPPORTED_VERSION, "TLS: the provider does not speak TLS 1.2 (a local TLS proxy is the way out)" },
        { BR_ERR_BAD_VERSION, BR_ERR_BAD_VERSION, "TLS: the provider answered with something else than TLS (is it an http:// address?)" },
        { BR_ERR_UNKNOWN_TYPE, BR_ERR_UNKNOWN_TYPE, "TLS: the provider answered with something else than TLS (is it an http:// address?)" },
        { BR_ERR_RECV_FATAL_ALERT, BR_ERR_RECV_FATAL_ALERT + 255, "TLS: the provider refused the handshake" },
        { BR_ERR_OK, BR_ERR_OK, "TLS: the provider closed the connection during the handshake" },
        { BR_ERR_IO, BR_ERR_IO, "TLS: the provider closed the connection during the handshake" }
    };
    const int error = br_ssl_engine_last_error(&((const connection *)tls)->client.eng);
    size_t i;
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (error >= rows[i].from && error <= rows[i].to) return rows[i].text;
    return "TLS: the handshake with the provider failed";
}

/* Move records until `goal` (an engine state bit) is reached. 0, AIGW_AGAIN with *want, AIGW_E_CLOSED (no close_notify, or a reset), AIGW_IO_KIND(TLS); 1: closed by close_notify. */
static int pump(connection *c, int fd, unsigned goal, int *want) {
    br_ssl_engine_context *e = &c->client.eng;
    int blocked = 0;
    *want = 0;
    for (;;) {
        unsigned st = br_ssl_engine_current_state(e);
        size_t n;
        unsigned char *p;
        ssize_t r;
        if (st & goal) return 0;
        if (st & BR_SSL_CLOSED) return br_ssl_engine_last_error(e) == BR_ERR_OK ? 1 : br_ssl_engine_last_error(e) == BR_ERR_IO ? AIGW_E_CLOSED : AIGW_IO_KIND(AIGW_KIND_TLS);
        if (st & BR_SSL_SENDREC && !(blocked & TLS_WANT_OUT)) {
            p = br_ssl_engine_sendrec_buf(e, &n);
            r = send(fd, p, n, MSG_NOSIGNAL);
            if (r > 0) br_ssl_engine_sendrec_ack(e, (size_t)r);
            else if (r < 0 && (errno == EAGAIN || errno == EINTR)) blocked |= TLS_WANT_OUT;
            else return AIGW_E_CLOSED;
            continue;
        }
        if (st & BR_SSL_RECVREC && !(blocked & TLS_WANT_IN)) {
            p = br_ssl_engine_recvrec_buf(e, &n);
            r = recv(fd, p, n, 0);
            if (r > 0) br_ssl_engine_recvrec_ack(e, (size_t)r);
            else if (r < 0 && (errno == EAGAIN || errno == EINTR)) blocked |= TLS_WANT_IN;
            else return AIGW_E_CLOSED;                 /* FIN without close_notify may be an attacker's cut */
            continue;
        }
        *want = blocked;
        return AIGW_AGAIN;
    }
}

int tls_handshake(void *tls, int fd, int *want) {
    int r = pump((connection *)tls, fd, BR_SSL_SENDAPP, want);
    return r == 1 || r == AIGW_E_CLOSED ? AIGW_IO_KIND(AIGW_KIND_TLS) : r;
}

int tls_send(void *tls, int fd, const void *p, size_t n, int *want) {
    connection *c = (connection *)tls;
    unsigned char *to;
    size_t room;
    int ignored, r = pump(c, fd, BR_SSL_SENDAPP, want);
    if (r) return r == 1 ? AIGW_E_CLOSED : r;
    to = br_ssl_engine_sendapp_buf(&c->client.eng, &room);
    if (n > room) n = room;
    memcpy(to, p, n);
    br_ssl_engine_sendapp_ack(&c->client.eng, n);
    br_ssl_engine_flush(&c->client.eng, 0);
    (void)pump(c, fd, 0, &ignored);                    /* what the socket takes now; the rest goes with the next call */
    *want = ignored | TLS_WANT_IN;
    return (int)n;
}

int tls_recv(void *tls, int fd, void *p, size_t n, int *want) {
    connection *c = (connection *)tls;
    unsigned char *from;
    size_t got;
    int r = pump(c, fd, BR_SSL_RECVAPP, want);
    if (r) return r == 1 ? 0 : r;
    from = br_ssl_engine_recvapp_buf(&c->client.eng, &got);
    if (n > got) n = got;
    memcpy(p, from, n);
    br_ssl_engine_recvapp_ack(&c->client.eng, n);
    return (int)n;
}

void tls_close(void *tls, int fd) {
    connection *c = (connection *)tls;
    int ignored;
    br_ssl_engine_close(&c->client.eng);
    (void)pump(c, fd, 0, &ignored);
    memset(c, 0, sizeof *c);
}

#else
const char tls_name[] = "";
size_t tls_size(void) { return 1; }
int tls_rs256(void *user, aigw_str key, const uint8_t digest[32], uint8_t *sig, size_t *n) { (void)user; (void)key; (void)digest; (void)sig; (void)n; return AIGW_E_UNSUPPORTED; }
int tls_start(const char *ca_file, const char **why) { (void)ca_file; *why = "built without TLS"; return -1; }
int tls_open(void *tls, const char *host) { (void)tls; (void)host; return -1; }
const char *tls_why(const void *tls) { (void)tls; return "built without TLS"; }
int tls_handshake(void *tls, int fd, int *want) { (void)tls; (void)fd; (void)want; return AIGW_IO_KIND(AIGW_KIND_TLS); }
int tls_send(void *tls, int fd, const void *p, size_t n, int *want) { (void)tls; (void)fd; (void)p; (void)n; (void)want; return AIGW_E_IO; }
int tls_recv(void *tls, int fd, void *p, size_t n, int *want) { (void)tls; (void)fd; (void)p; (void)n; (void)want; return AIGW_E_IO; }
void tls_close(void *tls, int fd) { (void)tls; (void)fd; }
#endif
