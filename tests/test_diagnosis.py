"""Loss curves read: each symptom on a run of the engine, and what a diagnosis says and shows."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial

import matplotlib
import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import problems, schedules
from simopt.curves import odds
from simopt.curves.diagnosis import SYMPTOMS, Diagnosis, diagnose_many, terminal

FOUR, DIABETES, HUBBLE = problems.four_points(), problems.diabetes(), problems.hubble()


def run(problem, optimizer, **plan):
    """The loss at the start and after every epoch."""
    plan = {"epochs": 40, "shuffle": "epoch", "divergence": None, "threads": 1} | plan
    long = simopt.sweep(problem, optimizer, record="epochs", **plan)
    return np.append(problem.loss(problem.w0), long["loss"])


#: Runs that show a symptom because of how they were made: tuned; a rate far beyond 2 / curvature,
#: far below 1 / curvature, or falling to nothing at once; small batches at a constant rate; a start
#: beside a saddle; AdaGrad behind a steep beginning, and a rate that drops to nothing on the way.
RUNS = [
    ("healthy", DIABETES, simopt.SGD(eta=0.01), {"batch_size": 32}),
    ("healthy", HUBBLE, simopt.Adam(eta=20.0), {"batch_size": 24}),
    ("oscillates wildly", FOUR, simopt.RMSprop(eta=20.0), {}),
    ("oscillates wildly", DIABETES, simopt.RMSprop(eta=100.0), {"batch_size": 8}),
    ("decreases then explodes", DIABETES, simopt.SGD(eta=0.26), {"batch_size": 442, "epochs": 60}),
    ("decreases then explodes", FOUR, simopt.SGD(eta=0.55), {"batch_size": 4}),
    ("decreases very slowly", HUBBLE, simopt.SGD(eta=1e-4), {}),
    ("decreases very slowly", DIABETES, simopt.Adam(eta=0.003), {}),
    (
        "plateaus early",
        DIABETES,
        simopt.SGD(eta=0.005),
        {"batch_size": 32, "schedule": schedules.exponential(0.97)},
    ),
    (
        "plateaus, then drops",
        problems.saddle(),
        simopt.SGD(eta=0.1),
        {"epochs": 300, "shuffle": "never"},
    ),
    ("NaN or Inf", FOUR, simopt.SGD(eta=50.0), {"epochs": 300}),
    ("stopped learning mid-training", DIABETES, simopt.AdaGrad(eta=1.0), {"batch_size": 8}),
    (
        "stopped learning mid-training",
        HUBBLE,
        simopt.Adam(eta=2.0),
        {"batch_size": 24, "epochs": 80, "schedule": schedules.multi_step([40], 1e-9)},
    ),
    ("noise floor", DIABETES, simopt.SGD(eta=0.05), {"batch_size": 2}),
    ("noise floor", DIABETES, simopt.RMSprop(eta=10.0), {"batch_size": 8}),
]


@pytest.mark.parametrize(
    ("symptom", "problem", "optimizer", "plan"), RUNS, ids=[f"{r[0]}-{r[2].name}" for r in RUNS]
)
def test_symptoms_of_real_runs(symptom, problem, optimizer, plan):
    loss = run(problem, optimizer, **plan)
    found = simopt.diagnose(loss, optimizer=optimizer)
    assert found.symptom == symptom
    assert 0.5 <= found.sure <= 1
    assert found.advice
    # Neither another unit, nor a constant on top, nor a few lost values change what it shows.
    if symptom != "NaN or Inf":
        assert simopt.diagnose(1e-3 * loss + 7).symptom == symptom
    holed = loss.copy()
    holed[[7, 19, 33]] = np.nan
    assert simopt.diagnose(holed).symptom == symptom


def test_validation_that_rises():
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(90, 25)), rng.normal(size=25)
    y = x @ w + 4.0 * rng.normal(size=90)
    problem = problems.least_squares(x[:30], y[:30])
    long = simopt.sweep(
        problem, simopt.SGD(eta=0.1), epochs=300, batch_size=30, record="epochs", threads=1
    )
    weights = long[[f"w_{k}" for k in range(25)]].to_numpy()
    held = ((weights @ x[30:].T - y[30:]) ** 2).mean(axis=1)
    assert held[-1] > 1.1 * held.min()
    found = simopt.diagnose(long["loss"], held)
    assert found.symptom == "validation rises"
    best = int(held.argmin())
    assert found.advice[0].startswith(f"stop earlier (at value {best + 1}, where it is lowest): me")
    assert abs(found.evidence["first"][0] - best) <= 300 / 64
    assert simopt.diagnose(long["loss"]).symptom != "validation rises"


def test_all_symptoms_are_shown_here():
    # Those of the document and the noise floor; the others are in test_symptoms_of_logs.
    assert {symptom for symptom, *_ in RUNS} == set(SYMPTOMS[:10]) - {"validation rises"}


def test_it_says_when_it_cannot_tell():
    for loss in ([1.0], [2.0, 1.0], [3.0] * 4, [np.nan, 2.0, 1.0]):
        found = simopt.diagnose(loss)
        assert (found.symptom, found.sure, found.causes) == ("can't tell", 0.0, ())
        assert found.title == "Can't tell"
        assert "more values" in found.advice[0]
        assert "Can't tell" in str(found)
    assert simopt.diagnose([np.nan, np.nan]).symptom == "NaN or Inf"


def test_evidence_lies_where_it_was_seen():
    loss = np.concatenate([np.linspace(10, 5, 20), np.full(40, 5.0), np.linspace(4.9, 0, 10)])
    found = simopt.diagnose(loss)
    assert found.symptom == "plateaus, then drops"
    flat = found.evidence.iloc[0]
    assert (flat["feature"], flat["value"]) == ("plateau", pytest.approx(42 / 69, abs=2 / 64))
    assert abs(flat["first"] - 18) <= 2
    assert abs(flat["last"] - 60) <= 2
    assert list(found.evidence.columns) == ["feature", "value", "first", "last", "says"]


def test_evidence_in_plain_numbers():
    """Every number that is shown, of curves whose features are known."""

    def says(loss):
        return dict(simopt.diagnose(loss).evidence[["feature", "says"]].to_numpy())

    t = np.arange(40.0)
    exploded = np.append(np.ones(30), np.geomspace(10.0, 3e4, 10))
    exploded[1] = 0.0  # the first half rises by 1 above the lowest, the last quarter by 30,000
    assert "the last quarter rises 30,000 times" in says(exploded)["growth"]
    assert "more than a million times" in says(np.append(exploded, 1e9))["growth"]
    rises = np.maximum(np.exp(-t / 3), 0.01 * (t - 26) / 13)  # by 0.01 in the last 13 steps
    assert says(rises)["tail_fall"] == "over the last third it rises by 0.99 % of its range"
    assert "falls by less than 0.1 %" in says(np.exp(-t / 3.7))["tail_fall"]
    floor = np.append(np.exp(-t), 0.05 + 0.05 * (-1) ** np.arange(80) + 1e-4 * np.arange(80))
    assert "to the last it rises by" in says(floor)["late_drift"]
    assert "to the last it falls by" in says(floor - 2e-4 * np.arange(120))["late_drift"]
    assert says([2.0]) == {"values": "1 value"}
    # Too short for a line through its last third.
    assert "tail_fall" not in says([5.0, 2.0, 1.0, 0.9, 0.85])
    for curve in (exploded, rises, floor):
        assert not any(
            "e+" in text or "e-" in text or "nan" in text for text in says(curve).values()
        )


def test_evidence_is_counted_on_the_curve_with_its_gaps():
    loss = np.exp(-np.arange(40) / 4)
    holed = np.full(80, np.nan)
    holed[::2] = loss
    one, two = simopt.diagnose(loss), simopt.diagnose(holed[:-1])
    assert (2 * one.evidence[["first", "last"]]).equals(two.evidence[["first", "last"]])


def test_nan_is_found_where_it_begins():
    for value, word in ((np.nan, "nan"), (np.inf, "inf")):
        found = simopt.diagnose([3.0, 2.0, 1.0, 1.0, value, value], optimizer=simopt.SGD(eta=0.1))
        assert found.symptom == "NaN or Inf"
        row = found.evidence.iloc[0]
        assert (row["first"], row["last"]) == (4, 5)
        assert row["says"].startswith(f"value 5 is {word}")
        # It did not grow before: so the data are asked first.
        assert found.advice[0] == "look for missing, infinite and extreme values in the data"
    grown = simopt.diagnose([3.0, 5.0, 60.0, 1e4, np.inf], optimizer=simopt.SGD(eta=0.1))
    assert grown.advice[0].startswith("eta / 100 (eta 0.1 -> 0.001): mended ")
    assert any(line.startswith("clip the gradients: clip_norm=1.0: ") for line in grown.advice)


@pytest.mark.parametrize(
    ("loss", "optimizer", "advice"),
    [
        ([0, 9, 1, 8, 0, 9, 1, 9], None, ["eta / 10:", "beta to 0.8, if there is momentum:"]),
        ([0, 9, 1, 8, 0, 9, 1, 9], simopt.SGD(eta=0.1), ["eta 0.1 -> 0.01", "batches 4 times"]),
        ([0, 9, 1, 8, 0, 9, 1, 9], simopt.Momentum(eta=0.2), ["0.2 -> 0.1", "beta 0.9 -> 0.8"]),
        ([0, 9, 1, 8, 0, 9, 1, 9], simopt.Adam(eta=0.1), ["0.1 -> 0.02", "beta1 0.9 -> 0.8"]),
        ([0, 9, 1, 8, 0, 9, 1, 9], simopt.Adam(eta=300.0), ["eta 300 -> 30"]),
        ([9, 8, 7, 6, 5, 4, 3, 2], simopt.Adam(), ["eta x 100 (eta 0.001 -> 0.1)", "-> 0.01)"]),
    ],
)
def test_advice_has_the_numbers_of_the_optimizer(loss, optimizer, advice):
    found = simopt.diagnose([float(x) for x in loss], optimizer=optimizer)
    lines = found.advice + found.seldom
    assert all(any(part in line for line in lines) for part in advice)


def test_causes_know_the_rule():
    stopped = run(DIABETES, simopt.AdaGrad(eta=1.0), batch_size=8)
    assert "AdaGrad's G" in simopt.diagnose(stopped, optimizer=simopt.AdaGrad(eta=1.0)).causes[0]
    assert "schedule" in simopt.diagnose(stopped, optimizer=simopt.Adam()).causes[0]
    lines = [line for line in simopt.diagnose(stopped).advice if "Adam" in line]
    assert [line.partition(":")[0] for line in lines] == ["with AdaGrad, Adam instead"]


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("adam", "optimizer='adam': must be None or an optimizer"),
        (simopt.Adam, "must be None or an optimizer"),
        (simopt.Adam(eta=[0.1, 0.2]), "must be one, with one value of each hyperparameter"),
        (simopt.Adam(convention=["torch", "keras"]), "must be one, with one value"),
    ],
)
def test_optimizers_that_are_refused(optimizer, message):
    with pytest.raises(ValueError, match=message):
        simopt.diagnose([3.0, 2.0, 1.0], optimizer=optimizer)


def test_printed_it_has_plot_evidence_causes_and_advice():
    text = str(simopt.diagnose(run(HUBBLE, simopt.SGD(eta=1e-4)), optimizer=simopt.SGD(eta=1e-4)))
    lines = text.splitlines()
    assert lines[0].startswith("Decreases very slowly (")
    assert lines[2].startswith("271,309 ┤")
    assert text.index("Seen:") < text.index("Likely causes:") < text.index("What to do:")
    (line,) = (line for line in lines if line.startswith("  - eta x 100 (eta 0.0001 -> 0.01): "))
    assert re.fullmatch(r".*: mended \d+ % of [\d,]+ such runs of SGD; worse in [\d.]+ %", line)
    assert text.index("What to do:") < text.index(line) < text.index("What seldom helps:")
    assert " ".join(text.splitlines()[-2:]).replace("\n", " ") == odds.NOTE
    assert max(map(len, lines)) <= 100


def test_a_plot_goes_through_the_values():
    #: One dot a value: a line from the top left to the bottom right.
    drawn = terminal.plot(np.arange(8.0)[::-1], width=4, height=2).splitlines()
    assert drawn == ["7 ┤⠑⢄⠀⠀", "0 ┤⠀⠀⠑⢄"]
    assert terminal.plot(np.array([np.nan, np.inf])) == ""
    assert len(terminal.plot(np.array([2.0])).splitlines()) == terminal.HEIGHT
    assert len(terminal.plot(np.geomspace(1, 1e9, 30)).splitlines()) == terminal.HEIGHT
    long = terminal.plot(np.random.default_rng(0).normal(size=100_000), (0, 50_000))
    assert long.splitlines()[-1].strip() == "━" * 31


def test_figure_and_notebook_mark_the_evidence():
    found = simopt.diagnose(run(DIABETES, simopt.SGD(eta=0.05), batch_size=2))
    drawn = found.figure()
    assert isinstance(drawn, matplotlib.figure.Figure)
    axes = drawn.axes[0]
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_ydata(), found.loss)
    assert [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches] == [
        (first + 1, last + 1)
        for first, last in found.evidence[["first", "last"]].drop_duplicates().to_numpy()
    ]
    html = found._repr_html_()
    assert html.startswith("<div")
    assert "<svg" in html
    assert "let the rate fall towards the end" in html


def test_long_curves_are_drawn_by_their_extremes():
    loss = np.random.default_rng(0).normal(size=30_000)
    loss[12_345] = 100.0
    line, spike = simopt.diagnose(loss).figure().axes[0].lines
    assert spike.get_xdata()[0] == 12_346
    assert len(line.get_xdata()) <= 2_000
    assert line.get_ydata().max() == 100.0
    assert line.get_xdata()[line.get_ydata().argmax()] == 12_346


def test_page_is_whole_and_escaped(tmp_path):
    found = simopt.diagnose([9, 8, 7, 6, 5, 4, 3, 2], optimizer=simopt.Adam())
    made = Diagnosis(**{**vars(found), "causes": ("<script>alert(1)</script>",)})
    path = made.page(tmp_path / "new" / "curve.html")
    text = path.read_text(encoding="utf-8")
    assert "<svg" in text
    assert "<script>alert" not in text
    assert "eta 0.001 -&gt; 0.1" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert [each.name for each in path.parent.iterdir()] == ["curve.html"]
    with pytest.raises(ValueError, match="must be a file, not a folder"):
        made.page(tmp_path)


def test_a_page_that_fails_leaves_the_last_one(tmp_path, monkeypatch):
    path = tmp_path / "curve.html"
    path.write_text("before")
    found = simopt.diagnose([9.0, 8, 7, 6, 5, 4])
    monkeypatch.setattr("simopt.display.templating.html", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        found.page(path)
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_importing_simopt_loads_none_of_it():
    code = "import sys, simopt; print([m for m in sys.modules if 'diagnosis' in m])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


#: Sweeps: a grid with everything in it, small.
GRID = [
    simopt.SGD(eta=np.geomspace(1e-4, 10, 12)),
    simopt.Adam(eta=np.geomspace(1e-2, 1e3, 8)),
]
PLAN = {"batch_size": [4, 24], "epochs": 30, "shuffle": "epoch", "seed": range(3)}


def test_sweep_diagnoses_what_its_epochs_show():
    frame = simopt.sweep(HUBBLE, GRID, diagnosis=True, **PLAN)
    plain = simopt.sweep(HUBBLE, GRID, **PLAN)
    pd.testing.assert_frame_equal(frame.drop(columns="diagnosis"), plain)
    assert frame.columns[-1] == "diagnosis"
    assert frame["diagnosis"].cat.categories.tolist() == list(SYMPTOMS)
    assert frame.attrs["spec"]["diagnosis"] is True
    long = simopt.sweep(HUBBLE, GRID, record="epochs", **PLAN)
    keys = ["optimizer", "eta", "batch_size", "seed"]
    curves = long.groupby(keys, observed=True)["loss"].agg(list)
    seen = set()
    for row in frame.itertuples():
        curve = curves.loc[(row.optimizer, row.eta, row.batch_size, row.seed)]
        expected = diagnose_many([[HUBBLE.loss(HUBBLE.w0), *curve]])["symptom"][0]
        if row.status == "diverged" and expected == "can't tell":
            expected = "decreases then explodes"
        assert row.diagnosis == expected
        seen.add(expected)
    assert len(seen) >= 4


def test_sweep_diagnoses_the_same_everywhere(tmp_path):
    frame = simopt.sweep(HUBBLE, GRID, diagnosis=True, threads=1, **PLAN)
    for how in ({"threads": 2}, {"store": tmp_path / "store"}):
        other = simopt.sweep(HUBBLE, GRID, diagnosis=True, **how, **PLAN)
        assert frame["diagnosis"].tolist() == other["diagnosis"].tolist()
    with pytest.raises(ValueError, match="store"):
        simopt.sweep(HUBBLE, GRID, store=tmp_path / "store", **PLAN)


def test_sweep_diagnoses_what_ends_early():
    plan = {"epochs": 50, "target": 3.0, "stop_at_target": True, "diagnosis": True}
    frame = simopt.sweep(FOUR, simopt.SGD(eta=[0.001, 0.004, 1.0]), **plan)
    assert frame["status"].tolist() == ["ok", "ok", "diverged"]
    assert frame["diagnosis"].tolist() == [
        "decreases very slowly",
        "healthy",  # it stopped on its way down, having lost three quarters
        "decreases then explodes",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"diagnosis": "yes"}, "diagnosis='yes': must be True or False"),
        ({"diagnosis": True, "record": "epochs"}, "must be False with record='epochs'"),
        ({"diagnosis": True, "reduce": "seed"}, "must be False with reduce=...: labels have no"),
    ],
)
def test_sweeps_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        simopt.sweep(FOUR, simopt.SGD(eta=0.1), seed=range(3), **arguments)


@pytest.fixture
def command(tmp_path, monkeypatch, simopt_command):
    """``simopt diagnose``: status, standard output, standard error; in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return partial(simopt_command, "diagnose")


def test_command_reads_a_log(command, tmp_path):
    epochs = range(30)
    table = pd.DataFrame(
        {"epoch": epochs, "loss": [0.9**k for k in epochs], "val_loss": [1.0 + k for k in epochs]}
    )
    table.to_csv("log.csv", index=False)
    status, out, err = command("log.csv", "--optimizer", "adam", "--eta", "0.1")
    assert (status, err) == (0, "")
    assert out == f"{simopt.diagnose('log.csv', optimizer=simopt.Adam(eta=0.1))}\n"
    status, out, _ = command("log.csv", "--loss", "val_loss", "--validation", "loss")
    columns = {"column": "val_loss", "validation": "loss"}
    assert (status, out) == (0, f"{simopt.diagnose('log.csv', **columns)}\n")
    alone = simopt.diagnose(table["val_loss"], table["loss"])
    assert out.endswith(str(alone).partition("Seen:")[2] + "\n")
    status, out, _ = command("log.csv", "--page", "curve.html")
    assert (status, out) == (0, "curve.html\n")
    assert "<svg" in (tmp_path / "curve.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "arguments", "error"),
    [
        ("", [], "it is empty"),
        ("epoch,loss\n0,low\n", [], "loss, row 1='low': must be a number"),
        ("loss,loss\n1,2\n", [], "columns='loss': must be there once"),
        ("loss\n3\n2\n", ["--loss", "train"], "loss='train': must be a column"),
        ("loss\n3\n2\n", ["--validation", "val"], "validation='val': must be a column"),
        ("loss\n3\n2\n", ["--eta", "0.1"], "--optimizer=None: must be a name"),
        ("loss\n3\n2\n", ["--optimizer", "adamant"], "adamant"),
        ("loss\n3\n2\n", ["--optimizer", "adam", "--eta", "-1"], "eta=-1.0: must be"),
        ("loss\n3\n2\n", ["--page", "curve.pdf"], "--page='curve.pdf': must be a file that ends"),
    ],
)
def test_command_says_in_one_line_what_is_wrong(command, tmp_path, text, arguments, error):
    (tmp_path / "log.csv").write_text(text)
    status, out, err = command("log.csv", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert error in err


def test_command_misses_a_file(command):
    status, _, err = command("nowhere.csv")
    assert (status, err) == (2, "simopt: nowhere.csv: No such file or directory\n")
