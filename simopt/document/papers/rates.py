"""Rules that need no rate: how near a rate of 1 is to the best one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simopt.analysis import comparison
from simopt.document.claims import verdict
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.papers.pairs import benchmarked
from simopt.ground.formatting import number

#: A rate is found that is within this factor of the best one, either way.
NEAR = 2.0


def prodigy_finds_the_rate(trials: Trials) -> Finding:
    """Prodigy at a rate of 1 beside its best rate."""
    return finds_the_rate(trials, "Prodigy")


def dog_finds_the_rate(trials: Trials) -> Finding:
    """DoG at a rate of 1 beside its best rate."""
    return finds_the_rate(trials, "DoG")


def finds_the_rate(trials: Trials, name: str) -> Finding:
    """A rule's best rate on every problem, and what the rate of 1 loses against it."""
    table = benchmarked(trials)
    table = table[(table["optimizer"] == name) & (table["part"] == "judging")]
    best = comparison.sensitivity(table).set_index("problem")
    at_one = table[table["eta"] == 1.0].groupby("problem", sort=False)["excess"].median()
    losses = at_one.div(best["excess"])
    return found_by(
        {str(k): float(v) for k, v in best["eta"].items()},
        {str(k): float(v) for k, v in losses.items()},
        name,
    )


def found_by(best: Mapping[str, float], loss: Mapping[str, float], name: str) -> Finding:
    """The same, from the best rate and the median excess at 1 over that at the best, by problem."""
    met = {f"on {problem}": 1 / NEAR <= eta <= NEAR for problem, eta in best.items()}
    decided, condition = verdict.decide(met)
    rates, losses = np.array(list(best.values())), np.array([loss[each] for each in best])
    return Finding(
        decided,
        f"{name}'s best rate is {number(rates.min(), 2)} to {number(rates.max(), 2)}, within a "
        f"factor of {NEAR:g} of 1 on {sum(met.values())} of {len(met)} problems. With a rate of 1 "
        f"it ends at {number(losses.min(), 2)} to {number(losses.max(), 2)} times the excess loss "
        "of the best.",
        {
            **{f"best rate, {problem}": eta for problem, eta in best.items()},
            **{f"excess at 1 over that at the best, {k}": loss[k] for k in best},
            "problems that agree": sum(met.values()),
        },
        condition,
        Picture(
            f"{name}'s best rate",
            f"1 is found; within a factor of {NEAR:g} of it on {sum(met.values())} of {len(met)} "
            "problems.",
            "problem",
            "best rate",
            {"rate": (list(best), rates)},
            kind="bars",
            log_y=True,
        ),
    )
