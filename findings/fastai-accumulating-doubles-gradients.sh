#!/usr/bin/env bash
# fastai 2.8.12, GradientAccumulation: with its own n_acc=32 and fastai's own batches of 64 every gradient
# is doubled.
#
# The loss of a batch is multiplied by its size over n_acc, and the weights move once n_acc points have
# been seen (callback/training.py, after_loss and before_step). The sum of the multiples is 1 only where
# batches end at n_acc exactly: of 64 points it is 64 / 32, of four batches of 10 for n_acc=32 it is
# 40 / 32. So GradientAccumulation() with batches of 64 accumulates nothing, and trains as at twice the
# rate; of 128 at four times. The loss that is shown is the right one.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  fastai==2.8.12 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import inspect

import fastai
import torch
from fastai.callback.training import GradientAccumulation
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.optimizer import SGD


class Network(torch.nn.Module):
    """One weight, whose gradient is 1 at every point."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs):
        return self.weight * inputs


def way(batch, updates, batches, *callbacks):
    """How far an update of gradient descent at a rate of 1 goes, on average; right is 1."""
    points = [(torch.ones(1), torch.ones(1))] * (batch * batches)
    loaders = DataLoaders(DataLoader(points, bs=batch), DataLoader(points, bs=batch))
    learner = Learner(
        loaders, Network(), loss_func=lambda outputs, _: outputs.mean(), opt_func=SGD, cbs=callbacks
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit(1, lr=1.0, wd=0.0)
    return -learner.model.weight.item() / updates


own = inspect.signature(GradientAccumulation).parameters["n_acc"].default
loader = inspect.signature(DataLoaders.from_dblock).parameters["bs"].default
print("fastai", fastai.__version__, "n_acc", own, "batches of", loader)
plain = way(64, 10, 10)
by_itself, large = way(64, 10, 10, GradientAccumulation()), way(128, 10, 10, GradientAccumulation())
uneven = way(10, 10, 40, GradientAccumulation(32))
even = way(64, 5, 10, GradientAccumulation(128))
print("batches of 64:", plain, "accumulated to 32:", by_itself, "to 128:", even)
print("batches of 128 to 32:", large, "batches of 10 to 32:", uneven)
assert (own, loader) == (32, 64)
assert plain == even == 1.0
assert (by_itself, large, uneven) == (2.0, 4.0, 1.25)
PYTHON
