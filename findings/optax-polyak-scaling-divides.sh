#!/usr/bin/env bash
# optax 0.2.8, polyak_sgd: `scaling` divides the step that its docstring multiplies by it.
#
# The documented rate is scaling * min((f(x) - f_min) / |g|^2, max_learning_rate). The gradient is
# scaled before its norm is taken, which has the square of it below: a bound that is not reached
# leaves 1 / scaling. Of f = sum(x^2) at (1, 2, 3) the rate is 14 / 56 = 0.25 times scaling by the
# docstring, and 0.5, 0.25, 0.125 for a scaling of 0.5, 1, 2.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check optax==0.2.8 jax==0.10.2
env/bin/python - <<'PYTHON'
import jax
import jax.numpy as jnp
import optax

jax.config.update("jax_enable_x64", True)


def loss(x):
    return jnp.sum(x**2)


def rate(scaling):
    optimizer = optax.polyak_sgd(max_learning_rate=10.0, scaling=scaling)
    x = jnp.array([1.0, 2.0, 3.0])
    value, gradient = jax.value_and_grad(loss)(x)
    update, _ = optimizer.update(gradient, optimizer.init(x), x, value=value)
    return float(-(update / gradient)[0])


rates = {scaling: rate(scaling) for scaling in (0.5, 1.0, 2.0)}
print("optax", optax.__version__, "rate by scaling:", rates)
for scaling, each in rates.items():
    assert abs(each - 0.25 / scaling) < 1e-12
PYTHON
