"""Curves measured and judged, a row each: a few by plain Python, many compiled and on threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.curves.cleaning import CLEANED, LEAP, LEAP_HEIGHT, clean
from simopt.curves.features import (
    FEATURES,
    PLATEAU,
    PLATEAU_AT,
    measure,
)
from simopt.curves.judge import judge
from simopt.curves.noise import NOISE, measure_noise
from simopt.curves.symptoms import SYMPTOMS, unclear
from simopt.curves.validation_features import VALIDATION, measure_validation
from simopt.ground import checks
from simopt.ground.threads import thread_count

if TYPE_CHECKING:
    import pandas as pd

#: What is measured on every curve, in the order of the columns.
COLUMNS = CLEANED + FEATURES + NOISE

#: Above this a trainer in float32 shows inf.
LARGEST = float(np.finfo(np.float32).max)

#: Values that a thread takes at a time: some milliseconds of work.
TAKEN = 500_000

#: The numbers of the symptoms for which a curve is read with the leap at its end.
WHOLE = [SYMPTOMS.index(name) for name in unclear.READ_WHOLE]

#: What measures curves: of what is set aside, the curve itself, its noise, its validation loss.
MEASURES: tuple[Callable[..., None], ...] = (clean, measure, measure_noise, measure_validation)

#: A process reads so many values by plain Python, in about the time that loading Numba takes.
FEW = 20_000


def diagnose_many(
    losses: ArrayLike,
    validation: ArrayLike | None = None,
    *,
    lengths: ArrayLike | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """Read many loss curves at once.

    Parameters
    ----------
    losses : array_like [m, T]
        A curve a row. NaN between finite values is a missing value; NaN or Inf from somewhere to
        the curve's end is a symptom.
    validation : array_like [m, T], optional
        The validation losses; a row of NaN where there are none.
    lengths : array_like of int [m], optional
        How many values of each row belong to its curve; all of them if left out.
    threads : int, optional
        How many; None means NUMBA_NUM_THREADS if set, else all cores this process may use. The
        results do not depend on it.

    Returns
    -------
    DataFrame
        A row per curve: symptom (categorical, of `SYMPTOMS`), sure (0 to 1), and the features that
        it was read from (``simopt.diagnosis.features.FEATURES``; with ``validation`` also
        VALIDATION). Neither the scale nor the offset of the loss changes the symptom, as long as
        the offset is below a million times its range; features change by rounding alone.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from simopt.diagnosis import diagnose_many
    >>> t = np.linspace(0, 1, 50)
    >>> curves = [np.exp(-6 * t), 1 - 0.2 * t, np.exp(-6 * t) + np.cos(25 * t) ** 2]
    >>> diagnose_many(curves)["symptom"].tolist()
    ['healthy', 'decreases very slowly', 'oscillates wildly']
    """
    values = _table("losses", losses)
    m, longest = values.shape
    held = None if validation is None else _table("validation", validation)
    if held is not None and held.shape != values.shape:
        raise checks.refuse("validation", held.shape, f"of the shape of losses, {values.shape}")
    if lengths is None:
        ends = np.full(m, longest)
    else:
        checks.array("lengths", lengths)
        ends = np.asarray(lengths)
        if ends.shape != (m,) or ends.dtype.kind not in "iu":
            raise checks.refuse("lengths", lengths, f"{m} whole numbers, one a curve")
        if m and (ends.min() < 0 or ends.max() > longest):
            raise checks.refuse("lengths", lengths, f"whole numbers from 0 to {longest}")
    features, codes, sure = measured(values, held, ends.astype(np.int64), thread_count(threads))
    import pandas as pd

    from simopt.sweeps.tables import labels

    symptom = labels(list(SYMPTOMS), codes)
    return pd.DataFrame({"symptom": symptom, "sure": sure, **features}, copy=False)


_read = 0


def _measures(values: int) -> tuple[Callable[..., None], ...]:
    """What to measure so many values with: plain Python for the first few of a process."""
    global _read
    _read += values
    return MEASURES if _read <= FEW else _compiled()


@cache
def _compiled() -> tuple[Callable[..., None], ...]:
    """The same compiled, which gives the same bits."""
    from simopt.ground.compiling import code_digest, compiled
    from simopt.ground.inline import inlined
    from simopt.ground.snapshot import reached

    return tuple(
        compiled(inlined(function), source=code_digest(*reached(function))) for function in MEASURES
    )


def measured(
    values: NDArray[Any], held: NDArray[Any] | None, lengths: NDArray[np.int64], workers: int
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int8], NDArray[np.float64]]:
    """The features of curves [m, T], their symptoms' numbers, and how sure those are."""
    m, longest = values.shape
    names = COLUMNS if held is None else COLUMNS + VALIDATION
    out, codes, sure = np.empty((len(names), m)), np.empty(m, np.int8), np.empty(m)
    rows = max(1, TAKEN // max(longest, 1))
    values_read = int(lengths.sum()) * (1 if held is None else 2)
    cleaning_of, features_of, noise_of, validation_of = _measures(values_read)

    def take(first: int) -> None:
        part = slice(first, min(first + rows, m))
        losses = np.ascontiguousarray(values[part], np.float64)
        cleaned = np.empty_like(losses)
        cleaning = np.empty((len(losses), len(CLEANED)))
        cleaning_of(losses, lengths[part], cleaned, cleaning)
        second = None if held is None else np.ascontiguousarray(held[part], np.float64)

        def read(rows: slice | NDArray[np.int64]) -> None:
            """Measure and judge rows of the part."""
            out_of = cleaning[rows]
            inside = lengths[part][rows] - out_of[:, LEAP].astype(np.int64)
            features = np.empty((len(inside), len(FEATURES)))
            noise = np.empty((len(inside), len(NOISE)))
            features_of(cleaned[rows], inside, features)
            flat_ends = features[:, PLATEAU] + features[:, PLATEAU_AT]
            noise_of(cleaned[rows], inside, np.nan_to_num(flat_ends), noise)
            tables = [out_of, features, noise]
            if second is not None:
                tables.append(np.empty((len(inside), len(VALIDATION))))
                validation_of(cleaned[rows], second[rows], inside, tables[-1])
            # A feature a row: whatever reads one of them reads neighbours in memory.
            table = np.ascontiguousarray(np.concatenate(tables, axis=1).T)
            codes[part][rows], sure[part][rows] = judge(dict(zip(names, table, strict=True)))
            out[:, part][:, rows] = table

        read(slice(None))
        again = np.flatnonzero((cleaning[:, LEAP] > 0.0) & np.isin(codes[part], WHOLE))
        if len(again):
            cleaning[again, LEAP] = cleaning[again, LEAP_HEIGHT] = 0.0
            read(again)

    def take_quietly(first: int) -> None:
        # As compiled code does: x / 0 is inf or nan and no warning.
        with np.errstate(all="ignore"):
            take(first)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(take_quietly, range(0, m, rows)))
    return dict(zip(names, out, strict=True)), codes, sure


def codes_of(losses: NDArray[np.float64], lengths: NDArray[np.int64]) -> NDArray[np.int8]:
    """The symptoms of curves [m, T] alone, by their numbers in SYMPTOMS; in this thread."""
    return measured(losses, None, lengths.astype(np.int64), 1)[1]


def as_float32(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Losses as a trainer in float32 shows them: inf for what is beyond its largest number."""
    with np.errstate(invalid="ignore"):
        return np.where(losses > LARGEST, np.inf, losses)


def _table(name: str, values: ArrayLike) -> NDArray[Any]:
    # No copy of what is numbers already: a table may take most of the memory.
    plain = type(values) is np.ndarray and values.dtype.kind in "fiu"
    table: NDArray[Any] = (
        np.asarray(values)
        if plain
        else checks.array(name, values, "a table of numbers, a curve a row")
    )
    if table.ndim != 2:
        raise checks.refuse(name, values, "a table of two dimensions, a curve a row")
    return table
