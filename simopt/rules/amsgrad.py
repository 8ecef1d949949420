"""AMSGrad: Adam whose divisor never shrinks (Reddi, Kale and Kumar 2018)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, V_HAT, bias_corrections, moments
from simopt.rules.corrected import CORRECTED_ROOTS
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, with_initial
from simopt.rules.roots import ROOTS, divisor
from simopt.rules.rule import Optimizer, Rule


def uncorrected(epsilon_place):
    """The paper's: no bias correction."""
    root = ROOTS["inside" if epsilon_place == "inside" else "outside"]

    def amsgrad(w, g, eta, m, v, v_max, beta1=0.9, beta2=0.999, epsilon=1e-8):
        m, v = moments(g, m, v, beta1, beta2)
        v_max = larger(v_max, v)
        return w - eta * m / root(v_max, epsilon), m, v, v_max

    return amsgrad


def raw(epsilon_place):
    """The largest v, corrected when it is used."""
    root = CORRECTED_ROOTS[epsilon_place]

    def amsgrad_raw(w, g, eta, m, v, v_max, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-8):
        m, v = moments(g, m, v, beta1, beta2)
        v_max = larger(v_max, v)
        return w - eta * m / (bias1 * root(v_max, bias2, epsilon)), m, v, v_max

    return amsgrad_raw


def corrected(epsilon_place):
    """The largest corrected v."""
    root = CORRECTED_ROOTS[epsilon_place]

    def amsgrad_corrected(
        w, g, eta, m, v, v_max, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-8
    ):
        m, v = moments(g, m, v, beta1, beta2)
        v_max = larger(v_max, v / bias2)
        return w - eta * m / (bias1 * root(v_max * bias2, bias2, epsilon)), m, v, v_max

    return amsgrad_corrected


def from_raw(m, v_max, bias1, bias2, **_):
    """The corrected mean, and the square that divides it."""
    return {"m_hat": m / bias1, "v_hat": v_max / bias2}


def from_corrected(m, v_max, bias1, **_):
    """The same where v_max is corrected already."""
    return {"m_hat": m / bias1, "v_hat": v_max}


@cache
def build(
    epsilon_place: str, bias_correction: bool, maximum: str, initial_accumulator: bool
) -> Rule:
    """The rule with its switches set; which maximum matters with bias correction."""
    if bias_correction:
        form, derived = (raw, from_raw) if maximum == "raw" else (corrected, from_corrected)
        base = rule(form(epsilon_place), name="AMSGrad", clock=bias_corrections, derived=derived)
    else:
        base = rule(uncorrected(epsilon_place), name="AMSGrad")
    return with_initial(base, "m", "v", "v_max") if initial_accumulator else base


def formula(settings):
    """The formula, with the switches set."""
    place = settings["epsilon_place"]
    largest = "v_max = max(v_max, v)"
    if not settings["bias_correction"]:
        return [*MEANS, largest, f"w = w - eta * m / {divisor('v_max', place)}"]
    if settings["maximum"] == "corrected":
        root = divisor("v_max", place)
        if place == "hat":
            root = "(sqrt(v_max) + epsilon / sqrt(1 - beta2**t))"
        largest = "v_max = max(v_max, v_hat)"
        return [*MEANS, M_HAT, V_HAT, largest, f"w = w - eta * m_hat / {root}"]
    if place == "hat":
        corrections = "sqrt(1 - beta2**t) / (1 - beta1**t)"
        step = f"w = w - eta * ({corrections}) * (m / (sqrt(v_max) + epsilon))"
        return [*MEANS, largest, step]
    corrected = "v_hat = v_max / (1 - beta2**t)"
    return [*MEANS, largest, M_HAT, corrected, f"w = w - eta * m_hat / {divisor('v_hat', place)}"]


FAMILY = Family(
    "AMSGrad",
    build,
    formula,
    switches={
        "epsilon_place": tuple(CORRECTED_ROOTS),
        "bias_correction": (False, True),
        "maximum": ("raw", "corrected"),
    },
    optional=("initial_accumulator",),
)


@by_convention
def AMSGrad(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    *,
    initial_accumulator: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "inside",
    bias_correction: bool = False,
    maximum: str = "raw",
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AMSGrad as its paper has it, without bias correction.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        v_{\mathrm{max}} &\leftarrow \max(v_{\mathrm{max}}, v) \\
        w &\leftarrow w - \frac{\eta m}{\sqrt{v_{\mathrm{max}} + \epsilon}}

    The frameworks correct the bias. Where they keep the largest v as it is and correct it when
    they use it, the divisor can shrink after all, with the correction.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added to v_max *inside* the root, >= 0. The paper has none: 0 is its formula.
    initial_accumulator : float or sequence of float, optional
        Where m, v and v_max start, >= 0; 0 by default.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"inside", "outside", "hat"}, default "inside"
        Where epsilon stands, as in `Adam`.
    bias_correction : bool, default False
        Divide the means by 1 - beta^t.
    maximum : {"raw", "corrected"}, default "raw"
        With bias correction: what the maximum is of, v, to be corrected when it is used, or the
        corrected v.
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
    ``optax.amsgrad`` can correct one of the means alone; that is not offered here.

    References
    ----------
    S. J. Reddi, S. Kale, S. Kumar, On the convergence of Adam and beyond, ICLR 2018.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AMSGrad(eta=0.1)).steps
    >>> steps[["v", "v_max", "w"]].round(3).head(2)
           v  v_max      w
    0  0.256  0.256  3.316
    1  0.267  0.267  3.660
    """
    return FAMILY(**locals())
