#!/usr/bin/env bash
# Keras 3.15.1, gradient_accumulation_steps=n: learning-rate schedules run n times as fast as updates.
#
# optimizer.iterations counts updates, one for n batches, as its docstring has it, and Adam's bias
# correction goes by it. The schedule is asked with the count of batches: a rate that is to fall to 0
# over 8 updates does so over 2 where 4 batches make an update, and the other 6 move nothing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place" KERAS_BACKEND=jax KERAS_HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
env/bin/python - <<'PYTHON'
import keras

UPDATES = 8


def steps(accumulated):
    """The length of each update under gradients of 1, as many batches each."""
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, UPDATES, end_learning_rate=0.0)
    optimizer = keras.optimizers.SGD(
        schedule, gradient_accumulation_steps=accumulated if accumulated > 1 else None
    )
    weight = keras.Variable(0.0)
    optimizer.build([weight])
    found, before = [], 0.0
    for _ in range(UPDATES):
        for _ in range(accumulated):
            optimizer.apply([keras.ops.ones(())])
        found.append(round(before - float(weight), 3))
        before = float(weight)
    assert int(optimizer.iterations) == UPDATES
    return found


print("keras", keras.__version__)
plain, four = steps(1), steps(4)
print("1 batch an update:", plain)
print("4 batches an update:", four)
assert plain == [1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
assert four[0] == 0.625 and four[2:] == [0.0] * 6
PYTHON
