"""PyTorch's orders: DataLoader, RandomSampler, randperm, on the CPU's generator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import Order, randperm, twister

#: Whose numbers shuffle: the generator handed over, or the one that torch.manual_seed seeds.
GENERATORS = ("own", "global")

#: A 64-bit random integer, which is what PyTorch draws for a seed, takes two numbers.
SEED = 2


def torch_dataloader(
    n: int,
    epochs: int,
    seed: int,
    *,
    generator: str = "own",
    persistent_workers: bool = False,
    drawn: int = 0,
    between: int | Sequence[int] = 0,
) -> Order:
    """The order of a PyTorch DataLoader with ``shuffle=True``, epoch after epoch.

    This is the order of::

        own = torch.Generator().manual_seed(seed)
        loader = torch.utils.data.DataLoader(range(n), shuffle=True, generator=own)
        visited = [[int(i) for batch in loader for i in batch] for _ in range(epochs)]

    Parameters
    ----------
    n : int
        How many points the dataset has.
    epochs : int
        How often the loader is run through, each time to its end.
    seed : int
        Of the generator. PyTorch takes -2^63 to 2^64 - 1 and, on the CPU, looks at its last 32 bits
        alone.
    generator : {"own", "global"}, default "own"
        "own": ``generator=torch.Generator().manual_seed(seed)`` is handed to the loader.
        "global": it is not, and ``torch.manual_seed(seed)`` was called before.
    persistent_workers : bool, default False
        As in the loader.
    drawn : int, default 0
        How many 32-bit numbers the program took from that generator before the first epoch. With
        "global" the start of layers counts. In float32 a Linear, Conv2d or LSTM takes one for each
        weight and bias, BatchNorm and LayerNorm none, Embedding(7, 3) 37 for its 21 weights and
        MultiheadAttention(4, 2) 68 for its 80; in float64 a Linear takes two each. A look at the
        first batch with ``next(iter(loader))`` takes 4 from the global generator. From the loader's
        own it takes n + 1, but 2n where the look reads the sampler to its end: with a batch size
        above n, or with workers that fetch all batches ahead (n = 100, batch_size=32 and two
        workers: 200).
    between : int or sequence of int, default 0
        How many numbers the program takes from that generator between one epoch and the next; a
        sequence has one for each gap, epochs - 1 of them. With "global", PyTorch's own default, a
        pass of another DataLoader counts, as in validation: 2, shuffled or not, and as many again
        for its sampler's seed if it shuffles. Dropout on the CPU takes 2 for each element, each
        time it is called in training mode.

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
    Neither ``batch_size`` nor ``num_workers`` changes the order; ``drop_last`` leaves out its end,
    as it does in `simopt.run`. An epoch draws a base seed for workers, even where there are none,
    and then an order; with a generator of its own it draws at its end another order, for nothing.
    So an epoch that was broken off shifts the ones after it.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.torch_dataloader(4, 3, seed=42).tolist()
    [[0, 2, 1, 3], [2, 0, 1, 3], [3, 2, 0, 1]]

    A loader on the global generator, with a validation loader after every epoch:

    >>> orders.torch_dataloader(4, 3, seed=42, generator="global", between=2).tolist()
    [[0, 2, 3, 1], [0, 3, 1, 2], [0, 3, 2, 1]]
    """
    n, epochs = arguments.size(n, epochs)
    seeds = 1 if checks.flag("persistent_workers", persistent_workers) else epochs
    given = (seed, generator, drawn, between)
    return _orders(n, epochs, *given, base_seeds=seeds, samples=n)


def torch_sampler(
    n: int,
    epochs: int,
    seed: int,
    *,
    generator: str = "own",
    drawn: int = 0,
    between: int | Sequence[int] = 0,
    replacement: bool = False,
    num_samples: int | None = None,
) -> Order:
    """The order of a PyTorch RandomSampler, epoch after epoch.

    This is the order of::

        own = torch.Generator().manual_seed(seed)
        sampler = torch.utils.data.RandomSampler(range(n), generator=own)
        visited = [list(sampler) for _ in range(epochs)]

    and of ``DataLoader(range(n), sampler=sampler)``, whose base seed does not come from the
    sampler's generator; where neither has a generator it does: ``generator="global", drawn=2,
    between=2``.

    Parameters
    ----------
    n : int
        How many points.
    epochs : int
        How often the sampler is run through, each time to its end.
    seed : int
        Of the generator, as in `torch_dataloader`.
    generator : {"own", "global"}, default "own"
        "own": handed to the sampler. "global": not, after ``torch.manual_seed(seed)``.
    drawn : int, default 0
        How many 32-bit numbers were taken from that generator before.
    between : int or sequence of int, default 0
        How many were taken between one epoch and the next, as in `torch_dataloader`.
    replacement : bool, default False
        As in the sampler: every point is drawn for itself.
    num_samples : int, optional
        As in the sampler: so many points an epoch, more than n or fewer; n by default. Without
        replacement these are whole permutations, and the first points of another one.

    Returns
    -------
    ndarray of int64 [epochs, num_samples]
        For ``simopt.run(..., order=)``; with replacement, or another number of samples than n, also
        ``shuffle="replacement"``.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.torch_sampler(4, 3, seed=42).tolist()
    [[2, 3, 0, 1], [0, 3, 2, 1], [2, 1, 3, 0]]
    >>> orders.torch_sampler(4, 2, seed=42, num_samples=6).tolist()
    [[2, 3, 0, 1, 2, 1], [0, 3, 2, 1, 1, 2]]
    """
    n, epochs, samples = arguments.sampled(n, epochs, num_samples)
    given = (seed, generator, drawn, between)
    if checks.flag("replacement", replacement):
        return _draws(n, epochs, *given, samples=samples)
    return _orders(n, epochs, *given, base_seeds=0, samples=samples)


def torch_randperm(
    n: int, epochs: int, seed: int, *, drawn: int = 0, between: int | Sequence[int] = 0
) -> Order:
    """Successive calls of ``torch.randperm(n)``, as in a hand-written training loop.

    This is the order of::

        own = torch.Generator().manual_seed(seed)
        visited = [torch.randperm(n, generator=own).tolist() for _ in range(epochs)]

    and of SubsetRandomSampler with such a generator, as places in its indices; for both without
    one, after ``torch.manual_seed(seed)``. A DataLoader around a SubsetRandomSampler without
    generators takes a base seed before every epoch: ``drawn=2, between=2``.

    Parameters
    ----------
    n : int
        How many points.
    epochs : int
        How many calls.
    seed : int
        Of the generator, as in `torch_dataloader`.
    drawn : int, default 0
        How many 32-bit numbers were taken from it before.
    between : int or sequence of int, default 0
        How many were taken between one call and the next.

    Returns
    -------
    ndarray of int64 [epochs, n]

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.torch_randperm(4, 3, seed=42).tolist()
    [[2, 3, 0, 1], [2, 1, 3, 0], [0, 3, 2, 1]]
    """
    n, epochs = arguments.size(n, epochs)
    result = np.empty((epochs, n), dtype=np.int64)
    for row, (bits, _) in zip(result, sources(epochs, seed, "own", drawn, between), strict=True):
        row[:] = randperm(bits, n)
    return result


def sources(
    epochs: int, seed: Any, generator: Any, drawn: Any, between: Any, base_seeds: int = 0
) -> Iterator[tuple[np.random.MT19937, bool]]:
    """For each epoch the generator of a sampler, and whether it is one that was handed over.

    It stands where the epoch begins: a base seed is drawn before each of the first few.
    """
    own = checks.choice("generator", generator, GENERATORS) == "own"
    bits = twister(_seed(seed), arguments.drawn(drawn))
    for epoch, gap in enumerate(arguments.between(between, epochs)):
        bits.random_raw(gap, output=False)
        if epoch < base_seeds:
            bits.random_raw(SEED, output=False)
        yield bits, own


def reseeded(bits: np.random.MT19937, own: bool = False) -> np.random.MT19937:
    """A sampler's generator: where it has none it makes one, with a seed that it draws."""
    return bits if own else twister(int(bits.random_raw(SEED)[-1]))


def _orders(
    n: int,
    epochs: int,
    seed: Any,
    generator: Any,
    drawn: Any,
    between: Any,
    *,
    base_seeds: int,
    samples: int,
) -> Order:
    """RandomSampler's orders: whole permutations, and the head of another, drawn if it is empty."""
    result = np.empty((epochs, samples), dtype=np.int64)
    given = sources(epochs, seed, generator, drawn, between, base_seeds)
    for row, (bits, own) in zip(result, given, strict=True):
        source = reseeded(bits, own)
        for start in range(0, samples // n * n, n):
            row[start : start + n] = randperm(source, n)
        left = samples % n
        if left:
            row[samples - left :] = randperm(source, n)[:left]
        elif own:
            source.random_raw(n - 1, output=False)
    return result


def _draws(
    n: int, epochs: int, seed: Any, generator: Any, drawn: Any, between: Any, *, samples: int
) -> Order:
    """RandomSampler's draws with replacement: ``randint(n)``, one after the other."""
    given = sources(epochs, seed, generator, drawn, between)
    rows = [reseeded(bits, own).random_raw(samples) % n for bits, own in given]
    return np.array(rows, dtype=np.int64)


def _seed(value: Any) -> int:
    return checks.whole("seed", value, -(2**63), 2**64 - 1)
