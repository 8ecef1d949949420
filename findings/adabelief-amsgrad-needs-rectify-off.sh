#!/usr/bin/env bash
# adabelief-pytorch 0.2.1: amsgrad=True changes nothing unless rectify=False is set too.
#
# The maximum is kept, and divides the step only where nothing is rectified; rectify=True is the
# default, and divides by the root that is not the maximum's. After twenty gradients with noise and
# two thousand without, where AMSGrad's divisor would not have fallen, all weights are bit for bit
# those of amsgrad=False. The docstring says "whether to use the AMSGrad variant of this algorithm".
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  adabelief-pytorch==0.2.1 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import contextlib
import importlib.metadata
import io
import random

import torch
from adabelief_pytorch import AdaBelief

draw = random.Random(0)
GRADIENTS = [draw.gauss(0, 10) for _ in range(20)] + [0.01] * 2000


def end(**settings):
    weight = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    with contextlib.redirect_stdout(io.StringIO()):
        optimizer = AdaBelief([weight], lr=0.01, **settings)
    for gradient in GRADIENTS:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    return weight.item()


print("adabelief-pytorch", importlib.metadata.version("adabelief-pytorch"))
ends = {(r, a): end(rectify=r, amsgrad=a) for r in (True, False) for a in (False, True)}
for (rectify, amsgrad), weight in ends.items():
    print(f"rectify={rectify}, amsgrad={amsgrad}: {weight!r}")
assert end(amsgrad=True) == ends[True, True] == ends[True, False]
assert abs(ends[False, True] - ends[False, False]) > 0.05
PYTHON
