"""Claims about AdaGrad: epsilon, a sum that only grows, sparse data, and freezing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simopt import problems
from simopt.document.claims.claim import Finding, Picture, share
from simopt.document.claims.common.curves import METHODS
from simopt.document.claims.common.histories import drawn, fed
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, number, percent
from simopt.problems import Problem
from simopt.problems.synthetic import linear, zipf
from simopt.rules import AdaGrad

EPSILON = 1e-8

#: 26 rates from 1e-4 to 10, five a decade.
RATES = np.geomspace(1e-4, 10, 26)

#: Of the distance a tenfold of epochs leaves less than this. A rate that goes as 1 / sqrt(t) makes
#: the distance go as t^(-1/4) under noise, which is 0.56; nothing moves at 1.
FALLING = 0.75

NAMES = tuple(method.__name__ for method in METHODS)

#: The epochs after which sparse data is looked at.
BUDGETS = (5, 10, 50)


def only_against_zero(trials: Trials) -> Finding:
    """A first step is eta times this, whatever the gradient; without epsilon it is eta."""
    sizes = np.geomspace(1e-9, 10, 1001)
    inside = sizes / np.sqrt(sizes**2 + EPSILON)
    outside = sizes / (sizes + EPSILON)
    lost = {
        "inside": float(sizes[inside >= 0.99].min()),
        "outside": float(sizes[outside >= 0.99].min()),
    }
    # Where training arrives: gradients of the four points on the way to the optimum.
    walk = trials.run(problems.four_points(), AdaGrad(eta=1.0), epochs=60).steps
    met = share(walk["gradient"].abs() < lost["inside"])
    tenth = float(sizes[inside >= 0.1].min())
    verdict = "holds" if max(lost.values()) <= 1e-8 else "conditional"
    if min(lost.values()) > 1:
        verdict = "contradicted"
    edge, other, low = number(lost["inside"], 1), number(lost["outside"], 1), number(tenth, 1)
    return Finding(
        verdict,
        f"Inside the root epsilon takes 1 % or more of a first step from every gradient below "
        f"{edge}, and nine tenths below {low}; outside (PyTorch, Keras) 1 % from those below "
        f"{other}. In 60 epochs of AdaGrad at eta = 1 on the four points {percent(met)} of the "
        f"gradients are below {edge}.",
        {
            "1 % lost below, inside": lost["inside"],
            "1 % lost below, outside": lost["outside"],
            "nine tenths lost below, inside": tenth,
            "gradients below, of 60 epochs": met,
        },
        condition=f"While gradients are above {edge}: inside the root 1e-8 stands for a gradient "
        "of 1e-4, and smaller ones are damped, not only kept from a division by 0; outside the "
        f"root it is so above {other}."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="First step divided by eta, epsilon = 1e-8",
            sees="Inside the root the step begins to shrink at gradients "
            f"{lost['inside'] / lost['outside']:.0f} times as large as outside.",
            x_label="|g|",
            y_label="|step| / eta",
            series={
                "inside the root": (sizes[::6], inside[::6]),
                "outside": (sizes[::6], outside[::6]),
            },
            log_x=True,
        ),
    )


def sum_only_grows(trials: Trials) -> Finding:
    """G and the effective rate, on random gradients and for long on the four points."""
    falls, rises, updates = 0, 0, 0
    for gradients in drawn(trials, trials.few(50, 10), 200):
        total = fed(AdaGrad(eta=0.1), gradients)[1][:, 0]
        rate = 0.1 / np.sqrt(total + EPSILON)
        falls += int((np.diff(total) < 0).sum())
        rises += int((np.diff(rate) > 0).sum())
        updates += len(total)
    walk = trials.run(problems.four_points(), AdaGrad(eta=0.1), epochs=250).steps
    falls += int((np.diff(walk["G"]) < 0).sum())
    rises += int((np.diff(walk["effective_lr"]) > 0).sum())
    updates += len(walk)
    return Finding(
        "holds" if falls == rises == 0 else "contradicted",
        f"In {updates:,} updates G falls {falls} times and the effective rate rises {rises} times. "
        f"On the four points it grows by {walk['G'].iloc[3]:,.0f} in the first epoch and by "
        f"{number(walk['G'].iloc[-1] - walk['G'].iloc[-5], 2)} in the 250th.",
        {
            "updates": updates,
            "G falls": falls,
            "rate rises": rises,
            "G, epoch 1": float(walk["G"].iloc[3]),
            "G, epoch 250": float(walk["G"].iloc[-1]),
        },
    )


def large_and_frequent_get_less(trials: Trials) -> Finding:
    """The same gradients larger; the same gradients with some of them missing."""
    rng = trials.rng(1)
    larger, fewer, moved = [], [], []
    for gradients in drawn(trials, trials.few(200, 40), 40):
        factor = 1 + 9 * rng.random()
        missing = np.where(rng.random(40) < 0.5, gradients, 0.0)
        total, big, rare = (
            fed(AdaGrad(epsilon=0.0), g)[1][-1, 0] for g in (gradients, factor * gradients, missing)
        )
        larger.append(abs(np.sqrt(big / total) / factor - 1))
        fewer.append(rare < total or not (missing != gradients).any())
        steps = [fed(AdaGrad(epsilon=0.0), g)[0][-1] for g in (gradients, factor * gradients)]
        moved.append(abs(steps[1] / steps[0] - 1))
    exact, all_fewer = max(larger) <= 1e-12, all(fewer)
    return Finding(
        "holds" if exact and all_fewer else "contradicted",
        f"In {len(larger)} random histories gradients k times as large divide the effective rate "
        f"by k (to {number(max(larger), 1)}), and leaving half of them out raises it in "
        f"{percent(share(fewer))}. The step itself does not become smaller with large gradients: "
        f"it stays the same, to {number(max(moved), 1)}.",
        {"histories": len(larger), "off": max(larger), "higher if rarer": share(fewer)},
    )


def good_for_sparse_data(trials: Trials) -> Finding:
    """Features as frequent as words are; of each method the best rate at each budget."""
    seeds = trials.seeds(8, 2)
    sparse = pd.DataFrame([best_losses(trials, zipf(seed=seed), seed) for seed in seeds])
    dense = pd.DataFrame(
        [best_losses(trials, linear(128, 30, noise=0.1, seed=s), s) for s in seeds[:3]]
    )
    first, beats = {}, {}
    for budget in BUDGETS:
        table = sparse[[f"{name} {budget}" for name in NAMES]]
        first[budget] = share(table.idxmin(axis=1) == f"AdaGrad {budget}")
        beats[budget] = share(sparse[f"AdaGrad {budget}"] < sparse[f"SGD {budget}"])
    gain, plain = (
        float((table["SGD 10"] / table["AdaGrad 10"]).median()) for table in (sparse, dense)
    )
    better = [b for b in BUDGETS if beats[b] >= 0.75]
    ahead = min(first.values()) >= 0.75
    verdict = "holds" if ahead else "conditional" if better else "contradicted"
    medians = sparse.median()
    rivals = {b: min(NAMES, key=lambda name: medians[f"{name} {b}"]) for b in BUDGETS}
    return Finding(
        verdict,
        "Of five methods at their best rates AdaGrad has the lowest loss on "
        f"{listing(map(percent, first.values()))} of {len(seeds)} sparse data sets after "
        f"{listing(BUDGETS)} epochs, and is lower than SGD on "
        f"{listing(map(percent, beats.values()))}. After 10 epochs SGD's loss above the minimum "
        f"is {gain:.1f} times AdaGrad's; on dense data {plain:.2f} times.",
        {f"lowest after {b} epochs": first[b] for b in BUDGETS}
        | {f"below SGD after {b} epochs": beats[b] for b in BUDGETS}
        | {"SGD / AdaGrad, sparse": gain, "SGD / AdaGrad, dense": plain},
        condition=f"Good beside SGD (after {listing(better)} epochs), not the best throughout: "
        "the lowest median loss is " + ", ".join(f"{rivals[b]}'s after {b}" for b in BUDGETS) + "."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Loss above the minimum on sparse data, each method at its best rate",
            sees=f"After 50 epochs {rivals[50]} is lowest; AdaGrad is "
            + ("below" if medians["AdaGrad 50"] < medians["SGD 50"] else "above")
            + " SGD.",
            x_label="epochs",
            y_label="median loss - minimum",
            series={name: (BUDGETS, [medians[f"{name} {b}"] for b in BUDGETS]) for name in NAMES},
            log_x=True,
            log_y=True,
        ),
    )


def best_losses(trials: Trials, problem: Problem, seed: int) -> dict[str, float]:
    """Loss above the minimum at the best rate: by method and budget, batch 8."""
    frame = trials.sweep(
        problem,
        [method(eta=RATES) for method in METHODS],
        batch_size=8,
        epochs=BUDGETS[-1],
        record="epochs",
        shuffle="epoch",
        seed=[seed, seed + 500_000],
        divergence=None,
        evaluate="epoch",
    )
    frame = frame[frame["epoch"].isin(BUDGETS)]
    mean = frame.groupby(["optimizer", "epoch", "eta"])["loss"].mean()
    least = mean.unstack("eta").min(axis=1) - problem.minimum_loss
    return {f"{name} {b}": float(least.loc[name, b]) for name in NAMES for b in BUDGETS}


def freezes(trials: Trials) -> Finding:
    """The distance after so many epochs, without noise and with two kinds of it."""
    four, adagrad = problems.four_points(), AdaGrad(eta=0.1)
    looks, quiet = [10, 100, 1000, 10000], [3, 30, 300, 3000]
    # As curved as the four points, an update for each of theirs.
    hessian = float(four.hessian[0, 0])
    bowl = problems.noisy_quadratic([hessian], [hessian**2], w0=2.0)
    labels = trials.rng(2).normal(size=(trials.few(16, 4), 4)) / 2
    noisy = [problems.least_squares(four.x, four.y + each, w0=3.0) for each in labels]
    seeds = trials.seeds(256, 32)
    plan = {"epochs": looks, "shuffle": "epoch", "divergence": None, "evaluate": "epoch"}
    with_labels = [trials.sweep(each, adagrad, seed=seeds[: len(noisy)], **plan) for each in noisy]
    far = {
        "no noise": trials.sweep(four, adagrad, **plan | {"epochs": quiet}),
        "gradient noise": trials.sweep(
            bowl, adagrad, epochs=[4 * n for n in looks], seed=seeds, divergence=None
        ),
        "label noise": pd.concat(with_labels),
    }
    mean = {k: v.groupby("epochs")["distance"].mean().to_numpy() for k, v in far.items()}
    left = {k: float(v[-1] / v[-2]) for k, v in mean.items()}
    frozen = [k for k, v in left.items() if v > 0.9]
    verdict = "holds" if len(frozen) == 3 else "contradicted"
    if len(frozen) < 3 and max(left.values()) > FALLING:
        verdict = "conditional"
    return Finding(
        verdict,
        "Of the distance the last tenfold of epochs leaves "
        + ", ".join(f"{number(v, 2)} ({k})" for k, v in left.items())
        + f". Without noise it is {mean['no noise'][1]:.2f} after 30 epochs, "
        f"{number(mean['no noise'][2], 2)} after 300, {number(mean['no noise'][3], 1)} after 3,000"
        + ("" if frozen else ": slow is not frozen")
        + ". Under a steady gradient the steps even add up without bound, as 2 eta sqrt(t).",
        {f"left by the last tenfold, {k}": v for k, v in left.items()}
        | {"no noise, epoch 300": float(mean["no noise"][2])},
        condition=f"It stops {'with ' + listing(frozen) if frozen else 'nowhere'}; the last "
        f"tenfold of epochs leaves {percent(min(left.values()))} to {percent(max(left.values()))}."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="AdaGrad's distance from the optimum, eta = 0.1",
            sees="Every tenfold of epochs leaves a part of the distance"
            + (f"; with {listing(frozen)} it levels off." if frozen else "; none levels off."),
            x_label="epochs",
            y_label="mean |w - optimum|",
            series={
                k: (quiet if k == "no noise" else looks, np.maximum(v, 1e-16))
                for k, v in mean.items()
            },
            log_x=True,
            log_y=True,
        ),
    )
