#!/usr/bin/env bash
# Keras 3.15.1: ReduceLROnPlateau(cooldown=1) does what cooldown=0 does; cooldown=c waits c - 1 epochs.
#
# The count of epochs to wait goes down at the beginning of the very epoch in which it is looked at,
# before the look. A loss that stays at 1 for twelve epochs, factor 0.5, patience 1: the rate is
# halved at each of the same epochs with cooldown 0 and 1, and with 3 at every third. PyTorch's class
# of that name, with the patience that drops as often without a cooldown (0), waits all 3 epochs and
# drops at every fourth: settings that are carried over don't give the same schedule.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place" KERAS_BACKEND=jax KERAS_HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
env/bin/python - <<'PYTHON'
import keras

EPOCHS = 12


def drops(cooldown):
    """The epochs, from 1, after which the rate is lower than before."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=1, cooldown=cooldown, min_lr=0.0
    )
    callback.set_model(model)
    callback.on_train_begin()
    found, before = [], float(model.optimizer.learning_rate)
    for epoch in range(EPOCHS):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {"loss": 1.0})
        after = float(model.optimizer.learning_rate)
        if after < before:
            found.append(epoch + 1)
        before = after
    return found


said = {cooldown: drops(cooldown) for cooldown in (0, 1, 3)}
print("keras", keras.__version__, "epochs of drops by cooldown:", said)
assert said[0] == said[1]
assert [b - a for a, b in zip(said[3], said[3][1:])] == [3] * (len(said[3]) - 1)
PYTHON
