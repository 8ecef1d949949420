"""MoMo-Adam: Adam whose step is as long as a mean of losses allows (Schaipp et al. 2024)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules import momo
from simopt.rules.adam import MEANS, V_HAT, bias_corrections, moments
from simopt.rules.corrected import corrected_outside
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, one_like
from simopt.rules.momo import DECAYED, STEPPED, SWITCHES
from simopt.rules.rule import Optimizer, Rule


def terms(w, g, eta, m, v, bias1, bias2, f_bar, dots, tau, beta1, beta2, epsilon):
    """What is summed: gradient along weight, the step's size, mean along weight."""
    m, v = moments(g, m, v, beta1, beta2)
    bias2 = bias_corrections(bias1, bias2, beta1, beta2)[1]
    return g * w, m * m / corrected_outside(v, bias2, epsilon), m * w


def clock(
    bias1, bias2, f_bar, dots, tau, product, norms, along, loss,
    eta, beta1, beta2, epsilon, least, negligible, weight_decay,
):  # fmt: skip
    """Bias corrections, the means of loss and product, the step."""
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    f_bar, dots = momo.means(1, f_bar, dots, product, loss, beta1)
    gap = (1 + eta * weight_decay) * (f_bar - dots - bias1 * least) + along
    return bias1, bias2, f_bar, dots, momo.bounded(gap, norms, eta / bias1, negligible)


def estimating_terms(w, g, eta, m, v, bias1, bias2, f_bar, dots, tau, bound, beta1, beta2, epsilon):
    """As `terms`."""
    return terms(w, g, eta, m, v, bias1, bias2, f_bar, dots, tau, beta1, beta2, epsilon)


def estimating_clock(
    bias1, bias2, f_bar, dots, tau, bound, product, norms, along, loss,
    eta, beta1, beta2, epsilon, least, negligible, weight_decay,
):  # fmt: skip
    """As `clock`, and the bound of the loss, which is estimated on the way."""
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    f_bar, dots = momo.means(1, f_bar, dots, product, loss, beta1)
    kept = 1 + eta * weight_decay
    model = f_bar - dots + along / kept
    bound = momo.reset(bound, model / bias1, least)
    tau = momo.bounded(kept * (model - bias1 * bound), norms, eta / bias1, negligible)
    bound = larger((f_bar - dots + along - tau * norms / 2) / bias1, least)
    return bias1, bias2, f_bar, dots, tau, bound


def momo_adam(decayed):
    """One weight, one step."""

    def stepped(
        w, g, eta, m, v, bias1, bias2, f_bar, dots, tau,
        beta1=0.9, beta2=0.999, epsilon=1e-8, least=0.0, negligible=0.0, weight_decay=0.0,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        step = tau * m / corrected_outside(v, bias2, epsilon)
        return decayed(w, step, one_like(w) + eta * weight_decay), m, v

    return stepped


def estimating(decayed):
    """The same, with an estimated bound."""
    step = momo_adam(decayed)

    def stepped(
        w, g, eta, m, v, bias1, bias2, f_bar, dots, tau, bound,
        beta1=0.9, beta2=0.999, epsilon=1e-8, least=0.0, negligible=0.0, weight_decay=0.0,
    ):  # fmt: skip
        return step(
            w, g, eta, m, v, bias1, bias2, f_bar, dots, tau,
            beta1, beta2, epsilon, least, negligible, weight_decay,
        )  # fmt: skip

    return stepped


@cache
def build(bound: str, decay_place: str) -> Rule:
    """The rule with its switches set."""
    decayed = DECAYED[decay_place]
    if bound == "given":
        return rule(momo_adam(decayed), clock=clock, terms=terms, name="MoMoAdam", eta=0.01)
    return rule(
        estimating(decayed),
        clock=estimating_clock,
        terms=estimating_terms,
        initial={"bound": "least"},
        name="MoMoAdam",
        eta=0.01,
    )


def formula(settings):
    """The formula, with the switches set."""
    lines = [
        *MEANS,
        V_HAT,
        "n = m / (sqrt(v_hat) + epsilon)",
        "f_bar = beta1 * f_bar + (1 - beta1) * loss",
        "dots = beta1 * dots + (1 - beta1) * total(g * w)",
        "kept = 1 + eta * weight_decay",
        "bias = 1 - beta1**t",
        "model = f_bar - dots + total(m * w) / kept",
        "U = total(m * n)",
    ]
    step = "tau = min(kept * max(model - bias * {}, 0) / U, eta / bias) if U > negligible else 0"
    last = STEPPED[settings["decay_place"]].format("n")
    if settings["bound"] == "given":
        return [*lines, step.format("least"), last]
    return [
        *lines,
        "bound = bound if model / bias >= bound else max(model / (2 * bias), least)",
        step.format("bound"),
        "bound = max((f_bar - dots + total(m * w) - tau * U / 2) / bias, least)",
        last,
    ]


FAMILY = Family("MoMoAdam", build, formula, switches=SWITCHES, own_decay=True)


@by_convention
def MoMoAdam(
    eta: float | Collection[float] = 0.01,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    least: float | Collection[float] = 0.0,
    negligible: float | Collection[float] = 0.0,
    weight_decay: float | Collection[float] = 0.0,
    *,
    bound: str = "given",
    decay_place: str = "after",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adam with a model of the loss: Polyak's step in Adam's norm.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        n &= \frac{m}{\sqrt{\hat v} + \epsilon} \\
        \bar f &\leftarrow \beta_1 \bar f + (1 - \beta_1) f \\
        \bar p &\leftarrow \beta_1 \bar p + (1 - \beta_1) \, (\sum g w) \\
        \kappa &= 1 + \eta \lambda \\
        \mathrm{bias} &= 1 - \beta_1^t \\
        \mathrm{model} &= \bar f - \bar p + \frac{\sum m w}{\kappa} \\
        U &= \sum m n \\
        \tau &= \min\left(\frac{\kappa \, \max(\mathrm{model} - \mathrm{bias} \, f_{\mathrm{min}},
            0)}{U}, \frac{\eta}{\mathrm{bias}}\right) && \text{if } U > \mathrm{negligible} \\
        \tau &= 0 && \text{otherwise} \\
        w &\leftarrow \frac{w - \tau n}{\kappa}

    f is the batch's loss before the step; sums are over all weights of a trajectory.

    Parameters
    ----------
    eta : float or sequence of float, default 0.01
        The largest rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the means of gradient, loss and product, and of the squares, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    least : float or sequence of float, default 0.0
        The least loss that a batch may have, or a bound of it from below [loss].
    negligible : float or sequence of float, default 0.0
        A size of the step up to here makes none, >= 0 [gradient].
    weight_decay : float or sequence of float, default 0.0
        Lambda, >= 0 [1 / rate / update]. The loss does not count it.
    bound : {"given", "estimated"}, default "given"
        Whether the loss is bounded by ``least``, or by an estimate that is never below it.
    decay_place : {"after", "before"}, default "after"
        Whether what is divided by ``1 + eta lambda`` is the stepped weight, or the weight before
        its step.
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
    The step needs the loss of the batch that the gradient is of: another pass over its points.

    References
    ----------
    F. Schaipp, R. Ohana, M. Eickenberg, A. Defazio, R. M. Gower, MoMo: momentum models for adaptive
    learning rates, ICML 2024, algorithm 2.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.MoMoAdam(eta=1.0)).steps
    >>> steps["w"].round(3).tolist()
    [4.0, 4.061, 4.312, 4.316]
    """
    return FAMILY(**locals())
