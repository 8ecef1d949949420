"""The exact value of everything that the document prints, from its problem and the rules.

Nothing is typed in but the settings: rate 0.1, the rules' defaults otherwise, the points in file
order. A worked cell is one update of `simopt.run`; what a run does not record (an error, a root)
follows from what it does by the formulas.
"""

from __future__ import annotations

import math
from functools import cache

import pandas as pd

from simopt import problems
from simopt.document import formulas
from simopt.document.printed import Printed
from simopt.ground import checks
from simopt.rules import OPTIMIZERS
from simopt.rules.rule import Optimizer
from simopt.training.run import run

#: The document's learning rate.
ETA = 0.1

#: The warm-up of the document's code example: from this share of the default rate to all of it.
WARM_UP = (0.1, 1.0)

#: What the columns of a run are called in the document.
COLUMNS = {
    "gradient": formulas.GRADIENT,
    "w": formulas.NEW_W,
    "v": "v",
    "G": "G",
    "Eg2": "E[g^2]",
    "m": "m",
    "m_hat": "m_hat",
    "v_hat": "v_hat",
    "t": "t",
    "effective_lr": formulas.RATE,
}


def optimizer(method: str) -> Optimizer:
    """One of the document's methods, with its settings."""
    return OPTIMIZERS[method](eta=ETA)


def settings(method: str) -> dict[str, float]:
    """Its hyperparameters."""
    return {name: checks.number(name, value) for name, value in optimizer(method).settings.items()}


def optimum() -> float:
    """The weight that fits all points."""
    best = problems.four_points().optimum
    assert best is not None
    return float(best[0])


@cache
def steps(method: str, batch_size: int, epochs: int = 1) -> pd.DataFrame:
    """The updates of the document's walk."""
    walk = run(problems.four_points(), optimizer(method), batch_size=batch_size, epochs=epochs)
    return walk.steps


def distance(method: str, batch_size: int, updates: int) -> float:
    """From the optimum, after so many updates."""
    epochs = math.ceil(updates * batch_size / problems.four_points().n)
    w = steps(method, batch_size, epochs)["w"].iloc[updates - 1]
    return abs(float(w) - optimum())


@cache
def known(method: str, batch_size: int, step: int) -> dict[str, float]:
    """What a cell starts from: its points, settings and state, and what the run recorded."""
    problem = problems.four_points()
    frame = steps(method, batch_size)
    values = settings(method)
    values["optimum"] = optimum()
    first = (step - 1) * batch_size
    for j in range(batch_size):
        of = f" of batch point {j + 1}" if batch_size > 1 else ""
        values["x" + of] = float(problem.x[first + j, 0])
        values["y" + of] = float(problem.y[first + j])
    for column, name in COLUMNS.items():
        if column in frame:
            values[name] = float(frame[column].iloc[step - 1])
    for before, after in formulas.CARRIED.items():
        if step > 1 and after in values:
            values[before] = known(method, batch_size, step - 1)[after]
        elif step == 1:
            values[before] = float(problem.w0[0]) if before == formulas.W else 0.0
    return values


@cache
def of_cell(method: str, batch_size: int, step: int, quantity: str) -> float:
    """A quantity of one update."""
    values = known(method, batch_size, step)
    if quantity in values:
        return values[quantity]
    definition = formulas.table(method, batch_size)[quantity][0]
    return float(
        definition.compute(
            *(of_cell(method, batch_size, step, name) for name in definition.operands)
        )
    )


@cache
def elsewhere() -> dict[str, float]:
    """The quantities that belong to no cell: definitions, comparisons, counts."""
    problem = problems.four_points()
    beta = settings("Momentum")["beta"]
    rho, beta1 = settings("RMSprop")["rho"], settings("Adam")["beta1"]
    default = OPTIMIZERS["Adam"]().rule.defaults["eta"]
    values = {
        "100*beta": 100 * beta,
        "100*rho": 100 * rho,
        "100*(1-rho)": 100 * (1 - rho),
        "effective window 1/(1-rho)": 1 / (1 - rho),
        "100*rho^10": 100 * rho**10,
        "1-beta1": 1 - beta1,
        "1-beta1^1": 1 - beta1**1,
        "limit of 1-beta1^t": 1 - beta1**math.inf,
        "100*E1/G1": 100 * of_cell("RMSprop", 1, 1, "E[g^2]") / of_cell("AdaGrad", 1, 1, "G"),
        "LinearLR start rate": WARM_UP[0] * default,
        "LinearLR end rate": WARM_UP[1] * default,
        # All gradients side by side, then one update: the box's own way of counting.
        "operations of the full-batch box": 1 + len(steps("SGD", problem.n)),
    }
    for size in (1, 2, problem.n):
        values[f"updates per epoch, batch {size}"] = len(steps("SGD", size))
    for t in steps("Adam", 1, epochs=2)["t"]:
        values[f"Adam's t in epoch 2 (step {t})"] = float(t)
    return {name: float(value) for name, value in values.items()}


def signed(row: Printed) -> float:
    """The exact value behind a printed number, with its own sign."""
    if row.quantity in elsewhere():
        return elsewhere()[row.quantity]
    assert row.batch_size is not None
    assert row.step is not None
    return of_cell(row.method, row.batch_size, row.step, row.quantity)


def exact(row: Printed) -> float:
    """The exact value in the form in which the document prints it."""
    return row.as_printed(signed(row))
