"""Problems: data as frozen values that know their loss, gradient, start, optimum and least loss.

The loss is a mean over the n points, plus ``l2 / 2 * |w|^2`` where asked for:

- least squares: ``mean((x @ w - y)^2)``, whose gradient per point is ``2 (x @ w - y) x``;
- logistic: ``mean(log(1 + exp(z)) - y z)`` with ``z = x @ w`` and labels 0 and 1;
- noisy quadratic: no points, the penalty alone, with a curvature of its own for every weight, and
  a gradient with Gaussian noise.

An intercept is a last column of ones, with its weight last; l2 leaves it alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt import checks

Floats = NDArray[np.float64]

#: Of problems that come from data.
KINDS = ("least_squares", "logistic")
DATA = Path(__file__).parent / "data"

#: What a problem works out once, and what its trajectories are compared with.
DERIVED = ("factor", "minimizer", "optimum", "minimum_loss", "digest")


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, a loss, and where to start. Make one with the functions of this module.

    Attributes
    ----------
    name : str
        What tables and pages call it.
    kind : {"least_squares", "logistic", "noisy_quadratic"}
        The loss.
    x : ndarray [n, d]
        The points, with the column of ones last where there is an intercept; of a noisy quadratic
        there are none.
    y : ndarray [n]
        Targets; 0 or 1 for the logistic loss.
    w0 : ndarray [d]
        The start.
    l2 : ndarray [d]
        The penalty on each weight; 0 for the intercept. A noisy quadratic's curvature.
    features : tuple of str
        A name per weight.
    target : str
        What y is.
    noise : ndarray [d], optional
        A noisy quadratic's variance of the gradient, of every weight, in a batch of 1.
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

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.w0, self.l2, self.noise):
            if array is not None:
                array.flags.writeable = False

    @property
    def n(self) -> int:
        """How many points."""
        return int(self.x.shape[0])

    @property
    def d(self) -> int:
        """How many weights."""
        return int(self.x.shape[1])

    def loss(self, w: ArrayLike) -> float:
        """The mean loss over all points at w [d] (a number will do where d = 1)."""
        w = self._weights(w)
        penalty = float(self.l2 @ (w * w)) / 2
        if not self.n:
            return penalty
        z = self.x @ w
        if self.kind == "least_squares":
            error = z - self.y
            return float(error @ error) / self.n + penalty
        return float(np.mean(np.logaddexp(0.0, z) - self.y * z)) + penalty

    def gradient(self, w: ArrayLike, rows: Any = None) -> Floats:
        """The gradient [d] at w, of the mean over ``rows`` (all points if None), without noise."""
        w = self._weights(w)
        if not self.n:
            return np.asarray(self.l2 * w)
        x, y = (self.x, self.y) if rows is None else (self.x[rows], self.y[rows])
        return np.asarray(self._slope(x @ w, y) @ x / len(y) + self.l2 * w)

    def point_gradients(self, w: ArrayLike) -> Floats:
        """The gradient [n, d] that each point alone gives at w; their mean is the gradient."""
        w = self._weights(w)
        return np.asarray(self._slope(self.x @ w, self.y)[:, None] * self.x + self.l2 * w)

    def hessian_at(self, w: ArrayLike) -> Floats:
        """The second derivative [d, d] of the loss at w."""
        if self.kind == "logistic":
            p = _sigmoid(self.x @ self._weights(w))
            spread = (self.x.T * (p * (1 - p))) @ self.x / self.n
            return np.asarray(spread + np.diag(self.l2))
        return self.hessian

    @cached_property
    def hessian(self) -> Floats:
        """The second derivative [d, d] of a quadratic loss, the same everywhere."""
        if self.kind == "logistic":
            raise checks.refuse("kind", self.kind, "'least_squares' for a constant hessian")
        if not self.n:
            return np.diag(self.l2)
        return np.asarray(2.0 * self.x.T @ self.x / self.n + np.diag(self.l2))

    @cached_property
    def factor(self) -> Floats:
        """R, upper triangular [d, d], with ``loss(w) = minimum_loss + |R (w - minimizer)|^2``.

        Empty for a noisy quadratic, whose loss is a sum of squares as it is.
        """
        if not self.n:
            return np.empty((0, 0))
        rows = [self.x / np.sqrt(self.n), np.diag(np.sqrt(self.l2 / 2))]
        return np.ascontiguousarray(np.linalg.qr(np.vstack(rows), mode="r"))

    @cached_property
    def minimizer(self) -> Floats | None:
        """A point [d] of least loss (the shortest, if there are many), None if there is none."""
        if self.kind == "logistic":
            return _newton(self)
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
        """The one point [d] of least loss, None where it does not exist or is not the only one."""
        if self.minimizer is None:
            return None
        if not self.n:
            return self.minimizer if (self.l2 > 0).all() else None
        diagonal = np.abs(np.diag(self.factor))
        if self.kind == "least_squares" and diagonal.min() <= 1e-12 * diagonal.max():
            return None
        return self.minimizer

    @cached_property
    def minimum_loss(self) -> float:
        """The least loss; 0 is approached but not reached by separable logistic data."""
        return 0.0 if self.minimizer is None else self.loss(self.minimizer)

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with anything that a trajectory depends on."""
        sha = hashlib.sha256(self.kind.encode())
        for array in (self.x, self.y, self.w0, self.l2, self.noise):
            if array is None:
                continue
            sha.update(repr(array.shape).encode() + array.tobytes())
        return sha.hexdigest()[:12]

    def replace(self, *, w0: ArrayLike) -> Problem:
        """The same problem from another start."""
        return replace(self, w0=_start(w0, self.d))

    def __getstate__(self) -> dict[str, Any]:
        # What linear algebra gives goes along: its last bits differ from machine to machine.
        return {**vars(self), **{name: getattr(self, name) for name in DERIVED}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    def _slope(self, z: Floats, y: Floats) -> Floats:
        """The derivative of each point's loss by its prediction z."""
        return 2.0 * (z - y) if self.kind == "least_squares" else _sigmoid(z) - y

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
    """The minimum of a logistic loss by damped Newton steps; None if it runs off to infinity."""
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


def _numbers(name: str, value: Any) -> Floats:
    """An array of finite float64, or an error that says where the first other thing is."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise checks.refuse(name, value, "an array of numbers") from None
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, where))}]={array[where]}: must be a finite number"
        )
    return array


def _start(w0: ArrayLike, d: int) -> Floats:
    start = _numbers("w0", w0)
    if start.ndim > 1 or (start.ndim == 1 and len(start) != d):
        raise checks.refuse("w0", w0, f"a number, or {d} numbers, one a weight")
    return np.array(np.broadcast_to(start, (d,)))


def _make(
    kind: str,
    x: Any,
    y: Any,
    *,
    w0: ArrayLike,
    intercept: bool,
    l2: float,
    name: str | None,
    features: Sequence[str] | None = None,
    target: str = "y",
) -> Problem:
    if features is None and hasattr(x, "columns"):
        features = [str(column) for column in x.columns]
    if target == "y" and getattr(y, "name", None):
        target = str(y.name)
    points = _numbers("x", x)
    targets = _numbers("y", y)
    if points.ndim == 1:
        points = points[:, None]
    if points.ndim != 2 or 0 in points.shape:
        raise checks.refuse("x", f"shape {points.shape}", "an array [n] or [n, d], not empty")
    if targets.ndim != 1:
        raise checks.refuse("y", f"shape {targets.shape}", "an array [n]")
    if len(points) != len(targets):
        raise ValueError(
            f"x and y: {len(points)} points but {len(targets)} targets: must be of one length"
        )
    if kind == "logistic" and not np.isin(targets, (0.0, 1.0)).all():
        wrong = targets[~np.isin(targets, (0.0, 1.0))][0]
        raise checks.refuse("y", float(wrong), "0 or 1 everywhere, for the logistic loss")
    penalty = checks.number("l2", l2, checks.NOT_NEGATIVE)
    labels = tuple(features) if features is not None else _labels(points.shape[1])
    if intercept:
        points = np.hstack([points, np.ones((len(points), 1))])
        labels = (*labels, "intercept")
    points = np.ascontiguousarray(points)
    l2_each = np.full(points.shape[1], penalty)
    if intercept:
        l2_each[-1] = 0.0
    start = _start(w0, points.shape[1])
    return Problem(
        name or kind, kind, points, targets, start, l2_each, labels, target, bool(intercept)
    )


def _labels(d: int) -> tuple[str, ...]:
    return ("x",) if d == 1 else tuple(f"x_{k}" for k in range(d))


def least_squares(
    x: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike = 0.0,
    intercept: bool = False,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """Least squares: ``loss(w) = mean((x @ w - y)^2) + l2 / 2 * |w|^2``.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points. Column names of a DataFrame are kept.
    y : array_like [n]
        The targets.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default False
        Add a last column of ones.
    l2 : float, default 0
        Penalty, >= 0; not on the intercept. Its gradient is ``l2 * w``.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, their lengths differ, or l2 < 0.

    Examples
    --------
    >>> from simopt import problems
    >>> line = problems.least_squares([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], intercept=True)
    >>> line.optimum.round(12).tolist()
    [2.0, 1.0]
    >>> line.loss([2.0, 0.0])
    1.0
    """
    return _make("least_squares", x, y, w0=w0, intercept=intercept, l2=l2, name=name)


def logistic(
    x: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """Logistic regression: ``loss(w) = mean(log(1 + exp(z)) - y z) + l2 / 2 * |w|^2``, z = x @ w.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points.
    y : array_like [n]
        The labels, 0 or 1.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default True
        Add a last column of ones.
    l2 : float, default 0
        Penalty, >= 0; not on the intercept.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem
        Its ``optimum`` is None where the labels can be separated and l2 = 0: the weights then grow
        without end.

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, a label is not 0 or 1, or the lengths
        differ.

    Examples
    --------
    >>> from simopt import problems
    >>> coin = problems.logistic([[1.0], [1.0], [1.0], [1.0]], [1, 1, 1, 0], intercept=False)
    >>> coin.optimum.round(6).tolist()  # log(3)
    [1.098612]
    """
    return _make("logistic", x, y, w0=w0, intercept=intercept, l2=l2, name=name)


def noisy_quadratic(
    curvature: ArrayLike,
    noise: ArrayLike,
    *,
    w0: ArrayLike = 1.0,
    name: str | None = None,
) -> Problem:
    r"""The noisy quadratic model: a diagonal quadratic whose gradient is seen with Gaussian noise.

    .. math:: L(w) = \tfrac12 \sum_i h_i w_i^2, \qquad
        g_i = h_i w_i + \sqrt{c_i / B}\, z_i, \quad z_i \sim N(0, 1)

    There are no points: an epoch is one update, and a batch may have any size B. The noise is a
    function of seed, update and weight alone, so that trajectories of one seed meet the same noise
    whatever their optimizer, rate and batch size, on every device. Loss, target and divergence go
    by L, without the noise.

    Parameters
    ----------
    curvature : array_like [d]
        h, >= 0.
    noise : array_like [d] or float
        c, >= 0: the variance of the gradient in a batch of one.
    w0 : float or array_like [d], default 1
        The start.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem
        Its optimum is 0, None if a curvature is 0.

    Raises
    ------
    ValueError
        If curvature or noise holds something other than finite numbers >= 0.

    References
    ----------
    G. Zhang, L. Li, Z. Nado, J. Martens, S. Sachdeva, G. Dahl, C. Shallue, R. Grosse, Which
    algorithmic choices matter at which batch sizes? Insights from a noisy quadratic model,
    NeurIPS 32 (2019).

    Examples
    --------
    >>> import numpy as np, simopt
    >>> h = 1 / np.arange(1, 51)
    >>> model = simopt.problems.noisy_quadratic(h, h)
    >>> plan = {"batch_size": [1, 64], "updates": 200, "seed": range(500)}
    >>> frame = simopt.sweep(model, simopt.SGD(eta=0.5), reduce="seed", **plan)
    >>> frame[["batch_size", "loss_mean"]].round(2)
       batch_size  loss_mean
    0           1       0.62
    1          64       0.01
    """
    h = _numbers("curvature", curvature)
    if h.ndim == 0:
        h = h[None]
    if h.ndim != 1 or not h.size:
        raise checks.refuse("curvature", f"shape {h.shape}", "an array [d], not empty")
    c = _numbers("noise", noise)
    if c.ndim > 1 or (c.ndim == 1 and c.shape != h.shape):
        raise checks.refuse("noise", f"shape {c.shape}", f"a number, or {len(h)}, one a weight")
    for name_of, values in (("curvature", h), ("noise", c)):
        if (values < 0).any():
            raise checks.refuse(name_of, float(values[values < 0][0]), ">= 0 everywhere")
    d = len(h)
    return Problem(
        name or "noisy_quadratic",
        "noisy_quadratic",
        np.empty((0, d)),
        np.empty(0),
        _start(w0, d),
        h,
        _labels(d),
        noise=np.array(np.broadcast_to(c, (d,))),
    )


def four_points() -> Problem:
    """The document's problem: (2, 10), (1, 5), (3, 15), (0.5, 2.5), y = 5x, from w = 3.

    Returns
    -------
    Problem
        d = 1, optimum 5, least loss 0.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.four_points().gradient(3.0, [0]).tolist()
    [-16.0]
    """
    return least_squares([2.0, 1.0, 3.0, 0.5], [10.0, 5.0, 15.0, 2.5], w0=3.0, name="four_points")


def hubble() -> Problem:
    """Hubble 1929, table 1: velocity [km/s] = w * distance [Mpc], 24 nebulae.

    Returns
    -------
    Problem
        d = 1, from w = 0. The optimum is 423.94 km/s/Mpc; today's value is near 70.

    References
    ----------
    E. Hubble, A relation between distance and radial velocity among extra-galactic nebulae,
    PNAS 15 (1929) 168.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.hubble().optimum.round(3).tolist()
    [423.937]
    """
    return read_table(DATA / "hubble.csv", "velocity_km_s", intercept=False, name="hubble")


def diabetes() -> Problem:
    """Diabetes progression of 442 patients from 10 standardised measurements and an intercept.

    Returns
    -------
    Problem
        d = 11, from 0: the features have mean 0 and variance 1 (divisor n); the target keeps its
        unit, so that the intercept is its mean, 152.13.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression, Ann. Stat. 32 (2004)
    407.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.diabetes().features[:3], round(float(problems.diabetes().optimum[-1]), 2)
    (('age', 'sex', 'bmi'), 152.13)
    """
    raw = np.loadtxt(DATA / "diabetes.csv", delimiter=",", skiprows=1)
    with open(DATA / "diabetes.csv", encoding="utf-8") as file:
        names = file.readline().strip().split(",")
    x, y = raw[:, :-1], raw[:, -1]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return _make(
        "least_squares",
        x,
        y,
        w0=0.0,
        intercept=True,
        l2=0.0,
        name="diabetes",
        features=names[:-1],
        target=names[-1],
    )


def read_table(
    path: str | os.PathLike[str],
    target: str,
    *,
    features: Sequence[str] | None = None,
    kind: str = "least_squares",
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """A problem from a CSV or Parquet file.

    Parameters
    ----------
    path : path
        A file that ends in ``.csv`` or ``.parquet``.
    target : str
        The column to predict.
    features : sequence of str, optional
        The columns to predict it from; all others if None.
    kind : {"least_squares", "logistic"}
        The loss.
    w0, intercept, l2, name
        As in `least_squares`; the name is the file's without its ending if None.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If the file's ending is another, a column is missing, or a value is missing or not a
        number; the message names the column and the row.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.read_table(problems.DATA / "hubble.csv", "velocity_km_s").optimum.round(3).tolist()
    [454.158, -40.784]
    """
    import pandas as pd

    path = Path(path)
    checks.choice("kind", kind, KINDS)
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise checks.refuse("path", str(path), "a file that ends in .csv or .parquet")
    if path.suffix.lower() == ".csv":
        try:
            table = pd.read_csv(path)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise checks.refuse("path", str(path), f"a readable CSV file ({error})") from None
    else:
        table = pd.read_parquet(path)
    columns = [str(column) for column in table.columns]
    table.columns = pd.Index(columns)
    checks.choice("target", target, columns)
    chosen = [c for c in columns if c != target] if features is None else list(features)
    if not chosen:
        raise checks.refuse("features", chosen, "at least one column")
    for feature in chosen:
        checks.choice("features", feature, [c for c in columns if c != target])
    for column in (*chosen, target):
        _check_column(table[column], column)
    return _make(
        kind,
        table[chosen].to_numpy(dtype=np.float64),
        table[target].to_numpy(dtype=np.float64),
        w0=w0,
        intercept=intercept,
        l2=l2,
        name=name or path.stem,
        features=chosen,
        target=target,
    )


def _check_column(column: Any, name: str) -> None:
    """Refuse a column with anything but finite numbers, naming the first row that has one."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise ValueError(
            f"column {name!r}, row {row + 1}: {column.iloc[row]!r}: must be a finite number"
        )
