"""A framework is one record: what it computes, and that everything else follows from it."""

import math
import pathlib
import re

import numpy as np
import pytest

import simopt
from simopt import conformance, schedules
from simopt.ground.formatting import number
from simopt.report.conventions import lookup, side_by_side, surprises
from simopt.rules import ALL, frameworks
from simopt.rules.family import DECAYS
from simopt.rules.framework import Call, Framework, Surprise
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.conformance.adapters.settings import named
from simopt.training.conformance.probing import DROP_AT, probe
from simopt.training.stepper import Stepper
from tests import recorded
from tests.sources import SOURCES, next_alpha, play

# --- recorded trajectories ------------------------------------------------------------------------

RECORDED = {name: recorded.recorded(name) for name in recorded.DRIVERS}
CALLS = [(name, call) for name in RECORDED for call in FRAMEWORKS[name].calls]

#: Whose bias corrections alone are in single precision.
TOLERANCE = {
    "mlx.optimizers.Adam(0.001, bias_correction=True)": 1e-6,
    "mlx.optimizers.Adafactor()": 1e-6,
    "mlx.optimizers.Adafactor("
    "0.001, beta_1=0.9, weight_decay=0.01, scale_parameter=False, relative_step=False)": 1e-6,
    "tensorflow.compat.v1.train.AdamOptimizer()": 1e-6,
    "paddle.optimizer.Adamax(parameters=params)": 1e-8,
    # Its betas are single, and their first powers are not.
    "paddle.optimizer.Lamb(parameters=params)": 1e-7,
    "paddle.optimizer.Lamb(lamb_weight_decay=0.0, parameters=params)": 1e-7,
    "paddle.optimizer.Lamb(lamb_weight_decay=0.0, always_adapt=True, parameters=params)": 1e-7,
    "timm.optim.LaProp(params)": 1e-8,
    "timm.optim.NvNovoGrad(params, weight_decay=0.01)": 1e-7,
    "timm.optim.LaProp(params, weight_decay=0.01)": 1e-8,
    "pytorch_optimizer.LaProp(params)": 1e-8,
    # PyTorch's own, whose product of momenta is of the default type.
    "pytorch_optimizer.NAdam(params)": 1e-8,
    "pytorch_optimizer.LaProp(params, weight_decay=0.01)": 1e-8,
    "pytorch_optimizer.QHAdam(params)": 1e-6,
    "pytorch_optimizer.QHAdam(params, betas=(0.995, 0.999), nus=(0.7, 1.0))": 1e-6,
}

#: Which keep hyperparameters in single precision.
KEPT_SINGLE = ("paddle", "tf1", "thinc", "tinygrad", "bitsandbytes", "onnx")

#: But for these.
DOUBLE = {
    ("tf1", "AdaGrad"): ("initial_accumulator",),
    ("tf1", "AdaGradDA"): ("initial_accumulator",),
    ("tf1", "FTRL"): ("initial_accumulator", "l2"),
    ("paddle", "SGD"): ("weight_decay",),
    ("paddle", "Rprop"): ("shrink", "grow", "smallest", "largest"),
    ("paddle", "Adam"): ("beta1", "beta2", "epsilon", "weight_decay"),
    ("paddle", "AMSGrad"): ("beta1", "beta2", "epsilon"),
    ("paddle", "AdamW"): ("beta1", "beta2", "epsilon"),
}


def as_kept(name, optimizer):
    """The optimizer with its hyperparameters as the package keeps them; the rate is played."""
    if name not in KEPT_SINGLE:
        return optimizer
    exact = ("eta", *DOUBLE.get((name, optimizer.name), ()))
    kept = {k: float(np.float32(v)) for k, v in optimizer.settings.items() if k not in exact}
    return optimizer.replace(**kept)


def clipped(gradient, clip):
    """The gradient as a call clips it unasked."""
    if "clip_value" in clip:
        return np.clip(gradient, -clip["clip_value"], clip["clip_value"])
    norm, bound = np.linalg.norm(gradient), clip.get("clip_norm", math.inf)
    return gradient * (bound / norm) if norm > bound else gradient


def played(optimizer, rates, clip):
    """simopt's weights at the recorded updates, with the rates that the package had."""
    tried = probe(True)
    stepper, weights = Stepper(optimizer, tried.start.tolist()), []
    for update, gradient in enumerate(tried.gradients, 1):
        stepper.step(clipped(gradient, clip).tolist(), rates[update > DROP_AT])
        weights.append(list(stepper.weights))
    return np.array([weights[look - 1] for look in recorded.LOOKS])


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[call.call for _, call in CALLS])
def test_a_call_is_what_the_package_computed(name, call):
    theirs = RECORDED[name]["calls"][call.call]
    optimizer = lookup.optimizer(call, FRAMEWORKS[name])
    assert theirs["rates"][0] == pytest.approx(optimizer.settings["eta"], rel=1e-7)
    ours = played(as_kept(name, optimizer), theirs["rates"], call.clip)
    expected = np.array(theirs["weights"])
    bound = np.full((len(expected), 1), TOLERANCE.get(call.call, 1e-12))
    if name in recorded.SINGLE or call.call in recorded.SINGLE:
        bound = recorded.rounding(len(expected))
    atol = bound * np.maximum(1, np.abs(expected).max(axis=0))
    # The probe has grown since the packages were recorded: weights are independent of one another.
    assert (np.abs(ours[:, : expected.shape[1]] - expected) <= atol).all()


@pytest.mark.parametrize("name", RECORDED)
def test_recordings_are_of_the_version_that_the_record_names(name):
    assert RECORDED[name]["version"] == FRAMEWORKS[name].version
    assert set(RECORDED[name]["calls"]) == {call.call for call in FRAMEWORKS[name].calls}
    # Every rule of the record is among the calls.
    assert {call.rule for call in FRAMEWORKS[name].calls} == set(FRAMEWORKS[name].rules)


# --- packages that are not run --------------------------------------------------------------------

READ = [(name, call) for name in SOURCES for call in FRAMEWORKS[name].calls]


@pytest.mark.parametrize(("name", "call"), READ, ids=[call.call for _, call in READ])
def test_a_call_is_what_the_source_says(name, call):
    tried = probe(True)
    optimizer = lookup.optimizer(call, FRAMEWORKS[name])
    rates = optimizer.settings["eta"] * tried.factors
    if name == "spark":
        rates = rates * schedules.inverse_sqrt().rates(1.0, len(rates))
    stepper, ours = Stepper(optimizer, tried.start.tolist()), []
    for gradient, eta in zip(tried.gradients, rates, strict=True):
        stepper.step(clipped(gradient, call.clip).tolist(), eta)
        ours.append(list(stepper.weights))
    theirs = np.array(play(SOURCES[name][call.call], tried.start, tried.gradients, rates))
    assert (np.abs(ours - theirs) <= 1e-12 * np.maximum(1, np.abs(theirs).max(axis=0))).all()


def test_gensims_rate_falls_as_its_source_says():
    """Job by job, of 5 epochs with 4 jobs each."""
    jobs = [next_alpha(0.025, 0.0001, (k // 4 + k % 4 / 4) / 5) for k in range(21)]
    ours = schedules.linear(20, floor=0.0001).rates(0.025, 21)
    np.testing.assert_allclose(ours, jobs, rtol=1e-14)
    (surprise,) = FRAMEWORKS["gensim"].surprises
    last = next_alpha(0.025, 0.0001, (4 + 1 / 2) / 5)
    assert f"has a rate of {number(last)}, not" in surprises.measured(surprise).size


def test_every_framework_is_recorded_read_or_run_by_the_peers():
    read = {name for name, framework in FRAMEWORKS.items() if not framework.played}
    assert read == set(SOURCES)
    assert set(FRAMEWORKS) - read - set(recorded.DRIVERS) == {
        "document", "torch", "keras", "optax", "sklearn",
    }  # fmt: skip
    for name, calls in SOURCES.items():
        assert set(calls) == {call.call for call in FRAMEWORKS[name].calls}
        assert {call.rule for call in FRAMEWORKS[name].calls} >= set(FRAMEWORKS[name].rules)


def after_warmup(warmup, schedule):
    """transformers' warm-ups use a rate of 0 first."""
    return schedules.sequential([schedules.linear_warmup(0.0), schedule], [warmup])


#: Schedules of transformers, whose inverse square root counts from 0 and begins at eta.
SCHEDULES = {
    "inverse_sqrt": schedules.inverse_time(every=7, power=0.5),
    "inverse_sqrt after a warm-up": after_warmup(5, schedules.inverse_time(every=5, power=0.5)),
    "inverse_sqrt of another scale": after_warmup(5, schedules.inverse_time(every=12, power=0.5)),
    "warmup_stable_decay": schedules.warmup_stable_decay(
        4, 9, recorded.TOTAL, start_factor=0.1, floor_factor=0.1
    ),
    "warmup_stable_decay, linear": schedules.warmup_stable_decay(4, 9, 19, shape="linear"),
    "warmup_stable_decay, 1-sqrt": schedules.warmup_stable_decay(4, 9, 19, shape="1-sqrt"),
    "polynomial": after_warmup(3, schedules.polynomial(recorded.TOTAL - 3, power=0.7, floor=1e-7)),
}


@pytest.mark.parametrize(
    ("name", "schedule"),
    [(name, each) for name in RECORDED for each in RECORDED[name]["schedules"]],
)
def test_schedules_are_what_the_package_computed(name, schedule):
    if schedule in SCHEDULES:
        ours = SCHEDULES[schedule].rates(0.1, recorded.SCHEDULED)
        theirs = RECORDED[name]["schedules"][schedule]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14)
        return
    total = {"cosine": recorded.TOTAL, "one_cycle": recorded.SCHEDULED}[schedule]
    more = {"end_factor": 1e-5} if schedule == "one_cycle" else {}
    ours = getattr(schedules, schedule)(total=total, convention=name, **more)
    theirs = RECORDED[name]["schedules"][schedule]
    bound = 1e-8 if name == "mlx" else 1e-14  # MLX computes its schedules in single precision
    np.testing.assert_allclose(ours.rates(0.1, recorded.SCHEDULED), theirs, rtol=0, atol=bound)
    assert schedule in FRAMEWORKS[name].schedules


# --- the records ----------------------------------------------------------------------------------


def test_every_file_is_a_convention():
    folder = pathlib.Path(frameworks.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert names == set(FRAMEWORKS)
    assert [*FRAMEWORKS][:5] == ["document", "torch", "keras", "optax", "sklearn"]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_record_fits_the_rules(name):
    framework = FRAMEWORKS[name]
    for rule in framework.rules:
        optimizer = ALL[rule](convention=name)
        assert optimizer.convention == name
        assert not optimizer.switches
    assert framework.decay in DECAYS
    for call in framework.calls:
        assert eval(lookup.here(call, framework), {"simopt": simopt}) == lookup.optimizer(
            call, framework
        )
    named = {call.call.partition("(")[0] for call in framework.calls}
    assert not named & set(framework.left_out)
    assert all(framework.left_out.values())
    for setting in framework.arguments:
        assert setting in lookup.SETTINGS
    if name != "document":
        release = r"[\w-]+ \d+\.\d+\.\d+"
        read = r"[\w.-]+ (\d+(\.\d+)+[\w.-]*( \([0-9a-f]{8}\))?|[0-9a-f]{8})"
        assert re.fullmatch(release if framework.played else read, framework.version)


# --- a framework more -----------------------------------------------------------------------------


def first_step(measure, theirs, plain):
    steps = [measure.moves(each, 1.0)[0] for each in (theirs, plain)]
    return f"{steps[0]:.2f} η in place of {steps[1]:.2f} η."


ACME = Framework(
    key="acme",
    name="Acme",
    version="acme 1.0.0",
    decay="decoupled",
    clip_slack=0.5,
    rules={
        "SGD": {"eta": 0.03},
        "Momentum": {"rate_place": "inside", "beta": 0.8},
        "RMSprop": {"epsilon_place": "outside", "momentum": 0.7, "initial_accumulator": 0.25},
    },
    arguments={"eta": "speed", "rho": {"RMSProp": "fade", "": "rho"}, "clip_norm": "bound"},
    calls=(
        Call("acme.Sgd()", "SGD"),
        Call("acme.RMSProp(centered=True)", "RMSprop", {"centered": True}, "about the mean"),
    ),
    left_out={"acme.Newton": "asks for a Hessian", "all others": "few"},
    schedules={"cosine": "stays"},
    surprises=(
        Surprise(
            "Acme starts at a quarter",
            5,
            (("RMSprop", {"convention": "acme"}), ("RMSprop", {})),
            first_step,
        ),
    ),
)


@pytest.fixture
def acme(monkeypatch):
    monkeypatch.setitem(FRAMEWORKS, "acme", ACME)
    surprises.surprises.cache_clear()
    yield ACME
    surprises.surprises.cache_clear()


FOUR = simopt.problems.four_points()


@pytest.mark.usefixtures("acme")
def test_one_record_makes_a_convention_of_every_rule_it_names():
    optimizer = simopt.RMSprop(convention="acme")
    assert optimizer.settings == {
        "eta": 0.001, "rho": 0.9, "epsilon": 1e-8, "initial_accumulator": 0.25, "momentum": 0.7,
    }  # fmt: skip
    assert repr(simopt.SGD(convention="acme")) == "SGD(eta=0.03, convention='acme')"
    decayed = simopt.Momentum(convention="acme", weight_decay=0.1, eta=0.1)
    assert (
        decayed.rule
        is simopt.Momentum(rate_place="inside", weight_decay=0.1, decay="decoupled").rule
    )
    with pytest.raises(ValueError, match="there is no Adam in it"):
        simopt.Adam(convention="acme")


@pytest.mark.interpreted
@pytest.mark.usefixtures("acme")
def test_it_runs_and_sweeps_as_an_axis():
    conventions = ["document", "acme", "torch"]
    frame = simopt.sweep(
        FOUR, simopt.RMSprop(convention=conventions, eta=[0.01, 0.1]), clip_norm=4.0
    )
    assert frame["convention"].tolist() == ["document"] * 2 + ["acme"] * 2 + ["torch"] * 2
    for row in frame.to_dict("records"):
        optimizer = simopt.RMSprop(convention=row["convention"], eta=row["eta"])
        traced = simopt.run(FOUR, optimizer, clip_norm=4.0)
        assert row["w"] == pytest.approx(traced.summary["w"], rel=1e-13)
    clipped = simopt.run(FOUR, simopt.SGD(convention="acme"), clip_norm=4.0).steps["clipped"][0]
    assert clipped == pytest.approx(-16 * 4 / 16.5, rel=1e-15)


@pytest.mark.usefixtures("acme")
def test_conformance_recognises_it():
    def theirs(w, g, state, factor):
        v = 0.8 * (0.0 if state is None else state) - 0.03 * factor * g
        return w + v, v

    table = conformance.check(theirs, eta=0.03)
    equal = table[table["equal"]]
    assert list(zip(equal["optimizer"], equal["convention"], strict=True)) == [("Momentum", "acme")]
    assert named("acme", {"speed": 0.1, "fade": 0.9}) == {"eta": 0.1, "rho": 0.9}


@pytest.mark.usefixtures("acme")
def test_the_page_looks_it_up():
    acme = next(each for each in lookup.call_tables() if each["name"] == "Acme")
    # Code may break behind a bracket.
    table = acme["table"].replace("<wbr>", "")
    assert acme["left_out"] == (
        '<span class="left"><span class="name"><code>acme.Newton</code></span> (asks for a Hessian)'
        '</span>; <span class="left"><span class="name">all others</span> (few)</span>'
    )
    assert "acme.RMSProp(centered=True)" in table
    assert "simopt.RMSprop(centered=True, convention=&#34;acme&#34;)" in table
    translation = lookup.translation_table().replace("<wbr>", "")
    assert "<code>fade (RMSProp), rho</code>" in translation
    groups = side_by_side.alike(side_by_side.variants("Momentum"))
    assert (["acme"], simopt.Momentum(convention="acme")) in groups
    assert "Acme" in side_by_side.rule_table("Momentum", groups, [])
    assert "Acme" in side_by_side.clip_table()
    assert "Acme" in side_by_side.decay_table()
    first = surprises.surprises()[0]
    assert first.title == "Acme starts at a quarter"
    assert first.size == "1.75 η in place of 3.16 η."
    assert schedules.cosine(total=4, convention="acme").rates(0.1, 6)[-1] == 0
    with pytest.raises(ValueError, match="^convention='acme'"):
        schedules.one_cycle(convention="acme")


def test_a_record_with_a_setting_that_no_rule_has_is_refused(monkeypatch):
    wrong = Framework(key="wrong", name="Wrong", rules={"SGD": {"beta": 0.9}})
    monkeypatch.setitem(FRAMEWORKS, "wrong", wrong)
    with pytest.raises(ValueError, match="SGD setting='beta'"):
        simopt.SGD(convention="wrong")
