"""The report's table of calls: each, evaluated, does what the table says, with its defaults."""

import re
from functools import partial

import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from optax._src import factorized
from sklearn.linear_model import SGDRegressor
from sklearn.neural_network import MLPRegressor

import simopt
from simopt.report.conventions import lookup
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.stepper import Stepper
from tests.formulas import loss_of
from tests.peers.calls import KerasAdafactor, counted_in_double, decay_in_double

GRADIENTS = np.random.default_rng(1).normal(size=30) * np.geomspace(3.0, 1e-6, 30)
START = 1.5

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)


def by_torch(call):
    w = torch.tensor([START], dtype=torch.float64, requires_grad=True)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        optimizer = eval(call, {"torch": torch, "params": [w]})
        for g in GRADIENTS:
            w.grad = torch.tensor([g])
            optimizer.step()
            yield w.item()
    finally:
        torch.set_default_dtype(before)


def by_keras(call):
    optimizer = eval(call, {"keras": keras})
    w = keras.Variable([START], dtype="float64")
    for g in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor([g], dtype="float64")], [w])
        yield float(keras.ops.convert_to_numpy(w.value)[0])


def by_optax(call):
    optimizer, w = eval(call, {"optax": optax}), jnp.array([START])
    optimizer = optax.with_extra_args_support(optimizer)
    state = optimizer.init(w)
    for g in GRADIENTS:
        update, state = optimizer.update(jnp.array([g]), state, w, value=loss_of(g))
        w = optax.apply_updates(w, update)
        yield float(w[0])


RUN = {"torch.": by_torch, "keras.": by_keras, "optax.": by_optax}
CALLS = [
    (call, framework)
    for framework in FRAMEWORKS.values()
    for call in framework.calls
    if call.call[:6] in RUN
]
REGRESSORS = FRAMEWORKS["sklearn"].calls
NETWORKS = [call for call in REGRESSORS if call.call.startswith("MLP")]


def here(call):
    return lookup.optimizer(call, FRAMEWORKS["sklearn"])


@pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("call", "framework"), CALLS, ids=[call.call for call, _ in CALLS])
def test_a_call_is_what_the_table_says(call, framework, monkeypatch):
    # Keras' own takes its means in float32, optax' its decay, MADGRAD the root of a count:
    # test_parity says how far off that is.
    monkeypatch.setattr(keras.optimizers, "Adafactor", KerasAdafactor)
    in_double = partial(factorized.scale_by_factored_rms, decay_rate_fn=decay_in_double)
    monkeypatch.setattr(factorized, "scale_by_factored_rms", in_double)
    monkeypatch.setattr(optax.contrib, "madgrad", counted_in_double(optax.contrib.madgrad))
    theirs = list(RUN[call.call[:6]](call.call))
    # The rate of optax' calls is in the call.
    given = re.search(r"\((\d[^,)]*)", call.call)
    eta = {"eta": float(given[1])} if given and call.call.startswith("optax.") else {}
    stepper, ours = Stepper(lookup.optimizer(call, framework).replace(**eta), [START]), []
    for g in GRADIENTS:
        stepper.step([g], loss=loss_of(g))
        ours += stepper.weights
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("key", ["torch", "keras"])
def test_every_optimizer_is_listed_or_left_out(key):
    module, base = {
        "torch": (torch.optim, torch.optim.Optimizer),
        "keras": (keras.optimizers, keras.optimizers.Optimizer),
    }[key]
    record = FRAMEWORKS[key]
    known = [call.call for call in record.calls] + [*record.left_out]
    named = {each.partition("(")[0].rpartition(".")[2] for each in known}
    offered = {
        name
        for name, each in vars(module).items()
        if isinstance(each, type) and issubclass(each, base) and each is not base
    }
    assert len(offered) > 10
    assert offered - named == set()


X = np.random.default_rng(2).normal(size=(12, 3))
Y = X @ [1.0, -2.0, 0.5]


def test_sgd_regressor():
    (call,) = (each for each in REGRESSORS if each.call.startswith("SGDRegressor"))
    settings = {"fit_intercept": False, "shuffle": False, "max_iter": 2, "tol": None}
    model = eval(call.call, {"SGDRegressor": SGDRegressor}).set_params(**settings).fit(X, Y)
    run = simopt.run(simopt.problems.least_squares(X, Y), here(call), epochs=2).summary
    ours = [run[f"w_{k}"] for k in range(3)]
    np.testing.assert_allclose(ours, model.coef_, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("call", NETWORKS, ids=[call.call for call in NETWORKS])
def test_mlp_regressor(call):
    settings = {
        "hidden_layer_sizes": (), "shuffle": False, "batch_size": 4, "max_iter": 3, "tol": 0.0,
        "n_iter_no_change": 9, "random_state": 0,
    }  # fmt: skip
    model, start = (
        eval(call.call, {"MLPRegressor": MLPRegressor}).set_params(**settings) for _ in range(2)
    )
    start.set_params(max_iter=1, learning_rate_init=1e-300)
    model.fit(X, Y)
    start.fit(X, Y)
    w0 = [*start.coefs_[0].ravel(), *start.intercepts_[0]]
    problem = simopt.problems.least_squares(X, Y, w0=w0, intercept=True)
    # Half the squared error: half the gradient.
    optimizer = here(call)
    if optimizer.name != "Adam":
        optimizer = optimizer.replace(eta=optimizer.settings["eta"] / 2)
    else:
        # sqrt(v) + epsilon halves with the gradient where epsilon doubles.
        optimizer = optimizer.replace(epsilon=2 * optimizer.settings["epsilon"])
    run = simopt.run(problem, optimizer, batch_size=4, epochs=3).summary
    ours = [run[f"w_{k}"] for k in range(4)]
    np.testing.assert_allclose(ours, [*model.coefs_[0].ravel(), *model.intercepts_[0]], rtol=1e-12)
