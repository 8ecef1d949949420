#!/usr/bin/env bash
# optax 0.2.8, contrib.momo: with weight decay its step is longer than that of the authors' momo-opt
# 0.1.0, by 1 + learning_rate * weight_decay.
#
# The paper's step (arXiv:2305.07583) minimises a model of the loss, a distance and lambda |w|^2 / 2:
# (w - tau d) / (1 + eta lambda), which momo-opt computes. optax computes w / (1 + eta lambda) - tau d.
# At the default rate of 1, from w = 3 with a gradient of -0.2 and a decay of 0.1: 3.2 / 1.1 = 2.909 by
# the authors, 3 / 1.1 + 0.2 = 2.927 by optax. Without weight decay the two are the same. The same line
# is in contrib.momo_adam.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
  optax==0.2.8 jax==0.10.2 momo-opt==0.1.0 torch==2.13.0 numpy
env/bin/python - <<'PYTHON'
import jax
import jax.numpy as jnp
import momo
import optax
import torch

jax.config.update("jax_enable_x64", True)


def loss(w):
    return (50 + 0.05 * (w - 5) ** 2).sum()


def ends(decay, updates=5):
    """The weight after every update, by optax and by the authors."""
    w, optimizer = jnp.array([3.0]), optax.contrib.momo(weight_decay=decay)
    state, mine = optimizer.init(w), torch.nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    theirs, seen = momo.Momo([mine], weight_decay=decay), []
    for _ in range(updates):
        value, gradient = jax.value_and_grad(loss)(w)
        update, state = optimizer.update(gradient, state, w, value=value)
        w = optax.apply_updates(w, update)
        theirs.zero_grad()
        value = loss(mine)
        value.backward()
        theirs.step(loss=value)
        seen.append((float(w[0]), mine.item()))
    return seen


plain, decayed = ends(0.0), ends(0.1)
print("optax", optax.__version__, "momo-opt", momo.__version__)
print("after one update and five, optax and the authors:", decayed[0], decayed[-1])
assert all(abs(a - b) < 1e-12 for a, b in plain)
assert abs(decayed[0][0] - (3 / 1.1 + 0.2)) < 1e-12
assert abs(decayed[0][1] - 3.2 / 1.1) < 1e-12
assert decayed[-1][0] - decayed[-1][1] > 0.07
PYTHON
