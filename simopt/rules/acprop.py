"""ACProp: AdaBelief's divisor, of the updates before (Zhuang et al. 2021)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import MEANS
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like
from simopt.rules.rule import Optimizer, Rule, complement


def centered(entered):
    """One weight, one step, the spread about a mean that the gradient has entered or not."""

    def acprop(w, g, eta, m, s, t, bias2, after, beta1=0.9, beta2=0.999, epsilon=1e-16):
        # The first step is by the gradient itself.
        root = one_like(w) if t == 1 else math.sqrt(s / bias2)
        w = w - eta * (g / (root + epsilon))
        mean = beta1 * m + complement(beta1) * g
        surprise = g - (mean if entered else m)
        s = beta2 * s + complement(beta2) * (surprise * surprise) + epsilon
        return w, mean, s

    return acprop


def corrections(t, bias2, after, beta1, beta2):
    """Updates so far, and ``1 - beta2^t`` before and after this one."""
    return t + 1, after, beta2 * after + complement(beta2)


@cache
def build(mean_of: str) -> Rule:
    """The rule with its switch set."""
    return rule(centered(mean_of == "update"), name="ACProp", clock=corrections)


def formula(settings):
    """The formula, with the switch set."""
    spread = "s = beta2 * s + (1 - beta2) * (g - m)**2 + epsilon"
    return [
        "bias = 1 if t == 1 else 1 - beta2**(t - 1)",
        "s_hat = 1 if t == 1 else s / bias",
        "w = w - eta * g / (sqrt(s_hat) + epsilon)",
        *([MEANS[0], spread] if settings["mean_of"] == "update" else [spread, MEANS[0]]),
    ]


FAMILY = Family("ACProp", build, formula, switches={"mean_of": ("update", "previous")})


@by_convention
def ACProp(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-16,
    *,
    weight_decay: float | Collection[float] | None = None,
    mean_of: str = "update",
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""ACProp: a gradient over the spread of those before it, so that the two are independent.

    .. math::
        \mathrm{bias} &= 1 && \text{if } t = 1 \\
        \mathrm{bias} &= 1 - \beta_2^{t - 1} && \text{otherwise} \\
        \hat s &= 1 && \text{if } t = 1 \\
        \hat s &= \frac{s}{\mathrm{bias}} && \text{otherwise} \\
        w &\leftarrow w - \frac{\eta g}{\sqrt{\hat s} + \epsilon} \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        s &\leftarrow \beta_2 s + (1 - \beta_2) (g - m)^2 + \epsilon

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the mean, and of the mean square of what it did not foresee, in [0, 1).
    epsilon : float or sequence of float, default 1e-16
        Added to the root, and to s at every update, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    mean_of : {"update", "previous"}, default "update"
        Which mean the gradient is compared with: the one that it has entered; or, as in optax, that
        of the gradients before.
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
    A gradient is nearer to a mean that it has entered, by beta1: optax' steps, but for the first,
    are beta1 times as long as the paper's. Of the authors' code this is the rule without
    rectification, whose first step has no epsilon there.

    References
    ----------
    J. Zhuang, Y. Ding, T. Tang, N. Dvornek, S. Tatikonda, J. Duncan, Momentum centering and
    asynchronous update for adaptive gradient methods, NeurIPS 2021. ``optax.contrib.acprop``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.ACProp(eta=0.05)).steps
    >>> steps["w"].round(3).tolist()
    [3.8, 3.808, 3.914, 3.916]
    """
    return FAMILY(**locals())
