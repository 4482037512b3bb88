/* SPDX-License-Identifier: MIT OR Unlicense */
/* firmware.c: no operating system, no heap: fixed arrays, the board's own transport, one dialect.
 *     arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os -ffreestanding -ffunction-sections -fdata-sections -I. -c examples/firmware.c
 * Knows: the board (four functions, given by its SDK). Does not know: HTTP, JSON, Anthropic. Only that dialect is named, so only it is linked.
 * A sensor value goes out as a question; the answer is put on the display as it comes. Memory: the two arrays below. */
#define AIGW_IMPLEMENTATION
#define AIGW_NO_OPENAI
#define AIGW_NO_GEMINI
#define AIGW_NO_COHERE
#define AIGW_NO_TEXT
#define AIGW_CLIENT_ONLY
#define AIGW_BLOCKS  4
#define AIGW_CHOICES 1
#include "aigw.h"

/* The board: a TLS or modem socket that answers at once (< 0: nothing now, or broken), a timer, a display. */
extern int      board_send(const void *p, size_t n);           /* bytes taken, 0 nothing now, -1 broken */
extern int      board_recv(void *p, size_t n);                 /* bytes read, 0 nothing now, -1 closed */
extern uint64_t board_ms(void);
extern void     board_show(const char *p, size_t n);

static aigw_client   client;
static unsigned char memory[8192];                             /* request, then partial frame and scratch */

static int firmware_send(void *user, const void *p, size_t n) {
    const int r = board_send(p, n);
    (void)user;
    return r > 0 ? r : r ? (int)AIGW_E_CLOSED : (int)AIGW_AGAIN;
}
static int firmware_recv(void *user, void *p, size_t n) {
    const int r = board_recv(p, n);
    (void)user;
    return r > 0 ? r : r ? 0 : (int)AIGW_AGAIN;
}
static int firmware_put(void *user, const aigw_event *ev) {
    char text[256];
    aigw_arena mem = aigw_base_arena(text, sizeof text);
    aigw_str s;
    (void)user;
    if (ev->type == AIGW_EVENT_DELTA && ev->kind == AIGW_PART_TEXT && aigw_json_decode(ev->text, &mem, &s)) board_show(s.p, s.n);
    if (ev->type == AIGW_EVENT_ERROR) board_show(ev->error->message.p, ev->error->message.n);
    return 0;
}
static aigw_now firmware_now(void) {
    aigw_now now;
    now.mono_ns = board_ms() * 1000000u;
    now.wall_s = 0;                                            /* no wall clock: nothing here needs it */
    return now;
}

/* Ask; returns when the answer is over: 1 when it was complete. */
int firmware_ask(const char *key, const char *question) {
    const aigw_str host = AIGW_STR("api.anthropic.com"), base = AIGW_STR(""), model = AIGW_STR("claude-haiku-4-5"), system = AIGW_STR("One short sentence.");
    aigw_sink sink;
    int r;
    sink.put = firmware_put;
    sink.user = NULL;
    aigw_client_init(&client, &aigw_dialect_anthropic, host, base, aigw_base_str(key), model);
    aigw_client_ask(&client, system, aigw_base_str(question), 1);
    client.io.send = firmware_send;
    client.io.recv = firmware_recv;
    r = aigw_client_start(&client, firmware_now(), memory, sizeof memory);
    while (r == 0 || r == AIGW_AGAIN) r = aigw_client_run(&client, firmware_now(), &sink);   /* a real board sleeps after AIGW_AGAIN */
    aigw_client_release(&client);
    return r == 1 && client.attempt.ended == 1;
}
