/* SPDX-License-Identifier: MIT OR Unlicense */
/* Arrays of JSON, under the laws of frame_laws.h. */
#define AIGW_IMPLEMENTATION
#include "aigw.h"
#include "replay.h"
#define NEXT aigw_array_next
#define MODE(byte) 0
#include "frame_laws.h"
