#!/usr/bin/env bash
# optax 0.2.8, adan: the gradient's changes count 1 - b2 = 0.08, where the paper and its code have 0.92.
#
# Adan (Xie et al., algorithm 1) steps by m + (1 - beta2) v with beta2 = 0.08, that is 0.92 v; the
# authors' code, which names the decay 0.92 beta2, steps by m + beta2 v. optax has the code's 0.92 for
# b2 and the paper's 1 - b2 for the weight. After the gradients 1 and 2 the two differ by a third.
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
b1, b2, b3, eps = 0.98, 0.92, 0.99, 1e-8


def second_step(weight):
    """By the formula, of changes that count so much; optax adds eps inside the root as well."""
    m = d = n = 0.0
    for t, (g, change) in enumerate(((1.0, 0.0), (2.0, 1.0)), 1):
        m, d = b1 * m + (1 - b1) * g, b2 * d + (1 - b2) * change
        n = b3 * n + (1 - b3) * (g + weight * change) ** 2
    u = m / (1 - b1**t) + weight * d / (1 - b2**t)
    return u / ((n / (1 - b3**t) + eps) ** 0.5 + eps)


rule = optax.adan(1.0)
w = jnp.zeros(1)
state = rule.init(w)
for g in (1.0, 2.0):
    moved, state = rule.update(jnp.array([g]), state, w)
step = -float(moved[0])
print("optax", optax.__version__, "second step / lr:", round(step, 4))
print("of changes that count 0.08:", round(second_step(1 - b2), 4), "and 0.92:", round(second_step(b2), 4))
assert abs(step - second_step(1 - b2)) < 1e-9
assert abs(step - second_step(b2)) > 0.01
PYTHON
