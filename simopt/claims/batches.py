"""Claims about batches: averaging before squaring, noise, and how often state is updated."""

from __future__ import annotations

from simopt.claims.claim import Claim, Finding
from simopt.claims.trials import Trials


def mean_square_is_the_larger(trials: Trials) -> Finding:
    """The difference is a variance."""
    draws = trials.rng().normal(size=(trials.few(10_000, 1_000), 8)) * 3 + 1
    excess = (draws**2).mean(axis=1) - draws.mean(axis=1) ** 2
    holds = bool((excess >= 0).all())
    return Finding(
        "holds" if holds else "contradicted",
        f"In {len(draws):,} samples of eight, the mean square less the squared mean is at least "
        f"{excess.min():.3g}: it is the variance.",
        {"samples": len(draws), "least excess": excess.min()},
    )


CLAIMS = (
    Claim(
        id="C098",
        lines="1007",
        section="Batch size",
        optimizers=(),
        says="The mean of squares is at least the square of the mean.",
        kind="algebra",
        experiment="Samples of eight normal numbers: the difference is their variance.",
        rule="Holds if the difference is negative in no sample.",
        tried=mean_square_is_the_larger,
    ),
)
