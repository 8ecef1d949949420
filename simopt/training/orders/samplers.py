"""PyTorch's orders beside RandomSampler's: weighted draws, splits, torchdata's loader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import Order, randperm
from simopt.training.orders.pytorch import SEED, reseeded, sources

#: PyTorch's ``multinomial`` knows no more categories.
MOST_WEIGHTS = 2**24

#: Divided by the smallest exponential number that is drawn, 2^-53, it is still finite.
MOST_WEIGHT = 1e292


def torch_weighted(
    weights: ArrayLike,
    epochs: int,
    seed: int,
    *,
    num_samples: int | None = None,
    replacement: bool = True,
    generator: str = "own",
    drawn: int = 0,
    between: int | Sequence[int] = 0,
) -> Order:
    """The order of a PyTorch WeightedRandomSampler, epoch after epoch.

    This is the order of::

        own = torch.Generator().manual_seed(seed)
        sampler = torch.utils.data.WeightedRandomSampler(
            weights, num_samples, replacement=replacement, generator=own
        )
        visited = [list(sampler) for _ in range(epochs)]

    and of a DataLoader around it, whose base seed does not come from the sampler's generator; where
    neither has a generator it does: ``generator="global", drawn=2, between=2``.

    Parameters
    ----------
    weights : array_like of float [n]
        A weight for each point, >= 0, not all 0; they need not sum to 1.
    epochs : int
        How often the sampler is run through.
    seed : int
        Of the generator, as in `torch_dataloader`.
    num_samples : int, optional
        As in the sampler: so many points an epoch; n by default.
    replacement : bool, default True
        As in the sampler. Without it ``num_samples`` is at most the number of weights above 0.
    generator : {"own", "global"}, default "own"
        "own": handed to the sampler. "global": not, after ``torch.manual_seed(seed)``.
    drawn : int, default 0
        How many 32-bit numbers were taken from that generator before.
    between : int or sequence of int, default 0
        How many were taken between one epoch and the next, as in `torch_dataloader`.

    Returns
    -------
    ndarray of int64 [epochs, num_samples]
        For ``simopt.run(..., order=, shuffle="replacement")``.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    With replacement each draw is a uniform number, of 53 bits, looked up among the running sums of
    the weights. Without it, and for a single draw with it, PyTorch takes another path: of each
    weight, divided by an exponential random number, the largest come first.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.torch_weighted([1, 2, 3], 2, seed=42, num_samples=4).tolist()
    [[0, 0, 0, 0], [2, 1, 2, 2]]
    >>> orders.torch_weighted([1, 2, 3], 2, seed=42, replacement=False).tolist()
    [[1, 2, 0], [0, 2, 1]]
    """
    shares = _weights(weights)
    n, epochs, count = arguments.sampled(len(shares), epochs, num_samples, points="weights")
    again = checks.flag("replacement", replacement)
    possible = int(np.count_nonzero(shares))
    if not again and count > possible:
        allowed = f"at most {possible}, the weights above 0, without replacement"
        raise checks.refuse("num_samples", count, allowed)
    sums = np.cumsum(shares)
    sums /= sums[-1]
    sums[-1] = 1.0
    result = np.empty((epochs, count), dtype=np.int64)
    given = sources(epochs, seed, generator, drawn, between)
    for row, (bits, _) in zip(result, given, strict=True):
        if again and count > 1:
            row[:] = np.searchsorted(sums, _uniform(bits, count))
        else:
            # log1p of the C library, number by number: NumPy's may differ in the last place.
            waits = [-math.log1p(-each) for each in _uniform(bits, n).tolist()]
            row[:] = np.argsort(-shares / waits, kind="stable")[:count]
    return result


def torch_random_split(
    n: int,
    lengths: Sequence[float],
    seed: int,
    *,
    drawn: int = 0,
) -> list[Order]:
    """The points of each part of PyTorch's ``random_split``.

    These are the points of::

        own = torch.Generator().manual_seed(seed)
        parts = torch.utils.data.random_split(range(n), lengths, generator=own)
        points = [list(part.indices) for part in parts]

    and of the same without ``generator=`` after ``torch.manual_seed(seed)``.

    Parameters
    ----------
    n : int
        How many points the dataset has.
    lengths : sequence of int or float
        As in ``random_split``: lengths that sum to n, or fractions that sum to 1.
    seed : int
        Of the generator, as in `torch_dataloader`.
    drawn : int, default 0
        How many 32-bit numbers were taken from it before; the split itself takes n - 1.

    Returns
    -------
    list of ndarray of int64
        The points of each part, for a problem of its own: orders of a part, such as those of
        `torch_dataloader`, count from 0.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    A fraction f is floor(n f) points; of the points left over each part gets one, from the first
    part on.

    Examples
    --------
    >>> from simopt import orders
    >>> [part.tolist() for part in orders.torch_random_split(6, [0.5, 0.5], seed=42)]
    [[0, 3, 2], [4, 1, 5]]
    """
    n, _ = arguments.size(n)
    bounds = np.cumsum(_lengths(n, lengths))
    ((bits, _),) = sources(1, seed, "own", drawn, 0)
    return np.split(randperm(bits, n), bounds[:-1])


def torch_stateful(
    n: int,
    epochs: int,
    seed: int,
    *,
    generator: str = "own",
    workers: bool = False,
    drawn: int = 0,
) -> Order:
    """The order of torchdata's StatefulDataLoader with ``shuffle=True``, epoch after epoch.

    This is the order of::

        own = torch.Generator().manual_seed(seed)
        loader = torchdata.stateful_dataloader.StatefulDataLoader(
            range(n), shuffle=True, generator=own
        )
        visited = [[int(i) for batch in loader for i in batch] for _ in range(epochs)]

    Parameters
    ----------
    n : int
        How many points the dataset has.
    epochs : int
        How often the loader is run through, each time to its end.
    seed : int
        Of the generator, as in `torch_dataloader`.
    generator : {"own", "global"}, default "own"
        "own": handed to the loader. "global": not, after ``torch.manual_seed(seed)``; the loader
        then draws a seed when it is made, once, and nothing else shifts its order.
    workers : bool, default False
        Whether ``num_workers`` is above 0: every order is then drawn twice, and the second used.
    drawn : int, default 0
        How many 32-bit numbers the program took from that generator before the first epoch; with
        "global", before the loader was made.

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
    Unlike PyTorch's own loader it draws the order first and the base seed after it, and workers
    change the order.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.torch_stateful(4, 3, seed=42).tolist()
    [[2, 3, 0, 1], [3, 2, 1, 0], [2, 0, 1, 3]]
    """
    n, epochs = arguments.size(n, epochs)
    twice = checks.flag("workers", workers)
    ((bits, own),) = sources(1, seed, generator, drawn, 0)
    source = reseeded(bits, own)
    result = np.empty((epochs, n), dtype=np.int64)
    for row in result:
        row[:] = randperm(source, n)
        bits.random_raw(SEED, output=False)
        if twice:
            row[:] = randperm(source, n)
    return result


def _uniform(bits: np.random.MT19937, count: int) -> NDArray[np.float64]:
    """PyTorch's uniform numbers of double precision: the low 53 of 64 bits, the high half first."""
    words = bits.random_raw(2 * count)
    low = ((words[::2] << 32) | words[1::2]) & (2**53 - 1)
    return low.astype(np.float64) * 2.0**-53


def _weights(value: Any) -> NDArray[np.float64]:
    """Check the weights of points."""
    weights = checks.numbers("weights", value, checks.NOT_NEGATIVE, least=1)
    if weights.ndim != 1 or len(weights) > MOST_WEIGHTS or not weights.any():
        allowed = f"1 to {MOST_WEIGHTS:,} numbers in a row, not all of them 0"
        raise checks.refuse("weights", value, allowed)
    if weights.max() > MOST_WEIGHT / len(weights):
        allowed = f"numbers of at most {MOST_WEIGHT:g} / n"
        raise checks.refuse("weights", value, allowed)
    return weights


def _lengths(n: int, value: Any) -> list[int]:
    """Check lengths or fractions, and return lengths."""
    allowed = f"whole numbers that sum to n={n}, or fractions that sum to 1"
    given = arguments.sequence("lengths", value, allowed)
    parts = [checks.number("lengths", each, checks.NOT_NEGATIVE) for each in given]
    if not parts:
        raise checks.refuse("lengths", value, allowed)
    if sum(parts) <= 1 and math.isclose(sum(parts), 1):
        counts = [math.floor(n * each) for each in parts]
        for k in range(n - sum(counts)):
            counts[k % len(counts)] += 1
        return counts
    if sum(parts) != n or any(each != int(each) for each in parts):
        raise checks.refuse("lengths", value, allowed)
    return [int(each) for each in parts]
