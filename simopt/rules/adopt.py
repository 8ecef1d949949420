"""ADOPT: gradients divided by the squares before them, then averaged (Taniguchi et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import count
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, zero_like
from simopt.rules.rule import Optimizer, Rule, complement


def bounded(value, bound):
    """The value, but no farther from 0 than the bound."""
    return larger(-bound, bound if value > bound else value)


def stepped(w, g, eta, m, v, first, bound, beta1, beta2, epsilon):
    """One weight, one step; the first only fills v."""
    scaled = zero_like(w) if first else bounded(g / larger(math.sqrt(v), epsilon), bound)
    m = beta1 * m + complement(beta1) * scaled
    return w - eta * m, m, g * g if first else beta2 * v + complement(beta2) * (g * g)


def clipped(w, g, eta, m, v, t, bound, beta1=0.9, beta2=0.9999, epsilon=1e-6):
    """Bounded by the updates before this one: of the first the bound is 0."""
    return stepped(w, g, eta, m, v, bound == zero_like(w), bound, beta1, beta2, epsilon)


def clipped_by_all(w, g, eta, m, v, t, bound, beta1=0.9, beta2=0.9999, epsilon=1e-6):
    """Bounded by all updates."""
    return stepped(w, g, eta, m, v, t == 1, bound, beta1, beta2, epsilon)


def unclipped(w, g, eta, m, v, t, beta1=0.9, beta2=0.9999, epsilon=1e-6):
    """The same without a bound."""
    scaled = zero_like(w) if t == 1 else g / larger(math.sqrt(v), epsilon)
    m = beta1 * m + complement(beta1) * scaled
    return w - eta * m, m, g * g if t == 1 else beta2 * v + complement(beta2) * (g * g)


def past(t, bound):
    """Updates so far, and the fourth root of those before this one."""
    return t + 1, math.sqrt(math.sqrt(t))


def counted(t, bound):
    """Updates so far, and their fourth root."""
    return t + 1, math.sqrt(math.sqrt(t + 1))


@cache
def build(clipping: str) -> Rule:
    """The rule with its switch set."""
    if clipping == "none":
        return rule(unclipped, name="ADOPT", clock=count)
    if clipping == "past":
        return rule(clipped, name="ADOPT", clock=past)
    return rule(clipped_by_all, name="ADOPT", clock=counted)


BOUNDS = {"past": "sqrt(sqrt(t - 1))", "all": "sqrt(sqrt(t))"}


def formula(settings):
    """The formula, with the switch set."""
    scaled = "g / max(sqrt(v), epsilon)"
    lines = []
    if settings["clipping"] != "none":
        lines = [f"bound = {BOUNDS[settings['clipping']]}"]
        scaled = f"min(bound, max(-bound, {scaled}))"
    return [
        *lines,
        f"x = 0 if t == 1 else {scaled}",
        "m = beta1 * m + (1 - beta1) * x",
        "v = g**2 if t == 1 else beta2 * v + (1 - beta2) * g**2",
        "w = w - eta * m",
    ]


FAMILY = Family("ADOPT", build, formula, switches={"clipping": ("past", "all", "none")})


@by_convention
def ADOPT(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.9999,
    epsilon: float | Collection[float] = 1e-6,
    *,
    weight_decay: float | Collection[float] | None = None,
    clipping: str = "past",
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""ADOPT, with the clipping of its authors' code.

    .. math::
        \mathrm{bound} &= \sqrt{\sqrt{t - 1}} \\
        x &= 0 && \text{if } t = 1 \\
        x &= \min\left(\mathrm{bound}, \max\left(-\mathrm{bound},
            \frac{g}{\max\left(\sqrt{v}, \epsilon\right)}\right)\right) && \text{otherwise}
            \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) x \\
        v &\leftarrow g^2 && \text{if } t = 1 \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 && \text{otherwise} \\
        w &\leftarrow w - \eta m

    The first update sets v to the square of the gradient, and leaves m and w as they are.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.9999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-6
        The least divisor, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    clipping : {"past", "all", "none"}, default "past"
        The bound of a scaled gradient: the fourth root of the updates before this one, of the
        updates with it, or none.
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
    S. Taniguchi et al., ADOPT: modified Adam can converge with any beta2 with the optimal rate,
    NeurIPS 2024, algorithm 2, and its authors' code.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.ADOPT(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.0, 3.002, 3.017, 3.03]
    """
    return FAMILY(**locals())
