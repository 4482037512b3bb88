#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# test_explain.sh: examples/explain.c against tests/cases/explain: the same choice, another one, what cannot be read. BIN: the program (build/explain).
set -u
bin=${BIN:-build/explain} cases=tests/cases/explain
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
checks=0 passed=0 failed=0
check() {   # check NAME STATUS PATTERN ARGUMENTS...
    name=$1 want=$2 pattern=$3; shift 3
    "$bin" "$@" >"$dir/out" 2>&1 </dev/null
    got=$?
    checks=$((checks + 1))
    if [ $got -eq "$want" ] && grep -q -e "$pattern" "$dir/out"; then passed=$((passed + 1)); else
        failed=$((failed + 1)); echo "FAIL explain: $name: status $got, wanted $want and \"$pattern\""; head -n 20 "$dir/out"; fi
}
"$bin" $cases/config.json $cases/record.json >"$dir/same" 2>&1
check "the same choice" 0 '^same choice$' $cases/config.json $cases/record.json
check "who is taken" 0 '^ 1  haiku .* 0.008912  .*taken; cheapest$' $cases/config.json $cases/record.json
check "who is not, and why" 0 '^ -  mini .*lacks what the request needs vision$' $cases/config.json $cases/record.json
check "the line" 0 '^tasks\[1\] -> pictures; cheapest; not mini: lacks what the request needs (vision); not gpt: circuit open (12 s); haiku: server; sonnet$' $cases/config.json $cases/record.json
check "tries" 0 '^ *812 ms  sonnet: ok, 1044 ms$' $cases/config.json $cases/record.json
sed 's/"input": "3.00"/"input": "0.10"/; s/"output": "15.00"/"output": "0.10"/' $cases/config.json >"$dir/cheaper.json"
printf '{ "routes": { "r": { "models": ["groq/x", "mock/echo"] } } }' >"$dir/short.json"
printf '%s' '{"version":1,"request":{"model":"r","op":"chat","text_bytes":277,"choices":1},"route":"r","candidates":[{"name":"groq/x","state":{"circuit":"open","wait_ms":900}},{"name":"mock/echo","likely_nusd":0,"bound_nusd":0}],"order":[1,0],"satisfy":1}' >"$dir/short"
check "providers that the gateway has by itself" 0 '^same choice$' "$dir/short.json" "$dir/short"
printf '%s' '{"version":1,"cache":"hit","request":{"model":"r","op":"chat","text_bytes":277,"choices":1},"route":"r","candidates":[{"name":"groq/x","state":{}},{"name":"mock/echo","state":{}}]}' >"$dir/hit"
check "a hit: nobody was to be asked" 0 '^same choice$' "$dir/short.json" "$dir/hit"
check "a hit is said" 0 '^answered from the cache: hit$' "$dir/short.json" "$dir/hit"
printf '%s' '{"version":1,"degraded":["stale"],"cache":"stale","request":{"model":"r","op":"chat","text_bytes":277,"choices":1},"route":"r","candidates":[{"name":"groq/x","state":{"circuit":"open","wait_ms":900}},{"name":"mock/echo","likely_nusd":0,"bound_nusd":0}],"order":[1,0],"satisfy":1}' >"$dir/stale"
check "a step down is said" 0 '^step down: stale$' "$dir/short.json" "$dir/stale"
check "and nobody taken" 0 '^ 1  mock/echo .*  satisfies' "$dir/short.json" "$dir/stale"
check "another price, another choice" 1 'decided now: sonnet haiku' "$dir/cheaper.json" $cases/record.json
sed 's/, "haiku", "sonnet"\]/, "haiku"]/' $cases/config.json >"$dir/fewer.json"
check "a route that has changed" 1 'other candidates' "$dir/fewer.json" $cases/record.json
sed 's/"pictures": {/"images": {/; s/"route": "pictures"/"route": "images"/' $cases/config.json >"$dir/renamed.json"
check "a route that is gone" 2 'route: the registry has no route of this name, at byte' "$dir/renamed.json" $cases/record.json
sed 's/"turn"/"turm"/' $cases/record.json >"$dir/typo.json"
check "a record with a typing error" 2 'turm: the record has no such member' $cases/config.json "$dir/typo.json"
check "no record" 2 'the record' $cases/config.json
check "no file" 2 'cannot be read' "$dir/none.json"
check "no arguments" 2 'usage'
echo "ok $checks checks, $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
