"""What the scoreboard and the insights put the results down to."""

from __future__ import annotations

import numpy as np

from simopt import problems
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.common.forgetting import ForgetfulAdaGrad
from simopt.document.claims.context import Trials
from simopt.ground.formatting import MINUS, count, listing, number, percent
from simopt.rules import SGD, AdaGrad, Momentum, RMSprop

#: The rate of the walk.
ETA = 0.1


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
        f"v = {signed(v)} is the sum of {listing(map(signed, parts))} from points 1 to 4. "
        "The early push is in it with "
        + ("the same sign." if same else "the opposite sign: what remains is point 3's pull back."),
        {
            "v": v,
            **{f"from point {k}": part for k, part in enumerate(parts, start=1)},
            "error of the sum": abs(parts.sum() - v),
        },
        picture=Picture(
            "What Momentum's v after four points consists of",
            f"The largest part, {signed(parts[np.abs(parts).argmax()])}, is point "
            f"{int(np.abs(parts).argmax()) + 1}'s.",
            "point",
            "part of v",
            {"beta⁴⁻ⁱ gᵢ": (["1", "2", "3", "4"], parts)},
            kind="bars",
        ),
    )


def signed(value: float) -> str:
    """A number with its sign."""
    return f"{value:+.2f}".replace("-", MINUS)


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
        f"Point 1's gradient, −16, is {percent(shares[0])} of G after the epoch, point "
        f"{largest}'s, {number(steps['gradient'][largest - 1], 3)}, {percent(shares.max())}. "
        f"Without −16 in G the distance would be {percent(gain[1, 0])} less after one epoch and "
        f"{percent(first)} less after a hundred; without point 3's {percent(gain[3, -1])} less. "
        f"With everything in it, it is {far[0, -1]:.3f} by then.",
        {
            **{f"share of point {k}": part for k, part in enumerate(shares, start=1)},
            **{
                f"less distance after {count(n, 'epoch')} without point 1": less
                for n, less in zip(counts, gain[1], strict=True)
            },
            "less distance after 100 epochs without point 3": gain[3, -1],
            "distance after 100 epochs": far[0, -1],
        },
        f"Point {largest} has the largest share; without point 1 the distance after a hundred "
        f"epochs would be {percent(first)} less."
        if verdict == "conditional"
        else "",
        Picture(
            "Whose squared gradient AdaGrad's G after four points is",
            f"Point {largest}'s is {percent(shares.max())} of it, point 1's {percent(shares[0])}.",
            "point",
            "share of G",
            {"share": (["1", "2", "3", "4"], shares)},
            kind="bars",
        ),
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
        f"After four updates {percent(kept, 3)} of what point 1 gave is left; it is "
        f"{percent(shares[0])} of E[g²], point 3 {percent(shares[2])}. AdaGrad keeps all of it. "
        "The forgetting has begun, not more: half is gone after "
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
        f"In {cases} random problems every step is −eta times the present gradient to "
        f"{number(worst, 1)}: nothing else enters. What the gradient is depends on the batch: w "
        f"after an epoch is {ends[0]:.3f} with batches of one and {ends[1]:.3f} with all four "
        "points.",
        {
            "problems": cases,
            "largest difference": worst,
            "w after an epoch, batch 1": ends[0],
            "w after an epoch, full batch": ends[1],
        },
    )
