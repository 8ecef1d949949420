#!/usr/bin/env bash
# timm 1.0.31, CosineLRScheduler: with cycle_mul=3 or 10 some restarts come an epoch late, at a rate of
# lr_min.
#
# Which cycle an epoch is in is the floor of a logarithm to the base cycle_mul. At a restart that logarithm
# is a whole number, and rounding leaves it just below: the epoch is taken for the last one of the cycle
# before, the end of its cosine. With t_initial=10, cycle_mul=10 the third restart is such an epoch, with
# t_initial=2, cycle_mul=3 the fifth. With a multiple of 2 the first six are right, with 5 the first four.
# Only timm.scheduler is imported: timm's models would ask for torchvision.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch==2.13.0 numpy==2.4.6
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps timm==1.0.31
env/bin/python - <<'PYTHON'
import importlib.metadata
import importlib.util
import sys
import types

import torch

place = importlib.util.find_spec("timm").submodule_search_locations[0]
for name in ("timm", "timm.scheduler"):
    package = types.ModuleType(name)
    package.__path__ = [place + name.removeprefix("timm").replace(".", "/")]
    sys.modules[name] = package
from timm.scheduler.cosine_lr import CosineLRScheduler


def at_restarts(first, multiple, cycles):
    """The rate at the first epoch of each cycle, by the epoch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    schedule = CosineLRScheduler(
        optimizer, t_initial=first, cycle_mul=multiple, cycle_limit=cycles + 1
    )
    found, epoch, length = {}, 0, first
    for _ in range(cycles):
        schedule.step(epoch)
        found[epoch] = round(optimizer.param_groups[0]["lr"], 9)
        epoch, length = epoch + length, length * multiple
    return found


print("timm", importlib.metadata.version("timm"))
for first, multiple, cycles in ((10, 2, 7), (2, 3, 7), (10, 5, 5), (10, 10, 5)):
    found = at_restarts(first, multiple, cycles)
    print(f"t_initial={first}, cycle_mul={multiple}: rate at each restart {found}")
    late = [epoch for epoch, rate in found.items() if rate == 0.0]
    assert late == {3: [242], 10: [1110]}.get(multiple, [])
    assert all(rate == 1.0 for epoch, rate in found.items() if epoch not in late)
PYTHON
