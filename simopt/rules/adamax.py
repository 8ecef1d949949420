"""Adamax: Adam with the largest gradient in place of the mean square (Kingma and Ba 2015)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, one_like
from simopt.rules.rule import Optimizer, Rule, complement


def adamax(w, g, eta, m, u, bias, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One weight, one step."""
    m = beta1 * m + complement(beta1) * g
    u = larger(beta2 * u, abs(g) + epsilon)
    return w - eta * m / (bias * u), m, u


def outside(w, g, eta, m, u, bias, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The same with epsilon outside the maximum."""
    m = beta1 * m + complement(beta1) * g
    u = larger(beta2 * u, abs(g))
    return w - eta * m / (bias * (u + epsilon)), m, u


def decayed(w, g, eta, m, u, bias, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The same with epsilon added to the maximum as it fades."""
    m = beta1 * m + complement(beta1) * g
    u = larger(beta2 * u + epsilon, abs(g))
    return w - eta * m / (bias * u), m, u


def uncorrected(update):
    """Without bias correction."""

    def adamax_uncorrected(w, g, eta, m, u, beta1=0.9, beta2=0.999, epsilon=1e-8):
        return update(w, g, eta, m, u, one_like(w), beta1, beta2, epsilon)

    return adamax_uncorrected


UPDATES = {"inside": adamax, "outside": outside, "decayed": decayed}


def correction(bias, beta1):
    """``1 - beta1^t``, as the fading mean of a constant 1."""
    return (beta1 * bias + complement(beta1),)


def derived(m, bias, **_):
    """The corrected mean."""
    return {"m_hat": m / bias}


@cache
def build(epsilon_place: str, bias_correction: bool) -> Rule:
    """The rule with its switches set."""
    update = UPDATES[epsilon_place]
    if not bias_correction:
        return rule(uncorrected(update), name="Adamax", eta=0.002)
    return rule(update, name="Adamax", clock=correction, derived=derived, eta=0.002)


def formula(settings):
    """The formula, with the switches set."""
    place, corrected = settings["epsilon_place"], settings["bias_correction"]
    faded, size = "beta2 * u", "abs(g)"
    if place == "inside":
        size += " + epsilon"
    elif place == "decayed":
        faded += " + epsilon"
    return [
        MEANS[0],
        *([M_HAT] if corrected else []),
        f"u = max({faded}, {size})",
        f"w = w - eta * {'m_hat' if corrected else 'm'} / "
        f"{'(u + epsilon)' if place == 'outside' else 'u'}",
    ]


FAMILY = Family(
    "Adamax",
    build,
    formula,
    switches={"epsilon_place": tuple(UPDATES), "bias_correction": (True, False)},
)


@by_convention
def Adamax(
    eta: float | Collection[float] = 0.002,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    *,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "inside",
    bias_correction: bool = True,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adamax, with epsilon inside the maximum.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        u &\leftarrow \max(\beta_2 u, |g| + \epsilon) \\
        w &\leftarrow w - \frac{\eta \hat m}{u}

    Parameters
    ----------
    eta : float or sequence of float, default 0.002
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the mean and of the maximum, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added to the gradient's size *inside* the maximum, >= 0. The paper has none: 0 is its
        formula.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"inside", "outside", "decayed"}, default "inside"
        Where epsilon stands: inside the maximum, with the gradient's size; outside, added to the
        maximum; or inside with what is left of it, ``max(beta2 u + epsilon, |g|)``.
    bias_correction : bool, default True
        Divide the mean by 1 - beta1^t.
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
    The maximum needs no bias correction: from its first gradient on it has the right size.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, section 7.1.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Adamax(eta=0.1)).steps
    >>> steps[["u", "w"]].round(3).tail(2)
            u      w
    2  33.121  3.215
    3  33.088  3.255
    """
    return FAMILY(**locals())
