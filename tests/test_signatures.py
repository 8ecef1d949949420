"""Constructors as a user sees them: defaults, types, help, and formulas in the docstrings."""

import inspect
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import simopt
from simopt.rules import ALL
from simopt.rules.formulas import formula
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.notation import tex


@pytest.mark.parametrize("name", ALL)
def test_defaults_are_the_documents_and_visible(name):
    parameters = dict(inspect.signature(ALL[name]).parameters)
    assert parameters.pop("convention").default == "document"
    optimizer = ALL[name]()
    preset = optimizer.made_by.preset("document")
    for each, parameter in parameters.items():
        expected = {**preset, **optimizer.settings}.get(each)
        assert parameter.default == expected, each
        assert (parameter.default is None) == (
            each in {"weight_decay", *optimizer.made_by.optional} - {*optimizer.settings}
        )
    assert set(optimizer.settings) | set(optimizer.made_by.switches) <= set(parameters)


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_set_is_the_conventions_own(name):
    """Also where it is what the signature shows: 0.001 said is not 0.001 left alone."""
    for convention in ALL[name]().made_by.conventions:
        own = ALL[name](convention=convention)
        said = ALL[name](eta=0.001, convention=convention)
        assert said.settings == {**own.settings, "eta": 0.001}
        assert ALL[name](0.001, convention=convention) == said


def test_help_shows_defaults_types_and_conventions():
    text = pydoc.plain(pydoc.render_doc(simopt.Adam))
    assert "eta: float | collections.abc.Collection[float] = 0.001" in text
    assert "epsilon_place: str = 'inside'" in text
    assert "- keras: ``decay='decoupled', epsilon=1e-07, epsilon_place='hat'``" in text
    assert str(inspect.signature(simopt.SGD)).endswith("-> simopt.rules.rule.Optimizer")


@pytest.mark.parametrize("name", ALL)
def test_the_docstrings_formula_is_the_rules(name):
    """Of one that turns a matrix the second formula, that of all other weights."""
    _, *blocks = inspect.getdoc(ALL[name]).split(".. math::\n")
    turns = ALL[name]().rule.matrix is not None
    assert len(blocks) == 1 + turns
    assert turns or "math:" not in blocks[0]
    lines = blocks[-1].splitlines()
    end = next(i for i, line in enumerate(lines) if i and not line.strip())
    written = " ".join(" ".join(lines[:end]).split())
    assert written == " ".join(tex(formula(ALL[name]())).split())


@pytest.mark.parametrize("name", ALL)
def test_the_docstring_lists_every_convention_once(name):
    text = inspect.getdoc(ALL[name])
    listed = text.partition("Settings by convention:\n\n")[2].partition("\n\n")[0].splitlines()
    keys = [key for line in listed for key in line[2:].partition(":")[0].split(", ")]
    assert sorted(keys) == sorted(key for key, each in FRAMEWORKS.items() if name in each.rules)


@pytest.mark.parametrize("name", ALL)
def test_the_docstring_says_what_each_convention_sets(name):
    """Every setting that is not the signature's, and no other."""
    text = inspect.getdoc(ALL[name])
    listed = text.partition("Settings by convention:\n\n")[2].partition("\n\n")[0].splitlines()
    usual = {key: p.default for key, p in inspect.signature(ALL[name]).parameters.items()}
    family = ALL[name]().made_by
    for line in listed:
        keys, _, settings = line[2:].partition(": ")
        said = {} if settings == "as below" else eval(f"dict({settings.strip('`')})")
        for key in keys.split(", "):
            every = {**family.preset(key), **ALL[name](convention=key).settings}
            # AdamW has one form of decay, which its signature does not offer.
            differing = {k: v for k, v in every.items() if k in usual and v != usual[k]}
            assert said == differing, (name, key)


SCRIPT = """
import numpy as np

import simopt

optimizers = [
    simopt.Adam(eta=[0.1, 0.2], beta1=0.9, convention=["torch", "keras"]),
    simopt.SGD(np.geomspace(1e-3, 1.0, 7), weight_decay=0.1),
    simopt.RMSprop(momentum=0.9, centered=True, rate_place="inside"),
]
frame = simopt.sweep(simopt.problems.four_points(), optimizers)
reveal_type(optimizers[0])
reveal_type(simopt.Lion)
simopt.Adam(eta="0.1")
simopt.Adam(rate=0.1)
simopt.Adam(bias_correction=0.5)
"""


@pytest.mark.slow
def test_a_users_script_is_checked(tmp_path):
    script = tmp_path / "user.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent",
               "--cache-dir", str(tmp_path / "cache"), str(script)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.split(": ", 2) for line in done.stdout.splitlines() if "user.py" in line]
    errors = {int(where.rpartition(":")[2]): what for where, kind, what in lines if kind == "error"}
    assert set(errors) == {14, 15, 16}, done.stdout
    assert 'Argument "eta" to "Adam" has incompatible type "str"' in errors[14]
    assert 'Unexpected keyword argument "rate"' in errors[15]
    assert 'expected "bool"' in errors[16]
    notes = [what for _, kind, what in lines if kind == "note" and "Revealed" in what]
    assert notes[0] == 'Revealed type is "simopt.rules.rule.Optimizer"'
    assert "def (eta: float | typing.Collection[float] =" in notes[1]


def test_types_are_shipped():
    """Without the marker a type checker ignores them."""
    assert (Path(simopt.__file__).parent / "py.typed").is_file()
