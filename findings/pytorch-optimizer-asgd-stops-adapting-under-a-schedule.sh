#!/usr/bin/env bash
# pytorch-optimizer 4.1.0, ASGD: under a schedule that changes nothing it no longer adapts its rate.
#
# ASGD (adaptive gradient descent, Malitsky and Mishchenko 2020) keeps the rate that it has found in
# its group's "lr". LambdaLR, and every schedule of PyTorch that goes by the initial rate (OneCycleLR,
# CyclicLR), sets that back at each step: with LambdaLR(optimizer, lambda t: 1.0) the rate is 0.0101 for
# good, where without one it has grown to 0.07 after 200 updates, and the loss is more than twice as high.
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
from pytorch_optimizer import ASGD


def trained(scheduled):
    """The rate and the loss after 200 updates."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    x = torch.randn(64, 3)
    y = x @ torch.tensor([[1.0], [2.0], [-1.0]])
    optimizer = ASGD(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1.0) if scheduled else None
    for _ in range(200):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        used = optimizer.param_groups[0]["lr"]
        if schedule:
            schedule.step()
    return used, loss.item()


print("pytorch-optimizer", importlib.metadata.version("pytorch_optimizer"))
(free, low), (bound, high) = trained(False), trained(True)
print(f"without a schedule: rate {free:.4f}, loss {low:.4f}")
print(f"with LambdaLR of 1: rate {bound:.4f}, loss {high:.4f}")
assert free > 0.05
assert 0.01 < bound < 0.0102
assert high > 1.5 * low
PYTHON
