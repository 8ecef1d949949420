"""Regular expressions that are compiled when they are first used."""

import re
import subprocess
import sys

import pytest

from simopt.ground import patterns
from simopt.ground.patterns import late

HELD = r"(?P<name>[a-z]+)=(?P<value>\d+)"


def test_it_is_compiled_at_its_first_use_and_once(monkeypatch):
    compiled = []
    original = re.compile
    monkeypatch.setattr(
        patterns.re, "compile", lambda *what: compiled.append(what) or original(*what)
    )
    pair = late(HELD, re.IGNORECASE)
    assert not compiled
    assert pair.match("LR=3")["name"] == "LR"
    assert pair.search("and lr=4")["value"] == "4"
    assert compiled == [(HELD, re.IGNORECASE)]


@pytest.mark.parametrize("flags", [0, re.IGNORECASE, re.MULTILINE | re.VERBOSE])
def test_it_has_all_that_a_pattern_has(flags):
    names = [each for each in dir(re.Pattern) if not each.startswith("_")]
    for name in names:  # each of a pattern that nothing was asked of before
        mine, real = getattr(late(HELD, flags), name), getattr(re.compile(HELD, flags), name)
        if callable(real):
            more = ("x",) if name in ("sub", "subn") else ()
            mine, real = mine(*more, "a=1 B=2"), real(*more, "a=1 B=2")
            if name == "finditer":
                mine, real = list(mine), list(real)
            mine, real = repr(mine).split(" at ")[0], repr(real).split(" at ")[0]
        assert mine == real, name


def test_it_has_no_more():
    with pytest.raises(AttributeError, match="'size'"):
        late(HELD).size  # noqa: B018


def test_an_error_shows_at_the_first_use():
    wrong = late("(")
    with pytest.raises(re.error):
        wrong.match("")


def test_import_compiles_few():
    """To import the package compiles no long expression, and takes in little besides NumPy."""
    code = (
        "import re, sys\n"
        "original, long = re.compile, []\n"
        "def compiled(expression, flags=0):\n"
        "    ours = sys._getframe(1).f_globals['__name__'].startswith('simopt.')\n"
        "    if ours and len(expression) > 100: long.append(expression)\n"
        "    return original(expression, flags)\n"
        "re.compile = compiled\n"
        "import simopt, simopt.problems.table, simopt.curves.logs\n"
        "print(long, 'importlib.resources' in sys.modules, 'numpy.ma' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False False"
