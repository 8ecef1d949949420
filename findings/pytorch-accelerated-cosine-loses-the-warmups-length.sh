#!/usr/bin/env bash
# pytorch-accelerated 0.1.61, CosineLrScheduler: with a warm-up of w epochs the cosine is cut off w
# epochs before its end; with one of half the training or more there is none.
#
# "The total number of training epochs, inclusive of any warmup and cooldown epochs": the cosine is made
# to last from the warm-up to the cooldown, but is left for the least rate w epochs early. Of 10 epochs
# with 2 of warm-up the rate goes 1, 0.96, 0.85, 0.69, 0.5, 0.31 and then 0 at once, where the cosine
# goes on 0.15, 0.04. With 5 of warm-up the rate rises to 0.8, and is 0 from epoch 5 to the end. timm's
# schedule, which it was adapted from, has the whole cosine.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  pytorch-accelerated==0.1.61 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import math

import torch
from pytorch_accelerated.schedulers import CosineLrScheduler

EPOCHS = 10


def rates(warm, cool=0):
    """The rates of ten epochs of one update each."""
    scheduler = CosineLrScheduler(
        torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0),
        EPOCHS,
        1,
        lr_min=0.0,
        warmup_starting_lr=0.0,
        num_warmup_epochs=warm,
        num_cooldown_epochs=cool,
    )
    return [round(scheduler.get_updated_values(epoch)[0], 2) for epoch in range(EPOCHS)]


def documented(warm):
    """A line up to 1, and from there a cosine to 0 that ends with the training."""
    rising = [epoch / warm for epoch in range(warm)]
    left = EPOCHS - warm
    falling = [(1 + math.cos(math.pi * epoch / left)) / 2 for epoch in range(left)]
    return [round(rate, 2) for rate in rising + falling]


print("pytorch-accelerated", importlib.metadata.version("pytorch-accelerated"))
for warm in (0, 2, 3, 5):
    print(f"warm-up of {warm}: {rates(warm)}")
    print(f"    documented: {documented(warm)}")
print("warm-up of 2, cooldown of 2:", rates(2, 2))
assert rates(0) == documented(0)
assert rates(2) == documented(2)[:-2] + [0.0, 0.0]
assert rates(3) == documented(3)[:-3] + [0.0, 0.0, 0.0]
assert rates(5) == [0.0, 0.2, 0.4, 0.6, 0.8] + [0.0] * 5
PYTHON
