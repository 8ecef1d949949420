#!/usr/bin/env bash
# optax 0.2.8, contrib.acprop: deviations are from the mean before the gradient, documented as after.
#
# By its docstring s_t takes (g_t - m_t)^2, and by the authors' program that it names. It takes
# (g_t - m_{t-1})^2, which is 1 / b1^2 times as much: every step but the first is b1 times as long.
# With b1 = 0.5, b2 = 0.9, rate 1 and gradients 1, -2, 3 the second step is 2, by the docstring 4.
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
B1, B2, GRADIENTS = 0.5, 0.9, (1.0, -2.0, 3.0)


def by_optax():
    optimizer = optax.contrib.acprop(1.0, b1=B1, b2=B2, eps=0.0, eps_root=0.0)
    state = optimizer.init(jnp.zeros(1))
    for g in GRADIENTS:
        update, state = optimizer.update(jnp.array([g]), state, jnp.zeros(1))
        yield float(update[0])


def by_the_docstring(after):
    m = s = 0.0
    for t, g in enumerate(GRADIENTS, 1):
        if t > 1:
            yield -g / (s / (1 - B2 ** (t - 1))) ** 0.5
        before, m = m, B1 * m + (1 - B1) * g
        s = B2 * s + (1 - B2) * (g - (m if after else before)) ** 2


steps = list(by_optax())[1:]
documented, previous = list(by_the_docstring(after=True)), list(by_the_docstring(after=False))
print("optax", optax.__version__, "steps 2 and 3:", steps, "documented:", documented)
for step, each, other in zip(steps, documented, previous):
    assert abs(step - other) < 1e-12
    assert abs(step - B1 * each) < 1e-12
PYTHON
