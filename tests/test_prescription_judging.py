"""Prescriptions judged by the least loss and a constant prediction: what mends, and by how much."""

import numpy as np
import pytest

import simopt
from simopt import problems
from simopt.curves.prescription import judging, searching, terminal
from simopt.curves.prescription.judging import Bounds
from simopt.curves.prescription.prescribing import BASELINE
from simopt.curves.prescription.training import Training


@pytest.fixture(scope="module")
def houses():
    """Columns in their own units: areas of hundreds, years of thousands."""
    rng = np.random.default_rng(0)
    area, year = rng.uniform(40, 250, 60), rng.uniform(1900, 2020, 60)
    price = 1000 * area + 500 * (year - 1900) + 2000 * rng.normal(size=60)
    return problems.least_squares(np.c_[area, year], price, intercept=True, name="houses")


def test_unscaled_columns_are_the_fault(houses):
    """A curve that falls as a healthy one does, and ends above what the mean alone predicts."""
    frame = simopt.prescribe(houses, simopt.SGD(eta=1e-8), batch_size="full", epochs=15, threads=1)
    made = frame.attrs
    assert made["constant"] == pytest.approx(houses.y.var())
    assert made["least"] == pytest.approx(houses.minimum_loss)
    before = frame.iloc[0]
    assert before["loss"] > made["constant"]
    assert before["explained"] == pytest.approx(
        (made["constant"] - before["loss"]) / (made["constant"] - made["least"])
    )
    assert "worse than no model at all" in made["state"]
    assert made["best"] == "standardise"
    assert made["mended"]
    assert made["verdict"].startswith(
        "The columns' scales are at fault: standardise them; the loss"
    )
    best = frame.set_index("fix").loc["standardise"]
    assert best["explained"] > 0.99
    # What it says to do does that: the same columns standardised by hand.
    x = houses.x[:, :-1]
    scaled = problems.least_squares((x - x.mean(0)) / x.std(0), houses.y, intercept=True)
    eta = float(best["settings"].split(",")[0].removeprefix("eta="))
    run = simopt.run(scaled, simopt.SGD(eta=eta), batch_size="full", epochs=15)
    assert run.summary["loss"] == pytest.approx(best["loss"], rel=1e-6)
    text = terminal.applied(frame, {"path": "houses.csv", "target": "price"})
    assert "standardize=True" in text
    assert "standardize = true" in text


def test_a_rate_is_found_however_far_off_it_is():
    """Full batches of one weight: the best rate is 1 / curvature, a million times the given."""
    four = problems.four_points()
    _, training = searching.best_rate(four, Training(simopt.SGD(eta=1.4e-7), 4, 3, "never"))
    assert training.optimizer.settings["eta"] == pytest.approx(1 / 7.125, rel=0.05)
    far = simopt.prescribe(four, simopt.SGD(eta=1.4e-9), batch_size="full", epochs=3, threads=1)
    assert far.attrs["best"] == "best eta"
    assert far.set_index("fix").loc["best eta", "explained"] > 0.9


def test_a_gain_of_nearly_nothing_mends_nothing():
    """Noise is all that is left: lower for every order, and by less than a tenth."""
    frame = simopt.prescribe(
        problems.diabetes(), simopt.SGD(eta=1e-6), batch_size="full", epochs=5,
        fixes=["eta x 2", "eta x 5"], threads=1,
    )  # fmt: skip
    best = frame.iloc[1]
    assert best["improved"] == 1.0
    assert 0.99 < best["ratio"] < 1
    assert frame.attrs["best"] == BASELINE
    assert not frame.attrs["mended"]
    assert frame.attrs["verdict"].startswith("None of these mends it: most does eta x 5, the loss ")


def test_where_nothing_is_left_there_is_nothing_to_mend():
    frame = simopt.prescribe(
        problems.four_points(), simopt.SGD(eta=0.05), batch_size="full", epochs=60,
        fixes="eta x 2", threads=1,
    )  # fmt: skip
    assert frame.attrs["best"] == BASELINE
    assert frame.attrs["verdict"].startswith("Nothing to mend: ")


def test_what_is_judged_by_which_bounds():
    known = Bounds(start=10.0, constant=4.0, least=2.0)
    assert [known.explained(loss) for loss in (2.0, 3.0, 4.0, 6.0)] == [1.0, 0.5, 0.0, -1.0]
    # A model that can't go below a constant, and one without points, are judged by their start.
    for other in (Bounds(10.0, 1.0, 2.0), Bounds(10.0, float("nan"), 2.0)):
        assert other.explained(6.0) == 0.5
        assert "the start has 10" in other.unit
    held = Bounds(10.0, 4.0, float("nan"))
    assert held.explained(1.0) == 0.75
    assert judging.said(-3.0) == "< 0 %"
    assert judging.said(float("nan")) == ""
    assert "overflows" in judging.state(float("inf"), known)
    assert "above its start" in judging.state(11.0, known)


def test_standardised_columns_predict_the_same_from_the_start(houses):
    moved = houses.replace(w0=[3.0, -2.0, 7.0])
    changed, training = searching.standardised(
        moved, Training(simopt.SGD(eta=1e-7), 60, 5, "never")
    )
    np.testing.assert_allclose(changed.x @ changed.w0, moved.x @ moved.w0)
    np.testing.assert_allclose(changed.original_weights(changed.w0), moved.w0)
    assert changed.minimum_loss == pytest.approx(moved.minimum_loss)
    assert searching.rescaled(moved, changed)
    held = searching.like(moved, moved, changed)
    assert held.loss(changed.w0) == pytest.approx(moved.loss(moved.w0))
    # What has a scale already, a penalty, or no columns, is left alone.
    assert searching.standardised(changed, training) is None
    assert searching.standardised(problems.diabetes(), training) is None
    assert searching.standardised(problems.saddle(), training) is None
