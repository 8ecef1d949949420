#!/usr/bin/env bash
# torch-optimizer 0.3.0, SGDW: weights don't decay, all fall by lr * weight_decay at each update, as if
# each of them were 1.
#
# SGDW (Loshchilov and Hutter 2017, algorithm 1) takes lr * weight_decay * w. Here the w is missing:
# with lr=0.1, weight_decay=0.1 and gradients of 0 the weights 1, 0 and -1 are 0, -1 and -2 after a
# hundred updates. A weight below 0 grows in size without an end.
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

RATE, DECAY, UPDATES = 0.1, 0.1, 100

weights = torch.nn.Parameter(torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64))
optimizer = torch_optimizer.SGDW([weights], lr=RATE, weight_decay=DECAY)
for _ in range(UPDATES):
    weights.grad = torch.zeros_like(weights)
    optimizer.step()
found = weights.tolist()
right = [w * (1 - RATE * DECAY) ** UPDATES for w in (1.0, 0.0, -1.0)]
print("torch-optimizer", importlib.metadata.version("torch-optimizer"))
print(f"1, 0, -1 after {UPDATES} gradients of 0:", [round(w, 9) for w in found])
print("by SGDW's algorithm:", [round(w, 3) for w in right])
for before, after in zip((1.0, 0.0, -1.0), found):
    assert abs(after - (before - UPDATES * RATE * DECAY)) < 1e-9
PYTHON
