#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# sanitize.sh OUT: the tests under ASan + UBSan, then the unit tests under valgrind.
set -u
out=$1
cc=${CC:-gcc}
strict="-std=c99 -Wall -Wextra -Wpedantic -D_GNU_SOURCE -g"
CC=$cc CFLAGS="$strict -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DAIGW_TEST_SANITIZED" \
    sh tests/build.sh "$out/asan" tests/test_*.c fuzz/fuzz_*.c || exit 1
# the gateway that test_gateway drives, too
make -s OUT="$out/asan/bin" CFLAGS="-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" "$out/asan/bin/gateway" || exit 1
AIGW_GATEWAY=$out/asan/bin/gateway sh tests/run.sh "$out"/asan/test_* "$out"/asan/fuzz_* || exit 1
command -v valgrind >/dev/null || { echo "skip valgrind: needs valgrind"; exit 0; }
CC=$cc CFLAGS="$strict -O1" sh tests/build.sh "$out/test" tests/test_*.c || exit 1
T_QUICK=1 T_UNDER="valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite" sh tests/run.sh "$out"/test/test_*
