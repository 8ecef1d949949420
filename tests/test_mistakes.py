"""A mistake in one's own rule or problem: one sentence with name, line, and what is wrong."""

import math
import operator
import time
import types

import numpy as np
import pytest

import simopt
from simopt.engine import refusals

FOUR = simopt.problems.four_points()


def forgets(w, g, eta, v, beta=0.9):
    v = beta * v + g
    return w - eta * v


def undefined(w, g, eta):
    return w - eta * gg  # noqa: F821


def text(w, g, eta):
    return "3"


def nothing(w, g, eta):
    w -= eta * g


def listed(w, g, eta, v):
    return [w - eta * g, v]


def alone(w, g, eta):
    return (w - eta * g,)


def unpacks(w, g, eta):
    a, b = (g,)
    return w - a * b


def shaped(w, g, eta):
    return w - np.linalg.norm(np.array([w, g]), ord="nonsense")


MISTAKES = {
    forgets: "returns one number: must return a tuple of 2, w and v",
    undefined: "'gg'",
    text: "returns '3', a str: must return one number, w",
    nothing: "returns nothing",
    listed: "a list: must return a tuple of 2, w and v",
    alone: "returns a tuple of 1: must return one number, w",
    unpacks: "raises ValueError: not enough values to unpack",
    shaped: "raises ValueError: Invalid norm order",
}


@pytest.mark.parametrize("function", MISTAKES, ids=lambda each: each.__name__)
def test_a_mistake_is_said_in_one_sentence(function):
    optimizer = simopt.rule(function, name="Mine")()
    said = []
    for look in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match=r"^rule 'Mine': ") as caught:
            look(FOUR, optimizer)
        said.append(str(caught.value))
        assert "\n" not in said[-1]
        assert MISTAKES[function] in said[-1]
        assert f"{function.__name__} (test_mistakes.py, line " in said[-1]
    line = function.__code__.co_firstlineno
    assert any(f"line {line + k})" in said[0] for k in (0, 1))
    if function not in (undefined, listed):
        assert said[0] == said[1]


def test_a_mistake_in_a_clock_or_a_problem():
    def stuck(t):
        return t + 1

    def moved(w, g, eta, t):
        return w - eta * g / t

    mine = simopt.rule(moved, clock=stuck, name="Mine")()
    for look in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match=r"^rule 'Mine': stuck .* must return a tuple of 1, t"):
            look(FOUR, mine)
    with pytest.raises(ValueError, match=r"^problem 'L': .* returns 'x', a str"):
        simopt.problems.function(lambda w: "x", lambda w: w, w0=1.0, name="L")
    with pytest.raises(ValueError, match=r"^problem 'L': .* raises TypeError"):
        simopt.problems.function(lambda w: w, lambda w: w + None, w0=1.0, name="L")


def sums(x):
    return float(np.apply_along_axis(np.sum, 0, np.array([x])))


def unsupported(w, g, eta):

    return w - eta * sums(g)


def formatted(w, g, eta):
    return w - eta * float(f"{g:.3f}")


def sometimes(w, g, eta, v):
    if g > 1e300:
        return w
    return w - eta * g, v


def printed(w, g, eta):
    print(end="")
    return w - eta * g


def counted(w, g, eta):
    return w - eta * math.comb(4, 2) * g


def guarded(w, g, eta):
    try:
        return w - eta / g
    except ZeroDivisionError:
        return w


def clipped(w, g, eta):
    return w - eta * np.clip(g, -1, 1)


added = lambda w, g, eta: w - eta * sum(g * k for k in (1, 2))  # noqa: E731

UNCOMPILED = {
    unsupported: "sums (test_mistakes.py, line {}), which Numba has to compile: Use of "
    "unsupported NumPy function 'numpy.apply_along_axis'",
    formatted: "formatted (test_mistakes.py, line {}), which Numba has to compile: format spec",
    sometimes: "sometimes (test_mistakes.py, line {}), which Numba has to compile: Can't unify",
}


@pytest.mark.parametrize("function", UNCOMPILED, ids=lambda each: each.__name__)
def test_what_the_compiler_refuses_is_said_in_one_sentence(function):
    with pytest.raises(ValueError, match=r"^rule 'Mine': ") as caught:
        simopt.sweep(FOUR, simopt.rule(function, name="Mine")())
    first = (sums if function is unsupported else function).__code__.co_firstlineno
    lines = [UNCOMPILED[function].format(first + k) for k in (1, 2, 3)]
    assert any(each in str(caught.value) for each in lines), str(caught.value)
    assert "Failed in" not in str(caught.value)
    assert "\n" not in str(caught.value)


REASONS = {
    printed: "printed: Numba's print()",
    counted: "counted: no math.comb",
    guarded: "guarded: catches ZeroDiv",
    clipped: "clipped: calls clip(float64",
    added: "lambda: The use of yield",
}


@pytest.mark.parametrize("function", REASONS, ids=lambda each: each.__name__)
def test_why_the_compiler_refuses_is_said_in_words_of_the_code(function):
    rule = simopt.rule(function, name="Mine").snapshot()
    said = str(refusals.explained(rule, FOUR, ValueError()))
    name, reason = REASONS[function].split(": ", 1)
    assert said.startswith(f"rule 'Mine': {name} (test_mistakes.py, line ")
    assert said.partition("which Numba has to compile: ")[2].startswith(reason)


DIGITS = -2


def tenths(w, g, eta):
    return w - eta * g * (0.5 + 10**DIGITS)


def halves(w, g, eta):
    share = 0.0
    for k in range(3):
        share += pow(2, -k)
    return w - eta * g * share


def long(w, g, eta):
    whole = 2**70
    return w - eta * g * (whole / 2**70)


def total(w, g, eta):
    many = 0
    for k in range(10):
        many += k**20
    return w - eta * g * (many / 1e20)


def doubled(w, g, eta):
    share = 0
    for k in range(3):
        share += 2**k + 2**2 + (-1) ** (k - 1)
    return w - eta * g * share * 2.0**DIGITS


@pytest.mark.parametrize("update", [tenths, halves, long, total])
def test_a_power_of_whole_numbers_that_compiled_code_has_otherwise_is_refused(update):
    """It made 0 of 10 ** -2 and of 2 ** 70, and a number below 0 of 9 ** 20."""
    rule = simopt.rule(update, name="Mine")(eta=0.01)
    assert simopt.run(FOUR, rule).summary.w > 3.0
    with pytest.raises(ValueError, match=r"^rule 'Mine' has a power of whole numbers .*: write 10"):
        simopt.sweep(FOUR, rule)


def test_powers_of_whole_numbers_that_are_whole_numbers():
    rule = simopt.rule(doubled, name="Mine")(eta=0.01)
    assert simopt.sweep(FOUR, rule)["w"][0] == simopt.run(FOUR, rule).summary.w


COUNTED, SEEN, KEPT = [0.0], np.zeros(1), []


def counts(w, g, eta):
    COUNTED[0] += 1.0
    return w - eta * g / COUNTED[0]


def gathers(w, g, eta):
    SEEN[0] += g
    return w - eta * SEEN[0]


def keeps(w, g, eta):
    KEPT.append(g)
    return w - eta * g / len(KEPT)


@pytest.mark.parametrize("update", [counts, gathers, keeps])
def test_what_remembers_outside_of_its_state_is_refused(update):
    rule = simopt.rule(update, name="Mine")(eta=0.1)
    for start in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match="rule 'Mine': .* changes what it reads from outside"):
            start(FOUR, rule)
    COUNTED[0], SEEN[0] = 0.0, 0.0
    KEPT.clear()


def refuses(w, g, eta):
    if g < -10:
        raise ValueError("too steep")
    return w - eta * g


def test_an_error_in_compiled_code_says_whose_it_is():
    rule = simopt.rule(refuses, name="Mine")(eta=0.1)
    with pytest.raises(ValueError, match=r"rule 'Mine': refuses \(.*\) raises ValueError: too st"):
        simopt.run(FOUR, rule)
    with pytest.raises(ValueError, match=r"^rule 'Mine' raises ValueError: too steep; simopt\.run"):
        simopt.sweep(FOUR, rule)


def downhill(w, g, eta):
    if g > 0:
        step = eta * g
    return w - step


@pytest.mark.parametrize("start", [simopt.run, simopt.sweep])
def test_a_variable_of_one_branch_is_refused(start):
    with pytest.raises(ValueError, match=r"rule 'Mine': downhill \(.*\) raises UnboundLocalError"):
        start(FOUR, simopt.rule(downhill, name="Mine")(eta=0.1))


TIMES = types.SimpleNamespace(n=1.0)
ONES = iter([1.0] * 9)
GENERATOR = np.random.default_rng(0)


def moves_on(w, g, eta):
    return w - eta * g / next(ONES)


def chances(w, g, eta):
    return w - eta * g * GENERATOR.random()


def watches(w, g, eta):
    return w - eta * g * (time.time() % 1.0)


def sets(w, g, eta):
    TIMES.n += 1.0
    return w - eta * g / TIMES.n


def rebinds(w, g, eta):
    global COUNT
    COUNT += 1.0
    return w - eta * g / COUNT


COUNT = 0.0


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (moves_on, "reads 'ONES', an iterator, which moves on at every call"),
        (chances, "calls 'GENERATOR.random': random numbers that no seed here repeats"),
        (watches, "calls 'time.time': another value at every call"),
        (sets, "assigns to an attribute: n; what is remembered .* must be a rule's state"),
        (rebinds, "assigns to a global name: COUNT; what is remembered .* a rule's state"),
    ],
)
def test_what_differs_from_call_to_call_is_refused_before_it_is_called(update, message):
    rule = simopt.rule(update, name="Mine")(eta=0.1)
    for start in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match=f"rule 'Mine': {update.__name__} .* {message}"):
            start(FOUR, rule)
    assert (COUNT, TIMES.n, operator.length_hint(ONES)) == (0.0, 1.0, 9)
    assert GENERATOR.random() == np.random.default_rng(0).random()
    GENERATOR.bit_generator.state = np.random.default_rng(0).bit_generator.state


def test_a_loss_of_random_numbers_is_refused():
    def noisy(w):
        return w * w + GENERATOR.random()

    with pytest.raises(ValueError, match="problem 'noisy': .* random numbers that no seed"):
        simopt.problems.function(noisy, lambda w: 2.0 * w, w0=3.0)
    GENERATOR.bit_generator.state = np.random.default_rng(0).bit_generator.state
    loss = simopt.problems.function(noisy, lambda w: 2.0 * w, w0=3.0, check_gradient=False)
    for start in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match="problem 'noisy': .* random numbers that no seed"):
            start(loss, simopt.SGD(eta=0.1))


def test_a_problem_that_remembers_is_refused():
    def valley(w):
        COUNTED[0] += 1.0
        return w * w

    problem = simopt.problems.function(valley, lambda w: 2.0 * w, w0=3.0, check_gradient=False)
    with pytest.raises(ValueError, match="problem 'valley': .* changes what it reads from outside"):
        simopt.sweep(problem, simopt.SGD(eta=0.1))
    COUNTED[0] = 0.0
