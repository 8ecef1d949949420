"""Whether the right formula, fed with the document's own numbers, gives what it prints.

A number that misses its exact value may still be calculated rightly from rounded numbers before
it. For each operand of its formula there are the values printed so far in the same cell (the
nearest first), and the value that the operand's own formula gives on printed numbers, which is what
was meant where an expression is worked out in one go. State comes from the cell before as printed
there. A combination that gives the number explains it; of several, the one with fewest unprinted
steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from simopt.document import formulas, quantities
from simopt.document.printed import Printed, rows

Cell = tuple[str, int, int]


@dataclass(frozen=True)
class Candidate:
    """A value that a quantity has by the document's own numbers."""

    value: float
    text: str
    uses: tuple[Printed, ...] = ()
    worked_out: int = 0


@cache
def _index() -> dict[tuple[Cell, str], list[Printed]]:
    """Where each quantity of each cell is printed, in reading order."""
    index: dict[tuple[Cell, str], list[Printed]] = {}
    for row in rows():
        if row.batch_size is not None and row.step is not None:
            cell = (row.method, row.batch_size, row.step)
            index.setdefault((cell, row.quantity), []).append(row)
    return index


def _printed(cell: Cell, quantity: str, before: int) -> list[Printed]:
    """Where a quantity is printed up to a position, nearest first; state also a step earlier."""
    earlier = [row for row in _index().get((cell, quantity), []) if row.position < before]
    method, batch_size, step = cell
    if quantity in formulas.CARRIED and step > 1:
        last = ((method, batch_size, step - 1), formulas.CARRIED[quantity])
        earlier += [row for row in _index().get(last, []) if row.position < before]
    return sorted(earlier, key=lambda row: -row.position)


def source(row: Printed) -> Printed | None:
    """The computed number that a restated one, or an operand, repeats.

    Gradients at the start are the same for every method, and printed for the first one only.
    """
    if row.batch_size is None or row.step is None:
        same = [r for r in rows() if r.quantity == row.quantity and r.position < row.position]
    else:
        same = _printed((row.method, row.batch_size, row.step), row.quantity, row.position)
    own = next((r for r in same if r.role == "computed"), None)
    if own is not None or row.step != 1:
        return own
    return next(
        (
            r
            for r in rows()[: row.position]
            if r.role == "computed"
            and (r.quantity, r.batch_size, r.step) == (row.quantity, row.batch_size, row.step)
            and quantities.exact(r) == quantities.exact(row)
        ),
        None,
    )


def candidates(
    cell: Cell, quantity: str, before: int, inside: frozenset[str] = frozenset()
) -> list[Candidate]:
    """The values of a quantity by the numbers printed before a position, the plainest first."""
    exact = quantities.of_cell(*cell, quantity)
    values = []
    for row in _printed(cell, quantity, before):
        value = math.copysign(row.number, exact) if row.sign == "||" else row.as_printed(row.number)
        values.append(Candidate(value, f"{value:g}", (row,)))
    if not values and quantity not in formulas.table(*cell[:2]):
        return [Candidate(exact, f"{exact:g}")]
    return _distinct([*values, *worked_out(cell, quantity, before, inside)])


def worked_out(
    cell: Cell, quantity: str, before: int, inside: frozenset[str] = frozenset()
) -> list[Candidate]:
    """What a quantity's own formulas give on the numbers printed before a position."""
    results = []
    for formula in formulas.table(*cell[:2]).get(quantity, ()):
        if inside & {quantity, *formula.operands}:
            continue
        choices = [candidates(cell, name, before, inside | {quantity}) for name in formula.operands]
        for operands in itertools.product(*choices):
            written = [f"({o.text})" if o.worked_out or o.value < 0 else o.text for o in operands]
            results.append(
                Candidate(
                    formula.compute(*(o.value for o in operands)),
                    formula.text.format(*written),
                    tuple(dict.fromkeys(itertools.chain(*(o.uses for o in operands)))),
                    1 + sum(o.worked_out for o in operands),
                )
            )
    return _distinct(results)


def _distinct(given: Iterable[Candidate]) -> list[Candidate]:
    """One candidate a value, the plainest, in order of plainness."""
    kept: dict[str, Candidate] = {}
    for candidate in sorted(given, key=lambda c: c.worked_out):
        kept.setdefault(f"{candidate.value:.12g}", candidate)
    return list(kept.values())


def explain(row: Printed) -> tuple[bool, Candidate | None]:
    """Whether the document's own numbers give a printed one, and the calculation that does.

    Where none does, the plainest right calculation is returned with False.
    """
    if row.batch_size is None or row.step is None or row.quantity in quantities.elsewhere():
        return False, None
    cell = (row.method, row.batch_size, row.step)
    results = worked_out(cell, row.quantity, row.position)
    for candidate in results:
        if row.shows(row.as_printed(candidate.value)):
            return True, candidate
    return False, results[0] if results else None
