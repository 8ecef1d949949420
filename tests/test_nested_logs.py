"""Several series or several runs in one value: charts, blocks of rows, histories by name."""

from __future__ import annotations

import base64
import gzip
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from simopt.curves.logs import charts, read_log
from tests.test_logs import HELD, LOSS, NAN, T, lines, one, same, written

A, B, K = LOSS.tolist(), HELD.tolist(), T.tolist()


def packed(values, dtype):
    """An array as Plotly has it."""
    data = np.asarray(values).astype(dtype).tobytes()
    return {"dtype": dtype, "bdata": base64.b64encode(data).decode()}


SERIES = [
    {"name": "loss", "type": "scatter", "x": K, "y": A, "line": {"color": "red"}},
    {"name": "val_loss", "type": "scatter", "x": K, "y": B},
]
CHARTS = {
    "Plotly": {"data": SERIES, "layout": {"xaxis": {"range": [0, 40]}}},
    "Plotly, packed": {
        "data": [
            {"name": "loss", "x": packed(K, "i1"), "y": packed(A, "f8")},
            {"name": "val_loss", "x": packed(K, "i1"), "y": packed(B, "f8")},
        ]
    },
    "Plotly's series alone": SERIES,
    "Chart.js": {
        "type": "line",
        "data": {
            "labels": list(map(str, K)),
            "datasets": [{"label": "train", "data": A}, {"label": "validation", "data": B}],
        },
    },
    "Chart.js, points": {
        "datasets": [
            {"label": "loss", "data": [{"x": k, "y": a} for k, a in zip(K, A, strict=True)]},
            {"label": "val_loss", "data": [{"x": k, "y": b} for k, b in zip(K, B, strict=True)]},
        ]
    },
    "ECharts": {
        "xAxis": [{"type": "category", "data": K}],
        "series": [{"name": "loss", "data": A}, {"name": "val_loss", "data": B}],
    },
    "Highcharts": {
        "title": {"text": "a run"},
        "series": [
            {"name": "loss", "data": [list(at) for at in zip(K, A, strict=True)]},
            {"name": "val_loss", "data": [list(at) for at in zip(K, B, strict=True)]},
        ],
    },
    "ApexCharts": {
        "xaxis": {"categories": K},
        "series": [{"name": "loss", "data": A}, {"name": "val_loss", "data": B}],
    },
    "Bokeh's source": {
        "type": "map",
        "entries": [
            ["step", {"type": "ndarray", "array": K, "dtype": "int64", "shape": [40]}],
            [
                "loss",
                {
                    "type": "ndarray",
                    "array": {
                        "type": "bytes",
                        "data": base64.b64encode(LOSS.tobytes()).decode(),
                    },
                    "dtype": "float64",
                    "order": "little",
                    "shape": [40],
                },
            ],
            [
                "val_loss",
                {
                    "type": "ndarray",
                    "array": {
                        "type": "bytes",
                        "data": base64.b64encode(gzip.compress(HELD.tobytes())).decode(),
                    },
                    "dtype": "float64",
                    "shape": [40],
                },
            ],
        ],
    },
    "Vega-Lite": {
        "mark": "line",
        "data": {
            "values": [
                {"step": k, "variable": name, "value": cell}
                for k, a, b in zip(K, A, B, strict=True)
                for name, cell in (("loss", a), ("val_loss", b))
            ]
        },
    },
}


@pytest.mark.parametrize("name", CHARTS)
def test_charts(tmp_path, name):
    run = one(read_log(written(tmp_path, json.dumps(CHARTS[name]), "chart.json")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_a_page_of_plotly(tmp_path):
    page = f'<html><script>Plotly.newPlot("a-1", {json.dumps(SERIES)}, {{}})</script></html>'
    run = one(read_log(written(tmp_path, page, "chart.html")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_series_of_fewer_places(tmp_path):
    every = slice(4, None, 5)
    chart = {"data": [SERIES[0], {"name": "val_loss", "x": K[every], "y": B[every]}]}
    run = one(read_log(written(tmp_path, json.dumps(chart), "chart.json")))
    same(run, LOSS, np.where(T % 5 == 4, HELD, NAN))


def test_a_series_without_a_name_is_what_its_axis_says(tmp_path):
    chart = {
        "data": [{"name": "", "x": K, "y": A}],
        "layout": {"yaxis": {"title": {"text": "nll"}}},
    }
    run = one(read_log(written(tmp_path, json.dumps(chart), "chart.json")))
    same(run, held=None)
    assert run.loss_column == "nll"


@pytest.mark.parametrize(
    "value",
    [
        [{"id": 1, "data": [1, 2], "loss": 0.5}, {"id": 2, "data": [1, 2], "loss": 0.4}],
        {"data": [{"epoch": 1, "loss": 0.5}]},
        {"columns": ["loss"], "data": [[0.5], [0.4]]},
        {"type": "map", "entries": []},
        {"series": [{"name": "loss", "data": {"dtype": "f8", "bdata": "no base64!"}}]},
        {"series": [{"name": "loss", "data": [{"x": [1], "y": 0.5}, {"x": {}, "y": 0.4}]}]},
        {"data": [{"name": "loss", "x": [[1], [2]], "y": [0.5, 0.4]}]},
        [0.5, 0.4],
        "loss",
    ],
)
def test_what_is_no_chart(value):
    assert charts.columns(value) is None


def test_series_of_one_name_are_refused(tmp_path):
    chart = {"data": [SERIES[0], SERIES[0]]}
    with pytest.raises(ValueError, match="'loss': must be there once, but there are 2"):
        read_log(written(tmp_path, json.dumps(chart), "chart.json"))


# Blocks of rows.

BLOCKS = {
    "Gnuplot": "# train loss\n" + lines("{k} {a}") + "\n\n# val loss\n" + lines("{k} {b}"),
    "Gnuplot, quoted": '"train loss"\n'
    + lines("{k}\t{a}")
    + '\n\n"val loss"\n'
    + lines("{k}\t{b}"),
    "titles over headers": (
        "training\nepoch,loss\n"
        + lines("{k},{a}")
        + "\nvalidation\nepoch,loss\n"
        + lines("{k},{b}")
    ),
    "a header each": (
        "epoch,train_loss\n" + lines("{k},{a}") + "\nepoch,val_loss\n" + lines("{k},{b}")
    ),
    "Octave": "".join(
        f"# name: {name}\n# type: matrix\n# rows: 40\n# columns: 1\n"
        + lines(f" {{{cell}}}")
        + "\n\n"
        for name, cell in (("train_loss", "a"), ("val_loss", "b"))
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_of_one_run(tmp_path, name):
    run = one(read_log(written(tmp_path, BLOCKS[name], "loss.dat")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize("titles", [("# eta 0.1", "# eta 0.2"), ("", "")])
def test_blocks_of_several_runs(tmp_path, titles):
    text = f"{titles[0]}\n{lines('{k} {a}')}\n\n{titles[1]}\n{lines('{k} {b}')}"
    log = read_log(written(tmp_path, text, "loss.dat"))
    assert [run.name for run in log] == (
        ["eta 0.1", "eta 0.2"] if titles[0] else ["run 1", "run 2"]
    )
    for run, loss in zip(log, (LOSS, HELD), strict=True):
        same(run, loss, None)
        np.testing.assert_array_equal(run.x, T)


def test_a_curve_with_remarks_between_its_rows_is_no_blocks(tmp_path):
    rows = lines("{k} {a}").splitlines()
    text = "\n".join([*rows[:20], "# saved", "", *rows[20:]])
    same(one(read_log(written(tmp_path, text, "loss.dat"))), held=None)


# Runs by name, and in lists.


def history(factor=1):
    return {"loss": (factor * LOSS).tolist(), "val_loss": (factor * HELD).tolist()}


def records(factor=1):
    return [
        {"epoch": k, "loss": factor * a, "val_loss": factor * b}
        for k, a, b in zip(K, A, B, strict=True)
    ]


NAMED = {
    "histories": {"sgd": history(2), "adam": history()},
    "records": {"sgd": records(2), "adam": records()},
    "beside settings": {"config": {"lr": 0.1}, "sgd": history(2), "adam": history()},
    "deeper": {"results": {"sgd": {"history": history(2)}, "adam": {"history": history()}}},
    "metrics first": {
        "loss": {"sgd": history(2)["loss"], "adam": A},
        "val_loss": {"sgd": history(2)["val_loss"], "adam": B},
    },
    "parts first": {
        "train": {"sgd": {"loss": history(2)["loss"]}, "adam": {"loss": A}},
        "val": {"sgd": {"loss": history(2)["val_loss"]}, "adam": {"loss": B}},
    },
    "a list": [{"name": "sgd", **history(2)}, {"name": "adam", **history()}],
    "a list of deeper ones": [
        {"optimizer": "sgd", "name": "sgd", "history": records(2)},
        {"optimizer": "adam", "name": "adam", "history": records()},
    ],
}


@pytest.mark.parametrize("name", NAMED)
def test_runs_of_one_file(tmp_path, name):
    log = read_log(written(tmp_path, json.dumps(NAMED[name]), "runs.json"))
    assert [run.name for run in log] == ["sgd", "adam"]
    for run, factor in zip(log, (2, 1), strict=True):
        same(run, factor * LOSS, factor * HELD)


def test_runs_are_told_by_the_settings_in_which_they_differ(tmp_path):
    text = json.dumps([{"lr": lr, "beta": 0.9, **history()} for lr in (0.1, 0.2)])
    log = read_log(written(tmp_path, text, "runs.json"))
    assert [run.name for run in log] == ["lr=0.1", "lr=0.2"]


@pytest.mark.parametrize("kind", ["History", "DataFrame", "arrays"])
@pytest.mark.parametrize("named", [True, False])
def test_runs_in_memory(kind, named):
    of = {
        "History": lambda held: SimpleNamespace(history=held),
        "DataFrame": pd.DataFrame,
        "arrays": lambda held: {name: np.array(cells) for name, cells in held.items()},
    }[kind]
    runs = [of(history(2)), of(history())]
    log = read_log(dict(zip(("sgd", "adam"), runs, strict=True)) if named else runs)
    assert [run.name for run in log] == (["sgd", "adam"] if named else ["run 1", "run 2"])
    for run, factor in zip(log, (2, 1), strict=True):
        same(run, factor * LOSS, factor * HELD)


@pytest.mark.parametrize(
    "value",
    [
        {"train": {"rmse": A}, "eval": {"rmse": B}},
        {"train_loss": A, "val_loss": B},
        {"loss": {"train": A, "val": B}},
    ],
)
def test_parts_of_one_run_are_no_runs(tmp_path, value):
    same(one(read_log(written(tmp_path, json.dumps(value), "run.json"))))


@pytest.mark.parametrize("names", [("generator", "discriminator"), ("policy", "value")])
def test_losses_of_a_models_parts_are_no_runs(tmp_path, names):
    value = {name: {"loss": A} for name in names}
    assert len(read_log(written(tmp_path, json.dumps(value), "run.json"))) == 1


def test_lists_without_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match="2 lists of numbers.*must be named"):
        read_log(written(tmp_path, json.dumps([A, B]), "loss.json"))


def bokeh_line(number, names, shared):
    """A line of Bokeh's, whose source is its own or is referred to where another line has it."""
    source = {"type": "object", "name": "ColumnDataSource", "id": "s" if shared else f"s{number}"}
    columns = zip(names, (K, (A, B)[number]), strict=True)
    if shared:
        columns = (("epoch", K), ("loss", A), ("val_loss", B))
    data = {"type": "map", "entries": [list(pair) for pair in columns]}
    if not (shared and number):
        source["attributes"] = {"selected": {"id": "p1"}, "data": data}
    fields = {
        axis: {"type": "field", "field": name} for axis, name in zip("xy", names, strict=True)
    }
    glyph = {"type": "object", "name": "Line", "id": f"g{number}", "attributes": fields}
    attributes = {"data_source": source, "glyph": glyph}
    return {"type": "object", "name": "GlyphRenderer", "id": f"r{number}", "attributes": attributes}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_a_document_of_bokeh(tmp_path, shared, whole):
    names = [("epoch", "loss"), ("epoch", "val_loss")] if shared else [("x", "y"), ("x", "y")]
    items = [
        {
            "type": "object",
            "name": "LegendItem",
            "id": f"i{k}",
            "attributes": {
                "label": {"type": "value", "value": label},
                "renderers": [{"id": f"r{k}"}],
            },
        }
        for k, label in enumerate(("train loss", "val loss"))
    ]
    lines_ = [bokeh_line(k, names[k], shared) for k in (0, 1)]
    figure = {"renderers": lines_, "center": [{"attributes": {"items": items}}]}
    document = {"roots": [{"type": "object", "name": "Figure", "id": "f", "attributes": figure}]}
    value = {"target_id": None, "root_id": "f", "doc": document} if whole else document
    run = one(read_log(written(tmp_path, json.dumps(value), "chart.json")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_stores_that_only_their_own_programs_read(tmp_path):
    run = written(tmp_path / "run-1", b":SWL\xd6\xe1\x02", "run-1.swanlab")
    with pytest.raises(ValueError, match="a run of SwanLab: .*exports CSV"):
        read_log(run)
    for number, cells in ((1, A), (2, B)):
        text = "".join(
            json.dumps({"index": k, "data": cell, "create_time": "2026-05-01T12:00:00+00:00"})
            + "\n"
            for k, cell in zip(K, cells, strict=True)
        )
        written(tmp_path / "run-1" / "logs" / str(number), text, "1000.log")
    with pytest.raises(ValueError, match="a run of SwanLab, a file for each metric"):
        read_log(tmp_path)
    metric = one(read_log(tmp_path / "run-1" / "logs" / "1" / "1000.log"))
    same(metric, held=None)
    (tmp_path / "repo" / ".aim").mkdir(parents=True)
    for folder in (tmp_path / "repo", tmp_path / "repo" / ".aim"):
        with pytest.raises(ValueError, match="a store of Aim's: must be what Aim exports"):
            read_log(folder)


@pytest.mark.parametrize(
    "names", [("0.1", "0.01"), ("lr=0.1", "lr=0.01"), ("0", "1"), ("seed_0", "seed_1")]
)
def test_runs_by_a_number(tmp_path, names):
    text = json.dumps({name: history(k) for k, name in enumerate(names, 1)})
    log = read_log(written(tmp_path, text, "runs.json"))
    assert [run.name for run in log] == list(names)
    for k, run in enumerate(log, 1):
        same(run, k * LOSS, k * HELD)


@pytest.mark.parametrize(
    "value",
    [
        {
            "epoch_1": {"loss": A[:20], "val_loss": B[:20]},
            "epoch_2": {"loss": A[20:], "val_loss": B[20:]},
        },
        [
            {"epoch": 1, "loss": A[:20], "val_loss": B[:20]},
            {"epoch": 2, "loss": A[20:], "val_loss": B[20:]},
        ],
    ],
)
def test_batches_of_epochs_are_one_curve(tmp_path, value):
    same(one(read_log(written(tmp_path, json.dumps(value), "run.json"))))


def test_a_total_is_no_run(tmp_path):
    of = {
        name: {"total": cells, "box": cells, "cls": cells}
        for name, cells in (("losses", A), ("val_losses", B))
    }
    assert len(read_log(written(tmp_path, json.dumps(of), "run.json"))) == 1
