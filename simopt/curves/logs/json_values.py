"""Values as JSON has them, nested dicts and lists, into tables: histories, records, results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simopt.curves.logs import charts, nested
from simopt.curves.logs.cells import is_number
from simopt.curves.logs.names import COUNTERS, METRIC_NAMES, METRIC_VALUES, parse, plain
from simopt.curves.logs.table import Table, flat, from_records, merged, named
from simopt.ground.patterns import late
from simopt.problems.texts import DATE

#: A file of one of several runs, not of an epoch.
_RUN = late(r"(?:run|exp|experiment|trial|seed|fold)(?![a-z])", re.IGNORECASE)

#: Cells of a column that tell whether it is text.
SAMPLE = 50

#: How deep a log is looked into for what may be a history.
DEPTH = 6


def from_value(value: Any, source: str, form: str) -> Table | None:
    """The table in a parsed value: the first part that has a loss, else the first of all."""
    tables = _tables(value, source, form, 0)
    if isinstance(value, Mapping):
        tables = [table for table in tables if not _is_text(table)]
    best = None
    for each in tables:
        kinds = {parse(name).kind for name in each.columns}
        if "loss" in kinds:
            return each
        if best is None or "error" in kinds:
            best = each
    return best


def _is_text(table: Table) -> bool:
    """Whether a table holds nothing but words, as a list of packages does."""
    cells = [cell for column in table.columns.values() for cell in column[:SAMPLE]]
    return bool(cells) and all(isinstance(each, str) and not is_number(each) for each in cells)


def _tables(value: Any, source: str, form: str, depth: int) -> list[Table]:
    """Every part of a value that is a table, the outermost first."""
    if depth > DEPTH:
        return []
    if (drawn := charts.columns(value)) is not None:
        beside = _tables(charts.beside(value), source, form, depth)
        curves = [t for t in beside if any(parse(name).kind == "loss" for name in t.columns)]
        return [Table(drawn, f"{form} of a chart", source), *curves]
    if isinstance(value, Mapping):
        value = nested.upright(value)
        found = _of_mapping(value, source, form)
        if found:
            return found
        known = [name for name in nested.KNOWN if name in value]
        names = [*known, *(name for name in value if name not in nested.KNOWN)]
        series = {n: p for n, p in value.items() if _is_series(p) and any(map(is_number, p))}
        series = {} if nested.are_runs(series) else series  # of one run, beside its settings
        names = [name for name in names if name not in series]
        parts = [(name, _tables(value[name], source, form, depth + 1)) for name in names]
        named_so = [(name, tables) for name, tables in parts if tables and name not in nested.KNOWN]
        if (
            whole := nested.counted_together(series, {n: value[n] for n, _ in named_so})
        ) is not None:
            return [Table(whole, form, source)]
        if nested.are_runs(name for name, _ in named_so):
            runs = nested.of_runs(named_so)
            return [runs] if runs else [table for _, tables in parts for table in tables]
        columns = [Table(series, form, source)] if series else []
        return [*columns, *(table for _, tables in parts for table in tables)]
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value):
        return _of_list(value, source, form, depth)
    return []


def _of_mapping(value: Mapping[str, Any], source: str, form: str) -> list[Table]:
    value = nested.parts_alone(value)
    split = _split(value.get("columns"), value.get("data"))
    if split is not None:
        return [Table(split, form, source)]
    series = {name: part for name, part in value.items() if _is_series(part)}
    if series and not any(isinstance(part, Mapping) for part in value.values()):
        return [Table(dict(series), form, source)]
    if (joined := _joined(value)) is not None:
        return [Table(joined, form, source)]
    parts = [part for part in value.values() if isinstance(part, Mapping)]
    if parts and len(parts) == len(value):
        inner = [part for part in parts if part and all(_is_series(each) for each in part.values())]
        counted = _counted(value)
        if len(inner) == len(parts) and not nested.are_runs(value):
            if counted and all(set(parse(name).words) & set(COUNTERS) for name in value):
                # {epoch_1: {loss: [...]}, epoch_2: {loss: [...]}}
                epochs = [{"epoch": at, **part} for at, part in zip(counted, inner, strict=True)]
                if (joined := nested.in_order(epochs)) is not None:
                    return [Table(joined, form, source)]
            # {train: {rmse: [...]}, eval: {rmse: [...]}}
            series = nested.of_parts(value)
            return [Table(series, form, source, about=trees(series))]
        if all(
            part and all(map(_is_number_text, part)) and not any(map(_is_mapping, part.values()))
            for part in parts
        ) and not any(
            map(_is_number_text, value)
        ):  # pandas' to_json: {"loss": {"0": 0.5, "1": 0.4}}
            rows = dict.fromkeys(row for part in parts for row in part)
            columns = {name: [part.get(row) for row in rows] for name, part in value.items()}
            if not any(parse(name).kind == "counter" for name in columns):
                columns = {"step": [float(row) for row in rows]} | columns
            return [Table(columns, form, source)]
        records = list(map(flat, parts))
        single = not any(isinstance(cell, list) for record in records for cell in record.values())
        if counted is not None and (single or nested.are_records(parts)):  # {"0": {...}, "1": ...}
            rows_of = [{"step": at} | each for at, each in zip(counted, records, strict=True)]
            return [Table(from_records(rows_of), form, source)]
        if single and all(DATE.fullmatch(name) for name in value) and nested.are_records(parts):
            dated = zip(value, records, strict=True)
            return [Table(from_records({"date": at} | each for at, each in dated), form, source)]
    if series and any(parse(name).kind in ("loss", "error") for name in series):
        return [Table(dict(series), form, source)]
    return []


def _joined(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The columns of series that are counted each for itself, joined by step; None if it is none.

    Sacred's ``{"loss": {"steps": [...], "values": [...]}}``, ``{"loss": [[0, 0.5], [1, 0.4]]}``,
    and ``{"train": [{"epoch": 0, "loss": 0.5}], "val": [...]}``.
    """
    records: list[dict[str, Any]] = []
    for name, part in value.items():
        if isinstance(part, Mapping) and _is_series(part.get("steps")) and "values" in part:
            pairs = zip(part["steps"], part["values"], strict=False)
            rows = [{"step": at, name: cell} for at, cell in pairs]
        elif not isinstance(part, list) or not part:
            return None
        elif all(map(_is_pair, part)) and _is_curve(name, part):
            rows = [{"step": at, name: cell} for at, cell in part]
        elif parse(name).part and all(isinstance(row, Mapping) for row in part):
            flatten = [flat(row) for row in part]
            counter = next((n for n in flatten[0] if parse(n).kind == "counter"), None)
            rows = [
                {n if n == counter else f"{name}/{n}": cell for n, cell in row.items()}
                for row in flatten
            ]
            rows = [{counter or "step": k} | row for k, row in enumerate(rows)]
        else:
            return None
        records += rows
    return merged(records) if len(value) > 1 or records else None


def _is_pair(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 2 and _is_series(row)


def _is_curve(name: str, pairs: Sequence[Sequence[Any]]) -> bool:
    """Whether pairs are counted values of a loss, or of a part of the data by its name alone."""
    told = parse(name)
    counted = nested.names_of_rows(list(zip(*pairs, strict=True))) == ["step", "loss"]
    return told.kind in ("loss", "error") or (bool(told.part) and not told.stem and counted)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _counted(names: Iterable[str]) -> list[float] | None:
    """The numbers of names that count: "0", "1", or "epoch_1", "ckpt-2.pt"; None if they don't."""
    found = [re.fullmatch(r"(\D*)(\d+(?:\.\d+)?)(\D*)", name) for name in names]
    words = {(match[1], match[3]) for match in found if match}
    if len(found) < 2 or not all(found) or len(words) != 1:
        return None
    if any(_RUN.match(before) and behind for before, behind in words):
        return None  # "run_2.json": what one of several runs came to
    return [float(match[2]) for match in found if match]


def _split(names: Any, rows: Any) -> dict[str, Any] | None:
    """The columns of pandas' orient="split", the names apart from the rows; None if it is none."""
    if not _is_series(names) or not isinstance(rows, list) or not rows:
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    return named(list(map(str, names)), list(zip(*rows, strict=True)))


def trees(columns: Mapping[str, Any]) -> str:
    """Boosted trees call their parts training and valid_0, or validation_0, and losses l2, rmse."""
    kinds = {parse(name).kind for name in columns}
    return "boosted trees" if "loss" not in kinds and kinds & {"error", "higher"} else ""


def _is_series(part: Any) -> bool:
    return (
        isinstance(part, Sequence)
        and not isinstance(part, str)
        and len(part) > 0
        and all(isinstance(each, (int, float, str, type(None))) for each in part[:5])
    )


def _is_number_text(name: Any) -> bool:
    try:
        float(name)
    except (TypeError, ValueError):
        return False
    return True


def _of_list(value: Sequence[Any], source: str, form: str, depth: int) -> list[Table]:
    if (runs := listed_runs(value, source, form, depth)) is not None:
        return [runs]
    if all(isinstance(each, Mapping) for each in value) and (joined := nested.in_order(value)):
        return [Table(joined, form, source)]
    records = [_first_numbers(flat(each)) for each in value if isinstance(each, Mapping)]
    if len(records) >= 0.5 * len(value):
        return [records_table(records, source, form)]
    rows = [each for each in value if isinstance(each, Sequence) and not isinstance(each, str)]
    if len(rows) == len(value) and len({len(row) for row in rows}) == 1:
        columns = list(zip(*rows, strict=True))
        if (names := nested.names_of_rows(columns)) is not None:
            return [Table(named(names, columns), form, source)]
    if _is_series(value) and any(map(is_number, value)):
        return [Table({"loss": list(value)}, form, source)]
    return []


def listed_runs(value: Sequence[Any], source: str, form: str, depth: int = 0) -> Table | None:
    """The runs of a list, each a mapping that holds a history; None if it is of other things.

    What is counted, as the losses of an epoch's batches are, is no run.
    """
    if not all(isinstance(each, Mapping) for each in value) or len(value) < 2:
        return None
    if not any(isinstance(part, (Mapping, list)) for part in value[0].values()):
        return None
    if any(parse(name).kind == "counter" and _moves(name, value) for name in value[0]):
        return None
    if nested.are_records(value):
        return None
    tables = [_tables(each, source, form, depth + 1) for each in value]
    return nested.of_runs(list(zip(nested.labels(value), tables, strict=True)))


def _moves(name: str, records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a number of the first record is another in the last."""
    first, last = (record.get(name) for record in (records[0], records[-1]))
    return isinstance(first, (int, float)) and first != last


def _first_numbers(record: dict[str, Any]) -> dict[str, Any]:
    """CatBoost's ``{"learn": [0.5, 0.7], "test": [0.6, 0.8]}``: the first metric is the loss."""
    if "learn" not in record or not isinstance(record["learn"], list):
        return record
    return {
        name: cell[0] if isinstance(cell, list) and cell else cell for name, cell in record.items()
    }


def records_table(records: Sequence[Mapping[str, Any]], source: str, form: str) -> Table:
    """Records as a table; those that hold one metric each are spread over columns."""
    records = [each for record in records for each in nested.points(_without_payload(record))]
    names = {plain(name) for record in records[:20] for name in record}
    if names & set(METRIC_NAMES) and names & set(METRIC_VALUES):
        told = [spread(record) for record in records]
        if any(each is not None for each in told):
            return Table(from_records([e for e in told if e is not None]), form, source)
    about = "boosted trees" if {"learn", "passed_time"} <= names else ""  # CatBoost
    return Table(from_records(records), form, source, about=about)


def _without_payload(record: Mapping[str, Any]) -> dict[str, Any]:
    """Comet's messages: ``payload/metric/metricName`` is ``metricName``."""
    prefix = "payload/metric/"
    if any(str(name).startswith(prefix) for name in record):
        return {
            str(n).removeprefix(prefix): v for n, v in record.items() if str(n).startswith(prefix)
        }
    return dict(record)


def spread(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """A record of a metric's name and its value as one of that metric; None if it is none.

    Examples
    --------
    >>> spread({"key": "loss", "value": 0.5, "epoch": 3})
    {'epoch': 3, 'loss': 0.5}
    """
    by_plain = {plain(str(name)): name for name in record}
    metric = next((by_plain[name] for name in METRIC_NAMES if name in by_plain), None)
    value = next((by_plain[name] for name in METRIC_VALUES if name in by_plain), None)
    if metric is None or value is None:
        return None
    name = str(record[metric])
    variant = by_plain.get("variant")
    if variant is not None and record[variant]:
        name = f"{name}/{record[variant]}"
    rest = {n: v for n, v in record.items() if n not in (metric, value, variant)}
    return rest | {name: record[value]}
