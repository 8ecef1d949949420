"""Logs that were put aside when they grew: train.log.1, train.log.2.gz, train.log-20260501."""

from __future__ import annotations

import re
from pathlib import Path

#: What names of logs end in whose lines go on from part to part.
ENDINGS = (".log", ".out", ".err", ".txt", ".jsonl")

_PART = re.compile(
    r"(?P<base>.+)(?:\.(?P<number>\d{1,3})|[-.](?P<date>\d{4}-?\d\d-?\d\d(?:[_T-][\d-]+)?))"
    r"(?:\.(?:gz|bz2|xz))?"
)


def base(name: str) -> str:
    """The name of the log that a file is an older part of; empty if it is none.

    Examples
    --------
    >>> base("train.log.2.gz"), base("train.log-20260501"), base("train.log"), base("run.1")
    ('train.log', 'train.log', '', '')
    """
    match = _PART.fullmatch(name)
    return match["base"] if match and match["base"].lower().endswith(ENDINGS) else ""


def older(path: Path) -> list[Path]:
    """The older parts of a log that lie beside it, the oldest first.

    The part of the highest number is the oldest, and so is that of the earliest date.
    """
    if not path.name.lower().endswith(ENDINGS) or not path.parent.is_dir():
        return []
    found = [
        (match["date"] or "9", -int(match["number"] or 0), file)
        for file in path.parent.iterdir()
        if base(file.name) == path.name and (match := _PART.fullmatch(file.name))
    ]
    return [file for *_, file in sorted(found)]
