/* SPDX-License-Identifier: MIT OR Unlicense */
#define LAWS_DIALECT aigw_dialect_anthropic
#include "dialect_laws.h"
