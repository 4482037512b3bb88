/* SPDX-License-Identifier: MIT OR Unlicense */
/* A token endpoint's answer: two bytes choose status and memory, the rest is the body. Laws: a token comes from a 2xx only, may stand in a header and has time left; a refusal says why,
   printably; with less memory it is the same, or NOMEM. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"

static unsigned char room[4096], small_room[64];

FUZZ(data, size) {
    static const int statuses[] = { 200, 201, 400, 401, 500, 302, 200, 200 };
    aigw_arena mem = aigw_base_arena(room, sizeof room), small;
    aigw_auth_answer a, b;
    aigw_str body;
    int status, r, again;
    if (size < 2) return;
    status = statuses[data[0] & 7];
    body = fuzz_str(data + 2, size - 2);
    r = aigw_auth_read(status, body, &mem, &a);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_REFUSED || r == AIGW_E_SYNTAX || r == AIGW_E_NOMEM);
    fuzz_ok((r == AIGW_OK) == (a.token.n > 0 && r != AIGW_E_NOMEM));
    fuzz_ok(r != AIGW_OK || (status / 100 == 2 && a.expires_s > 0));
    for (size_t i = 0; i < a.token.n && r == AIGW_OK; i++) fuzz_ok((unsigned char)a.token.p[i] > 32 && (unsigned char)a.token.p[i] < 127);
    fuzz_ok((r == AIGW_E_REFUSED) == (a.error.n > 0));
    for (size_t i = 0; i < a.error.n; i++) fuzz_ok((unsigned char)a.error.p[i] >= 32 && (unsigned char)a.error.p[i] < 127);
    small = aigw_base_arena(small_room, data[1] & 63);
    again = aigw_auth_read(status, body, &small, &b);
    fuzz_ok(again == r || again == AIGW_E_NOMEM);
    fuzz_ok(again != AIGW_OK || (aigw_base_eq(a.token, b.token) && a.expires_s == b.expires_s));
}
