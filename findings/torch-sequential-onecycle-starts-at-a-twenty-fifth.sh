#!/usr/bin/env bash
# PyTorch 2.13.0: SequentialLR with OneCycleLR in it runs the schedules before it at 1/25 of the optimizer's
# rate.
#
# OneCycleLR writes max_lr / div_factor into the optimizer as the initial rate when it is made, and
# SequentialLR starts from the initial rate that it finds there. An optimizer with a rate of 0.1, level for
# 10 steps and one cycle up to 0.1 after: the level is at 0.004. LinearLR(start_factor=0.1) before it goes
# from 0.0004 to 0.004, not from 0.01 to 0.1. The momentum is the cycle's 0.95 from the first step on, and
# not the optimizer's. Another last schedule leaves the same beginnings at the rates that were asked for.
# No warning is given.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import warnings

import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, OneCycleLR, SequentialLR

FIRST, SECOND, RATE, MOMENTUM = 10, 20, 0.1, 0.8
LEVEL = {"factor": 1.0}
RISING = {"start_factor": 0.1, "total_iters": FIRST}


def rates(first, settings, last, **ending):
    """The rates and momenta of all steps."""
    weight = torch.nn.Parameter(torch.zeros(1))
    sgd = torch.optim.SGD([weight], lr=RATE, momentum=MOMENTUM)
    parts = [first(sgd, **settings), last(sgd, **ending)]
    schedule, found = SequentialLR(sgd, parts, milestones=[FIRST]), []
    for _ in range(FIRST + SECOND):
        group = sgd.param_groups[0]
        found.append((round(group["lr"], 6), group["momentum"]))
        sgd.step()
        schedule.step()
    return found


print("torch", torch.__version__)
cosine = CosineAnnealingLR, {"T_max": SECOND}
cycle = OneCycleLR, {"max_lr": RATE, "total_steps": SECOND + 1}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    level, rising = (rates(*first, cycle[0], **cycle[1]) for first in ((ConstantLR, LEVEL), (LinearLR, RISING)))
said = [str(each.message) for each in caught if "deprecated" not in str(each.message)]
right_level, right_rising = (
    rates(*first, cosine[0], **cosine[1]) for first in ((ConstantLR, LEVEL), (LinearLR, RISING))
)
print("level, then a cycle: ", level[:3], "... largest rate", max(level)[0])
print("level, then a cosine:", right_level[:3], "...")
print("rising, then a cycle: ", rising[0], rising[FIRST - 1])
print("rising, then a cosine:", right_rising[0], right_rising[FIRST - 1])
assert set(level[:FIRST]) == {(0.004, 0.95)} and set(right_level[:FIRST]) == {(0.1, 0.8)}
assert (rising[0][0], right_rising[0][0]) == (0.0004, 0.01)
assert rising[FIRST - 1][0] < 0.004 and right_rising[FIRST - 1][0] > 0.09
assert 0.99 * RATE < max(rate for rate, _ in level) <= RATE
assert said == []
PYTHON
