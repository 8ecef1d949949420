"""What the document prints and claims, as data, and the checks of it."""

from __future__ import annotations

from typing import Any

from simopt.document.auditing import audit
from simopt.document.correcting import errata
from simopt.document.shuffling import shuffles

__all__ = ["audit", "claims", "errata", "shuffles"]


def __getattr__(name: str) -> Any:
    """`claims`, when first asked for: it needs the engine, what is printed does not."""
    if name != "claims":
        raise AttributeError(f"module 'simopt.document' has no attribute {name!r}")
    from simopt.claims import claims

    globals()[name] = claims
    return claims
