"""Whether a slip of an author explains an optimizer's weights."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from simopt.rules.rule import Optimizer
from simopt.training.conformance import candidates, probing, slips, slips_of_any
from simopt.training.conformance.cases import LOOKED_AT, Case, formula, listed


def of_adam(
    case: Case, table: pd.DataFrame, of: Callable[[Optimizer], bool] = lambda candidate: True
) -> bool:
    """Whether a slip in Adam or a part of it, at any of its settings, explains the weights.

    Alone, or with another number for a setting that nobody said. Its row is then the nearest.
    """
    bases = [each for each in _bases(case, table) if of(table["candidate"][each[0]])]

    def untold(base: slips.Base) -> list[tuple[str, float]]:
        numbers = base.numbers().items()
        return [(n, each) for n, values in numbers if n not in case.told for each in values]

    ways = [(each, [("", 0.0)]) for each in bases] + [(each, untold(each[1])) for each in bases]
    for (row, base, settings, decay), others in ways:
        every = [*base.slips(decay != "none"), *_of_velocity(case, table, row, base, settings)]
        for (text, parts), (name, number) in itertools.product(every, others):
            numbers = settings | ({base.called(name): number} if name else {})
            if name and numbers == settings:
                continue
            if (eta := _rate_with(case, parts, numbers, decay)) is None:
                continue
            numbers["eta"] = eta

            def play(part: probing.Probe, parts: Any = parts, n: Any = numbers) -> Any:
                return slips.play(parts, n, decay, part, case.treatment)  # noqa: B023

            if probing.agrees(play, case.theirs, case.probe, case.bound):
                found = ({name: number} if name else {}) | ({} if case.rated else {"eta": eta})
                beside = f" ({listed(found)})" if found else ""
                if case.explains(table, row, f"a slip: {text}{beside}", play):
                    table.loc[row, "unlike"] = 0.0
                    return True
    return False


def _of_velocity(
    case: Case, table: pd.DataFrame, row: int, base: slips.Base, settings: dict[str, Any]
) -> Iterator[tuple[str, slips.Parts]]:
    """The clips of a momentum's velocity that its steps may tell."""
    eta = _rate_with(case, base.parts, settings, "none")
    if eta and not settings["weight_decay"]:
        with np.errstate(all="ignore"):
            gone = np.diff(case.theirs, axis=0, prepend=case.probe.start[None])
            steps = -gone / (eta * case.probe.factors[:, None])
        yield from slips.of_velocity(
            table["candidate"][row].name, settings["beta1"], steps, case.probe
        )


def _rate_with(case: Case, parts: slips.Parts, numbers: dict[str, Any], decay: str) -> float | None:
    """The rate at which parts of Adam make the first step; None if there is none."""
    if case.rated:
        return float(numbers["eta"])
    unit = {**numbers, "eta": 1.0}
    made = slips.play(parts, unit, decay, case.probe.first(1), case.treatment)
    return probing.rate_of(case.theirs[0, 0], made[0, 0])


def _bases(
    case: Case, table: pd.DataFrame
) -> Iterator[tuple[int, slips.Base, dict[str, Any], str]]:
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
        part = case.probe.first(LOOKED_AT)
        mine = probing.played(candidate, case.probe, case.treatment)[:LOOKED_AT]
        as_parts = slips.play(base.parts, settings, decay, part, case.treatment)
        if probing.distance(mine, as_parts, case.bound).first is None:
            seen.add(key)
            yield row, base, settings, decay


def of_any(case: Case, table: pd.DataFrame) -> bool:
    """Whether a slip that any rule may have explains one of the rows.

    Of several the one whose settings are known, and most of those that are; then the plainest.
    """

    def suits(row: Any) -> tuple[int, int, int, int]:
        own = set(table["candidate"][row].settings)
        known = len(own - case.told), -len(own & case.told)
        return *known, table["place"][row], table["rank"][row]

    # Conventions that are one formula agree, or not, together: the first stands for all.
    every = sorted(table.index, key=suits, reverse=True)
    of = table["candidate"]
    once = [*{formula(of[row]): row for row in every}.values()]
    once.sort(key=suits)
    wrong = {f"a slip: {text}": each for text, each in slips_of_any.EVERYWHERE.items()}
    for text, (play, asks_rate) in {**slips_of_any.VARIANTS, **wrong}.items():
        if asks_rate and not case.rated:
            continue
        for row in once:
            candidate = of[row]

            def played(part: probing.Probe, play: Any = play, of: Any = candidate) -> Any:
                return play(of, part, case.treatment)

            if probing.agrees(played, case.theirs, case.probe, case.bound) and case.explains(
                table, row, text, played
            ):
                return True
    for row in once:
        # Where they part at first, state may have been lost, and be lost again.
        candidate, often = of[row], int(table["first_departure"][row]) - 1

        def lost(part: probing.Probe, of: Any = candidate, often: int = often) -> Any:
            return slips_of_any.restarted(of, part, case.treatment, often)

        text = f"a slip: its state is lost every {often} updates"
        if (
            often > 1
            and probing.agrees(lost, case.theirs, case.probe, case.bound)
            and (case.explains(table, row, text, lost))
        ):
            return True
    return False
