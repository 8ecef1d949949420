"""How to run at scale, as code: for whom each way is, and what it asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """A way to run many trajectories.

    Attributes
    ----------
    title : str
        What one wants.
    text : str
        When to take it, and what it does.
    code : str
        The lines, after those of the first.
    runs : bool
        Whether it runs anywhere: a cluster or a card may not be there.
    """

    title: str
    text: str
    code: str
    runs: bool = True


SETUP = """\
import numpy as np, simopt

problem = simopt.problems.four_points()
adam = simopt.Adam(eta=np.geomspace(1e-3, 1, 625), beta1=np.linspace(0, 0.95, 128))
many = dict(epochs=10, shuffle="epoch", seed=range(12_500))  # with adam, a billion trajectories"""

WAYS = (
    Way(
        "Only what the seeds have in common: reduce",
        "For whoever asks how a setting fares over many orders of the points. One row a setting, "
        "computed while the trajectories run and exact, quantiles too; memory does not grow with "
        "their number.",
        """\
frame = simopt.sweep(problem, adam, **many, reduce="seed")
frame.nsmallest(5, "loss_q95")""",
    ),
    Way(
        "Every row, more than memory holds, or hours of work: store",
        "A Parquet file per chunk. However it was stopped, the same call resumes the sweep and "
        "ends with the same bytes; Dask, DuckDB and pandas read the folder too.",
        """\
simopt.sweep(problem, adam, **many, store="adam")
losses = simopt.load("adam", columns=["eta", "beta1", "loss"], filters=[("loss", "<", 1e-6)])""",
    ),
    Way(
        "More machines, or processes: client",
        "Any executor of concurrent.futures, a Dask client or ray. The same bits as at home; "
        "a worker that is lost loses nothing.",
        """\
from distributed import Client

client = Client("tcp://scheduler:8786")
frame = simopt.sweep(problem, adam, **many, reduce="seed", client=client)""",
        runs=False,
    ),
    Way(
        "A graphics card: device",
        "Needs pip install '.[cuda]'. A card wants many trajectories at once. "
        'device="auto" takes the processor where there is no card.',
        """\
frame = simopt.sweep(problem, adam, **many, reduce="seed", device="cuda")""",
        runs=False,
    ),
)

__all__ = ["SETUP", "WAYS", "Way"]
