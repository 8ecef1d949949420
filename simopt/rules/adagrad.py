"""AdaGrad: a rate per weight that shrinks with the squared gradients seen (Duchi et al. 2011)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.ground import checks
from simopt.rules.clocks import count
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like, with_initial, with_momentum, zero_like
from simopt.rules.roots import RATED, ROOTS, divisor, effective_rate
from simopt.rules.rule import Optimizer, Rule


def adagrad(w, g, eta, G, epsilon=1e-8):
    """One weight, one step."""
    G = G + g * g
    return w - eta * g / math.sqrt(G + epsilon), G


def outside(w, g, eta, G, epsilon=1e-8):
    """The same with epsilon outside the root."""
    G = G + g * g
    return w - eta * g / (math.sqrt(G) + epsilon), G


def by_the_past(epsilon_place):
    """Divided by what was seen before this gradient."""
    root = ROOTS[epsilon_place]

    def adagrad_by_the_past(w, g, eta, G, epsilon=1e-8):
        return w - eta * g / root(G, epsilon), G + g * g

    return adagrad_by_the_past


@cache
def build(
    epsilon_place: str,
    zero_guard: bool,
    includes_gradient: bool,
    initial_accumulator: bool,
    lr_decay: bool,
    momentum: bool,
) -> Rule:
    """The rule with its switches set."""
    if not includes_gradient and zero_guard:
        raise checks.refuse("zero_guard", True, "False with includes_gradient=False")
    if not includes_gradient:
        plain = by_the_past(epsilon_place)
    else:
        plain = adagrad if epsilon_place == "inside" else outside
    root = ROOTS[epsilon_place]

    def guarded(w, g, eta, G, epsilon=1e-8):
        G = G + g * g
        return w - (eta * g / root(G, epsilon) if zero_like(G) < G else zero_like(w)), G

    update = guarded if zero_guard else plain

    def effective(eta, G, epsilon, t=1, lr_decay=0.0, **_):
        return effective_rate(eta / (1 + (t - 1) * lr_decay), root(G, epsilon))

    # The state after the step no longer tells what a step was divided by before it.
    derived = effective if includes_gradient else None

    def slowing(w, g, eta, G, t, epsilon=1e-8, lr_decay=0.0):
        one = one_like(t)
        return update(w, g, eta / (one + (t - one) * lr_decay), G, epsilon)

    if lr_decay:
        base = rule(slowing, name="AdaGrad", clock=count, derived=derived)
    else:
        base = rule(update, name="AdaGrad", derived=derived)
    if initial_accumulator:
        base = with_initial(base, "G")
    return with_momentum(base, "outside", averaged=True) if momentum else base


def formula(settings):
    """The formula, with the switches set."""
    root = divisor("G", settings["epsilon_place"])
    slowing = "((1 + (t - 1) * lr_decay) * {})" if "lr_decay" in settings else "{}"
    step = f"{RATED} if G > 0 else w" if settings["zero_guard"] else RATED
    if not settings["includes_gradient"]:
        return _past_formula(settings, slowing.format(root))
    if "momentum" in settings:
        entering = f"(1 - momentum) * g / {slowing.format(root)}"
        if settings["zero_guard"]:
            entering = f"{entering} if G > 0 else 0"
        return ["G = G + g**2", f"x = {entering}", "b = momentum * b + x", "w = w - eta * b"]
    return ["G = G + g**2", f"effective_lr = eta / {slowing.format(root)}", step]


def _past_formula(settings, divisor):
    """The same where the gradient joins G after the step."""
    if "momentum" in settings:
        entering = f"(1 - momentum) * g / {divisor}"
        lines = [f"x = {entering}", "b = momentum * b + x", "w = w - eta * b"]
    else:
        lines = [f"w = w - eta * g / {divisor}"]
    return [*lines, "G = G + g**2"]


FAMILY = Family(
    "AdaGrad",
    build,
    formula,
    switches={
        "epsilon_place": tuple(ROOTS),
        "zero_guard": (False, True),
        "includes_gradient": (True, False),
    },
    optional=("initial_accumulator", "lr_decay", "momentum"),
)


@by_convention
def AdaGrad(
    eta: float | Collection[float] = 0.001,
    epsilon: float | Collection[float] = 1e-8,
    *,
    initial_accumulator: float | Collection[float] | None = None,
    lr_decay: float | Collection[float] | None = None,
    momentum: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "inside",
    zero_guard: bool = False,
    includes_gradient: bool = True,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdaGrad, with epsilon inside the root.

    .. math::
        G &\leftarrow G + g^2 \\
        w &\leftarrow w - \frac{\eta}{\sqrt{G + \epsilon}} g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    epsilon : float or sequence of float, default 1e-8
        Added to G *inside* the root, >= 0.
    initial_accumulator : float or sequence of float, optional
        Where G starts, >= 0; 0 by default.
    lr_decay : float or sequence of float, optional
        Kappa, >= 0: the rate decays as ``eta / (1 + (t - 1) kappa)``; none by default.
    momentum : float or sequence of float, optional
        Mu, in [0, 1): the step is by a fading mean of ``g / sqrt(G + epsilon)``,
        ``b <- mu b + (1 - mu) g / sqrt(G + epsilon)``, ``w <- w - eta b``; none by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"inside", "outside"}, default "inside"
        Where epsilon stands: ``sqrt(G + epsilon)`` or ``sqrt(G) + epsilon``.
    zero_guard : bool, default False
        Whether there is no step while G is 0, where without epsilon it would be 0 / 0.
    includes_gradient : bool, default True
        Whether the step is divided by a G that this gradient is in already; else G is that of the
        gradients before it, which should then start above 0.
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
    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods, JMLR 12 (2011) 2121.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdaGrad(eta=0.1)).steps
    >>> steps["G"].round(2).tolist()
    [256.0, 270.44, 1411.8, 1412.6]
    """
    return FAMILY(**locals())
