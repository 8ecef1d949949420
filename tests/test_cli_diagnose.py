"""The command that reads logs: files and folders, JSON, a gate for CI, a log that grows."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

T = np.arange(60)
CURVES = {
    "calm": 2 * np.exp(-T / 10) + 0.3,
    "wild": 1.5**T,
    "restless": 0.3 + 0.2 * np.cos(3 * T),
}


def log(path, curve):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{k},{x!r}\n" for k, x in enumerate(curve.tolist()))
    path.write_text("epoch,loss\n" + rows, encoding="utf-8")
    return str(path)


@pytest.fixture
def command(simopt_command):
    return partial(simopt_command, "diagnose")


@pytest.fixture
def runs(tmp_path):
    for name, curve in CURVES.items():
        log(tmp_path / name / "metrics.csv", curve)
    return str(tmp_path)


def test_what_was_read_is_said(command, tmp_path):
    path = log(tmp_path / "a.csv", CURVES["calm"])
    status, out, err = command(path)
    assert (status, err) == (0, "")
    assert f"{path} (CSV): 60 values of loss, by epoch from 0 to 59" in out


@pytest.mark.parametrize("form", ["CSV", "lines", "JSON"])
def test_what_a_pipe_brings(command, tmp_path, monkeypatch, form):
    curve = CURVES["calm"].tolist()
    text = {
        "CSV": "epoch,loss\n" + "".join(f"{k},{x!r}\n" for k, x in enumerate(curve)),
        "lines": "".join(f"epoch {k}: loss {x!r}\n" for k, x in enumerate(curve)),
        "JSON": json.dumps({"loss": curve}),
    }[form]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    status, out, err = command("-", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert (found["symptom"], found["values"], found["last"]) == ("healthy", 60, curve[-1])


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", (), "file='-', no text: must be a log with numbers in it"),
        ("0.5\n", (), "file='-', one line, '0.5': must be a log of several lines"),
        ("a\nb\n", (), "'text': must be a log|must be a log with a loss in it"),
        ("", ("--watch",), "--watch='-': must be of a file or a folder"),
    ],
)
def test_a_pipe_that_brings_no_log(command, monkeypatch, text, options, said):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    status, out, err = command("-", *options)
    assert (status, out) == (2, "")
    assert re.search(said, err)
    assert err.count("\n") == 1


def test_json_that_is_being_written(command, tmp_path):
    whole = json.dumps({"training.loss": {"steps": [0, 1, 2], "values": [3.0, 2.0, 1.0]}}, indent=1)
    for length in range(10, len(whole) - 1):
        (tmp_path / "metrics.json").write_text(whole[:length], encoding="utf-8")
        status, _, err = command(str(tmp_path / "metrics.json"))
        assert status == 2
        assert "JSON that is cut off: must be whole" in err


def test_json_of_one_run_and_of_many(command, runs, tmp_path):
    status, out, _ = command(str(tmp_path / "wild"), "--json")
    found = json.loads(out)
    assert status == 0
    assert found["symptom"] == "decreases then explodes"
    assert found["values"] == 60
    many = json.loads(command(runs, "--json")[1])
    assert [each["run"] for each in many] == ["calm", "restless", "wild"]


def test_json_has_no_nan(command, tmp_path):
    path = log(tmp_path / "a.csv", np.array([3.0, 2.0, np.nan, np.nan]))

    def refuse(constant):
        raise AssertionError(constant)

    assert json.loads(command(path, "--json")[1], parse_constant=refuse)["last"] is None


@pytest.mark.parametrize(
    ("run", "gate", "status"),
    [
        ("wild", "any", 1),
        ("wild", "decreases then explodes", 1),
        ("wild", "oscillates wildly", 0),
        ("calm", "any", 0),
        ("", "any", 1),
    ],
)
def test_a_gate(command, runs, tmp_path, run, gate, status):
    assert command(str(tmp_path / run), "--fail-on", gate)[0] == status


def test_a_gate_that_does_not_exist_is_refused(command, runs):
    status, out, err = command(runs, "--fail-on", "everything")
    assert (status, out) == (2, "")
    assert "--fail-on='everything': must be one of 'any', " in err


def test_many_runs_are_ranked(command, runs):
    status, out, _ = command(runs)
    assert status == 0
    places = [out.index(f"\n{name:>8}"[:9].replace("\n", "")) for name in ("wild", "calm")]
    assert places == sorted(places)
    assert "To look at first: wild" in out


def test_a_page_of_many_runs(command, runs, tmp_path):
    page = tmp_path / "runs.html"
    status, out, _ = command(runs, "--page", str(page))
    assert (status, out) == (0, f"{page}\n")
    html = page.read_text(encoding="utf-8")
    assert html.index("wild") < html.index("calm")
    assert "<svg" in html


def test_patterns_and_columns(command, tmp_path):
    path = tmp_path / "out.log"
    lines = "".join(f"<<{k}>> Abstand={x}\n" for k, x in enumerate(CURVES["calm"]))
    path.write_text(lines, encoding="utf-8")
    assert command(str(path))[0] == 2
    pattern = r"<<(?P<step>\d+)>> Abstand=(?P<loss>\S+)"
    found = json.loads(command(str(path), "--pattern", pattern, "--json")[1])
    assert (found["values"], found["x"]) == (60, "step")
    table = tmp_path / "a.csv"
    table.write_text(
        "time,accuracy\n" + "".join(f"{k},{x}\n" for k, x in enumerate(1 - CURVES["calm"]))
    )
    status, _, err = command(str(table))
    assert status == 2
    assert "'accuracy'" in err
    found = json.loads(command(str(table), "--higher-is-better", "--x", "time", "--json")[1])
    assert (found["loss"], found["x"]) == ("accuracy", "time")


def test_a_log_is_watched_as_it_grows(tmp_path):
    path = tmp_path / "a.csv"
    log(path, CURVES["wild"][:8])
    code = "from simopt.cli import diagnose, main; diagnose.EVERY = 0.05; main.main()"
    watching = subprocess.Popen(
        [sys.executable, "-u", "-c", code, "diagnose", str(path), "--watch"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        first = watching.stdout.readline()
        assert first.startswith("8 values: ")
        # At once, for a look at a half written file would say so.
        log(tmp_path / "more.csv", CURVES["calm"])
        (tmp_path / "more.csv").replace(path)
        assert watching.stdout.readline().startswith("60 values: Healthy")
    finally:
        watching.terminate()
        watching.wait()
        watching.stdout.close()
