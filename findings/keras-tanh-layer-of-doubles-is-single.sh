#!/usr/bin/env bash
# Keras 3.15.1 on JAX: layers and schedules of doubles that use tanh, sines, cosines or floor are
# computed in float32; those that use exp, log, roots or the sigmoid are not.
#
# With 64 bits enabled in JAX and floatx "float64", keras.ops.tanh casts its argument to float32, as do
# sin, cos, tan, sinh, arctan, floor and ceil: result_type(float64, float) is float32. So a Dense layer
# with dtype="float64" returns float32 where its activation is tanh and float64 where it is sigmoid; an
# LSTM says float64, and has seven digits; CosineDecay's rate is a float32. Gradients checked by
# differences, or runs compared with another framework's, part at 1e-8. (keras.ops.mean, another case,
# keeps the type and loses the digits.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place" KERAS_BACKEND=jax
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
env/bin/python - <<'PYTHON'
import jax

jax.config.update("jax_enable_x64", True)

import keras
import numpy as np
from keras import layers, ops

keras.config.set_floatx("float64")
x = ops.cast(0.3, "float64")
types = {
    name: str(getattr(ops, name)(x).dtype)
    for name in ("tanh", "sin", "cos", "tan", "sinh", "arctan", "floor", "ceil")
    + ("exp", "log", "sqrt", "sigmoid", "erf", "expm1")
}
print("keras", keras.__version__, types)
assert set(list(types.values())[:8]) == {"float32"}
assert set(list(types.values())[8:]) == {"float64"}

row = np.array([[0.3, -0.7]])
dense = {
    activation: layers.Dense(3, activation, dtype="float64")(row).dtype
    for activation in ("tanh", "sigmoid", "softplus")
}
print("a Dense layer of float64 returns", {name: str(kind) for name, kind in dense.items()})
assert [str(kind) for kind in dense.values()] == ["float32", "float64", "float64"]

cell = layers.LSTM(1, dtype="float64", kernel_initializer="ones", recurrent_initializer="ones")
got = cell(np.array([[[0.3]]]))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# One step from zero: the forget gate's bias is 1, and has nothing to forget.
right = sigmoid(0.3) * np.tanh(sigmoid(0.3) * np.tanh(0.3))
error = abs(float(got[0, 0]) / right - 1)
print("an LSTM's output:", got.dtype, "relative error", error)
assert str(got.dtype) == "float64"
assert 1e-10 < error < 1e-6

rate = keras.optimizers.schedules.CosineDecay(0.3, 7)(3.0)
print("CosineDecay's rate:", rate.dtype)
assert str(rate.dtype) == "float32"
PYTHON
