"""Keras' orders: Model.fit on arrays and on a PyDataset."""

from __future__ import annotations

import random

import numpy as np

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import LOW, Order, permutation, philox, randperm, twister
from simopt.training.orders.pytorch import SEED, reseeded

BACKENDS = ("tensorflow", "jax", "torch")


def keras_fit(
    n: int,
    epochs: int,
    seed: int,
    *,
    backend: str,
    compiled: bool = True,
    validated: bool = False,
    drawn: int = 0,
) -> Order:
    """The order of Keras 3's ``Model.fit`` on arrays with ``shuffle=True``, which is its default.

    This is the order of::

        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((d,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(eta), "mse")
        model.fit(x, y, batch_size=batch_size, epochs=epochs)

    Parameters
    ----------
    n : int
        How many points fit trains on, without those that ``validation_split`` takes off.
    epochs : int
        As in fit.
    seed : int
        As in ``keras.utils.set_random_seed``, from 0 to 2^32 - 1.
    backend : {"tensorflow", "jax", "torch"}
        What Keras runs on: ``keras.backend.backend()``.
    compiled : bool, default True
        Whether this is the first fit since ``model.compile``, which draws a first batch to build
        the metrics from. False for a second fit after a new ``set_random_seed``.
    validated : bool, default False
        Whether fit also gets validation data, and looks at them every epoch: on the torch backend
        each look draws, too.
    drawn : int, default 0
        How many 32-bit numbers the program took, between ``set_random_seed`` and fit, from the
        generator that shuffles: NumPy's global one (jax) or PyTorch's (torch). Layers and their
        initialisers take none. On TensorFlow it does not matter.

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
    On TensorFlow a seed makes **every epoch the same**: the shuffle sits in a tf.data pipeline that
    starts anew each epoch, and its generator with it. Without a seed it reshuffles. There
    ``tf.random.set_seed(seed)`` gives the same order as ``keras.utils.set_random_seed``; on the two
    other backends it has no effect on the order, which ``np.random.seed(seed)`` (jax) or
    ``torch.manual_seed(seed)`` (torch) fixes as well.

    In float64 a fit replays to 1e-12 where Keras computes in float64, which it does not everywhere.
    On JAX ``"mse"`` takes the mean of a batch in float32, which shows in the eighth place unless
    the batch size is a power of 2; on PyTorch Dense multiplies in float32, too; on TensorFlow
    momentum, and the betas in Adam's bias correction, are rounded to float32.

    ``steps_per_epoch`` and ``shuffle="batch"`` are not covered. Other data come in their own order:
    see `tf_data`, `torch_dataloader` and `keras_pydataset`.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.keras_fit(5, 3, seed=42, backend="jax").tolist()
    [[3, 1, 2, 0, 4], [1, 0, 3, 4, 2], [0, 1, 2, 3, 4]]
    >>> orders.keras_fit(5, 3, seed=42, backend="tensorflow").tolist()
    [[3, 4, 2, 1, 0], [3, 4, 2, 1, 0], [3, 4, 2, 1, 0]]
    """
    n, epochs = arguments.size(n, epochs)
    seed = arguments.seed("seed", seed)
    checks.choice("backend", backend, BACKENDS)
    checks.flag("compiled", compiled)
    checks.flag("validated", validated)
    bits = twister(seed, arguments.drawn(drawn))
    if backend == "tensorflow":
        return np.tile(_tensorflow(n, seed), (epochs, 1))
    if backend == "jax":
        random = np.random.RandomState(bits)
        shuffled = [random.permutation(n) for _ in range(compiled + epochs)]
        return np.array(shuffled[compiled:], dtype=np.int64)
    return np.array(_torch(bits, n, epochs, compiled, validated))


def keras_pydataset(
    n: int, epochs: int, seed: int, *, batch_size: int = 1, backend: str, compiled: bool = True
) -> Order:
    """The order of Keras 3's ``Model.fit`` on a PyDataset, whose batches it shuffles.

    This is the order of::

        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((d,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(eta), "mse")
        model.fit(dataset, epochs=epochs)

    where ``dataset[k]`` has the points ``k * batch_size`` to ``(k + 1) * batch_size - 1``.

    Parameters
    ----------
    n : int
        How many points, a multiple of the batch size.
    epochs : int
        As in fit.
    seed : int
        As in ``keras.utils.set_random_seed``, or ``random.seed``, from 0 to 2^32 - 1.
    batch_size : int, default 1
        The points of one item of the dataset.
    backend : {"tensorflow", "jax", "torch"}
        What Keras runs on: ``keras.backend.backend()``.
    compiled : bool, default True
        Whether this is the first fit since ``model.compile``, which on JAX and PyTorch shuffles
        once for nothing, as it looks at a first batch.

    Returns
    -------
    ndarray of int64 [epochs, n]
        For ``simopt.run(..., order=, batch_size=)``.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    Python's ``random`` shuffles the numbers of the batches, anew in every epoch, by default, though
    fit documents its ``shuffle`` as ignored here. Points stay with the batch that they are in, one
    behind the other. What the program took from ``random`` between seed and fit, in
    ``dataset[k]`` too, shifts the order.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.keras_pydataset(6, 2, seed=42, batch_size=2, backend="tensorflow").tolist()
    [[2, 3, 0, 1, 4, 5], [4, 5, 2, 3, 0, 1]]
    """
    n, epochs = arguments.size(n, epochs)
    numbers = random.Random(arguments.seed("seed", seed))
    size = checks.whole("batch_size", batch_size, 1)
    if n % size:
        raise checks.refuse("batch_size", size, f"a divisor of n={n}")
    checks.choice("backend", backend, BACKENDS)
    looks = checks.flag("compiled", compiled) and backend != "tensorflow"
    batches = []
    for _ in range(looks + epochs):
        every = list(range(n // size))
        numbers.shuffle(every)
        batches.append(every)
    first = np.array(batches[looks:], dtype=np.int64)[..., None] * size
    return (first + np.arange(size)).reshape(epochs, n)


def _tensorflow(n: int, seed: int) -> Order:
    """tf.random.shuffle as the first random operation of a function, after tf.random.set_seed."""
    key = seed % (2**31 - 1)
    # The operation's own number, 0, is the other half of the seed; two zeros would mean "no seed".
    own = 0 if key else 2**31 - 1
    return permutation(philox(key & LOW, own, n - 1))


def _torch(
    bits: np.random.MT19937, n: int, epochs: int, compiled: bool, validated: bool
) -> list[Order]:
    """Orders of DataLoaders on PyTorch's global generator, including unused ones."""
    if compiled:
        bits.random_raw(2 * SEED, output=False)  # a loader, and an order of which one batch is used
    result = []
    for _ in range(epochs):
        bits.random_raw(SEED, output=False)
        result.append(randperm(reseeded(bits), n))
        # A loader for the epoch to come, replaced by a new one when it does; two for a validation.
        bits.random_raw((3 if validated else 1) * SEED, output=False)
    return result
