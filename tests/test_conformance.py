"""Someone's optimizer recognised: right ones, and ones with a mistake that must be named."""

import functools
import itertools
import math
import random
import re
import warnings

import numpy as np
import pytest

import simopt
from simopt import conformance
from simopt.rules import ALL, OPTIMIZERS
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.conformance import (
    candidates,
    cases,
    explaining,
    probing,
    rates,
    subjects,
    treatments,
)
from simopt.training.conformance.adapters.settings import named
from simopt.training.stepper import Stepper


def as_function(optimizer):
    """A rule of simopt as an author's step function, its rate adjustable."""

    def step(w, g, state, factor, loss):
        state = state or Stepper(optimizer, w.tolist())
        state.step(g.tolist(), state.eta * factor, loss)
        return np.array(state.weights), state

    def without(w, g, state, factor):
        return step(w, g, state, factor, None)

    return step if optimizer.rule.asks_loss else without


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


def recognised(name, some):
    """Conventions of one formula at once: whoever wrote it wrote all of them."""
    formulas = {}
    for convention in FRAMEWORKS:
        try:
            optimizer = ALL[name](eta=0.02, convention=convention)
        except ValueError:
            continue
        settings = {k: v for k, v in optimizer.settings.items() if k != "initial_accumulator"}
        formula = optimizer.rule, optimizer.values, (*settings.items(),)
        formulas.setdefault(formula, (optimizer, settings, []))[2].append(convention)
    assert formulas
    for optimizer, settings, conventions in [*formulas.values()][some]:
        table = conformance.check(as_function(optimizer), **settings)
        equal = table[table["equal"]]
        found = {*zip(equal["optimizer"], equal["convention"], strict=True)}
        assert found >= {(name, convention) for convention in conventions}
        assert equal["explanation"].eq("").all()
        assert equal["first_departure"].isna().all()
        assert table.attrs["verdict"].startswith("Equal to 1e-12 over 200 updates: ")
        # Another formula is not mistaken for it.
        assert len(equal) < len(table) / 2


@pytest.fixture
def no_large_matrix(monkeypatch):
    """Rules as `Stepper` has them go through a matrix weight by weight: nine tenths of the time.

    That large ones are stepped as small ones are is asked elsewhere.
    """
    monkeypatch.setattr(subjects, "_of_matrices", lambda given: ((), []))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.usefixtures("no_large_matrix")
def test_the_documents_rules_are_recognised(name):
    recognised(name, slice(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
@pytest.mark.usefixtures("no_large_matrix")
def test_every_rule_and_convention_is_recognised(name):
    recognised(name, slice(None))


def test_conventions_that_are_one_formula_have_the_same_changes():
    """Of those only the first is searched."""
    alike = {}
    for each in candidates.all_of({"eta": 0.1}):
        changed = {(o.rule, o.values): None for _, o in candidates.changed(each, 1)}
        first = alike.setdefault(cases.formula(each), [*changed])
        assert first == [*changed], each
    assert len(alike) < len([*candidates.all_of({})])


def test_a_rate_is_looked_for_wherever_one_explains_the_first_update():
    """What is passed over at once is what the search by all weights refuses too."""
    probe, how = probing.probe(False).first(1), treatments.NONE
    settings = {"eta": 0.1, "weight_decay": 0.1}
    every = [each for each in candidates.all_of(settings) if each.rule.terms is None]
    theirs = probing.ours(simopt.Adam(eta=0.03, weight_decay=0.1, convention="torch"), probe)[0]
    found = 0
    for each in every:
        still, moved = (
            np.array([probing.first_step(each, probe, k, how, f) for k in range(8)]) for f in (0, 1)
        )
        way = np.where(np.isfinite(moved - still), np.abs(moved - still), 0.0)
        far = int((way / np.maximum(1.0, np.abs(theirs))).argmax())
        factor = float((theirs[far] - still[far]) / (moved - still)[far]) if way[far] else 0.0
        mine = np.array([probing.first_step(each, probe, k, how, factor) for k in range(8)])
        near = np.abs(mine - theirs) <= 1e-12 * np.maximum(1.0, np.abs(theirs))
        begins = bool(near.all()) and factor >= -rates.SAME
        with np.errstate(all="ignore"):
            assert rates._begins(each, theirs, probe, how, 1e-12) == begins, each
        found += begins
    assert 0 < found < len(every)


def test_another_rate_is_all_that_changes():
    for each in candidates.all_of({}):
        quick, whole = candidates.with_numbers(each, {"eta": 0.25}), each.replace(eta=0.25)
        assert (quick, quick.given, quick.made_by) == (whole, whole.given, whole.made_by)


def test_a_changed_number_is_what_the_optimizer_makes_of_it():
    refused = 0
    for each in (ALL[name]() for name in ALL):
        wrong = [{name: -1.0} for name in each.rule.hyperparameters]
        for change in (*candidates.changes(each), *wrong):
            if not change.keys() <= set(each.rule.hyperparameters):
                continue
            made = candidates._single(each, change).alone
            try:
                assert made == each.replace(**change)
                assert made.given == each.replace(**change).given
            except ValueError:
                assert made is None
                refused += 1
    assert refused > len(ALL)


@pytest.mark.parametrize(
    "optimizer",
    [
        simopt.Adam(eta=0.1, convention="keras"),
        simopt.SGD(eta=0.1, weight_decay=0.1),
        simopt.LAMB(eta=0.1),
        simopt.rule(lambda w, g, eta, v, beta=0.9: (w - eta * v, beta * v + g), name="mine")(),
    ],
    ids=lambda optimizer: optimizer.name,
)
def test_two_changes_are_what_the_optimizer_makes_of_both(optimizer):
    given = {"maximize": True}
    single = [*candidates.changes(optimizer), given]
    made = []
    for one, other in itertools.combinations(single, 2):
        own = {name: value for name, value in {**one, **other}.items() if name != "maximize"}
        try:
            both = optimizer.replace(**own)
        except ValueError:
            continue
        if one.keys().isdisjoint(other) and (both != optimizer or given in (one, other)):
            made.append(({**one, **other}, both, both.given))
    found = [*candidates.changed(optimizer, 2, [given])]
    assert [(change, each, each.given) for change, each in found] == made
    assert len(made) > 10


def test_a_weight_alone_moves_as_among_others_unless_the_rule_sums():
    """Most candidates are told apart by one weight: that must be what it is among all."""
    probe = probing.probe(True).first(1)
    every = {(each.rule, each.values[1:]): each for each in candidates.all_of({})}
    ways = (
        {}, {"maximize": True}, {"clip_value": 0.1}, {"clip_norm": 0.5, "clip_slack": 1e-6},
        {"lookahead": 5}, {"warmup": 5}, {"proximal_decay": True}, {"ema_overwrite": 3},
    )  # fmt: skip
    for each, way in itertools.product(every.values(), ways):
        how = treatments.changed(treatments.NONE, way)
        among = probing.ours(each, probe, how)[0]
        for k in range(2):
            alone = probing.first_step(each, probe, k, how)
            assert alone == among[k] if each.rule.terms is None else alone is None, (each, way)
    for way in ({"accumulate": 2}, {"lookahead": 1}, {"ema_overwrite": 1}):
        how = treatments.changed(treatments.NONE, way)
        assert probing.first_step(simopt.SGD(), probe, 0, how) is None
    of_matrix = probing.of_matrix(True, 2, 4)
    assert probing.first_step(simopt.Muon(), of_matrix, 0, treatments.NONE) is None


@pytest.mark.parametrize("settings", [{}, {"eta": 1e200, "epsilon": 0.0}], ids=["usual", "raises"])
def test_a_rule_of_simopt_is_played_as_it_is_stepped(settings):
    """To the bit, also where Python's arithmetic raises and IEEE's goes on."""
    probe = probing.probe(True).first(24)
    bent = treatments.Treatment(maximize=True, clip_norm=0.5, warmup=5, proximal_decay=True)
    every = {(each.rule, each.values): each for each in candidates.all_of(settings)}
    assert {each.rule.terms is None for each in every.values()} == {True, False}
    for each, how in itertools.product(every.values(), (treatments.NONE, bent)):
        stepped = probe.play(treatments.Treated(each, probe.start, how))
        np.testing.assert_array_equal(probing.ours(each, probe, how), stepped, strict=True)


#: For every setting of a treatment what makes it show in 24 updates.
SHOWN = {
    "maximize": {"maximize": True},
    "clip_value": {"clip_value": 0.1},
    "clip_norm": {"clip_norm": 0.5},
    "clip_slack": {"clip_norm": 0.5, "clip_slack": 0.1},
    "accumulate": {"accumulate": 3},
    "warmup": {"warmup": 5},
    "proximal_decay": {"proximal_decay": True},
    "ema_momentum": {"ema_overwrite": 4, "ema_momentum": 0.5},
    "ema_overwrite": {"ema_overwrite": 4},
    "lookahead": {"lookahead": 5},
    "lookahead_share": {"lookahead": 5, "lookahead_share": 0.8},
    "lookahead_from": {"lookahead": 5, "lookahead_from": 1},
    "cautious": {"cautious": True},
    "cautious_extra": {"cautious": True, "cautious_extra": 1},
    "clip_step": {"clip_step": 1e-3},
    "clip_update": {"clip_update": 0.1},
    "weight_low": {"weight_low": -1.0},
    "weight_high": {"weight_high": 1.0},
    "weight_norm": {"weight_norm": 2.0},
    "normalize": {"normalize": True},
    "normalize_slack": {"normalize": True, "normalize_slack": 0.1},
    "normalize_guard": {"normalize": True, "normalize_guard": True},
}


@pytest.mark.parametrize("name", sorted(treatments.NAMES))
def test_a_rule_of_simopt_is_played_as_it_is_stepped_whatever_is_done_besides(name):
    probe, rule = probing.probe(True).first(24), simopt.AdamW(eta=0.1, weight_decay=0.1)
    how = treatments.Treatment(**SHOWN[name])
    stepped = probe.play(treatments.Treated(rule, probe.start, how))
    np.testing.assert_array_equal(probing.ours(rule, probe, how), stepped, strict=True)
    np.testing.assert_array_equal(probing.played(rule, probe, how), stepped, strict=True)
    assert np.abs(stepped - probing.ours(rule, probe)).max() > 1e-6


@pytest.mark.parametrize("mine", [0.0, 1.0, 1 + 1e-13, 1e9, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("theirs", [1.0, 1e9 + 1e-4, math.nan, math.inf])
def test_two_weights_are_near_where_their_rounded_gap_is_small(theirs, mine):
    gap = probing.rounded(np.array([[theirs]]), np.array([[mine]]))
    assert probing.near(theirs, mine, 1e-12) == (gap <= 1e-12)


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
    assert (
        "Unlike the document's Adam: epsilon_place='outside', bias_correction=False."
        in table.attrs["verdict"]
    )


@pytest.mark.slow
def test_two_mistakes_at_once():
    mistakes = student(correct=False, inside=True, beta2=0.9)
    table = conformance.check(mistakes, eta=0.01, epsilon=1e-8)
    assert table["optimizer"][0] == "Adam"
    assert "bias_correction=False" in table["explanation"][0]
    assert "beta2=0.9" in table["explanation"][0]


@pytest.mark.slow
def test_a_mistake_that_nothing_explains():
    table = conformance.check(lambda w, g, s: (w - 0.01 * np.sin(g), s), eta=0.01)
    assert not table["equal"].any()
    assert table["explanation"][0] == "none found"
    said = re.search(
        r"none of the changes tried explains it: ([\d,]+) optimizers with one change, slips of "
        r"authors, rates that change, and ([\d,]+) optimizers with two changes, of the nearest "
        r"(\d+) of (\d+) rules in their conventions\.$",
        table.attrs["verdict"],
    )
    single, pairs, gone, rules = (int(each.replace(",", "")) for each in said.groups())
    assert gone < rules == len(table)
    # The last rule is gone through to its end.
    assert explaining.PAIRS <= pairs < 1.1 * explaining.PAIRS
    assert single > rules


@pytest.mark.parametrize(
    ("period", "share", "told"),
    [
        (5, 0.5, {"eta": 0.05}),
        pytest.param(3, 0.7, {"eta": 0.05}, marks=pytest.mark.slow),
        pytest.param(7, 0.25, {"eta": 0.05}, marks=pytest.mark.slow),
        pytest.param(7, 0.25, {}, marks=pytest.mark.slow),
    ],
)
def test_a_lookahead_of_any_period_is_told(period, share, told):
    def theirs(w, g, state):
        count, slow, m = state or (0, w, 0.0)
        count, m = count + 1, 0.9 * m + g
        w = w - 0.05 * m
        if count % period == 0:
            slow = w = slow + share * (w - slow)
        return w, (count, slow, m)

    table = conformance.check(theirs, **told)
    assert table["optimizer"][0] == "Momentum"
    eta = "" if told else ", eta=0.05"
    said = f"lookahead={period}, lookahead_share={share}{eta}"
    assert table["explanation"][0] == said


@pytest.mark.slow
@pytest.mark.parametrize("bound", [math.inf, 1.0])
def test_a_decay_beside_a_schedule_and_a_clip_is_read_off(bound):
    """As chains of optax are written: clip, AdamW, a rate that begins at 0."""

    def theirs(w, g, state):
        t = 0 if state is None else state[0]
        rate = 0.02 * min(1.0, t / 20) * (1.0 if t < 80 else 0.5)
        g = g * min(1.0, bound / np.linalg.norm(g))
        stepped, (_, *means) = adam(w, g, state, eta=rate)
        return stepped - rate * 0.03 * w, (t + 1, *means)

    table = conformance.check(theirs)
    assert table["optimizer"][0] in ("Adam", "AdamW")
    clip = "" if bound == math.inf else f"clip_norm={bound}, "
    assert table["explanation"][0] == (
        f"{clip}weight_decay=0.03, decay='decoupled' and a rate that changes (linear from 0 to "
        "0.02 at update 21, then 0.02 up to update 80, then 0.01)"
    )


def test_the_rate_is_read_off_the_first_step_that_moves():
    table = conformance.check(as_function(simopt.ADOPT(eta=0.037)))
    equal = table[table["equal"]]
    assert set(equal["optimizer"]) == {"ADOPT"}
    assert equal["settings"].str.startswith("eta=0.037,").all()


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
    places = {
        ("Momentum", key)
        for key in simopt.Momentum().made_by.conventions
        if simopt.Momentum().made_by.preset(key)["rate_place"] == "inside"
    }
    assert places >= {("Momentum", "keras"), ("Momentum", "sklearn")}
    assert set(zip(equal["optimizer"], equal["convention"], strict=True)) == places
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
    assert table["explanation"][0] == "eta=0.05 (0.5 times the rate given)"


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
    "optimizer: must take a step on 8": lambda: conformance.check(lambda w, g, s: (w @ None, s)),
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


def test_what_a_step_raises_is_said_on_one_line():
    def step(w, g, state):
        raise TypeError("a tree\n  of another\n  shape" + " and more" * 100)

    with pytest.raises(ValueError, match="raised TypeError: a tree of another shape and") as error:
        conformance.check(step)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith("...")


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


# --- what is done besides the rule ---------------------------------------------------------------


def sgd(eta=0.1, transform=lambda g: g):
    return lambda w, g, state: (w - eta * transform(g), state)


BESIDES = {
    "a sum over a batch of 8": (sgd(0.8), "eta=0.8 (8 times the rate given)"),
    "an odd multiple": (sgd(0.13), "eta=0.13 (1.3 times the rate given)"),
    "climbing": (sgd(transform=np.negative), "maximize=True"),
    "clipped by value": (sgd(transform=lambda g: np.clip(g, -0.5, 0.5)), "clip_value=0.5"),
    "clipped by norm": (
        sgd(transform=lambda g: g * min(1.0, 5.0 / np.linalg.norm(g))), "clip_norm=5.0",
    ),
    "clipped by norm, with PyTorch's summand": (
        sgd(transform=lambda g: g * min(1.0, 1.0 / (np.linalg.norm(g) + 1e-6))),
        "clip_norm=1.0, clip_slack=1e-06",
    ),
    "clipped far beyond usual gradients": (
        sgd(transform=lambda g: np.clip(g, -100.0, 100.0)), "clip_value=100.0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDES)
def test_what_is_done_besides_the_rule_is_named(name):
    function, explanation = BESIDES[name]
    table = conformance.check(function, eta=0.1)
    assert not table["equal"].any()
    assert (table["optimizer"][0], table["explanation"][0]) == ("SGD", explanation)
    assert explanation in table.attrs["verdict"]
    across = any("depends on other weights" in note for note in table.attrs["notes"])
    assert across == ("norm" in name)


@pytest.mark.parametrize(
    ("decay", "bound", "said"),
    [
        (0.07, None, "weight_decay=0.07, decay='decoupled', eta=0.01"),
        (3e-4, 0.5, "clip_value=0.5, weight_decay=0.0003, decay='decoupled', eta=0.01"),
    ],
)
def test_a_decoupled_decay_of_any_strength_is_read_off(decay, bound, said):
    """A chain of a clip, Adam, a decay and a rate, as users of optax write it, was no rule."""

    def chain(w, g, state):
        moved, state = adam(
            np.zeros_like(w), g if bound is None else np.clip(g, -bound, bound), state
        )
        return w + moved - 0.01 * decay * w, state

    table = conformance.check(chain, against=simopt.Adam(convention="torch"))
    assert table["explanation"][0] == said


@pytest.mark.parametrize("extra", [0, 1])
def test_caution_is_named(extra):
    """The steps of timm's and of pytorch_optimizer's are divided by other shares."""

    def momentum(w, g, v):
        v = 0.9 * (0.0 if v is None else v) + g
        moves = v * g > 0
        share = max((moves.sum() + extra) / len(w), 1e-3)
        return w - 0.1 * np.where(moves, v / share, 0.0) - 0.01 * w, v

    rule = simopt.Momentum(eta=0.1, weight_decay=0.1, decay="decoupled")
    table = conformance.check(momentum, against=rule, eta=0.1)
    said = "cautious=True, cautious_extra=1" if extra else "cautious=True"
    assert table["explanation"][0] == said


@pytest.mark.parametrize("decay", ["coupled", "decoupled", "clipped", "stepped", "fixed"])
def test_caution_around_a_rule_is_the_cautious_rule(decay):
    settings = {"eta": 0.1, "weight_decay": 0.05, "decay": decay}
    adam = simopt.Adam(**settings, convention="torch")
    around = probing.ours(adam, probing.probe(True), treatments.Treatment(cautious=True))
    inside = probing.ours(simopt.CautiousAdamW(**settings), probing.probe(True))
    np.testing.assert_allclose(around, inside, rtol=0, atol=1e-12)


def test_accumulated_gradients_and_averages_that_overwrite():
    def accumulating(w, g, state):
        total, count = state or (0.0, 0)
        total, count = total + g, count + 1
        return (w - 0.1 * total / 4, None) if count == 4 else (w, (total, count))

    table = conformance.check(accumulating, eta=0.1)
    assert (table["optimizer"][0], table["explanation"][0]) == ("SGD", "accumulate=4")

    def looking_ahead(w, g, state):
        slow, count = state or (w, 0)
        w, count = w - 0.1 * g, count + 1
        if count % 5 == 0:
            w = slow = slow + 0.5 * (w - slow)
        return w, (slow, count)

    table = conformance.check(looking_ahead, eta=0.1)
    assert (table["optimizer"][0], table["explanation"][0]) == (
        "SGD", "lookahead=5, lookahead_share=0.5",
    )  # fmt: skip


def schedule(t):
    """A warm-up of ten updates, then a cosine to 0 at update 150; in float32, as optax has it."""
    rate = 0.01 * (t / 10 if t < 10 else 0.5 * (1 + np.cos(np.pi * min((t - 10) / 140, 1.0))))
    return float(np.float32(rate))


def scheduled(step):
    """A student's step at the schedule's rate."""

    def at_its_time(w, g, state):
        t, inner = state or (0, None)
        w, inner = step(w, g, inner, schedule(t))
        return w, (t + 1, inner)

    return at_its_time


def torch(make):
    return make(convention="torch")


SCHEDULED = {
    "Adam": (scheduled(lambda w, g, s, eta: adam(w, g, s, eta=eta)), "Adam", ""),
    "Adam, another beta2": (
        scheduled(lambda w, g, s, eta: adam(w, g, s, eta=eta, beta2=0.95)),
        "Adam", "beta2=0.95 and ",
    ),
    "Adam, clipped": (
        scheduled(lambda w, g, s, eta: adam(w, g * min(1, 1 / np.linalg.norm(g)), s, eta=eta)),
        "Adam", "clip_norm=1.0 and ",
    ),
    "AdamW": (
        scheduled(lambda w, g, s, eta: adam(w, g, s, eta=eta, decay=0.01)), "AdamW", "",
    ),
    "SGD": (scheduled(lambda w, g, s, eta: (w - eta * g, None)), "SGD", ""),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n == "AdamW" else ()) for n in SCHEDULED],
)
def test_a_rate_that_changes_is_read_off_the_steps(name):
    function, rule, beside = SCHEDULED[name]
    rivals = [simopt.SGD(), simopt.Momentum(), *map(torch, (simopt.Adam, simopt.AdamW))]
    table = conformance.check(function, against=None if name == "AdamW" else rivals)
    assert not table["equal"].any()
    assert table["optimizer"][0] == rule
    assert table["explanation"][0] == (
        f"{beside}a rate that changes (linear from 0 to 0.01 at update 11, then cosine from "
        "0.00999874 to 0 at update 151, then 0)"
    )


def test_gradients_are_collected_and_the_rate_changes():
    def step(w, g, state):
        total, count = state or (0.0, 0)
        total, count = total + g, count + 1
        if count % 5:
            return w, (total, count)
        return w - 0.1 * 0.9 ** (count // 5) * total / 5, (0.0, count)

    table = conformance.check(step)
    assert table["optimizer"][0] == "SGD"
    assert table["explanation"][0].startswith(
        "accumulate=5 and a rate that changes (times 0.9 each"
    )


LAWS = {
    "0.1": np.full(20, 0.1),
    "0.1 up to update 10, then 0.01": np.repeat([0.1, 0.01], 10),
    "linear from 0.1 to 0 at update 11, then 0": np.maximum(0.1 - 0.01 * np.arange(20), 0),
    "times 0.5 each update, from 1 to 0.0078125 at update 8": 0.5 ** np.arange(8),
    "1 / t from 1 to 0.05 at update 20": 1 / np.arange(1, 21),
    "1 / sqrt(t) from 1 to 0.223607 at update 20": np.arange(1, 21) ** -0.5,
    "cosine from 2 to 0.0123117 at update 20": 1 + np.cos(np.pi * np.arange(20) / 20),
    "linear from 1 to 5 at update 17": np.where(
        np.arange(20) % 4 == 0, np.arange(20) / 4 + 1, np.nan
    ),
    "1 at update 1, 0 at update 11, 1 at update 20": np.array(
        [1, 3, 2, 7, 1, 9, 4, 4, 8, 2, 0, 5, 1, 8, 3, 3, 9, 2, 6, 1.0]
    ),
    "1 at update 1, 5 at update 4, 1 at update 20": np.array(
        [1, 3, 2, 5, 1, 4, 4, 4, 3, 2, 1, 4, 1, 3, 3, 3, 0.2, 2, 4, 1.0]
    ),
}


@pytest.mark.parametrize("text", LAWS)
def test_laws_of_a_rate(text):
    values = LAWS[text]
    assert rates.told(values) == text
    noise = 1 + 1e-8 * np.random.default_rng(0).standard_normal(len(values))
    assert rates.told(values * noise) == text  # as from float32, or from small steps


def test_a_rate_that_hardly_changes_makes_numpy_warn_of_nothing():
    level = np.full(12, 0.3)
    level[5:] += 2e-16
    assert rates.told(level * 1e3) == "300"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        rates._is_cosine(level)
    assert not said


def test_a_rate_cut_by_a_norm_is_a_clip():
    norms = np.random.default_rng(0).uniform(0.1, 3, 50)
    assert rates.clip(0.1 * np.minimum(1, 0.7 / norms), norms) == pytest.approx(0.7, rel=1e-6)
    assert rates.clip(np.linspace(0.1, 0, 50), norms) is None
    assert rates.clip(np.full(50, 0.1), norms) is None


def test_of_equal_rows_the_optimizers_own_name_is_first():
    table = conformance.check(simopt.AdamW(convention="torch", weight_decay=0.1))
    assert list(table["optimizer"][:1]) == ["AdamW"]
    assert "Adam" in set(table["optimizer"][table["equal"]])
    table = conformance.check(lambda w, g, s: adam(w, g, s), eta=0.01)
    assert table["optimizer"][0] == "Adam"


@pytest.mark.usefixtures("no_large_matrix")
def test_a_decay_is_named_with_its_form():
    nadam = simopt.NAdam(eta=0.001, convention="optax", weight_decay=1e-4, decay="decoupled")
    table = conformance.check(as_function(nadam), eta=0.001)
    assert table["optimizer"][0] == "NAdam"
    assert table["explanation"][0] == "weight_decay=0.0001, decay='decoupled'"


@pytest.mark.slow
@pytest.mark.usefixtures("no_large_matrix")
def test_a_pair_of_changes_is_searched_in_every_convention_of_the_nearest():
    theirs = simopt.RMSprop(
        eta=0.01, convention="torch", rho=0.9, initial_accumulator=0.1, epsilon=1e-8
    )
    table = conformance.check(as_function(theirs), eta=0.01, rho=0.99)
    assert table["optimizer"][0] == "RMSprop"
    assert set(table["explanation"][0].split(", ")) == {"rho=0.9", "initial_accumulator=0.1"}


def test_single_precision_is_called_that():
    def step(w, g, state):
        t, m, v = state or (0, np.float32(0), np.float32(0))
        t, g, w = t + 1, g.astype(np.float32), w.astype(np.float32)
        m = np.float32(0.9) * m + np.float32(0.1) * g
        v = np.float32(0.999) * v + np.float32(0.001) * g * g
        c1, c2 = np.float32(1 - 0.9**t), np.float32(1 - 0.999**t)
        return w - np.float32(0.01) * (m / c1) / (np.sqrt(v / c2) + np.float32(1e-8)), (t, m, v)

    table = conformance.check(step, eta=0.01)
    assert not table["equal"].any()
    assert table.attrs["verdict"].startswith("Equal but for float32's rounding (")
    assert "Adam (torch)" in table.attrs["verdict"]


@pytest.mark.parametrize("rate", [1e-4, 3e-4])
def test_another_formula_is_not_called_single_precision(rate):
    """The square of rate and decay is as small as rounding, and is in every step of a weight."""

    def divided(w, g, state):
        return (w - rate * np.sign(g)) / (1 + rate * 0.1), state

    meant = simopt.SignSGD(eta=rate, weight_decay=0.1, decay="decoupled")
    table = conformance.check(divided, against=meant)
    assert table["greatest_difference"][0] < explaining.PARTLY_SINGLE
    assert "rounding" not in table.attrs["verdict"]


def test_a_decay_that_is_off_is_that_of_the_rule_that_has_one():
    """Frameworks say 0: where the rule has another default, it is 0."""
    adam = as_function(simopt.Adam(eta=0.01, convention="torch"))
    table = conformance.check(adam, eta=0.01, weight_decay=0.0)
    equal = table[table["equal"]]
    assert {"Adam torch", "AdamW torch"} <= {*equal["optimizer"].str.cat(equal["convention"], " ")}


def test_a_matrix_that_is_stepped_as_a_whole_is_compared_with_rules_that_do():
    muon = simopt.Muon(eta=0.01)
    table = conformance.check(muon)
    assert "a matrix of 2 by 4 it steps, to single precision, as Muon (document)" in str(
        table.attrs["notes"]
    )
    stepper = None

    def matrices_alone(w, g, state):
        nonlocal stepper
        assert w.shape == (2, 4)
        if state is None:
            stepper = Stepper(muon, w.ravel().tolist(), matrix=w.shape)
        stepper.step(g.ravel().tolist())
        return np.reshape(stepper.weights, w.shape), True

    table = conformance.check(matrices_alone, eta=0.01)
    assert list(table["optimizer"][table["equal"]]) == ["Muon"]


def in_half(x):
    """The nearest bfloat16 numbers."""
    parts, powers = np.frexp(x)
    return np.ldexp(np.rint(256 * parts) / 256, powers)


def muon_in_halves(w, g, state, eta=0.01, decay=0.0, turns=5, nesterov=True):
    """Muon with iterations in bfloat16, of matrices alone, rounded where PyTorch's is."""
    assert w.ndim == 2
    m = 0.95 * (0.0 if state is None else state) + g
    x = in_half(g + 0.95 * m if nesterov else m)
    x = in_half(x / (np.linalg.norm(x) + 1e-7))
    for _ in range(turns):
        gram = in_half(x @ x.T)
        x = in_half(3.4445 * x + in_half(-4.775 * gram + 2.0315 * in_half(gram @ gram)) @ x)
    return w - eta * decay * w - eta * x, m


def test_a_matrix_that_is_turned_in_bfloat16_is_named():
    told = {"eta": 0.01, "weight_decay": 0.1}
    table = conformance.check(functools.partial(muon_in_halves, decay=0.1), **told)
    verdict = table.attrs["verdict"]
    assert re.match(r"Equal but for bfloat16's rounding \(.*\): Muon \(document\)\. Set", verdict)
    assert not table["equal"].any()
    named = table[table["explanation"].notna()]
    assert [*zip(named["optimizer"], named["convention"], strict=True)] == [("Muon", "document")]


def jordans(w, g, state, eta=0.01):
    """His own Muon: every result rounded by itself, and the momentum a mean."""
    assert w.ndim == 2
    m = 0.95 * (0.0 if state is None else state) + 0.05 * g
    x = in_half(0.05 * g + 0.95 * m)
    x = in_half(x / in_half(in_half(np.linalg.norm(x)) + 1e-7))
    for _ in range(5):
        gram = in_half(x @ x.T)
        other = in_half(in_half(-4.775 * gram) + in_half(in_half(2.0315 * gram) @ gram))
        x = in_half(in_half(3.4445 * x) + in_half(other @ x))
    return w - eta * x, m


def test_a_matrix_that_is_rounded_after_every_operation_is_named():
    """It is a tenth of a step away from iterations that are exact, and was no rule."""
    table = conformance.check(jordans, eta=0.01, against=simopt.Muon(eta=0.01))
    assert table["explanation"][0] == "bfloat16's rounding: a matrix is turned in it"


@pytest.mark.parametrize(
    "other", [{"eta": 0.0102}, {"decay": 0.01}, {"turns": 6}, {"nesterov": False}]
)
def test_another_matrix_in_bfloat16_is_not_called_that(other):
    step = functools.partial(muon_in_halves, **other)
    table = conformance.check(step, eta=0.01, against=simopt.Muon(eta=0.01))
    assert "bfloat16" not in table.attrs["verdict"]


def test_rounding_where_weights_were_large_is_called_that():
    """A weight that comes back from 1e11 has the rounding that it had there; a slip has more."""

    def step(w, g, state):
        large = 1e6 * g
        return w - (large - large / 3) - large / 3, state

    table = conformance.check(step, eta=1e6)
    assert not table["equal"].any()
    assert table.attrs["verdict"].startswith("Equal but for rounding (")
    assert "SGD (document)" in table.attrs["verdict"]
    table = conformance.check(lambda w, g, state: step(w, g * (1 + 1e-9), state), eta=1e6)
    assert not table.attrs["verdict"].startswith("Equal but for rounding (")


def test_random_steps_are_told():
    """And leave the user's random numbers where they are."""

    def noisy(w, g, state):
        return w - 0.1 * g + random.random() + np.random.normal(size=w.shape), state  # noqa: NPY002

    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    table = conformance.check(noisy, eta=0.1, against=simopt.SGD())
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    assert table.attrs["notes"] == (
        "of the same gradients it steps otherwise each time: with random numbers, or by what it "
        "counts outside of its state",
    )


def test_a_rule_across_weights_is_told():
    def orthogonal(w, g, state):
        if w.ndim < 2:
            return w - 0.01 * np.sign(g), state
        u, _, v = np.linalg.svd(g, full_matrices=False)
        return w - 0.01 * u @ v, state

    notes = conformance.check(orthogonal, eta=0.01).attrs["notes"]
    assert len(notes) == 1
    assert notes[0].startswith("a matrix it steps otherwise, as a whole (as Muon")

    def matrices_alone(w, g, state):
        assert w.ndim == 2
        return w - 0.01 * g, state

    def passing_over_vectors(w, g, state):
        return (w - 0.01 * g if w.ndim == 2 else w), state

    for step in (matrices_alone, passing_over_vectors):
        table = conformance.check(step, eta=0.01)
        assert table["optimizer"][0] == "SGD"
        assert table["equal"].any()
        assert "it steps nothing but matrices" in table.attrs["verdict"]


def test_the_state_may_have_a_default():
    def step(w, g, state=None):
        return w - 0.1 * g, state

    assert "SGD (document)" in conformance.check(step, eta=0.1).attrs["verdict"]


def test_rules_of_simopt_are_handed_in_and_compared_with():
    assert "Lion (document)" in conformance.check(simopt.Lion).attrs["verdict"]
    assert "Lion (document)" in conformance.check(simopt.Lion(eta=0.01)).attrs["verdict"]

    def mine(w, g, eta, v, beta=0.9):
        v = beta * v + 0.5 * g
        return w - eta * v, v

    Mine = simopt.rule(mine, name="Mine", eta=0.01)
    table = conformance.check(Mine)
    assert table["optimizer"][0] == "Momentum"
    assert table["explanation"][0] == "eta=0.005 (0.5 times the rate given)"
    same = conformance.check(as_function(Mine()), against=Mine)
    assert same.attrs["verdict"].startswith("Equal to 1e-12 over 200 updates: Mine. Settings: ")
    assert len(same) == 1
    other = conformance.check(simopt.Momentum(eta=0.01), against=[Mine, simopt.Momentum(eta=0.02)])
    assert set(other["explanation"]) == {
        "eta=0.02 (2 times the rate given)", "eta=0.01 (0.5 times the rate given)",
    }  # fmt: skip
    with pytest.raises(ValueError, match="^against='Adam'"):
        conformance.check(simopt.SGD(), against="Adam")


# --- what shows under a condition -----------------------------------------------------------------


def counting(w, g, state):
    """Another rate after 500 updates."""
    count = (state or 0) + 1
    return w - (0.1 if count <= 500 else 0.05) * g, count


def pausing(w, g, state):
    """Momentum that stands still where no weight has a gradient."""
    v = 0.0 if state is None else state
    if not g.any():
        return w, v
    v = 0.9 * v + g
    return w - 0.1 * v, v


def large(w, g):
    return np.median(np.abs(w)) > 1e3 and np.abs(g).max() < 1e3


def orthogonal(w, g):
    return abs((w * g).sum()) < 1e-6 * np.linalg.norm(w) * np.linalg.norm(g) > 0.0


CONDITIONS = {
    "after more updates (there from update 501 on)": counting,
    "where whole gradients are huge (there from update 1 on)": sgd(
        transform=lambda g: np.clip(g, -1e8, 1e8)
    ),
    "where whole gradients are zero or tiny (there from update 4 on)": pausing,
    "where weights are large (there from update 1 on)": (
        lambda w, g, s: (w - (0.05 if large(w, g) else 0.1) * g, s)
    ),
    "where the rate is raised (there from update 9 on)": (
        lambda w, g, s, factor: (w - 0.1 * min(factor, 1.0) * g, s)
    ),
    "where gradients are orthogonal to the weights (there from update 2 on)": (
        lambda w, g, s: (w - (0.05 if orthogonal(w, g) else 0.1) * g, s)
    ),
}


@pytest.mark.parametrize("where", CONDITIONS)
def test_what_parts_under_a_condition_alone_is_not_called_equal(where):
    against = [simopt.SGD(eta=0.1), simopt.Momentum(eta=0.1)]
    table = conformance.check(CONDITIONS[where], against=against, eta=0.1)
    assert not table["equal"].any()
    assert table["explanation"][0] == f"equal, but not {where}"
    said = f"Not equal {where}. Elsewhere equal to 1e-12 over 200 updates: "
    assert table.attrs["verdict"].startswith(said)


def test_of_equal_rules_those_stay_that_are_so_under_every_condition():
    def clipped(w, g, eta):
        return w - eta * min(max(g, -1e8), 1e8)

    Clipped = simopt.rule(clipped, name="Clipped", eta=0.1)
    against = [Clipped(), simopt.SGD(eta=0.1)]
    table = conformance.check(sgd(), against=against, eta=0.1)
    assert table["equal"].tolist() == [True, False]
    assert table["optimizer"].tolist() == ["SGD", "Clipped"]
    assert table["explanation"][1].startswith("equal, but not where whole gradients are huge")
    assert table.attrs["verdict"].startswith("Equal to 1e-12 over 200 updates: SGD (document). ")
    assert table.attrs["verdict"].endswith(
        "Not seen: more than 2,000 updates, matrices larger than 128 by 128, gradients that are "
        "sparse or missing."
    )
    assert "where weights are large" in table.attrs["seen"]
    assert "where the rate is raised" not in table.attrs["seen"]  # it can't be set


def projected(w, g):
    """As AdamP does it, of matrices alone."""
    return 0.5 * g if w.ndim == 2 and orthogonal(w, g) else g


def factored(w, g):
    """As Adafactor does it, of large matrices alone."""
    return g - g.mean(axis=1, keepdims=True) if w.ndim == 2 and min(w.shape) >= 128 else g


def centralized(w, g):
    """As Ranger does it, of kernels alone."""
    return g - g.mean(axis=(1, 2, 3), keepdims=True) if w.ndim == 4 else g


def shortened(w, g):
    return g / 2 if w.ndim == 2 and large(w, g) else g


MATRICES = {
    "gradients are orthogonal to it, as AdamP projects then": projected,
    "its weights are large": shortened,
    "it has four dimensions, as a convolution's kernel": centralized,
    "it is as large as 128 by 128": factored,
}


@pytest.mark.parametrize("where", MATRICES)
def test_a_matrix_that_is_stepped_otherwise_under_a_condition_is_told(where):
    change = MATRICES[where]

    def step(w, g, state):
        return w - 0.1 * change(w, g), state

    table = conformance.check(step, against=simopt.SGD(eta=0.1))
    assert table["equal"].all()
    assert table.attrs["notes"] == (
        f"a matrix it steps otherwise where {where}; this is about its step elsewhere",
    )


def test_a_matrix_that_is_taken_as_a_whole_later_is_told():
    """As ScalableShampoo of pytorch_optimizer does from its 1000th update on: it was Nesterov."""

    def step(w, g, state):
        count = (state or 0) + 1
        return w - 0.1 * (g.mean() if w.ndim == 2 and count >= 1000 else g), count

    assert conformance.check(step, against=simopt.SGD(eta=0.1)).attrs["notes"] == (
        "a matrix it steps otherwise where updates go on, up to 2,000; this is about its step "
        "elsewhere",
    )


def test_a_step_over_what_is_not_finite_is_told():
    def careful(w, g, state):
        return (w - 0.1 * g if np.isfinite(g).all() else w), state

    notes = conformance.check(careful, against=simopt.SGD(eta=0.1)).attrs["notes"]
    assert notes == ("where a gradient is not finite it steps over it, which a rule does not",)
    assert conformance.check(sgd(), against=simopt.SGD(eta=0.1)).attrs["notes"] == ()


def test_single_precision_is_compared_under_conditions_too():
    def step(w, g, state):
        count = (state or 0) + 1
        rate = np.float32(0.1 if count <= 500 else 0.05)
        return w.astype(np.float32) - rate * g.astype(np.float32), count

    verdict = conformance.check(step, against=simopt.SGD(eta=0.1)).attrs["verdict"]
    assert verdict.startswith("Equal but for float32's rounding (")
    assert " Not so after more updates. " in verdict


def test_three_betas_are_read():
    """Adan and AdEMAMix of other libraries were compared at the betas of a rule by default."""
    assert named("torch", {"betas": (0.8, 0.99, 0.995)}) == {
        "beta1": 0.8, "beta2": 0.99, "beta3": 0.995,
    }  # fmt: skip
    assert named("torch", {"betas": (0.8, 0.99)}) == {"beta1": 0.8, "beta2": 0.99}
    assert named("torch", {"betas": (0.8,)}) == {"beta1": 0.8, "beta": 0.8}


def test_two_epsilons_and_what_is_off_are_read():
    """Adafactor of transformers with a rate of its own, or with other epsilons, was no rule."""
    assert named("torch", {"eps": (1e-30, 1e-2), "relative_step": False}) == {
        "epsilon": 1e-30, "epsilon2": 1e-2, "relative_step": False,
    }  # fmt: skip
    assert named("torch", {"eps": (None, 1e-2)}) == {"epsilon2": 1e-2}
    assert named("torch", {"dampening": True, "nesterov": 1}) == {"nesterov": True}


def test_settings_of_prodigy_are_read():
    """Neither was read, and Prodigy with both was no rule: no change has a coefficient of 0.3."""
    told = named("torch", {"d_coef": 0.3, "use_bias_correction": True, "d0": 1e-3})
    assert told == {"coefficient": 0.3, "bias_correction": True, "d0": 1e-3}
    assert named("torch", {"use_bias_correction": False}) == {"bias_correction": False}


def decayed(kept):
    """Momentum whose weights are changed to ``kept(w, move, rate)``."""

    def step(w, g, state, factor):
        v = 0.9 * (0.0 if state is None else state) + g
        return kept(w, 0.01 * factor * v, 0.01 * factor), v

    return step


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (lambda w, move, rate: (w - move) * (1 - rate * 0.5), "decay='stepped'"),
        (
            lambda w, move, rate: w * (1 - 0.5) - move,
            "a slip: the decay is not multiplied by the rate",
        ),
        (lambda w, move, rate: (w - move) / (1 + rate * 0.5), "proximal_decay=True"),
    ],
)
def test_every_form_of_a_decay_that_is_known_is_tried(kept, said):
    table = conformance.check(decayed(kept), eta=0.01, beta=0.9, weight_decay=0.5)
    assert (table["optimizer"][0], table["explanation"].str.contains(said)[0]) == ("Momentum", True)


def test_a_second_epsilon_is_no_rounding():
    """As in pytorch_optimizer's ScheduleFreeAdamW: a few steps in a hundred are shorter."""

    def step(w, g, state, factor):
        t, m, v = state or (0, 0.0, 0.0)
        t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        root = np.sqrt(v / (1 - 0.999**t) + 1e-15) + 1e-8
        return w - 0.01 * factor * m / (1 - 0.9**t) / root, (t, m, v)

    table = conformance.check(step, against=simopt.Adam(eta=0.01, convention="torch"))
    assert table.attrs["verdict"].startswith("No rule with these settings. Nearest: Adam ")


def test_how_an_object_was_called_is_told():
    """Optimizers of thinc and autograd are called otherwise: they seemed to fail by themselves."""

    def autograds(grad, x, callback=None):
        return grad(x)

    said = r"where it is called as step\(w, g, state\), with arrays; it raised TypeError"
    with pytest.raises(ValueError, match=said):
        conformance.check(autograds)


def scheduled(rng):
    """Rates that follow a law for a while, then another, rounded to float32 or not."""
    k, a, b = np.arange(rng.integers(1, 16)), *10.0 ** rng.uniform(-6, 1, 2)
    pieces = (
        a + 0.0 * k, a + b * k, a * (0.3 + 0.1 * b) ** k, a / (1 + b * k), a / np.sqrt(b + k),
        a * (1 + np.cos(np.pi * k / len(k))), a * rng.uniform(0.1, 1, len(k)),
        a * (1 + 10.0 ** rng.uniform(-8, 0) * rng.normal(size=len(k))),
    )  # fmt: skip
    piece = pieces[rng.integers(len(pieces))]
    return piece.astype(np.float32).astype(float) if rng.random() < 0.3 else piece


def test_a_law_is_looked_for_only_where_one_may_hold(monkeypatch):
    """Most of a check's twenty seconds went into curves through rates that follow no law."""
    rng = np.random.default_rng(5)
    several = [np.concatenate([scheduled(rng) for _ in range(3)]) for _ in range(60)]
    said = [rates.laws(each) for each in several]
    assert {each.split()[0] for laws in said for each in laws} >= {"linear", "times", "cosine"}
    counted, fit = [], np.polyfit
    with monkeypatch.context() as patch:
        patch.setattr(np, "polyfit", lambda *given: counted.append(1) or fit(*given))
        assert len(rates.laws(rng.uniform(0.1, 1.0, 60))) > 40
    assert len(counted) < 100
    monkeypatch.setattr(rates, "_ends", lambda values, law: [len(values)] * len(values))
    assert [rates.laws(each) for each in several] == said


def test_a_root_of_what_rounding_made_negative_is_no_number():
    """It ended the check of `optax.ema` in an error of the rule it was compared with."""
    rmsprop = simopt.RMSprop(epsilon=0.0, centered=True, bias_correction=True)
    stepper = Stepper(rmsprop, [1.0])
    for k in range(400):
        stepper.step([0.1 if k % 3 else 0.1000000001])
    assert math.isnan(stepper.weights[0])
