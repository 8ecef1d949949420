"""What was read of a training log: its runs, their curves, and all that a reader should know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simopt.ground.formatting import count, listing, number

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


#: Runs that are printed; a table has them all.
LISTED = 20


@dataclass(frozen=True, eq=False)
class LoggedRun:
    """The curves of one training run.

    Attributes
    ----------
    name : str
        As the log has it; empty where it has none.
    loss : ndarray [T]
        The training loss, in order. NaN where it was NaN.
    validation : ndarray [T] or None
        The validation loss beside it, NaN where there is none.
    x : ndarray [T] or None
        What the values are counted by (step, epoch, time), rising.
    rate : ndarray [T] or None
        The learning rate beside it, where it was logged.
    loss_column, validation_column, x_column : str
        The columns' names.
    source, format : str
        The file, and what it was read as.
    columns : tuple of str
        The names of all columns.
    rows : int
        Of the log, that are about this run.
    gaps : int
        Rows without a training loss.
    about : str
        What trained, where the log tells: "boosted trees", "a GAN", "reinforcement learning".
    validation_fault : str
        NaN or infinity in the validation loss, and where; empty if there is none.
    notes : tuple of str
        What was chosen, repaired or left out.
    """

    name: str
    loss: Floats = field(repr=False)
    validation: Floats | None = field(default=None, repr=False)
    x: Floats | None = field(default=None, repr=False)
    rate: Floats | None = field(default=None, repr=False)
    loss_column: str = ""
    validation_column: str = ""
    x_column: str = ""
    source: str = ""
    format: str = ""
    columns: tuple[str, ...] = ()
    rows: int = 0
    gaps: int = 0
    about: str = ""
    validation_fault: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{count(len(self.loss), 'value')} of {self.loss_column or 'the loss'}"]
        if self.validation is not None:
            held = int(np.isfinite(self.validation).sum())
            parts.append(
                f"{count(held, 'value')} of {self.validation_column or 'the validation loss'}"
            )
        text = listing(parts)
        if self.x is not None and len(self.x):
            column = self.x_column.strip() or "a column without a name"
            text += f", by {column} from {number(self.x[0], 6)} to {number(self.x[-1], 6)}"
        if self.gaps:
            text += f"; {count(self.gaps, 'row')} without a loss"
        where = f"{self.name}: " if self.name else ""
        return where + text


@dataclass(frozen=True, eq=False)
class Log:
    """What a log holds.

    Attributes
    ----------
    source : str
        The file or folder, or what else was read.
    format : str
        What it was read as.
    runs : tuple of LoggedRun
        At least one.
    notes : tuple of str
        What is to be said of the log as a whole.
    chosen : LoggedRun, optional
        The run that speaks for the log; the last that has more than a few values if left out.
    """

    source: str
    format: str
    runs: tuple[LoggedRun, ...]
    notes: tuple[str, ...] = ()
    chosen: LoggedRun | None = None

    def __iter__(self) -> Iterator[LoggedRun]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def __str__(self) -> str:
        head = " as ".join(part for part in (self.source, self.format) if part)
        lines = [
            f"{head}: {count(len(self.runs), 'run')}" if head else count(len(self.runs), "run")
        ]
        for run in self.runs[:LISTED]:
            lines += [f"  {run}", *(f"    {note}" for note in run.notes)]
        if len(self.runs) > LISTED:
            lines.append(f"  and {count(len(self.runs) - LISTED, 'more run')}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    @property
    def frame(self) -> pd.DataFrame:
        """A row per run: its name, columns, numbers of values and gaps, first and last x, notes."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "run": run.name,
                    "source": run.source,
                    "loss": run.loss_column,
                    "validation": run.validation_column,
                    "x": run.x_column,
                    "values": len(run.loss),
                    "gaps": run.gaps,
                    "first_x": np.nan if run.x is None or not len(run.x) else run.x[0],
                    "last_x": np.nan if run.x is None or not len(run.x) else run.x[-1],
                    "about": run.about,
                    "notes": "; ".join(run.notes),
                }
                for run in self.runs
            ]
        )

    @property
    def run(self) -> LoggedRun:
        """The run that speaks for the log."""
        if self.chosen is not None:
            return self.chosen
        long = [run for run in self.runs if len(run.loss) >= 5] or list(self.runs)
        return long[-1]


def numbered(runs: list[LoggedRun]) -> list[LoggedRun]:
    """Runs without a name by their place, where there are several."""
    if len(runs) < 2:
        return runs
    return [run if run.name else replace(run, name=f"run {k}") for k, run in enumerate(runs, 1)]
