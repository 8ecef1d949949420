#!/usr/bin/env bash
# Lightning 2.6.6: `frequency` of a scheduler with interval "step" counts batches of an epoch, not
# optimizer steps. With accumulate_grad_batches=4 and frequency=3 the rate may never change at all.
#
# By the documentation it is "how many epochs/steps should pass between calls to scheduler.step()". With
# interval "step" and no frequency, steps are the optimizer's, accumulation or not. With one, the scheduler is
# called where the optimizer steps and the batch's number within the epoch is a multiple of the frequency:
# - accumulating over 2, frequency=2: at every optimizer step, as if it were 1;
# - accumulating over 4, frequency=3, 10 batches an epoch: never, in no epoch (4, 8, 10 are no multiples);
# - no accumulation, frequency=2, 5 batches an epoch: after the steps 2, 4, 7, 9, as the count starts anew.
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
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Model(lightning.LightningModule):
    def __init__(self, frequency):
        super().__init__()
        self.weight, self.frequency = torch.nn.Parameter(torch.zeros(1)), frequency
        self.rates = []

    def training_step(self, batch, index):
        return (self.weight * batch[0]).mean()

    def on_before_optimizer_step(self, optimizer):
        self.rates.append(optimizer.param_groups[0]["lr"])

    def configure_optimizers(self):
        sgd = torch.optim.SGD(self.parameters(), lr=1.0)
        halving = torch.optim.lr_scheduler.StepLR(sgd, step_size=1, gamma=0.5)
        settings = {"scheduler": halving, "interval": "step", "frequency": self.frequency}
        return {"optimizer": sgd, "lr_scheduler": settings}


def rates(batches, accumulate, frequency, epochs):
    """The rates of all optimizer steps; every call of the scheduler halves them."""
    model = Model(frequency)
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accumulate_grad_batches=accumulate,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, DataLoader(TensorDataset(torch.ones(batches, 1)), batch_size=1))
    return model.rates


print("lightning", lightning.__version__)
every, never = rates(8, 2, 2, 1), rates(10, 4, 3, 20)
anew = rates(5, 1, 2, 2)
print("accumulate 2, frequency 2:", every)
print("accumulate 4, frequency 3, 10 batches:", len(never), "steps, rates", set(never))
print("accumulate 1, frequency 2, 5 batches:", anew)
assert every == [1.0, 0.5, 0.25, 0.125]
assert len(never) == 60 and set(never) == {1.0}
assert anew == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.0625]
assert rates(6, 1, 2, 1) == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
PYTHON
