#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# fuzz.sh OUT SECONDS: build each fuzz target with libFuzzer and run it for SECONDS from its seeds. What it finds stays in OUT.
set -u
out=$1 seconds=$2
command -v clang >/dev/null || { echo "skip fuzz: needs clang (the seeds are replayed by make test)"; exit 0; }
mkdir -p "$out"
bad=0 n=0
for src in fuzz/fuzz_*.c; do
    name=$(basename "$src" .c)
    clang -std=c99 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -DFUZZ_LIBFUZZER -I. -Itests -Ifuzz -o "$out/$name" "$src" || { bad=$((bad + 1)); continue; }
    seeds=fuzz/corpus/${name#fuzz_}
    mkdir -p "$out/$name.corpus"
    [ -d "$seeds" ] || seeds=
    n=$((n + 1))
    # shellcheck disable=SC2086
    if "$out/$name" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$out/$name-" \
        "$out/$name.corpus" $seeds >"$out/$name.log" 2>&1; then
        echo "$name: $(grep -o 'number_of_executed_units: .*' "$out/$name.log" | grep -o '[0-9]*') runs, no finding"
    else
        bad=$((bad + 1))
        echo "FAIL $name"
        tail -n 40 "$out/$name.log"
    fi
done
echo "fuzz: $n targets, $bad failed"
[ $bad -eq 0 ]
