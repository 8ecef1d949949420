#!/usr/bin/env bash
# river 0.26.1: a linear model with optim.Averager predicts by the weights that are not averaged.
#
# The average is kept and returned by the optimizer's step; linear models step in place and drop what
# step returns. So LinearRegression(Averager(SGD(0.1))) has, after each of 300 samples, bit for bit the
# weights of SGD(0.1), though "the optimiser returns the current averaged weights" by its docstring,
# whose own example is a linear model. The mean of these weights is five times as near to the right one.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check river==0.26.1
env/bin/python - <<'PYTHON'
import random

import river
from river import linear_model, optim


def weights(optimizer):
    """The weight after each sample of y = 2 a + noise."""
    model = linear_model.LinearRegression(optimizer=optimizer, intercept_lr=0.0)
    draw, found = random.Random(0), []
    for _ in range(300):
        a = draw.gauss(0, 1)
        model.learn_one({"a": a}, 2 * a + draw.gauss(0, 1))
        found.append(model.weights["a"])
    return found


plain = weights(optim.SGD(0.1))
averaged = weights(optim.Averager(optim.SGD(0.1), start=0))
mean = sum(plain) / len(plain)
print(f"river {river.__version__}, last weight: SGD {plain[-1]:.4f}, Averager {averaged[-1]:.4f}")
print(f"the mean of SGD's weights: {mean:.4f}")
assert averaged == plain
assert abs(mean - plain[-1]) > 0.1
PYTHON
