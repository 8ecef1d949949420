"""The symptoms of loss curves: a module each, whose ``SYMPTOM`` is its record.

A new symptom is a new module here: the judge, the evidence, the advice, the accuracy table and the
pages read the records.
"""

from __future__ import annotations

import importlib
import pkgutil

from simopt.curves.symptoms.record import Symptom


def _records() -> tuple[Symptom, ...]:
    """The records of all modules of this package that have one, by rank."""
    names = (module.name for module in pkgutil.iter_modules(__path__, f"{__name__}."))
    modules = map(importlib.import_module, names)
    records = [module.SYMPTOM for module in modules if hasattr(module, "SYMPTOM")]
    return tuple(sorted(records, key=lambda record: record.rank))


#: Every record, in the order of `SYMPTOMS`.
RECORDS = _records()

#: What a loss curve can show, in the words of the document's table where it has one.
SYMPTOMS = tuple(record.name for record in RECORDS)

#: The record of each symptom.
BY_NAME = {record.name: record for record in RECORDS}

__all__ = ["BY_NAME", "RECORDS", "SYMPTOMS", "Symptom"]
