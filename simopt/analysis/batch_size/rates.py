"""Scaling laws of the best rate with the batch size, fitted and compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.analysis import chance
from simopt.ground import checks

Floats = NDArray[np.float64]

#: How well a rate is known at best, as the logarithm of a ratio: half a step of the finest grid.
#: No law is preferred for being closer than that.
KNOWN = 0.015

#: The largest exponent of a rate that saturates, and how far from the batch sizes tried B_0 may be.
STEEPEST, FAR = 3.0, 100.0

#: A law that misses a rate by a larger factor does not fit, however far behind the others are.
MISSED = 2.0

#: The laws, and how many numbers each is fitted with.
PARAMETERS = {"constant": 1, "square root": 1, "linear": 1, "power": 2, "saturated": 3}


@dataclass(frozen=True)
class RateLaws:
    """Scaling laws fitted to the best rates.

    Attributes
    ----------
    exponent, exponent_low, exponent_high : float
        Of the power law, with its 95 % interval (Student's t).
    rms : dict of str to float
        Law to the root mean square of ``|log(eta / law)|``.
    eta_max, b_0, alpha : float
        Of ``eta_max / (1 + b_0 / B)^alpha``.
    best : str
        The law with the least information criterion, AICc; empty if there are too few rates, or
        if none fits: that law misses a rate by more than a factor of two.
    weight : float
        Its share of the laws' Akaike weights: near 1 it stands alone among these five.
    worst : float
        The largest factor by which the law of least AICc misses a rate, either way.
    reason : str
        Why something is missing; else empty.
    """

    exponent: float = math.nan
    exponent_low: float = math.nan
    exponent_high: float = math.nan
    rms: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARAMETERS, math.nan))
    eta_max: float = math.nan
    b_0: float = math.nan
    alpha: float = math.nan
    best: str = ""
    weight: float = math.nan
    worst: float = math.nan
    reason: str = ""


def fit_rates(batch_size: ArrayLike, eta: ArrayLike) -> RateLaws:
    r"""Fit laws to the best rates at several batch sizes.

    Constant, square root and linear: :math:`\eta \propto B^0, B^{1/2}, B`; a power law
    :math:`B^k`; and a rate that saturates,
    :math:`\eta = \eta_{\max} / (1 + B_0 / B)^\alpha`. All by least squares on log eta.

    Parameters
    ----------
    batch_size, eta : array_like [k]
        Batch sizes, and the best rate at each; what is not finite is left out.

    Returns
    -------
    RateLaws
        Which law is best goes by AICc, ``k log(rms^2) + 2 p + 2 p (p + 1) / (k - p - 1)`` with p
        numbers fitted (and one for the error), rms at least 1.5 %: a rate is not known better. A
        law with too many numbers for the rates takes no part.

    Raises
    ------
    ValueError
        If the lengths differ, or a batch size or rate is not positive.

    Examples
    --------
    >>> laws = fit_rates([1, 2, 4, 8, 16, 32], [0.1, 0.2, 0.4, 0.8, 1.6, 3.2])
    >>> laws.best, round(laws.exponent, 3)
    ('linear', 1.0)
    """
    sizes, values = checks.array("batch_size", batch_size).ravel(), checks.array("eta", eta).ravel()
    if sizes.shape != values.shape:
        raise ValueError(
            f"batch_size and eta: {len(sizes)} and {len(values)} numbers: must be as many"
        )
    for name, array in (("batch_size", sizes), ("eta", values)):
        if (wrong := array <= 0).any():
            raise checks.refuse(name, float(array[wrong][0]), "numbers > 0")
    seen = np.isfinite(sizes) & np.isfinite(values)
    x, y = np.log(sizes[seen]), np.log(values[seen])
    if len(np.unique(x)) < 3:
        return RateLaws(reason=f"{len(np.unique(x))} rates: a law needs at least 3")
    errors: dict[str, Floats] = {}
    for name, exponent in (("constant", 0.0), ("square root", 0.5), ("linear", 1.0)):
        errors[name] = y - exponent * x - np.mean(y - exponent * x)
    apart, freedom = x - x.mean(), len(x) - 2
    slope = float(apart @ y / (apart @ apart))
    errors["power"] = power = y - y.mean() - slope * apart
    half = chance.t_quantile(0.975, freedom) * math.sqrt(power @ power / freedom / (apart @ apart))
    (top, knee, alpha), errors["saturated"] = _saturated(x, y)
    rms = {name: float(np.sqrt(np.mean(errors[name] ** 2))) for name in PARAMETERS}
    best, weight = _preferred(rms, len(x))
    worst = float(np.exp(np.abs(errors[best]).max())) if best else math.nan
    reason = ""
    if worst > MISSED:
        reason = f"none fits: the nearest, {best}, misses a rate by a factor of {worst:.2g}"
        best, weight = "", math.nan
    return RateLaws(
        exponent=slope,
        exponent_low=slope - half,
        exponent_high=slope + half,
        rms=rms,
        eta_max=math.exp(top),
        b_0=math.exp(knee),
        alpha=alpha,
        best=best,
        weight=weight,
        worst=worst,
        reason=reason,
    )


def _saturated(x: Floats, y: Floats) -> tuple[tuple[float, float, float], Floats]:
    """The best fit of the saturating law: log eta_max, log B_0, alpha, and the errors."""

    def law(at: Floats) -> Floats:
        return np.asarray(at[0] - at[2] * np.logaddexp(0.0, at[1] - x))

    error: Callable[[Floats], Floats] = lambda at: law(at) - y  # noqa: E731
    far = math.log(FAR)
    reach = STEEPEST * (np.ptp(x) + far) + 1.0
    lower = np.array([y.min() - 1.0, x.min() - far, 0.0])
    upper = np.array([y.max() + reach, x.max() + far, STEEPEST])
    # Loaded here: it takes as long as all of this room.
    from scipy.optimize import least_squares

    found = [
        least_squares(error, [y.max(), knee, alpha], bounds=(lower, upper), x_scale="jac")
        for knee in np.quantile(x, [0.25, 0.5, 0.75])
        for alpha in (0.5, 1.0)
    ]
    best = min(found, key=lambda each: float(each.cost))
    top, knee, alpha = best.x.tolist()
    return (top, knee, alpha), np.asarray(best.fun)


def _preferred(rms: dict[str, float], count: int) -> tuple[str, float]:
    """The law with the least AICc, and its Akaike weight."""
    scores = {}
    for name, parameters in PARAMETERS.items():
        p = parameters + 1
        if count - p - 1 > 0:
            correction = 2 * p * (p + 1) / (count - p - 1)
            scores[name] = 2 * count * math.log(max(rms[name], KNOWN)) + 2 * p + correction
    if not scores:
        return "", math.nan
    best = min(scores, key=lambda name: scores[name])
    return best, 1 / sum(math.exp((scores[best] - score) / 2) for score in scores.values())
