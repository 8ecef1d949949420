"""What makes a rule equal to an optimizer: a change, a slip of authors, a schedule, two changes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from simopt.rules.family import Family
from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance import candidates, decays, probing, rates, slips, treatments

#: Of so many rules it is said that nothing explains the difference.
NEAREST = 6

#: Optimizers with two changes that are compared, those of the nearest rules first.
PAIRS = 20_000

#: What is done besides a rule that makes a weight's step depend on other weights.
ACROSS = ("clip_norm", "cautious")
CLIPS = ("clip_norm", "clip_value")

#: How settings are called that means fade by.
BETAS = ("beta", "rho")

#: Updates within which a lookahead of any period is found.
LOOKED_AT = 24

#: The weights in the order in which their first steps tell formulas apart: one is not at 0, and its
#: gradient is small; the first is where an unknown rate is read off.
TELLING = (1, 5, 4, 3, 2, 6, 7, 0)

#: Why of a clip only its product with the rate is known.
SHORTER = "none here is shorter"

#: A change of settings or treatments, and the optimizer with it.
Changed = tuple[dict[str, Any], Optimizer]

#: Up to here a difference is float32's rounding if all weights are float32 numbers; to here if not.
SINGLE, PARTLY_SINGLE = 1e-3, 3e-6


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
    """

    theirs: probing.Array
    probe: probing.Probe
    bound: float
    treatment: treatments.Treatment
    told: frozenset[str]
    across: bool = False
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

    def explain(self, table: pd.DataFrame) -> str:
        """Fill in the explanations of a table, its rows in order, nearest first.

        Where nothing explains any, what was tried is returned, in words.
        """
        found, single, _ = self._changes(table, 1)
        explained = table["candidate"][table["explanation"].notna()]
        if found and not any(map(self._is_told, explained)):
            # Another rule's formula, with settings that nobody spoke of, is no author's slip in one
            # all of whose settings were told.
            self._slips(table, self._is_told)
        if found or self._slips(table) or self._slips_of_any(table) or self._rates(table):
            return ""
        found, pairs, rows = self._changes(table, 2, PAIRS)
        if found:
            return ""
        nearest = table.drop_duplicates("optimizer").index[:NEAREST]
        table.loc[nearest, "explanation"] = "none found"
        of = f"the nearest {rows} of {len(table)}" if rows < len(table) else f"all {len(table)}"
        return (
            f"{single:,} optimizers with one change, slips of authors, rates that change, and "
            f"{pairs:,} optimizers with two changes, of {of} rules in their conventions"
        )

    def _changes(
        self, table: pd.DataFrame, count: int, most: float = math.inf
    ) -> tuple[bool, int, int]:
        """Whether so many changes at once explain any row; optimizers compared, rows gone through.

        After ``most`` optimizers no further row is begun.
        """
        unequal: set[Any] = set()
        of_formula: dict[Any, Any] = {}
        gone = 0
        for gone, row in enumerate(table.index):  # noqa: B007
            if len(unequal) >= most:
                break
            base = table["candidate"][row]
            formula = _formula(base)
            if formula in of_formula:
                table.loc[row, "explanation"] = table["explanation"][of_formula[formula]]
                continue
            of_formula[formula] = row
            for change, candidate in candidates.changed(base, count, self._more(base, count)):
                how = treatments.changed(self.treatment, change)
                # With the rate unknown, a change changes what rate the first step has.
                same_rate = self.rated or "eta" in change
                fitted = candidate if same_rate else self.at_their_rate(candidate, how)
                same = fitted.rule, fitted.values, how
                if same in unequal:
                    continue
                if self._agrees(fitted, how):
                    shown = change if same_rate else {**change, "eta": fitted.settings["eta"]}
                    table.loc[row, "explanation"] = self._said(shown, base)
                    break
                unequal.add(same)
        else:
            gone = len(table)
        return bool(table["explanation"].notna().any()), len(unequal), gone

    def _rates(self, table: pd.DataFrame) -> bool:
        """Whether a rate that changes from update to update explains any of the rows.

        Alone, with a bound that clips, with one change of a setting, or with a decay of any
        strength, and a bound that clips.
        """
        strengths: dict[Any, float] = {}
        given = self.theirs, self.probe, self.treatment
        ways: tuple[Callable[[Optimizer], Iterable[Changed]], ...] = (
            lambda base: [({}, base)],
            lambda base: [(clip, base) for clip in self.clips],
            lambda base: (each for each in candidates.changed(base, 1) if "eta" not in each[0]),
        )
        if WEIGHT_DECAY not in self.told:
            ways += (lambda base: decays.at_rates(base, *given, self.clips, strengths),)
        return any(self._rates_with(table, way) for way in ways)

    def _rates_with(
        self, table: pd.DataFrame, way: Callable[[Optimizer], Iterable[Changed]]
    ) -> bool:
        """Fill in the rows that a rate which follows the fewest laws explains."""
        beside = {name: value for each in self._collected() for name, value in each.items()}
        known: dict[Any, tuple[int, str] | None] = {}
        found: dict[int, tuple[int, str]] = {}
        of_formula: dict[Any, Any] = {}
        for row in table.index:
            first = of_formula.setdefault(_formula(table["candidate"][row]), row)
            if first != row:
                found |= {row: found[first]} if first in found else {}
                continue
            for one, candidate in way(table["candidate"][row]):
                change = {**beside, **one}
                same = candidate.rule, candidate.values, tuple(change.items())
                if same not in known:
                    known[same] = self._rate_said(candidate, change)
                if (said := known[same]) is not None:
                    found[row] = said
                    break
        fewest = min((count for count, _ in found.values()), default=0)
        for row, (count, text) in found.items():
            if count == fewest:
                table.loc[row, ["explanation", "unlike"]] = text, 0.0
        return bool(found)

    def _collected(self) -> list[dict[str, Any]]:
        """That weights stand still while gradients are collected, as a change."""
        count = treatments.collected(self.theirs, self.probe.start)
        return [{"accumulate": count}] if 1 < count != self.treatment.accumulate else []

    def _looked_ahead(self, base: Optimizer) -> list[dict[str, Any]]:
        """A lookahead of any period and share around a rule, as a change."""
        mine = probing.played(base, self.probe, self.treatment)[:LOOKED_AT]
        found = treatments.averaged(self.theirs[:LOOKED_AT], mine, self.probe.start)
        return [] if found is None or found in treatments.CHANGES else [found]

    def _decayed(self, base: Optimizer) -> list[dict[str, Any]]:
        """A decoupled decay of any strength, alone and with each bound that clips, as changes.

        It shows in a weight whose gradients are all 0, which nothing else moves. Where a decay is
        told, another strength is no explanation: its author got a factor wrong.
        """
        if WEIGHT_DECAY in self.told:
            return []
        start = self.probe.start
        still = np.flatnonzero((start != 0) & ~self.probe.gradients.any(axis=0))
        lost = 0.0 if not len(still) else float(1 - self.theirs[0, still[0]] / start[still[0]])
        if not 0.0 < lost < 1.0:
            return []
        found = []
        for clip in ({}, *self.clips):
            fitted = base
            if not self.rated:
                fitted = self.at_their_rate(base, treatments.changed(self.treatment, clip))
            eta = float(np.asarray(fitted.settings["eta"]))
            if eta > 0.0:
                strength = decays.shortest(lost / eta, 4 * np.finfo(np.float64).eps / eta)
                found.append({**clip, "weight_decay": strength, "decay": "decoupled"})
        return found

    def _rate_said(self, candidate: Optimizer, change: dict[str, Any]) -> tuple[int, str] | None:
        """How many laws a rate that explains all follows, and what it and the change are."""
        how = treatments.changed(self.treatment, change)
        found = rates.fitted(candidate, self.theirs, self.probe, how, self.bound)
        if found is None or not rates.changes(rate := found / self.probe.factors):
            return None
        norms = np.linalg.norm(self.probe.gradients, axis=1)
        bound = rates.clip(rate, norms)
        if bound is not None:
            top = np.nanmax(rate)
            if norms.min() >= bound * (1 - rates.SAME):
                # The bound would be the shortest gradient's norm: it is the probe's, not a setting.
                whole = listed({**change, "eta": float(f"{top * bound:.10g}")})
                return 1, f"{whole} and gradients divided by their norm (or clipped: {SHORTER})"
            numbers = {"eta": float(f"{top:.12g}"), "clip_norm": float(f"{bound:.10g}")}
            return 1, listed({**change, **numbers})
        beside = f"{listed(change)} and " if change else ""
        with np.errstate(all="ignore"):
            steps = np.linalg.norm(np.diff(self.theirs, axis=0, prepend=[self.probe.start]), axis=1)
            bound = rates.clip(rate, steps / rate)
        if bound is not None and self.across:
            numbers = {"eta": float(f"{np.nanmax(rate):.10g}")}
            return 1, (
                f"{listed({**change, **numbers})} and a clip behind the rule: steps, before the "
                f"rate, of a norm of {bound:.6g} at most"
            )
        named = candidate.settings.items()
        betas = [float(np.asarray(value)) for name, value in named if name.startswith(BETAS)]
        if (corrected := rates.correction(rate, betas)) is not None:
            why = "a bias correction is missing, or one too many"
            return 1, f"{beside}a rate of {corrected} ({why})"
        laws = rates.laws(rate)
        return len(laws), f"{beside}a rate that changes ({rates.told(rate, laws)})"

    def _more(self, base: Optimizer, count: int) -> list[dict[str, Any]]:
        """Changes that are no setting of the rule, and the rate that the first step has."""
        more: list[dict[str, Any]] = [{"maximize": True}, *[{"cautious": True}] * self.across]
        if count == 1:
            more = [*self.besides, *self._collected(), *self._looked_ahead(base)]
            more += self._decayed(base)
            if base.settings.get("weight_decay"):
                more.append({"proximal_decay": True})
        if self.treatment.warmup:
            more.append({"warmup": 0})
        fitted = self.at_their_rate(base).settings["eta"]
        if self.rated and fitted != base.settings["eta"]:
            more.append({"eta": fitted})
        return more

    def _said(self, change: dict[str, Any], base: Optimizer) -> str:
        text = listed(change)
        told = base.settings["eta"]
        if self.rated and "eta" in change and isinstance(told, float) and told:
            text += f" ({change['eta'] / told:.6g} times the rate given)"
        decay = base.settings.get(WEIGHT_DECAY)
        if WEIGHT_DECAY in self.told and WEIGHT_DECAY in change and isinstance(decay, float):
            text += f" ({change[WEIGHT_DECAY] / decay:.6g} times the decay given)" if decay else ""
        bound = None if "clip_slack" in change else change.get("clip_norm")
        if bound is not None and np.linalg.norm(self.probe.gradients, axis=1).min() > bound:
            text += f" (or gradients divided by their norm: {SHORTER})"
        return text

    def _agrees(self, candidate: Optimizer, how: treatments.Treatment) -> bool:
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

    def _is_told(self, candidate: Optimizer) -> bool:
        """Whether it has no setting that nobody told."""
        return self.told.issuperset(candidate.settings)

    def _slips(
        self, table: pd.DataFrame, of: Callable[[Optimizer], bool] = lambda candidate: True
    ) -> bool:
        """Whether a slip in Adam or a part of it, at any of its settings, explains the weights.

        Alone, or with another number for a setting that nobody said. Its row is then the nearest.
        """
        bases = [each for each in self._bases(table) if of(table["candidate"][each[0]])]

        def untold(base: slips.Base) -> list[tuple[str, float]]:
            numbers = base.numbers().items()
            return [(n, each) for n, values in numbers if n not in self.told for each in values]

        ways = [(each, [("", 0.0)]) for each in bases] + [(each, untold(each[1])) for each in bases]
        for (row, base, settings, decay), others in ways:
            for (text, parts), (name, number) in itertools.product(
                base.slips(decay != "none"), others
            ):
                numbers = settings | ({base.called(name): number} if name else {})
                if name and numbers == settings:
                    continue
                if (eta := self._rate_with(parts, numbers, decay)) is None:
                    continue
                numbers["eta"] = eta

                def play(part: probing.Probe, parts: Any = parts, n: Any = numbers) -> Any:
                    return slips.play(parts, n, decay, part, self.treatment)  # noqa: B023

                if probing.agrees(play, self.theirs, self.probe, self.bound):
                    found = ({name: number} if name else {}) | ({} if self.rated else {"eta": eta})
                    beside = f" ({listed(found)})" if found else ""
                    table.loc[row, ["explanation", "unlike"]] = f"a slip: {text}{beside}", 0.0
                    return True
        return False

    def _rate_with(self, parts: slips.Parts, numbers: dict[str, Any], decay: str) -> float | None:
        """The rate at which parts of Adam make the first step; None if there is none."""
        if self.rated:
            return float(numbers["eta"])
        unit = {**numbers, "eta": 1.0}
        made = slips.play(parts, unit, decay, self.probe.first(1), self.treatment)
        return probing.rate_of(self.theirs[0, 0], made[0, 0])

    def _bases(self, table: pd.DataFrame) -> Iterator[tuple[int, slips.Base, dict[str, Any], str]]:
        """The rows that are an Adam step, or a part of one; each with the same settings once."""
        seen = set()
        for row in table.index:
            candidate = table["candidate"][row]
            base = slips.BASES.get(candidate.name)
            if base is None or not candidates.is_shipped(candidate):
                continue
            own = {"weight_decay": 0.0, "epsilon": 0.0, **candidate.settings}
            betas = {n: vars(base)[n] for n in ("beta1", "beta2")}
            settings = {
                **{n: own[n] for n in ("eta", "epsilon", "weight_decay")},
                **{n: own[beta] if isinstance(beta, str) else beta for n, beta in betas.items()},
            }
            switches = {
                **candidate.made_by.preset(candidate.convention),
                **dict(candidate.switches),
            }
            decay = switches.get("decay", "none") if settings["weight_decay"] else "none"
            key = base.parts, *settings.values(), decay
            if key in seen:
                continue
            part = self.probe.first(LOOKED_AT)
            mine = probing.played(candidate, self.probe, self.treatment)[:LOOKED_AT]
            as_parts = slips.play(base.parts, settings, decay, part, self.treatment)
            if probing.distance(mine, as_parts, self.bound).first is None:
                seen.add(key)
                yield row, base, settings, decay

    def _slips_of_any(self, table: pd.DataFrame) -> bool:
        """Whether a slip that any rule may have explains one of the rows.

        Of several the one whose settings are known, and most of those that are; then the plainest.
        """

        def suits(row: Any) -> tuple[int, int, int, int]:
            own = set(table["candidate"][row].settings)
            known = len(own - self.told), -len(own & self.told)
            return *known, table["place"][row], table["rank"][row]

        # Conventions that are one formula agree, or not, together: the first stands for all.
        every = sorted(table.index, key=suits, reverse=True)
        of = table["candidate"]
        once = [*{_formula(of[row]): row for row in every}.values()]
        once.sort(key=suits)
        for text, (play, asks_rate) in slips.EVERYWHERE.items():
            if asks_rate and not self.rated:
                continue
            for row in once:
                candidate = of[row]

                def played(part: probing.Probe, play: Any = play, of: Any = candidate) -> Any:
                    return play(of, part, self.treatment)

                if probing.agrees(played, self.theirs, self.probe, self.bound):
                    table.loc[row, "explanation"] = f"a slip: {text}"
                    return True
        for row in once:
            # Where they part at first, state may have been lost, and be lost again.
            candidate, often = of[row], int(table["first_departure"][row]) - 1

            def lost(part: probing.Probe, of: Any = candidate, often: int = often) -> Any:
                return slips.restarted(of, part, self.treatment, often)

            if often > 1 and probing.agrees(lost, self.theirs, self.probe, self.bound):
                table.loc[row, "explanation"] = f"a slip: its state is lost every {often} updates"
                return True
        return False

    def single(self, table: pd.DataFrame) -> str:
        """The sentence of a difference that is rounding, mostly float32's; empty where it isn't."""
        all_single = probing.single(self.theirs)
        most = SINGLE if all_single else PARTLY_SINGLE
        near = table.sort_values("rounded", kind="stable")
        near = near[(near["rounded"] <= self.bound) | near["as_single"]]
        near = near[near["rounded"] <= most]
        if near.empty:
            return ""
        first = near["rounded"].iloc[0]
        near = near[near["rounded"] <= max(10 * first, self.bound)]
        near = near.sort_values(["other", "foreign", "place"], kind="stable")
        names = [f"{row.optimizer} ({row.convention})" for row in near.itertuples()]
        whose, why = "float32's rounding", "a part of its arithmetic is done in float32"
        if all_single:
            why = "all of its weights are float32 numbers"
        elif first <= self.bound:
            whose, why = "rounding", "relative to the greatest that a weight has been"
        table.loc[near.index, "explanation"] = f"{whose}: {why}"
        return (
            f"Equal but for {whose} ({first:.1g} at most; {why}): {', '.join(names)}. "
            f"Settings: {near['settings'].iloc[0]}."
        )


def _formula(optimizer: Optimizer) -> Any:
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
