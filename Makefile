# SPDX-License-Identifier: MIT OR Unlicense
CC     = cc
CFLAGS = -O1 -g
STRICT = -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
OUT    = build

all: $(OUT)/gateway $(OUT)/translate $(OUT)/explain $(OUT)/limits test

# Unit tests, laws, transcripts, end-to-end tests, and the seeds of every fuzz target.
test: $(OUT)/provider $(OUT)/gateway $(OUT)/explain
	@CC="$(CC)" CFLAGS="$(STRICT) -D_GNU_SOURCE $(CFLAGS)" sh tests/build.sh $(OUT)/test tests/test_*.c fuzz/fuzz_*.c
	@CC="$(CC)" sh tests/run.sh $(OUT)/test/test_* $(OUT)/test/fuzz_* tests/test_readme.sh tests/test_explain.sh

# The example server, with TLS to providers where BearSSL is installed (Debian: libbearssl-dev).
BEARSSL = $$(echo '\#include <bearssl.h>' | $(CC) -E - >/dev/null 2>&1 && echo -lbearssl || echo -DGATEWAY_NO_TLS)
GATEWAY_MIN = examples/gateway/main.c examples/gateway/conn.c examples/gateway/config.c examples/gateway/tls.c
GATEWAY = $(GATEWAY_MIN) examples/gateway/mock.c examples/gateway/admin.c
$(OUT)/gateway: $(GATEWAY) $(OUT)/models.c examples/gateway/gateway.h aigw.h
	@$(CC) $(STRICT) -D_GNU_SOURCE $(CFLAGS) -O2 -I. -o $@ $(GATEWAY) $(OUT)/models.c $(BEARSSL)

# What is known of models goes into the program: each line of the file as a string.
$(OUT)/models.c: examples/gateway/models.json
	@mkdir -p $(OUT)
	@{ echo 'extern const char *const models_json[];'; echo 'const char *const models_json[] = {'; \
	   sed 's/["\\]/\\&/g; s/.*/    "&\\n",/' examples/gateway/models.json; echo '    0'; echo '};'; } >$@

# Only the server's own files: without the built-in provider and the decision records.
gateway-min: $(OUT)/gateway-min
$(OUT)/gateway-min: $(GATEWAY) $(OUT)/models.c examples/gateway/gateway.h aigw.h
	@$(CC) $(STRICT) -D_GNU_SOURCE -DGATEWAY_NO_MOCK -DGATEWAY_NO_ADMIN $(CFLAGS) -O2 -I. -o $@ $(GATEWAY_MIN) $(OUT)/models.c $(BEARSSL)

$(OUT)/translate: examples/translate.c aigw.h
	@mkdir -p $(OUT)
	@$(CC) $(STRICT) $(CFLAGS) -I. -o $@ examples/translate.c

# Why a request went where it went: a decision record against a configuration.
$(OUT)/explain: examples/explain.c aigw.h
	@mkdir -p $(OUT)
	@$(CC) $(STRICT) $(CFLAGS) -I. -o $@ examples/explain.c

# Bucket, breaker and retry around any call.
$(OUT)/limits: examples/limits.c aigw.h
	@mkdir -p $(OUT)
	@$(CC) $(STRICT) $(CFLAGS) -I. -o $@ examples/limits.c

run: $(OUT)/gateway
	@$(OUT)/gateway

# What the built-in provider can show, each as one curl; no key, a few seconds.
demo: $(OUT)/gateway
	@sh examples/gateway/demo.sh $(OUT)/gateway

# The scripted provider of the end-to-end tests; and the official SDKs (Python, Node), installed under build/, against the gateway in front of it.
$(OUT)/provider: tests/provider.c tests/provider_four.h
	@mkdir -p $(OUT)
	@$(CC) $(STRICT) -D_GNU_SOURCE $(CFLAGS) -o $@ tests/provider.c

sdk: $(OUT)/provider $(OUT)/gateway
	@sh tests/sdk/run.sh $(OUT)

# The fidelity matrix: every cell of tests/matrix.txt against the codecs, shown by $(OUT)/matrix.html; `build/matrix FEATURE O>A whole` explains one.
matrix:
	@CC="$(CC)" CFLAGS="$(STRICT) -D_GNU_SOURCE $(CFLAGS)" sh tests/build.sh $(OUT) tests/matrix.c
	@$(OUT)/matrix --page $(OUT)/matrix.html

# The simulator: so many seeds in virtual time, each a world of its own; `build/sim --seed N --trace` shows one. sim-tail: a provider that takes 12 s in 3 %.
SEEDS = 300
build-sim:
	@CC="$(CC)" CFLAGS="$(STRICT) -D_GNU_SOURCE -O2" sh tests/build.sh $(OUT)/sim.d tests/sim/sim.c
	@cp $(OUT)/sim.d/sim $(OUT)/sim
sim: build-sim
	@$(OUT)/sim --seeds $(SEEDS)
sim-tail: build-sim
	@$(OUT)/sim --tail

# Each section uses only sections above it.
check-layers:
	@sh tests/check_layers.sh

# Warnings as errors, gcc and clang, C99 and C++11, with every switch; cppcheck.
lint:
	@sh tests/lint.sh

# Everything under ASan and UBSan, then under valgrind.
sanitize: $(OUT)/provider $(OUT)/gateway
	@sh tests/sanitize.sh $(OUT)

# Each fuzz target for T seconds (libFuzzer, clang).
T = 30
fuzz:
	@sh tests/fuzz.sh $(OUT)/fuzz $(T)

# Seeded bugs (tests/mutants.txt) on a copy of the header: each must redden its named test.
mutate:
	@CC="$(CC)" sh tests/mutate.sh

# 20 mutants of each section of the policies and the cache, made by universalmutator (installed under build/); survivors: tests/mutants.md. Minutes.
mutate-gen:
	@sh tests/mutate_gen.sh

# Bytes per section, per struct, of the stack, and what the library needs from outside.
size:
	@sh tests/size.sh

# Instructions (callgrind) and nanoseconds per operation.
bench:
	@sh tests/bench.sh $(OUT)

clean:
	rm -rf $(OUT)

.PHONY: all run demo gateway-min test sdk matrix build-sim sim sim-tail check-layers lint sanitize fuzz mutate mutate-gen size bench clean
