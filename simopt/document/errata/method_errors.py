"""Errors of method, each with the calculation that shows it.

Every number may be right, and yet the comparison or the conclusion drawn from it is not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simopt import problems
from simopt.analysis import measures
from simopt.document import formulas, quantities
from simopt.document.errata.erratum import Erratum
from simopt.document.printed import printed_in
from simopt.rules import OPTIMIZERS
from simopt.training.run import run


def _family_tree() -> Erratum:
    states = {
        name: ", ".join(OPTIMIZERS[name]().rule.state)
        for name in ("Momentum", "AdaGrad", "RMSprop", "Adam")
    }
    return Erratum(
        line=23,
        lines="23-44",
        kind="method error",
        printed="AdaGrad and RMSprop below Momentum; Adam's momentum from the AdaGrad branch",
        right="SGD to Momentum; SGD to AdaGrad to RMSprop; Momentum and RMSprop to Adam",
        why=(
            f"by the formulas AdaGrad keeps {states['AdaGrad']} and RMSprop {states['RMSprop']}, "
            f"neither the velocity {states['Momentum']} of Momentum; only Adam, with "
            f"{states['Adam']}, has both a mean of gradients and one of squares"
        ),
        consequence=(
            "contradicts the table below it (family tree, lines 51–55), which has it right; no "
            "number depends on it"
        ),
    )


def _rate_per_gradient() -> Erratum:
    problem = problems.four_points()
    method, scale = quantities.optimizer("AdaGrad"), 10.0
    scaled = problems.least_squares(scale * problem.x, scale * problem.y, w0=problem.w0)
    here, there = run(problem, method).steps, run(scaled, method).steps
    share = [float(frame["effective_lr"].iloc[2]) / quantities.ETA for frame in (here, there)]
    apart = float((here["w"] - there["w"]).abs().max())
    first = quantities.of_cell("AdaGrad", 1, 1, formulas.RATE) / quantities.ETA
    return Erratum(
        line=403,
        lines="403, 518",
        kind="method error",
        printed="the rate is dying: 0.00608, then 2.7 % of the original 0.1",
        right="eta / sqrt(G) has another unit than eta: their ratio says nothing of freezing",
        why=(
            f"dividing by the gradients' size alone takes the rate to {first:.2%} at the first "
            f"update, before anything has accumulated"
        ),
        consequence=(
            f"with x and y {scale:g} times larger the same ratio is {share[1]:.3%} in place of "
            f"{share[0]:.1%}, and the weights stay the same (to {apart:.0e})"
        ),
    )


def _frozen() -> Erratum:
    third, fourth = (
        {
            name: abs(quantities.of_cell("AdaGrad", 1, step, name))
            for name in (formulas.CHANGE, formulas.GRADIENT, formulas.RATE)
        }
        for step in (3, 4)
    )
    shrunk = {name: third[name] / fourth[name] for name in third}
    epochs = 100
    return Erratum(
        line=625,
        lines="518, 625",
        kind="method error",
        printed="the last step is tiny: completely frozen",
        right="the last step is tiny because point 4 has a small gradient",
        why=(
            f"from point 3 to point 4 the step shrinks {shrunk[formulas.CHANGE]:.1f}-fold: the "
            f"gradient {shrunk[formulas.GRADIENT]:.1f}-fold, the rate "
            f"{shrunk[formulas.RATE]:.4f}-fold"
        ),
        consequence=(
            f"AdaGrad is slow, not frozen: its distance from 5 falls from "
            f"{quantities.distance('AdaGrad', 1, 4):.3f} to "
            f"{quantities.distance('AdaGrad', 1, 4 * epochs):.3f} in {epochs} epochs"
        ),
    )


def _operations() -> Erratum:
    n = problems.four_points().n
    one, full = len(quantities.steps("SGD", 1)), len(quantities.steps("SGD", n))
    boxes = [
        printed_in("why mini-batches are faster", quantity)
        for quantity in ("updates per epoch, batch 1", "operations of the full-batch box")
    ]
    return Erratum(
        line=971,
        lines="957, 971",
        kind="method error",
        printed=f"{boxes[0].printed} operations against {boxes[1].printed}",
        right=f"{2 * one} against {2 * full}, or {one} against {full}",
        why=(
            "a gradient and its update count as one operation at batch size 1, as two in the full "
            "batch"
        ),
        consequence=(
            f"the parallel depth differs by a factor of {one / full:g}, not "
            f"{one / (2 * full):g}: the advantage is understated"
        ),
    )


def _sum_against_mean() -> Erratum:
    n = problems.four_points().n
    ratio = quantities.of_cell("AdaGrad", n, 1, f"sumsq{n}/sqmean{n}")
    one = float(quantities.steps("AdaGrad", 1)["G"].iloc[n - 1])
    full = quantities.steps("AdaGrad", n, epochs=n)["G"]
    two = float(quantities.steps("AdaGrad", 1)["G"].iloc[1])
    stated = printed_in("averaging before squaring", f"sumsq{n}/sqmean{n}")
    of_two = printed_in("AdaGrad's survival", "sum of squares, points 1 and 2 at w=3")
    return Erratum(
        line=1003,
        lines="997-1003, 1107-1111",
        kind="method error",
        printed=f"G grows {stated.printed} times slower with full batch",
        right=f"{one / float(full.iloc[n - 1]):.2f} times slower per update",
        why=(
            f"{n} updates are set against one, and all gradients are taken at w = 3, where "
            f"one-by-one updates stand only once: of the ratio at w = 3, {ratio:.2f}, the number "
            f"of updates makes {n} and averaging before squaring {ratio / n:.2f}"
        ),
        consequence=(
            f"along the real walks G is {one:.1f} after {n} updates of one point (and {two:.2f} "
            f"after two, not {of_two.printed}), "
            f"{float(full.iloc[0]):.1f} after one full-batch update and {float(full.iloc[-1]):.1f} "
            f"after {n}; that averaging slows G down holds, by far less"
        ),
    )


def _share_of_a_mean() -> Erratum:
    gradients = measures.point_gradients(problems.four_points())[:, 0]
    largest = int(np.argmax(np.abs(gradients)))
    stated = printed_in(
        "averaging before squaring", "squared mean of the 4 gradients at w=3", restated=True
    )
    squared_mean = float(gradients.mean()) ** 2
    rest = float(np.delete(gradients, largest).sum() / len(gradients)) ** 2
    return Erratum(
        line=1006,
        lines="1006",
        kind="method error",
        printed=f"{gradients[largest]:g} contributes {stated.printed} when averaged",
        right=f"it contributes {squared_mean - rest:.1f}",
        why=(
            f"{squared_mean:.2f} is the squared mean of all four; with {gradients[largest]:g} "
            f"left out it would be {rest:.2f}"
        ),
        consequence=(
            f"one gradient of {gradients[largest]:g} still makes {1 - rest / squared_mean:.0%} of "
            f"the squared mean: averaging does not tame an outlier, it divides it by n"
        ),
    )


def _listed(values: dict[int, float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values.values())


def _unequal_updates() -> Erratum:
    n = problems.four_points().n
    after_epoch = {size: quantities.distance("AdaGrad", size, n // size) for size in (1, 2, 4)}
    same = {size: quantities.distance("AdaGrad", size, n) for size in (1, 2, 4)}
    growth = {
        size: float(quantities.steps("AdaGrad", size, epochs=size)["G"].iloc[n - 1])
        for size in (1, 2, 4)
    }
    return Erratum(
        line=1062,
        lines="1009, 1062-1065, 1111",
        kind="method error",
        printed="G after an epoch: frozen at batch size 1, healthy at 2",
        right=(
            f"after {n} updates each, G is "
            + ", ".join(f"{value:.0f} at batch size {size}" for size, value in growth.items())
        ),
        why="an epoch is four updates at batch size 1, two at 2: G has had half the time to grow",
        consequence=(
            f"the healthier G is no advantage after an epoch: the distances from 5 are "
            f"{_listed(after_epoch)} at batch sizes 1, 2, 4; after {n} updates each they are "
            f"{_listed(same)}"
        ),
    )


def _slower_correction() -> Erratum:
    two = {size: quantities.of_cell("Adam", size, 2, "1-beta1^t") for size in (1, 2)}
    return Erratum(
        line=1087,
        lines="1087",
        kind="method error",
        printed="the bias correction evolves more slowly with larger batches",
        right="it is the same at every update; an epoch has fewer of them",
        why="t counts updates: per epoch and per update are mixed up",
        consequence=(
            f"at t = 2 the correction of m is {two[1]:.2f} at batch size 1 and {two[2]:.2f} at 2; "
            f"nothing about Adam depends on it"
        ),
    )


def _variance_of_a_mean() -> Erratum:
    gradients = measures.point_gradients(problems.four_points())[:, 0]
    mean_square, square_mean = float((gradients**2).mean()), float(gradients.mean()) ** 2
    return Erratum(
        line=1113,
        lines="1113",
        kind="method error",
        printed="Var(mean) < mean(Var)",
        right="(mean g)^2 <= mean(g^2), equal where all gradients agree (as said under averaging "
        "before squaring, line 1007)",
        why=(
            "AdaGrad adds up squares, not variances; a mean of gradients that are all the same has "
            "no less variance than each of them, so the inequality is not strict either"
        ),
        consequence=(
            f"at w = 3 the mean square is {mean_square:.2f}, the squared mean {square_mean:.2f}; "
            f"the variance between points, {mean_square - square_mean:.2f}, explains a factor of "
            f"{mean_square / square_mean:.2f}; the rest of the ratio of 7.5 counts updates"
        ),
    )


METHOD_ERRORS: tuple[Callable[[], Erratum], ...] = (
    _family_tree,
    _rate_per_gradient,
    _frozen,
    _operations,
    _sum_against_mean,
    _share_of_a_mean,
    _unequal_updates,
    _slower_correction,
    _variance_of_a_mean,
)
