"""The built pages load nothing from a network: a build whose pages would is an error."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Attributes by which a page loads something when it is opened; a link (``<a href>``) does not.
LOADING = {"src", "srcset", "data", "poster", "background"}
#: ``<link rel=...>`` that load nothing.
PASSIVE = {"canonical", "next", "prev", "index", "search", "author", "license", "help"}
REMOTE = re.compile(r"^\s*(?:https?:)?//", re.I)


class Loads(HTMLParser):
    """Collects what a page would load from elsewhere: scripts, styles, images, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.remote: list[str] = []
        self.tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes that load something."""
        self.tag = tag
        values = {name: value or "" for name, value in attrs}
        loading = [values[name] for name in LOADING & values.keys()]
        if tag == "link" and not PASSIVE & set(values.get("rel", "").lower().split()):
            loading.append(values.get("href", ""))
        if tag in ("use", "image"):
            loading += [values.get("href", ""), values.get("xlink:href", "")]
        self.remote += [url for url in loading if REMOTE.match(url)]
        self.remote += remote_in_style(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        """Look into style elements."""
        if self.tag == "style":
            self.remote += remote_in_style(data)

    def handle_endtag(self, tag: str) -> None:
        """Text after an element is not inside it."""
        self.tag = ""


def remote_in_style(css: str) -> list[str]:
    """What a style sheet would load from elsewhere."""
    urls = re.findall(r"""(?:url\(|@import)\s*(?:url\()?\s*["']?([^"')\s;]+)""", css)
    return [url for url in urls if REMOTE.match(url)]


def remote(folder: Path) -> dict[str, list[str]]:
    """What the pages and style sheets of a folder would load from a network, by file."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.html")):
        page = Loads()
        page.feed(path.read_text(encoding="utf-8"))
        found[path.name] = page.remote
    for path in sorted(folder.rglob("*.css")):
        found[path.name] = remote_in_style(path.read_text(encoding="utf-8"))
    return {name: urls for name, urls in found.items() if urls}


def check(app: Sphinx, exception: Exception | None) -> None:
    """Refuse pages that would load something."""
    if exception is None and app.builder.format == "html":
        loads = remote(Path(app.outdir))
        if loads:
            raise ValueError(f"pages that load from a network: {loads}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Check when the build has finished."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
