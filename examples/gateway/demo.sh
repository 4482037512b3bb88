#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# demo.sh GATEWAY: starts the gateway with its built-in provider (no key, loopback, a free port) and shows what it does, each as one curl, its answer, one line of why.
gateway=$1
command -v curl >/dev/null || { echo "demo: curl is not installed"; exit 1; }
dir=$(mktemp -d)
cat >"$dir/demo.json" <<'END'
{ "version": 1,
  "listen": "127.0.0.1:0",
  "models": { "paid":  { "provider": "mock", "id": "echo",  "price": { "input": "3.00", "output": "15.00" } },    // as if it cost something
              "cheap": { "provider": "mock", "id": "think", "price": { "input": "0.10", "output": "0.40" } } },
  "routes": { "smart": { "models": ["mock/503", "mock/echo"] },                                                   // the first fails, the second answers
              "small": { "models": ["cheap"] },
              "faq":   { "models": ["paid"], "cache": "always" } },
  "budgets": [ { "when": { "feature": "report" }, "usd": "0.0001", "per": "month" },
               { "when": { "feature": "loop" }, "usd": "0.05", "per": "day" },
               { "when": { "feature": "chat" }, "usd": "0.01", "per": "day", "soft": 0.04, "then": "route:small" } ] }
END
: >"$dir/out"                # the loop below may look before the server is there
"$gateway" --config "$dir/demo.json" --log-format off >"$dir/out" 2>"$dir/err" </dev/null &
pid=$!
trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    url=$(sed -n 's/.*serves at \(http:[^ ]*\).*/\1/p' "$dir/out" 2>/dev/null)
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { cat "$dir/err"; exit 1; }
bold=''; plain=''
[ -t 1 ] && bold=$(printf '\033[1m') && plain=$(printf '\033[0m')
failed=0

# show TITLE WHY WANTED PATH BODY [CURL OPTIONS]: prints the call, its answer (the end of a long one), and why
show() {
    title=$1 why=$2 wanted=$3 path=$4 body=$5
    shift 5
    printf '\n%s%s%s\n$ curl -s %s%s' "$bold" "$title" "$plain" "$url" "$path"
    for word; do case $word in *' '*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac; done
    printf " -H 'content-type: application/json' -d '%s'\n" "$body"
    curl -sN -m 8 "$@" -H 'content-type: application/json' -d "$body" "$url$path" >"$dir/answer"
    tr -d '\r' <"$dir/answer" | grep -v '^$' >"$dir/lines"
    if [ "$(wc -l <"$dir/lines")" -gt 9 ]; then
        { head -n 4 "$dir/lines"; echo ...; sed '1,4d' "$dir/lines" | grep "^x-aigw.*$wanted\|^$wanted" | head -n 1; tail -n 4 "$dir/lines"; } | cut -c 1-220
    else cut -c 1-700 "$dir/lines"; fi
    printf '\n   why: %s\n' "$why"
    grep -q "$wanted" "$dir/lines" || { echo "   NOT AS EXPECTED: no $wanted"; failed=1; }
}
# A program that went wrong: the same call 10,000 times, against a budget of 0.05 USD.
loop() {
    printf '\n%sA loop of 10,000 calls%s\n$ curl -s "%s/v1/chat/completions?[1-10000]" -H "x-aigw-feature: loop" ...\n' "$bold" "$plain" "$url"
    curl -s -m 30 -o "$dir/last" -w '%{http_code}\n' -H 'content-type: application/json' -H 'x-aigw-feature: loop' -d "{\"model\":\"paid\",\"max_tokens\":100,$hi}" \
        "$url/v1/chat/completions?[1-10000]" | sort | uniq -c >"$dir/codes"
    answered=$(sed -n 's/ *\([0-9]*\) 200$/\1/p' "$dir/codes") refused=$(sed -n 's/ *\([0-9]*\) 402$/\1/p' "$dir/codes")
    echo "${answered:-0} answered, ${refused:-0} refused with 402; the last: $(sed -n 's/.*\(usd[^;]*spent\).*/\1/p' "$dir/last")"
    printf '\n   why: each call reserves what it may cost before it is sent, so the cap holds whatever the loop does\n'
    [ $((${answered:-0} + ${refused:-0})) -eq 10000 ] && [ "${answered:-0}" -gt 0 ] && [ "${answered:-0}" -lt 200 ] || { echo "   NOT AS EXPECTED: $(cat "$dir/codes")"; failed=1; }
}
# record ID: the decision of a request, and (where it is built) what explain says of it
record() {
    printf '\n%sWhy it went there%s\n$ curl -s %s/admin/requests/%s\n' "$bold" "$plain" "$url" "$1"
    curl -s -m 8 "$url/admin/requests/$1" >"$dir/record"
    cut -c 1-400 "$dir/record"
    explain=$(dirname "$gateway")/explain
    if [ -x "$explain" ]; then
        printf '\n$ curl -s %s/admin/requests/%s | build/explain demo.json\n' "$url" "$1"
        "$explain" "$dir/demo.json" <"$dir/record"
    fi
    printf '\n   why: the record has all that the decision read, so it can be taken again: against this configuration, or another one\n'
    grep -q '"route":"small"' "$dir/record" || { echo "   NOT AS EXPECTED: no record"; failed=1; }
    [ ! -x "$explain" ] || "$explain" "$dir/demo.json" <"$dir/record" | grep -q 'same choice' || { echo "   NOT AS EXPECTED: another choice"; failed=1; }
}
hi='"messages":[{"role":"user","content":"Hello"}]'
tool='"tools":[{"name":"weather","description":"Weather of a city","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}]'

show "An OpenAI client, a provider of another dialect" "the request was translated for the provider, its answer translated back" 'You asked in openai-chat' \
    /v1/chat/completions "{\"model\":\"mock/echo\",$hi}"
show "The same, streamed to an Anthropic client" "each piece goes on as it comes, in the client's own event grammar, with exactly one end" 'message_stop' \
    /v1/messages "{\"model\":\"mock/gemini/echo\",\"max_tokens\":100,\"stream\":true,$hi}"
show "And to a Gemini client, with what was lost" "OpenAI has no top_k: it is dropped, and said so" 'topK\|top_k' \
    /v1beta/models/mock/openai/echo:generateContent '{"contents":[{"parts":[{"text":"Hello"}]}],"generationConfig":{"topK":3}}'
show "Strict: rather refuse than lose" "the same request with the strict flag is an error that names the field" 'topK\|top_k' \
    /v1beta/models/mock/openai/echo:generateContent '{"contents":[{"parts":[{"text":"Hello"}]}],"generationConfig":{"topK":3}}' -H 'x-aigw-strict: 1'
show "Tools" "the call is a tool_use block here; the provider spoke Gemini" 'tool_use' \
    /v1/messages "{\"model\":\"mock/gemini/tools\",\"max_tokens\":100,$tool,$hi}"
show "Thinking" "the signature of the reasoning comes back to the provider with the next turn" 'signature' \
    /v1/messages "{\"model\":\"mock/gemini/think\",\"max_tokens\":2000,\"thinking\":{\"type\":\"adaptive\"},$hi}"
show "Failover" "mock/503 failed before a byte was sent, so mock/echo answered; the headers tell" 'x-aigw-why: in order; mock/503' \
    /v1/chat/completions "{\"model\":\"smart\",$hi}" -D -
curl -s -o /dev/null -H 'content-type: application/json' -d "{\"model\":\"faq\",\"max_tokens\":4096,$hi}" "$url/v1/messages"
show "The same question again" "it was asked a moment ago: the answer comes from the cache, and costs nothing" 'x-aigw-cache: HIT' \
    /v1/messages "{\"model\":\"faq\",\"max_tokens\":4096,$hi}" -D -
show "A budget that is too small" "refused before anything is spent; the error names the cap, what is spent and reserved, and when it begins anew" 'begins anew at 20' \
    /v1/chat/completions "{\"model\":\"paid\",$hi}" -H 'x-aigw-feature: report'
loop
# a call before it, which spends more than 4 percent of the budget
curl -s -m 8 -o "$dir/last" -H 'content-type: application/json' -H 'x-aigw-feature: chat' -d "{\"model\":\"paid\",\"max_tokens\":50,$hi}" "$url/v1/chat/completions"
show "Near the end of a budget" "its soft limit is passed: the cheaper route answers, and says so" 'x-aigw-degraded: route:small' \
    /v1/chat/completions "{\"model\":\"paid\",\"max_tokens\":50,$hi}" -D - -H 'x-aigw-feature: chat' -H 'x-request-id: demo-1'
record demo-1
show "A provider's limit" "429 in the client's own form; its SDK reads retry-after" 'retry-after: 2' \
    /v1/messages "{\"model\":\"mock/openai/429\",\"max_tokens\":100,$hi}" -D -
show "A provider that breaks off" "an error ends the stream: no finish reason, no [DONE], so nobody takes it for whole" 'error' \
    /v1/chat/completions "{\"model\":\"mock/cut\",\"stream\":true,$hi}"
show "A mistake in the request" "the field is named" 'messages\[0\]' \
    /v1/chat/completions '{"model":"mock/echo","messages":[{"role":"user","content":7}]}'
show "A web page that would spend your money" "a foreign Origin is refused" 'origin' \
    /v1/chat/completions "{\"model\":\"mock/echo\",$hi}" -H 'origin: https://example.com'
printf '\nAll of it: %s/ in a browser while "make run" serves; keys in the environment (OPENAI_API_KEY, ...) add real providers.\n' "$url"
exit $failed
