"""The order of the points: a function of (seed, epoch, n) and nothing else.

A counter-based generator (no state to share or to lose) drives a Fisher-Yates shuffle, so that an
order is the same on every device and thread, in every chunk, and for every optimizer: sweeps
compare optimizers on the same orders. All arithmetic is on integers below 2^32, so that Python's
unbounded integers and a machine's 64 bits agree.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks

#: How an order comes about; with replacement every place is drawn for itself.
SHUFFLES = ("never", "once", "epoch", "replacement")
LOW = 0xFFFFFFFF


def mix(bits):
    """A bijection of 32 bits in which every output bit depends on every input bit (lowbias32).

    Source: C. Wellons, Prospecting for hash functions (2018), public domain.
    """
    bits = bits ^ (bits >> 16)
    bits = (bits * 0x7FEB352D) & LOW
    bits = bits ^ (bits >> 15)
    bits = (bits * 0x846CA68B) & LOW
    return bits ^ (bits >> 16)


def split_seed(seed, epoch):
    """The 64-bit key of an epoch and a seed, as two 32-bit halves."""
    low = mix((seed & LOW) ^ 0x9E3779B9)
    low = mix((low + (seed >> 32)) & LOW)
    first = mix((low + epoch) & LOW)
    high = mix((seed & LOW) ^ 0x85EBCA6B)
    high = mix((high ^ (seed >> 32)) & LOW)
    second = mix((high ^ mix((epoch + 0xC2B2AE35) & LOW)) & LOW)
    return first, second


def draw(first, second, i):
    """The position among 0 .. i to swap with position i, for a 64-bit key."""
    return (mix(mix((first + i) & LOW) ^ second) * (i + 1)) >> 32


def shuffle(order, seed, epoch):
    """Write a permutation of 0 .. n - 1 into ``order`` (Fisher-Yates, last position first)."""
    n = len(order)
    first, second = split_seed(seed, epoch)
    for i in range(n):
        order[i] = i
    for i in range(n - 1, 0, -1):
        j = draw(first, second, i)
        swapped = order[i]
        order[i] = order[j]
        order[j] = swapped


def drawn(first, second, i, n):
    """A point among 0 .. n - 1 for position i, whatever the others are, for a 64-bit key."""
    return (mix(mix((first + i) & LOW) ^ second) * n) >> 32


def draw_points(order, seed, epoch):
    """Write as many points, drawn with replacement, into ``order`` as it has places."""
    n = len(order)
    first, second = split_seed(seed, epoch)
    for i in range(n):
        order[i] = drawn(first, second, i, n)


def check_shuffle(value: Any) -> str:
    """Check ``shuffle``: one of `SHUFFLES`."""
    return checks.choice("shuffle", value, SHUFFLES)


def check_seed(value: Any) -> int:
    """Check a seed: an integer from 0 to 2^63 - 1."""
    return checks.whole("seed", value, 0, 2**63 - 1)


def row_length(order: Any, n: int, *, repeats: bool = False) -> int:
    """The points of an epoch: n, or those in each row of given orders that may repeat points.

    What is no array of orders has n; `check_order` says what is wrong with it.
    """
    if order is None or not repeats:
        return n
    try:
        shape = np.shape(order)
    except (TypeError, ValueError, RecursionError):
        return n
    return shape[-1] if len(shape) in (1, 2) and shape[-1] else n


def check_order(
    order: Any, epochs: int, n: int, *, repeats: bool = False, most: int | None = None
) -> NDArray[np.int64]:
    """Check given orders: [epochs, n], each row a permutation of 0 .. n - 1.

    With repeats [epochs, m]: any m points, at most ``most`` where there is a limit.
    """
    checks.check_length("order", order)
    length = row_length(order, n, repeats=repeats)
    if most is not None and length > most:
        raise checks.refuse(
            "order", f"rows of {length} points", f"at most {most} in a sweep; simopt.run takes more"
        )
    allowed = f"an array of whole numbers [{epochs}, {'any' if repeats else n}]"
    if checks.count_masked(order):
        raise checks.refuse("order", order, f"{allowed}, none of them masked")
    try:
        array = np.asarray(order)
    except (TypeError, ValueError, RecursionError):
        raise checks.refuse("order", order, allowed) from None
    if array.ndim == 1:
        array = array[None, :]
    if array.shape != (epochs, length) or not np.issubdtype(array.dtype, np.integer):
        raise checks.refuse("order", f"{array.dtype} {array.shape}", allowed)
    if repeats:
        if array.size and not 0 <= array.min() <= array.max() < n:
            raise checks.refuse("order", array.tolist(), f"points from 0 to {n - 1}")
    elif (np.sort(array, axis=1) != np.arange(n)).any():
        raise checks.refuse(
            "order",
            array.tolist(),
            f"a permutation of 0 .. {n - 1} in every row (points may come again, or not at all, "
            "with shuffle='replacement')",
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def _permutation(seed: int, epoch: int, n: int) -> list[int]:
    """What `shuffle` writes: all places are drawn at once, only the swaps come one by one."""
    first, second = split_seed(seed, epoch)
    places = np.arange(n - 1, 0, -1, dtype=np.uint64)
    order = list(range(n))
    for i, j in zip(places.tolist(), draw(first, second, places).tolist(), strict=True):
        order[i], order[j] = order[j], order[i]
    return order


def _with_replacement(seed: int, epoch: int, n: int) -> list[int]:
    """What `draw_points` writes."""
    order = [0] * n
    draw_points(order, seed, epoch)
    return order


def orders(mode: str, seed: int, epochs: int, n: int) -> NDArray[np.int64]:
    """The order of the points in every epoch.

    Parameters
    ----------
    mode : {"never", "once", "epoch", "replacement"}
        File order; one shuffled order for all epochs; a new one every epoch; every place of every
        epoch drawn for itself.
    seed : int
        From 0 to 2^63 - 1.
    epochs, n : int
        How many epochs, how many points.

    Returns
    -------
    ndarray of int64 [epochs, n]

    Raises
    ------
    ValueError
        If the mode or the seed is not allowed.

    Examples
    --------
    >>> from simopt.training.shuffling import orders
    >>> orders("never", 0, 2, 4).tolist()
    [[0, 1, 2, 3], [0, 1, 2, 3]]
    >>> bool((orders("once", 7, 3, 9) == orders("once", 7, 3, 9)[0]).all())
    True
    """
    check_shuffle(mode)
    check_seed(seed)
    result = np.tile(np.arange(n, dtype=np.int64), (epochs, 1))
    if mode == "never":
        return result
    fill = _with_replacement if mode == "replacement" else _permutation
    for epoch in range(1 if mode == "once" else epochs):
        result[epoch] = fill(int(seed), epoch, n)
    return np.tile(result[0], (epochs, 1)) if mode == "once" else result
