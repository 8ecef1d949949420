"""Claims about Momentum: its memory, its speed, bumps, noise and overshooting."""

from __future__ import annotations

import numpy as np

from simopt import problems
from simopt.analysis import stability
from simopt.document.claims.claim import Finding, Picture, share
from simopt.document.claims.common.histories import drawn, fed
from simopt.document.claims.context import Trials
from simopt.ground.formatting import count, listing, number, percent
from simopt.rules import SGD, Momentum

#: The document's.
ETA, BETA = 0.1, 0.9


def carries_ninety_percent(trials: Trials) -> Finding:
    """What of a velocity is in the next one."""
    gradients = drawn(trials, 100)
    v = fed(Momentum(beta=BETA), gradients)[1][:, 0]
    kept = (v[1:] - gradients[1:]) / v[:-1]
    # v - g cancels digits where g is the larger.
    off = np.abs(kept - BETA) * np.abs(v[:-1]) / np.maximum(np.abs(v[1:]), np.abs(gradients[1:]))
    walk = trials.run(problems.four_points(), Momentum(eta=ETA)).steps
    share_kept = (walk["v"][1] - walk["gradient"][1]) / walk["v"][0]
    exact = float(off.max()) <= 1e-12
    return Finding(
        "holds" if exact and abs(share_kept - BETA) <= 1e-12 else "contradicted",
        f"At point 2 of the walk {percent(share_kept)} of the old velocity goes into the new one; "
        f"in {len(kept)} random updates the part differs from beta by {number(off.max(), 1)} at "
        "most.",
        {"kept at point 2": share_kept, "off": float(off.max())},
    )


def useful_betas(trials: Trials) -> Finding:
    """Eigenvalues of an epoch, for every order of the four points."""
    four = problems.four_points()
    betas = np.round(np.linspace(0, 0.99, 100), 2)
    inside = betas >= 0.5
    stable = {}
    for size in (1, 2, 4):
        table = stability.spectral_radius(
            four, Momentum(eta=ETA, beta=betas), batch_size=size, order="all"
        )
        met = (table["radius"] < 1).groupby(table["beta"]).mean()
        stable[size] = met.to_numpy()
    rates = np.geomspace(1e-3, 1, 121)
    tuned = stability.spectral_radius(four, Momentum(eta=rates, beta=betas[inside]))
    best = tuned.groupby("beta")["radius"].min()
    every = share([stable[b][inside] == 1 for b in (1, 2, 4)])
    single = share(stable[1][inside] == 1)
    some = float(stable[1][inside].mean())
    verdict = "holds" if every == 1 else "conditional" if some > 0 else "contradicted"
    safe = betas[stable[1] == 1]
    at_nine = round(24 * stable[1][betas == BETA][0])
    return Finding(
        verdict,
        f"At eta = {ETA:g} and batch 1, {percent(single)} of the betas in the range settle in all "
        f"24 orders of the points; beta = 0.9 in {at_nine}. At batch 2 "
        f"{percent(share(stable[2][inside] == 1))} settle in all orders, at batch 4 "
        f"{percent(share(stable[4][inside] == 1))}. Each with a rate of its own, "
        f"{percent(share(best < 1))} settle in the walk's order.",
        {
            "settle in all orders, batch 1": single,
            "orders that settle at 0.9, batch 1": at_nine,
            "settle in all orders, batch 2": share(stable[2][inside] == 1),
            "settle, batch 4": share(stable[4][inside] == 1),
            "settle at their best rate": share(best < 1),
        },
        condition="Only with a rate that suits the beta: at eta = 0.1 and batch 1 "
        + (
            f"all orders settle for beta up to {safe.max():g} at most."
            if len(safe)
            else "no beta settles in all orders."
        )
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Orders of the four points in which Momentum settles, eta = 0.1",
            sees=f"Within the range the share falls to {percent(stable[1][inside].min())} at "
            f"batch 1, to {percent(stable[2][inside].min())} at batch 2 and to "
            f"{percent(stable[4][inside].min())} at batch 4.",
            x_label="beta",
            y_label="share of orders with spectral radius < 1",
            series={f"batch {b}": (betas, stable[b]) for b in (1, 2, 4)},
        ),
    )


def speed_builds_up(trials: Trials) -> Finding:
    """A constant gradient, and one that changes sign at every update."""
    del trials
    v = fed(Momentum(beta=BETA), np.ones(200))[1][:, 0]
    turning = fed(Momentum(beta=BETA), np.resize([1.0, -1.0], 200))[1][:, 0]
    limit = 1 / (1 - BETA)
    rises = bool((np.diff(v) >= 0).all())
    holds = rises and abs(v[-1] - limit) < 1e-6
    near = int(np.argmax(v > 0.99 * limit)) + 1
    return Finding(
        "holds" if holds else "contradicted",
        f"Under a constant gradient of 1 the velocity rises to {v[-1]:.3f}, no further: 99 % of "
        f"1 / (1 - beta) after {near} updates. Where the gradient changes sign every time it ends "
        f"at {abs(turning[-1]):.3f}, below a single gradient.",
        {"velocity after 200": v[-1], "updates to 99 %": near, "turning": abs(turning[-1])},
        picture=Picture(
            title="Velocity under a gradient of size 1, beta = 0.9",
            sees=f"It builds up to {v[-1]:.1f} times the gradient where signs agree, and to "
            f"{abs(turning[-1]):.2f} where they alternate.",
            x_label="update",
            y_label="v",
            series={
                "constant gradient": (np.arange(1, 101), v[:100]),
                "alternating gradient": (np.arange(1, 101), turning[:100]),
            },
        ),
    )


def rolls_through_bumps(trials: Trials) -> Finding:
    """Many starts on the slope of a wide valley with bumps."""
    starts = np.linspace(5, 8, trials.few(31, 7))
    rates = np.geomspace(5e-4, 0.03, 13)
    reached: dict[str, list[np.ndarray]] = {}
    for start in starts:
        valley = problems.bumps(w0=float(start))
        sets = {
            "Momentum": Momentum(eta=rates, beta=BETA),
            "SGD": SGD(eta=rates),
            "SGD at 10 eta": SGD(eta=rates / (1 - BETA)),
        }
        for name, optimizer in sets.items():
            frame = trials.sweep(valley, optimizer, updates=6000, evaluate=6000, divergence=None)
            above = frame["loss"].to_numpy() - valley.minimum_loss
            reached.setdefault(name, []).append(above < 0.01)
    at = {name: np.mean(each, axis=0) for name, each in reached.items()}
    mean = {name: float(each.mean()) for name, each in at.items()}
    same, faster = (mean["Momentum"] - mean[name] for name in ("SGD", "SGD at 10 eta"))
    verdict = "contradicted"
    if same >= 0.1:
        verdict = "holds" if faster >= 0.1 else "conditional"
    return Finding(
        verdict,
        f"From {len(starts)} starts at {len(rates)} rates Momentum ends in the global minimum in "
        f"{percent(mean['Momentum'])} of the runs, SGD at the same rate in "
        f"{percent(mean['SGD'])}, SGD at ten times the rate in {percent(mean['SGD at 10 eta'])}.",
        {f"in the global minimum, {name}": value for name, value in mean.items()},
        condition="Against SGD at the same eta, where Momentum's steps are ten times as large in "
        "the long run; SGD with ten times the eta gets through "
        + ("more often." if faster < 0 else "about as often.")
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Starts from which the global minimum among the bumps is reached",
            sees=f"Momentum at {rates[-1]:.2g} gets there from {percent(at['Momentum'][-1])} of "
            f"the starts, SGD from {percent(at['SGD'][-1])}, with ten times the rate from "
            f"{percent(at['SGD at 10 eta'][-1])}.",
            x_label="eta",
            y_label="share of starts",
            series={name: (rates, each) for name, each in at.items()},
            log_x=True,
        ),
    )


def rolls_through_noise(trials: Trials) -> Finding:
    """On the way a slope under noise; at rest a parabola under noise."""
    rate, seeds = 0.01, trials.seeds(400, 30)
    right: dict[str, list[float]] = {"SGD": [], "Momentum": []}
    for ratio in (0.1, 0.3, 1.0):
        # So far out that the gradient stays at 1.
        slope = problems.noisy_quadratic([1e-6], [1 / ratio**2], w0=1e6)
        frame = trials.sweep(
            slope, [SGD(eta=rate), Momentum(eta=rate)], updates=200, seed=seeds, record="steps"
        )
        for name, part in frame.groupby("optimizer"):
            w = part["w"].to_numpy().reshape(-1, 200)
            right[str(name)].append(share(np.diff(w[:, 50:], axis=1) < 0))
    bowl = problems.noisy_quadratic([1.0], [1.0], w0=0.0)
    still = trials.sweep(
        bowl,
        [SGD(eta=[rate, rate / (1 - BETA)]), Momentum(eta=rate)],
        updates=2000,
        seed=trials.seeds(4000, 500),
        divergence=None,
        evaluate=2000,
    )
    variances = still.groupby(["optimizer", "eta"], observed=True, sort=False)["w"].var()
    sgd, fast, heavy = (float(v) for v in variances)
    travels = min(m - s for m, s in zip(right["Momentum"], right["SGD"], strict=True)) >= 0.05
    rests = heavy <= 1.1 * sgd
    verdict = ("conditional", "holds")[rests] if travels else ("contradicted", "conditional")[rests]
    return Finding(
        verdict,
        "At a signal of 0.1, 0.3 and 1 times the noise, "
        f"{listing(map(percent, right['Momentum']))} of Momentum's updates go the right way, of "
        f"SGD's {listing(map(percent, right['SGD']))}. At rest w has {heavy / sgd:.1f} times SGD's "
        f"variance at the same eta, and {heavy / fast:.2f} times that of SGD at ten times the eta.",
        {
            "right way at 0.1, Momentum": right["Momentum"][0],
            "right way at 0.1, SGD": right["SGD"][0],
            "right way at 1, Momentum": right["Momentum"][2],
            "right way at 1, SGD": right["SGD"][2],
            "variance at rest, SGD": sgd,
            "variance at rest, SGD at 10 eta": fast,
            "variance at rest, Momentum": heavy,
        },
        condition=(
            f"On the way, where gradients agree; at rest it makes w's variance {heavy / sgd:.0f} "
            "times as large at the same eta."
            if travels
            else "At rest, not on the way."
        )
        if verdict == "conditional"
        else "",
    )


def may_overshoot(trials: Trials) -> Finding:
    """The walk: on which side of 5 it is after each update."""
    walk = trials.run(problems.four_points(), Momentum(eta=ETA, beta=BETA))
    sgd = trials.run(problems.four_points(), SGD(eta=ETA))
    far = {"Momentum": float(walk.steps["w"].max()), "SGD": float(sgd.steps["w"].max())}
    crossings = int(walk.summary["overshoots"])
    return Finding(
        "holds" if crossings > 0 else "contradicted",
        f"It crosses the optimum {count(crossings, 'time')} in four updates and is at "
        f"{far['Momentum']:.2f} at its farthest; SGD, which has no velocity, at {far['SGD']:.2f}.",
        {"crossings": crossings, "farthest": far["Momentum"], "farthest, SGD": far["SGD"]},
    )
