"""Two rules on the problems of the benchmark, each at its tuned rate: which one ends lower."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis import chance, comparison
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, number

Floats = NDArray[np.float64]

#: Two rules are told apart on a problem where chance would do as much so rarely.
LEVEL = 0.01


def benchmarked(trials: Trials) -> pd.DataFrame:
    """The benchmark's trials, counted once for all claims that read them."""
    table = comparison.benchmark(trials.quick, seed=trials.seed)
    trials.shared("benchmark", table.attrs["trajectories"], table.attrs["updates"])
    return table


def log_ratios(judged: pd.DataFrame, one: str, other: str) -> dict[str, Floats]:
    """By problem the logarithm of one rule's excess over the other's, a value per seed."""
    by = judged.set_index(["problem", "seed", "optimizer"])["excess"].unstack()
    ratios: pd.Series = by[one].div(by[other]).map(np.log)
    return {
        str(name): each.to_numpy(np.float64) for name, each in ratios.groupby("problem", sort=False)
    }


def compared(ratios: Floats) -> str:
    """Whether a rule is "better" or "worse" than another by more than chance, or "alike"."""
    mean, spread = float(np.mean(ratios)), float(np.std(ratios, ddof=1))
    if spread == 0.0:
        by_chance = 1.0 if mean == 0.0 else 0.0
    else:
        error = spread / np.sqrt(len(ratios))
        by_chance = chance.t_two_sided(mean / error, len(ratios) - 1)
    if by_chance >= LEVEL:
        return "alike"
    return "better" if mean < 0 else "worse"


def verdict(outcomes: Mapping[str, str]) -> tuple[str, str]:
    """The verdict on "better", and its condition, from the outcome on every problem.

    Examples
    --------
    >>> verdict({"sparse": "better", "rotated": "alike"})
    ('conditional', 'It is better on sparse; no different on rotated.')
    >>> verdict({"sparse": "worse", "rotated": "alike"})
    ('contradicted', '')
    """
    groups = {
        kind: [name for name, each in outcomes.items() if each == kind]
        for kind in ("better", "alike", "worse")
    }
    if not groups["better"]:
        return ("contradicted" if groups["worse"] else "undecidable"), ""
    if not groups["alike"] and not groups["worse"]:
        return "holds", ""
    said = {"better": "better on", "alike": "no different on", "worse": "worse on"}
    parts = [f"{said[kind]} {listing(names)}" for kind, names in groups.items() if names]
    return "conditional", f"It is {'; '.join(parts)}."


def better(trials: Trials, one: str, other: str) -> Finding:
    """Whether one rule ends lower than the other, on every problem of the benchmark."""
    ratios = log_ratios(comparison.judged(benchmarked(trials)), one, other)
    return better_by(ratios, one, other)


def better_by(ratios: Mapping[str, Floats], one: str, other: str) -> Finding:
    """The same, from the ratios."""
    outcomes = {name: compared(each) for name, each in ratios.items()}
    factors = {name: float(np.exp(each.mean())) for name, each in ratios.items()}
    decided, condition = verdict(outcomes)
    counts = {kind: list(outcomes.values()).count(kind) for kind in ("better", "alike", "worse")}
    first, last = min(factors, key=lambda k: factors[k]), max(factors, key=lambda k: factors[k])
    spread = (
        f"between {number(factors[first], 2)} ({first}) and {number(factors[last], 2)} ({last})"
        if first != last
        else f"{number(factors[first], 2)} ({first})"
    )
    return Finding(
        decided,
        f"Tuned alike, {one}'s excess loss over {other}'s is {spread}, in the geometric "
        f"mean over seeds: lower by more than chance on {counts['better']} of {len(outcomes)} "
        f"problems, higher on {counts['worse']}.",
        {
            **{f"excess over {other}'s, {name}": factor for name, factor in factors.items()},
            **{f"problems, {kind}": count for kind, count in counts.items()},
            "seeds": min(len(each) for each in ratios.values()),
        },
        condition,
        Picture(
            f"{one}'s excess loss over {other}'s, both tuned alike",
            f"Below 1 {one} is better: on {counts['better']} of {len(outcomes)} problems by more "
            "than chance.",
            "problem",
            f"{one} over {other}",
            {"ratio": (list(factors), list(factors.values()))},
            kind="bars",
            log_y=True,
        ),
    )
