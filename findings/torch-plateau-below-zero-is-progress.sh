#!/usr/bin/env bash
# PyTorch 2.13.0, ReduceLROnPlateau, and skorch 1.4.0, EarlyStopping: a loss below 0 that stands still
# counts as progress at every epoch, by default.
#
# Progress is a loss below best * (1 - 1e-4): for a best loss of -10 that is -9.999, which -10 is below.
# So the rate never falls, and training never stops, on a log-likelihood, an ELBO or an energy that no
# longer changes, nor on one that gets worse by less than 1e-4 of itself at each epoch: from -10 to -9.5
# in a thousand epochs without one drop. The same losses plus 20 drop the rate to its least at once.
# In mode "max" it is the same. threshold_mode="abs" is right, and what Keras does throughout.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch==2.13.0 skorch==1.4.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import numpy as np
import skorch
import torch
from skorch.callbacks import EarlyStopping

EPOCHS = 1000


def rate(losses, **settings):
    """PyTorch's rate after these losses, from 1."""
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, patience=2, **settings)
    for loss in losses:
        scheduler.step(loss)
    return sgd.param_groups[0]["lr"]


class Level(torch.nn.Module):
    """A loss that is `level` whatever the weights are."""

    def __init__(self, level):
        super().__init__()
        self.level = level

    def forward(self, output, target):
        return self.level + 0 * output.sum()


def epochs(level, **settings):
    """The epochs that skorch trains, of 50."""
    torch.manual_seed(0)
    net = skorch.NeuralNet(
        torch.nn.Linear,
        module__in_features=1,
        module__out_features=1,
        criterion=Level,
        criterion__level=level,
        max_epochs=50,
        verbose=0,
        callbacks=[EarlyStopping(patience=2, **settings)],
    )
    ones = np.ones((20, 1), dtype=np.float32)
    return len(net.fit(ones, ones).history)


print("torch", torch.__version__, "skorch", skorch.__version__)
worse = [-10 * (1 - 5e-5) ** epoch for epoch in range(EPOCHS)]
print("rate, loss stays at -10:", rate([-10.0] * EPOCHS), "| at 10:", rate([10.0] * EPOCHS))
print(f"rate, loss rises from -10 to {worse[-1]:.2f}:", rate(worse))
print("skorch's epochs, loss stays at -10:", epochs(-10.0), "| at 10:", epochs(10.0))
assert rate([-10.0] * EPOCHS) == rate([-10.0] * EPOCHS, mode="max") == rate(worse) == 1.0
assert rate([10.0] * EPOCHS) < 1e-6 and rate([loss + 20 for loss in worse]) < 1e-6
assert rate([-10.0] * EPOCHS, threshold_mode="abs") < 1e-6
assert epochs(-10.0) == 50 and epochs(10.0) == epochs(-10.0, threshold_mode="abs") == 3
PYTHON
