"""Which column of a table is the loss, which the validation loss, and what counts its rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells, company, counters, held_out, training_loss
from simopt.curves.logs.held_out import listed
from simopt.curves.logs.names import (
    DISCRIMINATOR,
    GENERATOR,
    Name,
    is_rate,
    parse,
)
from simopt.curves.logs.table import Table
from simopt.ground import checks

Floats = NDArray[np.float64]


#: Two of these are an agent's.
RL_LOSSES = frozenset(("policy", "value", "actor", "critic", "qf", "vf", "pg", "td", "surrogate"))

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
    counts = {name: cells.count(column) for name, column in table.columns.items()}
    names = {name: parse(name) for name in table.columns}
    notes: list[str] = []
    names = company.told(table, names, notes)
    about = _about(names.values()) or table.about
    losses = (
        [loss]
        if loss is not None
        else training_loss.chosen(table, names, counts, higher_is_better, notes)
    )
    training = counters.summed(table, losses)
    if not higher_is_better and MAXIMISED & set(names[losses[0]].stem) and _rises(training):
        notes.append(
            f"{losses[0]!r} rises: if it is to be maximised, --higher-is-better "
            "--loss (higher_is_better=True, column=) read it negated"
        )
    helds = (
        [validation] if validation is not None else held_out.beside(names, counts, losses, notes)
    )
    held = counters.summed(table, helds) if helds else None
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
