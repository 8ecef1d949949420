"""The verdict on every result that the document prints, and its cause."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandas as pd

from simopt.document import formulas, quantities, rounding
from simopt.document.printed import Printed, rows
from simopt.document.source import cited

#: From right to wrong.
VERDICTS = ("exact", "rounding", "carried", "wrong")


@dataclass(frozen=True)
class Judgement:
    """The verdict on a printed number.

    Attributes
    ----------
    verdict : {"exact", "rounding", "carried", "wrong"}
        As in `audit`.
    cause : str
        The calculation and the numbers that the deviation comes from; empty where exact.
    roots : tuple of Printed
        The numbers from which the deviation starts: the number itself, or earlier ones.
    kind : str
        Of a number from which a deviation starts: "premature rounding", "arithmetic slip", or
        "method error".
    """

    verdict: str
    cause: str = ""
    roots: tuple[Printed, ...] = ()
    kind: str = ""


def audit() -> pd.DataFrame:
    """Every result that the document prints, recomputed and judged.

    Returns
    -------
    DataFrame
        A row per printed result (301 computed, 159 restated), in reading order:

        - ``id``, ``section``, ``place``, ``method``, ``batch_size``, ``step``, ``quantity``,
          ``role``, ``line``: which number it is, and on which line of the document's text;
          batch size and step are missing where it has none;
        - ``printed``: as printed, a string;
        - ``exact``: what it should be, at full precision, in the form printed (a magnitude behind
          a minus sign where the document has one);
        - ``verdict``: ``exact`` if that rounds to what is printed (a tie may go either way; a
          stated bound has to hold); ``rounding`` or ``carried`` if not, but the right formula on
          the document's own numbers before it gives what is printed; ``wrong`` if neither. It is
          ``carried`` where those numbers go back to a wrong one, ``rounding`` where they are
          rounded, no more. A number that is wrong in the last of several digits is off by as much
          as rounding, so that what follows from it is ``rounding``, and its cause says so. A
          restated number has the verdict of what it repeats;
        - ``cause``: which numbers it follows from and where it goes back to; empty where exact.

    See Also
    --------
    simopt.document.errata : Where the deviations start, and what they do to the conclusions.

    Examples
    --------
    >>> import simopt
    >>> audit = simopt.document.audit()
    >>> audit["verdict"].value_counts().to_dict()
    {'exact': 369, 'rounding': 58, 'carried': 20, 'wrong': 13}
    >>> weights = audit[audit["quantity"] == "weight after the step"]
    >>> for each in weights[weights["method"] == "RMSprop"].drop_duplicates("step").itertuples():
    ...     print(f"{each.place}: {each.printed}, exactly {each.exact:.5f}, {each.verdict}")
    walk, point 1, RMSprop: 3.317, exactly 3.31623, rounding
    walk, point 2, RMSprop: 3.386, exactly 3.38472, wrong
    walk, point 3, RMSprop: 3.668, exactly 3.66673, rounding
    walk, point 4, RMSprop: 3.675, exactly 3.67355, rounding
    """
    results = [row for row in rows() if row.role != "operand"]
    judged = [judge(row) for row in results]
    return pd.DataFrame(
        {
            "id": [row.id for row in results],
            "section": [row.part.section for row in results],
            "place": [row.place for row in results],
            "method": [row.method for row in results],
            "batch_size": pd.array([row.batch_size for row in results], dtype="Int64"),
            "step": pd.array([row.step for row in results], dtype="Int64"),
            "quantity": [row.quantity for row in results],
            "role": [row.role for row in results],
            "line": [row.line for row in results],
            "printed": [row.printed for row in results],
            "exact": [quantities.exact(row) for row in results],
            "verdict": [each.verdict for each in judged],
            "cause": [each.cause for each in judged],
        }
    )


@cache
def judge(row: Printed) -> Judgement:
    """The verdict on one printed number; on an operand, that on the number it repeats."""
    exact = quantities.exact(row)
    if row.shows(exact):
        return Judgement("exact")
    return _judge_computed(row, exact) if row.role == "computed" else _judge_repeated(row, exact)


def _judge_repeated(row: Printed, exact: float) -> Judgement:
    origin = rounding.source(row)
    if origin is None or not row.shows(row.as_printed(origin.as_printed(origin.number))):
        repeated = "nothing before it" if origin is None else _named(origin)
        cause = f"repeats {repeated}; exactly {exact:.7g}"
        return Judgement("wrong", cause, (row,), "arithmetic slip")
    before = judge(origin)
    if before.verdict == "exact":
        cause = f"{_named(origin)}, rounded once more; exactly {exact:.7g}"
        return Judgement("rounding", cause, (row,), "premature rounding")
    if before.verdict == "wrong":
        reason = "is wrong"
    elif wrong := _wrong_roots(before.roots):
        reason = f"goes back to {_fault(wrong)}"
    else:
        reason = "carries earlier rounding along"
    cause = f"repeats {_named(origin)}, which {reason}; exactly {exact:.7g}"
    return Judgement(before.verdict, cause, before.roots, before.kind)


def _judge_computed(row: Printed, exact: float) -> Judgement:
    follows, calculation = rounding.explain(row)
    if calculation is None:
        return Judgement("wrong", f"exactly {exact:.7g}", (row,), "arithmetic slip")
    value = row.as_printed(calculation.value)
    worked = f"{calculation.text} = {value:.6g}"
    if not follows:
        kind, why = _diagnose(row)
        cause = f"the numbers as printed give {worked}, not {row.printed}: {why}"
        return Judgement("wrong", f"{cause}; exactly {exact:.7g}", (row,), kind)
    inexact = [used for used in calculation.uses if _is_rounded(used)]
    operands = ", ".join(
        f"{used.quantity} {_with_sign(used)} "
        f"({'here' if used.place == row.place else used.place}, line {used.line}; exactly "
        f"{_exact_beside(used):.7g})"
        for used in inexact
    )
    cause = f"{worked} follows from {operands}; exactly {exact:.7g}"
    roots = tuple(dict.fromkeys(root for used in inexact for root in judge(used).roots))
    if not roots:
        return Judgement("rounding", cause, (row,), "premature rounding")
    wrong = _wrong_roots(roots)
    cause += (
        f"; goes back to {_fault(wrong)}"
        if wrong
        else (f"; goes back to rounding in {_places(roots)}")
    )
    carried = any(not _off_by_a_digit(root) for root in wrong)
    return Judgement("carried" if carried else "rounding", cause, roots)


def _is_rounded(row: Printed) -> bool:
    exact = quantities.exact(row)
    return abs(row.number - exact) > 1e-9 * max(abs(exact), 1e-3)


def _with_sign(row: Printed) -> str:
    return f"-{row.printed}" if row.sign == "-" else row.printed


def _exact_beside(row: Printed) -> float:
    return quantities.exact(row) * (-1 if row.sign == "-" else 1)


def _wrong_roots(roots: tuple[Printed, ...]) -> tuple[Printed, ...]:
    return tuple(root for root in roots if judge(root).verdict == "wrong")


def _off_by_a_digit(row: Printed) -> bool:
    """Whether a number is right but for the last of its digits, and has others."""
    kept = row.printed[:-1]
    return kept == row.rounded(quantities.exact(row))[:-1] and any(map(str.isdigit, kept))


def _named(row: Printed) -> str:
    return f"{row.printed} in {row.place} (line {row.line})"


def _fault(wrong: tuple[Printed, ...]) -> str:
    digit = " in its last digit" if all(map(_off_by_a_digit, wrong)) else ""
    return f"{_places(wrong)}, which is wrong{digit}"


def _places(numbers: tuple[Printed, ...]) -> str:
    return cited((number.place, number.line) for number in numbers)


def _diagnose(row: Printed) -> tuple[str, str]:
    """What kind of error a wrong number is, and how it came about where that can be found out."""
    borrowed = [
        other
        for other in rows()
        if (other.quantity, other.batch_size, other.step, other.printed)
        == (row.quantity, row.batch_size, row.step, row.printed)
        and other.role == "computed"
        and other.method != row.method
        and other.shows(quantities.exact(other))
    ]
    if borrowed and row.quantity == formulas.GRADIENT:
        names = " and ".join(dict.fromkeys(other.method for other in borrowed))
        there = quantities.of_cell(*_cell(borrowed[0]), formulas.W)
        here = quantities.of_cell(*_cell(row), formulas.W)
        return "method error", (
            f"this is the gradient at w = {there:g}, where {names} stand after the same points "
            f"({borrowed[0].place}, line {borrowed[0].line}); {row.method} stands at w = {here:g}"
        )
    definition = formulas.table(row.method, row.batch_size or 1)[row.quantity][0]
    operands = [quantities.of_cell(*_cell(row), name) for name in definition.operands]
    for k, (name, operand) in enumerate(zip(definition.operands, operands, strict=True)):
        without = definition.compute(*operands[:k], 1.0, *operands[k + 1 :])
        if operand != 1.0 and abs(row.as_printed(without) - row.number) < 1e-9:
            return "arithmetic slip", f"the factor {name} = {operand:g} is left out"
    return "arithmetic slip", "the last place is miscalculated"


def _cell(row: Printed) -> tuple[str, int, int]:
    assert row.batch_size is not None
    assert row.step is not None
    return row.method, row.batch_size, row.step
