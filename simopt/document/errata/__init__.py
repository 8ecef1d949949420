"""The errata: where the document goes wrong, and what that does to the conclusions it draws.

Two sources: the audit knows the numbers from which a deviation starts, and what follows from each;
errors of method and wrong reasons are listed, each with the calculation that shows it.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cache

import pandas as pd

from simopt.document import quantities, source
from simopt.document.audit import judge
from simopt.document.errata.consequences import consequence
from simopt.document.errata.erratum import Erratum
from simopt.document.errata.method_errors import METHOD_ERRORS
from simopt.document.errata.wrong_reasons import WRONG_REASONS
from simopt.document.printed import Printed, rows


def errata() -> pd.DataFrame:
    """The errors of the document at their roots, by line.

    Returns
    -------
    DataFrame
        A row per error, in reading order:

        - ``section``, ``place``: where in the document it is made; ``line``, where it starts, and
          ``lines``, all of them, of its text;
        - ``kind``: "arithmetic slip", "premature rounding", "method error" or "wrong reason";
        - ``printed``, ``right``, ``why``, ``consequence``: every number in them is computed;
        - ``results``: how many printed results deviate because of it; 0 where the numbers are right
          and what is made of them is not.

    See Also
    --------
    simopt.document.audit : Every printed result with its verdict.

    Examples
    --------
    >>> import simopt
    >>> errata = simopt.document.errata()
    >>> slips = errata[errata["kind"] == "arithmetic slip"]
    >>> for each in slips.itertuples():
    ...     print(f"{each.place} (line {each.line}): {each.printed}, should be {each.right}")
    walk, point 2, RMSprop, weight after the step (line 424): 3.386, should be 3.385
    walk, point 4, AdaGrad, weight after the step (line 620): 3.216, should be 3.215
    full batch, SGD, update 1, gradient of batch point 4 (line 913): -2, should be -1
    """
    listed = [_of_root(row) for row in roots()]
    listed += [erratum() for erratum in (*METHOD_ERRORS, *WRONG_REASONS)]
    listed.sort(key=lambda erratum: erratum.line)
    return pd.DataFrame(
        [
            {
                "section": source.part(each.line).section,
                **asdict(each),
                "place": each.place or source.parts(each.lines),
            }
            for each in listed
        ]
    )


@cache
def roots() -> tuple[Printed, ...]:
    """The printed results from which a deviation starts."""
    return tuple(row for row in rows() if row.role != "operand" and judge(row).roots == (row,))


def _of_root(row: Printed) -> Erratum:
    judgement = judge(row)
    return Erratum(
        line=row.line,
        lines=str(row.line),
        place=f"{row.place}, {row.quantity}",
        kind=judgement.kind,
        printed=row.printed,
        right=row.rounded(quantities.exact(row)),
        why=judgement.cause,
        consequence=consequence(row),
        results=sum(row in judge(other).roots for other in rows() if other.role != "operand"),
    )
