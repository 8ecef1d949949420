"""An optimizer of JAX' example libraries: three functions, of which one keeps weights and state."""

from __future__ import annotations

from typing import Any

import numpy as np

from simopt.training.conformance.adapters.optax import compiled
from simopt.training.conformance.adapters.precision import jax64
from simopt.training.conformance.adapters.record import Handed
from simopt.training.conformance.probing import Array, Player

#: The functions.
PARTS = ("init_fn", "update_fn", "params_fn")


def is_one(optimizer: Any) -> bool:
    """Whether it has the three functions."""
    return all(callable(getattr(optimizer, name, None)) for name in PARTS)


def adapted(optimizer: Any) -> Handed:
    """The three functions on weights of ours, in float64."""
    update = compiled(optimizer.update_fn)

    def start(w0: Array) -> Player:
        import jax.numpy as jnp

        state, count = optimizer.init_fn(jnp.asarray(w0)), 0

        def player(gradient: Array, factor: float, loss: float) -> Array:
            nonlocal state, count
            state = update(jnp.asarray(count), jnp.asarray(gradient), state)
            count += 1
            return np.array(optimizer.params_fn(state), dtype=np.float64)

        return player

    return Handed("jax", {}, False, start, jax64)
