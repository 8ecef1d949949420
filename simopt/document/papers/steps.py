"""What sets the size of a step: how gradients vary, how they shrink, and their unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simopt import problems
from simopt.analysis.stability import counterexamples
from simopt.document.claims import verdict
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, number
from simopt.problems.synthetic import BATCH_SIZE, linear
from simopt.rules import LAMB, LARS, SGD, AdaBelief, Adam, Yogi

#: Gradients of an epoch, by what they do; the sign of what AdaBelief's steps should be to Adam's.
GRADIENTS = {
    "steady": (1.0, 1.0, 1.0, 1.0),
    "varying about 1": (4.0, -2.0, 4.0, -2.0),
    "varying about 0": (1.0, -1.0, 1.0, -1.0),
}

#: The decay of the squares, and the updates after which they have forgotten their start.
DECAY, SETTLED = 0.99, 1000

#: Two sizes closer than this are one.
ALIKE = 0.01


def adabelief_steps(trials: Trials) -> Finding:
    """The size of AdaBelief's steps over that of Adam's, by how gradients vary."""
    ratios = {}
    for name, gradients in GRADIENTS.items():
        frame = trials.sweep(
            counterexamples.constant_gradients(gradients),
            [AdaBelief(eta=0.001, beta2=DECAY), Adam(eta=0.001, beta2=DECAY)],
            epochs=2 * SETTLED // len(gradients),
            shuffle="epoch",
            seed=trials.seed,
            record="steps",
            divergence=None,
        )
        weights = frame["w"].to_numpy(np.float64).reshape(2, -1)
        sizes = [np.sqrt(np.mean(np.diff(w[len(w) // 2 :]) ** 2)) for w in weights]
        ratios[name] = float(sizes[0] / sizes[1])
    return adabelief_by(ratios)


def adabelief_by(ratios: Mapping[str, float]) -> Finding:
    """The same, from the ratios by `GRADIENTS`."""
    met = {
        f"where they are {name}": ratio > 1 + ALIKE if name == "steady" else ratio < 1 - ALIKE
        for name, ratio in ratios.items()
    }
    decided, condition = verdict.decide(met)
    each = [f"{number(ratio, 3)} where gradients are {name}" for name, ratio in ratios.items()]
    return Finding(
        decided,
        f"After {SETTLED:,} updates AdaBelief's steps are, in units of Adam's, {listing(each)}.",
        {f"AdaBelief's step over Adam's, {name}": ratio for name, ratio in ratios.items()},
        condition,
        Picture(
            "AdaBelief's steps over Adam's",
            f"Above 1 AdaBelief's are larger: {listing(each)}.",
            "gradients",
            "size of a step over Adam's",
            {"ratio": (list(ratios), list(ratios.values()))},
            kind="bars",
            log_y=True,
        ),
    )


#: What gradients shrink to, as a share of what they were; how fast v forgets, and for how many
#: updates gradients are as before, and as after.
SHRUNK = (0.9, 0.6, 0.3, 0.1, 0.01)
FORGETS, BEFORE, AFTER = 0.9, 100, 20


def yogi_grows_slower(trials: Trials) -> Finding:
    """By how much 1 / sqrt(v) grows after gradients have shrunk."""
    growth: dict[str, dict[float, float]] = {"Yogi": {}, "Adam": {}}
    for name, rule in (("Yogi", Yogi(beta2=FORGETS)), ("Adam", Adam(beta2=FORGETS))):
        for share in SHRUNK:
            problem = counterexamples.constant_gradients([1.0] * BEFORE + [share] * AFTER)
            v = trials.run(problem, rule).steps["v"].to_numpy(np.float64)
            growth[name][share] = float(np.sqrt(v[BEFORE - 1] / v[-1]))
    return yogi_by(growth["Yogi"], growth["Adam"])


def yogi_by(yogi: Mapping[float, float], adam: Mapping[float, float]) -> Finding:
    """The same, from how much the rates have grown by what gradients shrink to."""
    met = {f"when gradients shrink to {share:g}": yogi[share] < adam[share] for share in yogi}
    decided, condition = verdict.decide(met)
    last = min(yogi)
    return Finding(
        decided,
        f"When gradients shrink to {last:g} of what they were, Yogi's rate has grown "
        f"{number(yogi[last], 3)} times after {AFTER:,} updates, Adam's {number(adam[last], 3)} "
        f"times; Yogi's has grown less in {sum(met.values())} of {len(met)} cases.",
        {
            **{f"growth of Yogi's rate, shrunk to {k:g}": g for k, g in yogi.items()},
            **{f"growth of Adam's rate, shrunk to {k:g}": g for k, g in adam.items()},
            "cases with less growth": sum(met.values()),
        },
        condition,
        Picture(
            f"Growth of 1 / √v in {AFTER:,} updates after gradients have shrunk",
            f"Yogi's is the smaller one in {sum(met.values())} of {len(met)} cases.",
            "gradient, as a share of what it was",
            "growth",
            {
                name: (list(table), list(table.values()))
                for name, table in (("Yogi", yogi), ("Adam", adam))
            },
            log_x=True,
            log_y=True,
        ),
    )


#: What gradients are multiplied by: powers of four, so that nothing is rounded on the way.
SCALES = (4.0**-10, 4.0**-5, 1.0, 4.0**5, 4.0**10)

#: So much may the distance gone change, as a share.
TOLERANCE = 0.01


def trust_ratios_ignore_scale(trials: Trials) -> Finding:
    """How far LARS, LAMB and SGD go when all gradients are multiplied."""
    base = linear(64, 5, noise=0.5, seed=trials.seed)
    gone: dict[str, list[float]] = {"LARS": [], "LAMB": [], "SGD": []}
    for scale in SCALES:
        root = np.sqrt(scale)
        problem = problems.least_squares(root * base.x, root * base.y, w0=1.0)
        for name, rule in (
            ("LARS", LARS(weight_decay=0.0)),
            ("LAMB", LAMB(eta=0.01, weight_decay=0.0)),
            ("SGD", SGD(eta=1e-6)),
        ):
            run = trials.run(problem, rule, batch_size=BATCH_SIZE, epochs=5)
            ends = run.steps[[f"w_{k}" for k in range(problem.d)]].to_numpy(np.float64)[-1]
            gone[name].append(float(np.linalg.norm(ends - 1.0)))
    return scale_by(gone)


def scale_by(gone: Mapping[str, list[float]]) -> Finding:
    """The same, from how far each went at every scale."""
    middle = SCALES.index(1.0)
    change = {name: max(far) / min(far) if min(far) > 0 else np.inf for name, far in gone.items()}
    if change["SGD"] <= 1 + TOLERANCE:
        decided, condition = "undecidable", ""
    else:
        decided, condition = verdict.decide(
            {f"for {name}": change[name] <= 1 + TOLERANCE for name in ("LARS", "LAMB")}
        )
    each = [f"{name}'s by a factor of {number(change[name], 4)}" for name in change]
    return Finding(
        decided,
        f"Between gradients a million times smaller and a million times larger the distance gone "
        f"changes: {listing(each)}.",
        {
            **{f"farthest over nearest, {name}": factor for name, factor in change.items()},
            "scales": len(SCALES),
        },
        condition,
        Picture(
            "Distance gone, over that at scale 1",
            f"A flat line does not notice the scale: {listing(each)}.",
            "what gradients are multiplied by",
            "distance over that at 1",
            {name: (SCALES, np.array(far) / far[middle]) for name, far in gone.items()},
            log_x=True,
            log_y=True,
        ),
    )
