"""signSGD: the gradient's sign alone (Bernstein et al. 2018)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like, zero_like
from simopt.rules.rule import Optimizer, Rule


def sign(value):
    """-1, 0 or 1; nan stays nan."""
    zero, one = zero_like(value), one_like(value)
    positive = one if value > zero else value
    return -one if value < zero else positive


def signsgd(w, g, eta):
    """One weight, one step."""
    return w - eta * sign(g)


@cache
def build() -> Rule:
    """The rule."""
    return rule(signsgd, name="SignSGD")


def formula(settings):
    """The formula."""
    return ["w = w - eta * sign(g)"]


FAMILY = Family(
    "SignSGD",
    build,
    formula,
)


@by_convention
def SignSGD(
    eta: float | Collection[float] = 0.001,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Gradient descent by the sign of the gradient.

    .. math::
        w &\leftarrow w - \eta \, \mathrm{sign}(g)

    The sign of 0 is 0.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0: the size of a step, in units of the weight.
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
    Adam with beta1 = beta2 = epsilon = 0 takes the same steps.

    References
    ----------
    J. Bernstein, Y.-X. Wang, K. Azizzadenesheli, A. Anandkumar, signSGD: compressed optimisation
    for non-convex problems, ICML 2018.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.SignSGD(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.2, 3.3, 3.4]
    """
    return FAMILY(**locals())
