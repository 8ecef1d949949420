"""How often the reader is right on simulated, constructed and real curves, side by side."""

from __future__ import annotations

import pandas as pd

from simopt.curves.symptoms import SYMPTOMS
from simopt.curves.validation import accuracy, real, simulated
from simopt.curves.validation.accuracy import Accuracy
from simopt.curves.validation.constructed import constructed
from simopt.curves.validation.simulated import HELD_OUT

#: An answer that is surer than this must be right as often.
SURE = 0.9


def measure(*, size: int = 2000, seed: int = 0, threads: int | None = None) -> dict[str, Accuracy]:
    """The accuracy by source.

    Parameters
    ----------
    size : int, default 2000
        Of simulated and of constructed curves, from 100.
    seed, threads
        As in `simopt.curves.validation.labelled.labelled`.

    Returns
    -------
    dict of str to Accuracy
        "simulated" and "constructed", by the seed; "simulated, held out" and "constructed, held
        out", by `HELD_OUT`; "real".

    Raises
    ------
    ValueError
        If an argument is not allowed.
    """
    looked_at = of(size=size, seed=seed, threads=threads)
    real_runs = looked_at.pop("real")
    fresh = of(size=size, seed=HELD_OUT, threads=threads)
    fresh.pop("real")
    return {
        **looked_at,
        **{f"{source}, held out": measured for source, measured in fresh.items()},
        "real": real_runs,
    }


def of(*, size: int = 2000, seed: int = 0, threads: int | None = None) -> dict[str, Accuracy]:
    """The accuracy on "simulated", "constructed" and "real" curves, drawn by one seed."""
    return {
        "simulated": accuracy.measure("test", size=size, seed=seed, threads=threads),
        **without_simulation(size=size, seed=seed, threads=threads),
    }


def held_out(*, size: int = 2000, threads: int | None = None) -> dict[str, Accuracy]:
    """The accuracy on curves of `HELD_OUT`: "simulated" as recorded, "constructed", and "real"."""
    return {
        "simulated": accuracy.judge(simulated.recorded(), threads=threads),
        **without_simulation(size=size, seed=HELD_OUT, threads=threads),
    }


def without_simulation(
    *, size: int = 2000, seed: int = 0, threads: int | None = None
) -> dict[str, Accuracy]:
    """The same without the simulator's runs, which take longest."""
    return {
        "constructed": accuracy.judge(constructed(size, seed=seed), threads=threads),
        "real": accuracy.judge(real.runs(), threads=threads),
    }


def summary(by_source: dict[str, Accuracy]) -> pd.DataFrame:
    """A row per source.

    Parameters
    ----------
    by_source : dict of str to Accuracy

    Returns
    -------
    DataFrame
        curves; allowed, the share that is read as what it is or can't be told from it; healthy and
        blamed, how many curves are healthy and the share of them that is read as something else;
        sure, how many answers are given at `SURE` or more, and sure_right, the share of those that
        is allowed.
    """
    rows = {}
    for source, measured in by_source.items():
        frame = measured.frame
        well = frame[frame["symptom"] == "healthy"]
        sure = frame[frame["sure"] >= SURE]
        rows[source] = {
            "curves": len(frame),
            "allowed": frame["allowed"].mean(),
            "healthy": len(well),
            "blamed": 1 - well["allowed"].mean(),
            "sure": len(sure),
            "sure_right": sure["allowed"].mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def by_symptom(by_source: dict[str, Accuracy]) -> pd.DataFrame:
    """The share of curves of each symptom that is allowed, a column per source."""
    columns = {source: measured.recall["allowed"] for source, measured in by_source.items()}
    table = pd.DataFrame(columns)
    return table.reindex([name for name in SYMPTOMS if name in table.index])


def text(by_source: dict[str, Accuracy]) -> str:
    """Both tables, for a terminal."""
    percent = "{:.1%}".format
    shares = dict.fromkeys(("allowed", "blamed", "sure_right"), percent)
    table = by_symptom(by_source)
    return "\n\n".join(
        [
            summary(by_source).to_string(formatters=shares),
            table.to_string(formatters=dict.fromkeys(table.columns, percent), na_rep="-"),
        ]
    )
