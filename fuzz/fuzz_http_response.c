/* SPDX-License-Identifier: MIT OR Unlicense */
/* Responses, under the laws of http_laws.h. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define ROLE AIGW_HTTP_RESPONSE
#include "http_laws.h"
