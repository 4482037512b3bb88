#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# build.sh OUT SOURCE...: compile each SOURCE to OUT/name when it is older than its source or a header. CC, CFLAGS, LDLIBS from the environment.
out=$1
shift
mkdir -p "$out"
newest=$(ls -t aigw.h tests/*.h fuzz/*.h examples/*.h 2>/dev/null | head -n 1)
fail=0
for src in "$@"; do
    [ -e "$src" ] || continue
    bin=$out/$(basename "$src" .c)
    if [ ! -e "$bin" ] || [ "$src" -nt "$bin" ] || [ "$newest" -nt "$bin" ]; then
        # shellcheck disable=SC2086
        $CC $CFLAGS -I. -Itests -o "$bin" "$src" $LDLIBS || { echo "FAIL cannot build $src"; fail=1; rm -f "$bin"; }
    fi
done
exit $fail
