"""How nearly the same the curves of two symptoms are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.curves.validation.labelled import Labelled

#: Points at which two curves are compared.
POINTS = 64


def twins(curves: Labelled, *, within: float = 0.05) -> pd.DataFrame:
    """How many curves of each symptom have a twin of another: as good as the same curve.

    Curves are compared at 64 places of their length, brought to the range 0 to 1; twins differ
    nowhere by more than ``within``. RunCurves with validation, or numbers that are not finite, are
    left out: what tells those apart is not the shape.

    Parameters
    ----------
    curves : Labelled
    within : float, default 0.05
        Of the curve's range.

    Returns
    -------
    DataFrame
        The share of the row's curves with a twin in the column, NaN on the diagonal.

    Examples
    --------
    >>> from simopt.curves.validation.similarity import twins
    >>> from simopt.curves.validation.labelled import labelled
    >>> shares = twins(labelled(size=200))
    >>> bool(shares.loc["plateaus early", "healthy"] > shares.loc["plateaus early", "noise floor"])
    True
    """
    from scipy.spatial.distance import cdist

    symptoms = curves.frame["symptom"].to_numpy()
    shapes = {}
    for symptom in dict.fromkeys(symptoms):
        rows = np.flatnonzero((symptoms == symptom) & np.isnan(curves.validation[:, 0]))
        values = [curves.losses[i, : curves.lengths[i]] for i in rows]
        finite = [_shape(losses) for losses in values if np.isfinite(losses).all()]
        if finite:
            shapes[symptom] = np.stack(finite)
    table = pd.DataFrame(index=list(shapes), columns=list(shapes), dtype=float)
    for a, mine in shapes.items():
        for b, theirs in shapes.items():
            if a != b:
                nearest = cdist(mine, theirs, "chebyshev").min(axis=1)
                table.loc[a, b] = float((nearest <= within).mean())
    return table


def _shape(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.linspace(0, len(losses) - 1, POINTS)
    with np.errstate(all="ignore"):
        values = np.interp(places, np.arange(len(losses)), losses)
        shape: NDArray[np.float64] = (values - values.min()) / np.ptp(values)
    return shape
