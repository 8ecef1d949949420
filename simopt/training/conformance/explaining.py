"""What makes a rule equal to an optimizer: a change, a slip of authors, a schedule, two changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd

from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance import (
    authors,
    candidates,
    decays,
    fitting,
    probing,
    schedules,
    treatments,
)
from simopt.training.conformance.cases import LOOKED_AT, Case, formula, said

#: Of so many rules it is said that nothing explains the difference.
NEAREST = 6

#: Optimizers with two changes that are compared, those of the nearest rules first.
PAIRS = 20_000

#: Up to here a difference is float32's rounding if all weights are float32 numbers; to here if not.
SINGLE, PARTLY_SINGLE = 1e-3, 3e-6


def explain(case: Case, table: pd.DataFrame) -> str:
    """Fill in the explanations of a table, its rows in order, nearest first.

    Where nothing explains any, what was tried is returned, in words.
    """
    found, single, _ = _changes(case, table, 1)
    explained = table["candidate"][table["explanation"].notna()]
    if found and not any(map(case.is_told, explained)):
        # Another rule's formula, with settings that nobody spoke of, is no author's slip in one
        # all of whose settings were told.
        authors.of_adam(case, table, case.is_told)
    # Settings that nobody spoke of are the author's, and no slip.
    untold = candidates.NUMBERS.keys() - case.told
    ways: tuple[Callable[[], bool], ...] = (
        lambda: found,
        lambda: _changes(case, table, 2, numbers=untold)[0],
        lambda: authors.of_adam(case, table),
        lambda: authors.of_any(case, table),
        lambda: fitting.explain(case, table),
        lambda: schedules.explain(case, table),
    )
    if any(explains() for explains in ways):
        return ""
    if case.partly:
        # So many updates are no coincidence: two changes would seldom be nearer.
        row, (text, apart) = min(case.partly.items(), key=lambda each: len(each[1][1]))
        said_of = f"{text} (not so {', '.join(apart)})"
        table.loc[row, ["explanation", "unlike"]] = said_of, 0.0
        return ""
    found, pairs, rows = _changes(case, table, 2, PAIRS)
    if found:
        return ""
    nearest = table.drop_duplicates("optimizer").index[:NEAREST]
    table.loc[nearest, "explanation"] = "none found"
    of = f"the nearest {rows} of {len(table)}" if rows < len(table) else f"all {len(table)}"
    return (
        f"{single:,} optimizers with one change, slips of authors, rates that change, and "
        f"{pairs:,} optimizers with two changes, of {of} rules in their conventions"
    )


def _changes(
    case: Case,
    table: pd.DataFrame,
    count: int,
    most: float = math.inf,
    numbers: Collection[str] | None = None,
) -> tuple[bool, int, int]:
    """Whether so many changes at once explain any row; optimizers compared, rows gone through.

    After ``most`` optimizers no further row is begun. With ``numbers`` changes are of nothing but
    the numbers of these settings.
    """
    unequal: set[Any] = set()
    of_formula: dict[Any, Any] = {}
    gone = 0
    for gone, row in enumerate(table.index):  # noqa: B007
        if len(unequal) >= most:
            break
        base = table["candidate"][row]
        first = of_formula.setdefault(formula(base), row)
        if first != row:
            table.loc[row, "explanation"] = table["explanation"][first]
            continue
        more = [] if numbers is not None else _more(case, base, count)
        for change, candidate in candidates.changed(base, count, more, numbers):
            how = treatments.changed(case.treatment, change)
            # With the rate unknown, a change changes what rate the first step has.
            same_rate = case.rated or "eta" in change
            fitted = candidate if same_rate else case.at_their_rate(candidate, how)
            same = fitted.rule, fitted.values, how
            if same in unequal:
                continue
            if case.agrees(fitted, how):
                shown = change if same_rate else {**change, "eta": fitted.settings["eta"]}

                def play(part: probing.Probe, of: Optimizer = fitted, how: Any = how) -> Any:
                    return probing.ours(of, part, how)

                if case.explains(table, row, said(case, shown, base), play):
                    break
            unequal.add(same)
    else:
        gone = len(table)
    return bool(table["explanation"].notna().any()), len(unequal), gone


def _more(case: Case, base: Optimizer, count: int) -> list[dict[str, Any]]:
    """Changes that are no setting of the rule, and the rate that the first step has."""
    more: list[dict[str, Any]] = [{"maximize": True}, *[{"cautious": True}] * case.across]
    if count == 1:
        more = [*case.besides, *case.collected(), *_looked_ahead(case, base)]
        more += [*_decayed(case, base), *case.bounded(base)]
        if base.settings.get("weight_decay"):
            more.append({"proximal_decay": True})
    if case.treatment.warmup:
        more.append({"warmup": 0})
    fitted = case.at_their_rate(base).settings["eta"]
    if case.rated and fitted != base.settings["eta"]:
        more.append({"eta": fitted})
    return more


def _looked_ahead(case: Case, base: Optimizer) -> list[dict[str, Any]]:
    """A lookahead of any period and share around a rule, as a change."""
    mine = probing.played(base, case.probe, case.treatment)[:LOOKED_AT]
    found = treatments.averaged(case.theirs[:LOOKED_AT], mine, case.probe.start)
    return [] if found is None or found in treatments.CHANGES else [found]


def _decayed(case: Case, base: Optimizer) -> list[dict[str, Any]]:
    """A decoupled decay of any strength, alone and with each bound that clips, as changes.

    It shows in a weight whose gradients are all 0, which nothing else moves. Where a decay is
    told, another strength is no explanation: its author got a factor wrong.
    """
    if WEIGHT_DECAY in case.told:
        return []
    start = case.probe.start
    still = np.flatnonzero((start != 0) & ~case.probe.gradients.any(axis=0))
    lost = 0.0 if not len(still) else float(1 - case.theirs[0, still[0]] / start[still[0]])
    if not 0.0 < lost < 1.0:
        return []
    found = []
    for clip in ({}, *case.clips):
        fitted = base
        if not case.rated:
            fitted = case.at_their_rate(base, treatments.changed(case.treatment, clip))
        eta = float(np.asarray(fitted.settings["eta"]))
        if eta > 0.0:
            strength = decays.shortest(lost / eta, 4 * np.finfo(np.float64).eps / eta)
            found.append({**clip, "weight_decay": strength, "decay": "decoupled"})
    return found


def single(case: Case, table: pd.DataFrame) -> str:
    """The sentence of a difference that is rounding, mostly float32's; empty where it isn't."""
    all_single = probing.single(case.theirs)
    most = SINGLE if all_single else PARTLY_SINGLE
    near = table.sort_values("rounded", kind="stable")
    near = near[(near["rounded"] <= case.bound) | near["as_single"]]
    near = near[near["rounded"] <= most]
    if near.empty:
        return ""
    first = near["rounded"].iloc[0]
    near = near[near["rounded"] <= max(10 * first, case.bound)]
    near = near.sort_values(["other", "foreign", "place"], kind="stable")
    names = [f"{row.optimizer} ({row.convention})" for row in near.itertuples()]
    whose, why = "float32's rounding", "a part of its arithmetic is done in float32"
    if all_single:
        why = "all of its weights are float32 numbers"
    elif first <= case.bound:
        whose, why = "rounding", "relative to the greatest that a weight has been"
    table.loc[near.index, "explanation"] = f"{whose}: {why}"
    return (
        f"Equal but for {whose} ({first:.1g} at most; {why}): {', '.join(names)}. "
        f"Settings: {near['settings'].iloc[0]}."
    )
