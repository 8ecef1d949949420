"""Sweeps on Ray: the local bits, though workers are killed."""

import itertools
import os
import signal
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
import ray

import simopt
from simopt.sweeps import clients
from simopt.sweeps.clients import WorkerLost, completed
from tests.test_executors import deadly_at_five, product, refused_at_five, who


@pytest.fixture(scope="module", autouse=True)
def context():
    with ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False) as context:
        yield context


def test_the_module_and_what_init_returned(context):
    for client in (ray, context):
        assert clients.check(client) is client
        assert clients.workers(client) == 2
        found = dict(completed(client, product, {"factor": 3, "load": b"x" * 10**6}, range(50)))
        assert found == {item: 3 * item for item in range(50)}


def test_what_the_function_raises_comes_as_it_is():
    with pytest.raises(ValueError, match="^five$") as raised:
        list(completed(ray, refused_at_five, None, itertools.count()))
    assert type(raised.value) is ValueError


def test_killed_workers_lose_nothing():
    found = []
    with closing(completed(ray, who, None, range(60))) as results:
        for item, pid in results:
            found.append(item)
            if len(found) == 20:
                os.kill(pid, signal.SIGKILL)
    assert sorted(found) == list(range(60))


def test_work_that_kills_every_worker_is_told():
    with pytest.raises(WorkerLost, match=r"client=.*lost worker after worker.*store="):
        list(completed(ray, deadly_at_five, None, range(20)))


@pytest.mark.usefixtures("small_chunks")
def test_a_sweep_is_the_same_to_the_bit():
    problem = simopt.problems.four_points()
    optimizers = [simopt.SGD(eta=np.geomspace(1e-3, 2, 60)), simopt.Adam(eta=[0.01, 0.1])]
    local = simopt.sweep(problem, optimizers, seed=range(5), epochs=3)
    frame = simopt.sweep(problem, optimizers, seed=range(5), epochs=3, client=ray)
    pd.testing.assert_frame_equal(frame, local, check_exact=True)
