"""NovoGrad: momentum on gradients divided by the norm of all of them (Ginsburg et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def squares(w, g, eta, m, v, t):
    """What the norm of the gradient is of."""
    return (g * g,)


def mean_of_norms(v, t, gradients, eta, beta1, beta2):
    """The fading mean of the squared norm, which begins at the first, and the updates so far."""
    faded = beta2 * v + complement(beta2) * gradients
    return (faded if t > 0 else gradients), t + 1


def novograd(
    w, g, eta, m, v, t, beta1=0.95, beta2=0.98, epsilon=1e-8, weight_decay=0.0
):  # fmt: skip
    """One weight, one step."""
    m = beta1 * m + g / (math.sqrt(v) + epsilon) + weight_decay * w
    return w - eta * m, m


@cache
def build() -> Rule:
    """The rule."""
    return rule(novograd, name="NovoGrad", clock=mean_of_norms, terms=squares, eta=0.01)


def formula(settings):
    """The formula."""
    return [
        "U = norm(g)**2",
        "v = U if t == 1 else beta2 * v + (1 - beta2) * U",
        "m = beta1 * m + g / (sqrt(v) + epsilon) + weight_decay * w",
        "w = w - eta * m",
    ]


FAMILY = Family("NovoGrad", build, formula, own_decay=True)


@by_convention
def NovoGrad(
    eta: float | Collection[float] = 0.01,
    beta1: float | Collection[float] = 0.95,
    beta2: float | Collection[float] = 0.98,
    epsilon: float | Collection[float] = 1e-8,
    weight_decay: float | Collection[float] = 0.0,
    *,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""NovoGrad: one second moment for all weights, that of the gradient's norm.

    .. math::
        U &= \lVert g \rVert^2 \\
        v &\leftarrow U && \text{if } t = 1 \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) U && \text{otherwise} \\
        m &\leftarrow \beta_1 m + \frac{g}{\sqrt{v} + \epsilon} + \lambda w \\
        w &\leftarrow w - \eta m

    Norms are of all weights of a trajectory, as of one layer.

    Parameters
    ----------
    eta : float or sequence of float, default 0.01
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.95 and 0.98
        Decay of the sum of gradients and of the mean of squared norms, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    weight_decay : float or sequence of float, default 0.0
        Lambda, >= 0: with the divided gradient it enters the sum.
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
    Gradients enter whole: under a constant gradient steps grow to eta / (1 - beta1), twenty rates.

    References
    ----------
    B. Ginsburg, P. Castonguay, O. Hrinchuk, et al., Stochastic gradient methods with layer-wise
    adaptive moments for training of deep networks, arXiv:1905.11286 (2019), algorithm 1.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.NovoGrad(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.219, 3.528, 3.827]
    """
    return FAMILY(**locals())
