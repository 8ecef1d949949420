#!/usr/bin/env bash
# ema-pytorch 0.8.3: by default (update_every=10) the "simple average" keeps the first weights at more
# than half after a thousand steps.
#
# "If gamma=1 and power=1, implements a simple average": the decay that does so at step t is t / (t + 1).
# It is taken from the count of steps, but used at every tenth only, where an average of what it has
# seen would need t / (t + 10). Weights that are 0 at the first step and 1 at all others: after 1000
# steps their average is 0.40, and 0.999 with update_every=1. The decays that the documentation names
# for power=2/3 and 3/4 likewise look back ten times as far as where they come from.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  ema-pytorch==0.8.3 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import torch
from ema_pytorch import EMA

STEPS = 1000


def averaged(**every):
    """The average over weights that are 0 at the first step, and 1 at all others."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    settings = {"beta": 0.999999, "update_after_step": 0, "inv_gamma": 1.0, "power": 1.0}
    average = EMA(model, **settings, **every)
    average.update()
    torch.nn.init.ones_(model.weight)
    for _ in range(STEPS - 1):
        average.update()
    return average.ema_model.weight.item()


default, each = averaged(), averaged(update_every=1)
print("ema-pytorch", importlib.metadata.version("ema-pytorch"))
print(f"average of one 0 and {STEPS - 1} ones: {default:.3f}, with update_every=1 {each:.3f}")
assert abs(each - (STEPS - 1) / STEPS) < 1e-4
assert 0.39 < default < 0.41
PYTHON
