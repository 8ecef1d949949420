#!/usr/bin/env bash
# torch-optimizer 0.3.0's RAdam, and the RangerVA and Ranger that it takes from pytorch-ranger 0.1.1: weights
# of double precision are rounded to single at every step, and don't move by less.
#
# They step a copy, `p.data.float()`, and write it back. A weight of 1/3 in float64 comes out as a float32
# number, though its type says float64; at lr=1e-8 a weight of 1 has not moved after 10,000 gradients of 1,
# where PyTorch's own RAdam has gone 9e-5. A comparison in double precision meets noise of 1e-7 that no
# setting takes away.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch-optimizer==0.3.0 pytorch-ranger==0.1.1 torch==2.13.0 numpy==2.4.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import torch
import torch_optimizer

UPDATES = 10_000


def trained(kind, start, rate, updates):
    weight = torch.nn.Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer = kind([weight], lr=rate)
    for _ in range(updates):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
    assert weight.dtype is torch.float64
    return weight.item()


def is_single(number):
    return torch.tensor(number, dtype=torch.float32).double().item() == number


for package in ("torch-optimizer", "pytorch-ranger"):
    print(package, importlib.metadata.version(package))
for name in ("RAdam", "RangerVA", "Ranger"):
    found = trained(getattr(torch_optimizer, name), 1 / 3, 0.01, 20)
    print(f"{name}: 1/3 after 20 updates {found!r}, a float32 number: {is_single(found)}")
    assert is_single(found)
    stays = trained(getattr(torch_optimizer, name), 1.0, 1e-8, UPDATES)
    print(f"{name}: 1 after {UPDATES:,} updates at 1e-8: {stays!r}")
    assert stays == 1.0
moved = trained(torch.optim.RAdam, 1.0, 1e-8, UPDATES)
print(f"torch.optim.RAdam: {moved!r}")
assert 8.9e-5 < 1 - moved < 9.1e-5
assert not is_single(trained(torch.optim.RAdam, 1 / 3, 0.01, 20))
PYTHON
