#!/usr/bin/env bash
# bitsandbytes 0.50.2, LAMB32bit: an array of weights that are all 0, as biases are, never moves.
#
# Its LAMB is Adam whose step is cut to the norm of the weights where it is longer. LAMB's papers,
# and the other packages, take a ratio of 1 where that norm is 0; here the step is cut to 0. On a
# CPU the norm that is compared is that of the step before its bias correction, so that a first step
# that is cut is sqrt(1 - beta2) / (1 - beta1) = 0.316 times as long as the weights, not as long.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check bitsandbytes==0.50.2 torch==2.13.0
env/bin/python - <<'PYTHON'
from importlib.metadata import version

import bitsandbytes
import torch


def after(start, updates):
    w = torch.nn.Parameter(torch.tensor(start))
    optimizer = bitsandbytes.optim.LAMB32bit([w], lr=1.0)
    for _ in range(updates):
        w.grad = torch.tensor([1.0, -2.0])
        optimizer.step()
    return w.detach()


bias = after([0.0, 0.0], 100)
small = torch.tensor([0.03, 0.04])
step = (after(small.tolist(), 1) - small).norm() / small.norm()
print("bitsandbytes", version("bitsandbytes"), "zeros after 100 updates:", bias.tolist())
print("first step over the weights' norm:", float(step))
assert (bias == 0).all()
assert abs(float(step) - 0.001**0.5 / 0.1) < 1e-4
PYTHON
