"""Yogi: Adam whose mean of squares moves by a bounded amount (Zaheer et al. 2018)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, V_HAT, bias_corrections
from simopt.rules.corrected import corrected_outside
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like, with_initial
from simopt.rules.rule import Optimizer, Rule, complement
from simopt.rules.signsgd import sign


def corrected(w, g, eta, m, v, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-3):
    """One weight, one step, with bias correction."""
    square = g * g
    m = beta1 * m + complement(beta1) * g
    v = v - complement(beta2) * sign(v - square) * square
    return w - eta * m / (bias1 * corrected_outside(v, bias2, epsilon)), m, v


def yogi(w, g, eta, m, v, beta1=0.9, beta2=0.999, epsilon=1e-3):
    """One weight, one step: the paper's."""
    return corrected(w, g, eta, m, v, one_like(w), one_like(w), beta1, beta2, epsilon)


def derived(m, v, bias1, bias2, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "v_hat": v / bias2}


@cache
def build(bias_correction: bool, initial_accumulator: bool) -> Rule:
    """The rule with its switch set."""
    if bias_correction:
        made = rule(corrected, name="Yogi", clock=bias_corrections, derived=derived, eta=0.01)
    else:
        made = rule(yogi, name="Yogi", eta=0.01)
    return with_initial(made, "m", "v") if initial_accumulator else made


def formula(settings):
    """The formula, with the switch set."""
    lines = [MEANS[0], "v = v - (1 - beta2) * sign(v - g**2) * g**2"]
    if not settings["bias_correction"]:
        return [*lines, "w = w - eta * m / (sqrt(v) + epsilon)"]
    return [*lines, M_HAT, V_HAT, "w = w - eta * m_hat / (sqrt(v_hat) + epsilon)"]


FAMILY = Family(
    "Yogi",
    build,
    formula,
    switches={"bias_correction": (False, True)},
    optional=("initial_accumulator",),
)


@by_convention
def Yogi(
    eta: float | Collection[float] = 0.01,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-3,
    *,
    initial_accumulator: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    bias_correction: bool = False,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Yogi as its paper has it, without bias correction.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow v - (1 - \beta_2) \, \mathrm{sign}(v - g^2) g^2 \\
        w &\leftarrow w - \frac{\eta m}{\sqrt{v} + \epsilon}

    Parameters
    ----------
    eta : float or sequence of float, default 0.01
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the mean; how far v moves, as a share of the square, 1 - beta2; in [0, 1).
    epsilon : float or sequence of float, default 1e-3
        Added *outside* the root, >= 0.
    initial_accumulator : float or sequence of float, optional
        Where m and v start, both, >= 0; 0 by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    bias_correction : bool, default False
        Divide m and v by 1 - beta^t.
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
    M. Zaheer, S. Reddi, D. Sachan, S. Kale, S. Kumar, Adaptive methods for nonconvex optimization,
    NeurIPS 2018, algorithm 2.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Yogi(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.316, 3.659, 4.093, 4.49]
    """
    return FAMILY(**locals())
