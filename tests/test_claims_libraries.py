"""Looks at other libraries: taken where they are installed, else as recorded."""

import importlib
import math
import os
import tomllib

import numpy as np
import pytest

from simopt.document.claims import libraries
from simopt.document.claims.libraries import Seen, recorded


def look():
    """A look at NumPy, of every kind of figure."""
    return {"half": np.float64(0.5), "one": np.int64(1), "yes": np.True_, "word": 'a "b" \\ c'}


def environment():
    return {"backend": os.environ["KERAS_BACKEND"], "process": os.getpid()}


def test_an_installed_library_is_looked_at():
    seen = libraries.seen(look, "numpy")
    assert seen.live
    assert seen.versions == {"numpy": np.__version__}
    assert seen.figures == {"half": 0.5, "one": 1, "yes": True, "word": 'a "b" \\ c'}
    assert type(seen.figures["yes"]) is bool
    assert seen.by == f"numpy {np.__version__}, run here"


def test_a_missing_one_is_as_recorded(monkeypatch):
    entry = {"versions": {"torch": "1.0", "nowhere": "2.0"}, "figures": {"half": 0.25}}
    monkeypatch.setattr(libraries, "recorded", lambda: {libraries.named(look): entry})
    seen = libraries.seen(look, "numpy", "no_such_library")
    assert not seen.live
    assert seen.figures == {"half": 0.25}
    assert seen.by == "PyTorch 1.0 and nowhere 2.0, recorded"


def test_a_broken_one_is_as_recorded(monkeypatch):
    def broken():
        raise ImportError("undefined symbol")

    entry = {"versions": {"numpy": "1.0"}, "figures": {"half": 0.25}}
    monkeypatch.setattr(libraries, "recorded", lambda: {libraries.named(broken): entry})
    seen = libraries.seen(broken, "numpy")
    assert (seen.by, dict(seen.figures)) == ("numpy 1.0, recorded", {"half": 0.25})


def test_keras_needs_a_backend(monkeypatch):
    assert libraries.installed("no_such_library") is None
    there = {"keras"}
    monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda name: name in there or None)
    monkeypatch.setattr(libraries.importlib.metadata, "version", lambda name: "3.15.1+local")
    assert libraries.installed("keras") is None
    there.add("jax")
    assert libraries.installed("keras") == "3.15.1"


def test_a_module_of_another_package_has_no_version(monkeypatch):
    """As tensorflow is there by the package tensorflow-cpu, and of tensorflow none is known."""
    monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda name: name)
    assert libraries.installed("no_such_library") is None


def test_a_record_reads_back_as_what_was_seen():
    def extremes():
        return {"tiny": 1e-300, "endless": math.inf, "negative": -3, "no": False}

    for each in (look, extremes):
        text = libraries.record(each, "numpy")
        entry = tomllib.loads(text)[libraries.named(each)]
        assert entry == {"versions": {"numpy": np.__version__}, "figures": each()}
    with pytest.raises(ValueError, match="no_such_library"):
        libraries.record(look, "no_such_library")


def test_a_look_elsewhere_has_its_own_process_and_environment():
    seen = libraries.elsewhere(environment, KERAS_BACKEND="chosen")
    assert seen["backend"] == "chosen"
    assert seen["process"] != os.getpid()


@pytest.mark.parametrize("name", recorded())
def test_what_is_recorded_belongs_to_a_look(name):
    folder, module, function = name.split("-")
    found = getattr(importlib.import_module(f"simopt.document.claims.{folder}.{module}"), function)
    assert libraries.named(found) == name
    entry = recorded()[name]
    assert Seen(entry["figures"], entry["versions"], live=False).by.endswith(", recorded")
