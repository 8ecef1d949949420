"""A loss of the user's own and its gradient: plain functions of numbers, and their snapshots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from simopt.ground.calling import call
from simopt.ground.ieee import ieee
from simopt.ground.snapshot import is_copy, received, sent, snapshot, unchanged


@dataclass(frozen=True)
class Formula:
    """A loss and its gradient, as functions of the weights and the columns of a point.

    Attributes
    ----------
    loss : callable
        ``loss(*w, *point) -> float``.
    gradient : callable
        ``gradient(*w, *point)``: a tuple of d numbers, or one number where d = 1.
    scalar : bool
        Whether it is one number.
    name : str
        Whose they are, for errors.
    """

    loss: Callable[..., Any]
    gradient: Callable[..., Any]
    scalar: bool
    name: str = "function"

    def loss_at(self, w: Sequence[float], point: Sequence[float]) -> float:
        """The loss of one point; inf or nan where it is undefined or overflows."""
        return call(self.loss, (*w, *point), ("the loss",), f"problem {self.name!r}", float)[0]

    def gradient_at(self, w: Sequence[float], point: Sequence[float]) -> tuple[float, ...]:
        """The gradient of the loss of one point."""
        names = [f"the derivative by w{k}" for k in range(len(w))]
        return call(self.gradient, (*w, *point), names, f"problem {self.name!r}")

    def snapshot(self, w: Sequence[float], point: Sequence[float]) -> Formula:
        """The functions as they are now, themselves where they are simopt's; tried at a point.

        The same object as long as the code, and all that it reads, is the same; its pickle takes
        the code along.

        Raises
        ------
        ValueError
            If a function reads what can't be followed, or makes a mistake; the message names the
            problem, the function, and the line.
        """
        if is_copy(self.loss) and is_copy(self.gradient):
            return self
        whose = f"problem {self.name!r}"
        loss, gradient = snapshot(self.loss, whose), snapshot(self.gradient, whose)
        if loss is self.loss and gradient is self.gradient:
            return self
        with unchanged(whose, self.loss, self.gradient):
            self.loss_at(w, point)
            self.gradient_at(w, point)
        return _frozen(loss, gradient, is_scalar(gradient, (*w, *point)), self.name)

    def __reduce__(self) -> Any:
        if is_copy(self.loss) or is_copy(self.gradient):
            functions = sent(self.loss), sent(self.gradient)
            return _arrived, (*functions, self.scalar, self.name)
        return Formula, (self.loss, self.gradient, self.scalar, self.name)


def is_scalar(gradient: Callable[..., Any], arguments: Sequence[float]) -> bool:
    """Whether a gradient is one number and no tuple of it, where it was called already."""
    with np.errstate(all="ignore"):
        return not isinstance(ieee(gradient)(*map(np.float64, arguments)), tuple)


@cache
def _frozen(loss: Any, gradient: Any, scalar: bool, name: str) -> Formula:
    """The one object of these."""
    return Formula(loss, gradient, scalar, name)


def _arrived(loss: Any, gradient: Any, scalar: bool, name: str) -> Formula:
    return _frozen(received(*loss), received(*gradient), scalar, name)
