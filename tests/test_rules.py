"""Rules and optimizers as values: what a signature says, what is refused, what a user can add."""

import functools
import math

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt.rules import OPTIMIZERS

FOUR = simopt.problems.four_points()


def test_defaults_are_the_documents():
    expected = {
        "SGD": {"eta": 0.001},
        "Momentum": {"eta": 0.001, "beta": 0.9},
        "Nesterov": {"eta": 0.001, "beta": 0.9},
        "AdaGrad": {"eta": 0.001, "epsilon": 1e-8},
        "RMSprop": {"eta": 0.001, "rho": 0.9, "epsilon": 1e-8},
        "Adam": {"eta": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    }
    expected["AdamW"] = expected["Adam"] | {"weight_decay": 0.01}
    assert {name: make().settings for name, make in OPTIMIZERS.items()} == expected


def test_optimizers_are_values():
    assert simopt.Adam(eta=0.1) == simopt.Adam(eta=0.1)
    assert simopt.Adam(eta=[0.1, 0.2]) == simopt.Adam(eta=np.array([0.1, 0.2]))
    assert len({simopt.SGD(eta=0.1), simopt.SGD(eta=0.1), simopt.SGD(eta=0.2)}) == 2
    assert repr(simopt.Momentum(eta=0.1)) == "Momentum(eta=0.1, beta=0.9)"
    with pytest.raises(AttributeError):
        simopt.SGD().values = (1.0,)
    assert simopt.SGD(eta=0.1).replace(eta=0.2) == simopt.SGD(eta=0.2)
    assert simopt.SGD(eta=None) == simopt.SGD()  # None: as the convention has it


REFUSED = {
    "eta=-1": lambda: simopt.SGD(eta=-1),
    "eta=nan": lambda: simopt.SGD(eta=math.nan),
    "eta=inf": lambda: simopt.SGD(eta=[0.1, math.inf]),
    "eta='0.1'": lambda: simopt.SGD(eta="0.1"),
    "eta=True": lambda: simopt.SGD(eta=True),
    "eta=[]": lambda: simopt.SGD(eta=[]),
    "beta=1.0": lambda: simopt.Momentum(beta=1.0),
    "beta=-0.1": lambda: simopt.Nesterov(beta=-0.1),
    "rho=1": lambda: simopt.RMSprop(rho=1),
    "epsilon=-1e-08": lambda: simopt.AdaGrad(epsilon=-1e-8),
    "beta1=1.5": lambda: simopt.Adam(beta1=[0.9, 1.5]),
    "beta2=2": lambda: simopt.AdamW(beta2=2),
    "weight_decay=-1": lambda: simopt.AdamW(weight_decay=-1),
    "convention='theano'": lambda: simopt.Adam(convention="theano"),
    "Adam setting='beta'": lambda: simopt.Adam().replace(beta=0.9),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_out_of_range_is_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_docstrings_say_what_they_should(name):
    text = OPTIMIZERS[name].__doc__
    for section in (".. math::", "Parameters", "Returns", "Raises", "References", ">>>", "default"):
        assert section in text


# --- a user's own rule --------------------------------------------------------------------------


def lion(w, g, eta, m, beta1=0.9, beta2=0.99):
    direction = beta1 * m + (1 - beta1) * g
    m = beta2 * m + (1 - beta2) * g
    return w - eta * np.sign(direction), m


def test_a_rule_of_ones_own_runs_everywhere():
    Lion = simopt.rule(lion, name="Lion", eta=0.01)
    assert Lion.state == ("m",)
    assert Lion.hyperparameters == ("eta", "beta1", "beta2")
    assert Lion().settings == {"eta": 0.01, "beta1": 0.9, "beta2": 0.99}
    traced = simopt.run(FOUR, Lion(eta=0.1), epochs=3)
    frame = simopt.sweep(FOUR, [Lion(eta=[0.1, 0.2]), simopt.SGD(eta=0.1)], epochs=3)
    assert frame["w"][0] == pytest.approx(traced.summary["w"], rel=1e-13)
    assert traced.steps["w"].tolist()[:3] == pytest.approx([3.1, 3.2, 3.3])
    assert traced.steps["m"][0] == pytest.approx(-0.16)


@pytest.mark.interpreted
def test_a_rule_with_a_clock():
    def warming(n, beta):
        return (n + 1.0,)

    def averaged(w, g, eta, s, n, beta=0.5):
        s = s + (g - s) / n
        return w - eta * s, s

    Averaged = simopt.rule(averaged, clock=warming)
    assert (Averaged.state, Averaged.clock_values) == (("s",), ("n",))
    traced = simopt.run(FOUR, Averaged(eta=0.05), epochs=2).steps
    means = traced["gradient"].expanding().mean()
    np.testing.assert_allclose(traced["s"], means, rtol=1e-12)
    assert simopt.sweep(FOUR, Averaged(eta=0.05), epochs=2)["w"][0] == pytest.approx(
        traced["w"].iloc[-1], rel=1e-13
    )


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda w, eta, g: w, "update"),
        (lambda w, g: w, "update"),
        (lambda w, g, eta, beta=0.9, *, v: w, "update"),
    ],
)
def test_a_signature_that_is_no_rules(function, what):
    with pytest.raises(ValueError, match=f"^{what}="):
        simopt.rule(function)


def wrapped(function):
    """As decorators are written: the function's own signature is (*arguments)."""
    return functools.wraps(function)(lambda *arguments: function(*arguments))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (np.add, "^update=<ufunc 'add'>: must be a plain Python function$"),
        (numba.njit(lambda w, g, eta: w), "a plain Python function .its py_func, of what Numba"),
        (functools.partial(lambda w, g, eta: w), "a plain Python function"),
        (lambda w, g, eta, *, beta=0.9: w, "only a keyword gives: not beta=0.9"),
        (lambda w, g, eta, *more: w, "not .more"),
        (lambda w, g, eta, **more: w, "not ..more"),
        (wrapped(lambda w, g, eta: w), "not .arguments"),
        (lambda w, g, eta, mode="fast": w, "^update's default of mode='fast': must be a finite"),
        (lambda w, g, eta, mode=None: w, "^update's default of mode=None: must be a finite"),
        (lambda w, g, eta, betas=(0.9, 0.99): w, r"^update's default of betas=\(0.9, 0.99\)"),
    ],
)
def test_a_rule_is_a_plain_function_of_numbers(function, message):
    with pytest.raises(ValueError, match=message):
        simopt.rule(function)
    with pytest.raises(ValueError, match="^clock="):
        simopt.rule(lambda w, g, eta, t: w, clock=lambda t, *more: (t,))


def test_a_clock_that_does_not_fit():
    with pytest.raises(ValueError, match=r"^clock="):
        simopt.rule(lion, clock=lambda beta2, n: (n,))
    with pytest.raises(ValueError, match=r"^update="):
        simopt.rule(lion, clock=lambda n, beta1: (n,))


# --- the formulas themselves --------------------------------------------------------------------

G = st.floats(-1e3, 1e3).filter(lambda g: abs(g) > 1e-3)


@given(G, st.floats(1e-4, 1.0))
def test_first_steps(g, eta):
    """From zero state: Momentum steps as SGD, Nesterov 1 + beta as far, the others about eta."""
    problem = simopt.problems.least_squares([1.0], [-g / 2], w0=0.0)

    def step(optimizer):
        return -simopt.run(problem, optimizer).summary["w"]

    assert step(simopt.Momentum(eta=eta)) == step(simopt.SGD(eta=eta)) == pytest.approx(eta * g)
    assert step(simopt.Nesterov(eta=eta)) == pytest.approx(1.9 * eta * g)
    sign = math.copysign(1.0, g)
    assert step(simopt.AdaGrad(eta=eta)) == pytest.approx(eta * sign, rel=1e-2)
    assert step(simopt.Adam(eta=eta)) == pytest.approx(eta * sign, rel=1e-2)
    assert step(simopt.RMSprop(eta=eta)) == pytest.approx(eta * sign / math.sqrt(0.1), rel=1e-1)


@pytest.mark.interpreted
def test_inclusions():
    """A rule with its extra switched off is the simpler rule, to the bit."""
    plan = {"epochs": 20, "shuffle": "epoch", "seed": [1, 2, 3]}

    def weights(optimizer):
        return simopt.sweep(FOUR, optimizer, **plan)["w"].tolist()

    plain = weights(simopt.SGD(eta=0.05))
    assert weights(simopt.Momentum(eta=0.05, beta=0.0)) == plain
    assert weights(simopt.Nesterov(eta=0.05, beta=0.0)) == plain
    adam = weights(simopt.Adam(eta=0.05))
    assert weights(simopt.AdamW(eta=0.05, weight_decay=0.0)) == adam


@pytest.mark.interpreted
def test_adagrad_on_a_constant_gradient():
    """w_0 - w_t = eta sum k^-1/2 = eta (2 sqrt t + zeta(1/2) + 1/(2 sqrt t) - ...)."""
    t, zeta_half = 10_000, -1.4603545088095868

    def constant(w, g, eta, G, epsilon=0.0):
        G = G + 1.0
        return w - eta / math.sqrt(G + epsilon), G

    rule = simopt.rule(constant)
    problem = simopt.problems.least_squares([1.0], [0.0], w0=500.0)
    frame = simopt.sweep(problem, rule(eta=1.0), epochs=t, divergence=None)
    series = 2 * t**0.5 + zeta_half + 0.5 * t**-0.5 - t**-1.5 / 24
    assert 500.0 - frame["w"][0] == pytest.approx(series, rel=1e-12)


@pytest.mark.interpreted
@pytest.mark.parametrize("eta", [0.01, 0.5])
@pytest.mark.parametrize("rho", [0.5, 0.9, 0.99])
def test_rmsprop_ends_in_a_two_cycle(eta, rho):
    """On h w^2 / 2 it steps between -r and r for ever: r^2 = eta^2 / 4 - epsilon / h^2."""
    problem = simopt.problems.least_squares([math.sqrt(0.5)], [0.0], w0=1.0)  # h = 1
    frame = simopt.sweep(
        problem, simopt.RMSprop(eta=eta, rho=rho, epsilon=1e-8), epochs=40_001, record="steps"
    )
    last = frame["w"].to_numpy()[-2:]
    radius = math.sqrt(eta**2 / 4 - 1e-8)
    np.testing.assert_allclose(np.sort(last), [-radius, radius], rtol=1e-9)


STABILITY = {"SGD": lambda b: 2.0, "Momentum": lambda b: 2 + 2 * b}
STABILITY["Nesterov"] = lambda b: (2 + 2 * b) / (1 + 2 * b)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", STABILITY)
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_stability_thresholds(name, beta):
    """On h w^2 / 2, eta h must stay below 2, 2 + 2 beta, (2 + 2 beta) / (1 + 2 beta)."""
    problem = simopt.problems.least_squares([math.sqrt(0.5)], [0.0], w0=1.0)
    limit = STABILITY[name](beta)
    settings = {} if name == "SGD" else {"beta": beta}
    if name == "SGD":
        limit = 2.0
    frame = simopt.sweep(
        problem, OPTIMIZERS[name](eta=[0.999 * limit, 1.001 * limit], **settings), epochs=60_000
    )
    assert frame["status"].tolist() == ["ok", "diverged"]
    assert frame["loss"][0] < 1e-9


@pytest.mark.interpreted
def test_optax_rprop_bounds_no_step_before_it_changes():
    """From a step below the least: none, then that one, then the least, then 1.5 of it."""
    line = simopt.problems.function(lambda w: -w, lambda w: -1.0, w0=0.0)
    optimizer = simopt.Rprop(eta=0.25, smallest=1.0, grow=1.5, convention="optax")
    weights = simopt.run(line, optimizer, epochs=4).steps["w"]
    assert weights.tolist() == [0.0, 0.25, 1.25, 2.75]


def test_the_rate_may_have_a_default_in_the_function():
    def plain(w, g, eta=0.25):
        return w - eta * g

    quarter = np.float64(0.25)

    def several(w, g, eta=quarter, gain=2.0, flag=True):
        return w - eta * gain * g if flag else w

    four = simopt.problems.four_points()
    for update in (plain, several):
        Mine = simopt.rule(update)
        assert Mine().settings["eta"] == 0.25
        assert simopt.run(four, Mine(eta=0.1)).summary.eta == 0.1
        update.__defaults__ = (0.5, *update.__defaults__[1:])  # as a notebook's autoreload does
        assert Mine().settings["eta"] == 0.5
        with pytest.raises(ValueError, match="eta=0.1: must be left out: update has a default"):
            simopt.rule(update, eta=0.1)
    with pytest.raises(ValueError, match="update's default of eta"):
        simopt.rule(lambda w, g, eta=None: w - eta * g)
    with pytest.raises(ValueError, match="update's default of eta"):
        simopt.rule(lambda w, g, eta=-1.0: w - eta * g)
    assert simopt.rule(lambda w, g, eta: w - eta * g, name="Mine")().settings["eta"] == 0.001
    of_array = simopt.rule(lambda w, g, eta: w - eta * g, eta=np.array(0.5))
    assert of_array().settings["eta"] == 0.5
