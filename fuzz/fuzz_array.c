/* SPDX-License-Identifier: MIT OR Unlicense */
/* The laws of fuzz_sse.c, for arrays of JSON. */
#define NEXT aigw_array_next
#define IS_SSE 0
#include "fuzz_sse.c"
