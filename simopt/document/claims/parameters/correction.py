"""Claims about Adam's bias correction: what it mends, when it matters, and when it fades."""

from __future__ import annotations

import numpy as np

from simopt import problems
from simopt.document.claims.claim import Finding, Picture, share
from simopt.document.claims.common.floors import RATES
from simopt.document.claims.common.histories import Floats, apart, drawn, fed
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, number, percent
from simopt.problems import Problem
from simopt.problems.problem import known_minimum
from simopt.problems.synthetic import suite
from simopt.rules import Adam

#: The document's.
ETA, BETA1, BETA2 = 0.1, 0.9, 0.999

#: Epochs after which correction is looked at.
LOOKS = (1, 2, 5, 20)


def uncorrected_is_too_small(trials: Trials) -> Finding:
    """The uncorrected step over the corrected one: the gradients cancel."""
    t = np.arange(1, 5001)
    m, v = 1 - BETA1**t, 1 - BETA2**t
    ratio = m / np.sqrt(v)
    gradients = drawn(trials, 200)
    plain, corrected = (
        fed(Adam(bias_correction=b, epsilon=0.0), gradients)[0] for b in (False, True)
    )
    off = apart(plain / corrected, ratio[:200])
    means = bool(m[0] < 1 and v[0] < 1 and m.max() <= 1 and v.max() <= 1)
    # Where there is something left to correct.
    steps = share(ratio[v < 1 - 1e-9] < 1)
    verdict = "contradicted" if not means else "holds" if steps == 1 else "conditional"
    edge = 1 - (1 - BETA1) ** 2
    worst = int(np.argmax(ratio))
    places = np.unique(np.geomspace(1, len(t), 120).astype(int))
    return Finding(
        verdict,
        f"At first m is {1 / m[0]:,.0f} times and v {1 / v[0]:,.0f} times too small. v stands "
        f"under a root: the step is {ratio[0]:.2f} times what it should be at t = 1, at most "
        f"{ratio[worst]:.2f} times, at t = {worst + 1:,}, and too small at {percent(steps)} of the "
        f"first {len(t):,} updates. (On random gradients the same, to {number(off, 1)}.)",
        {
            "step too small": steps,
            "step at t = 1": ratio[0],
            "largest": ratio[worst],
            "largest at t": worst + 1,
            "off": off,
        },
        condition=f"For m and v. The updates are wrong, but too large; a first one would be too "
        f"small with beta2 below 1 - (1 - beta1)^2 = {edge:.2f}."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="What leaving out the bias correction does",
            sees=f"m and v start too small; the step starts at {ratio[0]:.1f} times what it should "
            f"be, and is still at {ratio[999]:.2f} times that after 1,000 updates.",
            x_label="update t",
            y_label="uncorrected / corrected",
            series={
                name: (places, each[places - 1])
                for name, each in {"step": ratio, "m": m, "v": v}.items()
            },
            log_x=True,
            log_y=True,
        ),
    )


def correction_is_crucial_early(trials: Trials) -> Finding:
    """Adam with and without, each at its best rate, on the suite and the four points."""
    tried = {name: with_and_without(trials, p) for name, p in suite(trials.seed).items()}
    wins = {n: share([each[n][1] < each[n][0] for each in tried.values()]) for n in LOOKS}
    rates = {n: float(np.mean([each[n][2] for each in tried.values()])) for n in LOOKS}
    crucial = share([each[1][0] > 2 * each[1][1] for each in tried.values()])
    four = problems.four_points()
    pair = [
        trials.sweep(four, Adam(eta=np.r_[ETA, RATES], bias_correction=on), divergence=None)
        for on in (False, True)
    ]
    plain, corrected = (frame["distance"].to_numpy() for frame in pair)
    ahead = share(corrected[1:] < plain[1:])
    verdict = "conditional" if 0.25 < crucial < 0.75 else "holds"
    if crucial <= 0.25:
        verdict = "contradicted"
    return Finding(
        verdict,
        f"At the best rate of each, correction halves the loss above the minimum after an epoch on "
        f"{percent(crucial)} of {len(tried)} problems; it gives the lower loss on "
        f"{listing(map(percent, wins.values()))} after {listing(LOOKS)} epochs, and at the same "
        f"rate at {listing(map(percent, rates.values()))} of the rates. On the four points at eta "
        f"= 0.1 w is {corrected[0]:.2f} away from 5 after an epoch with it, {plain[0]:.2f} "
        f"without; of {len(RATES)} rates it is nearer at {percent(ahead)}.",
        {f"wins at the best rate, epoch {n}": wins[n] for n in LOOKS}
        | {f"wins at the same rate, epoch {n}": rates[n] for n in LOOKS}
        | {"halves the loss at the best rate, epoch 1": crucial}
        | {"four points, with": corrected[0], "four points, without": plain[0]}
        | {"nearer on the four points": ahead},
        condition="On "
        + listing(name for name, each in tried.items() if each[1][0] > 2 * each[1][1])
        + " it halves the loss after an epoch, on the other problems not."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="How often Adam is ahead with bias correction, against without",
            sees=f"With either at its best rate correction wins on {percent(wins[1])} of the "
            f"problems after one epoch and on {percent(wins[20])} after twenty.",
            x_label="epochs",
            y_label="share",
            series={
                "problems, each at its best rate": (LOOKS, [wins[n] for n in LOOKS]),
                "rates, both at the same": (LOOKS, [rates[n] for n in LOOKS]),
            },
            log_x=True,
        ),
    )


def with_and_without(trials: Trials, problem: Problem) -> dict[int, tuple[float, float, float]]:
    """Of each look: the best loss above the minimum without and with, and how often with wins."""
    plan = {
        "batch_size": 8,
        "epochs": LOOKS[-1],
        "record": "epochs",
        "shuffle": "epoch",
        "seed": trials.seeds(8, 2),
        "divergence": None,
        "evaluate": "epoch",
    }
    both: list[Floats] = []
    for on in (False, True):
        adam = Adam(eta=np.geomspace(1e-4, 10, 26), bias_correction=on)
        frame = trials.sweep(problem, adam, **plan)
        mean = frame.groupby(["epoch", "eta"])["loss"].mean().unstack("eta")
        both.append(mean.loc[list(LOOKS)].to_numpy() - known_minimum(problem))
    plain, corrected = both
    return {
        n: (float(plain[k].min()), float(corrected[k].min()), share(corrected[k] < plain[k]))
        for k, n in enumerate(LOOKS)
    }


def correction_fades(trials: Trials) -> Finding:
    """When 1 - beta^t is nearly 1."""
    del trials
    t = np.arange(1, 20_001)
    biases = {beta: 1 - beta**t for beta in (BETA1, BETA2)}
    rises = all(bool((np.diff(bias) >= 0).all()) for bias in biases.values())
    ends = {beta: int(np.argmax(bias > 0.99)) + 1 for beta, bias in biases.items()}
    between = ends[BETA1] - 1
    held = float(np.sqrt(biases[BETA2][between]) / biases[BETA1][between])
    reached = all(bias[-1] > 0.99 for bias in biases.values())
    return Finding(
        "holds" if rises and reached else "contradicted",
        f"1 - beta^t never falls, and exceeds 0.99 from update {ends[BETA1]} with beta1 = 0.9 and "
        f"from update {ends[BETA2]:,} with beta2 = 0.999. In between it holds the step back: to "
        f"{held:.2f} of the uncorrected one at update {ends[BETA1]}.",
        {"faded, beta1": ends[BETA1], "faded, beta2": ends[BETA2], "step in between": held},
    )
