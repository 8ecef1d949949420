"""Advice from a study: recommendation, evidence, and limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from simopt.analysis.batch_size.result import Scaling, check_study
from simopt.ground import checks
from simopt.ground.formatting import number, percent
from simopt.problems.constant import constant_loss

#: A prediction within this factor is one.
CLOSE = 2.0

#: Fewer seeds than this are few; a fit that is further off than this, in steps, is a rough one.
FEW, ROUGH = 5, 0.15

#: A look at the loss that leaves the steps less certain than this is a coarse one.
COARSE = 0.03


def recommended(study: Scaling) -> pd.DataFrame:
    """The recommended row of ``steps`` for every optimizer that reached the target.

    The batch size tried that is nearest to the critical one, as a ratio; the largest tried where
    the steps fall all the way, the smallest where they don't fall; where there is no fit, the one
    with the least product of steps and examples. The optimizer whose product is least comes first:
    along the hyperbola's middle, where steps are traded for examples one for one, it is the better.
    """
    rows = []
    for _, fit in study.fits.iterrows():
        own = study.steps[_is(study.steps, fit) & np.isfinite(study.steps["steps"])]
        if own.empty:
            continue
        sizes = np.log(own["batch_size"].to_numpy(dtype=float))
        if math.isfinite(fit["critical"]):
            place = int(np.abs(sizes - math.log(fit["critical"])).argmin())
        elif math.isfinite(fit["e_min"]):
            place = int(sizes.argmax())
        elif math.isfinite(fit["s_min"]):
            place = int(sizes.argmin())
        else:
            place = int((own["steps"] * own["examples"]).to_numpy().argmin())
        rows.append(own.iloc[place])
    if not rows:
        return study.steps.iloc[:0]
    frame = pd.DataFrame(rows)
    return frame.iloc[np.argsort((frame["steps"] * frame["examples"]).to_numpy(), kind="stable")]


def advise(study: Scaling, *, noise_scale: float | None = None) -> str:
    """One paragraph: batch size, optimizer, rate, what doubling would gain, evidence and limits.

    Parameters
    ----------
    study : Scaling
        From `simopt.batch_size`.
    noise_scale : float, optional
        The gradient noise scale at the start, from `simopt.noise_scale`, to be compared with the
        critical batch size.

    Returns
    -------
    str
        Every number is one of the study's.

    Raises
    ------
    ValueError
        If the noise scale is negative or not a number.

    Examples
    --------
    >>> import simopt
    >>> from simopt.analysis.batch_size.advice import advise
    >>> problem = simopt.problems.diabetes()
    >>> study = simopt.batch_size(problem, simopt.SGD(), target=3000.0, batch_sizes=[1, 8, 64])
    >>> advise(study).split(" (")[0]
    'To bring the training loss of diabetes to 3,000'
    """
    check_study(study)
    infinite = isinstance(noise_scale, float) and noise_scale == math.inf
    if noise_scale is not None and not infinite:
        noise_scale = checks.number("noise_scale", noise_scale, checks.NOT_NEGATIVE)
    goal = (
        f"To bring the training loss of {study.problem.name} to {number(study.target)}"
        f"{_meaning(study)}"
    )
    best = recommended(study)
    if best.empty:
        return (
            f"{goal}: no advice. No setting of {_names(study)} got there in the updates allowed, "
            f"at any of {study.steps['batch_size'].nunique()} batch sizes. Allow more, or ask for "
            "a higher loss."
        )
    row = best.iloc[0]
    fit = study.fits[_is(study.fits, row)].iloc[0]
    return " ".join(
        [
            f"{goal}: {_what(row, fit, study)}",
            _doubling(row, study),
            *_others(best),
            *_predicted(fit, noise_scale),
            _evidence(study, fit),
            _limits(row, fit, study),
        ]
    )


def _is(frame: pd.DataFrame, row: Any) -> Any:
    """A mask of the rows of the same optimizer."""
    same = frame["optimizer"] == row["optimizer"]
    return same & (frame["convention"] == row["convention"])


def _updates(steps: float) -> str:
    return "1 update" if steps == 1 else f"{number(steps)} updates"


def _meaning(study: Scaling) -> str:
    """What the target explains beyond a constant prediction, in brackets; "" if unknown."""
    constant, least = constant_loss(study.problem), float(study.problem.minimum_loss)
    if not least < constant:
        return ""
    if study.target >= constant:
        return f" (a constant prediction has {number(constant)}: no column need explain anything)"
    share = percent((constant - study.target) / (constant - least))
    return f" ({share} of what can be explained beyond a constant prediction)"


def _names(study: Scaling) -> str:
    return ", ".join(dict.fromkeys(study.fits["optimizer"]))


def _what(row: pd.Series, fit: pd.Series, study: Scaling) -> str:
    size = int(row["batch_size"])
    if math.isfinite(fit["critical"]):
        why = f"the critical batch size is {number(fit['critical'])}"
        if math.isfinite(fit["critical_low"]):
            low, high = number(fit["critical_low"]), number(fit["critical_high"])
            why += f", {low} to {high} with the seeds drawn again"
        why += "; this is the nearest of those tried"
    elif math.isfinite(fit["e_min"]):
        why = "the largest tried, for the steps still fall there"
    elif math.isfinite(fit["s_min"]):
        why = "the smallest tried, for more points per update save no steps"
    else:
        why = (
            "of those tried the least steps times examples, for there is no critical batch size: "
            f"{fit['reason']}"
        )
    tuned = [name for name in study.tuned if pd.notna(row[name]) and name != "eta"]
    more = "".join(f", {name} = {number(row[name])}" for name in tuned)
    rate = f"eta = {number(row['eta'])}{more}"
    if row["eta_low"] < row["eta_high"]:
        rate += (
            f" (from {number(row['eta_low'])} to {number(row['eta_high'])} it takes at most 5 % "
            "more than the best rate)"
        )
    spread = ""
    if math.isinf(row["high"]):
        spread = " (in some orders it did not get there)"
    elif row["low"] < row["high"]:
        spread = f" ({number(row['low'])} to {number(row['high'])}, depending on the order)"
    return (
        f"take batches of {size} ({why}) and {row['optimizer']} with {rate}. It took "
        f"{_updates(row['steps'])}{spread}, which is {number(row['examples'])} examples."
    )


def _doubling(row: pd.Series, study: Scaling) -> str:
    """The gain of the next larger batch size in the study, or of twice the size."""
    own = study.steps[_is(study.steps, row) & np.isfinite(study.steps["steps"])]
    larger = own[own["batch_size"] > row["batch_size"]]
    if larger.empty:
        return "No larger batch was tried."
    after = larger.iloc[0]
    times = after["batch_size"] / row["batch_size"]
    factor = "Doubling it" if times == 2 else f"{number(times)} times the batch"
    saved = 1 - after["steps"] / row["steps"]
    cost = after["examples"] / row["examples"] - 1
    steps = f"{percent(abs(saved))} {'fewer' if saved > 0 else 'more'} updates"
    if not saved:
        steps = "as many updates"
    examples = f"{percent(abs(cost))} {'more' if cost > 0 else 'fewer'} examples"
    if not round(abs(cost), 2):
        examples = "as many examples"
    return f"{factor}, tuned anew, took {steps} and {examples}."


def _others(best: pd.DataFrame) -> list[str]:
    if len(best) < 2:
        return []
    parts = [
        f"{row['optimizer']} {_updates(row['steps'])} at batch {int(row['batch_size'])} "
        f"({number(row['examples'])} examples)"
        for _, row in best.iloc[1:].iterrows()
    ]
    return [f"At their own, the others took: {', '.join(parts)}."]


def _predicted(fit: pd.Series, noise_scale: float | None) -> list[str]:
    if noise_scale is None or not math.isfinite(fit["critical"]):
        return []
    shown = number(noise_scale) if math.isfinite(noise_scale) else "infinite"
    start = f"The gradient noise scale at the start, {shown},"
    ratio = noise_scale / fit["critical"]
    if 1 / CLOSE <= ratio <= CLOSE:
        return [f"{start} predicted the critical batch size to a factor of two."]
    if not 0 < ratio < math.inf:
        return [f"{start} would not have predicted that."]
    factor = max(ratio, 1 / ratio)
    side = "high" if ratio > 1 else "low"
    return [f"{start} would have been too {side} by a factor of {number(factor)}."]


def _evidence(study: Scaling, fit: pd.Series) -> str:
    seeds = len(study.seeds)
    orders = "one order of the points" if seeds == 1 else f"{seeds} orders of the points"
    text = (
        f"Evidence: {study.trajectories:,} trajectories, {orders}, every hyperparameter named here "
        f"tuned at each of {study.steps['batch_size'].nunique()} batch sizes"
    )
    if math.isfinite(fit["rms"]):
        text += f"; the curve fits the steps to {percent(np.expm1(fit['rms']))}"
    return text + "."


def _limits(row: pd.Series, fit: pd.Series, study: Scaling) -> str:
    limits = []
    if row["edge"]:
        limits.append(f"the best lies at the edge of what was tried ({row['edge']})")
    if len(study.seeds) < FEW:
        limits.append(f"{len(study.seeds)} order{'s are' * (len(study.seeds) > 1) or ' is'} few")
    if row["reached"] < 1:
        limits.append(f"{percent(1 - row['reached'])} of the orders did not get there in time")
    if row["resolution"] > COARSE:
        limits.append(f"the loss was looked at every {percent(row['resolution'])} of the steps")
    sizes = study.steps["batch_size"]
    if math.isfinite(fit["critical"]) and not sizes.min() <= fit["critical"] <= sizes.max():
        limits.append("the critical batch size is outside of what was tried")
    if fit["rms"] > ROUGH:
        limits.append(
            "the steps scatter around the curve, so that its critical batch size is rough"
        )
    limits.append(
        "it holds for this target and start: a lower loss moves the critical batch size; steps "
        "count to the first time that the training loss over all points is there, which is not the "
        "test error, and it may rise again at the same rate"
    )
    return f"Limits: {'; '.join(limits)}."
