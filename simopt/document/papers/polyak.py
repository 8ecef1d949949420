"""Polyak's step: the rate that its paper proves, where some weights fit all points, or none do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from simopt.document.claims import verdict
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.papers.pairs import Floats
from simopt.ground.formatting import number
from simopt.problems import Problem, least_squares
from simopt.rules import PolyakSGD

#: Points, columns, and the points of a batch, more than columns: its loss is strongly convex.
POINTS, COLUMNS, BATCH = 32, 3, 8

#: Deviations of the targets from a plane, by what problems are called.
NOISE = {"all points fitted": 0.0, "noisy targets": 0.5}
#: Variances of the first feature over that of the last.
CONDITIONS = (1.0, 10.0)
#: The coefficient c, and the bound on the step.
SETTINGS = ((0.5, 1.0), (1.0, 10.0))

EPOCHS = 40
#: Batches drawn to find the mean of their least curvature.
DRAWN = 2000
#: What counts as arrived, as a share of the squared distance at the start.
ARRIVED = 1e-6


class Course(NamedTuple):
    """The mean squared distance to the best weights, epoch by epoch, and the paper's bound."""

    fitted: bool
    distance: Floats
    bound: Floats


def polyak_rate(trials: Trials) -> Finding:
    """The squared distance and its bound, by problem and setting."""
    seeds, courses = trials.seeds(12, 6), {}
    for stream, (called, noise) in enumerate(NOISE.items()):
        for condition in CONDITIONS:
            rng = trials.rng(stream)
            problem, best = drawn(noise, condition, rng)
            average, most = curvatures(problem, rng)
            start = float(np.sum((problem.w0 - best) ** 2))
            for coefficient, largest in SETTINGS:
                frame = trials.sweep(
                    problem,
                    PolyakSGD(coefficient=coefficient, largest=largest),
                    batch_size=BATCH,
                    epochs=EPOCHS,
                    shuffle="replacement",
                    seed=seeds,
                    record="epochs",
                    progress=False,
                )
                names = [f"w_{k}" for k in range(COLUMNS)]
                apart = np.sum((frame[names].to_numpy(np.float64) - best) ** 2, axis=1)
                mean = np.asarray(apart.reshape(len(seeds), -1).mean(axis=0), np.float64)
                step = min(1 / (2 * coefficient * most), largest)
                updates = np.arange(1, EPOCHS + 1) * (POINTS // BATCH)
                # What a batch's loss at the best weights has above the least that the rule is told.
                floor = 2 * largest * problem.loss(best) / (average * step)
                bound = np.asarray((1 - average * step) ** updates * start + floor, np.float64)
                courses[f"{called}, condition {condition:g}, c = {coefficient:g}"] = Course(
                    noise == 0, mean, bound
                )
    return rate_by(courses)


def drawn(noise: float, condition: float, rng: np.random.Generator) -> tuple[Problem, Floats]:
    """Least squares, and its best weights."""
    x = rng.normal(size=(POINTS, COLUMNS)) * np.sqrt(np.geomspace(1.0, 1 / condition, COLUMNS))
    y = x @ rng.normal(size=COLUMNS) + noise * rng.normal(size=POINTS)
    best, *_ = np.linalg.lstsq(x, y, rcond=None)
    return least_squares(x, y), np.asarray(best, np.float64)


def curvatures(problem: Problem, rng: np.random.Generator) -> tuple[float, float]:
    """The mean over batches of the least curvature, and what the greatest of none is above."""
    rows = problem.x[rng.integers(problem.n, size=(DRAWN, BATCH))]
    least = np.linalg.eigvalsh(2 * rows.swapaxes(1, 2) @ rows / BATCH)[:, 0]
    return float(least.mean()), float(2 * np.max(np.sum(problem.x**2, axis=1)))


def rate_by(courses: Mapping[str, Course]) -> Finding:
    """The same, from the courses by case."""
    met, last, ratios = {}, {}, {}
    for case, (fitted, distance, bound) in courses.items():
        half, quarter = len(distance) // 2, len(distance) // 4
        inside = bool(np.all(distance <= bound))
        last[case] = float(distance[-1] / bound[0])
        # Of the last quarter over the one before: a course at its floor goes no lower.
        ratios[case] = float(distance[-quarter:].mean() / distance[half:-quarter].mean())
        ends = distance[-1] <= ARRIVED * distance[0] if fitted else ratios[case] >= 0.5
        met[f"with {case}"] = inside and bool(ends)
    decided, condition = verdict.decide(met)
    below = sum(bool(np.all(each.distance <= each.bound)) for each in courses.values())
    falls = [each.distance[-1] / each.distance[0] for each in courses.values() if each.fitted]
    noisy = [ratios[case] for case, each in courses.items() if not each.fitted]
    return Finding(
        decided,
        f"The mean squared distance is within the bound in {below} of {len(courses)} cases. Where "
        f"all points are fitted it falls to {number(max(falls), 2)} of that after an epoch, or "
        f"less; with noisy targets the last quarter of a run is at {number(min(noisy), 2)} to "
        f"{number(max(noisy), 2)} of the quarter before.",
        {
            **{f"last over first bound, {case}": each for case, each in last.items()},
            **{
                f"last quarter over the third, {case}": ratios[case]
                for case, each in courses.items()
                if not each.fitted
            },
            "cases within the bound": below,
            "cases that agree": sum(met.values()),
        },
        condition,
        Picture(
            "Squared distance to the best weights, the mean over seeds",
            "A straight line falls by the same factor every epoch; noisy targets end in a level.",
            "epochs",
            "squared distance",
            {
                case: (list(range(1, len(each.distance) + 1)), each.distance.tolist())
                for case, each in courses.items()
                if case.endswith("c = 0.5")
            },
            log_y=True,
        ),
    )
