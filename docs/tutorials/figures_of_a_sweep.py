"""
Three figures that every sweep wants
====================================

How sensitive is a rule to its learning rate, where in the plane of two hyperparameters does it
work, and how does the loss get there? `simopt.plot` draws the three from a sweep's table.
"""

# %%
# A figure is matplotlib's own, drawn without pyplot: it opens no window and leaves
# ``matplotlib.rcParams`` as they are. ``figure.savefig("rates.svg")`` keeps it, and its axes can be
# changed as any others.

import numpy as np

import simopt

hubble = simopt.problems.hubble()
rates = np.geomspace(1e-3, 1e2, 61)
rules = [simopt.SGD(eta=rates), simopt.Momentum(eta=rates), simopt.Adam(eta=10 * rates)]
frame = simopt.sweep(hubble, rules, epochs=20, shuffle="epoch", seed=range(20))

sensitivity = simopt.plot.sensitivity(frame, hubble)
_ = sensitivity.axes[0].set_title("Twenty epochs on Hubble's data: median, and 5 to 95 % band")

# %%
# A cross at the upper rim marks the first rate at which a trajectory diverged. Adam's steps are of
# the size of its rate, whatever the gradient's: weights near 450 are far away for small rates.
#
# Momentum and rate depend on each other. The map has the loss in five classes of equally many
# cells, the best the brightest; settings that diverged are hatched.

plane = simopt.sweep(
    hubble, simopt.Momentum(eta=np.geomspace(1e-3, 1, 49), beta=np.linspace(0, 0.98, 30)), epochs=20
)
heatmap = simopt.plot.heatmap(plane, "eta", "beta", hubble)
_ = heatmap.axes[0].set_title("Momentum on Hubble's data after twenty epochs")

# %%
# And a few trajectories, update by update: each at the rate that is best by its median.

bands = simopt.measures.bands(
    frame.assign(excess=simopt.measures.excess(frame, hubble)), ["optimizer", "eta"]
)
best = simopt.measures.best(bands, ["optimizer"]).set_index("optimizer")["eta"]
best

# %%
runs = [
    simopt.run(hubble, rule.replace(eta=best[rule.name]), epochs=20, shuffle="epoch")
    for rule in rules
]
losses = simopt.plot.loss(runs, hubble)
_ = losses.axes[0].set_title("The loss by update, each rule at its best rate")

# %%
# **What to do next.** Without the problem ``simopt.plot.sensitivity(frame)`` draws the loss itself;
# ``by="batch_size"`` has a line for each batch size; ``simopt.plot.loss`` takes a sweep's table
# with ``record="epochs"`` too, and then draws bands. Several rules on your own points are a page:
# ``simopt walkthrough --data points.csv --optimizer all --page board.html``.
