"""The errata: where the document goes wrong, and what that does to the conclusions it draws.

Two sources: the audit knows the numbers from which a deviation starts, and what follows from each;
errors of method and wrong reasons are listed, each with the calculation that shows it.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cache

import pandas as pd

from simopt.document import quantities
from simopt.document.audit import judge
from simopt.document.consequences import consequence, rounded_like
from simopt.document.findings import Finding
from simopt.document.method_errors import METHOD_ERRORS
from simopt.document.printed import Printed, rows
from simopt.document.wrong_reasons import WRONG_REASONS


def errata() -> pd.DataFrame:
    """The errors of the document at their roots, by line.

    Returns
    -------
    DataFrame
        A row per error: ``line``, ``lines``, ``section``, ``kind`` ("arithmetic slip", "premature
        rounding", "method error", "wrong reason"), ``printed``, ``right``, ``why``,
        ``consequence``, and ``results``: how many printed results deviate because of it (0 where
        the numbers are right and what is made of them is not). Every number in the sentences is
        computed.

    See Also
    --------
    simopt.document.audit : Every printed result with its verdict.

    Examples
    --------
    >>> import simopt
    >>> errata = simopt.document.errata()
    >>> slips = errata[errata["kind"] == "arithmetic slip"]
    >>> slips[["line", "printed", "right", "results"]].to_numpy().tolist()
    [[424, '3.386', '3.385', 25], [620, '3.216', '3.215', 7], [913, '-2', '-1', 12]]
    """
    found = [_of_root(row) for row in roots()]
    found += [make() for make in (*METHOD_ERRORS, *WRONG_REASONS)]
    found.sort(key=lambda finding: finding.line)
    return pd.DataFrame([asdict(finding) for finding in found])


@cache
def roots() -> tuple[Printed, ...]:
    """The printed results from which a deviation starts."""
    return tuple(row for row in rows() if row.role != "operand" and judge(row).roots == (row,))


def _of_root(row: Printed) -> Finding:
    judgement = judge(row)
    return Finding(
        line=row.line,
        lines=str(row.line),
        section=row.section,
        kind=judgement.kind,
        printed=row.printed,
        right=rounded_like(row, quantities.exact(row)),
        why=judgement.cause,
        consequence=consequence(row),
        results=sum(row in judge(other).roots for other in rows() if other.role != "operand"),
    )
