#!/usr/bin/env bash
# optax 0.2.8, rprop: the first update is 0, and a turn of the gradient costs two updates of 0.
#
# With learning_rate=0.1 and the gradients 1, 1, 1, -1, -1 the updates are 0, -0.1, -0.12, 0, 0.
# PyTorch's Rprop moves by -0.1 at once, and stands still for one update at a turn.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check jax==0.10.2 optax==0.2.8
env/bin/python - <<'PYTHON'
import jax.numpy as jnp
import optax

rule = optax.rprop(0.1)
weight = jnp.array(3.0)
state = rule.init(weight)
updates = []
for gradient in (1.0, 1.0, 1.0, -1.0, -1.0):
    update, state = rule.update(jnp.array(gradient), state, weight)
    updates.append(round(float(update), 4))
print("optax", optax.__version__, "gradients 1, 1, 1, -1, -1; updates", updates)
assert updates == [0.0, -0.1, -0.12, 0.0, 0.0]
PYTHON
