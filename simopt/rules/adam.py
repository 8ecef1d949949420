"""Adam: fading means of the gradient and of its square, bias-corrected (Kingma and Ba 2015)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.ground import checks
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.roots import ROOTS, divisor
from simopt.rules.rule import Optimizer, Rule, complement


def bias_corrections(bias1, bias2, beta1, beta2):
    """``1 - beta1^t`` and ``1 - beta2^t``.

    1 - beta^t is the fading mean of a constant 1: carried like that, it needs no power, and it does
    not lose the digits that the subtraction costs at small t.
    """
    return beta1 * bias1 + complement(beta1), beta2 * bias2 + complement(beta2)


def adam(w, g, eta, m, v, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One weight, one step.

    ``eta m_hat / sqrt(v_hat + epsilon)``, with m_hat = m / bias1 and v_hat = v / bias2, brought to
    one division in place of three.
    """
    m, v = moments(g, m, v, beta1, beta2)
    root = math.sqrt((v + epsilon * bias2) * bias2)
    return w - eta * m * bias2 / (bias1 * root), m, v


def moments(g, m, v, beta1, beta2):
    """The fading means of the gradient and of its square."""
    return beta1 * m + complement(beta1) * g, beta2 * v + complement(beta2) * (g * g)


def bias_corrections_and_root(bias1, bias2, root2, beta1, beta2):
    """The bias corrections, and the root of the second."""
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    return bias1, bias2, math.sqrt(bias2)


def outside(w, g, eta, m, v, bias1, bias2, root2, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """``eta m_hat / (sqrt(v_hat) + epsilon)``: the paper's algorithm 1."""
    m, v = moments(g, m, v, beta1, beta2)
    return w - eta * m * root2 / (bias1 * (math.sqrt(v) + epsilon * root2)), m, v


def hat(w, g, eta, m, v, bias1, bias2, root2, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """``eta sqrt(bias2) / bias1 m / (sqrt(v) + epsilon)``: "epsilon hat"."""
    m, v = moments(g, m, v, beta1, beta2)
    return w - eta * m * root2 / (bias1 * (math.sqrt(v) + epsilon)), m, v


def both(
    w, g, eta, m, v, bias1, bias2, root2, beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_root=0.0
):
    """``eta m_hat / (sqrt(v_hat + epsilon_root) + epsilon)``."""
    m, v = moments(g, m, v, beta1, beta2)
    root = math.sqrt(v + epsilon_root * bias2)
    return w - eta * m * root2 / (bias1 * (root + epsilon * root2)), m, v


def uncorrected(epsilon_place):
    """Without bias correction."""
    root = ROOTS[epsilon_place]

    def adam_uncorrected(w, g, eta, m, v, beta1=0.9, beta2=0.999, epsilon=1e-8):
        m, v = moments(g, m, v, beta1, beta2)
        return w - eta * m / root(v, epsilon), m, v

    return adam_uncorrected


def derived(m, v, bias1=1.0, bias2=1.0, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "v_hat": v / bias2}


@cache
def build(
    epsilon_place: str, bias_correction: bool, epsilon_root: bool, name: str = "Adam"
) -> Rule:
    """The rule with its switches set."""
    if epsilon_root and epsilon_place != "outside":
        raise checks.refuse("epsilon_place", epsilon_place, "'outside' for an epsilon_root besides")
    if epsilon_root and not bias_correction:
        raise checks.refuse("bias_correction", False, "True for an epsilon_root besides")
    if not bias_correction:
        update = uncorrected("inside" if epsilon_place == "inside" else "outside")
        return rule(update, name=name)
    if epsilon_place == "inside":
        return rule(adam, name=name, clock=bias_corrections, derived=derived)
    update = both if epsilon_root else {"outside": outside, "hat": hat}[epsilon_place]
    return rule(update, name=name, clock=bias_corrections_and_root, derived=derived)


#: The means and their corrections, written.
MEANS = ["m = beta1 * m + (1 - beta1) * g", "v = beta2 * v + (1 - beta2) * g**2"]
M_HAT, V_HAT = "m_hat = m / (1 - beta1**t)", "v_hat = v / (1 - beta2**t)"


def formula(settings):
    """The formula, with the switches set."""
    place = settings["epsilon_place"]
    if not settings["bias_correction"]:
        return [*MEANS, f"w = w - eta * m / {divisor('v', place)}"]
    if place == "hat":
        corrections = "sqrt(1 - beta2**t) / (1 - beta1**t)"
        return [*MEANS, f"w = w - eta * ({corrections}) * (m / (sqrt(v) + epsilon))"]
    root = divisor("v_hat", place)
    if "epsilon_root" in settings:
        root = "(sqrt(v_hat + epsilon_root) + epsilon)"
    return [*MEANS, M_HAT, V_HAT, f"w = w - eta * m_hat / {root}"]


SWITCHES = {"epsilon_place": ("inside", "outside", "hat"), "bias_correction": (True, False)}
FAMILY = Family(
    "Adam",
    build,
    formula,
    switches=SWITCHES,
    optional=("epsilon_root",),
)


@by_convention
def Adam(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    *,
    epsilon_root: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "inside",
    bias_correction: bool = True,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adam, with epsilon inside the root.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta \hat m}{\sqrt{\hat v + \epsilon}}

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0: about the size of a step, in units of the weight.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added to v_hat *inside* the root, >= 0.
    epsilon_root : float or sequence of float, optional
        With epsilon outside: another one inside, >= 0; none by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"inside", "outside", "hat"}, default "inside"
        Where epsilon stands: ``sqrt(v_hat + epsilon)``; ``sqrt(v_hat) + epsilon``, as in the
        paper's algorithm 1; or added to the uncorrected root, ``(sqrt(v) + epsilon)`` divided by
        ``sqrt(1 - beta2^t)`` ("epsilon hat").
    bias_correction : bool, default True
        Divide the means by 1 - beta^t.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults; a sequence is an axis of a sweep.

    Returns
    -------
    Optimizer
        A frozen value. ``t`` counts updates, that is, batches.

    Raises
    ------
    ValueError
        If a hyperparameter is out of range.

    Notes
    -----
    ``optax.adam(eta, eps=0, eps_root=1e-8)`` is the document's. scikit-learn's ``MLPRegressor``
    divides its alpha by the batch size before it couples it.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Adam(eta=0.1)).steps
    >>> steps[["m_hat", "v_hat", "w"]].round(3).head(2)
        m_hat   v_hat      w
    0 -16.000  256.00  3.100
    1  -9.579  135.16  3.182
    """
    return FAMILY(**locals())
