#!/usr/bin/env bash
# PyTorch-Ignite 0.5.5, LRScheduler: a wrapped LinearLR(start_factor=0.1) trains at a tenth of the rate
# to the end, ConstantLR(factor=0.5) at half, CosineAnnealingLR begins above the rate that was set.
#
# PyTorch's schedules work out a rate from the one before, and take their first step as they are made.
# The wrapper asks for a rate once more at the first iteration, without a step, so that this step is
# taken twice: its factor stays in all rates that follow. PyTorch's LinearLR goes 0.1, 0.325, ... 1, and
# stays there; wrapped, as the documentation does it with StepLR, 0.01, 0.0325, ... 0.1. The cosine's
# first rate is 1.17, ExponentialLR and PolynomialLR run one step ahead. StepLR and LambdaLR, which
# the documentation shows, are right.
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
from ignite.engine import Engine, Events
from ignite.handlers import LRScheduler
from torch.optim import lr_scheduler

STEPS = 8
SCHEDULES = {
    "LinearLR": lambda sgd: lr_scheduler.LinearLR(sgd, start_factor=0.1, total_iters=4),
    "ConstantLR": lambda sgd: lr_scheduler.ConstantLR(sgd, factor=0.5, total_iters=3),
    "CosineAnnealingLR": lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, T_max=STEPS),
    "ExponentialLR": lambda sgd: lr_scheduler.ExponentialLR(sgd, gamma=0.5),
    "StepLR": lambda sgd: lr_scheduler.StepLR(sgd, step_size=2, gamma=0.5),
}


def by_torch(make):
    """The rates of PyTorch's own loop."""
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, rates = make(sgd), []
    for _ in range(STEPS):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        schedule.step()
    return [round(float(rate), 4) for rate in rates]


def by_ignite(make):
    """The rates of Ignite's loop."""
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    rates = []

    def update(engine, batch):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()

    trainer = Engine(update)
    trainer.add_event_handler(Events.ITERATION_STARTED, LRScheduler(make(sgd)))
    trainer.run([0] * STEPS)
    return [round(float(rate), 4) for rate in rates]


print("ignite", ignite.__version__, "torch", torch.__version__)
torch_has = {name: by_torch(make) for name, make in SCHEDULES.items()}
ignite_has = {name: by_ignite(make) for name, make in SCHEDULES.items()}
for name in SCHEDULES:
    print(f"{name:18} PyTorch {torch_has[name]}")
    print(f"{'':18} wrapped {ignite_has[name]}")
assert torch_has["LinearLR"][-1] == 1.0 and ignite_has["LinearLR"][-1] == 0.1
assert torch_has["ConstantLR"][-1] == 1.0 and ignite_has["ConstantLR"][-1] == 0.5
assert ignite_has["CosineAnnealingLR"][0] > 1.03
assert ignite_has["ExponentialLR"][:-1] == torch_has["ExponentialLR"][1:]
assert ignite_has["StepLR"] == torch_has["StepLR"]
PYTHON
