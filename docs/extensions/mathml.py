"""Formulas as MathML, which browsers typeset themselves: no script, no font, no network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

#: What the converter has no name for, and what says the same to it.
SYNONYMS = {
    r"\tfrac": r"\frac",
    r"\dfrac": r"\frac",
    r"\bigl": r"\left",
}


def mathml(tex: str, *, display: bool = False) -> str:
    r"""A formula as one ``<math>`` element.

    Parameters
    ----------
    tex : str
        TeX, as a docstring has it. Lines end with ``\\`` and are aligned at ``&``, as in LaTeX's
        align: the columns are right- and left-aligned in turn.
    display : bool
        A formula of its own, not one in a line of text.

    Raises
    ------
    ExtensionError
        If a command is unknown: the converter would print it as it stands.
    """
    rows = [row.strip() for row in re.split(r"\\\\", tex) if row.strip()]
    cells = [[cell.strip() for cell in row.split("&")] for row in rows]
    if r"\begin" in tex or (len(rows) == 1 and len(cells[0]) == 1):
        inside = _row(tex)
    else:
        body = "".join(
            "<mtr>"
            + "".join(
                f'<mtd style="text-align: {("right", "left")[column % 2]}">'
                f'<mstyle displaystyle="true">{_row(cell)}</mstyle></mtd>'
                for column, cell in enumerate(row)
            )
            + "</mtr>"
            for row in cells
        )
        inside = f'<mtable class="aligned">{body}</mtable>'
    return f'<math display="{"block" if display else "inline"}">{inside}</math>'


def _row(tex: str) -> str:
    """What stands inside ``<math>``, of a formula without alignment."""
    if not tex:
        return ""
    for name, known in SYNONYMS.items():
        tex = re.sub(re.escape(name) + r"(?![a-zA-Z])", lambda _, known=known: known, tex)
    tex = re.sub(r"\\text\{[^}]*\}", lambda text: text[0].replace(r"\_", "_"), tex)
    converted = convert(" ".join(tex.split()))
    if "\\" in converted or "<mi>&</mi>" in converted:
        raise ExtensionError(f"not known to the converter of formulas: {tex}")
    return converted[converted.index(">") + 1 : converted.rindex("</math>")]


def visit_inline(translator: Any, node: nodes.math) -> None:
    """A formula in a line of text."""
    translator.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def visit_display(translator: Any, node: nodes.math_block) -> None:
    """A formula of its own; a wide one scrolls, so that it does not widen a narrow page."""
    formula = mathml(node.astext(), display=True)
    translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer that ``html_math_renderer = "mathml"`` names."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
