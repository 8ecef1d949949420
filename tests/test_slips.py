"""Slips that authors make: each written as an author would, and named by `check`."""

import functools

import numpy as np
import pytest

import simopt
from simopt import conformance
from simopt.training.conformance.slips import SLIPS
from simopt.training.conformance.slips_of_any import EVERYWHERE
from simopt.training.stepper import Stepper

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
    "beta and 1 - beta are exchanged in the first": {"0.9 * m + 0.1 * g": "0.1 * m + 0.9 * g"},
    "beta and 1 - beta are exchanged in the second": {
        "0.99 * v + 0.01 * g * g": "0.01 * v + 0.99 * g * g"
    },
    "the gradient is divided": {FIRST: "m_hat = g / (1 - 0.9**t)"},
    "epsilon is a floor": {"(np.sqrt(v_hat) + 1e-6)": "np.maximum(np.sqrt(v_hat), 1e-6)"},
    "epsilon is missing": {" + 1e-6": ""},
    "the decay is not multiplied by the rate": {STEP: STEP + " - 0.03 * w"},
    "the decay has the wrong sign": {STEP: STEP + " + 0.02 * 0.03 * w"},
    "the decay is multiplied by the rate twice": {STEP: STEP + " - 0.02 * 0.02 * 0.03 * w"},
    "the decay is in the second mean alone": {SQUARE: "0.01 * (g + 0.03 * w) ** 2"},
    "both corrections are of beta1": {"0.99**t": "0.9**t"},
    "both corrections are of beta2": {"0.9**t": "0.99**t"},
    "the corrections' betas are exchanged": {
        FIRST: FIRST.replace("0.9", "0.99"),
        SECOND: SECOND.replace("0.99", "0.9"),
    },
    "the second correction stands in front of the step without its root": {
        SECOND: "v_hat = v",
        "0.02 * m_hat": "0.02 * (1 - 0.99**t) * m_hat",
    },
    "the step is made before the means have taken the gradient in": {
        "m = 0.9 * m": "m_hat, v_hat, m = m / (1 - 0.9**t), v / (1 - 0.99**t), 0.9 * m",
        FIRST: "",
        SECOND: "",
    },
    "the second mean is the one before the gradient": {
        "v = 0.99 * v": "v_hat, v = v / (1 - 0.99**t), 0.99 * v",
        SECOND: "",
    },
    "the means are not kept from update to update": {
        "t, m, v = state or (0, 0.0, 0.0)": "t, m, v = (state or (0,))[0], 0.0, 0.0"
    },
    "the two means are one array": {
        "    m = 0.9 * m + 0.1 * g": "    m = v = m + 0 * w\n    m *= 0.9\n    m += 0.1 * g",
        "    v = 0.99 * v + 0.01 * g * g": "    v *= 0.99\n    v += 0.01 * g * g",
    },
    "the means begin with the first gradient, and are corrected besides": {
        "t = t + 1": "t, m, v = t + 1, *((m, v) if t else (g, g * g))"
    },
    "the means begin with the first gradient, and are not corrected": {
        "t = t + 1": "t, m, v = t + 1, *((m, v) if t else (g, g * g))",
        FIRST: "m_hat = m",
        SECOND: "v_hat = v",
    },
    "the second mean begins at 1": {"(0, 0.0, 0.0)": "(0, 0.0, 1.0)"},
    # It shows where the rate drops: a fourth argument is its factor.
    "the rate is in the first mean": {
        "(w, g, state)": "(w, g, state, f)",
        "0.1 * g": "0.1 * 0.02 * f * g",
        "0.02 * m_hat": "m_hat",
    },
    "the first mean is the one before the gradient": {
        "m = 0.9 * m": "m_hat, m = m / (1 - 0.9**t), 0.9 * m",
        FIRST: "",
    },
    "what looks ahead is the corrected mean": {
        FIRST: "m_hat = 0.9 * (m / (1 - 0.9**t)) + 0.1 * g",
    },
    "the second mean is one number, of the mean": {SQUARE: "0.01 * np.mean(g * g)"},
    "the second mean is one number, of the sum": {SQUARE: "0.01 * (g @ g)"},
    "the second mean is one number, of the norm": {
        SQUARE: "0.01 * np.linalg.norm(g)",
        "np.sqrt(v_hat)": "v_hat",
    },
    "the decay is of the weight after the step, and not multiplied": {
        STEP: f"{STEP}; w = w * (1 - 0.03)"
    },
    "the decay is added to the mean, and divided with it": {
        "0.02 * m_hat": "0.02 * (m_hat + 0.03 * w)"
    },
    "the decay is of the weight's sign": {STEP: STEP + " - 0.02 * 0.03 * np.sign(w)"},
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


#: One of each part of the formula; the others go the same way, a second each.
A_FEW = (
    "the count of updates begins at 0",
    "the second mean is of |g|",
    "epsilon is a floor",
    "the decay is not multiplied by the rate",
    "the rate is in the first mean",
)


@pytest.mark.parametrize(
    "slip",
    [pytest.param(slip, marks=() if slip in A_FEW else pytest.mark.slow) for slip in EDITS],
)
def test_a_slip_is_named(slip):
    form = "coupled" if "mean alone" in slip else "decoupled"
    decay = {"weight_decay": 0.03, "decay": form} if "decay" in slip else {}
    with np.errstate(all="ignore"):
        table = conformance.check(author(EDITS[slip]), **SETTINGS, **decay)
    assert not table["equal"].any()
    said = table["explanation"][0]
    # Where a setting alone says the same, that is said: a mean without its factor is ten times as
    # large, and a count that stays 1 is no correction but a smaller epsilon.
    simpler = {
        "the count of updates never grows": "epsilon=1e-07",
        "the factor 1 - beta1 is missing": "eta=0.2 (10 times the rate given)",
        "the factors 1 - beta1 and 1 - beta2 are missing": "epsilon=1e-07",
        "epsilon is missing": "epsilon=0.0",
    }
    assert said.startswith(simpler.get(slip, f"a slip: {slip}")), said
    assert said.split(" (")[0] in table.attrs["verdict"]


def forgetful(w, g, state):
    """AdaGrad whose sum of squares is made anew in every call."""
    return w - 0.02 * g / (np.sqrt(g * g) + 1e-6), state


def deaf(w, g, state, factor):
    """Momentum at the rate that it was made with."""
    v = 0.9 * (0.0 if state is None else state) + g
    return w - 0.02 * v, v


def doubled(w, g, state, factor):
    """RMSprop with the rate in its update and in its step."""
    v = 0.99 * (0.0 if state is None else state) + 0.01 * g * g
    return w - (0.02 * factor) ** 2 * g / (np.sqrt(v) + 1e-6), v


def late(w, g, state):
    """Momentum that steps before its velocity has the gradient."""
    v = np.zeros_like(g) if state is None else state
    return w - 0.02 * v, 0.9 * v + g


def unscaled(w, g, state):
    """Lion with a decay that the rate is not in."""
    m = 0.0 if state is None else state
    return w - 0.02 * np.sign(0.9 * m + 0.1 * g) - 0.03 * w, 0.99 * m + 0.01 * g


def unscaled_always(w, g, state, factor):
    """The same with a rate that is lowered, and with which the decay is not."""
    m = 0.0 if state is None else state
    return w - 0.02 * factor * np.sign(0.9 * m + 0.1 * g) - 0.03 * w, 0.99 * m + 0.01 * g


def twofold(w, g, state):
    """Lion whose step is called by its author, and by what the author calls."""
    m = 0.0 if state is None else state
    for _ in range(2):
        w, m = w - 0.02 * np.sign(0.9 * m + 0.1 * g), 0.99 * m + 0.01 * g
    return w, m


#: By what `check` says: an author, and the rule that is named.
OF_ANY_RULE = {
    "weights decay by lambda at the first rate": (
        unscaled, "Lion", {"beta1": 0.9, "beta2": 0.99, "weight_decay": 0.03},
    ),
    "weights decay by lambda, not by eta lambda, at every rate": (
        unscaled_always, "Lion", {"beta1": 0.9, "beta2": 0.99, "weight_decay": 0.03},
    ),
    "every update goes by the gradient before": (late, "Momentum", {"beta": 0.9}),
    "every gradient makes two steps": (twofold, "Lion", {"beta1": 0.9, "beta2": 0.99}),
    "it goes on at its first rate": (deaf, "Momentum", {"beta": 0.9}),
    "the step is multiplied by the rate twice": (doubled, "RMSprop", {"rho": 0.99}),
    "nothing is kept from update to update": (forgetful, "AdaGrad", {}),
}  # fmt: skip


#: One that is in the rate, one in the gradient.
TWO = "it goes on at its first rate", "every update goes by the gradient before"


@pytest.mark.parametrize(
    "slip",
    [pytest.param(slip, marks=() if slip in TWO else pytest.mark.slow) for slip in OF_ANY_RULE],
)
def test_a_slip_of_any_rule_is_named(slip):
    assert sum(text.startswith(slip) for text in EVERYWHERE) == 1
    assert len(OF_ANY_RULE) == len(EVERYWHERE)
    author, rule, settings = OF_ANY_RULE[slip]
    table = conformance.check(author, eta=0.02, epsilon=1e-6, **settings)
    assert not table["equal"].any()
    assert table["optimizer"][0] == rule
    assert table["explanation"][0].startswith(f"a slip: {slip}")


def test_a_decay_by_the_square_of_the_rate_is_adamcs_and_no_slip():
    """A. Defazio, 2025, as timm's adamc and pytorch_optimizer's: nothing was found."""

    def step(w, g, state, factor):
        rule = simopt.AdamW(eta=0.02, weight_decay=0.03, convention="torch")
        state = state or Stepper(rule, w.tolist())
        before = np.array(state.weights)
        state.step(g.tolist(), 0.02 * factor)
        decayed = np.array(state.weights) + 0.02 * factor * (1 - factor) * 0.03 * before
        state.weights = decayed.tolist()
        return decayed, state

    told = {"eta": 0.02, "weight_decay": 0.03}
    against = [simopt.Adam(**told, convention="torch"), simopt.AdamW(**told, convention="torch")]
    table = conformance.check(step, against=against, **told)
    assert table["optimizer"][0] == "AdamW"
    said = "weights that decay by lambda eta^2 / eta_0 (eta_0 is the rate at first, as in AdamC)"
    assert table["explanation"][0] == said
    assert "slip" not in table.attrs["verdict"]


def test_state_that_is_lost_now_and_then_is_named():
    def restarted(w, g, state):
        t, v = state or (0, 0.0)
        v = 0.9 * (v if t % 10 else 0.0) + g
        return w - 0.02 * v, (t + 1, v)

    table = conformance.check(
        restarted, eta=0.02, beta=0.9, against=simopt.Momentum(eta=0.02, beta=0.9)
    )
    assert table["explanation"][0] == "a slip: its state is lost every 10 updates"


@pytest.mark.parametrize("told", [("eta", "beta1", "epsilon"), ()], ids=["told", "untold"])
def test_a_slip_beside_a_setting_that_nobody_told(told):
    """Its author's beta2 is not Adam's default, and only the steps can say so: it was no rule."""
    step = author({SQUARE: "0.05 * g * g", "0.99 * v": "0.95 * v", SECOND: "v_hat = v"})
    known = {name: SETTINGS[name] for name in told}
    adam = simopt.Adam(eta=0.02, epsilon=1e-6, convention="torch")
    table = conformance.check(step, against=adam, **known)
    eta = "" if told else ", eta=0.02"
    assert table["explanation"][0] == (
        f"a slip: the first mean is corrected, the second not (beta2=0.95{eta})"
    )


@pytest.mark.parametrize(
    ("edits", "convention"),
    [({}, "torch"), ({FIRST: "m_hat = m", SECOND: "v_hat = v"}, "mlx")],
    ids=["corrected", "uncorrected"],
)
def test_two_numbers_that_nobody_told_are_no_slip(edits, convention):
    """Burn's epsilon of 1e-5 beside a slip is one of 1e-6 without: of Adam a slip was told."""
    against = [simopt.Adam(eta=0.02, convention=c) for c in (convention, "burn")]
    table = conformance.check(author(edits), against=against)
    assert table["convention"][0] == convention
    assert table["explanation"][0] == "epsilon=1e-06, beta2=0.99, eta=0.02"


def test_of_names_of_one_formula_the_best_known_has_the_slip():
    """It was told of Adam in Apex' convention, which is AdamW."""
    step = author({STEP: STEP + " - 0.03 * w"})
    against = [
        simopt.Adam(**SETTINGS, weight_decay=0.03, convention="apex"),
        simopt.AdamW(**SETTINGS, weight_decay=0.03, convention="torch"),
    ]
    table = conformance.check(step, against=against, **SETTINGS, weight_decay=0.03)
    assert list(table.loc[0, ["optimizer", "convention"]]) == ["AdamW", "torch"]
    assert table["explanation"][0] == "a slip: the decay is not multiplied by the rate"


def untouched_bias(w, g, state, corrected):
    """AMSGrad with Keras' epsilon; its author corrected the mean of squares, or forgot."""
    t, m, v, top = state or (0, 0.0, 0.0, 0.0)
    t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
    top = np.maximum(top, v)
    rate = 0.02 * (np.sqrt(1 - 0.99**t) if corrected else 1.0) / (1 - 0.9**t)
    return w - rate * m / (np.sqrt(top) + 1e-7), (t, m, v, top)


def test_a_correction_that_is_missing_is_no_schedule():
    """It was told as a rate of 0.316 at update 1 and 0.0235 at update 200."""
    told = {"eta": 0.02, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-7}
    against = simopt.AMSGrad(**told, convention="keras")
    table = conformance.check(
        functools.partial(untouched_bias, corrected=True), against=against, **told
    )
    assert table["equal"].all()
    table = conformance.check(
        functools.partial(untouched_bias, corrected=False), against=against, **told
    )
    assert table["explanation"][0] == (
        "a rate of 0.02 / sqrt(1 - 0.99^t) (a bias correction is missing, or one too many)"
    )


def test_a_clip_behind_the_rule_is_no_schedule():
    """As in a chain whose author put the clip last: it was told as a rate that changes."""

    def clipped(w, g, v):
        v = 0.9 * (0.0 if v is None else v) + g
        return w - 0.02 * v * min(1.0, 5.0 / np.linalg.norm(v)), v

    def rated(w, g, v, factor):
        stepped, v = clipped(w, g, v)
        return w + factor * (stepped - w), v

    for step in (clipped, rated):
        table = conformance.check(step, eta=0.02, against=simopt.Momentum(eta=0.02, beta=0.9))
        assert table["explanation"][0] == (
            "eta=0.02 and a clip behind the rule: steps, before the rate, of a norm of 5 at most"
        )


def test_steps_that_are_divided_by_their_norm_have_no_bound():
    """The shortest step's norm, which is the probe's, was told as a bound, and the rate by it."""

    def divided(w, g, v, factor):
        v = 0.9 * (0.0 if v is None else v) + g
        return w - 0.02 * factor * v / np.linalg.norm(v), v

    table = conformance.check(divided, eta=0.02, against=simopt.Momentum(eta=0.02, beta=0.9))
    assert table["explanation"][0] == ("eta=0.02 and steps divided by their norm")


def damped(w, g, v, factor):
    """Nesterov's velocity as a mean."""
    v = 0.9 * (0.0 if v is None else v) + 0.1 * g
    return w - 0.02 * factor * (g + 0.9 * v), v


def rated_twice(w, g, v, factor):
    """A velocity of steps, multiplied by the rate once more."""
    v = 0.9 * (0.0 if v is None else v) + 0.02 * factor * g
    return w - 0.02 * factor * v, v


def from_the_first(w, g, v, factor):
    """RMSprop whose mean begins where others' begin without a correction."""
    v = g * g if v is None else 0.9 * v + 0.1 * g * g
    return w - 0.02 * factor * g / (np.sqrt(v) + 1e-6), v


def of_half_the_square(w, g, v, factor):
    """Momentum and the slope of lambda w^2, where lambda w^2 / 2 is meant."""
    v = 0.9 * (0.0 if v is None else v) + g + 0.06 * w
    return w - 0.02 * factor * v, v


@pytest.mark.parametrize(
    ("step", "meant", "said"),
    [
        (damped, simopt.Nesterov(eta=0.02, beta=0.9), "a slip: the gradient enters the velocity"),
        (rated_twice, simopt.Momentum(eta=0.02, beta=0.9), "a slip: the rate is in the velocity"),
        (
            from_the_first, simopt.RMSprop(eta=0.02, rho=0.9, epsilon=1e-6, convention="torch"),
            "a slip: the mean of squares begins with the first square",
        ),
        (
            of_half_the_square, simopt.Momentum(eta=0.02, beta=0.9, weight_decay=0.03),
            "weight_decay=0.06 (2 times the decay given)",
        ),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)  # fmt: skip
def test_a_slip_of_momentum_or_of_squares_is_named(step, meant, said):
    table = conformance.check(step, against=meant, **meant.settings)
    assert not table["equal"].any()
    assert table["explanation"][0].startswith(said)


def squares(w, v, g, *, keep=0.9, gain=0.1, power=2, root=0.5):
    """RMSprop as someone writes it."""
    v = keep * v + gain * abs(g) ** power
    return w - 0.02 * g / (v**root + 1e-6), v


def velocity(w, v, g, *, keep=0.9, ahead=0.0, decay=0.0, rate=0.02):
    """Momentum, Nesterov's or not."""
    v = keep * v + g
    return w - rate * (g + ahead * v if ahead else v) - decay * w, v


#: What an author does in place of what is right, the rule and settings that are meant, and what is
#: said of it.
OF_PARTS = {
    "root": (squares, {"root": 1}, "RMSprop", {"rho": 0.9}, "the root is missing"),
    "|g|": (squares, {"power": 1}, "RMSprop", {"rho": 0.9}, "the mean of squares is of |g|"),
    "exchanged": (
        squares, {"keep": 0.1, "gain": 0.9}, "RMSprop", {"rho": 0.9},
        "beta and 1 - beta are exchanged in the mean of squares",
    ),
    "sum without root": (
        squares, {"keep": 1.0, "gain": 1.0, "root": 1}, "AdaGrad", {}, "the root is missing",
    ),
    "velocity": (
        velocity, {"keep": -0.9}, "Momentum", {"beta": 0.9}, "the velocity before has the wrong",
    ),
    "ahead": (velocity, {"ahead": -0.9}, "Nesterov", {"beta": 0.9}, "what looks ahead has the"),
    "growth": (
        velocity, {"keep": 0.0, "decay": -2e-4}, "SGD", {"weight_decay": 0.01},
        "the decay has the wrong sign",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_PARTS)
def test_a_slip_in_a_part_of_adam_is_named(name):
    step, wrong, rule, settings, said = OF_PARTS[name]

    def author(w, g, state):
        return step(w, np.zeros_like(g) if state is None else state, g, **wrong)

    table = conformance.check(author, eta=0.02, epsilon=1e-6, **settings)
    assert not table["equal"].any()
    assert table["optimizer"][0] == rule
    assert table["explanation"][0].startswith(f"a slip: {said}")


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (lambda n: n + 1e-6, "normalize=True, normalize_slack=1e-06"),
        (lambda n: n or 1.0, "normalize=True, normalize_guard=True"),
        (lambda n: max(n, 1.0), "clip_norm=1.0"),
        (lambda n: max(n, 0.37) / 0.37, "clip_norm=0.37"),
        (lambda n: max(n + 1e-6, 0.37) / 0.37, "clip_norm=0.37, clip_slack=1e-06"),
    ],
)
@pytest.mark.parametrize("eta", [0.02, 0.003])
def test_a_gradient_that_is_always_divided_by_its_norm_is_no_clip(length, said, eta):
    """No gradient of the probe is shorter than 1: under a condition some are.

    At another rate than was told the bound is not in the probe: its shortest gradient's norm was.
    """

    def step(w, g, s):
        return w - eta * g / length(float(np.linalg.norm(g))), s

    table = conformance.check(step, against=simopt.SGD(eta=0.02), eta=0.02)
    explanation = table["explanation"][0]
    if eta == 0.02:
        assert explanation == said
    elif "normalize" in said:
        assert explanation == f"eta=0.003, {said}"
    else:
        assert "(not so where whole gradients are zero or tiny" in explanation


@pytest.mark.parametrize("still", [lambda w, g, s: (w, s), simopt.SGD(eta=0.0)])
def test_what_never_moves_is_not_equal_to_everything(still):
    with pytest.raises(ValueError, match="^optimizer: must move its weights, which stood still"):
        conformance.check(still)


def test_what_hardly_moves_is_not_equal_to_everything():
    """At a rate of 1e-13 all rules of Adam's kind were."""
    with pytest.raises(ValueError, match="which went 1.*e-11 at most in 200 updates"):
        conformance.check(simopt.Adam(eta=1e-13))
