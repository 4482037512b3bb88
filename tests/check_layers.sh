#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# check_layers.sh [HEADER]: proves that every section of aigw.h uses only sections above it, and only those that the table of
# contents permits (bytes per section: make size). Then checks itself on two seeded violations.
# Needs gcc (for -fkeep-static-functions) and nm.
set -u
header=${1:-aigw.h}
CC=${CC:-gcc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# tags: the implementation's tags, in order
tags() { sed -n 's|^/\* ==== >>\([a-z.]*\) .*|\1|p' "$1"; }

# prefix HEADER TAG: both halves, each cut behind TAG
prefix() {
    awk -v last="$2" '
        /^\/\* ---- >>[a-z.]+ api/ { keep = !past_api; if ($3 == ">>" last) past_api = 1 }
        /^#ifdef __cplusplus/ && past_api { keep = 1 }                   # what closes the first half
        /^\/\* ==== >>/ { keep = !past; if ($3 == ">>" last) past = 1 }
        /^#endif \/\* AIGW_IMPLEMENTED/ { keep = 1 }
        BEGIN { keep = 1 }
        keep { print }' "$1"
}

# uses HEADER: every aigw_<section>_ or aigwi_<section>_ word must be of a permitted section
uses() {
    awk '
        function words(tag, list,   n, i, a, w) {                        # permitted[tag, word]
            n = split(list, a, " ")
            for (i = 1; i <= n; i++) {
                w = a[i]
                if (w == "everything") { for (i = 1; i <= count; i++) permitted[tag, short[order[i]]] = 1; return }
                if (w == "frame") { permitted[tag, "sse"] = permitted[tag, "array"] = permitted[tag, "ndjson"] = permitted[tag, "evs"] = 1 }
                if (w != "-") permitted[tag, w] = 1
            }
        }
        /^ \*   >>/ && /uses:/ {
            line = $0; sub(/.*uses: */, "", line)
            tag = $2; sub(/^>>/, "", tag); group = tag; sub(/\..*/, "", group)
            n = 0; names[++n] = tag
            for (i = 3; i <= NF && $i ~ /^\./; i++) names[++n] = group $i
            for (k = 1; k <= n; k++) {
                w = names[k]; sub(/.*\./, "", w)
                order[++count] = names[k]; short[names[k]] = w; known[w] = names[k]
                permitted[names[k], w] = 1
                for (i = 1; i < k; i++) permitted[names[k], short[names[i]]] = 1     # earlier siblings
                count--; words(names[k], line); count++
            }
            next
        }
        /^\/\* ---- >>[a-z.]+ api/ || /^\/\* ==== >>/ { now = $3; sub(/^>>/, "", now)
            if (!(now in short)) { print FILENAME ":" FNR ": >>" now " is not in the table of contents"; bad = 1 } }
        now != "" {
            s = $0
            while (match(s, /aigwi?_[a-z]+_/)) {
                w = substr(s, RSTART, RLENGTH); sub(/^aigwi?_/, "", w); sub(/_$/, "", w)
                if (w in known && !((now, w) in permitted)) { print FILENAME ":" FNR ": >>" now " uses " w; bad = 1 }
                s = substr(s, RSTART + RLENGTH - 1)
            }
        }
        END { exit bad }' "$1"
}

# check HEADER [TAG]: prefix builds and uses. Without optimization: what is named counts, and 40 builds of a long file take their time
check() {
    bad=0
    uses "$1" || bad=1
    for tag in ${2:-$(tags "$1")}; do
        prefix "$1" "$tag" >"$dir/aigw_prefix.h"
        printf '#define AIGW_IMPLEMENTATION\n#include "aigw_prefix.h"\n' >"$dir/prefix.c"
        if ! $CC -std=c99 -O0 -w -Werror=implicit-function-declaration -fkeep-static-functions -c -I"$dir" -o "$dir/prefix.o" "$dir/prefix.c" 2>"$dir/errors"; then
            echo ">>$tag: does not compile without the sections below it:"
            grep -m 5 error "$dir/errors"
            bad=1
            continue
        fi
        upward=$(nm -u "$dir/prefix.o" | grep aigw)
        [ -z "$upward" ] || { echo ">>$tag: uses from below: $upward"; bad=1; }
        echo "  >>$tag builds with what is above it"
    done
    return $bad
}

check "$header" || { echo "check-layers: FAILED"; exit 1; }

# its own test: a later function and a later type must be found
sed 's|^/\* ==== >>json .*|static int aigwi_digest_seeded(void) { return aigwi_http_seeded(); }\n&|
     s|^/\* ==== >>frame.sse .*|static int aigwi_http_seeded(void) { return 0; }\n&|' "$header" >"$dir/function.h"
sed 's|^/\* ==== >>json .*|typedef struct { aigw_sse s; } aigwi_digest_seeded;\n&|' "$header" >"$dir/type.h"
for seeded in function type; do
    check "$dir/$seeded.h" digest >"$dir/out" 2>&1 && { echo "check-layers: the seeded later $seeded was not found"; exit 1; }
    echo "  seeded later $seeded: found"
done
echo "check-layers: 0 upward references"
