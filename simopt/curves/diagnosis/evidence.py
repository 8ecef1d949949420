"""What was seen on a curve, and where: the features that a symptom rests on, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.curves.diagnosis.features import END, FLAT, TAIL
from simopt.ground.formatting import percent

#: So many times are not counted any more.
MANY = 1_000_000

Features = Mapping[str, float]

#: A share of the curve where something is seen, from and to.
Place = Callable[[Features], tuple[float, float]]


def _whole(f: Features) -> tuple[float, float]:
    return 0.0, 1.0


def _second_half(f: Features) -> tuple[float, float]:
    return 0.5, 1.0


def _last_quarter(f: Features) -> tuple[float, float]:
    return 0.75, 1.0


def _first_quarter(f: Features) -> tuple[float, float]:
    return 0.0, 0.25


def _tail(f: Features) -> tuple[float, float]:
    return 1.0 - 1.0 / TAIL, 1.0


def _end(f: Features) -> tuple[float, float]:
    return 1.0 - 1.0 / END, 1.0


def _at(name: str) -> Place:
    return lambda f: (f[name], f[name])


def _to(name: str) -> Place:
    return lambda f: (0.0, f[name])


def _from(name: str) -> Place:
    return lambda f: (f[name], 1.0)


def _plateau(f: Features) -> tuple[float, float]:
    return f["plateau_at"], f["plateau_at"] + f["plateau"]


def _drop(f: Features) -> tuple[float, float]:
    end = f["plateau_at"] + f["plateau"]
    return end, min(1.0, end + max(f["plateau"] / 2, 0.02))


def _times(value: float) -> str:
    """How many times."""
    if value >= MANY:
        return "more than a million"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _words(value: float) -> dict[str, str]:
    """What a number can say in a sentence."""
    return {
        "share": percent(value, least=0.001),
        "times": _times(value),
        "falls": f"{'falls' if value >= 0 else 'rises'} by {percent(abs(value), least=0.001)}",
        "count": "1 value" if value == 1 else f"{value:,.0f} values",
    }


KEEPS = f"of the run it keeps within {percent(FLAT)} of its range"

#: Of each symptom the features to show: which, where on the curve, what it says (see `_words`).
SHOWN: dict[str, tuple[tuple[str, Place, str], ...]] = {
    "healthy": (
        ("ninety_at", _to("ninety_at"), "nine tenths of the fall are made in {share} of the run"),
        ("tail_fall", _tail, "over the last third it {falls} of its range"),
    ),
    "oscillates wildly": (
        ("late_swing", _second_half, "the second half swings over {share} of the whole range"),
        ("late_ups", _second_half, "and rises by {times} times that swing in all"),
        ("turns", _whole, "{share} of the steps turn back on the step before"),
    ),
    "decreases then explodes": (
        ("lowest_at", _to("lowest_at"), "the lowest loss comes after {share} of the run"),
        (
            "growth",
            _last_quarter,
            "the last quarter rises {times} times as far above that as the first half did",
        ),
        ("end", _end, "at the end it is {share} of its range above the lowest"),
    ),
    "decreases very slowly": (
        ("quarter_1", _first_quarter, "the first quarter of the run makes {share} of the fall"),
        ("quarter_4", _last_quarter, "the last one still makes {share}: no end is in sight"),
    ),
    "plateaus early": (
        ("ninety_at", _to("ninety_at"), "nine tenths of the fall are made in {share} of the run"),
        ("settled_at", _from("settled_at"), f"after {{share}} {KEEPS}"),
        ("late_rises", _second_half, "of the later steps {share} rise: hardly any noise moves it"),
    ),
    "plateaus, then drops": (
        ("plateau", _plateau, f"flat within {percent(FLAT)} of the range for {{share}} of the run"),
        ("drop", _drop, "then {share} of the range are lost in half that time or less"),
    ),
    "validation rises": (
        (
            "validation_lowest_at",
            _at("validation_lowest_at"),
            "the validation loss is lowest after {share} of the run",
        ),
        (
            "validation_rise",
            _from("validation_lowest_at"),
            "it ends above that by {share} of what it had lost",
        ),
        (
            "validation_noise",
            _from("validation_lowest_at"),
            "of which its noise explains {share}",
        ),
        (
            "training_after",
            _from("validation_lowest_at"),
            "meanwhile the training loss makes {share} of its fall",
        ),
    ),
    "NaN or Inf": (),
    "stopped learning mid-training": (
        ("quarter_1", _first_quarter, "the first quarter of the run makes {share} of the fall"),
        ("quarter_4", _last_quarter, "the last one makes {share}"),
        ("settled_at", _from("settled_at"), f"after {{share}} {KEEPS}"),
    ),
    "noise floor": (
        (
            "late_level",
            _second_half,
            "the second half keeps {share} of the range above the lowest loss",
        ),
        ("late_ups", _second_half, "where it rises by {times} times its swing in all"),
        (
            "late_drift",
            _second_half,
            "from the third quarter to the last it {falls} of that level, no more",
        ),
    ),
    "can't tell": (("values", _whole, "{count}"),),
}

COLUMNS = ("feature", "value", "first", "last", "says")


def gather(symptom: str, features: Features, loss: NDArray[np.float64]) -> pd.DataFrame:
    """A row per thing seen: feature, value, from which value of the curve to which, what it says.

    What a curve is too short to have is left out.

    Parameters
    ----------
    symptom : str
        One of SYMPTOMS.
    features : mapping of str to float
        Of the curve, as measured.
    loss : ndarray [T]
        The curve.

    Returns
    -------
    DataFrame
        feature, value, first and last (places on the curve, from 0), says.
    """
    rows: list[tuple[Any, ...]] = []
    there = np.flatnonzero(np.isfinite(loss))
    if symptom == "NaN or Inf":
        place = int(features["broken_at"])
        says = f"value {place + 1} is {loss[place]:g}"
        if np.isnan(loss[place]):
            says += ", and nothing finite comes after it"
        rows.append(("broken_at", float(place), place, len(loss) - 1, says))
    for name, where, says in SHOWN[symptom]:
        value = features[name]
        if np.isnan(value):
            continue
        ends = np.clip(np.nan_to_num(where(features)), 0.0, 1.0) * max(len(there) - 1, 0)
        first, last = (int(there[round(end)]) if len(there) else 0 for end in ends)
        rows.append((name, value, first, last, says.format(**_words(value))))
    return pd.DataFrame(rows, columns=list(COLUMNS))
