"""Several processes that store one sweep: they share its chunks, and wait for nobody's ghost."""

import re
import subprocess
import sys
import time
import warnings

import pytest

import simopt
from simopt.ground.locks import Claims
from simopt.sweeps import chunks, worker
from tests import processes

FOUR = simopt.problems.four_points()
ETAS = [0.01 * k for k in range(1, 41)]


def sweeping(pipe, folder, seconds):
    """A sweep of 40 chunks. It says when the first begins, and goes on with it once it is told to.

    The others take a while. It says what it is warned of, and how many trajectories it made itself.
    """
    compute, begun = worker.compute, []

    def slowly(*arguments):
        if not begun:
            pipe.send("begun")
            pipe.recv()
        begun.append(arguments)
        time.sleep(seconds)
        return compute(*arguments)

    chunks.ROWS, chunks.FEW_UPDATES, worker.compute = 1, 1, slowly
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *_, **__: pipe.send(str(message))
    frame = simopt.sweep(FOUR, simopt.SGD(eta=ETAS), store=folder, threads=1, progress=False)
    assert len(frame) == 40
    pipe.send(frame.attrs["trajectories"])


def begun(folder, seconds=0.0):
    """A process whose first chunk has begun, and the pipe to it."""
    here, there = processes.PROCESSES.Pipe()
    process = processes.start(sweeping, there, folder, seconds)
    there.close()
    assert here.recv() == "begun"
    return process, here


def rest(process, pipe):
    """What it says until it ends, as it should."""
    said = []
    try:
        while True:
            said.append(pipe.recv())
    except EOFError:
        process.join()
    assert process.exitcode == 0
    return said


def test_two_processes_share_the_chunks(tmp_path):
    frame = simopt.sweep(FOUR, simopt.SGD(eta=ETAS))
    both = [begun(tmp_path / "store", 0.1) for _ in range(2)]
    for _, pipe in both:
        pipe.send("on")
    made = [rest(*each)[-1] for each in both]
    assert sum(made) == 40
    assert min(made) >= 1
    assert simopt.load(tmp_path / "store").equals(frame)
    names = {path.name for path in (tmp_path / "store").iterdir()}
    assert all(name.startswith(("chunk-", "_manifest")) for name in names)


def test_the_second_waits_for_the_first(tmp_path):
    """And says so: what it lacks is being made, in one process, for as long as that may take."""
    first, second = begun(tmp_path / "store"), begun(tmp_path / "store")
    second[1].send("on")
    said = re.search(r"another process makes (\d+) of .* waiting for it", second[1].recv())
    first[1].send("on")
    # What it began, and what it had claimed to begin next.
    assert rest(*first) == [int(said[1])]
    assert rest(*second)[-1] == 40 - int(said[1])


def test_a_killed_process_holds_nothing(tmp_path):
    first, _ = begun(tmp_path / "store")
    first.kill()
    first.join()
    assert (tmp_path / "store" / ".lock").exists()
    second, pipe = begun(tmp_path / "store")
    pipe.send("on")
    assert rest(second, pipe) == [40]


HOLD = """
import sys, time
from pathlib import Path
from simopt.ground.locks import Claims
claims = Claims(Path(sys.argv[1]))
assert claims.take(3) and claims.take(5)
claims.release(5)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_claim_ends_with_its_process(tmp_path):
    run = [sys.executable, "-c", HOLD, str(tmp_path / ".lock")]
    other = subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        claims = Claims(tmp_path / ".lock")
        assert [claims.take(number) for number in (2, 3, 4, 5)] == [True, False, True, True]
    finally:
        other.kill()
        other.communicate()
    assert claims.take(3, wait=True)
    claims.remove()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", [OSError(37, "No locks available"), OSError(95, "Not supported")])
def test_without_locks_every_claim_is_granted(tmp_path, monkeypatch, fault):
    def refuse(*arguments):
        raise fault

    monkeypatch.setattr("fcntl.lockf", refuse)
    claims = Claims(tmp_path / ".lock")
    assert claims.take(1)
    assert claims.take(1, wait=True)
    claims.release(1)
    frame = simopt.sweep(FOUR, simopt.SGD(eta=ETAS), store=tmp_path / "store")
    assert frame.attrs["trajectories"] == 40


def test_a_planted_link_is_not_followed(tmp_path):
    (tmp_path / "target").write_text("mine")
    (tmp_path / ".lock").symlink_to(tmp_path / "target")
    assert Claims(tmp_path / ".lock").take(0)
    assert (tmp_path / "target").read_text() == "mine"
