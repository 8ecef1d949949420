"""Averages of the weights against PyTorch's, optax', Keras' and scikit-learn's own."""

import jax
import keras
import numpy as np
import optax
import pytest
import torch
from sklearn.linear_model import SGDRegressor
from torch.optim import swa_utils

import simopt

POINTS = np.random.default_rng(1).normal(size=(20, 3))
TARGETS = POINTS @ [1.0, -2.0, 0.5] + np.random.default_rng(2).normal(size=20)
PROBLEM = simopt.problems.least_squares(POINTS, TARGETS, w0=[4.0, 4.0, 4.0])
ETA, UPDATES = 0.03, 60
W, AVERAGE = [f"w_{k}" for k in range(3)], [f"average_{k}" for k in range(3)]


def ours(gamma, form, start=0, eta=ETA):
    optimizer = simopt.averaged(simopt.SGD(eta=eta), gamma, form=form, start=start)
    return simopt.run(PROBLEM, optimizer, updates=UPDATES).steps


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("start", [0, 7])
@pytest.mark.parametrize("form", ["first", "mean"])
def test_torch_averaged_model(form, start):
    """update_parameters from an update on; until then the model itself is used."""
    gamma = 0.9 if form == "first" else None
    model = torch.nn.Linear(3, 1, bias=False, dtype=torch.float64)
    torch.nn.init.constant_(model.weight, 4.0)
    average = None if gamma is None else swa_utils.get_ema_multi_avg_fn(gamma)
    averaged = swa_utils.AveragedModel(model, multi_avg_fn=average)
    optimizer = torch.optim.SGD(model.parameters(), lr=ETA)
    used = []
    for t in range(UPDATES):
        row = t % len(POINTS)
        optimizer.zero_grad()
        error = model(torch.tensor(POINTS[row])) - TARGETS[row]
        error.square().sum().backward()
        optimizer.step()
        if t >= start:
            averaged.update_parameters(model)
        shown = averaged.module if t >= start else model
        used.append(shown.weight.detach().numpy()[0].copy())
    same(ours(gamma, form, start)[AVERAGE], used)


@pytest.mark.parametrize("gamma", [0.0, 0.9, 0.999])
def test_optax_ema(gamma):
    steps = ours(gamma, "debiased")
    with jax.enable_x64(True):
        ema = optax.ema(gamma, debias=True)
        state = ema.init(np.zeros(3))
        for w, expected in zip(steps[W].to_numpy(), steps[AVERAGE].to_numpy(), strict=True):
            average, state = ema.update(w, state)
            same(np.asarray(average), expected)


def test_keras_use_ema():
    steps = ours(0.9, "first")
    weight = keras.Variable(np.full(3, 4.0), dtype="float64")
    optimizer = keras.optimizers.SGD(ETA, use_ema=True, ema_momentum=0.9)
    gradients = steps[[f"gradient_{k}" for k in range(3)]].to_numpy()
    for gradient, expected in zip(gradients, steps[AVERAGE].to_numpy(), strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        average = optimizer._model_variables_moving_average[0]
        same([float(average[k]) for k in range(3)], expected)


@pytest.mark.parametrize("first", [1, 8])
def test_sklearn_average(first):
    """``average=k`` averages from the k-th sample on. Its squared error is half of simopt's."""
    model = SGDRegressor(
        penalty=None, fit_intercept=False, learning_rate="constant", eta0=2 * ETA, average=first,
        shuffle=False, max_iter=3, tol=None,
    )  # fmt: skip
    model.fit(POINTS, TARGETS, coef_init=np.full(3, 4.0))
    same(ours(None, "mean", first - 1)[AVERAGE].iloc[-1], model.coef_)


def test_tensorflow_warm_up():
    """``tf.train.ExponentialMovingAverage(0.9, num_updates)`` by its formula."""
    steps = ours(0.9, "warmed")
    average = np.full(3, 4.0)
    for t, (w, expected) in enumerate(
        zip(steps[W].to_numpy(), steps[AVERAGE].to_numpy(), strict=True), start=1
    ):
        decay = min(0.9, (1 + t) / (10 + t))
        average = average - (1 - decay) * (average - w)
        same(average, expected)
