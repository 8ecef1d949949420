"""A user's function has the value that `run` gives, whatever it reads has become since."""

import concurrent.futures
import enum
import math
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import numba
import numpy as np
import pytest

import simopt
from simopt.engine import cpu
from simopt.ground import snapshot as snapshots
from simopt.ground.snapshot import Unreadable, digest, snapshot
from simopt.rules.modifiers import with_decay
from simopt.rules.rule import Optimizer

FOUR = simopt.problems.four_points()


class Mode(enum.Enum):
    SLOW = 1
    FAST = 2


class Settings:
    rate = 1.0

    def __init__(self):
        self.share = 1.0


NUMBER = 1.0
FLAG = True
MODE = "slow"
KIND = Mode.SLOW
TUPLE = (1.0, (1.0, 2))
LIST = [1.0, 1.0]
ARRAY = np.ones(2)
OBJECT = Settings()
MODULE = types.ModuleType("mine")
MODULE.inner = types.SimpleNamespace(factor=1.0)
MODULE.helper = lambda x: x


def deepest(x):
    return x * 1.0


def helper(x, factor=1.0, *, power=1.0):
    return deepest(x) * factor**power


@numba.njit
def jitted(x):
    return x * NUMBER


def reloaded(x):
    return x * 1.0


def enclosing():
    held, kept = 1.0, [1.0]

    def inner(x):
        return x * held * kept[0]

    def change(value):
        nonlocal held
        held = value

    return inner, change, kept


inner, change, kept = enclosing()


def everything(w, g, eta, v):
    double = lambda x: x * NUMBER  # noqa: E731
    factor = double(1.0) * (1.0 if FLAG else 3.0) * (1.0 if MODE == "slow" else 5.0)
    factor *= TUPLE[0] * TUPLE[1][0] * LIST[1] * ARRAY[1]
    factor *= OBJECT.share * Settings.rate * MODULE.inner.factor
    factor *= 1.0 if KIND == Mode.SLOW else 7.0
    factor = MODULE.helper(inner(reloaded(jitted(helper(factor)))))
    v = v + math.sqrt(abs(g)) * 0.0 + 0.1
    return w - eta * factor * g, v


def other_code(x):
    return x * 1.3


def set_global(name, value):
    return lambda: globals().__setitem__(name, value)


#: What can change, each by a step that changes nothing else; the digest must see every one.
CHANGES = {
    "a number": set_global("NUMBER", 1.25),
    "a flag": set_global("FLAG", False),
    "a string": set_global("MODE", "fast"),
    "an enumeration": set_global("KIND", Mode.FAST),
    "a tuple in a tuple": set_global("TUPLE", (1.0, (0.7, 2))),
    "a list in place": lambda: LIST.__setitem__(1, 0.5),
    "an array in place": lambda: ARRAY.__setitem__(1, 1.1),
    "an object's attribute": lambda: setattr(OBJECT, "share", 0.9),
    "a class' attribute": lambda: setattr(Settings, "rate", 1.2),
    "a module's attribute's": lambda: setattr(MODULE.inner, "factor", 0.8),
    "a module's function": lambda: setattr(MODULE, "helper", lambda x: x * 1.05),
    "a helper's default": lambda: setattr(helper, "__defaults__", (1.4,)),
    "a helper's keyword": lambda: setattr(helper, "__kwdefaults__", {"power": 2.0}),
    "a helper's helper": set_global("deepest", lambda x: x * 0.6),
    "reloaded code": lambda: setattr(reloaded, "__code__", other_code.__code__),
    "a closed-over number": lambda: change(1.15),
    "a closed-over list": lambda: kept.__setitem__(0, 0.95),
}
NAMES = "NUMBER", "FLAG", "MODE", "KIND", "TUPLE", "deepest"


@pytest.fixture
def unchanged(monkeypatch):
    """Everything back as it was, afterwards."""
    for name in NAMES:
        monkeypatch.setitem(globals(), name, globals()[name])
    code = reloaded.__code__
    yield
    LIST[1], ARRAY[1], OBJECT.share, Settings.rate, kept[0] = 1.0, 1.0, 1.0, 1.0, 1.0
    MODULE.inner.factor, MODULE.helper = 1.0, lambda x: x
    helper.__defaults__, helper.__kwdefaults__ = (1.0,), {"power": 1.0}
    reloaded.__code__ = code
    change(1.0)


def test_every_change_is_a_new_copy_with_the_value_of_now(unchanged):
    seen = {}
    for name, step in {"nothing": lambda: None, **CHANGES}.items():
        step()
        jitted.recompile()  # else it has the value that it was compiled with
        copy = snapshot(everything)
        assert copy(1.0, 2.0, 0.1, 0.0) == everything(1.0, 2.0, 0.1, 0.0), name
        assert copy is snapshot(everything) is snapshot(copy), name
        assert digest(everything) == digest(copy), name
        assert copy not in seen, f"{name}: as {seen.get(copy)}"
        seen[copy] = name
    assert len({digest(copy) for copy in seen}) == len(CHANGES) + 1


def test_a_copy_is_of_its_moment_and_comes_back_with_it(unchanged):
    jitted.recompile()
    before = snapshot(everything)
    value = everything(1.0, 2.0, 0.1, 0.0)
    for step in CHANGES.values():
        step()
    assert before(1.0, 2.0, 0.1, 0.0) == value
    assert snapshot(everything) is not before


def test_a_copy_travels_with_all_that_it_reads(unchanged):
    for step in CHANGES.values():
        step()
    jitted.recompile()
    copy = snapshot(everything)
    data = pickle.dumps(snapshots.sent(copy))
    assert snapshots.received(*pickle.loads(data)) is copy
    script = """
        import pickle, sys
        from simopt.ground import snapshot
        copy = snapshot.received(*pickle.load(sys.stdin.buffer))
        print(snapshot.digest(copy), copy(1.0, 2.0, 0.1, 0.0)[0].hex())
    """
    printed = in_new_process(script, data)
    assert printed == [digest(copy), everything(1.0, 2.0, 0.1, 0.0)[0].hex()]


def test_a_helper_that_numba_compiled_is_read_again(monkeypatch):
    """It froze NUMBER when it was first called; neither `run` nor `sweep` may go on with that."""

    def mine(w, g, eta):
        return w - eta * jitted(g)

    problem = simopt.problems.function(
        lambda w: jitted(w * w), lambda w: jitted(2 * w), w0=3.0, name="jitted"
    )
    jitted(1.0)
    for value in (1.0, 0.5):
        monkeypatch.setitem(globals(), "NUMBER", value)
        ran = simopt.run(FOUR, simopt.rule(mine)(eta=0.1)).summary.w
        assert ran == pytest.approx(simopt.run(FOUR, simopt.SGD(eta=0.1 * value)).summary.w)
        swept = simopt.sweep(FOUR, simopt.rule(mine)(eta=0.1))["w"][0]
        assert swept == pytest.approx(ran, rel=1e-13)
        ran = simopt.run(problem, simopt.SGD(eta=0.1)).summary
        assert ran.w == pytest.approx(3.0 - 0.1 * 6.0 * value)
        swept = simopt.sweep(problem, simopt.SGD(eta=0.1))
        assert swept[["w", "loss"]].values[0] == pytest.approx([ran.w, ran.loss], rel=1e-13)


def test_another_python_is_named():
    _, rows = snapshots.sent(snapshot(everything))
    with pytest.raises(ValueError, match="another version of Python"):
        snapshots.received(b"1234", rows)


def in_new_process(script, data=b"", **environment):
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        input=data,
        capture_output=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}", **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split()


# --- a sweep, in one process, in the next, on workers, in a store --------------------------------

SCALE = 1.0
BIAS = np.array([0.0])


def scaled(x):
    return SCALE * x


def stale(w, g, eta, v, t, beta=0.5):
    v = beta * v + scaled(g) + BIAS[0]
    return w - eta / t * v, v


def ticking(t):
    return (t + 0.5 + SCALE / 2,)


def valley(w, x):
    return SCALE * (w - x) * (w - x) + BIAS[0] * w


def slope(w, x):
    return 2.0 * SCALE * (w - x) + BIAS[0]


def cases():
    """What is swept: a rule with a clock, that rule in another, and a problem."""
    Mine = simopt.rule(stale, clock=ticking, name="SGD/" + "slow" * 100)
    mine = Mine(eta=0.1)
    decayed = Optimizer(with_decay(Mine, "decoupled"), (*mine.values, 0.01))
    problem = simopt.problems.function(valley, slope, w0=3.0, points=[1.0, 2.0])
    return [
        (FOUR, mine),
        (FOUR, simopt.averaged(mine, 0.5)),
        (FOUR, decayed),
        (problem, simopt.SGD(eta=0.1)),
    ]


STATES = [(1.0, 0.0), (2.0, 0.0), (1.0, 0.5)]


def compare(store=None):
    """Every case in every state: what `sweep` gives, and `run`."""
    global SCALE
    made = cases()
    results = []
    for scale, bias in STATES:
        SCALE, BIAS[0] = scale, bias
        for problem, optimizer in made:
            for _ in range(2):
                swept = simopt.sweep(problem, optimizer, epochs=2)
                results.append((swept["w"][0], simopt.run(problem, optimizer, epochs=2).summary.w))
    SCALE, BIAS[0] = 1.0, 0.0
    return results


def test_a_sweep_is_the_run_of_now():
    results = compare()
    np.testing.assert_allclose(*zip(*results, strict=True), rtol=1e-13)
    assert len({round(ran, 9) for _, ran in results}) == len(results) / 2


def test_a_new_process_finds_the_kernel_of_its_values():
    script = """
        import test_snapshots as t
        from simopt.engine import cpu
        t.STATES.reverse()
        for swept, ran in t.compare():
            print(abs(swept - ran) < 1e-12 * abs(ran))
    """
    compare()
    folder = Path(cpu.__file__).parent / "steps" / "__pycache__"
    # Of the user's rules alone: other tests compile at the same time.
    own = "one_weight.steps_SGD_slow*.nbc"
    before = {path.name for path in folder.glob(own)}
    assert before or os.environ.get("NUMBA_CACHE_DIR")
    assert set(in_new_process(script, PYTHONHASHSEED="7")) == {"True"}
    assert os.environ.get("NUMBA_CACHE_DIR") or before == {p.name for p in folder.glob(own)}


@pytest.mark.parametrize("case", [0, 3], ids=["a rule", "a problem"])
def test_a_store_is_of_one_state(case, tmp_path, monkeypatch):
    problem, optimizer = cases()[case]
    first = simopt.sweep(problem, optimizer, store=tmp_path / "kept")
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    with pytest.raises(ValueError, match="store"):
        simopt.sweep(problem, optimizer, store=tmp_path / "kept")
    second = simopt.sweep(problem, optimizer, store=tmp_path / "other")
    assert second["w"][0] == pytest.approx(simopt.run(problem, optimizer).summary.w, rel=1e-13)
    assert second["w"][0] != first["w"][0]
    monkeypatch.setitem(globals(), "SCALE", 1.0)
    again = simopt.sweep(problem, optimizer, store=tmp_path / "kept")
    assert again["w"].tolist() == first["w"].tolist()


def test_a_start_is_part_of_a_stores_name(tmp_path):
    def moving(w, g, eta, v, beta=0.5):
        v = beta * v + g
        return w - eta * v, v

    plain = simopt.rule(moving, name="Mine")
    started = simopt.rule(moving, name="Mine", initial={"v": "beta"})
    simopt.sweep(FOUR, plain(eta=0.1), store=tmp_path / "kept")
    with pytest.raises(ValueError, match="store"):
        simopt.sweep(FOUR, started(eta=0.1), store=tmp_path / "kept")


def test_workers_are_sent_the_values_of_now(monkeypatch):
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    factor = [0.5]

    def nameless(w, g, eta):
        return w - eta * factor[0] * scaled(g)

    optimizers = [cases()[0][1], simopt.rule(nameless)(eta=0.1)]
    runs = [simopt.run(FOUR, each).summary.w for each in optimizers]
    spawn = multiprocessing.get_context("spawn")
    with (
        concurrent.futures.ThreadPoolExecutor(2) as threads,
        concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as processes,
    ):
        for pool in (threads, processes):
            swept = simopt.sweep(FOUR, optimizers, client=pool)
            np.testing.assert_allclose(swept["w"], runs, rtol=1e-13)
    problem, optimizer = cases()[3]
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        swept = simopt.sweep(problem, optimizer, client=pool)
    assert swept["w"][0] == pytest.approx(simopt.run(problem, optimizer).summary.w, rel=1e-13)


def test_a_rules_pickle_is_one_object_in_a_process():
    rule = cases()[0][1].rule.snapshot()
    assert pickle.loads(pickle.dumps(rule)) is rule
    formula = cases()[3][0].snapshot().formula
    assert pickle.loads(pickle.dumps(formula)) is formula


def test_rules_of_the_package_are_their_own_snapshots():
    for optimizer in (simopt.Adam(), simopt.AdamW(), simopt.averaged(simopt.SGD())):
        assert optimizer.snapshot() is optimizer
    bumps = simopt.problems.bumps()
    assert bumps.snapshot() is bumps


def test_a_problems_least_loss_is_that_of_now(monkeypatch):
    problem = simopt.problems.function(valley, slope, w0=3.0, points=[1.0, 2.0], optimum=1.5)
    before, name = problem.minimum_loss, problem.digest
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert problem.minimum_loss == 2 * before == problem.loss(1.5)
    assert problem.digest != name
    again = pickle.loads(pickle.dumps(problem))
    assert (again.minimum_loss, again.digest) == (problem.minimum_loss, problem.digest)
    monkeypatch.setitem(globals(), "SCALE", 1.0)
    assert (again.minimum_loss, again.digest) == (before, name)


SINGLE = np.float32(0.3)
SINGLES = np.array([0.3, 0.7], np.float32)
HALVES = np.array([0.3, 0.7], np.float16)
BYTES = np.array([200, 100], np.uint8)
SHORT, UNSIGNED = np.int32(2**30), np.uint64(3)
FACTOR, SHIFT = np.uint64(6364136223846793005), np.uint64(11)


def mixed(x):
    return x * FACTOR >> SHIFT


#: Steps that read numbers of less than double precision, or make one, or of fewer than 64 bits.
NARROW = {
    "a number": lambda w, g, eta: w - eta * (0.7 * SINGLE) * g,
    "an array": lambda w, g, eta: w - eta * (0.7 * SINGLES[1]) * g,
    "half": lambda w, g, eta: w - eta * (0.7 * HALVES[1]) * g,
    "two": lambda w, g, eta: w - eta * (SINGLES[0] * SINGLES[1]) * g,
    "made": lambda w, g, eta: w - eta * np.float32(g),
    "a default": lambda w, g, eta, share=SINGLE: w - eta * (0.7 * share) * g,
    "bytes": lambda w, g, eta: w - eta * (BYTES[0] + BYTES[1]) / 400 * g,
    "whole": lambda w, g, eta: w - eta * (SHORT * 4 + (UNSIGNED - 5)) / 2**33 * g,
    "a hash": lambda w, g, eta: w - eta * mixed(np.uint64(5)) / 2**53 * g,
}
#: Without the functions that read or make them.
DOUBLE = {
    "a number": 0.7 * float(SINGLE),
    "an array": 0.7 * float(SINGLES[1]),
    "half": 0.7 * float(HALVES[1]),
    "two": float(SINGLES[0]) * float(SINGLES[1]),
    "made": 1.0,
    "a default": 0.7 * float(SINGLE),
    "bytes": 300 / 400,
    "whole": (2**32 - 2) / 2**33,
    "a hash": (5 * int(FACTOR) % 2**64 >> 11) / 2**53,
}


@pytest.mark.parametrize("name", NARROW)
def test_numbers_of_less_precision_are_computed_with_in_double(name):
    """NumPy computes in single precision where one meets a number of Python's; nobody asked.

    Whole numbers of eight bits begin anew past 255, where compiled code has 64. What asks for 64
    without a sign, as hashes do, keeps them.
    """
    Mine = simopt.rule(NARROW[name])
    plain = simopt.run(FOUR, simopt.SGD(eta=0.1 * DOUBLE[name])).summary.w
    traced = simopt.run(FOUR, Mine(eta=0.1)).summary.w
    # A gradient rounded to single precision is the one that differs.
    assert traced == pytest.approx(plain, rel=1e-6 if name == "made" else 1e-14)
    assert simopt.sweep(FOUR, Mine(eta=0.1))["w"][0] == traced


def test_a_problem_with_numbers_of_less_precision():
    """Its gradient is compared with differences of the loss, which single precision hides."""
    problem = simopt.problems.function(
        lambda w, x: (w - x) ** 2 / 2 * SINGLES[1],
        lambda w, x: (w - x) * SINGLES[1],
        w0=3.0, points=[1.0, 2.0], name="narrow",
    )  # fmt: skip
    assert problem.loss(1.0) == 0.25 * float(SINGLES[1])
    ran = simopt.run(problem, simopt.SGD(eta=0.1)).summary
    swept = simopt.sweep(problem, simopt.SGD(eta=0.1))
    assert swept[["w", "loss"]].values[0].tolist() == [ran.w, ran.loss]


# --- code that is edited ------------------------------------------------------------------------


def edited(w, g, eta, beta=0.5):
    return w - eta * beta * g


def test_reloaded_code_and_defaults():
    Mine = simopt.rule(edited)
    code, defaults = edited.__code__, edited.__defaults__
    try:
        assert Mine(eta=0.1).settings == {"eta": 0.1, "beta": 0.5}
        edited.__code__ = (lambda w, g, eta, beta: w - eta * (1 - beta) * g).__code__
        edited.__defaults__ = (0.75,)
        optimizer = Mine(eta=0.1)
        assert optimizer.settings == {"eta": 0.1, "beta": 0.75}
        swept = simopt.sweep(FOUR, optimizer)
        assert swept["w"][0] == pytest.approx(simopt.run(FOUR, optimizer).summary.w, rel=1e-13)
        edited.__code__ = (lambda w, g, eta, rho: w).__code__
        with pytest.raises(ValueError, match="rule 'edited'.*call simopt.rule again"):
            Mine(eta=0.1)
        with pytest.raises(ValueError, match="rule 'edited'.*call simopt.rule again"):
            simopt.sweep(FOUR, optimizer)
        edited.__code__, edited.__defaults__ = code, None
        with pytest.raises(ValueError, match="rule 'edited'.*call simopt.rule again"):
            Mine(eta=0.1)
    finally:
        edited.__code__, edited.__defaults__ = code, defaults


# --- what can't be followed ---------------------------------------------------------------------

WHOLE = {"a": 1.0}
MASKED = np.ma.masked_array([1.0, 2.0], [0, 1])
OBJECTS = np.array([None])
fast = numba.njit(fastmath=True)(lambda x: x)
LOOPED = [1.0]
LOOPED.append(LOOPED)
CODE = """
def f(w, g, eta):
    return w - eta * ({} + g)
"""
REFUSED = {
    "WHOLE['a']": "reads 'WHOLE', a dict",
    "MASKED[0]": "reads 'MASKED', a MaskedArray",
    "OBJECTS[0]": "reads 'OBJECTS', a ndarray",
    "OBJECT(g)": "reads 'OBJECT', a Settings",
    "OBJECT.missing": "reads OBJECT.missing, which is not defined",
    "MODULE(1)": "reads the module 'MODULE' as a whole",
    "getattr(MODULE, 'x')": "reads the module 'MODULE' as a whole",
    "np.random.normal()": "random numbers that no seed here repeats",
    "random.random()": "random numbers that no seed here repeats",
    "fast(g)": "calls 'fast', compiled with fastmath",
    "LOOPED[0]": "contains itself",
    "missing": "uses 'missing', which is not defined",
    "(lambda x: missing)(g)": "uses 'missing', which is not defined",
    "Settings(1)": "reads 'Settings', a type",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_followed_is_named(text):
    import random

    space = {**globals(), "random": random}
    exec(compile(CODE.format(text), "mine.py", "exec"), space)
    rule = simopt.rule(space["f"], name="Mine")
    with pytest.raises(Unreadable) as caught:
        simopt.sweep(FOUR, rule(eta=0.1))
    assert str(caught.value).startswith("rule 'Mine': f (mine.py, line 3) ")
    assert REFUSED[text] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_snapshot_cannot_repeat():
    counted = {"n": 0}
    exec("def f(w, g, eta):\n    global n\n    n = 1\n    return w", counted)
    with pytest.raises(ValueError, match="assigns to a global name: n"):
        simopt.sweep(FOUR, simopt.rule(counted["f"])())

    def importing(w, g, eta):
        import math

        return w - eta * math.sin(g)

    with pytest.raises(ValueError, match="imports inside the function"):
        simopt.sweep(FOUR, simopt.rule(importing)())

    def unset(w, g, eta):
        return w - eta * later

    with pytest.raises(ValueError, match="uses 'later', which has no value yet"):
        simopt.sweep(FOUR, simopt.rule(unset)())
    later = 1.0


def test_functions_that_call_each_other():
    def even(n):
        return 1.0 if n == 0 else odd(n - 1)

    def odd(n):
        return 0.0 if n == 0 else even(n - 1)

    copy = snapshot(even)
    assert (copy(4), copy(5), copy is snapshot(even)) == (1.0, 0.0, True)


# --- machines -----------------------------------------------------------------------------------


def test_without_compilation():
    script = """
        import simopt
        rough = simopt.problems.noisy_quadratic([1.0, 2.0, 3.0], noise=0.1, w0=1.0)
        for problem in (simopt.problems.four_points(), simopt.problems.bumps(), rough):
            plan = dict(updates=8, seed=3, clip_norm=5.0)
            swept = simopt.sweep(problem, simopt.Adam(eta=0.1), **plan)
            ran = simopt.run(problem, simopt.Adam(eta=0.1), **plan)
            print(abs(swept["loss"][0] - ran.summary.loss) < 1e-12)
    """
    assert in_new_process(script, NUMBA_DISABLE_JIT="1") == ["True"] * 3


@pytest.mark.slow
def test_with_bounds_checked(tmp_path):
    """Every row was past the end of an array whose address alone is handed over."""
    script = """
        import numpy as np, simopt
        x = np.random.default_rng(0).normal(size=(9, 2))
        two = simopt.problems.least_squares(x, x @ [1.0, 2.0])
        for problem in (simopt.problems.four_points(), two):
            frame = simopt.sweep(problem, simopt.SGD(eta=np.geomspace(1e-4, 0.1, 2000)), epochs=20)
            ran = simopt.run(problem, simopt.SGD(eta=0.1), epochs=20).summary
            print(abs(frame["loss"].iloc[-1] - ran.loss) < 1e-12)
    """
    made = in_new_process(script, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert made == ["True"] * 2


def test_without_a_folder_to_write_to():
    script = """
        import warnings
        from numba.core import caching

        def refuse(self, function):
            raise RuntimeError(f"cannot cache function {function!r}: no locator available")

        caching.CacheImpl.__init__ = refuse
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            import simopt
            four = simopt.problems.four_points()
            frame = simopt.sweep(four, simopt.SGD(eta=[0.1, 0.2]), reduce="eta")
            frame = simopt.sweep(four, simopt.SGD(eta=0.1))
        print(frame["w"][0].round(4), len(said), "NUMBA_CACHE_DIR" in str(said[0].message))
    """
    assert in_new_process(script) == ["5.2432", "1", "True"]
