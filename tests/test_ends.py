"""Where a trajectory ends: after so many updates, at the target, or where it diverges."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt

pytestmark = pytest.mark.interpreted
FOUR = simopt.problems.four_points()
DIABETES = simopt.problems.diabetes()
RATES = (1e-3, 0.03, 0.1, 0.6, 5.0)


def same(row, summary, columns=("loss", "best_loss", "distance")):
    for column in ("status", "updates", "epochs", "steps_to_target", "diverged_at", "best_at"):
        assert str(getattr(row, column)) == str(summary[column]), column
    for column in columns:
        assert getattr(row, column) == pytest.approx(summary[column], rel=1e-10), column


@settings(max_examples=25)
@given(
    st.integers(1, 23),
    st.integers(1, 4),
    st.sampled_from(["never", "once", "epoch"]),
    st.booleans(),
    st.sampled_from([None, 1, 3, "epoch"]),
)
def test_so_many_updates(updates, batch_size, shuffle, drop_last, evaluate):
    """The weight after them is that of a longer run at that update; what is seen ends there."""
    how = {"batch_size": batch_size, "shuffle": shuffle, "drop_last": drop_last, "seed": 3}
    frame = simopt.sweep(
        FOUR, simopt.Momentum(eta=RATES), updates=updates, evaluate=evaluate, **how
    )
    for row in frame.itertuples():
        optimizer = simopt.Momentum(eta=row.eta)
        run = simopt.run(FOUR, optimizer, updates=updates, evaluate=evaluate, **how)
        assert len(run.steps) == updates
        same(row, run.summary)
        longer = simopt.run(FOUR, optimizer, epochs=updates, **how).steps
        np.testing.assert_array_equal(run.steps["w"], longer["w"][:updates])


@settings(max_examples=25)
@given(
    st.sampled_from([FOUR, DIABETES]),
    st.floats(0.05, 1.5),
    st.integers(1, 60),
    st.sampled_from([1, 3]),
    st.sampled_from(["SGD", "Adam"]),
)
def test_ending_at_the_target(problem, share, updates, evaluate, name):
    optimizer = getattr(simopt, name)(eta=RATES)
    target = share * problem.loss(problem.w0)
    how = {"batch_size": 3, "shuffle": "epoch", "updates": updates, "evaluate": evaluate}
    how |= {"target": target, "stop_at_target": True}
    frame = simopt.sweep(problem, optimizer, seed=range(2), **how)
    for row in frame.itertuples():
        summary = simopt.run(problem, optimizer.replace(eta=row.eta), seed=row.seed, **how).summary
        same(row, summary)
        if row.steps_to_target is not pd.NA:
            assert row.updates == row.steps_to_target
            assert row.loss <= target
    arrived = frame["steps_to_target"].notna()
    going_on = simopt.sweep(problem, optimizer, seed=range(2), **how | {"stop_at_target": False})
    assert going_on["steps_to_target"].equals(frame["steps_to_target"])
    assert (frame["updates"][~arrived] == going_on["updates"][~arrived]).all()


def test_a_block_ends_with_its_last_lane():
    """Then there is nothing to wait for: no more updates are made than the slowest needs."""
    frame = simopt.sweep(
        FOUR, simopt.SGD(eta=[0.05, 0.1]), updates=10**9, target=1.0, stop_at_target=True
    )
    assert frame["updates"].max() < 100
    assert frame.attrs["updates"] == frame["updates"].sum()


@pytest.mark.parametrize("record", ["epochs", "steps"])
@pytest.mark.parametrize("stops", [False, True])
def test_records_end_there_too(record, stops):
    how = {"batch_size": [2, 3], "updates": 7, "target": 1.0, "stop_at_target": stops}
    frame = simopt.sweep(FOUR, simopt.SGD(eta=[0.01, 0.1]), record=record, **how)
    whole = simopt.sweep(FOUR, simopt.SGD(eta=[0.01, 0.1]), **how)
    for row in whole.itertuples():
        mine = frame[(frame["eta"] == row.eta) & (frame["batch_size"] == row.batch_size)]
        steps = simopt.run(
            FOUR, simopt.SGD(eta=row.eta), batch_size=row.batch_size, updates=row.updates
        ).steps
        expected = steps if record == "steps" else steps.groupby("epoch").last()
        np.testing.assert_allclose(mine["w"], expected["w"], rtol=1e-13)
        assert mine["loss"].iloc[-1] == pytest.approx(row.loss, rel=1e-12)
        assert (mine["epochs"] == 4).all()


def test_chunks_and_reduction_end_there_too(tmp_path):
    how = {"updates": 9, "batch_size": [1, 3], "seed": range(20), "shuffle": "epoch"}
    how |= {"target": 1.0, "stop_at_target": True}
    whole = simopt.sweep(FOUR, simopt.SGD(eta=RATES), **how)
    stored = simopt.sweep(FOUR, simopt.SGD(eta=RATES), store=tmp_path / "a", **how)
    assert whole.equals(stored)
    columns = {"over": "seed", "columns": ["updates", "steps_to_target"]}
    reduced = simopt.sweep(FOUR, simopt.SGD(eta=RATES), reduce=columns, **how)
    means = whole.groupby(["eta", "batch_size"])["updates"].mean()
    np.testing.assert_allclose(reduced["updates_mean"], means)
    assert reduced.attrs["updates"] == whole["updates"].sum()
    for other in ({"updates": 8}, {"stop_at_target": False}):
        with pytest.raises(ValueError, match="store"):
            simopt.sweep(FOUR, simopt.SGD(eta=RATES), store=tmp_path / "a", **how | other)


def test_schedules_and_given_orders_reach_as_far():
    order = np.array([[3, 1, 0, 2], [0, 1, 2, 3]])
    for schedule, given_order in itertools.product((None, "cosine"), (None, order)):
        how = {"updates": 6, "schedule": schedule, "order": given_order}
        row = simopt.sweep(FOUR, simopt.SGD(eta=0.05), **how).iloc[0]
        run = simopt.run(FOUR, simopt.SGD(eta=0.05), **how)
        assert row["w"] == run.steps["w"].iloc[-1]
        assert len(run.steps) == 6


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"updates": 0}, "updates=0: must be a whole number >= 1"),
        ({"updates": 5, "epochs": 2}, "updates=5: must be None where epochs=2 is given"),
        ({"stop_at_target": True}, "stop_at_target=True: must be False where target=None"),
        ({"stop_at_target": 1, "target": 1.0}, "stop_at_target=1: must be True or False"),
        ({"updates": 6, "order": [[0, 1, 2, 3]]}, "order="),
    ],
)
@pytest.mark.parametrize("function", [simopt.run, simopt.sweep])
def test_bad_input(function, how, message):
    with pytest.raises(ValueError, match=message):
        function(FOUR, simopt.SGD(), **how)


WIDE = simopt.problems.least_squares(
    np.random.default_rng(3).standard_normal((40, 20)), np.arange(40.0), intercept=False
)


@pytest.mark.parametrize(
    ("problem", "batch_size", "apart"), [(WIDE, 1, 5), (WIDE, 2, 3), (WIDE, 8, 1), (FOUR, 1, 1)]
)
def test_looks_left_to_the_default_take_no_more_than_the_updates(problem, batch_size, apart):
    """Every ``ceil(d / (4 batch_size))`` updates with more than 16 weights; and attrs say so."""
    how = {"batch_size": batch_size, "shuffle": "epoch", "target": 100.0, "epochs": 2}
    optimizers = simopt.SGD(eta=[1e-3, 0.5])
    frame = simopt.sweep(problem, optimizers, **how)
    assert frame.attrs["spec"]["evaluate"] == apart
    pd.testing.assert_frame_equal(
        frame, simopt.sweep(problem, optimizers, **how, evaluate=apart), check_exact=True
    )
    run = simopt.run(problem, simopt.SGD(eta=1e-3), **how)
    same = simopt.run(problem, simopt.SGD(eta=1e-3), **how, evaluate=apart)
    assert run.summary.equals(same.summary)
    assert run.summary["best_at"] == frame["best_at"][0]


def test_attrs_say_how_far_apart_looks_are_at_each_batch_size():
    frame = simopt.sweep(WIDE, simopt.SGD(), batch_size=[1, 8])
    assert frame.attrs["spec"]["evaluate"] == {"1": 5, "8": 1}
