"""An optimizer under test, as the comparison drives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from simopt.training.conformance.probing import Array, Player
from simopt.training.conformance.treatments import NONE, Treatment

WANTED = (
    "a rule or an optimizer of simopt, a PyTorch Optimizer (or its class, or a function of the "
    "parameters that makes one), an optax GradientTransformation (or flax' object with "
    "one in tx), a Keras optimizer, one of JAX' example libraries, a network of scikit-learn's "
    "that was fitted, or a function step(w, g, state) -> (w, state)"
)


class Unfit(ValueError):
    """A step function returned something else than a weight and a state."""


@dataclass(frozen=True)
class Handed:
    """The optimizer under test, by kind.

    Attributes
    ----------
    framework : str
        "torch", "optax", "keras" or "function".
    settings : mapping
        The hyperparameters that it says it has, by our names.
    drops : bool
        Whether its rate can be lowered on the way.
    start : callable
        ``start(w0) -> Player``: a fresh optimizer on its own weights.
    context : callable
        What is open while it plays.
    treatment : Treatment
        What it says it does to gradients and weights besides.
    notes : tuple of str
        What was left out or chosen on the way to it.
    name : str
        What its class is called.
    halves : callable, optional
        ``start``, with the weights in two parameters.
    closed : callable, optional
        ``start``, with the loss told by a closure.
    """

    framework: str
    settings: Mapping[str, Any]
    drops: bool
    start: Callable[[Array], Player]
    context: Callable[[], Any] = nullcontext
    treatment: Treatment = NONE
    notes: tuple[str, ...] = ()
    name: str = ""
    halves: Callable[[Array], Player] | None = None
    closed: Callable[[Array], Player] | None = None
