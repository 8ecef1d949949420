"""Call a function of many items on the user's workers: an executor, a Dask cluster, Ray.

Nothing here knows what is computed. At most a few items a worker are on their way at any time, so
that memory stays flat however many there are. `sending` has what all items share; `executors`,
`dask` and `ray` have a record each of what differs (`kind`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any

from simopt.ground import checks
from simopt.sweeps.clients import dask, executors, kind, ray
from simopt.sweeps.clients.kind import Kind, Line
from simopt.sweeps.clients.sending import Missing, call

#: Dask's own executor is one of `concurrent.futures` too: the surer before the less sure.
KINDS = (dask.KIND, ray.KIND, executors.KIND)

ALLOWED = (
    "a concurrent.futures.Executor, a Dask Client that is not asynchronous, "
    "or the module ray after ray.init()"
)

#: After so many looks without a worker, `kind.PATIENCE` apart, a warning says so.
LONELY = 30


class WorkerLost(RuntimeError):
    """Workers were killed, and their executor cannot go on."""


def _kind_of(client: Any) -> Kind:
    """The kind of a client that can be used."""
    for each in KINDS:
        if each.recognises(client) and each.is_usable(client):
            return each
    raise checks.refuse("client", client, ALLOWED)


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
    _kind_of(client)
    return client


def workers(client: Any) -> int:
    """How many items the client works on at once; at least 1, even where no worker came up yet."""
    return max(1, _kind_of(client).count(client))


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
    line = _kind_of(client).line(client, function, shared)
    return _completed(client, line, iter(items), ahead)


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
        if (own := ray.unwrapped(error)) is not error:
            raise own from error
        raise
    finally:
        if running:
            with suppress(Exception):  # the cluster may be gone
                line.cancel(list(running))


def _some(finished: SimpleQueue[Any]) -> list[Any]:
    """What is in a queue, or what comes next; nothing if that takes too long."""
    some: list[Any] = []
    with suppress(Empty):
        # With a timeout, for without one Ctrl-C is not heard everywhere.
        some.append(finished.get(timeout=kind.PATIENCE))
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
    chosen = _kind_of(client)
    begin = chosen.starts(client, function, shared)
    if not begin:
        return
    # Waiting as for all other work: where no worker comes, or all are lost, it is said.
    line = replace(chosen.line(client, call, None), submit=lambda start, _: start())
    for _ in _completed(client, line, iter(begin), len(begin)):
        pass


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
