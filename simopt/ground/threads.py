"""How many threads to run on."""

from __future__ import annotations

import os

from simopt.ground import checks


def how_many(asked: int | None) -> int:
    """As many as asked for; else NUMBA_NUM_THREADS if set, else one for each core there is."""
    if asked is not None:
        return checks.whole("threads", asked, 1)
    if "NUMBA_NUM_THREADS" in os.environ:
        return checks.whole("NUMBA_NUM_THREADS", int(os.environ["NUMBA_NUM_THREADS"]), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
