"""scikit-learn's orders: SGDRegressor, SGDClassifier, MLPRegressor, MLPClassifier."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import Order, permutation, twister, xorshift
from simopt.training.orders.held_out import SHARE, split

ESTIMATORS = ("SGDRegressor", "SGDClassifier")

#: Below this the estimators draw a seed for the shuffle.
LARGEST_INT = 2**31 - 1


def sklearn_sgd(
    n: int,
    epochs: int,
    random_state: int,
    *,
    estimator: str = "SGDRegressor",
    held_out: ArrayLike | None = None,
) -> Order:
    """The order of scikit-learn's SGDRegressor or SGDClassifier with ``shuffle=True``.

    With ``simopt.SGD(eta=eta)`` and this order, `simopt.run` ends at the weights of::

        model = SGDRegressor(
            learning_rate="constant", eta0=2 * eta, penalty="l2", alpha=l2 / 2,
            max_iter=epochs, tol=None, random_state=random_state,
        ).fit(x, y)

    on ``simopt.problems.least_squares(x, y, intercept=True, l2=l2)``. The factors of 2 are there
    because scikit-learn's loss is half the squared error.

    Parameters
    ----------
    n : int
        How many points.
    epochs : int
        ``max_iter``, if ``tol=None`` lets it run so long.
    random_state : int
        As in the estimator, from 0 to 2^32 - 1.
    estimator : {"SGDRegressor", "SGDClassifier"}, default "SGDRegressor"
        The two draw their seeds in different sequence.
    held_out : array_like of int, optional
        The points that ``early_stopping`` holds out, from `sklearn_held_out`: these are skipped.

    Returns
    -------
    ndarray of int64 [epochs, n] or [epochs, n - held out]
        For ``simopt.run(..., order=)`` with batch size 1, and with ``shuffle="replacement"`` where
        points are held out.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    One permutation is drawn for a fit and applied anew every epoch: the orders are its powers, not
    independent shuffles, and begin again when a power is the identity. With four points that is
    after at most four epochs. In about 1 fit of n! it is the
    identity itself, and nothing is shuffled at all.

    ``partial_fit`` is a fit of one epoch: with an int every call has the same order; with a
    RandomState see `sklearn_partial_fit`. With more than two classes, class i has a fit of its own,
    with ``np.random.RandomState(random_state).randint(2**31 - 1, size=classes)[i]`` for
    random_state.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.sklearn_sgd(4, 5, random_state=42).tolist()
    [[0, 3, 2, 1], [0, 1, 2, 3], [0, 3, 2, 1], [0, 1, 2, 3], [0, 3, 2, 1]]
    """
    n, epochs = arguments.size(n, epochs)
    random = np.random.RandomState(arguments.seed("random_state", random_state))
    if checks.choice("estimator", estimator, ESTIMATORS) == "SGDClassifier":
        random.randint(1, LARGEST_INT)  # for the dataset, which the regressor makes later
    step = _step(n, int(random.randint(LARGEST_INT)))
    result = np.empty((epochs, n), dtype=np.int64)
    order = np.arange(n)
    for epoch in range(epochs):
        order = order[step]
        result[epoch] = order
    if held_out is None:
        return result
    left = ~np.isin(result, _points(held_out, n))
    return result[left].reshape(epochs, -1)


def sklearn_partial_fit(
    n: int, calls: int, random_state: int, *, estimator: str = "SGDRegressor"
) -> Order:
    """The orders of successive ``partial_fit`` calls with a RandomState, each of n points.

    With ``simopt.SGD(eta=eta)`` and this order, `simopt.run` ends at the weights of::

        model = SGDRegressor(
            learning_rate="constant", eta0=2 * eta, penalty=None,
            random_state=np.random.RandomState(random_state),
        )
        for _ in range(calls):
            model.partial_fit(x, y)

    Parameters
    ----------
    n : int
        How many points each call gets.
    calls : int
        How many.
    random_state : int
        The seed of the RandomState, from 0 to 2^32 - 1. With an int in its place every call has the
        order of the first epoch of `sklearn_sgd`.
    estimator : {"SGDRegressor", "SGDClassifier"}, default "SGDRegressor"
        The two draw their seeds in different sequence.

    Returns
    -------
    ndarray of int64 [calls, n]
        Places in the points of each call, for ``simopt.run(..., order=)`` where these are the same.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.sklearn_partial_fit(4, 3, random_state=42).tolist()
    [[0, 3, 2, 1], [0, 2, 3, 1], [1, 2, 3, 0]]
    """
    n, calls = arguments.size(n, calls, passes="calls")
    random = np.random.RandomState(arguments.seed("random_state", random_state))
    regressor = checks.choice("estimator", estimator, ESTIMATORS) == "SGDRegressor"
    result = np.empty((calls, n), dtype=np.int64)
    for call in range(calls):
        # One number is for the shuffle, the other for the dataset, which does without it.
        seeds = [int(random.randint(low, LARGEST_INT)) for low in ((0, 1) if regressor else (1, 0))]
        result[call] = _step(n, seeds[0 if regressor else 1])
    return result


def _step(n: int, seed: int) -> Order:
    """The permutation that is applied anew every epoch."""
    numbers = islice(xorshift(seed), n - 1)
    return permutation(np.fromiter(numbers, dtype=np.uint64, count=n - 1))


def _points(value: Any, n: int) -> Order:
    """Check points that are held out."""
    checks.check_length("held_out", value)
    allowed = f"points from 0 to n - 1 = {n - 1}, not all of them"
    if checks.count_masked(value):
        raise checks.refuse("held_out", value, f"{allowed}, none of them masked")
    try:
        array = np.asarray(value)
    except ValueError:
        raise checks.refuse("held_out", value, allowed) from None
    known = array.ndim == 1 and (array.size == 0 or np.issubdtype(array.dtype, np.integer))
    if not known or not np.isin(array, np.arange(n)).all() or len(np.unique(array)) >= n:
        raise checks.refuse("held_out", value, allowed)
    return array.astype(np.int64)


def sklearn_mlp(
    n: int,
    epochs: int,
    random_state: int,
    *,
    layers: Sequence[int],
    validation_fraction: float | None = None,
    labels: ArrayLike | None = None,
) -> Order:
    """The order of scikit-learn's MLPRegressor or MLPClassifier with ``shuffle=True``.

    Without hidden layers the network is a linear model. With ``simopt.SGD(eta=eta)``, this order
    and the same start and batch size, `simopt.run` ends at the weights of::

        model = MLPRegressor(
            hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=2 * eta,
            alpha=0.0, batch_size=batch_size, max_iter=epochs, tol=0.0, n_iter_no_change=epochs,
            random_state=random_state,
        ).fit(x, y)

    with ``layers=(d, 1)``. The factor of 2 is there because the loss is half the squared error.

    Parameters
    ----------
    n : int
        How many points.
    epochs : int
        ``max_iter``, if the tolerances let it run so long.
    random_state : int
        As in the estimator, from 0 to 2^32 - 1.
    layers : sequence of int
        The sizes of all layers, inputs and outputs included: the start of weights and intercepts is
        drawn before the order. Empty, ``()``, where nothing is drawn: in a second ``partial_fit``,
        or a ``fit`` with ``warm_start=True`` after the first.
    validation_fraction : float, optional
        With ``early_stopping=True``: the share of the points that is held out, 0.1 by default
        there. None: there is no early stopping.
    labels : array_like [n], optional
        With ``early_stopping=True`` of MLPClassifier: the classes of the points.

    Returns
    -------
    ndarray of int64 [epochs, n] or [epochs, n - held out]
        For ``simopt.run(..., order=)``, and with ``shuffle="replacement"`` where points are held
        out.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    The start is drawn layer by layer, weights [inputs, outputs] and then intercepts, with
    ``np.random.RandomState(random_state).uniform(-b, b)`` and b = sqrt(6 / (inputs + outputs)), or
    sqrt(2 / (inputs + outputs)) with ``activation="logistic"``. Every epoch shuffles what the one
    before it left. ``early_stopping`` draws a split between start and order.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.sklearn_mlp(4, 3, random_state=42, layers=(1, 1)).tolist()
    [[1, 3, 0, 2], [2, 1, 3, 0], [1, 2, 0, 3]]
    """
    n, epochs = arguments.size(n, epochs)
    start = arguments.seed("random_state", random_state)
    # None at all where weights are there already, as in a later partial_fit.
    given = arguments.sequence("layers", layers, "the sizes of all layers, such as (10, 1)")
    sizes = [checks.whole("layers", size, 1) for size in given]
    weights = sum(a * b + b for a, b in pairwise(sizes))
    if 2 * weights > arguments.MOST_DRAWN:
        allowed = f"layers of at most {arguments.MOST_DRAWN // 2:,} weights together"
        raise checks.refuse("layers", layers, allowed)
    # A float64 takes two 32-bit numbers.
    random = np.random.RandomState(twister(start, 2 * weights))
    order = np.arange(n)
    if validation_fraction is not None:
        share = checks.number("validation_fraction", validation_fraction, SHARE)
        order = split(random, n, share, labels)[0]
    elif labels is not None:
        raise checks.refuse("labels", labels, "None where validation_fraction is None")
    result = np.empty((epochs, len(order)), dtype=np.int64)
    for epoch in range(epochs):
        order = order[random.permutation(len(order))]
        result[epoch] = order
    return result
