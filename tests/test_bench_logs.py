"""How `make bench-logs` counts; the packages themselves are not needed."""

from pathlib import Path

import pandas as pd
import pytest

from simopt.curves.symptoms import SYMPTOMS
from simopt.curves.validation.constructed import FAMILIES, constructed
from tests import bench_logs
from tests.log_readers import MEANS, READERS, Finding, symptoms

READERS_FILE = Path(__file__).with_name("log_readers.txt")

FRAME = pd.DataFrame(
    {
        "symptom": ["healthy", "healthy", "rises", "periodic"],
        "also": [(), ("plateaus early",), ("decreases then explodes",), ()],
    }
)


def test_every_reader_is_pinned_and_translated():
    lines = READERS_FILE.read_text(encoding="utf-8").splitlines()
    pinned = [line.partition("==")[0] for line in lines if not line.startswith("#")]
    assert sorted(READERS) == sorted(MEANS) == pinned


@pytest.mark.parametrize("name", MEANS)
def test_findings_mean_symptoms_that_exist(name):
    assert {word for means in MEANS[name].values() for word in means} <= set(SYMPTOMS)
    assert "healthy" not in {word for means in MEANS[name].values() for word in means}


def test_notes_name_and_do_not_warn():
    said = [Finding("stagnation", loud=False), Finding("nan_inf"), Finding("of another kind")]
    assert symptoms("losslint", said, loud=True) == {"NaN or Inf"}
    assert symptoms("losslint", said) > {"NaN or Inf", "does not move"}


def test_one_answer_is_counted_as_findings_are():
    assert bench_logs.verdict("simopt", "healthy") == (set(), set())
    assert bench_logs.verdict("simopt", "can't tell") == ({"can't tell"}, set())
    assert bench_logs.verdict("simopt", "rises") == ({"rises"}, {"rises"})


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([(set(), set())] * 4, (0, 0, 0)),
        ([None] * 4, (0, 0, 0)),
        ([({"rises"}, set()), ({"plateaus early"},) * 2, *[({"decreases then explodes"},) * 2] * 2],
         (1, 0, 1)),
        ([({"rises"}, {"rises"})] * 4, (1, 2, 2)),
    ],
)  # fmt: skip
def test_what_is_as_right_counts(said, counts):
    each = bench_logs.Contender("one", "1", lambda loss, validation: "", said)
    n = bench_logs.counted(FRAME, each)
    assert (n["faults"], n["healthy"]) == (2, 2)
    assert (n["named"], n["warned"], n["remarks"]) == counts


def test_a_package_that_raises_stops_nobody(monkeypatch):
    def raises(loss, validation):
        raise ValueError("not today")

    curves = constructed(len(FAMILIES))
    calm = bench_logs.Contender("calm", "1", lambda loss, validation: "healthy")
    broken = bench_logs.Contender("broken", "1", raises)
    calm, broken = bench_logs.compare(curves, [calm, broken])
    assert calm.raised == []
    assert broken.raised[0] == "curve 0: ValueError: not today"
    assert broken.said == [None] * len(broken.raised) == [None] * len(FAMILIES)

    monkeypatch.setattr(bench_logs, "READERS", {"numpy": raises, "no-such-package": raises})
    found, missing = bench_logs.contenders()
    assert [each.name for each in found] == ["simopt"]
    assert "ValueError: not today" in missing[0]
    assert missing[1] == "no-such-package is not installed: left out."


def test_tables_say_what_was_counted():
    said = [(set(), set()), (set(), set()), ({"rises"}, {"rises"}), (set(), set())]
    ours = bench_logs.Contender("ours", "1", print, said, seconds=0.5)
    theirs = bench_logs.Contender("theirs", "2", print, [({"rises"},) * 2] * 4, seconds=1.0)
    lines = bench_logs.table(FRAME, [ours, theirs])
    assert lines[2:] == [
        "| ours 1 | 1 | 0 | 0 | 125.00 | 1.00 |",
        "| theirs 2 | 1 | 2 | 2 | 250.00 | 2.00 |",
    ]
    assert "| healthy | 2 | 2 | 0 |" in bench_logs.by_symptom(FRAME, [ours, theirs])
