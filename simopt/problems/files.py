"""Tables in files: Parquet, and text as Excel, pandas, R and other programs write it."""

from __future__ import annotations

import codecs
import os
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simopt.ground import checks, notices
from simopt.ground.patterns import late
from simopt.problems import packed
from simopt.problems.columns import DECIMAL, WIDE
from simopt.problems.features import ColumnWarning
from simopt.problems.headings import ABSENT, MISSING
from simopt.problems.written import TextFormat, too_wide, written

if TYPE_CHECKING:
    import pandas as pd

#: Where a table keeps which columns had white space around texts, and what stood for no value.
STRIPPED = "simopt: stripped"

TEXT = (".csv", ".tsv", ".tab", ".txt")
ENDINGS = (
    "a file that ends in .csv or .parquet (or .tsv, .tab, .txt; texts may be packed: .csv.gz, "
    ".csv.bz2, .csv.xz, .zip); for others pandas has readers, such as read_excel, and from_frame "
    "takes what they return"
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
    ``attrs[columns.DECIMAL]`` is the decimal mark that a text shows, or that was given,
    ``attrs[STRIPPED]`` where white space was taken off texts.
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
            return _stripped(_read_parquet(path), frozenset([""]))
        return _stripped(_read_text(path, sep, decimal, encoding), ABSENT)
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
        table = file.read(use_threads=threads)
    try:
        frame: pd.DataFrame = table.to_pandas()
    except TypeError:  # a type of pandas' own that it writes and can't name: Arrow's dictionaries
        frame = table.to_pandas(ignore_metadata=True)
    return frame


def _check_encoding(encoding: Any) -> None:
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError, ValueError):
        raise checks.refuse("encoding", encoding, "one that Python knows, as 'utf-8'") from None


def _read_text(
    path: Path, sep: str | None, decimal: str | None, encoding: str | None
) -> pd.DataFrame:
    how = written(path, sep, decimal, encoding)
    for remark in how.remarks:
        notices.say(f"{path.name}: {remark}", ColumnWarning)
    twice = [name for name, times in Counter(how.names).items() if name and times > 1]
    if twice:  # which pandas would call "a" and "a.1"
        raise ValueError(f"two columns are called {twice[0]!r}: must have different names")
    table = _parsed(path, how)
    # A spreadsheet leaves empty rows below the last.
    if len(table) and table.iloc[-1].isna().all():
        held = table.notna().any(axis=1).to_numpy().nonzero()[0]
        table = table.iloc[: held[-1] + 1 if len(held) else 0]
    table = _without_footers(table, path.name)
    table.attrs[DECIMAL] = how.decimal
    return table


#: What pandas says of a row that is wider than all before it, and how often it may.
_WIDER = late(r"Expected \d+ fields in line \d+, saw (\d+)")
WIDER = 8


def _parsed(path: Path, how: TextFormat) -> pd.DataFrame:
    """The table by pandas' parser; cells behind those that have a name must be empty."""
    import pandas as pd

    thousands = how.options.get("thousands")
    # pandas leaves out marks wherever they stand: of 01.03.2024 it makes 1032024.
    held = {"dtype": "str", "thousands": None, "decimal": "."} if thousands else {}
    for tries in range(WIDER + 1):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", category=pd.errors.ParserWarning)
                options = {**how.options, "na_values": MISSING, **held}
                table: pd.DataFrame = pd.read_csv(path, low_memory=False, **options)
            break
        except pd.errors.ParserError as error:
            if tries == WIDER or not (found := _WIDER.search(str(error))):
                raise
            how = how.wider(int(found[1]))
    beyond = table.iloc[:, len(how.names) :]
    there = beyond.notna().to_numpy()
    if there.any():
        row = int(there.any(axis=1).argmax())
        last = int(there[row].nonzero()[0][-1])
        raise too_wide(row + 1, len(how.names) + last + 1, len(how.names))
    table = table.iloc[:, : len(how.names)]
    if thousands is None:
        return table
    return _ungrouped(
        table, how.options.get("decimal", "."), thousands, how.options.get("dtype", {})
    )


def _ungrouped(
    table: pd.DataFrame, decimal: str, thousands: str, codes: Mapping[str, str]
) -> pd.DataFrame:
    """Columns of text as numbers where all of their cells are, in groups of three or in none."""
    import pandas as pd

    mark, point = re.escape(thousands), re.escape(decimal)
    number = re.compile(
        rf"[-+]?(?={point}?\d)(?:\d+|\d{{1,3}}(?:{mark}\d{{3}})+)?(?:{point}\d*)?(?:e[-+]?\d+)?"
        r"|[-+]?inf",
        re.IGNORECASE,
    )
    columns = []
    for name, column in table.items():
        cells = column.dropna().str.strip()
        if name in codes or not len(cells):
            pass
        elif cells.str.lower().isin(("true", "false")).all():
            column = column.map(lambda cell: cell.strip().lower() == "true", na_action="ignore")
            column = column.infer_objects()
        elif cells.map(lambda cell: bool(number.fullmatch(cell))).all():
            bare = cells.str.replace(thousands, "").str.replace(decimal, ".")
            column = pd.to_numeric(bare).reindex(column.index)
        columns.append(column)
    return pd.concat(columns, axis=1)


#: How remarks below a table begin: marks of footnotes, and words; and how many rows it has.
_FOOTER = late(
    r"[*\u2020\u2021#]|(?:source|notes?|data (?:from|source)|last updated|updated|footnotes?"
    r"|exported|generated|printed|created|downloaded|retrieved)\b|\(\d[\d,]* rows?\b[^()]*\)$",
    re.I,
)


def _without_footers(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table without remarks below it: rows of one cell alone, the first; said with a notice."""
    rows = len(table)
    while rows > 1 and table.shape[1] > 1 and table.iloc[rows - 1, 1:].isna().all():
        cell = table.iloc[rows - 1, 0]
        if not isinstance(cell, str) or not _FOOTER.match(cell.strip()):
            break
        notices.say(
            f"{name}: the last line {cell.strip()!r} is a remark, and no row", ColumnWarning
        )
        rows -= 1
    return table.iloc[:rows]


def _stripped(table: pd.DataFrame, absent: frozenset[str]) -> pd.DataFrame:
    """The table with no white space around texts, and nothing for those that stand for no value.

    ``attrs[STRIPPED]`` has the columns where that changes anything, and what stood for no value.
    """
    import pandas as pd

    changed: dict[Any, list[Any]] = {}
    nothing: set[str] = set()
    for name, column in table.items():
        if column.dtype.kind != "O" or isinstance(column.dtype, pd.CategoricalDtype):
            continue
        bare = {cell: cell.strip() for cell in column if isinstance(cell, str)}
        if all(cell == held and held not in absent for cell, held in bare.items()):
            continue
        nothing |= absent & set(bare.values())
        kept = {cell: held for cell, held in bare.items() if held not in absent}
        changed[name] = [kept.get(cell) if isinstance(cell, str) else cell for cell in column]
    if changed:
        cells = {
            name: pd.Series(held, index=table.index, dtype=table[name].dtype)
            for name, held in changed.items()
        }
        table = table.assign(**cells)
        table.attrs[STRIPPED] = list(changed), sorted(nothing)
    return table
