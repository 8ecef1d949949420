"""SGD without a schedule: a mean of its steps in place of a falling rate (Defazio 2024)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.rule import Optimizer, Rule, complement
from simopt.rules.schedule_free import COUNTS, averaged, count, counted


def equal(w, g, eta, z, x, n, beta=0.9, weight_decay=0.0):
    """One weight, one step; every step counts the same."""
    z = z - eta * (g + weight_decay * w)
    x = x + (z - x) / n
    return complement(beta) * z + beta * x, z, x


def by_rate(w, g, eta, z, x, n, peak, beta=0.9, weight_decay=0.0):
    """The same; a step counts as the square of the largest rate so far."""
    n, peak = counted(eta, n, peak)
    w, z, x = equal(w, g, eta, z, x, n, beta, weight_decay)
    return w, z, x, n, peak


@cache
def build(counts: str) -> Rule:
    """The rule with its switch set."""
    named = {"name": "ScheduleFreeSGD", "eta": 1.0}
    return averaged(by_rate, **named) if counts == "rate" else averaged(equal, clock=count, **named)


def formula(settings):
    """The formula, with the switch set."""
    return [
        *COUNTS[settings["counts"]],
        "z = z - eta * (g + weight_decay * w)",
        "x = x + (z - x) / n",
        "w = (1 - beta) * z + beta * x",
    ]


FAMILY = Family(
    "ScheduleFreeSGD", build, formula, switches={"counts": ("rate", "equal")}, own_decay=True
)


@by_convention
def ScheduleFreeSGD(
    eta: float | Collection[float] = 1.0,
    beta: float | Collection[float] = 0.9,
    weight_decay: float | Collection[float] = 0.0,
    *,
    counts: str = "rate",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Schedule-free SGD.

    .. math::
        \phi &= \frac{\mathrm{peak}}{\max(\mathrm{peak}, \eta)} && \text{if } \mathrm{peak} > 0 \\
        \phi &= 0 && \text{otherwise} \\
        \mathrm{peak} &\leftarrow \max(\mathrm{peak}, \eta) \\
        n &\leftarrow \phi^2 n + 1 \\
        z &\leftarrow z - \eta (g + \lambda w) \\
        x &\leftarrow x + \frac{z - x}{n} \\
        w &\leftarrow (1 - \beta) z + \beta x

    The gradient is that at w, the paper's y. Losses, targets and the columns w of a sweep are those
    of x, which is what one would use; z and x start where w does.

    Parameters
    ----------
    eta : float or sequence of float, default 1
        Learning rate, >= 0. It needs no schedule; a warm-up is one, as elsewhere:
        ``schedule=simopt.schedules.linear_warmup(...)``.
    beta : float or sequence of float, default 0.9
        How far w lies towards the mean, in [0, 1).
    weight_decay : float or sequence of float, default 0
        Lambda, >= 0 [1 / rate / update], of w, with the gradient.
    counts : {"rate", "equal"}, default "rate"
        What a step counts in the mean: the square of the largest rate so far; or all the same.
        At a rate that does not rise they are one.
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
    The packages keep the sum of the squared rates; n is that sum in units of the newest. optax asks
    a schedule of the rate for what a step counts one update too early.

    References
    ----------
    A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky, The road less scheduled,
    NeurIPS 2024.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.ScheduleFreeSGD(eta=0.05)).steps
    >>> steps[["w", "x"]].round(3).values.tolist()
    [[3.8, 3.8], [3.866, 3.86], [4.292, 4.22], [4.46, 4.405]]
    """
    return FAMILY(**locals())
