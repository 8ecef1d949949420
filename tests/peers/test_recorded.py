"""Packages that `make test-peers` does not install, where they are: they still do as recorded."""

import pytest

from tests import recorded


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["mlx", "paddle"])
def test_the_package_still_does_what_was_recorded(name):
    pytest.importorskip(f"{name}")
    assert recorded.check(name) > 0
