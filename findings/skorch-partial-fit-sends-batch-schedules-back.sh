#!/usr/bin/env bash
# skorch 1.4.0, LRScheduler(step_every="batch"): with every call of partial_fit the schedule goes back to
# the step whose number is the count of epochs.
#
# The schedule is made anew where training goes on, from the length of the history, which has a row an epoch
# (callbacks/lr_scheduler.py, _get_scheduler), though its steps are batches. 1 / (1 + t) over four epochs of
# four batches ends at 1/16 in one fit; in two calls of two epochs each the rate is 1/8 at the end of the
# first, and 1/3, 1/4, ... in the second. A warm-up over the first epochs begins again. By epoch, the two
# are the same. No warning is given.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  skorch==1.4.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import warnings

import numpy as np
import skorch
import torch
from skorch.callbacks import LRScheduler

BATCHES, EPOCHS = 4, 4
POINTS = np.ones((BATCHES, 1), dtype="float32")


def rates(every, calls):
    """The denominators of the rates of all updates, in a fit and so many further calls."""
    seen = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            seen.append(round(1 / self.param_groups[0]["lr"], 6))
            return super().step(closure)

    schedule = LRScheduler(
        policy=torch.optim.lr_scheduler.LambdaLR, lr_lambda=lambda t: 1 / (1 + t), step_every=every
    )
    net = skorch.NeuralNetRegressor(
        torch.nn.Linear,
        module__in_features=1,
        module__out_features=1,
        max_epochs=EPOCHS // calls,
        batch_size=1,
        lr=1.0,
        optimizer=Watched,
        train_split=None,
        callbacks=[schedule],
        verbose=0,
    )
    net.fit(POINTS, POINTS)
    for _ in range(calls - 1):
        net.partial_fit(POINTS, POINTS)
    return seen


print("skorch", skorch.__version__, "torch", torch.__version__)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    once, twice = rates("batch", 1), rates("batch", 2)
for name, seen in (("one fit", once), ("fit, partial_fit", twice)):
    print(f"{name:16} 1 / rate:", *seen)
assert once == list(range(1, 17))
assert twice == [*range(1, 9), *range(3, 11)]
assert rates("epoch", 1) == rates("epoch", 2) == [t for t in range(1, 5) for _ in range(BATCHES)]
assert not [each for each in caught if "skorch" in each.filename or "lr_scheduler" in each.filename]
PYTHON
