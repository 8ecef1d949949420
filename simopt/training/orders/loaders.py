"""Orders that Python's ``random`` shuffles: fastai's DataLoader, spaCy's training loop."""

from __future__ import annotations

import random

import numpy as np

from simopt.ground import checks
from simopt.training.orders import arguments
from simopt.training.orders.generators import LOW, Order

#: Python draws sample by sample, and seeds a generator a pass: so much takes half an hour.
MOST_SAMPLED = 10**9


def fastai_dataloader(n: int, epochs: int, seed: int, *, made: int = 0, passes: int = 0) -> Order:
    """The order of fastai's DataLoader with ``shuffle=True``, epoch after epoch.

    This is the order of::

        random.seed(seed)
        loader = fastai.data.load.DataLoader(range(n), bs=1, shuffle=True)
        visited = [[int(i) for batch in loader for i in batch] for _ in range(epochs)]

    Parameters
    ----------
    n : int
        How many points the dataset has.
    epochs : int
        How often the loader is run through.
    seed : int
        As in ``random.seed``, or ``fastai.torch_core.set_seed``, from 0 to 2^32 - 1.
    made : int, default 0
        How many other loaders were made after the seed was set and before this one: each takes a
        seed. ``DataLoaders`` make that of training first.
    passes : int, default 0
        How often it was begun before the first epoch: ``one_batch()`` or ``show_batch()`` count,
        which ``Learner.fit`` does not call.

    Returns
    -------
    ndarray of int64 [epochs, n]
        For ``simopt.run(..., order=)``; training loaders drop the last short batch, as
        ``drop_last=True`` does here.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Notes
    -----
    ``torch.manual_seed`` has no effect on it: a loader draws its seed from Python's ``random`` when
    it is made, and each pass the seed of the next. Workers don't change it.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.fastai_dataloader(4, 3, seed=42).tolist()
    [[1, 2, 0, 3], [0, 2, 1, 3], [0, 2, 1, 3]]
    """
    n, epochs = arguments.size(n, epochs)
    numbers = random.Random(arguments.seed("seed", seed))
    for _ in range(checks.whole("made", made, 0, arguments.MOST_POINTS)):
        numbers.randint(0, LOW)
    own = random.Random(numbers.randint(0, LOW))
    # A pass takes its numbers before it draws the seed of the next, so that all are played.
    begun = checks.whole("passes", passes, 0, MOST_SAMPLED // (n + 10))
    result = np.empty((epochs, n), dtype=np.int64)
    for epoch in range(-begun, epochs):
        own = random.Random(own.randint(0, LOW))
        order = own.sample(range(n), n)
        if epoch >= 0:
            result[epoch] = order
    return result


def spacy_training(n: int, epochs: int, seed: int = 0) -> Order:
    """The order of spaCy's training loop, epoch after epoch.

    The order in which ``spacy train`` hands its examples to the batcher, with ``training.seed`` of
    the configuration and its ``training.max_epochs`` 0 or more::

        [training]
        seed = 0
        max_epochs = 0

    Parameters
    ----------
    n : int
        How many examples the training corpus has.
    epochs : int
        How many are wanted.
    seed : int, default 0
        ``training.seed``, from 0 to 2^32 - 1.

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
    Python's ``random`` shuffles a list of the examples in place, so that every epoch shuffles what
    the one before it left. With ``max_epochs = -1`` the corpus comes in its own order, unshuffled;
    batchers don't shuffle. Components that draw from ``random`` themselves shift it.

    Examples
    --------
    >>> from simopt import orders
    >>> orders.spacy_training(4, 3, seed=42).tolist()
    [[2, 1, 3, 0], [0, 3, 2, 1], [3, 1, 2, 0]]
    """
    n, epochs = arguments.size(n, epochs)
    numbers = random.Random(arguments.seed("seed", seed))
    examples = list(range(n))
    result = np.empty((epochs, n), dtype=np.int64)
    for epoch in range(epochs):
        numbers.shuffle(examples)
        result[epoch] = examples
    return result
