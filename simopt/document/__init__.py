"""The document as data: its outline, what it prints and claims, and the verdicts on both."""

from __future__ import annotations

import importlib
from typing import Any

from simopt.document.audit import audit
from simopt.document.errata import errata
from simopt.document.shuffling import shuffles

__all__ = ["audit", "claims", "errata", "papers", "shuffles"]


def __getattr__(name: str) -> Any:
    """`claims` and `papers`, when first needed: they use the engine, what is printed does not."""
    if name not in ("claims", "papers"):
        raise AttributeError(f"module 'simopt.document' has no attribute {name!r}")
    return importlib.import_module(f"simopt.document.{name}")
