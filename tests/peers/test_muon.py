"""Muon on a network's matrix against optax' and Keras': 200 updates, to 1e-12.

With JAX, Keras takes the norm of a matrix in float32: so it is held to 1e-6, and to 1e-12 with a
norm in float64.

A network's hidden weights are their matrix, transposed, for theirs multiply from the right; its
biases and output weights are vectors to them, as here. PyTorch's iterates in bfloat16.
"""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest

import simopt

UPDATES, POINTS, BATCH = 200, 20, 3
RNG = np.random.default_rng(13)
X, Y = RNG.normal(size=(POINTS, 3)), RNG.normal(size=POINTS)
PROBLEMS = {
    "wide": simopt.problems.network(X, Y, hidden=2, seed=1),
    "square": simopt.problems.network(X, Y, hidden=3, activation="linear", seed=1),
    "tall": simopt.problems.network(X, Y, hidden=6, activation="linear", l2=0.02, seed=1),
    "labels": simopt.problems.network(X, Y > 0, hidden=4, kind="logistic", seed=2),
}


def orders():
    epochs = -(-UPDATES // -(-POINTS // BATCH))
    rows = np.tile(np.arange(POINTS), (epochs, 1))
    return np.random.default_rng(3).permuted(rows, axis=1)


def batches():
    cuts = range(BATCH, POINTS, BATCH)
    return [part for order in orders() for part in np.split(order, cuts)][:UPDATES]


def apart(problem, w):
    """The weights by layer, W as optax and Keras have it."""
    h, p = problem.hidden, problem.columns
    inner, b, a, c = np.split(w, np.cumsum([h * p, h, h]))
    return [inner.reshape(h, p).T, b, a, c]


def together(parts):
    """The weights in simopt's order."""
    return np.concatenate([np.asarray(parts[0]).T.ravel(), *map(np.asarray, parts[1:])])


def optax_weights(problem, made):
    with jax.enable_x64(True):
        weights = [jnp.asarray(each) for each in apart(problem, problem.w0)]
        state, update, seen = made.init(weights), jax.jit(made.update), []
        for rows in batches():
            gradient = apart(problem, problem.gradient(together(weights), rows))
            updates, state = update([jnp.asarray(each) for each in gradient], state, weights)
            weights = optax.apply_updates(weights, updates)
            seen.append(together(weights))
    return np.array(seen)


def norm_in_double(x, axis, keepdims):
    """The Frobenius norm."""
    return keras.ops.sqrt(keras.ops.sum(keras.ops.square(x), axis=axis, keepdims=keepdims))


def keras_weights(problem, made):
    variables = [keras.Variable(each) for each in apart(problem, problem.w0)]
    made.build(variables)
    weights, state = ([each.value for each in part] for part in (variables, made.variables))
    update, seen = jax.jit(made.stateless_apply), []
    for rows in batches():
        gradient = apart(problem, problem.gradient(together(weights), rows))
        weights, state = update(state, [jnp.asarray(each) for each in gradient], weights)
        seen.append(together(weights))
    return np.array(seen)


def assert_equal(problem, optimizer, expected, tolerance=1e-12):
    """By `run`; the engine is held to it in tests/test_muon.py, and here on one problem."""
    plan = {"batch_size": BATCH, "updates": UPDATES, "order": orders()}
    frames = [simopt.run(problem, optimizer, **plan).steps]
    if problem is PROBLEMS["tall"] and not optimizer.switches:
        frames.append(simopt.sweep(problem, optimizer, record="steps", **plan))
    for frame in frames:
        ours = frame[[f"w_{k}" for k in range(problem.d)]].to_numpy()
        assert ours.shape == expected.shape
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance * scale)
    assert np.abs(expected[-1] - expected[-2]).max() > 1e-4  # it has not arrived


SETTINGS = {
    "default": {},
    "no Nesterov": {"nesterov": False, "others": "AdamW"},
    "rms": {"scale": "match_rms_adamw"},
    "decay": {"weight_decay": 0.1, "adam_ratio": 0.5, "beta": 0.8, "beta1": 0.7, "beta2": 0.9},
}


#: Every problem at the defaults, and every setting on two of them.
CASES = [
    (name, settings)
    for name in PROBLEMS
    for settings in SETTINGS
    if settings == "default" or name in ("wide", "tall")
]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_optax(name, settings):
    """One epsilon for both halves; its AdamW looks ahead where its momentum does."""
    problem = PROBLEMS[name]
    ours = simopt.Muon(eta=0.01, convention="optax", **SETTINGS[settings])
    h, switches = ours.settings, dict(ours.switches)
    assert h["epsilon"] == h["epsilon2"]
    theirs = optax.contrib.muon(
        h["eta"],
        beta=h["beta"],
        eps=h["epsilon"],
        weight_decay=h["weight_decay"],
        nesterov=switches.get("nesterov", True),
        adam_b1=h["beta1"],
        adam_b2=h["beta2"],
        adam_weight_decay=h["weight_decay"] / h["adam_ratio"],
        adam_learning_rate=h["adam_ratio"] * h["eta"],
        consistent_rms=0.2 if "scale" in switches else None,
    )
    assert_equal(problem, ours, optax_weights(problem, theirs))


@pytest.mark.parametrize(
    ("name", "settings", "tolerance"),
    [
        *((name, settings, 1e-12) for name, settings in CASES if settings != "rms"),
        ("wide", "default", 1e-6),
    ],
)
def test_keras(name, settings, tolerance, monkeypatch):
    if tolerance < 1e-6:
        monkeypatch.setattr("keras.src.ops.norm", norm_in_double)
    problem = PROBLEMS[name]
    ours = simopt.Muon(eta=0.01, convention="keras", **SETTINGS[settings])
    h, switches = ours.settings, dict(ours.switches)
    theirs = keras.optimizers.Muon(
        learning_rate=h["eta"],
        momentum=h["beta"],
        nesterov=switches.get("nesterov", True),
        weight_decay=h["weight_decay"],
        epsilon=h["epsilon"],
        adam_beta_1=h["beta1"],
        adam_beta_2=h["beta2"],
        adam_weight_decay=h["weight_decay"],
        adam_lr_ratio=h["adam_ratio"],
    )
    assert_equal(problem, ours, keras_weights(problem, theirs), tolerance)
