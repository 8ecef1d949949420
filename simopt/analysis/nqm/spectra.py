"""The spectra of the model, with and without the authors' bins, packed for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks, memory

if TYPE_CHECKING:
    from simopt.problems import Problem

Floats = NDArray[np.float64]

#: Whose curvatures.
SPECTRA = ("authors", "true")

#: Directions that the kernels work on side by side (`simopt.nqm.leaping`).
LANES = 64

#: How many bins the authors' notebook has.
BINS = 100

#: Arrays of the length d that a model takes, its temporary ones among them.
ARRAYS = 12

POWER = checks.Interval(low=0.0, high=1.0)


@dataclass(frozen=True, eq=False)
class Directions:
    """The directions of a noisy quadratic, with multiplicities.

    Attributes
    ----------
    curvature, noise : ndarray [n]
        h, and the variance c of the gradient in a batch of one.
    start : ndarray [n]
        The mean square of the start.
    count : ndarray [n]
        How many directions are like this one.
    """

    curvature: Floats
    noise: Floats
    start: Floats
    count: Floats


def curvatures(spectrum: str, d: int) -> tuple[Floats, Floats]:
    """The curvatures of the model, and their multiplicities."""
    h = 1.0 / np.arange(1, d + 1)
    if spectrum == "true":
        return h, np.ones(d)
    bins = np.geomspace(h[0], h[-1], BINS)
    # A curvature goes into the first bin that is not above it.
    return bins, np.bincount(np.searchsorted(-bins, -h), minlength=BINS).astype(float)


def directions(power: float = 0.0, spectrum: str = "true", d: int = 10_000) -> Directions:
    """The model's directions, preconditioned.

    With h^-p before the gradient, ``h^(p/2) theta`` moves like the weight of a plain quadratic of
    curvature and noise h^(1-p), from a start of mean square h^p; the loss is the same.
    """
    h, count = curvatures(spectrum, d)
    moved = h ** (1.0 - power)
    return Directions(moved, moved, h**power, count)


def grouped(of: Directions, single: int, groups: int) -> Directions:
    """Fewer directions that lose nearly the same: the steepest as they are, the others in groups.

    A group has the means of its directions, whose curvatures differ by a few percent.
    """
    edges = np.geomspace(single, len(of.count), groups + 1).astype(int)
    firsts = np.r_[np.arange(single), np.unique(edges[:-1])]
    count = np.add.reduceat(of.count, firsts)

    def mean(values: Floats) -> Floats:
        total: Floats = np.add.reduceat(values * of.count, firsts)
        return total / count

    return Directions(mean(of.curvature), mean(of.noise), mean(of.start), count)


@dataclass(frozen=True, eq=False)
class Packed:
    """Directions as the kernels take them, padded to whole SIMD lanes.

    Attributes
    ----------
    h, c : ndarray [n]
        Curvature, and variance of the gradient in a batch of one.
    decay, noise : ndarray [n]
        Weights of the loss: of the squared decay of the start, and of the variance.
    """

    h: Floats
    c: Floats
    decay: Floats
    noise: Floats


def packed(of: Directions) -> Packed:
    """Pad directions with ones of weight 0."""
    half = 0.5 * of.count * of.curvature
    rows = (of.curvature, of.noise, half * of.start, half)
    return Packed(*(np.pad(row, (0, -len(row) % LANES)) for row in rows))


def checked(power: object, spectrum: object, d: object) -> tuple[float, str, int]:
    """Check the three arguments of a model."""
    weights = checks.whole("d", d, 2)
    memory.check("d", d, ARRAYS * weights)
    return (
        checks.number("power", power, POWER),
        checks.choice("spectrum", spectrum, SPECTRA),
        weights,
    )


def problem(*, power: float = 0.0, spectrum: str = "true", d: int = 10_000) -> Problem:
    r"""The noisy quadratic model of Zhang et al. (2019), for `simopt.sweep` and `expected_loss`.

    .. math:: L(\theta) = \tfrac12 \sum_{i=1}^d h_i \theta_i^2, \quad h_i = 1/i, \quad
        \operatorname{Var} g_i = h_i / B, \quad \mathrm{E}\,\theta_i(0)^2 = 1

    A preconditioner h^-p before the gradient makes of it a plain quadratic in
    ``h^(p/2) theta`` with curvature and noise h^(1-p), from h^(p/2): that one is returned, and its
    loss is that of the preconditioned method, for SGD, Momentum and averages of the weights alike.

    Parameters
    ----------
    power : float, default 0
        p, from 0 to 1.
    spectrum : {"true", "authors"}
        As above, or with curvatures rounded down to one of the 100 bins of the authors' notebook.
    d : int, default 10,000
        Number of weights, >= 2.

    Returns
    -------
    Problem
        A `simopt.problems.noisy_quadratic`. Its weights start at one standard deviation of the
        paper's random start, which has the same expected loss at every update.

    Raises
    ------
    ValueError
        If an argument is not as above.

    References
    ----------
    G. Zhang, L. Li, Z. Nado, J. Martens, S. Sachdeva, G. Dahl, C. Shallue, R. Grosse, Which
    algorithmic choices matter at which batch sizes? Insights from a noisy quadratic model,
    NeurIPS 32 (2019).

    Examples
    --------
    >>> from simopt import nqm
    >>> plain, tamed = nqm.problem(d=100), nqm.problem(power=0.5, d=100)
    >>> [float(max(each.l2) / min(each.l2)) for each in (plain, tamed)]  # condition numbers
    [100.0, 10.0]
    """
    from simopt import problems

    power, spectrum, d = checked(power, spectrum, d)
    made = directions(power, spectrum, d)
    repeats = made.count.astype(int)
    h, c, start = (np.repeat(each, repeats) for each in (made.curvature, made.noise, made.start))
    name = "NQM" if power == 0.0 else f"NQM, h^-{power:g}"
    return problems.noisy_quadratic(h, c, w0=np.sqrt(start), name=name)
