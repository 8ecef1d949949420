"""Several runs in one nested value: by name, or one after the other, each with its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from simopt.curves.logs.names import (
    COUNTERS,
    DISCRIMINATOR,
    GENERATOR,
    MEANS,
    REINFORCEMENT,
    RUNS,
    SPREAD,
    TOTALS,
    parse,
    plain,
)
from simopt.curves.logs.table import Table, flat, merged
from simopt.ground.patterns import late

#: Where the history lies in files that hold more than that.
KNOWN = (
    "log_history",
    "history",
    "iterations",
    "logs",
    "metrics",
    "records",
    "epochs",
    "results",
    "scalars",
)

#: Names of a model's parts, each with a loss of its own.
ROLES = GENERATOR | DISCRIMINATOR | REINFORCEMENT

#: What the data of a model of several kinds is.
DATA = frozenset(
    (
        "image", "images", "img", "text", "texts", "txt", "audio", "speech", "video", "videos",
        "vision", "language", "caption", "captions", "tabular", "code", "labeled", "unlabeled",
        "labelled", "unlabelled",
    )
)  # fmt: skip

#: What counts, and what says of which values something is the sum: neither names a run.
NO_RUNS = frozenset((*COUNTERS, *TOTALS, *MEANS, "median", "raw", "smooth", "smoothed", "running"))

#: What `pandas.DataFrame.agg` makes of many values, beside means: neither do these.
STATISTICS = SPREAD | {"first", "last", "sem", "quantile", "amin", "amax"}
_QUANTILE = late(r"[pq]?\d\d?%|[pq]\d\d?")

#: Terms of which a loss is the sum, and the axes of a chart, are no runs either.
TERMS = frozenset((
    "box", "cls", "dfl", "obj", "reg", "kl", "kld", "div", "recon", "reconstruction", "adv",
    "adversarial", "perceptual", "style", "content", "identity", "aux", "auxiliary",
    "regularization", "penalty", "mask", "rpn", "physics", "pde", "ode", "ic", "bc", "boundary",
    "encoder", "decoder", "ctc", "att", "attn", "attention", "roi", "coarse", "fine", "x", "y",
))  # fmt: skip

#: A run has so many values of its loss or more; fewer are a record.
FEW_ROWS = 3


def are_runs(names: Iterable[str]) -> bool:
    """Whether names can be those of runs: none of a part of the data, a metric, a count, a model.

    Examples
    --------
    >>> are_runs(["sgd", "adam"]), are_runs(["train", "eval"]), are_runs(["epoch_1", "epoch_2"])
    (True, False, False)
    """
    names = list(names)
    told = [parse(name) for name in names]
    return (
        len(told) > 1
        and not any(
            name.part
            or name.kind in ("loss", "error", "higher", "counter")
            or set(name.words) & ROLES
            or set(name.grain) & NO_RUNS
            or (name.stem and (set(name.stem) <= TERMS or set(name.stem) <= STATISTICS))
            for name in told
        )
        and not all(map(_QUANTILE.fullmatch, names))
    )


def counted_together(
    series: Mapping[str, Any], parts: Mapping[str, Any]
) -> dict[str, Sequence[Any]] | None:
    """The columns of parts that one list beside them counts; None if they may be runs, or other.

    As a model's losses of images and of texts, or of training and validation. Runs may be called
    anything else.

    Examples
    --------
    >>> parts = {"image": {"loss": [0.5, 0.4]}, "text": {"loss": [0.6, 0.5]}}
    >>> list(counted_together({"step": [1, 2]}, parts))
    ['step', 'image/loss', 'text/loss']
    """
    counters = [cells for name, cells in series.items() if parse(name).kind == "counter"]
    if not counters or len(parts) < 2 or not all(map(_says_what, map(str, parts))):
        return None
    whole = dict(series)
    for name, part in parts.items():
        if not isinstance(part, Mapping):
            return None
        whole |= {f"{name}/{column}": cells for column, cells in flat(part).items()}
    even = all(isinstance(c, list) and len(c) == len(counters[0]) for c in whole.values())
    return whole if even else None


def _says_what(name: str) -> bool:
    """Whether a name is of a part of the data, a metric, or what data is of."""
    told = parse(name)
    return bool(told.part or told.kind in ("loss", "error", "higher") or {*told.words} & DATA)


def are_records(parts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether parts are rows of one run, as its epochs are: each says a loss as a number.

    Not where each has a name or a history of its own: then the number is what the run came to.

    Examples
    --------
    >>> are_records([{"loss": 0.5, "class_loss": [0.4, 0.6, 0.5]}, {"loss": 0.4}])
    True
    >>> are_records([{"name": "a", "loss": [0.4, 0.3, 0.2]}, {"name": "b", "loss": [0.4, 0.3]}])
    False
    """
    first, last = flat(parts[0]), flat(parts[-1])
    said = _said(first)
    if not said or _told_by_name(first, last) or any(_has_history(parts[0], key) for key in KNOWN):
        return False
    listed = any(
        isinstance(x, list) and parse(n).kind in ("loss", "error") for n, x in first.items()
    )
    return not listed or any(parse(name).part != "held out" for name in said)


def _said(record: Mapping[str, Any]) -> list[str]:
    """The names of losses that a flat record says as numbers; not of those at a run's end."""
    return [
        name
        for name, cell in record.items()
        if isinstance(cell, (int, float))
        and parse(name).kind in ("loss", "error")
        and "final" not in parse(name).grain
    ]


def _told_by_name(first: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether two flat records have names, of which each is another."""
    named = [name for name in first if plain(_short(name)) in RUNS and _is_scalar(first[name])]
    return any(first[name] != last.get(name) for name in named)


def _has_history(part: Mapping[str, Any], key: str) -> bool:
    """Whether a history lies under a key: not what an epoch's losses, which are numbers, do."""
    held = part.get(key)
    return bool(held) and (
        isinstance(held, list) or (isinstance(held, Mapping) and not _said(flat(held)))
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
    if any(parse(name).part != "held out" for name in _said(flat(parts[0]))):
        return None
    for part in map(flat, parts):
        lists = {name: cells for name, cells in part.items() if isinstance(cells, list)}
        count = min(map(len, lists.values()), default=0)
        lossy = any(parse(name).kind in ("loss", "error") for name in lists)
        even = not columns or lists.keys() <= columns.keys()
        if count < FEW_ROWS or not lossy or not even or max(map(len, lists.values())) > count:
            return None
        rows = len(next(iter(columns.values()), []))
        for name, cell in part.items():
            if name in lists:
                cells = lists[name]
            elif parse(name).kind == "counter":
                cells = [cell] * count
            elif name in _said(part):
                cells = [None] * (count - 1) + [cell]
            else:
                continue
            columns.setdefault(name, [None] * rows).extend(cells)
        for cells in columns.values():
            cells += [None] * (rows + count - len(cells))
    return columns


def parts_alone(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of the data alone, each with its series on one level, where a value has both.

    As Ludwig has them: ``{"training": {"y": {"loss": [...]}}, "validation": ..., "period": 1}``.
    """
    told = {name: parse(name) for name, part in value.items() if isinstance(part, Mapping)}
    names = [name for name, parts in told.items() if parts.part and not parts.stem]
    if {told[name].part for name in names} != {"train", "held out"}:
        return value
    if any(isinstance(part, list) for part in value.values()):
        return value
    series = {
        name: {n: cells for n, cells in flat(value[name]).items() if isinstance(cells, list)}
        for name in names
    }
    deep = any(isinstance(part, Mapping) for name in names for part in value[name].values())
    return series if deep and all(series.values()) else value


def points(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a record tells of a series, by its path: each of its points; else the record itself.

    Examples
    --------
    >>> points({"at": 9, "obj/path": ["train", "loss"], "obj/values": [{"value": 0.5, "step": 3}]})
    [{'step': 3, 'train/loss': 0.5}]
    """
    held = {_short(str(name)): cell for name, cell in record.items()}
    path, values = held.get("path"), held.get("values")
    if not (isinstance(path, list) and path and isinstance(values, list) and values):
        return [record]
    if not all(isinstance(each, Mapping) and {"step", "value"} <= each.keys() for each in values):
        return [record]
    name = "/".join(map(str, path))
    return [{"step": each["step"], name: each["value"]} for each in values]


def side_by_side(table: Table, above: Sequence[str], below: Sequence[str]) -> Table:
    """The runs of a table whose columns have two names, one of them a run's; else as it is.

    Each of the runs has the same columns, one of them of a loss; what has one name is of all.
    """
    for labels, names in ((above, below), (below, above)):
        runs: dict[str, dict[str, Any]] = {}
        common: dict[str, Any] = {}
        for label, name, cells in zip(labels, names, table.columns.values(), strict=True):
            held = runs.setdefault(label, {}) if label and name else common
            held[name or label] = cells
        alike = len({tuple(sorted(held)) for held in runs.values()}) == 1
        if (
            alike
            and are_runs(runs)
            and any(parse(n).kind == "loss" for n in next(iter(runs.values())))
        ):
            made = tuple(
                replace(table, columns=common | held, run=run) for run, held in runs.items()
            )
            return replace(made[0], run="", runs=made)
    return table


def of_parts(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The columns of parts, by the name of each; what all of them count by is one column.

    Examples
    --------
    >>> of_parts({"train": {"epoch": [0, 1], "l2": [5, 4]}, "eval": {"epoch": [1], "l2": [6]}})
    {'epoch': [0, 1], 'train-l2': [5, 4], 'eval-l2': [None, 6]}
    """
    first = next(iter(parts.values()))
    counter = next(
        (n for n in first if parse(n).kind == "counter" and all(n in p for p in parts.values())),
        None,
    )
    columns: dict[str, Any] = {}
    records: list[dict[str, Any]] = []
    even = True
    for part, held in parts.items():
        own = {n if n == part else f"{part}-{n}": c for n, c in held.items() if n != counter}
        columns |= own
        if counter is not None:
            at = held[counter]
            even = even and len(set(at)) == len(at) and {*map(len, own.values())} <= {len(at)}
            rows = zip(at, *own.values(), strict=False)
            records += [dict(zip((counter, *own), row, strict=True)) for row in rows]
    if counter is None:
        return columns
    if len(parts) > 1 and even:
        return merged(records)
    return {f"{part}-{n}": cells for part, held in parts.items() for n, cells in held.items()}


def names_of_rows(columns: Sequence[Sequence[Any]]) -> list[str] | None:
    """What rows of numbers without names hold; None if that can't be told."""
    first = columns[0]
    if not all(isinstance(x, (int, float)) for x in first):
        return None
    rises = list(first) == sorted(first) and first[-1] > first[0]
    if len(columns) == 3:
        if all(x > 1e8 for x in first):
            return ["Wall time", "Step", "Value"]  # TensorBoard
        return ["step", "loss", "val_loss"] if rises else None
    if len(columns) == 2:
        counts = rises and all(x % 1 == 0 for x in first)
        return ["step", "loss"] if counts else ["loss", "val_loss"]
    return None


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
    """Whether a column of a loss, of an error, or of a part alone, has enough rows to be one."""
    for name, cells in table.columns.items():
        told = parse(name)
        curve = told.kind in ("loss", "error") or (told.part and not told.stem)
        if curve and len(cells) >= FEW_ROWS:
            return True
    return False


def labels(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each run is called: by what it is named with, else by the settings that tell it.

    Examples
    --------
    >>> labels([{"name": "a", "lr": 0.1}, {"name": "b", "lr": 0.1}])
    ['a', 'b']
    >>> labels([{"lr": 0.1, "beta": 0.9}, {"lr": 0.2, "beta": 0.9}])
    ['lr=0.1', 'lr=0.2']
    """
    rows = list(map(flat, records))
    scalar = [
        name
        for name in rows[0]
        if parse(name).kind not in ("loss", "error", "higher")
        and all(_is_scalar(row.get(name)) for row in rows)
    ]
    changed = [name for name in scalar if len({row[name] for row in rows}) > 1]
    telling = [name for name in changed if len({row[name] for row in rows}) == len(rows)]
    if known := [name for name in telling if plain(_short(name)) in RUNS]:
        return [str(row[known[0]]) for row in rows]
    return [", ".join(f"{_short(name)}={row[name]}" for name in changed) for row in rows]


def _short(name: str) -> str:
    """The last part of a nested name: "lr" of "config/lr"."""
    return name.rpartition("/")[2]


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float))
