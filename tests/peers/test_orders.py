"""Orders and replays against the libraries themselves: `simopt.orders` to the last place."""

import importlib.util
import inspect
import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPRegressor
from torch.utils.data import DataLoader, RandomSampler, SubsetRandomSampler, TensorDataset

import simopt
from simopt import orders

SIZES = st.integers(1, 60)
EPOCHS = st.integers(1, 4)
SEEDS = st.integers(0, 2**32 - 1)
live = settings(max_examples=60, deadline=None)


def snippet(function):
    """The library's code in a docstring: what follows the first line that ends in ``::``."""
    _, _, rest = inspect.getdoc(function).partition("::\n\n")
    lines = []
    for line in rest.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines))


def data(d, n=14, seed=0):
    """Points and noisy targets."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, d))
    return x, x @ random.normal(size=d) + 0.3 * random.normal(size=n) + 1.0


def replay(x, y, start, optimizer, order, batch_size=1, bias=False, l2=0.0):
    """simopt's weights after every epoch [epochs, d]."""
    problem = simopt.problems.least_squares(x, y, w0=start, intercept=bias, l2=l2)
    run = simopt.run(
        problem, optimizer, order=order, epochs=len(order), batch_size=batch_size, divergence=None
    )
    ends = run.steps.groupby("epoch").last()
    return ends[[c for c in ends if c == "w" or c.startswith("w_")]].to_numpy()


def apart(ours, theirs):
    """How far the weights are apart, relative to the largest, at the epoch's end where most."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    return (np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max(axis=1)).max()


def assert_same_way(ours, theirs):
    assert apart(ours, theirs) <= 1e-12


# --- PyTorch ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function", [orders.torch_dataloader, orders.torch_sampler, orders.torch_randperm]
)
@live
@given(n=SIZES, epochs=EPOCHS, seed=st.integers(-(2**63), 2**64 - 1))
def test_torch_as_in_the_docstring(function, n, epochs, seed):
    space = {"torch": torch, "n": n, "epochs": epochs, "seed": seed}
    exec(snippet(function), space)
    assert function(n, epochs, seed).tolist() == space["visited"]


@live
@given(
    n=SIZES,
    epochs=EPOCHS,
    seed=SEEDS,
    generator=st.sampled_from(["own", "global"]),
    drawn=st.integers(0, 20),
    data=st.data(),
)
def test_torch_dataloader(n, epochs, seed, generator, drawn, data):
    batch_size = data.draw(st.integers(1, n))
    drop_last = data.draw(st.booleans())
    used = n - n % batch_size if drop_last else n
    own = torch.Generator().manual_seed(seed) if generator == "own" else None
    if own is None:
        torch.manual_seed(seed)
    torch.empty(drawn, dtype=torch.float32).uniform_(generator=own)
    loader = DataLoader(
        range(n), batch_size=batch_size, drop_last=drop_last, shuffle=True, generator=own
    )
    theirs = [[int(i) for batch in loader for i in batch] for _ in range(epochs)]
    ours = orders.torch_dataloader(n, epochs, seed, generator=generator, drawn=drawn)
    assert ours[:, :used].tolist() == theirs


@live
@given(n=SIZES, epochs=EPOCHS, seed=SEEDS)
def test_torch_samplers(n, epochs, seed):
    sampler = RandomSampler(range(n), generator=torch.Generator().manual_seed(seed))
    loader = DataLoader(range(n), sampler=sampler, batch_size=None)
    ours = orders.torch_sampler(n, epochs, seed)
    assert ours.tolist() == [list(loader) for _ in range(epochs)]

    torch.manual_seed(seed)
    sampler = RandomSampler(range(n))
    ours = orders.torch_sampler(n, epochs, seed, generator="global")
    assert ours.tolist() == [list(sampler) for _ in range(epochs)]

    sampler = SubsetRandomSampler(range(n), generator=torch.Generator().manual_seed(seed))
    assert orders.torch_randperm(n, epochs, seed).tolist() == [list(sampler) for _ in range(epochs)]


@live
@given(SIZES, EPOCHS, SEEDS, st.sampled_from(["own", "global"]))
def test_torch_draws_with_replacement(n, epochs, seed, generator):
    torch.manual_seed(seed)
    own = torch.Generator().manual_seed(seed) if generator == "own" else None
    sampler = RandomSampler(range(n), replacement=True, generator=own)
    visited = [list(sampler) for _ in range(epochs)]
    ours = orders.torch_sampler(n, epochs, seed, generator=generator, replacement=True)
    assert ours.tolist() == visited


def test_torch_replay_with_replacement():
    x, y = data(3)
    own = torch.Generator().manual_seed(5)
    points = TensorDataset(torch.tensor(x), torch.tensor(y))
    loader = DataLoader(points, 4, sampler=RandomSampler(points, True, generator=own))
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.1)
    theirs = []
    for _ in range(4):
        for a, b in loader:
            optimizer.zero_grad()
            torch.mean((a @ w - b) ** 2).backward()
            optimizer.step()
        theirs.append(w.detach().numpy().copy())
    order = orders.torch_sampler(len(x), 4, 5, replacement=True)
    run = simopt.run(
        simopt.problems.least_squares(x, y),
        simopt.Adam(eta=0.1, convention="torch"),
        batch_size=4,
        epochs=4,
        order=order,
        shuffle="replacement",
    )
    ends = run.steps.groupby("epoch").last()
    ours = ends[[name for name in ends if name.startswith("w_")]].to_numpy()
    assert apart(ours, theirs) < 1e-12


@pytest.mark.parametrize("generator", ["own", "global"])
@pytest.mark.parametrize("persistent", [False, True])
def test_torch_workers(generator, persistent):
    n, epochs, seed = 7, 3, 5
    torch.manual_seed(seed)
    own = torch.Generator().manual_seed(seed) if generator == "own" else None
    loader = DataLoader(
        range(n),
        batch_size=2,
        shuffle=True,
        generator=own,
        num_workers=2,
        persistent_workers=persistent,
    )
    theirs = [[int(i) for batch in loader for i in batch] for _ in range(epochs)]
    ours = orders.torch_dataloader(
        n, epochs, seed, generator=generator, persistent_workers=persistent
    )
    assert ours.tolist() == theirs


def test_torch_looks_at_the_first_batch():
    """As told under ``drawn``: it takes 4 numbers of the global generator, n + 1 of its own."""
    n, seed = 9, 3
    for generator, drawn in (("own", n + 1), ("global", 4)):
        torch.manual_seed(seed)
        own = torch.Generator().manual_seed(seed) if generator == "own" else None
        loader = DataLoader(range(n), batch_size=2, shuffle=True, generator=own)
        next(iter(loader))
        theirs = [[int(i) for batch in loader for i in batch] for _ in range(2)]
        ours = orders.torch_dataloader(n, 2, seed, generator=generator, drawn=drawn)
        assert ours.tolist() == theirs


def test_torch_long_order():
    n, seed = 300_000, 11
    theirs = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).numpy()
    np.testing.assert_array_equal(orders.torch_randperm(n, 1, seed)[0], theirs)


def torch_ends(x, y, model, optimizer, loader, epochs):
    """A PyTorch training; the weights at the start and after every epoch."""

    def weights():
        return torch.cat([p.detach().ravel() for p in model.parameters()]).numpy().copy()

    ends = [weights()]
    for _ in range(epochs):
        for points, targets in loader:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(points)[:, 0], targets).backward()
            optimizer.step()
        ends.append(weights())
    return ends


ETA = 0.02
TORCH = {
    "SGD": (torch.optim.SGD, {}, simopt.SGD(eta=ETA)),
    "Momentum": (torch.optim.SGD, {"momentum": 0.9}, simopt.Momentum(eta=ETA)),
    "Adam": (torch.optim.Adam, {}, simopt.Adam(eta=ETA, convention="torch")),
}


@pytest.mark.parametrize("rule", TORCH)
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("d", [1, 10])
@pytest.mark.parametrize("generator", ["own", "global"])
def test_torch_replay(rule, batch_size, bias, d, generator):
    epochs, seed = 6, 42
    x, y = data(d)
    torch.manual_seed(seed)
    own = torch.Generator().manual_seed(seed) if generator == "own" else None
    model = torch.nn.Linear(d, 1, bias=bias, dtype=torch.float64)
    points = TensorDataset(torch.tensor(x), torch.tensor(y))
    loader = DataLoader(points, batch_size=batch_size, shuffle=True, generator=own)
    make, extra, ours = TORCH[rule]
    optimizer = make(model.parameters(), lr=ETA, **extra)
    start, *theirs = torch_ends(x, y, model, optimizer, loader, epochs)
    drawn = 0 if generator == "own" else 2 * (d + bias)
    order = orders.torch_dataloader(len(y), epochs, seed, generator=generator, drawn=drawn)
    assert_same_way(replay(x, y, start, ours, order, batch_size, bias), theirs)


# --- scikit-learn -------------------------------------------------------------------------------


def sgd_visits(make, n, epochs, seed):
    """The points in the order of SGDRegressor or SGDClassifier, told by the weights alone.

    Point i moves weight i, by the rate of the update, which is 1, 1/2, 1/3, ...
    """
    rates = {"learning_rate": "invscaling", "eta0": 1.0, "power_t": 1.0, "penalty": None}
    ends = [np.zeros(n)]
    for epoch in range(1, epochs + 1):
        model = make(
            **rates, fit_intercept=False, max_iter=epoch, tol=None, shuffle=True, random_state=seed
        )
        if make is SGDRegressor:
            model.set_params(loss="epsilon_insensitive", epsilon=0.0)
            ends.append(model.fit(np.eye(n), np.full(n, 1e9)).coef_)
        else:
            small = 2.0**-30  # so that no point is ever classified well enough
            model.set_params(loss="hinge").fit(small * np.eye(n), np.arange(n) % 2)
            ends.append(np.abs(model.coef_[0]) / small)
    update = np.rint(1 / np.diff(ends, axis=0))
    return np.argsort(update, axis=1).tolist()


@settings(max_examples=25, deadline=None)
@given(n=SIZES, epochs=EPOCHS, seed=SEEDS)
def test_sgd_regressor(n, epochs, seed):
    theirs = sgd_visits(SGDRegressor, n, epochs, seed)
    assert orders.sklearn_sgd(n, epochs, seed).tolist() == theirs


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 60), epochs=EPOCHS, seed=SEEDS)
def test_sgd_classifier(n, epochs, seed):
    theirs = sgd_visits(SGDClassifier, n, epochs, seed)
    assert orders.sklearn_sgd(n, epochs, seed, estimator="SGDClassifier").tolist() == theirs


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("l2", [None, 0.5])
@pytest.mark.parametrize("d", [1, 10])
def test_sgd_regressor_replay(bias, l2, d):
    epochs, seed, eta = 6, 42, 0.01
    x, y = data(d)
    theirs = []
    for epoch in range(1, epochs + 1):
        model = SGDRegressor(
            learning_rate="constant",
            eta0=2 * eta,
            penalty=None if l2 is None else "l2",
            alpha=0.0 if l2 is None else l2 / 2,
            fit_intercept=bias,
            max_iter=epoch,
            tol=None,
            random_state=seed,
        ).fit(x, y)
        theirs.append([*model.coef_, *model.intercept_][: d + bias])
    order = orders.sklearn_sgd(len(y), epochs, seed)
    assert_same_way(replay(x, y, 0.0, simopt.SGD(eta=eta), order, bias=bias, l2=l2 or 0.0), theirs)


def test_sgd_regressor_as_in_the_docstring():
    x, y = data(4)
    space = {"SGDRegressor": SGDRegressor, "x": x, "y": y, "eta": 0.01, "l2": 0.3}
    exec(snippet(orders.sklearn_sgd), space | {"epochs": 5, "random_state": 7}, space)
    order = orders.sklearn_sgd(len(y), 5, 7)
    ours = replay(x, y, 0.0, simopt.SGD(eta=0.01), order, bias=True, l2=0.3)
    model = space["model"]
    assert_same_way(ours[-1:], [[*model.coef_, *model.intercept_]])


def test_partial_fit_repeats_one_order():
    x, y = data(3)
    model = SGDRegressor(
        learning_rate="constant", eta0=0.02, penalty=None, fit_intercept=False, random_state=7
    )
    theirs = [model.partial_fit(x, y).coef_.copy() for _ in range(3)]
    order = np.tile(orders.sklearn_sgd(len(y), 1, 7), (3, 1))
    assert_same_way(replay(x, y, 0.0, simopt.SGD(eta=0.01), order), theirs)


def test_classifier_with_three_classes():
    """Each class has a fit of its own, with a random_state drawn from that of the estimator."""
    x, _ = data(3, n=12)
    y = np.arange(12) % 3
    settings = {"loss": "log_loss", "learning_rate": "constant", "eta0": 0.1, "penalty": None}
    model = SGDClassifier(**settings, max_iter=4, tol=None, random_state=9).fit(x, y)
    for i, seed in enumerate(np.random.RandomState(9).randint(2**31 - 1, size=3)):
        problem = simopt.problems.logistic(x, y == i)
        order = orders.sklearn_sgd(12, 4, seed, estimator="SGDClassifier")
        ours = simopt.run(problem, simopt.SGD(eta=0.1), order=order, epochs=4).steps
        theirs = [[*model.coef_[i], model.intercept_[i]]]
        assert_same_way(ours[["w_0", "w_1", "w_2", "w_3"]].to_numpy()[-1:], theirs)


def mlp_start(d, seed):
    """The start of a linear network, as told in the docstring."""
    random = np.random.RandomState(seed)
    bound = np.sqrt(6 / (d + 1))
    return np.concatenate([random.uniform(-bound, bound, d), random.uniform(-bound, bound, 1)])


@settings(max_examples=20, deadline=None)
@given(n=SIZES, epochs=EPOCHS, seed=SEEDS, d=st.sampled_from([1, 10]), batch=st.integers(1, 3))
def test_mlp_replay_as_in_the_docstring(n, epochs, seed, d, batch):
    batch = min(n, batch)
    x, y = data(d, n)
    space = {"MLPRegressor": MLPRegressor, "x": x, "y": y, "eta": 0.01, "batch_size": batch}
    theirs = []
    for epoch in range(1, epochs + 1):
        with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
            exec(
                snippet(orders.sklearn_mlp), space | {"epochs": epoch, "random_state": seed}, space
            )
        model = space["model"]
        theirs.append([*model.coefs_[0][:, 0], *model.intercepts_[0]])
    order = orders.sklearn_mlp(n, epochs, seed, layers=(d, 1))
    start = mlp_start(d, seed)
    assert_same_way(replay(x, y, start, simopt.SGD(eta=0.01), order, batch, True), theirs)


def test_mlp_replay_with_adam():
    """With half the gradient, Adam's step is the same for half the epsilon."""
    x, y = data(3)
    theirs = []
    for epoch in range(1, 5):
        model = MLPRegressor(
            hidden_layer_sizes=(),
            solver="adam",
            learning_rate_init=ETA,
            epsilon=0.05,
            alpha=0.0,
            batch_size=3,
            max_iter=epoch,
            random_state=7,
        )
        with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
            model.fit(x, y)
        theirs.append([*model.coefs_[0][:, 0], *model.intercepts_[0]])
    order = orders.sklearn_mlp(len(y), 4, 7, layers=(3, 1))
    adam = simopt.Adam(eta=ETA, epsilon=0.1, convention="sklearn")
    assert_same_way(replay(x, y, mlp_start(3, 7), adam, order, 3, True), theirs)


def test_mlp_partial_fit():
    x, y = data(2)
    model = MLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        momentum=0.0,
        learning_rate_init=0.02,
        alpha=0.0,
        batch_size=3,
        random_state=7,
    )
    theirs = []
    for _ in range(3):
        model.partial_fit(x, y)
        theirs.append([*model.coefs_[0][:, 0], *model.intercepts_[0]])
    first = orders.sklearn_mlp(len(y), 1, 7, layers=(2, 1))
    later = orders.sklearn_mlp(len(y), 1, 7, layers=())
    order = np.concatenate([first, later, later])
    ours = replay(x, y, mlp_start(2, 7), simopt.SGD(eta=0.01), order, 3, True)
    assert_same_way(ours, theirs)


def test_mlp_with_a_hidden_layer_draws_its_weights_first():
    """The stream after the start: what is left of it is what a fit leaves to a second one."""
    x, y = data(2)
    random = np.random.RandomState(7)
    model = MLPRegressor(hidden_layer_sizes=(5, 3), max_iter=1, solver="sgd", random_state=random)
    with pytest.warns(ConvergenceWarning):
        model.fit(x, y)
    # An order more from the same stream is the second of the orders.
    first, second = orders.sklearn_mlp(len(y), 2, 7, layers=(2, 5, 3, 1))
    assert first[random.permutation(len(y))].tolist() == second.tolist()


# --- Keras --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["jax", "torch", "tensorflow"])
def keras_on(request):
    """A backend's name, and a function that runs trainings in a process that has this backend."""
    backend = request.param
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.peers.keras_fits"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"},
    )

    def ask(cases):
        process.stdin.write(json.dumps(cases) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield backend, ask
    process.stdin.close()
    assert process.wait() == 0
    process.stdout.close()


def updates_of(order, batch_size):
    """In which update of its epoch a point is seen [epochs, n], from an order."""
    return (np.argsort(order, axis=1) // batch_size).tolist()


def test_keras_fit(keras_on):
    backend, ask = keras_on
    shapes = [(1, 3, 1), (2, 4, 1), (5, 4, 2), (13, 3, 13), (40, 3, 1), (40, 2, 7)]
    plain = [
        {"n": n, "epochs": epochs, "batch_size": size, "seed": seed}
        for (n, epochs, size), seed in zip(
            shapes, (0, 1, 42, 2**31 - 1, 2**31 + 5, 2**32 - 1), strict=True
        )
    ]
    last = plain[-1]
    cases = [({}, case) for case in plain]
    cases += [({}, last | {"initializer": "glorot_uniform"})]
    cases += [({"compiled": False}, last | {"again": True})]
    cases += [({"validated": True}, last | {"validated": True})]
    seeds = {"jax": "numpy", "torch": "torch", "tensorflow": "tensorflow"}
    cases += [({}, last | {"seeded": seeds[backend]})]
    seen = ask([{"kind": "visited", **case} for _, case in cases])
    for (how, case), theirs in zip(cases, seen, strict=True):
        ours = orders.keras_fit(case["n"], case["epochs"], case["seed"], backend=backend, **how)
        assert updates_of(ours, case["batch_size"]) == theirs, case


KERAS = {
    "SGD": ("SGD", {}, simopt.SGD(eta=ETA)),
    "Nesterov": (
        "SGD",
        {"momentum": 0.9, "nesterov": True},
        simopt.Nesterov(eta=ETA, convention="keras"),
    ),
    "Adam": ("Adam", {}, simopt.Adam(eta=ETA, convention="keras")),
}


def in_single_precision(optimizer):
    """With every hyperparameter but the rate rounded to float32, as Keras does on TensorFlow."""
    rest = {k: float(np.float32(v)) for k, v in optimizer.settings.items() if k != "eta"}
    return optimizer.replace(**rest)


TRAINING = {"epochs": 4, "seed": 42}


def keras_case(rule, d, bias, batch_size, **more):
    """A training to hand to `keras_fits`."""
    x, y = data(d)
    name, extra, _ = KERAS[rule]
    return {
        "kind": "trained",
        "x": x.tolist(),
        "y": y[:, None].tolist(),
        "batch_size": batch_size,
        "optimizer": name,
        "settings": {"learning_rate": ETA, **extra},
        "bias": bias,
        "initializer": "ones" if d == 1 else "glorot_uniform",
        **TRAINING,
        **more,
    }


def test_keras_replay(keras_on):
    backend, ask = keras_on
    runs = [
        (rule, d, bias, batch_size)
        for rule in KERAS
        for d, bias, batch_size in [(1, False, 1), (1, True, 3), (10, True, 1), (10, False, 3)]
    ]
    ends = ask([keras_case(*run) for run in runs])
    order = orders.keras_fit(14, **TRAINING, backend=backend)
    for (rule, d, bias, batch_size), (start, *theirs) in zip(runs, ends, strict=True):
        optimizer = KERAS[rule][2]
        if backend == "tensorflow" and rule != "Adam":
            optimizer = in_single_precision(optimizer)
        ours = replay(*data(d), start, optimizer, order, batch_size, bias)
        if backend == "tensorflow" and rule == "Adam":
            # The powers of beta1 and beta2 are of float32 numbers, the moments are not.
            assert 1e-9 < apart(ours, theirs) < 1e-4
        else:
            assert_same_way(ours, theirs)


def test_keras_computes_partly_in_single_precision(keras_on):
    """In float64, "mse" multiplies by a float32 1/3 on JAX, and Dense is float32 on PyTorch."""
    backend, ask = keras_on
    halves, thirds = ask([keras_case("SGD", 10, True, size, own=False) for size in (2, 3)])
    order = orders.keras_fit(14, **TRAINING, backend=backend)
    distances = [
        apart(replay(*data(10), start, simopt.SGD(eta=ETA), order, size, True), theirs)
        for size, (start, *theirs) in ((2, halves), (3, thirds))
    ]
    single = {"tensorflow": (False, False), "jax": (False, True), "torch": (True, True)}[backend]
    for distance, in_single in zip(distances, single, strict=True):
        assert 1e-9 < distance < 1e-6 if in_single else distance <= 1e-12


def test_keras_as_in_the_docstring(keras_on):
    backend, ask = keras_on
    x, y = data(4)
    names = {"eta": 0.02, "batch_size": 2, "epochs": 5, "seed": 7}
    case = {"kind": "written", "code": snippet(orders.keras_fit), **names}
    case |= {"x": x.tolist(), "y": y[:, None].tolist()}
    [[start, end]] = ask([case])
    order = orders.keras_fit(len(y), 5, 7, backend=backend)
    distance = apart(replay(x, y, start, simopt.SGD(eta=0.02), order, 2, True)[-1:], [end])
    assert distance <= (1e-6 if backend == "torch" else 1e-12)  # see the test before


def test_numbers_drawn_between_epochs():
    """Validation, another shuffled loader, and dropout, each between the epochs of this one."""

    def visited(n, epochs, seed, between):
        torch.manual_seed(seed)
        loader = DataLoader(range(n), batch_size=3, shuffle=True)
        order = []
        for epoch in range(epochs):
            order.append([int(i) for batch in loader for i in batch])
            between(epoch)
        return order

    on_global = {"n": 8, "epochs": 4, "seed": 3, "generator": "global"}
    for between, counts in (
        (lambda epoch: list(DataLoader(range(5))), 2),
        (lambda epoch: list(DataLoader(range(5), shuffle=True)), 4),
        (lambda epoch: torch.nn.functional.dropout(torch.ones(epoch + 1, 5)), [10, 20, 30]),
    ):
        expected = orders.torch_dataloader(**on_global, between=counts)
        assert visited(8, 4, 3, between) == expected.tolist()
    torch.manual_seed(5)
    loader = DataLoader(range(9), sampler=SubsetRandomSampler(range(9)))
    subset = [[int(i) for batch in loader for i in batch] for _ in range(3)]
    assert subset == orders.torch_randperm(9, 3, 5, drawn=2, between=2).tolist()


@pytest.mark.parametrize(("n", "batch", "drawn"), [(9, 10, 18), (9, 2, 10), (100, 32, 101)])
def test_a_look_that_may_read_the_sampler_to_its_end(n, batch, drawn):
    own = torch.Generator().manual_seed(1)
    loader = DataLoader(range(n), batch_size=batch, shuffle=True, generator=own)
    next(iter(loader))
    order = [int(i) for each in loader for i in each]
    assert [order] == orders.torch_dataloader(n, 1, 1, drawn=drawn).tolist()
