"""Every framework in float64, before any test imports one."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import torch

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
torch.set_num_threads(1)


def pytest_configure(config):
    # JAX warns of every fork, and PyTorch's workers are forked: they touch no JAX.
    config.addinivalue_line("filterwarnings", r"ignore:os\.fork\(\) was called:RuntimeWarning")
