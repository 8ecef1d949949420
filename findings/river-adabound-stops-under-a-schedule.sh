#!/usr/bin/env bash
# river 0.26.1, optim.AdaBound: with a falling rate its bounds fall to 0, and it stands still.
#
# Bounds close in on final_lr, which the authors' code scales by lr / lr0 anew at each update. Here
# final_lr is multiplied by lr / lr0 in its place, update after update: the product of all ratios so
# far. With a rate of 0.1 that falls as 1 / sqrt(t) it has fallen from 0.1 to 1e-80 after a hundred
# updates; from there on the weight does not move by one bit, though the gradient stays at 1.
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


def bounds(rate):
    rule, weights, found = optim.AdaBound(rate), {"a": 0.0}, {}
    for update in range(1, 1001):
        weights = rule.step(weights, {"a": 1.0})
        found[update] = rule.final_lr, weights["a"]
    return found


kept, fallen = bounds(0.1), bounds(optim.schedulers.InverseScaling(0.1))
print("river", river.__version__, "final_lr and weight by update")
for update in (1, 10, 100, 200, 1000):
    print(update, "constant rate:", kept[update], "falling:", fallen[update])
assert kept[1000][0] == 0.1
assert fallen[100][0] < 1e-70
assert fallen[1000] == (0.0, fallen[100][1])
PYTHON
