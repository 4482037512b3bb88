#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# demo.sh GATEWAY: starts the gateway with its built-in provider (no key, loopback, a free port) and shows what it does, each as one curl, its answer, one line of why.
gateway=$1
command -v curl >/dev/null || { echo "demo: curl is not installed"; exit 1; }
dir=$(mktemp -d)
cat >"$dir/demo.json" <<'END'
{ "version": 1,
  "listen": "127.0.0.1:0",
  "routes": { "smart": { "models": ["mock/503", "mock/echo"] } } }   // the first fails, the second answers
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
        { head -n 4 "$dir/lines"; echo ...; tail -n 4 "$dir/lines"; } | cut -c 1-220
    else cut -c 1-700 "$dir/lines"; fi
    printf '\n   why: %s\n' "$why"
    grep -q "$wanted" "$dir/lines" || { echo "   NOT AS EXPECTED: no $wanted"; failed=1; }
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
