"""A problem: a frozen value with loss, gradient, initial weights, optimum and minimum loss."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks
from simopt.problems import layer
from simopt.problems.inputs import start

if TYPE_CHECKING:
    from simopt.problems.formula import Formula

#: The type of an array of float64.
Floats = NDArray[np.float64]

#: What a problem works out once, and what its trajectories are compared with.
DERIVED = ("factor", "minimizer", "optimum", "minimum_loss", "digest")

#: The kinds whose prediction is a network's.
NETWORKS = ("network", "logistic_network")


def check_problem(problem: Any) -> Problem:
    """Refuse what is no problem."""
    if not isinstance(problem, Problem):
        raise checks.refuse("problem", problem, "a problem such as simopt.problems.hubble()")
    return problem


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, a loss and initial weights. Made by the functions of `simopt.problems`.

    Attributes
    ----------
    name : str
        What tables and pages call it.
    kind : str
        The loss: "least_squares", "logistic", "network", "logistic_network", "noisy_quadratic",
        "function" or "noisy_function".
    x : ndarray [n, d]
        The points, with the column of ones last where there is an intercept; of a noisy quadratic
        there are none, and a network or a function has columns of their own number [n, p].
    y : ndarray [n]
        Targets; 0 or 1 for the logistic loss.
    w0 : ndarray [d]
        The start.
    l2 : ndarray [d]
        The penalty on each weight; 0 for intercepts. A noisy quadratic's curvature.
    features : tuple of str
        A name per weight.
    target : str
        What y is.
    noise : ndarray [d], optional
        Drawn noise's variance of the gradient, of every weight, in a batch of 1.
    formula : Formula, optional
        A function's loss and gradient.
    least : ndarray [d], optional
        Where a function's loss is least, as its user says.
    """

    name: str
    kind: str
    x: Floats
    y: Floats
    w0: Floats
    l2: Floats
    features: tuple[str, ...]
    target: str = "y"
    intercept: bool = field(default=False)
    noise: Floats | None = None
    formula: Formula | None = None
    least: Floats | None = None

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.w0, self.l2, self.noise, self.least):
            if array is not None:
                array.flags.writeable = False

    @property
    def n(self) -> int:
        """The number of points."""
        return int(self.x.shape[0])

    @property
    def columns(self) -> int:
        """The number of columns of a point; 0 unless the loss is a function or a network."""
        own = self.formula is not None or self.kind in NETWORKS
        return int(self.x.shape[1]) if own and self.n else 0

    @property
    def hidden(self) -> int:
        """The number of hidden units; 0 unless the problem is a network."""
        return (self.d - 1) // (self.columns + 2) if self.kind in NETWORKS else 0

    @property
    def squared(self) -> bool:
        """Whether the loss of a point is the square of prediction - y."""
        return self.kind in ("least_squares", "network")

    @property
    def d(self) -> int:
        """The number of weights."""
        return len(self.w0)

    def loss(self, w: ArrayLike) -> float:
        """The mean loss over all points, with the penalty.

        Parameters
        ----------
        w : array_like [d]
            The weights; a number if d = 1.

        Returns
        -------
        float
        """
        w = self._weights(w)
        if self.formula is not None:
            losses = [self.formula.loss_at(w.tolist(), point) for point in self._points()]
            return float(np.mean(losses))
        penalty = float(self.l2 @ (w * w)) / 2
        if not self.n:
            return penalty
        z = self.predictions(w)
        if self.squared:
            error = z - self.y
            return float(error @ error) / self.n + penalty
        return float(np.mean(np.logaddexp(0.0, z) - self.y * z)) + penalty

    def predictions(self, w: ArrayLike, rows: Any = None) -> Floats:
        """The predictions of the model, before any link function.

        Parameters
        ----------
        w : array_like [d]
            The weights; a number if d = 1.
        rows : int array or slice, optional
            The points to use; all by default.

        Returns
        -------
        ndarray [n]
            z, one value per point.

        Raises
        ------
        ValueError
            If the problem has no model: a noisy quadratic, or a function.
        """
        if not self.n or self.formula is not None:
            raise checks.refuse("kind", self.kind, "a regression's or a network's")
        x = self.x if rows is None else self.x[rows]
        w = self._weights(w)
        return layer.predictions(w, x, self.hidden) if self.hidden else np.asarray(x @ w)

    def gradient(self, w: ArrayLike, rows: Any = None) -> Floats:
        """The gradient of the mean loss over some points, with the penalty and without noise.

        Parameters
        ----------
        w : array_like [d]
            The weights; a number if d = 1.
        rows : int array or slice, optional
            The points to use; all by default.

        Returns
        -------
        ndarray [d]
        """
        w = self._weights(w)
        if self.formula is not None:
            return np.asarray(self._formula_gradients(w, rows).mean(axis=0))
        if not self.n:
            return np.asarray(self.l2 * w)
        y = self.y if rows is None else self.y[rows]
        slope = self._slope(self.predictions(w, rows), y)
        return np.asarray(slope @ self._derivatives(w, rows) / len(y) + self.l2 * w)

    def point_gradients(self, w: ArrayLike) -> Floats:
        """The gradient of the loss of every single point, with the penalty.

        Parameters
        ----------
        w : array_like [d]
            The weights; a number if d = 1.

        Returns
        -------
        ndarray [n, d]
            Their mean over the points is the gradient.
        """
        w = self._weights(w)
        if self.formula is not None:
            return self._formula_gradients(w)
        slope = self._slope(self.predictions(w), self.y)
        return np.asarray(slope[:, None] * self._derivatives(w) + self.l2 * w)

    def hessian_at(self, w: ArrayLike) -> Floats:
        """The Hessian of the loss at w.

        Parameters
        ----------
        w : array_like [d]
            The weights; a number if d = 1.

        Returns
        -------
        ndarray [d, d]

        Raises
        ------
        ValueError
            If the problem is a network or a function: their Hessian is not computed.
        """
        if self.kind == "logistic":
            p = _sigmoid(self.x @ self._weights(w))
            spread = (self.x.T * (p * (1 - p))) @ self.x / self.n
            return np.asarray(spread + np.diag(self.l2))
        return self.hessian

    @cached_property
    def hessian(self) -> Floats:
        """The Hessian [d, d] of a quadratic loss, the same everywhere."""
        if self.kind not in ("least_squares", "noisy_quadratic"):
            raise checks.refuse("kind", self.kind, "'least_squares' for a constant hessian")
        if not self.n:
            return np.diag(self.l2)
        return np.asarray(2.0 * self.x.T @ self.x / self.n + np.diag(self.l2))

    @cached_property
    def factor(self) -> Floats:
        """R, upper triangular [d, d], with ``loss(w) = minimum_loss + |R (w - minimizer)|^2``.

        Empty for a noisy quadratic, whose loss is a sum of squares as it is, and for functions and
        networks.
        """
        if not self.n or self.formula is not None or self.hidden:
            return np.empty((0, 0))
        rows = [self.x / np.sqrt(self.n), np.diag(np.sqrt(self.l2 / 2))]
        return np.ascontiguousarray(np.linalg.qr(np.vstack(rows), mode="r"))

    @cached_property
    def minimizer(self) -> Floats | None:
        """A minimizer [d] of the loss (the one of least norm), or None if there is none."""
        if self.kind == "logistic":
            return _newton(self)
        if self.formula is not None or self.hidden:
            return self.least
        if not self.n:
            return np.zeros(self.d)
        if self.d == 1:
            x = self.x[:, 0]
            return np.array([(x @ self.y) / (x @ x + self.n * self.l2[0] / 2)])
        rows = np.vstack([self.x, np.diag(np.sqrt(self.n * self.l2 / 2))])
        targets = np.concatenate([self.y, np.zeros(self.d)])
        return np.asarray(np.linalg.lstsq(rows, targets, rcond=None)[0])

    @cached_property
    def optimum(self) -> Floats | None:
        """The unique minimizer [d] of the loss, or None if there is none or more than one."""
        if self.minimizer is None:
            return None
        if self.formula is not None:
            return self.least
        if not self.n:
            return self.minimizer if (self.l2 > 0).all() else None
        diagonal = np.abs(np.diag(self.factor))
        if self.kind == "least_squares" and diagonal.min() <= 1e-12 * diagonal.max():
            return None
        return self.minimizer

    @cached_property
    def minimum_loss(self) -> float:
        """The infimum of the loss; separable logistic data approach 0 without reaching it.

        NaN for a function whose optimum nobody gave, and for a network.
        """
        if self.least is None and (self.formula is not None or self.hidden):
            return float("nan")
        return 0.0 if self.minimizer is None else self.loss(self.minimizer)

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits of a hash over all that a trajectory depends on."""
        sha = hashlib.sha256(self.kind.encode())
        for array in (self.x, self.y, self.w0, self.l2, self.noise):
            if array is None:
                continue
            sha.update(repr(array.shape).encode() + array.tobytes())
        if self.formula is not None:
            from simopt.ground import inline

            sha.update(inline.digest(self.formula.loss, self.formula.gradient).encode())
        return sha.hexdigest()[:12]

    def replace(self, *, w0: ArrayLike) -> Problem:
        """The same problem with other initial weights.

        Parameters
        ----------
        w0 : float or array_like [d]
            The initial weights.

        Returns
        -------
        Problem

        Raises
        ------
        ValueError
            If w0 is not finite or has another length.
        """
        return replace(self, w0=start(w0, self.d))

    def __getstate__(self) -> dict[str, Any]:
        # What linear algebra gives goes along: its last bits differ from machine to machine.
        return {**vars(self), **{name: getattr(self, name) for name in DERIVED}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    def _slope(self, z: Floats, y: Floats) -> Floats:
        """The derivative of each point's loss with respect to its prediction z."""
        return 2.0 * (z - y) if self.squared else _sigmoid(z) - y

    def _derivatives(self, w: Floats, rows: Any = None) -> Floats:
        """The derivatives [n, d] of the predictions with respect to the weights."""
        x = self.x if rows is None else self.x[rows]
        return layer.derivatives(w, x, self.hidden) if self.hidden else x

    def _points(self, rows: Any = None) -> list[list[float]]:
        """The points of a function; a single empty one if it has none."""
        if not self.n:
            return [[]]
        chosen: list[list[float]] = (self.x if rows is None else self.x[rows]).tolist()
        return chosen

    def _formula_gradients(self, w: Floats, rows: Any = None) -> Floats:
        assert self.formula is not None
        at = w.tolist()
        return np.array([self.formula.gradient_at(at, point) for point in self._points(rows)])

    def _weights(self, w: ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(w, dtype=np.float64), (self.d,))

    def __repr__(self) -> str:
        if not self.n:
            return f"<problem {self.name}: {self.kind}, d = {self.d}>"
        return f"<problem {self.name}: {self.kind}, n = {self.n}, d = {self.d}>"


def _sigmoid(z: Floats) -> Floats:
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def _newton(problem: Problem) -> Floats | None:
    """The minimizer of a logistic loss by damped Newton steps; None if the weights diverge."""
    w = np.zeros(problem.d)
    for _ in range(200):
        step = np.linalg.lstsq(problem.hessian_at(w), problem.gradient(w), rcond=None)[0]
        scale = 1.0
        while problem.loss(w - scale * step) > problem.loss(w) and scale > 1e-8:
            scale /= 2
        w = w - scale * step
        if np.abs(step).max() <= 1e-13 * (1.0 + np.abs(w).max()):
            return w
        if problem.loss(w) < 1e-9:
            return None
    return w if np.abs(problem.gradient(w)).max() < 1e-12 else None
