#!/usr/bin/env bash
# Lightning 2.6.6, Tuner.lr_find: by default it suggests a rate that noise picks among the smallest.
#
# The suggestion is where the loss falls most steeply per unit of the rate. The rates that are tried grow
# from 1e-8 to 1 by a factor, so that a change of one and the same size counts a hundred million times as
# much at the beginning as at the end: whatever the batches' noise does there is steeper than any fall
# that the rates bring about. A linear regression of 20 inputs, SGD, batches of 32: with each of four seeds
# it suggests less than 1e-6, and sets the model's rate to it. The steepest fall from try to try, which is
# what torch-lr-finder suggests and what a plot with a logarithmic axis shows, is at 0.1 to 0.2.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place" TQDM_DISABLE=1
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  lightning==2.6.6 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import logging
import warnings

import lightning
import numpy as np
import torch
from lightning.pytorch.tuner import Tuner
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Regression(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.lr = torch.nn.Linear(20, 1), 1e-3

    def training_step(self, batch, index):
        return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


def suggestions(seed):
    """The rate that is suggested, and that of the steepest fall from try to try."""
    torch.manual_seed(seed)
    inputs = torch.randn(4000, 20)
    targets = inputs @ torch.randn(20, 1) + 0.1 * torch.randn(4000, 1)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    batches = DataLoader(TensorDataset(inputs, targets), batch_size=32, shuffle=True)
    found = Tuner(trainer).lr_find(Regression(), train_dataloaders=batches)
    losses, rates = found.results["loss"][10:-1], found.results["lr"][10:-1]
    return found.suggestion(), rates[int(np.argmin(np.gradient(losses)))]


print("lightning", lightning.__version__)
rows = [suggestions(seed) for seed in range(4)]
for suggested, steepest in rows:
    print(f"suggested {suggested:.1e}, steepest from try to try {steepest:.2f}")
assert all(suggested < 1e-6 for suggested, _ in rows)
assert all(0.1 < steepest < 0.25 for _, steepest in rows)
PYTHON
