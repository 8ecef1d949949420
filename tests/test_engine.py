"""The structure that speed rests on: packed instructions, no allocation in a loop, cache hits."""

import functools
import math
import os
import platform
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba.core.runtime import _nrt_python, rtsys

import simopt
from simopt.engine import blocks, cpu, grouping, layout, losses, packing
from simopt.ground import pipeline, snapshot
from simopt.rules import OPTIMIZERS
from simopt.rules.roots import cube_root
from simopt.training import plan

FOUR = simopt.problems.four_points()
DIABETES = simopt.problems.diabetes()
pytestmark = pytest.mark.whole
PACKED_ROOT = {
    "x86_64": r"v?sqrtpd\s",
    "AMD64": r"v?sqrtpd\s",
    "aarch64": r"fsqrt\s+v",
    "arm64": r"fsqrt\.2d|fsqrt\s+v",
}


def group_of(problem, optimizer, epochs=1, count=1, shuffle="never"):
    hyper = np.repeat(np.array([optimizer.values]).T, count, axis=1)
    how = plan.make(problem, 1, shuffle, epochs, False)
    return group_with(optimizer.rule, how, hyper, np.zeros(1, np.int64))


def group_with(rule, how, hyper, seeds):
    """Every setting with every seed, in rows of that order."""
    settings = hyper.shape[1]
    rows = np.arange(settings) * len(seeds)
    return grouping.Group(rule, how, hyper, seeds, rows, np.arange(len(seeds)))


@functools.cache
def assembly(problem, optimizer, points="shared"):
    """The machine code of a kernel, compiled afresh (code from the disk cache can't be shown)."""
    task = grouping.Task(group_of(problem, optimizer), points, False, 0, 0, 128)

    def unkept(function, borrows):
        options = {"nogil": True, "error_model": "numpy", "_nrt": not borrows}
        return numba.njit(pipeline_class=pipeline.Compiler, **options)(function)

    fresh = functools.cache(cpu.kernel.__wrapped__)
    with mock.patch.object(cpu, "compiled", unkept), mock.patch.object(cpu, "kernel", fresh):
        blocks.compiled(problem, task, np.float64)
        kernel = blocks.kernel_of(task, problem, np.float64)
    code = cpu.code_of(kernel)
    return code.inspect_asm(code.signatures[0])


@pytest.mark.skipif(platform.machine() not in PACKED_ROOT, reason="an unknown instruction set")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("Adam", DIABETES, id="Adam, d = 11"),
        pytest.param("Adam", FOUR, id="Adam, d = 1", marks=pytest.mark.slow),
        pytest.param("AdaGrad", FOUR, id="AdaGrad, d = 1", marks=pytest.mark.slow),
        pytest.param("AdaGrad", DIABETES, id="AdaGrad, d = 11", marks=pytest.mark.slow),
    ],
)
def test_square_roots_are_packed(name, problem):
    assert re.search(
        PACKED_ROOT[platform.machine()], assembly(problem, OPTIMIZERS[name](), "shared")
    )


@pytest.mark.skipif(platform.machine() != "x86_64", reason="counts x86 instructions")
@pytest.mark.parametrize("points", ["shared", pytest.param("moments", marks=pytest.mark.slow)])
def test_gradients_are_packed(points):
    """A loop does four weights and four points, or four rows: 16 packed products, none scalar."""
    blocks_of_code = re.split(r"\n\.LBB\S+:", assembly(DIABETES, simopt.Adam(), points))
    counts = [
        (len(re.findall(r"v?mulpd\s", text)), len(re.findall(r"v?mulsd\s", text)))
        for text in blocks_of_code
    ]
    assert max(packed for packed, scalar in counts if scalar == 0) >= 16


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in PACKED_ROOT, reason="an unknown instruction set")
def test_a_users_own_rule_is_packed_too():
    def root_step(w, g, eta, s, rho=0.9):
        s = rho * s + (1 - rho) * g * g
        return w - eta * g / (s + 1e-8) ** 0.5, s

    Root = simopt.rule(root_step)
    assert re.search(PACKED_ROOT[platform.machine()], assembly(FOUR, Root()))


@pytest.mark.parametrize(
    "problem",
    [pytest.param(FOUR, id="d = 1"), pytest.param(DIABETES, id="d = 11", marks=pytest.mark.slow)],
)
def test_no_allocation_in_a_loop(problem):
    """A kernel is given its arrays, however many epochs and blocks it does."""

    def allocations(epochs, count):
        group = group_of(problem, simopt.Adam(), epochs, count)
        (task,) = grouping.tasks(group, problem, np.float64, 10**12, False)
        data = packing.pack(problem, np.float64, None, None)
        before = rtsys.get_allocation_stats().alloc
        blocks.compute(task, data, problem, 1, 0, True, None, np.zeros(2, np.int64))
        return rtsys.get_allocation_stats().alloc - before

    @numba.njit
    def sum_of_allocated():
        return np.zeros(3).sum()

    _nrt_python.memsys_enable_stats()
    allocations(1, 1)
    sum_of_allocated()
    before = rtsys.get_allocation_stats().alloc
    assert sum_of_allocated() == 0
    assert rtsys.get_allocation_stats().alloc == before + 1, "what allocates is counted"
    assert allocations(1, 1) == allocations(20, 1000) == 0


@pytest.mark.parametrize("shuffle", ["never", "epoch"])
@pytest.mark.parametrize(("settings", "seeds"), [(1000, 1), (300, 5), (128, 9), (7, 40), (1, 999)])
@pytest.mark.parametrize("steps", ["even", "by seed", "uneven"])
def test_tasks_cover_every_row_once(shuffle, settings, seeds, steps):
    """Whatever the size of a task, and wherever its rows lie."""
    how = plan.make(FOUR, 1, shuffle, 1, False)
    names = np.random.default_rng(0).permutation(seeds)
    rows = {
        "even": (np.arange(settings) * seeds, np.arange(seeds)),
        "by seed": (np.arange(settings), np.arange(seeds) * settings),
        "uneven": (np.random.default_rng(1).permutation(settings) * seeds, np.arange(seeds)),
    }[steps]
    hyper = np.arange(settings, dtype=float)[None]
    group = grouping.Group(simopt.SGD().rule, how, hyper, names, *rows)
    for size in (1, 10_000, 10**9):
        tasks = grouping.tasks(group, FOUR, np.float64, size, False)
        landed, times = np.full((2, settings * seeds), -1.0), np.zeros(settings * seeds, int)
        for task in tasks:
            setting, seed, real = task.members()
            assert task.count == real.sum() > 0
            cpu = task.last - task.first
            assert cpu % 128 == 0
            assert (np.resize(task.hyper(float)[0], cpu) == setting).all()
            for block in range(0, cpu, 128):
                assert real[block]
                shared = task.seeds()[block // 128]
                assert task.points == "own" or shuffle == "never" or names[seed[block]] == shared
            if task.points == "own":
                assert (task.seeds() == names[seed]).all()
            blocks.scatter(task, np.array([setting, names[seed]], float), landed)
            once = np.zeros(settings * seeds, int)
            blocks.scatter(task, np.ones(cpu, int), once)
            times += once
        assert (times == 1).all()
        where = rows[0][:, None] + rows[1]
        assert (landed[0, where] == hyper.T).all()
        assert (landed[1, where] == names).all()


def test_few_rates_and_many_seeds_get_an_order_a_lane():
    how = plan.make(FOUR, 1, "epoch", 1, False)
    group = group_with(simopt.SGD().rule, how, np.zeros((1, 1)), np.arange(300))
    tasks = grouping.tasks(group, FOUR, np.float64, 10**9, False)
    assert [task.points for task in tasks] == ["own"]
    assert tasks[0].last == 384


def test_a_shared_order_is_taken_where_it_costs_less(monkeypatch):
    """A block of one seed is one block either way; and what takes no time takes no kernel."""

    how = plan.make(FOUR, 1, "epoch", 1, False)

    def points(settings, seeds):
        group = group_with(simopt.SGD().rule, how, np.zeros((1, settings)), np.arange(seeds))
        return grouping.tasks(group, FOUR, np.float64, 10**9, False)[0].points

    assert points(1, 1) == points(3, 4) == "shared"
    assert points(1, 5) == "own"
    monkeypatch.setattr(grouping, "LEAST_OWN", 100 * 128 * grouping.cost(FOUR, how))
    assert points(1, 100) == "shared"
    assert points(1, 101) == "own"


@pytest.mark.parametrize(
    ("problem", "batch_size", "settings", "points"),
    [
        (simopt.problems.diabetes(), 4, 7, "own"),
        (simopt.problems.diabetes(), 4, 9, "shared"),
        # Moments of every lane's own batches cost more, and so does noise.
        (simopt.problems.diabetes(), 32, 3, "own moments"),
        (simopt.problems.diabetes(), 32, 7, "moments"),
        (simopt.problems.noisy_quadratic([1.0, 2.0], 1.0), 4, 3, "own"),
        (simopt.problems.noisy_quadratic([1.0, 2.0], 1.0), 4, 7, "shared"),
    ],
    ids=str,
)
def test_what_an_order_of_ones_own_costs_decides_who_has_one(problem, batch_size, settings, points):
    how = plan.make(problem, batch_size, "epoch" if problem.n else "never", 400, False)
    group = group_with(simopt.SGD().rule, how, np.zeros((1, settings)), np.arange(1024))
    assert grouping.points_of(group, problem, np.float64, False)[0] == points


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 4, 16])
def test_orders_shared_or_not_are_the_same_to_the_bit(batch_size, monkeypatch):
    frames = []
    for least in (0, 10**18):
        monkeypatch.setattr(grouping, "LEAST_OWN", least)
        frames.append(
            simopt.sweep(
                simopt.problems.diabetes(),
                simopt.SGD(eta=[0.01, 0.1]),
                batch_size=batch_size,
                epochs=2,
                shuffle="epoch",
                seed=range(30),
            )
        )
    assert frames[0].equals(frames[1])


# --- digests ------------------------------------------------------------------------------------


def helper(x):
    return x + 1.0


def calls_helper(w, g, eta):
    return helper(w)


def test_a_digest_sees_what_a_function_calls(monkeypatch):
    before = snapshot.digest(calls_helper)
    assert before == snapshot.digest(calls_helper)
    monkeypatch.setitem(globals(), "helper", lambda x: x + 2.0)
    assert snapshot.digest(calls_helper) != before


def test_a_digest_sees_constants_and_not_comments():
    def compiled(text):
        space = {}
        exec(textwrap.dedent(text), space)
        return snapshot.digest(space["f"])

    plain = compiled("def f(w, g, eta):\n    return w - 2 * g")
    assert plain == compiled("# why\ndef f(w, g, eta):\n    '''What.'''\n    return w - 2 * g")
    assert plain != compiled("def f(w, g, eta):\n    return w - 3 * g")
    one = compiled("C = 1.0\ndef f(w, g, eta):\n    return w - C * g")
    assert one != compiled("C = 2.0\ndef f(w, g, eta):\n    return w - C * g")


# --- the disk cache -----------------------------------------------------------------------------

SCRIPT = """
import sys
import simopt
from simopt.engine import blocks, cpu, grouping, losses, packing, tiers
import mine

rule = simopt.rule(mine.step).snapshot()
problem = simopt.problems.four_points()
with tiers.compiling():
    frame = simopt.sweep(problem, rule(eta=0.1))
passes = losses.passes_of(problem)
kernel = cpu.kernel(rule, passes, "shared", blocks.np.float64, blocks.layout.PLAIN)
print(frame["w"][0], sum(cpu.code_of(kernel).stats.cache_hits.values()))
# Numba imports it to see whether it is there, which takes a fifth of such a script.
assert "scipy.linalg" not in sys.modules, "what no kernel calls was imported"
"""

MAIN_SCRIPT = """
import simopt
from simopt.engine import blocks, cpu, grouping, losses, packing, tiers

def step(w, g, eta, v, beta=0.5):
    v = beta * v + g
    return w - eta * v, v

rule = simopt.rule(step).snapshot()
problem = simopt.problems.four_points()
with tiers.compiling():
    frame = simopt.sweep(problem, rule(eta=0.1))
passes = losses.passes_of(problem)
kernel = cpu.kernel(rule, passes, "shared", blocks.np.float64, blocks.layout.PLAIN)
print(frame["w"][0], sum(cpu.code_of(kernel).stats.cache_hits.values()))
"""


@pytest.fixture
def process(tmp_path):
    """Run a script in new processes with a cache of their own: their words, and the cache's files.

    Of several, started together, the one that compiled comes first.
    """
    cache = tmp_path / "cache"

    def run(text, count=1):
        script = tmp_path / "script.py"
        script.write_text(text)
        environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
        start = functools.partial(
            subprocess.run,
            [sys.executable, str(script)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        with ThreadPoolExecutor(count) as pool:
            done = [pool.submit(start) for _ in range(count)]
        found = sorted((each.result().stdout.split() for each in done), key=lambda words: words[1])
        files = sorted(p.name for p in cache.rglob("*.nb?"))
        return *found, files

    return run


@pytest.mark.slow
def test_of_processes_one_compiles_a_kernel_and_the_others_find_it(process, tmp_path):
    """Started together or later; and they leave no more."""
    (tmp_path / "mine.py").write_text("def step(w, g, eta):\n    return w - eta * g\n")
    first, second, files = process(SCRIPT, 2)
    assert first == ["5.2432", "0"]
    assert second == ["5.2432", "1"]
    third, again = process(SCRIPT)
    assert (third, again) == (second, files)


@pytest.mark.slow
def test_a_rule_in_the_script_itself_is_found_too(process):
    (w, hits), files = process(MAIN_SCRIPT)
    assert hits == "0"
    for _ in range(2):
        (same, hits), again = process(MAIN_SCRIPT)
        assert (same, int(hits) > 0, again) == (w, True, files)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        "def step(w, g, eta):\n    return w + eta * g\n",
        "step",
        "constant",
    ],
)
def test_a_changed_rule_is_compiled_anew(process, tmp_path, change):
    """In the rule, in a function of another file that it calls, or in a constant of that file."""
    module = tmp_path / "mine.py"
    other = tmp_path / "other.py"
    other.write_text("SCALE = 1.0\ndef scaled(g):\n    return SCALE * g\n")
    module.write_text(
        "from other import scaled\ndef step(w, g, eta):\n    return w - eta * scaled(g)\n"
    )
    (w, _), _ = process(SCRIPT)
    assert w == "5.2432"
    if change == "step":
        other.write_text("SCALE = 1.0\ndef scaled(g):\n    return -SCALE * g\n")
    elif change == "constant":
        other.write_text("SCALE = -1.0\ndef scaled(g):\n    return SCALE * g\n")
    else:
        module.write_text(change)
    (w, hits), _ = process(SCRIPT)
    assert (float(w) < 0, hits) == (True, "0")


def test_every_kernel_has_an_index_of_its_own_in_the_cache():
    """Numba has one for each name; two processes that write to one may mix up what is whose."""

    four = simopt.problems.four_points()

    def name(optimizer=None, problem=four, points="shared", real=np.float64, extras=layout.PLAIN):
        rule, passes = (optimizer or simopt.Adam()).rule, losses.passes_of(problem)
        code = cpu.code_of(cpu.kernel(rule, passes, points, real, extras))
        return code.py_func.__qualname__

    names = [
        name(),
        name(simopt.Adam(convention="torch")),
        name(points="own"),
        name(real=np.float32),
        name(extras=layout.Extras(scheduled=True)),
        name(simopt.AdamW()),
        name(problem=simopt.problems.huber(four.x, four.y)),
        name(problem=simopt.problems.poisson(four.x, four.y)),
    ]
    assert len(set(names)) == len(names)
    cpu.kernel.cache_clear()
    assert name() == names[0]


# --- roots --------------------------------------------------------------------------------------


def ulps(got, expected):
    return abs(got - expected) / np.spacing(np.float64(abs(expected)))


@given(st.floats(1e-306, 1e307))
@example(1.0)
@example(8.0)
def test_cube_root_to_three_units_in_the_last_place(x):
    assert ulps(cube_root(x), np.cbrt(np.longdouble(x))) <= 3


def test_cube_root_of_nothing():
    assert cube_root(0.0) == 0.0
    assert math.isnan(cube_root(math.nan))


def test_the_engine_has_no_fastmath():
    """It would let the compiler reorder sums: other bits on every machine."""
    for file in (Path(simopt.__file__).parent / "engine").glob("*.py"):
        assert "fastmath" not in file.read_text()
