"""The pages on conventions and shuffles: formulas are the rules', numbers and orders simopt's."""

import json
import math
import re
from html import unescape
from importlib import resources
from xml.etree import ElementTree

import numpy as np
import pytest
from markupsafe import escape

import simopt
from simopt.display import templating
from simopt.ground.formatting import SMALL, number, percent
from simopt.report import pages, shuffles, sweeps
from simopt.report.conventions import (
    distances,
    lookup,
    mathml,
    measured,
    side_by_side,
    surprises,
)
from simopt.report.learning_rate.grid import SHUFFLED
from simopt.rules import ALL, formulas
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.stepper import Stepper
from tests import browser
from tests.formulas import loss_of
from tests.test_reporting import timeless

GRADIENTS = np.random.default_rng(0).normal(size=40) * np.geomspace(2, 0.2, 40)
OPTIONS = [
    ("SGD", {"weight_decay": 0.1}),
    ("Momentum", {"dampening": 0.3}),
    ("Momentum", {"weight_decay": 0.1}),
    ("Nesterov", {"weight_decay": 0.1}),
    ("AdaGrad", {"lr_decay": 0.1, "initial_accumulator": 0.3}),
    ("RMSprop", {"momentum": 0.8}),
    ("RMSprop", {"momentum": 0.8, "nesterov": True, "centered": True}),
    ("RMSprop", {"bias_correction": True, "initial_accumulator": 0.2}),
    ("RMSprop", {"bias_correction": True, "centered": True}),
    ("Adam", {"bias_correction": False}),
    (
        "Adam",
        {"epsilon_place": "outside", "epsilon_root": 0.2, "bias_correction": True},
    ),
    ("Adam", {"weight_decay": 0.1, "epsilon_place": "outside"}),
    ("AMSGrad", {"maximum": "corrected", "epsilon_place": "hat", "bias_correction": True}),
    ("NAdam", {"bias_correction": False}),
    ("NAdam", {"epsilon_place": "hat"}),
    ("RAdam", {"weight_decay": 0.1, "decay": "decoupled", "beta2": 0.9}),
    ("RAdam", {"counts_from": 2, "beta2": 0.9}),
    ("Rprop", {"step_of": "previous"}),
    ("Adadelta", {"weight_decay": 0.1, "decay": "decoupled"}),
    ("Lion", {"weight_decay": 0.1}),
    ("LARS", {"weight_decay": 0.2, "denominator": "norm of sum", "nesterov": True}),
    ("LARS", {"weight_decay": 0.0, "adapts": "decayed", "rate_place": "outside"}),
    ("LARS", {"rate_place": "outside", "nesterov": True}),
    ("LAMB", {"weight_decay": 0.2, "decay_place": "outside", "bias_correction": False}),
    ("LAMB", {"weight_decay": 0.0, "adapts": "decayed"}),
    ("LAMB", {"weight_decay": 0.2, "decay_place": "step", "adapts": "capped", "largest": 1.0}),
    ("LAMB", {"weight_decay": 0.2, "bias_correction": "rate", "largest": 0.5}),
    ("LAMB", {"weight_decay": 0.2, "bias_correction": "rate", "adapts": "capped"}),
    ("DoG", {"weight_decay": 0.2}),
    ("PolyakSGD", {"weight_decay": 0.2, "gap": "positive", "least": 0.1, "largest": 0.5}),
    ("PolyakSGD", {"norm_of": "scaled", "negligible": 1e-3, "largest": 0.5}),
    ("OptimisticAdam", {"nesterov": True, "weight_decay": 0.2}),
    ("OptimisticAdam", {"first_change": "whole"}),
    ("COCOB", {"weight_decay": 0.2, "alpha": 3.0}),
    ("ScheduleFreeRAdam", {"weight_decay": 0.2, "waits": False}),
    ("MARS", {"weight_decay": 0.2, "coefficient": 0.5}),
    ("AdaGradDA", {"l1": 0.2, "l2": 0.1}),
    ("MoMo", {"weight_decay": 0.2, "bound": "estimated", "decay_place": "before"}),
    ("MoMoAdam", {"weight_decay": 0.2, "bound": "estimated", "decay_place": "before"}),
    ("Prodigy", {"weight_decay": 0.2, "bias_correction": True, "d0": 0.1}),
    ("DAdaptAdamW", {"weight_decay": 0.2, "bias_correction": True, "d0": 0.1}),
    ("Adafactor", {"weight_decay": 0.2, "decay_place": "outside", "epsilon_place": "least"}),
    ("Adafactor", {"weight_decay": 0.2, "decay_place": "step", "limit": 0.5}),
    ("Adafactor", {"weight_decay": 0.2, "decay_place": "scaled", "momentum": 0.9}),
    ("Adafactor", {"weight_decay": 0.2, "decay_place": "fixed", "relative_step": False}),
    ("Adafactor", {"weight_decay": 0.2, "decay_place": "scaled", "scale_parameter": False}),
    ("CautiousAdamW", {"weight_decay": 0.2, "decay": "coupled"}),
]


def root(x):
    return math.sqrt(x) if x >= 0 else math.nan


def sign(x):
    return (x > 0) - (x < 0)


def itself(x):
    return x


#: Of one weight a norm is its size, a sum or a mean the number itself.
FUNCTIONS = {
    "sqrt": root, "sign": sign, "max": max, "min": min, "abs": abs, "norm": abs, "total": itself,
    "mean": itself,
}  # fmt: skip


def walked(optimizer):
    """The weight after each update, by the lines that the page sets."""
    lines = formulas.formula(optimizer)
    rule = optimizer.rule
    names = {"w": 1.5, **formulas.starts(optimizer), **optimizer.settings}
    names |= dict(zip(rule.state, rule.start(optimizer.settings, 1.5), strict=True))
    weights = []
    for t, g in enumerate(GRADIENTS.tolist(), start=1):
        names |= {"t": t, "g": g, "loss": loss_of(g)}
        for line in lines:
            exec(line, FUNCTIONS, names)
        weights.append(names["w"])
    return weights


def stepped(optimizer):
    stepper, weights = Stepper(optimizer, [1.5]), []
    for g in GRADIENTS.tolist():
        stepper.step([g], loss=loss_of(g))
        weights += stepper.weights
    return weights


@pytest.mark.parametrize("name", ALL)
def test_the_formulas_on_the_page_are_the_rules(name):
    for convention in measured.conventions(name):
        for epsilon in ({}, {"epsilon": 0.1}):
            given = epsilon if "epsilon" in ALL[name]().settings else {}
            optimizer = ALL[name](eta=0.05, convention=convention, **given)
            np.testing.assert_allclose(walked(optimizer), stepped(optimizer), rtol=1e-12)


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_the_formulas_of_the_switches_are_the_rules(name, options):
    for convention in measured.conventions(name):
        optimizer = ALL[name](eta=0.05, convention=convention, **options)
        np.testing.assert_allclose(walked(optimizer), stepped(optimizer), rtol=1e-12)


@pytest.mark.parametrize("name", ["Adam", "AMSGrad", "NAdam", "RAdam", "RMSprop", "AdaGrad"])
def test_wherever_epsilon_stands(name):
    (places,) = (v for k, v in ALL[name]().made_by.switches.items() if k == "epsilon_place")
    for place in places:
        optimizer = ALL[name](eta=0.05, epsilon=0.1, epsilon_place=place)
        np.testing.assert_allclose(walked(optimizer), stepped(optimizer), rtol=1e-12)


@pytest.fixture(scope="module")
def built(quick):
    """Both pages: module to (values, HTML)."""
    found = {}
    for name in ("conventions", "shuffles"):
        page = next(each for each in pages.PAGES if each.module == name)
        values = quick(name)
        found[name] = values, pages.render(page, values)
    return found


def visible(html):
    """The words of a page."""
    html = re.sub(r"<(script|style|svg).*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def cells(table):
    """The rows of a table's body."""
    body = table[table.index("<tbody>") :]
    rows = re.findall(r"<tr.*?</tr>", body, flags=re.S)
    return [[visible(cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", r)] for r in rows]


def at(frame, **wanted):
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    (row,) = frame.to_dict("records")
    return row


def test_formulas_are_set_as_mathematics():
    line = str(mathml.typeset("w = w - eta * m_hat / (sqrt(v) + beta1**t)"))
    assert ElementTree.fromstring(line).tag == "math"
    assert "<mo>←</mo>" in line
    assert "<msqrt><mi>v</mi></msqrt>" in line
    assert "<msubsup><mi>β</mi><mn>1</mn><mrow><mi>t</mi></mrow></msubsup>" in line
    assert "(" not in line, "a denominator needs no brackets"
    assert "<mo>=</mo>" in mathml.typeset("x = 2")
    assert mathml.typeset("w = w - (1 - rho) * g").count("(") == 1
    assert mathml.typeset("w = w - (a - b)").count("(") == 1
    assert mathml.typeset("w = w - a - b").count("(") == 0
    two = mathml.typeset("w = w - g if rho > 4 else w + g")
    assert two.count("<math") == 2
    assert two.count("otherwise") == 1


@pytest.mark.parametrize("line", ["w + 1", "w = lambda: 1", "w = '<b>'", "w = [1]"])
def test_what_is_no_formula_is_refused(line):
    with pytest.raises(ValueError, match="no formula"):
        mathml.typeset(line)


@pytest.mark.parametrize("name", ["conventions", "shuffles"])
def test_no_sentence_shows_a_hole(built, name):
    values, html = built[name]
    text = re.sub(r"<pre.*?</pre>", "", html, flags=re.S)
    for hole in (r"\bnan\b", r"\binf\b", "Series", r"\bdtype\b", r"np\.float", "<NA>", r"\{"):
        assert not re.search(hole, visible(text)), hole
    assert not re.search(r"\b(is|at|of|by) –", visible(text))
    assert all(finding.endswith(".") for finding in values["findings"])


@pytest.mark.parametrize("name", ["conventions", "shuffles"])
def test_two_builds_are_the_same(built, name):
    page = next(each for each in pages.PAGES if each.module == name)
    again = pages.render(page, pages.values(page, pages.Context(quick=True)))
    assert timeless(again) == timeless(built[name][1])


def test_every_rule_stands_in_every_convention(built):
    values, html = built["conventions"]
    assert [rule["name"] for rule in values["rules"]] == list(measured.CASES)
    for rule in values["rules"]:
        whose = " ".join(row[0] for row in cells(rule["table"]))
        for convention in measured.conventions(rule["name"]):
            assert FRAMEWORKS[convention].name in whose
        assert f'id="{rule["id"]}"' in html


def test_defaults_are_the_rules_and_what_differs_is_bold(built):
    values, _ = built["conventions"]
    table = next(rule["table"] for rule in values["rules"] if rule["name"] == "RMSprop")
    rows = {re.split(", | and ", row[0])[0]: row for row in cells(table)}
    assert rows["PyTorch"][3] == "η 0.01 ρ 0.99 ε 10⁻⁸"
    assert "<strong>ρ 0.99</strong>" in table
    assert "<strong>ρ 0.9</strong>" not in table
    assert rows["PyTorch"][2].startswith("ε outside the root, η 0.01 in place of 0.001")
    adagrad = next(rule["table"] for rule in values["rules"] if rule["name"] == "AdaGrad")
    starts = {row[0]: row[4] for row in cells(adagrad)}
    assert starts["document"] == "G = 0"
    assert starts["Keras"] == starts["optax"] == starts["TensorFlow 1"] == "G = 0.1"
    assert starts["JAX's examples"] == "b, G = 0"


def test_all_that_can_differ_has_words():
    for case in measured.CASES:
        optimizers = side_by_side.variants(case)
        document = optimizers["document"]
        for convention, optimizer in optimizers.items():
            same = formulas.identity(optimizer) == formulas.identity(document)
            told = side_by_side.differences(optimizer, document)
            assert bool(told) != same, (case, convention)


@pytest.mark.report
@pytest.mark.parametrize("problem", ["four points", "Hubble", "diabetes"])
@pytest.mark.parametrize(("case", "convention"), [("AdaGrad", "torch"), ("Adam", "keras")])
def test_distances_are_runs(problem, case, convention):
    """What the page measures with its own loop is what `simopt.run` does."""
    frame, _ = measured.measured()
    data = sweeps.settings()[problem].problem
    size = SHUFFLED[problem]
    epochs = math.ceil(100 / math.ceil(data.n / size))
    for what in (measured.OWN, measured.COMMON):
        ends = []
        for each in (convention, "document"):
            if what == measured.OWN:
                optimizer = measured.family(case, each)
            else:
                optimizer = measured.common(case, each, problem)
            steps = simopt.run(data, optimizer, batch_size=size, epochs=epochs).steps
            columns = [name for name in steps if name == "w" or name.startswith("w_")]
            ends.append(steps[columns].iloc[99].to_numpy())
        expected = np.linalg.norm(ends[0] - ends[1]) / np.linalg.norm(ends[1])
        row = at(frame, problem=problem, setting=what, case=case, convention=convention, update=100)
        assert row["weights"] == pytest.approx(expected, rel=1e-4)
        losses = [data.loss(end) for end in ends]
        assert row["loss"] == pytest.approx(measured.apart(*losses), rel=1e-3, abs=1e-15)


def test_the_common_setting_has_everybody_s_numbers():
    for case in measured.CASES:
        document = measured.common(case, "document", "diabetes").settings
        for convention in measured.conventions(case):
            theirs = measured.common(case, convention, "diabetes").settings
            for name in measured.SHARED:
                if name in theirs:
                    assert theirs[name] == document.get(name, 0.0), (case, convention, name)
    assert measured.common("Adam", "keras", "Hubble").settings["epsilon"] == 0.1


@pytest.mark.slow
def test_a_drop_of_the_rate_parts_inside_from_outside():
    frame, _ = measured.measured()
    drop = frame[(frame["setting"] == measured.DROPPED) & (frame["update"] == 20)]
    momentum = drop[drop["case"] == "Momentum"]
    assert (momentum[momentum["convention"].isin(("torch", "optax"))]["weights"] == 0).all()
    inside = momentum[momentum["convention"].isin(("keras", "sklearn"))]
    assert (inside["weights"] > 0.1).all()
    eta = measured.common("Momentum", "keras", "four points").settings["eta"]
    schedule = simopt.schedules.multi_step([measured.DROPPED_AT], measured.DROP)
    ends = [
        simopt.run(
            simopt.problems.four_points(),
            simopt.Momentum(eta=eta, convention=each),
            epochs=5,
            schedule=schedule,
        ).summary["w"]
        for each in ("keras", "document")
    ]
    expected = abs(ends[0] - ends[1]) / abs(ends[1])
    row = at(inside, problem="four points", convention="keras")
    assert row["weights"] == pytest.approx(expected, rel=1e-12)
    buffered = drop[(drop["case"] == measured.BUFFERED) & (drop["problem"] == "four points")]
    assert at(buffered, convention="optax")["weights"] > 0.01


def test_gradients_are_the_problems():
    for key, setting in sweeps.settings().items():
        data, size = setting.problem, SHUFFLED[key]
        w = np.linspace(1, 2, data.d).tolist()
        for k, gradient in enumerate(measured.gradients(data, size)):
            rows = np.arange(k * size, min((k + 1) * size, data.n))
            np.testing.assert_allclose(gradient(w), data.gradient(w, rows), rtol=1e-12)


def test_figures_and_tables_tell_the_same(built):
    values, _ = built["conventions"]
    frame, _ = measured.measured(quick=True)
    four = values["problems"][0]
    rows = {tuple(row[:2]): row[2:] for row in cells(four["weights"])}
    rows |= {(rule, re.split(", | and ", whose)[0]): row for (rule, whose), row in rows.items()}
    torch = at(
        frame, problem="four points", setting=measured.OWN, case="RMSprop", convention="torch",
        update=measured.QUICK,
    )  # fmt: skip
    assert rows["RMSprop", "PyTorch"][1] == distances.shown(torch["weights"])
    here = frame[(frame["problem"] == "four points") & (frame["setting"] == measured.OWN)]
    here = here[here["case"].isin(distances.DRAWN) & here["update"].isin(measured.LOOKED)]
    here = here[here["convention"].isin(distances.FIRST)]
    assert f"{percent(here['weights'].max())} of w away" in four["figure"]
    assert ("SGD", "PyTorch") not in rows
    assert rows["AdaGrad", "Keras and optax"][0].endswith("10⁻⁸")


def test_code_on_the_page_runs(built):
    values, _ = built["conventions"]
    for surprise in values["surprises"]:
        for line in surprise.here:
            if line.startswith("simopt."):
                assert isinstance(eval(line, {"simopt": simopt}), simopt.Optimizer)


def test_every_rule_can_be_looked_up():
    for name in ALL:
        for convention in set(measured.conventions(name)) - {"document"}:
            assert any(call.rule == name for call in FRAMEWORKS[convention].calls), name


def test_sizes_of_surprises_follow_from_the_formulas():
    told = {each.title: each.size for each in surprises.surprises()}
    inside = 1e-5 / math.sqrt(1e-10 + 1e-8)
    assert f"by {number(inside, 2)} η with ε inside" in told["PyTorch adds ε outside the root"]
    (rho,) = (size for title, size in told.items() if title.startswith("RMSprop remembers"))
    assert f"{number(1 / math.sqrt(0.01))} η long" in rho
    assert number(10 * 10 / math.sqrt(10), 2) in rho
    (start,) = (size for title, size in told.items() if "sum of squares" in title)
    assert f"{number(0.1 / math.sqrt(0.11), 2)} η long" in start
    assert "first 5 steps" in told["RAdam's first steps are not divided by anything"]
    w = {4: 3.0, 1: 3.0}
    for update in range(20):
        for batches in w:
            x = (2.0, 1.0, 3.0, 0.5)[update % 4]
            rate = max(0.0, 1 - ((update + 1) * batches - 1) / 20)
            w[batches] -= 0.01 * rate * 2 * x * (w[batches] * x - 5 * x)
    ahead = told["Keras' schedules run ahead where gradients are accumulated"]
    assert f"w = {number(w[4], 3)}, where the schedule as meant ends at {number(w[1], 3)}." in ahead
    torch, optax = 0.01 / 0.02, 0.01 / math.sqrt(0.0101)
    assert f"{number(torch / optax, 2)} times less" in surprises.papers()


def test_shuffles_say_what_the_document_s_table_says(built):
    values, html = built["shuffles"]
    table = simopt.document.shuffles()
    text = visible(html)
    for row in table.to_dict("records"):
        assert " ".join(row["finding"].split()) in text
        assert escape(row["snippet"].strip()) in html
    assert sum(len(each["statements"]) for each in values["libraries"]) == len(table)
    wrong = int((table["verdict"] == "wrong").sum())
    assert html.count('<span class="badge bad">wrong</span>') == wrong
    assert f"{SMALL[wrong]} are wrong" in text


def test_replays_run_and_are_the_table(built):
    _, html = built["shuffles"]
    four = simopt.problems.four_points()
    shown = {row[1]: row[2:] for row in cells(html[html.index('id="replay"') :])}
    for each in shuffles.REPLAYS:
        space = {"simopt": simopt, "problem": four, "optimizer": simopt.Momentum(eta=0.01)}
        exec(each.code, space)
        assert shown[each.what][:3] == [" ".join(map(str, row)) for row in space["order"] + 1]
        run = simopt.run(four, space["optimizer"], epochs=3, order=space["order"])
        assert shown[each.what][3] == f"{run.summary['w']:.4f}"
        assert escape(each.theirs) in html
        assert "seed" in each.theirs or "random_state" in each.theirs


#: What people type, the calls that it must find (their number, and the first), and what is said.
TYPED = [
    ("torch.optim.Adam(lr=1e-3, fused=True)", 3, "torch.optim.Adam(params)", "besides: fused."),
    ("mx.optimizers.Adam(1e-3)", 2, "mlx.optimizers.Adam(0.001)", "Nearest"),
    ("tf.keras.optimizers.legacy.Adam", 3, "keras.optimizers.Adam()", "Nearest"),
    ("tf.train.AdamOptimizer(1e-3)", 1, "tensorflow.compat.v1.train.AdamOptimizer()", "Nearest"),
    ("optax.chain(optax.clip(1.0), optax.adamw(1e-3))", 1, "optax.adamw(0.001)", "Nearest"),
    ("transformers.Adafactor(...)", 4, "transformers.Adafactor(params)", "Nearest"),
    ("bnb.optim.AdamW8bit", 1, "bitsandbytes.optim.AdamW32bit(params)", "their states are"),
    ("timm.optim.create_optimizer_v2(model, opt='lamb')", 4, "timm.optim.Lamb(params)", "Nearest"),
    ('TrainingArguments(out, optim="adamw_torch_fused")', 2, "transformers.Train", "By their rule"),
    ('MLPRegressor(solver="adam")', 1, "MLPRegressor(alpha=0)", "Nearest"),
    ('MLPClassifier(solver="adam")', 1, "MLPRegressor(alpha=0)", "Nearest"),
    ("torch.optim.SGD(net.parameters(), 0.1, 0.9)", 5, "torch.optim.SGD(params)",
     "Nearest to yours: torch.optim.SGD(params, momentum=0.9)."),
    ("keras.optimizers.SGD(0.01, 0.9, nesterov=True)", 3, "keras.optimizers.SGD()",
     "Nearest to yours: keras.optimizers.SGD(momentum=0.9, nesterov=True)."),
    ("optax.sgd(1e-2, 0.9)", 3, "optax.sgd(0.001)", "yours: optax.sgd(0.001, momentum=0.9)."),
    ("apex.optimizers.FusedLAMB", 2, "apex.optimizers.FusedLAMB(params)", "Nearest"),
    ("deepspeed FusedAdam", 4, "deepspeed.ops.adam.FusedAdam(params)", "Nearest"),
    ("paddle.optimizer.Momentum", 2, "paddle.optimizer.Momentum(", "Nearest"),
    ("Flux.Adam()", 1, "Optimisers.Adam()", "Nearest"),
    ("opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.95, nesterov=True)", 5,
     "torch.optim.SGD(params)", "yours: torch.optim.SGD(params, momentum=0.9, nesterov=True)."),
    ("torch.optim.Lamb(params)", None, "keras.optimizers.Lamb()", "No such call of PyTorch"),
    ("torch.optim.Muon(params)", 0, None, "Not here: torch.optim.Muon (iterates in bfloat16)."),
    ("heavyball.AdamW(params)", None, "torch.optim.AdamW(params)", "goes by heavyball"),
    ("xgboost.train(params)", 0, None, "simopt.conformance.check"),
]  # fmt: skip


@pytest.fixture(scope="module")
def lookup_page(tmp_path_factory):
    """The search and the calls of the page, without its numbers, which take a while."""
    source = resources.files("simopt.report").joinpath("templates", "conventions.html").read_text()
    section = source[source.index('<section id="lookup">') : source.index("</section>")]
    script = source[source.index("<script>") : source.index("</script>")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup, "measures", lambda call, framework, looked: {"first": "", "away": ""})
        calls = lookup.call_tables()
    page = templating.environment("simopt.report").from_string(f"{section}{script}</script>")
    file = tmp_path_factory.mktemp("lookup") / "page.html"
    text = page.render(calls=calls, names=list(ALL), translation="")
    file.write_text(f'<!doctype html><meta charset="utf-8">{text}', encoding="utf-8")
    return file


@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
def test_what_people_type_finds_their_call(lookup_page):
    answer = """(typed => {
      const form = document.getElementById("find");
      form.elements.call.value = typed;
      form.dispatchEvent(new Event("input", {bubbles: true}));
      const rows = [...document.querySelectorAll("details.calls tbody tr:not([hidden])")];
      const first = rows.find(each => each.classList.contains("nearest")) || rows[0];
      return [document.getElementById("matches").textContent, rows.length,
        rows.length ? rows[0].querySelector("code").textContent : null,
        rows.length ? first.querySelector("code").textContent : null];
    })"""
    with browser.Tab(lookup_page) as tab:
        for typed, number, first, says in TYPED:
            said, rows, call, nearest = tab.run(f"{answer}({json.dumps(typed)})")
            assert rows == number if number is not None else rows > 0, (typed, said)
            assert call is None if first is None else call.startswith(first), (typed, call)
            assert says in said, (typed, said)
            if "Nearest" in said:
                assert f"Nearest to yours: {nearest}." in said
        assert not tab.mistakes, tab.mistakes


@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
def test_every_listed_call_finds_itself(lookup_page):
    lost = """[...document.querySelectorAll("details.calls tbody tr")].map(row => {
      const form = document.getElementById("find"), typed = row.querySelector("code").textContent;
      form.elements.call.value = typed;
      form.dispatchEvent(new Event("input", {bubbles: true}));
      return row.hidden || row.closest("details").hidden ? typed : null;
    }).filter(Boolean)"""
    with browser.Tab(lookup_page) as tab:
        assert tab.run(lost) == []
