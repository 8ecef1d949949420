"""AdaBound: Adam's rates between two bounds that meet at SGD's (Luo et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from simopt.ground import checks
from simopt.rules.adam import MEANS, moments
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like
from simopt.rules.rule import Optimizer, Rule, complement


def bounded(m, v, rate, final, t, bias1, bias2, narrowing, epsilon):
    """The step: Adam's rate, at least and at most what the update's number says."""
    one = one_like(m)
    size = rate * math.sqrt(bias2) / bias1 / (math.sqrt(v) + epsilon)
    low = final * (one - one / (narrowing * t + one))
    high = final * (one + one / (narrowing * t))
    return (low if size < low else high if size > high else size) * m


def of_rate(
    w, g, eta, m, v, base, t, bias1, bias2,
    beta1=0.9, beta2=0.999, epsilon=1e-8, final_rate=0.1, narrowing=1e-3,
):  # fmt: skip
    """One weight, one step; the bounds meet at a rate that follows the schedule."""
    m, v = moments(g, m, v, beta1, beta2)
    t, bias1, bias2 = type(w)(t), type(w)(bias1), type(w)(bias2)
    final = final_rate * (eta / base)
    return w - bounded(m, v, eta, final, t, bias1, bias2, narrowing, epsilon), m, v, base


def rooted(
    w, g, eta, m, v, base, t, bias1, bias2,
    beta1=0.9, beta2=0.999, epsilon=1e-8, final_rate=0.1, narrowing=1e-3, epsilon_root=0.0,
):  # fmt: skip
    """The same with another epsilon added to v under the root."""
    m, v = moments(g, m, v, beta1, beta2)
    t, bias1, bias2 = type(w)(t), type(w)(bias1), type(w)(bias2)
    final, under = final_rate * (eta / base), v + epsilon_root
    return w - bounded(m, under, eta, final, t, bias1, bias2, narrowing, epsilon), m, v, base


def compounding(
    w, g, eta, m, v, base, final, t, bias1, bias2,
    beta1=0.9, beta2=0.999, epsilon=1e-8, final_rate=0.1, narrowing=1e-3,
):  # fmt: skip
    """The same; every update multiplies the rate at which they meet by the schedule's factor."""
    m, v = moments(g, m, v, beta1, beta2)
    t, bias1, bias2 = type(w)(t), type(w)(bias1), type(w)(bias2)
    final = final * (eta / base)
    return w - bounded(m, v, eta, final, t, bias1, bias2, narrowing, epsilon), m, v, base, final


def count_and_corrections(t, bias1, bias2, beta1, beta2):
    """Updates so far, and ``1 - beta^t`` of each, as the fading mean of a constant 1."""
    return t + 1, beta1 * bias1 + complement(beta1), beta2 * bias2 + complement(beta2)


@cache
def build(follows: str, epsilon_root: bool) -> Rule:
    """The rule with its switch set."""
    named: dict[str, Any] = {"name": "AdaBound", "clock": count_and_corrections}
    if follows == "schedule":
        return rule(rooted if epsilon_root else of_rate, initial={"base": "eta"}, **named)
    if epsilon_root:
        raise checks.refuse("follows", follows, "'schedule' where epsilon_root is given")
    return rule(compounding, initial={"base": "eta", "final": "final_rate"}, **named)


def formula(settings):
    """The formula, with the switch set."""
    root = "sqrt(v + epsilon_root)" if "epsilon_root" in settings else "sqrt(v)"
    final = "final_rate" if settings["follows"] == "schedule" else "final"
    return [
        *MEANS,
        f"final = {final} * eta / base",
        f"size = eta * sqrt(1 - beta2**t) / ((1 - beta1**t) * ({root} + epsilon))",
        "low = final * (1 - 1 / (narrowing * t + 1))",
        "high = final * (1 + 1 / (narrowing * t))",
        "w = w - max(low, min(high, size)) * m",
    ]


FAMILY = Family(
    "AdaBound",
    build,
    formula,
    switches={"follows": ("schedule", "compounding")},
    optional=("epsilon_root",),
)


@by_convention
def AdaBound(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    final_rate: float | Collection[float] = 0.1,
    narrowing: float | Collection[float] = 1e-3,
    *,
    epsilon_root: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    follows: str = "schedule",
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdaBound: a rate per weight that is Adam's at first and SGD's in the end.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \mathrm{final} &= \frac{\eta_{\mathrm{final}} \eta}{\mathrm{base}} \\
        \mathrm{size} &= \frac{\eta \sqrt{1 - \beta_2^t}}{(1 - \beta_1^t) \left(\sqrt{v} +
            \epsilon\right)} \\
        \mathrm{low} &= \mathrm{final} \, \left(1 - \frac{1}{\gamma t + 1}\right) \\
        \mathrm{high} &= \mathrm{final} \, \left(1 + \frac{1}{\gamma t}\right) \\
        w &\leftarrow w - \max(\mathrm{low}, \min(\mathrm{high}, \mathrm{size})) m

    base is eta as it was given, whatever a schedule makes of it.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, before its bias is corrected, >= 0.
    final_rate : float or sequence of float, default 0.1
        The rate at which the bounds meet, >= 0.
    narrowing : float or sequence of float, default 1e-3
        The paper's gamma, how fast they come together, > 0 [1 / update].
    epsilon_root : float or sequence of float, optional
        Another one added to v, under the root, >= 0; none by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    follows : {"schedule", "compounding"}, default "schedule"
        What a schedule makes of final_rate: its factor times it; or, as river has it, the product
        of all factors so far, which collapses.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the authors' code's); a sequence is an axis of a
        sweep.

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
    As its authors' code has it: the paper's algorithm 1 divides the rate between the bounds by the
    root of t besides, and does not correct the means' bias.

    References
    ----------
    L. Luo, Y. Xiong, Y. Liu, X. Sun, Adaptive gradient methods with dynamic bound of learning rate,
    ICLR 2019.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdaBound(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.182, 3.268, 3.34]
    """
    return FAMILY(**locals())
