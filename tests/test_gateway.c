/* SPDX-License-Identifier: MIT OR Unlicense */
/* End to end: the real gateway process between raw sockets and the scripted provider (tests/provider.c), three dialects on either side.
 * Both programs are looked for beside this one: ../gateway (or environment AIGW_GATEWAY) and ../provider. Answers are read by tests/foreign.h, which holds nothing of
 * aigw. Nothing sleeps: every wait is a poll with a deadline. */
#include "foreign.h"
#include "t.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { OAI, ANT, GEM };
enum { WAIT = 5000 };                                       /* ms that any single step may take */
static const char *const up_name[] = { "oai", "ant", "gem" };
static const char KEY[] = "provider-key-7f3", HELLO[] = "Hello from the provider: \"quoted\", na\xc3\xafve, tab\there, newline\nand \xf0\x9f\x98\x80 done.";

typedef struct { pid_t pid; int out, err, port; f_str text; } child;   /* text: what it printed until it was ready */
static child provider, gateway;
static char here[512], scratch[64];                          /* the build directory; a directory for files of this run */

/* ---------------------------------------------------------------- time, files, processes */

static long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static const char *beside(const char *name) {
    static char path[600];
    const char *other = getenv("AIGW_GATEWAY");
    if (other && *other && !strcmp(name, "gateway")) return other;
    snprintf(path, sizeof path, "%s/%s", here, name);
    return path;
}
static int have(const char *name) { return access(beside(name), X_OK) == 0; }

/* A file of this run; valid until the next call but three. */
static const char *write_file(const char *name, const char *text) {
    static char ring[4][128];
    static int at;
    char *path = ring[at++ & 3];
    FILE *f;
    snprintf(path, sizeof ring[0], "%s/%s", scratch, name);
    f = fopen(path, "w");
    if (!f) { printf("cannot write %s\n", path); exit(1); }
    fputs(text, f);
    fclose(f);
    return path;
}
/* Start a program: stdout in c->out, stderr in the file `name`.err; keys of real providers are not in its environment. */
static void spawn(child *c, const char *name, char *const *argv, const char *env) {
    int p[2], in[2];
    char err[128];
    memset(c, 0, sizeof *c);
    snprintf(err, sizeof err, "%s/%s.err", scratch, name);
    if (pipe(p) || pipe(in)) { perror("pipe"); exit(1); }
    c->pid = fork();
    if (c->pid == 0) {
        static const char *const unset[] = { "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "CO_API_KEY", "COHERE_API_KEY", "OLLAMA_HOST", "OLLAMA_API_KEY",
                                             "https_proxy", "http_proxy" };
        char pair[256], *eq;
        size_t i;
        int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        dup2(in[0], 0);
        dup2(p[1], 1);
        dup2(e, 2);
        for (e = 3; e < 64; e++) close(e);
        for (i = 0; i < T_COUNT(unset); i++) unsetenv(unset[i]);
        setenv("AIGW_TEST_KEY", KEY, 1);
        while (env && *env) {                                  /* "A=1;B=2" */
            size_t n = strcspn(env, ";");
            snprintf(pair, sizeof pair, "%.*s", (int)n, env);
            if ((eq = strchr(pair, '=')) != NULL) { *eq = 0; setenv(pair, eq + 1, 1); }
            env += n + (env[n] == ';');
        }
        if (getenv("DESCRIPTORS")) {                           /* by a shell: under valgrind setrlimit here would limit this process only */
            char *under[16] = { "sh", "-c", "ulimit -n $DESCRIPTORS; exec \"$0\" \"$@\"" };
            for (i = 0; argv[i] && i + 4 < T_COUNT(under); i++) under[i + 3] = argv[i];
            execvp(under[0], under);
        }
        else execvp(argv[0], argv);
        _exit(127);
    }
    close(p[1]);
    close(in[0]);
    c->out = p[0];
    c->err = in[1];                                            /* its stdin */
    fcntl(c->out, F_SETFD, FD_CLOEXEC);
    fcntl(c->err, F_SETFD, FD_CLOEXEC);
}
/* Read its output until `word` has come (1), it ended or the deadline passed (0). The text is the child's own memory. */
static int expect(child *c, const char *word, long until) {
    char buf[4096];
    for (;;) {
        struct pollfd p;
        ssize_t n;
        if (c->text.n && strstr(c->text.s, word)) return 1;
        p.fd = c->out;
        p.events = POLLIN;
        if (poll(&p, 1, (int)(until - now_ms() > 0 ? until - now_ms() : 0)) <= 0) return 0;
        n = read(c->out, buf, sizeof buf);
        if (n <= 0) return 0;
        if (c->text.n + (size_t)n + 1 > c->text.cap) {
            c->text.cap = (c->text.n + (size_t)n + 1) * 2;
            c->text.s = (char *)realloc(c->text.s, c->text.cap);
        }
        memcpy(c->text.s + c->text.n, buf, (size_t)n);
        c->text.n += (size_t)n;
        c->text.s[c->text.n] = 0;
    }
}
/* End it and give its exit status; -1 when it had to be killed or died of a signal. */
static int finish(child *c, int term) {
    int status = 0;
    long until = now_ms() + WAIT;
    if (!c->pid) return 0;
    if (term) kill(c->pid, SIGTERM);
    while (waitpid(c->pid, &status, WNOHANG) == 0) {
        struct pollfd p;
        if (now_ms() > until) { kill(c->pid, SIGKILL); waitpid(c->pid, &status, 0); status = -1; break; }
        p.fd = c->out;
        p.events = POLLIN;
        if (poll(&p, 1, 20) > 0) { char buf[4096]; if (read(c->out, buf, sizeof buf) <= 0) poll(NULL, 0, 5); }
    }
    close(c->out);
    close(c->err);
    free(c->text.s);
    memset(c, 0, sizeof *c);
    return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static int serve(child *c, const char *name, const char *config, const char *listen, const char *env) {
    char *argv[8], prog[600];
    const char *at;
    int n = 0;
    snprintf(prog, sizeof prog, "%s", beside("gateway"));
    argv[n++] = prog;
    if (config) { argv[n++] = (char *)(uintptr_t)"--config"; argv[n++] = (char *)(uintptr_t)config; }
    argv[n++] = (char *)(uintptr_t)"--listen";
    argv[n++] = (char *)(uintptr_t)listen;
    argv[n] = NULL;
    spawn(c, name, argv, env);
    if (!expect(c, "http://127.0.0.1:", now_ms() + WAIT)) return 0;
    expect(c, "\n\n", now_ms() + 150);                        /* the rest of the greeting */
    at = strstr(c->text.s, "http://127.0.0.1:");
    c->port = atoi(at + 17);
    return c->port > 0;
}

/* ---------------------------------------------------------------- a small HTTP client */

typedef struct { int fd, eof; char *p; size_t n, cap; } link_;
typedef struct {
    int status, complete;                                    /* complete: the message ended as its framing says */
    f_str head, body;
} reply;

static int dial_with(int port, int rcvbuf) {
    struct sockaddr_in a;
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((unsigned short)port);
    if (rcvbuf) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) { close(fd); return -1; }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}
static link_ dial(int port) {
    link_ l;
    memset(&l, 0, sizeof l);
    l.fd = dial_with(port, 0);
    return l;
}
static void hang_up(link_ *l) {
    if (l->fd >= 0) close(l->fd);
    free(l->p);
    memset(l, 0, sizeof *l);
    l->fd = -1;
}
static int send_bytes(link_ *l, const char *p, size_t n) {
    long until = now_ms() + WAIT;
    while (n) {
        ssize_t k = send(l->fd, p, n, MSG_NOSIGNAL);
        struct pollfd f;
        if (k > 0) { p += k; n -= (size_t)k; continue; }
        if (errno != EAGAIN || now_ms() > until) return 0;
        f.fd = l->fd;
        f.events = POLLOUT;
        poll(&f, 1, 100);
    }
    return 1;
}
/* More bytes: 1 some, 0 end of file or reset, -1 deadline. */
static int more(link_ *l, long until) {
    struct pollfd f;
    ssize_t n;
    if (l->eof) return 0;
    if (l->cap - l->n < 65536) l->p = (char *)realloc(l->p, l->cap = l->cap * 2 + 131072);
    f.fd = l->fd;
    f.events = POLLIN;
    if (poll(&f, 1, (int)(until - now_ms() > 0 ? until - now_ms() : 0)) <= 0) return -1;
    n = recv(l->fd, l->p + l->n, 65536, 0);
    if (n < 0 && errno == EAGAIN) return 1;
    if (n <= 0) { l->eof = 1; return 0; }
    l->n += (size_t)n;
    return 1;
}
static void drop(link_ *l, size_t n) { memmove(l->p, l->p + n, l->n -= n); }

static const char *header(const reply *r, const char *name) {
    const char *p = r->head.s;
    size_t n = strlen(name);
    while (p && (p = strstr(p, "\r\n")) != NULL) {
        p += 2;
        if (!strncasecmp(p, name, n) && p[n] == ':') {
            f_str v = { NULL, 0, 0 };
            p += n + 1;
            p += strspn(p, " ");
            f_put(&v, p, strcspn(p, "\r"));
            return v.s;
        }
    }
    return NULL;
}
/* One whole answer off the link. status 0: none came. */
static reply receive(link_ *l) {
    reply r;
    long until = now_ms() + WAIT;
    char *end;
    const char *te, *cl;
    memset(&r, 0, sizeof r);
    f_put(&r.body, "", 0);
    f_put(&r.head, "", 0);
    for (;;) {
        if (l->n && (end = (char *)memmem(l->p, l->n, "\r\n\r\n", 4)) != NULL) {
            if (l->n > 12 && !memcmp(l->p, "HTTP/1.1 100", 12)) { drop(l, (size_t)(end - l->p) + 4); continue; }
            break;
        }
        if (more(l, until) <= 0) return r;
    }
    f_put(&r.head, l->p, (size_t)(end - l->p) + 2);
    drop(l, (size_t)(end - l->p) + 4);
    if (strncmp(r.head.s, "HTTP/1.1 ", 9)) return r;
    r.status = atoi(r.head.s + 9);
    te = header(&r, "transfer-encoding");
    cl = header(&r, "content-length");
    if (te) {
        for (;;) {
            char *eol, *tail;
            unsigned long size;
            while (!l->n || !(eol = (char *)memmem(l->p, l->n, "\r\n", 2))) if (more(l, until) <= 0) return r;
            size = strtoul(l->p, &tail, 16);
            if (tail == l->p) return r;
            drop(l, (size_t)(eol - l->p) + 2);
            while (l->n < size + 2) if (more(l, until) <= 0) { f_put(&r.body, l->p, l->n < size ? l->n : size); return r; }
            f_put(&r.body, l->p, size);
            if (memcmp(l->p + size, "\r\n", 2)) return r;
            drop(l, size + 2);
            if (!size) { r.complete = 1; return r; }
        }
    }
    if (cl) {
        size_t n = strtoul(cl, NULL, 10);
        while (l->n < n) if (more(l, until) <= 0) { f_put(&r.body, l->p, l->n); return r; }
        f_put(&r.body, l->p, n);
        drop(l, n);
        r.complete = 1;
        return r;
    }
    while (more(l, until) > 0) { }
    f_put(&r.body, l->p, l->n);
    l->n = 0;
    r.complete = l->eof;
    return r;
}
/* 1 when the peer closes within the deadline. */
static int closes(link_ *l) {
    long until = now_ms() + WAIT;
    int k;
    while ((k = more(l, until)) > 0) { }
    return k == 0;
}
static const char *fmt(const char *f, ...) {
    va_list ap;
    char buf[8192];
    f_str s = { NULL, 0, 0 };
    va_start(ap, f);
    vsnprintf(buf, sizeof buf, f, ap);
    va_end(ap);
    f_puts(&s, buf);
    return s.s;
}
/* A case that fails everywhere would wait everywhere: a dozen complaints are enough. */
#define ENOUGH if (t_.bad > 12) return

static const char *get_text(const char *path, const char *headers) {
    return fmt("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", path, headers ? headers : "");
}
static const char *post_text(const char *path, const char *headers, const char *body) {
    f_str s = { NULL, 0, 0 };
    f_puts(&s, fmt("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n%sContent-Length: %lu\r\n\r\n", path, headers ? headers : "",
                   (unsigned long)strlen(body)));
    f_puts(&s, body);
    return s.s;
}
static reply talk(int port, const char *text) {
    link_ l = dial(port);
    reply r;
    memset(&r, 0, sizeof r);
    f_put(&r.body, "", 0);
    f_put(&r.head, "", 0);
    if (l.fd >= 0 && send_bytes(&l, text, strlen(text))) r = receive(&l);
    hang_up(&l);
    return r;
}
static const f_json *json_of(const reply *r) {
    const f_json *j = r->body.n ? f_parse(r->body.s, r->body.n, NULL) : NULL;
    return j;
}

/* ---------------------------------------------------------------- requests and answers of the three clients */

static const char *const client_name[] = { "openai", "anthropic", "gemini", "gemini array" };
static const char *const client_headers[] = { "Authorization: Bearer client-key\r\n", "anthropic-version: 2023-06-01\r\nx-api-key: client-key\r\n",
                                              "x-goog-api-key: client-key\r\n", "x-goog-api-key: client-key\r\n" };

/* `client` 3 is Gemini without alt=sse. `more`: members to put after the first ones, each followed by a comma. */
static const char *request(int client, const char *model, int stream, const char *more_) {
    const char *m = more_ ? more_ : "";
    if (client == OAI)
        return post_text("/v1/chat/completions", client_headers[OAI], fmt("{\"model\":\"%s\",%s%s\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", model, m,
                         stream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : ""));
    if (client == ANT)
        return post_text("/v1/messages", client_headers[ANT], fmt("{\"model\":\"%s\",\"max_tokens\":100,%s%s\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
                         model, m, stream ? "\"stream\":true," : ""));
    return post_text(fmt("/v1beta/models/%s:%s%s", model, stream ? "streamGenerateContent" : "generateContent", stream && client == GEM ? "?alt=sse" : ""),
                     client_headers[GEM], fmt("{%s\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}", m));
}
static const char *answer_text(int client, const f_json *whole) {
    const f_json *j = f_get(whole, client == OAI ? "choices[0].message.content" : client == ANT ? "content[0].text" : "candidates[0].content.parts[0].text");
    return j && j->type == 's' ? j->s : "";
}
static f_fold fold(int client, const reply *r) {
    return client == OAI ? f_fold_openai(r->body.s, r->body.n) : client == ANT ? f_fold_anthropic(r->body.s, r->body.n) : f_fold_gemini(r->body.s, r->body.n);
}
static const char *finish_of(int client, const f_json *whole) {
    const f_json *j = f_get(whole, client == OAI ? "choices[0].finish_reason" : client == ANT ? "stop_reason" : "candidates[0].finishReason");
    return j && j->type == 's' ? j->s : "";
}
static long in_tokens(int client, const f_json *whole) {
    return f_long(f_get(whole, client == OAI ? "usage.prompt_tokens" : client == ANT ? "usage.input_tokens" : "usageMetadata.promptTokenCount"), -1);
}
static const char *const finish_word[] = { "stop", "end_turn", "STOP", "STOP" };

/* The error's message when `j` is an error of that client's form, else NULL. */
static const char *error_message(int client, const f_json *j) {
    const f_json *e, *m;
    if (j && j->type == 'a' && client >= GEM) j = j->kid;
    e = f_member(j, "error");
    m = f_member(e, "message");
    if (!m || m->type != 's' || !m->n) return NULL;
    if (client == OAI && (!f_member(e, "type") || !f_member(e, "code") || !f_member(e, "param"))) return NULL;
    if (client == ANT && (!f_is(f_member(j, "type"), "error") || !f_member(e, "type"))) return NULL;
    if (client >= GEM && (f_long(f_member(e, "code"), -1) < 400 || !f_member(e, "status"))) return NULL;
    return m->s;
}
/* Checks that the reply is an error in the client's form; its message, "" when it is not. */
static const char *is_error(int client, const reply *r, int status) {
    const char *m = error_message(client, json_of(r));
    if (status) t_int("status", r->status, status);
    t_ok("complete", r->complete);
    t_ok("content-type", header(r, "content-type") && !strncmp(header(r, "content-type"), "application/json", 16));
    if (!t_ok("error in the client's form", m != NULL)) printf("  %s\n  %.400s\n", r->head.s, r->body.s);
    return m ? m : "";
}
static void label(const char *a, const char *b, const char *c) {
    static char row[256];
    snprintf(row, sizeof row, "%s <- %s %s", a, b, c);
    t_row(row);
}
static void contains(const char *what, const char *text, const char *part) {
    if (!t_ok(what, text && strstr(text, part))) printf("  \"%s\" is not in: %.600s\n", part, text ? text : "(null)");
}

/* ---------------------------------------------------------------- the provider's side of the story */

static const f_json *provider_says(const char *path) {
    reply r = talk(provider.port, get_text(path, NULL));
    return json_of(&r);
}
static void provider_reset(void) { talk(provider.port, post_text("/reset", NULL, "{}")); }

/* Poll /state until `member` is `want`. */
static int state_is(const char *member, long want, int ms) {
    long until = now_ms() + ms, got = -1;
    do {
        got = f_long(f_get(provider_says("/state"), member), -1);
        if (got == want) return 1;
        poll(NULL, 0, 3);
    } while (now_ms() < until);
    printf("  provider: %s is %ld, wanted %ld\n", member, got, want);
    return 0;
}
static const char *last_body(void) {
    const f_json *j = f_get(provider_says("/last"), "[0].body");
    return j && j->type == 's' ? j->s : "";
}

/* ================================================================ the provider itself: an oracle must be able to fail */

T(provider_refuses) {
    static const struct { const char *label, *path, *headers, *body; int status; } rows[] = {
        { "openai: no key", "/v1/chat/completions", "", "{}", 401 },
        { "openai: unknown member", "/v1/chat/completions", "A", "{\"model\":\"text\",\"top_k\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "openai: repeated member", "/v1/chat/completions", "A", "{\"model\":\"text\",\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "openai: stream_options alone", "/v1/chat/completions", "A", "{\"model\":\"text\",\"stream_options\":{},\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "openai: call without result", "/v1/chat/completions", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\","
          "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "openai: key of another dialect", "/v1/chat/completions", "AX", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "openai: our own header", "/v1/chat/completions", "AW", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "anthropic: no version", "/v1/messages", "X", "{\"model\":\"text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "anthropic: no max_tokens", "/v1/messages", "XV", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "anthropic: temperature in 2026-10-21", "/v1/messages", "XN", "{\"model\":\"text\",\"max_tokens\":9,\"temperature\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "anthropic: temperature in 2023-06-01", "/v1/messages", "XV", "{\"model\":\"text\",\"max_tokens\":9,\"temperature\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 200 },
        { "anthropic: two keys", "/v1/messages", "AXV", "{\"model\":\"text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "anthropic: result of no call", "/v1/messages", "XV", "{\"model\":\"text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"x\"}]}]}", 400 },
        { "anthropic: bad id", "/v1/messages", "XV", "{\"model\":\"text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
          "\"id\":\"a b\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"a b\"}]}]}", 400 },
        { "anthropic: prefill", "/v1/messages", "XV", "{\"model\":\"text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"A\"}]}", 400 },
        { "gemini: no data in a part", "/v1beta/models/text:generateContent", "G", "{\"contents\":[{\"parts\":[{\"thought\":true}]}]}", 400 },
        { "gemini: signature missing", "/v1beta/models/think:generateContent", "G", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]},{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]},"
          "{\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":{}}}]}]}", 400 },
        { "gemini: sentinel", "/v1beta/models/think:generateContent", "G", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]},{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\"},"
          "\"thoughtSignature\":\"skip_thought_signature_validator\"}]},{\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":{}}}]}]}", 200 },
        { "gemini: response that is no object", "/v1beta/models/text:generateContent", "G", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]},{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]},"
          "{\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":\"x\"}}]}]}", 400 },
        { "gemini: schema word", "/v1beta/models/text:generateContent", "G", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}],\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":"
          "{\"type\":\"object\",\"$schema\":\"x\"}}]}]}", 400 },
        { "gemini: level and budget", "/v1beta/models/text:generateContent", "G", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}],\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":1,\"thinkingLevel\":\"LOW\"}}}", 400 },
        { "responses: system text that is no string", "/v1/responses", "A", "{\"model\":\"text\",\"instructions\":[],\"input\":\"Hi\"}", 400 },
        { "responses: stop", "/v1/responses", "A", "{\"model\":\"text\",\"input\":\"Hi\",\"stop\":\"x\"}", 400 },
        { "responses: 15 tokens", "/v1/responses", "A", "{\"model\":\"text\",\"input\":\"Hi\",\"max_output_tokens\":15}", 400 },
        { "responses: 16 tokens", "/v1/responses", "A", "{\"model\":\"text\",\"input\":\"Hi\",\"max_output_tokens\":16}", 200 },
        { "responses: output of no call", "/v1/responses", "A", "{\"model\":\"text\",\"input\":[{\"type\":\"function_call_output\","
          "\"call_id\":\"c\",\"output\":\"x\"}]}", 400 },
        { "responses: call without output", "/v1/responses", "A", "{\"model\":\"text\",\"input\":[{\"type\":\"function_call\","
          "\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"},{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "responses: text form of an answer", "/v1/responses", "A", "{\"model\":\"text\",\"input\":[{\"role\":\"assistant\","
          "\"content\":[{\"type\":\"input_text\",\"text\":\"x\"}]},{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "responses: no form for it", "/v1/responses", "A", "{\"model\":\"no-done-text\",\"input\":\"Hi\"}", 501 },
        { "bedrock: converses", "/model/text/converse", "A", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}", 200 },
        { "bedrock: model in the body", "/model/text/converse", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\","
          "\"content\":[{\"text\":\"Hi\"}]}]}", 400 },
        { "bedrock: colon in the path", "/model/te:xt/converse", "A", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}", 400 },
        { "bedrock: two users", "/model/text/converse", "A", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]},"
          "{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}", 400 },
        { "bedrock: two in a union", "/model/text/converse", "A", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\","
          "\"cachePoint\":{\"type\":\"default\"}}]}]}", 400 },
        { "bedrock: calls without tools", "/model/text/converse", "A", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]},"
          "{\"role\":\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":\"a\",\"name\":\"f\",\"input\":{}}}]},{\"role\":\"user\",\"content\":"
          "[{\"toolResult\":{\"toolUseId\":\"a\",\"content\":[{\"text\":\"x\"}]}}]}]}", 400 },
        { "bedrock: blank text", "/model/text/converse", "A", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"\"}]}]}", 400 },
        { "bedrock: no token", "/model/text/converse", "", "{\"messages\":[]}", 403 },
        { "cohere: chats", "/v2/chat", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 200 },
        { "cohere: top_p", "/v2/chat", "A", "{\"model\":\"text\",\"top_p\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "cohere: p of 1", "/v2/chat", "A", "{\"model\":\"text\",\"p\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400 },
        { "cohere: choice in small letters", "/v2/chat", "A", "{\"model\":\"text\",\"tool_choice\":\"required\",\"messages\":[{\"role\":\"user\","
          "\"content\":\"Hi\"}]}", 400 },
        { "cohere: result of no call", "/v2/chat", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"x\","
          "\"content\":\"x\"}]}", 400 },
        { "cohere: embeds without a type", "/v2/embed", "A", "{\"model\":\"e\",\"texts\":[\"x\"]}", 400 },
        { "ollama: chats", "/api/chat", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 200 },
        { "ollama: content in parts", "/api/chat", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":[]}]}", 400 },
        { "ollama: arguments as text", "/api/chat", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"assistant\",\"content\":\"\","
          "\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}]}", 400 },
        { "ollama: picture as a URL", "/api/chat", "A", "{\"model\":\"text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\","
          "\"images\":[\"data:image/png;base64,AAAA\"]}]}", 400 },
        { "titan: 300 numbers", "/model/titan/invoke", "A", "{\"inputText\":\"x\",\"dimensions\":300}", 400 },
        { "gemini: snake case", "/v1beta/models/text:generateContent", "G", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}],\"generation_config\":{\"max_output_tokens\":5}}", 200 },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        f_str h = { NULL, 0, 0 };
        reply r;
        t_row(rows[i].label);
        f_put(&h, "", 0);
        if (strchr(rows[i].headers, 'A')) f_puts(&h, "Authorization: Bearer provider-key-7f3\r\n");
        if (strchr(rows[i].headers, 'X')) f_puts(&h, "x-api-key: provider-key-7f3\r\n");
        if (strchr(rows[i].headers, 'G')) f_puts(&h, "x-goog-api-key: provider-key-7f3\r\n");
        if (strchr(rows[i].headers, 'V')) f_puts(&h, "anthropic-version: 2023-06-01\r\n");
        if (strchr(rows[i].headers, 'N')) f_puts(&h, "anthropic-version: 2026-10-21\r\n");
        if (strchr(rows[i].headers, 'W')) f_puts(&h, "x-aigw-user: u\r\n");
        r = talk(provider.port, post_text(rows[i].path, h.s, rows[i].body));
        if (!t_int("status", r.status, rows[i].status)) printf("  %.300s\n", r.body.s);
    }
}

/* ================================================================ answers */

T(greets) {
    const char *p = gateway.text.s;
    int lines = 0;
    for (; *p; p++) lines += *p == '\n';
    t_ok("at most 15 lines", lines <= 15);
    contains("a curl line", gateway.text.s, "curl");
    t_ok("not the key", !strstr(gateway.text.s, KEY));
    contains("a base URL for an SDK", gateway.text.s, "/v1");
}
static void check_answer(int client, const f_json *whole) {
    t_str("text", answer_text(client, whole), strlen(answer_text(client, whole)), HELLO);
    t_str("finish", finish_of(client, whole), strlen(finish_of(client, whole)), finish_word[client]);
    t_int("input tokens", in_tokens(client, whole), 20);
}
T(pairs_whole) {
    int c, u;
    for (c = 0; c < 3; c++)
        for (u = 0; u < 3; u++) {
            reply r = talk(gateway.port, request(c, fmt("%s-text", up_name[u]), 0, NULL));
            label(client_name[c], up_name[u], "whole");
            if (!t_int("status", r.status, 200)) printf("  %.400s\n", r.body.s);
            check_answer(c, json_of(&r));
            t_ok("content-type", header(&r, "content-type") && !strncmp(header(&r, "content-type"), "application/json", 16));
        }
}
T(pairs_streamed) {
    static const char *const forms[] = { "text", "crlf-text", "bytewise-text", "closing-text", "no-done-text" };
    size_t k;
    int c, u;
    for (c = 0; c < 4; c++)
        for (u = 0; u < 3; u++)
            for (k = 0; k < T_COUNT(forms); k++) {
                reply r;
                f_fold f;
                ENOUGH;
                r = talk(gateway.port, request(c, fmt("%s-%s", up_name[u], forms[k]), 1, NULL));
                f = fold(c, &r);
                label(client_name[c], up_name[u], forms[k]);
                if (!t_int("status", r.status, 200)) printf("  %.400s\n", r.body.s);
                t_ok("complete", r.complete);
                contains("content-type", header(&r, "content-type"), c == 3 ? "application/json" : "text/event-stream");
                if (k != 3 && (k != 4 || u != ANT)) {             /* a close without length is not known to be clean; nor is a stream without its end */
                    check_answer(c, f.whole);
                    t_int("one finish", f.finish, 1);
                    t_int("no error", f.errors, 0);
                    if (c < 2) t_int("one end marker", f.done, 1);       /* also where the provider left it out */
                } else t_int("one end: finish or error", f.finish + f.errors > 0 ? 1 : 0, 1);
                if (!t_ok("grammar", !f.bad)) printf("  %s\n", f.bad);
                t_int("nothing after the end", f.after, 0);
            }
}
T(gemini_paths) {
    static const struct { const char *path; int client; } rows[] = {
        { "/v1beta/models/gem-text:streamGenerateContent?alt=sse", GEM }, { "/v1/models/gem-text:streamGenerateContent?alt=sse", GEM },
        { "/v1beta/models/oai-text:streamGenerateContent", 3 }, { "/v1/models/oai-text:streamGenerateContent", 3 },
        { "/v1/models/ant-text:streamGenerateContent?key=client-key&alt=sse", GEM }, { "/v1beta/models/oai/text:streamGenerateContent?alt=sse", GEM },
        { "/v1beta/models/oai%2Ftext:streamGenerateContent?alt=sse", GEM },
        { "/v1/models/ant-text:generateContent", -1 }, { "/v1beta/models/ant-text:generateContent?key=client-key", -1 },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        reply r = talk(gateway.port, post_text(rows[i].path, strstr(rows[i].path, "key=") ? "" : client_headers[GEM], "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}"));
        const f_json *whole;
        t_row(rows[i].path);
        if (!t_int("status", r.status, 200)) printf("  %.300s\n", r.body.s);
        if (rows[i].client < 0) whole = json_of(&r);
        else { f_fold f = fold(rows[i].client, &r); whole = f.whole; if (!t_ok("grammar", !f.bad)) printf("  %s\n", f.bad); }
        if (rows[i].client == 3) t_ok("an array", r.body.n && r.body.s[0] == '[');
        check_answer(GEM, whole);
    }
}
T(counts_tokens) {
    int u;
    for (u = ANT; u <= GEM; u++) {
        reply a = talk(gateway.port, post_text("/v1/messages/count_tokens", client_headers[ANT], fmt("{\"model\":\"%s-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", up_name[u])));
        reply g = talk(gateway.port, post_text(fmt("/v1beta/models/%s-text:countTokens", up_name[u]), client_headers[GEM], "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}"));
        reply h = talk(gateway.port, post_text(fmt("/v1/models/%s-text:countTokens", up_name[u]), client_headers[GEM],
                       fmt("{\"generateContentRequest\":{\"model\":\"models/%s-text\",\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}}", up_name[u])));
        t_row(up_name[u]);
        if (!t_int("anthropic", f_long(f_get(json_of(&a), "input_tokens"), -1), 42)) printf("  %.300s\n", a.body.s);
        if (!t_int("gemini", f_long(f_get(json_of(&g), "totalTokens"), -1), 42)) printf("  %.300s\n", g.body.s);
        if (!t_int("gemini, whole request", f_long(f_get(json_of(&h), "totalTokens"), -1), 42)) printf("  %.300s\n", h.body.s);
    }
    {
        reply r = talk(gateway.port, post_text("/v1/messages/count_tokens", client_headers[ANT], "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
        t_row("openai has no such call");
        if (r.status == 200) t_ok("an estimate", f_long(f_get(json_of(&r), "input_tokens"), -1) > 0);
        else is_error(ANT, &r, 0);
    }
}
static int lists(const f_json *list, const char *member, const char *want) {
    const f_json *j;
    for (j = list ? list->kid : NULL; j; j = j->next) if (f_is(f_member(j, member), want)) return 1;
    return 0;
}
T(lists_models) {
    reply o = talk(gateway.port, get_text("/v1/models", client_headers[OAI])), a = talk(gateway.port, get_text("/v1/models", client_headers[ANT]));
    reply g = talk(gateway.port, get_text("/v1beta/models", "")), h = talk(gateway.port, get_text("/v1/models", client_headers[GEM]));
    reply k = talk(gateway.port, get_text("/v1/models?key=client-key", ""));
    t_row("openai");
    t_int("status", o.status, 200);
    t_ok("object", f_is(f_get(json_of(&o), "object"), "list") && lists(f_get(json_of(&o), "data"), "id", "oai-text"));
    t_ok("entry", f_is(f_get(json_of(&o), "data[0].object"), "model") && f_get(json_of(&o), "data[0].created") && f_get(json_of(&o), "data[0].owned_by"));
    t_row("anthropic");
    t_ok("data", lists(f_get(json_of(&a), "data"), "id", "oai-text") && f_is(f_get(json_of(&a), "data[0].type"), "model"));
    t_ok("entry", f_get(json_of(&a), "has_more") && f_get(json_of(&a), "data[0].display_name") && f_get(json_of(&a), "data[0].created_at") &&
         f_get(json_of(&a), "first_id") && f_get(json_of(&a), "last_id"));
    t_row("gemini");
    t_ok("/v1beta", lists(f_get(json_of(&g), "models"), "name", "models/oai-text"));
    t_ok("/v1 with its key", lists(f_get(json_of(&h), "models"), "name", "models/oai-text"));
    t_ok("/v1 with ?key=", lists(f_get(json_of(&k), "models"), "name", "models/oai-text"));
    t_row("one model");
    o = talk(gateway.port, get_text("/v1/models/oai-text", client_headers[OAI]));
    t_ok("found", o.status == 200 && f_is(f_get(json_of(&o), "id"), "oai-text"));
    o = talk(gateway.port, get_text("/v1/models/nope", client_headers[OAI]));
    is_error(OAI, &o, 404);
}
T(pages) {
    reply r = talk(gateway.port, get_text("/health", NULL));
    t_int("health", r.status, 200);
    t_ok("its body", f_is(f_get(json_of(&r), "status"), "ok"));
    r = talk(gateway.port, get_text("/", "Accept: */*\r\n"));
    t_int("text page", r.status, 200);
    contains("type", header(&r, "content-type"), "text/plain");
    contains("a curl line", r.body.s, "curl");
    r = talk(gateway.port, get_text("/", "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"));
    contains("type", header(&r, "content-type"), "text/html");
    contains("a page", r.body.s, "<html");
    contains("models", r.body.s, "oai-text");
    t_ok("no key on the page", !strstr(r.body.s, KEY));
    r = talk(gateway.port, "HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    t_ok("HEAD is answered", r.status == 200 || r.status == 405);
}
T(tells_who_served) {
    int stream;
    for (stream = 0; stream < 2; stream++) {
        link_ l = dial(gateway.port);
        const char *text = post_text("/v1/chat/completions", "Authorization: Bearer k\r\nx-request-id: my-own.id_1\r\n",
                                     fmt("{\"model\":\"oai-text\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", stream ? "true" : "false"));
        reply r;
        send_bytes(&l, text, strlen(text));
        r = receive(&l);
        hang_up(&l);
        t_row(stream ? "streamed" : "whole");
        contains("x-request-id", header(&r, "x-request-id"), "my-own.id_1");
        contains("x-aigw-provider", header(&r, "x-aigw-provider"), "oai");
        contains("x-aigw-model", header(&r, "x-aigw-model"), "text");
        contains("x-aigw-attempts", header(&r, "x-aigw-attempts"), "1");
        contains("x-aigw-upstream-request-id", header(&r, "x-aigw-upstream-request-id"), "req_oai_");
        t_ok("no cookie of the provider", !header(&r, "set-cookie") && !header(&r, "openai-organization"));
        if (stream) t_ok("not buffered by proxies", header(&r, "cache-control") && header(&r, "x-accel-buffering"));
    }
    {
        reply r = talk(gateway.port, request(ANT, "oai-err-500", 0, NULL));
        t_row("error, anthropic client");
        t_ok("request-id", header(&r, "request-id") != NULL);
        contains("x-aigw-provider", header(&r, "x-aigw-provider"), "oai");
    }
}
/* Take the serial numbers out of a frame, and its padding: no two answers share them. */
static void mask(char *s) {
    char *p = strstr(s, "\"obfuscation\"");
    if (p) *p = 0;
    for (p = s; *p; p++)
        if (p[0] == 'T' && p > s && strchr("-_r", p[-1]) && isdigit((unsigned char)p[1])) {
            size_t n = strspn(p + 1, "0123456789");
            memmove(p + 1, p + 1 + n, strlen(p + 1 + n) + 1);
        }
}
/* Same dialect: what the provider sends comes through byte for byte; the usage chunk that only the gateway asked for does not. */
T(same_dialect_same_bytes) {
    static const char *const keys[] = { "Authorization: Bearer provider-key-7f3\r\n", "anthropic-version: 2023-06-01\r\nx-api-key: provider-key-7f3\r\n",
                                        "x-goog-api-key: provider-key-7f3\r\n" };
    int c;
    for (c = 0; c < 3; c++) {
        const char *mine = request(c, fmt("%s-text", up_name[c]), 1, NULL), *theirs = request(c, "text", 1, NULL);
        f_str direct = { NULL, 0, 0 };
        reply a, b;
        f_sse s, d;
        int frames = 0;
        f_put(&direct, theirs, (size_t)(strstr(theirs, client_headers[c]) - theirs));
        f_puts(&direct, keys[c]);
        f_puts(&direct, strstr(theirs, client_headers[c]) + strlen(client_headers[c]));
        b = talk(provider.port, direct.s);
        a = talk(gateway.port, mine);
        label(client_name[c], up_name[c], "verbatim");
        s = f_sse_open(a.body.s, a.body.n);
        d = f_sse_open(b.body.s, b.body.n);
        while (f_sse_next(&d)) {
            if (!t_ok("as many frames", f_sse_next(&s)) || !s.data.s || !d.data.s) break;
            frames++;
            mask(s.data.s);
            mask(d.data.s);
            t_str("frame", s.data.s, strlen(s.data.s), d.data.s);
        }
        t_ok("no more frames", !f_sse_next(&s));
        t_ok("some", frames > 5);
    }
    {
        reply r = talk(gateway.port, post_text("/v1/chat/completions", client_headers[OAI], "{\"model\":\"oai-text\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
        t_row("usage that the client did not ask for");
        t_ok("is not there", r.status == 200 && !strstr(r.body.s, "\"usage\":{") && strstr(r.body.s, "[DONE]"));
    }
}
T(tools_cross) {
    static const char *const tools[] = {
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"description\":\"d\",\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}}}],",
        "\"tools\":[{\"name\":\"get_weather\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}}],",
        "\"tools\":[{\"functionDeclarations\":[{\"name\":\"get_weather\",\"description\":\"d\",\"parametersJsonSchema\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}}]}]," };
    static const char *const name_at[] = { "choices[0].message.tool_calls[0].function.name", "content[0].name", "candidates[0].content.parts[0].functionCall.name" };
    static const char *const args_at[] = { "choices[0].message.tool_calls[0].function.arguments", "content[0].input", "candidates[0].content.parts[0].functionCall.args" };
    static const char *const word[] = { "tool_calls", "tool_use", "STOP" };
    int c, u, stream;
    for (c = 0; c < 3; c++)
        for (u = 0; u < 3; u++)
            for (stream = 0; stream < 2; stream++) {
                reply r = talk(gateway.port, request(c, fmt("%s-tools", up_name[u]), stream, tools[c]));
                const f_json *whole, *args;
                label(client_name[c], up_name[u], stream ? "tools streamed" : "tools whole");
                if (!t_int("status", r.status, 200)) printf("  %.400s\n", r.body.s);
                if (stream) { f_fold f = fold(c, &r); whole = f.whole; if (!t_ok("grammar", !f.bad)) printf("  %s\n", f.bad); } else whole = json_of(&r);
                t_ok("name", f_is(f_get(whole, name_at[c]), "get_weather"));
                args = f_get(whole, args_at[c]);
                if (args && args->type == 's') args = f_parse(args->s, args->n, NULL);
                t_ok("arguments", f_is(f_get(args, "city"), "Oslo \"N\"") && f_long(f_get(args, "days"), -1) == 3);
                t_ok("finish", !strcmp(finish_of(c, whole), word[c]));
            }
}
/* Kind, status, hint and provider's message in every pair; what names them is tests/sdk. */
/* The provider refuses our key: it is not used for a minute. */
static int refusing(const char *base) { return !strcmp(base, "err-401") || !strcmp(base, "err-403"); }
T(errors_cross) {
    static const struct { const char *model; int status; const char *message; } rows[] = {
        { "err-400", 400, "scripted" }, { "err-401", 401, "scripted" }, { "err-403", 403, "scripted" }, { "err-404", 404, "scripted" }, { "err-413", 413, "scripted" },
        { "err-429", 429, "scripted" }, { "err-500", 500, "scripted" }, { "err-503", 503, "scripted" }, { "err-html", 500, "" }, { "err-in-200", 503, "inside a 200" },
        { "garbage", 502, "" }, { "cut-40", 502, "" }, { "wrong-length", 502, "" }, { "err-nonexistent", 404, "" },
    };
    size_t i;
    int c, u, stream;
    for (i = 0; i < T_COUNT(rows); i++)
        for (c = 0; c < 3; c++)
            for (u = 0; u < 3; u++)
                for (stream = 0; stream < 2; stream++) {
                    reply r;
                    const char *m;
                    ENOUGH;
                    if (stream && (!strcmp(rows[i].model, "cut-40") || !strcmp(rows[i].model, "wrong-length"))) continue;   /* cuts has them */
                    r = talk(gateway.port, request(c, fmt("%s-%s", up_name[u], rows[i].model), stream, NULL));
                    label(client_name[c], up_name[u], rows[i].model);
                    if (refusing(rows[i].model) && (c || stream || u == GEM)) { is_error(c, &r, 0); t_ok("401 or 403", r.status == 401 || r.status == 403 || c == GEM); continue; }      /* its key is benched */
                    if ((!strcmp(rows[i].model, "err-503") || !strcmp(rows[i].model, "err-in-200")) && (u == ANT || c == ANT)) { is_error(c, &r, 0); t_ok("5xx", r.status >= 500); continue; }   /* Anthropic's 503 is an api_error, its overload is 529 */
                    m = is_error(c, &r, rows[i].status);
                    contains("message", m, !strcmp(rows[i].model, "err-429") && (c || stream) ? "limits of this model" : rows[i].message);      /* not asked again before the hint */
                    t_ok("no key", !strstr(r.body.s, KEY) && !strstr(r.head.s, KEY));
                    if (!strcmp(rows[i].model, "err-429")) {
                        const char *hint = header(&r, "retry-after"), *delay = strstr(r.body.s, "\"retryDelay\"");
                        t_ok("hint", (hint && atoi(hint) >= 1 && atoi(hint) <= 7) || (c == GEM && delay));
                    }
                }
}

/* ================================================================ ends that are not clean */

/* A stream must end once: finish or error, never both, nothing after it, and an error when the upstream broke off. */
static void check_broken(int c, reply *r, const char *what) {
    f_fold f;
    if (r->status != 200) { is_error(c, r, 0); t_ok("5xx", r->status >= 500); return; }
    f = fold(c, r);
    if (!t_ok("error, no finish", f.errors == 1 && !f.finish && !f.done)) printf("  %s: %.200s ... %s\n", what, r->body.s, r->body.n > 300 ? r->body.s + r->body.n - 300 : "");
    if (!t_ok("grammar", !f.bad)) printf("  %s: %s\n", what, f.bad);
    t_int("nothing after the end", f.after, 0);
    t_ok("complete", r->complete);
}
static const char *const breaks[] = { "cut", "reset", "eof" };
static const int break_at[] = { 0, 1, 40, 150, 300, 301, 302, 303, 700, 1200, 1900 };

T(cuts) {
    size_t i, k;
    int c, u;
    for (c = 0; c < 4; c++)
        for (u = 0; u < 3; u++)
            for (k = 0; k < T_COUNT(breaks); k++)
                for (i = 0; i < T_COUNT(break_at); i++) {
                    const char *model = fmt("%s-%s-%d", up_name[u], breaks[k], break_at[i]);
                    reply r;
                    ENOUGH;
                    r = talk(gateway.port, request(c, model, 1, NULL));
                    label(client_name[c], up_name[u], model);
                    check_broken(c, &r, model);
                    f_free();
                }
    for (c = 0; c < 3; c++)
        for (u = 0; u < 3; u++)
            for (k = 0; k < T_COUNT(breaks); k++) {
                const char *model = fmt("%s-%s-120-tools", up_name[u], breaks[k]);
                reply r = talk(gateway.port, request(c, model, 0, NULL));
                label(client_name[c], up_name[u], model);
                is_error(c, &r, 502);
            }
}
T(errors_in_streams) {
    int c, u;
    for (c = 0; c < 4; c++)
        for (u = 0; u < 3; u++) {
            reply r = talk(gateway.port, request(c, fmt("%s-err-in-stream", up_name[u]), 1, NULL));
            label(client_name[c], up_name[u], "err-in-stream");
            check_broken(c, &r, "err-in-stream");
            contains("message", r.body.s, "Overloaded in the stream");
        }
}

/* ================================================================ bad input */

static void row_end(link_ *l, reply *r, char then) {
    if (then == 'c') t_ok("closed", closes(l));
    if (then == 'k') {
        const char *g = get_text("/health", NULL);
        t_ok("said to stay", !header(r, "connection") || strcasecmp(header(r, "connection"), "close"));
        send_bytes(l, g, strlen(g));
        *r = receive(l);
        t_int("next request on it", r->status, 200);
    }
}
T(bad_bodies) {
    static const struct { const char *label; int client; const char *path, *body; int status; const char *part; } rows[] = {
        { "malformed", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"messages\":[}", 400, "32" },
        { "malformed", ANT, "/v1/messages", "{\"model\":\"oai-text\",\"messages\":[}", 400, "32" },
        { "malformed", GEM, "/v1beta/models/oai-text:generateContent", "{\"contents\":[}", 400, "13" },
        { "cut short", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"messages\":[", 400, "32" },
        { "no object", OAI, "/v1/chat/completions", "[]", 400, "" },
        { "empty", OAI, "/v1/chat/completions", "", 400, "" },
        { "text after it", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]} x", 400, "" },
        { "bad UTF-8", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}", 400, "" },
        { "wrong type", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":5}]}", 400, "messages[0].content" },
        { "wrong type", ANT, "/v1/messages", "{\"model\":\"oai-text\",\"max_tokens\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400, "max_tokens" },
        { "wrong type", GEM, "/v1beta/models/oai-text:generateContent", "{\"contents\":[{\"parts\":7}]}", 400, "contents[0].parts" },
        { "number too large", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"max_tokens\":1e400,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400, "max_tokens" },
        { "repeated model", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"model\":\"ant-text\"}", 400, "model" },
        { "repeated, escaped", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"m\\u006fdel\":\"ant-text\"}", 400, "twice" },
        { "repeated max_tokens", ANT, "/v1/messages", "{\"model\":\"ant-text\",\"max_tokens\":1,\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400, "max_tokens" },
        { "repeated, nested", ANT, "/v1/messages", "{\"model\":\"ant-text\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"content\":\"Ho\"}]}", 400, "content" },
        { "repeated contents", GEM, "/v1beta/models/oai-text:generateContent", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}],\"contents\":[]}", 400, "contents" },
        { "no messages", OAI, "/v1/chat/completions", "{\"model\":\"oai-text\"}", 400, "messages" },
        { "no model", OAI, "/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400, "model" },
        { "unknown model", OAI, "/v1/chat/completions", "{\"model\":\"nope\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 404, "nope" },
        { "unknown model", ANT, "/v1/messages", "{\"model\":\"nope\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 404, "nope" },
        { "unknown model", GEM, "/v1beta/models/nope:generateContent", "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}", 404, "nope" },
        { "unknown route", OAI, "/v1/nope", "{}", 404, "/v1/nope" },
        { "unknown route", ANT, "/v1/messages/nope", "{}", 404, "" },
        { "unknown route", GEM, "/v1beta/models/oai-text:nope", "{}", 405, "" },
        { "unknown route", GEM, "/v1beta/nope", "{}", 404, "" },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        const char *text = post_text(rows[i].path, client_headers[rows[i].client], rows[i].body), *m;
        link_ l;
        reply r;
        ENOUGH;
        l = dial(gateway.port);
        label(client_name[rows[i].client], rows[i].label, rows[i].path);
        send_bytes(&l, text, strlen(text));
        r = receive(&l);
        m = is_error(rows[i].client, &r, rows[i].status);
        contains("message", m, rows[i].part);
        row_end(&l, &r, strcmp(rows[i].label, "unknown route") ? 'k' : 'e');
        hang_up(&l);
        f_free();
    }
    {
        f_str deep = { NULL, 0, 0 };
        reply r;
        f_puts(&deep, "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"metadata\":");
        for (i = 0; i < 20000; i++) f_puts(&deep, "[");
        r = talk(gateway.port, post_text("/v1/chat/completions", client_headers[OAI], deep.s));
        t_row("nested 20,000 deep");
        is_error(OAI, &r, 400);
    }
}
#define BODY "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"         /* 64 bytes */
#define POST "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
T(bad_http) {
    static const struct { const char *label, *text; int status, other; char then; } rows[] = {
        { "two lengths", POST "Content-Length: 64\r\nContent-Length: 65\r\n\r\n" BODY, 400, 0, 'c' },
        { "length and chunks", POST "Content-Length: 64\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0, 'c' },
        { "chunks and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 64\r\n\r\n0\r\n\r\n", 400, 0, 'c' },
        { "bad chunk size", POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n" BODY "\r\n0\r\n\r\n", 400, 0, 'c' },
        { "huge chunk size", POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx", 400, 413, 'c' },
        { "large chunk", POST "Transfer-Encoding: chunked\r\n\r\nffffffff\r\nx", 413, 400, 'c' },
        { "chunk without its end", POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx", 400, 0, 'c' },
        { "unknown coding", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, 501, 'c' },
        { "coding that is almost chunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, 501, 'c' },
        { "two codings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 501, 'c' },
        { "negative length", POST "Content-Length: -1\r\n\r\n", 400, 0, 'c' },
        { "length with sign", POST "Content-Length: +64\r\n\r\n" BODY, 400, 0, 'c' },
        { "length with text", POST "Content-Length: 64x\r\n\r\n" BODY, 400, 0, 'c' },
        { "length that overflows", POST "Content-Length: 99999999999999999999999\r\n\r\n", 413, 431, 'c' },
        { "oversized", POST "Content-Length: 9999999999\r\n\r\n", 413, 0, 'c' },
        { "no length", POST "\r\n", 411, 400, 'e' },
        { "folded line", POST "X-A: b\r\n c\r\nContent-Length: 64\r\n\r\n" BODY, 400, 0, 'c' },
        { "space before the colon", POST "Content-Length : 64\r\n\r\n" BODY, 400, 0, 'c' },
        { "line without colon", POST "nonsense\r\nContent-Length: 64\r\n\r\n" BODY, 400, 0, 'c' },
        { "bad byte in a name", POST "X(A: b\r\nContent-Length: 64\r\n\r\n" BODY, 400, 0, 'c' },
        { "no Host", "POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n" BODY, 400, 0, 'e' },
        { "two Hosts", POST "Host: localhost\r\nContent-Length: 64\r\n\r\n" BODY, 400, 0, 'e' },
        { "foreign Host", "POST /v1/chat/completions HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n" BODY, 403, 421, 'e' },
        { "foreign Host, loopback inside", "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n" BODY, 403, 421, 'e' },
        { "foreign Origin", POST "Origin: https://evil.example\r\nContent-Length: 64\r\n\r\n" BODY, 403, 0, 'e' },
        { "null Origin", POST "Origin: null\r\nContent-Length: 64\r\n\r\n" BODY, 403, 0, 'e' },
        { "form content type", "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n" BODY, 415, 400, 'e' },
        { "no content type", "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 64\r\n\r\n" BODY, 415, 400, 'e' },
        { "JSON-like content type", "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/jsonp\r\nContent-Length: 64\r\n\r\n" BODY, 415, 400, 'e' },
        { "wrong method", "GET /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405, 404, 'k' },
        { "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505, 'c' },
        { "not HTTP", "\x16\x03\x01\x02\r\n\r\n", 400, 0, 'c' },
        { "no version", "GET /health\r\n\r\n", 400, 0, 'c' },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        link_ l;
        reply r;
        ENOUGH;
        l = dial(gateway.port);
        t_row(rows[i].label);
        send_bytes(&l, rows[i].text, strlen(rows[i].text));
        r = receive(&l);
        if (!r.status || r.status != rows[i].other) t_int("status", r.status, rows[i].status);
        if (!t_ok("JSON error", error_message(OAI, json_of(&r)) != NULL)) printf("  %.300s\n", r.body.s);
        row_end(&l, &r, rows[i].then);
        hang_up(&l);
        f_free();
    }
    {
        link_ l = dial(gateway.port);
        char line[1024];
        reply r;
        t_row("endless head");
        memset(line, 'a', sizeof line);
        memcpy(line, "X-A: ", 5);
        memcpy(line + 1022, "\r\n", 2);
        send_bytes(&l, "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n", 39);
        for (i = 0; i < 400 && send_bytes(&l, line, sizeof line); i++) { }
        r = receive(&l);
        t_ok("refused or cut off", r.status == 431 || r.status == 400 || (!r.status && l.eof));
        hang_up(&l);
    }
    {
        static const char nul[] = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: a\0b\r\n\r\n";
        link_ l = dial(gateway.port);
        reply r;
        t_row("NUL in a header");
        send_bytes(&l, nul, sizeof nul - 1);
        r = receive(&l);
        t_int("status", r.status, 400);
        hang_up(&l);
    }
}
T(good_http) {
    static const struct { const char *label, *text; } rows[] = {
        { "chunked body with extension and trailer", POST "Transfer-Encoding: Chunked\r\n\r\n1;a=b\r\n{\r\n3f\r\n\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}\r\n0\r\nX-T: y\r\n\r\n" },
        { "content type with charset", "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost:1\r\nCONTENT-TYPE: application/json; charset=utf-8\r\nContent-Length: 64\r\n\r\n" BODY },
        { "type of JSON's family", "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:9\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: 64\r\n\r\n" BODY },
        { "empty lines before it", "\r\n" POST "Content-Length: 64\r\n\r\n" BODY },
        { "loopback Origin", POST "Origin: http://localhost:3000\r\nContent-Length: 64\r\n\r\n" BODY },
        { "white space around values", POST "Content-Length: \t 64 \t\r\n\r\n" BODY },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        reply r = talk(gateway.port, rows[i].text);
        t_row(rows[i].label);
        if (!t_int("status", r.status, 200)) printf("  %.300s\n", r.body.s);
    }
    {
        link_ l = dial(gateway.port);
        const char *text = POST "Expect: 100-continue\r\nContent-Length: 64\r\n\r\n";
        long until = now_ms() + WAIT;
        reply r;
        t_row("100-continue");
        send_bytes(&l, text, strlen(text));
        while (!l.n && more(&l, until) > 0) { }
        t_ok("asked to go on", l.n > 12 && !memcmp(l.p, "HTTP/1.1 100", 12));
        send_bytes(&l, BODY, strlen(BODY));
        r = receive(&l);
        t_int("status", r.status, 200);
        hang_up(&l);
    }
    {
        link_ l = dial(gateway.port);
        const char *text = POST "Content-Length: 64\r\n\r\n" BODY;
        reply r;
        t_row("byte by byte");
        for (i = 0; text[i]; i++) send_bytes(&l, text + i, 1);
        r = receive(&l);
        t_int("status", r.status, 200);
        hang_up(&l);
    }
    {
        link_ l = dial(gateway.port);
        reply r;
        t_row("HTTP/1.0");
        send_bytes(&l, "GET /health HTTP/1.0\r\n\r\n", 24);
        r = receive(&l);
        t_ok("answered or refused", r.status == 200 || r.status == 505 || r.status == 400);
        t_ok("closed", closes(&l));
        hang_up(&l);
    }
}

/* ================================================================ connections */

T(keep_alive_and_pipelining) {
    link_ l = dial(gateway.port);
    f_str all = { NULL, 0, 0 };
    reply r;
    int i;
    for (i = 0; i < 3; i++) {
        const char *text = request(i, fmt("%s-text", up_name[i]), i == 1, NULL);
        send_bytes(&l, text, strlen(text));
        r = receive(&l);
        t_int("one after another", r.status, 200);
        t_ok("complete", r.complete);
    }
    f_puts(&all, request(OAI, "ant-echo", 0, NULL));
    f_puts(&all, request(ANT, "oai-text", 1, NULL));
    f_puts(&all, get_text("/health", NULL));
    f_puts(&all, request(GEM, "oai-text", 0, "\"generationConfig\":{\"maxOutputTokens\":7},"));
    send_bytes(&l, all.s, all.n);
    r = receive(&l);
    contains("first", r.body.s, "user=<Hi>");
    r = receive(&l);
    contains("second", r.body.s, "message_stop");
    r = receive(&l);
    t_ok("third", f_is(f_get(json_of(&r), "status"), "ok"));
    r = receive(&l);
    t_str("fourth", answer_text(GEM, json_of(&r)), strlen(answer_text(GEM, json_of(&r))), HELLO);
    contains("its limit", last_body(), "7");
    t_ok("nothing more", l.n == 0);
    hang_up(&l);
    r = talk(gateway.port, "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    contains("Connection: close is kept", header(&r, "connection"), "close");
}
/* Forty at once, each with a text of its own: every answer reaches its own client. */
T(many_at_once) {
    enum { MANY = 40 };
    link_ l[MANY];
    int i;
    for (i = 0; i < MANY; i++) {
        const char *model = fmt("%s/%s", up_name[i % 3], i % 2 ? "bytewise-echo" : "echo"), *text;
        f_str hi = { NULL, 0, 0 };
        text = request(i / 3 % 3, model, i % 4 < 2, NULL);
        f_put(&hi, text, (size_t)(strstr(text, "\"Hi\"") - text) + 1);          /* two letters again: the length stays */
        f_puts(&hi, fmt("%02d", i));
        f_puts(&hi, strstr(text, "\"Hi\"") + 3);
        l[i] = dial(gateway.port);
        t_ok("sent", l[i].fd >= 0 && send_bytes(&l[i], hi.s, hi.n));
    }
    for (i = 0; i < MANY; i++) {
        int c = i / 3 % 3;
        reply r = receive(&l[i]);
        f_fold f;
        const f_json *whole = json_of(&r);
        if (i % 4 < 2) { f = fold(c, &r); whole = f.whole; t_ok("grammar", !f.bad && !f.errors); }
        t_int("status", r.status, 200);
        contains("its own text", answer_text(c, whole), fmt("user=<%02d>", i));
        hang_up(&l[i]);
    }
}
/* Idle connections take no place from a request: without a descriptor left, the longest idle one is closed. */
T(idle_connections_make_room) {
    enum { MANY = 80 };
    link_ l[MANY], more;
    const char *text;
    child c;
    reply r;
    int i, open = 0;
    char one;
    t_ok("starts", serve(&c, "few", NULL, "127.0.0.1:0", "DESCRIPTORS=64"));
    for (i = 0; i < MANY; i++) {
        l[i] = dial(c.port);
        t_ok("connected", l[i].fd >= 0);
    }
    more = dial(c.port);
    text = request(0, "mock/echo", 0, NULL);
    send_bytes(&more, text, strlen(text));
    r = receive(&more);
    t_int("answered", r.status, 200);
    for (i = 0; i < MANY; i++) open += recv(l[i].fd, &one, 1, MSG_DONTWAIT) < 0;
    t_ok("some were closed", open < MANY);
    t_ok("no more than were needed", open >= 64 - 32);
    t_int("the longest idle one was", (long)recv(l[0].fd, &one, 1, MSG_DONTWAIT), 0);
    t_ok("the last one is open", recv(l[MANY - 1].fd, &one, 1, MSG_DONTWAIT) < 0);
    for (i = 0; i < MANY; i++) hang_up(&l[i]);
    hang_up(&more);
    t_int("ends", finish(&c, 1), 0);
}

T(upstream_is_reused) {
    int i;
    talk(gateway.port, request(OAI, "oai-text", 0, NULL));
    provider_reset();
    for (i = 0; i < 6; i++) {
        reply r = talk(gateway.port, request(i % 3, "oai-text", i & 1, NULL));
        t_int("status", r.status, 200);
    }
    t_ok("requests", state_is("requests", 6, WAIT));
    t_ok("on few connections", f_long(f_get(provider_says("/state"), "connections"), 99) <= 3 + 2);   /* each /state and /reset is one too */
    for (i = 0; i < 3; i++) {                                     /* an idle connection that the provider closed is not an error */
        reply r = talk(gateway.port, request(OAI, "oai-closing-text", 0, NULL));
        t_int("closing", r.status, 200);
        r = talk(gateway.port, request(OAI, "oai-text", 0, NULL));
        t_int("after closing", r.status, 200);
    }
}
/* The client goes away: the provider must see its connection close, whatever the phase. */
T(client_gone) {
    static const struct { const char *label, *model; int stream, wait_body; } rows[] = {
        { "before the upstream's head", "hang-head", 0, 0 }, { "before the upstream's head, streamed", "hang-head", 1, 0 }, { "before the first event", "hang", 1, 0 },
        { "in a whole body", "hang-100", 0, 0 }, { "mid stream", "slow", 1, 1 }, { "mid stream, silent", "hang-1500", 1, 1 }, { "whole answer under way", "slow", 0, 0 },
    };
    size_t i;
    int u, reset;
    for (i = 0; i < T_COUNT(rows); i++)
        for (u = 0; u < 3; u++)
            for (reset = 0; reset < 2; reset++) {
                link_ l = dial(gateway.port);
                const char *text = request((u + (int)i) % 3, fmt("%s/%s", up_name[u], rows[i].model), rows[i].stream, NULL);
                long until = now_ms() + WAIT;
                if (t_.bad > 12) { hang_up(&l); return; }
                provider_reset();
                label(rows[i].label, up_name[u], reset ? "reset" : "closed");
                send_bytes(&l, text, strlen(text));
                t_ok("request arrived", state_is("requests", 1, WAIT));
                if (rows[i].wait_body) {
                    while ((!l.n || !memmem(l.p, l.n, "\r\n\r\n", 4)) && more(&l, until) > 0) { }
                    t_ok("answer began", l.n > 12 && !memcmp(l.p, "HTTP/1.1 200", 12));
                }
                if (reset) { struct linger g = { 1, 0 }; setsockopt(l.fd, SOL_SOCKET, SO_LINGER, &g, sizeof g); }
                hang_up(&l);
                t_ok("upstream closed at once", state_is("closed_by_peer", 1, 500));
                f_free();
            }
    {
        link_ l = dial(gateway.port);
        reply r;
        send_bytes(&l, POST "Content-Length: 64\r\n\r\n{\"mod", 95);
        hang_up(&l);
        r = talk(gateway.port, get_text("/health", NULL));
        t_row("in the middle of its request");
        t_int("status", r.status, 200);
    }
}
/* A deadline that the client states ends a silent upstream with an error, and closes it. */
T(deadlines) {
    static const char *const models[] = { "hang-head", "hang", "hang-1500" };
    size_t i;
    int stream;
    for (i = 0; i < T_COUNT(models); i++)
        for (stream = i == 2; stream < 2; stream++) {
            const char *text = post_text("/v1/chat/completions", "Authorization: Bearer k\r\nx-aigw-timeout-ms: 200\r\n",
                                         fmt("{\"model\":\"ant/%s\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", models[i], stream ? "true" : "false"));
            long before = now_ms();
            reply r;
            label("openai", models[i], stream ? "streamed" : "whole");
            provider_reset();
            r = talk(gateway.port, text);
            t_ok("in time", now_ms() - before < 2500);
            if (i < 2) is_error(OAI, &r, 504);
            else check_broken(OAI, &r, models[i]);
            t_ok("upstream closed", state_is("closed_by_peer", 1, 500));
        }
}
T(failover) {
    static const struct { const char *route; const char *attempts; int status; } rows[] = {
        { "r-503", "2", 200 }, { "r-429", "2", 200 }, { "r-dead", "2", 200 }, { "r-cut", "2", 200 }, { "r-in-200", "2", 200 }, { "r-html", "2", 200 }, { "r-401", "2", 200 }, { "r-400", "1", 400 }, { "r-all", "3", 503 },
    };
    size_t i;
    int c, stream;
    for (i = 0; i < T_COUNT(rows); i++)
        for (c = 0; c < 3; c++)
            for (stream = 0; stream < 2; stream++) {
                reply r;
                ENOUGH;
                r = talk(gateway.port, request(c, rows[i].route, stream, NULL));
                label(client_name[c], rows[i].route, stream ? "streamed" : "whole");
                if (rows[i].status == 503 ? !t_ok("status", r.status == 503 || r.status == 529) : !t_int("status", r.status, rows[i].status)) printf("  %.300s\n", r.body.s);
                if (!c && !stream) contains("attempts", header(&r, "x-aigw-attempts"), rows[i].attempts);      /* later ones may go past what failed just now */
                if (rows[i].status != 200) { is_error(c, &r, 0); continue; }
                if (stream) { f_fold f = fold(c, &r); check_answer(c, f.whole); t_ok("grammar", !f.bad); } else check_answer(c, json_of(&r));
                contains("who served", header(&r, "x-aigw-model"), "text");
            }
    provider_reset();
    {
        reply r = talk(gateway.port, request(OAI, "r-late", 1, NULL));        /* breaks after the first text was sent on */
        t_row("after commit");
        check_broken(OAI, &r, "r-late");
        contains("what came before", r.body.s, "Hello");
        t_ok("no second try", state_is("requests", 1, WAIT));
    }
}
static long rss_kb(pid_t pid) {
    char path[64];
    long size = 0, rss = 0;
    FILE *f;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%ld %ld", &size, &rss) != 2) rss = 0;
    if (f) fclose(f);
    return rss * (sysconf(_SC_PAGESIZE) / 1024);
}
/* 50 MB to a client that does not read: everyone stops; it reads on: everything arrives, and the gateway has not grown. */
T(back_pressure) {
    int c;
    for (c = 0; c < 2; c++) {
        const char *text = request(OAI, c ? "ant/long-51200" : "oai/long-51200", 1, NULL);
        link_ l;
        static char buf[1 << 18];
        long before = rss_kb(gateway.pid), sent = -1, was, until = now_ms() + WAIT, total = 0, units = 0;
        int still = 0;
        memset(&l, 0, sizeof l);
        l.fd = dial_with(gateway.port, 65536);
        label("openai", c ? "ant" : "oai", "50 MB");
        provider_reset();
        send_bytes(&l, text, strlen(text));
        do {                                                       /* until the provider could send nothing for 60 ms */
            was = sent;
            sent = f_long(f_get(provider_says("/state"), "streams[0].body_sent"), -1);
            still = sent > 0 && sent == was ? still + 1 : 0;
            poll(NULL, 0, 20);
        } while (still < 3 && now_ms() < until);
        t_ok("the provider was held", sent > 0 && sent < 24L << 20);
        for (until = now_ms() + 4 * WAIT; now_ms() < until;) {
            struct pollfd p;
            ssize_t n, k;
            p.fd = l.fd;
            p.events = POLLIN;
            if (poll(&p, 1, WAIT) <= 0) break;
            n = recv(l.fd, buf, sizeof buf, 0);
            if (n <= 0) break;
            for (k = 0; k < n; k++) units += buf[k] == '~' || buf[k] == 'x';
            total += n;
            if (n >= 5 && !memcmp(buf + n - 5, "0\r\n\r\n", 5)) break;
        }
        t_ok("everything arrived", units >= 51200L * 1019);
        if (!t_ok("the gateway did not grow", rss_kb(gateway.pid) - before < 4096)) printf("  from %ld kB to %ld kB\n", before, rss_kb(gateway.pid));
        hang_up(&l);
        f_free();
        (void)total;
    }
}

/* ================================================================ start */

/* What --check says of a configuration, and of what is known of models (NULL: what is built in). */
static int check_both(const char *text, const char *known, f_str *said) {
    char *argv[8], prog[600];
    const char *path = write_file("check.json", text);
    child c;
    char *err;
    t_bytes b;
    int status;
    snprintf(prog, sizeof prog, "%s", beside("gateway"));
    argv[0] = prog;
    argv[1] = (char *)(uintptr_t)"--config";
    argv[2] = (char *)(uintptr_t)path;
    argv[3] = (char *)(uintptr_t)"--check";
    argv[4] = NULL;
    if (known) {
        argv[4] = (char *)(uintptr_t)"--registry";
        argv[5] = (char *)(uintptr_t)write_file("known.json", known);
        argv[6] = NULL;
    }
    spawn(&c, "check", argv, NULL);
    expect(&c, "\1never", now_ms() + WAIT);
    said->n = 0;
    if (c.text.n) f_put(said, c.text.s, c.text.n);
    status = finish(&c, 0);
    err = (char *)t_alloc(200);
    snprintf(err, 200, "%s/check.err", scratch);
    b = t_file(err);
    if (b.p && b.n) f_put(said, b.p, b.n);
    f_put(said, "", 0);
    return status;
}
static int check_config(const char *text, f_str *said) { return check_both(text, NULL, said); }
T(checks_configuration) {
    static const struct { const char *label, *text, *line, *field; } rows[] = {
        { "malformed", "{\n  \"version\": 1,\n  \"providers\": {,}\n}\n", "3", "" },
        { "unknown member", "{\n  \"version\": 1,\n  \"provders\": {}\n}\n", "3", "warning: provders" },
        { "wrong version", "{\n  \"version\": 9\n}\n", "2", "version" },
        { "unknown dialect", "{\n  \"version\": 1,\n  \"providers\": {\n    \"a\": { \"dialect\": \"klingon\",\n \"base_url\": \"http://127.0.0.1:1\" }\n  }\n}\n", "4", "dialect" },
        { "bad URL", "{\n  \"version\": 1,\n  \"providers\": {\n    \"a\": { \"dialect\": \"anthropic\",\n      \"base_url\": \"ftp://x\" }\n  }\n}\n", "5", "base_url" },
        { "wrong type", "{\n  \"version\": 1,\n  \"providers\": {\n    \"a\": { \"dialect\": \"anthropic\",\n      \"base_url\": 7 }\n  }\n}\n", "5", "base_url" },
        { "model of no provider", "{\n  \"version\": 1,\n  \"models\": {\n    \"m\": {\n      \"provider\": \"nobody\", \"id\": \"x\" }\n  }\n}\n", "5", "provider" },
        { "route to no model", "{\n  \"version\": 1,\n  \"routes\": {\n    \"r\": {\n      \"models\": [\"nothing\"] }\n  }\n}\n", "5", "routes.r.models" },
        { "repeated member", "{\n  \"version\": 1,\n  \"listen\": \"127.0.0.1:1\",\n  \"listen\": \"127.0.0.1:2\"\n}\n", "4", "listen" },
        { "bad address", "{\n  \"version\": 1,\n  \"listen\": \"here\"\n}\n", "3", "listen" },
        { "key without its digest", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [\n    { \"user\": \"u\" } ] } }\n}\n", "4", "tenants.t.keys[0]" },
        { "short digest", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [\n    { \"sha256\": \"sha256:00\" } ] } }\n}\n", "4", "tenants.t.keys[0].sha256" },
        { "unknown pin", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [\n    { \"pin\": [\"model\"], \"sha256\": \"sha256:0000000000000000000000000000000000000000000000000000000000000000\" } ] } }\n}\n", "4", "tenants.t.keys[0].pin[0]" },
        { "unknown class", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [\n    { \"class\": \"slow\", \"sha256\": \"sha256:0000000000000000000000000000000000000000000000000000000000000000\" } ] } }\n}\n", "4", "tenants.t.keys[0].class" },
        { "class of a pair", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"sigv4\":\n    { \"access_key\": \"a\", \"secret\": \"b\", \"class\": \"slow\" } } }\n}\n", "4", "tenants.t.sigv4.class" },
        { "tenant's route", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [],\n    \"routes\": [\"nothing\"] } }\n}\n", "4", "tenants.t.routes[0]" },
        { "key of two tenants", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"] },\n    \"u\": { \"keys\": [{ \"sha256\": \"sha256:0000000000000000000000000000000000000000000000000000000000000000\" }] } }\n}\n", "4", "tenants.u.keys[0]: the same key stands at the tenants \"t\" and \"u\"" },
        { "key twice", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [\"sha256:0000000000000000000000000000000000000000000000000000000000000000\",\n    \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"] } }\n}\n", "4", "tenants.t.keys[1]: the same key stands twice at the tenant \"t\"" },
        { "pair of two tenants", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"sigv4\": { \"access_key\": \"a\", \"secret\": \"b\" } },\n    \"u\": { \"sigv4\": { \"access_key\": \"a\", \"secret\": \"c\" } } }\n}\n", "4", "tenants.u.sigv4: the same access_key stands at the tenants \"t\" and \"u\"" },
        { "key that may be nothing", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [\n    { \"admin\": 1, \"sha256\": \"sha256:0000000000000000000000000000000000000000000000000000000000000000\" } ] } }\n}\n", "4", "tenants.t.keys[0].admin" },
        { "counters", "{\n  \"version\": 1,\n  \"counters\": 63\n}\n", "3", "counters: a number from 64 to 16777216" },
        { "cache", "{\n  \"version\": 1,\n  \"cache\": { \"bytes\": -1 }\n}\n", "3", "cache.bytes: a number of bytes from 16384 to 1099511627776; 0: no cache" },
        { "cache without room", "{\n  \"version\": 1,\n  \"cache\": { \"bytes\": 1000 }\n}\n", "3", "cache.bytes: a number of bytes from 16384" },
        { "cache too small", "{\n  \"version\": 1,\n  \"cache\": { \"bytes\": 20000 }\n}\n", "3", "warning: cache.bytes: a kept answer and its request are an eighth" },
        { "no waiting", "{\n  \"version\": 1,\n  \"queue\": { \"slots\": 1,\n    \"waiting\": 0 }\n}\n", "4", "warning: queue.waiting: 0 stands for the default, 1024, and does not mean none" },
        { "no slots", "{\n  \"version\": 1,\n  \"queue\": { \"slots\": 0,\n    \"waiting\": 7 }\n}\n", "4", "warning: queue.waiting: without `slots` nothing waits" },
        { "batch slots", "{\n  \"version\": 1,\n  \"queue\": { \"batch_slots\": 9,\n    \"slots\": 8 }\n}\n", "4", "warning: queue.slots: `batch_slots`, 9, is more than `slots`, 8:" },
        { "never opens", "{\n  \"version\": 1,\n  \"breaker\": { \"consecutive\": 0 }\n}\n", "3", "warning: breaker.consecutive: 0 stands for the default, 5," },
        { "never open", "{\n  \"version\": 1,\n  \"breaker\": { \"open_ms\": 0 }\n}\n", "3", "warning: breaker.open_ms: 0 stands for the default, 5000," },
        { "open for longer than at most", "{\n  \"version\": 1,\n  \"breaker\": { \"open_max_ms\": 10,\n    \"open_ms\": 20 }\n}\n", "4", "breaker.open_ms: `open_ms`, 20, is more than `open_max_ms`, 10: a circuit is open for the latter at most" },
        { "open for longer than usual", "{\n  \"version\": 1,\n  \"breaker\": { \"open_ms\": 300001 }\n}\n", "3", "warning: breaker.open_ms: `open_ms`, 300001, is more than `open_max_ms`, 300000 by default" },
        { "open for less than usual", "{\n  \"version\": 1,\n  \"breaker\": { \"open_max_ms\": 100 }\n}\n", "3", "warning: breaker.open_max_ms: `open_ms`, 5000 by default, is more than `open_max_ms`, 100:" },
        { "retry beyond its cap", "{\n  \"version\": 1,\n  \"retry\": { \"base_ms\": 500,\n    \"cap_ms\": 499 }\n}\n", "4", "retry.cap_ms: `base_ms`, 500, is more than `cap_ms`, 499: a retry waits for the latter at most" },
        { "more at one target", "{\n  \"version\": 1,\n  \"retry\": { \"per_target\": 4 }\n}\n", "3", "warning: retry.per_target: `per_target`, 4, is more than `attempts`, 3 by default" },
        { "retries that are always free", "{\n  \"version\": 1,\n  \"retry\": { \"budget_floor\": 9 }\n}\n", "3", "retry.budget_floor: a number from 0 to 8" },
        { "limit of no model", "{\n  \"version\": 1,\n  \"limits\": [\n    { \"rpm\": 1, \"when\": { \"model\": \"nothing\" } } ]\n}\n", "4", "warning: limits[0].when.model: there is no model of this name" },
        { "limit of a provider of nothing", "{\n  \"version\": 1,\n  \"limits\": [\n    { \"rpm\": 1, \"when\": { \"provider\": \"mocc\" } } ]\n}\n", "4", "warning: limits[0].when.provider: there is no provider of this name" },
        { "rule for no tenant", "{\n  \"version\": 1,\n  \"tenants\": { \"t\": { \"keys\": [] } }, \"budgets\": [\n    { \"usd\": 1, \"when\": { \"tenant\": \"T\" } } ]\n}\n", "4", "warning: budgets[0]: `when` names a tenant that is not there" },
        { "limit beyond its bound", "{\n  \"version\": 1,\n  \"limits\": [\n    { \"tpm\": 4294967296 } ]\n}\n", "4", "limits[0].tpm: a whole number from 1 to 4,294,967,295" },
        { "queue", "{\n  \"version\": 1,\n  \"queue\": { \"slots\": -1 }\n}\n", "3", "queue.slots: a number from 0 to 4294967295" },
        { "queue twice", "{\n  \"version\": 1,\n  \"queue\": { \"slots\": 1,\n    \"slots\": 1 }\n}\n", "4", "queue.slots" },
        { "breaker", "{\n  \"version\": 1,\n  \"breaker\": { \"percent\": 101 }\n}\n", "3", "breaker.percent" },
        { "retry", "{\n  \"version\": 1,\n  \"retry\": { \"attempts\": \"3\" }\n}\n", "3", "retry.attempts" },
        { "price", "{\n  \"version\": 1,\n  \"models\": { \"m\": { \"provider\": \"mock\",\n    \"price\": { \"input\": \"-1\", \"output\": 1 } } }\n}\n", "4", "models.m.price.input" },
        { "budget", "{\n  \"version\": 1,\n  \"budgets\": [\n    { \"usd\": 1, \"then\": \"route:none\" } ]\n}\n", "4", "budgets[0].then" },
    };
    size_t i;
    for (i = 0; i < T_COUNT(rows); i++) {
        f_str said = { NULL, 0, 0 };
        int status = check_config(rows[i].text, &said);
        t_row(rows[i].label);
        if (strncmp(rows[i].field, "warning", 7)) t_ok("refused", status > 0);
        else t_int("taken", status, 0);
        contains("line", said.s, fmt(":%s:", rows[i].line));
        contains("field", said.s, rows[i].field);
    }
    {
        f_str said = { NULL, 0, 0 }, many = { NULL, 0, 0 };
        t_row("more complaints than are listed");
        f_puts(&many, "{ \"version\": 1, \"limits\": [ { \"rpm\": 1");
        for (i = 0; i < 70; i++) f_puts(&many, fmt(", \"x%d\": 0", (int)i));
        f_puts(&many, " },\n { \"rpm\": 0 } ] }");
        t_ok("refused", check_config(many.s, &said) > 0);
        contains("why", said.s, ":2:11: limits[1].rpm: a whole number");
        contains("how many", said.s, "check.json: 7 more complaints");
    }
    {
        f_str said = { NULL, 0, 0 };
        t_row("good, with comments");
        if (!t_int("status", check_config("// a comment\n{ \"version\": 1, /* another */\n \"providers\": { \"a\": { \"dialect\": \"anthropic\", \"base_url\": \"http://127.0.0.1:1\", \"key\": \"env:AIGW_TEST_KEY\" } } }\n",
                   &said), 0)) printf("  %s\n", said.s);
        t_ok("no key in it", !strstr(said.s, KEY));
    }
    {
        f_str said = { NULL, 0, 0 };
        t_row("all of policy");
        if (!t_int("status", check_config("{ \"version\": 1, \"providers\": { \"a\": { \"dialect\": \"anthropic\", \"base_url\": \"http://127.0.0.1:1\" } },\n"
                   " \"models\": { \"m\": { \"provider\": \"a\", \"grade\": 3, \"price\": { \"input\": \"3\", \"output\": \"15\" } } }, \"routes\": { \"r\": { \"models\": [\"m\"], \"order\": \"cheapest\", \"degrade\": [\"busy\"] } },\n"
                   " \"tasks\": [{ \"when\": { \"code\": true }, \"route\": \"r\" }], \"limits\": [{ \"by\": [\"user\"], \"rpm\": 60 }], \"budgets\": [{ \"by\": [\"tenant\"], \"usd\": \"5\", \"per\": \"day\" }],\n"
                   " \"tenants\": { \"t\": { \"keys\": [\"sha256:0000000000000000000000000000000000000000000000000000000000000000\",\n"
                   "   { \"sha256\": \"sha256:1111111111111111111111111111111111111111111111111111111111111111\", \"name\": \"ci\", \"user\": \"u\", \"feature\": \"f\", \"env\": \"e\", \"prompt\": \"p@1\", \"class\": \"batch\", \"pin\": [\"user\", \"class\"] }],\n"
                   "   \"routes\": [\"r\"], \"limits\": { \"tpm\": 5 }, \"budget\": { \"usd\": 1 } } },\n"
                   " \"cache\": { \"bytes\": 1000000, \"ttl_s\": 5, \"when\": \"always\" }, \"queue\": { \"slots\": 8, \"batch_slots\": 4, \"waiting\": 9, \"wait_ms\": 100, \"batch_waiting\": 99, \"batch_wait_ms\": 1000, \"lifo_ms\": 50 },\n"
                   " \"breaker\": { \"percent\": 40, \"open_ms\": 100 }, \"retry\": { \"attempts\": 4, \"base_ms\": 10 }, \"dated\": \"2999-01-01\" }\n", &said), 0)) printf("  %s\n", said.s);
        contains("good", said.s, "check.json: good");
        t_ok("no warning", !strstr(said.s, "warning"));
    }
}
/* A configuration that is good, and warned of in these words (NULL: nothing is said of `word`). */
static void warned(const char *row, const char *text, const char *said_, const char *word) {
    f_str said = { NULL, 0, 0 };
    t_row(row);
    t_int("good all the same", check_config(text, &said), 0);
    if (said_) contains("warned", said.s, said_);
    else t_ok("not warned", !strstr(said.s, word));
}
/* Rules that tenants share without saying so are warned of. */
T(checks_shared_rules) {
    static const struct { const char *label, *tenants, *rules, *said; } rows[] = {
        { "a limit by user", "\"a\": {\"keys\":[]}, \"b\": {\"keys\":[]}", "\"limits\": [ { \"by\": [\"tenant\"], \"rpm\": 9 },\n { \"by\": [\"user\"], \"rpm\": 9 } ]", ":2:2: warning: limits[1]: `by` without \"tenant\"" },
        { "a budget by feature", "\"a\": {\"keys\":[]}, \"b\": {\"keys\":[]}", "\"budgets\": [\n { \"by\": [\"model\", \"feature\"], \"usd\": 1 } ]", ":2:2: warning: budgets[0]: `by` without \"tenant\"" },
        { "by tenant, too", "\"a\": {\"keys\":[]}, \"b\": {\"keys\":[]}", "\"limits\": [ { \"by\": [\"user\", \"tenant\"], \"rpm\": 9 } ]", NULL },
        { "of one tenant", "\"a\": {\"keys\":[]}, \"b\": {\"keys\":[]}", "\"limits\": [ { \"by\": [\"env\"], \"when\": { \"tenant\": \"a\" }, \"rpm\": 9 } ]", NULL },
        { "its own", "\"a\": {\"keys\":[], \"limits\": { \"rpm\": 9 } }, \"b\": {\"keys\":[]}", "\"limits\": []", NULL },
        { "of a model", "\"a\": {\"keys\":[]}, \"b\": {\"keys\":[]}", "\"limits\": [ { \"by\": [\"model\"], \"rpm\": 9 } ]", NULL },
        { "one tenant", "\"a\": {\"keys\":[]}", "\"limits\": [ { \"by\": [\"user\"], \"rpm\": 9 } ]", NULL },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        warned(rows[i].label, fmt("{ \"version\": 1, \"tenants\": { %s }, %s }\n", rows[i].tenants, rows[i].rules), rows[i].said, "`by` without");
}
/* A step down to a route that a tenant may not use is not taken: it is said before. */
T(checks_steps_down) {
    static const struct { const char *label, *tenants, *rules, *said; } rows[] = {
        { "of all", "\"a\": {\"keys\":[]}, \"b\": {\"keys\":[], \"routes\": [\"r\"]}", "\"budgets\": [\n { \"usd\": 1, \"by\": [\"tenant\"], \"then\": \"route:s\" } ]", ":2:2: warning: budgets[0]: `then`: tenant \"b\" may not use the route \"s\"" },
        { "its own", "\"b\": {\"keys\":[], \"routes\": [\"r\"],\n\"budget\": { \"usd\": 1, \"then\": \"route:s\" } }", "\"budgets\": []", ":2:11: warning: tenants.b.budget: `then`: tenant \"b\"" },
        { "it may", "\"b\": {\"keys\":[], \"routes\": [\"r\", \"s\"]}", "\"budgets\": [ { \"usd\": 1, \"by\": [\"tenant\"], \"then\": \"route:s\" } ]", NULL },
        { "it may all", "\"b\": {\"keys\":[], \"routes\": [\"*\"]}", "\"budgets\": [ { \"usd\": 1, \"by\": [\"tenant\"], \"then\": \"route:s\" } ]", NULL },
        { "of another", "\"a\": {\"keys\":[]}, \"b\": {\"keys\":[], \"routes\": [\"r\"]}", "\"budgets\": [ { \"usd\": 1, \"when\": { \"tenant\": \"a\" }, \"then\": \"route:s\" } ]", NULL },
        { "no route", "\"b\": {\"keys\":[], \"routes\": [\"r\"]}", "\"budgets\": [ { \"usd\": 1, \"by\": [\"tenant\"], \"then\": \"stale\" } ]", NULL },
    };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        warned(rows[i].label, fmt("{ \"version\": 1, \"routes\": { \"r\": { \"models\": [\"mock/echo\"] }, \"s\": { \"models\": [\"mock/think\"] } }, \"tenants\": { %s }, %s }\n", rows[i].tenants, rows[i].rules),
               rows[i].said, "may not use");
}
/* --registry: complaints with its name, its age, and what it knows of a provider is offered. */
T(checks_registry) {
    static const char none[] = "{ \"version\": 1 }", route[] = "{ \"providers\": { \"anthropic\": { \"family\": \"anthropic\", \"key\": \"\" } }, \"routes\": { \"r\": { \"models\": [\"my-claude\"] } } }";
    f_str said[5];
    memset(said, 0, sizeof said);
    t_ok("refused", check_both(none, "{\n  \"models\": { \"m\": { \"provider\": \"x\",\n    \"price\": { \"input\": \"x\", \"output\": 1 } } }\n}", &said[0]) > 0);
    contains("where", said[0].s, "known.json:3:");
    contains("what", said[0].s, "models.m.price.input");
    t_int("old", check_both(none, "{ \"dated\": \"2020-01-01\" }", &said[1]), 0);
    contains("says so", said[1].s, "days old");
    t_int("not old", check_both(none, "{ \"dated\": \"2999-01-01\" }", &said[2]), 0);
    t_ok("says nothing", !strstr(said[2].s, "days old"));
    t_int("known", check_both(route, "// a comment\n{ \"models\": { \"my-claude\": { \"provider\": \"anthropic\", \"id\": \"x\" } } }", &said[3]), 0);
    t_ok("not known", check_both(route, "{ \"models\": {} }", &said[4]) > 0);
    contains("where", said[4].s, "routes.r.models[0]");
}
static const char *said_on_stderr(const char *name) {
    t_bytes b = t_file(fmt("%s/%s.err", scratch, name));
    f_str s = { NULL, 0, 0 };
    f_put(&s, b.p ? b.p : "", b.p ? b.n : 0);
    return s.s;
}
T(port_taken) {
    child c;
    const char *listen = fmt("127.0.0.1:%d", gateway.port);
    if (t_ok("starts", serve(&c, "second", NULL, listen, NULL))) {
        reply r = talk(c.port, get_text("/health", NULL));
        t_ok("another port", c.port != gateway.port);
        t_int("serves there", r.status, 200);
        contains("says so", said_on_stderr("second"), fmt("%d", gateway.port));
    }
    t_int("ends on SIGTERM", finish(&c, 1), 0);
}
/* SIGTERM: what runs is answered whole, and says that the connection closes, where its head is still to come; what was sent behind it gets its 503. */
T(terminates_politely) {
    for (int stream = 0; stream < 2; stream++) for (int behind = 0; behind < 2; behind++) {
        const char *body = fmt("{\"model\":\"m\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", stream ? "true" : "false");
        const char *text = post_text("/v1/chat/completions", "Authorization: Bearer k\r\n", body);
        child c;
        link_ l;
        reply r;
        label("openai", stream ? "streamed" : "whole", behind ? "another one behind" : "alone");
        memset(&c, 0, sizeof c);
        if (!t_ok("starts", serve(&c, "ending", write_file("ending.json", fmt("{\"version\":1,\"providers\":{\"o\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://127.0.0.1:%d/v1\",\"key\":\"env:AIGW_TEST_KEY\"}},"
            "\"models\":{\"m\":{\"provider\":\"o\",\"id\":\"slow-40\"}}}", provider.port)), "127.0.0.1:0", NULL))) { finish(&c, 1); return; }
        provider_reset();
        l = dial(c.port);
        send_bytes(&l, text, strlen(text));
        if (stream) while (more(&l, now_ms() + WAIT) > 0 && !memmem(l.p, l.n, "\r\n\r\n", 4)) { }
        else t_ok("under way", state_is("requests", 1, WAIT));
        if (behind) send_bytes(&l, text, strlen(text));
        kill(c.pid, SIGTERM);
        r = receive(&l);
        t_int("status", r.status, 200);
        t_ok("whole", r.complete);
        t_ok("announced", stream || (header(&r, "connection") && !strcmp(header(&r, "connection"), "close")));
        if (stream && behind) {
            r = receive(&l);
            t_int("what came behind", r.status, 503);
            t_ok("announced", header(&r, "connection") && !strcmp(header(&r, "connection"), "close"));
        }
        t_ok("closes", closes(&l) && !l.n);
        hang_up(&l);
        t_int("ends", finish(&c, 0), 0);
    }
}
/* With no configuration and no key: the built-in provider answers in every dialect. */
T(mock_without_configuration) {
    child c;
    int i, stream;
    if (t_ok("starts", serve(&c, "bare", NULL, "127.0.0.1:0", NULL))) {
        for (i = 0; i < 3; i++)
            for (stream = 0; stream < 2; stream++) {
                reply r = talk(c.port, request(i, "mock/echo", stream, NULL));
                label(client_name[i], "mock", stream ? "streamed" : "whole");
                t_int("status", r.status, 200);
                if (stream) { f_fold f = fold(i, &r); t_ok("grammar", !f.bad && f.errors == 0); t_ok("text", *answer_text(i, f.whole)); }
                else t_ok("text", *answer_text(i, json_of(&r)));
            }
    }
    finish(&c, 1);
}
/* Each dialect under its base path, and only there: shape of the models list, of errors, whole and streamed. */
T(base_paths) {
    static const char *const bases[] = { "/openai", "/anthropic", "/gemini" }, *const lists[] = { "/v1/models", "/v1/models", "/v1beta/models" };
    static const struct { int client; const char *path; } wrong[] = {
        { ANT, "/anthropic/v1/chat/completions" }, { OAI, "/openai/v1/messages" }, { GEM, "/gemini/v1/messages" }, { OAI, "/openai" }, { ANT, "/anthropic/" }, { OAI, "/anthropics/v1/messages" },
        { ANT, "/anthropic/anthropic/v1/messages" }, { ANT, "/anthropic?x=/v1/messages" }
    };
    size_t i;
    int stream;
    for (i = 0; i < 3; i++) {
        const f_json *j;
        reply r;
        ENOUGH;
        for (stream = 0; stream < 2; stream++) {
            const char *text = request((int)i, fmt("%s/text", up_name[(i + 1) % 3]), stream, NULL);
            label(client_name[i], bases[i], stream ? "streamed" : "whole");
            r = talk(gateway.port, fmt("POST %s%s", bases[i], text + 5));
            t_int("status", r.status, 200);
            t_str("text", stream ? answer_text((int)i, fold((int)i, &r).whole) : answer_text((int)i, json_of(&r)), strlen(HELLO), HELLO);
        }
        r = talk(gateway.port, get_text(fmt("%s%s", bases[i], lists[i]), NULL));              /* no header says who asks */
        j = json_of(&r);
        t_int("models", r.status, 200);
        t_ok("in its shape", i == OAI ? f_is(f_member(j, "object"), "list") : i == ANT ? f_member(j, "has_more") != NULL : f_member(j, "models") != NULL);
        r = talk(gateway.port, get_text(fmt("%s%s/nobody", bases[i], lists[i]), NULL));
        is_error((int)i, &r, 404);
    }
    for (i = 0; i < T_COUNT(wrong); i++) {
        reply r = talk(gateway.port, post_text(wrong[i].path, NULL, "{}"));
        label(wrong[i].path, "nothing", "there");
        contains("names the path as it was asked", is_error(wrong[i].client, &r, 404), fmt("%.*s", (int)strcspn(wrong[i].path, "?"), wrong[i].path));
    }
}

/* HMAC-SHA-256 and SHA-256 by openssl, in hexadecimal. `key` too; "" hashes only. */
static const char *openssl_hash(const char *key, const char *text) {
    char line[512], hex[80] = "";
    FILE *p;
    write_file("hash.in", text);
    snprintf(line, sizeof line, *key ? "openssl dgst -sha256 -mac HMAC -macopt hexkey:%s %s/hash.in 2>/dev/null" : "openssl dgst -sha256%s %s/hash.in 2>/dev/null", key, scratch);
    p = popen(line, "r");
    if (p) {
        if (fscanf(p, "%*[^=]= %64s", hex) != 1) hex[0] = 0;
        pclose(p);
    }
    return fmt("%s", hex);
}
/* The headers of a SigV4 request. skew: of its date. */
static const char *signed_headers(const char *method, const char *path, const char *host, const char *body, const char *id, const char *secret, long skew) {
    const time_t at = time(NULL) + skew;
    struct tm tm;
    char date[32], day[16];
    const char *canonical, *k;
    f_str hex = { NULL, 0, 0 };
    size_t i;
    gmtime_r(&at, &tm);
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm);
    strftime(day, sizeof day, "%Y%m%d", &tm);
    canonical = fmt("%s\n%s\n\nhost:%s\nx-amz-date:%s\n\nhost;x-amz-date\n%s", method, path, host, date, openssl_hash("", body));
    f_puts(&hex, "41575334");                                  /* "AWS4" */
    for (i = 0; secret[i]; i++) f_puts(&hex, fmt("%02x", (unsigned)(unsigned char)secret[i]));
    k = openssl_hash(openssl_hash(openssl_hash(openssl_hash(hex.s, day), "us-east-1"), "bedrock"), "aws4_request");
    return fmt("X-Amz-Date: %s\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=%s\r\n", date, id, day,
               openssl_hash(k, fmt("AWS4-HMAC-SHA256\n%s\n%s/us-east-1/bedrock/aws4_request\n%s", date, day, openssl_hash("", canonical))));
}
/* Clients that sign: verified against the pair of a tenant; keys go on working; without tenants any signature is taken. */
/* What SDKs were found to need (tests/sdk): ids in their own headers, and InvokeModel without a content-type. */
T(sdk_needs) {
    static const struct { const char *path, *header, *body;
    } ids[] = {
        { "/model/oai-text/converse", "x-amzn-requestid",
          "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}" },
        { "/model/gem-err-400/converse", "x-amzn-requestid",
          "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}" },
        { "/v2/chat", "x-debug-trace-id",
          "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}" },
        { "/v1/messages", "request-id",
          "{\"model\":\"oai-text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}" },
        { "/mistral/v1/chat/completions", "x-request-id",
          "{\"model\":\"oai-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}" },
    };
    static const char titan[] = "{\"inputText\":\"x\"}", model[] = "/model/oai%2Fembed/invoke";
    size_t i;
    reply r;
    for (i = 0; i < T_COUNT(ids); i++) {
        t_row(ids[i].path);
        r = talk(gateway.port, post_text(ids[i].path, NULL, ids[i].body));
        t_ok("an id", header(&r, ids[i].header) && *header(&r, ids[i].header));
    }
    t_row("");
    r = talk(gateway.port, fmt("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 "
                               "x\r\nContent-Length: %d\r\n\r\n%s",
                               model, (int)sizeof titan - 1, titan));
    if (!t_int("no type, and a signature", r.status, 200)) printf("  %.300s\n", r.body.s);
    r = talk(gateway.port, fmt("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", model,
                               (int)sizeof titan - 1, titan));
    t_int("no type, and nothing that a page could not send", r.status, 400);
    r = talk(gateway.port, fmt("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                               "x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
                               model, (int)sizeof titan - 1, titan));
    t_int("another type", r.status, 400);
}
T(signed_clients) {
    static const char path[] = "/anthropic/v1/messages", host[] = "127.0.0.1", id[] = "AKIDTEAM", secret[] = "team-secret/x";
    static const char body[] = "{\"model\":\"up/text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
    const char *config, *good;
    f_str said = { NULL, 0, 0 };
    child c;
    reply r;
    if (strlen(openssl_hash("", "abc")) != 64) {
        t_skip("openssl");
        return;
    }
    config = write_file("signed.json", fmt("{\"version\":1,\"providers\":{\"up\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://127.0.0.1:%d/v1\",\"key\":\"env:AIGW_TEST_KEY\"}},"
        "\"tenants\":{\"team\":{\"sigv4\":{\"access_key\":\"%s\",\"secret\":\"env:AIGW_TEST_SECRET\"}},\"other\":{\"keys\":[\"sha256:%s\"]}}}",
        provider.port, id, openssl_hash("", "bearer-key")));
    if (t_ok("starts", serve(&c, "signed", config, "127.0.0.1:0", fmt("AIGW_TEST_SECRET=%s", secret)))) {
        good = signed_headers("POST", path, host, body, id, secret, 0);
        r = talk(c.port, post_text(path, good, body));
        t_int("signed", r.status, 200);
        r = talk(c.port, post_text(path, good, fmt("%s ", body)));
        contains("another body", is_error(ANT, &r, 401), "does not match");
        r = talk(c.port, post_text("/v1/messages", good, body));
        is_error(ANT, &r, 401);
        r = talk(c.port, post_text(path, signed_headers("POST", path, host, body, id, "another", 0), body));
        contains("another secret", is_error(ANT, &r, 401), "does not match");
        r = talk(c.port, post_text(path, signed_headers("POST", path, host, body, "AKIDNOBODY", secret, 0), body));
        is_error(ANT, &r, 401);
        r = talk(c.port, post_text(path, signed_headers("POST", path, host, body, id, secret, -400), body));
        contains("too old", is_error(ANT, &r, 401), "clocks");
        r = talk(c.port, post_text(path, NULL, body));
        is_error(ANT, &r, 401);
        r = talk(c.port, post_text(path, "x-api-key: bearer-key\r\n", body));
        t_int("a key", r.status, 200);
        {                                                      /* as boto3 asks: its own base path, the model's slash encoded in the path, and once more in what is signed */
            static const char converse[] = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]}", target[] = "/bedrock/model/up%2Ftext/converse", canonical[] = "/bedrock/model/up%252Ftext/converse";
            r = talk(c.port, post_text(target, signed_headers("POST", canonical, host, converse, id, secret, 0), converse));
            t_int("Bedrock", r.status, 200);
            contains("its answer", r.body.s, "Hello from the provider");
            r = talk(c.port, post_text(target, signed_headers("POST", target, host, converse, id, secret, 0), converse));
            t_ok("encoded once is another path", r.status == 401 || r.status == 403);
        }
        t_ok("its secret is nowhere", !strstr(c.text.s, secret) && !strstr(said_on_stderr("signed"), secret));
        finish(&c, 1);
    }
    r = talk(gateway.port, post_text("/anthropic/v1/messages", signed_headers("POST", path, host, body, id, secret, -4000), "{\"model\":\"oai/text\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
    t_int("an open listener takes any", r.status, 200);
    t_ok("a pair without a secret", check_config("{\n \"tenants\": { \"t\": {\n \"sigv4\": { \"access_key\": \"A\" } } } }", &said) > 0);
    contains("line", said.s, ":3:");
    contains("what it needs", said.s, "secret");
}

/* Who forwards is held to the tenant's list, and stands in the log with what it cost. */
T(forwarding_is_of_tenants) {
    static const char secret[] = "team-secret/x", path[] = "/raw/up/files";
    const char *config;
    f_str said = { NULL, 0, 0 };
    child c;
    reply r;
    if (strlen(openssl_hash("", "abc")) != 64) {
        t_skip("openssl");
        return;
    }
    config = write_file("forwards.json", fmt("{\"version\":1,\"providers\":{\"up\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://127.0.0.1:%d/v1\",\"key\":\"env:AIGW_TEST_KEY\",\"raw\":{\"usd\":\"0.04\"}}},"
        "\"models\":{\"pub\":{\"provider\":\"up\",\"id\":\"text\"}},\"tenants\":{\"forwards\":{\"routes\":[\"pub\",\"raw/up\"],\"keys\":[{\"sha256\":\"sha256:%s\",\"user\":\"ann\",\"feature\":\"files\"}]},"
        "\"asks\":{\"routes\":[\"pub\"],\"keys\":[\"sha256:%s\"],\"sigv4\":{\"access_key\":\"AKIDASKS\",\"secret\":\"env:AIGW_TEST_SECRET\"}}}}",
        provider.port, openssl_hash("", "key-forwards"), openssl_hash("", "key-asks")));
    if (t_ok("starts", serve(&c, "forwards", config, "127.0.0.1:0", fmt("AIGW_TEST_SECRET=%s", secret)))) {
        r = talk(c.port, post_text(path, "Authorization: Bearer key-forwards\r\n", "{}"));
        t_ok("forwarded", r.status < 400 || r.status == 404);
        contains("what it cost", header(&r, "x-aigw-cost-usd"), r.status < 400 ? "0.04" : "0.00");
        r = talk(c.port, post_text(path, "Authorization: Bearer key-asks\r\n", "{}"));
        t_int("not in the list", r.status, 403);
        contains("says how", r.body.s, "raw/NAME");
        r = talk(c.port, post_text(path, signed_headers("POST", path, "127.0.0.1", "{}", "AKIDASKS", secret, 0), "{}"));
        t_int("nor signed", r.status, 403);
        contains("says how, too", r.body.s, "raw/NAME");
        finish(&c, 1);
        contains("whose it was", said_on_stderr("forwards"), "\"tenant\":\"forwards\"");
        contains("for what", said_on_stderr("forwards"), "\"feature\":\"files\"");
        contains("by whom", said_on_stderr("forwards"), "\"user\":\"ann\"");
        contains("the cost", said_on_stderr("forwards"), "\"cost_usd\":");
        contains("who was refused", said_on_stderr("forwards"), "\"tenant\":\"asks\"");
    }
    t_ok("not a provider", check_config("{\n \"tenants\": { \"t\": {\n \"routes\": [\"raw/nobody\"] } } }", &said) > 0);
    contains("line", said.s, ":3:");
    contains("field", said.s, "tenants.t.routes[0]");
}

/* A video task: created at a provider, polled there, since the provider is in the path; the client's key never gets there. */
T(raw_tasks) {
    static const char *const states[] = { "queued", "running", "succeeded" };
    static const char path[] = "/raw/oai/contents/generations/tasks", key[] = "Authorization: Bearer client-key\r\n";
    const f_json *j;
    char id[64];
    size_t i;
    reply r = talk(gateway.port, post_text(path, key, "{\"model\":\"seedance\",\"content\":[]}"));
    t_int("created", r.status, 200);
    j = f_member(json_of(&r), "id");
    snprintf(id, sizeof id, "%s", j && j->type == 's' ? j->s : "none");
    for (i = 0; i < 3; i++) {
        r = talk(gateway.port, get_text(fmt("%s/%s", path, id), key));
        t_ok("polled", f_is(f_member(json_of(&r), "status"), states[i]));
    }
    t_ok("result", f_member(json_of(&r), "content") != NULL);
    contains("who", header(&r, "x-aigw-provider"), "oai");
    j = provider_says("/last");
    t_ok("path", f_is(f_get(j, "[0].path"), fmt("/v1/contents/generations/tasks/%s", id)));
    t_ok("no client's key", f_is(f_get(j, "[0].headers.authorization"), fmt("Bearer %s", KEY)));
    r = talk(gateway.port, fmt("DELETE %s/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path, id));
    t_int("deleted", r.status, 200);
    r = talk(gateway.port, get_text(fmt("%s/%s", path, id), NULL));
    t_int("gone", r.status, 404);
    t_ok("the provider's own error", strstr(r.body.s, "task not found") != NULL);
    r = talk(gateway.port, get_text("/raw/ant/v1/files", NULL));
    t_int("not allowed", r.status, 403);
    contains("says how", r.body.s, "\\\"raw\\\": true");
    r = talk(gateway.port, get_text("/raw/oai/files", "Sec-Fetch-Site: cross-site\r\n"));
    t_int("a foreign page", r.status, 403);
}

/* A provider that this test plays itself: its listener. */
static int listen_here(int *port) {
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 8) || getsockname(fd, (struct sockaddr *)&a, &n)) return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    *port = ntohs(a.sin_port);
    return fd;
}
static int accept_one(int fd) {
    struct pollfd p;
    int c;
    p.fd = fd;
    p.events = POLLIN;
    if (poll(&p, 1, WAIT) <= 0 || (c = accept(fd, NULL, NULL)) < 0) return -1;
    fcntl(c, F_SETFL, O_NONBLOCK);
    fcntl(c, F_SETFD, FD_CLOEXEC);
    return c;
}
/* Move the byte pattern from one end to the other, `all` bytes, with the reader standing still for as long as the writer can write; how many bytes the middle held then, -1 when
   anything was wrong. `at`: of the reader. */
static long through(int from, int to, long all, long already, char *buf, size_t cap) {
    long sent = 0, got = already, held = 0, until = now_ms() + 6L * WAIT, bad = 0;
    int reading = 0, stuck = 0;
    while (got < all && now_ms() < until) {
        struct pollfd p[2];
        ssize_t k;
        long i, moved = 0;
        p[0].fd = from, p[0].events = POLLOUT;
        p[1].fd = to, p[1].events = reading ? POLLIN : 0;
        p[0].revents = p[1].revents = 0;
        poll(p, 2, 20);
        if (sent < all && p[0].revents & POLLOUT) {
            const size_t n = all - sent < (long)cap ? (size_t)(all - sent) : cap;
            for (i = 0; i < (long)n; i++) buf[i] = (char)((sent + i) * 31 >> 3);
            k = send(from, buf, n, MSG_NOSIGNAL);
            if (k > 0) sent += k, moved = k;
            else if (errno != EAGAIN) return -1;
        }
        if (reading && p[1].revents) {
            k = recv(to, buf, cap, 0);
            if (k <= 0) return -1;
            for (i = 0; i < k; i++) bad += buf[i] != (char)((got + i) * 31 >> 3);
            got += k;
        }
        stuck = moved ? 0 : stuck + 1;
        if (!reading && (stuck > 10 || sent == all)) held = sent - got, reading = 1;
    }
    return bad || got != all ? -1 : held;
}
/* 48 MB up, then 48 MB down, each with a reader that stands still at first: the other side is held, the gateway does not grow, every byte arrives. */
T(raw_large) {
    static char buf[1 << 16];
    const long all = 48L << 20;
    int port = 0, listener = listen_here(&port), up;
    long before, held, until;
    child c;
    link_ l, u;
    const char *config = write_file("bulk.json", fmt("{\"version\":1,\"providers\":{\"bulk\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://127.0.0.1:%d/api\",\"key\":\"env:AIGW_TEST_KEY\",\"raw\":true}}}", port));
    memset(&u, 0, sizeof u);
    if (t_ok("starts", serve(&c, "bulk", config, "127.0.0.1:0", NULL))) {
        const char *text = fmt("PUT /raw/bulk/files/1?part=2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: %ld\r\n\r\n", all);
        l = dial(c.port);
        send_bytes(&l, text, strlen(text));
        u.fd = up = accept_one(listener);
        before = rss_kb(c.pid);
        until = now_ms() + WAIT;
        while ((!u.n || !memmem(u.p, u.n, "\r\n\r\n", 4)) && more(&u, until) > 0) { }
        t_ok("head", u.n && !memcmp(u.p, "PUT /api/files/1?part=2 HTTP/1.1\r\n", 34));
        held = through(l.fd, up, all, 0, buf, sizeof buf);
        t_ok("up: every byte", held >= 0);
        t_ok("up: the client was held", held < 24L << 20);
        text = fmt("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %ld\r\n\r\n", all);
        t_ok("answer", send(up, text, strlen(text), MSG_NOSIGNAL) > 0);
        until = now_ms() + WAIT;
        while ((!l.n || !memmem(l.p, l.n, "\r\n\r\n", 4)) && more(&l, until) > 0) { }
        t_ok("head", l.n > 12 && !memcmp(l.p, "HTTP/1.1 200", 12) && memmem(l.p, l.n, "video/mp4", 9));
        held = through(up, l.fd, all, 0, buf, sizeof buf);
        t_ok("down: every byte", held >= 0);
        t_ok("down: the provider was held", held < 24L << 20);
        if (!t_ok("the gateway did not grow", rss_kb(c.pid) - before < 1024)) printf("  from %ld kB to %ld kB\n", before, rss_kb(c.pid));
        hang_up(&l);
        hang_up(&u);
        l = dial(c.port);                                       /* gone in the middle of the answer: the provider's connection ends at once */
        text = "GET /raw/bulk/files/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        send_bytes(&l, text, strlen(text));
        memset(&u, 0, sizeof u);
        u.fd = accept_one(listener);
        text = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc";
        t_ok("answer", send(u.fd, text, strlen(text), MSG_NOSIGNAL) > 0);
        until = now_ms() + WAIT;
        while ((!l.n || !memmem(l.p, l.n, "abc", 3)) && more(&l, until) > 0) { }
        t_ok("it came at once", l.n > 3 && !memcmp(l.p + l.n - 3, "abc", 3));
        hang_up(&l);
        t_ok("upstream closed", closes(&u));
        hang_up(&u);
    }
    finish(&c, 1);
    close(listener);
}
static int run(const char *line) { return system(fmt("cd %s && (%s) >>openssl.log 2>&1", scratch, line)) == 0; }
/* A service account: its key file read, the assertion signed by RS256 (checked by openssl), one token for all requests; PKCS #8 and PKCS #1. */
T(service_accounts) {
    int port = 0, listener = listen_here(&port), k;
    if (system("openssl version >/dev/null 2>&1") != 0) { t_skip("openssl"); return; }
    if (!t_ok("key", run("openssl genrsa 2048 2>/dev/null >rsa0.pem && openssl rsa -in rsa0.pem -pubout -out rsa.pub && openssl rsa -in rsa0.pem -traditional -out rsa1.pem"))) return;
    for (k = 0; k < 2; k++) {
        t_bytes pem = t_file(fmt("%s/rsa%d.pem", scratch, k));
        f_str account = { NULL, 0, 0 };
        child g;
        size_t i;
        f_puts(&account, "{\"type\":\"service_account\",\"private_key_id\":\"k1\",\"client_email\":\"robot@p.test\",\"private_key\":\"");
        for (i = 0; i < pem.n; i++) if (pem.p[i] == '\n') f_puts(&account, "\\n"); else f_put(&account, &pem.p[i], 1);
        f_puts(&account, fmt("\",\"token_uri\":\"http://127.0.0.1:%d/token\"}", port));
        t_row(k ? "PKCS #1" : "PKCS #8");
        if (t_ok("gateway", serve(&g, "gcp", write_file("gcp.json", fmt("{\"version\":1,\"providers\":{\"v\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://127.0.0.1:%d/v1\","
                "\"auth\":{\"type\":\"gcp\",\"credentials\":\"file:%s\"}}}}", provider.port, write_file("account.json", account.s))), "127.0.0.1:0", NULL))) {
            link_ l = dial(g.port), m = dial(g.port), t;
            const char *text = request(OAI, "v/text", 0, NULL), *at = NULL, *answer;
            char jwt[4096] = "", *dot;
            long until = now_ms() + WAIT;
            reply r;
            if (strstr(g.text.s, "built without TLS")) t_skip("BearSSL");
            else {
                send_bytes(&l, text, strlen(text));
                send_bytes(&m, text, strlen(text));
                memset(&t, 0, sizeof t);
                t.fd = accept_one(listener);
                while ((!t.n || !memmem(t.p, t.n, "assertion=", 10) || t.p[t.n - 1] == '=') && more(&t, until) > 0) { }
                if (t_ok("asked", t.n && !memcmp(t.p, "POST /token HTTP/1.1\r\n", 22) && (at = (const char *)memmem(t.p, t.n, "assertion=", 10)) != NULL)) {
                    snprintf(jwt, sizeof jwt, "%.*s", (int)(t.p + t.n - at - 10), at + 10);
                    dot = strrchr(jwt, '.');
                    if (t_ok("three parts", dot && strchr(jwt, '.') != dot)) {
                        write_file("jwt.sig", dot + 1);
                        *dot = 0;
                        write_file("jwt.text", jwt);
                        t_ok("its signature", run("(tr -- '-_' '+/' <jwt.sig; echo ==) | openssl base64 -d -A >jwt.bin; openssl dgst -sha256 -verify rsa.pub -signature jwt.bin jwt.text | grep OK"));
                    }
                }
                answer = fmt("{\"access_token\":\"%s\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", KEY);
                answer = fmt("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %lu\r\n\r\n%s", (unsigned long)strlen(answer), answer);
                send_bytes(&t, answer, strlen(answer));
                r = receive(&l);
                if (!t_int("status", r.status, 200)) printf("  %.300s\n", r.body.s);
                r = receive(&m);
                t_int("and of the other that waited", r.status, 200);
                r = talk(g.port, text);
                t_int("and later", r.status, 200);
                t_ok("its key is nowhere", !strstr(said_on_stderr("gcp"), "PRIVATE") && !strstr(said_on_stderr("gcp"), jwt));
                hang_up(&t);
            }
            hang_up(&l);
            hang_up(&m);
        }
        finish(&g, 1);
    }
    close(listener);
    {
        f_str said = { NULL, 0, 0 };
        t_row("credentials that are none");
        t_int("not an error of the file", check_config(fmt("{\"providers\":{\"v\":{\"dialect\":\"openai-chat\",\"base_url\":\"http://127.0.0.1:1\",\"auth\":{\"type\":\"gcp\",\"credentials\":\"file:%s\"}}}}",
              write_file("none.json", "{\"client_email\":\"a\",\"private_key\":\"no key\"}")), &said), 0);
        if (!strstr(said.s, "built without")) contains("but said", said.s, "provider v: not available: its private key cannot be used");
    }
}

T(leaks_nothing) {
    char path[64];
    reply r = talk(gateway.port, get_text("/health", NULL));
    int n = 0, fd;
    t_int("still alive", r.status, 200);
    for (fd = 0; fd < 1024; fd++) {
        struct stat st;
        snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)gateway.pid, fd);
        n += lstat(path, &st) == 0;
    }
    t_ok("few open files", n < 100);
    t_ok("few upstream connections", f_long(f_get(provider_says("/state"), "open"), 99) < 70);
}

/* ================================================================ TLS */


/* openssl s_server, its standard streams being the connection: one request in, one answer out. */
static int tls_server(child *c, const char *cert, const char *key) {
    char cp[160], kp[160], *at;
    char *argv[] = { (char *)(uintptr_t)"openssl", (char *)(uintptr_t)"s_server", (char *)(uintptr_t)"-accept", (char *)(uintptr_t)"127.0.0.1:0", (char *)(uintptr_t)"-naccept",
                     (char *)(uintptr_t)"1", (char *)(uintptr_t)"-cert", cp, (char *)(uintptr_t)"-key", kp, (char *)(uintptr_t)"-tls1_2", NULL };
    snprintf(cp, sizeof cp, "%s/%s", scratch, cert);
    snprintf(kp, sizeof kp, "%s/%s", scratch, key);
    spawn(c, cert, argv, NULL);
    if (!expect(c, "ACCEPT ", now_ms() + WAIT) || !expect(c, "\n", now_ms() + WAIT)) return 0;
    at = strstr(c->text.s, "ACCEPT ");
    at = strrchr(at, ':');
    c->port = at ? atoi(at + 1) : 0;
    return c->port > 0;
}
static int make_certificates(void) {
    write_file("ext_good", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    write_file("ext_other", "subjectAltName=DNS:elsewhere.example\n");
    return run("for n in ca rogue good other old untrusted; do openssl ecparam -genkey -name prime256v1 -noout -out $n.key || exit 1; done") &&
           run("for n in ca rogue; do openssl req -x509 -new -key $n.key -subj /CN=aigw-test-$n -days 2 -out $n.pem || exit 1; done") &&
           run("for n in good other old untrusted; do openssl req -new -key $n.key -subj /CN=localhost -out $n.csr || exit 1; done") &&
           run("openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile ext_good -out good.pem") &&
           run("openssl x509 -req -in other.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile ext_other -out other.pem") &&
           run("openssl x509 -req -in untrusted.csr -CA rogue.pem -CAkey rogue.key -CAcreateserial -days 1 -extfile ext_good -out untrusted.pem") &&
           run("mkdir -p db && : >db/index && echo 01 >db/serial && printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=db/index\\nserial=db/serial\\nnew_certs_dir=db\\n"
               "default_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' >db/cnf && openssl ca -batch -config db/cnf -cert ca.pem -keyfile ca.key -in old.csr "
               "-startdate 20240101000000Z -enddate 20240201000000Z -extfile ext_good -out old.pem");
}
T(tls) {
    static const char body[] = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"over TLS\"},"
                               "\"finish_reason\":\"stop\"}]}";
    static const char stream[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char chunk[] = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
                                "{\"role\":\"assistant\",\"content\":\"over TLS\"},\"finish_reason\":null}]}\n\n";
    static const struct { const char *name, *cert; } rows[] = { { "good", "good" }, { "cut", "good" }, { "other", "other" }, { "old", "old" }, { "untrusted", "untrusted" } };
    child s[T_COUNT(rows)], g;
    f_str config = { NULL, 0, 0 }, a = { NULL, 0, 0 };
    size_t i;
    if (system("openssl version >/dev/null 2>&1") != 0) { t_skip("openssl"); return; }
    if (!t_ok("certificates", make_certificates())) return;
    f_puts(&config, "{\"version\":1,\"providers\":{");
    for (i = 0; i < T_COUNT(rows); i++) {
        t_row(rows[i].name);
        t_ok("s_server", tls_server(&s[i], fmt("%s.pem", rows[i].cert), fmt("%s.key", rows[i].cert)));
        f_puts(&config, fmt("%s\"%s\":{\"dialect\":\"openai-chat\",\"base_url\":\"https://localhost:%d/v1\",\"key\":\"env:AIGW_TEST_KEY\"}", i ? "," : "", rows[i].name, s[i].port));
    }
    f_puts(&config, "}}");
    if (t_ok("gateway", serve(&g, "tls", write_file("tls.json", config.s), "127.0.0.1:0", fmt("SSL_CERT_FILE=%s/ca.pem", scratch)))) {
        if (strstr(g.text.s, "built without TLS")) t_skip("BearSSL");
        else for (i = 0; i < T_COUNT(rows); i++) {
            link_ l = dial(g.port);
            const char *text = request(OAI, fmt("%s/m", rows[i].name), i == 1, NULL), *m;
            reply r;
            t_row(rows[i].name);
            send_bytes(&l, text, strlen(text));
            if (i < 2) t_ok("request arrives", expect(&s[i], "\"messages\"", now_ms() + WAIT));
            a.n = 0;
            if (i == 0) {
                f_puts(&a, fmt("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %lu\r\n\r\n%s", (unsigned long)strlen(body), body));
                contains("path", s[i].text.s, "POST /v1/chat/completions HTTP/1.1");
                contains("key", s[i].text.s, KEY);
                t_ok("written", write(s[i].err, a.s, a.n) == (ssize_t)a.n);
                r = receive(&l);
                if (!t_ok("text", !strcmp(answer_text(OAI, json_of(&r)), "over TLS"))) printf("  %s%.300s\n", r.head.s, r.body.s);
            } else if (i == 1) {                                     /* the stream breaks off without close_notify */
                long until = now_ms() + WAIT;
                f_puts(&a, fmt("%s%lx\r\n%s\r\n", stream, (unsigned long)strlen(chunk), chunk));
                t_ok("written", write(s[i].err, a.s, a.n) == (ssize_t)a.n);
                while ((!l.n || !memmem(l.p, l.n, "over TLS", 8)) && more(&l, until) > 0) { }
                kill(s[i].pid, SIGKILL);
                r = receive(&l);
                check_broken(OAI, &r, "cut");
                contains("what came before", r.body.s, "over TLS");
            } else {
                r = receive(&l);
                m = is_error(OAI, &r, 502);
                contains("says why", m, "ertificate");
                t_ok("the request never left", !expect(&s[i], "POST /v1", now_ms() + 30));
            }
            hang_up(&l);
        }
    }
    finish(&g, 1);
    for (i = 0; i < T_COUNT(rows); i++) { kill(s[i].pid, SIGKILL); finish(&s[i], 0); }
}
T(raw_tls) {
    child s, g;
    f_str config = { NULL, 0, 0 };
    if (system("openssl version >/dev/null 2>&1") != 0) { t_skip("openssl"); return; }
    if (!t_ok("certificates", make_certificates()) || !t_ok("s_server", tls_server(&s, "good.pem", "good.key"))) return;
    f_puts(&config, fmt("{\"version\":1,\"providers\":{\"t\":{\"dialect\":\"openai-chat\",\"base_url\":\"https://localhost:%d/v1\",\"key\":\"env:AIGW_TEST_KEY\",\"raw\":true}}}", s.port));
    if (t_ok("gateway", serve(&g, "rawtls", write_file("rawtls.json", config.s), "127.0.0.1:0", fmt("SSL_CERT_FILE=%s/ca.pem", scratch)))) {
        if (strstr(g.text.s, "built without TLS")) t_skip("BearSSL");
        else {
            static const char text[] = "POST /raw/t/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nsay hello";
            static const char a[] = "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 5\r\n\r\nnoise";
            link_ l = dial(g.port);
            reply r;
            send_bytes(&l, text, sizeof text - 1);
            t_ok("request arrives", expect(&s, "say hello", now_ms() + WAIT));
            contains("path", s.text.s, "POST /v1/audio/speech HTTP/1.1");
            contains("key", s.text.s, KEY);
            t_ok("written", write(s.err, a, sizeof a - 1) == (ssize_t)(sizeof a - 1));
            r = receive(&l);
            t_int("status", r.status, 200);
            t_str("body", r.body.s, r.body.n, "noise");
            hang_up(&l);
        }
    }
    finish(&g, 1);
    kill(s.pid, SIGKILL);
    finish(&s, 0);
}

/* ================================================================ policy, by configuration alone */

static child governed;
static const char KEY_A[] = "Authorization: Bearer client-key\r\n", KEY_B[] = "Authorization: Bearer key-b\r\n", KEY_PINNED[] = "Authorization: Bearer key-pinned\r\n";

/* A gateway with limits, budgets, cache, tasks and tenants, begun by the first case that needs it. */
static int govern(void) {
    static const char text[] =
        "{ \"version\": 1, \"providers\": {\n"
        "  \"oai\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\" },\n"
        "  \"ant\": { \"dialect\": \"anthropic\", \"base_url\": \"http://127.0.0.1:%d\", \"key\": \"env:AIGW_TEST_KEY\" } },\n"
        "\"models\": {\n"
        "  \"paid\":  { \"provider\": \"oai\", \"id\": \"text\", \"grade\": { \"code\": 5 }, \"price\": { \"input\": \"3.00\", \"output\": \"15.00\" } },\n"
        "  \"cheap\": { \"provider\": \"ant\", \"id\": \"text\", \"price\": { \"input\": \"0.10\", \"output\": \"0.40\" } },\n"
        "  \"early\": { \"provider\": \"oai\", \"id\": \"err-in-stream\", \"price\": \"free\" },\n"
        "  \"down\":  { \"provider\": \"oai\", \"id\": \"err-503\", \"price\": \"free\" } },\n"
        "\"routes\": {\n"
        "  \"small\":  { \"models\": [\"cheap\"] },\n"
        "  \"both\":   { \"models\": [\"paid\", \"cheap\"] },\n"
        "  \"thrift\": { \"models\": [\"paid\", \"cheap\"], \"order\": \"cheapest\" },\n"
        "  \"faq\":    { \"models\": [\"paid\"], \"cache\": \"always\" },\n"
        "  \"held\":   { \"models\": [\"early\", \"cheap\"], \"hold\": { \"tokens\": 100, \"ms\": 2000 } },\n"
        "  \"broken\": { \"models\": [\"down\"], \"attempts\": 1 } },\n"
        "\"tasks\": [ { \"when\": { \"keywords\": [\"lawsuit\"] }, \"route\": \"small\" }, { \"when\": { \"feature\": \"chores\" }, \"route\": \"small\" } ],\n"
        "\"limits\": [ { \"when\": { \"feature\": \"rare\" }, \"rpm\": 1 } ],\n"
        "\"budgets\": [ { \"when\": { \"feature\": \"tight\" }, \"usd\": \"0.000002\", \"per\": \"day\" },\n"
        "  { \"when\": { \"feature\": \"soft\" }, \"usd\": \"0.01\", \"per\": \"day\", \"soft\": 0.01, \"then\": \"route:small\" },\n"
        "  { \"when\": { \"feature\": \"spend\" }, \"usd\": \"0.02\", \"per\": \"month\" } ],\n"
        "\"tenants\": {\n"
        "  \"a\": { \"keys\": [ { \"sha256\": \"sha256:8eb943e7040b69a94bf39562088223755bff4c2e7c5fc257f1e08f870fe01d35\", \"name\": \"laptop\" },\n"
        "      { \"sha256\": \"sha256:112a4071497458f8bf2e826bd0bb7e90ba3b92fa32159a5abc4f73240ed34594\", \"user\": \"robot\", \"feature\": \"chores\", \"env\": \"test\",\n"
        "        \"prompt\": \"nightly@3\", \"class\": \"batch\", \"pin\": [\"feature\", \"class\", \"prompt\"] } ] },\n"
        "  \"b\": { \"keys\": [\"sha256:a30534a53b23547377ddccbd1ac85a8a84c13db43493c16e55a6abc7b0eba634\"], \"routes\": [\"small\"] } },\n"
        "\"breaker\": { \"consecutive\": 2 }, \"queue\": { \"slots\": 32 }, \"cache\": {} }\n";
    if (governed.pid) return 1;
    return t_ok("starts", serve(&governed, "governed", write_file("governed.json", fmt(text, provider.port, provider.port)), "127.0.0.1:0", NULL));
}
/* What a program says on stderr, once it has said this. */
static void says_in(const char *name, const char *what, const char *part) {
    const long until = now_ms() + WAIT;
    f_str s = { NULL, 0, 0 };
    do {
        char buf[65536];
        FILE *f = fopen(fmt("%s/%s.err", scratch, name), "r");
        size_t n;
        s.n = 0;
        f_put(&s, "", 0);
        while (f && (n = fread(buf, 1, sizeof buf, f)) > 0) f_put(&s, buf, n);
        if (f) fclose(f);
        if (strstr(s.s, part)) break;
        poll(NULL, 0, 3);
    } while (now_ms() < until);
    if (!t_ok(what, strstr(s.s, part) != NULL)) printf("  \"%s\" is not said; the end: %s\n", part, s.n > 900 ? s.s + s.n - 900 : s.s);
}
static void says(const char *what, const char *part) { says_in("governed", what, part); }
/* One question of an OpenAI client: `more`: members; headers with the key. */
static reply ask(const char *model, const char *headers, const char *more_) {
    return talk(governed.port, post_text("/v1/chat/completions", headers, fmt("{\"model\":\"%s\",%s\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", model, more_)));
}
static void head_is(const reply *r, const char *name, const char *value) {
    const char *v = header(r, name);
    if (!t_ok(name, value ? v && strstr(v, value) : !v)) printf("  it is \"%s\", not \"%s\"\n%s\n%.400s\n", v ? v : "(none)", value ? value : "(none)", r->head.s, r->body.s);
}

T(policy_headers) {
    static const struct { const char *label, *key, *headers, *model, *more; int status; const char *name, *value; } rows[] = {
        { "by name", KEY_A, "", "paid", "", 200, "x-aigw-why", "by name; paid" },
        { "no cache but where it is asked for", KEY_A, "", "paid", "", 200, "x-aigw-cache", "BYPASS" },
        { "deterministic", KEY_A, "", "paid", "\"temperature\":0,", 200, "x-aigw-cache", "MISS" },
        { "and again", KEY_A, "", "paid", "\"temperature\":0,", 200, "x-aigw-cache", "HIT" },
        { "another tenant has its own", KEY_B, "", "small", "\"temperature\":0,", 200, "x-aigw-cache", "MISS" },
        { "an answer of another tenant is not served", KEY_A, "", "small", "\"temperature\":0,", 200, "x-aigw-cache", "MISS" },
        { "no cache by request", KEY_A, "x-aigw-cache: off\r\n", "paid", "\"temperature\":0,", 200, "x-aigw-cache", "BYPASS" },
        { "the cheapest first", KEY_A, "", "thrift", "", 200, "x-aigw-provider", "ant" },
        { "a grade is required", KEY_A, "x-aigw-require: grade.code>=4\r\n", "thrift", "", 200, "x-aigw-provider", "oai" },
        { "a price is required", KEY_A, "x-aigw-require: usd<=0.001\r\n", "both", "\"max_tokens\":1000,", 200, "x-aigw-provider", "ant" },
        { "nobody is so good", KEY_A, "x-aigw-require: grade.reasoning>=5\r\n", "both", "", 404, "x-should-retry", "false" },
        { "what is required cannot be read", KEY_A, "x-aigw-require: nonsense\r\n", "both", "", 400, "x-aigw-provider", NULL },
        { "a task chooses by feature", KEY_A, "x-aigw-feature: chores\r\n", "paid", "", 200, "x-aigw-route", "small" },
        { "a task chooses by the prompt", KEY_A, "", "paid", "LawSuit", 200, "x-aigw-why", "tasks[0] -> small" },
        { "the request's own route", KEY_A, "x-aigw-route: small\r\n", "paid", "", 200, "x-aigw-route", "small" },
        { "not on the tenant's list", KEY_B, "", "paid", "", 403, "x-should-retry", "false" },
        { "on it", KEY_B, "", "small", "", 200, "x-aigw-provider", "ant" },
        { "no key", "", "", "paid", "", 401, "x-should-retry", "false" },
        { "a feature that is pinned", KEY_PINNED, "x-aigw-feature: other\r\n", "paid", "", 200, "x-aigw-route", "small" },
    };
    size_t i;
    if (!govern()) return;
    for (i = 0; i < T_COUNT(rows); i++) {
        reply r;
        ENOUGH;
        t_row(rows[i].label);
        r = !strcmp(rows[i].more, "LawSuit")            /* the prompt, not a member */
                ? talk(governed.port, post_text("/v1/chat/completions", rows[i].key, "{\"model\":\"paid\",\"messages\":[{\"role\":\"user\",\"content\":\"Our LawSuit\"}]}"))
                : ask(rows[i].model, fmt("%s%s", rows[i].key, rows[i].headers), rows[i].more);
        if (!t_int("status", r.status, rows[i].status)) printf("  %.300s\n", r.body.s);
        head_is(&r, rows[i].name, rows[i].value);
    }
}
/* An answer in the cache serves every dialect, whole and streamed; nobody is asked again. */
T(policy_cache) {
    reply r;
    int c, stream;
    if (!govern()) return;
    r = ask("faq", KEY_A, "\"max_tokens\":100,");
    t_int("status", r.status, 200);
    head_is(&r, "x-aigw-cache", "MISS");
    provider_reset();
    for (c = 0; c < 3; c++)
        for (stream = 0; stream < 2; stream++) {
            const char *members = c == OAI ? "\"max_tokens\":100," : c == GEM ? "\"generationConfig\":{\"maxOutputTokens\":100}," : "";
            label(client_name[c], "cache", stream ? "streamed" : "whole");
            r = talk(governed.port, request(c, "faq", stream, members));
            t_int("status", r.status, 200);
            head_is(&r, "x-aigw-cache", "HIT");
            head_is(&r, "age", "");
            head_is(&r, "x-aigw-cost-usd", stream ? NULL : "0.00");
            t_str("text", stream ? answer_text(c, fold(c, &r).whole) : answer_text(c, json_of(&r)), strlen(HELLO), HELLO);
        }
    t_row("provider");
    t_ok("was not asked", state_is("requests", 0, WAIT));
    says("the log", "\"cache\":\"HIT\",\"cost_usd\":0.00,\"tenant\":\"a\"");
    r = talk(governed.port, post_text("/admin/cache/purge?tenant=b", KEY_A, "{}"));
    t_int("nobody else's may be dropped", r.status, 403);
    r = talk(governed.port, post_text("/admin/cache/purge?prompt=none", KEY_A, "{}"));
    t_str("none has that prompt", r.body.s, r.body.n, "{\"dropped\":0}");
    r = talk(governed.port, post_text("/admin/cache/purge", KEY_A, "{}"));
    t_ok("dropped", r.status == 200 && strcmp(r.body.s, "{\"dropped\":0}"));
    {
        static const struct { const char *label, *query, *said; } bad[] = {
            { "no such parameter", "tags=doc", "tags: there is no such parameter" }, { "one that says nothing", "all=1", "all: there is no such parameter" }, { "empty", "tag=", "tag: is empty" },
            { "no value", "tag=x&prompt", "prompt: is empty" }, { "twice", "tag=x&tag=y", "tag: stands twice" }, { "behind a good one", "tag=x&Prompt=y", "Prompt: there is no such parameter" }
        };
        (void)ask("faq", KEY_A, "\"max_tokens\":100,");
        for (c = 0; c < (int)T_COUNT(bad); c++) {
            t_row(bad[c].label);
            r = talk(governed.port, post_text(fmt("/admin/cache/purge?%s", bad[c].query), KEY_A, "{}"));
            contains("refused", is_error(OAI, &r, 400), bad[c].said);
        }
        for (c = 255; c < 257; c++) {
            t_row(c > 255 ? "too long" : "long");
            r = talk(governed.port, post_text(fmt("/admin/cache/purge?tag=%%41%0*d", c - 1, 0), KEY_A, "{}"));
            t_int("as long as a tag", r.status, c > 255 ? 400 : 200);
        }
        t_row(NULL);
        r = ask("faq", KEY_A, "\"max_tokens\":100,");
        head_is(&r, "x-aigw-cache", "HIT");
        r = ask("faq", fmt("%sx-aigw-tag: a b&c\r\n", KEY_A), "\"max_tokens\":100,");
        head_is(&r, "x-aigw-cache", "MISS");
        r = talk(governed.port, post_text("/admin/cache/purge?tag=a+b%26c", KEY_A, "{}"));
        t_str("by its tag", r.body.s, r.body.n, "{\"dropped\":1}");
        r = talk(governed.port, post_text("/admin/cache/purge?", KEY_A, "{}"));
        t_str("all others", r.body.s, r.body.n, "{\"dropped\":1}");
    }
    r = ask("faq", KEY_A, "\"max_tokens\":100,");
    head_is(&r, "x-aigw-cache", "MISS");
}
T(policy_limits) {
    reply r;
    if (!govern()) return;
    t_row("requests per minute");
    r = ask("small", fmt("%sx-aigw-feature: rare\r\n", KEY_A), "");
    t_int("first", r.status, 200);
    head_is(&r, "x-ratelimit-limit-requests", "1");
    r = ask("small", fmt("%sx-aigw-feature: rare\r\n", KEY_A), "");
    contains("second", is_error(OAI, &r, 429), "a limit is reached: rpm|feature=rare");
    t_ok("when", header(&r, "retry-after") && atoi(header(&r, "retry-after")) > 30 && atoi(header(&r, "retry-after")) <= 60);
    r = talk(governed.port, post_text("/v1/messages", "x-api-key: client-key\r\nanthropic-version: 2023-06-01\r\nx-aigw-feature: rare\r\n",
                                      "{\"model\":\"small\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
    is_error(ANT, &r, 429);
    says("the log", "\"status\":429,\"error_type\":\"rate_limit\"");
}
T(policy_budgets) {
    const f_json *usage;
    double cost;
    reply r;
    int i;
    if (!govern()) return;
    t_row("cost");
    r = ask("paid", KEY_A, "");
    usage = f_get(json_of(&r), "usage");
    cost = (double)f_long(f_get(usage, "prompt_tokens"), -1) * 3e-6 + (double)f_long(f_get(usage, "completion_tokens"), -1) * 15e-6;
    t_ok("of its usage", header(&r, "x-aigw-cost-usd") && cost > 0 && strtod(header(&r, "x-aigw-cost-usd"), NULL) - cost < 1e-12 && cost - strtod(header(&r, "x-aigw-cost-usd"), NULL) < 1e-12);
    t_row("a cap");
    r = ask("paid", fmt("%sx-aigw-feature: tight\r\n", KEY_A), "");
    contains("what is refused", is_error(OAI, &r, 402), "usd.day|feature=tight: 0.00 of 0.000002 USD spent, 0.00 reserved by 0 running requests; this one may cost");
    contains("when it begins anew", r.body.s, "it begins anew at 20");
    head_is(&r, "x-should-retry", "false");
    t_row("a soft limit");
    r = ask("paid", fmt("%sx-aigw-feature: soft\r\n", KEY_A), "\"max_tokens\":100,");
    t_int("nothing is spent yet", r.status, 200);
    head_is(&r, "x-aigw-provider", "oai");
    r = ask("paid", fmt("%sx-aigw-feature: soft\r\n", KEY_A), "\"max_tokens\":100,");
    t_int("status", r.status, 200);
    head_is(&r, "x-aigw-degraded", "route:small");
    head_is(&r, "x-aigw-provider", "ant");
    says("the log", "\"feature\":\"soft\",\"class\":\"interactive\",\"degraded\":\"route:small\"");
    t_row("no price");
    r = ask("oai/echo", fmt("%sx-aigw-feature: soft\r\n", KEY_A), "");
    t_int("is not free", r.status, 402);
    t_row("until it is spent");
    for (i = 0; i < 200; i++) {
        r = ask("paid", fmt("%sx-aigw-feature: spend\r\n", KEY_A), "\"max_tokens\":20,");
        if (r.status != 200) break;
    }
    contains("refused", is_error(OAI, &r, 402), "usd.month|feature=spend");
    t_ok("not at once", i > 3);
    says("a warning", "\"msg\":\"budget usd.month|feature=spend has passed 80 %\"");
}
T(policy_failures) {
    reply r;
    int i;
    if (!govern()) return;
    t_row("an error after the first words, which were held back");
    r = ask("held", KEY_A, "\"stream\":true,");
    t_int("status", r.status, 200);
    head_is(&r, "x-aigw-attempts", "2");
    t_str("text", answer_text(OAI, fold(OAI, &r).whole), strlen(HELLO), HELLO);
    t_row("a circuit");
    for (i = 0; i < 30; i++) {
        r = ask("broken", KEY_A, "");
        if (r.body.n && strstr(r.body.s, "fails too often")) break;
    }
    t_ok("opens", i > 1 && i < 30);
    is_error(OAI, &r, 503);
    t_ok("and says for how long", header(&r, "retry-after") != NULL);
    provider_reset();
    r = ask("broken", KEY_A, "");
    t_ok("nobody is asked", state_is("requests", 0, WAIT));
}
T(policy_records) {
    reply r;
    if (!govern()) return;
    t_row("the key");
    r = ask("paid", fmt("%sx-request-id: its-1\r\nx-aigw-user: other\r\nx-aigw-class: interactive\r\nx-aigw-prompt: mine@1\r\n", KEY_PINNED), "");
    t_int("status", r.status, 200);
    says("defaults and pins", "\"tenant\":\"a\",\"feature\":\"chores\",\"env\":\"test\",\"prompt\":\"nightly@3\",\"class\":\"batch\"");
    says("what is not pinned", "\"user\":\"other\"");
    ask("paid", fmt("%sx-request-id: its-2\r\n", KEY_A), "");
    says("its label", "\"request_id\":\"its-2\",\"key\":\"laptop\"");
    t_row("the decision");
    r = talk(governed.port, get_text("/admin/requests/its-1", KEY_A));
    t_int("of the tenant's own", r.status, 200);
    contains("what was asked", r.body.s, "\"feature\":\"chores\"");
    contains("who was taken", r.body.s, "\"route\":\"small\",\"candidates\":[{\"name\":\"cheap\"");
    r = talk(governed.port, get_text("/admin/requests/its-1", KEY_B));
    t_int("of another", r.status, 404);
    r = talk(governed.port, get_text("/admin/requests/its-3", KEY_A));
    t_int("of nobody", r.status, 404);
    r = talk(governed.port, get_text("/admin/requests/its-1", NULL));
    t_int("without a key", r.status, 401);
    t_row("the models");
    r = talk(governed.port, get_text("/v1/models", KEY_B));
    t_int("status", r.status, 200);
    t_ok("what the tenant may use", f_is(f_get(json_of(&r), "data[0].id"), "small") && !f_get(json_of(&r), "data[1].id"));
    r = talk(governed.port, get_text("/v1/models/paid", KEY_B));
    t_int("and nothing else", r.status, 404);
    r = talk(governed.port, get_text("/v1/models/paid", KEY_A));
    t_int("but another may", r.status, 200);
    t_row("a model that nobody knows");
    ask("oai/echo", KEY_A, "");
    says("a warning", "nothing is known of this model");
    t_int("ends", finish(&governed, 1), 0);
}
/* An answer that names a model which nobody knows is warned of, once; an edition of the model asked for is not. What a provider calls it is not trusted with its key. */
T(answers_of_unknown_models) {
    const char *const said[] = { "gpt-4o-2024-08-06", "gpt-4o-mini", fmt("mystery-%s", KEY), fmt("mystery-%s", KEY) };
    static const char warning[] = "the answer names a model that is not known", named[] = "\"model\":\"gpt-4o\",\"answered\":\"mystery-****************\"";
    int port = 0, listener = listen_here(&port);
    const char *log;
    child c;
    if (!t_ok("starts", serve(&c, "names", write_file("names.json", fmt("{\"version\":1,\"providers\":{\"openai\":{\"family\":\"openai\",\"base_url\":\"http://127.0.0.1:%d/v1\",\"key\":\"env:AIGW_TEST_KEY\"}}}", port)), "127.0.0.1:0", NULL))) return;
    for (size_t i = 0; i < T_COUNT(said); i++) {
        const char *text = request(OAI, "gpt-4o", 0, NULL), *body = fmt("{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"%s\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},"
            "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}", said[i]);
        link_ l = dial(c.port), u;
        const char *answer = fmt("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %lu\r\n\r\n%s", (unsigned long)strlen(body), body);
        reply r;
        t_row(said[i]);
        send_bytes(&l, text, strlen(text));
        memset(&u, 0, sizeof u);
        u.fd = accept_one(listener);
        while ((!u.n || u.p[u.n - 1] != '}') && more(&u, now_ms() + WAIT) > 0) { }
        send_bytes(&u, answer, strlen(answer));
        r = receive(&l);
        t_int("status", r.status, 200);
        t_ok("not warned of", i > 1 || !strstr(said_on_stderr("names"), warning));
        hang_up(&u);
        hang_up(&l);
    }
    says_in("names", "warned of", named);
    finish(&c, 1);
    log = strstr(said_on_stderr("names"), warning);
    t_ok("once", log && !strstr(log + 1, warning));
    t_ok("no key", !strstr(said_on_stderr("names"), KEY));
    close(listener);
}
/* One slot, one place to wait: who comes third is sent away at once, who waits too long a little later, and the slot of a client that left is free. */
T(policy_queue) {
    const char *hanging = post_text("/v1/chat/completions", KEY_A, "{\"model\":\"oai/hang-head-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    const char *usual = post_text("/v1/chat/completions", KEY_A, "{\"model\":\"oai/text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    link_ first, second;
    child c;
    reply r;
    if (!t_ok("starts", serve(&c, "queue", write_file("queue.json", fmt("{ \"queue\": { \"slots\": 1, \"waiting\": 1, \"wait_ms\": 400 }, \"providers\": { \"oai\": { \"dialect\": \"openai-chat\", "
                                                                       "\"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\" } } }", provider.port)), "127.0.0.1:0", NULL))) return;
    provider_reset();
    first = dial(c.port);
    send_bytes(&first, hanging, strlen(hanging));
    t_ok("the first is at the provider", state_is("requests", 1, WAIT));
    second = dial(c.port);
    send_bytes(&second, usual, strlen(usual));
    talk(c.port, get_text("/health", NULL));                   /* so that the second has come before the third */
    t_row("no place");
    r = talk(c.port, usual);
    contains("says so", is_error(OAI, &r, 503), "too many requests wait for their turn");
    head_is(&r, "retry-after", "");
    t_row("waited too long");
    r = receive(&second);
    is_error(OAI, &r, 503);
    hang_up(&first);
    hang_up(&second);
    t_row("when the first has left");
    r = talk(c.port, usual);
    t_int("status", r.status, 200);
    t_int("ends", finish(&c, 1), 0);
}
/* A model that was quick and is silent now: the second is asked beside it, and both are counted. */
T(policy_hedge) {
    static const char config[] = "{ \"providers\": { \"oai\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\" },"
        " \"ant\": { \"dialect\": \"anthropic\", \"base_url\": \"http://127.0.0.1:%d\", \"key\": \"env:AIGW_TEST_KEY\" } },"
        " \"models\": { \"quick\": { \"provider\": \"oai\", \"id\": \"tired-40-text\" }, \"other\": { \"provider\": \"ant\", \"id\": \"text\" } },"
        " \"routes\": { \"pair\": { \"models\": [\"quick\", \"other\"], \"hedge\": \"p95\" } } }";
    const char *file = write_file("hedge.json", fmt(config, provider.port, provider.port));
    const char *question = post_text("/v1/chat/completions", KEY_A, "{\"model\":\"pair\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    child c;
    reply r;
    int i;
    if (!t_ok("starts", serve(&c, "hedge", file, "127.0.0.1:0", NULL))) return;
    for (i = 0; i < 40; i++) {
        r = talk(c.port, question);
        if (r.status != 200) break;
    }
    t_int("learnt", i, 40);
    r = talk(c.port, question);
    t_int("status", r.status, 200);
    head_is(&r, "x-aigw-provider", "ant");
    head_is(&r, "x-aigw-attempts", "2");
    says_in("hedge", "both are counted", "\"attempts\":2");
    t_int("ends", finish(&c, 1), 0);
}
/* What a hub is made of stays until a new start, and this is said. */
T(policy_reload) {
    child c;
    const char *file = write_file("again.json", "{ \"queue\": { \"slots\": 4 } }");
    if (!t_ok("starts", serve(&c, "again", file, "127.0.0.1:0", NULL))) return;
    write_file("again.json", "{ \"queue\": { \"slots\": 5 }, \"cache\": {} }");
    kill(c.pid, SIGHUP);
    says_in("again", "what stays", "stay as they were");
    t_int("ends", finish(&c, 1), 0);
}

/* A request of the configuration before last keeps the next one waiting; this is said, once for each signal. */
T(policy_reload_waits) {
    static const char config[] = "{ \"providers\": { \"oai\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\" } },"
        " \"models\": { \"%s\": { \"provider\": \"oai\", \"id\": \"text\" } } }";
    static const char put_off[] = "gateway: SIGHUP: the file will be read when the last request of the configuration before has ended (1 run)\n";
    const char *hanging = post_text("/v1/chat/completions", NULL, "{\"model\":\"oai/hang-head-text\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    const char *question = post_text("/v1/chat/completions", NULL, "{\"model\":\"third\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"), *said;
    child c;
    link_ l;
    reply r;
    if (!t_ok("starts", serve(&c, "waits", write_file("waits.json", fmt(config, provider.port, "first")), "127.0.0.1:0", NULL))) return;
    provider_reset();
    l = dial(c.port);
    send_bytes(&l, hanging, strlen(hanging));
    t_ok("one runs", state_is("requests", 1, WAIT));
    write_file("waits.json", fmt(config, provider.port, "second"));
    kill(c.pid, SIGHUP);
    says_in("waits", "the first is taken", "configuration read again");
    write_file("waits.json", fmt(config, provider.port, "third"));
    kill(c.pid, SIGHUP);
    says_in("waits", "the second is put off", put_off);
    r = talk(c.port, question);
    t_int("not read", r.status, 404);
    said = strstr(said_on_stderr("waits"), put_off);
    t_ok("said once", said && !strstr(said + sizeof put_off - 1, "SIGHUP"));
    t_ok("not read, it says", said && !strstr(said, "read again"));
    hang_up(&l);
    says_in("waits", "then it is read", "\"disconnect\":true}\ngateway: configuration read again");
    r = talk(c.port, question);
    t_int("read", r.status, 200);
    t_int("ends", finish(&c, 1), 0);
}

/* ---- counters, looked at and corrected */

static reply correct(int port, const char *name, const char *key, const char *body) {
    return talk(port, fmt("PUT /admin/counters/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n%sContent-Length: %lu\r\n\r\n%s", name, key, (unsigned long)strlen(body), body));
}
#define KEY_ADMIN "authorization: Bearer admin-key\r\n"
T(policy_counters) {
    static const char config[] = "{ \"providers\": { \"oai\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\" } },"
        " \"models\": { \"paid\": { \"provider\": \"oai\", \"id\": \"text\", \"price\": { \"input\": \"3.00\", \"output\": \"15.00\" } } },"
        " \"counters\": 256, \"limits\": [ { \"by\": [\"tenant\", \"user\"], \"rpm\": 3, \"concurrent\": 4 } ],"
        " \"budgets\": [ { \"by\": [\"tenant\"], \"usd\": \"1\", \"per\": \"day\" }, { \"by\": [\"model\"], \"usd\": \"9\" } ],"
        " \"tenants\": { \"a\": { \"keys\": [\"sha256:8eb943e7040b69a94bf39562088223755bff4c2e7c5fc257f1e08f870fe01d35\"] },"
        "  \"b\": { \"keys\": [\"sha256:a30534a53b23547377ddccbd1ac85a8a84c13db43493c16e55a6abc7b0eba634\"] },"
        "  \"ops\": { \"keys\": [ { \"sha256\": \"sha256:69a5265506c94c77b787a7d7377b7685a0eff82e33920a71e7ee22cd6154953e\", \"name\": \"root\", \"admin\": true } ] } } }";
    static const char question[] = "{\"model\":\"paid\",\"max_tokens\":20,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
    static const struct { const char *label, *name, *body; int status; const char *said; } bad[] = {
        { "another member", "usd.day%7Ctenant=a", "{\"spend\":\"0\"}", 400, "spend: this counter is of money, which takes `spent_usd`" },
        { "of another kind", "usd.day%7Ctenant=a", "{\"used\":0}", 400, "used: this counter is of money" },
        { "of another kind", "rpm%7Ctenant=a%7Cuser=ann", "{\"running\":0}", 400, "running: this counter is a rate, which takes `used`" },
        { "of another kind", "concurrent%7Ctenant=a%7Cuser=ann", "{\"spent_usd\":\"0\"}", 400, "spent_usd: this counter is of what runs at once, which takes `running`" },
        { "missing", "usd.day%7Ctenant=a", "{}", 400, "spent_usd: is missing" },
        { "a number", "usd.day%7Ctenant=a", "{\"spent_usd\":1}", 400, "spent_usd: must be US dollars as text" },
        { "no money", "usd.day%7Ctenant=a", "{\"spent_usd\":\"much\"}", 400, "spent_usd: must be US dollars" },
        { "less than nothing", "usd.day%7Ctenant=a", "{\"spent_usd\":\"-1\"}", 400, "spent_usd: must be US dollars as text, at least 0" },
        { "no number", "rpm%7Ctenant=a%7Cuser=ann", "{\"used\":\"1\"}", 400, "used: must be a whole number" },
        { "malformed", "usd.day%7Ctenant=a", "{\"spent_usd\":\"0\"", 400, "the body, at byte 16" },
        { "twice", "usd.day%7Ctenant=a", "{\"spent_usd\":\"0\",\"spent_usd\":\"1\"}", 400, "spent_usd: this member occurs twice" },
        { "nobody's", "usd.day%7Ctenant=z", "{\"spent_usd\":\"0\"}", 404, "there is no counter usd.day|tenant=z" },
    };
    child c;
    reply r;
    size_t i;
    int n = 0;
    if (!t_ok("starts", serve(&c, "counters", write_file("counters.json", fmt(config, provider.port)), "127.0.0.1:0", NULL))) return;
    t_row("shown");
    for (i = 0; i < 3; i++) r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: ann\r\n", KEY_A), question));
    t_int("three", r.status, 200);
    r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: bob\r\n", KEY_B), question));
    t_int("another's", r.status, 200);
    r = talk(c.port, get_text("/admin/counters", KEY_ADMIN));
    t_int("status", r.status, 200);
    t_ok("in order of their names", f_is(f_get(json_of(&r), "counters[0].name"), "concurrent|tenant=a|user=ann"));
    t_ok("all", f_get(json_of(&r), "counters[6]") && !f_get(json_of(&r), "counters[7]") && !f_get(json_of(&r), "next"));
    r = talk(c.port, get_text("/admin/counters?key=usd.day%7Ctenant=a", KEY_ADMIN));
    contains("what a budget has", r.body.s, "{\"counters\":[{\"name\":\"usd.day|tenant=a\",\"kind\":\"money\",\"spent_usd\":\"0.00");
    contains("what is left", r.body.s, "\"reserved_usd\":\"0.00\",\"running\":0,\"left_usd\":\"0.99");
    contains("cap and end", r.body.s, "\"cap_usd\":\"1.00\",\"resets_at\":\"20");
    r = talk(c.port, get_text("/admin/counters?key=rpm%7Ctenant=a", KEY_ADMIN));
    contains("a rate", r.body.s, "\"kind\":\"rate\",\"left\":0,\"limit\":3,\"resets_at\":\"20");
    r = talk(c.port, get_text("/admin/counters?key=concurrent%7Ctenant=a", KEY_ADMIN));
    contains("what runs", r.body.s, "\"kind\":\"concurrent\",\"running\":0,\"left\":4,\"limit\":4}");
    t_row("paged");
    {
        char after[400] = "";
        for (n = 0; n < 9; n++) {
            const char *next;
            r = talk(c.port, get_text(fmt("/admin/counters?limit=1%s%s", *after ? "&after=" : "", after), KEY_ADMIN));
            t_ok("one", f_get(json_of(&r), "counters[0]") && !f_get(json_of(&r), "counters[1]"));
            if (!f_get(json_of(&r), "next")) break;
            next = f_get(json_of(&r), "next")->s;
            for (i = 0, after[0] = 0; next[i]; i++) snprintf(after + strlen(after), sizeof after - strlen(after), next[i] == '|' ? "%%7C" : "%c", next[i]);
        }
        t_int("pages", n + 1, 7);
    }
    r = talk(c.port, get_text("/admin/counters?limit=101", KEY_ADMIN));
    contains("too many", is_error(OAI, &r, 400), "limit: must be a number from 1 to 100");
    t_row("who may");
    r = talk(c.port, get_text("/admin/counters", KEY_A));
    t_ok("a tenant sees its own", r.status == 200 && strstr(r.body.s, "rpm|tenant=a|user=ann") && strstr(r.body.s, "usd.day|tenant=a"));
    t_ok("and nobody else's, nor what all share", !strstr(r.body.s, "tenant=b") && !strstr(r.body.s, "model=paid"));
    r = talk(c.port, get_text("/admin/counters", NULL));
    t_int("nobody without a key", r.status, 401);
    r = correct(c.port, "usd.day%7Ctenant=a", KEY_A, "{\"spent_usd\":\"0\"}");
    t_int("a tenant does not write off what it spent", r.status, 403);
    r = correct(c.port, "usd.day%7Ctenant=a", "", "{\"spent_usd\":\"0\"}");
    t_int("nor does nobody", r.status, 401);
    r = talk(c.port, "PUT /admin/counters/x HTTP/1.1\r\nHost: 127.0.0.1\r\n" KEY_ADMIN "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
    contains("a page's form", is_error(OAI, &r, 400), "content-type: a request body must be JSON");
    for (i = 0; i < T_COUNT(bad); i++) {
        t_row(bad[i].label);
        r = correct(c.port, bad[i].name, KEY_ADMIN, bad[i].body);
        contains("says so", is_error(OAI, &r, bad[i].status), bad[i].said);
    }
    t_row("corrected");
    r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: ann\r\n", KEY_A), question));
    t_int("her minute is used up", r.status, 429);
    r = correct(c.port, "rpm%7Ctenant=a%7Cuser=ann", KEY_ADMIN, "{\"used\":2}");
    contains("one more", r.body.s, "{\"name\":\"rpm|tenant=a|user=ann\",\"kind\":\"rate\",\"left\":1,");
    r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: ann\r\n", KEY_A), question));
    t_int("answered", r.status, 200);
    r = correct(c.port, "concurrent%7Ctenant=a%7Cuser=ann", KEY_ADMIN, "{\"running\":4}");
    contains("all places", r.body.s, "\"running\":4,\"left\":0");
    r = correct(c.port, "concurrent%7Ctenant=a%7Cuser=ann", KEY_ADMIN, "{\"running\":0}");
    contains("none", r.body.s, "\"running\":0,\"left\":4");
    r = correct(c.port, "usd.day%7Ctenant=b", KEY_ADMIN, "{\"spent_usd\":\"2.50\"}");
    contains("above the cap", r.body.s, "\"spent_usd\":\"2.50\",\"reserved_usd\":\"0.00\",\"running\":0,\"left_usd\":\"0.00\"");
    r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: bob\r\n", KEY_B), question));
    contains("refused", is_error(OAI, &r, 402), "usd.day|tenant=b: 2.50 of 1.00 USD spent");
    r = correct(c.port, "usd.day%7Ctenant=b", KEY_ADMIN, "{\"spent_usd\":\"0\"}");
    t_int("written off", r.status, 200);
    r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: bob\r\n", KEY_B), question));
    t_int("served again", r.status, 200);
    says_in("counters", "who did what", "\"msg\":\"counter usd.day|tenant=b is corrected: spent_usd 0.00, it was 2.50\",\"request_id\":\"req_");
    says_in("counters", "by which key", "\"key\":\"root\",\"tenant\":\"ops\"}");
    t_row("a crowd");
    t_ok("nothing was said of it", !strstr(said_on_stderr("counters"), "counted in _other"));
    for (i = 0; i < 100; i++) r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: u%d\r\n", KEY_A, (int)i), question));
    says_in("counters", "counters are shared", "is counted in _other: no counter is left, or none of this tenant's share");
    contains("the last one is refused by a counter that it shares", is_error(OAI, &r, 429), "|_other|a (shared by");
    r = talk(c.port, get_text("/admin/counters?key=rpm%7C_other", KEY_A));
    contains("which it sees", r.body.s, "\"name\":\"rpm|_other|a\"");
    r = talk(c.port, get_text("/admin/counters?key=rpm%7C_other", KEY_B));
    t_str("and nobody else", r.body.s, r.body.n, "{\"counters\":[]}");
    for (i = 0; i < 10; i++) {
        r = talk(c.port, post_text("/v1/chat/completions", fmt("%sx-aigw-user: u%d\r\n", KEY_B, (int)i), question));
        t_int("others have theirs", r.status, 200);
    }
    {
        const char *said = said_on_stderr("counters"), *first = strstr(said, "counted in _other");
        t_ok("said once", first && !strstr(first + 1, "counted in _other"));
    }
    t_int("ends", finish(&c, 1), 0);
}

/* Caps are those of the configuration in force, whether a request has come since or not. */
T(policy_counters_reload) {
    static const char config[] = "{ \"providers\": { \"oai\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\" } },"
        " \"models\": { \"paid\": { \"provider\": \"oai\", \"id\": \"text\", \"price\": { \"input\": \"3.00\", \"output\": \"15.00\" } } }, \"budgets\": [ %s ] }";
    static const struct { const char *label, *budgets, *shown; } rows[] = {
        { "as it was counted", "{ \"by\": [\"user\"], \"when\": { \"env\": \"a|b\" }, \"usd\": \"1\", \"per\": \"day\" }", "\"left_usd\":\"0.99" },
        { "lowered", "{ \"by\": [\"user\"], \"when\": { \"env\": \"a|b\" }, \"usd\": \"0.000001\", \"per\": \"day\" }", "\"left_usd\":\"0.00\",\"cap_usd\":\"0.000001\",\"resets_at\"" },
        { "the lowest of those that fit", "{ \"by\": [\"user\", \"env\"], \"usd\": \"3\", \"per\": \"day\" }, { \"by\": [\"user\", \"env\"], \"usd\": \"2\", \"per\": \"day\" }", "\"cap_usd\":\"2.00\"" },
        { "another user's", "{ \"by\": [\"env\"], \"when\": { \"user\": \"an\" }, \"usd\": \"2\", \"per\": \"day\" }", "\"running\":0,\"in_force\":false,\"resets_at\"" },
        { "its user's", "{ \"by\": [\"env\"], \"when\": { \"user\": \"ann\" }, \"usd\": \"4\", \"per\": \"day\" }", "\"cap_usd\":\"4.00\"" },
        { "another period", "{ \"by\": [\"user\", \"env\"], \"usd\": \"2\", \"per\": \"week\" }", "\"in_force\":false" },
        { "the same names", "{ \"by\": [\"user\", \"env\"], \"usd\": \"5\", \"per\": \"day\" }", "\"cap_usd\":\"5.00\"" },
        { "fewer names", "{ \"by\": [\"user\"], \"usd\": \"2\", \"per\": \"day\" }", "\"in_force\":false" },
        { "the same names", "{ \"by\": [\"user\", \"env\"], \"usd\": \"5\", \"per\": \"day\" }", "\"cap_usd\":\"5.00\"" },
        { "more names", "{ \"by\": [\"user\", \"env\", \"model\"], \"usd\": \"2\", \"per\": \"day\" }", "\"in_force\":false" },
        { "the same names", "{ \"by\": [\"user\", \"env\"], \"usd\": \"5\", \"per\": \"day\" }", "\"cap_usd\":\"5.00\"" },
        { "none", "", "\"in_force\":false" },
    };
    child c;
    reply r;
    size_t i;
    if (!t_ok("starts", serve(&c, "caps", write_file("caps.json", fmt(config, provider.port, rows[0].budgets)), "127.0.0.1:0", NULL))) return;
    r = talk(c.port, post_text("/v1/chat/completions", "x-aigw-user: ann\r\nx-aigw-env: a|b\r\n", "{\"model\":\"paid\",\"max_tokens\":20,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
    t_int("status", r.status, 200);
    for (i = 0; i < T_COUNT(rows); i++) {
        const long until = now_ms() + WAIT;
        t_row(rows[i].label);
        write_file("caps.json", fmt(config, provider.port, rows[i].budgets));
        if (i) kill(c.pid, SIGHUP);
        do r = talk(c.port, get_text("/admin/counters?key=usd.day%7Cuser=ann", NULL)); while (!strstr(r.body.s, rows[i].shown) && now_ms() < until);
        contains("shown", r.body.s, rows[i].shown);
    }
    t_int("ends", finish(&c, 1), 0);
}

/* A provider that goes down and comes back while no client asks: its probes find that out, and no request is lost on it. */
static child frail;
static int frail_start(int port) {
    char prog[600], text[16];
    char *argv[] = { prog, (char *)(uintptr_t)"--key", (char *)(uintptr_t)KEY, (char *)(uintptr_t)"--life", (char *)(uintptr_t)"60", (char *)(uintptr_t)"--port", text, NULL };
    snprintf(prog, sizeof prog, "%s", beside("provider"));
    snprintf(text, sizeof text, "%d", port);
    spawn(&frail, "frail", argv, NULL);
    if (!expect(&frail, "\n", now_ms() + WAIT) || !strstr(frail.text.s, "listening ")) return 0;
    frail.port = atoi(strstr(frail.text.s, "listening ") + 10);
    return 1;
}
T(probes) {
    static const char text[] =
        "{ \"version\": 1, \"providers\": {\n"
        "  \"frail\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\", \"probe\": { \"path\": \"/models\", \"every_s\": 1, \"timeout_ms\": 1000 } },\n"
        "  \"firm\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"key\": \"env:AIGW_TEST_KEY\" } },\n"
        "\"models\": { \"alone\": { \"provider\": \"frail\", \"id\": \"text\" }, \"other\": { \"provider\": \"firm\", \"id\": \"text\" } },\n"
        "\"routes\": { \"both\": { \"models\": [\"alone\", \"other\"] } },\n"
        "\"breaker\": { \"consecutive\": 1, \"open_ms\": 200, \"open_max_ms\": 200, \"successes\": 1 } }\n";
    const char *const both = post_text("/v1/chat/completions", NULL, "{\"model\":\"both\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    child c;
    reply r;
    long until;
    int port;
    if (!t_ok("provider", frail_start(0))) return;
    port = frail.port;
    if (!t_ok("starts", serve(&c, "probed", write_file("probed.json", fmt(text, port, provider.port)), "127.0.0.1:0", NULL))) return;
    finish(&frail, 1);
    says_in("probed", "a probe failed, with no client", "\"msg\":\"probe\"");
    r = talk(c.port, both);
    t_int("the other model answers", r.status, 200);
    head_is(&r, "x-aigw-attempts", "1");
    head_is(&r, "x-aigw-provider", "firm");
    t_row("it is back");
    if (!t_ok("provider", frail_start(port))) return;
    until = now_ms() + WAIT;
    do {                                                       /* no request tries it: probes alone close the circuit */
        poll(NULL, 0, 3);
        r = talk(c.port, both);
    } while (r.status == 200 && !strcmp(header(&r, "x-aigw-provider"), "firm") && now_ms() < until);
    t_int("status", r.status, 200);
    head_is(&r, "x-aigw-provider", "frail");
    head_is(&r, "x-aigw-attempts", "1");
    says_in("probed", "and that it is well again", "\"level\":\"info\",\"msg\":\"probe\",\"provider\":\"frail\",\"status\":200");
    t_int("ends", finish(&c, 1), 0);
    finish(&frail, 1);
}

/* ================================================================ */

static const char *configuration(void) {
    static const char *const bases[] = { "text", "echo", "tools", "think", "crlf-text", "bytewise-text", "closing-text", "no-done-text", "err-400", "err-401", "err-403", "err-404", "err-413",
        "err-429", "err-500", "err-503", "err-html", "err-in-200", "err-in-stream", "garbage", "wrong-length", "err-nonexistent", "cut-120-tools", "reset-120-tools", "eof-120-tools" };
    static const char *const refused[] = { "", "-401", "-403", "-r" };
    static const struct { const char *route, *up, *first; } routes[] = { { "r-503", "oai", "err-503" }, { "r-429", "gem-r", "err-429" }, { "r-dead", "dead", "x" }, { "r-cut", "oai", "cut-40" },
        { "r-in-200", "ant", "err-in-200" }, { "r-html", "gem", "err-html" }, { "r-401", "oai-r", "err-401" }, { "r-400", "oai", "err-400" }, { "r-late", "oai", "cut-1900" } };
    f_str s = { NULL, 0, 0 };
    size_t i, k;
    int u, n = 0;
    /* what fails on purpose shuts nobody out: circuits stay closed, and refused keys are of providers of their own */
    f_puts(&s, "{ // written by tests/test_gateway.c\n\"version\": 1,\n\"breaker\": { \"consecutive\": 60000, \"percent\": 100, \"least\": 60000 },\n\"providers\": {\n");
    for (i = 0; i < T_COUNT(refused); i++)
        for (u = 0; u < 3; u++)
            f_puts(&s, fmt("  \"%s%s\": { \"dialect\": \"%s\", \"base_url\": \"http://127.0.0.1:%d%s\", \"key\": \"env:AIGW_TEST_KEY\"%s },\n", up_name[u], refused[i],
                           u == OAI ? "openai-chat" : u == ANT ? "anthropic" : "gemini", provider.port, u == OAI ? "/v1" : "", u == OAI ? ", \"raw\": true" : ""));
    f_puts(&s, "  \"dead\": { \"dialect\": \"openai-chat\", \"base_url\": \"http://127.0.0.1:1/v1\", \"key\": \"env:AIGW_TEST_KEY\" } },\n\"models\": {\n");
    for (u = 0; u < 3; u++) f_puts(&s, fmt("%s  \"%s-text\": { \"provider\": \"%s\", \"id\": \"text\" }", n++ ? ",\n" : "", up_name[u], up_name[u]));
    for (i = 0; i < T_COUNT(routes); i++)                       /* names of their own: what failed just now is asked last */
        f_puts(&s, fmt(",\n  \"first-%s\": { \"provider\": \"%s\", \"id\": \"%s\" }", routes[i].route, routes[i].up, routes[i].first));
    f_puts(&s, " },\n\"routes\": {\n");
    for (u = 0; u < 3; u++) {                                   /* one attempt: what fails is the point */
        for (i = 1; i < T_COUNT(bases); i++)
            f_puts(&s, fmt("  \"%s-%s\": { \"models\": [\"%s%s/%s\"], \"attempts\": 1 },\n", up_name[u], bases[i], up_name[u], refusing(bases[i]) ? bases[i] + 3 : "", bases[i]));
        for (k = 0; k < T_COUNT(breaks); k++)
            for (i = 0; i < T_COUNT(break_at); i++)
                f_puts(&s, fmt("  \"%s-%s-%d\": { \"models\": [\"%s/%s-%d\"], \"attempts\": 1 },\n", up_name[u], breaks[k], break_at[i], up_name[u], breaks[k], break_at[i]));
    }
    for (i = 0; i < T_COUNT(routes); i++) f_puts(&s, fmt("  \"%s\": { \"models\": [\"first-%s\", \"ant-text\"] },\n", routes[i].route, routes[i].route));
    f_puts(&s, "  \"r-all\": { \"models\": [\"oai/err-503\", \"ant/err-529\", \"gem/err-503\"] } }\n}\n");
    return write_file("gateway.json", s.s);
}
static void setup(const char *self) {
    const char *slash = strrchr(self, '/');
    char prog[600];
    char *argv[] = { prog, (char *)(uintptr_t)"--key", (char *)(uintptr_t)KEY, (char *)(uintptr_t)"--life", (char *)(uintptr_t)"300", NULL };
    const char *tmp = getenv("TMPDIR");
    snprintf(here, sizeof here, "%.*s/..", slash ? (int)(slash - self) : 1, slash ? self : ".");
    snprintf(scratch, sizeof scratch, "%.40s/aigw-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    signal(SIGPIPE, SIG_IGN);
    if (!mkdtemp(scratch)) { perror("mkdtemp"); exit(1); }
    snprintf(prog, sizeof prog, "%s", beside("provider"));
    spawn(&provider, "provider", argv, NULL);
    if (!expect(&provider, "\n", now_ms() + WAIT)) { printf("cannot start %s\n", prog); exit(1); }
    provider.port = atoi(strstr(provider.text.s, "listening ") ? provider.text.s + 10 : "0");
}
#define CASE(name) do { if (missing) { t_run(#name, no_gateway); } else T_RUN(name); f_free(); } while (0)
static void no_gateway(void) { t_skip("the gateway (examples/gateway)"); }

int main(int argc, char **argv) {
    int missing, status;
    (void)argc;
    setup(argv[0]);
    T_RUN(provider_refuses);
    f_free();
    missing = !have("gateway");
    if (!missing && !serve(&gateway, "gateway", configuration(), "127.0.0.1:0", NULL)) {
        printf("FAIL the gateway did not start: %s\n", gateway.text.n ? gateway.text.s : "(no output)");
        system(fmt("cat %s/gateway.err", scratch));
        finish(&gateway, 1);
        finish(&provider, 1);
        return 1;
    }
    CASE(greets);
    CASE(pairs_whole);
    CASE(pairs_streamed);
    CASE(gemini_paths);
    CASE(counts_tokens);
    CASE(lists_models);
    CASE(pages);
    CASE(tells_who_served);
    CASE(same_dialect_same_bytes);
    CASE(tools_cross);
    CASE(errors_cross);
    CASE(cuts);
    CASE(errors_in_streams);
    CASE(bad_bodies);
    CASE(bad_http);
    CASE(good_http);
    CASE(keep_alive_and_pipelining);
    CASE(many_at_once);
    CASE(idle_connections_make_room);
    CASE(upstream_is_reused);
    CASE(client_gone);
    CASE(deadlines);
    CASE(failover);
    CASE(back_pressure);
    CASE(checks_configuration);
    CASE(checks_shared_rules);
    CASE(checks_steps_down);
    CASE(checks_registry);
    CASE(port_taken);
    CASE(terminates_politely);
    CASE(mock_without_configuration);
    CASE(base_paths);
    CASE(sdk_needs);
    CASE(signed_clients);
    CASE(service_accounts);
    CASE(forwarding_is_of_tenants);
    CASE(raw_tasks);
    CASE(raw_large);
    CASE(raw_tls);
    CASE(policy_headers);
    CASE(policy_cache);
    CASE(policy_limits);
    CASE(policy_budgets);
    CASE(policy_failures);
    CASE(policy_records);
    CASE(answers_of_unknown_models);
    CASE(policy_queue);
    CASE(policy_hedge);
    CASE(policy_reload);
    CASE(policy_reload_waits);
    CASE(policy_counters);
    CASE(policy_counters_reload);
    CASE(probes);
    CASE(tls);
    CASE(leaks_nothing);
    if (!missing) {
        status = finish(&gateway, 1);
        if (status != 0) {
            printf("FAIL the gateway ended with status %d\n", status);
            t_.failed++;
            system(fmt("tail -n 40 %s/gateway.err", scratch));
        }
    }
    finish(&provider, 1);
    if (getenv("T_KEEP")) printf("kept %s\n", scratch);
    else system(fmt("rm -rf %s", scratch));
    f_free();
    return t_end();
}
