#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# run.sh PROGRAM...: run test binaries and scripts, add up their closing lines, end with "N passed, N failed, N skipped".
passed=0 failed=0 skipped=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for t in "$@"; do
    ${T_UNDER:-} "$t" >"$out" 2>&1 </dev/null
    status=$?
    line=$(tail -n 1 "$out")
    case $line in
    "ok "*" checks, "*)
        set -f; set -- $line; set +f
        p=$4 f=$6 s=$8 ;;
    *) p=0 f=1 s=0; echo "FAIL $t: ended with status $status before its closing line" ;;
    esac
    [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && { f=1; echo "FAIL $t: exit status $status"; }
    if [ "$f" -ne 0 ]; then cat "$out"; else grep '^skip ' "$out"; fi
    echo "$(basename "$t"): $line"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && { [ -z "${T_NO_SKIP:-}" ] || [ "$skipped" -eq 0 ]; }
