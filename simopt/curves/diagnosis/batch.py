"""Many curves at once: a row per curve, on threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simopt.curves.cleaning import CLEANED, clean
from simopt.curves.features import (
    FEATURES,
    PLATEAU,
    PLATEAU_AT,
    VALIDATION,
    measure,
    measure_validation,
)
from simopt.curves.judge import judge
from simopt.curves.noise import NOISE, measure_noise
from simopt.curves.symptoms import SYMPTOMS
from simopt.ground import checks
from simopt.ground.threads import thread_count
from simopt.sweeps.tables import labels

#: What is measured on every curve, in the order of the columns.
COLUMNS = CLEANED + FEATURES + NOISE

#: Above this a trainer in float32 shows inf.
LARGEST = float(np.finfo(np.float32).max)

#: Values that a thread takes at a time: some milliseconds of work.
TAKEN = 500_000


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
    >>> curves = [np.exp(-6 * t), 1 - 0.2 * t, np.exp(-6 * t) + 0.6 * np.cos(25 * t) ** 2]
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
    features, codes, sure = _judged(values, held, ends.astype(np.int64), thread_count(threads))
    symptom = labels(list(SYMPTOMS), codes)
    return pd.DataFrame({"symptom": symptom, "sure": sure, **features}, copy=False)


def _judged(
    values: NDArray[Any], held: NDArray[Any] | None, lengths: NDArray[np.int64], workers: int
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int8], NDArray[np.float64]]:
    """The features of curves [m, T], their symptoms' numbers, and how sure those are."""
    m, longest = values.shape
    names = COLUMNS if held is None else COLUMNS + VALIDATION
    out, codes, sure = np.empty((len(names), m)), np.empty(m, np.int8), np.empty(m)
    rows = max(1, TAKEN // max(longest, 1))

    def take(first: int) -> None:
        part = slice(first, min(first + rows, m))
        losses = np.ascontiguousarray(values[part], np.float64)
        cleaned = np.empty_like(losses)
        count = len(losses)
        cleaning, features = np.empty((count, len(CLEANED))), np.empty((count, len(FEATURES)))
        noise = np.empty((count, len(NOISE)))
        clean(losses, lengths[part], cleaned, cleaning)
        measure(cleaned, lengths[part], features)
        flat_ends = features[:, PLATEAU] + features[:, PLATEAU_AT]
        measure_noise(cleaned, lengths[part], np.nan_to_num(flat_ends), noise)
        tables = [cleaning, features, noise]
        if held is not None:
            tables.append(np.empty((count, len(VALIDATION))))
            second = np.ascontiguousarray(held[part], np.float64)
            measure_validation(cleaned, second, lengths[part], tables[-1])
        # A feature a row: whatever reads one of them reads neighbours in memory.
        table = np.ascontiguousarray(np.concatenate(tables, axis=1).T)
        codes[part], sure[part] = judge(dict(zip(names, table, strict=True)))
        out[:, part] = table

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(take, range(0, m, rows)))
    return dict(zip(names, out, strict=True)), codes, sure


def codes_of(losses: NDArray[np.float64], lengths: NDArray[np.int64]) -> NDArray[np.int8]:
    """The symptoms of curves [m, T] alone, by their numbers in SYMPTOMS; in this thread."""
    return _judged(losses, None, lengths.astype(np.int64), 1)[1]


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
