"""Worked steps: every update with its formulas, the numbers put in, and the result.

The numbers are those of `simopt.run`; this package only writes down how they come about. Steps are
plain values (`worked_steps`), from which the terminal's text (`text`) and a page are made.
"""

from simopt.display.walkthrough.model import Line, Point, Step
from simopt.display.walkthrough.rounding import Shown, number, vector
from simopt.display.walkthrough.steps import worked, worked_steps
from simopt.display.walkthrough.terminal import as_text, header, outcome, text

__all__ = [
    "Line", "Point", "Shown", "Step", "as_text", "header", "number", "outcome", "text",
    "vector", "worked", "worked_steps",
]  # fmt: skip
