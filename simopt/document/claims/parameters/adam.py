"""Claims about Adam's two means: whose parts they are, and how long they remember."""

from __future__ import annotations

import numpy as np

from simopt import problems
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.common.floors import RATES, best_rate, floors, moved
from simopt.document.claims.common.histories import apart, drawn, fed, moving_average
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.rules import Adam, Momentum, RMSprop

#: The document's.
ETA, BETA1, BETA2 = 0.1, 0.9, 0.999


def longer_memory_for_the_variance(trials: Trials) -> Finding:
    """How steady a fading mean of squares is, how fast one turns; then beta2 on the four points."""
    betas = np.array([0.5, BETA1, 0.99, BETA2, 0.9999])
    squares = trials.rng().normal(size=(trials.few(60, 40), trials.few(60_000, 40_000))) ** 2
    steady = {}
    for beta in (BETA1, BETA2):
        mean = moving_average(squares, beta)[:, 20_000::500]
        steady[beta] = float(mean.std() / mean.mean())
    turns = {}
    for beta in (BETA1, BETA2):
        flipped = np.r_[np.ones(5000), -np.ones(1000)]
        m = fed(Adam(beta1=beta), flipped)[1][5000:, 0]
        turns[beta] = int(np.argmax(m < 0)) + 1
    near = floors(trials, Adam(eta=ETA, beta2=betas), problem=moved())["floor"].to_numpy()
    table = floors(trials, Adam(eta=RATES, beta2=betas), problem=moved())
    best = best_rate(table.sort_values(["beta2", "eta"]), ["beta2"])["worst"].to_numpy()
    late = floors(trials, Adam(eta=ETA, beta2=betas), span=2900, problem=moved())[
        "floor"
    ].to_numpy()
    steadier = steady[BETA2] < steady[BETA1] / 2
    faster = turns[BETA1] < turns[BETA2] / 2
    nearer = bool(near[3] <= near[1] and best[3] <= best[1])
    verdict = "contradicted"
    if steadier and faster:
        verdict = "holds" if nearer else "conditional"
    return Finding(
        verdict,
        f"A mean of squares of noise varies by {percent(steady[BETA1])} at 0.9 and "
        f"{percent(steady[BETA2])} at 0.999; a mean of gradients turns {turns[BETA1]} updates "
        f"after they do at 0.9 and {turns[BETA2]} after at 0.999. On the four points at eta = 0.1 "
        f"w strays by {number(near[1], 2)} after 100 epochs at beta2 = 0.9, by "
        f"{number(near[3], 2)} at 0.999; from then to epoch 3,000 by {number(late[1], 2)} and "
        f"{number(late[3], 2)}" + (": v forgets in the end." if late[3] > late[1] else "."),
        {
            "variation of v, 0.9": steady[BETA1],
            "variation of v, 0.999": steady[BETA2],
            "updates to turn m, 0.9": turns[BETA1],
            "updates to turn m, 0.999": turns[BETA2],
            "floor, beta2 0.9": near[1],
            "floor, beta2 0.999": near[3],
            "floor at the best rate, beta2 0.9": best[1],
            "floor at the best rate, beta2 0.999": best[3],
            "largest to epoch 3000, beta2 0.9": late[1],
            "largest to epoch 3000, beta2 0.999": late[3],
        },
        condition="As to steadiness and speed; on the four points it is not nearer."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="How far w strays from the optimum, Adam at eta = 0.1",
            sees=f"After 100 epochs w is {number(near[3] / near[1], 1)} times as far away at 0.999 "
            "as at 0.9; "
            "in the 2,900 epochs that follow it is thrown "
            f"{'farther' if late[3] > late[1] else 'less far'} out once.",
            x_label="1 - beta2",
            y_label="largest |w - optimum|",
            series={
                "epochs 100 to 120": (1 - betas, np.maximum(near, 1e-12)),
                "epochs 100 to 3,000": (1 - betas, np.maximum(late, 1e-12)),
            },
            kind="points",
            log_x=True,
            log_y=True,
        ),
    )


def beta1_is_a_rho(trials: Trials) -> Finding:
    """RMSprop's mean fed with roots, Adam's with what they are the roots of."""
    off = []
    for gradients in np.abs(drawn(trials, trials.few(50, 10), 60)):
        mean = fed(RMSprop(rho=BETA1), np.sqrt(gradients))[1][:, 0]
        off.append(apart(mean, fed(Adam(beta1=BETA1), gradients)[1][:, 0]))
    return Finding(
        "holds" if max(off) <= 1e-12 else "contradicted",
        f"On {len(off)} random series RMSprop's mean of the squares of sqrt(g) is Adam's m of g, "
        f"to {number(max(off), 1)}: one recursion, of other things.",
        {"series": len(off), "off": max(off)},
    )


def m_is_like_a_velocity(trials: Trials) -> Finding:
    """Whether Adam's m is a multiple of Momentum's v."""
    ratios = []
    for gradients in drawn(trials, trials.few(50, 10), 60):
        velocity = fed(Momentum(beta=BETA1), gradients)[1][:, 0]
        ratios.append(fed(Adam(beta1=BETA1), gradients)[1][:, 0] / velocity)
    low, high = float(np.min(ratios)), float(np.max(ratios))
    return Finding(
        "holds" if high / low - 1 <= 1e-9 else "contradicted",
        f"On {len(ratios)} random series m is between {low:.6g} and {high:.6g} times the velocity"
        f"; 1 - beta1 is {1 - BETA1:.6g}.",
        {"series": len(ratios), "least m / v": low, "largest m / v": high},
    )


def v_is_like_the_mean_square(trials: Trials) -> Finding:
    """The two states on the same gradients."""
    off = []
    for gradients in drawn(trials, trials.few(50, 10), 60):
        mean = fed(RMSprop(rho=BETA2), gradients)[1][:, 0]
        off.append(apart(mean, fed(Adam(beta2=BETA2), gradients)[1][:, 1]))
    return Finding(
        "holds" if max(off) <= 1e-12 else "contradicted",
        f"On {len(off)} random series, with rho = beta2, they differ by {number(max(off), 1)} at "
        "most.",
        {"series": len(off), "off": max(off)},
    )


def first_moments(trials: Trials) -> Finding:
    """After one update, for random first gradients and on the walk."""
    first = drawn(trials, trials.few(200, 40))
    states = np.array([fed(Adam(), [g])[1][0] for g in first])
    small = [float(np.median(first / states[:, 0])), float(np.median(first**2 / states[:, 1]))]
    walk = trials.run(problems.four_points(), Adam(eta=ETA)).steps.iloc[0]
    off = max(
        apart(states[:, 0] * 10, first),
        apart(states[:, 1] * 1000, first**2),
        abs(walk["m_hat"] / walk["gradient"] - 1),
        abs(walk["v_hat"] / walk["gradient"] ** 2 - 1),
    )
    return Finding(
        "holds" if off <= 1e-12 else "contradicted",
        f"Of {len(first)} first gradients m is {number(small[0])} times and v {number(small[1])} "
        f"times too small; on the walk m_hat is {number(walk['m_hat'])} and v_hat "
        f"{number(walk['v_hat'])}, to {number(off, 1)}.",
        {"g / m": small[0], "g^2 / v": small[1], "off": float(off)},
    )
