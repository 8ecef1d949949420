"""Numbers that nobody told, read off the steps, be they usual or not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simopt.ground import checks
from simopt.rules.ranges import ALLOWED
from simopt.rules.rule import Optimizer
from simopt.training.conformance import candidates, probing
from simopt.training.conformance.cases import LOOKED_AT, Case, formula, said

#: Of so many rules, the nearest, the numbers are looked for; of so many with each change of a
#: switch, or a setting that is off, besides.
RULES, CHANGED = 40, 8

#: Updates of a first look, evaluations of the rule, and up to which residual it goes on from there:
#: the root of the mean square, relative to each weight's longest step.
GLANCE, TRIES, NEAR = 8, 12, 0.03

#: Where a number that is 0 by default begins, and what is taken for 0 in the end.
SMALL, NOTHING = 1e-6, 1e-30

#: Significant digits that a number may have been typed with.
DIGITS = range(1, 11)


def explain(case: Case, table: pd.DataFrame) -> bool:
    """Whether numbers of any size for settings that nobody told make a rule equal.

    All at once are fitted to the first steps, by least squares; typed-in ones come out of that
    rounded to few digits.
    """
    if any(case.probe.matrix) or case.collected():
        return False
    seen = set()
    rows: list[int] = []
    for row in table.index:
        same = formula(table["candidate"][row])
        if same not in seen:
            seen.add(same)
            rows.append(row)
    nearest: list[tuple[int, dict[str, Any], Optimizer]]
    nearest = [(row, {}, table["candidate"][row]) for row in rows[:RULES]]
    changed = [(row, *each) for row in rows[:CHANGED] for each in _others(table["candidate"][row])]
    for row, change, base in (*nearest, *changed):
        found = _numbers(case, base)
        own = table["candidate"][row]
        # A rule that has a part besides, which a 0 puts out, is another's more general name.
        if found is None or any(not v and own.settings.get(n) for n, v in found.items()):
            continue
        numbers = {n: value for n, value in found.items() if own.settings.get(n) != value}
        candidate = candidates.with_numbers(_at_rate(case, base), found)

        def play(part: probing.Probe, of: Optimizer = candidate) -> Any:
            return probing.ours(of, part, case.treatment)

        if case.explains(table, row, said(case, {**change, **numbers}, own), play):
            return True
    return False


def _at_rate(case: Case, base: Optimizer) -> Optimizer:
    return base if case.rated else case.at_their_rate(base)


def _others(base: Optimizer) -> Iterator[tuple[dict[str, Any], Optimizer]]:
    """What one change makes of a rule that is another formula; each once."""
    seen = {base.rule}
    for change, other in candidates.changed(base, 1):
        if other.rule not in seen:
            seen.add(other.rule)
            yield {n: v for n, v in change.items() if n not in other.settings}, other


def _numbers(case: Case, base: Optimizer) -> dict[str, float] | None:
    """The numbers at which a rule is the optimizer, of those of its settings that nobody told."""
    fitted = _at_rate(case, base)
    names = [n for n in base.rule.hyperparameters if n not in case.told and _is_free(n)]
    if not names or not isinstance(fitted.settings["eta"], float):
        return None
    place = np.array([_place(n, fitted.settings[n]) for n in names])
    place, off = _fitted(case, fitted, names, place, GLANCE, TRIES)
    if not off <= NEAR:
        return None
    place, off = _fitted(case, fitted, names, place, LOOKED_AT, 10 * TRIES)
    if not off <= NEAR:
        return None
    for digits in DIGITS:
        numbers = {n: _typed(n, u, digits) for n, u in zip(names, place, strict=True)}
        candidate = candidates.with_numbers(fitted, numbers)
        if case.agrees(candidate, case.treatment):
            return numbers
    return None


def _fitted(
    case: Case, base: Optimizer, names: Sequence[str], place: probing.Array, updates: int, most: int
) -> tuple[probing.Array, float]:
    """Where the residual of the first updates is least, from a place on; and the residual."""
    from scipy.optimize import least_squares

    probe = case.probe.first(updates)
    theirs = np.diff(case.theirs[:updates], axis=0, prepend=probe.start[None])
    with np.errstate(all="ignore"):
        longest = np.abs(theirs).max(axis=0)
    if not np.isfinite(longest).all():
        return place, math.inf
    size = np.where(longest > 0, longest, 1.0)

    def residual(at: probing.Array) -> probing.Array:
        numbers = {n: _number(n, u) for n, u in zip(names, at, strict=True)}
        mine = probing.ours(candidates.with_numbers(base, numbers), probe, case.treatment)
        with np.errstate(all="ignore"):
            steps = np.diff(mine, axis=0, prepend=probe.start[None])
            off = ((steps - theirs) / size).ravel()
        return np.clip(np.nan_to_num(off, nan=1e3), -1e3, 1e3)

    low, high = (np.array(each) for each in zip(*map(_edges, names), strict=True))
    found = least_squares(
        residual, np.clip(place, low, high), bounds=(low, high), max_nfev=most, x_scale="jac",
        xtol=1e-15, ftol=1e-15, gtol=1e-15,
    )  # fmt: skip
    return found.x, float(np.sqrt(np.mean(np.square(found.fun))))


def _is_free(name: str) -> bool:
    """Whether a setting may be any number of a range that can be searched."""
    return ALLOWED.get(name) in (checks.FRACTION, checks.NOT_NEGATIVE, UNIT)


UNIT = checks.Interval(low=0.0, high=1.0)


def _place(name: str, value: Any) -> float:
    """Where a number is looked for: what is near 1, or of any size, by its logarithm."""
    value = float(value)
    if ALLOWED[name] == checks.FRACTION:
        return math.log1p(-value)
    return value if ALLOWED[name] == UNIT else math.log(value or SMALL)


def _edges(name: str) -> tuple[float, float]:
    """Between which places a number is looked for."""
    if ALLOWED[name] == checks.FRACTION:
        return math.log(1e-15), 0.0
    return (0.0, 1.0) if ALLOWED[name] == UNIT else (-100.0, 100.0)


def _number(name: str, place: float) -> float:
    """The number of a place."""
    if ALLOWED[name] == checks.FRACTION:
        return -math.expm1(place)
    return place if ALLOWED[name] == UNIT else math.exp(place)


def _typed(name: str, place: float, digits: int) -> float:
    """The number of a place as someone may have typed it, with so many digits."""
    value = _number(name, place)
    if ALLOWED[name] == checks.FRACTION:  # 0.999 has one: what it lacks of 1
        return float(f"{1 - float(f'{1 - value:.{digits}g}'):.15g}")
    value = 0.0 if value < NOTHING else value
    return float(f"{value:.{digits}g}")
