"""Polyak's step by rules that ask for the batch's loss, and by optax: 200 updates, to 1e-12."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import simopt
from tests.test_batch_losses import squares

UPDATES, POINTS, BATCH = 200, 20, 3
RNG = np.random.default_rng(12)
X, Y = RNG.normal(size=(POINTS, 3)), RNG.normal(size=POINTS)
#: The loss of points by weights, as jax writes it; a penalty of 0.1 on all of them.
PROBLEMS = {
    "squares": (
        simopt.problems.least_squares(X, Y, w0=1.0, l2=0.1),
        lambda w, x, y: jnp.mean((x @ w - y) ** 2),
    ),
    "labels": (
        simopt.problems.logistic(X, Y > 0, w0=1.0, l2=0.1, intercept=False),
        lambda w, x, y: jnp.mean(jnp.logaddexp(0.0, x @ w) - y * (x @ w)),
    ),
}


def polyak(step, gradients, loss, eta, scaling, least, epsilon):
    """optax scales the gradient first: its square is of the scaled one, unlike in its docstring.

    The guard is at the spacing of numbers at 1.
    """
    gradients = scaling * scaling * gradients + epsilon
    ahead = (loss - least) / gradients if gradients > 2.0**-52 else 0.0
    return (scaling * (ahead if ahead < eta else eta),)


def scaled(w, g, eta, step, scaling=1.0, least=0.0, epsilon=0.0):
    return w - step * g


POLYAK = simopt.rule(scaled, clock=polyak, terms=squares, name="PolyakSGD", eta=1.0)


def orders():
    epochs = -(-UPDATES // -(-POINTS // BATCH))
    rows = np.tile(np.arange(POINTS), (epochs, 1))
    return np.random.default_rng(3).permuted(rows, axis=1)


@pytest.mark.parametrize(
    "settings",
    [
        {"eta": 1.0},
        {"eta": 0.05, "scaling": 0.7},
        {"eta": 0.3, "least": 0.2, "epsilon": 0.1, "scaling": 1.3},
        {"eta": 0.3, "least": 0.4, "epsilon": 0.1, "variant": "sps+"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_step_is_optax(name, settings):
    problem, mean = PROBLEMS[name]
    named = {"eta": "max_learning_rate", "least": "f_min", "epsilon": "eps"}
    with jax.enable_x64(True):
        theirs = optax.polyak_sgd(**{named.get(key, key): v for key, v in settings.items()})
        w = jnp.asarray(problem.w0)
        state, weights = theirs.init(w), []
        of = jax.jit(jax.value_and_grad(lambda w, x, y: mean(w, x, y) + 0.05 * jnp.sum(w * w)))
        cuts = range(BATCH, POINTS, BATCH)
        for rows in [part for order in orders() for part in np.split(order, cuts)][:UPDATES]:
            value, gradient = of(w, jnp.asarray(problem.x[rows]), jnp.asarray(problem.y[rows]))
            updates, state = theirs.update(gradient, state, w, value=value)
            w = optax.apply_updates(w, updates)
            weights.append(np.asarray(w))
    plan = {"batch_size": BATCH, "updates": UPDATES, "order": orders()}
    gap = {"sps": "signed", "sps+": "positive"}[settings.get("variant", "sps")]
    own = {"eta": "largest", "scaling": "eta"}
    shipped = {own.get(key, key): v for key, v in settings.items() if key != "variant"}
    made = [simopt.PolyakSGD(gap=gap, convention="optax", **shipped)]
    made += [POLYAK(**settings)] if gap == "signed" else []
    expected = np.array(weights)
    columns = [f"w_{k}" for k in range(3)]
    for frame in (
        *(simopt.run(problem, each, **plan).steps for each in made),
        *(simopt.sweep(problem, each, record="steps", **plan) for each in made),
    ):
        ours = frame[columns].to_numpy()
        assert ours.shape == expected.shape
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    assert np.abs(np.diff(expected[-9:], axis=0)).max() > 1e-6  # it has not arrived
