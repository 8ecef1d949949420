"""How far the conventions lead apart, as figures and tables."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, listing, number, percent, sentence
from simopt.report.conventions import measured, names
from simopt.report.conventions.measured import (
    AFTER_DROP,
    BUFFERED,
    COMMON,
    DROP,
    DROPPED,
    DROPPED_AT,
    EPSILON,
    LOOKED,
    OWN,
    PLACED,
    RATES,
)
from simopt.report.learning_rate.grid import SHUFFLED
from simopt.report.sweeps import settings
from simopt.rules.frameworks import FRAMEWORKS

#: Smaller distances are rounding of float64, and are drawn here.
FLOOR = 1e-16

#: What rounding comes to over a thousand updates.
ROUNDING = 5e-15

#: Colour, marker and line of the conventions that are drawn, in their order.
LOOKS: tuple[tuple[str, str, Any], ...] = (
    (style.VERMILLION, "o", "-"),
    (style.BLUE, "s", (0, (5, 1.5))),
    (style.GREEN, "^", (0, (1.5, 1.2))),
    (style.PURPLE, "D", (0, (3, 1, 1, 1))),
    (style.ORANGE, "v", (0, (7, 2, 1.5, 2))),
    (style.SKY, "P", (0, (4, 4))),
)

#: The conventions that figures draw; the tables have all.
FIRST = tuple(key for key, each in FRAMEWORKS.items() if key != "document" and each.position < 100)

#: The rules of the document in which the conventions part at a constant rate, and the later ones.
DRAWN = ("AdaGrad", "RMSprop", "Adam")
LATER = ("AMSGrad", "NAdam", "RAdam", "Adamax")


def shown(value: object) -> str:
    """A relative distance: two digits; rounding said to be that.

    Examples
    --------
    >>> shown(0.01234), shown(3e-16), shown(0.0), shown(float("inf"))
    ('0.012', 'rounding', 'none', 'overflow')
    """
    x = float(value)  # type: ignore[arg-type]
    if not np.isfinite(x):
        return "overflow"
    return "none" if x == 0 else "rounding" if x < ROUNDING else number(x, 2)


def page_sections(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """For each problem: a figure, and the tables."""
    sections = []
    for key, setting in settings().items():
        here = frame[frame["problem"] == key]
        sections.append(
            {
                "name": setting.name,
                "figure": distance_figure(here, setting.name, DRAWN),
                "weights": distance_table(here, setting.name, "weights"),
                "loss": distance_table(here, setting.name, "loss"),
                "rates": rates_sentence(key),
            }
        )
    return sections


def later_figure(frame: pd.DataFrame) -> Markup:
    """The later rules, on the four points."""
    key, setting = next(iter(settings().items()))
    return distance_figure(frame[frame["problem"] == key], setting.name, LATER, "later rules")


def rates_sentence(key: str) -> str:
    """What the common setting is on a problem."""
    along, scaled = RATES[key]
    size = SHUFFLED[key]
    points = "one point an update" if size == 1 else f"{size} points an update"
    return (
        f"In file order, {points}. The common rate is {number(along)} for SGD, Momentum and "
        f"Nesterov, {number(scaled)} for the rest (Adadelta: 1)."
    )


def distance_figure(
    here: pd.DataFrame, name: str, cases: tuple[str, ...], what: str = "by rule"
) -> Markup:
    """Distance of the weights against updates: a row per rule, own defaults beside the common."""
    looks = dict(zip(FIRST, cycle(LOOKS)))
    here = here[here["convention"].isin(FIRST)]
    figure, grid = style.new(len(cases), 2, height=135 * len(cases) + 60, sharex=True, sharey=True)
    for row, case in zip(grid, cases, strict=True):
        for axes, setting in zip(row, (OWN, COMMON), strict=True):
            panel = here[(here["case"] == case) & (here["setting"] == setting)]
            for convention, path in panel.groupby("convention", sort=False):
                color, marker, line = looks[str(convention)]
                axes.plot(
                    path["update"],
                    path["weights"].where(np.isfinite(path["weights"])).clip(lower=FLOOR),
                    color=color,
                    linestyle=line,
                    marker=marker,
                    markevery=np.flatnonzero(path["update"].isin(LOOKED)).tolist(),
                    markeredgecolor=style.PAPER,
                    markeredgewidth=0.6,
                    label=FRAMEWORKS[str(convention)].name,
                )
            common = "own defaults" if setting == OWN else f"ε = {number(EPSILON)}"
            axes.set_title(f"{case}, {common}")
    for axes in grid.ravel():
        axis_ticks.log_axis(axes.xaxis, 4)
        axis_ticks.log_axis(axes.yaxis, 5)
    for axes in grid[-1]:
        axes.set_xlabel("update")
    figure.supylabel("distance from the document's weights, relative", fontsize=12)
    together = {
        label: handle
        for axes in grid.ravel()
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    order = [each.name for each in FRAMEWORKS.values() if each.name in together]
    figure.legend(
        [together[each] for each in order], order, loc="outside lower center",
        ncols=min(len(order), 4),
    )  # fmt: skip
    see = figure_sentence(here, cases)
    return style.captioned(
        style.svg(figure, title=f"{name}: conventions, {what}", alt=see),
        title=f"{name}: distance from the document's convention",
        see=see,
        floor=FLOOR,
    )


def figure_sentence(here: pd.DataFrame, cases: tuple[str, ...]) -> str:
    """The largest distance at each setting, and who arrives at the same weights all the same."""
    sentences = []
    looked = here[here["update"].isin(LOOKED) & here["case"].isin(cases)]
    for setting, words in ((OWN, "At their own defaults"), (COMMON, f"at ε = {number(EPSILON)}")):
        rows = looked[looked["setting"] == setting].sort_values("weights")
        convention, case, update, most = rows[["convention", "case", "update", "weights"]].iloc[-1]
        whose = FRAMEWORKS[convention].possessive
        sentences.append(
            f"{words} {whose} {case} is farthest, {of_weights(most)} after {number(update)} updates"
        )
    text = "; ".join(sentences) + "."
    ends = looked[(looked["setting"] == COMMON) & (looked["update"] == looked["update"].max())]
    most_at_end = ends.groupby("case", sort=False)["weights"].max()
    arrived = [str(case) for case, most in most_at_end.items() if most < ROUNDING]
    if arrived:
        text += (
            f" In the end {listing(arrived)} {'comes' if len(arrived) == 1 else 'come'} to the "
            "same weights there, by different ways."
        )
    text += " A line at the foot is a difference of rounding, or none."
    return f"{text} The other conventions are in the tables."


def of_weights(value: float) -> str:
    """A relative distance in a sentence.

    Examples
    --------
    >>> of_weights(0.14), of_weights(7.0), of_weights(1e-5)
    ('14 % of w away', '7 times w away', '10⁻⁵ of w away')
    """
    if value >= 1:
        return f"{number(value, 2)} times w away"
    return f"{percent(value)} of w away" if value >= 1e-3 else f"{number(value, 2)} of w away"


def merged(frame: pd.DataFrame, index: list[str], column: str) -> pd.DataFrame:
    """Settings and looks in columns of numbers; conventions with the same numbers in one row."""
    frame = frame.assign(look=frame["setting"] + " " + frame["update"].astype(str))
    looks = list(frame["look"].unique())
    wide = frame.pivot(index=[*index, "convention"], columns="look", values=column)[looks]
    # In the order in which they came, not of the alphabet.
    came = pd.MultiIndex.from_frame(frame[[*index, "convention"]].drop_duplicates())
    wide = wide.reindex(came).reset_index()
    together = wide.groupby([*index, *looks], sort=False, dropna=False)["convention"]
    whose = together.agg(lambda conventions: names.several(list(conventions)))
    return whose.rename("whose").reset_index()


def distance_table(here: pd.DataFrame, name: str, column: str) -> Markup:
    """After as many updates as are looked at, at both settings; without who is the document's."""
    looks = measured.looked(here)
    looked = here[here["setting"].isin((OWN, COMMON)) & here["update"].isin(LOOKED)]
    apart = looked.groupby(["case", "convention"])["same"].transform("all")
    table = merged(looked[~apart], ["case"], column)
    what = "weights" if column == "weights" else "loss"
    heads = {
        f"{setting} {look}": Column(
            f"{'defaults' if setting == OWN else f'ε = {number(EPSILON)}'}, {number(look)}", shown
        )
        for setting in (OWN, COMMON)
        for look in looks
    }
    relative = (
        "relative to the document's" if what == "weights" else "relative to the larger of the two"
    )
    return tables.table(
        table,
        {"case": "rule", "whose": Column("convention", short=True), **heads},
        caption=f"{name}: distance of the {what} from the document's convention, {relative}, after "
        f"{listing(number(look) for look in looks)} updates",
        head=2,
    )


def same_sentence(frame: pd.DataFrame) -> str:
    """What the tables leave out: conventions with the document's formula and its defaults."""
    alike = frame[frame["setting"].isin((OWN, COMMON))]
    same_in: dict[str, list[str]] = {}
    for key, same in alike.groupby(["case", "convention"], sort=False)["same"].all().items():
        case, convention = map(str, key)  # type: ignore[call-overload]
        if same:
            same_in.setdefault(case, []).append(convention)
    groups: dict[str, list[str]] = {}
    for case, conventions in same_in.items():
        groups.setdefault(names.several(conventions), []).append(case)
    sentences = [f"{listing(cases)} in {whose}" for whose, cases in groups.items()]
    return f"Left out, because they are the document's in every number: {'; '.join(sentences)}."


def placed(case: str, inside: bool) -> list[str]:
    """The conventions in which the rate goes into the buffer of a rule, or does not."""
    every = measured.conventions(case)
    return [each for each in every if measured.rate_inside(case, each) == inside]


def whose(inside: bool) -> str:
    """Who has the rate inside the buffer, or outside: in all the rules with one, or in which."""
    everywhere, in_some = [], []
    for key, framework in FRAMEWORKS.items():
        has = [case for case in PLACED if key in measured.conventions(case)]
        own = [case for case in has if measured.rate_inside(case, key) == inside]
        name = "the document" if key == "document" else framework.name
        if own == has:
            everywhere += [name] if has else []
        elif own:
            in_some.append(f"{name} for {listing(own)}")
    return "; ".join([", ".join(everywhere), *in_some])


def dropped(frame: pd.DataFrame) -> dict[str, Any]:
    """The drop of the rate: a figure, a table, and what to see."""
    here = frame[(frame["setting"] == DROPPED) & frame["case"].isin(PLACED)]
    inside = [measured.rate_inside(*each) for each in zip(here.case, here.convention, strict=True)]
    here = here[inside]
    (first_inside, *_) = placed(BUFFERED, True)
    one = here[here["convention"] == first_inside]
    figure, grid = style.new(3, height=430, sharex=True, sharey=True)
    for axes, (key, setting) in zip(grid, settings().items(), strict=True):
        for case in PLACED:
            path = one[(one["problem"] == key) & (one["case"] == case)]
            look = style.look(case if case in style.LOOKS else "RMSprop")
            axes.plot(
                path["update"], path["weights"].clip(lower=FLOOR), color=look.color,
                marker=look.marker, linestyle=look.line, label=case,
                markeredgecolor=style.PAPER, markeredgewidth=0.6,
            )  # fmt: skip
        axes.set_title(setting.name)
        axis_ticks.log_axis(axes.yaxis, 5)
        axis_ticks.log_axis(axes.xaxis)
        axis_ticks.fixed_ticks(axes.xaxis, [11, 15, 20, 30, 50, AFTER_DROP[-1]])
    grid[-1].set_xlabel(f"update (the rate drops after {DROPPED_AT})")
    figure.supylabel("distance of the weights, relative", fontsize=12)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    first = one[(one["case"] == "Momentum") & (one["update"] == 2 * DROPPED_AT)]
    by_problem = first.set_index("problem")["weights"]
    last = one[(one["case"] == "Momentum") & (one["update"] == AFTER_DROP[-1])]
    still = last.set_index("problem")["weights"]
    after = [f"{percent(by_problem[key])} of w on {where_is(key)}" for key in settings()]
    see = (
        f"{sentence(count(DROPPED_AT, 'update'))} after the drop Momentum with the rate inside its "
        f"buffer is {listing(after)} away from Momentum with the rate outside; after "
        f"{AFTER_DROP[-1]} updates, {listing(percent(still[key]) for key in settings())}."
    )
    columns = {
        f"{DROPPED} {look}": Column(f"w, {look}", shown) for look in (11, 20, AFTER_DROP[-1])
    }
    at_20 = here[here["update"] == 20]
    rows = pd.concat(
        [
            here[here["update"].isin((11, 20, AFTER_DROP[-1]))],
            at_20.assign(setting="loss", weights=at_20["loss"]),
        ]
    )
    table = merged(rows, ["problem", "case"], "weights")
    labels = {key: setting.name for key, setting in settings().items()}
    return {
        "figure": style.captioned(
            style.svg(figure, title="After one drop of the rate", alt=see),
            title=f"The rate inside the buffer or outside it, after one drop by {number(1 / DROP)}",
            see=see,
            floor=FLOOR,
        ),
        "table": tables.table(
            table,
            {
                "problem": Column("problem", lambda key: labels[str(key)]),
                "case": "rule",
                "whose": Column("convention", short=True),
                **columns,
                "loss 20": Column("loss, 20", shown),
            },
            caption="Distance of a rate inside from a rate outside after the drop: weights after "
            f"11, 20 and {AFTER_DROP[-1]} updates, loss after 20",
            head=2,
        ),
    }


def where_is(key: str) -> str:
    """A problem in a sentence."""
    names = {"four points": "the four points", "Hubble": "Hubble's data", "diabetes": "diabetes"}
    return names[key]
