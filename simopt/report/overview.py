"""The overview: what this is, a figure, your own data, which rule when, and where to go next."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, style, tables, templating
from simopt.display.tables import Column
from simopt.document.quantities import ETA
from simopt.document.source import source
from simopt.ground.formatting import count, fixed, listing, number, sentence, spans
from simopt.report import pages, traces
from simopt.report.errata import typeset
from simopt.report.pages import Computed, Context
from simopt.rules import OPTIMIZERS
from simopt.sweeps.sweep import sweep
from simopt.training.run import run

#: The rates tried for "each at its own best": so many from 0.001 to 10, evenly on a log scale.
RATES = {False: 121, True: 31}
RANGE = (1e-3, 10.0)

#: What to type for one's own data, and what comes of it.
COMMANDS = (
    ("simopt diagnose training.log", "says what a loss curve shows, and what to try first"),
    (
        "simopt recommend data.csv price",
        "tunes every rule on your table, and ends with the lines to paste for four frameworks",
    ),
    ("simopt playground --data points.csv", "writes the playground with your points in it"),
    (
        "simopt walkthrough --data points.csv --page steps.html",
        "works every update on your points by hand, to read or to print",
    ),
)

#: Batch sizes of which the overview shows the choice, at most.
SIZES = 4

#: After so many epochs the rules are compared at their own best rates.
HORIZON = 10


def page(context: Context) -> dict[str, Any]:
    """The values of the overview's template; built last, from what the others computed."""
    distances = traces.by_epoch()
    context.say("rates")
    rates = at_rates(context.quick)
    spent = {
        each.title: list(context.built.get(each.module, {}).get("computed", []))
        for each in pages.PAGES
    }
    spent["Overview"] = [pages.computed("each rule at many rates", rates)]
    return {
        "document": source().sentence,
        "answer": [
            after_one_epoch(distances),
            after_many(distances),
            at_own_best(rates, distances),
            at_batch_sizes(),
            corrections(context.audit, context.errata),
        ],
        "figure": distance_figure(distances),
        "commands": COMMANDS,
        "which": which_rule(context),
        "next": where_next(context),
        "claims": claimed(context),
        "work": work_table(spent),
        "totals": totals([each for runs in spent.values() for each in runs]),
        "seconds": sum(float(built.get("build_seconds", 0)) for built in context.built.values()),
        "versions": templating.versions(),
        "corrected": corrected(context.errata),
    }


@functools.cache
def at_rates(quick: bool) -> pd.DataFrame:
    """Every rule at many rates, a few epochs each."""
    rates = np.geomspace(*RANGE, RATES[quick]).tolist()
    return sweep(
        traces.problem(), [make(eta=rates) for make in OPTIMIZERS.values()], epochs=HORIZON,
        progress=False,
    )  # fmt: skip


def after_one_epoch(distances: pd.DataFrame) -> str:
    """Who is nearest and who farthest after the document's one epoch."""
    order = distances.iloc[0].sort_values()
    return (
        f"After one pass over the four points at η = {number(ETA)}, {order.index[0]} is nearest to "
        f"the optimum, {fixed(order.iloc[0])} away, and {order.index[-1]} farthest, "
        f"{fixed(order.iloc[-1])} away."
    )


def after_many(distances: pd.DataFrame) -> str:
    """Whether that lasts."""
    changed = traces.changes(distances)
    last = distances.iloc[-1]
    if not len(changed):
        return f"That order lasts: it is the same after {len(distances)} epochs."
    text = (
        f"That does not last: over {len(distances)} epochs the order changes "
        f"{count(len(changed), 'time')}, at epochs {spans(list(changed['epoch']))}, and in the end "
        f"{last.idxmin()} is nearest"
    )
    away = traces.run_away(distances)
    if away:
        text += f", while {listing(away)} {'runs' if len(away) == 1 else 'run'} away"
    return text + "."


def best_rates(rates: pd.DataFrame) -> pd.DataFrame:
    """The rate at which each rule comes nearest, and how near; the nearest rule first."""
    kept = rates[(rates["status"] == "ok") & rates["distance"].notna()]
    chosen = kept.loc[kept.groupby("optimizer", sort=False)["distance"].idxmin()]
    best = chosen[["optimizer", "eta", "distance"]]
    return best.sort_values("distance", kind="stable").reset_index(drop=True)


def at_own_best(rates: pd.DataFrame, distances: pd.DataFrame) -> str:
    """How near each comes at a rate of its own."""
    best = best_rates(rates)
    tried = rates.groupby("optimizer")["eta"].nunique().max()
    near = 0.01
    there = best[best["distance"] < near]
    before = int((distances.iloc[HORIZON - 1] < near).sum())
    text = (
        f"Much of the ranking is the learning rate's: with the best of {tried} rates for each, "
        f"{len(there)} of the {len(best)} rules end {HORIZON} epochs within {number(near)} of the "
        f"optimum, against {before} at η = {number(ETA)}"
    )
    if len(there) > 1:
        ordered = there.sort_values("eta")
        low, high = ordered.iloc[0], ordered.iloc[-1]
        text += (
            f", and those rates reach from {number(low['eta'], 2)} ({low['optimizer']}) to "
            f"{number(high['eta'], 2)} ({high['optimizer']}"
        )
        text += ", the largest tried)" if high["eta"] == rates["eta"].max() else ")"
    return text + "."


def at_batch_sizes() -> str:
    """How the nearest rule depends on the batch size, after equal updates and equal epochs."""
    problem = traces.problem()
    sizes = (1, 2, problem.n)
    nearest = {}
    for size in sizes:
        ends = {
            name: run(problem, make(eta=ETA), batch_size=size, epochs=1).summary["distance"]
            for name, make in OPTIMIZERS.items()
        }
        nearest[size] = min(ends, key=lambda name: ends[name])
    updates = [-(-problem.n // size) for size in sizes]
    counted = f"one epoch holds {listing(updates, 'or')} updates"
    where: dict[str, list[int]] = {}
    for size, name in nearest.items():
        where.setdefault(name, []).append(size)
    if len(where) == 1:
        (leader,) = where
        return f"At batch sizes {listing(sizes)} {leader} is nearest each time, though {counted}."
    leaders = [f"{name} is nearest at {listing(sizes)}" for name, sizes in where.items()]
    nearest_at = listing(leaders)
    return f"Nor does it carry over to batch sizes {listing(sizes)}, where {counted}: {nearest_at}."


def corrections(audit: pd.DataFrame, errata: pd.DataFrame) -> str:
    """What the document has wrong."""
    tally = audit["verdict"].value_counts()
    roots = int((errata["results"] > 0).sum())
    return (
        f"Of the {len(audit)} results that the document prints, {tally.get('exact', 0)} are exact, "
        f"{tally.get('rounding', 0)} carry rounding, {tally.get('carried', 0)} carry an error and "
        f"{tally.get('wrong', 0)} are wrong, all from {count(roots, 'root')}; "
        f"{len(errata) - roots} statements in its text need correcting too."
    )


def distance_figure(distances: pd.DataFrame) -> Markup:
    """Distance from the optimum by epoch, both axes logarithmic."""
    figure, axes = style.new(height=310)
    for name in map(str, distances):
        marks = [e - 1 for e in (1, 2, 3, 5, 10, 20, 50, len(distances))]
        axes.plot(
            distances.index,
            distances[name].clip(lower=traces.FLOOR),
            **style.line(name, markevery=marks),
        )
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.fixed_ticks(axes.xaxis, [1, 2, 5, 10, 20, 50, len(distances)])
    axis_ticks.log_axis(axes.yaxis)
    axes.set(xlabel="epoch", ylabel="distance from\nthe optimum |w − 5|")
    style.legend(figure, axes)
    first, last = distances.iloc[0], distances.iloc[-1]
    leader = str(first.idxmin())
    arrived = [n for n in map(str, distances) if last[n] < 1e-6]
    see = f"{leader}, nearest after one epoch, ends "
    see += (
        f"{number(last[leader], 2)} away"
        if last[leader] > first[leader]
        else f"{number(last[leader], 2)} away, nearer than it began"
    )
    see += f"; {listing(arrived) or 'no rule'} {'comes' if len(arrived) < 2 else 'come'} within "
    see += f"{number(1e-6)} of the optimum"
    return style.captioned(
        style.svg(figure, title="Distance by epoch", alt=see + "."),
        title=f"A hundred epochs at η = {number(ETA)}"
        if len(distances) == 100
        else f"{len(distances)} epochs at η = {number(ETA)}",
        see=see + ".",
        floor=traces.FLOOR,
    )


def which_rule(context: Context) -> dict[str, Any] | None:
    """Which rule to take at which batch size, from the page on batch sizes; None without it."""
    built = context.built.get("batch_size")
    if built is None:
        return None
    chosen = pd.DataFrame(built["choices"])
    step = -(-(len(chosen) - 1) // (SIZES - 1))
    few = pd.concat([chosen.iloc[:-1:step], chosen.iloc[-1:]])
    return {
        "sentence": built["choice"],
        "table": tables.table(
            few,
            {
                "batch_size": Column("Batch", number),
                "optimizer": Column("Lowest", short=True),
                "safest": Column("η a guess", short=True),
                "alike": Column("As good as the lowest"),
            },
            caption="Diabetes (442 points, ten features) after ten epochs, by batch size",
        ),
    }


def where_next(context: Context) -> list[dict[str, Any]]:
    """The other pages, by what they are for: the question and the findings of each."""
    return [
        {
            "title": title,
            "name": group,
            "pages": [
                {
                    "file": each.file,
                    "title": each.title,
                    "question": each.question,
                    "findings": list(context.built[each.module].get("findings", [])),
                }
                for each in pages.PAGES
                if each.group == group and each.module in context.built
            ],
        }
        for group, title in pages.GROUPS.items()
    ]


def claimed(context: Context) -> dict[str, Any] | None:
    """The verdicts on the document's claims, from their page; None without it."""
    claims = context.built.get("claims")
    if claims is None:
        return None
    return {name: claims[name] for name in ("summary", "surprises", "lead")}


def work_table(spent: dict[str, list[Computed]]) -> Markup:
    """What each page ran, and how long it took."""
    rows = [
        [
            page,
            len(runs),
            sum(each.trajectories for each in runs),
            sum(each.updates for each in runs),
            sum(each.seconds for each in runs),
        ]
        for page, runs in spent.items()
        if runs
    ]
    frame = pd.DataFrame(rows, columns=["page", "runs", "trajectories", "updates", "seconds"])

    def timing(value: object) -> Markup:
        return Markup('<span class="timing">{}</span>').format(number(value, 2))

    def whole(value: object) -> str:
        return f"{value:,}"

    return tables.table(
        frame,
        {
            "page": "page",
            "runs": "sweeps and traces",
            "trajectories": Column("trajectories", whole),
            "updates": Column("updates", whole),
            "seconds": Column("seconds", timing),
        },
        caption="What was run for each page",
    )


def totals(spent: list[Computed]) -> dict[str, Any]:
    """All runs together."""
    return {
        "trajectories": f"{sum(each.trajectories for each in spent):,}",
        "updates": f"{sum(each.updates for each in spent):,}",
        "seconds": number(sum(each.seconds for each in spent), 2),
    }


def corrected(errata: pd.DataFrame) -> list[dict[str, str]]:
    """The roots that change a number by more than rounding: where, printed, right, what follows."""
    grave = errata[(errata["kind"] != "premature rounding") & (errata["results"] > 0)]
    return [
        {
            "where": f"{sentence(row['place'])} (line {row['line']})",
            "printed": typeset(str(row["printed"])),
            "right": typeset(str(row["right"])),
            "consequence": sentence(typeset(str(row["consequence"]))),
        }
        for _, row in grave.sort_values("line").iterrows()
    ]
