#!/usr/bin/env bash
# transformers 5.24.0 with accelerate 1.15.0: Trainer's order of the points in epoch e of a run with
# seed s depends on s + e alone. Runs with seeds 42 and 43 visit the points in the same orders, an
# epoch apart: of four epochs they share three.
#
# Whoever repeats a training over seeds 42, 43, 44, ... to say how much chance there is in the result
# does not draw orders independently of each other. Seeds farther apart than the run has epochs share
# none.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
  torch==2.13.0 transformers==5.24.0 accelerate==1.15.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import accelerate
import torch
import transformers

EPOCHS, POINTS = 4, 8


class Visited(torch.utils.data.Dataset):
    """Eight points, and the order in which they were asked for."""

    def __init__(self):
        self.order = []

    def __len__(self):
        return POINTS

    def __getitem__(self, i):
        self.order.append(i)
        return {"x": torch.tensor([float(i)]), "labels": torch.tensor([0.0])}


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x, labels):
        return {"loss": ((self.layer(x) - labels) ** 2).mean()}


def orders(seed):
    points = Visited()
    options = transformers.TrainingArguments(
        "out",
        seed=seed,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=1,
        learning_rate=0.0,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    )
    transformers.Trainer(Line(), options, train_dataset=points).train()
    return [points.order[e * POINTS : (e + 1) * POINTS] for e in range(EPOCHS)]


first, second, far = orders(42), orders(43), orders(42 + EPOCHS)
print("transformers", transformers.__version__, "accelerate", accelerate.__version__)
print("seed 42", first)
print("seed 43", second)
assert len({tuple(order) for order in first}) == EPOCHS
assert second[:-1] == first[1:]
assert not any(order in first for order in far)
PYTHON
