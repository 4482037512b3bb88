/* SPDX-License-Identifier: MIT OR Unlicense */
/* chat.c: the smallest use. Streams one answer to the terminal over a plain socket.
 *     cc -I. -o chat examples/chat.c && ./chat 127.0.0.1 8080 mock/echo "Hello"
 * Knows: sockets, the terminal. Does not know: HTTP, JSON, what any provider's stream looks like. The key is $OPENAI_API_KEY. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int chat_send(void *user, const void *p, size_t n) {
    const ssize_t r = write(*(int *)user, p, n);
    return r > 0 ? (int)r : (int)AIGW_E_CLOSED;
}
static int chat_recv(void *user, void *p, size_t n) {
    const ssize_t r = read(*(int *)user, p, n);
    return r >= 0 ? (int)r : (int)AIGW_E_CLOSED;
}
static int chat_show(void *user, const aigw_event *ev) {
    char mem[4096];
    aigw_arena a = aigw_base_arena(mem, sizeof mem);
    aigw_str s = { NULL, 0 };
    (void)user;
    if (ev->type == AIGW_EVENT_DELTA && ev->kind == AIGW_PART_TEXT && aigw_json_decode(ev->text, &a, &s)) fwrite(s.p, 1, s.n, stdout);
    if (ev->type == AIGW_EVENT_ERROR) printf("\n%s: %.*s", aigw_model_kind_name(ev->error->kind), (int)ev->error->message.n, ev->error->message.p);
    return fflush(stdout);
}
static aigw_now chat_now(void) {
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
    const aigw_sink sink = { chat_show, NULL };
    struct addrinfo *at;
    int fd, r = 0;
    if (argc != 5 || getaddrinfo(argv[1], argv[2], NULL, &at)) return fprintf(stderr, "usage: chat HOST PORT MODEL TEXT\n"), 2;
    fd = socket(at->ai_family, SOCK_STREAM, 0);
    if (connect(fd, at->ai_addr, at->ai_addrlen)) return perror("connect"), 1;
    aigw_client_init(&c, &aigw_dialect_openai, aigw_base_str(argv[1]), aigw_base_str("/v1"), aigw_base_str(getenv("OPENAI_API_KEY")), aigw_base_str(argv[3]));
    aigw_client_ask(&c, aigw_base_str("Be brief."), aigw_base_str(argv[4]), 1);
    c.io.user = &fd;
    c.io.send = chat_send;
    c.io.recv = chat_recv;
    r = aigw_client_start(&c, chat_now(), mem, sizeof mem);
    while (!r) r = aigw_client_run(&c, chat_now(), &sink);
    printf("\n");
    return r == 1 && c.attempt.ended == 1 ? 0 : 1;
}
