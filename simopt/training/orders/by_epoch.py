"""Orders of samplers that seed a generator anew for every epoch, with seed + epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import Order, randperm, twister


def hf_trainer(n: int, epochs: int, seed: int = 42, *, data_seed: int | None = None) -> Order:
    """The order of the Trainer of Hugging Face's transformers, epoch after epoch.

    This is the order of::

        arguments = TrainingArguments(folder, seed=seed, num_train_epochs=epochs)
        Trainer(model, arguments, train_dataset=dataset).train()

    and of Accelerate's ``DataLoaderConfiguration(use_seedable_sampler=True)``.

    Parameters
    ----------
    n : int
        How many points the dataset has.
    epochs : int
        ``num_train_epochs``.
    seed : int, default 42
        ``TrainingArguments.seed``, from 0 to 2^32 - 1. A ``torch.manual_seed`` between the Trainer
        and ``train()`` takes its place. Of Accelerate's sampler ``data_seed``.
    data_seed : int, optional
        ``TrainingArguments.data_seed``: the order's own seed.

    Returns
    -------
    ndarray of int64 [epochs, n]
        For ``simopt.run(..., order=)``, with as batch size what one update takes: the batch size of
        a device, times devices, times ``gradient_accumulation_steps``. So it is in the Trainer;
        Lightning and a loop of Accelerate's divide the last update of an epoch by the whole number
        too, so that it falls short where the batches don't divide.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    Epoch e, from 0, is ``torch.randperm(n)`` from a new generator with seed + e: so seeds 42 and 43
    share all orders but one. Dropout, workers and evaluations don't change it. A run resumed from
    a checkpoint goes on in the same order. On several devices Accelerate fills the last round of
    batches up with the first points of the epoch; where n is a multiple of what one update takes
    there is nothing to fill. ``train_sampling_strategy="group_by_length"`` and
    ``use_seedable_sampler=False`` are other orders, the latter that of `torch_dataloader` with
    ``generator="global"``.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.hf_trainer(4, 3, seed=42).tolist()
    [[2, 3, 0, 1], [0, 1, 3, 2], [0, 3, 1, 2]]
    """
    n, epochs = arguments.size(n, epochs)
    first = arguments.seed("seed", seed)
    if data_seed is not None:
        first = arguments.seed("data_seed", data_seed)
    return _permutations(n, epochs, first)


def torch_distributed(
    n: int,
    epochs: int,
    seed: int = 0,
    *,
    world: int,
    rank: int | None = None,
    drop_last: bool = False,
) -> Order:
    """The order of PyTorch's DistributedSampler, with ``set_epoch`` before every epoch.

    This is the order of::

        sampler = torch.utils.data.DistributedSampler(
            range(n), num_replicas=world, rank=rank, seed=seed, drop_last=drop_last
        )
        visited = []
        for epoch in range(epochs):
            sampler.set_epoch(epoch)
            visited.append(list(sampler))

    Parameters
    ----------
    n : int
        How many points the dataset has.
    epochs : int
        How many.
    seed : int, default 0
        As in the sampler, from 0 to 2^32 - 1.
    world : int
        The number of processes, ``num_replicas``.
    rank : int, optional
        One process, from 0 to world - 1. None: all of them, as their updates take the points, so
        that a run with ``batch_size = world * (that of one process)`` replays the training of
        DistributedDataParallel.
    drop_last : bool, default False
        As in the sampler: leave out the points that do not go round. By default the first points of
        the epoch come again, until every process has as many.

    Returns
    -------
    ndarray of int64 [epochs, m]
        m is ceil(n / world) for one process, or floor with ``drop_last``, and world times that for
        all. For ``simopt.run(..., order=)``, with ``shuffle="replacement"`` where m is not n.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    Epoch e, from 0, is ``torch.randperm(n)`` from a new generator with seed + e; process r takes
    places r, r + world, r + 2 world and so on. Without ``set_epoch`` every epoch is the first.
    Lightning hands the sampler the seed of ``seed_everything``, or 0, on several devices, and then
    ignores a generator of the DataLoader's own.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.torch_distributed(5, 2, world=2).tolist()
    [[4, 0, 1, 3, 2, 4], [0, 4, 2, 3, 1, 0]]
    >>> orders.torch_distributed(5, 2, world=2, rank=1).tolist()
    [[0, 3, 4], [4, 3, 0]]
    """
    return _dealt(n, epochs, seed, 1, world, rank, drop_last)


def accelerate_batches(
    n: int,
    epochs: int,
    seed: int = 42,
    *,
    batch_size: int,
    world: int,
    rank: int | None = None,
    drop_last: bool = False,
) -> Order:
    """The order of Accelerate's loaders on several processes, with ``even_batches``.

    This is the order of::

        sampler = accelerate.data_loader.SeedableRandomSampler(range(n), data_seed=seed)
        batches = torch.utils.data.BatchSampler(sampler, batch_size, drop_last)
        shard = accelerate.data_loader.BatchSamplerShard(batches, world, rank)
        visited = []
        for epoch in range(epochs):
            sampler.set_epoch(epoch)
            visited.append([i for batch in shard for i in batch])

    which ``Accelerator.prepare`` makes of a shuffled DataLoader with ``use_seedable_sampler=True``,
    and the Trainer of transformers on several devices.

    Parameters
    ----------
    n : int
        How many points the dataset has.
    epochs : int
        How many.
    seed : int, default 42
        ``data_seed``, from 0 to 2^32 - 1; the Trainer's ``seed``.
    batch_size : int
        Of one process.
    world : int
        The number of processes.
    rank : int, optional
        One process, from 0 to world - 1. None: all of them, as their updates take the points, so
        that a run with ``batch_size * world`` as batch size replays the training.
    drop_last : bool, default False
        As in the loader: leave out the batches that do not go round.

    Returns
    -------
    ndarray of int64 [epochs, m]
        m is a multiple of the batch size, and for all processes of world times that. For
        ``simopt.run(..., order=)``, with ``shuffle="replacement"`` where m is not n.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    Batches go round the processes; the short one and those that are missing in the last round are
    filled up with the first points of the epoch, from ``world * batch_size`` of them. With
    ``even_batches=False`` processes take different numbers of updates, which no single run is.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.accelerate_batches(5, 2, batch_size=2, world=2).tolist()
    [[2, 4, 3, 0, 1, 2, 4, 3], [3, 1, 4, 2, 0, 3, 1, 4]]
    >>> orders.accelerate_batches(5, 2, batch_size=2, world=2, rank=1).tolist()
    [[3, 0, 4, 3], [4, 2, 1, 4]]
    """
    return _dealt(n, epochs, seed, batch_size, world, rank, drop_last)


def _dealt(
    n: Any, epochs: Any, seed: Any, batch_size: Any, world: Any, rank: Any, drop_last: Any
) -> Order:
    """Batches dealt to processes in turn, and the last round filled up with the first points."""
    n, epochs = arguments.size(n, epochs)
    first = arguments.seed("seed", seed)
    size = checks.whole("batch_size", batch_size, 1, arguments.MOST_POINTS)
    world = checks.whole("world", world, 1, arguments.MOST_POINTS)
    part = slice(None) if rank is None else slice(_rank(rank, world), None, world)
    together = size * world
    rounds = n // together if checks.flag("drop_last", drop_last) else -(-n // together)
    name, value = ("world", world) if world > size else ("batch_size", size)
    arguments.padded(name, value, rounds * together, epochs)
    batches = np.arange(rounds * together).reshape(rounds * world, size)[part] % n
    return _permutations(n, epochs, first)[:, batches.ravel()]


def _rank(value: Any, world: int) -> int:
    """Check the number of a process."""
    rank = checks.whole("rank", value, 0)
    if rank >= world:
        raise checks.refuse("rank", value, f"below world={world}")
    return rank


def _permutations(n: int, epochs: int, seed: int) -> Order:
    result = np.empty((epochs, n), dtype=np.int64)
    for epoch in range(epochs):
        result[epoch] = randperm(twister(seed + epoch), n)
    return result
