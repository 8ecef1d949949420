"""A loss curve that grows: kept, and read again at the end of every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from simopt.curves.diagnosis.diagnosis import Diagnosis, check_optimizer, diagnose
from simopt.curves.symptoms import healthy
from simopt.ground import checks
from simopt.rules.rule import Optimizer

#: Of fewer epochs a curve is not read: its first steps decide what it seems to be.
FEWEST = 8


class Watcher:
    """Reads the losses of a training as they come, and says what they show.

    Parameters
    ----------
    say : callable, default print
        Gets a line at the end of every epoch.
    optimizer : Optimizer, optional
        What trains, so that advice has its numbers.

    Attributes
    ----------
    losses, validation : list of float
        So far, a value an epoch.
    diagnosis : Diagnosis or None
        Of these losses; None while they are fewer than it takes.
    seconds : float
        What reading and saying took in all.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt import callbacks
    >>> watcher = callbacks.Watcher()
    >>> for loss in [2.3, 1.1, 0.7, 0.5, 0.4, 0.35, 0.33, 0.32]:
    ...     watcher.epoch(loss)  # doctest: +ELLIPSIS
    simopt, epoch 1: too short to say
    ...
    simopt, epoch 8: healthy (... sure)
    """

    def __init__(
        self, *, say: Callable[[str], Any] = print, optimizer: Optimizer | None = None
    ) -> None:
        self.say = checks.function("say", say, "a function of a line")
        self.optimizer = check_optimizer(optimizer)
        self.losses: list[float] = []
        self.validation: list[float] = []
        self.diagnosis: Diagnosis | None = None
        self.seconds = 0.0

    def epoch(self, loss: float, validation: float | None = None) -> None:
        """An epoch has ended.

        Parameters
        ----------
        loss : float
            Its training loss, also an array of it alone; NaN and infinite are losses too.
        validation : float, optional
            Its validation loss, where there is one.
        """
        began = time.perf_counter()
        loss = _number("loss", loss)
        held_out = math.nan if validation is None else _number("validation", validation)
        self.losses.append(loss)
        self.validation.append(held_out)
        self.diagnosis = self.look()
        self.say(f"simopt, epoch {len(self.losses)}: {self.sentence()}")
        self.seconds += time.perf_counter() - began

    def look(self) -> Diagnosis | None:
        """What the losses so far show; None while they are too few."""
        if len(self.losses) < FEWEST and all(map(math.isfinite, self.losses)):
            return None
        held_out = None if all(map(math.isnan, self.validation)) else self.validation
        return diagnose(self.losses, held_out, optimizer=self.optimizer)

    def sentence(self) -> str:
        """The diagnosis in a line, with the first advice where something is wrong."""
        told = self.diagnosis
        if told is None:
            return "too short to say"
        text = told.symptom
        if told.sure > 0:
            text += f" ({100 * told.sure:.0f} % sure)"
        if told.symptom != healthy.SYMPTOM.name and told.advice:
            text += f": {told.advice[0]}"
        return text


def _number(name: str, value: Any) -> float:
    """A loss, also as an array of one element, which is how some frameworks return it."""
    if isinstance(getattr(value, "size", None), int) and value.size == 1:
        value = value.item()
    return checks.real(name, value)
