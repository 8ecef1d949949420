"""The batch-size page: all seven rules at every batch size, worked, then measured on real data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

import simopt
from simopt import measures, plan
from simopt.problems import Problem
from simopt.reporting import style, tables, words
from simopt.reporting.pages import Computed, Context, computed
from simopt.reporting.sweeps import (
    Setting,
    account,
    factor,
    measured,
    named,
    parts,
    records,
    settings,
    seven,
    small,
    together,
)
from simopt.reporting.tables import Column
from simopt.reporting.words import number
from simopt.rules import OPTIMIZERS

#: The document's rate, for the four points.
ETA = 0.1
SIZES = {
    "four points": (1, 2, 4),
    "Hubble": (1, 2, 4, 8, 12, 24),
    "diabetes": (1, 2, 4, 8, 16, 32, 64, 128, 256, 442),
}
#: Passes over the points that "equal epochs" means, per problem.
EPOCHS = {"four points": 3, "Hubble": 20, "diabetes": 10}
#: Updates that "equal updates" means: whole epochs at every batch size, or nearly.
UPDATES = {"four points": 12, "Hubble": 240, "diabetes": 442}
#: The rules whose rates are tuned again for equal updates: one per kind.
THREE = ("SGD", "Momentum", "Adam")
#: An excess below this counts as solved where one rate is to serve all batch sizes.
SOLVED = 1e-6
#: Below this a figure draws nothing apart: the rest would be squeezed.
DRAWN = 1e-8

KEY = ["optimizer", "batch_size"]


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    three = settings()
    four = three["four points"].problem
    ran: dict[str, pd.DataFrame] = {}

    context.say("Batch size: one epoch, worked")
    epoch = one_epoch(four)
    squares = averaging(four, epoch)

    curves: dict[str, pd.DataFrame] = {}
    for key in ("Hubble", "diabetes"):
        context.say(f"Batch size: {three[key].name}")
        curves[key], swept = by_batch_size(key, three[key].problem, context.quick)
        ran |= swept
    context.say("Batch size: what a batch costs")
    shared = {key: shared_rates(curves[key]) for key in curves}
    costs = {"four points": trade_off(four, "four points", ETA, context.quick, ran)}
    for key in curves:
        eta = dict(zip(shared[key]["optimizer"], shared[key]["eta"], strict=True))["SGD"]
        costs[key] = trade_off(three[key].problem, key, eta, context.quick, ran)

    context.say("Batch size: figures")
    trajectories, updates, seconds, compiling = account(ran)
    claims = statements(four, epoch, squares, costs, curves)
    return {
        "worked": worked_section(four, epoch, context.audit),
        "squares": squares_section(four, squares, context.audit),
        "costs": [cost_section(three[key], costs[key], key) for key in costs],
        "curves": [curve_section(three[key], curves[key], shared[key], key) for key in curves],
        "claims": claims,
        "claims_sentence": _claims_sentence(claims),
        "seeds": int(curves["Hubble"]["trajectories"].max()),
        "trajectories": trajectories,
        "updates": updates,
        "seconds": seconds,
        "compile_seconds": compiling,
        "computed": [computed(f"batch size: {name}", frame) for name, frame in ran.items()]
        + [
            Computed("batch size: the four points, worked", len(epoch), int(epoch.updates.sum()), 0)
        ],
        "findings": findings(squares, curves),
    }


# One epoch, worked


def one_epoch(problem: Problem, sizes: Sequence[int] = (1, 2, 4)) -> pd.DataFrame:
    """Every rule at every batch size after one epoch in file order, at the document's rate.

    Returns
    -------
    DataFrame
        optimizer, batch_size, updates, w, distance, loss, state (name to value, in words) and
        steps (the trace of `simopt.run`).
    """
    rows = []
    for name, make in OPTIMIZERS.items():
        for size in sizes:
            run = simopt.run(problem, make(eta=ETA), batch_size=size)
            last = run.steps.iloc[-1]
            rows.append(
                {
                    "optimizer": name,
                    "batch_size": size,
                    "updates": int(run.summary["updates"]),
                    "w": float(run.summary["w"]),
                    "distance": float(run.summary["distance"]),
                    "loss": float(run.summary["loss"]),
                    "state": _state(name, last),
                    "steps": run.steps,
                }
            )
    return pd.DataFrame(rows)


def _state(name: str, step: pd.Series) -> str:
    """The state after a step as the field writes it: v = 6.066, or none."""
    rule = OPTIMIZERS[name]().rule
    shown = [f"{words.symbol(each)} = {number(step[each])}" for each in rule.state]
    if rule.clock is not None:
        shown.append(f"t = {int(step['t'])}")
    return ", ".join(each.replace(" ", "\N{NO-BREAK SPACE}") for each in shown) or "none"


def printed_weights(audit: pd.DataFrame, epoch: pd.DataFrame) -> pd.Series:
    """What the document prints for w after the epoch: "" where it leaves the method out.

    A number that is not the exact one, rounded, is followed by a mark.
    """
    weights = audit[audit["quantity"] == "weight after the step"]
    shown = []
    for row in records(epoch):
        same = weights[
            (weights["method"] == row["optimizer"])
            & (weights["batch_size"] == row["batch_size"])
            & (weights["step"] == row["updates"])
        ]
        if same.empty:
            shown.append("")
        else:
            first = same.iloc[0]
            shown.append(first["printed"] + ("" if first["verdict"] == "exact" else " ✗"))
    return pd.Series(shown, index=epoch.index)


def worked_section(problem: Problem, epoch: pd.DataFrame, audit: pd.DataFrame) -> dict[str, Any]:
    """Comparison tables, every update, and a figure."""
    shown = epoch.assign(document=printed_weights(audit, epoch))
    comparison = []
    for name, rows in parts(shown, "optimizer"):
        line: dict[str, Any] = {"optimizer": name}
        for row in records(rows):
            line[f"w {row['batch_size']}"] = row["w"]
            line[f"document {row['batch_size']}"] = row["document"] or "left out"
        comparison.append(line)
    columns: dict[str, Column | str] = {"optimizer": "Method"}
    for size in epoch["batch_size"].unique():
        columns[f"w {size}"] = Column(f"w, batch {size}", lambda w: words.fixed(w, 4))
        columns[f"document {size}"] = Column("printed")
    updates = epoch.drop_duplicates("batch_size").set_index("batch_size")["updates"]
    counts = words.listing(f"{words.count(u, 'update')} at batch {b}" for b, u in updates.items())
    distance = epoch.pivot_table(index="optimizer", columns="batch_size", values="distance")
    nearer = (distance[1] < distance[4]).sum()
    left_out = int((shown["document"] == "").sum())
    off = int(shown["document"].str.endswith("✗").sum())
    return {
        "sentence": (
            f"One epoch is {counts}. The document works {len(shown) - left_out} of these "
            f"{len(shown)} cells and leaves out {left_out}; {off} of its weights, marked ✗, are "
            "not the exact result rounded."
        ),
        "table": tables.table(
            pd.DataFrame(comparison),
            columns,
            caption="The weight after one epoch, computed and as the document prints it",
        ),
        "figure": style.captioned(
            style.svg(
                epoch_figure(epoch, problem),
                title="The weight after one epoch",
                alt=f"For {nearer} of {len(distance)} methods batch 1 ends nearer to the optimum "
                "than the full batch.",
            ),
            title="The weight after one epoch",
            see=f"With the same rate η = {number(ETA)}, batch 1 ends nearer to the optimum than "
            f"the full batch for {_of(nearer, len(distance))} methods: it takes "
            f"{number(updates[1] / updates[4])} times as many steps.",
        ),
        "states": tables.table(
            shown,
            {
                "optimizer": "Method",
                "batch_size": "Batch size",
                "updates": "Updates",
                "w": Column("w", lambda w: words.fixed(w, 4)),
                "distance": Column("|w − optimum|", lambda w: words.fixed(w, 4)),
                "loss": Column("Loss", number),
                "state": "State",
            },
            caption="Updates, weight, loss and state of every method after one epoch",
        ),
        "traces": [
            {
                "title": f"Batch {size}: {words.count(int(count), 'update')} of each method",
                "table": _trace(problem, epoch[epoch["batch_size"] == size]),
            }
            for size, count in updates.items()
        ],
    }


def _trace(problem: Problem, epoch: pd.DataFrame) -> Markup:
    """Every update of an epoch: points, gradients, their mean, state, weight."""
    rows = []
    for cell in records(epoch):
        before, name, size = float(problem.w0[0]), cell["optimizer"], cell["batch_size"]
        for _, step in cell["steps"].iterrows():
            first = (int(step["batch"]) - 1) * size
            points = range(first, min(first + size, problem.n))
            each = [float(problem.gradient(before, [i])[0]) for i in points]
            rows.append(
                {
                    "optimizer": name,
                    "step": int(step["step"]),
                    "points": words.listing([i + 1 for i in points], "and"),
                    "before": before,
                    "each": ", ".join(number(g) for g in each),
                    "gradient": float(step["gradient"]),
                    "state": _state(name, step),
                    "w": float(step["w"]),
                }
            )
            before = float(step["w"])
    return tables.table(
        pd.DataFrame(rows),
        {
            "optimizer": "Method",
            "step": "Update",
            "points": "Points",
            "before": Column("w before", lambda w: words.fixed(w, 4)),
            "each": "Gradient of each",
            "gradient": Column("Their mean", number),
            "state": "State after",
            "w": Column("w after", lambda w: words.fixed(w, 4)),
        },
        caption=f"Every update of one epoch at batch size {epoch['batch_size'].iloc[0]}",
    )


def epoch_figure(epoch: pd.DataFrame, problem: Problem) -> Any:
    """The weight after one epoch: a row per method, a mark per batch size."""
    figure, axes = style.new(height=300)
    names = list(epoch["optimizer"].unique())
    marks = zip(epoch["batch_size"].unique(), "osD", strict=False)
    for (size, marker), color in zip(marks, (style.BLUE, style.ORANGE, style.GREEN), strict=False):
        rows = epoch[epoch["batch_size"] == size]
        label = f"batch {size} (all points)" if size == problem.n else f"batch {size}"
        axes.plot(
            rows["w"],
            [names.index(n) for n in rows["optimizer"]],
            marker,
            color=color,
            label=label,
            markersize=7,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.6,
        )
    optimum = float(problem.minimizer[0]) if problem.minimizer is not None else math.nan
    axes.axvline(optimum, color=style.MUTED, linewidth=1, linestyle=(0, (3, 2)))
    axes.axvline(float(problem.w0[0]), color=style.MUTED, linewidth=1, linestyle=":")
    axes.annotate(
        "optimum",
        (optimum, 0),
        (4, 0),
        textcoords="offset points",
        xycoords=("data", "axes fraction"),
        va="bottom",
        color=style.MUTED,
    )
    axes.annotate(
        "start",
        (float(problem.w0[0]), 0),
        (4, 0),
        textcoords="offset points",
        xycoords=("data", "axes fraction"),
        va="bottom",
        color=style.MUTED,
    )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) + 0.1, -0.6)
    axes.set_xlabel("weight w after one epoch")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


# Averaging before squaring


def averaging(problem: Problem, epoch: pd.DataFrame, epochs: int = 100) -> dict[str, Any]:
    """What AdaGrad's G adds up to: at a fixed weight, in an epoch, and over many epochs."""
    each = measures.point_gradients(problem)[:, 0]
    terms = problem.n
    total, squared = float((each**2).sum()), float(each.mean() ** 2)
    adagrad = epoch[epoch["optimizer"] == "AdaGrad"]
    orders = list(itertools.permutations(range(problem.n)))
    rows, longer = [], []
    optimum = float(problem.x[:, 0] @ problem.y / (problem.x[:, 0] @ problem.x[:, 0]))
    for cell in records(adagrad):
        size = cell["batch_size"]
        last = cell["steps"].iloc[-1]
        every = [
            float(
                simopt.run(problem, simopt.AdaGrad(eta=ETA), batch_size=size, order=[order])
                .steps["G"]
                .iloc[-1]
            )
            for order in orders
        ]
        expected = squared + measures.gradient_noise(problem, size)
        rows.append(
            {
                "batch_size": size,
                "terms": cell["updates"],
                "fixed": cell["updates"] * expected,
                "fixed_each": expected,
                "G": last["G"],
                "G_each": last["G"] / cell["updates"],
                "least": min(every),
                "most": max(every),
                "rate": last["effective_lr"],
                "w": cell["w"],
            }
        )
        steps = simopt.run(problem, simopt.AdaGrad(eta=ETA), batch_size=size, epochs=epochs).steps
        longer.append(steps.assign(batch_size=size, distance=(steps["w"] - optimum).abs()))
    table = pd.DataFrame(rows).set_index("batch_size", drop=False)
    first, full = table.iloc[0], table.iloc[-1]
    return {
        "sum": total,
        "square": squared,
        "ratio": total / squared,
        "terms": terms,
        "averaging": total / terms / squared,
        "moving": (first["G"] / full["G"]) / (total / squared),
        "real": first["G"] / full["G"],
        "table": table,
        "longer": pd.concat(longer, ignore_index=True),
        "orders": len(orders),
        "epochs": epochs,
    }


def squares_section(
    problem: Problem, squares: dict[str, Any], audit: pd.DataFrame
) -> dict[str, Any]:
    """Sentences, tables and a figure about squares of means."""
    quantities = {
        "sum of the 4 squared gradients at w=3": ("Sum of the squares (batch 1)", squares["sum"]),
        "squared mean of the 4 gradients at w=3": (
            "Square of the mean (batch 4)",
            squares["square"],
        ),
        "sumsq4/sqmean4": ("Their ratio", squares["ratio"]),
    }
    rows = []
    for quantity, (label, exact) in quantities.items():
        printed = audit.loc[audit["quantity"] == quantity, "printed"]
        rows.append({"label": label, "printed": printed.iloc[0], "exact": exact})
    wrong = audit[audit["quantity"].str.startswith("squared gradient of point")]
    wrong = wrong[wrong["verdict"] != "exact"].drop_duplicates("quantity")
    source = words.listing(
        f"it squares point {row['quantity'].split(' point ')[1].split()[0]}'s gradient to "
        f"{row['printed']} where {number(row['exact'])} is right"
        for row in records(wrong)
    )
    table = squares["table"]
    longer = squares["longer"]
    ends = longer.groupby("batch_size").last()
    # Equal updates: as many as the full batch makes in all epochs.
    few = longer[longer["step"] == squares["epochs"]].set_index("batch_size")
    fastest, farthest = ends["effective_lr"].idxmax(), ends["distance"].idxmax()
    return {
        "fixed": (
            f"At the start, with the weight held there, the {squares['terms']} squared gradients "
            f"add up to {number(squares['sum'])}, and the square of their mean is "
            f"{number(squares['square'])}: a ratio of {number(squares['ratio'], 3)}. "
            + (f"The document's figures differ because {source}. " if source else "")
            + f"Of that ratio a factor {squares['terms']} only says that one batch contributes one "
            f"term where {squares['terms']} points contribute {squares['terms']}; averaging before "
            f"squaring contributes the factor {number(squares['averaging'], 3)}."
        ),
        "fixed_table": tables.table(
            pd.DataFrame(rows),
            {"label": "At w = 3", "printed": "printed", "exact": Column("exact", number)},
            caption="Squares of gradients at the start, as printed and exact",
        ),
        "moving": (
            "In an epoch that really runs, the weight moves and later gradients shrink: G at batch "
            f"1 is {number(squares['real'], 3)} times that of the full batch, which is "
            f"{squares['terms']} (terms) × {number(squares['averaging'], 3)} (averaging) × "
            f"{number(squares['moving'], 2)} (the weight moved). Per update the ratio is "
            f"{number(squares['real'] / squares['terms'], 3)}."
        ),
        "moving_table": tables.table(
            table,
            {
                "batch_size": "Batch size",
                "terms": Column("Updates", number),
                "fixed": Column("G if w stayed", lambda v: number(v)),
                "G": Column("G", lambda v: number(v, 5)),
                "G_each": Column("G per update", number),
                "least": Column("Least", number),
                "most": Column("Most", number),
                "rate": Column("Effective rate", lambda v: number(v, 3)),
                "w": Column("w", lambda v: words.fixed(v, 4)),
            },
            caption="AdaGrad's G after one epoch in file order; if the weight stayed at the start "
            f"(mean over orders); and the least and most over all {squares['orders']} orders",
        ),
        "figure": style.captioned(
            style.svg(
                adagrad_figure(longer, problem),
                title="AdaGrad by batch size",
                alt=f"After {squares['epochs']} epochs batch {fastest} has the largest effective "
                f"rate, and batch {farthest} is farthest from the optimum.",
            ),
            title=f"AdaGrad for {squares['epochs']} epochs, by batch size",
            see=(
                f"After {squares['epochs']} epochs the effective rate is largest at batch "
                f"{fastest} ({number(ends['effective_lr'].max(), 2)} against "
                f"{number(ends['effective_lr'].min(), 2)} at batch {ends['effective_lr'].idxmin()})"
                + (
                    f", yet batch {farthest} is farthest from the optimum "
                    if fastest == farthest
                    else f", and batch {farthest} is farthest from the optimum "
                )
                + f"({number(ends['distance'].max(), 3)} against "
                f"{number(ends['distance'].min(), 3)} at batch "
                f"{ends['distance'].idxmin()}): a larger step does not make up for "
                "fewer of them. "
                f"After the same {squares['epochs']} updates each, batch "
                f"{few['distance'].idxmin()} is nearest ({number(few['distance'].min(), 3)})."
                if ends["distance"].idxmin() != fastest
                else f"After {squares['epochs']} epochs batch {fastest} has both the largest "
                f"effective rate ({number(ends['effective_lr'].max(), 2)}) and the smallest "
                f"distance ({number(ends['distance'].min(), 3)})."
            ),
        ),
    }


def adagrad_figure(longer: pd.DataFrame, problem: Problem) -> Any:
    """The effective rate and the distance from the optimum over epochs."""
    figure, (top, bottom) = style.new(2, 1, height=400, sharex=True)
    looks = zip((style.BLUE, style.ORANGE, style.GREEN), ("-", (0, (5, 1.5)), ":"), strict=True)
    for (size, steps), (color, line) in zip(parts(longer, "batch_size"), looks, strict=False):
        ends = steps.groupby("epoch").last()
        for axes, column in ((top, "effective_lr"), (bottom, "distance")):
            axes.plot(ends.index, ends[column], color=color, linestyle=line, label=f"batch {size}")
    top.set_ylabel("effective rate\nη / √(G + ε)")
    bottom.set_ylabel("distance from\nthe optimum")
    top.set_ylim(bottom=0)
    bottom.set_ylim(bottom=0)
    bottom.set_xlabel("epoch")
    figure.legend(*top.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


# What a batch costs


def trade_off(
    problem: Problem, key: str, eta: float, quick: bool, ran: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Updates, noise, loss, time and memory per batch size, for SGD at one rate."""
    slope = float((problem.gradient(problem.w0) ** 2).sum())
    seeds = range(11 if quick else 41)
    sizes, frames = sizes_of(key, quick), {}
    for budget, epochs in (("epochs", EPOCHS[key]), ("updates", None)):
        swept = []
        for size in sizes:
            length = epochs or max(1, round(UPDATES[key] / plan_of(problem, size).batches))
            swept.append(
                simopt.sweep(
                    problem,
                    simopt.SGD(eta=eta),
                    batch_size=size,
                    epochs=length,
                    shuffle="epoch",
                    seed=seeds if size < problem.n else 0,
                    progress=False,
                )
            )
        frames[budget] = together(swept)
        ran[f"{key}, SGD, equal {budget}"] = frames[budget]
    bands = {
        budget: {
            row["batch_size"]: row for row in records(measured(frame, problem, ["batch_size"]))
        }
        for budget, frame in frames.items()
    }
    rows = []
    for size in sizes:
        noise = measures.gradient_noise(problem, size)
        rows.append(
            {
                "batch_size": size,
                "updates": plan_of(problem, size).batches,
                "noise": noise,
                "relative": noise / slope,
                "nanoseconds": epoch_time(problem, size, eta, quick, ran, key),
                "batch_bytes": size * (problem.d + 1) * 8,
                **{
                    f"{budget}_{part}": bands[budget][size][part]
                    for budget in bands
                    for part in ("low", "median", "high")
                },
            }
        )
    result = pd.DataFrame(rows)
    result.attrs = {"eta": eta}
    return result


def sizes_of(key: str, quick: bool) -> tuple[int, ...]:
    """The batch sizes of a problem; of many, every other one will do in a hurry."""
    sizes = SIZES[key]
    return (*sizes[:-1:2], sizes[-1]) if quick and len(sizes) > 6 else sizes


def plan_of(problem: Problem, size: int) -> plan.Plan:
    """One epoch at a batch size."""
    return plan.make(problem, size, "never", 1, False)


def epoch_time(
    problem: Problem, size: int, eta: float, quick: bool, ran: dict[str, pd.DataFrame], key: str
) -> float:
    """Nanoseconds for one trajectory's epoch, measured on one core among many trajectories."""
    many = 1024
    # As many epochs as keep a core busy for some tens of milliseconds.
    work = problem.d * (problem.n + problem.d) / 200 + plan_of(problem, size).batches
    epochs = max(1, int((3e6 if quick else 1e7) / (many * work)))
    frame = simopt.sweep(
        problem,
        simopt.SGD(eta=np.linspace(eta / 100, eta / 10, many)),
        batch_size=size,
        epochs=epochs,
        evaluate="epoch",
        threads=1,
        progress=False,
    )
    ran[f"{key}, time per epoch at batch {size}"] = frame
    return float(frame.attrs["seconds"]) / (many * epochs) * 1e9


def cost_section(setting: Setting, costs: pd.DataFrame, key: str) -> dict[str, Any]:
    """The trade-off table of a problem, with its sentence."""
    first, full = costs.iloc[0], costs.iloc[-1]
    best_epochs = least_row(costs, "epochs_median")["batch_size"]
    best_updates = least_row(costs, "updates_median")["batch_size"]
    return {
        "name": setting.name,
        "table": tables.table(
            costs,
            {
                "batch_size": Column("Batch size", lambda v: number(v)),
                "updates": Column("Updates an epoch", number),
                "noise": Column("Noise", lambda v: number(v, 3)),
                "relative": Column("Relative noise", lambda v: number(v, 2)),
                "epochs_median": Column(f"{EPOCHS[key]} epochs", small),
                "updates_median": Column(f"{UPDATES[key]} updates", small),
                "nanoseconds": Column("Epoch [ns]", lambda v: number(v, 2)),
                "batch_bytes": Column("Batch [bytes]", number),
            },
            caption=f"{setting.name}, SGD at η = {number(costs.attrs['eta'], 2)}: updates, "
            "gradient noise (also relative to the squared gradient), excess loss after equal "
            "epochs and after equal updates, time per epoch, bytes of a batch",
        ),
        "sentence": (
            f"{setting.name}, SGD at η = {number(costs.attrs['eta'], 2)}: from batch 1 to the full "
            f"batch the updates per epoch fall from {number(first['updates'])} to "
            f"{number(full['updates'])} and the noise from {number(first['relative'], 2)} times "
            f"the squared gradient to {number(full['relative'], 2)}. After {EPOCHS[key]} epochs "
            f"batch {best_epochs} has the least loss; after {UPDATES[key]} updates batch "
            f"{best_updates} has. {lucky(setting.problem, costs.attrs['eta'])}An epoch at batch "
            f"1 takes {number(first['nanoseconds'] / full['nanoseconds'], 2)} times as long as "
            f"one of the full batch."
        ),
    }


def lucky(problem: Problem, eta: float) -> str:
    """Whether a batch of two points steps from anywhere straight to the optimum, as a sentence."""
    if problem.d > 1 or problem.minimum_loss > 0:
        return ""
    squared = problem.x[:, 0] ** 2
    hits = [
        pair
        for pair in itertools.combinations(range(problem.n), 2)
        if abs(1 - 2 * eta * squared[list(pair)].mean()) < 1e-12
    ]
    shown = words.listing([f"{a + 1} and {b + 1}" for a, b in hits], "or")
    return (
        f"Batch 2 is lucky at this rate: a batch of points {shown} steps exactly onto the optimum, "
        "from anywhere. "
        if hits
        else ""
    )


# Hubble and diabetes


def by_batch_size(
    key: str, problem: Problem, quick: bool
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The excess over rates and batch sizes, at equal epochs (all seven) and equal updates.

    Returns
    -------
    DataFrame
        From `measures.bands`, with the column budget: "epochs" or "updates".
    dict
        The sweeps, by what they were.
    """
    seeds = range(5 if quick else 21)
    ratio = 10 ** (1 / (6 if quick else 12))
    sizes = sizes_of(key, quick)
    batches, whole = [size for size in sizes if size < problem.n], problem.n
    # Order does not matter to a full batch: one seed says all.
    equal_epochs = together(
        [
            simopt.sweep(
                problem,
                seven(ratio),
                batch_size=chosen,
                epochs=EPOCHS[key],
                shuffle="epoch",
                seed=of,
                progress=False,
            )
            for chosen, of in ((batches, seeds), ([whole], 0))
        ]
    )
    equal_updates = together(
        [
            simopt.sweep(
                problem,
                seven(ratio, THREE),
                batch_size=size,
                shuffle="epoch",
                epochs=max(1, round(UPDATES[key] / plan_of(problem, size).batches)),
                seed=seeds[: 11 if key == "diabetes" else None] if size < whole else 0,
                progress=False,
            )
            for size in sizes
        ]
    )
    ran = {f"{key}, equal epochs": equal_epochs, f"{key}, equal updates": equal_updates}
    table = pd.concat(
        [
            measured(frame, problem, [*KEY, "eta"]).assign(
                budget=budget, optimizer=lambda t: t["optimizer"].astype(str)
            )
            for budget, frame in (("epochs", equal_epochs), ("updates", equal_updates))
        ],
        ignore_index=True,
    )
    return table, ran


def shared_rates(curves: pd.DataFrame) -> pd.DataFrame:
    """For each method the one rate that serves all batch sizes best, at equal epochs."""
    epochs = curves[curves["budget"] == "epochs"]
    solved = epochs.assign(median=epochs["median"].clip(lower=SOLVED))
    return measures.common(solved, ["optimizer"], "batch_size")


def curve_section(
    setting: Setting, curves: pd.DataFrame, shared: pd.DataFrame, key: str
) -> dict[str, Any]:
    """Figures of the excess against batch size, at a common rate and tuned again."""
    epochs = curves[curves["budget"] == "epochs"]
    common = epochs.merge(shared[["optimizer", "eta"]], on=["optimizer", "eta"])
    again = measures.best(epochs, KEY)
    updates = measures.best(curves[curves["budget"] == "updates"], KEY)
    full = setting.problem.n
    sgd = again[again["optimizer"] == "SGD"].sort_values("batch_size")
    sizes, best_rates = sgd["batch_size"].to_numpy(float), sgd["eta"].to_numpy(float)
    upto = int(np.searchsorted(sizes, 8, side="right")) - 1
    growth = math.log(best_rates[upto] / best_rates[0]) / math.log(sizes[upto] / sizes[0])
    winners = measures.best(again, ["optimizer"], rate="batch_size")
    least = least_row(again)
    regret = records(shared.sort_values("regret"))[-1]
    edges = again[again["edge"] != ""]
    fewer = int((winners["batch_size"] < full).sum())
    paired = updates.pivot_table(index="optimizer", columns="batch_size", values="median")
    gain = paired[paired.columns.min()] / paired[full]
    return {
        "name": setting.name,
        "key": key,
        "figure": style.captioned(
            style.svg(
                curve_figure(
                    [("one rate for all batch sizes", common), ("rate tuned again", again)],
                    f"relative excess loss\nafter {EPOCHS[key]} epochs",
                ),
                title=f"{setting.name}: excess against batch size",
                alt=f"Tuned again at every batch size, {least['optimizer']} at batch "
                f"{least['batch_size']} has the least excess, {small(least['median'])}.",
            ),
            title=f"{setting.name}: loss after {EPOCHS[key]} epochs, by batch size",
            see=(
                f"Tuned at every batch size, {fewer} of {len(winners)} methods end lowest with a "
                f"batch smaller than all {full} points; the least excess of all is "
                f"{small(least['median'])}, {least['optimizer']} at batch {least['batch_size']}. "
                f"A single rate costs most for {regret['optimizer']}: "
                + (
                    f"up to {factor(regret['regret'])} times the tuned excess."
                    if math.isfinite(regret["regret"])
                    else "no rate serves all its batch sizes."
                )
            ),
        ),
        "updates": style.captioned(
            style.svg(
                curve_figure(
                    [("rate tuned again", updates)],
                    f"relative excess loss\nafter {UPDATES[key]} updates",
                    height=310,
                ),
                title=f"{setting.name}: equal updates",
                alt=f"Batch 1 to full, excess after {UPDATES[key]} updates.",
            ),
            title=f"{setting.name}: loss after {UPDATES[key]} updates, by batch size",
            see=(
                f"With the number of updates equal, so that a larger batch sees more points, the "
                f"full batch ends lower than batch 1 for {_of(int((gain > 1).sum()), len(gain))} "
                "methods: "
                + words.listing(
                    f"{name} by a factor of {factor(value)}"
                    for name, value in gain.reindex(THREE).items()
                )
                + "."
            ),
        ),
        "rates": style.captioned(
            style.svg(
                rate_figure(again),
                title=f"{setting.name}: tuned rate against batch size",
                alt=f"SGD's tuned rate grows like the batch size to the power "
                f" {words.fixed(growth, 2)}.",
            ),
            title=f"{setting.name}: the tuned rate",
            see=(
                f"Up to batch {number(sizes[upto])} SGD's best rate grows like the batch size to "
                f"the power {words.fixed(growth, 2)} (1 would be the linear scaling rule), from "
                f"{number(best_rates[0], 2)} at batch {number(sizes[0])} to "
                f"{number(best_rates[-1], 2)} at the full batch."
                + (
                    f" {words.sentence(words.count(len(edges), 'setting'))} of {len(again)} "
                    f"{'lies' if len(edges) == 1 else 'lie'} at the edge of the grid."
                    if len(edges)
                    else f" None of the {len(again)} settings lies at the edge of the grid."
                )
            ),
        ),
        "table": tables.table(
            named(again),
            {
                "optimizer": "Method",
                "batch_size": Column("Batch size", number),
                "eta": Column("Best η", lambda v: number(v, 2)),
                "median": Column("Excess, median", small),
                "low": Column("5 %", small),
                "high": Column("95 %", small),
                "edge": Column("Grid", lambda e: f"at its {e} edge" if e else ""),
            },
            caption=f"{setting.name}: the best rate at every batch size, after "
            f"{EPOCHS[key]} epochs",
        ),
        "shared": words.listing(
            f"{row['optimizer']} {number(row['eta'], 2)}" for row in records(named(shared))
        ),
    }


def curve_figure(
    panels: Sequence[tuple[str, pd.DataFrame]], label: str, height: float = 520
) -> Any:
    """Excess against batch size, a panel each, a line per method, with its band."""
    figure, grid = style.new(len(panels), 1, height=height, sharex=True, sharey=True, squeeze=False)
    every = pd.concat([panel for _, panel in panels])
    for axes, (title, panel) in zip(grid[:, 0], panels, strict=True):
        axes.set_title(title)
        for name in OPTIMIZERS:
            rows = panel[panel["optimizer"] == name].sort_values("batch_size")
            if rows.empty:
                continue
            finite = rows[np.isfinite(rows["median"])].copy()
            finite[["low", "median", "high"]] = finite[["low", "median", "high"]].clip(lower=DRAWN)
            axes.plot(finite["batch_size"], finite["median"], **style.line(name))
            high = finite["high"].replace(np.inf, 1e6)
            axes.fill_between(
                finite["batch_size"],
                finite["low"],
                high,
                color=style.look(name).color,
                alpha=0.15,
                linewidth=0,
            )
        axes.set_xscale("log", base=2)
        style.log_axis(axes.yaxis)
        style.ticks(axes.xaxis, _spread(sorted(every["batch_size"].unique())))
        axes.set_ylabel(label)
    low = every["median"].min()
    grid[-1, 0].set_ylim(max(low / 3, DRAWN / 2), 2)
    grid[-1, 0].set_xlabel("batch size [points]")
    style.legend(figure, grid[0, 0])
    return figure


def rate_figure(again: pd.DataFrame) -> Any:
    """The best rate against the batch size, a line per method."""
    figure, axes = style.new(height=330)
    for name in OPTIMIZERS:
        rows = again[again["optimizer"] == name].sort_values("batch_size")
        if not rows.empty:
            axes.plot(rows["batch_size"], rows["eta"], **style.line(name))
    axes.set_xscale("log", base=2)
    style.log_axis(axes.yaxis)
    style.ticks(axes.xaxis, _spread(sorted(again["batch_size"].unique())))
    axes.set_xlabel("batch size [points]")
    axes.set_ylabel("best learning rate η")
    style.legend(figure, axes)
    return figure


def _spread(sizes: Sequence[int], most: int = 7) -> list[int]:
    """So many of the batch sizes, the first and the last among them, that their labels fit."""
    step = -(-len(sizes) // most)
    kept = list(sizes[:-1:step])
    if len(kept) > 1 and sizes[-1] < 1.6 * kept[-1]:
        kept.pop()
    return [*kept, sizes[-1]]


# What holds

HOLDS, PARTLY, FAILS = ("holds", "good"), ("in part", "fair"), ("does not hold", "bad")


def statements(
    four: Problem,
    epoch: pd.DataFrame,
    squares: dict[str, Any],
    costs: dict[str, pd.DataFrame],
    curves: dict[str, pd.DataFrame],
) -> list[dict[str, Any]]:
    """What the document says of larger batches, and what the numbers of this page say."""
    rows: list[tuple[str, tuple[str, str], str]] = []
    noise = costs["diabetes"]
    falls = all((np.diff(cost["noise"]) < 0).all() for cost in costs.values())
    rows.append(
        (
            "Averaging lowers the noise of the gradient",
            HOLDS if falls else PARTLY,
            "tr Cov falls at every step up in batch size, on all three problems; on diabetes from "
            f"{number(noise['relative'].iloc[0], 2)} to {number(noise['relative'].iloc[-2], 2)} "
            f"times the squared gradient at batch {noise['batch_size'].iloc[-2]}, and to 0 at the "
            "full batch.",
        )
    )
    distance = epoch.pivot_table(index="optimizer", columns="batch_size", values="distance")
    slower = int((distance[4] > distance[1]).sum())
    tuned = {
        key: measures.best(table[table["budget"] == "epochs"], KEY).pivot_table(
            index="optimizer", columns="batch_size", values="median"
        )
        for key, table in curves.items()
    }
    last = {
        key: int((table[table.columns.max()] > table[table.columns.min()]).sum())
        for key, table in tuned.items()
    }
    every = slower == len(distance) and all(last[k] == len(tuned[k]) for k in tuned)
    none = slower == 0 and not any(last.values())
    rows.append(
        (
            "The full batch learns slowest per epoch",
            HOLDS if every else FAILS if none else PARTLY,
            f"On the four points at the document's rate for {_of(slower, len(distance))} methods "
            f"after one epoch. With the rate tuned again the full batch ends above batch 1 for "
            + words.listing(
                f"{_of(last[key], len(tuned[key]))} on {'diabetes' if key == 'diabetes' else key}"
                for key in tuned
            )
            + (
                ": with one weight, a tuned full batch steps straight to the optimum."
                if tuned["Hubble"].loc["SGD"].iloc[-1] < SOLVED
                else "."
            ),
        )
    )
    printed, ratio = squares["averaging"], squares["ratio"]
    rows.append(
        (
            "G grows several times more slowly with the full batch, because of averaging",
            PARTLY if ratio > 2 else FAILS,
            f"It grows {number(ratio, 3)} times more slowly per epoch at a fixed weight, but "
            f"{squares['terms']} of that is fewer updates; averaging accounts for "
            f"{number(printed, 3)}.",
        )
    )
    longer = squares["longer"]
    ends = longer.groupby("batch_size").last()
    larger = ends["effective_lr"].is_monotonic_increasing
    nearer = ends["distance"].is_monotonic_decreasing
    rows.append(
        (
            "AdaGrad keeps learning longer with larger batches",
            FAILS if not larger else HOLDS if nearer else PARTLY,
            f"Its effective rate after {squares['epochs']} epochs is "
            + words.listing(
                f"{number(rate, 2)} at batch {size}" for size, rate in ends["effective_lr"].items()
            )
            + ", but its distance from the optimum "
            + words.listing(number(gap, 3) for gap in ends["distance"])
            + ".",
        )
    )
    swing = adam_swing(four)
    steadier = swing.is_monotonic_decreasing
    rows.append(
        (
            "Adam's second moment is steadier with larger batches",
            HOLDS if steadier else FAILS,
            f"Over the first {four.n} updates the largest corrected second moment is "
            + words.listing(
                f"{number(s, 3)} times the least at batch {b}" for b, s in swing.items()
            )
            + ".",
        )
    )
    adam = epoch[epoch["optimizer"] == "Adam"]
    counted = [int(cell["steps"]["t"].iloc[-1]) for cell in records(adam)]
    rows.append(
        (
            "Adam's t counts batches, not points",
            HOLDS if counted == adam["updates"].tolist() else FAILS,
            "After one epoch t is "
            + words.listing(
                f"{t} at batch {b}" for b, t in zip(adam["batch_size"], counted, strict=True)
            )
            + ".",
        )
    )
    diabetes = tuned["diabetes"].drop(index="AdamW")
    usual = [32 <= int(size) <= 256 for size in diabetes.columns.to_list()]
    typical = diabetes.T[usual].T.min(axis="columns")
    winners, loses = diabetes.idxmin(axis="columns"), typical / diabetes.min(axis="columns")
    inside, close = int(winners.between(32, 256).sum()), int((loses <= 1.1).sum())
    rows.append(
        (
            "Batches of 32 to 256 are the best trade-off",
            HOLDS if inside == len(winners) else PARTLY if close else FAILS,
            f"On diabetes, tuned, after {EPOCHS['diabetes']} epochs, the best batch size is "
            + words.listing(f"{winners[n]} for {n}" for n in OPTIMIZERS if n in winners)
            + f"; the best in that range ends within a tenth of it for {_of(close, len(winners))} "
            f"methods, and costs them up to {number(loses.max(), 2)} times the excess. AdamW, "
            "whose weight decay keeps it from the optimum, is left out.",
        )
    )
    times = {key: c["nanoseconds"].iloc[0] / c["nanoseconds"].iloc[-1] for key, c in costs.items()}
    rows.append(
        (
            "Larger batches make an epoch faster",
            HOLDS if min(times.values()) > 1 else PARTLY if max(times.values()) > 1 else FAILS,
            "Here, one core with many trajectories side by side, a full-batch epoch is "
            + words.listing(f"{number(t, 2)} times as fast on {key}" for key, t in times.items())
            + " as one at batch 1; other machines differ.",
        )
    )
    return [
        {"statement": statement, "badge": tables.badge(*verdict), "verdict": verdict, "why": why}
        for statement, verdict, why in rows
    ]


def adam_swing(problem: Problem, updates: int | None = None) -> pd.Series:
    """Largest over least corrected second moment within the first updates, per batch size."""
    wanted = updates or problem.n
    found = {}
    for size in (1, 2, problem.n):
        epochs = -(-wanted // plan_of(problem, size).batches)
        steps = simopt.run(problem, simopt.Adam(eta=ETA), batch_size=size, epochs=epochs).steps
        moment = steps["v_hat"].iloc[:wanted]
        found[size] = float(moment.max() / moment.min())
    return pd.Series(found)


def _claims_sentence(claims: list[dict[str, Any]]) -> str:
    holds, partly, fails = (
        sum(1 for claim in claims if claim["verdict"] == verdict)
        for verdict in (HOLDS, PARTLY, FAILS)
    )
    return (
        f"Of {words.count(len(claims), 'statement')} that the document makes on batch size, "
        f"{number(holds)} {'holds' if holds == 1 else 'hold'} as measured here and "
        f"{number(partly)} in part"
        + (f"; {number(fails)} {'does' if fails == 1 else 'do'} not." if fails else ".")
    )


def findings(squares: dict[str, Any], curves: dict[str, pd.DataFrame]) -> list[str]:
    """Sentences for the overview."""
    epochs = curves["diabetes"]
    again = measures.best(epochs[epochs["budget"] == "epochs"], KEY)
    least = least_row(again)
    return [
        f"Averaging before squaring slows AdaGrad's G by a factor "
        f"{number(squares['averaging'], 3)}, not {number(squares['ratio'], 3)}: the other "
        f"{squares['terms']} is that a full batch updates once where single points update "
        f"{squares['terms']} times.",
        f"On diabetes, with the rate tuned at every batch size, {least['optimizer']} at batch "
        f"{least['batch_size']} ends lowest after {EPOCHS['diabetes']} epochs.",
    ]


def least_row(table: pd.DataFrame, value: str = "median") -> dict[str, Any]:
    """The row with the least value."""
    return records(table.sort_values(value, kind="stable").head(1))[0]


def _of(part: int, whole: int) -> str:
    """So many of so many: all seven, 5 of the seven, none of the seven."""
    shown = words.SMALL[whole] if whole < len(words.SMALL) else str(whole)
    if part == whole:
        return f"all {shown}"
    return f"{'none' if part == 0 else number(part)} of the {shown}"
