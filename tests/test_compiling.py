"""Compiled code on disk: kept, found again, and made anew where what lies there is no code."""

import gc
import importlib
import sys
from pathlib import Path

import numba
import pytest
from numba.core import event
from numba.core.serialize import dumps

from simopt.ground import compiling, libraries, parts, pipeline, powers
from simopt.ground.compiling import code_digest, compiled, kept
from simopt.ground.inline import inlined
from tests import conftest


def plus_one(x):
    return x + 1.0


@pytest.mark.parametrize("damage", [b"", b"garbage\n"])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_what_was_cut_off_on_disk_is_compiled_anew(ending, damage, tmp_path, monkeypatch):
    """By a full disk or a power cut: Numba raises, in every process from then on."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    first = compiled(plus_one)
    assert first(1.0) == 2.0
    assert kept(first)
    (path,) = tmp_path.rglob(f"*.{ending}")
    path.write_bytes(damage)
    again = compiled(plus_one)
    assert (again(1.0), sum(again.stats.cache_hits.values())) == (2.0, 0)
    found = compiled(plus_one)
    assert (found(1.0), sum(found.stats.cache_hits.values())) == (2.0, 1)


def test_code_is_compiled_anew_when_what_it_calls_has_changed(tmp_path, monkeypatch):
    """Of two digests of the source, the code that is kept for one does not serve the other."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    hits = []
    for source in ("one", "one", "two", "two"):
        function = compiled(plus_one, source=source)
        function(1.0)
        hits.append(sum(function.stats.cache_hits.values()))
    assert hits == [0, 1, 0, 1]


@pytest.mark.parametrize("module", [compiling, libraries, parts, pipeline, powers])
def test_and_when_how_it_is_compiled_has_changed(module, tmp_path, monkeypatch):
    """Else a mistake in how would stay on disk once it is mended."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiling, "_made_by", compiling._made_by.__wrapped__)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "how.py"))
    hits = []
    for text in ("one", "one", "two", "two"):
        Path(module.__file__).write_text(text, encoding="utf-8")
        function = compiled(plus_one)
        function(1.0)
        hits.append(sum(function.stats.cache_hits.values()))
    assert hits == [0, 1, 0, 1]


#: A loop that is made around a function, as the engine's are.
MAKING = """
def make(factor):
    def part(value):
        return value * factor

    def whole(value, factor=2.0):
        return part(value) + factor

    return part, whole
"""


def test_code_is_found_by_the_next_process_which_reads_the_bytecode_that_the_first_wrote(
    tmp_path, monkeypatch
):
    """Their pickles differ: of equal names those are one object that `marshal` read as one."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "made_of_parts.py").write_text(MAKING, encoding="utf-8")
    pickled, hits = [], []
    for factor in (3.0, 3.0, 4.0):
        part, whole = importlib.import_module("made_of_parts").make(factor)
        del sys.modules["made_of_parts"]
        inlined(part)
        pickled.append(dumps(part))
        function = compiled(whole)
        assert function(2.0) == 2.0 * factor + 2.0
        hits.append(sum(function.stats.cache_hits.values()))
    assert pickled[0] != pickled[1]
    assert hits == [0, 1, 0]


class Seen(event.Listener):
    """Whether Python looked for garbage when a compilation began and when it ended."""

    def __init__(self):
        self.collecting = []

    def on_start(self, event):
        self.collecting.append(gc.isenabled())

    on_end = on_start


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("cut", [False, True])
def test_no_garbage_is_looked_for_while_a_compiler_works(before, cut, tmp_path, monkeypatch):
    """A collection looks at all that it has made so far; whoever collects nothing goes on so."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    function = compiled(plus_one)
    seen = Seen()
    (gc.enable if before else gc.disable)()
    try:
        with event.install_listener("numba:compile", seen):
            if cut:
                with pytest.raises(numba.TypingError):
                    function("one")
            else:
                assert function(1.0) == 2.0
        assert gc.isenabled() is before
    finally:
        gc.enable()
    assert seen.collecting
    assert not any(seen.collecting)


@pytest.mark.parametrize(("way", "end"), [("send", StopIteration), ("throw", pytest.UsageError)])
def test_no_garbage_is_looked_for_while_tests_are_collected_but_is_afterwards(way, end):
    """Also where a collection fails, and in the process that hands tests to others."""
    hook = conftest.pytest_collection()
    next(hook)
    meanwhile = gc.isenabled()
    with pytest.raises(end):
        getattr(hook, way)(end())
    assert (meanwhile, gc.isenabled()) == (False, True)


def test_a_digest_changes_with_the_constants_of_the_module(monkeypatch):
    monkeypatch.setitem(globals(), "SHARE", 0.25)
    before = code_digest(part)
    assert code_digest(part) == before
    monkeypatch.setitem(globals(), "SHARE", 0.5)
    assert code_digest(part) != before


def part(whole):
    return SHARE * whole  # noqa: F821
