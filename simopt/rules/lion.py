"""Lion: the sign of a momentum, found by a search over programs (Chen et al. 2023)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement
from simopt.rules.signsgd import sign


def lion(w, g, eta, m, beta1=0.9, beta2=0.99):
    """One weight, one step."""
    direction = sign(beta1 * m + complement(beta1) * g)
    return w - eta * direction, beta2 * m + complement(beta2) * g


@cache
def build() -> Rule:
    """The rule."""
    return rule(lion, name="Lion")


def formula(settings):
    """The formula."""
    return [
        "w = w - eta * sign(beta1 * m + (1 - beta1) * g)",
        "m = beta2 * m + (1 - beta2) * g",
    ]


FAMILY = Family(
    "Lion",
    build,
    formula,
)


@by_convention
def Lion(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.99,
    weight_decay: float | Collection[float] | None = None,
    *,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Lion.

    .. math::
        w &\leftarrow w - \eta \, \mathrm{sign}(\beta_1 m + (1 - \beta_1) g) \\
        m &\leftarrow \beta_2 m + (1 - \beta_2) g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0: the size of a step, in units of the weight.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.99
        Weight of the momentum in the step, and decay of the momentum, in [0, 1).
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "decoupled"
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
    X. Chen et al., Symbolic discovery of optimization algorithms, NeurIPS 2023.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Lion(eta=0.5)).steps
    >>> steps[["m", "w"]].round(3).tail(2)
           m    w
    2 -0.367  4.5
    3 -0.365  5.0
    """
    return FAMILY(**locals())
