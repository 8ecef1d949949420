#!/usr/bin/env bash
# Keras 3.15.1: a schedule that begins at a whole number (1, or 0 before a warm-up) is computed in whole
# numbers. The example of a warm-up in CosineDecay's documentation trains at a rate of 0 throughout.
#
# All arguments are cast to the type of initial_learning_rate. The documentation's example begins at 0,
# an int, so that its target of 0.1 becomes 0: all rates are 0, and no weight moves. ExponentialDecay(1,
# 10, 0.5) is 1 at the first update and 0 after it, InverseTimeDecay(1, ...) never falls, CosineDecay(1,
# ...) takes pi to be 3 and ends at 0.005. With 0.0 and 1.0 all are right. No warning is given.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place" KERAS_BACKEND=jax KERAS_HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
env/bin/python - <<'PYTHON'
import keras
import numpy as np
from keras.optimizers import schedules

SCHEDULES = {
    "CosineDecay, warm-up": lambda start: schedules.CosineDecay(
        start, 1000, warmup_target=0.1, warmup_steps=1000
    ),
    "ExponentialDecay": lambda start: schedules.ExponentialDecay(start, 10, 0.5),
    "InverseTimeDecay": lambda start: schedules.InverseTimeDecay(start, 10, 0.5),
    "PolynomialDecay": lambda start: schedules.PolynomialDecay(start, 10, 0.01),
    "CosineDecay": lambda start: schedules.CosineDecay(start, 10),
}


def rates(name, kind):
    """The rates at some updates, begun at a number of that kind."""
    warm = name.endswith("warm-up")
    schedule = SCHEDULES[name](kind(0 if warm else 1))
    return [round(float(schedule(t)), 4) for t in ((0, 500, 1000, 1500) if warm else (0, 3, 6, 9))]


print("keras", keras.__version__, keras.backend.backend())
for name in SCHEDULES:
    print(f"{name:20} int {rates(name, int)} float {rates(name, float)}")
assert rates("CosineDecay, warm-up", int) == [0.0] * 4
assert rates("CosineDecay, warm-up", float) == [0.0, 0.05, 0.1, 0.05]
assert rates("ExponentialDecay", int) == [1.0, 0.0, 0.0, 0.0]
assert rates("InverseTimeDecay", int) == [1.0] * 4
assert all(rates(name, int) != rates(name, float) for name in SCHEDULES)

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
schedule = schedules.CosineDecay(0, 1000, warmup_target=0.1, warmup_steps=1000)
model.compile(keras.optimizers.SGD(schedule), "mse")
before = [weight.copy() for weight in model.get_weights()]
model.fit(np.ones((2000, 1)), np.full((2000, 1), 5.0), batch_size=1, verbose=0)
after = model.get_weights()
print("the documentation's schedule, 2000 updates: weights", before, "->", after)
assert all(np.array_equal(a, b) for a, b in zip(before, after))
PYTHON
