"""The symptoms of loss curves: a module each, whose ``SYMPTOM`` is its record.

A new symptom is a new module here: the judge, the evidence, the advice, the accuracy table and the
pages read the records.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from simopt.curves.symptoms.record import Symptom
from simopt.ground import checks
from simopt.ground.formatting import listing


def check(records: Sequence[Symptom]) -> None:
    """Refuse records that the judge could not work with.

    Parameters
    ----------
    records : sequence of Symptom
        All of them, by rank.

    Raises
    ------
    ValueError
        If two have one name, a rank is missing or taken twice, or symptoms rule each other out in a
        circle: how well each holds would depend on itself.
    """
    names = [record.name for record in records]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise checks.refuse("name", twice[0], "the name of one symptom alone")
    if [record.rank for record in records] != list(range(len(records))):
        ranks = listing(f"{record.rank} of {record.name!r}" for record in records)
        raise ValueError(f"ranks must be 0 to {len(records) - 1}, each once; they are {ranks}")
    for record in records:
        for other in record.unless:
            checks.choice(f"unless of {record.name!r}", other, names)
    try:
        TopologicalSorter({record.name: record.unless for record in records}).prepare()
    except CycleError as error:
        circle = " unless ".join(repr(name) for name in error.args[1][::-1])
        raise ValueError(f"symptoms rule each other out in a circle: {circle}") from None


def _records() -> tuple[Symptom, ...]:
    """The records of all modules of this package that have one, by rank."""
    names = (module.name for module in pkgutil.iter_modules(__path__, f"{__name__}."))
    modules = map(importlib.import_module, names)
    records = [module.SYMPTOM for module in modules if hasattr(module, "SYMPTOM")]
    records.sort(key=lambda record: record.rank)
    check(records)
    return tuple(records)


#: Every record, in the order of `SYMPTOMS`.
RECORDS = _records()

#: What a loss curve can show, in the words of the document's table where it has one.
SYMPTOMS = tuple(record.name for record in RECORDS)

#: The record of each symptom.
BY_NAME = {record.name: record for record in RECORDS}

__all__ = ["BY_NAME", "RECORDS", "SYMPTOMS", "Symptom"]
