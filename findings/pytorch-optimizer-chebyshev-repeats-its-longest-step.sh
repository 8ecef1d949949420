#!/usr/bin/env bash
# pytorch-optimizer 4.1.0, get_chebyshev_schedule: the longest step, 19 times the rate, is taken three times
# in a row, and the last two of the schedule never. What is to converge does not.
#
# Chebyshev's steps (Agarwal, Goel, Zhang 2021) are rates of which each alone may be too long, and whose
# product makes the error small for every curvature between m and M. get_chebyshev_lr_lambda looks up the
# entry epoch - 2, and the first one where that is negative, though LambdaLR counts epochs from 0. Of 16
# epochs with m = 0.05 and M = 1, the error of gradient descent at a rate of 1 is, at its largest over
# such curvatures, 0.0014 with the steps in the package's own get_chebyshev_perm_steps; with the schedule
# it is 4.7, so that a quadratic ends worse than it began.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  pytorch-optimizer==4.1.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import math

import numpy as np
import torch
from pytorch_optimizer.lr_scheduler.chebyshev import get_chebyshev_perm_steps, get_chebyshev_schedule

EPOCHS, SMALL, LARGE = 16, 0.05, 1.0

curvatures = torch.linspace(SMALL, LARGE, 200, dtype=torch.float64)
weights = torch.nn.Parameter(torch.ones(200, dtype=torch.float64))
sgd = torch.optim.SGD([weights], lr=1.0)
schedule, rates = get_chebyshev_schedule(sgd, EPOCHS), []
for _ in range(EPOCHS):
    rates.append(float(sgd.param_groups[0]["lr"]))
    sgd.zero_grad()
    (curvatures * weights**2 / 2).sum().backward()
    sgd.step()
    schedule.step()
steps = get_chebyshev_perm_steps(EPOCHS)
right = max(abs(math.prod(1 - float(step) * each for step in steps)) for each in curvatures.tolist())
left = weights.detach().abs().max().item()
print("pytorch-optimizer", importlib.metadata.version("pytorch-optimizer"))
print("steps:", np.round(steps, 3).tolist())
print("rates:", np.round(rates, 3).tolist())
print("largest error that is left, by the steps:", right, "by the schedule:", left)
assert np.allclose(rates, [steps[0], steps[0], *steps[:-2]])
assert steps[0] == max(steps) and 19 < steps[0] < 20
assert right < 0.0014 < 2 < left
PYTHON
