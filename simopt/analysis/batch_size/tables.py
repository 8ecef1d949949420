"""The tables of a study: steps, fits, rates and trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis import measures
from simopt.analysis.batch_size.attempts import Setup, Stage, band, order_statistic
from simopt.analysis.batch_size.fits import REGION, Curve, fit_curve
from simopt.analysis.batch_size.rates import PARAMETERS, fit_rates
from simopt.analysis.batch_size.searching import Found
from simopt.analysis.batch_size.tuned import Tuned
from simopt.rules.rule import Optimizer

Floats = NDArray[np.float64]

PERFECT, DIMINISHING, MAXIMAL = REGIONS = (
    "perfect scaling",
    "diminishing returns",
    "maximal parallelism",
)

#: How often the seeds are drawn again for an interval, and the share of draws that must have a
#: critical batch size for one to be given.
DRAWS, ENOUGH = 200, 0.9


@dataclass(frozen=True, eq=False)
class Searched:
    """One optimizer at one batch size: the search, and the steps of the chosen setting."""

    label: str
    setup: Setup
    tuned: tuple[Tuned, ...]
    found: Found
    times: Floats

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer of the search."""
        return self.setup.optimizer


def steps_table(searches: Sequence[Searched]) -> pd.DataFrame:
    """A row per search, without regions."""
    rows = []
    for each in searches:
        found, stage, chosen = each.found, each.found.stages[-1], each.found.chosen
        size = each.setup.batch_size
        low, steps, high = band(each.times)
        row: dict[str, Any] = key(each)
        names = [one.name for one in each.tuned]
        if chosen is None:
            row |= dict.fromkeys((*names, "eta_low", "eta_high"), math.nan)
        else:
            for one in each.tuned:
                row[one.name] = float(stage.settings[one.place, chosen.setting])
            row |= {"eta_low": float(chosen.eta_low), "eta_high": float(chosen.eta_high)}
        row |= {
            "steps": steps,
            "low": low,
            "high": high,
            "examples": steps * size,
            "reached": float(np.isfinite(each.times).mean()),
            "edge": "" if chosen is None else chosen.edge,
            "spacing": found.spacing,
            "resolution": 0.0 if stage.every == 1 else stage.every / steps,
            "trajectories": sum(one.times.size for one in found.stages),
            "updates": sum(one.updates for one in found.stages),
        }
        rows.append(row)
    frame = pd.DataFrame(rows)
    first = ["optimizer", "convention", "batch_size", "eta"]
    others = list(dict.fromkeys(one.name for each in searches for one in each.tuned[1:]))
    rest = [name for name in frame if name not in (*first, *others)]
    return frame[[*first, *others, *rest]]


def key(searched: Searched) -> dict[str, Any]:
    """The key columns of every table."""
    return {
        "optimizer": searched.label,
        "convention": searched.optimizer.convention,
        "batch_size": searched.setup.batch_size,
    }


def with_regions(steps: pd.DataFrame, curves: Sequence[Curve]) -> pd.DataFrame:
    """Add the column region after resolution, from the fitted curves."""
    regions: list[str | None] = []
    groups = steps.groupby(["optimizer", "convention"], sort=False)
    for (_, group), curve in zip(groups, curves, strict=True):
        for size, count in zip(group["batch_size"], group["steps"], strict=True):
            regions.append(region(curve, size) if math.isfinite(count) else None)
    place = list(steps.columns).index("resolution") + 1
    words = pd.Series(pd.Categorical(regions, categories=list(REGIONS)), index=steps.index)
    steps.insert(place, "region", words)
    return steps


def region(curve: Curve, size: float) -> str | None:
    """The scaling region of a batch size; None if the curve has neither asymptote.

    None, too, of a curve that misses the steps by more than 20 % (root mean square): it can't tell
    regions of that width.

    Perfect scaling where the curve is at most 20 % above ``e_min / B``, maximal parallelism where
    it is at most 20 % above ``s_min``, diminishing returns between; a knee so sharp that both hold
    is split at the critical batch size.
    """
    if curve.rms > math.log1p(REGION):
        return None
    if math.isnan(curve.e_min) and math.isnan(curve.s_min):
        return None
    steps = float(curve.steps(size))
    perfect = steps <= (1 + REGION) * curve.e_min / size
    maximal = steps <= (1 + REGION) * curve.s_min
    if perfect and maximal:
        return PERFECT if size <= curve.critical else MAXIMAL
    return PERFECT if perfect else MAXIMAL if maximal else DIMINISHING


def fits_table(searches: Sequence[Searched]) -> tuple[pd.DataFrame, list[Curve]]:
    """A row per optimizer: the curve, its interval, and the hyperbola beside it."""
    rows, curves = [], []
    for group in _per_optimizer(searches):
        sizes = np.array([each.setup.batch_size for each in group])
        steps = np.array([band(each.times)[1] for each in group])
        curve, hyperbola = fit_curve(sizes, steps), fit_curve(sizes, steps, q=1)
        low, high = _interval(group, sizes, curve)
        curves.append(curve)
        rows.append(
            _owner(group)
            | {
                "s_min": curve.s_min,
                "e_min": curve.e_min,
                "critical": curve.critical,
                "critical_low": low,
                "critical_high": high,
                "q": curve.q,
                "rms": curve.rms,
                "worst": curve.worst,
                "hyperbola_s_min": hyperbola.s_min,
                "hyperbola_critical": hyperbola.critical,
                "hyperbola_rms": hyperbola.rms,
                "hyperbola_worst": hyperbola.worst,
                "reason": curve.reason,
            }
        )
    return pd.DataFrame(rows), curves


def _owner(group: Sequence[Searched]) -> dict[str, Any]:
    return {name: key(group[0])[name] for name in ("optimizer", "convention")}


def _per_optimizer(searches: Sequence[Searched]) -> list[list[Searched]]:
    groups: dict[tuple[str, str], list[Searched]] = {}
    for each in searches:
        groups.setdefault((each.label, each.optimizer.convention), []).append(each)
    return list(groups.values())


def _interval(group: Sequence[Searched], sizes: NDArray[Any], curve: Curve) -> tuple[float, float]:
    """The 5 and 95 % quantiles of the critical batch size, by bootstrap over the seeds."""
    seeds = max(each.times.size for each in group)
    if math.isnan(curve.critical) or seeds < 2:
        return math.nan, math.nan
    generator = np.random.default_rng(0)
    # Medians are whole numbers, and many samples have the same.
    fits: dict[tuple[float, ...], float] = {}
    found = []
    for _ in range(DRAWS):
        drawn = generator.integers(seeds, size=seeds)
        steps = tuple(_chosen_again(each, drawn) for each in group)
        if steps not in fits:
            fits[steps] = fit_curve(sizes, steps, start=curve).critical
        found.append(fits[steps])
    known = np.array([value for value in found if not math.isnan(value)])
    if len(known) < ENOUGH * DRAWS:
        return math.nan, math.nan
    low, high = np.quantile(known, (measures.LOW, measures.HIGH))
    return float(low), float(high)


def _chosen_again(searched: Searched, drawn: NDArray[Any]) -> float:
    """The steps of the best setting for a bootstrap sample of the seeds."""
    found = searched.found
    if found.chosen is None:
        return math.inf
    times = found.stages[-1].times
    if times.shape[1] == 1:
        return float(order_statistic(searched.times, 0.5))
    steps = order_statistic(times[:, drawn], 0.5)
    return float(steps[found.choose(steps).setting])


def rates_table(searches: Sequence[Searched], steps: pd.DataFrame) -> pd.DataFrame:
    """A row per optimizer: how its best rate depends on the batch size."""
    rows = []
    groups = steps.groupby(["optimizer", "convention"], sort=False)
    for group, (_, part) in zip(_per_optimizer(searches), groups, strict=True):
        laws = fit_rates(part["batch_size"], part["eta"])
        rows.append(
            _owner(group)
            | {
                "law": laws.best,
                "weight": laws.weight,
                "worst": laws.worst,
                "exponent": laws.exponent,
                "exponent_low": laws.exponent_low,
                "exponent_high": laws.exponent_high,
                "eta_max": laws.eta_max,
                "b_0": laws.b_0,
                "alpha": laws.alpha,
            }
            | {f"rms_{name.replace(' ', '_')}": laws.rms[name] for name in PARAMETERS}
            | {"reason": laws.reason}
        )
    return pd.DataFrame(rows)


def trials_table(searches: Sequence[Searched]) -> pd.DataFrame:
    """A row per setting and stage."""
    parts = []
    for each in searches:
        for number, stage in enumerate(each.found.stages):
            parts.append(_trials(each, number, stage))
    return pd.concat(parts, ignore_index=True)


def _trials(searched: Searched, number: int, stage: Stage) -> pd.DataFrame:
    names = searched.optimizer.rule.hyperparameters
    return pd.DataFrame(
        key(searched)
        | {"stage": number}
        | dict(zip(names, stage.settings, strict=True))
        | {
            "steps": stage.steps,
            "low": order_statistic(stage.times, measures.LOW),
            "high": order_statistic(stage.times, measures.HIGH),
            "reached": np.isfinite(stage.times).mean(axis=1),
            "best_loss": stage.losses,
            "seeds": stage.times.shape[1],
            "most_updates": stage.horizon,
            "evaluate": stage.every,
        }
    )
