"""What a user asks of a reduction: over which axes, of which columns, which quantiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from simopt.ground import checks

COLUMNS = ("loss",)
QUANTILES = (0.05, 0.5, 0.95)

#: Result columns that every trajectory has. Of any other, the table says how many had it.
ALWAYS_THERE = frozenset({"loss", "updates"})

SHARE = checks.Interval(0.0, 1.0)

Each = TypeVar("Each")


@dataclass(frozen=True)
class Reduce:
    """Statistics over axes of a sweep in place of a row per trajectory.

    Parameters
    ----------
    over : str or sequence of str
        The axes that disappear: what differs in them alone becomes one row.
    columns : str or sequence of str, default "loss"
        The result columns to summarise.
    quantiles : float or sequence of float in [0, 1], default (0.05, 0.5, 0.95)
        Which quantiles of them; none if empty.

    Raises
    ------
    ValueError
        If an argument is empty, repeats itself or is not allowed. Whether the sweep has such axes
        and columns, `sweep` says.

    Notes
    -----
    A row has the key columns that remain; then trajectories (how many), diverged and reached (the
    share that did, reached being NaN without a target); then of every column c::

        c_count  how many have a value (left out for loss and updates, which all have)
        c_mean   sum / count
        c_std    sqrt(sum (x - mean)^2 / (count - 1)), NaN below two values
        c_min, c_q05, c_q50, c_q95, c_max

    The quantile q lies at place ``q (count - 1)`` of the sorted values, counted from 0, and between
    two of them on the straight line, ``a + (b - a) f`` (type 7 of Hyndman and Fan, Sample quantiles
    in statistical packages, 1996). That is what pandas' ``groupby`` gives on the full table: the
    same bits of counts, shares, extremes and quantiles; mean within 1 and deviation within 5 units
    in the last place of the exact ones, unless sums or squares overflow or underflow.
    Missing values (NaN, NA) are left out. Infinity counts: it makes a mean infinite, a deviation
    NaN, and, as in pandas, a quantile NaN that lies between two infinities.

    Examples
    --------
    >>> from simopt.sweeps.reduction.request import Reduce
    >>> Reduce("seed", quantiles=[0.5])
    Reduce(over=('seed',), columns=('loss',), quantiles=(0.5,))
    """

    over: tuple[str, ...]
    columns: tuple[str, ...] = COLUMNS
    quantiles: tuple[float, ...] = QUANTILES

    def __init__(
        self,
        over: str | Iterable[str],
        columns: str | Iterable[str] = COLUMNS,
        quantiles: float | Iterable[float] = QUANTILES,
    ) -> None:
        object.__setattr__(self, "over", _names("over", over))
        object.__setattr__(self, "columns", _names("columns", columns))
        object.__setattr__(self, "quantiles", _shares("quantiles", quantiles))

    @property
    def spec(self) -> dict[str, list[str] | list[float]]:
        """The same as lists, for ``attrs``, a manifest or a TOML file."""
        return {
            "over": list(self.over),
            "columns": list(self.columns),
            "quantiles": list(self.quantiles),
        }


def check(value: Any, axes: Sequence[str], results: Sequence[str]) -> Reduce:
    """What ``reduce=`` asks, of a sweep with these axes and these result columns.

    Parameters
    ----------
    value : str, sequence of str, mapping or Reduce
        Names of axes, or a mapping with the key over and perhaps columns and quantiles.
    axes, results : sequence of str
        The axes that the sweep has, and the columns of numbers that it gives.

    Returns
    -------
    Reduce

    Raises
    ------
    ValueError
        If the sweep has no such axis or column, or the value is none of the above.

    Examples
    --------
    >>> from simopt.sweeps.reduction import request as asked
    >>> asked.check({"over": "seed", "quantiles": [0.5]}, ["eta", "seed"], ["loss", "w"])
    Reduce(over=('seed',), columns=('loss',), quantiles=(0.5,))
    >>> asked.check("sead", ["eta", "seed"], ["loss", "w"])
    Traceback (most recent call last):
    ...
    ValueError: reduce over='sead': must be an axis of this sweep: 'eta', 'seed'
    """
    asked = _asked(value)
    for place, names, known, what in (
        ("over", asked.over, axes, "an axis of this sweep"),
        ("columns", asked.columns, results, "a result column of numbers"),
    ):
        for name in names:
            if name not in known:
                allowed = f"{what}: " + ", ".join(repr(each) for each in known)
                raise checks.refuse(f"reduce {place}", name, allowed)
    return asked


def columns(asked: Reduce) -> tuple[str, ...]:
    """The names of a reduced table's columns, after the keys."""
    names = ["trajectories", "diverged", "reached"]
    for column in asked.columns:
        names += names_of(column, asked.quantiles)
    return tuple(names)


def names_of(column: str, quantiles: Sequence[float]) -> list[str]:
    """The names of one column's statistics, in order.

    >>> names_of("loss", [0.05, 0.999])
    ['loss_mean', 'loss_std', 'loss_min', 'loss_q05', 'loss_q99.9', 'loss_max']
    """
    count = [] if column in ALWAYS_THERE else ["count"]
    kinds = [*count, "mean", "std", "min", *map(quantile_name, quantiles), "max"]
    return [f"{column}_{kind}" for kind in kinds]


def quantile_name(quantile: float) -> str:
    """A quantile in per cent: q05, q50, q99.9."""
    percent = f"{(100 * Decimal(repr(quantile))).normalize():f}"
    whole, dot, part = percent.partition(".")
    return "q" + whole.zfill(2) + dot + part


def _asked(value: Any) -> Reduce:
    if isinstance(value, Reduce):
        return value
    if isinstance(value, Mapping):
        keys = ("over", "columns", "quantiles")
        for key in value:
            checks.choice("reduce key", key, keys)
        if "over" not in value:
            raise checks.refuse("reduce", dict(value), "a mapping with the key 'over'")
        return Reduce(**value)
    if isinstance(value, str) or checks.is_sequence(value):
        return Reduce(value)
    raise checks.refuse(
        "reduce", value, "the name of an axis, a sequence of names, a mapping with 'over', a Reduce"
    )


def _names(place: str, value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not checks.is_sequence(names):
        raise checks.refuse(f"reduce {place}", value, "a name or a sequence of names")
    checks.check_length(f"reduce {place}", names)
    names = tuple(names)
    if not names or not all(isinstance(name, str) for name in names):
        raise checks.refuse(f"reduce {place}", names, "a name or a sequence of names")
    return _once(place, names)


def _shares(place: str, value: Any) -> tuple[float, ...]:
    checks.check_length(f"reduce {place}", value)
    values = tuple(value) if checks.is_sequence(value) else (value,)
    # A minus zero is a zero, also in a column's name.
    shares = (checks.number(f"reduce {place}", each, SHARE) + 0.0 for each in values)
    return _once(place, tuple(shares))


def _once(place: str, values: tuple[Each, ...]) -> tuple[Each, ...]:
    if len(set(values)) < len(values):
        raise checks.refuse(f"reduce {place}", values, "given once each")
    return values
