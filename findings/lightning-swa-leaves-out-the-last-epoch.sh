#!/usr/bin/env bash
# Lightning 2.6.6, StochasticWeightAveraging: what the last epoch made is in no average, and what was there
# before the first epoch of the averaging is.
#
# Weights enter the average where an epoch starts (on_train_epoch_start), not where it ends. A weight that
# grows by 1 an epoch, for 5 epochs, all at one rate: with swa_epoch_start=4 the mean of 3 and 4 is left, by
# PyTorch's own recipe that of 4 and 5. With swa_epoch_start=5 the model after the training is the one
# after four epochs: what the fifth made is thrown away.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  lightning==2.6.6 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import logging
import warnings

import lightning
import torch
from lightning.pytorch.callbacks import StochasticWeightAveraging
from torch.utils.data import DataLoader, TensorDataset

EPOCHS, RATE = 5, 1.0
warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Model(lightning.LightningModule):
    """A weight that an update makes larger by the rate."""

    def __init__(self):
        super().__init__()
        self.weight, self.ends = torch.nn.Parameter(torch.zeros(1)), []

    def training_step(self, batch, index):
        return -(self.weight * batch[0]).sum()

    def on_train_epoch_end(self):
        self.ends.append(self.weight.item())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=RATE)


def by_lightning(start):
    """The weight that is left, and those at the ends of the epochs."""
    model = Model()
    lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[StochasticWeightAveraging(swa_lrs=RATE, swa_epoch_start=start)],
    ).fit(model, DataLoader(TensorDataset(torch.ones(1, 1))))
    return model.weight.item(), model.ends


def by_torch(start):
    """The same by the recipe in the documentation of torch.optim.swa_utils."""
    model = Model()
    averaged, sgd = torch.optim.swa_utils.AveragedModel(model), model.configure_optimizers()
    for epoch in range(1, EPOCHS + 1):
        sgd.zero_grad()
        model.training_step([torch.ones(1)], 0).backward()
        sgd.step()
        if epoch >= start:
            averaged.update_parameters(model)
    return averaged.module.weight.item()


print("lightning", lightning.__version__, "torch", torch.__version__)
for start, expected in ((5, 4.0), (4, 3.5), (2, 2.5)):
    left, ends = by_lightning(start)
    print(f"from epoch {start}: ends of epochs {ends}, left {left}, by PyTorch's recipe {by_torch(start)}")
    assert ends == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert left == expected and by_torch(start) == (start + EPOCHS) / 2
PYTHON
