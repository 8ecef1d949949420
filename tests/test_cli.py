"""The command line: status 0 and a result, or status 2 and one line that says what is wrong."""

import os
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pandas as pd
import pytest

import simopt
from simopt.cli import main, reading
from simopt.cli.sweep import RESUME
from simopt.ground import files
from simopt.sweeps import clients, store, sweep

SMALL = """
[problem]
name = "four_points"

[[optimizers]]
name = "SGD"
eta = [0.05, 0.1, 0.7]

[sweep]
epochs = 10
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in, with a small spec."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path


@pytest.fixture
def simopt_command(here, simopt_command):
    """The same in that folder."""
    return simopt_command


@pytest.fixture
def refused(simopt_command, here):
    """Run a command line that must end in one line on standard error and leave nothing behind."""

    def run(*arguments: str) -> str:
        before = sorted(here.rglob("*"))
        status, out, err = simopt_command(*arguments)
        assert status == 2
        assert out == ""
        assert err.startswith("simopt: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert "Traceback" not in err
        assert sorted(here.rglob("*")) == before
        return err

    return run


# Help.


@pytest.mark.parametrize("command", ["report", "walkthrough", "sweep"])
def test_help_has_examples(simopt_command, command):
    status, out, _ = simopt_command(command, "--help")
    assert status == 0
    assert "Examples:" in out
    assert f"  simopt {command}" in out


def test_help_of_the_whole(simopt_command):
    for arguments in (["--help"], ["-h"], []):
        status, out, err = simopt_command(*arguments)
        assert (status, err) == (0, "")
        assert "Examples:" in out


def test_the_list_of_commands_cuts_no_sentence_off(simopt_command):
    _, out, _ = simopt_command("--help")
    listed = " ".join(out[out.index("Commands:") :].split())
    assert "..." not in listed
    for name, command in main.commands.commands.items():
        assert f" {name} {' '.join(command.help.split('.')[0].split())}." in listed


@pytest.fixture
def flats(here):
    (here / "flats.csv").write_text("x,city,y\n1,Rome,5\n2,Bari,9.5\n3,Rome,\n4,Bari,19\n")
    return "flats.csv"


@pytest.mark.parametrize("command", ["walkthrough --data", "playground --data", "prescribe"])
def test_what_is_advised_of_a_table_is_an_option_of_the_command(refused, flats, command):
    arguments = [*command.split(), flats, *(["y"] if command == "prescribe" else [])]
    err = refused(*arguments)
    assert "--categories 'one-hot' makes" in err
    assert err.endswith(" --features leaves columns out\n")
    err = refused(*arguments, "--features", "x")
    assert "(1 of 4 rows lack a value: --missing 'drop' leaves them out)" in err


def test_worked_steps_of_some_columns_of_a_table(simopt_command, flats):
    few = ("--data", flats, "--features", "x", "--missing", "drop")
    status, out, _ = simopt_command("walkthrough", *few, "--optimizer", "sgd")
    assert status == 0
    assert "3 points" in out
    assert "point 3: x = 4, y = 19" in out


@pytest.mark.parametrize("command", ["walkthrough", "playground"])
def test_how_a_table_is_read_needs_a_table(simopt_command, command, tmp_path):
    page = tmp_path / "page.html"
    status, _, said = simopt_command(command, "--features", "x", "--page", page)
    assert status == 2
    assert said.splitlines()[-1].startswith("simopt: --features: must come with the table to read")
    assert not page.exists()


def test_texts_in_quotes_are_the_users():
    command = main.commands.commands["diagnose"]
    told = "file='run loss=3.txt': must be a log, which begins \"a loss=foo\"; loss= names a column"
    assert reading.in_options(told, command) == told.replace("; loss=", "; --loss")


def test_messages_are_in_options_where_the_command_has_them():
    command = main.commands.commands["prescribe"]
    told = "a=1: standardize=True or standardize=False, quote=';'; (sep=';') features= names them"
    assert (
        reading.in_options(told, command)
        == "a=1: --standardize or --no-standardize, quote=';'; (--sep ';') --features names them"
    )
    assert reading.in_options(told, None) == told


def test_version(simopt_command):
    status, out, _ = simopt_command("--version")
    assert status == 0
    assert simopt.__version__ in out


def test_the_command_is_installed():
    command = Path(sys.executable).with_name("simopt")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert simopt.__version__ in done.stdout


# Sweep.


@pytest.mark.parametrize("out", ["results.parquet", "new/folder/results.csv"])
def test_sweep_writes_what_sweep_returns(simopt_command, here, out):
    status, text, err = simopt_command("sweep", "small.toml", "--out", out)
    assert (status, err) == (0, "")
    assert text.splitlines()[-1] == str(Path(out))
    assert text.startswith("3 trajectories")
    assert "1 diverged" in text
    expected = simopt.sweep(
        simopt.problems.four_points(), simopt.SGD(eta=[0.05, 0.1, 0.7]), epochs=10
    )
    table = pd.read_csv(out) if out.endswith("csv") else pd.read_parquet(out)
    assert list(table.columns) == list(expected.columns)
    assert table["w"].tolist() == expected["w"].tolist()
    assert table["status"].tolist() == ["ok", "ok", "diverged"]
    if out.endswith("parquet"):
        assert table.attrs["version"] == simopt.__version__


@pytest.mark.parametrize("record", ["epochs", "steps"])
def test_sweep_of_every_epoch(simopt_command, here, record):
    Path("small.toml").write_text(SMALL + f'record = "{record}"\n')
    status, text, _ = simopt_command("sweep", "small.toml", "--out", "long.csv")
    assert status == 0
    assert text.startswith("3 trajectories")
    assert len(pd.read_csv("long.csv")) > 20


def test_sweep_where_everything_diverges(simopt_command, here):
    Path("small.toml").write_text(SMALL.replace("[0.05, 0.1, 0.7]", "[5, 10]"))
    status, text, _ = simopt_command("sweep", "small.toml")
    assert status == 0
    assert "2 diverged" in text


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("eta = [0.05, 0.1, 0.7]", "eta = [0.05, -1]", "eta=-1"),
        ("eta = [0.05, 0.1, 0.7]", "eta = [nan]", "eta=nan"),
        ("eta = [0.05, 0.1, 0.7]", "eta = []", "eta=[]"),
        ("eta = [0.05, 0.1, 0.7]", "beta = 0.5", "'beta'"),
        ('"SGD"', '"Sgdd"', "'Sgdd'"),
        ("epochs = 10", "epoch = 10", "'epoch'"),
        ("epochs = 10", "epochs = 0", "epochs=0"),
        ("epochs = 10", "epochs = []", "epochs=[]"),
        ("epochs = 10", "batch_size = 0", "batch_size=0"),
        ("epochs = 10", "batch_size = 5", "batch_size=5"),
        ("epochs = 10", 'shuffle = "sometimes"', "shuffle='sometimes'"),
        ("epochs = 10", "seed = -1", "seed=-1"),
        ("epochs = 10", 'dtype = "float16"', "dtype='float16'"),
        (
            "epochs = 10",
            "seed = { from = 0, to = 999999999999 }",
            "3,000,000,000,000 trajectories with",
        ),
        ("epochs = 10", "epochs = ", "line"),
    ],
)
def test_sweep_refuses(refused, here, old, new, named):
    Path("small.toml").write_text(SMALL.replace(old, new))
    assert named in refused("sweep", "small.toml")


def test_sweep_refuses_files(refused, here):
    assert "no.toml" in refused("sweep", "no.toml")
    assert "--out='results.txt'" in refused("sweep", "small.toml", "--out", "results.txt")
    # A folder below a file can't be made, not even by root.
    Path("taken").write_text("")
    assert "--out='taken/deep/a.csv'" in refused("sweep", "small.toml", "--out", "taken/deep/a.csv")
    Path("folder.csv").mkdir()
    assert "--out='folder.csv'" in refused("sweep", "small.toml", "--out", "folder.csv")
    assert "SPEC.toml" in refused("sweep")
    assert refused("sweep", "small.toml", "--out", "a\0b.csv")


def test_sweep_refuses_data(refused, here):
    text = '[problem]\nfile = "points.csv"\ntarget = "y"\n[[optimizers]]\nname = "SGD"\n'
    Path("data.toml").write_text(text)
    assert "points.csv" in refused("sweep", "data.toml")
    Path("points.csv").write_text("x,z\n1,2\n")
    assert "target='y'" in refused("sweep", "data.toml")
    Path("points.csv").write_text("x,y\n1,2\nthree,4\n")
    assert "'three'" in refused("sweep", "data.toml")


def test_a_result_that_is_there_survives_a_failed_sweep(refused, here):
    Path("results.csv").write_text("old")
    Path("small.toml").write_text(SMALL.replace("epochs = 10", "epochs = 0"))
    refused("sweep", "small.toml", "--out", "results.csv")
    assert Path("results.csv").read_text() == "old"


# Walkthrough.


@pytest.fixture
def worked(monkeypatch):
    """Stand in for the worked steps: remember what the command line made of its options."""
    asked = types.SimpleNamespace()

    def text(problem, optimizer, **how):
        asked.problem, asked.optimizer, asked.how = problem, optimizer, how
        return "worked"

    def page(path, *given, **how):
        asked.path = path
        files.write_text(path, text(*given, **how))

    monkeypatch.setattr("simopt.display.walkthrough.text", text)
    monkeypatch.setattr("simopt.display.standalone.walkthrough_page", page)
    return asked


def test_walkthrough_of_the_document(simopt_command, worked):
    status, out, err = simopt_command("walkthrough")
    assert (status, out, err) == (0, "worked\n", "")
    assert worked.problem.name == "four_points"
    assert worked.problem.w0.tolist() == [3.0]
    assert repr(worked.optimizer) == repr(simopt.Adam(eta=0.1))
    assert worked.how == {"batch_size": 1, "epochs": 1}


def test_walkthrough_with_every_option(simopt_command, here, worked):
    Path("points.csv").write_text("a,b,price\n1,2,3\n2,1,4\n0,1,1\n")
    options = "--data points.csv --target price --intercept --w0 1,-2,0.5 --eta 0.2 --epochs 3"
    more = "--optimizer nesterov --set beta=0.8 --batch-size full --page steps.html"
    status, out, err = simopt_command("walkthrough", *options.split(), *more.split())
    assert (status, out, err) == (0, "steps.html\n", "")
    assert Path("steps.html").read_text() == "worked"
    assert worked.problem.features == ("a", "b", "intercept")
    assert worked.problem.w0.tolist() == [1.0, -2.0, 0.5]
    assert repr(worked.optimizer) == repr(simopt.Nesterov(eta=0.2, beta=0.8))
    assert worked.how == {"batch_size": "full", "epochs": 3}


def test_walkthrough_in_another_convention(simopt_command, worked):
    options = (
        "--optimizer rmsprop --convention torch --set epsilon_place=inside --set centered=true"
    )
    assert simopt_command("walkthrough", *options.split())[0] == 0
    expected = simopt.RMSprop(eta=0.1, convention="torch", epsilon_place="inside", centered=True)
    assert worked.optimizer == expected


def test_walkthrough_of_a_line_through_the_origin(simopt_command, here, worked):
    Path("points.csv").write_text("x,y\n1,2\n2,4\n")
    assert simopt_command("walkthrough", "--data", "points.csv", "--w0", "3")[0] == 0
    assert worked.problem.features == ("x",)
    assert worked.problem.w0.tolist() == [3.0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--eta -0.1", "eta=-0.1"),
        ("--eta inf", "eta=inf"),
        ("--eta fast", "'fast'"),
        ("--optimizer adamm", "'Adam'"),
        ("--set beta1=1", "beta1=1:"),
        ("--set beta=0.5", "'beta'"),
        ("--set beta1", "--set='beta1'"),
        ("--set beta1=high", "beta1='high'"),
        ("--set epsilon_place=out", "epsilon_place='out'"),
        ("--convention theano", "convention='theano'"),
        ("--optimizer lion --convention torch", "there is no Lion in it"),
        ("--w0 1,2", "w0="),
        ("--w0 start", "--w0='start'"),
        ("--w0 nan", "w0"),
        ("--data no.csv", "no.csv"),
        ("--data points.txt", "points.txt"),
        ("--page steps.pdf", "--page='steps.pdf'"),
        ("--page small.toml/steps.html", "--page='small.toml/steps.html'"),
        ("--colour", "--colour"),
        ("extra", "extra"),
    ],
)
def test_walkthrough_refuses(refused, worked, arguments, named):
    assert named in refused("walkthrough", *arguments.split())


def test_walkthrough_refuses_data_without_its_target(refused, here, worked):
    Path("points.csv").write_text("x,z\n1,2\n")
    line = refused("walkthrough", "--data", "points.csv")
    assert "target='y'" in line
    assert "'x', 'z'" in line


def test_walkthrough_as_a_page(simopt_command, here):
    Path("points.csv").write_text("<script>alert(1)</script>,y\n1,2\n2,4\n")
    status, out, _ = simopt_command(
        "walkthrough", "--data", "points.csv", "--optimizer", "sgd", "--page", "new/steps.html"
    )
    assert (status, out) == (0, "new/steps.html\n")
    page = Path("new/steps.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert "alert(1)" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("arguments", ["--batch-size 0", "--batch-size 5", "--epochs 0"])
def test_walkthrough_refuses_what_does_not_fit_the_points(refused, arguments):
    name, value = arguments.removeprefix("--").split()
    assert f"{name.replace('-', '_')}={value}" in refused("walkthrough", *arguments.split())


# Report.


def test_report(simopt_command, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "simopt.report.report",
        lambda **given: asked.append(given) or Path(given["folder"], "index.html"),
    )
    assert simopt_command("report")[1] == "reports/build/index.html\n"
    assert simopt_command("report", "--quick", "--folder", "a/b")[1] == "a/b/index.html\n"
    simopt_command("report", "--profile")
    plain = {"folder": "reports/build", "quick": False, "profile": False}
    assert asked == [
        plain, {"folder": "a/b", "quick": True, "profile": False}, plain | {"profile": True}
    ]  # fmt: skip


def test_an_interrupted_report_says_what_is_there(simopt_command, monkeypatch):
    def interrupt(**_):
        raise KeyboardInterrupt("interrupted; 3 of 14 pages are made, in reports/build")

    monkeypatch.setattr("simopt.report.report", interrupt)
    status, _, error = simopt_command("report")
    assert status == 130
    assert error == "simopt: interrupted; 3 of 14 pages are made, in reports/build\n"


def test_report_refuses_a_folder_before_any_work(refused, monkeypatch):
    monkeypatch.setattr("simopt.report.report", lambda **_: pytest.fail("it began"))
    assert "--folder='small.toml/a'" in refused("report", "--folder", "small.toml/a")
    assert "--folder='small.toml'" in refused("report", "--folder", "small.toml")


# What is not bad input.


def test_interrupted(simopt_command, here, monkeypatch):
    def interrupt(*_, **__):
        raise sweep.Interrupted(pd.DataFrame())

    monkeypatch.setattr("simopt.sweeps.sweep.sweep", interrupt)
    status, out, err = simopt_command("sweep", "small.toml", "--out", "r.csv")
    assert (status, out) == (130, "")
    assert err.count("\n") == 1
    assert not Path("r.csv").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_interrupted_rows_are_kept(simopt_command, here, monkeypatch):
    done = pd.DataFrame({"eta": [0.1, 0.2]})

    def interrupt(*_, **__):
        raise sweep.Interrupted(done)

    monkeypatch.setattr("simopt.sweeps.sweep.sweep", interrupt)
    (here / "s.toml").write_text(
        '[problem]\nname = "four_points"\n[[optimizers]]\nname = "SGD"\n', encoding="utf-8"
    )
    status, _, error = simopt_command("sweep", "s.toml", "--out", "rows.csv")
    assert status == 130
    assert "2 finished rows are in rows.part.csv" in error
    assert not (here / "rows.csv").exists()
    pd.testing.assert_frame_equal(pd.read_csv(here / "rows.part.csv"), done)


def test_interrupted_by_a_signal(here, ctrl_c):
    long = SMALL.replace("epochs = 10", "epochs = 20000000\ndivergence = false")
    Path("long.toml").write_text(long)
    code = (
        "import sys, threading, os, signal, time\n"
        "import simopt.sweeps.execution\n"
        "from simopt.cli.main import main\n"
        "began = simopt.sweeps.execution.whole\n"
        "def run(*a, **k):\n"
        "    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    return began(*a, **k)\n"
        "simopt.sweeps.execution.whole = run\n"
        "main(['sweep', 'long.toml', '--out', 'long.csv'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 130
    assert done.stderr.strip().splitlines()[-1].startswith("simopt: interrupted")
    assert "Traceback" not in done.stderr
    assert not Path("long.csv").exists()


REDUCED = SMALL + 'shuffle = "epoch"\nseed = { from = 0, to = 9 }\nreduce = "seed"\n'


def test_sweep_into_a_folder(simopt_command, here):
    """A second call does nothing twice; --out besides writes the table."""
    Path("reduced.toml").write_text(REDUCED)
    status, out, _ = simopt_command("sweep", "reduced.toml", "--store", "rows")
    assert status == 0
    assert out.startswith("30 trajectories, ")
    assert "Where the median loss is lowest" in out
    assert out.endswith("rows\n")
    assert len(simopt.load("rows")) == 3
    status, out, _ = simopt_command("sweep", "reduced.toml", "--store", "rows", "--out", "a.csv")
    assert status == 0
    assert out.startswith("nothing was left to do; 3 rows")
    assert pd.read_csv("a.csv")["trajectories"].tolist() == [10, 10, 10]


def test_resume_goes_on_and_cleans_up(simopt_command, here, monkeypatch):
    keep = store.Store.keep

    def interrupted(store, number, frame):
        keep(store, number, frame)
        raise KeyboardInterrupt

    monkeypatch.setattr(store.Store, "keep", interrupted)
    status, _, error = simopt_command("sweep", "small.toml", "--resume")
    assert status == 130
    assert "the same sweep goes on from there" in error
    assert Path("results.chunks").is_dir()
    assert not Path("results.parquet").exists()
    monkeypatch.undo()
    monkeypatch.chdir(here)
    status, out, _ = simopt_command("sweep", "small.toml", "--resume")
    assert status == 0
    assert out.startswith("nothing was left to do")
    assert len(pd.read_parquet("results.parquet")) == 3
    assert not Path("results.chunks").exists()


def test_resume_removes_nothing_that_it_did_not_write(simopt_command, here):
    """A folder that --store filled stays whole; of another's files none is touched."""
    assert simopt_command("sweep", "small.toml", "--store", "kept.chunks")[0] == 0
    before = {path.name: path.read_bytes() for path in Path("kept.chunks").iterdir()}
    status, _, _ = simopt_command("sweep", "small.toml", "--out", "kept.parquet", "--resume")
    assert status == 0
    assert {path.name: path.read_bytes() for path in Path("kept.chunks").iterdir()} == before
    Path("new.chunks").mkdir()
    (Path("new.chunks") / ".note").write_text("mine")
    status, _, _ = simopt_command("sweep", "small.toml", "--out", "new.csv", "--resume")
    assert status == 0
    assert [path.name for path in Path("new.chunks").iterdir()] == [".note"]


def test_what_store_finished_stays_whoever_began_it(simopt_command, here):
    """A folder of --resume that was killed, then named with --store, is to be kept."""
    Path("kept.chunks").mkdir()
    (Path("kept.chunks") / RESUME).write_text("")
    assert simopt_command("sweep", "small.toml", "--store", "kept.chunks")[0] == 0
    assert simopt_command("sweep", "small.toml", "--out", "kept.csv", "--resume")[0] == 0
    assert len(simopt.load("kept.chunks")) == 3


def test_resume_leaves_a_folder_of_other_things_alone(refused, here):
    Path("new.chunks").mkdir()
    (Path("new.chunks") / "thesis.tex").write_text("mine")
    assert "thesis.tex" in refused("sweep", "small.toml", "--out", "new.csv", "--resume")
    assert [path.name for path in Path("new.chunks").iterdir()] == ["thesis.tex"]


def test_sweep_refuses_another_sweep_in_the_folder(simopt_command, refused, here):
    assert simopt_command("sweep", "small.toml", "--store", "rows")[0] == 0
    Path("other.toml").write_text(SMALL.replace("0.7", "0.8"))
    assert "eta[2] is 0.7 there and 0.8 here" in refused("sweep", "other.toml", "--store", "rows")


def test_sweep_refuses_clients_and_devices(refused, here):
    assert "device='gpu': must be one of" in refused("sweep", "small.toml", "--device", "gpu")
    error = refused("sweep", "small.toml", "--client", "tcp://localhost:1")
    assert "--client" in error


def test_lost_workers_end_in_one_line(simopt_command, here, monkeypatch):
    def lost(*arguments, **settings):
        warnings.warn("client='...' has no workers", UserWarning, stacklevel=2)
        assert "client='...' has no workers" in said[0]
        raise clients.WorkerLost("client='...': its scheduler is gone")

    said = []
    monkeypatch.setattr(main.click, "echo", lambda text, err: said.append(text))
    monkeypatch.setattr("simopt.sweeps.sweep.sweep", lost)
    status, _, _ = simopt_command("sweep", "small.toml", "--resume")
    assert status == 1
    assert said[1:] == ["simopt: client='...': its scheduler is gone"]


def test_a_device_that_is_not_there(simopt_command, here):
    status, _, error = simopt_command("sweep", "small.toml", "--device", "auto")
    assert status == 0
    if error:
        assert error.startswith("simopt: device='auto' takes the processor: ")
        assert error.count("\n") == 1


def test_a_terminal_without_greek(here):
    done = subprocess.run(
        [sys.executable, "-m", "simopt.cli", "walkthrough"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "First moment" in done.stdout


def test_a_reader_that_leaves(here):
    done = subprocess.run(
        f'"{sys.executable}" -m simopt.cli --help | true; exit "${{PIPESTATUS[0]}}"',
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_fault_of_ours_is_not_called_bad_input(here, monkeypatch):
    def fault(*_, **__):
        raise KeyError("column")

    monkeypatch.setattr("simopt.sweeps.sweep.sweep", fault)
    with pytest.raises(KeyError):
        main.main(["sweep", "small.toml"])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("--problem hubble --optimizer sgd", "hubble: 24 points"),
        ("--problem hubble --w0 400 --optimizer sgd", "from w = 400"),
        ("--problem least_squares --set-problem x=1,2,3 --set-problem y=2,4,6", "3 points"),
        ("--problem logistic --set-problem x=1,2 --set-problem y=0,1 --intercept", "intercept"),
    ],
)
def test_walkthrough_takes_every_problem(simopt_command, given, wanted):
    status, out, error = simopt_command("walkthrough", *given.split())
    assert (status, error) == (0, "")
    assert wanted in out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("--problem bumps", "a regression, to write out"),
        ("--problem hubbel", "did you mean 'hubble'"),
        ("--problem double_well --set-problem tilt=9", "tilt=9: must be a number in"),
        ("--problem double_well --set-problem tild=9", "key 'tild': must be one of"),
        ("--problem network", "must have the key 'x'"),
        ("--set-problem tilt", "--set-problem='tilt': must be NAME=VALUE"),
        ("--set beta1=0.5 --set beta1=0.6", "--set='beta1=0.6': must be given once"),
    ],
)
def test_walkthrough_names_what_is_wrong_with_a_problem(refused, given, message):
    assert message in refused("walkthrough", *given.split())


def test_python_dash_m_is_the_same_command():
    command = [sys.executable, "-m", "simopt", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(simopt.__version__)
