"""A claim of the document, what decides it, and the finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simopt.document.source import parts, source

if TYPE_CHECKING:
    from simopt.document.claims.context import Trials

VERDICTS = ("holds", "conditional", "contradicted", "undecidable")

#: What evidence consists of: numbers, strings and bools.
Figure = float | int | str | bool


@dataclass(frozen=True)
class Picture:
    """What to look at: named series over a common axis, or a table.

    Attributes
    ----------
    title, x_label, y_label : str
        With units.
    sees : str
        What to see in it, one sentence that follows the data.
    series : mapping of str to (x, y)
        Drawn as ``kind``, in the order given, at most six.
    kind : {"lines", "points", "bars"}
        For bars x holds words or numbers.
    log_x, log_y : bool
    table : DataFrame, optional
        In place of series.
    """

    title: str
    sees: str
    x_label: str = ""
    y_label: str = ""
    series: Mapping[str, tuple[ArrayLike, ArrayLike]] = field(default_factory=dict)
    kind: Literal["lines", "points", "bars"] = "lines"
    log_x: bool = False
    log_y: bool = False
    table: pd.DataFrame | None = None


@dataclass(frozen=True)
class Finding:
    """The result of an experiment: a verdict and its evidence.

    Attributes
    ----------
    verdict : {"holds", "conditional", "contradicted", "undecidable"}
    says : str
        The evidence as one or two sentences, its figures put in from ``evidence``.
    evidence : mapping of str to number, string or bool
        The figures on which the verdict rests.
    condition : str
        When it holds and when it doesn't; needed for "conditional", empty otherwise.
    picture : Picture, optional
        Where looking beats reading.
    """

    verdict: str
    says: str
    evidence: Mapping[str, Figure]
    condition: str = ""
    picture: Picture | None = None

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict: {self.verdict!r}, but must be one of {VERDICTS}")
        if (self.verdict == "conditional") != bool(self.condition):
            raise ValueError(
                f"condition: {self.condition!r}, but a conditional claim, and no other, has one"
            )
        object.__setattr__(self, "evidence", {k: plain(v) for k, v in self.evidence.items()})


@dataclass(frozen=True)
class Claim:
    """A claim, and the experiment that decides it.

    Attributes
    ----------
    id : str
        "C001" to "C127".
    lines : str
        Of the document's text, where it is made.
    section : str
        Of the document, one of `SECTIONS`.
    optimizers : tuple of str
        Which it speaks of, by their names in `simopt`; empty for all or none.
    says : str
        The claim in our words.
    kind : str
        What decides it: "algebra", "simulation", "library", "definition", "practice", "hardware".
    experiment : str
        What is done.
    rule : str
        What has to come out for it to hold, be conditional, be contradicted: written before
        looking, but for what ``revised`` says.
    decide : callable
        ``decide(trials)`` does the experiment and gives the finding.
    scope : str
        What a result on small problems doesn't say, where that is known; may be empty.
    revised : str
        How and why the rule was changed after a first look; empty where it stands as written.
    source : str
        Who makes it, where that is not the document: a paper and its year.
    """

    id: str
    lines: str
    section: str
    optimizers: tuple[str, ...]
    says: str
    kind: str
    experiment: str
    rule: str
    decide: Callable[[Trials], Finding]
    scope: str = ""
    revised: str = ""
    source: str = ""

    @property
    def place(self) -> str:
        """The parts of the document that make it, or the paper."""
        return self.source or parts(self.lines)


#: The sections of the document, in order.
SECTIONS = tuple(section.name for section in source().sections)


def plain(value: Any) -> Figure:
    """A figure as a plain Python number, string or bool."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"evidence: {value!r}, but must be a number, a string or a bool")
    return value


def share(met: ArrayLike) -> float:
    """The share of true values, 0 to 1."""
    truths: NDArray[np.bool_] = np.asarray(met, bool)
    if not truths.size:
        raise ValueError("met: nothing to take a share of")
    return float(truths.mean())
