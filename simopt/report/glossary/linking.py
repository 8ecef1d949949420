"""Links from the first use of a term on a page to the glossary."""

from __future__ import annotations

import functools
import re
from html import escape

from simopt.report.glossary.terms import Term, terms

#: The glossary's page.
FILE = "glossary.html"

#: Where a term is prose: text in one of these, and in none of those.
PROSE = {"p", "li", "dd", "figcaption"}
OTHER = {
    "a", "button", "code", "details", "form", "h1", "h2", "h3", "label", "math", "nav", "pre",
    "script", "select", "strong", "style", "summary", "svg", "table",
}  # fmt: skip

_TAG = re.compile(r"(<!--.*?-->|<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>)", re.DOTALL)
_NAME = re.compile(r"<(/?)([a-z][a-z0-9]*)")


@functools.cache
def _pattern() -> tuple[re.Pattern[str], tuple[Term, ...]]:
    """One expression for all terms, the longest first, so that "batch size" is not found inside."""
    ordered = tuple(sorted(terms(), key=lambda term: -len(term.name)))
    words = "|".join(f"(?P<t{i}>{term.words})" for i, term in enumerate(ordered))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE), ordered


def linked(html: str) -> str:
    """A page with the first use of each term, in the prose of ``<main>``, linked.

    Examples
    --------
    >>> print(linked("<main><h2>Seeds</h2><p>A seed, a seed.</p></main>"))  # doctest: +ELLIPSIS
    <main>...<p>A <a class="term" href="glossary.html#seed" title="...">seed</a>, a seed.</p></main>
    """
    start, end = html.find("<main"), html.rfind("</main>")
    if start < 0 or end < 0:
        return html
    pattern, ordered = _pattern()
    used: set[int] = set()

    def link(match: re.Match[str]) -> str:
        index = int(str(match.lastgroup)[1:])
        if index in used:
            return match[0]
        used.add(index)
        term = ordered[index]
        return (
            f'<a class="term" href="{FILE}#{term.id}" title="{escape(term.means)}">{match[0]}</a>'
        )

    open_elements: list[str] = []
    pieces = []
    for piece in _TAG.split(html[start:end]):
        tag = _NAME.match(piece)
        if tag and tag[2] in PROSE | OTHER:
            if not tag[1]:
                if not piece.endswith("</script>") and not piece.endswith("</style>"):
                    open_elements.append(tag[2])
            elif tag[2] in open_elements:
                # An end tag ends what is inside it too.
                while open_elements.pop() != tag[2]:
                    pass
        around = set(open_elements)
        prose = bool(PROSE & around) and not OTHER & around and not piece.startswith("<")
        pieces.append(pattern.sub(link, piece) if prose else piece)
    return html[:start] + "".join(pieces) + html[end:]
