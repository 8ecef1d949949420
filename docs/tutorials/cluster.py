"""
A sweep on a cluster
====================

The call stays the same: ``client=`` says where the pieces of the sweep are computed. It takes any
``concurrent.futures`` executor, a Dask ``Client`` or Ray. Every row depends on its own settings
and seed alone, so the table has the same bits wherever it was computed.
"""

# %%
# The problem, the optimizers and the plan. A worker process imports this file, as Python's process
# pools do, so what starts workers must stand behind ``if __name__ == "__main__"``.

import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import simopt

problem = simopt.problems.diabetes()
adam = simopt.Adam(eta=np.geomspace(0.1, 100, 64), beta1=[0.0, 0.9])
plan = {"batch_size": [8, 128], "shuffle": "epoch", "seed": range(40), "epochs": 10}


def workers(count):
    """A local Dask cluster if Dask is installed, else a pool of processes."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, mp_context=spawn)
    return Client(LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None))


# %%
# Two workers, and the same sweep here: the two tables are equal to the last bit. With ``store=``
# the rows go to a folder, a Parquet file per chunk; when the program is killed, the same call
# resumes.

if __name__ == "__main__":
    here = simopt.sweep(problem, adam, **plan)
    with workers(2) as client, tempfile.TemporaryDirectory() as folder:
        there = simopt.sweep(problem, adam, **plan, client=client, store=folder)
        best = simopt.load(folder, columns=["eta", "beta1", "batch_size", "seed", "loss"])
    print("equal:", there.equals(here))
    print(best.sort_values("loss").head(3).to_string(index=False))

# %%
# On a real cluster only the client differs::
#
#     from dask_jobqueue import SLURMCluster
#     cluster = SLURMCluster(cores=1, memory="2GB")
#     cluster.scale(200)
#     frame = simopt.sweep(problem, adam, **plan, client=Client(cluster), store="results/adam")
#
# **What to do next.** When rows are too many to keep, ``reduce="seed"`` keeps exact statistics over
# the seeds instead, in memory that does not grow: :doc:`/how_to/large_sweeps`.
