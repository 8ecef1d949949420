"""A run that is too long for a report, kept as a table: what was run, how fast, where and when."""

from __future__ import annotations

import datetime
import platform
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import number, percent, sentence
from simopt.ground.version import __version__
from simopt.problems import Problem
from simopt.report.scale import limits
from simopt.report.scale.standalone import peak_memory
from simopt.rules.rule import Optimizer

#: Where `make billion` puts it in a checkout; an installed package has none.
PLACE = Path(__file__).parents[3] / "reports" / "billion.csv"


def row(
    frame: pd.DataFrame, problem: Problem, optimizer: Optimizer, cores: float
) -> dict[str, Any]:
    """What a reduced sweep of one optimizer did, beside what this machine allows.

    Parameters
    ----------
    frame : DataFrame
        From ``simopt.sweep(problem, optimizer, ..., reduce="seed")``.
    problem, optimizer
        Of that sweep.
    cores : float
        How many of them this process had in the mean: processor time by time.

    Returns
    -------
    dict
        A row of the record. Rates are updates per second, memory in MiB.
    """
    did = frame.attrs
    batches = -(-problem.n // frame["batch_size"].astype(int))
    allowed = limits.limit(optimizer.rule, did["threads"])
    return {
        "rule": optimizer.name,
        "trajectories": did["trajectories"],
        "settings": len(frame),
        "planned": int((frame["trajectories"] * frame["epochs"] * batches).sum()),
        "updates": did["updates"],
        "batch_sizes": " ".join(map(str, sorted(set(frame["batch_size"].astype(int))))),
        "seconds": round(did["seconds"], 4),
        "rate": round(did["updates"] / did["seconds"]),
        "memory": round(peak_memory()),
        "divider": allowed.divider if np.isinf(allowed.divider) else round(allowed.divider),
        "cache": round(allowed.cache),
        "threads": did["threads"],
        "cores": round(cores, 2),
        "processor": limits.processor(),
        "made_with": f"simopt {__version__}, numba {numba.__version__}, "
        f"numpy {np.__version__}, Python {platform.python_version()}",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }


def told(row: dict[str, Any]) -> str:
    """A row in sentences, for a terminal."""
    least = min(row["divider"], row["cache"])
    what = "divider" if row["divider"] == least else "first cache"
    return (
        f"{row['rule']}: {row['trajectories']:,} trajectories in {row['seconds']:,.1f} s, "
        f"{row['updates']:,} updates of {row['planned']:,} planned, {row['rate'] / 1e6:,.0f} "
        f"million a second, {row['memory']:,} MiB at most.\n"
        f"The {what} allows {least / 1e6:,.0f} million a second: {row['rate'] / least:.0%}. "
        f"This process had {row['cores']} of {row['threads']} cores."
    )


def read(place: Path = PLACE) -> pd.DataFrame:
    """The record; no rows if there is none."""
    return pd.read_csv(place) if place.exists() else pd.DataFrame()


def table(record: pd.DataFrame) -> Markup:
    """The record for a page."""

    def millions(value: object) -> str:
        return number(float(value) / 1e6, 3)  # type: ignore[arg-type]

    shown = record.assign(share=record["rate"] / record[["divider", "cache"]].min(axis=1))
    return tables.table(
        shown,
        {
            "rule": "Rule",
            "trajectories": Column("Trajectories", number),
            "updates": Column("Updates", number),
            "seconds": Column("Time [s]", lambda value: number(value, 3)),
            "rate": Column("Million updates per second", millions),
            "share": Column("Of the limit", lambda value: percent(float(value))),  # type: ignore[arg-type]
            "memory": Column("Memory [MiB]", number),
            "cores": Column("Cores it had", lambda value: number(value, 2)),
        },
        caption=f"{sentence(where(record))}; {record.iloc[-1]['made_with']}",
    )


def where(record: pd.DataFrame) -> str:
    """When, on which machine and with how much of it a record was made.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"date": "2026-01-31", "processor": "A CPU", "threads": 2, "cores": 1.9}
    >>> where(pd.DataFrame([row]))
    'recorded on 2026-01-31 on 2 cores of a machine with A CPU, of which it had 1.9 to itself'
    """
    last = record.iloc[-1]
    least, most = record["cores"].min(), record["cores"].max()
    text = f"recorded on {last['date']} on {number(last['threads'])} cores of a machine with "
    text += str(last["processor"])
    if least < 0.98 * last["threads"]:
        had = " to ".join(dict.fromkeys(number(each, 2) for each in (least, most)))
        text += f", of which it had {had} to itself"
    return text
