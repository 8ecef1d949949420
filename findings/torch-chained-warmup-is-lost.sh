#!/usr/bin/env bash
# PyTorch 2.13.0, ChainedScheduler: a warm-up chained with LambdaLR or warm restarts is lost; chained
# after them, it multiplies the second rate by 3.25.
#
# "Most learning rate schedulers can be called back-to-back", each "on the learning rate obtained by the
# one preceding it"; which cannot is not said. LinearLR changes the rate that it finds, by the ratio of
# two of its factors. LambdaLR, CosineAnnealingWarmRestarts, CyclicLR and OneCycleLR set the rate, whatever it
# was. [LinearLR(0.1), LambdaLR(1 / (1 + t))] begins at 1, not at 0.1, as LambdaLR alone does;
# [LambdaLR, LinearLR] goes 0.1, 1.625, 0.564, ... in place of 0.1, 0.1625, 0.1833, .... After
# LinearLR's last step both are right, and no warning is given. With CosineAnnealingLR or StepLR the
# chain is the product, in both orders.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import torch
from torch.optim import lr_scheduler

STEPS = 8


def warmup(sgd):
    return lr_scheduler.LinearLR(sgd, start_factor=0.1, total_iters=4)


OTHERS = {
    "LambdaLR": lambda sgd: lr_scheduler.LambdaLR(sgd, lambda step: 1 / (1 + step)),
    "CosineAnnealingWarmRestarts": lambda sgd: lr_scheduler.CosineAnnealingWarmRestarts(sgd, 4),
    "CosineAnnealingLR": lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, STEPS),
    "StepLR": lambda sgd: lr_scheduler.StepLR(sgd, 3, 0.5),
}


def rates(*makes):
    """The rates of these schedules, chained, from 1."""
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    chain = lr_scheduler.ChainedScheduler([make(sgd) for make in makes], optimizer=sgd)
    found = []
    for _ in range(STEPS):
        found.append(round(float(sgd.param_groups[0]["lr"]), 4))
        sgd.step()
        chain.step()
    return found


def near(some, others):
    return all(abs(a - b) < 2e-4 for a, b in zip(some, others))


print("torch", torch.__version__)
for name, make in OTHERS.items():
    first, last = rates(warmup, make), rates(make, warmup)
    product = [round(a * b, 4) for a, b in zip(rates(warmup), rates(make))]
    print(f"{name}\n  product        {product}\n  warm-up first  {first}\n  warm-up last   {last}")
    if name in ("CosineAnnealingLR", "StepLR"):
        assert near(first, product) and near(last, product)
    else:
        assert first == rates(make) and not near(first, product)
        assert near([last[0]], [0.1]) and last[1] > 1.6 and near(last[5:], product[5:])
PYTHON
