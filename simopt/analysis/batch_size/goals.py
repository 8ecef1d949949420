"""Which loss to reach: a share of what can be explained beyond a constant prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.analysis.batch_size.result import Scaling, check_study
from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.constant import constant_loss
from simopt.problems.regression import Regression
from simopt.rules import OPTIMIZERS
from simopt.rules.rule import Optimizer
from simopt.sweeps.sweep import sweep

Floats = NDArray[np.float64]

#: Gradient descent that the goal of held-out rows is found on: its rate, as a share of the largest
#: stable one, and how many updates at most.
SMALL, LONGEST = 0.1, 5000

#: Losses that differ by a smaller share are the same.
ROUNDING = 1e-9

#: Orders of the points that held-out losses are looked at in.
ORDERS = range(1000, 1016)


@dataclass(frozen=True, eq=False)
class Goal:
    """A loss to reach, and what it means.

    Attributes
    ----------
    problem : Problem
        To train on: the rows that are not held out.
    target : float
        The training loss to reach, over all its points.
    explained : float
        The share of what can be explained beyond a constant prediction that is there.
    held_out : Problem or None
        The rows that are held out.
    held_out_loss, held_out_constant : float
        What gradient descent has on them when it reaches the target, and what the constant that
        predicts the training rows best has; NaN without such rows.
    """

    problem: Problem
    target: float
    explained: float
    held_out: Problem | None = None
    held_out_loss: float = float("nan")
    held_out_constant: float = float("nan")


def goal(problem: Problem, within: float = 0.05, *, held_out: float = 0.0, seed: int = 0) -> Goal:
    """The loss at which so much of what can be explained is left.

    What can be explained lies between the loss of the best constant prediction and the least loss
    of the model. The way from the start to a constant is no part of it: a share of the fall from
    the start would be reached by the intercept alone wherever targets are far from 0.

    Parameters
    ----------
    problem : Problem
        A regression; for squared errors its targets are standardised, so that rates and losses are
        those of targets of variance 1, and a constant has a loss of 1.
    within : float, default 0.05
        The share that may be left.
    held_out : float, default 0
        The share of the rows that are held out, drawn by ``seed``. The goal is then the training
        loss at which gradient descent in small steps first has no more than ``within`` left of what
        it ever explains of those rows: the training loss goes on falling while theirs need not.
    seed : int, default 0
        Of the rows held out.

    Returns
    -------
    Goal

    Raises
    ------
    ValueError
        If the columns explain nothing beyond a constant prediction.

    Examples
    --------
    >>> import simopt
    >>> aim = simopt.scaling.goal(simopt.problems.diabetes(), within=0.1)
    >>> round(aim.target, 3), round(float(aim.problem.y.var()), 3)
    (0.534, 1.0)
    """
    if not isinstance(problem, Regression):
        raise checks.refuse("problem", problem, "a regression such as simopt.problems.diabetes()")
    left = checks.number("within", within)
    if not 0 < left < 1:
        raise checks.refuse("within", within, "a number above 0 and below 1")
    share = checks.number("held_out", held_out, checks.Interval(low=0.0, high=0.9))
    train, held = _split(problem, share, checks.whole("seed", seed, 0))
    train, held = _standardised(train, held)
    constant, least = constant_loss(train), float(train.minimum_loss)
    if not constant > least:
        raise ValueError(f"{problem.name}: its columns explain nothing beyond a constant")
    if held is None:
        return Goal(train, least + left * (constant - least), 1 - left)
    way = _descent(train)
    seen, known = held.losses(way), constant_loss(train, held)
    if not known - seen.min() > ROUNDING * known:
        raise ValueError(
            f"{problem.name}: its columns explain nothing of the {held.n} rows held out: gradient "
            f"descent has {seen.min():.4g} there at best, a constant {known:.4g}"
        )
    place = int(np.argmax(seen <= seen.min() + left * (known - seen.min())))
    target = float(train.loss(way[place]))
    if not least < target < train.loss(train.w0):
        raise ValueError(f"{problem.name}: the start is as good for the rows held out as any fit")
    explained = (constant - target) / (constant - least)
    return Goal(train, target, explained, held, float(seen[place]), known)


def explained_held_out(study: Scaling, aim: Goal) -> Floats:
    """What each best setting of a study explains of the rows held out when it has its steps.

    Parameters
    ----------
    study : Scaling
        From `simopt.batch_size`, of ``aim.problem`` to ``aim.target``.
    aim : Goal
        From `goal`, with rows held out.

    Returns
    -------
    ndarray
        One number for each row of ``study.steps``: the median over orders of the points that
        nothing was tuned on of 1 - loss / a constant's loss; NaN where the target was not reached.

    Examples
    --------
    >>> import simopt
    >>> aim = simopt.scaling.goal(simopt.problems.diabetes(), held_out=0.25)
    >>> sgd = simopt.SGD()
    >>> study = simopt.batch_size(aim.problem, sgd, target=aim.target, batch_sizes=[8, 64], seeds=4)
    >>> bool((simopt.scaling.explained_held_out(study, aim) > 0.3).all())
    True
    """
    check_study(study)
    if not isinstance(aim, Goal) or aim.held_out is None:
        raise checks.refuse("aim", aim, "a Goal with rows held out, from simopt.scaling.goal")
    shares = []
    for _, row in study.steps.iterrows():
        if not np.isfinite(row["steps"]):
            shares.append(np.nan)
            continue
        frame = sweep(
            aim.problem,
            _setting(study, row),
            batch_size=int(row["batch_size"]),
            updates=int(row["steps"]),
            shuffle="epoch",
            seed=ORDERS,
            progress=False,
        )
        names = ["w"] if aim.problem.d == 1 else [f"w_{k}" for k in range(aim.problem.d)]
        ends = aim.held_out.losses(frame[names].to_numpy(np.float64))
        shares.append(float(1 - np.median(ends) / aim.held_out_constant))
    return np.array(shares)


def _setting(study: Scaling, row: Any) -> Optimizer:
    """The optimizer of a row of steps, as it was tuned."""
    values = {name: float(row[name]) for name in study.tuned if row[name] == row[name]}
    return OPTIMIZERS[row["optimizer"]](**values, convention=row["convention"])


def _split(problem: Regression, share: float, seed: int) -> tuple[Regression, Regression | None]:
    count = round(share * problem.n)
    if not count:
        return problem, None
    if problem.n - count < 2:
        raise checks.refuse("held_out", share, f"a share that leaves 2 of {problem.n} rows")
    order = np.random.default_rng(seed).permutation(problem.n)
    parts = [np.sort(order[count:]), np.sort(order[:count])]
    train, held = (
        replace(problem, x=np.ascontiguousarray(problem.x[rows]), y=problem.y[rows])
        for rows in parts
    )
    return train, held


def _standardised(
    train: Regression, held: Regression | None
) -> tuple[Regression, Regression | None]:
    """Targets of mean 0 and variance 1, by the rows trained on; counts and labels as they are."""
    scale = float(train.y.std())
    if not train.squared or not scale > 0:
        return train, held
    middle = float(train.y.mean()) if train.intercept else 0.0
    made = [
        None if each is None else replace(each, y=np.ascontiguousarray((each.y - middle) / scale))
        for each in (train, held)
    ]
    assert made[0] is not None
    return made[0], made[1]


def _descent(problem: Regression) -> Floats:
    """The weights of gradient descent in small steps, from the start on."""
    w, way = problem.w0, [problem.w0]
    largest = float(np.linalg.eigvalsh(problem.hessian_at(w))[-1])
    for _ in range(LONGEST):
        step = 2 * SMALL / largest * problem.gradient(w)
        if np.abs(step).max() <= 1e-9 * (1 + np.abs(w).max()):
            break
        w = w - step
        way.append(w)
    return np.stack(way)
