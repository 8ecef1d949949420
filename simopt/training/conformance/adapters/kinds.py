"""Which kind an optimizer is of."""

from __future__ import annotations

import inspect
import sys
from dataclasses import replace
from typing import Any

from simopt.ground import checks
from simopt.rules import ALL
from simopt.rules.rule import Optimizer, Rule
from simopt.training.conformance.adapters import function, jax, keras, optax, own, sklearn, torch
from simopt.training.conformance.adapters.record import WANTED, Handed

#: What is said of an optimizer that was found in a network.
OF_NETWORK = ("the optimizer that the network was fitted by, its _optimizer",)


def handed(optimizer: Any, group: int = 0) -> Handed:
    """The kind of an optimizer, from the package that defines its class."""
    if isinstance(optimizer, (Optimizer, Rule)) or any(optimizer is each for each in ALL.values()):
        return own.adapted(optimizer)
    roots = _roots(optimizer)
    if "torch" in roots:
        return torch.adapted(optimizer, group)
    if "keras" in roots:
        return keras.adapted(optimizer)
    if "sklearn" in roots and (trains := sklearn.inside(optimizer)) is not None:
        return sklearn.adapted(trains, OF_NETWORK if trains is not optimizer else ())
    if jax.is_one(optimizer):
        return jax.adapted(optimizer)
    # flax' training states and its nnx.Optimizer have a transformation inside.
    if callable(getattr(getattr(optimizer, "tx", None), "update", None)):
        return replace(optax.adapted(optimizer.tx), notes=("the transformation inside, its tx",))
    if callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None)):
        return optax.adapted(optimizer)
    if inspect.isfunction(optimizer) or (callable(optimizer) and not isinstance(optimizer, type)):
        required = _required(optimizer)
        if required == 2 and _required(optimizer, optional=True) > 2:
            required = 3  # state=None
        # A function of the parameters alone: whoever has one has PyTorch.
        if required == 1 and "torch" in sys.modules:
            return torch.adapted(optimizer, group)
        if required in (3, 4, 5):
            return function.adapted(optimizer, required)
    raise checks.refuse("optimizer", optimizer, WANTED)


def _roots(value: Any) -> set[str]:
    """The packages that a class, or an object's class, and its parents come from."""
    kind = value if isinstance(value, type) else type(value)
    return {parent.__module__.partition(".")[0] for parent in kind.__mro__}


def _required(function: Any, optional: bool = False) -> int:
    """The number of parameters without a default, or of all that may be given by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    return sum(
        (optional or p.default is p.empty)
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in parameters
    )
