"""Each framework's formula, defaults and decay; what a switch does; which rules contain others."""

import inspect
import math
import operator
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt.rules import ALL, FURTHER, OPTIMIZERS
from simopt.rules.adam import bias_corrections
from simopt.rules.modifiers import with_initial, with_momentum
from simopt.rules.nadam import faded
from simopt.rules.radam import lengths
from simopt.rules.rmsprop import rmsprop
from simopt.training.stepper import Stepper
from tests import formulas as f

FAST = settings(max_examples=12, deadline=None)
UPDATES = 60
FOUR = simopt.problems.four_points()

# --- formulas -------------------------------------------------------------------------------------

EVERYONE = ("document", "torch", "keras", "optax", "sklearn")
TF1 = {"initial_accumulator": None}  # None: drawn
#: Name, convention, what is set besides (None: a number is drawn), and the formula expected.
CASES = [
    *[("SGD", convention, {}, f.sgd) for convention in EVERYONE],
    *[("Momentum", convention, {}, f.momentum) for convention in ("document", "torch", "optax")],
    *[("Momentum", convention, {}, f.momentum_inside) for convention in ("keras", "sklearn")],
    ("Momentum", "torch", {"dampening": None}, f.dampened),
    ("Momentum", "keras", {"dampening": None}, f.dampened_inside),
    ("Momentum", "torch", {"dampening": None, "damps_first": True}, f.dampened_always),
    ("Momentum", "keras", {"dampening": None, "damps_first": True}, f.dampened_always_inside),
    *[("Nesterov", convention, {}, f.nesterov) for convention in ("document", "torch", "optax")],
    *[("Nesterov", convention, {}, f.nesterov_inside) for convention in ("keras", "sklearn")],
    ("AdaGrad", "document", {}, f.adagrad_inside),
    ("AdaGrad", "torch", {}, f.adagrad_outside),
    ("AdaGrad", "torch", {"lr_decay": None}, f.adagrad_slowing),
    ("AdaGrad", "torch", TF1, f.adagrad_outside),
    ("AdaGrad", "document", {"momentum": None, "zero_guard": True}, f.adagrad_averaged),
    ("AdaGrad", "document", {"includes_gradient": False, **TF1}, f.adagrad_past),
    (
        "AdaGrad",
        "torch",
        {"includes_gradient": False, "momentum": None, "lr_decay": None, **TF1},
        f.adagrad_past_averaged,
    ),
    ("AdaGrad", "keras", {}, f.adagrad_inside),
    ("AdaGrad", "optax", {}, f.adagrad_inside),
    *[("RMSprop", convention, {}, f.rmsprop()) for convention in ("document", "keras", "optax")],
    ("RMSprop", "torch", {}, f.rmsprop("outside")),
    ("RMSprop", "document", TF1, f.rmsprop()),
    ("RMSprop", "torch", {"momentum": None}, f.rmsprop("outside", buffer="outside")),
    ("RMSprop", "torch", {"centered": True}, f.rmsprop("outside", centered=True)),
    (
        "RMSprop",
        "torch",
        {"centered": True, "momentum": None},
        f.rmsprop("outside", centered=True, buffer="outside"),
    ),
    ("RMSprop", "keras", {"momentum": None}, f.rmsprop(buffer="inside")),
    ("RMSprop", "keras", {"centered": True}, f.rmsprop(centered=True)),
    ("RMSprop", "optax", {"momentum": None, **TF1}, f.rmsprop(buffer="inside")),
    (
        "RMSprop",
        "optax",
        {"momentum": None, "nesterov": True},
        f.rmsprop(buffer="inside, nesterov"),
    ),
    ("RMSprop", "optax", {"bias_correction": True}, f.rmsprop(corrected=True)),
    ("RMSprop", "optax", {"epsilon_place": "outside"}, f.rmsprop("outside")),
    (
        "RMSprop",
        "optax",
        {"bias_correction": True, "centered": True},
        f.rmsprop(corrected=True, centered=True),
    ),
    ("Adam", "document", {}, f.adam_inside),
    ("Adam", "torch", {}, f.adam_outside),
    ("Adam", "keras", {}, f.adam_hat),
    ("Adam", "optax", {}, f.adam_outside),
    ("Adam", "optax", {"epsilon_root": None}, f.adam_both),
    ("Adam", "sklearn", {}, f.adam_hat),
    ("Adam", "document", {"bias_correction": False}, f.adam_uncorrected),
    ("Adam", "torch", {"bias_correction": False}, f.adam_uncorrected_outside),
    ("Adam", "keras", {"bias_correction": False}, f.adam_uncorrected_outside),
    ("AdamW", "document", {}, f.adam_inside),
    ("AdamW", "torch", {}, f.adam_outside),
    ("AdamW", "keras", {}, f.adam_hat),
    ("AdamW", "optax", {}, f.adam_outside),
    ("AMSGrad", "document", {}, f.amsgrad),
    ("AMSGrad", "torch", {}, f.amsgrad_torch),
    ("AMSGrad", "keras", {}, f.amsgrad_keras),
    ("AMSGrad", "optax", {}, f.amsgrad_optax),
    ("AMSGrad", "optax", {"bias_correction": False}, f.amsgrad_uncorrected_outside),
    ("AMSGrad", "document", TF1, f.amsgrad),
    ("AMSGrad", "torch", TF1, f.amsgrad_torch),
    ("NAdam", "document", {}, f.nadam_optax),
    ("NAdam", "torch", {}, f.nadam_torch),
    ("NAdam", "torch", {"momentum_decay": None}, f.nadam_torch),
    ("NAdam", "keras", {}, f.nadam_torch),
    ("NAdam", "optax", {}, f.nadam_optax),
    ("NAdam", "optax", {"corrected_for": "current"}, f.nadam_current),
    ("NAdam", "optax", {"fades_square": True}, f.nadam_faded),
    (
        "NAdam",
        "optax",
        {"fades_square": True, "corrected_for": "current"},
        f.nadam_current_faded,
    ),
    ("NAdam", "optax", {"bias_correction": False}, f.nadam_uncorrected),
    ("NAdam", "torch", {"bias_correction": False}, f.nadam_warming_uncorrected),
    ("RAdam", "document", {}, f.radam(operator.gt, "inside")),
    ("RAdam", "torch", {}, f.radam(operator.gt, "hat")),
    ("RAdam", "optax", {}, f.radam(operator.ge, "outside")),
    ("RAdam", "optax", {"counts_from": 2}, f.radam(operator.ge, "outside", 2)),
    ("RAdam", "optax", {"threshold": None}, f.radam(operator.ge, "outside")),
    ("Adamax", "document", {}, f.adamax_inside),
    ("Adamax", "torch", {}, f.adamax_inside),
    ("Adamax", "keras", {}, f.adamax_outside),
    ("Adamax", "optax", {}, f.adamax_inside),
    ("Adamax", "document", {"epsilon_place": "decayed"}, f.adamax_decayed),
    ("Adamax", "keras", {"bias_correction": False}, f.adamax_uncorrected),
    *[("Adadelta", each, {}, f.adadelta) for each in ("document", "torch", "keras", "optax")],
    *[("Lion", convention, {}, f.lion) for convention in ("document", "keras", "optax")],
    *[("SignSGD", convention, {}, f.signsgd) for convention in ("document", "optax")],
    *[("AdaBelief", convention, {}, f.adabelief) for convention in ("document", "optax")],
    ("Yogi", "document", {}, f.yogi),
    ("Yogi", "optax", {}, f.yogi_corrected),
    ("Adan", "document", {}, f.adan(lambda beta2: beta2)),
    ("Adan", "optax", {}, f.adan(lambda beta2: 1 - beta2)),
    *[("ADOPT", each, {}, f.adopt(lambda t: (t - 1) ** 0.25)) for each in ("document", "optax")],
    ("ADOPT", "document", {"clipping": "all"}, f.adopt(lambda t: t**0.25)),
    ("ADOPT", "document", {"clipping": "none"}, f.adopt(lambda t: math.inf)),
    *[("AdEMAMix", convention, {}, f.ademamix) for convention in ("document", "optax")],
    ("QHAdam", "document", {}, f.qhadam),
    *[("Rprop", convention, {}, f.rprop) for convention in ("document", "torch")],
    ("Tiger", "document", {}, f.tiger),
    ("LARS", "document", {}, f.lars),
    ("LARS", "optax", {}, f.lars_optax),
    *[("LAMB", convention, {}, f.lamb) for convention in ("document", "optax")],
    ("LAMB", "keras", {}, f.lamb_keras),
    *[("ScheduleFreeSGD", each, {}, f.schedule_free_sgd) for each in ("document", "optax")],
    ("ScheduleFreeSGD", "document", {"counts": "equal"}, f.schedule_free_sgd_plain),
    *[("ScheduleFreeAdamW", each, {}, f.schedule_free_adamw) for each in ("document", "optax")],
    ("ScheduleFreeAdamW", "keras", {}, f.schedule_free_adamw_keras),
    ("ScheduleFreeAdamW", "document", {"counts": "equal"}, f.schedule_free_adamw_plain),
    *[("ASGD", convention, {}, f.asgd) for convention in ("document", "torch")],
    ("FTRL", "document", {}, f.ftrl(False)),
    ("FTRL", "keras", {}, f.ftrl(True)),
    ("FTRL", "document", {"solved": "before"}, f.ftrl_river),
    *[("OptimisticGradient", each, {}, f.optimistic) for each in ("document", "optax")],
    ("AdaBound", "document", {}, f.adabound),
    ("LaProp", "document", {}, f.laprop(lambda v, bias, eps: math.sqrt(v / bias) + eps)),
    (
        "LaProp",
        "document",
        {"epsilon_place": "hat"},
        f.laprop(lambda v, bias, eps: (math.sqrt(v) + eps) / math.sqrt(bias)),
    ),
    (
        "LaProp",
        "document",
        {"epsilon_place": "inside"},
        f.laprop(lambda v, bias, eps: math.sqrt(v / bias + eps)),
    ),
    ("ACProp", "document", {}, f.acprop),
    ("ACProp", "optax", {}, f.acprop_optax),
    *[("NovoGrad", convention, {}, f.novograd) for convention in ("document", "optax")],
    *[("DoG", convention, {}, f.dog) for convention in ("document", "optax")],
    *[("DoWG", convention, {}, f.dowg) for convention in ("document", "optax")],
    # At a rate of 1 a gradient that does not fall with the way makes the distance explode, and
    # rounding with it; of drawn settings, at lower ones.
    ("Prodigy", "document", {"eta": 0.05}, f.prodigy(corrected=False)),
    ("Prodigy", "optax", {"eta": 0.05}, f.prodigy(corrected=True)),
    ("CautiousAdamW", "document", {}, f.cautious_adamw),
    ("CautiousLion", "document", {}, f.cautious_lion),
    ("DAdaptAdamW", "document", {"eta": 0.05}, f.dadapt(corrected=False)),
    ("DAdaptAdamW", "optax", {"eta": 0.05}, f.dadapt(corrected=True)),
    ("PolyakSGD", "document", {}, f.polyak()),
    ("PolyakSGD", "optax", {}, f.polyak(scaled=True)),
    (
        "PolyakSGD",
        "optax",
        {"gap": "positive"},
        f.polyak(lambda loss, least: max(loss - least, 0.0), scaled=True),
    ),
    (
        "Muon",
        "document",
        {},
        f.muon(f.adam_mean, lambda v, bias, eps: math.sqrt(v / bias) + eps),
    ),
    (
        "Muon",
        "optax",
        {},
        f.muon(f.nadam_mean, lambda v, bias, eps: math.sqrt(v / bias) + eps),
    ),
    (
        "Muon",
        "keras",
        {},
        f.muon(f.adam_mean, lambda v, bias, eps: (math.sqrt(v) + eps) / math.sqrt(bias)),
    ),
    ("Adafactor", "document", {}, f.adafactor),
    ("Adafactor", "torch", {}, f.adafactor_torch),
    ("Adafactor", "keras", {}, f.adafactor_keras),
    ("Rprop", "optax", {}, f.rprop_optax),
    ("AdagradRMSProp", "document", {}, f.adagradrmsprop),
    ("AdaGradWindow", "document", {}, f.adagrad_window),
    *[("MADGRAD", convention, {}, f.madgrad) for convention in ("document", "optax")],
    ("OptimisticAdam", "document", {}, f.optimistic_adam(f.adam_mean)),
    ("OptimisticAdam", "optax", {}, f.optimistic_adam(f.nadam_mean)),
    *[
        ("SimplifiedAdEMAMix", convention, {}, f.simplified_ademamix)
        for convention in ("document", "optax")
    ],
    *[("COCOB", convention, {}, f.cocob) for convention in ("document", "optax")],
    ("ScheduleFreeRAdam", "document", {}, f.schedule_free_radam(waits=True)),
    ("ScheduleFreeRAdam", "document", {"waits": False}, f.schedule_free_radam(waits=False)),
    ("MARS", "document", {}, f.mars),
    ("AdaGradDA", "document", {}, f.adagrad_da),
    ("MoMo", "document", {}, f.momo()),
    ("MoMo", "document", {"bound": "estimated"}, f.momo(estimated=True)),
    ("MoMo", "optax", {}, f.momo(before=True)),
    ("MoMoAdam", "document", {}, f.momo_adam()),
    ("MoMoAdam", "document", {"bound": "estimated"}, f.momo_adam(estimated=True)),
    ("MoMoAdam", "optax", {}, f.momo_adam(before=True)),
    ("Adafactor", "optax", {}, f.adafactor_optax),
    ("Adafactor", "optax", {"momentum": None}, f.adafactor_optax),
    ("Adafactor", "document", {"decay_place": "scaled"}, f.adafactor_transformers()),
    (
        "Adafactor",
        "document",
        {"decay_place": "scaled", "momentum": None},
        f.adafactor_transformers(),
    ),
    (
        "Adafactor",
        "document",
        {"decay_place": "scaled", "relative_step": False, "scale_parameter": False},
        f.adafactor_transformers(relative=False, scaled=False),
    ),
]

#: How the weights decay when only weight_decay is given.
PLAIN_DECAY = {
    "document": "coupled",
    "torch": "coupled",
    "keras": "decoupled",
    "optax": "coupled",
    "sklearn": "coupled",
}


def plain_decay(name, convention):
    if (name, convention) == ("SGD", "sklearn"):
        return "clipped"
    if name in ("AdamW", "Lion", "Adan", "AdEMAMix", "Tiger", "LaProp", "ACProp"):
        return "decoupled"
    if name in ("SimplifiedAdEMAMix", "MARS"):
        return "decoupled"
    if name in ("CautiousAdamW", "CautiousLion"):
        return "decoupled"
    if (name, convention) == ("AdaBelief", "document"):
        return "decoupled"
    return PLAIN_DECAY[convention]


RANGES = {
    "eta": (1e-4, 0.1),
    "beta": (0.0, 0.95),
    "beta1": (0.0, 0.95),
    "beta2": (0.5, 0.9999),
    "beta3": (0.5, 0.9999),
    "alpha": (0.0, 8.0),
    "nu1": (0.0, 1.0),
    "nu2": (0.5, 1.0),
    "shrink": (0.3, 0.9),
    "grow": (1.05, 1.5),
    "smallest": (1e-6, 1e-3),
    "largest": (1.0, 50.0),
    "rho": (0.5, 0.99),
    "weight_decay": (0.0, 0.5),
    "momentum": (0.0, 0.95),
    "dampening": (0.0, 1.0),
    "lr_decay": (0.0, 1.0),
    "momentum_decay": (0.0, 5.0),
    "initial_accumulator": (0.0, 1.0),
    "epsilon_root": (1e-8, 0.1),
    "threshold": (4.0, 6.0),
    "trust": (1e-3, 0.1),
    "lambd": (0.0, 0.1),
    "t0": (0.0, 40.0),
    "smoothing": (0.01, 2.0),
    "l1": (0.0, 5.0),
    "l2": (0.0, 2.0),
    "optimism": (0.0, 2.0),
    "final_rate": (0.0, 0.2),
    "narrowing": (1e-4, 0.5),
    "reach": (1e-6, 0.1),
    "d0": (1e-6, 0.1),
    "coefficient": (0.5, 2.0),
    "epsilon2": (1e-4, 0.1),
    "limit": (0.5, 3.0),
    "exponent": (0.3, 1.0),
    "least": (-1.0, 1.0),
    "negligible": (0.0, 0.1),
    "adam_ratio": (0.0, 1.0),
}
FIXED = {
    "alternating": [3.0, -2.5] * 30,
    "a zero first, then rare": ([0.0] * 9 + [7.0]) * 6,
    "fading": [5 * 0.8**k for k in range(UPDATES)],
    "growing": [1e-3 * 1.2**k for k in range(UPDATES)],
}


def ours(optimizer, gradients, w=3.0):
    """The weight after every update, by given gradients."""
    stepper, seen = Stepper(optimizer, [w]), []
    for g in gradients:
        stepper.step([g], loss=f.loss_of(g))
        seen.append(stepper.weights[0])
    return seen


@pytest.mark.parametrize("decay", ["stepped", "fixed"])
@pytest.mark.parametrize(("name", "formula"), [("SGD", f.sgd), ("Adam", f.adam_inside)])
def test_the_stepped_weight_decays_or_by_a_fixed_share(decay, name, formula):
    optimizer = ALL[name](eta=0.05, weight_decay=0.2, decay=decay)
    theirs = f.trajectory(formula, FIXED["alternating"], 3.0, decay, **optimizer.settings)
    np.testing.assert_allclose(ours(optimizer, FIXED["alternating"]), theirs, rtol=0, atol=1e-14)


def draw_gradients(data, centered):
    # The variance of equal gradients is a difference of equal numbers: nothing but rounding.
    if centered or data.draw(st.booleans()):
        noise = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        return noise.normal(size=UPDATES).tolist()
    few = data.draw(st.lists(st.floats(-100, 100), min_size=1, max_size=12))
    return (few * UPDATES)[:UPDATES]


def draw_settings(data, optimizer, besides):
    """Numbers for the hyperparameters; some are left at their defaults."""
    centered = besides.get("centered", False)
    chosen = {}
    for name in optimizer.rule.hyperparameters:
        finds = name == "eta" and optimizer.name in ("Prodigy", "DAdaptAdamW")
        if name == "epsilon":
            some = st.floats(0.05, 0.2)
            if centered or data.draw(st.booleans()):
                chosen[name] = data.draw(some)
        elif besides.get(name, 0) is None or finds or data.draw(st.booleans()):
            low, high = RANGES[name]
            if name == "beta1" and optimizer.name == "ScheduleFreeAdamW":
                low = 0.01  # Keras' decay is divided by it
            if finds:
                high = 0.005
            chosen[name] = data.draw(st.floats(low, high))
    return chosen


def expected(name, optimizer, formula, gradients, w=3.0):
    hyper = optimizer.settings
    start = {}
    if "initial_accumulator" in hyper:
        names = {"AdaGrad": ("G",), "AMSGrad": ("m", "v", "largest")}.get(name, ("E",))
        start = dict.fromkeys(names, hyper["initial_accumulator"])
    added = "weight_decay" in hyper and not optimizer.made_by.own_decay
    decay = plain_decay(name, optimizer.convention) if added else "none"
    return f.trajectory(formula, gradients, w, decay, start, **hyper)


def meet(name, optimizer, formula, gradients):
    theirs = expected(name, optimizer, formula, gradients)
    gradients = gradients[: len(theirs)]
    scale = np.maximum.accumulate(np.abs(theirs)).clip(min=3.0)
    np.testing.assert_array_less(
        np.abs(np.subtract(ours(optimizer, gradients), theirs)) / scale, 1e-12
    )


def identify(case):
    name, convention, besides, _ = case
    return " ".join([name, convention, *besides])


@pytest.mark.parametrize("case", CASES, ids=identify)
@FAST
@given(data=st.data())
def test_meets_the_frameworks_formula(case, data):
    name, convention, besides, formula = case
    numbers = {key: 0.5 if key != "threshold" else 5.0 for key, v in besides.items() if v is None}
    if name not in ("FTRL", "AdaGradDA") and data.draw(st.booleans()):  # they have penalties
        numbers["weight_decay"] = data.draw(st.floats(*RANGES["weight_decay"]))
    optimizer = ALL[name](convention=convention, **{**besides, **numbers})
    optimizer = optimizer.replace(**draw_settings(data, optimizer, besides))
    gradients = draw_gradients(data, besides.get("centered", False))
    meet(name, optimizer, formula, gradients)


@pytest.mark.parametrize(
    ("name", "formula", "given"),
    [
        ("AdaGradDA", f.adagrad_da, {"initial_accumulator": 0.0}),
        ("FTRL", f.ftrl(False), {"smoothing": 0.0}),
    ],
)
def test_a_weight_made_of_gradients_is_zero_before_the_first(name, formula, given):
    optimizer = ALL[name](eta=0.5, **given)
    gradients = [0.0, 0.0, -2.0, 1.0]
    found = ours(optimizer, gradients)
    assert found[:3] == pytest.approx([0.0, 0.0, 0.5])
    meet(name, optimizer, formula, gradients)


def test_a_bound_that_is_estimated_halves_its_distance():
    """As long as that is no rounding, which then decides what follows."""
    optimizer = ALL["MoMo"](bound="estimated", beta=0.0)
    formula = f.momo(estimated=True)
    assert 30 < len(expected("MoMo", optimizer, formula, [8.0] * UPDATES)) < UPDATES
    meet("MoMo", optimizer, formula, [8.0] * UPDATES)


@pytest.mark.parametrize("gradients", FIXED.values(), ids=FIXED)
@pytest.mark.parametrize("case", CASES, ids=identify)
def test_meets_the_formula_at_its_defaults(case, gradients):
    name, convention, besides, formula = case
    if besides.get("centered"):
        besides = {**besides, "epsilon": 0.1}
    numbers = {key: 0.5 if key != "threshold" else 4.5 for key, v in besides.items() if v is None}
    optimizer = ALL[name](convention=convention, **{**besides, **numbers})
    meet(name, optimizer, formula, gradients)


OFFERED = {(name, convention): None for name, convention, _, _ in CASES}


def test_every_rule_in_every_convention_has_a_formula():
    offered = {(name, each) for name, make in ALL.items() for each in make().made_by.conventions}
    # Those of tests/data are held to what their packages computed: tests/test_frameworks.py.
    assert set(OFFERED) == {each for each in offered if each[1] in EVERYONE}


@given(st.floats(1e-6, 1e4))
def test_nadams_power_keeps_its_digits(psi):
    exact = -math.expm1(psi * math.log(0.96))
    assert faded(psi) == pytest.approx(exact, rel=2e-15)


#: A kernel each.
COMPILED = [
    simopt.AMSGrad(eta=(0.01, 0.1), convention="optax"),
    simopt.NAdam(eta=(0.01, 0.1), convention="torch"),
    simopt.RAdam(eta=(0.001, 0.01), convention="torch"),
    simopt.RAdam(eta=(0.001, 0.01), convention="thinc"),
    simopt.Adamax(eta=(0.01, 0.1), convention="keras"),
    simopt.Adadelta(eta=(0.1, 1.0)),
    simopt.Lion(eta=(0.01, 0.1), convention="optax"),
    simopt.SignSGD(eta=(0.01, 0.1)),
    simopt.AdaBelief(eta=(0.01, 0.1)),
    simopt.Yogi(eta=(0.01, 0.1), convention="optax"),
    simopt.Adan(eta=(0.01, 0.1)),
    simopt.ADOPT(eta=(0.01, 0.1)),
    simopt.AdEMAMix(eta=(0.01, 0.1)),
    simopt.QHAdam(eta=(0.01, 0.1)),
    simopt.Rprop(eta=(0.01, 0.1)),
    simopt.Rprop(eta=(0.01, 0.1), weight_decay=0.1, convention="optax"),
    simopt.Tiger(eta=(0.01, 0.1)),
    simopt.LARS(eta=(0.01, 0.1), trust=0.1),
    simopt.MADGRAD(eta=(0.01, 0.1)),
    simopt.AdagradRMSProp(eta=(0.1, 1.0)),
    simopt.AdaGradWindow(eta=(0.1, 1.0), weight_decay=0.1),
    simopt.OptimisticAdam(eta=(0.01, 0.1)),
    simopt.ScheduleFreeRAdam(eta=(0.1, 1.0), weight_decay=0.1),
    simopt.ScheduleFreeRAdam(eta=(0.001, 0.01), waits=False),
    simopt.MARS(eta=(0.01, 0.1)),
    simopt.AdaGradDA(eta=(0.1, 1.0), l1=0.5, l2=0.1),
    simopt.SimplifiedAdEMAMix(eta=(0.001, 0.01)),
    simopt.COCOB(eta=(0.5, 1.0), weight_decay=0.1),
    simopt.MoMo(eta=(0.01, 0.1), weight_decay=0.1),
    simopt.MoMo(eta=(0.01, 0.1), bound="estimated", convention="optax"),
    simopt.MoMoAdam(eta=(0.01, 0.1), weight_decay=0.1),
    simopt.MoMoAdam(eta=(0.01, 0.1), bound="estimated", convention="optax"),
    simopt.LAMB(eta=(0.01, 0.1)),
    simopt.LAMB(eta=(0.01, 0.1), weight_decay=0.1, convention="bitsandbytes"),
    simopt.LAMB(eta=(0.01, 0.1), largest=1.0, convention="pytorch_optimizer"),
    simopt.ASGD(eta=(0.01, 0.1), t0=2),
    simopt.FTRL(eta=(0.1, 1.0), convention="river"),
    simopt.OptimisticGradient(eta=(0.01, 0.1)),
    simopt.AdaBound(eta=(0.01, 0.1)),
    simopt.LaProp(eta=(0.01, 0.1)),
    simopt.ACProp(eta=(0.01, 0.1)),
    simopt.ScheduleFreeSGD(eta=(0.01, 0.1)),
    simopt.ScheduleFreeAdamW(eta=(0.01, 0.1), convention="keras"),
    simopt.NovoGrad(eta=(0.01, 0.1)),
    simopt.DoG(eta=(0.5, 1.0), reach=0.01),
    simopt.DoWG(eta=(0.5, 1.0)),
    simopt.Prodigy(eta=(0.5, 1.0), d0=0.01),
    simopt.Prodigy(eta=(0.5, 1.0), d0=0.01, convention="optax"),
    simopt.DAdaptAdamW(eta=(0.5, 1.0), d0=0.01),
    simopt.DAdaptAdamW(eta=(0.5, 1.0), d0=0.01, convention="optax"),
    simopt.PolyakSGD(eta=(0.5, 1.0)),
    simopt.PolyakSGD(eta=(0.5, 1.0), gap="positive", least=2.0, convention="optax"),
    simopt.CautiousAdamW(eta=(0.01, 0.1)),
    simopt.CautiousLion(eta=(0.01, 0.1)),
    simopt.Adafactor(eta=(0.01, 0.1), weight_decay=0.1),
    simopt.Adafactor(eta=(0.01, 0.1), convention="torch"),
    simopt.Adafactor(eta=(0.01, 0.1), weight_decay=0.1, momentum=0.9, convention="transformers"),
    simopt.Muon(eta=(0.01, 0.1), weight_decay=0.1, adam_ratio=0.5),
    simopt.Muon(eta=(0.01, 0.1), convention="optax"),
    simopt.Momentum(eta=(0.01, 0.1), dampening=0.5, convention="mlx", weight_decay=0.1),
    simopt.AdaGrad(eta=(0.01, 0.1), convention="jax"),
    simopt.NAdam(eta=(0.01, 0.1), weight_decay=0.1, convention="river", decay="fixed"),
    simopt.Adamax(eta=(0.01, 0.1), convention="paddle"),
    simopt.Adamax(eta=(0.01, 0.1), convention="mlx"),
    simopt.Adam(eta=(0.01, 0.1), weight_decay=0.1, convention="thinc"),
]


def in_the_engine(optimizer, dtype):
    """Weights at the end, of the engine and of `run`, with hyperparameters that dtype can hold.

    1 - 0.999 is another number by 1.3e-5 if 0.999 is the nearest float32.
    """
    held = {
        name: np.asarray(value, dtype).astype(float).tolist()
        for name, value in optimizer.settings.items()
        if isinstance(value, float | tuple)
    }
    optimizer = optimizer.replace(**held)
    frame = simopt.sweep(FOUR, optimizer, epochs=5, batch_size=[1, 3], dtype=dtype)
    for _, row in frame.iterrows():
        traced = simopt.run(
            FOUR, optimizer.replace(eta=row["eta"]), epochs=5, batch_size=row["batch_size"]
        )
        yield row["w"], traced.summary["w"]


@pytest.mark.interpreted
@pytest.mark.parametrize("optimizer", COMPILED, ids=lambda optimizer: optimizer.name)
def test_the_engine_does_the_same(optimizer):
    for swept, traced in in_the_engine(optimizer, "float64"):
        assert swept == pytest.approx(traced, rel=1e-13)


@pytest.mark.interpreted
@pytest.mark.parametrize("optimizer", COMPILED, ids=lambda optimizer: optimizer.name)
def test_the_engine_does_nearly_the_same_in_single_precision(optimizer):
    for swept, traced in in_the_engine(optimizer, "float32"):
        assert swept == pytest.approx(traced, rel=1e-5)


# --- defaults -------------------------------------------------------------------------------------

ADAM = {"eta": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
RMS = {"eta": 1e-3, "rho": 0.9, "epsilon": 1e-8}
TEN = {"eta": 1e-3, "beta": 0.9}
ADAN = {"eta": 1e-3, "beta1": 0.98, "beta2": 0.92, "beta3": 0.99, "epsilon": 1e-8}
LARS = {"eta": 1.0, "beta": 0.9, "trust": 1e-3, "epsilon": 0.0, "weight_decay": 5e-4}
ASGD = {"eta": 0.01, "lambd": 1e-4, "t0": 1e6, "weight_decay": 0.0}
FTRL = {"eta": 0.05, "smoothing": 1.0, "l1": 0.0, "l2": 0.0}
FREE = {"eta": 1.0, "beta": 0.9, "weight_decay": 0.0}
RPROP = {"eta": 0.01, "shrink": 0.5, "grow": 1.2, "smallest": 1e-6, "largest": 50.0}
#: Rule to the defaults of its conventions: torch.optim, keras.optimizers, optax (whose rates have
#: no default: 0.001 stands for it), scikit-learn's SGDRegressor and MLPRegressor.
DEFAULTS = {
    "SGD": {
        "document": {"eta": 1e-3},
        "torch": {"eta": 1e-3},
        "keras": {"eta": 0.01},
        "optax": {"eta": 1e-3},
        "sklearn": {"eta": 0.01},
    },
    "Momentum": {
        "document": TEN,
        "torch": TEN,
        "keras": {**TEN, "eta": 0.01},
        "optax": TEN,
        "sklearn": TEN,
    },
    "AdaGrad": {
        "document": {"eta": 1e-3, "epsilon": 1e-8},
        "torch": {"eta": 0.01, "epsilon": 1e-10},
        "keras": {"eta": 1e-3, "epsilon": 1e-7, "initial_accumulator": 0.1},
        "optax": {"eta": 1e-3, "epsilon": 1e-7, "initial_accumulator": 0.1},
    },
    "RMSprop": {
        "document": RMS,
        "torch": {**RMS, "eta": 0.01, "rho": 0.99},
        "keras": {**RMS, "epsilon": 1e-7},
        "optax": RMS,
    },
    "Adam": {
        "document": ADAM,
        "torch": ADAM,
        "keras": {**ADAM, "epsilon": 1e-7},
        "optax": ADAM,
        "sklearn": ADAM,
    },
    "AdamW": {
        "document": {**ADAM, "weight_decay": 0.01},
        "torch": {**ADAM, "weight_decay": 0.01},
        "keras": {**ADAM, "epsilon": 1e-7, "weight_decay": 0.004},
        "optax": {**ADAM, "weight_decay": 1e-4},
    },
    "AMSGrad": {
        "document": ADAM,
        "torch": ADAM,
        "keras": {**ADAM, "epsilon": 1e-7},
        "optax": ADAM,
    },
    "NAdam": {
        "document": ADAM,
        "torch": {**ADAM, "eta": 2e-3, "momentum_decay": 0.004},
        "keras": {**ADAM, "epsilon": 1e-7, "momentum_decay": 1.0},
        "optax": ADAM,
    },
    "RAdam": {
        "document": {**ADAM, "threshold": 4.0},
        "torch": {**ADAM, "threshold": 5.0},
        "optax": {**ADAM, "threshold": 5.0},
    },
    "Adamax": {
        "document": {**ADAM, "eta": 2e-3},
        "torch": {**ADAM, "eta": 2e-3},
        "keras": {**ADAM, "epsilon": 1e-7},
        "optax": ADAM,
    },
    "Adadelta": {
        "document": {"eta": 1.0, "rho": 0.95, "epsilon": 1e-6},
        "torch": {"eta": 1.0, "rho": 0.9, "epsilon": 1e-6},
        "keras": {"eta": 1e-3, "rho": 0.95, "epsilon": 1e-7},
        "optax": {"eta": 1.0, "rho": 0.9, "epsilon": 1e-6},
    },
    "Lion": {
        "document": {"eta": 1e-3, "beta1": 0.9, "beta2": 0.99},
        "keras": {"eta": 1e-3, "beta1": 0.9, "beta2": 0.99},
        "optax": {"eta": 1e-3, "beta1": 0.9, "beta2": 0.99, "weight_decay": 1e-3},
    },
    "SignSGD": {"document": {"eta": 1e-3}, "optax": {"eta": 1e-3}},
    "AdaBelief": {
        "document": {**ADAM, "epsilon": 1e-16},
        "optax": {**ADAM, "epsilon": 1e-16},
    },
    "Yogi": {
        "document": {**ADAM, "eta": 0.01, "epsilon": 1e-3},
        "optax": {**ADAM, "epsilon": 1e-3, "initial_accumulator": 1e-6},
    },
    "Adan": {"document": ADAN, "optax": {**ADAN, "epsilon_root": 1e-8}},
    "ADOPT": {key: {**ADAM, "beta2": 0.9999, "epsilon": 1e-6} for key in ("document", "optax")},
    "AdEMAMix": {key: {**ADAM, "beta3": 0.9999, "alpha": 5.0} for key in ("document", "optax")},
    "QHAdam": {"document": {**ADAM, "beta1": 0.995, "nu1": 0.7, "nu2": 1.0}},
    "Rprop": {"document": RPROP, "torch": RPROP, "optax": {**RPROP, "eta": 1e-3}},
    "Tiger": {"document": {"eta": 1e-3, "beta": 0.965, "weight_decay": 0.01}},
    "LARS": {
        "document": LARS,
        "optax": {**LARS, "eta": 1e-3, "weight_decay": 0.0},
    },
    "LAMB": {
        "document": {**ADAM, "epsilon": 1e-6, "weight_decay": 0.01},
        "keras": {**ADAM, "epsilon": 1e-7, "weight_decay": 0.0},
        "optax": {**ADAM, "epsilon": 1e-6, "weight_decay": 0.0},
    },
    "ASGD": dict.fromkeys(("document", "torch"), ASGD),
    "FTRL": {
        "document": FTRL,
        "keras": {**FTRL, "eta": 0.001, "smoothing": 0.0, "initial_accumulator": 0.1},
    },
    "OptimisticGradient": {
        key: {"eta": 1e-3, "alpha": 1.0, "optimism": 1.0} for key in ("document", "optax")
    },
    "AdaBound": {"document": {**ADAM, "final_rate": 0.1, "narrowing": 1e-3}},
    "LaProp": {"document": {**ADAM, "eta": 4e-4, "epsilon": 1e-15}},
    "ACProp": {key: {**ADAM, "epsilon": 1e-16} for key in ("document", "optax")},
    "ScheduleFreeSGD": {"document": FREE, "optax": FREE},
    "ScheduleFreeAdamW": {
        key: {**ADAM, "eta": 0.0025, "weight_decay": 0.0} for key in ("document", "keras", "optax")
    },
}
NOVO = {"eta": 0.01, "beta1": 0.95, "beta2": 0.98, "epsilon": 1e-8, "weight_decay": 0.0}
DISTANCE = {"d0": 1e-6, "coefficient": 1.0, "weight_decay": 0.0}
DEFAULTS |= {
    "NovoGrad": {
        "document": NOVO,
        "optax": {**NOVO, "eta": 1e-3, "beta1": 0.9, "beta2": 0.25, "epsilon": 1e-6},
    },
    "DoG": {k: {"eta": 1.0, "reach": 1e-6, "epsilon": 1e-8} for k in ("document", "optax")},
    "DoWG": {key: {"eta": 1.0, "epsilon": 1e-4} for key in ("document", "optax")},
    "Prodigy": {
        "document": {**ADAM, **DISTANCE, "eta": 1.0},
        "optax": {**ADAM, **DISTANCE, "eta": 1.0},
    },
}
FACTORED = {
    "eta": 0.01, "epsilon": 1e-30, "epsilon2": 1e-3, "limit": 1.0, "exponent": 0.8,
    "weight_decay": 0.0,
}  # fmt: skip
DEFAULTS["DAdaptAdamW"] = {
    key: {**ADAM, "eta": 1.0, "d0": 1e-6, "weight_decay": 0.0} for key in ("document", "optax")
}
POLYAK = {
    "eta": 1.0, "coefficient": 0.5, "least": 0.0, "largest": 1.0, "epsilon": 0.0, "negligible": 0.0,
}  # fmt: skip
DEFAULTS["PolyakSGD"] = {
    "document": POLYAK,
    "optax": {**POLYAK, "coefficient": 1.0, "negligible": float(np.finfo(float).eps)},
}
DEFAULTS["Adafactor"] = {
    "document": FACTORED,
    "torch": {**FACTORED, "epsilon": float(np.finfo(float).eps)},
    "keras": {**FACTORED, "eta": 0.001},
    "optax": {**FACTORED, "eta": 0.001},
}
MUON = {**ADAM, "beta": 0.95, "epsilon2": 1e-8, "weight_decay": 0.0, "adam_ratio": 1.0}
DEFAULTS["Muon"] = {
    "document": {
        **MUON, "eta": 0.02, "beta2": 0.95, "epsilon": 1e-10, "epsilon2": 1e-7, "adam_ratio": 0.015,
    },
    "keras": {**MUON, "epsilon": 1e-7, "epsilon2": 1e-7, "weight_decay": 0.004},
    "optax": MUON,
}  # fmt: skip
DEFAULTS["AdagradRMSProp"] = {"document": {"eta": 1.0, "rho": 0.9, "smoothing": 1.0}}
DEFAULTS["AdaGradWindow"] = {"document": {"eta": 0.001, "epsilon": 0.1}}
MADGRAD = {"eta": 0.01, "momentum": 0.9, "epsilon": 1e-6}
DEFAULTS["MADGRAD"] = {"document": MADGRAD, "optax": {**MADGRAD, "eta": 0.001}}
DEFAULTS["OptimisticAdam"] = {
    key: {**ADAM, "alpha": 1.0, "optimism": 1.0} for key in ("document", "optax")
}
DEFAULTS["SimplifiedAdEMAMix"] = {
    key: {**ADAM, "beta1": 0.99, "beta2": 0.95, "alpha": 0.0} for key in ("document", "optax")
}
DEFAULTS["COCOB"] = {
    key: {"eta": 1.0, "alpha": 100.0, "epsilon": 1e-8, "weight_decay": 0.0}
    for key in ("document", "optax")
}
MODEL = {"least": 0.0, "negligible": 0.0, "weight_decay": 0.0}
DEFAULTS["MoMo"] = {
    "document": {"eta": 1.0, "beta": 0.9, **MODEL},
    "optax": {"eta": 1.0, "beta": 0.9, **MODEL, "negligible": float(np.finfo(float).eps)},
}
DEFAULTS["MoMoAdam"] = {
    "document": {**ADAM, "eta": 0.01, **MODEL},
    "optax": {**ADAM, "eta": 0.01, **MODEL, "negligible": float(np.finfo(float).eps)},
}
DEFAULTS["ScheduleFreeRAdam"] = {"document": {**ADAM, "eta": 0.0025, "weight_decay": 0.0}}
DEFAULTS["MARS"] = {
    "document": {**ADAM, "eta": 0.003, "beta1": 0.95, "beta2": 0.99, "coefficient": 0.025}
}
DEFAULTS["AdaGradDA"] = {
    "document": {"eta": 0.001, "l1": 0.0, "l2": 0.0, "initial_accumulator": 0.1}
}
DEFAULTS["CautiousAdamW"] = {"document": DEFAULTS["AdamW"]["document"]}
DEFAULTS["CautiousLion"] = {"document": {**DEFAULTS["Lion"]["document"], "weight_decay": 0.0}}
DEFAULTS["Nesterov"] = DEFAULTS["Momentum"]


def test_defaults_are_each_frameworks_own():
    assert {
        name: {each: ALL[name](convention=each).settings for n, each in OFFERED if n == name}
        for name in ALL
    } == DEFAULTS


@pytest.mark.parametrize("name", FURTHER)
def test_docstrings_say_what_they_should(name):
    text = FURTHER[name].__doc__
    for section in (".. math::", "Parameters", "Returns", "Raises", "References", ">>>", "default"):
        assert section in text


@pytest.mark.parametrize("name", ALL)
def test_formulas_in_docstrings_are_one_block(name):
    """Whose first line is indented as the others are: else it is a quotation in the formula."""
    text = inspect.getdoc(ALL[name])
    block = re.search(r"\.\. math::\n((?: {4}.*\n)+)", text)[1]
    assert not block.startswith(" " * 5)
    assert block.count("&") or block.count("\n") == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: simopt.DoWG(epsilon=0.0), "epsilon=0.0: must be a finite number > 0"),
        (lambda: simopt.DoWG().replace(epsilon=0), "epsilon=0: must be a finite number > 0"),
        (lambda: simopt.DoWG(epsilon=[1e-4, 0.0]), "epsilon=0.0: must be a finite number > 0"),
        (lambda: simopt.DoG(reach=0.0), "reach=0.0: must be a finite number > 0"),
        (
            lambda: simopt.PolyakSGD(coefficient=0.0),
            "coefficient=0.0: must be a finite number > 0",
        ),
        (
            lambda: simopt.AdaBound(follows="compounding", epsilon_root=0.1),
            "follows='compounding': must be 'schedule' where epsilon_root is given",
        ),
    ],
)
def test_what_has_no_first_step_is_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()
    assert simopt.Adam(epsilon=0.0).settings["epsilon"] == 0.0


def test_all_rules_are_the_documents_and_the_further_ones():
    assert [*ALL] == [*OPTIMIZERS, *FURTHER]
    assert all(getattr(simopt, name) is make for name, make in ALL.items())
    assert all(make().name == name for name, make in ALL.items())


# --- switches -------------------------------------------------------------------------------------

FORMS = ("coupled", "decoupled", "clipped", "stepped", "fixed")
#: What else has to be set for a switch to matter. Where the rate stands, it matters to a schedule.
NEEDS = {
    ("RMSprop", "rate_place"): {"momentum": 0.8},
    ("RMSprop", "nesterov"): {"momentum": 0.8},
    ("Momentum", "damps_first"): {"dampening": 0.5},
    ("AMSGrad", "maximum"): {"bias_correction": True},
    ("AMSGrad", "epsilon_place"): {"bias_correction": True},
    ("AdaGrad", "zero_guard"): {"epsilon": 0.0, "initial_accumulator": 0.0},
    ("AdaGrad", "includes_gradient"): {"zero_guard": False, "initial_accumulator": 1.0},
    ("LARS", "adapts"): {"weight_decay": 0.0},
    ("LARS", "denominator"): {"weight_decay": 0.5},
    ("LAMB", "adapts"): {"weight_decay": 0.0},
    ("LAMB", "decay_place"): {"weight_decay": 0.5},
    ("ScheduleFreeAdamW", "decay_place"): {"weight_decay": 0.5},
    ("FTRL", "l2_counts"): {"l2": 0.5},
    ("ASGD", "rate_of"): {"lambd": 0.1},
    ("Adafactor", "decay_place"): {"weight_decay": 0.5},
    ("PolyakSGD", "gap"): {"least": 2.0},
    ("MoMo", "decay_place"): {"weight_decay": 0.5},
    ("MoMoAdam", "decay_place"): {"weight_decay": 0.5},
}
SWITCHES = [
    (name, convention, switch)
    for name, convention in OFFERED
    for switch in (*ALL[name]().made_by.switches, "decay")
    # What counts by the rate differs while the rate rises: test_what_a_step_counts.
    if switch not in ("threshold_included", "clipping", "counts")
    # A rate that is small is the rate either way: test_a_large_rate_of_adafactor.
    and switch != "relative_step"
    # Of one weight LAMB's step has the length of the weight, whatever the corrections.
    and (name, switch) != ("LAMB", "bias_correction")
    and (name, switch) != ("AdamW", "decay")
    and not (switch == "decay" and ALL[name]().made_by.own_decay)
    # Of small rates the rate is what bounds MoMo-Adam's step: tests/test_across_weights.py.
    and (name, switch) != ("MoMoAdam", "bound")
    # To and fro optax' Rprop makes no steps.
    and (name, convention, switch) != ("Rprop", "optax", "decay")
    # These matter to matrices: tests/test_muon.py.
    and not (name == "Muon" and switch in ("nesterov", "bias_correction", "scale"))
    # A momentum that warms up has no such choice.
    and not (switch in ("corrected_for", "fades_square") and convention in ("torch", "keras"))
]
SHRINKING = [0.05 * 0.9**t for t in range(UPDATES)]


def scheduled(optimizer, gradients, w=3.0):
    stepper = Stepper(optimizer, [w])
    for g, eta in zip(gradients, SHRINKING, strict=True):
        stepper.step([g], eta, f.loss_of(g))
    return stepper.weights[0]


@pytest.mark.parametrize(("name", "convention", "switch"), SWITCHES)
def test_no_switch_is_dead(name, convention, switch):
    allowed = FORMS if switch == "decay" else ALL[name]().made_by.switches[switch]
    if (name, switch) == ("SGD", "decay"):
        allowed = FORMS[1:]  # without a state coupled and decoupled are the same
    # Large enough to clip at the first rates, and to turn a sign.
    besides = {"weight_decay": 21.0} if switch == "decay" else NEEDS.get((name, switch), {})
    if "epsilon" in ALL[name]().settings:
        besides = {"epsilon": 0.1, **besides}
    gradients = FIXED["a zero first, then rare" if switch == "zero_guard" else "alternating"]
    ends = [
        scheduled(ALL[name](convention=convention, **{switch: value}, **besides), gradients)
        for value in allowed
    ]
    assert len({round(end, 9) for end in ends}) == len(allowed), ends


@pytest.mark.parametrize("relative", [True, False])
def test_a_large_rate_of_adafactor(relative):
    optimizer = simopt.Adafactor(eta=0.5, decay_place="scaled", relative_step=relative)
    meet("Adafactor", optimizer, f.adafactor_transformers(relative), FIXED["alternating"])
    first = np.diff([3.0, *ours(optimizer, [1.0] * 9)])
    np.testing.assert_allclose(abs(first[0]), 1.5)
    assert (len(set(abs(first / np.r_[3.0, 3.0 + np.cumsum(first)[:-1]]).round(9))) == 1) == (
        not relative
    )


def test_optax_steps_of_acprop_are_shorter_by_beta1():
    """A gradient is nearer to a mean that it has entered, by that factor: the spread is less."""
    gradients = np.random.default_rng(8).normal(size=30)
    steps = [
        np.diff(ours(simopt.ACProp(beta1=0.7, epsilon=0.0, convention=each), gradients))
        for each in ("document", "optax")
    ]
    np.testing.assert_allclose(steps[1], 0.7 * steps[0], rtol=1e-9)


@pytest.mark.parametrize("name", ["ScheduleFreeSGD", "ScheduleFreeAdamW"])
def test_what_a_step_counts(name):
    """With a rising rate the square of the largest so far, as the packages sum it; once 0."""
    rates = [0.0, 0.0, 0.01, 0.04, 0.02, 0.05] + 6 * [0.03]
    optimizer, plain = ALL[name](eta=0.05), ALL[name](eta=0.05, counts="equal")
    stepper, other = Stepper(optimizer, [3.0]), Stepper(plain, [3.0])
    zs, squares, largest = [], [], 0.0
    for g, eta in zip(FIXED["alternating"], rates, strict=False):
        largest = max(largest, eta)
        stepper.step([g], eta)
        other.step([g], eta)
        zs.append(stepper.state[0][0])
        squares.append(largest**2)
        x = np.average(zs, weights=squares) if largest else 3.0
        assert stepper.shown[0] == pytest.approx(x, rel=1e-14)
        assert stepper.weights[0] == pytest.approx(0.1 * zs[-1] + 0.9 * x, rel=1e-14)
        assert other.shown[0] == pytest.approx(np.mean(zs), rel=1e-14)
    assert abs(stepper.shown[0] - other.shown[0]) > 1e-3


def test_the_root_of_a_variance_that_rounding_made_negative_is_nan():
    centered = simopt.RMSprop(rho=0.6, centered=True, bias_correction=True, convention="torch")
    stepper = Stepper(centered, [3.0])
    stepper.step([0.1])
    assert np.isnan([*stepper.weights, *stepper.state[0]]).all()
    problem = simopt.problems.least_squares([[0.5]], [0.0], w0=0.2)  # its first gradient is 0.1
    assert math.isnan(simopt.run(problem, centered, epochs=2).summary["w"])
    assert math.isnan(simopt.sweep(problem, centered, epochs=2, divergence=None)["w"][0])


def test_the_threshold_itself():
    bias1 = bias2 = 0.0
    for _ in range(7):
        bias1, bias2 = bias_corrections(bias1, bias2, 0.9, 0.99)
    reached, _ = lengths(7.0, bias2, 0.99)
    given = {"beta2": 0.99, "threshold": reached, "eta": 0.1}
    passed, included = (
        ours(simopt.RAdam(threshold_included=value, **given), [1.0] * 8) for value in (False, True)
    )
    assert passed[:6] == included[:6]
    assert passed[6] == pytest.approx(passed[5] - 0.1)
    assert included[6] > passed[6]


# --- values ---------------------------------------------------------------------------------------

REFUSED = {
    "epsilon_place='inside'": lambda: simopt.Adam(epsilon_root=1e-8),
    "epsilon_place='hat'": lambda: simopt.Adam(epsilon_root=1e-8, convention="keras"),
    "bias_correction=False": lambda: simopt.Adam(
        epsilon_root=1e-8, convention="optax", bias_correction=False
    ),
    "epsilon_place='within'": lambda: simopt.NAdam(epsilon_place="within"),
    "corrected_for='current'": lambda: simopt.NAdam(convention="torch", corrected_for="current"),
    "fades_square=True": lambda: simopt.NAdam(fades_square=True, convention="keras"),
    "zero_guard=True": lambda: simopt.AdaGrad(zero_guard=True, includes_gradient=False),
    "epsilon_place='hat': must be one of 'inside', 'outside', 'decayed'": lambda: simopt.Adamax(
        epsilon_place="hat"
    ),
    "bias_correction='yes'": lambda: simopt.AMSGrad(bias_correction="yes"),
    "maximum='v'": lambda: simopt.AMSGrad(maximum="v"),
    "decay='coupled'": lambda: simopt.SGD(decay="coupled"),
    "decay='l2'": lambda: simopt.SGD(weight_decay=0.1, decay="l2"),
    "weight_decay=-0.1": lambda: simopt.Lion(weight_decay=-0.1),
    "dampening=1.5": lambda: simopt.Momentum(dampening=1.5),
    "momentum_decay=-1": lambda: simopt.NAdam(momentum_decay=-1),
    "threshold=3.9": lambda: simopt.RAdam(threshold=3.9),
    "convention='theano'": lambda: simopt.Adam(convention="theano"),
    "convention='torch': must be one of 'document', 'keras', 'optax', ": lambda: simopt.Lion(
        convention="torch"
    ),
    "convention='keras'": lambda: simopt.RAdam(convention="keras"),
    "convention='sklearn'": lambda: simopt.RMSprop(convention=["torch", "sklearn"]),
    "convention=[]": lambda: simopt.Adam(convention=[]),
    "SignSGD setting='beta'": lambda: simopt.SignSGD().replace(beta=0.9),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_a_convention_does_not_have_is_refused(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)


def test_an_optimizer_shows_its_convention_and_its_switches():
    assert repr(simopt.NAdam(convention="torch")) == (
        "NAdam(eta=0.002, beta1=0.9, beta2=0.999, epsilon=1e-08, momentum_decay=0.004, "
        "convention='torch')"
    )
    assert repr(simopt.AMSGrad(maximum="corrected", bias_correction=True)) == (
        "AMSGrad(eta=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, bias_correction=True, "
        "maximum='corrected')"
    )
    assert repr(simopt.SignSGD(eta=0.1)) == "SignSGD(eta=0.1)"
    assert repr(simopt.Adamax(eta=0.1, convention=("torch", "keras"))) == (
        "Adamax(eta=0.1, convention=['torch', 'keras'])"
    )


def test_a_switch_set_as_the_convention_has_it_is_none():
    assert simopt.AMSGrad(convention="torch", maximum="raw") == simopt.AMSGrad(convention="torch")
    assert simopt.AMSGrad(convention="torch", maximum="raw").switches == ()
    assert simopt.AMSGrad(convention="torch", maximum="corrected").switches == (
        ("maximum", "corrected"),
    )


@pytest.mark.parametrize(("name", "convention"), OFFERED)
def test_another_convention_brings_its_own_defaults(name, convention):
    moved = ALL[name](eta=0.3).replace(convention=convention)
    assert moved == ALL[name](eta=0.3, convention=convention)
    assert moved.settings == DEFAULTS[name][convention] | {"eta": 0.3}
    assert moved.replace(convention="document") == ALL[name](eta=0.3)


def test_several_conventions_are_variants():
    several = simopt.NAdam(eta=[0.1, 0.2], convention=["optax", "keras"])
    assert several.variants == (
        simopt.NAdam(eta=[0.1, 0.2], convention="optax"),
        simopt.NAdam(eta=[0.1, 0.2], convention="keras"),
    )
    assert several.replace(eta=0.3).variants[1] == simopt.NAdam(eta=0.3, convention="keras")
    alone = simopt.NAdam(convention=["keras"])
    assert alone == simopt.NAdam(convention="keras")
    assert alone.variants == (alone,)
    with pytest.raises(ValueError, match=r"^convention="):
        Stepper(simopt.NAdam(convention=["optax", "keras"]), [1.0])


# --- rules that contain others (Choi et al. 2019) -------------------------------------------------


def walk(optimizer, rate=None):
    """40 updates on the four points, one at a time; ``rate`` takes the update, from 1."""
    stepper, seen = Stepper(optimizer, [3.0]), []
    for t in range(1, 41):
        gradient = FOUR.gradient(stepper.weights, [(t - 1) % 4])
        stepper.step(gradient.tolist(), None if rate is None else rate(t))
        seen.append(stepper.weights[0])
    return np.array(seen)


def apart(a, b):
    return float(np.abs(a - b).max())


MOMENTUM = walk(simopt.Momentum(eta=0.01))
EPSILONS = (1e4, 1e6, 1e8)


def assert_slope(distances, slope=-1):
    """As epsilon grows a hundredfold, the distance falls by as much."""
    found = np.diff(np.log(distances)) / math.log(100)
    np.testing.assert_allclose(found, slope, atol=0.005)


def test_adam_becomes_momentum():
    def distance(epsilon):
        adam = simopt.Adam(epsilon=epsilon, convention="torch")
        rate = 0.01 * epsilon / (1 - 0.9)
        return apart(walk(adam, lambda t: rate * (1 - 0.9**t)), MOMENTUM)

    assert_slope([distance(epsilon) for epsilon in EPSILONS])
    # Without the factor it is momentum with a rate that warms up.
    adam = simopt.Adam(eta=0.01 * 1e8 / (1 - 0.9), epsilon=1e8, convention="torch")
    warmed = walk(simopt.Momentum(), lambda t: 0.01 / (1 - 0.9**t))
    assert apart(walk(adam), warmed) < 1e-5
    assert apart(walk(adam), MOMENTUM) > 0.1


def test_rmsprop_with_momentum_becomes_momentum():
    def distance(epsilon):
        rate = 0.01 * math.sqrt(epsilon)
        return apart(walk(simopt.RMSprop(eta=rate, epsilon=epsilon, momentum=0.9)), MOMENTUM)

    assert_slope([distance(epsilon) for epsilon in (1e6, 1e8, 1e10)])


def test_nadam_becomes_nesterov():
    def distance(epsilon):
        rate = 0.01 * epsilon / (1 - 0.9)
        nadam = simopt.NAdam(eta=rate, epsilon=epsilon, bias_correction=False)
        return apart(walk(nadam), walk(simopt.Nesterov(eta=0.01)))

    assert_slope([distance(epsilon) for epsilon in EPSILONS])


def test_tensorflows_rmsprop_with_a_mean_that_never_fades_is_momentum():
    def unfading(w, g, eta, Eg2, keep=1.0, epsilon=0.0):
        return rmsprop(w, g, eta, Eg2, keep, epsilon)

    made = with_momentum(with_initial(simopt.rule(unfading), "Eg2"), "inside")
    ours = walk(made(eta=0.01, initial_accumulator=1.0, momentum=0.9))
    assert ours.tolist() == walk(simopt.Momentum(eta=0.01, convention="keras")).tolist()


#: Its first two gradients are 0, and so is the sum of their squares.
ZERO_FIRST = simopt.problems.least_squares([1.0, 2.0, 1.0, 3.0], [0.0, 0.0, 2.0, -1.0], w0=0.0)


@pytest.mark.interpreted
@pytest.mark.parametrize("place", ["inside", "outside"])
@pytest.mark.parametrize("more", [{}, {"lr_decay": 0.5}, {"weight_decay": 0.1}])
def test_no_step_while_the_sum_is_zero(place, more):
    """optax' AdaGrad without epsilon, from 0; unguarded 0 / 0 is nan."""
    nothing = {"epsilon": 0.0, "initial_accumulator": 0.0, "epsilon_place": place, **more}
    optimizer = simopt.AdaGrad(eta=0.5, convention="optax", **nothing)
    w = simopt.run(ZERO_FIRST, optimizer).steps["w"].tolist()
    rates = [0.5 / (1 + t * more.get("lr_decay", 0.0)) for t in range(4)]
    first = -4.0  # the slope at 0 of the third point
    assert w[:2] == [0.0, 0.0]
    assert w[2] == rates[2]
    second = 2 * 3.0 * (3.0 * w[2] + 1.0) + more.get("weight_decay", 0.0) * w[2]
    assert w[3] == pytest.approx(w[2] - rates[3] * second / math.hypot(first, second), rel=1e-14)
    assert simopt.sweep(ZERO_FIRST, optimizer)["w"].tolist() == w[3:]
    bare = optimizer.replace(zero_guard=False)
    assert math.isnan(simopt.run(ZERO_FIRST, bare).summary["w"])
    assert np.isnan(simopt.sweep(ZERO_FIRST, bare)["w"]).all()


def test_adam_with_a_mean_of_all_is_adagrad():
    def count(t):
        return (t + 1,)

    def mean_of_all(w, g, eta, v, t):
        v = v * (1 - 1 / t) + g * g / t
        return w - eta / math.sqrt(t) * g / math.sqrt(v), v

    ours = walk(simopt.rule(mean_of_all, clock=count)(eta=0.01))
    assert ours.tolist() == walk(simopt.AdaGrad(eta=0.01, epsilon=0.0)).tolist()


@pytest.mark.parametrize("epsilon", [1e-8, 0.1])
def test_adam_without_momentum_is_rmsprop(epsilon):
    adam = simopt.Adam(eta=0.01, beta1=0.0, epsilon=epsilon, convention="torch")
    corrected = simopt.RMSprop(
        eta=0.01, rho=0.999, epsilon=epsilon, bias_correction=True, convention="torch"
    )
    assert walk(adam).tolist() == walk(corrected).tolist()


def test_momentum_of_nothing_is_sgd():
    sgd = walk(simopt.SGD(eta=0.01)).tolist()
    assert walk(simopt.Momentum(eta=0.01, beta=0.0)).tolist() == sgd
    assert walk(simopt.Nesterov(eta=0.01, beta=0.0)).tolist() == sgd


@pytest.mark.parametrize("place", ["inside", "outside", "hat"])
def test_adam_without_memory_is_signsgd(place):
    adam = simopt.Adam(eta=0.01, beta1=0.0, beta2=0.0, epsilon=0.0, epsilon_place=place)
    assert walk(adam).tolist() == walk(simopt.SignSGD(eta=0.01)).tolist()


def test_lion_without_memory_is_signsgd():
    lion = simopt.Lion(eta=0.01, beta1=0.0, beta2=0.0)
    assert walk(lion).tolist() == walk(simopt.SignSGD(eta=0.01)).tolist()


def test_nadam_that_warms_up_at_once_is_optax():
    optax = walk(simopt.NAdam(eta=0.01, convention="optax"))
    at_once = simopt.NAdam(eta=0.01, momentum_decay=1e6, convention="torch")
    assert apart(walk(at_once), optax) < 4e-15
    # One that never warms up looks ahead with half the momentum that the buffer has.
    never = simopt.NAdam(eta=0.01, momentum_decay=0.0, convention="torch")
    assert apart(walk(never), optax) > 1e-3


def test_momentum_of_a_mean_is_heavy_ball_at_another_rate():
    def of_a_mean(w, g, eta, m, beta=0.9):
        m = beta * m + (1 - beta) * g
        return w - eta * m, m

    assert apart(walk(simopt.rule(of_a_mean)(eta=0.01 / (1 - 0.9))), MOMENTUM) < 2e-15
