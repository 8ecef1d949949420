"""
Your own update rule
====================

A rule is a plain Python function of one weight. simopt compiles it into the same loops as the
rules that it ships, so that it can be swept, compared and diagnosed like them.
"""

# %%
# An argument without a default is state, carried from update to update; one with a default is a
# hyperparameter. The function returns the new weight and the new state.

import numpy as np

import simopt


def sign_momentum(w, g, eta, v, beta=0.9):
    """A step of size eta against the sign of a fading mean of the gradient."""
    v = beta * v + (1 - beta) * g
    return w - eta * np.sign(v), v


SignMomentum = simopt.rule(sign_momentum, name="SignMomentum")
SignMomentum(eta=[0.1, 0.5], beta=[0.0, 0.9])

# %%
# One trajectory first: every update with its gradient and state, on four points of the line y = 5x.

four = simopt.problems.four_points()
simopt.run(four, SignMomentum(eta=0.5), epochs=2).steps[["step", "gradient", "v", "w", "loss"]]

# %%
# Then many. A fair comparison gives every optimizer its own best rate; a robust one asks for the
# worst of five neighbouring rates, so that one lucky rate does not win.

hubble = simopt.problems.hubble()
rivals = [
    SignMomentum(eta=np.geomspace(0.1, 1e3, 60)),
    simopt.Momentum(eta=np.geomspace(1e-4, 1, 60)),
    simopt.Adam(eta=np.geomspace(0.1, 1e3, 60)),
]
frame = simopt.sweep(hubble, rivals, batch_size=4, epochs=30, shuffle="epoch", seed=range(20))
frame["excess"] = simopt.measures.excess(frame, hubble)
median = simopt.measures.bands(frame, ["optimizer", "eta"])
simopt.measures.tuned(median, ["optimizer"])

# %%
# A step of fixed size can't come to rest: it oscillates around the optimum at a distance of about
# eta. A schedule that decays to 0 mends that.

from simopt import schedules

late = simopt.sweep(
    hubble,
    SignMomentum(eta=np.geomspace(0.1, 1e3, 60)),
    schedule=[None, schedules.cosine()],
    batch_size=4,
    epochs=30,
    shuffle="epoch",
    seed=range(20),
)
late["excess"] = simopt.measures.excess(late, hubble)
late["decay"] = np.where(late["schedule"].isna(), "none", "cosine")
late.groupby(["decay", "eta"])["excess"].median().groupby("decay").min()

# %%
# A rule may step along a matrix of weights as a whole: the hidden layer of a network, a row per
# unit. ``matrix`` takes what the rule takes, weights, gradient and state being arrays there, and
# changes them in place. Biases and output weights are in no matrix: they go by the rule itself.
#
# Here momentum is orthogonalised, all its singular values made 1. Muon does nearly that, by five
# products of matrices in place of a decomposition.


def momentum(w, g, eta, m, beta=0.9):
    """Weights in no matrix."""
    m = beta * m + g
    return w - eta * m, m


def orthogonal(w, g, eta, m, beta):
    """The matrix of weights: w, g and m are arrays."""
    m[:] = beta * m + g
    u, _, v = np.linalg.svd(m, full_matrices=False)
    w[:] -= eta * (u @ v)


Orthogonal = simopt.rule(momentum, matrix=orthogonal, name="Orthogonal")

x = np.random.default_rng(0).normal(size=(64, 4))
layers = simopt.problems.network(x, np.sin(x @ [1.0, -1.0, 0.5, 0.3]), hidden=6)
rates = np.geomspace(1e-3, 1, 13)
rivals = [Orthogonal(eta=rates), simopt.Muon(eta=rates), simopt.Momentum(eta=rates)]
frame = simopt.sweep(layers, rivals, batch_size=8, epochs=30, shuffle="epoch", seed=range(4))
by_rate = frame.groupby(["optimizer", "eta"])["loss"].median()
by_rate.loc[by_rate.groupby("optimizer").idxmin()]

# %%
# The singular values of its first step:

steps = simopt.run(layers, Orthogonal(eta=0.1), batch_size="full").steps
first = steps[[f"w_{k}" for k in range(24)]].to_numpy()[0] - layers.w0[:24]
np.linalg.svd(first.reshape(6, 4))[1].round(6)

# %%
# **What to do next.** `simopt.conformance.check` tells whether your rule is a known one under
# another name; `simopt.walkthrough` writes its steps out, number by number.
