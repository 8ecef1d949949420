"""How text tables are written: what stands between their cells, and their decimal mark."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from simopt.ground.patterns import late

#: Separators, the surer before the less sure.
SEPARATORS = "\t;,| "

#: Cells that tell one decimal mark from the other.
COMMA = late(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
POINT = late(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")


#: A cell in quotes, with white space or an end on either side.
_QUOTED = late(r'(?<!\S)"[^"]*"(?!\S)')


def split(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The cells of lines, without the white space around them.

    Raises
    ------
    ValueError
        If a cell is longer than Python's reader takes.
    """
    if separator == " ":
        return [_words(line) for line in lines]
    rows = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    try:
        return [[cell.strip() for cell in row] for row in rows]
    except csv.Error as error:
        raise ValueError(f"cells that can't be read ({error}): must be shorter") from None


def _words(line: str) -> list[str]:
    """The words of a line; those between quotes, as R writes names, are one without them."""
    if '"' not in line or not _QUOTED.search(line) or line.count('"') % 2:
        return line.split()
    (words,) = csv.reader([" ".join(line.split())], delimiter=" ")
    return words


def find_separator(lines: Sequence[str], among: str = SEPARATORS) -> str | None:
    """The separator of lines: what cuts most of them into the same number of cells.

    None if nothing cuts 60 % of them so.
    """
    best: tuple[float, int, str] | None = None
    for rank, candidate in enumerate(among):
        try:
            counts = Counter(len(row) for row in split(lines, candidate))
        except ValueError:
            continue
        cells, lines_so = max(counts.items(), key=lambda item: (item[1], item[0]))
        if cells < 2 or lines_so < 0.6 * len(lines):
            continue
        # A decimal comma cuts numbers as a separator does, so that a semicolon goes before it.
        score = (lines_so / len(lines), -rank, candidate)
        if best is None or (score[0], score[1]) > (best[0], best[1]):
            best = score
    return None if best is None else best[2]


def decimal_mark(cells: Sequence[str]) -> str:
    """The decimal mark of cells: a comma where more numbers have one than have a point."""
    commas = sum(bool(COMMA.fullmatch(cell)) for cell in cells)
    points = sum(bool(POINT.fullmatch(cell)) for cell in cells)
    return "," if commas > points else "."
