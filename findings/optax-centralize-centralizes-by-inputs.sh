#!/usr/bin/env bash
# optax 0.2.8, centralize: on Flax's layers it centralizes the gradients of an input's weights, not those of
# an output, and does nothing of what gradient centralization is for.
#
# The paper it refers to (Yong et al. 2020) takes from the gradient of each output's incoming weights their
# mean, so that their sum stays as it was drawn. optax takes the mean over all axes but the first
# (_subtract_mean), which are the incoming weights where the first axis counts outputs, as in PyTorch and
# Equinox. Flax's kernels have outputs last: (in, out), and (height, width, in, out) of a convolution, where
# each row of the window is centralized over all inputs and outputs at once. The docstring speaks of a
# "leading dimension", and says nothing of layouts.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  optax==0.2.8 flax==0.12.8 equinox==0.13.8 jax==0.10.2
env/bin/python - <<'PYTHON'
import equinox
import flax
import jax
import jax.numpy as jnp
import optax
from flax import nnx

key = jax.random.key(0)


def drift(weight, incoming):
    """The largest change of an output's sum of incoming weights, by ten steps of any gradients."""
    rule = optax.chain(optax.centralize(), optax.sgd(0.1))
    state, end = rule.init(weight), weight
    for step in range(10):
        gradient = jax.random.normal(jax.random.fold_in(key, step), weight.shape)
        update, state = rule.update(gradient, state)
        end = optax.apply_updates(end, update)
    return float(jnp.abs((end - weight).sum(incoming)).max())


dense = nnx.Linear(6, 4, rngs=nnx.Rngs(0)).kernel[...]
convolution = nnx.Conv(6, 4, (3, 3), rngs=nnx.Rngs(0)).kernel[...]
others = equinox.nn.Linear(6, 4, key=key).weight
assert dense.shape == (6, 4) and convolution.shape == (3, 3, 6, 4) and others.shape == (4, 6)
found = {
    "Flax Linear": drift(dense, 0),
    "Flax Conv": drift(convolution, (0, 1, 2)),
    "Equinox Linear": drift(others, 1),
    "Flax Linear, by inputs": drift(dense, 1),
}
print("optax", optax.__version__, "flax", flax.__version__, "equinox", equinox.__version__)
for name, change in found.items():
    print(f"{name:24} sums of weights move by {change:.6f}")
assert found["Flax Linear"] > 0.1 and found["Flax Conv"] > 0.1
assert found["Equinox Linear"] < 1e-5 and found["Flax Linear, by inputs"] < 1e-5
PYTHON
