"""Claims about state and batches: it sees the mean gradient, once a batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number
from simopt.rules import Adam, Momentum

Floats = NDArray[np.float64]

#: Batch sizes of the four points.
SIZES = (1, 2, 4)


def state_sees_the_mean(trials: Trials) -> Finding:
    """Momentum and Adam in PyTorch beside the engine."""
    seen = libraries.seen(torch_states, "torch")
    four = problems.four_points()
    velocity = trials.run(four, Momentum(eta=0.1), batch_size=2).steps["v"]
    adam = trials.run(four, Adam(eta=0.1, convention="torch"), batch_size=2).steps
    ours = {
        "velocity, batch 1": velocity[0],
        "velocity, batch 2": velocity[1],
        "m": adam["m"].iloc[-1],
        "v": adam["v"].iloc[-1],
        "t": float(adam["t"].iloc[-1]),
    }
    off = max(abs(float(seen.figures[name]) - float(value)) for name, value in ours.items())
    return Finding(
        "holds" if off < 1e-12 else "contradicted",
        f"Momentum's velocity after batches of two is {seen.figures['velocity, batch 1']:g} and "
        f"{seen.figures['velocity, batch 2']:g} in {seen.by}: the mean gradients, one update a "
        f"batch. Adam's t is {seen.figures['t']:g}. The engine differs by at most "
        f"{number(off, 1)}.",
        {**seen.figures, "largest difference": off, "seen in": seen.by},
    )


def torch_states() -> Mapping[str, Figure]:
    """State of SGD with momentum and of Adam after one epoch of the four points in pairs."""
    import torch

    x = torch.tensor([2.0, 1.0, 3.0, 0.5], dtype=torch.float64)
    figures: dict[str, Figure] = {}
    for name in ("velocity", "Adam"):
        w = torch.nn.Parameter(torch.tensor(3.0, dtype=torch.float64))
        rule = (
            torch.optim.SGD([w], lr=0.1, momentum=0.9)
            if name == "velocity"
            else torch.optim.Adam([w], lr=0.1)
        )
        for k, rows in enumerate((slice(0, 2), slice(2, 4)), start=1):
            rule.zero_grad()
            ((w * x[rows] - 5 * x[rows]) ** 2).mean().backward()
            rule.step()
            if name == "velocity":
                figures[f"velocity, batch {k}"] = rule.state[w]["momentum_buffer"].item()
        if name == "Adam":
            state = rule.state[w]
            figures |= {"m": state["exp_avg"].item(), "v": state["exp_avg_sq"].item()}
            figures["t"] = float(state["step"].item())
    return figures


def velocity_by_updates(trials: Trials) -> Finding:
    """The mean velocity over random orders, by the update and by the epoch."""
    seeds, four = trials.seeds(4000, 500), problems.four_points()
    gaps: dict[float, tuple[float, float]] = {}
    mean: dict[int, Floats] = {}
    for eta in (0.01, 0.03, 0.1):
        for size in SIZES:
            plan = {"batch_size": size, "shuffle": "epoch", "seed": seeds, "record": "steps"}
            frame = trials.sweep(four, Momentum(eta=eta), updates=12, **plan)
            w = frame["w"].to_numpy().reshape(-1, 12)
            mean[size] = -np.diff(w, axis=1, prepend=3.0).mean(axis=0) / eta
        at_updates = np.array([mean[b][:3] for b in SIZES])
        at_epochs = np.array([mean[b][4 // b - 1 :: 4 // b][:3] for b in SIZES])
        gaps[eta] = (
            float(np.ptp(at_updates, axis=0).max()),
            float(np.ptp(at_epochs, axis=0).max()),
        )
    shares = {eta: a / b for eta, (a, b) in gaps.items()}
    worst = max(shares.values())
    ones = {b: trials.run(four, Momentum(eta=0.1), batch_size=b).steps["v"] for b in (1, 2)}
    return Finding(
        "holds" if worst < 0.5 else "contradicted",
        f"One epoch in file order at eta = 0.1 ends with v = {ones[1].iloc[-1]:.2f} at batch 1 and "
        f"{ones[2].iloc[-1]:.2f} at batch 2. Over {len(seeds):,} random orders the mean velocities "
        f"of batch 1, 2 and 4 lie within {gaps[0.1][0]:.1f} of each other after equal numbers of "
        f"updates, within {gaps[0.1][1]:.1f} after equal epochs; at eta = 0.01 within "
        f"{gaps[0.01][0]:.1f} and {gaps[0.01][1]:.1f}.",
        {f"gap at equal updates, eta {eta:g}": a for eta, (a, _) in gaps.items()}
        | {f"gap at equal epochs, eta {eta:g}": b for eta, (_, b) in gaps.items()}
        | {f"v in file order, batch {b}": v.iloc[-1] for b, v in ones.items()},
        "",
        Picture(
            "Momentum's mean velocity by the update, eta = 0.1",
            f"In the first three updates the batch sizes are {gaps[0.1][0]:.1f} apart at most; it "
            "is the number of updates in an epoch that tells them apart.",
            "update",
            "mean v over random orders",
            {f"batch {b}": (np.arange(1, 13), mean[b]) for b in SIZES},
        ),
    )


def clock_counts_batches(trials: Trials) -> Finding:
    """t, and what is left of the corrections, by the epoch and by the update."""
    four, left = problems.four_points(), {}
    for size in SIZES:
        steps = trials.run(four, Adam(eta=0.1), batch_size=size, epochs=3).steps
        left[size] = (1 - steps["m"] / steps["m_hat"], steps["t"].to_numpy())
    exact = max(float(np.abs(part - 0.9**t).max()) for part, t in left.values())
    first = {b: float(part.iloc[4 // b - 1]) for b, (part, _) in left.items()}
    holds = exact < 1e-12 and first[1] < first[2] < first[4]
    return Finding(
        "holds" if holds else "contradicted",
        f"After one epoch of four points beta1^t is still {first[1]:.3f}, {first[2]:.3f} and "
        f"{first[4]:.3f} at batch 1, 2 and 4. By the update it is 0.9^t at every batch size (to "
        f"{number(exact, 1)}).",
        {f"beta1^t after one epoch, batch {b}": value for b, value in first.items()}
        | {"largest difference from 0.9^t": exact},
    )
