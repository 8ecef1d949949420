"""The engine's kernels as the plain Python that they are compiled from.

Compiling one takes three seconds, and every rule, loss and option has its own; a few updates of a
few lanes take milliseconds without. What a loop computes can be asked of its source: a test marked
``interpreted`` does. What only a compiler can get wrong is held by the others, and by
`tests.device_cases`, which asks every compiled kernel for the bits of plain Python.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from unittest import mock

import numba
import numpy as np

from simopt.engine import cpu, layout

#: A block of two lanes in float64, so that a lane has a neighbour; more would cost alone.
ROW_BYTES = 16

_make = cpu.kernel.__wrapped__
_one_thread = Lock()


@functools.cache
def kernel(*key: Any) -> Callable[..., None]:
    """What `cpu.kernel` makes, not compiled."""
    # Without compilation indices are checked: a block then has no room to begin later.
    with (
        _one_thread,
        mock.patch.object(numba.config, "DISABLE_JIT", 1),
        mock.patch.object(cpu, "compiled", lambda advance: advance),
    ):
        advance = _make(*key)

    def run(*arguments: Any) -> None:
        # A quotient by zero is no error, as in compiled code.
        with np.errstate(all="ignore"):
            advance(*arguments)

    return run


@contextmanager
def interpreting() -> Iterator[None]:
    """Within, every kernel that is asked for is one of these."""
    with (
        mock.patch.object(layout, "ROW_BYTES", ROW_BYTES),
        mock.patch.object(cpu, "kernel", kernel),
    ):
        yield
