"""A table as a log holds it: named columns of cells, not yet numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """

    columns: Mapping[str, Any]
    format: str
    source: str = ""
    decimal: str = "."
    run: str = ""
    sessions: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    about: str = ""

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return max((len(cells) for cells in self.columns.values()), default=0)

    def noted(self, *notes: str) -> Table:
        """With notes added."""
        return replace(self, notes=(*self.notes, *notes))


@dataclass
class Rows:
    """Records that are collected one by one into columns."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    count: int = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """One more row; a name that is new has no cells above it."""
        for name, cell in record.items():
            if name not in self.columns:
                self.columns[name] = [None] * self.count
            self.columns[name].append(cell)
        self.count += 1
        for cells in self.columns.values():
            if len(cells) < self.count:
                cells.append(None)

    def put(self, record: Mapping[str, Any]) -> None:
        """A row in place of the last one, of whose names it has all."""
        self.count -= 1
        for cells in self.columns.values():
            cells.pop()
        self.add(record)


def from_records(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of records that need not have the same names."""
    rows = Rows()
    for record in records:
        rows.add(record)
    return rows.columns


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
