"""Floors on the four points against trajectories in plain Python."""

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.document.claims.common.floors import RATES, best_rate, distances, floors, over_rates
from simopt.document.claims.context import Trials


def test_a_floor_is_the_largest_distance_of_the_epochs_after():
    trials = Trials()
    four = simopt.problems.four_points()
    table = floors(trials, simopt.Adam(eta=[0.1, 0.5], beta1=[0.0, 0.9]), epoch=30, batch_size=2)
    assert len(table) == trials.trajectories == 4
    for _, row in table.iterrows():
        adam = simopt.Adam(eta=row["eta"], beta1=row["beta1"])
        steps = simopt.run(four, adam, batch_size=2, epochs=50).steps
        ends = steps.groupby("epoch")["w"].last().to_numpy()
        assert row["floor"] == pytest.approx(np.abs(ends[29:] - 5).max(), rel=1e-9, abs=1e-15)


def test_what_overflows_has_no_floor():
    table = floors(Trials(), simopt.SGD(eta=[0.1, 10.0]), epoch=400)
    assert table["floor"][0] < 1e-12
    assert table["floor"][1] == np.inf


def test_distances_need_an_optimum():
    wells = simopt.problems.double_well(tilt=0.0)
    with pytest.raises(ValueError, match="optimum"):
        distances(pd.DataFrame({"w": [1.0]}), 1, wells)


def test_neighbours_are_within_five_percent():
    assert len(RATES) == 601
    assert 1.04 < RATES[2] / RATES[0] < 1.05


def test_a_lucky_rate_does_not_count():
    values = np.array([3.0, 3.0, 3.0, 0.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.5])
    assert over_rates(values).tolist() == [
        max(values[max(k - 2, 0) : k + 3]) for k in range(len(values))
    ]
    table = pd.DataFrame({"eta": np.arange(11.0), "floor": values})
    found = best_rate(table)
    assert (found["eta"][0], found["worst"][0]) == (7.0, 2.0)


def test_the_best_rate_of_each():
    table = pd.DataFrame(
        {
            "eta": np.tile(np.arange(7.0), 2),
            "beta": np.repeat([np.nan, 0.9], 7),
            "floor": np.r_[[5, 1, 1, 1, 1, 1, 5], [9, 9, 4, 9, 9, 9, 9]].astype(float),
        }
    )
    assert best_rate(table, ["beta"])[["eta", "worst"]].to_numpy().tolist() == [[3, 1], [0, 9]]
