"""Claims made on the way over the four points: rates that die or recover, overshoots, jumps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simopt import problems
from simopt.analysis import stability
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.problems import Problem
from simopt.rules import AdaGrad, Momentum, RMSprop

#: The rate of the walk.
ETA = 0.1


def rate_is_dying(trials: Trials) -> Finding:
    """The first division is by the gradient's own size; what dies comes after it."""
    four = problems.four_points()
    steps = trials.run(four, AdaGrad(eta=ETA), epochs=1).steps
    scaled = problems.least_squares(10 * four.x, 10 * four.y, w0=four.w0)
    alike = trials.run(scaled, AdaGrad(eta=ETA), epochs=1).steps
    first, second = steps["effective_lr"][:2]
    later = np.log(first / second) / np.log(ETA / second)
    apart = np.abs(alike["w"] - steps["w"]).max()
    verdict = "holds" if later >= 0.5 else "contradicted" if later < 0.1 else "conditional"
    return Finding(
        verdict,
        f"The effective rate goes from {ETA} to {first:.5f} by the first gradient alone, which "
        f"divides by its own size, and from there to {second:.5f}: {percent(later, 3)} of the "
        f"fall. With x and y ten times as large it is {alike['effective_lr'][1]:.7f}, and the "
        f"weights are the same to {number(apart, 1)}.",
        {
            "rate after point 1": first,
            "rate after point 2": second,
            "share of the fall after point 1": later,
            "rate after point 2, data times ten": alike["effective_lr"][1],
            "largest difference of the weights": apart,
        },
        f"True of {percent(later)} of the fall." if verdict == "conditional" else "",
    )


def second_moment_falls(trials: Trials) -> Finding:
    """E[g^2] and the rate at points 1 to 4, then the rate over 20 epochs."""
    steps = trials.run(problems.four_points(), RMSprop(eta=ETA), epochs=20).steps
    average, rate = steps["Eg2"].to_numpy(), steps["effective_lr"].to_numpy()
    falls, rises = average[1] < average[0], rate[1] > 1.01 * rate[0]
    largest = rate.max() / rate[0]
    met = falls and rises and largest > 1
    verdict = "holds" if met else "contradicted" if not rises else "conditional"
    return Finding(
        verdict,
        f"E[g²] goes {listed(average[:4], 2)} over the four points and the rate {listed(rate, 4)}. "
        f"In 20 epochs the rate reaches {largest:.3g} times its first value.",
        {
            "E after point 1": average[0],
            "E after point 2": average[1],
            "rate after point 1": rate[0],
            "rate after point 2": rate[1],
            "rate after point 3": rate[2],
            "largest rate of 20 epochs, over the first": largest,
        },
        "At point 2, but in 20 epochs the rate never comes back to where it began."
        if verdict == "conditional"
        else "",
        Picture(
            "RMSprop's effective rate, four points, eta = 0.1",
            f"It goes down at point 3 of every epoch, and by update {int(rate.argmax()) + 1} is "
            f"{largest:.3g} times the first.",
            "update",
            "effective rate",
            {"RMSprop": (steps["step"].to_numpy(), rate)},
            log_y=True,
        ),
    )


def overshoot_pulls_back(trials: Trials) -> Finding:
    """What gradient and velocity do at the update after a crossing of 5."""
    eta, beta, epochs = [0.01, 0.03, 0.1], 0.9, 10
    frame = trials.sweep(
        problems.four_points(),
        Momentum(eta=eta, beta=beta),
        epochs=epochs,
        shuffle="epoch",
        seed=trials.seeds(400, 100),
        record="steps",
        divergence=None,
    )
    w = frame["w"].to_numpy().reshape(-1, 4 * epochs)
    rate = frame["eta"].to_numpy()[:: 4 * epochs, None]
    w = np.column_stack([np.full(len(w), 3.0), w])
    velocity = -np.diff(w) / rate
    gradient = velocity - beta * np.column_stack([np.zeros(len(w)), velocity[:, :-1]])
    back = np.sign(w - 5)[:, :-1]  # the sign of a gradient, and of a velocity, that leads to 5
    crossed = back[:, 1:] * back[:, :-1] < 0  # by update k; what does update k + 1?
    flips = float((np.sign(gradient) == back)[:, 1:][crossed].mean())
    turned = (np.sign(velocity) == back)[:, 1:]
    reverses = float(turned[crossed].mean())
    curvature = gradient[:, 1:][crossed] / (w - 5)[:, 1:-1][crossed]
    fast = np.broadcast_to(rate == ETA, crossed.shape)[crossed]
    as_walked = np.isclose(curvature, 18) & fast  # the next point is x = 3
    steep, others = (float(turned[crossed][at].mean()) for at in (as_walked, ~as_walked))
    waits = np.array([run[k:].argmax() for run, at in zip(turned, crossed, strict=True)
                      for k in np.flatnonzero(at) if run[k:].any()])  # fmt: skip
    walk = trials.run(problems.four_points(), Momentum(eta=ETA, beta=beta)).steps
    in_walk = bool(walk["gradient"][2] > 0 and walk["v"][2] > 0 and walk["w"][2] < walk["w"][1])
    verdict = "contradicted"
    if in_walk and flips == 1:
        verdict = "holds" if reverses >= 0.9 else "conditional"
    return Finding(
        verdict,
        f"In {crossed.sum():,} crossings of 5 the next gradient points back in {percent(flips)}, "
        f"the velocity at the same update in {percent(reverses)}; in half of them it takes "
        f"{np.median(waits) + 1:.0f} updates or more.",
        {
            "crossings": int(crossed.sum()),
            "gradient points back at once": flips,
            "velocity points back at once": reverses,
            "the same at eta = 0.1 before x = 3": steep,
            "the same elsewhere": others,
            "median updates until the velocity does": np.median(waits) + 1,
            "both at once in the document's walk": in_walk,
        },
        f"The gradient flips in {percent(flips)} of the crossings. The velocity turns with it in "
        f"{percent(steep)} where rate and next point are those of the walk, eta = {ETA} and x = 3, "
        f"in {percent(others)} elsewhere. Until it turns the weight goes on, away from 5."
        if verdict == "conditional"
        else "",
    )


def big_gradient_makes_a_jump(trials: Trials) -> Finding:
    """The largest square's share of G after an epoch, in every order."""
    four = problems.four_points()
    share = []
    for order in stability.orders(four.n, 1):
        squares = trials.run(four, AdaGrad(eta=ETA), order=[order]).steps["gradient"] ** 2
        share.append(squares.max() / squares.sum())
    steps = trials.run(four, AdaGrad(eta=ETA)).steps
    jump = steps["G"][2] / steps["G"][1]
    walk = steps["gradient"][2] ** 2 / steps["G"][3]
    verdict = "holds" if walk > 0.5 and jump > 2 else "contradicted"
    return Finding(
        verdict,
        f"Point 3 makes G {jump:.2f} times as large and is {percent(walk, 3)} of it after the "
        f"epoch. Over all {len(share)} orders the largest square is {percent(min(share))} to "
        f"{percent(max(share))} of G.",
        {
            "G after point 3 over G before": jump,
            "share of point 3": walk,
            "least share of the largest, all orders": min(share),
            "greatest share of the largest, all orders": max(share),
        },
    )


def adagrad_is_frozen(trials: Trials) -> Finding:
    """Another fourth point from the same state; and how it goes on."""
    four = problems.four_points()
    epochs = 100
    moved = []
    for point in range(four.n):
        run = trials.run(replaced(four, point), AdaGrad(eta=ETA))
        moved.append(abs(run.steps["w"][3] - run.steps["w"][2]))
    path = trials.run(four, AdaGrad(eta=ETA), epochs=epochs).steps
    ends = np.array([3.0, *path["w"][3::4]])
    per_epoch = np.abs(np.diff(ends))
    ratio, second = max(moved) / moved[3], per_epoch[1] / per_epoch[0]
    still = np.abs(ends[-1] - ends[1]) / (5 - ends[1])
    if ratio >= 10 and second >= 0.25 and still > 0.1:
        verdict = "contradicted"
    else:
        verdict = "holds" if still < 0.01 else "conditional"
    return Finding(
        verdict,
        f"The fourth update moves {moved[3]:.4f} because the gradient of x = 0.5 is small: with x "
        f"= 3 once more in its place it is {moved[2]:.4f}, {ratio:.0f} times as far. Epoch 2 moves "
        f"{percent(second)} as far as epoch 1, and after {epochs} epochs w is {ends[-1]:.3f}: "
        f"{percent(still)} of what remained after the first.",
        {
            "moved by the fourth point": moved[3],
            "moved by x = 2 in its place": moved[0],
            "moved by x = 1 in its place": moved[1],
            "moved by x = 3 in its place": moved[2],
            "epoch 2 over epoch 1": second,
            "w after epoch 100": ends[-1],
            "share of the remaining way made by then": still,
        },
        f"It slows, but makes {percent(still)} of the remaining way in {epochs} epochs."
        if verdict == "conditional"
        else "",
        Picture(
            "AdaGrad on the four points, eta = 0.1",
            f"It ends its first epoch at {ends[1]:.3f} and goes on to {ends[-1]:.3f}.",
            "epoch",
            "w after it",
            {"AdaGrad": (np.arange(epochs + 1), ends), "optimum": ([0, epochs], [5.0, 5.0])},
        ),
    )


def replaced(problem: Problem, point: int) -> Problem:
    """The four points with another of them in the fourth's place."""
    rows = [0, 1, 2, point]
    return problems.least_squares(problem.x[rows], problem.y[rows], w0=problem.w0)


def momentum_crosses_again(trials: Trials) -> Finding:
    """Whether the last gradient alone would have crossed 5."""
    steps = trials.run(problems.four_points(), Momentum(eta=ETA, beta=0.9)).steps
    before, after, v, g = steps["w"][2], steps["w"][3], steps["v"][3], steps["gradient"][3]
    alone = before - ETA * g
    crosses, would = (before - 5) * (after - 5) < 0, (before - 5) * (alone - 5) < 0
    carried = (v - g) / v
    verdict = "holds" if crosses and not would else "conditional" if crosses else "contradicted"
    return Finding(
        verdict,
        f"Point 4 takes w from {before:.3f} to {after:.3f}, through 5; its own gradient would have "
        f"taken it to {alone:.3f}. {percent(carried)} of the step is velocity carried over.",
        {
            "w before": before,
            "w after": after,
            "w by the gradient alone": alone,
            "share of velocity carried over": carried,
        },
        "It crosses 5, but would have without velocity." if verdict == "conditional" else "",
    )


def rate_recovers(trials: Trials) -> Finding:
    """RMSprop's rate within an epoch and over many."""
    epochs = 200
    steps = trials.run(problems.four_points(), RMSprop(eta=ETA), epochs=epochs).steps
    average, rate = (steps[name].to_numpy().reshape(epochs, 4) for name in ("Eg2", "effective_lr"))
    rises = rate[0, 3] > rate[0, 2] and average[0, 3] < average[0, 2]
    mean = rate.mean(axis=1)
    gain = mean[-50:].mean() / mean[0]
    w = steps["w"].to_numpy()
    far = np.abs(w[-200:] - 5).max()
    step = np.abs(np.diff(w, prepend=3.0)).reshape(epochs, 4).mean(axis=1)
    verdict = "holds" if rises and gain > 2 else "conditional" if rises else "contradicted"
    return Finding(
        verdict,
        f"At point 4 E[g²] goes from {average[0, 2]:.2f} to {average[0, 3]:.2f} and the rate "
        f"changes by {percent(rate[0, 3] / rate[0, 2] - 1)}. Over epochs {epochs - 49} to {epochs} "
        f"its mean is {gain:.3g} times that of the first epoch, its mean step "
        f"{step[-50:].mean() / step[0]:.2f} times, and w stays up to {far:.3g} from 5.",
        {
            "E after point 3": average[0, 2],
            "E after point 4": average[0, 3],
            "rate after point 3": rate[0, 2],
            "rate after point 4": rate[0, 3],
            "mean rate of the last 50 epochs over the first's": gain,
            "mean step of the last 50 epochs over the first's": step[-50:].mean() / step[0],
            "largest distance in the last 50 epochs": far,
        },
        f"At point 4; over {epochs} epochs the mean rate becomes {gain:.2f} times the first."
        if verdict == "conditional"
        else "",
        Picture(
            "RMSprop's mean effective rate per epoch, eta = 0.1",
            f"From {mean[0]:.3g} in the first epoch it comes to {mean[-50:].mean():.3g}.",
            "epoch",
            "mean effective rate",
            {"RMSprop": (np.arange(1, epochs + 1), mean)},
            log_y=True,
        ),
    )


def listed(values: pd.Series | np.ndarray, digits: int) -> str:
    """The first four in a row."""
    return ", ".join(f"{value:.{digits}f}" for value in list(values)[:4])
