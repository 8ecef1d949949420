"""NAdam: Adam with Nesterov's look ahead (Dozat 2015)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.ground import checks
from simopt.rules.adam import MEANS, bias_corrections, moments
from simopt.rules.corrected import CORRECTED_ROOTS, corrected_step
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like
from simopt.rules.roots import ROOTS, divisor
from simopt.rules.rule import Optimizer, Rule, complement


def ahead(m, g, mu, mu_next, bias1):
    """The mean as the next update will see it: the gradient now, the rest with the next momentum.

    ``bias1`` is one less the product of all momenta so far, so that the weights sum to 1.
    """
    bias_next = mu_next * bias1 + complement(mu_next)
    return mu_next * m / bias_next + complement(mu) * g / bias1


def whole(v, beta2):
    """The mean of squares as it is."""
    return v


def shrunk(v, beta2):
    """The mean of squares, shrunk."""
    return beta2 * v


def constant(epsilon_place, square):
    """With one momentum for all updates: Dozat's."""
    root = CORRECTED_ROOTS[epsilon_place]

    def nadam(w, g, eta, m, v, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-8):
        m, v = moments(g, m, v, beta1, beta2)
        mean = ahead(m, g, beta1, beta1, bias1)
        return w - eta * mean / root(square(v, beta2), bias2, epsilon), m, v

    return nadam


def constant_current(epsilon_place, square):
    """The same with both terms of the mean corrected alike, for this update."""
    root = CORRECTED_ROOTS[epsilon_place]

    def nadam_current(w, g, eta, m, v, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-8):
        m, v = moments(g, m, v, beta1, beta2)
        mean = (beta1 * m + complement(beta1) * g) / bias1
        return w - eta * mean / root(square(v, beta2), bias2, epsilon), m, v

    return nadam_current


def constant_uncorrected(epsilon_place):
    """The same without bias correction."""
    root = ROOTS["inside" if epsilon_place == "inside" else "outside"]

    def nadam_uncorrected(w, g, eta, m, v, beta1=0.9, beta2=0.999, epsilon=1e-8):
        m, v = moments(g, m, v, beta1, beta2)
        return w - eta * (beta1 * m + complement(beta1) * g) / root(v, epsilon), m, v

    return nadam_uncorrected


def faded(psi):
    """``1 - 0.96^psi``, in plain arithmetic: a power would keep the lanes from being packed.

    With ``x = -psi log 0.96``: the series of ``1 - exp(-x / 16)``, then 1 - (1 - s)^2 four times.
    From x = 40 on, 0.96^psi is below half a unit in the last place.
    """
    x = psi * 0.0025513746575159456  # -log(0.96) / 16
    y = x if x < 2.5 else 2.5
    s = 1.0 - y * (1.0 / 13.0)
    s = 1.0 - y * (1.0 / 12.0) * s
    s = 1.0 - y * (1.0 / 11.0) * s
    s = 1.0 - y * (1.0 / 10.0) * s
    s = 1.0 - y * (1.0 / 9.0) * s
    s = 1.0 - y * (1.0 / 8.0) * s
    s = 1.0 - y * (1.0 / 7.0) * s
    s = 1.0 - y * (1.0 / 6.0) * s
    s = 1.0 - y * (1.0 / 5.0) * s
    s = 1.0 - y * (1.0 / 4.0) * s
    s = 1.0 - y * (1.0 / 3.0) * s
    s = y * (1.0 - y * (1.0 / 2.0) * s)
    s = s * (2.0 - s)
    s = s * (2.0 - s)
    s = s * (2.0 - s)
    return s * (2.0 - s)


def schedule(warm, warm_next, bias1, bias2, beta1, beta2, epsilon, momentum_decay):
    """``1 - 0.96^(t psi)`` now and at the next update, and the bias corrections.

    Both are fading means of a constant 1, as in `adam.bias_corrections`; bias1 fades with the
    momentum of the update.
    """
    gain = faded(momentum_decay)
    warm = complement(gain) * warm + gain
    warm_next = complement(gain) * warm + gain
    mu = warmed(beta1, warm)
    return warm, warm_next, mu * bias1 + complement(mu), beta2 * bias2 + complement(beta2)


def warmed(beta1, warm):
    """The momentum ``beta1 (1 - 0.96^(t psi) / 2)``."""
    one = one_like(beta1)
    return beta1 * ((one + warm) / (one + one))


def scheduled(epsilon_place):
    """With a momentum that warms up from beta1 / 2."""
    root = CORRECTED_ROOTS[epsilon_place]

    def nadam_scheduled(
        w, g, eta, m, v, warm, warm_next, bias1, bias2,
        beta1=0.9, beta2=0.999, epsilon=1e-8, momentum_decay=0.004,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        mean = ahead(m, g, warmed(beta1, warm), warmed(beta1, warm_next), bias1)
        return w - eta * mean / root(v, bias2, epsilon), m, v

    return nadam_scheduled


def scheduled_uncorrected(epsilon_place):
    """The same without bias correction."""
    root = ROOTS["inside" if epsilon_place == "inside" else "outside"]

    def nadam_scheduled_uncorrected(
        w, g, eta, m, v, warm, warm_next, bias1, bias2,
        beta1=0.9, beta2=0.999, epsilon=1e-8, momentum_decay=0.004,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        mean = warmed(beta1, warm_next) * m + complement(warmed(beta1, warm)) * g
        return w - eta * mean / root(v, epsilon), m, v

    return nadam_scheduled_uncorrected


def derived(v, bias2, **_):
    """The corrected mean of squares."""
    return {"v_hat": v / bias2}


def derived_shrunk(v, bias2, beta2, **_):
    """The same, shrunk."""
    return {"v_hat": beta2 * v / bias2}


@cache
def build(
    epsilon_place: str,
    bias_correction: bool,
    corrected_for: str,
    fades_square: bool,
    momentum_decay: bool,
) -> Rule:
    """The rule with its switches set; two of them matter with bias correction alone."""
    if momentum_decay:
        if corrected_for == "current":
            raise checks.refuse("corrected_for", corrected_for, "'next' with a momentum_decay")
        if fades_square:
            raise checks.refuse("fades_square", True, "False with a momentum_decay")
        form = scheduled if bias_correction else scheduled_uncorrected
        shown = derived if bias_correction else None
        return rule(form(epsilon_place), name="NAdam", clock=schedule, derived=shown)
    if not bias_correction:
        return rule(constant_uncorrected(epsilon_place), name="NAdam")
    corrected = constant if corrected_for == "next" else constant_current
    return rule(
        corrected(epsilon_place, shrunk if fades_square else whole),
        name="NAdam",
        clock=bias_corrections,
        derived=derived_shrunk if fades_square else derived,
    )


def formula(settings):
    """The formula, with the switches set."""
    lines, place = [*MEANS], settings["epsilon_place"]
    warming = "momentum_decay" in settings
    if warming:
        lines += [
            "mu = beta1 * (1 - 0.96**(momentum_decay * t) / 2)",
            "mu_next = beta1 * (1 - 0.96**(momentum_decay * (t + 1)) / 2)",
        ]
    if not settings["bias_correction"]:
        ahead = "mu_next * m + (1 - mu) * g" if warming else "beta1 * m + (1 - beta1) * g"
        return [*lines, f"m_bar = {ahead}", f"w = w - eta * m_bar / {divisor('v', place)}"]
    if warming:
        lines.append("product = product * mu")
        ahead = "mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)"
    elif settings["corrected_for"] == "current":
        ahead = "(beta1 * m + (1 - beta1) * g) / (1 - beta1**t)"
    else:
        ahead = "beta1 * m / (1 - beta1**(t + 1)) + (1 - beta1) * g / (1 - beta1**t)"
    step = corrected_step("m_bar", place)
    if settings["fades_square"]:
        step = [line.replace("v_hat = v", "v_hat = beta2 * v") for line in step]
        step = [line.replace("sqrt(v)", "sqrt(beta2 * v)") for line in step]
    return [*lines, f"m_bar = {ahead}", *step]


FAMILY = Family(
    "NAdam",
    build,
    formula,
    switches={
        "epsilon_place": ("outside", "inside", "hat"),
        "bias_correction": (True, False),
        "corrected_for": ("next", "current"),
        "fades_square": (False, True),
    },
    optional=("momentum_decay",),
)


@by_convention
def NAdam(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    *,
    momentum_decay: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "outside",
    bias_correction: bool = True,
    corrected_for: str = "next",
    fades_square: bool = False,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""NAdam as Dozat's report has it, with one momentum for all updates.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \bar m &= \frac{\beta_1 m}{1 - \beta_1^{t + 1}} + \frac{(1 - \beta_1) g}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta \bar m}{\sqrt{\hat v} + \epsilon}

    With ``momentum_decay`` the momentum warms up from half of beta1.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    momentum_decay : float or sequence of float, optional
        Psi, >= 0: how fast the momentum warms up, as ``beta1 (1 - 0.96^(t psi) / 2)``; it is
        constant by default. At 0.004, the report's, that takes a thousand updates.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"inside", "outside", "hat"}, default "outside"
        Where epsilon stands, as in `Adam`.
    bias_correction : bool, default True
        Divide as above; else the numerators alone, and v as it is.
    corrected_for : {"next", "current"}, default "next"
        With bias correction, and a momentum that does not warm up: the update for which the share
        of m is corrected, by ``1 - beta1^(t + 1)`` or, as that of g, by ``1 - beta1^t``.
    fades_square : bool, default False
        So too: whether v_hat is ``beta2 v / (1 - beta2^t)``, as in the algorithm of Dozat's
        workshop paper, which makes steps 1 / sqrt(beta2) times as long.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the report's); a sequence is an axis of a sweep.

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
    The buffer m fades with beta1 also where the momentum warms up. PyTorch can decouple the weight
    decay (``decoupled_weight_decay=True``): ``decay="decoupled"``.

    References
    ----------
    T. Dozat, Incorporating Nesterov momentum into Adam, report (2015), and ICLR workshop 2016.

    Examples
    --------
    >>> import simopt
    >>> points = simopt.problems.four_points()
    >>> for convention in ("optax", "torch", "keras"):
    ...     steps = simopt.run(points, simopt.NAdam(eta=0.1, convention=convention)).steps
    ...     print(convention, steps["w"].round(3).tolist())
    optax [3.147, 3.216, 3.334, 3.389]
    torch [3.106, 3.136, 3.241, 3.255]
    keras [3.106, 3.137, 3.237, 3.253]
    """
    return FAMILY(**locals())
