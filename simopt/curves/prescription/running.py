"""Trainings run beside each other: their curves, where they end, and what they cost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simopt.curves.prescription.training import Training
from simopt.engine import run
from simopt.engine.conditions import Conditions
from simopt.engine.grouping import Group
from simopt.engine.results import allocate
from simopt.problems import Problem
from simopt.rules.rule import Rule
from simopt.schedules import constant
from simopt.training.plan import NO_CLIP, Plan

Floats = NDArray[np.float64]

#: Settings of one group. The kernels compiled are the same with all settings in one; with so few
#: `prescribe` took 2 to 14 % less of a processor (SGD and Adam, Hubble and diabetes, 40 and 400
#: epochs, from an empty cache).
FEW = 12


@dataclass(frozen=True, eq=False)
class TrainedCurves:
    """What a training did, a row per seed.

    Attributes
    ----------
    loss : ndarray [S, T + 1]
        Over all points; the first is the start's.
    validation : ndarray [S, T + 1], optional
        Over the points of the validation problem.
    w : ndarray [S, d]
        Where it ends; with early stopping, the weights that are kept.
    ends : ndarray [S]
        Epochs until it ends.
    cost : ndarray [S]
        Gradients of points evaluated.
    updates : int
        Made, all seeds together.
    """

    loss: Floats
    validation: Floats | None
    w: Floats
    ends: NDArray[np.int64]
    cost: NDArray[np.int64]
    updates: int


def curves(
    problem: Problem,
    trainings: Sequence[Training],
    seeds: Sequence[int],
    *,
    by: str = "epochs",
    validation: Problem | None = None,
    threads: int = 1,
) -> list[TrainedCurves]:
    """Run every training with every seed.

    Parameters
    ----------
    problem : Problem
        What is trained on.
    trainings : sequence of Training
        How. Those that share a rule and a plan run in the same lanes.
    seeds : sequence of int
        Of the orders of the points, or of the noise.
    by : {"epochs", "steps"}
        What a curve has a value for. Divergence stops nothing: a curve shows all of it.
    validation : Problem, optional
        Whose loss is seen as well; early stopping needs it.
    threads : int
        At work.

    Returns
    -------
    list of TrainedCurves
        In the order of the trainings.
    """
    found: list[TrainedCurves | None] = [None] * len(trainings)
    together: dict[tuple[Rule, Plan], list[int]] = {}
    for place, training in enumerate(trainings):
        if training.then is not None:
            found[place] = _in_halves(problem, training, seeds, by, validation, threads)
            continue
        key = training.optimizer.rule, shared_kernel(training.plan(problem), problem)
        together.setdefault(key, []).append(place)
    groups = {
        key: np.array([trainings[place].optimizer.values for place in places], np.float64).T
        for key, places in together.items()
    }
    for (key, places), (loss, w) in zip(
        together.items(), _run(problem, groups, seeds, by, threads), strict=True
    ):
        for setting, place in enumerate(places):
            rows = slice(setting * len(seeds), (setting + 1) * len(seeds))
            found[place] = _curves(
                problem, trainings[place], key[1], loss[rows], w[rows], validation, by
            )
    return [each for each in found if each is not None]


def shared_kernel(how: Plan, problem: Problem) -> Plan:
    """The plan, which with a schedule or clipping has both: a kernel less to compile.

    A rate times 1 and a gradient below its bound are the same to the bit. A function, whose kernels
    serve nothing else, always has both.
    """
    plain = how.schedule is None and how.clip == NO_CLIP
    if plain and problem.formula is None:
        return how
    clip = ("norm", sys.float_info.max, 0.0) if how.clip == NO_CLIP else how.clip
    return replace(how, schedule=how.schedule or CONSTANT, clip=clip)


CONSTANT = constant()


def losses_at(problem: Problem, w: Floats) -> Floats:
    """The loss of a problem at weights [..., d]; inf or nan where they overflow."""
    with np.errstate(all="ignore"):
        return problem.losses(w)


def _run(
    problem: Problem,
    groups: dict[tuple[Rule, Plan], Floats],
    seeds: Sequence[int],
    by: str,
    threads: int,
) -> list[tuple[Floats, Floats]]:
    """Losses [rows, T] and weights [rows, T, d] of groups of settings [hyperparameters, H]."""
    if not groups:
        return []
    conditions = Conditions(problem=problem, every=0 if by == "epochs" else 1, record=by)
    drawn = np.asarray(seeds, np.int64)
    parts: list[Group] = []
    first = 0
    for (rule, plan), settings in groups.items():
        rows = first + np.arange(settings.shape[1]) * len(drawn)
        parts += [
            Group(rule, plan, settings[:, part], drawn, rows[part], np.arange(len(drawn)))
            for low in range(0, settings.shape[1], FEW)
            for part in [slice(low, low + FEW)]
        ]
        first += rows.size * len(drawn)
    results = allocate(conditions, parts, ())
    run.fill(conditions, parts, results, threads=threads)
    curves = []
    start = 0
    for (_, plan), settings in groups.items():
        shape = settings.shape[1] * len(drawn), plan.epochs if by == "epochs" else plan.updates
        records = slice(start, start + shape[0] * shape[1])
        loss = results.recorded_loss[records].reshape(shape)
        curves.append((loss, results.recorded_w[records].reshape(*shape, problem.d)))
        start = records.stop
    return curves


def _curves(
    problem: Problem,
    training: Training,
    how: Plan,
    loss: Floats,
    w: Floats,
    validation: Problem | None,
    by: str,
) -> TrainedCurves:
    """The curves of one training [S, T], with the start before them and early stopping done."""
    start = np.broadcast_to(problem.w0, (len(loss), 1, problem.d))
    every = np.concatenate([start, w], axis=1)
    with_start = np.concatenate([np.full((len(loss), 1), problem.loss(problem.w0)), loss], axis=1)
    seen = None if validation is None else losses_at(validation, every)
    ends = np.full(len(loss), how.epochs)
    kept = np.full(len(loss), every.shape[1] - 1)
    if training.patience is not None and seen is not None:
        assert by == "epochs"
        ends, kept = stopped(seen, training.patience)
    return TrainedCurves(
        loss=with_start,
        validation=seen,
        w=every[np.arange(len(loss)), kept],
        ends=ends,
        cost=ends * (training.cost(problem) // how.epochs),
        updates=len(loss) * how.updates,
    )


def stopped(validation: Floats, patience: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where early stopping ends every row, and the place of the lowest value until there.

    Examples
    --------
    >>> from simopt.prescription.running import stopped
    >>> ends, kept = stopped(np.array([[5.0, 3.0, 4.0, 3.5, 1.0]]), patience=2)
    >>> ends.tolist(), kept.tolist()
    ([3], [1])
    """
    values = np.where(np.isnan(validation), np.inf, validation)
    lowest = np.minimum.accumulate(values, axis=1)
    falls = np.concatenate(
        [np.ones((len(values), 1), bool), values[:, 1:] < lowest[:, :-1]], axis=1
    )
    places = np.arange(values.shape[1])
    last_fall = np.maximum.accumulate(np.where(falls, places, 0), axis=1)
    over = places - last_fall >= patience
    ends = np.where(over.any(axis=1), over.argmax(axis=1), values.shape[1] - 1)
    return ends, last_fall[np.arange(len(values)), ends]


def _in_halves(
    problem: Problem,
    training: Training,
    seeds: Sequence[int],
    by: str,
    validation: Problem | None,
    threads: int,
) -> TrainedCurves:
    """A training that changes its optimizer halfway; the orders of the second half are new ones."""
    assert training.then is not None
    half = max(1, training.epochs // 2)
    (first,) = curves(
        problem,
        [training.with_(then=None, epochs=half)],
        seeds,
        by=by,
        validation=validation,
        threads=threads,
    )
    rest = training.with_(then=None, optimizer=training.then, epochs=max(1, training.epochs - half))
    parts = []
    for seed, w in zip(seeds, first.w, strict=True):
        # Weights that overflowed are no start.
        start = problem.replace(w0=w if np.isfinite(w).all() else np.full(problem.d, 1e300))
        parts += curves(start, [rest], [seed + 1_000_000_007], by=by, validation=validation)
    return TrainedCurves(
        loss=np.concatenate([first.loss, np.stack([part.loss[0, 1:] for part in parts])], axis=1),
        validation=None
        if first.validation is None
        else np.concatenate(
            [first.validation, np.stack([part.validation[0, 1:] for part in parts])],  # type: ignore[index]
            axis=1,
        ),
        w=np.stack([part.w[0] for part in parts]),
        ends=np.full(len(parts), training.epochs),
        cost=np.full(len(parts), training.cost(problem)),
        updates=first.updates + sum(part.updates for part in parts),
    )
