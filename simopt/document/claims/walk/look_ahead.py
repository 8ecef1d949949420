"""Claims about Nesterov's look-ahead: what it brakes, what it doesn't, and the flag for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from simopt import problems
from simopt.analysis import stability
from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture, share
from simopt.document.claims.common.histories import Floats
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, number, percent
from simopt.rules import SGD, Momentum, Nesterov
from simopt.rules.rule import Optimizer

#: The document's.
ETA, BETA = 0.1, 0.9

#: 300 pairs of a rate and a beta.
RATES, BETAS = np.geomspace(0.005, 0.5, 20), np.linspace(0.3, 0.98, 15)

#: Epochs in which overshooting is looked for.
EPOCHS = 25


def weights(trials: Trials, optimizer: Optimizer, batch_size: int, epochs: int) -> Floats:
    """The weight after every update of the four points [settings, updates].

    Of Nesterov its own w, which is a plain gradient step from the look-ahead point that the rule
    shows; then there would be the next jump.
    """
    four = problems.four_points()
    frame = trials.sweep(
        four, optimizer, batch_size=batch_size, epochs=epochs, record="steps", divergence=None
    )
    iterates = frame["w"].to_numpy().reshape(-1, epochs * (4 // batch_size))
    if optimizer.name != "Nesterov":
        return iterates
    eta = frame["eta"].to_numpy().reshape(iterates.shape)
    hessian = 2 * (four.x[:, 0] ** 2).reshape(-1, batch_size).mean(axis=1)
    before = np.hstack([np.full((len(iterates), 1), 3.0), iterates[:, :-1]])
    return np.asarray(before - eta * np.tile(hessian, epochs) * (before - 5.0), np.float64)


def blind_therefore_overshoots(trials: Trials) -> Finding:
    """Two counterfactuals: the gradient at the look-ahead point, and no velocity."""
    seen = {
        name: weights(trials, optimizer, 1, 1)[0]
        for name, optimizer in (
            ("Momentum", Momentum(eta=ETA, beta=BETA)),
            ("Nesterov", Nesterov(eta=ETA, beta=BETA)),
            ("SGD", SGD(eta=ETA)),
        )
    }
    past = {name: float(w[1] - 5) for name, w in seen.items()}
    left = max(past["Nesterov"], 0.0) / past["Momentum"]
    beyond = np.flatnonzero(seen["Nesterov"] > 5)
    verdict = "holds" if left == 0 else "contradicted" if left >= 0.5 else "conditional"
    return Finding(
        verdict,
        f"At point 2 Momentum is {past['Momentum']:.2f} past 5. With the gradient of the "
        f"look-ahead point and the same velocity it would be {past['Nesterov']:.2f} past, "
        f"{percent(left)} of that; without velocity, as SGD, {-past['SGD']:.2f} short of it. "
        + ("It is the velocity, not the blindness." if left >= 0.5 else "Looking ahead helps."),
        {f"past 5 at point 2, {name}": value for name, value in past.items()}
        | {"left of the overshoot": left},
        condition=f"In part: looking ahead leaves {percent(left)} of the overshoot."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="The walk, with and without a look-ahead",
            sees="Nesterov "
            + (f"passes 5 at point {beyond[0] + 1}" if beyond.size else "does not pass 5")
            + f", and is at {seen['Nesterov'][-1]:.2f} after point 4.",
            x_label="point",
            y_label="w",
            series={name: (np.arange(5), np.r_[3.0, w]) for name, w in seen.items()},
        ),
    )


def early_brake(trials: Trials) -> Finding:
    """Every pair of a rate and a beta, at the three batch sizes."""
    rows = [compared(trials, batch_size) for batch_size in (1, 2, 4)]
    table = pd.DataFrame(rows).set_index("batch size")
    brakes = table["overshoots no farther"].to_dict()
    verdict = "contradicted"
    if min(brakes.values()) >= 0.95:
        verdict = "holds"
    elif max(brakes.values()) >= 0.5:
        verdict = "conditional"
    settles = {
        size: (row["Momentum settles"], row["Nesterov settles"]) for size, row in table.T.items()
    }
    return Finding(
        verdict,
        "Where both settle, Nesterov overshoots no farther than Momentum in "
        f"{listing(percent(value, 3) for value in brakes.values())} of the pairs at batch "
        f"{listing(brakes)}, and shrinks errors at least as fast in "
        f"{listing(map(percent, table['as fast']))}. Of all {RATES.size * BETAS.size} pairs it "
        f"settles in {listing(int(nesterov) for _, nesterov in settles.values())}, Momentum in "
        f"{listing(int(momentum) for momentum, _ in settles.values())}.",
        {f"overshoots no farther, batch {size}": value for size, value in brakes.items()}
        | {f"Momentum settles, batch {size}": pair[0] for size, pair in settles.items()}
        | {f"Nesterov settles, batch {size}": pair[1] for size, pair in settles.items()},
        condition="Where it is stable at all, which at large rates it isn't: "
        + listing(f"{percent(brakes[size])} at batch {size}" for size in brakes)
        + " of the pairs in which both settle."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Momentum and Nesterov over 300 pairs of eta and beta",
            sees="Nesterov settles in "
            + (
                "fewer"
                if table["Nesterov settles"].sum() < table["Momentum settles"].sum()
                else "more"
            )
            + " pairs altogether.",
            table=table.reset_index().round(3),
        ),
    )


def compared(trials: Trials, batch_size: int) -> dict[str, float]:
    """Which of both overshoots farther and which is faster, where both settle."""
    four, past, radius = problems.four_points(), [], []
    for rule in (Momentum, Nesterov):
        optimizer = rule(eta=RATES, beta=BETAS)
        past.append(np.nan_to_num(weights(trials, optimizer, batch_size, EPOCHS) - 5, nan=np.inf))
        spectrum = stability.spectral_radius(four, optimizer, batch_size=batch_size)
        radius.append(spectrum["radius"].to_numpy())
    both = (radius[0] < 1) & (radius[1] < 1)
    most = [np.maximum(each.max(axis=1), 0.0)[both] for each in past]
    return {
        "batch size": batch_size,
        "Momentum settles": float((radius[0] < 1).sum()),
        "Nesterov settles": float((radius[1] < 1).sum()),
        "overshoots no farther": share(most[1] <= most[0] + 1e-12),
        "as fast": share((radius[1] <= radius[0] + 1e-12)[both]),
        "overshoot, Momentum": float(np.median(most[0])),
        "overshoot, Nesterov": float(np.median(most[1])),
    }


def would_improve_the_walk(trials: Trials) -> Finding:
    """The document's rate and beta, the first epoch and those that follow."""
    far, radius = {}, {}
    for rule in (Momentum, Nesterov):
        optimizer = rule(eta=ETA, beta=BETA)
        far[optimizer.name] = np.abs(weights(trials, optimizer, 1, 12)[0][3::4] - 5)
        spectrum = stability.spectral_radius(problems.four_points(), optimizer)
        radius[optimizer.name] = float(spectrum["radius"][0])
    nearer = bool(far["Nesterov"][0] < far["Momentum"][0])
    slower = radius["Nesterov"] < radius["Momentum"]
    settles = slower and radius["Nesterov"] < 1
    verdict = ("contradicted", "conditional", "holds")[nearer + settles]
    return Finding(
        verdict,
        f"After one epoch Nesterov is {far['Nesterov'][0]:.2f} away from 5 and Momentum "
        f"{far['Momentum'][0]:.2f}. An epoch multiplies errors by {radius['Nesterov']:.2f} and "
        f"{radius['Momentum']:.2f}: "
        + (
            f"both run away, Nesterov {'less' if slower else 'more'} quickly."
            if min(radius.values()) > 1
            else f"both settle, Nesterov {'more' if slower else 'less'} quickly."
            if max(radius.values()) < 1
            else f"only {min(radius, key=radius.__getitem__)} settles."
        ),
        {f"after an epoch, {name}": each[0] for name, each in far.items()}
        | {f"per epoch, {name}": value for name, value in radius.items()},
        condition=f"{'In the first epoch' if nearer else 'In the long run'} only."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Distance from 5 at the ends of epochs, eta = 0.1, beta = 0.9, batch 1",
            sees=f"After twelve epochs Momentum is {number(far['Momentum'][-1], 2)} away, Nesterov "
            f"{number(far['Nesterov'][-1], 2)}.",
            x_label="epoch",
            y_label="|w - 5|",
            series={name: (np.arange(1, 13), each) for name, each in far.items()},
            log_y=True,
        ),
    )


def just_a_flag(trials: Trials) -> Finding:
    """PyTorch's weights beside Nesterov's own and beside its look-ahead points."""
    seen = libraries.seen(torch_nesterov, "torch")
    flagged = np.array([float(seen.figures[f"w after point {k}"]) for k in range(1, 5)])
    own = weights(trials, Nesterov(eta=ETA, beta=BETA), 1, 1)[0]
    ahead = jumped(own)
    as_own, as_ahead = (float(np.abs(flagged - each).max()) for each in (own, ahead))
    verdict = "holds" if as_own < 1e-12 else "conditional" if as_ahead < 1e-12 else "contradicted"
    return Finding(
        verdict,
        f"With nesterov=True ({seen.by}) the walk is at {number(flagged[-1])} after point 4, "
        f"where Nesterov's own w is at {number(own[-1])}. PyTorch's weights differ from his by up "
        f"to {number(as_own, 3)}, from the look-ahead points w - eta beta v by up to "
        f"{number(as_ahead, 1)}.",
        {
            "PyTorch after point 4": flagged[-1],
            "Nesterov after point 4": own[-1],
            "off from the look-ahead points": as_ahead,
            "off from Nesterov's w": as_own,
        },
        condition="Up to a change of variable: the flag is there, but the weights that it shows "
        "and returns are the look-ahead points, where the gradient is taken next."
        if verdict == "conditional"
        else "",
    )


def jumped(own: Floats) -> Floats:
    """The look-ahead points of Nesterov's iteration: where the velocity would take each w."""
    before = np.r_[3.0, own[:-1]]
    return np.asarray(own + BETA * (own - before), np.float64)


def torch_nesterov() -> Mapping[str, Figure]:
    """PyTorch's SGD with nesterov=True over the four points, one by one."""
    import torch

    w = torch.nn.Parameter(torch.tensor(3.0, dtype=torch.float64))
    rule = torch.optim.SGD([w], lr=ETA, momentum=BETA, nesterov=True)
    figures: dict[str, Figure] = {}
    four = problems.four_points()
    for k, (x, y) in enumerate(zip(four.x[:, 0], four.y, strict=True), start=1):
        rule.zero_grad()
        ((w * x - y) ** 2).backward()
        rule.step()
        figures[f"w after point {k}"] = float(w.detach())
    return figures
