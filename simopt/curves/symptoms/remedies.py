"""What to do about a symptom: fixes in the order of how often they mended it, with their odds."""

from __future__ import annotations

from collections.abc import Iterator

from simopt.curves import odds
from simopt.curves.odds import Odds
from simopt.curves.symptoms.record import OTHERS, TREES, Known, Symptom
from simopt.ground.formatting import listing

#: Fixes whose name is no instruction.
SAID = {
    "beta 0.8": "beta to 0.8",
    "clip at 1": "clip the gradients: clip_norm=1.0",
    "clip at the start's norm": "clip the gradients to the norm that the first one has",
    "without outliers": "leave out the points whose gradient is 100 times the median point's",
    "batch x 4": "batches 4 times as large",
    "decaying rate": "let the rate fall towards the end: schedule='cosine'",
    "no schedule": "let the rate fall later or less, or not at all",
    "weight decay 0.01": "weight_decay=0.01",
    "weight decay 0.1": "weight_decay=0.1",
    "weight decay 1": "weight_decay=1",
    "AdamW": "AdamW with weight_decay=0.01 instead",
    "early stopping": "stop earlier",
    "keep training": "train twice as long",
}

#: Fixes that need a schedule, and those that bring one.
AGAINST_SCHEDULE, SCHEDULE = "no schedule", "decaying rate"


def advised(record: Symptom, known: Known) -> tuple[str, ...]:
    """What to do, in order: fixes that often mend it by their odds, and what can't be tried here.

    Parameters
    ----------
    record : Symptom
        What the curve shows.
    known : Known
        Of the run.

    Returns
    -------
    tuple of str
        A line each.
    """
    if known.about == TREES and record.name not in ("healthy", "NaN or Inf"):
        return record.trees
    lines = [line for line, found in _tried(record, known) if not found or found.few or found.helps]
    if known.about == TREES:
        lines = []
    return tuple(filter(None, record.advice(known, tuple(lines))))


def seldom(record: Symptom, known: Known) -> tuple[str, ...]:
    """Fixes that are often tried and seldom mend it, or do harm as often, with their odds."""
    if known.about == TREES:
        return ()
    return tuple(
        line for line, found in _tried(record, known) if found and not found.few and not found.helps
    )


def _tried(record: Symptom, known: Known) -> list[tuple[str, Odds | None]]:
    """The fixes that apply to the run with their lines and odds; best first, unseen ones last."""
    found = [(fix, odds.of(record.name, fix, known.name)) for fix in applicable(record, known)]
    found.sort(key=lambda each: (not each[1] or each[1].few, -each[1].share if each[1] else 0.0))
    return [
        (f"{instruction(record, known, fix)}: {each or 'not tried: no run showed this'}", each)
        for fix, each in found
    ]


def applicable(record: Symptom, known: Known) -> Iterator[str]:
    """The fixes of a record that change something about the run, and are meant for it."""
    if known.features.get("goes_on", 0.0) > 0:
        return  # what was tried was tried on runs whose weights had overflowed
    for fix in record.fixes:
        if known.name is not None:
            lines = [each for each in (record.line, record.question) if each and fix in each.fixes]
            if fix == known.name or (lines and not any(e.limits(known.name, fix) for e in lines)):
                continue
            if fix == "beta 0.8" and known.setting(known.momentum or "") <= 0.8:
                continue
            if fix == "AdamW" and known.name != "Adam":
                continue
        if fix == SCHEDULE and known.fell is not None:
            continue
        yield fix


def instruction(record: Symptom, known: Known, fix: str) -> str:
    """A fix in words, with the numbers of the run."""
    text = SAID.get(fix, f"{fix} instead" if fix in OTHERS else fix)
    if fix.startswith("eta "):
        text += known.changed_eta(fix)
    elif fix == "beta 0.8":
        name = known.momentum
        if name is None:
            return f"{text}, if there is momentum"
        return f"{name} {known.setting(name):g} -> 0.8"
    elif fix == "early stopping" and known.best is not None:
        text += f" (at {known.place(known.best)}, where it is lowest)"
    elif fix == AGAINST_SCHEDULE and known.fell is None:
        text = f"if a schedule lowers it, {text}"
    if known.name is None and record.line and fix in record.line.fixes:
        only = record.line.optimizers or (record.line.in_place_of if fix in OTHERS else ())
        text = f"with {listing(only, 'or')}, {text}" if only else text
    return text
