"""What the learning-rate page sweeps, and how far its figures reach."""

from __future__ import annotations

import pandas as pd

#: The batch sizes of each problem: small, middling, full.
SIZES = {"four points": (1, 2, 4), "Hubble": (1, 4, 24), "diabetes": (8, 32, 442)}

#: After so many passes the excess is taken.
EPOCHS = {"four points": 10, "Hubble": 20, "diabetes": 10}

#: Of these the shuffles are compared.
SHUFFLED = {"four points": 1, "Hubble": 1, "diabetes": 32}

#: What figures draw: smaller excesses at the foot, larger ones and divergence at the head.
DRAWN = (1e-8, 1e2)


def clipped(bands: pd.DataFrame) -> pd.DataFrame:
    """Medians and bands by rising rates, those that figures do not reach at their ends.

    Once for all panels: a hundred small tables take longer than drawing what they hold.
    """
    ordered = bands.sort_values("eta", kind="stable")
    return ordered.assign(**ordered[["low", "median", "high"]].clip(*DRAWN))
