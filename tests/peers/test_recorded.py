"""Packages that `make test-peers` does not install, where they are: they still do as recorded."""

import numpy as np
import pytest

from tests import recorded


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", recorded.DRIVERS)
def test_the_package_still_does_what_was_recorded(name):
    pytest.importorskip(f"{name}")
    now, then = recorded.record(name), recorded.recorded(name)
    assert now["version"] == then["version"]
    for call, theirs in then["calls"].items():
        np.testing.assert_allclose(now["calls"][call]["weights"], theirs["weights"], rtol=1e-12)
    for schedule, rates in then["schedules"].items():
        np.testing.assert_allclose(now["schedules"][schedule], rates, rtol=1e-12)
