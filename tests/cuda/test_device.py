"""On a GPU, where there is one: the bits are the CPU's."""

from dataclasses import replace

import numpy as np
import pytest

from simopt.engine import blocks, cuda
from tests.device_cases import ALL_CASES, Case, assert_same

missing = cuda.available()
pytestmark = pytest.mark.skipif(missing is not None, reason=str(missing))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ALL_CASES)
def test_the_bits_are_the_cpus(name, dtype):
    case = replace(ALL_CASES[name], dtype=dtype)
    assert_same(case.ends(cuda.compute), case.ends(blocks.compute))


@pytest.mark.parametrize("shuffle", ["never", "epoch"])
def test_many_trajectories_and_updates(shuffle):
    """Where Adam is chaotic: a bit that differs would be all over the weights at the end."""
    plan = {"epochs": 2_000, "shuffle": shuffle}
    rates = tuple(np.geomspace(0.05, 2.0, 2_000).tolist())
    case = Case("hubble", "Adam", rates=rates, seeds=(1, 2), plan=plan, limit=None)
    assert_same(case.ends(cuda.compute), case.ends(blocks.compute))
