"""Several runs in one nested value: by name, or one after the other, each with its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from simopt.curves.logs.choose import DISCRIMINATOR, GENERATOR, REINFORCEMENT
from simopt.curves.logs.names import COUNTERS, RUNS, parse, plain
from simopt.curves.logs.table import Table

#: Names of a model's parts, each with a loss of its own.
ROLES = GENERATOR | DISCRIMINATOR | REINFORCEMENT

#: What counts, and what says of which values something is the sum: neither names a run.
NO_RUNS = frozenset((*COUNTERS, "total", "sum", "all", "mean", "avg", "average"))

#: A run has so many values of its loss or more; fewer are a record.
FEW_ROWS = 3


def are_runs(names: Iterable[str]) -> bool:
    """Whether names can be those of runs: none of a part of the data, a metric, a count, a model.

    Examples
    --------
    >>> are_runs(["sgd", "adam"]), are_runs(["train", "eval"]), are_runs(["epoch_1", "epoch_2"])
    (True, False, False)
    """
    told = [parse(name) for name in names]
    return len(told) > 1 and not any(
        name.part
        or name.kind in ("loss", "error", "higher", "counter")
        or set(name.words) & ROLES
        or set(name.grain) & NO_RUNS
        for name in told
    )


def upright(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Metrics or parts of runs as runs of them: ``{"loss": {"a": [...], "b": [...]}}``."""
    parts = list(value.values())
    if not parts or not all(isinstance(part, Mapping) for part in parts):
        return value
    measured = all(parse(name).kind in ("loss", "error", "higher", "counter") for name in value)
    if not measured and not all(parse(name).part for name in value):
        return value
    alike = all(part.keys() == parts[0].keys() for part in parts)
    if not alike or not are_runs(map(str, parts[0])):
        return value
    held = list if measured else Mapping
    if not all(isinstance(cells, held) for part in parts for cells in part.values()):
        return value
    return {run: {name: part[run] for name, part in value.items()} for run in parts[0]}


def in_order(parts: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]] | None:
    """The columns of parts that count on, each with the same lists, as an epoch's; None if not so.

    Examples
    --------
    >>> in_order([{"epoch": 1, "loss": [3.0, 2.5, 2.2]}, {"epoch": 2, "loss": [2.1, 2.0, 1.9]}])
    {'epoch': [1, 1, 1, 2, 2, 2], 'loss': [3.0, 2.5, 2.2, 2.1, 2.0, 1.9]}
    """
    columns: dict[str, list[Any]] = {}
    for part in parts:
        lists = {name: cells for name, cells in part.items() if isinstance(cells, list)}
        count = min(map(len, lists.values()), default=0)
        lossy = any(parse(name).kind in ("loss", "error") for name in lists)
        even = part.keys() == parts[0].keys() and all(len(x) == count for x in lists.values())
        if count < FEW_ROWS or not lossy or not even:
            return None
        for name, cell in part.items():
            if name in lists or parse(name).kind == "counter":
                columns.setdefault(name, []).extend(lists.get(name, [cell] * count))
    return columns


def are_lists(value: Any) -> bool:
    """Whether it is nothing but a few lists of many numbers each, without names."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(row, list) and len(row) >= FEW_ROWS for row in value)
        and all(isinstance(row[0], (int, float)) for row in value)
    )


def of_runs(runs: Sequence[tuple[str, Sequence[Table]]]) -> Table | None:
    """The runs of a value, of each the first table with a loss; None if less than two have one."""
    found: list[Table] = []
    for name, tables in runs:
        table = next((table for table in tables if _has_curve(table)), None)
        if table is not None:
            found.append(replace(table, run=name))
    return replace(found[0], run="", runs=tuple(found)) if len(found) > 1 else None


def _has_curve(table: Table) -> bool:
    """Whether a column of a loss, or of an error, has enough rows to be one."""
    return any(
        parse(name).kind in ("loss", "error") and len(cells) >= FEW_ROWS
        for name, cells in table.columns.items()
    )


def labels(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each run is called: by what it is named with, else by the settings that tell it.

    Examples
    --------
    >>> labels([{"name": "a", "lr": 0.1}, {"name": "b", "lr": 0.1}])
    ['a', 'b']
    >>> labels([{"lr": 0.1, "beta": 0.9}, {"lr": 0.2, "beta": 0.9}])
    ['lr=0.1', 'lr=0.2']
    """
    scalar = [name for name in records[0] if all(_is_scalar(row.get(name)) for row in records)]
    telling = [name for name in scalar if len({row[name] for row in records}) == len(records)]
    if known := [name for name in telling if plain(name) in RUNS]:
        return [str(row[known[0]]) for row in records]
    changed = [name for name in scalar if len({row[name] for row in records}) > 1]
    return [", ".join(f"{name}={row[name]}" for name in changed) for row in records]


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float))
