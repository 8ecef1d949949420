#!/usr/bin/env bash
# optax 0.2.8, contrib.reduce_on_plateau(patience=0): the rate drops at every call, improved or not.
#
# patience=0 is accepted. Fed the losses 5, 4, 3, 2, 1, each lower than all before, the scale is halved
# five times. PyTorch's ReduceLROnPlateau(patience=0) leaves the rate alone on the same losses.
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

rule = optax.contrib.reduce_on_plateau(factor=0.5, patience=0)
weight = jnp.array(3.0)
state = rule.init(weight)
scales = []
for loss in (5.0, 4.0, 3.0, 2.0, 1.0):
    _, state = rule.update(jnp.array(1.0), state, value=jnp.array(loss))
    scales.append(float(state.scale))
print("optax", optax.__version__, "losses 5, 4, 3, 2, 1; scale", scales)
assert scales == [0.5, 0.25, 0.125, 0.0625, 0.03125]
PYTHON
