"""Adaptive methods on one curvature: a threshold, cycles and bursts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from simopt.analysis import stability
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import fixed, number, out_of, percent
from simopt.report.sweeps import parts
from simopt.rules import Adam, RMSprop
from simopt.sweeps.sweep import sweep
from simopt.training.stepper import Stepper

#: Weights so small that Adam's divisor is its epsilon, 1, to the last bit.
TINY = 1e-100


def frozen(quick: bool) -> tuple[dict[str, Any], list[pd.DataFrame]]:
    """Adam with a divisor that does not change: at which rate it begins to grow."""
    beta1 = [0.0, 0.5, 0.9, 0.95]
    rows, ran = [], []
    for b in beta1:
        limit = float(stability.limit("EMA momentum", b))
        rates = limit * (1 + 1e-3 * np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]))
        frame = sweep(
            stability.quadratic(1.0, w0=TINY),
            Adam(eta=rates, beta1=b, epsilon=1.0),
            batch_size="full",
            epochs=20_000 if quick else 60_000,
            divergence=None,
            progress=False,
        )
        grown = (np.abs(frame["w"]) > TINY).to_numpy()
        rows.append(
            {
                "beta1": b,
                "limit": limit,
                "settles": rates[~grown].max() / limit - 1,
                "grows": rates[grown].min() / limit - 1,
            }
        )
        ran.append(frame)
    table = pd.DataFrame(rows)
    right = int(((table["settles"] < 0) & (table["grows"] > 0)).sum())
    nine = table.set_index("beta1").loc[0.9]
    return {
        "sentence": (
            "Adam divides by the root of v. Hold that fixed, and what is left is a fading mean of "
            "gradients: stable while rate × curvature / √v is below 2 (1 + β₁) / (1 − β₁), "
            f"{number(nine['limit'])} at β₁ = 0.9. Adam itself, on a weight so small that ε is "
            f"all its divisor, turns there in {out_of(right, len(table))} cases, to a tenth "
            "of a percent."
        ),
        "table": tables.table(
            table,
            {
                "beta1": Column("β₁", number),
                "limit": Column("Limit", lambda v: number(v, 6)),
                "settles": Column("Settles at", percent_off),
                "grows": Column("Grows at", percent_off),
            },
            caption="The largest rate at which Adam with a frozen divisor settles and the smallest "
            "at which it grows, from the limit",
        ),
    }, ran  # fmt: skip


def percent_off(value: object) -> str:
    """A share above or below, in percent with its sign.

    Examples
    --------
    >>> percent_off(0.001), percent_off(-0.001)
    ('+0.1 %', '−0.1 %')
    """
    x = 100 * float(value)  # type: ignore[arg-type]
    return f"{'+' if x > 0 else ''}{number(x, 3)} %"


#: RMSprop's epsilon in the figure, in both places.
EPSILON = 1e-4


def cycles(quick: bool) -> tuple[Any, pd.DataFrame, dict[str, float]]:
    """Where RMSprop ends on w^2 / 2, by rate, with epsilon inside and outside the root."""
    rates = np.geomspace(1e-5, 1.0, 41 if quick else 121)
    frame = sweep(
        stability.quadratic(1.0, w0=1e-3),
        [
            RMSprop(eta=rates, rho=[0.5, 0.9], epsilon=EPSILON, epsilon_place=place)
            for place in ("inside", "outside")
        ],
        batch_size="full",
        epochs=40_000 if quick else 200_000,
        divergence=None,
        evaluate="epoch",
        progress=False,
    )
    frame["place"] = np.repeat(["inside", "outside"], 2 * len(rates))
    frame["formula"] = [
        stability.rmsprop_cycle(eta, epsilon=EPSILON, epsilon_place=place)
        for eta, place in zip(frame["eta"], frame["place"], strict=True)
    ]
    frame["size"] = frame["w"].abs()
    on = frame[(frame["formula"] > 0) & (frame["rho"] == 0.9)]
    error = float((on["size"] / on["formula"] - 1).abs().max())
    below = frame[(frame["formula"] == 0) & (frame["rho"] == 0.9)]
    figure, axes = style.new(height=290)
    for (place, rows), color, mark in zip(
        parts(on, "place"), (style.SKY, style.VERMILLION), "ov", strict=True
    ):
        fine = np.geomspace(1e-5, 1.0, 2000)
        line = [stability.rmsprop_cycle(e, epsilon=EPSILON, epsilon_place=place) for e in fine]
        axes.plot(fine, np.where(np.array(line) > 0, line, np.nan), color=color, linewidth=1.4)
        axes.plot(
            rows["eta"], rows["size"], mark, color=color, markersize=4.5,
            label=f"ε {place} the root", markeredgecolor=style.PAPER, markeredgewidth=0.5,
        )  # fmt: skip
        edge = 2 * math.sqrt(EPSILON) if place == "inside" else 2 * EPSILON
        axes.axvline(edge, color=color, linewidth=0.9, linestyle=":")
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.log_axis(axes.yaxis)
    axes.set_xlim(1e-5, 1.0)
    axes.set_ylim(1e-5, 1.0)
    axes.set_xlabel("learning rate η")
    axes.set_ylabel("|w| at the end")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    told = {"error": error, "left": float(below["size"].max()), "settled": len(below)}
    return style.captioned(
        style.svg(
            figure,
            title="RMSprop ends in a cycle",
            alt=f"Above its edge RMSprop ends at the formula's distance, to {number(error, 1)}.",
        ),
        title=f"RMSprop on w² / 2, ρ = 0.9, ε = {number(EPSILON)}: how far off it ends",
        see=(
            "RMSprop ends by jumping between two weights. Marks are where it ended, lines are "
            f"|w| = √(η²/4 − ε) (inside) and η/2 − ε (outside): they agree to {number(error, 1)}. "
            f"Left of its dotted line, at η = 2√ε = {number(2 * math.sqrt(EPSILON))} or "
            f"2ε = {number(2 * EPSILON)}, it converges: the {len(below)} settings there end "
            f"within {number(told['left'], 1)} of the optimum. ε decides, and where it stands "
            "decides by how much."
        ),
    ), frame, told  # fmt: skip


def bursts(quick: bool) -> tuple[Any, dict[str, float]]:
    """Adam at a constant rate: the weight and the sharpness, update by update."""
    updates = 20_000 if quick else 100_000
    stepper = Stepper(Adam(eta=1.0, epsilon=0.0), [1.0])
    far, sharp = np.empty(updates), np.empty(updates)
    for k in range(updates):
        stepper.step([stepper.weights[0]])
        far[k], sharp[k] = abs(stepper.weights[0]), 1 / math.sqrt(stepper.state[0][1])
    late = slice(updates // 10, None)
    told = {
        "mean": float(sharp[late].mean()),
        "weight": float(far[late].mean()),
        "burst": float(far[late].max()),
        "multiplier": stability.adam_multiplier(),
        "critical": stability.adam_critical_beta1(),
        "cycle": stability.adam_cycle(1.0),
        "updates": float(updates),
    }
    limit = float(stability.limit("EMA momentum", 0.9))
    first = updates // 10
    shown = slice(first, first + 3000)
    figure, (top, bottom) = style.new(2, 1, height=360, sharex=True)
    steps = np.arange(first, first + 3000)
    top.plot(steps, np.maximum(far[shown], 1e-7), color=style.PURPLE, linewidth=0.7)
    top.axhline(told["cycle"], color=style.INK, linewidth=1.0, label="cycle of two weights")
    axis_ticks.log_axis(top.yaxis, 5)
    top.set_ylim(1e-6, 1.0)
    top.set_ylabel("|w| / η")
    bottom.plot(steps, sharp[shown], color=style.PURPLE, linewidth=1.2)
    bottom.axhline(
        limit, color=style.INK, linewidth=1.0, linestyle="--", label=f"limit {limit:.0f}"
    )
    bottom.set_ylabel("η λ / √v")
    bottom.set_xlabel("update")
    bottom.set_ylim(bottom=0)
    handles = [*top.get_legend_handles_labels()[0], *bottom.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return style.captioned(
        style.svg(
            figure,
            title="Adam bursts",
            alt=f"Rate times curvature over √v averages {number(told['mean'], 3)}, below the limit "
            f"of {number(limit)}, and the weight bursts to {number(told['burst'], 2)} η.",
        ),
        title="Adam on w² / 2 at a constant rate: the weight, and how near the edge it works",
        see=(
            f"Adam has a cycle of two weights, ±{number(told['cycle'], 3)} η, but at β₁ = 0.9 an "
            f"update multiplies a deviation from it by {number(told['multiplier'], 5)}; it would "
            f"attract only for β₁ below {number(told['critical'], 4)}. Instead v fades until the "
            "limit is passed, the weight bursts, and v is large again: over "
            f"{number(updates - updates // 10)} updates η λ / √v averages "
            f"{number(told['mean'], 3)}, {percent(told['mean'] / limit)} of the limit, |w| "
            f"averages {number(told['weight'], 2)} η and reaches {number(told['burst'], 2)} η."
        ),
    ), told  # fmt: skip


def critical_table() -> Any:
    """From which beta1 on Adam's cycle is unstable."""
    rows = [
        {"beta2": b2, "critical": stability.adam_critical_beta1(b2),
         "multiplier": stability.adam_multiplier(0.9, b2)}
        for b2 in (0.5, 0.9, 0.99, 0.999)
    ]  # fmt: skip
    return tables.table(
        pd.DataFrame(rows),
        {
            "beta2": Column("β₂", number),
            "critical": Column("Unstable for β₁ above", lambda v: fixed(v, 5)),
            "multiplier": Column("Factor per update at β₁ = 0.9", lambda v: fixed(v, 4)),
        },
        caption="Adam's cycle of two weights, by the eigenvalues of an update's Jacobian",
    )


def longest_step() -> str:
    """How long a step of Adam can be, and what its paper says."""
    b1, b2, count = 0.9, 0.999, 40
    adam = Adam(eta=1.0, epsilon=0.0, bias_correction=False)
    stepper, longest = Stepper(adam, [0.0]), 0.0
    for k in range(count):
        before = stepper.weights[0]
        stepper.step([(b2 / b1) ** k])
        longest = max(longest, abs(stepper.weights[0] - before))
    paper = (1 - b1) / math.sqrt(1 - b2)
    return (
        f"How long can one step be? The paper bounds it by (1 − β₁) / √(1 − β₂) = "
        f"{number(paper, 5)} η, which is the step after zeros and one gradient. Gradients that "
        f"grow by β₂ / β₁ an update reach {number(longest, 5)} η within {count} updates; the "
        f"bound, by Cauchy and Schwarz, is {number(stability.adam_step_bound(), 5)} η (before the "
        "bias correction)."
    )
