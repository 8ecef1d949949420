#!/usr/bin/env bash
# pytorch-optimizer 4.1.0, Ranger: the first five updates go up the slope.
#
# Where RAdam's variance cannot be rectified yet, the step is marked by -1, which its RAdam takes for
# "no step" and its Ranger multiplies the step by. The loss w^2 from w = 3, lr 0.1: w is 3.6, 4.26,
# 4.99, 5.79, 6.67, and goes down from then on. Ranger's authors step by m / (1 - beta1^t) there, as
# degenerated_to_sgd=True nearly does, which is not the default.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  pytorch-optimizer==4.1.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import pytorch_optimizer
import torch


def path(rule, **settings):
    weight = torch.nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = rule([weight], lr=0.1, **settings)
    found = []
    for _ in range(8):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
        found.append(round(weight.item(), 3))
    return found


print("pytorch-optimizer", importlib.metadata.version("pytorch-optimizer"))
climbed = path(pytorch_optimizer.Ranger)
print("Ranger:", climbed)
print("Ranger(degenerated_to_sgd=True):", path(pytorch_optimizer.Ranger, degenerated_to_sgd=True))
waits = path(pytorch_optimizer.RAdam)
print("RAdam:", waits)
assert 3.0 < climbed[0] < climbed[1] < climbed[2] < climbed[3] < climbed[4] > climbed[5]
assert waits[0] == 3.0
PYTHON
