"""Every line of advice tried on every run that shows its symptom: a row per run and fix."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.diagnosis import diagnose_many
from simopt.diagnosis.causes import as_float32
from simopt.prescription import cases as grounds
from simopt.prescription.advice import ALL_THREE, UNDERPERFORMS, fixes_for
from simopt.prescription.cases import Case
from simopt.prescription.comparing import excess, has_diverged, ratios
from simopt.prescription.fixes import FIXES, clipped_to, eta_times, without_outliers
from simopt.prescription.running import Curves, curves, losses_at
from simopt.prescription.training import Training
from simopt.problems import Problem

Floats = NDArray[np.float64]

#: A fix worked if it at least halves the loss, or leaves a healthy curve, no higher loss and little
#: to lose (UNFINISHED); and the run neither diverges nor ends above its start.
HALVED = 0.5

#: It made things worse if the loss is a tenth higher.
WORSE = 1.1

#: Adam ends above SGD if what is left of its loss is a tenth more, and that is a thousandth or more
#: of what there was to lose; each at the best of the rates tried.
ABOVE, SEEN = 1.1, 1e-3

#: A run is there if this share of what could be taken off the start's loss is left, or less.
ARRIVED = 0.01

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Ran:
    """The runs of one optimizer at one batch size, as they are.

    Attributes
    ----------
    case : Case
        Problem and seeds.
    optimizer : str
        Which.
    trainings : list of Training
        One a rate.
    found : list of Curves
        What each did.
    floors : ndarray [rates, seeds]
        The loss that is taken off: the least there is, or, of a test loss, the lowest on the way.
    """

    case: Case
    optimizer: str
    trainings: list[Training]
    found: list[Curves]
    floors: Floats

    def ends(self, found: Curves, problem: Problem) -> Floats:
        """The losses [seeds] that are judged: over all points, or over those of the test."""
        return losses_at(self.case.test or problem, found.w)

    def above(self, place: int, found: Curves, problem: Problem) -> Floats:
        """What is left above the floor [seeds] where a run at that rate ends."""
        if problem is not self.case.problem and self.case.test is None:
            return excess(problem, self.ends(found, problem))  # of other points
        off = self.ends(found, problem) - self.floors[place]
        return np.where(np.isfinite(off), np.maximum(off, 0.0), np.inf)

    def eta(self, place: int) -> float:
        """The rate at a place."""
        return float(self.trainings[place].optimizer.settings["eta"])  # type: ignore[arg-type]

    def best(self) -> int:
        """The place of the rate that ends lowest, by the median over the seeds."""
        ends = np.stack([self.ends(each, self.case.problem) for each in self.found])
        return int(np.argmin(np.median(np.where(np.isfinite(ends), ends, np.inf), axis=1)))


@dataclass(frozen=True, eq=False)
class Made:
    """Rows of outcomes, and what they took."""

    rows: list[pd.DataFrame]
    trajectories: int = 0
    updates: int = 0


def try_all(quick: bool = False, threads: int = 1, say: Say | None = None) -> pd.DataFrame:
    """Try every fix on the runs that show its symptom.

    Parameters
    ----------
    quick : bool
        Fewer problems, optimizers, rates and seeds.
    threads : int
        At work.
    say : callable, optional
        Told which problem is at hand.

    Returns
    -------
    DataFrame
        A row per run and fix: ``problem``, ``optimizer``, ``eta``, ``batch_size``, ``n``,
        ``seed``, ``symptom``; ``beyond``, the rate by the best of those tried; ``arrived``,
        whether the run was there; ``fix``, ``ratio`` of the loss after by before, ``then``, the
        symptom afterwards, ``diverged``, ``worked`` and ``worse``. ``attrs`` count the runs looked
        at, the pairs of Adam and SGD, the trajectories and the updates.
    """
    began = time.perf_counter()
    made: list[Made] = []
    seen: dict[str, int] = {}
    looked = updates = pairs = 0
    for case in grounds.cases(quick):
        if say is not None:
            say(case.problem.name)
        for batch_size in case.batch_sizes:
            by_name = {
                name: run(case, name, case.trainings(name, batch_size, quick), threads)
                for name in case.optimizers
            }
            for ran in by_name.values():
                shown = with_what_is_left(symptoms(ran.found, threads), ran)
                made.append(outcomes(ran, asked_by(ran, shown), shown, threads))
                looked += shown.size
                updates += sum(each.updates for each in ran.found)
                for name, count in zip(*np.unique(shown, return_counts=True), strict=True):
                    seen[str(name)] = seen.get(str(name), 0) + int(count)
            if {"Adam", "SGD"} <= set(by_name):
                pairs += len(case.seeds)
                made.append(underperforming(by_name["Adam"], by_name["SGD"], threads))
    frame = pd.concat([each for part in made for each in part.rows], ignore_index=True)
    frame.attrs = {
        "seconds": time.perf_counter() - began,
        "looked_at": looked,
        "pairs": pairs,
        "seen": seen,
        "trajectories": looked + sum(part.trajectories for part in made),
        "updates": updates + sum(part.updates for part in made),
    }
    return frame


def run(case: Case, optimizer: str, trainings: list[Training], threads: int) -> Ran:
    """The runs as they are."""
    found = _curves(case, case.problem, trainings, threads)
    shape = len(trainings), len(case.seeds)
    # A network's least loss is unknown: the loss itself counts then.
    floors = np.full(shape, np.nan_to_num(case.problem.minimum_loss))
    if case.test is not None:
        again = curves(case.problem, trainings, case.seeds, validation=case.test, threads=threads)
        ways = [each.validation for each in again if each.validation is not None]
        floors = np.stack([np.nanmin(way, axis=1) for way in ways])
    return Ran(case, optimizer, trainings, found, floors)


def _curves(case: Case, problem: Problem, trainings: list[Training], threads: int) -> list[Curves]:
    return curves(problem, trainings, case.seeds, validation=case.validation, threads=threads)


def symptoms(found: list[Curves], threads: int) -> NDArray[np.str_]:
    """What every curve [trainings, seeds] shows."""
    losses, lengths = _beside([each.loss for each in found])
    ways = [each.validation for each in found if each.validation is not None]
    held = _beside(ways)[0] if ways else None
    shown = diagnose_many(as_float32(losses), held, lengths=lengths, threads=threads)["symptom"]
    return shown.to_numpy().astype("<U40").reshape(len(found), -1)


def _beside(parts: list[Floats]) -> tuple[Floats, NDArray[np.int64]]:
    """Curves of several lengths in one table, and the length of each."""
    longest = max(part.shape[1] for part in parts)
    table = np.full((sum(map(len, parts)), longest), np.nan)
    lengths = np.repeat([part.shape[1] for part in parts], [len(part) for part in parts])
    row = 0
    for part in parts:
        table[row : row + len(part), : part.shape[1]] = part
        row += len(part)
    return table, lengths


def with_what_is_left(shown: NDArray[np.str_], ran: Ran) -> NDArray[np.str_]:
    """The symptoms, told apart where a curve alone can't: it does not show the least loss.

    A reader takes a flat curve for a healthy one. Who knows that a tenth or more of what could be
    lost is left calls it a plateau; and AdaGrad, if it still creeps, stopped.
    """
    problem = ran.case.problem
    first = problem.loss(problem.w0)
    scale = first - np.nan_to_num(problem.minimum_loss)
    result = shown.copy()
    for place, found in enumerate(ran.found):
        left = excess(problem, losses_at(problem, found.w)) / scale
        with np.errstate(invalid="ignore"):
            fall = found.loss[:, 0] - found.loss[:, -1]
            late = found.loss[:, found.loss.shape[1] // 2] - found.loss[:, -1]
        unseen = (shown[place] == "healthy") & (left >= UNFINISHED) & (left < 1)
        flat = late <= FLAT * fall
        result[place, unseen & flat] = "plateaus early"
        if ran.optimizer == "AdaGrad":
            result[place, unseen & ~flat] = "stopped learning mid-training"
    return result


#: So much of what could be lost is left where a plateau is no end, and so much of the curve's fall
#: may its second half make where it is flat.
UNFINISHED, FLAT = 0.1, 0.02


#: Fix to the place of a rate to a mask over the seeds.
Asked = dict[str, dict[int, NDArray[np.bool_]]]


def asked_by(ran: Ran, shown: NDArray[np.str_]) -> Asked:
    """Which fixes the symptoms [rates, seeds] ask for, of which runs."""
    asked: Asked = {}
    for symptom in np.unique(shown):
        for fix in fixes_for(str(symptom), ran.optimizer):
            for k in np.flatnonzero((shown == symptom).any(axis=1)):
                mask = asked.setdefault(fix, {}).setdefault(int(k), shown[k] == symptom)
                mask |= shown[k] == symptom
    return asked


def underperforming(adam: Ran, sgd: Ran, threads: int) -> Made:
    """Where Adam at its best rate ends above SGD at its own: what AdamW and Momentum do.

    What counts is the lag: what is left above the loss that SGD reaches with the same seed.
    """
    problem = adam.case.problem
    place, other = adam.best(), sgd.best()
    reached = sgd.ends(sgd.found[other], problem)
    least = sgd.floors[other] if adam.case.test is None else 0.0
    scale = (adam.case.test or problem).loss(problem.w0) - least
    lag = adam.ends(adam.found[place], problem) - reached
    under = (lag > (ABOVE - 1) * (reached - least)) & (lag > SEEN * scale)
    if not under.any():
        return Made([])
    shown = np.full(adam.floors.shape, UNDERPERFORMS, dtype="<U40")
    asked = {fix: {place: under} for fix in fixes_for(UNDERPERFORMS, "Adam")}
    floors = np.broadcast_to(reached, adam.floors.shape)
    return outcomes(replace(adam, floors=floors), asked, shown, threads)


def outcomes(ran: Ran, asked: Asked, shown: NDArray[np.str_], threads: int) -> Made:
    """The rows of the runs asked for."""
    case = ran.case
    trials = []
    for fix, wanted in asked.items():
        for place, mask in wanted.items():
            trial = change(fix, case.problem, ran.trainings[place])
            if trial is not None and (trial[1].patience is None or case.validation is not None):
                trials.append((fix, place, mask, *trial))
    if not trials:
        return Made([])
    best = ran.eta(ran.best()) if len(ran.trainings) > 1 else float("nan")
    same = [each for each in trials if each[3] is case.problem]
    after = _curves(case, case.problem, [each[4] for each in same], threads) if same else []
    pairs = list(zip(same, after, strict=True))
    # Points left out make another problem, and so another call.
    pairs += [
        (each, _curves(case, each[3], [each[4]], threads)[0])
        for each in trials
        if each[3] is not case.problem
    ]
    seen = symptoms([found for _, found in pairs], threads)
    parts = []
    for ((fix, place, mask, problem, _), found), then in zip(pairs, seen, strict=True):
        judge = case.test or problem
        first = judge.loss(problem.w0)
        scale = max(first - float(ran.floors[place].min()), 0.0)
        old = ran.above(place, ran.found[place], problem)
        end = ran.ends(found, problem)
        diverged = has_diverged(end, first)
        new = ran.above(place, found, problem)
        ratio = ratios(old, new, scale)
        mended = (then == "healthy") & (ratio <= 1) & (new <= UNFINISHED * scale)
        mended &= shown[place] != UNDERPERFORMS  # which no curve shows
        columns = {
            "eta": np.full(len(mask), ran.eta(place)),
            "seed": np.array(case.seeds),
            "symptom": shown[place],
            "arrived": old <= ARRIVED * scale,
            "fix": np.full(len(mask), fix, dtype="<U60"),
            "ratio": ratio,
            "then": then,
            "diverged": diverged,
            "worked": ~diverged & (end < first) & ((ratio <= HALVED) | mended),
            "worse": ratio > WORSE,
        }
        parts.append({name: column[mask] for name, column in columns.items()})
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    frame = pd.DataFrame(table).assign(
        problem=case.problem.name,
        optimizer=ran.optimizer,
        batch_size=ran.trainings[0].batch_size,
        n=case.problem.n,
        beyond=table["eta"] / best,
    )
    updates = sum(found.updates for _, found in pairs)
    return Made([frame], len(pairs) * len(case.seeds), updates)


def change(fix: str, problem: Problem, training: Training) -> tuple[Problem, Training] | None:
    """A fix by name, or the three that the framework has with an "and"."""
    if fix != ALL_THREE:
        return FIXES[fix](problem, training)
    trial = without_outliers(problem, training) or (problem, training)
    for each in (eta_times(1 / 10), clipped_to(1.0)):
        trial = each(*trial) or trial
    return trial
