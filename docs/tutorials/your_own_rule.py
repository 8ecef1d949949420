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
# **What to do next.** `simopt.conformance.check` tells whether your rule is a known one under
# another name; `simopt.walkthrough` writes its steps out, number by number.
