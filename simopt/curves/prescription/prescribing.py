"""The advice, tried: every fix a counterfactual run of the same problem, seed by seed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from simopt.curves.prescription import fixes as listed
from simopt.curves.prescription import judging, searching
from simopt.curves.prescription import training as trainings
from simopt.curves.prescription.comparing import excess
from simopt.curves.prescription.fixes import ALWAYS, FIXES, REMEDIES
from simopt.curves.prescription.ranking import difference, most_seen, ranked, row
from simopt.curves.prescription.running import TrainedCurves, curves, losses_at, stopped
from simopt.curves.prescription.training import Training
from simopt.ground import checks, memory
from simopt.ground.threads import thread_count
from simopt.ground.version import __version__
from simopt.problems import Problem
from simopt.problems.problem import check_problem
from simopt.rules.rule import Optimizer
from simopt.schedules import Schedule
from simopt.training import stepper

#: The row of the training as it is.
BASELINE = "as it is"

#: A curve has every update while that is at most so many updates, and so many losses of points for
#: all seeds; else it has every epoch.
MOST_LOOKS, MOST_LOOKED_AT = 1000, 200_000_000


def prescribe(
    problem: Problem,
    optimizer: Optimizer,
    *,
    batch_size: int | str = 1,
    epochs: int = 10,
    shuffle: str = "epoch",
    seeds: int = 64,
    schedule: Schedule | str | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    validation: Problem | None = None,
    fixes: str | Sequence[str] | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """Try what can be done about a loss curve, and rank it by what it does to the loss.

    The training is run as it is, its curve diagnosed (`simopt.diagnose`), and every fix run with
    the same seeds: the same orders of the points, the same noise.

    Parameters
    ----------
    problem : Problem
        What is trained on.
    optimizer : Optimizer
        With one number for every hyperparameter.
    batch_size, epochs, shuffle, schedule, clip_norm, clip_value
        How it is trained now, as in `simopt.run`; 10 epochs in a new order each by default.
    seeds : int, default 64
        How many orders of the points. Where nothing is drawn (a full batch, or points never
        shuffled, and no noise) one run says all.
    validation : Problem, optional
        Points that are not trained on, of the same weights. Losses compared are then those of the
        validation problem, and early stopping is tried.
    fixes : {"all"}, str or sequence of str, optional
        Which to try, by their names in `simopt.prescription.FIXES`. By default what `diagnose`
        advises for the symptom that most seeds show (all where it advises nothing that can be
        tried), the best rate and standardised columns.
    threads : int, optional
        As in `simopt.sweep`.

    Returns
    -------
    DataFrame
        The row "as it is", then a row per fix, the best first, those that cost more at the end:

        - ``fix``: its name; ``settings``: what it changes.
        - ``loss``: the median final loss, over all points of the problem (or of ``validation``;
          without outliers, over those that are left).
        - ``explained``: the share of what can be explained that is. 1 is the least possible loss,
          0 that of the best prediction that is the same for every point (without points, or where
          the model can't go below that, the start's). Of a validation loss 1 is a loss of 0.
        - ``ratio``: the median over the seeds of the loss after by before. Of both the least
          possible loss is taken off first where it is known, but never from a validation loss.
        - ``improved``: the share of seeds whose loss is lower, ``improved_low`` and
          ``improved_high`` its 95 % interval (Wilson); ``worse``: the share whose loss is higher.
        - ``diverged``: the share whose loss is no number, or a million times the start's.
        - ``symptom``: what most curves show then; ``agree``: the share that does.
        - ``cost``: the mean number of gradients of points evaluated; ``epochs``: the mean number
          run. All fixes cost the same but three: early stopping less, "without outliers" less by
          those points, "keep training" twice as much.

        ``attrs`` say what made it, and have ``symptom``; ``start``, ``constant`` and ``least``, the
        losses that it is judged by; ``state``, where the training ends beside these, and
        ``verdict``, in words; ``best``, the name of the first row that costs no more, lowers what
        is left by a tenth or more, ends below the start and a constant prediction, and diverges
        for less than half of the seeds ("as it is" if there is none, or if no more than a
        hundredth is left to explain); ``mended``, whether that halves what is left; and for every
        row the call (``code``) and the TOML (``toml``) that trains so; where it stops early, for as
        many epochs as led to the lowest validation loss, by the median.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Notes
    -----
    Another optimizer runs at the rate at which it goes as far in ten updates along the start's
    gradient (``simopt.prescription.rates.like``): neither is tuned. "best eta" is searched for over
    ten decades, and further where it lies at an edge, by the training loss of eight orders of the
    points that nothing is compared on; "standardise" gives the columns mean 0 and variance 1, and
    searches likewise. What a search takes is in no row's cost. Early stopping is judged by the very
    points that stop it, which flatters it a little.

    Examples
    --------
    Beyond 2 divided by the curvature, here 0.2807, gradient descent runs away; half is inside:

    >>> import simopt
    >>> four = simopt.problems.four_points()
    >>> ways = ["eta / 2", "eta x 2"]
    >>> frame = simopt.prescribe(four, simopt.SGD(eta=0.3), batch_size="full", fixes=ways)
    >>> frame[["fix", "settings", "improved", "diverged", "cost"]]
            fix  settings  improved  diverged  cost
    0  as it is                 0.0       0.0  40.0
    1   eta / 2  eta=0.15       1.0       0.0  40.0
    2   eta x 2   eta=0.6       0.0       1.0  40.0
    >>> print(frame.attrs["code"][frame.attrs["best"]])
    simopt.run(problem, simopt.SGD(eta=0.15), batch_size=4, epochs=10, shuffle='epoch')
    """
    stepper.check_single(optimizer)
    count = checks.whole("seeds", seeds, 1, MOST_SEEDS)
    workers = thread_count(threads)
    check_problem(problem)
    now = trainings.check(
        problem,
        optimizer,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=shuffle,
        schedule=schedule,
        clip_norm=clip_norm,
        clip_value=clip_value,
    )
    _check_validation(problem, validation)
    asked = _check_fixes(fixes)
    drawn = range(count) if _random(problem, now) else range(1)
    by = _looks(problem, now, len(drawn), validation)
    # A loss an epoch and seed, of as many trainings as there are fixes.
    memory.check("epochs", epochs, now.epochs * len(drawn) * (1 + len(FIXES)))

    began = time.perf_counter()
    (before,) = curves(problem, [now], drawn, by=by, validation=validation, threads=workers)
    symptom, agree = most_seen(before, validation)
    names = (*REMEDIES.get(symptom, FIXES), *ALWAYS) if asked is None else asked
    trials = {name: FIXES[name](problem, now) for name in dict.fromkeys(names)}
    tried = {
        name: trial
        for name, trial in trials.items()
        if trial is not None and (trial[1].patience is None or validation is not None)
    }
    after = _all_curves(problem, tried, drawn, by, validation, workers)

    judge, limits = validation or problem, judging.bounds(problem, validation)
    scale = float(excess(judge, losses_at(judge, problem.w0[None]))[0])
    rows = [row(BASELINE, "", problem, before, before, validation, scale, limits)]
    for name, (changed, training) in tried.items():
        says = difference(now, training, problem, changed)
        ended = after[name]
        if searching.rescaled(problem, changed):
            ended, changed = replace(ended, w=changed.original_weights(ended.w)), problem
        rows.append(row(name, says, changed, before, ended, validation, scale, limits))
    cost = float(before.cost.mean())
    frame = ranked(pd.DataFrame(rows), cost)
    nothing_left = 1 - limits.explained(frame["loss"].iloc[0]) <= judging.NOTHING
    best = None if nothing_left else judging.best_of(frame, limits, cost)
    every = {BASELINE: now, **{name: training for name, (_, training) in tried.items()}}
    for name, found in after.items():
        patience = every[name].patience
        if patience is not None and found.validation is not None:
            # A call can't look at validation points: the usual length will do.
            lowest = stopped(found.validation, patience)[1]
            every[name] = every[name].with_(epochs=max(1, int(np.median(lowest))))
    frame.attrs = {
        "version": __version__,
        "problem": f"{problem.name} {problem.digest}",
        "validation": None if validation is None else f"{validation.name} {validation.digest}",
        "optimizer": repr(optimizer),
        "seeds": len(drawn),
        "curve": by,
        "symptom": symptom,
        "agree": agree,
        "best": best or BASELINE,
        "start": limits.start,
        "constant": limits.constant,
        "least": limits.least,
        "nothing_left": bool(nothing_left),
        "state": judging.state(float(frame["loss"].iloc[0]), limits),
        "code": {name: trainings.code(training) for name, training in every.items()},
        "toml": {name: trainings.toml(training) for name, training in every.items()},
        "left_out": [
            int(row) for row in np.flatnonzero(listed.outliers(problem)) if WITHOUT in tried
        ],
        "threads": workers,
        "trajectories": len(drawn) * len(rows),
        "updates": before.updates + sum(found.updates for found in after.values()),
        "seconds": time.perf_counter() - began,
    }
    chosen = frame[frame["fix"] == frame.attrs["best"]].iloc[0]
    frame.attrs["mended"] = best is not None and judging.is_mended(chosen, limits)
    frame.attrs["verdict"] = judging.verdict(frame, limits, cost)
    return frame


WITHOUT = "without outliers"


def _all_curves(
    problem: Problem,
    tried: dict[str, tuple[Problem, Training]],
    seeds: Sequence[int],
    by: str,
    validation: Problem | None,
    threads: int,
) -> dict[str, TrainedCurves]:
    """The curves of every trial; those of one problem run beside each other."""
    found: dict[str, TrainedCurves] = {}
    by_problem: dict[int, list[str]] = {}
    for name, (changed, _) in tried.items():
        by_problem.setdefault(id(changed), []).append(name)
    for names in by_problem.values():
        changed = tried[names[0]][0]
        ways = [tried[name][1] for name in names]
        held = searching.like(validation, problem, changed)
        made = curves(changed, ways, seeds, by=by, validation=held, threads=threads)
        found |= dict(zip(names, made, strict=True))
    return {name: found[name] for name in tried}


def _random(problem: Problem, training: Training) -> bool:
    """Whether seeds differ: points are shuffled into batches, or noise is drawn."""
    if not problem.n:
        return problem.noise is not None and bool((problem.noise > 0).any())
    return training.shuffle != "never" and training.batch_size < problem.n


def _looks(problem: Problem, training: Training, seeds: int, validation: Problem | None) -> str:
    """Whether curves have every update or every epoch. Early stopping goes by epochs."""
    updates = training.plan(problem).updates
    small = updates <= MOST_LOOKS and updates * seeds * max(1, problem.n) <= MOST_LOOKED_AT
    return "steps" if small and validation is None else "epochs"


#: More seeds tell nothing that these don't.
MOST_SEEDS = 1_000_000


def _check_validation(problem: Problem, validation: Any) -> None:
    if validation is None:
        return
    if not isinstance(validation, Problem) or not validation.n:
        raise checks.refuse("validation", validation, "a problem with points, or None")
    if validation.d != problem.d:
        raise checks.refuse("validation", validation, f"a problem of {problem.d} weights")


def _check_fixes(fixes: Any) -> tuple[str, ...] | None:
    if fixes is None:
        return None
    if isinstance(fixes, str) and fixes == "all":
        return tuple(FIXES)
    chosen = checks.axis("fixes", fixes)
    for name in chosen:
        checks.choice("fixes", name, ("all", *FIXES))
    return tuple(dict.fromkeys(chosen))
