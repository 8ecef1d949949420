"""Claims about a batch's gradient: its noise, its direction, what an update of it is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.analysis import measures, noise_scale
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import number, percent
from simopt.problems.synthetic import linear
from simopt.rules import SGD

Floats = NDArray[np.float64]

#: Batch sizes on 256 points.
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def noise_by_size(trials: Trials) -> Finding:
    """Exact variances of the batch mean, far from the optimum and in it."""
    four, noisy = problems.four_points(), linear(64, 1, noise=0.5, seed=trials.seed)
    places = {
        "the four points at w = 3": (four, [3.0]),
        "the four points at w = 5": (four, [5.0]),
        "noisy labels at the optimum": (noisy, noisy.optimum),
    }
    table = {
        where: [measures.gradient_noise(problem, b, w) for b in (1, 2, problem.n)]
        for where, (problem, w) in places.items()
    }
    falls = {where: bool(v[0] > v[1] > v[2]) for where, v in table.items()}
    verdict, condition = decide({f"for {where}": met for where, met in falls.items()})
    far, there, noisy_there = table.values()
    return Finding(
        verdict,
        f"At w = 3 the variance of a batch's gradient is {far[0]:.2f}, {far[1]:.2f} and "
        f"{far[2]:.0f} at batch 1, 2 and 4: a full batch has none at all. At w = 5 it is "
        f"{max(there):.2g} at every size, for every point's gradient is 0 there; in the optimum of "
        f"noisy labels {noisy_there[0]:.2f} and {noisy_there[1]:.2f} are left at batch 1 and 2.",
        {
            f"variance, {where}, batch {b}": v
            for where, values in table.items()
            for b, v in zip(("1", "2", "full"), values, strict=True)
        },
        condition,
    )


def gradients_are_not_stale(trials: Trials) -> Finding:
    """A truly stale gradient has half the range of rates."""
    four = problems.four_points()
    h = float(four.hessian[0, 0])
    run = trials.run(four, SGD(eta=0.1), batch_size=2, epochs=20)
    before = np.concatenate([[3.0], run.steps["w"].to_numpy()[:-1]])
    batches = np.tile([[0, 1], [2, 3]], (20, 1))
    there = [four.gradient(w, rows)[0] for w, rows in zip(before, batches, strict=True)]
    off = float(np.abs(run.steps["gradient"].to_numpy() - there).max())
    rates = np.array([0.9, 1.1, 1.5, 1.9, 2.1]) / h
    full = trials.sweep(four, SGD(eta=rates), batch_size=4, updates=400, divergence=None)[
        "distance"
    ]
    stale = stale_distance(rates * h, 400)
    evidence: dict[str, float] = {"gradient less that at the weight it moves": off}
    for share, fresh, old in zip(rates * h, full, stale, strict=True):
        evidence |= {
            f"full batch at {share:.1f} / h": fresh,
            f"one update late at {share:.1f} / h": old,
        }
    fresh_all = bool((full[:4] < 2).all())
    late_lost = bool((stale[1:] > 2).all())
    contradicted = off < 1e-12 and fresh_all and late_lost
    return Finding(
        "contradicted" if contradicted else "holds",
        "Every gradient of a batch is taken at the very weight that it moves (difference "
        f"{number(off, 1)}). With gradients that are one update late the range of rates halves: "
        f"at 1.5 / h the distance after 400 updates is {number(stale[2], 1)}, with full batches "
        f"{number(full[2], 1)}.",
        evidence,
    )


def stale_distance(a: Floats, updates: int) -> Floats:
    """The error of ``e[t+1] = e[t] - a e[t-1]`` from 2: gradients one update late, a = eta h."""
    older, error = np.full_like(a, 2.0), np.full_like(a, 2.0)
    for _ in range(updates):
        older, error = error, error - a * older
    return np.abs(error)


def cosines(trials: Trials, sets: int, draws: int) -> Floats:
    """The mean cosine between a batch's gradient and the whole one [set, size], at w = 0."""
    cosine = np.empty((sets, len(SIZES)))
    for k in range(sets):
        problem = linear(256, 10, noise=1.0, seed=trials.seed * 1000 + k)
        gradients = problem.point_gradients(np.zeros(10))
        whole = gradients.mean(axis=0)
        orders = trials.rng(k).permuted(np.tile(np.arange(256), (draws, 1)), axis=1)
        for column, size in enumerate(SIZES):
            batch = gradients[orders[:, :size]].mean(axis=1)
            norms = np.linalg.norm(batch, axis=1) * np.linalg.norm(whole)
            cosine[k, column] = (batch @ whole / norms).mean()
    return cosine


def averages_point_better(trials: Trials) -> Finding:
    """The cosine between a batch's gradient and that of all points."""
    cosine = cosines(trials, trials.few(20, 5), trials.few(400, 100))
    mean = cosine.mean(axis=0)
    rising = bool((np.diff(cosine, axis=1) > 0).all())
    return Finding(
        "holds" if rising else "conditional" if (np.diff(mean) > 0).all() else "contradicted",
        f"On {len(cosine)} noisy least squares (256 x 10) the mean cosine with the whole gradient "
        f"at w = 0 is {mean[0]:.2f}, {mean[3]:.2f} and {mean[5]:.2f} at batch 1, 8 and 32.",
        {f"cosine, batch {b}": value for b, value in zip(SIZES, mean, strict=True)},
        "" if rising or not (np.diff(mean) > 0).all() else "On average, not on every data set.",
        Picture(
            "How well a batch's gradient points",
            f"The cosine {'rises with every doubling' if rising else 'rises on average'}, from "
            f"{mean[0]:.2f} at one point; most of the way is gone by batch "
            f"{SIZES[int((mean > 0.5 + mean[0] / 2).argmax())]}.",
            "batch size [points]",
            "mean cosine with the gradient of all points",
            {"mean of the data sets": (SIZES, mean), "least": (SIZES, cosine.min(axis=0))},
            log_x=True,
        ),
    )


def updates_know_more(trials: Trials) -> Finding:
    """The expected decrease of the loss in one update at its best rate."""
    sets = trials.few(20, 5)
    decrease = np.empty((sets, len(SIZES)))
    for k in range(sets):
        problem = linear(256, 10, noise=1.0, seed=trials.seed * 1000 + k)
        scale = noise_scale.exact(problem, np.zeros(10))
        decrease[k] = [scale.decrease_opt(b) / problem.loss(np.zeros(10)) for b in SIZES]
    each, per_point = decrease.mean(axis=0), (decrease / SIZES).mean(axis=0)
    more = bool((np.diff(decrease, axis=1) > 0).all())
    dearer = bool((np.diff(decrease / SIZES, axis=1) < 0).all())
    return Finding(
        "holds" if more else "contradicted",
        f"The best update at w = 0 takes {percent(each[0], 3)} of the loss at batch 1, "
        f"{percent(each[5], 3)} at batch 32, {percent(each[8], 3)} at 256. "
        + (
            f"A point brings less and less: {percent(per_point[0], 3)}, "
            f"{percent(per_point[5], 3)}, {percent(per_point[8], 3)}."
            if dearer
            else "A point does not always bring less."
        ),
        {f"decrease per update, batch {b}": v for b, v in zip(SIZES, each, strict=True)}
        | {f"decrease per point, batch {b}": v for b, v in zip(SIZES, per_point, strict=True)},
    )
