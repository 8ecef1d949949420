"""What claims say of other libraries: each look taken again must give what is recorded."""

import importlib
import importlib.util

import pytest

from simopt.document.claims import libraries
from simopt.document.claims.libraries import recorded

# Keras' own, of JAX' arrays.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)

#: Keras computes in single precision, unless told otherwise as here.
SINGLE = 1e-6


@pytest.mark.parametrize("name", recorded())
def test_looking_again_gives_what_is_recorded(name):
    entry = recorded()[name]
    for library in entry["versions"]:
        if libraries.installed(library) is None:
            pytest.skip(f"{library} is not installed")
    folder, module, function = name.split("-")
    look = getattr(importlib.import_module(f"simopt.document.claims.{folder}.{module}"), function)
    seen = libraries.seen(look, *entry["versions"])
    assert seen.live
    assert set(seen.figures) == set(entry["figures"])
    for what, figure in seen.figures.items():
        told = entry["figures"][what]
        assert type(figure) is type(told), what
        assert figure == (
            pytest.approx(told, rel=SINGLE, abs=1e-12) if type(told) is float else told
        )
