"""What all tests share: the examples drawn, and the values of the quick report's pages."""

import gc
import importlib
import math
import os
import signal
import sys
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

from simopt.engine import grouping, tiers
from simopt.ground.compiling import uncollected
from simopt.sweeps import chunks, execution
from tests import draws
from tests.interpreting import interpreting

# Before any test is imported, for its settings are the profile's then.
draws.load()

#: Few trajectories would share orders to save a kernel: tests are of few, and of both.
FEW_SHARE, grouping.LEAST_OWN = grouping.LEAST_OWN, 0

#: No test works so long that it wins back what compiling a kernel whole takes.
tiers.LARGE = math.inf

#: What kernels are of tests that are marked so, however large or small their jobs. The first holds:
#: a test's mark before that of its file, ``interpreted``.
KERNELS = {
    "whole": tiers.compiling,
    "compiled": lambda: mock.patch.object(tiers, "SMALL", 0.0),
    "interpreted": interpreting,
}

#: Where `tests.quick_report` has built one; empty: built here.
BUILT = os.environ.get("QUICK_REPORT", "")

#: A script that needs PyTorch, run by hand.
collect_ignore = ["training_runs.py"]


def pytest_sessionstart(session):
    """Of workers that need all tests each imports a part of them first: the others find its asserts
    rewritten on disk, which on a fresh clone takes longer than all else that a collection does.
    """
    worker, folder = getattr(session.config, "workerinput", None), Path(__file__).parent
    if worker is None or sys.dont_write_bytecode:
        return
    if folder in map(Path.absolute, map(Path, session.config.args)):
        files = sorted(folder.glob("test_*.py"))
        count, mine = worker["workercount"], int(worker["workerid"].removeprefix("gw"))
        with uncollected():
            for file in files[len(files) * mine // count : len(files) * (mine + 1) // count]:
                importlib.import_module(f"tests.{file.stem}")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """It makes objects by the million, and keeps them: no garbage is looked for meanwhile."""
    with uncollected():
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Whatever looks at the quick report is for `make test-report`, which builds it once.

    So is what builds a page of its own.
    """
    for item in items:
        if {"quick", "built"} & {*getattr(item, "fixturenames", ())}:
            assert item.path.match("tests/test_report*.py"), f"{item.nodeid}: not where make looks"
            item.add_marker("report")


def pytest_collection_finish():
    """What was imported and collected stays: no collection of garbage need look at it again.

    Nor at all that a compiler makes, again and again while it is at work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Kernels of a test, and of its fixtures, are what its mark says."""
    for mark, kernels in KERNELS.items():
        if item.get_closest_marker(mark) is not None:
            with kernels():
                return (yield)
    return (yield)


@pytest.fixture
def ctrl_c():
    """Ctrl-C is heard, also where a shell started the tests in the background and ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def simopt_command(capsys):
    """Run a command line: its status, standard output, and standard error."""
    from simopt.cli import main

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main.main(list(map(str, arguments)))
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return run


@pytest.fixture
def small_chunks(monkeypatch):
    """Sweeps of some hundred rows are cut into chunks, each sent to a worker by itself."""
    monkeypatch.setattr(chunks, "ROWS", 64)
    monkeypatch.setattr(execution, "SENT_COST", 1)


@pytest.fixture(scope="session")
def quick():
    """The values of a page of the quick report, by its module's name."""
    from simopt.report import pages
    from tests import quick_report

    compute = pages.values

    @cache
    def values(module):
        if BUILT:
            return quick_report.values(BUILT, module)
        page = next(each for each in pages.PAGES if each.module == module)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(grouping, "LEAST_OWN", FEW_SHARE)
            return compute(page, pages.Context(quick=True))

    return values


@pytest.fixture(scope="session")
def folder(tmp_path_factory, quick):
    """The quick report's folder."""
    import simopt

    if BUILT:
        return Path(BUILT, "pages").resolve()
    report = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "LEAST_OWN", FEW_SHARE)
        index = simopt.report(report, quick=True)
    assert index == report / "index.html"
    return report
