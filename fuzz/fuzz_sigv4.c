/* SPDX-License-Identifier: MIT OR Unlicense */
/* SigV4: an Authorization header of any bytes is read within them and never passes a check; a request signed by us, of any path, query, field and body, passes it, and no other body does. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"

static char room[8192];

static int inside(aigw_str s, const uint8_t *data, size_t size) { return !s.n || (s.p >= (const char *)data && s.p + s.n <= (const char *)data + size); }

FUZZ(data, size) {
    static const aigw_now now = { 1, 1795237200 };
    const aigw_str host = AIGW_STR("host"), h = AIGW_STR("h"), date = AIGW_STR("x-amz-date"), at = AIGW_STR("20261121T050000Z"), authorization = AIGW_STR("authorization"), secret = AIGW_STR("secret");
    aigw_header fields[8] = { { host, h }, { date, at } };
    aigw_head head;
    aigw_auth a;
    aigw_auth_signature s;
    aigw_arena mem = aigw_base_arena(room, sizeof room);
    aigw_str body, other = AIGW_STR("other");
    const size_t cut = size ? data[0] % size : 0;
    const char *why;
    int r;
    memset(&head, 0, sizeof head);
    head.headers = fields;
    head.n = 2, head.cap = 8;
    head.method = aigw_base_str("POST");
    head.target = aigw_base_str("/");
    (void)aigw_base_header_put(&head, authorization, fuzz_str(data, size));
    r = aigw_auth_signed(&head, &s);
    fuzz_ok(r == 0 || r == 1 || r == AIGW_E_SYNTAX);
    body = fuzz_str(data, size);
    if (r == 1) {
        fuzz_ok(s.signature.n == 64 && s.day.n == 8 && s.access_key.n && s.names.n && inside(s.access_key, data, size) && inside(s.names, data, size) && inside(s.signature, data, size));
        fuzz_ok(aigw_auth_check(&s, secret, now, 0, &head, &body, 1, &why) == AIGW_E_REFUSED && *why);
    }
    memset(&a, 0, sizeof a);
    a.value[AIGW_AUTH_ACCESS_KEY] = a.value[AIGW_AUTH_REGION] = a.value[AIGW_AUTH_SERVICE] = h;
    a.value[AIGW_AUTH_SECRET_KEY] = secret;
    head.n = 1;
    head.target = fuzz_str(data, cut);
    (void)aigw_base_header_put(&head, aigw_base_str("x-any"), fuzz_str(data + cut, size - cut));
    r = aigw_auth_sigv4.sign(&a, h, now, &body, 1, &mem, &head);
    fuzz_ok(r == AIGW_OK || r == AIGW_E_LIMIT);
    if (r) return;
    fuzz_ok(aigw_auth_signed(&head, &s) == 1);
    fuzz_ok(aigw_auth_check(&s, secret, now, 0, &head, &body, 1, &why) == AIGW_OK);
    if (!aigw_base_eq(body, other)) fuzz_ok(aigw_auth_check(&s, secret, now, 0, &head, &other, 1, &why) == AIGW_E_REFUSED);
}
