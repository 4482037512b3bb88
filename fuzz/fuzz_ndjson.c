/* SPDX-License-Identifier: MIT OR Unlicense */
/* JSON texts, one per line, under the laws of frame_laws.h. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define NEXT aigw_ndjson_next
#define MODE(byte) 0
#include "frame_laws.h"
