"""Functions of one's own where `math` raises: inf and nan, as in compiled loops."""

import math
import types
from math import exp

import numpy as np
import pytest
import scipy.special

import simopt
from simopt.ground.calling import call, call_in_place

FOUR = simopt.problems.four_points()
OWN = types.ModuleType("own")
exec("import math\ndef inverse(x):\n    return 1 / math.exp(x)", OWN.__dict__)


def grown(x):
    return exp(x)


def closed():
    def root(x):
        return math.sqrt(x)

    return lambda x: root(x) * 2


CASES = {
    "a sigmoid": (lambda x: 1 / (1 + math.exp(x)), 1000.0, 0.0),
    "of a function": (lambda x: 1 / (1 + grown(x)), 1000.0, 0.0),
    "of a module": (lambda x: OWN.inverse(x), -1000.0, math.inf),
    "closed over": (closed(), -1.0, math.nan),
    "inside": (lambda x: (lambda z: 2 + exp(-exp(z)))(x), 1000.0, 2.0),
    "by nothing": (lambda x: 1 / math.exp(-x), 1000.0, math.inf),
    "log": (lambda x: math.log(x), 0.0, -math.inf),
    "log to a base": (lambda x: math.log(x, 2.0), 0.0, -math.inf),
    "log1p": (lambda x: math.log1p(x), -1.0, -math.inf),
    "log of less": (lambda x: math.log(x), -1.0, math.nan),
    "pow": (lambda x: math.pow(x, -1.0), 0.0, math.inf),
    "sinh": (lambda x: math.sinh(x), -1000.0, -math.inf),
    "atanh": (lambda x: math.atanh(x), -1.0, -math.inf),
    "acos": (lambda x: math.acos(x), 2.0, math.nan),
    "gamma": (lambda x: math.gamma(x), 300.0, math.inf),
    "gamma of a pole": (lambda x: math.gamma(x), -2.0, math.nan),
    "gamma of zero": (lambda x: math.gamma(x), -0.0, -math.inf),
    "gamma near zero": (lambda x: math.gamma(x), -1e-309, -math.inf),
    "lgamma": (lambda x: math.lgamma(x), 1e307, math.inf),
    "ldexp": (lambda x: math.ldexp(x, 3000), -1.0, -math.inf),
    "log to the base 1": (lambda x: math.log(x, 1.0), 8.0, math.inf),
    "lgamma of a pole": (lambda x: math.lgamma(x), -2.0, math.inf),
    "squared": (lambda x: (x * 1e200) ** 2, 3.0, math.inf),
}


@pytest.mark.parametrize("what", CASES)
def test_what_math_refuses_has_a_value(what):
    function, at, expected = CASES[what]
    (value,) = call(function, (at,), ("w",), "rule 'Mine'", float)
    np.testing.assert_array_equal(value, expected)


def shrinks(w, g):
    for k in range(len(w)):
        w[k] /= 1 + math.exp(g[k])


def test_what_changes_arrays_begins_anew():
    w = np.array([2.0, 3.0, 4.0])
    assert call_in_place(shrinks, (w, np.array([0.0, 1000.0, 0.0])), "rule 'Mine'")
    np.testing.assert_array_equal(w, [1.0, 0.0, 2.0])


def test_what_a_function_reads_is_as_it_is_now():
    scale = [1.0]

    def scaled(x):
        return scale[0] / (1 + math.exp(-math.exp(x)))

    for scale[0] in (1.0, 3.0):
        assert call(scaled, (1000.0,), ("w",), "rule 'Mine'") == (scale[0],)


def loss(w, x, y):
    return math.log(1 + math.exp(-y * w * x))


def slope(w, x, y):
    return -y * x / (1 + math.exp(y * w * x))


def test_a_logistic_loss_as_it_is_written_in_books():
    points = np.array([[400.0, 1.0], [-300.0, 1.0], [500.0, -1.0]])
    mine = simopt.problems.function(loss, slope, w0=3.0, points=points)
    steps = simopt.run(mine, simopt.SGD(eta=1e-3), epochs=3).steps
    w, expected = 3.0, []
    for x, y in [*points] * 3:
        w += 1e-3 * y * x * scipy.special.expit(-y * w * x)
        expected.append(w)
    np.testing.assert_allclose(steps["w"], expected, rtol=1e-12)
    with np.errstate(over="ignore"):
        losses = [np.log1p(np.exp(-points[:, 1] * at * points[:, 0])).mean() for at in expected]
    np.testing.assert_allclose(steps["loss"], losses, rtol=1e-12)


def sigmoid(w, g, eta):
    return w - eta * (2 / (1 + math.exp(-1000 * g)) - 1)


def test_a_sweep_is_a_run_beyond_the_largest_exponent():
    optimizer = simopt.rule(sigmoid)(eta=0.1)
    run = simopt.run(FOUR, optimizer, epochs=2).summary["w"]
    assert run == simopt.sweep(FOUR, optimizer, epochs=2)["w"][0] == pytest.approx(3.8)
