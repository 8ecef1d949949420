"""Every number that the document prints, as printed, and what it stands for.

``printed.csv`` holds 700 of them, in reading order: 301 that the document computes, 159 that repeat
one of those, and 240 operands, kept because they say which value a calculation went on with. Two
things are said there that the bare number does not say:

- ``quantity``: squares of a gradient (AdaGrad's 14.44 at point 2, RMSprop's 844 at point 3, eight
  more) are labelled ``squared gradient``; they are easily taken for the gradient of a third point.
- ``sign``: the operator in front, where the number's sign is in it (``5.256 - 0.0128`` changes the
  weight by -0.0128); ``||`` where the document gives a magnitude and its signs have cancelled out;
  ``<`` where it states a bound.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from simopt.document.source import Part, part

#: Slack for float64 noise in a comparison with half a unit; real distances are far from it.
NOISE = 1e-12


@dataclass(frozen=True)
class Printed:
    """One number of the document."""

    id: str
    line: int
    position: int
    role: str
    quantity: str
    method: str
    batch_size: int | None
    step: int | None
    sign: str
    printed: str

    @property
    def part(self) -> Part:
        """The part of the document that prints it."""
        return part(self.line)

    @property
    def place(self) -> str:
        """Part, method and update.

        Examples
        --------
        >>> from simopt.document.printed import rows
        >>> for line in (424, 682, 1055):
        ...     print(next(row for row in rows() if row.line == line).place)
        walk, point 2, RMSprop
        scoreboard, AdaGrad, update 4
        AdaGrad at batch size 2, update 2
        """
        name = self.part.name
        if self.method not in name:
            name += f", {self.method}"
        if self.step is not None and f"point {self.step}" not in name:
            name += f", update {self.step}"
        return name

    @property
    def half_unit(self) -> float:
        """Half a unit of the last place printed."""
        return 0.5 * 10.0 ** -len(self.printed.partition(".")[2])

    @property
    def number(self) -> float:
        """What is printed, without the operator in front."""
        return float(self.printed)

    def rounded(self, value: float) -> str:
        """A value with the decimals of this number."""
        return f"{value:.{len(self.printed.partition('.')[2])}f}"

    def as_printed(self, value: float) -> float:
        """A signed value in the form in which this number is printed.

        Behind a minus its sign is turned, so that a wrong sign shows; where the document gives a
        magnitude it is dropped.
        """
        if self.sign == "||":
            return abs(value)
        return -value if self.sign == "-" else value

    def shows(self, value: float) -> bool:
        """Whether ``value``, in the printed form, rounds to this number; a tie may go either way.

        Examples
        --------
        >>> from simopt.document.printed import rows
        >>> step = next(row for row in rows() if row.id == "n0360")  # 5.256 - 0.0128
        >>> step.shows(0.01284), step.shows(0.01286), step.shows(-0.0128)
        (True, False, False)
        """
        if self.sign == "<":
            return value < self.number
        return abs(value - self.number) <= self.half_unit + NOISE * max(1.0, abs(value))


@cache
def rows() -> tuple[Printed, ...]:
    """All 700 numbers, in reading order."""
    with resources.files(__package__).joinpath("printed.csv").open(encoding="utf-8") as file:
        return tuple(
            Printed(
                id=row["id"],
                line=int(row["line"]),
                position=position,
                role=row["role"],
                quantity=row["quantity"],
                method=row["method"],
                batch_size=int(row["batch_size"]) if row["batch_size"] else None,
                step=int(row["step"]) if row["step"] else None,
                sign=row["sign"],
                printed=row["printed"],
            )
            for position, row in enumerate(csv.DictReader(file))
        )


@cache
def printed_in(part: str, quantity: str, method: str = "", *, restated: bool = False) -> Printed:
    """The last number for a quantity (of a method) that a part computes, or else restates."""
    return max(
        (
            row
            for row in rows()
            if (row.part.name, row.quantity) == (part, quantity)
            and row.method.startswith(method)
            and row.role != "operand"
        ),
        key=lambda row: ((row.role == "computed") != restated, row.position),
    )
