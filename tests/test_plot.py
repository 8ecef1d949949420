"""simopt.plot: what is drawn is what was measured, and nothing outside the figure changes."""

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import simopt
from simopt import measures, plot, problems
from simopt.display import style

RATES = np.geomspace(0.001, 1, 13)


@pytest.fixture(scope="module")
def four():
    return problems.four_points()


@pytest.fixture(scope="module")
def frame(four):
    rules = [simopt.SGD(eta=RATES), simopt.Momentum(eta=RATES)]
    return simopt.sweep(four, rules, epochs=10, shuffle="epoch", seed=range(5), progress=False)


def lines(figure):
    """Label to x and y of each line of the first axes."""
    (axes, *_) = figure.axes
    return {each.get_label(): (each.get_xdata(), each.get_ydata()) for each in axes.get_lines()}


def test_sensitivity_draws_the_bands(four, frame):
    table = measures.bands(frame.assign(excess=measures.excess(frame, four)), ["optimizer", "eta"])
    figure = plot.sensitivity(frame, four)
    drawn = lines(figure)
    for name, rows in table.groupby("optimizer", observed=True):
        finite = rows[np.isfinite(rows["median"])]
        assert 3 < len(finite) < len(rows)  # some rates diverge
        np.testing.assert_array_equal(drawn[name][0], finite["eta"])
        np.testing.assert_array_equal(drawn[name][1], finite["median"])
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    first = measures.first_divergence(table, ["optimizer"])
    crosses = [x[0] for label, (x, _) in drawn.items() if label.startswith("_")]
    assert crosses == first["diverges_from"].tolist()
    colors = [to_hex(each.get_facecolor()[0]) for each in axes.collections]
    assert colors == [style.LOOKS[name].color for name in ("SGD", "Momentum")]
    assert [each.get_text() for each in figure.legends[0].get_texts()] == ["SGD", "Momentum"]


def test_another_column_than_the_optimizer(four):
    swept = simopt.sweep(four, simopt.SGD(eta=RATES), batch_size=[1, 2, 4], progress=False)
    assert set(lines(plot.sensitivity(swept, by="batch_size"))) >= {
        "batch_size = 1", "batch_size = 2", "batch_size = 4",
    }  # fmt: skip


def test_a_heatmap_has_every_cell_in_its_class(four):
    rule = simopt.Momentum(eta=RATES, beta=[0.0, 0.5, 0.9])
    swept = simopt.sweep(four, rule, epochs=10, progress=False)
    figure = plot.heatmap(swept, "eta", "beta", four)
    (axes,) = figure.axes
    values = measures.excess(swept, four)
    cells = 0
    for patch in axes.patches:
        path = patch.get_path()
        inside = swept.apply(
            lambda row, path=path: path.contains_point((row["eta"], row["beta"])), axis=1
        )
        cells += int(inside.sum())
        if patch.get_hatch():
            assert np.isinf(values[inside]).all()
        else:
            assert np.isfinite(values[inside]).all()
    assert cells == len(swept)
    names = [each.get_text() for each in figure.legends[0].get_texts()]
    assert names[-1] == "diverged"
    best = axes.patches[0].get_path()
    at = swept.loc[values.idxmin()]
    assert best.contains_point((at["eta"], at["beta"]))


def test_losses_of_runs_begin_at_the_start(four):
    runs = [simopt.run(four, rule, epochs=3) for rule in (simopt.SGD(eta=0.01), simopt.Adam())]
    drawn = lines(plot.loss(runs))
    assert list(drawn) == ["SGD", "Adam"]
    for each in runs:
        x, y = drawn[each.optimizer.name]
        assert list(x) == list(range(13))
        assert list(y) == [four.loss(four.w0), *each.steps["loss"]]
    (alone,) = lines(plot.loss(runs[0])).values()
    assert list(alone[1]) == list(drawn["SGD"][1])


def test_runs_of_one_rule_are_told_apart(four):
    runs = [simopt.run(four, simopt.SGD(eta=eta)) for eta in (0.01, 0.1, 0.1)]
    assert list(lines(plot.loss(runs))) == ["SGD(eta=0.01)", "SGD(eta=0.1) (1)", "SGD(eta=0.1) (2)"]


@pytest.mark.parametrize("record", ["steps", "epochs"])
def test_losses_of_a_sweep_have_a_band(four, record):
    swept = simopt.sweep(
        four, simopt.SGD(eta=[0.01, 0.02]), epochs=3, shuffle="epoch", seed=range(4),
        record=record, progress=False,
    )  # fmt: skip
    figure = plot.loss(swept, four, by="eta")
    assert list(lines(figure)) == ["η = 0.01", "η = 0.02"]
    (axes,) = figure.axes
    assert len(axes.collections) == 2
    assert axes.get_xlabel() == {"steps": "update", "epochs": "epoch"}[record]


def test_nothing_global_is_touched(four, frame):
    code = """
import sys
sys.modules["matplotlib.pyplot"] = None  # importing it is an error
import matplotlib
# Past `RcParams`, which would import pyplot to say what the backend is.
raw = lambda: dict(dict.items(matplotlib.rcParams))
before = raw()
import simopt
four = simopt.problems.four_points()
figure = simopt.plot.loss(simopt.run(four, simopt.SGD()))
assert raw() == before
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=300)
    figure = plot.sensitivity(frame, four)
    assert to_hex(figure.get_facecolor()) == style.PAPER
    assert figure.canvas.manager is None
    assert matplotlib.rcParams["font.size"] != style.RC["font.size"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda frame: plot.sensitivity(frame, by="none"), "by='none': must be a column of frame"),
        (lambda frame: plot.sensitivity(frame.drop(columns="loss")), "frame"),
        (lambda frame: plot.heatmap(frame, "eta", "eta"), "y='eta': must be another column"),
        (lambda frame: plot.heatmap(frame, "eta", "seed"), "must be of one optimizer"),
        (lambda frame: plot.loss([]), "runs=\\[\\]: must be a Run"),
        (lambda frame: plot.loss(frame), "runs='epoch': must be a column of runs"),
        (lambda frame: plot.loss([1]), "runs=1: must be a Run"),
        (lambda frame: plot.sensitivity(frame, 3), "problem=3: must be a problem"),
    ],
)
def test_what_cannot_be_drawn_is_refused(frame, call, said):
    with pytest.raises(ValueError, match=said):
        call(frame)


def test_a_table_of_one_cell_is_a_map():
    one = pd.DataFrame({"eta": [0.1], "beta": [0.9], "loss": [1.0]})
    assert len(plot.heatmap(one, "eta", "beta").axes[0].patches) == 1
    gone = one.assign(loss=np.inf)
    assert plot.heatmap(gone, "eta", "beta").axes[0].patches[0].get_hatch() == "////"
