"""Every number in README's prose and tables comes from somewhere, and is what it is there.

Numbers inside examples are doctests. Of the rest each is matched by one of `FACTS`, which computes
it; a number that none of them accounts for is a failure, so that no figure is typed in.
"""

import csv
import inspect
import platform
import re
import statistics
import tomllib
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import simopt
from simopt import problems, schedules
from simopt.document.claims.registry import CLAIMS
from simopt.engine import moments
from simopt.report import shuffles
from simopt.report.critical_batch.data import POINTS
from simopt.report.pages import PAGES
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.plan import LOOKED_AT
from tests import bench_report, recorded
from tests.test_engine import PACKED_ROOT, assembly

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BENCHMARK = (ROOT / "reports" / "benchmark.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

#: Without examples; code in a sentence and addresses are no claims.
PROSE = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
PROSE = re.sub(r"`[^`]*`|\]\([^)]*\)", "", PROSE)
SENTENCES = re.sub(r"(?m)^\|.*$", "", PROSE)

SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def rows(title):
    """A table of benchmark.md, by the beginning of its title: its cells."""
    lines = BENCHMARK[BENCHMARK.index(f"**{title}") :].split("\n\n")[1].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def value(cell):
    return float(cell.replace(",", "").split("x")[0].split()[0])


def as_prose(text):
    """A pattern of a text as `PROSE` has it, wherever its lines end."""
    return r"\s+".join(map(re.escape, re.sub(r"`[^`]*`", "", text).split()))


def measured():
    """Updates per second by rule, weights and batch: simopt, NumPy, prange, JAX, optax."""
    table = rows("Million updates per second, float64")
    return {(r[0], r[1], r[2]): [value(cell) for cell in r[3:8]] for r in table}


def billion():
    with open(ROOT / "reports" / "billion.csv", encoding="utf-8", newline="") as file:
        return {row["rule"]: row for row in csv.DictReader(file)}


def seconds(rule):
    return f"{float(billion()[rule]['seconds']):.0f}"


def installed(extra):
    """Megabytes of what an extra installs besides the package's own dependencies."""
    packaging = pytest.importorskip("packaging.requirements")

    def closure(names):
        found, waiting = set(), list(names)
        while waiting:
            need = packaging.Requirement(waiting.pop())
            name = re.sub(r"[-_.]+", "-", need.name).lower()
            if name in found or (need.marker and not need.marker.evaluate({"extra": ""})):
                continue
            found.add(name)
            with suppress(metadata.PackageNotFoundError):
                waiting += metadata.distribution(name).requires or []
        return found

    own = closure(PROJECT["dependencies"])
    more = closure(PROJECT["optional-dependencies"][extra]) - own
    files = [file for name in more for file in metadata.files(name) or []]
    return sum(file.locate().stat().st_size for file in files if file.locate().exists()) / 1e6


def compiling(column):
    return [value(row[column]) for row in rows("Seconds to compile")]


def stated(name):
    """A constant of the tests with the frameworks."""
    text = (ROOT / "tests" / "peers" / "test_parity.py").read_text(encoding="utf-8")
    return re.search(rf"^{name} = (\S+)$", text, re.MULTILINE)[1]


def audited(verdict=None):
    table = simopt.document.audit()
    return str(len(table) if verdict is None else (table["verdict"] == verdict).sum())


#: What is stated, and what is so: the pattern's groups are what the function returns.
FACTS = {
    r"Python (3\.\d+) or newer": lambda: PROJECT["requires-python"].removeprefix(">="),
    r"scikit-learn \((over\s2 GB)\)": lambda: re.search(r"\((over 2 GB), once\)", MAKEFILE)[1],
    as_prose(bench_report.sentence(bench_report.read())): lambda: (),
    r"billion trajectories of every rule \((80,000) settings x (12,500) orders": lambda: (
        f"{int(billion()['SGD']['settings']):,}",
        f"{int(billion()['SGD']['trajectories']) // int(billion()['SGD']['settings']):,}",
    ),
    r"ten epochs, (4 x 10\^10) updates": lambda: (
        f"4 x 10^{len(str(int(billion()['SGD']['updates']))) - 1}"
        if {row["updates"] for row in billion().values()} == {"40000000000"}
        else "not all"
    ),
    r"(\d+) s for Momentum, (\d+) s for SGD, (\d+) s for Adam": lambda: tuple(
        map(seconds, ("Momentum", "SGD", "Adam"))
    ),
    r"on (two) cores, in under (450) MiB": lambda: (
        SMALL[int(billion()["SGD"]["threads"])],
        str(-(-max(int(row["memory"]) for row in billion().values()) // 50) * 50),
    ),
    r"The document makes (\d+) claims": lambda: str(len(CLAIMS)),
    r"intercept and L(2);": lambda: "2",
    r"own training run, (\d+) updates to (1e-\d+)": lambda: (
        stated("UPDATES"),
        re.search(r"1e-12", stated("TOLERANCE"))[0],
    ),
    r"(\d+) schedules, per update": lambda: str(len(schedules.SCHEDULES)),
    r"batch sizes (1) to n": lambda: "1",
    r"each of its (\d+) printed results": audited,
    r"(\d+) exact, (\d+) rounding, (\d+) carried \(.*?\), (\d+) wrong": lambda: tuple(
        map(audited, ("exact", "rounding", "carried", "wrong"))
    ),
    r"within (\d+) % of the best one written by hand": lambda: str(
        round(100 * (max(value(r[2]) for r in rows("The same, the kernel") if "lanes" in r[0]) - 1))
    ),
    r"and (64) weights with small batches": lambda: "64",
    r"compiles in about (\d) s\s\(one weight\) or (\d) s \(several\) once, and loads from disk in "
    r"(0\.\d) s": lambda: (
        f"{statistics.median(compiling(1)):.0f}",
        f"{statistics.median(compiling(3)):.0f}",
        f"{statistics.median(compiling(2) + compiling(4)):.1f}",
    ),
    r"more than (\d+) weights come no oftener": lambda: str(LOOKED_AT),
    r"batches of at least (\d+) points enter": lambda: str(moments.LEAST_BATCH),
    r"at most (\d+) weights or (four) points to each": lambda: (str(moments.FEW_WEIGHTS), "four"),
    r"runs of the next (\d+) are recorded": lambda: str(len(recorded.DRIVERS)),
    r"in those of (\d+) frameworks": lambda: str(len(FRAMEWORKS.keys() - {"document"})),
    r"BSD-(3)-Clause": lambda: PROJECT["license"].split("-")[1],
}


@pytest.mark.parametrize("pattern", FACTS)
def test_a_number_is_what_its_source_says(pattern):
    match = re.search(pattern, SENTENCES)
    assert match, "README says it otherwise"
    told = tuple(re.sub(r"\s", " ", group) for group in match.groups())
    right = FACTS[pattern]()
    assert told == (right if isinstance(right, tuple) else (right,))


def test_no_number_is_without_a_source():
    machine = next(line for line in README.splitlines() if line.startswith("`make bench`, AMD"))
    # The machine and versions of the measurement: benchmark.md's own line.
    assert machine.removeprefix("`make bench`, ").split(",")[0].split(" with ")[0] in BENCHMARK
    assert machine[machine.index("2 threads") :] in BENCHMARK
    rest = SENTENCES.replace(re.sub(r"`[^`]*`", "", machine), "")
    for pattern in (*FACTS, r"draw \(about \d+ MB\)"):
        rest = re.sub(pattern, "", rest)
    assert re.findall(r".*\d.*", rest) == []


def test_the_pages_name_as_many_frameworks_and_libraries_as_there_are():
    pages = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    told = re.search(r"PyTorch, Keras, optax and (\d+) other frameworks", pages)
    assert int(told[1]) == len(FRAMEWORKS.keys() - {"document", "torch", "keras", "optax"})
    row = next(line for line in pages.splitlines() if line.startswith("| `shuffles.html`"))
    assert [each.library for each in shuffles.REPLAYS if each.library not in row] == []


def test_the_list_of_pages_is_whole_and_what_it_names_is_there():
    told = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\S+\.html)`, (.*?) \|", told, re.MULTILINE)
    assert sorted(listed) == sorted((page.file, page.title) for page in PAGES)
    points = re.search(r"and ([\d,]+) noisy labels", told)
    assert points[1] == f"{POINTS[False]:,}"
    for path in re.findall(r"`(simopt/[\w/.]+)`", told):
        assert (ROOT / path).exists(), path


def test_the_size_of_what_draws():
    told = int(re.search(r"draw \(about (\d+) MB\)", SENTENCES)[1])
    assert installed("report") == pytest.approx(told, rel=0.3)


def test_the_table_of_speeds_is_the_benchmark_s():
    four = [value(row[1]) for row in rows("Four points")[:5]]
    diabetes = [value(row[1]) for row in rows("Diabetes")[:5]]
    table = measured()
    named = {
        "four points, 16,384 x Adam, batch 1": four,
        "diabetes, 4,096 x Adam, 10 weights, batch 32": diabetes,
        "SGD, 1 weight, batch 1": table["SGD", "1", "1"],
        "RMSprop, 1 weight, full batch of 128": table["RMSprop", "1", "full"],
        "Adam, 10 weights, full batch of 128": table["Adam", "10", "full"],
        "SGD, 64 weights, batch 1": table["SGD", "64", "1"],
        "Adam, 64 weights, batch 32": table["Adam", "64", "32"],
    }
    body = README[README.index("| float64, M updates/s") :].split("\n\n")[0].splitlines()[2:]
    told = {
        cells[0].strip(): [float(cell.strip(" *").replace(",", "")) for cell in cells[1:]]
        for cells in (line.strip("|").split("|") for line in body)
    }
    assert told == named


def test_where_simopt_is_behind():
    behind = {key for key, (ours, *others) in measured().items() if ours < 0.95 * max(others[2:])}
    assert behind
    for rule, weights, batch in behind:
        assert (rule == "SGD" and batch == "1") or (weights == "64" and batch in ("1", "32"))


def test_how_much_faster_than_numpy_on_adam():
    ratios = [
        ours / numpy for (rule, *_), (ours, numpy, *_) in measured().items() if rule == "Adam"
    ]
    low, high = re.search(r"([\d.]+) to (\d+) times the speed on Adam", README).groups()
    assert (low, high) == (f"{min(ratios):.1f}", f"{max(ratios):.0f}")


def test_counts_in_words():
    assert problems.hubble().n == 24
    assert "24 nebulae of 1929" in README
    assert SMALL[len({line.symptom for line in simopt.prescription.TABLE})] == "nine"
    assert "troubleshooting table of nine symptoms" in README
    assert inspect.signature(simopt.prescribe).parameters["seeds"].default == 64
    assert "64 orders of the points each" in README


def test_every_rule_is_named():
    named = README[README.index("- **Rules**:") :].split("- **")[1]
    for name in simopt.rules.ALL:
        assert re.search(rf"\b{name}\b", named), name


def test_where_things_are_follows_the_rooms():
    table = README[README.index("| room | what is in it |") :].split("\n\n")[0]
    named = re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"][0]["layers"]
    named = [room for room in named if (ROOT / "simopt" / room).is_dir()]
    assert named == layers[::-1]
    for room, line in zip(named, table.splitlines()[2:], strict=False):
        for inside in re.findall(r"`(\w+(?:\.py|/))`", line)[1:]:
            assert (ROOT / "simopt" / room / inside).exists(), (room, inside)


def adam_of_powers(w, g, eta, m, v, t, beta1=0.9, beta2=0.999, epsilon=1e-8):
    t = t + 1.0
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - eta * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + epsilon), m, v, t


def adam_of_states(w, g, eta, m, v, q1, q2, beta1=0.9, beta2=0.999, epsilon=1e-8):
    q1 = beta1 * q1 + (1 - beta1)
    q2 = beta2 * q2 + (1 - beta2)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - eta * m / q1 / np.sqrt(v / q2 + epsilon), m, v, q1, q2


def sgd_of_mine(w, g, eta):
    return w - eta * g


def test_the_two_adams_are_one():
    four, plan = problems.four_points(), {"epochs": 50}
    ends = [
        simopt.sweep(four, simopt.rule(each)(eta=0.1), **plan)["w"][0]
        for each in (adam_of_powers, adam_of_states)
    ]
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)
    assert ends[0] == pytest.approx(simopt.sweep(four, simopt.Adam(eta=0.1), **plan)["w"][0])


@pytest.mark.slow
@pytest.mark.whole
@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads x86 instructions")
def test_own_rules_are_as_fast_as_their_operations():
    """They are the same machine code as a built-in rule's. Powers are calls, a weight at a time."""
    builtin, mine, powers, states = (
        assembly(problems.four_points(), make())
        for make in (simopt.SGD, *map(simopt.rule, (sgd_of_mine, adam_of_powers, adam_of_states)))
    )
    assert re.findall(r"^\t[a-z]\w*", mine, re.MULTILINE) == re.findall(
        r"^\t[a-z]\w*", builtin, re.MULTILINE
    )
    assert "$pow," in powers
    assert "$pow," not in states
    assert re.search(PACKED_ROOT["x86_64"], states)
