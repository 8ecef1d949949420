"""What reads a trajectory's curve while it is being made, so that a sweep needs not keep it.

A reader lives in a room above this one, and is told of here by its path alone: `simopt` names them
when it is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reader:
    """A column that is read off curves.

    Attributes
    ----------
    labels : tuple of str
        What its codes mean; a code counts from 0.
    reading : callable
        Of a job and what computes a task: a function that computes it and returns the codes.
    """

    labels: tuple[str, ...]
    reading: Callable[..., Any]


#: Column to "module:name" of its `Reader`.
PATHS: dict[str, str] = {}


def reader(column: str) -> Reader:
    """The reader of a column, imported when first asked for."""
    module, name = PATHS[column].split(":")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Reader)
    return found
