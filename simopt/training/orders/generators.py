"""The libraries' random generators, and the shuffle that all of them use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Order = NDArray[np.int64]
Words = NDArray[Any]  # of uint64

LOW = 0xFFFFFFFF


def twister(seed: int, drawn: int = 0) -> np.random.MT19937:
    """PyTorch's and NumPy's old generator (MT19937), after ``drawn`` of its 32-bit numbers.

    Only the low half of a 64-bit seed counts, as in PyTorch.
    """
    bits = np.random.MT19937(0)
    np.random.RandomState(bits).seed(seed & LOW)
    bits.random_raw(drawn, output=False)
    return bits


def xorshift(state: int) -> Iterator[int]:
    """scikit-learn's generator of 31-bit numbers (Marsaglia 2003); a state of 0 counts as 1."""
    state = state or 1
    while True:
        state ^= (state << 13) & LOW
        state ^= state >> 17
        state ^= (state << 5) & LOW
        yield state & 0x7FFFFFFF


def philox(low: int, high: int, count: int) -> Words:
    """TensorFlow's generator of 32-bit numbers (Philox 4x32-10, Salmon et al. 2011).

    ``low`` is its key, ``high`` the upper half of its counter; the lower half counts fours.
    """
    block: Words = np.arange(-(-count // 4), dtype=np.uint64)
    a, b = block & LOW, block >> 32
    c, d = np.full_like(block, high), np.zeros_like(block)
    first, second = low, 0
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b = (right >> 32) ^ b ^ first, right & LOW
        c, d = (left >> 32) ^ d ^ second, left & LOW
        first, second = (first + 0x9E3779B9) & LOW, (second + 0xBB67AE85) & LOW
    return np.stack([a, b, c, d], axis=1).ravel()[:count]


def threefry(key: tuple[int, int], count: int) -> tuple[Words, Words]:
    """JAX's generator (Threefry 2x32-20, Salmon et al. 2011): two words for each of 0 .. count - 1.

    The number is the counter, its high half first.
    """
    numbers: Words = np.arange(count, dtype=np.uint64)
    keys = (*key, key[0] ^ key[1] ^ 0x1BD11BDA)
    a, b = ((numbers >> 32) + keys[0]) & LOW, (numbers + keys[1]) & LOW
    for group in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            a = (a + b) & LOW
            b = (((b << turn) | (b >> (32 - turn))) & LOW) ^ a
        a = (a + keys[(group + 1) % 3]) & LOW
        b = (b + keys[(group + 2) % 3] + group + 1) & LOW
    return a, b


def randperm(bits: np.random.MT19937, n: int) -> Order:
    """PyTorch's ``torch.randperm(n)``, from n - 1 numbers of a generator."""
    return permutation(bits.random_raw(n - 1))


def permutation(numbers: Words) -> Order:
    """A Fisher-Yates permutation of 0 .. n - 1 from n - 1 random numbers, first position first."""
    n = len(numbers) + 1
    places = np.arange(n - 1, dtype=np.uint64)
    others = places + numbers % (n - places)
    order = list(range(n))
    for i, j in enumerate(others.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)
