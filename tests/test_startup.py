"""What a short command loads: nothing heavy that it does not use."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: What takes longer to load than a curve takes to be read.
HEAVY = ("numba", "pandas", "scipy", "pyarrow", "matplotlib", "jinja2")

RUN = """
import sys
from simopt.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print("loaded:", [name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""


def loaded(*arguments):
    """Which heavy packages a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(heavy=HEAVY), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr.strip().removeprefix("loaded: ")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "small.csv"
    rows = [f"{step},{2 / (1 + 0.05 * step)},{2.1 / (1 + 0.05 * step)}" for step in range(400)]
    path.write_text("\n".join(["step,loss,val_loss", *rows]), encoding="utf-8")
    return path


def test_help_loads_nothing_heavy():
    for arguments in (("--help",), ("sweep", "--help"), ("diagnose", "--help")):
        printed, heavy = loaded(*arguments)
        assert "simopt" in printed
        assert heavy == "[]"


def test_a_log_is_diagnosed_without_numba_or_pandas(log):
    for options in ((), ("--json",), ("--optimizer", "adam", "--eta", "0.1")):
        printed, heavy = loaded("diagnose", log, *options)
        assert "healthy" in printed.lower()
        assert heavy == "[]"


def test_the_report_of_heavy_packages_sees_them(log):
    printed, heavy = loaded("diagnose", log, "--page", log.with_suffix(".html"))
    assert str(log.with_suffix(".html")) in printed
    assert "matplotlib" in heavy


def test_kernels_are_compiled_in_processes(monkeypatch, capsys):
    from simopt.cli import warm

    monkeypatch.setattr(warm, "KERNELS", {"four points": (("shared", "own"), ("SGD",))})
    monkeypatch.setattr(warm, "thread_count", lambda _: 2)
    warm.main()
    assert "2/2" in capsys.readouterr().err
