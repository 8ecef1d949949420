"""Counter-examples of the literature, each at work in a small figure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from simopt import schedules
from simopt.analysis.stability import counterexamples
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import fixed, listing, number, percent
from simopt.problems import four_points
from simopt.rules import OPTIMIZERS, SGD, AdaGrad, Adam, AMSGrad, Momentum
from simopt.sweeps.sweep import sweep
from simopt.training.stepper import Stepper


def reddi(quick: bool) -> tuple[Any, list[pd.DataFrame], dict[str, float]]:
    """Adam and AMSGrad in a box, on a convex problem whose rare large gradients Adam forgets."""
    epochs = 1000 if quick else 10_000
    problem = counterexamples.constant_gradients([1010.0] + [-10.0] * 100)
    rules = {
        rule.__name__: rule(eta=0.5, beta1=0.9, beta2=0.99, epsilon=0.0, bias_correction=False)
        for rule in (Adam, AMSGrad)
    }
    ran, ends = [], {}
    figure, axes = style.new(height=240)
    for (name, rule), color in zip(rules.items(), (style.PURPLE, style.GREEN), strict=True):
        frame = sweep(
            problem, rule, epochs=epochs, schedule=schedules.inverse_sqrt(), box=(-1.0, 1.0),
            divergence=None, evaluate="epoch", record="epochs", progress=False,
        )  # fmt: skip
        t = 101 * frame["epoch"].to_numpy()
        shown = np.unique(np.geomspace(1, len(t), 300).astype(int)) - 1
        axes.plot(
            t[shown], frame["w"].to_numpy()[shown], color=color, label=name,
            linestyle="-" if name == "Adam" else (0, (5, 1.5)),
        )  # fmt: skip
        ends[name] = float(frame["w"].iloc[-1])
        ran.append(frame)
    axis_ticks.log_axis(axes.xaxis)
    axes.axhline(-1, color=style.MUTED, linewidth=0.8, linestyle=":")
    axes.set_xlabel("update")
    axes.set_ylabel("w, once a round of 101")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    markup = style.captioned(
        style.svg(
            figure,
            title="Reddi, Kale and Kumar",
            alt=f"Adam ends at {number(ends['Adam'], 3)}, AMSGrad at {number(ends['AMSGrad'], 3)}.",
        ),
        title="Adam goes the wrong way (Reddi, Kale and Kumar 2018)",
        see=(
            "Losses 1010 w once in 101 updates, −10 w otherwise, w kept in [−1, 1], rate 0.5/√t: "
            f"the best point is −1. After {number(101 * epochs)} updates Adam is at "
            f"{number(ends['Adam'], 3)}, AMSGrad, which forgets no large gradient, at "
            f"{number(ends['AMSGrad'], 3)}."
        ),
    )
    return markup, ran, ends


def theorem(constants: tuple[float, ...] = (2.5, 3.0, 10.0, 1010.0)) -> tuple[Any, int]:
    """Theorem 1: back at the worst point after every third update, for any C above 2."""
    rows, wrong = [], 0
    for c in constants:
        beta2 = 1 / (1 + c * c)
        frame = sweep(
            counterexamples.constant_gradients([c, -1.0, -1.0], w0=1.0),
            Adam(eta=0.9 * math.sqrt(1 - beta2), beta1=0.0, beta2=beta2, epsilon=0.0,
                        bias_correction=False),
            epochs=3000, schedule=schedules.inverse_sqrt(), box=(-1.0, 1.0), divergence=None,
            evaluate="epoch", record="steps", progress=False,
        )  # fmt: skip
        w = frame["w"].to_numpy()
        regret = np.resize([c, -1.0, -1.0], len(w)) * (np.append(1.0, w[:-1]) + 1.0)
        away = int((w[2::3] != 1.0).sum())
        wrong += away
        rows.append({"C": c, "away": away, "regret": regret.mean(), "theory": (2 * c - 4) / 3})
    return tables.table(
        pd.DataFrame(rows),
        {
            "C": Column("C", number),
            "away": Column("Third updates not at 1", number),
            "regret": Column("Regret per update", lambda v: number(v, 5)),
            "theory": Column("(2 C − 4) / 3", lambda v: number(v, 5)),
        },
        caption="Gradients C, −1, −1 in turn, β₁ = 0, β₂ = 1 / (1 + C²), from 1 in [−1, 1]: where "
        "Adam is after every third of 9,000 updates",
    ), wrong


def wilson(updates: int = 300) -> dict[str, Any]:
    """Least squares on which adaptive methods answer +1 always."""
    labels = np.where(np.random.default_rng(2017).random(32) < 0.7, 1.0, -1.0)
    fresh = np.where(np.random.default_rng(2018).random(100_000) < 0.7, 1.0, -1.0)
    problem = counterexamples.wilson(labels)
    largest = float(np.linalg.eigvalsh(problem.hessian).max())
    runs = {"SGD": OPTIMIZERS["SGD"](eta=1.5 / largest)} | {
        name: OPTIMIZERS[name](eta=eta, epsilon=0.0)
        for name, eta in (("AdaGrad", 0.1), ("RMSprop", 0.001), ("Adam", 0.001))
    }
    names = [f"w_{k}" for k in range(problem.d)]
    rows = []
    for name, optimizer in runs.items():
        frame = sweep(
            problem, optimizer, batch_size="full", epochs=updates,
            divergence=None, progress=False, record="epochs",
        )  # fmt: skip
        w = frame[names].to_numpy()
        # A new point's own block has no weight yet: its answer is w_1 y + w_2 + w_3.
        answers = np.sign(w[-1, 0] * fresh + w[-1, 1] + w[-1, 2])
        rows.append(
            {
                "optimizer": name,
                "loss": problem.loss(w[-1]),
                "spread": float(np.ptp(np.abs(w), axis=1).max()),
                "right": float((answers == fresh).mean()),
                "plus": float((answers > 0).mean()),
            }
        )
    table = pd.DataFrame(rows)
    positive = float((fresh > 0).mean())
    adaptive = table[table["optimizer"] != "SGD"]
    plus, minus = counterexamples.wilson_dual(int((labels > 0).sum()), int((labels < 0).sum()))
    shortest = problem.x.T @ np.where(labels > 0, plus, minus)
    assert problem.minimizer is not None
    return {
        "sentence": (
            f"{listing(adaptive['optimizer'])} move all {problem.d} weights by the same "
            "amount: their sizes differ by at most "
            f"{number(adaptive['spread'].max(), 1)} at any of {updates} updates. "
            "While they fit the "
            f"{len(labels)} points, they are right on {percent(adaptive['right'].min(), 4)} of "
            f"{number(len(fresh))} new ones, which is the share that has label 1 "
            f"({percent(positive, 4)}); gradient descent is right on "
            f"{percent(table['right'].iloc[0], 4)}. Its limit, the shortest solution, has a "
            "closed form, which the least-squares solver meets to "
            f"{number(float(np.abs(problem.minimizer - shortest).max()), 1)}."
        ),
        "table": tables.table(
            table,
            {
                "optimizer": "Optimizer",
                "loss": Column("Loss on its points", lambda v: number(v, 2)),
                "spread": Column("Largest |w| less least", lambda v: number(v, 2)),
                "plus": Column("Answers 1", lambda v: percent(v, 4)),
                "right": Column("Right on new points", lambda v: percent(v, 4)),
            },
            caption=f"Wilson et al.: {len(labels)} points, {problem.d} weights, full batch",
        ),
        "right": {row["optimizer"]: row["right"] for row in rows},
    }  # fmt: skip


def lessard() -> Any:
    """Heavy ball, best on quadratics, in a cycle of three on a convex function."""
    starts, updates = (3.3, 3.05, 0.9), 60
    momentum = Momentum(
        eta=float(counterexamples.LESSARD_ETA), beta=float(counterexamples.LESSARD_BETA)
    )
    figure, axes = style.new(height=260)
    ends = {}
    looks = zip(
        starts, (style.VERMILLION, style.BLUE, style.GREEN), "os^", ("-", (0, (5, 1.5)), ":"),
        strict=True,
    )  # fmt: skip
    for start, color, mark, line in looks:
        stepper, seen = Stepper(momentum, [start]), [start]
        for _ in range(3000):
            stepper.step([counterexamples.lessard_gradient(stepper.weights[0])])
            seen.append(stepper.weights[0])
        axes.plot(
            seen[:updates], color=color, marker=mark, linestyle=line, linewidth=1, markersize=3.5,
            label=f"from {start}",
        )  # fmt: skip
        ends[start] = seen
    cycle = [float(point) for point in counterexamples.lessard_cycle()]
    for point in cycle:
        axes.axhline(point, color=style.MUTED, linewidth=0.8, linestyle=":")
    axes.set_xlabel("update")
    axes.set_ylabel("x")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    off = {
        start: max(min(abs(x - point) for point in cycle) for x in seen[-3:])
        for start, seen in ends.items()
    }
    caught = [start for start in starts if off[start] < 1e-9]
    rest = [start for start in starts if abs(ends[start][-1]) < 1e-9]
    exact = listing(str(point) for point in counterexamples.lessard_cycle())
    grid = np.linspace(3.0, 3.6, 61)
    return style.captioned(
        style.svg(
            figure,
            title="Lessard, Recht and Packard",
            alt=f"From {listing(caught)} heavy ball ends in a cycle of three points.",
        ),
        title="Heavy ball finds no rest (Lessard, Recht and Packard 2016)",
        see=(
            "A convex function with curvatures 25, 1 and 25, its minimum at 0, and heavy ball at "
            f"the best setting for them. From {listing(caught)} it ends in the cycle "
            f"{exact.replace('-', style.MINUS)} (dotted), to "
            f"{number(max(off[s] for s in caught), 1)}"
            + (f"; from {listing(rest)} it reaches the minimum." if rest else ".")
            + f" {attracted(grid, momentum, cycle)}"
        ),
    )


def attracted(grid: Any, momentum: Any, cycle: list[float]) -> str:
    """Which starts of a grid end in the cycle."""
    caught = []
    for start in grid:
        stepper = Stepper(momentum, [float(start)])
        for _ in range(1500):
            stepper.step([counterexamples.lessard_gradient(stepper.weights[0])])
        if min(abs(stepper.weights[0] - point) for point in cycle) < 1e-9:
            caught.append(float(start))
    return (
        f"Of {len(grid)} starts from {number(grid[0])} to {number(grid[-1])}, those from "
        f"{number(min(caught), 3)} to {number(max(caught), 3)} end there"
        + ("." if len(caught) == round((max(caught) - min(caught)) / (grid[1] - grid[0])) + 1
           else ", with gaps.")
    )  # fmt: skip


def cone() -> tuple[Any, pd.DataFrame]:
    """How far news have travelled along a chain, method by method."""
    d, kappa = 32, 30.0
    chain = counterexamples.light_cone(d, kappa)
    frame = sweep(
        chain,
        [make(eta=0.05) for make in OPTIMIZERS.values()],
        batch_size="full", epochs=d, record="epochs", divergence=None, progress=False,
    )  # fmt: skip
    weights = frame[[f"w_{k}" for k in range(d)]].to_numpy().reshape(len(OPTIMIZERS), d, d)
    behind = np.arange(d)[None, :] > np.arange(d)[:, None]
    exact = int((weights[:, behind] == 0.0).sum())
    total = int(behind.sum()) * len(OPTIMIZERS)
    moved = int((weights[:, ~behind] != 0.0).sum())
    figure, axes = style.new(height=260)
    for name, each in zip(OPTIMIZERS, weights, strict=True):
        axes.plot(
            np.arange(1, d + 1), np.where(each[15] == 0, np.nan, np.abs(each[15])),
            **style.line(name, markersize=4),
        )  # fmt: skip
    assert chain.minimizer is not None
    axes.plot(np.arange(1, d + 1), chain.minimizer, color=style.MUTED, linewidth=1, label="optimum")
    axes.axvline(16.5, color=style.MUTED, linewidth=0.8, linestyle=":")
    axis_ticks.log_axis(axes.yaxis, 6)
    axes.set_ylim(1e-12, 2)
    axes.set_xlabel("weight along the chain")
    axes.set_ylabel("|w| after 16 updates")
    style.legend(figure, axes)
    return style.captioned(
        style.svg(
            figure,
            title="The light cone",
            alt=f"After 16 updates nothing behind weight 16 has moved; {number(exact)} of "
            f"{number(total)} such weights are exactly 0.",
        ),
        title="News travel one weight an update (Nesterov's chain)",
        see=(
            f"A gradient of this chain links neighbours alone. Over {d} updates of the "
            f"{len(OPTIMIZERS)} methods, {number(exact)} of the {number(total)} weights that news "
            "cannot have reached are exactly 0, and "
            f"{number(moved)} of the {number((~behind).sum() * len(OPTIMIZERS))} others are "
            "not. No such method, however clever, is faster than that."
        ),
    ), frame  # fmt: skip


def adagrad(quick: bool) -> tuple[Any, pd.DataFrame]:
    """AdaGrad under a constant gradient: steps fade, the way is endless."""
    counts = [10**k for k in range(1, 6 if quick else 7)]
    frame = sweep(
        counterexamples.constant_gradients([1.0]),
        AdaGrad(eta=0.1, epsilon=0.0),
        epochs=counts, divergence=None, evaluate="epoch", progress=False,
    )  # fmt: skip
    way = -frame["w"].to_numpy()
    series = 0.1 * counterexamples.adagrad_travel(counts)
    figure, axes = style.new(height=230)
    t = np.geomspace(1, counts[-1], 200)
    axes.plot(t, 0.1 * counterexamples.adagrad_travel(t), color=style.GREEN, label="series")
    axes.plot(counts, way, "^", color=style.INK, label="simulated", markeredgecolor=style.PAPER)
    axes.plot(t, 0.1 / np.sqrt(t), color=style.GREEN, linestyle=":", label="one step")
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.log_axis(axes.yaxis, 6)
    axes.set_xlabel("update t")
    axes.set_ylabel("way, and one step")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return style.captioned(
        style.svg(
            figure,
            title="AdaGrad's way",
            alt=f"After {number(counts[-1])} equal gradients AdaGrad has gone "
            f"{number(way[-1], 9)}.",
        ),
        title="AdaGrad slows down and never stops",
        see=(
            "Under a constant gradient, whatever its size, update t moves the weight by η/√t, and "
            "all of them by η (2√t + ζ(1/2) + 1/(2√t) − …), which has no end. At η = 0.1 and "
            f"t = {number(counts[-1])} that is {fixed(series[-1], 9)}, and the simulation is "
            f"{number(abs(way[-1] - series[-1]), 1)} from it."
        ),
    ), frame  # fmt: skip


def shuffles(quick: bool) -> tuple[str, pd.DataFrame]:
    """SGD at batch 1 on the four points: one value for all orders."""
    seeds = 20_000 if quick else 1_000_000
    frame = sweep(four_points(), SGD(eta=0.1), shuffle="once", seed=range(seeds), progress=False)
    spread = float(frame["w"].max() - frame["w"].min())
    return (
        f"Labels that agree leave SGD at batch 1 without a choice: an update multiplies the error "
        f"by 1 − 2ηx², and factors commute. {number(seeds)} shuffles of the four points at "
        f"η = 0.1 end at w = {fixed(frame['w'].median(), 4)}, "
        + (f"the farthest two {number(spread, 2)} apart." if spread else "equal to the last bit.")
    ), frame
