"""The claim about a plateau that ends in a drop: what such a curve tells, and what it doesn't."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simopt import problems, schedules
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import percent
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import SGD, Momentum

Floats = NDArray[np.float64]


def drops_after_plateau(trials: Trials) -> Finding:
    """A saddle, and a convex problem whose rate drops."""
    saddle, options = problems.saddle(), {"updates": 1500, "record": "steps"}
    rates = [0.02, 0.05, 0.1]
    frame = trials.sweep(saddle, [SGD(eta=rates), Momentum(eta=rates)], **options)
    loss = frame["loss"].to_numpy().reshape(-1, 1500)
    # Each is looked at until twice as long as it takes to be half down.
    half = 1 + (loss < -0.125).argmax(axis=1)
    shaped = np.array([falls_late(row[: 2 * n]) for row, n in zip(loss, half, strict=True)])
    arrived = np.abs(loss[:, -1] + 0.25) < 1e-3
    noisy = suite(trials.seed)["label noise"]
    plan = {"batch_size": BATCH_SIZE, "epochs": 100, "shuffle": "epoch", "record": "epochs"}
    drop = schedules.step(50, gamma=0.02, per="epoch")
    rates = [0.08, 0.1, 0.12]
    seeds = trials.seeds(16, 8)
    convex = trials.sweep(noisy, SGD(eta=rates), schedule=drop, seed=seeds, **plan)
    curve = convex["loss"].to_numpy().reshape(-1, 100)
    same = np.array([falls_late(row) for row in np.maximum(curve - noisy.minimum_loss, 1e-6)])
    met = {
        "that such a curve goes on to the minimum, so keep training": bool(
            shaped.any() and arrived[shaped].all()
        ),
        "that it tells of a saddle"
        + (": a convex loss whose rate drops looks the same" if same.any() else ""): bool(
            not same.any()
        ),
    }
    verdict, condition = decide(met)
    first = int(half[2])
    return Finding(
        verdict,
        f"From y = 1e-6 beside the saddle {shaped.sum()} of {len(shaped)} curves of SGD and "
        f"Momentum stay, then drop, and {percent(arrived[shaped].mean())} of these end in the "
        f"minimum; SGD at eta = 0.1 is half down after {first} updates (ln 1e6 / ln 1.1 = "
        f"{np.log(1e6) / np.log(1.1):.0f}). On convex least squares whose rate drops to a "
        f"fiftieth after 50 epochs {percent(same.mean())} of the curves have the same shape.",
        {"curves that drop late, saddle": int(shaped.sum()), "of": len(shaped)}
        | {"of these in the minimum": float(arrived[shaped].mean()) if shaped.any() else 0.0}
        | {"curves that drop late, convex": float(same.mean())}
        | {"updates to half down, SGD, eta 0.1": first},
        condition,
        Picture(
            "Two losses that stay, then drop",
            "In one the weights leave a saddle, in the other the rate drops: "
            f"{'the shape is the same' if same.any() else 'the shapes differ'}.",
            "share of the training",
            "loss, from its greatest (1) to its least (0)",
            {
                "saddle, SGD at 0.1": scaled_curve(loss[2, : 2 * first]),
                "convex, step schedule": scaled_curve(curve[int(same.argmax())]),
            },
        ),
    )


def falls_late(loss: Floats) -> bool:
    """Whether a curve falls at first, stays for a fifth of its length, then drops.

    It stays if the medians of that fifth's halves differ by less than a third of the drop, which is
    that of the medians of the fifth and of the next one, and at least 5 % of all that it falls.
    """
    loss = loss[:: max(len(loss) // 100, 1)]
    fifth, span = len(loss) // 5, loss[0] - loss.min()
    for start in range(len(loss) // 20, len(loss) - 2 * fifth):
        stay, after = loss[start : start + fifth], loss[start + fifth : start + 2 * fifth]
        level = np.median(stay)
        moved = abs(np.median(stay[: fifth // 2]) - np.median(stay[fifth // 2 :]))
        drop = level - np.median(after)
        if drop > max(3 * moved, 0.05 * span) and level < loss[0] - 0.05 * span:
            return True
    return False


def scaled_curve(loss: Floats) -> tuple[Floats, Floats]:
    """A curve from 1 to 0 over 0 to 1, of at most 200 points."""
    chosen = loss[:: -(-len(loss) // 200)]
    return np.linspace(0, 1, len(chosen)), (chosen - chosen.min()) / np.ptp(chosen)
