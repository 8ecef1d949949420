"""The experiments of the claims, run in turn, and the table of their findings."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from simopt.document.claims.claim import VERDICTS, Claim, Finding
from simopt.document.claims.context import Trials
from simopt.document.claims.registry import CLAIMS
from simopt.ground import checks


@dataclass(frozen=True)
class Outcome:
    """A claim, its finding, and what that took."""

    claim: Claim
    finding: Finding
    trajectories: int
    updates: int
    seconds: float


def claims(
    quick: bool = False, *, seed: int = 0, only: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """The document's claims, each judged by an experiment.

    Parameters
    ----------
    quick : bool
        Fewer seeds, starts and data sets: for a first look.
    seed : int
        Of data, starts and orders; another one draws all of them anew.
    only : str or sequence of str, optional
        The ids of the claims to judge, "C001" to "C127"; all by default.

    Returns
    -------
    DataFrame
        A row per claim, in reading order:

        - ``id``, ``section`` and ``place`` in the document, ``lines`` of its text, ``optimizers``
          that it speaks of;
        - ``claim``: what it says; ``kind``: what decides it; ``experiment``: what was done;
          ``rule``: what had to come out, written before looking; ``revised``: how and why it was
          changed after a first look, where it was;
        - ``verdict``: "holds", "conditional", "contradicted" or "undecidable"; ``condition``: when
          it holds, where it is conditional;
        - ``evidence``: a dict of figures; ``says``: the same in words; ``scope``: what a small
          problem does not say;
        - ``trajectories`` run and ``seconds`` taken. Runs that several claims read count for the
          first of them that is judged, so that sums count them once.

    Raises
    ------
    ValueError
        If there is no claim of that id, or seed is not a whole number >= 0.

    Examples
    --------
    >>> import simopt
    >>> frame = simopt.document.claims(only="C098")
    >>> frame[["id", "place", "verdict"]].to_dict("records")
    [{'id': 'C098', 'place': 'averaging before squaring', 'verdict': 'holds'}]
    """
    frame = table(evaluate(quick=quick, seed=seed, only=only))
    frame.attrs |= {"quick": quick, "seed": seed}
    return frame


def table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Claims that have been judged, a row each."""
    return pd.DataFrame(
        {
            "id": [each.claim.id for each in outcomes],
            "section": [each.claim.section for each in outcomes],
            "place": [each.claim.place for each in outcomes],
            "lines": [each.claim.lines for each in outcomes],
            "optimizers": [", ".join(each.claim.optimizers) for each in outcomes],
            "claim": [each.claim.says for each in outcomes],
            "kind": [each.claim.kind for each in outcomes],
            "experiment": [each.claim.experiment for each in outcomes],
            "rule": [each.claim.rule for each in outcomes],
            "revised": [each.claim.revised for each in outcomes],
            "verdict": pd.Categorical([each.finding.verdict for each in outcomes], VERDICTS),
            "condition": [each.finding.condition for each in outcomes],
            "evidence": [dict(each.finding.evidence) for each in outcomes],
            "says": [each.finding.says for each in outcomes],
            "scope": [each.claim.scope for each in outcomes],
            "trajectories": [each.trajectories for each in outcomes],
            "seconds": [each.seconds for each in outcomes],
        }
    )


def evaluate(
    *,
    quick: bool = False,
    seed: int = 0,
    only: str | Sequence[str] | None = None,
    say: Callable[[Claim, int, int], None] | None = None,
    among: Sequence[Claim] | None = None,
    counted: Collection[str] = (),
) -> list[Outcome]:
    """Judge claims in reading order; ``say(claim, number, of)`` is called before each one.

    They are the document's, or those of ``among``. Shared runs that ``counted`` names are counted
    elsewhere.
    """
    seed, quick = checks.whole("seed", seed, 0), checks.flag("quick", quick)
    chosen = select(only, CLAIMS if among is None else among)
    names = set(counted)
    outcomes = []
    for number, claim in enumerate(chosen, start=1):
        if say is not None:
            say(claim, number, len(chosen))
        trials = Trials(quick=quick, seed=seed, counted=names)
        start = time.perf_counter()
        finding = claim.decide(trials)
        seconds = time.perf_counter() - start
        outcomes.append(Outcome(claim, finding, trials.trajectories, trials.updates, seconds))
    return outcomes


def select(only: str | Sequence[str] | None, among: Sequence[Claim]) -> list[Claim]:
    """The claims of these ids, in reading order."""
    if only is None:
        return list(among)
    wanted = checks.texts("only", only)
    known = {claim.id for claim in among}
    for each in wanted:
        if each not in known:
            raise checks.refuse("only", each, f"ids of claims, {among[0].id} to {among[-1].id}")
    return [claim for claim in among if claim.id in wanted]
