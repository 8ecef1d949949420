"""Orders of distributed samplers, trainers and streams: as recorded, and what must hold of any.

The comparison with the libraries themselves is in tests/peers/test_orders_of_epochs.py.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt import orders

#: Three epochs over six points with seed 42, a buffer of four, four processes, batches of two: from
#: PyTorch 2.13.0, transformers 5.24.0 with Accelerate 1.15.0, datasets 5.2.0, TensorFlow 2.21.0,
#: and Keras 3.15.1 on JAX 0.10.2 and TensorFlow.
RECORDED = {
    "trainer": [[0, 3, 2, 4, 1, 5], [4, 0, 5, 1, 2, 3], [4, 0, 3, 2, 5, 1]],
    "stream": [[3, 2, 5, 4, 1, 0], [3, 2, 5, 4, 1, 0], [2, 1, 3, 0, 4, 5]],
    "tf.data, global seed": [[3, 2, 1, 0, 4, 5], [0, 2, 4, 5, 1, 3], [1, 4, 0, 5, 2, 3]],
    "tf.data": [[1, 4, 2, 0, 5, 3], [3, 4, 2, 1, 0, 5], [0, 4, 5, 2, 3, 1]],
    "PyDataset, jax": [[4, 5, 2, 3, 0, 1], [2, 3, 4, 5, 0, 1], [2, 3, 4, 5, 0, 1]],
    "PyDataset, tensorflow": [[2, 3, 0, 1, 4, 5], [4, 5, 2, 3, 0, 1], [2, 3, 4, 5, 0, 1]],
}
DISTRIBUTED = [[0, 3, 2, 4, 1, 5, 0, 3], [4, 0, 5, 1, 2, 3, 4, 0], [4, 0, 3, 2, 5, 1, 4, 0]]

FUNCTIONS = {
    "trainer": orders.hf_trainer,
    "stream": lambda *a: orders.datasets_stream(*a, buffer_size=4),
    "tf.data, global seed": lambda n, epochs, seed: orders.tf_data(
        n, epochs, buffer_size=4, global_seed=seed
    ),
    "tf.data": lambda *a: orders.tf_data(*a, buffer_size=4),
    "PyDataset, jax": lambda *a: orders.keras_pydataset(*a, batch_size=2, backend="jax"),
    "PyDataset, tensorflow": lambda *a: orders.keras_pydataset(
        *a, batch_size=2, backend="tensorflow"
    ),
}

EVEN = st.integers(1, 25).map(lambda half: 2 * half)
EPOCHS = st.integers(1, 4)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_recorded(name):
    assert FUNCTIONS[name](6, 3, 42).tolist() == RECORDED[name]


def test_distributed_as_recorded():
    assert orders.torch_distributed(6, 3, 42, world=4).tolist() == DISTRIBUTED
    for rank in range(4):
        one = orders.torch_distributed(6, 3, 42, world=4, rank=rank)
        assert one.tolist() == np.array(DISTRIBUTED)[:, rank::4].tolist()


@given(name=st.sampled_from(list(FUNCTIONS)), n=EVEN, epochs=EPOCHS, seed=SEEDS)
def test_every_epoch_has_every_point_once(name, n, epochs, seed):
    result = FUNCTIONS[name](n, epochs, seed)
    assert result.dtype == np.int64
    assert result.shape == (epochs, n)
    assert (np.sort(result, axis=1) == np.arange(n)).all()
    longer = FUNCTIONS[name](n, epochs + 2, seed)
    assert longer[:epochs].tolist() == result.tolist()


@given(n=st.integers(1, 40), seed=SEEDS, world=st.integers(1, 50))
def test_every_process_has_as_many_points(n, seed, world):
    whole = orders.torch_distributed(n, 2, seed, world=world)
    assert whole.shape[1] == -(-n // world) * world
    # Filled up with the epoch's own first points, as often as it takes.
    assert (whole == whole[:, np.arange(whole.shape[1]) % n]).all()
    assert (np.sort(whole[:, :n], axis=1) == np.arange(n)).all()
    cut = orders.torch_distributed(n, 2, seed, world=world, drop_last=True)
    assert cut.tolist() == whole[:, : n // world * world].tolist()


@given(n=st.integers(1, 30), seed=SEEDS)
def test_the_next_seed_has_the_next_epochs(n, seed):
    """Seeds 42 and 43 share all orders but one."""
    seed = min(seed, 2**32 - 2)
    first, second = orders.hf_trainer(n, 4, seed), orders.hf_trainer(n, 4, seed + 1)
    assert first[1:].tolist() == second[:-1].tolist()
    assert orders.hf_trainer(n, 4, 1, data_seed=seed).tolist() == first.tolist()
    assert orders.torch_distributed(n, 4, seed, world=1).tolist() == first.tolist()


@given(n=st.integers(1, 40), seed=SEEDS, size=st.integers(1, 50))
def test_no_element_leaves_a_buffer_before_it_came_in(n, seed, size):
    for result in (
        orders.tf_data(n, 2, seed, buffer_size=size),
        orders.datasets_stream(n, 2, seed, buffer_size=size),
    ):
        places = np.argsort(result, axis=1)
        assert (places >= np.arange(n) - size + 1).all()


@given(n=st.integers(1, 40), seed=SEEDS)
def test_tf_data_without_reshuffling(n, seed):
    """Every pass is alike; where all fits the buffer, a seed is one modulo 2^31 - 1."""
    given = {"buffer_size": 7, "reshuffle_each_iteration": False}
    result = orders.tf_data(n, 3, seed, **given)
    assert (result == result[0]).all()
    assert orders.tf_data(n, 3, seed % (2**31 - 1), **given).tolist() == result.tolist()
    assert orders.tf_data(n, 3, seed, buffer_size=1).tolist() == [list(range(n))] * 3


def test_a_run_takes_them():
    four = simopt.problems.four_points()
    sgd = simopt.SGD(eta=0.05)
    for order in (
        orders.hf_trainer(4, 3),
        orders.torch_distributed(4, 3, world=2),
        orders.tf_data(4, 3, 0, buffer_size=2),
        orders.datasets_stream(4, 3, 0),
        orders.keras_pydataset(4, 3, 0, batch_size=2, backend="jax"),
    ):
        run = simopt.run(four, sgd, order=order, epochs=3, batch_size=2)
        assert len(run.steps) == 6


REFUSED = {
    "seed=-1": lambda: orders.hf_trainer(4, 1, -1),
    "data_seed=4294967296": lambda: orders.hf_trainer(4, 1, data_seed=2**32),
    "world=0": lambda: orders.torch_distributed(4, 1, world=0),
    "rank=2": lambda: orders.torch_distributed(4, 1, world=2, rank=2),
    "drop_last=1": lambda: orders.torch_distributed(4, 1, world=2, drop_last=1),
    "seed=None": lambda: orders.tf_data(4, 1, buffer_size=2),
    "global_seed=-3": lambda: orders.tf_data(4, 1, buffer_size=2, global_seed=-3),
    "buffer_size=0": lambda: orders.tf_data(4, 1, 0, buffer_size=0),
    "buffer_size=2.5": lambda: orders.datasets_stream(4, 1, 0, buffer_size=2.5),
    "reshuffle_each_iteration=None": lambda: orders.tf_data(
        4, 1, 0, buffer_size=2, reshuffle_each_iteration=None
    ),
    "operations=-1": lambda: orders.tf_data(4, 1, buffer_size=2, global_seed=0, operations=-1),
    "batch_size=3": lambda: orders.keras_pydataset(4, 1, 0, batch_size=3, backend="jax"),
    "backend='mxnet'": lambda: orders.keras_pydataset(4, 1, 0, backend="mxnet"),
    "compiled=2": lambda: orders.keras_pydataset(4, 1, 0, backend="jax", compiled=2),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_out_of_range_is_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)
