#!/usr/bin/env bash
# skorch 1.4.0, WarmRestartLR: a period of 4 takes 5 steps, of which one is at the least rate.
#
# base_period is the "initial restart period to be multiplied at each restart". By the paper that the
# class cites (Loshchilov and Hutter 2017, SGDR) and PyTorch's CosineAnnealingWarmRestarts(T_0=4) the rate
# is back at the top every fourth step, and never at the bottom. Here the bottom is a step of its own:
# with the default min_lr a fifth of the steps hardly moves anything, and restarts come ever later than a
# plan of so many epochs has them.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  skorch==1.4.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import warnings

import torch
from skorch.callbacks.lr_scheduler import WarmRestartLR

PERIOD, STEPS = 4, 16
warnings.simplefilter("ignore")


def rates(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    schedule, found = make(optimizer), []
    for _ in range(STEPS):
        found.append(round(optimizer.param_groups[0]["lr"], 3))
        optimizer.step()
        schedule.step()
    return found


theirs = rates(
    lambda o: WarmRestartLR(o, min_lr=0.0, max_lr=1.0, base_period=PERIOD, period_mult=1)
)
torchs = rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=PERIOD))
print("skorch", importlib.metadata.version("skorch"), theirs)
print("torch ", importlib.metadata.version("torch"), torchs)
assert [k for k, rate in enumerate(theirs) if rate == 1.0] == [0, 5, 10, 15]
assert [k for k, rate in enumerate(theirs) if rate == 0.0] == [4, 9, 14]
assert [k for k, rate in enumerate(torchs) if rate == 1.0] == [0, 4, 8, 12]
assert 0.0 not in torchs
PYTHON
