"""Without the drawing libraries all but drawing works, and what draws says what is missing."""

import subprocess
import sys

import pytest

from simopt.ground import extras

#: Begins every program below: none of the libraries can be imported.
BLOCKED = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {extras.MODULES["report"]}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""


def python(code, folder):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKED + code],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_api_works(tmp_path):
    code = """
import simopt
four, adam = simopt.problems.four_points(), simopt.Adam(eta=0.1)
assert len(simopt.run(four, adam).steps) == 4
assert len(simopt.sweep(four, adam, seed=range(3), shuffle="epoch")) == 3
diagnosis = simopt.diagnose([9, 8, 7, 6, 5, 4, 3, 2], optimizer=adam)
assert "eta 0.001" in str(simopt.diagnose([9, 8, 7, 6, 5, 4, 3, 2], optimizer=simopt.Adam()))
assert diagnosis._repr_html_() is None
print(simopt.walkthrough.text(four, adam).count("Update"))
for draw in (
    diagnosis.figure,
    lambda: diagnosis.page("page.html"),
    lambda: simopt.report("pages", quick=True),
    lambda: simopt.report.batch_size_page,
    lambda: simopt.report.walkthrough_page,
):
    try:
        draw()
    except ImportError as error:
        print(error)
"""
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    for line in lines[1:]:
        assert "which is not installed: pip install '.[report]' in simopt's folder" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["walkthrough"], "Update 4"),
        (["sweep", "s.toml"], "1 trajectories"),
        (["diagnose", "loss.csv"], "sure"),
    ],
)
def test_the_command_line_works(tmp_path, arguments, wanted):
    (tmp_path / "s.toml").write_text(
        "problem = { name = 'four_points' }\noptimizers = [{ name = 'SGD' }]\n"
    )
    (tmp_path / "loss.csv").write_text("loss\n" + "\n".join(str(0.8**k) for k in range(60)))
    done = python(f"from simopt.cli.main import main; main({arguments})", tmp_path)
    assert done.returncode == 0, done.stderr
    assert wanted in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["walkthrough", "--page", "p.html"], ["report"], ["diagnose", "loss.csv", "--page", "p.html"]],
)
def test_the_command_line_says_what_is_missing(tmp_path, arguments):
    (tmp_path / "loss.csv").write_text("loss\n" + "\n".join(str(0.8**k) for k in range(60)))
    done = python(f"from simopt.cli.main import main; main({arguments})", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install '.[report]'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["loss.csv"]


def test_the_report_begins_nothing_where_one_library_of_all_is_missing(tmp_path):
    code = """
import sys
from importlib import util
find = util.find_spec
util.find_spec = lambda name, *rest: None if name == "altair" else find(name, *rest)
from simopt.cli.main import main
main(["report"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "the report needs altair, which is not installed: pip install '.[report]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_module_that_is_missing_is_no_extra():
    with pytest.raises(ModuleNotFoundError, match="not_there"), extras.needs("report", "a page"):
        import not_there  # noqa: F401
