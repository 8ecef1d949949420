"""MosaicML streaming's orders: shards shuffled, and samples inside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import Order

ALGORITHMS = ("py1e", "py1s", "naive")

#: Blocks of 0.75 to 1.25 times their size are drawn, whole numbers that float64 has to hold.
MOST_BLOCK = 2**53


def mosaicml_streaming(
    shards: Sequence[int],
    epochs: int,
    shuffle_seed: int = 9176,
    *,
    shuffle_algo: str = "py1e",
    shuffle_block_size: int = 262_144,
) -> Order:
    """The order of MosaicML's StreamingDataset with ``shuffle=True`` and one canonical node.

    This is the order of the samples in::

        dataset = streaming.StreamingDataset(
            local=folder, shuffle=True, shuffle_algo=shuffle_algo, shuffle_seed=shuffle_seed,
            shuffle_block_size=shuffle_block_size, num_canonical_nodes=1, batch_size=batch_size,
        )
        loader = streaming.StreamingDataLoader(dataset, batch_size=batch_size)
        visited = [[i for batch in loader for i in batch["i"]] for _ in range(epochs)]

    Parameters
    ----------
    shards : sequence of int
        How many samples each shard has, in the order of ``index.json``.
    epochs : int
        How many.
    shuffle_seed : int, default 9176
        As in the dataset, from 0 to 2^32 - 1.
    shuffle_algo : {"py1e", "py1s", "naive"}, default "py1e"
        As in the dataset.
    shuffle_block_size : int, default 262144
        As in the dataset, at least 4; of "py1e" alone.

    Returns
    -------
    ndarray of int64 [epochs, n]
        For ``simopt.run(..., order=)``, of n samples in all shards.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    Shards are shuffled once, with the seed, and again every epoch e, from 0, with seed + e, as is
    what is inside them; "py1e" also moves each sample by up to half of what a block, of 0.75 to
    1.25 times its size, is longer than the shard: at most 0.625 block sizes, and not at all where
    the shard is longer. So consecutive seeds share orders of their samples, but for the first
    shuffle. The dataset's own default is not to shuffle.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.mosaicml_streaming([3, 3], 2, shuffle_algo="py1s").tolist()
    [[2, 1, 0, 4, 5, 3], [2, 1, 0, 3, 4, 5]]
    """
    allowed = "the number of samples in each shard"
    given = arguments.sequence("shards", shards, allowed)
    sizes = [checks.whole("shards", size, 1, arguments.MOST_POINTS) for size in given]
    if not 0 < sum(sizes) <= arguments.MOST_POINTS:
        allowed += f", at most {arguments.MOST_POINTS:,} in all"
        raise checks.refuse("shards", shards, allowed)
    n, epochs = arguments.size(sum(sizes), epochs, points="shards")
    seed = arguments.seed("shuffle_seed", shuffle_seed)
    kind = checks.choice("shuffle_algo", shuffle_algo, ALGORITHMS)
    block = checks.whole("shuffle_block_size", shuffle_block_size, 4, MOST_BLOCK)
    ends = np.cumsum(sizes).tolist()
    spans = list(zip([0, *ends[:-1]], ends, strict=True))
    np.random.default_rng(seed).shuffle(spans)
    result = np.empty((epochs, n), dtype=np.int64)
    for epoch in range(epochs):
        numbers = np.random.default_rng(seed + epoch)
        if kind == "naive":
            result[epoch] = numbers.permutation(n)
            continue
        ordered = list(spans)
        numbers.shuffle(ordered)
        parts = [np.arange(*span) for span in ordered]
        for part in parts:
            numbers.shuffle(part)
        visited = np.concatenate(parts)
        if kind == "py1e":
            visited = visited[np.argsort(_shifted(list(map(len, parts)), block, numbers))]
        result[epoch] = visited
    return result


def _shifted(sizes: list[int], block: int, numbers: np.random.Generator) -> NDArray[np.float64]:
    """Where samples come to be: each span is moved within a random block around it."""
    n = sum(sizes)
    places = np.arange(n, dtype=np.float64)
    first = 0
    for size in sizes:
        room = int(numbers.integers(int(0.75 * block), int(1.25 * block)))
        reach = max(0.0, (room - size) / 2)
        low, high = max(-reach, -first), min(reach, n - first - size)
        places[first : first + size] += numbers.uniform(low, high, size)
        first += size
    return places
