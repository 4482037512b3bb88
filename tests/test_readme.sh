#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# test_readme.sh: every program of README.md (the ```c blocks) and the quick start in the head of aigw.h compile without a warning;
# those that need no network run, and print what is said behind "prints:" above them. So does examples/limits.c. The configuration that is whole passes --check, the demo shows what it says. Every `make` target named in README.md is there.
set -u
cc=${CC:-cc}
strict="-std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -D_GNU_SOURCE -I."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
checks=0 passed=0 failed=0 skipped=0
check() {   # check NAME COMMAND...
    name=$1; shift
    checks=$((checks + 1))
    if "$@" >"$dir/out" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL readme: $name"; head -n 20 "$dir/out"; fi
}
awk -v dir="$dir" '/^```c$/ { f = dir "/readme" ++n ".c"; next } /^```/ { f = "" } f { print > f }' README.md
sed -n '/^ \* Quick start/,/^ \* Contracts/s/^ \*     //p' aigw.h | sed -n '/^#define AIGW_IMPLEMENTATION/,/^}/p' >"$dir/head.c"
for src in "$dir"/*.c; do
    bin=${src%.c}
    # shellcheck disable=SC2086
    check "$(basename "$src") compiles" $cc $strict -o "$bin" "$src"
    if [ -x "$bin" ] && grep -q '"claude-x"' "$src"; then
        "$bin" >"$bin.txt" 2>&1
        check "$(basename "$src") translates" grep -q '^{"model":"claude-x".*"max_tokens":.*"messages":' "$bin.txt"
        check "$(basename "$src") reports" grep -q '^seed: ' "$bin.txt"
    fi
done
# shellcheck disable=SC2086
check "examples/limits.c compiles" $cc $strict -o "$dir/limits" examples/limits.c
"$dir/limits" >"$dir/limits.txt" 2>&1
for what in 'done, attempt 1' 'too fast: come again in ms [1-9]' 'failed: again in ms' 'failed, attempts 3' 'not asked: open for ms [1-9]' 'the circuit is closed'; do
    check "examples/limits.c shows: $what" grep -q "$what" "$dir/limits.txt"
done
check "examples/limits.c is short" test "$(wc -l <examples/limits.c)" -le 80
awk '/^```jsonc$/ { f = 1; t = ""; next } /^```/ { if (f && t ~ /^{ "version": 1,\n/) printf "%s", t; f = 0 } f { t = t $0 "\n" }' README.md >"$dir/policy.json"
if [ -x "${GATEWAY:-build/gateway}" ]; then check "the configuration is good" "${GATEWAY:-build/gateway}" --config "$dir/policy.json" --check; fi
# as "make demo" does it; it says what was not as expected
demo() { sh examples/gateway/demo.sh "${GATEWAY:-build/gateway}" >"$dir/demo" 2>&1 || { grep -B 8 'NOT AS EXPECTED' "$dir/demo" || tail -n 20 "$dir/demo"; return 1; }; }
if [ -x "${GATEWAY:-build/gateway}" ] && command -v curl >/dev/null; then check "the demo shows what it says" demo
else skipped=1; echo "skip readme: the demo needs build/gateway and curl"; fi
check "README has a whole configuration" test -s "$dir/policy.json"
check "the head of aigw.h has a quick start" grep -q 'int main' "$dir/head.c"
check "README has a program" test -s "$dir/readme1.c"
for target in $(grep -o '`make [a-z-]*' README.md | sed 's/.* //' | sort -u); do check "make $target" grep -q "^$target:" Makefile; done
echo "ok $checks checks, $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
