"""Simplified AdEMAMix: one long sum of gradients, and the newest besides (Morwani et al. 2025)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import correction
from simopt.rules.corrected import corrected_outside, corrected_step
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def simplified(
    w, g, eta, m, v, bias2,
    beta1=0.99, beta2=0.95, alpha=0.0, epsilon=1e-8,
):  # fmt: skip
    """One weight, one step."""
    m, v = beta1 * m + g, beta2 * v + complement(beta2) * (g * g)
    return w - eta * (m + alpha * g) / corrected_outside(v, bias2, epsilon), m, v


def derived(v, bias2, **_):
    """The corrected mean of squares."""
    return {"v_hat": v / bias2}


@cache
def build() -> Rule:
    """The rule."""
    return rule(simplified, name="SimplifiedAdEMAMix", clock=correction, derived=derived)


def formula(settings):
    """The formula."""
    return [
        "m = beta1 * m + g",
        "v = beta2 * v + (1 - beta2) * g**2",
        *corrected_step("(m + alpha * g)", "outside"),
    ]


FAMILY = Family("SimplifiedAdEMAMix", build, formula)


@by_convention
def SimplifiedAdEMAMix(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.99,
    beta2: float | Collection[float] = 0.95,
    alpha: float | Collection[float] = 0.0,
    epsilon: float | Collection[float] = 1e-8,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdEMAMix with one sum of gradients in place of two means.

    .. math::
        m &\leftarrow \beta_1 m + g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta (m + \alpha g)}{\sqrt{\hat v} + \epsilon}

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0. Steps of a steady gradient come to be ``1 / (1 - beta1) + alpha``
        rates long: a good rate is that much smaller than Adam's.
    beta1, beta2 : float or sequence of float, default 0.99 and 0.95
        Decay of the sum and of the mean of squares, in [0, 1).
    alpha : float or sequence of float, default 0
        What the newest gradient counts besides, >= 0.
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "decoupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's, with optax' defaults); a sequence is
        an axis of a sweep.

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
    The sum is not corrected: it takes about ``1 / (1 - beta1)`` updates to grow.

    References
    ----------
    D. Morwani, N. Vyas, H. Zhang, S. Kakade, Connections between schedule-free optimizers,
    AdEMAMix, and accelerated SGD variants, arXiv:2502.02431 (2025).
    ``optax.contrib.simplified_ademamix``.

    Examples
    --------
    >>> import simopt
    >>> optimizer = simopt.SimplifiedAdEMAMix(eta=0.1)
    >>> simopt.run(simopt.problems.four_points(), optimizer).steps["w"].round(3).tolist()
    [3.1, 3.271, 3.516, 3.804]
    """
    return FAMILY(**locals())
