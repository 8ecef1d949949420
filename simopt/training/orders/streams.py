"""Orders of streams shuffled through a buffer: tf.data, Hugging Face's datasets, WebDataset."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import LOW, Order, philox

#: TensorFlow's modulus of seeds, and what it takes for a global seed where none is set.
MODULUS = 2**31 - 1
DEFAULT_SEED = 87654321


def tf_data(
    n: int,
    epochs: int,
    seed: int | None = None,
    *,
    buffer_size: int,
    global_seed: int | None = None,
    reshuffle_each_iteration: bool = True,
    operations: int = 0,
) -> Order:
    """The order of a tf.data pipeline with ``shuffle``, pass after pass.

    This is the order of::

        tf.random.set_seed(global_seed)
        stream = tf.data.Dataset.range(n).shuffle(buffer_size, seed=seed)
        visited = [[int(i) for i in stream] for _ in range(epochs)]

    and of ``stream.repeat(epochs)``, and of Keras' ``fit(stream.batch(batch_size))``, which
    iterates over the pipeline once each epoch.

    Parameters
    ----------
    n : int
        How many elements enter the buffer in a pass.
    epochs : int
        How many passes, each to its end.
    seed : int, optional
        Of ``shuffle``, from 0 to 2^63 - 1. One of the two seeds is needed.
    buffer_size : int
        As in ``shuffle``; n or more shuffles all.
    global_seed : int, optional
        As in ``tf.random.set_seed`` or ``keras.utils.set_random_seed``, from 0 to 2^63 - 1.
    reshuffle_each_iteration : bool, default True
        As in ``shuffle``, whose default it is: another order in every pass. False: always the same.
    operations : int, default 0
        Without ``seed``: how many operations, of tf.data or tf.random, took a seed of their own
        since ``tf.random.set_seed``, before ``shuffle`` was called.

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
    The buffer holds the next ``buffer_size`` elements. Of those held, one is picked, with the next
    number of Philox 4x32-10 modulo how many there are, and handed out; the first held takes its
    place, and the next element comes in behind the last. So element i comes out at place
    i - buffer_size + 1 at the earliest, and sorted data stay nearly sorted with a small buffer.
    The generator's key and counter are the two seeds modulo 2^31 - 1; or, reshuffled, two numbers
    that a generator seeded so gives for every pass.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.tf_data(6, 2, 42, buffer_size=4).tolist()
    [[1, 4, 2, 0, 5, 3], [3, 4, 2, 1, 0, 5]]
    """
    n, epochs = arguments.size(n, epochs)
    size = checks.whole("buffer_size", buffer_size, 1)
    again = checks.flag("reshuffle_each_iteration", reshuffle_each_iteration)
    operations = checks.whole("operations", operations, 0, arguments.MOST_POINTS)
    if seed is None and global_seed is None:
        allowed = "a whole number where global_seed is none: TensorFlow's own are random"
        raise checks.refuse("seed", seed, allowed)
    key, counter = DEFAULT_SEED, 0
    if global_seed is not None:
        key = checks.whole("global_seed", global_seed, 0, 2**63 - 1)
    if seed is not None:
        counter = checks.whole("seed", seed, 0, 2**63 - 1)
    else:
        own = random.Random(key)
        for _ in range(operations + 1):
            counter = own.randint(0, MODULUS)
    key, counter = key % MODULUS, counter % MODULUS
    # Two zeros would mean "no seed".
    pair = (key, counter if key or counter else MODULUS)
    seeds = philox(*pair, 2 * epochs).reshape(epochs, 2).tolist() if again else [pair] * epochs
    return np.array([_buffered(n, size, *each) for each in seeds])


def _buffered(n: int, size: int, low: int, high: int) -> Order:
    """One pass through tf.data's buffer."""
    size = min(size, n)
    held = np.minimum(size, n - np.arange(n)).astype(np.uint64)
    picks = (philox(low & LOW, high & LOW, n) % held).tolist()
    line = list(range(n))
    for first, pick in enumerate(picks):
        # What was handed out leaves the line at its head: swapped there, it is the order.
        line[first], line[first + pick] = line[first + pick], line[first]
    return np.array(line, dtype=np.int64)


def datasets_stream(n: int, epochs: int, seed: int, *, buffer_size: int = 1000) -> Order:
    """The order of a streamed dataset of Hugging Face's datasets, with ``set_epoch`` every epoch.

    This is the order of::

        stream = dataset.to_iterable_dataset().shuffle(seed=seed, buffer_size=buffer_size)
        visited = []
        for epoch in range(epochs):
            stream.set_epoch(epoch)
            visited.append([row["i"] for row in stream])

    Parameters
    ----------
    n : int
        How many rows the dataset has, in one shard.
    epochs : int
        How many passes. Without ``set_epoch`` all are as the first.
    seed : int
        As in ``shuffle``, from 0 to 2^32 - 1.
    buffer_size : int, default 1000
        As in ``shuffle``.

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
    Not one for one, as in tf.data: once the buffer is full, its elements are permuted, half of
    them are handed out, and the others wait for the next time. Of several shards the rows come in
    turn, which is not covered. A dataset that is not streamed, ``Dataset.shuffle(seed=seed)``, has
    the order ``numpy.random.default_rng(seed).permutation(n)``.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.datasets_stream(6, 3, 42, buffer_size=4).tolist()
    [[3, 2, 5, 4, 1, 0], [3, 2, 5, 4, 1, 0], [2, 1, 3, 0, 4, 5]]
    """
    n, epochs = arguments.size(n, epochs)
    seed = arguments.seed("seed", seed)
    size = checks.whole("buffer_size", buffer_size, 1)
    result = np.empty((epochs, n), dtype=np.int64)
    for epoch in range(epochs):
        numbers = np.random.default_rng(seed)
        if epoch:
            numbers = np.random.default_rng(int(numbers.integers(0, 2**63)) - epoch)
        result[epoch] = _in_halves(n, size, numbers.permutation)
    return result


def _in_halves(n: int, size: int, permute: Callable[[int], Order]) -> Order:
    """One pass through a buffer that hands out half of itself when it is full."""
    parts: list[Order] = []
    waiting, read = np.empty(0, np.int64), 0
    while len(waiting) + n - read >= size:
        come = read + size - len(waiting)
        held = np.append(waiting, np.arange(read, come))
        held, read = held[permute(size)], come
        parts.append(held[: size - size // 2])
        waiting = held[size - size // 2 :]
    rest = np.append(waiting, np.arange(read, n))
    return np.concatenate([*parts, rest[permute(len(rest))]])


def webdataset_shuffle(
    n: int,
    epochs: int,
    seed: int = 0,
    *,
    bufsize: int = 1000,
    initial: int = 100,
    deterministic: bool = False,
) -> Order:
    """The order of a WebDataset stream with ``shuffle`` and a seed, pass after pass.

    This is the order of::

        stream = webdataset.DataPipeline(
            webdataset.SimpleShardList([str(i) for i in range(n)]),
            webdataset.shuffle(bufsize, initial=initial, seed=seed),
        )
        visited = [[int(row["url"]) for row in stream] for _ in range(epochs)]

    Parameters
    ----------
    n : int
        How many samples pass.
    epochs : int
        How many passes, each to its end.
    seed : int, default 0
        As in ``shuffle``, from 0 to 2^32 - 1.
    bufsize, initial : int, default 1000 and 100
        As in ``shuffle``: how many samples the buffer holds, and with how many it begins.
    deterministic : bool, default False
        Whether it is ``webdataset.filters.detshuffle``, whose pass e, from 0, has seed + e; every
        pass of ``shuffle`` is as the first.

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
    Until the buffer is full two samples come in for one that goes out; the last takes the place of
    what went out. Without a seed the order is that of the process number and the time, and
    ``random.seed`` does nothing.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.webdataset_shuffle(6, 2, 42, bufsize=4, initial=2).tolist()
    [[0, 1, 4, 3, 5, 2], [0, 1, 4, 3, 5, 2]]
    """
    n, epochs = arguments.size(n, epochs)
    seed = arguments.seed("seed", seed)
    size = checks.whole("bufsize", bufsize, 1)
    begin = min(checks.whole("initial", initial, 1), size)
    again = checks.flag("deterministic", deterministic)
    if not again:
        return np.tile(_in_pairs(n, size, begin, random.Random(seed)), (epochs, 1))
    return np.array([_in_pairs(n, size, begin, random.Random(seed + e)) for e in range(epochs)])


def _in_pairs(n: int, size: int, begin: int, numbers: random.Random) -> Order:
    """One pass through WebDataset's buffer."""
    held: list[int] = []
    visited: list[int] = []
    read = 0
    while read < n or held:
        if read < n:
            come = min(n, read + 1 + (len(held) + 1 < size))
            held += range(read, come)
            read = come
            if len(held) < begin:
                continue
        pick = numbers.randint(0, len(held) - 1)
        visited.append(held[pick])
        held[pick] = held[-1]
        held.pop()
    return np.array(visited, dtype=np.int64)
