#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# fuzz.sh OUT SECONDS: build each fuzz target with libFuzzer and run it for SECONDS from its seeds. What it finds stays in OUT.
# FUZZ_SEED=n repeats a run (CI does, so that its verdict is about the change and not about its luck): as many inputs as that seed gives, whatever
# the machine's speed, without libFuzzer's ways that depend on addresses or the clock (two runs are mostly the same, not always). Without it every run looks elsewhere: keep that running while you work.
set -u
out=$1 seconds=$2
command -v clang >/dev/null || { echo "skip fuzz: needs clang (the seeds are replayed by make test)"; exit 0; }
mkdir -p "$out"
rm -f "$out"/*.verdict
n=0
repeat=${FUZZ_SEED:+-seed=$FUZZ_SEED -runs=$((seconds * 4000)) -use_cmp=0 -use_memmem=0 -reload=0}
flags="-std=c99 -D_GNU_SOURCE -g -O1 -fno-sanitize-recover=all -DFUZZ_LIBFUZZER -I. -Itests -Ifuzz"
# the library once, for all targets: their own copies are skipped by AIGW_IMPLEMENTED
printf '#define AIGW_IMPLEMENTATION\n#include "aigw.h"\n' >"$out/aigw.c"
# shellcheck disable=SC2086
clang $flags -fsanitize=fuzzer-no-link,address,undefined -c -o "$out/aigw.o" "$out/aigw.c" || { echo "FAIL aigw.h does not compile"; exit 1; }
one() {   # build and run one target; its verdict goes to OUT/name.verdict
    src=$1 name=$(basename "$1" .c)
    seeds=fuzz/corpus/${name#fuzz_}
    mkdir -p "$out/$name.corpus"
    [ -d "$seeds" ] || seeds=
    # shellcheck disable=SC2086
    if ! clang $flags -fsanitize=fuzzer,address,undefined -DAIGW_IMPLEMENTED -include string.h -o "$out/$name" "$src" "$out/aigw.o"; then
        echo "FAIL $name does not compile"
    elif "$out/$name" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$out/$name-" $repeat \
        "$out/$name.corpus" $seeds >"$out/$name.log" 2>&1; then
        echo "$name: $(grep -o 'number_of_executed_units: .*' "$out/$name.log" | grep -o '[0-9]*') runs, no finding"
    else
        echo "FAIL $name: $(grep -a '^FAIL ' "$out/$name.log")"
        tail -n 12 "$out/$name.log"
        input=$(sed -n 's/.*Test unit written to //p' "$out/$name.log" | head -n 1)
        if [ -f "$input" ]; then      # base64 -d >seed; build/test/fuzz_name seed
            echo "$name: the input, $(wc -c <"$input") bytes, as base64 (its first 4096):"
            head -c 4096 "$input" | base64
        fi
    fi >"$out/$name.verdict" 2>&1
}
for src in fuzz/fuzz_*.c; do     # two at a time
    one "$src" &
    n=$((n + 1))
    [ $((n % 2)) -eq 0 ] && wait
done
wait
# what failed comes last
for bad in 0 1; do
    for src in fuzz/fuzz_*.c; do
        verdict=$out/$(basename "$src" .c).verdict
        if grep -q '^FAIL' "$verdict"; then is=1; else is=0; fi
        [ $is -eq $bad ] && cat "$verdict"
    done
done
bad=$(grep -l '^FAIL' "$out"/*.verdict | wc -l)
echo "fuzz: $n targets, $bad failed"
[ "$bad" -eq 0 ]
