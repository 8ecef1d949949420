"""The frameworks whose conventions simopt knows: a file each, which holds its record."""

from __future__ import annotations

import importlib
import pkgutil

from simopt.rules.framework import Framework


def _records() -> list[Framework]:
    modules = [
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    ]
    return sorted((each.FRAMEWORK for each in modules), key=lambda f: (f.position, f.key))


#: Convention to its record, the document's first. Everything reads this table when it is used.
FRAMEWORKS: dict[str, Framework] = {record.key: record for record in _records()}
