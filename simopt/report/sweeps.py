"""What the batch-size and learning-rate pages sweep alike: three problems, seven rules, rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import problems
from simopt.analysis import measures
from simopt.display.tables import Column
from simopt.ground.formatting import count, number, sentence
from simopt.problems import Problem
from simopt.rules import OPTIMIZERS
from simopt.rules.rule import Optimizer
from simopt.sweeps.sweep import sweep

#: What a setting is, when its rate is left open.
KEY = ["optimizer", "batch_size"]

#: Neighbouring rates of a fine grid differ by this factor: five of them span 5 % either way.
FINE = 1.025

#: A step along the gradient needs a small rate on large data; one divided by the gradient's size is
#: about eta long, and the optima lie at 5, 424 and 152. Each grid spans six decades.
ALONG = ("SGD", "Momentum", "Nesterov")
SPANS = {"along": (1e-5, 1e1), "scaled": (1e-3, 1e3)}


@dataclass(frozen=True)
class Setting:
    """A problem, as the report names it.

    Attributes
    ----------
    name : str
        In figures.
    problem : Problem
        What is minimised.
    unit : str
        Of the weight; empty where it has none, or where the weights differ.
    """

    name: str
    problem: Problem
    unit: str = ""


def settings() -> dict[str, Setting]:
    """The report's three problems, by key."""
    return {
        "four points": Setting("Four points", problems.four_points()),
        "Hubble": Setting("Hubble", problems.hubble(), "km/s/Mpc"),
        "diabetes": Setting("Diabetes", problems.diabetes()),
    }


def rates(low: float, high: float, ratio: float) -> NDArray[np.float64]:
    """Rates from ``low`` to ``high`` or a little above, each ``ratio`` times the one before.

    Examples
    --------
    >>> rates(1.0, 8.0, 2.0).tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    steps = math.ceil(math.log(high / low) / math.log(ratio) - 1e-9)
    return np.asarray(low * ratio ** np.arange(steps + 1), dtype=np.float64)


def seven(ratio: float, names: Sequence[str] = tuple(OPTIMIZERS)) -> list[Optimizer]:
    """Those of the seven rules, each with its six decades of rates; the rest at their defaults."""
    return [
        OPTIMIZERS[name](eta=rates(*SPANS["along" if name in ALONG else "scaled"], ratio))
        for name in names
    ]


def over_seeds(
    problem: Problem,
    optimizers: Sequence[Optimizer],
    sizes: Sequence[int],
    epochs: int,
    seeds: Sequence[int],
) -> pd.DataFrame:
    """A sweep over batch sizes, the points shuffled anew every epoch, with so many seeds.

    Order does not matter to a full batch, so there one seed says all.
    """
    batches, whole = ([s for s in sizes if s < problem.n], [s for s in sizes if s == problem.n])
    return together(
        [
            sweep(
                problem,
                optimizers,
                batch_size=chosen,
                epochs=epochs,
                shuffle="epoch",
                seed=seed,
                progress=False,
            )
            for chosen, seed in ((batches, seeds), (whole, 0))
            if chosen
        ]
    )


def together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Sweeps one below the other, their counts and times added up."""
    result = pd.concat(parts, ignore_index=True)
    result.attrs = {
        name: sum(part.attrs[name] for part in parts)
        for name in ("trajectories", "updates", "seconds", "compile_seconds")
    }
    return result


def measured(frame: pd.DataFrame, problem: Problem, by: Sequence[str]) -> pd.DataFrame:
    """Median and band of the relative excess loss, per group of a sweep."""
    with_excess = frame.assign(excess=measures.excess(frame, problem))
    return measures.bands(with_excess, by)


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its optimizers in the order of the seven, as plain text."""
    order = {name: place for place, name in enumerate(OPTIMIZERS)}
    table = table.assign(optimizer=table["optimizer"].astype(str))
    return table.sort_values(
        "optimizer", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A dict per row, its values Python's own."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def parts(table: pd.DataFrame, column: str) -> list[tuple[Any, pd.DataFrame]]:
    """(value, rows) for each value of a column, in the order of their first rows."""
    return list(table.groupby(column, sort=False, observed=True))


def least_row(table: pd.DataFrame, value: str = "median") -> dict[str, Any]:
    """The row with the least value."""
    return records(table.sort_values(value, kind="stable").head(1))[0]


#: The column of `measures.best` and `measures.tuned` that says where a grid was too narrow.
AT_EDGE = Column("Grid", lambda edge: f"at its {edge} edge" if edge else "")


def at_edge(table: pd.DataFrame) -> str:
    """How many settings lie at the edge of their grid.

    Examples
    --------
    >>> at_edge(pd.DataFrame({"edge": ["", "upper", ""]}))
    'One setting of 3 lies at the edge of the grid'
    """
    edges = int((table["edge"] != "").sum())
    return (
        f"{sentence(count(edges, 'setting'))} of {len(table)} {'lies' if edges == 1 else 'lie'} at "
        "the edge of the grid"
    )


def small(value: object) -> str:
    """A relative excess: two digits, and what lies below rounding said to be there.

    Examples
    --------
    >>> small(0.01234), small(1e-15), small(float("inf"))
    ('0.012', '< 10⁻¹⁵', 'diverged')
    """
    x = float(value)  # type: ignore[arg-type]
    if math.isinf(x):
        return "diverged"
    if x <= measures.FLOOR:
        return "< 10⁻¹⁵"
    return number(x, 2)


def factor(value: float) -> str:
    """A ratio in a sentence; beyond a million only that it is.

    Examples
    --------
    >>> factor(12.345), factor(3e9)
    ('12', 'more than a million')
    """
    return "more than a million" if value > 1e6 else number(value, 2)


def account(frames: Mapping[str, pd.DataFrame]) -> tuple[int, int, float, float]:
    """Trajectories, updates, seconds and seconds of compiling, over several sweeps."""
    attributes = [frame.attrs for frame in frames.values()]
    return (
        sum(int(each["trajectories"]) for each in attributes),
        sum(int(each["updates"]) for each in attributes),
        sum(float(each["seconds"]) for each in attributes),
        sum(float(each["compile_seconds"]) for each in attributes),
    )
