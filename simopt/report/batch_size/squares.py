"""Averaging before squaring: how AdaGrad's G grows with the batch size, and why."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.analysis import measures
from simopt.display import style, tables
from simopt.display.tables import Column
from simopt.document.quantities import ETA
from simopt.ground.formatting import fixed, listing, number
from simopt.problems import Problem
from simopt.report.sweeps import parts, records
from simopt.rules import AdaGrad
from simopt.training.run import run


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
                run(problem, AdaGrad(eta=ETA), batch_size=size, order=[order]).steps["G"].iloc[-1]
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
        steps = run(problem, AdaGrad(eta=ETA), batch_size=size, epochs=epochs).steps
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


def squares_section(squares: dict[str, Any], audit: pd.DataFrame) -> dict[str, Any]:
    """Sentences, tables and a figure about squares of means."""
    return {
        "fixed": (
            f"At the start, with the weight held there, the {squares['terms']} squared gradients "
            f"add up to {number(squares['sum'])}, and the square of their mean is "
            f"{number(squares['square'])}: a ratio of {number(squares['ratio'], 3)}. "
            + why_printed_differs(audit)
            + f"Of that ratio a factor {squares['terms']} only says that one batch contributes one "
            f"term where {squares['terms']} points contribute {squares['terms']}; averaging before "
            f"squaring contributes the factor {number(squares['averaging'], 3)}."
        ),
        "fixed_table": printed_table(squares, audit),
        "moving": (
            "In an epoch that really runs, the weight moves and later gradients shrink: G at batch "
            f"1 is {number(squares['real'], 3)} times that of the full batch, which is "
            f"{squares['terms']} (terms) × {number(squares['averaging'], 3)} (averaging) × "
            f"{number(squares['moving'], 2)} (the weight moved). Per update the ratio is "
            f"{number(squares['real'] / squares['terms'], 3)}."
        ),
        "moving_table": tables.table(
            squares["table"],
            {
                "batch_size": "Batch size",
                "terms": Column("Updates", number),
                "fixed": Column("G if w stayed", lambda v: number(v)),
                "G": Column("G", lambda v: number(v, 5)),
                "G_each": Column("G per update", number),
                "least": Column("Least", number),
                "most": Column("Most", number),
                "rate": Column("Effective rate", lambda v: number(v, 3)),
                "w": Column("w", lambda v: fixed(v, 4)),
            },
            caption="AdaGrad's G after one epoch in file order; if the weight stayed at the start "
            f"(mean over orders); and the least and most over all {squares['orders']} orders",
        ),
        "figure": longer_figure(squares["longer"], squares["epochs"]),
    }


def why_printed_differs(audit: pd.DataFrame) -> str:
    """The sentence on squared gradients that the document prints wrong; empty if there are none."""
    wrong = audit[audit["quantity"].str.startswith("squared gradient of point")]
    wrong = wrong[wrong["verdict"] != "exact"].drop_duplicates("quantity")
    source = listing(
        f"it squares point {row['quantity'].split(' point ')[1].split()[0]}'s gradient to "
        f"{row['printed']} where {number(row['exact'])} is right"
        for row in records(wrong)
    )
    return f"The document's figures differ because {source}. " if source else ""


def printed_table(squares: dict[str, Any], audit: pd.DataFrame) -> Markup:
    """Squares at the start, as the document prints them and exactly."""
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
    return tables.table(
        pd.DataFrame(rows),
        {"label": "At w = 3", "printed": "printed", "exact": Column("exact", number)},
        caption="Squares of gradients at the start, as printed and exact",
    )


def longer_figure(longer: pd.DataFrame, epochs: int) -> Markup:
    """AdaGrad over many epochs, by batch size: the effective rate, and what it leaves to go."""
    ends = longer.groupby("batch_size").last()
    rate, distance = ends["effective_lr"], ends["distance"]
    fastest, slowest = rate.idxmax(), rate.idxmin()
    farthest, nearest = distance.idxmax(), distance.idxmin()
    # Equal updates: as many as the full batch makes in all epochs.
    few = longer[longer["step"] == epochs].set_index("batch_size")["distance"]
    if nearest == fastest:
        see = (
            f"After {epochs} epochs batch {fastest} has both the largest effective rate "
            f"({number(rate.max(), 2)}) and the smallest distance ({number(distance.min(), 3)})."
        )
    else:
        see = (
            f"After {epochs} epochs the effective rate is largest at batch {fastest} "
            f"({number(rate.max(), 2)} against {number(rate.min(), 2)} at batch {slowest}), "
            f"{'yet' if fastest == farthest else 'and'} batch {farthest} is farthest from the "
            f"optimum ({number(distance.max(), 3)} against {number(distance.min(), 3)} at batch "
            f"{nearest}): a larger step does not make up for fewer of them. "
            f"After the same {epochs} updates each, batch {few.idxmin()} is nearest "
            f"({number(few.min(), 3)})."
        )
    return style.captioned(
        style.svg(
            adagrad_figure(longer),
            title="AdaGrad by batch size",
            alt=f"After {epochs} epochs batch {fastest} has the largest effective rate, and batch "
            f"{farthest} is farthest from the optimum.",
        ),
        title=f"AdaGrad for {epochs} epochs, by batch size",
        see=see,
    )


def adagrad_figure(longer: pd.DataFrame) -> Any:
    """The effective rate and the distance from the optimum over epochs."""
    figure, (top, bottom) = style.new(2, 1, height=400, sharex=True)
    for (size, steps), (color, line) in zip(
        parts(longer, "batch_size"), style.BY_SIZE, strict=True
    ):
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
