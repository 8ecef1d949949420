#!/usr/bin/env bash
# optax 0.2.8, contrib.prodigy: where the first gradients are all 0, weights are NaN for good.
#
# The estimate of the distance is then 0 / 0. One weight at 1.0, gradients 0, 1, 1: NaN after each
# update. With a first gradient of 1 all is finite. A first batch that is
# masked whole is enough; its authors' own package takes no step there.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check optax==0.2.8 jax==0.10.2 \
  prodigyopt==1.1.2 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import jax
import jax.numpy as jnp
import optax
import prodigyopt
import torch

jax.config.update("jax_enable_x64", True)


def by_optax(gradients):
    optimizer = optax.contrib.prodigy(1.0)
    w = jnp.array([1.0])
    state = optimizer.init(w)
    seen = []
    for g in gradients:
        update, state = optimizer.update(jnp.array([g]), state, w)
        w = optax.apply_updates(w, update)
        seen.append(float(w[0]))
    return seen


def by_its_authors(gradients):
    w = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = prodigyopt.Prodigy([w], lr=1.0)
    seen = []
    for g in gradients:
        w.grad = torch.full_like(w, g)
        optimizer.step()
        seen.append(w.item())
    return seen


print("optax", optax.__version__, by_optax([0.0, 1.0, 1.0]), by_optax([1.0, 1.0, 1.0]))
print("prodigyopt 1.1.2", by_its_authors([0.0, 1.0, 1.0]))
zero, other, theirs = by_optax([0.0, 1.0, 1.0]), by_optax([1.0] * 3), by_its_authors([0.0, 1.0, 1.0])
assert all(w != w for w in zero)
assert all(w == w for w in other + theirs)
PYTHON
