/* SPDX-License-Identifier: MIT OR Unlicense */
/* conn.c: client and upstream sockets. Knows which exchange a socket feeds, connection pools, and names (resolved by a forked child, never in the loop).
 * Does not know what the bytes mean. */
#include "gateway.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define IDLE_NS (55 * SECOND)              /* an idle upstream connection is closed; most providers do so after 60 s or more */
#define NAME_NS (60 * SECOND)
#define ADDRESSES 8

typedef union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; struct sockaddr_un un; } address;

/* A host name and its addresses. */
enum { NAME_FREE, NAME_ASKED, NAME_KNOWN, NAME_BAD };
typedef struct name {
    watch    w;                            /* the child's pipe */
    uint8_t  state, n, good;               /* good: the address that worked last */
    uint64_t until;
    char     host[128];
    int      port, child;
    address  addr[ADDRESSES];
    socklen_t len[ADDRESSES];
    size_t   got;
} name;

/* A connection to a provider. */
enum { UP_FREE, UP_NAME, UP_CONNECT, UP_HANDSHAKE, UP_OPEN, UP_IDLE, UP_MOCK };
struct upstream {
    watch    w;
    owner   *of;                           /* NULL: idle in the pool */
    uint8_t  state, scheme, tries, first, want, conn;
    int      port, error;                  /* errno of the last address */
    uint64_t since;
    char     host[128], provider[64];
    name    *name;
    void    *tls;                          /* memory of its own for either */
    mock    *mock;
};

static void client_run(struct gateway *g, client *c);
static void up_got(struct gateway *g, upstream *u) { u->of->run(g, u->of, u->conn); }

static int nonblocking(int fd) { return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK) | fcntl(fd, F_SETFD, FD_CLOEXEC); }

/* ---- names */

static void name_done(struct gateway *g, name *n, int ok) {
    int i;
    watch_remove(g, &n->w);
    close(n->w.fd);
    n->w.fd = -1;
    waitpid(n->child, NULL, 0);            /* it has written or closed: it is at its end */
    g->resolving--;
    n->state = (uint8_t)(ok ? NAME_KNOWN : NAME_BAD);
    n->until = g->now.mono_ns + (ok ? NAME_NS : SECOND);
    for (i = 0; i < g->n_ups; i++)
        if (g->ups[i].state == UP_NAME && g->ups[i].name == n && g->ups[i].of) up_got(g, &g->ups[i]);
}

/* The child writes {length, address} records and closes. */
static void name_ready(struct gateway *g, watch *w, short got) {
    name *n = (name *)w->of;
    char *p = (char *)n->addr;
    ssize_t r = read(w->fd, p + n->got, sizeof n->addr - n->got);
    (void)got;
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (r > 0) {
        n->got += (size_t)r;
        if (n->got < sizeof n->addr) return;
    }
    n->n = (uint8_t)(n->got / sizeof(address));
    for (r = 0; r < n->n; r++) n->len[r] = n->addr[r].any.sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    name_done(g, n, n->n > 0);
}

static void name_child(int fd, const char *host, int port) {
    struct addrinfo hints, *list = NULL, *a;
    char service[8];
    int i = 0;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    snprintf(service, sizeof service, "%d", port);
    alarm(10);
    signal(SIGALRM, SIG_DFL);
    if (!getaddrinfo(host, service, &hints, &list))
        for (a = list; a && i < ADDRESSES; a = a->ai_next) {
            address out;
            if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
            memset(&out, 0, sizeof out);
            memcpy(&out, a->ai_addr, a->ai_addrlen);
            if (write(fd, &out, sizeof out) != (ssize_t)sizeof out) break;
            i++;
        }
    _exit(0);
}

static int name_numeric(name *n) {
    struct addrinfo hints, *list = NULL;
    char service[8];
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    snprintf(service, sizeof service, "%d", n->port);
    if (getaddrinfo(n->host, service, &hints, &list)) return 0;
    memcpy(&n->addr[0], list->ai_addr, list->ai_addrlen);
    n->len[0] = list->ai_addrlen;
    n->n = 1;
    freeaddrinfo(list);
    return 1;
}

static int name_ask(struct gateway *g, name *n) {
    int fds[2];
    if (g->resolving >= 16 || pipe(fds)) return -1;
    n->child = fork();
    if (n->child == 0) {
        close(fds[0]);
        name_child(fds[1], n->host, n->port);
    }
    close(fds[1]);
    if (n->child < 0 || watch_add(g, &n->w, fds[0], POLLIN)) {
        close(fds[0]);
        return -1;
    }
    nonblocking(fds[0]);
    g->resolving++;
    n->state = NAME_ASKED;
    n->got = 0;
    return 0;
}

/* Is somebody connecting by this entry? */
static int name_used(const struct gateway *g, const name *n) {
    const upstream *u;
    for (u = g->ups; u < g->ups + g->n_ups; u++)
        if (u->name == n && (u->state == UP_NAME || u->state == UP_CONNECT)) return 1;
    return 0;
}

/* The entry of a host, asked for if it is not known; NULL when the table is full of pending names. */
static name *name_of(struct gateway *g, const char *host, int port) {
    name *n, *old = NULL;
    for (n = g->names; n < g->names + MAX_NAMES; n++) {
        if (n->state != NAME_FREE && n->port == port && !strcmp(n->host, host)) break;
        if (n->state != NAME_ASKED && (!old || n->until < old->until) && !name_used(g, n)) old = n;
    }
    if (n == g->names + MAX_NAMES) {
        if (!old) return NULL;
        n = old;
        memset(n, 0, sizeof *n);
        n->w.fd = n->w.slot = -1;
        n->w.fn = name_ready;
        n->w.of = n;
        snprintf(n->host, sizeof n->host, "%s", host);
        n->port = port;
        if (name_numeric(n)) {
            n->state = NAME_KNOWN;
            n->until = AIGW_NEVER;
        }
    }
    if ((n->state == NAME_FREE || (n->state != NAME_ASKED && n->until <= g->now.mono_ns)) && name_ask(g, n)) n->state = NAME_BAD;
    return n;
}

/* ---- upstream connections */

static void up_free(struct gateway *g, upstream *u) {
    if (u->state == UP_MOCK) g->mocks[g->mocks_free++] = u->mock;
    watch_remove(g, &u->w);
    if (u->w.fd >= 0) {
        if (u->scheme == AIGW_SCHEME_HTTPS && (u->state == UP_OPEN || u->state == UP_IDLE)) tls_close(u->tls, u->w.fd);
        close(u->w.fd);
    }
    u->w.fd = -1;
    u->of = NULL;
    u->state = UP_FREE;
}

static void up_ready(struct gateway *g, watch *w, short got) {
    upstream *u = (upstream *)w->of;
    (void)got;
    if (u->state == UP_IDLE) up_free(g, u);           /* it closed, or spoke out of turn */
    else if (u->of) up_got(g, u);
}

static upstream *up_new(struct gateway *g) {
    upstream *u, *oldest = NULL;
    for (u = g->ups; u < g->ups + MAX_UPSTREAMS; u++) {
        if (u->state == UP_FREE) {
            if (g->n_ups <= u - g->ups) g->n_ups = (int)(u - g->ups) + 1;
            return u;
        }
        if (u->state == UP_IDLE && (!oldest || u->since < oldest->since)) oldest = u;
    }
    if (oldest) up_free(g, oldest);
    return oldest;
}

static upstream *up_pooled(struct gateway *g, const aigw_registry_provider *p) {
    upstream *u, *best = NULL;
    for (u = g->ups; u < g->ups + g->n_ups; u++)
        if (u->state == UP_IDLE && u->scheme == p->scheme && u->port == p->port && strlen(u->host) == p->host.n && !memcmp(u->host, p->host.p, p->host.n) &&
            strlen(u->provider) == p->name.n && !memcmp(u->provider, p->name.p, p->name.n) && (!best || u->since > best->since)) best = u;
    return best;
}

/* Try the next address; 0 when one is being connected to (or is), else a code. */
static int up_dial(struct gateway *g, upstream *u) {
    int fd, one = 1, n = u->scheme == AIGW_SCHEME_UNIX ? 1 : u->name->n, r;
    address un;
    while (u->tries < n) {
        int i = (u->first + u->tries++) % n;
        const address *a = &un;
        socklen_t len = sizeof un.un;
        if (u->scheme == AIGW_SCHEME_UNIX) {
            memset(&un, 0, sizeof un);
            un.un.sun_family = AF_UNIX;
            if (strlen(u->host) >= sizeof un.un.sun_path) continue;
            memcpy(un.un.sun_path, u->host, strlen(u->host));
        } else {
            a = &u->name->addr[i];
            len = u->name->len[i];
        }
        fd = socket(a->any.sa_family, SOCK_STREAM, 0);
        u->error = fd < 0 ? errno : 0;
        if (fd < 0) continue;
        nonblocking(fd);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        r = connect(fd, &a->any, len);
        if ((r && errno != EINPROGRESS) || watch_add(g, &u->w, fd, POLLOUT)) {
            u->error = errno;
            close(fd);
            continue;
        }
        u->state = UP_CONNECT;
        return 0;
    }
    return AIGW_IO_KIND(AIGW_KIND_CONNECT);
}

static int up_connected(struct gateway *g, upstream *u) {
    int error = 0;
    socklen_t len = sizeof error;
    struct pollfd p;
    p.fd = u->w.fd;
    p.events = POLLOUT;
    if (poll(&p, 1, 0) <= 0) return AIGW_AGAIN;
    if (!getsockopt(u->w.fd, SOL_SOCKET, SO_ERROR, &error, &len) && !error) {
        if (u->name) u->name->good = (uint8_t)((u->first + u->tries - 1) % (u->name->n ? u->name->n : 1));
        if (u->scheme != AIGW_SCHEME_HTTPS) {
            u->state = UP_OPEN;
            return 0;
        }
        u->state = UP_HANDSHAKE;
        return tls_open(u->tls, u->host) ? AIGW_IO_KIND(AIGW_KIND_TLS) : 0;
    }
    u->error = error;
    watch_remove(g, &u->w);
    close(u->w.fd);
    u->w.fd = -1;
    return up_dial(g, u) ? AIGW_IO_KIND(AIGW_KIND_CONNECT) : AIGW_AGAIN;
}

/* Go on connecting as far as it goes without waiting. */
static int up_step(struct gateway *g, upstream *u) {
    int r = 0, want = 0;
    if (u->state == UP_NAME) {
        if (u->name->state == NAME_ASKED) return AIGW_AGAIN;
        if (u->name->state != NAME_KNOWN) return AIGW_IO_KIND(AIGW_KIND_DNS);
        u->first = u->name->good < u->name->n ? u->name->good : 0;
        r = up_dial(g, u);
        if (r < 0) return r;
    }
    if (u->state == UP_CONNECT) {
        r = up_connected(g, u);
        if (r < 0) {
            if (r == AIGW_AGAIN && u->w.fd >= 0) watch_set(g, &u->w, POLLOUT);
            return r;
        }
    }
    if (u->state == UP_HANDSHAKE) {
        r = tls_handshake(u->tls, u->w.fd, &want);
        if (r == AIGW_AGAIN) watch_set(g, &u->w, (short)((want & TLS_WANT_IN ? POLLIN : 0) | (want & TLS_WANT_OUT ? POLLOUT : 0)));
        if (r < 0) return r;
        u->state = UP_OPEN;
    }
    return 0;
}

static int up_connect(void *user, int conn, const aigw_registry_provider *p) {
    owner *o = (owner *)user;
    struct gateway *g = o->g;
    upstream *u = o->up[conn];
    if (u) return up_step(g, u);
    u = up_pooled(g, p);
    if (u) {
        u->state = UP_OPEN;
        u->of = o;
        u->conn = (uint8_t)conn;
        o->up[conn] = u;
        return 1;
    }
    u = up_new(g);
    if (!u || p->host.n >= sizeof u->host) return AIGW_IO_KIND(AIGW_KIND_BUSY);
    memcpy(u->host, p->host.p, p->host.n);
    u->host[p->host.n] = 0;
    snprintf(u->provider, sizeof u->provider, "%.*s", (int)p->name.n, p->name.p);
    u->scheme = p->scheme;
    u->port = p->port;
    u->tries = u->first = 0;
    u->error = 0;
    u->name = NULL;
    u->of = o;
    u->conn = (uint8_t)conn;
    o->up[conn] = u;
    if (p->scheme == AIGW_SCHEME_BUILTIN) {
        if (!g->mocks_free) return AIGW_IO_KIND(AIGW_KIND_BUSY);
        u->mock = g->mocks[--g->mocks_free];
        u->state = UP_MOCK;
        mock_open(u->mock, o->x, g->config->registry.dialects, (int)g->config->registry.n_dialects);
        return 0;
    }
    if (p->scheme == AIGW_SCHEME_UNIX) {
        int r = up_dial(g, u);
        return r < 0 ? r : up_step(g, u);
    }
    u->state = UP_NAME;
    u->name = name_of(g, u->host, u->port);
    return u->name ? up_step(g, u) : AIGW_IO_KIND(AIGW_KIND_DNS);
}

/* aigw_exchange_io.why */
static const char *up_why(void *user, int conn) {
    static const struct { int error; const char *text; } rows[] = {
        { ECONNREFUSED, "the provider could not be reached: connection refused" }, { ECONNRESET, "the provider could not be reached: connection reset" },
        { ENETUNREACH, "the provider could not be reached: no route to its network" }, { EHOSTUNREACH, "the provider could not be reached: no route to its host" },
        { ETIMEDOUT, "the provider could not be reached: timed out" }, { ENOENT, "the provider could not be reached: there is no such socket file" },
        { EACCES, "the provider could not be reached: no permission for its socket" }, { EMFILE, "the gateway has no file descriptor left for a connection to the provider" }
    };
    const upstream *u = ((owner *)user)->up[conn];
    size_t i;
    if (!u) return "all of the gateway's connections to providers are in use";
    if (u->state == UP_HANDSHAKE) return tls_why(u->tls);
    if (u->scheme == AIGW_SCHEME_BUILTIN) return "all of the mock provider's connections are in use";
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].error == u->error) return rows[i].text;
    return NULL;
}

static int io_result(ssize_t r) {
    if (r >= 0) return (int)r;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return AIGW_AGAIN;
    return errno == ECONNRESET || errno == EPIPE ? AIGW_E_CLOSED : AIGW_E_IO;
}

static int up_send(void *user, int conn, const void *p, size_t n) {
    upstream *u = ((owner *)user)->up[conn];
    int want = 0, r;
    if (u->state == UP_MOCK) return mock_send(u->mock, p, n);
    if (u->scheme != AIGW_SCHEME_HTTPS) return io_result(send(u->w.fd, p, n, MSG_NOSIGNAL));
    r = tls_send(u->tls, u->w.fd, p, n, &want);
    u->want = (uint8_t)want;
    return r;
}

static int up_recv(void *user, int conn, void *p, size_t n) {
    owner *o = (owner *)user;
    upstream *u = o->up[conn];
    int want = 0, r;
    if (u->state == UP_MOCK) return mock_recv(u->mock, o->g->now, p, n);
    if (u->scheme != AIGW_SCHEME_HTTPS) return io_result(recv(u->w.fd, p, n, 0));
    r = tls_recv(u->tls, u->w.fd, p, n, &want);
    u->want = (uint8_t)want;
    return r;
}

static void up_close(void *user, int conn, int keep) {
    owner *o = (owner *)user;
    struct gateway *g = o->g;
    upstream *u = o->up[conn];
    o->up[conn] = NULL;
    if (!u) return;
    if (u->state == UP_CONNECT && u->name && u->name->n) u->name->good = (uint8_t)((u->first + u->tries) % u->name->n);     /* it was silent: the next one first */
    if (!keep || u->state != UP_OPEN) {
        up_free(g, u);
        return;
    }
    u->state = UP_IDLE;
    u->of = NULL;
    u->since = g->now.mono_ns;
    watch_set(g, &u->w, POLLIN);
}

/* ---- jobs of the hub (tokens, probes): the same connections, watched for what they wait for */

static int job_waits(void *user, int conn, int r, short events) {
    owner *o = (owner *)user;
    const upstream *u = o->up[conn];
    if (r != AIGW_AGAIN) return r;
    if (u->scheme == AIGW_SCHEME_HTTPS) events = (short)((u->want & TLS_WANT_IN ? POLLIN : 0) | (u->want & TLS_WANT_OUT ? POLLOUT : 0));
    watch_set(o->g, &o->up[conn]->w, events);
    return r;
}
static int job_send(void *user, int conn, const void *p, size_t n) { return job_waits(user, conn, up_send(user, conn, p, n), POLLIN | POLLOUT); }
static int job_recv(void *user, int conn, void *p, size_t n) { return job_waits(user, conn, up_recv(user, conn, p, n), POLLIN); }
static void token_got(struct gateway *g, owner *o, int conn) {
    (void)o;
    aigw_token_ready(&g->tokens, g->now, conn);
}
static aigw_fetch_io job_io(struct gateway *g, owner *o, void (*run)(struct gateway *g, owner *o, int conn)) {
    aigw_fetch_io io;
    o->g = g;
    o->run = run;
    io.user = o;
    io.connect = up_connect;
    io.send = job_send;
    io.recv = job_recv;
    io.close = up_close;
    io.why = up_why;
    return io;
}
void conn_tokens(struct gateway *g) {
    const aigw_fetch_io io = job_io(g, &g->token_owner, token_got);
    aigw_token_init(&g->tokens, &g->hub, &io, tls_rs256);
}

static void probe_got(struct gateway *g, owner *o, int conn) {
    (void)o, (void)conn;
    aigw_probe_ready(&g->probes, g->now);
}
void conn_probes(struct gateway *g) {
    const aigw_fetch_io io = job_io(g, &g->probe_owner, probe_got);
    aigw_probe_init(&g->probes, &g->hub, &io, log_probe);
}

/* ---- clients */

static int client_reply(void *user, const void *p, size_t n) { return io_result(send(((client *)user)->w.fd, p, n, MSG_NOSIGNAL)); }

static void client_free(struct gateway *g, client *c) {
    aigw_exchange_release(&c->x, g->now);
    watch_remove(g, &c->w);
    close(c->w.fd);
    c->w.fd = -1;
    c->used = 0;
    g->lingering -= c->linger;
    c->linger = 0;
    c->next_free = g->free_client;
    g->free_client = c;
    if (g->n_clients-- == MAX_CLIENTS && g->listener.fd >= 0) watch_set(g, &g->listener, POLLIN);
}

/* All is said: the write side closes now, the socket when the client has read it (else unread bytes of the client would make the kernel reset what we said). */
static void client_linger(struct gateway *g, client *c) {
    aigw_exchange_release(&c->x, g->now);
    shutdown(c->w.fd, SHUT_WR);
    c->linger = 1;
    c->since = g->now.mono_ns + SECOND;
    g->lingering++;
    watch_set(g, &c->w, POLLIN);
}

static void client_watch(struct gateway *g, client *c, unsigned wait) {
    static const unsigned in[] = { AIGW_WAIT_UP_IN, AIGW_WAIT_UP1_IN }, out[] = { AIGW_WAIT_UP_OUT, AIGW_WAIT_UP1_OUT };
    short e = POLLRDHUP;
    int i;
    if (wait & AIGW_WAIT_CLIENT_IN) e |= POLLIN;
    if (wait & AIGW_WAIT_CLIENT_OUT) e |= POLLOUT;
    watch_set(g, &c->w, e);
    for (i = 0; i < AIGW_EXCHANGE_CONNS && i < 2; i++) {
        upstream *u = c->o.up[i];
        if (!u || u->w.fd < 0 || u->state != UP_OPEN) continue;
        e = 0;
        if (wait & in[i]) e |= POLLIN;
        if (wait & out[i]) e |= POLLOUT;
        if (e && u->scheme == AIGW_SCHEME_HTTPS) e = (short)((u->want & TLS_WANT_IN ? POLLIN : 0) | (u->want & TLS_WANT_OUT ? POLLOUT : 0));
        watch_set(g, &u->w, e);
    }
}

static void client_again(struct gateway *g, client *c) {
    if (c->again) return;
    c->again = 1;
    c->next_again = NULL;
    if (g->again) g->again_last->next_again = c;
    else g->again = c;
    g->again_last = c;
}

static void client_run(struct gateway *g, client *c) {
    unsigned wait;
    size_t took = 1;
    for (;;) {
        wait = aigw_exchange_run(&c->x, g->now);
        if (wait & AIGW_WAIT_CLOSE) {
            client_linger(g, c);
            return;
        }
        if (!took || !(wait & AIGW_WAIT_CLIENT_IN) || !c->in_n) break;
        took = aigw_exchange_feed(&c->x, g->now, c->in, c->in_n);      /* none: it may have decided something, which is run once more */
        memmove(c->in, c->in + took, c->in_n -= took);
    }
    if ((wait & AIGW_WAIT_IDLE) && !c->idle) c->since = g->now.mono_ns;
    c->idle = (wait & AIGW_WAIT_IDLE) != 0;
    if (wait & AIGW_WAIT_TURN) client_again(g, c);
    client_watch(g, c, wait);
}

static void client_got(struct gateway *g, owner *o, int conn) {
    (void)conn;
    client_run(g, (client *)o);
}

static void client_ready(struct gateway *g, watch *w, short got) {
    client *c = (client *)w->of;
    char drain[4096];
    ssize_t r;
    if (c->linger) {
        r = recv(w->fd, drain, sizeof drain, 0);
        if (!r || (r < 0 && errno != EAGAIN && errno != EINTR)) client_free(g, c);
        return;
    }
    if (got & POLLIN && c->in_n < sizeof c->in) {
        r = recv(w->fd, c->in + c->in_n, sizeof c->in - c->in_n, 0);
        if (r > 0) c->in_n += (size_t)r;
        else if (!r || (errno != EAGAIN && errno != EINTR)) got |= POLLHUP;
    }
    if (got & (POLLHUP | POLLERR | POLLNVAL) || (got & POLLRDHUP && !(got & POLLIN))) {
        aigw_exchange_eof(&c->x, g->now);
        client_free(g, c);
        return;
    }
    client_run(g, c);
}

/* Nothing is asked on it, and nothing left to be said. */
static int client_rests(const client *c) { return c->used && c->idle && !c->in_n && !c->linger; }

/* Connections on which nothing is asked are kept as long as there is room: then the longest idle one makes some. 1, or 0: all are busy, or new. */
static int client_evict(struct gateway *g) {
    client *idle = NULL;
    int i;
    for (i = 0; i < g->clients_seen; i++) {
        client *c = &g->clients[i];
        if (client_rests(c) && c->since + SECOND <= g->now.mono_ns && (!idle || c->since < idle->since)) idle = c;
    }
    if (idle) client_free(g, idle);
    return idle != NULL;
}

static void listener_ready(struct gateway *g, watch *w, short got) {
    int fd = -1, one = 1, full = g->n_clients == MAX_CLIENTS && !client_evict(g);
    (void)got;
    while (g->n_clients < MAX_CLIENTS && (fd = accept(w->fd, NULL, NULL)) >= 0) {
        client *c = g->free_client ? g->free_client : &g->clients[g->clients_seen];
        aigw_exchange_io io;
        if (nonblocking(fd) < 0) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (g->free_client) g->free_client = c->next_free;
        else g->clients_seen++;
        c->o.g = g;
        c->o.x = &c->x;
        c->o.run = client_got;
        c->used = 1;
        c->again = c->linger = c->idle = 0;
        c->in_n = 0;
        c->since = g->now.mono_ns;
        memset(c->o.up, 0, sizeof c->o.up);
        memset(&io, 0, sizeof io);
        io.user = c;
        io.connect = up_connect;
        io.send = up_send;
        io.recv = up_recv;
        io.close = up_close;
        io.reply = client_reply;
        io.local = local_answer;
        io.admit = admit;
        io.record = log_record;
        io.why = up_why;
        aigw_exchange_init(&c->x, &g->hub, &io, NULL);
        c->w.fn = client_ready;
        c->w.of = c;
        c->w.slot = -1;
        g->n_clients++;
        if (watch_add(g, &c->w, fd, POLLIN | POLLRDHUP)) {
            c->w.fd = fd;
            client_free(g, c);
        } else client_run(g, c);
    }
    if (fd < 0 && !full && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) full = !client_evict(g);
    if (full) {                                              /* they wait in the kernel; asking again at once would be a busy loop */
        watch_set(g, w, 0);
        g->accept_at = g->now.mono_ns + SECOND / 10;
    }
}

int conn_listen(struct gateway *g, const char *host, int port, char *why, size_t cap) {
    struct addrinfo hints, *list = NULL;
    char service[8];
    address a;
    socklen_t len = sizeof a;
    int fd, one = 1, r;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    snprintf(service, sizeof service, "%d", port);
    r = getaddrinfo(host, service, &hints, &list);
    if (r) {
        snprintf(why, cap, "%s: %s", host, gai_strerror(r));
        return -1;
    }
    fd = socket(list->ai_family, SOCK_STREAM, 0);
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    r = fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) || listen(fd, 512) || getsockname(fd, &a.any, &len);
    freeaddrinfo(list);
    if (r) {
        snprintf(why, cap, "%s", strerror(errno));
        if (fd >= 0) close(fd);
        return -1;
    }
    nonblocking(fd);
    g->listener.fn = listener_ready;
    g->listener.slot = -1;
    if (watch_add(g, &g->listener, fd, POLLIN)) return -1;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

void conn_unlisten(struct gateway *g) {
    if (g->listener.fd < 0) return;
    watch_remove(g, &g->listener);
    close(g->listener.fd);
    g->listener.fd = -1;
}

int conn_busy(const struct gateway *g) {
    int i, n = 0;
    for (i = 0; i < g->clients_seen; i++) n += g->clients[i].used && !client_rests(&g->clients[i]);
    return n;
}

/* A request that waits in the kernel is read, and answered: to close with bytes unread would take back what the client has not read of its last answer. */
void conn_close_idle(struct gateway *g) {
    int i;
    for (i = 0; i < g->clients_seen; i++) {
        client *c = &g->clients[i];
        ssize_t r;
        if (!client_rests(c)) continue;
        r = recv(c->w.fd, c->in, sizeof c->in, 0);
        if (r > 0) {
            c->in_n = (size_t)r;
            client_run(g, c);
        } else if (r < 0 && c->since + SECOND > g->now.mono_ns) client_linger(g, c);
        else client_free(g, c);
    }
}

void conn_turn(struct gateway *g) {
    client *c = g->again, *next;
    upstream *u;
    void *x;
    int i;
    if (g->accept_at && g->accept_at <= g->now.mono_ns) {
        g->accept_at = 0;
        if (g->listener.fd >= 0) watch_set(g, &g->listener, POLLIN);
    }
    g->again = NULL;
    for (; c; c = next) {
        next = c->next_again;
        c->again = 0;
        if (c->used && !c->linger) client_run(g, c);
    }
    while ((x = aigw_hub_ready(&g->hub)) != NULL) client_run(g, (client *)((char *)x - offsetof(client, x)));
    for (u = g->ups; u < g->ups + g->n_ups; u++) {
        if (u->state == UP_IDLE && u->since + IDLE_NS <= g->now.mono_ns) up_free(g, u);
        else if (u->state == UP_MOCK && u->of && mock_deadline(u->mock) <= g->now.mono_ns) up_got(g, u);
    }
    for (i = 0; g->lingering && i < g->clients_seen; i++)
        if (g->clients[i].linger && g->clients[i].since <= g->now.mono_ns) client_free(g, &g->clients[i]);
}

uint64_t conn_deadline(const struct gateway *g) {
    uint64_t d = g->again ? 0 : g->accept_at ? g->accept_at : AIGW_NEVER;
    const upstream *u;
    for (u = g->ups; u < g->ups + g->n_ups; u++) {
        uint64_t t = u->state == UP_IDLE ? u->since + IDLE_NS : u->state == UP_MOCK && u->of ? mock_deadline(u->mock) : AIGW_NEVER;
        if (t < d) d = t;
    }
    if (g->lingering && g->now.mono_ns + SECOND / 4 < d) d = g->now.mono_ns + SECOND / 4;
    return d;
}

/* What was never used is never written to, so that it has no memory behind it. */
int conn_init(struct gateway *g) {
    const size_t tls_bytes = (tls_size() + 15) & ~(size_t)15;
    char *tls = (char *)calloc(MAX_UPSTREAMS, tls_bytes);
    int i;
    g->clients = (client *)calloc(MAX_CLIENTS, sizeof *g->clients);
    g->ups = (upstream *)calloc(MAX_UPSTREAMS, sizeof *g->ups);
    g->names = (name *)calloc(MAX_NAMES, sizeof *g->names);
    for (i = 0; i < MAX_MOCKS; i++)
        if (!(g->mocks[i] = (mock *)calloc(1, mock_size()))) return -1;
    if (!g->clients || !g->ups || !g->names || !tls) return -1;
    for (i = 0; i < MAX_UPSTREAMS; i++) {
        g->ups[i].w.fd = g->ups[i].w.slot = -1;
        g->ups[i].w.fn = up_ready;
        g->ups[i].w.of = &g->ups[i];
        g->ups[i].tls = tls + (size_t)i * tls_bytes;
    }
    for (i = 0; i < MAX_NAMES; i++) g->names[i].w.fd = g->names[i].w.slot = -1;
    g->mocks_free = MAX_MOCKS;
    g->listener.fd = g->listener.slot = -1;
    return 0;
}
