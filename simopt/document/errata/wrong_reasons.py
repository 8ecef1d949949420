"""Explanations that the numbers contradict, each with the calculation that shows it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simopt import problems
from simopt.document import quantities
from simopt.document.errata.erratum import Erratum
from simopt.rules import OPTIMIZERS, complement, rule
from simopt.training.run import run


def _smaller_because_large() -> Erratum:
    problem = problems.four_points()
    method = quantities.optimizer("AdaGrad")
    scales = (0.1, 1.0, 10.0)
    pairs = []
    for scale in scales:
        scaled = problems.least_squares(scale * problem.x, scale * problem.y, w0=problem.w0)
        first = run(scaled, method).steps.iloc[0]
        pairs.append((float(first["gradient"]), float(first["w"] - problem.w0[0])))
    moves = ", ".join(f"{gradient:g} moves it by {step:.4g}" for gradient, step in pairs)
    return Erratum(
        line=273,
        lines="273",
        kind="wrong reason",
        printed="the first step is small because the gradient is large",
        right="the first step is eta, whatever the gradient",
        why="with G = 0 before it, the first step is eta g / sqrt(g^2)",
        consequence=f"a first gradient of {moves}: the size of the gradient cancels",
    )


def _nesterov() -> Erratum:
    problem = problems.four_points()
    ends = {
        name: run(problem, OPTIMIZERS[name](eta=quantities.ETA)).summary
        for name in ("Momentum", "Nesterov")
    }
    peaks = {
        name: run(problem, OPTIMIZERS[name](eta=quantities.ETA)).steps["w"].iloc[:2].max()
        for name in ends
    }
    return Erratum(
        line=376,
        lines="376-378",
        kind="wrong reason",
        printed="looking ahead brakes the overshoot seen here",
        right=f"here it overshoots further: to w = {peaks['Nesterov']:g}",
        why=(
            "the one-flag form takes the gradient where the weight is and steps by eta (g + beta "
            "v), more than Momentum's eta v as long as the gradients agree in sign"
        ),
        consequence=(
            f"with the document's settings Nesterov reaches {peaks['Nesterov']:g} after two "
            f"points (Momentum {peaks['Momentum']:g}) and ends the epoch "
            f"{ends['Nesterov']['distance']:.3f} from 5 "
            f"(Momentum {ends['Momentum']['distance']:.3f})"
        ),
    )


def _first_gradient_blamed() -> Erratum:
    squares = quantities.steps("AdaGrad", 1)["gradient"].to_numpy() ** 2
    shares = squares / squares.sum()
    without = math.sqrt(squares.sum() / squares[1:].sum()) - 1
    return Erratum(
        line=682,
        lines="682, 694",
        kind="wrong reason",
        printed="the first gradient, -16, broke AdaGrad for good",
        right=f"point 3 makes {shares[2]:.0%} of G, point 1 {shares[0]:.0%}",
        why=f"the squared gradients are {', '.join(f'{s:.4g}' for s in squares)}",
        consequence=(
            f"without point 1 in it, G would give a rate only {without:.0%} higher at the end of "
            f"the epoch; and the walk itself tells of the growth at point 3 (line 509)"
        ),
    )


def _uncorrected_adam() -> Erratum:
    def uncorrected(w, g, eta, m, v, beta1=0.9, beta2=0.999, epsilon=1e-8):  # type: ignore[no-untyped-def]
        m = beta1 * m + complement(beta1) * g
        v = beta2 * v + complement(beta2) * (g * g)
        return w - eta * m / math.sqrt(v + epsilon), m, v

    plain = rule(uncorrected, name="Adam without correction")(eta=quantities.ETA)
    frame = run(problems.four_points(), plain).steps
    adam = quantities.steps("Adam", 1)
    start = float(problems.four_points().w0[0])
    first = (float(frame["w"].iloc[0]) - start) / (float(adam["w"].iloc[0]) - start)
    ends = [abs(float(f["w"].iloc[-1]) - 5) for f in (frame, adam)]
    return Erratum(
        line=698,
        lines="167, 698",
        kind="wrong reason",
        printed="without bias correction m and v are too small and the updates wrong",
        right="without it the updates are too large",
        why="m and v are both too small, but the root of v more so than m, and it divides",
        consequence=(
            f"without the correction the first step is {first:.2f} times as long, and Adam ends "
            f"the epoch {ends[0]:.3f} from 5 in place of {ends[1]:.3f}"
        ),
    )


def _fading_correction() -> Erratum:
    adam = quantities.settings("Adam")
    beta1, beta2 = adam["beta1"], adam["beta2"]
    factors = [math.sqrt(1 - beta2**t) / (1 - beta1**t) for t in range(1, 9)]
    epochs = 100
    w = np.concatenate([problems.four_points().w0, quantities.steps("Adam", 1, epochs)["w"]])
    sizes = np.abs(np.diff(w)).reshape(epochs, -1).mean(axis=1) / quantities.ETA
    leaders = {
        after: min(
            ("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam"),
            key=lambda name: quantities.distance(name, 1, 4 * after),
        )
        for after in (2, 5, 10, 100)
    }
    nearest = ", ".join(f"{name} after {after}" for after, name in leaders.items())
    return Erratum(
        line=741,
        lines="741",
        kind="wrong reason",
        printed="as the correction fades Adam takes bigger steps, and then dominates",
        right="its steps get shorter from epoch to epoch",
        why=(
            f"corrected moments have the gradient's own size at every t; taken together the "
            f"corrections multiply a step by {factors[0]:.3f} at t = 1 and {factors[-1]:.3f} at "
            f"t = 8"
        ),
        consequence=(
            f"the mean step, in units of eta, goes {sizes[0]:.2f}, {sizes[1]:.2f}, {sizes[2]:.2f} "
            f"over epochs 1 to 3; nearest to 5 at batch size 1 and eta = {quantities.ETA:g}: "
            f"{nearest} epochs"
        ),
    )


def _velocity_differs() -> Erratum:
    one, two = (quantities.steps("Momentum", size, epochs=size) for size in (1, 2))
    start = float(problems.four_points().w0[0])
    crossed = int(np.argmax(one["w"].to_numpy() > 5)) + 1
    there = [start, *two["w"]][1]
    return Erratum(
        line=1042,
        lines="1042",
        kind="wrong reason",
        printed="the velocity differs because averaged gradients come less often",
        right="it differs because the weight is on the other side of 5",
        why=(
            f"one by one, the weight passes 5 at update {crossed} and the next gradient is "
            f"{one['gradient'].iloc[crossed]:+g}; at batch size 2 the last gradient is taken at "
            f"w = {there:g} and is {two['gradient'].iloc[1]:+g}"
        ),
        consequence=(
            f"an epoch at batch size 2 ends at w = {two['w'].iloc[1]:g} with v = "
            f"{two['v'].iloc[1]:g}, that is, on its way further out; after as many updates as at "
            f"batch size 1 it has v = {two['v'].iloc[3]:.2f} (there {one['v'].iloc[3]:.2f})"
        ),
    )


WRONG_REASONS: tuple[Callable[[], Erratum], ...] = (
    _smaller_because_large,
    _nesterov,
    _first_gradient_blamed,
    _uncorrected_adam,
    _fading_correction,
    _velocity_differs,
)
