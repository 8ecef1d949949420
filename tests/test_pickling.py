"""What a worker process is sent, and that it is there what it was here."""

import dataclasses
import inspect
import math
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import simopt
from simopt.rules import ALL
from simopt.rules.modifiers import with_decay, with_initial, with_momentum
from simopt.schedules import SCHEDULES

SWITCHED = {
    "a start": lambda: simopt.AdaGrad(initial_accumulator=0.1, lr_decay=0.01),
    "momentum": lambda: simopt.RMSprop(momentum=0.9, centered=True, nesterov=True),
    "no correction": lambda: simopt.Adam(bias_correction=False, decay="clipped", weight_decay=0.1),
    "conventions": lambda: simopt.Adam(eta=[0.1, 0.2], convention=["document", "torch", "keras"]),
}


def sign_momentum(w, g, eta, v, t, beta=0.9):
    v = beta * v + g
    return w - eta / t * math.copysign(1.0, v), v


def count(t):
    return (t + 1,)


def everything():
    """An optimizer of every rule in every convention, with its weight decay; and the switches."""
    for make in ALL.values():
        for convention in make().made_by.conventions:
            yield make(convention=convention)
            if "weight_decay" in inspect.signature(make).parameters:
                yield make(convention=convention, weight_decay=0.1)
    yield from (make() for make in SWITCHED.values())


def there_and_back(value):
    return pickle.loads(pickle.dumps(value))


def in_new_process(code, *values):
    """What ``code`` prints in a process that imports this module alone; it is given ``values``."""
    script = "import pickle, sys\nvalues = pickle.load(sys.stdin.buffer)\n" + textwrap.dedent(code)
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(values),
        capture_output=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split()


def test_an_optimizer_comes_back_with_the_same_rule():
    # The same object: the kernels are compiled for it.
    optimizers = list(everything())
    assert len(optimizers) > 100
    for optimizer in optimizers:
        again = there_and_back(optimizer)
        assert again == optimizer, optimizer
        assert again.rule is optimizer.rule, optimizer
        assert repr(again) == repr(optimizer)
        for one, other in zip(again.variants, optimizer.variants, strict=True):
            assert one.rule is other.rule
        assert again.replace(eta=0.5) == optimizer.replace(eta=0.5)
        assert again.replace(eta=0.5).rule is optimizer.rule


def test_in_another_process_it_is_one_and_the_same_every_time():
    pickles = [[pickle.dumps(each) for _ in range(2)] for each in everything()]
    own = simopt.rule(sign_momentum, clock=count, name="SignMomentum")(eta=0.1)
    pickles += [[pickle.dumps(own) for _ in range(2)]]
    code = """
        same = 0
        for first, second in values[0]:
            first, second = pickle.loads(first), pickle.loads(second)
            assert first == second and first.rule is second.rule, first
            assert first.replace(eta=0.3).rule is first.rule, first
            same += 1
        print(same)
    """
    assert in_new_process(code, pickles) == [str(len(pickles))]


def test_a_users_rule_comes_back():
    made = simopt.rule(
        sign_momentum, clock=count, name="SignMomentum", eta=0.25, initial={"v": "beta"}
    )
    for rule in (
        made,
        with_decay(made, "decoupled"),
        with_initial(made, "v"),
        with_momentum(made, "inside"),
        with_momentum(with_decay(made, "coupled"), "outside", True),
    ):
        assert there_and_back(rule) is rule
    assert there_and_back(made(beta=[0.5, 0.9])) == made(beta=[0.5, 0.9])
    # Another rule of the same function is another rule.
    other = simopt.rule(sign_momentum, clock=count, name="Other")
    assert there_and_back(other) is other
    assert there_and_back(made) is made


def test_a_changed_copy_stays_changed():
    made = simopt.rule(sign_momentum, clock=count)
    copy = dataclasses.replace(made, name="Copy")
    assert there_and_back(copy).name == "Copy"
    assert there_and_back(copy).update is sign_momentum


def test_what_no_name_leads_to_is_not_pickled():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(simopt.rule(lambda w, g, eta: w - eta * g, name="Mine")())


PROBLEMS = {
    "four points": simopt.problems.four_points,
    "diabetes": simopt.problems.diabetes,
    "logistic": lambda: simopt.problems.logistic(
        np.linspace(-1, 1, 20).reshape(10, 2), np.arange(10) % 2, l2=0.1
    ),
    "no minimum": lambda: simopt.problems.logistic([[1.0], [2.0]], [0, 1], intercept=True),
    "many minima": lambda: simopt.problems.least_squares([[1.0, 2.0]], [3.0]),
}


@pytest.mark.parametrize("make", PROBLEMS.values(), ids=PROBLEMS)
def test_a_problem_comes_back_whole_and_frozen(make):
    problem = make()
    again = there_and_back(problem)
    for name in ("x", "y", "w0", "l2"):
        assert not getattr(again, name).flags.writeable
        np.testing.assert_array_equal(getattr(again, name), getattr(problem, name))
    for name in ("name", "kind", "features", "target", "intercept", "digest", "minimum_loss"):
        assert getattr(again, name) == getattr(problem, name)
    # Worked out before it left: LAPACK's last bits may be others on another machine.
    for name in ("factor", "minimizer", "optimum", "minimum_loss", "digest"):
        assert name in vars(again)
        np.testing.assert_array_equal(getattr(again, name), getattr(problem, name))
    assert again.replace(w0=1.0).digest == make().replace(w0=1.0).digest


def test_a_problem_is_the_same_in_another_process():
    problem = simopt.problems.diabetes()
    code = """
        problem, = values
        del problem.__dict__["digest"]
        print(problem.digest, problem.minimum_loss.hex(), problem.x.flags.writeable)
    """
    found = in_new_process(code, problem)
    assert found == [problem.digest, problem.minimum_loss.hex(), "False"]


SETTINGS = {
    "step": (2,),
    "multi_step": ([1, 3],),
    "exponential": (0.5,),
    "cosine_restarts": (3,),
    "factors": ([1.0, 0.5],),
    "polynomial": (),
    "cyclic": (2,),
    "warmup_stable_decay": (1, 2),
    "chained": ([simopt.schedules.linear_warmup(0.5), simopt.schedules.step(2)],),
    "sequential": ([simopt.schedules.linear_warmup(0.5), simopt.schedules.linear()], [2]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_comes_back(name):
    schedule = SCHEDULES[name](*SETTINGS.get(name, ()))
    again = there_and_back(schedule)
    assert again == schedule
    assert type(again) is type(schedule)
    assert hash(again) == hash(schedule)
    assert repr(again) == repr(schedule)
    if name in ("plateau", "adaptive"):
        assert again.reaction == schedule.reaction
    else:
        np.testing.assert_array_equal(again.table(7, 3), schedule.table(7, 3))
