"""MADGRAD: dual averaging over a cube root (Defazio and Jelassi 2021)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import rooted
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import zero_like
from simopt.rules.roots import cube_root
from simopt.rules.rule import START, Optimizer, Rule, complement


def madgrad(w, g, eta, s, v, start, t, root, momentum=0.9, epsilon=1e-6):
    """One weight, one step."""
    rate = (eta + epsilon if eta > zero_like(eta) else eta) * root
    s = s + rate * g
    v = v + rate * (g * g)
    z = start - s / (cube_root(v) + epsilon)
    return momentum * w + complement(momentum) * z, s, v, start


@cache
def build() -> Rule:
    """The rule."""
    return rule(madgrad, name="MADGRAD", clock=rooted, eta=0.01, initial={"start": START})


def formula(settings):
    """The formula."""
    return [
        "rate = (eta + epsilon) * sqrt(t)",
        "s = s + rate * g",
        "v = v + rate * g**2",
        "z = start - s / (v**(1 / 3) + epsilon)",
        "w = w - (1 - momentum) * (w - z)",
    ]


FAMILY = Family("MADGRAD", build, formula)


@by_convention
def MADGRAD(
    eta: float | Collection[float] = 0.01,
    momentum: float | Collection[float] = 0.9,
    epsilon: float | Collection[float] = 1e-6,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""MADGRAD, as its authors' code has it.

    .. math::
        \mathrm{rate} &= (\eta + \epsilon) \sqrt{t} \\
        s &\leftarrow s + \mathrm{rate} \, g \\
        v &\leftarrow v + \mathrm{rate} \, g^2 \\
        z &= \mathrm{start} - \frac{s}{v^{\frac{1}{3}} + \epsilon} \\
        w &\leftarrow w - (1 - \mu) (w - z)

    Start is where the weight began: z is made of all gradients, w is a fading mean of z.

    Parameters
    ----------
    eta : float or sequence of float, default 0.01
        Learning rate, >= 0; at 0 epsilon is not added to it.
    momentum : float or sequence of float, default 0.9
        Mu: what is left of the weight in the mean, in [0, 1).
    epsilon : float or sequence of float, default 1e-6
        Added *outside* the cube root, and to the rate, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the authors'); a sequence is an axis of a sweep.

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
    The paper has no epsilon in the rate. What is decoupled does not last: z, of which w is a mean,
    does not decay.

    References
    ----------
    A. Defazio, S. Jelassi, Adaptivity without compromise: a momentumized, adaptive, dual averaged
    gradient method for stochastic optimization, JMLR 23 (2022); ``facebookresearch/madgrad``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.MADGRAD(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.054, 3.12, 3.239, 3.35]
    """
    return FAMILY(**locals())
