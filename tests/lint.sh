#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# lint.sh: the header as C99 and C++11 under gcc and clang, with every switch; every program; cppcheck. Warnings are errors.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
W="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
bad=0 checks=0
printf '#define AIGW_IMPLEMENTATION\n#include "aigw.h"\nint main(void) { return 0; }\n' >"$dir/x.c"
cp "$dir/x.c" "$dir/x.cpp"
printf '#include "aigw.h"\nint main(void) { return 0; }\n' >"$dir/api.c"
cp "$dir/api.c" "$dir/api.cpp"

try() {   # try NAME COMMAND...
    name=$1; shift
    checks=$((checks + 1))
    "$@" >"$dir/out" 2>&1 || { echo "FAIL lint: $name"; head -n 20 "$dir/out"; bad=$((bad + 1)); }
}
# shellcheck disable=SC2086
for cc in gcc clang; do
    command -v $cc >/dev/null || { echo "skip lint: needs $cc"; continue; }
    cxx=$(echo $cc | sed 's/gcc/g++/; s/clang/clang++/')
    for file in x api; do
        try "$cc C99 $file" $cc -std=c99 $W -O1 -I. -c -o "$dir/o" "$dir/$file.c"
        try "$cxx C++11 $file" $cxx -std=c++11 $W -I. -c -o "$dir/o" "$dir/$file.cpp"
    done
    for switch in -DAIGW_NO_TEXT -DAIGW_CLIENT_ONLY -DAIGW_NO_OPENAI -DAIGW_NO_ANTHROPIC -DAIGW_NO_GEMINI -DAIGW_NO_BEDROCK -DAIGW_NO_EVS -DAIGW_NO_OLLAMA "-DAIGW_NO_OPENAI -DAIGW_NO_GEMINI" \
                  "-DAIGW_NO_OPENAI -DAIGW_NO_ANTHROPIC -DAIGW_NO_GEMINI -DAIGW_NO_EVS -DAIGW_NO_OLLAMA" "-DAIGW_JSON_DEPTH=16 -DAIGW_CHOICES=1 -DAIGW_BLOCKS=4"; do
        try "$cc $switch" $cc -std=c99 $W -I. $switch -c -o "$dir/o" "$dir/x.c"
    done
    try "$cc -DAIGW_STATIC" $cc -std=c99 $W -Wno-unused-function -I. -DAIGW_STATIC -c -o "$dir/o" "$dir/x.c"
    for src in tests/*.c fuzz/*.c examples/*.c examples/gateway/*.c; do
        [ -e "$src" ] || continue
        case $src in *tls.c|*https.c) [ -e /usr/include/bearssl.h ] || continue ;; esac
        case $src in *firmware.c) D= ;; *) D=-D_GNU_SOURCE ;; esac
        try "$cc $src" $cc -std=c99 $W $D -I. -Itests -fsyntax-only "$src"
    done
done
if command -v cppcheck >/dev/null; then
    try cppcheck cppcheck --quiet --std=c99 --error-exitcode=1 --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
        --max-configs=1 -DAIGW_IMPLEMENTATION "$dir/x.c" -I.
else echo "skip lint: needs cppcheck"
fi
echo "lint: $checks checks, $bad failed"
[ $bad -eq 0 ]
