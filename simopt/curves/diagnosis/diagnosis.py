"""One curve: its symptom, the evidence, the causes in order, and what to do."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.curves.diagnosis import terminal
from simopt.curves.diagnosis.batch import diagnose_many
from simopt.curves.logs import reading
from simopt.curves.symptoms import BY_NAME, evidence
from simopt.curves.symptoms.record import Known
from simopt.ground import checks, extras
from simopt.rules.rule import Optimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    evidence : DataFrame
        feature, value, first and last (from which value of the curve to which, counted from 0),
        says: what the symptom rests on.
    causes, advice : tuple of str
        What most likely brings it about, and what to do, in order.
    loss : ndarray [T]
        The curve.
    validation : ndarray [T] or None
        The validation loss, NaN where there is none.
    optimizer : Optimizer or None
        What trained.
    """

    symptom: str
    sure: float
    evidence: pd.DataFrame
    causes: tuple[str, ...]
    advice: tuple[str, ...]
    loss: NDArray[np.float64] = field(repr=False)
    validation: NDArray[np.float64] | None = field(default=None, repr=False)
    optimizer: Optimizer | None = field(default=None, repr=False)

    def __str__(self) -> str:
        marked = None
        if len(self.evidence):
            marked = int(self.evidence["first"].iloc[0]), int(self.evidence["last"].iloc[0])
        shown = self.loss
        if self.symptom == "validation rises" and self.validation is not None:
            shown = self.validation
        drawn = terminal.plot(shown, marked)
        parts = [f"{self.title}\n", f"{drawn}\n"] if drawn else [f"{self.title}\n"]
        for name, lines in (
            ("Seen", tuple(self.evidence["says"])),
            ("Likely causes", self.causes),
            ("What to do", self.advice),
        ):
            if lines:
                parts.append(f"{name}:\n" + "\n".join(f"  - {line}" for line in lines))
        return "\n".join(parts)

    @property
    def title(self) -> str:
        """The symptom, and how sure it is."""
        start = self.symptom[:1].upper() + self.symptom[1:]
        return start if self.symptom == "can't tell" else f"{start} ({100 * self.sure:.0f} % sure)"

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


def diagnose(loss: Any, validation: Any = None, *, optimizer: Optimizer | None = None) -> Diagnosis:
    """Read a loss curve: what it shows, why, and what to do about it.

    What is measured (``simopt.diagnosis.features``) depends neither on the loss' scale nor on its
    offset (as long as that is not millions of times its range, which rounds the curve away), so it
    can't see whether a loss that no longer moves is a good one.

    Parameters
    ----------
    loss : array_like, DataFrame, mapping, Keras History, or path of a CSV file
        The training loss, in order: one value an epoch, or one an update. In a table the columns
        are found by name (loss, train_loss, training_loss, val_loss, validation_loss, ...), so that
        logs of Keras (``History``, ``CSVLogger``), Lightning (``metrics.csv``) and exports of
        TensorBoard can be given as they are. NaN, None or an empty cell between values is a missing
        value.
    validation : array_like or str, optional
        The validation loss, as many values, NaN where there is none; or the name of its column.
    optimizer : Optimizer, optional
        What trained, so that advice has its numbers.

    Returns
    -------
    Diagnosis
        symptom, sure, evidence, causes, advice; ``print`` it, or look at it in a notebook, or write
        ``.page("curve.html")``.

    Raises
    ------
    ValueError
        If there are no numbers, columns can't be told apart, the first loss is infinite, or the two
        losses are not of one length.
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
    >>> found.symptom, found.advice[0]
    ('decreases very slowly', 'increase eta 2 to 5 times: eta 0.0001 -> 0.0003')
    """
    return read_and_judge(loss, validation, optimizer=optimizer)


def read_and_judge(
    loss: Any,
    validation: Any = None,
    *,
    loss_column: str | None = None,
    optimizer: Optimizer | None = None,
) -> Diagnosis:
    """Diagnose a table or log whose loss column is named.

    Parameters
    ----------
    loss, validation, optimizer
        As in `simopt.diagnose`.
    loss_column : str, optional
        The column of the training loss; recognised by its name if None.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        If there is no such column, or as `simopt.diagnose`.

    Examples
    --------
    >>> import pandas as pd
    >>> from simopt import diagnosis
    >>> log = pd.DataFrame({"mine": [2.0, 1.0, 0.6, 0.4, 0.3, 0.25, 0.22, 0.2, 0.19, 0.185]})
    >>> diagnosis.read_and_judge(log, loss_column="mine").symptom
    'healthy'
    """
    trained = check_optimizer(optimizer)
    training, held = reading.read(loss, validation, loss_column=loss_column)
    return judged(training, held, trained)


def judged(
    loss: NDArray[np.float64],
    validation: NDArray[np.float64] | None,
    optimizer: Optimizer | None,
) -> Diagnosis:
    """The diagnosis of a curve that has been read."""
    row = diagnose_many(
        loss[None], None if validation is None else validation[None], threads=1
    ).iloc[0]
    symptom, sure = str(row.pop("symptom")), float(row.pop("sure"))
    features = {str(name): float(value) for name, value in row.items()}
    best = None
    if validation is not None and np.isfinite(validation).any():
        best = int(np.nanargmin(np.where(np.isfinite(validation), validation, np.nan)))
    seen = validation if symptom == "validation rises" and validation is not None else loss
    record, known = BY_NAME[symptom], Known(features, optimizer, best)
    return Diagnosis(
        symptom=symptom,
        sure=sure,
        evidence=evidence.gather(symptom, record.evidence, features, seen),
        causes=tuple(filter(None, record.causes(known))),
        advice=tuple(filter(None, record.advice(known))),
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
