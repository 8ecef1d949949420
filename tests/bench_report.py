"""How long the report takes: on a fresh clone, again, and the quick one.

``python -m tests.bench_report --record reports/durations.csv`` (`make durations`) clones the
repository into a temporary folder, runs ``make report`` there, then again with an empty folder of
pages, then ``make report-quick`` twice, of which the second counts, prints what each took, and with
``--record`` writes it down and puts the sentence made of it into README.md.

CPU seconds are those of all processes, whatever else the machine does. Seconds by the clock are
kept only where the machine was quiet: where all others took less than a twentieth of its cores.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import resource
import subprocess
import tempfile
import textwrap
import time
from pathlib import Path

import simopt
from tests.bench_engine import machine

ROOT = Path(__file__).parents[1]
FILE = ROOT / "reports" / "durations.csv"
README = ROOT / "README.md"

#: Others may take this share of the cores while a clock counts.
QUIET = 0.05

#: The part of README.md that says how long it takes.
PART = re.compile(r"(?<=<!-- durations -->\n).*?(?=\n<!-- end of durations -->)", re.DOTALL)

#: What README.md says while nothing is recorded.
UNKNOWN = "The first report takes minutes, most of them compiling, which is kept."

Row = dict[str, str]


def busy() -> float | None:
    """CPU seconds that all processes of the machine have taken; None where no file says so."""
    try:
        first = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()
    except OSError:
        return None
    user, nice, system, _, _, *interrupts = map(int, first[1:])
    return (user + nice + system + sum(interrupts[:2])) / os.sysconf("SC_CLK_TCK")


def used() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in usages)


def timed(what: str, folder: Path, target: str) -> Row:
    """Run make, and say what that took."""
    # Else the clone would import the package that PYTHONPATH names, whose kernels are compiled.
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    before, own, began = busy(), used(), time.perf_counter()
    subprocess.run(["make", target], cwd=folder, env=without, check=True)
    clock, cpu, after = time.perf_counter() - began, used() - own, busy()
    cores = len(os.sched_getaffinity(0))
    alone = before is not None and after is not None
    alone = alone and (after - before - cpu) / (clock * cores) < QUIET
    return {
        "what": what,
        "cpu_seconds": f"{cpu:.1f}",
        "clock_seconds": f"{clock:.1f}" if alone else "",
        "cores": str(cores),
    }


def measured() -> list[Row]:
    """What each takes, in a clone of its own."""
    where = machine(len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "simopt")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        pages = folder / "reports" / "build"
        rows = [timed("first", folder, "report")]
        subprocess.run(["rm", "-rf", str(pages)], check=True)
        rows.append(timed("again", folder, "report"))
        timed("quick", folder, "report-quick")
        rows.append(timed("quick", folder, "report-quick"))
    about = {"cpu": where["cpu"], "simopt": simopt.__version__, "date": where["date"]}
    return [row | about for row in rows]


def read(path: Path = FILE) -> list[Row]:
    """The recorded rows; none where nothing is recorded."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sentence(rows: list[Row]) -> str:
    """What README.md says of them.

    Examples
    --------
    >>> rows = [
    ...     {"what": what, "cpu_seconds": cpu, "clock_seconds": clock, "cores": "2", "cpu": "a CPU"}
    ...     for what, cpu, clock in (
    ...         ("first", "345.0", "185.2"), ("again", "150.2", "80.0"), ("quick", "31.0", ""),
    ...     )
    ... ]
    >>> print(sentence(rows))
    On two cores of a CPU the first report takes 345 s of CPU (185 s by the clock), installing and
    compiling included, a later one 150 s (80 s), and `make report-quick` 31 s.
    """
    if not rows:
        return UNKNOWN
    first, again, quick = rows

    def took(row: Row, more: str = "", by: str = "") -> str:
        clock = f" ({float(row['clock_seconds']):.0f} s{by})" if row["clock_seconds"] else ""
        return f"{float(row['cpu_seconds']):.0f} s{more}{clock}"

    cores = {"1": "one core", "2": "two cores", "4": "four cores"}
    text = (
        f"On {cores.get(first['cores'], first['cores'] + ' cores')} of {first['cpu']} the first "
        f"report takes {took(first, ' of CPU', ' by the clock')}, installing and compiling "
        f"included, a later one {took(again)}, and `make report-quick` {took(quick)}."
    )
    return "\n".join(textwrap.wrap(text, 96))


def told(rows: list[Row], readme: str) -> str:
    """README.md's text with the sentence of these rows."""
    if not PART.search(readme):
        raise ValueError("README.md: has no part between <!-- durations --> and its end")
    return PART.sub(lambda _: sentence(rows), readme)


def write(rows: list[Row], path: Path) -> None:
    """Keep the rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Measure, print, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path, help="a CSV file, as reports/durations.csv")
    record = parser.parse_args().record
    rows = measured()
    for row in rows:
        print(f"{row['what']:8}{row['cpu_seconds']:>9} s CPU {row['clock_seconds'] or '-':>9} s")
    if record is not None:
        write(rows, record)
        README.write_text(told(rows, README.read_text(encoding="utf-8")), encoding="utf-8")
        print(sentence(rows))


if __name__ == "__main__":
    main()
