"""The time that drawing takes, apart from computing what is drawn."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Stopwatch:
    """Adds up the CPU seconds of a thread that are spent in some functions.

    Attributes
    ----------
    seconds : float
        So far.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> watch.timed(sum)(range(10)), watch.seconds >= 0
    (45, True)
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._running = False

    def timed(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, timed; what it calls of the same stopwatch counts once."""

        @functools.wraps(function)
        def timed(*arguments: P.args, **named: P.kwargs) -> R:
            if self._running:
                return function(*arguments, **named)
            self._running, start = True, time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self._running = False
                self.seconds += time.thread_time() - start

        return timed


#: What makes figures, charts, tables and pages of numbers.
drawing = Stopwatch()
