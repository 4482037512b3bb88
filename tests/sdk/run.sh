#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# run.sh OUT [ARGUMENT...]: install the official SDKs under OUT/sdk once, then drive OUT/gateway with them (tests/sdk/run.py).
out=$1
shift
command -v python3 >/dev/null || { echo "skip sdk: needs python3"; echo "0 passed, 0 failed, 1 skipped"; exit "${T_NO_SKIP:-0}"; }
if ! cmp -s tests/sdk/requirements.txt "$out/sdk/installed"; then
    python3 -m venv "$out/sdk" && "$out/sdk/bin/pip" install -q --disable-pip-version-check -r tests/sdk/requirements.txt &&
        cp tests/sdk/requirements.txt "$out/sdk/installed" || { echo "skip sdk: needs pip and a package index"; echo "0 passed, 0 failed, 1 skipped"; exit 1; }
fi
exec "$out/sdk/bin/python" tests/sdk/run.py --provider "$out/provider" --gateway "$out/gateway" "$@"
