"""The paper's five claims, each with its numbers and a verdict that follows from them."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

from simopt.analysis.batch_size.fits import Curve, fit_curve
from simopt.analysis.nqm.published import SIZES
from simopt.display import tables
from simopt.ground.formatting import listing, number, percent
from simopt.report.noisy_quadratic.data import grid_model, powers, steps, without_bins

#: Four times the batch scales perfectly where steps fall by this factor at least.
PERFECT = 3.8

#: A ratio of steps within this of 1 says nothing.
SAME = 0.03


def claims(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Title, verdict and sentence of each."""
    return [scaling(frame), rate(frame), momentum(frame), preconditioning(frame), average(frame)]


def verdict(holds: bool) -> Any:
    """The word, in its colour."""
    return tables.badge("holds", "good") if holds else tables.badge("does not hold", "bad")


def perfect_until(frame: pd.DataFrame, power: float) -> int:
    """The largest batch size up to which every fourfold batch of tuned SGD scaled perfectly."""
    found = steps(frame, "tuned", "sgd", power)["steps"]
    last: int = SIZES[0]
    for small, large in itertools.pairwise(SIZES):
        if found[small] / found[large] < PERFECT:
            break
        last = large
    return last


def scaling(frame: pd.DataFrame) -> dict[str, Any]:
    """Perfect scaling where batches are small."""
    ratios = {p: _ratio(steps(frame, "tuned", "sgd", p)["steps"], 4, 16) for p in powers(frame)}
    until = {p: perfect_until(frame, p) for p in powers(frame)}
    return {
        "title": "Small batches scale perfectly",
        "verdict": verdict(min(ratios.values()) >= PERFECT),
        "why": (
            f"From B = 4 to 16 SGD's steps fall by {number(ratios[0.0])} without a preconditioner; "
            "a factor 4 would be perfect. "
            f"Each fourfold batch gains {number(PERFECT)} or more up to B = "
            f"{listing(f'{number(until[p])} (p = {number(p)})' for p in powers(frame))}."
        ),
    }


def rate(frame: pd.DataFrame) -> dict[str, Any]:
    """The best rate grows with the batch, then meets its limit."""
    eta = steps(frame, "tuned", "sgd")["eta"]
    per = eta / eta.index
    at = (4, 16, 64, 256, 1024)
    last = float(eta.iloc[-1])
    linear = float(per[4] / per[64])
    return {
        "title": "The best rate is proportional to the batch size, up to a limit",
        "verdict": verdict(abs(linear - 1) < 0.05 and last > 1.9),
        "why": (
            f"η/B is {listing(number(float(per[b]), 3) for b in at)} for B = "
            f"{listing(number(b) for b in at)} (p = 0, tuned); at B = {number(SIZES[-1])} η is "
            f"{number(last)}, {percent(last / 2, 3)} of the stability limit 2/h₁ = 2."
        ),
    }


def gains(frame: pd.DataFrame, algorithm: str, power: float = 0.0) -> pd.Series:
    """SGD's steps over those of another algorithm, on the same grid's model, by batch size."""
    model = grid_model(frame)
    result: pd.Series = (
        steps(frame, model, "sgd", power)["steps"] / steps(frame, model, algorithm, power)["steps"]
    )
    return result


def momentum(frame: pd.DataFrame) -> dict[str, Any]:
    """Momentum helps where batches are large."""
    gain = gains(frame, "momentum")
    found = steps(frame, grid_model(frame), "momentum")
    edges = found.index[found["edge"] != ""].tolist()
    return {
        "title": "Momentum helps at large batches only",
        "verdict": verdict(bool(gain[4] < 1.25 and gain.iloc[-1] > 10)),
        "why": (
            f"SGD takes {number(float(gain[4]), 3)} times as many steps as Momentum at B = 4, "
            f"{number(float(gain[1024]), 2)} times at {number(1024)}, "
            f"{number(float(gain.iloc[-1]), 2)} times at {number(SIZES[-1])} ({without_bins(frame)}"
            "). "
            + (
                f"At B = {listing(number(b) for b in edges)} the best β is the grid's largest, "
                f"1 − 10⁻⁵: what it gains there is a lower bound. "
                if edges
                else ""
            )
        ),
    }


def critical(frame: pd.DataFrame, power: float) -> dict[str, Any]:
    """What tuned SGD's steps say of one power: floors, critical batch size, fits."""
    found = steps(frame, "tuned", "sgd", power)["steps"]
    examples = found * found.index
    free: Curve = fit_curve(found.index, found.astype(float))
    hyperbola: Curve = fit_curve(found.index, found.astype(float), q=1.0)
    return {
        "power": power,
        "steps": found.to_numpy(float),
        "s_min": int(found.min()),
        "e_min": int(examples.min()),
        "ratio": float(examples.min() / found.min()),
        "critical": free.critical,
        "q": free.q,
        "rms": free.rms,
        "worst": free.worst,
        "hyperbola": hyperbola.critical,
        "hyperbola_rms": hyperbola.rms,
        "hyperbola_worst": hyperbola.worst,
        "free_curve": free,
        "hyperbola_curve": hyperbola,
    }


def preconditioning(frame: pd.DataFrame) -> dict[str, Any]:
    """A better preconditioner scales further."""
    found = {p: critical(frame, p)["ratio"] for p in powers(frame)}
    most = powers(frame)[-1]
    small = [steps(frame, "tuned", "sgd", p)["steps"][4] for p in powers(frame)]
    rising = all(small < large for small, large in itertools.pairwise(found.values()))
    return {
        "title": "Preconditioning raises the critical batch size",
        "verdict": verdict(rising),
        "why": (
            "Fewest examples over fewest steps of tuned SGD, E_min/S_min, is "
            f"{listing(number(x, 3) for x in found.values())} for p = "
            f"{listing(number(p) for p in found)}. It helps small batches too: at B = 4 p = "
            f"{number(most)} takes {percent(small[-1] / small[0])} of the steps of p = 0."
        ),
    }


def average(frame: pd.DataFrame) -> dict[str, Any]:
    """Averages help where batches are small."""
    gain = gains(frame, "ema")
    last = float(gain.iloc[-1])
    return {
        "title": "Averaging the weights helps at small batches only",
        "verdict": verdict(bool(gain[4] > 2 and abs(last - 1) < SAME)),
        "why": (
            f"SGD takes {number(float(gain[4]), 2)} times as many steps as its own average at "
            f"B = 4, {number(float(gain[256]), 3)} times at 256 and {number(last, 3)} times at "
            f"{number(SIZES[-1])} ({without_bins(frame)})."
            + (" Below 1 it is the coarser grid of rates that loses." if last < 1 else "")
        ),
    }


def _ratio(found: pd.Series, small: int, large: int) -> float:
    return float(found[small] / found[large])
