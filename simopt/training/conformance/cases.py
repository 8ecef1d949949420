"""An optimizer's weights, as the searches for what explains them see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from simopt.rules.family import Family
from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance import bounds, candidates, probing, treatments
from simopt.training.conformance.decays import shortest
from simopt.training.conformance.trials import Play, Trials

#: What is done besides a rule that makes a weight's step depend on other weights.
ACROSS = ("clip_norm", "normalize", "cautious")
CLIPS = ("clip_norm", "clip_value")

#: Updates within which a lookahead of any period is found.
LOOKED_AT = 24

#: The weights in the order in which their first steps tell formulas apart: one is not at 0, and its
#: gradient is small; the first is where an unknown rate is read off.
TELLING = (1, 5, 4, 3, 2, 6, 7, 0)


@dataclass(frozen=True, eq=False)
class Case:
    """An optimizer's weights, and how rules are compared with them.

    Attributes
    ----------
    theirs : ndarray [updates, weights]
        What the optimizer made of the probe.
    probe : Probe
        The gradients.
    bound : float
        Up to here two weights are equal.
    treatment : Treatment
        What the optimizer says it does to gradients and weights besides.
    told : frozenset of str
        The settings that are known. A rate that is not is read off the first step.
    across : bool
        Whether a weight's step may depend on other weights.
    trials : Trials, optional
        Further conditions, in which what explains the weights has to do so too.
    """

    theirs: probing.Array
    probe: probing.Probe
    bound: float
    treatment: treatments.Treatment
    told: frozenset[str]
    across: bool = False
    trials: Trials | None = None
    #: What explains the weights and not those of every condition: by row its text, and where not.
    partly: dict[int, tuple[str, list[str]]] = field(default_factory=dict, init=False, repr=False)
    #: The rates inferred from the first step, by rule, its other settings, and treatment.
    inferred: dict[Any, float | None] = field(default_factory=dict, init=False, repr=False)

    @property
    def besides(self) -> list[dict[str, Any]]:
        """What may be done besides the rule, as changes.

        Where a weight by itself moves as it does among others, no norm is in it.
        """
        every = treatments.CHANGES
        return [each for each in every if self.across or each.keys().isdisjoint(ACROSS)]

    @property
    def clips(self) -> list[dict[str, Any]]:
        """Those of them that are bounds that clip."""
        return [each for each in self.besides if not each.keys().isdisjoint(CLIPS)]

    @property
    def telling(self) -> tuple[int, ...]:
        """The weights, those whose first steps tell most at the beginning."""
        return tuple(k for k in TELLING if k < len(self.probe.start))

    @property
    def rated(self) -> bool:
        """Whether its rate is known."""
        return "eta" in self.told

    def at_their_rate(
        self, candidate: Optimizer, treatment: treatments.Treatment | None = None
    ) -> Optimizer:
        """The optimizer at the rate inferred from the first step."""
        how = self.treatment if treatment is None else treatment
        # Whatever rate it has now.
        same = candidate.rule, candidate.values[1:], how
        if same not in self.inferred and how.bounds:
            self.inferred[same] = self._rate_within(candidate, how)
        if same not in self.inferred:
            unit = candidates.with_numbers(candidate, {"eta": 1.0})
            step = probing.first_step(unit, self.probe, 0, how)
            if step is None:
                step = probing.ours(unit, self.probe.first(how.accumulate), how)[-1, 0]
            found = probing.rate_of(self.theirs[how.accumulate - 1, 0], step)
            self.inferred[same] = self._later_rate(unit, how) if found is None else found
        rate = self.inferred[same]
        return candidate if rate is None else candidates.with_numbers(candidate, {"eta": rate})

    def _later_rate(self, unit: Optimizer, how: treatments.Treatment) -> float | None:
        """The rate of a later step, where both stand still until then, as ADOPT does at first."""
        moves = np.flatnonzero(self.theirs[:LOOKED_AT, 0] != self.probe.start[0])
        if how.accumulate > 1 or not len(moves) or moves[0] == 0:
            return None
        mine = probing.ours(unit, self.probe.first(int(moves[0]) + 1), how)[:, 0]
        if (mine[:-1] != self.probe.start[0]).any():
            return None
        return probing.rate_of(self.theirs[moves[0], 0], mine[-1])

    def _rate_within(self, candidate: Optimizer, how: treatments.Treatment) -> float | None:
        """The rate of the longest first step that no bound has cut."""
        unit = candidates.with_numbers(candidate, {"eta": 1.0})
        mine = probing.ours(unit, self.probe.first(1), how.without_bounds())[0] - self.probe.start
        gone = self.theirs[0] - self.probe.start
        free = bounds.free(self.theirs[0], gone, how) & np.isfinite(mine) & (gone * mine > 0)
        if how.accumulate > 1 or how.weight_norm is not None or not free.any():
            return None
        far = int(np.where(free, np.abs(gone), 0.0).argmax())
        rate, size = gone[far] / mine[far], max(1.0, abs(self.theirs[0, far]))
        return shortest(float(rate), float(rate * 1e-15 * size / abs(gone[far])))

    def bounded(self, candidate: Optimizer) -> list[dict[str, Any]]:
        """The bounds that weights or steps seem to be kept within, each as a change."""
        every = bounds.found(self.theirs, self.probe, self.across)
        for each in every:
            if (step := each.get("clip_update")) is not None:
                how = treatments.changed(self.treatment, {"clip_step": step})
                fitted = candidate if self.rated else self.at_their_rate(candidate, how)
                rate = float(np.asarray(fitted.settings["eta"]))
                each["clip_update"] = shortest(step / rate, bounds.SAME * step / rate)
        return every

    def agrees(self, candidate: Optimizer, how: treatments.Treatment) -> bool:
        """Whether a rule, at its rate and treated so, makes the same weights."""
        # Most are told apart by one step of one weight.
        for k in self.telling:
            step = probing.first_step(candidate, self.probe, k, how)
            if step is None:
                break
            if not probing.near(float(self.theirs[0, k]), step, self.bound):
                return False
        return probing.agrees(
            lambda part: probing.ours(candidate, part, how), self.theirs, self.probe, self.bound
        )

    def explains(self, table: pd.DataFrame, row: int, text: str, play: Play) -> bool:
        """Fill in what explains a row, if ``play`` is the optimizer in every condition too."""
        apart = [] if self.trials is None else self.trials.apart(play)
        if not apart:
            table.loc[row, "explanation"] = text
        elif row not in self.partly or len(apart) < len(self.partly[row][1]):
            self.partly[row] = text, apart
        return not apart

    def is_told(self, candidate: Optimizer) -> bool:
        """Whether it has no setting that nobody told."""
        return self.told.issuperset(candidate.settings)

    def collected(self) -> list[dict[str, Any]]:
        """That weights stand still while gradients are collected, as a change."""
        count = treatments.collected(self.theirs, self.probe.start)
        return [{"accumulate": count}] if 1 < count != self.treatment.accumulate else []


def formula(optimizer: Optimizer) -> Any:
    """What conventions share that are one formula with the same numbers, and so all changes."""
    family = optimizer.made_by
    if not isinstance(family, Family):
        return id(optimizer)
    preset = {**family.preset(optimizer.convention), **(optimizer.given or {})}
    # What is not yet in the rule, and may be with a change, as the form of a decay.
    named = {*optimizer.rule.hyperparameters, *family.switches, "convention"}
    rest = sorted((name, value) for name, value in preset.items() if name not in named)
    return optimizer.rule, optimizer.values, *rest


def listed(settings: dict[str, Any]) -> str:
    """Settings as text."""
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def said(case: Case, change: dict[str, Any], base: Optimizer) -> str:
    """A change of a rule as text, beside what was told."""
    text = listed(change)
    told = base.settings["eta"]
    if case.rated and "eta" in change and isinstance(told, float) and told:
        text += f" ({change['eta'] / told:.6g} times the rate given)"
    decay = base.settings.get(WEIGHT_DECAY)
    if WEIGHT_DECAY in case.told and WEIGHT_DECAY in change and isinstance(decay, float):
        text += f" ({change[WEIGHT_DECAY] / decay:.6g} times the decay given)" if decay else ""
    return text
