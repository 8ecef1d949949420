"""Adadelta: steps in the weight's own units (Zeiler 2012)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def adadelta(w, g, eta, Eg2, Ex2, rho=0.95, epsilon=1e-6):
    """One weight, one step."""
    Eg2 = rho * Eg2 + complement(rho) * (g * g)
    x = math.sqrt((Ex2 + epsilon) / (Eg2 + epsilon)) * g
    return w - eta * x, Eg2, rho * Ex2 + complement(rho) * (x * x)


@cache
def build() -> Rule:
    """The rule."""
    return rule(adadelta, name="Adadelta", eta=1.0)


def formula(settings):
    """The formula."""
    return [
        "Eg2 = rho * Eg2 + (1 - rho) * g**2",
        "x = sqrt((Ex2 + epsilon) / (Eg2 + epsilon)) * g",
        "w = w - eta * x",
        "Ex2 = rho * Ex2 + (1 - rho) * x**2",
    ]


FAMILY = Family(
    "Adadelta",
    build,
    formula,
)


@by_convention
def Adadelta(
    eta: float | Collection[float] = 1.0,
    rho: float | Collection[float] = 0.95,
    epsilon: float | Collection[float] = 1e-6,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adadelta.

    .. math::
        E[g^2] &\leftarrow \rho E[g^2] + (1 - \rho) g^2 \\
        x &= \sqrt{\frac{E[x^2] + \epsilon}{E[g^2] + \epsilon}} g \\
        w &\leftarrow w - \eta x \\
        E[x^2] &\leftarrow \rho E[x^2] + (1 - \rho) x^2

    Parameters
    ----------
    eta : float or sequence of float, default 1
        Learning rate, >= 0. The paper has none: 1 is its formula.
    rho : float or sequence of float, default 0.95
        Decay of both means, in [0, 1).
    epsilon : float or sequence of float, default 1e-6
        Added to both means, >= 0. It sets how large the first steps are; at 0 there are none.
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

    References
    ----------
    M. D. Zeiler, Adadelta: an adaptive learning rate method, arXiv:1212.5701 (2012).

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Adadelta(), epochs=100).steps
    >>> steps["w"].round(3).iloc[[0, 9, 99, 399]].tolist()
    [3.004, 3.027, 3.242, 3.862]
    """
    return FAMILY(**locals())
