"""States of a rule that start elsewhere than at 0, and how many there may be."""

import numpy as np
import pytest

import simopt

pytestmark = pytest.mark.interpreted
PROBLEMS = {
    "one weight": simopt.problems.four_points(),
    "several": simopt.problems.diabetes(),
    "noisy quadratic": simopt.problems.noisy_quadratic([1.0, 0.5], 0.1, w0=[2.0, -3.0]),
}


def anchored(w, g, eta, a, b, c, begin, rate, pull, n, beta=0.75):
    """As many states as there may be; the step goes back to where the trajectory began."""
    a = beta * a + g
    b = beta * b + a
    c = beta * c + b
    pull = pull + eta / n
    return w - rate * c - pull * (w - begin), a, b, c, begin, rate, pull


def counted(n):
    return (n + 1,)


Anchored = simopt.rule(
    anchored, clock=counted, name="Anchored", initial={"begin": "w", "rate": "eta", "pull": "beta"}
)


def recursion(problem, eta, beta, updates):
    """The weights after each update of all points."""
    begin = w = np.array(problem.w0, float)
    a = b = c = np.zeros_like(w)
    pull, weights = beta, []
    for t in range(1, updates + 1):
        g = problem.gradient(w)
        a = beta * a + g
        b = beta * b + a
        c = beta * c + b
        pull += eta / t
        w = w - eta * c - pull * (w - begin)
        weights.append(w)
    return np.array(weights)


@pytest.mark.parametrize("name", ["one weight", "several"])
def test_a_state_may_start_at_the_weight(name):
    problem = PROBLEMS[name]
    weights = recursion(problem, 0.01, 0.75, 6)
    run = simopt.run(problem, Anchored(eta=0.01), batch_size="full", shuffle="never", updates=6)
    columns = [each for each in run.steps if each == "w" or each.startswith("w_")]
    np.testing.assert_allclose(run.steps[columns], weights, rtol=1e-12)
    begins = [each for each in run.steps if each.startswith("begin")]
    assert (run.steps[begins] == problem.w0).all(axis=None)
    # The start goes into every step: a rule that took it for 0 would end elsewhere.
    assert np.abs(weights[-1] - problem.w0).max() > 0.01


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_sweep_starts_there_too(name, dtype):
    problem = PROBLEMS[name]
    plan = {"updates": 7, "seed": 1, "batch_size": 2, "shuffle": "once" if problem.n else "never"}
    frame = simopt.sweep(problem, Anchored(eta=[0.01, 0.002]), dtype=dtype, **plan)
    for index, eta in enumerate([0.01, 0.002]):
        run = simopt.run(problem, Anchored(eta=eta), **plan)
        tolerance = 1e-11 if dtype == "float64" else 2e-5
        assert frame["loss"][index] == pytest.approx(run.summary["loss"], rel=tolerance)
        assert frame["peak_distance"][index] > 0


def test_more_states_than_there_may_be():
    with pytest.raises(ValueError, match="at most 9 state"):
        simopt.rule(
            lambda w, g, eta, a, b, c, d, e, f, h, i, j, k: (w, a, b, c, d, e, f, h, i, j, k)
        )


def test_a_start_that_is_none():
    def kept(w, g, eta, a, beta=0.5):
        return w - eta * g, a

    with pytest.raises(ValueError, match=r"^initial of a='g': must be one of .*'w'"):
        simopt.rule(kept, initial={"a": "g"})


def test_nine_states_with_an_average_are_one_too_many():
    with pytest.raises(ValueError, match="fewer than 9 states"):
        simopt.averaged(simopt.AdaGradWindow(eta=0.01))
