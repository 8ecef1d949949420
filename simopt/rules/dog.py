"""DoG: the rate is the distance travelled over the root of all squared gradients (Ivgi 2023)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger
from simopt.rules.rule import Optimizer, Rule


def squares(w, g, eta, w0, r, G, rate):
    """What the distance from the start, the gradient's norm and the start's norm are of."""
    moved = w - w0
    return moved * moved, g * g, w0 * w0


def distance_over_gradients(r, G, rate, moved, gradients, starts, eta, reach, epsilon):
    """The greatest distance so far, the sum of squares, and their quotient."""
    r = larger(r, larger(math.sqrt(moved), reach * (1 + math.sqrt(starts))))
    G = G + gradients
    return r, G, r / math.sqrt(G + epsilon)


def dog(w, g, eta, w0, r, G, rate, reach=1e-6, epsilon=1e-8):
    """One weight, one step."""
    return w - eta * rate * g, w0


@cache
def build() -> Rule:
    """The rule."""
    return rule(
        dog,
        name="DoG",
        clock=distance_over_gradients,
        terms=squares,
        eta=1.0,
        initial={"w0": "w"},
    )


def formula(settings):
    """The formula."""
    return [
        "r = max(r, max(norm(w - w0), reach * (1 + norm(w0))))",
        "G = G + norm(g)**2",
        "w = w - eta * r / sqrt(G + epsilon) * g",
    ]


FAMILY = Family("DoG", build, formula)


@by_convention
def DoG(
    eta: float | Collection[float] = 1.0,
    reach: float | Collection[float] = 1e-6,
    epsilon: float | Collection[float] = 1e-8,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Distance over gradients: SGD that finds its rate.

    .. math::
        r &\leftarrow \max(r, \max(\lVert w - w_0 \rVert, \alpha (1 + \lVert w_0 \rVert))) \\
        G &\leftarrow G + \lVert g \rVert^2 \\
        w &\leftarrow w - \frac{\eta r}{\sqrt{G + \epsilon}} g

    w0 is where the trajectory starts; norms are of all its weights.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        What the found rate is multiplied by, >= 0.
    reach : float or sequence of float, default 1e-6
        Alpha: the distance assumed at first, as a share of ``1 + norm(w0)``, > 0.
    epsilon : float or sequence of float, default 1e-8
        Added to the sum of squares, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's); a sequence is an axis of a sweep.

    Returns
    -------
    Optimizer
        A frozen value.

    Raises
    ------
    ValueError
        If a hyperparameter is out of range.

    Notes
    -----
    Its authors use an average of the weights: `simopt.averaged`.

    References
    ----------
    M. Ivgi, O. Hinder, Y. Carmon, DoG is SGD's best friend: a parameter-free dynamic step size
    schedule, ICML 2023, equations 1 and 2.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.DoG(reach=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.4, 3.478, 3.889, 3.905]
    """
    return FAMILY(**locals())
