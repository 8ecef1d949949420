"""Folders in which several files hold the columns of one run: CatBoost's and DVCLive's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simopt.curves.logs import delimited, stores
from simopt.curves.logs.names import plain
from simopt.curves.logs.table import Table, from_records


def catboost(place: Path) -> list[Table]:
    """learn_error.tsv and test_error.tsv of one run."""
    joined: dict[str, dict[str, object]] = {}
    for file, side in (("learn_error.tsv", "train"), ("test_error.tsv", "val")):
        path = place / file
        if not path.is_file():
            continue
        table = delimited.table(path.read_text(encoding="utf-8"), str(path))
        if table is None:
            continue
        counter, *metrics = table.columns
        # Of several test sets the first has ":0" behind its metrics, and the last nothing.
        first = {name.removesuffix(":0"): name for name in metrics if name.endswith(":0")}
        for row, at in enumerate(table.columns[counter]):
            record = joined.setdefault(str(at), {"iteration": at})
            for name in metrics:
                if not name.endswith(":0"):
                    record[f"{side}-{name}"] = table.columns[first.get(name, name)][row]
    if not joined:
        return []
    columns = from_records(joined.values())
    return [Table(columns, "CatBoost", str(place), about="boosted trees")]


def dvclive(place: Path, by_folder: dict[Path, list[Path]]) -> list[Table]:
    """plots/metrics/train/loss.tsv, plots/metrics/val/loss.tsv: a column a file."""
    tables = []
    for each, files in by_folder.items():
        if each != place and place not in each.parents:
            continue
        for file in files:
            if file.suffix != ".tsv":
                continue
            table = delimited.table(file.read_text(encoding="utf-8"), str(file))
            if table is None:
                continue
            prefix = file.relative_to(place).with_suffix("").as_posix()
            renamed = {
                ("step" if plain(name) == "step" else prefix): column
                for name, column in table.columns.items()
            }
            tables.append(replace(table, columns=renamed, format="DVCLive"))
    return list(stores.merged(tables))
