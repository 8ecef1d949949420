"""All claims of papers: their records joined to what decides them, and the table of verdicts."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import resources

import pandas as pd

from simopt.document.claims.claim import Claim
from simopt.document.claims.evaluation import evaluate, table
from simopt.document.claims.registry import joined

#: What stands in place of a section of the document.
SECTION = "papers"


def papers(
    quick: bool = False, *, seed: int = 0, only: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Claims of the papers that later optimizers come from, each judged by an experiment.

    Parameters
    ----------
    quick : bool
        Fewer seeds, epochs and problems: for a first look.
    seed : int
        Of data, starts and orders; another one draws all of them anew.
    only : str or sequence of str, optional
        The ids of the claims to judge, "P01" and so on; all by default.

    Returns
    -------
    DataFrame
        A row per claim, with the columns of `simopt.document.claims`; ``place`` is the paper.
        A verdict of "undecidable" says that the experiment can't tell.

    Raises
    ------
    ValueError
        If there is no claim of that id, or seed is not a whole number >= 0.

    Examples
    --------
    >>> import simopt
    >>> frame = simopt.document.papers(quick=True, only="P08")
    >>> frame[["id", "optimizers", "verdict"]].to_dict("records")
    [{'id': 'P08', 'optimizers': 'LARS, LAMB, SGD', 'verdict': 'holds'}]
    """
    outcomes = evaluate(quick=quick, seed=seed, only=only, among=CLAIMS)
    frame = table(outcomes)
    frame.attrs |= {"quick": quick, "seed": seed}
    return frame


def _claims() -> tuple[Claim, ...]:
    text = resources.files(__package__).joinpath("claims.toml").read_text(encoding="utf-8")
    records = tomllib.loads(text)["claim"]
    return tuple(joined(SECTION, {"lines": "", **each}, __package__) for each in records)


CLAIMS = _claims()
