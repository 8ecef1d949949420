"""Adam's relatives: convergence at any decay of the squares, and who is faster."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simopt import schedules
from simopt.analysis.stability import counterexamples
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.papers import pairs
from simopt.ground.formatting import listing, number, sentence
from simopt.rules import ADOPT, Adam

#: Decay rates of the squares that a rule must converge with.
DECAYS = (0.1, 0.5, 0.9, 0.99, 0.999)

#: How much larger the rare gradient is than the others, and how rare.
RARITIES = (10, 30)

#: So near the optimum, -1, of a box from -1 to 1, a run has converged.
NEAR = 0.1

#: So many updates take a run from 0 to -1 at the slowest setting, and leave the rate so small that
#: the rare gradient throws no run farther than `NEAR`.
UPDATES = 100_000

#: The paper's first algorithm, its last one, and what it mends.
FREE, BOUNDED, MENDED = "ADOPT without a bound", "ADOPT with its bound", "Adam"


def adopt_converges(trials: Trials) -> Finding:
    """ADOPT and Adam where one gradient in k is k and the others are -1, in a box."""
    rules = {
        FREE: ADOPT(eta=0.5, beta2=DECAYS, clipping="none"),
        BOUNDED: ADOPT(eta=0.5, beta2=DECAYS),
        MENDED: Adam(eta=0.5, beta2=DECAYS),
    }
    seeds = trials.seeds(4, 2)
    far: dict[str, dict[str, float]] = {name: {} for name in rules}
    for k in RARITIES:
        frame = trials.sweep(
            counterexamples.constant_gradients([float(k)] + [-1.0] * (k - 1)),
            list(rules.values()),
            updates=UPDATES,
            shuffle="epoch",
            seed=seeds,
            schedule=schedules.inverse_sqrt(),
            box=(-1.0, 1.0),
            divergence=None,
            evaluate="epoch",
        )
        # The sweep's rows: by rule, by decay rate, by seed.
        ends = frame["w"].to_numpy(np.float64).reshape(len(rules), len(DECAYS), len(seeds))
        for name, by_decay in zip(rules, (ends + 1).max(axis=2), strict=True):
            for beta2, distance in zip(DECAYS, by_decay, strict=True):
                far[name][f"k = {k}, beta2 = {beta2}"] = float(distance)
    return adopt_by(far)


def adopt_by(far: Mapping[str, Mapping[str, float]]) -> Finding:
    """The same, from how far from the best point the worst seed ended, by rule and setting."""
    near = {rule: [case for case, d in table.items() if d <= NEAR] for rule, table in far.items()}
    settings = len(far[FREE])
    free, bounded, mended = (len(near[name]) for name in (FREE, BOUNDED, MENDED))
    if mended == settings:
        decided = "undecidable"
    elif free == bounded == settings:
        decided = "holds"
    else:
        decided = "conditional" if free or bounded else "contradicted"
    counts = [
        f"{name} with {len(near[name])} of {settings} settings" for name in (FREE, BOUNDED, MENDED)
    ]
    conditions = []
    for rule, said in ((FREE, "without the bound"), (BOUNDED, "with it")):
        failing = [case for case in far[rule] if case not in near[rule]]
        if not failing:
            conditions.append(f"{said} it converges with all {settings} settings")
        elif len(failing) == settings:
            conditions.append(f"{said} it converges with none")
        else:
            conditions.append(f"{said} it does not at {listing(failing)}")
    return Finding(
        decided,
        f"Of the runs that end within {NEAR} of the best point, −1, on every seed: "
        f"{listing(counts)}. "
        + (
            "As Adam fails nowhere, there is nothing to mend."
            if decided == "undecidable"
            else f"The farthest that Adam ends is {number(max(far[MENDED].values()), 2)} away; "
            "2 is the wrong end of the box."
        ),
        {
            **{f"{rule}, {case}": d for rule, table in far.items() for case, d in table.items()},
            **{f"settings at which it converges, {rule}": len(near[rule]) for rule in far},
            "settings": settings,
        },
        sentence("; ".join(conditions)) + "." if decided == "conditional" else "",
        Picture(
            f"How far from the best point the worst seed ends, k = {RARITIES[-1]}",
            f"0 is the best point, 2 the wrong end of the box. Over both k, near it ends "
            f"{listing(counts)}.",
            "1 - beta2",
            "w + 1",
            {
                rule: (1 - np.array(DECAYS), list(table.values())[-len(DECAYS) :])
                for rule, table in far.items()
            },
            log_x=True,
        ),
    )


def nadam_is_faster(trials: Trials) -> Finding:
    """NAdam against Adam."""
    return pairs.better(trials, "NAdam", "Adam")


def qhadam_improves(trials: Trials) -> Finding:
    """QHAdam, as recommended, against Adam."""
    return pairs.better(trials, "QHAdam", "Adam")
