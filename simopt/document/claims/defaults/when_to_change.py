"""Claims about when to change a default: a slow rate, and a beta that oscillates."""

from __future__ import annotations

import numpy as np

from simopt import problems
from simopt.analysis import stability
from simopt.document.claims.claim import Finding, share
from simopt.document.claims.common.curves import METHODS
from simopt.document.claims.context import Trials
from simopt.ground.formatting import percent
from simopt.problems.problem import known_minimum
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import Momentum


def increase_a_slow_rate(trials: Trials) -> Finding:
    """Every slow run of the suite again, at twice and at five times the rate."""
    base, epochs = np.geomspace(1e-5, 10, trials.few(31, 16)), 100
    factors = (1, 2, 5)
    helped: dict[tuple[bool, int], list[float]] = {}
    halved: dict[int, list[float]] = {factor: [] for factor in factors[1:]}
    for problem in suite(trials.seed).values():
        start = problem.loss(problem.w0) - known_minimum(problem)
        for method in METHODS:
            frame = trials.sweep(
                problem,
                method(eta=np.concatenate([factor * base for factor in factors])),
                batch_size=BATCH_SIZE,
                epochs=epochs,
                record="epochs",
                shuffle="epoch",
                seed=trials.seeds(3, 1),
                divergence=None,
                evaluate="epoch",
            )
            above = np.nan_to_num(frame["loss"].to_numpy() - known_minimum(problem), nan=np.inf)
            # [factors, rates, seeds, epochs]
            curves = above.reshape(len(factors), len(base), -1, epochs)
            first = curves[0]
            slow = (first[..., -1] > start / 2) & (first[..., -1] < 10 * start)
            falls = np.diff(np.minimum(first, 1e300), axis=-1, prepend=start).max(axis=-1) < 0
            for k, factor in enumerate(factors[1:], start=1):
                better = curves[k][..., -1] < first[..., -1]
                half = curves[k][..., -1] <= first[..., -1] / 2
                halved[factor].extend(half[slow & falls])
                for monotone in (True, False):
                    chosen = slow & (falls == monotone)
                    helped.setdefault((monotone, factor), []).extend(better[chosen])
    at = {key: share(values) for key, values in helped.items() if values}
    runs, others = len(helped[True, 2]), len(helped[False, 2])
    least = min(at[True, factor] for factor in factors[1:])
    bumpy = at.get((False, 2), float("nan"))
    verdict = "holds" if least >= 0.95 else "conditional" if least >= 0.5 else "contradicted"
    return Finding(
        verdict,
        f"Of {runs:,} runs that fall all the time and still keep half of their loss after 100 "
        f"epochs, {percent(at[True, 2], 3)} end lower at twice the rate, "
        f"{percent(at[True, 5], 3)} at five times; {percent(share(halved[2]))} and "
        f"{percent(share(halved[5]))} lose half or more of what was left, which the page on "
        "loss curves counts as mended."
        + (
            f" Of {others:,} that keep half of it but do not fall all the time, {percent(bumpy)} "
            "do at twice."
            if others
            else ""
        ),
        {
            "slow runs": runs,
            "lower at twice the rate": at[True, 2],
            "lower at five times": at[True, 5],
            "halved at twice the rate": share(halved[2]),
            "halved at five times": share(halved[5]),
            "slow and not monotone": others,
            "of these lower at twice": bumpy,
        },
        condition="Mostly: in a part of the slow runs the larger rate is too large already."
        if verdict == "conditional"
        else "",
    )


def lower_beta_against_oscillation(trials: Trials) -> Finding:
    """The spectral radius of an epoch, for each batch size and order, at a lower beta."""
    del trials
    four, lower = problems.four_points(), (0.5, 0.6, 0.7, 0.8)
    momentum = Momentum(eta=0.1, beta=[*lower, 0.9])
    less, settle, fastest = {}, {}, {}
    for size in (1, 2, 4):
        table = stability.spectral_radius(four, momentum, batch_size=size, order="all")
        wide = table.pivot(index="order", columns="beta", values="radius")
        less[size] = share(wide[list(lower)].lt(wide[0.9], axis=0))
        settle[size] = {b: share(wide[b] < 1) for b in (*lower, 0.9)}
        fastest[size] = {b: float(wide[b].median()) for b in (*lower, 0.9)}
    low = min(less.values())
    verdict = (
        "holds" if low == 1 else "conditional" if max(less.values()) >= 0.5 else "contradicted"
    )
    return Finding(
        verdict,
        "At eta = 0.1 an epoch leaves less of an error at a beta of 0.5 to 0.8 than at 0.9 in "
        f"{percent(less[1])} of cases at batch 1, {percent(less[2])} at batch 2, "
        f"{percent(less[4])} at batch 4. At batch 1 errors die out in {percent(settle[1][0.9])} of "
        f"the orders at 0.9, {percent(settle[1][0.8])} at 0.8, {percent(settle[1][0.5])} at 0.5. "
        f"At batch 4 an epoch leaves {fastest[4][0.9]:.2f} of an error at 0.9 and "
        f"{fastest[4][0.5]:.2f} at 0.5.",
        {f"smaller radius, batch {size}": value for size, value in less.items()}
        | {f"settle at {b:g}, batch 1": value for b, value in settle[1].items()}
        | {f"left by an epoch at {b:g}, batch 4": value for b, value in fastest[4].items()},
        condition="Not at every batch size and order: a smaller beta is no cure where the rate is "
        "too large for the points one by one."
        if verdict == "conditional"
        else "",
    )
