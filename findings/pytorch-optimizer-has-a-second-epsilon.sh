#!/usr/bin/env bash
# pytorch-optimizer 4.1.0: LaProp, DiffGrad and ScheduleFreeAdamW have a second epsilon that no argument
# sets: however small eps is, gradients below 3e-8 hardly move anything.
#
# They divide by sqrt(v + 1e-15) + eps. The root of 1e-15 is 3.2e-8: of a gradient of 1e-9, usual in the
# deeper layers of large networks, the step is a thirtieth of what it is of a larger one, or less. Adam and
# AdamW of the same package, with the same eps, take whole steps.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  pytorch_optimizer==4.1.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import torch
from pytorch_optimizer import load_optimizer


def share(name):
    """How far ten gradients of 1e-9 move a weight, as a share of what ten of 1 do."""
    ways = []
    for size in (1e-9, 1.0):
        weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        optimizer = load_optimizer(name)([weight], lr=0.01, eps=1e-30)
        if hasattr(optimizer, "train"):
            optimizer.train()
        for _ in range(10):
            weight.grad = torch.full_like(weight, size)
            optimizer.step()
        ways.append(weight.item())
    return ways[0] / ways[1]


print("pytorch-optimizer", importlib.metadata.version("pytorch_optimizer"))
for name in ("adam", "adamw", "laprop", "diffgrad", "schedulefreeadamw"):
    found = share(name)
    print(f"{name}(eps=1e-30), gradients of 1e-9: {found:.4f} of the way that those of 1 go")
    if name in ("adam", "adamw"):
        assert abs(found - 1) < 1e-3
    else:
        assert found < 0.04
PYTHON
