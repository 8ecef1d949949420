"""Polyak's step: as long as the loss above its least value allows (Loizou et al. 2021)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.ground import checks
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger
from simopt.rules.rule import Optimizer, Rule


def squares(w, g, eta, step):
    """What the gradient's norm is of."""
    return (g * g,)


def length(positive, scaled):
    """The gap over the squared norm, at most the largest step; no step where there is no norm."""

    def clock(
        step, gradients, loss, eta, coefficient, least, largest, epsilon, negligible
    ):  # fmt: skip
        gap = loss - least
        if positive:
            gap = larger(gap, 0.0)
        below = coefficient * (eta * eta * gradients if scaled else gradients) + epsilon
        if below <= negligible:
            return (0.0,)
        step = gap / below
        # Compared so, a loss that is no number makes weights that are none.
        return (largest if step > largest else step,)

    return clock


def polyak_sgd(
    w, g, eta, step, coefficient=0.5, least=0.0, largest=1.0, epsilon=0.0, negligible=0.0
):  # fmt: skip
    """One weight, one step."""
    return w - eta * step * g


@cache
def build(gap: str, norm_of: str) -> Rule:
    """The rule with its switches set."""
    return rule(
        polyak_sgd,
        name="PolyakSGD",
        clock=length(gap == "positive", norm_of == "scaled"),
        terms=squares,
        eta=1.0,
    )


def formula(settings):
    """The formula, with the switches set."""
    gap = "loss - least"
    norm = "norm(eta * g)" if settings["norm_of"] == "scaled" else "norm(g)"
    return [
        f"gap = max(0, {gap})" if settings["gap"] == "positive" else f"gap = {gap}",
        f"U = coefficient * {norm}**2 + epsilon",
        "step = min(gap / U, largest) if U > negligible else 0",
        "w = w - eta * step * g",
    ]


FAMILY = Family(
    "PolyakSGD",
    build,
    formula,
    switches={"gap": ("signed", "positive"), "norm_of": ("gradient", "scaled")},
    # Without the norm a step would be as long as the loss is high.
    ranges={"coefficient": checks.POSITIVE},
)


@by_convention
def PolyakSGD(
    eta: float | Collection[float] = 1.0,
    coefficient: float | Collection[float] = 0.5,
    least: float | Collection[float] = 0.0,
    largest: float | Collection[float] = 1.0,
    epsilon: float | Collection[float] = 0.0,
    negligible: float | Collection[float] = 0.0,
    *,
    gap: str = "signed",
    norm_of: str = "gradient",
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Polyak's step: SGD whose rate is what the batch's loss has above its least value.

    .. math::
        \mathrm{gap} &= f - f_{\mathrm{min}} \\
        U &= \kappa \lVert g \rVert^2 + \epsilon \\
        \gamma &= \min\left(\frac{\mathrm{gap}}{U}, \mathrm{largest}\right)
            && \text{if } U > \mathrm{negligible} \\
        \gamma &= 0 && \text{otherwise} \\
        w &\leftarrow w - \eta \gamma g

    f is the batch's loss before the step, its penalty included; the norm is of all weights of a
    trajectory. This is the paper's bounded step, SPS with the subscript max: its c is kappa here,
    its bound ``largest``.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        What the found step is multiplied by, >= 0.
    coefficient : float or sequence of float, default 0.5
        Kappa, what the squared norm is multiplied by, > 0. With 1/2 a step ends in the minimum of
        a parabola of one weight.
    least : float or sequence of float, default 0.0
        The least loss that a batch may have, or a bound of it from below [loss]. Where no weights
        fit all batches at once, the steps do not fade.
    largest : float or sequence of float, default 1.0
        The largest step before it is multiplied by eta, >= 0.
    epsilon : float or sequence of float, default 0.0
        Added to the denominator, >= 0 [gradient squared].
    negligible : float or sequence of float, default 0.0
        A denominator up to here makes no step, >= 0 [gradient squared].
    gap : {"signed", "positive"}, default "signed"
        A loss below ``least`` makes a step up the gradient, or none.
    norm_of : {"gradient", "scaled"}, default "gradient"
        Whether the norm is of the gradient, or of eta times it.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default. The loss does not count it.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's, with optax' bound); a sequence is an
        axis of a sweep.

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
    The step needs the loss of the batch that the gradient is of: another pass over its points.
    optax scales the gradient before it takes its norm: a step that is not bounded is divided by its
    ``scaling``, ``eta`` here, where its docstring multiplies.

    References
    ----------
    N. Loizou, S. Vaswani, I. Laradji, S. Lacoste-Julien, Stochastic Polyak step-size for SGD: an
    adaptive learning rate for fast convergence, AISTATS 2021, equation 3; of steps with positive
    gaps: G. Garrigos, R. M. Gower, F. Schaipp, Function value learning, arXiv:2307.14528 (2023).

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.PolyakSGD(largest=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [4.6, 4.68, 5.0, 5.0]
    """
    return FAMILY(**locals())
