"""scikit-learn's held-out points: ``early_stopping=True``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import Order

#: An open interval: a share of the points.
SHARE = checks.Interval(low=0.0, high=1.0, low_open=True, high_open=True)


def sklearn_held_out(
    n: int,
    random_state: int,
    *,
    validation_fraction: float = 0.1,
    labels: ArrayLike | None = None,
) -> Order:
    """The points that scikit-learn's SGD estimators hold out with ``early_stopping=True``.

    The points of the boolean mask that ``SGDRegressor`` and ``SGDClassifier`` make of::

        SGDRegressor(
            early_stopping=True, validation_fraction=validation_fraction, random_state=random_state
        ).fit(x, y)

    Parameters
    ----------
    n : int
        How many points fit gets.
    random_state : int
        As in the estimator, from 0 to 2^32 - 1.
    validation_fraction : float, default 0.1
        As in the estimator, above 0 and below 1.
    labels : array_like [n], optional
        The classes of the points, for ``SGDClassifier``, which holds out as much of each class.

    Returns
    -------
    ndarray of int64 [held out]
        In ascending order, for ``sklearn_sgd(..., held_out=)``.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    The split and the order begin at the same ``random_state`` and share no draws. The points held
    out are skipped where the order has them: it is the order of all n points.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.sklearn_held_out(12, random_state=42, validation_fraction=0.25).tolist()
    [0, 9, 10]
    """
    n, _ = arguments.size(n)
    random = np.random.RandomState(arguments.seed("random_state", random_state))
    share = checks.number("validation_fraction", validation_fraction, SHARE)
    return np.sort(split(random, n, share, labels)[1])


def split(
    random: np.random.RandomState, n: int, share: float, labels: ArrayLike | None
) -> tuple[Order, Order]:
    """Training and held-out points, as scikit-learn's ShuffleSplit draws them, or its stratified.

    Raises
    ------
    ValueError
        If nothing is left to train on, or a class is too small.
    """
    held = math.ceil(share * n)
    if held >= n:
        raise checks.refuse("validation_fraction", share, f"less: of n={n} points all are held out")
    if labels is None:
        shuffled = random.permutation(n)
        return shuffled[held:], shuffled[:held]
    classes, counts = _classes(labels, n)
    if min(held, n - held) < len(counts):
        allowed = f"a share that holds out, and leaves, {len(counts)} points at least: one a class"
        raise checks.refuse("validation_fraction", share, allowed)
    trained = _shares(counts, n - held, random)
    tested = _shares(counts - trained, held, random)
    members = np.split(np.argsort(classes, kind="mergesort"), np.cumsum(counts)[:-1])
    train: list[int] = []
    test: list[int] = []
    for points, taken, left in zip(members, trained, tested, strict=True):
        shuffled = points[random.permutation(len(points))]
        train.extend(shuffled[:taken].tolist())
        test.extend(shuffled[taken : taken + left].tolist())
    return random.permutation(train), random.permutation(test)


def _classes(labels: Any, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of each point's class, and how many points each has."""
    checks.check_length("labels", labels)
    allowed = f"a class for each of n={n} points"
    if checks.count_masked(labels):
        raise checks.refuse("labels", labels, f"{allowed}, none of them masked")
    try:
        array = np.asarray(labels)
        _, classes, counts = np.unique(array, return_inverse=True, return_counts=True)
        missing = bool((array != array).any())  # not a number, not a time
    except (ArithmeticError, TypeError, ValueError):
        # A signalling NaN; None and pandas' NA, which have no order; a ragged list.
        raise checks.refuse("labels", labels, allowed) from None
    if array.shape != (n,):
        raise checks.refuse("labels", f"of shape {array.shape}", allowed)
    if missing:
        raise checks.refuse("labels", labels, f"{allowed}, none of them missing")
    if counts.min() < 2:
        raise checks.refuse("labels", labels, "classes of at least two points")
    return classes, counts


def _shares(
    counts: NDArray[np.int64], total: int, random: np.random.RandomState
) -> NDArray[np.int64]:
    """So many points in all, as much of each class as can be, ties drawn."""
    exact = counts / counts.sum() * total  # in this order: ties are equal numbers
    whole = np.floor(exact)
    missing = int(total - whole.sum())
    if missing:
        rest = exact - whole
        for value in np.sort(np.unique(rest))[::-1]:
            (those,) = np.where(rest == value)
            add = min(len(those), missing)
            whole[random.choice(those, size=add, replace=False)] += 1
            missing -= add
            if missing == 0:
                break
    result: NDArray[np.int64] = whole.astype(np.int64)
    return result
