"""The engine on GPUs, in numba.cuda's simulator: plain Python, a process of its own."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from simopt.engine import blocks
from tests import device_cases
from tests.device_cases import FURTHER, QUICK, assert_same


def ends(name):
    """A case, computed where this is called."""
    from simopt.engine import cuda

    return device_cases.ALL_CASES[name].ends(cuda.compute)


@pytest.fixture(scope="module")
def simulator():
    """A process in which a device is simulated. It takes functions of this file."""
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            pool.submit(os.getpid).result()
            del os.environ["NUMBA_ENABLE_CUDASIM"]
            yield lambda function, *arguments: pool.submit(function, *arguments).result()
    finally:
        os.environ.pop("NUMBA_ENABLE_CUDASIM", None)


@pytest.mark.parametrize("name", QUICK)
def test_the_bits_are_the_cpus(name, simulator):
    assert_same(simulator(ends, name), QUICK[name].ends(blocks.compute))


@pytest.mark.slow
@pytest.mark.parametrize("name", FURTHER)
def test_the_bits_are_the_cpus_in_every_rule_and_problem(name, simulator):
    assert_same(simulator(ends, name), FURTHER[name].ends(blocks.compute))
