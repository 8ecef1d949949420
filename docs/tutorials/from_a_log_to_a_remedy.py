"""
From a log to a remedy
======================

A training log shows what went wrong; the remedy should be tried before it is believed. Read the
log, read the diagnosis, try the advice on the same problem, take what helped most.
"""

# %%
# A log to read. Yours comes from Keras, Lightning, TensorBoard or your own ``print``; this one is
# of Momentum on Hubble's 24 nebulae, at a rate that is too large.

import tempfile
from pathlib import Path

import simopt

hubble = simopt.problems.hubble()
momentum = simopt.Momentum(eta=0.5)
plan = {"batch_size": 4, "epochs": 40, "shuffle": "epoch"}

log = Path(tempfile.mkdtemp()) / "log.csv"
epochs = simopt.sweep(hubble, momentum, record="epochs", **plan)
epochs[["epoch", "loss"]].to_csv(log, index=False)
print(simopt.read_log(log))

# %%
# `simopt.read_log` says what it found in the file, `simopt.diagnose` what the curve shows. What
# trained is optional: with it the advice has numbers.

diagnosis = simopt.diagnose(log, optimizer=momentum)
print(diagnosis)

# %%
# The advice is a guess until it is tried. `simopt.prescribe` runs every fix on the same problem, in
# 64 orders of the points, with as many gradients as the training itself had.

fixes = simopt.prescribe(hubble, momentum, **plan)
fixes[["fix", "settings", "improved", "diverged", "cost"]].round(2)

# %%
# ``improved`` is the share of orders in which the loss ended lower. The best fix comes as code:

print(fixes.attrs["code"][fixes.attrs["best"]])

# %%
# **What to do next.** ``diagnosis.page("diagnosis.html")`` writes a page with the evidence marked,
# and ``simopt diagnose log.csv`` does the same from a shell: :doc:`/how_to/training_logs`. Your own
# network is not a problem that simopt knows; try the fixes in the order of this table there.
