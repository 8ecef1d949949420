"""Tables in files: Parquet, and text as Excel, pandas, R and other programs write it."""

from __future__ import annotations

import codecs
import csv
import os
import re
import warnings
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simopt.ground import checks, notices
from simopt.ground.delimited import COMMA, POINT, decimal_mark, find_separator, split
from simopt.problems import amounts, packed
from simopt.problems.columns import DECIMAL, WIDE, are_codes, listed
from simopt.problems.features import ColumnWarning
from simopt.problems.units import is_unit

if TYPE_CHECKING:
    import pandas as pd

TEXT = (".csv", ".tsv", ".tab", ".txt")
ENDINGS = (
    "a file that ends in .csv or .parquet (or .tsv, .tab, .txt; texts may be packed: .csv.gz, "
    ".csv.bz2, .csv.xz, .zip); for others pandas has readers, such as read_excel, and from_frame "
    "takes what they return"
)

#: How files begin that hold no table's text, whatever they are called: other formats with what no
#: heading has, Git's stand-in for a large file, and web pages.
NO_TEXT = {
    rb"PAR1\x15": "Parquet",
    rb"ARROW1\0\0": "Arrow",
    rb"\xd0\xcf\x11\xe0": "a workbook of Excel's",
    rb"\x89HDF": "HDF5",
    rb"SQLite format 3\0": "a database",
    rb"version https://git-lfs": "Git's pointer to a large file",
    rb"(?i:\s*<(?:!doctype html|html)\b)": "a web page",
}

#: How pandas unpacks a file by its name alone.
PACKED_BY = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip"}

#: Bytes and lines that show how a text is written.
HEAD, LINES = 1 << 20, 200

#: What stands for no value, beside what pandas reads so; SAS writes a point.
MISSING = ["?", "-", "--", "\N{EN DASH}", "\N{EM DASH}", ".", "n.a.", "nil"]

ABSENT = frozenset((*MISSING, "", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A"))

#: Lines that may stand above a heading.
TITLES = 20

NUMBER = re.compile(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?|nan|inf|", re.IGNORECASE)

#: What groups thousands beside each decimal mark, and numbers that show it.
GROUPED = {
    ".": (",", re.compile(r"[-+]?\d{1,3}(?:,\d{3})+\.\d+|[-+]?\d{1,3}(?:,\d{3}){2,}")),
    ",": (".", re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+,\d+|[-+]?\d{1,3}(?:\.\d{3}){2,}")),
}

#: Marks that group thousands beside either decimal mark: Switzerland's, and a space.
SET_APART = re.compile(r"[-+]?\d{1,3}(?:(['\u0020])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")

#: Numbers whose marks may group thousands as well as set off decimals.
EITHER = {mark: re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+") for mark in ".,"}

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_file(
    path: str | os.PathLike[str],
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> pd.DataFrame:
    """The table of a file.

    Parameters
    ----------
    path : path
        A file with one of the known endings.
    sep, decimal, encoding : str, optional
        What stands between the cells, the decimal mark, and how characters are written; found from
        the first lines where None.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        If the ending is another, or the file can't be read.
    FileNotFoundError
        If there is none.

    Notes
    -----
    ``attrs[columns.DECIMAL]`` is the decimal mark that a text shows, or that was given.
    """
    path = checks.path("path", path)
    try:
        ending = packed.inner(path).suffix.lower()
    except (ValueError, *packed.ERRORS) as error:
        raise _unreadable(path, "zip", error) from None
    if ending != ".parquet" and ending not in TEXT:
        raise checks.refuse("path", str(path), ENDINGS)
    for name, value in (("sep", sep), ("decimal", decimal)):
        if value is not None and (not isinstance(value, str) or len(value) != 1):
            raise checks.refuse(name, value, "one character")
    if encoding is not None:
        _check_encoding(encoding)
    try:
        if ending == ".parquet":
            return _read_parquet(path)
        return _read_text(path, sep, decimal, encoding)
    except UnicodeDecodeError as error:
        remedy = f"text in {error.encoding} (encoding='cp1252' is what Windows often writes)"
        raise checks.refuse("path", str(path), remedy) from None
    except (ValueError, *packed.ERRORS) as error:  # of pandas' parser and pyarrow as well
        raise _unreadable(path, "Parquet" if ending == ".parquet" else "CSV", error) from None


def _unreadable(path: Path, kind: str, error: Exception) -> ValueError:
    reason = " ".join(str(error).split())[:200]
    return checks.refuse("path", str(path), f"a readable {kind} file ({reason})")


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow.parquet

    if not path.is_file():  # a folder of files
        return pd.read_parquet(path)
    with pyarrow.parquet.ParquetFile(path, pre_buffer=True) as file:
        # A task for every column: with 100,000 of them, threads take three times as long.
        threads = file.metadata.num_columns <= WIDE
        table: pd.DataFrame = file.read(use_threads=threads).to_pandas()
    return table


def _check_encoding(encoding: Any) -> None:
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError, ValueError):
        raise checks.refuse("encoding", encoding, "one that Python knows, as 'utf-8'") from None


def csv_options(
    path: str | os.PathLike[str],
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> dict[str, Any]:
    """The arguments of `pandas.read_csv` that read a text as it is written."""
    return _found(Path(path), sep, decimal, encoding)[0]


def _found(
    path: Path, sep: str | None, decimal: str | None, encoding: str | None
) -> tuple[dict[str, Any], list[str], str | None, str]:
    """The arguments for a text, the names of its columns, its decimal mark, and a remark.

    The mark is None where no number has one.
    """
    head = packed.head(path, HEAD)
    how = packed.packing(path)
    for mark, what in NO_TEXT.items():
        if re.match(mark, head):
            raise ValueError(f"it holds {what}, whatever its name says")
    encoding = encoding or _encoding(head)
    # The last character may be cut in two.
    text = codecs.getincrementaldecoder(encoding)().decode(head, len(head) < HEAD)
    lines = text.splitlines()
    if len(head) == HEAD and len(lines) > 1:
        lines.pop()
    skipped = 0
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:  # Excel's own
        sep, skipped = sep or lines[0][4], 1
    remarks = _remarks(lines[skipped:])
    remark = lines[skipped + remarks - 1].lstrip("# ") if remarks else ""
    skipped += remarks
    lines = [line for line in lines[skipped:] if line.strip()]
    if not lines:
        raise ValueError("no heading")
    sep = sep or find_separator(lines[:LINES], "\t;,|") or find_separator(lines[:LINES], " ") or ","
    titles = _titles(lines[:LINES], sep)
    if titles:
        skipped = text.splitlines().index(lines[titles], skipped)
    lines = lines[titles : titles + LINES]
    names = split([remark], sep)[0] if remark else []
    heading, *rows = split(lines, sep)
    second = len(split(lines[:2], sep)) == 2 and _names_again(heading, rows)
    remarked = ""
    if second:
        skipped += 2
        groups = heading if second == NAMES else rows[0]
        heading, rows = (heading if second == UNITS else rows[0]), rows[1:]
        remarked = f"the line {listed(filter(None, groups))} has {second}, and is no row"
        names = heading
    elif len(names) == len(heading) and any(cell and NUMBER.fullmatch(cell) for cell in heading):
        heading, rows = names, [heading, *rows]  # numpy.savetxt comments the heading out
    else:
        names = []
    cells = [cell for row in rows for cell in row]
    apart = Counter(match[1] for match in map(SET_APART.fullmatch, cells) if match)
    if apart:
        thousands = apart.most_common(1)[0][0]
        cells = [cell.replace(thousands, "") for cell in cells]
    if decimal is None and all(map(EITHER["."].fullmatch, filter(POINT.fullmatch, cells))):
        for name, column in zip(heading, zip_longest(*rows, fillvalue=""), strict=False):
            if doubtful := amounts.may_group(column):
                raise ValueError(
                    f"column {name!r}: {doubtful!r} may group thousands or not: must be said by "
                    "decimal="
                )
    marks = [mark for mark in GROUPED if _groups_thousands(cells, mark)]
    shown = decimal or (marks[0] if len(marks) == 1 else None)
    if shown is None and _is_open(cells):
        shown = _told(rows) or ("," if sep == ";" else None)
        marks = [shown] if shown == "." else []
    elif shown is None and any(COMMA.fullmatch(cell) or POINT.fullmatch(cell) for cell in cells):
        shown = decimal_mark(cells)
    decimal = shown or "."
    if not apart:
        points = [cell for cell in cells if POINT.fullmatch(cell)]
        # pandas takes points for decimal ones beside a decimal comma too.
        grouped = decimal == "," and points and all(map(EITHER["."].fullmatch, points))
        thousands = GROUPED[decimal][0] if decimal in marks or grouped else None
    spaced = any(cell[:1] == " " for row in csv.reader(lines, delimiter=sep) for cell in row)
    spaced = spaced and sep != " "
    # A separator may end each row, but not the heading.
    ended = rows and all(len(row) == len(heading) + 1 and not row[-1] for row in rows)
    given: dict[str, tuple[Any, Any]] = {
        "sep": (r"\s+" if sep == " " else sep, ","),
        "decimal": (decimal, "."),
        "thousands": (thousands, None),
        "encoding": (encoding, "utf-8"),
        "compression": (how, PACKED_BY.get(path.suffix.lower())),
        "skiprows": (skipped, 0),
        "names": (names, []),
        "skipinitialspace": (spaced, False),
        "na_values": (MISSING if set(MISSING) & set(cells) else [], []),
        "index_col": (False if ended else None, None),
        "dtype": (_codes(names or heading, rows), {}),
    }
    options = {name: value for name, (value, default) in given.items() if value != default}
    return options, names or heading, shown, remarked


def _is_open(cells: list[str]) -> bool:
    """Whether commas may group thousands as well as set off decimals, and no point says which."""
    commas = [cell for cell in cells if COMMA.fullmatch(cell)]
    either = all(map(EITHER[","].fullmatch, commas))
    return bool(commas) and either and not any(map(POINT.fullmatch, cells))


def _told(rows: list[list[str]]) -> str | None:
    """The decimal mark that columns say whose commas may be either; None if they say none."""
    columns = [[cell or None for cell in column] for column in zip_longest(*rows, fillvalue="")]
    marked = (column for column in columns if any(cell and "," in cell for cell in column))
    read = map(amounts.read, marked)
    marks = {each.decimal for each in read if isinstance(each, amounts.Amounts)}
    return marks.pop() if len(marks) == 1 else None


def _codes(names: list[str], rows: list[list[str]]) -> dict[str, str]:
    """The columns that hold codes, which a parser would take for numbers."""
    columns = zip(names, zip_longest(*rows, fillvalue=""), strict=False)
    return {name: "str" for name, cells in columns if are_codes([c for c in cells if c])}


def _groups_thousands(cells: list[str], decimal: str) -> bool:
    """Whether cells have a decimal mark, and thousands set apart by the other.

    In one cell, or in some cells the one, which groups no thousands, and in others the other, which
    may.
    """
    other, grouped = GROUPED[decimal]
    if any(map(grouped.fullmatch, cells)):
        return True
    marked = {mark: [c for c in cells if NUMBER.fullmatch(c) and mark in c] for mark in ".,"}
    groups = [c for c in cells if EITHER[other].fullmatch(c)]
    return bool(groups) and set(marked[other]) <= set(groups) and any(
        not EITHER[decimal].fullmatch(cell) for cell in marked[decimal]
    )  # fmt: skip


def _remarks(lines: list[str]) -> int:
    """How many lines down to the last remark above the table."""
    table = next((k for k, line in enumerate(lines) if line.strip() and line[0] != "#"), 0)
    return next((k for k in range(table, 0, -1) if lines[k - 1].strip()), 0)


#: What a second line may be: of units, or of names under those of groups.
UNITS, NAMES = "units", "the names of groups"


def _names_again(heading: list[str], rows: list[list[str]]) -> str:
    """What the line below a heading is, if it is no row of the table: `UNITS` or `NAMES`."""
    if len(rows) < 3 or {len(row) for row in rows[:3]} != {len(heading)} or len(heading) < 2:
        return ""
    second, *below = rows
    numeric = [
        k
        for k in range(len(heading))
        if all(NUMBER.fullmatch(row[k]) for row in below if k < len(row))
        and any(row[k : k + 1] not in ([], [""]) for row in below)
    ]
    if not numeric or any(NUMBER.fullmatch(second[k]) and second[k] for k in range(len(second))):
        return ""
    said = [second[k] for k in numeric if second[k]]
    words = [name for name in second if name]
    # pandas gives its index no name, and none below it where it nests the columns' names.
    if len({name for name in heading if name}) >= len(heading) - (not heading[0]):
        absent = all(cell in ABSENT for cell in said)
        if not absent and all(map(is_unit, words)) and 2 * len(said) >= len(numeric):
            return UNITS
        if heading[0] or second[0]:
            return ""
    # Names of groups repeat, or stand over the first column of each alone.
    named = all(second[k] for k in numeric if k) and not any(word in ABSENT for word in words)
    return NAMES if named and len(set(words)) == len(words) >= len(second) - 1 else ""


def _titles(lines: list[str], sep: str) -> int:
    """How many lines above the heading are titles: they have one cell, and the table has more.

    A spreadsheet writes empty cells behind it, as many as the table has columns.
    """
    rows = split(lines, sep)
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=widths.count)
    first = widths.index(usual)
    if usual > 1 and len(rows) == len(lines):
        below = enumerate(rows[first:], first)
        first = next((k for k, row in below if any(row[1:])), first)
    return (
        first if first <= TITLES and set(map(_cells, rows[:first])) <= {0, 1} and usual > 1 else 0
    )


def _cells(row: list[str]) -> int:
    """The cells of a row that hold anything."""
    return sum(map(bool, row))


def _read_text(
    path: Path, sep: str | None, decimal: str | None, encoding: str | None
) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {"na_values": MISSING, "skipinitialspace": True}
    found, heading, mark, remarked = _found(path, sep, decimal, encoding)
    if remarked:
        notices.say(f"{path.name}: {remarked}", ColumnWarning)
    options |= found
    twice = [name for name, times in Counter(heading).items() if name and times > 1]
    if twice:  # which pandas would call "a" and "a.1"
        raise ValueError(f"two columns are called {twice[0]!r}: must have different names")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=pd.errors.ParserWarning)
        table: pd.DataFrame = pd.read_csv(path, low_memory=False, **options)
    # A spreadsheet leaves empty rows below the last.
    if len(table) and table.iloc[-1].isna().all():
        held = table.notna().any(axis=1).to_numpy().nonzero()[0]
        table = table.iloc[: held[-1] + 1 if len(held) else 0]
    table.attrs[DECIMAL] = mark
    return table


def _encoding(head: bytes) -> str:
    """UTF-8 but where the first bytes show another."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if 4 * head.count(b"\0") > len(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if b"\0" in head:
        raise ValueError(f"it is no text: byte {head.index(0) + 1} is 0")
    return "utf-8"
