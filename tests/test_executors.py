"""Work on the user's workers: all of it, once each, in flat memory, whatever becomes of them."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import types
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from concurrent.futures import ThreadPoolExecutor as Threads
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.sweeps import clients
from simopt.sweeps.clients import WorkerLost, completed, sending
from tests.test_pickling import count, sign_momentum

FOUR = simopt.problems.four_points()

#: From Python 3.12 on a fork beside threads is warned of; these children touch no thread.
FORK = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
METHODS = [pytest.param(method, marks=FORK) for method in multiprocessing.get_all_start_methods()]
HERE = next(each for each in ("fork", "spawn") if each in multiprocessing.get_all_start_methods())
with_signals = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def processes(number=2, method=HERE):
    return ProcessPoolExecutor(number, mp_context=multiprocessing.get_context(method))


def product(shared, item):
    return shared["factor"] * item


def who(shared, item):
    time.sleep(0.005)
    return os.getpid()


def two_of(results):
    """The processes that took part, once there are two: one may take long to start."""
    pids = set()
    with closing(results):
        while len(pids) < 2:
            pids.add(next(results)[1])
    return pids


def refused_at_five(shared, item):
    if item == 5:
        raise ValueError("five")
    return item


def deadly_at_five(shared, item):
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def note(shared):
    with open(shared, "a", encoding="utf-8") as file:
        file.write("prepared\n")


class Unpickled:
    """Writes a line to a file whenever it is unpickled; too large to travel with every item."""

    def __init__(self, path):
        self.path, self.load = path, b"x" * (sending.SMALL + 1)

    def __setstate__(self, state):
        vars(self).update(state)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")


class Here(Executor):
    """An executor of one worker, in this process; keeps what it was sent."""

    _max_workers = 1

    def __init__(self):
        self.sent = []

    def submit(self, function, *arguments):
        self.sent.append(arguments)
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_every_item_once_on_threads():
    with Threads(2) as pool:
        found = list(completed(pool, lambda shared, item: shared + item, 10, range(50)))
    assert sorted(found) == [(item, 10 + item) for item in range(50)]


@pytest.mark.parametrize("method", METHODS)
def test_every_item_once_in_processes(method):
    shared = {"factor": np.arange(3.0), "load": b"x" * 100_000}
    with processes(method=method) as pool:
        found = dict(completed(pool, product, shared, range(50)))
    assert sorted(found) == list(range(50))
    for item, result in found.items():
        np.testing.assert_array_equal(result, item * np.arange(3.0))


def test_what_is_shared_goes_to_each_process_once(tmp_path):
    path = tmp_path / "unpickled"
    with processes() as pool:
        pids = two_of(completed(pool, who, Unpickled(path), itertools.count()))
    assert sorted(path.read_text().split()) == sorted(map(str, pids))


def test_a_process_that_lacks_what_is_shared_is_sent_it():
    pool = Here()
    shared = {"factor": 3, "load": os.urandom(sending.SMALL)}
    found = []
    with closing(completed(pool, product, shared, range(6))) as results:
        for result in results:
            found.append(result)
            if len(found) == 3:
                sending._unpacked.clear()  # as if another process had taken its place
    assert found == [(item, 3 * item) for item in (0, 1, 2, 3, 4, 5)]
    whole = [item for _, packed, item in pool.sent if packed.data is not None]
    assert whole == [0, 5]  # the first, and the first that was sent after the loss
    assert [item for _, _, item in pool.sent] == [0, 1, 2, 3, 4, 5, 5]
    # What is small goes with every item.
    small = Here()
    assert len(dict(completed(small, product, {"factor": 2}, range(4)))) == 4
    assert all(packed.data is not None for _, packed, _ in small.sent)


def test_a_process_keeps_a_few_shared_values_and_no_more():
    sending._unpacked.clear()
    for factor in range(3 * sending.KEPT):
        pool = Here()
        assert dict(completed(pool, product, {"factor": factor}, [2])) == {2: 2 * factor}
    assert len(sending._unpacked) == sending.KEPT


@pytest.mark.parametrize("ahead", [1, 3])
def test_endless_items_are_taken_as_they_are_needed(ahead):
    taken = []

    def items():
        for item in itertools.count():
            taken.append(item)
            yield item

    with (
        Threads(2) as pool,
        closing(completed(pool, product, {"factor": 1}, items(), ahead=ahead)) as results,
    ):
        for done in range(1, 200):
            next(results)
            assert len(taken) <= done + 2 * ahead
    assert len(taken) >= 199


def test_no_items_no_results():
    with Threads(1) as pool:
        assert list(completed(pool, product, {}, [])) == []


def test_closing_cancels_what_has_not_begun():
    begun, gate = [], threading.Event()

    def wait(shared, item):
        begun.append(item)
        if item > 0:
            gate.wait(300)

    with Threads(1) as pool:
        results = completed(pool, wait, None, itertools.count(), ahead=5)
        assert next(results) == (0, None)
        results.close()
        gate.set()
    assert begun in ([0], [0, 1])


@pytest.mark.parametrize("pool", [Threads, processes])
def test_what_the_function_raises_comes_as_it_is(pool):
    with pool(2) as client, pytest.raises(ValueError, match="^five$"):
        list(completed(client, refused_at_five, None, itertools.count()))


def test_what_the_items_raise_comes_as_it_is():
    def items():
        yield 1
        raise LookupError("no more")

    with Threads(1) as pool, pytest.raises(LookupError, match="no more"):
        list(completed(pool, product, {"factor": 1}, items()))


@with_signals
def test_a_killed_process_is_told():
    found = []

    def collect(pool):
        for item, _ in completed(pool, deadly_at_five, None, itertools.count()):
            found.append(item)

    with processes() as pool:
        message = r"client=.*ended abruptly.*Make a new one.*with store=.*goes on"
        with pytest.raises(WorkerLost, match=message) as told:
            collect(pool)
        assert isinstance(told.value.__cause__, BrokenExecutor)
        # What had come before 5 was sent is there.
        assert len(found) >= 2
        assert 5 not in found
        # A pool that was broken before.
        with pytest.raises(WorkerLost, match=message):
            collect(pool)


INTERRUPTED = """
    import itertools, signal, sys, time
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from simopt.sweeps.clients import completed
    from tests.test_executors import who

    # In a shell's background, and in tests that run there, Ctrl-C is ignored from the start.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    if __name__ == "__main__":
        with {pool}(2) as pool:
            try:
                for _ in completed(pool, who, None, itertools.count()):
                    print("one", flush=True)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
"""


@with_signals
@pytest.mark.parametrize("pool", ["ThreadPoolExecutor", "ProcessPoolExecutor"])
def test_ctrl_c_ends_it(pool, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(INTERRUPTED.format(pool=pool)))
    root = str(Path(__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # idle processes of the pool each print their own interrupt
        env={**os.environ, "PYTHONPATH": root},
        start_new_session=True,
        text=True,
    )
    try:
        assert child.stdout.readline() == "one\n"
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does
        rest, _ = child.communicate(timeout=300)
    finally:
        child.kill()
        child.wait()
    assert rest.split()[-1] == "interrupted"


ASYNCHRONOUS = type("Client", (), {"asynchronous": True, "status": "running"})
CLOSED = type("Client", (), {"asynchronous": False, "status": "closed"})
ASYNCHRONOUS.__module__ = CLOSED.__module__ = "distributed.client"
REFUSED = {
    "None": None,
    "an address": "tcp://scheduler:8786",
    "a number": 2,
    "a class": ProcessPoolExecutor,
    "an asynchronous Dask client": ASYNCHRONOUS(),
    "a closed Dask client": CLOSED(),
    "another module": os,
}


@pytest.mark.parametrize("client", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_no_client(client):
    for attempt in (
        lambda: clients.check(client),
        lambda: completed(client, product, None, [1]),
        lambda: clients.prepare(client, note, None),
    ):
        with pytest.raises(
            ValueError, match=r"client=.*: must be a concurrent.futures.Executor, a Dask"
        ):
            attempt()


def test_ray_must_be_there(monkeypatch):
    ray = types.ModuleType("ray")
    ray.is_initialized = lambda: False
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(ValueError, match=r"client=<module 'ray'>: must be .*ray\.init"):
        clients.check(ray)
    ray.is_initialized = lambda: True
    assert clients.check(ray) is ray


def test_ahead_is_checked():
    with (
        Threads(1) as pool,
        pytest.raises(ValueError, match="ahead=0: must be a whole number >= 1"),
    ):
        completed(pool, product, None, [1], ahead=0)


def test_workers():
    with Threads(3) as pool:
        assert clients.workers(pool) == 3
    assert clients.workers(Here()) == 1
    assert clients.workers(Executor()) == os.cpu_count()


def test_preparing(tmp_path):
    path = tmp_path / "prepared"
    with Threads(1) as pool:
        clients.prepare(pool, note, str(path))
    with processes() as pool:
        clients.prepare(pool, note, str(path))
    assert not path.exists()  # they have this host's folders
    clients.prepare(Here(), note, str(path))
    assert path.read_text() == "prepared\n"


def test_what_cannot_be_sent_is_refused_at_once():
    lock = threading.Lock()
    with processes() as pool:
        with pytest.raises(ValueError, match=r"client=.*able to send what it is to run \(.*lock"):
            completed(pool, product, lock, [1])
        assert not pool._processes  # nothing ran
    with Threads(1) as pool:  # threads need none
        (found,) = completed(pool, lambda shared, item: shared is lock, lock, [1])
    assert found == (1, True)


SESSION = """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    import pandas as pd
    import simopt

    SIZE = 2.0

    def sign(g):
        return -1.0 if g < 0 else 1.0

    def mine(w, g, eta):
        return w - eta * SIZE * sign(g)

    optimizers = [
        simopt.rule(mine)(eta=[0.01, 0.1]), simopt.rule(lambda w, g, eta: w - eta * g)(eta=0.1)
    ]
    where = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=where) as pool:
        sent = simopt.sweep(simopt.problems.four_points(), optimizers, client=pool)
    local = simopt.sweep(simopt.problems.four_points(), optimizers)
    pd.testing.assert_frame_equal(sent, local, check_exact=True)
    print(sent["w"].nunique())
"""


def test_a_rule_of_a_session_reaches_processes():
    """As in a notebook: the new process finds no file to import its functions from."""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SESSION)],
        capture_output=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3\n"


def test_a_module_that_processes_cannot_import_is_told():
    """Functions of a module travel by name, and the module is not there."""
    module = types.ModuleType("of_this_process_alone")
    exec("def mine(w, g, eta):\n    return w - eta * g\n", vars(module))
    sys.modules[module.__name__] = module
    try:
        packed = sending.pack(None, module.mine)
    finally:
        del sys.modules[module.__name__]
    with pytest.raises(ValueError, match=r"client: a worker process cannot import .*of_this_pro"):
        sending.call(product, packed, 1)


# A whole sweep.


def grid():
    """Trajectories enough for several chunks, on kernels that other tests compile."""
    return {
        "optimizers": [simopt.SGD(eta=np.geomspace(1e-3, 2, 60)), simopt.Adam(eta=[0.01, 0.1])],
        "shuffle": ["never", "epoch"],
        "seed": range(5),
        "epochs": 3,
    }


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("pool", [Threads, processes])
@pytest.mark.parametrize("record", ["summary", "epochs"])
def test_a_sweep_is_the_same_to_the_bit(pool, record):
    local = simopt.sweep(FOUR, **grid(), record=record)
    with pool(2) as client:
        frame = simopt.sweep(FOUR, **grid(), record=record, client=client)
    pd.testing.assert_frame_equal(frame, local, check_exact=True)
    assert frame.attrs["spec"] == local.attrs["spec"]
    assert frame.attrs["trajectories"] == local.attrs["trajectories"]
    assert frame.attrs["updates"] == local.attrs["updates"]


def test_a_users_rule_goes_to_processes():
    made = simopt.rule(sign_momentum, clock=count, name="SignMomentum")(eta=[0.01, 0.1])
    local = simopt.sweep(FOUR, made, epochs=3)
    with processes() as client:
        frame = simopt.sweep(FOUR, made, epochs=3, client=client)
    pd.testing.assert_frame_equal(frame, local, check_exact=True)
    assert set(frame["optimizer"]) == {"SignMomentum"}


@pytest.mark.usefixtures("small_chunks")
def test_a_reduced_sweep_is_the_same_to_the_bit():
    local = simopt.sweep(FOUR, **grid(), reduce="seed")
    with processes() as client:
        frame = simopt.sweep(FOUR, **grid(), reduce="seed", client=client)
    pd.testing.assert_frame_equal(frame, local, check_exact=True)


@with_signals
@pytest.mark.usefixtures("small_chunks")
def test_after_a_killed_process_a_stored_sweep_goes_on(monkeypatch, tmp_path):
    # Chunks enough that work is left when the pool hears of it.
    large = {**grid(), "seed": range(100)}
    simopt.sweep(FOUR, **large, store=tmp_path / "undisturbed")
    sent = []

    def killing(client, *arguments):
        for each in completed(client, *arguments):
            sent.append(each)
            yield each
            if len(sent) == 4:
                os.kill(next(iter(client._processes)), signal.SIGKILL)

    monkeypatch.setattr(clients, "completed", killing)
    with processes() as client, pytest.raises(WorkerLost, match="with store="):
        simopt.sweep(FOUR, **large, store=tmp_path / "killed", client=client)
    assert len(sent) >= 4
    monkeypatch.setattr(clients, "completed", completed)
    with processes() as client:
        simopt.sweep(FOUR, **large, store=tmp_path / "killed", client=client)
    first, second = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("undisturbed", "killed")
    )
    assert first == second


def test_a_sweep_refuses_what_is_no_client_before_it_runs():
    with pytest.raises(ValueError, match="client='tcp://scheduler:8786': must be"):
        simopt.sweep(FOUR, simopt.SGD(), client="tcp://scheduler:8786")
