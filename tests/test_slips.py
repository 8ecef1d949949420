"""Slips that authors of Adam make: each written as an author would, and named by `check`."""

import numpy as np
import pytest

from simopt import conformance
from simopt.training.conformance.slips import SLIPS

#: Adam as it should be, a line each; a slip is another line.
ADAM = """
def step(w, g, state):
    t, m, v = state or (0, 0.0, 0.0)
    t = t + 1
    m = 0.9 * m + 0.1 * g
    v = 0.99 * v + 0.01 * g * g
    m_hat = m / (1 - 0.9**t)
    v_hat = v / (1 - 0.99**t)
    w = w - 0.02 * m_hat / (np.sqrt(v_hat) + 1e-6)
    return w, (t, m, v)
"""
FIRST, SECOND = "m_hat = m / (1 - 0.9**t)", "v_hat = v / (1 - 0.99**t)"
STEP = "w = w - 0.02 * m_hat / (np.sqrt(v_hat) + 1e-6)"
SQUARE = "0.01 * g * g"
NEITHER = "(m_hat, v_hat) = (m, v)"

EDITS = {
    "the count of updates begins at 0": {
        FIRST: "m_hat = m / (1 - 0.9**(t - 1) if t > 1 else 1)",
        SECOND: "v_hat = v / (1 - 0.99**(t - 1) if t > 1 else 1)",
    },
    "the count of updates is one ahead": {"(0, 0.0, 0.0)": "(1, 0.0, 0.0)"},
    "the count of updates never grows": {"t = t + 1": "t = 1"},
    "the first mean is corrected, the second not": {SECOND: "v_hat = v"},
    "the second mean is corrected, the first not": {FIRST: "m_hat = m"},
    "the corrected first mean is kept": {FIRST: "m = m_hat = m / (1 - 0.9**t)"},
    "the corrected second mean is kept": {SECOND: "v = v_hat = v / (1 - 0.99**t)"},
    "both corrected means are kept": {
        FIRST: "m = m_hat = m / (1 - 0.9**t)",
        SECOND: "v = v_hat = v / (1 - 0.99**t)",
    },
    "the corrections are 1 - beta t": {"0.9**t": "0.9 * t", "0.99**t": "0.99 * t"},
    "the correction multiplies": {
        FIRST: "m_hat = m * (1 - 0.9**t)",
        SECOND: "v_hat = v * (1 - 0.99**t)",
    },
    "the second mean is of |g|": {SQUARE: "0.01 * abs(g)"},
    "the second mean is of g,": {SQUARE: "0.01 * g"},
    "the second mean is of m^2": {SQUARE: "0.01 * m * m"},
    "the second mean is of (g - m)^2": {SQUARE: "0.01 * (g - m) ** 2"},
    "the root is missing": {"np.sqrt(v_hat)": "v_hat"},
    "the factor 1 - beta1 is missing": {"0.1 * g": "g"},
    "the factor 1 - beta2 is missing": {SQUARE: "g * g"},
    "the factors 1 - beta1 and 1 - beta2 are missing": {"0.1 * g": "g", SQUARE: "g * g"},
    "beta and 1 - beta are exchanged": {"0.9 * m + 0.1 * g": "0.1 * m + 0.9 * g"},
    "the gradient is divided": {FIRST: "m_hat = g / (1 - 0.9**t)"},
    "epsilon is a floor": {"(np.sqrt(v_hat) + 1e-6)": "np.maximum(np.sqrt(v_hat), 1e-6)"},
    "epsilon is missing": {" + 1e-6": ""},
    "the decay is not multiplied by the rate": {STEP: STEP + " - 0.03 * w"},
    "the decay has the wrong sign": {STEP: STEP + " + 0.02 * 0.03 * w"},
    "the decay is multiplied by the rate twice": {STEP: STEP + " - 0.02 * 0.02 * 0.03 * w"},
}
SETTINGS = {"eta": 0.02, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-6}


def author(edits):
    text = ADAM
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    space = {"np": np}
    exec(text, space)
    return space["step"]


def test_every_slip_has_an_author():
    for text in SLIPS:
        assert sum(text.startswith(start) for start in EDITS) == 1, text
    assert len(EDITS) == len(SLIPS)


def test_without_a_slip_it_is_adam():
    table = conformance.check(author({}), **SETTINGS)
    assert "Adam (torch)" in table.attrs["verdict"]
    assert table["equal"].any()


@pytest.mark.parametrize("slip", EDITS)
def test_a_slip_is_named(slip):
    decay = {"weight_decay": 0.03, "decay": "decoupled"} if "decay" in slip else {}
    with np.errstate(all="ignore"):
        table = conformance.check(author(EDITS[slip]), **SETTINGS, **decay)
    assert not table["equal"].any()
    said = table["explanation"][0]
    # Where a setting alone says the same, that is said: a mean without its factor is ten times as
    # large, and a count that stays 1 is no correction but a smaller epsilon. A second mean that is
    # corrected beside a first that is not is another rule's formula, at a tenth of the rate.
    simpler = {
        "the second mean is corrected, the first not": "eta=0.002 (0.1 times the rate given)",
        "the count of updates never grows": "epsilon=1e-07",
        "the factor 1 - beta1 is missing": "eta=0.2 (10 times the rate given)",
        "the factors 1 - beta1 and 1 - beta2 are missing": "epsilon=1e-07",
        "epsilon is missing": "epsilon=0.0",
    }
    assert said.startswith(simpler.get(slip, f"a slip: {slip}")), said
    assert said.split(" (")[0] in table.attrs["verdict"]
