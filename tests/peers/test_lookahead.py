"""Lookahead against optax' own."""

import jax
import numpy as np
import optax
import pytest

import simopt

BASES = {
    "SGD": (simopt.SGD(eta=0.03), optax.sgd(0.03)),
    "Adam": (simopt.Adam(eta=0.3, convention="optax"), optax.adam(0.3)),
}


@pytest.mark.parametrize(("slow_step", "every"), [(0.5, 5), (0.8, 1), (0.2, 7)])
@pytest.mark.parametrize("name", BASES)
def test_optax(name, slow_step, every):
    points = np.random.default_rng(1).normal(size=(20, 3))
    problem = simopt.problems.least_squares(points, points @ [1.0, -2.0, 0.5], w0=[4.0, 4.0, -4.0])
    base, theirs = BASES[name]
    optimizer = simopt.lookahead(base, slow_step, every, evaluated="slow")
    steps = simopt.run(problem, optimizer, batch_size=4, updates=60).steps
    with jax.enable_x64(True):
        transform = optax.lookahead(theirs, every, slow_step)
        params = optax.LookaheadParams.init_synced(np.array(problem.w0))
        state, fast, slow = transform.init(params), [], []
        for t in range(60):
            rows = np.arange(4) + 4 * (t % 5)
            gradient = problem.gradient(np.asarray(params.fast), rows)
            updates, state = transform.update(gradient, state, params)
            params = optax.apply_updates(params, updates)
            fast.append(np.asarray(params.fast))
            slow.append(np.asarray(params.slow))
    for column, expected in (("w", fast), ("slow", slow)):
        ours = steps[[f"{column}_{k}" for k in range(3)]]
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        steps["loss"], [problem.loss(each) for each in slow], rtol=1e-11, atol=1e-13
    )
