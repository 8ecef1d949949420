"""Stochastic gradient descent: ``w <- w - eta g`` (Robbins and Monro 1951)."""

from __future__ import annotations

from functools import cache

from simopt.rules.family import Family
from simopt.rules.rule import Optimizer, Rule, rule


def sgd(w, g, eta):
    """One weight, one step."""
    return w - eta * g


@cache
def build() -> Rule:
    """The rule; all frameworks agree on it."""
    return rule(sgd, name="SGD")


def formula(settings):
    """The formula."""
    return ["w = w - eta * g"]


FAMILY = Family(
    "SGD",
    build,
    formula,
)


def SGD(eta=None, *, weight_decay=None, decay=None, convention="document") -> Optimizer:
    r"""Stochastic gradient descent.

    .. math:: w \leftarrow w - \eta g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001 (keras, sklearn: 0.01)
        Learning rate, >= 0 [weight per gradient]. A sequence is an axis of a sweep.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped"}, optional
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; or so, but never past 0. By default as the convention does it.
    convention : {"document", "torch", "keras", "optax", "sklearn"} or a sequence of these
        Whose formula and defaults; a sequence is an axis of a sweep.

    Returns
    -------
    Optimizer
        A frozen value.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Notes
    -----
    All frameworks agree on the step; with weight decay they part: PyTorch and optax couple it,
    Keras shrinks the weight apart from the step, scikit-learn's ``SGDRegressor`` too, but not past
    0. Its loss is *half* the squared error: its eta0 is 2 eta here, its alpha half the weight
    decay.

    References
    ----------
    H. Robbins, S. Monro, A stochastic approximation method, Ann. Math. Stat. 22 (1951) 400.

    Examples
    --------
    >>> import simopt
    >>> simopt.run(simopt.problems.four_points(), simopt.SGD(eta=0.1)).steps["w"].round(3).tolist()
    [4.6, 4.68, 5.256, 5.243]
    """
    return FAMILY(**locals())
