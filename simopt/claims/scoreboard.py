"""Claims of the scoreboard after one epoch: who is first, and what it is put down to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simopt import SGD, AdaGrad, Adam, Momentum, RMSprop, problems, stability
from simopt.claims.claim import Claim, Finding, Picture, share
from simopt.claims.floors import RATES, best_rate, floors
from simopt.claims.forgetting import ForgetfulAdaGrad
from simopt.claims.suite import BATCH_SIZE, suite
from simopt.claims.trials import Trials

SECTION = "Scoreboard and insights"
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
    by_rate = ranked(trials.sweep(four, [rule(eta=rates) for rule in FIVE], divergence=None))
    walk = by_order[orders.index((0, 1, 2, 3))]
    in_orders = share([order == RANKING for order in by_order])
    alike = np.array([order == RANKING for order in by_rate])
    first = pd.Series([order[0] for order in by_rate]).value_counts(normalize=True)
    if walk != RANKING:
        verdict = "contradicted"
    else:
        verdict = "holds" if in_orders >= 0.95 and alike.mean() >= 0.95 else "conditional"
    at = rates[alike]
    return Finding(
        verdict,
        f"In the document's walk the ranking is {', '.join(walk)}. It is so in {in_orders:.0%} of "
        f"the 24 orders at η = {ETA}, and in the document's order at {alike.mean():.0%} of the "
        f"rates from 0.001 to 1; {first.index[0]} is first at most rates ({first.iloc[0]:.0%}).",
        {
            "ranking of the walk": ", ".join(walk),
            "share of orders": in_orders,
            "share of rates": alike.mean(),
            "first at most rates": first.index[0],
            "share of rates at which it is": first.iloc[0],
        },
        f"At η = {ETA} in {in_orders:.0%} of the orders, in the document's order only at rates "
        f"between {at.min():.3g} and {at.max():.3g}."
        if verdict == "conditional"
        else "",
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
        f"distance is {far[ours, 0]:.3f} after one epoch, {far[ours, 1]:.3g} after two, "
        f"{far[ours, 9]:.3g} after ten and {far[ours, 99]:.3g} after a hundred. Of "
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
            "Distance from 5 at η = 0.1, batches of one",
            f"Momentum begins nearest and is {far[ours].max():.3g} away at the most; "
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

#: A distance from 5 below this is rounding.
ROUNDING = 1e-12

#: How much lower a distance or a loss has to be to count.
MARGIN = 0.95


def momentum_beats_sgd(trials: Trials) -> Finding:
    """At the best rate of each, and at equal rates; then where curvatures differ by 1000."""
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
        f"Four points, each at its best rate: Momentum's distance is {min(ratios):.3g} to "
        f"{max(ratios):.3g} times SGD's after {COUNTED[0]} to {COUNTED[-1]} epochs; at the same "
        f"rate it is nearer at {min(equal):.0%} to {max(equal):.0%} of the rates. With condition "
        "number 1000 its excess loss is "
        + ", ".join(f"{ratio:.3g} times ({name})" for name, ratio in hard.items())
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
        f"condition number 1000, and in {sum(wins) - won} of {len(ratios)} on the four points, "
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
    """Momentum's excess loss over SGD's with condition number 1000, each at its best rate."""
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


def early_push_remains(trials: Trials) -> Finding:
    """The velocity after four points as a sum over their gradients."""
    beta = 0.9
    steps = trials.run(problems.four_points(), Momentum(eta=ETA, beta=beta)).steps
    g = steps["gradient"].to_numpy()
    parts = beta ** np.arange(3, -1, -1) * g
    v = float(steps["v"].iloc[-1])
    early = float(parts[:2].sum())
    same = early * v > 0
    verdict = "holds" if same and abs(early) > 0.5 * abs(v) else "contradicted"
    return Finding(
        verdict,
        f"v = {v:+.2f} is the sum of {parts[0]:+.2f}, {parts[1]:+.2f}, {parts[2]:+.2f} and "
        f"{parts[3]:+.2f} from points 1 to 4. The early push is in it with "
        + ("the same sign." if same else "the opposite sign: what remains is point 3's pull back."),
        {
            "v": v,
            **{f"from point {k}": part for k, part in enumerate(parts, start=1)},
            "error of the sum": abs(parts.sum() - v),
        },
        picture=Picture(
            "What Momentum's v after four points consists of",
            f"The largest part, {parts[np.abs(parts).argmax()]:+.2f}, is point "
            f"{int(np.abs(parts).argmax()) + 1}'s.",
            "point",
            "part of v",
            {"β⁴⁻ⁱ gᵢ": (["1", "2", "3", "4"], parts)},
            kind="bars",
        ),
    )


def first_gradient_broke_it(trials: Trials) -> Finding:
    """AdaGrad with one of the first four squares taken out of G after its update."""
    four, counts = problems.four_points(), [1, 10, 100]
    steps = trials.run(four, AdaGrad(eta=ETA)).steps
    shares = (steps["gradient"] ** 2 / steps["G"].iloc[-1]).to_numpy()
    frame = trials.sweep(
        four, ForgetfulAdaGrad(eta=ETA, without=[0.0, 1.0, 2.0, 3.0, 4.0]), epochs=counts
    )
    far = frame["distance"].to_numpy().reshape(5, len(counts))
    gain = 1 - far / far[0]  # of the distance that remains
    first = float(gain[1, -1])
    largest = int(shares.argmax()) + 1
    if largest == 1 and first > 0.5:
        verdict = "holds"
    else:
        verdict = "conditional" if largest == 1 or first > 0.5 else "contradicted"
    return Finding(
        verdict,
        f"Point 1's gradient, −16, is {shares[0]:.0%} of G after the epoch, point {largest}'s, "
        f"{steps['gradient'][largest - 1]:.1f}, {shares.max():.0%}. Without −16 in G the distance "
        f"would be {gain[1, 0]:.0%} less after one epoch and {first:.0%} less after a hundred; "
        f"without point 3's {gain[3, -1]:.0%} less. With everything in it, it is "
        f"{far[0, -1]:.3f} by then.",
        {
            **{f"share of point {k}": part for k, part in enumerate(shares, start=1)},
            **{
                f"less distance after {n} epochs without point 1": less
                for n, less in zip(counts, gain[1], strict=True)
            },
            "less distance after 100 epochs without point 3": gain[3, -1],
            "distance after 100 epochs": far[0, -1],
        },
        f"Point {largest} has the largest share; without point 1 the distance after a hundred "
        f"epochs would be {first:.0%} less."
        if verdict == "conditional"
        else "",
    )


def leaky_memory_forgets(trials: Trials) -> Finding:
    """How much of each square is in E[g^2] after the epoch."""
    rho = 0.9
    steps = trials.run(problems.four_points(), RMSprop(eta=ETA, rho=rho)).steps
    entered = (1 - rho) * steps["gradient"].to_numpy() ** 2
    parts = rho ** np.arange(3, -1, -1) * entered
    average = float(steps["Eg2"].iloc[-1])
    kept, shares = parts[0] / entered[0], parts / average
    verdict = "holds" if kept < 1 and np.isclose(parts.sum(), average) else "contradicted"
    return Finding(
        verdict,
        f"After four updates {kept:.1%} of what point 1 gave is left; it is {shares[0]:.0%} of "
        f"E[g²], point 3 {shares[2]:.0%}. AdaGrad keeps all of it. The forgetting has begun, not "
        "more: half is gone after "
        f"{int(np.ceil(np.log(0.5) / np.log(rho)))} updates.",
        {
            "left of point 1": kept,
            **{f"share of point {k}": part for k, part in enumerate(shares, start=1)},
            "error of the sum": abs(parts.sum() - average),
        },
    )


def adam_combines(trials: Trials) -> Finding:
    """No figure would count for or against it."""
    return Finding(
        "undecidable",
        "It says what Adam is made of, m and v, not what that does: no outcome would contradict "
        "it. What follows from it is tried where the document says so: corrections, warm-up, "
        "ranking.",
        {"measurable statements": 0},
    )


def sgd_knows_eta_alone(trials: Trials) -> Finding:
    """Steps over gradients, on random data, rates and batches."""
    rng = trials.rng()
    worst = 0.0
    cases = trials.few(100, 20)
    for _ in range(cases):
        x = rng.normal(size=8)
        problem = problems.least_squares(x, rng.normal() * x + rng.normal(size=8), w0=rng.normal())
        eta = 10 ** rng.uniform(-3, -1)
        size = int(rng.integers(1, 9))
        steps = trials.run(problem, SGD(eta=eta), batch_size=size, epochs=2).steps
        moved = np.diff([problem.w0[0], *steps["w"]])
        scale = np.abs(steps["w"]).max() + np.abs(eta * steps["gradient"]).max()
        worst = max(worst, float(np.abs(moved + eta * steps["gradient"]).max() / scale))
    ends = trials.sweep(problems.four_points(), SGD(eta=ETA), batch_size=[1, 4])["w"]
    return Finding(
        "holds" if worst < 1e-14 else "contradicted",
        f"In {cases} random problems every step is −η times the present gradient to {worst:.1g}: "
        "nothing else enters. What the gradient is depends on the batch: w after an epoch is "
        f"{ends[0]:.3f} with batches of one and {ends[1]:.3f} with all four points.",
        {
            "problems": cases,
            "largest difference": worst,
            "w after an epoch, batch 1": ends[0],
            "w after an epoch, full batch": ends[1],
        },
    )


CLAIMS = (
    Claim(
        id="C053",
        lines="676-684",
        section=SECTION,
        optimizers=RANKING,
        says="After one epoch the ranking is Momentum, SGD, RMSprop, Adam, AdaGrad.",
        kind="simulation",
        experiment="The distance from 5 of the five, in all 24 orders at η = 0.1, and over rates "
        "from 0.001 to 1 in the document's order.",
        rule="Contradicted if the document's walk ranks otherwise; holds if at least 95 % of the "
        "orders and of the rates rank so; else conditional.",
        tried=ranking_after_one_epoch,
    ),
    Claim(
        id="C054",
        lines="676-684",
        section=SECTION,
        optimizers=RANKING,
        says="Momentum is the best method of the walk.",
        kind="simulation",
        experiment="The five at η = 0.1 for a hundred epochs; the spectral radius of Momentum's "
        "epoch.",
        rule="Contradicted if an epoch multiplies Momentum's error by 1 or more in the long run, "
        "or it is nearest at none of 1, 2, 5, 10, 20, 50, 100 epochs; holds if at all; else "
        "conditional.",
        tried=momentum_is_best,
    ),
    Claim(
        id="C055",
        lines="52, 181",
        section=SECTION,
        optimizers=("SGD", "Momentum"),
        says="Momentum is better than SGD.",
        kind="simulation",
        experiment="Four points: the largest distance over epochs N to N + 20 at the best of 601 "
        "rates, the worst of its five neighbours, and at equal rates. Least squares with condition "
        "number 1000: the excess loss at the best of 36 rates, full batch and batches of 8.",
        rule="Holds if Momentum's is more than 5 % lower in all comparisons at the best rate, "
        "contradicted if in none, else conditional.",
        tried=momentum_beats_sgd,
    ),
    Claim(
        id="C056",
        lines="681",
        section=SECTION,
        optimizers=("Momentum",),
        says="Momentum's velocity of +6.07 is speed left from the early push.",
        kind="algebra",
        experiment="v after four updates as the sum of its gradients with their weights 0.9⁴⁻ⁱ.",
        rule="Holds if points 1 and 2 together have v's sign and more than half its size, else "
        "contradicted.",
        tried=early_push_remains,
    ),
    Claim(
        id="C057",
        lines="682, 694",
        section=SECTION,
        optimizers=("AdaGrad",),
        says="The large first gradient, −16, has broken AdaGrad for good.",
        kind="simulation",
        experiment="Each point's share in G after the epoch; AdaGrad with one point's square taken "
        "out of G after its own update, for 1, 10 and 100 epochs.",
        rule="Holds if −16 has the largest share and without it the distance after 100 epochs is "
        "less than half, conditional with one of these, contradicted with neither.",
        tried=first_gradient_broke_it,
    ),
    Claim(
        id="C058",
        lines="683",
        section=SECTION,
        optimizers=("RMSprop",),
        says="RMSprop's leaky memory has begun to forget.",
        kind="simulation",
        experiment="Each point's part in E[g²] after four updates, against what it gave.",
        rule="Holds if less is left of point 1 than it gave, and the parts sum up to E[g²].",
        tried=leaky_memory_forgets,
    ),
    Claim(
        id="C059",
        lines="684",
        section=SECTION,
        optimizers=("Adam",),
        says="Adam combines a memory of the direction with safety by the variance.",
        kind="practice",
        experiment="None.",
        rule="Undecidable: it names nothing to measure.",
        tried=adam_combines,
    ),
    Claim(
        id="C060",
        lines="680, 690",
        section=SECTION,
        optimizers=("SGD",),
        says="SGD reacts to the present gradient alone, and η is all there is to set.",
        kind="algebra",
        experiment="Step over gradient at every update of random problems, rates and batch sizes.",
        rule="Holds if every step is −η times the present gradient to rounding, 1e-14, else "
        "contradicted.",
        tried=sgd_knows_eta_alone,
    ),
)
