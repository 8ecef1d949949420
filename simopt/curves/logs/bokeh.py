"""Bokeh's documents: of each line its source's columns, and what the legend calls it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simopt.curves.logs.names import parse


def series(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of a document as series with a name, x and y; [] if it is none.

    A line is called by its column where that names a loss, else as the legend has it.
    """
    held = document.get("doc", document)
    if not isinstance(held, Mapping) or not isinstance(held.get("roots"), list):
        return []
    objects = list(_objects(held["roots"]))
    by_id = {each.get("id"): each for each in objects}
    called: dict[Any, str] = {}
    for item in objects:
        label = _of(item, "label", "value")
        if item.get("name") == "LegendItem" and isinstance(label, str):
            lines = _of(item, "renderers")
            called |= {line.get("id"): label for line in lines or [] if isinstance(line, Mapping)}
    found = []
    for line in objects:
        source = _of(line, "data_source")
        if line.get("name") != "GlyphRenderer" or not isinstance(source, Mapping):
            continue
        entries = _of(by_id.get(source.get("id"), source), "data", "entries")
        if not isinstance(entries, list):
            continue
        columns = {str(pair[0]): pair[1] for pair in entries if isinstance(pair, list) and pair[1:]}
        glyph = _of(line, "glyph")
        x, y = (str(_of(glyph, axis, "field")) for axis in "xy")
        if x in columns and y in columns:
            named = parse(y).kind in ("loss", "error")
            name = y if named else called.get(line.get("id"), y)
            found.append({"name": name, "x": columns[x], "y": columns[y]})
    return found


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Everything within a value that has attributes; those that are only referred to have none."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, list):
            left += reversed(each)
        elif isinstance(each, Mapping):
            if isinstance(each.get("attributes"), Mapping):
                yield each
            left += reversed(list(each.values()))


def _of(held: Any, *names: str) -> Any:
    """What lies in an object's attributes under names, one within the other; None if nothing."""
    held = held.get("attributes") if isinstance(held, Mapping) else None
    for name in names:
        held = held.get(name) if isinstance(held, Mapping) else None
    return held
