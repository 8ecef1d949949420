"""Weights and steps that are kept within bounds: the bound is named, not taken for another rule."""

import numpy as np
import pytest

import simopt
from simopt import conformance
from simopt.training.conformance import bounds, probing, treatments


def momentum(eta=0.1, kept=lambda v: v, within=lambda w: w, cut=lambda step: step):
    """Heavy ball whose velocity, step or weights someone brings into bounds."""

    def step(w, g, v, factor):
        v = kept(0.9 * (0.0 if v is None else v) + g)
        return within(w - cut(eta * factor * v)), v

    return step


def shortened(most):
    return lambda x: x * min(1.0, most / np.linalg.norm(x))


#: What is done, and how it is told.
BOUNDED = {
    "a box": (
        {"within": lambda w: np.clip(w, -1.0, 1.5)}, "weight_low=-1.0, weight_high=1.5",
    ),
    "no negative weights": ({"within": lambda w: np.maximum(w, 0.0)}, "weight_low=0.0"),
    "a ball": ({"within": shortened(2.0)}, "weight_norm=2.0"),
    "steps of a length": ({"cut": lambda s: np.clip(s, -0.03, 0.03)}, "clip_step=0.03"),
    "velocities of a norm, kept": (
        {"kept": shortened(3.0)}, "a slip: the velocity is clipped to a norm of 3, and kept so",
    ),
    "velocities of a size, kept": (
        {"kept": lambda v: np.clip(v, -0.5, 0.5)},
        "a slip: the velocity is clipped to 0.5 in every weight, and kept so",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BOUNDED)
def test_a_bound_is_named(what):
    done, said = BOUNDED[what]
    table = conformance.check(momentum(**done), eta=0.1, against=simopt.Momentum(eta=0.1, beta=0.9))
    assert not table["equal"].any()
    assert table["explanation"][0] == said


def test_a_bound_of_steps_before_the_rate_goes_with_it():
    """The rate drops on the way; a bound of the steps themselves would not."""

    def step(w, g, v, factor):
        v = 0.9 * (0.0 if v is None else v) + 0.1 * g * g
        return w - 0.01 * factor * np.clip(g / (np.sqrt(v) + 1e-8), -1.0, 1.0), v

    rule = simopt.RMSprop(eta=0.01, rho=0.9, epsilon=1e-8, convention="torch")
    table = conformance.check(step, eta=0.01, against=rule)
    assert table["explanation"][0] == "clip_update=1.0"


@pytest.mark.parametrize("what", ["a box", "no negative weights", "steps of a length"])
def test_the_rate_is_read_off_a_step_that_no_bound_has_cut(what):
    done, said = BOUNDED[what]
    table = conformance.check(momentum(eta=0.07, **done), against=simopt.Momentum(beta=0.9))
    assert table["explanation"][0] == f"{said}, eta=0.07"


def test_a_bound_that_is_never_reached_is_none():
    probe = probing.probe(True)
    free = probing.ours(simopt.Momentum(eta=0.1, beta=0.9), probe)
    assert bounds.found(free, probe, across=True) == []
    how = treatments.changed(treatments.NONE, {"weight_low": -1e9, "clip_step": 1e9})
    assert np.array_equal(probing.ours(simopt.Momentum(eta=0.1, beta=0.9), probe, how), free)
