/* SPDX-License-Identifier: MIT OR Unlicense */
/* The laws of fuzz_http_request.c, for responses. */
#define ROLE AIGW_HTTP_RESPONSE
#include "fuzz_http_request.c"
