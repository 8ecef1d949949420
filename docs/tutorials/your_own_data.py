"""
Your own data, in ten lines
===========================

Which learning rate and batch size fit a table of yours, and how sensitive is the answer? Read the
table, sweep a grid of settings in one call, look at the best and at its neighbours.
"""

# %%
# Here it is a table that comes with simopt: 442 patients, ten measurements, and the progression of
# their diabetes one year on. Features of different units are standardised first: with a blood value
# of 200 beside a ratio of 4, no single learning rate fits both. What else becomes of a column is in
# the how-to page on problems.

import numpy as np

import simopt

table = simopt.problems.DATA / "diabetes.csv"
problem = simopt.problems.read_table(table, "progression", standardize=True)
problem

# %%
# A sequence is an axis of the sweep: 41 rates for each of two optimizers, three batch sizes, ten
# seeds for the order of the points. That is 2,460 training runs.

optimizers = [
    simopt.SGD(eta=np.geomspace(1e-3, 1, 41)),
    simopt.Adam(eta=np.geomspace(1e-1, 1e2, 41)),
]
frame = simopt.sweep(
    problem, optimizers, batch_size=[16, 64, 442], seed=range(10), shuffle="epoch", epochs=20
)
print(f"{len(frame):,} runs, {frame.attrs['updates']:,} updates, {frame.attrs['seconds']:.2f} s")

# %%
# The loss is compared as *excess*: what is left above the least possible loss, as a share of what
# there was at the start. `simopt.measures.bands` takes medians over the seeds; the best row of each
# optimizer and batch size is an answer.

frame["excess"] = simopt.measures.excess(frame, problem)
median = simopt.measures.bands(frame, ["optimizer", "batch_size", "eta"])
best = median.loc[median.groupby(["optimizer", "batch_size"])["median"].idxmin()]
best.round(5)

# %%
# How far may the rate be off? A wide valley forgives a guess, a narrow one does not.

from matplotlib import pyplot as plt

for (optimizer, size), rows in median[median["batch_size"] != 64].groupby(
    ["optimizer", "batch_size"]
):
    style = "-" if size == 16 else "--"
    plt.plot(rows["eta"], rows["median"], style, label=f"{optimizer}, batch size {size}")
plt.loglog()
plt.ylim(1e-6, 10)
plt.xlabel("learning rate eta")
plt.ylabel("excess loss, median of ten seeds")
plt.legend()
plt.title("Excess loss after 20 epochs against the learning rate")
plt.show()

# %%
# **What to do next.** `simopt.problems.logistic` makes a problem with labels 0 and 1. Let
# `simopt.batch_size` tune every batch size and fit how many steps a target takes; add ``schedule=``
# to decay the rate (`simopt.schedules`); or have ``reduce="seed"`` keep the statistics alone, when
# the grid grows to millions.
