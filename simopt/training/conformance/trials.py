"""What an optimizer does under further conditions, and whether a rule does the same there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simopt.rules.rule import Optimizer
from simopt.training.conformance import conditions, probing, subjects
from simopt.training.conformance.adapters.record import Handed
from simopt.training.conformance.treatments import Treatment

#: Makes weights [updates, weights] of a probe; of fewer updates where later ones are not known.
Play = Callable[[probing.Probe], probing.Array]


@dataclass(frozen=True, eq=False)
class Trials:
    """An optimizer under conditions that the standard probe never meets, each played once.

    Attributes
    ----------
    given : Handed
        The optimizer.
    comparable : bool, default True
        False for one that has none: it takes matrices alone, or steps by chance.
    tolerance : float, default 1e-9
        Up to here two weights are equal, relative to max(1, abs(w)).
    """

    given: Handed
    comparable: bool = True
    tolerance: float = subjects.ROUNDING
    played: dict[str, probing.Array | None] = field(default_factory=dict, init=False, repr=False)

    def met(self) -> Iterator[tuple[conditions.Condition, probing.Array]]:
        """Each condition in which it could be stepped, and its weights there."""
        if not self.comparable:
            return
        for each in conditions.of_vectors(self.given.framework, self.given.drops):
            if each.words not in self.played:
                self.played[each.words] = subjects.under(self.given, each)
            if (theirs := self.played[each.words]) is not None:
                yield each, theirs

    @property
    def seen(self) -> list[str]:
        """The conditions that it has been compared in."""
        return [words for words, theirs in self.played.items() if theirs is not None]

    def apart(self, play: Play) -> list[str]:
        """In which conditions it is not what ``play`` makes of them.

        But for what was rounded where a weight was large. The longest comes last, and is not looked
        at where another tells them apart.
        """
        found: list[str] = []
        for condition, theirs in self.met():
            if found and condition.long:
                break
            mine = play(condition.probe)
            if not probing.rounded(theirs[: len(mine)], mine) <= self.tolerance:
                found.append(condition.words)
        return found

    def parts(self, same: pd.DataFrame, treatment: Treatment) -> dict[int, str]:
        """Of the rows that are as the optimizer so far those that are not so under a condition."""
        part: dict[int, str] = {}
        for condition, theirs in self.met():
            for row in same.index.difference([*part]):
                mine = probing.played(same["candidate"][row], condition.probe, treatment)
                apart = probing.distance(theirs, mine, self.tolerance).first
                if apart is None:
                    continue
                exact = bool(same["equal"][row])
                if exact or not probing.as_single(theirs, mine, condition.probe.start):
                    where = f" (there from update {apart:,} on)" * exact
                    part[row] = condition.words + where
        return part

    def passes_over(self, candidate: Optimizer, treatment: Treatment) -> bool:
        """Whether weights stay finite after a gradient that isn't, while those of a rule don't."""
        condition = conditions.not_finite()
        theirs = subjects.under(self.given, condition)
        if theirs is None or not np.isfinite(theirs).all():
            return False
        mine = probing.played(candidate, condition.probe, treatment)
        return not np.isfinite(mine).all()
