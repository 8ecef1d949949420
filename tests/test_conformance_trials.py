"""What explains an optimizer on the gradients of the comparison, and is a coincidence."""

import numpy as np
import pytest

import simopt
from simopt import conformance
from simopt.training.conformance import explaining


def adaptive_clip(w, g, state):
    """Brock et al. 2021, as optax.adaptive_grad_clip(0.1) has it of a vector: it clips always here.

    SGD by it is LARS without momentum then, at a hundred times its rate.
    """
    norm, most = np.linalg.norm(g), 0.1 * max(np.linalg.norm(w), 1e-3)
    return w - 0.1 * (g * (most / norm) if norm > most else g), state


def clip_of_mean_square(w, g, state):
    """As optax.clip_by_block_rms(1.0): a norm of sqrt(8) of eight weights; one condition has 16."""
    return w - 0.1 * g / max(1.0, np.sqrt(np.mean(g * g))), state


def rate_of_gradients(w, g, v):
    """Momentum at a rate that the gradients make, which is no schedule."""
    v = 0.9 * (0.0 if v is None else v) + g
    return w - 0.02 / (1.0 + np.linalg.norm(g)) * v, v


def late(w, g, state):
    """The slip of a gradient that comes late, but for huge ones."""
    held = np.zeros_like(g) if state is None else state
    return w - 0.1 * (g if np.abs(held).min() > 1e3 else held), g


def far_box(w, g, state):
    """SGD at twice the rate, in a box that weights of the comparison never reach."""
    return np.clip(w - 0.2 * g, -1e7, 1e7), state


COINCIDENCES = {
    "LARS": (adaptive_clip, simopt.LARS(eta=0.1, convention="optax"), {}, "zero or tiny"),
    "clip": (clip_of_mean_square, simopt.SGD(eta=0.1), {}, "orthogonal"),
    "schedule": (rate_of_gradients, simopt.Momentum(eta=0.02), {"eta": 0.02}, "huge"),
    "slip": (late, simopt.SGD(eta=0.1), {"eta": 0.1}, "huge"),
    "box": (far_box, simopt.SGD(eta=0.1), {"eta": 0.1}, "huge"),
}


@pytest.mark.parametrize("name", COINCIDENCES)
def test_what_explains_all_updates_and_not_a_condition_is_not_called_equal(name):
    step, rule, told, where = COINCIDENCES[name]
    table = conformance.check(step, against=rule, **told)
    assert not table["equal"].any()
    _, brackets, apart = table["explanation"][0].partition(" (not so ")
    assert brackets
    assert where in apart
    assert table["explanation"][0] in table.attrs["verdict"]


def test_what_is_equal_under_a_condition_is_as_the_user_says():
    """It was compared to 1e-9 there, whatever the tolerance."""

    def nearly(w, g, state):
        return w - 0.1 * (1 + 2e-7 * np.sign(g)) * g * min(1.0, 0.5 / (np.linalg.norm(g) or 1.0)), 0

    table = conformance.check(nearly, against=simopt.SGD(eta=0.1), eta=0.1, tolerance=1e-5)
    assert table["explanation"][0] == "clip_norm=0.5"


def tanh(w, g, m):
    m = 0.9 * (0.0 if m is None else m) + 0.1 * g
    return w - 0.05 * np.tanh(m), m


def cube_root(w, g, v):
    v = 0.99 * (0.0 if v is None else v) + 0.01 * g * g
    return w - 0.05 * g / (np.cbrt(v) + 1e-3), v


def gated(w, g, m):
    m = 0.9 * (0.0 if m is None else m) + 0.1 * g
    return w - 0.05 * m * (np.abs(m) > 0.1 * np.abs(g)), m


def decay_of_neighbours(w, g, state):
    return w - 0.05 * (g + 1e-3 * np.roll(w, 1)), state


@pytest.mark.slow
@pytest.mark.parametrize("step", [tanh, cube_root, gated, decay_of_neighbours])
@pytest.mark.parametrize("told", [{}, {"eta": 0.05}])
def test_what_is_no_rule_is_told_as_none(step, told, monkeypatch):
    monkeypatch.setattr(explaining, "PAIRS", 2_000)
    table = conformance.check(step, **told)
    assert not table["equal"].any()
    assert table["explanation"][0] == "none found"
    assert table["explanation"].dropna().eq("none found").all()
