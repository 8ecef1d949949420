"""Tables to tables: hand-computed answers, and what must hold for any table."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt import measures, problems

INF = math.inf


def grid(medians, etas=None, **more):
    etas = [2.0**k for k in range(len(medians))] if etas is None else etas
    return pd.DataFrame({"eta": etas, "median": medians, **more})


def test_excess_is_one_at_the_start_and_infinite_where_it_diverged():
    problem = problems.hubble()
    losses = [problem.loss(problem.w0), problem.minimum_loss, 1.0, math.nan, INF, 5.0]
    status = ["ok", "ok", "ok", "ok", "ok", "diverged"]
    shown = measures.excess(pd.DataFrame({"loss": losses, "status": status}), problem)
    assert shown.tolist() == [1.0, measures.FLOOR, measures.FLOOR, INF, INF, INF]


def test_excess_without_a_status_and_without_a_floor():
    problem = problems.four_points()
    shown = measures.excess(pd.DataFrame({"loss": [14.25e-20]}, index=[7]), problem, floor=0.0)
    assert shown[7] == pytest.approx(1e-20)


def test_bands_are_order_statistics():
    rows = pd.DataFrame({"eta": 0.1, "excess": np.arange(21.0)[::-1]})
    band = measures.bands(rows, ["eta"]).iloc[0]
    assert (band.low, band["median"], band.high) == (1.0, 10.0, 19.0)
    assert (band.trajectories, band.diverged) == (21, 0.0)


def test_bands_keep_infinity_apart():
    rows = pd.DataFrame({"eta": [1.0] * 5, "excess": [INF, 1.0, 2.0, INF, 3.0]})
    band = measures.bands(rows, ["eta"]).iloc[0]
    assert (band.low, band["median"], band.high, band.diverged) == (1.0, 3.0, INF, 0.4)


def test_bands_group_by_categories_and_missing_hyperparameters():
    rows = pd.DataFrame(
        {
            "optimizer": pd.Categorical(["SGD", "Adam", "SGD"], categories=["SGD", "Adam", "X"]),
            "beta": [math.nan, 0.9, math.nan],
            "excess": [1.0, 5.0, 3.0],
        }
    )
    shown = measures.bands(rows, ["optimizer", "beta"])
    assert shown["optimizer"].tolist() == ["SGD", "Adam"]
    assert shown["trajectories"].tolist() == [2, 1]
    assert shown["high"].tolist() == [3.0, 5.0]


@given(st.lists(st.floats(0, 1e300) | st.just(INF), min_size=1, max_size=40), st.randoms())
def test_bands_are_ordered_and_ignore_the_order_of_rows(values, random):
    rows = pd.DataFrame({"eta": 1.0, "excess": values})
    band = measures.bands(rows, ["eta"]).iloc[0]
    assert min(values) <= band.low <= band["median"] <= band.high <= max(values)
    random.shuffle(values)
    assert measures.bands(rows.assign(excess=values), ["eta"]).iloc[0].equals(band)


def test_best_notes_the_edge():
    assert measures.best(grid([1.0, 2.0, 3.0]), []).edge.tolist() == ["lower"]
    assert measures.best(grid([3.0, 2.0, 3.0]), []).edge.tolist() == [""]
    assert measures.best(grid([3.0, 2.0, 1.0]), []).edge.tolist() == ["upper"]


def test_best_passes_over_divergence_and_takes_the_middle_of_ties():
    assert measures.best(grid([INF, 4.0, 2.0, INF]), []).eta.tolist() == [4.0]
    assert measures.best(grid([9.0, 1.0, 1.0, 1.0, 9.0]), []).eta.tolist() == [4.0]
    assert measures.best(grid([INF, INF]), []).empty


def test_best_leaves_whole_numbers_whole_where_every_column_is_a_number():
    table = grid([3.0, 1.0, 2.0, 5.0], batch_size=[4, 4, 8, 8])
    chosen = measures.best(table, ["batch_size"])
    assert chosen["batch_size"].dtype == np.int64
    assert chosen[["batch_size", "eta"]].to_numpy().tolist() == [[4, 2.0], [8, 4.0]]


def test_each_row_counts_once_though_its_label_names_several():
    table = pd.concat([grid([9.0, 5.0, 0.0, 7.0], problem="a"), grid([1.0] * 4, problem="b")])
    worst = measures.worst_nearby(table, ["problem"], window=3)
    assert worst.index.tolist() == table.index.tolist()
    np.testing.assert_array_equal(worst, [math.nan, 9, 7, math.nan, math.nan, 1, 1, math.nan])


def test_rows_of_one_rate_stay_in_the_tables_order():
    """A sort that is not stable orders them by the processor's width of vectors."""
    table = grid([1.0] * 60, etas=[1.0, 2.0, 3.0] * 20, row=range(60))
    assert measures.best(table, [])["row"].tolist() == [28]
    values = np.arange(60.0)
    worst = measures.worst_nearby(table.assign(median=-values), [], window=3)
    by_rate = np.argsort(table["eta"], kind="stable")
    assert worst.iloc[by_rate[1:-1]].tolist() == [
        max(-values[by_rate[k : k + 3]]) for k in range(58)
    ]


def test_a_table_without_rows_has_no_group():
    empty = grid([1.0], diverged=[0.0], batch_size=[1]).iloc[:0]
    for by in ([], ["batch_size"]):
        assert measures.worst_nearby(empty, by).empty
        for made in (
            measures.best(empty, by),
            measures.width(empty, by),
            measures.first_divergence(empty, by),
        ):
            assert made.empty
            assert set(by) <= set(made.columns)
    assert measures.common(empty, [], "batch_size").columns.tolist() == ["eta", "regret"]


def test_a_groups_name_may_be_a_tuple():
    names = pd.Series([("a", 1), ("b",), ("b",)], dtype=object)
    table = grid([1.0, 2.0, 3.0], problem=names, diverged=[0.0, 0.0, 1.0])
    assert measures.width(table, ["problem"])["problem"].tolist() == [("a", 1), ("b",)]
    first = measures.first_divergence(table, ["problem"])
    assert first["diverges_from"].isna().tolist() == [True, False]


def test_best_of_each_group_whatever_the_order_of_the_rows():
    table = pd.concat(
        [grid([3.0, 1.0, 2.0], optimizer="A"), grid([1.0, 2.0, 3.0], optimizer="B")]
    ).sample(frac=1, random_state=1)
    shown = measures.best(table, ["optimizer"]).set_index("optimizer")
    assert shown.eta.to_dict() == {"A": 2.0, "B": 1.0}
    assert shown.edge.to_dict() == {"A": "", "B": "lower"}


def test_a_lucky_hit_is_not_robust():
    table = grid([8.0, 5.0, 4.0, 4.0, 4.0, 5.0, 8.0, 0.0, 9.0, INF], low=0.0, high=0.0, diverged=0)
    shown = measures.tuned(table.assign(o="A"), ["o"])
    assert shown.eta.tolist() == [2.0**7]
    assert shown.robust_eta.tolist() == [2.0**3]
    assert shown.robust_worst.tolist() == [5.0]
    assert shown.edge.tolist() == [""]


def test_the_window_keeps_infinity_and_leaves_the_rim_out():
    worst = measures.worst_nearby(grid([1.0, 2.0, INF, 4.0, 5.0]), [], window=3)
    assert np.isnan(worst.iloc[[0, -1]]).all()
    assert worst.iloc[1:4].tolist() == [INF, INF, INF]
    assert measures.worst_nearby(grid([1.0, 2.0]), [], window=3).isna().all()


@given(st.lists(st.floats(0, 1e9) | st.just(INF), min_size=5, max_size=30))
def test_the_window_is_never_better_than_its_middle(values):
    table = grid(values)
    worst = measures.worst_nearby(table, [])
    known = worst.notna()
    assert known.sum() == len(values) - 4
    assert (worst[known] >= table.loc[known, "median"]).all()


def test_width_counts_rates_that_are_almost_as_good():
    etas = [10.0 ** (k / 10) for k in range(6)]
    table = grid([100.0, 10.0, 1.0, 9.9, 10.1, INF], etas)
    assert measures.width(table, [])["decades"].tolist() == pytest.approx([0.3])


def test_first_divergence():
    table = grid([1.0, 1.0, INF], diverged=[0.0, 0.1, 1.0])
    assert measures.first_divergence(table, [])["diverges_from"].tolist() == [2.0]
    calm = measures.first_divergence(table.assign(diverged=0.0), [])
    assert calm["diverges_from"].isna().all()


def test_common_rate_shuns_what_diverges_for_anyone():
    one = grid([4.0, 1.0, 1.5], batch_size=1)
    two = grid([9.0, INF, 3.0], batch_size=2)
    shown = measures.common(pd.concat([one, two]), [], "batch_size")
    assert shown.values.tolist() == [[4.0, 1.5]]


def test_noise_by_enumeration_of_every_batch():
    x = np.random.default_rng(1).normal(size=(6, 2))
    problem = problems.least_squares(x, x @ [1.0, -2.0] + 1, w0=[0.3, 0.1])
    for size in range(1, 7):
        batches = [
            problem.gradient(problem.w0, list(rows))
            for rows in itertools.combinations(range(6), size)
        ]
        enumerated = ((np.array(batches) - problem.gradient(problem.w0)) ** 2).sum(axis=1).mean()
        assert measures.gradient_noise(problem, size) == pytest.approx(enumerated, abs=1e-12)
    assert measures.gradient_noise(problem, "full") == 0.0


def test_noise_of_one_point_and_bad_batches():
    assert measures.gradient_noise(problems.least_squares([1.0], [2.0]), 1) == 0.0
    with pytest.raises(ValueError, match="batch_size=5"):
        measures.gradient_noise(problems.four_points(), 5)


def test_an_unknown_column_is_named():
    with pytest.raises(ValueError, match="batch"):
        measures.best(grid([1.0]), ["batch"])


def test_a_real_sweep_end_to_end():
    problem = problems.four_points()
    etas = np.geomspace(1e-3, 10, 60)
    frame = simopt.sweep(problem, simopt.SGD(eta=etas), batch_size=[1, 4], epochs=5)
    table = measures.bands(
        frame.assign(excess=measures.excess(frame, problem)), ["optimizer", "batch_size", "eta"]
    )
    shown = measures.tuned(table, ["optimizer", "batch_size"])
    assert len(shown) == 2
    assert (shown["edge"] == "").all()
    # Full batch: w - 5 shrinks by 1 - eta h an epoch, h = 2 mean(x^2): best near 1 / h.
    assert shown.eta.iloc[1] == pytest.approx(1 / problem.hessian[0, 0], rel=0.2)
    assert (shown.diverges_from > 2 / problem.hessian[0, 0]).all()


def test_the_noise_of_a_noisy_quadratic_is_its_own():
    model = simopt.problems.noisy_quadratic([1.0, 0.5], [0.3, 0.2])
    assert [measures.gradient_noise(model, b) for b in (1, 5)] == pytest.approx([0.5, 0.1])
