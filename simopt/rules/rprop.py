"""Rprop: a step per weight that grows while the sign stays (Riedmiller and Braun 1993)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, one_like, zero_like
from simopt.rules.rule import Optimizer, Rule
from simopt.rules.signsgd import sign


def rprop(w, g, eta, last, size, shrink=0.5, grow=1.2, smallest=1e-6, largest=50.0):
    """One weight, one step; where the sign turned there is none, and the next is not compared."""
    agreement = g * last
    zero = zero_like(w)
    factor = grow if agreement > zero else shrink if agreement < zero else one_like(w)
    size = size * factor
    size = larger(smallest, largest if size > largest else size)
    last = zero if agreement < zero else g
    return w - sign(last) * size, last, size


def late(w, g, eta, last, size, shrink=0.5, grow=1.2, smallest=1e-6, largest=50.0):
    """The same, an update late: the step is that of the gradient before, kept as ``last``.

    A step that neither grows nor shrinks is not brought between its bounds.
    """
    agreement = g * last
    zero = zero_like(w)
    turned = agreement < zero
    changed = size * (grow if agreement > zero else shrink)
    bounded = larger(smallest, largest if changed > largest else changed)
    size = size if agreement == zero else bounded
    return (w if turned else w - last), (zero if turned else sign(g) * size), size


@cache
def build(step_of: str) -> Rule:
    """The rule with its switch set."""
    made = rprop if step_of == "update" else late
    return rule(made, name="Rprop", eta=0.01, initial={"size": "eta"})


def formula(settings):
    """The formula, with the switch set."""
    lines = [
        "x = g * last",
        "size = size * grow if x > 0 else size",
        "size = size * shrink if 0 > x else size",
    ]
    bounded = "max(smallest, min(largest, size))"
    if settings["step_of"] == "previous":
        return [
            *lines,
            f"size = size if x == 0 else {bounded}",
            "moved = 0 if 0 > x else last",
            "last = 0 if 0 > x else sign(g) * size",
            "w = w - moved",
        ]
    return [*lines, f"size = {bounded}", "last = 0 if 0 > x else g", "w = w - sign(last) * size"]


FAMILY = Family("Rprop", build, formula, switches={"step_of": ("update", "previous")})


@by_convention
def Rprop(
    eta: float | Collection[float] = 0.01,
    shrink: float | Collection[float] = 0.5,
    grow: float | Collection[float] = 1.2,
    smallest: float | Collection[float] = 1e-6,
    largest: float | Collection[float] = 50.0,
    *,
    step_of: str = "update",
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Rprop, without taking back a step.

    .. math::
        x &= g \, \mathrm{last} \\
        \mathrm{size} &\leftarrow \mathrm{size} \, \mathrm{grow} && \text{if } x > 0 \\
        \mathrm{size} &\leftarrow \mathrm{size} && \text{otherwise} \\
        \mathrm{size} &\leftarrow \mathrm{size} \, \mathrm{shrink} && \text{if } 0 > x \\
        \mathrm{size} &\leftarrow \mathrm{size} && \text{otherwise} \\
        \mathrm{size} &\leftarrow \max(\mathrm{smallest}, \min(\mathrm{largest}, \mathrm{size})) \\
        \mathrm{last} &= 0 && \text{if } 0 > x \\
        \mathrm{last} &= g && \text{otherwise} \\
        w &\leftarrow w - \mathrm{sign}(\mathrm{last}) \, \mathrm{size}

    Parameters
    ----------
    eta : float or sequence of float, default 0.01
        The first step, >= 0; a schedule of the rate changes nothing later.
    shrink, grow : float or sequence of float, default 0.5 and 1.2
        Factors of the step where the gradient's sign turned, and where it stayed.
    smallest, largest : float or sequence of float, default 1e-6 and 50
        Bounds of the step, in units of the weight.
    step_of : {"update", "previous"}, default "update"
        Whether an update makes its own step or, as in optax, that of the gradient before: the first
        makes none.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
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
    Made for gradients of all points (``batch_size="full"``): in noise signs turn without cause.

    References
    ----------
    M. Riedmiller, H. Braun, A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm, IEEE ICNN 1993, 586.

    Examples
    --------
    >>> import simopt
    >>> points = simopt.problems.four_points()
    >>> steps = simopt.run(points, simopt.Rprop(eta=0.1), batch_size="full", epochs=5).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.22, 3.364, 3.537, 3.744]
    """
    return FAMILY(**locals())
