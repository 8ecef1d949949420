#!/usr/bin/env bash
# Keras 3.15.1 on JAX: keras.ops.mean of float64 numbers is computed in float32, and says float64.
#
# With 64 bits enabled in JAX and floatx "float64": the mean of [1 + 2**-40] is 1.0 exactly, that of
# [1e300] is infinite; the result's type is float64. ops.sum is right. Losses, and Adafactor's root
# mean squares, are such means: a training in double precision has seven digits.
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

keras.config.set_floatx("float64")
near, large = keras.ops.convert_to_tensor([1 + 2.0**-40]), keras.ops.convert_to_tensor([1e300])
mean = keras.ops.mean(near)
print("keras", keras.__version__, near.dtype, mean.dtype, float(mean) - 1, float(keras.ops.sum(near)) - 1)
print("mean of [1e300]:", float(keras.ops.mean(large)), "sum:", float(keras.ops.sum(large)))
assert str(near.dtype) == str(mean.dtype) == "float64"
assert float(mean) == 1.0
assert float(keras.ops.sum(near)) == 1 + 2.0**-40
assert float(keras.ops.mean(large)) == float("inf")
assert float(keras.ops.sum(large)) == 1e300
PYTHON
