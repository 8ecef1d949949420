"""Claims about the loss' gradient, and about who descends from whom."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from simopt import problems
from simopt.document.claims.claim import Finding
from simopt.document.claims.common.histories import apart, drawn, fed
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop

#: Two computations of the same that differ by rounding alone.
ROUNDING = 1e-12


def gradient_of_the_square(trials: Trials) -> Finding:
    """Of a parabola a central difference is the derivative itself, whatever its width."""
    draws = trials.rng().integers(-1000, 1000, size=(trials.few(2000, 200), 3))
    wrong = 0
    for w, x, y in ((Fraction(int(v), 64) for v in row) for row in draws):
        wide = Fraction(1, 3)
        above, below = (((w + h) * x - y) ** 2 for h in (wide, -wide))
        wrong += (above - below) / (2 * wide) != 2 * (w * x - y) * x
    four = problems.four_points()
    walk = trials.run(four, SGD(eta=0.1)).steps
    before = [3.0, *walk["w"][:-1]]
    formula = [2 * (w * x - y) * x for w, x, y in zip(before, four.x[:, 0], four.y, strict=True)]
    off = apart(np.array(formula), walk["gradient"].to_numpy())
    return Finding(
        "holds" if wrong == 0 and off <= 1e-6 else "contradicted",
        f"In {len(draws):,} random cases in exact fractions it differs from the central difference "
        f"{wrong} times; on the four points of the walk by {number(off, 1)} at most, relatively.",
        {"cases": len(draws), "wrong": wrong, "off on the walk": off},
    )


def adaptive_rates_descend_from_momentum(trials: Trials) -> Finding:
    """The past with its signs turned: a velocity notices, a sum of squares does not."""
    past = drawn(trials, trials.few(50, 10), 20)
    turned = past * np.r_[-np.ones(19), 1.0]
    noticed = {}
    for optimizer in (Momentum(), AdaGrad(), RMSprop()):
        last = [[fed(optimizer, gradients)[0][-1] for gradients in each] for each in (past, turned)]
        noticed[optimizer.name] = apart(np.array(last[0]), np.array(last[1]))
    velocities = [name for name in ("AdaGrad", "RMSprop") if noticed[name] > ROUNDING]
    sees = noticed["Momentum"] > ROUNDING
    return Finding(
        "holds" if len(velocities) == 2 else "conditional" if velocities else "contradicted",
        f"With the signs of all earlier gradients turned, the next step changes by up to "
        f"{percent(noticed['Momentum'])} of its size with Momentum, by "
        f"{percent(noticed['AdaGrad'])} with AdaGrad, by {percent(noticed['RMSprop'])} with "
        "RMSprop: "
        + (
            "neither of the two contains a velocity. They descend from SGD."
            if sees and not velocities
            else f"of the two {len(velocities)} contain a velocity."
        ),
        {f"change, {name}": change for name, change in noticed.items()},
        condition=f"Of {' and '.join(velocities)} only." if len(velocities) == 1 else "",
    )


def rmsprop_is_adagrad_with_fading(trials: Trials) -> Finding:
    """AdaGrad rewritten as RMSprop; then AdaGrad with nothing but its sum made to fade."""
    rho, eta = 0.9, 0.1
    rewritten, ratios = [], []
    for gradients in drawn(trials, trials.few(50, 10), 50):
        t = np.arange(1, 51)
        adagrad = fed(AdaGrad(eta=eta, epsilon=0.0), gradients)[0]
        # RMSprop with rho_t = 1 - 1/t and eta_t = eta / sqrt(t).
        mean, moves = 0.0, []
        for k, g in zip(t, gradients, strict=True):
            mean = (1 - 1 / k) * mean + g * g / k
            moves.append(-eta / np.sqrt(k) * g / np.sqrt(mean))
        rewritten.append(apart(adagrad, np.array(moves)))
        rmsprop = fed(RMSprop(eta=eta, rho=rho, epsilon=0.0), gradients)[0]
        total, faded = 0.0, []
        for g in gradients:
            total = rho * total + g * g
            faded.append(-eta * g / np.sqrt(total))
        ratios.append(rmsprop / np.array(faded))
    low, high = float(np.min(ratios)), float(np.max(ratios))
    same = max(rewritten) <= ROUNDING
    scale = 1 / np.sqrt(1 - rho)
    verdict = "contradicted"
    if same and high / low - 1 <= ROUNDING:
        verdict = "holds" if abs(low - 1) <= ROUNDING else "conditional"
    return Finding(
        verdict,
        "AdaGrad is RMSprop with rho = 1 - 1/t and rate eta / sqrt(t), to "
        f"{number(max(rewritten), 1)}. "
        f"With no more than a fading sum, AdaGrad's steps are RMSprop's divided by {low:.4f}: "
        "RMSprop also takes a mean where AdaGrad has a sum.",
        {
            "rewritten, off": max(rewritten),
            "least ratio": low,
            "largest ratio": high,
            "1 / sqrt(1 - rho)": scale,
        },
        condition=f"Up to the scale of the rate: the fading memory is one difference, the other "
        f"is that the same eta takes steps {low:.2f} = 1 / sqrt(1 - rho) times as large."
        if verdict == "conditional"
        else "",
    )


def adam_is_both_and_nothing_more(trials: Trials) -> Finding:
    """Adam without one part, then without the other, beside its parents."""
    beta, rho = 0.9, 0.999
    right, left, steps = [], [], []
    for gradients in drawn(trials, trials.few(50, 10), 50):
        bare = Adam(eta=0.1, beta1=0.0, beta2=rho, bias_correction=False)
        parent, second = fed(RMSprop(eta=0.1, rho=rho), gradients)
        right.append(apart(fed(bare, gradients)[0], parent))
        velocity = fed(Momentum(beta=beta), gradients)[1][:, 0]
        whole = Adam(eta=0.1, beta1=beta, beta2=rho, bias_correction=False)
        moves, states = fed(whole, gradients)
        left.append(states[:, 0] / velocity)
        steps.append(moves / (-0.1 * velocity / np.sqrt(second[:, 0] + 1e-8)))
    off, low, high = max(right), float(np.min(left)), float(np.max(left))
    exact = off == 0.0 and high / low - 1 <= 1e-9
    unscaled = abs(low - 1) <= 1e-9
    verdict = ("holds" if unscaled else "conditional") if exact else "contradicted"
    return Finding(
        verdict,
        f"Without momentum and correction, Adam's steps differ from RMSprop's by {number(off, 1)}. "
        f"Its m is Momentum's velocity times {low:.4f}: a mean where Momentum has a sum, so that "
        f"without correction a step is {np.median(steps):.4f} times what velocity over root would "
        "be.",
        {"off from RMSprop": off, "least m / v": low, "largest m / v": high},
        condition=f"Up to a factor: besides the correction, Adam's m is 1 - beta1 = {low:.2f} "
        "times Momentum's velocity, so that the same eta does not mean the same speed."
        if verdict == "conditional"
        else "",
    )
