"""Every framework in float64, before any test imports one."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import torch

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
torch.set_num_threads(1)
