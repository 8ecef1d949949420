"""Adafactor: steps scaled by the weights' size and bounded (Shazeer and Stern 2018)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.ground.elementary import exp, log_one_plus
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, one_like
from simopt.rules.rule import Optimizer, Rule, complement


def added(g, v, beta2, epsilon):
    """The step before it is scaled, and the mean of squares; epsilon is added to the squares."""
    v = beta2 * v + complement(beta2) * (g * g + epsilon)
    return g / math.sqrt(v), v


def bounded(g, v, beta2, epsilon):
    """The same, the root being no less than epsilon."""
    v = beta2 * v + complement(beta2) * (g * g)
    return g / math.sqrt(larger(v, epsilon * epsilon)), v


def squares(direction, beforehand):
    """What the sizes of the weights and of the step are of, and the number of weights."""

    def terms(
        w, g, eta, v, scale, alpha, beta2, following, count, log,
        epsilon, epsilon2, limit, exponent, weight_decay,
    ):  # fmt: skip
        if beforehand:
            w = (one_like(w) - eta * weight_decay) * w
        u = direction(g, v, following, epsilon)[0]
        return w * w, u * u, one_like(w)

    return terms


def beside_a_mean(looks):
    """The same of a rule that has a mean of steps besides."""

    def terms(
        w, g, eta, v, m, scale, alpha, beta2, following, count, log,
        epsilon, epsilon2, limit, exponent, weight_decay,
    ):  # fmt: skip
        return looks(
            w, g, eta, v, scale, alpha, beta2, following, count, log,
            epsilon, epsilon2, limit, exponent, weight_decay,
        )  # fmt: skip

    return terms


def least(eta, count):
    """The rate is a ceiling of the relative step."""
    root = 1 / math.sqrt(count)
    return eta if eta < root else root


def alone(eta, count):
    """The rate is the rate."""
    return eta


def at_least(size, epsilon2):
    """What the size of the weights is taken for."""
    return epsilon2 if size < epsilon2 else size


def not_scaled(size, epsilon2):
    """Nothing is scaled to the weights."""
    return 1.0


def clock_by(rate, factor):
    """The scale of a step, bounded and as it would be, and the decays of this update and the next.

    A power would differ in its last bits from machine to machine: the logarithm of the next count
    is carried along. Comparisons are such that what is no number stays so.
    """

    def clock(
        scale, alpha, beta2, following, count, log, weights, steps, number, eta,
        epsilon, epsilon2, limit, exponent,
    ):  # fmt: skip
        count = count + 1
        log = log + log_one_plus(1 / count)
        size, length = math.sqrt(weights / number), math.sqrt(steps / number) / limit
        alpha = factor(size, epsilon2) * rate(eta, count)
        scale = alpha / (1.0 if length < 1 else length)
        return scale, alpha, following, 1 - exp(-exponent * log), count, log

    return clock


def by_eta(eta, alpha, weight_decay):
    """The share of a weight that decays."""
    return eta * weight_decay


def by_scale(eta, alpha, weight_decay):
    """The same, scaled as steps are before they are bounded."""
    return alpha * weight_decay


def by_itself(eta, alpha, weight_decay):
    """The same, whatever the rate."""
    return weight_decay


SHARES = {"step": by_eta, "outside": by_eta, "scaled": by_scale, "fixed": by_itself}


def scaled(direction, share):
    """One weight, one step."""

    def adafactor(
        w, g, eta, v, scale, alpha, beta2, following, count, log,
        epsilon=1e-30, epsilon2=1e-3, limit=1.0, exponent=0.8, weight_decay=0.0,
    ):  # fmt: skip
        kept = (one_like(w) - share(eta, alpha, weight_decay)) * w
        u, v = direction(g, v, beta2, epsilon)
        return kept - scale * u, v

    return adafactor


def gathered(direction, share):
    """The same by a mean of steps."""

    def with_momentum(
        w, g, eta, v, m, scale, alpha, beta2, following, count, log,
        epsilon=1e-30, epsilon2=1e-3, limit=1.0, exponent=0.8, weight_decay=0.0, momentum=0.0,
    ):  # fmt: skip
        kept = (one_like(w) - share(eta, alpha, weight_decay)) * w
        u, v = direction(g, v, beta2, epsilon)
        m = momentum * m + complement(momentum) * (scale * u)
        return kept - m, v, m

    return with_momentum


@cache
def build(
    epsilon_place: str,
    decay_place: str,
    relative_step: bool,
    scale_parameter: bool,
    momentum: bool,
) -> Rule:
    """The rule with its switches set."""
    direction = added if epsilon_place == "squares" else bounded
    looks = squares(direction, decay_place == "outside")
    made = gathered if momentum else scaled
    return rule(
        made(direction, SHARES[decay_place]),
        name="Adafactor",
        clock=clock_by(
            least if relative_step else alone, at_least if scale_parameter else not_scaled
        ),
        terms=beside_a_mean(looks) if momentum else looks,
        eta=0.01,
    )


def formula(settings):
    """The formula, with the switches set."""
    place = settings["decay_place"]
    rate = "min(eta, 1 / sqrt(t))" if settings["relative_step"] else "eta"
    size = "max(epsilon2, R) * " if settings["scale_parameter"] else ""
    if settings["epsilon_place"] == "squares":
        mean = ["v = beta2 * v + (1 - beta2) * (g**2 + epsilon)", "u = g / sqrt(v)"]
    else:
        mean = ["v = beta2 * v + (1 - beta2) * g**2", "u = g / max(sqrt(v), epsilon)"]
    decay = {
        "step": "eta * weight_decay * w - ",
        "scaled": "alpha * weight_decay * w - ",
        "fixed": "weight_decay * w - ",
        "outside": "",
    }[place]
    step, average = "alpha / max(1, U / limit) * u", []
    if "momentum" in settings:
        average, step = [f"m = momentum * m + (1 - momentum) * {step}"], "m"
    return [
        *(["w = w - eta * weight_decay * w"] if place == "outside" else []),
        *(["R = sqrt(mean(w**2))"] if size else []),
        f"alpha = {size}{rate}",
        "beta2 = 1 - t**-exponent",
        *mean,
        "U = sqrt(mean(u**2))",
        *average,
        f"w = w - {decay}{step}",
    ]


FAMILY = Family(
    "Adafactor",
    build,
    formula,
    switches={
        "epsilon_place": ("squares", "least"),
        "decay_place": ("step", "outside", "scaled", "fixed"),
        "relative_step": (True, False),
        "scale_parameter": (True, False),
    },
    optional=("momentum",),
    own_decay=True,
)


@by_convention
def Adafactor(
    eta: float | Collection[float] = 0.01,
    epsilon: float | Collection[float] = 1e-30,
    epsilon2: float | Collection[float] = 1e-3,
    limit: float | Collection[float] = 1.0,
    exponent: float | Collection[float] = 0.8,
    weight_decay: float | Collection[float] = 0.0,
    *,
    momentum: float | Collection[float] | None = None,
    epsilon_place: str = "squares",
    decay_place: str = "step",
    relative_step: bool = True,
    scale_parameter: bool = True,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adafactor of a vector: steps relative to the size of the weights, and bounded.

    .. math::
        R &= \sqrt{\mathrm{mean}(w^2)} \\
        \alpha &= \max(\epsilon_2, R) \, \min\left(\eta, \frac{1}{\sqrt{t}}\right) \\
        \beta_2 &= 1 - t^{-c} \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) (g^2 + \epsilon) \\
        u &= \frac{g}{\sqrt{v}} \\
        U &= \sqrt{\mathrm{mean}(u^2)} \\
        w &\leftarrow w - \eta \lambda w - \frac{\alpha}{\max\left(1, \frac{U}{d}\right)} u

    Means are over all weights of a trajectory, as of one vector: nothing is factored.

    Parameters
    ----------
    eta : float or sequence of float, default 0.01
        The largest rate, >= 0; from update 1 / eta^2 on it is the inverse root of their number.
        Without ``relative_step`` the rate.
    epsilon : float or sequence of float, default 1e-30
        Added to the squared gradient, >= 0.
    epsilon2 : float or sequence of float, default 1e-3
        The least size that the weights are taken for, >= 0.
    limit : float or sequence of float, default 1.0
        d: what the root of the mean square of a step is bounded by, before it is scaled, > 0.
    exponent : float or sequence of float, default 0.8
        c: how fast the decay of the mean of squares goes to 1, >= 0.
    weight_decay : float or sequence of float, default 0.0
        Lambda, >= 0 [1 / rate / update].
    momentum : float or sequence of float, optional
        Decay, in [0, 1), of a mean of the scaled steps, by which weights then move; none by
        default.
    epsilon_place : {"squares", "least"}, default "squares"
        Whether epsilon is added to the squares or, as in PyTorch, the least that their root is
        taken for.
    decay_place : {"step", "outside", "scaled", "fixed"}, default "step"
        Whether weights decay with the step; or, as in Keras, before their size is taken; or, as in
        transformers, by alpha in place of eta; or, as in optax, by lambda, whatever the rate.
    relative_step : bool, default True
        Whether the rate is at most the inverse root of the number of updates.
    scale_parameter : bool, default True
        Whether steps are scaled to the size of the weights.
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
    The first decay is 0, so that nothing has to be corrected. The paper has no weight decay;
    exponents are negative in PyTorch, Keras and transformers. ``warmup_init`` of transformers is
    a schedule of rates, 1e-6 times the number of the update.

    References
    ----------
    N. Shazeer, M. Stern, Adafactor: adaptive learning rates with sublinear memory cost, ICML 2018,
    algorithms 5 and 6.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Adafactor(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.3, 3.404, 3.745, 3.759]
    """
    return FAMILY(**locals())
