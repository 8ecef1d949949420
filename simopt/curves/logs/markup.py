"""Tables in HTML, XML and LaTeX, and what notebooks kept of a program's output."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html.parser import HTMLParser
from typing import Any

from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Table, from_records, named
from simopt.ground.patterns import late

_TABULAR = late(r"\\begin\{(tabular[*xy]?|longtable|array)\}")
_LATEX_RULE = late(
    r"\\(?:top|mid|bottom)rule(?:\[[^\]]*\])?|\\hline|\\c(?:mid)?(?:line|rule)(?:\([^)]*\))?\{[^}]*\}"
    r"|\\end(?:first)?(?:head|foot)|%[^\n]*"
)
_LATEX_COMMAND = late(r"\\(?:textbf|textit|emph|mathbf|text|num)\s*\{([^{}]*)\}")

#: Lines between fences; the last may have no end.
_FENCED = late(r"^[ >]*```[^\n`]*\n(.*?)(?:^[ >]*```|\Z)", re.MULTILINE | re.DOTALL)

#: Attributes that number an element rather than tell of it: ``<epoch number="3">``.
_NUMBERS = frozenset(("number", "index", "id", "n", "no", "nr", "value"))


def table(text: str, source: str) -> Table | None:
    """The first table with a loss in a text of HTML, XML or LaTeX; None if there is none.

    Parameters
    ----------
    text : str
        The text.
    source : str
        Its name.

    Returns
    -------
    Table or None
    """
    if r"\begin{" in text:
        for body in _tabulars(text):
            if (found := _from_rows(_latex_rows(body), source, "LaTeX table")) is not None:
                return found
    if not text.lstrip().startswith("<") and not re.search("<table", text, re.IGNORECASE):
        return None
    page = _Page()
    page.feed(text)
    for rows in page.tables:
        if (found := _from_rows(rows, source, "HTML table")) is not None:
            return found
    if not page.records:
        return None
    columns = from_records(page.records)
    return Table(columns, "XML", source) if _has_loss(columns) else None


def text_of(text: str) -> str:
    """What a page of HTML says: its text without tags, scripts and styles."""
    page = _Page()
    page.feed(text)
    return "".join(page.said)


def is_page(text: str) -> bool:
    """Whether a text is a page of HTML."""
    return re.match(r"\s*<(?:!doctype html|html|head|body|div|pre|table)\b", text, re.I) is not None


def outputs(text: str) -> list[tuple[str, str]] | None:
    """What the cells of a Jupyter notebook printed and showed; None if it is no notebook.

    Returns
    -------
    list of (str, str)
        A cell's number, and a text: of each cell the pages that it showed, then its output.
    """
    if '"nbformat"' not in text:
        return None
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        return None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return None
    return list(_outputs(cells))


def fenced(text: str) -> tuple[list[tuple[str, str]], str]:
    """What stands between a text's fences, as Markdown has them, and what does not.

    Returns
    -------
    blocks : list of (str, str)
        A block's number, and its text.
    beside : str
    """
    if "```" not in text:
        return [], text
    blocks = enumerate(_FENCED.finditer(text), 1)
    return [(f"block {number}", block[1]) for number, block in blocks], _FENCED.sub("", text)


def _outputs(cells: list[Any]) -> Iterator[tuple[str, str]]:
    for number, cell in enumerate(cells, 1):
        shown = [part for part in _list(cell, "outputs") if isinstance(part, dict)]
        pages = [_joined(part.get("data"), "text/html") for part in shown]
        printed = "".join(_joined(part, "text") for part in shown)
        values = [_joined(part.get("data"), "text/plain") for part in shown]
        for text in (*pages, printed, *values):
            if text.strip():
                yield f"cell {number}", text


def _list(cell: Any, name: str) -> list[Any]:
    held = cell.get(name) if isinstance(cell, dict) else None
    return held if isinstance(held, list) else []


def _joined(part: Any, name: str) -> str:
    """A notebook's text, which is one or a list of lines."""
    text = part.get(name, "") if isinstance(part, dict) else ""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def _tabulars(text: str) -> Iterator[str]:
    """What stands in a text's tables of LaTeX, one after the other."""
    end = 0
    while (match := _TABULAR.search(text, end)) is not None:
        end = text.find(rf"\end{{{match[1]}}}", match.end())
        if end < 0:
            return
        yield text[match.end() : end]


def _latex_rows(body: str) -> Iterator[list[str]]:
    for line in re.split(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline", _LATEX_RULE.sub("", body)):
        line = _LATEX_COMMAND.sub(r"\1", line.replace(r"\_", "_").replace(r"\%", "%"))
        cells = [cell.strip(" \n\t$") for cell in re.split(r"(?<!\\)&", line)]
        # The columns' alignment stands before the first row: {lrr}.
        cells[0] = re.sub(r"^(?:\{[^{}]*\}\s*)+", "", cells[0]).strip(" \n\t$")
        yield cells


def _from_rows(rows: Iterable[Sequence[str]], source: str, form: str) -> Table | None:
    rows = [row for row in rows if row]
    if len(rows) < 2:
        return None
    width = Counter(map(len, rows)).most_common(1)[0][0]
    header, *body = [list(row) for row in rows if len(row) == width]
    if width < 2 or not body or not _has_loss(header):
        return None
    return Table(named(header, [list(cells) for cells in zip(*body, strict=True)]), form, source)


def _has_loss(names: Iterable[str]) -> bool:
    return any(parse(name).kind in ("loss", "error") for name in names)


class _Page(HTMLParser):
    """Rows of a page's tables, its other elements as records, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.records: list[dict[str, str]] = []
        self.said: list[str] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {tag if name in _NUMBERS else name: value or "" for name, value in attrs}
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
        elif tag in ("script", "style"):
            self._quiet += 1
        elif tag in ("p", "div", "br", "li"):
            self.said.append("\n")
        if tag not in ("br", "hr", "img", "meta", "link", "input"):
            self._open.append((tag, held, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._quiet:
            return
        self.said.append(data)
        if self._open:
            tag, _, texts = self._open[-1]
            texts.append(data)
            if tag in ("td", "th") and self.tables and self.tables[-1] and self.tables[-1][-1]:
                self.tables[-1][-1][-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._quiet = max(0, self._quiet - 1)
        if not self._open or self._open[-1][0] != tag:
            return
        _, held, texts = self._open.pop()
        text = "".join(texts).strip()
        if text and not held and self._open:
            self._open[-1][1].setdefault(tag, text)
        elif len(held) > 1:
            self.records.append(held)
