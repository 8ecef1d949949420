"""Curves of a run from the rows of its log: gaps, validation beside training, hidden NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def own_rows(values: Floats, there: Mask, others: Sequence[tuple[Floats, Mask]]) -> Mask:
    """Which rows are about a column, where a table has NaN for an empty cell and for a NaN.

    A log with a kind of row for each metric has a value every so many rows: NaN in between is an
    empty cell, NaN where a value is due is one. Without such a rhythm a row is about something else
    where a column has a value that has none wherever this one has.

    Parameters
    ----------
    values, there : ndarray [rows]
        The column; NaN counts as there.
    others : sequence of (ndarray, ndarray)
        The other columns alike.

    Returns
    -------
    ndarray of bool [rows]
    """
    finite = np.flatnonzero(there & ~np.isnan(values))
    if not len(finite) or len(finite) == there.sum():
        return there
    foreign = np.zeros(len(values), bool)
    for other, held in others:
        if len(other) == len(values) and not (held & ~np.isnan(other))[finite].any():
            foreign |= held & ~np.isnan(other)
    own = there & ~(np.isnan(values) & foreign)
    spacing = np.diff(finite)
    if len(spacing) and (spacing == spacing[0]).all() and spacing[0] > 1 and len(finite) > 2:
        due = np.zeros(len(values), bool)
        due[finite[0] :: int(spacing[0])] = True
        return own & due
    return own


def trailing_gap(there: Mask) -> int:
    """How many rows at the end have no value, where every row before has one."""
    held = np.flatnonzero(there)
    if len(held) < 2 or held[-1] == len(there) - 1 or held[-1] - held[0] != len(held) - 1:
        return 0
    return len(there) - 1 - int(held[-1])


def beside(
    rows: NDArray[np.int64],
    held: tuple[Floats, Mask],
    x: Floats | None,
    last_of_all: int,
) -> tuple[Floats, str]:
    """The validation loss beside the values of a run, NaN where there is none.

    Rows with both belong together. A row of its own belongs to the training value that is counted
    alike; else to the last one before it. Where several belong to one, the last counts.

    Parameters
    ----------
    rows : ndarray of int [T]
        The run's rows in the table.
    held : (ndarray, ndarray)
        The validation loss by row, and which rows have one.
    x : ndarray or None
        What rows are counted by.
    last_of_all : int
        The first row behind the run's section of the table.

    Returns
    -------
    ndarray [T]
    str
        What should be said of it; empty if nothing.
    """
    values, there = held
    result = np.full(len(rows), math.nan)
    if not len(rows):
        return result, ""
    if (every := _by_its_own_count(rows, there, x)) > 1:
        rest = values[there]
        result[every - 1 :: every] = rest
        return result, (
            f"validation was counted on its own, {len(rest)} times for {len(rows)} training "
            f"values: taken as every {every}th"
        )
    together = there[rows]
    result[together] = values[rows[together]]
    own = np.setdiff1d(np.flatnonzero(there), rows)
    own = own[
        (own >= (rows[0] if len(rows) == 1 else min(rows[0], own.min(initial=rows[0]))))
        & (own < last_of_all)
    ]
    if not len(own) or (together.any() and together.mean() > 0.5):
        return result, ""
    if len(own) == len(rows) and not together.any() and (x is None or _in_turns(rows, own)):
        return values[own], ""
    place = _places(rows, own, x)
    used = place >= 0
    for at, row in zip(place[used], own[used], strict=True):
        result[at] = values[row]
    several = len(place[used]) - len(set(place[used].tolist()))
    note = ""
    if several > 0.2 * len(own):
        note = (
            f"validation was logged {len(own)} times for {len(rows)} training values: "
            "the last before each is taken"
        )
    return result, note


#: Of fewer counts than these, and of fewer training values for each, none can tell its own count.
COUNTS, SPARSE = 3, 4


def _by_its_own_count(rows: NDArray[np.int64], there: Mask, x: Floats | None) -> int:
    """For how many training values there is one of validation, where that counts 0, 1, 2, ... too.

    As TensorBoard has it where steps are training's, and epochs validation's; 0 where it is not so.
    """
    held = np.flatnonzero(there)
    if x is None or len(held) < COUNTS or len(rows) < SPARSE * len(held) or len(rows) % len(held):
        return 0
    counts = x[held]
    first = counts[0]
    alone = first in (0.0, 1.0) and bool((counts == first + np.arange(len(held))).all())
    return len(rows) // len(held) if alone and x[rows].max() >= SPARSE * counts[-1] else 0


def _in_turns(rows: NDArray[np.int64], own: NDArray[np.int64]) -> bool:
    """Whether training and validation rows alternate, whichever comes first."""
    return bool((np.sign(own - rows) == np.sign(own[0] - rows[0])).all())


def _places(rows: NDArray[np.int64], own: NDArray[np.int64], x: Floats | None) -> NDArray[np.int64]:
    if x is not None:
        counted, asked = x[rows], x[own]
        if (
            not np.isnan(asked).any()
            and not np.isnan(counted).any()
            and (np.diff(counted) > 0).all()
            and not _counted_otherwise(rows, own, counted, asked)
        ):
            exact = np.searchsorted(counted, asked)
            same = (exact < len(counted)) & (counted[np.minimum(exact, len(counted) - 1)] == asked)
            return np.where(same, exact, np.maximum(exact - 1, 0))
    return np.maximum(np.searchsorted(rows, own) - 1, 0)


def _counted_otherwise(
    rows: NDArray[np.int64], own: NDArray[np.int64], counted: Floats, asked: Floats
) -> bool:
    """Whether validation is counted by epochs where training is by steps: most go back in it."""
    before = np.searchsorted(rows, own) - 1
    behind = before >= 0
    goes_back = asked[behind] < counted[before[behind]]
    return bool(behind.any() and goes_back.mean() > 0.5)


def hidden_nan(loss: Floats, norm: Floats | None = None) -> tuple[Floats, str]:
    """The curve with NaN where a logger wrote 0 for it, and what should be said of that.

    Hugging Face's Trainer and ClearML write 0.0 for a loss that is NaN. Zeros to the curve's end
    are none that were reached where they follow on a loss which had grown, or where the gradient's
    norm beside them, finite before, is NaN: the Trainer leaves that one as it is. Its last value
    before the zeros is what it made up from NaN and the losses before, if its norm is NaN too.
    """
    zeros = loss == 0.0
    if len(loss) < 3 or not zeros[-1] or zeros.all():
        return loss, ""
    start = int(np.flatnonzero(~zeros)[-1]) + 1
    before = loss[:start]
    finite = before[np.isfinite(before)]
    if not len(finite):
        return loss, ""
    broken = norm is not None and bool(
        np.isnan(norm[start:]).all() and np.isfinite(norm[:start]).any()
    )
    if not broken and ((finite < 0).any() or not _grew(before, finite)):
        return loss, _sudden(before, len(loss) - start)
    word = "the zero" if len(loss) - start == 1 else f"the {len(loss) - start} zeros"
    note = f"{word} from value {start + 1} on stand for NaN, as some loggers write it"
    if norm is not None and broken:
        note += ": the gradient's norm beside them is NaN"
        start -= int(start > 1 and np.isnan(norm[start - 1]))
    repaired = loss.copy()
    repaired[start:] = math.nan
    return repaired, note


#: A loss that comes to nothing from this share of where it began has jumped there.
JUMPED = 0.01

#: Of multiples that were rounded, as 0.0333 and 0.0667 are.
COUNTED = 0.02


def _sudden(before: Floats, zeros: int) -> str:
    """What should be said of zeros at the end that a loss came to at once; empty if nothing."""
    if zeros < 2 or not before[-1] > JUMPED * abs(before[0]) or _are_counts(before):
        return ""
    return (
        f"the last {zeros} values are 0, right behind {before[-1]:.4g}: "
        "a loss of nothing, or NaN that a logger wrote as 0"
    )


def _are_counts(values: Floats) -> bool:
    """Whether values are errors that were counted: whole multiples of the least, and not all it."""
    above = values[(values > 0) & np.isfinite(values)]
    times = above / above.min()
    return bool(times.max() > 1.5 and (np.abs(times - np.round(times)) < COUNTED).all())


def _grew(before: Floats, finite: Floats) -> bool:
    """Whether a loss had grown when the zeros began."""
    last, least, first = before[-1], finite.min(), finite[0]
    return bool(
        not math.isfinite(last) or last > 10 * first or (last > 3 * least and last >= 0.5 * first)
    )


def fault(values: Floats | None, there: Mask | None = None) -> str:
    """What is wrong with a validation loss that is NaN or infinite somewhere; empty if nothing.

    NaN between values is where none was computed; NaN from somewhere to the end, for longer than
    between any two values, and NaN in every row, are the loss. So is NaN that was written at the
    end, unless it was written between values too, and none is due yet.
    """
    if values is None or not len(values):
        return ""
    if np.isinf(values).any():
        return f"infinite at value {int(np.flatnonzero(np.isinf(values))[0]) + 1}"
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return "NaN throughout"
    gap = int(np.diff(finite).max(initial=1))
    tail = len(values) - 1 - int(finite[-1])
    written = np.zeros(len(values), bool) if there is None else there & np.isnan(values)
    due = gap if written[: finite[-1]].any() else 1
    if tail >= max(2 * gap, 2) or (written[finite[-1] :].any() and tail >= due):
        return f"NaN from value {int(finite[-1]) + 2} on"
    return ""
