#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# build.sh OUT SOURCE...: compile each SOURCE to OUT/name when it is older than its source or a header, as many at a time as there are processors.
# CC, CFLAGS, LDLIBS from the environment. A program that uses public names only is linked with one object of the implementation (OUT/aigw.o): its own copy is
# skipped by AIGW_IMPLEMENTED. One that looks inside, or sets a switch of its own, is compiled whole.
out=$1
shift
mkdir -p "$out"
newest=$(ls -t aigw.h tests/*.h tests/sim/*.h fuzz/*.h examples/*.h 2>/dev/null | head -n 1)
impl=$out/aigw.o
if [ ! -e "$impl" ] || [ aigw.h -nt "$impl" ]; then
    printf '#define AIGW_IMPLEMENTATION\n#include "aigw.h"\n' >"$out/aigw.c"
    # shellcheck disable=SC2086
    $CC $CFLAGS -I. -c -o "$impl" "$out/aigw.c" || { echo "FAIL cannot build aigw.h"; rm -f "$impl"; exit 1; }
fi
one() {   # one SOURCE
    src=$1 bin=$out/$(basename "$1" .c)
    [ -e "$src" ] || return 0
    [ ! -e "$bin" ] || [ "$src" -nt "$bin" ] || [ "$newest" -nt "$bin" ] || return 0
    inside=$(cat "$src" $(sed -n 's/^#include "\(.*\/\)\{0,1\}\([a-z_]*\.h\)".*/\2/p' "$src" | sed 's/^/tests\//; p; s/^tests/fuzz/') 2>/dev/null | grep -v '^#define AIGW_IMPLEMENTATION$' |
             grep -c 'aigwi_[a-z]\|AIGWI_[A-Z]\|^#define AIGW_' )
    # shellcheck disable=SC2086
    if [ "$inside" -eq 0 ]; then $CC $CFLAGS -DAIGW_IMPLEMENTED -include string.h -I. -Itests -Ifuzz -o "$bin" "$src" "$impl" $LDLIBS
    else $CC $CFLAGS -I. -Itests -Ifuzz -o "$bin" "$src" $LDLIBS
    fi || { echo "FAIL cannot build $src"; rm -f "$bin"; return 1; }
}
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) fail=0 running=
for src in "$@"; do
    one "$src" &
    running="$running $!"
    set -- $running
    if [ $# -ge "$jobs" ]; then wait "$1" || fail=1; shift; running="$*"; fi
done
for pid in $running; do wait "$pid" || fail=1; done
exit $fail
