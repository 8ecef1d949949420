"""AdagradRMSProp: RMSprop's divisor at a rate that falls as AdaGrad's (Kucukelbir et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import rooted
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def adagradrmsprop(w, g, eta, v, t, root, rho=0.9, smoothing=1.0):
    """One weight, one step."""
    v = g * g if t == 1 else rho * v + complement(rho) * (g * g)
    return w - eta / root * g / (smoothing + math.sqrt(v)), v


@cache
def build() -> Rule:
    """The rule."""
    return rule(adagradrmsprop, name="AdagradRMSProp", clock=rooted, eta=1.0)


def formula(settings):
    """The formula."""
    return [
        "v = g**2 if t == 1 else rho * v + (1 - rho) * g**2",
        "w = w - eta / (sqrt(t) * (smoothing + sqrt(v))) * g",
    ]


FAMILY = Family("AdagradRMSProp", build, formula)


@by_convention
def AdagradRMSProp(
    eta: float | Collection[float] = 1.0,
    rho: float | Collection[float] = 0.9,
    smoothing: float | Collection[float] = 1.0,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""The step sizes of automatic differentiation variational inference (ADVI).

    .. math::
        v &\leftarrow g^2 && \text{if } t = 1 \\
        v &\leftarrow \rho v + (1 - \rho) g^2 && \text{otherwise} \\
        w &\leftarrow w - \frac{\eta}{\sqrt{t} \left(\mathrm{smoothing} + \sqrt{v}\right)} g

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        Learning rate, >= 0; the paper tries 0.01 to 100.
    rho : float or sequence of float, default 0.9
        Decay of the mean of squares, in [0, 1).
    smoothing : float or sequence of float, default 1.0
        The paper's tau, >= 0: added *outside* the root.
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

    Notes
    -----
    The paper's power of t is -1/2 + 1e-16, which is -1/2 to a double's last digit.

    References
    ----------
    A. Kucukelbir, D. Tran, R. Ranganath, A. Gelman, D. M. Blei, Automatic differentiation
    variational inference, JMLR 18 (2017), equations 10 and 11. ``pyro.optim.AdagradRMSProp``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdagradRMSProp()).steps
    >>> steps["w"].round(3).tolist()
    [3.941, 4.034, 4.645, 4.651]
    """
    return FAMILY(**locals())
