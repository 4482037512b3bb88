#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# size.sh: bytes of code and data per section, of each public struct, of the deepest stack, and what the library needs from outside.
# x86-64 with $CC, Cortex-M4 with arm-none-eabi-gcc (skipped by name without it). Fails on data, bss, or a foreign symbol.
set -u
CC=${CC:-gcc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0
printf '#define AIGW_IMPLEMENTATION\n#include "aigw.h"\n' >"$dir/all.c"
# one program that uses everything an anthropic-only client needs, and nothing else
sed -n 's/^ \*   \(AIGW_NO_[A-Z]*\) *leaves out >>\(dialect\|frame\).*/#define \1/p' aigw.h | grep -v ANTHROPIC >"$dir/one.c"
cat >>"$dir/one.c" <<'C'
#define AIGW_NO_TEXT
#define AIGW_CLIENT_ONLY
#define AIGW_IMPLEMENTATION
#include "aigw.h"
int one(aigw_client *c, aigw_now now, const aigw_sink *out, void *mem, size_t n, const char *key);
int one(aigw_client *c, aigw_now now, const aigw_sink *out, void *mem, size_t n, const char *key) {
    aigw_client_init(c, &aigw_dialect_anthropic, aigw_base_str("h"), aigw_base_str(""), aigw_base_str(key), aigw_base_str("m"));
    aigw_client_ask(c, aigw_base_str(""), aigw_base_str("Hi"), 1);
    if (aigw_client_start(c, now, mem, n) < 0) return -1;
    while (aigw_client_run(c, now, out) == 0) {}
    aigw_client_release(c);
    return 0;
}
C
# every public struct, as an array of its size
{
    printf '#define AIGW_IMPLEMENTATION\n#include "aigw.h"\n'
    sed -n 's/^} \(aigw_[a-z_0-9]*\);.*/\1/p; s/^typedef struct {.*} \(aigw_[a-z_0-9]*\);.*/\1/p; s/^typedef struct \(aigw_[a-z_0-9]*\) {.*}.*;.*/\1/p' aigw.h |
        grep -v '_\(err\|kind\|type\|role\|bit\|id\|form\|action\|event\|retry\|source\|op\|choice\|finish\|framing\|wait\|scheme\|verb\|verdict\)$' | sort -u |
        while read -r t; do echo "char size_of_$t[sizeof($t)];"; done
} >"$dir/structs.c"

flags="-std=c99 -Os -fno-pic -ffunction-sections -fdata-sections -ffreestanding -I."

# sections OBJECT NM: .text per section, by the names of its symbols (.rodata goes with its section too)
sections() {
    $2 -S --size-sort --radix=d "$1" | awk '
        { s = $4; sub(/^aigwi?_/, "", s); sub(/_.*/, "", s); if ($4 ~ /^aigwi?_/) sum[s] += $2; else rest += $2 }
        END { n = split("base digest json http sse array ndjson evs model dialect embed openai responses anthropic gemini bedrock cohere ollama auth registry bucket breaker retry price budget ledger store health queue router cache attempt hub fetch token probe account exchange client", o, " ")
              for (i = 1; i <= n; i++) if (sum[o[i]]) { printf "    %-10s %7d\n", o[i], sum[o[i]] }
              if (rest) printf "    %-10s %7d\n", "(unnamed)", rest }'
}

# measure NAME CC SIZE NM LD FLAGS
measure() {
    name=$1 cc=$2 sz=$3 nm=$4 ld=$5; shift 5
    # shellcheck disable=SC2086
    $cc $flags "$@" -c -o "$dir/all.o" "$dir/all.c" && $cc $flags "$@" -c -o "$dir/one.o" "$dir/one.c" || { bad=1; return; }
    $ld -r --gc-sections -u one -e one -o "$dir/client.o" "$dir/one.o" || bad=1
    for what in all client; do
        set -- $($sz "$dir/$what.o" | tail -n 1)
        [ $what = all ] && echo "$name, everything: $1 text, $2 data, $3 bss" || echo "$name, one-dialect client (anthropic, streams): $1 text, $2 data, $3 bss"
        [ "$2" -eq 0 ] && [ "$3" -eq 0 ] || { echo "FAIL: data or bss"; bad=1; }
        sections "$dir/$what.o" "$nm"
        undefined=$($nm -u "$dir/$what.o" | awk '{ print $2 }' | sort -u)
        echo "    needs: $(echo $undefined)"
        foreign=$(echo "$undefined" | grep -v -x -e '' -e memcpy -e memmove -e memcmp -e memset -e strlen -e '__aeabi_[a-z0-9]*' -e '__[a-z]*di[0-9]' -e '__stack_chk_fail' -e '_GLOBAL_OFFSET_TABLE_')
        [ -z "$foreign" ] || { echo "FAIL: foreign symbols: $foreign"; bad=1; }
    done
}

measure "x86-64 -Os" "$CC" size nm ld
if command -v arm-none-eabi-gcc >/dev/null; then
    measure "Cortex-M4 -Os" arm-none-eabi-gcc arm-none-eabi-size arm-none-eabi-nm arm-none-eabi-ld -mcpu=cortex-m4 -mthumb
else echo "skip Cortex-M4: needs arm-none-eabi-gcc"
fi

echo "bytes of text that each switch saves: x86-64, Cortex-M4"
saves() {   # saves SIZE CC...: text without the switch, less text with it
    sz=$1; shift
    # shellcheck disable=SC2086
    "$@" $flags -c -o "$dir/s.o" "$dir/all.c" && $sz "$dir/s.o" | awk 'NR == 2 { print $1 }'
}
arm="arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb"
for s in -DNO_SWITCH $(sed -n 's/^ \*   \(AIGW_NO_[A-Z]*\|AIGW_CLIENT_ONLY\) .*/-D\1/p' aigw.h); do
    x=$(saves size $CC $s)
    a=0; command -v arm-none-eabi-gcc >/dev/null && a=$(saves arm-none-eabi-size $arm $s)
    if [ $s = -DNO_SWITCH ]; then x0=$x a0=$a; else printf '    %-28s %7d %7d\n' "${s#-D}" $((x0 - x)) $((a0 - a)); fi
done

echo "bytes of each public struct: x86-64, Cortex-M4"
# shellcheck disable=SC2086
$CC $flags -c -o "$dir/structs.o" "$dir/structs.c" || bad=1
nm -S --radix=d "$dir/structs.o" | awk '$4 ~ /^size_of_/ { print substr($4, 9), $2 + 0 }' | sort >"$dir/x86"
if command -v arm-none-eabi-gcc >/dev/null; then
    # shellcheck disable=SC2086
    arm-none-eabi-gcc $flags -mcpu=cortex-m4 -mthumb -c -o "$dir/structs.o" "$dir/structs.c" || bad=1
    arm-none-eabi-nm -S --radix=d "$dir/structs.o" | awk '$4 ~ /^size_of_/ { print substr($4, 9), $2 + 0 }' | sort >"$dir/arm"
    join "$dir/x86" "$dir/arm" >"$dir/both"
else cp "$dir/x86" "$dir/both"
fi
awk '{ printf "    %-28s %7d %7s\n", $1, $2, $3 }' "$dir/both"

# the deepest chain of calls; a call through a pointer counts as a call of the deepest function whose address is taken by a dialect's table or a callback
echo "stack: largest frames (Cortex-M4 -Os if there, else x86-64)"
if command -v arm-none-eabi-gcc >/dev/null; then cc="arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb"; else cc=$CC; fi
# shellcheck disable=SC2086
(cd "$dir" && cp "$OLDPWD/aigw.h" . && $cc $flags -fcallgraph-info=su -c -o all.o all.c) || bad=1
awk '
    /^node:/ && /label:/ { split($0, q, "\""); split(q[4], l, "\\\\n"); size[q[2]] = l[3] + 0; name[q[2]] = l[1] }
    /^edge:/ { split($0, q, "\""); to[q[2]] = to[q[2]] " " q[4] }
    function depth(f,   n, a, i, d, best) {
        if (f in done) return done[f]
        if (busy[f]) return 0
        busy[f] = 1; best = 0; n = split(to[f], a, " ")
        for (i = 1; i <= n; i++) { if (a[i] == "__indirect_call") d = indirect; else d = depth(a[i]); if (d > best) { best = d; via[f] = a[i] } }
        busy[f] = 0
        return done[f] = size[f] + best
    }
    END {
        indirect = 0
        for (round = 0; round < 3; round++) {                 # exchange -> dialect -> sink: pointers nest at most three deep
            for (f in done) delete done[f]
            top = 0
            for (f in size) if (name[f] ~ /^aigwi?_(openai|responses|anthropic|gemini|bedrock|cohere|ollama|embed|dialect|model_fold|exchange_put|client)/) { d = depth(f); if (d > top) top = d }
            indirect = top
        }
        for (f in done) delete done[f]
        for (f in size) if (name[f] ~ /^aigw_/) { d = depth(f); printf "%7d %7d %s\n", d, size[f], name[f] }
    }' "$dir/all.ci" | sort -rn | awk 'NR <= 8 || $3 == "aigw_client_run" { printf "    %-32s %6d with all it calls, %5d own\n", $3, $1, $2 }'
exit $bad
