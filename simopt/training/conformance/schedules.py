"""Whether a rate that changes from update to update explains an optimizer's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance import candidates, decays, probing, rates, treatments
from simopt.training.conformance.cases import Case, formula, listed
from simopt.training.conformance.treatments import NORMALIZED
from simopt.training.conformance.trials import Play

#: How settings are called that means fade by.
BETAS = ("beta", "rho")

#: A change of settings or treatments, and the optimizer with it.
Changed = tuple[dict[str, Any], Optimizer]


class Found(NamedTuple):
    """A rate that explains all weights: how many laws it follows, in words, and played."""

    laws: int
    text: str
    play: Play


def explain(case: Case, table: pd.DataFrame) -> bool:
    """Whether a rate that changes from update to update explains any of the rows.

    Alone, with a bound that clips, with one change of a setting, or with a decay of any
    strength, and a bound that clips.
    """
    strengths: dict[Any, float] = {}
    given = case.theirs, case.probe, case.treatment
    ways: tuple[Callable[[Optimizer], Iterable[Changed]], ...] = (
        lambda base: [({}, base)],
        lambda base: [(clip, base) for clip in case.clips],
        lambda base: (each for each in candidates.changed(base, 1) if "eta" not in each[0]),
    )
    if WEIGHT_DECAY not in case.told:
        ways += (lambda base: decays.at_rates(base, *given, case.clips, strengths),)
    return any(_with(case, table, way) for way in ways)


def _with(case: Case, table: pd.DataFrame, way: Callable[[Optimizer], Iterable[Changed]]) -> bool:
    """Fill in the rows that a rate which follows the fewest laws explains."""
    beside = {name: value for each in case.collected() for name, value in each.items()}
    known: dict[Any, Found | None] = {}
    found: dict[int, Found] = {}
    of_formula: dict[Any, Any] = {}
    for row in table.index:
        first = of_formula.setdefault(formula(table["candidate"][row]), row)
        if first != row:
            found |= {row: found[first]} if first in found else {}
            continue
        for one, candidate in way(table["candidate"][row]):
            change = {**beside, **one}
            same = candidate.rule, candidate.values, tuple(change.items())
            if same not in known:
                known[same] = _said(case, candidate, change)
            if (said := known[same]) is not None:
                found[row] = said
                break
    fewest = min((each.laws for each in found.values()), default=0)
    told = False
    for row, each in found.items():
        if each.laws == fewest and case.explains(table, row, each.text, each.play):
            table.loc[row, "unlike"], told = 0.0, True
    return told


def _said(case: Case, candidate: Optimizer, change: dict[str, Any]) -> Found | None:
    """A rate, and a change, that explain all weights; None if none does."""
    how = treatments.changed(case.treatment, change)
    found = rates.fitted(candidate, case.theirs, case.probe, how, case.bound)
    if found is None or not rates.changes(rate := found / case.probe.factors):
        return None
    top = np.nanmax(rate)
    lengths = np.linalg.norm(case.probe.gradients, axis=1)
    bound = rates.clip(rate, lengths)
    if bound is not None:
        if lengths.min() >= bound * (1 - rates.SAME):
            # The bound would be the shortest gradient's norm: it is the probe's, not a setting.
            first = int(np.nanargmax(rate))
            ways = [_normalized(case, candidate, change, cut) for cut in NORMALIZED]
            ways += _always_clipped(case, candidate, change, rate[first], lengths[first])
            return _holding(case, ways)
        numbers = {"eta": float(f"{top:.12g}"), "clip_norm": float(f"{bound:.10g}")}
        return _treated(candidate, {**change, **numbers}, treatments.changed(how, numbers))
    beside = f"{listed(change)} and " if change else ""
    with np.errstate(all="ignore"):
        steps = np.linalg.norm(np.diff(case.theirs, axis=0, prepend=[case.probe.start]), axis=1)
        norms = steps / found
        bound = rates.clip(rate, norms)
    if bound is not None and case.across:
        always = np.nanmin(norms) >= bound * (1 - rates.SAME)
        eta = float(f"{top * bound if always else top:.10g}")
        at, whole = candidates.with_numbers(candidate, {"eta": eta}), {**change, "eta": eta}
        if always:
            divided = f"{listed(whole)} and steps divided by their norm"
            kept = f"{divided}, but for steps of 0"
            return _holding(
                case,
                [
                    Found(1, divided, behind(at, how, lambda norm: 1.0 / norm)),
                    Found(1, kept, behind(at, how, lambda norm: 1.0 / norm if norm else 1.0)),
                ],
            )
        most = bound
        text = f"a clip behind the rule: steps, before the rate, of a norm of {most:.6g} at most"
        cut = behind(at, how, lambda norm: most / max(norm, most))
        return Found(1, f"{listed(whole)} and {text}", cut)
    named = candidate.settings.items()
    betas = [float(np.asarray(value)) for name, value in named if name.startswith(BETAS)]
    play = at_times(candidate, rate, how)
    if (corrected := rates.correction(rate, betas)) is not None:
        why = "a bias correction is missing, or one too many"
        return Found(1, f"{beside}a rate of {corrected} ({why})", play)
    laws = rates.laws(rate)
    return Found(len(laws), f"{beside}a rate that changes ({rates.told(rate, laws)})", play)


def _treated(candidate: Optimizer, change: dict[str, Any], how: treatments.Treatment) -> Found:
    """A rule at the rate of a change, or its own, treated so."""
    eta = change.get("eta", candidate.settings["eta"])
    at = candidates.with_numbers(candidate, {"eta": eta})
    return Found(1, listed(change), lambda part: probing.ours(at, part, how))


def _normalized(
    case: Case, candidate: Optimizer, change: dict[str, Any], cut: dict[str, Any]
) -> Found:
    """A rule of gradients that are divided by their norm, at the rate of the first step."""
    how = treatments.changed(case.treatment, {**change, **cut})
    eta = float(np.asarray(case.at_their_rate(candidate, how).settings["eta"]))
    return _treated(candidate, {**change, "eta": eta, **cut}, how)


def _always_clipped(
    case: Case, candidate: Optimizer, change: dict[str, Any], rate: float, length: float
) -> Iterator[Found]:
    """A rule of gradients that are all clipped: by how much more than the rate that is known."""
    eta = float(np.asarray(candidate.settings["eta"]))
    for slack in (0.0, 1e-6) if case.rated and eta > 0.0 else ():
        cut = {"clip_norm": float(f"{rate * (length + slack) / eta:.10g}")}
        cut |= {"clip_slack": slack} if slack else {}
        how = treatments.changed(case.treatment, {**change, **cut})
        yield _treated(candidate, {**change, **cut}, how)


def _holding(case: Case, ways: list[Found]) -> Found:
    """The first that is the optimizer in every condition too, or the first."""
    holding = (each for each in ways if case.trials and not case.trials.apart(each.play))
    return next(holding, ways[0])


def at_times(optimizer: Optimizer, rate: rates.Array, how: treatments.Treatment) -> Play:
    """A rule at these rates of its updates; where one is not known, at the next that is."""
    known = pd.Series(rate).bfill().ffill().to_numpy() / float(
        np.asarray(optimizer.settings["eta"])
    )

    def play(part: probing.Probe) -> probing.Array:
        part = part.first(len(known))
        factors = part.factors * known[: len(part.factors)]
        return probing.ours(optimizer, replace(part, factors=factors), how)

    return play


def behind(
    optimizer: Optimizer, how: treatments.Treatment, share: Callable[[np.float64], Any]
) -> Play:
    """A rule of whose steps a share is taken, by their norm before the rate."""
    eta = float(np.asarray(optimizer.settings["eta"]))

    def play(part: probing.Probe) -> probing.Array:
        player = treatments.Treated(optimizer, part.start, how, part.matrix)
        weights, rows = part.start, []
        with np.errstate(all="ignore"):
            for given in zip(part.gradients, part.factors, part.losses, strict=True):
                step = player(*given) - weights
                weights = weights + share(np.linalg.norm(step) / (eta * given[1])) * step
                player.stepper.weights = weights.tolist()
                rows.append(weights)
        return np.array(rows)

    return play
