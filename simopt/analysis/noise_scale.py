"""Gradient noise scale: the batch size at which a batch's noise weighs as much as its gradient.

After McCandlish et al. (2018). One step of SGD from w, with a batch's gradient of mean G and
covariance f Sigma, lowers a loss with Hessian H by ``eta |G|^2 - eta^2 / 2 (G'HG + f tr(H Sigma))``
on average: exactly for least squares, to second order in eta for any loss. What is best follows
from it, and so does the batch size beyond which larger batches gain little.

``exact`` works it out from every point; ``from_norms`` estimates it from the norms of gradients
that any training program can log at two batch sizes, and ``estimate`` draws such batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simopt.analysis.gradient_noise import batch_variance, point_gradients
from simopt.ground import checks, memory
from simopt.problems import Floats, Problem
from simopt.problems.inputs import start
from simopt.problems.problem import check_problem
from simopt.training import plan, shuffling

__all__ = [
    "Estimate",
    "NoiseScale",
    "estimate",
    "exact",
    "finite_population",
    "from_norms",
]


@dataclass(frozen=True, eq=False)
class NoiseScale:
    r"""Gradient, covariance and Hessian at one w, and the noise scales that follow.

    Attributes
    ----------
    gradient : ndarray [d]
        G, of the whole loss.
    covariance : ndarray [d, d]
        Sigma, of the gradients of single points around G (divisor n).
    hessian : ndarray [d, d]
        H, of the whole loss.
    n : int or None
        How many points batches are drawn from without replacement; None where they are drawn with.
    """

    gradient: Floats
    covariance: Floats
    hessian: Floats
    n: int | None = None

    @property
    def squared_gradient(self) -> float:
        """``|G|^2``."""
        return float(self.gradient @ self.gradient)

    @property
    def curvature(self) -> float:
        """``G'HG``."""
        return float(self.gradient @ self.hessian @ self.gradient)

    @property
    def trace(self) -> float:
        """``tr(Sigma)``: the variance of a point's gradient, summed over the weights."""
        return float(np.trace(self.covariance))

    @property
    def weighted_trace(self) -> float:
        """``tr(H Sigma)``."""
        return float((self.hessian * self.covariance.T).sum())

    @property
    def b_simple(self) -> float:
        """``tr(Sigma) / |G|^2``: infinite where the gradient vanishes and the noise does not."""
        return _ratio(self.trace, self.squared_gradient)

    @property
    def b_noise(self) -> float:
        """``tr(H Sigma) / (G'HG)``: B_simple, with every direction weighted by its curvature."""
        return _ratio(self.weighted_trace, self.curvature)

    @property
    def eta_max(self) -> float:
        """``|G|^2 / (G'HG)``: the best rate of a step along the whole gradient."""
        return _ratio(self.squared_gradient, self.curvature)

    @property
    def decrease_max(self) -> float:
        """``|G|^4 / (2 G'HG)``: what that step takes off the loss."""
        return _ratio(self.squared_gradient**2, 2 * self.curvature)

    def eta_opt(self, batch_size: int | str) -> float:
        r"""The best rate at a batch size: :math:`\eta_{max} / (1 + f_B B_{noise})`.

        Parameters
        ----------
        batch_size : int or "full"
            Points per batch; f_B is `simopt.measures.batch_variance` of it.

        Returns
        -------
        float
            Infinite where the curvature along the gradient and the noise both vanish.
        """
        return _ratio(self.squared_gradient, self._bend(batch_size))

    def decrease_opt(self, batch_size: int | str) -> float:
        r"""The expected decrease at that rate, :math:`\Delta L_{max} / (1 + f_B B_{noise})`.

        Parameters
        ----------
        batch_size : int or "full"
            Points per batch.

        Returns
        -------
        float
            In units of the loss.
        """
        return _ratio(self.squared_gradient**2, 2 * self._bend(batch_size))

    def decrease(self, eta: float, batch_size: int | str) -> float:
        """The expected decrease of the loss in one step, over random batches.

        Parameters
        ----------
        eta : float
            Learning rate, >= 0.
        batch_size : int or "full"
            Points per batch.

        Returns
        -------
        float
            In units of the loss; negative where the loss rises.
        """
        return eta * self.squared_gradient - eta**2 / 2 * self._bend(batch_size)

    def _bend(self, batch_size: int | str) -> float:
        """The second derivative of the mean loss along a step with respect to the rate."""
        if self.n is None and isinstance(batch_size, str):
            raise checks.refuse("batch_size", batch_size, "a whole number >= 1")
        return self.curvature + batch_variance(batch_size, self.n) * self.weighted_trace


@dataclass(frozen=True)
class Estimate:
    """Unbiased estimates of the two quantities in a noise scale.

    Attributes
    ----------
    squared_gradient, trace : float
        Estimates of ``|G|^2`` and ``tr(Sigma)``, each unbiased; with few measurements either can
        come out negative.
    """

    squared_gradient: float
    trace: float

    @property
    def b_simple(self) -> float:
        """Their ratio, which is biased: 0 without measurable noise, inf without gradient."""
        if self.squared_gradient <= 0:
            return float("inf")
        return max(self.trace, 0.0) / self.squared_gradient


def exact(problem: Problem, w: ArrayLike | None = None, *, replacement: bool = False) -> NoiseScale:
    r"""The noise scale at w, from the gradients of all points.

    .. math:: B_{simple} = \frac{\operatorname{tr} \Sigma}{|G|^2}, \quad
        B_{noise} = \frac{\operatorname{tr} H \Sigma}{G^\top H G}, \quad
        \eta_{opt}(B) = \frac{|G|^2}{G^\top H G} \, \frac{1}{1 + f_B B_{noise}}

    with :math:`f_B` of `simopt.measures.batch_variance`. Every identity of the paper is one of a
    single step; over a whole training run they are a model.

    Parameters
    ----------
    problem : Problem
        Whose points; its loss is a mean of squares, not of half squares. A noisy quadratic has no
        points, and its noise is that of batches with replacement.
    w : float or array_like [d], optional
        Where; the start if None.
    replacement : bool, default False
        Whether a batch may hold a point twice. An epoch's batches don't: their noise falls to 0 as
        they grow to n.

    Returns
    -------
    NoiseScale
        Its ``b_simple``, ``b_noise``, ``eta_max`` and ``decrease_max`` do not depend on
        ``replacement``; ``eta_opt(B)``, ``decrease_opt(B)`` and ``decrease(eta, B)`` do.

    Raises
    ------
    ValueError
        If w has another length than d, or is not finite, or the problem is a network or a function.

    References
    ----------
    S. McCandlish, J. Kaplan, D. Amodei et al., An empirical model of large-batch training (2018),
    arXiv:1812.06162.

    Examples
    --------
    Labels without noise give one noise scale, everywhere:

    >>> from simopt import noise_scale, problems
    >>> four = problems.four_points()
    >>> [round(noise_scale.exact(four, w).b_simple, 6) for w in (3.0, 4.9, 100.0)]
    [0.931671, 0.931671, 0.931671]

    With labels like Hubble's it grows on the way to the optimum, as the gradient vanishes:

    >>> hubble = problems.hubble()
    >>> [round(noise_scale.exact(hubble, w).b_simple, 2) for w in (0.0, 300.0, 420.0)]
    [1.52, 3.87, 2548.81]
    """
    where = _where(problem, w)
    if problem.noise is None and not problem.linear:
        raise checks.refuse(
            "problem",
            problem.name,
            "a regression or a noisy quadratic: of a network or a function no Hessian is computed; "
            "simopt.noise_scale.estimate needs none, but points",
        )
    if problem.noise is not None:
        noise = np.diag(problem.noise)
        return NoiseScale(problem.gradient(where), noise, problem.hessian)
    with np.errstate(over="ignore", invalid="ignore"):
        gradients = point_gradients(problem, where)
        mean = gradients.mean(axis=0)
        apart = gradients - mean
        covariance = apart.T @ apart / problem.n
    n = None if checks.flag("replacement", replacement) else problem.n
    return NoiseScale(mean, covariance, problem.hessian_at(where), n)


def finite_population(scale: float, n: int) -> float:
    r"""The batch size at which batches without replacement reach a noise scale.

    .. math:: B = \frac{n \, B_{noise}}{n - 1 + B_{noise}}, \text{ where } f_B \, B_{noise} = 1

    With replacement it is the noise scale itself; without, never more than n.

    Parameters
    ----------
    scale : float
        B_simple or B_noise, >= 0; may be infinite.
    n : int
        How many points there are.

    Returns
    -------
    float

    Examples
    --------
    >>> [round(finite_population(scale, 24), 3) for scale in (1.0, 23.0, float("inf"))]
    [1.0, 12.0, 24.0]
    """
    points = checks.whole("n", n, 1)
    if isinstance(scale, float) and np.isposinf(scale):
        return float(points)
    b = checks.number("scale", scale, checks.NOT_NEGATIVE)
    return _ratio(points * b, points - 1 + b)


def from_norms(
    small_norms: float | ArrayLike,
    big_norms: float | ArrayLike,
    *,
    small: int,
    big: int | str,
    n: int | None = None,
) -> Estimate:
    r"""Estimate the noise scale from gradient norms at two batch sizes.

    The mean square of a batch's gradient is :math:`|G|^2 + f_B \operatorname{tr} \Sigma`; two batch
    sizes give both:

    .. math:: |G|^2 = \frac{f_b |G_B|^2 - f_B |G_b|^2}{f_b - f_B}, \quad
        \operatorname{tr} \Sigma = \frac{|G_b|^2 - |G_B|^2}{f_b - f_B}

    Parameters
    ----------
    small_norms, big_norms : float or array_like
        Euclidean norms of the gradients of small and of big batches, as many of each as you have.
        A big batch's gradient may be the mean over the small ones on several devices.
    small, big : int
        The batch sizes b < B.
    n : int, optional
        The points that batches are drawn from without replacement; None if with, or from a stream.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If a norm is negative or not finite, there is none, or the batch sizes do not fit.

    References
    ----------
    McCandlish et al. (2018), appendix A.1, where :math:`f_B = 1 / B`.

    Examples
    --------
    >>> from simopt import noise_scale
    >>> found = noise_scale.from_norms([3.0, 4.0, 5.0], [3.1, 3.3], small=32, big=256)
    >>> round(found.squared_gradient, 3), round(found.b_simple, 1)
    (9.333, 25.1)
    """
    squares = _mean_square("small_norms", small_norms), _mean_square("big_norms", big_norms)
    if n is not None:
        checks.whole("n", n, 1)
    shares = _share("small", small, n), _share("big", big, n)
    if not shares[0] > shares[1]:
        raise checks.refuse("big", big, f"a batch size larger than small={small}")
    span = shares[0] - shares[1]
    return Estimate(
        squared_gradient=(shares[0] * squares[1] - shares[1] * squares[0]) / span,
        trace=(squares[0] - squares[1]) / span,
    )


def estimate(
    problem: Problem,
    w: ArrayLike | None = None,
    *,
    small: int,
    big: int | str,
    draws: int = 100,
    seed: int = 0,
    replacement: bool = False,
) -> Estimate:
    """Estimate the noise scale at w from random batches, as a training program would.

    Each draw is a big batch, whose gradient is measured whole and in small parts, as on several
    devices.

    Parameters
    ----------
    problem : Problem
        Whose points.
    w : float or array_like [d], optional
        Where; the start if None.
    small, big : int
        The batch sizes, small < big; big may be "full".
    draws : int, default 100
        Big batches.
    seed : int, default 0
        Of NumPy's ``default_rng``.
    replacement : bool, default False
        Whether a batch may hold a point twice.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If a batch size, the draws or the seed are not allowed.

    Examples
    --------
    >>> from simopt import noise_scale, problems
    >>> diabetes = problems.diabetes()
    >>> found = noise_scale.estimate(diabetes, small=8, big=64, draws=200)
    >>> round(found.b_simple, 2), round(noise_scale.exact(diabetes).b_simple, 2)
    (10.49, 9.91)
    """
    if not check_problem(problem).n:
        raise checks.refuse("problem", problem.name, "a problem with points to draw batches from")
    n = None if checks.flag("replacement", replacement) else problem.n
    whole = plan.check_batch_size(big, problem.n, "big")
    few = checks.whole("small", small, 1, max(1, whole - 1))
    rng = np.random.default_rng(shuffling.check_seed(seed))
    gradients = point_gradients(problem, _where(problem, w))
    parts = whole // few
    memory.check("draws", checks.whole("draws", draws, 1), draws * (parts + 1), size=40)
    smalls, bigs = np.empty((draws, parts)), np.empty(draws)
    together = max(1, TOGETHER // (whole * problem.d))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, draws, together):
            some = slice(start, min(start + together, draws))
            drawn = [
                rng.choice(problem.n, whole, replace=replacement) for _ in range(start, some.stop)
            ]
            batches = gradients[np.array(drawn)]
            split = batches[:, : parts * few].reshape(-1, parts, few, problem.d)
            smalls[some] = np.linalg.norm(split.mean(axis=2), axis=2)
            bigs[some] = np.linalg.norm(batches.mean(axis=1), axis=1)
    if not (np.isfinite(smalls).all() and np.isfinite(bigs).all()):
        raise checks.refuse("w", w, "where the gradients are finite")
    return from_norms(smalls.ravel(), bigs, small=few, big=whole, n=n)


#: Numbers of the batches whose norms are found at once: they take a few megabytes.
TOGETHER = 500_000

#: Norms whose squares are finite.
NORM = checks.Interval(low=0.0, high=1e150)


def _share(name: str, batch_size: int | str, n: int | None) -> float:
    """`batch_variance` of an argument of another name."""
    if n is None:
        return batch_variance(checks.whole(name, batch_size, 1))
    return batch_variance(plan.check_batch_size(batch_size, n, name), n)


def _where(problem: Problem, w: ArrayLike | None) -> Floats:
    check_problem(problem)
    gradients = f"the gradients of {problem.n:,} points by {problem.d:,} weights"
    numbers = 3.0 * problem.d * (problem.n + problem.d)
    memory.check("problem", problem.name, numbers, what=gradients)
    return problem.w0 if w is None else start(w, problem.d, "w")


def _mean_square(name: str, norms: float | ArrayLike | Sequence[float]) -> float:
    values = checks.numbers(name, norms, NORM, least=1)
    return float(np.mean(values**2))


def _ratio(above: float, below: float) -> float:
    """A ratio of numbers that are not negative; without a denominator inf, or nan for 0 / 0."""
    if below == 0:
        return float("inf") if above > 0 else float("nan")
    return above / below
