"""Odd values for every option and every key of a sweep's file: status 0, or 2 and one line."""

import contextlib
import io
import warnings

import pytest

from simopt.cli.main import main
from simopt.sweeps.toml import SWEEP_KEYS

pytestmark = pytest.mark.slow

TEXTS = [
    "", "no", "-1", "0", "nan", "inf", "1e308", "9" * 400, "9" * 5000, "x" * 5000, "a\nb", "1,2",
    "1,,2", "[]", "{}", "None", "true", "1j", "é", "\udc80", "--", "=", "a=b", "a=b=c", "1e400",
    "0x10", "./.", "/dev/null", "points.csv", "1_000",
]  # fmt: skip
VALUES = [
    '""', '"no"', "-1", "0", "nan", "inf", "1e308", "999999999999999999", "[]", "[[1]]", "{}",
    "true", "1979-05-27", '[1,"a"]', "{from=0,to=1}", "{from=1,to=0,step=1}", "{from=0,to=1e18}",
    "{from=0,to=1000000000000000000}", '["a","a"]', '"a\\u0000b"', '"x\\ny"', "0x10",
    '{from="a",to=1,points=3}', "{from=0.1,to=1,points=1000000000000}",
    '{from=0.1,to=1,points=3,scale="no"}', '{over="seed"}', "9" * 5000, "[" * 3000 + "]" * 3000,
]  # fmt: skip
WALKTHROUGH = {
    "--data": "points.csv", "--target": "y", "--w0": "3", "--optimizer": "sgd", "--eta": "0.1",
    "--convention": "document", "--batch-size": "1", "--epochs": "1",
}  # fmt: skip
OPTIONS = ("--fail-on", "--page", "--loss", "--x")  # of diagnose
SPEC = {
    "problem": {"name": '"four_points"'},
    "[optimizers]": {"name": '"SGD"', "eta": "0.1"},
    "sweep": {"epochs": "1"},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "points.csv").write_text("x,y\n2,10\n1,5\n3,15\n0.5,2.5\n")
    (tmp_path / "log.csv").write_text("epoch,loss\n" + "".join(f"{k},{0.5**k}\n" for k in range(9)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trouble(arguments):
    """What is wrong with a command; None if nothing is."""
    out, err = io.StringIO(), io.StringIO()
    try:
        streams = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
        with streams[0], streams[1], warnings.catch_warnings():
            warnings.simplefilter("error")
            main(arguments)
    except SystemExit as end:
        text = err.getvalue()
        if end.code == 0 or (end.code == 2 and text.count("\n") == 1 and text.endswith("\n")):
            return None
        return f"{[each[:30] for each in arguments]}: status {end.code}, {text[:200]!r}"
    except Exception as error:
        return f"{[each[:30] for each in arguments]}: {type(error).__name__}: {error}"
    return f"{arguments}: no end"


@pytest.mark.parametrize("option", [*WALKTHROUGH, "--problem", "--set-problem", "--set", "--page"])
def test_options_of_walkthrough(here, option):
    given = {**WALKTHROUGH}
    if option in {"--problem", "--set-problem"}:
        del given["--data"], given["--target"]
    commands = [["walkthrough", *sum(({**given, option: text}).items(), ())] for text in TEXTS]
    assert list(filter(None, map(trouble, commands))) == []


def test_other_commands(here):
    commands = [
        command
        for text in TEXTS
        for command in (
            [text],
            ["sweep", text],
            ["diagnose", text],
            *(
                ["diagnose", "log.csv", key, text]
                for key in ("--fail-on", "--page", "--loss", "--x")
            ),
            ["report", "--folder", f"points.csv/{text}"],
        )
    ]
    assert list(filter(None, map(trouble, commands))) == []


def written(section, key, value):
    """The file with one key of another value."""
    spec = {name: {**keys} for name, keys in SPEC.items()}
    if section == "problem" and key == "file":
        del spec["problem"]["name"]
    spec[section][key] = value
    lines = []
    for name, keys in spec.items():
        lines += [f"[{name}]", *(f"{each} = {text}" for each, text in keys.items())]
    return "\n".join(lines) + "\n"


KEYS = [
    *(("sweep", key) for key in (*SWEEP_KEYS, "nonsense")),
    *(("[optimizers]", key) for key in ("name", "eta", "weight_decay", "convention", "decay")),
    *(("problem", key) for key in ("name", "w0", "file", "target", "intercept", "hidden")),
]


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_keys_of_a_sweeps_file(here, section, key):
    found = []
    for value in VALUES:
        (here / "s.toml").write_text(written(section, key, value))
        found.append(trouble(["sweep", "s.toml", "--out", "o.csv"]))
    assert list(filter(None, found)) == []
