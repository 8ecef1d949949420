"""Claims about batches: means at one weight, which points are paired, smooth and slow."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd

from simopt import problems
from simopt.analysis import measures
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import number, percent
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop

#: The three ways to pair four points, each with the pairs in either sequence.
PAIRINGS = {
    (pair, turned): order
    for pair, orders in {
        "(1,2)(3,4)": ([0, 1, 2, 3], [2, 3, 0, 1]),
        "(1,3)(2,4)": ([0, 2, 1, 3], [1, 3, 0, 2]),
        "(1,4)(2,3)": ([0, 3, 1, 2], [1, 2, 0, 3]),
    }.items()
    for turned, order in enumerate(orders)
}

FIVE = (SGD, Momentum, AdaGrad, RMSprop, Adam)


def means_at_one_weight(trials: Trials) -> Finding:
    """The engine's batch means against exact fractions."""
    four = problems.four_points()
    off, updates = 0.0, {}
    for size in (1, 2, 4):
        steps = trials.run(four, SGD(eta=0.1), batch_size=size).steps
        exact = exact_epoch(size)
        updates[size] = len(steps)
        computed = steps[["gradient", "w"]].to_numpy()
        off = max(off, float(np.abs(computed - np.array(exact, dtype=np.float64)).max()))
    holds = updates == {1: 4, 2: 2, 4: 1} and off < 1e-12
    return Finding(
        "holds" if holds else "contradicted",
        f"Gradients and weights differ from exact fractions by at most {number(off, 1)}; an epoch "
        f"has {updates[1]}, {updates[2]} and {updates[4]} updates.",
        {"largest difference": off} | {f"updates at batch {b}": u for b, u in updates.items()},
    )


def exact_epoch(size: int) -> list[tuple[Fraction, Fraction]]:
    """Gradient and weight after every update of SGD at eta = 1/10 on the four points."""
    four = problems.four_points()
    points = [(Fraction(x), Fraction(y)) for x, y in zip(four.x[:, 0], four.y, strict=True)]
    w, rows = Fraction(3), []
    for first in range(0, 4, size):
        batch = points[first : first + size]
        g = sum((2 * (w * x - y) * x for x, y in batch), Fraction(0)) / size
        w -= g / 10
        rows.append((g, w))
    return rows


def pairing_matters(trials: Trials) -> Finding:
    """All six epochs of pairs, five methods."""
    four = problems.four_points()
    rules = [method(eta=0.1) for method in FIVE]
    frames = [
        trials.sweep(four, rules, batch_size=2, order=[order]).assign(pairing=pair, turned=turned)
        for (pair, turned), order in PAIRINGS.items()
    ]
    table = pd.concat(frames, ignore_index=True)
    wide = table.pivot_table(index="optimizer", columns=["pairing", "turned"], values="w")
    here = (wide[("(1,2)(3,4)", 0)] - 3).abs()
    spread = (wide.max(axis=1) - wide.min(axis=1)) / here
    worst, least = str(spread.idxmax()), str(spread.idxmin())
    near = int((spread <= 0.1).sum())
    sgd = wide.loc["SGD"].xs(0, level="turned")
    evidence: dict[str, float] = {f"spread, {name}": value for name, value in spread.items()}
    for pair, value in zip(sgd.index, sgd, strict=True):
        evidence[f"SGD's w, {pair}"] = float(value)
    says = (
        "After one epoch of pairs w depends on which points are paired: with SGD "
        f"{sgd.iloc[0]:.3f}, {sgd.iloc[1]:.3f} or {sgd.iloc[2]:.3f}. The six epochs spread over "
        f"{percent(spread.max())} of the way gone with {worst} and {percent(spread.min())} with "
        f"{least}."
    )
    summary = pd.DataFrame({f"{p}{', turned' * t}": wide[(p, t)] for p, t in PAIRINGS})
    return Finding(
        "holds" if near == len(spread) else "contradicted" if near == 0 else "conditional",
        says,
        evidence,
        ""
        if near in (0, len(spread))
        else f"It holds with {', '.join(spread.index[spread <= 0.1])}, not with the others.",
        Picture(
            "The weight after one epoch of pairs",
            f"A row varies with the pairing and with the sequence of the pairs: by "
            f"{(wide.max(axis=1) - wide.min(axis=1)).max():.2f} in w with {worst}.",
            table=summary.round(3).reset_index(),
        ),
    )


def smooth_but_slow(trials: Trials) -> Finding:
    """Variance of the gradient at w = 3, and what an epoch leaves of the error."""
    four = problems.four_points()
    noise = {b: measures.gradient_noise(four, b) for b in (1, 2, 4)}
    rates = 0.1 * 1.025 ** np.arange(-60, 61)
    frame = trials.sweep(four, SGD(eta=rates), batch_size=[1, 2, 4])
    left = frame.assign(median=frame["distance"] / 2)
    worst = measures.worst_nearby(left, ["batch_size"])
    tuned = left.assign(worst=worst).groupby("batch_size")["worst"].min()
    same = left[np.isclose(left["eta"], 0.1)].set_index("batch_size")["median"]
    per_update = tuned ** (tuned.index.to_numpy() / 4)
    smoothest = noise[4] < min(noise[1], noise[2])
    slow = {
        "per epoch at eta = 0.1": bool(same[4] > same[[1, 2]].max()),
        "per epoch at each size's best rate": bool(tuned[4] > tuned[[1, 2]].max()),
        "per update at each size's best rate": bool(per_update[4] > per_update[[1, 2]].max()),
    }
    verdict, condition = decide({way: met and smoothest for way, met in slow.items()})
    return Finding(
        verdict,
        f"The gradient's variance at w = 3 is {noise[1]:.1f}, {noise[2]:.1f} and {noise[4]:.0f} at "
        f"batch 1, 2 and 4. An epoch leaves {same[1]:.3f}, {same[2]:.3f}, {same[4]:.3f} of the "
        f"error at eta = 0.1, and {tuned[1]:.3f}, {tuned[2]:.3f}, {tuned[4]:.3f} at the rate that "
        f"is best with 5 % to either side; an update then leaves {per_update[1]:.2f}, "
        f"{per_update[2]:.2f}, {per_update[4]:.2f}.",
        {f"variance, batch {b}": value for b, value in noise.items()}
        | {f"left at eta 0.1, batch {b}": value for b, value in same.items()}
        | {f"left at the best rate, batch {b}": value for b, value in tuned.items()}
        | {f"left by an update there, batch {b}": value for b, value in per_update.items()},
        condition,
        Picture(
            "What an epoch of SGD leaves of the error",
            f"At eta = 0.1 the curve of batch 4 is "
            f"{'the highest' if same[4] == same.max() else 'not on top'}; "
            f"it goes down to 0 at a rate of its own, {1 / four.hessian[0, 0]:.3f}.",
            "learning rate eta",
            "|w − 5| after an epoch / at the start",
            {
                f"batch {b}": (part["eta"], part["median"].clip(1e-3))
                for b, part in left.groupby("batch_size")
            },
            log_x=True,
            log_y=True,
        ),
    )
