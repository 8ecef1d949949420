"""How often the reader of curves is right: on labelled curves that it was not tuned on."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.curves.prescription.comparing import wilson
from simopt.curves.validation import sources
from simopt.curves.validation.accuracy import Accuracy
from simopt.curves.validation.inseparable import INSEPARABLE
from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, listing, number, percent, sentence
from simopt.report.loss_curves.gallery import signs

#: Curves by construction that are read, in the quick report and in the full one.
CONSTRUCTED = {True: 420, False: 2000}


def section(quick: bool) -> dict[str, Any]:
    """Sentence, confusion matrix, and what no reader can tell."""
    by_source = sources.held_out(size=CONSTRUCTED[quick])
    return {
        **of(by_source["simulated"]),
        "sources": beside(by_source),
        "real": in_reality(by_source),
    }


def of(measured: Accuracy) -> dict[str, Any]:
    """The section of an accuracy that has been measured."""
    return {
        "sentence": told(measured),
        "weakest": weakest(measured.recall),
        "table": matrix(measured),
        "reasons": reasons(),
    }


def told(measured: Accuracy) -> str:
    """How often it is right, in a sentence."""
    frame, alone = measured.frame, int(measured.recall["separable"].sum())
    problems = count(frame["problem"].nunique(), "problem")
    return (
        f"On {number(len(frame))} curves of {problems} that no threshold was tuned on, the reader "
        f"gives the label of {percent(measured.separable, 3)} of those that a curve alone can tell "
        f"from all others ({number(alone)}), something that the curve allows for "
        f"{percent(measured.allowed, 3)} of all, and the very label for "
        f"{percent(measured.strict, 3)}: means over the symptoms, however many curves each has."
    )


def in_reality(by_source: dict[str, Accuracy]) -> str:
    """How the reader does on real runs, in a sentence."""
    row = sources.summary(by_source).loc["real"].to_dict()
    return (
        f"Of {number(int(row['curves']))} real training runs, each with a fault that was put there "
        f"or with none, it reads {share_of(row['allowed'], row['curves'])} as what they are; of "
        f"{number(int(row['healthy']))} healthy ones {share_of(row['blamed'], row['healthy'])} are "
        f"blamed for something, and of {count(int(row['sure']), 'answer')} that it is "
        f"{percent(sources.SURE)} sure of or more {share_of(row['sure_right'], row['sure'])} are "
        "right. In brackets, the intervals of 95 % that so few runs leave."
    )


def share_of(share: float, trials: float) -> str:
    """A share of few, with Wilson's interval.

    Examples
    --------
    >>> share_of(0.8, 10)
    '80 % (49 to 94 %)'
    """
    if not trials:
        return "none"
    low, high = wilson(round(share * trials), int(trials))
    return f"{percent(share)} ({percent(low).removesuffix(' %')} to {percent(high)})"


def beside(by_source: dict[str, Accuracy]) -> Markup:
    """The share of curves that are read as what they are, by symptom and source."""
    table = sources.by_symptom(by_source)
    frame = (100 * table).reset_index(names="symptom")
    frame["symptom"] = [sentence(str(name)) for name in frame["symptom"]]
    columns: dict[str, Column | str] = {"symptom": "It is"}
    for source, measured in by_source.items():
        heading = f"{sentence(source)} ({number(len(measured.frame))})"
        columns[source] = Column(heading, share_or_dash)
    return tables.table(
        frame,
        columns,
        caption="Of a hundred curves, how many are read right, by source",
    )


def share_or_dash(value: Any) -> str:
    """Hundredths, and a dash where there are no curves.

    Examples
    --------
    >>> share_or_dash(97.6), share_or_dash(float("nan"))
    ('98', '–')
    """
    return "–" if math.isnan(value) else f"{value:.0f}"


def weakest(recall: pd.DataFrame) -> str:
    """The symptom that is missed most."""
    row = recall.sort_values("allowed", kind="stable").iloc[0]
    if row["allowed"] == 1:
        return "No symptom is missed."
    share, curves = percent(1 - row["allowed"]), count(int(row["curves"]), "curve")
    return f"Most missed is “{row.name}”: {share} of {curves} are read as what the curve rules out."


def matrix(measured: Accuracy) -> Markup:
    """Of every hundred curves of a symptom, how many are said to have which."""
    counts = measured.confusion.loc[measured.recall.index]
    shares = 100 * counts.div(counts.sum(axis=1), axis=0)
    # Numbers head the columns, which words would make wide.
    places = {name: str(place) for place, name in enumerate(counts.columns, start=1)}
    shown = shares.rename(columns=places).reset_index(names="is")
    shown["is"] = [f"{places[name]}. {sentence(str(name))}" for name in shown["is"]]
    shown.insert(1, "curves", measured.recall["curves"].to_numpy())
    shown["allowed"] = 100 * measured.recall["allowed"].to_numpy()
    columns: dict[str, Column | str] = {"is": "It is", "curves": Column("Curves", number)}
    columns |= {place: Column(place, hundredths) for place in places.values()}
    columns["allowed"] = Column("Allowed", hundredths)
    return tables.table(
        shown,
        columns,
        caption="Of a hundred curves of each symptom, how many are read as which, by its number",
    )


def hundredths(value: Any) -> str:
    """A share in hundredths; nothing where it is none.

    Examples
    --------
    >>> hundredths(0.0), hundredths(0.2), hundredths(97.6)
    ('', '<1', '98')
    """
    if value == 0:
        return ""
    return "<1" if value < 0.5 else f"{value:.0f}"


def reasons() -> list[dict[str, str]]:
    """What is which, and can be read as which by the curve alone; a reason each."""
    found: dict[str, list[str]] = {}
    for pair in INSEPARABLE:
        where = "" if pair.where == "all" else f" ({pair.where})"
        found.setdefault(pair.reason, []).append(f"“{pair.symptom}”{where} as “{pair.other}”")
    return [
        {"title": f"{sentence(listing(pairs, 'or'))}.", "text": signs(reason)}
        for reason, pairs in found.items()
    ]
