#!/usr/bin/env bash
# river 0.26.1, optim.FTRLProximal: a weight whose |z| <= l1 keeps its value in place of becoming 0.
#
# FTRL-Proximal (McMahan et al. 2013, algorithm 1) sets w = 0 wherever |z| <= l1: that is how it makes
# sparse models. Here a weight of 3 under 50 gradients of 0 and l1 = 1 (so z = 0 throughout) stays 3.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check river==0.26.1
env/bin/python - <<'PYTHON'
import river
from river import optim

rule = optim.FTRLProximal(alpha=0.05, beta=1.0, l1=1.0, l2=0.0)
weights = {"a": 3.0}
for _ in range(50):
    weights = rule.step(weights, {"a": 0.0})
print("river", river.__version__, "after 50 gradients of 0 with l1 = 1:", weights)
assert weights["a"] == 3.0
PYTHON
