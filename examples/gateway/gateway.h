/* SPDX-License-Identifier: MIT OR Unlicense */
/* gateway.h: what the files of the example gateway share. All state hangs on one struct gateway; the only global is the signal flag in main.c.
 *
 *     main.c    arguments, signals, the poll() loop, the log line, the page
 *     conn.c    client and upstream sockets, pools, names: which exchange a socket feeds
 *     tls.c     TLS 1.2 to providers; the only file that includes BearSSL
 *     config.c  file and environment -> registry and plain structs; complaints with line and field
 *     mock.c    the built-in provider
 *     admin.c   decision records of the last requests, counters, kept answers: shown, corrected, dropped */
#ifndef GATEWAY_H
#define GATEWAY_H
#include "aigw.h"
#include <poll.h>
#include <stdio.h>

struct gateway;

/* ---- main.c: a descriptor that the loop watches. fn is called with what poll() said, in the turn in which it said it. */
typedef struct watch {
    int   fd;                      /* -1: not watched */
    short events;                  /* what is wanted now: POLLIN, POLLOUT, POLLRDHUP; 0: only errors */
    int   slot;                    /* in the poll array, -1 none */
    void (*fn)(struct gateway *g, struct watch *w, short got);
    void *of;                      /* whose it is */
} watch;
int  watch_add(struct gateway *g, watch *w, int fd, short events);     /* 0, or -1 when the table is full */
void watch_set(struct gateway *g, watch *w, short events);
void watch_remove(struct gateway *g, watch *w);

/* ---- config.c */
/* What requests of a key are taken for where their headers do not say, and what these cannot change. */
#define PIN_CLASS  (1u << AIGW_DIM_COUNT)
#define PIN_PROMPT (2u << AIGW_DIM_COUNT)
typedef struct {
    aigw_registry_subject defaults;    /* TENANT: whose key it is */
    aigw_str prompt, label;            /* name@version; what the key is called */
    uint32_t pins;                     /* 1 << AIGW_DIM_*, PIN_* */
    uint8_t  class_;                   /* AIGW_CLASS_* */
    uint8_t  admin;                    /* may see every tenant's counters, and correct them */
} key_who;
typedef struct { aigw_str name; uint8_t key[32]; key_who who; } tenant_key;        /* SHA-256 of a virtual key */
typedef struct { aigw_str name, access_key, secret; key_who who; } tenant_pair;    /* of a client that signs (SigV4): its secret cannot be kept as a hash */
typedef struct config {
    aigw_registry registry;
    char       *memory;            /* of this slot: texts, then the registry */
    size_t      bytes;
    char        listen_host[128];
    int         listen_port;
    aigw_str    hosts[16];         /* names that the Host header may have beside loopback */
    int         n_hosts;
    tenant_key  keys[256];
    tenant_pair pairs[64];
    int         n_keys, n_pairs, tenants;      /* tenants: requests need a key or a signature */
    char        ca_file[256];
    aigw_queue_cfg   queue;        /* as said, zero where nothing was */
    aigw_breaker_cfg breaker;
    aigw_retry_cfg   retry;
    uint32_t    counters;          /* of limits and budgets; 0: HUB_COUNTERS */
    size_t      cache_bytes;       /* 0: none, when cache_said; else CACHE_BYTES where a route asks for it */
    int         cache_said;
    char        log_format;        /* 'j' JSON, 'l' logfmt, 'o' off, 0 by terminal */
    char        found[24][32];     /* names of the environment keys that were found */
    int         n_found;
    char        note[256];         /* what is not available, in words; "" all is */
} config;
#define CONFIG_BYTES ((size_t)8 << 20)
#define HUB_COUNTERS 16384
#define CACHE_BYTES ((size_t)64 << 20)                 /* of a cache whose `bytes` are not said */

/* Read the file (NULL: environment only) into *c, whose memory is given, over what the file `known` says of models (NULL: what was built in). Complaints go to `out` as
   "file:line:column: field: text". Returns 0, or -1: unusable. */
int config_load(config *c, const char *file, const char *known, FILE *out);
extern const char *const models_json[];                /* made of models.json by the Makefile: its lines, ended by NULL */

/* ---- tls.c */
#define TLS_WANT_IN 1
#define TLS_WANT_OUT 2
extern const char tls_name[];                          /* "BearSSL" or "" when it was built without */
int    tls_rs256(void *user, aigw_str key, const uint8_t digest[32], uint8_t *sig, size_t *n);      /* aigw_auth_rs256 */
size_t tls_size(void);                                 /* bytes of one connection's state */
int    tls_start(const char *ca_file, const char **why);     /* read the trust store: how many anchors, or -1 */
int    tls_open(void *tls, const char *host);          /* begin a client handshake. 0 or -1 */
int    tls_handshake(void *tls, int fd, int *want);    /* 0 done, AIGW_AGAIN, or AIGW_IO_KIND(...) */
const char *tls_why(const void *tls);                  /* why the handshake failed; static text */
int    tls_send(void *tls, int fd, const void *p, size_t n, int *want);   /* as aigw_exchange_io.send, .recv */
int    tls_recv(void *tls, int fd, void *p, size_t n, int *want);
void   tls_close(void *tls, int fd);                   /* says close_notify if it can without waiting */

/* ---- mock.c: the built-in provider; one object is one connection */
typedef struct mock mock;
#ifndef GATEWAY_NO_MOCK
size_t mock_size(void);
void   mock_open(mock *m, const aigw_exchange *x, const aigw_dialect *const *dialects, int n);    /* x: whose request it answers, to tell about it */
int    mock_send(mock *m, const void *p, size_t n);
int    mock_recv(mock *m, aigw_now now, void *p, size_t n);
uint64_t mock_deadline(const mock *m);                 /* mono_ns of its next byte; AIGW_NEVER */
extern const struct mock_model { const char *id, *what; } mock_models[];     /* ended by NULL */
#else                                                  /* make gateway-min: the server's own files */
#define mock_size() ((size_t)1)
#define mock_open(m, x, dialects, n) ((void)(m))
#define mock_send(m, p, n) ((void)(m), (void)(p), (int)(n))
#define mock_recv(m, now, p, n) ((void)(m), (void)(p), (void)(n), (int)AIGW_E_IO)
#define mock_deadline(m) ((void)(m), AIGW_NEVER)
static const struct mock_model { const char *id, *what; } mock_models[] = { { NULL, NULL } };
#endif

/* ---- conn.c */
typedef struct upstream upstream;
/* Whose connections to providers these are: a client's exchange, the tokens, or the probes. */
typedef struct owner {
    struct gateway *g;
    upstream *up[AIGW_TOKENS > AIGW_EXCHANGE_CONNS ? AIGW_TOKENS : AIGW_EXCHANGE_CONNS];
    void    (*run)(struct gateway *g, struct owner *o, int conn);     /* connection `conn` got on */
    const aigw_exchange *x;        /* NULL: the tokens, the probes */
} owner;
typedef struct client {
    owner     o;                   /* first: callbacks of the exchange get the client, those of connections the owner */
    watch     w;
    aigw_exchange x;
    const key_who *key;            /* of the request under way; NULL: none */
    char     *admin;               /* what admin.c answers it; freed with its record */
    struct client *next_free, *next_again;
    uint8_t   used, again, linger, idle;
    uint64_t  since;               /* mono_ns: accepted, last idle, or when lingering ends */
    size_t    in_n;
    char      in[16384];
} client;

int  conn_init(struct gateway *g);                     /* 0, or -1 without memory */
int  conn_listen(struct gateway *g, const char *host, int port, char *why, size_t cap);   /* the port, or -1 */
void conn_tokens(struct gateway *g);                   /* tokens of providers may be fetched from here on */
void conn_probes(struct gateway *g);                   /* and providers probed, where the configuration says so */
void conn_unlisten(struct gateway *g);
void conn_turn(struct gateway *g);                     /* after poll: what is ready by time or turn */
uint64_t conn_deadline(const struct gateway *g);       /* mono_ns of its own next event */
int  conn_busy(const struct gateway *g);               /* clients with a request under way */
void conn_close_idle(struct gateway *g);

/* ---- main.c again */
int  local_answer(void *user, const aigw_head *head, aigw_exchange_reply *r);      /* aigw_exchange_io.local */
int  admit(void *user, const aigw_head *head, aigw_str body, aigw_exchange_who *who, aigw_exchange_reply *r);     /* aigw_exchange_io.admit */
void log_record(void *user, const aigw_exchange_record *r);                        /* aigw_exchange_io.record */
void log_probe(void *user, const aigw_probe_result *r);                            /* aigw_probe_told */

/* A correction by hand, of whom: one line. */
void log_audit(client *c, const key_who *who, const char *what);
int  refuse(aigw_exchange_reply *r, int kind, const char *message, const char *advice);    /* make it this error; 1 */

/* ---- admin.c: the decision records of the last requests, by id; counters of limits and budgets */
#ifndef GATEWAY_NO_ADMIN
int  admin_init(struct gateway *g);                    /* 0, or -1 without memory */
void admin_record(client *c, const aigw_exchange_record *r);       /* a request of this client is over */
int  admin_purge(client *c, aigw_str target, const key_who *who, aigw_exchange_reply *r);       /* POST /admin/cache/purge?tag=|prompt=|tenant=; a tenant drops its own; 1 */
int  admin_request(client *c, aigw_str path, const key_who *who, aigw_exchange_reply *r);     /* GET /admin/requests/ID, by a tenant's key (NULL: there are no tenants); 1 */
int  admin_counters(client *c, aigw_str target, const key_who *who, aigw_exchange_reply *r);    /* GET /admin/counters?key=PREFIX&after=NAME&limit=N; 1 */
int  admin_correct(client *c, aigw_str target, aigw_str body, const key_who *who, aigw_exchange_reply *r);      /* PUT /admin/counters/NAME; 1 */
#else
#define admin_init(g) ((void)(g), 0)
#define admin_record(c, r) ((void)(c), (void)(r))
#define admin_purge(c, target, who, r) ((void)(c), (void)(target), (void)(who), (void)(r), 0)
#define admin_request(c, path, who, r) ((void)(c), (void)(path), (void)(who), (void)(r), 0)
#define admin_counters(c, target, who, r) ((void)(c), (void)(target), (void)(who), (void)(r), 0)
#define admin_correct(c, target, body, who, r) ((void)(c), (void)(target), (void)(body), (void)(who), (void)(r), 0)
#endif

#define MAX_CLIENTS 2048
#define MAX_UPSTREAMS 1024
#define MAX_NAMES 64
#define MAX_MOCKS 64
struct gateway {
    aigw_hub  hub;
    aigw_hub_cfg cfg;                      /* what the hub was made of */
    aigw_tokens tokens;
    owner     token_owner;
    aigw_probes probes;
    owner     probe_owner;
    aigw_now  now;
    config    slot[2], *config;            /* the one in force */
    int       reload;                      /* asked for, and waiting for a free slot; 2: that was said */
    const char *file, *known;              /* --config, --registry; NULL: none */
    struct pollfd *polls;
    watch   **watches;
    int       n_polls, cap_polls;
    watch     listener;
    int       port;
    client   *clients, *free_client, *again, *again_last;
    int       n_clients, lingering, clients_seen;      /* seen: used so far, from the first */
    upstream *ups;
    int       n_ups;                       /* used so far, from the first */
    struct name *names;
    mock     *mocks[MAX_MOCKS];
    int       mocks_free;                  /* the first of mocks are not in use */
    int       resolving, tty;
    uint64_t  accept_at;                   /* mono_ns: no descriptor was left, ask again then; 0: as usual */
    uint64_t  trim_at;                     /* mono_ns: give memory of large requests back to the system; 0: there was none */
    uint64_t  warned[64], warn_at;         /* models that were warned of, by hash; not before this time again */
    unsigned  n_warned;
    int       crowded;                     /* it was told that counters are shared */
    struct admin *admin;
    char      log_format;
    char      page[16384], answer[8192], version[256];         /* what GET /version says */
};
#endif
