"""Lines that several processes of one training write, or several trainings: who wrote each."""

from __future__ import annotations

import re
from itertools import compress
from typing import Any

from simopt.curves.logs import terminal_text
from simopt.curves.logs.names import parse
from simopt.ground.patterns import late

#: What a number behind it counts, and names no process: "Epoch-1 | ", "[it10]: ".
_COUNT = r"(?:epoch|ep|step|iteration|iter|it|batch|update|round|fold)s?"
_NO_RANK = rf"(?![\w.-]*(?<![a-z]){_COUNT}[-_]?\d+(?![\w.-]))"
#: Which of several processes wrote a line.
_RANK = late(
    r"^\s*(?:\[\s*(?:local[_ ]?rank|rank|default|worker|node|gpu|process)[ :=]*(?P<name>\d+)\s*\]"
    rf"|\[{_NO_RANK}[a-z_]+(?P<role>\d+)\](?=:)"  # torchrun's roles
    r"|\[pod/[\w.-]*-(?P<pod>\d+)/[\w.-]+\]"  # of kubectl
    r"|[\w-]+\.(?P<swarm>\d+)\.\w+@[\w.-]+(?=\s+\|\s)"  # of Docker's services
    r"|\[\d+,(?P<mpi>\d+)\]<std(?:out|err)>"
    r"|\((?:\w+ )?pid=(?P<ray>\d+)[^()]{0,60}\)"
    r"|(?:rank|worker|process|node)[-_ :=]*(?P<word>\d+)(?=\s*[:|-])"
    # Of Docker's compose, and of a service's hosts.
    rf"|{_NO_RANK}[a-z][\w.-]*-(?P<service>\d+)(?:\.[a-z][\w.-]*)?(?=\s+\|\s)"
    r"|R(?P<letter>\d+)(?=\s*[:|]\s)"
    r"|(?P<task>\d+)(?=: .{0,200}\b(?:epoch|step|iter(?:ation)?)\b)"  # of Slurm's srun --label
    r")\s*[:|-]?\s*",
    re.IGNORECASE,
)
#: The same behind what a logger writes first.
_RANK_WITHIN = late(
    r"(?<![\w-])(?:(?:local|global)_)?rank(?:[ :=]*(?P<within>\d+)(?![\d.])(?:[\])]|\s*[:|-])"
    r"|[:=]\s*(?P<named>\d+)(?![\d.]))",
    re.IGNORECASE,
)
#: The column of ranks, each with the kind of its mark, until the rows of one are chosen.
RANKS = "\0rank"
#: Marks that only processes of one training write; others may be any number in front of a line.
_CERTAIN = frozenset(("name", "mpi", "within", "named"))


#: Which of several trainings at once a line is of: "[resnet18] epoch 3 loss 0.5".
_LABEL = late(rf"\s*\[(?!{_COUNT}[-_]?\d*\])(?P<label>[a-z][\w.-]{{0,40}})\]", re.IGNORECASE)
#: The column of labels, until they are found to be of trainings.
LABELS = "\0label"
#: Positions that two trainings write of before they are told apart.
SHARED = 3


def label(line: str) -> str:
    """What a line is labelled with, unless it is a part of the data, or what is counted."""
    found = _LABEL.match(line)
    return found["label"] if found and not parse(found["label"]).part else ""


def of_runs(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Columns with the labels as the runs' names, where each writes the same losses, at the same.

    Without them where a row has none, or labels are of other things, as how grave a message is.
    """
    labels = columns.pop(LABELS, None)
    if labels is None or None in labels or "run" in columns or len(set(labels)) < 2:
        return columns
    counters = [cells for name, cells in columns.items() if parse(name).kind == "counter"]
    wrote: dict[str, set[tuple[Any, ...]]] = {}
    for each, *at in zip(labels, *counters, strict=True):
        wrote.setdefault(each, set()).add(tuple(at))
    if len(set.intersection(*wrote.values())) < SHARED:
        return columns
    for name, cells in columns.items():
        holders = {each for each, cell in zip(labels, cells, strict=True) if cell is not None}
        if parse(name).kind in ("loss", "error") and len(holders) < len(wrote):
            return columns  # one writes of training, another of validation
    return {"run": labels} | columns


def writer(line: str) -> tuple[tuple[str, int] | None, str]:
    """Who wrote a line, as the kind of its mark and the number; and the line without the mark."""
    rest = line
    if mark := _RANK.match(line):
        rest = terminal_text.PREFIX.sub("", line[mark.end() :])
    else:
        mark = _RANK_WITHIN.search(line) if "rank" in line.lower() else None
    return (mark.lastgroup or "", int(mark[mark.lastgroup or 0])) if mark else None, rest


def of_one(columns: dict[str, list[Any]]) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """The rows that the first of several processes wrote, and those that none claims."""
    ranks = columns.pop(RANKS, None)
    if ranks is None:
        return columns, ()
    held = {rank[1] for rank in ranks if rank is not None}
    first = min(held)
    # Processes are counted from 0, and "rank=8" may be a setting, as of LoRA.
    told = {rank[0] for rank in ranks if rank is not None} == {"named"} and first
    if told or not _alike(columns, ranks, first):
        return columns, ()
    keep = [rank is None or rank[1] == first for rank in ranks]
    one = {name: list(compress(cells, keep)) for name, cells in columns.items()}
    return one, (f"lines of {len(held)} processes: those of rank {first} are read",)


def _alike(columns: dict[str, list[Any]], ranks: list[Any], first: int) -> bool:
    """Whether the first rank and another write of the same positions, as processes do.

    Of two positions or more, and in turns, unless the marks can be nothing but ranks. Where no
    position is logged, it is how many rows the rank has written.
    """
    counters = [cells for name, cells in columns.items() if parse(name).kind == "counter"]
    wrote: dict[int, set[tuple[Any, ...]]] = {}
    in_turns = all(rank[0] in _CERTAIN for rank in ranks if rank is not None)
    last = first
    for mark, *cells in zip(ranks, *counters, strict=True):
        if mark is None:
            continue
        rank = mark[1]
        positions = wrote.setdefault(rank, set())
        position = tuple(cells) if any(cell is not None for cell in cells) else (len(positions),)
        if rank == first != last and positions and position not in positions:
            in_turns = True  # it comes back behind another, and goes on
        positions.add(position)
        last = rank
    shared = max(
        (len(wrote[first] & held) for rank, held in wrote.items() if rank != first), default=0
    )
    return in_turns and shared > 1
