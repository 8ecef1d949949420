"""Which column of a table is the training loss, or which are its parts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells, counters
from simopt.curves.logs.held_out import FEW, SOME, listed
from simopt.curves.logs.names import (
    DISCRIMINATOR,
    GENERATOR,
    LOSSES,
    MEANS,
    METRIC_VALUES,
    REINFORCEMENT,
    TOTALS,
    ZERO_ONE,
    Name,
    plain,
)
from simopt.curves.logs.table import Table
from simopt.ground import checks

Floats = NDArray[np.float64]

#: An epoch's mean says more than its last batch, but so few means hide what many batches show.
FEW_EPOCHS, MANY_TIMES = 8, 4

#: Of several errors these are only reported, beside what the training makes smaller.
RATES = ZERO_ONE | {
    "ppl", "perplexity", "err", "error", "errors", "merror", "bcer", "wer", "cer", "per", "eer",
}  # fmt: skip

#: How far a loss that is a sum, and its first term, go together.
MOVES = 0.5


def chosen(
    table: Table,
    names: Mapping[str, Name],
    counts: Mapping[str, int],
    higher: bool,
    notes: list[str],
) -> list[str]:
    """The column of the training loss, or the columns of its parts."""
    kinds = ("higher",) if higher else ("loss", "error")
    most = max((counts[n] for n, p in names.items() if p.kind in (*kinds, "")), default=0)
    if not higher and (total := _total(table, names, counts)) is not None:
        notes.append(f"taken: {total!r}, which is at least each of the losses beside it")
        return [total]
    for kind in kinds:
        for parts in (("train", ""), ("held out",)):
            there = [
                n for n, p in names.items() if p.kind == kind and p.part in parts and counts[n]
            ]
            found = [n for n in there if counts[n] > FEW or most < SOME]
            if not found:
                continue
            if parts == ("held out",):
                notes.append("no training loss in it: the validation loss is read as the curve")
                found = [min(found, key=lambda name: _is_reported(names[name]))]
            chosen = _of_losses(table, found, names, counts, notes)
            left_out = [n for n in there if n not in chosen]
            if left_out:
                notes.append(f"taken: {listed(chosen)}; there are also {listed(left_out)}")
            return chosen
    empty = [n for n, p in names.items() if p.kind in kinds and p.part in ("train", "")]
    nan = [name for name in empty if any(cell is not None for cell in table.columns[name])]
    if nan:  # NaN throughout
        return nan[:1]
    if not higher and (only := _only(table, names, counts)) is not None:
        return [only]
    rising = [name for name, parts in names.items() if parts.kind == "higher"]
    if rising and not higher:
        rise = "rises when a model gets better, and is none"
        if len(rising) > 1:
            rise = "rise when a model gets better, and are none"
        allowed = (
            f"with a loss in it: {listed(rising)} {rise} "
            "(--higher-is-better, higher_is_better=True reads one all the same)"
        )
        raise checks.refuse("columns", list(table.columns), allowed)
    allowed = "named for a loss (loss, train_loss, ...); or say which it is"
    raise ValueError(f"columns=[{listed(table.columns)}]: must be {allowed}")


def _total(table: Table, names: Mapping[str, Name], counts: Mapping[str, int]) -> str | None:
    """A column that is called a total alone, and is one of the errors beside it; no loss is there.

    As "total 2.3 | ce 2.0 | kl 0.3" has it: in each row it is at least as large as they.
    """
    if any(parts.kind == "loss" for parts in names.values()):
        return None
    errors = [n for n, p in names.items() if p.kind == "error" and p.part != "held out"]
    for name, parts in names.items():
        if parts.stem or parts.part or not TOTALS & {*parts.grain} or not errors:
            continue
        if any(counts[each] != counts[name] for each in errors):
            continue
        try:
            values, there = counters.column(table, name)
            beside = [counters.column(table, each)[0] for each in errors]
        except ValueError:
            continue
        if there.sum() > FEW and all((values >= each)[there].all() for each in beside):
            return name if _moves_with(values[there], beside[0][there]) else None
    return None


def _moves_with(total: Floats, error: Floats) -> bool:
    """Whether a total goes where one of its terms does, as no number of points or seconds does."""
    held = np.isfinite(total) & np.isfinite(error)
    total, error = total[held], error[held]
    if len(total) <= FEW or not np.ptp(total) or not np.ptp(error) or not (total % 1).any():
        return False
    return bool(np.corrcoef(total, error)[0, 1] > MOVES)


def _of_losses(
    table: Table,
    found: list[str],
    names: Mapping[str, Name],
    counts: Mapping[str, int],
    notes: list[str],
) -> list[str]:
    chosen = _most_telling(table, found, names, counts, notes)
    for name in chosen:
        alike = [other for other in found if names[other].plain == names[name].plain]
        if len(alike) > 1:
            both = " and ".join(map(repr, alike[:2]))
            raise ValueError(f"columns={both}: must be one; say which is meant")
    return chosen


def _most_telling(
    table: Table,
    found: list[str],
    names: Mapping[str, Name],
    counts: Mapping[str, int],
    notes: list[str],
) -> list[str]:
    """Of several losses the one that is trained on, or its parts."""
    if len(found) == 1:
        return found
    bare = [
        n for n in found if names[n].stem in (("loss",), ("losses",), ("cost",), ("objective",))
    ]
    if bare:
        return [_best_grain(bare, names, counts)]
    totals = [n for n in found if TOTALS & set(names[n].grain)]
    # ESPnet's main/loss beside main/loss_ctc and main/loss_att: what the others begin with.
    totals = totals or [
        n
        for n in found
        if names[n].stem[-1] in LOSSES
        and all(names[other].words[: len(names[n].words)] == names[n].words for other in found)
    ]
    if totals:
        return totals[:1]
    same = len({names[name].stem for name in found}) == 1
    if same:
        return [_best_grain(found, names, counts)]
    words = {word for name in found for word in names[name].words}
    if words & GENERATOR and words & DISCRIMINATOR:
        return [n for n in found if (GENERATOR | DISCRIMINATOR) & set(names[n].words)][:1]
    if len(words & REINFORCEMENT) > 1:
        return [min(found, key=lambda name: "entropy" in names[name].words)]
    if all(names[n].kind == "loss" and counts[n] == counts[found[0]] for n in found):
        part = names[found[0]].part
        parts = [name for name in found if names[name].part == part]
        together = len(parts) > 1 and bool(counters.summed(table, parts)[1].any())
        if together and not words & {"nll", "ce", "bce", "mse", "ema"}:
            notes.append(f"the sum of the {len(parts)} parts {listed(parts)}")
            return parts
    return [min(found, key=lambda name: _is_reported(names[name]))]


def _is_reported(name: Name) -> bool:
    """Whether a loss is one that trainings only report, as a share of errors."""
    return bool(RATES & {*name.stem, "_".join(name.stem)})


def _best_grain(found: list[str], names: Mapping[str, Name], counts: Mapping[str, int]) -> str:
    """Of several columns of one loss: a mean over an epoch, if there are enough of them."""
    most = max(counts[name] for name in found)
    means = [counts[name] for name in found if MEANS & set(names[name].grain)]
    seldom = max((count for count in means if FEW_EPOCHS <= count <= most / 2), default=0)

    def rank(name: str) -> tuple[int, int]:
        grain, part = set(names[name].grain), names[name].part
        smooth = bool(grain & {"smooth", "smoothed", "ema", "running"})
        step = bool(grain & {"step", "batch", "iter", "iteration", "mb", "minibatch"})
        epoch = "epoch" in grain
        # A mean that is said seldom is of what the others say one by one.
        one = seldom and counts[name] > seldom
        return (
            3 if smooth else 2 if step else 1 if epoch or one else 0,
            0 if part == "train" else 1,
        )

    first = min(found, key=rank)
    dense = max(found, key=lambda name: counts[name])
    if counts[first] < FEW_EPOCHS and counts[dense] >= max(
        2 * FEW_EPOCHS, MANY_TIMES * counts[first]
    ):
        return dense
    return first


def _only(table: Table, names: Mapping[str, Name], counts: Mapping[str, int]) -> str | None:
    """The one column that can be a loss where none is called one."""
    plains = {plain(name) for name in names}
    if plains <= {"wall_time", "step", "value", "relative_time"}:
        return next((name for name in names if plain(name) in METRIC_VALUES), None)
    most = max(counts.values(), default=0)
    left = [
        n
        for n, p in names.items()
        if p.kind == "" and p.part != "held out" and counts[n] > (FEW if most >= SOME else 0)
    ]
    numeric = [n for n in left if cells.share_of_numbers(table.columns[n], table.decimal) > 0.9]
    train = [name for name in numeric if names[name].part == "train"]
    if len(train) == 1:  # {"train": [...], "val": [...]}
        return train[0]
    if len(left) == 1:
        return left[0]
    return numeric[0] if len(numeric) == 1 else None
