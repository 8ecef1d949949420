"""A Dask cluster, by its Client or by the executor of that (`Client.get_executor`)."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from simopt.sweeps.clients.kind import Called, Kind, Line, now_and_then, origin
from simopt.sweeps.clients.sending import call, pack


def recognises(client: Any) -> bool:
    """Whether it is a Client, of a subclass too, or its executor."""
    return _is_executor(client) or any(
        origin(kind) == ("distributed", "Client") for kind in type(client).__mro__
    )


def _is_executor(client: Any) -> bool:
    return origin(type(client)) == ("distributed", "ClientExecutor")


def is_usable(client: Any) -> bool:
    """Whether a Client waits for results, and is connected."""
    return _is_executor(client) or (not client.asynchronous and client.status == "running")


def _behind(client: Any) -> tuple[Any, dict[str, Any]]:
    """The Client behind an executor, or itself, and how it submits."""
    # Nothing is gained by a look whether the same was computed before.
    if _is_executor(client):
        return client._client, {"pure": False, **client._kwargs}
    return client, {"pure": False}


def count(client: Any) -> int:
    """The threads of all workers."""
    return sum(_behind(client)[0].nthreads().values())


def line(client: Any, function: Called, shared: Any) -> Line:
    """Results come home in one message where several are done."""
    packed = pack(client, shared)
    workers = now_and_then(partial(count, client))
    client, options = _behind(client)

    def submit(item: Any, whole: bool) -> Any:
        return client.submit(call, function, packed if whole else packed.light, item, **options)

    return Line(
        submit,
        workers,
        client.cancel,
        partial(_gathered, client),
        lambda: bool(client.status == "running"),
    )


def _gathered(client: Any, futures: list[Any]) -> dict[Any, Any]:
    """The results of futures, in one message; none if one of them failed."""
    direct = client.direct_to_workers
    if direct is None and "://127.0.0.1:" in client.scheduler.address:
        direct = True  # workers on this host can be reached, and the bytes travel once
    with suppress(Exception):
        return dict(zip(futures, client.gather(futures, direct=direct), strict=True))
    return {}


def starts(client: Any, function: Callable[[Any], Any], shared: Any) -> list[Callable[[], Any]]:
    """On a worker of every host; by an executor on any one."""
    behind, options = _behind(client)
    submit = partial(behind.submit, call, function, pack(client, shared), **options)
    if _is_executor(client):
        return [submit]
    # One that has just died does not answer; should the one that is chosen be gone by then, any
    # other will do.
    chosen: list[Any] = one_per_host(behind.run(_place, on_error="ignore")) or [None]
    return [partial(submit, workers=each, allow_other_workers=bool(each)) for each in chosen]


def one_per_host(places: dict[str, Any]) -> list[str]:
    """Of the workers at the same place the first."""
    found: dict[Any, str] = {}
    for worker, place in sorted(places.items()):
        found.setdefault(place, worker)
    return list(found.values())


def _place() -> tuple[str, str]:
    """Where a process keeps what it compiles: its host and Numba's folder there."""
    return socket.gethostname(), os.environ.get("NUMBA_CACHE_DIR", "")


KIND = Kind(recognises, is_usable, count, line, starts)
