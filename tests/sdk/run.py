# SPDX-License-Identifier: MIT OR Unlicense
"""Drive the gateway with the official SDKs: every client (sdk_*.py) over every upstream dialect, the upstream being tests/provider.c.

    python run.py --provider build/provider [--gateway build/gateway] [--node DIRECTORY] [--only WORD] [--verbose]

Nothing but base URL and key is changed on an SDK; its own retries are off where an error is the point. Each case (cases.py) is named
"client <- upstream: case"; "direct" runs the same cases with an SDK talking straight to the provider in its own dialect, which shows
that the oracle is sound. The Node SDKs (node/run.mjs, copied to DIRECTORY beside its node_modules) follow at the same servers.
Ends with "N passed, N failed, N skipped"; what has no form at an upstream is told before it, with its reason, and not counted."""
import argparse, importlib, json, os, re, subprocess, sys, tempfile, threading, time, traceback, urllib.request

import policies
from cases import CASES, SCENARIOS, UPSTREAMS, NoForm, Pair
from common import CLIENT_KEY, PROVIDER_KEY

SDKS = ("sdk_openai", "sdk_anthropic", "sdk_google", "sdk_boto3", "sdk_cohere", "sdk_ollama", "sdk_mistral")
# Where in a provider's URL its paths begin, and what comes before the scenario in its model's id.
SUFFIX = {"openai-chat": "/v1", "openai-responses": "/v1"}
VENDOR = {"bedrock": "anthropic.claude-"}
FACTS = {("gemini", "think"): {"can": ["level_thinking"]}}          # a model of Gemini 3: it asks for signatures
BENCHED = ("err-401", "err-403", "err-quota")
EMBEDDER = {"bedrock": "amazon.titan-embed-text-v2:0"}


def start(args, pattern, env=None):
    """Start a server and wait for the line that tells where it listens; (process, match)."""
    proc = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    seen_lines, found, done = [], [], threading.Event()

    def read():
        for line in proc.stdout:
            seen_lines.append(line)
            m = re.search(pattern, line)
            if m and not found:
                found.append(m)
                done.set()
        done.set()
    threading.Thread(target=read, daemon=True).start()
    done.wait(10)
    if not found:
        proc.kill()
        raise SystemExit("%s did not start: %s" % (args[0], "".join(seen_lines)))
    proc.lines = seen_lines
    return proc, found[0]


def serve(gateway, config):
    f = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
    json.dump(config, f, indent=1)
    f.close()
    return start([gateway, "--config", f.name, "--listen", "127.0.0.1:0"], r"(http://127\.0\.0\.1:\d+)", dict(os.environ, AIGW_SDK_TEST_KEY=PROVIDER_KEY))


def model_id(dialect, scenario):
    return EMBEDDER.get(dialect, scenario) if scenario == "embed" else VENDOR.get(dialect, "") + scenario


def configuration(port):
    base = "http://127.0.0.1:%d" % port
    broken = [s for s in SCENARIOS if s.startswith(("err-", "cut-", "garbage"))]        # one attempt: what fails is the point
    refusing = {s: "-" + s for s in BENCHED}                   # providers of their own: their key is not used for a while
    return {"version": 1, "breaker": {"consecutive": 60000, "percent": 100, "least": 60000},
            "providers": {short + r: {"dialect": d, "base_url": base + SUFFIX.get(d, ""), "key": "env:AIGW_SDK_TEST_KEY"}
                          for d, short in UPSTREAMS.items() for r in ["", *refusing.values()]},
            "models": {short + "-" + s: dict({"provider": short, "id": model_id(d, s)}, **FACTS.get((d, s), {})) for d, short in UPSTREAMS.items() for s in SCENARIOS
                       if s not in broken},
            "routes": {short + "-" + s: {"models": [short + refusing.get(s, "") + "/" + model_id(d, s)], "attempts": 1} for d, short in UPSTREAMS.items() for s in broken}}


def node(o, provider, gateway, cannot):
    """Run the Node SDKs; (passed, failed, skipped) by their last line."""
    env = dict(os.environ, SDK_PROVIDER=provider, SDK_GATEWAY=gateway, SDK_PROVIDER_KEY=PROVIDER_KEY, SDK_CLIENT_KEY=CLIENT_KEY,
               SDK_CANNOT=json.dumps(cannot), SDK_ONLY=o.only, SDK_VERBOSE="1" if o.verbose else "")
    proc = subprocess.Popen(["node", "run.mjs"], cwd=o.node, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    counts = None
    for line in proc.stdout:
        counts = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped\n", line)
        if not counts:
            sys.stdout.write(line)
    proc.wait()
    if not counts:
        print("FAIL node ended with status %d" % proc.returncode)
        return 0, 1, 0
    return tuple(int(n) for n in counts.groups())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--provider", required=True)
    ap.add_argument("--gateway")
    ap.add_argument("--only", default="")
    ap.add_argument("--verbose", action="store_true")
    ap.add_argument("--node", default="")
    ap.add_argument("--skipped", type=int, default=0)
    o = ap.parse_args()
    for k in [k for k in os.environ if k.endswith(("_API_KEY", "_BASE_URL", "_proxy")) or k.startswith(("AWS_", "OLLAMA_"))]:
        del os.environ[k]
    os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    procs, pairs, skipped = [], [], o.skipped
    proc, m = start([o.provider, "--key", PROVIDER_KEY, "--life", "900"], r"listening (\d+)")
    procs.append(proc)
    port = int(m.group(1))
    cannot = json.load(urllib.request.urlopen("http://127.0.0.1:%d/cannot" % port))
    clients = [C for name in SDKS for C in importlib.import_module(name).CLIENTS]
    for C in clients:
        if C.direct:
            pairs.append(Pair(C("http://127.0.0.1:%d" % port, PROVIDER_KEY), C.own, "", True, cannot))
    if o.gateway and os.path.exists(o.gateway):
        proc, m = serve(o.gateway, configuration(port))
        governed, at = serve(o.gateway, policies.configuration(port))
        procs += [proc, governed]
        for C in clients:
            for u, short in UPSTREAMS.items():
                pairs.append(Pair(C(m.group(1), CLIENT_KEY), u, short + "-", False, cannot))
    else:
        print("skip gateway: needs %s" % (o.gateway or "--gateway"))
        skipped += len(clients) * len(UPSTREAMS) * len(CASES)
    passed = failed = 0
    no_form = {}
    todo = [("%s %s: %s" % (p.c.name, "direct" if p.direct else "<- " + p.upstream, name), f, p) for p in pairs for name, f in CASES]
    if len(procs) > 1:
        todo += [("policy: " + f.__name__, f, at.group(1)) for f in policies.CASES]
    try:
        for label, f, p in todo:
            if o.only not in label:
                continue
            try:
                began = time.monotonic()
                if f(p) == "n/a":
                    continue
                passed += 1
                if o.verbose:
                    print("ok   %s (%d ms)" % (label, (time.monotonic() - began) * 1000))
            except NoForm as e:
                no_form.setdefault(str(e), []).append(label)
            except Exception as e:
                failed += 1
                print("FAIL %s: %s: %s" % (label, type(e).__name__, str(e)[:700]))
                if o.verbose:
                    traceback.print_exc()
            sys.stdout.flush()
        if o.node and len(procs) > 1:
            more = node(o, "http://127.0.0.1:%d" % port, m.group(1), cannot)
            passed, failed, skipped = passed + more[0], failed + more[1], skipped + more[2]
    finally:
        for proc in procs:
            if proc.poll() not in (None,) and proc.returncode not in (0, -15):
                failed += 1
                print("FAIL %s ended with status %s:\n%s" % (proc.args[0], proc.returncode, "".join(proc.lines[-20:])))
            proc.terminate()
    for why in sorted(no_form):
        print("no form at %s (%d cases)" % (why, len(no_form[why])))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
