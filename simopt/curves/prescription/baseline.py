"""The runs of one optimizer as they are: where they end, what is left, and what they show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simopt.curves.diagnosis import diagnose_many
from simopt.curves.diagnosis.batch import as_float32
from simopt.curves.prescription.cases import Case
from simopt.curves.prescription.comparing import excess
from simopt.curves.prescription.running import TrainedCurves, curves, losses_at
from simopt.curves.prescription.training import Training
from simopt.problems import Problem
from simopt.problems.problem import known_minimum

Floats = NDArray[np.float64]

#: A run is there if this share of what could be taken off the start's loss is left, or less.
ARRIVED = 0.01


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
    found : list of TrainedCurves
        What each did.
    floors : ndarray [rates, seeds]
        The loss that is taken off, of the case's own points: the least there is, or, of a test
        loss, the lowest on the way.
    """

    case: Case
    optimizer: str
    trainings: list[Training]
    found: list[TrainedCurves]
    floors: Floats

    def ends(self, found: TrainedCurves, problem: Problem) -> Floats:
        """The losses [seeds] that are judged: over all points, or over those of the test."""
        return losses_at(self.case.test or problem, found.w)

    def floor(self, place: int, problem: Problem) -> Floats:
        """The loss [seeds] that is taken off; of other points the least that those have."""
        if problem is self.case.problem or self.case.test is not None:
            return np.asarray(self.floors[place])
        return np.full(len(self.case.seeds), known_minimum(problem))

    def above(self, place: int, found: TrainedCurves, problem: Problem) -> Floats:
        """What is left above the floor [seeds] where a run at that rate ends."""
        off = self.ends(found, problem) - self.floor(place, problem)
        return np.where(np.isfinite(off), np.maximum(off, 0.0), np.inf)

    def eta(self, place: int) -> float:
        """The rate at a place."""
        return float(self.trainings[place].optimizer.settings["eta"])  # type: ignore[arg-type]

    def best(self) -> int:
        """The place of the rate that ends lowest, by the median over the seeds."""
        ends = np.stack([self.ends(each, self.case.problem) for each in self.found])
        return int(np.argmin(np.median(np.where(np.isfinite(ends), ends, np.inf), axis=1)))


def run(case: Case, optimizer: str, trainings: list[Training], threads: int) -> Ran:
    """The runs as they are."""
    found = curves_of(case, case.problem, trainings, threads)
    shape = len(trainings), len(case.seeds)
    floors = np.full(shape, known_minimum(case.problem))
    if case.test is not None:
        again = curves(case.problem, trainings, case.seeds, validation=case.test, threads=threads)
        ways = [each.validation for each in again if each.validation is not None]
        floors = np.stack([np.nanmin(way, axis=1) for way in ways])
    return Ran(case, optimizer, trainings, found, floors)


def curves_of(
    case: Case, problem: Problem, trainings: list[Training], threads: int
) -> list[TrainedCurves]:
    """The curves of some trainings with the case's seeds."""
    return curves(problem, trainings, case.seeds, validation=case.validation, threads=threads)


def symptoms(found: list[TrainedCurves], threads: int) -> NDArray[np.str_]:
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
    scale = first - known_minimum(problem)
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
