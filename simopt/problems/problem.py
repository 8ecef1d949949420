"""A problem: a frozen value with loss, gradient, initial weights, optimum and minimum loss."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks, notebook
from simopt.ground.formatting import number
from simopt.problems.formula import Formula
from simopt.problems.inputs import many, start
from simopt.problems.scaling import Scaling

#: The type of an array of float64.
Floats = NDArray[np.float64]

#: What a problem works out once, and what its trajectories are compared with.
DERIVED = ("factor", "minimizer", "optimum", "minimum_loss", "digest")

#: Rows whose bytes are hashed at once: only so many are copied where rows are filled up.
ROWS = 2**16

#: Weights that a notebook names.
SHOWN = 6


def check_problem(problem: Any) -> Problem:
    """Refuse what is no problem."""
    if not isinstance(problem, Problem):
        raise checks.refuse("problem", problem, "a problem such as simopt.problems.hubble()")
    return problem


def known_minimum(problem: Problem) -> float:
    """The minimum loss, or 0 where it is unknown, as of a network: no loss there is below 0."""
    return 0.0 if np.isnan(problem.minimum_loss) else float(problem.minimum_loss)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Problem(ABC):
    """Data, a loss and initial weights. Made by the functions of `simopt.problems`.

    Attributes
    ----------
    name : str
        What tables and pages call it.
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
    intercept : bool
        Whether the last weight is one.
    noise : ndarray [d], optional
        Drawn noise's variance of the gradient, of every weight, in a batch of 1.
    least : ndarray [d], optional
        Where a function's loss is least, as its user says.
    parameters : tuple of float
        Further numbers of the loss, such as Huber's delta.
    scaling : Scaling, optional
        How the columns of a table were standardised; None where they are as they were.
    """

    name: str
    x: Floats
    y: Floats
    w0: Floats
    l2: Floats
    features: tuple[str, ...]
    target: str = "y"
    intercept: bool = False
    noise: Floats | None = None
    least: Floats | None = None
    parameters: tuple[float, ...] = ()
    scaling: Scaling | None = None

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.w0, self.l2, self.noise, self.least):
            if array is not None:
                array.flags.writeable = False

    @property
    @abstractmethod
    def kind(self) -> str:
        """The name of the loss: "least_squares", "logistic", "network", "function", ..."""

    @property
    def n(self) -> int:
        """The number of points."""
        return int(self.x.shape[0])

    @property
    def d(self) -> int:
        """The number of weights."""
        return len(self.w0)

    @property
    def columns(self) -> int:
        """The number of columns of a point; 0 unless the loss is a function or a network."""
        return 0

    @property
    def hidden(self) -> int:
        """The number of hidden units; 0 unless the problem is a network."""
        return 0

    @property
    def intercepts(self) -> tuple[int, ...]:
        """The numbers of the weights that multiply no column of the points."""
        return (self.d - 1,) if self.intercept else ()

    @property
    def formula(self) -> Formula | None:
        """The functions of the loss and its gradient, of a problem of the user's own."""
        return None

    @property
    def squared(self) -> bool:
        """Whether the loss of a point is the squared error."""
        return False

    @property
    def linear(self) -> bool:
        """Whether the predictions are linear in the weights."""
        return False

    @property
    def cheap(self) -> bool:
        """Whether the full loss needs no pass over the points: every update then evaluates it."""
        return not self.n

    @abstractmethod
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

    def losses(self, w: Floats) -> Floats:
        """The mean loss over all points at many weights, with the penalty.

        Parameters
        ----------
        w : ndarray [..., d]
            The weights.

        Returns
        -------
        ndarray [...]
        """
        w = many(w, self.d)
        flat = np.reshape(w, (-1, self.d))
        return np.reshape([self.loss(each) for each in flat], np.shape(w)[:-1])

    @abstractmethod
    def batch_loss(self, w: ArrayLike, rows: Any) -> float:
        """The mean loss over some points, without the penalty.

        Parameters
        ----------
        w : array_like [d]
            The weights; a number if d = 1.
        rows : int array or slice
            The points to use.

        Returns
        -------
        float
        """

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
        raise checks.refuse("kind", self.kind, "a regression's or a network's")

    def point_losses(self, z: Floats, y: Floats) -> Floats:
        """The loss of points from their predictions, without the penalty.

        Parameters
        ----------
        z : ndarray [...]
            Predictions, before any link function.
        y : ndarray [...]
            Targets.

        Returns
        -------
        ndarray [...]

        Raises
        ------
        ValueError
            If the problem has no model.
        """
        raise checks.refuse("kind", self.kind, "a regression's or a network's")

    @abstractmethod
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

    @abstractmethod
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
        return self.hessian

    @cached_property
    def hessian(self) -> Floats:
        """The Hessian [d, d] of a quadratic loss, the same everywhere."""
        raise checks.refuse("kind", self.kind, "'least_squares' for a constant hessian")

    @cached_property
    def factor(self) -> Floats:
        """R, upper triangular [d, d], with ``loss(w) = minimum_loss + |R (w - minimizer)|^2``.

        Empty where the loss is no sum of squares of linear predictions.
        """
        return np.empty((0, 0))

    @cached_property
    def dense(self) -> bool:
        """Whether no feature of any point is 0."""
        return bool(np.all(self.x))

    @cached_property
    def minimizer(self) -> Floats | None:
        """A minimizer [d] of the loss (the one of least norm), or None if there is none."""
        return self.least

    @cached_property
    def optimum(self) -> Floats | None:
        """The unique minimizer [d] of the loss, or None if there is none or more than one."""
        return self.minimizer

    @cached_property
    def minimum_loss(self) -> float:
        """The infimum of the loss; approached but not reached where there is no minimizer.

        NaN for a function whose optimum nobody gave, and for a network.
        """
        return float("nan") if self.minimizer is None else self.loss(self.minimizer)

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits of a hash over all that a trajectory depends on."""
        return self._digest()

    def _digest(self, code: str = "") -> str:
        sha = hashlib.sha256((self.kind + code).encode())
        for array in (self.x, self.y, self.w0, self.l2, self.noise):
            if array is None:
                continue
            sha.update(repr(array.shape).encode())
            for first in range(0, len(array), ROWS):
                sha.update(np.ascontiguousarray(array[first : first + ROWS]).data)
        if self.parameters:
            sha.update(repr(self.parameters).encode())
        return sha.hexdigest()[:12]

    def snapshot(self) -> Problem:
        """The problem with a user's functions as they are now; itself where it has none.

        Raises
        ------
        ValueError
            If a function reads what can't be followed, or makes a mistake.
        """
        return self

    def plain(self) -> Problem:
        """The problem whose functions call none that the user compiled with Numba."""
        return self

    def settle(self) -> Problem:
        """The plain problem for the length of a run, in which nothing that it reads changes."""
        return self

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

    def original_weights(self, w: Any) -> Any:
        """Weights in the units of the table's columns, also where these were standardised.

        Parameters
        ----------
        w : array_like [..., d], Series or DataFrame
            Weights of this problem; or the summary of a run, or the rows of a sweep, which hold
            them.

        Returns
        -------
        ndarray [..., d], Series or DataFrame
            The same where nothing was standardised. Of a summary a Series by feature, of rows a
            DataFrame with a column per feature.

        Examples
        --------
        >>> import simopt
        >>> table = simopt.problems.DATA / "diabetes.csv"
        >>> line = simopt.problems.read_table(table, "progression", standardize=True)
        >>> run = simopt.run(line, simopt.SGD(eta=0.1), batch_size="full", epochs=100)
        >>> line.original_weights(run.summary)[["bmi", "intercept"]].round(2).tolist()
        [5.69, -247.2]
        """
        if not hasattr(w, "iloc"):
            return self._unscaled(many(w, self.d))
        import pandas as pd

        held = ["w"] if self.d == 1 else [f"w_{k}" for k in range(self.d)]
        names = w.columns if w.ndim == 2 else w.index
        if not set(held) <= set(names):
            raise ValueError(f"w: must have {held[0]!r} to {held[-1]!r}, as a run's summary has")
        values = self._unscaled(w[held].to_numpy(np.float64))
        if w.ndim == 2:
            return pd.DataFrame(values, index=w.index, columns=list(self.features))
        return pd.Series(values, index=list(self.features), name="w")

    def _unscaled(self, w: Floats) -> Floats:
        """Weights [..., d] of unscaled columns, from those of scaled ones."""
        return w

    def __getstate__(self) -> dict[str, Any]:
        # What linear algebra gives goes along: its last bits differ from machine to machine.
        return {**vars(self), **{name: getattr(self, name) for name in DERIVED}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    def _weights(self, w: ArrayLike) -> Floats:
        weights = checks.array("w", w)
        if weights.shape not in {(), (1,), (self.d,)}:
            raise checks.refuse("w", w, f"a number, or {self.d} numbers, one a weight")
        # Looked at first: broadcasting takes longer than all the rest of a small problem's loss.
        return weights if weights.shape == (self.d,) else np.broadcast_to(weights, (self.d,))

    def __repr__(self) -> str:
        points = f"n = {self.n}, " if self.n else ""
        return f"<problem {self.name}: {self.kind}, {points}d = {self.d}>"

    def _repr_html_(self) -> str:
        shown = slice(None, SHOWN)
        more = ", …" if self.d > SHOWN else ""
        rows: dict[str, object] = {"loss": self.kind.replace("_", " ")}
        if self.n:
            rows |= {"points": self.n, "target": self.target}
        rows["weights"] = f"{self.d}: {', '.join(self.features[shown])}{more}"
        rows["start"] = ", ".join(map(number, self.w0[shown])) + more
        return notebook.card(self.name, rows)
