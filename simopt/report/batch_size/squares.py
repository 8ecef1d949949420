"""Averaging before squaring: how AdaGrad's G grows with the batch size, and why."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

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
    source = listing(
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
                "w": Column("w", lambda v: fixed(v, 4)),
            },
            caption="AdaGrad's G after one epoch in file order; if the weight stayed at the start "
            f"(mean over orders); and the least and most over all {squares['orders']} orders",
        ),
        "figure": style.captioned(
            style.svg(
                adagrad_figure(longer),
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
