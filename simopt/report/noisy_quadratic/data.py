"""What the page computes: steps to target of every model, algorithm, power and batch size."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd

from simopt.analysis import nqm
from simopt.analysis.nqm.published import SIZES
from simopt.display import style
from simopt.report.pages import Computed

#: Powers of the preconditioner, in the quick report and in the full one.
POWERS = {True: (0.0, 0.5), False: (0.0, 0.25, 0.5, 0.75)}

#: What the page calls an algorithm.
NAMES = {"sgd": "SGD", "momentum": "Momentum", "ema": "SGD, averaged"}

#: How the averaged weights are drawn; the others have looks of their own.
AVERAGED = {"color": style.GREEN, "marker": "^", "linestyle": (0, (5, 1.5))}

#: Colour, marker and line of a power.
BY_POWER: dict[float, tuple[str, str, Any]] = {
    0.0: (style.BLUE, "o", "-"),
    0.25: (style.ORANGE, "s", (0, (5, 1.5))),
    0.5: (style.GREEN, "^", (0, (3, 1.2, 1, 1.2))),
    0.75: (style.PURPLE, "P", (0, (1.5, 1.2))),
}


def look(algorithm: str, **extra: Any) -> dict[str, Any]:
    """Keywords for ``axes.plot``."""
    own = AVERAGED if algorithm == "ema" else {}
    name = "SGD" if algorithm == "ema" else NAMES[algorithm]
    return {**style.line(name, label=NAMES[algorithm]), **own, **extra}


def tables(quick: bool, say: Callable[[str], None]) -> tuple[pd.DataFrame, list[Computed]]:
    """Every table, in long form, and the account of what was searched.

    Returns
    -------
    frame : DataFrame
        ``model`` ("authors", "true", "tuned"), ``power``, ``algorithm`` and the columns of
        `simopt.nqm.steps_to_target`, beta and gamma as ``memory``. The quick report leaves out
        two powers, and Momentum and averages of the true model, which take longest.
    computed : list of Computed
    """
    parts, ran = [], []
    for model in ("authors", "true", "tuned"):
        say(f"Noisy quadratic: steps to target, {model}")
        began = time.perf_counter()
        for algorithm in NAMES:
            if algorithm != "sgd" and (model == "tuned" or (model == "true" and quick)):
                continue
            for power in POWERS[quick]:
                found = nqm.steps_to_target(
                    SIZES, power=power, algorithm=algorithm, progress=False,
                    spectrum="authors" if model == "authors" else "true", tuned=model == "tuned",
                )  # fmt: skip
                parts.append(
                    found.rename(columns={"beta": "memory", "gamma": "memory"}).assign(
                        model=model, power=power, algorithm=algorithm
                    )
                )
        what = f"noisy quadratic: exact steps, no trajectories ({model})"
        ran.append(Computed(what, 0, 0, time.perf_counter() - began))
    frame = pd.concat(parts, ignore_index=True)
    frame["steps"] = frame["steps"].astype(int)
    return frame, ran


def steps(frame: pd.DataFrame, model: str, algorithm: str, power: float = 0.0) -> pd.DataFrame:
    """One table, by batch size."""
    kept = (frame["model"] == model) & (frame["algorithm"] == algorithm) & (frame["power"] == power)
    return frame[kept].set_index("batch_size")


def grid_model(frame: pd.DataFrame) -> str:
    """The model that all three algorithms were computed for: the true one, unless quick."""
    true = frame.loc[frame["model"] == "true", "algorithm"]
    return "true" if true.nunique() == len(NAMES) else "authors"


def without_bins(frame: pd.DataFrame) -> str:
    """How to say which that is."""
    return "without bins" if grid_model(frame) == "true" else "on the authors' bins"


def powers(frame: pd.DataFrame) -> list[float]:
    """Those that were computed, ascending."""
    return sorted(frame["power"].unique().tolist())
