"""Weights left out of decay and clipping: each framework's own way, to 1e-12."""

import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from sklearn.linear_model import SGDRegressor

import simopt

RNG = np.random.default_rng(11)
X = RNG.normal(size=(12, 3))
Y = X @ [1.0, -2.0, 0.5] + 3.0
START = [2.0, -1.0, 0.3, 0.7]
UPDATES = 50


def ours(optimizer, **options):
    problem = simopt.problems.least_squares(X, Y, intercept=True, w0=START)
    settings = {"batch_size": "full", "updates": UPDATES} | options
    row = simopt.sweep(problem, optimizer, **settings).iloc[0]
    run = simopt.run(problem, optimizer, **settings).summary
    names = [f"w_{k}" for k in range(4)]
    np.testing.assert_allclose(row[names].astype(float), run[names].astype(float), 1e-12, 1e-13)
    return run[names].astype(float).to_numpy()


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (torch.optim.SGD, simopt.SGD),
        (torch.optim.Adam, simopt.Adam),
        (torch.optim.AdamW, simopt.AdamW),
    ],
)
@pytest.mark.parametrize("bounded", [False, True])
def test_torch_has_groups(make, rule, bounded):
    w = torch.tensor(START[:3], dtype=torch.float64, requires_grad=True)
    b = torch.tensor(START[3], dtype=torch.float64, requires_grad=True)
    groups = [{"params": [w]}, {"params": [b], "weight_decay": 0.0}]
    optimizer = make(groups, lr=0.05, weight_decay=0.2)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        ((torch.tensor(X) @ w + b - torch.tensor(Y)) ** 2).mean().backward()
        if bounded:
            torch.nn.utils.clip_grad_norm_([w], 0.5)
        optimizer.step()
    options = {"clip_norm": 0.5, "no_clip": ["intercept"]} if bounded else {}
    same = ours(
        rule(eta=0.05, weight_decay=0.2, convention="torch"), no_decay=["intercept"], **options
    )
    np.testing.assert_allclose(same, [*w.tolist(), b.item()], rtol=1e-12)
    decayed = ours(rule(eta=0.05, weight_decay=0.2, convention="torch"), **options)
    assert abs(decayed - same).max() > 1e-3


def test_optax_has_a_mask():
    mask = [True, False, True, False]
    optimizer = optax.adamw(0.05, weight_decay=0.2, mask=mask)
    weights = [jnp.array(each, jnp.float64) for each in START]
    state = optimizer.init(weights)
    points = np.c_[X, np.ones(len(X))]
    for _ in range(UPDATES):
        gradient = 2 * points.T @ (points @ np.array(weights) - Y) / len(Y)
        steps, state = optimizer.update(list(map(jnp.array, gradient)), state, weights)
        weights = optax.apply_updates(weights, steps)
    same = ours(simopt.AdamW(eta=0.05, weight_decay=0.2, convention="optax"), no_decay=[1, 3])
    np.testing.assert_allclose(same, np.array(weights), rtol=1e-12)


LAMB = simopt.LAMB(eta=0.05, weight_decay=0.2, convention="optax")
LARS = simopt.LARS(eta=0.5, trust=0.05, weight_decay=0.2, convention="optax")
MASK = [True, False, True, False]


@pytest.mark.parametrize(
    ("optimizer", "before", "behind"),
    [
        (
            LAMB,
            optax.chain(optax.scale_by_adam(eps=1e-6), optax.add_decayed_weights(0.2, MASK)),
            optax.chain(optax.scale_by_trust_ratio(), optax.scale_by_learning_rate(0.05)),
        ),
        (
            LARS,
            optax.add_decayed_weights(0.2, MASK),
            optax.chain(
                optax.scale_by_trust_ratio(trust_coefficient=0.05),
                optax.scale_by_learning_rate(0.5),
                optax.trace(0.9),
            ),
        ),
    ],
    ids=["LAMB", "LARS"],
)
def test_a_trust_ratio_behind_a_mask_of_optax(optimizer, before, behind):
    """The chains of optax.lamb and optax.lars; a mask is about arrays, a ratio is of one.

    So weights are masked one by one, and one array for the ratio.
    """
    weights = [jnp.array(each, jnp.float64) for each in START]
    states = before.init(weights), behind.init(jnp.stack(weights))
    points = np.c_[X, np.ones(len(X))]
    for _ in range(UPDATES):
        gradient = 2 * points.T @ (points @ np.array(weights) - Y) / len(Y)
        steps, first = before.update(list(map(jnp.array, gradient)), states[0], weights)
        moved, second = behind.update(jnp.stack(steps), states[1], jnp.stack(weights))
        states = first, second
        weights = list(jnp.stack(weights) + moved)
    same = ours(optimizer, no_decay=[1, 3])
    np.testing.assert_allclose(same, np.array(weights), rtol=1e-11)
    assert abs(ours(optimizer) - same).max() > 1e-3


def test_keras_excludes_variables():
    optimizer = keras.optimizers.AdamW(0.05, weight_decay=0.2)
    w = keras.Variable(np.array(START[:3]), dtype="float64", name="kernel")
    b = keras.Variable(START[3], dtype="float64", name="bias")
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build([w, b])
    for _ in range(UPDATES):
        error = X @ np.asarray(w.value) + np.asarray(b.value) - Y
        optimizer.apply([jnp.array(2 * X.T @ error / len(Y)), jnp.array(2 * error.mean())], [w, b])
    same = ours(
        simopt.AdamW(eta=0.05, weight_decay=0.2, convention="keras"), no_decay=["intercept"]
    )
    np.testing.assert_allclose(same, [*np.asarray(w.value), float(b.value)], rtol=1e-12)


def test_scikit_learn_never_decays_an_intercept():
    """Point by point in file order; half the squared error, so its rate is 2 eta."""
    theirs = SGDRegressor(
        alpha=0.3, learning_rate="constant", eta0=0.02, max_iter=3, tol=None, shuffle=False
    )
    theirs.fit(X, Y, coef_init=START[:3], intercept_init=START[3])
    # Its decay is eta0 alpha w: half of alpha where the rate is twice eta.
    optimizer = simopt.SGD(eta=0.01, weight_decay=0.6, convention="sklearn")
    same = ours(optimizer, batch_size=1, updates=None, epochs=3)
    np.testing.assert_allclose(same, [*theirs.coef_, *theirs.intercept_], rtol=1e-12)
