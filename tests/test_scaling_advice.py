"""The paragraph of advice: every number of it from the study's tables, every limit that applies."""

import dataclasses
import math
import re

import numpy as np
import pytest

import simopt
from simopt import problems
from simopt.analysis.batch_size.advice import advise, recommended
from simopt.ground.formatting import number


@pytest.fixture(scope="module")
def study():
    both = [simopt.SGD(), simopt.Momentum()]
    target = 2950.0
    return simopt.batch_size(
        problems.diabetes(), both, target=target, seeds=8, threads=1, progress=False
    )


def test_the_batch_size_nearest_to_the_critical_one_is_recommended(study):
    best = recommended(study)
    assert sorted(best.optimizer) == ["Momentum", "SGD"]
    for row in best.itertuples():
        critical = study.fits.set_index("optimizer").critical[row.optimizer]
        tried = study.steps.batch_size[study.steps.optimizer == row.optimizer]
        away = abs(math.log(row.batch_size / critical))
        assert all(away <= abs(math.log(size / critical)) for size in tried)
    assert (np.diff(best.steps * best.examples) >= 0).all()


def test_the_numbers_are_the_tables(study):
    text = advise(study)
    row = recommended(study).iloc[0]
    assert f"take batches of {row.batch_size} (the critical batch size is " in text
    assert f"{row.optimizer} with eta = {number(row.eta)} (from {number(row.eta_low)} to" in text
    assert f"It took {number(row.steps)} updates" in text
    assert f"{study.trajectories:,} trajectories, 8 orders" in text
    assert "not the test error" in text
    other = recommended(study).iloc[1]
    assert f"{other.optimizer} {number(other.steps)} updates at batch {other.batch_size}" in text


def test_doubling_is_measured(study):
    row = recommended(study).iloc[0]
    own = study.steps[study.steps.optimizer == row.optimizer].set_index("batch_size")
    after = own.loc[2 * row.batch_size]
    said = re.search(
        r"Doubling it, tuned anew, took ([\d.]+) % fewer updates and ([\d.]+) % more", advise(study)
    )
    assert [float(each) for each in said.groups()] == [
        float(f"{100 * (1 - after.steps / row.steps):.2g}"),
        float(f"{100 * (after.examples / row.examples - 1):.2g}"),
    ]


def test_a_larger_batch_that_saves_nothing_takes_as_many_updates(study):
    row = recommended(study).iloc[0]
    same = study.steps.assign(
        steps=np.where(study.steps.optimizer == row.optimizer, row.steps, study.steps.steps)
    )
    assert "took as many updates and" in advise(dataclasses.replace(study, steps=same))


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.5, "predicted the critical batch size to a factor of two"),
        (0.6, "predicted the critical batch size to a factor of two"),
        (10.0, "would have been too high by a factor of 10"),
        (0.05, "would have been too low by a factor of 20"),
        (math.inf, "infinite, would not have predicted that"),
        (0.0, "would not have predicted that"),
    ],
)
def test_the_noise_scale_is_compared(study, factor, said):
    best = recommended(study).iloc[0].optimizer
    critical = study.fits.set_index("optimizer").critical[best]
    assert said in advise(study, noise_scale=factor * critical)


def test_a_noise_scale_is_not_negative(study):
    with pytest.raises(ValueError, match="noise_scale=-1"):
        advise(study, noise_scale=-1.0)


def test_limits_are_named_where_they_apply(study):
    row = recommended(study).iloc[0]
    at = (study.steps.optimizer == row.optimizer) & (study.steps.batch_size == row.batch_size)
    steps = study.steps.copy()
    steps.loc[at, "edge"] = "eta upper"
    steps.loc[at, "reached"] = 0.75
    steps.loc[at, "resolution"] = 0.2
    fewer = dataclasses.replace(study, steps=steps, seeds=(0, 1))
    limits = advise(fewer).split("Limits: ")[1]
    for said in (
        "edge of what was tried (eta upper)",
        "25 % of the orders",
        "every 20 %",
        "2 orders",
    ):
        assert said in limits
        assert said not in advise(study).split("Limits: ")[1]


def test_there_is_no_advice_where_nothing_got_there():
    problem = problems.diabetes()
    failed = simopt.batch_size(
        problem, simopt.SGD(), target=problem.minimum_loss * 1.0001, budget=2, seeds=1, threads=1
    )
    text = advise(failed)
    assert "no advice" in text
    assert "SGD" in text


def test_without_a_fit_the_least_product_is_taken_and_the_reason_given():
    few = simopt.batch_size(
        problems.diabetes(), simopt.SGD(), target=2950.0, batch_sizes=[4, 16], seeds=2, threads=1
    )
    row = few.steps.iloc[(few.steps.steps * few.steps.examples).argmin()]
    assert f"take batches of {row.batch_size} (of those tried the least" in advise(few)
    assert few.fits.reason[0] in advise(few)


def test_orders_that_did_not_get_there_are_said_in_words(study):
    steps = study.steps.assign(high=math.inf)
    text = advise(dataclasses.replace(study, steps=steps))
    assert "updates (in some orders it did not get there), which is" in text
    assert "∞" not in text
