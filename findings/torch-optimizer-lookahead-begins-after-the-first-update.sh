#!/usr/bin/env bash
# torch-optimizer 0.3.0, Lookahead: with k=5 it looks back first at the sixth update, to the weights after the
# first.
#
# By the paper (Zhang et al. 2019, algorithm 1) the slow weights begin at the initial ones and move to a half of
# the way after every fifth update. Here they begin at what the first update has made: with steps of 1 from 0 the
# weight is 3.5 after six updates and 6 after eleven, where the algorithm has 2.5 after five and 5 after ten. A
# run that is shorter than k + 1 updates has no lookahead, and one bad first step, as of a warm-up that begins
# too high, is never averaged away.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch-optimizer==0.3.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import torch
import torch_optimizer

weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
inner = torch.optim.SGD([weight], lr=1.0)
optimizer = torch_optimizer.Lookahead(inner, k=5, alpha=0.5)
found = []
for _ in range(12):
    weight.grad = -torch.ones_like(weight)
    optimizer.step()
    found.append(weight.item())
slow = fast = 0.0
right = []
for count in range(1, 13):
    fast += 1.0
    if count % 5 == 0:
        slow = fast = slow + 0.5 * (fast - slow)
    right.append(fast)
print("torch-optimizer", importlib.metadata.version("torch-optimizer"), found)
print("by the algorithm     ", right)
assert found == [1.0, 2.0, 3.0, 4.0, 5.0, 3.5, 4.5, 5.5, 6.5, 7.5, 6.0, 7.0]
assert right[4] == 2.5
assert right[9] == 5.0
PYTHON
