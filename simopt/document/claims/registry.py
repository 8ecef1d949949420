"""All claims, in reading order: the records of each section, joined to what decides them."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterator
from importlib import resources

from simopt.document.claims.claim import Claim
from simopt.document.source import Section, source


def _claims(section: Section) -> Iterator[Claim]:
    """The claims of a section's ``claims.toml``; ``decided_by`` is folder, module and function."""
    file = resources.files(__package__).joinpath(section.folder, "claims.toml")
    for record in tomllib.loads(file.read_text(encoding="utf-8"))["claim"]:
        module, _, function = record.pop("decided_by").rpartition(".")
        decide = getattr(importlib.import_module(f"{__package__}.{module}"), function)
        optimizers = tuple(record.pop("optimizers"))
        yield Claim(section=section.name, optimizers=optimizers, decide=decide, **record)


CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (claim for section in source().sections for claim in _claims(section)),
        key=lambda claim: claim.id,
    )
)
