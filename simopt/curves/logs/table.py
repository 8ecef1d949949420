"""A table as a log holds it: named columns of cells, not yet numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simopt.ground import checks


@dataclass(frozen=True)
class Table:
    """Rows of a log.

    Attributes
    ----------
    columns : mapping of str to sequence
        Name to cells, in the log's order; None where a row has no such cell.
    format : str
        What it was read as ("CSV", "JSON lines", ...).
    source : str
        The file, or what else it came from.
    decimal : str
        The decimal mark of text.
    run : str
        The run's name, where the source says it.
    sessions : tuple of int
        Rows at which the log begins anew (its header comes again).
    notes : tuple of str
        What a reader of the answer should know: a last line that is cut, lines left out.
    about : str
        What trained, where the format says it: "boosted trees", "reinforcement learning".
    runs : tuple of Table
        The tables of several runs, of which this is the first; empty where it is of one.
    settings : bool
        Whether it is of lists that are a model's settings rather than a curve.
    nameless : bool
        Whether its columns have no names of their own: it has no header.
    converged : tuple of int
        Rows behind which a program says that it converged: what begins again there is another run.
    """

    columns: Mapping[str, Any]
    format: str
    source: str = ""
    decimal: str = "."
    run: str = ""
    sessions: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    about: str = ""
    runs: tuple[Table, ...] = ()
    settings: bool = False
    nameless: bool = False
    converged: tuple[int, ...] = ()

    @property
    def printed(self) -> bool:
        """Whether its rows are lines in the order in which a program printed them."""
        return self.format.endswith(" output")

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return max((len(cells) for cells in self.columns.values()), default=0)

    def noted(self, *notes: str) -> Table:
        """With notes added."""
        return replace(self, notes=(*self.notes, *notes))


class Rows:
    """Records that are collected one by one into columns."""

    def __init__(self, columns: dict[str, list[Any]] | None = None, count: int = 0) -> None:
        # A column ends at its last cell until it is asked for: each may be in few of many records.
        self._columns = columns or {}
        self.count = count

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Name to cells, one for each row; None where a record has no such cell."""
        for name in self._columns:
            self._to(self.count, name)
        return self._columns

    def _to(self, row: int, name: str) -> list[Any]:
        """A column, with None for each cell that it lacks above a row."""
        cells = self._columns.get(name)
        if cells is None:
            cells = self._columns[name] = []
        if len(cells) < row:
            cells += [None] * (row - len(cells))
        return cells

    def add(self, record: Mapping[str, Any]) -> None:
        """One more row; a name that is new has no cells above it."""
        for name, cell in record.items():
            self._to(self.count, name).append(cell)
        self.count += 1

    def fill(self, name: str, cell: Any) -> bool:
        """Put a cell into the last row; not where it has one."""
        cells = self._to(self.count, name)
        if cells[-1] is not None:
            return False
        cells[-1] = cell
        return True

    def put(self, record: Mapping[str, Any]) -> None:
        """A row in place of the last one, of whose names it has all."""
        for cells in self.columns.values():
            cells.pop()
        self.count -= 1
        self.add(record)


def from_records(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of records that need not have the same names."""
    rows = Rows()
    for record in records:
        rows.add(record)
    return rows.columns


def merged(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of records of which those with the same first cell, a position, are one row.

    By position, where all are numbers: a series of fewer may come first, and what others have
    between is not at the end.
    """
    rows: dict[Any, dict[str, Any]] = {}
    for record in records:
        rows.setdefault(next(iter(record.values())), {}).update(record)
    at = list(rows)
    if all(isinstance(each, (int, float)) for each in at):
        at.sort()
    return from_records(rows[each] for each in at)


def named(names: Sequence[str], cells: Sequence[Any]) -> dict[str, Any]:
    """Columns by name; a name that is there twice is refused."""
    for name, times in Counter(names).items():
        if times > 1:
            raise checks.refuse("columns", name, f"there once, but there are {times}")
    return dict(zip(names, cells, strict=True))


def flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """A nested record as one level: ``{"losses": {"a": 1}}`` is ``{"losses/a": 1}``."""
    result: dict[str, Any] = {}
    for name, value in record.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and depth < 4:
            result |= flat(value, f"{key}/", depth + 1)
        else:
            result[key] = value
    return result
