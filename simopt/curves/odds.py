"""How often a fix mends the runs that show a symptom, as recorded by trying it on them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from simopt.ground.formatting import number, percent

#: What ``python -m simopt.curves.prescription --record`` writes.
FILE = Path(__file__).with_name("odds.csv")

#: Its columns: an optimizer's runs on one problem that show a symptom and were given a fix.
COLUMNS = ("symptom", "optimizer", "fix", "problem", "runs", "mended", "worse")

#: Fewer runs than this say nothing of a share.
FEWEST = 20

#: What the odds are of, for readers.
NOTE = (
    "Such runs are runs of small problems that showed this symptom; mended are those of which what "
    "was left above the least loss was at least halved, worse those of which it grew by a tenth."
)

#: The runs of one optimizer are taken for themselves if they are on so many problems.
PROBLEMS = 3

#: From this share on a fix helps often; below it is not recommended.
OFTEN = 1 / 3


@dataclass(frozen=True)
class Odds:
    """What a fix did to the runs that it was tried on.

    Attributes
    ----------
    runs : int
        That showed the symptom.
    mended : int
        Of which the loss above the least possible was at least halved, or the curve healthy; see
        `simopt.prescription.table`.
    worse : int
        Of which the loss ended more than a tenth higher.
    problems : int
        On which they were.
    optimizer : str
        Whose runs, if of one alone.
    """

    runs: int
    mended: int
    worse: int
    problems: int = 1
    optimizer: str = ""

    @property
    def share(self) -> float:
        """The share that was mended."""
        return self.mended / self.runs

    @property
    def few(self) -> bool:
        """Whether there were too few runs to go by."""
        return self.runs < FEWEST

    @property
    def helps(self) -> bool:
        """Whether a third or more were mended, and fewer made worse."""
        return self.share >= OFTEN and self.worse < self.mended

    def __str__(self) -> str:
        of = f" of {self.optimizer}" if self.optimizer else ""
        if self.few:
            return f"mended {self.mended} of {self.runs} such runs{of}; worse in {self.worse}"
        harm = ", no less often than it helps" if self.worse >= self.mended > 0 else ""
        return (
            f"mended {percent(self.share)} of {number(self.runs)} such runs{of}; "
            f"worse in {percent(self.worse / self.runs)}{harm}"
        )


@cache
def recorded() -> Mapping[tuple[str, str, str], Odds]:
    """The odds by symptom, fix and optimizer; of all optimizers together where that is empty."""
    sums: dict[tuple[str, str, str], list[list[int]]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            figures = [int(row["runs"]), int(row["mended"]), int(row["worse"])]
            for optimizer in ("", row["optimizer"]):
                sums.setdefault((row["symptom"], row["fix"], optimizer), []).append(figures)
    found = {}
    for (symptom, fix, optimizer), rows in sums.items():
        runs, mended, worse = map(sum, zip(*rows, strict=True))
        found[symptom, fix, optimizer] = Odds(runs, mended, worse, len(rows), optimizer)
    return found


def of(symptom: str, fix: str, optimizer: str | None = None) -> Odds | None:
    """The odds of a fix: of an optimizer's own runs if there are enough, else of all runs.

    Parameters
    ----------
    symptom : str
        One of `simopt.diagnosis.SYMPTOMS`.
    fix : str
        One of `simopt.prescription.FIXES`.
    optimizer : str, optional
        The name of what trained.

    Returns
    -------
    Odds or None
        None where no run that showed the symptom could be given the fix.

    Examples
    --------
    >>> from simopt.curves import odds
    >>> odds.of("NaN or Inf", "eta / 10").share > 0.3
    True
    """
    own = recorded().get((symptom, fix, optimizer or ""))
    enough = own is not None and not own.few and own.problems >= PROBLEMS
    return own if enough else recorded().get((symptom, fix, ""))
