"""What a column's name says beside the others: whose data, or that a score is an error."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from simopt.curves.logs import cells
from simopt.curves.logs.names import REINFORCEMENT, Name
from simopt.curves.logs.table import Table

#: Whose cost may be time.
LOADERS = frozenset(("reader", "batch", "data"))


def told(table: Table, names: dict[str, Name], notes: list[str]) -> dict[str, Name]:
    """The names, those changed that mean something else beside the others."""
    return _by_sign(table, _letters(_evaluation_sets(_without_times(names), notes)))


def _without_times(names: dict[str, Name]) -> dict[str, Name]:
    """What a reader, a batch and data cost, as Paddle says it, as times: two of these, or a reader.

    A cost of batches or of data alone is a loss, and so are they where nothing else may be one.
    """
    costs = [name for name, parts in names.items() if parts.stem[-1:] == ("cost",)]
    whose = {name: frozenset(names[name].words) & LOADERS for name in costs}
    spent = {name: words for name, words in whose.items() if words}
    several = len({*spent.values()}) > 1 or any("reader" in words for words in spent.values())
    if not several or not any(
        parts.kind in ("loss", "error", "") for name, parts in names.items() if name not in spent
    ):
        return names
    return names | {name: replace(names[name], kind="other") for name in spent}


def _by_sign(table: Table, names: dict[str, Name]) -> dict[str, Name]:
    """scikit-learn's scores, neg_mean_squared_error, as errors where they are above 0 throughout.

    Whoever calls what falls so means the error itself: the score never is above 0.
    """
    told = dict(names)
    for name, parts in names.items():
        if parts.kind == "higher" and parts.stem[0] == "neg":
            with suppress(ValueError):
                values, there = cells.column(table.columns[name], table.decimal)
                finite = values[there & np.isfinite(values)]
                if len(finite) and (finite >= 0).all() and finite.any():
                    told[name] = replace(parts, kind="error")
    return told


def _evaluation_sets(names: dict[str, Name], notes: list[str]) -> dict[str, Name]:
    """XGBoost's validation_0 as training points, where validation_1 is there and no training."""
    sets = {name: parts.words[:2] for name, parts in names.items()}
    first = [name for name, words in sets.items() if words == ("validation", "0")]
    second = [name for name, words in sets.items() if words == ("validation", "1")]
    if not first or not second or any(parts.part == "train" for parts in names.values()):
        return names
    notes.append("validation_0 is taken for the training points, as eval_set mostly has them")
    return names | {name: replace(names[name], part="train") for name in first}


def _letters(names: dict[str, Name]) -> dict[str, Name]:
    """t_loss as of training, v_loss or vl_loss as of validation, where there is no other loss.

    Alone t_loss is a total, and v_loss an agent's of its values, or a flow's of a velocity.
    """
    by_letter = {
        letter: [n for n, p in names.items() if p.kind == "loss" and {*p.stem} == {letter, "loss"}]
        for letter in "tv"
    }
    losses = [name for name, parts in names.items() if parts.kind == "loss"]
    if len(losses) != 2:
        return names
    # Beside a loss of training vl_loss is of validation, beside others of vision and language.
    beside = [n for n in losses if {*names[n].stem} == {"vl", "loss"}]
    if len(beside) == 1 and "train" in (names[name].part for name in losses):
        return names | {beside[0]: replace(names[beside[0]], part="held out", stem=("loss",))}
    if any(len(found) != 1 for found in by_letter.values()):
        return names
    if any(parts.part or REINFORCEMENT & {*parts.words} for parts in names.values()):
        return names
    (training,), (held,) = by_letter.values()
    return names | {
        training: replace(names[training], part="train", stem=("loss",)),
        held: replace(names[held], part="held out", stem=("loss",)),
    }
