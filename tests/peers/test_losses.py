"""Losses that PyTorch has too: its own losses, by autograd, in a plain training loop."""

import numpy as np
import pytest
import torch

import simopt

TOLERANCE = 1e-12
UPDATES = 200

rng = np.random.default_rng(21)
POINTS = 29
X = rng.normal(size=(POINTS, 10))
Z = X @ np.linspace(-0.5, 0.5, 10)
NOISE = rng.normal(size=POINTS)
WILD = Z + NOISE + np.where(rng.random(POINTS) < 0.2, 20.0, 0.0)
COUNTS = rng.poisson(np.exp(Z)).astype(float)

huber, poisson, network = simopt.problems.huber, simopt.problems.poisson, simopt.problems.network


def huber_loss(problem):
    (delta,) = problem.parameters
    return lambda z, y: torch.nn.functional.huber_loss(z, y, delta=delta)


def poisson_loss(problem):
    return lambda z, y: torch.nn.functional.poisson_nll_loss(z, y, log_input=True, full=False)


PROBLEMS = {
    "huber, a line": (huber(X[:, 0], 3 * X[:, 0] + NOISE, w0=-4.0), huber_loss),
    "huber, outliers": (huber(X, WILD, delta=1.35, w0=1.0, l2=0.03), huber_loss),
    "huber, a network": (network(X[:, :3], WILD, hidden=4, kind="huber", delta=0.5), huber_loss),
    "poisson, a line": (poisson(X[:, 0], COUNTS, intercept=False, w0=0.5), poisson_loss),
    "poisson, counts": (poisson(X, COUNTS, intercept=False, w0=0.2, l2=0.03), poisson_loss),
    "poisson, a network": (network(X[:, :3], COUNTS, hidden=4, kind="poisson"), poisson_loss),
}
OPTIMIZERS = {
    "SGD": (simopt.SGD(eta=0.02), lambda w: torch.optim.SGD(w, lr=0.02)),
    "Momentum": (
        simopt.Momentum(eta=0.003, beta=0.8, convention="torch"),
        lambda w: torch.optim.SGD(w, lr=0.003, momentum=0.8),
    ),
    "Adam": (
        simopt.Adam(eta=0.01, convention="torch"),
        lambda w: torch.optim.Adam(w, lr=0.01),
    ),
}


def predict(problem, w, x):
    """The model, as its users write it."""
    if not problem.hidden:
        return x @ w
    h, p = problem.hidden, problem.columns
    inner, b, a, c = torch.split(w, [h * p, h, h, 1])
    return torch.tanh(x @ inner.reshape(h, p).T + b) @ a + c


def trained(problem, loss, make, orders, batch_size):
    """The weights of every update, by autograd."""
    x, y, l2 = map(torch.tensor, (problem.x, problem.y, problem.l2))
    w = torch.tensor(problem.w0, requires_grad=True)
    optimizer = make([w])
    rows = []
    for order in orders:
        for start in range(0, problem.n, batch_size):
            at = torch.tensor(order[start : start + batch_size])
            optimizer.zero_grad()
            penalty = (l2 * w * w).sum() / 2
            (loss(predict(problem, w, x[at]), y[at]) + penalty).backward()
            optimizer.step()
            rows.append(w.detach().numpy().copy())
    return np.array(rows)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("where", PROBLEMS)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_training_is_pytorchs(where, name, batch_size):
    problem, loss_of = PROBLEMS[where]
    ours, make = OPTIMIZERS[name]
    epochs = -(-UPDATES // -(-problem.n // batch_size))
    order = np.array([rng.permutation(problem.n) for _ in range(epochs)])
    plan = {"batch_size": batch_size, "epochs": epochs, "order": order, "divergence": None}
    expected = trained(problem, loss_of(problem), make, order, batch_size)
    assert len(expected) >= UPDATES
    assert np.isfinite(expected).all()
    atol = TOLERANCE * max(1.0, np.abs(expected).max())
    columns = ["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)]
    traced = simopt.run(problem, ours, **plan).steps[columns].to_numpy()
    np.testing.assert_allclose(traced, expected, rtol=0, atol=atol)
    # Compiled, with the orders as they are given.
    swept = simopt.sweep(problem, ours, record="steps", **plan)[columns].to_numpy()
    np.testing.assert_allclose(swept, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("where", PROBLEMS)
def test_the_loss_and_its_gradient_are_pytorchs(where):
    problem, loss_of = PROBLEMS[where]
    w = torch.tensor(problem.w0 + 0.1, requires_grad=True)
    x, y, l2 = map(torch.tensor, (problem.x, problem.y, problem.l2))
    loss = loss_of(problem)(predict(problem, w, x), y) + (l2 * w * w).sum() / 2
    loss.backward()
    assert problem.loss(w.detach().numpy()) == pytest.approx(loss.item(), rel=1e-13)
    np.testing.assert_allclose(
        problem.gradient(w.detach().numpy()), w.grad.numpy(), rtol=1e-12, atol=1e-14
    )
