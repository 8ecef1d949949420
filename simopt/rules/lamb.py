"""LAMB: Adam whose step is as long as the weights (You et al. 2020)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from simopt.rules.adam import M_HAT, MEANS, V_HAT, bias_corrections, moments
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import extended, one_like
from simopt.rules.rule import Optimizer, Rule
from simopt.rules.trust import RATIOS


def corrected(m, v, bias1, bias2, epsilon):
    """Adam's direction."""
    return m / bias1 / (math.sqrt(v / bias2) + epsilon)


def uncorrected(m, v, bias1, bias2, epsilon):
    """The same without bias correction."""
    return m / (math.sqrt(v) + epsilon)


def squares(direction, decay_place):
    """What the norms of the weights and of the step are of, and the decay.

    A weight that is left out has none: the clock, which is about no one weight, takes its sum.
    """
    inside, outside = decay_place == "inside", decay_place == "outside"

    def terms(w, g, eta, m, v, ratio, bias1, bias2, beta1, beta2, epsilon, weight_decay):
        m, v = moments(g, m, v, beta1, beta2)
        bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
        if outside:
            w = (one_like(w) - eta * weight_decay) * w
        u = direction(m, v, bias1, bias2, epsilon)
        if inside:
            u = u + weight_decay * w
        return w * w, u * u, weight_decay

    return terms


def trust_by(ratio_of, uncorrected, rated):
    """The trust ratio, and the bias corrections.

    The step's length may be that before its correction; the ratio may be corrected in its place.
    """

    def clock(ratio, bias1, bias2, weights, steps, decays, eta, beta1, beta2):
        size, length = math.sqrt(weights), math.sqrt(steps)
        bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
        if uncorrected:
            length = length * bias1 / math.sqrt(bias2)
        ratio = ratio_of(weights, steps, size, length, decays)
        return ratio / bias1 if rated else ratio, bias1, bias2

    return clock


def bounded_trust(ratio_of, uncorrected, rated):
    """The same where the weights' norm has a bound, and epsilon is added to the step's."""

    def clock(
        ratio, bias1, bias2, weights, steps, decays, eta,
        beta1, beta2, epsilon, weight_decay, largest,
    ):  # fmt: skip
        size, length = math.sqrt(weights), math.sqrt(steps)
        bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
        if uncorrected:
            length = length * bias1 / math.sqrt(bias2)
        size = largest if size > largest else size
        ratio = ratio_of(weights, steps, size, length + epsilon, decays)
        return ratio / bias1 if rated else ratio, bias1, bias2

    return clock


def scaled(direction, decay_place):
    """One weight, one step."""
    inside, outside = decay_place == "inside", decay_place == "outside"

    def lamb(
        w, g, eta, m, v, ratio, bias1, bias2,
        beta1=0.9, beta2=0.999, epsilon=1e-6, weight_decay=0.01,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        kept = w if inside else (one_like(w) - eta * weight_decay) * w
        if outside:
            w = kept
        u = direction(m, v, bias1, bias2, epsilon)
        if inside:
            u = u + weight_decay * w
        return kept - eta * ratio * u, m, v

    return lamb


@cache
def build(bias_correction: bool | str, decay_place: str, adapts: str, largest: bool) -> Rule:
    """The rule with its switches set."""
    whole, rated = bias_correction is True, bias_correction == "rate"
    direction, ratio_of = corrected if whole else uncorrected, RATIOS[adapts]
    looks = ratio_of, whole and adapts == "capped", rated
    made = rule(
        scaled(direction, decay_place),
        name="LAMB",
        clock=trust_by(*looks),
        terms=squares(direction, decay_place),
    )
    return with_bound(made, bounded_trust(*looks)) if largest else made


def with_bound(made: Rule, clock: Any) -> Rule:
    """The rule with a bound of the weights' norm."""
    update: Any = made.update

    def lamb(w, g, eta, *rest):
        return update(w, g, eta, *rest[:-1])

    reads = (*made.hyperparameters[1:], "largest")
    return extended(made, lamb, "largest", clock=clock, clock_reads=reads)


def formula(settings):
    """The formula, with the switches set."""
    place, size, length = settings["decay_place"], "norm(w)", "U"
    lines, m, v = list(MEANS), "m", "v"
    if settings["bias_correction"] is True:
        lines, m, v = [*lines, M_HAT, V_HAT], "m_hat", "v_hat"
    step = f"{m} / (sqrt({v}) + epsilon)"
    if place == "inside":
        step += " + weight_decay * w"
    elif place == "outside":
        lines += ["w = (1 - eta * weight_decay) * w"]
    if "largest" in settings:
        size, length = "min(largest, norm(w))", "(U + epsilon)"
    lines += [f"u = {step}", f"W = {size}", "U = norm(u)"]
    if settings["adapts"] == "capped":
        if settings["bias_correction"] is True:
            lines += ["U = U * (1 - beta1**t) / sqrt(1 - beta2**t)"]
        lines += [f"ratio = W / {length} if {length} > W else 1"]
    else:
        lines += [f"ratio = W / {length} if W * U > 0 else 1"]
    if settings["adapts"] == "decayed":
        lines += ["ratio = ratio if weight_decay > 0 else 1"]
    if settings["bias_correction"] == "rate":
        lines += ["ratio = ratio / (1 - beta1**t)"]
    decay = " - eta * weight_decay * w" if place == "step" else ""
    return [*lines, f"w = w{decay} - eta * ratio * u"]


FAMILY = Family(
    "LAMB",
    build,
    formula,
    switches={
        "bias_correction": (True, False, "rate"),
        "decay_place": ("inside", "outside", "step"),
        "adapts": ("always", "decayed", "capped"),
    },
    optional=("largest",),
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
    largest: float | Collection[float] | None = None,
    bias_correction: bool | str = True,
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
    largest : float or sequence of float, optional
        What the weights' norm W counts at most, >= 0; epsilon is then added to U in the ratio. None
        by default; 10 in pytorch-optimizer.
    bias_correction : bool or "rate", default True
        Divide m and v by 1 - beta^t. "rate", as in pytorch-optimizer: neither, but the step, once
        it is scaled, by 1 - beta1^t.
    decay_place : {"inside", "outside", "step"}, default "inside"
        Whether the decay is a part of what is scaled; or, as in Keras, taken beforehand; or beside
        the step, the norm being that of the weights before.
    adapts : {"always", "decayed", "capped"}, default "always"
        "decayed": without weight decay the ratio is 1, and LAMB Adam. "capped", as in bitsandbytes:
        the ratio is 1 at most, and U the norm before bias correction.
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
    Where all weights, or all of the step, are 0 the ratio is 1; "capped", it is 0 where all weights
    are, which then never move. A trajectory's weights, an
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
