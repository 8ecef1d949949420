"""The epoch map: the matrix that a pass through the data applies to an error in the weights.

Least squares is linear. With H the Hessian of a batch, the gradient at an error e is ``H e`` and a
constant, and a rule without memory of its own age (SGD, Momentum, Nesterov) takes (e, state) to a
matrix times (e, state). The product of these matrices over the batches of an epoch is the epoch
map; errors die out if its spectral radius, the largest modulus of its eigenvalues, is below 1. That
is exact, for every batch size and order, and does not depend on the targets.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.problem import check_problem
from simopt.rules.rule import Optimizer, Rule
from simopt.training import plan, shuffling
from simopt.training.stepper import check_optimizer

Floats = NDArray[np.float64]
Order = tuple[int, ...]

#: Matrices at a time, so that a fine grid needs no more memory than a coarse one.
AT_ONCE = 1 << 22

#: All orders of more points than these are too many.
MOST_POINTS = 7


def spectral_radius(
    problem: Problem,
    optimizer: Optimizer,
    *,
    batch_size: int | str | Sequence[int | str] = 1,
    order: str | Sequence[int] | Sequence[Sequence[int]] | None = None,
) -> pd.DataFrame:
    """The spectral radius of the epoch map: the weights converge if it is below 1.

    Parameters
    ----------
    problem : Problem
        Least squares, of any number of weights.
    optimizer : Optimizer
        SGD, Momentum or Nesterov in any convention, with coupled or decoupled weight decay, or any
        other rule that is linear and has no clock. Axes are multiplied out, as in a sweep.
    batch_size : int, "full" or a sequence of these, default 1
        Points per update. A short last batch is kept.
    order : None, "all", or one or several orders of the points
        File order; every order (at most 7 points; of those that give the same batches in the same
        sequence one); or those given.

    Returns
    -------
    DataFrame
        A row per combination: the hyperparameters, batch_size, order (a tuple of places in the
        file, counted from 0), updates (of an epoch), radius (per epoch). Directions in which no
        point has a component, where nothing ever moves, are left out.

    Raises
    ------
    ValueError
        If the problem is not least squares, the rule is not linear or has a clock, or a batch size
        or an order is not allowed.

    References
    ----------
    B. T. Polyak, Introduction to optimization (1987), section 2.1.2, for one matrix; the product
    over an epoch is Floquet's (1883).

    Examples
    --------
    One weight, all points at once: 1 - 2 eta mean(x^2), and the limit is eta = 1 / mean(x^2).

    >>> import simopt
    >>> four = simopt.problems.four_points()
    >>> table = simopt.stability.spectral_radius(
    ...     four, simopt.SGD(eta=[0.1, 0.3]), batch_size=["full", 1]
    ... )
    >>> table[["eta", "batch_size", "radius"]].round(4)
       eta  batch_size  radius
    0  0.1           4  0.2875
    1  0.1           1  0.1216
    2  0.3           4  1.1375
    3  0.3           1  2.0944
    """
    rule, axes = _checked(problem, optimizer)
    settings, moves = _grid(axes), grid_moves(rule, tuple(axes.values()))
    tables = []
    for size, chosen in plans(problem, batch_size, order):
        curved = curvatures(problem, size, chosen)
        columns: dict[str, Any] = {name: settings[:, k] for k, name in enumerate(axes)}
        columns |= {"batch_size": size, "order": [chosen] * len(settings)}
        columns |= {"updates": len(batches(chosen, size))}
        tables.append(pd.DataFrame(columns | {"radius": radii(moves, curved)}))
    places = [np.arange(len(settings)) for _ in tables]
    table = pd.concat(tables, ignore_index=True)
    return table.iloc[np.argsort(np.concatenate(places), kind="stable")].reset_index(drop=True)


def plans(problem: Problem, batch_size: Any, order: Any) -> list[tuple[int, Order]]:
    """Every combination of batch size and order."""
    sizes = [plan.check_batch_size(b, problem.n) for b in checks.axis("batch_size", batch_size)]
    if isinstance(order, str):
        checks.choice("order", order, ("all",))
        if problem.n > MOST_POINTS:
            allowed = f"given one by one for more than {MOST_POINTS} points"
            raise checks.refuse("order", order, allowed)
        return [(size, each) for size in sizes for each in orders(problem.n, size)]
    if order is None:
        return [(size, tuple(range(problem.n))) for size in sizes]
    allowed = "an order, several, or 'all'"
    rows = np.atleast_2d(checks.array("order", order, allowed))
    if not rows.size:
        raise checks.refuse("order", order, allowed)
    given = shuffling.check_order(order, len(rows), problem.n)
    return [(size, tuple(int(i) for i in each)) for size in sizes for each in given]


def orders(n: int, batch_size: int) -> list[Order]:
    """The distinct orders of n points: those that differ in a batch or their sequence.

    Parameters
    ----------
    n : int
        The number of points, few enough for all orders to be listed.
    batch_size : int
        Points per batch; within a batch the order does not matter.

    Returns
    -------
    list of tuple of int
        One order for each sequence of batches.

    Raises
    ------
    ValueError
        If there are too many points.

    Examples
    --------
    >>> from simopt.stability import orders
    >>> len(orders(4, 1)), len(orders(4, 2)), orders(4, 4)
    (24, 6, [(0, 1, 2, 3)])
    """
    if checks.whole("n", n, 1) > MOST_POINTS:
        raise checks.refuse("n", n, f"at most {MOST_POINTS}: give more points' orders one by one")
    batch_size = checks.whole("batch_size", batch_size, 1)
    return [
        order
        for order in itertools.permutations(range(n))
        if all(tuple(sorted(batch)) == batch for batch in batches(order, batch_size))
    ]


def batches(order: Order, batch_size: int) -> list[Order]:
    """The batches of an epoch; the last may be short."""
    return [order[k : k + batch_size] for k in range(0, len(order), batch_size)]


def curvatures(problem: Problem, batch_size: int, order: Order) -> Floats:
    """The Hessian of each batch [batches, r, r], in the r directions that any point has.

    They are the eigenvectors of the whole Hessian: for a full batch what remains is diagonal.
    """
    values, vectors = np.linalg.eigh(problem.hessian)
    basis = vectors[:, values > 1e-12 * values.max()]
    if not basis.shape[1]:
        raise checks.refuse("problem", problem, "one with curvature")
    found = []
    for batch in batches(order, batch_size):
        x = problem.x[list(batch)] @ basis
        found.append(2.0 * x.T @ x / len(batch) + (basis.T * problem.l2) @ basis)
    return np.stack(found)


def radii(moves: Floats, curved: Floats) -> Floats:
    """The spectral radius of an epoch for each setting, whose `coefficients` are given."""
    count, states, _ = moves.shape
    if len(curved) == 1:
        # One batch: every direction goes its own way.
        lone = np.diag(curved[0])
        each = [_largest(*_epoch(moves, np.full((1, 1, 1), h))) for h in lone]
        return np.asarray(np.max(each, axis=0))
    width = curved.shape[1] * states
    part = max(1, AT_ONCE // width**2)
    pieces = [
        _largest(*_epoch(moves[first : first + part], curved)) for first in range(0, count, part)
    ]
    return np.concatenate(pieces)


def _epoch(moves: Floats, curved: Floats) -> tuple[Floats, Floats]:
    """The product of the updates' matrices [settings, m, m] over the batches; its determinant."""
    count, states, _ = moves.shape
    r = curved.shape[1]
    if (states, r) == (2, 1):
        return _epoch_of_pairs(moves, curved[:, 0, 0])
    whole = np.broadcast_to(np.eye(states * r), (count, states * r, states * r))
    determinant = np.ones(count)
    for h in curved:
        step = np.empty((count, states, r, states, r))
        for i, j in itertools.product(range(states), repeat=2):
            # Column 0 of the moves is the weight, 1 its gradient h e, the others the state.
            step[:, i, :, j, :] = moves[:, i, j + (j > 0), None, None] * np.eye(r)
            if j == 0:
                step[:, i, :, 0, :] += moves[:, i, 1, None, None] * h
        matrix = step.reshape(whole.shape)
        whole = matrix @ whole
        if whole.shape[1] == 2:
            # The product of the batches' keeps the digits that cancel in the whole's.
            determinant = determinant * _determinant(matrix)
    return whole, determinant


def _determinant(matrix: Floats) -> Floats:
    return np.asarray(matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0])


def _epoch_of_pairs(moves: Floats, curved: Floats) -> tuple[Floats, Floats]:
    """The same for one direction and a rule of one state, without matrices, which take longer."""
    (w_w, w_g, w_s), (s_w, s_g, s_s) = np.ascontiguousarray(moves.transpose(1, 2, 0))
    one, none = np.ones(len(moves)), np.zeros(len(moves))
    a, b, c, d, determinant = one, none, none, one, one
    for h in curved:
        p, s = w_w + w_g * h, s_w + s_g * h
        determinant = determinant * (p * s_s - w_s * s)
        a, b, c, d = p * a + w_s * c, p * b + w_s * d, s * a + s_s * c, s * b + s_s * d
    return np.stack([a, b, c, d], axis=1).reshape(-1, 2, 2), determinant


def _largest(matrix: Floats, determinant: Floats) -> Floats:
    """The largest modulus of the eigenvalues; of 2 x 2 by trace and determinant."""
    width = matrix.shape[1]
    if width == 1:
        return np.asarray(np.abs(matrix[:, 0, 0]))
    if width == 2:
        half = np.abs(matrix[:, 0, 0] + matrix[:, 1, 1]) / 2
        inside = half * half - determinant
        real = half + np.sqrt(np.maximum(inside, 0.0))
        return np.where(inside < 0, np.sqrt(np.maximum(determinant, 0.0)), real)
    return np.asarray(np.abs(np.linalg.eigvals(matrix)).max(axis=1))


@lru_cache(maxsize=2)
def grid_moves(rule: Rule, axes: tuple[tuple[float, ...], ...]) -> Floats:
    """The `coefficients` of a grid; remembered, for orders of the points are tried one by one."""
    moves = coefficients(rule, _grid(dict(zip(rule.hyperparameters, axes, strict=True))))
    moves.flags.writeable = False
    return moves


def coefficients(rule: Rule, settings: Floats) -> Floats:
    """A linear rule as matrices [settings, 1 + state, 2 + state]: (w, g, state) to (w, state).

    The rule's own function, at unit vectors; where others show that it is not linear, refused.
    """
    moves = columns(rule, settings)
    units = moves.shape[2]
    probe = [math.sqrt(2) * (-1) ** k / (k + 1) for k in range(units)]
    for scale in (1.0, -3.0):
        vector = [scale * p for p in probe]
        (moved,) = np.moveaxis(columns(rule, settings, [vector]), 2, 0)
        if not np.allclose(moved, moves @ vector, rtol=1e-9, atol=1e-12):
            raise checks.refuse("optimizer", rule.name, "a linear rule, such as Momentum")
    return moves


def columns(
    rule: Rule, settings: Floats, vectors: Sequence[Sequence[float]] | None = None
) -> Floats:
    """What the rule makes of vectors (w, g, state): [settings, 1 + state, vectors].

    By default of the unit vectors: then they are the `coefficients` of a rule known to be linear.
    """
    results = 1 + len(rule.state)
    call = np.frompyfunc(rule.update, 2 + results + len(rule.hyperparameters) - 1, results)
    eta, *hyper = settings.T

    def moved(vector: Sequence[float]) -> Floats:
        w, g, *state = vector
        new = call(w, g, eta, *state, *hyper)
        each = new if isinstance(new, tuple) else (new,)
        return np.stack([np.broadcast_to(v, len(eta)).astype(np.float64) for v in each], axis=1)

    given = np.eye(1 + results).tolist() if vectors is None else vectors
    return np.stack([moved(vector) for vector in given], axis=2)


def _checked(problem: Problem, optimizer: Optimizer) -> tuple[Rule, dict[str, tuple[float, ...]]]:
    """The rule, and each of its hyperparameters as an axis."""
    check_problem(problem)
    if not (problem.linear and problem.squared):
        raise checks.refuse("problem", problem.kind, "least squares: its updates are linear")
    chosen = check_optimizer(optimizer)
    if len(chosen.variants) > 1:
        raise checks.refuse("optimizer", chosen, "in one convention")
    if chosen.rule.clock is not None:
        raise checks.refuse("optimizer", chosen.name, "a rule without a clock, such as Momentum")
    values = {
        name: value if isinstance(value, tuple) else (value,)
        for name, value in chosen.settings.items()
    }
    coefficients(chosen.rule, _grid({name: axis[:1] for name, axis in values.items()}))
    return chosen.rule, values


def _grid(axes: dict[str, tuple[float, ...]]) -> Floats:
    """Every combination, the last axis varying fastest [combinations, axes]."""
    meshed = np.meshgrid(*(np.asarray(axis, dtype=float) for axis in axes.values()), indexing="ij")
    return np.stack([each.ravel() for each in meshed], axis=1)
