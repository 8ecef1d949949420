#!/usr/bin/env bash
# adan-pytorch 0.1.0: the first update moves nothing, the second is 0.71 of a rate long.
#
# Adan (Xie et al. 2022, algorithm 1) has no change of the gradient at its first step; m and n are the
# gradient and its square. Here the first gradient is remembered and enters nothing, but the count of
# the bias corrections goes on: at the second update m and n hold one gradient each and are corrected
# for two. Under a gradient of 1 the steps are 0, 0.712, 0.823, ... of a rate, by the paper 1 each.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  adan-pytorch==0.1.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import torch
from adan_pytorch import Adan

RATE = 1e-3

weight = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
optimizer = Adan([weight], lr=RATE)
steps = []
for _ in range(5):
    before = weight.item()
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    steps.append((before - weight.item()) / RATE)
print("adan-pytorch", importlib.metadata.version("adan-pytorch"))
print("steps under a gradient of 1 [rates]:", [round(step, 3) for step in steps])
assert steps[0] == 0.0
assert 0.6 < steps[1] < 0.8 < steps[2] < 0.9
PYTHON
