"""Programs that know nothing of simopt read what it stores."""

import dask.dataframe
import duckdb
import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.sweeps import chunks


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A sweep of several files, with columns that are empty or have missing values."""
    monkeypatch.setattr(chunks, "ROWS", 64)
    monkeypatch.setattr(chunks, "FEW_UPDATES", 1)
    optimizers = [simopt.SGD(eta=np.geomspace(1e-3, 2, 40)), simopt.Adam(eta=[0.01, 0.1])]
    folder = tmp_path / "store"
    simopt.sweep(
        simopt.problems.four_points(),
        optimizers,
        epochs=5,
        shuffle="epoch",
        seed=range(9),
        target=1.0,
        store=folder,
    )
    assert len(list(folder.glob("chunk-*.parquet"))) > 3
    return folder


def in_one_order(frame):
    return frame.sort_values(["optimizer", "eta", "seed"], ignore_index=True)


@pytest.mark.filterwarnings("default")  # Dask's own
def test_dask(stored):
    frame = dask.dataframe.read_parquet(stored).compute()
    expected = simopt.load(stored)
    pd.testing.assert_frame_equal(
        in_one_order(frame.astype(expected.dtypes.to_dict())), in_one_order(expected)
    )


def test_duckdb(stored):
    query = f"select * from read_parquet('{stored}/*.parquet') where eta > 0.01"
    expected = simopt.load(stored, filters=[("eta", ">", 0.01)])
    frame = duckdb.sql(query).df().astype(expected.dtypes.to_dict())
    pd.testing.assert_frame_equal(in_one_order(frame), in_one_order(expected))
