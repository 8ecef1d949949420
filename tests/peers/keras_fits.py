"""Keras trainings, run apart: a process has one backend, and takes it from its environment.

A line of standard input is a list of trainings, JSON; a line of output, what came of them.
"""

import contextlib
import json
import sys

import keras
import numpy as np

keras.config.set_floatx("float64")


def flat(model):
    """All weights of a model in a row, the bias last."""
    return np.concatenate([w.ravel() for w in model.get_weights()]).tolist()


class Watch(keras.callbacks.Callback):
    """The weights after every epoch."""

    def __init__(self):
        super().__init__()
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(flat(self.model))


class Counted(keras.losses.Loss):
    """Its gradient is -1 for every point, whatever the weights."""

    def __init__(self):
        super().__init__(reduction="sum", dtype="float64")

    def call(self, y_true, y_pred):
        return -y_pred[:, 0]


class Linear(keras.layers.Dense):
    """A Dense layer for one output; Keras' own multiplies matrices in float32 on PyTorch."""

    def call(self, inputs):
        outputs = keras.ops.sum(inputs * self.kernel[:, 0], axis=-1, keepdims=True)
        return outputs + self.bias if self.use_bias else outputs


class SquaredError(keras.losses.Loss):
    """The mean squared error; Keras' own takes that mean in float32 on JAX and PyTorch."""

    def __init__(self):
        super().__init__(reduction="sum", dtype="float64")

    def call(self, y_true, y_pred):
        return keras.ops.square(y_true - y_pred)[:, 0] / keras.ops.cast(
            keras.ops.shape(y_pred)[0], "float64"
        )


def visited(n, epochs, seed, batch_size, initializer="zeros", seeded="keras", again=False, **kind):
    """In which update of each epoch a point is seen [epochs, n], told by the weights alone.

    Point i moves weight i, by the rate of the update, which is 1, 1/2, 1/3, ...
    """
    if seeded == "keras":
        keras.utils.set_random_seed(seed)
    elif seeded == "numpy":
        np.random.seed(seed)  # noqa: NPY002 (what a fit on JAX draws from)
    elif seeded == "tensorflow":
        import tensorflow

        tensorflow.random.set_seed(seed)
    elif seeded == "torch":
        import torch

        torch.manual_seed(seed)
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer=initializer)
    model = keras.Sequential([keras.Input((n,)), dense])
    rate = keras.optimizers.schedules.InverseTimeDecay(1.0, 1, 1.0)
    model.compile(keras.optimizers.SGD(rate), Counted())
    x, y = np.eye(n), np.zeros((n, 1))
    settings = {"epochs": epochs, "batch_size": batch_size, "verbose": 0}
    if kind.get("validated"):
        settings["validation_data"] = (x[:2], y[:2])
    updates = 0
    if again:
        model.fit(x, y, **settings)
        updates = int(np.asarray(model.optimizer.iterations))
        keras.utils.set_random_seed(seed)
    start = np.ravel(model.get_weights()[0])
    watch = Watch()
    model.fit(x, y, callbacks=[watch], **settings)
    moved = np.diff([start, *watch.weights], axis=0)
    update = np.rint(1 / moved).astype(int) - 1 - updates
    return (update - update.min(axis=1, keepdims=True)).tolist()


def trained(x, y, epochs, seed, batch_size, optimizer, settings, bias, initializer, own=True):
    """The weights at the start, and after every epoch; in float64 throughout if ``own``."""
    keras.utils.set_random_seed(seed)
    layer, loss = (Linear, SquaredError()) if own else (keras.layers.Dense, "mse")
    dense = layer(1, use_bias=bias, kernel_initializer=initializer)
    model = keras.Sequential([keras.Input((len(x[0]),)), dense])
    model.compile(getattr(keras.optimizers, optimizer)(**settings), loss)
    start = flat(model)
    watch = Watch()
    model.fit(
        np.array(x),
        np.array(y),
        epochs=epochs,
        batch_size=batch_size,
        verbose=0,
        callbacks=[watch],
    )
    return [start, *watch.weights]


def written(code, x, y, **names):
    """The weights at the start, and at the end, of a training that is given as code."""
    space = {"keras": keras, "x": np.array(x), "y": np.array(y), "d": len(x[0]), **names}
    result = []
    for part in (code.partition("model.fit")[0], code):
        exec(part, space)
        result.append(flat(space["model"]))
    return result


if __name__ == "__main__":
    KINDS = {"visited": visited, "trained": trained, "written": written}
    for line in sys.stdin:
        with contextlib.redirect_stdout(sys.stderr):  # the progress bar of fit
            came = [KINDS[case.pop("kind")](**case) for case in json.loads(line)]
        print(json.dumps(came), flush=True)
