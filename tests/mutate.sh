#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# mutate.sh [NAME...]: applies each seeded bug of tests/mutants.txt (or the named ones) to a copy of aigw.h and runs the one test that must go red.
# Before that each of those tests must be green, and not skipped. A bug whose text is not in the header exactly once fails loudly: update it.
set -u
list=tests/mutants.txt
CC=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/new"

# compile INCLUDE SOURCE BINARY
compile() { $CC -std=c99 -O0 -w -D_GNU_SOURCE -I"$1" -I. -Itests -o "$3" "$2" 2>"$dir/errors"; }

# run BINARY CASE: 0 when the case passed, 1 when it failed, 2 when nothing ran
run() {
    T_ONLY=$2 timeout 60 "$1" >"$dir/out" 2>&1 </dev/null
    status=$?
    [ $status -ne 0 ] && return 1
    case $(tail -n 1 "$dir/out") in *" 0 passed,"*) return 2 ;; *", 0 failed, 0 skipped") return 0 ;; *) return 2 ;; esac
}

# the original text and its replacement of mutant NAME become files old and new; prints "test case"
take() {
    awk -v name="$1" -v old="$dir/old" -v new="$dir/with" '
        /^#/ || /^$/ { next }
        /^= / { on = $2 == name; if (on) print $3, $4; next }
        on && /^- / { a = a (na++ ? "\n" : "") substr($0, 3) }
        on && /^\+/ { b = b (nb++ ? "\n" : "") substr($0, 3) }
        END { printf "%s", a > old; printf "%s", b > new }' "$list"
}

# apply: the copy of the header with old replaced by new, when old is there exactly once
apply() {
    awk -v old="$dir/old" -v new="$dir/with" '
        function slurp(f,   s) { if ((getline s < f) <= 0) s = ""; sub(/\n$/, "", s); return s }
        BEGIN {
            RS = "\001"                                  # whole files: line by line takes ten seconds for each mutant
            text = slurp("aigw.h") "\n"; a = slurp(old); b = slurp(new)
            at = index(text, a)
            if (!a || !at) { print "not there"; exit 1 }
            rest = substr(text, at + length(a))
            if (index(rest, a)) { print "there more than once"; exit 1 }
            printf "%s%s%s", substr(text, 1, at - 1), b, rest > "'"$dir"'/new/aigw.h"
        }'
}

# try NAME: one line of verdict, and why
try() {
    name=$1
    set -- $(take "$name")
    test=${1:-} case=${2:-}
    [ -e "tests/$test.c" ] && [ -n "$case" ] || { echo "FAIL $name: no such mutant or test"; return; }
    why=$(apply) || { echo "FAIL $name: its text is $why in aigw.h"; return; }
    [ -e "$dir/$test" ] || compile . "tests/$test.c" "$dir/$test" || { echo "FAIL $name: $test does not compile"; return; }
    if [ ! -e "$dir/$test.$case" ]; then
        run "$dir/$test" "$case" || { echo "FAIL $name: $test $case is not green without the bug (or was skipped)"; cat "$dir/out"; return; }
        : >"$dir/$test.$case"
    fi
    compile "$dir/new" "tests/$test.c" "$dir/mutant" || { echo "FAIL $name: does not compile with the bug"; head -n 5 "$dir/errors"; return; }
    run "$dir/mutant" "$case"
    [ $? -eq 1 ] && echo "caught $name: $test $case" || echo "SURVIVED $name: $test $case"
}

if [ "${1:-}" = "--worker" ]; then    # every second mutant, so that two processors are used
    shift
    for name in "$@"; do try "$name"; done
    exit 0
fi
names=${*:-$(sed -n 's/^= \([^ ]*\) .*/\1/p' "$list")}
odd= even=
for name in $names; do if [ ${#odd} -le ${#even} ]; then odd="$odd $name"; else even="$even $name"; fi; done
# shellcheck disable=SC2086
{ sh "$0" --worker $odd >"$dir/odd" & [ -z "$even" ] || sh "$0" --worker $even >"$dir/even"; wait; }
touch "$dir/even"
cat "$dir/odd" "$dir/even"
count() { cat "$dir/odd" "$dir/even" | grep -c "^$1 "; }
echo "mutate: $(echo $names | wc -w) mutants, $(count caught) caught, $(count SURVIVED) survived"
[ "$(count caught)" -eq "$(echo $names | wc -w)" ]
