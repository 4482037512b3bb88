/* SPDX-License-Identifier: MIT OR Unlicense */
/* Requests, under the laws of http_laws.h. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define ROLE AIGW_HTTP_REQUEST
#include "http_laws.h"
