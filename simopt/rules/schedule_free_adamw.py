"""AdamW without a schedule: the mean of the steps in place of momentum and of a falling rate."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import correction
from simopt.rules.family import Family, by_convention
from simopt.rules.modifiers import zero_like
from simopt.rules.rule import Optimizer, Rule, complement
from simopt.rules.schedule_free import COUNTS, averaged, counted


def divided(g, v, bias2, beta2, epsilon):
    """The mean of squares, and the gradient over its root."""
    v = beta2 * v + complement(beta2) * (g * g)
    return v, g / (math.sqrt(v / bias2) + epsilon)


def of_step(w, u, eta, z, x, beta1, weight_decay):
    """Z and x before the mean; weights decay with the step."""
    return z - eta * (u + weight_decay * w), x


def of_mean(w, u, eta, z, x, beta1, weight_decay):
    """Weights decay before the step, and what they lose is taken of the mean alone."""
    lost = eta * weight_decay * w / beta1 if beta1 > zero_like(w) else zero_like(w)
    return z - eta * u, x - lost


def equal(decay):
    """One weight, one step; every step counts the same."""

    def schedule_free(
        w, g, eta, z, x, v, n, bias2,
        beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0,
    ):  # fmt: skip
        v, u = divided(g, v, bias2, beta2, epsilon)
        z, x = decay(w, u, eta, z, x, beta1, weight_decay)
        x = x + (z - x) / n
        return complement(beta1) * z + beta1 * x, z, x, v

    return schedule_free


def by_rate(decay):
    """The same; a step counts as the square of the largest rate so far."""
    step = equal(decay)

    def schedule_free(
        w, g, eta, z, x, v, n, peak, bias2,
        beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0,
    ):  # fmt: skip
        n, peak = counted(eta, n, peak)
        w, z, x, v = step(w, g, eta, z, x, v, n, bias2, beta1, beta2, epsilon, weight_decay)
        return w, z, x, v, n, peak

    return schedule_free


def count_and_correction(n, bias2, beta1, beta2):
    """Steps so far, and the same correction."""
    return n + 1, beta2 * bias2 + complement(beta2)


DECAY_PLACES = {"step": of_step, "mean": of_mean}


@cache
def build(counts: str, decay_place: str) -> Rule:
    """The rule with its switches set."""
    decay, named = DECAY_PLACES[decay_place], {"name": "ScheduleFreeAdamW", "eta": 0.0025}
    if counts == "rate":
        return averaged(by_rate(decay), clock=correction, **named)
    return averaged(equal(decay), clock=count_and_correction, **named)


def formula(settings):
    """The formula, with the switches set."""
    lines = [
        *COUNTS[settings["counts"]],
        "v = beta2 * v + (1 - beta2) * g**2",
        "v_hat = v / (1 - beta2**t)",
        "u = g / (sqrt(v_hat) + epsilon)",
    ]
    if settings["decay_place"] == "step":
        lines += ["z = z - eta * (u + weight_decay * w)"]
    else:
        lines += ["x = x - eta * weight_decay * w / beta1", "z = z - eta * u"]
    return [*lines, "x = x + (z - x) / n", "w = (1 - beta1) * z + beta1 * x"]


FAMILY = Family(
    "ScheduleFreeAdamW",
    build,
    formula,
    switches={"counts": ("rate", "equal"), "decay_place": ("step", "mean")},
    own_decay=True,
)


@by_convention
def ScheduleFreeAdamW(
    eta: float | Collection[float] = 0.0025,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    weight_decay: float | Collection[float] = 0.0,
    *,
    counts: str = "rate",
    decay_place: str = "step",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Schedule-free AdamW, with the bias correction of its authors' code.

    .. math::
        \phi &= \frac{\mathrm{peak}}{\max(\mathrm{peak}, \eta)} && \text{if } \mathrm{peak} > 0 \\
        \phi &= 0 && \text{otherwise} \\
        \mathrm{peak} &\leftarrow \max(\mathrm{peak}, \eta) \\
        n &\leftarrow \phi^2 n + 1 \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        u &= \frac{g}{\sqrt{\hat v} + \epsilon} \\
        z &\leftarrow z - \eta (u + \lambda w) \\
        x &\leftarrow x + \frac{z - x}{n} \\
        w &\leftarrow (1 - \beta_1) z + \beta_1 x

    The gradient is that at w, the paper's y. Losses, targets and the columns w of a sweep are those
    of x, which is what one would use; z and x start where w does.

    Parameters
    ----------
    eta : float or sequence of float, default 0.0025
        Learning rate, >= 0. It needs no schedule; a warm-up is one, as elsewhere:
        ``schedule=simopt.schedules.linear_warmup(...)``.
    beta1 : float or sequence of float, default 0.9
        How far w lies towards the mean, in [0, 1).
    beta2 : float or sequence of float, default 0.999
        Decay of the mean of squares, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    weight_decay : float or sequence of float, default 0
        Lambda, >= 0 [1 / rate / update], of w.
    counts : {"rate", "equal"}, default "rate"
        What a step counts in the mean: the square of the largest rate so far; or all the same.
        At a rate that does not rise they are one.
    decay_place : {"step", "mean"}, default "step"
        What weights decay with: the step of z; or, before the step and as Keras has it, the mean
        alone, which loses ``eta lambda w / beta1``.
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
    The packages keep the sum of the squared rates; n is that sum in units of the newest. optax asks
    a schedule of the rate for what a step counts one update too early.

    References
    ----------
    A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky, The road less scheduled,
    NeurIPS 2024, algorithm 1.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.ScheduleFreeAdamW(eta=0.5)).steps
    >>> steps[["w", "x"]].round(3).values.tolist()
    [[3.5, 3.5], [3.572, 3.565], [3.884, 3.831], [4.009, 3.968]]
    """
    return FAMILY(**locals())
