"""Ray, by its module or by what ``ray.init`` returned."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from simopt.sweeps.clients.kind import Called, Kind, Line, now_and_then, origin
from simopt.sweeps.clients.sending import call, pack


def recognises(client: Any) -> bool:
    """Whether it is the module, or a context."""
    if isinstance(client, ModuleType):
        return client.__name__ == "ray"
    package, name = origin(type(client))
    return package == "ray" and name in ("RayContext", "ClientContext")


def _module() -> Any:
    return sys.modules["ray"]


def is_usable(client: Any) -> bool:
    """Whether ``ray.init`` was called."""
    return bool(_module().is_initialized())


def count(client: Any) -> int:
    """The cores of all nodes."""
    return int(_module().cluster_resources().get("CPU", 0))


def line(client: Any, function: Called, shared: Any) -> Line:
    """Ray has its own way to send once what is shared."""
    ray = _module()
    there, remote = ray.put(pack(client, shared)), ray.remote(call)
    references: dict[Any, Any] = {}

    def submit(item: Any, whole: bool) -> Any:
        reference = remote.remote(function, there, item)
        future = reference.future()
        references[future] = reference
        future.add_done_callback(references.pop)
        return future

    def cancel(futures: list[Any]) -> None:
        for future in futures:
            if (reference := references.get(future)) is not None:
                ray.cancel(reference)

    return Line(submit, now_and_then(partial(count, client)), cancel)


def starts(client: Any, function: Callable[[Any], Any], shared: Any) -> list[Callable[[], Any]]:
    """On every node."""
    ray, packed = _module(), pack(client, shared)
    strategies = importlib.import_module("ray.util.scheduling_strategies")

    def start(node: str) -> Any:
        strategy = strategies.NodeAffinitySchedulingStrategy(node, soft=True)
        remote = ray.remote(call).options(scheduling_strategy=strategy)
        return remote.remote(function, packed).future()

    return [partial(start, node["NodeID"]) for node in ray.nodes() if node["Alive"]]


def unwrapped(error: Exception) -> Exception:
    """What the function raised, without Ray's wrapping."""
    cause = getattr(error, "cause", None) if origin(type(error))[0] == "ray" else None
    return cause if isinstance(cause, Exception) else error


KIND = Kind(recognises, is_usable, count, line, starts)
