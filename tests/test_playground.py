"""The playground: its rules in JavaScript have the bits of `simopt.run`."""

import base64
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import simopt
from simopt import problems, schedules
from simopt.display import walkthrough
from simopt.ground import formatting
from simopt.report.playground import catalogue
from simopt.rules import ALL
from simopt.training.run import names_per_weight
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


def conventions():
    for name, make in ALL.items():
        for convention in make().made_by.conventions:
            yield name, make, convention


def test_every_rule_and_convention_has_the_bits_of_run():
    cases = []
    for _, make, convention in conventions():
        optimizer = make(convention=convention)
        cases.append(case(four(), optimizer, epochs=50, shuffle="epoch", seed=7))
        quick = make(eta=0.05, convention=convention)
        cases.append(case(hubble(), quick, batch_size=5, epochs=40, shuffle="once", seed=2**40 + 3))
    assert all(wanted.shape[1] == 200 for _, wanted in cases)
    compare(cases)


def test_every_switch_has_the_bits_of_run():
    cases = []
    for make in ALL.values():
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


def test_schedules_that_raise_to_powers_differ_by_the_browsers_last_bits_alone():
    made = [
        schedules.step(3, 0.7), schedules.exponential(0.97, 2, floor_factor=0.1),
        schedules.polynomial(power=0.9), schedules.inverse_scaling(), schedules.inverse_sqrt(10),
        schedules.inverse_time(0.3, 4, staircase=True), schedules.noam(64, 5),
        schedules.cosine(floor=1e-3), schedules.cosine(11, power=2.0),
        schedules.cosine(11, convention="optax"), schedules.cosine(floor_factor=0.1, per="epoch"),
    ]  # fmt: skip
    assert {each.name for each in made} | {"constant", "linear_warmup", "linear"} == set(
        catalogue.OFFERED
    )
    compare([case(four(), simopt.Momentum(eta=0.02), epochs=9, schedule=s) for s in made], 1e-12)
