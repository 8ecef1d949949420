"""Adan: Adam with a mean of the gradient's changes, which look ahead (Xie et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def whole(beta):
    """The weight of the changes: beta2 itself."""
    return beta


def means(g, m, d, n, last, t, ahead, beta1, beta2, beta3):
    """The means of the gradient, of its change, and of the square of both together."""
    change = g - (g if t == 1 else last)
    both = g + ahead * change
    return (
        beta1 * m + complement(beta1) * g,
        beta2 * d + complement(beta2) * change,
        beta3 * n + complement(beta3) * (both * both),
    )


def plain(share):
    """One weight, one step."""

    def adan(
        w, g, eta, m, d, n, last, t, bias1, bias2, bias3,
        beta1=0.98, beta2=0.92, beta3=0.99, epsilon=1e-8,
    ):  # fmt: skip
        ahead = share(beta2)
        m, d, n = means(g, m, d, n, last, t, ahead, beta1, beta2, beta3)
        root = math.sqrt(n / bias3) + epsilon
        return w - eta * (m / bias1 + ahead * (d / bias2)) / root, m, d, n, g

    return adan


def rooted(share):
    """The same with another epsilon inside the root."""

    def adan_rooted(
        w, g, eta, m, d, n, last, t, bias1, bias2, bias3,
        beta1=0.98, beta2=0.92, beta3=0.99, epsilon=1e-8, epsilon_root=0.0,
    ):  # fmt: skip
        ahead = share(beta2)
        m, d, n = means(g, m, d, n, last, t, ahead, beta1, beta2, beta3)
        root = math.sqrt(n / bias3 + epsilon_root) + epsilon
        return w - eta * (m / bias1 + ahead * (d / bias2)) / root, m, d, n, g

    return adan_rooted


def corrections(t, bias1, bias2, bias3, beta1, beta2, beta3):
    """Updates so far, and ``1 - beta^t`` of each, as the fading mean of a constant 1."""
    return (
        t + 1,
        beta1 * bias1 + complement(beta1),
        beta2 * bias2 + complement(beta2),
        beta3 * bias3 + complement(beta3),
    )


@cache
def build(ahead: str, epsilon_root: bool) -> Rule:
    """The rule with its switch set."""
    share = whole if ahead == "beta2" else complement
    return rule((rooted if epsilon_root else plain)(share), name="Adan", clock=corrections)


def formula(settings):
    """The formula, with the switch set."""
    ahead = "beta2" if settings["ahead"] == "beta2" else "(1 - beta2)"
    inside = " + epsilon_root" if "epsilon_root" in settings else ""
    return [
        "change = 0 if t == 1 else g - last",
        "m = beta1 * m + (1 - beta1) * g",
        "d = beta2 * d + (1 - beta2) * change",
        f"n = beta3 * n + (1 - beta3) * (g + {ahead} * change)**2",
        "last = g",
        "m_hat = m / (1 - beta1**t)",
        "d_hat = d / (1 - beta2**t)",
        "n_hat = n / (1 - beta3**t)",
        f"w = w - eta * (m_hat + {ahead} * d_hat) / (sqrt(n_hat{inside}) + epsilon)",
    ]


FAMILY = Family(
    "Adan",
    build,
    formula,
    switches={"ahead": ("beta2", "complement")},
    optional=("epsilon_root",),
)


@by_convention
def Adan(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.98,
    beta2: float | Collection[float] = 0.92,
    beta3: float | Collection[float] = 0.99,
    epsilon: float | Collection[float] = 1e-8,
    *,
    epsilon_root: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    ahead: str = "beta2",
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adan, with the bias correction of its authors' code.

    .. math::
        \mathrm{change} &= 0 && \text{if } t = 1 \\
        \mathrm{change} &= g - \mathrm{last} && \text{otherwise} \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        d &\leftarrow \beta_2 d + (1 - \beta_2) \, \mathrm{change} \\
        n &\leftarrow \beta_3 n + (1 - \beta_3) (g + \beta_2 \, \mathrm{change})^2 \\
        \mathrm{last} &= g \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat d &= \frac{d}{1 - \beta_2^t} \\
        \hat n &= \frac{n}{1 - \beta_3^t} \\
        w &\leftarrow w - \frac{\eta (\hat m + \beta_2 \hat d)}{\sqrt{\hat n} + \epsilon}

    The change c of the first update is 0.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2, beta3 : float or sequence of float, default 0.98, 0.92 and 0.99
        Decay of the means of the gradient, of its change and of the square, in [0, 1): one less the
        paper's.
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    epsilon_root : float or sequence of float, optional
        Another one inside, >= 0; none by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    ahead : {"beta2", "complement"}, default "beta2"
        The weight of the changes: beta2, the paper's 1 - beta2 = 0.92; or, as optax has it,
        1 - beta2 = 0.08.
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

    Notes
    -----
    Where weights decay the paper divides them by 1 + eta lambda; here they decay as elsewhere.

    References
    ----------
    X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan, Adan: adaptive Nesterov momentum algorithm for faster
    optimizing deep models, IEEE TPAMI 46 (2024) 9508, algorithm 1.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Adan(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.132, 3.197, 3.225]
    """
    return FAMILY(**locals())
