"""Claims about the order of epoch 2: reshuffled or as before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simopt import problems
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.problems.synthetic import noisy_line
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop
from simopt.rules.rule import Optimizer

FIVE = (SGD, Momentum, AdaGrad, RMSprop, Adam)

#: Three rates for each, at which it settles on the noisy line within the epochs that are counted.
RATES = {
    "SGD": (0.003, 0.01, 0.03),
    "Momentum": (0.0003, 0.001, 0.003),
    "AdaGrad": (0.1, 0.3, 1.0),
    "RMSprop": (0.001, 0.003, 0.01),
    "Adam": (0.003, 0.01, 0.03),
}

#: A loss or a distance so much lower counts.
MARGIN = 0.95


def tails(trials: Trials) -> pd.DataFrame:
    """Mean excess loss after 60 epochs of the noisy line: in fixed orders, reshuffled, ratio."""
    problem = noisy_line(trials.seed)
    optimizers: list[Optimizer] = [rule(eta=RATES[rule().name]) for rule in FIVE]
    means = {}
    for shuffle, seeds in (("once", 400), ("epoch", 200)):
        frame = trials.sweep(
            problem,
            optimizers,
            epochs=60,
            shuffle=shuffle,
            seed=trials.seeds(seeds, seeds // 20),
            evaluate="epoch",
            reduce={"over": "seed", "columns": ["loss"], "quantiles": [0.5]},
        )
        frame = frame.set_index(["optimizer", "eta"])
        means[shuffle] = frame["loss_mean"] - float(problem.minimum_loss or 0)
    table = pd.DataFrame(means).reset_index()
    return table.assign(ratio=table["epoch"] / table["once"])


def reshuffling_adds_good_noise(trials: Trials) -> Finding:
    """Reshuffled against fixed orders: the four points and the noisy line."""
    frames = {
        shuffle: trials.sweep(
            problems.four_points(),
            [rule(eta=0.05) for rule in FIVE],
            epochs=10,
            shuffle=shuffle,
            seed=trials.seeds(200, 200),
        )
        for shuffle in ("once", "epoch")
    }
    far = pd.DataFrame(
        {name: frame.groupby("optimizer")["distance"].median() for name, frame in frames.items()}
    )
    four = far["epoch"] / far["once"]
    sgd = frames["epoch"].loc[frames["epoch"]["optimizer"] == "SGD", "w"]
    table = tails(trials)
    better = (table["ratio"] < MARGIN).groupby(table["optimizer"], sort=False).sum()
    gains = int(better.sum() + (four < MARGIN).sum())
    total = len(table) + len(four)
    verdict = "conditional"
    if gains >= 0.75 * total or gains <= 0.25 * total:
        verdict = "holds" if gains >= 0.75 * total else "contradicted"
    best = dict(table.iloc[int(table["ratio"].argmin())])
    ours = table.loc[table["optimizer"] == "SGD", "ratio"].to_numpy()
    return Finding(
        verdict,
        f"Reshuffling lowers the distance or the excess loss by more than 5 % in {gains} of "
        f"{total} comparisons, at best to {best['ratio']:.2g} times ({best['optimizer']}, eta = "
        f"{best['eta']:g}, noisy least squares), and raises it by as much in "
        f"{int((table['ratio'] > 1 / MARGIN).sum() + (four > 1 / MARGIN).sum())}. On the four "
        f"points it adds no noise to SGD: 200 reshuffled runs end within {number(np.ptp(sgd), 1)}.",
        {
            "comparisons": total,
            "lower by more than 5 %": gains,
            "lowest ratio": best["ratio"],
            "SGD's spread on the four points": np.ptp(sgd),
            **{f"four points, {name}": value for name, value in four.items()},
            **{
                f"{name}, eta {eta:g}": ratio
                for name, eta, ratio in zip(
                    table["optimizer"], table["eta"], table["ratio"], strict=True
                )
            },
        },
        "On noisy least squares it lowers the excess loss at "
        + ", ".join(f"{count} of 3 rates ({name})" for name, count in better.items())
        + f". SGD's becomes {ours[0]:.2g} times as large at eta = {RATES['SGD'][0]:g} and "
        f"{ours[-1]:.2g} times at {RATES['SGD'][-1]:g}: what a fixed order leaves is a bias of its "
        f"own. On the four points it helps {int((four < MARGIN).sum())} of {len(four)} methods."
        if verdict == "conditional"
        else "",
        Picture(
            "Excess loss of noisy least squares after 60 epochs, reshuffled over fixed orders",
            "Below 1 is in favour of reshuffling; the lowest is "
            f"{best['ratio']:.2g}, the highest {table['ratio'].max():.2f}.",
            "optimizer",
            "reshuffled over fixed",
            {
                f"{name} of its rates": (list(RATES), table["ratio"].to_numpy()[k::3])
                for k, name in enumerate(("smallest", "middle", "largest"))
            },
            kind="bars",
            log_y=True,
        ),
    )


#: From the mean slope to the greatest of the eight: how noisy the two wells are.
SPREADS = (1.5, 2.0, 3.0)


def reshuffling_escapes(trials: Trials) -> Finding:
    """From the higher of two wells, in fixed orders and reshuffled."""
    rates, epochs = np.geomspace(0.02, 0.4, 14), 400
    shares = []
    for spread in SPREADS:
        frame = trials.sweep(
            problems.double_well(spread=spread),
            SGD(eta=rates),
            epochs=epochs,
            shuffle=["once", "epoch"],
            seed=trials.seeds(200, 24),
        )
        below = (frame["w"] < 0).to_numpy().reshape(len(rates), 2, -1)
        shares.append(below.mean(axis=2).T)
    fixed, again = np.moveaxis(np.array(shares), 1, 0)  # [spread, rate]
    stuck, ahead = np.maximum(fixed, again) < 0.05, again >= fixed + 0.1
    behind = ~stuck & (again < fixed)
    verdict = "holds" if ahead.all() else "conditional" if ahead.any() else "contradicted"
    top = np.unravel_index(int((again - fixed).argmax()), fixed.shape)
    middle = len(SPREADS) // 2
    return Finding(
        verdict,
        f"Of {ahead.size} pairs of noise and rate the reshuffled runs are 10 points or more ahead "
        f"in {ahead.sum()}, at best with {percent(again[top])} in the lower well after {epochs} "
        f"epochs against {percent(fixed[top])} in fixed orders; hardly any leave (below 5 %) in "
        f"{stuck.sum()}, and a fixed order does better in {behind.sum()}.",
        {
            "pairs": ahead.size,
            "reshuffling 10 points ahead": int(ahead.sum()),
            "hardly any leave": int(stuck.sum()),
            "fixed order better": int(behind.sum()),
            "largest lead, reshuffled": again[top],
            "largest lead, fixed order": fixed[top],
        },
        "With steps that are large for the noise, and not too large: "
        + "; ".join(
            f"spread {spread:g}, eta from {rates[at].min():.2g} to {rates[at].max():.2g}"
            for spread, at in zip(SPREADS, ahead, strict=True)
            if at.any()
        )
        + f". In {stuck.sum()} pairs hardly any leave, whatever the order."
        if verdict == "conditional"
        else "",
        Picture(
            f"Share of runs in the lower well after 400 epochs, spread {SPREADS[middle]:g}",
            f"Reshuffling is ahead by up to {percent((again - fixed)[middle].max())}.",
            "learning rate eta",
            "share",
            {
                "reshuffled": (rates, again[middle]),
                "a fixed random order": (rates, fixed[middle]),
            },
            log_x=True,
        ),
    )


#: Weights of about 1 that change by less have come to rest.
ROUNDING = 1e-12


def fixed_orders_repeat(trials: Trials) -> Finding:
    """How much the weights differ from one epoch's end to the next, and tails over orders."""
    problem, epochs = noisy_line(trials.seed), 120
    change, spread, above = {}, {}, {}
    for shuffle in ("once", "epoch"):
        frame = trials.sweep(
            problem,
            SGD(eta=0.01),
            epochs=epochs,
            shuffle=shuffle,
            seed=trials.seeds(200, 16),
            record="epochs",
            evaluate="epoch",
        )
        names = [f"w_{k}" for k in range(problem.d)]
        w = frame[names].to_numpy().reshape(-1, epochs, problem.d)[:, -40:]
        change[shuffle] = float(np.linalg.norm(np.diff(w, axis=1), axis=2).mean())
        above[shuffle] = frame["loss"].to_numpy().reshape(-1, epochs) - float(
            problem.minimum_loss or 0
        )
        tail = above[shuffle][:, -40:].mean(axis=1)
        spread[shuffle] = float(tail.max() / tail.min())
    four = trials.sweep(
        problems.four_points(), SGD(eta=0.1), epochs=20, shuffle="once", seed=trials.seeds(50, 50)
    )
    # What rounding changes is no change.
    repeats = max(change["once"], ROUNDING) < 0.01 * change["epoch"]
    matters = spread["once"] > 2
    verdict = "holds" if repeats and matters else "conditional" if repeats else "contradicted"
    return Finding(
        verdict,
        "On noisy least squares a fixed order comes to repeat its epoch: from one end to the next "
        f"the weights change by {number(change['once'], 1)}, reshuffled by {change['epoch']:.2g}. "
        "What it repeats depends on the order: the excess loss of the worst is "
        f"{spread['once']:.0f} times that of the best, reshuffled {spread['epoch']:.1f} times. On "
        "the four points every order "
        + ("ends at 5." if four["distance"].max() < 1e-12 else "does not end at 5."),
        {
            "change per epoch, fixed": change["once"],
            "change per epoch, reshuffled": change["epoch"],
            "worst over best excess loss, fixed": spread["once"],
            "worst over best excess loss, reshuffled": spread["epoch"],
            "largest distance on the four points": four["distance"].max(),
        },
        "It repeats its epoch, but which order it is hardly matters."
        if verdict == "conditional"
        else "",
        Picture(
            "Excess loss at the end of each epoch, one seed, noisy least squares, SGD eta = 0.01",
            "In a fixed order it settles at one value, reshuffled it never does."
            if repeats
            else "Neither settles at one value.",
            "epoch",
            "loss above the least",
            {
                "a fixed random order": (np.arange(1, epochs + 1), above["once"][0]),
                "reshuffled": (np.arange(1, epochs + 1), above["epoch"][0]),
            },
            log_y=True,
        ),
    )
