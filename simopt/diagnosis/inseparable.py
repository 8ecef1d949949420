"""What a curve alone cannot tell apart, and how nearly the same such curves are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simopt.diagnosis.labelled import Labelled

#: Points at which two curves are compared.
POINTS = 64


@dataclass(frozen=True)
class Pair:
    """A symptom whose curves can be another's.

    Attributes
    ----------
    symptom : str
        What the simulation says.
    other : str
        What may be read as well.
    where : str
        Which curves of the symptom.
    reason : str
        Why.
    """

    symptom: str
    other: str
    where: str
    reason: str


OFFSET = (
    "A curve says how much was lost, not how much there was to lose: a run at rest in the lowest "
    "minimum, in another one, or under a rate that has become nothing differs by an offset alone."
)
SCHEDULE = (
    "AdaGrad is SGD with the rate eta / sqrt(G) of each update; a schedule of the same rates gives "
    "the same curve, to rounding. That the rest takes eight times as long is not on the curve."
)
BATCHES = (
    "The loss of a batch goes up and down where the weights rest at the least loss, as the loss "
    "over all points does where they don't."
)
BEGINS = (
    "Where the first record comes after the fall, what was there to lose is not on the curve, and "
    "neither is how small the ups and downs are beside it."
)

#: Which labels the curve alone can't give, and why.
INSEPARABLE = (
    Pair("healthy", "plateaus early", "at rest for half of the run", OFFSET),
    Pair("plateaus early", "healthy", "all", OFFSET),
    Pair("plateaus early", "stopped learning mid-training", "all", SCHEDULE),
    Pair("stopped learning mid-training", "plateaus early", "all", SCHEDULE),
    Pair("stopped learning mid-training", "healthy", "all", SCHEDULE),
    Pair("healthy", "noise floor", "losses of batches", BATCHES),
    Pair("noise floor", "healthy", "losses of batches", BATCHES),
    Pair("noise floor", "oscillates wildly", "begun after the fall", BEGINS),
)


def also(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """For every labelled curve the symptoms that it could have as well."""
    where = {
        "all": np.ones(len(frame), bool),
        "at rest for half of the run": frame["rests"].to_numpy(bool),
        "losses of batches": (frame["record"] == "batches").to_numpy(),
        "begun after the fall": ~frame["falls"].to_numpy(bool),
    }
    symptoms = frame["symptom"].to_numpy()
    found: list[tuple[str, ...]] = [()] * len(frame)
    for pair in INSEPARABLE:
        for row in np.flatnonzero((symptoms == pair.symptom) & where[pair.where]):
            found[row] = (*found[row], pair.other)
    return found


def twins(curves: Labelled, *, within: float = 0.05) -> pd.DataFrame:
    """How many curves of each symptom have a twin of another: as good as the same curve.

    Curves are compared at 64 places of their length, brought to the range 0 to 1; twins differ
    nowhere by more than ``within``. Curves with validation, or numbers that are not finite, are
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
    >>> from simopt.diagnosis.inseparable import twins
    >>> from simopt.diagnosis.labelled import labelled
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
        made = [_shape(losses) for losses in values if np.isfinite(losses).all()]
        if made:
            shapes[symptom] = np.stack(made)
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
