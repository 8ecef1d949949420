"""All claims, in reading order: the records of each section, joined to what decides them."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from simopt.document.claims.claim import Claim
from simopt.document.source import Section, source


def joined(section: str, record: Mapping[str, Any], package: str = __package__) -> Claim:
    """A claim of a section from its record; ``decided_by`` is its path within the package."""
    rest = dict(record)
    module, _, function = rest.pop("decided_by").rpartition(".")
    decide = getattr(importlib.import_module(f"{package}.{module}"), function)
    return Claim(section=section, optimizers=tuple(rest.pop("optimizers")), decide=decide, **rest)


def _records(section: Section) -> list[dict[str, Any]]:
    file = resources.files(__package__).joinpath(section.folder, "claims.toml")
    records: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["claim"]
    return records


CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (
            joined(section.name, record)
            for section in source().sections
            for record in _records(section)
        ),
        key=lambda claim: claim.id,
    )
)
