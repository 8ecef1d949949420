"""Executors of `concurrent.futures`, and whatever has their interface."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

from simopt.sweeps.clients.kind import Called, Kind, Line
from simopt.sweeps.clients.sending import call, pack


def recognises(client: Any) -> bool:
    """Whether it is an executor."""
    return isinstance(client, Executor)


def count(client: Any) -> int:
    """The workers of a pool; of any other executor as many as this host has cores."""
    return getattr(client, "_max_workers", None) or os.cpu_count() or 1


def line(client: Any, function: Called, shared: Any) -> Line:
    """Threads have what is shared already; to others it is sent."""
    workers = partial(count, client)
    if isinstance(client, ThreadPoolExecutor):
        return Line(lambda item, _: client.submit(function, shared, item), workers)
    packed = pack(client, shared)

    def submit(item: Any, whole: bool) -> Any:
        return client.submit(call, function, packed if whole else packed.light, item)

    return Line(submit, workers)


def starts(client: Any, function: Callable[[Any], Any], shared: Any) -> list[Callable[[], Any]]:
    """Pools are on this host; any other executor calls once, on any worker."""
    if isinstance(client, (ThreadPoolExecutor, ProcessPoolExecutor)):
        return []
    return [partial(client.submit, call, function, pack(client, shared))]


KIND = Kind(recognises, recognises, count, line, starts)
