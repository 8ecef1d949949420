"""JSON that holds settings, as of a model, in place of a curve: shapes, sizes, counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simopt.curves.logs.names import METRIC_VALUES, RUNS, parse, plain
from simopt.curves.logs.nested import FEW_ROWS, KNOWN

#: Names that say of a list that it holds values, though not of what.
VALUES = frozenset((*KNOWN, *METRIC_VALUES, "values", "y", "data", "curve", "series"))

#: How deep a value is looked into.
DEPTH = 6


def are_settings(value: Any) -> bool:
    """Whether the lists of a value are settings: without a name for a loss, and no curve by looks.

    They hold whole numbers alone, or two at most, or stand beside settings that are no lists.

    Examples
    --------
    >>> are_settings({"layers": [32, 16, 6]}), are_settings({"name": 1, "mean": [0.5, 0.4]})
    (True, True)
    >>> are_settings({"it": [2.5, 1.5, 0.5]}), are_settings({"lr": 0.1, "loss": [3, 2, 1]})
    (False, False)
    """
    if not isinstance(value, Mapping) or any(_tells(*each) for each in _parts(value, 0)):
        return False
    lists = [part for _, part, _ in _parts(value, 0) if _is_numeric(part)]
    if not lists:
        return False
    whole = all(x is None or x % 1 == 0 for cells in lists for x in cells)
    beside = any(
        plain(name) not in RUNS and parse(name).kind != "counter"
        for name, part, _ in _parts(value, 0)
        if not isinstance(part, (Mapping, list))
    )
    return whole or beside or max(map(len, lists)) < FEW_ROWS


def _parts(value: Any, depth: int) -> Iterator[tuple[str, Any, int]]:
    """Every named part of a value: its name, itself, and how deep it lies."""
    if depth > DEPTH:
        return
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield str(name), part, depth
            yield from _parts(part, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], (Mapping, list)):
        for part in value:
            yield from _parts(part, depth + 1)


def _tells(name: str, part: Any, depth: int) -> bool:
    """Whether a part says of what it is the values: of a loss also where it is a single one."""
    told = parse(name)
    several, single = isinstance(part, (Mapping, list)), isinstance(part, (int, float))
    if told.kind in ("loss", "error"):
        return several or (single and depth > 0)
    named = told.kind == "higher" or (told.part and not told.stem) or plain(name) in VALUES
    return bool(several and named)


def _is_numeric(part: Any) -> bool:
    return (
        isinstance(part, list)
        and len(part) > 0
        and all(isinstance(x, (int, float, type(None))) for x in part)
        and part != [None] * len(part)
    )
