"""Claims about hardware: parallel and sequential operations, and memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import number
from simopt.problems import Problem
from simopt.problems.synthetic import many_points
from simopt.rules import SGD, Adam

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Traced:
    """A number with the length of the longest chain of dependent operations behind it.

    ``at`` counts the operations of each depth: as many can be done at once.
    """

    depth: int
    at: Counter[int]

    def after(self, *others: Traced) -> Traced:
        """The traced result of one operation on this number and others."""
        depth = 1 + max(each.depth for each in (self, *others))
        self.at[depth] += 1
        return Traced(depth, self.at)


def epoch(n: int, size: int, d: int = 1) -> Counter[int]:
    """The operations of an epoch of SGD on least squares, by how many must come before.

    A sum is done in pairs; a point's 2 x is known beforehand.
    """
    at: Counter[int] = Counter()
    known = Traced(0, at)
    w = [known] * d
    for _ in range(0, n, size):
        errors = [summed([each.after(known) for each in w]).after(known) for _ in range(size)]
        for k in range(d):
            g = summed([error.after(known) for error in errors])
            if size > 1:
                g = g.after(known)  # divided
            w[k] = w[k].after(g.after(known))  # times eta, taken off
    return at


def summed(terms: list[Traced]) -> Traced:
    """The sum of traced numbers, added in pairs."""
    while len(terms) > 1:
        pairs = [a.after(b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
    return terms[0]


def chain_of_operations(trials: Trials) -> Finding:
    """The longest chain of an epoch of four points, in four units."""
    single, full = max(epoch(4, 1)), max(epoch(4, 4))
    units = {
        "operations of arithmetic": (single, full),
        "gradient, mean, update": (4 * 2, 3),
        "gradient, update with its mean": (4 * 2, 2),
        "updates": (4, 1),
    }
    met = {
        "that batch 1 must wait longer": all(a > b for a, b in units.values()),
        "for the counts 4 and 2, which mix two units": (4, 2) in units.values(),
    }
    verdict, condition = decide(met)
    sizes = [2**k for k in range(11)]
    depths = [max(epoch(1024, b)) for b in sizes]
    return Finding(
        verdict,
        f"An epoch of the four points is a chain of {single} operations of arithmetic at batch 1, "
        f"of {full} at full batch; counted as gradients and updates 8 and 2, as updates 4 and 1. "
        f"With 1024 points it is {depths[0]:,} and {depths[-1]}.",
        {
            f"{unit}, batch {b}": x
            for unit, (one, all_four) in units.items()
            for b, x in ((1, one), (4, all_four))
        }
        | {"1024 points, batch 1": depths[0], "1024 points, full batch": depths[-1]},
        condition,
        Picture(
            "The longest chain of operations in an epoch of 1024 points",
            f"It falls from {depths[0]:,} to {depths[-1]}, but an epoch of larger batches also has "
            "fewer updates.",
            "batch size [points]",
            "operations one after the other",
            {"least squares, one weight": (sizes, depths)},
            log_x=True,
            log_y=True,
        ),
    )


def one_core_a_point(trials: Trials) -> Finding:
    """How many operations of one gradient can be done at once."""
    width = {(b, d): max(epoch(b, b, d).values()) for b in (1, 256) for d in (1, 8, 64)}
    met = {
        f"with {'one weight' if d == 1 else f'{d} weights'}": width[1, d] == 1
        and width[256, d] == 256
        for d in (1, 8, 64)
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"A model with one weight has {width[1, 1]} operation to do at a time at batch 1 and "
        f"{width[256, 1]} at batch 256; with 64 weights {width[1, 64]} and {width[256, 64]:,}. How "
        "many cores a device gives them is not for a simulation to say.",
        {f"at once, batch {b}, {d} weight{'s' * (d > 1)}": x for (b, d), x in width.items()},
        condition,
    )


def busy_device(trials: Trials) -> Finding:
    """The operations that can run at once; the rest depends on the device."""
    ready = {b: max(epoch(b, b).values()) for b in (1, 4, 256)}
    return Finding(
        "undecidable",
        f"There is more to do at once with larger batches ({ready[1]}, {ready[4]} and {ready[256]} "
        "operations at batch 1, 4 and 256, one weight). How busy that keeps a device depends on "
        "its cores, its memory, the model and the program: that takes a measurement on the device.",
        {f"at once, batch {b}": x for b, x in ready.items()},
    )


def memory_of_a_batch(trials: Trials) -> Finding:
    """The same mean gradient at once, and eight points at a time."""
    problem = many_points(trials.seed)
    w, sizes = trials.rng().normal(size=problem.d), [2**k for k in range(3, 13)]
    whole = [held_for(problem, w, b, b) for b in sizes]
    parts = [held_for(problem, w, b, 8) for b in sizes]
    off = max(float(np.abs(a[0] - b[0]).max()) for a, b in zip(whole, parts, strict=True))
    grown = [bytes_held[-1][1] / bytes_held[0][1] for bytes_held in (whole, parts)]
    met = {
        "if a batch is evaluated at once": grown[0] > 100,
        "if its gradient is summed a few points at a time, which takes time in place of memory": (
            grown[1] > 100
        ),
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"From batch 8 to 4096 what is held at once grows {grown[0]:.0f} times "
        f"({whole[-1][1] / 1024:,.0f} KiB), and {grown[1]:.1f} times if eight points at a time are "
        f"summed ({parts[-1][1] / 1024:.1f} KiB); the gradients are the same to {number(off, 1)}. "
        f"The weights and Adam's state, {3 * problem.d * 8} bytes, don't depend on it.",
        {
            "growth, at once": grown[0],
            "growth, eight at a time": grown[1],
            "difference of the gradients": off,
            "bytes of weights and state": 3 * problem.d * 8,
        },
        condition,
    )


def held_for(problem: Problem, w: Floats, size: int, at_once: int) -> tuple[Floats, int]:
    """The mean gradient of the first points, ``at_once`` at a time, and the most bytes held."""
    total, most = np.zeros(problem.d), 0
    for first in range(0, size, at_once):
        x = problem.x[first : first + at_once].copy()
        errors = x @ w - problem.y[first : first + at_once]
        products = 2 * errors[:, None] * x
        total += products.sum(axis=0)
        most = max(most, x.nbytes + errors.nbytes + products.nbytes + total.nbytes)
    return total / size, most


def updates_per_epoch(trials: Trials) -> Finding:
    """Counts for every batch size of every small number of points."""
    most, never_more, as_said = trials.few(24, 12), True, True
    for n in range(2, most + 1):
        points = problems.least_squares(np.ones(n), np.zeros(n), w0=1.0)
        sizes = range(1, n + 1)
        counts = trials.sweep(points, SGD(eta=0.01), batch_size=sizes)["updates"].to_numpy()
        as_said &= bool((counts == [-(-n // b) for b in sizes]).all())
        never_more &= bool((np.diff(counts) <= 0).all())
    four = problems.four_points()
    clocks = {b: int(trials.run(four, Adam(), batch_size=b).steps["t"].iloc[-1]) for b in (1, 2, 4)}
    holds = as_said and never_more and clocks == {1: 4, 2: 2, 4: 1}
    return Finding(
        "holds" if holds else "contradicted",
        f"For all of 2 to {most} points and every batch size an epoch has n / B updates, rounded "
        f"up, never more than with a smaller batch. Adam's t after one epoch of four points is "
        f"{clocks[1]}, {clocks[2]} and {clocks[4]}.",
        {"most points": most, "n / B rounded up": as_said, "never more": never_more}
        | {f"t at batch {b}": t for b, t in clocks.items()},
    )
