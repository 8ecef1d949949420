"""Lists of numbers as programs print and people paste them: ``losses = [0.5, 0.4]``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simopt.curves.logs import cells
from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Table
from simopt.ground.patterns import late

#: A text of lists has few of them, and little beside them.
MOST_LISTS, LEAST_SHARE = 200, 0.5

#: A list is read as one from so many numbers on.
LEAST = 3

#: A number in what holds it: ``np.float64(0.5)``, ``tensor(0.5, device='cuda:0')``.
_WRAPPED = late(
    r"\b(?:\w{1,10}\.)?(?:b?float\d+|tensor|[Aa]rray)\(\s*([-+]?[\d.][-+.\dEe]*|[-+]?nan|[-+]?inf)"
    r"\s*(?:,[^()\[\]\n]{0,100})?\)"
)
_LIST = late(r"\[([^\[\]]*)\]")
#: What stands before a list, or before the function that it is given to.
_NAME = late(r"([A-Za-z_][\w ./-]{0,60})['\"]?\s*[:=]\s*(?:[\w.]{1,20}\(\s*)?$")
#: YAML's lists: a name, and below it a line for each number.
_BLOCK = late(
    r"^[ \t]*(?P<name>[\w./-]{1,60}):[ \t]*\n(?P<body>(?:[ \t]*- [^\n:]{1,40}\n)+)", re.MULTILINE
)


def unwrapped(text: str) -> str:
    """A text whose numbers stand alone, without ``np.float64(...)`` and ``tensor(...)``.

    Examples
    --------
    >>> unwrapped("{'loss': np.float64(0.5), 'val_loss': tensor(0.25, device='cuda:0')}")
    "{'loss': 0.5, 'val_loss': 0.25}"
    """
    return _WRAPPED.sub(r"\1", text) if "(" in text else text


def table(text: str, source: str) -> Table | None:
    """The table of a text that is hardly more than lists of numbers; None if it is no such text.

    Parameters
    ----------
    text : str
        The text.
    source : str
        Its name.

    Returns
    -------
    Table or None
        A column a list; one without a name is the loss.
    """
    if text.count("[") > MOST_LISTS or not _may_be_lists(text):
        return None
    text = unwrapped(text)
    found = list(_lists(text))
    columns = {name or "loss": numbers for name, numbers, _ in found}
    told = len(columns) == len(found) and any(
        not name or parse(name).kind in ("loss", "error") for name, _, _ in found
    )
    if not told or sum(size for *_, size in found) < LEAST_SHARE * len(text.strip()):
        return None
    return Table(columns, "printed lists", source)


def _may_be_lists(text: str) -> bool:
    """Whether half of a text, or half of its lines, can be of lists; most logs are told so fast."""
    bracketed = sum(match.end() - match.start() for match in _LIST.finditer(text))
    return bracketed >= LEAST_SHARE * len(text.strip()) or 2 * text.count("- ") > text.count("\n")


def _lists(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Every list of numbers in a text: its name or nothing, its cells, its characters."""
    for block in _BLOCK.finditer(text + "\n"):
        numbers = [line.strip(" \t-") for line in block["body"].splitlines()]
        if _are_numbers(numbers):
            yield block["name"], numbers, len(block["body"])
    for match in _LIST.finditer(text):
        numbers = match[1].replace(",", " ").split()
        if _are_numbers(numbers):
            line = text[max(0, match.start() - 100) : match.start()].rpartition("\n")[2]
            name = _NAME.search(line)
            yield name[1].strip() if name else "", numbers, len(match[1])


def _are_numbers(texts: list[str]) -> bool:
    return len(texts) >= LEAST and all(map(cells.is_number, texts))
