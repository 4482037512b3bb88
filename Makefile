# SPDX-License-Identifier: MIT OR Unlicense
CC     = cc
CFLAGS = -O1 -g
STRICT = -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
OUT    = build

all: test

# Unit tests, laws, transcripts, end-to-end tests, and the seeds of every fuzz target.
test:
	@CC="$(CC)" CFLAGS="$(STRICT) -D_GNU_SOURCE $(CFLAGS)" sh tests/build.sh $(OUT)/test tests/test_*.c
	@sh tests/run.sh $(OUT)/test/test_*

clean:
	rm -rf $(OUT)

.PHONY: all test clean
