"""The engine's kernels as the plain Python that they are compiled from.

Compiling one takes three seconds, and every rule, loss and option has its own; a few updates of a
few lanes take milliseconds without. What a loop computes can be asked of its source: a test marked
``interpreted`` does. What only a compiler can get wrong is held by the others, and by
`tests.device_cases`, which asks every compiled kernel for the bits of plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from simopt.engine import blocks, cpu, layout, tiers

#: A block of two lanes in float64, so that a lane has a neighbour; more would cost alone.
ROW_BYTES = 16

_kernel = cpu.kernel


def kernel(*key: Any) -> Callable[..., None]:
    """What `cpu.kernel` makes, not compiled."""
    return _kernel(*key, layout.lanes(key[3]))


@contextmanager
def interpreting() -> Iterator[None]:
    """Within, every kernel that is asked for is one of these."""
    with (
        mock.patch.object(layout, "ROW_BYTES", ROW_BYTES),
        mock.patch.object(cpu, "kernel", kernel),
        mock.patch.object(blocks, "COMPILED", set()),
        mock.patch.object(blocks, "WHOLE", set()),
        tiers.compiling(),
    ):
        yield
