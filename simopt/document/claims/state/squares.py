"""Claims about squares and means: averaged first they are smaller, and mostly steadier."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import problems
from simopt.document.claims.claim import Finding
from simopt.document.claims.common.histories import moving_average
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import number, percent
from simopt.problems.synthetic import linear
from simopt.rules import Adam

Floats = NDArray[np.float64]

#: The four points' gradients at w = 3. The document prints -2 for the last one.
AT_START = (-16, -4, -36, -1)

#: Batch sizes on them.
SIZES = (1, 2, 4)


def share_of_the_largest(trials: Trials) -> Finding:
    """What the gradient -36 adds to the squared mean, by every way to say it."""
    mean = Fraction(sum(AT_START)) / 4
    whole, others = mean**2, [g for g in AT_START if g != -36]
    orders = list(permutations(AT_START))
    joining = [
        (Fraction(sum(o[: o.index(-36) + 1])) / 4) ** 2
        - (Fraction(sum(o[: o.index(-36)])) / 4) ** 2
        for o in orders
    ]
    ways = {
        "left out, divided by 4": whole - (Fraction(sum(others)) / 4) ** 2,
        "left out, divided by 3": whole - (Fraction(sum(others)) / 3) ** 2,
        "alone, divided by 4": Fraction(-36, 4) ** 2,
        "mean over the orders of adding (Shapley)": sum(joining, Fraction(0)) / len(orders),
    }
    near = {name: abs(float(value / whole) - 1) <= 0.05 for name, value in ways.items()}
    verdict = "holds" if all(near.values()) else "contradicted"
    if any(near.values()) and not all(near.values()):
        verdict = "conditional"
    return Finding(
        verdict,
        f"{float(whole):.1f} is what all four gradients give together. -36 is "
        f"{float(min(ways.values())):.0f} to {float(max(ways.values())):.0f} of it, by the way of "
        f"counting; alone it gives {36**2}.",
        {"all four": float(whole)} | {name: float(value) for name, value in ways.items()},
        "It depends on the way of counting." if verdict == "conditional" else "",
    )


def mean_square_is_the_larger(trials: Trials) -> Finding:
    """The difference is a variance."""
    draws = trials.rng().normal(size=(trials.few(10_000, 1_000), 8)) * 3 + 1
    excess = (draws**2).mean(axis=1) - draws.mean(axis=1) ** 2
    holds = bool((excess >= 0).all())
    return Finding(
        "holds" if holds else "contradicted",
        f"In {len(draws):,} samples of eight, the mean square less the squared mean is at least "
        f"{number(excess.min(), 3)}: it is the variance.",
        {"samples": len(draws), "least excess": excess.min()},
    )


def second_moment_steadier(trials: Trials) -> Finding:
    """The coefficient of variation of Adam's v, along runs."""
    four = problems.four_points()
    start = {b: variation(batch_means(b) ** 2) for b in SIZES}
    early = {
        b: variation(trials.run(four, Adam(eta=0.1), batch_size=b, epochs=10).steps["v_hat"])
        for b in SIZES
    }
    floor = {n: at_the_floor(trials, n) for n in (128, 4096)}
    met = {
        "over the batches at w = 3": start[1] > start[2] > start[4],
        "over the first ten epochs at eta = 0.1": early[1] > early[2] > early[4],
    } | {f"at the noise floor with {n} points": v[32] < 0.7 * v[1] for n, v in floor.items()}
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"The squared gradient at w = 3 varies by {percent(start[1])}, {percent(start[2])} and "
        f"{percent(start[4])} of its mean at batch 1, 2 and 4; v_hat over ten epochs by "
        f"{percent(early[1])}, {percent(early[2])}, {percent(early[4])}. At the noise floor v "
        f"varies by {percent(floor[4096][1])} at batch 1 and {percent(floor[4096][32])} at batch "
        "32 with 4096 points, with 128, about as many as v remembers, by "
        f"{percent(floor[128][1])} and {percent(floor[128][32])}.",
        {f"g^2 at w = 3, batch {b}": value for b, value in start.items()}
        | {f"v_hat, epochs 1 to 10, batch {b}": value for b, value in early.items()}
        | {f"v, {n} points, batch {b}": x for n, v in floor.items() for b, x in v.items()},
        condition,
    )


def at_the_floor(trials: Trials, n: int) -> dict[int, float]:
    """How much v varies in the optimum of a line with noisy labels, beta2 = 0.99, by batch size."""
    sets, updates, beta2 = trials.few(20, 5), 2500, 0.99
    variations = {1: 0.0, 32: 0.0}
    for seed in trials.seeds(sets, sets):
        drawn = linear(n, 1, noise=0.5, seed=seed)
        best = float(drawn.x[:, 0] @ drawn.y / (drawn.x[:, 0] @ drawn.x[:, 0]))
        line = problems.least_squares(drawn.x, drawn.y, w0=best)
        below, above = (line.point_gradients(w)[:, 0] for w in (0.0, 1.0))
        for size in variations:
            epochs = -(-updates * size // n)
            order = np.random.default_rng(seed).permuted([np.arange(n)] * epochs, axis=1)
            plan = {"batch_size": size, "updates": updates, "order": order, "record": "steps"}
            frame = trials.sweep(line, Adam(eta=0.003, beta2=beta2), **plan)
            w = np.concatenate([[best], frame["w"].to_numpy()[:-1]])
            batches = order.reshape(-1, size)[:updates]
            at_0, at_1 = (slope[batches].mean(axis=1) for slope in (below, above))
            squares = (at_0 + (at_1 - at_0) * w) ** 2
            v = moving_average(squares, beta2)
            variations[size] += variation(v[500:]) / sets
    return variations


def batch_means(size: int) -> Floats:
    """The gradients of the file's batches at w = 3."""
    return np.asarray(np.reshape(AT_START, (-1, size)).mean(axis=1), np.float64)


def variation(values: pd.Series | Floats) -> float:
    """The standard deviation as a share of the mean."""
    array = np.asarray(values, np.float64)
    return float(array.std() / array.mean())


def variance_of_a_mean(trials: Trials) -> Finding:
    """Random covariance matrices, then perfect correlation."""
    rng, count = trials.rng(), trials.few(2000, 500)
    factors = rng.normal(size=(count, 5, 5)) * rng.lognormal(size=(count, 5, 1))
    ratio = ratio_of_variances(factors @ factors.transpose(0, 2, 1))
    equal = float(ratio_of_variances(np.ones((1, 5, 5)))[0])
    strict = bool((ratio < 1).all())
    return Finding(
        ("conditional" if equal >= 1 else "holds") if strict else "contradicted",
        f"In {count:,} random covariance matrices of five numbers the variance of the mean is at "
        f"most {ratio.max():.3f} of the mean variance, {np.median(ratio):.2f} in the middle; for "
        f"five numbers that are always equal the ratio is {equal:g}.",
        {
            "matrices": count,
            "largest ratio": ratio.max(),
            "median ratio": np.median(ratio),
            "ratio at perfect correlation": equal,
        },
        "Strictly, unless the numbers have equal variances and are perfectly correlated: then both "
        "are the same."
        if strict and equal >= 1
        else "",
    )


def ratio_of_variances(covariance: Floats) -> Floats:
    """Var(mean) / mean(Var) of covariance matrices [m, n, n]."""
    ratio: Floats = covariance.mean(axis=(1, 2)) / np.einsum("kii->k", covariance)
    return np.asarray(ratio * covariance.shape[1], np.float64)
