#!/usr/bin/env bash
# Lightning 2.6.6, Tuner.lr_find: a loss that stays at 2 is drawn as one that rises from 1.
#
# The curve is an average with weight 0.98 on what was, divided by 1 - 0.98^t to make up for its start
# from 0. The count t is one too high: after the first loss it is 2, and the average of one loss is
# 0.505 of it, then 0.67, 0.76, ... of what it ought to be; it is 0.92 at the tenth. Batches whose loss
# is 2 throughout give 1.01, 1.35, 1.52, 1.62, ... So every curve rises at first, and the search, which
# is to stop at four times the least loss, stops at twice the first one.
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
import torch
from lightning.pytorch.tuner import Tuner
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Told(lightning.LightningModule):
    """A model whose loss at each batch is what the batch says."""

    def __init__(self):
        super().__init__()
        self.weight, self.lr = torch.nn.Parameter(torch.zeros(1)), 1e-3

    def training_step(self, batch, index):
        return batch[0].mean() + 0 * self.weight.sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


def curve(losses):
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    batches = DataLoader(TensorDataset(torch.tensor(losses)[:, None]), batch_size=1)
    found = Tuner(trainer).lr_find(Told(), train_dataloaders=batches, num_training=len(losses))
    return found.results["loss"]


still = curve([2.0] * 100)
print("lightning", lightning.__version__, "a loss of 2:", [round(loss, 3) for loss in still[:10]])
expected = [2 * (1 - 0.98**t) / (1 - 0.98 ** (t + 1)) for t in range(1, 101)]
assert all(abs(a - b) < 1e-4 for a, b in zip(still, expected))
assert still[0] < 1.02 and still == sorted(still) and still[-1] < 2

grow = [2.0 * 1.1**t for t in range(100)]
stopped = curve(grow)
average, right = 0.0, []
for t, loss in enumerate(grow, 1):
    average = 0.98 * average + 0.02 * loss
    right.append(average / (1 - 0.98**t))
at = len(stopped)
print(f"a growing loss: stopped after {at} tries, at {right[at - 1] / right[0]:.1f} times the first")
assert right[at - 1] < 2.5 * right[0]
PYTHON
