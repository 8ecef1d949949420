#!/usr/bin/env bash
# Keras 3.15.1, Model.fit on a PyDataset: its batches are shuffled anew in every epoch, by default,
# though the documentation of fit says that `shuffle` "is ignored when `x` is a
# `keras.utils.PyDataset`". shuffle=False keeps them in order. No warning is given.
#
# Whoever sorts batches on purpose (a curriculum, a series in time, batches of like length from short
# to long) and relies on that sentence trains in random order. Python's `random` shuffles, so that
# NumPy's and the backend's seeds don't fix it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
KERAS_BACKEND=jax env/bin/python - <<'PYTHON'
import warnings

import keras
import numpy as np
from keras.src.trainers.trainer import Trainer  # fit's documentation is there

warnings.simplefilter("error")


class Batches(keras.utils.PyDataset):
    """Six batches; batch k has k as its inputs."""

    def __len__(self):
        return 6

    def __getitem__(self, k):
        return np.full((2, 1), float(k)), np.zeros((2, 1))


class Losses(keras.callbacks.Callback):
    """Which batch each step was of: the weight stays 1, so that batch k has a loss of k * k."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def on_epoch_begin(self, epoch, logs=None):
        self.total = 0.0

    def on_train_batch_end(self, batch, logs):
        total = logs["loss"] * (batch + 1)  # fit gives the mean since the epoch began
        self.batches.append(round((total - self.total) ** 0.5))
        self.total = total


def batches_of_two_epochs(**options):
    keras.utils.set_random_seed(42)
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    losses = Losses()
    model.fit(Batches(), epochs=2, verbose=0, callbacks=[losses], **options)
    return [losses.batches[:6], losses.batches[6:]]


default, off = batches_of_two_epochs(), batches_of_two_epochs(shuffle=False)
print("keras", keras.__version__, "batches by default", default, "with shuffle=False", off)
documented = " ".join(Trainer.fit.__doc__.split())
assert "This argument is ignored when `x` is a `keras.utils.PyDataset`" in documented
assert all(sorted(epoch) == list(range(6)) for epoch in default)
assert list(range(6)) not in default and default[0] != default[1]
assert off == [list(range(6))] * 2
PYTHON
