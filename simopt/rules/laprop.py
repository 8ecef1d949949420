"""LaProp: gradients are divided before they are averaged (Ziyin et al. 2020)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import correction
from simopt.rules.corrected import CORRECTED_ROOTS
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import zero_like
from simopt.rules.rule import Optimizer, Rule, complement


def divided(place):
    """One weight, one step, with epsilon at its place."""
    root = CORRECTED_ROOTS[place]

    def laprop(w, g, eta, m, v, mean, bias2, beta1=0.9, beta2=0.999, epsilon=1e-15):
        v = beta2 * v + complement(beta2) * (g * g)
        m = beta1 * m + complement(beta1) * (eta * (g / root(v, bias2, epsilon)))
        mean = beta1 * mean + complement(beta1) * eta
        share = eta / mean if mean > zero_like(w) else zero_like(w)
        return w - share * m, m, v, mean

    return laprop


def rooted(place):
    """The same with another epsilon added to v under the root."""
    root = CORRECTED_ROOTS[place]

    def laprop_rooted(
        w, g, eta, m, v, mean, bias2, beta1=0.9, beta2=0.999, epsilon=1e-15, epsilon_root=0.0
    ):
        v = beta2 * v + complement(beta2) * (g * g)
        u = g / root(v + epsilon_root, bias2, epsilon)
        m = beta1 * m + complement(beta1) * (eta * u)
        mean = beta1 * mean + complement(beta1) * eta
        share = eta / mean if mean > zero_like(w) else zero_like(w)
        return w - share * m, m, v, mean

    return laprop_rooted


@cache
def build(epsilon_place: str, epsilon_root: bool) -> Rule:
    """The rule with its switch set."""
    form = rooted if epsilon_root else divided
    return rule(form(epsilon_place), name="LaProp", clock=correction, eta=4e-4)


def formula(settings):
    """The formula, with the switch set."""
    lines = ["v = beta2 * v + (1 - beta2) * g**2"]
    added = "epsilon_root" in settings
    v, whole = ("v + epsilon_root", "(v + epsilon_root)") if added else ("v", "v")
    if settings["epsilon_place"] == "hat":
        lines += [f"u = g * sqrt(1 - beta2**t) / (sqrt({v}) + epsilon)"]
    else:
        inside = settings["epsilon_place"] == "inside"
        root = "sqrt(v_hat + epsilon)" if inside else "(sqrt(v_hat) + epsilon)"
        lines += [
            f"v_hat = {whole} / (1 - beta2**t)",
            f"u = g / {root}",
        ]
    return [
        *lines,
        "m = beta1 * m + (1 - beta1) * eta * u",
        "mean = beta1 * mean + (1 - beta1) * eta",
        "w = w - eta / mean * m",
    ]


FAMILY = Family(
    "LaProp",
    build,
    formula,
    switches={"epsilon_place": ("outside", "hat", "inside")},
    optional=("epsilon_root",),
)


@by_convention
def LaProp(
    eta: float | Collection[float] = 4e-4,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-15,
    *,
    epsilon_root: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "outside",
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""LaProp as its authors' code has it: rates are averaged with the steps.

    .. math::
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        u &= \frac{g}{\sqrt{\hat v} + \epsilon} \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) \eta u \\
        \mathrm{mean} &\leftarrow \beta_1 \, \mathrm{mean} + (1 - \beta_1) \eta \\
        w &\leftarrow w - \frac{\eta}{\mathrm{mean}} m

    At a constant rate the last line is a step by m over 1 - beta1^t.

    Parameters
    ----------
    eta : float or sequence of float, default 4e-4
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the mean of the divided gradients, and of that of squares, in [0, 1).
    epsilon : float or sequence of float, default 1e-15
        >= 0.
    epsilon_root : float or sequence of float, optional
        Another one added to v, under the root, >= 0; none by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"outside", "hat", "inside"}, default "outside"
        Where epsilon stands: beside the corrected root, beside the root before it is corrected, or
        under it.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "decoupled"
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
    Weights decay beside the step, which does not enter m: by ``eta lambda w`` of the weight before
    it. The authors' code takes ``lambda w`` of the stepped weight, whatever the rate, which no
    ``decay`` does; timm and pytorch_optimizer, times the rate ("stepped").

    References
    ----------
    L. Ziyin, Z. T. Wang, M. Ueda, LaProp: separating momentum and adaptivity in Adam,
    arXiv:2002.04839.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.LaProp(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.165, 3.263, 3.333]
    """
    return FAMILY(**locals())
