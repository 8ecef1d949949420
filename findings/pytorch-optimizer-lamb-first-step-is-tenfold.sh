#!/usr/bin/env bash
# pytorch-optimizer 4.1.0, Lamb: the first step is 1 / (1 - beta1) times the trust ratio's, tenfold.
#
# Its text says that there is no bias correction. The direction has none, but the rate is divided by
# 1 - beta1^t: a step that the ratio has made lr times as long as the weights is ten times as long
# at the first update, and 1.5 times at the tenth.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
  pytorch-optimizer==4.1.0 torch==2.13.0
env/bin/python - <<'PYTHON'
from importlib.metadata import version

import pytorch_optimizer
import torch

w = torch.nn.Parameter(torch.tensor([3.0, 4.0], dtype=torch.float64))
optimizer = pytorch_optimizer.Lamb([w], lr=0.001)
shares = []
for _ in range(10):
    before = w.detach().clone()
    w.grad = torch.tensor([1.0, -2.0], dtype=torch.float64)
    optimizer.step()
    shares.append(float((w.detach() - before).norm() / before.norm()) / 0.001)
print("pytorch-optimizer", version("pytorch-optimizer"), "steps over lr |w|:", shares)
for update, share in enumerate(shares, 1):
    assert abs(share * (1 - 0.9**update) - 1) < 1e-4
PYTHON
