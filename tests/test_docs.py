"""The documentation: what it names exists, and its pages would load nothing from a network.

That every cross reference leads somewhere and every tutorial runs, `make docs` itself checks.
"""

import re
import sys
from pathlib import Path
from types import ModuleType

import jinja2
import numpy as np
import pytest

import simopt
from simopt.curves import symptoms
from simopt.display import templating
from simopt.document.claims import evaluation
from simopt.document.claims.claim import SECTIONS, Claim, Finding
from simopt.document.claims.verdict import decide
from simopt.ground import checks
from simopt.problems import regression
from simopt.problems.loss import ERROR, Loss
from simopt.report import pages
from simopt.rules import frameworks
from simopt.rules.framework import Framework
from simopt.schedules.schedule import make, towards

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.append(str(DOCS / "extensions"))

import offline  # noqa: E402

PAGES = sorted(DOCS.glob("*.rst")) + sorted(DOCS.glob("[hrt]*/*.rst"))

#: A path in a page: in double backticks, with a folder or a file's ending.
PATH = re.compile(r"``((?:[A-Za-z_.]+/)+[A-Za-z_.]*|[A-Za-z_]+\.(?:py|toml|md))``")
#: A folder of these is written by a user, not in the repository.
WRITTEN = ("results/",)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_path_that_a_page_names_exists(page):
    named = PATH.findall(page.read_text(encoding="utf-8"))
    inside = [path for path in named if not path.startswith(WRITTEN)]
    assert [path for path in inside if not (ROOT / path).exists()] == []


def test_paths_are_seen():
    assert PATH.findall("``simopt/rules/adam.py``, ``sweeps/``, ``pyproject.toml``, ``a / b``") == [
        "simopt/rules/adam.py",
        "sweeps/",
        "pyproject.toml",
    ]


def test_every_public_module_has_a_page_of_the_reference():
    modules = {name for name in simopt.__all__ if hasattr(getattr(simopt, name), "__path__")}
    modules |= {"measures", "noise_scale"}
    for name in modules:
        text = (DOCS / "reference" / f"{name}.rst").read_text(encoding="utf-8")
        assert f".. public:: simopt.{name}\n" in text


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        '<img src="http://example.org/a.png">',
        "<style>@import url(https://example.org/a.css);</style>",
        "<p style=\"background: url('https://example.org/a.png')\">",
        '<svg><use xlink:href="https://example.org/a.svg#b"/></svg>',
    ],
)
def test_a_page_that_loads_from_a_network_is_seen(tmp_path, page):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    assert list(offline.remote(tmp_path)) == ["page.html"]


def test_a_page_that_links_is_not(tmp_path):
    links = '<a href="https://example.org">x</a><link rel="canonical" href="https://example.org">'
    (tmp_path / "page.html").write_text(links + '<script src="a.js"></script>', encoding="utf-8")
    (tmp_path / "a.css").write_text("p { background: url(a.png) }", encoding="utf-8")
    assert offline.remote(tmp_path) == {}


def test_a_style_sheet_that_loads_from_a_network_is_seen(tmp_path):
    (tmp_path / "a.css").write_text("@import 'https://example.org/b.css';", encoding="utf-8")
    assert list(offline.remote(tmp_path)) == ["a.css"]


# --- the recipes of adding.rst, followed ----------------------------------------------------------


def test_a_rule_of_ones_own_runs_traced_and_swept():
    def halving(w, g, eta, v, keep=0.5):
        v = keep * v + g
        return w - eta * v, v

    optimizer = simopt.rule(halving, name="Halving")(eta=0.05, keep=0.25)
    four = simopt.problems.four_points()
    w, v = 3.0, 0.0
    for x, y in zip(four.x[:, 0], four.y, strict=True):
        v = 0.25 * v + 2 * (w * x - y) * x
        w -= 0.05 * v
    assert simopt.run(four, optimizer).steps["w"].iloc[-1] == pytest.approx(w, rel=1e-14)
    assert simopt.sweep(four, optimizer)["w"].tolist() == [pytest.approx(w, rel=1e-14)]


def expectile(z, y, share):
    """The squared error, weighted by ``share`` where z is below y, by the rest above."""
    error = z - y
    return (share if error < 0 else 1 - share) * error * error


def expectile_slope(z, y, share):
    error = z - y
    return (share if error < 0 else 1 - share) * error


def test_a_loss_of_ones_own_runs_traced_and_swept():
    def weights(z, y, share):
        return np.where(z < y, share, 1 - share)

    loss = Loss(
        kind="expectile",
        value=expectile,
        slope=expectile_slope,
        values=lambda z, y, share: weights(z, y, share) * (z - y) ** 2,
        slopes=lambda z, y, share: 2 * weights(z, y, share) * (z - y),
        curvatures=lambda z, y, share: 2 * weights(z, y, share),
        solve=lambda problem: (np.array([2.4]), problem.loss([2.4])),
        factor=2.0,
        parameters={"share": (0.5, checks.FRACTION)},
        written=(ERROR,),
    )
    data = {"x": [1.0, 1.0, 1.0], "y": [1.0, 2.0, 3.0], "w0": 0.0, "intercept": False, "l2": 0.0}
    problem = regression.make(loss, **data, name=None, parameters=(0.75,))
    plan = {"batch_size": "full", "epochs": 100}
    traced = simopt.run(problem, simopt.SGD(eta=0.5), **plan).steps["w"].iloc[-1]
    assert traced == pytest.approx(2.4, rel=1e-12)
    swept = simopt.sweep(problem, simopt.SGD(eta=0.5), **plan)
    assert swept["w"].tolist() == [pytest.approx(traced, rel=1e-14)]
    assert swept["loss"].tolist() == [pytest.approx(problem.minimum_loss, rel=1e-12)]


def sawtooth(total: int = 4, *, floor_factor: float = 0.0, per: str = "update"):
    """From eta down to a share of it, again and again."""
    return make(sawtooth, teeth, locals())


def teeth(k, total, floor_factor):
    return towards(1.0 - k % total / total, 0.0, floor_factor)


def test_a_schedule_of_ones_own_runs():
    schedule = sawtooth(2, floor_factor=0.5)
    assert schedule.rates(0.1, 5).round(3).tolist() == [0.1, 0.075, 0.1, 0.075, 0.1]
    run = simopt.run(simopt.problems.four_points(), simopt.SGD(eta=0.1), schedule=schedule)
    assert run.steps["eta"].round(3).tolist() == [0.1, 0.075, 0.1, 0.075]
    with pytest.raises(ValueError, match="total=0"):
        sawtooth(0)


def test_a_framework_of_ones_own_is_a_convention(monkeypatch):
    record = Framework("mine", "Mine", {"Adam": {"epsilon_place": "outside", "beta1": 0.8}})
    monkeypatch.setitem(frameworks.FRAMEWORKS, "mine", record)
    adam = simopt.Adam(eta=0.1, convention="mine")
    assert adam.settings["beta1"] == 0.8
    torch = simopt.Adam(eta=0.1, beta1=0.8, convention="torch")
    four = simopt.problems.four_points()
    assert simopt.run(four, adam).steps["w"].equals(simopt.run(four, torch).steps["w"])
    with pytest.raises(ValueError, match="there is no Lion in it"):
        simopt.Lion(convention="mine")


def test_a_symptom_of_ones_own_is_found(monkeypatch, tmp_path):
    (tmp_path / "sleepy.py").write_text(
        "from simopt.curves.symptoms.record import Symptom\n"
        f"SYMPTOM = Symptom(name='sleepy', rank={len(symptoms.RECORDS)})\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(symptoms, "__path__", [*symptoms.__path__, str(tmp_path)])
    try:
        assert [each.name for each in symptoms._records()] == [*symptoms.SYMPTOMS, "sleepy"]
    finally:
        del sys.modules["simopt.curves.symptoms.sleepy"], symptoms.sleepy


def test_a_page_of_ones_own_is_rendered(monkeypatch):
    module = ModuleType("simopt.report.mine")
    module.page = lambda context: {"loss": 0.25, "name": "<b>"}
    monkeypatch.setitem(sys.modules, "simopt.report.mine", module)
    text = '{% extends "base.html" %}{% block main %}<p>{{ loss }} {{ name }}</p>{% endblock %}'
    usual = templating.environment("simopt.report")
    usual.loader = jinja2.ChoiceLoader([usual.loader, jinja2.DictLoader({"mine.html": text})])
    monkeypatch.setattr(templating, "environment", lambda package: usual)
    page = templating.Page("mine.html", "Mine", "mine", "What is it?")
    monkeypatch.setattr(pages, "PAGES", (*pages.PAGES, page))
    written = pages.render(page, pages.values(page, pages.Context(quick=True)))
    assert "<p>0.25 &lt;b&gt;</p>" in written
    assert '<a href="mine.html" aria-current="page">Mine</a>' in written


def test_a_claim_of_ones_own_is_judged(monkeypatch):
    def arrives(trials):
        losses = trials.sweep(simopt.problems.four_points(), simopt.SGD(eta=[0.05, 1.0]), epochs=9)
        met = dict(zip(("at 0.05", "at 1"), losses["loss"] < 0.01, strict=True))
        verdict, condition = decide(met)
        return Finding(
            verdict, "It arrives at a small rate.", {"met": sum(met.values())}, condition
        )

    claim = Claim("C128", "9", SECTIONS[0], ("SGD",), "SGD arrives.", "simulation", "", "", arrives)
    monkeypatch.setattr(evaluation, "CLAIMS", (claim,))
    (judged,) = simopt.document.claims(only="C128").itertuples()
    assert (judged.verdict, judged.condition) == ("conditional", "It holds at 0.05; not at 1.")
    assert (judged.trajectories, judged.evidence) == (2, {"met": 1})
