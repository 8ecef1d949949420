"""JAX's order: ``jax.random.permutation`` in a hand-written training loop."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import LOW, Order, threefry

KEYS = ("split", "fold_in", "seed")

Key = tuple[int, int]


def jax_permutation(n: int, epochs: int, seed: int, *, keys: str = "split") -> Order:
    """Successive ``jax.random.permutation(key, n)``, as in a hand-written training loop.

    This is the order of::

        key = jax.random.key(seed)
        visited = []
        for epoch in range(epochs):
            key, own = jax.random.split(key)
            visited.append(jax.random.permutation(own, n).tolist())

    Parameters
    ----------
    n : int
        How many points.
    epochs : int
        How many calls.
    seed : int
        Of ``jax.random.key`` or ``PRNGKey``, from 0 to 2^32 - 1.
    keys : {"split", "fold_in", "seed"}, default "split"
        Where the key of an epoch e, from 0, comes from: split off as above;
        ``jax.random.fold_in(jax.random.key(seed), e)``; or ``jax.random.key(seed + e)``.

    Returns
    -------
    ndarray of int64 [epochs, n]
        For ``simopt.run(..., order=)``.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    It is no Fisher-Yates shuffle: random words of 32 bits are drawn for all points, and these are
    sorted by them, a second time from 1,626 points on, so that equal words hardly matter. This is
    JAX's default generator in its default form (``jax_threefry_partitionable``).

    Examples
    --------
    >>> from simopt import orders
    >>> orders.jax_permutation(4, 3, seed=42).tolist()
    [[2, 0, 3, 1], [1, 2, 0, 3], [2, 3, 1, 0]]
    """
    n, epochs = arguments.size(n, epochs)
    first = arguments.seed("seed", seed)
    kind = checks.choice("keys", keys, KEYS)
    if kind == "seed" and first + epochs > 2**32:
        raise checks.refuse("seed", seed, f"at most 2^32 - {epochs}, for keys='seed'")
    result = np.empty((epochs, n), dtype=np.int64)
    for row, key in zip(result, _keys(first, epochs, kind), strict=True):
        row[:] = _permuted(key, n)
    return result


def _keys(seed: int, epochs: int, kind: str) -> Iterator[Key]:
    """The key of every epoch."""
    key: Key = (0, seed)
    if kind == "fold_in":
        # Folded with a number: encrypted with the key, as a seed.
        yield from zip(*(words.tolist() for words in threefry(key, epochs)), strict=True)
        return
    for epoch in range(epochs):
        if kind == "split":
            key, own = _split(key)
            yield own
        else:
            yield 0, seed + epoch


def _split(key: Key) -> tuple[Key, Key]:
    """Two new keys."""
    (a, c), (b, d) = (words.tolist() for words in threefry(key, 2))
    return (a, b), (c, d)


def _permuted(key: Key, n: int) -> Order:
    """Sorted by random words, as often as it takes for these to differ."""
    order = np.arange(n, dtype=np.int64)
    for _ in range(math.ceil(3 * math.log(max(n, 1)) / math.log(LOW))):
        key, own = _split(key)
        a, b = threefry(own, n)
        order = order[np.argsort(a ^ b, kind="stable")]
    return order
