"""Claims about the first steps of the walk: how large they are, and because of what."""

from __future__ import annotations

import numpy as np

from simopt import problems
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.common.histories import drawn, fed
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.rules import SGD, AdaGrad, Momentum, RMSprop

#: The document's.
ETA = 0.1


def first_step_is_sgds(trials: Trials) -> Finding:
    """Every beta, every convention, random gradients, to the last bit."""
    gradients = drawn(trials, trials.few(100, 20))
    conventions = ("document", "torch", "keras", "optax", "sklearn")
    different = cases = 0
    for gradient in gradients:
        plain = fed(SGD(eta=ETA), [gradient])[0][0]
        for convention in conventions:
            for beta in (0.0, 0.5, 0.9, 0.99):
                momentum = Momentum(eta=ETA, beta=beta, convention=convention)
                different += int(fed(momentum, [gradient])[0][0] != plain)
                cases += 1
    four = problems.four_points()
    walk = [trials.run(four, rule(eta=ETA)).steps["w"][0] for rule in (SGD, Momentum)]
    return Finding(
        "holds" if different == 0 and walk[0] == walk[1] else "contradicted",
        f"After point 1 of the walk SGD is at {walk[0]:g}, Momentum at {walk[1]:g}. In {cases:,} "
        f"cases (betas from 0 to 0.99, {len(conventions)} libraries' formulas) their bits differ "
        f"{different} times.",
        {"cases": cases, "different": different, "SGD": walk[0], "Momentum": walk[1]},
    )


def small_because_large(trials: Trials) -> Finding:
    """First steps at gradients a hundred thousand times apart."""
    del trials
    gradients = -np.geomspace(0.016, 1600, 501)
    steps = {
        "AdaGrad": np.array([fed(AdaGrad(eta=ETA), [g])[0][0] for g in gradients]),
        "SGD": np.array([fed(SGD(eta=ETA), [g])[0][0] for g in gradients]),
    }
    ratio = float(steps["AdaGrad"].max() / steps["AdaGrad"].min())
    walk = int(np.argmin(np.abs(gradients + 16)))
    larger = float(np.abs(gradients[steps["AdaGrad"] > steps["SGD"]]).max())
    falls = bool((np.diff(steps["AdaGrad"]) < 0).all()) and ratio > 1.01
    verdict = "holds" if falls else "contradicted"
    return Finding(
        verdict,
        f"From |g| = {number(-gradients[0])} to {number(-gradients[-1])} AdaGrad's first step is "
        f"{steps['AdaGrad'].min():.4f} to {steps['AdaGrad'].max():.4f}"
        + ("" if falls else ": eta, whatever the gradient")
        + f". At 16 it is {steps['SGD'][walk] / steps['AdaGrad'][walk]:.0f} times smaller "
        "than SGD's because SGD's is large; below "
        f"|g| = {larger:.1f} it is the larger of the two.",
        {
            "largest / smallest": ratio,
            "SGD / AdaGrad at 16": steps["SGD"][walk] / steps["AdaGrad"][walk],
            "larger than SGD's below": larger,
        },
        picture=Picture(
            title="First step at eta = 0.1",
            sees=f"AdaGrad's {'falls' if falls else 'is a level line'}, SGD's grows with the "
            f"gradient; they cross near {larger:.1f}.",
            x_label="|g|",
            y_label="|step|",
            series={name: (-gradients[::5], step[::5]) for name, step in steps.items()},
            log_x=True,
            log_y=True,
        ),
    )


def larger_because_ten_percent(trials: Trials) -> Finding:
    """The ratio of both first steps, for every share that is kept."""
    gradients = drawn(trials, trials.few(50, 10))
    off, ratios = [], {}
    for rho in (0.0, 0.5, 0.9, 0.99, 0.999):
        both = [
            np.array([fed(rule, [g])[0][0] for g in gradients])
            for rule in (RMSprop(eta=ETA, rho=rho, epsilon=0), AdaGrad(eta=ETA, epsilon=0))
        ]
        ratio = both[0] / both[1]
        ratios[rho] = float(np.median(ratio))
        off.append(float(np.abs(ratio * np.sqrt(1 - rho) - 1).max()))
    four = problems.four_points()
    walk = [trials.run(four, rule(eta=ETA)).steps["w"][0] - 3.0 for rule in (RMSprop, AdaGrad)]
    return Finding(
        "holds" if max(off) <= 1e-6 and walk[0] > walk[1] else "contradicted",
        f"On the walk the steps are {walk[0]:.3f} and {walk[1]:.3f}. For every gradient the ratio "
        f"is 1 / sqrt(1 - rho), to {number(max(off), 1)}: {ratios[0.9]:.2f} where 10 % of the "
        f"square is taken, {ratios[0.99]:.0f} where 1 % is, {ratios[0.0]:g} where all of it is.",
        {"ratio on the walk": walk[0] / walk[1], "off": max(off)}
        | {f"ratio at rho {rho:g}": ratio for rho, ratio in ratios.items()},
    )


def old_velocity_dominates(trials: Trials) -> Finding:
    """What the velocity at point 2 consists of."""
    walk = trials.run(problems.four_points(), Momentum(eta=ETA)).steps
    kept, new = abs(0.9 * walk["v"][0]), abs(walk["gradient"][1])
    part = kept / (kept + new)
    return Finding(
        "holds" if part > 0.5 else "contradicted",
        f"{kept:.1f} of the old velocity and {new:.1f} of gradient: {percent(part)} is old. At eta "
        f"= {ETA:g} that alone carries w by {ETA * kept:.2f}, over the {5 - walk['w'][0]:.1f} that "
        "were left to the optimum.",
        {"old": kept, "new": new, "share": part},
    )
