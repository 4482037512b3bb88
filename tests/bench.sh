#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# bench.sh OUT: instructions (callgrind, exact) and nanoseconds (this machine, noisy) of each operation of tests/bench.c.
# YYJSON=DIR (with yyjson.c and yyjson.h; `pip download --no-deps --no-binary :all: yyjson` has them): compares the cache's look-up with its reader.
set -u
out=$1/bench.d                     # its own: an object of other flags must not be taken
CFLAGS="-std=c99 -O2 -g -D_GNU_SOURCE ${YYJSON:+-DBENCH_YYJSON -I$YYJSON}" CC=${CC:-gcc} sh tests/build.sh "$out" tests/bench.c || exit 1
count() {   # instructions of: bench NAME N
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$out/bench" "$1" "$2" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
[ -d "${AIGW_SHARED:-../shared}/bench/inputs" ] || echo "inputs: made by bench.c (../shared/bench/inputs is not there)"
printf '%-32s %14s %10s %8s %10s  %s\n' operation instructions bytes "per byte" ns what
"$out/bench" | while IFS="$(printf '\t')" read -r name what; do
    n=2000 few=40
    case $name in *200k | sse | stream*) n=50 few=4 ;; esac
    set -- $("$out/bench" "$name" $n)
    if command -v valgrind >/dev/null; then
        one=$(count "$name" 1) many=$(count "$name" $((few + 1)))
        each=$(((many - one) / few))
        printf '%-32s %14d %10d %8s %10d  %s\n' "$name" "$each" "$2" "$(awk "BEGIN { printf \"%.2f\", $each / $2 }")" "$1" "$what"
        case $name in
        yyjson-2k) yyjson=$each ;;
        cache-lookup-2k) [ -z "${YYJSON:-}" ] || echo "cache-lookup-2k takes $(awk "BEGIN { printf \"%.2f\", $each / $yyjson }") times the instructions of yyjson-2k" ;;
        esac
    else printf '%-32s %14s %10d %8s %10d  %s\n' "$name" "no valgrind" "$2" - "$1" "$what"
    fi
done
