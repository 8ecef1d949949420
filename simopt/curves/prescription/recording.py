"""The odds of every fix that is advised, written where `simopt.diagnose` reads them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from simopt.curves.odds import COLUMNS
from simopt.curves.prescription.advice import UNDERPERFORMS
from simopt.curves.prescription.cases import Case
from simopt.curves.prescription.runner import Say, try_all
from simopt.ground import files
from simopt.ground.version import __version__


def measure(
    threads: int = 1, say: Say | None = None, cases: Sequence[Case] | None = None
) -> pd.DataFrame:
    """Try everything that is advised on all runs that show a symptom, and count.

    Parameters
    ----------
    threads, say, cases
        As in `simopt.prescription.try_all`.

    Returns
    -------
    DataFrame
        The columns of ``simopt.curves.odds.COLUMNS``: a row per symptom, optimizer, fix and
        problem. ``attrs`` are those of the trial.
    """
    outcomes = try_all(False, threads, say, advised=True, cases=cases)
    curves = outcomes[outcomes["symptom"] != UNDERPERFORMS]
    frame = (
        curves.groupby(["symptom", "optimizer", "fix", "problem"], sort=True)
        .agg(runs=("worked", "size"), mended=("worked", "sum"), worse=("worse", "sum"))
        .reset_index()
    )
    frame.attrs = outcomes.attrs
    return frame[list(COLUMNS)]


def record(path: str | os.PathLike[str], measured: pd.DataFrame) -> Path:
    """Write what was measured, with what it was measured on.

    Parameters
    ----------
    path : path
        Of the file.
    measured : DataFrame
        From `measure`.

    Returns
    -------
    Path
        Of the file.
    """
    place = files.check_file("path", path)
    made, text = measured.attrs, io.StringIO()
    text.write(
        "# How often each fix mended the runs that showed a symptom. Written by\n"
        "# python -m simopt.curves.prescription --record simopt/curves/odds.csv\n"
        f"# simopt {__version__}: {made['looked_at']} runs read by their curves, "
        f"{made['trajectories']} run in all.\n"
    )
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(measured[list(COLUMNS)].itertuples(index=False))
    files.write_text(place, text.getvalue())
    return place
