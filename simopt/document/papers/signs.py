"""Rules that step by a sign: how much smaller their rates have to be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simopt.analysis import comparison
from simopt.analysis.comparison.later_rules import RATES
from simopt.document.claims import verdict
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.papers.pairs import benchmarked
from simopt.ground.formatting import number

#: By how much smaller the papers say the rate should be.
LEAST, MOST = 3.0, 10.0

#: A grid knows a rate to half a step either way, and so a ratio to a whole one; a thousandth
#: more, so that the rounding of its rates decides nothing.
STEP = RATES[1] / RATES[0] * 1.001


def lion_needs_a_smaller_rate(trials: Trials) -> Finding:
    """Lion's best rates beside AdamW's."""
    return smaller_rate(trials, "Lion")


def tiger_needs_a_smaller_rate(trials: Trials) -> Finding:
    """Tiger's best rates beside AdamW's."""
    return smaller_rate(trials, "Tiger")


def smaller_rate(trials: Trials, name: str, other: str = "AdamW") -> Finding:
    """The best rate of AdamW over that of a rule, on every problem."""
    table = comparison.sensitivity(benchmarked(trials))
    best = table.set_index(["problem", "optimizer"])["eta"].unstack()
    ratios = {str(problem): float(ratio) for problem, ratio in best[other].div(best[name]).items()}
    return smaller_by(ratios, name, other)


def smaller_by(ratios: Mapping[str, float], name: str, other: str) -> Finding:
    """The same, from the ratios by problem."""
    met = {
        f"on {problem}": bool(LEAST / STEP <= ratio <= MOST * STEP)
        for problem, ratio in ratios.items()
    }
    decided, condition = verdict.decide(met)
    values = np.array(list(ratios.values()))
    return Finding(
        decided,
        f"The best rate of {other} is {number(values.min(), 2)} to {number(values.max(), 2)} times "
        f"that of {name}, {number(float(np.exp(np.log(values).mean())), 2)} times in the geometric "
        f"mean; it is in the stated range on {sum(met.values())} of {len(met)} problems.",
        {
            **{f"rate of {other} over {name}'s, {k}": v for k, v in ratios.items()},
            "geometric mean": float(np.exp(np.log(values).mean())),
            "problems in the range": sum(met.values()),
            "problems": len(met),
        },
        condition,
        Picture(
            f"{other}'s best rate over {name}'s",
            f"Between {LEAST:g} and {MOST:g}, give or take a step of the grid, on "
            f"{sum(met.values())} of {len(met)} problems.",
            "problem",
            "ratio of best rates",
            {"ratio": (list(ratios), values)},
            kind="bars",
            log_y=True,
        ),
    )
