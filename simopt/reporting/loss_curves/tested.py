"""The document's two tables of advice, each line with how often it worked."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.prescription.advice import FRAMEWORK, TABLE
from simopt.reporting import tables
from simopt.reporting.tables import Column
from simopt.reporting.words import count, listing, number, percent, sentence

#: From which share on a fix works mostly, or at least often.
MOSTLY, OFTEN = 2 / 3, 1 / 3

#: The names of fixes as sentences have them.
SIGNS = (("eta x ", "η × "), ("eta / ", "η / "), ("beta ", "β to "), ("batch x ", "batch × "))

#: Fewer runs than this say nothing of a share.
FEWEST = 20


def fix_name(name: str) -> str:
    """A fix as it is printed.

    Examples
    --------
    >>> fix_name("eta / 10"), fix_name("beta 0.8"), fix_name("keep training")
    ('η / 10', 'β to 0.8', 'keep training')
    """
    for plain, sign in SIGNS:
        name = name.replace(plain, sign)
    return name


def verdict(row: Any) -> Markup:
    """How often in a word."""
    if not row["runs"]:
        return tables.badge("not seen", "")
    if row["runs"] < FEWEST:
        return tables.badge("few runs", "")
    worked = row["worked"]
    if worked >= MOSTLY:
        return tables.badge("mostly", "good")
    return tables.badge("often", "fair") if worked >= OFTEN else tables.badge("seldom", "bad")


def share(row: Any, name: str) -> str:
    """A share, with its interval where there is one."""
    value = row[name]
    if math.isnan(value):
        return "–"
    if name != "worked":
        return percent(value)
    low, high = row["worked_low"], row["worked_high"]
    return f"{percent(value)} ({number(100 * low, 2)}–{number(100 * high, 2)})"


def advice_table(frame: pd.DataFrame, caption: str, *, cause: bool) -> Markup:
    """A line per fix; symptom, cause and advice once for all fixes of a line."""
    first = ~frame["symptom"].duplicated()
    shown = pd.DataFrame(
        {
            "symptom": frame["symptom"].where(first, ""),
            "cause": frame["cause"].where(first, ""),
            "advice": frame["advice"].where(first, ""),
            "fix": frame["fix"].map(fix_name),
            "how": [verdict(row) for _, row in frame.iterrows()],
            "worked": [share(row, "worked") for _, row in frame.iterrows()],
            "worse": [share(row, "worse") for _, row in frame.iterrows()],
            "runs": [number(int(runs)) for runs in frame["runs"]],
            "when": [when(row) for _, row in frame.iterrows()],
        }
    )
    columns: dict[str, Column | str] = {
        "symptom": Column("Symptom"),
        "cause": Column("Cause"),
        "advice": Column("What the document says"),
        "fix": Column("Tried", short=True),
        "how": Column("Works", short=True),
        "worked": Column("in", short=True),
        "worse": Column("Worse in", short=True),
        "runs": Column("Runs", short=True),
        "when": Column("When", prose=True),
    }
    if not cause:
        del columns["cause"]
    return tables.table(shown, columns, caption=caption)


def when(row: Any) -> str:
    """The conditions that part the shares, as text."""
    parts = []
    if row["works_where"]:
        parts.append(f"works {row['works_where']}")
    if row["worse_where"]:
        parts.append(f"worse {row['worse_where']}")
    return sentence("; ".join(parts))


def summary(frame: pd.DataFrame) -> str:
    """Which lines of the troubleshooting table hold, and which do not."""
    best = best_of(frame)
    said = {
        name: [symptom for symptom, worked in best.items() if low <= worked < high]
        for name, low, high in (
            ("mostly", MOSTLY, 2.0),
            ("often", OFTEN, MOSTLY),
            ("seldom", -1.0, OFTEN),
        )
    }
    parts = []
    for name, end in (
        ("mostly", "works in most runs that show the symptom"),
        ("often", "in a third of them or more"),
        ("seldom", "in less than a third"),
    ):
        if said[name]:
            lines = listing(f"“{symptom.lower()}”" for symptom in said[name])
            parts.append(f"for {lines} {end}")
    made = frame.attrs
    return (
        f"{number(made['looked_at'])} runs were read by their curves, and "
        f"{number(made['trajectories'])} run in all. The best of what the table has "
        f"{'; '.join(parts)}."
    )


def best_of(frame: pd.DataFrame) -> dict[str, float]:
    """The share of the fix that works most often, by line, where enough runs showed it."""
    enough = frame[frame["runs"] >= FEWEST]
    return {
        line.symptom: float(rows["worked"].max())
        for line in TABLE
        if len(rows := enough[enough["symptom"] == line.symptom])
    }


def harm(frame: pd.DataFrame) -> str:
    """The advice that does most harm, of that which enough runs could be given."""
    enough = frame[frame["runs"] >= FEWEST]
    if enough.empty or enough["worse"].max() < 0.05:
        return "None of it made things worse in more than one run of twenty."
    row = enough.sort_values("worse").iloc[-1]
    return (
        f"Most harm does “{fix_name(row['fix'])}” for “{row['symptom'].lower()}”: the loss is more "
        f"than a tenth higher in {percent(row['worse'])} of {number(int(row['runs']))} runs."
    )


def unseen(frame: pd.DataFrame) -> str:
    """Lines that no run, or too few, could be tried on."""
    few = [
        line.symptom.lower()
        for line in TABLE
        if (frame.loc[frame["symptom"] == line.symptom, "runs"] < FEWEST).all()
    ]
    return f"Too few runs showed {listing(f'“{each}”' for each in few)}." if few else ""


def framework_sentence(frame: pd.DataFrame) -> str:
    """The line of the framework that works most often, and the one that does least."""
    enough = frame[
        (frame["runs"] >= FEWEST) & frame["symptom"].isin([f.symptom for f in FRAMEWORK])
    ]
    if len(enough) < 2:
        return "Too few runs to compare its lines."
    low, high = (enough.sort_values("worked").iloc[place] for place in (0, -1))
    return (
        f"“{high['symptom']}” is answered best: {fix_name(high['fix'])} works in "
        f"{percent(high['worked'])} of {number(int(high['runs']))} runs. Least helps "
        f"{fix_name(low['fix'])} on “{low['symptom']}”: {percent(low['worked'])} of "
        f"{number(int(low['runs']))}."
    )


def suite_sentence(outcomes: pd.DataFrame) -> str:
    """What the runs were."""
    problems = outcomes["problem"].nunique()
    optimizers = listing(outcomes["optimizer"].drop_duplicates())
    return f"{sentence(count(problems, 'problem'))}, trained by {optimizers}"
