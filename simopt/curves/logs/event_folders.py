"""Folders of TensorBoard's event files: those of training and of held-out points, as one."""

from __future__ import annotations

from pathlib import Path

from simopt.curves.logs import sides, stores
from simopt.curves.logs.table import Table


def _has_events(files: list[Path]) -> bool:
    return any(stores.is_events(file.name) for file in files)


def parts(place: Path, by_folder: dict[Path, list[Path]]) -> list[Path]:
    """Folders right below that hold event files of one part of the data: train/, validation/."""
    return [
        each
        for each, files in by_folder.items()
        if each.parent == place and sides.of(each.name) and _has_events(files)
    ]


def tables_of(
    place: Path, events: list[Path], by_folder: dict[Path, list[Path]], done: set[Path]
) -> list[Table]:
    """The tables of a folder's event files, beside those of its parts of the data."""
    tables = [stores.events(file, str(file)) for file in events]
    if sides.of(place.name) and not tables:
        return []
    sided = parts(place, by_folder)
    if sides.of(place.name) and not sided:
        siblings = [
            p for p in by_folder if p.parent == place.parent and sides.of(p.name) and p not in done
        ]
        sided = [p for p in siblings if _has_events(by_folder[p])]
        tables = []
    for each in sided:
        done.add(each)
        for file in by_folder[each]:
            if stores.is_events(file.name):
                tables.append(stores.events(file, str(file), sides.of(each.name)))
    if not sided and not any(map(stores.has_loss, tables)):
        return []  # tensorboardX's add_scalars leaves this one empty: loss/train/ is below
    if not sided or events:
        done.add(place)
    joined = list(stores.merged(tables))
    return [table for table in joined if stores.has_loss(table)]
