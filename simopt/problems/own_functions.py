"""Problems with a loss of the user's own: a loss and its gradient as plain functions of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.ground.snapshot import Unreadable, digest, plain
from simopt.problems import inputs
from simopt.problems.formula import Formula, is_scalar
from simopt.problems.inputs import labels, numbers
from simopt.problems.problem import Floats, Problem

#: Weights and columns that the engine's readers (`engine/layout.py`) provide for.
MOST = 8

#: By how much rounding may put the loss at an optimum above that at the start: two wells as deep.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Function(Problem):
    """A loss that plain functions of the weights and a point say.

    Attributes
    ----------
    functions : Formula
        The loss and its gradient.
    """

    functions: Formula
    #: Whether they are those of `plain` and stay so: looking at all that they read takes longer
    #: than they do.
    settled: bool = False
    #: Whether the gradient is compared with the loss, again when what they read has changed.
    compared: bool = False

    @property
    def kind(self) -> str:
        """What the loss is."""
        return "function" if self.noise is None else "noisy_function"

    @property
    def columns(self) -> int:
        """How many numbers a point has."""
        return int(self.x.shape[1]) if self.n else 0

    @property
    def formula(self) -> Formula:
        """The loss and its gradient."""
        return self.functions

    # Not cached: what the functions read may change, and these with it.

    @property
    def minimum_loss(self) -> float:
        """The loss at the minimizer that the user gave; NaN without one."""
        return float("nan") if self.minimizer is None else self.loss(self.minimizer)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of a hash over all that a trajectory depends on."""
        return self._digest(digest(self.functions.loss, self.functions.gradient))

    def snapshot(self) -> Function:
        """The problem with its functions as they are now; itself where they are simopt's.

        Raises
        ------
        ValueError
            Also if the gradient, compared at first, is another function's now.
        """
        now = self.functions.snapshot(self.w0.tolist(), self._points([0])[0])
        if now is self.functions:
            return self
        frozen = replace(self, functions=now)
        if self.compared:
            _compare(frozen)
        return frozen

    def plain(self) -> Function:
        """The problem whose functions compute in Python what compiled ones do."""
        own = self.functions
        whose = f"problem {own.name!r}"
        loss, gradient = plain(own.loss, whose), plain(own.gradient, whose)
        if loss is own.loss and gradient is own.gradient:
            return self
        return replace(self, functions=replace(own, loss=loss, gradient=gradient))

    def settle(self) -> Function:
        """The plain problem for the length of a run, in which nothing that it reads changes."""
        return replace(self.plain(), settled=True)

    def _plain_functions(self) -> Formula:
        return self.functions if self.settled else self.plain().functions

    def loss(self, w: ArrayLike) -> float:
        """The mean loss over all points at w [d] (a number will do where d = 1)."""
        return self.batch_loss(w, None)

    def batch_loss(self, w: ArrayLike, rows: Any) -> float:
        """The mean loss over some points at w."""
        at, own = self._weights(w).tolist(), self._plain_functions()
        return float(np.mean([own.loss_at(at, point) for point in self._points(rows)]))

    def gradient(self, w: ArrayLike, rows: Any = None) -> Floats:
        """The gradient [d] at w, of the mean over ``rows`` (all points if None), without noise."""
        return np.asarray(self._gradients(w, rows).mean(axis=0))

    def point_gradients(self, w: ArrayLike) -> Floats:
        """The gradient [n, d] that each point alone gives at w; their mean is the gradient."""
        return self._gradients(w, None)

    def _gradients(self, w: ArrayLike, rows: Any) -> Floats:
        at, own = self._weights(w).tolist(), self._plain_functions()
        return np.array([own.gradient_at(at, point) for point in self._points(rows)])

    def _points(self, rows: Any) -> list[list[float]]:
        """The points ``rows``, all if None; one without columns where there are none."""
        if not self.n:
            return [[]]
        chosen: list[list[float]] = (self.x if rows is None else self.x[rows]).tolist()
        return chosen


def function(
    loss: Callable[..., Any],
    gradient: Callable[..., Any],
    *,
    w0: ArrayLike,
    points: ArrayLike | None = None,
    noise: ArrayLike | None = None,
    optimum: ArrayLike | None = None,
    name: str | None = None,
    check_gradient: bool = True,
) -> Problem:
    r"""A problem of your own: a loss and its gradient, as plain functions of numbers.

    .. math:: L(w) = \frac1n \sum_i \ell(w_1, \dots, w_d, x_{i1}, \dots, x_{ip})

    The engine compiles them into its loops, so they must keep to what Numba compiles: arithmetic,
    ``math``, conditional expressions, other plain functions, numbers from outside. Sums and
    products run packed, several trajectories at once; a call of ``math`` runs one by one, and its
    last bit may differ from machine to machine.

    Parameters
    ----------
    loss : callable
        ``loss(w1, ..., wd, x1, ..., xp) -> float``, of one point.
    gradient : callable
        Of the same arguments: the d derivatives as a tuple, or the one as a number.
    w0 : float or array_like [d]
        The start; its length is the number of weights, at most 8.
    points : array_like [n] or [n, p], optional
        The points, p at most 8. Without, there is one function: an epoch is one update, and
        batches may have any size, which only noise depends on.
    noise : float or array_like [d], optional
        Without points: the variance of the gradient in a batch of one, as in `noisy_quadratic`.
    optimum : float or array_like [d], optional
        Where the loss is least, if you know: distances and the least loss are then known too.
    name : str, optional
        What tables call it; the loss' name if None.
    check_gradient : bool, default True
        Compare the gradient with differences of the loss at the start, and refuse one that is
        another function's. Switch it off where the loss has a kink there.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If a function takes another number of arguments, is not finite at the start, or the
        gradient does not fit the loss.

    Examples
    --------
    A double well, from its ridge; half of the noises lead to either side:

    >>> import simopt
    >>> def well(w):
    ...     return (w * w - 1) * (w * w - 1) / 4
    >>> def slope(w):
    ...     return w * (w * w - 1)
    >>> ridge = simopt.problems.function(well, slope, w0=0.0, noise=0.01)
    >>> frame = simopt.sweep(ridge, simopt.SGD(eta=0.1), updates=500, seed=range(1000))
    >>> bool(450 < (frame["w"] > 0.5).sum() < 550), int((frame["w"].abs() < 0.5).sum())
    (True, 0)

    The mean of absolute errors, which has no loss among the shipped ones:

    >>> def error(w, x, y):
    ...     return abs(w * x - y)
    >>> def sign(w, x, y):
    ...     return x if w * x > y else -x
    >>> robust = simopt.problems.function(error, sign, w0=3.0, points=[[1, 5], [2, 10], [1, 50]])
    >>> full = simopt.sweep(robust, simopt.SGD(eta=0.05), batch_size="full", epochs=60)
    >>> full["w"].round(1).tolist()
    [5.0]
    """
    start = np.atleast_1d(numbers("w0", w0)).copy()
    if start.ndim != 1 or not 1 <= len(start) <= MOST:
        raise checks.refuse("w0", w0, f"a number, or from 1 to {MOST} of them, one a weight")
    d = len(start)
    x = np.empty((0, d)) if points is None else _check_points(points)
    if points is not None and noise is not None:
        raise checks.refuse("noise", noise, "None with points: their batches are the noise")
    columns = 0 if points is None else x.shape[1]
    for what, given in (("loss", loss), ("gradient", gradient)):
        _check_function(what, given, d, columns)
    named = checks.optional_text("name", name) or loss.__name__
    first = () if points is None else tuple(x[0].tolist())
    formula = _formula_at(Formula(loss, gradient, False, named), tuple(start.tolist()), first)
    variance = None
    if noise is not None:
        variance = inputs.start(noise, d, "noise")
        if (variance < 0).any():
            raise checks.refuse("noise", noise, ">= 0 everywhere")
    least = None
    if optimum is not None:
        least = np.atleast_1d(numbers("optimum", optimum))
        if least.shape != start.shape:
            raise checks.refuse("optimum", optimum, f"{d} numbers, one a weight")
    made = Function(
        name=named,
        x=x,
        y=np.zeros(len(x)),
        w0=start,
        l2=np.zeros(d),
        features=labels(d),
        noise=variance,
        least=least,
        functions=formula,
        compared=checks.flag("check_gradient", check_gradient),
    )
    if made.compared:
        _compare(made)
    if least is not None:
        there, here = made.loss(least), made.loss(start)
        if there - here > ROUNDING * (1.0 + abs(here)):
            allowed = f"where the loss is least: it is {there:.6g}, and less at w0"
            raise checks.refuse("optimum", optimum, allowed)
    return made


def _check_points(points: ArrayLike) -> Floats:
    """The points [n, p]."""
    x = numbers("points", points, flags=True)
    x = np.ascontiguousarray(x[:, None] if x.ndim == 1 else x)
    if x.ndim != 2 or 0 in x.shape or x.shape[1] > MOST:
        allowed = f"an array [n] or [n, p], p from 1 to {MOST}"
        raise checks.refuse("points", f"shape {x.shape}", allowed)
    return x


def _formula_at(formula: Formula, w: tuple[float, ...], point: tuple[float, ...]) -> Formula:
    """The functions, tried where training starts; whether the gradient is one number is seen."""
    # Whole numbers of few bits may begin anew past their end: `plain` widens them, alone.
    with np.errstate(over="ignore"):
        value = formula.loss_at(w, point)
        if not math.isfinite(value):
            raise checks.refuse("loss", value, "a finite number at w0")
        derivatives = formula.gradient_at(w, point)
        if not all(map(math.isfinite, derivatives)):
            d = len(w)
            raise checks.refuse(
                "gradient",
                derivatives if d > 1 else derivatives[0],
                f"{'a finite number' if d == 1 else f'{d} finite numbers'} at w0",
            )
        return replace(formula, scalar=is_scalar(formula.gradient, (*w, *point)))


def _check_function(what: str, given: Any, d: int, columns: int) -> None:
    taken = len(checks.plain_function(what, given))
    if taken != d + columns:
        raise checks.refuse(
            what,
            given.__name__,
            f"a function of {d + columns} numbers, {d} weights and {columns} columns, not {taken}",
        )


#: Digests of problems whose gradient is known to be the loss'.
_alike: set[str] = set()


def _compare(problem: Function) -> None:
    """`_check_gradient`, once for the same functions at the same points."""
    try:
        name = problem.digest
    except Unreadable:  # a run computes with them all the same
        _check_gradient(problem)
        return
    if name not in _alike:
        _check_gradient(problem)
        _alike.add(name)


def _check_gradient(problem: Problem) -> None:
    """Raise unless the gradient agrees with finite differences of the loss at the start."""
    gradient = problem.gradient(problem.w0)
    for k in range(problem.d):
        step = 1e-6 * max(1.0, abs(float(problem.w0[k])))
        ahead, behind = problem.w0.copy(), problem.w0.copy()
        ahead[k] += step
        behind[k] -= step
        slope = (problem.loss(ahead) - problem.loss(behind)) / (2 * step)
        rounding = 1e-10 * abs(problem.loss(problem.w0)) / step
        if abs(slope - gradient[k]) > 1e-4 * (abs(slope) + abs(gradient[k])) + rounding + 1e-9:
            raise checks.refuse(
                "gradient",
                float(gradient[k]),
                f"the derivative of the loss by weight {k} at w0, about {slope:.6g} "
                "(check_gradient=False takes it as it is)",
            )
