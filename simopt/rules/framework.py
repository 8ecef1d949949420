"""What a framework's convention is: one record, which rules, schedules and pages read.

A record says what differs from the document's formula and defaults, and no more; it may know few of
the rules. A setting that its file does not name is the rule's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """A constructor as users call it, and the optimizer of simopt that computes the same.

    Attributes
    ----------
    call : str
        With ``params`` and whatever else is required, and no more.
    rule : str
        The rule's name here.
    given : mapping
        Settings that the call changes, or has as defaults of its own.
    note : str
        A remark for the reader.
    convention : str
        The convention it equals, where that is not the framework's.
    clip : mapping
        How it clips gradients unasked: ``clip_norm`` or ``clip_value`` to the bound.
    """

    call: str
    rule: str
    given: Settings = field(default_factory=dict)
    note: str = ""
    convention: str = ""
    clip: Mapping[str, float] = field(default_factory=dict)


class Measures(Protocol):
    """What a surprise can be measured by. Optimizers are simopt's."""

    def moves(self, optimizer: Any, gradient: float, updates: int = 1) -> list[float]:
        """The length of each step under a constant gradient [eta]."""

    def four(self, optimizer: Any, updates: int, rates: Sequence[float] | None = None) -> float:
        """The weight on the four points after so many updates, a point each."""

    def farthest(self, one: Any, other: Any, updates: int) -> float:
        """The greatest distance on the four points on the way, relative to the other's weight."""

    def clipped(self, optimizer: Any, norm: float, epochs: int) -> float:
        """The weight after so many epochs of the four points with the gradient clipped."""


@dataclass(frozen=True)
class Surprise:
    """A difference that catches users, with its size.

    Attributes
    ----------
    title : str
        The difference.
    rank : int
        Where the page lists it: the most consequential first.
    here : tuple
        A rule's name and settings, as often as there are optimizers to compare; or a line of code.
    size : callable
        ``size(measures, *optimizers) -> str``: the sentence, its numbers measured.
    """

    title: str
    rank: int
    here: tuple[tuple[str, Settings] | str, ...]
    size: Callable[..., str]


@dataclass(frozen=True)
class Framework:
    """A framework's convention.

    Attributes
    ----------
    key : str
        What ``convention=`` takes.
    name : str
        The framework's name in print.
    rules : mapping
        Rule to the settings in which the framework differs from the rule's own: defaults of
        hyperparameters, switches, optional hyperparameters, and the form of its weight decay.
    version : str
        The package and version, or commit, that the record was checked with.
    played : bool
        Whether the package itself was run; of the others the sources were read.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}
        The form of a weight decay, where a rule's settings name no other.
    clip_slack : float
        Added to a gradient's norm before the clipping bound is divided by it.
    decays_intercepts : bool
        Whether its weight decay is about intercepts and biases too.
    arguments : mapping
        Setting to the framework's name of it, or class to name; "" stands for all other classes.
    calls : tuple of Call
        Its constructors.
    spelled : tuple of str
        Words by which users' code says whose a call is, besides the first of its path: ``mx``.
    left_out : mapping
        Other optimizers that the package offers to why they are not here.
    schedules : mapping
        Schedule (a function of `simopt.schedules`) to the form that the framework computes.
    surprises : tuple of Surprise
    position : int
        Where tables list it; frameworks with the same position go by their keys.
    """

    key: str
    name: str
    rules: Mapping[str, Settings]
    version: str = ""
    played: bool = True
    decay: str = "coupled"
    clip_slack: float = 0.0
    decays_intercepts: bool = True
    arguments: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    spelled: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    schedules: Mapping[str, str] = field(default_factory=dict)
    surprises: tuple[Surprise, ...] = ()
    position: int = 100

    @property
    def possessive(self) -> str:
        """The name in the genitive."""
        return self.name + ("'" if self.name[-1] in "sx" else "'s")

    def argument(self, setting: str) -> str:
        """The framework's name of a setting, with its classes; empty where it has none.

        Examples
        --------
        >>> from simopt.rules.frameworks import FRAMEWORKS
        >>> FRAMEWORKS["torch"].argument("rho"), FRAMEWORKS["keras"].argument("lr_decay")
        ('alpha (RMSprop), rho', '')
        """
        names = self.arguments.get(setting, "")
        if isinstance(names, str):
            return names
        return ", ".join(f"{name} ({of})" if of else name for of, name in names.items())

    def spellings(self) -> Iterator[tuple[str, str]]:
        """The framework's name of a setting and simopt's, pair by pair."""
        for setting, names in self.arguments.items():
            for text in [names] if isinstance(names, str) else names.values():
                yield from ((name, setting) for name in re.findall(r"\w+", text))
