"""What a kind of client is: how to know one, and how items reach its workers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

#: Seconds between two looks at how large a cluster is, and whether it still answers.
PATIENCE = 1.0

#: What workers call: of what is shared and an item.
Called = Callable[[Any, Any], Any]


def cancel_each(futures: list[Any]) -> None:
    """Cancel futures one by one."""
    for future in futures:
        future.cancel()


@dataclass(frozen=True)
class Line:
    """How items reach the workers, and how many there are."""

    #: ``submit(item, whole)``: a future; whole sends what is shared along.
    submit: Callable[[Any, bool], Any]
    workers: Callable[[], int]
    cancel: Callable[[list[Any]], None] = cancel_each
    #: The results of some futures, where all at once are cheaper than one by one.
    fetch: Callable[[list[Any]], dict[Any, Any]] = lambda futures: {}
    is_open: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Kind:
    """A kind of client."""

    recognises: Callable[[Any], bool]
    is_usable: Callable[[Any], bool]
    #: How many items a client works on at once; 0 where no worker came up yet.
    count: Callable[[Any], int]
    #: ``line(client, function, shared)``.
    line: Callable[[Any, Called, Any], Line]
    #: ``starts(client, function, shared)``: what starts a call on each host, empty where this host
    #: is the only one.
    starts: Callable[[Any, Callable[[Any], Any], Any], list[Callable[[], Any]]]


def origin(kind: type) -> tuple[str, str]:
    """The package and the name of a class: a library is imported where the user did so alone."""
    return kind.__module__.partition(".")[0], kind.__name__


def now_and_then(count: Callable[[], int]) -> Callable[[], int]:
    """The count, asked for again after a while: a cluster grows and shrinks."""
    known = [-math.inf, 0]

    def counted() -> int:
        if time.monotonic() - known[0] > PATIENCE:
            with suppress(OSError):  # it does not answer: then nor does the work
                known[1] = count()
            known[0] = time.monotonic()
        return int(known[1])

    return counted
