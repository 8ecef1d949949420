"""Every framework in float64, before any test imports one."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax  # noqa: E402 (the variable comes first)
import keras  # noqa: E402
import torch  # noqa: E402

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
torch.set_num_threads(1)
