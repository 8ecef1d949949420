"""A transformation of gradients in optax' form: init and update."""

from __future__ import annotations

import functools
import inspect
import operator
import sys
from collections.abc import Callable, Mapping
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
    update = compiled(optimizer.update)

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
                updates, state = update(given, state, weights, **more)
            except AttributeError as error:
                if error.name != "fast" or hasattr(weights, "fast"):
                    raise
                # A chain with optax.lookahead, which has two weights, and gradients of the fast.
                weights = sys.modules["optax"].LookaheadParams.init_synced(weights)
                state = optimizer.init(weights)
                updates, state = update(given, state, weights, **more)
            weights = sys.modules["jax"].tree.map(operator.add, weights, updates)
            return np.array(getattr(weights, "fast", weights), dtype=np.float64)

        return player

    with jax64():
        settings = named("optax", _injected(optimizer))
    return Handed("optax", settings, False, start, jax64)


def compiled(update: Callable[..., Any]) -> Callable[..., Any]:
    """An update compiled once if all of it is optax' or JAX': else a branch in it is, at each one.

    What is not may keep a state in Python, which only an update that is not compiled shows.
    """
    import jax

    return jax.jit(update) if _is_of("optax", update) else update


def _is_of(package: str, function: Any) -> bool:
    """Whether a function is of a package, and so is every function that it has within."""
    waiting, seen = [function], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, tuple | list):
            waiting += value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, functools.partial):
            waiting += [value.func, value.args, value.keywords]
        elif inspect.ismethod(value):
            waiting += [value.__func__, vars(value.__self__)]
        elif inspect.isfunction(value):
            if value.__module__.split(".")[0] not in (package, "jax"):
                return False
            waiting += [each.cell_contents for each in value.__closure__ or ()]
        elif callable(value) and not isinstance(value, type):
            return False
    return True


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
