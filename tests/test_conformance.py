"""Someone's optimizer recognised: right ones, and ones with a mistake that must be named."""

import math

import numpy as np
import pytest

import simopt
from simopt import conformance
from simopt.rules import ALL
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.conformance import probing
from simopt.training.stepper import Stepper


def as_function(optimizer):
    """A rule of simopt as an author's step function, its rate adjustable."""

    def step(w, g, state, factor):
        state = state or Stepper(optimizer, w.tolist())
        state.step(g.tolist(), state.eta * factor)
        return np.array(state.weights), state

    return step


def adam(w, g, state, *, eta=0.01, beta1=0.9, beta2=0.999, correct=True, inside=False, decay=0.0,
         late=False):  # fmt: skip
    """Adam as a student writes it, with the mistakes that students make."""
    t, m, v = state or (0, 0.0, 0.0)
    t += 1
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    power = t - 1 if late else t
    c1, c2 = (1 - beta1**power, 1 - beta2**power) if correct and power else (1.0, 1.0)
    root = np.sqrt(v / c2 + 1e-8) if inside else np.sqrt(v / c2) + 1e-8
    return w - eta * (m / c1 / root + decay * w), (t, m, v)


def student(**mistake):
    return lambda w, g, state: adam(w, g, state, **mistake)


@pytest.mark.parametrize("name", ALL)
def test_every_rule_and_convention_is_recognised(name):
    for convention in FRAMEWORKS:
        try:
            optimizer = ALL[name](eta=0.02, convention=convention)
        except ValueError:
            continue
        settings = {k: v for k, v in optimizer.settings.items() if k != "initial_accumulator"}
        table = conformance.check(as_function(optimizer), **settings)
        equal = table[table["equal"]]
        assert (name, convention) in zip(equal["optimizer"], equal["convention"], strict=True)
        assert equal["explanation"].eq("").all()
        assert equal["first_departure"].isna().all()
        assert table.attrs["verdict"].startswith("Equal to 1e-12 over 200 updates: ")
        # Another formula is not mistaken for it.
        assert len(equal) < len(table) / 2


MISTAKES = {
    # Without the correction it is nearest to MLX's, which has none either.
    "bias correction forgotten": (student(correct=False, inside=True), "epsilon_place='inside'"),
    "epsilon inside": (student(inside=True), None),
    "betas exchanged": (student(beta1=0.999, beta2=0.9), "beta1=0.999, beta2=0.9"),
    "half the rate": (student(eta=0.005), "eta=0.005"),
    "decay": (student(decay=0.1), "weight_decay=0.1"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake):
    function, explanation = MISTAKES[mistake]
    table = conformance.check(function, eta=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8)
    if explanation is None:
        assert table["equal"].any()
        first = table.iloc[0]
        assert (first["optimizer"], first["convention"]) == ("Adam", "document")
        torch = table[(table["optimizer"] == "Adam") & (table["convention"] == "torch")].iloc[0]
        assert not torch["equal"]
        assert torch["first_departure"] == 1
        assert torch["difference"] > 1e-12
        return
    assert not table["equal"].any()
    assert table["optimizer"][0] in ("Adam", "AdamW")
    assert explanation in table["explanation"][0]
    assert f"{table['explanation'][0]} would make them equal" in table.attrs["verdict"]


def test_a_mistake_that_a_framework_makes_is_that_frameworks():
    """Adam without bias correction is MLX's; what sets it apart is said."""
    table = conformance.check(student(correct=False), eta=0.01)
    equal = table[table["equal"]]
    assert list(zip(equal["optimizer"], equal["convention"], strict=True)) == [("Adam", "mlx")]
    assert table.attrs["verdict"].endswith(
        "Unlike the document's Adam: epsilon_place='outside', bias_correction=False."
    )


def test_two_mistakes_at_once():
    mistakes = student(correct=False, inside=True, beta2=0.9)
    table = conformance.check(mistakes, eta=0.01, epsilon=1e-8)
    assert table["optimizer"][0] == "Adam"
    assert "bias_correction=False" in table["explanation"][0]
    assert "beta2=0.9" in table["explanation"][0]


def test_a_mistake_that_no_switch_explains():
    table = conformance.check(student(late=True), eta=0.01)
    assert not table["equal"].any()
    assert table["explanation"][0] == "none found"
    assert "no single change or pair of changes explains it" in table.attrs["verdict"]


def test_the_rate_is_read_off_the_first_step():
    table = conformance.check(student(eta=0.037))
    equal = table[table["equal"]]
    assert set(equal["convention"]) >= {"torch", "optax"}
    assert equal["settings"].str.startswith("eta=0.037,").all()


def test_a_rate_inside_the_buffer_shows_when_the_rate_drops():
    def inside(w, g, state, factor):
        v = 0.9 * (0.0 if state is None else state) - 0.01 * factor * g
        return w + v, v

    table = conformance.check(inside, eta=0.01, beta=0.9)
    equal = table[table["equal"]]
    assert set(zip(equal["optimizer"], equal["convention"], strict=True)) == {
        ("Momentum", "keras"), ("Momentum", "sklearn"),
    }  # fmt: skip
    document = table[(table["optimizer"] == "Momentum") & (table["convention"] == "document")]
    assert document["first_departure"].iloc[0] == probing.DROP_AT + 1
    constant = conformance.check(lambda w, g, s: inside(w, g, s, 1.0), eta=0.01, beta=0.9)
    assert set(constant[constant["equal"]]["convention"]) >= {"document", "torch", "keras"}


def test_momentum_with_dampening_is_told_from_the_undamped_first_step():
    def damped(w, g, state):
        v = 0.5 * g if state is None else 0.9 * state + 0.5 * g
        return w - 0.1 * v, v

    table = conformance.check(damped, eta=0.1, beta=0.9)
    # Damped from the first step on, it is momentum at half the rate.
    assert not table["equal"].any()
    assert table["explanation"][0] == "eta=0.05"


def test_the_table_is_sorted_and_complete():
    table = conformance.check(student(), eta=0.01)
    assert list(table.columns) == [
        "optimizer", "convention", "settings", "equal", "first_departure", "difference",
        "greatest_difference", "explanation",
    ]  # fmt: skip
    assert table["equal"].is_monotonic_decreasing
    assert set(table["optimizer"]) == set(ALL)
    assert table.attrs["framework"] == "function"


def test_not_a_number_is_a_departure():
    table = conformance.check(lambda w, g, s: (w * math.nan, s), eta=0.1)
    assert not table["equal"].any()
    assert (table["first_departure"] == 1).all()


REFUSED = {
    "optimizer='adam'": lambda: conformance.check("adam"),
    "optimizer=<class": lambda: conformance.check(dict),
    "optimizer=<function": lambda: conformance.check(lambda parameters: parameters),
    "optimizer: must take a step": lambda: conformance.check(lambda w, g, s: (w @ None, s)),
    "optimizer=3": lambda: conformance.check(lambda w, g, s: 3),
    "optimizer=array": lambda: conformance.check(lambda w, g, s: (w[:2], s)),
    "setting='lr'": lambda: conformance.check(student(), lr=0.1),
    "tolerance=0": lambda: conformance.check(student(), tolerance=0),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_optimizer_is_refused(message):
    with pytest.raises(ValueError, match="must") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)


def test_no_framework_is_imported():
    import subprocess
    import sys

    code = (
        "import sys, simopt; simopt.conformance.check(lambda w, g, s: (w - 0.1 * g, s)); "
        "print({'torch', 'jax', 'keras', 'optax'} & set(sys.modules))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"


def test_the_probe_is_the_same_every_time():
    assert (probing.probe(True).gradients == probing.probe.__wrapped__(True).gradients).all()
    assert probing.probe(False).factors.tolist() == [1.0] * probing.UPDATES
    assert simopt.conformance.check is conformance.check
