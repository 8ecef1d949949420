"""Claims about AdamW: weight decay beside the gradient in place of in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import number
from simopt.rules import Adam, AdamW
from simopt.rules.rule import Optimizer

Floats = NDArray[np.float64]

#: Deviations of gradients that are noise alone.
SCALES = (1e-2, 0.1, 1.0, 10.0, 100.0)

LAMBDA, ETA, UPDATES = 0.1, 0.001, 6000

#: What a condition adds where only the decay in the gradient ends at the regularised optimum.
UNEVEN = ", where decay in the gradient is the consistent one"


def both(**plan: Any) -> list[Optimizer]:
    """Adam with the decay in its gradient, and AdamW."""
    return [Adam(weight_decay=LAMBDA, **plan), AdamW(weight_decay=LAMBDA, **plan)]


def uneven_decay(trials: Trials) -> Finding:
    """What is left of a weight of 1 in noise, by its scale; and where a fit ends."""
    left = {name: noise_leaves(trials, k) for k, name in enumerate(("Adam", "AdamW"))}
    alone = (1 - ETA * LAMBDA) ** UPDATES
    spread = {name: float(np.ptp(values)) for name, values in left.items()}
    away = fixed_points(trials)
    met = {
        "for what noise leaves of a weight": spread["Adam"] > 0.2 and spread["AdamW"] < 0.02,
        "for where a fit ends" + UNEVEN * (away["Adam"] < 1e-3 < away["AdamW"]): away["AdamW"]
        < 1e-3
        < away["Adam"],
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"In gradients of pure noise, deviation {SCALES[0]:g} to {SCALES[-1]:g}, Adam with decay "
        f"in its gradient leaves {number(left['Adam'].min(), 2)} to "
        f"{number(left['Adam'].max(), 2)} of a weight, AdamW {left['AdamW'].min():.3f} to "
        f"{left['AdamW'].max():.3f} (decay alone: {alone:.3f}). Fitted to the end, the former is "
        f"within {number(away['Adam'], 1)} of the least regularised loss' weights, AdamW "
        f"{number(away['AdamW'], 2)} away from them.",
        {
            f"left at deviation {s:g}, {n}": v
            for n, by in left.items()
            for s, v in zip(SCALES, by, strict=True)
        }
        | {"left by decay alone": alone}
        | {f"from the regularised optimum, {name}": value for name, value in away.items()},
        condition,
        Picture(
            f"What {UPDATES:,} updates leave of a weight of 1",
            "With decay in the gradient it depends on the noise, from "
            f"{number(left['Adam'].min(), 2)} to {number(left['Adam'].max(), 2)}; "
            + ("AdamW's curve is flat." if spread["AdamW"] < 0.02 else "so it does with AdamW."),
            "deviation of the gradient",
            "mean weight left",
            {
                "decay in the gradient (Adam)": (SCALES, left["Adam"]),
                "decay beside it (AdamW)": (SCALES, left["AdamW"]),
            },
            log_x=True,
        ),
    )


def noise_leaves(trials: Trials, which: int) -> Floats:
    """The mean weight left [scales], of 16 weights in noise of one deviation each."""
    means, seeds = [], trials.seeds(8, 2)
    for scale in SCALES:
        # Noise needs a curvature; one that moves nothing.
        noise = problems.noisy_quadratic(np.full(16, 1e-15), np.full(16, scale**2), w0=1.0)
        rule = both(eta=ETA)[which]
        frame = trials.sweep(noise, rule, updates=UPDATES, seed=seeds, evaluate=UPDATES)
        means.append(frame[[f"w_{k}" for k in range(16)]].to_numpy(np.float64).mean())
    return np.array(means)


def fixed_points(trials: Trials) -> dict[str, float]:
    """How far fits end from the weights of the least regularised loss: the largest difference."""
    rng, scales = trials.rng(), np.array([0.1, 0.3, 1.0, 3.0])
    x = rng.normal(size=(64, 4)) * scales
    fit = problems.least_squares(x, x @ np.ones(4))
    ridge = np.linalg.solve(fit.hessian + LAMBDA * np.eye(4), fit.hessian @ np.ones(4))
    frame = trials.sweep(fit, both(eta=ETA), batch_size="full", updates=40_000, evaluate=40_000)
    w = frame[[f"w_{k}" for k in range(4)]].to_numpy(np.float64)
    off = np.abs(w - ridge).max(axis=1)
    return {"Adam": float(off[0]), "AdamW": float(off[1])}


def decay_beside_the_step(trials: Trials) -> Finding:
    """One step of PyTorch's AdamW from 2, and three ways to write it."""
    seen = libraries.seen(torch_adamw, "torch")
    w, step = float(seen.figures["w"]), 0.1
    ways = {"before": 2 * (1 - 0.1 * 0.5) - step, "after": (2 - step) * (1 - 0.1 * 0.5)}
    met = {
        "for the state, which sees the loss gradient alone": abs(float(seen.figures["m"]) - 0.3)
        < 1e-12
        and abs(float(seen.figures["v"]) - 0.009) < 1e-12,
        "if the decay is that of the weight before the step": abs(w - ways["before"]) < 1e-6,
        "if it is taken of the new weight, at the end": abs(w - ways["after"]) < 1e-6,
    }
    verdict, condition = decide(met)
    point = problems.least_squares([1.0], [0.5], w0=2.0)
    ours = trials.run(
        point, AdamW(eta=0.1, weight_decay=0.5, convention="torch"), batch_size=1
    ).steps["w"]
    return Finding(
        verdict,
        f"From w = 2 with gradient 3, decay 0.5 and eta 0.1, AdamW ({seen.by}) has m = "
        f"{number(seen.figures['m'], 3)} and v = {number(seen.figures['v'], 3)}, the gradient's "
        f"alone, and gets to {w:.4f}: the decay of the old weight gives {ways['before']:.4f}, "
        f"that of the new weight {ways['after']:.4f}.",
        {"w": w, "decay of the old weight": ways["before"], "of the new": ways["after"]}
        | {"m": seen.figures["m"], "v": seen.figures["v"], "engine": float(ours.iloc[0])}
        | {"seen in": seen.by},
        condition,
    )


def torch_adamw() -> Mapping[str, Figure]:
    """One step of AdamW from 2 with gradient 3, weight decay 0.5, rate 0.1."""
    import torch

    w = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    rule = torch.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    w.grad = torch.tensor(3.0, dtype=torch.float64)
    rule.step()
    state = rule.state[w]
    return {"w": w.item(), "m": state["exp_avg"].item(), "v": state["exp_avg_sq"].item()}


def modern_practice(trials: Trials) -> Finding:
    """Undecidable by simulation: a question for a survey."""
    return Finding(
        "undecidable",
        "What people use is a question for a survey of papers and repositories, not for a "
        "simulation; nothing was run.",
        {"runs": 0},
    )
