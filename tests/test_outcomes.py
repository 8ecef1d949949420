"""What workers send home: bare arrays, few bytes, and the same table as without a client."""

import pickle
from concurrent.futures import Executor, Future

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.sweeps import execution, outcomes

HUBBLE = simopt.problems.hubble()
TWO = simopt.problems.least_squares([[1.0, 0.5], [0.3, 2.0], [1.5, -1.0]], [1.0, 2.0, 3.0])
OPTIMIZERS = [simopt.SGD(eta=[0.01, 0.1, 3.0]), simopt.Adam(eta=[0.03, 0.3], beta1=[0.5, 0.9])]


class Post(Executor):
    """Works here, but everything travels as between processes; keeps the messages home."""

    _max_workers = 2

    def __init__(self):
        self.home = []

    def submit(self, function, *arguments):
        result = pickle.dumps(function(*pickle.loads(pickle.dumps(arguments))), 5)
        if function is execution.send or arguments[0] is execution.send:
            self.home.append(result)
        future = Future()
        future.set_result(pickle.loads(result))
        return future


@pytest.mark.interpreted
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"dtype": "float32", "target": 0.5, "stop_at_target": True},
        {"record": "epochs", "shuffle": "epoch"},
        {"record": "steps", "divergence": 2.0},
        {"keep_state": True},
        {"diagnosis": True},
        {"reduce": "seed", "target": 0.5},
        {"reduce": ["epochs", "seed"]},
        {"updates": 7, "epochs": 1},
    ],
    ids=str,
)
def test_a_clients_table_is_that_of_threads(arguments):
    problem = TWO if "keep_state" in arguments or not arguments else HUBBLE
    arguments = {"epochs": [1, 3], "batch_size": [1, 2], "seed": range(40), **arguments}
    here = simopt.sweep(problem, OPTIMIZERS, threads=1, **arguments)
    post = Post()
    there = simopt.sweep(problem, OPTIMIZERS, client=post, **arguments)
    pd.testing.assert_frame_equal(there, here, check_exact=True)
    sent = [outcome for data in post.home for outcome in pickle.loads(data)]
    assert sent
    for outcome in sent:
        assert type(outcome) is outcomes.Outcome
        for values in outcome.columns.values():
            assert type(values) is np.ndarray
            assert values.dtype.kind in "fi"
            assert values.flags.c_contiguous


def test_a_row_travels_in_few_bytes():
    post = Post()
    frame = simopt.sweep(
        HUBBLE, simopt.SGD(eta=np.geomspace(1e-3, 0.1, 64)), seed=range(512), client=post
    )
    # Four float64, and the updates of the best loss and the overshoots in a byte each.
    assert sum(map(len, post.home)) < 36 * len(frame)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0, 127], np.int8),
        ([0, 128], np.int16),
        ([-129, 0], np.int16),
        ([0, 2**15], np.int32),
        ([-1, 2**31], np.int64),
        ([-(2**63), 2**63 - 1], np.int64),
    ],
)
def test_whole_numbers_are_made_small_exactly(values, dtype):
    small = outcomes.compact(outcomes.Outcome({"best_at": np.array(values)}, 2, 2))
    assert small.columns["best_at"].dtype == dtype
    assert small.columns["best_at"].tolist() == values


def test_what_all_rows_share_travels_once():
    columns = {"target_at": np.zeros(1000, np.int64), "loss": np.zeros(1000)}
    small = outcomes.compact(outcomes.Outcome(columns, 1000, 1000))
    assert small.columns["target_at"].tolist() == [0]
    # A zero may have a sign, and a nan its bits.
    assert len(small.columns["loss"]) == 1000


def test_statistics_stand_in_one_order():
    """In whatever order a process' sets have their members: a stored chunk's bytes depend on it."""
    frame = simopt.sweep(
        simopt.problems.four_points(), simopt.SGD(eta=[0.1, 0.2]), seed=range(3), shuffle="epoch",
        reduce="seed",
    )  # fmt: skip
    statistics = ["mean", "std", "min", "q05", "q50", "q95", "max"]
    expected = ["trajectories", "diverged", "reached", *(f"loss_{name}" for name in statistics)]
    assert list(frame.columns)[-len(expected) :] == expected
