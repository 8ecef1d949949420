"""Points drawn with replacement: the same draws in every loop, each point as likely as any."""

import numpy as np
import pytest
from scipy import stats

import simopt
from simopt.training import shuffling
from tests.reference import orders as oracle

pytestmark = pytest.mark.interpreted
DATA = simopt.problems.hubble()


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 3])
def test_draws_are_the_oracles(seed):
    drawn = shuffling.orders("replacement", seed, 4, 11)
    assert drawn.tolist() == oracle("replacement", seed, 4, 11)


def test_every_point_is_as_likely_at_every_place():
    epochs, n = 4000, 6
    drawn = shuffling.orders("replacement", 5, epochs, n)
    for column in drawn.T:
        assert stats.chisquare(np.bincount(column, minlength=n)).pvalue > 1e-4
    # A draw says nothing of the next: all pairs are as likely.
    pairs = np.bincount(drawn[:, 0] * n + drawn[:, 1], minlength=n * n)
    assert stats.chisquare(pairs).pvalue > 1e-4
    # A given point is missing from (1 - 1/n)^n of the epochs: no shuffle of the points would be.
    missing = np.mean([0 not in row for row in drawn.tolist()])
    assert missing == pytest.approx((1 - 1 / n) ** n, abs=4 * np.sqrt(0.25 / epochs))


@pytest.mark.parametrize("seeds", [range(3), range(40)], ids=["few", "many"])
@pytest.mark.parametrize("batch_size", [1, 5, 24])
def test_a_sweep_takes_the_draws_of_run(batch_size, seeds):
    optimizer = simopt.Adam(eta=[0.1, 0.3])
    how = {"batch_size": batch_size, "epochs": 3, "shuffle": "replacement"}
    table = simopt.sweep(DATA, optimizer, seed=seeds, **how)
    for _, row in table.iloc[:: max(1, len(table) // 6)].iterrows():
        alone = simopt.run(DATA, simopt.Adam(eta=row["eta"]), seed=row["seed"], **how)
        assert row["w"] == pytest.approx(alone.summary["w"], rel=1e-12)


def test_fewer_points_are_the_first_draws():
    short = simopt.run(
        DATA, simopt.SGD(eta=0.1), shuffle="replacement", points_per_epoch=7, epochs=2, seed=3
    )
    drawn = shuffling.orders("replacement", 3, 2, DATA.n)
    w = float(DATA.w0[0])
    for point in drawn[:, :7].ravel():
        w -= 0.1 * 2 * DATA.x[point, 0] * (w * DATA.x[point, 0] - DATA.y[point])
    assert short.summary["w"] == pytest.approx(w, rel=1e-12)


def test_a_full_batch_of_draws_is_no_full_batch():
    seeds = simopt.sweep(
        DATA, simopt.SGD(eta=0.1), batch_size="full", shuffle="replacement", seed=range(20)
    )
    assert seeds["w"].nunique() == 20


def test_given_orders_may_repeat_points_where_that_is_said():
    order = [[0] * DATA.n]
    with pytest.raises(ValueError, match=r"order.*shuffle='replacement'"):
        simopt.run(DATA, simopt.SGD(eta=0.1), order=order)
    given = {"order": order, "shuffle": "replacement"}
    alone = simopt.run(DATA, simopt.SGD(eta=0.01), **given).summary["w"]
    assert simopt.sweep(DATA, simopt.SGD(eta=[0.01]), **given)["w"].tolist() == [alone]
    with pytest.raises(ValueError, match=r"order.*points from 0 to 23"):
        simopt.run(DATA, simopt.SGD(eta=0.1), order=[[24] * 24], shuffle="replacement")


@pytest.mark.parametrize("points", [1, 7, 23, 24, 25, 60])
@pytest.mark.parametrize("batch_size", [1, 5])
def test_given_orders_that_repeat_may_be_of_any_length(points, batch_size):
    """An epoch ends where its row does; kernels have room for n points, and say so."""
    rows = np.random.default_rng(points).integers(DATA.n, size=(3, points))
    w = float(DATA.w0[0])
    for row in rows:
        for start in range(0, points, batch_size):
            x, y = (
                DATA.x[row[start : start + batch_size], 0],
                DATA.y[row[start : start + batch_size]],
            )
            w -= 0.1 * np.mean(2 * x * (w * x - y))
    how = {"order": rows, "shuffle": "replacement", "epochs": 3, "batch_size": batch_size}
    alone = simopt.run(DATA, simopt.SGD(eta=0.1), **how)
    assert alone.summary["w"] == pytest.approx(w, rel=1e-12)
    assert len(alone.steps) == 3 * -(-points // batch_size)
    if points > DATA.n:
        with pytest.raises(ValueError, match=r"^order='rows of \d+ points': must be at most 24 in"):
            simopt.sweep(DATA, simopt.SGD(eta=[0.1]), **how)
        return
    table = simopt.sweep(DATA, simopt.SGD(eta=[0.1, 0.2]), **how)
    assert table["w"][0] == pytest.approx(w, rel=1e-12)
    longer = simopt.run(DATA, simopt.SGD(eta=0.1), **how | {"epochs": 2, "order": rows[:2]})
    resumed = simopt.run(DATA, simopt.SGD(eta=0.1), resume=longer, **how)
    assert resumed.summary["w"] == alone.summary["w"]


def test_rows_of_another_length_need_to_be_announced():
    for go in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match=r"^order='int64 \(1, 3\)': must be an array"):
            go(DATA, simopt.SGD(eta=0.1), order=[[0, 1, 2]])
        how = {"order": [[0, 1, 2]], "shuffle": "replacement"}
        with pytest.raises(ValueError, match=r"^points_per_epoch=4"):
            go(DATA, simopt.SGD(eta=0.1), points_per_epoch=4, **how)
        with pytest.raises(
            ValueError, match=r"^order='rows of 3': .* a batch, of 5, with drop_last"
        ):
            simopt.run(DATA, simopt.SGD(eta=0.1), batch_size=5, drop_last=True, **how)
    fewer = simopt.run(DATA, simopt.SGD(eta=0.1), points_per_epoch=2, **how).summary["w"]
    assert (
        fewer
        == simopt.run(DATA, simopt.SGD(eta=0.1), order=[[0, 1]], shuffle="replacement").summary["w"]
    )
