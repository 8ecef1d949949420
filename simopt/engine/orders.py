"""The order of the points of one epoch: one for a block of lanes, or one for every lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.training.shuffling import draw, draw_points, drawn, split_seed

#: Numbers of orders that a call of a kernel holds, and of moments: 8 MiB of either, for less time
#: than it takes to make them anew.
HELD = 2**20


def epochs_held(mode, epochs, n):
    """Epochs whose orders are held at once: all, or one, where they are alike or long."""
    return epochs if mode > 1 and epochs * n <= HELD else 1


def fill_order(order, places, mode, seed, epoch, given):
    """The order of one epoch, the same for all lanes; ``places`` has room for as many points."""
    if mode == 3:
        for i in range(len(order)):
            order[i] = given[epoch, i]
    elif mode == 2 or (mode == 1 and epoch == 0):
        shuffle_ahead(order, places, seed, epoch)
    elif mode == 4:
        draw_points(order, seed, epoch)
    elif mode == 0 and epoch == 0:
        for i in range(len(order)):
            order[i] = i


def shuffle_ahead(order, places, seed, epoch):
    """`shuffling.shuffle`, all places being drawn before the first swap: that is packed.

    It takes a third of the time.
    """
    n = len(order)
    first, second = split_seed(seed, epoch)
    for i in range(n):
        order[i] = i
        places[i] = draw(first, second, i)
    for i in range(n - 1, 0, -1):
        j = places[i]
        swapped = order[i]
        order[i] = order[j]
        order[j] = swapped


def fill_own_orders(order, pick, mode, seeds, first, epoch):
    """The shuffled orders of one epoch, one per lane, all lanes drawing together.

    Places are unsigned: one that may be negative counts from the end, which costs a test each.
    """
    n = order.shape[0]
    if mode != 1 or epoch == 0:
        for lane in range(order.shape[1]):
            pick[1, lane], pick[2, lane] = split_seed(seeds[first + lane], epoch)
    if mode == 4:
        for i in range(n):
            for lane in range(order.shape[1]):
                order[i, lane] = drawn(pick[1, lane], pick[2, lane], i, n)
    elif mode == 2 or epoch == 0:
        for i in range(n):
            for lane in range(order.shape[1]):
                order[i, lane] = i
        for i in range(n - 1, 0, -1):
            for lane in range(order.shape[1]):
                pick[0, lane] = draw(pick[1, lane], pick[2, lane], i)
            for lane in range(order.shape[1]):
                j = np.uint64(pick[0, lane])
                swapped = order[i, lane]
                order[i, lane] = order[j, lane]
                order[j, lane] = swapped


NUMERIC: tuple[Callable[..., Any], ...] = (fill_order, shuffle_ahead, fill_own_orders)
