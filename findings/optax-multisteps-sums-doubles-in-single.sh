#!/usr/bin/env bash
# optax 0.2.8 with JAX 0.10.2, float64 enabled: MultiSteps collects the gradients of float64 weights
# in float32.
#
# Of weights and gradients in float64, SGD's update under MultiSteps(every_k_schedule=3) is float64
# too, but the mean of the three gradients that it takes was rounded to float32: here a relative error
# of 2.5e-9, where the mean worked out in float64 is exact to 1e-16. The state's acc_grads is float32
# from init on. Without MultiSteps the same optimizer keeps float64 throughout.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
    optax==0.2.8 jax==0.10.2 jaxlib==0.10.2
env/bin/python - <<'PYTHON'
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
import optax

gradients = [1 / 3, 1 / 7, 1 / 11]
weights = jnp.zeros(1, jnp.float64)

collecting = optax.MultiSteps(optax.sgd(0.5), every_k_schedule=3)
state = collecting.init(weights)
kinds = {str(state.acc_grads.dtype)}
for gradient in gradients:
    update, state = collecting.update(jnp.array([gradient]), state, weights)
    kinds.add(str(state.acc_grads.dtype))
plain = optax.sgd(0.5)
alone, _ = plain.update(jnp.array([np.mean(gradients)]), plain.init(weights), weights)

apart = abs(float(update[0]) / float(alone[0]) - 1)
print("optax", optax.__version__, "jax", jax.__version__)
print("update", update.dtype, "collected in", sorted(kinds), "relative error", f"{apart:.1e}")
assert update.dtype == alone.dtype == jnp.float64
assert kinds == {"float32"}
assert 1e-9 < apart < 1e-7
PYTHON
