"""What surprises in the frameworks, and how large each surprise is: measured when it is told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from simopt import problems, schedules
from simopt.ground.formatting import number, percent
from simopt.report.conventions.measured import walk
from simopt.report.conventions.names import code
from simopt.rules import ALL
from simopt.rules.rule import Optimizer
from simopt.training.plan import SLACK
from simopt.training.run import run
from simopt.training.stepper import Stepper


@dataclass(frozen=True)
class Surprise:
    """One of them.

    Attributes
    ----------
    title : str
        What surprises.
    size : str
        How large it is, with the numbers.
    here : tuple of str
        How simopt does the one and the other.
    """

    title: str
    size: str
    here: tuple[str, ...]


def moves(optimizer: Optimizer, gradient: float, updates: int = 1) -> list[float]:
    """How far each update moves a weight whose gradient stays the same, in units of eta."""
    stepper, at = Stepper(optimizer, [0.0]), [0.0]
    for _ in range(updates):
        stepper.step([gradient])
        at += stepper.weights
    found: list[float] = (np.abs(np.diff(at)) / stepper.eta).tolist()
    return found


def made(name: str, **given: Any) -> tuple[Optimizer, str]:
    """An optimizer, and the code that makes it."""
    return ALL[name](**given), code(name, **given)


def four(optimizer: Optimizer, updates: int, rates: list[float] | None = None) -> float:
    """The weight on the four points after so many updates, point by point."""
    path = walk(problems.four_points(), optimizer, 1, [updates], rates)
    return float(path[updates][0])


def relative(a: float, b: float) -> float:
    """How far the first is from the second, relative to it."""
    return abs(a - b) / abs(b)


@cache
def surprises() -> tuple[Surprise, ...]:
    """All, the most consequential first."""
    return (
        _epsilon_outside(),
        _accumulator(),
        _rho(),
        _epsilon_hat(),
        _drop(),
        _decoupled(),
        _amsgrad(),
        _nadam(),
        _radam(),
        _adadelta(),
        _half(),
        _dampening(),
        _slack(),
        _single(),
    )


def papers() -> str:
    """What the settings of the two reports come to."""
    rho, epsilon, gradient = 0.99, 0.01, 0.01
    outside, inside = (
        moves(ALL["RMSprop"](rho=rho, epsilon=epsilon, epsilon_place=place), gradient, 2000)[-1]
        for place in ("outside", "inside")
    )
    return (
        f"With a decay of {number(rho)} and ε = {number(epsilon)}, a gradient that stays at "
        f"{number(gradient)} moves a weight by {number(outside, 2)} η an update in PyTorch and by "
        f"{number(inside, 2)} η where ε is inside the root, {number(outside / inside, 2)} times "
        "less."
    )


def _epsilon_outside() -> Surprise:
    (torch, there), (document, here) = (
        made("RMSprop", convention="torch", rho=0.9, epsilon=1e-8),
        made("RMSprop"),
    )
    gradient = 1e-5
    outside, inside = moves(torch, gradient, 300)[-1], moves(document, gradient, 300)[-1]
    return Surprise(
        "PyTorch adds ε outside the root",
        f"ε = 10⁻⁸ inside a root is as good as its root outside: a gradient that stays at "
        f"{number(gradient)} moves the weight by {number(outside, 2)} η an update in PyTorch, by "
        f"{number(inside, 2)} η with ε inside, as the document, Keras and optax have it.",
        (there, here),
    )


def _accumulator() -> Surprise:
    (keras, there), (document, here) = made("AdaGrad", convention="keras"), made("AdaGrad")
    gradient = 0.1
    return Surprise(
        "Keras and optax start AdaGrad's sum of squares at 0.1",
        f"The first step of a gradient of {number(gradient)} is "
        f"{number(moves(keras, gradient)[0], 2)} η long there, "
        f"{number(moves(document, gradient)[0], 2)} η from a start at 0.",
        (there, here),
    )


def _rho() -> Surprise:
    (torch, there), (keras, here) = (
        made("RMSprop", convention=each) for each in ("torch", "keras")
    )
    first = [moves(each, 1.0)[0] for each in (torch, keras)]
    rates = [float(each.settings["eta"]) for each in (torch, keras)]  # type: ignore[arg-type]
    return Surprise(
        "RMSprop remembers longer in PyTorch, and its rate is larger",
        f"ρ is {number(torch.settings['rho'])} there and {number(keras.settings['rho'])} "
        f"elsewhere: the first step is {number(first[0])} η long, not {number(first[1], 2)} η; at "
        f"the default rates it is {number(first[0] * rates[0] / (first[1] * rates[1]), 2)} times "
        "as long as in Keras.",
        (there, here),
    )


def _epsilon_hat() -> Surprise:
    (keras, there), (torch, here) = (made("Adam", convention=each) for each in ("keras", "torch"))
    gradient = 1e-6
    beta2, epsilon = (float(keras.settings[name]) for name in ("beta2", "epsilon"))  # type: ignore[arg-type]
    return Surprise(
        "Keras' Adam has another ε in another place",
        f"{number(epsilon)} is added to the root before its bias is corrected, which at the first "
        f"update is as much as {number(epsilon / (1 - beta2) ** 0.5, 2)} after it. The first step "
        f"of a gradient of {number(gradient)} is {number(moves(keras, gradient)[0], 2)} η long, "
        f"in PyTorch {number(moves(torch, gradient)[0], 2)} η.",
        (there, here),
    )


def _drop() -> Surprise:
    eta, at = 0.01, 10
    (keras, there), (torch, here) = (
        made("Momentum", eta=eta, convention=each) for each in ("keras", "torch")
    )
    rates = schedules.multi_step([at]).rates(eta, 2 * at).tolist()
    before = relative(four(keras, at), four(torch, at))
    after = relative(four(keras, 2 * at, rates), four(torch, 2 * at, rates))
    return Surprise(
        "In Keras and scikit-learn the rate goes into the buffer of momentum",
        f"At a constant rate that is the same: {number(before, 2)} of w apart after {at} updates "
        f"on the four points. Drop the rate to a tenth there, and after {at} more the weights are "
        f"{percent(after, 3)} of w apart: what is in the buffer goes on at the old rate. RMSprop "
        "with momentum does so in optax too.",
        (there, here),
    )


def _decoupled() -> Surprise:
    given = {"eta": 0.1, "weight_decay": 0.01}
    (keras, there), (torch, here) = (
        made("Adam", **given, convention=each) for each in ("keras", "torch")
    )
    ends = [four(each, 1000) for each in (keras, torch)]
    return Surprise(
        "Keras decouples every weight decay",
        f"weight_decay=0.01 makes Keras' Adam an AdamW, while PyTorch adds it to the gradient. On "
        f"the four points at η = 0.1 they end a thousand updates at w = {number(ends[0], 5)} and "
        f"{number(ends[1], 5)}.",
        (there, here),
    )


def _amsgrad() -> Surprise:
    given = {"eta": 0.1, "beta2": 0.9}
    (optax, there), (torch, here) = (
        made("AMSGrad", **given, convention=each) for each in ("optax", "torch")
    )
    points = problems.four_points()
    paths = [walk(points, each, 1, range(1, 101)) for each in (optax, torch)]
    apart = max(relative(paths[0][k][0], paths[1][k][0]) for k in paths[0])
    return Surprise(
        "AMSGrad's maximum is of two different things",
        "optax keeps the largest v after its bias is corrected, PyTorch and Keras before: with "
        f"β₂ = 0.9 and η = 0.1 they come to be {percent(apart)} of w apart on the four points.",
        (there, here),
    )


def _nadam() -> Surprise:
    (keras, there), (torch, here) = (
        made("NAdam", eta=0.1, convention=each) for each in ("keras", "torch")
    )
    psi = [float(each.settings["momentum_decay"]) for each in (keras, torch)]  # type: ignore[arg-type]
    warmed = [0.9 * (1 - 0.96 ** (100 * each) / 2) for each in psi]
    return Surprise(
        "NAdam's momentum warms up at different speeds",
        f"ψ is {number(psi[0])} in Keras and {number(psi[1])} in PyTorch, so that after a hundred "
        f"updates the momentum is {number(warmed[0], 3)} and {number(warmed[1], 3)}; optax has no "
        f"warm-up. At η = 0.1 the two come to be {percent(_most_apart(keras, torch))} of w apart "
        "on the four points.",
        (there, here),
    )


def _most_apart(one: Optimizer, other: Optimizer) -> float:
    points, looks = problems.four_points(), range(1, 201)
    paths = [walk(points, each, 1, looks) for each in (one, other)]
    return max(relative(paths[0][k][0], paths[1][k][0]) for k in looks)


def _radam() -> Surprise:
    (radam, there), (adam, here) = (
        made(name, eta=0.01, convention="torch") for name in ("RAdam", "Adam")
    )
    gradient = 100.0
    path = moves(radam, gradient, 10)
    waiting = sum(each > 10 for each in path)
    return Surprise(
        "RAdam's first steps are not divided by anything",
        f"In PyTorch the first {waiting} steps of a gradient of {number(gradient)} are "
        f"{number(path[0])} η long, as SGD's; Adam's are {number(moves(adam, gradient)[0])} η.",
        (there, here),
    )


def _adadelta() -> Surprise:
    (keras, there), (torch, here) = (
        made("Adadelta", convention=each) for each in ("keras", "torch")
    )
    way = [abs(four(each, 1000) - 3.0) / 2.0 for each in (keras, torch)]
    return Surprise(
        "Keras' Adadelta hardly moves",
        f"Its rate is {number(keras.settings['eta'])}, where the paper has none, that is, "
        f"{number(torch.settings['eta'])}: a thousand updates on the four points cover "
        f"{percent(way[0])} of the way, PyTorch's {percent(way[1])}.",
        (there, here),
    )


def _half() -> Surprise:
    (whole, there), (half, _) = made("SGD", eta=0.01), made("SGD", eta=0.005)
    steps = [four(each, 1) - 3.0 for each in (whole, half)]
    return Surprise(
        "scikit-learn's SGDRegressor has half the loss",
        f"It minimises half the squared error, so its eta0 is 2 η here: η = 0.01 moves the first "
        f"step on the four points by {number(steps[0])}, eta0 = 0.01 by {number(steps[1])}.",
        (there, code("SGD", eta=0.005, convention="sklearn")),
    )


def _dampening() -> Surprise:
    (torch, there), (plain, here) = made("Momentum", dampening=0.9), made("Momentum")
    first, ten = moves(torch, 1.0)[0], moves(plain, 1.0, 10)[-1]
    share = 1 - float(torch.settings["dampening"])  # type: ignore[arg-type]
    return Surprise(
        "PyTorch's dampening spares the first gradient",
        f"dampening=0.9 lets a share of {number(share, 2)} of every gradient in, but all of the "
        f"first: its step is {number(first)} η long, {number(first / share)} times that of an "
        f"average that starts at 0. (Without dampening the tenth step is {number(ten, 3)} η.)",
        (there, here),
    )


def _slack() -> Surprise:
    ends = [
        run(
            problems.four_points(), ALL["SGD"](eta=0.1, convention=each), clip_norm=1.0, epochs=3
        ).summary["w"]
        for each in ("torch", "optax")
    ]
    apart = relative(*map(float, ends))
    return Surprise(
        "PyTorch clips to a little less than it says",
        f"clip_grad_norm_ divides by the norm + {number(SLACK['torch'])}: clipped to 1, SGD at "
        f"η = 0.1 is {number(apart, 2)} of w away from Keras and optax after three epochs of the "
        "four points.",
        ('clip_norm=1.0 with convention="torch"', "clip_norm=1.0"),
    )


def _single() -> Surprise:
    points, eta, bound = problems.four_points(), 0.1, 1.0
    w = {"double": 3.0, "single": 3.0}
    for update in range(10):
        for kind in w:
            g = float(points.gradient([w[kind]], [update % points.n])[0])
            norm = max(abs(g), bound)
            w[kind] -= eta * g * bound / (float(np.float32(norm)) if kind == "single" else norm)
    return Surprise(
        "Keras on PyTorch clips in single precision",
        "In Keras 3.15 on its PyTorch backend clipnorm divides by a norm that was rounded to "
        f"float32, whatever the weights are in: {number(relative(w['single'], w['double']), 2)} of "
        "w after ten updates of SGD on the four points. That is a slip of Keras: on its JAX "
        "backend it is exact. simopt does not repeat it.",
        ('clip_norm=1.0 with convention="keras": exact',),
    )
