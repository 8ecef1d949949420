"""Whether a rate that changes from update to update explains an optimizer's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance import candidates, decays, rates, treatments
from simopt.training.conformance.cases import SHORTER, Case, formula, listed

#: How settings are called that means fade by.
BETAS = ("beta", "rho")

#: A change of settings or treatments, and the optimizer with it.
Changed = tuple[dict[str, Any], Optimizer]


def explain(case: Case, table: pd.DataFrame) -> bool:
    """Whether a rate that changes from update to update explains any of the rows.

    Alone, with a bound that clips, with one change of a setting, or with a decay of any
    strength, and a bound that clips.
    """
    strengths: dict[Any, float] = {}
    given = case.theirs, case.probe, case.treatment
    ways: tuple[Callable[[Optimizer], Iterable[Changed]], ...] = (
        lambda base: [({}, base)],
        lambda base: [(clip, base) for clip in case.clips],
        lambda base: (each for each in candidates.changed(base, 1) if "eta" not in each[0]),
    )
    if WEIGHT_DECAY not in case.told:
        ways += (lambda base: decays.at_rates(base, *given, case.clips, strengths),)
    return any(_with(case, table, way) for way in ways)


def _with(case: Case, table: pd.DataFrame, way: Callable[[Optimizer], Iterable[Changed]]) -> bool:
    """Fill in the rows that a rate which follows the fewest laws explains."""
    beside = {name: value for each in case.collected() for name, value in each.items()}
    known: dict[Any, tuple[int, str] | None] = {}
    found: dict[int, tuple[int, str]] = {}
    of_formula: dict[Any, Any] = {}
    for row in table.index:
        first = of_formula.setdefault(formula(table["candidate"][row]), row)
        if first != row:
            found |= {row: found[first]} if first in found else {}
            continue
        for one, candidate in way(table["candidate"][row]):
            change = {**beside, **one}
            same = candidate.rule, candidate.values, tuple(change.items())
            if same not in known:
                known[same] = _said(case, candidate, change)
            if (said := known[same]) is not None:
                found[row] = said
                break
    fewest = min((count for count, _ in found.values()), default=0)
    for row, (count, text) in found.items():
        if count == fewest:
            table.loc[row, ["explanation", "unlike"]] = text, 0.0
    return bool(found)


def _said(case: Case, candidate: Optimizer, change: dict[str, Any]) -> tuple[int, str] | None:
    """How many laws a rate that explains all follows, and what it and the change are."""
    how = treatments.changed(case.treatment, change)
    found = rates.fitted(candidate, case.theirs, case.probe, how, case.bound)
    if found is None or not rates.changes(rate := found / case.probe.factors):
        return None
    top = np.nanmax(rate)
    norms = np.linalg.norm(case.probe.gradients, axis=1)
    bound = rates.clip(rate, norms)
    if bound is not None:
        if norms.min() >= bound * (1 - rates.SAME):
            # The bound would be the shortest gradient's norm: it is the probe's, not a setting.
            whole = listed({**change, "eta": float(f"{top * bound:.10g}")})
            return 1, f"{whole} and gradients divided by their norm (or clipped: {SHORTER})"
        numbers = {"eta": float(f"{top:.12g}"), "clip_norm": float(f"{bound:.10g}")}
        return 1, listed({**change, **numbers})
    beside = f"{listed(change)} and " if change else ""
    with np.errstate(all="ignore"):
        steps = np.linalg.norm(np.diff(case.theirs, axis=0, prepend=[case.probe.start]), axis=1)
        norms = steps / found
        bound = rates.clip(rate, norms)
    if bound is not None and case.across:
        if np.nanmin(norms) >= bound * (1 - rates.SAME):
            whole = listed({**change, "eta": float(f"{top * bound:.10g}")})
            return 1, f"{whole} and steps divided by their norm (or clipped: {SHORTER})"
        return 1, (
            f"{listed({**change, 'eta': float(f'{top:.10g}')})} and a clip behind the rule: steps, "
            f"before the rate, of a norm of {bound:.6g} at most"
        )
    named = candidate.settings.items()
    betas = [float(np.asarray(value)) for name, value in named if name.startswith(BETAS)]
    if (corrected := rates.correction(rate, betas)) is not None:
        why = "a bias correction is missing, or one too many"
        return 1, f"{beside}a rate of {corrected} ({why})"
    laws = rates.laws(rate)
    return len(laws), f"{beside}a rate that changes ({rates.told(rate, laws)})"
