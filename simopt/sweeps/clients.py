"""Call a function of many items on the user's workers: an executor, a Dask cluster, Ray.

Nothing here knows what is computed. At most a few items a worker are on their way at any time, so
that memory stays flat however many there are. What all of them share goes to a worker process once:
an item names it by its digest, a process that does not have it yet answers so, and is sent the
whole. A new worker, in place of one that was killed, thus gets it as the first ones did.
"""

from __future__ import annotations

import hashlib
import importlib
import math
import os
import pickle
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any

from simopt.ground import checks

ALLOWED = (
    "a concurrent.futures.Executor, a Dask Client that is not asynchronous, "
    "or the module ray after ray.init()"
)

#: Bytes up to which what is shared goes with every item: less than an item costs anyway.
SMALL = 16_384

#: How many shared values a worker process keeps.
KEPT = 4

#: Seconds between two looks at how large a cluster is, and whether it still answers.
PATIENCE = 1.0

#: After that many looks without a worker, a warning says so.
LONELY = 30


class WorkerLost(RuntimeError):
    """Workers were killed, and their executor cannot go on."""


@dataclass(frozen=True)
class Packed:
    """What all items share, pickled; without data, its digest alone, for a worker that has it."""

    digest: str
    data: bytes | None


class Missing:
    """A worker's answer if it does not have what an item shares."""


@dataclass(frozen=True)
class Line:
    """How items reach the workers, and how many there are."""

    #: ``submit(item, whole)``: a future; whole sends what is shared along.
    submit: Callable[[Any, bool], Any]
    cancel: Callable[[list[Any]], None]
    workers: Callable[[], int]
    #: The results of some futures, where all at once are cheaper than one by one.
    fetch: Callable[[list[Any]], dict[Any, Any]] = lambda futures: {}
    is_open: Callable[[], bool] = lambda: True


def check(client: Any) -> Any:
    """A client that `completed` can use.

    Parameters
    ----------
    client : Executor, distributed.Client, or ray
        Any executor of `concurrent.futures` or with its interface; a Dask Client; the module ray,
        or what ``ray.init`` returned.

    Returns
    -------
    object
        The client itself.

    Raises
    ------
    ValueError
        If it is anything else, an asynchronous or closed Dask Client, or ray is not initialised.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from simopt.sweeps import clients
    >>> with ThreadPoolExecutor(2) as pool:
    ...     clients.workers(clients.check(pool))
    2
    """
    allowed = isinstance(client, Executor)
    if _is_dask(client):
        allowed = not client.asynchronous and client.status == "running"
    elif _is_ray(client):
        allowed = bool(sys.modules["ray"].is_initialized())
    if not allowed:
        raise checks.refuse("client", client, ALLOWED)
    return client


def workers(client: Any) -> int:
    """How many items the client works on at once; at least 1, even where no worker came up yet."""
    return max(1, _count(client))


def _count(client: Any) -> int:
    client = _client_of(client)
    count: int
    if _is_dask(client):
        count = sum(client.nthreads().values())
    elif _is_ray(client):
        count = int(sys.modules["ray"].cluster_resources().get("CPU", 0))
    else:
        count = getattr(client, "_max_workers", None) or os.cpu_count() or 1
    return count


def completed(
    client: Any,
    function: Callable[[Any, Any], Any],
    shared: Any,
    items: Iterable[Any],
    *,
    ahead: int = 2,
) -> Generator[tuple[Any, Any], None, None]:
    """Call ``function(shared, item)`` on the client's workers, for every item.

    Parameters
    ----------
    client : Executor, distributed.Client, or ray
        See `check`. It stays open.
    function : callable
        Pure, and found by its name in a module that the workers can import.
    shared : object
        What cloudpickle can pickle: functions of a notebook or script and lambdas travel by their
        code. It goes to each worker process about once.
    items : iterable
        May be endless: an item is taken when a worker is about to need it.
    ahead : int, default 2
        Items on their way for each worker, >= 1.

    Yields
    ------
    (item, result)
        In the order in which they finish. Closing the generator cancels what has not begun and
        forgets the rest.

    Raises
    ------
    ValueError
        If the client is none, or cannot send what is shared to its processes.
    WorkerLost
        If a process pool lost a worker, or a cluster its scheduler or too many workers. Dask and
        Ray do the work of a lost worker again by themselves.
    Exception
        What the function raises, as it is.

    Examples
    --------
    >>> import operator
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from simopt.sweeps import clients
    >>> with ThreadPoolExecutor(2) as pool:
    ...     sorted(clients.completed(pool, operator.mul, 10, range(4)))
    [(0, 0), (1, 10), (2, 20), (3, 30)]
    """
    ahead = checks.whole("ahead", ahead, 1)
    return _completed(client, _line(check(client), function, shared), iter(items), ahead)


def _completed(
    client: Any, line: Line, items: Iterator[Any], ahead: int
) -> Generator[tuple[Any, Any], None, None]:
    finished: SimpleQueue[Any] = SimpleQueue()
    running: dict[Any, Any] = {}
    end = object()
    begun = lonely = 0

    def start(item: Any, whole: bool) -> None:
        future = line.submit(item, whole)
        running[future] = item
        future.add_done_callback(finished.put)

    def fill() -> None:
        nonlocal begun
        count = max(1, line.workers())
        while len(running) < ahead * count and (item := next(items, end)) is not end:
            start(item, whole=begun < count)
            begun += 1

    try:
        fill()
        while running:
            futures = _some(finished)
            if not futures and not line.is_open():
                raise CancelledError
            lonely = 0 if futures or line.workers() else lonely + 1
            if lonely == LONELY:
                warnings.warn(f"client={client!r} has no workers; waiting for some", stacklevel=2)
            fetched = line.fetch(futures)
            for future in futures:
                item = running.pop(future)
                result = fetched.pop(future) if future in fetched else future.result()
                if isinstance(result, Missing):
                    start(item, whole=True)
                    continue
                # Refill before yielding: the caller may be slow.
                fill()
                yield item, result
            fill()
    except Exception as error:
        if (loss := _loss(client, line, error)) is not None:
            raise WorkerLost(loss) from error
        if (own := _own(error)) is not error:
            raise own from error
        raise
    finally:
        if running:
            with suppress(Exception):  # the cluster may be gone
                line.cancel(list(running))


def _own(error: Exception) -> Exception:
    """What the function raised, without Ray's wrapping."""
    cause = getattr(error, "cause", None) if _origin(type(error))[0] == "ray" else None
    return cause if isinstance(cause, Exception) else error


def _some(finished: SimpleQueue[Any]) -> list[Any]:
    """What is in a queue, or what comes next; nothing if that takes too long."""
    some: list[Any] = []
    with suppress(Empty):
        # With a timeout, for without one Ctrl-C is not heard everywhere.
        some.append(finished.get(timeout=PATIENCE))
        while True:
            some.append(finished.get_nowait())
    return some


def prepare(client: Any, function: Callable[[Any], Any], shared: Any) -> None:
    """Call ``function(shared)`` once on every host of the client, before its workers start.

    It compiles, say, what all processes of a host then load from one folder. Threads and a process
    pool are on this host, where the caller has done so already. An executor that is neither calls
    it once, on any worker.

    Parameters
    ----------
    client : Executor, distributed.Client, or ray
        See `check`.
    function, shared
        As in `completed`.

    Raises
    ------
    ValueError, WorkerLost, Exception
        As in `completed`.
    """
    if isinstance(check(client), (ThreadPoolExecutor, ProcessPoolExecutor)):
        return
    packed = _packed(client, shared)
    begin: list[Callable[[], Any]]
    if _is_dask(client):
        # Should the one that was chosen be gone by then, any other will do.
        chosen: list[Any] = _one_per_host(client.run(_place)) or [None]
        begin = [
            partial(
                client.submit,
                _call,
                function,
                packed,
                pure=False,
                workers=each,
                allow_other_workers=bool(each),
            )
            for each in chosen
        ]
    elif _is_ray(client):
        begin = _on_every_node(sys.modules["ray"], function, packed)
    else:
        options = {} if _client_of(client) is client else {"pure": False, **client._kwargs}
        begin = [partial(_client_of(client).submit, _call, function, packed, **options)]
    # Waiting as for all other work: where no worker comes, or all are lost, it is said.
    line = replace(_line(client, _call, shared), submit=lambda start, _: start())
    for _ in _completed(client, line, iter(begin), len(begin)):
        pass


def _one_per_host(places: dict[str, Any]) -> list[str]:
    """Of the workers at the same place the first."""
    found: dict[Any, str] = {}
    for worker, place in sorted(places.items()):
        found.setdefault(place, worker)
    return list(found.values())


def _place() -> tuple[str, str]:
    """Where a process keeps what it compiles: its host and Numba's folder there."""
    return socket.gethostname(), os.environ.get("NUMBA_CACHE_DIR", "")


def _is_dask(client: Any) -> bool:
    # Not by isinstance: distributed is imported where the user did so.
    return any(_origin(kind) == ("distributed", "Client") for kind in type(client).__mro__)


def _is_ray(client: Any) -> bool:
    if isinstance(client, ModuleType):
        return client.__name__ == "ray"
    package, name = _origin(type(client))
    return package == "ray" and name in ("RayContext", "ClientContext")


def _origin(kind: type) -> tuple[str, str]:
    return kind.__module__.partition(".")[0], kind.__name__


def _line(client: Any, function: Callable[[Any, Any], Any], shared: Any) -> Line:
    count = partial(_count, client)
    if isinstance(client, ThreadPoolExecutor):
        return Line(lambda item, _: client.submit(function, shared, item), _cancel_each, count)
    packed = _packed(client, shared)
    if _is_ray(client):
        return _ray_line(sys.modules["ray"], function, packed, count)
    light = packed if len(packed.data or b"") <= SMALL else Packed(packed.digest, None)
    options = {}
    if _origin(type(client))[0] == "distributed":
        # Nothing is gained by a look whether the same was computed before.
        options = {"pure": False, **getattr(client, "_kwargs", {})}
        client = _client_of(client)

    def submit(item: Any, whole: bool) -> Any:
        return client.submit(_call, function, packed if whole else light, item, **options)

    if not options:
        return Line(submit, _cancel_each, count)
    return Line(
        submit,
        client.cancel,
        _now_and_then(count),
        partial(_gathered, client),
        lambda: bool(client.status == "running"),
    )


def _gathered(client: Any, futures: list[Any]) -> dict[Any, Any]:
    """The results of Dask's futures, in one message; none if one of them failed."""
    direct = client.direct_to_workers
    if direct is None and "://127.0.0.1:" in client.scheduler.address:
        direct = True  # workers on this host can be reached, and the bytes travel once
    with suppress(Exception):
        return dict(zip(futures, client.gather(futures, direct=direct), strict=True))
    return {}


def _ray_line(
    ray: Any, function: Callable[[Any, Any], Any], packed: Packed, count: Callable[[], int]
) -> Line:
    """Ray has its own way to send once what is shared."""
    there, call = ray.put(packed), ray.remote(_call)

    def submit(item: Any, whole: bool) -> Any:
        reference = call.remote(function, there, item)
        future = reference.future()
        references[future] = reference
        future.add_done_callback(references.pop)
        return future

    def cancel(futures: list[Any]) -> None:
        for future in futures:
            if (reference := references.get(future)) is not None:
                ray.cancel(reference)

    references: dict[Any, Any] = {}
    return Line(submit, cancel, _now_and_then(count))


def _on_every_node(
    ray: Any, function: Callable[[Any], Any], packed: Packed
) -> list[Callable[[], Any]]:
    def start(node: str) -> Any:
        strategy = strategies.NodeAffinitySchedulingStrategy(node, soft=True)
        call = ray.remote(_call).options(scheduling_strategy=strategy)
        return call.remote(function, packed).future()

    strategies = importlib.import_module("ray.util.scheduling_strategies")
    return [partial(start, node["NodeID"]) for node in ray.nodes() if node["Alive"]]


def _client_of(client: Any) -> Any:
    """The Client behind `Client.get_executor`; any other client is its own."""
    if _origin(type(client)) == ("distributed", "ClientExecutor"):
        return client._client
    return client


def _cancel_each(futures: list[Any]) -> None:
    for future in futures:
        future.cancel()


def _now_and_then(count: Callable[[], int]) -> Callable[[], int]:
    """The count, asked for again after a while: a cluster grows and shrinks."""
    known = [-math.inf, 0]

    def counted() -> int:
        if time.monotonic() - known[0] > PATIENCE:
            with suppress(OSError):  # it does not answer: then nor does the work
                known[1] = count()
            known[0] = time.monotonic()
        return int(known[1])

    return counted


def _packed(client: Any, shared: Any) -> Packed:
    """What is shared, pickled with the code of functions that no import finds, such as lambdas."""
    import cloudpickle  # where threads do the work, it is not needed

    try:
        data = cloudpickle.dumps(shared)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise checks.refuse(
            "client", client, f"able to send what it is to run ({error}); threads need not send it"
        ) from error
    return Packed(hashlib.sha256(data).hexdigest(), data)


#: In a worker: what was unpickled, by its digest, the last used last. A worker may have threads.
_unpacked: dict[str, Any] = {}
_unpacking = threading.Lock()


def _call(function: Callable[..., Any], packed: Packed, *item: Any) -> Any:
    """In a worker: the function's result, or `Missing` if it does not have what is shared."""
    with _unpacking:
        shared = _unpacked.pop(packed.digest, Missing)
        if shared is Missing:
            if packed.data is None:
                return Missing()
            shared = _load(packed.data)
        _unpacked[packed.digest] = shared
        if len(_unpacked) > KEPT:
            del _unpacked[next(iter(_unpacked))]
    return function(shared, *item)


def _load(data: bytes) -> Any:
    try:
        return pickle.loads(data)
    except (AttributeError, ImportError) as error:
        raise ValueError(
            f"client: a worker process cannot import what it is to run ({error}): put the module "
            "where the workers find it, or define the functions in the session or script itself"
        ) from error


def _loss(client: Any, line: Line, error: Exception) -> str | None:
    """What happened to the workers and how to go on, if an error comes of that."""
    if isinstance(error, BrokenExecutor):
        what = (
            "a worker process ended abruptly (killed, perhaps for want of memory); this pool is "
            "broken, and what was not finished is lost. Make a new one"
        )
    elif isinstance(error, CancelledError) or not line.is_open():
        what = (
            "the work was cancelled: the cluster was shut down or restarted, or its scheduler is "
            "gone. Connect to one again"
        )
    elif type(error).__name__ in ("KilledWorker", "WorkerCrashedError", "NodeDiedError"):
        what = f"one piece of work lost worker after worker ({error}). See why, make workers anew"
    else:
        return None
    return f"client={client!r}: {what}; with store=, the same call goes on where this one stopped"
