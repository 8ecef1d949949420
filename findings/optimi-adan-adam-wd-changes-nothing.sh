#!/usr/bin/env bash
# torch-optimi 0.3.3, Adan: adam_wd=True changes nothing.
#
# It is to "apply weight decay before parameter update (Adam-style), instead of after". The optimizer keeps
# it in its groups and does not hand it on to the step: weights are divided by 1 + lr * weight_decay after
# the update either way. With lr=0.1, weight_decay=0.5 ten gradients of 1 take a weight from 1 to -0.158 both
# times; decayed before each update it would be at -0.204.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch-optimi==0.3.3 torch==2.13.0 numpy==2.4.6 packaging==26.3
env/bin/python - <<'PYTHON'
import importlib.metadata

import optimi
import torch

RATE, DECAY, UPDATES = 0.1, 0.5, 10


def end(**how):
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = optimi.Adan([weight], lr=RATE, weight_decay=DECAY, **how)
    for _ in range(UPDATES):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
    return weight.item()


# Of equal gradients both means are 1 and the mean of changes is 0: a step is RATE.
before = after = 1.0
for _ in range(UPDATES):
    before = before * (1 - RATE * DECAY) - RATE
    after = (after - RATE) / (1 + RATE * DECAY)
after_too, told_before = end(), end(adam_wd=True)
print("optimi", importlib.metadata.version("torch-optimi"))
print(f"adam_wd=False: {after_too:.6f}; by the formula {after:.6f}")
print(f"adam_wd=True:  {told_before:.6f}; by the formula {before:.6f}")
assert told_before == after_too
assert abs(after_too - after) < 1e-6
assert abs(told_before - before) > 1e-3
PYTHON
