"""Lookahead: every k updates the weight goes back towards a slow one."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt.training.conformance.probing import probe
from simopt.training.stepper import Stepper
from tests import recorded

pytestmark = pytest.mark.interpreted
FOUR = simopt.problems.four_points()
PROBLEMS = {
    "one weight": FOUR,
    "several": simopt.problems.diabetes(),
    "noisy quadratic": simopt.problems.noisy_quadratic([1.0, 0.5], 0.1, w0=[2.0, -3.0]),
}
BASES = {
    "SGD": simopt.SGD(eta=0.02),
    "Momentum": simopt.Momentum(eta=0.01),
    "Adam": simopt.Adam(eta=0.1),
    "NAdam": simopt.NAdam(eta=0.1, convention="torch", weight_decay=0.1),
    "AdEMAMix": simopt.AdEMAMix(eta=0.1),
}


def by_definition(optimizer, gradients, w, slow_step, every, first):
    """The fast and the slow weight after each update, by the optimizer alone."""
    stepper, slow, seen = Stepper(optimizer, [w]), w, []
    for t, g in enumerate(gradients, 1):
        stepper.step([g])
        if t % every == 0:
            fast = stepper.weights[0]
            slow = fast if first and t == every else slow + slow_step * (fast - slow)
            stepper.weights = [slow]
        seen.append((stepper.weights[0], slow))
    return np.array(seen)


@pytest.mark.parametrize("name", BASES)
@settings(max_examples=8, deadline=None)
@given(st.floats(0.0, 1.0), st.integers(1, 9), st.sampled_from(["weight", "first"]))
def test_it_is_what_it_says(name, slow_step, every, start):
    gradients = np.random.default_rng(4).normal(size=40).tolist()
    optimizer = simopt.lookahead(BASES[name], slow_step, every, start=start)
    stepper, ours = Stepper(optimizer, [3.0]), []
    for g in gradients:
        stepper.step([g])
        ours.append((stepper.weights[0], stepper.state[0][0]))
    expected = by_definition(BASES[name], gradients, 3.0, slow_step, every, start == "first")
    fast, slow = np.array(ours).T
    np.testing.assert_allclose(fast, expected[:, 0], rtol=1e-14)
    # Before the first return a slow weight that starts there is not looked at.
    since = every - 1 if start == "first" else 0
    np.testing.assert_allclose(slow[since:], expected[since:, 1], rtol=1e-14)


#: What tests/data recorded, and simopt's.
RECORDED = {
    ("timm", 0): simopt.lookahead(simopt.SGD(eta=0.01), every=6, start="first"),
    ("timm", 1): simopt.lookahead(simopt.NAdam(convention="timm"), 0.8, 4, start="first"),
    ("pytorch_optimizer", 0): simopt.lookahead(
        simopt.Lion(eta=0.01, convention="pytorch_optimizer")
    ),
    ("pytorch_optimizer", 1): simopt.lookahead(
        simopt.AdaBelief(convention="pytorch_optimizer"), 0.3, 7
    ),
}


@pytest.mark.parametrize(("package", "number"), RECORDED)
def test_it_is_what_the_packages_computed(package, number):
    theirs = recorded.recorded(package)["wrapped"][recorded.WRAPPED[package][number]]
    tried = probe(True)
    stepper, weights = Stepper(RECORDED[package, number], tried.start.tolist()), []
    for update, gradient in enumerate(tried.gradients, 1):
        stepper.step(gradient.tolist(), theirs["rates"][update > recorded.DROP_AT])
        weights.append(list(stepper.weights))
    expected = np.array(theirs["weights"])
    ours = np.array([weights[look - 1] for look in recorded.LOOKS])[:, : expected.shape[1]]
    atol = 1e-12 * np.maximum(1, np.abs(expected).max(axis=0))
    assert (np.abs(ours - expected) <= atol).all()


@pytest.mark.parametrize("evaluated", ["fast", "slow"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_sweep_is_a_run(name, evaluated):
    problem = PROBLEMS[name]
    plan = {"batch_size": 2, "updates": 11, "shuffle": "once" if problem.n else "never", "seed": 3}
    optimizer = simopt.lookahead(
        simopt.Adam(eta=[0.1, 0.3]), [0.25, 0.5], [3, 4], start="first", evaluated=evaluated
    )
    frame = simopt.sweep(problem, optimizer, **plan)
    assert len(frame) == 8
    for row in frame.to_dict("records"):
        single = optimizer.replace(
            eta=row["eta"], slow_step=row["slow_step"], every=int(row["every"])
        )
        run = simopt.run(problem, single, **plan)
        assert row["loss"] == pytest.approx(run.summary["loss"], rel=1e-11)
    shown = "slow" if evaluated == "slow" else "w"
    columns = [each for each in run.steps if each == shown or each.startswith(f"{shown}_")]
    losses = [problem.loss(each) for each in run.steps[columns].to_numpy()]
    np.testing.assert_allclose(run.steps["loss"], losses, rtol=1e-12)


def test_it_pickles_and_has_one_rule():
    optimizer = simopt.lookahead(simopt.Adam(), every=3)
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.rule is optimizer.rule
    assert again == optimizer
    assert optimizer.replace(eta=0.3, every=4) == simopt.lookahead(simopt.Adam(eta=0.3), every=4)


def test_an_average_of_it():
    optimizer = simopt.averaged(simopt.lookahead(simopt.SGD(eta=0.05), every=2), 0.5)
    steps = simopt.run(FOUR, optimizer).steps
    plain = simopt.run(FOUR, simopt.lookahead(simopt.SGD(eta=0.05), every=2)).steps
    assert steps["w"].equals(plain["w"])
    mean, means = 3.0, []
    for w in plain["w"]:
        mean = 0.5 * mean + 0.5 * w
        means.append(mean)
    assert steps["average"].tolist() == means


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"every": 0}, r"^every=0: must be a whole number"),
        ({"every": 2.5}, r"^every=2.5: must be a whole number"),
        ({"slow_step": 1.5}, r"^slow_step=1.5"),
        ({"start": "last"}, r"^start='last'"),
        ({"evaluated": "both"}, r"^evaluated='both'"),
        ({"optimizer": "SGD"}, r"^optimizer='SGD'"),
        ({"optimizer": simopt.lookahead(simopt.SGD())}, "without lookahead"),
        ({"optimizer": simopt.LAMB()}, "does not look across weights"),
        ({"optimizer": simopt.averaged(simopt.SGD()), "evaluated": "slow"}, "an average already"),
    ],
)
def test_what_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        simopt.lookahead(**{"optimizer": simopt.SGD(), **change})
