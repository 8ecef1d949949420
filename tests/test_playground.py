"""The playground: its rules in JavaScript have the bits of `simopt.run`."""

import base64
import json
import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import simopt
from simopt import problems, report, schedules
from simopt.cli import main as cli
from simopt.display import axis_ticks, walkthrough
from simopt.ground import formatting
from simopt.report.playground import catalogue
from simopt.rules import ALL, javascript
from simopt.training.steps import names_per_weight
from tests import browser

pytestmark = pytest.mark.skipif(
    browser.CHROMIUM is None and browser.NODE is None, reason="needs Chromium, or Node"
)
SCRIPTS = Path(catalogue.__file__).parents[1] / "templates" / "playground"

#: Other than 0, where a rule has it.
FURTHER = {
    "weight_decay": 0.03, "dampening": 0.3, "initial_accumulator": 0.2, "lr_decay": 0.05,
    "epsilon_root": 1e-3, "momentum": 0.7, "momentum_decay": 0.004,
}  # fmt: skip

#: Computes the cases and packs every column, so that all bits arrive.
DRIVER = """
function packed(columns) {
  const bytes = new Uint8Array(Float64Array.from(columns.flat()).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}
function computed(each) {
  const problem = makeProblem(each.x, each.y, each.w0);
  const optimizer = chosen(each.choice);
  const plan = makePlan(problem, each.plan);
  const columns = trajectory(problem, optimizer, plan, optimizer.eta, true);
  const rows = [columns.eta, columns.loss, columns.batchLoss, ...columns.w, ...columns.gradient];
  if (plan.clip.kind) rows.push(...columns.used);
  rows.push(...columns.state.flat());
  const derived = [];
  for (let t = 1; t <= plan.updates; t++) {
    derived.push(Object.values(derivedAt(optimizer, columns, t, problem.d)).flat());
  }
  for (let i = 0; i < derived[0].length; i++) rows.push([0, ...derived.map(row => row[i])]);
  return packed(rows.map(row => Array.from(row).slice(1)));
}
"""


@cache
def engine():
    return f"{catalogue.script()}\n{source('engine.js')}"


def source(name):
    return (SCRIPTS / name).read_text(encoding="utf-8")


def four():
    return problems.four_points()


def hubble():
    points = problems.hubble()
    return problems.least_squares(points.x[:, 0], points.y / 500, w0=[0.5, -0.25], intercept=True)


def case(problem, optimizer, **plan):
    """A case for the page, and what `simopt.run` gives for it."""
    trace = simopt.run(problem, optimizer, **plan)
    schedule = plan.get("schedule")
    kind = next((each for each in ("norm", "value") if f"clip_{each}" in plan), "")
    given = {
        name: value
        for name, value in {**optimizer.settings, **dict(optimizer.switches)}.items()
        if value != optimizer.made_by.preset(optimizer.convention).get(name)
    }
    described = {
        "x": problem.x.T.tolist(), "y": problem.y.tolist(), "w0": problem.w0.tolist(),
        "choice": {"rule": optimizer.name, "convention": optimizer.convention, "given": given},
        "plan": {
            "batchSize": plan.get("batch_size", 1), "epochs": plan.get("epochs", 1),
            "shuffle": plan.get("shuffle", "never"), "seed": plan.get("seed", 0),
            "dropLast": plan.get("drop_last", False),
            "clip": {"kind": kind, "bound": plan.get(f"clip_{kind}", 1.0)},
            "schedule": schedule
            and {"name": schedule.name, "settings": dict(schedule.settings)},
        },
    }  # fmt: skip
    d, steps = problem.d, trace.steps
    columns = ["eta", "loss", "batch_loss", *names_per_weight("w", d)]
    columns += names_per_weight("gradient", d)
    rest = [c for c in steps if c not in {*columns, "step", "epoch", "batch", "t"}]
    return described, steps[columns + rest].to_numpy(dtype=np.float64).T


def compare(cases, rtol=0.0):
    """Every case in the browser, against Python's."""
    described = json.dumps([each for each, _ in cases])
    script = f"{engine()}\n{DRIVER}\nconst CASES = {described};"
    answers = browser.evaluated(script, "CASES.map(computed)")
    assert len(answers) == len(cases)
    for (given, wanted), answer in zip(cases, answers, strict=True):
        got = np.frombuffer(base64.b64decode(answer), dtype="<f8").reshape(wanted.shape)
        if rtol:
            np.testing.assert_allclose(got, wanted, rtol=rtol, atol=1e-13, err_msg=str(given))
            continue
        same = (got == wanted) & (np.signbit(got) == np.signbit(wanted))
        same |= np.isnan(got) & np.isnan(wanted)
        first = np.argwhere(~same)[:3].tolist()
        assert not first, (given["choice"], given["plan"], first, got[~same][:3], wanted[~same][:3])


def rows(step):
    """A worked step as the page has it."""
    points = [
        [point.number, point.x, point.y, [row(line) for line in point.lines]]
        for point in step.points
    ]
    return [
        step.update,
        step.epoch,
        step.batch,
        points,
        step.more_points,
        list(map(row, step.lines)),
    ]


def row(line):
    return [line.label, line.formula, line.numbers, line.relation, line.result]


ROWS = """
function row(line) { return [line.label, line.formula, line.numbers, line.relation, line.result]; }
function written(each) {
  const problem = makeProblem(each.x, each.y, each.w0), optimizer = chosen(each.choice);
  const plan = makePlan(problem, each.plan);
  const columns = trajectory(problem, optimizer, plan, optimizer.eta, true);
  return each.updates.map(t => {
    const step = workedStep(problem, optimizer, plan, columns, t);
    const points = step.points.map(point => [point.number, point.x, point.y, point.lines.map(row)]);
    return [step.update, step.epoch, step.batch, points, step.more, step.lines.map(row)];
  });
}
"""


@pytest.mark.slow
def test_lines_are_those_of_the_walkthrough():
    updates = [1, 2, 3, 8, 30]
    cases, wanted = [], []
    for _, make, convention in conventions():
        optimizer = make(eta=0.1, convention=convention)
        plans = [
            (four(), {"epochs": 10, "shuffle": "epoch", "seed": 3}),
            (hubble(), {"batch_size": 9, "epochs": 10}),
        ]
        for problem, plan in plans:
            cases.append(case(problem, optimizer, **plan)[0] | {"updates": updates})
            steps = walkthrough.worked_steps(problem, optimizer, updates=30, **plan)
            wanted.append([rows(steps[t - 1]) for t in updates])
    script = f"{engine()}\n{source('worked.js')}\n{ROWS}\nconst CASES = {json.dumps(cases)};"
    for given, got, expected in zip(
        cases, browser.evaluated(script, "CASES.map(written)"), wanted, strict=True
    ):
        assert got == expected, given["choice"]


def test_numbers_are_written_as_in_python():
    rng = np.random.default_rng(5)
    values = (rng.standard_normal(2000) * 10.0 ** rng.integers(-12, 14, 2000)).tolist()
    values += [0.0, 0.5, 12344.5, 12345.5, 1234.25, 1234.75, 100000.5, 100001.5, 999999.5, 99999.5]
    values += [99999.96, 1e5, 1e9, 1e-4, 9.99995e-5, 1e300, 5e-324, 123456789.5, 0.000123455, 1 / 3]
    script = f"{source('worked.js')}\nconst VALUES = {json.dumps(values)};"
    assert browser.evaluated(script, "VALUES.map(plain)") == [formatting.plain(v) for v in values]


def test_numbers_and_ticks_are_written_as_on_the_other_pages():
    values = [0.0, 1.0, -0.25, 999.96, 1234.4, 223172.3, -444205.5, 1e7, 2.5e-5, np.pi * 1e-4]
    rng = np.random.default_rng(0)
    values += (rng.normal(size=200) * 10.0 ** rng.integers(-9, 9, 200)).tolist()
    script = f"const VALUES = {json.dumps(values)};\n{source('charts.js')}"
    for digits in (3, 4, 5):
        got = browser.evaluated(script, f"VALUES.map(each => readable(each, {digits}))")
        assert got == [formatting.number(value, digits) for value in values]
    ticks = "ticksOf(makeAxis('log', 1e-4, 1e5, ''), 20)"
    assert browser.evaluated(script, f"{ticks}.map(each => each[1])") == [
        axis_ticks.power_of_ten(10.0**k) for k in range(5, -5, -1)
    ]


def conventions():
    for name, make in catalogue.offered().items():
        for convention in make().made_by.conventions:
            yield name, make, convention


@pytest.mark.slow
def test_every_rule_and_convention_has_the_bits_of_run():
    cases = []
    for _, make, convention in conventions():
        optimizer = make(convention=convention)
        cases.append(case(four(), optimizer, epochs=50, shuffle="epoch", seed=7))
        quick = make(eta=0.05, convention=convention)
        cases.append(case(hubble(), quick, batch_size=5, epochs=40, shuffle="once", seed=2**40 + 3))
    assert all(wanted.shape[1] == 200 for _, wanted in cases)
    compare(cases)


@pytest.mark.slow
def test_every_switch_has_the_bits_of_run():
    cases = []
    for make in catalogue.offered().values():
        for _, optimizer in catalogue.variants(make().made_by):
            if isinstance(optimizer, str):
                continue
            there = {k: v for k, v in FURTHER.items() if k in optimizer.settings}
            chosen = optimizer.replace(eta=0.05, **there)
            cases.append(case(four(), chosen, epochs=6, batch_size=2, shuffle="epoch", seed=1))
    assert len(cases) > 700
    compare(cases)


def test_plans_have_the_bits_of_run():
    adam, momentum = simopt.Adam(eta=0.3), simopt.Momentum(eta=0.02)
    torch = simopt.SGD(eta=0.1, convention="torch")
    wild = [simopt.SGD(eta=3.0), simopt.Momentum(eta=2.0)]
    wild += [simopt.Adam(eta=1e300), simopt.AdaGrad(eta=1e200)]
    long = problems.least_squares(np.arange(300) / 100, np.cos(np.arange(300)), w0=0.3)
    cases = [
        case(hubble(), adam, batch_size=7, drop_last=True, epochs=5, clip_norm=0.5),
        case(hubble(), torch, batch_size="full", epochs=50, clip_norm=0.5),
        case(four(), torch, epochs=20, clip_norm=1.0),
        case(hubble(), momentum, batch_size=5, epochs=5, clip_value=0.3, shuffle="epoch", seed=2),
        case(long, momentum, batch_size=130, epochs=9, shuffle="epoch", seed=2**53 - 1),
        case(long, adam, batch_size="full", epochs=3),
        *(case(four(), each, epochs=120) for each in wild),
        *(case(hubble(), each, batch_size=3, epochs=60) for each in wild),
        case(hubble(), wild[0], batch_size=3, epochs=60, clip_norm=1e200),
    ]  # fmt: skip
    for name in ("constant", "linear_warmup", "linear", "inverse_sqrt"):
        made = schedules.SCHEDULES[name](per="epoch")
        cases.append(case(four(), adam, epochs=9, schedule=made))
    cases.append(case(four(), momentum, epochs=9, schedule=schedules.linear_warmup(0.1, 7)))
    cases.append(case(four(), momentum, epochs=9, schedule=schedules.linear(20, floor=1e-3)))
    compare(cases)


def exponential(w, g, eta):
    return w - eta * math.exp(g)


def looping(w, g, eta):
    while g > 1:
        g = g / 2
    return w - eta * g


def keyed(w, g, eta):
    return w - eta * max(g, 0.0, key=abs)


def chained(w, g, eta):
    return w - eta * (1.0 if 0 < g < 1 else g)


def power(w, g, eta):
    return w - eta * g**2


def attribute(w, g, eta):
    return w - eta * g.real


@pytest.mark.parametrize("function", [exponential, looping, keyed, chained, power, attribute])
def test_what_has_no_translation_is_an_error(function):
    with pytest.raises(javascript.Untranslatable, match=rf"{function.__name__}.*no translation"):
        javascript.translate(function)


def branching(w, g, eta, v, beta=0.9):
    """Every statement and operation that there is."""
    sign = -1.0 if (g < 0 and not v > 2.0) or g == 7 else 1.0
    if abs(g) > 1.0:
        v, last = beta * v + g, v
    else:
        last = max(v, -g) % 3.0
    for i in range(3):
        v = v - last / (i + 1.0) // 1.0
    return w - eta * sign * min(v, last), v


def test_statements_have_the_bits_of_python():
    rng = np.random.default_rng(3)
    given = rng.normal(0, 2, (200, 5)).tolist()
    script = f"{javascript.translate(branching)}\nconst GIVEN = {json.dumps(given)};"
    name = re.search(r"function (\w+branching)", script)[1]
    got = browser.evaluated(script, f"GIVEN.map(each => {name}(...each))")
    # The remainder has the sign of what is divided in JavaScript: none here is negative.
    kept = [i for i, (_, g, _, v, _) in enumerate(given) if abs(g) > 1.0 or max(v, -g) >= 0]
    assert len(kept) > 100
    assert [tuple(got[i]) for i in kept] == [branching(*given[i]) for i in kept]


#: Addresses, and how many updates each has.
ADDRESSES = {
    "": 100,
    "points=1 2;2 4.5;-1 0.3&w0=0.5&epochs=7&batchSize=2&shuffle=epoch&seed=12&dropLast=1"
    "&rule=Momentum:torch,eta=0.02,dampening=0.3&rule=AdaGrad:optax,eta=0.4&clip=norm:2.5": 7,
    "points=1 0.2 1;0.5 -0.3 0.4;-1 0.8 -1.2&w0=-1,2&epochs=4&clip=value:0.5"
    "&rule=RMSprop:keras,eta=0.05,momentum=0.5,centered=true&rule=AdamW:sklearn,eta=1"
    "&rule=Adam:document,eta=0.05,weight_decay=0.1,decay=clipped&schedule=linear,floor=0.001": 12,
    "intercept=1&rule=NAdam:torch,eta=0.1&schedule=linear_warmup,start_factor=0.1,total=9": 100,
    "rule=SGD:document,eta=-1&rule=Nobody:document&rule=SGD:nowhere&epochs=0&seed=x&clip=norm:-1"
    "&schedule=step,every=0&points=a b;1 2": 25,
}
TAKEN = """
function taken(address) {
  const example = { points: "2 10\\n1 5\\n3 15\\n0.5 2.5", intercept: false, w0: [3] };
  const state = readAddress(address, example), written = writeAddress(state, example);
  const points = readPoints(state.points);
  const columns = points.x[0].map((_, k) => points.x.map(each => each[k]));
  if (state.intercept) columns.push(points.y.map(() => 1));
  if (state.w0.length !== columns.length) state.w0 = columns.map((_, k) => state.w0[k] ?? 0);
  const problem = makeProblem(columns, points.y, state.w0), plan = makePlan(problem, state);
  const losses = state.rules.map(each => {
    const optimizer = chosen(each);
    const columns = trajectory(problem, optimizer, plan, optimizer.eta, true);
    return Array.from(columns.loss);
  });
  const again = writeAddress(readAddress(written, example), example);
  return { losses, code: pythonCode(state, points), again, written };
}
"""


def test_an_address_holds_the_state_and_the_python_gives_the_same_run():
    script = f"{engine()}\n{source('state.js')}\n{TAKEN}\nconst ALL = {json.dumps([*ADDRESSES])};"
    for (address, updates), got in zip(
        ADDRESSES.items(), browser.evaluated(script, "ALL.map(taken)"), strict=True
    ):
        assert got["again"] == got["written"], address
        runs, names = [], {}
        names["print"] = lambda *_, names=names, runs=runs, **__: runs.append(names["run"])
        exec(got["code"], names)
        assert len(runs) == len(got["losses"]), address
        for trace, losses in zip(runs, got["losses"], strict=True):
            assert len(trace.steps) == updates
            assert losses[1:] == trace.steps["loss"].tolist(), (address, trace)


def test_points_are_read_as_they_are_pasted():
    texts = {
        "1 2\n3 4.5": [[[1], [3]], [2, 4.5]],
        "x,y\n1,2\n\n3,-4e-1\n": [[[1], [3]], [2, -0.4]],
        "1 2; 3 4": [[[1], [3]], [2, 4]],
        "a;b\n1,5;2\n3;4,25": [[[1.5], [3]], [2, 4.25]],
        "1\t2\t3\n4\t5\t6": [[[1, 2], [4, 5]], [3, 6]],
        "# remark\n1.5;2;3\n4;5;6": [[[1.5, 2], [4, 5]], [3, 6]],
        "1 2\n3": "Point 2 has 1 number, the first 2.",
        "1 2 3 4": "A point has 4 numbers: it needs one or two features, then the target.",
        "1 2\n3 inf": "Point 2 has something that is no number.",
        "": "No points yet: a line for each, the target last.",
    }
    script = f"{engine()}\n{source('state.js')}\nconst ALL = {json.dumps([*texts])};"
    got = browser.evaluated(script, "ALL.map(readPoints)")
    assert [each.get("error") or [each["x"], each["y"]] for each in got] == [*texts.values()]


def test_the_boundary_is_that_of_the_package():
    choices = [
        (rule, {"eta": eta, "beta": beta}, size)
        for rule in ("Momentum", "Nesterov")
        for eta in (0.01, 0.05, 0.13, 0.5)
        for beta in (0.0, 0.5, 0.9)
        for size in (1, 2, 4)
    ]
    script = f"""{engine()}\n{source("charts.js")}\n{source("stability.js")}
    function said([rule, given, size]) {{
      const problem = makeProblem([[2, 1, 3, 0.5]], [10, 5, 15, 2.5], [3]);
      const plan = makePlan(problem, {{ batchSize: size, epochs: 1, shuffle: "never", seed: 0 }});
      const active = {{ optimizer: chosen({{ rule, convention: "document", given }}) }};
      return stabilityView.now({{ problem, plan, active }});
    }}
    const ALL = {json.dumps(choices)};"""
    got = browser.evaluated(script, "ALL.map(said)")
    for (rule, given, size), radius in zip(choices, got, strict=True):
        table = simopt.stability.spectral_radius(four(), ALL[rule](**given), batch_size=size)
        assert radius == pytest.approx(table["radius"].iloc[0], rel=1e-12), (rule, given, size)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_boundary_of_two_weights_is_an_eigenvalue(size):
    x = np.array([[1.0, 0.2], [0.5, -0.3], [-1.0, 0.8], [0.3, 1.0], [2.0, 0.5]])
    cases = [(eta, beta) for eta in (0.02, 0.1, 0.3, 1.1) for beta in (0.0, 0.6, 0.95)]
    script = f"""{engine()}\n{source("charts.js")}\n{source("stability.js")}
    const problem = makeProblem({json.dumps(x.T.tolist())}, [1, 0, -1, 1, 2], [0, 0]);
    const plan = makePlan(problem, {{ batchSize: {size}, epochs: 1, shuffle: "once", seed: 3 }});
    const order = Array.from(orderOf(problem, plan, 0));
    function said([eta, beta]) {{
      const choice = {{ rule: "Momentum", convention: "document", given: {{ eta, beta }} }};
      return stabilityView.now({{ problem, plan, active: {{ optimizer: chosen(choice) }} }});
    }}
    const CASES = {json.dumps(cases)};"""
    order, got = browser.evaluated(script, "[order, CASES.map(said)]")
    for (eta, beta), radius in zip(cases, got, strict=True):
        whole = np.eye(4)
        for first in range(0, 5, size):
            batch = x[order[first : first + size]]
            curved, one = 2 * batch.T @ batch / len(batch), np.eye(2)
            moved = np.block([[one - eta * curved, -eta * beta * one], [curved, beta * one]])
            whole = moved @ whole
        wanted = np.abs(np.linalg.eigvals(whole)).max()
        assert radius == pytest.approx(wanted, rel=1e-5), (eta, beta)


def test_a_rule_that_divides_has_no_boundary():
    script = f"{engine()}\n{source('charts.js')}\n{source('stability.js')}"
    names = "Object.keys(RULES)"
    fits = "optimizer => linearMoves(optimizer, 0.1, optimizer.values) !== null"
    one = "name => chosen({ rule: name, convention: 'document', given: {} })"
    got = browser.evaluated(script, f"{names}.filter(name => ({fits})(({one})(name)))")
    assert got == ["SGD", "Momentum", "Nesterov"]


#: How many colours there are on each canvas; a copy is read, as Chromium warns of reading its own.
COLOURS = """[...document.querySelectorAll("canvas")].map(each => {
  const copy = new OffscreenCanvas(each.width, each.height);
  const drawn = copy.getContext("2d", { willReadFrequently: true });
  drawn.drawImage(each, 0, 0);
  const { data } = drawn.getImageData(0, 0, each.width, each.height);
  return new Set(new Uint32Array(data.buffer)).size;
})"""

SHOWN = """({
  canvases: document.querySelectorAll("canvas").length,
  rows: [...document.querySelectorAll("tbody tr")].map(each => each.textContent),
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  lines: document.querySelector("[data-lines]").innerText,
})"""


@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_draws_what_the_address_says(width, tmp_path):
    file = report.playground_page(tmp_path / "playground.html")
    address = "#rule=Adam:document,eta=0.1&rule=SGD:document,eta=0.05&update=2&active=0"
    with browser.Tab(file, address, width=width) as tab:
        # One canvas has what a worker computes, the address is written when all is at rest.
        tab.until(f"{COLOURS}.every(colours => colours > 2)")
        tab.until('location.hash.endsWith("update=2")')
        answer = tab.run(SHOWN)
        assert tab.mistakes == []
    assert answer["canvases"] > 0
    assert answer["wide"] <= 0
    trace = simopt.run(four(), simopt.Adam(eta=0.1)).steps.iloc[1]
    assert answer["rows"][0] == f" Adam0.1{trace['w']:.5g}{trace['loss']:.5g}"
    assert "Corrected m" in answer["lines"]


#: Fields as a reader uses them.
HANDS = """
const one = selector => document.querySelector(selector);
const all = selector => [...document.querySelectorAll(selector)];
function put(field, value) {
  field.value = value;
  field.dispatchEvent(new Event(field.tagName === "SELECT" ? "change" : "input"));
}
function pick(field, text) {
  field.selectedIndex = [...field.options].findIndex(each => each.textContent === text);
  field.dispatchEvent(new Event("change"));
}
"""


@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
def test_a_reader_changes_everything(tmp_path):
    file = report.playground_page(tmp_path / "playground.html")
    with browser.Tab(file) as tab:
        tab.run(HANDS)
        tab.run('put(one("[data-points]"), "x, y\\n1,2\\n2,4.5\\n-1,0.3")')
        tab.until('one("[data-now]").textContent === "Update 0 of 75"')
        tab.run('for (const each of ["forward", "forward", "back"]) one(`[data-${each}]`).click()')
        tab.until('one("[data-lines] p").textContent.startsWith("SGD, update 1 ")')
        rate = "playground.state.rules[0].given.eta"
        tab.run('put(one(".rule .setting input[type=text]"), "0.05")')
        assert tab.run(rate) == 0.05
        tab.run('put(one(".rule .setting input[type=text]"), "-1")')
        assert tab.run(rate) == 0.05
        assert (
            tab.run('one(".rule .setting input[type=text]").getAttribute("aria-invalid")') == "true"
        )
        tab.run('while (!one("[data-add]").disabled) one("[data-add]").click()')
        tab.until('all("tbody tr").length === 7')
        tab.run('pick(all(".rule")[2].querySelectorAll("select")[1], "PyTorch")')
        tab.run('all(".rule input[type=radio]")[2].click()')
        tab.run('put(one("[data-points]"), "1 2 3\\n2 1 5\\n0.5 -1 0\\n1 1 1")')
        tab.until('playground.model.names.join() === "w 1,w 2"')
        tab.until('one("[data-lines] p").textContent.startsWith("Adam, update 1 ")')
        assert tab.run("playground.model.active.optimizer.slack") == 1e-6
        # The worker answers for every rule.
        tab.until("playground.model.all.every(each => each.losses)")
        tab.run('pick(one("[data-pace]"), "1,000"); one("[data-play]").click()')
        tab.until("playground.model.t === playground.model.updates && !playground.playing")
        tab.run('put(one("[data-points]"), "1 2\\n3 nothing")')
        tab.until('one("[data-error]").textContent === "Point 2 has something that is no number."')
        tab.run('put(one("[data-points]"), "1 2\\n3 4")')
        tab.until('one("[data-error]").textContent === ""')
        tab.until('decodeURIComponent(location.hash).includes("rule=Adam:torch")')
        assert tab.mistakes == []


@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
def test_losses_against_the_rate_are_those_of_run(tmp_path):
    file = report.playground_page(tmp_path / "playground.html")
    with browser.Tab(file, "#rule=Adam:document,eta=0.1&epochs=5&shuffle=epoch&seed=4") as tab:
        tab.until("playground.model.all.length && playground.model.all[0].losses")
        rates = tab.run("RATES")
        losses = tab.run("Array.from(playground.model.all[0].losses)")
    for rate, loss in list(zip(rates, losses, strict=True))[::10]:
        trace = simopt.run(four(), simopt.Adam(eta=rate), epochs=5, shuffle="epoch", seed=4)
        assert loss == trace.steps["loss"].iloc[-1]


def test_nothing_of_the_data_ends_the_element_that_it_stands_in(tmp_path):
    name = "</script><script>alert(1)</script>"
    points = problems.least_squares([1.0, 2.0], [3.0, 1e-7], name=name)
    text = report.playground_page(tmp_path / "mine.html", points).read_text(encoding="utf-8")
    assert name not in text
    assert "1 3\\n2 1e-07" in text


def command(*arguments):
    """The status of `simopt playground`."""
    with pytest.raises(SystemExit) as end:
        cli.main(["playground", *map(str, arguments)])
    return end.value.code


def test_the_command_takes_points_from_a_table(tmp_path, capsys):
    table, page = tmp_path / "points.csv", tmp_path / "mine.html"
    table.write_text("km,price\n1,2.5\n3,4\n")
    options = ("--target", "price", "--intercept", "--w0", "0,1", "--page", page)
    assert command("--data", table, *options) == 0
    assert capsys.readouterr().out == f"{page}\n"
    found = re.search(r'id="examples">(.*?)</script>', page.read_text(encoding="utf-8"))
    own = json.loads(found[1])[0]
    assert own == {
        "name": "points", "points": "1 2.5\n3 4", "intercept": True, "w0": [0.0, 1.0],
    }  # fmt: skip


def test_the_command_refuses_what_has_no_view(tmp_path, capsys):
    table = tmp_path / "points.csv"
    table.write_text("a,b,c,y\n1,2,3,4\n4,3,2,2\n0,1,0,1\n")
    assert command("--data", table, "--page", tmp_path / "page.html") == 2
    said = capsys.readouterr().err
    assert "least squares of one or two weights" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    "problem",
    [problems.diabetes(), problems.least_squares([1.0], [1.0], l2=0.1), problems.double_well()],
)
def test_problems_without_a_view_are_refused(problem, tmp_path):
    with pytest.raises(ValueError, match="^problem=.*least squares of one or two weights"):
        report.playground_page(tmp_path / "page.html", problem)


def test_schedules_that_raise_to_powers_differ_by_the_browsers_last_bits_alone():
    made = [
        schedules.step(3, 0.7), schedules.exponential(0.97, 2, floor_factor=0.1),
        schedules.polynomial(power=0.9), schedules.inverse_scaling(), schedules.inverse_sqrt(10),
        schedules.inverse_time(0.3, 4, staircase=True), schedules.noam(64, 5),
        schedules.cosine(floor=1e-3), schedules.cosine(11, power=2.0),
        schedules.cosine(11, convention="optax"), schedules.cosine(floor_factor=0.1, per="epoch"),
        schedules.warmup_stable_decay(5, 9, floor_factor=0.1),
        schedules.warmup_stable_decay(3, 20, 30, start_factor=0.2, floor=1e-3, shape="1-sqrt"),
        schedules.warmup_stable_decay(0, 12, shape="linear"),
        schedules.slanted_triangular(), schedules.slanted_triangular(25, peak_at=0.0),
        schedules.slanted_triangular(20, peak_at=0.35, floor=1e-3, floor_factor=0.0),
        schedules.cyclic(4), schedules.cyclic(3, 5, mode="triangular2", floor_factor=0.1),
        schedules.cyclic(5, mode="exp_range", gamma=0.9, floor=1e-3),
    ]  # fmt: skip
    assert {each.name for each in made} | {"constant", "linear_warmup", "linear"} == set(
        catalogue.OFFERED
    )
    compare([case(four(), simopt.Momentum(eta=0.02), epochs=9, schedule=s) for s in made], 1e-12)
