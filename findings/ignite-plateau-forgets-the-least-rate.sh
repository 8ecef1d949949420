#!/usr/bin/env bash
# PyTorch-Ignite 0.5.5, ReduceLROnPlateauScheduler: min_lr changes nothing, unless it is for the
# optimizer's first group alone.
#
# Its keywords are "to be passed to the wrapped ReduceLROnPlateau", but min_lr is replaced by 0 where no
# param_group_index is given; where one is given, the bound is looked up by a count within the chosen
# group, so that only that of group 0 is found. From a rate of 1 with factor 0.1 and min_lr=0.05, six
# evaluations without progress leave 1e-5 where PyTorch's own class leaves 0.05. No warning is given.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  pytorch-ignite==0.5.5 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import ignite
import torch
from ignite.engine import Engine
from ignite.handlers import ReduceLROnPlateauScheduler

SETTINGS = {"factor": 0.1, "patience": 0, "min_lr": 0.05}


def optimizer():
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    return torch.optim.SGD(groups, lr=1.0)


def rates(sgd):
    return [round(group["lr"], 9) for group in sgd.param_groups]


def by_ignite(**group):
    """The rates of two groups after six evaluations with one and the same loss."""
    sgd = optimizer()
    scheduler = ReduceLROnPlateauScheduler(sgd, "loss", **SETTINGS, **group)
    evaluator = Engine(lambda engine, batch: None)
    evaluator.state.metrics = {"loss": 1.0}
    for _ in range(6):
        scheduler(evaluator)
    return rates(sgd)


sgd = optimizer()
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, **SETTINGS)
for _ in range(6):
    scheduler.step(1.0)
print("torch", torch.__version__, "both groups", rates(sgd))
both, first, second = by_ignite(), by_ignite(param_group_index=0), by_ignite(param_group_index=1)
print("ignite", ignite.__version__, "both", both, "first", first, "second", second)
assert rates(sgd) == [0.05, 0.05]
assert both == [1e-5, 1e-5]
assert first == [0.05, 1.0]
assert second == [1.0, 1e-5]
PYTHON
