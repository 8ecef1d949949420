"""What a test draws depends on the test alone, unless new draws are asked for."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import draws

ROOT = Path(__file__).parents[1]


def drawn():
    """Numbers of many sizes: those that hypothesis finds in source as well, were it to look."""
    values = []

    @settings(max_examples=300)
    @given(st.integers(), st.floats())
    def draw(whole, real):
        values.append((whole, repr(real)))

    draw()
    return values


@pytest.mark.skipif(draws.TIMES > 0, reason="new draws were asked for")
def test_the_same_is_drawn_whatever_was_imported(tmp_path, monkeypatch):
    before = drawn()
    file = tmp_path / "numbers_of_its_own.py"
    file.write_text("\n".join(f"a{n} = {n}7340033, {n}.12345" for n in range(1, 30)))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file.stem, module)
    spec.loader.exec_module(module)
    assert drawn() == before


PROBE = """
from hypothesis import given, settings, strategies as st
from tests import draws

draws.load()

def drawn(**own):
    values = []
    @settings(**own)
    @given(st.floats())
    def draw(value):
        values.append(repr(value))
    draw()
    return values

found = [drawn(), drawn(max_examples=40), drawn(deadline=None)]
print([len(values) for values in found], found[0])
"""


def probed(**given):
    """How many are drawn by default, by a number of its own, by default again; and what."""
    usual = {name: value for name, value in os.environ.items() if name not in ("CI", "DRAWS")}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, check=True, capture_output=True, text=True,
        env={**usual, **given},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("where", [{}, {"CI": "true"}], ids=["here", "in CI"])
def test_as_many_as_asked_for_are_drawn(where):
    one, two = probed(**where), probed(**where)
    assert one == two
    assert one.startswith("[100, 40, 100]")
    one, two = probed(DRAWS="3", **where), probed(DRAWS="3", **where)
    assert one != two
    assert one.startswith("[300, 120, 300]")
    assert two.startswith("[300, 120, 300]")
