"""Small networks: one hidden layer, of tanh units or linear ones, and one output."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks, memory
from simopt.problems import layer, two_layers
from simopt.problems.inputs import numbers
from simopt.problems.losses import KINDS, LOSSES
from simopt.problems.problem import Floats, Problem
from simopt.problems.regression import Regression, make

#: Bytes that a weight takes: its start, its penalty, copies of both, and its name.
NAMED = 200


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Network(Regression):
    """Points, targets, and a loss of what a hidden layer predicts.

    Attributes
    ----------
    activation : str
        What a hidden unit answers: "tanh" or "linear".
    """

    activation: str = "tanh"

    @property
    def kind(self) -> str:
        """What the loss is: "network" for squared errors and tanh, else with names before it."""
        own = "" if self.squared else f"{self.criterion.kind}_"
        return f"{own}{'' if self.activation == 'tanh' else 'linear_'}network"

    @property
    def linear(self) -> bool:
        """Whether the points' predictions are linear in the weights."""
        return False

    @property
    def columns(self) -> int:
        """How many numbers a point has."""
        return int(self.x.shape[1])

    @property
    def hidden(self) -> int:
        """How many hidden units there are."""
        return (self.d - 1) // (self.columns + 2)

    @property
    def intercepts(self) -> tuple[int, ...]:
        """The numbers of b and c among the weights."""
        first = self.hidden * self.columns
        return (*range(first, first + self.hidden), self.d - 1)

    def predictions(self, w: ArrayLike, rows: Any = None) -> Floats:
        """What the network says of the points ``rows`` (all if None) at w: z [n]."""
        return layer.predictions(self._weights(w), self._points(rows), self.hidden, self.activation)

    @cached_property
    def solution(self) -> tuple[Floats | None, float]:
        """One of the many minima of linear units, and its loss; unknown of tanh units."""
        if self.activation == "linear":
            return two_layers.least(self, self.hidden)
        return None, math.nan

    @cached_property
    def optimum(self) -> None:
        """None: there are many minima."""
        return None

    def _unscaled(self, w: Floats) -> Floats:
        """Weights [..., d] of unscaled columns: of the hidden units, W and b."""
        if self.scaling is None:
            return w
        h, p = self.hidden, self.columns
        inner = w[..., : h * p].reshape(*w.shape[:-1], h, p)
        own, biases = self.scaling.undo(inner, w[..., h * p : h * (p + 1)])
        return np.concatenate(
            [own.reshape(*w.shape[:-1], h * p), biases, w[..., h * (p + 1) :]], -1
        )

    def _derivatives(self, w: Floats, rows: Any = None) -> Floats:
        """The derivatives [n, d] of the predictions by the weights."""
        return layer.derivatives(w, self._points(rows), self.hidden, self.activation)


def network(
    x: ArrayLike,
    y: ArrayLike,
    *,
    hidden: int = 8,
    kind: str = "least_squares",
    activation: str = "tanh",
    w0: ArrayLike | None = None,
    seed: int = 0,
    l2: float = 0.0,
    name: str | None = None,
    **parameters: float,
) -> Problem:
    r"""A network with one hidden layer and one output.

    .. math:: z(x) = c + \sum_{j=1}^h a_j f\Bigl(b_j + \sum_k W_{jk} x_k\Bigr)

    f is tanh, or with linear units the identity. The loss is the mean of :math:`(z - y)^2`, or of
    another loss of z and y, plus
    :math:`\tfrac{\lambda}{2}` times the squares of W and a: the biases b and c go free.

    Parameters
    ----------
    x : array_like [n] or [n, p]
        The points. Scale them to be about 1: the start is made for that.
    y : array_like [n]
        The targets.
    hidden : int, default 8
        h, the number of hidden units.
    kind : {"least_squares", "logistic", "huber", "poisson"}
        The loss; labels are 0 and 1 for "logistic", targets >= 0 for "poisson".
    activation : {"tanh", "linear"}, default "tanh"
        f. Two linear layers predict what a line does, but their loss is not convex in the weights:
        it has a saddle at W = 0, a = 0, and its minimum is that of the linear model.
    w0 : array_like [d], optional
        The start: W row by row, then b, a and c, d = h (p + 2) + 1 weights. PyTorch's
        ``parameters_to_vector`` has this order for ``Sequential(Linear(p, h), Tanh(), Linear(h,
        1))``.
    seed : int, default 0
        Where w0 is None, what the start is drawn by: first W, then a, uniformly within plus and
        minus :math:`\sqrt{6 / (p + h)}` and :math:`\sqrt{6 / (h + 1)}` (Glorot and Bengio); b and
        c are 0.
    l2 : float, default 0
        lambda, >= 0.
    name : str, optional
        What tables call it.
    **parameters
        Further numbers that the loss takes, such as ``delta`` of "huber".

    Returns
    -------
    Problem
        Its loss has many minima: ``optimum`` is None, and distances are unknown. Of linear units
        ``minimum_loss`` is exact, of tanh units unknown.

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, their lengths differ, or another
        argument is not allowed.

    Notes
    -----
    Gradient descent with small rates and without a penalty keeps :math:`W W^T + b b^T - a a^T` of
    linear units as it is at the start (Saxe et al.; Du et al.).

    References
    ----------
    X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS 2010.

    A. M. Saxe, J. L. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks, ICLR 2014.

    S. S. Du, W. Hu, J. D. Lee, Algorithmic regularization in learning deep homogeneous models:
    layers are automatically balanced, NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np, simopt
    >>> x = np.linspace(-2, 2, 50)
    >>> wave = simopt.problems.network(x, np.sin(2 * x), hidden=6)
    >>> wave.d, wave.features[:2], round(wave.loss(wave.w0), 2)
    (19, ('W[1, x]', 'W[2, x]'), 2.01)
    >>> plan = {"batch_size": 10, "epochs": 400, "shuffle": "epoch", "seed": range(100)}
    >>> frame = simopt.sweep(wave, simopt.Adam(eta=[0.001, 0.01]), **plan)
    >>> frame.groupby("eta")["loss"].median().round(3).tolist()
    [0.133, 0.003]

    Two linear layers learn a line, and no better than a line does:

    >>> line = simopt.problems.least_squares(x, np.sin(2 * x), intercept=True)
    >>> layers = simopt.problems.network(x, np.sin(2 * x), hidden=2, activation="linear")
    >>> bool(np.isclose(layers.minimum_loss, line.minimum_loss))
    True
    """
    checks.choice("kind", kind, KINDS)
    checks.choice("activation", activation, layer.ACTIVATIONS)
    h = checks.whole("hidden", hidden, 1)
    memory.check("hidden", hidden, 10 * h)
    penalty = checks.number("l2", l2, checks.NOT_NEGATIVE)
    data = make(LOSSES[kind], x, y, w0=0.0, intercept=False, l2=0.0, name=name, biased=True)
    p = data.x.shape[1]
    weights = h * (p + 2.0) + 1
    memory.check("hidden", h, weights, NAMED, what=f"{weights:,.0f} weights and their names")
    start = glorot(p, h, checks.whole("seed", seed, 0)) if w0 is None else numbers("w0", w0)
    if start.shape != (h * (p + 2) + 1,):
        raise checks.refuse(
            "w0", f"shape {start.shape}", f"{h * (p + 2) + 1} numbers: see the order of the weights"
        )
    free = np.r_[np.full(h * p, penalty), np.zeros(h), np.full(h, penalty), 0.0]
    return Network(
        name=name or "network",
        x=data.x,
        y=data.y,
        w0=start,
        l2=free,
        features=_names(data.features, h),
        target=data.target,
        parameters=data.criterion.check_parameters(parameters),
        scaling=data.scaling,
        criterion=data.criterion,
        activation=activation,
    )


def glorot(columns: int, hidden: int, seed: int) -> Floats:
    """Glorot initial weights [d]: uniform W and a that keep variances equal across layers."""
    rng = np.random.default_rng(seed)
    inner, outer = math.sqrt(6 / (columns + hidden)), math.sqrt(6 / (hidden + 1))
    w = rng.uniform(-inner, inner, hidden * columns)
    a = rng.uniform(-outer, outer, hidden)
    return np.concatenate([w, np.zeros(hidden), a, np.zeros(1)])


def _names(features: Any, hidden: int) -> tuple[str, ...]:
    units = range(1, hidden + 1)
    inner = [f"W[{j}, {feature}]" for j in units for feature in features]
    return (*inner, *(f"b[{j}]" for j in units), *(f"a[{j}]" for j in units), "c")
