"""RMSprop: AdaGrad with a memory that fades (Hinton 2012)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import with_initial, with_momentum
from simopt.rules.roots import RATED, ROOTS, divisor, effective_rate
from simopt.rules.rule import Optimizer, Rule, complement


def rmsprop(w, g, eta, Eg2, rho=0.9, epsilon=1e-8):
    """One weight, one step."""
    Eg2 = rho * Eg2 + complement(rho) * (g * g)
    return w - eta * g / math.sqrt(Eg2 + epsilon), Eg2


def ones(bias, rho):
    """``1 - rho^t``, as the fading mean of a constant 1."""
    return (rho * bias + complement(rho),)


def _update(epsilon_place, centered, bias_correction):
    """One of eight functions: what is divided by the root of what."""
    root = ROOTS[epsilon_place]

    def uncentered(w, g, eta, Eg2, rho=0.9, epsilon=1e-8):
        Eg2 = rho * Eg2 + complement(rho) * (g * g)
        return w - eta * g / root(Eg2, epsilon), Eg2

    def corrected(w, g, eta, Eg2, bias, rho=0.9, epsilon=1e-8):
        Eg2 = rho * Eg2 + complement(rho) * (g * g)
        return w - eta * g / root(Eg2 / bias, epsilon), Eg2

    def about_mean(w, g, eta, Eg2, Eg, rho=0.9, epsilon=1e-8):
        Eg2 = rho * Eg2 + complement(rho) * (g * g)
        Eg = rho * Eg + complement(rho) * g
        return w - eta * g / root(Eg2 - Eg * Eg, epsilon), Eg2, Eg

    def corrected_about_mean(w, g, eta, Eg2, Eg, bias, rho=0.9, epsilon=1e-8):
        Eg2 = rho * Eg2 + complement(rho) * (g * g)
        Eg = rho * Eg + complement(rho) * g
        mean = Eg / bias
        return w - eta * g / root(Eg2 / bias - mean * mean, epsilon), Eg2, Eg

    if centered:
        return corrected_about_mean if bias_correction else about_mean
    return corrected if bias_correction else uncentered


@cache
def build(
    epsilon_place: str,
    centered: bool,
    bias_correction: bool,
    rate_place: str,
    nesterov: bool,
    initial_accumulator: bool,
    momentum: bool,
) -> Rule:
    """The rule with its switches set; the places of rate and look-ahead matter with momentum."""
    plain = (epsilon_place, centered, bias_correction) == ("inside", False, False)
    root = ROOTS[epsilon_place]

    def derived(eta, Eg2, epsilon, bias=1.0, Eg=0.0, **_):
        mean = Eg / bias
        return effective_rate(eta, root(Eg2 / bias - mean * mean, epsilon))

    base = rule(
        rmsprop if plain else _update(epsilon_place, centered, bias_correction),
        name="RMSprop",
        clock=ones if bias_correction else None,
        derived=derived,
    )
    if initial_accumulator:
        base = with_initial(base, "Eg2")
    return with_momentum(base, rate_place, nesterov) if momentum else base


def formula(settings):
    """The formula, with the switches set."""
    lines = ["Eg2 = rho * Eg2 + (1 - rho) * g**2"]
    square, mean = "Eg2", "Eg"
    if settings["centered"]:
        lines.append("Eg = rho * Eg + (1 - rho) * g")
    if settings["bias_correction"]:
        lines.append("Eg2_hat = Eg2 / (1 - rho**t)")
        square = "Eg2_hat"
        if settings["centered"]:
            lines.append("Eg_hat = Eg / (1 - rho**t)")
            mean = "Eg_hat"
    variance = f"{square} - {mean}**2" if settings["centered"] else square
    root = divisor(variance, settings["epsilon_place"])
    if "momentum" not in settings:
        return [*lines, f"effective_lr = eta / {root}", RATED]
    inside = settings["rate_place"] == "inside"
    entering = f"{'eta * ' if inside else ''}g / {root}"
    if settings["nesterov"]:
        move = f"{'' if inside else 'eta * '}(x + momentum * b)"
        return [*lines, f"x = {entering}", "b = momentum * b + x", f"w = w - {move}"]
    move = "b" if inside else "eta * b"
    return [*lines, f"b = momentum * b + {entering}", f"w = w - {move}"]


FAMILY = Family(
    "RMSprop",
    build,
    formula,
    switches={
        "epsilon_place": tuple(ROOTS),
        "centered": (False, True),
        "bias_correction": (False, True),
        "rate_place": ("outside", "inside"),
        "nesterov": (False, True),
    },
    optional=("initial_accumulator", "momentum"),
)


@by_convention
def RMSprop(
    eta: float | Collection[float] = 0.001,
    rho: float | Collection[float] = 0.9,
    epsilon: float | Collection[float] = 1e-8,
    *,
    momentum: float | Collection[float] | None = None,
    initial_accumulator: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "inside",
    centered: bool = False,
    bias_correction: bool = False,
    rate_place: str = "outside",
    nesterov: bool = False,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""RMSprop, with epsilon inside the root and no bias correction.

    .. math::
        E[g^2] &\leftarrow \rho E[g^2] + (1 - \rho) g^2 \\
        w &\leftarrow w - \frac{\eta}{\sqrt{E[g^2] + \epsilon}} g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    rho : float or sequence of float, default 0.9
        Decay of the mean of squared gradients, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *inside* the root, >= 0.
    momentum : float or sequence of float, optional
        Mu, in [0, 1): steps enter a buffer, ``b <- mu b + g / sqrt(E[g^2] + epsilon)``, and
        ``w <- w - eta b``; no buffer by default.
    initial_accumulator : float or sequence of float, optional
        Where E[g^2] starts, >= 0; 0 by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"inside", "outside"}, default "inside"
        Where epsilon stands: ``sqrt(E[g^2] + epsilon)`` or ``sqrt(E[g^2]) + epsilon``.
    centered, bias_correction : bool, default False
        Subtract the squared mean of the gradient from E[g^2]; divide the means by 1 - rho^t.
    rate_place : {"outside", "inside"}, default "outside"
        With momentum: where the rate multiplies, the buffer or what enters it.
    nesterov : bool, default False
        With momentum: look one buffer ahead.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults; a sequence is an axis of a sweep.

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
    G. Hinton, Neural networks for machine learning, lecture 6e (2012).

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.RMSprop(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.316, 3.385, 3.667, 3.674]
    """
    return FAMILY(**locals())
