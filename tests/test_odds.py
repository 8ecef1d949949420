"""The odds of advice: the record agrees with a rerun, and advice follows it."""

import csv

import numpy as np
import pytest

import simopt
from simopt import problems
from simopt.curves import odds
from simopt.curves.diagnosis import SYMPTOMS
from simopt.curves.odds import Odds
from simopt.curves.prescription import FIXES, recording
from simopt.curves.prescription.cases import EPOCHS, Case
from simopt.curves.prescription.comparing import wilson
from simopt.curves.symptoms import RECORDS

TRAINED = ("SGD", "Momentum", "Adam")

#: Shares of fewer runs than this are not compared.
ENOUGH = 30


def rows():
    with odds.FILE.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


def test_the_record_is_of_what_there_is():
    known = {(record.name, fix) for record in RECORDS for fix in record.fixes}
    for row in rows():
        assert row["symptom"] in SYMPTOMS
        assert row["fix"] in FIXES or "," in row["fix"]
        assert 0 <= int(row["mended"]) <= int(row["runs"])
        assert 0 <= int(row["worse"]) <= int(row["runs"]) - int(row["mended"])
    measured = {(row["symptom"], row["fix"]) for row in rows()}
    # What no run of the trial shows, or could be given.
    assert {symptom for symptom, _ in known - measured} <= {
        "validation swings", "spikes and recovers", "stopped learning mid-training",
    }  # fmt: skip


@pytest.fixture(scope="module")
def again():
    """Hubble's runs by three rules, in orders that the record is not of: runs, mended and worse."""
    case = Case(problems.hubble(), TRAINED, (1, 4, 24), EPOCHS, (101, 102, 103, 104))
    frame = recording.measure(1, cases=[case])
    return frame.groupby(["symptom", "fix"])[["runs", "mended", "worse"]].sum()


def apart(again, column, share=lambda mended, runs: mended / runs):
    """The fixes whose recorded share and that of the rerun have intervals that do not meet."""
    found, compared = [], 0
    for (symptom, fix), row in again.iterrows():
        same = [
            each
            for each in rows()
            if (each["symptom"], each["fix"]) == (symptom, fix)
            and each["problem"] == "hubble"
            and each["optimizer"] in TRAINED
        ]
        runs = sum(int(each["runs"]) for each in same)
        if min(runs, row["runs"]) < ENOUGH:
            continue
        compared += 1
        hits = round(runs * share(sum(int(each[column]) for each in same), runs))
        (low, high), (least, most) = wilson(hits, runs), wilson(int(row[column]), int(row["runs"]))
        if high < least or most < low:
            found.append((symptom, fix))
    return found, compared


@pytest.mark.slow
@pytest.mark.parametrize("column", ["mended", "worse"])
def test_a_small_rerun_agrees_with_the_record(again, column):
    found, compared = apart(again, column)
    assert found == []
    assert compared >= 10
    # And would not agree with what is not so.
    wrong, _ = apart(again, column, lambda mended, runs: 1 - mended / runs)
    assert len(wrong) > compared / 2


def test_what_is_recorded_is_what_is_read(tmp_path, again, monkeypatch):
    frame = again.reset_index().assign(optimizer="SGD", problem="hubble")
    frame.attrs = {"looked_at": 5, "trajectories": 7}
    file = recording.record(tmp_path / "odds.csv", frame)
    monkeypatch.setattr(odds, "FILE", file)
    read = odds.recorded.__wrapped__()
    (symptom, fix), row = next(again.iterrows())
    assert read[symptom, fix, ""] == Odds(*map(int, row))
    assert read[symptom, fix, "SGD"].optimizer == "SGD"
    assert "5 runs read by their curves, 7 run in all" in file.read_text(encoding="utf-8")


def given(monkeypatch, by_fix):
    table = {("oscillates wildly", fix, ""): Odds(*figures) for fix, figures in by_fix.items()}
    monkeypatch.setattr(odds, "recorded", lambda: table)


SWINGS = [0.0, 9.0, 1.0, 8.0, 0.0, 9.0, 1.0, 9.0]


def test_advice_is_ordered_by_its_odds(monkeypatch):
    figures = {"eta / 2": (1018, 631, 31), "eta / 5": (1018, 900, 0), "eta / 10": (9, 8, 0)}
    given(monkeypatch, figures | {"beta 0.8": (100, 30, 30), "batch x 4": (100, 40, 41)})
    found = simopt.diagnose(SWINGS)
    assert found.advice == (
        "eta / 5: mended 88 % of 1,018 such runs; worse in 0 %",
        "eta / 2: mended 62 % of 1,018 such runs; worse in 3 %",
        "eta / 10: mended 8 of 9 such runs; worse in 0",
    )
    assert found.seldom == (
        "batches 4 times as large: mended 40 % of 100 such runs; worse in 41 %, no less often than "
        "it helps",
        "beta to 0.8, if there is momentum: mended 30 % of 100 such runs; worse in 30 %, no less "
        "often than it helps",
    )
    assert found.note == odds.NOTE


def test_a_rule_has_its_own_odds_if_it_was_seen_often_enough(monkeypatch):
    table = {
        ("oscillates wildly", "eta / 10", ""): Odds(900, 500, 9, 20),
        ("oscillates wildly", "eta / 10", "Adam"): Odds(100, 90, 1, 3, "Adam"),
        ("oscillates wildly", "eta / 10", "SGD"): Odds(100, 90, 1, 2, "SGD"),
        ("oscillates wildly", "eta / 10", "Lion"): Odds(19, 19, 0, 3, "Lion"),
    }
    monkeypatch.setattr(odds, "recorded", lambda: table)
    shares = {
        name: odds.of("oscillates wildly", "eta / 10", name)
        for name in ("Adam", "SGD", "Lion", None)
    }
    assert {name: each.optimizer for name, each in shares.items()} == {
        "Adam": "Adam", "SGD": "", "Lion": "", None: "",
    }  # fmt: skip
    assert odds.of("oscillates wildly", "eta / 2") is None


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [(simopt.SGD(eta=0.1), "beta"), (simopt.Momentum(eta=0.1, beta=0.5), "beta")],
)
def test_what_changes_nothing_is_not_advised(optimizer, words):
    found = simopt.diagnose(SWINGS, optimizer=optimizer)
    assert found.symptom == "oscillates wildly"
    assert not any(words in line for line in found.advice + found.seldom)


def test_every_fix_that_is_advised_has_its_odds():
    """But for those around them that no simulation can try."""
    curves = {
        "oscillates wildly": SWINGS,
        "decreases very slowly": [9.0, 8, 7, 6, 5, 4, 3, 2],
        "NaN or Inf": [3.0, 5.0, 60.0, 1e4, np.inf],
        "decreases then explodes": [2.3, 1.9, 1.6, 1.8, 2.9, 7.4, 31.0, 260.0, 4100.0, 9.9e5],
    }
    for symptom, loss in curves.items():
        found = simopt.diagnose(loss)
        assert found.symptom == symptom
        measured = [line for line in found.advice if "such runs; worse in" in line]
        assert len(measured) >= len(found.advice) - 1
