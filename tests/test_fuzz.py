"""Odd values for every argument of every public function: each works, or is refused in one line.

The line names the argument; nothing warns, hangs, takes gigabytes, changes what it was given, or
writes where it was not told to.
"""

import contextlib
import faulthandler
import inspect
import os
import re
import resource
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simopt import problems
from simopt.report import building
from tests.odd_values import ODD
from tests.public_calls import CALLS, EXPENSIVE, MADE, Began, public

#: Seconds that a call may take with whatever argument, its kernels being compiled.
LIMIT = 60.0

#: Bytes that all calls together may take beyond what was there at the start.
ROOM = 6 * 2**30

FUNCTIONS = public()


def test_every_public_function_is_called():
    """A new function comes with a row in `CALLS`."""
    known = {*CALLS, *MADE}
    assert set(FUNCTIONS) - known == set()
    assert known - set(FUNCTIONS) == set()


@pytest.mark.parametrize("path", CALLS)
def test_a_call_has_every_argument(path, tmp_path):
    parameters = inspect.signature(FUNCTIONS[path]).parameters
    named = {name for name, each in parameters.items() if each.kind is not each.VAR_KEYWORD}
    assert named - {"self"} == set(CALLS[path](tmp_path)) - {"self"}


#: A part of an argument has its own name.
ALSO = {
    "optimizer": "optimizer|eta|convention",
    "optimizers": "optimizers?",
    "against": "against|eta",
    "high": "high|low",
    "smoothing": "smoothing|low",
    "stop_factor": "stop_factor|low",
    "seed": "seed|low",  # a range test that explodes at once names its lowest rate
    "sep": "sep|target|path",  # no such column, or no such table
    "frame": "frame|target",
    "table": "table|path",  # which it may be
    "mu": "mu|L",
    "patterns": "patterns?",
    "higher_is_better": "higher_is_better|columns",  # none of which is named so
    "column": "column|loss",  # as the command line calls it
    "curvature": "curvature|w0|noise",  # as many of them
    "w0": "w0|loss",  # which takes as many
    "points": "points|loss",
    "clock": "clock|update",  # which takes its values
    "problem": "problem|target|rows|shuffle",  # reached before it starts; too few of them
    "loss": r"loss|file|folder|columns|\w+(?==)",  # or a part of it
    "source": r"source|loss|file|folder|columns|\w+(?==)",
    "epochs": "epochs|updates",
    "updates": "updates|epochs",
}


#: A user's function, which may raise what it likes.
CALLED = {("simopt.prescription.try_all", "say")}

#: A run of 10^12 updates takes hours, as it should; that it can be interrupted is looked at.
LONG = {"epochs", "updates"}


class TooSlow(BaseException):
    """Not an Exception: nothing may catch it."""


def too_slow(*_):
    raise TooSlow


@pytest.fixture(scope="module", autouse=True)
def limits():
    """A call that takes too long or too much fails, in place of the machine."""
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    old = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, old[1]))
    before = signal.signal(signal.SIGALRM, too_slow)
    yield
    signal.signal(signal.SIGALRM, before)
    resource.setrlimit(resource.RLIMIT_AS, old)


WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = {f"os.{name}" for name in ("mkdir", "remove", "rename", "rmdir", "link", "symlink")}
written: list[str] = []
watched: list[Path] = []


def audit(event, arguments):
    """Note what is written outside the folder of the test."""
    if not watched or not (event == "open" or event in CHANGING):
        return
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, (str, bytes)) or not flags or not flags & WRITING:
            return
    else:
        path = arguments[0]
    if isinstance(path, (str, bytes, os.PathLike)):
        full = os.path.abspath(os.fsdecode(path))
        if not (full.startswith(str(watched[0])) or "__pycache__" in full or "/dev/" in full):
            written.append(f"{event} {full}")


sys.addaudithook(audit)


def image(value):
    """What an argument holds, to see whether a call changes it; None if it can't be told."""
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return repr(value.to_numpy().tolist()), repr(value.index), str(value.dtypes)
    if isinstance(value, np.ma.MaskedArray):
        return value.data.tobytes(), value.mask.tobytes()
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return None if value.nbytes > 10**6 else (value.dtype, value.shape, value.tobytes())
    if isinstance(value, problems.Problem):
        return value.digest
    if isinstance(value, (list, tuple, dict, set)):
        with contextlib.suppress(RecursionError):
            return repr(value)
    return None


def trouble(path, name, odd, function, arguments):
    """What is wrong with a call; None if it works or is refused as it should be."""
    before = {key: image(each) for key, each in arguments.items()}
    faulthandler.dump_traceback_later(5 * LIMIT, exit=True)
    long = odd == "10^12" and name in LONG
    signal.setitimer(signal.ITIMER_REAL, 1.0 if long else LIMIT)
    written.clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            function(**arguments)
    except Began:
        pass
    except (ValueError, TypeError) as error:
        text = str(error)
        if "\n" in text:
            return f"{type(error).__name__} of several lines: {text[:300]!r}"
        if len(text) > 600:
            return f"{type(error).__name__} of {len(text)} characters: {text[:200]!r}"
        if not re.search(rf"(?<!\w)({ALSO.get(name, name)})(?!\w)", text):
            return f"{type(error).__name__} without the name: {text!r}"
    except OSError as error:
        if error.filename is None:
            return f"{type(error).__name__}: {error}"
    except TooSlow:
        return None if long else f"took more than {LIMIT:g} s"
    except Warning as warning:
        return f"{type(warning).__name__}: {warning}"
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return f"{type(error).__name__}: {str(error)[:300]!r}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
    if written:
        return f"wrote: {written}"
    changed = [
        key for key, each in arguments.items()
        if before[key] is not None and image(each) != before[key]
    ]  # fmt: skip
    return f"changed {changed}" if changed else None


@pytest.fixture
def cheap(monkeypatch):
    """What takes minutes stops where the work would begin."""

    def began(*_, **__):
        raise Began

    for module, name in EXPENSIVE:
        monkeypatch.setattr(f"{module}.{name}", began)
    monkeypatch.setattr(building, "build", lambda *_, **__: [])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    watched[:] = [tmp_path]
    yield tmp_path
    watched.clear()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    # Every odd option of a sweep is a kernel of its own.
    [
        pytest.param(path, marks=pytest.mark.interpreted if path == "simopt.sweep" else ())
        for path in CALLS
    ],
)
def test_odd_values(path, folder, cheap):
    function = FUNCTIONS[path]
    names = list(CALLS[path](folder))
    said = trouble(path, "", "", function, CALLS[path](folder))
    assert said is None, f"the call itself: {said}"
    found, calls, start = [], 0, time.perf_counter()
    for name in names:
        for odd, make in ODD.items():
            if (path, name) in CALLED and callable(make()):
                continue
            arguments = CALLS[path](folder) | {name: make()}
            calls += 1
            begun = time.perf_counter()
            said = trouble(path, name, odd, function, arguments)
            if log := os.environ.get("FUZZ_LOG"):
                with open(log, "a", encoding="utf-8", errors="replace") as file:
                    took = time.perf_counter() - begun
                    file.write(f"{path}\t{name}\t{odd}\t{took:.3f}\t{said!r}\n")
            if said is not None:
                found.append(f"{name}={odd}: {said}")
    print(f"{path}: {calls} calls, {time.perf_counter() - start:.1f} s")
    assert not found, f"{len(found)} of {calls}:\n" + "\n".join(found)
