"""Orders of PyTorch's other samplers, JAX, and scikit-learn's splits, against the libraries."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)

import simopt
from simopt import orders
from tests.peers.test_orders import ETA, assert_same_way, data, snippet

live = settings(max_examples=40, deadline=None)
SIZES = st.integers(1, 60)
SEEDS = st.integers(0, 2**32 - 10)
GENERATORS = st.sampled_from(["own", "global"])


def generator(kind, seed):
    """PyTorch's generators after a seed: one of its own, or none."""
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed) if kind == "own" else None


def replay(x, y, start, optimizer, order, batch_size):
    """simopt's weights after every epoch [epochs, d], whatever points an order has."""
    run = simopt.run(
        simopt.problems.least_squares(x, y, w0=start),
        optimizer,
        order=order,
        shuffle="replacement",
        epochs=len(order),
        batch_size=batch_size,
        divergence=None,
    )
    ends = run.steps.groupby("epoch").last()
    return ends[[name for name in ends if name.startswith("w_")]].to_numpy()


def trained(loader, epochs, d=3):
    """PyTorch's weights after every epoch of a loader of points and targets."""
    w = torch.zeros(d, dtype=torch.float64, requires_grad=True)
    optimizer, ends = torch.optim.Adam([w], lr=ETA), []
    for _ in range(epochs):
        for points, targets in loader:
            optimizer.zero_grad()
            torch.mean((points @ w - targets) ** 2).backward()
            optimizer.step()
        ends.append(w.detach().numpy().copy())
    return ends


# --- PyTorch --------------------------------------------------------------------------------------


@live
@given(SIZES, st.integers(1, 3), SEEDS, GENERATORS, st.booleans(), st.integers(1, 200))
def test_samplers_of_any_number(n, epochs, seed, kind, replacement, samples):
    own = generator(kind, seed)
    sampler = RandomSampler(range(n), replacement, samples, own)
    ours = orders.torch_sampler(
        n, epochs, seed, generator=kind, replacement=replacement, num_samples=samples
    )
    assert ours.tolist() == [list(sampler) for _ in range(epochs)]


@live
@given(SIZES, st.integers(1, 3), SEEDS, st.booleans(), st.integers(1, 90))
def test_samplers_in_a_loader_without_generators(n, epochs, seed, replacement, samples):
    torch.manual_seed(seed)
    loader = DataLoader(range(n), sampler=RandomSampler(range(n), replacement, samples))
    theirs = [[int(i) for batch in loader for i in batch] for _ in range(epochs)]
    ours = orders.torch_sampler(
        n, epochs, seed, generator="global", replacement=replacement, num_samples=samples,
        drawn=2, between=2,
    )  # fmt: skip
    assert ours.tolist() == theirs


@live
@given(SIZES, st.integers(1, 3), SEEDS)
def test_a_subset_in_a_loader_without_generators(n, epochs, seed):
    subset = list(range(100, 100 + 2 * n, 2))
    torch.manual_seed(seed)
    loader = DataLoader(range(500), sampler=SubsetRandomSampler(subset))
    theirs = [[int(i) for batch in loader for i in batch] for _ in range(epochs)]
    ours = orders.torch_randperm(n, epochs, seed, drawn=2, between=2)
    assert np.array(subset)[ours].tolist() == theirs


WEIGHTS = st.lists(st.floats(0, 1e3), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-6)


@live
@given(WEIGHTS, st.integers(1, 3), SEEDS, GENERATORS, st.booleans(), st.data())
def test_weighted_sampler(weights, epochs, seed, kind, replacement, data):
    most = 90 if replacement else sum(each > 0 for each in weights)
    samples = data.draw(st.integers(1, most))
    own = generator(kind, seed)
    sampler = WeightedRandomSampler(weights, samples, replacement, own)
    ours = orders.torch_weighted(
        weights, epochs, seed, num_samples=samples, replacement=replacement, generator=kind
    )
    assert ours.tolist() == [list(sampler) for _ in range(epochs)]


def test_weighted_sampler_as_in_the_docstring_and_of_many():
    weights = np.random.default_rng(1).exponential(size=1000).tolist()
    for replacement, num_samples in ((True, 5000), (False, 1000), (True, 1)):
        space = {"torch": torch, "weights": weights, "seed": 42, "epochs": 3}
        space |= {"replacement": replacement, "num_samples": num_samples}
        exec(snippet(orders.torch_weighted), space)
        ours = orders.torch_weighted(
            weights, 3, 42, num_samples=num_samples, replacement=replacement
        )
        assert ours.tolist() == space["visited"]


@pytest.mark.filterwarnings("ignore:Length of split at index")
@live
@given(SIZES, SEEDS, st.data())
def test_random_split(n, seed, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=4)))
    lengths = np.diff([0, *cuts, n]).tolist()
    theirs = [list(part) for part in random_split(range(n), lengths, generator("own", seed))]
    assert [part.tolist() for part in orders.torch_random_split(n, lengths, seed)] == theirs
    generator("global", seed)
    fractions = [0.5, 0.3, 0.2]
    theirs = [list(part) for part in random_split(range(n + 1), fractions)]
    ours = orders.torch_random_split(n + 1, fractions, seed)
    assert [part.tolist() for part in ours] == theirs


@pytest.mark.parametrize("kind", ["own", "global"])
def test_a_weighted_training_replays(kind):
    """More draws than points, so that a row is longer than there are points."""
    x, y = data(3)
    weights, points = np.arange(1, 15), TensorDataset(torch.tensor(x), torch.tensor(y))
    own = generator(kind, 5)
    sampler = WeightedRandomSampler(weights.tolist(), 40, generator=own)
    theirs = trained(DataLoader(points, 4, sampler=sampler), 3)
    shifted = {} if kind == "own" else {"drawn": 2, "between": 2}
    order = orders.torch_weighted(weights, 3, 5, num_samples=40, generator=kind, **shifted)
    adam = simopt.Adam(eta=ETA, convention="torch")
    assert_same_way(replay(x, y, 0.0, adam, order, 4), theirs)


def test_a_training_on_a_part_replays():
    x, y = data(3)
    points = TensorDataset(torch.tensor(x), torch.tensor(y))
    torch.manual_seed(3)
    part, _ = random_split(points, [0.7, 0.3])
    theirs = trained(DataLoader(part, 4, shuffle=True), 3)
    held = orders.torch_random_split(14, [0.7, 0.3], 3)[0]
    order = orders.torch_dataloader(len(held), 3, 3, generator="global", drawn=13)
    adam = simopt.Adam(eta=ETA, convention="torch")
    assert_same_way(replay(x, y, 0.0, adam, held[order], 4), theirs)


# --- JAX ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 9, 100, 1625, 1626, 3000])
@pytest.mark.parametrize("seed", [0, 42, 2**32 - 9])
def test_jax_permutation(n, seed):
    jax = pytest.importorskip("jax")
    space = {"jax": jax, "n": n, "epochs": 3, "seed": seed}
    exec(snippet(orders.jax_permutation), space)
    assert orders.jax_permutation(n, 3, seed).tolist() == space["visited"]
    key = jax.random.key(seed)
    folded = [jax.random.permutation(jax.random.fold_in(key, e), n).tolist() for e in range(3)]
    assert orders.jax_permutation(n, 3, seed, keys="fold_in").tolist() == folded
    seeds = [jax.random.permutation(jax.random.PRNGKey(seed + e), n).tolist() for e in range(3)]
    assert orders.jax_permutation(n, 3, seed, keys="seed").tolist() == seeds


def test_a_jax_training_replays():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        x, y = data(3)
        points, targets = jax.numpy.array(x), jax.numpy.array(y)

        def loss(w, batch):
            return jax.numpy.mean((points[batch] @ w - targets[batch]) ** 2)

        slope, w, ends = jax.grad(loss), jax.numpy.zeros(3), []
        key = jax.random.key(7)
        for _ in range(4):
            key, own = jax.random.split(key)
            order = jax.random.permutation(own, len(x))
            for start in range(0, len(x), 4):
                w = w - ETA * slope(w, order[start : start + 4])
            ends.append(np.asarray(w))
    ours = orders.jax_permutation(14, 4, 7)
    assert_same_way(replay(x, y, 0.0, simopt.SGD(eta=ETA), ours, 4), ends)


# --- scikit-learn ---------------------------------------------------------------------------------


@live
@given(st.integers(3, 60), SEEDS, st.floats(0.05, 0.6))
def test_points_that_a_regressor_holds_out(n, seed, share):
    model = SGDRegressor(early_stopping=True, validation_fraction=share, random_state=seed)
    mask = model._make_validation_split(np.arange(n) * 1.0, np.ones(n, dtype=np.int32))
    ours = orders.sklearn_held_out(n, seed, validation_fraction=share)
    assert ours.tolist() == np.flatnonzero(mask == 1).tolist()


@live
@given(st.integers(12, 60), SEEDS, st.floats(0.2, 0.6), st.integers(2, 3))
def test_points_that_a_classifier_holds_out(n, seed, share, classes):
    labels = np.arange(n) ** 2 % 7 % classes
    model = SGDClassifier(early_stopping=True, validation_fraction=share, random_state=seed)
    model.classes_ = np.unique(labels)
    mask = model._make_validation_split(labels, np.ones(n, dtype=np.int32))
    ours = orders.sklearn_held_out(n, seed, validation_fraction=share, labels=labels)
    assert ours.tolist() == np.flatnonzero(mask == 1).tolist()


@pytest.mark.parametrize("seed", [0, 5, 42])
def test_a_fit_that_holds_points_out_replays(seed):
    """The intercept and the weight that SGDRegressor has after some epochs."""
    x, y = data(2, n=20)
    held = orders.sklearn_held_out(20, seed, validation_fraction=0.25)
    order = orders.sklearn_sgd(20, 4, seed, held_out=held)
    model = SGDRegressor(
        learning_rate="constant", eta0=2 * ETA, penalty=None, max_iter=4, tol=None,
        early_stopping=True, validation_fraction=0.25, n_iter_no_change=99, random_state=seed,
    ).fit(x, y)  # fmt: skip
    run = simopt.run(
        simopt.problems.least_squares(x, y, intercept=True), simopt.SGD(eta=ETA), order=order,
        shuffle="replacement", epochs=4, divergence=None,
    )  # fmt: skip
    weights = [run.steps[name].iloc[-1] for name in ("w_0", "w_1", "w_2")]
    np.testing.assert_allclose(weights, [*model.coef_, *model.intercept_], rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 5, 42])
def test_partial_fits_with_a_random_state_replay(seed):
    x, y = data(2, n=9)
    model = SGDRegressor(
        learning_rate="constant", eta0=2 * ETA, penalty=None,
        random_state=np.random.RandomState(seed),
    )  # fmt: skip
    for _ in range(4):
        model.partial_fit(x, y)
    order = orders.sklearn_partial_fit(9, 4, seed)
    problem = simopt.problems.least_squares(x, y, intercept=True)
    run = simopt.run(problem, simopt.SGD(eta=ETA), order=order, epochs=4, divergence=None)
    weights = [run.steps[name].iloc[-1] for name in ("w_0", "w_1", "w_2")]
    np.testing.assert_allclose(weights, [*model.coef_, *model.intercept_], rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 5, 42])
def test_partial_fits_of_a_classifier_replay(seed):
    x, y = data(2, n=9)
    labels = (y > np.median(y)).astype(int)
    model = SGDClassifier(
        loss="squared_error", learning_rate="constant", eta0=2 * ETA, penalty=None,
        random_state=np.random.RandomState(seed),
    )  # fmt: skip
    for _ in range(4):
        model.partial_fit(x, labels, classes=[0, 1])
    order = orders.sklearn_partial_fit(9, 4, seed, estimator="SGDClassifier")
    problem = simopt.problems.least_squares(x, 2.0 * labels - 1, intercept=True)
    run = simopt.run(problem, simopt.SGD(eta=ETA), order=order, epochs=4, divergence=None)
    weights = [run.steps[name].iloc[-1] for name in ("w_0", "w_1", "w_2")]
    np.testing.assert_allclose(weights, [*model.coef_[0], *model.intercept_], rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 5, 42])
def test_a_network_that_holds_points_out_replays(seed):
    x, y = data(2, n=20)
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=2 * ETA, alpha=0.0,
        batch_size=4, max_iter=3, tol=0.0, n_iter_no_change=3, random_state=seed,
        early_stopping=True, validation_fraction=0.2,
    )  # fmt: skip
    with pytest.warns(Warning, match="[Mm]aximum iterations"):
        model.fit(x, y)
    # The best weights come back: those of the epoch with the best score.
    order = orders.sklearn_mlp(20, 3, seed, layers=(2, 1), validation_fraction=0.2)
    bound = math.sqrt(6 / 3)
    start = np.random.RandomState(seed).uniform(-bound, bound, 3)
    run = simopt.run(
        simopt.problems.least_squares(x, y, w0=start, intercept=True), simopt.SGD(eta=ETA),
        order=order, shuffle="replacement", batch_size=4, epochs=3, divergence=None,
    )  # fmt: skip
    ends = run.steps.groupby("epoch").last()[["w_0", "w_1", "w_2"]].to_numpy()
    best = int(np.argmax(model.validation_scores_))
    theirs = [*model.coefs_[0].ravel(), *model.intercepts_[0]]
    np.testing.assert_allclose(ends[best], theirs, rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 5, 42])
def test_what_a_classifier_s_network_holds_out(seed, monkeypatch):
    x, y = data(2, n=20)
    labels = (y > np.median(y)).astype(int)
    seen = []
    original = MLPClassifier._backprop

    def watching(self, X, *rest):
        seen.extend(X[:, 0].tolist())
        return original(self, X, *rest)

    monkeypatch.setattr(MLPClassifier, "_backprop", watching)
    model = MLPClassifier(
        hidden_layer_sizes=(3,), batch_size=4, max_iter=3, n_iter_no_change=3, tol=0.0,
        random_state=seed, early_stopping=True, validation_fraction=0.2,
    )  # fmt: skip
    with pytest.warns(Warning, match="[Mm]aximum iterations"):
        model.fit(x, labels)
    order = orders.sklearn_mlp(
        20, 3, seed, layers=(2, 3, 1), validation_fraction=0.2, labels=labels
    )
    assert x[order.ravel(), 0].tolist() == seen
