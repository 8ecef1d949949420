"""LAMB: Adam whose step is as long as the weights (You et al. 2020)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, V_HAT, bias_corrections, moments
from simopt.rules.family import Family, by_convention
from simopt.rules.modifiers import one_like
from simopt.rules.rule import Optimizer, Rule, rule
from simopt.rules.trust import RATIOS


def corrected(m, v, bias1, bias2, epsilon):
    """Adam's direction."""
    return m / bias1 / (math.sqrt(v / bias2) + epsilon)


def uncorrected(m, v, bias1, bias2, epsilon):
    """The same without bias correction."""
    return m / (math.sqrt(v) + epsilon)


def squares(direction, inside):
    """What the norms of the weights and of the step are of, and the decay.

    A weight that is left out has none: the clock, which is about no one weight, takes its sum.
    """

    def terms(w, g, eta, m, v, ratio, bias1, bias2, beta1, beta2, epsilon, weight_decay):
        m, v = moments(g, m, v, beta1, beta2)
        bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
        if not inside:
            w = (one_like(w) - eta * weight_decay) * w
        u = direction(m, v, bias1, bias2, epsilon)
        if inside:
            u = u + weight_decay * w
        return w * w, u * u, weight_decay

    return terms


def trust_by(ratio_of):
    """The trust ratio, and the bias corrections."""

    def clock(ratio, bias1, bias2, weights, steps, decays, eta, beta1, beta2):
        size, length = math.sqrt(weights), math.sqrt(steps)
        ratio = ratio_of(weights, steps, size, length, decays)
        return ratio, *bias_corrections(bias1, bias2, beta1, beta2)

    return clock


def scaled(direction, inside):
    """One weight, one step."""

    def lamb(
        w, g, eta, m, v, ratio, bias1, bias2,
        beta1=0.9, beta2=0.999, epsilon=1e-6, weight_decay=0.01,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        if not inside:
            w = (one_like(w) - eta * weight_decay) * w
        u = direction(m, v, bias1, bias2, epsilon)
        if inside:
            u = u + weight_decay * w
        return w - eta * ratio * u, m, v

    return lamb


@cache
def build(bias_correction: bool, decay_place: str, adapts: str) -> Rule:
    """The rule with its switches set."""
    direction = corrected if bias_correction else uncorrected
    inside = decay_place == "inside"
    return rule(
        scaled(direction, inside),
        name="LAMB",
        clock=trust_by(RATIOS[adapts]),
        terms=squares(direction, inside),
    )


def formula(settings):
    """The formula, with the switches set."""
    lines, m, v = list(MEANS), "m", "v"
    if settings["bias_correction"]:
        lines, m, v = [*lines, M_HAT, V_HAT], "m_hat", "v_hat"
    step = f"{m} / (sqrt({v}) + epsilon)"
    if settings["decay_place"] == "inside":
        lines += [f"u = {step} + weight_decay * w"]
    else:
        lines += ["w = (1 - eta * weight_decay) * w", f"u = {step}"]
    lines += ["W = norm(w)", "U = norm(u)", "ratio = W / U if W * U > 0 else 1"]
    if settings["adapts"] == "decayed":
        lines += ["ratio = ratio if weight_decay > 0 else 1"]
    return [*lines, "w = w - eta * ratio * u"]


FAMILY = Family(
    "LAMB",
    build,
    formula,
    switches={
        "bias_correction": (True, False),
        "decay_place": ("inside", "outside"),
        "adapts": ("always", "decayed"),
    },
    own_decay=True,
)


@by_convention
def LAMB(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-6,
    weight_decay: float | Collection[float] = 0.01,
    *,
    bias_correction: bool = True,
    decay_place: str = "inside",
    adapts: str = "always",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""LAMB: Adam's step, with weight decay, scaled to the length of the weights.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        u &= \frac{\hat m}{\sqrt{\hat v} + \epsilon} + \lambda w \\
        W &= \lVert w \rVert \\
        U &= \lVert u \rVert \\
        \phi &= \frac{W}{U} && \text{if } W U > 0 \\
        \phi &= 1 && \text{otherwise} \\
        w &\leftarrow w - \eta \phi u

    Norms are of all weights of a trajectory, as of one layer.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0: the length of a step as a share of the weights' norm.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-6
        Added *outside* the root, >= 0.
    weight_decay : float or sequence of float, default 0.01
        Lambda, >= 0.
    bias_correction : bool, default True
        Divide m and v by 1 - beta^t.
    decay_place : {"inside", "outside"}, default "inside"
        Whether the decay is a part of what is scaled, or, as in Keras, taken beforehand.
    adapts : {"always", "decayed"}, default "always"
        "decayed": without weight decay the ratio is 1, and LAMB Adam.
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
    Where all weights, or all of the step, are 0 the ratio is 1. A trajectory's weights, an
    intercept among them, are one layer: ``no_decay`` leaves weights out of the decay, in u too, and
    not out of the norms. The paper's function phi is the norm itself.

    References
    ----------
    Y. You, J. Li, S. Reddi, et al., Large batch optimization for deep learning: training BERT in 76
    minutes, ICLR 2020, algorithm 2.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.LAMB(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.3, 3.63, 3.993, 4.392]
    """
    return FAMILY(**locals())
