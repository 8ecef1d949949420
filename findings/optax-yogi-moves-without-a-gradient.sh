#!/usr/bin/env bash
# optax 0.2.8, yogi: a weight whose gradient has always been 0 moves, for the first moment starts at 1e-6.
#
# Yogi (Zaheer et al. 2018, algorithm 2) starts the mean of squares above 0 to keep the divisor from
# vanishing; its mean of gradients starts at 0. optax fills both with initial_accumulator_value = 1e-6
# and then corrects their bias as if both had started at 0, which multiplies the mean by 10 and the
# squares by 1000: without any gradient the first update moves every weight by -2.8e-4 lr.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check optax==0.2.8 jax==0.10.2
env/bin/python - <<'PYTHON'
import jax
import jax.numpy as jnp
import optax

jax.config.update("jax_enable_x64", True)
rule = optax.yogi(1.0)
w = jnp.zeros(1)
state = rule.init(w)
moved, _ = rule.update(jnp.zeros(1), state, w)
print("optax", optax.__version__, "first move / lr under a gradient of 0:", float(moved[0]))
m_hat, v_hat = 0.9e-6 / (1 - 0.9), 1e-6 / (1 - 0.999)
assert abs(float(moved[0]) + m_hat / (v_hat**0.5 + 1e-3)) < 1e-12
assert float(moved[0]) < -2e-4
PYTHON
