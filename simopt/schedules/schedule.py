"""The learning rate as a function of the number of updates made so far.

Every schedule is affine in the base rate eta: the rate of update k is ``eta f_k + h_k``. So one
table of f and h serves all trajectories of a sweep, whatever rates it compares.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.rules.frameworks import FRAMEWORKS

Array = NDArray[np.float64]

#: f and h of some counts, the latter 0 for most schedules.
Terms = tuple[Array, Array | float]

#: No count is larger: up to here float64 tells whole numbers apart.
MOST = 2**53


@dataclass(frozen=True, repr=False)
class Schedule:
    """A learning-rate schedule: a frozen value, made by the functions of `simopt.schedules`.

    Attributes
    ----------
    name : str
        The function that made it.
    formula : callable or None
        ``formula(k, **settings) -> f, h`` for an array of counts k from 0. None where the schedule
        is made of others.
    settings : tuple of (str, object)
        Parameter to value, in the order of the function's signature.
    """

    name: str
    formula: Callable[..., Terms] | None
    settings: tuple[tuple[str, Any], ...]
    #: The parameters that the name shows: those whose value is not the default.
    shown: tuple[str, ...] = field(compare=False)

    def table(self, updates: int, batches: int) -> Array:
        """The schedule over a run.

        Parameters
        ----------
        updates : int
            How many updates the run has.
        batches : int
            Updates per epoch.

        Returns
        -------
        ndarray of float64 [2, updates], read-only
            The rate of update k, counted from 0, is ``eta * table[0, k] + table[1, k]``.

        Raises
        ------
        ValueError
            If a count is less than 1.

        Examples
        --------
        >>> from simopt.schedules import step
        >>> step(2, gamma=0.5).table(5, batches=5)
        array([[1.  , 1.  , 0.5 , 0.5 , 0.25],
               [0.  , 0.  , 0.  , 0.  , 0.  ]])
        """
        updates = checks.whole("updates", updates, 1)
        batches = checks.whole("batches", batches, 1)
        rows = self.rows(updates, batches, updates)
        rows.flags.writeable = False
        return rows

    def rates(self, eta: float, updates: int, batches: int = 1) -> Array:
        """The learning rates of a run with base rate ``eta``.

        Parameters
        ----------
        eta : float
            The base rate, >= 0.
        updates : int
            The number of updates of the run.
        batches : int, default 1
            Updates per epoch.

        Returns
        -------
        ndarray of float64 [updates]

        Raises
        ------
        ValueError
            If eta is negative or a count is less than 1.

        Examples
        --------
        >>> from simopt.schedules import linear
        >>> linear().rates(0.1, 5).round(3).tolist()
        [0.1, 0.08, 0.06, 0.04, 0.02]
        """
        f, h = self.table(updates, batches)
        rates: Array = checks.number("eta", eta, checks.NOT_NEGATIVE) * f + h
        return rates

    def rows(self, updates: int, batches: int, whole: int) -> Array:
        """The table of `table`, for a part of a run.

        Parameters
        ----------
        updates : int
            The number of updates of the part.
        batches : int
            Updates per epoch.
        whole : int
            The updates that a length of None stands for.

        Returns
        -------
        ndarray of float64 [2, updates]
        """
        if dict(self.settings)["per"] == "update":
            return self.counted(updates, batches, whole)
        epochs = self.counted(-(-updates // batches), 1, -(-whole // batches))
        return np.ascontiguousarray(epochs.repeat(batches, axis=1)[:, :updates])

    def counted(self, counts: int, batches: int, whole: int) -> Array:
        """The table in the schedule's own unit, updates or epochs.

        Parameters
        ----------
        counts : int
            The number of columns.
        batches : int
            Updates per count.
        whole : int
            The count that a length of None stands for.

        Returns
        -------
        ndarray of float64 [2, counts]
        """
        assert self.formula is not None
        settings = dict(self.settings)
        del settings["per"]
        if "total" in settings and settings["total"] is None:
            settings["total"] = whole
        rows = np.empty((2, counts))
        rows[0], rows[1] = self.formula(np.arange(counts), **settings)
        return rows

    def __repr__(self) -> str:
        # A list stands first in its signature and needs no name.
        inside = [
            f"[{', '.join(map(repr, value))}]" if isinstance(value, tuple) else f"{name}={value!r}"
            for name, value in self.settings
            if name in self.shown
        ]
        return f"{self.name}({', '.join(inside)})"


def make(
    function: Callable[..., Schedule],
    formula: Callable[..., Terms] | None,
    given: dict[str, Any],
    kind: type[Schedule] = Schedule,
) -> Schedule:
    """The schedule of a public function: parameters are checked, non-default ones displayed."""
    parameters = inspect.signature(function).parameters
    settings = tuple((name, PARAMETERS[name](name, given[name])) for name in parameters)
    if "convention" in parameters:
        checks.choice("convention", given["convention"], conventions(function.__name__))
    shown = tuple(name for name, value in settings if value != parameters[name].default)
    return kind(function.__name__, formula, settings, shown)


def conventions(schedule: str) -> list[str]:
    """The frameworks that are known to have a schedule."""
    return [key for key, framework in FRAMEWORKS.items() if schedule in framework.schedules]


def towards(share: Array, floor: float, floor_factor: float) -> Terms:
    """From eta, where ``share`` is 1, to ``floor + floor_factor eta``, where it is 0."""
    return share + floor_factor * (1.0 - share), floor * (1.0 - share)


def left(k: NDArray[Any], total: int) -> Array:
    """The share of ``total`` that is left: 1 at 0, 0 from ``total`` on.

    The difference is taken of whole numbers: ``1 - k / total`` would lose digits near the end.
    """
    share: Array = (total - np.minimum(k, total)) / total
    return share


# What each parameter may be, by its name: one vocabulary for all schedules.


def _number(allowed: checks.Interval) -> Callable[[str, Any], float]:
    return lambda name, value: checks.number(name, value, allowed)


def _choice(*allowed: str) -> Callable[[str, Any], str]:
    return lambda name, value: checks.choice(name, value, allowed)


def _count(name: str, value: Any, low: int = 1) -> int:
    count = checks.whole(name, value, low)
    if count > MOST:
        raise checks.refuse(name, value, "at most 2**53")
    return count


def _count_or_none(name: str, value: Any) -> int | None:
    return None if value is None else _count(name, value)


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise checks.refuse(name, value, "True or False")
    return value


def _milestones(name: str, value: Any) -> tuple[int, ...]:
    allowed = "a sequence of whole numbers >= 1, each larger than the one before"
    if not checks.is_sequence(value):
        raise checks.refuse(name, value, allowed)
    counts = tuple(_count(name, each) for each in value)
    if any(after <= before for before, after in itertools.pairwise(counts)):
        raise checks.refuse(name, value, allowed)
    return counts


def _values(name: str, value: Any) -> tuple[float, ...]:
    # Not number by number: a table of a million factors should not take seconds.
    allowed = "a sequence of finite numbers >= 0, at least one"
    checks.check_length(name, value)
    try:
        numbers = np.asarray(value)
    except ValueError:
        raise checks.refuse(name, value, allowed) from None
    if numbers.ndim != 1 or not numbers.size or numbers.dtype.kind not in "iuf":
        raise checks.refuse(name, value, allowed)
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise checks.refuse(name, value, allowed)
    return tuple(float(each) for each in numbers)


def _schedules(name: str, value: Any) -> tuple[Schedule, ...]:
    checks.check_length(name, value)
    schedules = tuple(value) if checks.is_sequence(value) else ()
    if not schedules or not all(isinstance(each, Schedule) for each in schedules):
        raise checks.refuse(name, value, "a sequence of schedules, at least one")
    if any("monitor" in dict(each.settings) for each in schedules):
        raise checks.refuse(name, value, "schedules that do not react to the loss")
    return schedules


PARAMETERS: dict[str, Callable[[str, Any], Any]] = {
    "total": _count_or_none,
    "every": _count,
    "up": _count,
    "down": _count_or_none,
    "decay": _count,
    "d_model": _count,
    "patience": lambda name, value: _count(name, value, low=0),
    "cooldown": lambda name, value: _count(name, value, low=0),
    "threshold": _number(checks.NOT_NEGATIVE),
    "threshold_mode": lambda name, value: (
        None if value is None else checks.choice(name, value, ("relative", "absolute"))
    ),
    "least_change": lambda name, value: (
        None if value is None else checks.number(name, value, checks.NOT_NEGATIVE)
    ),
    "tol": _number(checks.NOT_NEGATIVE),
    "estimator": _choice("SGD", "MLP"),
    "monitor": _choice("loss", "batch_loss"),
    "first": _count,
    "growth": _count,
    "warmup": lambda name, value: _count(name, value, low=0),
    "milestones": _milestones,
    "schedules": _schedules,
    "values": _values,
    "factor": _number(checks.NOT_NEGATIVE),
    "start_factor": _number(checks.NOT_NEGATIVE),
    "end_factor": _number(checks.NOT_NEGATIVE),
    "floor": _number(checks.NOT_NEGATIVE),
    "floor_factor": _number(checks.NOT_NEGATIVE),
    "gamma": _number(checks.NOT_NEGATIVE),
    "decay_rate": _number(checks.NOT_NEGATIVE),
    "power": _number(checks.POSITIVE),
    "alpha": _number(checks.POSITIVE),
    "peak_at": _number(checks.Interval(low=0.0, high=1.0)),
    "anneal": _choice("cosine", "linear"),
    "mode": _choice("triangular", "triangular2", "exp_range"),
    "shape": _choice("cosine", "linear", "1-sqrt"),
    "three_phase": _yes_or_no,
    "cycle": _yes_or_no,
    "staircase": _yes_or_no,
    "convention": lambda name, value: checks.choice(name, value, FRAMEWORKS),
    "per": _choice("update", "epoch"),
}
