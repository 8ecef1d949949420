"""Other libraries' orders: as recorded from them, and what must hold of any.

The comparison with the libraries themselves is in tests/peers.
"""

from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt import orders
from simopt.training.orders.generators import permutation, philox, twister, xorshift

FUNCTIONS = {
    "dataloader": orders.torch_dataloader,
    "dataloader, global": lambda *a: orders.torch_dataloader(*a, generator="global"),
    "sampler": orders.torch_sampler,
    "randperm": orders.torch_randperm,
    "SGDRegressor": orders.sklearn_sgd,
    "SGDClassifier": lambda *a: orders.sklearn_sgd(*a, estimator="SGDClassifier"),
    "MLP 2-5-1": lambda *a: orders.sklearn_mlp(*a, layers=(2, 5, 1)),
    "keras, jax": lambda *a: orders.keras_fit(*a, backend="jax"),
    "keras, torch": lambda *a: orders.keras_fit(*a, backend="torch"),
    "keras, tensorflow": lambda *a: orders.keras_fit(*a, backend="tensorflow"),
}

#: Three epochs over six points with seed 42, from PyTorch 2.13.0, scikit-learn 1.9.1, Keras 3.15.1
#: on JAX 0.10.2 and TensorFlow 2.21.0.
RECORDED = {
    "dataloader": [[4, 5, 0, 1, 2, 3], [3, 0, 5, 4, 2, 1], [5, 0, 1, 4, 3, 2]],
    "dataloader, global": [[4, 5, 1, 0, 3, 2], [4, 5, 1, 2, 3, 0], [2, 1, 0, 4, 3, 5]],
    "sampler": [[0, 3, 2, 4, 1, 5], [4, 5, 0, 3, 1, 2], [1, 2, 3, 5, 0, 4]],
    "randperm": [[0, 3, 2, 4, 1, 5], [5, 1, 2, 4, 0, 3], [4, 5, 0, 3, 1, 2]],
    "SGDRegressor": [[4, 0, 2, 1, 5, 3], [5, 4, 2, 0, 3, 1], [3, 5, 2, 4, 1, 0]],
    "SGDClassifier": [[5, 3, 1, 2, 0, 4], [4, 2, 3, 1, 5, 0], [0, 1, 2, 3, 4, 5]],
    "MLP 2-5-1": [[0, 5, 2, 4, 3, 1], [0, 5, 3, 4, 2, 1], [5, 4, 2, 1, 3, 0]],
    "keras, jax": [[3, 0, 1, 2, 5, 4], [4, 1, 0, 3, 5, 2], [0, 5, 3, 1, 4, 2]],
    "keras, torch": [[4, 5, 1, 2, 3, 0], [2, 5, 3, 1, 4, 0], [5, 2, 1, 4, 0, 3]],
    "keras, tensorflow": [[5, 2, 3, 4, 0, 1]] * 3,
}

SIZES = st.integers(1, 50)
EPOCHS = st.integers(1, 5)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_recorded(name):
    assert FUNCTIONS[name](6, 3, 42).tolist() == RECORDED[name]


def test_generators_known_answers():
    """The C++ standard's for MT19937, the papers' for the other two."""
    assert int(twister(5489).random_raw(10_000)[-1]) == 4123659995
    assert int(twister(5489, 9_999).random_raw()) == 4123659995
    assert list(islice(xorshift(2463534242), 1)) == [723471715]
    assert list(islice(xorshift(0), 3)) == list(islice(xorshift(1), 3))
    assert philox(0, 0, 4).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_permutation():
    assert permutation(np.array([], dtype=np.uint64)).tolist() == [0]
    assert permutation(np.array([0, 0, 0], dtype=np.uint64)).tolist() == [0, 1, 2, 3]
    assert permutation(np.array([3, 5, 1], dtype=np.uint64)).tolist() == [3, 0, 1, 2]


@given(name=st.sampled_from(list(FUNCTIONS)), n=SIZES, epochs=EPOCHS, seed=SEEDS)
def test_every_epoch_has_every_point_once(name, n, epochs, seed):
    result = FUNCTIONS[name](n, epochs, seed)
    assert result.dtype == np.int64
    assert (np.sort(result, axis=1) == np.arange(n)).all()
    assert result.shape == (epochs, n)


@given(name=st.sampled_from(list(FUNCTIONS)), n=SIZES, epochs=EPOCHS, seed=SEEDS)
def test_more_epochs_begin_alike(name, n, epochs, seed):
    longer = FUNCTIONS[name](n, epochs + 2, seed)
    assert longer[:epochs].tolist() == FUNCTIONS[name](n, epochs, seed).tolist()


@given(n=SIZES, seed=st.integers(0, 2**64 - 1))
def test_torch_reads_32_bits_of_a_seed(n, seed):
    for function in (orders.torch_dataloader, orders.torch_sampler, orders.torch_randperm):
        assert function(n, 2, seed).tolist() == function(n, 2, seed % 2**32).tolist()
    assert (
        orders.torch_randperm(n, 2, -1).tolist() == orders.torch_randperm(n, 2, 2**64 - 1).tolist()
    )


@given(n=SIZES, seed=SEEDS)
def test_what_was_drawn_before_shifts_the_stream(n, seed):
    _, second = orders.torch_randperm(n, 2, seed)
    assert orders.torch_randperm(n, 1, seed, drawn=n - 1)[0].tolist() == second.tolist()
    loader = orders.torch_dataloader(n, 2, seed)
    rest = orders.torch_dataloader(n, 1, seed, drawn=2 + 2 * (n - 1))
    assert rest[0].tolist() == loader[1].tolist()
    shifted = orders.torch_sampler(n, 1, seed, drawn=2)
    assert shifted[0].tolist() == loader[0].tolist()
    compiled = orders.keras_fit(n, 3, seed, backend="torch")
    again = orders.keras_fit(n, 3, seed, backend="torch", compiled=False, drawn=4)
    assert compiled.tolist() == again.tolist()
    again = orders.keras_fit(n, 4, seed, backend="jax", compiled=False)
    assert orders.keras_fit(n, 3, seed, backend="jax").tolist() == again[1:].tolist()


@given(n=SIZES, seed=SEEDS)
def test_scikit_learn_has_one_permutation_a_fit(n, seed):
    """Its epochs are the powers of the first, and so come again after the order of that."""
    result = orders.sklearn_sgd(n, 6, seed)
    for before, after in pairwise(result):
        assert before[result[0]].tolist() == after.tolist()


def test_scikit_learn_comes_round_with_four_points():
    """Permutations of four have the orders 1, 2, 3 and 4; a fit in 24 has the first."""
    fits = 600
    periods = np.zeros(5, dtype=int)
    for seed in range(fits):
        file_order = (orders.sklearn_sgd(4, 4, seed) == np.arange(4)).all(axis=1)
        periods[1 + file_order.argmax()] += 1
        assert file_order.any()
    expected = fits * np.array([1, 9, 8, 6]) / 24
    np.testing.assert_array_less(abs(periods[1:] - expected), 4 * np.sqrt(expected))


@given(n=SIZES, seed=SEEDS)
def test_keras_on_tensorflow_does_not_reshuffle(n, seed):
    result = orders.keras_fit(n, 4, seed, backend="tensorflow")
    assert (result == result[0]).all()


def test_a_run_takes_them():
    four = simopt.problems.four_points()
    order = orders.torch_dataloader(four.n, 5, 42)
    steps = simopt.run(four, simopt.SGD(eta=0.05), order=order, epochs=5).steps
    first = four.x[order[0, 0], 0] * (four.x[order[0, 0], 0] * 3 - four.y[order[0, 0]]) * 2
    assert steps["gradient"][0] == first


def test_the_documents_table():
    table = simopt.document.shuffles()
    assert set(table["library"]) == {"PyTorch", "scikit-learn", "Keras", "all"}
    assert set(table["verdict"]) == {"right", "right, with a condition", "wrong"}
    assert set(table["backend"]) == {"", "tensorflow", "jax", "torch"}
    assert (table[["parameter", "place", "lines", "says", "finding"]] != "").all(axis=None)
    for snippet in table["snippet"]:
        assert "assert " in snippet
        compile(snippet, "snippet", "exec")


REFUSED = {
    "n=0": lambda: orders.torch_dataloader(0, 1, 42),
    "n=2.5": lambda: orders.keras_fit(2.5, 1, 42, backend="jax"),
    "n=214748364": lambda: orders.torch_randperm(214_748_364, 1, 42),
    "epochs=0": lambda: orders.sklearn_sgd(4, 0, 42),
    "epochs='3'": lambda: orders.torch_sampler(4, "3", 42),
    "seed=None": lambda: orders.torch_dataloader(4, 1, None),
    "seed=18446744073709551616": lambda: orders.torch_randperm(4, 1, 2**64),
    "seed=-1": lambda: orders.keras_fit(4, 1, -1, backend="jax"),
    "random_state=-1": lambda: orders.sklearn_sgd(4, 1, -1),
    "random_state=4294967296": lambda: orders.sklearn_mlp(4, 1, 2**32, layers=(1, 1)),
    "random_state=RandomState": lambda: orders.sklearn_sgd(4, 1, np.random.RandomState(0)),
    "generator='mine'": lambda: orders.torch_dataloader(4, 1, 42, generator="mine"),
    "persistent_workers=1": lambda: orders.torch_dataloader(4, 1, 42, persistent_workers=1),
    "drawn=-1": lambda: orders.torch_dataloader(4, 1, 42, drawn=-1),
    "drawn=True": lambda: orders.keras_fit(4, 1, 42, backend="jax", drawn=True),
    "estimator='SGDOneClassSVM'": lambda: orders.sklearn_sgd(4, 1, 42, estimator="SGDOneClassSVM"),
    "layers=10": lambda: orders.sklearn_mlp(4, 1, 42, layers=10),
    "layers=0": lambda: orders.sklearn_mlp(4, 1, 42, layers=(0, 1)),
    "backend='numpy'": lambda: orders.keras_fit(4, 1, 42, backend="numpy"),
    "compiled=None": lambda: orders.keras_fit(4, 1, 42, backend="jax", compiled=None),
    "validated='yes'": lambda: orders.keras_fit(4, 1, 42, backend="jax", validated="yes"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_out_of_range_is_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)


#: As PyTorch 2.13 visits its points.
VALIDATED = [
    [2, 1, 6, 5, 0, 4, 3, 7],
    [5, 6, 4, 3, 0, 7, 1, 2],
    [1, 2, 4, 6, 7, 0, 5, 3],
    [0, 1, 6, 7, 4, 3, 2, 5],
]


def test_numbers_drawn_between_epochs():
    """torch.manual_seed(3), a shuffled loader of 8, alternating with a plain one of 5."""
    given = {"n": 8, "epochs": 4, "seed": 3, "generator": "global"}
    validated = orders.torch_dataloader(**given, between=2)
    assert validated.tolist() == VALIDATED
    assert (orders.torch_dataloader(**given, between=[2, 2, 2]) == validated).all()
    plain = orders.torch_dataloader(**given)
    assert (validated[0] == plain[0]).all()
    assert (validated[1:] != plain[1:]).any(axis=1).all()
    # Epoch by epoch: 2 for the base seed, 2 for the sampler's, 2 for the validation.
    for epoch in range(4):
        one = orders.torch_dataloader(8, 1, 3, generator="global", drawn=6 * epoch)
        assert (one[0] == validated[epoch]).all()
    with pytest.raises(ValueError, match=r"^between=\[2, 2\]: must be a number, or one"):
        orders.torch_dataloader(**given, between=[2, 2])
    with pytest.raises(ValueError, match="^between=-1: must be a whole number from 0"):
        orders.torch_randperm(4, 2, 3, between=-1)
