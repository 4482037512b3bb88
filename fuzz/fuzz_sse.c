/* SPDX-License-Identifier: MIT OR Unlicense */
/* Server-sent events, under the laws of frame_laws.h. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define NEXT aigw_sse_next
#define MODE(byte) ((byte) & 1)
#include "frame_laws.h"
