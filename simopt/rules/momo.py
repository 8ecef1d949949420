"""MoMo: momentum whose step is as long as a mean of losses allows (Schaipp et al. 2024)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, one_like
from simopt.rules.rule import Optimizer, Rule, complement


def bounded(gap, norms, most, negligible):
    """Polyak's step, at most the rate; none where there is no norm."""
    if norms <= negligible:
        return 0.0
    tau = larger(gap, 0.0) / norms
    # Compared so, a loss that is no number makes weights that are none.
    return most if tau > most else tau


def reset(bound, model, least):
    """The bound of the loss; where a model of the loss lies below, half of that."""
    return larger(model / 2, least) if model < bound else bound


def after(w, step, kept):
    """The stepped weight decays."""
    return (w - step) / kept


def before(w, step, kept):
    """The weight decays before it steps."""
    return w / kept - step


DECAYED = {"after": after, "before": before}


def mean(g, m, first, beta):
    """The fading mean of gradients, the first of which enters whole."""
    return g if first else beta * m + complement(beta) * g


def sums(w, g, m):
    """What the model of the loss needs: gradient along weight, the mean's norm, mean along it."""
    return g * w, m * m, m * w


def means(t, f_bar, dots, product, loss, beta):
    """The same mean of losses and of products of gradient and weight."""
    share = beta if t > 0 else 0.0
    return share * f_bar + (1 - share) * loss, share * dots + (1 - share) * product


def terms(w, g, eta, m, t, f_bar, dots, tau, beta):
    """What is summed."""
    return sums(w, g, mean(g, m, t == 0, beta))


def clock(
    t, f_bar, dots, tau, product, norms, along, loss, eta, beta, least, negligible, weight_decay
):  # fmt: skip
    """Updates so far, the means of loss and product, the step."""
    f_bar, dots = means(t, f_bar, dots, product, loss, beta)
    gap = (1 + eta * weight_decay) * (f_bar - dots - least) + along
    return t + 1, f_bar, dots, bounded(gap, norms, eta, negligible)


def estimating_terms(w, g, eta, m, t, f_bar, dots, tau, bound, beta):
    """As `terms`."""
    return terms(w, g, eta, m, t, f_bar, dots, tau, beta)


def estimating_clock(
    t, f_bar, dots, tau, bound,
    product, norms, along, loss, eta, beta, least, negligible, weight_decay,
):  # fmt: skip
    """As `clock`, and the bound of the loss, which is estimated on the way."""
    f_bar, dots = means(t, f_bar, dots, product, loss, beta)
    kept = 1 + eta * weight_decay
    model = f_bar - dots + along / kept
    bound = reset(bound, model, least)
    tau = bounded(kept * (model - bound), norms, eta, negligible)
    return t + 1, f_bar, dots, tau, larger(f_bar + along - dots - tau * norms / 2, least)


def momo(decayed):
    """One weight, one step."""

    def stepped(
        w, g, eta, m, t, f_bar, dots, tau,
        beta=0.9, least=0.0, negligible=0.0, weight_decay=0.0,
    ):  # fmt: skip
        m = mean(g, m, t == 1, beta)
        return decayed(w, tau * m, one_like(w) + eta * weight_decay), m

    return stepped


def estimating(decayed):
    """The same, with an estimated bound."""
    step = momo(decayed)

    def stepped(
        w, g, eta, m, t, f_bar, dots, tau, bound,
        beta=0.9, least=0.0, negligible=0.0, weight_decay=0.0,
    ):  # fmt: skip
        return step(w, g, eta, m, t, f_bar, dots, tau, beta, least, negligible, weight_decay)

    return stepped


@cache
def build(bound: str, decay_place: str) -> Rule:
    """The rule with its switches set."""
    decayed = DECAYED[decay_place]
    if bound == "given":
        return rule(momo(decayed), clock=clock, terms=terms, name="MoMo", eta=1.0)
    return rule(
        estimating(decayed),
        clock=estimating_clock,
        terms=estimating_terms,
        initial={"bound": "least"},
        name="MoMo",
        eta=1.0,
    )


#: The weight, by the place of its decay, as formulas have it.
STEPPED = {"after": "w = (w - tau * {}) / kept", "before": "w = w / kept - tau * {}"}


def formula(settings):
    """The formula, with the switches set."""
    lines = [
        "share = 0 if t == 1 else beta",
        "m = share * m + (1 - share) * g",
        "f_bar = share * f_bar + (1 - share) * loss",
        "dots = share * dots + (1 - share) * total(g * w)",
        "kept = 1 + eta * weight_decay",
        "model = f_bar - dots + total(m * w) / kept",
        "U = norm(m)**2",
    ]
    last = STEPPED[settings["decay_place"]].format("m")
    if settings["bound"] == "given":
        step = "tau = min(kept * max(model - least, 0) / U, eta) if U > negligible else 0"
        return [*lines, step, last]
    return [
        *lines,
        "bound = bound if model >= bound else max(model / 2, least)",
        "tau = min(kept * max(model - bound, 0) / U, eta) if U > negligible else 0",
        "bound = max(f_bar - dots + total(m * w) - tau * U / 2, least)",
        last,
    ]


SWITCHES = {"bound": ("given", "estimated"), "decay_place": tuple(DECAYED)}
FAMILY = Family("MoMo", build, formula, switches=SWITCHES, own_decay=True)


@by_convention
def MoMo(
    eta: float | Collection[float] = 1.0,
    beta: float | Collection[float] = 0.9,
    least: float | Collection[float] = 0.0,
    negligible: float | Collection[float] = 0.0,
    weight_decay: float | Collection[float] = 0.0,
    *,
    bound: str = "given",
    decay_place: str = "after",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Momentum with a model of the loss: Polyak's step of means of gradients and losses.

    .. math::
        \mathrm{share} &= 0 && \text{if } t = 1 \\
        \mathrm{share} &= \beta && \text{otherwise} \\
        m &\leftarrow \mathrm{share} \, m + (1 - \mathrm{share}) g \\
        \bar f &\leftarrow \mathrm{share} \, \bar f + (1 - \mathrm{share}) f \\
        \bar p &\leftarrow \mathrm{share} \, \bar p + (1 - \mathrm{share}) \, (\sum g w) \\
        \kappa &= 1 + \eta \lambda \\
        \mathrm{model} &= \bar f - \bar p + \frac{\sum m w}{\kappa} \\
        U &= \lVert m \rVert^2 \\
        \tau &= \min\left(\frac{\kappa \, \max(\mathrm{model} - f_{\mathrm{min}}, 0)}{U},
            \eta\right) && \text{if } U > \mathrm{negligible} \\
        \tau &= 0 && \text{otherwise} \\
        w &\leftarrow \frac{w - \tau m}{\kappa}

    f is the batch's loss before the step; sums and norms are of all weights of a trajectory. The
    model is what past losses and gradients say of the loss at w.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        The largest step, >= 0.
    beta : float or sequence of float, default 0.9
        Decay of the three means, in [0, 1); the first gradient and loss enter whole.
    least : float or sequence of float, default 0.0
        The least loss that a batch may have, or a bound of it from below [loss].
    negligible : float or sequence of float, default 0.0
        A squared norm up to here makes no step, >= 0 [gradient squared].
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
    learning rates, ICML 2024, algorithm 1; of estimated bounds, section 3.3.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.MoMo(eta=0.05)).steps
    >>> steps["w"].round(3).tolist()
    [3.8, 4.007, 4.066, 4.068]
    """
    return FAMILY(**locals())
