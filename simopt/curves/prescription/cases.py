"""The runs that the advice is tried on: problems, optimizers, batch sizes, rates, seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.curves.prescription.training import Training
from simopt.problems import Problem, synthetic
from simopt.rules import OPTIMIZERS
from simopt.schedules import Schedule, exponential

Floats = NDArray[np.float64]

#: Rules whose steps are as long as the gradient: their rates are compared with 2 / curvature.
ALONG = ("SGD", "Momentum", "Nesterov")

#: Rates, as shares of 2 / the greatest curvature (times 1 - beta); or of the way from the start to
#: the optimum, for rules whose steps are about as long as their rate.
SPANS = {True: (1e-3, 3e1), False: (3e-5, 3e1)}
RATES = {True: 8, False: 12}

EPOCHS = 40

#: Of the claims' problems those whose least loss is known.
CONVEX = ("noiseless", "label noise", "ill-conditioned", "rotated", "sparse", "logistic")

#: So fast a decay that the rate is a thousandth by the end.
DECAY = 1e-3


@dataclass(frozen=True, eq=False)
class Case:
    """Runs of one problem that differ in optimizer, rate, batch size and seed.

    Attributes
    ----------
    problem : Problem
        To train on.
    optimizers : tuple of str
        Which.
    batch_sizes : tuple of int
        Points an update.
    epochs : int
        How long.
    seeds : tuple of int
        Orders of the points, or noises.
    validation, test : Problem, optional
        Points to watch, and others to judge by.
    schedule : Schedule, optional
        Of the rate.
    rated : Problem, optional
        Whose rates are tried; the problem's own by default.
    """

    problem: Problem
    optimizers: tuple[str, ...]
    batch_sizes: tuple[int, ...]
    epochs: int
    seeds: tuple[int, ...]
    validation: Problem | None = None
    test: Problem | None = None
    schedule: Schedule | None = None
    rated: Problem | None = None

    def trainings(self, optimizer: str, batch_size: int, quick: bool) -> list[Training]:
        """One for every rate."""
        make = OPTIMIZERS[optimizer]
        return [
            Training(
                make(eta=eta),
                batch_size,
                self.epochs,
                "epoch" if self.problem.n else "never",
                self.schedule,
            )
            for eta in rates(self.rated or self.problem, optimizer, quick).tolist()
        ]


def rates(problem: Problem, optimizer: str, quick: bool) -> Floats:
    """Rates from far too low to far too high."""
    shares = np.geomspace(*SPANS[optimizer in ALONG], RATES[quick])
    if optimizer in ALONG:
        slow = 0.1 if optimizer in ("Momentum", "Nesterov") else 1.0
        return np.asarray(shares * slow * 2.0 / curvature(problem))
    if problem.minimizer is None:
        return shares  # a network's weights are about 1
    way = float(np.sqrt(np.mean(np.square(problem.minimizer - problem.w0))))
    return np.asarray(shares * way)


def curvature(problem: Problem) -> float:
    """The greatest second derivative of the loss, at the start where it is not constant."""
    if problem.formula is not None:
        return FUNCTIONS[problem.name]
    if problem.hidden:
        hessian = np.stack(
            [
                (problem.gradient(problem.w0 + step) - problem.gradient(problem.w0 - step)) / 2e-5
                for step in 1e-5 * np.eye(problem.d)
            ]
        )
        return float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])
    return float(np.linalg.eigvalsh(problem.hessian_at(problem.w0))[-1])


#: The second derivative at the minimum along the steepest direction: 0.4 - 10.8 sin(6 w) for the
#: bumps, 3 w^2 - 1 for the wells, 2 across the saddle.
FUNCTIONS = {"bumps": 11.2, "double well": 2.1, "saddle": 2.0}


def cases(quick: bool) -> list[Case]:
    """Every case; fewer problems, optimizers and seeds for a first look."""
    seeds = tuple(range(2 if quick else 4))
    small = synthetic.suite()
    seven = ("SGD", "Momentum", "AdaGrad", "Adam") if quick else tuple(OPTIMIZERS)
    names = ("label noise", "ill-conditioned") if quick else CONVEX
    found = [
        Case(
            small[name],
            ("SGD", "Momentum", "AdaGrad", "Adam") if name == "logistic" else seven,
            (8, 128) if quick else (1, 8, 128),
            EPOCHS,
            seeds,
        )
        for name in names
    ]
    if not quick:
        for problem, sizes in (
            (problems.four_points(), (1, 2, 4)),
            (problems.hubble(), (1, 4, 24)),
            (problems.diabetes(), (8, 64)),
        ):
            found.append(Case(problem, seven, sizes, EPOCHS, seeds))
        five = ("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam")
        found.append(Case(small["network"], five, (8, 128), 2 * EPOCHS, seeds))
    fast = exponential(gamma=DECAY ** (1 / EPOCHS), per="epoch")
    three = ("SGD",) if quick else ("SGD", "Momentum", "Adam")
    found.append(Case(small["label noise"], three, (8,), EPOCHS, seeds, schedule=fast))
    clean = small["label noise"]
    found.append(Case(synthetic.bad_point(clean), three, (8,), EPOCHS, seeds, rated=clean))
    found += overfitting(quick)
    found += landscapes(quick)
    return found


def overfitting(quick: bool) -> list[Case]:
    """As many weights as points, or nearly: linear, logistic, and patients."""
    seeds = tuple(range(2 if quick else 4))
    chosen = ("SGD", "Adam") if quick else ("SGD", "Momentum", "Adam")
    found = []
    for draw in range(1 if quick else 3):
        parts = (synthetic.wide(draw), synthetic.patients(draw))[: 1 if quick else 2]
        for train, validation, test in parts:
            found.append(Case(train, chosen, (4,), 150, seeds, validation, test))
    return found


def landscapes(quick: bool) -> list[Case]:
    """Bumps, where a run can stop at the wrong minimum, and a saddle, each from many starts."""
    made: Sequence[tuple[Callable[[Floats], Problem], tuple[str, ...], float, float]] = (
        (lambda w: problems.bumps(w0=float(w[0])), ("Adam",), 3.0, 6.0),
        (lambda w: problems.saddle(w0=w), ("SGD",), 0.5, 1e-3),
    )
    if not quick:
        made = (
            (made[0][0], ("SGD", "Momentum", "Adam"), 3.0, 6.0),
            (made[1][0], ("SGD", "Momentum", "Adam"), 0.5, 1e-3),
        )
    rng = np.random.default_rng(3)
    found = []
    for make, chosen, first, second in made:
        for _ in range(3 if quick else 12):
            start = np.array([first, second]) * rng.uniform(0.5, 1.5, 2) * rng.choice([-1, 1], 2)
            found.append(Case(make(start), chosen, (1,), 200, (0,)))
    return found
