"""Rules that average: gradients over a long past, and weights in place of a falling rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from simopt import schedules
from simopt.analysis import comparison
from simopt.analysis.comparison.later_rules import APART, FIRST_JUDGING, RATES, drawn
from simopt.document.claims import verdict
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.papers import pairs
from simopt.document.papers.pairs import Floats
from simopt.ground.formatting import number
from simopt.problems.synthetic import BATCH_SIZE
from simopt.rules import SGD, Adam, AdEMAMix, ScheduleFreeSGD
from simopt.rules.rule import Optimizer
from simopt.schedules import Schedule

#: Problems with noise, and epochs that make a run a long one: 16 updates each.
NOISY = ("label noise", "ill-conditioned", "sparse")
LONG = 300

#: Besides every other rate: how long the slow mean is, and, for as many trials, Adam's own.
SLOW, FAST = (0.99, 0.999, 0.9999), (0.9, 0.99, 0.999)


#: Epochs of a short and of a long run: the rate without a schedule is tuned for the long one alone.
HORIZONS = (10, 40)

#: A loss at most so many times another one's matches it.
MATCH = 1.1


def ademamix_helps_long_runs(trials: Trials) -> Finding:
    """AdEMAMix against Adam over 4,800 updates of noisy problems, both tuned."""
    rules = [AdEMAMix(eta=RATES[::2], beta3=SLOW), Adam(eta=RATES[::2], beta1=FAST)]
    table = compared(trials, rules, LONG)
    ratios = pairs.log_ratios(comparison.judged(table), "AdEMAMix", "Adam")
    return pairs.better_by(ratios, "AdEMAMix", "Adam")


def needs_no_schedule(trials: Trials) -> Finding:
    """Schedule-free SGD at one rate against SGD whose rate falls to 0 at each horizon."""
    free = {epochs: compared(trials, [ScheduleFreeSGD(eta=RATES)], epochs) for epochs in HORIZONS}
    tuned = free[HORIZONS[-1]]
    ratios = {}
    for epochs, table in free.items():
        ours = pd.concat([tuned[tuned["part"] == "tuning"], table[table["part"] == "judging"]])
        theirs = compared(trials, [SGD(eta=RATES)], epochs, schedule=schedules.linear())
        both = pd.concat([comparison.judged(ours), comparison.judged(theirs)])
        for name, each in pairs.log_ratios(both, "ScheduleFreeSGD", "SGD").items():
            ratios[f"{name} after {epochs} epochs"] = each
    return no_schedule_by(ratios)


def no_schedule_by(ratios: Mapping[str, Floats]) -> Finding:
    """The same, from the logarithms of the ratios by problem and horizon."""
    factors = {case: float(np.exp(each.mean())) for case, each in ratios.items()}
    met = {
        f"on {case}": factors[case] <= MATCH or pairs.compared(each) != "worse"
        for case, each in ratios.items()
    }
    decided, condition = verdict.decide(met)
    ahead = sum(pairs.compared(each) == "better" for each in ratios.values())
    return Finding(
        decided,
        f"At the one rate tuned for the longest run, schedule-free SGD's excess loss is "
        f"{number(min(factors.values()), 2)} to {number(max(factors.values()), 2)} times that of "
        f"SGD with a rate tuned at every horizon that falls to 0 there; it matches it in "
        f"{sum(met.values())} of {len(met)} cases, and is lower by more than chance in {ahead}.",
        {
            **{
                f"excess over that with the schedule, {case}": each
                for case, each in factors.items()
            },
            "cases that match": sum(met.values()),
            "cases that are lower": ahead,
        },
        condition,
        Picture(
            "Schedule-free SGD's excess loss over that of SGD with a schedule",
            f"At 1 or below it needs none: {sum(met.values())} of {len(met)} cases match.",
            "problem and horizon",
            "without over with a schedule",
            {"ratio": (list(factors), list(factors.values()))},
            kind="bars",
            log_y=True,
        ),
    )


def compared(
    trials: Trials, rules: list[Optimizer], epochs: int, schedule: Schedule | None = None
) -> pd.DataFrame:
    """The trials of rules on the noisy problems, counted."""
    first = trials.seed * APART
    judging = first + FIRST_JUDGING
    table = comparison.compare(
        lambda seed: {name: drawn(seed, quick=True)[name] for name in NOISY},
        rules,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        tuning_seeds=range(first, first + trials.few(4, 1)),
        judging_seeds=range(judging, judging + trials.few(12, 4)),
        schedule=schedule,
    )
    trials.trajectories += table.attrs["trajectories"]
    trials.updates += table.attrs["updates"]
    return table
