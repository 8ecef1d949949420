"""The noisy quadratic model: no points, and a gradient with Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.problems.inputs import labels, numbers, start
from simopt.problems.problem import Floats, Problem


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class NoisyQuadratic(Problem):
    """The penalty alone, ``l2`` being a curvature for every weight; the gradient has noise."""

    @property
    def kind(self) -> str:
        """What the loss is."""
        return "noisy_quadratic"

    def loss(self, w: ArrayLike) -> float:
        """The loss at w [d], without the noise."""
        w = self._weights(w)
        return float(self.l2 @ (w * w)) / 2

    def batch_loss(self, w: ArrayLike, rows: Any) -> float:
        """The loss: there are no points."""
        return self.loss(w)

    def gradient(self, w: ArrayLike, rows: Any = None) -> Floats:
        """The gradient [d] at w, without noise."""
        return np.asarray(self.l2 * self._weights(w))

    def point_gradients(self, w: ArrayLike) -> Floats:
        """Refused: there are no points.

        Raises
        ------
        ValueError
            Always.
        """
        raise checks.refuse("kind", self.kind, "a problem with points")

    @cached_property
    def hessian(self) -> Floats:
        """The second derivative [d, d] of the loss, the same everywhere."""
        return np.diag(self.l2)

    @cached_property
    def minimizer(self) -> Floats:
        """0."""
        return np.zeros(self.d)

    @cached_property
    def optimum(self) -> Floats | None:
        """0; None if a curvature is 0."""
        return self.minimizer if (self.l2 > 0).all() else None


def noisy_quadratic(
    curvature: ArrayLike,
    noise: ArrayLike,
    *,
    w0: ArrayLike = 1.0,
    name: str | None = None,
) -> Problem:
    r"""The noisy quadratic model: a diagonal quadratic with Gaussian noise on its gradient.

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
    h = numbers("curvature", curvature)
    if h.ndim == 0:
        h = h[None]
    if h.ndim != 1 or not h.size:
        raise checks.refuse("curvature", f"shape {h.shape}", "an array [d], not empty")
    c = numbers("noise", noise)
    if c.ndim > 1 or (c.ndim == 1 and c.shape != h.shape):
        raise checks.refuse("noise", f"shape {c.shape}", f"a number, or {len(h)}, one a weight")
    for name_of, values in (("curvature", h), ("noise", c)):
        if (values < 0).any():
            raise checks.refuse(name_of, float(values[values < 0][0]), ">= 0 everywhere")
    d = len(h)
    return NoisyQuadratic(
        name=checks.optional_text("name", name) or "noisy_quadratic",
        x=np.empty((0, d)),
        y=np.empty(0),
        w0=start(w0, d),
        l2=h,
        features=labels(d),
        noise=np.array(np.broadcast_to(c, (d,))),
    )
