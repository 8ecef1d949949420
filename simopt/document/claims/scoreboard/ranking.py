"""Claims of the scoreboard after one epoch: who is first, and who is better."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simopt import problems
from simopt.analysis import stability
from simopt.document.claims.claim import Finding, Picture, share
from simopt.document.claims.common.floors import RATES, ROUNDING, best_rate, floors
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop

ETA = 0.1
RANKING = ("Momentum", "SGD", "RMSprop", "Adam", "AdaGrad")
FIVE = (SGD, Momentum, AdaGrad, RMSprop, Adam)


def ranking_after_one_epoch(trials: Trials) -> Finding:
    """The five by distance, in every order and over rates."""
    four = problems.four_points()
    orders = stability.orders(four.n, 1)
    by_order = [
        ranked(trials.sweep(four, [rule(eta=ETA) for rule in FIVE], order=[order]))[0]
        for order in orders
    ]
    rates = np.geomspace(0.001, 1, trials.few(301, 61))
    over_rates = trials.sweep(four, [rule(eta=rates) for rule in FIVE], divergence=None)
    by_rate = ranked(over_rates)
    walk = by_order[orders.index((0, 1, 2, 3))]
    in_orders = share([order == RANKING for order in by_order])
    alike = np.array([order == RANKING for order in by_rate])
    first = pd.Series([order[0] for order in by_rate]).value_counts(normalize=True)
    if walk != RANKING:
        verdict = "contradicted"
    else:
        verdict = "holds" if in_orders >= 0.95 and alike.mean() >= 0.95 else "conditional"
    at, thin = rates[alike], max(len(rates) // 100, 1)
    return Finding(
        verdict,
        f"In the document's walk the ranking is {', '.join(walk)}. It is so in "
        f"{percent(in_orders)} of the 24 orders at eta = {ETA}, and in the document's order at "
        f"{percent(alike.mean())} of the rates from 0.001 to 1. Most often first is "
        f"{first.index[0]}, at {percent(first.iloc[0])} of the rates.",
        {
            "ranking of the walk": ", ".join(walk),
            "share of orders": in_orders,
            "share of rates": alike.mean(),
            "most often first over rates": first.index[0],
            "share of rates at which it is": first.iloc[0],
        },
        f"At eta = {ETA} in {percent(in_orders)} of the orders, in the document's order only at "
        f"rates between {at.min():.3g} and {at.max():.3g}."
        if verdict == "conditional"
        else "",
        Picture(
            "Distance from 5 after one epoch in the document's order",
            f"At eta = {ETA} {walk[0]} is nearest; over the rates there are {len(set(by_rate))} "
            "different rankings.",
            "learning rate eta",
            "|w − 5|",
            {
                str(name): (rates[::thin], part["distance"].to_numpy()[::thin])
                for name, part in over_rates.groupby("optimizer", sort=False)
            },
            log_x=True,
            log_y=True,
        ),
    )


def ranked(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """The optimizers by distance, at each rate in turn."""
    table = frame.pivot(index="eta", columns="optimizer", values="distance")
    return [tuple(table.columns[np.argsort(row)]) for row in table.to_numpy()]


def momentum_is_best(trials: Trials) -> Finding:
    """How far each is from 5, epoch by epoch, and whether Momentum settles at all."""
    four, epochs = problems.four_points(), 100
    frame = trials.sweep(
        four, [rule(eta=ETA) for rule in FIVE], epochs=epochs, record="epochs", divergence=None
    )
    far = (frame["w"] - 5).abs().to_numpy().reshape(len(FIVE), epochs)
    names = [rule().name for rule in FIVE]
    ours = names.index("Momentum")
    counted = [1, 2, 5, 10, 20, 50, 100]
    best = [bool((far[ours, n - 1] <= far[:, n - 1]).all()) for n in counted]
    worst = [bool((far[ours, n - 1] >= far[:, n - 1]).all()) for n in counted]
    radius = float(
        stability.spectral_radius(four, Momentum(eta=ETA, beta=0.9), batch_size=1)["radius"][0]
    )
    if radius >= 1:
        verdict = "contradicted"
    else:
        verdict = "holds" if all(best) else "conditional" if any(best) else "contradicted"
    settles = "so it never settles" if radius >= 1 else "so it settles"
    return Finding(
        verdict,
        f"An epoch multiplies Momentum's error by {radius:.3f} in the long run, {settles}: the "
        f"distance is {far[ours, 0]:.3f} after one epoch, {number(far[ours, 1], 3)} after two, "
        f"{number(far[ours, 9], 3)} after ten and {number(far[ours, 99], 3)} after a hundred. Of "
        f"{len(counted)} counts of epochs it is nearest in {sum(best)} and farthest in "
        f"{sum(worst)}.",
        {
            "spectral radius of an epoch": radius,
            "distance after 1 epoch": far[ours, 0],
            "distance after 2 epochs": far[ours, 1],
            "distance after 10 epochs": far[ours, 9],
            "distance after 100 epochs": far[ours, 99],
            "nearest at": sum(best),
            "farthest at": sum(worst),
            "counts of epochs": len(counted),
        },
        f"After {', '.join(str(n) for n, is_best in zip(counted, best, strict=True) if is_best)} "
        "epochs."
        if verdict == "conditional"
        else "",
        Picture(
            "Distance from 5 at eta = 0.1, batches of one",
            f"Momentum {'begins nearest and ' if best[0] else ''}is {number(far[ours].max(), 3)} "
            "away at the most; "
            f"{names[int(far[:, -1].argmin())]} ends nearest.",
            "epoch",
            "|w − 5|",
            {
                name: (np.arange(1, epochs + 1), np.maximum(row, 1e-16))
                for name, row in zip(names, far, strict=True)
            },
            log_y=True,
        ),
    )


#: Numbers of epochs after which two optimizers are compared on the four points.
COUNTED = (2, 5, 10, 20)

#: How much lower a distance or a loss has to be to count.
MARGIN = 0.95


def momentum_beats_sgd(trials: Trials) -> Finding:
    """At the best rate of each, and at equal rates; then where curvatures differ by 1,000."""
    ratios, equal = [], []
    for count in COUNTED:
        table = floors(trials, [SGD(eta=RATES), Momentum(eta=RATES)], epoch=count)
        best = best_rate(table, ["optimizer"]).set_index("optimizer")["worst"].clip(ROUNDING)
        ratios.append(float(best["Momentum"] / best["SGD"]))
        floor = table.pivot(index="eta", columns="optimizer", values="floor")
        equal.append(share(floor["Momentum"] < floor["SGD"]))
    hard = conditioned_ratios(trials)
    wins = [ratio < MARGIN for ratio in (*ratios, *hard.values())]
    losses = [ratio > 1 / MARGIN for ratio in (*ratios, *hard.values())]
    verdict = "holds" if all(wins) else "contradicted" if not any(wins) else "conditional"
    won = sum(ratio < MARGIN for ratio in hard.values())
    return Finding(
        verdict,
        f"Four points, each at its best rate: Momentum's distance is {number(min(ratios), 3)} to "
        f"{number(max(ratios), 3)} times SGD's after {COUNTED[0]} to {COUNTED[-1]} epochs; at the "
        f"same rate it is nearer at {percent(min(equal))} to {percent(max(equal))} of the rates. "
        "With condition number 1,000 its excess loss is "
        + ", ".join(f"{number(ratio, 3)} times ({name})" for name, ratio in hard.items())
        + ".",
        {
            **{f"four points, {n} epochs": r for n, r in zip(COUNTED, ratios, strict=True)},
            **{f"condition 1000, {name}": ratio for name, ratio in hard.items()},
            "least share of equal rates": min(equal),
            "greatest share of equal rates": max(equal),
            "won": sum(wins),
            "lost": sum(losses),
        },
        f"Each at its best rate, Momentum is better in {won} of {len(hard)} comparisons with "
        f"condition number 1,000, and in {sum(wins) - won} of {len(ratios)} on the four points, "
        "whose single weight leaves it no slow direction to speed up."
        if verdict == "conditional"
        else "",
        Picture(
            "Momentum's distance or excess loss over SGD's, each at its best rate",
            f"Below 1 Momentum is better: {sum(wins)} of {len(wins)}.",
            "comparison",
            "Momentum over SGD",
            {
                "ratio": (
                    [*(f"four points, {n} epochs" for n in COUNTED), *hard],
                    [*ratios, *hard.values()],
                )
            },
            kind="bars",
            log_y=True,
        ),
    )


def conditioned_ratios(trials: Trials) -> dict[str, float]:
    """Momentum's excess loss over SGD's with condition number 1,000, each at its best rate."""
    problem = suite(trials.seed)["ill-conditioned"]
    rates = np.geomspace(1e-3, 3, 36)
    result = {}
    for size, name in ((problem.n, "full batch"), (BATCH_SIZE, f"batch {BATCH_SIZE}")):
        for epochs in (20, 200):
            frame = trials.sweep(
                problem,
                [SGD(eta=rates), Momentum(eta=rates)],
                batch_size=size,
                epochs=epochs,
                shuffle="epoch",
                seed=trials.seeds(8, 2) if size < problem.n else trials.seed,
            )
            excess = (frame["loss"] - problem.minimum_loss).where(frame["status"] == "ok", np.inf)
            median = excess.groupby([frame["optimizer"], frame["eta"]]).median()
            best = median.groupby("optimizer").min()
            result[f"{name}, {epochs} epochs"] = float(best["Momentum"] / best["SGD"])
    return result
