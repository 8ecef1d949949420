#!/usr/bin/env bash
# transformers 5.24.0, Trainer: a training whose loss has become NaN is logged with a loss of 0, the best
# value that there is.
#
# logging_nan_inf_filter, on by default, "replaces NaN/Inf training losses with the average of recent valid
# losses": of those since the last line that was logged. From the next line on there are none, and their
# average is 0. A loss that is NaN from the 13th of 30 steps on, logged every 5 steps: 0.96, 0.88, 0.66,
# 0, 0, 0, on the console, in trainer_state.json and in every tracker; train_loss is 0.42. All weights
# are NaN. grad_norm beside them is "nan", and is the only mark; it is not filtered. The line with the
# first NaN in it, 0.66, is too low as well: 0.8 of the mean of its two finite losses.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch==2.13.0 transformers==5.24.0 accelerate==1.15.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import math

import torch
import transformers

STEPS, BROKEN = 30, 13


class Network(torch.nn.Module):
    """One weight, whose loss is NaN from the step BROKEN on."""

    def __init__(self):
        super().__init__()
        self.weight, self.step = torch.nn.Parameter(torch.ones(1)), 0

    def forward(self, inputs, labels):
        self.step += 1
        outputs = self.weight * inputs
        loss = (outputs - labels).square().mean()
        return {"loss": loss * math.nan if self.step >= BROKEN else loss, "logits": outputs}


def train(**settings):
    """The losses and the gradient's norms that are logged, the weight, and train_loss."""
    arguments = transformers.TrainingArguments(
        output_dir="out",
        num_train_epochs=1,
        per_device_train_batch_size=1,
        learning_rate=0.01,
        logging_steps=5,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        **settings,
    )
    points = [{"inputs": torch.ones(1), "labels": torch.zeros(1)} for _ in range(STEPS)]
    trainer = transformers.Trainer(Network(), arguments, train_dataset=points)
    trainer.train()
    *lines, last = trainer.state.log_history
    weight = trainer.model.weight.item()
    return [l["loss"] for l in lines], [l["grad_norm"] for l in lines], weight, last["train_loss"]


losses, norms, weight, mean = train()
print("transformers", transformers.__version__, "losses", [round(loss, 3) for loss in losses])
print("gradients' norms", [round(norm, 3) for norm in norms], "weight", weight, "train_loss", mean)
assert losses[3:] == [0.0, 0.0, 0.0] and losses[2] < losses[1] < losses[0]
assert all(map(math.isnan, norms[2:])) and math.isnan(weight)
assert 0.3 < mean < 0.5
assert all(map(math.isnan, train(logging_nan_inf_filter=False)[0][2:]))
PYTHON
