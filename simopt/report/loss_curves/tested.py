"""The document's two tables of advice, each line with how often it worked."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.curves.prescription.advice import FRAMEWORK, TABLE
from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, listing, number, percent, sentence

#: From which share on a fix works mostly, or at least often.
MOSTLY, OFTEN = 2 / 3, 1 / 3

#: The names of fixes as sentences have them.
SIGNS = (
    ("eta x ", "η × "),
    ("eta / ", "η / "),
    ("beta ", "β to "),
    ("batch x ", "batch × "),
    ("fine-tune with Momentum", "fine-tuning"),
)

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


#: A word for how often, and the badge that it stands in.
WORDS = {"mostly": "good", "often": "fair", "seldom": "bad", "few runs": "", "not seen": ""}


def word(row: Any) -> str:
    """How often in a word."""
    if row["runs"] < FEWEST:
        return "few runs" if row["runs"] else "not seen"
    if row["worked"] >= MOSTLY:
        return "mostly"
    return "often" if row["worked"] >= OFTEN else "seldom"


def told(row: Any) -> Markup:
    """A fix in a line: how often it worked, and did harm if it did."""
    said = word(row)
    badge = tables.badge(said, WORDS[said])
    if not row["runs"]:
        return Markup("{} {}").format(fix_name(row["fix"]), badge)
    text = f"{percent(row['worked'])} of {number(int(row['runs']))}"
    if row["worse"] >= HARM:
        text += f", worse in {percent(row['worse'])}"
    return Markup("{} {} {}").format(fix_name(row["fix"]), badge, text)


#: Harm to fewer runs than this share is left to the full figures.
HARM = 0.05


def advice_table(frame: pd.DataFrame, caption: str) -> Markup:
    """The document's table, a line of it a row, with a column for how often each fix worked."""
    lines = [rows for _, rows in frame.groupby("symptom", sort=False)]
    shown = pd.DataFrame(
        {
            "symptom": [rows["symptom"].iloc[0] for rows in lines],
            "cause": [rows["cause"].iloc[0] for rows in lines],
            "advice": [rows["advice"].iloc[0] for rows in lines],
            "tried": list(map(str, range(len(lines)))),
        }
    )

    def tried(place: Any) -> Markup:
        rows = lines[int(place)]
        parts = [
            Markup('<span class="short">{}</span>').format(told(row)) for _, row in rows.iterrows()
        ]
        if conditions := depends(rows):
            parts.append(Markup('<span class="detail">{}</span>').format(conditions))
        return Markup("<br>").join(parts)

    columns: dict[str, Column | str] = {
        "symptom": "Symptom",
        "cause": "Likely cause",
        "advice": "Fix",
        "tried": Column("How often it worked", tried, prose=True),
    }
    if not shown["cause"].any():
        del columns["cause"]
    return tables.table(shown, columns, caption=caption)


def figures_table(frame: pd.DataFrame, caption: str) -> Markup:
    """Every fix with interval, harm and conditions."""
    shown = frame.assign(
        worked=[interval(row) for _, row in frame.iterrows()],
        when=[when(row) for _, row in frame.iterrows()],
    )
    columns: dict[str, Column | str] = {
        "symptom": "Symptom",
        "fix": Column("Tried", lambda name: fix_name(str(name))),
        "runs": Column("Runs", number),
        "problems": Column("Problems", number),
        "worked": Column("Worked", short=True),
        "worse": Column("Worse", percent),
        "diverged": Column("Diverged", percent),
        "ratio": Column("Loss after by before", lambda ratio: number(ratio, 2)),
        "when": Column("When", prose=True),
    }
    return tables.table(shown, columns, caption=caption, head=2)


def interval(row: Any) -> str:
    """The share that worked, with its interval."""
    if not row["runs"]:
        return "–"
    if math.isnan(row["worked_low"]):
        return percent(row["worked"])
    low, high = number(100 * row["worked_low"], 2), number(100 * row["worked_high"], 2)
    return f"{percent(row['worked'])} ({low} to {high})"


def depends(rows: pd.DataFrame) -> str:
    """The conditions that part a line's shares most: for it to work, and to do harm."""
    parts = []
    for word, column, gap in (
        ("works", "works_where", "works_gap"),
        ("is worse", "worse_where", "worse_gap"),
    ):
        row = rows.sort_values(gap, kind="stable").iloc[-1]
        if row[column]:
            parts.append(f"{fix_name(row['fix'])} {word} {row[column]}.")
    return " ".join(parts)


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
            lines = listing(f"“{symptom}”" for symptom in said[name])
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
        f"Most harm does “{fix_name(row['fix'])}” for “{row['symptom']}”: the loss is more "
        f"than a tenth higher in {percent(row['worse'])} of {number(int(row['runs']))} runs."
    )


def lag(frame: pd.DataFrame) -> str:
    """How often Adam ends above SGD."""
    under = int(frame.loc[frame["symptom"] == TABLE[-1].symptom, "runs"].max())
    return (
        f"Each at the best of its rates, Adam ended so far above SGD in {number(under)} of "
        f"{number(int(frame.attrs['pairs']))} pairs of runs."
    )


def unseen(frame: pd.DataFrame) -> str:
    """Lines that no run, or too few, could be tried on."""
    few = [
        line.symptom
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
