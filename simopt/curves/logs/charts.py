"""JSON of charts: named series, each with its own places or all with the same ones.

Plotly, Bokeh, Chart.js, ECharts, Highcharts and ApexCharts; Vega-Lite's values are records.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from simopt.curves.logs import bokeh, cells, contents
from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Table, merged, named
from simopt.ground.patterns import late

#: What a series is called, where its values lie, and its places; the first that is there.
NAMES, VALUES = ("name", "label", "legend_label", "id", "key"), ("y", "data", "values")
#: Where series lie in a chart, and what all of them share.
SERIES, SHARED = ("data", "datasets", "series"), ("labels", "categories", "xAxis", "xaxis")

_AXES = {"x", "y"}

#: Where a page of Plotly has its series.
_PLOTTED = late(r"Plotly\.newPlot\(\s*['\"][\w-]+['\"],\s*(?=\[)")

_GZIP = b"\x1f\x8b"

#: A place and a value.
Point = tuple[Any, Any]


def table(text: str, source: str) -> Table | None:
    """The series of a page that Plotly wrote; None if it is no such page, or they are no chart."""
    if (plotted := _PLOTTED.search(text)) is None:
        return None
    try:
        series, _ = json.JSONDecoder().raw_decode(text, plotted.end())
    except (ValueError, RecursionError):
        return None
    drawn = columns(series)
    return None if drawn is None else Table(drawn, "Plotly's page", source)


def columns(value: Any) -> dict[str, Any] | None:
    """The columns of a chart's series, a row for each place; None if it is no chart.

    Raises
    ------
    ValueError
        If two series have one name.

    Examples
    --------
    >>> columns([{"name": "loss", "y": [0.5, 0.4]}, {"name": "val", "x": [1], "y": [0.6]}])
    {'step': [0, 1], 'loss': [0.5, 0.4], 'val': [None, 0.6]}
    """
    chart: Mapping[str, Any] = value if isinstance(value, Mapping) else {"series": value}
    if (entries := _entries(chart)) is not None:
        return entries
    series = next((found for name in SERIES if (found := _all_series(chart.get(name)))), [])
    series = series or _by_title(chart) or _all_series(bokeh.series(chart))
    names = [_name(each) for each in series]
    if names == [""]:
        names = [_title(chart) or "loss"]
    if not all(names) or not names:
        return None
    common = _places(chart)
    points = named(names, [list(_points(each, common)) for each in series])
    if not all(_is_place(at) for pairs in points.values() for at, _ in pairs):
        return None
    return merged({"step": at, name: cell} for name, pairs in points.items() for at, cell in pairs)


def beside(value: Any) -> dict[str, Any]:
    """What a value holds that is no part of a chart: a history may lie there."""
    held = value if isinstance(value, Mapping) and not value.keys().isdisjoint(SERIES) else {}
    return {name: part for name, part in held.items() if name not in (*SERIES, *SHARED, "layout")}


def _is_place(at: Any) -> bool:
    return isinstance(at, (int, float, str))


def _all_series(value: Any) -> list[dict[str, Any]]:
    """The series of a list, each with its values under "y"; [] if one of it is none."""
    found: list[dict[str, Any]] = []
    for each in value if isinstance(value, list) else []:
        held = [name for name in (*NAMES, "x") if name in each] if isinstance(each, Mapping) else []
        values = next((_array(each[name]) for name in VALUES if name in each), []) if held else []
        # A record that says a loss itself, or where it is counted, is none.
        if not values or any(map(_is_said, each.items())):
            return []
        found.append({**each, "y": values})
    return found


def _is_said(item: tuple[str, Any]) -> bool:
    name, cell = item
    return isinstance(cell, (int, float)) and parse(name).kind in ("loss", "error", "counter")


def _by_title(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Series by name, ``{"loss": {"x": [...], "y": [...]}}``, or as ClearML has them by two names.

    [] if it is none.
    """
    found: list[dict[str, Any]] = []
    for title, group in chart.items():
        if not isinstance(group, Mapping):
            return []
        inner: dict[str, Any] = {title: group}
        if not group.keys() >= _AXES:
            inner = {f"{title}/{name}": series for name, series in group.items()}
        for name, series in inner.items():
            if not isinstance(series, Mapping) or not series.keys() >= _AXES:
                return []
            found.append({**series, "name": name})
    return _all_series(found)


def _name(series: Mapping[str, Any]) -> str:
    return next((series[n] for n in NAMES if isinstance(series.get(n), str)), "")


def _points(series: Mapping[str, Any], common: Sequence[Any]) -> Iterator[Point]:
    """Places and values, each place as it is given, else the one that all series share."""
    values = series["y"]
    places = _array(series.get("x")) or common
    if len(places) != len(values) or not all(map(cells.is_number, places)):
        places = range(len(values))
    for place, cell in zip(places, values, strict=True):
        if isinstance(cell, Mapping):
            yield cell.get("x", place), cell.get("y", cell.get("value"))
        elif isinstance(cell, list) and len(cell) == 2:
            yield cell[0], cell[1]
        else:
            yield place, cell


def _places(chart: Mapping[str, Any]) -> list[Any]:
    """The places that all series of a chart share: its labels, or its axis' categories."""
    for name in SHARED:
        axis = chart.get(name)
        if isinstance(axis, list) and axis and isinstance(axis[0], Mapping):
            axis = axis[0]
        if isinstance(axis, Mapping):
            axis = axis.get("data", axis.get("categories"))
        if places := _array(axis):
            return places
    return []


def _title(chart: Mapping[str, Any]) -> str:
    """What is written along the axis of values."""
    title: Any = chart
    for name in ("layout", "yaxis", "title"):
        title = title.get(name) if isinstance(title, Mapping) else None
    title = title.get("text") if isinstance(title, Mapping) else title
    return title if isinstance(title, str) else ""


def _entries(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The columns of Bokeh's sources: ``{"type": "map", "entries": [["loss", [0.5, 0.4]]]}``."""
    entries = value.get("entries")
    if value.get("type") != "map" or not isinstance(entries, list) or not entries:
        return None
    if not all(isinstance(entry, list) and len(entry) == 2 for entry in entries):
        return None
    found = {str(name): _array(cells) for name, cells in entries}
    return found if all(found.values()) else None


def _array(value: Any) -> list[Any]:
    """A list as it is, or one of NumPy's arrays as Plotly and Bokeh pack them; [] if neither."""
    if isinstance(value, list):
        return value
    if not isinstance(value, Mapping):
        return []
    held = value.get("array")
    packed = value.get("bdata") or (held.get("data") if isinstance(held, Mapping) else held)
    if isinstance(packed, list):
        return packed
    try:
        dtype = np.dtype(str(value.get("dtype")))
        big = value.get("order") == "big"
        data = base64.b64decode(str(packed), validate=True)
        if data.startswith(_GZIP):  # Bokeh's; it is no longer than its shape says
            shape = [int(side) for side in value.get("shape", [])]
            most = min(math.prod(shape) * dtype.itemsize, contents.MOST_UNPACKED)
            data = zlib.decompressobj(31).decompress(data, max(most, 1))
        return list(np.frombuffer(data, dtype.newbyteorder(">" if big else "<")).tolist())
    except (TypeError, ValueError, binascii.Error, zlib.error):
        return []
