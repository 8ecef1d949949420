"""Every page as a reader sees it: on a screen and on a phone, in the light and in the dark."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from simopt.display import vega
from simopt.display.templating import Page, environment
from simopt.document.source import source
from simopt.report import pages
from simopt.report.claims import section
from simopt.report.walkthrough import epochs
from tests import browser

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")

FILES = [*(page.file for page in pages.PAGES), *(section.file(p.name) for p in source().sections)]
WIDTHS = (1280, 390)

#: CSS pixels.
LEAST_TEXT = 11

CHECKS = Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")

#: Charts are drawn after the page has loaded, by the library that it carries.
DRAWN = "[...document.querySelectorAll('.chart')].every(each => each.querySelector('svg'))"


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core, from the package that carries it."""
    package = importlib.util.find_spec("axe_core_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe-core-python, which the extra `test` installs")
    return Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tab(folder: Path) -> Iterator[browser.Tab]:
    with browser.Tab(folder / FILES[0]) as tab:
        yield tab


def opened(tab: browser.Tab, file: Path, width: int) -> None:
    """The page in a window of that width, its charts drawn."""
    tab.resize(width)
    tab.prefer("light")
    tab.mistakes.clear()
    tab.requests.clear()
    tab.open(file)
    tab.until(DRAWN)
    tab.run(CHECKS)


def test_a_legend_is_reached_by_keyboard(tmp_path: Path) -> None:
    distances = pd.DataFrame({"SGD": [1.0, 0.1], "Momentum": [1.0, 2.0], "Adam": [1.0, 0.5]})
    page = Page("legend.html", "Legend", "legend", "Which?")
    template = environment("simopt.display").from_string(
        '{% extends "base.html" %}{% block main %}{{ chart }}{% endblock %}'
    )
    given = {"page": page, "pages": (), "version": "", "chart": epochs.closer_chart(distances)}
    file = tmp_path / page.file
    file.write_text(template.render(given).replace("</body>", f"{vega.library()}</body>"))
    with browser.Tab(file) as tab:
        entries = "[...document.querySelectorAll('.chart g[tabindex]')]"
        tab.until(f"{entries}.length === 3")
        names = tab.run(f"{entries}.map(each => each.getAttribute('aria-label'))")
        assert names == ["SGD alone", "Momentum alone", "Adam alone"]
        tab.run(f"{entries}[1].focus()")
        for kind in ("keyDown", "keyUp"):
            tab.send("Input.dispatchKeyEvent", type=kind, key="Enter", windowsVirtualKeyCode=13)
        pressed = f"{entries}.map(each => each.getAttribute('aria-pressed')).join()"
        tab.until(f"{pressed} === 'false,true,false'")
        assert tab.mistakes == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FILES)
def test_a_page_can_be_read(tab: browser.Tab, folder: Path, name: str, width: int) -> None:
    opened(tab, folder / name, width)
    assert tab.run(f"measured({LEAST_TEXT})") == []
    for scheme in ("light", "dark"):
        tab.prefer(scheme)
        assert tab.run("pale()") == [], scheme
    assert tab.mistakes == []
    # Its own files, and what it holds itself: nothing else is fetched.
    foreign = [url for url in tab.requests if not url.startswith(("file:", "data:", "blob:"))]
    assert foreign == []


#: From large to small; equal is allowed.
IN_ORDER = ("h1", "h2", "h3", "main > p:not([class])", ".note", ".printed", "footer p", "td")


@pytest.mark.parametrize("name", FILES)
def test_print_keeps_sizes_in_order(tab: browser.Tab, folder: Path, name: str) -> None:
    opened(tab, folder / name, WIDTHS[0])
    tab.prefer(medium="print")
    sizes = tab.run(
        f"{json.dumps(IN_ORDER)}.map(each => document.querySelector(each)).filter(Boolean)"
        ".map(each => parseFloat(getComputedStyle(each).fontSize))"
    )
    assert len(sizes) > 2
    assert sizes == sorted(sizes, reverse=True)
    # Seven points.
    assert sizes[-1] >= 7 * 96 / 72


#: Between A4's margins, and a scroll bar beside it [px].
PAPER = round((210 - 2 * 16) / 25.4 * 96) + 15


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_cut_off_on_paper(tab: browser.Tab, folder: Path, name: str) -> None:
    opened(tab, folder / name, PAPER)
    tab.run("dispatchEvent(new Event('beforeprint'))")
    tab.prefer(medium="print")
    root = "document.documentElement"
    assert tab.run(f"{root}.clientWidth") == PAPER - 15
    assert tab.run(f"{root}.scrollWidth - {root}.clientWidth") == 0


def test_all_claims_print_on_few_pages(tab: browser.Tab, folder: Path) -> None:
    opened(tab, folder / "claims.html", WIDTHS[0])
    pdf = base64.b64decode(tab.send("Page.printToPDF", preferCSSPageSize=True)["data"])
    # In full they would take four times as many, and have pages of their own.
    assert 5 < len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 22


@pytest.mark.parametrize("name", FILES)
def test_axe_finds_nothing(tab: browser.Tab, folder: Path, axe: str, name: str) -> None:
    # A phone's width, where charts are drawn twice: what axe looks at is the same at any other.
    opened(tab, folder / name, WIDTHS[-1])
    tab.run(axe)
    assert tab.run("violations()") == []
