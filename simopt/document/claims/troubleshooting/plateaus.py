"""Claims of the troubleshooting table about plateaus: where a loss stays, and what moves it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt import problems, schedules
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.common.curves import best_tuned, curves, halved_by
from simopt.document.claims.common.floors import floors, moved
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide, split
from simopt.ground.formatting import listing, number, percent
from simopt.problems import Problem
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop
from simopt.rules.rule import Optimizer

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

#: Rates of either method on the bumps, about the range in which it gets anywhere.
BUMPY = {
    "Momentum": Momentum(eta=np.geomspace(0.01, 0.3, 24)),
    "Adam": Adam(eta=np.geomspace(0.1, 3.0, 24)),
}

#: What is tried in place of a method.
OTHERS: dict[str, tuple[Callable[..., Optimizer], ...]] = {
    "SGD": (Momentum, Adam),
    "AdaGrad": (RMSprop, Adam),
}


def out_of_local_minima(trials: Trials) -> Finding:
    """The share of starts from which either method ends in the global minimum, by rate."""
    cells = trials.few(48, 16)
    starts = -6 + 12 * (np.arange(cells) + trials.rng().random(cells)) / cells
    share = {}
    for name, rule in BUMPY.items():
        ends = [
            trials.sweep(problems.bumps(w0=w0), rule, updates=4000, evaluate=4000)["distance"]
            < 0.05
            for w0 in starts.tolist()
        ]
        share[name] = np.mean(ends, axis=0)
    top = {name: float(values.max()) for name, values in share.items()}
    ahead = top["Momentum"] - top["Adam"]
    rates = {name: np.asarray(rule.settings["eta"], np.float64) for name, rule in BUMPY.items()}
    good = {name: rates[name][share[name] >= top[name] / 2] for name in BUMPY}
    ranges = {
        name: f"{number(each.min(), 2)} to {number(each.max(), 2)}" for name, each in good.items()
    }
    return Finding(
        "holds" if ahead >= 0.2 else "contradicted" if ahead <= 0 else "conditional",
        f"At its best rate Momentum ends in the global minimum from {percent(top['Momentum'])} of "
        f"the starts, Adam from {percent(top['Adam'])}. Half as many are reached at rates from "
        f"{ranges['Momentum']} by Momentum, from {ranges['Adam']} by Adam.",
        {f"best share, {name}": value for name, value in top.items()} | {"starts": cells},
        f"Momentum is ahead by {percent(ahead)} of the starts only." if 0 < ahead < 0.2 else "",
        Picture(
            "Starts from which the global minimum of the bumps is reached",
            f"Either method needs a rate in a range of its own ({ranges['Momentum']} and "
            f"{ranges['Adam']}); {max(top, key=lambda name: top[name])} has the higher top.",
            "learning rate eta",
            "share of the starts",
            {name: (rates[name], share[name]) for name in BUMPY},
            log_x=True,
        ),
    )


def plateau_and_rate(trials: Trials) -> Finding:
    """Plateaus of the suite's curves, noisy and smooth ones, at higher rates."""
    by_pair = curves(trials)
    best = best_tuned(by_pair)
    raised: dict[str, list[Truths]] = {"smooth": [], "noisy": []}
    lowered: list[Truths] = []
    for (problem, method), curve in by_pair.items():
        middle, end = (np.median(curve.excess[:, :, k : k + 5], axis=2) for k in (15, 35))
        with np.errstate(invalid="ignore"):
            flat = (end > 0.8 * middle) & (end < 1.25 * middle) & (curve.last < 0.5)
        flat &= (curve.last > 10 * best[problem]) & ~np.isnan(curve.at(10, up=True))
        for kind, chosen in (
            ("smooth", flat & (curve.rises() <= 0.2) & (method == "AdaGrad")),
            ("noisy", flat & (curve.rises() > 0.2)),
        ):
            raised[kind].append(halved_by(curve, chosen, (2, 5, 10), up=True))
            if kind == "noisy":
                lowered.append(halved_by(curve, chosen, (2, 5, 10), up=False))
    halved = {kind: any_of_them(each) for kind, each in raised.items()}
    share = {kind: float(each.mean()) if each.size else 0.0 for kind, each in halved.items()}
    lower = float(any_of_them(lowered).mean()) if halved["noisy"].size else 0.0
    four = trials.sweep(problems.four_points(), AdaGrad(eta=[0.1, 1.0]), epochs=100)
    far = four["distance"].to_numpy()
    met = {
        "where AdaGrad's own rate has decayed, on a smooth curve": min(
            share["smooth"], float(far[1] <= far[0] / 10)
        )
        >= 0.5,
        "where the curve is flat at its noise floor": share["noisy"] >= 0.5,
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"Of {halved['smooth'].size} smooth plateaus of AdaGrad {percent(share['smooth'])} end at "
        "half the loss or less at 2, 5 or 10 times the rate; on the four points eta = 1 for 0.1 "
        f"ends {number(far[1], 1)} from 5 in place of {number(far[0], 1)}. Of "
        f"{halved['noisy'].size} noisy plateaus of all methods it is {percent(share['noisy'])}, "
        f"and {percent(lower)} at lower rates.",
        {"smooth plateaus": halved["smooth"].size, "noisy plateaus": halved["noisy"].size}
        | {f"{kind} ones mended": value for kind, value in share.items()}
        | {"noisy ones mended by a lower rate": lower}
        | {"four points, eta 0.1": far[0], "four points, eta 1": far[1]},
        condition,
        Picture(
            "Plateaus that a higher rate mends",
            f"A higher rate mends {percent(share['smooth'])} of the smooth plateaus and "
            f"{percent(share['noisy'])} of the noisy ones.",
            "plateau",
            "share that ends at half the loss or less",
            {"2, 5 or 10 times the rate": (list(share), list(share.values()))},
            kind="bars",
        ),
    )


def any_of_them(halved: list[Truths]) -> Truths:
    """Which of the curves one of the factors halves, of all groups [factors, curves]."""
    return np.asarray(np.concatenate(halved, axis=1).any(axis=0), np.bool_)


def adagrad_switched(trials: Trials) -> Finding:
    """Ten epochs of AdaGrad, then ninety more of it or of another method at the same rate."""
    four, ends = moved(), {}
    window = (0.1 * 1.025 ** np.arange(-2, 3)).tolist()
    methods: dict[str, Callable[..., Optimizer]] = {
        "AdaGrad": AdaGrad,
        "RMSprop": RMSprop,
        "Adam": Adam,
    }
    for size in (1, 2, 4):
        frame = trials.sweep(four, AdaGrad(eta=0.1), batch_size=size, epochs=10)
        on = problems.least_squares(four.x, four.y, w0=frame["w"].iloc[0])
        for name, method in methods.items():
            first, start = (four, 100) if name == "AdaGrad" else (on, 90)
            table = floors(trials, method(eta=window), epoch=start, problem=first, batch_size=size)
            ends[name, size] = float(table["floor"].max())
    met = {
        f"with {name} at batch {size}": far <= ends["AdaGrad", size] / 10
        for (name, size), far in ends.items()
        if name != "AdaGrad"
    }
    raised = trials.sweep(four, AdaGrad(eta=1.0), batch_size=[1, 2, 4], epochs=100)
    verdict, condition = decide(met)
    of = {name: [ends[name, size] for size in (1, 2, 4)] for name in methods}
    said = {name: f"{number(min(each), 2)} to {number(max(each), 2)}" for name, each in of.items()}
    return Finding(
        verdict,
        f"AdaGrad at eta = 0.1 stays {said['AdaGrad']} from the optimum after 100 epochs; with "
        f"RMSprop from epoch 10 on it is {said['RMSprop']}, with Adam {said['Adam']}. AdaGrad at "
        f"eta = 1 comes to {number(raised['distance'].max(), 1)}.",
        {f"{name}, batch {size}": far for (name, size), far in ends.items()}
        | {"AdaGrad at eta 1, the farthest": raised["distance"].max()},
        condition,
    )


def other_method_or_schedule(trials: Trials) -> Finding:
    """Five kinds of plateau; another method at the same rate, and a schedule."""
    problem = suite(trials.seed)
    noisy, bad = problem["label noise"], problem["ill-conditioned"]
    settled = problems.least_squares(noisy.x, noisy.y, w0=np.asarray(noisy.optimum))
    many = {"batch_size": BATCH_SIZE, "shuffle": "epoch", "seed": trials.seeds(16, 8)}
    kinds: dict[str, tuple[Problem, Any, float, int, dict[str, Any]]] = {
        "a noise floor": (noisy, SGD, 0.1, 60, many),
        "a local minimum": (problems.bumps(w0=6.0), SGD, 0.02, 4000, {}),
        "AdaGrad's decayed rate": (problems.four_points(), AdaGrad, 0.1, 100, {}),
        "a flat direction": (bad, SGD, 0.3, 60, many),
        "the least loss there is": (settled, SGD, 1e-4, 60, many),
    }
    mended: dict[str, dict[str, bool]] = {}
    for kind, (where, method, eta, epochs, plan) in kinds.items():
        others = [other(eta=eta) for other in OTHERS[method.__name__]]
        plain = trials.sweep(where, [method(eta=eta), *others], epochs=epochs, **plan)
        planned = [schedules.cosine(), schedules.inverse_sqrt(), schedules.linear()]
        with_plan = trials.sweep(where, method(eta=eta), schedule=planned, epochs=epochs, **plan)
        scale = max(where.loss(where.w0) - where.minimum_loss, where.minimum_loss * 1e-3)
        before = excess(plain[plain["optimizer"] == method.__name__], where, scale)
        mended[kind] = {
            "another method": before / 2
            >= min(excess(part, where, scale) for _, part in plain.groupby("optimizer")),
            "a schedule": before / 2
            >= min(
                excess(with_plan[with_plan["schedule"] == each], where, scale)
                for each in with_plan["schedule"].unique()
            ),
        }
    met = {f"at {kind}": any(fixes.values()) for kind, fixes in mended.items()}
    verdict, condition = decide(met)
    by = {
        fix: split({k: v[fix] for k, v in mended.items()})[0]
        for fix in ("another method", "a schedule")
    }
    parts = [
        f"{fix} helps at {listing(where)}" if where else f"{fix} helps nowhere"
        for fix, where in by.items()
    ]
    return Finding(
        verdict,
        f"Of five kinds of plateau, at the same rate: {'; '.join(parts)}.",
        {f"{fix}, {kind}": met for kind, fixes in mended.items() for fix, met in fixes.items()},
        condition,
    )


def excess(frame: Any, problem: Problem, scale: float) -> float:
    """The median excess loss as a share of a scale, at least 1e-6."""
    return max(float((frame["loss"].median() - problem.minimum_loss) / scale), 1e-6)
