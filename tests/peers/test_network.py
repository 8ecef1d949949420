"""A small network trained by PyTorch, with its own gradients and optimizers: 200 updates, to 1e-12.

The order of the weights is PyTorch's, so that `parameters_to_vector` is what there is to compare.
"""

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import simopt

UPDATES, POINTS, BATCH = 200, 20, 3
RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(POINTS, 2)), RNG.normal(size=POINTS)
PROBLEMS = {
    "squares": simopt.problems.network(X, Y, hidden=5, seed=1),
    "labels": simopt.problems.network(X, Y > 0, hidden=3, kind="logistic", seed=2),
    "one column": simopt.problems.network(X[:, 0], Y, hidden=8),
    "linear units": simopt.problems.network(X, Y, hidden=5, activation="linear", seed=1),
}
#: Rates at which 200 updates do not arrive: see `tests.peers.test_parity`.
OPTIMIZERS = {
    "SGD": (simopt.SGD(eta=0.02), lambda w: torch.optim.SGD(w, lr=0.02)),
    "Momentum": (
        simopt.Momentum(eta=0.01, beta=0.8),
        lambda w: torch.optim.SGD(w, lr=0.01, momentum=0.8),
    ),
    "Nesterov": (
        simopt.Nesterov(eta=0.01, beta=0.8),
        lambda w: torch.optim.SGD(w, lr=0.01, momentum=0.8, nesterov=True),
    ),
    "Adam": (
        simopt.Adam(eta=0.003, epsilon=0.1, convention="torch"),
        lambda w: torch.optim.Adam(w, lr=0.003, eps=0.1),
    ),
    "AdamW": (
        simopt.AdamW(eta=0.003, epsilon=0.1, weight_decay=0.1, convention="torch"),
        lambda w: torch.optim.AdamW(w, lr=0.003, eps=0.1, weight_decay=0.1),
    ),
}


def network_of(problem):
    network = torch.nn.Sequential(
        torch.nn.Linear(problem.x.shape[1], problem.hidden),
        torch.nn.Tanh() if problem.activation == "tanh" else torch.nn.Identity(),
        torch.nn.Linear(problem.hidden, 1),
    ).double()
    vector_to_parameters(torch.tensor(problem.w0), network.parameters())
    return network


def loss_of(problem, network, rows):
    z = network(torch.tensor(problem.x[rows]))[:, 0]
    y = torch.tensor(problem.y[rows])
    if problem.squared:
        return torch.nn.functional.mse_loss(z, y)
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y)


def batches():
    epochs = -(-UPDATES // -(-POINTS // BATCH))
    rows = np.tile(np.arange(POINTS), (epochs, 1))
    return np.random.default_rng(3).permuted(rows, axis=1)


@pytest.mark.parametrize("name", PROBLEMS)
def test_gradients_are_autograds(name):
    problem = PROBLEMS[name]
    for w in RNG.normal(size=(20, problem.d)):
        network = network_of(problem.replace(w0=w))
        loss = loss_of(problem, network, slice(None))
        loss.backward()
        found = torch.cat([each.grad.ravel() for each in network.parameters()])
        np.testing.assert_allclose(problem.gradient(w), found.numpy(), rtol=1e-12, atol=1e-14)
        assert problem.loss(w) == pytest.approx(loss.item(), rel=1e-13)


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_training_is_pytorchs(name, rule):
    problem, (optimizer, make) = PROBLEMS[name], OPTIMIZERS[rule]
    network, orders = network_of(problem), batches()
    theirs = make(network.parameters())
    rows = [part for order in orders for part in np.split(order, range(BATCH, POINTS, BATCH))]
    weights = []
    for batch in rows[:UPDATES]:
        theirs.zero_grad()
        loss_of(problem, network, batch).backward()
        theirs.step()
        weights.append(parameters_to_vector(network.parameters()).detach().numpy().copy())
    expected = np.array(weights)
    how = {"batch_size": BATCH, "updates": UPDATES, "order": orders}
    steps = simopt.run(problem, optimizer, **how).steps
    frame = simopt.sweep(problem, optimizer, record="steps", **how)
    scale = max(1.0, np.abs(expected).max())
    for found in (steps, frame):
        ours = found[[f"w_{k}" for k in range(problem.d)]].to_numpy()
        assert ours.shape == expected.shape
        assert np.abs(ours - expected).max() <= 1e-12 * scale
    last = np.abs(expected[-1] - expected[-2]).max()
    assert last > 1e-5  # it has not arrived
