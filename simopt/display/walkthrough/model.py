"""The data model of worked steps: steps of points, points of lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of a calculation.

    Attributes
    ----------
    label : str
        What is calculated.
    formula : str
        In symbols.
    numbers : str
        The same with numbers; empty where the formula is not known (a rule of one's own).
    relation : {"=", "≈"}
        "≈" if the result, or a number in the formula, is shown rounded.
    result : str
        The value as shown, to five significant digits.
    value : tuple of float
        The value itself, one number a weight (or one alone).
    """

    label: str
    formula: str
    numbers: str
    relation: str
    result: str
    value: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """One point of a batch: its number (from 1), its data as shown, its calculations."""

    number: int
    x: str
    y: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Step:
    """One update.

    Attributes
    ----------
    update, epoch, batch : int
        All from 1; updates are counted through all epochs.
    points : tuple of Point
        The points of the batch, or the first of many.
    more_points : int
        How many more there are in the batch.
    lines : tuple of Line
        What happens once per update: the gradient's mean, state, corrections, the new weight.
    """

    update: int
    epoch: int
    batch: int
    points: tuple[Point, ...]
    more_points: int
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """The number of the update and its points."""
        numbers = [str(point.number) for point in self.points]
        which = ("point " if len(numbers) + self.more_points == 1 else "points ") + ", ".join(
            numbers
        )
        if self.more_points:
            which += f" and {self.more_points} more"
        return f"Update {self.update} (epoch {self.epoch}, batch {self.batch}): {which}"
