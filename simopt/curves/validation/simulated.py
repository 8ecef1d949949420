"""The simulator's labelled curves of problems never tuned on, as recorded.

Making them takes many times as long as reading them, and they change only with the simulator and
the labels: ``python -m simopt.curves.validation --record simopt/curves/validation/simulated.npz``
writes them anew. What is said of them is found when it is asked for.
"""

from __future__ import annotations

import io
import json
import os
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from simopt.curves.validation.constructed import padded
from simopt.curves.validation.labelled import Labelled, labelled
from simopt.ground import files

#: The seed of curves that no threshold was ever chosen by. Those of other seeds were looked at, of
#: the problems to test on as well, so that how often they are read right is no estimate.
HELD_OUT = 20_261_128

#: How many are recorded.
SIZE = 2000

#: What is recorded of each.
COLUMNS = ["problem", "optimizer", "eta", "batch_size", "record", "cause", "symptom", "also"]


#: Where they are.
FILE = resources.files("simopt.curves.validation").joinpath("simulated.npz")


def recorded(path: str | os.PathLike[str] | None = None) -> Labelled:
    """All of them.

    Parameters
    ----------
    path : path, optional
        Of a file that `record` wrote; by default the package's own.

    Returns
    -------
    Labelled
        As `simopt.curves.validation.labelled.labelled` makes them, in float32; its ``frame`` has
        the columns `COLUMNS`.

    Examples
    --------
    >>> from simopt.curves.validation.simulated import recorded
    >>> len(recorded())
    2000
    """
    place = FILE if path is None else Path(path)
    with place.open("rb") as file, np.load(file, allow_pickle=False) as data:
        frame = pd.DataFrame(json.loads(str(data["about"])))
        ends = np.cumsum(data["lengths"])[:-1]
        losses = np.split(data["losses"].astype(np.float64), ends)
        validations = np.full((len(losses),), None, object)
        held = data["held"]
        inside = np.cumsum(data["lengths"][held])[:-1]
        for row, each in zip(held, np.split(data["validations"], inside), strict=True):
            validations[row] = each.astype(np.float64)
    frame["also"] = frame["also"].map(tuple)
    return padded(list(zip(losses, validations, strict=True)), frame)


def record(path: str | os.PathLike[str], curves: Labelled | None = None) -> Path:
    """Make them, or take those given, and write them down.

    Parameters
    ----------
    path : path
        Of the file.
    curves : Labelled, optional
        By default the curves of `HELD_OUT`.

    Returns
    -------
    Path
        Of the file.
    """
    place = files.check_file("path", path)
    if curves is None:
        curves = labelled("test", size=SIZE, seed=HELD_OUT)
    there = np.arange(curves.losses.shape[1]) < curves.lengths[:, None]
    held = np.flatnonzero(~np.isnan(curves.validation).all(axis=1))
    with np.errstate(over="ignore"):  # as a trainer in float32 shows it
        losses = curves.losses[there].astype(np.float32)
        validations = curves.validation[held][there[held]].astype(np.float32)
    data = io.BytesIO()
    np.savez_compressed(
        data,
        about=np.array(json.dumps(curves.frame[COLUMNS].to_dict("list"))),
        lengths=curves.lengths.astype(np.int32),
        losses=losses,
        held=held.astype(np.int32),
        validations=validations,
    )
    files.write_bytes(place, data.getvalue())
    return place
