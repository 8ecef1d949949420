"""AdaGrad by dual averaging: the weight is made anew of all gradients (Duchi et al. 2011)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import count
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like, zero_like
from simopt.rules.rule import Optimizer, Rule


def adagrad_da(w, g, eta, s, G, t, l1=0.0, l2=0.0, initial_accumulator=0.1):
    """One weight, one step; sums within l1 a gradient make a weight of 0."""
    s, G = s + g, G + g * g
    least = t * l1
    kept = -least if s < -least else least if s > least else s
    below = math.sqrt(G) + t * eta * l2
    # Of no gradient 0 / 1.
    return eta * (kept - s) / (below if below > zero_like(w) else one_like(w)), s, G


@cache
def build() -> Rule:
    """The rule."""
    return rule(adagrad_da, name="AdaGradDA", clock=count, initial={"G": "initial_accumulator"})


def formula(settings):
    """The formula."""
    return [
        "s = s + g",
        "G = G + g**2",
        "below = sqrt(G) + t * eta * l2",
        "w = eta * (max(-t * l1, min(t * l1, s)) - s)",
        "w = w / below if below > 0 else w",
    ]


FAMILY = Family("AdaGradDA", build, formula, own_decay=True)


@by_convention
def AdaGradDA(
    eta: float | Collection[float] = 0.001,
    l1: float | Collection[float] = 0.0,
    l2: float | Collection[float] = 0.0,
    initial_accumulator: float | Collection[float] = 0.1,
    *,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdaGrad's dual averaging, for weights of which many are to be 0.

    .. math::
        s &\leftarrow s + g \\
        G &\leftarrow G + g^2 \\
        \mathrm{below} &= \sqrt{G} + t \eta l_2 \\
        w &\leftarrow \eta (\max(-t l_1, \min(t l_1, s)) - s) \\
        w &\leftarrow \frac{w}{\mathrm{below}} && \text{if } \mathrm{below} > 0 \\
        w &\leftarrow w && \text{otherwise}

    G starts at ``initial_accumulator``. Where it is 0, so are all gradients so far, and w is 0: the
    paper's pseudo-inverse.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    l1, l2 : float or sequence of float, default 0
        Penalties of the weights' sizes and of half their squares, a gradient, >= 0.
    initial_accumulator : float or sequence of float, default 0.1
        Where the sum of squares starts, >= 0 [gradient squared].
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's, with TensorFlow's place of the first
        sum); a sequence is an axis of a sweep.

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
    Where the weights start is forgotten with the first update: it is for weights that start at 0.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and stochastic
    optimization, JMLR 12 (2011), equation 3 with its section 5.1. ``tf.compat.v1.train``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdaGradDA(eta=1.0)).steps
    >>> steps["w"].round(3).tolist()
    [1.0, 1.341, 1.317, 1.343]
    """
    return FAMILY(**locals())
