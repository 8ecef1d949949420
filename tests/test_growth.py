"""A stored sweep that takes more values of its axes: new rows alone are made, and the folder is
that of the larger sweep."""

import itertools
import os
import signal
import sys

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.sweeps import chunks, growth
from tests.processes import start

FOUR = simopt.problems.four_points()
HUBBLE = simopt.problems.hubble()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """A dozen chunks of a few rows each, and no waiting for the disk."""
    monkeypatch.setattr(chunks, "ROWS", 120)
    monkeypatch.setattr(chunks, "FEWEST", 4)
    monkeypatch.setattr(chunks, "SETTINGS", 4)
    monkeypatch.setattr(chunks, "REDUCED", 60)
    monkeypatch.setattr(chunks, "FEW_UPDATES", 1)
    monkeypatch.setattr(os, "fsync", lambda file: None)


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def optimizers(etas, betas=(0.9,)):
    return [simopt.SGD(eta=list(etas)), simopt.Momentum(eta=list(etas), beta=list(betas))]


PLAN = {"shuffle": "epoch", "epochs": 2, "target": 5.0}
RATES = [0.001 * k for k in range(1, 9)]

CASES = {
    "seeds": (RATES[:4], {"seed": range(5)}, RATES[:4], {"seed": range(17)}),
    "rates": (RATES[:4], {"seed": range(5)}, RATES, {"seed": range(5)}),
    "rates in between": (RATES[::2], {"seed": range(5)}, RATES, {"seed": range(5)}),
    "both, backwards": (RATES[2:5], {"seed": [3, 4]}, RATES[::-1], {"seed": range(9)}),
    "seeds of another step": (RATES[:3], {"seed": range(4, 20, 4)}, RATES, {"seed": range(22)}),
    "batches and epochs": (
        RATES[:3],
        {"batch_size": [2, 4], "epochs": [3], "seed": range(3)},
        RATES[:4],
        {"batch_size": [1, 2, 3, 4], "epochs": [1, 3, 2], "seed": range(3)},
    ),
    "values twice": (RATES[:2], {"seed": range(3)}, [*RATES[:3], RATES[0]], {"seed": range(3)}),
}


def sizes(frame):
    return frame.attrs["trajectories"]


@pytest.mark.interpreted
@pytest.mark.parametrize(
    ("record", "case"),
    [*(("summary", case) for case in CASES), *(("steps", case) for case in list(CASES)[2:]),
     ("epochs", "both, backwards")],
)  # fmt: skip
def test_the_new_rows_alone_are_made(tmp_path, case, record):
    few, first, many, second = CASES[case]
    plan = {**PLAN, "record": record}
    before = simopt.sweep(FOUR, optimizers(few), store=tmp_path / "a", **{**plan, **first})
    fresh = simopt.sweep(FOUR, optimizers(many), store=tmp_path / "b", **{**plan, **second})
    grown = simopt.sweep(FOUR, optimizers(many), store=tmp_path / "a", **{**plan, **second})
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    pd.testing.assert_frame_equal(grown, fresh)
    assert sizes(grown) == (6 if case == "values twice" else sizes(fresh) - sizes(before))
    again = simopt.sweep(FOUR, optimizers(many), store=tmp_path / "a", **{**plan, **second})
    assert sizes(again) == 0


@pytest.mark.parametrize("over", ["seed", ["seed", "batch_size"]])
def test_summaries_grow_along_what_they_are_not_over(tmp_path, over):
    plan = {**PLAN, "seed": range(6), "batch_size": [1, 2], "reduce": over}
    simopt.sweep(HUBBLE, optimizers(RATES[::2]), store=tmp_path / "a", **plan)
    fresh = simopt.sweep(HUBBLE, optimizers(RATES), store=tmp_path / "b", **plan)
    grown = simopt.sweep(HUBBLE, optimizers(RATES), store=tmp_path / "a", **plan)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert sizes(grown) == sizes(fresh) / 2
    more = {**plan, "seed": range(7)}
    with pytest.raises(ValueError, match="seed.*take another folder"):
        simopt.sweep(HUBBLE, optimizers(RATES), store=tmp_path / "a", **more)


def test_groups_in_pieces_are_made_anew(tmp_path, monkeypatch):
    """Their sums depend on the pieces, and these on the size of the sweep."""
    monkeypatch.setattr(chunks, "WHOLE", 4)
    plan = {**PLAN, "seed": range(40), "reduce": "seed"}
    simopt.sweep(HUBBLE, simopt.SGD(eta=RATES[:3]), store=tmp_path / "a", **plan)
    fresh = simopt.sweep(HUBBLE, simopt.SGD(eta=RATES[:6]), store=tmp_path / "b", **plan)
    grown = simopt.sweep(HUBBLE, simopt.SGD(eta=RATES[:6]), store=tmp_path / "a", **plan)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert sizes(grown) == sizes(fresh)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": range(3)}, "spec.seed"),
        ({"seed": range(1, 9)}, "spec.seed"),
        ({"seed": range(9), "target": 4.0}, "take another folder"),
        ({"seed": range(9), "shuffle": ["epoch", "once"]}, "take another folder"),
        ({"seed": range(9), "record": "steps"}, "take another folder"),
    ],
)
def test_another_sweep_is_none_that_has_grown(tmp_path, change, named):
    plan = {**PLAN, "seed": range(5)}
    simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", **plan)
    before = files_of(tmp_path / "a")
    with pytest.raises(ValueError, match=named):
        simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", **{**plan, **change})
    assert files_of(tmp_path / "a") == before


def test_what_has_not_ended_does_not_grow(tmp_path, monkeypatch):
    from simopt.sweeps.store import Store

    def stop(store):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Store, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", seed=range(5))
    next((tmp_path / "a").glob("chunk-*")).unlink()
    with pytest.raises(ValueError, match="has ended before it takes more values .* 1 of its"):
        simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", seed=range(9))
    simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", seed=range(5))
    grown = simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", seed=range(9))
    assert sizes(grown) == 2 * 3 * 4


def test_a_larger_sweep_that_was_given_up(tmp_path, monkeypatch):
    """Stopped half-way to 30 seeds, it grows to 20 instead; the smaller one was there all along."""
    small = simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", seed=range(5))

    def stop(smaller):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(growth.Smaller, "take_over", stop)
        with pytest.raises(KeyboardInterrupt, match="which are in .*a'; the same sweep goes on"):
            simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", seed=range(30))
    manifest = tmp_path / "a" / growth.GROWING / "_manifest.json"
    assert manifest.exists()
    pd.testing.assert_frame_equal(simopt.load(tmp_path / "a"), small)
    # As if it had been stopped before its end.
    manifest.write_bytes(manifest.read_bytes().replace(b'"complete": true', b'"complete": tru'))
    simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "b", seed=range(20))
    simopt.sweep(FOUR, optimizers(RATES[:3]), store=tmp_path / "a", seed=range(20))
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def _grow(folder, k):
    """Store, then grow; killed at the k-th operation on files of the folder while growing."""
    count = itertools.count()

    def hook(event, arguments):
        watched = event in ("open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir")
        if watched and str(arguments[0]).startswith(str(folder)) and next(count) == k:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    chunks.ROWS, chunks.SETTINGS, chunks.FEW_UPDATES = 8, 4, 1
    simopt.sweep(FOUR, simopt.SGD(eta=RATES[:4]), store=folder, seed=range(5))


@pytest.mark.slow
def test_killed_at_every_operation(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 8)
    monkeypatch.setattr(chunks, "FEWEST", 16)
    one = simopt.SGD(eta=RATES[:2])
    more = simopt.SGD(eta=RATES[:4])
    fresh = simopt.sweep(FOUR, more, store=tmp_path / "fresh", seed=range(5))
    small = simopt.sweep(FOUR, one, seed=range(3))
    killed = 0
    for k in itertools.count(0, 3):
        folder = tmp_path / f"at {k}"
        simopt.sweep(FOUR, one, store=folder, seed=range(3))
        process = start(_grow, folder, k)
        process.join()
        there = simopt.load(folder)
        assert len(there) in (len(small), len(fresh))
        if process.exitcode == 0:
            break
        killed += 1
        simopt.sweep(FOUR, more, store=folder, seed=range(5))
        assert files_of(folder) == files_of(tmp_path / "fresh")
    assert killed > 10
    assert files_of(folder) == files_of(tmp_path / "fresh")


def test_numbers_differ_as_they_are_written(tmp_path):
    """A weight decay of 0 is not one of -0, nor a rate of 0.1 one of 0.1 + 1e-17."""
    etas = np.geomspace(0.01, 0.1, 5).tolist()
    simopt.sweep(FOUR, simopt.SGD(eta=etas), store=tmp_path / "a")
    with pytest.raises(ValueError, match="eta"):
        simopt.sweep(FOUR, simopt.SGD(eta=[np.nextafter(e, 1) for e in etas]), store=tmp_path / "a")
