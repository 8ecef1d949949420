#!/usr/bin/env bash
# transformers 5.24.0, EarlyStoppingCallback: a loss that falls steadily by less than the threshold an
# evaluation is stopped, however far it has fallen.
#
# early_stopping_threshold is "how much the specified metric must improve", from the best so far; but
# the Trainer moves the best at any improvement, however small, so that each evaluation is compared with
# the one before it. The loss falls from 1 by 0.05 an epoch, threshold 0.06, patience 3: stopped after
# the fourth of ten epochs. Keras' and Lightning's min_delta leave the best where it is until it is beaten by
# that much: there the same losses are an improvement at every second epoch, and train to the end.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch==2.13.0 transformers==5.24.0 accelerate==1.15.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import contextlib
import io

import torch
import transformers

LOSSES = [1.0 - 0.05 * epoch for epoch in range(10)]
THRESHOLD, PATIENCE = 0.06, 3


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, labels):
        outputs = self.weight * inputs
        return {"loss": (outputs - labels).square().mean(), "logits": outputs}


def by_transformers(threshold):
    """The epochs that are trained of ten, whose evaluations give these losses."""
    evaluations = iter(LOSSES)
    arguments = transformers.TrainingArguments(
        output_dir="out",
        num_train_epochs=len(LOSSES),
        eval_strategy="epoch",
        save_strategy="no",
        metric_for_best_model="told",
        greater_is_better=False,
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    points = [{"inputs": torch.ones(1), "labels": torch.zeros(1)} for _ in range(4)]
    trainer = transformers.Trainer(
        Network(),
        arguments,
        train_dataset=points,
        eval_dataset=points,
        compute_metrics=lambda prediction: {"told": next(evaluations)},
        callbacks=[transformers.EarlyStoppingCallback(PATIENCE, threshold)],
    )
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.train()
    return round(trainer.state.epoch)


print("losses", [round(loss, 2) for loss in LOSSES])
epochs = {threshold: by_transformers(threshold) for threshold in (THRESHOLD, 0.04)}
print("transformers", transformers.__version__, "epochs by threshold:", epochs)
assert epochs == {THRESHOLD: 4, 0.04: 10}


def kept(threshold):
    """The epochs where the best stays until it is beaten by the threshold."""
    best, waited = float("inf"), 0
    for epoch, loss in enumerate(LOSSES, 1):
        waited = 0 if loss < best - threshold else waited + 1
        best = loss if waited == 0 else best
        if waited == PATIENCE:
            return epoch
    return len(LOSSES)


assert kept(THRESHOLD) == 10
PYTHON
