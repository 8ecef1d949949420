"""``.. rooms::``: the rooms of simopt and what each imports, read from the code when built."""

from __future__ import annotations

import ast
import html
import tomllib
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "simopt"

#: Sizes in the picture [px].
WIDTH, ROW, BOX, EDGE, LEFT = 460, 46, 30, 118, 150


def rooms() -> list[str]:
    """The rooms, the lowest first: the layers of the import contract in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    return [str(layer) for layer in reversed(layers)]


def imports() -> Counter[tuple[str, str]]:
    """How many files of a room import from another: (from, to) -> files, lazy imports counted."""
    counts: Counter[tuple[str, str]] = Counter()
    for room in rooms():
        for path in (PACKAGE / room).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            reached = {
                name.split(".")[1]
                for node in ast.walk(tree)
                for name in imported(node)
                if name.startswith("simopt.")
            }
            counts.update((room, other) for other in reached - {room})
    return counts


def imported(node: ast.AST) -> list[str]:
    """The modules that a statement imports from."""
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def first_line(room: str) -> str:
    """What a room says of itself: the first line of its docstring."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")


def picture() -> str:
    """The rooms as boxes, the lowest at the top; a curve for imports, wider for more files."""
    order = rooms()
    centre = {room: ROW * place + ROW / 2 for place, room in enumerate(order)}
    height = ROW * len(order)
    drawn = []
    for (room, other), files in sorted(imports().items(), key=lambda each: -each[1]):
        start, end = centre[room], centre[other]
        reach = LEFT + EDGE + 22 * abs(start - end) / ROW
        title = html.escape(f"{room} imports {other} in {files} files")
        drawn.append(
            f'<path d="M{LEFT + EDGE} {start:g} C{reach:g} {start:g} {reach:g} {end:g} '
            f'{LEFT + EDGE} {end:g}" stroke-width="{min(0.6 + files**0.5 / 2.5, 4):.1f}">'
            f"<title>{title}</title></path>"
        )
    boxes = "".join(
        f'<rect x="{LEFT}" y="{y - BOX / 2:g}" width="{EDGE}" height="{BOX}" rx="4"/>'
        f'<text x="{LEFT + EDGE / 2}" y="{y + 5:g}">{room}</text>'
        for room, y in centre.items()
    )
    flow = "".join(
        f'<text x="{LEFT - 24}" y="{centre[room] + 4:g}">{label}</text>'
        for room, label in FLOW.items()
        if room in centre
    )
    words = f"The rooms from {order[0]} to {order[-1]}: each imports only from rooms above it."
    return (
        f'<figure class="rooms"><svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH} {height}" aria-label="{html.escape(words)}">'
        f'<g class="imports" fill="none">{"".join(drawn)}</g><g class="boxes">{boxes}</g>'
        f'<g class="flow">{flow}<path fill="none" '
        f'd="M{LEFT - 12} {ROW / 2} V{height - ROW / 2} m-4 -7 l4 7 l4 -7"/></g></svg></figure>'
    )


#: What leaves a room, beside it in the picture: the direction of data.
FLOW = {
    "problems": "Problem",
    "rules": "Optimizer",
    "schedules": "Schedule",
    "training": "Run, every update",
    "engine": "arrays",
    "sweeps": "DataFrame",
    "analysis": "tables",
    "display": "figures, steps",
    "curves": "Diagnosis",
    "document": "verdicts",
    "report": "HTML pages",
    "cli": "text, exit status",
}


class Rooms(SphinxDirective):
    """The picture, then a table of the rooms with their first lines."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        self.env.note_dependency(str(ROOT / "pyproject.toml"))
        lines = [".. list-table::", "   :header-rows: 1", "", "   * - room", "     - what is in it"]
        for room in rooms():
            lines += [f"   * - ``simopt/{room}/``", f"     - {first_line(room)}"]
        table = self.parse_text_to_nodes("\n".join(lines))
        return [nodes.raw("", picture(), format="html"), *table]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("rooms", Rooms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
