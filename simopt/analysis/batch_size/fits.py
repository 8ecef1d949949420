"""Steps to target against batch size: the curve with a knee, fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]

#: The sharpness of a knee: from a bend over many decades to a corner.
SHARPNESS = (0.3, 30.0)

#: So far beyond the smallest and the largest batch size, as a factor, a knee is still believed.
BEYOND = 2.0

#: Where a curve is at most so far above an asymptote, as a share of it, it is there.
REGION = 0.2

#: When the fit stops: a floor that is not in sight moves slowly.
PRECISE = {"ftol": 1e-14, "xtol": 1e-12, "gtol": 1e-12}


@dataclass(frozen=True)
class Curve:
    """``S(B) = s_min (1 + (critical / B)^q)^(1/q)``.

    Attributes
    ----------
    s_min : float
        The steps that no batch size gets below; NaN where the batch sizes don't show it: without a
        critical batch size, where the curve is more than 20 % above it at the largest.
    e_min : float
        The examples that none gets below, ``s_min * critical``; NaN likewise, at the smallest.
    critical : float
        The batch size B* at which both asymptotes meet; NaN where it is not among the batch sizes
        tried, or within a factor of two of them.
    q : float
        The sharpness of the knee; 1 is the hyperbola ``(S / s_min - 1)(E / e_min - 1) = 1``.
    rms, worst : float
        The root mean square, and the largest, of ``|log(steps / S(B))|``.
    reason : str
        Why something is NaN, or what to mind; else empty.
    fitted : tuple of float, optional
        S_min, B* and q of the least error, whether or not the batch sizes show them: what `steps`
        draws. Their default is s_min, critical and q.
    """

    s_min: float
    e_min: float
    critical: float
    q: float
    rms: float
    worst: float
    reason: str = ""
    fitted: tuple[float, float, float] | None = None

    def steps(self, batch_size: ArrayLike) -> Floats:
        """The fitted number of steps at given batch sizes.

        Parameters
        ----------
        batch_size : array_like
            Batch sizes, > 0.

        Returns
        -------
        ndarray
            Steps, not rounded; NaN where nothing could be fitted.
        """
        sizes = checks.numbers("batch_size", batch_size, checks.POSITIVE)
        shape = self.fitted or (self.s_min, self.critical, self.q)
        with np.errstate(invalid="ignore"):
            return np.exp(_curve(np.log(sizes), *np.log(shape)))


def fit_curve(
    batch_size: ArrayLike,
    steps: ArrayLike,
    *,
    q: float | None = None,
    start: Curve | None = None,
) -> Curve:
    r"""Fit the steps to a target against batch size.

    .. math:: S(B) = S_{\min} \left(1 + (B_* / B)^q\right)^{1/q}

    by least squares on log S: ``S_min B_* / B`` where batches are small (twice the batch, half the
    steps), ``S_min`` where they are large, and a knee at B* that is the sharper the larger q is.

    Parameters
    ----------
    batch_size : array_like [k]
        The batch sizes, > 0.
    steps : array_like [k]
        The steps at each; what is not finite (never reached) is left out.
    q : float, optional
        The sharpness, if it is not to be fitted; 1 is the hyperbola of McCandlish et al.
    start : Curve, optional
        A fit of much the same steps, to start from in place of several guesses: faster.

    Returns
    -------
    Curve
        With NaN and a reason where there are fewer different batch sizes than parameters plus one,
        or the knee is not in sight.

    Raises
    ------
    ValueError
        If the lengths differ, or a batch size or a number of steps is not positive.

    Notes
    -----
    A relative error of the steps counts the same at every batch size. The hyperbola is exact for a
    constant noise scale and infinitesimal steps; a constant rate tuned at every batch size has a
    sharper knee.

    References
    ----------
    S. McCandlish, J. Kaplan, D. Amodei, An empirical model of large-batch training,
    arXiv:1812.06162 (2018).

    Examples
    --------
    >>> sizes = [1, 4, 16, 64, 256, 1024]
    >>> curve = fit_curve(sizes, [6400, 1603, 412, 141, 103, 100])
    >>> round(curve.s_min), round(curve.critical), round(curve.q, 1)
    (100, 64, 2.0)
    """
    sizes = checks.array("batch_size", batch_size).ravel()
    counts = checks.array("steps", steps).ravel()
    if sizes.shape != counts.shape:
        raise ValueError(
            f"batch_size and steps: {len(sizes)} and {len(counts)} numbers: must be as many"
        )
    for name, values in (("batch_size", sizes), ("steps", counts)):
        if (wrong := values <= 0).any():
            raise checks.refuse(name, float(values[wrong][0]), "numbers > 0")
    if q is not None:
        q = checks.number("q", q, checks.Interval(low=1e-3, high=1e3))
    if start is not None and not isinstance(start, Curve):
        raise checks.refuse("start", start, "a Curve, from fit_curve")
    seen = np.isfinite(sizes) & np.isfinite(counts)
    x, y = np.log(sizes[seen]), np.log(counts[seen])
    free = 3 if q is None else 2
    if (found := len(np.unique(x))) <= free:
        reached = "" if seen.all() else f" of {len(sizes)} reached the target"
        reason = f"{found} batch sizes{reached}: a fit needs at least {free + 1}"
        return Curve(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, reason)
    floor, knee, sharp, error = _best(x, y, q, start)
    rms, worst = math.sqrt(np.mean(error**2)), float(np.abs(error).max())
    s_min, critical, sharpness = math.exp(floor), math.exp(knee), math.exp(sharp)
    fitted = s_min, critical, sharpness
    e_min = math.exp(floor + knee)

    def without_a_knee(s_min: float, e_min: float, reason: str) -> Curve:
        return Curve(s_min, e_min, math.nan, math.nan, rms, worst, reason, fitted)

    # A knee out of sight may bend so softly that the asymptote on this side is out of sight too.
    near = math.log1p(REGION)
    if knee > x.max() + math.log(BEYOND):
        reason = f"steps still fall at the largest batch size, {sizes[seen].max():g}: no floor seen"
        if _curve(x.min(), floor, knee, sharp) + x.min() > floor + knee + near:
            e_min, reason = math.nan, f"{reason}, nor perfect scaling at the smallest"
        return without_a_knee(math.nan, e_min, reason)
    if knee < x.min() - math.log(BEYOND):
        reason = f"no perfect scaling from the smallest batch size on, {sizes[seen].min():g}"
        if _curve(x.max(), floor, knee, sharp) > floor + near:
            s_min, reason = math.nan, f"{reason}, nor a floor at the largest"
        return without_a_knee(s_min, math.nan, reason)
    if q is None and sharpness < SHARPNESS[0] * 1.01:
        reason = "the steps bend too softly for a floor and a critical batch size to be told"
        return without_a_knee(math.nan, math.nan, reason)
    reason = ""
    if q is None and sharpness > SHARPNESS[1] / 1.01:
        reason = f"a corner: its q is not determined, at least {SHARPNESS[1]:g}"
    return Curve(s_min, e_min, critical, sharpness, rms, worst, reason, fitted)


def _curve(x: ArrayLike, floor: float, knee: float, sharp: float) -> Floats:
    """Log S from log B and the logarithms of the parameters."""
    q = math.exp(sharp)
    return np.asarray(floor + np.logaddexp(0.0, q * (knee - np.asarray(x))) / q)


def _slopes(x: Floats, floor: float, knee: float, sharp: float) -> Floats:
    """The derivatives [k, 3] of log S with respect to the log parameters."""
    q = math.exp(sharp)
    z = q * (knee - x)
    share = np.exp(-np.logaddexp(0.0, -z))
    return np.stack([np.ones_like(x), share, (z * share - np.logaddexp(0.0, z)) / q], axis=1)


def _best(
    x: Floats, y: Floats, q: float | None, start: Curve | None
) -> tuple[float, float, float, Floats]:
    """The best log floor, knee and sharpness over several starting points."""
    low, high = np.log(SHARPNESS)
    free = 3 if q is None else 2
    # A knee far outside is a straight line: looking any further changes nothing.
    far = 20.0
    lower = np.array([y.min() - far, x.min() - far, low])[:free]
    upper = np.array([y.max() + far, x.max() + far, high])[:free]
    fixed = [] if q is None else [math.log(q)]

    def error(at: Floats) -> Floats:
        return _curve(x, *at, *fixed) - y

    def slopes(at: Floats) -> Floats:
        return _slopes(x, *at, *fixed)[:, :free]

    corner = min(max(float((x + y).min() - y.min()), x.min()), x.max())
    guesses = [
        (y.min(), knee, sharp)
        for knee in dict.fromkeys((corner, float(x.mean())))
        for sharp in np.log([0.7, 1.5, 4.0] if q is None else [q])
    ]
    if start is not None and not math.isnan(start.critical):
        guesses = [tuple(np.log([start.s_min, start.critical, start.q]))]
    # Loaded here: it takes as long as all of this room.
    from scipy.optimize import least_squares

    found = []
    for guess in guesses:
        at = np.clip(np.array(guess)[:free], lower + 1e-9, upper - 1e-9)
        found.append(least_squares(error, at, slopes, bounds=(lower, upper), **PRECISE))
    best = min(found, key=lambda each: float(each.cost))
    floor, knee, sharp = np.append(best.x, fixed).tolist()
    return floor, knee, sharp, np.asarray(best.fun)
