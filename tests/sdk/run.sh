#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# run.sh OUT [ARGUMENT...]: install the official SDKs under OUT/sdk and OUT/sdk-node once, then drive OUT/gateway with them (tests/sdk/run.py).
out=$1
shift
command -v python3 >/dev/null || { echo "skip sdk: needs python3"; echo "0 passed, 0 failed, 1 skipped"; exit "${T_NO_SKIP:-0}"; }
if ! cmp -s tests/sdk/requirements.txt "$out/sdk/installed"; then
    python3 -m venv "$out/sdk" && "$out/sdk/bin/pip" install -q --disable-pip-version-check -r tests/sdk/requirements.txt &&
        cp tests/sdk/requirements.txt "$out/sdk/installed" || { echo "skip sdk: needs pip and a package index"; echo "0 passed, 0 failed, 1 skipped"; exit 1; }
fi
node=$out/sdk-node
major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null)
if [ "${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
    echo "skip sdk of node: needs node 20 and npm"
    node=
else
    mkdir -p "$node" && cp tests/sdk/node/*.mjs tests/sdk/node/package*.json "$node/"
    if ! cmp -s tests/sdk/node/package-lock.json "$node/installed"; then
        (cd "$node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) && cp tests/sdk/node/package-lock.json "$node/installed" ||
            { echo "skip sdk of node: needs npm's registry"; node=; }
    fi
fi
[ -n "$node" ] || set -- --skipped 1 "$@"
exec "$out/sdk/bin/python" tests/sdk/run.py --provider "$out/provider" --gateway "$out/gateway" --node "$node" "$@"
