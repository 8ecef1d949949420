"""Problems: what they know of themselves, and what data they refuse."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt import problems
from tests import reference

rng = np.random.default_rng(3)
X = rng.normal(size=(30, 4))
Y = X @ [1.0, 2.0, 0.0, -1.0] + rng.normal(size=30)

EVERY = {
    "four_points": problems.four_points(),
    "hubble": problems.hubble(),
    "diabetes": problems.diabetes(),
    "least_squares": problems.least_squares(X, Y, intercept=True, l2=0.2, w0=1.0),
    "logistic": problems.logistic(X, Y > 0, l2=0.1),
}


def test_published_values():
    four, hubble, diabetes = (EVERY[n] for n in ("four_points", "hubble", "diabetes"))
    assert (four.n, four.d, four.w0.tolist(), four.optimum.tolist()) == (4, 1, [3.0], [5.0])
    assert four.minimum_loss == 0.0
    assert (hubble.n, hubble.d) == (24, 1)
    assert round(float(hubble.optimum[0]), 3) == 423.937
    line = problems.read_table(problems.DATA / "hubble.csv", "velocity_km_s")
    assert line.optimum.round(3).tolist() == [454.158, -40.784]
    assert line.features == ("distance_mpc", "intercept")
    assert (diabetes.n, diabetes.d) == (442, 11)
    np.testing.assert_allclose(diabetes.x[:, :10].mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(diabetes.x[:, :10].std(axis=0), 1)
    assert diabetes.optimum[10] == pytest.approx(152.133, abs=1e-3)


@pytest.mark.parametrize("problem", EVERY.values(), ids=EVERY)
def test_loss_and_gradient(problem):
    w = np.random.default_rng(0).normal(size=problem.d) + problem.w0
    assert problem.loss(w) == pytest.approx(reference.loss(problem, w.tolist()), rel=1e-12)
    rows = [0, 2, 3]
    np.testing.assert_allclose(
        problem.gradient(w, rows), reference.gradient(problem, w.tolist(), rows), rtol=1e-11
    )
    h = 1e-6
    for k in range(problem.d):
        e = np.eye(problem.d)[k] * h
        slope = (problem.loss(w + e) - problem.loss(w - e)) / (2 * h)
        assert problem.gradient(w)[k] == pytest.approx(slope, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("problem", EVERY.values(), ids=EVERY)
def test_the_optimum_is_one(problem):
    assert np.abs(problem.gradient(problem.optimum)).max() < 1e-9 * (1 + np.abs(problem.y).max())
    for _ in range(5):
        nearby = problem.optimum + 0.01 * rng.normal(size=problem.d)
        assert problem.loss(nearby) > problem.minimum_loss
    if problem.kind == "least_squares":
        gap = problem.w0 - problem.optimum
        closed = problem.minimum_loss + np.sum((problem.factor @ gap) ** 2)
        assert closed == pytest.approx(problem.loss(problem.w0), rel=1e-12)


def test_no_single_optimum_is_none():
    flat = problems.least_squares([[1.0, 1.0], [2.0, 2.0]], [1.0, 3.0])
    assert flat.optimum is None
    assert flat.minimum_loss == pytest.approx(0.1)
    separable = problems.logistic([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
    assert separable.optimum is None
    frame = simopt.sweep(flat, simopt.SGD(eta=0.01), epochs=500)
    assert frame["distance"].isna().all()
    assert frame["peak_distance"].isna().all()
    assert frame["loss"][0] == pytest.approx(0.1, rel=1e-2)


def test_problems_are_frozen():
    problem = problems.least_squares(X, Y)
    with pytest.raises(AttributeError):
        problem.y = Y
    with pytest.raises(ValueError, match="read-only"):
        problem.x[0, 0] = 1.0
    mine = Y.copy()
    problem = problems.least_squares(X, mine)
    mine[0] = 99.0
    assert problem.y[0] == Y[0]


def test_the_digest_knows_the_data_and_the_start():
    base = problems.least_squares(X, Y)
    assert base.digest == problems.least_squares(X, Y, name="other").digest
    for other in (
        problems.least_squares(X, Y + 1e-12),
        problems.least_squares(X, Y, w0=1.0),
        problems.least_squares(X, Y, l2=0.1),
        problems.logistic(X, Y > 0, intercept=False),
    ):
        assert other.digest != base.digest


def test_frames_keep_their_names():
    frame = pd.DataFrame(X, columns=list("abcd"))
    problem = problems.least_squares(frame, pd.Series(Y, name="price"), intercept=True)
    assert (problem.features, problem.target) == (("a", "b", "c", "d", "intercept"), "price")


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 4), st.booleans())
def test_tables_read_back(columns, parquet):
    import tempfile
    from pathlib import Path

    table = pd.DataFrame(X[:, :columns], columns=[f"c{k}" for k in range(columns)]).assign(y=Y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("t.parquet" if parquet else "t.csv")
        table.to_parquet(path) if parquet else table.to_csv(path, index=False)
        read = problems.read_table(path, "y", intercept=False)
    np.testing.assert_array_equal(read.x, X[:, :columns])
    np.testing.assert_array_equal(read.y, Y)


REFUSED = {
    r"x\[1, 0\]=nan: must be a finite": lambda: problems.least_squares([[1.0], [math.nan]], [1, 2]),
    r"y\[0\]=inf": lambda: problems.least_squares([1.0, 2.0], [math.inf, 2]),
    "x='text': must be an array": lambda: problems.least_squares("text", [1.0]),
    "2 points but 3 targets": lambda: problems.least_squares([1.0, 2.0], [1.0, 2.0, 3.0]),
    r"x='shape \(0,": lambda: problems.least_squares(np.empty((0, 2)), []),
    "y='shape": lambda: problems.least_squares([1.0], [[1.0]]),
    "w0=.*2 numbers": lambda: problems.least_squares(X[:, :2], Y, w0=[1.0, 2.0, 3.0]),
    "l2=-1": lambda: problems.least_squares(X, Y, l2=-1),
    "y=2.0: must be 0 or 1": lambda: problems.logistic([1.0, 2.0], [0, 2]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_data_is_named(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


def test_bad_tables_are_named(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("a,b,y\n1,2,3\n4,five,6\n7,,9\n")
    for message, arguments in {
        "target='z'.*'a', 'b', 'y'": {"target": "z"},
        r"column 'b', row 2: 'five'": {"target": "y"},
        "features='c'": {"target": "y", "features": ["a", "c"]},
        "features='y'": {"target": "y", "features": ["y"]},
        "kind='tree'": {"target": "y", "kind": "tree"},
    }.items():
        with pytest.raises(ValueError, match=message):
            problems.read_table(path, **arguments)
    with pytest.raises(ValueError, match=r"path=.*\.csv or \.parquet"):
        problems.read_table(tmp_path / "points.xlsx", "y")
    with pytest.raises(FileNotFoundError):
        problems.read_table(tmp_path / "none.csv", "y")
    assert problems.read_table(path, "y", features=["a"]).n == 3


@pytest.mark.parametrize("unit", [1e100, 1e18, 1e12, 1e-9, 1e-12, 1e-14, 1e-18, 1e-100, 1e-170])
def test_the_optimum_does_not_hang_on_units(unit):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    problem = simopt.problems.least_squares(x * [unit, 1.0], x @ [3.0, -2.0] + 1.0, intercept=True)
    np.testing.assert_allclose(problem.minimizer * [unit, 1.0, 1.0], [3.0, -2.0, 1.0], rtol=1e-10)
    assert problem.minimum_loss < 1e-20
    assert problem.optimum is not None
    twice = simopt.problems.least_squares(x[:, [0, 0, 1]] * [unit, 2 * unit, 1.0], x @ [3.0, -2.0])
    assert twice.optimum is None
    assert twice.minimum_loss < 1e-20
