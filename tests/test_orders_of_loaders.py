"""Orders as packages' own loaders gave them, and trainings on those: tests/data/orders.

`tests.recorded_orders` records them, where the packages are installed.
"""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt import orders
from simopt.ground import memory
from simopt.training.orders import arguments
from simopt.training.orders.generators import threefry
from simopt.training.orders.mosaicml import _shifted
from tests import recorded_orders

CASES = [
    (name, each)
    for name in recorded_orders.LOADERS
    for each in recorded_orders.recorded(name)["cases"]
]


def says(value):
    name, each = value
    return f"{name} {' '.join(map(str, each['arguments'].values()))}"


@pytest.mark.parametrize("each", [each for _, each in CASES], ids=map(says, CASES))
def test_an_order_and_a_training_are_the_package_s(each):
    arguments = dict(each["arguments"])
    order = getattr(orders, each["function"])(**arguments)
    size = each["batch_size"]
    visited = order
    if each["function"] == "fastai_dataloader" and len(each["visited"][0]) < order.shape[1]:
        visited = order[:, : order.shape[1] // size * size]  # drop_last=True
    assert visited.tolist() == each["visited"]
    n = sum(arguments["shards"]) if "shards" in arguments else arguments["n"]
    if not order.size or size > n:
        return
    x, y = recorded_orders.points(n)
    run = simopt.run(
        simopt.problems.least_squares(x, y, w0=0.0),
        simopt.SGD(eta=recorded_orders.ETA),
        order=visited,
        shuffle="replacement",
        epochs=len(order),
        batch_size=size,
        divergence=None,
    )
    ends = run.steps.groupby("epoch").last()[["w_0", "w_1", "w_2"]].to_numpy()
    np.testing.assert_allclose(ends, each["ends"], rtol=0, atol=1e-12 * np.abs(each["ends"]).max())


def test_versions_are_those_that_the_documentation_names():
    text = orders.__doc__.replace("\n", " ")
    spoken = {
        "accelerate": "Accelerate",
        "keras": "Keras",
        "mosaicml-streaming": "MosaicML streaming",
        "spacy": "spaCy",
        "tensorflow-cpu": "TensorFlow",
        "webdataset": "WebDataset",
    }
    for name in recorded_orders.LOADERS:
        package, version = recorded_orders.recorded(name)["version"].split()
        assert f"{spoken.get(package, package)} {version}" in text


# --- what holds of any ----------------------------------------------------------------------------

PERMUTED = {
    "jax": orders.jax_permutation,
    "jax, fold_in": lambda *a: orders.jax_permutation(*a, keys="fold_in"),
    "stateful": orders.torch_stateful,
    "stateful, workers": lambda *a: orders.torch_stateful(*a, generator="global", workers=True),
    "fastai": orders.fastai_dataloader,
    "spaCy": orders.spacy_training,
    "WebDataset": lambda *a: orders.webdataset_shuffle(*a, bufsize=5, initial=2),
    "detshuffle": lambda *a: orders.webdataset_shuffle(*a, deterministic=True),
    "py1e": lambda n, *a: orders.mosaicml_streaming([n, n + 1], *a, shuffle_block_size=8),
    "py1s": lambda n, *a: orders.mosaicml_streaming([n, 2], *a, shuffle_algo="py1s"),
    "naive": lambda n, *a: orders.mosaicml_streaming([n], *a, shuffle_algo="naive"),
    "partial_fit": orders.sklearn_partial_fit,
    "weighted": lambda n, *a: orders.torch_weighted([1.0] * n, *a, replacement=False),
    "accelerate": lambda n, *a: orders.accelerate_batches(n, *a, batch_size=1, world=1),
}
SEEDS = st.integers(0, 2**32 - 10)


@given(st.sampled_from(list(PERMUTED)), st.integers(1, 40), st.integers(1, 4), SEEDS)
def test_every_epoch_has_every_point_once(name, n, epochs, seed):
    result = PERMUTED[name](n, epochs, seed)
    assert result.dtype == np.int64
    assert (np.sort(result, axis=1) == np.arange(result.shape[1])).all()
    longer = PERMUTED[name](n, epochs + 2, seed)
    assert longer[:epochs].tolist() == result.tolist()


@given(st.integers(1, 40), SEEDS, st.integers(1, 5), st.integers(1, 6))
def test_processes_share_an_epoch_out(n, seed, size, world):
    """Every process takes as many batches, and all of them together every point."""
    together = orders.accelerate_batches(n, 2, seed, batch_size=size, world=world)
    shares = [
        orders.accelerate_batches(n, 2, seed, batch_size=size, world=world, rank=rank)
        for rank in range(world)
    ]
    rounds = np.stack([each.reshape(2, -1, size) for each in shares], axis=2)
    assert rounds.reshape(2, -1).tolist() == together.tolist()
    assert all(set(row) == set(range(n)) for row in together.tolist())
    assert (together[:, :n] == orders.hf_trainer(n, 2, seed)).all()


@given(st.integers(2, 60), SEEDS, st.floats(0.01, 0.5))
def test_points_held_out_are_not_visited(n, seed, share):
    held = orders.sklearn_held_out(n, seed, validation_fraction=share)
    order = orders.sklearn_sgd(n, 3, seed, held_out=held)
    assert sorted(held.tolist() + order[0].tolist()) == list(range(n))
    assert len(held) == -(-share * n // 1)
    whole = orders.sklearn_sgd(n, 3, seed)
    assert [i for i in whole[2].tolist() if i not in held] == order[2].tolist()
    kept = orders.sklearn_mlp(n, 3, seed, layers=(2, 1), validation_fraction=share)
    assert kept.shape == order.shape
    assert (np.sort(kept, axis=1) == np.sort(kept[0])).all()


@given(st.integers(1, 30), SEEDS, st.integers(1, 90))
def test_samples_are_permutations_and_a_head(n, seed, samples):
    result = orders.torch_sampler(n, 2, seed, num_samples=samples)
    for row in result:
        for start in range(0, samples, n):
            part = row[start : start + n].tolist()
            assert len(set(part)) == len(part)
    parts = orders.torch_random_split(n, [0.5, 0.5], seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=9), st.integers(4, 300), SEEDS)
def test_a_block_bounds_how_far_a_sample_is_moved(sizes, block, seed):
    moved = abs(_shifted(sizes, block, np.random.default_rng(seed)) - np.arange(sum(sizes)))
    reach = np.repeat([max(0, 1.25 * block - size) / 2 for size in sizes], sizes)
    assert (moved <= reach).all()


def test_a_sample_is_moved_by_more_than_half_a_block():
    moved = _shifted([1] * 4000, 100, np.random.default_rng(0)) - np.arange(4000)
    assert 60 < abs(moved).max() <= 62.5


def test_weights_are_odds():
    """Of 40,000 draws each point has its share, within four standard deviations."""
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    drawn = orders.torch_weighted(5 * shares, 1, 42, num_samples=40_000)
    counts = np.bincount(drawn[0], minlength=4)
    assert (abs(counts - 40_000 * shares) < 4 * np.sqrt(40_000 * shares * (1 - shares))).all()
    first = [orders.torch_weighted(shares, 1, seed, replacement=False)[0, 0] for seed in range(900)]
    counts = np.bincount(first, minlength=4)
    assert (abs(counts - 900 * shares) < 4 * np.sqrt(900 * shares * (1 - shares))).all()


REFUSED = {
    "num_samples=0": lambda: orders.torch_sampler(4, 1, 0, num_samples=0),
    "num_samples=3": lambda: orders.torch_weighted([1, 0, 2], 1, 0, replacement=False),
    "weights=[0, 0]": lambda: orders.torch_weighted([0, 0], 1, 0),
    "weights=[1, -1]": lambda: orders.torch_weighted([1, -1], 1, 0),
    "weights=[1e+308, 1e+308]": lambda: orders.torch_weighted([1e308, 1e308], 1, 0),
    "weights=[1e+300, 1]": lambda: orders.torch_weighted([1e300, 1], 1, 0, replacement=False),
    "lengths={": lambda: orders.torch_random_split(7, {3, 4}, 0),
    "layers={": lambda: orders.sklearn_mlp(4, 1, 0, layers={1, 2}),
    "between={2}": lambda: orders.torch_randperm(4, 2, 0, between={2}),
    "calls=0": lambda: orders.sklearn_partial_fit(4, 0, 0),
    "world=200000000": lambda: orders.accelerate_batches(4, 1, batch_size=2, world=200_000_000),
    "batch_size=200000000": lambda: orders.accelerate_batches(
        4, 1, batch_size=200_000_000, world=2
    ),
    "lengths=[2, 3]": lambda: orders.torch_random_split(4, [2, 3], 0),
    "lengths=[0.5, 0.6]": lambda: orders.torch_random_split(4, [0.5, 0.6], 0),
    "lengths=4": lambda: orders.torch_random_split(4, 4, 0),
    "workers=2": lambda: orders.torch_stateful(4, 1, 0, workers=2),
    "rank=2": lambda: orders.accelerate_batches(4, 1, batch_size=1, world=2, rank=2),
    "batch_size=0": lambda: orders.accelerate_batches(4, 1, batch_size=0, world=2),
    "keys='next'": lambda: orders.jax_permutation(4, 1, 0, keys="next"),
    "seed=4294967295": lambda: orders.jax_permutation(4, 2, 2**32 - 1, keys="seed"),
    "validation_fraction=1.0": lambda: orders.sklearn_held_out(4, 0, validation_fraction=1.0),
    "validation_fraction=0.9": lambda: orders.sklearn_held_out(4, 0, validation_fraction=0.9),
    "validation_fraction=0.2": lambda: orders.sklearn_held_out(
        4, 0, validation_fraction=0.2, labels=[0, 0, 1, 1]
    ),
    "labels=": lambda: orders.sklearn_held_out(4, 0, labels=[0, 1]),
    "labels=[0, 0, 0, 1]": lambda: orders.sklearn_held_out(
        4, 0, validation_fraction=0.5, labels=[0, 0, 0, 1]
    ),
    "labels=[0, None, 0, 1]": lambda: orders.sklearn_held_out(4, 0, labels=[0, None, 0, 1]),
    "labels=[0, nan, 0, 1]": lambda: orders.sklearn_held_out(4, 0, labels=[0, np.nan, 0, 1]),
    "labels=[[0], [0, 1], [1], [1]]": lambda: orders.sklearn_mlp(
        4, 1, 0, layers=(1, 1), validation_fraction=0.5, labels=[[0], [0, 1], [1], [1]]
    ),
    "labels=masked_array": lambda: orders.sklearn_held_out(
        4, 0, validation_fraction=0.5, labels=np.ma.array([0, 0, 1, 1], mask=[1, 0, 0, 0])
    ),
    "held_out=masked_array": lambda: orders.sklearn_sgd(
        4, 1, 0, held_out=np.ma.array([0, 1], mask=[1, 0])
    ),
    "held_out=[4]": lambda: orders.sklearn_sgd(4, 1, 0, held_out=[4]),
    "held_out=[0.5]": lambda: orders.sklearn_sgd(4, 1, 0, held_out=[0.5]),
    "made=-1": lambda: orders.fastai_dataloader(4, 1, 0, made=-1),
    "initial=0": lambda: orders.webdataset_shuffle(4, 1, 0, initial=0),
    "shards=[]": lambda: orders.mosaicml_streaming([], 1),
    "shards=0": lambda: orders.mosaicml_streaming([3, 0], 1),
    "shards={": lambda: orders.mosaicml_streaming({3, 4}, 1),
    "shards=5": lambda: orders.mosaicml_streaming(5, 1),
    "shards=[200000000, 200000000]": lambda: orders.mosaicml_streaming([200_000_000] * 2, 1),
    "shuffle_algo='py2s'": lambda: orders.mosaicml_streaming([3], 1, shuffle_algo="py2s"),
    "shuffle_block_size=3": lambda: orders.mosaicml_streaming([3], 1, shuffle_block_size=3),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_out_of_range_is_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)


#: What asks for more than 8 MB, by the argument that does.
LARGE = {
    "n": lambda: orders.hf_trainer(100_000, 1),  # its lists: 110 bytes a point
    "epochs": lambda: orders.hf_trainer(2, 1_000_000),
    "calls": lambda: orders.sklearn_partial_fit(2, 1_000_000, 0),
    "num_samples": lambda: orders.torch_sampler(2, 1, 0, num_samples=2_000_000),
    "weights": lambda: orders.torch_weighted(np.ones(2_000_000), 1, 0),
    "shards": lambda: orders.mosaicml_streaming([1_000_000] * 2, 1),
    "world": lambda: orders.torch_distributed(2, 1, world=2_000_000),
    "batch_size": lambda: orders.accelerate_batches(2, 1, batch_size=2_000_000, world=1),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_asks_for_too_much_memory_is_named(name, monkeypatch):
    monkeypatch.setattr(memory, "LITTLE", 1)
    monkeypatch.setattr(memory, "free", lambda: 8_000_000)
    with pytest.raises(ValueError, match=f"^{name}=.*must be less: about"):
        LARGE[name]()


def test_few_samples_of_many_points_fit(monkeypatch):
    """What is held is what is sampled."""
    monkeypatch.setattr(memory, "LITTLE", 1)
    monkeypatch.setattr(memory, "free", lambda: 8_000_000)
    assert orders.torch_sampler(40_000, 50, 0, num_samples=3).shape == (50, 3)


def test_sizes_may_come_one_by_one():
    assert (
        orders.mosaicml_streaming(iter([3, 4]), 2).tolist()
        == orders.mosaicml_streaming([3, 4], 2).tolist()
    )
    split = orders.torch_random_split(7, iter([3, 4]), 0)
    assert [part.tolist() for part in split] == [
        part.tolist() for part in orders.torch_random_split(7, [3, 4], 0)
    ]


# --- what it costs --------------------------------------------------------------------------------


def test_keys_take_numbers_in_proportion_to_the_epochs(monkeypatch):
    counts = []

    def counted(key, count):
        counts.append(count)
        return threefry(key, count)

    monkeypatch.setattr("simopt.training.orders.jax.threefry", counted)
    for keys in ("fold_in", "split", "seed"):
        orders.jax_permutation(3, 40, 0, keys=keys)
        few = sum(counts)
        counts.clear()
        orders.jax_permutation(3, 80, 0, keys=keys)
        assert sum(counts) == 2 * few
        counts.clear()


@given(st.integers(1, 30), SEEDS, st.integers(0, 5), st.integers(0, 5))
def test_passes_before_the_first_epoch_are_epochs_that_are_not_kept(n, seed, made, passes):
    every = orders.fastai_dataloader(n, passes + 2, seed, made=made)
    kept = orders.fastai_dataloader(n, 2, seed, made=made, passes=passes)
    assert kept.tolist() == every[passes:].tolist()


def test_passes_before_the_first_epoch_take_no_memory(monkeypatch):
    monkeypatch.setattr(memory, "LITTLE", 1)
    monkeypatch.setattr(memory, "free", lambda: 1_000_000)
    assert orders.fastai_dataloader(1_000, 1, 0, passes=200).shape == (1, 1_000)
    with pytest.raises(ValueError, match=r"^passes=100000000: must be a whole number from 0 to"):
        orders.fastai_dataloader(1_000, 1, 0, passes=10**8)


def test_drawing_an_epoch_takes_no_more_than_is_counted():
    """The four that take the most, as tracemalloc sees Python's and NumPy's memory."""
    n, most = 50_000, {}
    every = {
        "Trainer": lambda: orders.hf_trainer(n, 1),
        "SGDRegressor": lambda: orders.sklearn_sgd(n, 1, 0),
        "JAX": lambda: orders.jax_permutation(n, 1, 0),
        "tf.data": lambda: orders.tf_data(n, 1, 0, buffer_size=1000),
    }
    for name, draw in every.items():
        tracemalloc.start()
        draw()
        most[name] = tracemalloc.get_traced_memory()[1] / n
        tracemalloc.stop()
    assert 0.9 * arguments.SHUFFLE < max(most.values()) <= arguments.SHUFFLE, most
