"""One curve: its symptom, the evidence, the causes in order, and what to do."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves import odds
from simopt.curves.diagnosis import judging, levels, rates, terminal
from simopt.curves.logs import Log, LoggedRun, reading
from simopt.curves.symptoms import BY_NAME, evidence, remedies
from simopt.curves.symptoms.evidence import Seen
from simopt.curves.symptoms.record import Known
from simopt.ground import checks, extras
from simopt.ground.formatting import count, listing
from simopt.rules.rule import Optimizer

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


#: Runs of a log that are named, where there are several.
MOST_NAMED = 6


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What a loss curve shows, why, and what to do about it.

    Printed, it is text with a small plot; in a notebook a figure with the evidence marked.

    Attributes
    ----------
    symptom : str
        One of `simopt.diagnosis.SYMPTOMS`.
    sure : float
        How sure that is, 0 to 1: how well the worst of its conditions holds. 0 for "can't tell".
    seen : tuple of Seen
        What the symptom rests on: feature, value, first and last (from which value of the curve to
        which, counted from 0), says. ``evidence`` has the same as a DataFrame.
    causes, advice : tuple of str
        What most likely brings it about, and what to do, in order. Advice that was tried has its
        odds: in how many of the runs that showed the symptom (`simopt.prescription.table`) it at
        least halved what was left to lose, and in how many it made that worse.
    seldom : tuple of str
        What is often tried and mended less than a third of such runs, or did harm as often.
    loss : ndarray [T]
        The curve.
    validation : ndarray [T] or None
        The validation loss, NaN where there is none.
    optimizer : Optimizer or None
        What trained.
    log : Log or None
        What was read: file, columns, runs, gaps. The curve is that of ``log.run``.
    """

    symptom: str
    sure: float
    seen: tuple[Seen, ...]
    causes: tuple[str, ...]
    advice: tuple[str, ...]
    loss: NDArray[np.float64] = field(repr=False)
    validation: NDArray[np.float64] | None = field(default=None, repr=False)
    optimizer: Optimizer | None = field(default=None, repr=False)
    log: Log | None = field(default=None, repr=False)
    seldom: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        marked = None
        if self.seen:
            marked = self.seen[0].first, self.seen[0].last
        shown = self.loss
        if self.symptom == "validation rises" and self.validation is not None:
            shown = self.validation
        drawn = terminal.plot(shown, marked)
        parts = [f"{self.title}\n", f"{drawn}\n"] if drawn else [f"{self.title}\n"]
        for name, lines in (
            ("Read", self.read),
            ("Seen", [each.says for each in self.seen]),
            ("Likely causes", self.causes),
            ("What to do", self.advice),
            ("What seldom helps", self.seldom),
        ):
            if lines:
                parts.append(f"{name}:\n" + "\n".join(f"  - {line}" for line in lines))
        if self.note:
            parts.append(textwrap.fill(self.note, 96))
        return "\n".join(parts)

    @property
    def evidence(self) -> pd.DataFrame:
        """What was seen, as a table: feature, value, first, last, says."""
        import pandas as pd

        return pd.DataFrame(self.seen, columns=list(Seen._fields))

    @property
    def title(self) -> str:
        """The symptom, and how sure it is."""
        start = self.symptom[:1].upper() + self.symptom[1:]
        return start if self.symptom == "can't tell" else f"{start} ({100 * self.sure:.0f} % sure)"

    @property
    def note(self) -> str:
        """What the odds in the advice are of; empty where it has none."""
        return odds.NOTE if any("mended" in line for line in self.advice + self.seldom) else ""

    @property
    def read(self) -> tuple[str, ...]:
        """What was read of a log, and what should be known of that; empty for numbers alone."""
        if self.log is None:
            return ()
        run, runs = self.log.run, self.log.runs
        lines = list(run.notes)
        if self.log.source or run.columns[1:]:
            source = f"{self.log.source} ({run.format}): " if self.log.source else ""
            lines.insert(0, f"{source}{run}")
        if len(runs) > 1:
            names = listing(each.name for each in runs[:MOST_NAMED])
            more = f" and {len(runs) - MOST_NAMED} more" if len(runs) > MOST_NAMED else ""
            lines.append(f"{count(len(runs), 'run')} in it ({names}{more}): this is {run.name}")
        return tuple(lines)

    def _repr_html_(self) -> str | None:
        with suppress(extras.MissingExtra):  # then a notebook shows the text
            fragment: str = _drawing().fragment(self)
            return fragment
        return None

    def figure(self) -> Figure:
        """The curve as a matplotlib figure, with the evidence marked.

        Returns
        -------
        matplotlib.figure.Figure
        """
        drawn: Figure = _drawing().figure(self)
        return drawn

    def page(self, path: str | os.PathLike[str]) -> Path:
        """Write an HTML page, complete in itself; it is there whole, or not at all.

        Parameters
        ----------
        path : path
            Of the file; its folder is made if need be.

        Returns
        -------
        Path
            Of the file.

        Raises
        ------
        ValueError
            If the file can't be written.
        """
        written: Path = _drawing().write(path, self)
        return written


def _drawing() -> ModuleType:
    """The module that draws, loaded when a drawing is wanted."""
    with extras.needs("report", "a figure"):
        from simopt.curves.diagnosis import page
    return page


def diagnose(
    loss: Any,
    validation: Any = None,
    *,
    optimizer: Optimizer | None = None,
    column: str | None = None,
    x: str | None = None,
    patterns: Iterable[str] = (),
    higher_is_better: bool = False,
) -> Diagnosis:
    """Read a loss curve: what it shows, why, and what to do about it.

    What is measured (``simopt.diagnosis.features``) depends neither on the loss' scale nor on its
    offset (as long as that is not millions of times its range, which rounds the curve away), so it
    can't see whether a loss that no longer moves is a good one. But for one measure: noise is also
    compared with the loss itself where that is above zero, since chance level has little of it.

    Parameters
    ----------
    loss : array_like, DataFrame, mapping, object with a history, or path of a log or folder
        The training loss, in order: one value an epoch, or one an update; or whatever a training
        run left behind, or a log from `simopt.read_log`, which see. Of several runs the last is
        diagnosed. NaN, None or an empty cell between values is a missing value.
    validation : array_like or str, optional
        The validation loss, as many values, NaN where there is none; or the name of its column.
    optimizer : Optimizer, optional
        What trained, so that advice has its numbers.
    column, x : str, optional
        The training loss' name in a table, and what its rows are counted by; chosen if left out.
    patterns : iterable of str
        Regular expressions for lines of a program's output; their named groups become columns.
    higher_is_better : bool, default False
        Read a metric that rises when the model gets better, negated.

    Returns
    -------
    Diagnosis
        symptom, sure, evidence, causes, advice, and what was read (``log``); ``print`` it, or look
        at it in a notebook, or write ``.page("curve.html")``.

    Raises
    ------
    ValueError
        If there are no numbers, columns can't be told apart, or the two losses are not of one
        length.
    OSError
        If the file can't be read.

    References
    ----------
    The symptoms, causes and remedies are those of the document's table on reading a loss curve.

    Examples
    --------
    >>> import simopt
    >>> long = simopt.sweep(
    ...     simopt.problems.hubble(), simopt.SGD(eta=1e-4), epochs=30, record="epochs"
    ... )
    >>> found = simopt.diagnose(long["loss"], optimizer=simopt.SGD(eta=1e-4))
    >>> found.symptom
    'decreases very slowly'
    >>> found.advice[0].partition(": mended")[0]
    'eta x 100 (eta 0.0001 -> 0.01)'
    """
    trained = check_optimizer(optimizer)
    log = reading.one_log(
        loss, validation, column=column, x=x, patterns=patterns, higher_is_better=higher_is_better
    )
    return diagnose_run(log.run, log, trained)


def diagnose_run(run: LoggedRun, log: Log, optimizer: Optimizer | None = None) -> Diagnosis:
    """Diagnose one run of a log that has been read.

    Parameters
    ----------
    run : LoggedRun
        One of the log's.
    log : Log
        From `simopt.read_log`.
    optimizer : Optimizer, optional
        What trained, so that advice has its numbers.

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import simopt
    >>> from simopt import diagnosis
    >>> loss = [0.5**k for k in range(9)]
    >>> log = simopt.read_log({"run": ["a"] * 9 + ["b"] * 9, "loss": loss * 2})
    >>> [(run.name, diagnosis.diagnose_run(run, log).symptom) for run in log]
    [('a', 'healthy'), ('b', 'healthy')]
    """
    if not isinstance(run, LoggedRun):
        raise checks.refuse("run", run, "one of the runs of a log from simopt.read_log")
    if not isinstance(log, Log):
        raise checks.refuse("log", log, "a log from simopt.read_log")
    check_optimizer(optimizer)
    diagnosis = judged(
        run.loss,
        run.validation,
        optimizer,
        x=run.x,
        counted=run.x_column,
        rate=run.rate,
        about=run.about,
        fault=run.validation_fault,
    )
    return replace(diagnosis, log=replace(log, chosen=run))


def judged(
    loss: NDArray[np.float64],
    validation: NDArray[np.float64] | None,
    optimizer: Optimizer | None,
    *,
    x: NDArray[np.float64] | None = None,
    counted: str = "",
    rate: NDArray[np.float64] | None = None,
    about: str = "",
    fault: str = "",
) -> Diagnosis:
    """The diagnosis of a curve that has been read, with what its log tells beside it."""
    read = judging.curve(loss, validation, x, rate, about, fault)
    found = judging.verdict(read)
    even, held, at, features = read.even, read.held, read.at, found.features
    best = None
    if validation is not None and np.isfinite(validation).any():
        best = int(np.nanargmin(np.where(np.isfinite(validation), validation, np.nan)))
    on = held if found.symptom == "validation rises" and held is not None else even
    record = BY_NAME[found.symptom]
    places = evidence.measured_at(features, even)
    known = Known(
        features,
        optimizer,
        best,
        levels.chance_level(even if read.came else loss),
        about,
        rates.fell(rate),
        found.cycle,
        x,
        counted,
        places if at is None else at[places],
    )
    seen = evidence.gather(record, known, on, held, fault)
    if read.climbed:
        seen.append(evidence.climbed(read.climbed))
    if at is not None:
        seen = [each._replace(first=int(at[each.first]), last=int(at[each.last])) for each in seen]
    return Diagnosis(
        symptom=found.symptom,
        sure=found.sure,
        seen=tuple(seen),
        causes=tuple(filter(None, record.explained(known))),
        advice=remedies.advised(record, known),
        seldom=remedies.seldom(record, known),
        loss=loss,
        validation=validation,
        optimizer=optimizer,
    )


def check_optimizer(optimizer: object) -> Optimizer | None:
    """The optimizer, if it is one and each of its hyperparameters has one value; None for None."""
    if optimizer is None:
        return None
    if not isinstance(optimizer, Optimizer):
        raise checks.refuse("optimizer", optimizer, "None or an optimizer, as simopt.Adam(eta=0.1)")
    if len(optimizer.variants) > 1 or any(
        isinstance(value, tuple) for value in optimizer.settings.values()
    ):
        raise checks.refuse("optimizer", optimizer, "one, with one value of each hyperparameter")
    return optimizer
