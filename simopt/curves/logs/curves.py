"""The runs of a table as curves: columns chosen, runs told apart, gaps and hidden NaN found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells, choose, pairing
from simopt.curves.logs.log import LoggedRun
from simopt.curves.logs.names import is_gradient_norm, parse
from simopt.curves.logs.sections import sections as sections_of
from simopt.curves.logs.table import Table
from simopt.ground import checks

Floats = NDArray[np.float64]


def of_table(
    table: Table, column: str | None, validation: str | None, x: str | None, higher: bool
) -> list[LoggedRun]:
    """The runs of a table, by the columns that are named or chosen."""
    if not table.rows:
        raise checks.refuse("loss", [], "at least one number")
    chosen = choose.choose(table, column, validation, x, higher)
    if table.format in ("DataFrame", "mapping", "records", "Series"):
        chosen = _with_own_rows(table, chosen)
    values, there = chosen.loss
    if chosen.validation is not None and len(chosen.validation[0]) != len(values):
        chosen = _shorter_validation(chosen)
    sections, noticed = sections_of(chosen, table.sessions, table.printed, table.converged)
    notes = (*table.notes, *chosen.notes, *noticed)
    if not there.any():
        raise checks.refuse(chosen.loss_name or "loss", "no values", "at least one number")
    ends = [*(int(rows.min()) for rows in sections[1:]), len(values)]
    return [
        _run(
            table,
            chosen,
            rows,
            end,
            notes,
            f"{table.run}" if len(sections) == 1 else _part(table, k),
        )
        for k, (rows, end) in enumerate(zip(sections, ends, strict=True), 1)
    ]


def _about_else(table: Table, chosen: choose.Chosen, first: int) -> bool:
    """Whether rows from ``first`` on hold something but what rows are counted by."""
    for name, column in table.columns.items():
        if name in chosen.loss_name or parse(name).kind in ("counter", "other"):
            continue
        if len(column) == len(chosen.loss[0]) and cells.count(column[first:]):
            return True
    return False


def _gradient_norm(table: Table, rows: NDArray[np.int64]) -> Floats | None:
    """The gradient's norm in these rows, infinite where none was logged; None without a column."""
    for name, column in table.columns.items():
        if is_gradient_norm(name) and len(column) > rows.max(initial=-1):
            try:
                values, held = cells.column(column, table.decimal)
            except ValueError:
                continue
            return np.where(held, values, math.inf)[rows]
    return None


def _finite_start(loss: Floats, rows: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64], str]:
    """A curve without infinite values in front of its first finite one."""
    finite = np.flatnonzero(np.isfinite(loss))
    if not len(finite) or not np.isinf(loss[: finite[0]]).any():
        return loss, rows, ""
    first = int(finite[0])
    word = "value is" if first == 1 else f"{first} values are"
    return loss[first:], rows[first:], f"the first {word} infinite or NaN, and left out"


def _part(table: Table, number: int) -> str:
    return f"{table.run}, {number}" if table.run else f"run {number}"


def _with_own_rows(table: Table, chosen: choose.Chosen) -> choose.Chosen:
    """A table in memory has NaN for an empty cell: such rows are about other things."""
    values, there = chosen.loss
    if table.format == "DataFrame" and chosen.validation is not None:
        held, _ = chosen.validation
        chosen = replace(chosen, validation=(held, ~np.isnan(held)))
    if not np.isnan(values[there]).any():
        return chosen
    used = {chosen.loss_name, chosen.x_name}
    others = []
    for name, column in table.columns.items():
        if name in used or len(column) != len(values):
            continue
        try:
            others.append(cells.column(column))
        except ValueError:
            others.append(
                (np.zeros(len(column)), np.array([bool(cell == cell and cell) for cell in column]))
            )
    own = pairing.own_rows(values, there, others)
    if table.format == "Series" and own.all():
        finite = np.isfinite(values)
        # One NaN behind a curve that was falling is a row about something else.
        if finite[:-1].all() and not finite[-1] and len(values) > 10 and values[-2] <= values[0]:
            own = finite
    return replace(chosen, loss=(values, own))


def _shorter_validation(chosen: choose.Chosen) -> choose.Chosen:
    """Validation every so many epochs, as a list of its own: as Keras' validation_freq makes it."""
    assert chosen.validation is not None
    values, held = chosen.loss[0], chosen.validation[0]
    many = f"{len(held)} values"
    every, left = divmod(len(values), max(len(held), 1))
    if not every > 1 or left >= every or len(held) < 2:
        allowed = f"as many as the loss has ({len(values)}), with NaN where there is none"
        raise checks.refuse("validation", many, allowed)
    spread = np.full(len(values), math.nan)
    spread[every - 1 :: every][: len(held)] = held
    note = f"validation: {many} for {len(values)}: taken as every {every}th"
    return replace(chosen, validation=(spread, np.isfinite(spread)), notes=(*chosen.notes, note))


def _run(
    table: Table,
    chosen: choose.Chosen,
    rows: NDArray[np.int64],
    end: int,
    notes: Sequence[str],
    name: str,
) -> LoggedRun:
    values, there = chosen.loss
    loss = values[rows]
    said = list(notes)
    tail = pairing.trailing_gap(there[:end]) if end == len(there) else 0
    tail = 0 if tail and _about_else(table, chosen, len(there) - tail) else tail
    if tail and len(loss) > 1:
        word = "row has" if tail == 1 else f"{tail} rows have"
        said.append(
            f"the last {word} no loss: NaN that was written as nothing, or a run that was cut"
        )
        if (loss[-1] > 10 * np.nanmin(loss) and loss[-1] > loss[0]) or np.isinf(loss[-1]):
            loss = np.append(loss, np.full(tail, math.nan))
            rows = np.append(rows, np.arange(int(rows.max()) + 1, int(rows.max()) + 1 + tail))
    loss, rows, infinite = _finite_start(loss, rows)
    if infinite:
        said.append(infinite)
    loss, hidden = pairing.hidden_nan(loss, _gradient_norm(table, rows))
    if hidden:
        said.append(hidden)
    validation, fault = None, ""
    if chosen.validation is not None:
        validation, note = pairing.beside(rows, chosen.validation, chosen.x, end)
        if note:
            said.append(note)
        logged = chosen.validation[1]
        fault = pairing.fault(validation, logged[rows] if len(logged) == len(there) else None)
        if not np.isfinite(validation).any():
            fault = fault if bool(logged.any()) else ""
            validation = None
        elif (
            len(set(np.isnan(validation).tolist()))
            and (hidden_v := pairing.hidden_nan(validation))[1]
        ):
            validation = hidden_v[0]
            said.append(f"validation: {hidden_v[1]}")
    if fault:
        said.append(f"the validation loss is {fault}")
    about = table.about or chosen.about
    return LoggedRun(
        name=name,
        loss=loss,
        validation=validation,
        x=_rising(chosen.x, rows),
        rate=None if chosen.rate is None else chosen.rate[rows],
        loss_column=chosen.loss_name,
        validation_column=chosen.validation_name if validation is not None or fault else "",
        x_column=chosen.x_name,
        source=table.source,
        format=table.format,
        columns=tuple(table.columns),
        rows=table.rows,
        gaps=int((~there[rows.min() : rows.max() + 1]).sum()) if len(rows) else 0,
        about=about,
        validation_fault=fault,
        notes=tuple(dict.fromkeys(said)),
    )


def _rising(x: Floats | None, rows: NDArray[np.int64]) -> Floats | None:
    """What the rows are counted by, if that rises from row to row."""
    if x is None or np.isnan(x[rows]).any() or (np.diff(x[rows]) < 0).any():
        return None
    return x[rows]
