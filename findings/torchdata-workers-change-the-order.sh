#!/usr/bin/env bash
# torchdata 0.11.0: StatefulDataLoader, PyTorch's DataLoader with a state, visits the points in another
# order when it has workers. With a generator of its own, seed 42, DataLoader has one order of eight
# points with 0 and with 2 workers, StatefulDataLoader two: with workers it draws the order twice, and
# uses the second.
#
# Whoever sets num_workers by the machine, as the cores allow, trains in another order on each, though
# the seed is the same; so does a run that is resumed with workers where it had none.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
  torch==2.13.0 torchdata==0.11.0 numpy==2.4.6
cat > orders.py <<'PYTHON'
import torch
import torchdata
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader


def order(loader, workers):
    own = torch.Generator().manual_seed(42)
    made = loader(range(8), batch_size=None, shuffle=True, generator=own, num_workers=workers)
    return [int(i) for i in made]


if __name__ == "__main__":
    print("torch", torch.__version__, "torchdata", torchdata.__version__)
    for loader in (DataLoader, StatefulDataLoader):
        for workers in (0, 2):
            print(loader.__name__, "with", workers, "workers:", order(loader, workers))
    assert order(DataLoader, 0) == order(DataLoader, 2)
    assert order(StatefulDataLoader, 0) != order(StatefulDataLoader, 2)
PYTHON
env/bin/python orders.py
