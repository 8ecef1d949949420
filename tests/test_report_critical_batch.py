"""The page on critical batch sizes: its data, its predictions, and its sentences."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import noise_scale, problems
from simopt.report import critical_batch
from simopt.report.critical_batch import curves, data, noise, noise_figure


def test_the_noisy_labels_are_as_described():
    problem = data.noisy_labels(20_000)
    x = problem.x[:, :-1]
    assert np.abs(x.mean(axis=0)).max() < 1e-12
    assert np.allclose(x.var(axis=0), 1)
    correlation = np.corrcoef(x.T)
    apart = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    assert np.abs(correlation - 0.6**apart).max() < 5 / np.sqrt(20_000)
    assert data.noisy_labels(50).digest == data.noisy_labels(50).digest
    assert problem.optimum is not None  # the labels can't be separated
    # Turned labels pull the optimum towards 0, but leave the signs of the clear weights.
    assert (np.sign(problem.optimum[:4]) == [1, -1, 1, -1]).all()
    assert np.abs(problem.optimum[:4]).max() < 2


def target(problem, share):
    return problem.minimum_loss + share * (problem.loss(problem.w0) - problem.minimum_loss)


def test_the_way_leads_from_the_start_to_the_target():
    problem = problems.diabetes()
    way = noise.along(problem, target(problem, 0.05))
    assert way["excess"].iloc[0] == 1
    assert 0.04 < way["excess"].iloc[-1] <= 0.05
    assert (way["excess"].diff().dropna() < 0).all()
    for _, row in way.iloc[[0, len(way) // 2, -1]].iterrows():
        left = (problem.loss(row["w"]) - problem.minimum_loss) / (
            problem.loss(problem.w0) - problem.minimum_loss
        )
        assert row["excess"] == pytest.approx(left, rel=1e-9)
        assert row["b_noise"] == pytest.approx(noise_scale.exact(problem, row["w"]).b_noise)


def test_greedy_steps_in_one_dimension():
    """With d = 1 the best step takes off all that is left: -dL / L adds up to log(1 / share)."""
    problem = problems.least_squares([1.0, 2.0, 3.0], [1.0, 2.5, 2.9])
    way = noise.along(problem, target(problem, 0.05))
    assert way["greedy"].sum() == pytest.approx(np.log(1 / way["excess"].iloc[-1]), rel=0.01)


def test_predictions_lie_between_start_and_target():
    problem = problems.diabetes()
    way = noise.along(problem, target(problem, 0.05))
    table = noise.predictions(problem, way).set_index("what")
    assert (table["finite"] <= problem.n).all()
    assert (table["finite"] <= table["infinite"] * problem.n / (problem.n - 1)).all()
    for scale in ("B_simple", "B_noise"):
        low, mean, high = (
            table.loc[f"{scale} {where}", "infinite"]
            for where in ("at the start", "along the way", "at the target")
        )
        assert low < mean < high
    # Without label noise it is the same everywhere.
    four = problems.four_points()
    same = noise.predictions(four, noise.along(four, target(four, 0.05)))["infinite"]
    assert np.allclose(same, noise_scale.exact(four).b_simple)


def test_estimates_scatter_around_the_exact_scale(monkeypatch):
    monkeypatch.setattr(noise, "SEEDS", 5)
    problem = problems.diabetes()
    found = noise.estimated(problem, noise.along(problem, target(problem, 0.05)), places=2)
    assert len(found) == 2
    assert (found["low"] <= found["median"]).all()
    assert (found["median"] <= found["high"]).all()
    assert np.allclose(found["median"], found["exact"], rtol=0.3)
    assert (found["small"] == 4).all()
    assert (found["big"] == 44).all()


def test_the_noise_sentence_follows_the_numbers():
    way = pd.DataFrame({"b_simple": [1.0, 40.0], "b_noise": [2.0, 80.0]})
    good = pd.DataFrame({"exact": [1.0, 40.0], "median": [1.1, 39.0], "small": 1, "big": 4})
    text = noise_figure.noise_sentence(way, good)
    assert "from 1 to 40" in text
    assert "no one number" in text
    assert "within 10 %" in text
    level = way.assign(b_simple=1.0, b_noise=2.0)
    assert "no one number" not in noise_figure.noise_sentence(level, good)
    blind = good.assign(median=[1.1, np.inf])
    assert "too small to be measured" in noise_figure.noise_sentence(level, blind)


@pytest.fixture(scope="module")
def small():
    sizes, rules = [1, 8, 64, 442], [simopt.SGD(), simopt.Adam()]
    return simopt.batch_size(problems.diabetes(), rules, batch_sizes=sizes, target=3200.0, seeds=3)


def without(study, column):
    """The study as it would be if no fit had told where the curve bends, or no size its region."""
    missing = {"critical": np.nan, "critical_low": np.nan, "critical_high": np.nan}
    if column == "region":
        return dataclasses.replace(study, steps=study.steps.assign(region=None))
    return dataclasses.replace(study, fits=study.fits.assign(**missing))


def test_the_first_sentence_says_from_which_size_on(small):
    three = {"diabetes": data.three(quick=True)["diabetes"]}
    said = critical_batch.answer(three, {"diabetes": small})
    known = small.fits[np.isfinite(small.fits["critical"])]
    assert len(known)
    for _, fit in known.iterrows():
        assert f"{curves.critical_size(fit)} for {fit['optimizer']}" in said
    assert ("No other of the two cases" in said) == (len(known) < 2)
    none = critical_batch.answer(three, {"diabetes": without(small, "critical")})
    assert none == "No critical batch size is in sight on these problems."


def test_a_panel_of_regions_is_drawn_where_there_are_any(small):
    drawn = str(curves.steps_figure(small, "Diabetes"))
    assert "diminishing returns" in drawn
    bare = str(curves.steps_figure(without(small, "region"), "Diabetes"))
    assert "diminishing returns" not in bare
    assert "batch size [points]" in bare
