"""The number of threads to run on."""

from __future__ import annotations

import os

from simopt.ground import checks


def thread_count(threads: int | None) -> int:
    """``threads``; if None NUMBA_NUM_THREADS where that is set, else the cores this process has."""
    if threads is not None:
        return checks.whole("threads", threads, 1)
    if text := os.environ.get("NUMBA_NUM_THREADS"):
        if not text.isdecimal():
            raise checks.refuse("NUMBA_NUM_THREADS", text, "a whole number >= 1")
        return checks.whole("NUMBA_NUM_THREADS", int(text), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
