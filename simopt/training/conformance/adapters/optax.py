"""A transformation of gradients in optax' form: init and update."""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from simopt.training.conformance.adapters.precision import jax64
from simopt.training.conformance.adapters.record import Handed
from simopt.training.conformance.adapters.settings import named
from simopt.training.conformance.probing import Array, Player


def adapted(optimizer: Any) -> Handed:
    """A transformation: its updates are added to weights of ours, in float64."""
    # One that takes further arguments takes those that it knows: Polyak's step the loss.
    takes = inspect.signature(optimizer.update).parameters.values()
    further = any(each.kind is each.VAR_KEYWORD or each.name == "value" for each in takes)

    def start(w0: Array) -> Player:
        import jax.numpy as jnp

        weights = jnp.asarray(w0)
        if optimizer.init.__module__.endswith(".lookahead"):
            weights = sys.modules["optax"].LookaheadParams.init_synced(weights)
        state = optimizer.init(weights)

        def player(gradient: Array, factor: float, loss: float) -> Array:
            nonlocal weights, state
            more = {"value": jnp.asarray(loss)} if further else {}
            given = jnp.asarray(gradient)
            try:
                updates, state = optimizer.update(given, state, weights, **more)
            except AttributeError as error:
                if error.name != "fast" or hasattr(weights, "fast"):
                    raise
                # A chain with optax.lookahead, which has two weights, and gradients of the fast.
                weights = sys.modules["optax"].LookaheadParams.init_synced(weights)
                state = optimizer.init(weights)
                updates, state = optimizer.update(given, state, weights, **more)
            weights = sys.modules["jax"].tree.map(operator.add, weights, updates)
            return np.array(getattr(weights, "fast", weights), dtype=np.float64)

        return player

    with jax64():
        settings = named("optax", _injected(optimizer))
    return Handed("optax", settings, False, start, jax64)


def _injected(optimizer: Any) -> dict[str, Any]:
    """What `optax.inject_hyperparams` keeps in the state, unless a schedule changes it.

    It keeps numbers in the weights' precision: of more digits than float32's none is lost.
    """
    import jax.numpy as jnp

    try:
        state = optimizer.init(jnp.zeros(2))
    except Exception:  # it takes no such weights, which whoever steps it says
        return {}
    told = getattr(state, "hyperparams", None)
    if not isinstance(told, Mapping):
        return {}
    scheduled = getattr(state, "hyperparams_states", None) or {}
    return {name: value for name, value in told.items() if name not in scheduled}
