"""Claims about what is chosen and what is computed, and about SGD's one rate."""

from __future__ import annotations

import itertools

import numpy as np

from simopt import problems, schedules
from simopt.analysis import stability
from simopt.document.claims.claim import Finding, Picture, share
from simopt.document.claims.common.floors import RATES
from simopt.document.claims.common.histories import drawn, fed
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop

#: The range of rates that the document calls typical for SGD.
TYPICAL = (0.001, 0.1)

#: By which the four points' x are multiplied.
SCALES = (0.1, 0.3, 1.0, 3.0, 10.0)

#: A rate serves if the distance falls tenfold within so many epochs.
SERVES = 100


def chosen_and_computed(trials: Trials) -> Finding:
    """Other gradients: other states, the same hyperparameters."""
    one, other = drawn(trials, 2, 20)
    follows, names = [], []
    for optimizer in (SGD(), Momentum(), AdaGrad(), RMSprop(), Adam()):
        before = optimizer.settings
        first, again, changed = (fed(optimizer, g)[1] for g in (one, one, other))
        follows.append(
            bool((first == again).all())
            and (not optimizer.rule.state or bool((first != changed).all()))
            and optimizer.settings == before
        )
        names.append(f"{optimizer.name} {len(before)} and {len(optimizer.rule.state)}")
    return Finding(
        "holds" if all(follows) else "contradicted",
        f"So defined, and so it is for {sum(follows)} of {len(follows)} methods: the same "
        "gradients give the same state, others another one, and no update touches a "
        f"hyperparameter. Hyperparameters and states: {', '.join(names)}, and Adam counts t.",
        {"methods": len(follows), "follow": sum(follows)},
    )


def too_high_overshoots_too_low_is_slow(trials: Trials) -> Finding:
    """On consistent points an epoch multiplies the distance by a product of factors."""
    four = problems.four_points()
    rates = RATES[RATES <= 1.0]
    factors = 1 - 2 * rates[:, None] * four.x[:, 0] ** 2
    epoch = np.abs(factors.prod(axis=1))
    first = 1 / (2 * (four.x**2).max())
    frame = trials.sweep(four, SGD(eta=rates), epochs=1, divergence=None)
    overshoots = frame["overshoots"].to_numpy() > 0
    apart = share(overshoots == (rates > first))
    low = rates < first
    slower = bool((np.diff(epoch[low]) < 0).all())
    unstable = rates[epoch >= 1]
    island = rates[(epoch < 1) & (rates > unstable.min())]
    agree = apart == 1.0 and slower
    return Finding(
        "holds" if agree else "conditional" if slower or apart == 1.0 else "contradicted",
        f"Predicted is that rates above 1 / (2 max x^2) = {first:.4f} pass the optimum within the "
        f"first epoch and none below does: so do {percent(apart)} of {len(rates)}. Below it the "
        + ("lower the slower" if slower else "lower are not always the slower")
        + f": at {rates[0]:g} an epoch leaves {percent(epoch[0], 4)} of the distance. "
        f"Overshooting is not yet divergence: that begins at {unstable.min():.3f}"
        + (
            f", and ends again from {island.min():.3f} to {island.max():.3f}."
            if len(island)
            else "."
        ),
        {
            "least rate that overshoots": first,
            "as predicted": apart,
            "monotone below": slower,
            "least rate that diverges": unstable.min(),
            "left at the least rate": epoch[0],
        },
        condition=""
        if agree or not (slower or apart == 1.0)
        else f"Only {'slowness' if slower else 'overshooting'} follows the rate throughout.",
        picture=Picture(
            title="What an epoch leaves of the distance",
            sees=f"The lowest rates leave nearly all of it; between {first:.3f} and "
            f"{unstable.min():.3f} SGD overshoots and still settles; beyond, it runs away"
            + (
                f", but for an island around {island.mean():.2f}, where one point undoes "
                "what the others do."
                if len(island)
                else "."
            ),
            x_label="eta",
            y_label="|w - 5| after / before an epoch",
            series={
                "every point a batch": (rates[::4], np.maximum(epoch[::4], 1e-4)),
                "no change": (rates[[0, -1]], [1.0, 1.0]),
            },
            log_x=True,
            log_y=True,
        ),
    )


def typical_rates(trials: Trials) -> Finding:
    """The same points in other units."""
    four = problems.four_points()
    rates = np.unique(np.r_[np.geomspace(1e-6, 1e3, 801), np.geomspace(*TYPICAL, 101)])
    typical = (rates >= TYPICAL[0]) & (rates <= TYPICAL[1])
    left, serve, all_of = {}, {}, {}
    for scale in SCALES:
        scaled = problems.least_squares(four.x * scale, four.y, w0=3.0 / scale)
        frame = trials.sweep(scaled, SGD(eta=rates), epochs=SERVES, divergence=None)
        left[scale] = frame["distance"].to_numpy() / (2.0 / scale)
        good = np.nan_to_num(left[scale], nan=np.inf) <= 0.1
        serve[scale] = (rates[good].min(), rates[good].max())
        all_of[scale] = share(good[typical])
    shares = list(all_of.values())
    verdict = "holds" if min(shares) == 1 else "conditional" if max(shares) > 0 else "contradicted"
    spans = ", ".join(
        f"{number(serve[s][0], 2)} to {number(serve[s][1], 2)} (x times {s:g})" for s in SCALES
    )
    return Finding(
        verdict,
        f"The least and the largest rate to shrink the distance tenfold in {SERVES} epochs: "
        f"{spans}. Of the range {percent(min(shares))} to {percent(max(shares))} serves, depending "
        "on no more than the units of x.",
        {f"share that serves, x times {s:g}": all_of[s] for s in SCALES}
        | {f"largest that serves, x times {s:g}": serve[s][1] for s in SCALES},
        condition="Only where the curvature fits: rates that serve go as 1 / x^2, so that the "
        f"whole range serves at {sum(v == 1 for v in shares)} of {len(SCALES)} scales of x."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title=f"Distance left after {SERVES} epochs of SGD, x in five units",
            sees="The curves are one curve, moved by the square of the unit: a typical rate is "
            "one for a typical curvature.",
            x_label="eta",
            y_label="distance / distance at the start",
            series={
                f"x times {s:g}": (rates[::5], np.clip(left[s][::5], 1e-6, 10.0)) for s in SCALES
            },
            log_x=True,
            log_y=True,
        ),
    )


def one_knob(trials: Trials) -> Finding:
    """The same rate, everything else that a run needs changed."""
    four, eta = problems.four_points(), 0.1
    knobs = SGD().rule.hyperparameters
    every = list(itertools.permutations(range(4)))

    def ends(batch_size: int) -> list[float]:
        problems_in_order = (stability.in_order(four, order) for order in every)
        return [
            float(trials.sweep(each, SGD(eta=eta), batch_size=batch_size)["w"][0])
            for each in problems_in_order
        ]

    by_size = [float(trials.sweep(four, SGD(eta=eta), batch_size=b)["w"][0]) for b in (1, 2, 4)]
    halving = schedules.exponential(gamma=0.5)
    scheduled = float(trials.sweep(four, SGD(eta=eta), schedule=halving)["w"][0])
    spread = {
        "order, batch 1": float(np.ptp(ends(1))),
        "order, batch 2": float(np.ptp(ends(2))),
        "batch size": float(np.ptp(by_size)),
        "schedule": abs(scheduled - by_size[0]),
    }
    moving = [name for name, value in spread.items() if value > 1e-6]
    verdict = "contradicted" if knobs != ("eta",) else "conditional" if moving else "holds"
    return Finding(
        verdict,
        f"The rule has {len(knobs)} hyperparameter. At eta = {eta:g}, after one epoch, w changes "
        f"by {spread['batch size']:.3f} with the batch size, {spread['order, batch 2']:.3f} with "
        f"the order at batch 2 (by {number(spread['order, batch 1'], 1)} at batch 1, where "
        f"consistent points commute) and {spread['schedule']:.3f} if the rate halves at every "
        "update.",
        {"hyperparameters of the rule": float(len(knobs))} | spread,
        condition=f"Of the update rule; a run has more: {', '.join(moving)}."
        if verdict == "conditional"
        else "",
    )
