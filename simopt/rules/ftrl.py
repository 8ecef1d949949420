"""FTRL-proximal: the weight that minimises all gradients so far, and a penalty (McMahan 2013)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like, with_initial, zero_like
from simopt.rules.rule import Optimizer, Rule


def once(l2):
    """The penalty's curvature is l2."""
    return l2


def twice(l2):
    """The penalty is l2 times the square, without a half."""
    return l2 + l2


def taken(w, g, eta, z, n):
    """The sums with this gradient, less what moves the minimum away from w."""
    root, more = math.sqrt(n), math.sqrt(n + g * g)
    moved = (more - root) / eta * w if eta > zero_like(w) else zero_like(w)
    return z + g - moved, n + g * g


def minimum(z, n, eta, smoothing, l1, curvature):
    """The weight at the minimum of the sums and the penalty."""
    kept = -l1 if z < -l1 else l1 if z > l1 else z
    below = smoothing + math.sqrt(n) + eta * curvature
    # Of no gradient 0 / 1.
    return eta * (kept - z) / (below if below > zero_like(z) else one_like(z))


def after(curvature):
    """The gradient is taken, then the weight made."""

    def ftrl(w, g, eta, z, n, smoothing=1.0, l1=0.0, l2=0.0):
        z, n = taken(w, g, eta, z, n)
        return minimum(z, n, eta, smoothing, l1, curvature(l2)), z, n

    return ftrl


def before(curvature):
    """The weight is made of the gradients before; where they are too small it stays."""

    def late(w, g, eta, z, n, smoothing=1.0, l1=0.0, l2=0.0):
        w = minimum(z, n, eta, smoothing, l1, curvature(l2)) if abs(z) > l1 else w
        z, n = taken(w, g, eta, z, n)
        return w, z, n

    return late


@cache
def build(solved: str, l2_counts: str, initial_accumulator: bool) -> Rule:
    """The rule with its switches set."""
    order = after if solved == "after" else before
    made = rule(order(once if l2_counts == "once" else twice), name="FTRL", eta=0.05)
    return with_initial(made, "n") if initial_accumulator else made


def formula(settings):
    """The formula, with the switches set."""
    curvature = "eta * l2" if settings["l2_counts"] == "once" else "2 * eta * l2"
    solved = "eta * (max(-l1, min(l1, z)) - z)"
    below = f"below = smoothing + sqrt(n) + {curvature}"
    taken = [
        "x = (sqrt(n + g**2) - sqrt(n)) / eta",
        "z = z + g - x * w",
        "n = n + g**2",
    ]
    if settings["solved"] == "after":
        return [*taken, below, f"w = {solved}", "w = w / below if below > 0 else w"]
    return [below, f"w = {solved} / below if abs(z) > l1 else w", *taken]


FAMILY = Family(
    "FTRL",
    build,
    formula,
    switches={"solved": ("after", "before"), "l2_counts": ("once", "twice")},
    optional=("initial_accumulator",),
    own_decay=True,
)


@by_convention
def FTRL(
    eta: float | Collection[float] = 0.05,
    smoothing: float | Collection[float] = 1.0,
    l1: float | Collection[float] = 0.0,
    l2: float | Collection[float] = 0.0,
    *,
    initial_accumulator: float | Collection[float] | None = None,
    solved: str = "after",
    l2_counts: str = "once",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""FTRL-proximal: follow the regularised leader.

    .. math::
        x &= \frac{\sqrt{n + g^2} - \sqrt{n}}{\eta} \\
        z &\leftarrow z + g - x w \\
        n &\leftarrow n + g^2 \\
        \mathrm{below} &= \mathrm{smoothing} + \sqrt{n} + \eta l_2 \\
        w &\leftarrow \eta (\max(-l_1, \min(l_1, z)) - z) \\
        w &\leftarrow \frac{w}{\mathrm{below}} && \text{if } \mathrm{below} > 0 \\
        w &\leftarrow w && \text{otherwise}

    The first update forgets where the weight started, but for the share that z takes of it.

    Parameters
    ----------
    eta : float or sequence of float, default 0.05
        Learning rate, the paper's alpha, >= 0.
    smoothing : float or sequence of float, default 1
        The paper's beta, >= 0: added to the root.
    l1 : float or sequence of float, default 0
        >= 0: below it a weight is 0.
    l2 : float or sequence of float, default 0
        >= 0.
    initial_accumulator : float or sequence of float, optional
        Where n starts, >= 0; 0 by default.
    solved : {"after", "before"}, default "after"
        Whether the weight is made after the gradient is taken; or, as in river, before, one
        gradient late, and stays while abs(z) <= l1.
    l2_counts : {"once", "twice"}, default "once"
        Whether the penalty is l2 / 2 times the square of the weight, or l2 times, as in Keras.
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
    It has penalties in place of a weight decay. Where the divisor is 0, before the first gradient
    that isn't, w is 0, as in the paper; Keras' own is 0 / 0.

    References
    ----------
    H. B. McMahan et al., Ad click prediction: a view from the trenches, KDD 2013, algorithm 1.
    ``keras.optimizers.Ftrl``, ``river.optim.FTRLProximal``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.FTRL(eta=5.0)).steps
    >>> steps["w"].round(3).tolist()
    [7.529, 6.107, 2.424, 2.662]
    """
    return FAMILY(**locals())
