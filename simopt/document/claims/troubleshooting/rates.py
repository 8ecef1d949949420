"""Claims of the troubleshooting table about the rate: wild, exploding and slow loss curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.analysis import stability
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.common.curves import TunedCurves, best_tuned, curves, halved_by
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import listing, percent
from simopt.rules import Momentum

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

#: A group of curves of one method on one problem counts from so many.
ENOUGH = 10


def wild(curve: TunedCurves) -> Truths:
    """Rises in over 30 % of the last epochs and ends over 10 times above the tuned loss."""
    finite = np.isfinite(curve.last)
    return (curve.rises() > 0.3) & (curve.last > 10 * curve.tuned) & finite


def oscillation(trials: Trials) -> Finding:
    """Every wild curve of the suite at a half, a fifth, a tenth of its rate."""
    factors = (2, 5, 10)
    mended: dict[str, Truths] = {}
    for (problem, method), curve in curves(trials).items():
        chosen = wild(curve) & ~np.isnan(curve.at(10, up=False))
        if chosen.sum() >= ENOUGH:
            mended[f"with {method} on {problem}"] = halved_by(curve, chosen, factors, up=False)
    every = np.concatenate(list(mended.values()), axis=1)
    alone, any_of = every.mean(axis=1), float(every.any(axis=0).mean())
    groups = {name: float(by_pair.any(axis=0).mean()) for name, by_pair in mended.items()}
    bad = [f"{name} ({percent(value)})" for name, value in groups.items() if value < 0.9]
    verdict = "holds" if any_of >= 0.9 else "conditional" if any_of >= 0.5 else "contradicted"
    exceptions = f" Fewer are mended {listing(bad)}." if bad else ""
    return Finding(
        verdict,
        f"Of {every.shape[1]:,} wildly oscillating curves {percent(any_of)} end at half the loss "
        f"or less with one of the three rates: {percent(alone[0])} with a half, "
        f"{percent(alone[1])} with a fifth, {percent(alone[2])} with a tenth.{exceptions}",
        {"curves": every.shape[1], "mended by one of them": any_of}
        | {f"mended by eta / {f}": share for f, share in zip(factors, alone, strict=True)}
        | {f"mended {name}": value for name, value in groups.items() if value < 1},
        f"It holds for {percent(any_of)} of the curves." if verdict == "conditional" else "",
        Picture(
            "Wildly oscillating curves that a lower rate mends",
            f"One division by {factors[int(alone.argmax())]} mends more than one by 2 or 10."
            if 0 < int(alone.argmax()) < 2
            else f"A division by {factors[int(alone.argmax())]} mends most.",
            "rate",
            "share that ends at half the loss or less",
            {
                "of all curves": (
                    [*(f"eta / {f}" for f in factors), "any of them"],
                    [*alone.tolist(), any_of],
                )
            },
            kind="bars",
        ),
    )


def explosion(trials: Trials) -> Finding:
    """Exact stability of an epoch, for every rate at which beta = 0.9 is unstable."""
    four, etas = problems.four_points(), np.geomspace(0.001, 1.0, trials.few(601, 201))
    factors, shares = (2, 5, 10), {}
    for size in (1, 2, 4):
        radius = {0.9: radii(etas, 0.9, size), 0.8: radii(etas, 0.8, size)}
        lost = radius[0.9] > 1
        shares[size] = {"beta 0.8": float((radius[0.8][lost] < 1).mean())} | {
            f"eta / {f}": float((radii(etas[lost] / f, 0.9, size) < 1).mean()) for f in factors
        }
    frame = trials.sweep(four, Momentum(eta=etas), epochs=200)
    diverged = frame[frame["status"] == "diverged"]
    first = float((diverged["best_loss"] < four.loss(four.w0)).mean())
    met = {
        "dividing eta by 5 or 10": min(max(s["eta / 5"], s["eta / 10"]) for s in shares.values())
        >= 0.5,
        "beta = 0.8": min(s["beta 0.8"] for s in shares.values()) >= 0.5,
    }
    verdict, condition = decide({f"for {fix}": value for fix, value in met.items()})
    limits = {beta: float(stability.limit("Momentum", beta)) for beta in (0.9, 0.8)}
    return Finding(
        verdict,
        f"Of the rates up to 1 that explode with beta = 0.9, beta = 0.8 settles "
        f"{percent(shares[1]['beta 0.8'])}, {percent(shares[2]['beta 0.8'])} and "
        f"{percent(shares[4]['beta 0.8'])} at batch 1, 2 and 4, a tenth of the rate "
        f"{percent(shares[1]['eta / 10'])}, {percent(shares[2]['eta / 10'])} and "
        f"{percent(shares[4]['eta / 10'])}. At full batch a lower beta even has the lower limit, "
        f"{limits[0.8]:g} / h in place of {limits[0.9]:g} / h. {percent(first)} of the curves that "
        "explode at batch 1 fall first.",
        {f"{fix} settles, batch {b}": v for b, by in shares.items() for fix, v in by.items()}
        | {"explode after falling, batch 1": first}
        | {f"limit of eta h, beta {b:g}": value for b, value in limits.items()},
        condition,
        Picture(
            "How an epoch multiplies the error, full batch",
            "Both betas leave 1 at nearly the same rate, the lower one a little earlier."
            if limits[0.8] < limits[0.9]
            else "The lower beta leaves 1 later.",
            "learning rate eta",
            "spectral radius of an epoch",
            {
                f"beta = {b:g}": (etas[:: len(etas) // 100], radii(etas, b, 4)[:: len(etas) // 100])
                for b in (0.9, 0.8)
            },
            log_x=True,
        ),
    )


def radii(etas: Floats, beta: float, size: int) -> Floats:
    """Momentum's spectral radius over an epoch of the four points, by rate."""
    rule = Momentum(eta=etas.tolist(), beta=beta)
    table = stability.spectral_radius(problems.four_points(), rule, batch_size=size)
    return table["radius"].to_numpy(np.float64)


def slowness(trials: Trials) -> Finding:
    """Every slow and steady curve of the suite at twice and five times its rate."""
    by_pair = curves(trials)
    best = best_tuned(by_pair)
    lower, half, worse, limited = [], [], [], []
    for (problem, method), curve in by_pair.items():
        slow = (curve.rises() <= 0.1) & (curve.last > 10 * best[problem])
        slow &= np.isfinite(curve.last)
        if curve.tuned > 10 * best[problem]:
            limited.append(f"{method} on {problem}")
        known = slow & ~np.isnan(curve.at(5, up=True))
        moved = np.array([curve.at(f, up=True)[known] for f in (2, 5)])
        lower.append((moved < curve.last[known]).any(axis=0))
        half.append((moved <= curve.last[known] / 2).any(axis=0))
        worse.append((moved > curve.last[known]).any(axis=0))
    shares = [float(np.concatenate(each).mean()) for each in (lower, half, worse)]
    verdict = "holds" if shares[0] >= 0.9 else "conditional" if shares[0] >= 0.5 else "contradicted"
    others = (
        f" No rate brings {listing(limited, 'or')} within 10 times the best method's loss."
        if limited
        else ""
    )
    return Finding(
        verdict,
        f"Of {len(np.concatenate(lower)):,} slow and steady curves {percent(shares[0], 3)} end "
        f"lower at twice or five times the rate, {percent(shares[1])} at half the loss or less; "
        f"{percent(shares[2])} end higher at one of the two.{others}",
        {"lower": shares[0], "halved": shares[1], "higher at one of them": shares[2]}
        | {"combinations that no rate brings there": len(limited)},
        f"It holds for {percent(shares[0])} of the curves." if verdict == "conditional" else "",
    )


def eta_or_beta(trials: Trials) -> Finding:
    """Explosion and ringing, each with a lower rate and with a lower beta."""
    four, h = problems.four_points(), float(problems.four_points().hessian[0, 0])
    betas = np.array([0.0, 0.3, 0.5, 0.7, 0.8])
    etas = np.geomspace(3.9 / h, 20 / h, 40)
    by_eta = [radii(etas / f, 0.9, 4) < 1 for f in (2, 5, 10)]
    by_beta = [radii(etas, float(b), 4) < 1 for b in betas]
    exploding = [float(np.any(way, axis=0).mean()) for way in (by_eta, by_beta)]
    ringing = np.geomspace(0.2 / h, 3.5 / h, 40)
    plan = {"batch_size": 4, "epochs": 60, "record": "epochs", "divergence": None}

    def rises(etas: Floats, beta: float) -> Floats:
        frame = trials.sweep(four, Momentum(eta=etas.tolist(), beta=beta), **plan)
        loss = frame["loss"].to_numpy().reshape(len(etas), 60)
        return np.asarray((np.diff(loss, axis=1) > 0).mean(axis=1), np.float64)

    before = rises(ringing, 0.9)
    calmer = [
        float(np.any([after <= before / 2 for after in ways], axis=0).mean())
        for ways in (
            [rises(ringing / f, 0.9) for f in (2, 5, 10)],
            [rises(ringing, float(b)) for b in betas],
        )
    ]
    met = {
        "for a lower eta against explosion": exploding[0] >= 0.5,
        "for a lower beta against explosion": exploding[1] >= 0.5,
        "for a lower eta against ringing": calmer[0] >= 0.5,
        "for a lower beta against ringing": calmer[1] >= 0.5,
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        "Momentum at full batch, beta = 0.9: of the rates that explode a lower eta settles "
        f"{percent(exploding[0])}, a lower beta {percent(exploding[1])}; where the loss rings, it "
        f"rises in {percent(before.mean())} of the epochs, a lower eta halves that in "
        f"{percent(calmer[0])} of the cases and a lower beta in {percent(calmer[1])}.",
        {
            "explosions settled by eta": exploding[0],
            "explosions settled by beta": exploding[1],
            "ringing halved by eta": calmer[0],
            "ringing halved by beta": calmer[1],
        },
        condition,
    )
