"""The documentation: what it names exists, and its pages would load nothing from a network.

That every cross reference leads somewhere and every tutorial runs, `make docs` itself checks.
"""

import re
import sys
from pathlib import Path

import pytest

import simopt

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.append(str(DOCS / "extensions"))

import offline  # noqa: E402

PAGES = sorted(DOCS.glob("*.rst")) + sorted(DOCS.glob("[hrt]*/*.rst"))

#: A path in a page: in double backticks, with a folder or a file's ending.
PATH = re.compile(r"``((?:[A-Za-z_.]+/)+[A-Za-z_.]*|[A-Za-z_]+\.(?:py|toml|md))``")
#: A folder of these is written by a user, not in the repository.
WRITTEN = ("results/",)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_path_that_a_page_names_exists(page):
    named = PATH.findall(page.read_text(encoding="utf-8"))
    inside = [path for path in named if not path.startswith(WRITTEN)]
    assert [path for path in inside if not (ROOT / path).exists()] == []


def test_paths_are_seen():
    assert PATH.findall("``simopt/rules/adam.py``, ``sweeps/``, ``pyproject.toml``, ``a / b``") == [
        "simopt/rules/adam.py",
        "sweeps/",
        "pyproject.toml",
    ]


def test_every_public_module_has_a_page_of_the_reference():
    modules = {name for name in simopt.__all__ if hasattr(getattr(simopt, name), "__path__")}
    modules |= {"measures", "noise_scale"}
    for name in modules:
        text = (DOCS / "reference" / f"{name}.rst").read_text(encoding="utf-8")
        assert f".. public:: simopt.{name}\n" in text


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        '<img src="http://example.org/a.png">',
        "<style>@import url(https://example.org/a.css);</style>",
        "<p style=\"background: url('https://example.org/a.png')\">",
        '<svg><use xlink:href="https://example.org/a.svg#b"/></svg>',
    ],
)
def test_a_page_that_loads_from_a_network_is_seen(tmp_path, page):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    assert list(offline.remote(tmp_path)) == ["page.html"]


def test_a_page_that_links_is_not(tmp_path):
    links = '<a href="https://example.org">x</a><link rel="canonical" href="https://example.org">'
    (tmp_path / "page.html").write_text(links + '<script src="a.js"></script>', encoding="utf-8")
    (tmp_path / "a.css").write_text("p { background: url(a.png) }", encoding="utf-8")
    assert offline.remote(tmp_path) == {}


def test_a_style_sheet_that_loads_from_a_network_is_seen(tmp_path):
    (tmp_path / "a.css").write_text("@import 'https://example.org/b.css';", encoding="utf-8")
    assert list(offline.remote(tmp_path)) == ["a.css"]
