"""Each script runs, from any folder, in less than 60 lines."""

import ast
import html
import importlib
import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import simopt
from simopt import problems

SCRIPTS = Path(__file__).parents[1] / "scripts"


def in_a_process(folder: Path, name: str, *arguments: object) -> str:
    command = [sys.executable, "-W", "error", SCRIPTS / name, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a script in a folder of its own: what it prints.

    In this process: a new one takes seconds to import and to load what is here already. Two are
    started as their users start them.
    """
    monkeypatch.chdir(tmp_path)

    def script(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [str(SCRIPTS / name), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        out, err = capsys.readouterr()
        assert end.value.code == 0, err
        return out

    return script


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.name)
def test_a_script_is_short(script):
    assert len(script.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.name)
def test_a_script_imports_public_names_alone(script):
    """What is copied from it still works when a module inside the package moves."""
    public = {"simopt", *(f"simopt.{name}" for name in simopt._MODULES), "simopt.problems"}
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("simopt"):
            assert node.module in public
            names = importlib.import_module(str(node.module)).__all__
            assert {alias.name for alias in node.names} <= set(names)
        elif isinstance(node, ast.Import):
            named = {alias.name for alias in node.names if alias.name.startswith("simopt")}
            assert named <= public


def test_there_are_five():
    assert [path.name for path in sorted(SCRIPTS.glob("*.py"))] == [
        "batch_size_on_my_data.py",
        "conventions_on_my_data.py",
        "learning_rate_sensitivity.py",
        "read_my_loss_curve.py",
        "shuffle_seeds.py",
    ]


def test_learning_rate_sensitivity(tmp_path, run):
    out = run("learning_rate_sensitivity.py", "--rates", 7, "--seeds", 3, "--epochs", 2)
    assert out.startswith("105 trajectories")  # 5 optimizers, 7 rates, 3 seeds
    table = pd.read_csv(tmp_path / "results" / "learning_rate_sensitivity.csv")
    assert len(table) == 5 * 7
    assert (table["low"] <= table["median"]).all()
    assert (table["median"] <= table["high"]).all()
    assert (table["low"] >= problems.diabetes().minimum_loss).all()
    figure = (tmp_path / "results" / "learning_rate_sensitivity.svg").read_text()
    assert figure.rstrip().endswith("</svg>")


def test_batch_size_on_my_data(tmp_path, run):
    (tmp_path / "my.csv").write_text(
        "area,age,constant,price\n"
        + "\n".join(f"{a},{b},1,{3 * a - b + (a * b) % 3}" for a in range(9) for b in range(5))
    )
    out = run(
        "batch_size_on_my_data.py", "my.csv", "price", "--seeds", 3, "--optimizer", "sgd",
        "--out", "b.html",
    )  # fmt: skip
    assert "<problem my: least_squares, n = 45, d = 3>" in out
    assert "left out 'constant'" in out
    table = pd.read_csv(tmp_path / "b.csv")
    assert set(table["optimizer"]) == {"SGD"}
    assert table["batch_size"].tolist() == [1, 2, 4, 8, 16, 32, 45]
    assert (table["examples"] == table["steps"] * table["batch_size"]).all()
    advice = next(line for line in out.splitlines() if line.startswith("To bring the training"))
    assert "(95 % of what can be explained beyond a constant prediction)" in advice
    page = (tmp_path / "b.html").read_text(encoding="utf-8")
    assert html.escape(advice) in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_conventions_on_my_data(tmp_path, run):
    rows = [f"{a},{3 * a + (a * a) % 5}" for a in range(1, 30)]
    (tmp_path / "my.csv").write_text("\n".join(["area,price", *rows]))
    out = run(
        "conventions_on_my_data.py", "my.csv", "price", "--optimizer", "adagrad",
        "--rates", 5, "--epochs", 2,
    )  # fmt: skip
    assert "there is no AdaGrad in it" in out  # in scikit-learn
    table = pd.read_csv(tmp_path / "results" / "conventions.csv")
    assert table["convention"].tolist() == ["document", "torch", "keras", "optax"]
    for theirs in table["convention"]:
        assert (table[f"loss at {theirs}'s best"] > 0).all()


def test_shuffle_seeds(tmp_path):
    out = in_a_process(
        tmp_path, "shuffle_seeds.py", "--seeds", 20, "--epochs", 3, "--out", "new/s.csv"
    )
    assert out.startswith("180 trajectories on hubble")  # 3 optimizers, 3 ways, 20 seeds
    table = pd.read_csv(tmp_path / "new" / "s.csv")
    assert table["orders"].eq(20).all()
    never = table[table["shuffle"] == "never"]
    assert never["5 %"].tolist() == never["95 %"].tolist()  # file order knows no seed


def test_the_example_spec(tmp_path):
    command = [Path(sys.executable).with_name("simopt"), "sweep", SCRIPTS / "example.toml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("4,800 trajectories")
    assert len(pd.read_parquet(tmp_path / "results.parquet")) == 4800


def test_read_my_loss_curve(tmp_path, run):
    losses = pd.DataFrame({"epoch": range(8), "loss": [4.0, 2.0, 30.0, 9e3, 1e9, 1e20, 1e30, 1e38]})
    losses.loc[8] = 8, float("inf")
    losses.to_csv(tmp_path / "losses.csv", index=False)
    given = ("losses.csv", "--optimizer", "momentum", "--eta", "0.5", "--out", "curve.html")
    out = run("read_my_loss_curve.py", *given)
    assert out.startswith("NaN or Inf")
    assert "eta 0.5 -> 0.05" in out
    assert "eta / 100" in out
    assert out.splitlines()[-1] == "curve.html"
    page = html.unescape((tmp_path / "curve.html").read_text(encoding="utf-8"))
    assert "Momentum(eta=0.5, beta=0.9)" in page


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with tables, and the process in it."""
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"a": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 2.0]}).to_csv("mine.csv")
    Path("my.csv").write_text("area,price\n1,2.5\n2,3\n3,5\n4,9\n")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "arguments", "said", "status"),
    [
        ("conventions_on_my_data.py", ["mine.csv", "price"], "target='price': must be a column", 1),
        ("conventions_on_my_data.py", ["none.csv", "y"], "No such file", 1),
        ("batch_size_on_my_data.py", ["mine.csv", "price"], "target='price': must be a column", 1),
        ("batch_size_on_my_data.py", ["none.csv", "price"], "No such file", 1),
        ("batch_size_on_my_data.py", ["my.csv", "cost"], "target='cost': must be a column", 1),
        (
            "batch_size_on_my_data.py",
            ["my.csv", "price", "--within", 2],
            "within=2.0: must be a number above 0 and below 1",
            1,
        ),
        ("batch_size_on_my_data.py", ["my.csv", "price", "--seeds", 0], "seeds=0: must be", 1),
        (
            "batch_size_on_my_data.py",
            ["my.csv", "price", "--held-out", 0.99],
            "held_out=0.99: must be",
            1,
        ),
        (
            "batch_size_on_my_data.py",
            ["my.csv", "price", "--kind", "logistic"],
            "must be 0 or 1 everywhere",
            1,
        ),
        ("batch_size_on_my_data.py", ["my.csv", "price", "--out", "."], "is a directory", 2),
        ("read_my_loss_curve.py", ["none.csv"], "No such file", 1),
    ],
)
def test_bad_input_is_said_in_a_line(name, arguments, said, status, monkeypatch, capsys):
    """In this process: a new one takes seconds to import what it then has no use for."""
    monkeypatch.setattr(sys, "argv", [str(SCRIPTS / name), *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(SCRIPTS / name), run_name="__main__")
    assert end.value.code == status
    error = capsys.readouterr().err
    assert said in error
    # What click says of an option, two lines on how the command is used precede.
    assert error.count("\n") == (1 if status == 1 else 4)


def test_a_table_with_a_column_of_texts(tmp_path, run):
    frame = pd.DataFrame({"a": [0.1, 1.2, -0.7, 0.4], "y": [1.0, 3.0, 2.0, 0.5]})
    frame.assign(city=["Rome", "Bari", "Rome", "Bari"]).to_csv(tmp_path / "mine.csv", index=False)
    arguments = ["mine.csv", "y", "--rates", 3, "--epochs", 2]
    assert "n = 4, d = 3" in run("conventions_on_my_data.py", *arguments)
