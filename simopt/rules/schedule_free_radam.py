"""RAdam without a schedule: its rectified rate is the warm-up of the mean of the steps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.modifiers import one_like, zero_like
from simopt.rules.radam import lengths, rectification
from simopt.rules.rule import Optimizer, Rule, complement
from simopt.rules.schedule_free import averaged, counted
from simopt.rules.schedule_free_adamw import divided


def clock(t, bias2, scale, beta1, beta2):
    """Updates so far, the bias correction, and the rectification; below 0 while there is none."""
    t, bias2 = t + 1, beta2 * bias2 + complement(beta2)
    length, longest = lengths(t, bias2, beta2)
    return t, bias2, rectification(length, longest) if length > 4 else -1.0


def stepped(waits):
    """One weight, one step; before there is a rectification it waits, or steps as SGD does."""

    def schedule_free(
        w, g, eta, z, x, v, n, peak, t, bias2, scale,
        beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0,
    ):  # fmt: skip
        early, zero = scale < zero_like(scale), zero_like(w)
        rate = eta * ((zero if waits else one_like(w)) if early else scale)
        v, u = divided(g, v, bias2, beta2, epsilon)
        n, peak = counted(rate, n, peak)
        z = z - rate * ((g if early else u) + weight_decay * w)
        x = x + (z - x) / n
        return complement(beta1) * z + beta1 * x, z, x, v, n, peak

    return schedule_free


@cache
def build(waits: bool) -> Rule:
    """The rule with its switch set."""
    return averaged(stepped(waits), clock=clock, name="ScheduleFreeRAdam", eta=0.0025)


def formula(settings):
    """The formula, with the switch set."""
    return [
        "longest = 2 / (1 - beta2) - 1",
        "length = longest - 2 * t * beta2**t / (1 - beta2**t)",
        "rectified = sqrt((length - 4) * (length - 2) * longest"
        " / ((longest - 4) * (longest - 2) * length))",
        f"rate = eta * rectified if length > 4 else {'0' if settings['waits'] else 'eta'}",
        "ratio = peak / max(peak, rate) if peak > 0 else 0",
        "peak = max(peak, rate)",
        "n = ratio**2 * n + 1",
        "v = beta2 * v + (1 - beta2) * g**2",
        "v_hat = v / (1 - beta2**t)",
        "u = g / (sqrt(v_hat) + epsilon) if length > 4 else g",
        "z = z - rate * (u + weight_decay * w)",
        "x = x + (z - x) / n",
        "w = (1 - beta1) * z + beta1 * x",
    ]


FAMILY = Family(
    "ScheduleFreeRAdam", build, formula, switches={"waits": (True, False)}, own_decay=True
)


@by_convention
def ScheduleFreeRAdam(
    eta: float | Collection[float] = 0.0025,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    weight_decay: float | Collection[float] = 0.0,
    *,
    waits: bool = True,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Schedule-free RAdam, which needs no warm-up either.

    .. math::
        \varrho_\infty &= \frac{2}{1 - \beta_2} - 1 \\
        \varrho &= \varrho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \\
        r &= \sqrt{\frac{(\varrho - 4) (\varrho - 2) \varrho_\infty}{(\varrho_\infty - 4)
            (\varrho_\infty - 2) \varrho}} \\
        \mathrm{rate} &= \eta r && \text{if } \varrho > 4 \\
        \mathrm{rate} &= 0 && \text{otherwise} \\
        \phi &= \frac{\mathrm{peak}}{\max(\mathrm{peak}, \mathrm{rate})} && \text{if }
            \mathrm{peak} > 0 \\
        \phi &= 0 && \text{otherwise} \\
        \mathrm{peak} &\leftarrow \max(\mathrm{peak}, \mathrm{rate}) \\
        n &\leftarrow \phi^2 n + 1 \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        u &= \frac{g}{\sqrt{\hat v} + \epsilon} && \text{if } \varrho > 4 \\
        u &= g && \text{otherwise} \\
        z &\leftarrow z - \mathrm{rate} \, (u + \lambda w) \\
        x &\leftarrow x + \frac{z - x}{n} \\
        w &\leftarrow (1 - \beta_1) z + \beta_1 x

    The gradient is that at w. Losses, targets and the columns w of a sweep are those of x, which
    is what one would use; z and x start where w does.

    Parameters
    ----------
    eta : float or sequence of float, default 0.0025
        Learning rate, >= 0.
    beta1 : float or sequence of float, default 0.9
        How far w lies towards the mean, in [0, 1).
    beta2 : float or sequence of float, default 0.999
        Decay of the mean of squares, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    weight_decay : float or sequence of float, default 0
        Lambda, >= 0 [1 / rate / update], of w.
    waits : bool, default True
        Whether weights wait until the length of the mean of squares passes 4, or go SGD's way.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the authors' package's); a sequence is an axis of a
        sweep.

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
    Up to a beta2 of 0.6 the length never passes 4: with ``waits`` nothing moves.

    References
    ----------
    ``schedulefree.RAdamScheduleFree``, whose ``silent_sgd_phase`` is ``waits``; of the mean
    A. Defazio and others, The road less scheduled, NeurIPS 2024; of the rectification L. Liu and
    others, On the variance of the adaptive learning rate and beyond, ICLR 2020.

    Examples
    --------
    >>> import simopt
    >>> optimizer = simopt.ScheduleFreeRAdam(eta=20.0)
    >>> steps = simopt.run(simopt.problems.four_points(), optimizer, epochs=2).steps
    >>> steps["x"].round(3).iloc[3:].tolist()
    [3.0, 3.29, 3.36, 3.892, 4.105]
    """
    return FAMILY(**locals())
