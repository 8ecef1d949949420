#!/usr/bin/env bash
# optax 0.2.8, contrib.cocob: a constant `learning_rate` changes nothing, be it 1 or a thousandth.
#
# It multiplies the gradient before the bets are made, and a bet is a ratio of sums of gradients: the
# factor drops out, but for eps. Who lowers the rate because training diverges lowers nothing; the
# place for that is alpha.
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


def loss(w):
    return jnp.sum(jnp.array([1.0, 10.0]) * (w - 2) ** 2)


def end(rate, alpha=100.0):
    optimizer, w = optax.contrib.cocob(rate, alpha), jnp.zeros(2)
    state = optimizer.init(w)
    for _ in range(10):
        update, state = optimizer.update(jax.grad(loss)(w), state, w)
        w = optax.apply_updates(w, update)
    return w


whole, thousandth, bold = end(1.0), end(0.001), end(1.0, alpha=50.0)
print("optax", optax.__version__, "rate 1:", whole, "rate 0.001:", thousandth, "alpha 50:", bold)
assert jnp.abs(whole).min() > 0.1
assert jnp.abs(whole - thousandth).max() < 1e-9
assert jnp.abs(whole - bold).max() > 1e-3
PYTHON
