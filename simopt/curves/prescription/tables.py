"""The document's advice as tested tables: how often each fix worked, and when it did harm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.curves.prescription.advice import FRAMEWORK, ON_A_PLATEAU, TABLE
from simopt.curves.prescription.comparing import wilson
from simopt.curves.prescription.runner import try_all
from simopt.curves.symptoms.record import AdviceLine
from simopt.ground import checks
from simopt.ground.threads import thread_count

#: A condition is named where it has so many runs, so has the rest, and the shares differ by as
#: much.
FEWEST, DIFFERENCE = 20, 0.15

RESAMPLED = 1000

#: The columns of `try_all` that a table is made of.
OUTCOMES = (
    "problem", "optimizer", "eta", "batch_size", "n", "seed", "symptom", "beyond", "arrived", "fix",
    "ratio", "then", "diverged", "worked", "worse",
)  # fmt: skip


def table(
    quick: bool = False, *, outcomes: pd.DataFrame | None = None, threads: int | None = None
) -> pd.DataFrame:
    """The troubleshooting table, each fix tried on every run that shows the symptom.

    Thousands of runs (least squares, logistic regression, bumps, saddles, bad data, overfitting;
    the document's seven optimizers; batches of one point, some and all; rates from far too low to
    far too high) are diagnosed by their curves, and every fix that the document has for what they
    show is run with the same seeds, at the same cost but for "keep training", which takes twice as
    long, and early stopping, which takes less.

    Parameters
    ----------
    quick : bool, default False
        Fewer problems, optimizers, rates and seeds.
    outcomes : DataFrame, optional
        From `simopt.prescription.try_all`, if it is there already.
    threads : int, optional
        As in `simopt.sweep`.

    Returns
    -------
    DataFrame
        A row per line of the table and fix:

        - ``symptom``, ``cause``, ``advice`` of the document, ``fix``;
        - ``runs`` that showed the symptom, of how many ``problems``;
        - ``worked``: the share in which the loss above the least possible was at least halved, or
          the curve healthy, the loss no higher and at most a tenth of the start's left, and the
          run ended below its start without diverging;
          ``worked_low`` and ``worked_high``: 95 % interval, settings drawn again with their seeds;
        - ``worse``: the share whose loss was more than a tenth higher; ``diverged``;
        - ``ratio``: the median of the loss after by before;
        - ``works_where``, ``worse_where``: the condition that parts the shares most, with both;
          ``works_gap``, ``worse_gap``: their difference.

        Overfitted runs are judged by test points, above the lowest test loss of the run as it was.

    Raises
    ------
    ValueError
        If ``threads`` is less than 1.

    Examples
    --------
    >>> import simopt
    >>> tested = simopt.prescription.table()  # doctest: +SKIP
    """
    return _tested(TABLE, quick, outcomes, threads)


def framework(
    quick: bool = False, *, outcomes: pd.DataFrame | None = None, threads: int | None = None
) -> pd.DataFrame:
    """The quick decision framework of the document, tried as `table` tries its table.

    Parameters
    ----------
    quick, outcomes, threads
        As in `table`.

    Returns
    -------
    DataFrame
        A row per line of the framework and fix, with the columns of `table`.

    Examples
    --------
    >>> from simopt import prescription
    >>> prescription.framework(quick=True)[["symptom", "fix", "worked"]]  # doctest: +SKIP
    """
    return _tested((*FRAMEWORK, ON_A_PLATEAU), quick, outcomes, threads)


def _tested(
    lines: Sequence[AdviceLine], quick: bool, outcomes: pd.DataFrame | None, threads: int | None
) -> pd.DataFrame:
    workers, quick = thread_count(threads), checks.flag("quick", quick)
    if outcomes is None:
        tried = try_all(quick, workers)
    else:
        tried = checks.table("outcomes", outcomes, OUTCOMES)
    frame = pd.DataFrame([tested(tried, line, fix) for line in lines for fix in line.fixes])
    frame.attrs = {**tried.attrs, "quick": quick, "threads": workers}
    return frame


def meant(outcomes: pd.DataFrame, line: AdviceLine, fix: str) -> pd.DataFrame:
    """The rows that a line's fix is for."""
    rows = outcomes[(outcomes["fix"] == fix) & outcomes["symptom"].isin(line.seen)]
    kept = {name for name in rows["optimizer"].unique() if line.limits(name, fix)}
    return rows[rows["optimizer"].isin(kept)]


def tested(outcomes: pd.DataFrame, line: AdviceLine, fix: str) -> dict[str, Any]:
    """A row of the table; NaN where no run showed the symptom."""
    rows = meant(outcomes, line, fix)
    low, high = interval(rows)
    works, worse = parted(rows, "worked"), parted(rows, "worse")
    return {
        "symptom": line.symptom,
        "cause": line.cause,
        "advice": line.advice,
        "fix": fix,
        "runs": len(rows),
        "problems": rows["problem"].nunique(),
        "worked": rows["worked"].mean() if len(rows) else float("nan"),
        "worked_low": low,
        "worked_high": high,
        "worse": rows["worse"].mean() if len(rows) else float("nan"),
        "diverged": rows["diverged"].mean() if len(rows) else float("nan"),
        "ratio": rows["ratio"].median() if len(rows) else float("nan"),
        "works_where": works[0],
        "worse_where": worse[0],
        "works_gap": works[1],
        "worse_gap": worse[1],
    }


def interval(rows: pd.DataFrame) -> tuple[float, float]:
    """95 % interval of the share that worked: settings drawn again, each with all its seeds.

    Runs of one problem, optimizer and batch size are alike; drawn one by one they would make the
    interval too short. Where all work, or none, drawing shows nothing: Wilson's interval of as many
    settings then. Of a single setting nothing is known.
    """
    groups = rows.groupby(["problem", "optimizer", "batch_size"], observed=True)["worked"]
    hits, counts = groups.sum().to_numpy(float), groups.size().to_numpy(float)
    if len(hits) < 2:
        return float("nan"), float("nan")
    if hits.sum() in (0, counts.sum()):
        return wilson(len(hits) if hits.any() else 0, len(hits))
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(hits), np.full(len(hits), 1 / len(hits)), size=RESAMPLED)
    shares = (drawn @ hits) / (drawn @ counts)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def parted(rows: pd.DataFrame, column: str) -> tuple[str, float]:
    """The condition that parts a share most, in words, and by how much; empty where none does.

    Examples
    --------
    >>> import pandas as pd
    >>> from simopt.prescription.tables import parted
    >>> rows = pd.DataFrame(
    ...     {
    ...         "optimizer": ["SGD"] * 30 + ["Adam"] * 30,
    ...         "problem": "one",
    ...         "batch_size": 1,
    ...         "n": 8,
    ...         "beyond": 1.0,
    ...         "arrived": False,
    ...         "worse": [True] * 27 + [False] * 3 + [False] * 30,
    ...     }
    ... )
    >>> parted(rows, "worse")
    ('with SGD: 90 %, else 0 %', 0.9)
    """
    says, best = "", 0.0
    for words, mask in conditions(rows):
        inside, outside = int(mask.sum()), int((~mask).sum())
        if min(inside, outside) < FEWEST:
            continue
        shares = rows[column][mask].mean(), rows[column][~mask].mean()
        if shares[0] - shares[1] > max(best, DIFFERENCE):
            best = float(shares[0] - shares[1])
            says = f"{words}: {shares[0]:.0%}, else {shares[1]:.0%}".replace("%", " %")
    return says, best


def conditions(rows: pd.DataFrame) -> list[tuple[str, NDArray[np.bool_]]]:
    """What may part the runs: words and a mask each."""
    beyond = rows["beyond"].to_numpy(float)
    size, n = rows["batch_size"].to_numpy(), rows["n"].to_numpy()
    arrived = rows["arrived"].to_numpy(bool)
    found = [
        ("where the run had arrived", arrived),
        ("where the run had not arrived", ~arrived),
        ("at less than a tenth of the best rate", beyond < 0.1),
        ("within a factor 10 of the best rate", (beyond >= 0.1) & (beyond <= 10)),
        ("at more than 10 times the best rate", beyond > 10),
        ("at more than 100 times the best rate", beyond > 100),
        ("with one point a batch", (size == 1) & (n > 1)),
        ("with all points in the batch", size == n),
    ]
    for words, column in (("with {}", "optimizer"), ("on “{}”", "problem")):
        found += [
            (words.format(value), (rows[column] == value).to_numpy())
            for value in rows[column].unique()
        ]
    return found
