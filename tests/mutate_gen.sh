#!/bin/sh
# SPDX-License-Identifier: MIT OR Unlicense
# mutate_gen.sh [EACH [SEED [SECTION...]]]: EACH (20) mutants of each section of the policies, the cache and the accounts, made by universalmutator and chosen
# by SEED (1), on copies of aigw.h; each is compiled and must redden one of its section's tests. Ends with the survivors, which tests/mutants.md explains.
# Needs Python; installs universalmutator under build/. Uses tcc where it is there (a hundred times faster than a compiler that optimizes), else cc.
set -eu
env=build/mutate
[ -x $env/bin/python ] && $env/bin/python -c 'import universalmutator' 2>/dev/null || {
    python3 -m venv $env
    $env/bin/pip install -q universalmutator==1.14.1
}
exec nice $env/bin/python tests/mutate_gen.py "$@"
