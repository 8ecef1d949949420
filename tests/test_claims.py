"""All claims together: their table, their rules, and verdicts that another seed doesn't change."""

import re

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.document.claims import evaluate
from simopt.document.claims.claim import SECTIONS, VERDICTS, Finding, plain, share
from simopt.document.claims.registry import CLAIMS, joined
from simopt.document.claims.setup import family_tree
from simopt.rules import OPTIMIZERS

#: Algebra and definitions, decided in a moment.
CHEAP = ("C001", "C098", "C103")


def test_every_claim_is_there_once_in_reading_order():
    assert [claim.id for claim in CLAIMS] == [f"C{number:03}" for number in range(1, 128)]


def test_a_record_is_joined_to_what_decides_it():
    record = {
        "id": "C128", "lines": "74, 692", "optimizers": ["SGD"], "says": "So it is.",
        "kind": "algebra", "experiment": "None.", "rule": "It holds.",
        "decided_by": "setup.family_tree.gradient_of_the_square",
    }  # fmt: skip
    claim = joined("Parameter guide", record)
    assert (claim.id, claim.optimizers, claim.scope) == ("C128", ("SGD",), "")
    assert claim.place == "parameter guide, SGD; key insights"
    assert claim.decide is family_tree.gradient_of_the_square
    with pytest.raises(AttributeError, match="no_such_function"):
        joined("Parameter guide", record | {"decided_by": "setup.family_tree.no_such_function"})
    with pytest.raises(TypeError, match="colour"):
        joined("Parameter guide", record | {"colour": "red"})


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_says_all_that_it_must(claim):
    assert claim.section in SECTIONS
    assert set(claim.optimizers) <= set(OPTIMIZERS)
    assert re.fullmatch(r"\d+(-\d+)?(, \d+(-\d+)?)*", claim.lines)
    for words in (claim.says, claim.kind, claim.experiment, claim.rule):
        assert words.strip() == words != ""
    assert claim.says.endswith(".")
    assert claim.rule.endswith(".")


def test_the_table_has_a_row_for_each():
    frame = simopt.document.claims(quick=True, only=CHEAP)
    assert list(frame["id"]) == list(CHEAP)
    assert list(frame.columns) == [
        "id", "section", "place", "lines", "optimizers", "claim", "kind", "experiment", "rule",
        "revised",
        "verdict", "condition", "evidence", "says", "scope", "trajectories", "seconds",
    ]  # fmt: skip
    assert frame["verdict"].isin(VERDICTS).all()
    assert all(isinstance(each, dict) and each for each in frame["evidence"])
    assert (frame["seconds"] >= 0).all()
    assert frame.attrs["quick"] is True


def test_a_seed_gives_the_same_again():
    one, same = (simopt.document.claims(quick=True, seed=3, only=CHEAP) for _ in range(2))
    pd.testing.assert_frame_equal(one.drop(columns="seconds"), same.drop(columns="seconds"))


@pytest.mark.slow
def test_shared_runs_count_for_the_first_claim_that_reads_them():
    """C106 and C107 read the same; what C106 runs beside is two more."""
    first, second = evaluate(quick=True, only=["C106", "C107"])
    (alone,) = evaluate(quick=True, only="C107")
    assert (first.trajectories, second.trajectories) == (alone.trajectories + 2, 0)
    assert alone.trajectories > 100


def test_who_watches_is_told_before_each():
    told = []
    evaluate(quick=True, only=CHEAP, say=lambda *said: told.append(said))
    assert [claim.id for claim, _, _ in told] == list(CHEAP)
    assert [place for _, *place in told] == [[1, 3], [2, 3], [3, 3]]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"only": "C128"}, "only.*'C128'.*C001 to C127"),
        ({"only": ["C001", 7]}, "only.*7"),
        ({"seed": -1}, "seed.*-1.*whole number >= 0"),
        ({"seed": 0.5}, "seed.*0.5"),
    ],
)
def test_bad_input_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        simopt.document.claims(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"verdict": "true"}, "verdict: 'true'"),
        ({"verdict": "conditional"}, "condition"),
        ({"verdict": "holds", "condition": "at batch 1"}, "condition"),
        ({"verdict": "holds", "evidence": {"w": [1.0, 2.0]}}, "evidence"),
    ],
)
def test_a_finding_is_whole(given, words):
    with pytest.raises(ValueError, match=words):
        Finding(**({"says": "So it is.", "evidence": {"n": 1}} | given))


def test_figures_are_plain():
    assert [type(plain(value)) for value in (np.float64(1), np.int64(1), np.bool_(True), "a")] == [
        float, int, bool, str,
    ]  # fmt: skip
    assert share([True, False, True, True]) == 0.75
    with pytest.raises(ValueError, match="nothing"):
        share([])


@pytest.mark.slow
def test_verdicts_do_not_hang_on_the_seed():
    """Three seeds of the whole. A verdict that hung on one would be "conditional", and say so."""
    tables = [simopt.document.claims(seed=seed).set_index("id") for seed in (0, 1, 2)]
    verdicts = pd.DataFrame({seed: table["verdict"] for seed, table in enumerate(tables)})
    differ = verdicts[verdicts.ne(verdicts[0], axis=0).any(axis=1)]
    assert differ.empty, differ
    # Other seeds are other draws: evidence that came of any has changed.
    one, other = (table["evidence"].map(repr) for table in tables[:2])
    assert (one != other).sum() > 20
