"""The package as a user meets it: what an import costs, what it names, what ships beside it."""

import ast
import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import simopt
from simopt.ground import extras

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

#: Each takes longer to import than all of simopt may (0.5 s for the sum), or is a page's business.
HEAVY = ("altair", "jax", "jinja2", "llvmlite", "matplotlib", "numba", "pandas", "pyarrow")


def test_import_is_light():
    """Structural, for a time would depend on the machine: numpy is the one large import."""
    code = (
        "import sys, simopt; simopt.problems.four_points(); simopt.Adam(eta=[0.1, 0.2]);"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_starts_light():
    code = f"import sys, simopt.cli.main;print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", simopt.__all__)
def test_every_public_name_is_there(name):
    assert getattr(simopt, name) is not None
    assert name in dir(simopt)


def test_dir_shows_the_public_names_alone():
    """In a new process: what was imported meanwhile does not show either."""
    code = (
        "import simopt, simopt.sweeps.store, simopt.nqm; simopt.run; simopt.sweep;"
        "print(sorted(dir(simopt)) == sorted([*simopt.__all__, '__version__']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


#: ``simopt.x.y``, not as part of a file's name or of another word, nor before ``import``.
DOTTED = re.compile(r"(?<![\w./-])simopt(?:\.[A-Za-z_]\w*)+(?!\w*[-/])")
IMPORTED = re.compile(r"from (simopt[\w.]*) import ([\w, ]+)")


def mentioned() -> dict[str, set[Path]]:
    """Every dotted path that a reader may type in, and where it stands; names imported too."""
    found: dict[str, set[Path]] = {}
    for file in committed():
        inside = file.relative_to(ROOT).parts[0]
        if file.suffix == ".py" and inside == "simopt":
            tree = ast.parse(file.read_text(encoding="utf-8"))
            strings = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
            text = "\n".join(each for each in strings if isinstance(each, str))
        elif file.suffix in {".md", ".html", ".j2"} or inside == "scripts":
            text = file.read_text(encoding="utf-8")
        else:
            continue
        text = IMPORTED.sub(
            lambda match: " ".join(f"{match[1]}.{name.strip()}" for name in match[2].split(",")),
            text,
        )
        for path in DOTTED.findall(text):
            found.setdefault(path, set()).add(file.relative_to(ROOT))
    return found


def test_every_path_that_is_mentioned_works():
    """As an attribute after ``import simopt``; a private module, in the package's own docstrings,
    by an import.
    """
    paths = mentioned()
    assert len(paths) > 100
    code = """
import importlib, json, sys, simopt
def works(path):
    names, value = path.split(".")[1:], simopt
    for name in names:
        if not hasattr(value, name):
            return False
        value = getattr(value, name)
    return True
print(json.dumps([path for path in json.load(sys.stdin) if not works(path)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(sorted(paths)), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    for path in json.loads(done.stdout):
        private = {str(file) for file in paths[path] if file.parts[0] != "simopt"}
        assert not private, path
        module, _, name = path.rpartition(".")
        try:
            importlib.import_module(path)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), name), (path, paths[path])


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        simopt.nonsense  # noqa: B018


def test_the_version_is_one():
    assert PROJECT["project"]["version"] == simopt.__version__
    assert metadata.version(PROJECT["project"]["name"]) == simopt.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {simopt.__version__}\n" in citation


def test_no_command_installs_another_project():
    """On the package index `simopt` is someone else's: an extra is installed from this folder."""
    wrong = re.compile(r"pip install\W+simopt\b(?!-)")
    written = {".py", ".md", ".rst", ".html", ".toml", ".cff", ""}
    for file in committed():
        if file.suffix in written and file != Path(__file__):
            assert not wrong.search(file.read_text(encoding="utf-8")), file
    assert wrong.search("pip install 'simopt[cuda]'")


def test_every_extra_is_one_of_the_project():
    extra = PROJECT["project"]["optional-dependencies"]
    assert set(extras.MODULES) <= set(extra)
    drawing = [re.split(r"[>=]", each)[0] for each in extra["report"]]
    modules = {canonical(name) for name in extras.MODULES["report"]}
    assert {canonical(name).removesuffix("-python") for name in drawing} == modules


def test_the_licence_is_one():
    assert PROJECT["project"]["license"] == "BSD-3-Clause"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("BSD 3-Clause License\n")
    assert "\nlicense: BSD-3-Clause\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


# constraints.txt


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+", pin) for pin in pins), pins
    assert pins == sorted(pins)
    return dict(pin.split("==") for pin in pins)


def needed(requirements: list[str]) -> dict[str, str | None]:
    """Every distribution that these ask for here, with those that they ask for in turn: version."""
    packaging = pytest.importorskip("packaging.requirements")
    found: dict[str, str | None] = {}
    waiting = [(packaging.Requirement(text), {""}) for text in requirements]
    while waiting:
        requirement, extras = waiting.pop()
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": e}) for e in extras):
            continue
        name = canonical(requirement.name)
        if name in found:
            continue
        try:
            there = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found[name] = None
            continue
        found[name] = there.version
        inner = {*requirement.extras, ""}
        waiting += [(packaging.Requirement(text), inner) for text in there.requires or ()]
    return found


def test_every_dependency_is_pinned():
    project = PROJECT["project"]
    requirements = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        requirements += extra
    requirements += PROJECT["build-system"]["requires"]
    found = needed(requirements)
    assert len(found) > 20
    assert set(found) <= set(constraints())


def test_a_pin_is_a_version_that_the_project_allows():
    packaging = pytest.importorskip("packaging.requirements")
    project, pins = PROJECT["project"], constraints()
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    requirements = [packaging.Requirement(text) for each in lists for text in each]
    wrong = [
        f"{each} is pinned to {pins[canonical(each.name)]}"
        for each in requirements
        if not each.specifier.contains(pins[canonical(each.name)])
    ]
    assert wrong == []


# What is committed.


def committed() -> list[Path]:
    """The files that git would ship, or all outside of .venv and caches where there is no git."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
        return [file for file in files if file.is_file()]
    skipped = {
        ".venv",
        ".venv-cuda",
        ".venv-logs",
        ".venv-peers",
        "__pycache__",
        "build",
        "results",
    }
    return [
        file
        for file in ROOT.rglob("*")
        if file.is_file() and not skipped & set(file.relative_to(ROOT).parts)
    ]


#: What would tie the package to one network or account, wherever it stands.
REGISTRY = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host|\bPIP_INDEX_URL\b")

#: What would tie code to one machine. Documentation may show a path or an address.
MACHINE = re.compile(
    r"""(?<![\w.])/(?:home|root|Users|work|mnt|opt)/\w
      | [A-Z]:\\Users
      | \bfile:///
      | \b(?:\d{1,3}\.){3}\d{1,3}:\d+
    """,
    re.VERBOSE,
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
BINARY = {".png", ".parquet", ".woff2", ".npz", ".gz", ".wandb"}
DOCUMENTS = {".md", ".rst", ".cff", ".csv", ".json", ".html", ".txt", ".css", ".js", ".ipynb"}


def code_of(file: Path, text: str) -> list[tuple[int, str]]:
    """What of a file is run, by line: strings of Python but docstrings; lines but comments."""
    if file.suffix != ".py":
        return [
            (number, re.sub(r"(^|\s)#.*", "", line))
            for number, line in enumerate(text.splitlines(), start=1)
        ]
    nodes = list(ast.walk(ast.parse(text)))
    docstrings = {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, DOCUMENTED) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def test_no_file_names_a_registry_and_no_code_a_machine():
    found = []
    for file in committed():
        if file == Path(__file__) or file.suffix in BINARY:
            continue
        text = file.read_text(encoding="utf-8")
        name = file.relative_to(ROOT)
        found += [f"{name}: {match[0]}" for match in REGISTRY.finditer(text)]
        if file.suffix not in DOCUMENTS and name.parts[0] != "docs":
            found += [
                f"{name}:{line}: {match[0]}"
                for line, code in code_of(file, text)
                for match in MACHINE.finditer(code)
            ]
    assert found == []


def test_a_machine_is_found_in_code_alone():
    address, path = "127.0.0.1:8000", "/home/me/data"
    module = f'"""Serves {address}."""\n# {path}\nADDRESS = "tcp://{address}"\n'
    code = code_of(Path("a.py"), module)
    assert [line for line, text in code if MACHINE.search(text)] == [3]
    code = code_of(Path("Makefile"), f"# {path}\nDATA := {path}\n")
    assert [line for line, text in code if MACHINE.search(text)] == [2]


# What a contributor looks for.


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def targets_of_ci() -> list[str]:
    """What .ci/run makes where it is told nothing."""
    return re.findall(r" set -- (.*)", read(".ci/run"))[0].split()


def test_the_workflow_runs_what_a_contributor_runs():
    workflow = read(".github/workflows/ci.yml")
    assert re.findall(r"- run: (.*)", workflow) == [".ci/run ${{ matrix.targets }}"]
    shared_out = re.findall(r"^          - (.+)$", workflow, re.MULTILINE)
    assert sorted(" ".join(shared_out).split()) == sorted(targets_of_ci())
    oldest, *others = re.findall(r'"(3\.\d+)"', workflow)
    assert PROJECT["project"]["requires-python"] == f">={oldest}"
    assert others
    for target in targets_of_ci():
        assert re.search(rf"^{target}:", read("Makefile"), re.MULTILINE), target


def test_what_make_test_leaves_out_has_a_target_that_ci_runs():
    options = PROJECT["tool"]["pytest"]["ini_options"]
    marks = re.findall(r"not (\w+)", options["addopts"])
    folders = [each for each in options["norecursedirs"] if each != ".*"]
    assert marks
    assert folders
    for each in (*marks, *folders):
        assert f"test-{each}" in targets_of_ci()


def test_hooks_fetch_nothing():
    hooks = read(".pre-commit-config.yaml")
    assert re.findall(r"repo: (\S+)", hooks) == ["local"]
    assert set(re.findall(r"entry: (\S+)", hooks)) == {".venv/bin/ruff"}
    assert set(re.findall(r"language: (\S+)", hooks)) == {"system"}


def test_the_changelog_keeps_its_form():
    versions = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each) for each in versions[1:])
    assert f"[{simopt.__version__}]" in versions[1]
    kinds = set(re.findall(r"^### (.*)$", read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\(([^)]+)\)", read(name))
    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link.partition("#")[0]).exists(), link


# The Makefile, as far as it can be read without doing anything.


STEPS = {
    "report": ["-m venv .venv ", "-e .[report,logs]", "simopt report"],
    "docs": ["-m venv .venv ", "-e .[report,logs,docs]", "-m sphinx"],
    "test": ["-m venv .venv ", "-e .[report,logs,test,lint]", "-m pytest"],
    "test-report": ["-m venv .venv ", "-e .[report,logs,test,lint]", "-m tests.quick_report"],
    "test-peers": ["-m venv .venv-peers ", "-e .[report,test,peers]", "-m pytest", " tests/peers"],
    "test-cuda": ["-m venv .venv-cuda ", "-e .[report,test,cuda]", "-m pytest", " tests/cuda"],
    "bench-logs": ["-m venv .venv-logs ", "-e .", "tests/log_readers.txt", "-m tests.bench_logs"],
}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", STEPS)
def test_make_installs_first(tmp_path, target):
    """In a fresh clone each command makes its environment, by constraints.txt, then works."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "constraints-cuda.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "simopt").mkdir()
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "log_readers.txt", tmp_path / "tests")
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    places = [done.stdout.index(step) for step in STEPS[target]]
    assert places == sorted(places)
    installing = next(line for line in done.stdout.splitlines() if STEPS[target][1] in line)
    assert "--constraint constraints.txt" in installing
    for own, its in (("peers", "test-peers"), ("cuda", "test-cuda"), ("logs", "bench-logs")):
        assert (f".venv-{own}" in done.stdout) == (target == its)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_says_when_python_is_too_old(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    (tmp_path / "simopt").mkdir()
    done = subprocess.run(
        ["make", "PYTHON=no-such-python", ".venv/bin/python"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "simopt needs Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()
