"""Sweeps on a Dask cluster: the local bits, whatever becomes of its workers.

Two worker processes with a thread each, on this machine. "Killed" is SIGKILL.
"""

import itertools
import os
import signal
import threading
import time
import warnings
from contextlib import closing, contextmanager

import dask
import distributed
import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.rules import ALL
from simopt.sweeps import chunks, clients
from simopt.sweeps.clients import WorkerLost, completed, kind
from simopt.sweeps.clients import dask as dask_clients
from simopt.sweeps.clients.dask import one_per_host
from tests.test_executors import (
    Unpickled,
    deadly_at_five,
    grid,
    note,
    product,
    refused_at_five,
    two_of,
    who,
)
from tests.test_pickling import count, sign_momentum

FOUR = simopt.problems.four_points()


@contextmanager
def local(workers):
    """A cluster that waits for its workers to come back.

    By default, one that is away 15 seconds after it was killed is given up, though it came back in
    between and was killed again.
    """
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL"
        ) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="module")
def cluster():
    with local(2) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture(params=["client", "executor"])
def either(request, client):
    """The Client, and its executor."""
    return client if request.param == "client" else client.get_executor(retries=1)


def pause(shared, item):
    time.sleep(0.02)
    return shared["factor"] * item


def begin(shared, item):
    """All but the first go on when there is a second file."""
    begun, gate = shared
    with open(begun, "a", encoding="utf-8") as file:
        file.write(f"{item}\n")
    while item > 0 and not os.path.exists(gate):
        time.sleep(0.01)


def kill(client, most=2):
    """Kill as many workers.

    No test kills more than three, for what four workers were lost with is given up.
    """
    for pid in sorted(set(client.run(os.getpid).values()))[:most]:
        os.kill(pid, signal.SIGKILL)


def test_every_item_once(either):
    shared = {"factor": np.arange(3.0), "load": b"x" * 1_000_000}
    found = dict(completed(either, product, shared, range(100)))
    assert sorted(found) == list(range(100))
    for item, result in found.items():
        np.testing.assert_array_equal(result, item * np.arange(3.0))


def test_workers(either):
    assert clients.check(either) is either
    assert clients.workers(either) == 2


def test_what_is_shared_goes_to_each_worker_once(either, tmp_path):
    path = tmp_path / "unpickled"
    pids = two_of(completed(either, who, Unpickled(path), itertools.count()))
    assert sorted(path.read_text().split()) == sorted(map(str, pids))


@pytest.mark.parametrize("load", [0, 1_000_000])
def test_killed_workers_lose_nothing(either, client, load):
    # First both, and with them what they shared.
    shared = {"factor": 3, "load": b"x" * load}
    found = []
    with closing(completed(either, pause, shared, range(80))) as results:
        for result in results:
            found.append(result)
            if len(found) in (10, 40):
                kill(client, 2 if len(found) == 10 else 1)
    assert sorted(found) == [(item, 3 * item) for item in range(80)]


def test_what_the_function_raises_comes_as_it_is(either):
    with pytest.raises(ValueError, match="^five$"):
        list(completed(either, refused_at_five, None, itertools.count()))


def test_work_that_kills_every_worker_is_told(either):
    with pytest.raises(WorkerLost, match=r"client=.*lost worker after worker.*store="):
        list(completed(either, deadly_at_five, None, range(20)))


def test_closing_cancels_what_has_not_begun(either, client, tmp_path):
    begun, gate = tmp_path / "begun", tmp_path / "gate"
    shared = str(begun), str(gate)
    with closing(completed(either, begin, shared, itertools.count(), ahead=10)) as results:
        next(results)
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
        time.sleep(0.05)
    gate.touch()
    # Twenty were on their way: one ended, and each worker had begun one.
    client.run(os.getpid)
    assert len(begun.read_text().split()) <= 3


def test_a_cluster_that_goes_is_told():
    with local(1) as cluster, distributed.Client(cluster) as client:
        results = completed(client, pause, {"factor": 1}, itertools.count())
        next(results)
        cluster.close()
        with pytest.raises(WorkerLost, match=r"client=.*was cancelled.*store="):
            list(results)
        with pytest.raises(ValueError, match="client=.*must be"):
            clients.check(client)


def test_a_restarted_cluster_is_told(client):
    results = completed(client, pause, {"factor": 1}, itertools.count())
    next(results)
    client.restart()
    with pytest.raises(WorkerLost, match=r"client=.*restarted.*store="):
        list(results)


def test_workers_that_come_later_take_part():
    with local(0) as cluster, distributed.Client(cluster) as client:
        assert clients.workers(client) == 1
        results = completed(client, who, None, itertools.count())
        cluster.scale(1)
        next(results)
        cluster.scale(2)
        assert len(two_of(results)) == 2


@pytest.fixture
def told(monkeypatch):
    """A cluster's first worker comes when it is told that there is none: ``told(cluster)``."""
    monkeypatch.setattr(kind, "PATIENCE", 0.01)
    warn = warnings.warn

    def scaled(cluster):
        def and_scale(text, *arguments, stacklevel=1):
            warn(text, *arguments, stacklevel=stacklevel + 1)
            if "has no workers" in text:
                cluster.scale(1)

        monkeypatch.setattr(warnings, "warn", and_scale)

    return scaled


def test_a_cluster_without_workers_is_told(told):
    with local(0) as cluster, distributed.Client(cluster) as client:
        told(cluster)
        with pytest.warns(UserWarning, match=r"client=.*has no workers; waiting"):
            found = dict(completed(client, who, None, range(3)))
    assert sorted(found) == [0, 1, 2]


def test_a_sweep_without_workers_is_told(told):
    with local(0) as cluster, distributed.Client(cluster) as client:
        told(cluster)
        with pytest.warns(UserWarning, match=r"client=.*has no workers; waiting"):
            frame = simopt.sweep(FOUR, simopt.SGD(), client=client)
    pd.testing.assert_frame_equal(frame, simopt.sweep(FOUR, simopt.SGD()), check_exact=True)


def test_a_cluster_that_goes_while_preparing_is_told():
    with local(1) as cluster, distributed.Client(cluster) as client:

        def close_once_it_prepares():
            while not cluster.scheduler.tasks:
                time.sleep(0.01)
            cluster.close()

        threading.Thread(target=close_once_it_prepares).start()
        with pytest.raises(WorkerLost, match=r"client=.*was cancelled.*store="):
            clients.prepare(client, time.sleep, 30)


def test_each_host_prepares_once(either, tmp_path):
    path = tmp_path / "prepared"
    clients.prepare(either, note, str(path))
    assert path.read_text() == "prepared\n"


def _where_the_first_is_gone(dask_worker):
    """In place of `dask._place`: of two workers one has died, and the scheduler has not noticed."""
    if dask_worker.name == 0:
        raise ConnectionResetError
    return "host", ""


def test_a_worker_that_is_gone_does_not_keep_others_from_preparing(client, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_clients, "_place", _where_the_first_is_gone)
    path = tmp_path / "prepared"
    clients.prepare(client, note, str(path))
    assert path.read_text() == "prepared\n"


def test_places_one_worker_each():
    places = {"b": ("host", ""), "a": ("host", ""), "c": ("host", "/cache"), "d": ("other", "")}
    assert one_per_host(places) == ["a", "c", "d"]


def test_what_an_item_costs(either, capsys):
    seconds = {}
    for ahead in (2, 20):
        began = time.perf_counter()
        found = list(completed(either, product, {"factor": 1}, range(400), ahead=ahead))
        seconds[ahead] = (time.perf_counter() - began) / 400
        assert len(found) == 400
    with capsys.disabled():
        shown = ", ".join(f"{1e3 * each:.1f} ms with {n} ahead" for n, each in seconds.items())
        print(f"\n{type(either).__name__}: an item that does nothing takes {shown}")


# Whole sweeps.


@pytest.fixture
def killed_after(client, monkeypatch):
    """Kills workers after some results of a sweep: result to how many."""
    left = {}

    def completed_killing(*arguments):
        for done, each in enumerate(completed(*arguments), 1):
            yield each
            if done in left:
                kill(client, left.pop(done))

    monkeypatch.setattr(clients, "completed", completed_killing)
    yield left.update
    assert not left


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("record", ["summary", "epochs"])
def test_a_sweep_is_the_same_to_the_bit_though_workers_are_killed(either, record, killed_after):
    here = simopt.sweep(FOUR, **grid(), record=record)
    killed_after({3: 2, 9: 1})
    frame = simopt.sweep(FOUR, **grid(), record=record, client=either)
    pd.testing.assert_frame_equal(frame, here, check_exact=True)
    for key in ("spec", "problem", "trajectories", "updates"):
        assert frame.attrs[key] == here.attrs[key]


@pytest.mark.usefixtures("small_chunks")
def test_a_reduced_sweep_is_the_same_to_the_bit(client):
    here = simopt.sweep(FOUR, **grid(), reduce="seed")
    frame = simopt.sweep(FOUR, **grid(), reduce="seed", client=client)
    pd.testing.assert_frame_equal(frame, here, check_exact=True)


@pytest.mark.usefixtures("small_chunks")
def test_groups_larger_than_a_chunk_are_the_same_to_the_bit(client, monkeypatch, killed_after):
    for name in ("REDUCED", "WHOLE"):
        monkeypatch.setattr(chunks, name, 32)
    axes = grid() | {"seed": range(100)}
    here = simopt.sweep(FOUR, **axes, reduce="seed")
    killed_after({3: 2})
    frame = simopt.sweep(FOUR, **axes, reduce="seed", client=client)
    pd.testing.assert_frame_equal(frame, here, check_exact=True)


@pytest.mark.usefixtures("small_chunks")
def test_a_stored_sweep_is_the_same_to_the_byte(client, killed_after, tmp_path):
    simopt.sweep(FOUR, **grid(), store=tmp_path / "local")
    killed_after({4: 2})
    simopt.sweep(FOUR, **grid(), store=tmp_path / "cluster", client=client)
    here, there = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("local", "cluster")
    )
    assert here == there


@pytest.mark.parametrize("name", ALL)
def test_every_rule_in_every_convention(client, name):
    optimizer = ALL[name](convention=list(ALL[name]().made_by.conventions), eta=[0.01, 0.1])
    here = simopt.sweep(FOUR, optimizer, epochs=3)
    frame = simopt.sweep(FOUR, optimizer, epochs=3, client=client)
    pd.testing.assert_frame_equal(frame, here, check_exact=True)


def test_other_losses_weights_and_schedules(client):
    x = np.linspace(-1, 1, 40).reshape(20, 2)
    for problem in (simopt.problems.diabetes(), simopt.problems.logistic(x, np.arange(20) % 2)):
        settings = {"schedule": [None, simopt.schedules.cosine()], "batch_size": 8, "epochs": 2}
        here = simopt.sweep(problem, simopt.SGD(eta=[0.01, 0.1]), **settings)
        frame = simopt.sweep(problem, simopt.SGD(eta=[0.01, 0.1]), **settings, client=client)
        pd.testing.assert_frame_equal(frame, here, check_exact=True)


def test_a_users_rule_by_name_and_one_without(either):
    named = simopt.rule(sign_momentum, clock=count, name="SignMomentum")
    nameless = simopt.rule(lambda w, g, eta, b=0.5: w - eta * b * g, name="Mine")
    for made in (named, nameless):
        here = simopt.sweep(FOUR, made(eta=[0.01, 0.1]), epochs=3)
        frame = simopt.sweep(FOUR, made(eta=[0.01, 0.1]), epochs=3, client=either)
        pd.testing.assert_frame_equal(frame, here, check_exact=True)
