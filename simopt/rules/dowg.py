"""DoWG: DoG whose gradients are weighted by the distance at their time (Khaled et al. 2023)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.ground import checks
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger
from simopt.rules.rule import Optimizer, Rule


def squares(w, g, eta, w0, D, V, rate):
    """What the distance from the start and the gradient's norm are of."""
    moved = w - w0
    return moved * moved, g * g


def distance_over_weighted(D, V, rate, moved, gradients, eta, epsilon):
    """The greatest squared distance so far, the weighted sum of squares, and the rate."""
    D = larger(D, moved)
    V = V + D * gradients
    return D, V, D / (math.sqrt(V) + epsilon)


def dowg(w, g, eta, w0, D, V, rate, epsilon=1e-4):
    """One weight, one step."""
    return w - eta * rate * g, w0


@cache
def build() -> Rule:
    """The rule."""
    return rule(
        dowg,
        name="DoWG",
        clock=distance_over_weighted,
        terms=squares,
        eta=1.0,
        initial={"w0": "w", "D": "epsilon"},
    )


def formula(settings):
    """The formula."""
    return [
        "D = max(D, norm(w - w0)**2)",
        "V = V + D * norm(g)**2",
        "w = w - eta * D / (sqrt(V) + epsilon) * g",
    ]


#: From a distance of 0 the first step would be 0 / 0.
FAMILY = Family("DoWG", build, formula, ranges={"epsilon": checks.POSITIVE})


@by_convention
def DoWG(
    eta: float | Collection[float] = 1.0,
    epsilon: float | Collection[float] = 1e-4,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Distance over weighted gradients: SGD that finds its rate, and faster than DoG.

    .. math::
        D &\leftarrow \max(D, \lVert w - w_0 \rVert^2) \\
        V &\leftarrow V + D \lVert g \rVert^2 \\
        w &\leftarrow w - \frac{\eta D}{\sqrt{V} + \epsilon} g

    w0 is where the trajectory starts; norms are of all its weights.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        What the found rate is multiplied by, >= 0.
    epsilon : float or sequence of float, default 1e-4
        Where the squared distance starts, and what is added outside the root, > 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's, with optax' epsilon); a sequence is an
        axis of a sweep.

    Returns
    -------
    Optimizer
        A frozen value.

    Raises
    ------
    ValueError
        If a hyperparameter is out of range.

    References
    ----------
    A. Khaled, K. Mishchenko, C. Jin, DoWG unleashed: an efficient universal parameter-free gradient
    descent method, NeurIPS 2023, algorithm 1.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.DoWG()).steps
    >>> steps["w"].round(3).tolist()
    [3.01, 3.012, 3.024, 3.025]
    """
    return FAMILY(**locals())
