#!/usr/bin/env bash
# Lightning 2.6.6 and Accelerate 1.15.0: accumulating gradients, the last update of an epoch is too short
# where the batches don't divide.
#
# Each batch's loss is divided by the count of batches that are to make an update; at the end of an epoch
# an update is made of what is left. 10 batches, 4 to an update, each with a gradient of 1: the updates'
# gradients are 1, 1, 0.5, where the mean over the last two batches is 1. With 9 batches the last is a
# quarter. Lightning's documentation speaks of an effective batch of K times N, and says nothing of the
# end of an epoch. A run with the larger batch takes a whole mean there: the two part at each epoch's last
# update. transformers' Trainer divides by the count that is there.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  lightning==2.6.6 accelerate==1.15.0 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import logging
import warnings

import accelerate
import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def batches(count):
    return DataLoader(TensorDataset(torch.ones(count, 1)), batch_size=1)


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight, self.gradients = torch.nn.Parameter(torch.zeros(1)), []

    def training_step(self, batch, index):
        return (self.weight * batch[0]).mean()

    def on_before_optimizer_step(self, optimizer):
        self.gradients.append(self.weight.grad.item())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def by_lightning(count):
    """The gradients of an epoch's updates, four batches to an update."""
    model = Model()
    trainer = lightning.Trainer(
        max_epochs=1,
        accumulate_grad_batches=4,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, batches(count))
    return model.gradients


def by_accelerate(count):
    helper = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=4)
    layer = torch.nn.Linear(1, 1, bias=False)
    sgd = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer, sgd, data = helper.prepare(layer, sgd, batches(count))
    found = []
    for (batch,) in data:
        with helper.accumulate(layer):
            helper.backward(layer(batch).mean())
            if helper.sync_gradients:
                found.append(layer.weight.grad.item())
            sgd.step()
            sgd.zero_grad()
    return found


print("lightning", lightning.__version__, "accelerate", accelerate.__version__)
for count, expected in ((8, [1.0, 1.0]), (10, [1.0, 1.0, 0.5]), (9, [1.0, 1.0, 0.25])):
    found = by_lightning(count), by_accelerate(count)
    print(count, "batches, 4 to an update:", *found)
    assert found == (expected, expected)
PYTHON
