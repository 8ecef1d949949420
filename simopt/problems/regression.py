"""Regressions: problems whose loss compares a prediction with a target, point by point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.problems import columns, tall
from simopt.problems.design import Design, Reading, Remedies, design
from simopt.problems.features import say_amounts
from simopt.problems.inputs import labels, many, numbers, start
from simopt.problems.loss import Floats, Loss
from simopt.problems.problem import Problem
from simopt.problems.scaling import Scaling

#: Weights whose predictions of all points are in memory at once.
PART = 1000

#: With so few weights, sums are taken in a set order and not by BLAS, whose last bits depend on the
#: machine: `simopt.run` then gives the same bits everywhere, in a browser too.
FEW = 2

#: What to do about the columns of a DataFrame that is handed over as points.
REMEDIES = Remedies(
    left="an array, as of x.to_numpy(), keeps all, and problems.from_frame takes features=",
    texts="problems.from_frame has categories='one-hot'",
    missing="problems.from_frame has missing='drop'",
    apart="problems.from_frame has standardize=True, and an array, as of x.to_numpy(), is taken "
    "without a word",
)

#: Of a mean loss, relative to 1 and itself.
ROUNDING = 2.0**-50

#: Directions with a share of the curvature below this square are flat: nothing holds them.
FLAT = 1e-7


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Regression(Problem):
    """Points, targets, and a loss of the linear prediction ``x @ w``.

    Attributes
    ----------
    criterion : Loss
        What a prediction costs.
    reading : Reading, optional
        How a table was read for it.
    """

    criterion: Loss
    reading: Reading | None = None

    @property
    def kind(self) -> str:
        """The name of the loss."""
        return self.criterion.kind

    @property
    def named_parameters(self) -> dict[str, float]:
        """The further numbers of the loss, by name."""
        return dict(zip(self.criterion.parameters, self.parameters, strict=True))

    @property
    def squared(self) -> bool:
        """Whether the loss of a point is the squared error."""
        return self.criterion.squared

    @property
    def linear(self) -> bool:
        """Whether the predictions are linear in the weights."""
        return True

    @property
    def cheap(self) -> bool:
        """Whether the full loss needs no pass over the points."""
        return self.linear and self.squared

    def predictions(self, w: ArrayLike, rows: Any = None) -> Floats:
        """The predictions z [n] of the model, before any link function."""
        return _product(self._points(rows), self._weights(w))

    def point_losses(self, z: Floats, y: Floats) -> Floats:
        """The loss of points from their predictions and targets, without the penalty."""
        return self.criterion.values(z, y, *self.parameters)

    def loss(self, w: ArrayLike) -> float:
        """The mean loss over all points, with the penalty."""
        w = self._weights(w)
        # Of a column in tiny units the weight is large, and its square infinite.
        penalty = float(self.l2 @ (w * w)) / 2 if self.l2.any() else 0.0
        z = self.predictions(w)
        if self.squared:
            error = z - self.y
            few = self.d <= FEW
            return float(np.add.reduce(error * error) if few else error @ error) / self.n + penalty
        return float(np.mean(self.point_losses(z, self.y))) + penalty

    def losses(self, w: Floats) -> Floats:
        """The mean loss [...] at weights [..., d], with the penalty."""
        if not self.linear:
            return super().losses(w)
        w = many(w, self.d)
        flat = np.reshape(w, (-1, self.d))
        if self.squared:
            assert self.minimizer is not None
            off = (flat - self.minimizer) @ self.factor.T
            found = self.minimum_loss + np.square(off).sum(axis=1)
        else:
            found = np.empty(len(flat))
            for low in range(0, len(flat), PART):
                part = flat[low : low + PART]
                mean = self.point_losses(part @ self.x.T, self.y).mean(axis=1)
                penalty = np.square(part) @ self.l2 / 2 if self.l2.any() else 0.0
                found[low : low + PART] = mean + penalty
        return np.reshape(found, np.shape(w)[:-1])

    def batch_loss(self, w: ArrayLike, rows: Any) -> float:
        """The mean loss over some points, without the penalty."""
        return float(np.mean(self.point_losses(self.predictions(w, rows), self.y[rows])))

    def gradient(self, w: ArrayLike, rows: Any = None) -> Floats:
        """The gradient [d] of the mean loss over some points (all if None), with the penalty."""
        w = self._weights(w)
        y = self.y if rows is None else self.y[rows]
        slope = self.criterion.slopes(self.predictions(w, rows), y, *self.parameters)
        derivatives = self._derivatives(w, rows)
        if self.d <= FEW:
            sums = np.array([np.add.reduce(slope * column) for column in derivatives.T])
        else:
            sums = slope @ derivatives
        return np.asarray(sums / len(y) + self.l2 * w)

    def point_gradients(self, w: ArrayLike) -> Floats:
        """The gradients [n, d] of the loss of every single point, with the penalty."""
        w = self._weights(w)
        slope = self.criterion.slopes(self.predictions(w), self.y, *self.parameters)
        return np.asarray(slope[:, None] * self._derivatives(w) + self.l2 * w)

    def hessian_at(self, w: ArrayLike) -> Floats:
        """The Hessian [d, d] of the loss at w."""
        if self.squared or not self.linear:
            return self.hessian
        curvature = self.criterion.curvatures(self.predictions(w), self.y, *self.parameters)
        return np.asarray((self.x.T * curvature) @ self.x / self.n + np.diag(self.l2))

    @cached_property
    def hessian(self) -> Floats:
        """The Hessian [d, d] of a quadratic loss, the same everywhere."""
        if not (self.squared and self.linear):
            raise checks.refuse("kind", self.kind, "'least_squares' for a constant hessian")
        return np.asarray(2.0 * self.x.T @ self.x / self.n + np.diag(self.l2))

    @cached_property
    def equivalent(self) -> tuple[Floats, Floats]:
        """Points [m, d] and targets [m] with the same sum of squared errors at every w.

        All points; of very many d + 1 rows that stand for them.
        """
        if self.n <= tall.FEW:
            return self.x, self.y
        rows = tall.triangle(self.n, lambda part: np.column_stack([self.x[part], self.y[part]]))
        return rows[:, :-1], rows[:, -1]

    @cached_property
    def factor(self) -> Floats:
        """R, upper triangular [d, d], with ``loss(w) = minimum_loss + |R (w - minimizer)|^2``.

        Empty where the loss is no sum of squares of linear predictions.
        """
        if not (self.squared and self.linear):
            return np.empty((0, 0))
        rows = [self.equivalent[0] / np.sqrt(self.n), np.diag(np.sqrt(self.l2 / 2))]
        return np.ascontiguousarray(np.linalg.qr(np.vstack(rows), mode="r"))

    @cached_property
    def solution(self) -> tuple[Floats | None, float]:
        """A minimizer, or None if there is none, and the infimum of the loss."""
        return self.criterion.solve(self)

    @cached_property
    def minimizer(self) -> Floats | None:
        """A minimizer [d] of the loss, or None if there is none."""
        return self.solution[0]

    @cached_property
    def optimum(self) -> Floats | None:
        """The unique minimizer [d] of the loss, or None if there is none or more than one."""
        if self.minimizer is None:
            return None
        if self.squared:
            # What a column has beside the others, by the column itself: units don't matter.
            size = np.abs(self.factor).max(axis=0)
            unique = bool((np.abs(np.diag(self.factor)) > 1e-12 * size).all())
            return self.minimizer if unique else None
        return self.minimizer if self.held(self.minimizer) == self.d else None

    @cached_property
    def minimum_loss(self) -> float:
        """The infimum of the loss; approached but not reached where there is no minimizer."""
        return self.solution[1]

    def held(self, w: Floats | None) -> int:
        """The numerical rank of the Hessian at w; the largest rank it can have, if None."""
        if w is None:
            curvature = np.ones(self.n)
        else:
            curvature = self.criterion.curvatures(self.predictions(w), self.y, *self.parameters)
        shares = np.sqrt(curvature / self.n)[:, None]
        if self.n > tall.FEW:
            points = tall.triangle(self.n, lambda part: self.x[part] * shares[part])
        else:
            points = self.x * shares
        rows = np.vstack([points, np.diag(np.sqrt(self.l2))])
        # Units of the features are no reason for a small curvature.
        units = np.sqrt(np.square(self.x).mean(axis=0) + self.l2)
        return int(np.linalg.matrix_rank(rows / np.where(units > 0, units, 1.0), rtol=FLAT))

    def _unscaled(self, w: Floats) -> Floats:
        """Weights [..., d] of unscaled columns, from those of scaled ones."""
        if self.scaling is None:
            return w
        if not self.intercept:
            return w / self.scaling.scale
        own, offset = self.scaling.undo(w[..., :-1], w[..., -1])
        return np.concatenate([own, offset[..., None]], axis=-1)

    def _points(self, rows: Any = None) -> Floats:
        """The points ``rows`` (all if None)."""
        return self.x if rows is None else np.asarray(self.x[rows])

    def _derivatives(self, w: Floats, rows: Any = None) -> Floats:
        """The derivatives [n, d] of the predictions with respect to the weights."""
        return self._points(rows)


def _product(x: Floats, w: Floats) -> Floats:
    """``x @ w``; with few weights column by column."""
    if len(w) > FEW:
        return np.asarray(x @ w)
    z = x[:, 0] * w[0]
    for k in range(1, len(w)):
        z = z + x[:, k] * w[k]
    return np.asarray(z)


def newton(problem: Regression, floor: float = -np.inf) -> tuple[Floats, bool]:
    """The end of damped Newton steps from 0, and whether it is a minimizer of a convex loss.

    It is none if the loss comes close to a floor that it never reaches, or has become straight
    along a direction in which some points could bend it: there it goes on falling.
    """
    w, last = np.zeros(problem.d), np.inf
    loss = problem.loss(w)
    products = [np.abs(problem.y) @ np.abs(column) for column in problem.x.T]
    scale = 1.0 + float(max(products)) / problem.n
    for _ in range(200):
        step = np.linalg.lstsq(problem.hessian_at(w), problem.gradient(w), rcond=None)[0]
        # Near the minimum rounding decides which of two losses is less: a full step is right.
        most = loss + ROUNDING * (1.0 + abs(loss))
        share = 1.0
        while not (ahead := problem.loss(w - share * step)) <= most and share > 1e-8:
            share /= 2
        w, loss = w - share * step, ahead
        size = float(np.abs(step).max() / (1.0 + np.abs(w).max()))
        if size <= 1e-13:
            break
        if loss < floor + 1e-9:
            return w, False
        # Small steps that no longer shrink are what rounding leaves; the gradient decides.
        if last / 2 < size <= 1e-6 and np.abs(problem.gradient(w)).max() < 1e-12 * scale:
            break
        last = size
    else:
        return w, False
    return w, problem.held(w) == problem.held(None)


def make(
    loss: Loss,
    x: Any,
    y: Any,
    *,
    w0: ArrayLike,
    intercept: bool,
    l2: float,
    name: str | None,
    features: Sequence[str] | None = None,
    target: str = "y",
    parameters: tuple[float, ...] = (),
    scaling: Scaling | None = None,
    reading: Reading | None = None,
    biased: bool = False,
) -> Regression:
    """A regression problem, after checks of its data; a ``biased`` model has its own biases."""
    intercept = checks.flag("intercept", intercept)
    name = checks.optional_text("name", name)
    if columns.is_series(y):
        if columns.is_frame(x) or columns.is_series(x):
            columns.check_same_rows(x, y)
        y, target, _, held = columns.target(y, str(y.name or "y"), loss.binary)
        say_amounts("y", held, held)
    targets = numbers("y", y, flags=True)
    if targets.ndim != 1:
        raise checks.refuse("y", f"shape {targets.shape}", "an array [n]")
    if isinstance(x, Design):
        points, features, scaling = x.x, x.names, x.scaling
    elif columns.is_frame(x):
        points, features = _from_frame(x, targets, target, intercept or biased)
    else:
        points = numbers("x", x, flags=True)
    if points.ndim == 1:
        points = points[:, None]
    if points.ndim != 2 or 0 in points.shape:
        raise checks.refuse("x", f"shape {points.shape}", "an array [n] or [n, d], not empty")
    if len(points) != len(targets):
        raise ValueError(
            f"x and y: {len(points)} points but {len(targets)} targets: must be of one length"
        )
    loss.check_targets(targets)
    penalty = checks.number("l2", l2, checks.NOT_NEGATIVE)
    names = tuple(features) if features is not None else labels(points.shape[1])
    if intercept:
        names = (*names, "intercept")
    points = np.ascontiguousarray(points) if biased else tall.kept(points, intercept)
    l2_each = np.full(points.shape[1], penalty)
    if intercept:
        l2_each[-1] = 0.0
    return Regression(
        name=name or loss.kind,
        x=points,
        y=targets,
        w0=start(w0, points.shape[1]),
        l2=l2_each,
        features=names,
        target=target,
        intercept=intercept,
        parameters=parameters,
        scaling=scaling,
        reading=reading,
        criterion=loss,
    )


def _from_frame(x: Any, y: Floats, target: str, intercept: bool) -> tuple[Floats, list[str]]:
    """The points of a DataFrame's columns, and their names."""
    table = columns.frame("x", x)
    if 0 in table.shape or table.shape[0] != y.size:
        return np.empty(table.shape), list(table.columns)
    points = design("x", table, y, target, intercept=intercept, remedies=REMEDIES)
    return points.x, points.names
