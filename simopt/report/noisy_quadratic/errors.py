"""What the published table and the paper's bounds get wrong, each with its size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt import problems
from simopt.analysis import nqm
from simopt.analysis.nqm.leaping import NEVER
from simopt.analysis.nqm.published import SIZES, STEPS
from simopt.analysis.nqm.spectra import curvatures, directions, packed
from simopt.analysis.nqm.steps import grid, search
from simopt.analysis.nqm.theorems import ema_terms, momentum_terms
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, listing, number, out_of, percent
from simopt.report.noisy_quadratic.data import NAMES, grid_model, look, steps
from simopt.report.sweeps import records

TARGET = 0.01

#: Rates and 1 - beta of a finer grid that goes on beyond the paper's, for B = 4: powers of ten.
FINE = {"eta": (-8.0, -6.0, 60), "1 - beta": (-6.0, -4.5, 40)}


def fewest(
    algorithm: str, settings: list[tuple[float, float]], sizes: tuple[int, ...], **how: Any
) -> tuple[list[int], list[tuple[float, float]]]:
    """Fewest steps on the bins in exact arithmetic, with the settings, by batch size."""
    model = packed(directions(0.0, "authors"))
    found = search(algorithm, model, settings, np.array(sizes[::-1]), TARGET, **how)
    found = np.where(found == NEVER, np.iinfo(np.int64).max, found)
    at = found.argmin(axis=0)
    return found.min(axis=0)[::-1].tolist(), [settings[i] for i in at][::-1]


def settings_of(algorithm: str) -> list[tuple[float, float]]:
    """The paper's grid."""
    rates, memories = grid(algorithm)
    return [(float(eta), float(memory)) for eta in rates for memory in memories]


def counted(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For SGD and Momentum without preconditioner, each thing put right in turn, by batch size."""
    result = {}
    for algorithm in ("sgd", "momentum"):
        tried = settings_of(algorithm)
        rows = {
            "printed": list(STEPS[0.0, algorithm]),
            "exact": fewest(algorithm, tried, SIZES, bisected=True)[0],
            "first": fewest(algorithm, tried, SIZES, bisected=False)[0],
        }
        if algorithm == "sgd" or grid_model(frame) == "true":
            rows["true"] = steps(frame, "true", algorithm)["steps"].tolist()
        result[algorithm] = pd.DataFrame({"batch_size": SIZES, **rows})
    return result


def counted_table(found: pd.DataFrame, algorithm: str) -> Markup:
    """One of them as a table."""
    exact = "Without 10⁻⁸" if algorithm == "sgd" else "Without rounding"
    columns: dict[str, Column | str] = {
        "batch_size": Column("B", number),
        "printed": Column("Published", number),
        "exact": Column(exact, number),
        "first": Column("First below", number),
        "true": Column("Without bins", number),
    }
    return tables.table(
        found,
        {name: column for name, column in columns.items() if name in found},
        caption=f"{NAMES[algorithm]}, p = 0: the published steps, then one thing after another put "
        "right",
    )


def mistakes(frame: pd.DataFrame, found: dict[str, pd.DataFrame]) -> list[dict[str, str]]:
    """The notebook's, each with what it changes."""
    return [bins(found), guard(found), last(found), rounding(found), edge(frame)]


def bins(found: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Curvature lost."""
    h, times = curvatures("authors", 10_000)
    true = curvatures("true", 10_000)[0]
    table = found["sgd"]
    off = table["first"] / table["true"] - 1
    return {
        "what": "A hundred bins in place of the curvatures 1/i.",
        "size": f"Each curvature goes down to its bin's lower end: they add up to "
        f"{number(float(h @ times))} where {number(float(true.sum()))} is right. SGD's steps "
        f"change by {number(100 * float(off.min()), 2)} to {number(100 * float(off.max()), 2)} %.",
    }


def guard(found: dict[str, pd.DataFrame]) -> dict[str, str]:
    """The addend in SGD's denominator."""
    table = found["sgd"]
    change = table["exact"] - table["printed"]
    where = change[change != 0]
    return {
        "what": "10⁻⁸ added to 1 − (1 − ηh)², against a division by zero.",
        "size": "It takes noise away where ηh is small. "
        + (
            f"Without it {count(len(where), 'entry', 'entries')} of SGD's {len(table)} "
            f"{'grows' if len(where) == 1 else 'grow'}, by {listing(number(int(x)) for x in where)}"
            f" steps at B = {listing(number(int(b)) for b in table['batch_size'][where.index])}."
            if len(where)
            else "Without it no entry of SGD's changes."
        ),
    }


def last(found: dict[str, pd.DataFrame]) -> dict[str, str]:
    """The last above, and the bisection."""
    one, ball = found["sgd"], found["momentum"]
    more = int((one["first"] - one["exact"] == 1).sum())
    odd = ball[ball["first"] - ball["exact"] != 1]
    return {
        "what": "Steps are the last update above the target, found by bisection.",
        "size": f"The first update below is one more for {out_of(more, len(one))} batch sizes "
        "of SGD. "
        "Momentum's loss goes up and down, and a bisection, which takes it to fall only, can pass "
        "a crossing by: "
        + (
            listing(
                f"at B = {number(row['batch_size'])} the first crossing is at "
                f"{number(row['first'])}, not {number(row['exact'] + 1)}"
                for row in records(odd)
            )
            + "."
            if len(odd)
            else "here it never does."
        ),
    }


def rounding(found: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Eigenvalues that nearly coincide."""
    ball = found["momentum"]
    wrong = ball[ball["printed"] != ball["exact"]]
    return {
        "what": "Momentum's moments come from the eigenvalues of 3 × 3 matrices.",
        "size": "Where these nearly coincide, digits are lost: "
        + (
            listing(
                f"at B = {number(row['batch_size'])} exact arithmetic counts "
                f"{number(row['exact'])}, the notebook {number(row['printed'])}"
                for row in records(wrong)
            )
            + ". The other integers stand. Another processor's linear algebra rounds otherwise, "
            "and may count a neighbour."
            if len(wrong)
            else "not enough, here, to change an integer."
        ),
    }


def edge(frame: pd.DataFrame) -> dict[str, str]:
    """Beyond the grid."""
    table = steps(frame, "authors", "momentum")
    rates = np.logspace(*FINE["eta"]).tolist()
    kept = (1 - np.logspace(*FINE["1 - beta"])).tolist()
    tried = [(eta, beta) for eta in rates for beta in kept]
    (better,), ((_, beta),) = fewest("momentum", tried, (4,), bisected=False)
    before = int(table["steps"][4])
    return {
        "what": "At B = 4 Momentum's best setting lies at the edge of the grid, β = 1 − 10⁻⁵."
        if table["edge"][4]
        else "Momentum's grid holds its best setting at B = 4.",
        "size": f"A finer grid that goes on to 1 − 10⁻⁶ takes {number(better)} steps, "
        f"{percent(1 - better / before)} fewer, at 1 − β = {number(1 - beta, 2)}.",
    }


def bound_section(frame: pd.DataFrame) -> dict[str, Any]:
    """How much of its limit, which the bounds take for it, the noise has reached; B = 1024."""
    size = 1024
    model = nqm.problem(spectrum=grid_model(frame))
    # From the optimum, what there is comes of noise; its variance is the curvature.
    still = problems.noisy_quadratic(model.l2, model.l2, w0=0.0)
    figure, axes = style.new(height=330)
    told = []
    for algorithm, terms, name in (
        ("momentum", momentum_terms, "beta"),
        ("ema", ema_terms, "gamma"),
    ):
        row = steps(frame, grid_model(frame), algorithm).to_dict("index")[size]
        eta, memory, found = float(row["eta"]), float(row["memory"]), int(row["steps"])
        level = terms(model, 1, eta, memory, size)[1]
        at = np.unique(np.geomspace(1, 2 * found, 80).astype(int))
        setting: dict[str, Any] = {"eta": eta, "batch_size": size, name: memory}
        share = nqm.expected_loss(still, at, **setting) / level
        axes.plot(at / found, 100 * share, **look(algorithm, marker=""))
        tenth = float(nqm.expected_loss(still, found // 10, **setting)) / level
        told.append(f"{percent(tenth)} of it for {NAMES[algorithm]}")
    axes.axhline(100, color=style.INK, linestyle=":", linewidth=1.2, label="in the bound")
    axis_ticks.log_axis(axes.xaxis)
    axes.set_xlabel("update t over steps to target")
    axes.set_ylabel("noise in the loss [% of its limit]")
    figure.legend(loc="outside lower center", ncols=3)
    title = f"Noise in the exact loss and in the bound, B = {number(size)}"
    see = (
        "The bound has all of the noise from the first update on. A tenth of the way to the "
        f"target there is {listing(told)}: the bound is reached only as t grows."
    )
    return {
        "figure": style.captioned(style.svg(figure, title=title, alt=see), title=title, see=see),
        "sentence": noise_seen(frame),
    }


def noise_seen(frame: pd.DataFrame) -> str:
    """How much of its level the noise has at the target, and what the bound would count."""
    model = nqm.problem(spectrum=grid_model(frame))
    table = steps(frame, grid_model(frame), "momentum")
    over = {}
    for size in SIZES:
        row = table.loc[size]
        left, level = momentum_terms(
            model, int(row["steps"]) + 1, float(row["eta"]), float(row["memory"]), size
        )
        exact = float(
            nqm.expected_loss(
                model, int(row["steps"]) + 1, eta=float(row["eta"]), batch_size=size,
                beta=float(row["memory"]),
            )
        )  # fmt: skip
        over[size] = (left + level) / exact - 1
    worst = max(over, key=lambda size: over[size])
    return (
        "At Momentum's best settings the bound is close by the time the target is reached: at "
        f"most {percent(over[worst])} above the exact loss, at B = {number(worst)}. Its first "
        "term, what is left of the start, is exact; for SGD all of it is."
    )
