"""Rules that average: over a long past of gradients."""

from __future__ import annotations

from simopt.analysis import comparison
from simopt.analysis.comparison.benchmark import APART, FIRST_JUDGING, RATES, drawn
from simopt.document.claims.claim import Finding
from simopt.document.claims.context import Trials
from simopt.document.papers import pairs
from simopt.problems.synthetic import BATCH_SIZE
from simopt.rules import Adam, AdEMAMix

#: Problems with noise, and epochs that make a run a long one: 16 updates each.
NOISY = ("label noise", "ill-conditioned", "sparse")
LONG = 300

#: Besides every other rate: how long the slow mean is, and, for as many trials, Adam's own.
SLOW, FAST = (0.99, 0.999, 0.9999), (0.9, 0.99, 0.999)


def ademamix_helps_long_runs(trials: Trials) -> Finding:
    """AdEMAMix against Adam over 4,800 updates of noisy problems, both tuned."""
    first = trials.seed * APART
    judging = first + FIRST_JUDGING
    table = comparison.compare(
        lambda seed: {
            name: each for name, each in drawn(seed, quick=True).items() if name in NOISY
        },
        [AdEMAMix(eta=RATES[::2], beta3=SLOW), Adam(eta=RATES[::2], beta1=FAST)],
        batch_size=BATCH_SIZE,
        epochs=LONG,
        tuning_seeds=range(first, first + trials.few(4, 2)),
        judging_seeds=range(judging, judging + trials.few(12, 6)),
    )
    trials.trajectories += table.attrs["trajectories"]
    trials.updates += table.attrs["updates"]
    ratios = pairs.log_ratios(comparison.judged(table), "AdEMAMix", "Adam")
    return pairs.better_by(ratios, "AdEMAMix", "Adam")
