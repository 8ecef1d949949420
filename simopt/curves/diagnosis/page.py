"""A diagnosis drawn: its curve with the evidence marked, in a notebook or on a page of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simopt.curves.diagnosis.terminal import wide
from simopt.display import axis_ticks, style, tables, templating
from simopt.ground import files
from simopt.ground.formatting import count, number, percent, sentence

if TYPE_CHECKING:
    from simopt.curves.diagnosis.diagnosis import Diagnosis

#: More points than a figure has pixels are drawn as the lowest and the highest of each stretch.
MOST_POINTS = 2000

#: More can't be drawn: an axis wants room beyond, and float64 ends at 1.8e308.
LARGEST = 1e250

#: Runs that are drawn on a page about many.
MOST_SMALL = 40

TITLE = "Loss curve"

Floats = NDArray[np.float64]


def figure(diagnosis: Diagnosis) -> Figure:
    """The curve, the validation loss, and grey bands where the evidence is, numbered."""
    with matplotlib.rc_context(style.RC):
        drawn, axes = style.new()
        few = len(diagnosis.loss) <= 60
        marker = "o" if few else ""
        for name, values, color, line in (
            ("training", diagnosis.loss, style.BLUE, "-"),
            ("validation", diagnosis.validation, style.VERMILLION, (0, (5, 1.5))),
        ):
            if values is not None:
                at, shown = _thinned(np.asarray(values, np.float64))
                shown[np.abs(shown) > LARGEST] = np.nan
                axes.plot(at, shown, color=color, linestyle=line, marker=marker, label=name)
        if diagnosis.validation is not None:
            style.legend(drawn, axes)
        if wide(diagnosis.loss):
            axis_ticks.log_axis(axes.yaxis)
        else:
            axis_ticks.linear_axis(axes.yaxis)
        axis_ticks.linear_axis(axes.xaxis, whole=True)
        rows = diagnosis.evidence.drop_duplicates(["first", "last"])
        spans = [(int(a) + 1, int(b) + 1) for a, b in zip(rows["first"], rows["last"], strict=True)]
        for first, last in spans:
            if first == last:
                axes.axvline(first, color=style.MUTED, linewidth=1.0, linestyle=":")
            else:
                axes.axvspan(first, last, color=style.GRID, alpha=0.45, linewidth=0)
        axes.set(xlabel="value", ylabel="loss", title=diagnosis.title)
    return drawn


def _thinned(values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Places from 1 and values, of a long curve the extremes of each stretch."""
    at = np.arange(1, len(values) + 1)
    if len(values) <= MOST_POINTS:
        # Missing values leave no gap in the line.
        there = ~np.isnan(values)
        return at[there], np.where(np.isfinite(values[there]), values[there], np.nan)
    edges = np.linspace(0, len(values), MOST_POINTS // 2 + 1).astype(int)
    kept: list[int] = []
    for first, last in pairwise(edges):
        part = values[first:last]
        if np.isfinite(part).any():
            ends = np.nanargmin(part), np.nanargmax(np.where(np.isfinite(part), part, -np.inf))
            kept += sorted({first + int(end) for end in ends})
    shown = np.where(np.isfinite(values[kept]), values[kept], np.nan)
    return at[kept], shown


def svg(diagnosis: Diagnosis, name: str | None = None) -> Markup:
    """The figure as SVG for a page, with its title and what to see."""
    drawn = figure(diagnosis)
    drawn.axes[0].set_title("")
    see = sentence("; ".join(each.says for each in diagnosis.seen)) + "."
    image = style.svg(drawn, title=TITLE, alt=f"{diagnosis.title}. {see}", name=name)
    return style.captioned(image, title=f"{TITLE}: {diagnosis.symptom}", see=see)


def evidence_table(diagnosis: Diagnosis) -> Markup:
    """What was seen, a row each; values of the curve counted from 1."""
    frame = diagnosis.evidence.assign(
        first=diagnosis.evidence["first"] + 1, last=diagnosis.evidence["last"] + 1
    )
    columns: dict[str, tables.Column | str] = {
        "says": tables.Column("seen", prose=True),
        "feature": "feature",
        "value": tables.Column("value", number),
        "first": "from value",
        "last": "to value",
    }
    return tables.table(frame, columns, caption="What was seen")


def lists(diagnosis: Diagnosis) -> list[tuple[str, tuple[str, ...]]]:
    """Causes and advice, with their headings; those that there are."""
    both = [
        ("What was read", diagnosis.read),
        ("Likely causes", diagnosis.causes),
        ("What to do", diagnosis.advice),
        ("What seldom helps", diagnosis.seldom),
    ]
    return [(heading, lines) for heading, lines in both if lines]


def fragment(diagnosis: Diagnosis) -> str:
    """What a notebook shows."""
    variables = "".join(
        f"{name[4:-1]}: {color}; "
        for color, name in style.VARIABLES.items()
        if name.startswith("var(")
    )
    parts = [svg(diagnosis, name=f"loss-curve-{id(diagnosis):x}")]
    for heading, lines in lists(diagnosis):
        items = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
        parts.append(Markup("<p><strong>{}</strong></p><ol>{}</ol>").format(heading, items))
    return str(
        Markup('<div style="{}max-width: 46em">{}</div>').format(variables, Markup("").join(parts))
    )


def write(path: str | os.PathLike[str], diagnosis: Diagnosis) -> Path:
    """Write the page; see `Diagnosis.page`."""
    place = files.check_file("path", path)
    with matplotlib.rc_context(style.RC):
        values = {
            "title": diagnosis.title,
            "figure": svg(diagnosis),
            "lists": lists(diagnosis),
            "note": diagnosis.note,
            "evidence": evidence_table(diagnosis),
            "settings": None if diagnosis.optimizer is None else repr(diagnosis.optimizer),
            "count": len(diagnosis.loss),
        }
    question = "What does this loss curve show?"
    return templating.write_page(place, "diagnosis", TITLE, question, values, "simopt.curves")


def write_many(
    path: str | os.PathLike[str], table: pd.DataFrame, diagnoses: Sequence[Diagnosis]
) -> Path:
    """Write a page about many runs: a table, and a small figure each, in the table's order."""
    place = files.check_file("path", path)
    columns: dict[str, tables.Column | str] = {
        "run": "run",
        "symptom": tables.Column("symptom", prose=True),
        "sure": tables.Column("sure", percent),
        "values": "values",
        "least": tables.Column("least loss", number),
        "last": tables.Column("last loss", number),
        "advice": tables.Column("what to do first", prose=True),
    }
    drawn = [diagnoses[int(row)] for row in table.index[:MOST_SMALL]]
    log = diagnoses[0].log
    with matplotlib.rc_context(style.RC):
        values = {
            "count": sentence(count(len(diagnoses), "run")),
            "source": log.source if log is not None else "",
            "table": tables.table(table, columns, caption="What each run shows"),
            "figure": _small(table, drawn),
        }
    question = "Which of these runs should be looked at first?"
    return templating.write_page(place, "runs", "Training runs", question, values, "simopt.curves")


def _small(table: pd.DataFrame, diagnoses: Sequence[Diagnosis]) -> Markup:
    """Small figures of the first runs, one below the other."""
    rows = len(diagnoses)
    drawn, grid = style.new(rows, height=120 * rows + 20, squeeze=False)
    for axes, name, each in zip(grid.flat, table["run"], diagnoses, strict=False):
        for values, color in ((each.loss, style.BLUE), (each.validation, style.VERMILLION)):
            if values is not None:
                at, shown = _thinned(np.asarray(values, np.float64))
                shown[np.abs(shown) > LARGEST] = np.nan
                axes.plot(at, shown, color=color)
        if wide(each.loss):
            axis_ticks.log_axis(axes.yaxis)
        label = f"{str(name)[-40:]}: {each.symptom}"
        title = axes.set_title(label, loc="left", parse_math=False)
        title.set_in_layout(False)
    symptoms = table["symptom"].value_counts()
    see = "; ".join(f"{kind}: {many}" for kind, many in symptoms.items()) + "."
    if len(table) > len(diagnoses):
        see += f" The first {len(diagnoses)} of {len(table)} runs are drawn."
    image = style.svg(drawn, title="Loss of each run", alt=see)
    return style.captioned(image, title="Loss of each run, training blue, validation red", see=see)
