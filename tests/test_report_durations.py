"""What README.md says of the report's durations is what was recorded."""

import os

import pytest

from tests import bench_report

TOOK = (("first", "345.2", "185.1"), ("again", "150", "80"), ("quick", "31", ""))
ROWS = [
    {"what": what, "cpu_seconds": cpu, "clock_seconds": clock, "cores": "2", "cpu": "a CPU"}
    for what, cpu, clock in TOOK
]


def test_the_readme_says_what_is_recorded():
    text = bench_report.README.read_text(encoding="utf-8")
    assert bench_report.told(bench_report.read(), text) == text


def test_a_record_comes_back_and_fills_the_readme(tmp_path):
    path = tmp_path / "durations.csv"
    bench_report.write(ROWS, path)
    assert bench_report.read(path) == ROWS
    assert bench_report.read(tmp_path / "none.csv") == []
    text = bench_report.README.read_text(encoding="utf-8")
    told = bench_report.told(ROWS, text)
    assert bench_report.sentence(ROWS) in told
    assert bench_report.told(bench_report.read(), told) == text
    with pytest.raises(ValueError, match=r"README\.md: has no part"):
        bench_report.told(ROWS, "")


@pytest.mark.parametrize(("others", "kept"), [(0.0, True), (1e6, False)])
def test_a_clock_counts_on_a_quiet_machine_alone(others, kept, monkeypatch, tmp_path):
    (tmp_path / "Makefile").write_text("report:\n\t@true\n", encoding="utf-8")
    taken = iter([0.0, others])
    monkeypatch.setattr(bench_report, "busy", lambda: next(taken))
    row = bench_report.timed("first", tmp_path, "report")
    assert bool(row["clock_seconds"]) == kept
    assert float(row["cpu_seconds"]) < 5
    assert row["cores"] == str(len(os.sched_getaffinity(0)))


def test_a_clone_imports_its_own_package(monkeypatch, tmp_path):
    (tmp_path / "Makefile").write_text('report:\n\t@test -z "$$PYTHONPATH"\n', encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    bench_report.timed("first", tmp_path, "report")


def test_the_machine_is_at_least_as_busy_as_this_process():
    before, own = bench_report.busy(), bench_report.used()
    if before is None:
        pytest.skip("no /proc/stat")
    assert sum(range(3_000_000)) > 0
    assert bench_report.busy() - before >= bench_report.used() - own - 0.05
