"""What would not fit is refused before any work, and what fits takes no more than was said."""

import subprocess
import sys

import numpy as np
import pytest

import simopt
from simopt import noise_scale, nqm, problems
from simopt.ground import memory

FOUR = problems.four_points()
GIB = 2**30


def machine(root, *, available=8 * GIB, cgroup="", **groups):
    """A root folder that says so much memory is there: files of control groups by their path."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {available // 1024} kB\n")
    (root / "proc/self/cgroup").write_text(cgroup)
    for path, content in groups.items():
        file = root / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def v2(folder, limit, used, cached=0):
    stat = f"anon 5\ninactive_file {cached}\n"
    return {f"{folder}memory.{name}": str(value) + "\n" for name, value in (
        ("max", limit), ("current", used), ("stat", stat))}  # fmt: skip


def v1(folder, limit, used, cached=0):
    stat = f"inactive_file 1\ntotal_inactive_file {cached}\n"
    return {f"memory/{folder}memory.{name}": str(value) + "\n" for name, value in (
        ("limit_in_bytes", limit), ("usage_in_bytes", used), ("stat", stat))}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "free"),
    [
        ({}, 8 * GIB),
        # A container sees its own group as the root.
        ({"cgroup": "0::/\n", **v2("", 2 * GIB, GIB)}, GIB),
        ({"cgroup": "0::/\n", **v2("", 2 * GIB, GIB, cached=GIB // 2)}, 1.5 * GIB),
        ({"cgroup": "0::/\n", **v2("", "max", GIB)}, 8 * GIB),
        ({"cgroup": "0::/\n", **v2("", GIB, 2 * GIB)}, 0),
        # A job of a batch system: the limit may be at its own group, or above.
        ({"cgroup": "0::/a/b\n", **v2("a/b/", "max", 1), **v2("a/", 3 * GIB, GIB)}, 2 * GIB),
        ({"cgroup": "0::/a/b\n", **v2("a/b/", GIB, 0), **v2("a/", 3 * GIB, GIB)}, GIB),
        ({"cgroup": "0::/a\n", **v2("other/", 1, 1)}, 8 * GIB),
        ({"cgroup": "4:cpu:/\n3:memory:/docker/1\n", **v1("", 4 * GIB, GIB, GIB)}, 4 * GIB),
        ({"cgroup": "3:memory:/job\n0::/\n", **v1("job/", 2 * GIB, GIB)}, GIB),
        ({"cgroup": "3:memory:/\n", **v1("", 9223372036854771712, GIB)}, 8 * GIB),
        ({"cgroup": "0::/\n", **v2("", "garbage", GIB)}, 8 * GIB),
        ({"cgroup": "0::/\n", "available": GIB, **v2("", 4 * GIB, GIB)}, GIB),
    ],
)
def test_the_limit_of_a_container_counts(tmp_path, given, free):
    assert memory.free(machine(tmp_path, **given)) == free


def test_without_proc_the_machine_counts(tmp_path):
    assert memory.free(tmp_path) >= 2**28


@pytest.fixture
def small(monkeypatch):
    """A machine, or container, with 100 MiB left."""
    monkeypatch.setattr(memory, "free", lambda: 100 * 2**20)


SGD = simopt.SGD(eta=0.01)


@pytest.mark.parametrize(
    ("start", "call"),
    [
        ("axes=", lambda: simopt.sweep(FOUR, SGD, seed=range(10**6))),
        ("axes=", lambda: simopt.sweep(FOUR, SGD, epochs=10**6, record="steps")),
        ("record='steps'", lambda: simopt.sweep(
            FOUR, SGD, epochs=10**6, record="steps", store="never made")),
        ("record='summary'", lambda: simopt.sweep(
            problems.noisy_quadratic(np.ones(20_000), 1.0), SGD, threads=1, store="never made")),
        ("epochs=1000000:", lambda: simopt.run(FOUR, SGD, epochs=10**6)),
        ("epochs=1000000:", lambda: simopt.prescribe(FOUR, SGD, epochs=10**6)),
        ("hidden=", lambda: problems.network(np.ones((3, 1000)), np.ones(3), hidden=10**6)),
        ("d=", lambda: nqm.problem(d=10**9)),
        ("d=", lambda: nqm.steps_to_target(1, d=10**9)),
        ("problem=", lambda: noise_scale.exact(
            problems.noisy_quadratic(np.ones(20_000), 1.0))),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(small, start, call, tmp_path, monkeypatch):
    """With the argument, what it needs, and what there is."""
    monkeypatch.chdir(tmp_path)
    needs = r"about [\d.,]+ [GM]iB are needed.*, and 70.0 MiB \(70% of what is free\) are allowed"
    with pytest.raises(ValueError, match=needs) as refused:
        call()
    assert str(refused.value).startswith(start)
    assert not list(tmp_path.iterdir())


def test_orders_and_moments_that_a_thread_keeps_count(monkeypatch):
    """Of n = 64 points and d = 3 weights those of every epoch, and of every batch."""
    said = []

    def check(name, value, numbers, size=8, **more):
        said.append(numbers * size)

    monkeypatch.setattr(memory, "check", check)
    x = np.random.default_rng(0).normal(size=(64, 3))
    problem = problems.least_squares(x, x.sum(axis=1), intercept=False)
    needed = []
    for epochs in (2, 5):
        said.clear()
        simopt.sweep(problem, SGD, batch_size=16, epochs=epochs, shuffle="epoch", progress=False)
        needed.append(max(said))
    assert needed[1] - needed[0] == 8 * 3 * (64 + 4 * 3 * (3 + 1))


def test_of_little_nobody_asks(monkeypatch):
    """Each look at the system takes longer than many a sweep."""
    asked = []
    monkeypatch.setattr(memory, "free", lambda: asked.append(1) or 0)
    simopt.sweep(FOUR, SGD, seed=range(1000), progress=False)
    assert not asked
    with pytest.raises(ValueError, match=r"\(70% of what is free\)"):
        memory.check("d", 1, memory.LITTLE / 8)
    assert asked


USE = """
import resource, sys
import pandas, pyarrow.parquet
import simopt
from simopt.engine import tiers
from simopt.ground import memory
four, sgd = simopt.problems.four_points(), simopt.SGD(eta=0.01)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def go(epochs, **how):
    if sys.argv[1] == "run":
        return simopt.run(four, sgd, epochs=epochs)
    return simopt.sweep(four, sgd, epochs=epochs, record="steps", progress=False, **how)

# What a compiler takes, or a kernel's way from the disk, is no part of a trajectory.
with tiers.compiling():
    go(10)
before, said = peak(), []
memory.check = lambda name, value, numbers, size=8, **more: said.append(numbers * size)
store = {"store": sys.argv[2]} if sys.argv[1] == "store" else {}
frame = go(int(sys.argv[3]), **store)
table = (frame.steps if sys.argv[1] == "run" else frame).memory_usage(index=False).sum()
print(peak() - before, max(said), table)
"""


@pytest.mark.parametrize(
    ("way", "epochs", "times"),
    [
        ("sweep", 300_000, 2),
        pytest.param("store", 300_000, 6, marks=pytest.mark.slow),
        pytest.param("run", 30_000, 8, marks=pytest.mark.slow),
    ],
)
def test_a_long_trajectory_takes_what_was_said(tmp_path, way, epochs, times):
    """Of one trajectory's steps: a few times the table, and no more than the check counted."""
    run = [sys.executable, "-c", USE, way, str(tmp_path / "store"), str(epochs)]
    used, said, table = map(float, subprocess.check_output(run, text=True).split())
    assert used < times * table
    assert used < 1.1 * said
