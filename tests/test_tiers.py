"""Small jobs run as Python, larger ones apart from the loop, and nobody can tell by the results."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt import schedules
from simopt.engine import blocks, cpu, grouping, layout, run, tiers
from simopt.rules import ALL
from simopt.schedules.reactive import Reactive
from simopt.sweeps.sweep import Interrupted
from tests.interpreting import interpreting

FOUR = simopt.problems.four_points()
X = np.random.default_rng(6).normal(size=(12, 3))
PROBLEMS = {
    "four points": FOUR,
    "three weights": simopt.problems.least_squares(X, X.sum(axis=1), l2=0.1),
    "logistic": simopt.problems.logistic(X[:, :2], X[:, 2] > 0),
    "network": simopt.problems.network(X[:, :2], X[:, 2], hidden=2),
    "noise": simopt.problems.noisy_quadratic([1.0, 0.5, 0.1], [1.0, 0.3, 0.0]),
}
LARGE = float("inf")


@pytest.fixture
def fresh(monkeypatch):
    """A process that has not run anything yet."""
    monkeypatch.setattr(tiers, "_spent", defaultdict(float))
    monkeypatch.setattr(tiers, "_spent_apart", defaultdict(float))
    monkeypatch.setattr(blocks, "COMPILED", set())
    monkeypatch.setattr(blocks, "WHOLE", set())
    monkeypatch.setattr(blocks, "READY", set())


@pytest.fixture
def asked(fresh, monkeypatch):
    """The kernels that are asked for, as lanes of a block, none of them compiled."""
    widths = []

    def kernel_of(task, problem, dtype):
        widths.append(task.width)
        key = blocks.kernel_key(task.group, problem, task.points, dtype)
        if task.width != tiers.LANES:
            blocks.COMPILED.add(key)
        return cpu.kernel(*key, task.width)

    monkeypatch.setattr(blocks, "kernel_of", kernel_of)
    return widths


def same(found, expected):
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    timed = {"seconds", "compile_seconds"}
    assert {k: v for k, v in found.attrs.items() if k not in timed} == {
        k: v for k, v in expected.attrs.items() if k not in timed
    }


# --- what is compiled -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_larger_a_job_the_more_is_compiled(tmp_path):
    """Nothing; a rule's steps, beside a loop that the next rule finds; the rule with its loop."""
    script = """
        import json, simopt
        from pathlib import Path
        from simopt.engine import tiers
        def files():
            names = [path.name for path in Path({folder!r}).rglob("*.nbi")]
            parts = "loop.around", "one_weight.steps", "loop.whole"
            return [sum(name.startswith(part) for name in names) for part in parts]
        four, seen = simopt.problems.four_points(), []
        def sweep(rule, epochs):
            simopt.sweep(four, rule(eta=[0.01, 0.02]), epochs=epochs, progress=False)
            seen.append(files())
        sweep(simopt.SGD, 3)
        sweep(simopt.SGD, 100_000)
        sweep(simopt.Momentum, 100_000)
        tiers.LARGE = 1e-3
        sweep(simopt.SGD, 100_000)
        sweep(simopt.SGD, 3)
        print(json.dumps(seen))
    """
    lines = [line[8:] for line in script.format(folder=str(tmp_path)).splitlines()]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        check=True, capture_output=True, text=True, env=environment,
    ).stdout  # fmt: skip
    assert json.loads(said) == [[0, 0, 0], [1, 1, 0], [1, 2, 0], [1, 2, 1], [1, 2, 1]]


def test_a_loop_apart_serves_losses_and_plans(fresh, monkeypatch):
    """What is compiled for another loss, schedule, clipping or ending is no loop."""
    monkeypatch.setattr(tiers, "SMALL", 0.0)
    monkeypatch.setattr(cpu, "on_disk", lambda kernel: False)
    # Tests before this one may have asked for some of these.
    cpu.apart.cache_clear()
    made = []
    loop_of = cpu._loop_apart
    monkeypatch.setattr(cpu, "_loop_apart", lambda *key: made.append(key) or loop_of(*key))
    plans = [{}, {"schedule": schedules.cosine()}, {"clip_norm": 1.0}, {"clip_value": 1.0}]
    plans.append({"target": 0.5, "stop_at_target": True})
    for where in ("three weights", "logistic", "network"):
        for more in plans if where == "logistic" else plans[:1]:
            simopt.sweep(PROBLEMS[where], simopt.SGD(eta=0.1), **more)
    assert len(made) >= 3
    assert len({*made}) == 1


def test_what_is_whole_on_disk_is_not_compiled_apart(fresh, monkeypatch):
    """Another process, or an earlier one, may have compiled it."""
    ways = []
    monkeypatch.setattr(tiers, "SMALL", 0.0)
    tasks = grouping.tasks

    def noted(*arguments):
        ways.extend(task.apart for task in tasks(*arguments))
        raise Stopped

    monkeypatch.setattr(grouping, "tasks", noted)
    for there in (True, False):
        monkeypatch.setattr(cpu, "on_disk", lambda kernel, there=there: there)
        with pytest.raises(Stopped):
            simopt.sweep(FOUR, simopt.Adam())
    assert ways == [False, True]


def raising(w, g, eta):
    """A step that compiled code refuses on some weights."""
    if w > 4.0:
        raise ValueError("too large")
    return w - eta * g


def test_what_steps_raise_apart_comes_to_the_caller():
    with pytest.raises(ValueError, match="too large"):
        simopt.sweep(FOUR, simopt.rule(raising)(eta=0.1), epochs=30)


BLOCK = layout.lanes(np.float64)


def needed(optimizer=None, problem=FOUR, epochs=5, **plan):
    """What a sweep of it takes in Python, as the engine counts."""
    spent = []
    seconds = tiers.seconds

    def noted(conditions, group):
        spent.append(seconds(conditions, group))
        return spent[-1]

    with (
        mock.patch.object(tiers, "seconds", noted),
        mock.patch.object(run, "fill", stop),
        pytest.raises(Stopped),
    ):
        simopt.sweep(problem, optimizer or simopt.Adam(), epochs=epochs, **plan)
    return sum(spent)


class Stopped(Exception):
    pass


def stop(*args, **options):
    raise Stopped


def test_a_kernel_is_compiled_once_its_jobs_add_up(asked, monkeypatch):
    monkeypatch.setattr(tiers, "SMALL", 3.5 * needed())
    for _ in range(3):
        simopt.sweep(FOUR, simopt.Adam(), epochs=5)
    assert asked == [tiers.LANES] * 3
    simopt.sweep(FOUR, simopt.Adam(), epochs=5)
    assert set(asked[3:]) == {BLOCK}
    asked.clear()
    # Another rule has a budget of its own; what is compiled stays so.
    simopt.sweep(FOUR, [simopt.SGD(), simopt.Adam()], epochs=1)
    assert set(asked) == {tiers.LANES, BLOCK}


def test_a_job_counts_whole(asked, monkeypatch):
    """Of several batch sizes and many tasks none is small if all together are not."""
    small = needed()
    monkeypatch.setattr(tiers, "SMALL", 2.5 * small)
    simopt.sweep(FOUR, simopt.Adam(eta=[0.1, 0.2, 0.3]), batch_size=[1, 2], epochs=5)
    assert set(asked) == {BLOCK}
    assert not tiers._spent.get(next(iter(blocks.COMPILED)), 0.0)


@pytest.mark.parametrize("way", ["rows", "reduced", "stored", "client"])
def test_every_way_of_a_small_sweep(asked, way, tmp_path):
    settings = {"epochs": 3, "seed": range(3), "shuffle": "epoch"}
    with ThreadPoolExecutor(2) as pool:
        more = {
            "rows": {}, "reduced": {"reduce": "seed"}, "stored": {"store": tmp_path / "kept"},
            "client": {"client": pool},
        }[way]  # fmt: skip
        simopt.sweep(FOUR, simopt.Adam(eta=[0.1, 0.2]), **settings, **more)
    assert set(asked) == {tiers.LANES}


def step(w, g, eta):
    return w - eta * g


@pytest.mark.parametrize(
    ("problem", "optimizer", "options"),
    [
        (FOUR, simopt.Adam(), {"dtype": "float32"}),
        (FOUR, simopt.rule(step)(eta=0.1), {}),
        (FOUR, simopt.averaged(simopt.rule(step)(eta=0.1), 0.9), {}),
        (simopt.problems.bumps(), simopt.Adam(), {"updates": 3}),
    ],
    ids=["float32", "a user's rule", "an average of it", "a function"],
)
def test_what_is_always_compiled(asked, problem, optimizer, options):
    simopt.sweep(problem, optimizer, **options)
    assert asked
    assert tiers.LANES not in asked


def test_timings_are_of_compiled_code(asked):
    with tiers.compiling():
        simopt.sweep(FOUR, simopt.Adam())
    assert set(asked) == {BLOCK}


# --- what comes of it -----------------------------------------------------------------------------

#: Beside the rates: settings with which bounds, roots and quotients go wrong.
RATES = (0.0, 1e-300, 0.03, 0.6, 40.0, 1e300)

OPTIONS = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 4),
        "shuffle": st.sampled_from(["never", "once", "epoch", "replacement"]),
        "epochs": st.integers(1, 4),
        "seed": st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4, unique=True),
        "divergence": st.sampled_from([None, 1e6]),
        "evaluate": st.sampled_from([None, 1, 3, "epoch"]),
        "record": st.sampled_from(["summary", "epochs", "steps"]),
        "target": st.sampled_from([None, 3.0]),
    }
)
FURTHER = st.fixed_dictionaries(
    {},
    optional={
        "clip_norm": st.just(0.7),
        "schedule": st.sampled_from([schedules.cosine(), schedules.plateau(0.5, 1)]),
        "box": st.just((-1.0, 3.0)),
        "drop_last": st.booleans(),
        "keep_state": st.booleans(),
        "diagnosis": st.just(True),
        "stop_at_target": st.just(True),
    },
)


def both(optimizer, problem, options, large=tiers.LARGE):
    """Of Python and of compiled code, apart unless ``large`` is 0: the table."""
    tables = []
    for small in (LARGE, 0.0):
        with (
            mock.patch.object(tiers, "SMALL", small),
            mock.patch.object(tiers, "LARGE", large),
            mock.patch.object(blocks, "COMPILED", set()),
            mock.patch.object(cpu, "on_disk", return_value=False),
        ):
            tables.append(simopt.sweep(problem, optimizer, **options))
    return tables


@settings(max_examples=80)
@given(
    st.sampled_from([*ALL]), st.sampled_from([*PROBLEMS]), OPTIONS, FURTHER,
    st.lists(st.sampled_from(RATES), min_size=1, max_size=5),
)  # fmt: skip
def test_the_bits_are_those_of_whole_blocks(name, where, options, further, rates):
    """Of any rule with any option, whole blocks being as Python too."""
    problem, optimizer = PROBLEMS[where], ALL[name](eta=rates)
    options = {**options, **further}
    if not problem.n:
        options |= {"updates": options.pop("epochs"), "shuffle": "never"}
        options.pop("drop_last", None)
    if "diagnosis" in options or options.get("keep_state"):
        options["record"] = "summary"
    if options["target"] is None or problem is not FOUR:
        options["target"] = None
        options.pop("stop_at_target", None)
    if isinstance(options.get("schedule"), Reactive):
        options.pop("keep_state", None)
    with mock.patch.object(tiers, "SMALL", LARGE), mock.patch.object(blocks, "COMPILED", set()):
        found = simopt.sweep(problem, optimizer, **options)
    with interpreting():
        expected = simopt.sweep(problem, optimizer, **options)
    same(found, expected)


@settings(max_examples=25)
@given(st.sampled_from(["Adam", "SGD", "AdaGrad"]), OPTIONS)
def test_the_bits_are_those_of_compiled_code(name, options):
    found, expected = both(ALL[name](eta=RATES), FOUR, options, large=0.0)
    same(found, expected)


#: Rules with a clock, sums, and an average that is looked at; what else changes their steps.
APART = ["SGD", "Adam", "LAMB", "ScheduleFreeSGD"]
EXTRAS = [
    {},
    {"schedule": schedules.cosine(), "clip_norm": 0.7, "box": (-1.0, 3.0)},
    {"clip_value": 0.5, "stop_at_target": True, "target": 3.0},
]


@pytest.mark.parametrize("where", PROBLEMS)
@pytest.mark.parametrize("name", APART)
def test_the_bits_apart_are_those_of_python(name, where):
    for extras in EXTRAS:
        options = {"epochs": 4, "shuffle": "epoch", "seed": [0, 7], "record": "steps", **extras}
        if where == "noise":
            options |= {"updates": options.pop("epochs"), "shuffle": "never"}
        found, expected = both(ALL[name](eta=RATES), PROBLEMS[where], options)
        same(found, expected)


def hostile(name):
    """A rule with rates from 0 to 1e300, and where it has an epsilon, 0."""
    try:
        return ALL[name](eta=RATES, epsilon=0.0)
    except (TypeError, ValueError):
        return ALL[name](eta=RATES)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_no_rule_raises_or_has_other_bits(name):
    options = {"epochs": 5, "divergence": None, "record": "steps"}
    for where in ("four points", "three weights"):
        found, expected = both(hostile(name), PROBLEMS[where], options)
        same(found, expected)


def test_what_python_raises_is_left_to_compiled_code(asked, monkeypatch):
    """From the start, and counted once."""
    compute = blocks.compute
    lanes, made = [], []

    def failing(task, *arguments):
        out = compute(task, *arguments)
        lanes.append(task.width)
        if lanes.count(tiers.LANES) == 2 and task.width == tiers.LANES:
            raise ZeroDivisionError("float division by zero")
        return out

    monkeypatch.setattr(blocks, "compute", failing)
    optimizers = [simopt.SGD(eta=[0.1, 0.2]), simopt.Adam(eta=[0.1, 0.2, 0.3])]
    monkeypatch.setattr("simopt.sweeps.execution.bar", lambda total, progress: Bar(total, made))
    found = simopt.sweep(FOUR, optimizers, epochs=2)
    assert lanes == [tiers.LANES, tiers.LANES, BLOCK]
    assert made[0] == sum(made[1:]) == 5 * 8
    monkeypatch.undo()
    same(found, simopt.sweep(FOUR, optimizers, epochs=2))


class Bar:
    """A progress bar's calls."""

    def __init__(self, total, made):
        made.append(total)
        self.update = made.append

    def close(self):
        pass


def test_a_mistake_is_no_arithmetic(asked, monkeypatch):
    """What compiled code raises too comes to the caller."""

    def failing(*arguments):
        raise ValueError("no room")

    monkeypatch.setattr(blocks, "compute", failing)
    with pytest.raises(ValueError, match="no room"):
        simopt.sweep(FOUR, simopt.SGD())


def test_ctrl_c_ends_it(asked, monkeypatch):
    """Between two rules: the first one's rows are there."""
    compute = blocks.compute

    def interrupted(task, *arguments):
        if task.group.rule.name == "Adam":
            raise KeyboardInterrupt
        return compute(task, *arguments)

    monkeypatch.setattr(blocks, "compute", interrupted)
    with pytest.raises(Interrupted) as stopped:
        simopt.sweep(FOUR, [simopt.SGD(eta=[0.1, 0.2]), simopt.Adam()])
    assert stopped.value.frame["optimizer"].tolist() == ["SGD", "SGD"]
    # Of a sweep that something else makes the rows are nothing that was asked for.
    problems, rules = {"four": FOUR}, [simopt.SGD(eta=[0.1, 0.2]), simopt.Adam(eta=[0.1, 0.2])]
    seeds = {"tuning_seeds": [1], "judging_seeds": [2]}
    with pytest.raises(KeyboardInterrupt, match="interrupted before it was done; nothing") as ended:
        simopt.comparison.compare(problems, rules, epochs=1, batch_size=1, **seeds)
    assert type(ended.value) is KeyboardInterrupt
