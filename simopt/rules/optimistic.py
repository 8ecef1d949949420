"""Optimistic gradient: the next gradient is guessed from the last two (Daskalakis et al. 2018)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import count
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule


def optimistic(w, g, eta, last, t, alpha=1.0, optimism=1.0):
    """One weight, one step; the first gradient has none before it."""
    return w - eta * (alpha * g + optimism * (g - (g if t == 1 else last))), g


@cache
def build() -> Rule:
    """The rule."""
    return rule(optimistic, name="OptimisticGradient", clock=count)


def formula(settings):
    """The formula."""
    return [
        "change = 0 if t == 1 else g - last",
        "w = w - eta * (alpha * g + optimism * change)",
        "last = g",
    ]


FAMILY = Family("OptimisticGradient", build, formula)


@by_convention
def OptimisticGradient(
    eta: float | Collection[float] = 0.001,
    alpha: float | Collection[float] = 1.0,
    optimism: float | Collection[float] = 1.0,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Optimistic gradient descent, an extra-gradient step with one gradient an update.

    .. math::
        \mathrm{change} &= 0 && \text{if } t = 1 \\
        \mathrm{change} &= g - \mathrm{last} && \text{otherwise} \\
        w &\leftarrow w - \eta (\alpha g + \mathrm{optimism} \, \mathrm{change}) \\
        \mathrm{last} &= g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    alpha : float or sequence of float, default 1
        What the gradient counts, >= 0.
    optimism : float or sequence of float, default 1
        What its change counts, >= 0; with 0 and alpha 1 it is SGD.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
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
    C. Daskalakis, A. Ilyas, V. Syrgkanis, H. Zeng, Training GANs with optimism, ICLR 2018.
    ``optax.optimistic_gradient_descent``.

    Examples
    --------
    >>> import simopt
    >>> optimizer = simopt.OptimisticGradient(eta=0.05)
    >>> simopt.run(simopt.problems.four_points(), optimizer).steps["w"].round(3).tolist()
    [3.8, 3.24, 6.288, 4.64]
    """
    return FAMILY(**locals())
