"""Several processes that store one sweep: they share its chunks, and wait for nobody's ghost."""

import re
import subprocess
import sys
import textwrap

import pytest

import simopt
from simopt.ground.locks import Claims

FOUR = simopt.problems.four_points()
ETAS = [0.01 * k for k in range(1, 41)]

#: A sweep of 40 chunks. It says when the first begins, and goes on with it once it is told to; the
#: others take a while. It says what it is warned of, and how many trajectories it made itself.
SCRIPT = """
import sys, time, warnings
import simopt
from simopt.sweeps import chunks, execution, worker
chunks.ROWS, chunks.FEW_UPDATES = 1, 1
compute, begun = worker.compute, []

def slowly(*arguments):
    if not begun:
        print("begun", flush=True)
        sys.stdin.readline()
    begun.append(arguments)
    time.sleep(float(sys.argv[2]))
    return compute(*arguments)

worker.compute = slowly
warnings.simplefilter("always")
warnings.showwarning = lambda message, *_, **__: print(message, flush=True)
frame = simopt.sweep(
    simopt.problems.four_points(), simopt.SGD(eta=[0.01 * k for k in range(1, 41)]),
    store=sys.argv[1], threads=1, progress=False,
)
assert len(frame) == 40
print(frame.attrs["trajectories"])
"""


def start(folder, seconds=0.0):
    """A process whose first chunk has begun."""
    run = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(seconds)]
    process = subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def rest(process):
    """What it says until it ends."""
    return process.communicate(timeout=300)[0].splitlines()


def test_two_processes_share_the_chunks(tmp_path):
    frame = simopt.sweep(FOUR, simopt.SGD(eta=ETAS))
    both = [start(tmp_path / "store", 0.1) for _ in range(2)]
    for process in both:
        go_on(process)
    told = [rest(process) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    made = [int(lines[-1]) for lines in told]
    assert sum(made) == 40
    assert min(made) >= 1
    assert simopt.load(tmp_path / "store").equals(frame)
    names = {path.name for path in (tmp_path / "store").iterdir()}
    assert all(name.startswith(("chunk-", "_manifest")) for name in names)


def test_the_second_waits_for_the_first(tmp_path):
    """And says so: what it lacks is being made, in one process, for as long as that may take."""
    first = start(tmp_path / "store")
    second = start(tmp_path / "store")
    go_on(second)
    said = re.search(r"another process makes (\d+) of .* waiting for it", second.stdout.readline())
    go_on(first)
    # What it began, and what it had claimed to begin next.
    assert rest(first) == [said[1]]
    assert rest(second)[-1] == str(40 - int(said[1]))
    assert first.returncode == second.returncode == 0


def test_a_killed_process_holds_nothing(tmp_path):
    first = start(tmp_path / "store")
    first.kill()
    first.communicate()
    assert (tmp_path / "store" / ".lock").exists()
    second = start(tmp_path / "store")
    go_on(second)
    assert rest(second) == ["40"]


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
