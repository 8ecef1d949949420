#!/usr/bin/env bash
# optax 0.2.8, optimistic_adam and optimistic_adam_v2: by default they step by NAdam's direction, which
# the formula in their docstrings is not, nor the paper's (arXiv:1711.00141, algorithm 1).
#
# The docstrings divide m / (1 - beta1^t) by the root: 1 for the first gradient, whatever it is. With
# nesterov=True, the default, the first step is 0.9 * 0.1 / 0.19 + 1 = 1.474 rates long.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check optax==0.2.8 jax==0.10.2
env/bin/python -W ignore - <<'PYTHON'
import jax
import jax.numpy as jnp
import optax

jax.config.update("jax_enable_x64", True)


def first(optimizer):
    """The first step of a gradient of 5, in rates."""
    w = jnp.zeros(1)
    update, _ = optimizer.update(jnp.array([5.0]), optimizer.init(w), w)
    return float(-update[0] / 0.001)


steps = {
    make.__name__: (first(make(0.001)), first(make(0.001, nesterov=False)))
    for make in (optax.optimistic_adam, optax.optimistic_adam_v2)
}
print("optax", optax.__version__, "first step by default and with nesterov=False:", steps)
for default, plain in steps.values():
    assert abs(default - (0.9 * 0.1 / 0.19 + 1)) < 1e-6
    assert abs(plain - 1) < 1e-6
PYTHON
