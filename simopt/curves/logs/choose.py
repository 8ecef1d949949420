"""Which column of a table is the loss, which the validation loss, and what counts its rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells, company, counters, held_out
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
    is_rate,
    parse,
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

#: Two of these are an agent's.
RL_LOSSES = frozenset(("policy", "value", "actor", "critic", "qf", "td", "surrogate"))
#: How far a loss that is a sum, and its first term, go together.
MOVES = 0.5
#: What some maximise, and some minimise.
MAXIMISED = frozenset(("objective", "elbo"))
#: Spinning Up's ``EpRet`` and others' names for what an agent earns.
REWARDS = frozenset(("rollout", "reward", "rew", "ret"))


@dataclass(frozen=True)
class Chosen:
    """The columns of a curve, row by row of the table.

    Attributes
    ----------
    loss, validation : tuple of ndarray [rows]
        Values and which rows hold one; validation is None where there is none.
    x : ndarray [rows] or None
        What rows are counted by, NaN where a row does not say.
    loss_name, validation_name, x_name : str
        The columns' names; of a sum all of them.
    rate : ndarray [rows] or None
        The learning rate, where it was logged.
    about : str
        What trains, as far as columns tell: "a GAN", "reinforcement learning".
    notes : tuple of str
        What was chosen over what.
    """

    loss: tuple[Floats, NDArray[np.bool_]]
    validation: tuple[Floats, NDArray[np.bool_]] | None
    x: Floats | None
    loss_name: str
    validation_name: str
    x_name: str
    rate: Floats | None
    about: str
    notes: tuple[str, ...]


def choose(
    table: Table,
    loss: str | None = None,
    validation: str | None = None,
    x: str | None = None,
    higher_is_better: bool = False,
) -> Chosen:
    """Choose the columns of a table by their names, and by which of them hold values.

    Parameters
    ----------
    table : Table
        Of one run.
    loss, validation, x : str, optional
        Columns by name, in place of what would be chosen.
    higher_is_better : bool
        Take a metric that rises when the model gets better, negated.

    Returns
    -------
    Chosen

    Raises
    ------
    ValueError
        If a column is not there, holds text, or none can be a loss; the message lists all names.
    """
    for what, name in (("loss", loss), ("validation", validation), ("x", x)):
        if name is not None and (not isinstance(name, str) or name not in table.columns):
            raise checks.refuse(what, name, "a column: " + listed(table.columns))
    if table.settings and loss is None:
        allowed = (
            "a log's: none is named for a loss, and they look like settings, as of a model; "
            "--loss (column=) reads one all the same"
        )
        raise checks.refuse("columns", list(table.columns), allowed)
    counts = {name: count(column) for name, column in table.columns.items()}
    names = {name: parse(name) for name in table.columns}
    notes: list[str] = []
    names = company.told(table, names, notes)
    about = _about(names.values()) or table.about
    losses = (
        [loss] if loss is not None else _training(table, names, counts, higher_is_better, notes)
    )
    training = _sum(table, losses)
    if not higher_is_better and MAXIMISED & set(names[losses[0]].stem) and _rises(training):
        notes.append(
            f"{losses[0]!r} rises: if it is to be maximised, --higher-is-better "
            "--loss (higher_is_better=True, column=) read it negated"
        )
    helds = (
        [validation] if validation is not None else held_out.beside(names, counts, losses, notes)
    )
    held = _sum(table, helds) if helds else None
    if validation is None and held is not None and _are_zeros(held) and not _are_zeros(training):
        notes.append(f"no validation: {listed(helds)} is 0 throughout, as where none was evaluated")
        held, helds = None, []
    if higher_is_better:
        training = (-training[0], training[1])
        held = None if held is None else (-held[0], held[1])
    counter = x if x is not None else counters.counter(table, training[1])
    position = None if counter is None else counters.position(table, counter)
    if position is not None and len(position) == len(training[1]):
        position = counters.filled(position, training[1])
    rate = next((name for name, parts in names.items() if is_rate(parts.words)), None)
    return Chosen(
        training, held, position, " + ".join(losses), " + ".join(helds), counter or "",
        None if rate is None else _rate(table, rate, len(training[0])), about, tuple(notes),
    )  # fmt: skip


def _are_zeros(column: tuple[Floats, NDArray[np.bool_]]) -> bool:
    """Whether all values are 0, and there is one."""
    values = column[0][column[1]]
    return len(values) > 0 and not values.any()


def _rises(column: tuple[Floats, NDArray[np.bool_]]) -> bool:
    """Whether values end higher than they begin, and rise in most steps."""
    finite = column[0][column[1] & np.isfinite(column[0])]
    steps = np.diff(finite)
    return len(steps) > 0 and bool(finite[-1] > finite[0] and (steps > 0).mean() > 0.7)


def count(column: Sequence[Any]) -> int:
    """How many cells hold anything."""
    if isinstance(column, np.ma.MaskedArray):
        return int(column.count())
    if isinstance(column, np.ndarray) and column.dtype.kind in "fiu":
        return int((column == column).sum())
    # Most cells of a log of many kinds of rows are None: they are left out at once.
    return sum(
        cell == cell and not (isinstance(cell, str) and cell.strip().lower() in cells.MISSING)
        for cell in column
        if cell is not None
    )


def _rate(table: Table, name: str, rows: int) -> Floats | None:
    """The learning rates, if there is one for each row."""
    try:
        rates = cells.column(table.columns[name], table.decimal)[0]
    except ValueError:
        return None
    if len(rates) != rows:
        return None
    # A rate holds until another is logged: in a row of its own, or once before all others.
    known = np.maximum.accumulate(np.where(np.isnan(rates), -1, np.arange(rows)))
    return np.where(known < 0, math.nan, rates[known])


def _about(names: Iterable[Name]) -> str:
    words = [set(name.words) for name in names if name.kind in ("loss", "error")]
    everything = set().union(*words) if words else set()
    if everything & GENERATOR and everything & DISCRIMINATOR:
        return "a GAN"
    rewards = {word for name in names for word in name.words} & REWARDS
    if rewards or len(everything & RL_LOSSES) > 1:
        return "reinforcement learning"
    return ""


def _training(
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
        together = len(parts) > 1 and bool(_sum(table, parts)[1].any())
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


def _sum(table: Table, chosen: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
    values, there = counters.column(table, chosen[0])
    for name in chosen[1:]:
        more, also = counters.column(table, name)
        values, there = values + more, there & also
    return values, there
