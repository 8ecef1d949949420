"""Claims about RMSprop: what fades, how long it is remembered, and what that mends."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.document.claims.claim import Finding, Picture, share
from simopt.document.claims.common.floors import (
    RATES,
    best_rate,
    distances,
    floors,
    moved,
    over_rates,
)
from simopt.document.claims.common.histories import drawn, fed
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, number, percent
from simopt.problems import Problem
from simopt.problems.problem import known_minimum
from simopt.problems.synthetic import suite
from simopt.rules import AdaGrad, RMSprop

#: The document's.
ETA, RHO = 0.1, 0.9

Floats = NDArray[np.float64]


def keeps_ninety_adds_ten(trials: Trials) -> Finding:
    """The mean of squares as a sum over the past, and when it falls."""
    weights, falls, wrong = [], 0, 0
    for gradients in drawn(trials, trials.few(50, 10), 60):
        mean = fed(RMSprop(rho=RHO), gradients)[1][:, 0]
        # RHO**k of what each square added at first.
        past = (1 - RHO) * RHO ** np.arange(59, -1, -1)
        weights.append(abs((past * gradients**2).sum() / mean[-1] - 1))
        fell, below = np.diff(mean) < 0, gradients[1:] ** 2 < mean[:-1]
        wrong += int((fell != below).sum())
        falls += int(fell.sum())
    walk = trials.run(problems.four_points(), RMSprop(eta=ETA)).steps
    sums = trials.run(problems.four_points(), AdaGrad(eta=ETA)).steps
    down = int((np.diff(walk["Eg2"]) < 0).sum())
    never = int((np.diff(sums["G"]) < 0).sum())
    holds = max(weights) <= 1e-12 and wrong == 0 and down > 0 and never == 0
    return Finding(
        "holds" if holds else "contradicted",
        "Every square loses a tenth of its weight with each update (to "
        f"{number(max(weights), 1)}), and E[g^2] falls just where g^2 is below it: {falls:,} "
        f"times, {wrong} exceptions. After the first of the walk's four updates it falls {down} "
        f"times and G {never} times; a large gradient makes it rise.",
        {"off": max(weights), "falls": falls, "exceptions": wrong}
        | {"falls on the walk": down, "G falls on the walk": never},
    )


def range_of_rho(trials: Trials) -> Finding:
    """Each rho at its best rate, and which is best; long after, the document's rate."""
    usual = np.array([0.9, 0.95, 0.99])
    rhos = np.array([0.0, 0.5, 0.8, *usual, 0.995, 0.999, 0.9999])
    chosen = suite(trials.seed)
    tried = {name: least(trials, problem, rhos) for name, problem in chosen.items()}
    mended = [least(trials, problem, rhos, corrected=True) for problem in chosen.values()]
    in_range = share([rhos[np.argmin(losses)] in usual for losses in mended])
    four = floors(trials, RMSprop(eta=RATES, rho=rhos), problem=moved())
    best = best_rate(four.sort_values(["rho", "eta"]), ["rho"])
    tried["four points"] = np.maximum(best["worst"].to_numpy(), 1e-300)
    winners = {name: float(rhos[np.argmin(losses)]) for name, losses in tried.items()}
    behind = {
        name: float(losses[np.isin(rhos, usual)].min() / losses.min())
        for name, losses in tried.items()
    }
    inside = share([rho in usual for rho in winners.values()])
    near = share([ratio <= 2 for ratio in behind.values()])
    verdict = (
        "conditional" if 0.25 < inside < 0.75 else "holds" if inside >= 0.75 else "contradicted"
    )
    late = floors(trials, RMSprop(eta=ETA, rho=usual), epoch=1000, problem=moved())["floor"]
    where = [f"{name} {rho:g}" for name, rho in winners.items()]
    kept = [name for name in chosen if behind[name] < 1e6]
    beyond = [name for name in chosen if name not in kept]
    return Finding(
        verdict,
        f"With the rate tuned for every rho, the best of {len(rhos)} lies in the range on "
        f"{percent(inside)} of {len(tried)} problems ({', '.join(where)}); on "
        f"{percent(near)} the range is behind by a factor of 2 at most. With a bias correction, "
        f"which makes first steps small, it has the best rho on {percent(in_range)} of the suite. "
        f"At eta = {ETA:g} rho makes little difference in the end: in epochs 1,000 to 1,020 of the "
        f"four points w is up to {late.min():.3f} to {late.max():.3f} from its optimum for rho "
        "from 0.9 to 0.99.",
        {"best in the range": inside, "best in the range, bias-corrected": in_range}
        | {"range within twice the best": near}
        | {f"best rho, {name}": rho for name, rho in winners.items()}
        | {f"range / best, {name}": ratio for name, ratio in behind.items()}
        | {f"floor at {rho:g}, eta 0.1": floor for rho, floor in zip(usual, late, strict=True)},
        condition="On "
        + ", ".join(name for name, rho in winners.items() if rho in usual)
        + "; elsewhere a rho outside is better."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Loss above the minimum after 20 epochs, each rho at its best rate",
            sees="The curves are lowest at 1 - rho = "
            f"{number(1 - np.median([winners[name] for name in kept]), 1)} in the median; the "
            "usual range is 0.1 to 0.01."
            + (f" Left out is {listing(beyond)}: a millionfold and more." if beyond else ""),
            x_label="1 - rho",
            y_label="loss / that of the best rho",
            series={name: (1 - rhos, tried[name] / tried[name].min()) for name in kept},
            log_x=True,
            log_y=True,
        ),
    )


def least(trials: Trials, problem: Problem, rhos: Floats, *, corrected: bool = False) -> Floats:
    """Loss above the minimum after 20 epochs, of each rho at its best rate, batch 8."""
    frame = trials.sweep(
        problem,
        RMSprop(eta=np.geomspace(1e-4, 1, 41), rho=rhos, bias_correction=corrected),
        batch_size=8,
        epochs=20,
        shuffle="epoch",
        seed=trials.seeds(4, 1),
        divergence=None,
        evaluate="epoch",
    )
    mean = frame.groupby(["rho", "eta"])["loss"].mean().unstack("eta") - known_minimum(problem)
    # What rounding leaves of a loss is no difference between rhos.
    return np.asarray(np.maximum(over_rates(mean.fillna(np.inf)).min(axis=1), 1e-30), np.float64)


def mends_freezing_by_fading(trials: Trials) -> Finding:
    """AdaGrad with RMSprop's scale and nothing forgotten, between the two."""
    four, last = problems.four_points(), 1000
    scaled = 1 / np.sqrt(1 - RHO)
    frame = trials.sweep(
        four, [AdaGrad(eta=[ETA, ETA * scaled]), RMSprop(eta=ETA)], epochs=last, record="epochs"
    )
    plain, larger, fading = distances(frame, last, four)
    looks = (1, 10, 100)
    closed = {n: float((plain - larger)[n - 1] / (plain - fading)[n - 1]) for n in looks}
    by_scale = [n for n in looks if closed[n] >= 0.5]
    verdict = ("holds", "conditional", "conditional", "contradicted")[len(by_scale)]
    epochs = np.unique(np.geomspace(1, last, 120).astype(int))
    return Finding(
        verdict,
        "AdaGrad with sqrt(10) times the rate, and nothing forgotten, makes up "
        f"{listing(percent(closed[n], 3) for n in looks)} of RMSprop's lead after {listing(looks)} "
        f"epochs. After 1,000 the distances are {number(plain[-1], 1)} (AdaGrad), "
        f"{number(larger[-1], 1)} (larger rate), {number(fading[-1], 1)} (RMSprop).",
        {f"made up after {n} epochs": closed[n] for n in looks}
        | {"AdaGrad, epoch 100": plain[99], "RMSprop, epoch 100": fading[99]},
        condition=f"Not by epoch {listing(by_scale)}: there the larger step that a mean gives, in "
        "place of a sum, does at least half of it."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Distance from the optimum, eta = 0.1",
            sees="AdaGrad with RMSprop's scale "
            + (
                "overtakes RMSprop, which"
                if larger[-1] < fading[-1]
                else "stays behind RMSprop, which"
            )
            + f" is {number(fading[-1], 2)} away in the end.",
            x_label="epoch",
            y_label="|w - 5|",
            series={
                "AdaGrad": (epochs, np.maximum(plain[epochs - 1], 1e-12)),
                "AdaGrad, sqrt(10) times the rate": (epochs, np.maximum(larger[epochs - 1], 1e-12)),
                "RMSprop": (epochs, np.maximum(fading[epochs - 1], 1e-12)),
            },
            log_x=True,
            log_y=True,
        ),
    )


def rate_recovers(trials: Trials) -> Finding:
    """The effective rate, over 3,000 epochs."""
    epochs = trials.few(3000, 600)
    walk = trials.run(problems.four_points(), RMSprop(eta=ETA), epochs=epochs).steps
    rate = walk["effective_lr"].to_numpy()
    low = int(np.argmin(rate))
    recovers = float(rate[low:].max() / rate[low])
    far = np.abs(walk["w"].to_numpy()[3::4] - 5)
    floor = float(far[-epochs // 3 :].max())
    first = rate.reshape(-1, 4)[:, -1]
    kept = np.unique(np.geomspace(1, epochs, 120).astype(int))
    return Finding(
        "holds" if recovers >= 2 else "contradicted",
        f"From its lowest, {rate[low]:.4f} at update {low + 1}, the effective rate rises up to "
        f"{recovers:,.0f}-fold. That has its price: it recovers for as long as gradients shrink, "
        f"and in the last third of {epochs:,} epochs w is still up to {floor:.3f} away from 5.",
        {"lowest rate": rate[low], "rises by": recovers, "largest distance at last": floor},
        picture=Picture(
            title="RMSprop's effective rate at the end of each epoch, eta = 0.1",
            sees="It falls with the first large gradients and rises as they fade "
            f"to {first.max() / first[0]:,.0f} times its first value.",
            x_label="epoch",
            y_label="effective rate",
            series={"eta / sqrt(E[g^2])": (kept, first[kept - 1])},
            log_x=True,
            log_y=True,
        ),
    )


def window_of_ten(trials: Trials) -> Finding:
    """The weights of old gradients, in exact fractions."""
    del trials
    rho = Fraction(9, 10)
    window, left = 1 / (1 - rho), rho**10
    whole = (1 + rho) / (1 - rho)
    holds = window == 10 and left < Fraction(35, 100)
    return Finding(
        "holds" if holds else "contradicted",
        f"1 / (1 - rho) is {window}, and rho^10 is {float(left):.4f}. As noise goes, the mean "
        f"is worth {whole} equal gradients, not {window}; and the last ten have "
        f"{percent(float(1 - left))} of the weight.",
        {"window": int(window), "left after 10": float(left), "worth": int(whole)},
    )
