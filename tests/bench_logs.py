"""How well simopt and other packages read the same loss curves, and how long each takes.

``python -m tests.bench_logs`` (`make bench-logs`) prints, for the real runs that the package ships
and for constructed curves of a seed that no threshold was chosen by: how many faults each names
right or near, how many healthy curves it warns of, and its time per curve. `tests.log_readers` says
how each package is called and what its findings are taken to mean.

How it is counted, in favour of the others. A fault is named if any of a package's findings, notes
for information among them, may mean its symptom or one that is as right (``also`` in the labels);
simopt's one answer must be it. A healthy curve is warned of if a finding that names a symptom is a
warning or worse; simopt warns with any answer but "healthy" and "can't tell". "Remarks" counts
notes, and "can't tell", as well. A curve on which a package raises counts as not answered.

How it is timed: from lists of numbers to findings, one curve after the other in one thread, all
packages in turns, the best of three; where the first takes over ten seconds, that one.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

import simopt
from simopt.curves.symptoms import SYMPTOMS
from simopt.curves.validation.constructed import constructed
from simopt.curves.validation.labelled import Labelled
from simopt.curves.validation.real import runs
from simopt.curves.validation.sources import HELD_OUT
from tests.bench_engine import machine
from tests.log_readers import READERS, Losses, symptoms

#: A package whose first turn takes longer, in seconds, has no second.
SLOW = 10.0
TURNS = 3

#: Read once by every package before anything counts: imports, and compiled code from the disk.
PLAIN = [2.0 * 0.9**step + 0.1 for step in range(50)]

ABOUT = """\
Readers of loss curves on the same curves. A fault is named if any finding, notes for information
among them, may mean its symptom or one that is as right; simopt has one answer. A healthy curve is
warned of by a warning or worse that names a symptom; remarks count notes too (simopt's "can't
tell"). `tests/log_readers.py` has what each finding is taken to mean, `tests/bench_logs.py` how it
is counted and timed.

simopt was made with these real runs and these constructed families at hand, the others were not:
what it has ahead of them here, it need not have on curves of other kinds. pulseml is left out: its
licence forbids use that helps to build a competing product.
"""

Curve = tuple[list[float], list[float] | None]


@dataclass
class Contender:
    """A package, what it said of each curve (None: it raised), and the best time for all."""

    name: str
    version: str
    read: Callable[[Losses, Losses | None], object]
    said: list[tuple[set[str], set[str]] | None] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    seconds: float = np.inf


def ours(loss: Losses, validation: Losses | None) -> str:
    """The symptom that simopt names."""
    return simopt.diagnose(loss, validation=validation).symptom


def verdict(name: str, answer: object) -> tuple[set[str], set[str]]:
    """The symptoms named at all, and those warned of."""
    if isinstance(answer, str):
        named = {answer} - {"healthy"}
        return named, named - {"can't tell"}
    assert isinstance(answer, list)
    return symptoms(name, answer), symptoms(name, answer, loud=True)


def contenders() -> tuple[list[Contender], list[str]]:
    """Simopt and the packages that work here, and a line for each that doesn't."""
    found = [Contender("simopt", simopt.__version__, ours)]
    missing = []
    for name, read in READERS.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{name} is not installed: left out.")
            continue
        try:
            read(PLAIN, PLAIN)
        except Exception as error:  # the others go on without it
            missing.append(f"{name} {version} is left out: {type(error).__name__}: {error}")
        else:
            found.append(Contender(name, version, read))
    return found, missing


def pairs(curves: Labelled) -> list[Curve]:
    """Each curve as lists, with a validation loss where there is one."""
    found: list[Curve] = []
    for loss, held, length in zip(curves.losses, curves.validation, curves.lengths, strict=True):
        validation = None if np.isnan(held[:length]).all() else held[:length].tolist()
        found.append((loss[:length].tolist(), validation))
    return found


def measure(each: Contender, curves: list[Curve]) -> None:
    """One turn: every curve once. Verdicts are kept from the first."""
    first = not each.said
    total = 0.0
    for number, (loss, validation) in enumerate(curves):
        start = time.perf_counter()
        try:
            answer = each.read(loss, validation)
        except Exception as error:  # whatever a package raises is a result, and the others go on
            total += time.perf_counter() - start
            if first:
                each.said.append(None)
                each.raised.append(f"curve {number}: {type(error).__name__}: {error}")
            continue
        total += time.perf_counter() - start
        if first:
            each.said.append(verdict(each.name, answer))
    each.seconds = min(each.seconds, total)


def compare(curves: Labelled, found: list[Contender]) -> list[Contender]:
    """All contenders on all curves, in turns."""
    lists = pairs(curves)
    results = [Contender(each.name, each.version, each.read) for each in found]
    for _ in range(TURNS):
        for each in results:
            if not each.said or each.seconds < SLOW:
                measure(each, lists)
    return results


def counted(frame: pd.DataFrame, each: Contender) -> dict[str, int]:
    """Faults, faults named; healthy curves, those warned of, those remarked on."""
    counts = dict.fromkeys(("faults", "named", "healthy", "warned", "remarks"), 0)
    for symptom, also, said in zip(frame["symptom"], frame["also"], each.said, strict=True):
        named, warned = said or (set(), set())
        if symptom == "healthy":
            right = {"healthy", *also}
            counts["healthy"] += 1
            counts["warned"] += bool(warned - right)
            counts["remarks"] += bool(named - right)
        else:
            counts["faults"] += 1
            counts["named"] += bool(named & {symptom, *also})
    return counts


def row(*cells: object) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(frame: pd.DataFrame, results: list[Contender]) -> list[str]:
    """A line per contender, as Markdown."""
    first = counted(frame, results[0])
    lines = [
        row(
            "reader",
            f"of {first['faults']} faults, named",
            f"of {first['healthy']} healthy, warned of",
            "with remarks",
            "ms a curve",
            "times simopt's",
        ),
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in results:
        n = counted(frame, each)
        cost = 1e3 * each.seconds / len(frame)
        ratio = each.seconds / results[0].seconds
        name = f"{each.name} {each.version}"
        lines.append(
            row(name, n["named"], n["warned"], n["remarks"], f"{cost:.2f}", f"{ratio:.2f}")
        )
    return lines


def by_symptom(frame: pd.DataFrame, results: list[Contender]) -> list[str]:
    """How many of each symptom are named (of healthy curves: not warned of), by contender."""
    lines = [
        row("symptom", "curves", *(each.name for each in results)),
        row("---", *["---:"] * (1 + len(results))),
    ]
    for symptom in SYMPTOMS:
        chosen = (frame["symptom"] == symptom).to_numpy()
        if not chosen.any():
            continue
        cells = []
        for each in results:
            said = [one for one, is_it in zip(each.said, chosen, strict=True) if is_it]
            part = Contender(each.name, each.version, each.read, said)
            n = counted(frame[chosen], part)
            cells.append(n["healthy"] - n["warned"] if symptom == "healthy" else n["named"])
        lines.append(row(symptom, chosen.sum(), *cells))
    return lines


def where() -> str:
    """Which machine, and when."""
    this = machine(1)
    python = this["versions"]["Python"]
    return f"{this['cpu']} ({this['system']}), one thread; Python {python}; {this['date']}."


def report(size: int) -> str:
    """Everything, as Markdown."""
    found, missing = contenders()
    lines = [
        "# What `make bench-logs` printed",
        "",
        ABOUT,
        where(),
        "",
        *(f"{line}\n" for line in missing),
    ]
    sources = {
        "Real runs in PyTorch (`tests/training_runs.py`)": runs(),
        "Constructed curves, held-out seed": constructed(size, seed=HELD_OUT),
    }
    for title, curves in sources.items():
        results = compare(curves, found)
        lines += [f"## {title}: {len(curves)}", "", *table(curves.frame, results), ""]
        for each in results:
            if each.raised:
                lines += [f"{each.name} raised on {len(each.raised)}; {each.raised[0]}", ""]
        lines += ["Named, or of healthy curves not warned of:", ""]
        lines += [*by_symptom(curves.frame, results), ""]
    return "\n".join(lines)


def main() -> None:
    """Print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description="simopt beside other readers of loss curves.")
    parser.add_argument("--size", type=int, default=230, help="constructed curves (230)")
    parser.add_argument("--write", type=Path, help="a Markdown file to write as well")
    given = parser.parse_args()
    text = report(given.size)
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
