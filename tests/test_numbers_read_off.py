"""Numbers that nobody told, read off the steps, whatever they are."""

import numpy as np
import pytest

import simopt
from simopt import conformance


def adam(eta=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8, inside=0.0, decay=0.0):
    def step(w, g, state):
        t, m, v = state or (0, 0.0, 0.0)
        t, m, v = t + 1, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        root = np.sqrt(v / (1 - beta2**t) + inside) + epsilon
        return w - eta * (m / (1 - beta1**t) / root + decay * w), (t, m, v)

    return step


TORCH = simopt.Adam(eta=0.01, convention="torch")

#: How it was made, what is told, and what is said.
READ = [
    ({"beta1": 0.85, "beta2": 0.97}, {"eta": 0.01}, "beta1=0.85, beta2=0.97"),
    (
        {"eta": 0.0123, "beta1": 0.87, "beta2": 0.9985, "epsilon": 3e-7}, {},
        "eta=0.0123, beta1=0.87, beta2=0.9985, epsilon=3e-07",
    ),
    (
        {"epsilon": 1e-6, "inside": 1e-7}, {"eta": 0.01, "beta1": 0.9, "beta2": 0.999},
        "epsilon=1e-06, epsilon_root=1e-07",
    ),
    (
        {"beta2": 0.96, "decay": 0.07}, {"eta": 0.01, "beta1": 0.9, "epsilon": 1e-8},
        "decay='decoupled', beta2=0.96, weight_decay=0.07",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("made", "told", "said"), READ, ids=[said for *_, said in READ])
def test_numbers_of_any_size_are_read_off(made, told, said):
    table = conformance.check(adam(**made), against=TORCH, **told)
    assert table["explanation"][0] == said


def test_what_was_told_is_no_number_to_read_off():
    """Another beta2 than was told is a mistake, and no setting."""
    told = {"eta": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    table = conformance.check(adam(beta2=0.9876), against=TORCH, **told)
    assert table["explanation"][0] == "none found"


def test_of_rules_that_a_zero_makes_equal_the_one_without_it_is_named():
    """NAdam whose first beta is 0 is RMSprop too."""

    def squares(w, g, v):
        v = 0.93 * (0.0 if v is None else v) + 0.07 * g * g
        return w - 0.02 * g / (np.sqrt(v) + 3e-6), v

    several = [simopt.NAdam(convention="optax"), simopt.RMSprop(convention="torch")]
    table = conformance.check(squares, against=several)
    assert table["optimizer"][0] == "RMSprop"
    assert table["explanation"][0] == "eta=0.02, rho=0.93, epsilon=3e-06"
